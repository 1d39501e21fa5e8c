//! pre-merge-commit: no arguments; a merge without conflicts is about to become a commit.

use super::{Call, CallError, staged};
use crate::change::Source;
use crate::git::Repo;

pub(super) fn read(repo: &Repo, _call: &Call) -> Result<Vec<Source>, CallError> {
    Ok(vec![staged(repo, false)?])
}
