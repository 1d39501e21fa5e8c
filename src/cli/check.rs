//! `portcullis check`: what the server would say, without a push.

use super::Exit;
use super::args::Check as Args;
use super::output::{Stream, complain, print, remark, report, unreported};
use super::scan::{Refusal, accepting};
use crate::change::{BadUpdate, RefChange, RefUpdate, Source, There};
use crate::config::{BaselineAt, Origin, discover_client, discover_server};
use crate::git::{Certificate, Logged, Oid, OpenError, RefName, Repo, escape, reflog};
use crate::hook::Side;
use crate::hook::install::status;
use crate::policy::groups::{Principal, Pusher};
use crate::policy::settings::Mode;
use crate::policy::{Cache, Effort, Outcome, Policy, Unwatched, Verdict};
use crate::report::Audience;
use std::path::{Path, PathBuf};
use std::time::Instant;

pub(super) fn run(args: &Args) -> Exit {
    if let Some(log) = &args.replay {
        return super::replay::run(args, log.as_deref());
    }
    let started = Instant::now();
    let repo = match repo_at(args.repo.as_deref()) {
        Ok(repo) => repo,
        Err(error) => return complain(Exit::Usage, &error),
    };
    let asked = match asked(args, &repo) {
        Ok(asked) => asked,
        Err(why) => return complain(Exit::Usage, &why),
    };
    let layers = layers(args.common.config.as_deref(), &repo);
    let settings = match super::hook::load(&layers) {
        Ok(settings) => settings,
        Err(error) => return complain(Exit::Usage, &error),
    };
    let pusher = match args.user.as_deref().map(person).transpose() {
        Ok(user) => user.unwrap_or(Pusher::Unknown),
        Err(why) => return complain(Exit::Usage, &why),
    };
    let mode = settings.server.mode;
    let named = args.common.baseline.as_deref();
    let accepted = BaselineAt::of(named, &settings.trust, Some(repo.common_dir()), None);
    let policy = Policy::new(settings, Side::Server, pusher).shown(super::shown::what_if(&repo));
    let mut policy = match accepting(policy, &accepted, Some(&repo)) {
        Ok(policy) => policy,
        Err(Refusal(exit, why)) => return complain(exit, &why),
    };
    let effort = Effort {
        cache: Cache::Unused,
        jobs: args.common.jobs.map_or(1, usize::from),
        started,
        watch: &Unwatched,
    };
    let mut verdict = Verdict::default();
    for Asked { sources, at } in asked {
        if let Some((moment, line)) = at {
            policy = policy.as_of(moment);
            let one = policy.judge(Some(&repo), &sources, &effort);
            if args.common.format == "human" {
                print(format!("{line}  {}\n", outcome(&one)).as_bytes());
            }
            verdict.add(one);
        } else {
            verdict = policy.judge(Some(&repo), &sources, &effort);
        }
    }
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

/// The repository that `--repo` names, else the one around the current directory.
pub(super) fn repo_at(dir: Option<&Path>) -> Result<Repo, OpenError> {
    dir.map_or_else(Repo::from_env, Repo::at)
}

/// The policy that a push here would meet: the one named, the one that was named at `install`, that
/// of the Git directory; in a worktree without any, the conventions of the repository.
pub(super) fn layers(named: Option<&Path>, repo: &Repo) -> Vec<(Origin, PathBuf)> {
    let named = named.map(PathBuf::from).or_else(|| installed(repo));
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

/// What is judged together.
struct Asked {
    sources: Vec<Source>,
    /// For an update of the past: when it was, and how it is called.
    at: Option<(time::OffsetDateTime, String)>,
}

fn asked(args: &Args, repo: &Repo) -> Result<Vec<Asked>, String> {
    let now = |sources| vec![Asked { sources, at: None }];
    match (&args.update[..], &args.range, &args.reflog) {
        ([old, new, name], _, _) => {
            let (old, new) = (commit(repo, old)?, commit(repo, new)?);
            Ok(now(vec![update(full_name(repo, name)?, old, new)]))
        }
        (_, Some(revs), _) => range(args, repo, revs).map(now),
        (_, None, Some(name)) => logged(repo, &full_name(repo, name)?),
        (_, None, None) => Err(
            "give --update OLD NEW REFNAME, --range REVS, --reflog REFNAME or --replay".to_owned(),
        ),
    }
}

/// Each update of a ref that its log holds, oldest first.
fn logged(repo: &Repo, name: &RefName) -> Result<Vec<Asked>, String> {
    let log = reflog(repo, name).map_err(|error| format!("{name}: {error}"))?;
    let format = &time::format_description::well_known::Rfc3339;
    let asked = |entry: Logged| {
        let at = time::OffsetDateTime::from_unix_timestamp(entry.time).ok()?;
        let short = |oid: Option<Oid>| oid.map_or_else(|| "none".to_owned(), |oid| oid.short());
        let line = format!(
            "{}  {}..{}",
            at.format(format).ok()?,
            short(entry.old),
            short(entry.new)
        );
        Some(Asked {
            sources: vec![update(name.clone(), entry.old, entry.new)],
            at: Some((at, line)),
        })
    };
    log.into_iter()
        .map(|entry| asked(entry).ok_or_else(|| format!("{name}: a time beyond the calendar")))
        .collect()
}

/// `rejected: refs/push, refs/linear`, `undecided`, `accepted`
fn outcome(verdict: &Verdict) -> String {
    match verdict.outcome() {
        Outcome::Accepted => "accepted".to_owned(),
        Outcome::Rejected => format!("rejected: {}", verdict.denying()),
        Outcome::Undecided => "undecided".to_owned(),
    }
}

fn update(name: RefName, old: Option<Oid>, new: Option<Oid>) -> Source {
    push(
        vec![RefUpdate {
            name,
            claimed: old,
            change: RefChange::of(old, new),
            repeated: false,
        }],
        Vec::new(),
    )
}

/// A push of the past or the future.
pub(super) fn push(updates: Vec<RefUpdate>, bad: Vec<BadUpdate>) -> Source {
    // What other refs reach is there already; these refs are taken to stand at their old values, so
    // that an update of the past is judged as it came.
    let mut known: Vec<String> = updates
        .iter()
        .map(|update| format!("--exclude={}", update.name))
        .collect();
    known.extend([
        "--exclude-hidden=receive".to_owned(),
        "--glob=refs/*".to_owned(),
    ]);
    let old = updates.iter().filter_map(|update| update.change.old_oid());
    known.extend(old.map(|old| old.to_string()));
    Source::Push {
        updates,
        bad,
        known,
        there: There::Here,
        certificate: Certificate::NotYet,
    }
}

fn range(args: &Args, repo: &Repo, revs: &str) -> Result<Vec<Source>, String> {
    let name = args.refname.as_deref();
    let refname = name.map(|name| full_name(repo, name)).transpose()?;
    let revs: Vec<String> = revs.split_whitespace().map(str::to_owned).collect();
    // A name that is none is a slip, and nothing was examined.
    let mut probe = revs.clone();
    probe.push("--max-count=0".to_owned());
    crate::git::rev_list_args(repo, &probe).map_err(|error| error.to_string())?;
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
                there: There::Aside,
                certificate: Certificate::NotYet,
            });
        }
    }
    sources.push(Source::Range { revs, refname });
    Ok(sources)
}

/// Who is meant by `--as`.
pub(super) fn person(user: &str) -> Result<Pusher, String> {
    match user.parse() {
        Ok(Principal::User(_)) => Ok(Pusher::named(user.as_bytes())),
        Ok(Principal::Group(_)) => Err(format!(
            "{} is a group, and no group pushes: name a person with --as, such as one of its members",
            escape(user.as_bytes())
        )),
        Ok(Principal::Everyone) => Err("everyone is no pusher: name a person with --as".to_owned()),
        Err(_) => Err("that is nobody: name a person with --as".to_owned()),
    }
}

fn refname(name: &str) -> Result<RefName, String> {
    RefName::new(name.as_bytes())
        .map_err(|_| format!("{name} is not the full name of a ref, such as refs/heads/main"))
}

/// A ref by its full name, or by one that only one ref can be meant by: of this clone, or a branch that
/// a remote was seen to have. What was taken is said.
pub(super) fn full_name(repo: &Repo, name: &str) -> Result<RefName, String> {
    if name.starts_with("refs/") {
        return refname(name);
    }
    let (branch, tag) = (format!("refs/heads/{name}"), format!("refs/tags/{name}"));
    let tail = format!("/{name}");
    let mut found = Vec::new();
    for (known, _) in repo.refs().map_err(|error| error.to_string())? {
        let bytes = known.as_bytes();
        let elsewhere = bytes.strip_prefix(b"refs/remotes/").and_then(|rest| {
            let remote = rest.strip_suffix(tail.as_bytes())?;
            (!remote.is_empty() && !remote.contains(&b'/')).then_some(())
        });
        if bytes == branch.as_bytes() || elsewhere.is_some() {
            found.push(branch.clone());
        } else if bytes == tag.as_bytes() {
            found.push(tag.clone());
        }
    }
    found.sort();
    found.dedup();
    match &found[..] {
        [one] => {
            let (short, full) = (escape(name.as_bytes()), escape(one.as_bytes()));
            remark(&[format!("{short} is taken for {full}")]);
            refname(one)
        }
        [] => refname(name).map_err(|why| {
            format!("{why}; nothing here is called {name}, so write {branch} or {tag}")
        }),
        several => Err(format!(
            "{name} may be {}: write the full name",
            several.join(" or ")
        )),
    }
}

/// A full object id, zeros for none, or anything that `git rev-parse` knows as an object.
pub(super) fn commit(repo: &Repo, text: &str) -> Result<Option<Oid>, String> {
    if let Ok(oid) = Oid::parse(text.as_bytes()) {
        return Ok(oid);
    }
    let asked = repo.git(["rev-parse", "--verify", "--quiet", "--end-of-options", text]);
    let answer = asked.output().ok();
    let oid = answer.and_then(|hex| Oid::parse(hex.trim_ascii_end()).ok().flatten());
    oid.map(Some)
        .ok_or_else(|| format!("{text} names no object here"))
}
