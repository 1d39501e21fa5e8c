//! What the reports hold, whatever the repository tries to put into them.

use crate::world::report::text;
use crate::world::{World, assigned, ids};
use serde_json::Value;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

fn keys(value: &Value) -> BTreeSet<&str> {
    value
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, _)| key.as_str())
        .collect()
}

/// Every format there is.
fn formats() -> impl Iterator<Item = &'static str> {
    portcullis::report::FORMATS.iter().map(|row| row.name)
}

#[test]
fn a_json_report_has_the_keys_of_version_1() {
    let world = World::new();
    let (repo, token) = (world.repo_with_a_commit(), world.secrets.github());
    let leak = repo.commit("src/app.py", format!("a = 1\nb = 2\n{}", assigned(&token)));
    let report = repo.scan("").exit(1).without(&token).json();
    let all = [
        "version",
        "tool",
        "outcome",
        "findings",
        "suppressed",
        "unread",
        "coverage",
    ];
    assert_eq!(keys(&report.value), BTreeSet::from(all));
    assert_eq!(report.value["version"], 1);
    let tool = &report.value["tool"];
    assert_eq!(keys(tool), BTreeSet::from(["name", "version", "rules"]));
    assert_eq!(tool["name"], "portcullis");
    let coverage = [
        "blobs", "bytes", "scanned", "commits", "trees", "tags", "refs", "files", "skipped",
        "seconds",
    ];
    assert_eq!(keys(&report.value["coverage"]), BTreeSet::from(coverage));

    let finding = report.one(ids::GITHUB, "src/app.py:3:10");
    for key in [
        "check",
        "level",
        "confidence",
        "message",
        "help",
        "fingerprint",
        "place",
        "secret",
    ] {
        assert!(
            !finding[key].is_null(),
            "a finding has no {key}: {finding:#}"
        );
    }
    assert_eq!(finding["level"], "deny");
    assert_eq!(finding["confidence"], "high");
    let place = &finding["place"];
    assert_eq!(place["kind"], "file");
    assert_eq!(place["end_line"], 3);
    assert_eq!(place["end_column"], 10 + token.len());
    assert_eq!(text(&place["commit"]), leak);
    assert_eq!(text(&place["blob"]), repo.id("HEAD:src/app.py"));
    assert_eq!(text(&place["ref"]), "refs/heads/main");
    assert_eq!(place["reachable"], true);
    let secret = &finding["secret"];
    assert_eq!(secret["length"], token.len());
    assert_eq!(secret["valid"], "yes");
    assert!(text(&secret["redacted"]).ends_with('…'), "{secret:#}");
    let null = report.value.to_string().contains(":null");
    assert!(
        !null,
        "keys that do not apply should be absent: {:#}",
        report.value
    );
}

#[test]
fn columns_count_characters() {
    let world = World::new();
    let (repo, token) = (world.repo_with_a_commit(), world.secrets.github());
    repo.stage(
        "app.py",
        format!("x = 1\r\nschlüssel = \"😀\"; t = \"{token}\"\r\n"),
    );
    let report = repo.scan("--staged").exit(1).json();
    let finding = report.one(ids::GITHUB, "app.py:2");
    let column = "schlüssel = \"😀\"; t = \"".chars().count() + 1;
    assert_eq!(finding["place"]["column"], column);
    assert_eq!(finding["place"]["end_column"], column + token.len());
}

#[test]
fn a_key_ends_where_its_last_line_ends() {
    let world = World::new();
    let (repo, key) = (world.repo_with_a_commit(), world.secrets.private_key());
    repo.stage("id_key", format!("# mine\n{key}# end\n"));
    let report = repo.scan("--staged").exit(1).without(&key).json();
    let finding = report.one(ids::OPENSSH_KEY, "id_key:2");
    assert_eq!(finding["place"]["end_line"], key.lines().count() + 1);
}

#[test]
fn a_path_that_is_no_utf_8_is_exact_in_base64() {
    let world = World::new();
    let (repo, token) = (world.repo_with_a_commit(), world.secrets.github());
    repo.stage(OsStr::from_bytes(b"caf\xe9.py"), assigned(&token));
    let said = repo.scan("--staged").exit(1);
    let report = said.json();
    let finding = report.one(ids::GITHUB, "caf\\xe9.py:1");
    assert_eq!(finding["place"]["path_base64"], "Y2Fm6S5weQ==");
}

#[test]
fn a_path_that_is_utf_8_has_no_base64() {
    let world = World::new();
    let (repo, token) = (world.repo_with_a_commit(), world.secrets.github());
    repo.stage("café.py", assigned(&token));
    let report = repo.scan("--staged").exit(1).json();
    assert!(report.one(ids::GITHUB, "café.py:1")["place"]["path_base64"].is_null());
}

#[test]
fn no_format_shows_a_secret() {
    let world = World::new();
    let (repo, secrets) = (world.repo_with_a_commit(), &world.secrets);
    let (token, key, password) = (
        secrets.github(),
        secrets.private_key(),
        secrets.weak_password(),
    );
    let (second, url) = (secrets.gitlab(), secrets.basic_auth_url());
    repo.stage("pair.py", format!("a = \"{token}\"; b = \"{second}\"\n"));
    repo.stage("id_key", &key);
    repo.stage("db.ini", format!("DB_PASSWORD={password}\n"));
    repo.stage("pip.conf", format!("index-url = {}\n", url.0));
    // A secret in a name is as secret as one in a line.
    repo.stage(format!("dir-{token}/x.py"), assigned(&second));
    repo.commit_staged(&format!("deploy with {second}"));
    for format in formats() {
        for mode in ["", "--worktree"] {
            let said = repo
                .portcullis(&format!("scan {mode} --format {format}"))
                .exit(1);
            said.without(&token)
                .without(&second)
                .without(&key)
                .without(&password)
                .without(&url.1);
        }
    }
}

#[test]
fn secrets_are_shown_to_who_asks() {
    let world = World::new();
    let (repo, token) = (world.repo_with_a_commit(), world.secrets.github());
    repo.stage("app.py", assigned(&token));
    for format in ["human", "json"] {
        let words = format!("scan --staged --show-secrets --format {format}");
        repo.portcullis(&words).exit(1).says(&token);
    }
}

#[test]
fn no_format_lets_control_characters_through() {
    let world = World::new();
    let (repo, token) = (world.repo_with_a_commit(), world.secrets.github());
    repo.stage("a\u{1b}[2Jb\u{202e}c\u{7}\nd.py", assigned(&token));
    repo.git_with(&[
        "-c",
        "user.name=E\u{1b}[31mve\u{202e}",
        "commit",
        "-q",
        "-m",
        &format!("\u{1b}]0;x\u{7} {token}"),
    ])
    .ok();
    repo.git_with(&["branch", "b\u{202e}x"]).ok();
    for format in formats() {
        let said = repo.portcullis(&format!("scan --format {format}")).exit(1);
        said.lacks("\u{1b}")
            .lacks("\u{202e}")
            .lacks("\u{7}")
            .lacks("c\nd.py");
    }
}

#[test]
fn a_hook_lets_no_control_character_through() {
    let world = World::new();
    let server = world.bare("origin.git").hook("pre-receive");
    let (clone, token) = (world.clone_of(&server, "clone"), world.secrets.github());
    clone.commit("a\u{1b}[2J\u{202e}.py", assigned(&token));
    let said = clone
        .git_with(&["push", "origin", "main:refs/heads/b\u{202e}x"])
        .rejected();
    let ours: String = said
        .stderr
        .lines()
        .filter(|line| line.starts_with("remote:"))
        .collect();
    assert!(ours.contains(ids::GITHUB));
    assert!(!ours.contains('\u{202e}'), "{ours:?}");
    // Git itself colours the line of the remote at times, and moves to its end.
    assert!(!ours.contains("\u{1b}[2J"), "{ours:?}");
}

#[test]
fn coverage_says_what_was_examined() {
    let world = World::new();
    let repo = world.repo_with_a_commit();
    repo.commit("a.py", "0123456789");
    repo.commit("b.py", "0123456789"); // The same blob once more.
    repo.commit("c.py", "01234567890123456789");
    repo.git("branch side").ok();
    let report = repo.scan("").ok().json();
    assert_eq!(report.covered("blobs"), 3);
    let sizes = "cat-file --batch-all-objects --batch-check=%(objecttype):%(objectsize)";
    let read: u64 = repo
        .ask(sizes)
        .lines()
        .filter_map(|line| line.split_once(':'))
        .filter(|(kind, _)| *kind != "tree")
        .map(|(_, size)| size.parse::<u64>().unwrap())
        .sum();
    assert_eq!(report.covered("bytes"), read);
    assert_eq!(report.covered("commits"), 4);
    assert_eq!(report.covered("refs"), 2);
    assert!(
        report.value["coverage"]["seconds"]
            .as_f64()
            .is_some_and(|seconds| seconds >= 0.0)
    );
    assert_eq!(repo.scan("--worktree").ok().json().covered("files"), 4);
}

#[test]
fn people_read_a_place_and_a_check_in_lines_that_fit() {
    let world = World::new();
    let (repo, token) = (world.repo_with_a_commit(), world.secrets.github());
    repo.stage("src/app.py", format!("import os\n{}", assigned(&token)));
    let said = repo.portcullis("scan --staged").exit(1).without(&token);
    for line in said.stdout.lines().chain(said.stderr.lines()) {
        assert!(
            line.chars().count() <= 72,
            "{} columns: {line}",
            line.chars().count()
        );
    }
    said.by(ids::GITHUB).at("src/app.py:2:10").lacks("\u{1b}");
}

#[test]
fn colour_comes_only_when_it_is_asked_for() {
    let world = World::new();
    let (repo, token) = (world.repo_with_a_commit(), world.secrets.github());
    repo.stage("app.py", assigned(&token));
    repo.portcullis("scan --staged --color always")
        .exit(1)
        .says("\u{1b}[");
    repo.portcullis("scan --staged --color never")
        .exit(1)
        .lacks("\u{1b}");
    repo.portcullis("scan --staged").exit(1).lacks("\u{1b}");
}

#[test]
fn json_lines_end_with_the_summary() {
    let world = World::new();
    let (repo, secrets) = (world.repo_with_a_commit(), &world.secrets);
    repo.stage("a.py", assigned(&secrets.github()));
    repo.stage("b.py", assigned(&secrets.gitlab()));
    let said = repo.portcullis("scan --staged --format jsonl").exit(1);
    let lines: Vec<Value> = said
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let [first, second, last] = &lines[..] else {
        panic!("not three lines: {lines:#?}")
    };
    assert_eq!(
        (&first["check"], &second["check"]),
        (&ids::GITHUB.into(), &ids::GITLAB.into())
    );
    assert_eq!(last["summary"]["outcome"], "rejected", "{last:#}");
    assert!(!last["summary"]["coverage"].is_null(), "{last:#}");
}

#[test]
fn quiet_is_quiet_about_what_is_well() {
    let world = World::new();
    let (repo, token) = (world.repo_with_a_commit(), world.secrets.github());
    let said = repo.portcullis("scan -q").ok();
    assert_eq!((said.stdout.as_str(), said.stderr.as_str()), ("", ""));
    repo.stage("app.py", assigned(&token));
    repo.portcullis("scan -q --staged")
        .exit(1)
        .at("app.py:1")
        .without(&token);
}

#[test]
fn a_report_goes_where_it_is_sent() {
    let world = World::new();
    let (repo, token) = (world.repo_with_a_commit(), world.secrets.github());
    repo.stage("app.py", assigned(&token));
    let said = repo.scan("--staged --output ../report.json").exit(1);
    assert_eq!(said.stdout, "");
    let written = std::fs::read_to_string(world.path("report.json")).unwrap();
    let report: Value = serde_json::from_str(&written).unwrap();
    assert_eq!(report["outcome"], "rejected");
}

#[test]
fn two_scans_say_the_same_in_the_same_order() {
    let world = World::new();
    let (repo, secrets) = (world.repo_with_a_commit(), &world.secrets);
    for index in 0..12 {
        repo.stage(format!("f{index}.py"), assigned(&secrets.github()));
    }
    repo.commit_staged("many");
    let look = |jobs: &str| {
        let report = repo.scan(&format!("--jobs {jobs}")).exit(1).json();
        report.findings().to_vec()
    };
    let first = look("1");
    assert_eq!(first.len(), 12);
    assert!(look("4") == first, "the number of jobs changes the report");
}
