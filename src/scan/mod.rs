//! Finds secrets in bytes. No I/O, no Git: a text goes in, matches come out.
//!
//! [`Scanner`] is the face. One pass finds the keywords of all rules; where one stands, the regex
//! of its rule runs over the few bytes that a match could cover; what matches is held against
//! placeholders, entropy, an offline [`proof`] or the model of `generic`; of several matches over
//! the same bytes the most specific stays. What is encoded is decoded and scanned again.

mod anywhere;
mod around;
mod calm;
pub mod compile;
mod decode;
mod encoding;
pub mod foreign;
mod generic;
mod gist;
mod held;
mod keys;
mod keywords;
mod known;
mod near;
mod outcome;
mod overlap;
mod paths;
mod patience;
mod placeholder;
pub mod proof;
mod rule;
mod scanner;
mod search;
mod secret;
mod stages;
mod stream;
mod table;
pub mod template;
mod whose;
mod window;

pub use anywhere::{Anywhere, is_apart};
pub use decode::{Budget, Decoded, Piece, decode};
pub use generic::{Model, Signal};
pub use gist::Gist;
pub use keys::Public;
pub use outcome::Scan;
pub use patience::Patience;
pub use rule::{Near, Rule, rule, rules, rules_digest};
pub use scanner::Scanner;
pub use secret::{Confidence, Secret, Validity};
pub use stages::Stage;
pub use stream::Window;
pub use table::{Own, Selection};

use serde::{Deserialize, Serialize};
use std::ops::Range;

#[cfg(test)]
mod anywhere_tests;
#[cfg(test)]
mod calm_lines_tests;
#[cfg(test)]
mod calm_tests;
#[cfg(test)]
mod tests;

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
    /// Who or what it belongs to, where it says so itself or what stands around it does: an account,
    /// an issuer, the user and the host of a URL, the kind and the public half of a private key.
    pub identity: Option<String>,
    /// Of a private key, the fingerprint of its public half as `ssh-keygen -lf` shows it.
    pub public: Option<String>,
    /// What had to be decoded to see it, outermost first: `base64`, `gzip`, `utf-16`, `zip`.
    pub decoded: Vec<&'static str>,
    /// For each layer that was decoded, which piece of it the secret stands in, and where in that.
    /// Shorter than `decoded` where a layer has no pieces.
    pub inside: Vec<Inside>,
    /// What spoke for and against it, where a model judged it by name and look; else empty.
    pub signals: Vec<Signal>,
}

/// Where a secret stands in what was decoded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inside {
    /// Which of the pieces, in the order of [`Decoded::pieces`].
    pub piece: usize,
    /// Where in it, in bytes.
    pub span: Range<usize>,
}
