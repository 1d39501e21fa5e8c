//! The one notion behind staged changes, pushes and history: a whole text and what of it is new.

use std::num::NonZeroU32;
use std::ops::Range;

/// A whole post-image and the ranges of it that an event brings in.
///
/// Rules read all of `bytes`, so that an id and its secret, or the head and the foot of a key, still
/// join when they arrive apart; a match counts only where it touches [`Fresh`].
#[derive(Clone, Copy, Debug)]
pub struct Content<'a> {
    /// The post-image, as stored.
    pub bytes: &'a [u8],
    /// What of it is new.
    pub fresh: &'a Fresh,
}

/// Which parts of a content are new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fresh {
    /// Everything: a new file, a message, an object of the history.
    All,
    /// Sorted ranges of bytes that do not touch each other. An empty range is a *seam*: nothing was
    /// added there, but what stands around it did not stand together before.
    Ranges(Vec<Range<usize>>),
}

/// What a look at a content came to, for contents that are built on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Calm {
    /// What is built on it need only be looked at where it differs, so far around, and where that
    /// stands which it holds.
    Within(Around),
    /// What is built on it has to be looked at as a whole.
    #[default]
    Unknown,
}

/// How many lines around what differs have to be looked at for what may go on there, and what else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Around {
    /// For rules over several lines.
    pub rules: usize,
    /// For values that are assigned to names.
    pub names: usize,
    /// The number that what was found in it has with who found it; `None` where it holds nothing.
    pub holds: Option<NonZeroU32>,
}

impl Fresh {
    /// Whether a match at `span` is new: it shares a byte with a fresh range or lies across a seam.
    #[must_use]
    pub fn touches(&self, span: &Range<usize>) -> bool {
        match self {
            Self::All => true,
            Self::Ranges(ranges) => {
                let first = ranges.partition_point(|range| range.end <= span.start);
                ranges[first..]
                    .iter()
                    .take_while(|range| range.start < span.end)
                    .any(|range| !range.is_empty() || range.start > span.start)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_match_counts_where_it_touches_what_is_new() {
        let fresh = Fresh::Ranges(vec![3..5, 9..9, 12..20]);
        for (span, new) in [
            (0..3, false),
            (0..4, true),
            (4..6, true),
            (5..9, false),
            (8..10, true),
            (9..12, false),
            (19..30, true),
            (20..30, false),
        ] {
            assert_eq!(fresh.touches(&span), new, "{span:?}");
        }
        assert!(Fresh::All.touches(&(0..1)));
    }
}
