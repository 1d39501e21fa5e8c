//! portcullis.
pub mod git;
pub mod change;
pub mod hook;
pub mod scan;
pub mod finding;
pub mod policy;
pub mod config;
pub mod report;
