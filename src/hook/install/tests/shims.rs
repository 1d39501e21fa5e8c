//! How the shims behave when they are called.
use super::*;

#[test]
fn both_hooks_get_the_same_arguments_and_input_and_either_refuses() {
    let world = World::new();
    let repo = world.repo("repo");
    let hook = repo.join(".git/hooks/pre-push");
    let old = |status: i32| format!("{}exit {status}\n", world.recorder("old"));
    world.script(&hook, old(7));
    world.install(&repo);
    let lines = b"refs/heads/\xff\xe9 1 refs/heads/%s\\n 2\n\n\nlast without newline";
    let args: [&[u8]; 3] = [b"a b", b"$(x)'\"", b""];
    let output = call(&world, &hook, &args, lines, PATH);
    assert_eq!(output.status.code(), Some(7));
    let log = fs::read(world.path("log")).unwrap();
    let mut expected = b"gate [hook] [pre-push] [a b] [$(x)'\"] []\n".to_vec();
    expected.extend_from_slice(lines);
    expected.extend_from_slice(b"old [a b] [$(x)'\"] []\n");
    expected.extend_from_slice(lines);
    assert_eq!(
        log.escape_ascii().to_string(),
        expected.escape_ascii().to_string()
    );
    world.log();
    // The gate refuses: the old hook is not asked.
    world.gate_says(3);
    let output = call(&world, &hook, &args, lines, PATH);
    assert_eq!(output.status.code(), Some(3));
    assert!(!world.log().contains("old"));
    // Both accept; empty input stays empty.
    world.gate_says(0);
    world.script(&repo.join(".git/hooks/pre-push.portcullis-chained"), old(0));
    let output = call(&world, &hook, &[], b"", PATH);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(world.log(), "gate [hook] [pre-push]\nold []\n");
}

#[test]
fn more_lines_than_a_pipe_holds_reach_both() {
    let world = World::new();
    let repo = world.repo("repo");
    let hook = repo.join(".git/hooks/pre-push");
    world.script(&hook, world.recorder("old"));
    world.install(&repo);
    let lines = "refs/heads/branch 1 refs/heads/branch 2\n".repeat(20_000);
    let output = call(&world, &hook, &[], lines.as_bytes(), PATH);
    assert!(output.status.success());
    assert_eq!(
        world.log(),
        format!("gate [hook] [pre-push]\n{lines}old []\n{lines}")
    );
}

#[test]
fn without_its_binary_every_shim_refuses_and_says_what_to_do() {
    let world = World::new();
    let repo = world.repo("repo");
    let bare = world.bare("bare");
    world.install(&repo);
    let mut server = world.request(Target::Server(bare.clone()));
    server.events = Events::parse("pre-receive, update, post-receive").unwrap();
    install_on(&world.machine(), &server).unwrap();
    let kept = world.path("kept");
    fs::rename(world.binary(), &kept).unwrap();
    for hook in &HOOKS {
        let path = match hook.side {
            Side::Client => repo.join(".git/hooks").join(hook.event),
            Side::Server => bare.join("hooks").join(hook.event),
        };
        let output = call(&world, &path, &[b"a"], b"", PATH);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", hook.event);
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert!(stderr.contains("install portcullis again"), "{stderr}");
        assert!(stderr.contains(path.to_str().unwrap()), "{stderr}");
        // A program of that name in PATH is taken, but not one of the current directory.
        let elsewhere = world.path("path/portcullis");
        fs::create_dir_all(elsewhere.parent().unwrap()).unwrap();
        fs::copy(&kept, &elsewhere).unwrap();
        let by_name = call(&world, &path, &[], b"", &format!("path:{PATH}"));
        assert_eq!(by_name.status.code(), Some(1), "{}", hook.event);
        let absolute = format!("{}:{PATH}", elsewhere.parent().unwrap().display());
        let found = call(&world, &path, &[], b"", &absolute);
        assert_eq!(found.status.code(), Some(0), "{}", hook.event);
    }
    let status = world.status(&repo);
    assert!(!status.armed);
    assert!(status.lines().join("\n").contains("which is gone"));
    assert!(!world.commits(&repo));
}

#[test]
fn a_gate_that_is_killed_refuses_and_nothing_is_left_behind() {
    let world = World::new();
    let repo = world.repo("repo");
    let hooks = repo.join(".git/hooks");
    world.script(&hooks.join("pre-push"), world.recorder("old"));
    world.install(&repo);
    world.script(&world.binary(), "#!/bin/sh\nkill -KILL $$\n");
    for event in ["pre-commit", "pre-push", "commit-msg"] {
        let output = call(&world, &hooks.join(event), &[], b"x\n", PATH);
        assert!(!output.status.success(), "{event}");
    }
    assert_eq!(world.log(), "");
    assert!(!world.commits(&repo));
}
