//! pre-commit: no arguments; what is staged is about to become a commit.

use super::{Call, CallError, staged};
use crate::change::Source;
use crate::git::{Repo, caller_amends};

pub(super) fn read(repo: &Repo, _call: &Call) -> Result<Vec<Source>, CallError> {
    let mut source = staged(repo, caller_amends())?;
    // Only here: prepare-commit-msg comes after it, and would say the same once more.
    if let Source::Staged { branch, .. } = &mut source {
        *branch = repo.head_branch();
    }
    Ok(vec![source])
}
