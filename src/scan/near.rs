//! Rules that count only where another rule matches nearby.

use super::Match;
use super::foreign::{Required, contains};
use super::rule::{Near, Rule};
use super::search::{Text, run};
use super::window::{lines, neighbourhood};
use memchr::memrchr;
use std::collections::HashMap;
use std::ops::Range;

/// The matches of a rule that needs a partner, around the matches of that partner.
pub(super) fn beside(rule: &'static Rule, near: Near, text: &Text<'_>, matches: &mut Vec<Match>) {
    let partners: Vec<(Range<usize>, Option<String>)> = matches
        .iter()
        .filter(|found| found.rule.id == near.rule)
        .map(|found| (found.whole.clone(), found.identity.clone()))
        .collect();
    let mut found = Vec::new();
    for (partner, identity) in partners {
        if text.patience.is_over() {
            return;
        }
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
                    .any(|word| contains(&text.bytes[one.whole.clone()], word));
            if overlaps || !keyword {
                continue;
            }
            one.whole = one.whole.start.min(partner.start)..one.whole.end.max(partner.end);
            one.identity = one.identity.or_else(|| identity.clone());
            found.push(one);
        }
    }
    found.sort_by_key(|one| (one.span.start, one.whole.len()));
    found.dedup_by(|a, b| a.span == b.span);
    matches.append(&mut found);
}

/// At most so many partners are asked for their column; with more, a match counts unasked.
const MAX_ASKED: usize = 1000;

/// Columns beyond this one are all the same.
const MAX_COLUMN: usize = 4096;

/// Drops the matches of rules that require others which do not match nearby. What stays reaches to
/// its partners, so that it is new when either is.
pub(super) fn hold_required(text: &[u8], matches: &mut Vec<Match>) {
    if matches.iter().all(|found| requires(found).is_empty()) {
        return;
    }
    let mut places: HashMap<&'static str, Vec<Range<usize>>> = HashMap::new();
    for found in &*matches {
        let places = places.entry(found.rule.id).or_default();
        places.push(found.whole.clone());
    }
    for places in places.values_mut() {
        places.sort_unstable_by_key(|place| place.start);
    }
    matches.retain_mut(|found| {
        let alone = found.whole.clone();
        requires(found).iter().all(|required| {
            let places = places.get(required.rule.as_str());
            match partner(
                text,
                required,
                &alone,
                places.map_or(&[][..], Vec::as_slice),
            ) {
                Some(partner) => {
                    found.whole =
                        found.whole.start.min(partner.start)..found.whole.end.max(partner.end);
                    true
                }
                None => false,
            }
        })
    });
}

fn requires(found: &Match) -> &'static [Required] {
    found
        .rule
        .foreign
        .map_or(&[][..], |foreign| &foreign.required)
}

/// The nearest place, of those sorted by their start, that begins within the lines and columns.
fn partner(
    text: &[u8],
    required: &Required,
    of: &Range<usize>,
    places: &[Range<usize>],
) -> Option<Range<usize>> {
    let within = match required.lines {
        None => 0..text.len() + 1,
        Some(lines) => around(text, of, lines),
    };
    let from = places.partition_point(|place| place.start < within.start);
    let to = places.partition_point(|place| place.start < within.end);
    let inside = &places[from..to];
    let nearest = |places: &[Range<usize>]| {
        let middle = places.partition_point(|place| place.start < of.start);
        let two = [middle.checked_sub(1), Some(middle)];
        two.into_iter()
            .flatten()
            .filter_map(|index| places.get(index))
            .min_by_key(|place| place.start.abs_diff(of.start))
            .cloned()
    };
    let Some(columns) = required.columns else {
        return nearest(inside);
    };
    if inside.len() > MAX_ASKED {
        return nearest(inside);
    }
    let column = |at: usize| {
        let floor = at.saturating_sub(MAX_COLUMN);
        memrchr(b'\n', &text[floor..at]).map_or(at - floor, |newline| at - floor - newline - 1)
    };
    let here = column(of.start);
    let close: Vec<Range<usize>> = inside
        .iter()
        .filter(|place| column(place.start).abs_diff(here) <= columns)
        .cloned()
        .collect();
    nearest(&close)
}

/// The lines around a place, so many before and behind it.
fn around(text: &[u8], place: &Range<usize>, lines: usize) -> Range<usize> {
    let start = memchr::memrchr_iter(b'\n', &text[..place.start])
        .nth(lines)
        .map_or(0, |at| at + 1);
    let end = memchr::memchr_iter(b'\n', &text[place.end..])
        .nth(lines)
        .map_or(text.len() + 1, |at| place.end + at);
    start..end
}
