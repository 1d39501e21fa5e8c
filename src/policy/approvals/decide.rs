//! The decision on what has been approved: from what is new, who said yes to it and what a rule
//! asks. Reads nothing.

use super::Approved;
use super::owners::Owner;
use crate::finding::CheckId;
use crate::git::{Oid, RepoPath, escape};
use crate::policy::Persons;
use crate::policy::groups::{Groups, Principal, Pusher};
use crate::policy::questions::refs as ask;
use std::ops::Range;

/// One part of what is new, which somebody else must have seen: as a rule one commit of the line of
/// first parents, with all that it merges in.
#[derive(Debug)]
pub(super) struct Unit {
    /// The commit.
    pub(super) commit: Oid,
    /// Owned paths that it touches, one for each list of owners.
    pub(super) owned: Vec<(RepoPath, Vec<Owner>)>,
    /// The addresses of who had a hand in it, for people.
    pub(super) by: Vec<Vec<u8>>,
}

/// Someone who said yes.
#[derive(Debug)]
pub(super) struct Voice {
    /// Their names: accounts and addresses. One who shares any with another voice is the same person.
    pub(super) names: Vec<Vec<u8>>,
    /// To which units.
    pub(super) covers: Range<usize>,
    /// Which of those units they had a hand in.
    pub(super) wrote: Vec<usize>,
    /// Whether whose it is can be known here at all; else it is taken for anybody's.
    pub(super) known: Known,
    /// What is written down of it where it counts.
    pub(super) said: Option<Approved>,
}

/// Whether it can be known whose a voice is, or that it does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// It was verified.
    Yes,
    /// There is nothing here to tell it by, as on a client.
    NotHere,
}

/// A voice that does not count, and why, one phrase.
#[derive(Debug)]
pub(super) struct Unheard {
    /// To which units it would have been.
    pub(super) covers: Range<usize>,
    /// Why not, escaped.
    pub(super) why: String,
    /// Whether it can be known here that it does not count.
    pub(super) known: Known,
}

/// What a rule asks.
pub(super) struct Asks<'a> {
    /// How many people.
    pub(super) count: usize,
    /// Which; absent: everyone who is known.
    pub(super) from: Option<&'a [Principal]>,
    /// Who they are.
    pub(super) groups: &'a Groups,
    /// Who asks, and is told.
    pub(super) pusher: &'a Pusher,
    /// Which of them are one.
    pub(super) persons: &'a Persons,
}

/// Of so many more lists of owners a message says who they are.
const NAMED_PATHS: usize = 3;

/// What a unit lacks.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Lack {
    /// Which check says so.
    pub(super) check: CheckId,
    /// The commit.
    pub(super) commit: Oid,
    /// One sentence, escaped.
    pub(super) message: String,
}

/// What the oldest unit lacks that lacks something: approvals, and those of owners.
pub(super) fn decide(
    units: &[Unit],
    voices: &[Voice],
    unheard: &[Unheard],
    asks: &Asks<'_>,
) -> Vec<Lack> {
    let each = |lack: &dyn Fn(usize) -> Option<Lack>| (0..units.len()).find_map(lack);
    let approvals = each(&|at| approvals(at, &units[at], voices, unheard, asks));
    let owners = each(&|at| owners(at, &units[at], voices, unheard, asks));
    approvals.into_iter().chain(owners).collect()
}

/// What counts for any of the units: each voice of those whom the rule or an owned path asks for.
pub(super) fn relied_upon(units: &[Unit], voices: &[Voice], asks: &Asks<'_>) -> Vec<Approved> {
    let owns = |unit: &Unit, voice: &Voice| {
        let mut owners = unit.owned.iter().flat_map(|(_, owners)| owners);
        owners.any(|owner| owner.is(&voice.names, asks.groups))
    };
    let counts = |voice: &&Voice| {
        (0..units.len()).any(|at| {
            let heard = voice.covers.contains(&at) && !voice.wrote.contains(&at);
            heard && ((asks.count > 0 && asks.fits(voice)) || owns(&units[at], voice))
        })
    };
    let counting = voices.iter().filter(counts);
    counting.filter_map(|voice| voice.said.clone()).collect()
}

fn approvals(
    at: usize,
    unit: &Unit,
    voices: &[Voice],
    unheard: &[Unheard],
    asks: &Asks<'_>,
) -> Option<Lack> {
    let fit = |voice: &&Voice| asks.fits(voice);
    let counting: Vec<&Voice> = heard(at, voices).filter(fit).collect();
    let people = people(&counting, asks.persons);
    if people.len() >= asks.count {
        return None;
    }
    let plural = if asks.count == 1 { "" } else { "s" };
    let by = match asks.from {
        None | Some([]) => String::new(),
        Some(who) => format!(" by {}", asks.groups.shown(who, asks.pusher)),
    };
    let has = match &people[..] {
        [] => "none".to_owned(),
        some => format!("{} ({})", some.len(), some.join(", ")),
    };
    let others = heard(at, voices).filter(|voice| !asks.fits(voice));
    let others = others.map(|voice| format!("{} is not one of them", voice.shown()));
    let why = because(at, voices, unheard, others);
    Some(Lack {
        check: ask::APPROVALS,
        commit: unit.commit,
        message: format!(
            "commit {} needs {} approval{plural}{by} and has {has}{why}",
            unit.commit.short(),
            asks.count,
        ),
    })
}

fn owners(
    at: usize,
    unit: &Unit,
    voices: &[Voice],
    unheard: &[Unheard],
    asks: &Asks<'_>,
) -> Option<Lack> {
    let satisfied = |owners: &[Owner]| {
        let mut voices = heard(at, voices);
        voices.any(|voice| {
            voice.known == Known::NotHere
                || owners
                    .iter()
                    .any(|owner| owner.is(&voice.names, asks.groups))
        })
    };
    let mut missing = unit.owned.iter().filter(|(_, owners)| !satisfied(owners));
    let (path, owners) = missing.next()?;
    let shown = |owners: &[Owner]| {
        let each: Vec<String> = owners.iter().map(ToString::to_string).collect();
        let wrote = |owner: &Owner| owner.wrote(&unit.by, asks.groups, asks.persons);
        match owners.iter().all(wrote) {
            true => format!(
                "{}, of whom each had a hand in it: another owner has to be named first",
                each.join(" or ")
            ),
            false => each.join(" or "),
        }
    };
    let rest: Vec<&(RepoPath, Vec<Owner>)> = missing.collect();
    let named = rest.iter().take(NAMED_PATHS);
    let mut more: String = named
        .map(|(path, owners)| format!("; and {path}, which needs that of {}", shown(owners)))
        .collect();
    if let Some(unnamed @ 1..) = rest.len().checked_sub(NAMED_PATHS) {
        more += &format!("; and {unnamed} more of other owners");
    }
    let why = because(at, voices, unheard, std::iter::empty());
    Some(Lack {
        check: ask::OWNERS,
        commit: unit.commit,
        message: format!(
            "commit {} touches {path}, which needs the approval of {}{more}{why}",
            unit.commit.short(),
            shown(owners),
        ),
    })
}

impl Asks<'_> {
    fn fits(&self, voice: &Voice) -> bool {
        let listed = |from: &[Principal]| {
            let mut names = voice.names.iter();
            names.any(|name| self.groups.allows(from, &Pusher::named(name)))
        };
        voice.known == Known::NotHere || self.from.is_none_or(listed)
    }
}

/// The voices for a unit of those who had no hand in it.
fn heard(at: usize, voices: &[Voice]) -> impl Iterator<Item = &Voice> {
    let heard = move |voice: &&Voice| voice.covers.contains(&at) && !voice.wrote.contains(&at);
    voices.iter().filter(heard)
}

/// Why voices do not count that one would expect to.
fn because(
    at: usize,
    voices: &[Voice],
    unheard: &[Unheard],
    others: impl Iterator<Item = String>,
) -> String {
    let wrote = voices.iter().filter(|voice| voice.wrote.contains(&at));
    let wrote = wrote.map(|voice| format!("{} had a hand in it", voice.shown()));
    let unheard = unheard.iter().filter(|one| one.covers.contains(&at));
    let mut all: Vec<String> = wrote
        .chain(others)
        .chain(unheard.map(|one| one.why.clone()))
        .collect();
    all.sort();
    all.dedup();
    match &all[..] {
        [] => String::new(),
        all => format!("; not counted: {}", all.join("; ")),
    }
}

impl Voice {
    fn shown(&self) -> String {
        match (&self.names[..], self.known) {
            ([], _) | (_, Known::NotHere) => "someone".to_owned(),
            ([name, ..], Known::Yes) => escape(name),
        }
    }
}

/// The distinct people behind voices, each by the first of their names.
fn people(voices: &[&Voice], persons: &Persons) -> Vec<String> {
    let mut people: Vec<(Vec<&[u8]>, String)> = Vec::new();
    for voice in voices {
        let mut names: Vec<&[u8]> = voice.names.iter().map(Vec::as_slice).collect();
        let mut shown = voice.shown();
        // Whoever this voice joins to each other were one all the time.
        let mut apart = Vec::with_capacity(people.len() + 1);
        for (known, who) in people {
            let same = |name: &&[u8]| names.iter().any(|other| persons.same(name, other));
            if known.iter().any(same) {
                names.extend(known);
                shown = who;
            } else {
                apart.push((known, who));
            }
        }
        apart.push((names, shown));
        people = apart;
    }
    people.into_iter().map(|(_, shown)| shown).collect()
}

#[cfg(test)]
mod tests;
