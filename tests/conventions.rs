//! What `.portcullis.toml` may excuse, and that it excuses no more.

use crate::world::{Repo, World, assigned, ids};
use sha2::{Digest as _, Sha256};

fn repo_with_hooks(world: &World, config: &str) -> Repo {
    let repo = world.repo("repo");
    repo.commit("readme.md", "nothing to see\n");
    repo.config(config).install();
    repo
}

fn rule(check: &str) -> &str {
    check.split_once('/').unwrap().1
}

#[test]
fn a_rule_that_is_switched_off_is_silent_and_the_others_are_not() {
    let world = World::new();
    let config = format!("[secrets]\ndisable = [\"{}\"]", rule(ids::GITHUB));
    let (repo, secrets) = (repo_with_hooks(&world, &config), &world.secrets);
    // Not assigned to anything, so that no rule for any secret speaks up instead.
    repo.stage("a.py", format!("# see {}\n", secrets.github()))
        .stage("b.py", format!("# see {}\n", secrets.gitlab()));
    let report = repo.scan("--staged").exit(1).json();
    report.one(ids::GITLAB, "b.py:1");
    assert!(report.by(ids::GITHUB).is_empty());
    repo.try_commit()
        .rejected()
        .by(ids::GITLAB)
        .not_by(ids::GITHUB);
}

#[test]
fn an_allowance_holds_where_all_of_its_keys_hold() {
    let world = World::new();
    let config = format!(
        "[[secrets.allow]]\npaths = [\"fixtures/**\"]\nrules = [\"{}\"]\nreason = \"made up\"",
        rule(ids::GITHUB)
    );
    let (repo, secrets) = (repo_with_hooks(&world, &config), &world.secrets);
    repo.stage("fixtures/deep/a.py", assigned(&secrets.github()));
    let report = repo.scan("--staged").ok().json();
    let suppressed = &report.nothing().value["suppressed"][0];
    assert_eq!(suppressed["by"], "allowlist");
    assert_eq!(suppressed["reason"], "made up");
    repo.try_commit().accepted();
    repo.stage("src/a.py", assigned(&secrets.github()));
    repo.stage("fixtures/b.py", assigned(&secrets.gitlab()));
    let report = repo.scan("--staged").exit(1).json();
    report.one(ids::GITHUB, "src/a.py:1");
    report.one(ids::GITLAB, "fixtures/b.py:1");
    assert_eq!(report.findings().len(), 2);
}

#[test]
fn an_allowed_value_is_named_by_its_digest() {
    let world = World::new();
    let (known, other) = (world.secrets.github(), world.secrets.github());
    let digest: String = Sha256::digest(&known)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let config = format!("[[secrets.allow]]\nvalues = [\"sha256:{digest}\"]\nreason = \"public\"");
    let repo = repo_with_hooks(&world, &config);
    repo.stage("a.py", assigned(&known))
        .stage("b.py", assigned(&other));
    let report = repo.scan("--staged").exit(1).json();
    report.one(ids::GITHUB, "b.py:1");
    assert_eq!(report.findings().len(), 1);
}

#[test]
fn an_allowance_ends_on_its_day() {
    for (day, holds) in [("2999-12-31", true), ("2001-01-01", false)] {
        let world = World::new();
        let config =
            format!("[[secrets.allow]]\npaths = [\"**\"]\nreason = \"for now\"\nexpires = {day}");
        let (repo, token) = (repo_with_hooks(&world, &config), world.secrets.github());
        repo.stage("a.py", assigned(&token));
        let ran = repo.scan("--staged");
        if holds {
            ran.ok().json().nothing();
        } else {
            ran.exit(1).json().one(ids::GITHUB, "a.py:1");
        }
    }
}

#[test]
fn what_is_less_sure_than_asked_for_is_said_and_blocks_nothing() {
    let world = World::new();
    let repo = repo_with_hooks(&world, "[secrets]\nmin_confidence = \"high\"");
    let password = world.secrets.weak_password();
    repo.stage("db.ini", format!("DB_PASSWORD={password}\n"));
    let report = repo.scan("--staged").ok().without(&password).json();
    let finding = report.outcome("accepted").one(ids::PASSWORD, "db.ini:1");
    assert_eq!(finding["level"], "warn");
    repo.try_commit().accepted();
}

#[test]
fn another_configuration_can_be_named() {
    let world = World::new();
    let (repo, token) = (repo_with_hooks(&world, ""), world.secrets.github());
    repo.stage("a.py", format!("# see {token}\n"));
    let lenient = format!(
        "version = 1\n[secrets]\ndisable = [\"{}\"]\n",
        rule(ids::GITHUB)
    );
    repo.write("../lenient.toml", lenient);
    repo.scan("--staged").exit(1);
    repo.scan("--staged --config ../lenient.toml")
        .ok()
        .json()
        .nothing();
}

#[test]
fn an_allowance_that_does_nothing_any_more_is_said() {
    let world = World::new();
    let config = "[[secrets.allow]]\npaths = [\"used.py\"]\nreason = \"made up\"\n\
                  [[secrets.allow]]\npaths = [\"gone/**\"]\nrules = [\"private-key\"]\n\
                  [[secrets.allow]]\npaths = [\"old/**\"]\nexpires = 2001-01-01";
    let repo = repo_with_hooks(&world, config);
    repo.commit("used.py", assigned(&world.secrets.github()));
    repo.portcullis("scan -v")
        .ok()
        .says("stale: [[secrets.allow]] of paths gone/**; rules private-key")
        .says("stale: [[secrets.allow]] of paths old/**: has expired")
        .lacks("of paths used.py");
    repo.portcullis("scan").ok().lacks("stale");
    // A look at a part tells nothing of the rest, but a day that has come has come.
    repo.portcullis("scan --staged -v")
        .ok()
        .lacks("gone/**")
        .says("old/**");
}
