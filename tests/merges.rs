//! Merge, cherry-pick, revert and rebase: commits that Git makes for people, and what meets them.

use crate::commits::refused;
use crate::world::{Repo, World, assigned};

/// A branch `side` that came from elsewhere and holds a token in `side.py`.
fn leak_on_side(repo: &Repo, token: &str) -> String {
    repo.git("switch -q -c side").ok();
    let leak = repo.commit("side.py", assigned(token));
    repo.git("-c core.hooksPath=/dev/null switch -q main").ok();
    leak
}

#[test]
fn a_merge_that_itself_brings_in_a_secret_is_refused() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
    repo.git("switch -q -c side").ok();
    repo.commit("side.py", "side = 1\n");
    repo.git("switch -q main").ok();
    repo.commit("main.py", "main = 1\n");
    repo.git("merge --no-ff --no-commit side").ok();
    repo.stage("evil.py", assigned(&token));
    refused(repo.git("commit -m merge").rejected(), "evil.py:1", &token);
    repo.stage("evil.py", "clean = True\n");
    repo.git("commit -m merge").accepted();
}

#[test]
fn a_merge_is_not_blamed_for_what_its_parents_have() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
    leak_on_side(&repo, &token);
    repo.commit("main.py", "main = 1\n");
    repo.git("merge --no-ff --no-edit side").accepted();
}

#[test]
fn a_squashed_merge_is_a_plain_commit() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
    leak_on_side(&repo, &token);
    repo.git("merge -q --squash side").ok();
    refused(
        repo.git("commit -m squashed").rejected(),
        "side.py:1",
        &token,
    );
}

#[test]
fn a_conflict_is_judged_by_its_resolution() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
    repo.commit("a.py", "a = 0\n");
    leak_on_side(&repo, &token);
    repo.git("switch -q side").ok();
    repo.commit("a.py", "a = 1\n");
    repo.git("switch -q main").ok();
    repo.commit("a.py", "a = 2\n");
    repo.git("merge side").exit(1);
    repo.stage("a.py", format!("a = 3\n{}", assigned(&token)));
    refused(
        repo.git("commit --no-edit").rejected().not_by("side.py:1"),
        "a.py:2",
        &token,
    );
    repo.stage("a.py", "a = 3\n");
    repo.git("commit --no-edit").accepted();
}

#[test]
fn a_cherry_pick_is_refused() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
    leak_on_side(&repo, &token);
    repo.commit("main.py", "main = 1\n");
    let head = repo.head();
    refused(repo.git("cherry-pick side").rejected(), "side.py:1", &token);
    repo.ref_is("HEAD", &head);
}

#[test]
fn a_revert_that_brings_a_secret_back_is_refused() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
    repo.commit("app.py", assigned(&token));
    let head = repo.commit_without("app.py");
    refused(
        repo.git("revert --no-edit HEAD").rejected(),
        "app.py:1",
        &token,
    );
    repo.ref_is("HEAD", &head);
}

#[test]
fn a_rebase_of_a_leak_is_refused() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
    let leak = leak_on_side(&repo, &token);
    repo.commit("main.py", "main = 1\n");
    refused(repo.git("rebase main side").rejected(), "side.py:1", &token);
    repo.ref_is("refs/heads/side", &leak);
}

#[test]
fn a_harmless_cherry_pick_revert_and_rebase_pass() {
    let world = World::new();
    let repo = world.repo_with_hooks();
    repo.git("switch -q -c side").ok();
    repo.commit("side.py", "side = 1\n");
    repo.git("switch -q main").ok();
    repo.commit("main.py", "main = 1\n");
    repo.git("cherry-pick side").accepted();
    repo.git("revert --no-edit HEAD").accepted();
    repo.git("rebase main side").accepted();
}
