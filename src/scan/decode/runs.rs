//! Encodings that are a long run of an alphabet, perhaps wrapped over lines: base64 and hex.

use super::bytes::{Class, is_worth_it, run_end};
use super::sink::Sink;
use std::ops::Range;

/// One such encoding.
pub(super) struct Encoding {
    pub(super) alphabet: Class,
    /// How many `=` may stand behind it.
    pub(super) padding: usize,
    /// Writes what characters stand for to a buffer of their length, and says how many bytes that
    /// were; the characters may be changed.
    pub(super) decode: fn(&mut [u8], &mut [u8]) -> Option<usize>,
}

/// Characters decoded to see whether the rest is worth it.
const HEAD: usize = 64;

impl Encoding {
    /// Decodes the run and the lines that continue it, where that is worth a look; the end of what
    /// was looked at.
    pub(super) fn take(
        &self,
        text: &[u8],
        run: Range<usize>,
        sink: &mut Sink<'_>,
    ) -> Option<usize> {
        let (mut characters, mut head) = ([0; HEAD], [0; HEAD]);
        let characters = &mut characters[..run.len().min(HEAD)];
        characters.copy_from_slice(&text[run.start..run.start + characters.len()]);
        let length = (self.decode)(characters, &mut head)?;
        let head = &head[..length];
        // Whether it is a key in DER shows in its length only, which the lines below add to.
        if !is_worth_it(head, head.len()) && head.first() != Some(&0x30) {
            return None;
        }
        let lines = wrapped(text, run, &self.alphabet);
        let last = lines.last()?.end;
        if self.push(text, &lines, sink) {
            return Some(last);
        }
        if lines.len() == 1 {
            return None;
        }
        // Each line for itself, and none twice: else blocks of noise would cost the square.
        for line in lines.chunks(1) {
            self.push(text, line, sink);
        }
        Some(last)
    }

    fn push(&self, text: &[u8], lines: &[Range<usize>], sink: &mut Sink<'_>) -> bool {
        let (Some(first), Some(last)) = (lines.first(), lines.last()) else {
            return false;
        };
        let mut characters = Vec::new();
        for line in lines {
            characters.extend_from_slice(&text[line.clone()]);
        }
        let mut bytes = vec![0; characters.len()];
        let Some(length) = (self.decode)(&mut characters, &mut bytes) else {
            return false;
        };
        bytes.truncate(length);
        let worth = is_worth_it(&bytes, bytes.len());
        if worth {
            let padding = text[last.end..].iter().take(self.padding);
            let padding = padding.take_while(|byte| **byte == b'=').count();
            sink.push(bytes, first.start..last.end + padding, None);
        }
        worth
    }
}

/// The maximal runs of at least `MIN` (4 to 64, even) bytes of a class.
///
/// Every second byte is looked at: a run covers `MIN / 2` of them in a row. A block of them becomes
/// the bits of a word, in which rows are found by shifting, without branches, which text would
/// mispredict.
pub(super) struct Runs<'a, const MIN: usize> {
    text: &'a [u8],
    class: &'static Class,
    at: usize,
}

/// Bytes of a block: each second one is a bit.
const BLOCK: usize = 128;

impl<'a, const MIN: usize> Runs<'a, MIN> {
    pub(super) fn new(text: &'a [u8], class: &'static Class) -> Self {
        Self { text, class, at: 0 }
    }

    /// A place within the next row of members, at every second byte from `from` on.
    fn row(&self, mut from: usize) -> Option<usize> {
        while let Some(block) = self.text[from..].first_chunk::<BLOCK>() {
            let mut bits = 0_u64;
            for (at, pair) in block.chunks_exact(2).enumerate() {
                bits |= u64::from(self.class[usize::from(pair[0])]) << at;
            }
            let mut have = 1;
            while have < MIN / 2 {
                let step = have.min(MIN / 2 - have);
                bits &= bits >> step;
                have += step;
            }
            if bits != 0 {
                return Some(from + 2 * bits.trailing_zeros() as usize);
            }
            // Rows that begin in the last bits are seen in the next block.
            from += BLOCK - (MIN - 2);
        }
        let mut count = 0;
        for at in (from..self.text.len()).step_by(2) {
            count = if self.class[usize::from(self.text[at])] {
                count + 1
            } else {
                0
            };
            if count == MIN / 2 {
                return Some(at);
            }
        }
        None
    }
}

impl<const MIN: usize> Iterator for Runs<'_, MIN> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        // `at` always stands at the start of the text or at or behind a byte that is no member.
        loop {
            let inside = self.row(self.at)?;
            let start = self.text[self.at..inside]
                .iter()
                .rposition(|byte| !self.class[usize::from(*byte)])
                .map_or(self.at, |at| self.at + at + 1);
            self.at = run_end(self.text, inside, self.class);
            if self.at - start >= MIN {
                return Some(start..self.at);
            }
        }
    }
}

/// The lines of a wrapped encoding whose first line is `first`: lines of its width, then at most
/// one shorter. Lines are parted by line ends, with indentation or a comment sign, or by the escapes
/// `\n` and `\r\n`.
fn wrapped(text: &[u8], first: Range<usize>, class: &Class) -> Vec<Range<usize>> {
    let width = first.len();
    let mut lines = vec![first];
    while let Some(start) = lines.last().and_then(|line| next_line(text, line.end)) {
        let end = run_end(text, start, class);
        let length = end - start;
        let closed = match text.get(end) {
            None => true,
            Some(byte) => matches!(
                byte,
                b'\r' | b'\n' | b'"' | b'\'' | b'`' | b'\\' | b'=' | b'<' | b')'
            ),
        };
        if length == 0 || length > width || !closed {
            break;
        }
        lines.push(start..end);
        if length < width {
            break;
        }
    }
    lines
}

fn next_line(text: &[u8], at: usize) -> Option<usize> {
    let rest = &text[at..];
    for end in [&b"\\r\\n"[..], b"\\n"] {
        if rest.starts_with(end) {
            return Some(at + end.len());
        }
    }
    let rest = rest
        .strip_prefix(b"\r")
        .unwrap_or(rest)
        .strip_prefix(b"\n")?;
    let indent = rest
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\t' | b'#' | b'*' | b'>'))
        .count();
    Some(text.len() - rest.len() + indent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::decode::bytes::class;
    use crate::scan::template::Random;

    static DIGITS: Class = class(b"0123456789");

    #[test]
    fn runs_are_maximal_and_long_enough() {
        let runs = |text: &str| {
            Runs::<4>::new(text.as_bytes(), &DIGITS)
                .map(|run| (run.start, run.end))
                .collect::<Vec<_>>()
        };
        assert_eq!(runs("1234"), [(0, 4)]);
        assert_eq!(runs("123"), []);
        assert_eq!(runs("123a1234b12345"), [(4, 8), (9, 14)]);
        assert_eq!(runs("aaaaaaa12345678"), [(7, 15)]);
        assert_eq!(runs("12 345 6789 1"), [(7, 11)]);
        assert_eq!(runs(""), []);
        let mut random = Random::new(20);
        for _ in 0..400 {
            let length = random.below(400);
            let text = random.text(
                ["0123456789x", "01234567891234567890123456789x"][length % 2],
                length,
            );
            let mut want = Vec::new();
            let mut at = 0;
            for run in text.split('x') {
                if run.len() >= 4 {
                    want.push((at, at + run.len()));
                }
                at += run.len() + 1;
            }
            assert_eq!(runs(&text), want, "{text}");
        }
    }
}
