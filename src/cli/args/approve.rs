//! The command line of `portcullis approve`.

use clap::{Args, ValueHint};
use std::path::PathBuf;

#[derive(Args, Debug)]
pub(in crate::cli) struct Approve {
    /// What you have looked at: a topic branch or its last commit, or a range such as "main..topic"
    #[arg(value_name = "REV")]
    pub(in crate::cli) rev: String,
    /// The ref that it may come to [default: where the range begins, or the main branch of origin].
    /// What is approved is what TOPIC has beyond that ref as it was last fetched, or as it is here
    /// where no remote is known to have it; so fetch first
    #[arg(long = "for", value_name = "REFNAME")]
    pub(in crate::cli) refname: Option<String>,
    /// Why, one line
    #[arg(long, value_name = "TEXT")]
    pub(in crate::cli) reason: Option<String>,
    /// For which repository of the server alone, as its refusal and `portcullis status` there say it
    /// [default: `git config portcullis.serverId`, else for whichever it comes to]
    #[arg(long, value_name = "ID", conflicts_with = "list")]
    pub(in crate::cli) server_id: Option<String>,
    /// Lists the approvals of it that are here, and makes none
    #[arg(long, conflicts_with = "reason")]
    pub(in crate::cli) list: bool,
    /// The repository [default: the one you stand in]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(in crate::cli) repo: Option<PathBuf>,
}
