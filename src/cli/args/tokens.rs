//! The command lines of `portcullis confirm` and `portcullis bypass`.

use clap::{Args, ValueEnum, ValueHint};
use std::path::PathBuf;

#[derive(Args, Debug)]
pub(in crate::cli) struct Confirm {
    /// What will be done to the ref
    #[arg(value_name = "delete|force")]
    pub(in crate::cli) act: Act,
    /// The ref; a short name will do where only one ref can be meant
    #[arg(value_name = "REFNAME")]
    pub(in crate::cli) refname: String,
    /// Where it stands now
    #[arg(long, value_name = "OID")]
    pub(in crate::cli) at: String,
    /// For `force`: where it will stand
    #[arg(long, value_name = "OID")]
    pub(in crate::cli) to: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) signing: Signing,
}

/// What is confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Act {
    /// That it goes
    Delete,
    /// That it is rewound or replaced
    Force,
}

#[derive(Args, Debug)]
#[group(id = "named", required = true, multiple = false, args = ["finding", "check"])]
pub(in crate::cli) struct Bypass {
    /// A finding by its fingerprint, as the refusal prints it
    #[arg(long, value_name = "FINGERPRINT", num_args = 1..)]
    pub(in crate::cli) finding: Vec<String>,
    /// All findings of a check, such as refs/freeze; needs --to
    #[arg(long, value_name = "CHECK")]
    pub(in crate::cli) check: Option<String>,
    /// The ref that will be pushed; a short name will do where only one can be meant
    #[arg(long = "ref", value_name = "REFNAME")]
    pub(in crate::cli) refname: String,
    /// Only where the push moves the ref to this
    #[arg(long, value_name = "OID")]
    pub(in crate::cli) to: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) signing: Signing,
}

/// How tokens are made.
#[derive(Args, Debug)]
pub(in crate::cli) struct Signing {
    /// Which repository of the server, as its refusal and `portcullis status` there say it [default:
    /// `git config portcullis.serverId`]
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) server_id: Option<String>,
    /// Only for a push by this account
    #[arg(long, value_name = "USER")]
    pub(in crate::cli) pusher: Option<String>,
    /// How long it counts: 30m, 1h, 2d; at most 7d
    #[arg(long, value_name = "TIME", default_value = "1h")]
    pub(in crate::cli) ttl: String,
    /// Why; it is printed and logged where the token is used, and a bypass must have one
    #[arg(long, value_name = "TEXT")]
    pub(in crate::cli) reason: Option<String>,
    /// The clone whose keys sign [default: the one you stand in]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(in crate::cli) repo: Option<PathBuf>,
    /// Prints the token alone
    #[arg(short, long)]
    pub(in crate::cli) quiet: bool,
}
