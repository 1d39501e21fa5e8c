//! Progress, on standard error and only where a terminal shows it.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal as _;

/// Whether progress is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Where a terminal shows it.
    Yes,
    /// Never.
    No,
}

/// A bar that appears when objects are counted, and leaves nothing behind.
pub(super) struct Progress(ProgressBar);

impl Progress {
    pub(super) fn new(wanted: Wanted) -> Self {
        let target = if wanted == Wanted::Yes && std::io::stderr().is_terminal() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(0), target);
        if let Ok(style) =
            ProgressStyle::with_template("{bar:30} {pos}/{len} objects, {per_sec}, {eta} left")
        {
            bar.set_style(style);
        }
        Self(bar)
    }

    pub(super) fn tell(&self, done: u64, all: u64) {
        self.0.set_length(all.max(done));
        self.0.set_position(done);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
