//! portcullis.
pub mod change;
pub mod finding;
pub mod git;
pub mod hook;
pub mod policy;
pub mod scan;
