//! Which commits are merges: not by what their messages say, and not by a parent that is none.

use crate::git::{CommitInfo, GitError, Oid, OidMap, OidSet, Repo, is_ancestor};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The commits of a push that were shown, parents before children, each with its number and its
/// parents; empty between two.
#[derive(Default)]
pub(super) struct Merges(Mutex<OidMap<(usize, Vec<Oid>)>>);

impl Merges {
    fn shown(&self) -> MutexGuard<'_, OidMap<(usize, Vec<Oid>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many parents a commit has that count: 1 where the first one reaches all others already, so
    /// that nothing is merged, and all that it changes is its own.
    ///
    /// # Errors
    /// When Git cannot tell.
    pub(super) fn parents(&self, repo: &Repo, commit: &CommitInfo) -> Result<usize, GitError> {
        let mut shown = self.shown();
        let number = shown.len();
        shown.insert(commit.oid, (number, commit.parents.clone()));
        drop(shown);
        let Some((first, others)) = commit.parents.split_first() else {
            return Ok(0);
        };
        for other in others.iter().filter(|other| *other != first) {
            let is_new = self.shown().contains_key(other);
            let there = match is_new {
                // What is old leads to nothing that is new.
                true => self.reaches(*first, *other),
                false => is_ancestor(repo, *other, *first)?,
            };
            if !there {
                return Ok(commit.parents.len());
            }
        }
        Ok(1)
    }

    /// Whether a commit reaches a new one.
    fn reaches(&self, from: Oid, wanted: Oid) -> bool {
        let shown = self.shown();
        let number = |oid: &Oid| shown.get(oid).map(|(number, _)| *number);
        // What was shown before it has no way to it.
        let first = number(&wanted);
        let (mut seen, mut open) = (OidSet::default(), vec![from]);
        while let Some(oid) = open.pop() {
            if oid == wanted {
                return true;
            }
            if let Some((_, parents)) = shown.get(&oid).filter(|(at, _)| Some(*at) > first)
                && seen.insert(oid)
            {
                open.extend(parents);
            }
        }
        false
    }

    /// Forgets the push.
    pub(super) fn forget(&self) {
        self.shown().clear();
    }
}
