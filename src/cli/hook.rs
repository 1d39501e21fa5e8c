//! `portcullis hook EVENT`: what the shims call.

use super::Exit;
use super::args::Hook as Args;
use super::output::{Stream, complain, report, unreported};
use super::scan::{Refusal, accepting};
use crate::config::{BaselineAt, Config, Origin, discover_client, discover_server};
use crate::git::Repo;
use crate::hook::{Call, Hook, Side, find, table::Input};
use crate::policy::groups::Pusher;
use crate::policy::settings::{Mode, Settings};
use crate::policy::{Effort, Policy, pusher};
use crate::report::Audience;
use std::io::Read as _;
use std::time::Instant;

pub(super) fn run(args: &Args) -> Exit {
    let started = Instant::now();
    let Some(hook) = find(&args.event) else {
        let why = format!("{} is not an event that portcullis answers", args.event);
        return complain(Exit::Usage, &why);
    };
    let repo = match Repo::from_env() {
        Ok(repo) => repo,
        Err(error) => return complain(Exit::Undecided, &format!("undecided: {error}")),
    };
    let settings = match settings(args, hook, &repo) {
        Ok(settings) => settings,
        Err(error) => return complain(Exit::Usage, &error),
    };
    let mut input = Vec::new();
    if hook.input == Input::Refs
        && let Err(error) = std::io::stdin().lock().read_to_end(&mut input)
    {
        return complain(
            Exit::Undecided,
            &format!("undecided: standard input: {error}"),
        );
    }
    let call = Call {
        args: args.args.clone(),
        input,
    };
    let sources = match (hook.read)(&repo, &call) {
        Ok(sources) => sources,
        Err(error @ crate::hook::CallError::Usage(_)) => return complain(Exit::Usage, &error),
        Err(error @ crate::hook::CallError::Unread { .. }) => {
            return complain(Exit::Undecided, &format!("undecided: {error}"));
        }
    };
    let (audience, who, mode) = match hook.side {
        Side::Client => (
            Audience::ClientHook { event: hook.event },
            Pusher::Unknown,
            Mode::Enforce,
        ),
        Side::Server => (
            Audience::ServerHook { event: hook.event },
            pusher(settings.identity.source.as_ref(), &|name| {
                std::env::var_os(name)
            }),
            settings.server.mode,
        ),
    };
    let (base, top) = match hook.side {
        Side::Client => (repo.work_tree(), repo.work_tree()),
        Side::Server => (Some(repo.common_dir()), None),
    };
    let accepted = BaselineAt::of(args.common.baseline.as_deref(), &settings.trust, base, top);
    let policy = Policy::new(settings, hook.side, who);
    let policy = match accepting(policy, &accepted, Some(&repo)) {
        Ok(policy) => policy,
        Err(Refusal(exit, why)) => return complain(exit, &why),
    };
    let effort = Effort {
        jobs: args.common.jobs.map_or(1, usize::from),
        started,
        progress: &|_, _| {},
    };
    let verdict = policy.judge(Some(&repo), &sources, &effort);
    if let Err(error) = report(&verdict, &args.common, audience, mode, Stream::Stderr) {
        return unreported(&verdict, &error);
    }
    match mode {
        Mode::Enforce => verdict.outcome().into(),
        Mode::Evaluate => Exit::Clean,
    }
}

fn settings(args: &Args, hook: &Hook, repo: &Repo) -> Result<Settings, crate::config::ConfigError> {
    let named = args.common.config.as_deref();
    let layers = match hook.side {
        Side::Client => {
            let mut layers = discover_client(repo.work_tree(), &|name| std::env::var_os(name));
            layers.extend(named.map(|path| (Origin::CommandLine, path.to_owned())));
            layers
        }
        Side::Server => discover_server(repo.common_dir(), named),
    };
    load(&layers)
}

/// Reads the configuration as of today.
pub(super) fn load(
    layers: &[(Origin, std::path::PathBuf)],
) -> Result<Settings, crate::config::ConfigError> {
    let today = time::OffsetDateTime::now_utc().date();
    let known = |id: &str| crate::scan::rule(id).is_some();
    Config::load(layers, today, &known).map(Settings::from)
}
