//! When something breaks: never accepted by mistake, nothing lost, and a line that says what to do.

use crate::world::{PORTCULLIS, Repo, World, assigned, ids};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

/// The file of a loose object.
fn object_file(repo: &Repo, oid: &str) -> PathBuf {
    let objects = repo.dir.join(repo.ask("rev-parse --git-path objects"));
    objects.join(&oid[..2]).join(&oid[2..])
}

fn remove_object(repo: &Repo, oid: &str) {
    fs::remove_file(object_file(repo, oid)).unwrap();
}

fn damage_object(repo: &Repo, oid: &str) {
    let file = object_file(repo, oid);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let content = fs::read(&file).unwrap();
    fs::write(&file, &content[..content.len() / 2]).unwrap();
}

// ---- objects ----

#[test]
fn a_missing_or_damaged_object_leaves_a_scan_undecided() {
    for (what, break_it) in [
        ("missing", remove_object as fn(&Repo, &str)),
        ("damaged", damage_object),
    ] {
        let world = World::new();
        let repo = world.repo("repo");
        repo.commit("readme.md", "nothing to see\n");
        repo.commit("app.py", "a = 1\n".repeat(100));
        let blob = repo.id("HEAD:app.py");
        break_it(&repo, &blob);
        let report = repo.scan("").exit(3).json();
        report.outcome("undecided").nothing();
        let unread = report.value["unread"].to_string();
        assert!(unread.contains(&blob), "{what}: {unread}");
        let human = repo.portcullis("scan").exit(3);
        human.says("undecided").says(&blob[..7]);
    }
}

#[test]
fn a_missing_commit_or_tree_leaves_a_scan_undecided() {
    for revision in ["HEAD~1", "HEAD^{tree}"] {
        let world = World::new();
        let repo = world.repo("repo");
        repo.commit("readme.md", "nothing to see\n");
        repo.commit("a.py", "a = 1\n");
        repo.commit("b.py", "b = 1\n");
        let oid = repo.id(revision);
        remove_object(&repo, &oid);
        let report = repo.scan("").exit(3).json();
        let unread = report.outcome("undecided").value["unread"].to_string();
        assert!(unread.contains(&oid), "{revision}: {unread}");
    }
}

#[test]
fn a_finding_outweighs_what_could_not_be_read() {
    let world = World::new();
    let (repo, token) = (world.repo("repo"), world.secrets.github());
    repo.commit("app.py", assigned(&token));
    repo.commit("b.py", "b = 1\n");
    remove_object(&repo, &repo.id("HEAD:b.py"));
    let report = repo.scan("").exit(1).json();
    report.outcome("rejected").one(ids::GITHUB, "app.py:1");
    assert!(!report.value["unread"].as_array().unwrap().is_empty());
}

#[test]
fn a_staged_blob_that_is_gone_is_undecided_and_refused() {
    let world = World::new();
    let repo = world.repo_with_hooks();
    repo.stage("app.py", "a = 1\n");
    remove_object(&repo, &repo.id(":app.py"));
    repo.scan("--staged").exit(3).json().outcome("undecided");
    repo.git("hook run pre-commit")
        .rejected()
        .says("undecided")
        .says("app.py");
}

#[test]
fn a_damaged_pack_leaves_a_scan_undecided() {
    let world = World::new();
    let repo = world.repo("repo");
    for round in 0..8 {
        let noise = world.secrets.noise(4000);
        repo.commit("app.py", format!("{noise}{round}\n"));
    }
    repo.git("repack -q -a -d").ok();
    let packs = repo.dir.join(".git/objects/pack");
    let pack = fs::read_dir(packs)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|ext| ext == "pack"))
        .unwrap();
    let mut bytes = fs::read(&pack).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 64].fill(0);
    fs::set_permissions(&pack, fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(&pack, bytes).unwrap();
    repo.scan("").exit(3).json().outcome("undecided");
}

#[test]
fn an_index_that_cannot_be_read_is_refused() {
    let world = World::new();
    let repo = world.repo_with_hooks();
    repo.stage("app.py", "a = 1\n");
    fs::write(repo.dir.join(".git/index"), "DIRC nonsense").unwrap();
    let said = repo.scan("--staged").rejected();
    assert!(matches!(said.code, Some(2 | 3)), "{:?}", said.code);
}

#[test]
fn what_is_no_repository_is_no_clean_repository() {
    let world = World::new();
    let dir = world.plain_dir("elsewhere");
    for words in ["--staged", "--history", "--range HEAD", "--no-such-option"] {
        dir.scan(words).exit(2);
    }
    let repo = world.repo_with_hooks();
    let said = repo.scan("--range no-such-revision").rejected();
    let said = said.says("no-such-revision");
    assert!(matches!(said.code, Some(2 | 3)), "{:?}", said.code);
    for place in [&repo, &dir] {
        let said = place.scan("no-such-path").rejected().says("no-such-path");
        assert!(matches!(said.code, Some(2 | 3)), "{:?}", said.code);
    }
    repo.portcullis("hook no-such-event")
        .exit(2)
        .says("no-such-event");
}

#[test]
fn a_file_that_cannot_be_read_leaves_a_scan_undecided() {
    let world = World::new();
    let dir = world.plain_dir("elsewhere");
    dir.write("a.py", "a = 1\n").write("closed.py", "b = 1\n");
    let closed = dir.dir.join("closed.py");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&closed).is_ok() {
        return; // The superuser reads everything.
    }
    let report = dir.scan("").exit(3).json();
    assert!(report.value["unread"].to_string().contains("closed.py"));
}

// ---- configuration ----

#[test]
fn a_configuration_that_does_not_parse_names_file_line_and_key() {
    let broken = [
        ("version = 1\n\n[secrets\n", 3, "table"),
        (
            "version = 1\n[secrets]\nmin_confidense = \"low\"\n",
            3,
            "min_confidence",
        ),
        (
            "version = 1\n[secrets]\nmin_confidence = \"hihg\"\n",
            3,
            "min_confidence",
        ),
        ("version = 1\n[sercets]\n", 2, "secrets"),
        (
            "version = 1\n[secrets]\ndisable = [\"no-such-rule\"]\n",
            3,
            "no-such-rule",
        ),
        ("version = 7\n", 1, "version"),
        ("version = 1\n[env-files]\ndeny = 3\n", 3, "deny"),
        (
            "version = 1\n[[secrets.allow]]\nreason = \"x\"\nexpires = \"soon\"\n",
            4,
            "expires",
        ),
    ];
    for (text, line, key) in broken {
        let world = World::new();
        let repo = world.repo_with_hooks();
        repo.write(".portcullis.toml", text);
        let place = format!(".portcullis.toml:{line}");
        repo.scan("").exit(2).at(&place).says(key);
        repo.stage("a.py", "a = 1\n");
        repo.try_commit().rejected().at(&place).says(key);
        repo.git("commit --no-verify -m x").rejected().at(&place);
    }
}

#[test]
fn a_configuration_that_cannot_be_read_is_refused() {
    let world = World::new();
    let repo = world.repo_with_hooks();
    fs::create_dir(repo.dir.join(".portcullis.toml")).unwrap();
    repo.scan("").exit(2).says(".portcullis.toml");
    repo.stage("a.py", "a = 1\n")
        .try_commit()
        .rejected()
        .says(".portcullis.toml");
    fs::remove_dir(repo.dir.join(".portcullis.toml")).unwrap();
    repo.scan("--config missing.toml")
        .exit(2)
        .says("missing.toml");
    fs::write(repo.dir.join(".portcullis.toml"), b"version = 1 # \xff\n").unwrap();
    repo.scan("").exit(2).says(".portcullis.toml");
}

#[test]
fn a_broken_configuration_of_the_user_is_refused() {
    let world = World::new();
    let repo = world.repo_with_hooks();
    let user = world.path("home/.config/portcullis/config.toml");
    repo.write(&user, "version = 1\n[oops]\n");
    repo.scan("")
        .exit(2)
        .at("portcullis/config.toml:2")
        .says("oops");
    repo.stage("a.py", "a = 1\n")
        .try_commit()
        .rejected()
        .says("config.toml");
}

#[test]
fn where_there_is_no_repository_it_says_what_to_do() {
    let world = World::new();
    let dir = world.plain_dir("nowhere");
    dir.portcullis("install").exit(2).says("--repo DIR");
    dir.portcullis("status").exit(2).says("--repo DIR");
    dir.portcullis("scan --history")
        .exit(2)
        .says("there is no Git repository here")
        .says("git init");
}

// ---- the program itself ----

/// Installs hooks with a copy of the program, so that it can go missing.
fn install_a_copy(world: &World, repo: &Repo, words: &[&str]) -> PathBuf {
    let copy = world.path("portcullis");
    if fs::hard_link(PORTCULLIS, &copy).is_err() {
        fs::copy(PORTCULLIS, &copy).unwrap();
    }
    repo.program(&copy, words).ok();
    copy
}

#[test]
fn without_the_program_a_client_hook_refuses() {
    let world = World::new();
    let repo = world.repo("repo");
    repo.commit("readme.md", "nothing to see\n");
    let copy = install_a_copy(&world, &repo, &["install"]);
    repo.stage("a.py", "a = 1\n");
    repo.try_commit().accepted();
    fs::remove_file(&copy).unwrap();
    repo.stage("b.py", "b = 1\n");
    repo.try_commit().rejected().says("portcullis");
    repo.git("commit --no-verify -m x").rejected();
}

#[test]
fn without_the_program_a_server_refuses() {
    let world = World::new();
    let server = world.bare("origin.git");
    let words = ["install", "--server", "--events", "pre-receive"];
    let copy = install_a_copy(&world, &server, &words);
    let clone = world.clone_of(&server, "clone");
    clone.commit("a.py", "a = 1\n");
    fs::remove_file(&copy).unwrap();
    clone.push("main").rejected().says("portcullis");
    server.lacks_ref("refs/heads/main").has_no_quarantine();
    fs::write(&copy, "not a program").unwrap();
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).unwrap();
    clone.push("main").rejected();
    server.lacks_ref("refs/heads/main");
}

#[test]
fn killed_in_the_middle_is_not_accepted() {
    let world = World::new();
    let server = world.bare("origin.git");
    let hook = server.dir.join("hooks/pre-receive");
    server.write(
        &hook,
        format!(
            "#!/bin/sh\nexec 3<&0\n'{PORTCULLIS}' hook pre-receive <&3 &\nkill -9 $!\nwait $!\n"
        ),
    );
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    let clone = world.clone_of(&server, "clone");
    let tip = clone.commit("a.py", "a = 1\n");
    clone.push("main").rejected();
    server
        .lacks_ref("refs/heads/main")
        .lacks_object(&tip)
        .has_no_quarantine();
}

// ---- output ----

#[test]
fn closed_or_full_output_changes_no_verdict() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
    repo.stage("app.py", assigned(&token));
    for redirection in [
        ">&-",
        "2>&-",
        ">&- 2>&-",
        "</dev/null >&-",
        ">/dev/full",
        "2>/dev/full",
    ] {
        for format in ["human", "json"] {
            let script = format!("'{PORTCULLIS}' scan --staged --format {format} {redirection}");
            repo.shell(&script).exit(1).without(&token);
        }
        let script = format!("'{PORTCULLIS}' hook pre-commit {redirection}");
        repo.shell(&script).rejected().without(&token);
    }
}

#[test]
fn a_reader_that_has_gone_changes_no_verdict() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
    for index in 0..200 {
        repo.write(format!("app{index}.py"), assigned(&token));
    }
    repo.git("add .").ok();
    for format in ["human", "json", "jsonl"] {
        let script = format!(
            "( '{PORTCULLIS}' scan --staged --format {format}; echo $? >../status ) | head -c 1 >../head"
        );
        repo.shell(&script).ok();
        let status = fs::read_to_string(world.path("status")).unwrap();
        assert_eq!(status.trim(), "1", "with --format {format}");
    }
}

#[test]
fn a_report_that_cannot_be_written_is_said() {
    let world = World::new();
    let repo = world.repo_with_hooks();
    repo.scan("--output no/such/dir/report.json")
        .rejected()
        .says("report.json");
    let said = repo
        .shell(&format!("'{PORTCULLIS}' scan --format json >/dev/full"))
        .rejected();
    assert!(!said.stderr.is_empty(), "not a word");
}

#[test]
fn a_pusher_who_has_gone_changes_no_verdict() {
    let world = World::new();
    let server = world.bare("origin.git").hook("pre-receive");
    let (clone, token) = (world.clone_of(&server, "clone"), world.secrets.github());
    let leak = clone.commit("app.py", assigned(&token));
    let objects = clone.dir.join(".git/objects").display().to_string();
    let pusher = server
        .with_env("GIT_DIR", ".")
        .with_env("GIT_ALTERNATE_OBJECT_DIRECTORIES", &objects);
    let line = format!("{} {leak} refs/heads/main", "0".repeat(40));
    let script = format!("echo '{line}' | '{PORTCULLIS}' hook pre-receive >&- 2>&-");
    pusher.shell(&script).exit(1);
}

#[test]
fn a_deadline_that_has_passed_is_undecided_and_refused() {
    let world = World::new();
    let server = world
        .bare("origin.git")
        .hook("pre-receive")
        .policy("[server]\ndeadline = \"1ms\"\n");
    let clone = world.clone_of(&server, "clone");
    for index in 0..40 {
        clone.stage(format!("file{index}.txt"), world.secrets.noise(20_000));
    }
    let tip = clone.commit_staged("much to read");
    clone
        .push("main")
        .rejected()
        .says("undecided")
        .says("deadline")
        .says("main");
    server
        .lacks_ref("refs/heads/main")
        .lacks_object(&tip)
        .has_no_quarantine();
}
