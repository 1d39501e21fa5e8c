//! Templates of the examples in `rules.toml`: text with `%{…}` in place of what would look live.
//!
//! `%{base62:30}` stands for random characters of a named alphabet, `%{uuid}` for a UUID,
//! `%{b64:TEXT}` and `%{b64url:TEXT}` for base64 (the latter without padding) of a text that may
//! itself hold such marks, `%{proof}` for the characters that make the rule's proof hold for what
//! stands before it. The generator is seeded, so the same template gives the same text each time.

use super::proof::Proof;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// The alphabets by name.
const ALPHABETS: &[(&str, &str)] = &[
    ("ALNUM", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    ("HEX", "0123456789ABCDEF"),
    ("alnum", "0123456789abcdefghijklmnopqrstuvwxyz"),
    (
        "alpha",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    ),
    ("base32", "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
    (
        "base58",
        "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz",
    ),
    (
        "base62",
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    ),
    (
        "base64",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    ),
    (
        "base64url",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
    ),
    ("digits", "0123456789"),
    ("hex", "0123456789abcdef"),
    ("lower", "abcdefghijklmnopqrstuvwxyz"),
    ("upper", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
];

/// Longer runs of random characters are refused.
const MAX_LENGTH: usize = 100_000;

/// A small generator of repeatable random numbers (SplitMix64; Steele, Lea and Flood, 2014).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// With a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `end`, which is at least 1.
    pub fn below(&mut self, end: usize) -> usize {
        (self.draw() % end.max(1) as u64) as usize
    }

    /// Random characters of an alphabet.
    pub fn text(&mut self, alphabet: &str, length: usize) -> String {
        let letters = alphabet.as_bytes();
        (0..length)
            .map(|_| char::from(letters[self.below(letters.len())]))
            .collect()
    }
}

/// Expands a template.
///
/// # Errors
/// One line that names the mark that cannot be expanded.
pub fn expand(
    template: &str,
    proof: Option<&Proof>,
    random: &mut Random,
) -> Result<String, String> {
    let mut out = String::with_capacity(template.len() + 64);
    let mut rest = template;
    while let Some(at) = rest.find("%{") {
        out.push_str(&rest[..at]);
        let inner = &rest[at + 2..];
        let end = closing(inner).ok_or_else(|| "a `%{` is not closed".to_owned())?;
        let mark = &inner[..end];
        rest = &inner[end + 1..];
        let text = if mark == "proof" {
            let proof = proof.ok_or("`%{proof}` in a rule without proof")?;
            (proof.complete)(&out)
        } else if let Some(text) = mark.strip_prefix("b64:") {
            STANDARD.encode(expand(text, proof, random)?)
        } else if let Some(text) = mark.strip_prefix("b64url:") {
            URL_SAFE_NO_PAD.encode(expand(text, proof, random)?)
        } else if mark == "uuid" {
            uuid(random)
        } else {
            characters(mark, random)?
        };
        out.push_str(&text);
    }
    out.push_str(rest);
    Ok(out)
}

/// Where the `}` of a mark stands, other braces within it counted.
fn closing(inner: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, byte) in inner.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 0 => return Some(at),
            b'}' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn characters(mark: &str, random: &mut Random) -> Result<String, String> {
    let unknown =
        || format!("`%{{{mark}}}` is none of ALPHABET:LENGTH, b64:, b64url:, uuid, proof");
    let (name, length) = mark.split_once(':').ok_or_else(unknown)?;
    let (_, alphabet) = ALPHABETS
        .iter()
        .find(|(known, _)| *known == name)
        .ok_or_else(unknown)?;
    match length.parse() {
        Ok(length) if (1..=MAX_LENGTH).contains(&length) => Ok(random.text(alphabet, length)),
        _ => Err(unknown()),
    }
}

fn uuid(random: &mut Random) -> String {
    let hex = "0123456789abcdef";
    let mut part = |length| random.text(hex, length);
    let (a, b, c, d, e) = (part(8), part(4), part(3), part(3), part(12));
    format!("{a}-{b}-4{c}-a{d}-{e}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn marks_are_expanded() {
        let text = |template: &str| expand(template, None, &mut Random::new(1)).unwrap();
        assert_eq!(text("plain {x} %"), "plain {x} %");
        assert_eq!(text("a%{hex:8}b").len(), 10);
        assert_eq!(text("%{uuid}").len(), 36);
        assert_eq!(text("%{b64:{\"a\":1}}"), STANDARD.encode("{\"a\":1}"));
        assert_eq!(text("%{b64url:x%{hex:2}}").len(), 4);
        assert_eq!(text("%{base62:30}"), text("%{base62:30}"));
    }

    #[test]
    fn what_cannot_be_expanded_is_named() {
        for template in ["%{hex}", "%{hex:0}", "%{klingon:3}", "%{hex:3", "%{proof}"] {
            assert!(
                expand(template, None, &mut Random::new(1)).is_err(),
                "{template}"
            );
        }
    }
}
