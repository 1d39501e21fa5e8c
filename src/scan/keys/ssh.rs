//! Keys in the formats of SSH: OpenSSH's own (PROTOCOL.key), PuTTY's, and public keys on a line.

use super::{Key, bits_of, fingerprint, put, shown};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// How OpenSSH's own format begins.
pub(in crate::scan) const OPENSSH: &[u8] = b"openssh-key-v1\0";

/// Takes a string of SSH off the front.
fn string<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (string, rest) = rest.split_at_checked(length)?;
    *bytes = rest;
    Some(string)
}

fn number(bytes: &mut &[u8]) -> Option<u32> {
    let (number, rest) = bytes.split_first_chunk::<4>()?;
    *bytes = rest;
    Some(u32::from_be_bytes(*number))
}

/// The key in OpenSSH's own format: the public half stands in clear, with a passphrase or without;
/// the comment only without.
pub(crate) fn of_openssh(body: &[u8]) -> Option<Key> {
    let mut rest = body.strip_prefix(OPENSSH)?;
    let cipher = string(&mut rest)?;
    let (_derivation, _options) = (string(&mut rest)?, string(&mut rest)?);
    if number(&mut rest)? != 1 {
        return None;
    }
    let mut key = of_blob(string(&mut rest)?)?;
    if cipher == b"none" {
        key.comment = string(&mut rest).and_then(comment);
    }
    Some(key)
}

/// The comment behind the numbers of a private section: two check words, the kind, its numbers, the
/// comment, padding of 1, 2, 3, …
fn comment(section: &[u8]) -> Option<String> {
    let mut rest = section;
    let check = number(&mut rest)?;
    if number(&mut rest)? != check {
        return None;
    }
    let kind = string(&mut rest)?;
    let numbers = match kind {
        b"ssh-ed25519" => 2,
        b"ssh-rsa" => 6,
        b"ssh-dss" => 5,
        _ if kind.starts_with(b"ecdsa-sha2-") => 3,
        _ => return None,
    };
    for _ in 0..numbers {
        string(&mut rest)?;
    }
    string(&mut rest).and_then(shown)
}

/// The public key in the form in which SSH sends it. Of a certificate of OpenSSH, the key it
/// is for.
pub(super) fn of_blob(blob: &[u8]) -> Option<Key> {
    let mut rest = blob;
    let name = string(&mut rest)?;
    if let Some(plain) = name.strip_suffix(b"-cert-v01@openssh.com") {
        let _nonce = string(&mut rest)?;
        let mut public = Vec::new();
        put(&mut public, plain);
        for _ in 0..numbers(plain)? {
            put(&mut public, string(&mut rest)?);
        }
        return of_blob(&public);
    }
    let (kind, bits) = match name {
        b"ssh-rsa" => {
            let _exponent = string(&mut rest)?;
            ("RSA", Some(bits_of(string(&mut rest)?)))
        }
        b"ssh-dss" => ("DSA", Some(bits_of(string(&mut rest)?))),
        b"ssh-ed25519" => ("Ed25519", Some(256)),
        b"ecdsa-sha2-nistp256" => ("ECDSA", Some(256)),
        b"ecdsa-sha2-nistp384" => ("ECDSA", Some(384)),
        b"ecdsa-sha2-nistp521" => ("ECDSA", Some(521)),
        b"sk-ssh-ed25519@openssh.com" => ("Ed25519 on a security key", None),
        b"sk-ecdsa-sha2-nistp256@openssh.com" => ("ECDSA on a security key", None),
        _ => return None,
    };
    Some(Key::new(kind, bits, Some(blob.to_vec())))
}

/// How many values follow the kind in a public key.
fn numbers(kind: &[u8]) -> Option<usize> {
    match kind {
        b"ssh-rsa" => Some(2),
        b"ssh-dss" => Some(4),
        b"ssh-ed25519" => Some(1),
        _ if kind.starts_with(b"ecdsa-sha2-") => Some(2),
        _ => None,
    }
}

/// The key of a PuTTY file, of which `text` begins with or before the header.
pub(crate) fn of_putty(text: &[u8]) -> Option<Key> {
    let after = |what: &[u8]| {
        let at = memchr::memmem::find(text, what)? + what.len();
        let end = memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |end| at + end);
        Some((text[at..end].trim_ascii(), end))
    };
    let (lines, mut at) = after(b"Public-Lines: ")?;
    let lines: usize = str::from_utf8(lines).ok()?.parse().ok()?;
    let mut coded = Vec::new();
    for _ in 0..lines.min(64) {
        let rest = text.get(at + 1..)?;
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        coded.extend_from_slice(rest[..end].trim_ascii());
        at += 1 + end;
    }
    let mut key = of_blob(&STANDARD.decode(coded).ok()?)?;
    key.comment = after(b"Comment: ").and_then(|(comment, _)| shown(comment));
    Some(key)
}

/// The fingerprint of a public key on a line: `ssh-ed25519 AAAA…`, of which `coded` is the second
/// word.
pub(super) fn fingerprint_of_line(coded: &[u8]) -> Option<String> {
    let key = of_blob(&STANDARD.decode(coded).ok()?)?;
    key.public.as_deref().map(fingerprint)
}
