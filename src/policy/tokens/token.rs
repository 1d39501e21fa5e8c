//! A token: what somebody with a key allows once, as the bytes that are signed and as one word.

use crate::finding::Fingerprint;
use crate::git::{NotVerified, Oid, RefName, Signed, escape};
use crate::policy::settings::Act;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use time::{Duration, OffsetDateTime};

/// A token may not last longer than that, from when it is shown.
pub const LONGEST: Duration = Duration::days(7);
/// The first line: what is signed, and the version of its format.
const HEAD: &[u8] = b"portcullis token 1\n";
/// The largest token that is read, in characters.
const LIMIT: usize = 16 << 10;
/// The longest text of a person in it, in bytes.
const TEXT_LIMIT: usize = 1 << 10;

/// What is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// To delete a ref that stands there.
    Delete {
        /// Where it stands.
        old: Oid,
    },
    /// To rewind or replace a ref that stands there.
    Force {
        /// Where it stands.
        old: Oid,
        /// Where it is to stand.
        new: Oid,
    },
    /// Findings to be there all the same.
    Findings {
        /// These.
        findings: Vec<Fingerprint>,
        /// What the ref is to stand for, where it matters.
        new: Option<Oid>,
    },
    /// All findings of a check.
    Check {
        /// `PACK/NAME`.
        check: String,
        /// What the ref is to stand for.
        new: Oid,
    },
}

/// What somebody allows once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// In which repository, as [`Presented`](super::Presented) knows it.
    pub repository: String,
    /// On which ref.
    pub refname: RefName,
    /// What.
    pub allowed: Allowed,
    /// Whom; absent: whoever pushes.
    pub pusher: Option<Vec<u8>>,
    /// Until when, in seconds since 1970.
    pub expires: i64,
    /// What makes two tokens for the same two.
    pub nonce: [u8; 16],
    /// Why; one line.
    pub reason: Option<String>,
}

/// The text is no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadToken {
    /// It is too long.
    #[error("it is longer than any token")]
    Long,
    /// It is cut short, or something else altogether.
    #[error("it is no token of this version, or was cut short; copy it whole")]
    Malformed,
    /// A text in it is empty, too long, or not on one line.
    #[error("a reason or a name is one line of at most 1024 bytes, without control characters")]
    Text,
}

impl Token {
    /// The bytes that are signed. Every token has exactly one such text.
    #[must_use]
    pub fn payload(&self) -> Vec<u8> {
        let mut text = HEAD.to_vec();
        let mut line = |key: &str, value: &[u8]| {
            text.extend_from_slice(key.as_bytes());
            text.push(b' ');
            text.extend_from_slice(value);
            text.push(b'\n');
        };
        line("repository", self.repository.as_bytes());
        line("ref", self.refname.as_bytes());
        let (old, new) = match &self.allowed {
            Allowed::Delete { old } => {
                line("allow", b"delete");
                (Some(*old), None)
            }
            Allowed::Force { old, new } => {
                line("allow", b"force");
                (Some(*old), Some(*new))
            }
            Allowed::Findings { findings, new } => {
                line("allow", b"findings");
                for finding in findings {
                    line("finding", finding.as_str().as_bytes());
                }
                (None, *new)
            }
            Allowed::Check { check, new } => {
                line("allow", b"check");
                line("check", check.as_bytes());
                (None, Some(*new))
            }
        };
        for (key, oid) in [("old", old), ("new", new)] {
            if let Some(oid) = oid {
                line(key, oid.to_string().as_bytes());
            }
        }
        if let Some(pusher) = &self.pusher {
            line("pusher", pusher);
        }
        line("expires", self.expires.to_string().as_bytes());
        line("nonce", hex(&self.nonce).as_bytes());
        if let Some(reason) = &self.reason {
            line("reason", reason.as_bytes());
        }
        text
    }

    /// Reads what [`Token::payload`] writes, and nothing else.
    ///
    /// # Errors
    /// When it is anything else.
    pub fn read(payload: &[u8]) -> Result<Self, BadToken> {
        let body = payload.strip_prefix(HEAD).ok_or(BadToken::Malformed)?;
        let token = Self::fields(body).ok_or(BadToken::Malformed)?;
        // One text for each token: no order, no spelling and no line but these.
        if token.payload() != payload {
            return Err(BadToken::Malformed);
        }
        token.check()?;
        Ok(token)
    }

    fn fields(body: &[u8]) -> Option<Self> {
        let body = body.strip_suffix(b"\n")?;
        let mut lines = Vec::new();
        for line in body.split(|byte| *byte == b'\n') {
            let space = memchr::memchr(b' ', line)?;
            lines.push((&line[..space], &line[space + 1..]));
        }
        let all = |key: &str| {
            let of = |line: &&(&[u8], &[u8])| line.0 == key.as_bytes();
            lines.iter().filter(of).map(|(_, value)| *value).collect()
        };
        let one = |key: &str| -> Option<&[u8]> {
            let values: Vec<&[u8]> = all(key);
            values.first().copied()
        };
        let text = |value: &[u8]| String::from_utf8(value.to_vec()).ok();
        let oid = |key: &str| Oid::parse(one(key)?).ok().flatten();
        let allowed = match one("allow")? {
            b"delete" => Allowed::Delete { old: oid("old")? },
            b"force" => Allowed::Force {
                old: oid("old")?,
                new: oid("new")?,
            },
            b"findings" => Allowed::Findings {
                findings: all("finding")
                    .into_iter()
                    .map(Fingerprint::parse)
                    .collect::<Option<_>>()?,
                new: match one("new") {
                    Some(_) => Some(oid("new")?),
                    None => None,
                },
            },
            b"check" => Allowed::Check {
                check: text(one("check")?)?,
                new: oid("new")?,
            },
            _ => return None,
        };
        let mut nonce = [0; 16];
        let digits = one("nonce").filter(|digits| digits.len() == 32)?;
        for (byte, pair) in nonce.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self {
            repository: text(one("repository")?)?,
            refname: RefName::new(one("ref")?).ok()?,
            allowed,
            pusher: one("pusher").map(<[u8]>::to_vec),
            expires: text(one("expires")?)?.parse().ok()?,
            nonce,
            reason: match one("reason") {
                Some(reason) => Some(text(reason)?),
                None => None,
            },
        })
    }

    /// Whether every text in it is one that may be there.
    ///
    /// # Errors
    /// When one is empty, too long or of several lines, and when nothing is allowed at all.
    pub fn check(&self) -> Result<(), BadToken> {
        let plain = |text: &[u8]| {
            let printed = !text.iter().any(u8::is_ascii_control);
            printed && !text.is_empty() && text.len() <= TEXT_LIMIT
        };
        let reason = self.reason.as_deref().is_none_or(|r| plain(r.as_bytes()));
        let pusher = self.pusher.as_deref().is_none_or(plain);
        let allowed = match &self.allowed {
            Allowed::Delete { .. } | Allowed::Force { .. } => true,
            Allowed::Findings { findings, .. } => {
                (1..=64).contains(&findings.len()) && self.reason.is_some()
            }
            Allowed::Check { check, .. } => plain(check.as_bytes()) && self.reason.is_some(),
        };
        let all = plain(self.repository.as_bytes()) && reason && pusher && allowed;
        all.then_some(()).ok_or(BadToken::Text)
    }

    /// What names the token in a log and where it was spent: 32 hexadecimal digits of what is signed.
    #[must_use]
    pub fn id(&self) -> String {
        hex(&Sha256::digest(self.payload())[..16])
    }

    /// The token as one word, with its signature.
    #[must_use]
    pub fn word(&self, signature: &[u8]) -> String {
        let payload = URL_SAFE_NO_PAD.encode(self.payload());
        format!("{payload}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// Reads such a word; the signature is not verified yet.
    ///
    /// # Errors
    /// When it is no such word.
    pub fn of_word(word: &[u8]) -> Result<(Self, Signed), BadToken> {
        if word.len() > LIMIT {
            return Err(BadToken::Long);
        }
        let mut parts = word.split(|byte| *byte == b'.');
        let (Some(payload), Some(signature), None) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(BadToken::Malformed);
        };
        let bytes = |part| {
            URL_SAFE_NO_PAD
                .decode(part)
                .map_err(|_| BadToken::Malformed)
        };
        let (payload, signature) = (bytes(payload)?, bytes(signature)?);
        let token = Self::read(&payload)?;
        let signed = Signed::detached(payload, signature);
        let signed = signed.map_err(|_: NotVerified| BadToken::Malformed)?;
        Ok((token, signed))
    }

    /// What it allows, where the refs stand, as the end of a sentence, escaped.
    #[must_use]
    pub fn what(&self) -> String {
        let name = &self.refname;
        match &self.allowed {
            Allowed::Delete { old } => format!("deleting {name}, which stands at {old}"),
            Allowed::Force { old, new } => format!("moving {name} from {old} to {new}"),
            Allowed::Findings { findings, new } => {
                let list: Vec<&str> = findings.iter().map(Fingerprint::as_str).collect();
                let mut text = format!("on {name} what was found as {}", list.join(", "));
                if let Some(new) = new {
                    let _ = write!(text, ", in {new}");
                }
                text
            }
            Allowed::Check { check, new } => {
                let check = escape(check.as_bytes());
                format!("on {name} all that {check} finds in {new}")
            }
        }
    }

    /// What confirmation it is, if it is one.
    #[must_use]
    pub fn confirms(&self) -> Option<Act> {
        match self.allowed {
            Allowed::Delete { .. } => Some(Act::Delete),
            Allowed::Force { .. } => Some(Act::Force),
            Allowed::Findings { .. } | Allowed::Check { .. } => None,
        }
    }

    /// When it ends, for people.
    #[must_use]
    pub fn until(&self) -> String {
        let format = &time::format_description::well_known::Rfc3339;
        let at = OffsetDateTime::from_unix_timestamp(self.expires).ok();
        at.and_then(|at| at.format(format).ok())
            .unwrap_or_else(|| self.expires.to_string())
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn token(allowed: Allowed) -> Token {
        Token {
            repository: "app.git-0011".to_owned(),
            refname: RefName::new(b"refs/heads/caf\xe9").unwrap(),
            allowed,
            pusher: Some(b"alice".to_vec()),
            expires: 1_700_000_000,
            nonce: [7; 16],
            reason: Some("the branch is merged".to_owned()),
        }
    }

    fn all() -> Vec<Token> {
        let oid = |digit: &str| Oid::parse(digit.repeat(40).as_bytes()).unwrap().unwrap();
        let (old, new) = (oid("1"), oid("2"));
        let finding = Fingerprint::parse("a".repeat(32).as_bytes()).unwrap();
        let findings = vec![finding.clone(), finding];
        let kinds = [
            Allowed::Delete { old },
            Allowed::Force { old, new },
            Allowed::Findings {
                findings,
                new: None,
            },
            Allowed::Check {
                check: "secrets/x".to_owned(),
                new,
            },
        ];
        kinds.into_iter().map(token).collect()
    }

    #[test]
    fn what_is_written_is_read_and_nothing_else() {
        for token in all() {
            let payload = token.payload();
            assert_eq!(Token::read(&payload), Ok(token.clone()));
            let text = String::from_utf8_lossy(&payload).into_owned();
            for (from, to) in [
                ("portcullis token 1", "portcullis token 2"),
                ("\nexpires ", "\nexpires +"),
                ("\nexpires ", "\nexpires 0"),
                ("\nnonce 07", "\nnonce +7"),
                ("\nref ", "\nref refs/x\nref "),
                ("\npusher alice\n", "\npusher alice\npusher bob\n"),
                ("\npusher alice\n", "\nother alice\n"),
                ("\npusher alice\n", "\npusher alice\r\n"),
                ("\nreason the", "\n\nreason the"),
                (" merged\n", " merged"),
                (" merged\n", " merged\n\n"),
                (" merged\n", " merged\u{1b}\n"),
                ("1111111111", "11111111AA"),
            ] {
                let changed = text.replacen(from, to, 1);
                if changed != text {
                    assert!(Token::read(changed.as_bytes()).is_err(), "{changed}");
                }
            }
        }
    }

    #[test]
    fn one_that_excuses_says_why_and_what() {
        let [_, _, findings, check] = &all()[..] else {
            unreachable!()
        };
        for token in [findings, check] {
            let silent = Token {
                reason: None,
                ..token.clone()
            };
            assert_eq!(Token::read(&silent.payload()), Err(BadToken::Text));
        }
        let nothing = Token {
            allowed: Allowed::Findings {
                findings: Vec::new(),
                new: None,
            },
            ..findings.clone()
        };
        assert_eq!(Token::read(&nothing.payload()), Err(BadToken::Text));
    }

    #[test]
    fn words_that_are_none_are_refused() {
        let good = all()[0].word(b"x");
        assert!(!good.contains(['+', '/', '=', '\n', ' ']), "{good}");
        let long = "a".repeat(LIMIT + 1);
        for bad in ["", ".", "a.b", "a.b.c", &good, &long, "\u{1b}"] {
            assert!(Token::of_word(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_token_is_the_same_whoever_signs_it_again() {
        let all = all();
        let ids: std::collections::BTreeSet<String> = all.iter().map(Token::id).collect();
        assert_eq!(ids.len(), all.len());
        let other = Token {
            nonce: [8; 16],
            ..all[0].clone()
        };
        assert_ne!(other.id(), all[0].id());
    }
}
