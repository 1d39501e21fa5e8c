//! Offline proofs: what a secret itself says about whether it is real, and whose it is.

mod age;
mod atlassian;
mod aws;
mod azure;
mod crc;
mod github;
mod gitlab;
mod jwt;
mod nkey;
mod pem;

use super::Validity;

pub use age::AGE;
pub use atlassian::{ATLASSIAN, ATLASSIAN_APP_PASSWORD};
pub use aws::AWS_KEY_ID;
pub use azure::{AZURE_CASK, AZURE_KEY};
pub use crc::{CLOUDFLARE, GRAFANA, ZUPLO};
pub use github::{GITHUB, NPM};
pub use gitlab::GITLAB_ROUTABLE;
pub use jwt::JWT;
pub use nkey::NKEY;
pub use pem::PEM;
pub(super) use pem::{body as pem_body, is_encrypted};

/// A way to check a secret without asking anyone.
#[derive(Debug)]
pub struct Proof {
    /// What `rules.toml` calls it.
    pub name: &'static str,
    /// What the secret says.
    pub check: fn(&[u8]) -> Proven,
    /// The characters that make the proof hold for a text that ends in an unfinished token: what
    /// `%{proof}` in a template stands for.
    pub complete: fn(&str) -> String,
}

/// What a proof said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// Whether checksum or structure hold.
    pub valid: Validity,
    /// Who or what the secret belongs to, in a few printable characters.
    pub identity: Option<String>,
}

impl Proven {
    fn of(valid: Validity) -> Self {
        Self {
            valid,
            identity: None,
        }
    }

    fn holds(right: bool) -> Self {
        Self::of(if right { Validity::Yes } else { Validity::No })
    }
}

/// Every proof, sorted by name.
pub static PROOFS: &[&Proof] = &[
    &AGE,
    &ATLASSIAN,
    &ATLASSIAN_APP_PASSWORD,
    &AWS_KEY_ID,
    &AZURE_CASK,
    &AZURE_KEY,
    &CLOUDFLARE,
    &GITHUB,
    &GITLAB_ROUTABLE,
    &GRAFANA,
    &JWT,
    &NKEY,
    &NPM,
    &PEM,
    &ZUPLO,
];

/// The unfinished token at the end of a text.
fn token(before: &str) -> &str {
    let start = before
        .rfind(|c: char| !c.is_ascii_alphanumeric() && !"_-.+/=~".contains(c))
        .map_or(0, |at| at + 1);
    // An `=` counts within a token (padding, Atlassian), not before it: `KEY=token`.
    let text = &before[start..];
    match text.find('=') {
        Some(at) if at < text.len() - 1 && text[..at].len() < 24 => &text[at + 1..],
        _ => text,
    }
}

/// A number in a base, by these digits, left-padded with the first digit.
fn in_base(mut number: u64, digits: &[u8], width: usize) -> String {
    let mut out = vec![digits[0]; width];
    for place in out.iter_mut().rev() {
        *place = digits[(number % digits.len() as u64) as usize];
        number /= digits.len() as u64;
    }
    out.iter().map(|byte| char::from(*byte)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(PROOFS.windows(2).all(|two| two[0].name < two[1].name));
    }

    #[test]
    fn a_token_begins_behind_its_name() {
        assert_eq!(token("KEY=ghp_abc"), "ghp_abc");
        assert_eq!(token("key: \"npm_abc"), "npm_abc");
        let padded = format!("{}{}=", "ATATT3x", "FfGF0a".repeat(6));
        assert_eq!(token(&padded), padded);
    }

    /// The check value of CRC-32/ISO-HDLC, in the bases the tokens use.
    #[test]
    fn numbers_are_written_in_any_base() {
        let crc = u64::from(crc32fast::hash(b"123456789"));
        assert_eq!(crc, 0xCBF4_3926);
        assert_eq!(in_base(crc, b"0123456789abcdef", 8), "cbf43926");
        assert_eq!(
            in_base(35, b"0123456789abcdefghijklmnopqrstuvwxyz", 3),
            "00z"
        );
    }
}
