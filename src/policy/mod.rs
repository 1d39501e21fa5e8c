//! Judges changes.

mod verdict;

pub use verdict::{Coverage, Outcome, Suppressed, SuppressedBy, Unread, Verdict};
