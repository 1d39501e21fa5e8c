//! An approval: what it says, how it is written, and under which name it is kept.
//!
//! It is a blob that a ref names, so that it travels in a push: the text below, and right after it
//! the signature of that text in its armour.
//!
//! ```text
//! portcullis approval 1
//! repository app.git-71bbd560b710b1f157acda1381863c88
//! for refs/heads/main
//! change DIGEST
//! step DIGEST
//! step DIGEST
//! base OID
//! tip OID
//! date 2026-11-23T18:52:04Z
//! reason looks right to me
//! ```
//! `repository` is the one that it is for, as a server names itself; absent: whichever it comes to.
//! `change` is the whole of what is approved, as [`ChangeId`]. `step`s are what the commits on its
//! line of first parents change one after another, oldest first; there are none where one commit
//! makes the whole change. `base` is what the approver had of the branch; absent where there was no
//! such branch. `tip` is the commit that was looked at. `reason` may be absent.
//!
//! The ref is `refs/portcullis/approvals/CHANGE/ID`: the first 32 digits of the change, and of the
//! SHA-256 of the blob. Nobody ever has to move one, and two people never make the same.

use crate::change::ChangeId;
use crate::git::{NotVerified, Oid, RefName, Signed, escape, trailing};
use sha2::{Digest as _, Sha256};
use std::io::Write as _;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Below which approvals are kept.
pub const APPROVALS: &str = "refs/portcullis/approvals/";
/// The largest blob that is one, in bytes.
pub(super) const LARGEST: usize = 64 << 10;
/// The most steps that one covers.
pub(super) const MOST_STEPS: usize = 500;
/// The longest reason and name of a repository, in bytes.
pub(super) const LONGEST_LINE: usize = 1000;

const FIRST_LINE: &[u8] = b"portcullis approval 1";

/// What an approver says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// The repository that it is for, as [`Presented`](crate::policy::tokens::Presented) knows it;
    /// absent: any.
    pub repository: Option<String>,
    /// The ref that the change may come to.
    pub refname: RefName,
    /// The whole change.
    pub change: ChangeId,
    /// What the commits of the line change, oldest first; one that is the whole change is left out.
    pub steps: Vec<ChangeId>,
    /// What the approver had of the branch.
    pub base: Option<Oid>,
    /// The commit that was looked at.
    pub tip: Oid,
    /// When, as the approver's clock had it, to the second.
    pub date: OffsetDateTime,
    /// Why, one line.
    pub reason: Option<String>,
}

impl Approval {
    /// The text that is signed.
    #[must_use]
    pub fn text(&self) -> Vec<u8> {
        let mut text = FIRST_LINE.to_vec();
        let mut line = |key: &str, value: &[u8]| {
            text.push(b'\n');
            text.extend_from_slice(key.as_bytes());
            text.push(b' ');
            text.extend_from_slice(value);
        };
        if let Some(repository) = &self.repository {
            line("repository", repository.as_bytes());
        }
        line("for", self.refname.as_bytes());
        line("change", self.change.to_string().as_bytes());
        for step in &self.steps {
            line("step", step.to_string().as_bytes());
        }
        if let Some(base) = self.base {
            line("base", base.to_string().as_bytes());
        }
        line("tip", self.tip.to_string().as_bytes());
        line("date", date(self.date).as_bytes());
        if let Some(reason) = &self.reason {
            line("reason", reason.as_bytes());
        }
        let _ = text.write_all(b"\n");
        text
    }

    /// Reads the text that was signed.
    ///
    /// # Errors
    /// When it is anything but what [`Approval::text`] writes, byte for byte.
    pub fn parse(text: &[u8]) -> Result<Self, BadApproval> {
        let mut lines = text.split(|byte| *byte == b'\n').peekable();
        if lines.next() != Some(FIRST_LINE) {
            return Err(BadApproval::Kind);
        }
        let mut field = |key: &'static str| {
            let value = lines.peek()?.strip_prefix(key.as_bytes())?;
            let value = value.strip_prefix(b" ")?;
            lines.next();
            Some(value)
        };
        let bad = BadApproval::Field;
        let text_of = |value: &[u8]| String::from_utf8(value.to_vec());
        let repository = field("repository").map(text_of);
        let refname = field("for").and_then(|name| RefName::new(name).ok());
        let change = field("change").and_then(ChangeId::parse);
        let mut steps = Vec::new();
        while let Some(step) = field("step") {
            steps.push(ChangeId::parse(step).ok_or(bad("step"))?);
        }
        let base = field("base").map(|hex| Oid::parse(hex).ok().flatten());
        let base = match base {
            Some(None) => return Err(bad("base")),
            Some(Some(base)) => Some(base),
            None => None,
        };
        let tip = field("tip").and_then(|hex| Oid::parse(hex).ok().flatten());
        let date = field("date").and_then(|date| std::str::from_utf8(date).ok());
        let date = date.and_then(|date| OffsetDateTime::parse(date, &Rfc3339).ok());
        let reason = field("reason").map(text_of);
        let approval = Self {
            repository: repository.transpose().map_err(|_| bad("repository"))?,
            refname: refname.ok_or(bad("for"))?,
            change: change.ok_or(bad("change"))?,
            steps,
            base,
            tip: tip.ok_or(bad("tip"))?,
            date: date.ok_or(bad("date"))?,
            reason: reason.transpose().map_err(|_| bad("reason"))?,
        };
        if approval.steps.len() > MOST_STEPS || approval.steps == [approval.change] {
            return Err(bad("step"));
        }
        for (key, line) in [
            ("repository", &approval.repository),
            ("reason", &approval.reason),
        ] {
            if line.as_deref().is_some_and(|line| !is_line(line)) {
                return Err(bad(key));
            }
        }
        // One way to write it, so that two texts that look the same are the same.
        if approval.text() == text {
            Ok(approval)
        } else {
            Err(BadApproval::Shape)
        }
    }

    /// What the commits change one after another, one alone included.
    #[must_use]
    pub fn line(&self) -> &[ChangeId] {
        if self.steps.is_empty() {
            std::slice::from_ref(&self.change)
        } else {
            &self.steps
        }
    }
}

/// Whether a text can be the reason or the repository of an approval: one line that a terminal shows
/// as it is.
#[must_use]
pub fn is_line(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= LONGEST_LINE
        && text.trim() == text
        && escape(text.as_bytes()) == text
}

/// An approval with its signature, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedApproval {
    /// What it says.
    pub approval: Approval,
    /// The text and its signature.
    pub signed: Signed,
    /// The ref that it is kept under.
    pub refname: RefName,
}

impl SignedApproval {
    /// Reads a blob.
    ///
    /// # Errors
    /// When it is not exactly an approval and one signature. Whose that is nobody knows yet.
    pub fn parse(blob: &[u8]) -> Result<Self, BadApproval> {
        if blob.len() > LARGEST {
            return Err(BadApproval::Large);
        }
        if !blob.starts_with(FIRST_LINE) {
            return Err(BadApproval::Kind);
        }
        let signed = trailing(blob).map_err(BadApproval::Signature)?;
        let approval = Approval::parse(&signed.payload)?;
        let id: String = Sha256::digest(blob)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let change = approval.change.to_string();
        let name = format!("{APPROVALS}{}/{}", &change[..32], &id[..32]);
        let refname = RefName::new(name.as_bytes()).map_err(|_| BadApproval::Shape)?;
        Ok(Self {
            approval,
            signed,
            refname,
        })
    }
}

/// Why something is no approval.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadApproval {
    /// It is something else.
    #[error("it is no approval of a version that is known here")]
    Kind,
    /// It is too large.
    #[error("it is larger than 64 KiB")]
    Large,
    /// A line is missing or makes no sense.
    #[error("its line \"{0}\" is missing or makes no sense")]
    Field(&'static str),
    /// It holds more than it says, or in another order.
    #[error("it is not written as an approval is")]
    Shape,
    /// It has no signature in the right place.
    #[error("{0}")]
    Signature(NotVerified),
}

/// RFC 3339 in UTC, to the second.
fn date(at: OffsetDateTime) -> String {
    let at = at.to_offset(time::UtcOffset::UTC).replace_nanosecond(0);
    at.ok()
        .and_then(|at| at.format(&Rfc3339).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn id(digit: char) -> ChangeId {
        ChangeId::parse(digit.to_string().repeat(64).as_bytes()).unwrap()
    }

    fn approval() -> Approval {
        Approval {
            repository: Some("app.git-0011".to_owned()),
            refname: RefName::new(b"refs/heads/m\xff").unwrap(),
            change: id('a'),
            steps: vec![id('b'), id('c')],
            base: Oid::from_raw(&[1; 20]),
            tip: Oid::from_raw(&[2; 32]).unwrap(),
            date: OffsetDateTime::from_unix_timestamp(1_700_000_000).unwrap(),
            reason: Some("looks right: sœur".to_owned()),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let mut all = vec![approval()];
        for change in [
            |a: &mut Approval| a.steps = Vec::new(),
            |a: &mut Approval| a.steps = vec![id('d')],
            |a: &mut Approval| a.base = None,
            |a: &mut Approval| a.repository = None,
            |a: &mut Approval| a.reason = None,
        ] {
            let mut one = approval();
            change(&mut one);
            all.push(one);
        }
        for one in all {
            assert_eq!(Approval::parse(&one.text()), Ok(one));
        }
        let one = Approval {
            steps: Vec::new(),
            ..approval()
        };
        assert_eq!(one.line(), [id('a')]);
        assert_eq!(approval().line(), [id('b'), id('c')]);
    }

    #[test]
    fn there_is_one_way_to_write_it() {
        let text = approval().text();
        let lossless = |from: &str, to: &str| -> Vec<u8> {
            let at = memchr::memmem::find(&text, from.as_bytes()).unwrap();
            [&text[..at], to.as_bytes(), &text[at + from.len()..]].concat()
        };
        for (from, to) in [
            ("approval 1", "approval 2"),
            ("approval 1", "approval 1 "),
            ("\nrepository ", "\nrepository  "),
            ("\nrepository ", "\nrepository\t"),
            ("\nrepository ", "\nRepository "),
            ("\nrepository ", "\nrepository x\nrepository "),
            ("-0011\n", "\u{202e}\n"),
            ("-0011\n", " \n"),
            ("-0011\n", "-0011\r\n"),
            ("app.git-0011", ""),
            ("repository app.git-0011\n", "repository\n"),
            ("repository app.git-0011\n", "\n"),
            ("looks right", "looks right\nrepository app.git-0011"),
            ("for refs/", "for  refs/"),
            ("for refs/heads/m", "for HEAD"),
            ("change aaa", "change AAA"),
            ("change a", "change "),
            (
                "base 0101010101010101010101010101010101010101",
                "base 0000000000000000000000000000000000000000",
            ),
            ("tip 02", "tip 2"),
            ("13:20Z", "13:20.5Z"),
            ("13:20Z", "13:20+00:00"),
            ("reason looks", "reason  looks"),
            ("reason looks", "reason \u{202e}looks"),
            ("reason looks", "reason \tlooks"),
            ("reason looks right", "reason \r"),
            ("reason looks", "looks"),
            ("sœur\n", "sœur"),
            ("sœur\n", "sœur\n\n"),
            ("sœur\n", "sœur\nmore\n"),
            ("tip", "step"),
        ] {
            assert!(Approval::parse(&lossless(from, to)).is_err(), "{from} {to}");
        }
        for odd in [
            Approval {
                steps: vec![id('a')],
                ..approval()
            },
            Approval {
                steps: vec![id('b'); MOST_STEPS + 1],
                ..approval()
            },
            Approval {
                reason: Some("x".repeat(LONGEST_LINE + 1)),
                ..approval()
            },
            Approval {
                repository: Some("x".repeat(LONGEST_LINE + 1)),
                ..approval()
            },
            Approval {
                repository: Some(String::new()),
                ..approval()
            },
            // It would read as one for another ref.
            Approval {
                repository: Some("x\nfor refs/heads/main".to_owned()),
                ..approval()
            },
        ] {
            assert!(Approval::parse(&odd.text()).is_err());
        }
    }
}
