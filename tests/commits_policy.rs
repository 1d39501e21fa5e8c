//! `[commits]`: what commits are asked to be, and for which of them it is asked.

use crate::world::{Repo, World, assigned, ids};

const MAIN: &str = "refs/heads/main";

/// A server with this policy, main at a good commit, and a clone to push from.
fn guarded(world: &World, policy: &str) -> (Repo, Repo) {
    let server = world.bare("origin.git");
    let clone = world.clone_of(&server, "clone");
    clone.write("readme.md", "nothing to see\n");
    clone.git("add readme.md").ok();
    clone.commit_staged("feat: begin");
    clone.push("main").accepted();
    (server.hook("pre-receive").policy(policy), clone)
}

/// The policy is for main alone.
const STRICT: &str = "[commits]\nrefs = [\"refs/heads/main\"]\ntypes = [\"feat\", \"fix\"]\n";

#[test]
fn every_commit_of_a_push_is_judged_and_named() {
    let world = World::new();
    let (server, clone) = guarded(&world, STRICT);
    let base = clone.head();
    let bad = clone.commit_staged("no type");
    let worse = clone.commit_staged("docs: no such type");
    clone.commit_staged("fix: the last one is good");
    clone
        .push("main")
        .rejected()
        .by(ids::CONVENTIONAL)
        .says(&bad[..7])
        .says(&worse[..7])
        .says("\"docs\" is none of its types")
        .says("refused: refs/heads/main by commits/conventional");
    server.ref_is(MAIN, &base).lacks_object(&bad);
}

#[test]
fn a_commit_that_came_in_by_a_lax_branch_is_judged_at_the_strict_one() {
    let world = World::new();
    let (server, clone) = guarded(&world, STRICT);
    let base = clone.head();
    let bad = clone.commit_staged("no type");
    clone.push("main:topic").accepted();
    clone.push("main").rejected().by(ids::CONVENTIONAL);
    server.ref_is(MAIN, &base).ref_is("refs/heads/topic", &bad);
    // By way of a tag, of a second branch, or of both in one push it is the same.
    clone.git("tag laundry").ok();
    clone.push("laundry").accepted();
    clone
        .push("main:other main")
        .rejected()
        .by(ids::CONVENTIONAL);
    // A merge of it brings it in too.
    clone
        .git_with(&["checkout", "-q", "-b", "clean", &base])
        .ok();
    clone.commit_staged("fix: a side of its own");
    clone
        .git("-c core.hooksPath=/dev/null merge -q --no-ff --no-edit topic")
        .whatever();
    clone
        .git("-c core.hooksPath=/dev/null merge -q --no-ff --no-edit main")
        .ok();
    clone
        .push("clean:main")
        .rejected()
        .by(ids::CONVENTIONAL)
        .says(&bad[..7]);
    server.ref_is(MAIN, &base);
}

#[test]
fn a_branch_of_old_history_is_not_judged_again() {
    let world = World::new();
    let server = world.bare("origin.git");
    let clone = world.clone_of(&server, "clone");
    let old = clone.commit("a.py", "a = 1\n");
    clone.push("main").accepted();
    let server = server
        .hook("pre-receive")
        .policy("[commits]\nconventional = true\n");
    clone.push("main:copy").accepted();
    server.ref_is("refs/heads/copy", &old);
    let good = clone.commit_staged("feat: more");
    clone.push("main").accepted();
    server.ref_is(MAIN, &good);
    // Taken back and brought again: main reached it once, and does no longer.
    clone.push(&format!("+{old}:main")).accepted();
    clone.push("main").accepted();
    // Where the policy is for one ref alone, what other refs have does not count for it.
    let server = server.policy("[commits]\nrefs = [\"refs/heads/release\"]\nconventional = true\n");
    clone.push("main:release").rejected().by(ids::CONVENTIONAL);
    server.lacks_ref("refs/heads/release");
}

#[test]
fn refs_that_pushes_cannot_see_have_judged_nothing() {
    let world = World::new();
    let (server, clone) = guarded(
        &world,
        "[commits]\nrefs = [\"refs/**\"]\nconventional = true\n",
    );
    let bad = clone.commit_staged("no type");
    // A forge keeps the commits of a request under a name of its own.
    clone
        .git_with(&[
            "push",
            "-q",
            "--receive-pack=git -c core.hooksPath=/dev/null receive-pack",
            "origin",
            "HEAD:refs/pull/1/head",
        ])
        .ok();
    server.ref_is("refs/pull/1/head", &bad);
    server.git("config transfer.hideRefs refs/pull").ok();
    clone.push("main").rejected().by(ids::CONVENTIONAL);
    server.git("config --add receive.hideRefs !refs/pull").ok();
    clone.push("main").accepted();
}

#[test]
fn a_merge_is_what_has_two_parents_and_not_what_says_so() {
    let world = World::new();
    let policy = "[commits]\nconventional = true\nsign_off = true\n";
    let (server, clone) = guarded(&world, policy);
    let base = clone.head();
    clone.git("checkout -q -b topic").ok();
    clone.commit_staged("feat: aside\n\nSigned-off-by: Robin <robin@example.com>");
    clone.git("checkout -q main").ok();
    clone.commit_staged("fix: ahead\n\nSigned-off-by: Robin <robin@example.com>");
    clone
        .git("-c core.hooksPath=/dev/null merge -q --no-edit topic")
        .ok();
    clone.push("main").accepted();
    let merged = server.value_of(MAIN).unwrap();
    for text in [
        "Merge branch 'topic'",
        "Merge pull request #1 from a/b",
        "Revert \"feat: a\"",
        "fixup! x",
    ] {
        clone.commit_staged(text);
        clone
            .push("main")
            .rejected()
            .by(ids::CONVENTIONAL)
            .by(ids::SIGN_OFF);
        clone.git("reset -q --hard HEAD^").ok();
    }
    server.ref_is(MAIN, &merged);
    assert_ne!(merged, base);
}

#[test]
fn a_sign_off_is_a_trailer_with_the_name_of_the_committer() {
    let world = World::new();
    let (_server, clone) = guarded(&world, "[commits]\nsign_off = true\n");
    for text in [
        "no sign-off",
        "other\n\nSigned-off-by: Alice <alice@example.com>",
        "in the middle\n\nSigned-off-by: Robin <robin@example.com>\n\nand more",
    ] {
        clone.commit_staged(text);
        clone.push("main").rejected().by(ids::SIGN_OFF);
        clone.git("reset -q --hard HEAD^").ok();
    }
    clone
        .git("-c core.hooksPath=/dev/null commit -q --allow-empty -s -m good")
        .ok();
    clone.push("main").accepted();
}

#[test]
fn subjects_are_held_to_their_form() {
    let world = World::new();
    // A capital letter and no full stop are patterns; the mood is a key of its own.
    let policy = "[commits]\nimperative = true\nrequire = ['\\A[A-Z]']\nforbid = ['\\A[^\\n]*\\.(\\n|\\z)']\n";
    let (_server, clone) = guarded(&world, policy);
    for (text, check) in [
        ("Added a thing", ids::IMPERATIVE),
        ("add a thing", ids::REQUIRE),
        ("Add a thing.", ids::FORBID),
    ] {
        clone.commit_staged(text);
        clone.push("main").rejected().by(check);
        clone.git("reset -q --hard HEAD^").ok();
    }
    clone.commit_staged("Add a thing\n\nIt was asked for.");
    clone.push("main").accepted();
}

#[test]
fn messages_are_held_to_length_patterns_and_an_empty_line() {
    let world = World::new();
    let policy =
        "[commits]\nsubject_max = 20\nrequire = ['[A-Z]+-[0-9]+']\nforbid = ['(?i)\\bwip\\b']\n";
    let (_server, clone) = guarded(&world, policy);
    for (text, check) in [
        ("AB-1 a subject that is too long", ids::SUBJECT_LENGTH),
        ("no key", ids::REQUIRE),
        ("AB-1 Wip", ids::FORBID),
    ] {
        clone.commit_staged(text);
        clone.push("main").rejected().by(check);
        clone.git("reset -q --hard HEAD^").ok();
    }
    clone
        .git_with(&[
            "-c",
            "core.hooksPath=/dev/null",
            "commit",
            "-q",
            "--allow-empty",
            "--cleanup=verbatim",
            "-m",
            "AB-1\nmore\n",
        ])
        .ok();
    clone.push("main").rejected().by(ids::BLANK_LINE);
    clone.git("reset -q --hard HEAD^").ok();
    clone.commit_staged("ok\n\nfor AB-1");
    clone.push("main").accepted();
}

#[test]
fn a_fixup_goes_anywhere_but_to_a_protected_ref() {
    let world = World::new();
    let policy = "[commits]\nconventional = true\nfixups = false\n\
                  [[protect]]\nrefs = [\"refs/heads/main\"]\n\
                  [identity]\nsource = \"env:PUSHER\"\n";
    let (server, clone) = guarded(&world, policy);
    let base = clone.head();
    let clone = clone.acting_as("dave");
    for mark in ["fixup!", "squash!", "amend!"] {
        clone.commit_staged(&format!("{mark} feat: begin"));
    }
    // Topic is under the policy as well, and so has judged these commits; but not as fixups.
    clone.push("main:topic").accepted();
    clone.push("main").rejected().by(ids::FIXUP);
    server.ref_is(MAIN, &base);
    clone.commit_staged("fixup! no type");
    clone.push("main:topic").rejected().by(ids::CONVENTIONAL);
}

#[test]
fn people_are_held_to_addresses_and_to_who_pushes() {
    let world = World::new();
    let policy = "[commits]\nauthor_emails = [\"*@example.com\"]\ncommitter_is_pusher = true\n\
                  except = [\"@bots\"]\n\
                  [groups]\nbots = [\"ci\"]\n[identity]\nsource = \"env:PUSHER\"\n";
    let (_server, clone) = guarded(&world, policy);
    let robin = clone.acting_as("robin");
    robin.commit_staged("one");
    clone.push("main").rejected().by(ids::COMMITTER);
    clone
        .acting_as("alice")
        .push("main")
        .rejected()
        .by(ids::COMMITTER);
    robin.push("main").accepted();
    clone
        .git_with(&[
            "-c",
            "user.email=robin@evil.example",
            "-c",
            "core.hooksPath=/dev/null",
            "commit",
            "-q",
            "--allow-empty",
            "--author=Robin <robin@example.com>",
            "-m",
            "two",
        ])
        .ok();
    robin
        .push("main")
        .rejected()
        .by(ids::AUTHOR_EMAIL)
        .says("the committer is Robin <robin@evil.example>");
    // Who a bot is, the server knows; what a message says does not matter.
    clone.acting_as("ci").push("main").accepted();
}

#[test]
fn dates_are_neither_in_the_future_nor_long_before_the_parents() {
    let world = World::new();
    let (_server, clone) = guarded(&world, "[commits]\ndates = \"sane\"\n");
    for (which, date) in [
        ("GIT_AUTHOR_DATE", "4000000000 +0000"),
        ("GIT_COMMITTER_DATE", "4000000000 +0000"),
        ("GIT_COMMITTER_DATE", "1600000000 +0000"),
    ] {
        clone.with_env(which, date).commit_staged("odd");
        clone.push("main").rejected().by(ids::DATE);
        clone.git("reset -q --hard HEAD^").ok();
    }
    // Written long ago and committed now: that is what a rebase makes.
    clone
        .with_env("GIT_AUTHOR_DATE", "1600000000 +0000")
        .commit_staged("fine");
    clone.push("main").accepted();
}

#[test]
fn the_message_of_a_commit_is_judged_before_it_is_made() {
    let world = World::new();
    let repo = world.repo("repo");
    repo.commit("readme.md", "nothing to see\n");
    repo.config("[commits]\ntypes = [\"fix\", \"feat\"]\nsign_off = true\nforbid = [\"wip\"]\n")
        .install();
    let commit = |message: &str| repo.git_with(&["commit", "-q", "--allow-empty", "-m", message]);
    commit("Add a thing")
        .rejected()
        .by(ids::CONVENTIONAL)
        .by(ids::SIGN_OFF)
        .says("git commit -s -m 'fix: Add a thing'");
    repo.shell("git commit -q --allow-empty -s -m 'fix: Add a thing'")
        .accepted();
    repo.git_with(&["commit", "-q", "--allow-empty", "-s", "-m", "feat: more"])
        .accepted();
    // What Git will take out of the message is no part of it.
    let editor = |text: &str| {
        repo.write("../editor", format!("#!/bin/sh\nprintf '{text}' >\"$1\"\n"));
        repo.shell("chmod +x ../editor").ok();
        let path = world.path("editor").display().to_string();
        repo.with_env("GIT_EDITOR", &path)
            .git("commit -q --allow-empty")
    };
    let signed = "Signed-off-by: Robin <robin@example.com>";
    editor(&format!("\\n# wip\\nfeat: typed\\n\\n{signed}\\n# wip\\n")).accepted();
    editor(&format!("feat: typed\\n\\nwip\\n\\n{signed}\\n"))
        .rejected()
        .by(ids::FORBID);
    // Who leaves the editor with nothing is told so by Git alone.
    editor("# nothing\\n").rejected().not_by(ids::CONVENTIONAL);
    // A merge needs neither type nor sign-off.
    repo.git("branch side HEAD^").ok();
    repo.git("checkout -q side").ok();
    repo.commit("b.py", "b = 1\n");
    repo.git("merge --no-edit main").accepted();
    // A fixup may wait here; where it goes is not known yet.
    repo.git_with(&[
        "commit",
        "-q",
        "--allow-empty",
        "-s",
        "-m",
        "fixup! feat: more",
    ])
    .accepted();
}

#[test]
fn what_went_past_the_hooks_is_judged_before_it_is_pushed() {
    let world = World::new();
    let server = world.bare("origin.git");
    let clone = world.clone_of(&server, "clone");
    clone.commit("readme.md", "nothing to see\n");
    clone.push("main").accepted();
    clone
        .config("[commits]\nrefs = [\"refs/heads/*\"]\nconventional = true\nfixups = false\n[[protect]]\nrefs = [\"refs/heads/main\"]\n")
        .install();
    clone.commit_staged("no type");
    clone.push("main").rejected().by(ids::CONVENTIONAL);
    clone.git("reset -q --hard HEAD^").ok();
    clone.commit_staged("fixup! feat: a");
    clone.push("main:topic").accepted();
    clone.push("main").rejected().by(ids::FIXUP);
}

#[test]
fn what_if_and_evaluate_say_the_same_as_the_push() {
    let world = World::new();
    let (server, clone) = guarded(&world, STRICT);
    let base = clone.head();
    let bad = clone.commit_staged("no type");
    clone.push("main:topic").accepted();
    let update = format!("check --format json --update {base} {bad} {MAIN} --as dave");
    let report = server.portcullis(&update).exit(1).json();
    report.one(ids::CONVENTIONAL, "message");
    server
        .portcullis(&format!("check --update {base} {bad} refs/heads/other"))
        .ok();
    // An update of the past is judged as it came.
    server.git(&format!("update-ref {MAIN} {bad}")).ok();
    server.portcullis(&update).exit(1).by(ids::CONVENTIONAL);
    server.git(&format!("update-ref {MAIN} {base}")).ok();
    server
        .portcullis(&format!("check --range {base}..{bad} --ref {MAIN}"))
        .exit(1)
        .by(ids::CONVENTIONAL);
    server
        .portcullis(&format!("check --range {base}..{bad}"))
        .exit(1)
        .by(ids::CONVENTIONAL);
    server.scan("").ok().json().nothing();
    let server = server.policy(&format!(
        "{STRICT}[server]\nmode = \"evaluate\"\ndeadline = \"120s\"\n"
    ));
    clone
        .push("main")
        .accepted()
        .by(ids::CONVENTIONAL)
        .says("it would be rejected");
    server.ref_is(MAIN, &bad);
}

#[test]
fn a_scan_looks_for_secrets_and_leaves_messages_alone() {
    let world = World::new();
    let repo = world.repo("repo");
    repo.config(
        "[commits]\nconventional = true\n[content]\nmax_file_size = \"1B\"\nnames = \"portable\"\n",
    );
    repo.commit("aux.txt", "more than one byte\n");
    repo.scan("--range HEAD").ok().json().nothing();
    repo.scan("--history").ok().json().nothing();
    repo.scan("--worktree").ok().json().nothing();
    repo.commit("b.py", assigned(&world.secrets.github()));
    repo.scan("--range HEAD")
        .exit(1)
        .json()
        .one(ids::GITHUB, "b.py:1");
}

#[test]
fn a_push_to_a_symbolic_ref_is_one_to_what_it_stands_for() {
    let world = World::new();
    let (server, clone) = guarded(&world, STRICT);
    server
        .git(&format!("symbolic-ref refs/heads/alias {MAIN}"))
        .ok();
    let base = clone.head();
    clone.commit_staged("no type");
    clone.push("main:alias").rejected().by(ids::CONVENTIONAL);
    server.ref_is(MAIN, &base);
}

#[test]
fn a_tag_under_the_policy_is_judged_by_what_it_stands_for() {
    let world = World::new();
    let policy = "[commits]\nrefs = [\"refs/tags/v*\"]\nconventional = true\n";
    let (server, clone) = guarded(&world, policy);
    clone.commit_staged("no type");
    clone.git("tag -a -m one v1").ok();
    clone.push("main").accepted();
    clone.push("v1").rejected().by(ids::CONVENTIONAL);
    server.lacks_ref("refs/tags/v1");
}

#[test]
fn the_update_hook_judges_the_same() {
    let world = World::new();
    let server = world.bare("origin.git");
    let clone = world.clone_of(&server, "clone");
    clone.commit_staged("feat: begin");
    clone.push("main").accepted();
    let server = server.hook("update").policy(STRICT);
    let base = clone.head();
    clone.commit_staged("no type");
    clone
        .push("main:topic main")
        .rejected()
        .by(ids::CONVENTIONAL);
    server.ref_is(MAIN, &base);
}
