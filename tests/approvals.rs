//! `[[protect]]` with approvals: what comes to a branch was signed by somebody else.

mod bound;
mod command;
mod stage;

pub(crate) use stage::{
    PEOPLE, Stage, approve, approve_topic, edit, replace, rule, tells, unapproved,
};

use std::fs;

#[test]
fn what_nobody_else_has_seen_does_not_come_in() {
    let stage = Stage::new("approvals = 1\napprovals_from = [\"@leads\"]");
    let (dave, alice) = (stage.person("dave"), stage.person("alice"));
    stage.topic(&dave, "topic");
    let said = unapproved(&dave, "topic:main");
    tells(
        &said,
        "needs 1 approval by @leads (alice, bob) and has none",
    );
    tells(
        &said,
        &format!("portcullis approve {}..", &stage.base[..10]),
    );
    stage.server.ref_is("refs/heads/main", &stage.base);
    let before = alice.snapshot();
    approve_topic(&alice, "topic");
    // Neither the worktree nor the index was touched.
    let after = alice.snapshot();
    let same = |(path, bytes): (&std::path::PathBuf, &Vec<u8>)| {
        path.starts_with(alice.dir.join(".git")) || after[path] == *bytes
    };
    assert!(before.iter().all(same));
    dave.push("topic:main").accepted();
    stage.server.ref_is("refs/heads/main", &dave.head());
}

#[test]
fn an_approval_travels_in_the_push_itself() {
    let stage = Stage::new("approvals = 1\napprovals_by_pusher = true");
    let (dave, alice) = (stage.person("dave"), stage.person("alice"));
    stage.topic(&dave, "topic");
    alice.git("fetch -q origin").ok();
    alice.git("merge -q --ff-only origin/topic").ok();
    let name = approve(&alice, "main --for refs/heads/main");
    alice.push(&format!("main {name}")).accepted();
    stage.server.ref_is("refs/heads/main", &dave.head());
    assert!(stage.server.value_of(&name).is_some());
}

#[test]
fn a_rebase_keeps_an_approval_and_an_edit_voids_it() {
    let stage = Stage::new("approvals = 1\napprovals_from = [\"@leads\"]");
    let (dave, alice, bob) = (
        stage.person("dave"),
        stage.person("alice"),
        stage.person("bob"),
    );
    stage.topic(&dave, "topic");
    approve_topic(&alice, "topic");
    // Meanwhile another change of the same file comes in.
    bob.git("switch -q -c other").ok();
    replace(&bob, "line 2\n", "line two\nand a half\n");
    bob.push("other").accepted();
    approve_topic(&alice, "other");
    bob.push("other:main").accepted();
    dave.git("pull -q --rebase origin main").ok();
    dave.git("commit -q --amend -m another-message").ok();
    let rebased = dave.head();
    // White space alone is an edit.
    replace(&dave, "topic topic\n", "topic topic \n");
    dave.git("reset -q --soft HEAD^").ok();
    dave.git("commit -q --amend -C HEAD").ok();
    unapproved(&dave, "HEAD:main");
    dave.git(&format!("reset -q --hard {rebased}")).ok();
    dave.git("update-index --chmod=+x text").ok();
    dave.git("commit -q --amend -C HEAD").ok();
    unapproved(&dave, "HEAD:main");
    dave.push(&format!("{rebased}:main")).accepted();
}

#[test]
fn a_merge_brings_exactly_what_was_approved() {
    let stage =
        Stage::new("approvals = 1\napprovals_from = [\"@leads\"]\napprovals_by_pusher = true");
    let (dave, alice, bob) = (
        stage.person("dave"),
        stage.person("alice"),
        stage.person("bob"),
    );
    stage.topic(&dave, "topic");
    replace(&dave, "line 15\n", "line fifteen\n");
    dave.push("topic").accepted();
    approve_topic(&alice, "topic");
    bob.git("switch -q -c other").ok();
    replace(&bob, "line 2\n", "line two\n");
    bob.push("other").accepted();
    approve_topic(&alice, "other");
    bob.push("other:main").accepted();
    // An evil one: it changes what neither side does.
    alice.git("fetch -q").ok();
    alice.git("reset -q --hard origin/main").ok();
    alice.git("merge -q --no-ff --no-commit origin/topic").ok();
    alice.stage("more", "smuggled\n");
    alice.commit_staged("merge topic");
    unapproved(&alice, "main").lacks("had a hand in it");
    // One that drops what was on main meanwhile.
    alice.git("reset -q --hard origin/main").ok();
    alice
        .git("merge -q --no-ff -s ours --no-commit origin/topic")
        .ok();
    alice.git("checkout -q origin/topic -- .").ok();
    alice.commit_staged("merge topic");
    unapproved(&alice, "main");
    // One whose first parent is not main.
    alice.git("reset -q --hard origin/topic").ok();
    alice
        .git("merge -q --no-ff -s ours -m ours origin/main")
        .ok();
    unapproved(&alice, "main");
    // A clean one, made by who approved: nothing in it is hers.
    alice.git("reset -q --hard origin/main").ok();
    alice.git("merge -q --no-ff -m merged origin/topic").ok();
    alice.push("main").accepted();
}

/// Who is asked to look has what was merged, and nobody but the pusher has the merge.
#[test]
fn what_is_advised_for_a_clean_merge_works_as_it_stands() {
    let stage = Stage::new("approvals = 1\napprovals_from = [\"@leads\"]");
    let (dave, alice, bob) = (
        stage.person("dave"),
        stage.person("alice"),
        stage.person("bob"),
    );
    stage.topic(&dave, "topic");
    replace(&dave, "line 15\n", "line fifteen\n");
    dave.push("topic").accepted();
    alice.git("fetch -q").ok();
    let merge = |options: &str| {
        alice.git("reset -q --hard origin/main").ok();
        alice
            .git(&format!("merge -q --no-ff {options} origin/topic"))
            .ok();
    };
    // Another one has approved something else: then all of it is read.
    for other in [false, true] {
        if other {
            stage.topic(&bob, "other");
            approve_topic(&alice, "other");
        }
        // One that changes more has to be looked at itself.
        merge("--no-commit");
        alice.stage("more", "smuggled\n");
        alice.commit_staged("merge topic");
        let range = |last: &str| format!("approve {}..{} --for", &stage.base[..10], &last[..10]);
        tells(&unapproved(&alice, "main"), &range(&alice.head()));
        merge("-m merged");
        let said = unapproved(&alice, "main");
        tells(&said, "push what is merged to a branch of its own");
        tells(&said, &range(&dave.head()));
    }
    let what = format!("{}..{}", &stage.base[..10], &dave.head()[..10]);
    let name = approve(&bob, &format!("{what} --for refs/heads/main"));
    bob.push(&name).accepted();
    alice.push("main").accepted();
}

#[test]
fn commits_come_in_as_a_line_or_as_one_but_not_in_part() {
    for (squash, part) in [(false, false), (true, false), (false, true)] {
        let stage = Stage::new("approvals = 1");
        let (dave, alice) = (stage.person("dave"), stage.person("alice"));
        let first = stage.topic(&dave, "topic");
        replace(&dave, "line 15\n", "line fifteen\n");
        dave.push("topic").accepted();
        approve_topic(&alice, "topic");
        if squash {
            dave.git(&format!("reset -q --soft {}", stage.base)).ok();
            dave.commit_staged("all of it");
        }
        if part {
            unapproved(&dave, &format!("{first}:main"));
        } else {
            dave.push("HEAD:main").accepted();
        }
    }
}

#[test]
fn a_topic_that_has_merged_main_comes_in_whole() {
    let stage = Stage::new("approvals = 1");
    let (dave, alice) = (stage.person("dave"), stage.person("alice"));
    stage.topic(&dave, "topic");
    alice.git("switch -q -c other").ok();
    replace(&alice, "line 2\n", "line two\n");
    alice.push("other").accepted();
    approve_topic(&dave, "other");
    alice.push("other:main").accepted();
    dave.git("fetch -q").ok();
    dave.git("merge -q --no-edit origin/main").ok();
    dave.push("topic").accepted();
    unapproved(&dave, "topic:main");
    approve_topic(&alice, "topic");
    dave.push("topic:main").accepted();
}

#[test]
fn so_many_people_are_so_many_people() {
    let stage = Stage::new("approvals = 2\napprovals_by_pusher = true");
    let dave = stage.person("dave");
    let (alice, bob) = (stage.person("alice"), stage.person("bob"));
    // A second key of alice's.
    let again = stage.stranger("again");
    stage.knows("again", "alice", "");
    stage.topic(&dave, "topic");
    approve_topic(&alice, "topic");
    approve_topic(&again, "topic");
    tells(
        &unapproved(&dave, "topic:main"),
        "needs 2 approvals and has 1 (alice)",
    );
    approve_topic(&dave, "topic");
    tells(&unapproved(&dave, "topic:main"), "dave had a hand in it");
    approve_topic(&bob, "topic");
    dave.push("topic:main").accepted();
}

#[test]
fn only_those_who_are_asked_count_and_only_while_their_keys_do() {
    let stage = Stage::new("approvals = 1\napprovals_from = [\"@leads\"]");
    let (dave, carol) = (stage.person("dave"), stage.person("carol"));
    let alice = stage.person("alice");
    stage.topic(&dave, "topic");
    approve_topic(&carol, "topic");
    tells(&unapproved(&dave, "topic:main"), "carol is not one of them");
    approve_topic(&alice, "topic");
    // The key has run out since.
    let list = stage.server.dir.join("allowed_signers");
    let lines = fs::read_to_string(&list).unwrap();
    let expired = lines.replace(
        "alice@example.com ",
        "alice@example.com valid-before=\"20200101\"",
    );
    fs::write(&list, expired).unwrap();
    tells(&unapproved(&dave, "topic:main"), "expired");
    fs::write(&list, lines).unwrap();
    dave.push("topic:main").accepted();
}

#[test]
fn who_pushes_counts_only_if_the_policy_says_so() {
    for (counts, keys) in [(true, "\napprovals_by_pusher = true"), (false, "")] {
        let stage = Stage::new(&format!("approvals = 1{keys}"));
        let (dave, alice) = (stage.person("dave"), stage.person("alice"));
        stage.topic(&dave, "topic");
        approve_topic(&alice, "topic");
        if !counts {
            tells(&unapproved(&alice, "origin/topic:main"), "alice pushes it");
        }
        let pusher = if counts { &alice } else { &dave };
        pusher.push("origin/topic:main").accepted();
    }
}

#[test]
fn trailers_count_if_the_policy_says_so() {
    let policy = "approvals = 1\napprovals_from = [\"alice@example.com\", \"dave@example.com\"]\napprovals_by_pusher = true";
    let stage = Stage::new(policy);
    let dave = stage.person("dave");
    stage.topic(&dave, "topic");
    let message = |who: &str| format!("subject\n\nReviewed-by: {who} <{who}@example.com>");
    let amend = |who: &str| {
        dave.git_with(&["commit", "-q", "--amend", "-m", &message(who)])
            .ok()
    };
    amend("alice");
    unapproved(&dave, "topic:main");
    stage.policy(&format!(
        "{PEOPLE}{}",
        rule(&format!(
            "{policy}\napprovals_by = [\"signed\", \"trailers\"]"
        ))
    ));
    amend("dave");
    tells(&unapproved(&dave, "topic:main"), "had a hand in it");
    amend("erin");
    tells(
        &unapproved(&dave, "topic:main"),
        "erin@example.com is not one of them",
    );
    amend("alice");
    dave.push("topic:main").accepted();
}

/// Who pushes is no second one by writing the own name into somebody else's commit.
#[test]
fn a_trailer_of_the_pusher_counts_as_their_approval_would() {
    for (counts, key) in [(true, "approvals_by_pusher = true\n"), (false, "")] {
        let policy = "approvals = 1\napprovals_by = [\"trailers\"]\napprovals_from = [\"alice@example.com\"]\n";
        let stage = Stage::new(&format!("{policy}{key}"));
        let (alice, dave) = (stage.person("alice"), stage.person("dave"));
        stage.topic(&dave, "topic");
        let message = "subject\n\nReviewed-by: alice <alice@example.com>";
        dave.git_with(&["commit", "-q", "--amend", "-m", message])
            .ok();
        dave.push("+topic").accepted();
        alice.git("fetch -q").ok();
        match counts {
            true => drop(alice.push("origin/topic:main").accepted()),
            false => drop(unapproved(&alice, "origin/topic:main")),
        }
    }
}

#[test]
fn a_branch_is_created_from_what_was_approved() {
    let stage = Stage::new("");
    stage.policy(&format!(
        "{PEOPLE}{}{}",
        rule("approvals = 1\napprovals_by_pusher = true").replace("heads/main", "heads/**"),
        rule("").replace("heads/main", "tags/**"),
    ));
    let (dave, alice) = (stage.person("dave"), stage.person("alice"));
    // What main has came in by the same rule.
    dave.push("main:release/1").accepted();
    dave.git("switch -q -c topic").ok();
    edit(&dave, "new");
    unapproved(&dave, "topic:release/2");
    let name = approve(
        &dave,
        &format!("{}..topic --for refs/heads/release/2", stage.base),
    );
    dave.push(&name).accepted();
    tells(
        &unapproved(&dave, "topic:release/2"),
        "dave had a hand in it",
    );
    dave.push("topic:refs/tags/v1").accepted();
    let what = format!("{}..{} --for refs/heads/release/2", stage.base, dave.head());
    alice.git("fetch -q origin tag v1").ok();
    let name = approve(&alice, &what);
    dave.git_with(&["fetch", "-q", alice.dir.to_str().unwrap(), &name])
        .ok();
    dave.push(&format!("topic:release/2 FETCH_HEAD:{name}"))
        .accepted();
    // A branch goes without anybody's approval: that is for other keys.
    dave.push(":release/2").accepted();
}
