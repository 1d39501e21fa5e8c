//! `portcullis scan`: secrets and env files in whatever one points at.

use super::Exit;
use super::args::{Common, Scan as Args};
use super::output::{Stream, complain, report, unreported};
use super::progress::Progress;
use crate::change::Source;
use crate::config::{Origin, discover_client};
use crate::git::{OpenError, Repo, rev_list_args};
use crate::hook::{Side, staged};
use crate::policy::groups::Pusher;
use crate::policy::settings::{Commits, Content, Mode, Settings};
use crate::policy::{Effort, Policy, Verdict};
use crate::report::Audience;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

pub(super) fn run(args: &Args) -> Exit {
    let started = Instant::now();
    let progress = Progress::new(&args.common);
    let mut verdict = Verdict::default();
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
        match scan(args, *target, started, &progress) {
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
    ) {
        Ok(()) => verdict.outcome().into(),
        Err(error) => unreported(&verdict, &error),
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
    let settings = super::hook::load(&layers(&args.common, top)).map_err(usage)?;
    // A scan looks for secrets and env files; how commits are to be made is for what makes them.
    let settings = Settings {
        commits: Commits::default(),
        content: Content::default(),
        ..settings
    };
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
        Some(repo) if kind.range.is_some() => {
            let revs = kind.range.iter().flat_map(|revs| revs.split_whitespace());
            let revs: Vec<String> = revs.map(str::to_owned).collect();
            // A name that is none is a slip, and nothing was examined.
            let mut probe = revs.clone();
            probe.push("--max-count=0".to_owned());
            rev_list_args(repo, &probe).map_err(usage)?;
            Ok(Source::Range {
                revs,
                refname: None,
            })
        }
        Some(_) if kind.history || (!kind.files && place.is_dir()) => Ok(Source::History),
        Some(_) | None => Ok(Source::Files(vec![place.to_owned()])),
    }
}

fn layers(common: &Common, top: Option<&Path>) -> Vec<(Origin, PathBuf)> {
    let mut layers = discover_client(top, &|name| std::env::var_os(name));
    layers.extend(
        common
            .config
            .iter()
            .map(|path| (Origin::CommandLine, path.clone())),
    );
    layers
}

fn jobs(common: &Common) -> usize {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    common.jobs.map_or(processors, usize::from)
}
