//! What rules of other scanners have beyond our own schema: they run over whole texts, for some
//! paths alone, and say what is no finding of theirs.

use super::generic::randomness::shannon;
use super::{Confidence, Match, Rule};
use memchr::{memchr, memrchr};
use regex::bytes::{Captures, Regex, RegexBuilder};
use std::ops::Range;
use std::sync::OnceLock;

/// A rule of another scanner's file on its way into the table.
#[derive(Debug, Default)]
pub struct Draft {
    /// Its id as written.
    pub id: String,
    /// What it finds.
    pub title: Option<String>,
    /// The regex, in this program's dialect; none for a rule about paths.
    pub regex: Option<String>,
    /// One of them stands somewhere in the text, in any case (ASCII); none: every text is searched.
    pub keywords: Vec<String>,
    /// Shannon bits a character that a secret has to exceed.
    pub entropy: Option<f64>,
    /// How sure a match is; without a word, high.
    pub confidence: Option<Confidence>,
    /// The rest.
    pub foreign: Foreign,
}

/// What a rule has beyond the schema of `rules.toml`.
#[derive(Debug, Default)]
pub struct Foreign {
    /// The paths that it is for.
    pub path: Option<Pattern>,
    /// Which group of the regex is the secret.
    pub group: Group,
    /// What is no finding.
    pub unless: Vec<Unless>,
    /// Rules that must match nearby.
    pub required: Vec<Required>,
    /// Whether it reports what it finds.
    pub report: Report,
}

/// Which part of a match is the secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Group {
    /// The first group that is not empty, else all of it.
    #[default]
    First,
    /// The group of this number; 0 is all of it.
    Number(usize),
    /// The group of this name.
    Named(String),
}

/// Whether a rule reports what it finds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Report {
    /// As findings.
    #[default]
    Yes,
    /// Only to the rules that ask for it.
    No,
}

/// Another rule that must match nearby.
#[derive(Clone, Debug)]
pub struct Required {
    /// Its id.
    pub rule: String,
    /// How many lines may lie between; none: any number.
    pub lines: Option<usize>,
    /// How many columns (bytes) may lie between the two beginnings; none: any number.
    pub columns: Option<usize>,
}

/// A regex without Unicode, compiled when it is first asked.
#[derive(Debug)]
pub struct Pattern {
    text: String,
    compiled: OnceLock<Option<Regex>>,
    /// What every text that it matches ends in, where that is known.
    ends: OnceLock<Option<Vec<Vec<u8>>>>,
}

impl Pattern {
    /// Of a regex in this program's dialect that parses.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self {
            text,
            compiled: OnceLock::new(),
            ends: OnceLock::new(),
        }
    }

    /// Whether it matches; none where it is too large to be compiled.
    #[must_use]
    pub fn is_in(&self, text: &[u8]) -> Option<bool> {
        self.compiled
            .get_or_init(|| RegexBuilder::new(&self.text).unicode(false).build().ok())
            .as_ref()
            .map(|regex| regex.is_match(text))
    }

    /// Whether it could match a path whose last part is this name.
    pub(super) fn may_end_in(&self, name: &[u8]) -> bool {
        let ends = self.ends.get_or_init(|| ends(&self.text));
        ends.as_ref().is_none_or(|ends| {
            ends.iter().any(|end| match memrchr(b'/', end) {
                Some(at) => name == &end[at + 1..],
                None => name.ends_with(end),
            })
        })
    }
}

/// What every text ends in that a regex matches; `None` where that could be anything.
fn ends(regex: &str) -> Option<Vec<Vec<u8>>> {
    use regex_syntax::hir::Look;
    use regex_syntax::hir::literal::{ExtractKind, Extractor};
    let mut parser = regex_syntax::ParserBuilder::new();
    let hir = parser
        .unicode(false)
        .utf8(false)
        .build()
        .parse(regex)
        .ok()?;
    if !hir.properties().look_set_suffix().contains(Look::End) {
        return None;
    }
    let ends = Extractor::new().kind(ExtractKind::Suffix).extract(&hir);
    let ends = ends.literals()?.iter().map(|end| end.as_bytes().to_vec());
    Some(ends.collect())
}

/// What part of the surroundings of a match is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The secret.
    Secret,
    /// All that the regex matched.
    Match,
    /// The lines that the match stands on.
    Line,
    /// The path of the file; what is not known matches nothing.
    Path,
}

/// What makes a match no finding.
#[derive(Debug)]
pub enum Unless {
    /// The secret has at most so many Shannon bits a character.
    EntropyAtMost(f64),
    /// The secret has fewer.
    EntropyBelow(f64),
    /// One of these matches.
    Matches(Subject, Vec<Pattern>),
    /// One of these stands in it, in any case (ASCII).
    Contains(Subject, Vec<String>),
    /// One of these stands in it as written.
    ContainsExactly(Subject, Vec<String>),
    /// All of these hold.
    All(Vec<Self>),
    /// One of these holds.
    Any(Vec<Self>),
}

/// What a rule file says is no finding of several rules.
#[derive(Debug)]
pub struct Allowance {
    /// Whose findings.
    pub of: Scope,
    /// What is none.
    pub unless: Unless,
}

/// The rules that an allowance is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Those of these ids.
    Rules(Vec<String>),
    /// Those of these ids and all built-in ones.
    BuiltInAnd(Vec<String>),
}

impl Allowance {
    fn is_for(&self, rule: &Rule) -> bool {
        match &self.of {
            Scope::Rules(ids) => ids.iter().any(|id| id == rule.id),
            Scope::BuiltInAnd(ids) => rule.origin.is_none() || ids.iter().any(|id| id == rule.id),
        }
    }

    /// Whether it says so of this match.
    pub(super) fn covers(&self, found: &Match, text: &[u8], path: &[u8]) -> bool {
        self.is_for(found.rule) && self.unless.holds(found, text, path)
    }

    /// Whether the path matters for findings of this rule.
    pub(super) fn asks_for_path(&self, rule: &Rule) -> bool {
        self.is_for(rule) && self.unless.asks_for_path()
    }
}

impl Unless {
    /// Whether it holds of a match in a text at a path.
    pub(super) fn holds(&self, found: &Match, text: &[u8], path: &[u8]) -> bool {
        let part = |subject: Subject| match subject {
            Subject::Secret => &text[found.span.clone()],
            Subject::Match => &text[found.whole.clone()],
            Subject::Line => &text[lines_of(text, &found.whole)],
            Subject::Path => path,
        };
        match self {
            Self::EntropyAtMost(bits) => shannon(part(Subject::Secret)) <= *bits,
            Self::EntropyBelow(bits) => shannon(part(Subject::Secret)) < *bits,
            Self::Matches(Subject::Path, _)
            | Self::Contains(Subject::Path, _)
            | Self::ContainsExactly(Subject::Path, _)
                if path.is_empty() =>
            {
                false
            }
            // A pattern that is too large to be compiled excuses nothing.
            Self::Matches(subject, patterns) => patterns
                .iter()
                .any(|pattern| pattern.is_in(part(*subject)) == Some(true)),
            Self::Contains(subject, words) => {
                words.iter().any(|word| contains(part(*subject), word))
            }
            Self::ContainsExactly(subject, words) => words
                .iter()
                .any(|word| memchr::memmem::find(part(*subject), word.as_bytes()).is_some()),
            Self::All(parts) => parts.iter().all(|one| one.holds(found, text, path)),
            Self::Any(parts) => parts.iter().any(|one| one.holds(found, text, path)),
        }
    }

    fn asks_for_path(&self) -> bool {
        match self {
            Self::EntropyAtMost(_) | Self::EntropyBelow(_) => false,
            Self::Matches(subject, _)
            | Self::Contains(subject, _)
            | Self::ContainsExactly(subject, _) => *subject == Subject::Path,
            Self::All(parts) | Self::Any(parts) => parts.iter().any(Self::asks_for_path),
        }
    }
}

impl Foreign {
    /// Whether the rule is for a file at this path, or could be for one whose path is not known.
    pub(super) fn is_for(&self, path: &[u8]) -> bool {
        path.is_empty()
            || self
                .path
                .as_ref()
                .is_none_or(|pattern| pattern.is_in(path) != Some(false))
    }

    /// Whether the path matters for its findings.
    pub(super) fn asks_for_path(&self) -> bool {
        self.path.is_some() || self.unless.iter().any(Unless::asks_for_path)
    }

    /// The secret of a match.
    pub(super) fn secret(&self, captures: &Captures<'_>, whole: &Range<usize>) -> Range<usize> {
        let group = match &self.group {
            Group::First => captures
                .iter()
                .skip(1)
                .flatten()
                .find(|group| !group.is_empty()),
            Group::Number(number) => captures.get(*number),
            Group::Named(name) => captures.name(name),
        };
        group.map_or_else(|| whole.clone(), |group| group.range())
    }
}

/// Whether a word stands in a text, in any case (ASCII).
pub(super) fn contains(text: &[u8], word: &str) -> bool {
    let word = word.as_bytes();
    let Some(first) = word.first() else {
        return true;
    };
    let (low, high) = (first.to_ascii_lowercase(), first.to_ascii_uppercase());
    memchr::memchr2_iter(low, high, text).any(|at| {
        text.get(at..at + word.len())
            .is_some_and(|here| here.eq_ignore_ascii_case(word))
    })
}

/// The lines that a place stands on, without the last line's end.
fn lines_of(text: &[u8], place: &Range<usize>) -> Range<usize> {
    let start = memrchr(b'\n', &text[..place.start]).map_or(0, |at| at + 1);
    let end = memchr(b'\n', &text[place.end..]).map_or(text.len(), |at| place.end + at);
    start..end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_left_out_only_where_no_path_with_it_can_match() {
        let may = |regex: &str, name: &[u8]| Pattern::new(regex.to_owned()).may_end_in(name);
        for (regex, name, path, might) in [
            (r"\.p12$", &b"x.p12"[..], &b"a/x.p12"[..], true),
            (r"\.p12$", b"p12", b"a/p12", false),
            (r"(?i)\.p12$", b"x.P12", b"x.P12", true),
            (r"^app/key$", b"key", b"app/key", true),
            (r"^app/key$", b"a-key", b"app/a-key", false),
            (r"(^|/)id_(rsa|dsa)$", b"id_rsa", b"b/id_rsa", true),
            (r"(^|/)id_(rsa|dsa)$", b"id_rsa.pub", b"b/id_rsa.pub", false),
            (r"\.(pem|key)$|^secret/", b"any", b"secret/any", true),
            (r"^secret/.*$", b"any", b"secret/any", true),
            (r"\.p12", b"a.txt", b"b.p12/a.txt", true),
            (r"x+$", b"xx", b"a/xx", true),
        ] {
            assert_eq!(may(regex, name), might, "{regex} {name:?}");
            let matches = Pattern::new(regex.to_owned()).is_in(path) == Some(true);
            assert!(might || !matches, "{regex} {path:?}");
            assert_eq!(matches, might, "{regex} {path:?}");
        }
    }
}
