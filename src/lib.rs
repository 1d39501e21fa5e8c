//! portcullis.
pub mod change;
pub mod cli;
pub mod config;
pub mod finding;
pub mod git;
pub mod hook;
pub mod policy;
pub mod report;
pub mod scan;
