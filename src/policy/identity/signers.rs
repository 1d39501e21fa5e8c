//! Whose an SSH key is, by a file of allowed signers (ssh-keygen(1), ALLOWED SIGNERS).

use time::{Date, Month, OffsetDateTime, Time};

/// The name behind the keys of a session (as sshd lists them: `publickey TYPE BASE64`, one a line).
/// None where a key is not listed or no longer valid, or where two keys have two names.
///
/// The name is the first principal of the first line with exactly that key. Lines of a certificate
/// authority, and those whose principals are patterns, name nobody.
pub(super) fn whose(signers: &[u8], used: &[u8], now: OffsetDateTime) -> Option<Vec<u8>> {
    let mut name: Option<&[u8]> = None;
    for line in used.split(|byte| *byte == b'\n') {
        let mut words = words(line).into_iter();
        if words.next() != Some(b"publickey") {
            continue;
        }
        let key = Key {
            kind: words.next()?,
            base64: words.next()?,
        };
        let owner = lines(signers).find_map(|line| line.owner_of(key, now))?;
        if name.is_some_and(|known| known != owner) {
            return None;
        }
        name = Some(owner);
    }
    name.map(<[u8]>::to_vec)
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Key<'a> {
    kind: &'a [u8],
    base64: &'a [u8],
}

/// `PRINCIPALS [OPTIONS] TYPE BASE64 [COMMENT]`
struct Line<'a> {
    principals: &'a [u8],
    options: &'a [u8],
    key: Key<'a>,
}

fn lines(text: &[u8]) -> impl Iterator<Item = Line<'_>> {
    text.split(|byte| *byte == b'\n').filter_map(|line| {
        let words = words(line);
        let (principals, rest) = words.split_first().filter(|(first, _)| first[0] != b'#')?;
        let (options, kind, base64) = match rest {
            [kind, base64, ..] if is_type(kind) => (&b""[..], kind, base64),
            [options, kind, base64, ..] if is_type(kind) => (*options, kind, base64),
            _ => return None,
        };
        Some(Line {
            principals,
            options,
            key: Key { kind, base64 },
        })
    })
}

/// The types of keys all begin so: `ssh-ed25519`, `ecdsa-sha2-nistp256`,
/// `sk-ssh-ed25519@openssh.com`.
fn is_type(word: &[u8]) -> bool {
    [&b"ssh-"[..], b"ecdsa-", b"sk-"]
        .iter()
        .any(|start| word.starts_with(start))
}

/// The words of a line; a space between double quotes is part of its word.
fn words(line: &[u8]) -> Vec<&[u8]> {
    let mut quoted = false;
    line.split(move |byte| {
        quoted ^= *byte == b'"';
        !quoted && matches!(byte, b' ' | b'\t' | b'\r')
    })
    .filter(|word| !word.is_empty())
    .collect()
}

impl<'a> Line<'a> {
    fn owner_of(&self, key: Key<'_>, now: OffsetDateTime) -> Option<&'a [u8]> {
        let unquoted = self.principals.strip_prefix(b"\"");
        let principals = unquoted.and_then(|text| text.strip_suffix(b"\""));
        let principals = principals.unwrap_or(self.principals);
        let pattern = |byte: &u8| matches!(byte, b'*' | b'?' | b'!' | b'"');
        if self.key != key || principals.iter().any(pattern) || !self.holds_at(now) {
            return None;
        }
        principals
            .split(|byte| *byte == b',')
            .next()
            .filter(|name| !name.is_empty())
    }

    /// Whether the options let the key stand for someone at that time. `namespaces` is about
    /// signatures; what is not known here may be a restriction, and so the line does not count.
    fn holds_at(&self, now: OffsetDateTime) -> bool {
        let options = options(self.options);
        options.into_iter().all(|option| {
            let (name, value) = match option.split_once('=') {
                Some((name, value)) => (name, value.trim_matches('"')),
                None => (option, ""),
            };
            match name.to_ascii_lowercase().as_str() {
                "namespaces" => true,
                "valid-after" => moment(value).is_some_and(|from| from <= now),
                "valid-before" => moment(value).is_some_and(|until| now < until),
                _ => false,
            }
        })
    }
}

/// Options have commas between them; a comma between double quotes is part of a value.
fn options(text: &[u8]) -> Vec<&str> {
    let mut quoted = false;
    let parts = text.split(move |byte| {
        quoted ^= *byte == b'"';
        !quoted && *byte == b','
    });
    parts
        .filter(|part| !part.is_empty())
        // What is no text is no option that is known.
        .map(|part| std::str::from_utf8(part).unwrap_or("?"))
        .collect()
}

/// `YYYYMMDD[HHMM[SS]][Z]`; always taken as UTC, though ssh-keygen takes it as the local time
/// without the `Z`.
fn moment(text: &str) -> Option<OffsetDateTime> {
    let digits = text.strip_suffix('Z').unwrap_or(text);
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) || !matches!(digits.len(), 8 | 12 | 14) {
        return None;
    }
    let part = |from: usize, to: usize| digits.get(from..to).map_or(Some(0), |d| d.parse().ok());
    let year = digits.get(..4)?.parse().ok()?;
    let date = Date::from_calendar_date(year, Month::try_from(part(4, 6)?).ok()?, part(6, 8)?);
    let time = Time::from_hms(part(8, 10)?, part(10, 12)?, part(12, 14)?);
    Some(OffsetDateTime::new_utc(date.ok()?, time.ok()?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const SIGNERS: &str = "# people\n\
        alice,alice@example.com ssh-ed25519 AAAA1 her laptop\n\
        bob namespaces=\"git,file\" ssh-ed25519 AAAA2\n\
        \"carol\" valid-after=\"20260101\",valid-before=\"20270101Z\" sk-ssh-ed25519@openssh.com AAAA3\n\
        *@example.com ssh-ed25519 AAAA4\n\
        dave cert-authority ssh-ed25519 AAAA5\n\
        erin ecdsa-sha2-nistp256 AAAA6\r\n\
        frank something-new ssh-ed25519 AAAA7\n\
        mallory ssh-ed25519\n";

    fn who(used: &str, date: &str) -> Option<String> {
        let name = whose(SIGNERS.as_bytes(), used.as_bytes(), moment(date).unwrap());
        name.map(|name| String::from_utf8(name).unwrap())
    }

    #[test]
    fn a_key_has_the_name_of_its_line() {
        for (used, name) in [
            ("publickey ssh-ed25519 AAAA1\n", Some("alice")),
            ("publickey ssh-ed25519 AAAA2\n", Some("bob")),
            (
                "password\npublickey ecdsa-sha2-nistp256 AAAA6\n",
                Some("erin"),
            ),
            ("publickey sk-ssh-ed25519@openssh.com AAAA3", Some("carol")),
            (
                "publickey ssh-ed25519 AAAA1\npublickey ssh-ed25519 AAAA1",
                Some("alice"),
            ),
            (
                "publickey ssh-ed25519 AAAA1\npublickey ssh-ed25519 AAAA2",
                None,
            ),
            (
                "publickey ssh-ed25519 AAAA1\npublickey ssh-ed25519 AAAA9",
                None,
            ),
            ("publickey ssh-rsa AAAA1", None),
            ("publickey ssh-ed25519 AAAA", None),
            ("publickey ssh-ed25519 AAAA4", None),
            ("publickey ssh-ed25519 AAAA5", None),
            ("publickey ssh-ed25519 AAAA7", None),
            ("publickey ssh-ed25519", None),
            ("publickey", None),
            ("password", None),
            ("", None),
        ] {
            assert_eq!(who(used, "20260601").as_deref(), name, "{used}");
        }
    }

    #[test]
    fn a_key_is_valid_for_its_time() {
        let used = "publickey sk-ssh-ed25519@openssh.com AAAA3";
        for (date, valid) in [
            ("20251231", false),
            ("20260101", true),
            ("202612312359", true),
            ("20270101000000Z", false),
        ] {
            assert_eq!(who(used, date).is_some(), valid, "{date}");
        }
        for bad in [
            "",
            "2026",
            "20261301",
            "20260101T",
            "202601012400",
            "2026010112",
        ] {
            assert_eq!(moment(bad), None, "{bad}");
        }
    }
}
