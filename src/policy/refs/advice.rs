//! What to do about signatures that are not as they are asked for.

/// How an account gets its key.
pub(super) const LIST: &str = "the key of an account is the one whose line in identity.allowed_signers \
                               names it (bob,bob@clinic.example ssh-ed25519 ...), or that \
                               identity.gpg_keys gives it";

/// How a tag is signed.
pub(super) const TAG: &str = "sign it, and push it again:\n$ git tag -f -s NAME COMMIT";

/// How a commit is signed, and all that follow it; `commit` is what they stand on, as `git rebase`
/// takes it.
pub(super) fn sign_from(commit: &str) -> String {
    format!(
        "have Git sign from now on, sign anew what is not signed, and push again:\n\
         $ git config commit.gpgSign true\n\
         $ git rebase --force-rebase --rebase-merges {commit}"
    )
}
