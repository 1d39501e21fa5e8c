//! `portcullis scan`: secrets and env files in whatever one points at.

use super::Exit;
use super::args::{Look, Scan as Args, Source as Kind};
use super::output::{Stream, complain, remark, report, unreported};
use super::progress::{Progress, Wanted, shown};
use crate::change::{Source, Stage};
use crate::config::rules::Note;
use crate::config::{BaselineAt, BaselineError, Origin, discover_client};
use crate::git::{OpenError, Repo, rev_list_args};
use crate::hook::{Side, staged};
use crate::policy::groups::Pusher;
use crate::policy::settings::{Commits, Content, Mode, Settings};
use crate::policy::{Cache, Effort, Policy, Verdict, Watch as _};
use crate::report::Audience;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

pub(super) fn run(args: &Args) -> Exit {
    let common = &args.common;
    let started = Instant::now();
    let looking = Looking {
        kind: &args.source,
        config: common.config.as_deref(),
        baseline: common.baseline.as_deref(),
        jobs: common.jobs,
        cache: match args.no_cache {
            true => Cache::Unused,
            false => Cache::Used,
        },
        started,
        progress: Progress::new(
            match common.no_progress || common.quiet {
                true => Wanted::No,
                false => Wanted::Yes,
            },
            started,
        ),
    };
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
        looking.progress.stage(Stage::Open);
        match looking.at(*target).and_then(Place::with_baseline) {
            Ok(place) => {
                if common.verbose {
                    remark(&place.notes);
                }
                verdict.add(place.judge(&looking, std::slice::from_ref(&place.source)));
            }
            Err(Refusal(exit, why)) => return complain(exit, &why),
        }
    }
    let mut stages = looking.progress.end();
    verdict.coverage.seconds = started.elapsed().as_secs_f64();
    let reporting = Instant::now();
    let reported = report(
        &verdict,
        &args.common,
        Audience::Command,
        Mode::Enforce,
        Stream::Stdout,
    );
    if common.verbose {
        stages.push((Stage::Report, reporting.elapsed()));
        remark(&[shown(&stages)]);
    }
    match reported {
        Ok(()) => verdict.outcome().into(),
        Err(error) => unreported(&verdict, &error),
    }
}

/// Why nothing was examined.
pub(super) struct Refusal(pub(super) Exit, pub(super) String);

pub(super) fn usage(why: impl std::fmt::Display) -> Refusal {
    Refusal(Exit::Usage, why.to_string())
}

/// How a command looks.
pub(super) struct Looking<'a> {
    kind: &'a Kind,
    config: Option<&'a Path>,
    baseline: Option<&'a Path>,
    jobs: Option<u16>,
    cache: Cache,
    started: Instant,
    progress: Progress,
}

/// Somewhere to look.
pub(super) struct Place {
    pub(super) repo: Option<Repo>,
    /// What the options ask to look at.
    pub(super) source: Source,
    pub(super) policy: Policy,
    /// Where the configuration says that the baseline is.
    pub(super) accepted: BaselineAt,
    /// The top of the worktree, or the folder that is no repository.
    pub(super) top: Option<PathBuf>,
    /// What of rule files could not be carried over.
    notes: Vec<Note>,
}

impl<'a> Looking<'a> {
    /// As a command looks that writes no report.
    pub(super) fn new(look: &'a Look, kind: &'a Kind) -> Self {
        let started = Instant::now();
        Self {
            kind,
            config: look.config.as_deref(),
            baseline: look.baseline.as_deref(),
            jobs: look.jobs,
            cache: Cache::Used,
            started,
            progress: Progress::new(
                match look.no_progress {
                    true => Wanted::No,
                    false => Wanted::Yes,
                },
                started,
            ),
        }
    }

    /// Opens what a target names; no baseline is read yet.
    pub(super) fn at(&self, target: Option<&Path>) -> Result<Place, Refusal> {
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
        let kind = self.kind;
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
        let source = source(kind, repo.as_ref(), place)?;
        let top = match (&repo, place.is_dir()) {
            (Some(repo), _) => repo.work_tree(),
            (None, true) => Some(place),
            (None, false) => None,
        }
        .map(Path::to_owned);
        let config = super::hook::load_config(&layers(self.config, top.as_deref()));
        let config = config.map_err(usage)?;
        let notes = config.notes.clone();
        // A look around is for secrets and env files; how commits are to be made is for what makes
        // them.
        let settings = Settings {
            commits: Commits::default(),
            content: Content::default(),
            ..Settings::from(config)
        };
        let (trust, top_dir) = (&settings.trust, top.as_deref());
        let accepted = BaselineAt::of(self.baseline, trust, top_dir, top_dir);
        let policy = Policy::new(settings, Side::Client, Pusher::Unknown);
        Ok(Place {
            repo,
            source,
            policy,
            accepted,
            top,
            notes,
        })
    }
}

impl Place {
    /// Reads the baseline.
    pub(super) fn with_baseline(self) -> Result<Self, Refusal> {
        let policy = accepting(self.policy, &self.accepted, self.repo.as_ref())?;
        Ok(Self { policy, ..self })
    }

    /// Looks.
    pub(super) fn judge(&self, looking: &Looking<'_>, sources: &[Source]) -> Verdict {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let effort = Effort {
            cache: looking.cache,
            jobs: looking.jobs.map_or(processors, usize::from),
            started: looking.started,
            watch: &looking.progress,
        };
        self.policy.judge(self.repo.as_ref(), sources, &effort)
    }
}

/// A policy with the findings that are accepted.
pub(super) fn accepting(
    policy: Policy,
    at: &BaselineAt,
    repo: Option<&Repo>,
) -> Result<Policy, Refusal> {
    match at.read(repo) {
        Ok(baseline) => Ok(policy.with_baseline(baseline)),
        Err(BaselineError::Wrong(error)) => Err(usage(error)),
        Err(BaselineError::Distrusted(error)) => {
            complain(Exit::Clean, &format!("{error}; nothing is accepted by it"));
            Ok(policy)
        }
        Err(BaselineError::Unread(unread)) => Err(Refusal(
            Exit::Undecided,
            format!("undecided: {}: {}", unread.what, unread.why),
        )),
    }
}

fn source(kind: &Kind, repo: Option<&Repo>, place: &Path) -> Result<Source, Refusal> {
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

/// The files of configuration that count on this machine.
pub(super) fn layers(named: Option<&Path>, top: Option<&Path>) -> Vec<(Origin, PathBuf)> {
    let mut layers = discover_client(top, &|name| std::env::var_os(name));
    layers.extend(named.map(|path| (Origin::CommandLine, path.to_owned())));
    layers
}
