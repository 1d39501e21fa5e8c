//! Of several matches over the same bytes, keeps the one that says most.

use super::{Match, Validity};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Sorts matches by place and drops each that shares a byte of its secret with a better one: a
/// named rule beats a generic one, a proof beats none, then the surer, then the longer `whole`.
pub(super) fn resolve(mut matches: Vec<Match>) -> Vec<Match> {
    if matches.len() > 1 {
        matches.sort_by_cached_key(|found| Reverse(rank(found)));
        let mut taken = Taken::default();
        matches.retain(|found| taken.take(found));
        matches.sort_by_key(|found| (found.span.start, found.whole.start));
    }
    matches
}

/// Joins what was found in decoded texts to what was found in the text itself, both resolved.
///
/// Several secrets may stand in one encoded text, hence over the same bytes of this one: they all
/// stay. A secret seen both ways stays once, and a guess by name gives way to a named secret.
pub(super) fn join(direct: Vec<Match>, decoded: Vec<Match>) -> Vec<Match> {
    if decoded.is_empty() {
        return direct;
    }
    let mut all: Vec<Match> = Vec::with_capacity(direct.len() + decoded.len());
    let mut by_start = BTreeMap::new();
    for found in &decoded {
        if found.rule.is_named() {
            let end = by_start.entry(found.span.start).or_insert(0);
            *end = found.span.end.max(*end);
        }
    }
    all.extend(direct.into_iter().filter(|found| {
        found.rule.is_named()
            || !by_start
                .range(..found.span.end)
                .any(|(_, end)| *end > found.span.start)
    }));
    let direct = all.len();
    for found in decoded {
        let known = all.iter().enumerate().any(|(index, other)| {
            let overlap = other.span.start < found.span.end && found.span.start < other.span.end;
            overlap && (other.secret == found.secret || (index < direct && !found.rule.is_named()))
        });
        if !known {
            all.push(found);
        }
    }
    all.sort_by_key(|found| (found.span.start, found.whole.start));
    all
}

/// What is better is greater.
fn rank(found: &Match) -> (bool, u8, super::Confidence, usize, Reverse<&'static str>) {
    let proven = match found.valid {
        Validity::Yes => 2,
        Validity::Unknown => 1,
        Validity::No => 0,
    };
    (
        found.rule.is_named(),
        proven,
        found.confidence,
        found.whole.len(),
        Reverse(found.rule.id),
    )
}

/// The bytes that are spoken for, as ranges that do not overlap.
#[derive(Default)]
struct Taken(BTreeMap<usize, usize>);

impl Taken {
    fn take(&mut self, found: &Match) -> bool {
        let span = &found.span;
        let free = self
            .0
            .range(..span.end)
            .next_back()
            .is_none_or(|(_, end)| *end <= span.start);
        if free {
            self.0.insert(span.start, span.end);
        }
        free
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::{Confidence, Secret, rules};
    use super::*;
    use std::ops::Range;

    fn found(named: bool, span: Range<usize>, valid: Validity, secret: &[u8]) -> Match {
        Match {
            rule: rules()
                .iter()
                .find(|rule| rule.is_named() == named)
                .unwrap(),
            whole: span.clone(),
            span,
            secret: Secret::new(secret),
            confidence: Confidence::High,
            valid,
            identity: None,
            public: None,
            decoded: Vec::new(),
            inside: Vec::new(),
            signals: Vec::new(),
        }
    }

    #[test]
    fn the_more_specific_of_two_stays() {
        use Validity::{No, Unknown, Yes};
        for (a, b) in [
            (
                found(true, 4..9, Unknown, b"x"),
                found(false, 0..20, Unknown, b"y"),
            ),
            (
                found(true, 4..9, Yes, b"x"),
                found(true, 0..20, Unknown, b"y"),
            ),
            (
                found(true, 0..20, Unknown, b"x"),
                found(true, 4..9, Unknown, b"y"),
            ),
            (
                found(true, 0..5, Unknown, b"x"),
                found(true, 4..8, No, b"y"),
            ),
        ] {
            for both in [vec![a.clone(), b.clone()], vec![b.clone(), a.clone()]] {
                let left = resolve(both);
                assert_eq!(left.len(), 1);
                assert_eq!(left[0].secret, a.secret);
            }
        }
        let apart = vec![
            found(true, 5..9, Unknown, b"x"),
            found(false, 0..5, Unknown, b"y"),
        ];
        assert_eq!(resolve(apart).len(), 2);
    }

    #[test]
    fn what_one_encoded_text_holds_stays_but_once() {
        let direct = vec![found(false, 0..40, Validity::Unknown, b"whole")];
        let inside = vec![
            found(true, 0..40, Validity::Yes, b"a"),
            found(true, 0..40, Validity::Yes, b"b"),
            found(true, 0..40, Validity::Yes, b"a"),
        ];
        let left = join(direct, inside);
        let secrets: Vec<&[u8]> = left.iter().map(|found| found.secret.expose()).collect();
        assert_eq!(secrets, [b"a", b"b"]);
    }
}
