//! `explain`: a finding by its fingerprint, wherever it is, with all that speaks for it.

use crate::world::report::text;
use crate::world::{Repo, World, assigned, ids};
use portcullis::policy::{CHECKS, QUESTIONS};

fn fingerprint(repo: &Repo, scan: &str) -> String {
    let report = repo.scan(scan).whatever().json();
    let suppressed = report.value["suppressed"].get(0);
    let finding = report.findings().first().or(suppressed);
    text(&finding.unwrap()["fingerprint"]).to_owned()
}

#[test]
fn a_finding_is_found_again_wherever_it_is() {
    let world = World::new();
    let (repo, token) = (world.repo_with_a_commit(), world.secrets.github());
    repo.write("a.py", assigned(&token));
    let name = fingerprint(&repo, "--worktree");
    let explain = |words: &str| {
        repo.portcullis(&format!("explain {words}"))
            .ok()
            .by(ids::GITHUB)
            .at("a.py:1:10")
            .says("confidence: high: it blocks")
            .says("checksum or structure is right")
            .says("revoke: https://github.com/settings/tokens")
            .says("suppressed: by nothing")
            .without(&token)
    };
    explain(&name).says("found: in the worktree");
    explain(&name[..8]);
    repo.git("add a.py").ok();
    repo.git("rm -q --cached a.py").ok();
    repo.commit("a.py", assigned(&token));
    repo.commit_without("a.py");
    explain(&name).says("found: in the history").says("commit:");
}

#[test]
fn a_model_says_what_spoke_for_and_against_it() {
    let world = World::new();
    let (repo, password) = (world.repo_with_a_commit(), world.secrets.weak_password());
    repo.write("db.ini", format!("DB_PASSWORD={password}\n"));
    let name = fingerprint(&repo, "--worktree");
    let said = repo.portcullis(&format!("explain {name}")).ok();
    said.by(ids::PASSWORD)
        .says(" bits: ")
        .says(" bits in all")
        .without(&password);
}

#[test]
fn it_says_what_suppresses_a_finding() {
    let world = World::new();
    let (repo, token) = (world.repo_with_a_commit(), world.secrets.github());
    repo.commit("a.py", assigned(&token));
    let name = fingerprint(&repo, "--worktree");
    let explain = |why: &str| {
        repo.portcullis(&format!("explain {name}"))
            .ok()
            .says(why)
            .without(&token);
    };
    repo.portcullis("baseline create").ok();
    explain("suppressed: by the baseline");
    let rule = &ids::GITHUB[8..];
    let mark = format!("portcullis:{}({rule}) was {token} once", "allow");
    repo.write("a.py", format!("token = \"{token}\"  # {mark}\n"));
    explain("by a mark on its line: was ghp_");
    explain("the baseline has");
    repo.config("[[secrets.allow]]\npaths = [\"a.py\"]\nreason = \"made up\"");
    explain("by [[secrets.allow]]: made up");
}

#[test]
fn what_is_not_there_is_said() {
    let world = World::new();
    let repo = world.repo_with_a_commit();
    let name = "0123456789abcdef".repeat(2);
    repo.portcullis(&format!("explain {name}"))
        .exit(2)
        .says("nothing that is found here");
    repo.write(".portcullis-baseline", format!("{name} secrets/jwt a.py\n"));
    repo.portcullis(&format!("explain {name}"))
        .exit(2)
        .says("found nowhere any more");
    repo.portcullis("explain no-such-rule")
        .exit(2)
        .says("there is no rule");
    repo.portcullis("explain github-personl-access-token")
        .exit(2)
        .says("the nearest is github-personal-access-token");
    repo.portcullis("explain refs/forse")
        .exit(2)
        .says("there is no rule or check refs/forse; the nearest check is refs/force");
    repo.portcullis("explain refs/nothing-like-it")
        .exit(2)
        .says("`portcullis explain refs` lists its checks");
    repo.portcullis("explain 0123")
        .exit(2)
        .says("of a fingerprint give 8 digits or more");
    repo.portcullis("explain github-personal-access-token")
        .ok()
        .says("ghp_");
}

#[test]
fn every_check_says_what_it_refuses_and_what_to_do() {
    let world = World::new();
    let repo = world.repo_with_a_commit();
    for pack in CHECKS {
        let list = repo.portcullis(&format!("explain {}", pack.name)).ok();
        let list = list.says(pack.doc);
        for question in QUESTIONS.iter().filter(|q| q.id.pack == pack.name) {
            let id = question.id.to_string();
            assert!(list.stdout.contains(&id), "{id}");
            let mut said = repo.portcullis(&format!("explain {id}")).ok();
            for part in [question.refuses, question.why, question.fix] {
                said = said.says(part);
            }
        }
    }
    // By its name alone, too, all that are called so.
    let said = repo.portcullis("explain name").ok();
    said.says("refs/name").says("content/name");
    repo.portcullis("explain merge-only")
        .ok()
        .says("asked by    protect.merge_only");
    repo.portcullis("explain secrets").ok().says("rules list");
}

#[test]
fn a_finding_of_the_policy_names_its_check() {
    let world = World::new();
    let repo = world.repo_with_a_commit();
    repo.write(".env", "A=b\n");
    let name = fingerprint(&repo, "--worktree");
    repo.portcullis(&format!("explain {name}"))
        .ok()
        .says("check: `portcullis explain env-files/env-file`");
}

#[test]
fn each_command_has_a_manual_page() {
    let world = World::new();
    let dir = world.plain_dir("elsewhere");
    dir.portcullis("man").ok().says("portcullis\\-scan(1)");
    dir.portcullis("man scan").ok().says("no\\-cache");
    dir.portcullis("man baseline import").ok().says("from");
    dir.portcullis("man scna")
        .exit(2)
        .says("there is no command scna");
}

#[test]
fn help_of_a_command_is_what_the_command_says_of_itself() {
    let world = World::new();
    let dir = world.plain_dir("elsewhere");
    let says = |words: &str| dir.portcullis(words).ok().stdout;
    assert_eq!(says("help"), says("--help"));
    assert!(says("help").contains("\n  help "));
    for command in ["scan", "audit", "audit show", "baseline import", "help"] {
        let said = says(&format!("help {command}"));
        assert_eq!(said, says(&format!("{command} --help")));
        assert!(said.contains("Usage: portcullis"), "{said}");
    }
    for (wrong, name) in [
        ("help scna", "no command scna"),
        ("help audit shwo", "no command audit shwo"),
        ("help scan show", "no command scan show"),
        ("man audit shwo", "no command audit shwo"),
    ] {
        let said = dir.portcullis(wrong).exit(2);
        said.says(name).says("`portcullis help` lists them all");
    }
    dir.portcullis("man").ok().says("portcullis\\-help(1)");
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let said = dir.portcullis(&format!("completions {shell}")).ok();
        said.says("help");
    }
}

#[test]
fn plain_files_are_explained_too() {
    let world = World::new();
    let (dir, token) = (world.plain_dir("elsewhere"), world.secrets.github());
    dir.write("a.py", assigned(&token));
    let name = fingerprint(&dir, "");
    dir.portcullis(&format!("explain {name}"))
        .ok()
        .says("on disk")
        .at("a.py:1:10");
}
