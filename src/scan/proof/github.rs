//! Tokens of GitHub and npm: the last six characters are the CRC-32 of the random ones, in base 62.
//!
//! Source: "Behind GitHub's new authentication token formats" (GitHub, 2021) and "Announcing npm's
//! new access token format" (GitHub, 2021).

use super::{Proof, Proven, in_base, token};

const DIGITS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Length of the checksum in characters.
const WIDTH: usize = 6;

/// `ghp_`, `gho_`, `ghu_`, `ghs_` with 36 characters, `ghr_` with 76. `%{proof}`: 6 characters.
pub static GITHUB: Proof = Proof {
    name: "github",
    check,
    complete,
};

/// `npm_` with 36 characters. `%{proof}`: 6 characters.
pub static NPM: Proof = Proof {
    name: "npm",
    check,
    complete,
};

/// What follows the prefix, up to and with its `_`.
fn random(token: &str) -> &str {
    token.split_once('_').map_or(token, |(_, random)| random)
}

fn checksum(random: &str) -> String {
    in_base(crc32fast::hash(random.as_bytes()).into(), DIGITS, WIDTH)
}

fn check(secret: &[u8]) -> Proven {
    let right = str::from_utf8(secret).ok().is_some_and(|secret| {
        let all = random(secret);
        all.len()
            .checked_sub(WIDTH)
            .and_then(|at| all.split_at_checked(at))
            .is_some_and(|(random, sum)| checksum(random) == sum)
    });
    Proven::holds(right)
}

fn complete(before: &str) -> String {
    checksum(random(token(before)))
}
