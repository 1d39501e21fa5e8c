//! Where a match stands, in lines and columns.

use crate::finding::TextRange;
use crate::scan::Match;
use std::cell::Cell;

/// The lines of a text, for places.
pub(super) struct Lines<'a> {
    bytes: &'a [u8],
    /// A place, and how many line ends stand before it: most ask for places one behind the other.
    last: Cell<(usize, usize)>,
}

impl<'a> Lines<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        let last = Cell::default();
        Self { bytes, last }
    }

    pub(super) fn range(&self, found: &Match) -> TextRange {
        let width = match found.decoded.first() {
            Some(&"utf-16") => 2,
            Some(&"utf-32") => 4,
            Some(_) | None => 1,
        };
        let (line, column) = self.position(found.span.start, width);
        let (end_line, end_column) = self.position(found.span.end, width);
        TextRange {
            line,
            column,
            end_line,
            end_column,
        }
    }

    /// Line and column of an offset, 1-based; columns count characters.
    fn position(&self, at: usize, width: usize) -> (usize, usize) {
        let before = &self.bytes[..at.min(self.bytes.len())];
        if width == 1 {
            let start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
            let (from, known) = match self.last.get() {
                (from, known) if from <= before.len() => (from, known),
                _ => (0, 0),
            };
            let ends = known + memchr::memchr_iter(b'\n', &before[from..]).count();
            self.last.set((before.len(), ends));
            let line = 1 + ends;
            let characters = String::from_utf8_lossy(&before[start..]).chars().count();
            return (line, 1 + characters);
        }
        let (mut line, mut column) = (1, 1);
        for unit in before.chunks(width) {
            let value: u32 = unit.iter().map(|byte| u32::from(*byte)).sum();
            let newline = value == u32::from(b'\n') && unit.contains(&b'\n');
            let mark = matches!(
                unit,
                [0xff, 0xfe] | [0xfe, 0xff] | [0xff, 0xfe, 0, 0] | [0, 0, 0xfe, 0xff]
            );
            (line, column) = match (newline, mark) {
                (true, _) => (line + 1, 1),
                (false, true) => (line, column),
                (false, false) => (line, column + 1),
            };
        }
        (line, column)
    }
}

/// How long the lines are at the head of a commit or tag that hold but an id: of a tree, of parents,
/// of an object.
pub(super) fn ids_at_head(headers: &[u8]) -> usize {
    let is_id = |line: &[u8]| {
        let mut words = line.trim_ascii_end().splitn(2, |byte| *byte == b' ');
        let named = matches!(words.next(), Some(b"tree" | b"parent" | b"object"));
        let is_hex =
            |id: &[u8]| matches!(id.len(), 40 | 64) && id.iter().all(u8::is_ascii_hexdigit);
        named && words.next().is_some_and(is_hex)
    };
    let lines = headers.split_inclusive(|byte| *byte == b'\n');
    lines.take_while(|line| is_id(line)).map(<[u8]>::len).sum()
}
