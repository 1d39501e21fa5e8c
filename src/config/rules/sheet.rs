//! A rule file of another scanner as a whole: what it extends, its rules, what it allows.

use super::super::error::{ConfigError, Problem};
use super::Note;
use super::foreign::{Notes, Raw, allowlist, allowlists, filter, made, raw, safe};
use super::reader::Table;
use crate::git::{counted, escape};
use crate::scan::foreign::{Allowance, Scope, Unless};
use crate::scan::{Own, rule};
use std::path::Path;

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
            format!(
                "of {}: no report shows tags",
                counted(tagged, "rule", "rules")
            ),
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
