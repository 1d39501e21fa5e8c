//! Which bytes a rule has to look at: around the hits of its keywords, or around its partner.

use super::keywords::Hit;
use super::rule::Rule;
use memchr::{memchr, memrchr};
use std::ops::Range;

/// A match of a rule with `near` may stand this far from its partner, in bytes, however many lines
/// are asked for: a file of one line is no neighbourhood.
const MAX_NEAR: usize = 4096;

/// The bytes around a hit that a match can cover: the line of the hit for a rule of one line, and
/// never more than the reach of the rule to either side.
///
/// Two bytes more than the reach, so that the end of the window, where `$` and `\b` see an end that
/// is none, is out of reach of every true match that holds the keyword.
fn window(rule: &Rule, text: &[u8], hit: &Hit) -> Range<usize> {
    let start = (hit.start + hit.len).saturating_sub(rule.reach + 2);
    let end = (hit.start + rule.reach + 2).min(text.len());
    if rule.lines > 1 {
        return start..end;
    }
    let start = memrchr(b'\n', &text[start..hit.start]).map_or(start, |at| start + at + 1);
    let end = memchr(b'\n', &text[hit.start..end]).map_or(end, |at| {
        let end = hit.start + at;
        if end > start && text[end - 1] == b'\r' {
            end - 1
        } else {
            end
        }
    });
    start..end
}

/// The line that holds a place, without its end.
pub(super) fn line_at(text: &[u8], at: usize) -> Range<usize> {
    let start = memrchr(b'\n', &text[..at]).map_or(0, |end| end + 1);
    let end = memchr(b'\n', &text[at..]).map_or(text.len(), |end| at + end);
    start..end
}

/// The windows of all hits of a rule, joined where they overlap.
pub(super) fn windows(rule: &Rule, text: &[u8], hits: &[Hit]) -> Vec<Range<usize>> {
    let mut windows: Vec<Range<usize>> = Vec::new();
    for hit in hits {
        let window = window(rule, text, hit);
        match windows.last_mut() {
            Some(last) if last.end > window.start => last.end = last.end.max(window.end),
            _ => windows.push(window),
        }
    }
    windows
}

/// How many line ends a text has, one at its own end aside.
pub(super) fn lines_in(text: &[u8]) -> usize {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    memchr::memchr_iter(b'\n', text).count()
}

/// Cuts a window into its lines for a rule of one line.
pub(super) fn lines<'a>(
    text: &'a [u8],
    window: &Range<usize>,
    stretch: usize,
) -> impl Iterator<Item = Range<usize>> + use<'a> {
    let (mut at, end) = (window.start, window.end);
    std::iter::from_fn(move || {
        (at < end).then(|| {
            let start = at;
            let stop = if stretch > 1 {
                end
            } else {
                memchr(b'\n', &text[at..end]).map_or(end, |offset| at + offset)
            };
            at = stop + 1;
            start..if text[start..stop].ends_with(b"\r") {
                stop - 1
            } else {
                stop
            }
        })
    })
}

/// The lines around a place.
pub(super) fn neighbourhood(text: &[u8], place: &Range<usize>, lines: usize) -> Range<usize> {
    let floor = place.start.saturating_sub(MAX_NEAR);
    let ceiling = (place.end + MAX_NEAR).min(text.len());
    let start = memchr::memrchr_iter(b'\n', &text[floor..place.start])
        .nth(lines)
        .map_or(floor, |at| floor + at + 1);
    let end = memchr::memchr_iter(b'\n', &text[place.end..ceiling])
        .nth(lines)
        .map_or(ceiling, |at| place.end + at);
    start..end
}
