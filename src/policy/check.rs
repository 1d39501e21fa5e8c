//! The trait of a check and the table of packs: a check is a function of a change.

use super::groups::Pusher;
use super::settings::Settings;
use super::{env_files, refs, secrets};
use crate::change::{BadUpdate, CommitChange, FileChange, Message, Naming, RefUpdate, Unread};
use crate::finding::{CheckId, Fingerprint};
use crate::finding::{Finding, FoundSecret, Level, Place};
use crate::git::{RefName, Repo};
use crate::hook::Side;
use crate::scan::Confidence;

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
    /// Whether a finding, if it is one of this pack, holds at a path. In a history a text is looked
    /// at before anything tells its path, and a name before the folders above it.
    fn holds_at(&self, _cx: &Cx<'_>, _finding: &Finding, _path: &crate::git::RepoPath) -> bool {
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

/// One row of [`CHECKS`].
#[derive(Debug)]
pub struct Pack {
    /// The first part of its findings' ids, the name of its table in the configuration, and (with
    /// `_` for `-`) of its file here.
    pub name: &'static str,
    /// What it keeps, in one sentence.
    pub doc: &'static str,
    /// Makes the check from the configuration.
    pub make: fn(&Settings) -> Box<dyn Check>,
}

/// Every pack, in the order in which they look.
pub const CHECKS: &[Pack] = &[
    Pack {
        name: "refs",
        doc: "Refs are made, moved and deleted only by those whom every matching rule allows.",
        make: refs::make,
    },
    Pack {
        name: "env-files",
        doc: "Files that hold an environment stay out, whatever is in them.",
        make: env_files::make,
    },
    Pack {
        name: "secrets",
        doc: "Nothing that opens a door is committed, pushed or kept.",
        make: secrets::make,
    },
];

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
        let fingerprint = fingerprint(check, &place, None);
        Self {
            finding: Finding {
                check,
                level: Level::Deny,
                confidence: Confidence::High,
                message,
                help,
                fingerprint,
                place,
                refs,
                secret: None,
            },
            mark: None,
            naming: Naming::Whole,
        }
    }
}

/// What identifies a finding at a place.
#[must_use]
pub(super) fn fingerprint(
    check: CheckId,
    place: &Place,
    secret: Option<&FoundSecret>,
) -> Fingerprint {
    let at = match (&place.path, &place.refname) {
        (Some(path), _) => path.as_bytes(),
        (None, Some(name)) if secret.is_none() => name.as_bytes(),
        (None, Some(_) | None) => &[],
    };
    Fingerprint::new(check, at, secret.map(|found| &found.secret))
}
