//! `[[protect]]` with approvals: what comes to a branch was signed by somebody else.

use crate::world::{Repo, Said, World, ids};
use std::fs;
use std::path::Path;

const PEOPLE: &str = "[identity]\nsource = \"env:PUSHER\"\nallowed_signers = \"allowed_signers\"\n\
                      [groups]\nleads = [\"alice\", \"bob\"]\n";

/// A server that wants main approved, and people with keys.
pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) server: Repo,
    pub(crate) base: String,
}

impl Stage {
    /// With these keys in the rule over main.
    pub(crate) fn new(keys: &str) -> Self {
        let world = World::new();
        let server = world.bare("origin.git");
        let first = world.clone_of(&server, "first");
        let text: String = (1..=20).map(|n| format!("line {n}\n")).collect();
        let base = first.commit("text", text);
        first.push("main").accepted();
        let server = server
            .hook("pre-receive")
            .policy(&format!("{PEOPLE}{}", rule(keys)));
        server.write("allowed_signers", "");
        Self {
            world,
            server,
            base,
        }
    }

    /// Another policy.
    pub(crate) fn policy(&self, text: &str) {
        self.server.within(".").policy(text);
    }

    /// A clone in the hands of someone whose key the server knows.
    pub(crate) fn person(&self, name: &str) -> Repo {
        let person = self.stranger(name);
        self.knows(name, name, "");
        person
    }

    /// A clone in the hands of someone whose key it does not know.
    pub(crate) fn stranger(&self, name: &str) -> Repo {
        let clone = self.world.clone_of(&self.server, name);
        let key = self.world.path(&format!("{name}.key"));
        let key = key.to_str().unwrap();
        let quiet = ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", key];
        clone.program(Path::new("ssh-keygen"), &quiet).ok();
        for (setting, value) in [
            ("user.name", name),
            ("user.email", &format!("{name}@example.com")),
            ("gpg.format", "ssh"),
            ("user.signingKey", key),
        ] {
            clone.git_with(&["config", setting, value]).ok();
        }
        clone.acting_as(name)
    }

    /// Adds the key of someone to the list of the server, as that of an account with its address.
    pub(crate) fn knows(&self, whose: &str, account: &str, options: &str) {
        let key = self.world.path(&format!("{whose}.key.pub"));
        let key = fs::read_to_string(key).unwrap();
        let file = self.server.dir.join("allowed_signers");
        let list = fs::read_to_string(&file).unwrap();
        let line = format!("{account},{account}@example.com {options} {key}");
        fs::write(file, list + &line).unwrap();
    }

    /// A topic branch on main with one commit of this person's, pushed.
    pub(crate) fn topic(&self, person: &Repo, name: &str) -> String {
        person.git("fetch -q origin").ok();
        person.git(&format!("switch -q -c {name} origin/main")).ok();
        edit(person, &format!("topic {name}"));
        person.push(name).accepted();
        person.head()
    }
}

/// A rule over main.
pub(crate) fn rule(keys: &str) -> String {
    format!("[[protect]]\nrefs = [\"refs/heads/main\"]\npush = [\"*\"]\n{keys}\n")
}

/// Changes a line in the middle of the text, and commits that.
pub(crate) fn edit(person: &Repo, to: &str) -> String {
    replace(person, "line 10\n", &format!("{to}\n"))
}

/// Puts something in the place of something else in the text, and commits that.
pub(crate) fn replace(person: &Repo, from: &str, to: &str) -> String {
    let text = fs::read_to_string(person.dir.join("text")).unwrap();
    assert!(text.contains(from));
    person.commit("text", text.replacen(from, to, 1))
}

/// Approves, and gives the ref that this makes.
#[track_caller]
pub(crate) fn approve(person: &Repo, what: &str) -> String {
    person.git("fetch -q origin").ok();
    let said = person.portcullis(&format!("approve {what}")).ok();
    let name = said.text().rsplit(' ').next().unwrap();
    assert!(name.starts_with("refs/portcullis/approvals/"), "{name}");
    name.to_owned()
}

/// Approves a topic of the server's for main, and pushes that.
#[track_caller]
pub(crate) fn approve_topic(person: &Repo, topic: &str) {
    let name = approve(person, &format!("origin/{topic} --for refs/heads/main"));
    person.push(&name).accepted();
}

#[track_caller]
pub(crate) fn unapproved(person: &Repo, refspecs: &str) -> Said {
    person.push(refspecs).rejected().by(ids::REF_APPROVALS)
}

/// This stands in what Git said, however it was wrapped.
#[track_caller]
pub(crate) fn tells(said: &Said, text: &str) {
    let words = said
        .stderr
        .split_whitespace()
        .filter(|word| *word != "remote:");
    let flat = words.collect::<Vec<_>>().join(" ");
    assert!(flat.contains(text), "{text}\n{}", said.stderr);
}

#[test]
fn what_nobody_else_has_seen_does_not_come_in() {
    let stage = Stage::new("approvals = 1\napprovals_from = [\"@leads\"]");
    let (dave, alice) = (stage.person("dave"), stage.person("alice"));
    stage.topic(&dave, "topic");
    let said = unapproved(&dave, "topic:main");
    tells(&said, "needs 1 approval by @leads and has none");
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
    let stage = Stage::new("approvals = 1");
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
    let stage = Stage::new("approvals = 1\napprovals_from = [\"@leads\"]");
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
    let stage = Stage::new("approvals = 2");
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
fn who_pushes_counts_unless_the_policy_says_otherwise() {
    for (counts, keys) in [(true, ""), (false, "\napprovals_by_pusher = false")] {
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
    let policy = "approvals = 1\napprovals_from = [\"alice@example.com\", \"dave@example.com\"]";
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

#[test]
fn a_branch_is_created_from_what_was_approved() {
    let stage = Stage::new("");
    stage.policy(&format!(
        "{PEOPLE}{}{}",
        rule("approvals = 1").replace("heads/main", "heads/**"),
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
    said.says("approved   origin/topic for refs/heads/main: 1 commit, 1 path")
        .says("git push origin refs/portcullis/approvals/");
    alice
        .portcullis(list)
        .ok()
        .says("looks right")
        .says("not counted");
    let keys = stage.server.dir.join("allowed_signers");
    alice.config(&format!("[identity]\nallowed_signers = {keys:?}"));
    alice
        .portcullis(list)
        .ok()
        .says("alice, alice@example.com  looks right");
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
            &["approve", "origin/topic", "--for", "main"],
            "full name of a ref",
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
    said.says("topic for refs/heads/main")
        .says("will not count");
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
    said.says("approvals   2 of @leads, and of the owners in CODEOWNERS");
    stage.policy(&format!("{PEOPLE}{}", rule("approvals = 1")));
    let said = stage.server.portcullis("policy show").ok();
    said.says("approvals   1 of everyone who is known");
}
