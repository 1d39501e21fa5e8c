//! The baseline: findings that were there when the gate came and are accepted, one a line.
//!
//! ```text
//! FINGERPRINT CHECK PATH
//! ```
//! The fingerprint comes first, so that sorted lines of two people seldom touch and a merge takes
//! both. There is no secret in it, no line number and no time. A path is written with `%XX` for
//! every byte that is not plain ASCII; `-` is none, as of a commit message.

use crate::finding::{Finding, Fingerprint, PlaceKind};
use crate::git::RepoPath;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// What the file begins with; comments are read over.
const HEADER: &str = "\
# Findings that portcullis accepts, one a line: FINGERPRINT CHECK PATH. The order does not matter;
# after a merge keep the lines of both sides. `portcullis baseline update` writes it anew.
";

/// One finding that is accepted. All three parts must agree: a line says what it lets through.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Entry {
    /// Which one.
    pub fingerprint: Fingerprint,
    /// The check that finds it, `PACK/NAME`.
    pub check: String,
    /// Where; none for a message.
    pub path: Option<RepoPath>,
}

impl Entry {
    /// The entry that accepts a finding. There is none for who may do what with a ref or for a
    /// commit as such: those are not things that are there already.
    #[must_use]
    pub fn of(finding: &Finding) -> Option<Self> {
        let place = &finding.place;
        let in_file = place.kind == PlaceKind::File && place.path.is_some();
        (in_file || finding.secret.is_some()).then(|| Self {
            fingerprint: finding.fingerprint.clone(),
            check: finding.check.to_string(),
            path: place.path.clone(),
        })
    }

    /// Its line, without the end.
    #[must_use]
    pub fn line(&self) -> String {
        let path = self.path.as_ref().map_or_else(
            || "-".to_owned(),
            |path| match encode(path.as_bytes()) {
                path if path == "-" => "%2D".to_owned(),
                path => path,
            },
        );
        let check = encode(self.check.as_bytes());
        format!("{} {check} {path}", self.fingerprint.as_str())
    }

    fn parse(line: &[u8]) -> Result<Self, &'static str> {
        if [&b"<<<<<<<"[..], b"=======", b">>>>>>>", b"|||||||"]
            .iter()
            .any(|mark| line.starts_with(mark))
        {
            return Err("a merge has not been finished here: keep the lines of both sides");
        }
        let parts: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
        let [fingerprint, check, path] = parts[..] else {
            return Err("is not FINGERPRINT CHECK PATH with one space between them");
        };
        let fingerprint = Fingerprint::parse(fingerprint)
            .ok_or("does not begin with a fingerprint of 32 digits, 0 to 9 and a to f")?;
        let check = check_of(check).ok_or("does not name a check, such as secrets/private-key")?;
        let path = match path {
            b"-" => None,
            path => Some(RepoPath::new(&decode(path).ok_or(
                "does not end with a path in which all but plain ASCII is written %XX",
            )?)),
        };
        let entry = Self {
            fingerprint,
            check,
            path,
        };
        // One way to write a path, so that two lines that look apart are apart.
        if entry.line().as_bytes() == line {
            Ok(entry)
        } else {
            Err("writes a check or a path in another way than portcullis does")
        }
    }
}

/// `PACK/NAME`; ids of rules from files may hold anything, and are written as paths are.
fn check_of(text: &[u8]) -> Option<String> {
    let check = String::from_utf8(decode(text)?).ok()?;
    let (pack, name) = check.split_once('/')?;
    (!pack.is_empty() && !name.is_empty()).then_some(check)
}

/// Percent-encoding (RFC 3986, 2.1) of every byte that is no visible ASCII character, and of `%`.
fn encode(path: &[u8]) -> String {
    let mut text = String::with_capacity(path.len());
    for byte in path {
        if byte.is_ascii_graphic() && *byte != b'%' {
            text.push(char::from(*byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: &u8| {
        char::from(*byte)
            .to_digit(16)
            .and_then(|d| u8::try_from(d).ok())
    };
    let mut path = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        rest = match (byte, after) {
            (b'%', [high, low, after @ ..]) => {
                path.push(digit(high)? << 4 | digit(low)?);
                after
            }
            (b'%', _) => return None,
            (byte, after) => {
                path.push(*byte);
                after
            }
        };
    }
    (!path.is_empty()).then_some(path)
}

/// All entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    /// Sorted as the file is.
    pub entries: BTreeSet<Entry>,
}

impl Baseline {
    /// The name of the file at the top of a worktree.
    pub const FILE: &str = ".portcullis-baseline";

    /// Reads a file; a line twice or out of order is what a merge may leave, and is fine.
    ///
    /// # Errors
    /// The first line (1-based) that is no entry, no comment and not empty, and why.
    pub fn parse(text: &[u8]) -> Result<Self, (usize, &'static str)> {
        let mut entries = BTreeSet::new();
        for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if !line.is_empty() && !line.starts_with(b"#") {
                entries.insert(Entry::parse(line).map_err(|why| (index + 1, why))?);
            }
        }
        Ok(Self { entries })
    }

    /// The file, whole.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = HEADER.to_owned();
        for entry in &self.entries {
            let _ = writeln!(text, "{}", entry.line());
        }
        text
    }

    /// Whether a finding is accepted.
    #[must_use]
    pub fn accepts(&self, finding: &Finding) -> bool {
        !self.entries.is_empty()
            && Entry::of(finding).is_some_and(|entry| self.entries.contains(&entry))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn entry(path: Option<&[u8]>) -> Entry {
        Entry {
            fingerprint: Fingerprint::parse(&[b'a'; Fingerprint::LENGTH]).unwrap(),
            check: "secrets/private-key".to_owned(),
            path: path.map(RepoPath::new),
        }
    }

    #[test]
    fn every_path_comes_back_and_every_line_is_one_line() {
        let all: Vec<u8> = (1..=255).collect();
        for path in [
            &b"src/a.py"[..],
            b"-",
            b"--",
            b"%2D",
            b"a b\tc\nd\r",
            b"# no comment",
            b"\xff\xfe",
            "sœur".as_bytes(),
            &all,
        ] {
            let one = entry(Some(path));
            assert_eq!(one.line().lines().count(), 1);
            assert!(one.line().is_ascii());
            assert_eq!(Entry::parse(one.line().as_bytes()), Ok(one));
        }
        let odd = Entry {
            check: "secrets/an id of sœme rule file".to_owned(),
            ..entry(None)
        };
        for one in [entry(None), odd] {
            assert_eq!(Entry::parse(one.line().as_bytes()), Ok(one));
        }
    }

    #[test]
    fn a_file_comes_back_whatever_a_merge_did_to_its_order() {
        let mut baseline = Baseline::default();
        baseline
            .entries
            .extend([entry(Some(b"b")), entry(Some(b"a")), entry(None)]);
        let text = baseline.text();
        assert!(text.starts_with("# "));
        assert_eq!(Baseline::parse(text.as_bytes()), Ok(baseline.clone()));
        let turned: String = text
            .lines()
            .rev()
            .map(|line| format!("{line}\r\n{line}\n"))
            .collect();
        assert_eq!(Baseline::parse(turned.as_bytes()), Ok(baseline));
        assert_eq!(Baseline::parse(b""), Ok(Baseline::default()));
    }

    #[test]
    fn a_line_that_is_none_is_named() {
        let digits = "a".repeat(32);
        for (line, why) in [
            ("hello".to_owned(), "FINGERPRINT"),
            (format!("{digits} secrets/x"), "FINGERPRINT"),
            (format!("{digits} secrets/x a b"), "FINGERPRINT"),
            (format!("{digits}  secrets/x a"), "FINGERPRINT"),
            (format!("{}A secrets/x a", &digits[1..]), "32 digits"),
            (format!("{digits} secrets a"), "check"),
            (format!("{digits} secrets/ a"), "check"),
            (format!("{digits} secrets/x %"), "%XX"),
            (format!("{digits} secrets/x %2"), "%XX"),
            (format!("{digits} secrets/x "), "%XX"),
            (format!("{digits} secrets/x %41"), "another way"),
            (format!("{digits} secrets/x %2d"), "another way"),
            (format!("{digits} secrets/x \u{e9}"), "another way"),
            ("<<<<<<< HEAD".to_owned(), "merge"),
        ] {
            let text = format!("# first\n{line}\n");
            let (at, said) = Baseline::parse(text.as_bytes()).unwrap_err();
            assert_eq!(at, 2, "{line}");
            assert!(said.contains(why), "{line}: {said}");
        }
    }
}
