//! Decoders that replace units inside a token: percent, escapes, HTML entities.

use super::bytes::is_text;
use super::sink::Sink;

/// One unit, such as `%5F`.
pub(super) struct Unit {
    /// What it stands for; of the four bytes the first `used`.
    pub(super) bytes: [u8; 4],
    pub(super) used: usize,
    /// How many bytes it takes in the text.
    pub(super) length: usize,
    /// Whether it alone is a reason to decode its token.
    pub(super) reason: Reason,
}

/// When a unit makes its token worth decoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// It may stand for a part of a secret.
    Always,
    /// It stands for none, but its last letters hide where the token behind it begins.
    BeforeToken,
    /// It neither is a part nor hides one: `&amp;` ends in a character that no token has.
    Never,
}

/// A token that a unit may hide is at least this long.
const TOKEN: usize = 16;

impl Unit {
    /// A unit of one byte.
    pub(super) fn byte(byte: u8, length: usize) -> Self {
        Self {
            bytes: [byte, 0, 0, 0],
            used: 1,
            length,
            reason: reason(u32::from(byte)),
        }
    }

    /// A unit of one character; of half a surrogate pair, the replacement character.
    pub(super) fn character(code: u32, length: usize) -> Self {
        let mut bytes = [0; 4];
        let character = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
        let used = character.encode_utf8(&mut bytes).len();
        Self {
            bytes,
            used,
            length,
            reason: reason(code),
        }
    }

    /// The same with another reason.
    pub(super) fn because(self, reason: Reason) -> Self {
        Self { reason, ..self }
    }
}

fn reason(code: u32) -> Reason {
    if (0x21..0x7f).contains(&code) {
        Reason::Always
    } else {
        Reason::BeforeToken
    }
}

/// Decodes every token in which `unit` finds a unit, at a byte `lead`, that is a reason to.
pub(super) fn find(text: &[u8], lead: u8, unit: fn(&[u8]) -> Option<Unit>, sink: &mut Sink<'_>) {
    // No token begins before `done`, and no unit before `seen`.
    let (mut done, mut seen) = (0, 0);
    for at in memchr::memchr_iter(lead, text) {
        if at < seen {
            continue;
        }
        let Some(found) = unit(&text[at..]) else {
            continue;
        };
        let wanted = match found.reason {
            Reason::Always => true,
            Reason::BeforeToken => is_token(&text[at + found.length..]),
            Reason::Never => false,
        };
        if !wanted {
            // Else the second backslash of `\\x41` would be taken for an escape.
            seen = at + found.length;
            continue;
        }
        if sink.full() {
            return;
        }
        let start = done
            + text[done..at]
                .iter()
                .rposition(|byte| ends(*byte))
                .map_or(0, |at| at + 1);
        let (bytes, end) = token(text, start, lead, unit);
        if is_text(&bytes) {
            sink.push(bytes, start..end, None);
        }
        (done, seen) = (end, end);
    }
}

fn token(text: &[u8], start: usize, lead: u8, unit: fn(&[u8]) -> Option<Unit>) -> (Vec<u8>, usize) {
    let mut bytes = Vec::new();
    let mut at = start;
    while let Some(&byte) = text.get(at) {
        if ends(byte) {
            break;
        }
        if byte == lead
            && let Some(found) = unit(&text[at..])
        {
            bytes.extend_from_slice(&found.bytes[..found.used]);
            at += found.length;
        } else {
            bytes.push(byte);
            at += 1;
        }
    }
    (bytes, at)
}

/// Whether a byte ends the token of a URL, a string literal or markup.
fn ends(byte: u8) -> bool {
    matches!(byte, 0..=b' ' | b'"' | b'\'' | b'`' | b'<' | b'>' | 0x7f)
}

fn is_token(text: &[u8]) -> bool {
    text.len() >= TOKEN
        && text[..TOKEN]
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(byte))
}

/// The number in `digits`, all of them of that radix; `None` for no digits or more than eight.
pub(super) fn number(digits: &[u8], radix: u32) -> Option<u32> {
    if digits.is_empty() || digits.len() > 8 {
        return None;
    }
    digits.iter().try_fold(0_u32, |sum, digit| {
        sum.checked_mul(radix)?
            .checked_add(char::from(*digit).to_digit(radix)?)
    })
}
