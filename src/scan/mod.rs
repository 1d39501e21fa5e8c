//! Finds secrets in bytes. No I/O, no Git: a text goes in, matches come out.

mod decode;
mod secret;

pub use decode::{Budget, Decoded, Piece, decode};
pub use secret::{Confidence, Secret, Validity};

use std::ops::Range;

/// One secret found in a content.
#[derive(Clone, Debug)]
pub struct Match {
    /// The rule that found it.
    pub rule: &'static Rule,
    /// Where the secret stands in the content, in bytes. For a decoded secret: the encoded text.
    pub span: Range<usize>,
    /// Where everything stands that the rule looked at (the name on the left, the partner of a
    /// pair), in bytes; contains `span`. A match is new where this touches a fresh range.
    pub whole: Range<usize>,
    /// The secret itself, decoded.
    pub secret: Secret,
    /// How sure this match is, after proof and context.
    pub confidence: Confidence,
    /// What an offline proof said.
    pub valid: Validity,
    /// Who or what it belongs to, where the secret itself says so: an account, an issuer.
    pub identity: Option<String>,
    /// What had to be decoded to see it, outermost first: `base64`, `gzip`, `utf-16`, `zip`.
    pub decoded: Vec<&'static str>,
}

/// One row of `rules.toml`, compiled into the binary.
#[derive(Debug)]
pub struct Rule {
    /// Unique, lower case, `PROVIDER-KIND`: `github-personal-access-token`.
    pub id: &'static str,
    /// Who issues the secret: `GitHub`.
    pub provider: &'static str,
    /// What it is, as a noun phrase: `GitHub personal access token (classic)`.
    pub title: &'static str,
    /// What it opens, to complete "whoever has it can …".
    pub opens: &'static str,
    /// Where to revoke it: a URL or a phrase.
    pub revoke: &'static str,
    /// The confidence of a match that nothing else speaks for or against.
    pub confidence: Confidence,
}
