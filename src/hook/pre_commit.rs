//! pre-commit: no arguments; what is staged is about to become a commit.

use super::{Call, CallError, staged};
use crate::change::Source;
use crate::git::{Repo, caller_amends};

pub(super) fn read(repo: &Repo, _call: &Call) -> Result<Vec<Source>, CallError> {
    Ok(vec![staged(repo, caller_amends())?])
}
