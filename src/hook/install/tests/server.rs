//! Servers, and the kinds of repositories.
use super::*;

#[test]
fn a_server_gets_its_policy_and_only_pre_receive() {
    let world = World::new();
    let bare = world.bare("bare.git");
    let policy = world.path("it's policy.toml");
    let mut request = world.request(Target::Server(bare.clone()));
    request.policy = Some(policy.clone());
    let absent = install_on(&world.machine(), &request).unwrap_err();
    assert!(matches!(
        absent,
        InstallError::Policy {
            why: "is not there",
            ..
        }
    ));
    fs::create_dir(&policy).unwrap();
    let folder = install_on(&world.machine(), &request).unwrap_err();
    assert!(matches!(
        folder,
        InstallError::Policy {
            why: "is not a regular file",
            ..
        }
    ));
    fs::remove_dir(&policy).unwrap();
    fs::write(&policy, "version = 1\n").unwrap();
    install_on(&world.machine(), &request).unwrap();
    assert!(!bare.join("hooks/update").exists());
    let status = world.status(&bare);
    assert!(status.armed, "{:#?}", status.lines());
    let repo = world.repo("repo");
    world.commits(&repo);
    let push = ["push", "-q", bare.to_str().unwrap(), "main"];
    world.git(&repo, &push);
    let log = world.log();
    let expected = format!(
        "gate [hook] [--config] [{}] [pre-receive]\n",
        policy.display()
    );
    assert!(
        log.starts_with(&expected) && log.contains("refs/heads/main"),
        "{log}"
    );
    world.gate_says(1);
    world.commits(&repo);
    let commit = ["commit-tree", "-m", "y", "HEAD^{tree}"];
    let other = world.git(&repo, &commit);
    let refspec = format!("{}:refs/heads/y", other.trim());
    assert!(
        !world
            .run(&repo, &["push", "-q", push[2], &refspec])
            .status
            .success()
    );
}

#[test]
fn each_kind_of_repository_is_refused_with_the_line_that_works() {
    let world = World::new();
    let (repo, bare) = (world.repo("repo"), world.bare("bare"));
    let error = world.refuses(Target::Repo(bare)).to_string();
    assert!(
        error.contains("use: portcullis install --server --repo '"),
        "{error}"
    );
    let error = world.refuses(Target::Server(repo.clone())).to_string();
    assert!(
        error.contains("use: portcullis install --repo '"),
        "{error}"
    );
    let error = world.refuses(Target::Repo(repo.join(".git"))).to_string();
    assert!(error.contains("not in a worktree"), "{error}");
    assert!(matches!(
        world.refuses(Target::Repo(world.path("home"))),
        InstallError::NoRepository { .. }
    ));
    let mut request = world.request(Target::Repo(repo.clone()));
    request.events = Events::parse("pre-receive").unwrap();
    let error = install_on(&world.machine(), &request).unwrap_err();
    assert!(matches!(error, InstallError::WrongSide { .. }));
    assert!(Events::parse("pre-comit").is_err());
    let mut request = world.request(Target::Repo(repo.clone()));
    request.binary = world.path("line\nbreak");
    fs::copy(world.binary(), &request.binary).unwrap();
    let error = install_on(&world.machine(), &request).unwrap_err();
    assert!(matches!(error, InstallError::Unwritable { .. }));
    assert!(!error.to_string().contains('\n'));
    assert!(!world.status(&repo).armed);
}

#[test]
fn servers_with_directories_of_scripts_get_one_more_script() {
    let world = World::new();
    let gitea = world.bare("gitea");
    let delegate = "#!/bin/sh\nfor hook in hooks/pre-receive.d/*; do \"$hook\" || exit; done\n";
    world.script(&gitea.join("hooks/pre-receive"), delegate);
    world.script(
        &gitea.join("hooks/pre-receive.d/gitea"),
        world.recorder("gitea"),
    );
    let gitlab = world.bare("gitlab");
    fs::create_dir(gitlab.join("custom_hooks")).unwrap();
    for (bare, script) in [
        (&gitea, "hooks/pre-receive.d/portcullis"),
        (&gitlab, "custom_hooks/pre-receive.d/portcullis"),
    ] {
        let before = picture(bare);
        install_on(
            &world.machine(),
            &world.request(Target::Server(bare.clone())),
        )
        .unwrap();
        assert!(bare.join(script).exists());
        assert!(world.status(bare).armed);
        uninstall_on(&world.machine(), &Target::Server(bare.clone())).unwrap();
        assert_eq!(picture(bare), before);
    }
    let gitolite = world.bare("gitolite");
    symlink(
        "/home/git/.gitolite/hooks/common/update",
        gitolite.join("hooks/update"),
    )
    .unwrap();
    let mut request = world.request(Target::Server(gitolite.clone()));
    install_on(&world.machine(), &request).unwrap();
    request.events = Events::parse("update").unwrap();
    let error = install_on(&world.machine(), &request).unwrap_err();
    assert!(matches!(error, InstallError::Gitolite { .. }));
}

#[test]
fn a_server_hook_of_many_names_stays_where_it_is() {
    let world = World::new();
    let bare = world.bare("bare");
    let multi = format!("{}exit \"${{0##*[!0-9]}}\"\n", world.recorder("old"));
    world.script(&bare.join("hooks/pre-receive"), &multi);
    let before = picture(&bare);
    install_on(
        &world.machine(),
        &world.request(Target::Server(bare.clone())),
    )
    .unwrap();
    assert!(world.status(&bare).armed);
    let repo = world.repo("repo");
    world.commits(&repo);
    let _ = world.run(&repo, &["push", "-q", bare.to_str().unwrap(), "main"]);
    let log = world.log();
    assert!(log.contains("gate [hook] [pre-receive]\n0000"), "{log}");
    assert!(log.contains("old []\n0000"), "{log}");
    uninstall_on(&world.machine(), &Target::Server(bare.clone())).unwrap();
    assert_eq!(
        fs::read(bare.join("config")).unwrap(),
        before[&bare.join("config")].1
    );
    assert_eq!(
        fs::read_to_string(bare.join("hooks/pre-receive")).unwrap(),
        multi
    );
}
