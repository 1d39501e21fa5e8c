//! `portcullis approve`, what says the same as a server, and the keys and repositories there are.

use super::{PEOPLE, Stage, approve, approve_topic, rule, unapproved};
use crate::world::{Repo, ids};
use std::fs;

#[test]
fn the_first_push_of_all_can_be_approved_too() {
    let stage = Stage::new("approvals = 1");
    let (dave, alice) = (stage.person("dave"), stage.person("alice"));
    let server = stage.world.bare("empty.git").hook("pre-receive");
    let list = stage.server.dir.join("allowed_signers");
    fs::copy(list, server.dir.join("allowed_signers")).unwrap();
    let server = server.policy(&format!("{PEOPLE}{}", rule("approvals = 1")));
    let url = format!("file://{}", server.dir.display());
    dave.git("switch -q --orphan fresh").ok();
    dave.commit("a", "1\n");
    dave.commit("b", "2\n");
    dave.git_with(&["push", &url, "fresh:main"])
        .rejected()
        .by(ids::REF_APPROVALS);
    let fresh = dave.dir.to_str().unwrap();
    alice.git("switch -q --orphan none").ok();
    alice.git("branch -q -D main").ok();
    alice.git("remote remove origin").ok();
    alice.git_with(&["fetch", "-q", fresh, "fresh:fresh"]).ok();
    let said = alice.portcullis("approve fresh --for refs/heads/main").ok();
    let said = said.says("2 commits, 2 paths, all that is in it");
    let name = said.text().rsplit(' ').next().unwrap().to_owned();
    alice.git_with(&["push", &url, &name]).ok();
    dave.git_with(&["push", &url, "fresh:main"]).accepted();
}

#[test]
fn check_says_the_same_and_a_clone_is_warned() {
    let stage = Stage::new("approvals = 1\napprovals_from = [\"@leads\"]");
    let (dave, alice) = (stage.person("dave"), stage.person("alice"));
    let tip = stage.topic(&dave, "topic");
    let asked = format!(
        "check --update {} {tip} refs/heads/main --as dave",
        stage.base
    );
    stage
        .server
        .portcullis(&asked)
        .exit(1)
        .by(ids::REF_APPROVALS);
    let range = "check --range main..topic --ref refs/heads/main --as dave";
    stage
        .server
        .portcullis(range)
        .exit(1)
        .by(ids::REF_APPROVALS);
    dave.install();
    dave.config("[[protect]]\nrefs = [\"refs/heads/main\"]\napprovals = 1");
    let said = dave.push("topic:main").rejected();
    assert_eq!(
        said.stderr.matches(ids::REF_APPROVALS).count(),
        3,
        "{}",
        said.stderr
    );
    approve_topic(&alice, "topic");
    stage.server.portcullis(&asked).exit(0);
    stage.server.portcullis(range).exit(0);
    // Once it is in the clone, it is not warned any more; whose it is it cannot tell.
    let all = "refs/portcullis/approvals/*:refs/portcullis/approvals/*";
    dave.git(&format!("fetch -q origin {all}")).ok();
    let said = dave
        .push("topic:main")
        .accepted()
        .not_by(ids::REF_APPROVALS);
    said.lacks("refs/approvals");
    let listed = dave
        .portcullis("approve --list topic --for refs/heads/main")
        .exit(2);
    listed.says("has it already");
}

#[test]
fn the_approvals_of_a_change_are_listed() {
    let stage = Stage::new("approvals = 1");
    let (dave, alice) = (stage.person("dave"), stage.person("alice"));
    stage.topic(&dave, "topic");
    alice.git("fetch -q").ok();
    let list = "approve --list origin/topic --for refs/heads/main";
    alice
        .portcullis(list)
        .ok()
        .says("no approval of origin/topic");
    let looks = [
        "approve",
        "origin/topic",
        "--for",
        "refs/heads/main",
        "--reason",
        "looks right",
    ];
    let said = alice.portcullis_fed(&looks, b"").ok();
    said.says(&format!(
        "approved   origin/topic at {} for refs/heads/main: 1 commit, 1 path",
        &alice.id("origin/topic")[..10]
    ))
    .says("git push origin refs/portcullis/approvals/");
    alice
        .portcullis(list)
        .ok()
        .says("looks right")
        .says("not verified: no identity here has SSH keys")
        .says("identity.allowed_signers or identity.gpg_home says whose it is");
    let keys = stage.server.dir.join("allowed_signers");
    alice.config(&format!("[identity]\nallowed_signers = {keys:?}"));
    alice.portcullis(list).ok().says(&format!(
        "alice, alice@example.com, key {}  looks right",
        stage.fingerprint("alice")
    ));
    // Patterns name no one, so the server would not count it either.
    let list_of_all = fs::read_to_string(&keys).unwrap();
    fs::write(&keys, list_of_all.replace("alice,alice@", "*@")).unwrap();
    alice
        .portcullis(list)
        .ok()
        .says("has no name of its own")
        .says(&format!(
            "not counted: the key {}",
            stage.fingerprint("alice")
        ));
    fs::write(&keys, list_of_all).unwrap();
    // For another ref it is none.
    alice
        .portcullis("approve --list origin/main..origin/topic --for refs/heads/other")
        .ok()
        .says("no approval");
    for (args, why) in [
        (
            &["approve", "nowhere", "--for", "refs/heads/main"][..],
            "names no commit",
        ),
        (
            &["approve", "origin/topic", "--for", "nowhere"],
            "so write refs/heads/nowhere or refs/tags/nowhere",
        ),
        (
            &["approve", "a...b", "--for", "refs/heads/main"],
            "BASE..TOPIC",
        ),
        (
            &["approve", "origin/main", "--for", "refs/heads/main"],
            "has it already",
        ),
        (
            &[
                "approve",
                "origin/topic",
                "--for",
                "refs/heads/main",
                "--reason",
                "a\nb",
            ],
            "one line",
        ),
    ] {
        alice.portcullis_fed(args, b"").exit(2).says(why);
    }
    let said = dave.portcullis("approve main..topic").ok();
    said.says(" for refs/heads/main").says("will not count");
    dave.git("config --unset user.signingKey").ok();
    dave.portcullis("approve main..topic")
        .exit(2)
        .says("user.signingKey");
    let name = approve(&alice, "origin/topic --for refs/heads/main");
    let blob = alice.id(&name);
    alice.push(&name).accepted();
    assert_eq!(stage.server.id(&name), blob);
}

#[test]
fn an_openpgp_key_approves_too() {
    let stage = Stage::new("approvals = 1");
    let (dave, alice) = (stage.person("dave"), stage.stranger("alice"));
    for home in ["private", "public"] {
        let home = stage.world.path(home);
        fs::create_dir(&home).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        fs::set_permissions(&home, mode).unwrap();
    }
    let (private, public) = (stage.world.path("private"), stage.world.path("public"));
    let (private, public) = (private.to_str().unwrap(), public.to_str().unwrap());
    let alice = alice.with_env("GNUPGHOME", private);
    let quick = "gpg --batch --quiet --passphrase '' --quick-gen-key \
                 'alice <alice@example.com>' ed25519 sign never";
    alice.shell(quick).ok();
    let import = format!("gpg --export | gpg --homedir '{public}' --batch --quiet --import");
    alice.shell(&import).ok();
    alice.git("config gpg.format openpgp").ok();
    alice.git("config user.signingKey alice@example.com").ok();
    stage.policy(&format!(
        "{}{}",
        PEOPLE.replace("[groups]", &format!("gpg_home = {public:?}\n[groups]")),
        rule("approvals = 1\napprovals_from = [\"alice@example.com\"]")
    ));
    stage.topic(&dave, "topic");
    unapproved(&dave, "topic:main");
    approve_topic(&alice, "topic");
    dave.push("topic:main").accepted();
    alice.shell("gpgconf --kill all").whatever();
}

#[test]
fn an_approval_in_a_repository_of_the_other_hash_is_one_too() {
    let stage = Stage::new("");
    let alice = stage.person("alice");
    let repo = stage.world.init("other", &["--object-format=sha256"]);
    repo.commit("text", "1\n2\n3\n");
    repo.git("switch -q -c topic").ok();
    repo.commit("text", "1\ntwo\n3\n");
    for setting in ["gpg.format", "user.signingKey"] {
        let value = alice.ask(&format!("config {setting}"));
        repo.git_with(&["config", setting, &value]).ok();
    }
    let list = stage.server.dir.join("allowed_signers");
    let policy = format!(
        "version = 1\n{}{}",
        PEOPLE.replace("\"allowed_signers\"", &format!("{list:?}")),
        rule("approvals = 1\napprovals_from = [\"alice\"]")
    );
    repo.write("../policy.toml", policy);
    let asked = "check --config ../policy.toml --update main topic refs/heads/main --as dave";
    repo.portcullis(asked).exit(1).by(ids::REF_APPROVALS);
    approve_here(&repo, "topic --for refs/heads/other");
    repo.portcullis(asked).exit(1).by(ids::REF_APPROVALS);
    approve_here(&repo, "main..topic");
    repo.portcullis(asked).exit(0);
}

#[track_caller]
fn approve_here(repo: &Repo, what: &str) {
    repo.portcullis(&format!("approve {what}"))
        .ok()
        .says("approved");
}

#[test]
fn what_is_asked_is_shown() {
    let stage = Stage::new("approvals = 2\napprovals_from = [\"@leads\"]\nowners = \"CODEOWNERS\"");
    let said = stage
        .server
        .portcullis("policy show --ref refs/heads/main")
        .ok();
    said.says("approvals   2 of @leads (alice, bob), and of the owners in CODEOWNERS");
    stage.policy(&format!("{PEOPLE}{}", rule("approvals = 1")));
    let said = stage.server.portcullis("policy show").ok();
    said.says("approvals   1 of everyone who is known");
}

#[test]
fn an_approval_says_on_which_state_of_the_branch_it_goes_by() {
    let stage = Stage::new("approvals = 1");
    let (dave, alice) = (stage.person("dave"), stage.person("alice"));
    let base = stage.base[..10].to_owned();
    stage.topic(&dave, "topic");
    alice.git("fetch -q origin").ok();
    // As the remote has it, which is where this clone is too.
    let said = alice.portcullis("approve origin/topic --for main").ok();
    said.says("main is taken for refs/heads/main")
        .says(&format!(
            "base       {base}, where it leaves refs/heads/main of origin, as last fetched"
        ))
        .lacks("in this clone");
    // A branch of one's own that is somewhere else does not count, and that is said.
    alice.commit("own.md", "own\n");
    let said = alice.portcullis("approve origin/topic --for main").ok();
    said.says("in this clone and was last seen at")
        .says("git fetch origin brings it up to date")
        .says(&format!("base       {base}"));
    // A range that begins later than what the server will ask for.
    dave.commit("more.md", "more\n");
    dave.push("topic").accepted();
    alice.git("fetch -q origin").ok();
    let range = "approve origin/topic^..origin/topic --for refs/heads/main";
    let said = alice.portcullis(range).ok();
    said.says("where your range begins")
        .says(&format!("has it up to {base} only"));
    // Without any remote it is the branch of this clone.
    alice.git("update-ref refs/heads/next origin/main").ok();
    let said = alice.portcullis("approve origin/topic --for next").ok();
    said.says(&format!(
        "{base}, where it leaves refs/heads/next of this clone, as no remote"
    ));
}

#[test]
fn of_several_remotes_the_one_counts_that_the_range_begins_at() {
    let stage = Stage::new("approvals = 1");
    let (dave, alice) = (stage.person("dave"), stage.person("alice"));
    stage.topic(&dave, "topic");
    alice.git("remote rename origin here").ok();
    let url = format!("file://{}", stage.server.dir.display());
    alice.git(&format!("remote add -f there {url}")).ok();
    alice.git("fetch -q here").ok();
    alice
        .portcullis("approve here/topic --for main")
        .exit(2)
        .says("several remotes have it: begin the range at one, REMOTE/BRANCH..TOPIC");
    for remote in ["here", "there"] {
        alice
            .portcullis(&format!("approve {remote}/main..here/topic"))
            .ok()
            .says(&format!("git push {remote} refs/portcullis/approvals/"));
    }
}
