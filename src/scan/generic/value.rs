//! What a value says about itself.

use super::super::placeholder;
use super::name::Kind;
use super::randomness;
use super::{Evidence, chosen};
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
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
    b"%{",
    b"%20",
];

/// Beginnings of versions and of where a package comes from.
const VERSIONS: &[&[u8]] = &[
    b"npm:",
    b"workspace:",
    b"link:",
    b"portal:",
    b"patch:",
    b"file:",
    b"github:",
    b"git+",
    b"^",
    b"~",
    b">=",
    b"<=",
    b"==",
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
        || is_version(&lower)
        || placeholder::is_reference(value)
        || placeholder::is_placeholder(value)
        || is_template(value)
        || is_place(value)
        || value
            .iter()
            .any(|byte| !byte.is_ascii() || byte.is_ascii_control() || *byte == b' ')
        || (!name.is_empty() && lower == name.to_ascii_lowercase())
}

/// A version, a range of versions, or a package.
fn is_version(lower: &[u8]) -> bool {
    VERSIONS.iter().any(|prefix| match prefix {
        [b'^' | b'~' | b'>' | b'<' | b'=', ..] => lower
            .strip_prefix(*prefix)
            .is_some_and(|rest| rest.first().is_some_and(u8::is_ascii_digit)),
        prefix => lower.starts_with(prefix),
    }) || (memchr::memchr(b'.', lower).is_some()
        && lower
            .iter()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'v' | b'-')))
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

/// Weighs whether chance drew a value: by the order of its characters, and by their spread.
pub(super) fn weigh(evidence: &mut Evidence, value: &[u8]) {
    let digits: Vec<u8>;
    let drawn = if is_uuid(value) {
        evidence.add("it is a UUID", -10.0);
        digits = value.iter().copied().filter(|byte| *byte != b'-').collect();
        &digits
    } else {
        value
    };
    let surprise = randomness::surprise(drawn).clamp(-20.0, 28.0);
    let what = if surprise < 0.0 {
        "its characters follow as in words"
    } else {
        "its characters look drawn by chance"
    };
    evidence.add(what, surprise);
    let spread = randomness::evenness(drawn);
    evidence.add_if(spread < 0.6, "few different characters", -6.0);
    evidence.add_if(is_coded_text(value), "it decodes to words", -20.0);
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
    let floor = whole.start.saturating_sub(80);
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

/// Weighs what follows `Basic`: base 64 of a user, a colon and a password, all printable. `None` for
/// anything else, which words are.
pub(super) fn weigh_basic(evidence: &mut Evidence, value: &[u8]) -> Option<()> {
    let plain = decoded(value)?;
    let colon = plain.iter().position(|byte| *byte == b':')?;
    let password = &plain[colon + 1..];
    let printable = plain
        .iter()
        .all(|byte| byte.is_ascii_graphic() || *byte == b' ');
    if !printable || colon == 0 || says_nothing(password, b"") {
        return None;
    }
    evidence.add("it decodes to a user and a password", 10.0);
    let lower = password.to_ascii_lowercase();
    let stock = chosen::is_stock(&lower) || chosen::says_again(&lower) || chosen::counts(password);
    evidence.add_if(stock, "everyone writes it into examples", -6.0);
    evidence.add_if(
        password == &plain[..colon],
        "the user's name is the password",
        -6.0,
    );
    Some(())
}

/// Weighs a value of a Secret of Kubernetes: bytes and keys are secrets, words may be a password,
/// certificates are none.
pub(super) fn weigh_encoded(evidence: &mut Evidence, value: &[u8]) -> Option<()> {
    let plain = decoded(value)?;
    evidence.add("a manifest calls it secret", 4.0);
    let trimmed = plain.trim_ascii();
    let printable = trimmed.iter().all(|byte| byte.is_ascii_graphic());
    if !printable || trimmed.len() > 64 {
        let public =
            trimmed.starts_with(b"-----BEGIN CERT") || trimmed.starts_with(b"-----BEGIN PUB");
        evidence.add("it decodes to a key or to many words", 6.0);
        return (!public).then_some(());
    }
    if says_nothing(trimmed, b"") {
        return None;
    }
    if trimmed.len() >= MIN_KEY && randomness::surprise(trimmed) > 0.0 {
        weigh(evidence, trimmed);
    } else {
        evidence.add("it decodes to a word", -8.0);
        chosen::weigh(evidence, trimmed, super::place::Place::Environment);
    }
    Some(())
}

/// What a value in base 64 stands for; `None` if it is none.
fn decoded(value: &[u8]) -> Option<Vec<u8>> {
    let end = value
        .iter()
        .rposition(|byte| *byte != b'=')
        .map_or(0, |at| at + 1);
    let lax = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_allow_trailing_bits(true)
            .with_decode_padding_mode(DecodePaddingMode::RequireNone),
    );
    lax.decode(&value[..end]).ok()
}

/// Whether a value is words in base 64: it decodes to text that chance did not draw.
pub(super) fn is_coded_text(value: &[u8]) -> bool {
    (12..=200).contains(&value.len())
        && decoded(value).is_some_and(|plain| {
            plain.len() >= 8
                && plain
                    .iter()
                    .all(|byte| byte.is_ascii_graphic() || *byte == b' ')
                && (randomness::surprise(&plain) < 4.0
                    || chosen::says_again(&plain.to_ascii_lowercase()))
        })
}

/// How much text behind a URL is looked at for its host, in bytes.
pub(super) const HOST: usize = 64;

/// Weighs the password in a URL or a connection string; what names an example host or this machine
/// speaks against it. `None` if it is the name of a variable.
pub(super) fn weigh_url(evidence: &mut Evidence, value: &[u8], whole: &[u8]) -> Option<()> {
    let shouted = value
        .iter()
        .all(|byte| byte.is_ascii_uppercase() || *byte == b'_');
    if shouted {
        return None;
    }
    evidence.add("it stands where a URL has its password", 10.0);
    let lower = whole.to_ascii_lowercase();
    let here = [
        b"localhost".as_slice(),
        b"127.0.0.1",
        b"example.",
        b"[::1]",
        b"0.0.0.0",
        b"host.docker",
        b"@host",
        b"@server",
        b"@ip:",
        b"@your",
        b"@my",
        b".test",
        b".invalid",
    ]
    .iter()
    .any(|host| memchr::memmem::find(&lower, host).is_some());
    evidence.add_if(here, "the host is this machine or an example", -6.0);
    let word = value.to_ascii_lowercase();
    let stock = chosen::is_stock(&word) || chosen::says_again(&word);
    evidence.add_if(stock, "everyone writes it into examples", -6.0);
    evidence.add_if(value.len() < 5, "it is short", -4.0);
    Some(())
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
}
