//! Tokens in the options of a push: what a second person allows once, signed, for one ref, for a time.
//!
//! A token confirms a deletion or a rewrite (`confirm` of `[[protect]]`), or lets named findings pass
//! (`bypass_by` of `[server]`). It counts once, and only where all of this holds: it was signed with a
//! key that the server knows, for portcullis; by someone in the list; who is not the pusher, nor has a
//! key in common with them; for this repository, this ref and where it stands; and its time is not over.
//! Which tokens a verdict relies upon stands in it; whoever lets the push in spends them first.

mod presented;
mod token;

pub(super) use presented::second_person;
pub use presented::{Given, Presented, Push};
pub use token::{Allowed, BadToken, LONGEST, Token};

use crate::git::{Oid, RefName, Signer, escape};
use serde::Serialize;

/// A token that a verdict relies upon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    /// What names it.
    pub id: String,
    /// What it did.
    pub kind: UsedKind,
    /// Who allowed it: the names of the key, escaped.
    pub by: String,
    /// The key.
    pub key: String,
    /// On which ref.
    pub refname: RefName,
    /// What it allows, as the end of a sentence, escaped.
    pub what: String,
    /// The old value that it was made for.
    pub old: Option<Oid>,
    /// The new value that it was made for.
    pub new: Option<Oid>,
    /// Why, escaped.
    pub reason: String,
    /// When it ends, RFC 3339.
    pub expires: String,
    /// The same in seconds since 1970.
    pub ends: i64,
    /// The push option that shows it.
    pub option: Vec<u8>,
}

/// What a token did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum UsedKind {
    /// It confirmed a deletion or a rewrite.
    Confirm,
    /// It let findings pass.
    Bypass,
}

impl Used {
    fn of(token: &Token, signature: &[u8], signer: &Signer) -> Self {
        let (kind, old, new) = match token.allowed {
            Allowed::Delete { old } => (UsedKind::Confirm, Some(old), None),
            Allowed::Force { old, new } => (UsedKind::Confirm, Some(old), Some(new)),
            Allowed::Findings { new, .. } => (UsedKind::Bypass, None, new),
            Allowed::Check { new, .. } => (UsedKind::Bypass, None, Some(new)),
        };
        let name = match kind {
            UsedKind::Confirm => presented::NAMES[0],
            UsedKind::Bypass => presented::NAMES[1],
        };
        let option = format!("{name}={}", token.word(signature));
        Self {
            id: token.id(),
            kind,
            by: signer.shown(),
            key: signer.key.clone(),
            refname: token.refname.clone(),
            what: token.what(),
            old,
            new,
            reason: escape(token.reason.as_deref().unwrap_or_default().as_bytes()),
            expires: token.until(),
            ends: token.expires,
            option: option.into_bytes(),
        }
    }

    /// `carol, until 2026-01-02T03:04:05Z, token 01234567: the branch is merged`
    #[must_use]
    pub fn shown(&self) -> String {
        let id: String = self.id.chars().take(8).collect();
        let (by, until) = (&self.by, &self.expires);
        match &self.reason[..] {
            "" => format!("{by}, until {until}, token {id}"),
            reason => format!("{by}, until {until}, token {id}: {reason}"),
        }
    }
}
