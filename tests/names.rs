//! A secret as the name of a file or a ref: whoever lists the repository reads it.

use crate::world::{World, ids};

#[test]
fn a_token_as_a_file_name_does_not_come_in() {
    let world = World::new();
    let (repo, token) = (world.repo_with_a_commit(), world.secrets.github());
    let path = format!("notes/{token}.txt");
    repo.stage(&path, "nothing\n");
    let said = repo.scan("--staged").rejected().by(ids::GITHUB);
    said.says("in the name of a file").without(&token);
    repo.commit_staged("note");
    for look in ["", "--worktree", "--files .", "--range HEAD~1..HEAD"] {
        let said = repo.scan(look).rejected().by(ids::GITHUB);
        said.without(&token);
    }
    // Under another name the old one is still in the history, and nowhere else.
    repo.git(&format!("mv {path} notes/a.txt")).ok();
    repo.commit_staged("rename");
    repo.scan("--worktree").accepted();
    repo.scan("").rejected().by(ids::GITHUB);
}

#[test]
fn a_name_that_only_looks_long_is_a_name() {
    let world = World::new();
    let repo = world.repo_with_a_commit();
    for path in [
        "docs/password=correct-horse-battery-staple.md",
        "objects/0123456789abcdef0123456789abcdef01234567",
        "src/a_very_long_secret_token_provider_factory.rs",
    ] {
        repo.stage(path, "nothing\n");
    }
    repo.scan("--staged").accepted().json().nothing();
}

#[test]
fn a_token_as_a_branch_name_is_refused_by_the_server() {
    let world = World::new();
    let server = world.bare("origin.git").hook("pre-receive");
    let (alice, token) = (world.clone_of(&server, "alice"), world.secrets.github());
    alice.commit("a.txt", "nothing\n");
    let said = alice
        .push(&format!("HEAD:refs/heads/fix/{token}"))
        .rejected();
    said.by(ids::GITHUB).says("in the name of a ref");
    server.lacks_ref(&format!("refs/heads/fix/{token}"));
    alice.push("HEAD:refs/heads/fix/it").accepted();
}
