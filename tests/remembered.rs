//! A scan that builds on the last one says the same as one that looks at everything.

use crate::world::{Repo, World, assigned};
use serde_json::Value;
use std::fs;

const MEMORY: &str = ".git/portcullis/history";

fn report(repo: &Repo, words: &str) -> Value {
    let mut value = repo.scan(words).whatever().json().value;
    value["coverage"]["seconds"].take();
    // That it looks at less is the point.
    value["coverage"]["scanned"].take();
    value
}

/// What was remembered changes nothing, twice over.
#[track_caller]
fn same(repo: &Repo) -> Value {
    let whole = report(repo, "--no-cache");
    for round in ["what is new", "nothing new"] {
        assert_eq!(report(repo, ""), whole, "with {round}");
    }
    whole
}

fn count(report: &Value) -> usize {
    report["findings"].as_array().map_or(0, Vec::len)
}

/// A repository that has something in every kind of place.
fn leaky(world: &World) -> Repo {
    let repo = world.repo_with_a_commit();
    let tokens: Vec<String> = (0..5).map(|_| world.secrets.github()).collect();
    repo.commit("app.py", assigned(&tokens[0]));
    repo.commit("app.py", "a = 1\n");
    repo.commit("deploy/.env", format!("{}\n", assigned(&tokens[1])));
    repo.commit_staged(&format!("deploy\n\nwith {}", tokens[2]));
    repo.git_with(&["tag", "-a", "v1", "-m", &tokens[3]]).ok();
    repo.blob(assigned(&tokens[4]));
    repo
}

#[test]
fn what_was_seen_before_counts_as_if_it_were_seen_again() {
    let world = World::new();
    let repo = leaky(&world);
    assert_eq!(count(&same(&repo)), 6);
    repo.commit("b.py", assigned(&world.secrets.npm()));
    assert_eq!(count(&same(&repo)), 7);
    // The same content at another place, the same secret in another content.
    repo.git("mv b.py c.py").ok();
    repo.commit_staged("move");
    repo.append("c.py", "x = 1").git("add .").ok();
    repo.commit_staged("one more line");
    same(&repo);
    repo.git("gc -q").ok();
    same(&repo);
    repo.commit("d.py", assigned(&world.secrets.gitlab()));
    repo.git("repack -q -d").ok();
    assert_eq!(count(&same(&repo)), count(&report(&repo, "--no-cache")));
}

#[test]
fn what_refs_reach_is_asked_anew() {
    let world = World::new();
    let repo = leaky(&world);
    repo.git("switch -q -c side HEAD~3").ok();
    repo.commit("side.py", assigned(&world.secrets.npm()));
    repo.git("switch -q main").ok();
    same(&repo);
    repo.git("branch -q -D side").ok();
    same(&repo);
    // An older commit that comes later brings the same file in first.
    repo.git("switch -q -c older HEAD~3").ok();
    let older = repo.with_env("GIT_COMMITTER_DATE", "2001-01-01T00:00:00Z");
    let older = older.with_env("GIT_AUTHOR_DATE", "2001-01-01T00:00:00Z");
    let leak = repo.ask("rev-list --all --reflog --max-count=1 -- side.py");
    older
        .git_with(&["checkout", "-q", &leak, "--", "side.py"])
        .ok();
    older.commit_staged("the same, and older");
    same(&repo);
    repo.git("switch -q main").ok();
    repo.git("branch -q -D older").ok();
    repo.git("tag -d v1").ok();
    same(&repo);
    repo.git("reflog expire --expire=now --all").ok();
    repo.git("gc -q --prune=now").ok();
    assert_eq!(count(&same(&repo)), 4);
}

#[test]
fn what_dangled_is_found_where_a_commit_takes_it_in() {
    let world = World::new();
    let repo = leaky(&world);
    let token = assigned(&world.secrets.npm());
    repo.stage("later/kept.py", &token);
    let tree = repo.ask("write-tree");
    repo.git("rm -q --cached later/kept.py").ok();
    same(&repo);
    repo.git_with(&["read-tree", &tree]).ok();
    repo.commit_staged("take it in");
    let report = same(&repo);
    let paths = report["findings"].as_array().into_iter().flatten();
    assert!(
        paths
            .clone()
            .any(|found| found["place"]["path"] == "later/kept.py")
    );
}

#[test]
fn a_file_that_holds_a_key_and_tells_of_it_is_no_finding_more() {
    let world = World::new();
    let (repo, key) = (world.repo_with_a_commit(), world.ssh_key("key"));
    let private = fs::read_to_string(&key.file).unwrap();
    repo.commit("both.pem", &private);
    // Later versions hold the public half as well, and are one finding with the first.
    for version in 0..3 {
        let text = format!("version {version}\n{}\n{private}", key.public);
        repo.commit("both.pem", text);
    }
    assert_eq!(count(&same(&repo)), 1);
}

#[test]
fn other_rules_and_damage_make_it_worthless() {
    let world = World::new();
    let repo = leaky(&world);
    let found = count(&same(&repo));
    repo.write(".portcullis.toml", "version = 1\n[env-files]\ndeny = []\n");
    assert_eq!(count(&same(&repo)), found - 1);
    fs::remove_file(repo.dir.join(".portcullis.toml")).unwrap();
    assert_eq!(count(&same(&repo)), found);
    let memory = repo.dir.join(MEMORY);
    let whole = fs::read(&memory).unwrap();
    for bad in [&whole[..whole.len() / 2], b"", &[7; 900]] {
        fs::write(&memory, bad).unwrap();
        assert_eq!(count(&same(&repo)), found);
    }
    for at in (0..whole.len()).step_by(97) {
        let mut bad = whole.clone();
        bad[at] ^= 0x40;
        fs::write(&memory, bad).unwrap();
        assert_eq!(count(&report(&repo, "")), found, "byte {at}");
    }
}

/// A repository may come as a folder, with what somebody else says of it.
#[test]
fn what_another_user_remembers_counts_for_nothing() {
    let world = World::new();
    let repo = leaky(&world);
    let (theirs, ours) = (world.path("theirs"), world.path("ours"));
    let cache_of = |home: &std::path::Path| {
        let repo = repo.with_env("XDG_CACHE_HOME", &home.to_string_lossy());
        report(&repo, "");
        fs::read(repo.dir.join(MEMORY)).unwrap()
    };
    let first = cache_of(&theirs);
    assert_eq!(cache_of(&theirs), first);
    let key = fs::read(theirs.join("portcullis/key")).unwrap();
    // Nothing is new, so it is only written again where it did not count.
    assert_ne!(cache_of(&ours), first);
    assert_ne!(fs::read(ours.join("portcullis/key")).unwrap(), key);
    // A key that is none, or cannot be made, is no reason not to look.
    fs::write(ours.join("portcullis/key"), "short").unwrap();
    let broken = repo.with_env("XDG_CACHE_HOME", &ours.to_string_lossy());
    assert_eq!(count(&report(&broken, "")), 6);
    let nowhere = repo.with_env("XDG_CACHE_HOME", &repo.dir.join("app.py").to_string_lossy());
    assert_eq!(count(&report(&nowhere, "")), 6);
}

#[test]
fn marks_and_the_baseline_count_as_they_are_now() {
    let world = World::new();
    let repo = leaky(&world);
    same(&repo);
    repo.portcullis("baseline create").ok();
    assert_eq!(count(&same(&repo)), 0);
    fs::remove_file(repo.dir.join(".portcullis-baseline")).unwrap();
    assert_eq!(count(&same(&repo)), 6);
    // The bar for what blocks is no part of what was said.
    let policy = "version = 1\n[secrets]\nmin_confidence = \"high\"\n";
    repo.write(".portcullis.toml", policy);
    same(&repo);
}

#[test]
fn it_holds_no_secret_and_needs_no_place() {
    let world = World::new();
    let repo = world.repo_with_a_commit();
    let token = world.secrets.github();
    repo.commit("app.py", assigned(&token));
    repo.scan("--no-cache").whatever();
    assert!(!repo.dir.join(".git/portcullis").exists());
    repo.scan("").whatever();
    let kept = fs::read(repo.dir.join(MEMORY)).unwrap();
    let part = &token.as_bytes()[token.len() - 12..];
    assert!(!kept.windows(part.len()).any(|here| here == part));
    fs::remove_dir_all(repo.dir.join(".git/portcullis")).unwrap();
    fs::write(repo.dir.join(".git/portcullis"), "not a folder").unwrap();
    assert_eq!(count(&same(&repo)), 1);
}

#[test]
fn what_is_missing_is_said_again() {
    let world = World::new();
    let repo = leaky(&world);
    same(&repo);
    let blob = repo.id("HEAD:deploy/.env");
    let (folder, rest) = blob.split_at(2);
    let file = repo.dir.join(".git/objects").join(folder).join(rest);
    fs::remove_file(file).unwrap();
    for words in ["", "", "--no-cache"] {
        let report = report(&repo, words);
        let unread = report["unread"].as_array().into_iter().flatten();
        assert!(unread.clone().any(|one| one["what"] == blob), "{report:#}");
    }
}

/// Of what was found before, the texts are read, and no rule runs on them again.
#[test]
fn what_was_said_of_a_text_is_not_asked_again() {
    let world = World::new();
    let repo = leaky(&world);
    // A password that is slow to fingerprint, one that is encoded, and one in a tag.
    let weak = world.secrets.github();
    let weak = &weak[10..24];
    repo.commit("a.env", format!("DB_PASSWORD={weak}\n"));
    repo.commit("url.txt", format!("https://app:{weak}@db.corp.example/x\n"));
    let coded = [assigned(&world.secrets.npm()), "\n".to_owned()].concat();
    let coded: String = coded.bytes().map(|byte| format!("{byte:02x}")).collect();
    repo.commit("coded.txt", format!("blob = {coded}\n"));
    let whole = report(&repo, "--no-cache");
    let scanned = |words: &str| {
        let report = repo.scan(words).whatever().json().value;
        report["coverage"]["scanned"].as_u64().unwrap()
    };
    let first = scanned("");
    let again = scanned("");
    assert!(again * 2 < first, "{again} of {first}");
    assert_eq!(report(&repo, ""), whole);
    // What is new is looked at, and what is old not for that.
    repo.commit("new.py", "x = 1\n");
    assert!(scanned("") < again + 600);
    same(&repo);
}

/// A secret may be part of what another rule says of its own.
#[test]
fn nothing_that_is_kept_repeats_a_secret() {
    let world = World::new();
    let repo = world.repo_with_a_commit();
    let (token, other) = (world.secrets.github(), world.secrets.npm());
    repo.commit(
        "url.txt",
        format!("https://{token}:{other}@git.corp.example/x\n"),
    );
    let coded: String = assigned(&other)
        .bytes()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    repo.commit("coded.txt", format!("blob = {coded}\n"));
    let report = same(&repo);
    assert!(count(&report) >= 2, "{report:#}");
    let kept = fs::read(repo.dir.join(MEMORY)).unwrap();
    for secret in [&token, &other] {
        let part = &secret.as_bytes()[secret.len() - 12..];
        assert!(!kept.windows(part.len()).any(|here| here == part));
    }
}
