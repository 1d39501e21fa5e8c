//! `portcullis:allow(RULE) reason` on a line: what it takes out, and for whom.

use crate::world::{World, ids};

/// The name of a rule, without its pack.
fn rule(check: &str) -> &str {
    check.split_once('/').unwrap().1
}

fn marked(secret: &str, check: &str) -> String {
    format!(
        "token = \"{secret}\"  # portcullis:{}({}) a test account\n",
        "allow",
        rule(check)
    )
}

#[test]
fn a_mark_takes_out_its_rule_on_its_line_and_says_why() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
    repo.stage("app.py", marked(&token, ids::GITHUB));
    let report = repo.scan("--staged").ok().without(&token).json();
    report.outcome("accepted").nothing();
    let suppressed = &report.value["suppressed"][0];
    assert_eq!(suppressed["check"], ids::GITHUB, "{:#}", report.value);
    assert_eq!(suppressed["by"], "inline");
    assert_eq!(suppressed["reason"], "a test account");
    repo.try_commit().accepted();
}

#[test]
fn the_next_line_is_not_excused() {
    let world = World::new();
    let (repo, secrets) = (world.repo_with_hooks(), &world.secrets);
    let (first, second) = (secrets.github(), secrets.github());
    repo.stage(
        "app.py",
        format!("{}token = \"{second}\"\n", marked(&first, ids::GITHUB)),
    );
    repo.scan("--staged")
        .exit(1)
        .json()
        .one(ids::GITHUB, "app.py:2");
    repo.try_commit().rejected().at("app.py:2").without(&second);
}

#[test]
fn another_rule_on_the_line_is_not_excused() {
    let world = World::new();
    let (repo, secrets) = (world.repo_with_hooks(), &world.secrets);
    let (github, gitlab) = (secrets.github(), secrets.gitlab());
    let line = format!("a = \"{gitlab}\"; {}", marked(&github, ids::GITHUB));
    repo.stage("app.py", line);
    let report = repo.scan("--staged").exit(1).json();
    report.one(ids::GITLAB, "app.py:1");
    assert!(report.by(ids::GITHUB).is_empty());
    repo.try_commit()
        .rejected()
        .by(ids::GITLAB)
        .without(&gitlab);
}

#[test]
fn a_mark_for_a_rule_that_is_not_there_excuses_nothing() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
    for name in ["no-such-rule", "", "*"] {
        let mark = format!("portcullis:{}({name}) because", "allow");
        repo.stage("app.py", format!("token = \"{token}\"  # {mark}\n"));
        repo.try_commit().rejected().by(ids::GITHUB);
    }
}

#[test]
fn a_server_does_not_believe_a_mark() {
    let world = World::new();
    let server = world.bare("origin.git").hook("pre-receive");
    let (alice, token) = (world.clone_of(&server, "alice"), world.secrets.github());
    let leak = alice.commit("app.py", marked(&token, ids::GITHUB));
    alice
        .push("main")
        .rejected()
        .by(ids::GITHUB)
        .at("app.py:1")
        .without(&token);
    server.lacks_object(&leak).lacks_ref("refs/heads/main");
}

#[test]
fn a_server_believes_a_mark_where_its_policy_says_so() {
    let world = World::new();
    let server = world
        .bare("origin.git")
        .hook("pre-receive")
        .policy("[trust]\ninline = \"honor\"\n");
    let (alice, token) = (world.clone_of(&server, "alice"), world.secrets.github());
    let marked = alice.commit("app.py", marked(&token, ids::GITHUB));
    alice.push("main").accepted();
    server.ref_is("refs/heads/main", &marked);
}
