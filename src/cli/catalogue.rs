//! `portcullis rules` and `explain`: the catalogue.

use super::Exit;
use super::args::{Rules, RulesCommand};
use super::output::{complain, print};
use crate::scan::{Rule, rule, rules as all};
use std::fmt::Write as _;

pub(super) fn rules(args: &Rules) -> Exit {
    match &args.command {
        RulesCommand::List => {
            let width = all().iter().map(|rule| rule.id.len()).max().unwrap_or(0);
            let mut text = String::new();
            for rule in all() {
                let _ = writeln!(
                    text,
                    "{:width$}  {:6}  {}",
                    rule.id,
                    rule.confidence.as_str(),
                    rule.title
                );
            }
            print(text.as_bytes())
        }
        RulesCommand::Show(args) => show(&args.id),
    }
}

/// Shows the rule of an id, with or without `secrets/`.
pub(super) fn show(id: &str) -> Exit {
    match named(id) {
        Some(rule) => print(shown(rule).as_bytes()),
        None => {
            let why = format!("there is no rule {id}; `portcullis rules list` lists them all");
            complain(Exit::Usage, &why)
        }
    }
}

/// The rule of an id, with or without `secrets/`.
pub(super) fn named(id: &str) -> Option<&'static Rule> {
    rule(id.strip_prefix("secrets/").unwrap_or(id))
}

fn shown(rule: &Rule) -> String {
    let mut text = String::new();
    let mut row = |name: &str, value: &str| {
        let _ = writeln!(text, "{name:12}{value}");
    };
    row("rule", rule.id);
    row("secret", rule.title);
    row("provider", rule.provider);
    row("opens", &format!("whoever has it can {}", rule.opens));
    row("revoke", rule.revoke);
    row("confidence", rule.confidence.as_str());
    if let Some(proof) = rule.proof {
        row("proof", &format!("checked offline: {}", proof.name));
    }
    if !rule.keywords.is_empty() {
        row("keywords", &rule.keywords.join(", "));
    }
    if let Some(near) = rule.near {
        row(
            "near",
            &format!("{} within {} lines", near.rule, near.lines),
        );
    }
    if let Some(regex) = rule.regex {
        row("looks like", regex);
    }
    row(
        "allow",
        &format!("a comment on the line: portcullis:allow({}) why", rule.id),
    );
    text
}
