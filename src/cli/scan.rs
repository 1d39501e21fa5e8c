//! `portcullis scan`: secrets and env files in whatever one points at.

use super::Exit;
use super::args::{Common, Scan as Args};
use super::output::{Stream, complain, remark, report};
use super::progress::Progress;
use crate::change::Source;
use crate::config::{Origin, discover_client};
use crate::git::{OpenError, Repo};
use crate::hook::{Side, staged};
use crate::policy::groups::Pusher;
use crate::policy::settings::{Mode, Settings};
use crate::policy::{Effort, Policy, Verdict};
use crate::report::Audience;
use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

pub(super) fn run(args: &Args) -> Exit {
    let started = Instant::now();
    let progress = Progress::new(&args.common);
    let mut verdict = Verdict::default();
    let mut in_force = BTreeSet::new();
    let here = [None];
    let targets: Vec<Option<&Path>> = args
        .targets
        .iter()
        .map(|path| Some(path.as_path()))
        .collect();
    for target in if targets.is_empty() {
        &here[..]
    } else {
        &targets
    } {
        match scan(args, *target, started, &progress, &mut in_force) {
            Ok(one) => verdict.add(one),
            Err(Refusal(exit, why)) => return complain(exit, &why),
        }
    }
    drop(progress);
    verdict.coverage.seconds = started.elapsed().as_secs_f64();
    match report(
        &verdict,
        &args.common,
        Audience::Command,
        Mode::Enforce,
        Stream::Stdout,
        in_force.into_iter().collect::<Vec<_>>().join("+"),
    ) {
        Ok(()) => verdict.outcome().into(),
        Err(error) => complain(Exit::Undecided, &format!("undecided: the report: {error}")),
    }
}

/// Why nothing was examined.
struct Refusal(Exit, String);

fn usage(why: impl std::fmt::Display) -> Refusal {
    Refusal(Exit::Usage, why.to_string())
}

fn scan(
    args: &Args,
    target: Option<&Path>,
    started: Instant,
    progress: &Progress,
    in_force: &mut BTreeSet<String>,
) -> Result<Verdict, Refusal> {
    let place = target.unwrap_or(Path::new("."));
    let found = match target {
        None => Repo::from_env(),
        Some(dir) if dir.is_dir() => Repo::at(dir),
        Some(file) => Repo::at(
            file.parent()
                .filter(|dir| !dir.as_os_str().is_empty())
                .unwrap_or(Path::new(".")),
        ),
    };
    let kind = &args.source;
    let needs_repo = kind.history || kind.staged || kind.worktree || kind.range.is_some();
    let repo = match found {
        Ok(repo) => Some(repo),
        Err(_) if kind.files || kind.stdin => None,
        Err(error @ OpenError::Refused(_)) => {
            return Err(Refusal(Exit::Undecided, format!("undecided: {error}")));
        }
        Err(error @ OpenError::Absent(_)) if needs_repo => return Err(usage(error)),
        Err(OpenError::Absent(_)) => None,
    };
    let source = source(args, repo.as_ref(), place)?;
    let top = match (&repo, place.is_dir()) {
        (Some(repo), _) => repo.work_tree(),
        (None, true) => Some(place),
        (None, false) => None,
    };
    let config = super::hook::load(&layers(args.common.config.as_deref(), top)).map_err(usage)?;
    if args.common.verbose {
        remark(&config.notes);
    }
    let settings = Settings::from(config);
    in_force.insert(settings.secrets.selection().digest());
    let policy = Policy::new(settings, Side::Client, Pusher::Unknown);
    let effort = Effort {
        jobs: jobs(&args.common),
        started,
        progress: &|done, all| progress.tell(done, all),
    };
    Ok(policy.judge(repo.as_ref(), &[source], &effort))
}

fn source(args: &Args, repo: Option<&Repo>, place: &Path) -> Result<Source, Refusal> {
    let kind = &args.source;
    let unread =
        |error: &dyn std::fmt::Display| Refusal(Exit::Undecided, format!("undecided: {error}"));
    match repo {
        _ if kind.stdin => {
            let mut text = Vec::new();
            let read = std::io::stdin().lock().read_to_end(&mut text);
            read.map(|_| Source::Text(text))
                .map_err(|error| unread(&error))
        }
        Some(repo) if kind.staged => staged(repo, false).map_err(|error| unread(&error)),
        Some(repo) if kind.worktree && repo.work_tree().is_none() => Err(usage(
            "a bare repository has no worktree; leave out --worktree to scan its history",
        )),
        Some(_) if kind.worktree => Ok(Source::Worktree),
        Some(_) if kind.range.is_some() => {
            let revs = kind.range.iter().flat_map(|revs| revs.split_whitespace());
            Ok(Source::Range(revs.map(str::to_owned).collect()))
        }
        Some(_) if kind.history || (!kind.files && place.is_dir()) => Ok(Source::History),
        Some(_) | None => Ok(Source::Files(vec![place.to_owned()])),
    }
}

/// The files of configuration that count on this machine.
pub(super) fn layers(named: Option<&Path>, top: Option<&Path>) -> Vec<(Origin, PathBuf)> {
    let mut layers = discover_client(top, &|name| std::env::var_os(name));
    layers.extend(
        named
            .iter()
            .map(|path| (Origin::CommandLine, path.to_path_buf())),
    );
    layers
}

fn jobs(common: &Common) -> usize {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    common.jobs.map_or(processors, usize::from)
}
