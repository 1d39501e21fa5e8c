//! A scan that takes a while: what it shows meanwhile, how it is broken off, and what it says it did.

use crate::world::{PORTCULLIS, Repo, World, assigned};
use std::fs;

/// Text that is much work for little memory, never the same.
fn busy(lines: u64) -> String {
    let mut state = 1_u64;
    let line = |number| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        format!("password_{number} = get('{state:016x}') or env['PASS_{number}']\n")
    };
    (0..lines).map(line).collect()
}

#[test]
fn broken_off_it_leaves_nothing() {
    let world = World::new();
    let repo = world.repo_with_a_commit();
    repo.git("config core.looseCompression 0").ok();
    repo.blob(busy(250_000));
    let temporary = world.path("temporary");
    fs::create_dir(&temporary).unwrap();
    let repo = repo.with_env("TMPDIR", temporary.to_str().unwrap());
    let before = repo.snapshot();
    let scan = format!("'{PORTCULLIS}' scan --format json --output ../report.json");
    for signal in [("INT", 130), ("TERM", 143)] {
        let script = format!("timeout --signal={} --preserve-status 0.1 {scan}", signal.0);
        repo.shell(&script).exit(signal.1).says("");
        assert!(repo.snapshot() == before, "something was left behind");
        assert_eq!(fs::read_dir(&temporary).unwrap().count(), 0);
        assert!(!world.path("report.json").exists());
    }
}

/// A repository of so many small blobs in one pack.
fn many(world: &World, blobs: usize) -> Repo {
    let repo = world.repo_with_a_commit();
    let stream: String = (0..blobs)
        .map(|number| {
            let text = format!("number {number}\n");
            format!("blob\ndata {}\n{text}\n", text.len())
        })
        .collect();
    repo.git_fed(&["fast-import", "--quiet"], stream.as_bytes())
        .ok();
    repo
}

#[test]
fn progress_is_for_terminals_and_goes_away() {
    let world = World::new();
    let repo = many(&world, 3_000).with_env("TERM", "xterm");
    let on_terminal = |options: &str| {
        let script = format!("script -qec \"'{PORTCULLIS}' scan --no-cache {options}\" /dev/null");
        repo.shell(&script).ok().text().to_owned()
    };
    let shown = on_terminal("");
    for part in [" objects, ", "/s", " left", "examined 3001 blobs"] {
        assert!(shown.contains(part), "{shown}");
    }
    // What stands there in the end is the report alone.
    let last = shown.rsplit("\x1b[2K").next().unwrap_or_default();
    let is_report = last.contains("accepted:") && !last.contains("left");
    assert!(is_report, "{shown:?}");
    for quiet in ["--no-progress", "--quiet"] {
        assert!(!on_terminal(quiet).contains(" left"));
    }
    let piped = repo.portcullis("scan --no-cache").ok();
    assert!(!piped.stderr.contains(" left") && !piped.stdout.contains(" left"));
}

#[test]
fn verbose_says_how_long_each_stage_took() {
    let world = World::new();
    let (repo, token) = (world.repo_with_a_commit(), world.secrets.github());
    repo.commit("app.py", assigned(&token));
    let said = repo.portcullis("scan --no-cache --verbose").exit(1);
    let line = said.stderr.lines().last().unwrap_or_default();
    let mut rest = line;
    for stage in [
        "portcullis: open",
        "blobs",
        "trees and commits",
        "origins",
        "judging",
        "report",
    ] {
        let Some((_, behind)) = rest.split_once(&format!("{stage} 0.")) else {
            panic!("no {stage}: {line}");
        };
        rest = behind;
    }
    assert!(!repo.portcullis("scan").exit(1).stderr.contains("judging"));
}

#[test]
fn the_summary_says_what_was_covered_and_what_really_scanned() {
    let world = World::new();
    let repo = world.repo_with_a_commit();
    let mut lines: Vec<String> = (0..2_000)
        .map(|number: usize| format!("value_{number} = {}", number * 7919 % 1000))
        .collect();
    for round in 0..20 {
        lines[round * 90] = format!("changed = {round}");
        repo.commit("big.py", lines.join("\n"));
    }
    repo.git_with(&["tag", "-a", "v1", "-m", "one"]).ok();
    repo.git("repack -q -a -d -f").ok();
    let report = repo.scan("--no-cache").ok().json();
    let covered = |what: &str| report.covered(what);
    let all = repo.ask("cat-file --batch-all-objects --batch-check=%(objecttype)");
    for kind in ["blob", "commit", "tree", "tag"] {
        let count = all.lines().filter(|line| *line == kind).count() as u64;
        assert_eq!(covered(&format!("{kind}s")), count, "{kind}");
    }
    // Twenty versions, each of which differs from another in one line.
    let (text, scanned) = (covered("bytes"), covered("scanned"));
    let one = lines.join("\n").len() as u64;
    assert!(text > 20 * one && scanned >= one, "{scanned} of {text}");
    assert!(scanned < 2 * one, "{scanned} of {text}");
    repo.portcullis("scan --no-cache")
        .ok()
        .says("21 trees, 1 tag, 2 refs")
        .says("were scanned");
    // Loose, each is a text of its own.
    repo.git("config core.looseCompression 0").ok();
    let repo = world.repo("loose");
    for round in 0..3 {
        repo.commit("a.txt", format!("text of round {round}\n"));
    }
    let report = repo.scan("--no-cache").ok().json();
    assert_eq!(report.covered("bytes"), report.covered("scanned"));
}

#[test]
fn one_long_text_does_not_outlast_the_deadline() {
    let world = World::new();
    let server = world.bare("origin.git");
    let alice = world.clone_of(&server, "alice");
    let server = server.hook("pre-receive");
    alice.commit("big.py", busy(250_000));
    // Packed, and in objects of its own; alone, and where it is built on what is there.
    for limit in ["1", "100"] {
        server
            .git(&format!("config receive.unpackLimit {limit}"))
            .ok();
        let server = server
            .within(".")
            .policy("[server]\ndeadline = \"500ms\"\n");
        // As a whole it takes seconds, and nothing else is asked of it then.
        let said = alice.push("main").rejected();
        said.says("undecided")
            .tells("big.py: the deadline passed while it was examined; if it has to come in, push it alone");
        server.lacks_ref("refs/heads/main");
    }
}
