//! A scan of everything a repository stores, however little still points at it.

use crate::world::report::{Report, text};
use crate::world::{Repo, World, assigned, ids};
use serde_json::Value;

/// The scan finds this and nothing else, and shows no secret.
#[track_caller]
fn found(repo: &Repo, check: &str, place: &str, secret: &str) -> Value {
    let report = repo.scan("").exit(1).without(secret).json();
    report.outcome("rejected");
    let finding = report.one(check, place).clone();
    only(&report, check);
    finding
}

#[track_caller]
fn only(report: &Report, check: &str) {
    if report.by(check).len() != report.findings().len() {
        report.fail("it finds more than there is");
    }
}

#[test]
fn a_clean_repository_is_clean() {
    let world = World::new();
    let repo = world.repo_with_a_commit();
    repo.scan("").ok().json().outcome("accepted").nothing();
}

#[test]
fn a_token_added_and_removed_again_is_found_with_the_commit_that_added_it() {
    let world = World::new();
    let (repo, token) = (world.repo_with_a_commit(), world.secrets.github());
    let leak = repo.commit("src/app.py", format!("a = 1\n{}", assigned(&token)));
    repo.commit("src/app.py", "a = 1\n");
    let finding = found(&repo, ids::GITHUB, "src/app.py:2", &token);
    let place = &finding["place"];
    assert_eq!(text(&place["kind"]), "file");
    assert_eq!(text(&place["commit"]), leak);
    assert_eq!(text(&place["blob"]), repo.id(&format!("{leak}:src/app.py")));
    assert_eq!(place["reachable"], true);
    assert!(text(&place["author"]).contains("Robin"), "{place:#}");
    assert!(text(&place["date"]).starts_with("2023-11-14T"), "{place:#}");
}

#[test]
fn the_first_of_many_commits_that_hold_it_is_named_and_once() {
    let world = World::new();
    let (repo, token) = (world.repo_with_a_commit(), world.secrets.github());
    let leak = repo.commit("app.py", assigned(&token));
    for line in 0..5 {
        repo.append("app.py", &format!("line{line} = {line}"))
            .git("add .")
            .ok();
        repo.commit_staged("one more line");
    }
    let finding = found(&repo, ids::GITHUB, "app.py:1", &token);
    assert_eq!(text(&finding["place"]["commit"]), leak);
}

#[test]
fn what_only_the_merge_itself_brings_in_is_found() {
    let world = World::new();
    let (repo, token) = (world.repo_with_a_commit(), world.secrets.github());
    repo.git("switch -q -c side").ok();
    repo.commit("side.txt", "side\n");
    repo.git("switch -q main").ok();
    repo.commit("main.txt", "main\n");
    repo.git("merge -q --no-ff --no-commit side").ok();
    let merge = repo.commit("evil.py", assigned(&token));
    assert!(repo.value_of("HEAD^2").is_some(), "not a merge");
    repo.commit_without("evil.py");
    let finding = found(&repo, ids::GITHUB, "evil.py:1", &token);
    assert_eq!(text(&finding["place"]["commit"]), merge);
}

#[test]
fn a_commit_message_is_read() {
    let world = World::new();
    let (repo, token) = (world.repo_with_a_commit(), world.secrets.github());
    let leak = repo.commit_staged(&format!("deploy\n\nused {token} for it"));
    let finding = found(&repo, ids::GITHUB, "message:3", &token);
    assert_eq!(text(&finding["place"]["commit"]), leak);
}

#[test]
fn a_tag_message_is_read() {
    let world = World::new();
    let (repo, token) = (world.repo_with_a_commit(), world.secrets.github());
    repo.git_with(&["tag", "-a", "v1", "-m", &format!("release\n\nwith {token}")])
        .ok();
    let finding = found(&repo, ids::GITHUB, "tag", &token);
    assert_eq!(text(&finding["place"]["kind"]), "tag");
    assert_eq!(text(&finding["place"]["ref"]), "refs/tags/v1");
    assert_eq!(finding["place"]["reachable"], true);
}

#[test]
fn a_tag_that_nothing_points_at_any_more_is_read() {
    let world = World::new();
    let (repo, token) = (world.repo_with_a_commit(), world.secrets.github());
    repo.git_with(&["tag", "-a", "v1", "-m", &format!("with {token}")])
        .ok();
    repo.git("tag -d v1").ok();
    let finding = found(&repo, ids::GITHUB, "tag", &token);
    assert_eq!(finding["place"]["reachable"], false);
}

#[test]
fn a_note_is_read() {
    let world = World::new();
    let (repo, token) = (world.repo_with_a_commit(), world.secrets.github());
    repo.git_with(&["notes", "add", "-m", &format!("checked with {token}")])
        .ok();
    let report = repo.scan("").exit(1).without(&token).json();
    only(&report, ids::GITHUB);
    assert_eq!(report.findings().len(), 1);
}

#[test]
fn what_was_amended_away_is_found_in_the_reflog() {
    let world = World::new();
    let (repo, token) = (world.repo_with_a_commit(), world.secrets.github());
    let leak = repo.commit("app.py", assigned(&token));
    repo.stage("app.py", "clean = True\n");
    repo.git("commit -q --amend --no-edit").ok();
    let finding = found(&repo, ids::GITHUB, "app.py:1", &token);
    assert_eq!(text(&finding["place"]["commit"]), leak);
    assert_eq!(finding["place"]["reachable"], false);
}

#[test]
fn a_stash_is_read() {
    let world = World::new();
    let (repo, token) = (world.repo_with_a_commit(), world.secrets.github());
    repo.append("readme.md", &format!("token = \"{token}\""))
        .git("stash -q")
        .ok();
    let finding = found(&repo, ids::GITHUB, "readme.md:2", &token);
    assert_eq!(finding["place"]["reachable"], true);
    assert!(finding["place"]["commit"].is_string(), "{finding:#}");
}

#[test]
fn an_older_stash_is_read_though_no_ref_reaches_it() {
    let world = World::new();
    let (repo, token) = (world.repo_with_a_commit(), world.secrets.github());
    repo.append("readme.md", &format!("token = \"{token}\""))
        .git("stash -q")
        .ok();
    repo.append("readme.md", "harmless").git("stash -q").ok();
    let finding = found(&repo, ids::GITHUB, "readme.md:2", &token);
    assert_eq!(finding["place"]["reachable"], false);
}

#[test]
fn a_tag_straight_on_a_blob_is_read() {
    let world = World::new();
    let (repo, token) = (world.repo_with_a_commit(), world.secrets.github());
    let blob = repo.blob(format!("first\n{}", assigned(&token)));
    repo.git(&format!("tag loose {blob}")).ok();
    let report = repo.scan("").exit(1).without(&token).json();
    only(&report, ids::GITHUB);
    let place = &report.findings()[0]["place"];
    assert_eq!(text(&place["blob"]), blob);
    assert_eq!(place["line"], 2);
    assert_eq!(place["reachable"], true);
    assert!(place["commit"].is_null(), "{place:#}");
}

#[test]
fn a_blob_that_dangles_is_read() {
    let world = World::new();
    let (repo, token) = (world.repo_with_a_commit(), world.secrets.github());
    let blob = repo.blob(assigned(&token));
    let report = repo.scan("").exit(1).without(&token).json();
    only(&report, ids::GITHUB);
    let place = &report.findings()[0]["place"];
    assert_eq!(text(&place["blob"]), blob);
    assert_eq!(place["reachable"], false);
    assert!(place["commit"].is_null(), "{place:#}");
}

#[test]
fn a_branch_that_was_deleted_is_read() {
    let world = World::new();
    let (repo, token) = (world.repo_with_a_commit(), world.secrets.github());
    repo.git("switch -q -c side").ok();
    let leak = repo.commit("app.py", assigned(&token));
    repo.git("switch -q main").ok();
    repo.git("branch -q -D side").ok();
    let finding = found(&repo, ids::GITHUB, "app.py:1", &token);
    assert_eq!(text(&finding["place"]["commit"]), leak);
    assert_eq!(finding["place"]["reachable"], false);
}

#[test]
fn attributes_bend_no_scan() {
    let world = World::new();
    let (repo, token) = (world.repo_with_a_commit(), world.secrets.github());
    repo.commit(".gitattributes", "* -diff\n*.py binary\n");
    repo.commit("app.py", assigned(&token));
    repo.commit("app.py", "clean = True\n");
    found(&repo, ids::GITHUB, "app.py:1", &token);
}

#[test]
fn utf_16_in_history_is_read() {
    let world = World::new();
    let (repo, token) = (world.repo_with_a_commit(), world.secrets.github());
    let wide: Vec<u8> = format!("\u{feff}first\n{}", assigned(&token))
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    repo.commit("app.ps1", wide);
    repo.commit_without("app.ps1");
    found(&repo, ids::GITHUB, "app.ps1:2", &token);
}

#[test]
fn a_replacement_hides_no_commit() {
    let world = World::new();
    let (repo, token) = (world.repo_with_a_commit(), world.secrets.github());
    let clean = repo.head();
    let leak = repo.commit("app.py", assigned(&token));
    repo.git(&format!("replace {leak} {clean}")).ok();
    let finding = found(&repo, ids::GITHUB, "app.py:1", &token);
    assert_eq!(text(&finding["place"]["commit"]), leak);
}

#[test]
fn the_halves_of_a_pair_meet_though_they_came_in_different_commits() {
    let world = World::new();
    let repo = world.repo_with_a_commit();
    let (id, key) = world.secrets.aws();
    repo.commit(
        "credentials",
        format!("[default]\naws_access_key_id = {id}\n"),
    );
    repo.append("credentials", &format!("aws_secret_access_key = {key}"));
    repo.git("add .").ok();
    let second = repo.commit_staged("the other half");
    let report = repo.scan("").exit(1).without(&key).json();
    report.one(ids::AWS_ID, "credentials:2");
    let finding = report.one(ids::AWS_PAIR, "credentials:3");
    assert_eq!(text(&finding["place"]["commit"]), second);
}

#[test]
fn a_bare_repository_is_read_like_any_other() {
    let world = World::new();
    let server = world.bare("origin.git");
    let (alice, token) = (world.clone_of(&server, "alice"), world.secrets.github());
    let leak = alice.commit("app.py", assigned(&token));
    alice.push("main").accepted();
    let finding = found(&server, ids::GITHUB, "app.py:1", &token);
    assert_eq!(text(&finding["place"]["commit"]), leak);
    let named = format!("scan --format json {}", server.dir.display());
    let elsewhere = world.plain_dir("elsewhere");
    elsewhere
        .portcullis(&named)
        .exit(1)
        .json()
        .one(ids::GITHUB, "app.py:1");
}

/// A repository whose one big file changes in many places, so that its pack is full of deltas.
fn repo_full_of_deltas(world: &World) -> (Repo, Vec<String>) {
    let repo = world.repo_with_a_commit();
    let mut lines: Vec<String> = (0..400)
        .map(|n| format!("value_{n} = {}", n * 7919 % 1000))
        .collect();
    let mut tokens = Vec::new();
    for round in 0..12 {
        if round % 3 == 1 {
            tokens.push(world.secrets.github());
            lines[round * 31] = format!("token = \"{}\"", tokens[tokens.len() - 1]);
        } else {
            lines[round * 31 + 7] = format!("changed = {round}");
            lines.remove(round);
        }
        repo.commit("big.py", lines.join("\n"));
    }
    repo.commit("big.py", "all gone\n");
    (repo, tokens)
}

#[test]
fn how_objects_are_stored_changes_nothing() {
    let world = World::new();
    let (repo, tokens) = repo_full_of_deltas(&world);
    let look = || {
        let said = repo.scan("").exit(1);
        let report = tokens
            .iter()
            .fold(said, |said, token| said.without(token))
            .json();
        assert_eq!(report.by(ids::GITHUB).len(), tokens.len());
        let mut seen: Vec<String> = report
            .findings()
            .iter()
            .map(|f| {
                format!(
                    "{} {} {}",
                    f["fingerprint"], f["place"]["commit"], f["place"]["line"]
                )
            })
            .collect();
        seen.sort();
        seen
    };
    let loose = look();
    for how in [
        "repack -q -a -d",
        "repack -q -a -d -f --depth=50 --window=50",
        "-c pack.indexVersion=1 repack -q -a -d -F",
        "repack -q -a -d -f --depth=0",
        "multi-pack-index write",
        "commit-graph write --reachable",
        "pack-refs --all",
    ] {
        repo.git(how).ok();
        assert_eq!(look(), loose, "after git {how}");
    }
}

#[test]
fn every_object_that_git_knows_is_counted_once() {
    let world = World::new();
    let (repo, _) = repo_full_of_deltas(&world);
    repo.git("repack -q -a -d").ok();
    repo.blob("dangling\n");
    repo.commit("after.py", "a = 1\n");
    let all = repo.ask("cat-file --batch-all-objects --batch-check=%(objecttype)");
    let count = |kind: &str| all.lines().filter(|line| *line == kind).count() as u64;
    let report = repo.scan("").exit(1).json();
    assert_eq!(report.covered("blobs"), count("blob"));
    assert_eq!(report.covered("commits"), count("commit"));
}

#[test]
fn a_range_is_read_and_no_more() {
    let world = World::new();
    let (repo, old, new) = (
        world.repo_with_a_commit(),
        world.secrets.github(),
        world.secrets.gitlab(),
    );
    repo.commit("old.py", assigned(&old));
    let base = repo.head();
    let leak = repo.commit("new.py", assigned(&new));
    repo.commit_without("new.py");
    let report = repo.scan(&format!("--range {base}..HEAD")).exit(1).json();
    only(&report, ids::GITLAB);
    let finding = report.one(ids::GITLAB, "new.py:1");
    assert_eq!(text(&finding["place"]["commit"]), leak);
    repo.scan("--range HEAD~1..HEAD").ok().json().nothing();
}

#[test]
fn a_scan_writes_nothing() {
    let world = World::new();
    let (repo, token) = (world.repo_with_a_commit(), world.secrets.github());
    repo.commit("app.py", assigned(&token));
    repo.stage("staged.py", assigned(&token));
    repo.write("untracked.py", assigned(&token))
        .write("readme.md", "dirty\n");
    let before = repo.snapshot();
    for mode in [
        "--no-cache",
        "--staged",
        "--worktree",
        "--files",
        "--range HEAD",
        "",
    ] {
        repo.scan(mode).exit(1);
        let mut after = repo.snapshot();
        if mode.is_empty() {
            // Its own notes for the next time.
            after.retain(|path, _| !path.ends_with("portcullis/history"));
        }
        assert!(after == before, "scan {mode} has changed the repository");
    }
}

/// What is larger than is held at once is looked at all the same, to its last line; and what of it
/// cannot be read is not taken for read.
#[test]
fn a_large_blob_is_read_to_its_end() {
    let world = World::new();
    let (repo, token) = (world.repo_with_a_commit(), world.secrets.github());
    let lines = 1_100_000;
    let line = format!("{}\n", " ".repeat(63));
    let text = [line.repeat(lines), assigned(&token)].concat();
    repo.commit("dump.sql", &text);
    let place = format!("dump.sql:{}", lines + 1);
    found(&repo, ids::GITHUB, &place, &token);
    // Again, with nothing new.
    found(&repo, ids::GITHUB, &place, &token);
    let blob = repo.id("HEAD:dump.sql");
    let (folder, rest) = blob.split_at(2);
    let file = repo.dir.join(".git/objects").join(folder).join(rest);
    let stored = std::fs::read(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    std::fs::write(&file, &stored[..stored.len() - 3]).unwrap();
    let report = repo.scan("--no-cache").exit(3).json();
    report.outcome("undecided");
    let unread = report.value["unread"].as_array().into_iter().flatten();
    assert!(unread.clone().any(|one| one["what"] == blob.as_str()));
}
