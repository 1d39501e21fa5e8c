//! Signatures: what was signed, by whom as the server knows them, and signing as the user's Git does.
//! The only place that runs `ssh-keygen` and `gpg`.
//!
//! Judging goes in three steps that share one error, so that they chain:
//! ```no_run
//! use portcullis::git::{KeyFiles, Keys, Namespace, signed_commit};
//! # fn example(raw: &[u8], now: time::OffsetDateTime) -> Result<(), Box<dyn std::error::Error>> {
//! let keys = Keys::open(&KeyFiles {
//!     allowed_signers: Some("/srv/git/allowed_signers".into()),
//!     ..KeyFiles::default()
//! })?;
//! let signer = keys.verify(&signed_commit(raw)?, Namespace::Git, now)?;
//! assert!(signer.has_address(b"bob@clinic.example"));
//! # Ok(())
//! # }
//! ```
//! A detached signature over bytes of our own is [`sign`]ed and then read back with
//! [`Signed::detached`]; [`Namespace`] says how such bytes must begin.
//!
//! Nothing here decides alone whether a signature is good: that is the answer of `ssh-keygen -Y
//! verify` or `gpg`. What is parsed here (the armour, the public key, the flags of a hardware key, the
//! lines of the list of signers) chooses what they are asked, and is compared with what they say.

mod allowed;
mod armour;
mod keys;
mod objects;
mod openpgp;
mod sign;
mod ssh;
mod sshsig;

pub use allowed::{AllowedSigner, allowed_signers};
pub use keys::{KeyFiles, Keys, KeysError};
pub use objects::{signed_commit, signed_tag, trailing};
pub use sign::{SignError, sign};

use super::escape::escape;

/// The kind of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// An SSH signature (OpenSSH, PROTOCOL.sshsig).
    Ssh,
    /// An OpenPGP signature (RFC 4880, RFC 9580).
    OpenPgp,
    /// An X.509 signature as CMS. It is known for what it is, and never verified here.
    X509,
}

/// What a signature is for, so that one that was made for a commit never stands for anything else.
///
/// SSH signatures carry it themselves. OpenPGP knows no such thing, therefore the signed bytes must
/// begin as said here; [`Keys::verify`] and [`sign`] hold both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Namespace {
    /// `git`: commits, tags and push certificates, which begin with `tree `, `object ` and
    /// `certificate version `.
    Git,
    /// `portcullis`: our own tokens and approvals. The bytes begin with `portcullis `, and their first
    /// line should name what they are, as in `portcullis approval 1`.
    Portcullis,
}

impl Namespace {
    /// The name as it stands in an SSH signature.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Git => "git",
            Self::Portcullis => "portcullis",
        }
    }

    /// Whether bytes begin as those that are signed for this.
    fn holds(self, payload: &[u8]) -> bool {
        let starts: &[&[u8]] = match self {
            Self::Git => &[b"tree ", b"object ", b"certificate version "],
            Self::Portcullis => &[b"portcullis "],
        };
        starts.iter().any(|start| payload.starts_with(start))
    }
}

/// What was signed, and the signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The signed bytes.
    pub payload: Vec<u8>,
    /// The signature in its armour, which is whole, alone and of the format.
    pub signature: Vec<u8>,
    /// The kind of the signature.
    pub format: Format,
}

impl Signed {
    /// Of bytes and a detached signature over them, such as [`sign`] makes.
    ///
    /// # Errors
    /// When the signature is not exactly one armoured signature.
    pub fn detached(payload: Vec<u8>, signature: Vec<u8>) -> Result<Self, NotVerified> {
        let format = armour::whole(&signature)?;
        Ok(Self {
            payload,
            signature,
            format,
        })
    }
}

/// Who made a good signature, as the server knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    /// The names that the key stands for, patterns left out: account names and addresses, as the list
    /// of signers has them, or the addresses and accounts of an OpenPGP key. May be empty.
    pub principals: Vec<Vec<u8>>,
    /// The key: `SHA256:...` of an SSH key (that of the certified key for a certificate), or the
    /// fingerprint of the primary OpenPGP key in upper case.
    pub key: String,
    /// The kind of the signature.
    pub format: Format,
    /// What the device said of the person, where the key is kept in one.
    pub hardware: Option<Hardware>,
    /// Lists of principals with their patterns, each as one line has it.
    patterns: Vec<Vec<u8>>,
}

impl Signer {
    /// Whether the key is that of an account: one of its names is exactly that. A pattern is the name
    /// of nobody.
    #[must_use]
    pub fn is(&self, account: &[u8]) -> bool {
        self.principals.iter().any(|name| name == account)
    }

    /// Whether the key may sign for an address. Letters of either case are the same, as they are to
    /// Git's own `.mailmap`; patterns count as OpenSSH reads them (ssh_config(5), PATTERNS).
    #[must_use]
    pub fn has_address(&self, address: &[u8]) -> bool {
        let mut names = self.principals.iter();
        let lower = address.to_ascii_lowercase();
        address.contains(&b'@')
            && (names.any(|name| name.eq_ignore_ascii_case(address))
                || self
                    .patterns
                    .iter()
                    .any(|list| allowed::list_matches(&list.to_ascii_lowercase(), &lower)))
    }

    /// The names for a message, escaped; the key where it has none.
    #[must_use]
    pub fn shown(&self) -> String {
        let names: Vec<String> = self.principals.iter().map(|name| escape(name)).collect();
        match &names[..] {
            [] => self.key.clone(),
            _ => names.join(", "),
        }
    }
}

/// What a FIDO2 device put into a signature, and signed (OpenSSH, PROTOCOL.u2f).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hardware {
    /// Somebody touched it.
    pub touched: bool,
    /// It verified who that was, by PIN or finger.
    pub verified: bool,
}

/// There is no good signature of anyone who is known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotVerified {
    /// There is no signature at all.
    #[error("it is not signed")]
    Unsigned,
    /// There is something in its place that is not exactly one signature.
    #[error("its signature is malformed: {0}")]
    Malformed(&'static str),
    /// It is signed for something else.
    #[error("its signature was made for \"{0}\" and stands for nothing else")]
    Purpose(
        /// What for, escaped.
        String,
    ),
    /// Nobody whom the server knows has that key.
    #[error("it is signed with the key {0}, which is nobody's whom this server knows")]
    UnknownKey(
        /// The key as in [`Signer::key`], or as much of it as is known.
        String,
    ),
    /// The server knows whose the key is, and that it may not sign this.
    #[error("the key {0} that signed it may not sign this (namespaces)")]
    NotForThis(
        /// The key.
        String,
    ),
    /// The key is not valid any more.
    #[error("the key {0} that signed it has expired")]
    Expired(
        /// The key.
        String,
    ),
    /// The key is not valid yet.
    #[error("the key {0} that signed it is not valid yet")]
    NotYetValid(
        /// The key.
        String,
    ),
    /// The key has been revoked.
    #[error("the key {0} that signed it has been revoked")]
    Revoked(
        /// The key.
        String,
    ),
    /// The signature belongs to other bytes.
    #[error("its signature is bad: it belongs to something else, or was altered")]
    Bad,
    /// Nobody here can verify such a signature.
    #[error("it has an {0} signature, and this server knows no such keys")]
    NoKeys(
        /// `SSH`, `OpenPGP` or `X.509`.
        &'static str,
    ),
    /// It is not known whether the signature is good: a program is missing, a file went away. Never to
    /// be taken for "unsigned".
    #[error("{0}")]
    Undecided(
        /// Why, and what to do, escaped.
        String,
    ),
}

impl NotVerified {
    /// Whether it could not be found out, other than that the signature is none.
    #[must_use]
    pub fn is_undecided(&self) -> bool {
        matches!(self, Self::Undecided(_))
    }
}

impl Format {
    /// Its name for people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ssh => "SSH",
            Self::OpenPgp => "OpenPGP",
            Self::X509 => "X.509",
        }
    }
}

#[cfg(test)]
mod parser_tests;
#[cfg(test)]
mod tests;
