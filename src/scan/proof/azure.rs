//! Keys of Azure with a signature inside and a checksum at the end.
//!
//! Source: Microsoft's security-utilities (documentation of "identifiable secrets" and "common
//! annotated security keys"). The checksum is Marvin32 over the bytes before it, under a seed of
//! eight letters per kind of key.

use super::super::Validity;
use super::{Proof, Proven, token};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

/// The seeds by the signature in the key. Kinds whose seed is not known are not listed: their keys
/// stay unproven.
const SEEDS: &[(&str, &[&[u8; 8]])] = &[
    ("+ASt", &[b"Default0"]),
    ("ACDb", &[b"MastRW00", b"MastRO00"]),
    ("+ABa", &[b"AbAcct00"]),
    ("+AMC", &[b"Classic0"]),
    (
        "APIM",
        &[b"Tenant00", b"IoTHub00", b"Gatewy00", b"GitKey00"],
    ),
    ("+ASb", &[b"Send0000", b"Manage00", b"Listen00"]),
    ("+AEh", &[b"Send0000", b"Manage00", b"Listen00"]),
    ("+ARm", &[b"Send0000", b"Manage00", b"Listen00"]),
    ("AIoT", &[b"IoTHub00", b"Device00", b"DpsKey00"]),
    ("AzCa", &[b"Access00"]),
    ("+ACR", &[b"ACRDflt0"]),
    ("AzSe", &[b"PAdmin00", b"Query000"]),
    ("AzFu", &[b"Functi00", b"System00", b"Master00"]),
];

/// Keys with a four-letter signature (`+ASt`, `ACDb`, `+ACR`, …). A wrong checksum proves nothing,
/// since seeds other than the published ones are in use. `%{proof}`: six characters and padding.
pub static AZURE_KEY: Proof = Proof {
    name: "azure-key",
    check: check_key,
    complete: complete_key,
};

/// Keys with `JQQJ99` (84 characters or 88). `%{proof}`: four characters.
pub static AZURE_CASK: Proof = Proof {
    name: "azure-cask",
    check: check_cask,
    complete: complete_cask,
};

/// Marvin32, as the .NET runtime publishes it.
fn marvin32(data: &[u8], seed: u64) -> u32 {
    let (mut low, mut high) = (seed as u32, (seed >> 32) as u32);
    let mut block = |low: &mut u32| {
        high ^= *low;
        *low = low.rotate_left(20).wrapping_add(high);
        high = high.rotate_left(9) ^ *low;
        *low = low.rotate_left(27).wrapping_add(high);
        high = high.rotate_left(19);
        high
    };
    let mut fours = data.chunks_exact(4);
    for four in &mut fours {
        low = low.wrapping_add(u32::from_le_bytes([four[0], four[1], four[2], four[3]]));
        block(&mut low);
    }
    let rest = match *fours.remainder() {
        [a] => 0x8000 | u32::from(a),
        [a, b] => 0x80_0000 | u32::from(b) << 8 | u32::from(a),
        [a, b, c] => 0x8000_0000 | u32::from(c) << 16 | u32::from(b) << 8 | u32::from(a),
        _ => 0x80,
    };
    low = low.wrapping_add(rest);
    block(&mut low);
    let high = block(&mut low);
    low ^ high
}

/// The number of a seed: its letters, the first as the highest byte.
fn seed(letters: &[u8; 8]) -> u64 {
    u64::from_be_bytes(*letters)
}

fn decode(key: &str) -> Option<Vec<u8>> {
    let plain = key
        .trim_end_matches('=')
        .replace('-', "+")
        .replace('_', "/");
    STANDARD_NO_PAD.decode(plain).ok()
}

fn seeds(key: &str) -> Option<&'static [&'static [u8; 8]]> {
    let plain = key.trim_end_matches('=');
    let signature = plain
        .len()
        .checked_sub(10)
        .and_then(|at| plain.get(at..at + 4))?;
    SEEDS
        .iter()
        .find(|(known, _)| *known == signature.replace('-', "+"))
        .map(|(_, seeds)| *seeds)
}

fn check_key(secret: &[u8]) -> Proven {
    let right = str::from_utf8(secret).ok().is_some_and(|secret| {
        let (Some(seeds), Some(bytes)) = (seeds(secret), decode(secret)) else {
            return false;
        };
        bytes.split_last_chunk::<4>().is_some_and(|(body, sum)| {
            seeds
                .iter()
                .any(|letters| marvin32(body, seed(letters)).to_le_bytes() == *sum)
        })
    });
    Proven::of(if right {
        Validity::Yes
    } else {
        Validity::Unknown
    })
}

fn complete_key(before: &str) -> String {
    let token = token(before);
    let padding = match token.len() + 6 {
        86 | 54 => "==",
        43 => "=",
        _ => "",
    };
    // The checksum is the last four bytes; what comes before ends within a character, so the bits
    // that it shares are found by trying.
    for last in STANDARD_ALPHABET.chunks(1) {
        let mut draft = format!("{token}{}", char::from(last[0]));
        draft.push_str("AAAAA");
        let Some(bytes) = decode(&draft) else {
            continue;
        };
        let Some((body, _)) = bytes.split_last_chunk::<4>() else {
            continue;
        };
        let Some(letters) = seeds(&draft).and_then(|seeds| seeds.first()) else {
            continue;
        };
        let sum = marvin32(body, seed(letters)).to_le_bytes();
        let coded = STANDARD.encode([body, &sum].concat());
        let coded = coded.trim_end_matches('=');
        if coded.len() == draft.len() && coded.starts_with(token) {
            return format!("{}{padding}", &coded[token.len()..]);
        }
    }
    format!("AAAAAA{padding}")
}

const STANDARD_ALPHABET: &[u8] =
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The four characters for the 80 before them, in base64; those of base62 differ where `+` or `/`
/// would come out, and are then not provable.
fn cask_checksum(key: &str) -> Option<String> {
    let bytes = decode(key.get(..80)?)?;
    let sum = marvin32(&bytes, seed(b"Default0")).to_le_bytes();
    Some(STANDARD.encode(&sum[..3]))
}

fn check_cask(secret: &[u8]) -> Proven {
    let right = str::from_utf8(secret)
        .ok()
        .is_some_and(|key| cask_checksum(key).as_deref() == key.get(80..84));
    Proven::of(if right {
        Validity::Yes
    } else {
        Validity::Unknown
    })
}

fn complete_cask(before: &str) -> String {
    cask_checksum(token(before)).unwrap_or_else(|| "AAAA".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors of the .NET runtime's own tests.
    #[test]
    fn marvin_is_the_published_one() {
        let seed = 0x004f_b61a_001b_dbcc;
        assert_eq!(marvin32(b"", seed), 0x30ED_35C1 ^ 0x00CD_3C7D);
        assert_eq!(marvin32(b"\xAF", seed), 0x48E7_3FC7 ^ 0x7D75_DDC1);
    }

    #[test]
    fn what_is_completed_is_proven() {
        use super::super::super::template::Random;
        let base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let mut random = Random::new(3);
        for (length, signature, total) in [
            (76, "+ASt", 88),
            (76, "ACDb", 88),
            (33, "+ASb", 44),
            (42, "AzSe", 52),
            (44, "AzFu", 56),
        ] {
            let token = format!("{}{signature}", random.text(base62, length));
            let key = format!("{token}{}", complete_key(&token));
            assert_eq!(key.len(), total, "{signature}");
            assert_eq!(
                check_key(key.as_bytes()).valid,
                Validity::Yes,
                "{signature}"
            );
            let other = key.replacen(|c| c != 'b', "b", 1);
            assert_eq!(check_key(other.as_bytes()).valid, Validity::Unknown);
        }
        let token = format!(
            "{}JQQJ99BAAAAA{}AAAAAZDO",
            random.text(base62, 52),
            random.text(base62, 8)
        );
        let token = &token[..80];
        let key = format!("{token}{}", complete_cask(token));
        assert_eq!(check_cask(key.as_bytes()).valid, Validity::Yes);
    }
}
