//! The one currency: what a check says, where, how sure, and under which name it is remembered.

use crate::change::Whereabouts;
use crate::git::{Oid, RefName, RepoPath};
use crate::scan::{Confidence, Secret, Signal, Validity};
use serde::Serialize;
use std::fmt;

/// The name of a check, `PACK/NAME`: `secrets/private-key`, `refs/delete`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CheckId {
    /// `secrets`, `env-files`, `refs`, `commits`, `content`.
    pub pack: &'static str,
    /// The rule or the question within the pack.
    pub name: &'static str,
}

impl fmt::Display for CheckId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.pack, self.name)
    }
}

impl fmt::Debug for CheckId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a finding does to the verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// It is said, and nothing else.
    Warn,
    /// It blocks.
    Deny,
}

/// One thing a check has to say.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Which check says it.
    pub check: CheckId,
    /// Whether it blocks.
    pub level: Level,
    /// How sure it is; policy checks are always `High`.
    pub confidence: Confidence,
    /// One sentence; everything from the repository in it is escaped already.
    pub message: String,
    /// What to do now, one or more lines; escaped already.
    pub help: String,
    /// How to let it in, if it is right that it comes in; empty where nothing is meant for that, and
    /// until the judge has said it; escaped.
    pub allow: String,
    /// What identifies it over time; see [`Fingerprint`].
    pub fingerprint: Fingerprint,
    /// Where it is.
    pub place: Place,
    /// The refs of the push that it stands in the way of; empty where no ref moves.
    pub refs: Vec<RefName>,
    /// The secret, for findings of the pack `secrets`.
    pub secret: Option<FoundSecret>,
}

impl Finding {
    /// Whether it stands in the way of that ref; one that is about no ref stands in the way of all.
    #[must_use]
    pub fn concerns(&self, name: &RefName) -> bool {
        self.refs.is_empty() || self.refs.contains(name)
    }
}

/// A secret as a finding carries it.
#[derive(Clone, Debug)]
pub struct FoundSecret {
    /// The secret itself; reports show [`FoundSecret::redacted`] unless `--show-secrets` is given.
    pub secret: Secret,
    /// What an offline proof said.
    pub valid: Validity,
    /// Who or what it belongs to, where it or the text around it says so.
    pub identity: Option<String>,
    /// Of a private key, the fingerprint of its public half as `ssh-keygen -lf` shows it.
    pub public: Option<String>,
    /// What spoke for and against it, where a model judged it; else empty.
    pub signals: Vec<Signal>,
}

impl FoundSecret {
    /// At most the first four characters, and those only of a long secret (20 or more) that begins
    /// with ASCII letters, digits, `_` or `-`; then `…`. `ghp_…`, or `…` alone.
    #[must_use]
    pub fn redacted(&self) -> String {
        let bytes = self.secret.expose();
        let shown = if self.secret.length() >= 20 { 4 } else { 0 };
        let mut text: String = bytes
            .iter()
            .take(shown)
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
            .map(|byte| char::from(*byte))
            .collect();
        text.push('…');
        text
    }
}

/// Identifies a finding: its check, its path and a digest of its secret, never a line or a commit,
/// so that it survives rebase, reformatting and moves within a file. 32 hexadecimal digits, the same
/// at every entry and on every machine. Empty until the judge has said where the finding is.
///
/// Fingerprints stand in baselines, reports and logs, where someone who may not read the secret
/// could try guesses against them. So a secret that a person may have thought up goes through
/// PBKDF2 (RFC 8018) with the check and the path as the salt: no table of common passwords serves
/// for two places, and every guess at one place costs as much as finding it did. A weak password is
/// still a weak password; a longer secret is not worth guessing.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The number of its digits.
    pub const LENGTH: usize = 32;
    /// Secrets of fewer bytes may have been thought up by a person.
    const GUESSABLE: usize = 32;
    /// Most of a millisecond for each guess, and for each finding of the kind.
    const ROUNDS: u32 = 4_096;

    /// Of a check at a path (or ref name), with the secret where there is one.
    #[must_use]
    pub fn new(check: CheckId, at: &[u8], secret: Option<&Secret>) -> Self {
        use sha2::{Digest, Sha256};
        let mut hash = Sha256::new();
        hash.update(b"portcullis fingerprint 1\0");
        hash.update(check.to_string());
        hash.update([0]);
        hash.update((at.len() as u64).to_be_bytes());
        hash.update(at);
        if let Some(secret) = secret {
            let mut digest = [0; 32];
            let is_slow = Self::is_slow(secret);
            let secret = secret.expose();
            if is_slow {
                let salt = hash.clone().finalize();
                pbkdf2::pbkdf2_hmac::<Sha256>(secret, &salt, Self::ROUNDS, &mut digest);
            } else {
                digest = Sha256::digest(secret).into();
            }
            hash.update(digest);
        }
        Self(
            hash.finalize()[..Self::LENGTH / 2]
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
        )
    }

    /// Whether that of a secret is slow to work out, on purpose.
    #[must_use]
    pub fn is_slow(secret: &Secret) -> bool {
        secret.expose().len() < Self::GUESSABLE
    }

    /// Reads the digits.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let digits = text.len() == Self::LENGTH && text.iter().all(|byte| is_digit(*byte));
        digits.then(|| Self(text.iter().map(|byte| char::from(*byte)).collect()))
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a byte is a digit of a fingerprint, `0` to `9` or `a` to `f`.
fn is_digit(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

/// What kind of thing a finding is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PlaceKind {
    /// A file, staged, pushed, stored or on disk.
    File,
    /// A commit as such: its parents, people and dates.
    Commit,
    /// The message of a commit.
    Message,
    /// A ref and how it moves.
    Ref,
    /// An annotated tag, its message included.
    Tag,
}

/// Where a finding is. What does not apply is `None`.
#[derive(Clone, Debug)]
pub struct Place {
    /// What kind of thing it is in.
    pub kind: PlaceKind,
    /// The path in the repository, or on disk for plain files.
    pub path: Option<RepoPath>,
    /// Lines and columns in the file or message.
    pub text: Option<TextRange>,
    /// The blob (or tag object) it is in.
    pub blob: Option<Oid>,
    /// The commit that brought it in.
    pub commit: Option<Oid>,
    /// The ref it would come in by, or that still reaches it.
    pub refname: Option<RefName>,
    /// Author of that commit, `Name <address>`, escaped.
    pub author: Option<String>,
    /// Author date of that commit, RFC 3339.
    pub date: Option<String>,
    /// Whether a ref reaches it (history only).
    pub reachable: Option<bool>,
    /// Where else it is (history only).
    pub spread: Option<Box<Spread>>,
    /// What had to be decoded to see it, outermost first.
    pub decoded: Vec<&'static str>,
}

/// Where what was found in a history is today, and where it has been.
#[derive(Clone, Debug, Default)]
pub struct Spread {
    /// What is known of refs.
    pub now: Whereabouts,
    /// Every path that any commit has the same secret at; without a secret, the same blob. The first
    /// [`Spread::MOST`] of them, sorted.
    pub paths: Vec<RepoPath>,
    /// How many paths there are beside those.
    pub more_paths: u64,
    /// All blobs that the same was found in at its path.
    pub blobs: Vec<Oid>,
}

impl Spread {
    /// So many refs and so many paths are named.
    pub const MOST: usize = 20;
}

/// Lines and columns, 1-based; columns count characters, `end_column` is exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub struct TextRange {
    pub line: usize,
    pub column: usize,
    pub end_line: usize,
    pub end_column: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHECK: CheckId = CheckId {
        pack: "secrets",
        name: "made-up",
    };

    #[test]
    fn a_fingerprint_depends_on_check_path_and_secret_and_on_nothing_else() {
        for text in [&b"a word"[..], &[b'x'; 40]] {
            let secret = Secret::new(text);
            let one = Fingerprint::new(CHECK, b"a/b", Some(&secret));
            assert_eq!(one, Fingerprint::new(CHECK, b"a/b", Some(&secret)));
            assert_eq!(
                Fingerprint::parse(one.as_str().as_bytes()),
                Some(one.clone())
            );
            let other = CheckId {
                name: "made",
                ..CHECK
            };
            let changed = [text, b"!"].concat();
            for two in [
                Fingerprint::new(other, b"a/b", Some(&secret)),
                Fingerprint::new(CHECK, b"a/c", Some(&secret)),
                Fingerprint::new(CHECK, b"a/b", Some(&Secret::new(&changed))),
                Fingerprint::new(CHECK, b"a/b", None),
            ] {
                assert_ne!(one, two);
            }
        }
    }

    #[test]
    fn only_digits_are_a_fingerprint() {
        for text in [
            "",
            "0",
            "0123456789ABCDEF0123456789ABCDEF",
            "g123456789abcdef0123456789abcdef",
        ] {
            assert_eq!(Fingerprint::parse(text.as_bytes()), None, "{text}");
        }
    }
}
