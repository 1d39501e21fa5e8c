//! prepare-commit-msg: the file of the message, its source, and a commit. `--no-verify`,
//! cherry-pick, revert and rebase skip pre-commit but not this, so this is where they are judged.

use super::{Call, CallError, draft, staged};
use crate::change::Source;
use crate::git::{Repo, caller_amends};

pub(super) fn read(repo: &Repo, call: &Call) -> Result<Vec<Source>, CallError> {
    // `commit HEAD` is what Git says for --amend (and for -c HEAD: then more is examined).
    let amends = call.word(1) == Some(b"commit") && call.word(2) == Some(b"HEAD");
    // What the editor will begin with is no message yet, so no message is proposed.
    let staged = staged(repo, amends || caller_amends())?;
    Ok(vec![Source::Draft(draft(call)?), staged])
}
