//! Every shape that a repository may have; where this Git cannot make one, its scenario ends early.

use crate::world::report::text;
use crate::world::{Repo, World, assigned, ids};
use std::fs;

/// Through the client's hooks, the hand scans and the history: the token is found each time, and
/// what is harmless passes.
#[track_caller]
fn judged_as_usual(world: &World, repo: &Repo) {
    let token = world.secrets.github();
    repo.commit("readme.md", "nothing to see\n");
    repo.install();
    repo.stage("app.py", assigned(&token));
    repo.scan("--staged")
        .exit(1)
        .json()
        .one(ids::GITHUB, "app.py:1");
    repo.try_commit()
        .rejected()
        .by(ids::GITHUB)
        .at("app.py:1")
        .without(&token);
    repo.git("commit --no-verify -m x")
        .rejected()
        .at("app.py:1");
    repo.git("reset -q --hard").ok();
    repo.stage("b.py", "b = 1\n").try_commit().accepted();
    repo.scan("--worktree").ok();

    let leak = repo.commit("app.py", assigned(&token));
    repo.commit_without("app.py");
    let found = |words: &str| {
        let report = repo.scan(words).exit(1).without(&token).json();
        let finding = report.one(ids::GITHUB, "app.py:1");
        assert_eq!(text(&finding["place"]["commit"]), leak, "scan {words}");
    };
    found("");
    found("--range HEAD");
    repo.git("gc -q").ok();
    found("");
}

/// A server of this shape refuses and takes as any other does.
#[track_caller]
fn guarded_as_usual(world: &World, server: &Repo, clone: &Repo) {
    let token = world.secrets.github();
    let base = clone.commit("readme.md", "nothing to see\n");
    clone.push("main").accepted();
    let leak = clone.commit("app.py", assigned(&token));
    clone.commit_without("app.py");
    clone
        .push("main")
        .rejected()
        .by(ids::GITHUB)
        .at("app.py:1")
        .without(&token);
    server
        .ref_is("refs/heads/main", &base)
        .lacks_object(&leak)
        .has_no_quarantine();
    clone.git(&format!("reset -q --hard {base}")).ok();
    clone.push("main:other").accepted();
    clone.push(":other").accepted();
    server.lacks_ref("refs/heads/other");
}

#[test]
fn sha_256() {
    let world = World::new();
    let Some(repo) = world.try_init("repo", &["--object-format=sha256"]) else {
        return;
    };
    judged_as_usual(&world, &repo);
}

#[test]
fn sha_256_on_a_server() {
    let world = World::new();
    let Some(server) = world.try_init("origin.git", &["--bare", "--object-format=sha256"]) else {
        return;
    };
    let server = server.policy("").hook("pre-receive");
    let clone = world.init("clone", &["--object-format=sha256"]);
    clone
        .git_with(&["remote", "add", "origin", &server.dir.display().to_string()])
        .ok();
    guarded_as_usual(&world, &server, &clone);
}

#[test]
fn reftable() {
    let world = World::new();
    let Some(repo) = world.try_init("repo", &["--ref-format=reftable"]) else {
        return;
    };
    judged_as_usual(&world, &repo);
}

#[test]
fn reftable_on_a_server() {
    let world = World::new();
    let Some(server) = world.try_init("origin.git", &["--bare", "--ref-format=reftable"]) else {
        return;
    };
    let server = server.policy("").hook("pre-receive");
    let clone = world.clone_of(&server, "clone");
    guarded_as_usual(&world, &server, &clone);
}

#[test]
fn a_bare_repository() {
    let world = World::new();
    let server = world.bare("origin.git").hook("pre-receive");
    let clone = world.clone_of(&server, "clone");
    guarded_as_usual(&world, &server, &clone);
}

#[test]
fn a_repository_that_is_pushed_into_its_worktree() {
    let world = World::new();
    let server = world.repo("deployed");
    server
        .git("config receive.denyCurrentBranch updateInstead")
        .ok();
    let guard = world.bare("guard.git").hook("pre-receive");
    let hooks = guard.dir.join("hooks").display().to_string();
    server.git(&format!("config core.hooksPath {hooks}")).ok();
    let server = server.within(".git").policy("");
    let clone = world.clone_of(&server, "clone");
    guarded_as_usual(&world, &server, &clone);
}

#[test]
fn a_split_index() {
    let world = World::new();
    let repo = world.repo("repo");
    repo.git("config core.splitIndex true").ok();
    repo.git("config splitIndex.maxPercentChange 100").ok();
    for index in 0..30 {
        repo.stage(format!("file{index}.py"), "a = 1\n");
    }
    repo.commit_staged("many files");
    repo.git("update-index --split-index").ok();
    judged_as_usual(&world, &repo);
}

#[test]
fn a_sparse_index() {
    let world = World::new();
    let repo = world.repo("repo");
    for dir in ["kept", "left", "right/deep"] {
        repo.stage(format!("{dir}/a.py"), "a = 1\n");
    }
    repo.commit_staged("many directories");
    repo.git("sparse-checkout init --cone --sparse-index").ok();
    repo.git("sparse-checkout set kept").ok();
    assert!(
        repo.ask("ls-files --sparse").contains("left/\n"),
        "no sparse index"
    );
    judged_as_usual(&world, &repo);
    let token = world.secrets.gitlab();
    repo.stage("kept/b.py", assigned(&token));
    repo.try_commit()
        .rejected()
        .at("kept/b.py:1")
        .without(&token);
}

#[test]
fn an_index_of_version_4_with_all_extensions() {
    let world = World::new();
    let repo = world.repo("repo");
    repo.git("config index.version 4").ok();
    repo.git("config core.untrackedCache true").ok();
    repo.git("config feature.manyFiles true").ok();
    judged_as_usual(&world, &repo);
}

#[test]
fn a_linked_worktree() {
    let world = World::new();
    let main = world.repo("main");
    main.commit("readme.md", "nothing to see\n");
    main.git("worktree add -q ../linked -b linked").ok();
    judged_as_usual(&world, &main.within("../linked"));
}

#[test]
fn a_worktree_with_its_own_configuration() {
    let world = World::new();
    let repo = world.repo("repo");
    repo.git("config extensions.worktreeConfig true").ok();
    judged_as_usual(&world, &repo);
}

#[test]
fn a_git_directory_that_lies_elsewhere() {
    let world = World::new();
    let elsewhere = world.path("elsewhere.git").display().to_string();
    let repo = world.init("repo", &["--separate-git-dir", &elsewhere]);
    judged_as_usual(&world, &repo);
}

/// A server with a token in the history of main, not at its tip.
fn server_with_a_leak(world: &World, token: &str) -> (Repo, String) {
    let server = world.bare("origin.git");
    server.git("config uploadpack.allowFilter true").ok();
    let author = world.clone_of(&server, "author");
    author.commit("readme.md", "nothing to see\n");
    let leak = author.commit("app.py", assigned(token));
    author.commit_without("app.py");
    author.push("main").accepted();
    (server, leak)
}

#[test]
fn a_shallow_clone_is_read_as_far_as_it_goes() {
    let world = World::new();
    let token = world.secrets.github();
    let (server, leak) = server_with_a_leak(&world, &token);
    let shallow = world.clone_with(&server, "shallow", &["--depth=2"]);
    let report = shallow.scan("").exit(1).without(&token).json();
    assert_eq!(
        text(&report.one(ids::GITHUB, "app.py:1")["place"]["commit"]),
        leak
    );
    let tip = world.clone_with(&server, "tip", &["--depth=1"]);
    tip.scan("").ok().json().nothing();
    tip.install().stage("new.py", assigned(&token));
    tip.try_commit().rejected().at("new.py:1");
    tip.stage("new.py", "a = 1\n").try_commit().accepted();
    tip.push("main").accepted();
}

#[test]
fn a_push_into_a_shallow_server_is_judged() {
    let world = World::new();
    let token = world.secrets.github();
    let (origin, _) = server_with_a_leak(&world, &token);
    let server = world.clone_with(&origin, "shallow.git", &["--depth=1", "--bare"]);
    let server = server.policy("").hook("pre-receive");
    let clone = world.clone_with(&server, "clone", &["--depth=1"]);
    let next = clone.commit("a.py", "a = 1\n");
    clone.push("main").accepted();
    clone.commit("leak.py", assigned(&token));
    clone
        .push("main")
        .rejected()
        .at("leak.py:1")
        .without(&token);
    server.ref_is("refs/heads/main", &next);
}

#[test]
fn a_partial_clone_whose_remote_is_gone_is_undecided() {
    let world = World::new();
    let token = world.secrets.github();
    let (server, _) = server_with_a_leak(&world, &token);
    let partial = world.clone_with(&server, "partial", &["--filter=blob:none"]);
    fs::rename(&server.dir, world.path("moved.git")).unwrap();
    let report = partial.scan("").exit(3).json();
    report.outcome("undecided").nothing();
    let unread = report.value["unread"].as_array().map_or(0, Vec::len);
    assert!(unread >= 1, "nothing is named as unread");
    partial
        .install()
        .stage("b.py", "b = 1\n")
        .try_commit()
        .accepted();
    partial.stage("leak.py", assigned(&token));
    partial.try_commit().rejected().at("leak.py:1");
}

#[test]
fn a_scan_of_a_partial_clone_downloads_nothing() {
    let world = World::new();
    let token = world.secrets.github();
    let (server, _) = server_with_a_leak(&world, &token);
    let partial = world.clone_with(&server, "partial", &["--filter=blob:none"]);
    let before = partial.snapshot();
    partial.scan("").exit(3);
    assert!(partial.snapshot() == before, "a scan has changed the clone");
}

#[test]
fn borrowed_objects_are_read_too() {
    let world = World::new();
    let token = world.secrets.github();
    let (server, leak) = server_with_a_leak(&world, &token);
    let origin = server.dir.display().to_string();
    let borrower = world.clone_with(
        &server,
        "borrower",
        &["--reference", &origin, "--no-checkout"],
    );
    assert!(borrower.dir.join(".git/objects/info/alternates").is_file());
    let report = borrower.scan("").exit(1).without(&token).json();
    assert_eq!(
        text(&report.one(ids::GITHUB, "app.py:1")["place"]["commit"]),
        leak
    );
}

#[test]
fn a_server_that_borrows_objects_judges_a_push() {
    let world = World::new();
    let token = world.secrets.github();
    let (pool, _) = server_with_a_leak(&world, &token);
    let fork = world.clone_with(&pool, "fork.git", &["--bare", "--shared"]);
    let fork = fork.policy("").hook("pre-receive");
    let clone = world.clone_of(&fork, "clone");
    let next = clone.commit("a.py", "a = 1\n");
    clone.push("main").accepted();
    clone.commit("leak.py", assigned(&token));
    clone
        .push("main")
        .rejected()
        .by(ids::GITHUB)
        .at("leak.py:1")
        .without(&token);
    fork.ref_is("refs/heads/main", &next);
}
