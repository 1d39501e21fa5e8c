//! The names of a directory: those that come in, and pairs of which no parent has both.

use super::names::odd_part;
use super::{odd, twins};
use crate::change::{DirectoryChange, Unread};
use crate::finding::{Place, PlaceKind};
use crate::git::folded;
use crate::policy::check::{Raised, place_by};
use std::borrow::Cow;
use std::collections::HashMap;

/// Looks at the names of one directory.
///
/// # Errors
/// When the directory makes no sense.
pub(super) fn names(change: &DirectoryChange<'_>, out: &mut Vec<Raised>) -> Result<(), Unread> {
    let DirectoryChange { directory, by } = *change;
    let unread = |error| Unread::new(directory.path, error);
    let added = directory.names_added().map_err(unread)?;
    if added.is_empty() {
        return Ok(());
    }
    let alike = Alike::of(&added);
    // In the order of the directory, with what some system takes each for.
    let mut alike_ones: Vec<(Cow<'_, [u8]>, &[u8])> = Vec::new();
    for name in directory.names() {
        let name = name.map_err(unread)?;
        alike_ones.extend(alike.known(name).map(|folded| (folded, name)));
    }
    let before = directory.before(alike_ones.iter().map(|(_, name)| *name).collect());
    let place = |name: &[u8]| Place {
        path: Some(directory.path.join(name)),
        ..place_by(PlaceKind::File, by)
    };
    let mut known: HashMap<Cow<'_, [u8]>, &[u8]> = HashMap::with_capacity(added.len());
    for (folded, name) in alike_ones {
        let is_new = !before.has(name);
        if is_new && let Some(why) = odd_part(name) {
            out.push(odd(why, place(name), by));
        }
        let Some(other) = known.insert(folded, name) else {
            continue;
        };
        if !before.has_both(other, name) || other == name {
            // The one that is there already is not the one to be changed.
            let (new, old) = if !before.has(other) && !is_new {
                (other, name)
            } else {
                (name, other)
            };
            out.push(twins(old, place(new), by));
        }
    }
    Ok(())
}

/// Names that some system takes for one of a few.
struct Alike<'a> {
    folded: Vec<Cow<'a, [u8]>>,
    /// By length, which is cheaper to compare than all of them.
    lengths: Vec<usize>,
}

impl<'a> Alike<'a> {
    fn of(names: &[&'a [u8]]) -> Self {
        let mut folded: Vec<Cow<'a, [u8]>> = names.iter().map(|name| folded(name)).collect();
        folded.sort_unstable();
        folded.dedup();
        let mut lengths: Vec<usize> = folded.iter().map(|name| name.len()).collect();
        lengths.sort_unstable();
        lengths.dedup();
        Self { folded, lengths }
    }

    /// What some system takes a name for, if that is one of them.
    fn known<'b>(&self, name: &'b [u8]) -> Option<Cow<'b, [u8]>> {
        // Letters of one byte stay as many.
        if name.is_ascii() && self.lengths.binary_search(&name.len()).is_err() {
            return None;
        }
        Some(folded(name)).filter(|folded| self.folded.binary_search(folded).is_ok())
    }
}

#[cfg(test)]
mod tests;
