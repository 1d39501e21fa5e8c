//! Finds what is encoded in a text and decodes it.

use std::ops::Range;

/// How much decoding one content is worth.
#[derive(Clone, Debug, Default)]
pub struct Limits;

/// What was decoded.
#[derive(Debug, Default)]
pub struct Decoded {
    /// The decoded texts.
    pub pieces: Vec<Piece>,
    /// Why something in it could not be decoded within the limits.
    pub undecided: Vec<String>,
}

/// One decoded text.
#[derive(Debug)]
pub struct Piece {
    /// The decoded bytes.
    pub bytes: Vec<u8>,
    /// The encoded text in the parent.
    pub span: Range<usize>,
    /// The encoding: `base64`, `gzip`.
    pub how: &'static str,
    /// The name of a member of an archive.
    pub member: Option<Vec<u8>>,
}

/// Decodes what is encoded in `text`.
#[must_use]
pub fn decode(_text: &[u8], _path: &[u8], _limits: &Limits) -> Decoded {
    Decoded::default()
}
