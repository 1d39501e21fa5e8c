//! The engine: from a text to its matches.

use super::around;
use super::decode::{Budget, decode, is_container};
use super::encoding;
use super::generic::{self, Setting};
use super::keywords::{Hit, Keywords};
use super::overlap;
use super::placeholder;
use super::rule::{self, Near, Rule, rules};
use super::window::{lines, lines_in, neighbourhood, windows};
use super::{Confidence, Match, Secret, Validity};
use crate::change::{Calm, Content, Fresh};
use regex::bytes::Regex;
use std::borrow::Cow;
use std::ops::Range;

/// Which rules look.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Ids of rules that are off. That each exists is for the configuration to see to. What a named
    /// rule that is off matches is not reported as a guess by name either.
    pub off: Vec<String>,
}

/// What a scan found.
#[derive(Clone, Debug, Default)]
pub struct Scan {
    /// By rising place.
    pub matches: Vec<Match>,
    /// Why something in the content could not be decoded within limits; empty normally.
    pub undecided: Vec<String>,
    /// How much of a text that is built on this one has to be looked at.
    pub calm: Calm,
}

/// A rule whose matches stretch over more lines than this is not looked for in parts of a text.
const MAX_LINES: usize = 5;

/// How a rule takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// Not at all.
    Off,
    /// It is off, but what it matches tells a neighbour that is on that its partner is there, and a
    /// guess by name that this is no secret.
    Silent,
    /// It reports.
    On,
}

/// Finds secrets by the rules that are on. Shared between threads; making one costs microseconds.
pub struct Scanner {
    keywords: Keywords,
    parts: Vec<Part>,
}

/// What is being scanned, within the recursion.
struct Text<'a> {
    bytes: &'a [u8],
    path: &'a [u8],
    /// What of it is new; `All` for what was decoded, which is judged by the place it stood at.
    fresh: &'a Fresh,
    setting: Setting,
}

impl Scanner {
    /// With the rules that are not switched off.
    #[must_use]
    pub fn new(selection: &Selection) -> Self {
        let parts: Vec<Part> = rules()
            .iter()
            .map(|rule| {
                if !selection.off.iter().any(|off| off == rule.id) {
                    Part::On
                } else if rule.is_named() {
                    Part::Silent
                } else {
                    Part::Off
                }
            })
            .collect();
        let keywords = Keywords::new(
            (0_u16..)
                .zip(rules())
                .filter(|(index, rule)| {
                    parts[usize::from(*index)] != Part::Off && rule.near.is_none()
                })
                .flat_map(|(index, rule)| rule.keywords.iter().map(move |word| (*word, index))),
        );
        Self { keywords, parts }
    }

    /// Finds the secrets in a content that touch what is new in it. `path` helps to tell data from
    /// code; it may be empty.
    #[must_use]
    pub fn scan(&self, path: &[u8], content: Content<'_>) -> Scan {
        let mut scan = Scan::default();
        if matches!(content.fresh, Fresh::Ranges(ranges) if ranges.is_empty()) {
            return scan;
        }
        let mut budget = Budget::default();
        let text = Text {
            bytes: content.bytes,
            path,
            fresh: content.fresh,
            setting: Setting::Plain,
        };
        let mut told = Told::default();
        scan.matches = self.any(&text, &mut budget, &mut told);
        if told.undecided.is_empty() && scan.matches.is_empty() && is_plain(content.bytes) {
            scan.calm = told.calm();
        }
        scan.undecided = told.undecided;
        scan.matches
            .retain(|found| content.fresh.touches(&found.whole));
        scan
    }

    /// Looks at a text only where it differs from a calm one that it is built on, and `within` so
    /// many lines around. Unless it is calm as well, it has to be scanned as a whole: that is to say
    /// that a scan of the whole finds something, or might.
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
        };
        let mut told = Told {
            lines: within + 1,
            ..Told::default()
        };
        let mut hits = Vec::new();
        for range in around::with_shadows(bytes, &excerpts) {
            self.keywords.each(&bytes[range.clone()], |hit| {
                let start = range.start + hit.start;
                hits.push(Hit { start, ..hit });
            });
        }
        if !self.direct(&text, hits, &mut told).is_empty() {
            return Calm::Unknown;
        }
        let parts = match excerpts.as_slice() {
            [] => return told.calm(),
            [one] => Cow::Borrowed(&bytes[one.clone()]),
            several => Cow::Owned(around::joined(bytes, several)),
        };
        let parts = Text {
            bytes: &parts,
            ..text
        };
        if self
            .inside(&parts, &mut Budget::default(), &mut told)
            .is_empty()
            && told.undecided.is_empty()
        {
            told.calm()
        } else {
            Calm::Unknown
        }
    }

    /// Scans bytes of any encoding.
    fn any(&self, text: &Text<'_>, budget: &mut Budget, told: &mut Told) -> Vec<Match> {
        let wide = encoding::wide(text.bytes);
        let whole = wide.as_ref().is_some_and(|wide| wide.whole);
        let mut matches = if whole {
            Vec::new()
        } else {
            self.narrow(text, budget, told)
        };
        if let Some(wide) = wide {
            let inner = Text {
                bytes: &wide.text,
                fresh: &Fresh::All,
                ..*text
            };
            let mut found = self.narrow(&inner, budget, told);
            for one in &mut found {
                one.span = wide.place(&one.span);
                one.whole = wide.place(&one.whole);
                one.decoded.insert(0, wide.how);
            }
            matches = overlap::join(matches, found);
        }
        matches
    }

    /// Scans a text of single bytes, then what is encoded in it.
    fn narrow(&self, text: &Text<'_>, budget: &mut Budget, told: &mut Told) -> Vec<Match> {
        let mut hits = Vec::new();
        self.keywords.each(text.bytes, |hit| hits.push(hit));
        let direct = overlap::resolve(self.direct(text, hits, told));
        let inside = self.inside(text, budget, told);
        overlap::join(direct, inside)
    }

    /// Scans what is encoded in a text.
    fn inside(&self, text: &Text<'_>, budget: &mut Budget, told: &mut Told) -> Vec<Match> {
        let decoded = decode(text.bytes, text.path, budget);
        told.undecided.extend(decoded.undecided);
        let mut inside = Vec::new();
        for piece in decoded.pieces {
            if !text.fresh.touches(&piece.span) {
                continue;
            }
            let inner = Text {
                bytes: &piece.bytes,
                path: piece.member.as_deref().unwrap_or(text.path),
                fresh: &Fresh::All,
                setting: Setting::decoded(&piece.bytes),
            };
            let found = budget.deeper(|budget| self.any(&inner, budget, told));
            for mut found in found {
                found.span = piece.span.clone();
                found.whole = piece.span.clone();
                found.decoded.insert(0, piece.how);
                inside.push(found);
            }
        }
        inside
    }

    /// Where the regexes match, before anything judges: owner, start and end of the secret.
    #[cfg(test)]
    pub(super) fn raw(&self, bytes: &[u8]) -> Vec<(u16, usize, usize)> {
        let mut hits = Vec::new();
        self.keywords.each(bytes, |hit| hits.push(hit));
        hits.sort_unstable();
        let mut raw = Vec::new();
        for group in hits.chunk_by(|a, b| a.owner == b.owner) {
            let owner = group[0].owner;
            let rule = &rules()[usize::from(owner)];
            if let Some(regex) = rule.regex() {
                for window in windows(rule, bytes, group) {
                    if !rule.could_match(&bytes[window.clone()]) {
                        continue;
                    }
                    each(rule, regex, bytes, &window, |_, secret| {
                        raw.push((owner, secret.start, secret.end));
                    });
                }
            }
        }
        raw
    }

    /// Every match around the hits in the text as it stands, overlaps included.
    fn direct(&self, text: &Text<'_>, mut hits: Vec<Hit>, told: &mut Told) -> Vec<Match> {
        let mut matches = Vec::new();
        if hits.is_empty() {
            return matches;
        }
        hits.sort_unstable();
        hits.dedup();
        for group in hits.chunk_by(|a, b| a.owner == b.owner) {
            let rule = &rules()[usize::from(group[0].owner)];
            told.lines = told.lines.max(rule.lines);
            self.rule(rule, group, text, &mut matches);
        }
        for (index, rule) in rules().iter().enumerate() {
            if let Some(near) = rule.near
                && self.parts[index] != Part::Off
            {
                beside(rule, near, text, &mut matches);
            }
        }
        let all = matches.len();
        let matches = self.on(matches);
        told.partners |= matches.len() < all;
        matches
    }

    /// Drops what rules found that are off, and with it what is only a guess by name over the same
    /// bytes: who switches a rule off does not ask for its secrets under another name.
    fn on(&self, matches: Vec<Match>) -> Vec<Match> {
        let part = |found: &Match| rule::index_of(found.rule.id).map(|index| self.parts[index]);
        let (mut on, off): (Vec<Match>, Vec<Match>) = matches
            .into_iter()
            .partition(|found| part(found) == Some(Part::On));
        on.retain(|found| {
            found.rule.is_named()
                || !off.iter().any(|other| {
                    other.rule.is_named()
                        && other.span.start < found.span.end
                        && found.span.start < other.span.end
                })
        });
        on
    }

    /// The matches of one rule around the hits of its keywords.
    fn rule(&self, rule: &'static Rule, hits: &[Hit], text: &Text<'_>, matches: &mut Vec<Match>) {
        if rule.model.is_some() && text.setting == Setting::Opaque {
            return;
        }
        if rule.regex.is_none() {
            let mut done = 0;
            for hit in hits.iter().filter(|hit| text.fresh_line(hit)) {
                if hit.start < done {
                    continue;
                }
                if let Some(candidate) =
                    generic::assignment(text.bytes, hit.start..hit.start + hit.len)
                {
                    done = candidate.value.start;
                    let (whole, value) = (candidate.whole.clone(), candidate.value.clone());
                    matches.extend(accept(rule, text, whole, value, Some(&candidate)));
                }
            }
            return;
        }
        let partner = rules()
            .iter()
            .any(|other| other.near.is_some_and(|near| near.rule == rule.id));
        for window in windows(rule, text.bytes, hits) {
            if partner || text.fresh.touches(&window) {
                run(rule, text, &window, matches);
            }
        }
    }
}

/// What is told of a text beside its matches.
#[derive(Default)]
struct Told {
    undecided: Vec<String>,
    /// Over how many lines the matches may stretch of rules whose keywords stand in it.
    lines: usize,
    /// Whether a rule matched that is off, and that others ask for.
    partners: bool,
}

impl Told {
    /// What a text without matches comes to.
    fn calm(&self) -> Calm {
        if self.partners || self.lines > MAX_LINES {
            Calm::Unknown
        } else {
            Calm::Within(self.lines.saturating_sub(1))
        }
    }
}

/// Whether a text is in single bytes, and no archive: so that a part of it says what it says.
fn is_plain(bytes: &[u8]) -> bool {
    !begins_special(bytes) && memchr::memchr(0, bytes).is_none()
}

fn begins_special(bytes: &[u8]) -> bool {
    matches!(bytes, [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..]) || is_container(bytes)
}

impl Text<'_> {
    /// Whether the line of this hit is new, as far as an assignment on it can reach.
    fn fresh_line(&self, hit: &Hit) -> bool {
        match self.fresh {
            Fresh::All => true,
            Fresh::Ranges(_) => {
                let start = hit.start.saturating_sub(generic::REACH);
                let end = (hit.start + generic::REACH).min(self.bytes.len());
                self.fresh.touches(&(start..end))
            }
        }
    }
}

/// Calls `found` with all of each match in a window and with its secret. The search goes on behind
/// the secret, not behind the delimiter that the match may have consumed: it may open the next one.
fn each(
    rule: &Rule,
    regex: &Regex,
    text: &[u8],
    window: &Range<usize>,
    mut found: impl FnMut(Range<usize>, Range<usize>),
) {
    let haystack = &text[..window.end];
    let mut at = window.start;
    while at <= window.end {
        let Some(captures) = regex.captures_at(haystack, at) else {
            return;
        };
        let Some(all) = captures.get(0) else { return };
        let secret = captures.name("secret").unwrap_or(all).range();
        at = secret.end.max(at + 1);
        if rule.lines == 1 || lines_in(&text[all.range()]) < rule.lines {
            found(all.range(), secret);
        }
    }
}

/// Runs a rule over a window.
fn run(rule: &'static Rule, text: &Text<'_>, window: &Range<usize>, matches: &mut Vec<Match>) {
    if rule.could_match(&text.bytes[window.clone()])
        && let Some(regex) = rule.regex()
    {
        each(rule, regex, text.bytes, window, |whole, secret| {
            matches.extend(accept(rule, text, whole, secret, None));
        });
    }
}

/// The matches of a rule that needs a partner, around the matches of that partner.
fn beside(rule: &'static Rule, near: Near, text: &Text<'_>, matches: &mut Vec<Match>) {
    let partners: Vec<Range<usize>> = matches
        .iter()
        .filter(|found| found.rule.id == near.rule)
        .map(|found| found.whole.clone())
        .collect();
    let mut found = Vec::new();
    for partner in partners {
        let window = neighbourhood(text.bytes, &partner, near.lines);
        let mut here = Vec::new();
        for line in lines(text.bytes, &window, rule.lines) {
            run(rule, text, &line, &mut here);
        }
        for mut one in here {
            let overlaps = one.span.start < partner.end && partner.start < one.span.end;
            let keyword = rule.keywords.is_empty()
                || rule
                    .keywords
                    .iter()
                    .any(|word| contains(&text.bytes[one.whole.clone()], word.as_bytes()));
            if overlaps || !keyword {
                continue;
            }
            one.whole = one.whole.start.min(partner.start)..one.whole.end.max(partner.end);
            found.push(one);
        }
    }
    found.sort_by_key(|one| (one.span.start, one.whole.len()));
    found.dedup_by(|a, b| a.span == b.span);
    matches.append(&mut found);
}

fn contains(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len())
        .any(|here| here.eq_ignore_ascii_case(word))
}

/// Holds a match against everything that speaks for or against it.
fn accept(
    rule: &'static Rule,
    text: &Text<'_>,
    whole: Range<usize>,
    span: Range<usize>,
    candidate: Option<&generic::Candidate>,
) -> Option<Match> {
    let bytes = &text.bytes[span.clone()];
    if placeholder::is_placeholder(bytes) {
        return None;
    }
    if rule
        .min_entropy
        .is_some_and(|least| generic::randomness::shannon(bytes) < least)
    {
        return None;
    }
    let mut found = Match {
        rule,
        span,
        whole,
        secret: Secret::new(bytes),
        confidence: rule.confidence,
        valid: Validity::Unknown,
        identity: None,
        decoded: Vec::new(),
        signals: Vec::new(),
    };
    if let Some(model) = rule.model {
        let verdict = match candidate {
            Some(candidate) => generic::judge(model, candidate, text.bytes, text.path),
            None => generic::judge_plain(model, &found.span, &found.whole, text.bytes, text.path),
        }?;
        found.confidence = verdict.confidence.min(rule.confidence);
        found.signals = verdict.signals;
    }
    if let Some(proof) = rule.proof {
        let proven = (proof.check)(bytes);
        found.valid = proven.valid;
        found.identity = proven.identity;
        match proven.valid {
            Validity::Yes => found.confidence = Confidence::High,
            Validity::No => found.confidence = Confidence::Low,
            Validity::Unknown => {}
        }
    }
    Some(found)
}
