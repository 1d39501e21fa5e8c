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
        let template = "{bar:16} {pos}/{len} objects, {rate}, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            let bytes = Arc::clone(&bytes);
            let shown = move |state: &ProgressState, out: &mut dyn Write| {
                let bytes = bytes.load(Ordering::Relaxed);
                // A bar that cannot be drawn is none.
                let _ = out.write_str(&rate(state.pos(), bytes, state.elapsed()));
            };
            bar.set_style(style.with_key("rate", shown));
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

/// `812 MB, 410 MB/s`; before the first megabyte, `12467/s`.
fn rate(objects: u64, bytes: u64, elapsed: Duration) -> String {
    let milliseconds = elapsed.as_millis().max(1);
    match bytes / 1_000_000 {
        0 => format!("{}/s", u128::from(objects) * 1_000 / milliseconds),
        megabytes => {
            let rate = u128::from(bytes) / 1_000 / milliseconds;
            format!("{megabytes} MB, {rate} MB/s")
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
        self.bytes.fetch_max(done.bytes, Ordering::Relaxed);
        self.bar.set_length(done.all.max(done.objects));
        // One thread may speak after another that has seen more.
        let position = self.bar.position().max(done.objects);
        self.bar.set_position(position);
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
    fn a_rate_is_in_megabytes_where_there_are_any() {
        let second = Duration::from_secs(2);
        assert_eq!(rate(7, 820_000_000, second), "820 MB, 410 MB/s");
        assert_eq!(rate(3_000, 999_999, second), "1500/s");
        assert_eq!(rate(0, 0, Duration::ZERO), "0/s");
    }
}
