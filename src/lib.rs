//! portcullis.
pub mod change;
pub mod git;
