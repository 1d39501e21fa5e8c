//! What can be wrong with a message.

use super::conventional::{self, NotConventional};
use super::mood::other_mood;
use super::values::{MessagePattern, TrailerKey};
use super::{Commits, trailers};
use crate::finding::{CheckId, PlaceKind};
use crate::git::escape;
use crate::policy::questions::commits as ask;

/// One thing that is wrong.
#[derive(Debug)]
pub(super) struct Fault {
    /// Which check says so.
    pub(super) check: CheckId,
    /// Where it is.
    pub(super) kind: PlaceKind,
    /// One sentence, escaped.
    pub(super) message: String,
    /// What to do, escaped.
    pub(super) help: String,
}

/// A message, made or being made.
#[derive(Clone, Copy)]
pub(super) struct Draft<'a> {
    /// As Git stores it.
    pub(super) message: &'a [u8],
    /// How many parents its commit has; two or more make a merge, whatever the message says.
    pub(super) parents: usize,
    /// Who commits, `Name <address>`; asked only for sign-offs.
    pub(super) committer: &'a [u8],
}

/// What `git commit --fixup` and `--squash` put in front of a subject.
const MARKS: [&str; 3] = ["fixup! ", "squash! ", "amend! "];

/// The subject that a fixup belongs to. The mark buys nothing: what it stands before is judged.
pub(super) fn without_marks(mut subject: &str) -> &str {
    while let Some(rest) = MARKS.iter().find_map(|mark| subject.strip_prefix(mark)) {
        subject = rest;
    }
    subject
}

impl<'a> Draft<'a> {
    /// Of a message as it is stored; what stands behind a NUL nobody is shown.
    pub(super) fn new(message: &'a [u8], parents: usize, committer: &'a [u8]) -> Self {
        let end = memchr::memchr(0, message).unwrap_or(message.len());
        Self {
            message: &message[..end],
            parents,
            committer,
        }
    }

    /// A commit that waits to be squashed into another.
    pub(super) fn fixup(&self) -> Option<Fault> {
        let text = String::from_utf8_lossy(self.message);
        let subject = subject(&text);
        let mark = MARKS.iter().find(|mark| {
            // Without anything behind it, too.
            subject.starts_with(*mark) || subject == mark.trim_end()
        })?;
        Some(Fault {
            check: ask::FIXUP,
            kind: PlaceKind::Commit,
            message: format!(
                "a {} commit waits to be squashed, and does not come to a protected ref",
                mark.trim()
            ),
            help: "squash it, then push:\n$ git rebase -i --autosquash @{upstream}".to_owned(),
        })
    }

    /// All that is wrong with the message.
    pub(super) fn faults(&self, asked: &Commits) -> Vec<Fault> {
        if !asked.asks() {
            return Vec::new();
        }
        let text = String::from_utf8_lossy(self.message);
        let merge = self.parents > 1;
        let mut faults = Vec::new();
        if asked.conventional() && !merge {
            faults.extend(conventional_fault(&text, asked));
        }
        faults.extend(length_fault(&text, asked));
        if asked.imperative && !merge {
            faults.extend(mood_fault(&text, asked));
        }
        faults.extend(blank_line_fault(&text));
        faults.extend(width_fault(&text, asked));
        if let (Some(keys), false) = (&asked.trailers, merge) {
            faults.extend(trailers_fault(&text, keys));
        }
        if asked.sign_off && !merge {
            faults.extend(self.sign_off_fault(&text));
        }
        faults.extend(self.pattern_faults(asked));
        faults
    }

    fn sign_off_fault(&self, text: &str) -> Option<Fault> {
        let committer = String::from_utf8_lossy(self.committer);
        let signed = trailers::values(text, "Signed-off-by");
        if signed.contains(&&committer[..]) {
            return None;
        }
        let line = format!("Signed-off-by: {}", escape(self.committer));
        let message = match signed.last() {
            Some(other) => format!(
                "signed off by {}, and not by its committer",
                escape(other.as_bytes())
            ),
            None => "not signed off by its committer".to_owned(),
        };
        Some(Fault {
            check: ask::SIGN_OFF,
            kind: PlaceKind::Message,
            message,
            help: format!("commit with -s, which ends the message with \"{line}\""),
        })
    }

    fn pattern_faults(&self, asked: &Commits) -> Vec<Fault> {
        let list = |list: &Option<Vec<MessagePattern>>, there: bool| -> Vec<String> {
            let patterns = list.as_deref().unwrap_or_default().iter();
            patterns
                .filter(|pattern| pattern.is_in(self.message) == there)
                .map(|pattern| escape(pattern.as_str().as_bytes()))
                .collect()
        };
        let (missing, present) = (list(&asked.require, false), list(&asked.forbid, true));
        let mut faults = Vec::new();
        if !missing.is_empty() {
            faults.push(Fault {
                check: ask::REQUIRE,
                kind: PlaceKind::Message,
                message: format!(
                    "the message has nothing that matches {}",
                    missing.join(" and ")
                ),
                help: "add what is asked for, anywhere in the message".to_owned(),
            });
        }
        if !present.is_empty() {
            faults.push(Fault {
                check: ask::FORBID,
                kind: PlaceKind::Message,
                message: format!("the message matches {}", present.join(" and ")),
                help: "say it in other words".to_owned(),
            });
        }
        faults
    }
}

/// The first line, as Git counts: empty ones above it do not count.
pub(super) fn subject(text: &str) -> &str {
    lines(text).next().unwrap_or_default().trim_end()
}

/// The lines below the first one.
fn below(text: &str) -> Vec<&str> {
    lines(text).skip(1).collect()
}

/// The lines from the subject on. What is white alone is empty (`skip_blank_lines` of Git).
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().skip_while(|line| line.trim_ascii().is_empty())
}

fn conventional_fault(text: &str, asked: &Commits) -> Option<Fault> {
    let subject = without_marks(subject(text));
    let why = match conventional::header(subject) {
        Err(why) => why.to_string(),
        Ok(header) if !has_type(asked, header.kind) => {
            format!(
                "\"{}\" is none of its types",
                escape(header.kind.as_bytes())
            )
        }
        Ok(_) => match conventional::body(&below(text)) {
            Err(why @ (NotConventional::OddBreaking | NotConventional::BreakingInBody)) => {
                why.to_string()
            }
            Err(why) => why.to_string(),
            Ok(()) => return None,
        },
    };
    let types = asked.types.as_ref().map_or_else(String::new, |types| {
        let words: Vec<&str> = types.iter().map(|kind| kind.0.as_str()).collect();
        format!("; the types are {}", words.join(", "))
    });
    Some(Fault {
        check: ask::CONVENTIONAL,
        kind: PlaceKind::Message,
        message: format!("not a conventional commit: {why}"),
        help: format!("write TYPE: DESCRIPTION or TYPE(SCOPE): DESCRIPTION{types}"),
    })
}

/// The specification compares types without their case.
pub(super) fn has_type(asked: &Commits, kind: &str) -> bool {
    let kind = kind.to_lowercase();
    asked
        .types
        .as_ref()
        .is_none_or(|types| types.iter().any(|known| known.0.to_lowercase() == kind))
}

fn length_fault(text: &str, asked: &Commits) -> Option<Fault> {
    let most = asked.subject_max?.get();
    let length = without_marks(subject(text)).chars().count();
    (length > most).then(|| Fault {
        check: ask::SUBJECT_LENGTH,
        kind: PlaceKind::Message,
        message: format!("the subject has {length} characters, and the limit is {most}"),
        help: "say it shorter, and the rest in the body".to_owned(),
    })
}

/// Lines that nobody can break are as long as they are: an address, or a trailer.
fn width_fault(text: &str, asked: &Commits) -> Option<Fault> {
    let most = asked.body_max?.get();
    let empty = text.lines().count() - lines(text).count();
    let ends = trailers::begin(text).saturating_sub(empty);
    let body = lines(text).take(ends).enumerate().skip(1);
    let breaks = |line: &str| line.trim().contains(char::is_whitespace) && !line.contains("://");
    let length = |line: &str| line.trim_end().chars().count();
    let mut long = body.filter(|(_, line)| length(line) > most && breaks(line));
    let (at, line) = long.next()?;
    Some(Fault {
        check: ask::BODY_WIDTH,
        kind: PlaceKind::Message,
        message: format!(
            "line {} has {} characters, and {most} are allowed below the subject",
            at + 1,
            length(line)
        ),
        help: "break the line".to_owned(),
    })
}

fn trailers_fault(text: &str, keys: &[TrailerKey]) -> Option<Fault> {
    let has = |key: &&TrailerKey| {
        let mut values = trailers::values(text, &key.0).into_iter();
        values.any(|value| !value.is_empty())
    };
    let missing: Vec<&str> = keys
        .iter()
        .filter(|key| !has(key))
        .map(|key| &key.0[..])
        .collect();
    if missing.is_empty() {
        return None;
    }
    Some(Fault {
        check: ask::TRAILERS,
        kind: PlaceKind::Message,
        message: format!("the message has no trailer {}", missing.join(" and ")),
        help: format!(
            "end it with a paragraph of lines such as \"{}: VALUE\" (git commit --trailer)",
            missing[0]
        ),
    })
}

fn mood_fault(text: &str, asked: &Commits) -> Option<Fault> {
    let subject = without_marks(subject(text));
    let header = conventional::header(subject).ok();
    let header = header.filter(|_| asked.conventional());
    let says = other_mood(header.map_or(subject, |header| header.description))?;
    Some(Fault {
        check: ask::IMPERATIVE,
        kind: PlaceKind::Message,
        message: format!("the subject says {says}, and is to be a command"),
        help: "begin it with what the commit is to do: add, fix, remove".to_owned(),
    })
}

fn blank_line_fault(text: &str) -> Option<Fault> {
    let second = below(text).first().copied().unwrap_or_default();
    (!second.trim().is_empty()).then(|| Fault {
        check: ask::BLANK_LINE,
        kind: PlaceKind::Message,
        message: "the second line is not empty".to_owned(),
        help: "leave a line empty between the subject and the body".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn faults(asked: &str, parents: usize, message: &str) -> Vec<&'static str> {
        let asked: Commits = toml::from_str(asked).unwrap();
        let draft = Draft::new(message.as_bytes(), parents, b"A <a@x>");
        draft
            .faults(&asked)
            .iter()
            .map(|fault| fault.check.name)
            .collect()
    }

    #[test]
    fn a_message_is_judged_by_what_is_asked_and_nothing_else() {
        const TYPES: &str = "types = [\"feat\", \"fix\"]";
        for (asked, parents, message, wrong) in [
            ("", 1, "whatever\nit is", &[][..]),
            (TYPES, 1, "feat: a\n", &[]),
            (TYPES, 1, "FEAT: a\n", &[]),
            (TYPES, 1, "docs: a\n", &["conventional"]),
            ("conventional = true", 1, "docs: a\n", &[]),
            (TYPES, 1, "Merge branch 'a'\n", &["conventional"]),
            (TYPES, 1, "Revert \"feat: a\"\n", &["conventional"]),
            (TYPES, 2, "Merge branch 'a'\n", &[]),
            (TYPES, 1, "fixup! feat: a\n", &[]),
            (TYPES, 1, "fixup! squash! a\n", &["conventional"]),
            (TYPES, 1, "feat: a\nb", &["blank-line"]),
            ("imperative = true", 1, "added it", &["imperative"]),
            ("imperative = true", 1, "fixup! added it", &["imperative"]),
            ("imperative = true", 2, "added it", &[]),
            ("imperative = true", 1, "add it", &[]),
            (
                "imperative = true\nconventional = true",
                1,
                "fix: adds it",
                &["imperative"],
            ),
            (
                "imperative = true\nconventional = true",
                1,
                "tests: add it",
                &[],
            ),
            ("imperative = false", 1, "added it", &[]),
            ("subject_max = 5", 1, "äöüäö\n\nlonger than that", &[]),
            ("subject_max = 5", 1, "äöüäöü\n", &["subject-length"]),
            ("body_max = 5", 1, "a long one\n\nabc d\n", &[]),
            ("body_max = 5", 1, "a\n\nabcd e\n", &["body-width"]),
            ("body_max = 5", 1, "a\n\nabcdefg\nx\nsee http://x\n", &[]),
            ("body_max = 5", 1, "a\n\nb\n\nRefs: one two\n", &[]),
            (
                "body_max = 5",
                1,
                "a\n\nRefs: one two\n\nb\n",
                &["body-width"],
            ),
            ("trailers = [\"Refs\"]", 1, "a\n\nb\n", &["trailers"]),
            ("trailers = [\"Refs\"]", 1, "a\n\nrefs: 1\n", &[]),
            ("trailers = [\"Refs\"]", 1, "a\n\nRefs:\n", &["trailers"]),
            (
                "trailers = [\"Refs\"]",
                1,
                "a\n\nRefs: 1\n\nb\n",
                &["trailers"],
            ),
            ("trailers = [\"Refs\"]", 1, "Refs: 1\n", &["trailers"]),
            ("trailers = [\"Refs\"]", 2, "a\n", &[]),
            ("sign_off = true", 1, "a\n", &["sign-off"]),
            ("sign_off = true", 2, "a\n", &[]),
            (
                "sign_off = true",
                1,
                "a\0\n\nSigned-off-by: A <a@x>\n",
                &["sign-off"],
            ),
            ("sign_off = true", 1, "a\n\nSigned-off-by: A <a@x>\n", &[]),
            (
                "sign_off = true",
                1,
                "a\n\nSigned-off-by: B <a@x>\n",
                &["sign-off"],
            ),
            (
                "sign_off = true",
                1,
                "a\n\nSigned-off-by: A <a@x>\n\nb\n",
                &["sign-off"],
            ),
            ("require = [\"[A-Z]+-[0-9]+\"]", 1, "a\n\nsee AB-1\n", &[]),
            (
                "require = [\"[A-Z]+-[0-9]+\", \"b\"]",
                2,
                "ab\n",
                &["require"],
            ),
            (r"forbid = ['(?i)\bwip\b']", 1, "Wip: a\n", &["forbid"]),
            (r"forbid = ['(?i)\bwip\b']", 1, "wiped\n", &[]),
        ] {
            assert_eq!(
                faults(asked, parents, message),
                wrong,
                "{asked} {message:?}"
            );
        }
    }
}
