//! After a push: its refs have moved, and whatever goes wrong here is said and changes nothing.

use super::Exit;
use super::output::remark;
use super::record::called;
use crate::change::Landed;
use crate::git::{Oid, RefName, RefWrite, Repo, escape, is_ancestor, write_refs};
use crate::hook::memory::Memory;
use crate::policy::settings::{Backups, Settings};
use crate::report::Redactor;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{Duration, OffsetDateTime, PrimitiveDateTime};

/// Where old tips are kept, below the time at which they went.
const KEPT: &str = "refs/portcullis/backup/";
/// That time, in UTC, as one part of the name of a ref.
const TIME: &[BorrowedFormatItem<'_>] =
    format_description!("[year][month][day]T[hour][minute][second]Z");

/// All refs that are told of after a push: those that were to go before and nobody has heard of too.
pub(super) fn to_tell(repo: &Repo, landed: &[Landed]) -> Vec<Landed> {
    let left = Memory::of(repo).left().into_iter().map(|left| Landed {
        name: left.name,
        claimed: Some(left.old),
        new: None,
    });
    landed.iter().cloned().chain(left).collect()
}

pub(super) fn run(
    repo: &Repo,
    settings: &Settings,
    landed: &[Landed],
    redactor: &Redactor,
) -> Exit {
    let Backups::Days(days) = settings.server.backups else {
        return Exit::Clean;
    };
    let now = OffsetDateTime::now_utc();
    let mut trouble = Vec::new();
    let mut keep_old = |name: &RefName, old: Oid| {
        // A token in a name that goes must not come back in another.
        let name = &called(redactor, name);
        if let Err(why) = keep(repo, name, old, now) {
            trouble.push(format!("{name} at {old} is not kept: {why}"));
        }
    };
    for one in landed {
        let names = written(repo, &one.name);
        let protects = |name| settings.protect.iter().any(|rule| rule.protects(name));
        if let (Some(name), true) = (names.last(), names.iter().any(protects))
            && let Some(old) = lost(repo, &names, one)
        {
            keep_old(name, old);
        }
    }
    // Git ends without this hook where the pusher does not wait for its answer.
    for left in Memory::of(repo).left() {
        match repo.resolve(&left.name) {
            Ok(at) if at == Some(left.old) => continue,
            Ok(Some(at)) if !loses(repo, std::slice::from_ref(&left.name), left.old, at) => {}
            Ok(_) if repo.has(left.old) => keep_old(&left.name, left.old),
            Ok(_) => {}
            Err(_) => continue,
        }
        left.forget();
    }
    let seen = Memory::of(repo).advance(now.unix_timestamp());
    let seen = OffsetDateTime::from_unix_timestamp(seen).unwrap_or(now);
    if let Err(why) = prune(repo, seen - Duration::days(i64::from(days))) {
        trouble.push(format!(
            "old tips that were kept long enough are still there: {why}"
        ));
    }
    if trouble.is_empty() {
        return Exit::Clean;
    }
    remark(&trouble);
    Exit::Undecided
}

/// The refs that are written where this one is pushed to: a symbolic one writes what it stands for.
pub(super) fn written(repo: &Repo, name: &RefName) -> Vec<RefName> {
    let names = repo.written_by(name);
    names.unwrap_or_else(|_| vec![name.clone()])
}

/// Whether what stood at `old` under these names is gone once they stand at `new`: a branch leads back
/// to where it was as long as it only moves forward, a tag never does.
pub(super) fn loses(repo: &Repo, names: &[RefName], old: Oid, new: Oid) -> bool {
    old != new
        && (names.iter().any(RefName::is_tag) || !is_ancestor(repo, old, new).unwrap_or(false))
}

/// The old value, where the new one has lost it.
fn lost(repo: &Repo, names: &[RefName], landed: &Landed) -> Option<Oid> {
    let real = Memory::of(repo).recall(&landed.name, landed.claimed);
    match landed.new {
        // Only of a deletion does Git not always compare what the pusher claims.
        None => real.or(landed.claimed).filter(|old| repo.has(*old)),
        Some(new) => landed.claimed.filter(|old| loses(repo, names, *old, new)),
    }
}

fn keep(repo: &Repo, name: &RefName, old: Oid, now: OffsetDateTime) -> Result<(), String> {
    let time = now.format(TIME).map_err(|error| error.to_string())?;
    let below = name
        .as_bytes()
        .strip_prefix(b"refs/")
        .unwrap_or(name.as_bytes());
    let mut why = String::new();
    // Two pushes of one second may take the same name.
    for suffix in ["", ".1", ".2", ".3", ".4", ".5", ".6", ".7"] {
        let full = [
            KEPT.as_bytes(),
            time.as_bytes(),
            suffix.as_bytes(),
            b"/",
            below,
        ]
        .concat();
        let full = RefName::new(&full).map_err(|error| error.to_string())?;
        match write_refs(repo, &[RefWrite::Create(full, old)]) {
            Ok(()) => return Ok(()),
            Err(error) => why = error.to_string(),
        }
    }
    Err(why)
}

/// Removes what was kept before that time.
fn prune(repo: &Repo, before: OffsetDateTime) -> Result<(), String> {
    let asked = repo.git(["for-each-ref", "--format=%(refname)", KEPT]);
    let listed = asked.output().map_err(|error| error.to_string())?;
    let over = |line: &[u8]| {
        let name = RefName::new(line).ok()?;
        let rest = line.strip_prefix(KEPT.as_bytes())?;
        let time = std::str::from_utf8(rest.get(..16)?).ok()?;
        let kept = PrimitiveDateTime::parse(time, TIME).ok()?.assume_utc();
        (kept < before).then_some(RefWrite::Delete(name))
    };
    let writes: Vec<RefWrite> = listed
        .split(|byte| *byte == b'\n')
        .filter_map(over)
        .collect();
    write_refs(repo, &writes).map_err(|error| escape(error.to_string().as_bytes()))
}
