//! `portcullis hook EVENT`: what the shims call.

use super::Exit;
use super::args::Hook as Args;
use super::output::{Stream, complain, note, report, unreported};
use super::record::Record;
use super::scan::{Refusal, accepting};
use super::shown;
use super::{landed, notify};
use crate::audit::LogError;
use crate::change::Source;
use crate::config::{BaselineAt, Config, Origin, discover_client, discover_server};
use crate::git::{Repo, escape};
use crate::hook::{Call, HOOKS, Hook, Side, find, table::Input};
use crate::policy::groups::Pusher;
use crate::policy::settings::{Backups, Identity, IdentitySource, Mode, Settings};
use crate::policy::tokens::Presented;
use crate::policy::{
    BadIdentity, Cache, Effort, Outcome, Policy, Surroundings, Unwatched, Verdict, pusher,
};
use crate::report::{Audience, Redactor, Secrets};
use std::io::Read as _;
use std::path::Path;
use std::time::Instant;

/// The largest file about keys that is read, in bytes.
const KEYS_LIMIT: u64 = 1 << 20;

pub(super) fn run(args: &Args) -> Exit {
    let started = Instant::now();
    let Some(hook) = find(&args.event) else {
        let known: Vec<&str> = HOOKS.iter().map(|hook| hook.event).collect();
        let why = format!(
            "{} is not an event that portcullis answers; those are: {}",
            escape(args.event.as_bytes()),
            known.join(", ")
        );
        return complain(Exit::Usage, &why);
    };
    let repo = match Repo::from_env() {
        Ok(repo) => repo,
        Err(error) => return complain(Exit::Undecided, &format!("undecided: {error}")),
    };
    let mut config = match config(args, hook, &repo) {
        Ok(config) => config,
        Err(error) => return complain(Exit::Usage, &error),
    };
    let policy = std::mem::take(&mut config.digest);
    let settings = Settings::from(config);
    let mut record = Record::new(&repo, hook, &settings, policy);
    let mut input = Vec::new();
    if hook.input != Input::Nothing
        && let Err(error) = std::io::stdin().lock().read_to_end(&mut input)
    {
        return unjudged(&record, &[], &format!("standard input: {error}"));
    }
    let call = Call {
        args: args.args.clone(),
        input,
    };
    let sources = match (hook.read)(&repo, &call) {
        Ok(sources) => sources,
        Err(error @ crate::hook::CallError::Usage(_)) => return complain(Exit::Usage, &error),
        Err(error @ crate::hook::CallError::Unread { .. }) => {
            return unjudged(&record, &[], &error);
        }
    };
    if let [Source::Landed(landed)] = &sources[..] {
        // They have moved; all that is left is to say so.
        let redactor = record.redactor(&landed::to_tell(&repo, landed));
        if let Err(error) = record.moved(landed, &redactor) {
            unrecorded(&error);
        }
        let exit = landed::run(&repo, &settings, landed, &redactor);
        if !settings.audit.notify.is_empty() {
            notify::begin(&repo, args.common.config.as_deref());
        }
        return exit;
    }
    let who = match hook.side {
        Side::Client => Ok(Pusher::Unknown),
        Side::Server => identify(&settings.identity, repo.common_dir()),
    };
    let who = match who {
        Ok(who) => who,
        Err(error) => return unjudged(&record, &sources, &error),
    };
    record.by(&who);
    let (audience, mode) = match hook.side {
        Side::Client => (Audience::ClientHook { event: hook.event }, Mode::Enforce),
        Side::Server => (
            Audience::ServerHook { event: hook.event },
            settings.server.mode,
        ),
    };
    let source = &settings.identity.source;
    let gitlab =
        hook.side == Side::Server && source.as_ref().is_some_and(IdentitySource::is_gitlab);
    let (base, top) = match hook.side {
        Side::Client => (repo.work_tree(), repo.work_tree()),
        Side::Server => (Some(repo.common_dir()), None),
    };
    let accepted = BaselineAt::of(args.common.baseline.as_deref(), &settings.trust, base, top);
    let shown = match hook.side {
        Side::Client => Presented::default(),
        Side::Server => match shown::in_push(&repo, hook, &settings) {
            Ok(shown) => shown,
            Err(unread) => {
                let why = format!("{}: {}", unread.what, unread.why);
                return unjudged(&record, &sources, &why);
            }
        },
    };
    let (rules, mut backups) = (settings.protect.clone(), settings.server.backups);
    if rules.is_empty() {
        // Nothing is protected: who asks of each ref how it moves asks for nothing.
        backups = Backups::Off;
    }
    let policy = Policy::new(settings, hook.side, who).shown(shown);
    let policy = match accepting(policy, &accepted, Some(&repo)) {
        Ok(policy) => policy,
        Err(Refusal(exit, why)) => {
            let recorded = record.unjudged(&sources, &why);
            complain(exit, &why);
            return recorded.map_or_else(|error| unrecorded(&error), |()| exit);
        }
    };
    let effort = Effort {
        cache: Cache::Unused,
        jobs: args.common.jobs.map_or_else(|| jobs(hook), usize::from),
        started,
        watch: &Unwatched,
    };
    let mut verdict = policy.judge(Some(&repo), &sources, &effort);
    let let_in = mode == Mode::Evaluate || verdict.outcome() == Outcome::Accepted;
    if hook.side == Side::Server && let_in {
        let protects = |name: &_| rules.iter().any(|rule| rule.protects(name));
        shown::before_letting_in(&repo, hook, &protects, backups, &sources, &mut verdict);
    }
    if hook.event == "update" {
        // Git gives it no options, and so no token can be shown to it.
        verdict.leave.clear();
    }
    let recorded = record.judged(&sources, &verdict);
    if let Err(error) = report(&verdict, &args.common, audience, mode, Stream::Stderr) {
        let exit = unreported(&verdict, &error);
        return match (mode, verdict.outcome()) {
            // Nothing is held, and the log says so.
            (Mode::Evaluate, _) => Exit::Clean,
            (Mode::Enforce, Outcome::Accepted) if recorded.is_ok() => {
                let taken_back = record.withdrawn("the report cannot be written");
                taken_back.map_or_else(|error| unrecorded(&error), |()| exit)
            }
            (Mode::Enforce, _) => exit,
        };
    }
    let outcome = match recorded {
        Ok(()) => verdict.outcome(),
        Err(error) => {
            unrecorded(&error);
            // What blocks blocks all the same.
            match verdict.outcome() {
                Outcome::Rejected => Outcome::Rejected,
                Outcome::Accepted | Outcome::Undecided => Outcome::Undecided,
            }
        }
    };
    match mode {
        Mode::Enforce => {
            if gitlab && outcome != Outcome::Accepted {
                note(&for_gitlab(&verdict, outcome));
            }
            outcome.into()
        }
        Mode::Evaluate => Exit::Clean,
    }
}

/// Where a push arrives somebody waits for it, and Git has just used all processors to unpack the same
/// objects (git-index-pack(1), `--threads`); a client commits beside its other work.
fn jobs(hook: &Hook) -> usize {
    match hook.side {
        Side::Client => 1,
        Side::Server => std::thread::available_parallelism().map_or(1, |all| all.get().min(4)),
    }
}

/// Ends where something could not be read before there was anything to judge.
fn unjudged(record: &Record<'_>, sources: &[Source], why: &dyn std::fmt::Display) -> Exit {
    if let Err(error) = record.unjudged(sources, why) {
        unrecorded(&error);
    }
    let verdict = record.undecided(sources, why);
    let redactor = Redactor::of(&verdict, Secrets::Redacted);
    let why = redactor.lines(&why.to_string());
    complain(Exit::Undecided, &format!("undecided: {why}"))
}

/// What is not written down does not happen.
fn unrecorded(error: &LogError) -> Exit {
    complain(Exit::Undecided, &format!("undecided: {error}"))
}

/// Who pushes, from the environment of the hook.
fn identify(identity: &Identity, git_dir: &Path) -> Result<Pusher, BadIdentity> {
    pusher(
        identity,
        &Surroundings {
            variable: &|name| std::env::var_os(name),
            file: &|path| {
                let mut text = Vec::new();
                let file = std::fs::File::open(git_dir.join(path))?;
                file.take(KEYS_LIMIT + 1).read_to_end(&mut text)?;
                if text.len() as u64 > KEYS_LIMIT {
                    return Err(std::io::Error::other("it is larger than 1 MiB"));
                }
                Ok(text)
            },
            now: time::OffsetDateTime::now_utc(),
        },
    )
}

/// The one line that GitLab shows to those who do not push from a terminal: what it says in the
/// browser must begin so ("Custom error messages" of its server hooks).
fn for_gitlab(verdict: &Verdict, outcome: Outcome) -> String {
    let why = match outcome {
        Outcome::Undecided => "undecided, something could not be examined".to_owned(),
        Outcome::Accepted | Outcome::Rejected => verdict.denying(),
    };
    format!("GL-HOOK-ERR: portcullis refused the push: {why}; git push in a terminal says more")
}

fn config(args: &Args, hook: &Hook, repo: &Repo) -> Result<Config, crate::config::ConfigError> {
    let named = args.common.config.as_deref();
    let layers = match hook.side {
        Side::Client => {
            let mut layers = discover_client(repo.work_tree(), &|name| std::env::var_os(name));
            layers.extend(named.map(|path| (Origin::CommandLine, path.to_owned())));
            layers
        }
        Side::Server => discover_server(repo.common_dir(), named),
    };
    load_config(&layers)
}

/// Reads the settings as of today.
pub(super) fn load(
    layers: &[(Origin, std::path::PathBuf)],
) -> Result<Settings, crate::config::ConfigError> {
    load_config(layers).map(Settings::from)
}

/// Reads the configuration as of today.
pub(super) fn load_config(
    layers: &[(Origin, std::path::PathBuf)],
) -> Result<Config, crate::config::ConfigError> {
    let today = time::OffsetDateTime::now_utc().date();
    let known = |id: &str| crate::scan::rule(id).is_some();
    Config::load(layers, today, &known)
}
