//! commit-msg: the file of the message, as its author left it.

use super::{Call, CallError, draft};
use crate::change::{Proposal, Source};
use crate::git::{ReadError, Repo, caller_amends, stored_message};

pub(super) fn read(repo: &Repo, call: &Call) -> Result<Vec<Source>, CallError> {
    let unread = |error: ReadError| CallError::Unread {
        what: "the message".to_owned(),
        error,
    };
    let text = draft(call)?;
    let message = stored_message(repo, &text).map_err(unread)?;
    let parents = match repo.head().map_err(unread)? {
        Some(head) if caller_amends() => repo.commit(head).map_err(unread)?.parents.len(),
        Some(_) | None => 1 + repo.merge_heads().len(),
    };
    Ok(vec![
        Source::Draft(text),
        Source::Proposed(Proposal { message, parents }),
    ])
}
