//! Reads tables of TOML key by key, so that every error names file, line and key.

use super::super::error::{ConfigError, Nearest, Problem};
use std::cell::RefCell;
use std::ops::Range;
use std::path::Path;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A table, its place and what has been asked of it.
pub(super) struct Table<'a> {
    file: &'a Path,
    text: &'a str,
    /// The key of the table with dots; empty at the top.
    name: String,
    at: usize,
    table: &'a DeTable<'a>,
    asked: RefCell<Vec<&'static str>>,
}

impl<'a> Table<'a> {
    pub(super) fn top(file: &'a Path, text: &'a str, table: &'a DeTable<'a>) -> Self {
        Self {
            file,
            text,
            name: String::new(),
            at: 0,
            table,
            asked: RefCell::default(),
        }
    }

    fn below(&self, key: &str, at: usize, table: &'a DeTable<'a>) -> Self {
        Self {
            name: self.full(key),
            at,
            table,
            asked: RefCell::default(),
            ..*self
        }
    }

    fn full(&self, key: &str) -> String {
        match (self.name.as_str(), key) {
            (name, "") => name.to_owned(),
            ("", key) => key.to_owned(),
            (name, key) => format!("{name}.{key}"),
        }
    }

    /// The line that the table begins on.
    pub(super) fn line(&self) -> usize {
        line_of(self.text, self.at)
    }

    fn value(&self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.asked.borrow_mut().push(key);
        self.table.get(key)
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.table.get(key).is_some()
    }

    /// An error at a key of the table, `""` for the table itself.
    pub(super) fn error(&self, key: &str, why: impl Into<String>) -> ConfigError {
        let at = self.table.get(key).map_or(self.at, |at| at.span().start);
        self.error_at(key, at, why)
    }

    pub(super) fn error_at(&self, key: &str, at: usize, why: impl Into<String>) -> ConfigError {
        let problem = Problem::Value {
            key: self.full(key),
            why: why.into(),
        };
        ConfigError::new(self.file, Some(line_of(self.text, at)), problem)
    }

    pub(super) fn text(&self, key: &'static str) -> Result<Option<String>, ConfigError> {
        let Some(value) = self.value(key) else {
            return Ok(None);
        };
        match value.get_ref().as_str() {
            Some(text) => Ok(Some(text.to_owned())),
            None => Err(self.error(key, "is not a string")),
        }
    }

    /// The strings of a list, each with its place.
    pub(super) fn texts(&self, key: &'static str) -> Result<Vec<(usize, String)>, ConfigError> {
        let Some(value) = self.value(key) else {
            return Ok(Vec::new());
        };
        let list = value.get_ref().as_array();
        let list = list.ok_or_else(|| self.error(key, "is not a list of strings"))?;
        list.iter()
            .map(|item| match item.get_ref().as_str() {
                Some(text) => Ok((item.span().start, text.to_owned())),
                None => Err(self.error_at(key, item.span().start, "is not a string")),
            })
            .collect()
    }

    pub(super) fn number(&self, key: &'static str) -> Result<Option<f64>, ConfigError> {
        let Some(value) = self.value(key) else {
            return Ok(None);
        };
        let text = match value.get_ref() {
            DeValue::Integer(number) if number.radix() == 10 => number.as_str(),
            DeValue::Float(number) => number.as_str(),
            _ => "",
        };
        let number: Result<f64, _> = text.replace('_', "").parse();
        match number {
            Ok(number) if number.is_finite() => Ok(Some(number)),
            Ok(_) | Err(_) => Err(self.error(key, "is not a number")),
        }
    }

    pub(super) fn count(&self, key: &'static str) -> Result<Option<usize>, ConfigError> {
        let Some(number) = self.number(key)? else {
            return Ok(None);
        };
        if number < 0.0 || number.fract() != 0.0 || number > f64::from(u32::MAX) {
            return Err(self.error(key, "is not a whole number from 0 on"));
        }
        Ok(Some(number as usize))
    }

    pub(super) fn flag(&self, key: &'static str) -> Result<Option<bool>, ConfigError> {
        let Some(value) = self.value(key) else {
            return Ok(None);
        };
        match value.get_ref().as_bool() {
            Some(flag) => Ok(Some(flag)),
            None => Err(self.error(key, "is neither true nor false")),
        }
    }

    pub(super) fn table(&self, key: &'static str) -> Result<Option<Self>, ConfigError> {
        let Some(value) = self.value(key) else {
            return Ok(None);
        };
        match value.get_ref().as_table() {
            Some(table) => Ok(Some(self.below(key, value.span().start, table))),
            None => Err(self.error(key, format!("is a table, written [{}]", self.full(key)))),
        }
    }

    pub(super) fn tables(&self, key: &'static str) -> Result<Vec<Self>, ConfigError> {
        let Some(value) = self.value(key) else {
            return Ok(Vec::new());
        };
        let why = || format!("is a list of tables, each written [[{}]]", self.full(key));
        let list = value.get_ref().as_array();
        let list = list.ok_or_else(|| self.error(key, why()))?;
        list.iter()
            .map(|item| {
                let table = item.get_ref().as_table();
                let at = item.span().start;
                table
                    .map(|table| self.below(key, at, table))
                    .ok_or_else(|| self.error_at(key, at, why()))
            })
            .collect()
    }

    /// The first key that is none of these, as an error that names the nearest one.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), ConfigError> {
        for key in self.table.keys() {
            if !known.contains(&key.get_ref().as_ref()) {
                let problem = Problem::UnknownKey {
                    key: self.full(key.get_ref()),
                    nearest: nearest(key.get_ref(), known),
                };
                let line = line_of(self.text, key.span().start);
                return Err(ConfigError::new(self.file, Some(line), problem));
            }
        }
        Ok(())
    }

    /// The keys that nobody asked for.
    pub(super) fn unasked(&self) -> Vec<String> {
        let asked = self.asked.borrow();
        self.table
            .keys()
            .map(|key| key.get_ref().as_ref())
            .filter(|key| !asked.contains(key))
            .map(str::to_owned)
            .collect()
    }

    /// The key whose value covers this place.
    pub(super) fn key_at(&self, span: &Range<usize>) -> Option<String> {
        let covers = |value: &Spanned<DeValue<'_>>| {
            value.span().start <= span.start && span.end <= value.span().end
        };
        let mut keys = self.table.iter();
        keys.find(|(_, value)| covers(value))
            .map(|(key, _)| self.full(key.get_ref()))
    }
}

/// The known key that is most like a name, by the edits from one to the other.
fn nearest(name: &str, known: &[&str]) -> Nearest {
    let edits = |key: &str| strsim::damerau_levenshtein(key, name);
    let best = known.iter().min_by_key(|key| edits(key));
    let best = best.copied().unwrap_or_default();
    if edits(best) <= 1.max(name.chars().count() / 3) {
        Nearest::Meant(best.to_owned())
    } else {
        Nearest::Known(best.to_owned())
    }
}

pub(super) fn line_of(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count()
}
