//! `.portcullis-baseline`: what is there already is accepted, what is new is not, and nothing that
//! is gone stays accepted unseen.

use crate::world::report::text;
use crate::world::{Ran, Repo, Said, World, assigned, ids};
use std::fs;

const FILE: &str = ".portcullis-baseline";

/// A repository with hooks, one old leak in it and a baseline that accepts it.
fn with_old_leak(world: &World) -> (Repo, String) {
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
    repo.commit("old.py", assigned(&token));
    repo.portcullis("baseline create").ok().says("1 finding");
    (repo, token)
}

fn baseline(repo: &Repo) -> String {
    fs::read_to_string(repo.dir.join(FILE)).unwrap()
}

fn entries(repo: &Repo) -> Vec<String> {
    let lines = baseline(repo);
    let is_entry = |line: &&str| !line.starts_with('#');
    lines.lines().filter(is_entry).map(str::to_owned).collect()
}

#[track_caller]
fn suppressed_by_baseline(said: &Said, check: &str) {
    let report = said.json();
    report.outcome("accepted").nothing();
    let entry = &report.value["suppressed"][0];
    assert_eq!(entry["check"], check, "{:#}", report.value);
    assert_eq!(entry["by"], "baseline", "{:#}", report.value);
}

#[test]
fn what_is_there_is_accepted_and_what_is_new_is_not() {
    let world = World::new();
    let (repo, token) = with_old_leak(&world);
    suppressed_by_baseline(&repo.scan("").ok().without(&token), ids::GITHUB);
    suppressed_by_baseline(&repo.scan("--worktree").ok(), ids::GITHUB);
    // Moved within its file, it is the old one; the baseline comes in beside it.
    repo.git("add .portcullis-baseline").ok();
    repo.stage("old.py", format!("\n\n  {}", assigned(&token)));
    repo.try_commit().accepted();
    let other = world.secrets.github();
    repo.stage("new.py", assigned(&other));
    repo.try_commit().rejected().by(ids::GITHUB).at("new.py:1");
    // The same secret in another file is new.
    repo.git("reset -q --hard").ok();
    repo.stage("copy.py", assigned(&token));
    repo.try_commit().rejected().by(ids::GITHUB).at("copy.py:1");
}

#[test]
fn a_file_holds_no_secret_no_line_and_no_time_and_is_sorted() {
    let world = World::new();
    let (repo, secrets) = (world.repo_with_a_commit(), &world.secrets);
    let mut tokens = Vec::new();
    for index in 0..5 {
        let token = secrets.github();
        repo.commit(format!("src/a b{index}.py"), assigned(&token));
        tokens.push(token);
    }
    let password = secrets.weak_password();
    repo.commit("db.ini", format!("DB_PASSWORD={password}\n"));
    repo.portcullis("baseline create").ok();
    let file = baseline(&repo);
    for secret in tokens.iter().chain([&password]) {
        assert!(!file.contains(secret.as_str()));
    }
    let lines = entries(&repo);
    assert_eq!(lines.len(), 6);
    assert!(lines.is_sorted());
    for line in &lines {
        let parts: Vec<&str> = line.split(' ').collect();
        let [fingerprint, check, path] = parts[..] else {
            panic!("{line}")
        };
        assert_eq!(fingerprint.len(), 32);
        assert!(check.starts_with("secrets/"), "{line}");
        assert!(path == "db.ini" || path.starts_with("src/a%20b"), "{line}");
    }
    // Made again it is the same file, byte for byte.
    fs::remove_file(repo.dir.join(FILE)).unwrap();
    repo.portcullis("baseline create").ok();
    assert_eq!(baseline(&repo), file);
    // And our own gate lets it in.
    repo.install();
    repo.git("add .portcullis-baseline").ok();
    repo.try_commit().accepted();
}

#[test]
fn two_people_who_add_entries_merge() {
    let world = World::new();
    let (repo, _) = with_old_leak(&world);
    repo.git("add .portcullis-baseline").ok();
    repo.stage(".gitattributes", ".portcullis-baseline merge=union\n");
    repo.commit_staged("accept");
    for (branch, path) in [("one", "one.py"), ("two", "two.py")] {
        repo.git(&format!("checkout -q -b {branch} main")).ok();
        repo.commit(path, assigned(&world.secrets.gitlab()));
        repo.portcullis("baseline update --range HEAD^..HEAD").ok();
        repo.git("add .portcullis-baseline").ok();
        repo.commit_staged("accept more");
    }
    repo.git("-c core.hooksPath=/dev/null merge -q -m merge one")
        .ok();
    assert_eq!(entries(&repo).len(), 3);
    repo.scan("").ok().json().nothing();
    // Whatever the merge did to the order, the next update writes it sorted.
    repo.portcullis("baseline update")
        .ok()
        .says("0 new, 0 no longer found");
    assert!(entries(&repo).is_sorted());
}

#[test]
fn an_unfinished_merge_is_named_by_its_line() {
    let world = World::new();
    let (repo, _) = with_old_leak(&world);
    repo.append(FILE, "<<<<<<< HEAD");
    let place = format!("{FILE}:4");
    repo.scan("").exit(2).says(&place).says("merge");
    repo.stage("readme.md", "more\n");
    repo.try_commit().rejected().says(&place);
    for command in ["update", "show"] {
        repo.portcullis(&format!("baseline {command}"))
            .exit(2)
            .says(&place);
    }
}

#[test]
fn create_refuses_where_there_is_one_and_update_where_there_is_none() {
    let world = World::new();
    let (repo, _) = with_old_leak(&world);
    let before = baseline(&repo);
    repo.portcullis("baseline create").exit(2).says("update");
    assert_eq!(baseline(&repo), before);
    fs::remove_file(repo.dir.join(FILE)).unwrap();
    repo.portcullis("baseline update").exit(2).says("create");
    repo.portcullis("baseline show").exit(2).says("create");
    let bare = world.bare("bare.git");
    bare.portcullis("baseline create")
        .exit(2)
        .says("--baseline");
}

#[test]
fn what_is_gone_is_unused_and_update_drops_it() {
    let world = World::new();
    let (repo, token) = with_old_leak(&world);
    let other = world.secrets.gitlab();
    repo.commit("other.py", assigned(&other));
    repo.portcullis("baseline update")
        .ok()
        .says("1 new, 0 no longer found");
    repo.portcullis("baseline show")
        .ok()
        .says("2 findings accepted, 0 unused");
    // The first leak is taken out of the history for good.
    repo.git("rm -q old.py").ok();
    let tree = repo.ask("write-tree");
    let root = repo.ask(&format!("commit-tree {tree} -m anew"));
    repo.git(&format!("reset -q --hard {root}")).ok();
    repo.git("reflog expire --expire=now --all").ok();
    repo.git("gc -q --prune=now").ok();
    let said = repo.portcullis("baseline show").ok();
    said.says("2 findings accepted, 1 unused")
        .says("unused")
        .says("old.py");
    let verbose = repo.portcullis("scan -v").ok();
    verbose.says("stale:").says("old.py").without(&token);
    let report = repo.scan("").ok().json();
    let stale = report.value["stale"].as_array().unwrap();
    assert_eq!(stale.len(), 1, "{:#}", report.value);
    assert!(text(&stale[0]["what"]).ends_with("old.py"));
    // A look at a part of it tells nothing of the rest.
    repo.portcullis("baseline update --worktree")
        .ok()
        .says("0 no longer found");
    assert_eq!(entries(&repo).len(), 2);
    repo.portcullis("baseline update")
        .ok()
        .says("0 new, 1 no longer found");
    assert_eq!(entries(&repo).len(), 1);
    // Now it cannot come back unseen.
    repo.stage("old.py", assigned(&token));
    repo.try_commit().rejected().by(ids::GITHUB).at("old.py:1");
}

#[test]
fn a_blob_at_two_paths_is_accepted_at_both() {
    let world = World::new();
    let (repo, token) = (world.repo_with_a_commit(), world.secrets.github());
    repo.stage("a.py", assigned(&token))
        .stage("z.py", assigned(&token));
    repo.commit_staged("twice");
    repo.portcullis("baseline create").ok().says("2 findings");
    repo.scan("--worktree").ok().json().nothing();
    let report = repo.scan("").ok().json();
    assert_eq!(report.value.get("stale"), None, "{:#}", report.value);
}

#[test]
fn an_untracked_file_is_not_there_yet() {
    let world = World::new();
    let repo = world.repo_with_hooks();
    repo.write(".env", "A=b\n");
    repo.portcullis("baseline create").ok().says("no finding");
    repo.git("add -f .env").ok();
    repo.try_commit().rejected().by(ids::ENV_FILE);
}

#[test]
fn an_entry_says_what_it_lets_through_and_lets_through_nothing_else() {
    let world = World::new();
    let (repo, _) = with_old_leak(&world);
    let lying = baseline(&repo).replace("old.py", "docs/example.py");
    repo.write(FILE, &lying);
    repo.scan("").exit(1).json().one(ids::GITHUB, "old.py:1");
    repo.write(
        FILE,
        lying
            .replace("docs/example.py", "old.py")
            .replace("github", "gitlab"),
    );
    repo.scan("").exit(1).json().one(ids::GITHUB, "old.py:1");
}

#[test]
fn a_secret_in_a_message_and_an_env_file_can_be_accepted() {
    let world = World::new();
    let (repo, token) = (world.repo_with_a_commit(), world.secrets.github());
    repo.commit("conf/.env", "A=b\n");
    repo.commit_staged(&format!("use {token}"));
    repo.scan("").exit(1);
    repo.portcullis("baseline create")
        .ok()
        .says("2 findings")
        .without(&token);
    repo.scan("").ok().json().nothing();
    assert!(entries(&repo).iter().any(|line| line.ends_with(" -")));
    repo.portcullis("baseline show")
        .ok()
        .says("conf/.env")
        .says("0 unused");
}

#[test]
fn another_file_can_be_named() {
    let world = World::new();
    let (repo, _) = with_old_leak(&world);
    fs::rename(repo.dir.join(FILE), repo.dir.join("accepted")).unwrap();
    repo.scan("").exit(1);
    repo.scan("--baseline accepted").ok().json().nothing();
    repo.scan("--baseline missing").exit(2).says("missing");
    repo.portcullis("baseline show --baseline accepted")
        .ok()
        .says("1 finding");
}

#[test]
fn what_a_mark_allows_needs_no_entry() {
    let world = World::new();
    let (repo, token) = (world.repo_with_a_commit(), world.secrets.github());
    let mark = format!("# portcullis:{}({})", "allow", &ids::GITHUB[8..]);
    repo.commit("a.py", format!("token = \"{token}\" {mark} test\n"));
    repo.portcullis("baseline create").ok().says("no finding");
}

// ---- on a server ----

const TRUSTING: &str = "[trust]\nbaseline = \"refs/heads/main\"\n";

/// A server with an old leak on `main`, a clone, and the leaked token.
fn server(world: &World, policy: &str) -> (Repo, Repo, String) {
    let server = world.bare("origin.git");
    let alice = world.clone_of(&server, "alice");
    let token = world.secrets.github();
    alice.commit("old.py", assigned(&token));
    alice.push("main").accepted();
    (server.policy(policy).hook("pre-receive"), alice, token)
}

/// Pushes the old leak anew, on a branch that shares nothing with what the server has.
fn push_again(alice: &Repo, token: &str) -> Ran {
    alice.git("checkout -q --orphan again").ok();
    alice.stage("old.py", format!("# again\n{}", assigned(token)));
    alice.commit_staged("again");
    alice.push("again")
}

#[test]
fn a_server_believes_no_pushed_baseline() {
    for policy in ["", TRUSTING] {
        let world = World::new();
        let (server, alice, token) = server(&world, policy);
        alice.portcullis("baseline create").ok();
        alice.git("add .portcullis-baseline").ok();
        push_again(&alice, &token)
            .rejected()
            .by(ids::GITHUB)
            .without(&token);
        server.lacks_ref("refs/heads/again");
        // Not even where the push moves the very ref that is trusted.
        let other = world.secrets.gitlab();
        alice.git("checkout -q main").ok();
        alice.commit("more.py", assigned(&other));
        fs::remove_file(alice.dir.join(FILE)).ok();
        alice.portcullis("baseline create").ok();
        alice.git("add .portcullis-baseline").ok();
        alice.commit_staged("accept it myself");
        alice.push("main").rejected().by(ids::GITLAB);
    }
}

#[test]
fn a_server_believes_the_baseline_that_it_has() {
    let world = World::new();
    let (server, alice, token) = server(&world, TRUSTING);
    alice.portcullis("baseline create").ok();
    alice.commit(FILE, baseline(&alice));
    alice.push("main").accepted();
    push_again(&alice, &token).accepted();
    // What is not in it is refused as ever.
    alice.commit("new.py", assigned(&world.secrets.gitlab()));
    alice
        .push("again")
        .rejected()
        .by(ids::GITLAB)
        .not_by(ids::GITHUB);
    drop(server);
}

#[test]
fn it_is_read_in_a_repository_of_another_object_format_too() {
    let world = World::new();
    let Some(server) = world.try_init("origin.git", &["--bare", "--object-format=sha256"]) else {
        return;
    };
    let server = server.policy(TRUSTING);
    // Git 2.39 takes an empty repository for one of SHA-1 when it clones it.
    let alice = world.init("alice", &["--object-format=sha256"]);
    alice
        .git(&format!(
            "remote add origin file://{}",
            server.dir.display()
        ))
        .ok();
    let token = world.secrets.github();
    alice.commit("old.py", assigned(&token));
    alice.portcullis("baseline create").ok().says("1 finding");
    alice.commit(FILE, baseline(&alice));
    alice.push("main").accepted();
    let _server = server.hook("pre-receive");
    push_again(&alice, &token).accepted();
}

#[test]
fn a_baseline_does_not_open_a_protected_ref() {
    let world = World::new();
    let policy = format!(
        "{TRUSTING}[identity]\nsource = \"env:PUSHER\"\n\
         [[protect]]\nrefs = [\"refs/heads/release/**\"]\npush = [\"carol\"]\n"
    );
    let (server, alice, _) = server(&world, &policy);
    let alice = alice.acting_as("alice");
    alice.git("branch release/1").ok();
    let refused = alice.push("release/1").rejected();
    let fingerprint = refused
        .stderr
        .split("fingerprint:")
        .nth(1)
        .and_then(|rest| rest.split_whitespace().next())
        .unwrap()
        .to_owned();
    for path in ["-", "refs/heads/release/1"] {
        alice.commit(FILE, format!("{fingerprint} {} {path}\n", ids::REF_CREATE));
        alice.push("main").accepted();
        alice.push("release/1").rejected().by(ids::REF_CREATE);
    }
    server.lacks_ref("refs/heads/release/1");
}

#[test]
fn a_broken_baseline_on_the_trusted_ref_accepts_nothing_and_closes_nothing() {
    let world = World::new();
    let (server, alice, token) = server(&world, TRUSTING);
    alice.portcullis("baseline create").ok();
    alice.commit(FILE, format!("{}nonsense\n", baseline(&alice)));
    alice.push("main").accepted();
    push_again(&alice, &token)
        .rejected()
        .by(ids::GITHUB)
        .says("refs/heads/main:.portcullis-baseline:4");
    alice.git("checkout -q -f main").ok();
    let good = baseline(&alice).replace("nonsense\n", "");
    alice.commit(FILE, good);
    alice.push("main").accepted();
    alice.git("checkout -q -f again").ok();
    alice.push("again").accepted();
    drop(server);
}

#[test]
fn a_file_that_the_policy_names_must_be_there_and_right() {
    let world = World::new();
    let (server, alice, token) = server(&world, "[trust]\nbaseline = \"accepted\"\n");
    alice.git("commit -q --allow-empty -m more").ok();
    alice.push("main").rejected().says("accepted");
    server.write("accepted", "nonsense\n");
    alice.push("main").rejected().says("accepted:1");
    alice.portcullis("baseline create").ok();
    server.write("accepted", baseline(&alice));
    alice.push("main").accepted();
    push_again(&alice, &token).accepted();
}
