//! Rules and allowlists as Gitleaks (`.gitleaks.toml`) and Betterleaks write them, one reader for both.
//!
//! What cannot be carried over is noted, with the rule and the reason. Where it would have excused
//! something, the rule reports more than it did there; a rule that could not be run is an error.

use super::super::error::{ConfigError, Problem};
use super::reader::Table;
use super::{Note, expr, go};
use crate::git::counted;
use crate::scan::foreign::{Draft, Foreign, Group, Pattern, Report, Required, Subject, Unless};
use crate::scan::{Confidence, Rule, rules};
use std::path::{Path, PathBuf};

/// A rule as far as a file tells it.
pub(super) struct Raw {
    pub(super) id: String,
    pub(super) file: PathBuf,
    pub(super) line: usize,
    pub(super) title: Option<String>,
    pub(super) regex: Option<(String, usize)>,
    pub(super) path: Option<String>,
    pub(super) group: Option<Group>,
    pub(super) entropy: Option<f64>,
    pub(super) keywords: Vec<String>,
    pub(super) confidence: Option<Confidence>,
    pub(super) report: Option<Report>,
    pub(super) unless: Vec<Unless>,
    pub(super) required: Vec<Required>,
}

impl Raw {
    pub(super) fn error(&self, key: &str, why: String) -> ConfigError {
        let key = format!("rules.{key}");
        ConfigError::new(&self.file, Some(self.line), Problem::Value { key, why })
    }

    /// Puts another file's word on the same rule on top.
    pub(super) fn extend(&mut self, over: Self) {
        self.file = over.file;
        self.line = over.line;
        self.title = over.title.or(self.title.take());
        self.regex = over.regex.or(self.regex.take());
        self.path = over.path.or(self.path.take());
        self.group = over.group.or(self.group.take());
        self.entropy = over.entropy.or(self.entropy);
        self.confidence = over.confidence.or(self.confidence);
        self.report = over.report.or(self.report);
        self.keywords.extend(over.keywords);
        self.unless.extend(over.unless);
        self.required.extend(over.required);
    }
}

/// What notes are made with.
pub(super) struct Notes<'a> {
    pub(super) file: &'a Path,
    pub(super) rule: Option<String>,
    pub(super) notes: &'a mut Vec<Note>,
}

impl Notes<'_> {
    pub(super) fn add(&mut self, key: &str, why: impl Into<String>) {
        self.notes.push(Note {
            file: self.file.to_owned(),
            rule: self.rule.clone(),
            key: key.to_owned(),
            why: why.into(),
        });
    }
}

/// `[[allowlists]]`, or the older `[allowlist]`.
pub(super) fn allowlists<'a>(table: &Table<'a>) -> Result<Vec<Table<'a>>, ConfigError> {
    if table.has("allowlist") && table.has("allowlists") {
        return Err(table.error("allowlist", "stands beside `allowlists`; only one may"));
    }
    let mut lists = table.tables("allowlists")?;
    lists.extend(table.table("allowlist")?);
    Ok(lists)
}

pub(super) fn raw(
    file: &Path,
    table: &Table<'_>,
    noted: &mut Notes<'_>,
) -> Result<Raw, ConfigError> {
    let written = table.text("id")?.unwrap_or_default();
    if written.is_empty() {
        return Err(table.error("id", "is missing"));
    }
    let id = safe(&written);
    noted.rule = Some(id.clone());
    if id != written {
        noted.add(
            "id",
            "has characters that an id cannot have here; this is how it is called",
        );
    }
    let regex = match table.text("regex")?.filter(|regex| !regex.is_empty()) {
        None => None,
        Some(regex) => Some(go::translate(&regex).map_err(|why| table.error("regex", why))?),
    };
    let path = match table.text("path")?.filter(|path| !path.is_empty()) {
        None => None,
        Some(path) => Some(
            go::translate(&path)
                .map_err(|why| table.error("path", why))?
                .0,
        ),
    };
    let mut unless = Vec::new();
    for list in allowlists(table)? {
        unless.extend(allowlist(&list, noted)?);
    }
    for key in ["prefilter", "filter"] {
        unless.extend(filter(table, key, noted)?);
    }
    let raw = Raw {
        file: file.to_owned(),
        line: table.line(),
        title: table.text("description")?.filter(|text| !text.is_empty()),
        regex,
        path,
        group: group(table)?,
        entropy: table.number("entropy")?.filter(|bits| *bits > 0.0),
        keywords: table
            .texts("keywords")?
            .into_iter()
            .map(|(_, word)| word.to_ascii_lowercase())
            .collect(),
        confidence: confidence(table, noted)?,
        report: table.flag("skipReport")?.map(|skip| match skip {
            true => Report::No,
            false => Report::Yes,
        }),
        unless,
        required: required(table, noted)?,
        id,
    };
    for key in ["validate", "analyze", "revoke"] {
        if table.text(key).is_ok_and(|text| text.is_some()) {
            noted.add(
                key,
                "asks others about the secret, which is never done here",
            );
        }
    }
    if table.has("specificity") {
        let _ = table.number("specificity");
        noted.add(
            "specificity",
            "of two rules for the same bytes, the surer and the longer match stays",
        );
    }
    for key in table.unasked() {
        noted.add(&key, "is no key that is read here");
    }
    Ok(raw)
}

fn group(table: &Table<'_>) -> Result<Option<Group>, ConfigError> {
    let key = if table.has("valueGroup") {
        "valueGroup"
    } else {
        "secretGroup"
    };
    if let Ok(Some(name)) = table.text(key) {
        return Ok(Some(match name.parse() {
            Ok(number) => Group::Number(number),
            Err(_) => Group::Named(name),
        }));
    }
    // 0 is how the format writes "not given".
    let number = table.count(key)?;
    Ok(number.filter(|number| *number > 0).map(Group::Number))
}

fn confidence(table: &Table<'_>, noted: &mut Notes<'_>) -> Result<Option<Confidence>, ConfigError> {
    let Some(text) = table.text("confidence")? else {
        return Ok(None);
    };
    let known = [Confidence::Low, Confidence::Medium, Confidence::High];
    let found = known
        .into_iter()
        .find(|known| known.as_str().eq_ignore_ascii_case(&text));
    if found.is_none() && !text.is_empty() {
        noted.add(
            "confidence",
            format!("{text:?} is none of low, medium and high; it counts as high"),
        );
    }
    Ok(found)
}

/// `[[rules.required]]`, and Betterleaks' `components`.
fn required(table: &Table<'_>, noted: &mut Notes<'_>) -> Result<Vec<Required>, ConfigError> {
    let mut all = Vec::new();
    for (key, id) in [("required", "id"), ("components", "id")] {
        for entry in table.tables(key)? {
            let rule = entry.text(id)?.unwrap_or_default();
            if rule.is_empty() {
                return Err(entry.error("id", "is missing"));
            }
            let mut required = Required {
                rule: safe(&rule),
                lines: entry.count("withinLines")?,
                columns: entry.count("withinColumns")?,
            };
            if let Some(within) = entry.text("within")? {
                match within.strip_suffix(['L', 'l']).map(str::parse) {
                    Some(Ok(lines)) => required.lines = Some(lines),
                    Some(Err(_)) | None => {
                        let why = format!(
                            "{within:?} is no number of lines such as 5L; anywhere in the text counts"
                        );
                        noted.add(&format!("{key}.within"), why);
                    }
                }
            }
            for other in entry.unasked() {
                noted.add(&format!("{key}.{other}"), "is no key that is read here");
            }
            all.push(required);
        }
    }
    Ok(all)
}

/// An expression that drops a match.
pub(super) fn filter(
    table: &Table<'_>,
    key: &'static str,
    noted: &mut Notes<'_>,
) -> Result<Option<Unless>, ConfigError> {
    let Some(text) = table.text(key)?.filter(|text| !text.trim().is_empty()) else {
        return Ok(None);
    };
    let filter = expr::read(&text);
    for (piece, why) in filter.lost {
        noted.add(
            key,
            format!("{piece} {why}; without it the rule finds more"),
        );
    }
    Ok(filter.unless)
}

pub(super) fn allowlist(
    table: &Table<'_>,
    noted: &mut Notes<'_>,
) -> Result<Option<Unless>, ConfigError> {
    let _ = table.text("description");
    let condition = table.text("condition")?.unwrap_or_default();
    let every = match condition.to_ascii_lowercase().as_str() {
        "" | "or" | "||" => false,
        "and" | "&&" => true,
        _ => return Err(table.error("condition", "is neither OR nor AND")),
    };
    let target = table.text("regexTarget")?.unwrap_or_default();
    let target = match target.as_str() {
        "" | "secret" => Subject::Secret,
        "match" => Subject::Match,
        "line" => Subject::Line,
        _ => return Err(table.error("regexTarget", "is none of secret, match and line")),
    };
    let patterns = |key: &'static str| -> Result<Vec<Pattern>, ConfigError> {
        let texts = table.texts(key)?;
        let made = texts.into_iter().map(|(at, text)| {
            let made = go::translate(&text).map_err(|why| table.error_at(key, at, why));
            made.map(|(text, _)| Pattern::new(text))
        });
        made.collect()
    };
    let (paths, regexes) = (patterns("paths")?, patterns("regexes")?);
    let words = table.texts("stopwords")?.into_iter().map(|(_, word)| word);
    let words: Vec<String> = words.filter(|word| !word.is_empty()).collect();
    let commits = !table.texts("commits")?.is_empty();
    for key in table.unasked() {
        // Of a rule's own allowlist it is no key.
        noted.add(&format!("allowlists.{key}"), "is no key that is read here");
    }
    let mut parts = Vec::new();
    if !paths.is_empty() {
        parts.push(Unless::Matches(Subject::Path, paths));
    }
    if !regexes.is_empty() {
        parts.push(Unless::Matches(target, regexes));
    }
    if !words.is_empty() {
        parts.push(Unless::Contains(Subject::Secret, words));
    }
    if parts.is_empty() && !commits {
        return Err(table.error("", "says nothing of paths, regexes, stopwords or commits"));
    }
    if commits {
        let what = if every {
            "this allowlist is left out"
        } else {
            "they are left out"
        };
        let why = format!(
            "a secret is not excused by the commit it is in; {what}, a `[[secrets.allow]]` names values"
        );
        noted.add("allowlists.commits", why);
    }
    Ok(match every {
        _ if parts.is_empty() => None,
        // Without the commits it would excuse more than it says.
        true if commits => None,
        true => Some(Unless::All(parts)),
        false => Some(Unless::Any(parts)),
    })
}

/// An id as it can be written in a mark, a configuration and a report.
pub(super) fn safe(id: &str) -> String {
    let plain = |c: char| c.is_ascii_graphic() && !"(),/\\\"'`*".contains(c);
    let text: String = id.chars().map(|c| if plain(c) { c } else { '-' }).collect();
    text
}

pub(super) fn made(raw: Raw, origin: &'static str) -> Result<&'static Rule, ConfigError> {
    if let (Some(Group::Number(number)), Some((_, groups))) = (&raw.group, &raw.regex)
        && number > groups
    {
        let why = format!(
            "is {number}, and the regex has {}",
            counted(*groups, "group", "groups")
        );
        return Err(raw.error("secretGroup", why));
    }
    if let (Some(Group::Named(name)), Some((regex, _))) = (&raw.group, &raw.regex)
        && !regex.contains(&format!("<{name}>"))
    {
        let why = format!("the regex has no group {name:?}");
        return Err(raw.error("valueGroup", why));
    }
    let asked = |other: &Rule| other.near.is_some_and(|near| near.rule == raw.id);
    if !raw.required.is_empty() && rules().iter().any(asked) {
        let why = "built-in rules ask whether this one is near, so it may require none itself";
        return Err(raw.error("required", why.to_owned()));
    }
    let mut keywords = raw.keywords;
    // An empty one stands in every text.
    if keywords.iter().any(String::is_empty) {
        keywords.clear();
    }
    Ok(Rule::foreign(
        Draft {
            id: raw.id,
            title: raw.title,
            regex: raw.regex.map(|(regex, _)| regex),
            keywords,
            entropy: raw.entropy,
            confidence: raw.confidence,
            foreign: Foreign {
                path: raw.path.map(Pattern::new),
                group: raw.group.unwrap_or_default(),
                unless: raw.unless,
                required: raw.required,
                report: raw.report.unwrap_or_default(),
            },
        },
        origin,
    ))
}
