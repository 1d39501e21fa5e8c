//! What a scan of a text comes to.

use super::{Match, keys};
use crate::change::Calm;

/// What a scan found.
#[derive(Clone, Debug, Default)]
pub struct Scan {
    /// By rising place.
    pub matches: Vec<Match>,
    /// Why something in the content could not be decoded within limits; empty normally.
    pub undecided: Vec<String>,
    /// Whether time was over before all of it was seen.
    pub late: bool,
    /// How much of a text that is built on this one has to be looked at.
    pub calm: Calm,
    /// The public keys and certificates in it, which say where a private key is trusted.
    pub publics: Vec<keys::Public>,
    /// Whether nothing in it comes near to a match or a public key: neither what was dropped, nor
    /// what could not be decoded.
    pub(super) quiet: bool,
    /// Whether the beginning of a public key stands in it.
    pub(super) public: bool,
}
