//! commit-msg: the file of the message, as its author left it.

use super::{Call, CallError, draft};
use crate::change::Source;
use crate::git::Repo;

pub(super) fn read(_repo: &Repo, call: &Call) -> Result<Vec<Source>, CallError> {
    Ok(vec![draft(call)?])
}
