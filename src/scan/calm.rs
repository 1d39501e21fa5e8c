//! Looks at a text only where it differs from one that it is built on and that held nothing.
//!
//! A rule of one line finds by what stands on the line, and a line that is the base's tells nothing
//! new. Rules over a few lines look a few lines further, where their keywords stand; where the keyword
//! of a rule over many lines stands, or something else might come together from afar, a text is not
//! called calm, and what is built on it is scanned as a whole.

use super::around;
use super::decode::{Budget, is_container};
use super::generic::{self, Setting};
use super::keys::Public;
use super::keywords::Hit;
use super::rule::Rule;
use super::scanner::Scanner;
use super::search::Text;
use crate::change::{Calm, Fresh};
use std::borrow::Cow;
use std::ops::Range;

/// A rule whose matches stretch over more lines than this is not looked for in parts of a text.
const MAX_LINES: usize = 5;

/// What is told of a text beside its matches.
#[derive(Default)]
pub(super) struct Told {
    pub(super) undecided: Vec<String>,
    /// Over how many lines the matches may stretch of rules whose keywords stand in it.
    pub(super) lines: usize,
    /// Whether an assignment by name may stretch over two.
    pub(super) spans: bool,
    /// Whether any rule matched, though it may report nothing, or would have if other lines did not
    /// speak against it.
    pub(super) matches: bool,
    /// The public keys in it, where they are asked for.
    pub(super) publics: Option<Vec<Public>>,
}

impl Scanner {
    /// Looks at a text only where it differs from a calm one that it is built on, and `within` so
    /// many lines around. Unless it is calm as well, it has to be scanned as a whole, which then finds
    /// something, or might.
    #[must_use]
    pub fn calm(&self, path: &[u8], bytes: &[u8], fresh: &[Range<usize>], within: usize) -> Calm {
        let nul = |range: &Range<usize>| memchr::memchr(0, &bytes[range.clone()]).is_some();
        if begins_special(bytes) || fresh.iter().any(nul) {
            return Calm::Unknown;
        }
        let excerpts = around::excerpts(bytes, fresh, within);
        let text = Text {
            bytes,
            path,
            fresh: &Fresh::All,
            setting: Setting::Plain,
            allowances: &self.allowances,
        };
        let mut told = Told {
            lines: within + 1,
            ..Told::default()
        };
        let mut hits = Vec::new();
        for range in &excerpts {
            self.keywords.each(&bytes[range.clone()], |hit| {
                let start = range.start + hit.start;
                hits.push(Hit { start, ..hit });
            });
        }
        let direct = self.direct(&text, hits, &mut told);
        if told.matches || !direct.is_empty() {
            return Calm::Unknown;
        }
        let parts = match excerpts.as_slice() {
            [] => return self.calm_by(&told),
            [one] => Cow::Borrowed(&bytes[one.clone()]),
            several => Cow::Owned(around::joined(bytes, several)),
        };
        let parts = Text {
            bytes: &parts,
            ..text
        };
        let inside = self.inside(&parts, &mut Budget::default(), &mut told);
        if inside.is_empty() {
            self.calm_by(&told)
        } else {
            Calm::Unknown
        }
    }

    /// What a text without matches comes to.
    pub(super) fn calm_by(&self, told: &Told) -> Calm {
        let lines = told.lines.max(1 + usize::from(told.spans));
        if self.by_lines && !told.matches && told.undecided.is_empty() && lines <= MAX_LINES {
            Calm::Within(lines - 1)
        } else {
            Calm::Unknown
        }
    }
}

/// Whether only what other lines say keeps a candidate from being taken for a secret.
pub(super) fn is_excused(rule: &Rule, text: &Text<'_>, candidate: &generic::Candidate) -> bool {
    rule.model
        .is_some_and(|model| generic::is_excused(model, candidate, text.bytes, text.path))
}

/// Whether a text is in single bytes, and no archive: so that a part of it says what it says.
pub(super) fn is_plain(bytes: &[u8]) -> bool {
    !begins_special(bytes) && memchr::memchr(0, bytes).is_none()
}

fn begins_special(bytes: &[u8]) -> bool {
    matches!(bytes, [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..]) || is_container(bytes)
}
