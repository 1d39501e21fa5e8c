//! An approval that was given in a fork, and upstream; and approvals that name the repository they are for.

use super::{PEOPLE, Stage, approve, rule, tells, unapproved};
use crate::world::{Repo, ids};
use std::fs;

const NAMED: &str = "approvals = 1\napprovals_name_repository = true";
const ANY: &str = "approvals = 1";

/// A server, a fork of it beside it that knows the same people, and a topic of dave's in both.
struct Forked {
    stage: Stage,
    fork: Repo,
    dave: Repo,
    alice: Repo,
}

impl Forked {
    /// With these keys in the rule of upstream; the fork asks for any approval.
    fn new(keys: &str) -> Self {
        let stage = Stage::new(keys);
        let (dave, alice) = (stage.person("dave"), stage.person("alice"));
        let fork = stage.world.bare("fork.git");
        let url = format!("file://{}", fork.dir.display());
        for person in [&dave, &alice] {
            person.git(&format!("remote add fork {url}")).ok();
        }
        dave.git("push -q fork main").ok();
        let list = stage.server.dir.join("allowed_signers");
        fs::copy(list, fork.dir.join("allowed_signers")).unwrap();
        let fork = fork
            .hook("pre-receive")
            .policy(&format!("{PEOPLE}{}", rule(ANY)));
        stage.topic(&dave, "topic");
        dave.git("push -q fork topic").ok();
        alice.git("fetch -q --all").ok();
        Self {
            stage,
            fork,
            dave,
            alice,
        }
    }

    /// What alice signs in the fork, brought to the server by dave.
    fn approved_in_fork(&self, options: &str) {
        let what = "fork/main..fork/topic --for refs/heads/main";
        let name = approve(&self.alice, &format!("{what}{options}"));
        self.alice.git(&format!("push -q fork {name}")).ok();
        self.dave.git(&format!("fetch -q fork {name}:{name}")).ok();
        self.dave.push(&name).accepted();
    }

    /// What alice signs for the server.
    fn approved_upstream(&self, options: &str) {
        let what = "origin/main..origin/topic --for refs/heads/main";
        let name = approve(&self.alice, &format!("{what}{options}"));
        self.alice.push(&name).accepted();
    }

    fn comes_in(&self) {
        self.dave.push("topic:main").accepted();
        self.stage
            .server
            .ref_is("refs/heads/main", &self.dave.head());
    }
}

/// Who a server is.
fn id_of(server: &Repo) -> String {
    let said = server.portcullis("status").whatever();
    let mut lines = said.stdout.lines();
    let id = lines.find_map(|line| line.strip_prefix("server id"));
    id.unwrap().trim().to_owned()
}

#[test]
fn an_approval_of_a_fork_does_not_count_where_it_must_name_the_repository() {
    let both = Forked::new(NAMED);
    both.approved_in_fork("");
    let said = unapproved(&both.dave, "topic:main");
    tells(
        &said,
        "needs 1 approval and has none; not counted: one names no repository",
    );
    // In the fork it does count, and upstream too where nobody asks for names.
    both.dave.git("push fork topic:main").accepted();
    both.stage.policy(&format!("{PEOPLE}{}", rule(ANY)));
    both.comes_in();
}

#[test]
fn an_approval_for_another_repository_never_counts() {
    for keys in [ANY, NAMED] {
        let both = Forked::new(keys);
        both.dave.git("push fork topic:main").rejected();
        let fork = id_of(&both.fork);
        both.approved_in_fork(&format!(" --server-id {fork}"));
        let said = unapproved(&both.dave, "topic:main");
        tells(
            &said,
            &format!("not counted: one is for another repository, {fork}"),
        );
        both.stage
            .server
            .ref_is("refs/heads/main", &both.stage.base);
        both.dave.git("push fork topic:main").accepted();
        let here = id_of(&both.stage.server);
        assert_ne!(here, fork);
        both.approved_upstream(&format!(" --server-id {here}"));
        both.comes_in();
    }
}

#[test]
fn the_refusal_says_what_the_approver_runs() {
    let both = Forked::new(NAMED);
    let said = unapproved(&both.dave, "topic:main");
    let command = said
        .stderr
        .lines()
        .find_map(|line| line.split_once(" portcullis "));
    let command = command.unwrap().1.trim_end();
    let here = id_of(&both.stage.server);
    assert!(
        command.ends_with(&format!(" --for refs/heads/main --server-id {here}")),
        "{command}"
    );
    let name = approve(&both.alice, command.strip_prefix("approve ").unwrap());
    both.alice.push(&name).accepted();
    both.comes_in();
}

#[test]
fn a_clone_remembers_for_which_repository_it_approves() {
    let both = Forked::new(NAMED);
    unapproved(&both.dave, "topic:main");
    let here = id_of(&both.stage.server);
    both.alice
        .git(&format!("config portcullis.serverId {here}"))
        .ok();
    let what = "approve origin/topic --for refs/heads/main";
    both.alice.portcullis(what).ok().says(&format!(
        "server id  {here}, so it counts in that repository alone"
    ));
    let list = "approve --list origin/topic --for refs/heads/main";
    both.alice
        .portcullis(list)
        .ok()
        .says(&format!(", for {here} alone"));
    both.approved_upstream("");
    both.comes_in();
    // What is no id is not signed, and nothing is.
    let before = both.alice.ask("for-each-ref refs/portcullis");
    for args in [
        &[
            "approve",
            "origin/topic^..origin/topic",
            "--for",
            "next",
            "--server-id",
            "",
        ][..],
        &[
            "approve",
            "origin/topic^..origin/topic",
            "--for",
            "next",
            "--server-id",
            "a\nfor x",
        ],
        &[
            "approve",
            "origin/topic",
            "--for",
            "next",
            "--list",
            "--server-id",
            "x",
        ],
    ] {
        both.alice.portcullis_fed(args, b"").exit(2);
    }
    assert_eq!(both.alice.ask("for-each-ref refs/portcullis"), before);
}

#[test]
fn an_owner_names_the_repository_too() {
    let both = Forked::new("owners = \"OWNERS\"\napprovals_name_repository = true");
    // The branch has to have the file before anybody goes by it.
    both.stage.policy("");
    both.dave.git("switch -q main").ok();
    both.dave.commit("OWNERS", "* @alice\n");
    both.dave.push("main").accepted();
    both.stage.policy(&format!(
        "{PEOPLE}{}",
        rule("owners = \"OWNERS\"\napprovals_name_repository = true")
    ));
    both.dave.git("switch -q topic").ok();
    both.dave.git("rebase -q main").ok();
    both.dave.push("+topic").accepted();
    both.approved_upstream("");
    let said = both.dave.push("topic:main").rejected().by(ids::REF_OWNERS);
    tells(&said, "not counted: one names no repository");
    let here = id_of(&both.stage.server);
    both.approved_upstream(&format!(" --server-id {here}"));
    both.comes_in();
}

#[test]
fn check_says_the_same_and_a_clone_what_it_cannot_know() {
    let both = Forked::new(NAMED);
    let tip = both.dave.head();
    let asked = format!(
        "--update {} {tip} refs/heads/main --as dave",
        both.stage.base
    );
    // The server does not know who it is before it is asked for the first time.
    fs::remove_file(both.stage.server.dir.join("portcullis/id")).unwrap();
    let said = both
        .stage
        .server
        .portcullis(&format!("check {asked}"))
        .exit(1);
    said.by(ids::REF_APPROVALS)
        .says("--server-id ID")
        .says("`portcullis status`");
    both.approved_in_fork("");
    unapproved(&both.dave, "topic:main");
    let here = id_of(&both.stage.server);
    let said = both
        .stage
        .server
        .portcullis(&format!("check {asked}"))
        .exit(1);
    said.says("names no repository")
        .says(&format!("--server-id {here}"));

    let list = both.stage.server.dir.join("allowed_signers");
    let people = PEOPLE.replace("\"allowed_signers\"", &format!("{list:?}"));
    let policy = format!("version = 1\n{people}{}", rule(NAMED));
    both.dave.write("../policy.toml", policy);
    let in_clone = format!("check --config ../policy.toml {asked}");
    let said = both.dave.portcullis(&in_clone).exit(1);
    said.by(ids::REF_APPROVALS).says("names no repository");
    both.approved_upstream(&format!(" --server-id {here}"));
    both.stage
        .server
        .portcullis(&format!("check {asked}"))
        .exit(0);
    let all = "refs/portcullis/approvals/*:refs/portcullis/approvals/*";
    both.dave.git(&format!("fetch -q origin {all}")).ok();
    let said = both.dave.portcullis(&in_clone).exit(3);
    said.says("portcullis.serverId ID");
    for (id, exit) in [(&here[..], 0), ("fork.git-0011", 1)] {
        both.dave
            .git(&format!("config portcullis.serverId {id}"))
            .ok();
        both.dave.portcullis(&in_clone).exit(exit);
    }
}

#[test]
fn a_clone_warns_of_an_approval_that_names_none() {
    let both = Forked::new(NAMED);
    both.dave.install();
    both.dave.config(&format!(
        "[[protect]]\nrefs = [\"refs/heads/main\"]\n{NAMED}\n"
    ));
    both.approved_in_fork("");
    let said = both.dave.push("topic:main").rejected();
    tells(&said, "--server-id ID");
    unapproved(&both.dave, "topic:main");
    let here = id_of(&both.stage.server);
    both.approved_upstream(&format!(" --server-id {here}"));
    let all = "refs/portcullis/approvals/*:refs/portcullis/approvals/*";
    both.dave.git(&format!("fetch -q origin {all}")).ok();
    let said = both.dave.push("topic:main").accepted();
    said.not_by(ids::REF_APPROVALS);
}

#[test]
fn that_names_are_asked_for_is_shown() {
    let stage = Stage::new(NAMED);
    let said = stage.server.portcullis("policy show").ok();
    said.says("approvals   1 of everyone who is known, each for this repository by name");
}
