//! Texts of two or four bytes a character, brought to one byte and back by place.
//!
//! A text with a byte-order mark, or whose NUL bytes stand at every second (fourth) place, is
//! transcoded as a whole. In any other content with NUL bytes, runs of UTF-16 within it are read as
//! well, since a resource in a binary hides nothing.

use memchr::memchr;
use std::ops::Range;

/// How much of a content decides whether all of it is wide, in bytes.
const SAMPLE: usize = 4096;

/// Shorter runs of UTF-16 within a binary are not read, in characters.
const MIN_RUN: usize = 12;

/// A text transcoded to UTF-8.
#[derive(Debug)]
pub(super) struct Wide {
    /// In UTF-8. What is no character is U+FFFD.
    pub(super) text: Vec<u8>,
    /// What it was in.
    pub(super) how: &'static str,
    /// Whether it stands for all of the content, not for parts of it.
    pub(super) whole: bool,
    steps: Vec<Step>,
}

/// From here on, each character has so many bytes there and so many here.
#[derive(Debug)]
struct Step {
    here: usize,
    there: usize,
    bytes_here: usize,
    bytes_there: usize,
}

impl Wide {
    /// Where a range of the text stands in the content.
    pub(super) fn place(&self, range: &Range<usize>) -> Range<usize> {
        self.offset(range.start)..self.offset(range.end)
    }

    fn offset(&self, here: usize) -> usize {
        let after = self.steps.partition_point(|step| step.here <= here);
        match after.checked_sub(1).and_then(|index| self.steps.get(index)) {
            Some(step) => {
                step.there + (here - step.here).div_ceil(step.bytes_here) * step.bytes_there
            }
            None => 0,
        }
    }

    fn push(&mut self, character: char, there: usize, bytes_there: usize) {
        let mut buffer = [0; 4];
        let bytes = character.encode_utf8(&mut buffer).as_bytes();
        let here = self.text.len();
        let follows = self.steps.last().is_some_and(|step| {
            step.bytes_here == bytes.len()
                && step.bytes_there == bytes_there
                && step.there + (here - step.here) / step.bytes_here * bytes_there == there
        });
        if !follows {
            self.steps.push(Step {
                here,
                there,
                bytes_here: bytes.len(),
                bytes_there,
            });
        }
        self.text.extend_from_slice(bytes);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Little,
    Big,
}

/// The wide text in a content, if there is one.
pub(super) fn wide(bytes: &[u8]) -> Option<Wide> {
    match bytes {
        [0xFF, 0xFE, 0, 0, ..] => return Some(utf32(bytes, Order::Little)),
        [0, 0, 0xFE, 0xFF, ..] => return Some(utf32(bytes, Order::Big)),
        [0xFF, 0xFE, ..] => return Some(utf16(bytes, Order::Little)),
        [0xFE, 0xFF, ..] => return Some(utf16(bytes, Order::Big)),
        _ => {}
    }
    memchr(0, bytes)?;
    let sample = &bytes[..bytes.len().min(SAMPLE) & !3];
    let mut nul = [0_usize; 4];
    for four in sample.chunks_exact(4) {
        for (count, byte) in nul.iter_mut().zip(four) {
            *count += usize::from(*byte == 0);
        }
    }
    let fours = sample.len() / 4;
    let most = |count: usize| count * 10 > fours * 7;
    let few = |count: usize| count * 20 <= fours;
    match nul.map(|count| (most(count), few(count))) {
        _ if fours < 2 => runs(bytes),
        [(_, true), (true, _), (true, _), (true, _)] => Some(utf32(bytes, Order::Little)),
        [(true, _), (true, _), (true, _), (_, true)] => Some(utf32(bytes, Order::Big)),
        [(_, true), (true, _), (_, true), (true, _)] => Some(utf16(bytes, Order::Little)),
        [(true, _), (_, true), (true, _), (_, true)] => Some(utf16(bytes, Order::Big)),
        _ => runs(bytes),
    }
}

/// Whether all of a content that begins so is wide.
pub(super) fn is_wide(head: &[u8]) -> bool {
    let head = &head[..head.len().min(SAMPLE)];
    wide(head).is_some_and(|wide| wide.whole)
}

/// What stands in a part of a binary in wide characters.
pub(super) fn runs_in(part: &[u8]) -> Vec<u8> {
    runs(part).map_or_else(Vec::new, |wide| wide.text)
}

fn empty(how: &'static str, whole: bool, capacity: usize) -> Wide {
    Wide {
        text: Vec::with_capacity(capacity),
        how,
        whole,
        steps: Vec::new(),
    }
}

fn utf16(bytes: &[u8], order: Order) -> Wide {
    let mut wide = empty("utf-16", true, bytes.len() / 2);
    let units = bytes.chunks_exact(2).map(|two| {
        let two = [two[0], two[1]];
        match order {
            Order::Little => u16::from_le_bytes(two),
            Order::Big => u16::from_be_bytes(two),
        }
    });
    let mut there = 0;
    for character in char::decode_utf16(units) {
        let character = character.unwrap_or(char::REPLACEMENT_CHARACTER);
        let length = character.len_utf16() * 2;
        wide.push(character, there, length);
        there += length;
    }
    wide
}

fn utf32(bytes: &[u8], order: Order) -> Wide {
    let mut wide = empty("utf-32", true, bytes.len() / 4);
    for (index, four) in bytes.chunks_exact(4).enumerate() {
        let four = [four[0], four[1], four[2], four[3]];
        let value = match order {
            Order::Little => u32::from_le_bytes(four),
            Order::Big => u32::from_be_bytes(four),
        };
        let character = char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER);
        wide.push(character, index * 4, 4);
    }
    wide
}

/// The runs of ASCII in UTF-16 within a binary, one a line.
///
/// Looks for a character and a NUL in turn, which both byte orders show; in big endian the last
/// character of a run has no NUL behind it.
fn runs(bytes: &[u8]) -> Option<Wide> {
    let readable = |byte: u8| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~');
    let mut wide = empty("utf-16", false, 0);
    let mut at = 0;
    while let Some(nul) = memchr(0, bytes.get(at + 1..)?).map(|offset| at + 1 + offset) {
        let start = nul - 1;
        let mut end = start;
        while end + 1 < bytes.len() && readable(bytes[end]) && bytes[end + 1] == 0 {
            end += 2;
        }
        let last =
            start > 0 && bytes[start - 1] == 0 && bytes.get(end).copied().is_some_and(readable);
        let length = (end - start) / 2 + usize::from(last);
        if length >= MIN_RUN {
            for index in 0..length {
                let there = start + 2 * index;
                // In big endian a character begins with the NUL before it.
                wide.push(char::from(bytes[there]), there - usize::from(last), 2);
            }
            wide.push('\n', end, 0);
        }
        at = end.max(nul);
        if at + 1 > bytes.len() {
            break;
        }
    }
    (!wide.text.is_empty()).then_some(wide)
}
