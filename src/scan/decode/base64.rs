//! Base64 and base64url, on one line or wrapped (RFC 4648, RFC 2045 §6.8, RFC 7468).

use super::Input;
use super::bytes::{Class, Runs, class, is_worth_it, wrapped};
use super::sink::Sink;
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use std::ops::Range;

/// Shorter runs are words.
const MIN: usize = 24;
/// Characters decoded to see whether the rest is worth it.
const HEAD: usize = 64;

static ALPHABET: Class =
    class(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_");

/// Writers differ in padding and leave bits behind; both are theirs to do.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Finds runs of the alphabet that decode to something worth a look.
pub(super) fn find(input: Input<'_>, sink: &mut Sink<'_>) {
    let text = input.text;
    let mut done = 0;
    for mut run in Runs::new(text, &ALPHABET, MIN) {
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
        if let Some(end) = whole(text, run.clone(), sink) {
            done = end;
            continue;
        }
        // A path or a dashed name around it: what stands between the separators.
        let mut start = run.start;
        for part in text[run].split(|byte| !byte.is_ascii_alphanumeric()) {
            if part.len() >= MIN && part.len() < text.len() {
                done = done.max(whole(text, start..start + part.len(), sink).unwrap_or(0));
            }
            start += part.len() + 1;
        }
    }
}

/// Decodes the run and the lines that continue it; the end of what was decoded.
fn whole(text: &[u8], run: Range<usize>, sink: &mut Sink<'_>) -> Option<usize> {
    let head = &text[run.start..run.end.min(run.start + HEAD)];
    let head = decoded(head.iter().copied())?;
    if !is_worth_it(&head, run.len() / 4 * 3) && (run.len() % 2 == 1 || head.first() != Some(&0x30))
    {
        return None;
    }
    let lines = wrapped(text, run, &ALPHABET);
    let (first, last) = (lines.first()?, lines.last()?);
    let span = first.start..last.end + padding(text, last.end);
    let bytes = decoded(
        lines
            .iter()
            .flat_map(|line| text[line.clone()].iter().copied()),
    )?;
    let end = span.end;
    if !is_worth_it(&bytes, bytes.len()) {
        return None;
    }
    sink.push(bytes, span, None);
    Some(end)
}

fn padding(text: &[u8], at: usize) -> usize {
    text[at..]
        .iter()
        .take(2)
        .take_while(|byte| **byte == b'=')
        .count()
}

fn decoded(characters: impl Iterator<Item = u8>) -> Option<Vec<u8>> {
    let mut characters: Vec<u8> = characters
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            byte => byte,
        })
        .collect();
    // A single character over stands for nothing: the run was cut or is preceded by another.
    if characters.len() % 4 == 1 {
        characters.pop();
    }
    LENIENT.decode(characters).ok()
}
