//! `portcullis check`: what the server would say, without a push.

use super::Exit;
use super::args::Check as Args;
use super::output::{Stream, complain, report, unreported};
use super::scan::{Refusal, accepting};
use crate::change::{RefChange, RefUpdate, Source};
use crate::config::{BaselineAt, Origin, discover_client, discover_server};
use crate::git::{Oid, RefName, Repo};
use crate::hook::Side;
use crate::hook::install::status;
use crate::policy::groups::Pusher;
use crate::policy::settings::Mode;
use crate::policy::{Effort, Policy};
use crate::report::Audience;
use std::path::PathBuf;
use std::time::Instant;

pub(super) fn run(args: &Args) -> Exit {
    let started = Instant::now();
    let repo = match Repo::from_env() {
        Ok(repo) => repo,
        Err(error) => return complain(Exit::Usage, &error),
    };
    let sources = match sources(args, &repo) {
        Ok(sources) => sources,
        Err(why) => return complain(Exit::Usage, &why),
    };
    let settings = match super::hook::load(&layers(args, &repo)) {
        Ok(settings) => settings,
        Err(error) => return complain(Exit::Usage, &error),
    };
    let pusher = args
        .user
        .as_deref()
        .map_or(Pusher::Unknown, |user| Pusher::named(user.as_bytes()));
    let mode = settings.server.mode;
    let named = args.common.baseline.as_deref();
    let accepted = BaselineAt::of(named, &settings.trust, Some(repo.common_dir()), None);
    let policy = Policy::new(settings, Side::Server, pusher);
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
    match report(
        &verdict,
        &args.common,
        Audience::Command,
        mode,
        Stream::Stdout,
    ) {
        Err(error) => unreported(&verdict, &error),
        Ok(()) => match mode {
            Mode::Enforce => verdict.outcome().into(),
            Mode::Evaluate => Exit::Clean,
        },
    }
}

/// The policy that a push here would meet: the one named, the one that was named at `install`, that
/// of the Git directory; in a worktree without any, the conventions of the repository.
fn layers(args: &Args, repo: &Repo) -> Vec<(Origin, PathBuf)> {
    let named = args.common.config.clone().or_else(|| installed(repo));
    let server = discover_server(repo.common_dir(), named.as_deref());
    match repo.work_tree() {
        Some(top) if server.is_empty() => {
            discover_client(Some(top), &|name| std::env::var_os(name))
        }
        Some(_) | None => server,
    }
}

fn installed(repo: &Repo) -> Option<PathBuf> {
    status(repo.common_dir()).ok()?.policy().map(PathBuf::from)
}

fn sources(args: &Args, repo: &Repo) -> Result<Vec<Source>, String> {
    match (&args.update[..], &args.range) {
        ([old, new, name], _) => update(repo, old, new, name).map(|source| vec![source]),
        (_, Some(revs)) => range(args, repo, revs),
        (_, None) => Err("give --update OLD NEW REFNAME or --range REVS".to_owned()),
    }
}

fn update(repo: &Repo, old: &str, new: &str, name: &str) -> Result<Source, String> {
    let name = refname(name)?;
    let old = commit(repo, old)?;
    let new = commit(repo, new)?;
    // What other refs reach is there already; this ref is taken to stand at OLD, so that an update
    // of the past is judged as it came.
    let mut known = vec![
        format!("--exclude={name}"),
        "--exclude-hidden=receive".to_owned(),
        "--all".to_owned(),
    ];
    known.extend(old.map(|old| old.to_string()));
    Ok(Source::Push {
        updates: vec![RefUpdate {
            name,
            claimed: old,
            change: RefChange::of(old, new),
            repeated: false,
        }],
        bad: Vec::new(),
        known,
    })
}

fn range(args: &Args, repo: &Repo, revs: &str) -> Result<Vec<Source>, String> {
    let refname = args.refname.as_deref().map(refname).transpose()?;
    let revs: Vec<String> = revs.split_whitespace().map(str::to_owned).collect();
    let mut sources = Vec::new();
    if let Some(name) = &refname {
        let walked = crate::git::rev_list_args(repo, &revs).map_err(|error| error.to_string())?;
        let old = repo.resolve(name).map_err(|error| error.to_string())?;
        // The commits are judged as the range; here it is the ref alone.
        if let Some(tip) = walked.first() {
            sources.push(Source::Push {
                updates: vec![RefUpdate {
                    name: name.clone(),
                    claimed: old,
                    change: RefChange::of(old, Some(tip.oid)),
                    repeated: false,
                }],
                bad: Vec::new(),
                known: vec![tip.oid.to_string()],
            });
        }
    }
    sources.push(Source::Range { revs, refname });
    Ok(sources)
}

fn refname(name: &str) -> Result<RefName, String> {
    RefName::new(name.as_bytes())
        .map_err(|_| format!("{name} is not the full name of a ref, such as refs/heads/main"))
}

/// A full object id, zeros for none, or anything that `git rev-parse` knows as an object.
fn commit(repo: &Repo, text: &str) -> Result<Option<Oid>, String> {
    if let Ok(oid) = Oid::parse(text.as_bytes()) {
        return Ok(oid);
    }
    let asked = repo.git(["rev-parse", "--verify", "--quiet", "--end-of-options", text]);
    let answer = asked.output().ok();
    let oid = answer.and_then(|hex| Oid::parse(hex.trim_ascii_end()).ok().flatten());
    oid.map(Some)
        .ok_or_else(|| format!("{text} names no object here"))
}
