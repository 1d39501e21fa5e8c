//! Tokens that end in eight hexadecimal digits of CRC-32: Cloudflare, Grafana, Zuplo.
//!
//! Sources: Cloudflare, "API token formats"; Zuplo, "API key leak detection"; Grafana's service
//! account tokens.

use super::{Proof, Proven, token};

/// Length of the checksum in characters.
const WIDTH: usize = 8;

/// `cfut_`, `cfat_`, `cfk_` + 40 + checksum of the 40. `%{proof}`: 8 characters.
pub static CLOUDFLARE: Proof = Proof {
    name: "cloudflare",
    check: |secret| check(secret, cloudflare),
    complete: |before| cloudflare(token(before)),
};

/// `glsa_` + 32 + `_` + checksum of the prefix and the 32, its bytes in little-endian order.
/// `%{proof}`: 8 characters.
pub static GRAFANA: Proof = Proof {
    name: "grafana",
    check: |secret| check(secret, grafana),
    complete: |before| grafana(token(before)),
};

/// `zpka_` + 32 + `_` + checksum of the 32. `%{proof}`: 8 characters.
pub static ZUPLO: Proof = Proof {
    name: "zuplo",
    check: |secret| check(secret, zuplo),
    complete: |before| zuplo(token(before)),
};

/// What follows the prefix, up to and with its `_`.
fn behind_prefix(token: &str) -> &str {
    token.split_once('_').map_or(token, |(_, rest)| rest)
}

fn cloudflare(token: &str) -> String {
    format!("{:08x}", crc32fast::hash(behind_prefix(token).as_bytes()))
}

fn grafana(token: &str) -> String {
    let signed = token.strip_suffix('_').unwrap_or(token);
    format!("{:08x}", crc32fast::hash(signed.as_bytes()).swap_bytes())
}

fn zuplo(token: &str) -> String {
    let random = behind_prefix(token);
    let random = random.strip_suffix('_').unwrap_or(random);
    format!("{:08x}", crc32fast::hash(random.as_bytes()))
}

fn check(secret: &[u8], checksum: fn(&str) -> String) -> Proven {
    let right = str::from_utf8(secret).ok().is_some_and(|secret| {
        secret
            .len()
            .checked_sub(WIDTH)
            .and_then(|at| secret.split_at_checked(at))
            .is_some_and(|(token, sum)| checksum(token).eq_ignore_ascii_case(sum))
    });
    Proven::holds(right)
}
