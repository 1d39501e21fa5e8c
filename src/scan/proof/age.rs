//! Identities of age: Bech32 (BIP 173), so that the last six characters check all before.

use super::{Proof, Proven, in_base, token};

/// What a character stands for is its place here.
const DIGITS: &[u8] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/// Length of the checksum in characters.
const WIDTH: usize = 6;

/// `AGE-SECRET-KEY-1` + 52 characters of data + checksum. `%{proof}`: 58 characters.
pub static AGE: Proof = Proof {
    name: "age",
    check: |secret| Proven::holds(checks(secret) == Some(1)),
    complete,
};

/// One step of the checksum: a BCH code over GF(32).
fn step(sum: u32, value: u8) -> u32 {
    const GENERATOR: [u32; 5] = [
        0x3b6a_57b2,
        0x2650_8e6d,
        0x1ea1_19fa,
        0x3d42_33dd,
        0x2a14_62b3,
    ];
    let top = sum >> 25;
    let mut sum = (sum & 0x01ff_ffff) << 5 ^ u32::from(value);
    for (bit, factor) in GENERATOR.into_iter().enumerate() {
        if top >> bit & 1 == 1 {
            sum ^= factor;
        }
    }
    sum
}

/// The sum over a text with its checksum: 1 if that is right. `None` for what is not Bech32.
fn checks(text: &[u8]) -> Option<u32> {
    let text = text.to_ascii_lowercase();
    let one = text.iter().rposition(|byte| *byte == b'1')?;
    let (head, data) = (&text[..one], &text[one + 1..]);
    let high = head.iter().map(|byte| byte >> 5);
    let low = head.iter().map(|byte| byte & 31);
    let mut sum = high.chain([0]).chain(low).fold(1, step);
    for byte in data {
        let value = DIGITS.iter().position(|digit| digit == byte)?;
        sum = step(sum, value as u8);
    }
    Some(sum)
}

fn complete(before: &str) -> String {
    let token = token(before);
    let mut state = u64::from(crc32fast::hash(before.as_bytes())) | 1;
    let data: String = (0..52)
        .map(|_| {
            state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
            char::from(DIGITS[(state >> 59) as usize])
        })
        .collect();
    let open = format!("{token}{data}");
    let sum = [0; WIDTH]
        .into_iter()
        .fold(checks(open.as_bytes()).unwrap_or_default(), step)
        ^ 1;
    let coded = in_base(u64::from(sum), DIGITS, WIDTH);
    format!("{data}{coded}").to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Vectors of BIP 173.
    #[test]
    fn the_checksum_is_that_of_bip_173() {
        for valid in [
            "A12UEL5L",
            "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs",
            "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw",
            "split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w",
        ] {
            assert_eq!(checks(valid.as_bytes()), Some(1), "{valid}");
        }
        assert_ne!(checks(b"A12UEL5A"), Some(1));
        assert_eq!(checks(b"a1b"), None);
    }
}
