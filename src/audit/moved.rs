//! What an entry says of a ref that has really moved, after the entry that accepted it.
//!
//! `post-receive` says so, as a rule. Git runs it not where the pusher hangs up or the machine stops
//! after the refs were written; then the next hook that finds the ref there says so, late. Of a
//! push that Git has refused, or that has not come to its refs yet, nothing is said.

use super::moment::moment;
use super::read::Recorded;
use crate::change::Landed;
use crate::git::{Oid, RefName, escape};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use std::collections::HashMap;
use time::OffsetDateTime;

/// One line of the log, but for its place in the chain.
#[derive(Serialize)]
pub struct Moved {
    event: &'static str,
    time: String,
    /// That of the entry which accepted it; none where there is no such entry.
    push: Option<String>,
    hook: &'static str,
    /// Whether another push had to notice it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    late: bool,
    #[serde(rename = "ref")]
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ref_base64: Option<String>,
    /// What the pusher said, and Git says on.
    claimed: Option<String>,
    /// Where it stood when it was judged.
    old: Option<String>,
    new: Option<String>,
    /// Where it stands; another push may have been faster.
    now: Option<String>,
    pusher: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pusher_base64: Option<String>,
    version: &'static str,
}

/// The line that takes an answer back: what was accepted is refused after all.
#[derive(Serialize)]
pub struct Withdrawn {
    event: &'static str,
    time: String,
    push: super::PushId,
    hook: &'static str,
    answer: &'static str,
    /// Why.
    why: String,
    version: &'static str,
}

impl Withdrawn {
    /// Of a push, for a reason that holds no secret.
    #[must_use]
    pub fn of(push: super::PushId, hook: &'static str, why: &str, time: OffsetDateTime) -> Self {
        Self {
            event: "withdrawn",
            time: moment(time),
            push,
            hook,
            answer: "refused",
            why: escape(why.as_bytes()),
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}

/// What the entries at the end of a log tell of the refs that were to move.
pub struct Ledger<'a> {
    /// Accepted, and nothing says what came of it; by ref, the oldest first.
    open: HashMap<RefName, Vec<Accepted<'a>>>,
    /// Accepted, and a later push found the ref there; oldest first.
    found: Vec<Accepted<'a>>,
    /// Said late.
    late: Vec<Accepted<'a>>,
    /// Whether `post-receive` is at work here.
    hears: bool,
}

/// An update that was accepted.
#[derive(Clone)]
struct Accepted<'a> {
    entry: &'a Recorded,
    name: RefName,
    push: String,
    claimed: Option<Oid>,
    old: Option<Oid>,
    new: Option<Oid>,
}

impl<'a> Accepted<'a> {
    fn of(entry: &'a Recorded) -> Option<Self> {
        let (old, new) = (entry.oid("old")?, entry.oid("new")?);
        Some(Self {
            entry,
            name: entry.refname()?,
            push: entry.word("push"),
            claimed: entry.oid("claimed").flatten(),
            old,
            new,
        })
    }

    fn is(&self, landed: &Landed) -> bool {
        (&self.name, self.claimed, self.new) == (&landed.name, landed.claimed, landed.new)
    }
}

impl<'a> Ledger<'a> {
    /// Of the entries at the end of a log, oldest first.
    #[must_use]
    pub fn of(latest: &'a [Recorded]) -> Self {
        let mut all = Self {
            open: HashMap::new(),
            found: Vec::new(),
            late: Vec::new(),
            hears: false,
        };
        for entry in latest {
            match entry.event() {
                "judged" => all.judged(entry),
                "moved" => all.moved(entry),
                "withdrawn" => {
                    let push = entry.word("push");
                    for open in all.open.values_mut() {
                        open.retain(|update| update.push != push);
                    }
                }
                _ => {}
            }
        }
        all
    }

    fn judged(&mut self, entry: &'a Recorded) {
        let Some(update) = Accepted::of(entry) else {
            return;
        };
        let open = self.open.entry(update.name.clone()).or_default();
        // The ref stood there when it was judged: so it had come there.
        if let Some(at) = open.iter().rposition(|before| before.new == update.old) {
            self.found.push(open.swap_remove(at));
            open.clear();
        }
        if entry.word("answer") == "accepted" && update.old != update.new {
            open.push(update);
        }
    }

    fn moved(&mut self, entry: &'a Recorded) {
        self.hears |= entry.word("hook") == "post-receive";
        let Some(update) = Accepted::of(entry) else {
            return;
        };
        // Of two that were judged at the same value, one can have moved it. A deletion Git does not
        // always compare.
        if let Some(open) = self.open.get_mut(&update.name) {
            let same = |before: &Accepted<'_>| before.push == update.push;
            open.retain(|before| {
                !same(before) && (before.old != update.old || before.new.is_none())
            });
        }
        self.found
            .retain(|before| before.push != update.push || before.name != update.name);
        if entry.flag("late") {
            self.late.push(update);
        }
    }

    /// Whether `post-receive` writes into this log. Where it does not, nothing is late.
    #[must_use]
    pub fn hears(&self) -> bool {
        self.hears
    }

    /// An entry for each of these refs, which `post-receive` was just told of; none where another
    /// push has noticed it first.
    #[must_use]
    pub fn landed(
        &mut self,
        landed: &[Landed],
        now: &dyn Fn(&RefName) -> Option<Oid>,
        time: OffsetDateTime,
    ) -> Vec<Moved> {
        let push = self.push_of(landed);
        let mut said = Vec::new();
        for one in landed {
            let open = self.open.entry(one.name.clone()).or_default();
            let of_push = |update: &Accepted<'_>| push.as_ref().is_none_or(|p| update.push == *p);
            let at = open
                .iter()
                .rposition(|update| update.is(one) && of_push(update));
            let update = at.map(|at| open.remove(at));
            let found = self.found.iter().rposition(|update| update.is(one));
            let update = match (update, found) {
                (Some(update), _) => Some(update),
                (None, Some(at)) => Some(self.found.remove(at)),
                (None, None) if self.late.iter().any(|update| update.is(one)) => continue,
                (None, None) => None,
            };
            if let Some(update) = &update {
                open.retain(|other| other.old != update.old || other.new.is_none());
            }
            said.push(Moved {
                claimed: hex(one.claimed),
                now: hex(now(&one.name)),
                ..Moved::of(&one.name, one.new, update.as_ref(), time)
            });
        }
        said
    }

    /// The push that all of these are of: the latest one that was to move each of them so.
    fn push_of(&self, landed: &[Landed]) -> Option<String> {
        let first = self.open.get(&landed.first()?.name)?;
        let has = |push: &str, one: &Landed| {
            let open = self.open.get(&one.name).into_iter().flatten();
            open.into_iter()
                .any(|update| update.is(one) && update.push == push)
        };
        let mut pushes = first.iter().rev().map(|update| &update.push);
        pushes
            .find(|push| landed.iter().all(|one| has(push, one)))
            .cloned()
    }

    /// An entry for each update that was accepted and has moved its ref, though nothing says so;
    /// `hook` is the one that has noticed it.
    #[must_use]
    pub fn late(
        &self,
        hook: &'static str,
        now: &dyn Fn(&RefName) -> Option<Oid>,
        time: OffsetDateTime,
    ) -> Vec<Moved> {
        let there = |(name, open): (&RefName, &Vec<Accepted<'a>>)| {
            if open.is_empty() {
                return None;
            }
            let at = now(name);
            // Under a name that is not the whole one, nothing is ever found.
            let whole = !name
                .as_bytes()
                .windows(3)
                .any(|part| part == "…".as_bytes());
            if at.is_none() && !whole {
                return None;
            }
            open.iter().rfind(|update| update.new == at).cloned()
        };
        let mut all = self.found.clone();
        all.extend(self.open.iter().filter_map(there));
        all.sort_by_key(|update| update.entry.seq());
        let one = |update: &Accepted<'a>| Moved {
            hook,
            late: true,
            claimed: hex(update.claimed),
            now: hex(now(&update.name)),
            ..Moved::of(&update.name, update.new, Some(update), time)
        };
        all.iter().map(one).collect()
    }
}

impl Moved {
    fn of(
        name: &RefName,
        new: Option<Oid>,
        update: Option<&Accepted<'_>>,
        time: OffsetDateTime,
    ) -> Self {
        let pusher = update.and_then(|update| update.entry.pusher());
        let exact = |bytes: &[u8]| {
            let shown = std::str::from_utf8(bytes).is_ok_and(|text| text == escape(bytes));
            (!shown).then(|| STANDARD.encode(bytes))
        };
        Self {
            event: "moved",
            time: moment(time),
            push: update.map(|update| update.push.clone()),
            hook: "post-receive",
            late: false,
            name: name.to_string(),
            ref_base64: exact(name.as_bytes()),
            claimed: None,
            old: hex(update.and_then(|update| update.old)),
            new: hex(new),
            now: None,
            pusher_base64: pusher.as_deref().and_then(exact),
            pusher: pusher.map(|name| escape(&name)),
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}

fn hex(oid: Option<Oid>) -> Option<String> {
    oid.map(|oid| oid.to_string())
}

#[cfg(test)]
mod tests;
