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

/// What a byte beside a line end may be for a decoder, a bit each.
mod role {
    /// Of a line of base64 or hex.
    pub(super) const RUN: u8 = 1;
    /// Blank.
    pub(super) const BLANK: u8 = 2;
    /// Between strings that are joined.
    pub(super) const GAP: u8 = 4;
    /// Around a string.
    pub(super) const QUOTE: u8 = 8;
    /// Before a member of a list.
    pub(super) const LIST: u8 = 16;
    /// Before the quote of a string.
    pub(super) const PREFIX: u8 = 32;
    /// Before a line of an encoding that goes on: indentation, a comment sign.
    pub(super) const INDENT: u8 = 64;
    /// Before a line end that counts for nothing.
    pub(super) const CUT: u8 = 128;
}

/// The roles of all bytes.
static ROLES: [u8; 256] = roles();

const fn roles() -> [u8; 256] {
    const MEMBERS: [(u8, &[u8]); 8] = [
        (
            role::RUN,
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_",
        ),
        (role::BLANK, b" \t\n\x0c\r"),
        (role::GAP, b" \t\r\n+.|&\\()"),
        (role::QUOTE, b"\"'`"),
        (role::LIST, b",{[("),
        (role::PREFIX, b"rbfuL@$"),
        (role::INDENT, b" \t#*>"),
        (role::CUT, b"\\"),
    ];
    let mut roles = [0; 256];
    let mut role = 0;
    while role < MEMBERS.len() {
        let (bit, members) = MEMBERS[role];
        let mut at = 0;
        while at < members.len() {
            roles[members[at] as usize] |= bit;
            at += 1;
        }
        role += 1;
    }
    roles
}

fn is(byte: u8, role: u8) -> bool {
    ROLES[usize::from(byte)] & role != 0
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
    let behind = &text[at..];
    let roles = ROLES[usize::from(*last)];
    // A token that a backslash cuts.
    if roles & role::CUT != 0 && head.last().is_some_and(|byte| !byte.is_ascii_whitespace()) {
        return false;
    }
    (roles & role::RUN == 0 || !runs_on(before, behind))
        && (roles & (role::BLANK | role::LIST) == 0 || !lists_on(before, behind))
        && (roles & (role::GAP | role::QUOTE) == 0 || !joins(before, behind))
}

/// Whether a line of base64 or hex goes on behind a line end.
fn runs_on(before: &[u8], behind: &[u8]) -> bool {
    let run = before.len().checked_sub(RUN).map(|at| &before[at..]);
    run.is_some_and(|run| run.iter().rev().all(|byte| is(*byte, role::RUN))) && {
        let next = behind.iter().find(|byte| !is(**byte, role::INDENT));
        next.is_some_and(|byte| is(*byte, role::RUN))
    }
}

/// Whether a list of numbers goes on, each behind a comma.
fn lists_on(before: &[u8], behind: &[u8]) -> bool {
    let blank = |byte: &&u8| is(**byte, role::BLANK);
    let opens = before.iter().rev().take(GAP).find(|byte| !blank(byte));
    opens.is_some_and(|byte| is(*byte, role::LIST)) && {
        let skipped = behind.iter().take(GAP).take_while(blank).count();
        behind[skipped..].starts_with(b"0x")
    }
}

/// Whether strings stand beside each other.
fn joins(before: &[u8], behind: &[u8]) -> bool {
    let gap = |byte: &u8| is(*byte, role::GAP);
    let quote = |byte: &u8| is(*byte, role::QUOTE);
    let left = before.iter().rev().take(GAP).find(|byte| !gap(byte));
    left.is_some_and(quote) && {
        let right = behind.iter().take(GAP).position(|byte| !gap(byte));
        right.is_some_and(|right| {
            quote(&behind[right])
                || is(behind[right], role::PREFIX) && behind.get(right + 1).is_some_and(quote)
        })
    }
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
