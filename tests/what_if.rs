//! What the policy would say, and whom it lets do what, without a push.

use crate::protect::{WHO, guarded, rule};
use crate::protect_more::{main, merge, topic};
use crate::world::{World, ZERO, ids};

#[test]
fn what_if_has_the_outcome_that_the_push_would_have() {
    let world = World::new();
    let keys = "push = [\"@leads\"]\ndelete = []";
    let (server, clone, base) = guarded(&world, &rule("refs/heads/main", keys));
    clone.acting_as("dave").push("main:topic").accepted();
    let next = clone.commit("a.py", "a = 1\n");
    clone.acting_as("dave").push("main:topic").accepted();
    let check = |old: &str, new: &str, user: &str| {
        server.portcullis(&format!(
            "check --update {old} {new} refs/heads/main --as {user}"
        ))
    };
    check(&base, &next, "alice").ok();
    check(&base, &next, "dave").exit(1).by(ids::REF_PUSH);
    check(&base, ZERO, "carol").exit(1).by(ids::REF_DELETE);
    server.ref_is("refs/heads/main", &base);
}

#[test]
fn check_says_what_the_push_would_be_told() {
    let world = World::new();
    let keys = "merge_only = true\nmerge_from = [\"refs/heads/develop\"]\nlinear = false";
    let (server, clone, base) = guarded(&world, &main(keys));
    let alice = clone.acting_as("alice");
    let work = topic(&clone, "topic", "main");
    let merged = merge(&clone, "topic");
    alice.push("main:candidate").accepted();
    let check = |new: &str| {
        let asked = format!("check --update {base} {new} refs/heads/main --as alice");
        server.portcullis(&asked)
    };
    check(&work).exit(1).by(ids::REF_MERGE_ONLY);
    check(&merged).exit(1).by(ids::REF_MERGE_FROM);
    alice.push("topic:develop").accepted();
    check(&merged).ok();
    let range = format!("check --range {base}..{work} --ref refs/heads/main --as alice");
    server.portcullis(&range).exit(1).by(ids::REF_MERGE_ONLY);
    // And of the past: the update was no other one then.
    alice.push("main").accepted();
    check(&merged).ok();
}

#[test]
fn the_log_of_a_ref_is_judged_update_by_update() {
    let world = World::new();
    let (server, clone, base) = guarded(&world, "");
    server.git("config core.logAllRefUpdates true").ok();
    let direct = clone.commit("a.py", "a = 1\n");
    clone.push("main").accepted();
    topic(&clone, "topic", "main");
    let merged = merge(&clone, "topic");
    clone.push("main").accepted();
    let server = server.policy(&format!("{WHO}{}", main("merge_only = true")));
    let asked = "check --reflog refs/heads/main --as alice";
    server
        .portcullis(asked)
        .exit(1)
        .says(&format!(
            "{}..{}  rejected: refs/merge-only",
            &base[..10],
            &direct[..10]
        ))
        .says(&format!("{}..{}  accepted", &direct[..10], &merged[..10]));
    for short in [
        "--reflog main --as alice",
        "--update main~2 main~1 main --as alice",
        "--range main~2..main~1 --ref main --as alice",
    ] {
        let said = server.portcullis(&format!("check {short}")).exit(1);
        said.says("main is taken for refs/heads/main")
            .says("refs/merge-only");
    }
    // Each as of its time: the clock of this world stands in 2023.
    let window = "freeze = [{ from = 2023-01-01T00:00:00Z, until = 2024-01-01T00:00:00Z }]";
    let server = server.policy(&format!("{WHO}{}", main(window)));
    let said = server.portcullis(asked).exit(1);
    said.says(&format!(
        "{}..{}  rejected: refs/freeze",
        &direct[..10],
        &merged[..10]
    ));
    let report = server.portcullis(&format!("{asked} --format json")).exit(1);
    report.json();
    server
        .portcullis("check --reflog refs/heads/none")
        .exit(2)
        .says("no reflog");
}

#[test]
fn what_may_be_done_is_shown() {
    let world = World::new();
    let rules = "[[protect]]\nrefs = [\"refs/heads/**\"]\npush = [\"*\"]\ndelete = [\"@admins\"]\n\
                 names = \"^refs/\"\n\
                 [[protect]]\nrefs = [\"refs/heads/main\"]\npush = [\"@leads\"]\nforce = []\n\
                 merge_only = true\nmerge_from = [\"refs/heads/develop\"]\n\
                 freeze = [{ from = 2001-01-01T00:00:00Z, until = 9990-01-01T00:00:00Z, \
                 except = [\"carol\"] }]\n";
    let (server, _, _) = guarded(&world, rules);
    let show = |words: &str| server.portcullis(&format!("policy show {words}")).ok();
    let whole = show("");
    whole
        .says("rule 1: refs/heads/**")
        .says("rule 2: refs/heads/main")
        .says("force       nobody")
        .says("merge_only  no direct commits")
        .says("merge_from  refs/heads/develop")
        .says("2001-01-01T00:00:00Z until 9990-01-01T00:00:00Z, but by carol; it holds now");
    show("--as alice --ref refs/heads/main")
        .says("alice is in @leads, and may")
        .says("frozen   frozen   no       no       refs/heads/main")
        .says("it holds now");
    show("--as carol --ref refs/heads/main")
        .says("no       no       no       no       refs/heads/main")
        .lacks("it holds now");
    show("--as dave --ref refs/heads/topic")
        .says("dave is in no group, and may")
        .says("yes*     yes*     no       yes*     refs/heads/topic")
        .lacks("rule 2");
    // Without a ref, all patterns; the rules for a wider one hold for a narrower one too.
    show("--as dave")
        .says("push     create   delete   force")
        .says("yes*     yes*     no       yes*     refs/heads/**\nno       no       no       no       refs/heads/main\nyes      yes      yes      yes      any ref that matches none");
    show("--as carol").says("yes*     yes*     yes      yes*     refs/heads/**");
    show("--ref refs/tags/v1").says("free");
    show("--ref main")
        .says("main is taken for refs/heads/main")
        .says("rule 2");
    server
        .portcullis("policy show --ref none")
        .exit(2)
        .says("full name");
    // Where a rule is for all refs, there is none that matches none.
    let rules = "[[protect]]\nrefs = [\"refs/**\"]\npush = [\"@leads\"]\n";
    let server = server.policy(&format!("{WHO}{rules}"));
    let said = server.portcullis("policy show --as dave").ok();
    said.says("no       no       no       no       refs/**")
        .lacks("matches none");
}

#[test]
fn what_is_asked_of_commits_and_files_is_shown_and_who_may_bypass() {
    let world = World::new();
    let rules = "[server]\nbypass_by = [\"@admins\"]\n\
                 [commits]\nrefs = [\"refs/heads/main\"]\nexcept = [\"bot\"]\ntypes = [\"feat\", \"fix\"]\n\
                 subject_max = 72\nsign_off = true\nimperative = false\nfixups = false\n\
                 members = [\"@leads\", \"dave@example.com\"]\nrequire = []\n\
                 [content]\nmax_file_size = \"5MiB\"\nexecutables = []\ndeny_paths = [\"*.bak\", \"tmp/**\"]\n\
                 together = [[\"a\", \"b\"], [\"c\", \"d\"]]\n";
    let (server, _, _) = guarded(&world, "");
    let keys = "allowed_signers = \"allowed_signers\"\n[groups]";
    let server = server.policy(&format!("{}{rules}", WHO.replace("[groups]", keys)));
    let show = |words: &str| server.portcullis(&format!("policy show {words}")).ok();
    let files = "[content]: new files\n    max_file_size       5MiB\n    deny_paths          *.bak, tmp/**\n    \
                 executables         none\n    together            a with b; c with d\n";
    let commits = "[commits]: new commits\n    refs                refs/heads/main\n    \
                   types               feat, fix\n    subject_max         72\n    \
                   sign_off            Signed-off-by the committer\n    \
                   fixups              none to refs of [[protect]]\n    \
                   members             @leads (alice, bob), dave@example.com\n    \
                   except              bot\n";
    show("")
        .says(commits)
        .says(files)
        .says("bypass: @admins (carol), for findings in a push of somebody else");
    show("--ref refs/heads/topic")
        .says(files)
        .lacks("[commits]");
    show("--as bot --ref refs/heads/main").says("except              yes  (bot)");
    show("--as carol")
        .says("except              no   (bot)")
        .says("bypass: yes  (@admins (carol))");
    show("--as alice").says("bypass: no  (@admins (carol))");
    // What asks nothing is not shown.
    let quiet = "[commits]\nexcept = [\"bot\"]\ntypes = [\"feat\"]\nconventional = false\n\
                 [content]\ndeny_paths = []\n";
    let server = server.policy(&format!("{WHO}{quiet}"));
    let said = server.portcullis("policy show").ok();
    said.lacks("[commits]").lacks("[content]").lacks("bypass");
    let server = server.policy(&format!("{WHO}[commits]\nconventional = true\n"));
    let said = server.portcullis("policy show").ok();
    said.says(
        "[commits]: new commits of every branch\n    conventional        Conventional Commits",
    );
    let said = server.portcullis("policy show --ref refs/tags/v1").ok();
    said.lacks("[commits]");
}

#[test]
fn as_names_a_person() {
    let world = World::new();
    let (server, _, base) = guarded(&world, &rule("refs/heads/main", "push = [\"@leads\"]"));
    let update = format!("check --update {ZERO} {base} refs/heads/topic");
    for asked in ["policy show", &update, "check --replay none"] {
        for (user, why) in [("@leads", "@leads is a group"), ("*", "everyone")] {
            let said = server.portcullis(&format!("{asked} --as {user}")).exit(2);
            said.says(why).says("name a person");
        }
    }
}
