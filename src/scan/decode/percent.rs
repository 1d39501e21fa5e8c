//! Percent-encoding (RFC 3986 §2.1).

use super::Input;
use super::rewrite::{self, Unit, number};
use super::sink::Sink;

/// Finds tokens with `%XX` in them.
pub(super) fn find(input: Input<'_>, sink: &mut Sink<'_>) {
    rewrite::find(input.text, b'%', unit, sink);
}

fn unit(text: &[u8]) -> Option<Unit> {
    let byte = number(text.get(1..3)?, 16)?;
    Some(Unit::byte(u8::try_from(byte).ok()?, 3))
}
