//! The armour of signatures: which lines begin one, and whether bytes are exactly one of them.

use super::{Format, NotVerified};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The lines that begin a signature for Git (`gpg-interface.c`), each with the line that ends it.
/// `PGP MESSAGE` was written by very old versions of PGP and is none here.
const ARMOURS: [(&[u8], &[u8], Format); 4] = [
    (
        b"-----BEGIN SSH SIGNATURE-----",
        b"-----END SSH SIGNATURE-----",
        Format::Ssh,
    ),
    (
        b"-----BEGIN PGP SIGNATURE-----",
        b"-----END PGP SIGNATURE-----",
        Format::OpenPgp,
    ),
    (
        b"-----BEGIN PGP MESSAGE-----",
        b"-----END PGP MESSAGE-----",
        Format::OpenPgp,
    ),
    (
        b"-----BEGIN SIGNED MESSAGE-----",
        b"-----END SIGNED MESSAGE-----",
        Format::X509,
    ),
];

/// The largest signature that is looked at, in bytes: 16 times what an RSA key of 16384 bits makes.
const LIMIT: usize = 64 << 10;

/// Whether Git takes a line for the beginning of a signature: by its start alone.
pub(super) fn begins(line: &[u8]) -> bool {
    ARMOURS.iter().any(|(begin, ..)| line.starts_with(begin))
}

/// The format of what is exactly one signature, from the first byte to the last line end.
pub(super) fn whole(text: &[u8]) -> Result<Format, NotVerified> {
    let malformed = |why| Err(NotVerified::Malformed(why));
    if text.len() > LIMIT {
        return malformed("it is larger than 64 KiB");
    }
    // Commits that are made in a browser end their signatures with an empty line.
    let ends = |byte: &u8| matches!(byte, b'\n' | b'\r');
    let length = text.iter().rposition(|byte| !ends(byte));
    let text = &text[..length.map_or(0, |last| last + 1)];
    let mut lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
    // Git for Windows and gpg there leave these.
    for line in &mut lines {
        *line = line.strip_suffix(b"\r").unwrap_or(line);
    }
    let [first, body @ .., last] = &lines[..] else {
        return malformed("it ends where it begins");
    };
    let Some((_, end, format)) = ARMOURS.iter().find(|(begin, ..)| begin == first) else {
        return malformed("it does not begin as a signature does");
    };
    if body.iter().any(|line| line.starts_with(b"-----")) {
        return malformed("something follows it, or there are two");
    }
    if last != end {
        return malformed("something follows its end, or the end is missing");
    }
    if first.ends_with(b"MESSAGE-----") && *format == Format::OpenPgp {
        return malformed("it is a whole OpenPGP message");
    }
    Ok(*format)
}

/// The bytes inside the armour of an SSH signature.
pub(super) fn ssh_bytes(text: &[u8]) -> Result<Vec<u8>, NotVerified> {
    let mut base64 = Vec::with_capacity(text.len());
    let lines = text.split(|byte| *byte == b'\n');
    for line in lines.filter(|line| !line.starts_with(b"-----")) {
        base64.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
    }
    STANDARD
        .decode(&base64)
        .map_err(|_| NotVerified::Malformed("it is not base64"))
}
