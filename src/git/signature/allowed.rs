//! The list of allowed signers as OpenSSH reads it (ssh-keygen(1), ALLOWED SIGNERS; `sshsig.c`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use time::{Date, Month, OffsetDateTime, Time};

/// One line: `PRINCIPALS [OPTIONS] TYPE BASE64 [COMMENT]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedSigner<'a> {
    /// The line as it stands.
    pub line: &'a [u8],
    /// Names and patterns with commas between them, without quotes around them.
    pub principals: &'a [u8],
    /// What restricts the key, with commas between.
    pub options: &'a [u8],
    /// The type of the key.
    pub kind: &'a [u8],
    /// The key, decoded.
    pub key: Vec<u8>,
}

/// The lines that hold a key. Comments are left out, and so is what makes no sense.
pub fn allowed_signers(text: &[u8]) -> impl Iterator<Item = AllowedSigner<'_>> {
    text.split(|byte| *byte == b'\n').filter_map(parse)
}

fn parse(line: &[u8]) -> Option<AllowedSigner<'_>> {
    // A C program would see no further.
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.contains(&0) {
        return None;
    }
    let words = words(line);
    let (principals, rest) = words.split_first().filter(|(first, _)| first[0] != b'#')?;
    let (options, kind, base64) = match rest {
        [kind, base64, ..] if is_type(kind) => (&b""[..], kind, base64),
        [options, kind, base64, ..] if is_type(kind) => (*options, kind, base64),
        _ => return None,
    };
    let unquoted = principals.strip_prefix(b"\"");
    let unquoted = unquoted.and_then(|text| text.strip_suffix(b"\""));
    Some(AllowedSigner {
        line,
        principals: unquoted.unwrap_or(principals),
        options,
        kind,
        key: STANDARD.decode(base64).ok()?,
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

impl<'a> AllowedSigner<'a> {
    /// The principals that are names; none where the list holds a name that does not count, which
    /// then is a pattern too.
    pub fn names(&self) -> impl Iterator<Item = &'a [u8]> {
        let list = self.principals;
        split(list).filter(move |name| !is_pattern(name) && list_matches(list, name))
    }

    /// Whether the line is about the keys that this one certifies.
    #[must_use]
    pub fn is_authority(&self) -> bool {
        options(self.options).any(|option| option.eq_ignore_ascii_case("cert-authority"))
    }

    /// Whether the options let the key stand for someone at that time. `namespaces` is about
    /// signatures; what is not known here may be a restriction, and so the line does not count.
    #[must_use]
    pub fn holds_at(&self, now: OffsetDateTime) -> bool {
        options(self.options).all(|option| {
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

/// Whether a principal is no name: a pattern, a negation, or half of something quoted.
fn is_pattern(principal: &[u8]) -> bool {
    principal
        .iter()
        .any(|byte| matches!(byte, b'*' | b'?' | b'!' | b'"'))
}

fn split(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    let names = list.split(|byte| *byte == b',');
    names.filter(|name| !name.is_empty())
}

/// Whether a list of patterns holds a name (`match_pattern_list` of OpenSSH): a negated one that
/// matches overrules all others.
pub(super) fn list_matches(list: &[u8], name: &[u8]) -> bool {
    let mut holds = false;
    for pattern in split(list) {
        match pattern.strip_prefix(b"!") {
            Some(not) if matches(not, name) => return false,
            Some(_) => {}
            None => holds |= matches(pattern, name),
        }
    }
    holds
}

/// Whether a pattern of `*` and `?` matches a whole name; in time proportional to both lengths.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(byte) if *byte == b'?' || *byte == name[n] => {
                p += 1;
                n += 1;
            }
            Some(_) | None => {
                // The last star takes one byte more.
                let Some((at, from)) = star else { return false };
                star = Some((at, from + 1));
                (p, n) = (at + 1, from + 1);
            }
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

/// Options have commas between them; a comma between double quotes is part of a value.
fn options(text: &[u8]) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let parts = text.split(move |byte| {
        quoted ^= *byte == b'"';
        !quoted && *byte == b','
    });
    parts
        .filter(|part| !part.is_empty())
        // What is no text is no option that is known.
        .map(|part| std::str::from_utf8(part).unwrap_or("?"))
}

/// `YYYYMMDD[HHMM[SS]][Z]`; always taken as UTC. `ssh-keygen` takes it as the local time without the
/// `Z`; it is therefore run in UTC here.
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

    #[test]
    fn a_line_is_read_as_openssh_reads_it() {
        let text = b"# people\n\n\
            alice,alice@example.com ssh-ed25519 AAAA her laptop\n\
            \"bob b\" namespaces=\"git,file\",valid-before=\"20270101\" sk-ssh-ed25519@openssh.com AAAA\r\n\
            \tdave\tcert-authority\tssh-rsa\tAAAA\n\
            erin ssh-ed25519 A\n\
            frank AAAA\n\
            gr\0ace ssh-ed25519 AAAA\n\
            !heidi,*,heidi,ivan ssh-ed25519 AAAA";
        let read: Vec<AllowedSigner<'_>> = allowed_signers(text).collect();
        let principals: Vec<&[u8]> = read.iter().map(|line| line.principals).collect();
        assert_eq!(
            principals,
            [
                &b"alice,alice@example.com"[..],
                b"bob b",
                b"dave",
                b"!heidi,*,heidi,ivan"
            ]
        );
        assert_eq!(read[1].kind, b"sk-ssh-ed25519@openssh.com");
        assert_eq!(
            read[1].options,
            b"namespaces=\"git,file\",valid-before=\"20270101\""
        );
        assert!(!read[1].is_authority() && read[2].is_authority());
        let names: Vec<&[u8]> = read[0].names().collect();
        assert_eq!(names, [&b"alice"[..], b"alice@example.com"]);
        let names: Vec<&[u8]> = read[3].names().collect();
        assert_eq!(names, [b"ivan"]);
    }

    #[test]
    fn patterns_match_as_openssh_has_them() {
        for (list, name, holds) in [
            (&b"bob"[..], &b"bob"[..], true),
            (b"bob", b"bobby", false),
            (b"bob", b"Bob", false),
            (b"*@example.com", b"bob@example.com", true),
            (b"*@example.com", b"*@example.com", true),
            (b"*@example.com", b"bob@example.com.evil", false),
            (b"b?b", b"bob", true),
            (b"b?b", b"bb", false),
            (b"*a*b*c", b"xxaxxbxxcxxc", true),
            (b"*a*b*c", b"xxaxxcxx", false),
            (b"!bob,*", b"bob", false),
            (b"*,!bob", b"bob", false),
            (b"!bob", b"alice", false),
            (b"a,,b", b"", false),
            (b"*", b"", true),
            (b"", b"", false),
        ] {
            assert_eq!(list_matches(list, name), holds, "{list:?} {name:?}");
        }
    }

    #[test]
    fn a_moment_is_a_day_or_a_time_of_day() {
        for (text, seconds) in [
            ("20260101", Some(1_767_225_600)),
            ("20260101Z", Some(1_767_225_600)),
            ("202601010001", Some(1_767_225_660)),
            ("20260101000001Z", Some(1_767_225_601)),
            ("", None),
            ("2026", None),
            ("20261301", None),
            ("20260101T", None),
            ("202601012400", None),
            ("2026010112", None),
        ] {
            assert_eq!(
                moment(text).map(OffsetDateTime::unix_timestamp),
                seconds,
                "{text}"
            );
        }
    }
}
