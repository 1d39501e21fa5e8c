//! pre-commit: no arguments; what is staged is about to become a commit.

use super::{Call, CallError, staged};
use crate::change::Source;
use crate::git::{Repo, caller_amends};

pub(super) fn read(repo: &Repo, _call: &Call) -> Result<Vec<Source>, CallError> {
    let staged = staged(repo, caller_amends())?;
    // Only here: prepare-commit-msg comes after it, and would say the same once more.
    let pending = match (&staged, repo.head_branch()) {
        (Source::Staged { parents }, Some(branch)) => Some(Source::Pending {
            branch,
            parents: parents.len(),
        }),
        (_, _) => None,
    };
    Ok(std::iter::once(staged).chain(pending).collect())
}
