//! One person with two names or two keys is one person, wherever it takes two.

use crate::approvals::{Stage, approve_topic, tells, unapproved};
use crate::confirm::{MAIN, Stand};
use crate::world::ids;
use std::fs;

/// Adds a line of the list of signers that has two names, with a key that nobody here uses.
fn link(stage: &Stage, names: &str) {
    let key = stage.world.ssh_key("spare");
    let file = stage.server.dir.join("allowed_signers");
    let list = fs::read_to_string(&file).unwrap();
    fs::write(file, format!("{list}{names} {}\n", key.public)).unwrap();
}

#[test]
fn two_keys_and_two_names_that_a_third_line_links_are_one_approval() {
    let stage = Stage::new("approvals = 2");
    let (dave, alice, al) = (
        stage.person("dave"),
        stage.person("alice"),
        stage.person("al"),
    );
    stage.topic(&dave, "topic");
    approve_topic(&alice, "topic");
    approve_topic(&al, "topic");
    let file = stage.server.dir.join("allowed_signers");
    let apart = fs::read_to_string(&file).unwrap();
    link(&stage, "Alice@example.com,al");
    tells(&unapproved(&dave, "topic:main"), "and has 1 (");
    // The same by one key on two lines.
    let key = stage.world.ssh_key("both");
    let lines = format!("{apart}alice {0}\nal@example.com {0}\n", key.public);
    fs::write(&file, lines).unwrap();
    tells(&unapproved(&dave, "topic:main"), "and has 1 (");
    // What an authority certifies is not one key, and then they are two.
    let authority = format!("{apart}alice,al cert-authority {}\n", key.public);
    fs::write(&file, authority).unwrap();
    dave.push("topic:main").accepted();
}

#[test]
fn who_wrote_or_pushes_it_does_not_approve_it_by_another_name() {
    let stage = Stage::new("approvals = 1");
    let (alice, al) = (stage.person("alice"), stage.person("al"));
    stage.topic(&alice, "topic");
    approve_topic(&al, "topic");
    link(&stage, "al,alice@example.com");
    let carol = stage.person("carol");
    let push = "refs/remotes/origin/topic:refs/heads/main";
    tells(&unapproved(&carol, push), "al had a hand in it");
    // Somebody else's change, which they push.
    stage.topic(&carol, "other");
    approve_topic(&al, "other");
    alice.git("fetch -q").ok();
    let push = "refs/remotes/origin/other:refs/heads/main";
    tells(&unapproved(&alice, push), "alice pushes it");
    let bob = stage.person("bob");
    bob.git("fetch -q").ok();
    bob.push(push).accepted();
}

#[test]
fn a_reviewer_in_a_trailer_is_no_author_by_another_name() {
    let stage = Stage::new(
        "approvals = 1\napprovals_by = [\"trailers\"]\napprovals_from = [\"al@home.example\"]",
    );
    let (alice, bob) = (stage.person("alice"), stage.person("bob"));
    alice.stage("more", "more\n");
    alice.commit_staged("change\n\nReviewed-by: Al <al@home.example>");
    link(&stage, "al@home.example,alice");
    alice.push("HEAD:refs/heads/topic").accepted();
    bob.git("fetch -q").ok();
    let push = "refs/remotes/origin/topic:refs/heads/main";
    tells(&unapproved(&bob, push), "had a hand in it");
    fs::write(stage.server.dir.join("allowed_signers"), "").unwrap();
    bob.push(push).accepted();
}

#[test]
fn nobody_confirms_or_lets_pass_their_own_push_by_another_name() {
    let stand = Stand::with(
        "[server]\nbypass_by = [\"@admins\"]\n\
         [[protect]]\nrefs = [\"refs/heads/main\"]\npush = [\"*\"]\nconfirm = [\"delete\"]\n\
         confirm_by = [\"@admins\"]\nlinear = true\n",
    );
    let file = stand.server.dir.join("allowed_signers");
    let apart = fs::read_to_string(&file).unwrap();
    let token = stand.token(&format!("confirm delete {MAIN} --at {}", stand.base));
    let delete = format!("push -o portcullis.confirm={token} origin :main");
    stand.clone.git("switch -q -c side").ok();
    stand.clone.commit("side.txt", "side\n");
    stand.clone.git("switch -q main").ok();
    stand.clone.commit("a.txt", "a\n");
    stand.clone.git("merge -q --no-ff -m merged side").ok();
    let tip = stand.clone.head();
    let words = format!("bypass --check refs/linear --ref {MAIN} --to {tip} --reason once");
    let pass = stand.token(&words);
    let merge = format!("push -o portcullis.bypass={pass} origin main");
    // Carol's key, and alice who pushes, are of one person: a line says so, which has neither key.
    let key = stand.world.ssh_key("third");
    let linked = format!("{apart}carol,alice@example.com {}\n", key.public);
    fs::write(&file, linked).unwrap();
    let said = stand.clone.git(&delete).rejected().by(ids::REF_CONFIRM);
    said.tells("who is the one that pushes; it takes two people");
    stand.server.ref_is(MAIN, &stand.base);
    let said = stand.clone.git(&merge).rejected();
    said.tells("who is the one that pushes; it takes two people");
    fs::write(&file, &apart).unwrap();
    stand.clone.git(&merge).accepted();
}
