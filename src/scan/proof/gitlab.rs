//! Routable tokens of GitLab: the last seven characters are the CRC-32 of all before, in base 36.
//!
//! Two forms exist, `PREFIX-payload.LLccccccc` and `PREFIX-payload.VV.LLccccccc`: payload in
//! base64url, `LL` its length and `VV` a version, both in base 36.
//! Source: GitLab's design document "Routable tokens".

use super::{Proof, Proven, in_base, token};

const DIGITS: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// Length of the checksum in characters.
const WIDTH: usize = 7;

/// `glpat-` and its kin in the routable form. `%{proof}`: for a token that ends in its payload,
/// `.`, length and checksum (10 characters); for one that ends in `.`, length and checksum; for one
/// that ends in the length, the checksum alone (7).
pub static GITLAB_ROUTABLE: Proof = Proof {
    name: "gitlab-routable",
    check,
    complete,
};

fn checksum(token: &str) -> String {
    in_base(crc32fast::hash(token.as_bytes()).into(), DIGITS, WIDTH)
}

fn check(secret: &[u8]) -> Proven {
    let right = str::from_utf8(secret).ok().is_some_and(|secret| {
        secret
            .len()
            .checked_sub(WIDTH)
            .and_then(|at| secret.split_at_checked(at))
            .is_some_and(|(token, sum)| checksum(token) == sum)
    });
    Proven::holds(right)
}

/// The payload: between the first `-` and the first `.`.
fn payload(token: &str) -> &str {
    let behind = token.split_once('-').map_or(token, |(_, rest)| rest);
    behind
        .split_once('.')
        .map_or(behind, |(payload, _)| payload)
}

fn complete(before: &str) -> String {
    let token = token(before);
    let length = in_base(payload(token).len() as u64, DIGITS, 2);
    let more = match token.rsplit_once('.') {
        None => format!(".{length}"),
        Some((head, "")) if head.contains('.') => length,
        Some((_, "")) => length,
        Some(_) => String::new(),
    };
    let sum = checksum(&format!("{token}{more}"));
    format!("{more}{sum}")
}
