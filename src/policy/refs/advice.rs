//! What to do about signatures that are not as they are asked for.

use super::super::check::Cx;
use super::super::commits::address;
use super::super::groups::Pusher;
use crate::git::{Oid, RefName, escape, shell_word};

/// How an account gets its key.
pub(super) const LIST: &str = "the key of an account is the one whose line in identity.allowed_signers \
                               names it (bob,bob@clinic.example ssh-ed25519 ...), or that \
                               identity.gpg_keys gives it";

/// How a tag of that object is signed.
pub(super) fn sign_tag(name: &RefName, object: Oid) -> String {
    let tag = name.as_bytes().strip_prefix(b"refs/tags/");
    let tag = tag.map_or_else(|| "NAME".to_owned(), shell_word);
    format!(
        "sign it, and push it again:\n$ git tag -f -s {tag} {}",
        object.short()
    )
}

/// The same as [`sign_from`], where somebody else has to do it.
fn have_signed(committer: &str, commit: &str) -> String {
    format!(
        "ask {committer}, who committed it, to sign it anew on the topic that it comes from (git config \
         commit.gpgSign true, git rebase --force-rebase --rebase-merges {commit}) and to push that; then \
         merge that"
    )
}

/// How a commit is signed, and all that follow it; `commit` is what they stand on, as `git rebase`
/// takes it.
pub(super) fn sign_from(commit: &str) -> String {
    format!(
        "have Git sign from now on, sign anew what is not signed, and push again:\n\
         $ git config commit.gpgSign true\n\
         $ git rebase --force-rebase --rebase-merges {commit}"
    )
}

/// What is done about a commit that its committer has to sign anew, by the pusher if that is the
/// same: whoever signs it in their place makes it their own commit.
pub(super) fn anew(cx: &Cx<'_>, committer: &[u8], from: &str) -> String {
    let other = match (cx.pusher, address(committer), cx.persons()) {
        (Pusher::Known(name), Some(mail), Ok(persons)) => !persons.same(name, mail),
        (Pusher::Known(_) | Pusher::Unknown, _, _) => false,
    };
    if other {
        have_signed(&escape(committer), from)
    } else {
        sign_from(from)
    }
}
