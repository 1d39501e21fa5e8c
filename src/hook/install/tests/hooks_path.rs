//! Where `core.hooksPath` or the user's own hooks send Git elsewhere.
use super::*;

#[test]
fn a_tracked_hooks_path_is_left_alone_and_still_runs() {
    let world = World::new();
    let repo = world.repo("repo");
    let husky = format!(
        "{}[ \"$(basename \"$0\")\" = pre-commit ]\n",
        world.recorder("old")
    );
    world.script(&repo.join(".githooks/pre-commit"), &husky);
    world.script(&repo.join(".githooks/post-commit"), world.recorder("post"));
    world.git(&repo, &["config", "core.hooksPath", ".githooks"]);
    world.git(&repo, &["add", "."]);
    let config = fs::read(repo.join(".git/config")).unwrap();
    world.install(&repo);
    let first = picture(&repo);
    world.install(&repo);
    assert_eq!(picture(&repo), first);
    assert_eq!(
        world.git(&repo, &["status", "--porcelain"]).lines().count(),
        2
    );
    let status = world.status(&repo);
    assert!(status.armed, "{:#?}", status.lines());
    assert!(status.lines().join("\n").contains(".githooks/pre-commit"));
    assert!(world.commits(&repo));
    let log = world.log();
    for who in ["gate [hook] [pre-commit]", "old", "post"] {
        assert!(log.contains(who), "{who}: {log}");
    }
    world.uninstall(&repo);
    assert_eq!(fs::read(repo.join(".git/config")).unwrap(), config);
    assert!(!repo.join(".git/portcullis").exists());
}

#[test]
fn a_hooks_path_of_one_worktree_is_armed_there() {
    let world = World::new();
    let repo = world.repo("repo");
    world.commits(&repo);
    world.git(&repo, &["config", "extensions.worktreeConfig", "true"]);
    world.git(&repo, &["worktree", "add", "-q", "../linked"]);
    let linked = world.path("linked");
    world.git(
        &linked,
        &["config", "--worktree", "core.hooksPath", "/dev/null"],
    );
    world.install(&repo);
    assert!(world.status(&repo).armed && !world.status(&linked).armed);
    world.install(&linked);
    assert!(world.status(&linked).armed);
    world.uninstall(&linked);
    let value = world.git(&linked, &["config", "--worktree", "core.hooksPath"]);
    assert_eq!(value, "/dev/null\n");
}

#[test]
fn a_global_hooks_path_still_runs_after_the_gate() {
    let world = World::new();
    let it = world.path("home/it hooks");
    world.script(&it.join("pre-commit"), world.recorder("it"));
    world.script(&it.join("post-commit"), world.recorder("post"));
    world.script(
        &it.join("pre-push"),
        format!("{}exit 9\n", world.recorder("it")),
    );
    for scope in ["--global", "--system"] {
        let repo = world.repo(&format!("repo{scope}"));
        world.script(&repo.join(".git/hooks/pre-commit"), "#!/bin/sh\nexit 5\n");
        world.git(&repo, &["config", scope, "core.hooksPath", "~/it hooks"]);
        let remote = world.bare(&format!("remote{scope}"));
        world.git(
            &repo,
            &["remote", "add", "origin", remote.to_str().unwrap()],
        );
        let config = fs::read(repo.join(".git/config")).unwrap();
        assert!(!world.status(&repo).armed);
        world.install(&repo);
        let status = world.status(&repo);
        assert!(status.armed, "{:#?}", status.lines());
        assert!(world.commits(&repo));
        let log = world.log();
        for who in ["gate [hook] [pre-commit]", "it", "post"] {
            assert!(log.contains(who), "{who}: {log}");
        }
        assert!(
            !world
                .run(&repo, &["push", "-q", "origin", "main"])
                .status
                .success()
        );
        let log = world.log();
        assert_eq!(log.matches("refs/heads/main").count(), 4, "{log}");
        world.uninstall(&repo);
        assert_eq!(fs::read(repo.join(".git/config")).unwrap(), config);
        world.git(&repo, &["config", scope, "--unset", "core.hooksPath"]);
    }
}

#[test]
fn for_the_user_every_repository_is_armed_and_keeps_its_own_hooks() {
    let world = World::new();
    let repo = world.repo("repo");
    world.script(&repo.join(".git/hooks/pre-commit"), world.recorder("own"));
    world.script(&repo.join(".git/hooks/post-commit"), world.recorder("post"));
    install_on(&world.machine(), &world.request(Target::Global)).unwrap();
    let again = install_on(&world.machine(), &world.request(Target::Global)).unwrap();
    assert!(
        again
            .steps
            .iter()
            .all(|step| matches!(step, Step::Unchanged(_)))
    );
    assert!(world.status(&repo).armed);
    assert!(world.commits(&repo));
    let log = world.log();
    for who in ["gate [hook] [pre-commit]", "own", "post"] {
        assert!(log.contains(who), "{who}: {log}");
    }
    // A repository that is armed by itself stays so when the user's hooks go.
    world.install(&repo);
    assert!(world.status(&repo).armed);
    assert!(world.commits(&repo));
    assert_eq!(world.log().matches("own").count(), 1);
    uninstall_on(&world.machine(), &Target::Global).unwrap();
    assert!(world.status(&repo).armed);
    world.uninstall(&repo);
    let after = picture(&world.path("home"));
    let ours = |(path, (_, holds)): (&PathBuf, &(u32, Vec<u8>))| {
        path.ends_with("portcullis") || memchr::memmem::find(holds, b"portcullis").is_some()
    };
    assert!(!after.iter().any(ours), "{after:?}");
}

#[test]
fn for_the_user_a_hooks_path_that_was_set_is_kept() {
    let world = World::new();
    let repo = world.repo("repo");
    let it = world.path("home/it");
    world.script(&it.join("pre-commit"), world.recorder("it"));
    world.git(&repo, &["config", "--global", "core.hooksPath", "~/it"]);
    let config = fs::read(world.path("home/.gitconfig")).unwrap();
    let hooks = picture(&it);
    install_on(&world.machine(), &world.request(Target::Global)).unwrap();
    install_on(&world.machine(), &world.request(Target::Global)).unwrap();
    assert!(world.status(&repo).armed);
    assert!(world.commits(&repo));
    let log = world.log();
    assert!(
        log.contains("gate [hook] [pre-commit]") && log.contains("it"),
        "{log}"
    );
    assert_eq!(picture(&it), hooks);
    uninstall_on(&world.machine(), &Target::Global).unwrap();
    assert_eq!(fs::read(world.path("home/.gitconfig")).unwrap(), config);
}

#[test]
fn a_setting_that_would_win_over_ours_is_told() {
    let world = World::new();
    let repo = world.repo("repo");
    fs::write(world.path("late"), "[core]\n\thooksPath = /dev/null\n").unwrap();
    world.git(
        &repo,
        &[
            "config",
            "include.path",
            world.path("late").to_str().unwrap(),
        ],
    );
    let config = repo.join(".git/config");
    let error = world.refuses(Target::Repo(repo.clone())).to_string();
    let text = fs::read_to_string(&config).unwrap();
    assert!(
        error.contains("not armed") && error.contains("late"),
        "{error}\n{text}"
    );
    assert!(!world.status(&repo).armed);
}

#[test]
fn a_repository_that_was_moved_stays_armed_or_is_armed_again() {
    let world = World::new();
    let (plain, tracked) = (world.repo("plain"), world.repo("tracked"));
    world.script(&plain.join(".git/hooks/pre-commit"), world.recorder("old"));
    world.script(&tracked.join(".githooks/pre-commit"), world.recorder("old"));
    world.git(&tracked, &["config", "core.hooksPath", ".githooks"]);
    for repo in [plain, tracked] {
        world.install(&repo);
        let moved = repo.with_extension("moved");
        fs::rename(&repo, &moved).unwrap();
        let status = world.status(&moved);
        assert_eq!(status.armed, status.setting.is_none());
        world.install(&moved);
        assert!(world.status(&moved).armed);
        world.log();
        assert!(world.commits(&moved));
        let log = world.log();
        assert!(log.contains("gate") && log.contains("old"), "{log}");
        world.uninstall(&moved);
        let value = world.run(&moved, &["config", "core.hooksPath"]).stdout;
        assert!(value.is_empty() || value == b".githooks\n");
    }
}

#[test]
fn a_hook_that_asks_for_its_name_or_is_a_program_stays_where_it_is() {
    let world = World::new();
    let repo = world.repo("repo");
    let hooks = repo.join(".git/hooks");
    let multi = format!("{}[ \"${{0##*/}}\" = pre-commit ]\n", world.recorder("old"));
    world.script(&hooks.join("pre-commit"), &multi);
    fs::copy("/bin/true", hooks.join("commit-msg")).unwrap();
    world.script(&hooks.join("post-commit"), world.recorder("post"));
    let before = picture(&repo);
    world.install(&repo);
    assert_eq!(fs::read_to_string(hooks.join("pre-commit")).unwrap(), multi);
    assert!(world.status(&repo).armed);
    assert!(world.commits(&repo));
    let log = world.log();
    assert!(
        log.contains("gate [hook] [pre-commit]") && log.contains("old"),
        "{log}"
    );
    assert!(log.contains("post"), "{log}");
    fs::remove_dir_all(repo.join(".git/objects")).unwrap();
    fs::create_dir(repo.join(".git/objects")).unwrap();
    world.uninstall(&repo);
    let after = picture(&repo);
    for (path, was) in before
        .iter()
        .filter(|(path, _)| !path.starts_with(repo.join(".git/objects")))
    {
        assert_eq!(after.get(path), Some(was), "{path:?}");
    }
    assert!(!repo.join(".git/portcullis").exists());
}

#[test]
fn a_hooks_directory_that_is_a_link_is_not_written_into() {
    let world = World::new();
    let repo = world.repo("repo");
    let tracked = repo.join("hooks");
    world.script(&tracked.join("pre-commit"), world.recorder("old"));
    fs::remove_dir_all(repo.join(".git/hooks")).unwrap();
    symlink("../hooks", repo.join(".git/hooks")).unwrap();
    let before = picture(&tracked);
    world.install(&repo);
    assert!(world.status(&repo).armed);
    assert!(world.commits(&repo));
    let log = world.log();
    assert!(log.contains("gate") && log.contains("old"), "{log}");
    assert_eq!(picture(&tracked), before);
    world.uninstall(&repo);
    assert_eq!(picture(&tracked), before);
    assert!(!world.status(&repo).armed);
}
