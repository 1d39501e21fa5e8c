//! Rule files in the program's own format, that of its built-in table.

use super::super::error::{ConfigError, Problem, plain};
use super::reader::{Table, line_of};
use crate::scan::compile::{self, Partner, Row};
use crate::scan::{Own, Rule, rule, rules};
use serde::Deserialize;
use std::collections::HashSet;
use std::path::Path;

/// The keys of a `[[rule]]`.
const KEYS: &[&str] = &[
    "id",
    "provider",
    "title",
    "opens",
    "revoke",
    "confidence",
    "keywords",
    "regex",
    "proof",
    "model",
    "lines",
    "anchor",
    "near",
    "min_entropy",
    "examples",
    "counterexamples",
];

#[derive(Deserialize)]
struct File {
    rule: Vec<Row>,
}

/// Reads the rules of a file.
pub(super) fn read(
    file: &Path,
    text: &str,
    top: &Table<'_>,
    origin: &'static str,
) -> Result<Own, ConfigError> {
    top.only(&["rule"])?;
    let tables = top.tables("rule")?;
    for table in &tables {
        table.only(KEYS)?;
    }
    let written: File =
        toml::from_str(text).map_err(|error| value_error(file, text, &tables, &error))?;
    let bound: Vec<(String, bool)> = written
        .rule
        .iter()
        .map(|row| (row.id.clone(), row.near.is_some()))
        .collect();
    let partner = |id: &str| {
        let here = bound.iter().find(|(known, _)| known == id);
        let near = here.map(|(_, near)| *near);
        match near.or_else(|| rule(id).map(|rule| rule.near.is_some())) {
            None => Partner::Unknown,
            Some(true) => Partner::Bound,
            Some(false) => Partner::Free,
        }
    };
    let mut own = Own::default();
    let mut ids = HashSet::new();
    for (row, table) in written.rule.into_iter().zip(&tables) {
        let asked = |other: &Rule| other.near.is_some_and(|near| near.rule == row.id);
        if row.near.is_some() && rules().iter().any(asked) {
            let why = "built-in rules ask whether this one is near, so it may not have `near`";
            return Err(table.error("near", why));
        }
        if !ids.insert(row.id.clone()) {
            return Err(table.error("id", "is that of another rule of this file"));
        }
        let checked = compile::check(&row, compile::Table::Own, &partner)
            .map_err(|(key, why)| table.error(key, why))?;
        let made = Rule::own(row, checked, origin).map_err(|why| table.error("proof", why))?;
        own.rules.push(made);
    }
    Ok(own)
}

/// Says which key a value belongs to that is of the wrong kind.
fn value_error(
    file: &Path,
    text: &str,
    tables: &[Table<'_>],
    error: &toml::de::Error,
) -> ConfigError {
    let span = error.span().unwrap_or_default();
    let why = plain(error.message());
    let problem = match tables.iter().find_map(|table| table.key_at(&span)) {
        Some(key) => Problem::Value { key, why },
        None => Problem::Syntax(why),
    };
    ConfigError::new(file, Some(line_of(text, span.start)), problem)
}
