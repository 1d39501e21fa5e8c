//! Private keys between `-----BEGIN … PRIVATE KEY-----` and its end (RFC 7468 and its forerunners).

use super::super::Validity;
use super::super::keys::OPENSSH;
use super::{Proof, Proven};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A key whose body decodes to DER, to OpenSSH's or to PGP's own structure says yes. A body that is cut off or made up says no. `%{proof}`: a base64
/// body of one line, for the head that stands before it.
pub static PEM: Proof = Proof {
    name: "pem",
    check,
    complete,
};

/// The shortest body that can hold a key: an Ed25519 key in PKCS #8 has 48 bytes.
const MIN_BODY: usize = 40;

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    memchr::memmem::find(text, what)
}

fn check(secret: &[u8]) -> Proven {
    let Some((headers, body)) = body(secret) else {
        return Proven::of(Validity::Unknown);
    };
    if let Some(sum) = armor_checksum(secret)
        && sum != crc24(&body)
    {
        return Proven::of(Validity::No);
    }
    let shaped = body.len() >= MIN_BODY
        && (der(&body) || body.starts_with(OPENSSH) || pgp(&headers, &body) || ssh2(&headers));
    // The body of an encrypted key of the old format is cipher text from the first byte.
    let opaque = find(secret, b"4,ENCRYPTED").is_some() && body.len() >= MIN_BODY;
    Proven::holds(shaped || opaque)
}

/// Whether a key can be used only with a passphrase.
pub(in crate::scan) fn is_encrypted(secret: &[u8], body: &[u8]) -> bool {
    find(secret, b"ENCRYPTED").is_some() || openssh_cipher(body)
}

/// The head line and the decoded body. `None` where the text is cut off before its foot.
pub(in crate::scan) fn body(secret: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let begin = find(secret, b"-----BEGIN")?;
    let head_end = begin + 10 + find(&secret[begin + 10..], b"-----")? + 5;
    let foot = head_end + find(&secret[head_end..], b"-----END")?;
    let mut coded = Vec::with_capacity(foot - head_end);
    // One line a key in a string: `\n` written as two characters.
    let text = unescape(&secret[head_end..foot]);
    for line in text.split(|byte| *byte == b'\n') {
        let line = line.trim_ascii();
        // `Proc-Type: …` and `DEK-Info: …` are headers; `=abcd` is the checksum of PGP.
        let checksum = line.len() == 5 && line[0] == b'=';
        if !line.contains(&b':') && !checksum {
            coded.extend(
                line.iter()
                    .filter(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')),
            );
        }
    }
    while coded.len() % 4 == 1 {
        coded.pop();
    }
    while coded.len() % 4 != 0 {
        coded.push(b'=');
    }
    let lax = base64::engine::GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        base64::engine::GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
    );
    let body = lax.decode(&coded).unwrap_or_default();
    Some((secret[begin..head_end].to_vec(), body))
}

/// Turns `\n` and `\r\n` written with backslashes (once or twice) into line ends.
fn unescape(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [byte, tail @ ..] = rest {
        rest = match (byte, tail) {
            (b'\\', [b'n', tail @ ..]) => {
                out.push(b'\n');
                tail
            }
            (b'\\', [b'r' | b't', tail @ ..]) => tail,
            (b'\\', _) => tail,
            _ => {
                out.push(*byte);
                tail
            }
        };
    }
    out
}

/// A SEQUENCE whose length fits what is there.
fn der(body: &[u8]) -> bool {
    let length = match body {
        [0x30, short @ 0..=0x7f, ..] => 2 + usize::from(*short),
        [0x30, 0x81, length, ..] => 3 + usize::from(*length),
        [0x30, 0x82, high, low, ..] => 4 + (usize::from(*high) << 8 | usize::from(*low)),
        _ => return false,
    };
    // Base64 of a key with comments behind it decodes to some bytes more.
    length <= body.len() && body.len() - length < 3
}

/// Whether a key of OpenSSH names a cipher other than `none`.
fn openssh_cipher(body: &[u8]) -> bool {
    body.strip_prefix(OPENSSH)
        .is_some_and(|rest| !rest.starts_with(b"\0\0\0\x04none"))
}

/// A secret key packet: tag 5, in the old (0x94-0x97) or the new (0xC5) format.
fn pgp(head: &[u8], body: &[u8]) -> bool {
    find(head, b"PGP").is_some() && matches!(body.first(), Some(0x94..=0x97 | 0xC5))
}

/// The checksum of PGP's armor (RFC 4880, 6.1): `=` and four characters on the last line.
fn armor_checksum(secret: &[u8]) -> Option<u32> {
    find(secret, b"-----BEGIN PGP")?;
    let foot = find(secret, b"-----END").unwrap_or(secret.len());
    let text = unescape(&secret[..foot]);
    let line = text
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii)
        .rfind(|line| !line.is_empty())?;
    let coded = line.strip_prefix(b"=").filter(|coded| coded.len() == 4)?;
    let sum = STANDARD.decode(coded).ok()?;
    Some(sum.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte)))
}

/// CRC-24 as RFC 4880 defines it.
fn crc24(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x00B7_04CE, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte) << 16, |crc, _| {
            (crc << 1
                ^ if crc & 0x0080_0000 == 0 {
                    0
                } else {
                    0x0186_4CFB
                })
                & 0x00FF_FFFF
        })
    })
}

/// Keys of commercial SSH (RFC 4716 heads) have a structure of their own.
fn ssh2(head: &[u8]) -> bool {
    find(head, b"SSH2").is_some()
}

fn complete(before: &str) -> String {
    let sum = crc32fast::hash(before.as_bytes());
    let mut state = u64::from(sum) | 1;
    let mut random = |count: usize| -> Vec<u8> {
        (0..count)
            .map(|_| {
                state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
                (state >> 56) as u8
            })
            .collect()
    };
    let head = before.rfind("-----BEGIN").map_or("", |at| &before[at..]);
    let bytes = if head.contains("OPENSSH") {
        [
            OPENSSH,
            b"\0\0\0\x04none\0\0\0\x04none\0\0\0\0",
            &random(120),
        ]
        .concat()
    } else if head.contains("PGP") {
        [b"\x95\x01\x80".as_slice(), &random(384)].concat()
    } else {
        [b"\x30\x81\xA0".as_slice(), &random(0xA0)].concat()
    };
    let coded = STANDARD.encode(bytes);
    let lines: Vec<&str> = coded
        .as_bytes()
        .chunks(64)
        .filter_map(|line| str::from_utf8(line).ok())
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn key(kind: &str, extra: &str, body: &str) -> String {
        format!("-----BEGIN {kind}-----\n{extra}{body}\n-----END {kind}-----")
    }

    #[test]
    fn what_is_made_up_is_told_from_what_is_a_key() {
        for kind in [
            "PRIVATE KEY",
            "RSA PRIVATE KEY",
            "OPENSSH PRIVATE KEY",
            "PGP PRIVATE KEY BLOCK",
        ] {
            let head = format!("-----BEGIN {kind}-----\n");
            let body = complete(&head);
            let whole = key(kind, "", &body);
            assert_eq!(check(whole.as_bytes()).valid, Validity::Yes, "{kind}");
            let escaped = whole.replace('\n', "\\n");
            assert_eq!(check(escaped.as_bytes()).valid, Validity::Yes, "{kind}");
            let cut = key(kind, "", &body[70..]);
            assert_eq!(check(cut.as_bytes()).valid, Validity::No, "{kind}");
        }
        assert_eq!(
            check(key("PRIVATE KEY", "", "...").as_bytes()).valid,
            Validity::No
        );
    }

    #[test]
    fn the_checksum_of_an_armor_counts() {
        assert_eq!(crc24(b"123456789"), 0x0021_CF02);
        let head = "-----BEGIN PGP PRIVATE KEY BLOCK-----\n";
        let body = complete(head);
        let bytes = STANDARD.decode(body.replace('\n', "")).unwrap();
        for (sum, valid) in [
            (crc24(&bytes), Validity::Yes),
            (crc24(&bytes) ^ 1, Validity::No),
        ] {
            let sum = STANDARD.encode(&sum.to_be_bytes()[1..]);
            let whole = key("PGP PRIVATE KEY BLOCK", "", &format!("{body}\n={sum}"));
            assert_eq!(check(whole.as_bytes()).valid, valid);
        }
    }

    #[test]
    fn an_encrypted_key_says_so() {
        let headers = "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n";
        let body = STANDARD.encode([7_u8; 90]);
        let key = key("RSA PRIVATE KEY", headers, &body);
        assert_eq!(check(key.as_bytes()).valid, Validity::Yes);
        assert!(is_encrypted(key.as_bytes(), &[7_u8; 90]));
    }
}
