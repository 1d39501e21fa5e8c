//! Judges changes.

mod verdict;

pub use crate::change::Unread;
pub use verdict::{Coverage, Outcome, Suppressed, SuppressedBy, Verdict};
