//! Ways around who may do what, each of which is refused.

use crate::approvals::{PEOPLE, Stage, approve, approve_topic, edit, rule, tells, unapproved};
use crate::confirm::{MAIN, Stand};
use crate::protect::{WHO, guarded, rule as protect};
use crate::signatures::signed_server;
use crate::world::{Line, World, ZERO, ids};

#[test]
fn a_forged_trailer_approves_nothing() {
    // Where only signatures count.
    let stage = Stage::new("approvals = 1");
    let (dave, _) = (stage.person("dave"), stage.person("alice"));
    let trailers = "Reviewed-by: Alice <alice@example.com>\nApproved-by: alice\nAcked-by: Alice";
    dave.stage("more", "more\n");
    dave.commit_staged(&format!("Merge branch 'topic'\n\n{trailers}"));
    unapproved(&dave, "HEAD:main");
    stage.server.ref_is(MAIN, &stage.base);
    // Where they do: not in the middle of a message, not of the author by another case of letters,
    // not of two in one line.
    let keys = "approvals = 1\napprovals_by = [\"trailers\"]\n\
                approvals_from = [\"alice@example.com\", \"dave@example.com\"]";
    stage.policy(&format!("{PEOPLE}{}", rule(keys)));
    for message in [
        "change\n\nReviewed-by: Alice <alice@example.com>\n\nand so on",
        "change\n\nReviewed-by: Dave <DAVE@example.com>",
        "change\n\nReviewed-by: Alice <alice@example.com.evil>",
        "change\n\nReviewed-by: Alice <mallory@example.com> <alice@example.com>",
        "Reviewed-by: Alice <alice@example.com>",
    ] {
        dave.git_with(&["commit", "-q", "--amend", "-m", message])
            .ok();
        unapproved(&dave, "HEAD:main");
        stage.server.ref_is(MAIN, &stage.base);
    }
    let message = "change\n\nReviewed-by: Alice <alice@example.com>";
    dave.git_with(&["commit", "-q", "--amend", "-m", message])
        .ok();
    dave.push("HEAD:main").accepted();
}

#[test]
fn a_note_or_an_approval_that_was_moved_approves_nothing() {
    let stage = Stage::new("approvals = 1");
    let (dave, alice) = (stage.person("dave"), stage.person("alice"));
    stage.topic(&dave, "good");
    approve_topic(&alice, "good");
    let good = stage
        .server
        .ask("for-each-ref --format=%(refname) refs/portcullis/approvals");
    dave.git("switch -q -c bad origin/main").ok();
    edit(&dave, "something else");
    // What a note says, anybody can write.
    dave.git("notes add -m Reviewed-by:alice HEAD").ok();
    dave.push("bad refs/notes/commits").accepted();
    unapproved(&dave, "bad:main");
    // The approval of the good one, put where one of the bad one would be; and one of their own
    // making in its place.
    dave.git(&format!("fetch -q origin {good}:refs/theirs"))
        .ok();
    let own = approve(&dave, "bad --for refs/heads/main");
    let moved = dave.push(&format!("refs/theirs:{own}")).rejected();
    moved.by(ids::REF_APPROVAL);
    dave.push(&format!("+{own}:{good}")).rejected();
    dave.push(&own).accepted();
    tells(&unapproved(&dave, "bad:main"), "dave pushes it");
    stage.server.ref_is(MAIN, &stage.base);
}

#[test]
fn a_token_serves_once_and_in_no_other_repository() {
    let (stand, other) = (Stand::new(), Stand::new());
    let words = format!("confirm delete {MAIN} --at {}", stand.base);
    let token = stand.token(&words);
    let push = |stand: &Stand| {
        let push = format!("push -o portcullis.confirm={token} origin :main");
        stand.clone.git(&push)
    };
    // The very same commits, names and people.
    assert_eq!(stand.base, other.base);
    let said = push(&other).rejected().by(ids::REF_CONFIRM);
    said.tells("it is for another repository");
    push(&stand).accepted();
    stand
        .clone
        .push(&format!("{}:refs/heads/main", stand.base))
        .accepted();
    let said = push(&stand).rejected().by(ids::REF_CONFIRM);
    said.tells("it was used before, and counts once");
    stand.server.ref_is(MAIN, &stand.base);
}

#[test]
fn a_commit_that_is_dated_back_or_ahead_does_not_wake_a_key() {
    let world = World::new();
    let key = world.ssh_key("bob");
    for (options, date) in [
        ("valid-before=\"20200101\"", "2019-06-01T00:00:00Z"),
        ("valid-after=\"20900101\"", "2090-06-01T00:00:00Z"),
    ] {
        let world = World::below(&options[..11]);
        let signers = format!("bob,bob@clinic.example {options} {}\n", key.public);
        let (server, clone, base) = signed_server(&world, "ssh", &signers);
        clone.signs_with(&key, "bob@clinic.example");
        let bob = clone.acting_as("bob");
        let dated = bob
            .with_env("GIT_COMMITTER_DATE", date)
            .with_env("GIT_AUTHOR_DATE", date);
        dated.commit("a.py", "a = 1\n");
        // Git itself goes by the date of the commit.
        let list = server.dir.join("signers").display().to_string();
        let trusts = format!("gpg.ssh.allowedSignersFile={list}");
        bob.git_with(&["-c", &trusts, "verify-commit", "HEAD"]).ok();
        let said = bob.push("main").rejected();
        said.by(ids::REF_SIGNED);
        server.ref_is(MAIN, &base);
    }
}

#[test]
fn a_name_that_looks_like_a_protected_one_is_none_that_a_rule_knows() {
    let world = World::new();
    let rules = "[[protect]]\nrefs = [\"refs/heads/main\"]\npush = [\"@leads\"]\n\
                 [[protect]]\nrefs = [\"refs/heads/**\"]\nnames = \"^refs/heads/(main|topic/[a-z]+)$\"\n";
    let (server, clone, base) = guarded(&world, rules);
    let nobody = clone.acting_as("nobody");
    clone.commit("a.py", "a = 1\n");
    nobody.push("main").rejected().by(ids::REF_PUSH);
    for name in [
        "Main",
        "MAIN",
        "ma\u{131}n",
        "m\u{430}in",
        "main\u{200b}",
        "main\u{301}",
        "\u{ff4d}ain",
        "topic/\u{441}",
        "Topic/a",
    ] {
        let said = nobody.push(&format!("main:refs/heads/{name}")).rejected();
        said.by(ids::REF_NAMES);
        server.lacks_ref(&format!("refs/heads/{name}"));
    }
    server.ref_is(MAIN, &base);
    nobody.push("main:refs/heads/topic/a").accepted();
}

#[test]
fn a_policy_in_the_pushed_tree_permits_nothing() {
    let world = World::new();
    let rules = "[[protect]]\nrefs = [\"refs/heads/main\"]\npush = [\"@leads\"]\nforce = []\n";
    let (server, clone, base) = guarded(&world, rules);
    let open = "version = 1\n[groups]\nleads = [\"nobody\"]\n[trust]\ninline = \"honor\"\n";
    clone.stage(".portcullis.toml", open);
    clone.stage("portcullis.toml", open);
    clone.stage("allowed_signers", "nobody ssh-ed25519 AAAA\n");
    clone.stage("CODEOWNERS", "* @nobody\n");
    clone.commit_staged("a policy of our own");
    let nobody = clone.acting_as("nobody");
    nobody.push("main").rejected().by(ids::REF_PUSH);
    nobody.push("main:topic").accepted();
    nobody.push("main").rejected().by(ids::REF_PUSH);
    clone.acting_as("alice").push("main").accepted();
    // Not even once it is there.
    clone.git("commit -q --amend -m again").ok();
    clone
        .acting_as("alice")
        .push("+main")
        .rejected()
        .by(ids::REF_FORCE);
    nobody.push("main~1:refs/heads/main").rejected();
    server.ref_is("refs/heads/main~1", &base);
}

#[test]
fn two_pushes_at_once_do_not_make_a_rewind_of_two_steps_forward() {
    let world = World::new();
    let (server, clone, base) = guarded(&world, "");
    let alice = clone.acting_as("alice");
    let one = clone.commit("a.py", "a = 1\n");
    alice.push("main:refs/topics/one").accepted();
    clone.git("reset -q --hard HEAD~1").ok();
    let other = clone.commit("b.py", "b = 1\n");
    let pack = clone.pack(&format!("{other} ^{base}"));
    // Another push that lands while this one is judged: main moves to `one`, and `new` comes there.
    let land = format!(
        "#!/bin/sh\nunset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES\n\
         git update-ref refs/heads/main {one} {base}\ngit update-ref refs/heads/new {one}\n"
    );
    let gate = server.dir.join("hooks/pre-receive");
    std::fs::rename(&gate, server.dir.join("hooks/gate")).unwrap();
    let chain = format!("#!/bin/sh\n\"$GIT_DIR\"/hooks/gate || exit 1\n{land}");
    server.write("hooks/pre-receive", chain);
    server.shell("chmod +x hooks/pre-receive").ok();
    let rules = protect("refs/heads/**", "push = [\"*\"]\nforce = []");
    let server = server.policy(&format!("{WHO}{rules}")).acting_as("alice");
    for (name, real) in [("refs/heads/main", &base[..]), ("refs/heads/new", ZERO)] {
        for old in [&one[..], if real == ZERO { &base } else { ZERO }] {
            let wired = server.receives(&[Line::new(old, &other, name)], &pack);
            wired.refused(name, &server).said.by(ids::REF_STALE);
        }
    }
    server.ref_is(MAIN, &base).lacks_ref("refs/heads/new");
}
