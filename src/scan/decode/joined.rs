//! String literals beside each other, with or without an operator between them.

use super::Input;
use super::bytes::{Class, class, name_before};
use super::sink::Sink;
use std::ops::Range;

/// A longer string is data.
const PART: usize = 64 << 10;
/// How far back on its line the first string may begin.
const BACK: usize = 1024;
/// How much white space and operators may stand between two strings.
const GAP: usize = 512;
/// Shorter results hold no secret.
const MIN: usize = 8;

/// How many bytes for each byte of the text may be searched for closing quotes in vain.
const VAIN: usize = 8;

/// What may follow the quote that ends a string with another one to come.
static JOINS: Class = class(b" \t\r\n+.|&\\(),\"'`");

/// Finds chains such as `"abc" + "def"`, `'a' . 'b'` and `"a" "b"`, over lines too.
pub(super) fn find(input: Input<'_>, sink: &mut Sink<'_>) {
    let text = input.text;
    let mut done = 0;
    let mut vain = (16 << 20) + text.len().saturating_mul(VAIN);
    for close in memchr::memchr3_iter(b'"', b'\'', b'`', text) {
        if close < done {
            continue;
        }
        // Most quotes end here: cheap, and before anything is searched.
        if !text
            .get(close + 1)
            .is_some_and(|byte| JOINS[usize::from(*byte)])
        {
            continue;
        }
        let single = close >= 2 && text[close - 2] == text[close];
        let Some((open, _)) = gap(text, close + 1, single) else {
            continue;
        };
        let Some(first) = string_before(text, close, done) else {
            continue;
        };
        if vain == 0 {
            sink.undecided("too many quotes that nothing closes");
        }
        if sink.full() {
            return;
        }
        let (parts, end) = chain(text, first.clone(), open, &mut vain);
        if parts.len() < 2 {
            continue;
        }
        done = end;
        if parts.iter().filter(|part| !part.is_empty()).count() < 2 {
            continue;
        }
        let span = first.start - 1..end;
        let name = name_before(text, span.start);
        let quote = &text[span.start..first.start];
        let mut bytes = [name, quote].concat();
        parts
            .iter()
            .for_each(|part| bytes.extend_from_slice(&text[part.clone()]));
        bytes.extend_from_slice(quote);
        if bytes.len() >= name.len() + MIN + 2 {
            sink.push(bytes, span, None);
        }
    }
}

/// From the end of a string over an optional operator to the opening quote of the next one, and
/// whether a comma stood between: one parts the characters of a list on one line, `'a', 'b'`, and nothing else.
fn gap(text: &[u8], from: usize, single: bool) -> Option<(usize, bool)> {
    let mut spaced = false;
    let mut operator = false;
    let mut comma = false;
    let mut line = false;
    for (at, &byte) in text.iter().enumerate().skip(from).take(GAP) {
        match byte {
            b'\n' if comma => return None,
            b' ' | b'\t' | b'\r' | b'\n' => {
                spaced = true;
                line |= byte == b'\n';
            }
            b'+' | b'.' | b'|' | b'&' | b'\\' => operator = true,
            b'(' | b')' => {}
            b',' if single && !line => comma = true,
            b'"' | b'\'' | b'`' => return Some((at, comma)),
            // The prefix of a Python, C or C# string.
            b'r' | b'b' | b'f' | b'u' | b'L' | b'@' | b'$' if spaced || operator => {
                return match text.get(at + 1)? {
                    b'"' | b'\'' | b'`' => Some((at + 1, comma)),
                    _ => None,
                };
            }
            _ => return None,
        }
    }
    None
}

/// The inside of the string that ends at the quote `close`, on the same line and not before `floor`.
fn string_before(text: &[u8], close: usize, floor: usize) -> Option<Range<usize>> {
    let from = floor.max(close.saturating_sub(BACK));
    let open = from + memchr::memrchr2(text[close], b'\n', &text[from..close])?;
    (text[open] != b'\n').then_some(open + 1..close)
}

/// The inside of the string that begins at the quote `open`, to the same quote on its line.
fn string_after(text: &[u8], open: usize, vain: &mut usize) -> Option<Range<usize>> {
    let start = open + 1;
    let inside = &text[start..text.len().min(start + PART)];
    for at in memchr::memchr2_iter(text[open], b'\n', inside) {
        if inside[at] == b'\n' {
            *vain = vain.saturating_sub(at);
            return None;
        }
        let slashes = inside[..at]
            .iter()
            .rev()
            .take_while(|byte| **byte == b'\\')
            .count();
        if slashes % 2 == 0 {
            return Some(start..start + at);
        }
    }
    *vain = vain.saturating_sub(inside.len());
    None
}

/// All strings of the chain whose second one opens at `open`, and where its last quote ends.
fn chain(
    text: &[u8],
    first: Range<usize>,
    open: usize,
    vain: &mut usize,
) -> (Vec<Range<usize>>, usize) {
    let mut end = first.end + 1;
    let mut parts = vec![first];
    let single = parts[0].len() == 1;
    let mut next = gap(text, end, single).filter(|(at, _)| *at == open);
    while let Some((open, comma)) = next
        && let Some(part) = string_after(text, open, vain)
    {
        if comma && part.len() != 1 {
            break;
        }
        end = part.end + 1;
        next = gap(text, end, part.len() == 1);
        parts.push(part);
    }
    (parts, end)
}
