//! Which refs would reach each commit of a walk; worked out when it is first asked for, which mostly
//! nobody does.

use crate::git::{Oid, OidMap, RefName, Walked};
use std::cell::OnceCell;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

/// The refs that would reach something after a push, sorted.
#[derive(Clone, Copy, Default)]
pub struct Refs<'a>(Told<'a>);

#[derive(Clone, Copy)]
enum Told<'a> {
    Names(&'a [RefName]),
    /// Behind a trait, so that the time it lives for may be taken shorter.
    Reaching(&'a (dyn Named + 'a)),
}

impl Default for Told<'_> {
    fn default() -> Self {
        Self::Names(&[])
    }
}

impl<'a> From<&'a [RefName]> for Refs<'a> {
    fn from(names: &'a [RefName]) -> Self {
        Self(Told::Names(names))
    }
}

impl Deref for Refs<'_> {
    type Target = [RefName];

    fn deref(&self) -> &[RefName] {
        match self.0 {
            Told::Names(names) => names,
            Told::Reaching(reaching) => reaching.names(),
        }
    }
}

impl std::fmt::Debug for Refs<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

trait Named {
    fn names(&self) -> &[RefName];
}

impl Named for Reaching<'_> {
    fn names(&self) -> &[RefName] {
        self.names.get_or_init(|| self.work_out())
    }
}

/// The refs that would reach one commit.
pub(super) struct Reaching<'a> {
    reached: &'a Reached<'a>,
    commit: Oid,
    names: OnceCell<Vec<RefName>>,
}

impl Reaching<'_> {
    /// For who asks.
    pub(super) fn refs(&self) -> Refs<'_> {
        Refs(Told::Reaching(self))
    }

    fn work_out(&self) -> Vec<RefName> {
        let (names, sets) = self.reached.sets.get_or_init(|| self.reached.work_out());
        let set = sets.get(&self.commit).map_or(&[][..], |set| &set[..]);
        let is_in = |at: usize| {
            set.get(at / 64)
                .is_some_and(|word| word >> (at % 64) & 1 == 1)
        };
        let all = names.iter().enumerate();
        all.filter(|(at, _)| is_in(*at))
            .map(|(_, name)| (*name).clone())
            .collect()
    }
}

/// All names, sorted, and for each commit a bit for each of them.
type Sets<'a> = (Vec<&'a RefName>, OidMap<Arc<Vec<u64>>>);

/// Which refs would reach each commit of a walk.
pub(super) struct Reached<'a> {
    /// Children before parents.
    walked: &'a [Walked],
    tips: &'a [(Oid, &'a RefName)],
    sets: OnceLock<Sets<'a>>,
}

impl<'a> Reached<'a> {
    /// Of a walk, children before parents, that began at these tips.
    pub(super) fn new(walked: &'a [Walked], tips: &'a [(Oid, &'a RefName)]) -> Self {
        Self {
            walked,
            tips,
            sets: OnceLock::new(),
        }
    }

    /// Those that would reach one commit.
    pub(super) fn reaching(&'a self, commit: Oid) -> Reaching<'a> {
        Reaching {
            reached: self,
            commit,
            names: OnceCell::new(),
        }
    }

    fn work_out(&self) -> Sets<'a> {
        let mut names: Vec<&RefName> = self.tips.iter().map(|(_, name)| *name).collect();
        names.sort_unstable();
        names.dedup();
        let words = names.len().div_ceil(64);
        let mut sets: OidMap<Arc<Vec<u64>>> = OidMap::default();
        for (tip, name) in self.tips {
            let set = sets.entry(*tip).or_insert_with(|| Arc::new(vec![0; words]));
            if let Ok(at) = names.binary_search(name) {
                Arc::make_mut(set)[at / 64] |= 1 << (at % 64);
            }
        }
        for commit in self.walked {
            // In a look back no ref moves.
            let Some(set) = sets.get(&commit.oid).cloned() else {
                continue;
            };
            for parent in &commit.parents {
                match sets.get_mut(parent) {
                    None => {
                        sets.insert(*parent, Arc::clone(&set));
                    }
                    Some(known) if Arc::ptr_eq(known, &set) => {}
                    Some(known) => {
                        let known = Arc::make_mut(known).iter_mut().zip(&*set);
                        known.for_each(|(known, more)| *known |= more);
                    }
                }
            }
        }
        (names, sets)
    }
}
