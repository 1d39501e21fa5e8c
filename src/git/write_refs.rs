//! Refs of our own, written by `git update-ref` after a push: never while its objects are in quarantine.

use super::program::GitError;
use super::{Oid, RefName, Repo};

/// What is to become of a ref.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefWrite {
    /// It is made, and stands there.
    Create(RefName, Oid),
    /// It goes.
    Delete(RefName),
}

/// Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The objects of a push are in quarantine: a ref to one of them would stand for nothing if the
    /// push is refused (git-receive-pack(1), "Quarantine Environment").
    #[error("refs are not written while a push is being judged")]
    Quarantine,
    /// Git did not write them.
    #[error(transparent)]
    Git(#[from] GitError),
}

/// Writes refs, all of them or none.
///
/// # Errors
/// When a push is in quarantine, one exists already, or Git cannot write them.
pub fn write_refs(repo: &Repo, writes: &[RefWrite]) -> Result<(), WriteError> {
    if writes.is_empty() {
        return Ok(());
    }
    if std::env::var_os("GIT_QUARANTINE_PATH").is_some() {
        return Err(WriteError::Quarantine);
    }
    let mut input = Vec::new();
    for write in writes {
        // The names are valid, and so have no space and no line end in them.
        let (word, name, oid) = match write {
            RefWrite::Create(name, oid) => ("create ", name, format!(" {oid}")),
            RefWrite::Delete(name) => ("delete ", name, String::new()),
        };
        input.extend_from_slice(word.as_bytes());
        input.extend_from_slice(name.as_bytes());
        input.extend_from_slice(oid.as_bytes());
        input.push(b'\n');
    }
    let options = ["update-ref", "--no-deref", "--stdin"];
    repo.git(options).stdin(input).output()?;
    Ok(())
}
