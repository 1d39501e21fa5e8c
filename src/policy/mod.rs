//! Judges changes: the trait of a check, the table of packs, what suppresses a finding, the verdict.

mod allow;
pub mod approvals;
mod audit;
pub mod baseline;
mod check;
mod commits;
mod content;
mod decide;
mod env_files;
mod gather;
pub mod groups;
mod identity;
mod inline;
mod judge;
mod keys;
mod leave;
mod marks;
mod notes;
mod order;
mod packs;
mod parsed;
mod passes;
mod path_patterns;
mod persons;
mod protect;
mod publics;
mod questions;
mod ref_pattern;
mod refs;
mod secrets;
pub mod settings;
pub mod tokens;
mod trace;
mod verdict;
mod withheld;

pub use crate::change::Unread;
pub use baseline::Baseline;
pub use check::{Check, Cx, Raised};
pub use identity::{BadIdentity, Surroundings, pusher};
pub use judge::{Cache, Effort, Policy, Unwatched, Watch};
pub use keys::ServerKeys;
pub use leave::Leave;
pub use packs::{CHECKS, Pack};
pub use passes::may_be_bypassed;
pub use path_patterns::{BadPathPattern, PathPattern, PathPatterns};
pub use persons::Persons;
pub use questions::{QUESTIONS, Question, question};
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

/// The command that begins to rewrite a commit.
fn rewrite(commit: Option<&crate::git::CommitInfo>) -> String {
    match commit {
        Some(commit) if !commit.parents.is_empty() => {
            format!("git rebase -i {}^", commit.oid.short())
        }
        Some(_) | None => "git rebase -i --root".to_owned(),
    }
}
