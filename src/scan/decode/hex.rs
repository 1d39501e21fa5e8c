//! Long runs of hexadecimal digits, on one line or wrapped (RFC 4648 §8).

use super::Input;
use super::bytes::class;
use super::runs::{Encoding, Runs};
use super::sink::Sink;

/// Shorter runs are words and small digests.
const MIN: usize = 32;

static HEX: Encoding = Encoding {
    alphabet: class(b"0123456789abcdefABCDEF"),
    padding: 0,
    decode: decoded,
};

/// Finds runs of digits that decode to something worth a look.
pub(super) fn find(input: Input<'_>, sink: &mut Sink<'_>) {
    let mut done = 0;
    // Digits are characters of base64 too.
    for outer in input.runs.iter().filter(|run| run.len() >= MIN) {
        for run in Runs::<MIN>::new(&input.text[outer.clone()], &HEX.alphabet) {
            if sink.full() {
                return;
            }
            let run = outer.start + run.start..outer.start + run.end;
            if run.start >= done {
                done = HEX.take(input.text, run, sink).unwrap_or(done);
            }
        }
    }
}

fn decoded(digits: &mut [u8], out: &mut [u8]) -> Option<usize> {
    let value = |digit: u8| {
        char::from(digit)
            .to_digit(16)
            .and_then(|value| u8::try_from(value).ok())
    };
    let (pairs, _) = digits.as_chunks::<2>();
    for ([high, low], byte) in pairs.iter().zip(out) {
        *byte = value(*high)? << 4 | value(*low)?;
    }
    Some(pairs.len())
}
