//! Pack `env-files`: files that hold an environment stay out, whatever is in them.

use crate::world::{World, ids};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const HARMLESS: &str = "GREETING=hello\n";

#[test]
fn env_files_are_refused_wherever_they_lie() {
    for path in [
        ".env",
        ".env.local",
        ".env.production",
        "prod.env",
        "deploy/.env",
        "a/b/c/staging.env",
    ] {
        let world = World::new();
        let repo = world.repo_with_hooks();
        repo.stage(path, HARMLESS);
        let report = repo.scan("--staged").exit(1).json();
        report.one(ids::ENV_FILE, path);
        repo.try_commit().rejected().by(ids::ENV_FILE).at(path);
    }
}

#[test]
fn a_pushed_env_file_is_refused() {
    let world = World::new();
    let server = world.bare("origin.git").hook("pre-receive");
    let alice = world.clone_of(&server, "alice");
    let leak = alice.commit("deploy/.env", HARMLESS);
    alice.commit_without("deploy/.env");
    alice
        .push("main")
        .rejected()
        .by(ids::ENV_FILE)
        .at("deploy/.env");
    server.lacks_object(&leak).lacks_ref("refs/heads/main");
}

#[test]
fn examples_are_welcome() {
    let world = World::new();
    let repo = world.repo_with_hooks();
    let names = [
        ".env.example",
        ".env.sample",
        ".env.template",
        ".env.dist",
        ".env.vault",
    ];
    for name in names {
        repo.stage(name, HARMLESS)
            .stage(format!("deploy/{name}"), HARMLESS);
    }
    for name in [
        "environment.md",
        "env.py",
        ".envrc.md",
        "src/env/mod.rs",
        "dotenv.js",
    ] {
        repo.stage(name, "nothing\n");
    }
    repo.scan("--staged").ok().json().nothing();
    repo.try_commit().accepted();
}

#[test]
fn an_example_with_a_secret_in_it_is_refused_for_the_secret() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
    repo.stage(".env.example", format!("GREETING=hello\nTOKEN={token}\n"));
    repo.try_commit()
        .rejected()
        .by(ids::GITHUB)
        .at(".env.example:2")
        .not_by(ids::ENV_FILE)
        .without(&token);
}

#[test]
fn an_encrypted_env_file_is_no_leak() {
    let world = World::new();
    let (repo, secrets) = (world.repo_with_hooks(), &world.secrets);
    let public: String = secrets
        .bytes(33)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let sealed = STANDARD.encode(secrets.bytes(90));
    let dotenvx = format!(
        "#/-------------------[DOTENV_PUBLIC_KEY]--------------------/\n\
         DOTENV_PUBLIC_KEY=\"{public}\"\n\n# .env\nGREETING=\"encrypted:{sealed}\"\n"
    );
    let value = STANDARD.encode(secrets.bytes(24));
    let sealed = format!("ENC[AES256_GCM,data:{value},iv:{value},tag:{value},type:str]");
    let sops = format!(
        "GREETING={sealed}\nsops_lastmodified=2024-01-01T00:00:00Z\nsops_mac={sealed}\nsops_version=3.8.1\n"
    );
    repo.stage(".env", dotenvx).stage("prod.env", sops);
    let report = repo.scan("--staged").whatever().json();
    assert!(
        report.by(ids::ENV_FILE).is_empty(),
        "{:#?}",
        report.places()
    );
}

#[test]
fn one_value_in_the_clear_and_an_encrypted_file_is_a_leak_again() {
    let world = World::new();
    let (repo, secrets) = (world.repo_with_hooks(), &world.secrets);
    let sealed = STANDARD.encode(secrets.bytes(90));
    repo.stage(
        ".env",
        format!("GREETING=\"encrypted:{sealed}\"\nOTHER=in the clear\n"),
    );
    repo.scan("--staged")
        .exit(1)
        .json()
        .one(ids::ENV_FILE, ".env");
}

#[test]
fn to_delete_one_is_a_cure_and_not_a_leak() {
    let world = World::new();
    let repo = world.repo_with_hooks();
    repo.commit(".env", HARMLESS);
    repo.git("rm -q --cached .env").ok();
    repo.scan("--staged").ok().json().nothing();
    repo.try_commit().accepted();
}

#[test]
fn one_that_is_there_and_untouched_blocks_nothing() {
    let world = World::new();
    let repo = world.repo_with_hooks();
    repo.commit(".env", HARMLESS);
    repo.stage("app.py", "a = 1\n");
    repo.try_commit().accepted();
}

#[test]
fn one_that_was_on_the_server_already_blocks_no_push() {
    let world = World::new();
    let server = world.bare("origin.git");
    let alice = world.clone_of(&server, "alice");
    alice.commit(".env", HARMLESS);
    alice.push("main").accepted();
    let server = server.hook("pre-receive");
    let next = alice.commit("app.py", "a = 1\n");
    alice.push("main").accepted();
    server.ref_is("refs/heads/main", &next);
    let cure = alice.commit_without(".env");
    alice.push("main").accepted();
    server.ref_is("refs/heads/main", &cure);
}

#[test]
fn the_conventions_of_a_repository_choose_the_names() {
    let world = World::new();
    let repo = world.repo_with_hooks();
    repo.config("[env-files]\ndeny = [\"*.envfile\"]\nallow = [\"ok.envfile\"]\n");
    repo.stage("x.envfile", HARMLESS);
    repo.try_commit()
        .rejected()
        .by(ids::ENV_FILE)
        .at("x.envfile");
    repo.git("rm -q --cached x.envfile").ok();
    repo.stage("ok.envfile", HARMLESS);
    repo.try_commit().accepted();
}
