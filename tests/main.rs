//! Scenarios with real Git, told as stories; `world` is the stage they play on.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop where it is"
)]

mod world;

mod approvals;
mod baseline;
mod bypass;
mod commits;
mod commits_policy;
mod content_policy;
mod conventions;
mod env_files;
mod explain;
mod facts;
mod faults;
mod formats_of_repo;
mod history;
mod hostile;
mod identities;
mod import;
mod inline;
mod marks;
mod matrix;
mod merges;
mod own_rules;
mod owners;
mod policy_file;
mod protect;
mod protect_client;
mod protect_more;
mod pushes;
mod readme;
mod reports;
mod server;
mod stage;
mod staged;
mod tidy;
mod what_if;
mod wrapped;
