//! Progress, on standard error and only where a terminal shows it; and how long each stage took.

use crate::change::{Progress as Done, Stage};
use crate::policy::Watch;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::fmt::Write;
use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Whether progress is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Where a terminal shows it.
    Yes,
    /// Never.
    No,
}

/// A bar that appears when objects are counted, and leaves nothing behind; and a clock.
pub(super) struct Progress {
    bar: ProgressBar,
    bytes: Arc<AtomicU64>,
    clock: Mutex<Clock>,
}

struct Clock {
    stage: Stage,
    since: Instant,
    took: Vec<(Stage, Duration)>,
}

impl Progress {
    /// From a time on, at which the first stage began.
    pub(super) fn new(wanted: Wanted, started: Instant) -> Self {
        let target = if wanted == Wanted::Yes && std::io::stderr().is_terminal() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(0), target);
        let bytes = Arc::new(AtomicU64::new(0));
        if let Ok(style) = ProgressStyle::with_template(
            "{bar:24} {pos}/{len} objects, {per_sec}{megabytes}, {eta} left",
        ) {
            let bytes = Arc::clone(&bytes);
            let megabytes = move |state: &ProgressState, out: &mut dyn Write| {
                // A bar that cannot be drawn is none.
                let _ = out.write_str(&rate(bytes.load(Ordering::Relaxed), state.elapsed()));
            };
            bar.set_style(style.with_key("megabytes", megabytes));
        }
        Self {
            bar,
            bytes,
            clock: Mutex::new(Clock {
                stage: Stage::Open,
                since: started,
                took: Vec::new(),
            }),
        }
    }

    /// Takes the bar away, and says how long each stage took, in the order of the stages.
    pub(super) fn end(self) -> Vec<(Stage, Duration)> {
        self.stage(Stage::Report);
        let mut clock = self.clock.lock().unwrap_or_else(PoisonError::into_inner);
        clock.took.sort_by_key(|(stage, _)| *stage);
        std::mem::take(&mut clock.took)
    }
}

/// `, 812 MB at 410 MB/s`; nothing of nothing.
fn rate(bytes: u64, elapsed: Duration) -> String {
    let megabytes = bytes / 1_000_000;
    match (bytes, elapsed.as_millis()) {
        (0, _) | (_, 0) => String::new(),
        (_, elapsed) => {
            let rate = u128::from(bytes) / 1_000 / elapsed;
            format!(", {megabytes} MB at {rate} MB/s")
        }
    }
}

/// How a stage is called.
fn name(stage: Stage) -> &'static str {
    match stage {
        Stage::Open => "open",
        Stage::Blobs => "blobs",
        Stage::Others => "trees and commits",
        Stage::Origins => "origins",
        Stage::Judging => "judging",
        Stage::Report => "report",
    }
}

/// `open 0.012 s, blobs 1.250 s, ...`
pub(super) fn shown(stages: &[(Stage, Duration)]) -> String {
    let shown = stages
        .iter()
        .map(|(stage, took)| format!("{} {:.3} s", name(*stage), took.as_secs_f64()));
    shown.collect::<Vec<_>>().join(", ")
}

impl Watch for Progress {
    fn progress(&self, done: Done) {
        self.bytes.store(done.bytes, Ordering::Relaxed);
        self.bar.set_length(done.all.max(done.objects));
        self.bar.set_position(done.objects);
    }

    fn stage(&self, stage: Stage) {
        let mut clock = self.clock.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let (last, took) = (clock.stage, now.duration_since(clock.since));
        match clock.took.iter_mut().find(|(known, _)| *known == last) {
            Some((_, sum)) => *sum += took,
            None => clock.took.push((last, took)),
        }
        (clock.stage, clock.since) = (stage, now);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_twice_is_added_up() {
        let progress = Progress::new(Wanted::No, Instant::now());
        for stage in [Stage::Blobs, Stage::Others, Stage::Open, Stage::Blobs] {
            progress.stage(stage);
        }
        let took = progress.end();
        let stages: Vec<Stage> = took.iter().map(|(stage, _)| *stage).collect();
        assert_eq!(stages, [Stage::Open, Stage::Blobs, Stage::Others]);
        let text = shown(&[(Stage::Blobs, Duration::from_millis(1_250))]);
        assert_eq!(text, "blobs 1.250 s");
    }

    #[test]
    fn a_rate_is_in_megabytes() {
        let second = Duration::from_secs(2);
        assert_eq!(rate(820_000_000, second), ", 820 MB at 410 MB/s");
        assert_eq!(rate(0, second), "");
        assert_eq!(rate(5, Duration::ZERO), "");
    }
}
