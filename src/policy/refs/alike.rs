//! Names of refs that some system takes for one, in a push and beside it.

use crate::change::{RefChange, RefUpdate};
use crate::git::{ReadError, RefName, Repo, folded};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// What the names of one push are compared with; empty between two.
#[derive(Default)]
pub(super) struct Names(Mutex<Option<HashMap<Vec<u8>, Vec<RefName>>>>);

impl Names {
    /// Another ref that is there or is made by the same push, which some system takes for this one.
    ///
    /// # Errors
    /// When the refs cannot be read.
    pub(super) fn twin(
        &self,
        repo: &Repo,
        updates: &[RefUpdate],
        name: &RefName,
    ) -> Result<Option<RefName>, ReadError> {
        let goes = |other: &RefName| {
            let mut updates = updates.iter();
            updates.any(|u| u.name == *other && u.change.new_oid().is_none())
        };
        let plain = folded(name.as_bytes());
        // A name without its case and marks stands for itself, and so is not among the odd ones.
        if plain != name.as_bytes()
            && let Ok(other) = RefName::new(&plain)
            && repo.resolve(&other)?.is_some()
            && !goes(&other)
        {
            return Ok(Some(other));
        }
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = match known.take() {
            Some(read) => known.insert(read),
            None => known.insert(read(repo, updates)?),
        };
        let others = known.get(&*plain).into_iter().flatten();
        let mut others = others.filter(|other| *other != name && !goes(other));
        Ok(others.next().cloned())
    }

    /// Forgets the push.
    pub(super) fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// The refs whose names are not what they come to, and all that the push makes.
fn read(repo: &Repo, updates: &[RefUpdate]) -> Result<HashMap<Vec<u8>, Vec<RefName>>, ReadError> {
    let made = |update: &RefUpdate| match update.change {
        RefChange::Create { .. } => Some(update.name.clone()),
        RefChange::Move { .. } | RefChange::Delete { .. } | RefChange::Pending { .. } => None,
    };
    let there = repo.refs_at_first()?.iter();
    let odd = there.filter(|(name, _)| folded(name.as_bytes()) != name.as_bytes());
    let odd = odd.map(|(name, _)| name.clone());
    let mut all: HashMap<Vec<u8>, Vec<RefName>> = HashMap::new();
    for name in odd.chain(updates.iter().filter_map(made)) {
        let plain = folded(name.as_bytes()).into_owned();
        all.entry(plain).or_default().push(name);
    }
    Ok(all)
}
