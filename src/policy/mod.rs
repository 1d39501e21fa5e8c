//! Judges changes: the trait of a check, the table of checks, what suppresses a finding, the verdict.

pub mod groups;
mod parsed;
mod path_patterns;
mod ref_pattern;
pub mod settings;
mod verdict;

pub use crate::change::Unread;
pub use path_patterns::{BadPathPattern, PathPattern, PathPatterns};
pub use ref_pattern::{BadRefPattern, RefPattern};
pub use verdict::{Coverage, Outcome, Suppressed, SuppressedBy, Verdict};
