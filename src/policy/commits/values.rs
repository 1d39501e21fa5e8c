//! What `[commits]` asks for, as values that are valid once they are there.

use crate::git::CommitInfo;
use globset::{Candidate, GlobBuilder, GlobMatcher};
use regex::bytes::Regex;
use std::str::FromStr;

/// A regular expression over messages.
#[derive(Clone, Debug)]
pub(super) struct MessagePattern(Regex);

impl MessagePattern {
    /// Whether it matches anywhere.
    pub(super) fn is_in(&self, message: &[u8]) -> bool {
        self.0.is_match(message)
    }

    /// As it was written.
    pub(super) fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl FromStr for MessagePattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Err("an empty pattern matches everything".to_owned());
        }
        Regex::new(text).map(Self).map_err(|error| {
            // The long form draws an arrow below the pattern; its last line says what is wrong.
            let long = error.to_string();
            let last = long.lines().last().unwrap_or_default();
            let last = last.strip_prefix("error: ").unwrap_or(last);
            format!("is no regular expression: {last}")
        })
    }
}

/// A glob over mail addresses: `*` and `?` match anything, case does not matter.
#[derive(Clone, Debug)]
pub(super) struct AddressPattern {
    text: String,
    glob: GlobMatcher,
}

impl AddressPattern {
    pub(super) fn matches(&self, address: &[u8]) -> bool {
        self.glob
            .is_match_candidate(&Candidate::from_bytes(address))
    }

    /// As it was written.
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for AddressPattern {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const SHAPE: &str = "is not a glob over mail addresses such as \"*@example.com\"";
        if !text.contains('@') {
            return Err(SHAPE);
        }
        let glob = GlobBuilder::new(text)
            .case_insensitive(true)
            .literal_separator(false)
            .build()
            .map_err(|_| SHAPE)?;
        Ok(Self {
            text: text.to_owned(),
            glob: glob.compile_matcher(),
        })
    }
}

/// A type of Conventional Commits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CommitType(pub(super) String);

impl FromStr for CommitType {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '+');
        if text.is_empty() || !text.chars().all(plain) {
            return Err("a type is one word such as \"feat\"");
        }
        Ok(Self(text.to_owned()))
    }
}

/// The key of a trailer, without its colon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TrailerKey(pub(super) String);

impl FromStr for TrailerKey {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if text.is_empty() || !text.chars().all(plain) {
            return Err("the key of a trailer is letters, digits and \"-\", such as \"Refs\"");
        }
        Ok(Self(text.to_owned()))
    }
}

/// Encodings in which the letters of ASCII are those of ASCII, as they begin in small letters without
/// what stands between letters and digits.
const PLAIN: [&str; 14] = [
    "utf8",
    "ascii",
    "usascii",
    "iso8859",
    "latin",
    "windows125",
    "cp125",
    "koi8",
    "euc",
    "gb2312",
    "gbk",
    "gb18030",
    "big5",
    "shiftjis",
];

/// An encoding of a message in which a text is other bytes than those that are judged.
pub(super) fn odd_encoding(info: &CommitInfo) -> Option<&[u8]> {
    let plain = |encoding: &&[u8]| {
        let letters = encoding.iter().filter(|byte| byte.is_ascii_alphanumeric());
        let name: Vec<u8> = letters.map(u8::to_ascii_lowercase).collect();
        let mut all = PLAIN.iter();
        all.any(|start| name.starts_with(start.as_bytes()))
            || matches!(&name[..], b"sjis" | b"cp932" | b"")
    };
    info.encodings().find(|encoding| !plain(encoding))
}

/// The address of `Name <address>` as Git reads it; `None` where there is none or more than one.
pub(in crate::policy) fn address(person: &[u8]) -> Option<&[u8]> {
    let open = memchr::memchr(b'<', person)?;
    let inside = person[open + 1..].strip_suffix(b">")?;
    let plain = !inside.iter().any(|byte| matches!(byte, b'<' | b'>'));
    (plain && !inside.trim_ascii().is_empty()).then_some(inside.trim_ascii())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_pattern_that_is_none_says_why_in_one_line() {
        let error = "[A-Z".parse::<MessagePattern>().unwrap_err();
        assert_eq!(error, "is no regular expression: unclosed character class");
        assert!("".parse::<MessagePattern>().is_err());
        let pattern: MessagePattern = r"(?i)\bÄrger\b".parse().unwrap();
        assert!(pattern.is_in("viel ÄRGER hier".as_bytes()));
        assert!(!pattern.is_in(b"\xff"));
    }

    #[test]
    fn addresses_are_those_that_git_reads() {
        let pattern: AddressPattern = "*@clinic.example".parse().unwrap();
        for (person, allowed) in [
            ("A <a@clinic.example>", true),
            ("A <A@Clinic.Example>", true),
            ("A <a@clinic.example.org>", false),
            ("A <a@sub.clinic.example>", false),
            ("A <a@evil> <a@clinic.example>", false),
            ("A <a@evil> a@clinic.example>", false),
            ("A <>", false),
            ("a@clinic.example", false),
        ] {
            let found = address(person.as_bytes());
            let is = found.is_some_and(|address| pattern.matches(address));
            assert_eq!(is, allowed, "{person}");
        }
        for bad in ["", "clinic.example", "[@"] {
            assert!(bad.parse::<AddressPattern>().is_err(), "{bad}");
        }
    }
}
