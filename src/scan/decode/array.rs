//! Bytes written as a list of numbers: `{0x67, 0x68, 0x70}`, `[103, 104, 112]` behind a call that
//! makes a text of them.

use super::Input;
use super::bytes::is_text;
use super::sink::Sink;
use memchr::memmem::Finder;
use std::ops::Range;
use std::sync::LazyLock;

/// Shorter lists hold no secret.
const MIN: usize = 8;
/// Longer lists are data.
const MAX: usize = 16 << 10;
/// How far back on its line the name of a list may stand.
const BACK: usize = 256;
/// What a list of decimal numbers stands behind; without it, one is looked at nowhere, since nearly
/// all of them are tables.
static CALLS: LazyLock<[Finder<'static>; 3]> =
    LazyLock::new(|| [b"CharCode(".as_slice(), b"bytes([", b"]byte{"].map(Finder::new));

/// How a hexadecimal number begins.
static HEX: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"0x"));

/// Finds lists of at least eight numbers below 256 that spell a text. Hexadecimal ones may go over
/// lines, each of which ends in a comma.
pub(super) fn find(input: Input<'_>, sink: &mut Sink<'_>) {
    let text = input.text;
    let mut done = 0;
    for at in HEX.find_iter(text) {
        if at < done {
            continue;
        }
        let Some(open) = opens(text, at) else {
            continue;
        };
        done = list(text, open, at, sink);
        if sink.full() {
            return;
        }
    }
    for call in &*CALLS {
        let length = call.needle().len();
        for at in call.find_iter(text) {
            let start = at + length;
            let start = start + blanks(&text[start..]);
            if text.get(start).is_some_and(u8::is_ascii_digit) && !text[start..].starts_with(b"0x")
            {
                list(text, at + length - 1, start, sink);
            }
            if sink.full() {
                return;
            }
        }
    }
}

/// Where the list opens of which a number at this place is the first.
fn opens(text: &[u8], at: usize) -> Option<usize> {
    let before = &text[at.saturating_sub(BACK)..at];
    let blank = before.iter().rev();
    let blank = blank.take_while(|byte| byte.is_ascii_whitespace()).count();
    let open = at.checked_sub(blank + 1)?;
    matches!(text[open], b'{' | b'[' | b'(').then_some(open)
}

fn blanks(text: &[u8]) -> usize {
    let blank = |byte: &&u8| matches!(byte, b' ' | b'\t');
    text.iter().take(BACK).take_while(blank).count()
}

/// Reads the list whose first number stands at `start`, and says where it ends.
fn list(text: &[u8], open: usize, start: usize, sink: &mut Sink<'_>) -> usize {
    let hex = text[start..].starts_with(b"0x");
    let mut bytes = Vec::new();
    let (mut at, mut end) = (start, start);
    while let Some((byte, length)) = number(&text[at..]).filter(|_| bytes.len() < MAX) {
        bytes.push(byte);
        end = at + length;
        let comma = end + blanks(&text[end..]);
        if text.get(comma) != Some(&b',') {
            break;
        }
        let rest = text[comma + 1..].iter().take(BACK);
        let gap = rest.take_while(|byte| byte.is_ascii_whitespace() && (hex || **byte != b'\n'));
        at = comma + 1 + gap.count();
        if hex && !text[at..].starts_with(b"0x") {
            break;
        }
    }
    // The NUL at the end of a text in C.
    while bytes.last() == Some(&0) {
        bytes.pop();
    }
    if bytes.len() >= MIN && is_text(&bytes) && !bytes.contains(&b'\n') {
        let name = &text[name(text, open)];
        let named = match name.is_empty() {
            true => bytes,
            false => [name, b" = \"", &bytes, b"\""].concat(),
        };
        sink.push(named, start..end, None);
    }
    end
}

/// A number below 256 and its length.
fn number(text: &[u8]) -> Option<(u8, usize)> {
    let hex = text.starts_with(b"0x");
    let (digits, radix) = if hex { (&text[2..], 16) } else { (text, 10) };
    let length = digits
        .iter()
        .take(4)
        .take_while(|byte| byte.is_ascii_alphanumeric())
        .count();
    let value = str::from_utf8(&digits[..length]).ok()?;
    let value = value.strip_suffix("u").unwrap_or(value);
    let value = u8::from_str_radix(value, radix).ok()?;
    Some((value, length + text.len() - digits.len()))
}

/// The name that the list that opens at `start` is given to: `secret` of `char secret[] = {`.
fn name(text: &[u8], start: usize) -> Range<usize> {
    let floor = start.saturating_sub(BACK);
    let line = memchr::memrchr(b'\n', &text[floor..start]).map_or(floor, |at| floor + at + 1);
    let before = &text[line..start];
    let Some(mut end) = before.iter().rposition(|byte| matches!(byte, b'=' | b':')) else {
        return start..start;
    };
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    while end > 0 && (b" \t:=\"'[]".contains(&before[end - 1])) {
        end -= 1;
    }
    // `secret[33]`
    if before[..end].last().is_some_and(u8::is_ascii_digit)
        && let Some(open) = before[..end].iter().rposition(|byte| *byte == b'[')
        && before[open + 1..end].iter().all(u8::is_ascii_digit)
    {
        end = open;
    }
    let length = before[..end]
        .iter()
        .rev()
        .take_while(|byte| is_name(byte))
        .count();
    line + end - length..line + end
}
