//! Every way to make a commit on a developer's machine, and the hook that meets it.

use crate::world::{Said, World, assigned, ids};
use std::fs;

#[track_caller]
pub(crate) fn refused(said: Said, place: &str, token: &str) {
    said.by(ids::GITHUB).at(place).without(token);
}

#[test]
fn commit_all_is_judged_by_what_it_takes_in() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
    repo.append("readme.md", &format!("token = \"{token}\""));
    let head = repo.head();
    refused(
        repo.git("commit -a -m all").rejected(),
        "readme.md:2",
        &token,
    );
    repo.ref_is("HEAD", &head);
}

#[test]
fn commit_by_path_is_judged_by_that_path_alone() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
    repo.commit("a.py", "a = 1\n");
    repo.stage("staged.py", assigned(&token));
    repo.append("a.py", "a = 2");
    repo.git("commit -m path a.py").accepted();
    repo.append("a.py", &format!("token = \"{token}\""));
    repo.git("reset -q staged.py").ok();
    refused(repo.git("commit -m path a.py").rejected(), "a.py:3", &token);
}

#[test]
fn commit_patch_is_judged_by_the_hunks_that_were_chosen() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
    let middle = "line\n".repeat(30);
    repo.commit("a.py", format!("first\n{middle}last\n"));
    repo.write(
        "a.py",
        format!("first\n{}{middle}last\nharmless\n", assigned(&token)),
    );
    let patch = |answers: &[u8]| repo.git_fed(&["commit", "-p", "-m", "patch"], answers);
    let said = patch(b"y\nn\n").rejected().by(ids::GITHUB).at("a.py:2");
    // Git itself has shown the hunk on standard output.
    assert!(!said.stderr.contains(&token), "the hook shows the secret");
    patch(b"n\ny\n").accepted();
    assert_eq!(repo.ask("show HEAD:a.py").lines().last(), Some("harmless"));
}

#[test]
fn a_file_that_is_only_intended_is_not_judged_until_it_comes() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
    repo.write("later.py", assigned(&token))
        .git("add -N later.py")
        .ok();
    repo.stage("a.py", "a = 1\n").try_commit().accepted();
    refused(
        repo.git("commit -a -m all").rejected(),
        "later.py:1",
        &token,
    );
}

#[test]
fn a_commit_from_a_subdirectory_is_judged_whole() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
    repo.stage("src/app.py", assigned(&token))
        .stage("docs/a.md", "# a\n");
    refused(
        repo.within("docs").try_commit().rejected(),
        "src/app.py:1",
        &token,
    );
    repo.git("reset -q src/app.py").ok();
    repo.within("docs")
        .append("a.md", &format!("token = \"{token}\""));
    refused(
        repo.within("docs").git("commit -a -m x").rejected(),
        "docs/a.md:2",
        &token,
    );
}

#[test]
fn amending_a_leak_away_passes_and_keeping_it_does_not() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
    repo.commit("app.py", assigned(&token));
    repo.stage("b.py", "b = 1\n");
    // Git tells prepare-commit-msg of the amending in the first case alone, and takes options short.
    for command in [
        "commit --amend --no-edit",
        "commit --amend -m anew",
        "commit --am -m anew",
        "commit -q --amen -m anew",
    ] {
        refused(repo.git(command).rejected(), "app.py:1", &token);
    }
    repo.stage("app.py", "clean = True\n");
    repo.git("commit --amend --no-edit").accepted();
}

#[test]
fn amending_a_leak_in_does_not_pass() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
    repo.commit("app.py", "a = 1\n");
    repo.stage("app.py", assigned(&token));
    let head = repo.head();
    refused(
        repo.git("commit --amend --no-edit").rejected(),
        "app.py:1",
        &token,
    );
    repo.ref_is("HEAD", &head);
}

#[test]
fn no_verify_is_met_by_prepare_commit_msg() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
    repo.stage("app.py", assigned(&token));
    let head = repo.head();
    let said = repo.git("commit --no-verify -m hurry").rejected();
    refused(said, "app.py:1", &token);
    repo.ref_is("HEAD", &head);
}

#[test]
fn a_secret_in_the_message_is_refused() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
    repo.stage("app.py", "a = 1\n");
    let message = format!("deploy\n\nused {token} for it");
    let head = repo.head();
    repo.git_with(&["commit", "-m", &message])
        .rejected()
        .by(ids::GITHUB)
        .without(&token);
    repo.ref_is("HEAD", &head);
    repo.git_with(&["commit", "-m", "deploy"]).accepted();
}

#[test]
fn a_submodule_is_a_link_and_no_content() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
    let inner = world.repo("inner");
    inner.commit("app.py", assigned(&token));
    let url = inner.dir.display().to_string();
    repo.git_with(&["submodule", "add", "-q", &url, "inner"])
        .ok();
    assert!(repo.scan("--staged").ok().json().covered("skipped") >= 1);
    repo.try_commit().accepted();
}

#[test]
fn the_hooks_of_a_submodule_judge_the_submodule() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
    let inner = world.repo("inner");
    inner.commit("app.py", "a = 1\n");
    let url = inner.dir.display().to_string();
    repo.git_with(&["submodule", "add", "-q", &url, "inner"])
        .ok();
    repo.try_commit().accepted();
    let sub = repo.within("inner");
    sub.install().stage("leak.py", assigned(&token));
    refused(sub.try_commit().rejected(), "leak.py:1", &token);
    sub.stage("leak.py", "a = 1\n").try_commit().accepted();
}

#[test]
fn a_linked_worktree_is_judged_by_its_own_index() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
    repo.git("worktree add -q ../linked -b linked").ok();
    let linked = repo.within("../linked");
    repo.stage("other.py", assigned(&token));
    linked.stage("a.py", "a = 1\n").try_commit().accepted();
    linked.stage("leak.py", assigned(&token));
    linked
        .scan("--staged")
        .exit(1)
        .json()
        .one(ids::GITHUB, "leak.py:1");
    refused(linked.try_commit().rejected(), "leak.py:1", &token);
    refused(
        linked.git("commit -a --no-verify -m x").rejected(),
        "leak.py:1",
        &token,
    );
}

#[test]
fn a_refusal_leaves_index_and_worktree_as_they_were() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
    repo.stage("app.py", assigned(&token))
        .write("app.py", "unstaged work\n");
    let before = repo.snapshot();
    repo.git("hook run pre-commit").rejected();
    assert!(
        repo.snapshot() == before,
        "the hook has changed the repository"
    );
    let index = repo.ask("ls-files -s");
    repo.try_commit().rejected();
    assert_eq!(repo.ask("ls-files -s"), index);
    assert_eq!(
        fs::read(repo.dir.join("app.py")).unwrap(),
        b"unstaged work\n"
    );
}
