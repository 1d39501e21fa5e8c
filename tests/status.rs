//! `status`: armed is what the hooks are and what the policy needs is there.

use crate::protect::WHO;
use crate::world::{Repo, World};

const RULE: &str = "[[protect]]\nrefs = [\"refs/heads/main\"]\n";

/// A server with a hook and this policy.
fn server(world: &World, policy: &str) -> Repo {
    let server = world.bare("origin.git").hook("pre-receive");
    server.git("config receive.advertisePushOptions true").ok();
    server.policy(policy)
}

/// The keys `allowed_signers` of `[identity]`, in front of some rules.
fn with_signers(rules: &str) -> String {
    let who = WHO.replace("[groups]", "allowed_signers = \"signers\"\n[groups]");
    format!("{who}{RULE}{rules}\n")
}

#[test]
fn what_is_not_armed_is_told_how_to_become_so() {
    let world = World::new();
    let repo = world.repo("repo");
    repo.portcullis("status")
        .exit(1)
        .says("armed               no: portcullis install arms it");
    repo.install();
    let said = repo.portcullis("status").exit(0);
    assert!(said.stdout.ends_with("armed               yes\n"));
    let server = world.bare("origin.git");
    server
        .portcullis("status")
        .exit(1)
        .says("no: portcullis install --server arms it");
    let said = server.portcullis("install --server").ok();
    said.says("server id           origin.git-")
        .says("names this repository: --server-id of portcullis confirm, bypass, approve");
    server
        .portcullis("status")
        .exit(0)
        .says("armed               yes");
}

#[test]
fn a_conventions_file_that_does_not_parse_is_named() {
    let world = World::new();
    let repo = world.repo("repo");
    repo.install();
    repo.config("[secret]\n");
    repo.portcullis("status")
        .exit(2)
        .says(".portcullis.toml")
        .says("until that is put right all is refused");
    let server = server(&world, "[groups]\nleads = 1\n");
    server
        .portcullis("status")
        .exit(2)
        .says("groups")
        .says("armed               yes, and refuses all until its policy is put right");
}

#[test]
fn keys_that_a_policy_asks_for_must_be_there() {
    let world = World::new();
    let server = server(&world, &with_signers("signed = \"any\""));
    let lacking = |why: &str| {
        let said = server.portcullis("status").exit(3).says(why);
        said.says("armed               yes, but not ready")
    };
    lacking("signers is not there; write one line for each key, such as: alice,");
    server.write("signers", "# nobody yet\n");
    lacking("signers holds no key; write");
    // Whoever opens a pipe waits for a writer.
    for other in [
        "rm signers && mkfifo signers",
        "rm signers && mkdir signers",
    ] {
        server.shell(other).ok();
        lacking("it is no regular file");
    }
    server.shell("rmdir signers").ok();
    let key = world.ssh_key("alice");
    server.write("signers", format!("alice {}\n", key.public));
    let said = server.portcullis("status").exit(0).says("signers, 1 key");
    said.says("ssh-keygen          ")
        .says("identity            env:PUSHER");
    // A list of revoked keys that is named must be there too.
    let both = with_signers("signed = \"any\"");
    let both = both.replace("[groups]", "revoked_keys = \"revoked\"\n[groups]");
    server
        .policy(&both)
        .portcullis("status")
        .exit(3)
        .says("revoked");
}

#[test]
fn a_policy_that_asks_for_signatures_of_nobody_is_none() {
    let world = World::new();
    let mut server = server(&world, "");
    for (rule, key) in [
        ("signed = \"ssh\"\n", "protect.signed"),
        ("approvals = 1\n", "protect.approvals"),
    ] {
        server = server.policy(&format!("{WHO}{RULE}{rule}"));
        server.portcullis("status").exit(2).says(key);
    }
    // What the commits themselves say needs no keys.
    let rule = "approvals = 1\napprovals_by = [\"trailers\"]\napprovals_from = [\"@leads\"]\n";
    server = server.policy(&format!("{WHO}{RULE}{rule}"));
    server.portcullis("status").exit(0).lacks("signing keys");
}

#[test]
fn what_git_must_be_told_and_what_must_be_writable_is_said() {
    let world = World::new();
    let rule = "push_cert = true\nconfirm = [\"delete\"]\nconfirm_by = [\"@admins\"]\n";
    let log = "[audit]\nlog = \"logs/audit.jsonl\"\n";
    let server = server(&world, &format!("{}{log}", with_signers(rule)));
    let key = world.ssh_key("carol");
    server.write("signers", format!("carol {}\n", key.public));
    server.git("config receive.advertisePushOptions false").ok();
    let status = || server.portcullis("status");
    status()
        .exit(3)
        .says("audit log           missing: ")
        .says("the folder is not there; make it")
        .says("git config receive.certNonceSeed")
        .says("git config receive.advertisePushOptions true");
    server.shell("mkdir logs").ok();
    server.git("config receive.advertisePushOptions true").ok();
    status().exit(3).lacks("audit log           missing");
    server.git("config receive.certNonceSeed of-this-test").ok();
    status().exit(0).says("armed               yes");
    server.shell("mkdir logs/audit.jsonl").ok();
    status().exit(3).says("it is no regular file; move it away");
}

#[test]
fn what_is_no_repository_is_said_to_be_none() {
    let world = World::new();
    let repo = world.repo("repo");
    repo.portcullis("status --repo nowhere")
        .exit(2)
        .says("nowhere' is in no Git repository");
}

#[test]
fn with_hooks_for_all_repositories_a_new_one_is_made_in_silence() {
    let world = World::new();
    let repo = world.repo_with_a_commit();
    repo.portcullis("install --global").ok();
    let said = repo.git("init -q ../fresh").ok();
    assert_eq!(said.stderr, "");
    let said = repo.git("clone -q . ../copy").ok();
    assert_eq!(said.stderr, "");
    // A hook of the repository for that event is still run.
    let fresh = repo.within("../fresh");
    let hook = "#!/bin/sh\necho \"$1\" >>\"$(git rev-parse --git-dir)/asked\"\n";
    fresh.write(".git/hooks/reference-transaction", hook);
    fresh
        .shell("chmod +x .git/hooks/reference-transaction")
        .ok();
    fresh.commit_staged("begin");
    fresh.git("branch topic").ok();
    let asked = std::fs::read_to_string(fresh.dir.join(".git/asked")).unwrap();
    assert!(asked.contains("committed"), "{asked}");
    repo.portcullis("uninstall --global").ok();
}

#[test]
fn rules_for_people_need_someone_who_is_known() {
    let world = World::new();
    let server = server(&world, RULE);
    server
        .portcullis("status")
        .exit(3)
        .says("nobody is: set identity.source");
    let server = server.policy("");
    server.portcullis("status").exit(0).lacks("identity");
}

/// A server that knows who pushes by these lines of keys, and has these rules.
fn known_by_keys(world: &World, lines: &[&str], rules: &str) -> Repo {
    let head = "[identity]\nsource = \"ssh-key\"\nallowed_signers = \"signers\"\n\
                [groups]\nleads = [\"alice\", \"robert\"]\nadmins = [\"carrol\"]\n";
    let server = server(world, &format!("{head}{rules}"));
    let key = world.ssh_key("key").public;
    let lines = lines.iter().map(|line| line.replace("KEY", &key) + "\n");
    server.write("signers", lines.collect::<String>());
    server
}

const LINES: [&str; 2] = ["alice,alice@clinic.example KEY", "carol KEY"];

#[test]
fn a_list_of_people_whom_no_key_makes_known_is_told() {
    for (rules, exit, says) in [
        (
            "push = [\"alicee\"]",
            3,
            "begins with the name of alicee in protect.push, and the list",
        ),
        // Who pushes is the first name of a key alone.
        (
            "push = [\"alice@clinic.example\"]",
            3,
            "of alice@clinic.example in protect.push",
        ),
        ("delete = [\"@admins\"]", 3, "of carrol in protect.delete"),
        (
            "confirm = [\"delete\"]\nconfirm_by = [\"carrol\"]",
            3,
            "has the name of carrol in protect.confirm_by",
        ),
        (
            "approvals = 1\napprovals_from = [\"@admins\"]",
            3,
            "has the name of carrol in protect.approvals_from",
        ),
        (
            "push = [\"@leads\"]",
            0,
            "no key of robert in protect.push: are they meant?",
        ),
        (
            "push = [\"alice\", \"b1\", \"b2\", \"b3\", \"b4\"]\n[server]\nbypass_by = [\"x\"]",
            0,
            "no key of b1, b2, b3 and 1 more in protect.push; x in server.bypass_by",
        ),
        (
            "[commits]\ndates = \"sane\"\nexcept = [\"robot\"]",
            0,
            "no key of robot in commits.except",
        ),
    ] {
        let world = World::new();
        let server = known_by_keys(&world, &LINES, &format!("{RULE}{rules}\n"));
        server.portcullis("status").exit(exit).says(says);
    }
    for rules in [
        "push = [\"alice\", \"carol\"]",
        "push = []",
        "approvals = 1\napprovals_from = [\"alice@clinic.example\"]",
        "push = [\"*\"]",
    ] {
        let world = World::new();
        let server = known_by_keys(&world, &LINES, &format!("{RULE}{rules}\n"));
        let said = server.portcullis("status").exit(0);
        said.lacks("known people");
    }
    // By a variable somebody without a key may be known.
    let world = World::new();
    let server = server(&world, &with_signers("push = [\"alicee\"]"));
    let key = world.ssh_key("key").public;
    server.write("signers", format!("alice {key}\n"));
    server.portcullis("status").exit(0).lacks("alicee");
}

#[test]
fn a_line_that_only_looks_like_a_key_is_none() {
    let world = World::new();
    let junk = ["# people", "", "alice KEY", "bob ssh-foo AAAA"];
    let server = known_by_keys(&world, &junk, RULE);
    let status = || server.portcullis("status").exit(0);
    status().says("signers, 1 key; line 4 holds none and does not count");
    server.shell("echo carol >>signers").ok();
    status().says("1 key; 2 lines hold none and do not count, the first is line 4");
    server.write("signers", "bob ssh-foo AAAA\n");
    server.portcullis("status").exit(3).says("holds no key");
}

#[test]
fn members_are_addresses() {
    let signed = "signed = \"any\"\n";
    for (members, exit, says) in [
        (
            "\"@leads\"",
            3,
            "has no address, only alice, robert, and goes by",
        ),
        (
            "\"alice\", \"alice@clinic.example\"",
            0,
            "addresses, and alice is none",
        ),
        ("\"bob@clinic.example\"", 0, "none of them can sign"),
    ] {
        let world = World::new();
        let rules = format!("{RULE}{signed}[commits]\nmembers = [{members}]\n");
        let server = known_by_keys(&world, &LINES, &rules);
        server.portcullis("status").exit(exit).says(says);
    }
    let world = World::new();
    let rules = format!("{RULE}{signed}[commits]\nmembers = [\"alice@clinic.example\"]\n");
    let server = known_by_keys(&world, &LINES, &rules);
    server.portcullis("status").exit(0).lacks("members");
}

#[test]
fn an_exception_that_nobody_can_use_is_told() {
    let window = "[[protect.freeze]]\nfrom = 2026-12-20T00:00:00Z\nuntil = 2027-01-04T00:00:00Z\n";
    for (push, except, told) in [
        (
            "push = [\"@leads\"]",
            "\"carol\"",
            Some("has carol, to whom the same rule"),
        ),
        (
            "push = [\"@leads\"]",
            "\"bob\", \"@admins\"",
            Some("has carol, to whom"),
        ),
        (
            "push = [\"@leads\"]\nforce = [\"carol\"]",
            "\"carol\"",
            None,
        ),
        ("push = [\"@leads\"]", "\"alice\"", None),
        ("push = [\"*\"]", "\"carol\"", None),
        ("linear = true", "\"carol\"", None),
        ("push = [\"@leads\"]", "\"*\"", None),
    ] {
        let world = World::new();
        let rules = format!("{WHO}{RULE}{push}\n{window}except = [{except}]\n");
        let said = server(&world, &rules).portcullis("status").exit(0);
        match told {
            Some(told) => said
                .says("freeze              protect.freeze.except")
                .says(told),
            None => said.lacks("freeze"),
        };
    }
}

#[test]
fn a_committer_who_is_the_pusher_must_be_known() {
    let world = World::new();
    let server = server(&world, "[commits]\ncommitter_is_pusher = true\n");
    let says = "commits.committer_is_pusher lets in only those who are known, and nobody is";
    server.portcullis("status").exit(3).says(says);
}

#[test]
fn a_gate_that_only_evaluates_says_so() {
    for (mode, told) in [("evaluate", true), ("enforce", false)] {
        let world = World::new();
        let server = server(&world, &format!("{WHO}{RULE}[server]\nmode = \"{mode}\"\n"));
        for asked in ["status", "policy show", "policy show --ref refs/heads/main"] {
            let said = server.portcullis(asked).exit(0);
            let says = "evaluate: what would be refused is said and logged, and accepted";
            assert_eq!(said.stdout.contains(says), told, "{mode}: {}", said.stdout);
        }
    }
}

#[test]
fn who_takes_away_what_is_not_there_is_told() {
    let world = World::new();
    let repo = world.repo("repo");
    repo.portcullis("install --global").ok();
    let said = repo.portcullis("uninstall").ok();
    said.says("nothing is installed here; --global takes away what is for all");
    repo.portcullis("uninstall --global").ok().says("removed");
    let said = repo.portcullis("uninstall --global").ok();
    said.says("nothing is installed for all repositories");
}
