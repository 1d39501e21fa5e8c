//! Every way to make or publish a commit on a developer's machine, and the hook that meets it.

use crate::world::{Repo, Said, World, ids};
use std::fs;

fn assigned(secret: &str) -> String {
    format!("token = \"{secret}\"\n")
}

/// A repository with one harmless commit and all client hooks.
fn repo_with_hooks(world: &World) -> Repo {
    let repo = world.repo("repo");
    repo.commit("readme.md", "nothing to see\n");
    repo.install();
    repo
}

/// A clone with hooks, of a server without any that has one harmless commit on main.
fn clone_with_hooks(world: &World) -> (Repo, Repo) {
    let server = world.bare("origin.git");
    let alice = world.clone_of(&server, "alice");
    alice.commit("readme.md", "nothing to see\n");
    alice.push("main").accepted();
    alice.install();
    (server, alice)
}

#[track_caller]
fn refused(said: Said, place: &str, token: &str) {
    said.by(ids::GITHUB).at(place).without(token);
}

// ---- commit ----

#[test]
fn commit_all_is_judged_by_what_it_takes_in() {
    let world = World::new();
    let (repo, token) = (repo_with_hooks(&world), world.secrets.github());
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
    let (repo, token) = (repo_with_hooks(&world), world.secrets.github());
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
    let (repo, token) = (repo_with_hooks(&world), world.secrets.github());
    let middle = "line\n".repeat(30);
    repo.commit("a.py", format!("first\n{middle}last\n"));
    repo.write(
        "a.py",
        format!("first\n{}{middle}last\nharmless\n", assigned(&token)),
    );
    let patch = |answers: &[u8]| repo.git_fed(&["commit", "-p", "-m", "patch"], answers);
    refused(patch(b"y\nn\n").rejected(), "a.py:2", &token);
    patch(b"n\ny\n").accepted();
    assert_eq!(repo.ask("show HEAD:a.py").lines().last(), Some("harmless"));
}

#[test]
fn a_file_that_is_only_intended_is_not_judged_until_it_comes() {
    let world = World::new();
    let (repo, token) = (repo_with_hooks(&world), world.secrets.github());
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
    let (repo, token) = (repo_with_hooks(&world), world.secrets.github());
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
    let (repo, token) = (repo_with_hooks(&world), world.secrets.github());
    repo.commit("app.py", assigned(&token));
    repo.stage("b.py", "b = 1\n");
    refused(
        repo.git("commit --amend --no-edit").rejected(),
        "app.py:1",
        &token,
    );
    repo.stage("app.py", "clean = True\n");
    repo.git("commit --amend --no-edit").accepted();
}

#[test]
fn amending_a_leak_in_does_not_pass() {
    let world = World::new();
    let (repo, token) = (repo_with_hooks(&world), world.secrets.github());
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
    let (repo, token) = (repo_with_hooks(&world), world.secrets.github());
    repo.stage("app.py", assigned(&token));
    let head = repo.head();
    let said = repo.git("commit --no-verify -m hurry").rejected();
    refused(said, "app.py:1", &token);
    repo.ref_is("HEAD", &head);
}

#[test]
fn a_secret_in_the_message_is_refused() {
    let world = World::new();
    let (repo, token) = (repo_with_hooks(&world), world.secrets.github());
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
    let (repo, token) = (repo_with_hooks(&world), world.secrets.github());
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
    let (repo, token) = (repo_with_hooks(&world), world.secrets.github());
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
    let (repo, token) = (repo_with_hooks(&world), world.secrets.github());
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
    let (repo, token) = (repo_with_hooks(&world), world.secrets.github());
    repo.stage("app.py", assigned(&token))
        .write("app.py", "unstaged work\n");
    let (index, entries) = (repo.ask("ls-files -s"), repo.ask("count-objects -v"));
    repo.try_commit().rejected();
    assert_eq!(repo.ask("ls-files -s"), index);
    assert_eq!(repo.ask("count-objects -v"), entries);
    assert_eq!(
        fs::read(repo.dir.join("app.py")).unwrap(),
        b"unstaged work\n"
    );
}

// ---- merge, cherry-pick, revert, rebase ----

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
    let (repo, token) = (repo_with_hooks(&world), world.secrets.github());
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
    let (repo, token) = (repo_with_hooks(&world), world.secrets.github());
    leak_on_side(&repo, &token);
    repo.commit("main.py", "main = 1\n");
    repo.git("merge --no-ff --no-edit side").accepted();
}

#[test]
fn a_squashed_merge_is_a_plain_commit() {
    let world = World::new();
    let (repo, token) = (repo_with_hooks(&world), world.secrets.github());
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
    let (repo, token) = (repo_with_hooks(&world), world.secrets.github());
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
    let (repo, token) = (repo_with_hooks(&world), world.secrets.github());
    leak_on_side(&repo, &token);
    repo.commit("main.py", "main = 1\n");
    let head = repo.head();
    refused(repo.git("cherry-pick side").rejected(), "side.py:1", &token);
    repo.ref_is("HEAD", &head);
}

#[test]
fn a_revert_that_brings_a_secret_back_is_refused() {
    let world = World::new();
    let (repo, token) = (repo_with_hooks(&world), world.secrets.github());
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
    let (repo, token) = (repo_with_hooks(&world), world.secrets.github());
    let leak = leak_on_side(&repo, &token);
    repo.commit("main.py", "main = 1\n");
    refused(repo.git("rebase main side").rejected(), "side.py:1", &token);
    repo.ref_is("refs/heads/side", &leak);
}

#[test]
fn a_harmless_cherry_pick_revert_and_rebase_pass() {
    let world = World::new();
    let repo = repo_with_hooks(&world);
    repo.git("switch -q -c side").ok();
    repo.commit("side.py", "side = 1\n");
    repo.git("switch -q main").ok();
    repo.commit("main.py", "main = 1\n");
    repo.git("cherry-pick side").accepted();
    repo.git("revert --no-edit HEAD").accepted();
    repo.git("rebase main side").accepted();
}

// ---- push ----

#[test]
fn a_first_push_is_judged_whole() {
    let world = World::new();
    let server = world.bare("origin.git");
    let (alice, token) = (world.clone_of(&server, "alice"), world.secrets.github());
    alice.install();
    alice.commit("app.py", assigned(&token));
    refused(alice.push("main").rejected(), "app.py:1", &token);
    server.lacks_ref("refs/heads/main");
}

#[test]
fn what_is_added_and_removed_within_one_push_is_found() {
    let world = World::new();
    let (server, alice) = clone_with_hooks(&world);
    let (token, base) = (world.secrets.github(), alice.head());
    let leak = alice.commit("app.py", assigned(&token));
    alice.commit_without("app.py");
    let said = alice.push("main").rejected().says(&leak[..7]);
    refused(said, "app.py:1", &token);
    server.ref_is("refs/heads/main", &base);
}

#[test]
fn the_bad_ref_is_found_in_every_position() {
    for bad in 0..3 {
        let world = World::new();
        let (server, alice) = clone_with_hooks(&world);
        let token = world.secrets.github();
        for (index, branch) in ["first", "second", "third"].into_iter().enumerate() {
            alice.git(&format!("switch -q -c {branch} main")).ok();
            let content = if index == bad {
                assigned(&token)
            } else {
                "a = 1\n".into()
            };
            alice.commit(format!("{branch}.py"), content);
        }
        let name = ["first", "second", "third"][bad];
        let said = alice.push("first second third").rejected().says(name);
        refused(said, &format!("{name}.py:1"), &token);
        for branch in ["first", "second", "third"] {
            server.lacks_ref(&format!("refs/heads/{branch}"));
        }
    }
}

#[test]
fn a_deletion_in_front_of_it_hides_no_ref() {
    let world = World::new();
    let (server, alice) = clone_with_hooks(&world);
    let token = world.secrets.github();
    alice.push("main:old").accepted();
    alice.commit("app.py", assigned(&token));
    refused(alice.push(":old main").rejected(), "app.py:1", &token);
    assert!(server.value_of("refs/heads/old").is_some());
}

#[test]
fn to_delete_a_remote_branch_is_no_leak() {
    let world = World::new();
    let (server, alice) = clone_with_hooks(&world);
    alice.push("main:old").accepted();
    alice.push("--delete old").accepted();
    server.lacks_ref("refs/heads/old");
}

#[test]
fn a_pushed_tag_is_judged_message_and_all() {
    let world = World::new();
    let (server, alice) = clone_with_hooks(&world);
    let token = world.secrets.github();
    alice
        .git_with(&["tag", "-a", "v1", "-m", &format!("with {token}")])
        .ok();
    alice.push("v1").rejected().by(ids::GITHUB).without(&token);
    let blob = alice.blob(assigned(&token));
    alice.git(&format!("tag blob {blob}")).ok();
    alice
        .push("blob")
        .rejected()
        .by(ids::GITHUB)
        .without(&token);
    server.lacks_ref("refs/tags/v1").lacks_ref("refs/tags/blob");
    alice.git("tag -a v2 -m release").ok();
    alice.push("v2").accepted();
}

#[test]
fn what_the_server_has_is_not_judged_again() {
    let world = World::new();
    let server = world.bare("origin.git");
    let (alice, token) = (world.clone_of(&server, "alice"), world.secrets.github());
    alice.commit("app.py", assigned(&token));
    alice.push("main").accepted();
    alice.install();
    alice.append("app.py", "a = 1").git("add .").ok();
    let next = alice.commit_staged("harmless");
    alice.push("main main:topic").accepted();
    server
        .ref_is("refs/heads/main", &next)
        .ref_is("refs/heads/topic", &next);
}

#[test]
fn a_push_by_url_and_a_forced_one_are_judged() {
    let world = World::new();
    let (server, alice) = clone_with_hooks(&world);
    let (token, base) = (world.secrets.github(), alice.head());
    alice.stage("app.py", assigned(&token));
    alice
        .git("-c core.hooksPath=/dev/null commit -q --amend --no-edit")
        .ok();
    refused(alice.push("+main").rejected(), "app.py:1", &token);
    let url = server.dir.display().to_string();
    let said = alice
        .git_with(&["push", &url, "main:refs/heads/other"])
        .rejected();
    refused(said, "app.py:1", &token);
    server
        .ref_is("refs/heads/main", &base)
        .lacks_ref("refs/heads/other");
}

#[test]
fn a_push_with_nothing_to_push_passes() {
    let world = World::new();
    let (_server, alice) = clone_with_hooks(&world);
    alice.push("main").accepted();
}
