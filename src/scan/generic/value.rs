//! What a value says about itself.

use super::super::{Confidence, placeholder};
use super::assign::Place;
use super::name::Kind;
use super::randomness;
use std::ops::Range;

/// Shorter values are no keys, in bytes.
pub(super) const MIN_KEY: usize = 16;

/// Values that are words of the language or of the form, not secrets, as a whole.
const EMPTY: &[&[u8]] = &[
    b"null",
    b"nil",
    b"none",
    b"true",
    b"false",
    b"undefined",
    b"yes",
    b"no",
    b"todo",
    b"tbd",
    b"changeme",
    b"change_me",
    b"change-me",
    b"changeit",
    b"redacted",
    b"string",
    b"optional",
    b"required",
    b"disabled",
    b"enabled",
    b"default",
    b"unset",
    b"empty",
    b"secret",
    b"password",
    b"token",
    b"n/a",
    b"string",
    b"text",
    b"str",
    b"bool",
    b"int",
    b"bytes",
    b"object",
    b"any",
];

/// Beginnings and parts of values that tell the reader to put his own.
const ASKS: &[&[u8]] = &[
    b"your",
    b"<",
    b"placeholder",
    b"replace",
    b"insert",
    b"enter_",
    b"enter-",
    b"change",
    b"dummy",
    b"redacted",
    b"xxxx",
    b"****",
    b"...",
    b"foobar",
    b"fill",
    b"todo",
];

/// Digests and ciphertexts that say what they are; who has them has no secret.
const DIGEST: &[&[u8]] = &[
    b"sha1-",
    b"sha256-",
    b"sha384-",
    b"sha512-",
    b"sha1:",
    b"sha256:",
    b"sha384:",
    b"sha512:",
    b"md5:",
    b"$2a$",
    b"$2b$",
    b"$2y$",
    b"$argon2",
    b"$scrypt$",
    b"$5$",
    b"$6$",
    b"{sha}",
    b"{ssha}",
    b"{bcrypt}",
    b"enc[",
    b"pbkdf2",
    b"scrypt:",
    b"scram-sha",
    b"bcrypt",
];

/// Whether this value is no literal secret at all: a reference, a path, prose, a placeholder, or
/// the name said again.
pub(super) fn says_nothing(value: &[u8], name: &[u8]) -> bool {
    let end = value
        .iter()
        .rposition(|byte| !b"`'\";,".contains(byte))
        .map_or(0, |at| at + 1);
    let start = value[..end]
        .iter()
        .position(|byte| !b"`'\"".contains(byte))
        .unwrap_or(end);
    let value = &value[start..end];
    let lower = value.to_ascii_lowercase();
    value.len() < 4
        || EMPTY.contains(&lower.as_slice())
        || ASKS
            .iter()
            .any(|part| memchr::memmem::find(&lower, part).is_some())
        || DIGEST.iter().any(|prefix| lower.starts_with(prefix))
        || placeholder::is_reference(value)
        || placeholder::is_placeholder(value)
        || is_template(value)
        || is_place(value)
        || value
            .iter()
            .any(|byte| !byte.is_ascii() || byte.is_ascii_control() || *byte == b' ')
        || (!name.is_empty() && lower == name.to_ascii_lowercase())
}

/// A template or a lookup somewhere in it.
fn is_template(value: &[u8]) -> bool {
    [
        b"${".as_slice(),
        b"$(",
        b"{{",
        b"}}",
        b"<%",
        b"%>",
        b"#{",
        b"process.env",
        b"os.environ",
        b"getenv",
        b"ENV[",
        b"env.",
        b"env(",
        b"vault:",
        b"secrets.",
        b"var.",
        b"ssm:",
        b"arn:",
        b"kms:",
        b"op://",
        b"!Ref",
        b"!Sub",
        b"{0}",
        b"{}",
    ]
    .iter()
    .any(|part| memchr::memmem::find(value, part).is_some())
        || value.starts_with(b"$")
        || (value.starts_with(b"{") && value.ends_with(b"}"))
        || (value.starts_with(b"%") && value.ends_with(b"%"))
}

/// A path, a URL, a host or a dotted name.
fn is_place(value: &[u8]) -> bool {
    let words = |separator: u8| {
        let parts: Vec<&[u8]> = value.split(|byte| *byte == separator).collect();
        parts.len() > 1
            && parts.iter().all(|part| {
                part.iter()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
                    && (part.len() < 8 || randomness::surprise(part) < 0.0)
            })
    };
    value.starts_with(b"./")
        || value.starts_with(b"../")
        || value.starts_with(b"~/")
        || value.starts_with(b"C:\\")
        || memchr::memmem::find(value, b"://").is_some()
        || words(b'/')
        || (words(b'.') && value.iter().filter(|byte| byte.is_ascii_digit()).count() < 4)
        || words(b':')
}

/// Whether a bare value is code rather than a literal: a call, an index, a member, a list.
pub(super) fn is_expression(value: &[u8]) -> bool {
    let first = value.first().copied().unwrap_or(b' ');
    matches!(
        first,
        b'(' | b'[' | b'{' | b'&' | b'*' | b'!' | b'|' | b'>' | b'<' | b'@' | b'%' | b'\\' | b'$'
    ) || value.ends_with(b")")
        || value.ends_with(b"(")
        || memchr::memmem::find(value, b"()").is_some()
        || value
            .windows(2)
            .any(|two| two[0].is_ascii_alphanumeric() && matches!(two[1], b'(' | b'['))
        || memchr::memmem::find(value, b"->").is_some()
        || memchr::memmem::find(value, b"::").is_some()
}

/// 8-4-4-4-12 hexadecimal digits.
pub(super) fn is_uuid(value: &[u8]) -> bool {
    value.len() == 36
        && value.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Evidence in bits that chance drew a value: by the order of its characters, and by their spread.
pub(super) fn random_bits(value: &[u8]) -> f64 {
    let mut bits = 0.0;
    let digits: Vec<u8>;
    let drawn = if is_uuid(value) {
        bits -= 10.0;
        digits = value.iter().copied().filter(|byte| *byte != b'-').collect();
        &digits
    } else {
        value
    };
    bits += randomness::surprise(drawn).clamp(-20.0, 28.0);
    if randomness::evenness(drawn) < 0.6 {
        bits -= 6.0;
    }
    bits
}

/// Whether a value is made of the characters that keys are made of. Signs are drawn by some
/// generators of secrets, never by those of tokens; patterns of text look random, too.
pub(super) fn is_key_like(value: &[u8], kind: Kind) -> bool {
    let token = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=_-.~:".contains(byte);
    match kind {
        Kind::Token => value.iter().all(token),
        Kind::Secret | Kind::Password => {
            value
                .iter()
                .all(|byte| byte.is_ascii_graphic() && !b"\\<>[]|`".contains(byte))
                && memchr::memmem::find(value, b"(?").is_none()
        }
    }
}

pub(super) fn is_hex(value: &[u8]) -> bool {
    value.iter().all(u8::is_ascii_hexdigit)
}

/// Whether the text just before speaks of a digest.
pub(super) fn digest_beside(text: &[u8], whole: &Range<usize>) -> bool {
    let floor = whole.start.saturating_sub(super::BESIDE);
    let near = text[floor..whole.end.min(whole.start + 64)].to_ascii_lowercase();
    [
        b"sha".as_slice(),
        b"md5",
        b"integrity",
        b"checksum",
        b"digest",
        b"commit",
        b"revision",
        b"hash",
    ]
    .iter()
    .any(|word| memchr::memmem::find(&near, word).is_some())
}

/// How many kinds of characters there are: small, large, digits, others.
fn kinds(value: &[u8]) -> usize {
    [
        value.iter().any(u8::is_ascii_lowercase),
        value.iter().any(u8::is_ascii_uppercase),
        value.iter().any(u8::is_ascii_digit),
        value.iter().any(u8::is_ascii_punctuation),
    ]
    .into_iter()
    .filter(|kind| *kind)
    .count()
}

/// Words with `-`, `_` or `.` between them, or in camel case: how programs name things.
fn is_identifier(value: &[u8]) -> bool {
    let letters = value
        .iter()
        .filter(|byte| byte.is_ascii_alphabetic())
        .count();
    let joined = value
        .iter()
        .filter(|byte| matches!(byte, b'-' | b'_' | b'.' | b':' | b'/'))
        .count();
    let turns = value
        .windows(2)
        .any(|two| two[0].is_ascii_lowercase() && two[1].is_ascii_uppercase());
    letters + joined == value.len() && (joined > 0 || turns) && randomness::surprise(value) < 4.0
}

/// Evidence in bits that a value given to a password is one.
///
/// A digit or a sign among letters is what people do to passwords and seldom to words; a word alone
/// counts only where settings are kept.
pub(super) fn password_bits(value: &[u8], place: Place) -> f64 {
    let escaped = value
        .windows(2)
        .any(|two| two[0] == b'\\' && matches!(two[1], b'x' | b'u' | b'0'..=b'9'));
    if value.len() > 64 || is_identifier(value) || escaped {
        return -20.0;
    }
    let lower = value.to_ascii_lowercase();
    let digit = value.iter().any(u8::is_ascii_digit);
    let letter = value.iter().any(u8::is_ascii_alphabetic);
    let sign = value
        .iter()
        .any(|b| b.is_ascii_punctuation() && !matches!(b, b'-' | b'_' | b'.' | b':' | b','));
    let mut bits = match (letter, digit, sign) {
        (true, true, true) => 16.0,
        (true, true, false) => 12.0,
        (true, false, true) => 10.0,
        (false, true, _) => 7.0,
        (true, false, false) => 5.0,
        (false, false, _) => -10.0,
    };
    bits += match value.len() {
        0..6 => -5.0,
        6..8 => 0.0,
        8..=40 => 2.0,
        _ => 0.0,
    };
    bits += (kinds(value) as f64 - 2.0).max(0.0);
    bits += (randomness::surprise(value) / 4.0).clamp(-2.0, 6.0);
    if says_again(&lower) {
        bits -= 5.0;
    }
    if is_stock(&lower) {
        bits -= 8.0;
    }
    bits += match place {
        Place::Environment => 5.0,
        Place::Data => 3.0,
        Place::Code => 0.0,
    };
    bits
}

/// Beginnings of the passwords that everyone writes into examples.
const STOCK: &[&[u8]] = &[
    b"admin",
    b"root",
    b"user",
    b"guest",
    b"postgres",
    b"mysql",
    b"demo",
    b"abc",
    b"foo",
    b"bar",
    b"qwerty",
    b"letmein",
    b"hello",
    b"welcome",
    b"123",
    b"1111",
    b"0000",
];

/// Whether a value is one of those, with some digits or signs behind it or none.
fn is_stock(lower: &[u8]) -> bool {
    STOCK.iter().any(|stock| {
        lower
            .strip_prefix(*stock)
            .is_some_and(|rest| !rest.iter().any(u8::is_ascii_alphabetic))
    })
}

/// Whether a value says again that it is a password, a token or a test.
fn says_again(lower: &[u8]) -> bool {
    [
        b"pass".as_slice(),
        b"p%40ss",
        b"p@ss",
        b"pwd",
        b"secret",
        b"token",
        b"test",
    ]
    .iter()
    .any(|word| memchr::memmem::find(lower, word).is_some())
}

/// How much text behind a URL is looked at for its host, in bytes.
pub(super) const HOST: usize = 64;

/// How sure it is that the password in a URL or a connection string is one; what names an example
/// host or this machine speaks against it.
pub(super) fn url_password(value: &[u8], whole: &[u8]) -> Option<Confidence> {
    let lower = whole.to_ascii_lowercase();
    let here = [
        b"localhost".as_slice(),
        b"127.0.0.1",
        b"example.",
        b"[::1]",
        b"0.0.0.0",
        b"host.docker",
    ]
    .iter()
    .any(|host| memchr::memmem::find(&lower, host).is_some());
    let word = value.to_ascii_lowercase();
    let shouted = value
        .iter()
        .all(|byte| byte.is_ascii_uppercase() || *byte == b'_');
    if shouted {
        return None;
    }
    let stock = is_stock(&word) || says_again(&word);
    if here || stock || value.len() < 5 {
        Some(Confidence::Low)
    } else {
        Some(Confidence::Medium)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_refers_or_asks_says_nothing() {
        for value in [
            "${DB_PASSWORD}",
            "{{ vault.password }}",
            "<your-key>",
            "%(password)s",
            "changeme",
            "null",
            "os.environ['X']",
            "../secrets/key.pem",
            "https://id.acme.io/token",
            "Enter it here",
            "xxxxxxxxxxxx",
            "$PASSWORD",
            "string;",
            "`password`",
            "app.config.secret",
            "Contrase\u{f1}a",
        ] {
            assert!(says_nothing(value.as_bytes(), b"password"), "{value}");
        }
        for value in [
            "hunter2x",
            "Tr0ub4dor&3",
            "nullabor7",
            "falsetto!9",
            "testify42x",
        ] {
            assert!(!says_nothing(value.as_bytes(), b"password"), "{value}");
        }
    }

    #[test]
    fn identifiers_are_no_passwords() {
        for value in ["new-password", "userPasswordInput", "current_value"] {
            assert!(
                password_bits(value.as_bytes(), Place::Code) < 0.0,
                "{value}"
            );
        }
        assert!(password_bits(b"hunter2x", Place::Environment) > 14.0);
    }
}
