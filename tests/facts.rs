//! Which kinds of credentials are known, which rule finds each, and why the others have none.
//!
//! `facts.tsv` has a row for each kind:
//! - `provider` and `token`: who issues it, and what it is.
//! - `anchor`: the literal text in it by which it is known, several with commas; often there is none.
//! - `reliability`: `documented` by the provider, `agreed` on by independent sources, known from
//!   `one-peer`, or `unconfirmed`.
//! - `rule`: the rules that find it, with commas; or else
//! - `why-not`: why there is none.
//! - `shown`: a template (see `scan::template`, `\n` ends a line) in which a rule finds the anchors
//!   that stand in none of its examples.

use portcullis::change::{Content, Fresh};
use portcullis::scan::template::{Random, expand};
use portcullis::scan::{Rule, Scanner, Selection, rule};
use std::collections::{BTreeMap, BTreeSet};

/// How many rows that are documented or agreed have no rule. It may only shrink.
const UNCOVERED: usize = 18;

/// How many rows there are at least: a fact is not dropped to shrink the other number.
const ROWS: usize = 541;

/// One row of the table.
struct Fact {
    provider: &'static str,
    token: &'static str,
    anchors: Vec<&'static str>,
    reliability: &'static str,
    rules: Vec<&'static str>,
    why_not: &'static str,
    shown: String,
}

impl Fact {
    /// How a message names it.
    fn name(&self) -> String {
        format!("{}: {}", self.provider, self.token)
    }

    /// Whether more than one source vouches for it.
    fn is_sure(&self) -> bool {
        ["documented", "agreed"].contains(&self.reliability)
    }
}

fn facts() -> Vec<Fact> {
    let list = |cell: &'static str| -> Vec<&'static str> {
        cell.split(',').filter(|part| !part.is_empty()).collect()
    };
    let mut lines = include_str!("facts.tsv").lines();
    let names = "provider\ttoken\tanchor\treliability\trule\twhy-not\tshown";
    assert_eq!(lines.next(), Some(names));
    lines
        .map(|line| {
            let cells: Vec<&str> = line.split('\t').collect();
            let &[provider, token, anchor, reliability, rule, why_not, shown] = cells.as_slice()
            else {
                panic!("not seven cells: {line}");
            };
            Fact {
                provider,
                token,
                anchors: list(anchor),
                reliability,
                rules: list(rule),
                why_not,
                shown: shown.replace("\\n", "\n"),
            }
        })
        .collect()
}

/// What these rules match in a template, as it stands there when it is expanded.
fn matches(scanner: &Scanner, rules: &[&'static Rule], template: &str, seed: u64) -> Vec<String> {
    let proof = rules.iter().find_map(|rule| rule.proof);
    let text = expand(template, proof, &mut Random::new(seed)).unwrap();
    let content = Content {
        bytes: text.as_bytes(),
        fresh: &Fresh::All,
    };
    let found = scanner.scan(b"", content).matches;
    found
        .into_iter()
        .filter(|found| rules.iter().any(|rule| rule.id == found.rule.id))
        .map(|found| text[found.whole].to_owned())
        .collect()
}

#[test]
fn every_row_is_whole() {
    let known = ["documented", "agreed", "one-peer", "unconfirmed"];
    let mut names = BTreeSet::new();
    for fact in facts() {
        let name = fact.name();
        assert!(names.insert(name.clone()), "{name} stands there twice");
        assert!(!fact.provider.is_empty() && !fact.token.is_empty());
        assert!(known.contains(&fact.reliability), "{name}");
        let (rules, why_not) = (fact.rules.len(), fact.why_not);
        assert!(
            (rules > 0) == why_not.is_empty(),
            "{name} has {rules} rules, and why not: {why_not:?}"
        );
        for id in &fact.rules {
            assert!(rule(id).is_some(), "{name}: there is no rule {id}");
        }
        assert!(rules > 0 || fact.shown.is_empty(), "{name}");
    }
    assert!(names.len() >= ROWS, "only {} rows", names.len());
}

#[test]
fn the_rules_of_a_row_find_its_anchors() {
    let scanner = Scanner::new(&Selection::default());
    // What each rule finds in its own examples.
    let mut found: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut wrong = Vec::new();
    let mut checked = 0;
    for fact in facts() {
        let rules: Vec<_> = fact.rules.iter().filter_map(|id| rule(id)).collect();
        if rules.is_empty() {
            continue;
        }
        for &rule in &rules {
            let seed = u64::from(crc32fast::hash(rule.id.as_bytes()));
            found.entry(rule.id).or_insert_with(|| {
                let examples = rule.examples.iter().zip(seed..);
                examples
                    .flat_map(|(text, seed)| matches(&scanner, &[rule], text, seed))
                    .collect()
            });
        }
        let mut left = fact.anchors.clone();
        checked += left.len();
        left.retain(|anchor| {
            let mut texts = rules.iter().flat_map(|rule| &found[rule.id]);
            !texts.any(|text| text.contains(anchor))
        });
        if !fact.shown.is_empty() && left.is_empty() {
            wrong.push(format!("{}: nothing is left to be shown", fact.name()));
        }
        let shown = matches(&scanner, &rules, &fact.shown, 7);
        left.retain(|anchor| !shown.iter().any(|text| text.contains(anchor)));
        if !left.is_empty() {
            let (name, rules) = (fact.name(), &fact.rules);
            wrong.push(format!("{name}: no match of {rules:?} holds {left:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(checked > 400, "only {checked} anchors were checked");
}

#[test]
fn what_has_no_rule_only_becomes_less() {
    let facts = facts();
    let without: Vec<String> = facts
        .iter()
        .filter(|fact| fact.is_sure() && fact.rules.is_empty())
        .map(|fact| format!("{} ({})", fact.name(), fact.why_not))
        .collect();
    let count = without.len();
    assert!(
        count <= UNCOVERED,
        "{count} sure rows have no rule, {UNCOVERED} may:\n{}",
        without.join("\n")
    );
    assert_eq!(count, UNCOVERED, "fewer have no rule: lower UNCOVERED");
}
