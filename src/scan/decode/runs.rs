//! Encodings that are a long run of an alphabet, perhaps wrapped over lines: base64 and hex.

use super::bytes::{Class, is_worth_it, run_end};
use super::sink::Sink;
use std::ops::Range;

/// One such encoding.
pub(super) struct Encoding {
    pub(super) alphabet: Class,
    /// The shortest run that is tried, in characters.
    pub(super) min: usize,
    /// How many `=` may stand behind it.
    pub(super) padding: usize,
    pub(super) decode: fn(Vec<u8>) -> Option<Vec<u8>>,
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
        let head = (self.decode)(text[run.start..run.end.min(run.start + HEAD)].to_vec())?;
        // Whether it is a key in DER shows in its length only, which the lines below add to.
        if !is_worth_it(&head, head.len()) && head.first() != Some(&0x30) {
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
        let characters: Vec<u8> = lines
            .iter()
            .flat_map(|line| text[line.clone()].iter().copied())
            .collect();
        let Some(bytes) = (self.decode)(characters) else {
            return false;
        };
        let worth = is_worth_it(&bytes, bytes.len());
        if worth {
            let padding = text[last.end..].iter().take(self.padding);
            let padding = padding.take_while(|byte| **byte == b'=').count();
            sink.push(bytes, first.start..last.end + padding, None);
        }
        worth
    }
}

/// The maximal runs of at least `min` bytes of a class, found by looking at every `min`-th byte
/// only (as Boyer and Moore do), since where that one is no member no run can cover it.
pub(super) struct Runs<'a> {
    text: &'a [u8],
    class: &'static Class,
    min: usize,
    at: usize,
}

impl<'a> Runs<'a> {
    pub(super) fn new(text: &'a [u8], class: &'static Class, min: usize) -> Self {
        Self {
            text,
            class,
            min,
            at: 0,
        }
    }
}

impl Iterator for Runs<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        // `at` always stands at the start of the text or behind a byte that is no member.
        while let Some(&probe) = self.text.get(self.at + self.min - 1) {
            let last = self.at + self.min - 1;
            if !self.class[usize::from(probe)] {
                self.at = last + 1;
                continue;
            }
            let back = self.text[self.at..last]
                .iter()
                .rposition(|byte| !self.class[usize::from(*byte)]);
            let start = back.map_or(self.at, |at| self.at + at + 1);
            let end = run_end(self.text, last, self.class);
            self.at = end;
            if end - start >= self.min {
                return Some(start..end);
            }
        }
        None
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

    static DIGITS: Class = class(b"0123456789");

    #[test]
    fn runs_are_maximal_and_long_enough() {
        let runs = |text: &str| {
            Runs::new(text.as_bytes(), &DIGITS, 4)
                .map(|run| (run.start, run.end))
                .collect::<Vec<_>>()
        };
        assert_eq!(runs("1234"), [(0, 4)]);
        assert_eq!(runs("123"), []);
        assert_eq!(runs("123a1234b12345"), [(4, 8), (9, 14)]);
        assert_eq!(runs("aaaaaaa12345678"), [(7, 15)]);
        assert_eq!(runs("12 345 6789 1"), [(7, 11)]);
        assert_eq!(runs(""), []);
    }
}
