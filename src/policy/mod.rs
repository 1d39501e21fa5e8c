//! Judges changes: the trait of a check, the table of packs, what suppresses a finding, the verdict.

mod allow;
pub mod baseline;
mod check;
mod env_files;
pub mod groups;
mod identity;
mod inline;
mod judge;
mod marks;
mod parsed;
mod path_patterns;
mod ref_pattern;
mod refs;
mod secrets;
pub mod settings;
mod verdict;

pub use crate::change::Unread;
pub use baseline::Baseline;
pub use check::{CHECKS, Check, Cx, Pack, Raised};
pub use identity::pusher;
pub use judge::{Effort, Policy};
pub use path_patterns::{BadPathPattern, PathPattern, PathPatterns};
pub use ref_pattern::{BadRefPattern, RefPattern};
pub use verdict::{Coverage, Outcome, Stale, Suppressed, SuppressedBy, Verdict};

/// The author date of a commit as RFC 3339; none where it is beyond the calendar.
fn date_of(commit: &crate::git::CommitInfo) -> Option<String> {
    let (seconds, minutes) = commit.author_time;
    let offset = time::UtcOffset::from_whole_seconds(minutes.checked_mul(60)?).ok()?;
    let date = time::OffsetDateTime::from_unix_timestamp(seconds).ok()?;
    let date = date.checked_to_offset(offset)?;
    date.format(&time::format_description::well_known::Rfc3339)
        .ok()
}
