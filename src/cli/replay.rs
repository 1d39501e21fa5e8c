//! `portcullis check --replay`: what a policy says to the pushes of an audit log, beside what was
//! said to them then.

use super::Exit;
use super::args::Check as Args;
use super::audit::{Failed, columns, log_of, open_log, span, unreadable};
use super::check::{layers, person, push, repo_at};
use super::output::{complain, print};
use super::scan::{Refusal, accepting};
use crate::audit::{Recorded, read};
use crate::change::{BadUpdate, RefChange, RefUpdate, Source};
use crate::config::BaselineAt;
use crate::finding::{Finding, Level};
use crate::git::{Oid, RefName, Repo, counted, escape};
use crate::hook::Side;
use crate::policy::groups::Pusher;
use crate::policy::{Cache, Effort, Outcome, Policy, Unwatched, Verdict};
use serde::Serialize;
use std::collections::{BTreeSet, HashSet};
use std::fmt::Write as _;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::time::Instant;

pub(super) fn run(args: &Args, log: Option<&Path>) -> Exit {
    replay(args, log).unwrap_or_else(|Failed(exit, why)| complain(exit, &why))
}

fn replay(args: &Args, log: Option<&Path>) -> Result<Exit, Failed> {
    let usage = |why: String| Failed(Exit::Usage, why);
    let user = args.user.as_deref().map(person).transpose();
    let user = user.map_err(usage)?;
    let repo = repo_at(args.repo.as_deref()).map_err(|error| usage(error.to_string()))?;
    let entries = entries(args, &repo, log)?;
    let named = args.common.config.as_deref();
    let settings = super::hook::load(&layers(named, &repo)).map_err(|e| usage(e.to_string()))?;
    let baseline = args.common.baseline.as_deref();
    let accepted = BaselineAt::of(baseline, &settings.trust, Some(repo.common_dir()), None);
    let policy = Policy::new(settings, Side::Server, Pusher::Unknown);
    let mut policy = accepting(policy, &accepted, Some(&repo))
        .map_err(|Refusal(exit, why)| Failed(exit, why))?;
    let mut rows = Vec::new();
    for pushed in pushes(&entries) {
        let who = match (&user, pushed.first().and_then(|entry| entry.pusher())) {
            (Some(user), _) => user.clone(),
            (None, Some(name)) => Pusher::named(&name),
            (None, None) => Pusher::Unknown,
        };
        policy = policy.by(who);
        let Some(time) = pushed.first().and_then(|entry| entry.time()) else {
            continue;
        };
        policy = policy.as_of(time);
        let effort = Effort {
            cache: Cache::Unused,
            jobs: args.common.jobs.map_or(1, usize::from),
            started: Instant::now(),
            watch: &Unwatched,
        };
        let mut verdict = policy.judge(Some(&repo), &[source(&pushed)], &effort);
        let all = verdict.findings.len();
        verdict.findings.retain(|found| !passed(&pushed, found));
        let tokens = match verdict.findings.len() < all {
            true => Tokens::Taken,
            false => Tokens::Irrelevant,
        };
        let new = pushed.iter().filter_map(|entry| entry.oid("new").flatten());
        let gone = new
            .into_iter()
            .any(|oid| !repo.has(oid))
            .then_some("its objects are gone; a push that is refused leaves none");
        rows.extend(
            pushed
                .iter()
                .map(|entry| Row::of(entry, &verdict, gone, tokens)),
        );
    }
    match args.common.format.as_str() {
        "human" => print(human(&rows, args.common.verbose).as_bytes()),
        "json" => print(&json(&rows, &serde_json::to_vec_pretty)?),
        "jsonl" => {
            for row in &rows {
                print(&json(row, &serde_json::to_vec)?);
            }
            Exit::Clean
        }
        other => {
            return Err(usage(format!(
                "a replay is written as human, json or jsonl, not {other}"
            )));
        }
    };
    let any = |change: &[Change]| rows.iter().any(|row| change.contains(&row.change));
    Ok(if any(&[Change::Accepted, Change::Refused]) {
        Exit::Blocked
    } else if any(&[Change::Undecided]) {
        Exit::Undecided
    } else {
        Exit::Clean
    })
}

fn json<T: ?Sized>(
    rows: &T,
    write: &dyn Fn(&T) -> serde_json::Result<Vec<u8>>,
) -> Result<Vec<u8>, Failed> {
    let mut text = write(rows).map_err(|error| Failed(Exit::Undecided, error.to_string()))?;
    text.push(b'\n');
    Ok(text)
}

/// The judged entries of the log that is meant: a new policy need not name the one that there is.
fn entries(args: &Args, repo: &Repo, log: Option<&Path>) -> Result<Vec<Recorded>, Failed> {
    let kept = |named: Option<&Path>| -> Result<Option<PathBuf>, Failed> {
        Ok(log_of(repo, named)?.map(|log| log.path().to_owned()))
    };
    let path = match log {
        Some(path) => Some(path.to_owned()),
        None => match kept(None)? {
            Some(path) => Some(path),
            None => kept(args.common.config.as_deref())?,
        },
    };
    let none = || {
        let why = "the policy here names no log (audit.log): --replay LOG names the file of one";
        Failed(Exit::Usage, why.to_owned())
    };
    let path = path.ok_or_else(none)?;
    let file = open_log(&path).map_err(|error| unreadable(&path, &error))?;
    let (mut entries, _) =
        read(&mut BufReader::new(file)).map_err(|error| unreadable(&path, &error))?;
    entries.retain(|entry| {
        let judged = entry.event() == "judged" && entry.time().is_some();
        judged && entry.asked_name().is_some()
    });
    Ok(entries)
}

/// The entries of one push stand together.
fn pushes(entries: &[Recorded]) -> Vec<Vec<&Recorded>> {
    let mut pushes: Vec<Vec<&Recorded>> = Vec::new();
    for entry in entries {
        match pushes.last_mut() {
            Some(push) if push[0].word("push") == entry.word("push") => push.push(entry),
            Some(_) | None => pushes.push(vec![entry]),
        }
    }
    pushes
}

/// Whether tokens let a finding pass then, in each ref that it concerns. The log keeps no token that
/// could be shown again, and none would count twice; so it is believed that they were good.
fn passed(pushed: &[&Recorded], finding: &Finding) -> bool {
    let check = finding.check.to_string();
    let concerned = |entry: &&&Recorded| {
        let name = entry.refname();
        name.is_none_or(|name| finding.concerns(&name))
    };
    let mut entries = pushed.iter().filter(concerned).peekable();
    entries.peek().is_some()
        && entries.all(|entry| entry.let_pass(&check, finding.fingerprint.as_str()))
}

/// Whether the tokens of the push stand for anything in what is said to it now.
#[derive(Clone, Copy)]
enum Tokens {
    Taken,
    Irrelevant,
}

fn source(pushed: &[&Recorded]) -> Source {
    let mut named: HashSet<RefName> = HashSet::new();
    let (mut updates, mut bad) = (Vec::new(), Vec::new());
    for entry in pushed {
        let oids = (entry.oid("old"), entry.oid("new"));
        match (entry.refname(), oids) {
            (Some(name), (Some(old), Some(new))) => updates.push(RefUpdate {
                claimed: entry.oid("claimed").flatten(),
                change: RefChange::of(old, new),
                repeated: !named.insert(name.clone()),
                name,
            }),
            (_, _) => bad.push(BadUpdate {
                name: entry.asked_name().unwrap_or_default(),
                why: "not the full name of a ref",
            }),
        }
    }
    push(updates, bad)
}

/// One ref of one push, then and now.
#[derive(Serialize)]
struct Row {
    time: String,
    push: String,
    pusher: String,
    #[serde(rename = "ref")]
    name: String,
    old: Option<String>,
    new: Option<String>,
    then: String,
    now: Outcome,
    change: Change,
    /// What blocks it now.
    checks: Vec<String>,
    /// Why it cannot be decided now.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    /// The tokens of then, where it depends on them: they are taken as they were.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    relied: Vec<String>,
    #[serde(skip)]
    span: String,
}

/// What would be otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Change {
    /// Nothing.
    Same,
    /// It was not accepted then and would be now.
    Accepted,
    /// It was not refused then and would be now.
    Refused,
    /// That cannot be told any more.
    Undecided,
}

impl Row {
    fn of(entry: &Recorded, verdict: &Verdict, gone: Option<&str>, tokens: Tokens) -> Self {
        let name = entry.refname();
        let then = entry.word("verdict");
        let now = verdict.outcome();
        let denied = verdict.findings.iter().filter(|finding| {
            let concerned = name.as_ref().is_none_or(|name| finding.concerns(name));
            finding.level == Level::Deny && concerned
        });
        let checks: BTreeSet<String> = denied.map(|finding| finding.check.to_string()).collect();
        let change = match (now, then.as_str()) {
            (Outcome::Undecided, _) => Change::Undecided,
            (Outcome::Rejected, "accepted") => Change::Refused,
            (Outcome::Accepted, "accepted") | (Outcome::Rejected, _) => Change::Same,
            (Outcome::Accepted, _) => Change::Accepted,
        };
        let oid = |key| entry.oid(key).flatten();
        let hex = |key| oid(key).map(|oid: Oid| oid.to_string());
        Self {
            time: entry.word("time"),
            push: entry.word("push"),
            pusher: entry.word("pusher"),
            name: entry.word("ref"),
            old: hex("old"),
            new: hex("new"),
            span: span(oid("old"), oid("new")),
            then,
            now,
            change,
            checks: checks.into_iter().collect(),
            relied: match tokens {
                Tokens::Taken => entry.relied(),
                Tokens::Irrelevant => Vec::new(),
            },
            why: match (now, gone, verdict.unread.first()) {
                (Outcome::Undecided, Some(gone), _) => Some(gone.to_owned()),
                (Outcome::Undecided, None, Some(unread)) => {
                    Some(format!("{}: {}", unread.what, unread.why))
                }
                (Outcome::Undecided, None, None)
                | (Outcome::Accepted | Outcome::Rejected, _, _) => None,
            },
        }
    }

    fn cells(&self) -> Vec<String> {
        let mark = match self.change {
            Change::Same => "=",
            Change::Accepted => "+",
            Change::Refused => "-",
            Change::Undecided => "?",
        };
        let mut now = match (self.now, &self.why) {
            (Outcome::Accepted, _) => "accepted".to_owned(),
            (Outcome::Rejected, _) if self.checks.is_empty() => {
                "rejected: by another ref of the push".to_owned()
            }
            (Outcome::Rejected, _) => format!("rejected: {}", self.checks.join(", ")),
            (Outcome::Undecided, Some(why)) => format!("undecided: {why}"),
            (Outcome::Undecided, None) => "undecided".to_owned(),
        };
        for relied in &self.relied {
            let _ = write!(now, "; {relied}");
        }
        let who = match self.pusher.as_str() {
            "" => "-",
            who => who,
        };
        [
            mark, &self.time, who, &self.name, &self.span, &self.then, "now", &now,
        ]
        .map(|cell| escape(cell.as_bytes()))
        .to_vec()
    }
}

/// What would be otherwise, or all rows, and how many there are.
fn human(rows: &[Row], verbose: bool) -> String {
    let listed = |row: &&Row| verbose || row.change != Change::Same;
    let cells: Vec<Vec<String>> = rows.iter().filter(listed).map(Row::cells).collect();
    let count = |change| rows.iter().filter(|row| row.change == change).count();
    let hidden = match rows.len() > cells.len() {
        true => " (--verbose lists them)",
        false => "",
    };
    let tokens = match rows.iter().any(|row| !row.relied.is_empty()) {
        true => "tokens are not judged again: those that the log names are taken as good\n",
        false => "",
    };
    format!(
        "{}{}: {} would be refused now, {} accepted, {} cannot be decided, {} as before{hidden}\n{tokens}",
        columns(&cells),
        counted(rows.len(), "ref", "refs"),
        count(Change::Refused),
        count(Change::Accepted),
        count(Change::Undecided),
        count(Change::Same)
    )
}
