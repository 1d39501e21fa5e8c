//! What the options of a push show, and spending it before the push is let in.

use super::confirm::server_id;
use super::landed::{loses, written};
use crate::change::{RefChange, Source, Unread};
use crate::git::{Repo, push_options, takes_push_options};
use crate::hook::Hook;
use crate::hook::memory::{Memory, Spent};
use crate::policy::settings::{Backups, Settings};
use crate::policy::tokens::Presented;
use crate::policy::{Outcome, Verdict};
use time::OffsetDateTime;

/// Whether the policy has a use for tokens at all.
fn asks(settings: &Settings) -> bool {
    settings.server.bypass_by.is_some()
        || settings.protect.iter().any(|rule| rule.asks_for_tokens())
}

/// Whether something that somebody signed may name this repository.
fn is_named(settings: &Settings) -> bool {
    let mut rules = settings.protect.iter();
    asks(settings) || rules.any(|rule| rule.asks_for_approvals())
}

/// What a push to this server shows.
///
/// # Errors
/// When it cannot be read, or when the server does not know who it is.
pub(super) fn in_push(repo: &Repo, hook: &Hook, settings: &Settings) -> Result<Presented, Unread> {
    let memory = Memory::of(repo);
    let unread = |error| Unread::new("portcullis/id", error);
    let identity = match is_named(settings) {
        true => Some(memory.make_identity().map_err(unread)?),
        false => None,
    };
    let spent = |id: &str| {
        let spent = memory.is_spent(id);
        spent.map_err(|error| Unread::new("portcullis/spent", error))
    };
    if hook.event == "update" {
        // Git gives it no options. What pre-receive has let in a moment ago is what it would see: each
        // token says itself for which ref, from where to where.
        let now = OffsetDateTime::now_utc().unix_timestamp();
        let words = memory.just_spent(now);
        let words = words.map_err(|error| Unread::new("portcullis/spent", error))?;
        return Ok(Presented::read(identity, Some(&words), &|_| Ok(false)));
    }
    let options = push_options().map_err(|error| Unread::new("the push", error))?;
    // Asked where it matters alone: it takes a run of Git.
    let taken =
        |options: &Vec<_>| !options.is_empty() || !asks(settings) || takes_push_options(repo);
    let options = options.filter(taken);
    Ok(Presented::read(identity, options.as_deref(), &spent))
}

/// What a push would be asked for that is only thought of. A clone that is no server itself takes the
/// one that it remembers for the one that is pushed to.
pub(super) fn what_if(repo: &Repo) -> Presented {
    let identity = Memory::of(repo).identity().ok().flatten();
    let remembered = || repo.work_tree().and_then(|_| server_id(repo, None).ok()?);
    let identity = identity.or_else(remembered);
    Presented::read(identity, Some(&[]), &|_| Ok(false))
}

/// Before a push is let in: spends what its verdict relies upon, if it is let in for that, and remembers
/// where refs stand that it deletes or rewrites. What cannot be written down turns the verdict into
/// undecided; a token that was spent by then stays spent.
pub(super) fn before_letting_in(
    repo: &Repo,
    hook: &Hook,
    protects: &dyn Fn(&crate::git::RefName) -> bool,
    backups: Backups,
    sources: &[Source],
    verdict: &mut Verdict,
) {
    let memory = Memory::of(repo);
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let used = match (hook.event, verdict.outcome()) {
        ("update", _) | (_, Outcome::Rejected | Outcome::Undecided) => &[][..],
        (_, Outcome::Accepted) => &verdict.used[..],
    };
    let mut unread = Vec::new();
    for used in used {
        let what = format!("the token {} for {}", &used.id, used.refname);
        match memory.spend(&used.id, &used.option, used.ends, now) {
            Ok(Spent::Now) => {}
            Ok(Spent::Before) => unread.push(Unread::new(
                what,
                "another push has used it just now, and it counts once",
            )),
            Err(error) => unread.push(Unread::new(
                what,
                format_args!(
                    "it cannot be spent: portcullis/spent: {error}; make it writable for the account \
                     that runs Git"
                ),
            )),
        }
    }
    let updates = sources.iter().flat_map(Source::updates);
    for update in updates.filter(|_| backups != Backups::Off) {
        let names = written(repo, &update.name);
        let lost = match update.change {
            RefChange::Delete { old } => old,
            RefChange::Move { old, new } => Some(old).filter(|old| loses(repo, &names, *old, new)),
            RefChange::Create { .. } | RefChange::Pending { .. } => None,
        };
        let Some(old) = lost else { continue };
        if let (Some(name), true) = (names.last(), names.iter().any(protects))
            && let Err(error) = memory.remember(&update.name, update.claimed, name, old, now)
        {
            unread.push(Unread::new(
                &update.name,
                format_args!("where it stands cannot be remembered: portcullis/deleted: {error}"),
            ));
        }
    }
    verdict.unread.append(&mut unread);
}
