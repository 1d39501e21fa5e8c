//! Scenarios with real Git, told as stories; `world` is the stage they play on.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop where it is"
)]

mod world;

mod baseline;
mod bypass;
mod commits;
mod conventions;
mod env_files;
mod explain;
mod faults;
mod formats_of_repo;
mod history;
mod hostile;
mod import;
mod inline;
mod marks;
mod matrix;
mod merges;
mod policy_file;
mod protect;
mod pushes;
mod readme;
mod reports;
mod server;
mod stage;
mod staged;
mod tidy;
mod wrapped;
