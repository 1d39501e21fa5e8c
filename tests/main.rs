//! Scenarios with real Git, told as stories; `world` is the stage they play on.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop where it is"
)]

mod world;

mod approvals;
mod audit;
mod audit_late;
mod audit_reading;
mod audit_relied;
mod backups;
mod baseline;
mod bypass;
mod commits;
mod commits_more;
mod commits_policy;
mod confirm;
mod confirm_hostile;
mod confirm_more;
mod content_policy;
mod conventions;
mod daemons;
mod env_files;
mod explain;
mod facts;
mod faults;
mod formats_of_repo;
mod history;
mod hostile;
mod hostile_signed;
mod identities;
mod identity;
mod import;
mod inline;
mod leave;
mod look_alikes;
mod marks;
mod matrix;
mod merges;
mod names;
mod notify;
mod own_rules;
mod owners;
mod patience;
mod persons;
mod policy_file;
mod protect;
mod protect_client;
mod protect_more;
mod push_cert;
mod pushes;
mod quick;
mod readme;
mod remembered;
mod reports;
mod server;
mod server_more;
mod signatures;
mod signatures_fido;
mod signatures_gpg;
mod slips;
mod stage;
mod staged;
mod status;
mod sweep;
mod tidy;
mod told;
mod what_if;
mod whereabouts;
mod withheld;
mod wrapped;
