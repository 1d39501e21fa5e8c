//! Which lines of a text none of its earlier versions has.

use super::Fresh;
use std::collections::HashSet;

/// The parts of `new` that are in none of the `old` versions.
///
/// A line is old where any version has the same line anywhere: moving a line brings nothing in, and
/// neither does a change of line ends. A *seam* stands between two old lines that no version has next
/// to each other, so that what was cut apart and is joined now counts as new. With no old version all
/// is new.
#[must_use]
pub fn fresh_lines(new: &[u8], old: &[impl AsRef<[u8]>]) -> Fresh {
    if old.is_empty() {
        return Fresh::All;
    }
    let mut lines = HashSet::new();
    let mut pairs = HashSet::new();
    for version in old {
        let mut before = None;
        for line in split(version.as_ref()) {
            lines.insert(bare(line));
            if let Some(before) = before {
                pairs.insert((before, bare(line)));
            }
            before = Some(bare(line));
        }
    }
    let mut ranges: Vec<std::ops::Range<usize>> = Vec::new();
    let mut at = 0;
    let mut before: Option<&[u8]> = None;
    for line in split(new) {
        let end = at + line.len();
        let known = lines.contains(bare(line));
        if !known {
            match ranges.last_mut() {
                Some(last) if last.end == at && last.start < at => last.end = end,
                Some(_) | None => ranges.push(at..end),
            }
        } else if before
            .is_some_and(|before| lines.contains(before) && !pairs.contains(&(before, bare(line))))
        {
            ranges.push(at..at);
        }
        before = Some(bare(line));
        at = end;
    }
    Fresh::Ranges(ranges)
}

/// Lines with their ends.
fn split(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split_inclusive(|byte| *byte == b'\n')
}

/// A line without its end.
fn bare(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::single_range_in_vec_init)]
    use super::*;

    fn ranges(new: &str, old: &[&str]) -> Fresh {
        fresh_lines(new.as_bytes(), old)
    }

    #[test]
    fn only_added_lines_are_new() {
        assert_eq!(ranges("a\nb\nc\n", &[]), Fresh::All);
        assert_eq!(
            ranges("a\nX\nY\nb\n", &["a\nb\n"]),
            Fresh::Ranges(vec![2..6])
        );
        assert_eq!(ranges("a\r\nb", &["a\nb\n"]), Fresh::Ranges(vec![]));
        assert_eq!(ranges("", &["a\n"]), Fresh::Ranges(vec![]));
    }

    #[test]
    fn what_either_parent_of_a_merge_has_is_old() {
        assert_eq!(ranges("a\nb\n", &["a\n", "b\n"]), Fresh::Ranges(vec![2..2]));
        assert_eq!(
            ranges("a\nevil\nb\n", &["a\n", "b\n"]),
            Fresh::Ranges(vec![2..7])
        );
    }

    #[test]
    fn joining_what_stood_apart_is_a_seam() {
        assert_eq!(
            ranges("head\nbody\n", &["head\njunk\nbody\n"]),
            Fresh::Ranges(vec![5..5])
        );
        assert_eq!(ranges("b\na\n", &["a\nb\n"]), Fresh::Ranges(vec![2..2]));
    }
}
