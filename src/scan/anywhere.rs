//! Looks at a text before it is known at which path it stands.
//!
//! The path of a file speaks for or against what a model takes for a secret: in settings a bare value
//! counts for more, in a test for less. Here every candidate is held against all that a path can say,
//! and what counts at one path counts. So a text that holds nothing anywhere holds nothing at each
//! path, but for those that [`is_apart`] names.

use super::Scanner;
use super::decode::is_part_of_document;
use super::patience::Patience;
use crate::change::{Around, Calm, Content, Fresh};
use std::ops::Range;

/// Stands for all paths; none in Git holds a NUL.
pub(super) const ANYWHERE: &[u8] = b"\0";

/// Of the kinds of paths that a model tells apart, those at which most counts: an environment,
/// settings, code, and anything else. None is a test, which only ever excuses.
pub(super) const KINDS: [&[u8]; 4] = [b".env", b"a.json", b"a.c", b"a"];

/// What a look at a text came to, wherever it stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Anywhere {
    /// Whether it holds nothing.
    pub nothing: bool,
    /// How much of a text that is built on this one has to be looked at.
    pub calm: Calm,
    /// How many bytes were looked at.
    pub scanned: u64,
}

/// Whether a file at this path may be read as something else than the text that it is.
#[must_use]
pub fn is_apart(path: &[u8]) -> bool {
    is_part_of_document(path)
}

impl Scanner {
    /// Looks at a text for what any path could make it hold. Of what it is built on it is told where
    /// the text differs from it, and what a look at that came to.
    #[must_use]
    pub fn anywhere(
        &self,
        bytes: &[u8],
        base: Option<(&[Range<usize>], Around)>,
        patience: Patience,
    ) -> Anywhere {
        let mut scanned = 0;
        if let Some((fresh, around)) = base
            && let Some(scan) = self.beyond(ANYWHERE, bytes, fresh, around, patience, &mut scanned)
        {
            // Public keys are told of whole texts alone.
            return Anywhere {
                nothing: scan.matches.is_empty() && !scan.public,
                calm: match scan.public {
                    true => Calm::Unknown,
                    false => scan.calm,
                },
                scanned,
            };
        }
        let whole = Content {
            bytes,
            fresh: &Fresh::All,
        };
        let scan = self.scan_within(ANYWHERE, whole, patience);
        Anywhere {
            nothing: scan.quiet,
            calm: match scan.public {
                true => Calm::Unknown,
                false => scan.calm,
            },
            scanned: scanned + bytes.len() as u64,
        }
    }
}
