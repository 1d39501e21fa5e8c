//! What is said of many commits is said once.

use crate::finding::{CheckId, Finding, Level, PlaceKind};
use crate::git::RefName;
use std::collections::HashMap;

/// Findings that say the same of one or more commits.
pub(super) struct Entry<'a> {
    /// The first of them, which is told in full.
    pub(super) finding: &'a Finding,
    /// The others, in their order.
    pub(super) more: Vec<&'a Finding>,
}

/// Puts findings together that say the same of different commits on the same refs. Each entry stands
/// where the first of its findings stood.
pub(super) fn folded<'a>(findings: impl Iterator<Item = &'a Finding>) -> Vec<Entry<'a>> {
    let mut entries: Vec<Entry<'a>> = Vec::new();
    let mut known: HashMap<Said<'a>, usize> = HashMap::new();
    for finding in findings {
        let at = entries.len();
        let at = said(finding).map_or(at, |said| *known.entry(said).or_insert(at));
        match entries.get_mut(at) {
            Some(entry) => entry.more.push(finding),
            None => entries.push(Entry {
                finding,
                more: Vec::new(),
            }),
        }
    }
    entries
}

/// What two findings have in common that are told as one.
type Said<'a> = (CheckId, Level, PlaceKind, &'a [RefName], String);

/// Nothing where it is not about a commit as such: a file or a secret is told by itself.
fn said(finding: &Finding) -> Option<Said<'_>> {
    let place = &finding.place;
    let commit = match place.kind {
        PlaceKind::Commit | PlaceKind::Message => place.commit?,
        PlaceKind::File | PlaceKind::Ref | PlaceKind::Tag => return None,
    };
    if finding.secret.is_some() || place.path.is_some() {
        return None;
    }
    // The commit's own name, and how long or large something is, do not make it another fault.
    let message = finding.message.replace(&commit.short(), "");
    let message = message.replace(|c: char| c.is_ascii_digit(), "");
    Some((
        finding.check,
        finding.level,
        place.kind,
        &finding.refs,
        message,
    ))
}
