//! Tells values that stand for a secret from secrets.
//!
//! Applies to every rule, so it is narrow: only values that *as a whole* say that they are none.
//! A token is never dropped for a word that it happens to contain, apart from `EXAMPLE`, which
//! providers put into the keys of their documentation; seven given letters in a row do not come
//! up by chance (less than one token in 10^10).

/// Whether this value only stands for a secret.
pub(super) fn is_placeholder(value: &[u8]) -> bool {
    value.is_empty()
        || is_reference(value)
        || contains_example(value)
        || {
            let body = body(value);
            is_monotone(body) || is_sequence(body) || is_repetition(body)
        }
        || is_public(value)
}

/// One character for at least half of the value, or the same few again and again: `AKIAXXXXXXXX`,
/// `h4x0rh4x0rh4x0r`. Less than one token in 10^8 of 12 characters or more does so by chance.
fn is_repetition(value: &[u8]) -> bool {
    if !(12..=256).contains(&value.len()) {
        return false;
    }
    let longest = value
        .chunk_by(|a, b| a == b)
        .map(<[u8]>::len)
        .max()
        .unwrap_or_default();
    longest >= 8 && longest * 2 >= value.len()
        || (3..=value.len() / 3).any(|period| value[period..] == value[..value.len() - period])
}

/// Base 64 of what is meant to be seen: a certificate, a public key.
fn is_public(value: &[u8]) -> bool {
    [b"LS0tLS1CRUdJTiBDRVJU".as_slice(), b"LS0tLS1CRUdJTiBQVUJM"]
        .iter()
        .any(|begin| value.starts_with(begin))
}

/// What follows the fixed beginning of a token, `ghp_`, `sk-live-`: the part behind the last `_` or
/// `-` (behind an `=` at the end aside) if it is long enough to speak for the value.
fn body(value: &[u8]) -> &[u8] {
    let cut = value
        .iter()
        .rposition(|byte| matches!(byte, b'_' | b'-' | b':' | b'.'))
        .map_or(0, |at| at + 1);
    if (value.len() - cut) * 2 >= value.len() {
        &value[cut..]
    } else {
        value
    }
}

/// A template or a variable in place of the value: `<…>`, `${…}`, `{{…}}`, `$(…)`, `%s`, `%(…)s`,
/// `%NAME%`, `#{…}`, `[…]`, `$NAME`, `@NAME@`, `__NAME__`.
pub(super) fn is_reference(value: &[u8]) -> bool {
    let name = |name: &[u8]| {
        !name.is_empty()
            && name.iter().all(|byte| {
                byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b' ')
            })
    };
    match value {
        [b'<', .., b'>'] | [b'$', b'{' | b'(', ..] | [b'{', b'{', ..] | [b'#' | b'@', b'{', ..] => {
            true
        }
        [b'{', inner @ .., b'}'] | [b'[', inner @ .., b']'] => name(inner),
        [b'%', b's' | b'd' | b'v' | b'q' | b'@'] | [b'%', b'(' | b'{', ..] => true,
        [b'%', inner @ .., b'%'] | [b'@', inner @ .., b'@'] => name(inner),
        [b'_', b'_', inner @ .., b'_', b'_'] => name(inner),
        [b'$', rest @ ..] => {
            let shouted = rest
                .iter()
                .all(|byte| byte.is_ascii_uppercase() || *byte == b'_');
            !rest.is_empty() && shouted
        }
        _ => false,
    }
}

/// Not in long texts such as keys with headers, where the word may be part of a comment.
fn contains_example(value: &[u8]) -> bool {
    value.len() <= 256
        && value
            .windows(7)
            .any(|seven| seven.eq_ignore_ascii_case(b"example"))
}

/// One character, or two at most in a long value, and nothing else: `xxxxxxxx`, `********`,
/// `0000-0000`, `xoxoxoxoxo`.
fn is_monotone(value: &[u8]) -> bool {
    let mut seen: [Option<u8>; 3] = [None; 3];
    for byte in value
        .iter()
        .filter(|byte| !matches!(byte, b'-' | b'_' | b'.' | b' ' | b'='))
    {
        let byte = byte.to_ascii_lowercase();
        match seen
            .iter_mut()
            .find(|slot| slot.is_none_or(|known| known == byte))
        {
            Some(slot) => *slot = Some(byte),
            None => return false,
        }
    }
    match seen.iter().flatten().count() {
        0 | 1 => value.len() >= 3 || !value.iter().any(u8::is_ascii_alphanumeric),
        2 => value.len() >= 12,
        _ => false,
    }
}

/// At least two thirds of the steps from one character to the next are +1 (or all are -1):
/// `1234567890`, `abcdefgh`, `0123456789abcdef0123456789abcdef`.
fn is_sequence(value: &[u8]) -> bool {
    if value.len() < 12 {
        return false;
    }
    steps(value, 1) || steps(value, 2)
}

/// [`is_sequence`] for every character or for every second one: `a1b2c3d4e5f6`.
fn steps(value: &[u8], stride: usize) -> bool {
    let (mut up, mut down) = (0, 0);
    for pair in value.windows(stride + 1) {
        let (a, b) = (
            pair[0].to_ascii_lowercase(),
            pair[stride].to_ascii_lowercase(),
        );
        let wraps = (a == b'9' && (b == b'0' || b == b'a')) || (a == b'f' && b == b'0');
        up += usize::from(b == a.wrapping_add(1) || wraps);
        down += usize::from(a == b.wrapping_add(1));
    }
    let least = (value.len() - stride) * 2 / 3;
    up >= least.max(1) || down >= least.max(1)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::template::{Random, expand};
    use super::*;

    #[test]
    fn what_stands_for_a_secret_is_told_from_secrets() {
        for value in [
            "xxxxxxxxxxxxxxxx",
            "ghp_xxxxxxxxxxxxxxxxxxxx",
            "****************",
            "AKIAIOSFODNN7EXAMPLE",
            "<token>",
            "${TOKEN}",
            "{{ token }}",
            "$(cat token)",
            "%s",
            "%TOKEN%",
            "@token@",
            "__TOKEN__",
            "0123456789abcdef0123456789abcdef",
            "1234567890123456",
            "abcdefghijklmnopqrstuvwxyz",
            "sk_test_000000000000000000000000",
            "$API_KEY",
            "00000000-0000-0000-0000-000000000000",
            "AKIAXXXXXXXXXXXXXXXX",
            "h4x0rh4x0rh4x0rh4x0r",
            "A1B2C3D4E5F6G7H8I9J0",
            "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUM",
        ] {
            assert!(is_placeholder(value.as_bytes()), "{value}");
        }
        for value in [
            "true-9fZ8",
            "false4711x",
            "nullAAB3z",
            "test-k3y9Qw",
            "a$b9!",
            "p4ss{w0rd",
        ] {
            assert!(!is_placeholder(value.as_bytes()), "{value}");
        }
    }

    #[test]
    fn no_token_drawn_by_chance_is_dropped() {
        let mut random = Random::new(21);
        for template in [
            "%{hex:32}",
            "%{base62:20}",
            "ghp_%{base62:36}",
            "%{digits:16}",
            "%{base64url:43}",
        ] {
            for _ in 0..3000 {
                let value = expand(template, None, &mut random).unwrap();
                assert!(!is_placeholder(value.as_bytes()), "{value}");
            }
        }
    }
}
