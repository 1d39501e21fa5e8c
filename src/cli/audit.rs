//! `portcullis audit`: shows the log of a server, follows its chain, puts it aside.

use super::Exit;
use super::args::{
    Audit as Args, AuditCommand, AuditRotate, AuditSend, AuditShow, AuditVerify, Judged,
    ListFormat, LogFiles,
};
use super::check::{full_name, layers, repo_at};
use super::output::{complain, print};
use crate::audit::{Chain, Log, NO_HEAD, Recorded, Rotated, read};
use crate::git::{Oid, Repo, counted, escape, escape_json};
use crate::policy::RefPattern;
use crate::policy::approvals::APPROVALS;
use std::fmt::Write as _;
use std::io::{self, BufReader, Read as _};
use std::path::{Path, PathBuf};
use time::OffsetDateTime;

pub(super) fn run(args: &Args) -> Exit {
    let done = match &args.command {
        AuditCommand::Show(args) => show(args),
        AuditCommand::Verify(args) => verify(args),
        AuditCommand::Rotate(args) => rotate(args),
        AuditCommand::Send(args) => send(args),
    };
    done.unwrap_or_else(|Failed(exit, why)| complain(exit, &why))
}

/// Why a command cannot go on, and how the program ends.
pub(super) struct Failed(pub(super) Exit, pub(super) String);

impl Failed {
    fn usage(why: impl ToString) -> Self {
        Self(Exit::Usage, why.to_string())
    }
}

/// The log of the policy that a push here would meet.
pub(super) fn log_of(repo: &Repo, named: Option<&Path>) -> Result<Option<Log>, Failed> {
    let settings = super::hook::load(&layers(named, repo)).map_err(Failed::usage)?;
    let file = settings.audit.log.as_ref();
    Ok(file.map(|file| Log::of(repo, &file.0)))
}

fn the_log(named: Option<&Path>, at: Option<&Path>) -> Result<Log, Failed> {
    let repo = repo_at(at).map_err(Failed::usage)?;
    log_of(&repo, named)?.ok_or_else(|| {
        Failed::usage("the policy here names no log (audit.log); name the file of one")
    })
}

/// The files that are meant, and what is in them: as much as is there now, and no half of a line
/// that is just being written.
fn opened(log: &LogFiles) -> Result<Vec<(PathBuf, impl io::Read + use<>)>, Failed> {
    let files = match &log.files[..] {
        [] => vec![
            the_log(log.config.as_deref(), log.repo.as_deref())?
                .path()
                .to_owned(),
        ],
        files => files.to_vec(),
    };
    let open = |path: PathBuf| match open_log(&path) {
        Ok(file) => Ok((path, file)),
        Err(error) => Err(unreadable(&path, &error)),
    };
    files.into_iter().map(open).collect()
}

/// A log as it is now.
pub(super) fn open_log(path: &Path) -> io::Result<io::Take<std::fs::File>> {
    let file = std::fs::File::open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => io::Error::other(
            "there is no such log: the policy names another (audit.log), it was put aside, or \
             nothing was pushed yet",
        ),
        _ => error,
    })?;
    let meta = file.metadata()?;
    if !meta.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    fs4::FileExt::lock_shared(&file)?;
    let length = file.metadata()?.len();
    fs4::FileExt::unlock(&file)?;
    Ok(file.take(length))
}

pub(super) fn unreadable(path: &Path, error: &dyn std::fmt::Display) -> Failed {
    let why = format!("undecided: {}: {error}", path.display());
    Failed(Exit::Undecided, why)
}

fn verify(args: &AuditVerify) -> Result<Exit, Failed> {
    let head = args.head.as_deref().map(str::to_ascii_lowercase);
    let is_hash =
        |hex: &String| hex.len() == NO_HEAD.len() && hex.bytes().all(|b| b.is_ascii_hexdigit());
    if head.as_ref().is_some_and(|head| !is_hash(head)) {
        return Err(Failed::usage("a head is 64 hexadecimal digits"));
    }
    let mut chain = Chain::new(head);
    let mut text = String::new();
    for (path, file) in opened(&args.log)? {
        let followed = chain.follow(&mut BufReader::new(file));
        let shown = escape(path.as_os_str().as_encoded_bytes());
        if let Err(broken) = followed.map_err(|error| unreadable(&path, &error))? {
            let _ = writeln!(text, "{shown}:{}: {}", broken.line, broken.flaw);
            let _ = writeln!(
                text,
                "good up to there: {}",
                counted(chain.entries, "entry", "entries")
            );
            print(text.as_bytes());
            return Ok(Exit::Blocked);
        }
        for seq in chain.begins.drain(..) {
            let how = match seq {
                1 => "begins a chain of its own".to_owned(),
                _ => format!("begins with entry {seq}"),
            };
            let _ = writeln!(
                text,
                "{shown}: {how}; whether anything is missing before it, only the older file tells"
            );
        }
    }
    if chain.torn > 0 {
        let torn = counted(
            chain.torn,
            "line was cut short and is marked",
            "lines were cut short and are marked",
        );
        let _ = writeln!(text, "{torn}");
    }
    let _ = writeln!(text, "{}", counted(chain.entries, "entry", "entries"));
    let _ = writeln!(text, "head {}", chain.head);
    if let (Some(head), false) = (&args.head, chain.met) {
        let _ = writeln!(
            text,
            "the log has not come by {head}: entries are gone, or all of it was written anew"
        );
    }
    print(text.as_bytes());
    Ok(match (&args.head, chain.met) {
        (Some(_), false) => Exit::Blocked,
        (Some(_), true) | (None, _) => Exit::Clean,
    })
}

fn rotate(args: &AuditRotate) -> Result<Exit, Failed> {
    let log = the_log(args.config.as_deref(), args.repo.as_deref())?;
    let said = Rotated::to(&args.to, OffsetDateTime::now_utc());
    log.rotate(&args.to, &said)
        .map_err(|error| Failed(Exit::Undecided, error.to_string()))?;
    let to = std::path::absolute(&args.to).unwrap_or_else(|_| args.to.clone());
    let to = escape(to.as_os_str().as_encoded_bytes());
    Ok(print(format!("put aside  {to}\n").as_bytes()))
}

fn send(args: &AuditSend) -> Result<Exit, Failed> {
    let repo = repo_at(args.repo.as_deref()).map_err(Failed::usage)?;
    let layers = layers(args.config.as_deref(), &repo);
    let settings = super::hook::load(&layers).map_err(Failed::usage)?;
    Ok(super::notify::send(&repo, &settings.audit))
}

/// What of a log is shown.
struct Wanted {
    refs: Option<RefPattern>,
    user: Option<Vec<u8>>,
    since: Option<OffsetDateTime>,
    verdict: Option<&'static str>,
}

impl Wanted {
    fn of(args: &AuditShow) -> Result<Self, Failed> {
        Ok(Self {
            refs: match &args.refs {
                Some(text) => Some(refs(text, args.log.repo.as_deref())?),
                None => None,
            },
            user: args.user.as_ref().map(|user| user.as_bytes().to_vec()),
            since: args.since.as_deref().map(moment).transpose()?,
            verdict: args.verdict.map(|verdict| match verdict {
                Judged::Accepted => "accepted",
                Judged::Rejected => "rejected",
                Judged::Undecided => "undecided",
            }),
        })
    }

    fn has(&self, entry: &Recorded) -> bool {
        let name = entry.refname();
        self.refs
            .as_ref()
            .is_none_or(|refs| name.is_some_and(|name| refs.matches(&name)))
            && self
                .user
                .as_ref()
                .is_none_or(|user| entry.pusher().as_ref() == Some(user))
            && self
                .since
                .is_none_or(|since| entry.time().is_some_and(|time| time >= since))
            && self
                .verdict
                .is_none_or(|verdict| entry.word("verdict") == verdict)
    }
}

/// A pattern as rules have it; or the name of a ref, short where one alone can be meant here.
fn refs(text: &str, at: Option<&Path>) -> Result<RefPattern, Failed> {
    let is_name = !text.contains(['*', '?', '[']) && !text.starts_with("refs/");
    let name = match repo_at(at) {
        Ok(repo) if is_name => full_name(&repo, text).map_err(Failed::usage)?.to_string(),
        Ok(_) | Err(_) => text.to_owned(),
    };
    RefPattern::new(&name).map_err(Failed::usage)
}

/// A day, from its beginning in UTC, or a time.
fn moment(text: &str) -> Result<OffsetDateTime, Failed> {
    use time::format_description::well_known::Rfc3339;
    let whole = format!("{text}T00:00:00Z");
    OffsetDateTime::parse(text, &Rfc3339)
        .or_else(|_| OffsetDateTime::parse(&whole, &Rfc3339))
        .map_err(|_| {
            let shown = escape(text.as_bytes());
            Failed::usage(format!(
                "{shown} is neither a day such as 2027-01-31 nor a time such as 2027-01-31T08:00:00Z"
            ))
        })
}

fn show(args: &AuditShow) -> Result<Exit, Failed> {
    let wanted = Wanted::of(args)?;
    let mut entries = Vec::new();
    for (path, file) in opened(&args.log)? {
        let (read, others) =
            read(&mut BufReader::new(file)).map_err(|error| unreadable(&path, &error))?;
        if let Some(line) = others.first() {
            let which = match others.len() {
                1 => "is no entry".to_owned(),
                all => format!(
                    "and {} are no entries",
                    counted(all - 1, "more line", "more lines")
                ),
            };
            super::output::remark(&[format!(
                "{}:{line} {which}; `portcullis audit verify` tells why",
                escape(path.as_os_str().as_encoded_bytes())
            )]);
        }
        entries.extend(read.into_iter().filter(|entry| wanted.has(entry)));
    }
    let lines: Vec<String> = entries.iter().map(|e| escape_json(&e.text)).collect();
    Ok(match args.format {
        ListFormat::Human => print(table(&entries).as_bytes()),
        ListFormat::Json if lines.is_empty() => print(b"[]\n"),
        ListFormat::Json => print(format!("[\n{}\n]\n", lines.join(",\n")).as_bytes()),
        ListFormat::Jsonl => {
            let each = lines.iter().flat_map(|line| [line.as_str(), "\n"]);
            print(each.collect::<String>().as_bytes())
        }
    })
}

/// `TIME  WHO  KIND  REF  OLD..NEW  VERDICT`, in columns.
fn table(entries: &[Recorded]) -> String {
    let rows: Vec<Vec<String>> = entries.iter().map(row).collect();
    columns(&rows)
}

/// A longer cell (a ref of an approval) sticks out, and does not widen all the others.
const WIDEST: usize = 48;

/// Rows with each column as wide as its widest cell, but for the last one.
pub(super) fn columns(rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = Vec::new();
    for row in rows {
        for (at, cell) in row.iter().enumerate() {
            let width = match cell.chars().count() {
                long if long > WIDEST => 0,
                width => width,
            };
            match widths.get_mut(at) {
                Some(widest) => *widest = width.max(*widest),
                None => widths.push(width),
            }
        }
    }
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(line, "{cell:<width$}  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// `a1b2c3d4e5..none`
pub(super) fn span(old: Option<Oid>, new: Option<Oid>) -> String {
    let short = |oid: Option<Oid>| oid.map_or_else(|| "none".to_owned(), |oid| oid.short());
    format!("{}..{}", short(old), short(new))
}

/// The name of a ref; in that of an approval, of two digests of 32 digits, the first digits do.
fn called(name: &str) -> String {
    let Some(rest) = name.strip_prefix(APPROVALS) else {
        return name.to_owned();
    };
    let short = |part: &str| match part.get(..8) {
        Some(first) if part.len() > 16 => format!("{first}..."),
        Some(_) | None => part.to_owned(),
    };
    let parts: Vec<String> = rest.split('/').map(short).collect();
    format!("{APPROVALS}{}", parts.join("/"))
}

fn row(entry: &Recorded) -> Vec<String> {
    let who = entry.word("pusher");
    let said = match entry.event() {
        "judged" => {
            let mut said = entry.word("verdict");
            let checks = entry.checks();
            if !checks.is_empty() {
                let _ = write!(said, ": {}", checks.join(", "));
            } else if entry.word("ref_verdict") == "accepted" && said != "accepted" {
                said.push_str(": by another ref of the push");
            }
            if entry.word("mode") == "evaluate" {
                said.push_str(" (evaluate)");
            }
            for relied in entry.approved().into_iter().chain(entry.relied()) {
                let _ = write!(said, "; {relied}");
            }
            said
        }
        "moved" if entry.flag("late") => "moved (noticed late)".to_owned(),
        "withdrawn" => format!("refused after all: {}", entry.word("why")),
        other => escape(other.as_bytes()),
    };
    let oid = |key| entry.oid(key).flatten();
    let time = entry.word("time");
    vec![
        time,
        if who.is_empty() { "-".to_owned() } else { who },
        entry.word("kind"),
        called(&entry.word("ref")),
        match entry.oid("new") {
            Some(_) => span(oid("old"), oid("new")),
            None => String::new(),
        },
        said,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_long_cell_does_not_widen_the_others() {
        let row = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
        let long = "x".repeat(WIDEST + 1);
        let text = columns(&[row(["main", "a"]), row([&long, "b"]), row(["topic", "c"])]);
        assert_eq!(text, format!("main   a\n{long}  b\ntopic  c\n"));
    }
}
