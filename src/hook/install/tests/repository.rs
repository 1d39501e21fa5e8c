//! Install, uninstall and status in an ordinary repository.
use super::*;

#[test]
fn git_calls_the_gate_at_every_event_that_it_runs() {
    let world = World::new();
    let repo = world.repo("repo");
    assert!(!world.status(&repo).armed);
    world.install(&repo);
    assert!(world.status(&repo).armed);
    assert!(world.commits(&repo));
    let log = world.log();
    for event in ["pre-commit", "prepare-commit-msg", "commit-msg"] {
        assert!(log.contains(&format!("gate [hook] [{event}]")), "{log}");
    }
    assert!(
        log.contains("[prepare-commit-msg] [.git/COMMIT_EDITMSG] [message]"),
        "{log}"
    );
    world.gate_says(3);
    assert!(!world.commits(&repo));
    let unverified = ["commit", "-q", "--no-verify", "--allow-empty", "-m", "x"];
    assert!(!world.run(&repo, &unverified).status.success());
    assert_eq!(world.git(&repo, &["rev-list", "--count", "HEAD"]), "1\n");
}

#[test]
fn what_was_there_comes_back_byte_for_byte() {
    let world = World::new();
    let repo = world.repo("repo");
    let hooks = repo.join(".git/hooks");
    world.script(&hooks.join("pre-commit"), b"#!/bin/sh\r\n\xe9exit 0");
    fs::set_permissions(hooks.join("pre-commit"), fs::Permissions::from_mode(0o701)).unwrap();
    world.script(&repo.join("tools/msg"), "#!/bin/sh\nexit 0\n");
    symlink("../../tools/msg", hooks.join("commit-msg")).unwrap();
    symlink("nowhere", hooks.join("pre-merge-commit")).unwrap();
    fs::write(hooks.join("pre-push"), "not executable").unwrap();
    let before = picture(&repo);
    let report = world.install(&repo);
    assert!(hooks.join("pre-commit.portcullis-chained").exists());
    let kept = report
        .steps
        .iter()
        .filter(|step| matches!(step, Step::Kept { .. }));
    assert_eq!(kept.count(), 4);
    world.install(&repo);
    assert!(world.status(&repo).armed);
    assert!(matches!(
        standing(&world.status(&repo), "pre-push"),
        Standing::Gate {
            next: NextHook::File { runs: Runs::No, .. },
            ..
        }
    ));
    world.uninstall(&repo);
    assert_eq!(picture(&repo), before);
}

#[test]
fn installing_again_changes_nothing_or_only_the_binary() {
    let world = World::new();
    let repo = world.repo("repo");
    let old = repo.join(".git/hooks/pre-commit");
    world.script(&old, world.recorder("old"));
    world.install(&repo);
    let first = picture(&repo);
    let again = world.install(&repo);
    assert!(
        again
            .steps
            .iter()
            .all(|step| matches!(step, Step::Unchanged(_)))
    );
    assert_eq!(picture(&repo), first);
    let moved = world.path("elsewhere");
    fs::copy(world.binary(), &moved).unwrap();
    let mut request = world.request(Target::Repo(repo.clone()));
    request.binary = moved.clone();
    let updated = install_on(&world.machine(), &request).unwrap();
    assert!(
        updated
            .steps
            .iter()
            .all(|step| matches!(step, Step::Written(_)))
    );
    let status = world.status(&repo);
    let Standing::Gate { binary, next, .. } = standing(&status, "pre-commit") else {
        unreachable!("{status:?}");
    };
    assert_eq!(binary.as_ref(), Some(&moved));
    let kept = repo.join(".git/hooks/pre-commit.portcullis-chained");
    assert_eq!(
        *next,
        NextHook::File {
            path: kept,
            runs: Runs::Yes
        }
    );
    // A mode that somebody took away comes back.
    fs::set_permissions(&old, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(!world.status(&repo).armed);
    install_on(&world.machine(), &request).unwrap();
    assert!(world.status(&repo).armed);
}

#[test]
fn linked_worktrees_and_submodules_are_armed() {
    let world = World::new();
    let repo = world.repo("repo");
    world.commits(&repo);
    world.git(&repo, &["worktree", "add", "-q", "../linked"]);
    let linked = world.path("linked");
    world.install(&linked);
    assert!(world.status(&repo).armed && world.status(&linked).armed);
    world.log();
    assert!(world.commits(&linked));
    assert!(world.log().contains("gate [hook] [pre-commit]"));
    world.uninstall(&repo);
    assert!(!world.status(&linked).armed);

    let outer = world.repo("outer");
    let add = [
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "--quiet",
        "add",
        "../repo",
        "sub",
    ];
    world.git(&outer, &add);
    let sub = outer.join("sub");
    fs::create_dir(sub.join("deep")).unwrap();
    world.install(&sub.join("deep"));
    assert!(world.status(&sub).armed && !world.status(&outer).armed);
    assert!(outer.join(".git/modules/sub/hooks/pre-commit").exists());
    world.log();
    assert!(world.commits(&sub));
    assert!(world.log().contains("gate [hook] [pre-commit]"));
}

#[test]
fn what_is_not_ours_any_more_is_not_touched() {
    let world = World::new();
    let repo = world.repo("repo");
    let hook = repo.join(".git/hooks/pre-commit");
    world.script(&hook, world.recorder("old"));
    world.install(&repo);
    let shim = fs::read_to_string(&hook).unwrap();
    let edited = shim.replace("# portcullis: managed", "# mine");
    fs::write(&hook, &edited).unwrap();
    assert!(matches!(
        world.refuses(Target::Repo(repo.clone())),
        InstallError::Edited { .. }
    ));
    let error = uninstall_on(&world.machine(), &Target::Repo(repo.clone())).unwrap_err();
    let line = error.to_string();
    assert!(
        line.contains("mv '") && line.contains(".portcullis-chained' '"),
        "{line}"
    );
    assert_eq!(fs::read_to_string(&hook).unwrap(), edited);
    assert!(!repo.join(".git/hooks/commit-msg").exists());
    // Another tool wrote over the shim: two hooks of others, which nobody but the user can choose from.
    world.script(&hook, "#!/bin/sh\nexit 0\n");
    assert!(matches!(
        world.refuses(Target::Repo(repo.clone())),
        InstallError::TwoHooks { .. }
    ));
    // The tool wrote what was kept: nothing to choose.
    world.script(&hook, world.recorder("old"));
    world.install(&repo);
    world.uninstall(&repo);
    assert_eq!(fs::read_to_string(&hook).unwrap(), world.recorder("old"));
}

#[test]
fn the_hooks_directory_goes_if_it_came() {
    let world = World::new();
    let repo = world.repo("repo");
    fs::remove_dir_all(repo.join(".git/hooks")).unwrap();
    world.install(&repo);
    world.install(&repo);
    assert!(world.status(&repo).armed);
    world.uninstall(&repo);
    assert!(!repo.join(".git/hooks").exists());
    fs::create_dir(repo.join(".git/hooks")).unwrap();
    world.install(&repo);
    world.uninstall(&repo);
    assert!(repo.join(".git/hooks").exists());
}

#[test]
fn a_failure_half_way_leaves_hooks_in_force_and_says_so() {
    let world = World::new();
    let repo = world.repo("repo");
    let hooks = repo.join(".git/hooks");
    world.script(&hooks.join("commit-msg"), world.recorder("old"));
    // Nothing is written where something cannot be.
    fs::create_dir(hooks.join("pre-push")).unwrap();
    let before = picture(&repo);
    assert!(matches!(
        world.refuses(Target::Repo(repo.clone())),
        InstallError::NotAFile { .. }
    ));
    assert_eq!(picture(&repo), before);
    fs::remove_dir(hooks.join("pre-push")).unwrap();
    // What is in the way of the setting comes after the files, which is said.
    world.git(&repo, &["config", "core.hooksPath", "/dev/null"]);
    fs::write(repo.join(".git/config.lock"), "").unwrap();
    let error = world.refuses(Target::Repo(repo.clone()));
    assert!(matches!(error, InstallError::Partway { .. }), "{error}");
    assert!(error.to_string().contains("run it again"), "{error}");
    fs::remove_file(repo.join(".git/config.lock")).unwrap();
    world.install(&repo);
    assert!(world.status(&repo).armed);
}

#[test]
fn a_switch_that_newer_git_obeys_is_not_overlooked() {
    let world = World::new();
    let repo = world.repo("repo");
    world.install(&repo);
    world.git(&repo, &["config", "hook.linter.enabled", "false"]);
    assert!(world.status(&repo).armed);
    world.git(&repo, &["config", "hook.pre-commit.enabled", "no"]);
    let status = world.status(&repo);
    assert!(!status.armed);
    let lines = status.lines().join("\n");
    assert!(
        lines.contains("git config --unset hook.pre-commit.enabled"),
        "{lines}"
    );
    assert!(
        status
            .says_armed()
            .starts_with("no: hooks are switched off")
    );
}

#[test]
fn the_report_has_one_line_for_a_directory() {
    let world = World::new();
    let repo = world.repo("repo");
    let hooks = repo.join(".git/hooks");
    world.script(&hooks.join("pre-commit"), world.recorder("old"));
    let lines = world.install(&repo).lines();
    let folder = escape(hooks.as_os_str().as_encoded_bytes());
    let rest = "pre-commit, pre-merge-commit, prepare-commit-msg, commit-msg, pre-push";
    assert_eq!(
        lines,
        [
            format!("kept       {folder}: pre-commit as pre-commit.portcullis-chained"),
            format!("written    {folder}: {rest}"),
        ]
    );
    world.git(&repo, &["config", "core.hooksPath", "/dev/\x1b[2J"]);
    let lines = world.install(&repo).lines();
    assert_eq!(
        lines[1],
        "set        local portcullis.hooksPath = /dev/\\u{1b}[2J"
    );
    assert!(lines[2].starts_with("set        local core.hooksPath = "));
}

#[test]
fn a_tool_that_moves_the_shim_away_is_followed() {
    let world = World::new();
    let repo = world.repo("repo");
    let hooks = repo.join(".git/hooks");
    let framework = "#!/bin/sh\n# File generated by pre-commit: https://pre-commit.com\n";
    world.script(&hooks.join("pre-commit"), framework);
    let before = picture(&hooks);
    for again in ["uninstall", "install, uninstall"] {
        world.install(&repo);
        fs::rename(hooks.join("pre-commit"), hooks.join("pre-commit.legacy")).unwrap();
        world.script(&hooks.join("pre-commit"), framework);
        assert!(!world.status(&repo).armed);
        if again.starts_with("install") {
            world.install(&repo);
            assert!(world.status(&repo).armed);
        }
        world.uninstall(&repo);
        assert_eq!(picture(&hooks), before, "{again}");
    }
}
