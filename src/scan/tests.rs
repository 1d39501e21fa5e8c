//! What holds for the whole engine: every rule keeps its promises, and windows change nothing.

#![allow(clippy::unwrap_used)]

use super::template::{Random, expand};
use super::*;
use crate::change::{Content, Fresh};

fn scan(text: &[u8]) -> Vec<Match> {
    let scanner = Scanner::new(&Selection::default());
    scanner
        .scan(
            b"",
            Content {
                bytes: text,
                fresh: &Fresh::All,
            },
        )
        .matches
}

/// A generator that depends on the rule and the number of the example.
fn seeded(id: &str, number: usize) -> Random {
    Random::new(u64::from(crc32fast::hash(id.as_bytes())) + number as u64)
}

#[test]
fn every_example_is_found_by_its_rule_alone() {
    let mut wrong = Vec::new();
    for rule in rules() {
        for (number, template) in rule.examples.iter().enumerate() {
            let text = match expand(template, rule.proof, &mut seeded(rule.id, number)) {
                Ok(text) => text,
                Err(message) => {
                    wrong.push(format!("{} example {number}: {message}", rule.id));
                    continue;
                }
            };
            let found = scan(text.as_bytes());
            let ids: Vec<&str> = found.iter().map(|found| found.rule.id).collect();
            let mut others = ids.clone();
            others.retain(|id| *id != rule.id && Some(*id) != rule.near.map(|near| near.rule));
            if !ids.contains(&rule.id)
                || others.iter().any(|id| super::rule(id).unwrap().is_named())
            {
                wrong.push(format!("{} example {number}: found {ids:?}", rule.id));
            }
            for found in found.iter().filter(|found| found.rule.id == rule.id) {
                if rule.proof.is_some() && found.valid == Validity::No {
                    wrong.push(format!("{} example {number}: proof says no", rule.id));
                }
                let whole = text.as_bytes()[found.whole.clone()].to_ascii_lowercase();
                let keyword = rule
                    .keywords
                    .iter()
                    .any(|word| memchr::memmem::find(&whole, word.as_bytes()).is_some());
                if !rule.keywords.is_empty() && !keyword && found.decoded.is_empty() {
                    wrong.push(format!("{} example {number}: no keyword in it", rule.id));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_counterexample_is_found() {
    let mut wrong = Vec::new();
    for rule in rules() {
        for (number, template) in rule.counterexamples.iter().enumerate() {
            let text = expand(template, rule.proof, &mut seeded(rule.id, number)).unwrap();
            for found in scan(text.as_bytes()) {
                if found.rule.is_named() || found.rule.id == rule.id {
                    wrong.push(format!(
                        "{} counterexample {number}: {}",
                        rule.id, found.rule.id
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_regex_compiles() {
    for rule in rules() {
        assert_eq!(rule.regex.is_some(), rule.regex().is_some(), "{}", rule.id);
    }
}
