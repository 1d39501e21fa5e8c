//! The engine: from a text to its matches.

use super::calm::{OverLines, Told, is_excused, is_plain};
use super::decode::{Budget, decode, is_one};
use super::encoding;
use super::foreign::{self, Allowance, Report};
use super::generic::{self, Setting};
use super::held::Held;
use super::keys;
use super::keywords::{Hit, Keywords};
use super::known::Known;
use super::near;
use super::outcome::Scan;
use super::overlap;
use super::patience::Patience;
use super::rule::Rule;
#[cfg(test)]
use super::search::each;
use super::search::{Text, accept, everywhere, is_called, run};
use super::whose;
use super::window::{line_at, windows};
use super::{Inside, Match, Selection};
use crate::change::{Content, Fresh};
use std::sync::OnceLock;

/// How a rule takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// Not at all.
    Off,
    /// It reports nothing, but a rule that is on asks whether a match of it stands nearby.
    Partner,
    /// It is off, but what it matches tells a neighbour that is on that its partner is there, and a
    /// guess by name that this is no secret.
    Silent,
    /// It reports.
    On,
}

/// Finds secrets by the rules that are on. Shared between threads; making one costs microseconds.
pub struct Scanner {
    /// Every rule, sorted by id.
    pub(super) table: Vec<&'static Rule>,
    parts: Vec<Part>,
    pub(super) keywords: Keywords,
    over_lines: OnceLock<OverLines>,
    pub(super) known: Known,
    pub(super) held: Held,
    /// Which rules are asked for by a rule that needs a partner.
    asked: Vec<bool>,
    /// The rules that are on and need a partner within their search.
    bound: Vec<usize>,
    /// Rules that no keyword calls: they run over every text.
    always: Vec<usize>,
    /// Rules about the path of a file alone.
    pub(super) of_paths: Vec<usize>,
    pub(super) allowances: Vec<&'static Allowance>,
    /// Whether all that it looks for is found by what stands on a few lines.
    pub(super) by_lines: bool,
}

/// Whose keywords the beginnings of public keys are: no rule's.
const PUBLIC: u16 = u16::MAX;

/// The highest byte that may follow a keyword of this rule.
fn highest_behind(rule: &Rule) -> u8 {
    if rule.origin.is_none() { 0x7f } else { 0xff }
}

/// The rules that keywords call.
fn called<'a>(
    table: &'a [&'static Rule],
    parts: &'a [Part],
) -> impl Iterator<Item = (u16, &'static Rule)> {
    let on = |(index, rule): &(u16, &Rule)| {
        parts[usize::from(*index)] != Part::Off && rule.near.is_none() && is_called(rule)
    };
    (0_u16..).zip(table.iter().copied()).filter(on)
}

impl Scanner {
    /// With the rules that are not switched off.
    #[must_use]
    pub fn new(selection: &Selection) -> Self {
        let table = selection.table();
        let index = |id: &str| table.binary_search_by(|rule| rule.id.cmp(id)).ok();
        let parts: Vec<Part> = table
            .iter()
            .map(|rule| match rule.foreign {
                _ if selection.is_off(rule.id) && rule.is_named() => Part::Silent,
                _ if selection.is_off(rule.id) => Part::Off,
                Some(foreign) if foreign.report == Report::No => Part::Partner,
                Some(_) | None => Part::On,
            })
            .collect();
        let mut asked = vec![false; table.len()];
        for (asking, rule) in table.iter().enumerate() {
            if parts[asking] == Part::On {
                let near = rule.near.map(|near| near.rule).into_iter();
                let required = rule.foreign.map_or(&[][..], |foreign| &foreign.required);
                let required = required.iter().map(|other| other.rule.as_str());
                for partner in near.chain(required).filter_map(index) {
                    asked[partner] = true;
                }
            }
        }
        let of = |wanted: &dyn Fn(&Rule) -> bool| -> Vec<usize> {
            let all = table.iter().enumerate();
            all.filter(|(index, rule)| parts[*index] != Part::Off && wanted(rule))
                .map(|(index, _)| index)
                .collect()
        };
        let bound = of(&|rule| rule.near.is_some());
        let always = of(&|rule| rule.near.is_none() && !is_called(rule));
        let mut of_paths = of(&Rule::is_about_paths);
        of_paths.retain(|index| parts[*index] == Part::On);
        let of_rules = called(&table, &parts).flat_map(|(index, rule)| {
            let words = rule.keywords.iter();
            words.map(move |word| (*word, index, highest_behind(rule)))
        });
        let marks = keys::MARKS.map(|mark| (mark, PUBLIC, 0x7f));
        let keywords = Keywords::new(of_rules.chain(marks));
        let always_is_empty = always.is_empty();
        let table_is_ours = table.iter().all(|rule| rule.foreign.is_none());
        Self {
            table,
            parts,
            keywords,
            over_lines: OnceLock::new(),
            known: Known::default(),
            held: Held::default(),
            asked,
            bound,
            always,
            of_paths,
            by_lines: selection.own.allowances.is_empty() && always_is_empty && table_is_ours,
            allowances: selection.own.allowances.clone(),
        }
    }

    /// The rule of a keyword's owner; none for the beginning of a public key.
    pub(super) fn rule_at(&self, owner: u16) -> Option<&'static Rule> {
        self.table.get(usize::from(owner)).copied()
    }

    /// What is looked for in lines that are not new themselves.
    pub(super) fn over_lines(&self) -> &OverLines {
        self.over_lines
            .get_or_init(|| OverLines::new(called(&self.table, &self.parts), highest_behind))
    }

    /// Finds the secrets in a content that touch what is new in it. `path` helps to tell data from
    /// code; it may be empty.
    #[must_use]
    pub fn scan(&self, path: &[u8], content: Content<'_>) -> Scan {
        self.scan_within(path, content, Patience::ENDLESS)
    }

    /// The same, for as long as it may take: what is not seen by then is not found, and
    /// [`Scan::late`] says so.
    #[must_use]
    pub fn scan_within(&self, path: &[u8], content: Content<'_>, patience: Patience) -> Scan {
        let mut scan = Scan::default();
        if matches!(content.fresh, Fresh::Ranges(ranges) if ranges.is_empty()) {
            return scan;
        }
        let mut budget = Budget::within(patience);
        let text = Text {
            bytes: content.bytes,
            path,
            fresh: content.fresh,
            setting: Setting::Plain,
            allowances: &self.allowances,
            patience,
        };
        let mut told = Told {
            publics: Some(Vec::new()),
            ..Told::default()
        };
        scan.matches = self.any(&text, &mut budget, &mut told);
        scan.publics = told.publics.take().unwrap_or_default();
        whose::tell_public(&mut scan.matches, &scan.publics, |at| {
            1 + memchr::memchr_iter(b'\n', &content.bytes[..at.min(content.bytes.len())]).count()
        });
        scan.late = patience.is_over();
        if is_plain(content.bytes) && !is_one(path) && !scan.late {
            scan.calm = self.calm_by(&told, content.bytes, &scan.matches, None);
            let nothing = scan.matches.is_empty() && told.undecided.is_empty();
            scan.quiet = nothing && !told.silent && !told.public && self.by_lines;
        }
        scan.public = told.public;
        scan.undecided = told.undecided;
        let whole = 0..content.bytes.len();
        scan.matches.extend(
            self.of_path(path)
                .map(|rule| Match::of(rule, content.bytes, whole.clone(), 0..0)),
        );
        scan.matches
            .retain(|found| content.fresh.touches(&found.whole));
        scan
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
            let known = told.publics.as_ref().map_or(0, Vec::len);
            let mut found = self.narrow(&inner, budget, told);
            for public in told.publics.iter_mut().flat_map(|all| &mut all[known..]) {
                public.at = wide.place(&(public.at..public.at)).start;
            }
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
    pub(super) fn narrow(
        &self,
        text: &Text<'_>,
        budget: &mut Budget,
        told: &mut Told,
    ) -> Vec<Match> {
        let hits = self.keywords.all(text.bytes, text.patience);
        let direct = overlap::resolve(self.direct(text, hits, told));
        let inside = self.inside(text, budget, told);
        overlap::join(direct, inside)
    }

    /// Scans what is encoded in a text.
    pub(super) fn inside(
        &self,
        text: &Text<'_>,
        budget: &mut Budget,
        told: &mut Told,
    ) -> Vec<Match> {
        let decoded = decode(text.bytes, text.path, budget);
        told.undecided.extend(decoded.undecided);
        let mut inside = Vec::new();
        for (index, piece) in decoded.pieces.into_iter().enumerate() {
            if text.patience.is_over() {
                break;
            }
            if !text.fresh.touches(&piece.span) {
                continue;
            }
            let inner = Text {
                bytes: &piece.bytes,
                path: piece.member.as_deref().unwrap_or(text.path),
                fresh: &Fresh::All,
                setting: Setting::decoded(&piece.bytes),
                ..*text
            };
            let known = told.publics.as_ref().map_or(0, Vec::len);
            let found = budget.deeper(|budget| self.any(&inner, budget, told));
            for public in told.publics.iter_mut().flat_map(|all| &mut all[known..]) {
                public.at = piece.span.start;
            }
            for mut found in found {
                let span = std::mem::replace(&mut found.span, piece.span.clone());
                found.inside.insert(0, Inside { piece: index, span });
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
            let Some(rule) = self.table.get(usize::from(owner)) else {
                continue;
            };
            if rule.regex.is_none() {
                continue;
            }
            for window in windows(rule, bytes, group) {
                each(rule, bytes, &window, Patience::ENDLESS, |_, secret, _| {
                    raw.push((owner, secret.start, secret.end));
                });
            }
        }
        raw
    }

    /// Every match around the hits in the text as it stands, overlaps included.
    pub(super) fn direct(
        &self,
        text: &Text<'_>,
        mut hits: Vec<Hit>,
        told: &mut Told,
    ) -> Vec<Match> {
        let mut matches = Vec::new();
        if hits.is_empty() && self.always.is_empty() {
            return matches;
        }
        hits.sort_unstable();
        hits.dedup();
        for group in hits.chunk_by(|a, b| a.owner == b.owner) {
            if group[0].owner == PUBLIC {
                told.public = true;
                if let Some(publics) = &mut told.publics {
                    publics.append(&mut keys::stand_in(text.bytes));
                }
                continue;
            }
            if text.patience.is_over() {
                return matches;
            }
            let owner = usize::from(group[0].owner);
            if self.can_run(owner, &mut told.undecided) {
                self.rule(owner, group, text, &mut matches, told);
            }
        }
        for index in &self.always {
            if text.patience.is_over() {
                return matches;
            }
            let rule = self.table[*index];
            let called = rule.keywords.is_empty()
                || rule
                    .keywords
                    .iter()
                    .any(|word| foreign::contains(text.bytes, word));
            if called && self.can_run(*index, &mut told.undecided) {
                everywhere(rule, text, &mut matches);
            }
        }
        for index in &self.bound {
            let rule = self.table[*index];
            if let Some(near) = rule.near
                && self.can_run(*index, &mut told.undecided)
            {
                near::beside(rule, near, text, &mut matches);
            }
        }
        let all = matches.len();
        near::hold_required(text.bytes, &mut matches);
        let on = self.on(matches, text.patience);
        told.silent |= on.len() < all;
        on
    }

    /// Drops what rules found that do not report, and with what rules found that are off what is only
    /// a guess by name over the same bytes: who switches a rule off does not ask for its secrets under
    /// another name.
    fn on(&self, matches: Vec<Match>, patience: Patience) -> Vec<Match> {
        let part = |found: &Match| {
            let id = found.rule.id;
            let index = self.table.binary_search_by(|rule| rule.id.cmp(id)).ok()?;
            Some(self.parts[index])
        };
        let (mut on, mut off): (Vec<Match>, Vec<Match>) = matches
            .into_iter()
            .partition(|found| part(found) == Some(Part::On));
        off.retain(|found| part(found) == Some(Part::Silent));
        let mut count = 0;
        on.retain(|found| {
            count += 1;
            // Each is held against all others: that may be long.
            found.rule.is_named()
                || patience.is_over_at(count)
                || !off.iter().any(|other| {
                    other.rule.is_named()
                        && other.span.start < found.span.end
                        && found.span.start < other.span.end
                })
        });
        on
    }

    /// Whether the regex of a rule compiles. One from a rule file may be too large: what it would
    /// find is not known then.
    fn can_run(&self, index: usize, undecided: &mut Vec<String>) -> bool {
        let rule = self.table[index];
        if rule.origin.is_none() || rule.compiles() {
            return true;
        }
        if self.parts[index] != Part::Silent {
            undecided.push(format!(
                "the regex of the own rule {} is too large; write it shorter, or `disable` the rule",
                rule.id
            ));
        }
        false
    }

    /// The matches of one rule around the hits of its keywords.
    fn rule(
        &self,
        owner: usize,
        hits: &[Hit],
        text: &Text<'_>,
        matches: &mut Vec<Match>,
        told: &mut Told,
    ) {
        let rule = self.table[owner];
        let anchored: Vec<Hit>;
        let hits = match rule.anchor {
            Some(_) => {
                // Each line is asked once, however many keywords stand on it.
                let mut last = (0, false);
                let mut counts = |hit: &&Hit| {
                    if hit.start >= last.0 {
                        let line = line_at(text.bytes, hit.start);
                        last = (line.end + 1, rule.is_anchored(&text.bytes[line]));
                    }
                    last.1
                };
                anchored = hits.iter().filter(|hit| counts(hit)).copied().collect();
                &anchored
            }
            None => hits,
        };
        if hits.is_empty() {
            return;
        }
        told.lines = told.lines.max(rule.lines);
        if rule.model.is_some() && text.setting == Setting::Opaque {
            return;
        }
        if rule.foreign.is_some() {
            return everywhere(rule, text, matches);
        }
        if rule.regex.is_none() {
            let mut done = 0;
            for (count, hit) in hits.iter().filter(|hit| text.fresh_line(hit)).enumerate() {
                if text.patience.is_over_at(count) {
                    return;
                }
                if hit.start < done {
                    continue;
                }
                if let Some(candidate) =
                    generic::assignment(text.bytes, hit.start..hit.start + hit.len)
                {
                    done = candidate.value.start;
                    let (whole, value) = (candidate.whole.clone(), candidate.value.clone());
                    let found = accept(rule, text, whole, value, Some(&candidate));
                    if found.is_none() && !told.silent {
                        told.silent = is_excused(rule, text, &candidate);
                    }
                    matches.extend(found);
                }
                let keyword = hit.start..hit.start + hit.len;
                told.names = told.names.max(generic::spans_lines(text.bytes, &keyword));
                if generic::spans_many(text.bytes, keyword) {
                    told.lines = usize::MAX;
                }
            }
            return;
        }
        for window in windows(rule, text.bytes, hits) {
            if text.patience.is_over() {
                return;
            }
            if self.asked[owner] || text.fresh.touches(&window) {
                run(rule, text, &window, matches);
            }
        }
    }
}
