//! Deltas: builds an object on its base and says what of it the base does not have.
//!
//! The format is that of gitformat-pack(5), "Deltified representation".

use std::ops::Range;

/// A delta as stored: what it is built on, what it comes to, and how.
pub(super) struct Delta<'a> {
    /// The length of the base in bytes.
    pub(super) base: usize,
    /// The length of the result in bytes.
    pub(super) size: usize,
    instructions: &'a [u8],
}

impl<'a> Delta<'a> {
    /// Reads the two lengths; `None` where they make no sense.
    pub(super) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (base, rest) = length(bytes)?;
        let (size, instructions) = length(rest)?;
        Some(Self {
            base,
            size,
            instructions,
        })
    }

    /// Builds the object into `out`, which must have its length, and writes to `fresh` what is new
    /// in it, see [`super::Base`]. `None` where the delta does not fit.
    pub(super) fn apply(
        &self,
        base: &[u8],
        out: &mut [u8],
        fresh: &mut Vec<Range<usize>>,
    ) -> Option<()> {
        fresh.clear();
        if base.len() != self.base || out.len() != self.size {
            return None;
        }
        let mut rest = self.instructions;
        let mut at = 0;
        // Where the last piece of the base ended, while nothing was inserted behind it.
        let mut copied = Some(0);
        while let [instruction, tail @ ..] = rest {
            if instruction & 0x80 != 0 {
                let (from, length, tail) = copy(*instruction, tail)?;
                let piece = base.get(from..from.checked_add(length)?)?;
                if copied != Some(from) {
                    let start = start(out, at, base, copied, piece);
                    let beside = before(out, at) != before(base, from);
                    add(fresh, start..at + usize::from(beside));
                }
                let end = at + length;
                out.get_mut(at..end)?.copy_from_slice(piece);
                copied = Some(from + length);
                (at, rest) = (end, tail);
            } else {
                let length = usize::from(*instruction);
                if length == 0 {
                    return None;
                }
                let (piece, tail) = tail.split_at_checked(length)?;
                let start = start(out, at, base, copied, piece);
                let end = at + length;
                out.get_mut(at..end)?.copy_from_slice(piece);
                add(fresh, start..end);
                copied = None;
                (at, rest) = (end, tail);
            }
        }
        if copied.is_some_and(|end| end != base.len()) {
            add(fresh, start(out, at, base, copied, b"")..at);
        }
        (at == self.size).then_some(())
    }
}

/// The byte before a place; a line end before the first.
fn before(text: &[u8], at: usize) -> u8 {
    at.checked_sub(1).map_or(b'\n', |at| text[at])
}

/// Where what is new begins that `next` stands at the start of: one byte before, where the last
/// byte of the piece that was copied up to `copied` had another behind it on its line.
fn start(out: &[u8], at: usize, base: &[u8], copied: Option<usize>, next: &[u8]) -> usize {
    let behind = |text: &[u8]| text.first().map_or(b'\n', |byte| *byte);
    let changed = copied.is_some_and(|end| behind(&base[end..]) != behind(next));
    at - usize::from(changed && before(out, at) != b'\n')
}

/// Adds a range that begins no earlier than the last one.
fn add(fresh: &mut Vec<Range<usize>>, range: Range<usize>) {
    match fresh.last_mut() {
        Some(last) if last.end >= range.start => last.end = last.end.max(range.end),
        Some(_) | None => fresh.push(range),
    }
}

/// Seven bits a byte, the lowest first, the high bit of a byte where another follows.
fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0_usize;
    for (index, byte) in bytes.iter().enumerate().take(9) {
        value |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((value, &bytes[index + 1..]));
        }
    }
    None
}

/// Where a piece of the base begins and how long it is: up to four and three bytes, of which those
/// that are zero are left out.
fn copy(instruction: u8, mut rest: &[u8]) -> Option<(usize, usize, &[u8])> {
    let mut number = |bits: std::ops::Range<u32>| {
        let mut value = 0;
        for (index, bit) in bits.enumerate() {
            if instruction >> bit & 1 != 0 {
                let (byte, tail) = rest.split_first()?;
                value |= usize::from(*byte) << (8 * index);
                rest = tail;
            }
        }
        Some(value)
    };
    let from = number(0..4)?;
    let length = match number(4..7)? {
        0 => 0x10000,
        length => length,
    };
    Some((from, length, rest))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::single_range_in_vec_init)]
    use super::*;

    enum Do {
        Copy(u8, u8),
        Insert(&'static [u8]),
    }
    use Do::{Copy, Insert};

    fn applied(base: &[u8], steps: &[Do]) -> Option<(Vec<u8>, Vec<Range<usize>>)> {
        let mut delta = vec![u8::try_from(base.len()).unwrap(), 0];
        let mut size = 0;
        for step in steps {
            match step {
                Copy(from, length) => {
                    delta.extend([0x91, *from, *length]);
                    size += *length;
                }
                Insert(bytes) => {
                    let length = u8::try_from(bytes.len()).unwrap();
                    delta.push(length);
                    delta.extend(*bytes);
                    size += length;
                }
            }
        }
        delta[1] = size;
        let delta = Delta::parse(&delta)?;
        let mut out = vec![0; delta.size];
        let mut fresh = Vec::new();
        delta.apply(base, &mut out, &mut fresh)?;
        Some((out, fresh))
    }

    #[test]
    fn what_is_inserted_is_new_and_what_it_stands_beside() {
        let base = b"abcdefgh";
        for (steps, text, fresh) in [
            (&[Copy(0, 8)][..], "abcdefgh", vec![]),
            (&[Copy(0, 4), Copy(4, 4)], "abcdefgh", vec![]),
            (
                &[Copy(0, 4), Insert(b"x"), Copy(4, 4)],
                "abcdxefgh",
                vec![3..6],
            ),
            // The byte behind `d` is `e` as before, and so is that before `f`.
            (
                &[Copy(0, 4), Insert(b"e1e"), Copy(5, 3)],
                "abcde1efgh",
                vec![4..7],
            ),
            (
                &[Insert(b"x"), Insert(b"y"), Copy(0, 8)],
                "xyabcdefgh",
                vec![0..3],
            ),
            (&[Copy(0, 2), Copy(4, 4)], "abefgh", vec![1..3]),
            (&[Copy(2, 6)], "cdefgh", vec![0..1]),
            (&[Copy(0, 6)], "abcdef", vec![5..6]),
            (
                &[Copy(4, 4), Copy(0, 4)],
                "efghabcd",
                vec![0..1, 3..5, 7..8],
            ),
            (&[Copy(0, 2), Copy(4, 2), Insert(b"x")], "abefx", vec![1..5]),
        ] {
            let (have, ranges) = applied(base, steps).unwrap();
            assert_eq!(have, text.as_bytes());
            assert_eq!(ranges, fresh, "{text}");
        }
    }

    #[test]
    fn where_lines_are_taken_out_stands_an_empty_range() {
        let (text, fresh) = applied(b"a\nb\nb\nc\n", &[Copy(0, 4), Copy(6, 2)]).unwrap();
        assert_eq!(text, b"a\nb\nc\n");
        assert_eq!(fresh, [4..4]);
        let (text, fresh) = applied(b"a\nb\nb\nc\n", &[Copy(0, 2), Copy(4, 4)]).unwrap();
        assert_eq!(text, b"a\nb\nc\n");
        assert_eq!(fresh, [2..2]);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert!(applied(b"abc", &[Copy(1, 3)]).is_none());
        assert!(applied(b"abc", &[Insert(b"")]).is_none());
        for delta in [&[3, 9, 0x91, 0, 3][..], &[3, 2, 0x91, 0, 3], &[3, 5, 4, 1]] {
            let delta = Delta::parse(delta).unwrap();
            let mut out = vec![0; delta.size];
            assert!(delta.apply(b"abc", &mut out, &mut Vec::new()).is_none());
        }
        assert!(Delta::parse(&[0x80]).is_none());
        assert!(Delta::parse(&[0xff; 12]).is_none());
    }
}
