//! An approval that a verdict relies upon, as it is written down.

use crate::git::{Oid, RefName};

/// Who has approved what comes to a ref, and how that is known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Approved {
    /// The ref that it comes to.
    pub refname: RefName,
    /// Who: the names of the key, or the address in a trailer; escaped.
    pub by: String,
    /// The key, as a fingerprint; none where a trailer says so, which nobody has signed.
    pub key: Option<String>,
    /// The ref that keeps the approval; none for a trailer.
    pub approval: Option<RefName>,
    /// The commit that was looked at, or whose message has the trailer.
    pub commit: Oid,
    /// Why, escaped; empty where nothing is said.
    pub reason: String,
}
