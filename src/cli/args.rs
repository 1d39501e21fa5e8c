//! The command line as it is written; nothing is read or opened here.

mod approve;
mod audit;
mod tokens;

pub(super) use approve::Approve;
pub(super) use audit::{
    Audit, AuditCommand, AuditRotate, AuditSend, AuditShow, AuditVerify, Judged, ListFormat,
    LogFiles,
};
pub(super) use tokens::{Act, Bypass, Confirm, Signing};

use crate::report::FORMATS;
use clap::builder::PossibleValuesParser;
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum, ValueHint};
use std::ffi::OsString;
use std::path::PathBuf;

/// What the numbers are that every judging command ends with.
const EXIT_STATUS: &str = "Exit status: 0 nothing blocks, 1 something does, 2 wrong usage or configuration, \
                           3 something could not be examined.";

/// The gate that drops in front of what must not come in: secrets, env files, and pushes that the
/// policy does not allow.
#[derive(Debug, Parser)]
#[command(
    name = "portcullis",
    version,
    max_term_width = 100,
    after_help = EXIT_STATUS,
    // Its own has pages and completions for every command once more.
    disable_help_subcommand = true
)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Arms a repository: installs the hooks, keeps and chains those that were there
    Install(Install),
    /// Puts back what was there before `install`
    Uninstall(Uninstall),
    /// Says which hook Git will really run for each event, and why; exits 1 where it is not armed
    Status(Status),
    /// Judges an event of Git; this is what the installed hooks call
    Hook(Hook),
    /// Finds secrets and env files
    #[command(after_help = EXIT_STATUS)]
    Scan(Scan),
    /// Says what the server would say to an update, without a push
    #[command(after_help = EXIT_STATUS)]
    Check(Check),
    /// Confirms a deletion or a rewrite that somebody else will push: makes a token, signed with your
    /// key, that counts once
    Confirm(Confirm),
    /// Lets named findings pass in a push of somebody else: makes a token, signed with your key, that
    /// counts once
    Bypass(Bypass),
    /// Approves a change: signs that you have looked at it, for the push that brings it in
    Approve(Approve),
    /// Shows what the policy lets whom do
    Policy(Policy),
    /// Reads the log of what a server has judged: shows it, tells whether it is whole, puts it aside
    Audit(Audit),
    /// Accepts what is already there, so that only new findings block
    Baseline(Baseline),
    /// Shows the catalogue of rules, and tests rule files
    Rules(Rules),
    /// Explains a rule: what it looks for, what the secret opens, where to revoke it; a check of the
    /// policy: what it refuses, why and how to put it right; or a finding:
    /// where it is, what speaks for it, what would suppress it
    Explain(Explain),
    /// Prints the completions of a shell
    Completions(Completions),
    /// Prints the manual page, or that of a command
    Man(Man),
    /// Prints the help of a command, as `COMMAND --help` does
    Help(Help),
}

#[derive(Args, Debug)]
pub(super) struct Install {
    /// A repository to arm [default: the one you stand in]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(super) repo: Vec<PathBuf>,
    /// Arms every repository of this user
    #[arg(long, conflicts_with_all = ["repo", "server"])]
    pub(super) global: bool,
    /// Arms a bare repository that is pushed to
    #[arg(long)]
    pub(super) server: bool,
    /// The server's policy, which from then on must be there and valid
    #[arg(long, value_name = "FILE", requires = "server", value_hint = ValueHint::FilePath)]
    pub(super) config: Option<PathBuf>,
    /// Only these events, with commas between them
    #[arg(long, value_name = "LIST")]
    pub(super) events: Option<String>,
}

#[derive(Args, Debug)]
pub(super) struct Uninstall {
    /// A repository [default: the one you stand in]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(super) repo: Vec<PathBuf>,
    /// Undoes `install --global`
    #[arg(long, conflicts_with_all = ["repo", "server"])]
    pub(super) global: bool,
    /// Undoes `install --server`
    #[arg(long)]
    pub(super) server: bool,
}

#[derive(Args, Debug)]
pub(super) struct Status {
    /// A repository [default: the one you stand in]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(super) repo: Vec<PathBuf>,
}

#[derive(Args, Debug)]
pub(super) struct Hook {
    #[command(flatten)]
    pub(super) common: Common,
    /// The event, as githooks(5) names it
    #[arg(value_name = "EVENT")]
    pub(super) event: String,
    /// Git's own arguments
    #[arg(
        value_name = "ARGS",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    pub(super) args: Vec<OsString>,
}

#[derive(Args, Debug)]
pub(super) struct Scan {
    /// Repositories, files or folders; in a repository all of it is scanned [default: .]
    #[arg(value_name = "TARGET", value_hint = ValueHint::AnyPath)]
    pub(super) targets: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) source: Source,
    /// Looks at every object of a history, whatever the last scan of it has seen, and keeps nothing
    /// for the next one
    #[arg(long)]
    pub(super) no_cache: bool,
    #[command(flatten)]
    pub(super) common: Common,
}

#[derive(Args, Debug)]
pub(super) struct Baseline {
    #[command(subcommand)]
    pub(super) command: BaselineCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum BaselineCommand {
    /// Accepts what is found now; refuses where there is a baseline already
    Create(Accept),
    /// Accepts what is found now, and drops what is no longer found
    Update(Accept),
    /// Lists what is accepted, and says what of it is no longer found
    Show(Accept),
    /// Takes over what other tools were told to ignore, and says what cannot be taken over
    Import(Import),
}

#[derive(Args, Debug)]
pub(super) struct Accept {
    /// A repository, a file or a folder [default: .]
    #[arg(id = "targets", value_name = "TARGET", value_hint = ValueHint::AnyPath)]
    pub(super) target: Option<PathBuf>,
    #[command(flatten)]
    pub(super) source: Source,
    #[command(flatten)]
    pub(super) look: Look,
}

#[derive(Args, Debug)]
pub(super) struct Import {
    /// `.gitleaksignore`, `.betterleaksignore`, `.secrets.baseline`, `.talismanrc`, `.gitallowed`
    #[arg(value_name = "FILE", required = true, value_hint = ValueHint::FilePath)]
    pub(super) files: Vec<PathBuf>,
    /// Whose files they are [default: told by their names]
    #[arg(long, value_name = "TOOL")]
    pub(super) from: Option<ImportFrom>,
    /// The repository that they speak of [default: the one you stand in]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(super) repo: Option<PathBuf>,
    #[command(flatten)]
    pub(super) look: Look,
}

/// A tool whose ignore file is taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ImportFrom {
    /// `.gitleaksignore`
    Gitleaks,
    /// `.betterleaksignore`
    Betterleaks,
    /// `.secrets.baseline`
    DetectSecrets,
    /// `.talismanrc`
    Talisman,
    /// `.gitallowed`
    GitSecrets,
}

/// How commands look that write no report.
#[derive(Args, Debug)]
pub(super) struct Look {
    /// A configuration that overrides those found
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) config: Option<PathBuf>,
    /// The baseline [default: .portcullis-baseline at the top of the worktree]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) baseline: Option<PathBuf>,
    /// How many threads look at a history [default: one for each processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) jobs: Option<u16>,
    /// Shows no progress
    #[arg(long)]
    pub(super) no_progress: bool,
}

#[derive(Args, Debug, Default)]
#[group(multiple = false)]
pub(super) struct Source {
    /// Every object of the repository, reachable or not [default in a repository]
    #[arg(long)]
    pub(super) history: bool,
    /// What the next commit will contain
    #[arg(long)]
    pub(super) staged: bool,
    /// Tracked and untracked files of the worktree, not ignored ones
    #[arg(long)]
    pub(super) worktree: bool,
    /// The commits that these arguments of `git rev-list` select, as in "main..topic"
    #[arg(long, value_name = "REVS", allow_hyphen_values = true)]
    pub(super) range: Option<String>,
    /// Plain files, even inside a repository [default outside one]
    #[arg(long)]
    pub(super) files: bool,
    /// One text from standard input
    #[arg(long, conflicts_with = "targets")]
    pub(super) stdin: bool,
}

#[derive(Args, Debug)]
pub(super) struct Check {
    /// An update of a ref, past or future; zeros stand for "does not exist"
    #[arg(long, num_args = 3, value_names = ["OLD", "NEW", "REFNAME"], conflicts_with_all = ["range", "refname"])]
    pub(super) update: Vec<String>,
    /// The commits that these arguments of `git rev-list` select
    #[arg(long, value_name = "REVS", allow_hyphen_values = true)]
    pub(super) range: Option<String>,
    /// The ref that would bring them in
    #[arg(long = "ref", value_name = "REFNAME")]
    pub(super) refname: Option<String>,
    /// Every update that the reflog of this ref holds, each as of its time
    #[arg(long, value_name = "REFNAME", conflicts_with_all = ["update", "range", "refname"])]
    pub(super) reflog: Option<String>,
    /// Every push that an audit log holds, each as of its time and by who made it, and what would
    /// be judged otherwise now [default: the log of the policy here]
    #[arg(long, value_name = "LOG", num_args = 0..=1, value_hint = ValueHint::FilePath, conflicts_with_all = ["update", "range", "refname", "reflog"])]
    pub(super) replay: Option<Option<PathBuf>>,
    /// Who would push; nobody who is known, if absent
    #[arg(long = "as", value_name = "USER")]
    pub(super) user: Option<String>,
    /// The repository [default: the one you stand in]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(super) repo: Option<PathBuf>,
    #[command(flatten)]
    pub(super) common: Common,
}

#[derive(Args, Debug)]
pub(super) struct Policy {
    #[command(subcommand)]
    pub(super) command: PolicyCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum PolicyCommand {
    /// Shows for each rule of `[[protect]]` who may do what, and on which conditions; what is asked of
    /// commits and files; and who may bypass
    Show(ShowPolicy),
}

#[derive(Args, Debug)]
pub(super) struct ShowPolicy {
    /// Says yes or no for this user
    #[arg(long = "as", value_name = "USER")]
    pub(super) user: Option<String>,
    /// Only the rules that have a say on this ref
    #[arg(long = "ref", value_name = "REFNAME")]
    pub(super) refname: Option<String>,
    /// The repository [default: the one you stand in]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(super) repo: Option<PathBuf>,
    /// The policy [default: the one that a push here would meet]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) config: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(super) struct Common {
    /// How the report is written
    #[arg(long, value_name = "FORMAT", default_value = "human", value_parser = formats())]
    pub(super) format: String,
    /// Writes the report to a file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) output: Option<PathBuf>,
    /// A configuration that overrides those found; for a server: the policy
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) config: Option<PathBuf>,
    /// Findings that are accepted [default: .portcullis-baseline at the top of the worktree; on a
    /// server what its policy says]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) baseline: Option<PathBuf>,
    /// How many threads look at a history [default: one for each processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) jobs: Option<u16>,
    /// Shows secrets in clear
    #[arg(long)]
    pub(super) show_secrets: bool,
    /// Shows no progress
    #[arg(long)]
    pub(super) no_progress: bool,
    /// When colours are used
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(super) color: When,
    /// Says less: one line for each thing that blocks
    #[arg(short, long)]
    pub(super) quiet: bool,
    /// Says more: all of each finding, and what was allowed
    #[arg(short, long, action = ArgAction::SetTrue, conflicts_with = "quiet")]
    pub(super) verbose: bool,
}

/// When something is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum When {
    /// Where a terminal shows it.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

fn formats() -> PossibleValuesParser {
    FORMATS
        .iter()
        .map(|row| row.name)
        .collect::<Vec<_>>()
        .into()
}

#[derive(Args, Debug)]
pub(super) struct Rules {
    #[command(subcommand)]
    pub(super) command: RulesCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum RulesCommand {
    /// Lists every rule, own ones with the file they come from
    List(RulesList),
    /// Shows one rule
    Show(RuleName),
    /// Tries the rules of a file on their own examples; exits 1 where one is not as it should be
    Test(RulesTest),
}

#[derive(Args, Debug)]
pub(super) struct RulesList {
    /// A configuration that overrides those found, for the rule files it names
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) config: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(super) struct RulesTest {
    /// A rule file
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) file: PathBuf,
    /// Seeds the random characters in the examples
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(super) seed: u64,
}

#[derive(Args, Debug)]
pub(super) struct RuleName {
    /// The id of a rule, with or without `secrets/`
    #[arg(value_name = "ID")]
    pub(super) id: String,
    /// A configuration that overrides those found, for the rule files it names
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) config: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(super) struct Explain {
    /// A rule, with or without `secrets/`; a check such as `refs/force`; a pack such as `refs`, for
    /// the list of its checks; or the fingerprint of a finding, or at least eight of its first digits
    #[arg(value_name = "ID|FINGERPRINT")]
    pub(super) id: String,
    /// For a fingerprint: the repository or folder to look in [default: .]
    #[arg(value_name = "TARGET", value_hint = ValueHint::AnyPath)]
    pub(super) target: Option<PathBuf>,
    #[command(flatten)]
    pub(super) look: Look,
}

#[derive(Args, Debug)]
pub(super) struct Man {
    /// A command, such as `scan` or `baseline import`; all of them are listed without one
    #[arg(value_name = "COMMAND")]
    pub(super) words: Vec<String>,
}

#[derive(Args, Debug)]
pub(super) struct Help {
    /// A command, such as `scan` or `audit show`; all of them are listed without one
    #[arg(value_name = "COMMAND")]
    pub(super) words: Vec<String>,
}

#[derive(Args, Debug)]
pub(super) struct Completions {
    /// Which shell
    #[arg(value_name = "SHELL")]
    pub(super) shell: clap_complete::Shell,
}
