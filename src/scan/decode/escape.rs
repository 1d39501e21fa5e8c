//! Escapes of string literals: JSON (RFC 8259 §7), C, JavaScript, Python, Rust, shell `$'…'`.

use super::Input;
use super::rewrite::{self, Reason, Unit, number};
use super::sink::Sink;

/// Finds tokens with escapes in them that stand for printable characters.
pub(super) fn find(input: Input<'_>, sink: &mut Sink<'_>) {
    rewrite::find(input.text, b'\\', unit, sink);
}

fn unit(text: &[u8]) -> Option<Unit> {
    match *text.get(1)? {
        b'x' => {
            let byte = number(text.get(2..4)?, 16)?;
            Some(Unit::byte(u8::try_from(byte).ok()?, 4))
        }
        b'u' if text.get(2) == Some(&b'{') => {
            let digits = text[3..].iter().take(9).position(|byte| *byte == b'}')?;
            Some(Unit::character(
                number(&text[3..3 + digits], 16)?,
                digits + 4,
            ))
        }
        b'u' => Some(Unit::character(number(text.get(2..6)?, 16)?, 6)),
        b'U' => Some(Unit::character(number(text.get(2..10)?, 16)?, 10)),
        b'0'..=b'3' => {
            let byte = number(text.get(1..4)?, 8)?;
            Some(Unit::byte(u8::try_from(byte).ok()?, 4))
        }
        b'/' => Some(Unit::byte(b'/', 2)),
        b'n' => Some(Unit::byte(b'\n', 2)),
        b'r' => Some(Unit::byte(b'\r', 2)),
        b't' => Some(Unit::byte(b'\t', 2)),
        quote @ (b'"' | b'\'' | b'\\') => Some(Unit::byte(quote, 2).because(Reason::Never)),
        _ => None,
    }
}
