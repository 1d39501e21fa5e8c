//! Keeps a text of our own in a repository: an object, and a ref that names it. Only commands that
//! are asked to make something come here, never a check.

use super::program::GitError;
use super::{Oid, RefName, Repo};

/// Stores a blob under a ref; worktree, index and branches stay as they are.
///
/// # Errors
/// When Git cannot write either.
pub fn keep(repo: &Repo, content: &[u8], name: &RefName) -> Result<(), GitError> {
    let stored = repo.git(["hash-object", "-w", "--stdin"]).stdin(content);
    let oid = stored.output()?;
    let mut update = b"update ".to_vec();
    update.extend_from_slice(name.as_bytes());
    update.push(b' ');
    update.extend_from_slice(oid.trim_ascii_end());
    update.push(b'\n');
    let stored = repo.git(["update-ref", "--stdin"]).stdin(update);
    stored.output().map(drop)
}

/// The commit that an expression of gitrevisions(7) names; none where it names none.
#[must_use]
pub fn commit_named(repo: &Repo, text: &str) -> Option<Oid> {
    let commit = format!("{text}^{{commit}}");
    let asked = repo.git([
        "rev-parse",
        "--verify",
        "--quiet",
        "--end-of-options",
        &commit,
    ]);
    let answer = asked.output().ok()?;
    Oid::parse(answer.trim_ascii_end()).ok().flatten()
}

/// The full name of the ref that an expression names; none where that is no ref.
#[must_use]
pub fn ref_named(repo: &Repo, text: &str) -> Option<RefName> {
    let options = ["rev-parse", "--symbolic-full-name", "--verify", "--quiet"];
    let asked = repo.git(options).args(["--end-of-options", text]);
    RefName::new(asked.output().ok()?.trim_ascii_end()).ok()
}

/// Where two commits part; none where they have nothing in common.
///
/// # Errors
/// When Git cannot tell, as where one is missing.
pub fn merge_base(repo: &Repo, one: Oid, other: Oid) -> Result<Option<Oid>, GitError> {
    let (one, other) = (one.to_string(), other.to_string());
    let answer = repo.git(["merge-base", &one, &other]).optional()?;
    Ok(answer.and_then(|hex| Oid::parse(hex.trim_ascii_end()).ok().flatten()))
}
