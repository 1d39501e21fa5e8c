//! The trait of a check and the table of packs: a check is a function of a change.

use super::groups::Pusher;
use super::settings::Settings;
use super::{commits, content, env_files, refs, secrets};
use crate::change::{
    BadUpdate, CommitChange, FileChange, Message, Naming, Proposal, RefUpdate, Unread,
};
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
    /// How many sets of refs the check has a policy for: a commit that is new under one of them is
    /// shown to [`Check::scoped`], though the repository may have had it before by other refs.
    fn scopes(&self) -> usize {
        0
    }
    /// Whether a set holds a ref; no ref is that of a look back.
    fn in_scope(&self, _cx: &Cx<'_>, _scope: usize, _name: Option<&RefName>) -> bool {
        false
    }
    /// Looks at a commit that is new under a set of refs.
    ///
    /// # Errors
    /// See [`Check::update`].
    fn scoped(
        &self,
        _cx: &Cx<'_>,
        _scope: usize,
        _commit: &CommitChange<'_>,
        _out: &mut Vec<Raised>,
    ) -> Result<(), Unread> {
        Ok(())
    }
    /// Looks at a commit that is being made and has its message.
    ///
    /// # Errors
    /// See [`Check::update`].
    fn proposal(
        &self,
        _cx: &Cx<'_>,
        _proposal: &Proposal,
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
        name: "commits",
        doc: "Commits are made as the repository asks: their messages, people and dates.",
        make: commits::make,
    },
    Pack {
        name: "content",
        doc: "Files have sizes, paths, types and names that everyone's machine can hold.",
        make: content::make,
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
    let at = match (&place.path, &place.refname, &place.commit) {
        (Some(path), ..) => path.as_bytes(),
        (None, ..) if secret.is_some() => &[],
        // What is wrong with two commits is wrong twice.
        (None, _, Some(commit)) => commit.as_raw(),
        (None, Some(name), None) => name.as_bytes(),
        (None, None, None) => &[],
    };
    Fingerprint::new(check, at, secret.map(|found| &found.secret))
}
