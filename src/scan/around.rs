//! Which parts of a text to look at, where the rest is known from the text that it is built on.
//!
//! Rules look at lines, and decoders at what goes on over line ends: strings that are joined, blocks
//! of base64, lines that end in a backslash. An *excerpt* is what differs, made longer to whole
//! lines, and on over every line end that does not part what stands around it.

use memchr::{memchr, memrchr};
use std::ops::Range;

/// How far the gap between two strings that are joined is read, in bytes.
const GAP: usize = 512;

/// A shorter run of letters and digits at the end of a line is no line of base64 or hex.
const RUN: usize = 24;

/// The excerpts of a text around its `fresh` ranges: sorted, and apart from each other.
pub(super) fn excerpts(text: &[u8], fresh: &[Range<usize>]) -> Vec<Range<usize>> {
    widened(text, fresh, 0)
}

/// Ranges of a text made longer to whole lines, and by so many more to each side: sorted, and apart
/// from each other.
pub(super) fn widened(text: &[u8], ranges: &[Range<usize>], lines: usize) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        if let Some(last) = found.last_mut()
            && range.start < last.end
        {
            if range.end > last.end {
                last.end = end(text, range.end, lines);
            }
            continue;
        }
        let floor = found.last().map_or(0, |last| last.end);
        let start = start(text, range.start, floor, lines);
        let end = end(text, range.end, lines);
        match found.last_mut() {
            Some(last) if start <= last.end => last.end = end,
            Some(_) | None => found.push(start..end),
        }
    }
    found
}

/// The start of the line at `at`, or of one before it; not before `floor`, a start of a line.
fn start(text: &[u8], at: usize, floor: usize, lines: usize) -> usize {
    let line = |at: usize| memrchr(b'\n', &text[floor..at]).map_or(floor, |end| floor + end + 1);
    let mut start = line(at);
    for _ in 0..lines {
        start = line(start.saturating_sub(1).max(floor));
    }
    while start > floor && !parts(text, start) {
        start = line(start - 1);
    }
    start
}

/// The end of the line that ends at or behind `at`, or of one behind it.
fn end(text: &[u8], at: usize, lines: usize) -> usize {
    let line = |at: usize| memchr(b'\n', &text[at..]).map_or(text.len(), |end| at + end + 1);
    let mut end = if at > 0 && text[at - 1] == b'\n' {
        at
    } else {
        line(at)
    };
    for _ in 0..lines {
        end = line(end);
    }
    while end < text.len() && !parts(text, end) {
        end = line(end);
    }
    end
}

/// Whether the line end before `at` parts what stands before from what stands behind it, for every
/// decoder.
pub(super) fn parts(text: &[u8], at: usize) -> bool {
    let before = &text[..at];
    let before = before.strip_suffix(b"\n").unwrap_or(before);
    let before = before.strip_suffix(b"\r").unwrap_or(before);
    let Some((last, head)) = before.split_last() else {
        // A first line that is empty: strings may stand on either side, but none before.
        return true;
    };
    // A token that a backslash cuts.
    if *last == b'\\' && head.last().is_some_and(|byte| !byte.is_ascii_whitespace()) {
        return false;
    }
    // A line of base64 or hex that goes on.
    if is_run(*last)
        && before.len() >= RUN
        && before[before.len() - RUN..]
            .iter()
            .all(|byte| is_run(*byte))
    {
        let next = text[at..]
            .iter()
            .find(|byte| !matches!(byte, b' ' | b'\t' | b'#' | b'*' | b'>'));
        if next.is_some_and(|byte| is_run(*byte)) {
            return false;
        }
    }
    // A list of numbers, each behind a comma.
    let blank = |byte: &&u8| byte.is_ascii_whitespace();
    let opens = before.iter().rev().take(GAP).find(|byte| !blank(byte));
    if matches!(opens, Some(b',' | b'{' | b'[' | b'(')) {
        let skipped = text[at..].iter().take(GAP).take_while(blank).count();
        if text[at + skipped..].starts_with(b"0x") {
            return false;
        }
    }
    // Strings beside each other.
    let gap = |byte: &u8| {
        matches!(
            byte,
            b' ' | b'\t' | b'\r' | b'\n' | b'+' | b'.' | b'|' | b'&' | b'\\' | b'(' | b')'
        )
    };
    let is_quote = |byte: u8| matches!(byte, b'"' | b'\'' | b'`');
    let left = before.iter().rev().take(GAP).find(|byte| !gap(byte));
    if !left.is_some_and(|byte| is_quote(*byte)) {
        return true;
    }
    let behind = &text[at..];
    let right = behind.iter().take(GAP).position(|byte| !gap(byte));
    let Some(right) = right else { return true };
    let opens = is_quote(behind[right])
        || matches!(
            behind[right],
            b'r' | b'b' | b'f' | b'u' | b'L' | b'@' | b'$'
        ) && behind.get(right + 1).is_some_and(|byte| is_quote(*byte));
    !opens
}

fn is_run(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

/// What stands between excerpts that are put behind each other: it ends every token, every gap
/// between strings and every block.
const BETWEEN: &[u8] = b"{\n";

/// The excerpts put behind each other, for decoders.
pub(super) fn joined(text: &[u8], excerpts: &[Range<usize>]) -> Vec<u8> {
    let length: usize = excerpts.iter().map(|one| one.len() + BETWEEN.len()).sum();
    let mut joined = Vec::with_capacity(length);
    for excerpt in excerpts {
        joined.extend_from_slice(&text[excerpt.clone()]);
        joined.extend_from_slice(BETWEEN);
    }
    joined
}
