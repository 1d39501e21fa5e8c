//! The trait of a check: a function of a change.

use super::groups::Pusher;
use crate::change::{BadUpdate, CommitChange, FileChange, Message, Naming, RefUpdate, Unread};
use crate::finding::{CheckId, Fingerprint};
use crate::finding::{Finding, Level, Place, PlaceKind};
use crate::git::{RefName, Repo, escape};
use crate::hook::Side;
use crate::scan::{Confidence, Secret};
use std::collections::HashMap;

/// A check implements what it looks at; the one loop in `judge` does the walking.
pub trait Check: Send + Sync {
    /// Looks at a ref that is to move.
    ///
    /// # Errors
    /// When something had to be read for it and could not be; the same for the others.
    fn update(
        &self,
        _cx: &Cx<'_>,
        _update: &RefUpdate,
        _out: &mut Vec<Raised>,
    ) -> Result<(), Unread> {
        Ok(())
    }
    /// Looks at a line that asks for a ref that cannot be.
    fn bad_update(&self, _cx: &Cx<'_>, _update: &BadUpdate, _out: &mut Vec<Raised>) {}
    /// Looks at a commit as such.
    ///
    /// # Errors
    /// See [`Check::update`].
    fn commit(
        &self,
        _cx: &Cx<'_>,
        _commit: &CommitChange<'_>,
        _out: &mut Vec<Raised>,
    ) -> Result<(), Unread> {
        Ok(())
    }
    /// Looks at a message.
    ///
    /// # Errors
    /// See [`Check::update`].
    fn message(
        &self,
        _cx: &Cx<'_>,
        _message: &Message<'_>,
        _out: &mut Vec<Raised>,
    ) -> Result<(), Unread> {
        Ok(())
    }
    /// Looks at a file.
    ///
    /// # Errors
    /// See [`Check::update`].
    fn file(
        &self,
        _cx: &Cx<'_>,
        _file: &FileChange<'_>,
        _out: &mut Vec<Raised>,
    ) -> Result<(), Unread> {
        Ok(())
    }
    /// Whether a file anywhere in a history matters to this check for its name alone.
    fn wants_name(&self, _name: &[u8]) -> bool {
        false
    }
    /// Whether a finding that was raised for a name alone holds for the whole path.
    fn holds_at(&self, _path: &crate::git::RepoPath) -> bool {
        true
    }
}

/// What every check may know of the circumstances.
pub struct Cx<'a> {
    /// The repository; none for plain files.
    pub repo: Option<&'a Repo>,
    /// Who pushes; unknown on a client.
    pub pusher: &'a Pusher,
    /// Whether the push is being made or received.
    pub side: Side,
}

/// A finding on its way to the verdict.
#[derive(Debug)]
pub struct Raised {
    /// The finding.
    pub finding: Finding,
    /// What a mark on its line gives as the reason to allow it.
    pub mark: Option<String>,
    /// Whether its path is the whole one.
    pub naming: Naming,
}

impl Raised {
    /// A finding of a policy check: it blocks, for sure.
    #[must_use]
    pub fn denied(
        check: CheckId,
        message: String,
        help: String,
        place: Place,
        refs: Vec<RefName>,
    ) -> Self {
        Self {
            finding: Finding {
                check,
                level: Level::Deny,
                confidence: Confidence::High,
                message,
                help,
                fingerprint: Fingerprint::default(),
                place,
                refs,
                secret: None,
            },
            mark: None,
            naming: Naming::Whole,
        }
    }
}

/// Where a finding in a file is.
#[must_use]
pub(super) fn place_in(file: &FileChange<'_>) -> Place {
    Place {
        kind: PlaceKind::File,
        path: file.path.clone(),
        text: None,
        blob: file.blob(),
        commit: file.by.commit.map(|commit| commit.oid),
        refname: file.by.refs.first().cloned(),
        author: file.by.commit.map(|commit| escape(&commit.author)),
        date: file.by.commit.and_then(super::date_of),
        reachable: None,
        decoded: Vec::new(),
    }
}

/// What identifies findings at their places, each worked out once.
#[derive(Default)]
pub(super) struct Fingerprints(HashMap<Identity, Fingerprint>);

/// Check, path or ref name, and secret.
type Identity = (CheckId, Box<[u8]>, Option<Secret>);

impl Fingerprints {
    /// Of one finding.
    pub(super) fn of(&mut self, finding: &Finding) -> Fingerprint {
        let secret = finding.secret.as_ref().map(|found| &found.secret);
        let at = match (&finding.place.path, &finding.place.refname) {
            (Some(path), _) => path.as_bytes(),
            (None, Some(name)) if secret.is_none() => name.as_bytes(),
            (None, Some(_) | None) => &[],
        };
        let key = (finding.check, at.into(), secret.cloned());
        self.0
            .entry(key)
            .or_insert_with(|| Fingerprint::new(finding.check, at, secret))
            .clone()
    }
}
