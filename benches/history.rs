//! How long a whole history takes, next to how long Git takes to print it.
//!
//! `cargo bench --bench history -- REPOSITORY` walks over all objects, scans them, and lets
//! `git cat-file` print them to nowhere, in turn; the best of three is shown, and what it is of Git's.
#![expect(clippy::print_stdout, reason = "it is what a bench is for")]

use portcullis::change::{
    Anywhere, Base, Change, Circumstances, Progress, Sink, Source, Stage, Unread, visit,
};
use portcullis::git::{Oid, RefName, Repo};
use portcullis::hook::Side;
use portcullis::policy::groups::Pusher;
use portcullis::policy::settings::Settings;
use portcullis::policy::{Cache, Effort, Policy, Unwatched};
use std::hint::black_box;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Counts and looks at nothing.
#[derive(Default)]
struct Walk {
    seen: AtomicU64,
    unread: AtomicU64,
}

impl Sink for Walk {
    fn change(&self, change: &Change<'_>) {
        black_box(change);
        self.seen.fetch_add(1, Ordering::Relaxed);
    }

    fn unread(&self, _unread: Unread) {
        self.unread.fetch_add(1, Ordering::Relaxed);
    }

    fn skipped(&self) {}

    fn go_on(&self) -> bool {
        true
    }

    fn order(&self, _: &mut dyn Iterator<Item = Oid>) {}
    fn wants_name(&self, _name: &[u8]) -> bool {
        false
    }

    fn anywhere(&self, _text: &[u8], _base: Option<Base<'_>>) -> Anywhere {
        Anywhere::default()
    }
    fn blobs_found(&self) -> Vec<Oid> {
        Vec::new()
    }

    fn scopes(&self) -> usize {
        0
    }

    fn in_scope(&self, _scope: usize, _name: Option<&RefName>) -> bool {
        false
    }

    fn circumstances(&self) -> Option<Circumstances> {
        None
    }

    fn recall(&self, _notes: &[u8]) {}

    fn progress(&self, _progress: Progress) {}

    fn stage(&self, _stage: Stage) {}
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn walk(repo: &Repo, jobs: usize) {
    let sink = Walk::default();
    visit(Some(repo), &Source::History, jobs, &sink);
    assert_eq!(sink.unread.into_inner(), 0, "not everything could be read");
}

fn scan(repo: &Repo, jobs: usize) {
    let policy = Policy::new(Settings::default(), Side::Client, Pusher::Unknown);
    let effort = Effort {
        cache: Cache::Unused,
        jobs,
        started: Instant::now(),
        watch: &Unwatched,
    };
    black_box(policy.judge(Some(repo), &[Source::History], &effort));
}

fn print(place: &Path) {
    let options = ["--batch-all-objects", "--batch", "--unordered", "--buffer"];
    let ended = Command::new("git")
        .arg("-C")
        .arg(place)
        .arg("cat-file")
        .args(options)
        .stdout(Stdio::null())
        .status();
    assert!(ended.is_ok_and(|status| status.success()), "git cat-file");
}

fn main() {
    let Some(place) = std::env::args().skip(1).find(|arg| !arg.starts_with("--")) else {
        println!("history: no repository given; cargo bench --bench history -- REPOSITORY");
        return;
    };
    let place = Path::new(&place);
    let repo = match Repo::at(place) {
        Ok(repo) => repo,
        Err(error) => return println!("history: {error}"),
    };
    let jobs = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut best: Vec<(String, Duration)> = Vec::new();
    let works: [(String, &dyn Fn()); 5] = [
        ("git cat-file".into(), &|| print(place)),
        ("walk, 1 thread".into(), &|| walk(&repo, 1)),
        (format!("walk, {jobs} threads"), &|| walk(&repo, jobs)),
        ("scan, 1 thread".into(), &|| scan(&repo, 1)),
        (format!("scan, {jobs} threads"), &|| scan(&repo, jobs)),
    ];
    for round in 0..3 {
        for (index, (name, work)) in works.iter().enumerate() {
            let time = timed(work);
            match best.get_mut(index) {
                Some((_, best)) if round > 0 => *best = time.min(*best),
                Some(_) | None => best.push((name.clone(), time)),
            }
        }
    }
    let git = best.first().map_or(1.0, |(_, time)| time.as_secs_f64());
    for (name, time) in &best {
        let share = time.as_secs_f64() / git;
        println!("{name:<18} {:>8.3} s  {share:>5.2}", time.as_secs_f64());
    }
}
