//! The same bad change through every entry point: one finding, whoever asks.

use crate::world::report::text;
use crate::world::{Repo, Said, World, ids};

const PLACE: &str = "src/app.py:3:10";
const PATH: &str = "src/app.py";

/// A change that brings one token in, at [`PLACE`].
fn bad(token: &str) -> String {
    format!("import os\n\ntoken = \"{token}\"\n")
}

/// A repository with one harmless commit and the bad change staged.
fn staged(world: &World, token: &str) -> Repo {
    let repo = world.repo("repo");
    repo.commit("readme.md", "nothing to see\n");
    repo.stage(PATH, bad(token));
    repo
}

#[track_caller]
fn refused(said: Said, token: &str) {
    said.by(ids::GITHUB)
        .at(PLACE)
        .not_by(ids::GENERIC)
        .without(token);
}

#[test]
fn every_client_hook_says_the_same() {
    let world = World::new();
    let token = world.secrets.github();
    let repo = staged(&world, &token);
    repo.install();
    refused(repo.git("hook run pre-commit").rejected(), &token);
    refused(repo.git("commit -m x").rejected(), &token);
    refused(repo.git("commit --no-verify -m x").rejected(), &token);
}

#[test]
fn every_hook_of_a_push_says_the_same() {
    for event in ["pre-push", "pre-receive", "update"] {
        let world = World::new();
        let token = world.secrets.github();
        let server = world.bare("origin.git");
        let clone = world.clone_of(&server, "clone");
        clone.commit("readme.md", "nothing to see\n");
        clone.push("main").accepted();
        let server = match event {
            "pre-push" => {
                clone.install();
                server
            }
            _ => server.hook(event),
        };
        let leak = clone.commit(PATH, bad(&token));
        refused(clone.push("main").rejected().says(&leak[..7]), &token);
        server.lacks_ref("refs/heads/other");
    }
}

#[test]
fn every_scan_says_the_same() {
    let world = World::new();
    let token = world.secrets.github();
    let repo = staged(&world, &token);
    let look = |words: &str| repo.scan(words).exit(1).without(&token).json();
    let staged = look("--staged");
    let worktree = look("--worktree");
    let plain = look("--files");
    repo.commit_staged("leak");
    let reports = [
        ("--staged", staged),
        ("--worktree", worktree),
        ("--files", plain),
        ("--history", look("--history")),
        ("", look("")),
        ("--range HEAD~1..HEAD", look("--range HEAD~1..HEAD")),
    ];
    let fingerprint =
        |index: usize| reports[index].1.one(ids::GITHUB, PLACE)["fingerprint"].clone();
    for (index, (words, report)) in reports.iter().enumerate() {
        let all: Vec<_> = report.places().into_iter().collect();
        assert_eq!(all, [format!("{} {PLACE}", ids::GITHUB)], "scan {words}");
        assert_eq!(fingerprint(index), fingerprint(0), "scan {words}");
        let finding = report.one(ids::GITHUB, PLACE);
        assert_eq!(finding["level"], "deny", "scan {words}");
        assert_eq!(finding["confidence"], "high", "scan {words}");
        assert_eq!(
            finding["place"]["end_column"],
            10 + token.len(),
            "scan {words}"
        );
        assert_eq!(finding["secret"]["length"], token.len(), "scan {words}");
        assert!(
            text(&finding["secret"]["redacted"]).len() < 12,
            "scan {words}"
        );
    }
}

#[test]
fn standard_input_has_no_path_and_the_same_line() {
    let world = World::new();
    let token = world.secrets.github();
    let dir = world.plain_dir("elsewhere");
    let args = ["scan", "--format", "json", "--stdin"];
    let said = dir
        .portcullis_fed(&args, bad(&token).as_bytes())
        .exit(1)
        .without(&token);
    let report = said.json();
    let [finding] = report.by(ids::GITHUB)[..] else {
        report.fail("not one finding")
    };
    assert_eq!(finding["place"]["line"], 3);
    assert_eq!(finding["place"]["column"], 10);
    dir.portcullis_fed(&args, b"nothing\n").ok();
}

#[test]
fn plain_files_are_found_outside_of_any_repository() {
    let world = World::new();
    let token = world.secrets.github();
    let dir = world.plain_dir("elsewhere");
    dir.write(PATH, bad(&token));
    dir.scan("")
        .exit(1)
        .without(&token)
        .json()
        .one(ids::GITHUB, PLACE);
    dir.scan(PATH).exit(1).json().one(ids::GITHUB, PLACE);
    dir.write(PATH, "clean = True\n");
    dir.scan("").ok();
}

#[test]
fn untracked_files_are_part_of_the_worktree_and_ignored_ones_are_not() {
    let world = World::new();
    let (repo, secrets) = (world.repo("repo"), &world.secrets);
    repo.commit(".gitignore", "ignored.py\n");
    repo.write("untracked.py", bad(&secrets.github()));
    repo.write("ignored.py", bad(&secrets.gitlab()));
    let report = repo.scan("--worktree").exit(1).json();
    report.one(ids::GITHUB, "untracked.py:3");
    assert!(report.by(ids::GITLAB).is_empty());
    repo.scan("--files")
        .exit(1)
        .json()
        .one(ids::GITHUB, "untracked.py:3");
}
