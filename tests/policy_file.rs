//! The file that holds the server's policy: there, readable, regular and valid, or nothing is taken.

use crate::protect::{WHO, guarded};
use crate::world::{Repo, World, ids};
use std::fs;

/// A server whose policy was named at install time.
fn server_with_named_policy(world: &World) -> (Repo, Repo) {
    let server = world.bare("origin.git");
    let clone = world.clone_of(&server, "clone");
    clone.commit("readme.md", "nothing to see\n");
    let policy = world.path("policy.toml");
    fs::write(
        &policy,
        format!("version = 1\n{WHO}[server]\ndeadline = \"120s\"\n"),
    )
    .unwrap();
    server
        .portcullis(&format!(
            "install --server --events pre-receive --config {}",
            policy.display()
        ))
        .ok();
    clone.push("main").accepted();
    clone.commit("a.py", "a = 1\n");
    (server, clone)
}

#[test]
fn a_policy_that_was_named_and_is_gone_refuses_everything() {
    let world = World::new();
    let (_server, clone) = server_with_named_policy(&world);
    fs::remove_file(world.path("policy.toml")).unwrap();
    clone.push("main").rejected().says("policy.toml");
    clone.push("main:other").rejected().says("policy.toml");
}

#[test]
fn a_policy_that_does_not_parse_is_named_as_it_is_installed() {
    let world = World::new();
    let server = world.bare("origin.git");
    let policy = world.path("policy.toml");
    let install = format!("install --server --config {}", policy.display());
    fs::write(&policy, "version = 1\n[servr]\n").unwrap();
    let said = server.portcullis(&install).ok();
    said.says("unknown key \"servr\"")
        .says("until that is put right all is refused");
    fs::write(&policy, "version = 1\n").unwrap();
    server.portcullis(&install).ok().lacks("refused");
}

#[test]
fn a_policy_that_does_not_parse_refuses_everything_and_says_where() {
    let world = World::new();
    let (_server, clone) = server_with_named_policy(&world);
    let policy = world.path("policy.toml");
    fs::write(&policy, "version = 1\n[server\n").unwrap();
    clone
        .push("main")
        .rejected()
        .says("policy.toml")
        .at("policy.toml:2");
    fs::write(
        &policy,
        "version = 1\n\n[[protect]]\nrefs = [\"refs/heads/main\"]\npusch = []\n",
    )
    .unwrap();
    clone
        .push("main")
        .rejected()
        .at("policy.toml:5")
        .says("pusch")
        .says("push");
    fs::write(
        &policy,
        "version = 1\n[[protect]]\nrefs = \"refs/heads/main\"\npush = 3\n",
    )
    .unwrap();
    clone.push("main").rejected().says("policy.toml");
    fs::write(&policy, "version = 2\n").unwrap();
    clone
        .push("main")
        .rejected()
        .says("policy.toml")
        .says("version");
    fs::write(
        &policy,
        "version = 1\n[[protect]]\nrefs = [\"refs/heads/main\"]\npush = [\"@nobody-defined\"]\n",
    )
    .unwrap();
    clone
        .push("main")
        .rejected()
        .says("policy.toml")
        .says("nobody-defined");
}

#[test]
fn a_policy_that_is_no_regular_file_refuses_everything() {
    let world = World::new();
    let (_server, clone) = server_with_named_policy(&world);
    let policy = world.path("policy.toml");
    fs::remove_file(&policy).unwrap();
    fs::create_dir(&policy).unwrap();
    clone.push("main").rejected().says("policy.toml");
    fs::remove_dir(&policy).unwrap();
    clone.shell(&format!("mkfifo '{}'", policy.display())).ok();
    clone.push("main").rejected().says("policy.toml");
}

#[test]
fn the_policy_in_the_git_directory_is_no_less_strict_about_itself() {
    let world = World::new();
    let (server, clone, base) = guarded(&world, "");
    clone.commit("a.py", "a = 1\n");
    server.write("portcullis.toml", "version = 1\n[sercets]\n");
    clone
        .push("main")
        .rejected()
        .at("portcullis.toml:2")
        .says("sercets")
        .says("secrets");
    server.ref_is("refs/heads/main", &base);
}

#[test]
fn without_any_policy_the_built_in_packs_judge() {
    let world = World::new();
    let (server, clone, base) = guarded(&world, "");
    fs::remove_file(server.dir.join("portcullis.toml")).unwrap();
    let token = world.secrets.github();
    clone.commit("app.py", format!("token = \"{token}\"\n"));
    clone
        .push("main")
        .rejected()
        .by(ids::GITHUB)
        .without(&token);
    server.ref_is("refs/heads/main", &base);
}
