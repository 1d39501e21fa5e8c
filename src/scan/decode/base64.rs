//! Base64 and base64url, on one line or wrapped (RFC 4648, RFC 2045 §6.8, RFC 7468).

use super::Input;
use super::bytes::class;
use super::runs::{Encoding, Runs};
use super::sink::Sink;
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use std::ops::Range;

/// Shorter runs are words.
const MIN: usize = 24;

static BASE64: Encoding = Encoding {
    alphabet: class(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"),
    padding: 2,
    decode: decoded,
};

/// Writers differ in padding and leave bits behind; both are theirs to do.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The runs of the alphabet that are long enough, of which those of hexadecimal digits are parts.
pub(super) fn runs(text: &[u8]) -> Vec<Range<usize>> {
    Runs::<MIN>::new(text, &BASE64.alphabet).collect()
}

/// Finds runs of the alphabet that decode to something worth a look.
pub(super) fn find(input: Input<'_>, sink: &mut Sink<'_>) {
    let text = input.text;
    let mut done = 0;
    for mut run in input.runs.iter().cloned() {
        if sink.full() {
            return;
        }
        run.start = run.start.max(done);
        // The `n` of an escaped line end is no part of what follows it.
        if run.start > 0
            && text[run.start - 1] == b'\\'
            && matches!(text[run.start], b'n' | b'r' | b't')
        {
            run.start += 1;
        }
        if run.len() < MIN {
            continue;
        }
        if let Some(end) = BASE64.take(text, run.clone(), sink) {
            done = end;
            continue;
        }
        // A path or a dashed name around it: what stands between the separators.
        let mut start = run.start;
        for part in text[run].split(|byte| !byte.is_ascii_alphanumeric()) {
            if part.len() >= MIN {
                done = done.max(
                    BASE64
                        .take(text, start..start + part.len(), sink)
                        .unwrap_or(0),
                );
            }
            start += part.len() + 1;
        }
    }
}

fn decoded(characters: &mut [u8], out: &mut [u8]) -> Option<usize> {
    for byte in &mut *characters {
        match *byte {
            b'-' => *byte = b'+',
            b'_' => *byte = b'/',
            _ => {}
        }
    }
    // A single character over stands for nothing: the run was cut or is preceded by another.
    let over = usize::from(characters.len() % 4 == 1);
    let characters = &characters[..characters.len() - over];
    LENIENT.decode_slice(characters, out).ok()
}
