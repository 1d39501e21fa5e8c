//! Rule files of Gitleaks (`.gitleaks.toml`) and Betterleaks, one reader for both.
//!
//! What cannot be carried over is noted, with the rule and the reason. Where it would have excused
//! something, the rule reports more than it did there; a rule that could not be run is an error.

use super::super::error::{ConfigError, Problem};
use super::reader::Table;
use super::{Note, expr, go};
use crate::git::escape;
use crate::scan::foreign::{
    Allowance, Draft, Foreign, Group, Pattern, Report, Required, Scope, Subject, Unless,
};
use crate::scan::{Confidence, Own, Rule, rule, rules};
use std::path::{Path, PathBuf};

/// How many files may stand behind a file by `[extend] path`.
const MAX_DEPTH: usize = 2;

/// A file, with those it extends, before its rules become ours.
#[derive(Default)]
pub(super) struct Sheet {
    rules: Vec<Raw>,
    allowances: Vec<(Option<Vec<String>>, Unless)>,
    off: Vec<String>,
    texts: Vec<String>,
    built_in: bool,
}

/// A rule as far as a file tells it.
struct Raw {
    id: String,
    file: PathBuf,
    line: usize,
    title: Option<String>,
    regex: Option<(String, usize)>,
    path: Option<String>,
    group: Option<Group>,
    entropy: Option<f64>,
    keywords: Vec<String>,
    confidence: Option<Confidence>,
    report: Option<Report>,
    unless: Vec<Unless>,
    required: Vec<Required>,
}

impl Raw {
    fn error(&self, key: &str, why: String) -> ConfigError {
        let key = format!("rules.{key}");
        ConfigError::new(&self.file, Some(self.line), Problem::Value { key, why })
    }

    /// Puts another file's word on the same rule on top.
    fn extend(&mut self, over: Self) {
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
struct Notes<'a> {
    file: &'a Path,
    rule: Option<String>,
    notes: &'a mut Vec<Note>,
}

impl Notes<'_> {
    fn add(&mut self, key: &str, why: impl Into<String>) {
        self.notes.push(Note {
            file: self.file.to_owned(),
            rule: self.rule.clone(),
            key: key.to_owned(),
            why: why.into(),
        });
    }
}

/// Reads a file and those it extends.
pub(super) fn read(
    file: &Path,
    text: &str,
    top: &Table<'_>,
    depth: usize,
    notes: &mut Vec<Note>,
) -> Result<Sheet, ConfigError> {
    let mut noted = Notes {
        file,
        rule: None,
        notes,
    };
    for key in [
        "title",
        "description",
        "minVersion",
        "betterleaksMinVersion",
    ] {
        let _ = top.text(key);
    }
    let mut sheet = base(file, top, depth, &mut noted)?;
    sheet.texts.push(text.to_owned());
    let mut tagged = 0;
    let mut here: Vec<String> = Vec::new();
    for table in top.tables("rules")? {
        tagged += usize::from(!table.texts("tags")?.is_empty());
        let raw = raw(file, &table, &mut noted)?;
        if here.contains(&raw.id) {
            return Err(table.error("id", "is that of another rule of this file"));
        }
        here.push(raw.id.clone());
        match sheet.rules.iter_mut().find(|known| known.id == raw.id) {
            Some(known) => known.extend(raw),
            None => sheet.rules.push(raw),
        }
    }
    noted.rule = None;
    if tagged > 0 {
        noted.add(
            "rules.tags",
            format!("of {tagged} rules: no report shows tags"),
        );
    }
    for table in allowlists(top)? {
        let targets = table.texts("targetRules")?;
        let targets: Vec<String> = targets.into_iter().map(|(_, id)| safe(&id)).collect();
        let unless = allowlist(&table, &mut noted)?;
        let targets = (!targets.is_empty()).then_some(targets);
        sheet
            .allowances
            .extend(unless.map(|unless| (targets, unless)));
    }
    for key in ["prefilter", "filter"] {
        let unless = filter(top, key, &mut noted)?;
        sheet.allowances.extend(unless.map(|unless| (None, unless)));
    }
    for key in top.unasked() {
        noted.add(&key, "is no key that is read here");
    }
    Ok(sheet)
}

/// What `[extend]` says.
fn base(
    file: &Path,
    top: &Table<'_>,
    depth: usize,
    noted: &mut Notes<'_>,
) -> Result<Sheet, ConfigError> {
    let mut sheet = Sheet::default();
    let Some(extend) = top.table("extend")? else {
        if depth == 0 {
            note_built_in(noted);
        }
        return Ok(sheet);
    };
    let built_in = extend.flag("useDefault")?.unwrap_or(false);
    let path = extend.text("path")?;
    if extend.text("url")?.is_some() {
        noted.add(
            "extend.url",
            "nothing is fetched; save the file and name it by `path`",
        );
    }
    if let Some(path) = path.filter(|path| !path.is_empty()) {
        if built_in {
            return Err(extend.error("path", "stands beside `useDefault`; only one may"));
        }
        if depth >= MAX_DEPTH {
            return Err(extend.error("path", "extends a file that extends one already; no deeper"));
        }
        let below = file.parent().unwrap_or(Path::new("")).join(path);
        sheet = super::read_foreign(&below, depth + 1, noted.notes)
            .map_err(|error| absent(error, &extend))?;
    } else if !built_in && depth == 0 {
        note_built_in(noted);
    }
    sheet.built_in |= built_in;
    for (_, id) in extend.texts("disabledRules")? {
        let id = safe(&id);
        let before = sheet.rules.len();
        sheet.rules.retain(|raw| raw.id != id);
        if sheet.rules.len() < before {
            continue;
        }
        if rule(&id).is_some() {
            sheet.off.push(id);
        } else {
            let why =
                format!("{id} is no rule here; `portcullis rules list` names those to `disable`");
            noted.add("extend.disabledRules", why);
        }
    }
    for key in extend.unasked() {
        noted.add(&format!("extend.{key}"), "is no key that is read here");
    }
    Ok(sheet)
}

fn note_built_in(noted: &mut Notes<'_>) {
    let why =
        "is not set, but the built-in rules stay on: own rules add to them, `disable` takes away";
    noted.add("extend.useDefault", why);
}

/// A file that is not there is an error where it is named.
fn absent(error: ConfigError, extend: &Table<'_>) -> ConfigError {
    match &error.problem {
        Problem::Unreadable(why) if why.kind() == std::io::ErrorKind::NotFound => {
            let name = escape(error.file.as_os_str().as_encoded_bytes());
            extend.error("path", format!("there is no file {name}"))
        }
        _ => error,
    }
}

/// `[[allowlists]]`, or the older `[allowlist]`.
fn allowlists<'a>(table: &Table<'a>) -> Result<Vec<Table<'a>>, ConfigError> {
    if table.has("allowlist") && table.has("allowlists") {
        return Err(table.error("allowlist", "stands beside `allowlists`; only one may"));
    }
    let mut lists = table.tables("allowlists")?;
    lists.extend(table.table("allowlist")?);
    Ok(lists)
}

fn raw(file: &Path, table: &Table<'_>, noted: &mut Notes<'_>) -> Result<Raw, ConfigError> {
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
fn filter(
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

fn allowlist(table: &Table<'_>, noted: &mut Notes<'_>) -> Result<Option<Unless>, ConfigError> {
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
fn safe(id: &str) -> String {
    let plain = |c: char| c.is_ascii_graphic() && !"(),/\\\"'`*".contains(c);
    let text: String = id.chars().map(|c| if plain(c) { c } else { '-' }).collect();
    text
}

impl Sheet {
    /// Makes the rules ours.
    pub(super) fn finish(
        mut self,
        file: &Path,
        origin: &'static str,
        notes: &mut Vec<Note>,
    ) -> Result<Own, ConfigError> {
        let mut own = Own {
            off: std::mem::take(&mut self.off),
            texts: std::mem::take(&mut self.texts),
            ..Own::default()
        };
        let ids: Vec<String> = self.rules.iter().map(|raw| raw.id.clone()).collect();
        let about_paths: Vec<String> = self
            .rules
            .iter()
            .filter(|raw| raw.regex.is_none() && raw.path.is_some())
            .map(|raw| raw.id.clone())
            .collect();
        for mut raw in std::mem::take(&mut self.rules) {
            let mut noted = Notes {
                file: &raw.file.clone(),
                rule: Some(raw.id.clone()),
                notes,
            };
            if raw.regex.is_none() && raw.path.is_none() {
                own.allowances
                    .extend(addition(raw, self.built_in, &mut noted)?);
                continue;
            }
            for required in &raw.required {
                if !ids.contains(&required.rule) && rule(&required.rule).is_none() {
                    let why = format!("there is no rule {:?}", required.rule);
                    return Err(raw.error("required", why));
                }
            }
            raw.required.retain(|required| {
                let of_path = about_paths.contains(&required.rule);
                if of_path {
                    noted.add(
                        "required",
                        format!("{} is about paths; it is not asked for", required.rule),
                    );
                }
                !of_path
            });
            own.rules.push(made(raw, origin)?);
        }
        let known = |id: &String| ids.contains(id) || rule(id).is_some();
        for (targets, unless) in std::mem::take(&mut self.allowances) {
            if let Some(unknown) = targets.iter().flatten().find(|id| !known(id)) {
                notes.push(Note {
                    file: file.to_owned(),
                    rule: None,
                    key: "allowlists.targetRules".to_owned(),
                    why: format!("{unknown} is no rule here"),
                });
            }
            let of = match targets {
                Some(targets) => Scope::Rules(targets),
                None if self.built_in => Scope::BuiltInAnd(ids.clone()),
                None => Scope::Rules(ids.clone()),
            };
            own.allowances.push(leaked(of, unless));
        }
        Ok(own)
    }
}

fn leaked(of: Scope, unless: Unless) -> &'static Allowance {
    Box::leak(Box::new(Allowance { of, unless }))
}

/// An entry with nothing to look for adds to a rule that is there without it.
fn addition(
    raw: Raw,
    built_in: bool,
    noted: &mut Notes<'_>,
) -> Result<Option<&'static Allowance>, ConfigError> {
    if !built_in {
        return Err(raw.error(
            "regex",
            format!("the rule {:?} has neither `regex` nor `path`", raw.id),
        ));
    }
    if rule(&raw.id).is_none() {
        let why = "changes a rule of that scanner's own set; the built-in rules here have other ids, so nothing of it is carried over";
        noted.add("id", why);
        return Ok(None);
    }
    let others = [
        ("secretGroup", raw.group.is_some()),
        ("entropy", raw.entropy.is_some()),
        ("keywords", !raw.keywords.is_empty()),
        ("confidence", raw.confidence.is_some()),
        ("skipReport", raw.report.is_some()),
        ("required", !raw.required.is_empty()),
        ("description", raw.title.is_some()),
    ];
    for (key, _) in others.into_iter().filter(|(_, given)| *given) {
        noted.add(
            key,
            "of a built-in rule stays as it is; only allowlists are added",
        );
    }
    Ok((!raw.unless.is_empty())
        .then(|| leaked(Scope::Rules(vec![raw.id]), Unless::Any(raw.unless))))
}

fn made(raw: Raw, origin: &'static str) -> Result<&'static Rule, ConfigError> {
    if let (Some(Group::Number(number)), Some((_, groups))) = (&raw.group, &raw.regex)
        && number > groups
    {
        let why = format!("is {number}, and the regex has {groups} groups");
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
