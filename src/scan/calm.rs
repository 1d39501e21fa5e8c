//! Looks at a text only where it differs from one that it is built on.
//!
//! A rule of one line finds by what stands on the line, and a line that is the base's tells nothing
//! new: either it holds nothing, or one of the secrets that were found in the base. Rules over a few
//! lines look a few lines further, where their keywords stand; where the keyword of a rule over many
//! lines stands, or something else might come together from afar, a text is not called calm, and what
//! is built on it is scanned as a whole.

use super::Match;
use super::around;
use super::decode::{Budget, is_container};
use super::generic::{self, Setting};
use super::keys::Public;
use super::keywords::{Hit, Keywords};
use super::outcome::Scan;
use super::overlap;
use super::patience::Patience;
use super::rule::Rule;
use super::scanner::Scanner;
use super::search::Text;
use crate::change::{Around, Calm, Fresh};
use regex::bytes::Regex;
use std::borrow::Cow;
use std::num::NonZeroU32;
use std::ops::Range;

/// A rule whose matches stretch over more lines than this is not looked for in parts of a text.
const MAX_LINES: usize = 5;

/// What is told of a text beside its matches.
#[derive(Default)]
pub(super) struct Told {
    pub(super) undecided: Vec<String>,
    /// Over how many lines the matches may stretch of rules whose keywords stand in it.
    pub(super) lines: usize,
    /// How many lines further an assignment by name may go on.
    pub(super) names: usize,
    /// Whether a rule matched that reports nothing, or would have if other lines did not speak against
    /// it.
    pub(super) silent: bool,
    /// The public keys in it, where they are asked for.
    pub(super) publics: Option<Vec<Public>>,
    /// Whether the beginning of a public key stands in it.
    pub(super) public: bool,
}

impl Scanner {
    /// Looks at a text only where it differs from one that it is built on, where that stands which
    /// that one holds, and so far around as that one says. `None` where it has to be scanned as a
    /// whole, which might find more, and where time is over.
    ///
    /// What is looked at is added to `scanned`, in bytes: whole lines around what is new, but for
    /// those that stood elsewhere in the same words and held nothing.
    #[must_use]
    pub fn beyond(
        &self,
        path: &[u8],
        bytes: &[u8],
        fresh: &[Range<usize>],
        around: Around,
        patience: Patience,
        scanned: &mut u64,
    ) -> Option<Scan> {
        if begins_special(bytes) || self.of_path(path).next().is_some() {
            return None;
        }
        let text = Text {
            bytes,
            path,
            fresh: &Fresh::All,
            setting: Setting::Plain,
            allowances: &self.allowances,
            patience,
        };
        let mut told = Told {
            publics: Some(Vec::new()),
            ..Told::default()
        };
        let mut hits = Vec::new();
        let mut excerpts = Vec::new();
        let mut marks = Vec::new();
        let marker = self.known.marker(path);
        let mut all = around::excerpts(bytes, fresh);
        for range in &all {
            let mark = marker.mark(&bytes[range.clone()]);
            if self.known.has(mark) {
                continue;
            }
            // In what was looked at before there is none.
            if memchr::memchr(0, &bytes[range.clone()]).is_some() {
                return None;
            }
            let before = hits.len();
            look(&self.keywords, bytes, range, &mut hits);
            *scanned += range.len() as u64;
            let lines = hits[before..].iter().map(|hit| self.lines_of(hit));
            marks.push((mark, lines.max()));
            excerpts.push(range.clone());
        }
        if let Some(holds) = around.holds {
            let held = around::excerpts(bytes, &self.held.places(holds, bytes));
            for range in &held {
                look(&self.keywords, bytes, range, &mut hits);
                *scanned += range.len() as u64;
            }
            all.extend(held);
            all.sort_unstable_by_key(|range| range.start);
        }
        let over = self.over_lines();
        if around.rules > 0 {
            // Too many keywords of own rules for one search: then nothing is known of these lines.
            let finder = over.finder.as_ref()?;
            for range in around::widened(bytes, &all, around.rules) {
                over.rules(finder, bytes, &range, &mut hits);
            }
        }
        if around.names > 0 {
            for range in around::widened(bytes, &all, around.names) {
                look(&over.names, bytes, &range, &mut hits);
            }
        }
        let matches = overlap::resolve(self.direct(&text, hits, &mut told));
        if told.silent {
            return None;
        }
        let parts = match excerpts.as_slice() {
            [] => Cow::Borrowed(&[][..]),
            [one] => Cow::Borrowed(&bytes[one.clone()]),
            several => Cow::Owned(around::joined(bytes, several)),
        };
        let parts = Text {
            bytes: &parts,
            ..text
        };
        let mut told_inside = Told::default();
        let inside = self.inside(&parts, &mut Budget::within(patience), &mut told_inside);
        if patience.is_over() {
            return None;
        }
        let (Calm::Within(outside), Calm::Within(within), []) = (
            self.calm_by(&told, bytes, &matches, around.holds),
            self.calm_by(&told_inside, bytes, &[], None),
            &inside[..],
        ) else {
            return None;
        };
        // What can only hold something by itself holds nothing anywhere.
        let public = told.public || told_inside.public;
        if matches.is_empty() && !public && within == Around::default() {
            let alone = |lines: &Option<Lines>| match lines {
                None | Some(Lines::One) => true,
                Some(Lines::ByName) => outside.names == 0,
                Some(Lines::More) => false,
            };
            for (mark, _) in marks.iter().filter(|(_, lines)| alone(lines)) {
                self.known.add(*mark);
            }
        }
        let calm = Calm::Within(Around {
            rules: around.rules.max(outside.rules).max(within.rules),
            names: around.names.max(outside.names).max(within.names),
            holds: outside.holds,
        });
        Some(Scan {
            matches,
            calm,
            publics: told.publics.unwrap_or_default(),
            public,
            ..Scan::default()
        })
    }

    fn lines_of(&self, hit: &Hit) -> Lines {
        let Some(rule) = self.rule_at(hit.owner) else {
            return Lines::One;
        };
        match rule.lines {
            1 if rule.regex.is_some() => Lines::One,
            1 => Lines::ByName,
            _ => Lines::More,
        }
    }

    /// What a text comes to. `before` is the number of what the one holds that it is built on.
    pub(super) fn calm_by(
        &self,
        told: &Told,
        text: &[u8],
        matches: &[Match],
        before: Option<NonZeroU32>,
    ) -> Calm {
        let rules = told.lines.saturating_sub(1);
        if !self.by_lines || told.silent || !told.undecided.is_empty() || rules >= MAX_LINES {
            return Calm::Unknown;
        }
        let holds = match matches {
            [] => None,
            matches => match self.held.enter(text, matches, before) {
                None => return Calm::Unknown,
                holds => holds,
            },
        };
        Calm::Within(Around {
            rules,
            names: told.names,
            holds,
        })
    }
}

/// Over which lines what a keyword calls may find something.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Lines {
    /// Its own.
    One,
    /// Its own, and where a name stands without its value the next.
    ByName,
    /// Several.
    More,
}

/// What is looked for in lines that are not new themselves.
pub(super) struct OverLines {
    /// Finds the keywords of rules over a few lines; none where there are no such rules, or too many
    /// for one search.
    finder: Option<Regex>,
    keywords: Vec<(&'static str, u16)>,
    /// The names of what is assigned.
    names: Keywords,
}

impl OverLines {
    /// Of the rules, each with its number; `highest` gives the highest byte behind a keyword.
    pub(super) fn new(
        called: impl Iterator<Item = (u16, &'static Rule)>,
        highest: fn(&Rule) -> u8,
    ) -> Self {
        let (names, rules): (Vec<_>, Vec<_>) = called.partition(|(_, rule)| rule.regex.is_none());
        let few = |(_, rule): &&(u16, &'static Rule)| (2..=MAX_LINES).contains(&rule.lines);
        let words = |(index, rule): &(u16, &'static Rule)| {
            let index = *index;
            rule.keywords.iter().map(move |word| (*word, index))
        };
        let keywords: Vec<_> = rules.iter().filter(few).flat_map(words).collect();
        let escaped: Vec<_> = keywords
            .iter()
            .map(|(word, _)| regex_syntax::escape(word))
            .collect();
        let finder = format!("(?i-u:{})", escaped.join("|"));
        let names = names.iter().flat_map(|(index, rule)| {
            let words = rule.keywords.iter();
            words.map(move |word| (*word, *index, highest(rule)))
        });
        Self {
            finder: Regex::new(&finder).ok().filter(|_| !keywords.is_empty()),
            keywords,
            names: Keywords::new(names),
        }
    }

    /// Adds the hits of rules over a few lines in a part of a text.
    fn rules(&self, finder: &Regex, text: &[u8], part: &Range<usize>, hits: &mut Vec<Hit>) {
        let text = &text[..part.end];
        let mut at = part.start;
        while let Some(found) = finder.find_at(text, at) {
            let start = found.start();
            // Keywords may stand in each other.
            for (word, owner) in &self.keywords {
                let here = text.get(start..start + word.len());
                if here.is_some_and(|here| here.eq_ignore_ascii_case(word.as_bytes())) {
                    hits.push(Hit {
                        owner: *owner,
                        start,
                        len: word.len(),
                    });
                }
            }
            at = start + 1;
        }
    }
}

/// Adds the hits of the keywords in a part of a text.
fn look(keywords: &Keywords, text: &[u8], part: &Range<usize>, hits: &mut Vec<Hit>) {
    keywords.each(&text[part.clone()], |hit| {
        let start = part.start + hit.start;
        hits.push(Hit { start, ..hit });
    });
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

pub(super) fn begins_special(bytes: &[u8]) -> bool {
    matches!(bytes, [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..]) || is_container(bytes)
}
