//! Tokens of Atlassian: the last eight characters are the CRC-32 of all before, in upper-case hex.

use super::{Proof, Proven, token};

/// Length of the checksum in characters.
const WIDTH: usize = 8;

/// `ATATT3xFfGF0…=` and `ATCTT3xFfGN0…=`; the `=` is part of what is summed. `%{proof}`: 8
/// characters.
pub static ATLASSIAN: Proof = Proof {
    name: "atlassian",
    check,
    complete: |before| checksum(token(before)),
};

/// App passwords of Bitbucket, `ATBB` + 24 + checksum. `%{proof}`: 8 characters.
pub static ATLASSIAN_APP_PASSWORD: Proof = Proof {
    name: "atlassian-app-password",
    check,
    complete: |before| checksum(token(before)),
};

fn checksum(token: &str) -> String {
    format!("{:08X}", crc32fast::hash(token.as_bytes()))
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
