//! Long runs of hexadecimal digits, on one line or wrapped (RFC 4648 §8).

use super::Input;
use super::bytes::{Class, Runs, class, is_worth_it, wrapped};
use super::sink::Sink;

/// Shorter runs are words and small digests.
const MIN: usize = 32;
/// Digits decoded to see whether the rest is worth it.
const HEAD: usize = 64;

static DIGITS: Class = class(b"0123456789abcdefABCDEF");

/// Finds runs of digits that decode to something worth a look.
pub(super) fn find(input: Input<'_>, sink: &mut Sink<'_>) {
    let text = input.text;
    let mut done = 0;
    for run in Runs::new(text, &DIGITS, MIN) {
        if sink.full() {
            return;
        }
        let head = decoded(text[run.start..run.end.min(run.start + HEAD)].iter());
        // A long run may be one line of a wrapped key, so its own length says nothing of the whole.
        if run.start < done || !(is_worth_it(&head, run.len() / 2) || head.first() == Some(&0x30)) {
            continue;
        }
        let lines = wrapped(text, run, &DIGITS);
        let (Some(first), Some(last)) = (lines.first(), lines.last()) else {
            continue;
        };
        let span = first.start..last.end;
        let bytes = decoded(lines.iter().flat_map(|line| text[line.clone()].iter()));
        if is_worth_it(&bytes, bytes.len()) {
            done = span.end;
            sink.push(bytes, span, None);
        }
    }
}

fn decoded<'a>(digits: impl Iterator<Item = &'a u8>) -> Vec<u8> {
    let values: Vec<u8> = digits.filter_map(|digit| value(*digit)).collect();
    let (pairs, _) = values.as_chunks::<2>();
    pairs.iter().map(|[high, low]| high << 4 | low).collect()
}

/// The value of a hexadecimal digit.
pub(super) fn value(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}
