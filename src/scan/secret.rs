//! A secret that cannot be printed by accident, and how sure we are of it.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The bytes of a secret. There is no `Display`, and `Debug` shows its length only.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Secret(Box<[u8]>);

impl Secret {
    /// Takes the bytes.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }

    /// The secret in clear: for digests, for comparison, and for `--show-secrets`.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The number of its characters; of its bytes where it is not UTF-8.
    #[must_use]
    pub fn length(&self) -> usize {
        std::str::from_utf8(&self.0).map_or(self.0.len(), |text| text.chars().count())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({} characters)", self.length())
    }
}

/// How sure a finding is. What is certain enough blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// A shape that is often something else.
    Low,
    /// More likely a secret than not.
    Medium,
    /// A documented shape that nothing else has, or proven.
    High,
}

impl Confidence {
    /// The name in reports and configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// What an offline proof said of a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Validity {
    /// Its checksum or structure is right.
    Yes,
    /// Its checksum or structure is wrong: made up, or mistyped.
    No,
    /// Nothing could be proven offline.
    Unknown,
}
