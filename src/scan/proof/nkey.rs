//! Seeds of NATS NKeys: base 32 of two bytes of kind, 32 of seed and a CRC-16 (XMODEM) over both.
//!
//! Source: NATS documentation "NKeys".

use super::{Proof, Proven, token};

/// The digits of base 32 (RFC 4648).
const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The length in characters, without padding.
const LENGTH: usize = 58;

/// `S`, a letter for the kind, and the rest. `%{proof}`: what is missing to 58 characters.
pub static NKEY: Proof = Proof {
    name: "nkey",
    check: |secret| Proven::holds(holds(secret)),
    complete,
};

/// CRC-16/XMODEM: polynomial 0x1021, from 0, not reflected.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte) << 8, |crc, _| {
            crc << 1 ^ if crc & 0x8000 == 0 { 0 } else { 0x1021 }
        })
    })
}

fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let (mut bits, mut count) = (0_u32, 0);
    let mut bytes = Vec::with_capacity(text.len() * 5 / 8);
    for byte in text {
        let value = DIGITS.iter().position(|digit| digit == byte)?;
        bits = bits << 5 | value as u32;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    Some(bytes)
}

fn encode(bytes: &[u8]) -> String {
    let (mut bits, mut count) = (0_u32, 0);
    let mut text = String::with_capacity(LENGTH);
    for byte in bytes {
        bits = bits << 8 | u32::from(*byte);
        count += 8;
        while count >= 5 {
            count -= 5;
            text.push(char::from(DIGITS[(bits >> count & 31) as usize]));
        }
    }
    if count > 0 {
        text.push(char::from(DIGITS[(bits << (5 - count) & 31) as usize]));
    }
    text
}

fn holds(secret: &[u8]) -> bool {
    secret.len() == LENGTH
        && decode(secret).is_some_and(|bytes| {
            bytes
                .split_last_chunk::<2>()
                .is_some_and(|(body, sum)| crc16(body).to_le_bytes() == *sum)
        })
}

fn complete(before: &str) -> String {
    let token = token(before);
    // The third letter is `A` and so is the fourth: the bits of the kind end before it.
    let mut body = decode(format!("{token}A").as_bytes()).unwrap_or_default();
    let mut state = u64::from(crc32fast::hash(before.as_bytes())) | 1;
    while body.len() < 34 {
        state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
        body.push(if body.len() < 2 {
            0
        } else {
            (state >> 56) as u8
        });
    }
    let sum = crc16(&body).to_le_bytes();
    body.extend(sum);
    encode(&body).split_off(token.len().min(LENGTH))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_is_the_published_one() {
        assert_eq!(crc16(b"123456789"), 0x31C3);
        assert_eq!(encode(b"foobar"), "MZXW6YTBOI");
        assert_eq!(decode(b"MZXW6YTBOI").as_deref(), Some(b"foobar".as_slice()));
    }

    #[test]
    fn a_seed_checks_itself() {
        for kind in ["SU", "SA", "SO", "SN", "SC", "SX"] {
            let seed = format!("{kind}A{}", complete(&format!("{kind}A")));
            assert!(holds(seed.as_bytes()), "{kind}");
            let other = seed.replacen(|c| c != 'Q' && c != 'S', "Q", 1);
            assert!(!holds(other.as_bytes()), "{kind}");
        }
    }
}
