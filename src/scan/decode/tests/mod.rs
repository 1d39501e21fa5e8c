//! What the tests of the decoders share: seeded noise, a made-up token, packers.
#![allow(clippy::unwrap_used)]

mod hostile;
mod packed;
mod text;

use super::*;
use ::base64::Engine;
use ::base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use std::io::{Cursor, Write};

/// xorshift64*: the same noise in every run.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap() % end
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next().to_le_bytes()[7]).collect()
    }
}

fn token() -> String {
    let mut noise = Noise(7);
    let letters = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let tail: String = (0..36)
        .map(|_| char::from(letters[noise.below(letters.len())]))
        .collect();
    ["gh", "p_", &tail].concat()
}

/// A piece of any layer, with the outermost text that encodes it.
struct Found {
    hows: Vec<&'static str>,
    bytes: Vec<u8>,
    outer: Range<usize>,
    member: Option<Vec<u8>>,
}

fn all_within(text: &[u8], path: &str, budget: &mut Budget) -> (Vec<Found>, Vec<String>) {
    let decoded = decode(text, path.as_bytes(), budget);
    let (mut found, mut undecided) = (Vec::new(), decoded.undecided);
    for piece in decoded.pieces {
        assert!(
            piece.span.start <= piece.span.end && piece.span.end <= text.len(),
            "{piece:?}"
        );
        let (inner, why) = budget.deeper(|budget| all_within(&piece.bytes, "", budget));
        undecided.extend(why);
        for mut layer in inner {
            layer.hows.insert(0, piece.how);
            layer.outer = piece.span.clone();
            found.push(layer);
        }
        let Piece {
            bytes,
            span,
            how,
            member,
        } = piece;
        found.push(Found {
            hows: vec![how],
            bytes,
            outer: span,
            member,
        });
    }
    (found, undecided)
}

fn all(text: &[u8]) -> (Vec<Found>, Vec<String>) {
    all_within(text, "notes.txt", &mut Budget::default())
}

/// Asserts that the token is found by exactly `hows` in `encoded`, wherever that stands.
fn reveals(encoded: &str, hows: &[&str]) {
    for (left, right) in [("", ""), ("let a = 1;\nkey ", "\nlast"), ("(", ")")] {
        let text = [left, encoded, right].concat();
        assert!(!text.contains(&token()), "{hows:?}: it is encoded");
        let (found, undecided) = all(text.as_bytes());
        assert_eq!(undecided, Vec::<String>::new());
        let hit = found.iter().find(|found| {
            found.hows == hows && memchr::memmem::find(&found.bytes, token().as_bytes()).is_some()
        });
        let hit = hit.unwrap_or_else(|| panic!("{hows:?} does not find it in {text:?}"));
        assert!(
            hit.outer.start <= left.len() + 2 && hit.outer.end + 1 >= left.len() + encoded.len(),
            "{text:?} {:?}",
            hit.outer
        );
    }
}

fn yields_nothing(text: &str) {
    let (found, undecided) = all(text.as_bytes());
    assert!(undecided.is_empty());
    let hows: Vec<_> = found.iter().map(|found| &found.hows).collect();
    assert!(found.is_empty(), "{text:?} yields {hows:?}");
}

fn lines(text: &str, width: usize, end: &str) -> String {
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(width)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    lines.join(end)
}

fn hex_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn gzip_of(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn zip_of(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = ::zip::ZipWriter::new(Cursor::new(Vec::new()));
    let deflated = ::zip::write::SimpleFileOptions::default()
        .compression_method(::zip::CompressionMethod::Deflated);
    for (name, bytes) in members {
        out.start_file(*name, deflated).unwrap();
        out.write_all(bytes).unwrap();
    }
    out.finish().unwrap().into_inner()
}

fn tar_of(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = ::tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = ::tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        out.append_data(&mut header, name, *bytes).unwrap();
    }
    out.into_inner().unwrap()
}
