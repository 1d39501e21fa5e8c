//! The command line of `portcullis audit`.

use clap::{Args, Subcommand, ValueEnum, ValueHint};
use std::path::PathBuf;

#[derive(Args, Debug)]
pub(in crate::cli) struct Audit {
    #[command(subcommand)]
    pub(in crate::cli) command: AuditCommand,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum AuditCommand {
    /// Lists the entries, oldest first
    Show(AuditShow),
    /// Follows the chain of digests through the whole log; exits 1 where it is broken
    Verify(AuditVerify),
    /// Puts the log aside and begins a new file that goes on from it
    Rotate(AuditRotate),
    /// Tells the addresses of audit.notify what waits for them; pushes begin it by themselves
    Send(AuditSend),
}

/// Which log.
#[derive(Args, Debug)]
pub(in crate::cli) struct LogFiles {
    /// The files of the log, the oldest first [default: the one that the policy names]
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) files: Vec<PathBuf>,
    /// The policy [default: the one that a push here would meet]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) config: Option<PathBuf>,
    /// The repository [default: the one you stand in]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(in crate::cli) repo: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(in crate::cli) struct AuditShow {
    #[command(flatten)]
    pub(in crate::cli) log: LogFiles,
    /// Only refs that match this pattern, written as in `[[protect]]`, or this ref; a short name will
    /// do where only one can be meant
    #[arg(long = "ref", value_name = "PATTERN")]
    pub(in crate::cli) refs: Option<String>,
    /// Only pushes of this user
    #[arg(long, value_name = "USER")]
    pub(in crate::cli) user: Option<String>,
    /// Only what happened at or after this time, such as 2027-01-31 or 2027-01-31T08:00:00Z
    #[arg(long, value_name = "DATE")]
    pub(in crate::cli) since: Option<String>,
    /// Only pushes that were judged so
    #[arg(long, value_name = "VERDICT")]
    pub(in crate::cli) verdict: Option<Judged>,
    /// A table, one list, or the entries as they are
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(in crate::cli) format: ListFormat,
}

#[derive(Args, Debug)]
pub(in crate::cli) struct AuditVerify {
    #[command(flatten)]
    pub(in crate::cli) log: LogFiles,
    /// A head that was printed before and kept elsewhere: the log must have come by it
    #[arg(long, value_name = "HASH")]
    pub(in crate::cli) head: Option<String>,
}

#[derive(Args, Debug)]
pub(in crate::cli) struct AuditRotate {
    /// Under which name the log is kept; there must be nothing of that name
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) to: PathBuf,
    /// The policy [default: the one that a push here would meet]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) config: Option<PathBuf>,
    /// The repository [default: the one you stand in]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(in crate::cli) repo: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(in crate::cli) struct AuditSend {
    /// The policy [default: the one that a push here would meet]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) config: Option<PathBuf>,
    /// The repository [default: the one you stand in]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(in crate::cli) repo: Option<PathBuf>,
}

/// How a push was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Judged {
    /// Nothing blocks
    Accepted,
    /// Something blocks
    Rejected,
    /// Something could not be examined
    Undecided,
}

/// How a list is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ListFormat {
    /// For people
    Human,
    /// One list of objects
    Json,
    /// One object a line
    Jsonl,
}
