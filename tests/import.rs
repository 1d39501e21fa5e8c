//! `baseline import`: what other tools were told to ignore is taken over, and what cannot be is said.

use crate::world::{Repo, World, assigned, ids};
use sha1::{Digest as _, Sha1};
use sha2::Sha256;
use std::fs;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn entries(repo: &Repo) -> usize {
    let text = fs::read_to_string(repo.dir.join(".portcullis-baseline")).unwrap_or_default();
    text.lines().filter(|line| !line.starts_with('#')).count()
}

#[test]
fn gitleaks_knows_findings_by_their_position() {
    let world = World::new();
    let (repo, secrets) = (world.repo_with_a_commit(), &world.secrets);
    let (now, gone, other) = (secrets.github(), secrets.gitlab(), secrets.npm());
    repo.commit("now.py", format!("\n{}", assigned(&now)));
    let commit = repo.commit("gone.py", assigned(&gone));
    repo.commit_without("gone.py");
    repo.commit("other.py", assigned(&other));
    repo.write(
        ".gitleaksignore",
        format!(
            "# known\nnow.py:github-pat:2\n{commit}:gone.py:gitlab-pat:1\n\
             now.py:github-pat:9\n{}:gone.py:gitlab-pat:1\nodd\n",
            "0".repeat(40)
        ),
    );
    repo.portcullis("baseline import .gitleaksignore")
        .ok()
        .says(".gitleaksignore: 2 of 5 taken over")
        .says("line 4: not taken over: nothing is found on that line")
        .says("line 5: not taken over: there is no commit")
        .says("line 6: not taken over: is neither")
        .says("2 findings accepted, 2 of them new")
        .without(&now)
        .without(&gone);
    let report = repo.scan("").exit(1).json();
    report.one(ids::NPM, "other.py:1");
    assert_eq!(report.findings().len(), 1);
}

#[test]
fn an_old_commit_accepts_what_it_brought_in_and_not_what_stands_there_now() {
    let world = World::new();
    let (repo, secrets) = (world.repo_with_a_commit(), &world.secrets);
    let (old, new) = (secrets.github(), secrets.github());
    let commit = repo.commit("a.py", assigned(&old));
    repo.commit("a.py", assigned(&new));
    repo.write(".gitleaksignore", format!("{commit}:a.py:github-pat:1\n"));
    repo.portcullis("baseline import .gitleaksignore")
        .ok()
        .says("1 of 1");
    let report = repo.scan("").exit(1).json();
    report.one(ids::GITHUB, "a.py:1");
    assert_eq!(report.findings().len(), 1);
    assert_eq!(report.value["suppressed"].as_array().unwrap().len(), 1);
}

#[test]
fn of_several_secrets_on_a_line_only_the_one_that_is_meant_is_taken() {
    let world = World::new();
    let (repo, secrets) = (world.repo_with_a_commit(), &world.secrets);
    let line = format!("a = [\"{}\", \"{}\"]\n", secrets.github(), secrets.gitlab());
    repo.commit("a.py", line);
    repo.write(".gitleaksignore", "a.py:some-rule:1\n");
    repo.portcullis("baseline import .gitleaksignore")
        .ok()
        .says("several secrets");
    assert_eq!(entries(&repo), 0);
    repo.write(".gitleaksignore", format!("a.py:{}:1\n", &ids::GITLAB[8..]));
    repo.portcullis("baseline import .gitleaksignore")
        .ok()
        .says("1 of 1");
    assert_eq!(entries(&repo), 1);
}

#[test]
fn betterleaks_knows_values_by_their_digest() {
    let world = World::new();
    let (repo, token) = (world.repo_with_a_commit(), world.secrets.github());
    repo.commit("a.py", assigned(&token));
    repo.stage("b.py", format!("# and\n{}", assigned(&token)));
    repo.commit_staged("again");
    let digest = hex(&Sha256::digest(&token));
    repo.write("ignore", format!("{digest}\nhmac-sha256:{digest}\n"));
    repo.portcullis("baseline import ignore")
        .exit(2)
        .says("--from");
    repo.portcullis("baseline import --from betterleaks ignore")
        .ok()
        .says("1 of 2 taken over")
        .says("line 2: not taken over");
    repo.scan("").ok().json().nothing();
}

#[test]
fn detect_secrets_knows_secrets_by_file_and_digest() {
    let world = World::new();
    let (repo, secrets) = (world.repo_with_a_commit(), &world.secrets);
    let (token, key) = (secrets.github(), secrets.pkcs8_key());
    repo.commit("a.py", assigned(&token));
    repo.commit("b.py", assigned(&token));
    repo.commit("key.pem", &key);
    let sha1 = |bytes: &[u8]| hex(&Sha1::digest(bytes));
    let label = format!("{} PRIVATE KEY", "BEGIN");
    repo.write(
        ".secrets.baseline",
        format!(
            r#"{{"version": "1.5.0", "filters_used": [
                {{"path": "detect_secrets.filters.regex.should_exclude_line", "pattern": ["x"]}}],
              "results": {{
                "a.py": [{{"type": "GitHub Token", "hashed_secret": "{}", "line_number": 99}},
                         {{"type": "Hex", "hashed_secret": "{}"}}],
                "key.pem": [{{"type": "Private Key", "hashed_secret": "{}"}}]}}}}"#,
            sha1(token.as_bytes()),
            sha1(b"something else"),
            sha1(label.as_bytes()),
        ),
    );
    repo.portcullis("baseline import .secrets.baseline")
        .ok()
        .says("2 of 4 taken over")
        .says("a.py, Hex: not taken over")
        .says("should_exclude_line")
        .without(&token);
    let report = repo.scan("--worktree").exit(1).json();
    report.one(ids::GITHUB, "b.py:1");
    assert_eq!(report.findings().len(), 1);
}

/// Talisman's checksum of one file.
fn checksum(path: &str, content: &str) -> String {
    let digest = |text: &str| hex(&Sha256::digest(text));
    digest(&format!(
        "{}{}{}",
        digest(""),
        digest(content),
        digest(path)
    ))
}

#[test]
fn talisman_knows_files_by_their_checksum() {
    // A checksum that Talisman itself gives.
    assert!(checksum("some_file.pem", "").starts_with("87139cc4d975333b25b6275f"));
    let world = World::new();
    let (repo, secrets) = (world.repo_with_a_commit(), &world.secrets);
    let (same, changed) = (assigned(&secrets.github()), assigned(&secrets.gitlab()));
    repo.commit("same.py", &same);
    repo.commit("changed.py", format!("{changed}# more\n"));
    repo.write(
        ".talismanrc",
        format!(
            "fileignoreconfig:\n- filename: same.py\n  checksum: {}\n\
             - filename: changed.py\n  checksum: {}\nthreshold: medium\n",
            checksum("same.py", &same),
            checksum("changed.py", &changed)
        ),
    );
    repo.portcullis("baseline import .talismanrc")
        .ok()
        .says("1 of 3 taken over")
        .says("changed.py: not taken over: its files have changed")
        .says("threshold: not taken over");
    let report = repo.scan("").exit(1).json();
    report.one(ids::GITLAB, "changed.py:1");
    assert_eq!(report.findings().len(), 1);
}

#[test]
fn git_secrets_knows_lines_by_patterns() {
    let world = World::new();
    let (repo, secrets) = (world.repo_with_a_commit(), &world.secrets);
    repo.commit("fixtures/a.py", assigned(&secrets.github()));
    repo.commit("src/a.py", assigned(&secrets.github()));
    repo.write(
        ".gitallowed",
        "# fixtures\n^fixtures/.*:[0-9]+:token\n(\nnothing-like-it\n.*\n",
    );
    repo.portcullis("baseline import .gitallowed")
        .ok()
        .says("1 of 4 taken over")
        .says("line 3: not taken over")
        .says("line 4: not taken over")
        .says("line 5: not taken over: matches every line");
    let report = repo.scan("").exit(1).json();
    report.one(ids::GITHUB, "src/a.py:1");
    assert_eq!(report.findings().len(), 1);
}

#[test]
fn what_is_no_such_file_changes_nothing() {
    let world = World::new();
    let repo = world.repo_with_a_commit();
    repo.write(".secrets.baseline", "[]")
        .write(".talismanrc", "[");
    for file in [".secrets.baseline", ".talismanrc", ".gitleaksignore"] {
        repo.portcullis(&format!("baseline import {file}"))
            .exit(2)
            .says(file);
    }
    assert!(!repo.dir.join(".portcullis-baseline").exists());
}
