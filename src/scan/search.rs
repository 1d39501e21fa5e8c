//! One rule over one text: where its regex matches, and what speaks for or against a match.

use super::foreign::Allowance;
use super::generic::{self, Setting};
use super::keywords::Hit;
use super::patience::Patience;
use super::placeholder;
use super::rule::Rule;
use super::whose;
use super::window::{lines, lines_in};
use super::{Confidence, Match, Secret, Validity};
use crate::change::Fresh;
use regex_automata::Input;
use std::ops::Range;

/// What is being scanned, within the recursion.
pub(super) struct Text<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) path: &'a [u8],
    /// What of it is new; `All` for what was decoded, which is judged by the place it stood at.
    pub(super) fresh: &'a Fresh,
    pub(super) setting: Setting,
    /// What rule files say is no finding.
    pub(super) allowances: &'a [&'static Allowance],
    /// How long it may take; what is not done by then is left, and whoever began says so.
    pub(super) patience: Patience,
}

impl Text<'_> {
    /// Whether the line of this hit is new, as far as an assignment on it can reach.
    pub(super) fn fresh_line(&self, hit: &Hit) -> bool {
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

/// Calls `found` with all of each match in a window, with its secret, and with whom the groups around
/// it name. The search goes on behind
/// the secret, not behind the delimiter that the match may have consumed: it may open the next one.
pub(super) fn each(
    rule: &Rule,
    text: &[u8],
    window: &Range<usize>,
    patience: Patience,
    mut found: impl FnMut(Range<usize>, Range<usize>, Option<String>),
) {
    if !rule.could_match(&text[window.clone()]) {
        return;
    }
    let Some(regex) = rule.regex(window.len()) else {
        return;
    };
    let mut captures = None;
    let mut at = window.start;
    let mut count = 0;
    while at <= window.end {
        count += 1;
        if patience.is_over_at(count) {
            return;
        }
        // What lies before the window is seen by `^` and `\b`, what lies behind is not.
        let input = Input::new(&text[..window.end]).range(at..);
        // To know groups costs more than to find a match.
        let (all, secret, named) = if rule.bare {
            let Some(all) = regex.search(&input) else {
                return;
            };
            (all.range(), all.range(), None)
        } else {
            let captures = captures.get_or_insert_with(|| regex.create_captures());
            regex.search_captures(&input, captures);
            let Some(all) = captures.get_match() else {
                return;
            };
            let secret = captures.get_group_by_name("secret").unwrap_or(all.span());
            let named = whose::named(captures, &text[..window.end]);
            (all.range(), secret.range(), named)
        };
        at = secret.end.max(at + 1);
        if rule.lines == 1 || lines_in(&text[all.clone()]) < rule.lines {
            found(all, secret, named);
        }
    }
}

/// Runs a rule over a window.
pub(super) fn run(
    rule: &'static Rule,
    text: &Text<'_>,
    window: &Range<usize>,
    matches: &mut Vec<Match>,
) {
    each(
        rule,
        text.bytes,
        window,
        text.patience,
        |whole, secret, named| {
            matches.extend(accept(rule, text, whole, secret, None).map(|found| Match {
                identity: match (named, found.identity) {
                    (Some(named), Some(own)) => Some(format!("{named}, {own}")),
                    (named, own) => named.or(own),
                },
                ..found
            }));
        },
    );
}

/// Runs a rule that no keyword leads to a place: one of another scanner over the whole text, one of
/// our own format over each line, or over all where its matches may stretch over lines.
pub(super) fn everywhere(rule: &'static Rule, text: &Text<'_>, matches: &mut Vec<Match>) {
    let whole = 0..text.bytes.len();
    let Some(foreign) = rule.foreign else {
        if rule.model.is_some() && text.setting == Setting::Opaque {
            return;
        }
        for (count, line) in lines(text.bytes, &whole, rule.lines).enumerate() {
            if text.patience.is_over_at(count) {
                return;
            }
            run(rule, text, &line, matches);
        }
        return;
    };
    if !foreign.is_for(text.path) {
        return;
    }
    if let Some(regex) = rule.foreign_regex() {
        for (count, captures) in regex.captures_iter(text.bytes).enumerate() {
            if text.patience.is_over_at(count) {
                return;
            }
            let Some(all) = captures.get(0) else { continue };
            let secret = foreign.secret(&captures, &all.range());
            matches.extend(accept(rule, text, all.range(), secret, None));
        }
    }
}

/// Whether the hits of keywords tell where or whether the rule runs.
pub(super) fn is_called(rule: &Rule) -> bool {
    rule.is_about_paths()
        || (!rule.keywords.is_empty()
            && rule
                .keywords
                .iter()
                .all(|word| word.len() >= 3 && word.is_ascii()))
}

/// Holds a match against everything that speaks for or against it.
pub(super) fn accept(
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
    let mut found = Match::of(rule, text.bytes, whole, span);
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
    if excused(&found, text) {
        return None;
    }
    whose::tell(&mut found, text.bytes);
    Some(found)
}

/// Whether a rule file says that this is no finding.
pub(super) fn excused(found: &Match, text: &Text<'_>) -> bool {
    let own = found
        .rule
        .foreign
        .map_or(&[][..], |foreign| &foreign.unless);
    own.iter()
        .any(|unless| unless.holds(found, text.bytes, text.path))
        || text
            .allowances
            .iter()
            .any(|allowance| allowance.covers(found, text.bytes, text.path))
}

impl Match {
    /// A match that nothing has spoken for or against yet.
    pub(super) fn of(
        rule: &'static Rule,
        text: &[u8],
        whole: Range<usize>,
        span: Range<usize>,
    ) -> Self {
        Self {
            rule,
            secret: Secret::new(&text[span.clone()]),
            span,
            whole,
            confidence: rule.confidence,
            valid: Validity::Unknown,
            identity: None,
            public: None,
            decoded: Vec::new(),
            inside: Vec::new(),
            signals: Vec::new(),
        }
    }
}
