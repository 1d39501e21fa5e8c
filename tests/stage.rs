//! The stage itself: that the scenarios play on what they believe they play on.

use crate::world::{Line, World, ZERO};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

#[test]
fn nothing_of_the_outside_comes_in() {
    let world = World::new();
    let repo = world.repo("repo");
    let env = repo.shell("env").ok();
    let names: Vec<_> = env
        .stdout
        .lines()
        .filter_map(|line| line.split_once('='))
        .collect();
    assert!(
        names.iter().all(|(name, _)| !name.contains("CARGO")),
        "{names:#?}"
    );
    repo.commit("a.py", "a = 1\n");
    assert_eq!(repo.ask("log -1 --format=%an"), "Robin");
    assert_eq!(repo.ask("symbolic-ref HEAD"), "refs/heads/main");
    assert!(repo.ask("log -1 --format=%cI").starts_with("2023-11-14T"));
}

#[test]
fn an_unguarded_server_takes_everything_by_push_and_by_wire() {
    let world = World::new();
    let server = world.bare("origin.git");
    let clone = world.clone_of(&server, "clone");
    let base = clone.commit("a.py", "a = 1\n");
    clone.push("main").accepted();
    server.ref_is("refs/heads/main", &base);
    let next = clone.commit("b.py", "b = 1\n");
    server.lacks_object(&next);
    let pack = clone.pack(&format!("{next} ^{base}"));
    server
        .receives(&[Line::new(&base, &next, "refs/heads/main")], &pack)
        .took("refs/heads/main", &server);
    server.ref_is("refs/heads/main", &next);
    server
        .receives(&[Line::new(&next, ZERO, "refs/heads/main")], b"")
        .took("refs/heads/main", &server);
    server.lacks_ref("refs/heads/main").has_no_quarantine();
}

#[test]
fn a_hook_of_the_server_speaks_to_the_pusher_and_to_the_wire() {
    let world = World::new();
    let server = world.bare("origin.git");
    let clone = world.clone_of(&server, "clone");
    let tip = clone.commit("a.py", "a = 1\n");
    let script = "#!/bin/sh\necho \"$PUSHER has $GIT_QUARANTINE_PATH\" >&2\nexit 1\n";
    server
        .write("hooks/pre-receive", script)
        .shell("chmod +x hooks/pre-receive")
        .ok();
    clone
        .acting_as("eve")
        .push("main")
        .rejected()
        .says("eve has /");
    let pack = clone.pack(&tip);
    let wired = server
        .acting_as("eve")
        .receives(&[Line::new(ZERO, &tip, "refs/heads/main")], &pack);
    wired
        .refused("refs/heads/main", &server)
        .said
        .says("eve has /");
    server.lacks_object(&tip).lacks_ref("refs/heads/main");
}

#[test]
fn secrets_are_what_their_makers_say() {
    let world = World::new();
    let dir = world.plain_dir("keys");
    let token = world.secrets.github();
    assert_eq!(token.len(), 40);
    assert_ne!(token, world.secrets.github());
    assert_ne!(world.secrets.github_miswritten().len(), 0);
    assert_eq!(world.secrets.npm().len(), 40);
    dir.write("id_key", world.secrets.private_key())
        .shell("chmod 600 id_key")
        .ok();
    let keygen = Path::new("/usr/bin/ssh-keygen");
    if keygen.is_file() {
        dir.program(keygen, &["-l", "-f", "id_key"])
            .ok()
            .says("ED25519");
    }
}

#[test]
fn expectations_can_fail_and_show_the_transcript() {
    let world = World::new();
    let repo = world.repo("repo");
    repo.write("a.py", "a = 1\n");
    let fails = |what: &dyn Fn()| {
        let panic = catch_unwind(AssertUnwindSafe(what)).unwrap_err();
        let message = panic.downcast_ref::<String>().cloned().unwrap_or_default();
        assert!(
            message.contains("$ /bin/sh -c echo some:12 words"),
            "{message}"
        );
    };
    let said = || repo.shell("echo some:12 words; exit 4");
    fails(&|| drop(said().ok()));
    fails(&|| drop(said().exit(3)));
    fails(&|| drop(said().exit(4).says("other")));
    fails(&|| drop(said().exit(4).lacks("words")));
    fails(&|| drop(said().exit(4).by("word")));
    fails(&|| drop(said().exit(4).at("some:1")));
    fails(&|| drop(said().exit(4).without("some:12 words")));
    fails(&|| drop(said().exit(4).json()));
    drop(
        said()
            .rejected()
            .by("some")
            .at("some:12")
            .not_by("word")
            .lacks("other"),
    );
}
