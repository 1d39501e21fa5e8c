//! What `[commits]`, `[content]` and `server.bypass_by` ask and allow, beside the rules for refs.

use super::{ADMIN, yes};
use crate::config::{KEYS, Origin};
use crate::git::{RefName, escape};
use crate::policy::RefPattern;
use crate::policy::groups::{Principal, Pusher};
use crate::policy::settings::Settings;
use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;
use toml::{Table, Value};

/// What keys ask that are switched on or off, in words.
const WORDS: &[(&str, bool, &str)] = &[
    ("commits.conventional", true, "Conventional Commits"),
    ("commits.imperative", true, "subjects begin with a command"),
    ("commits.sign_off", true, "Signed-off-by the committer"),
    ("commits.fixups", false, "none to refs of [[protect]]"),
    ("commits.committer_is_pusher", true, "by address or account"),
];

/// Keys of `[commits]` that ask nothing by themselves.
const SCOPE: &[&str] = &["commits.refs", "commits.except"];

/// Keys where an empty list is nothing rather than no question.
const NONE: &[&str] = &[
    "content.executables",
    "content.submodules",
    "content.sources",
];

/// The two tables as their files have them, later files over earlier ones.
pub(super) struct Asked(Table);

impl Asked {
    /// Of the files that made the settings, so that each has been read before and was valid.
    ///
    /// # Errors
    /// When one cannot be read any more.
    pub(super) fn read(files: &[(Origin, PathBuf)]) -> io::Result<Self> {
        let mut all = Table::new();
        for (_, file) in files {
            let text = std::fs::read_to_string(file)?;
            let table: Table = text.parse().map_err(io::Error::other)?;
            for name in ["commits", "content"] {
                let keys = table.get(name).and_then(Value::as_table);
                for (key, value) in keys.into_iter().flatten() {
                    all.insert(format!("{name}.{key}"), value.clone());
                }
            }
        }
        Ok(Self(all))
    }

    /// One paragraph for each of the two that asks anything, of this ref or of any.
    pub(super) fn page(
        &self,
        settings: &Settings,
        name: Option<&RefName>,
        user: Option<&Pusher>,
    ) -> String {
        let mut text = String::new();
        for (table, what) in [("commits", "new commits"), ("content", "new files")] {
            let rows = self.rows(table, settings);
            let asks = rows.iter().any(|(path, _)| !SCOPE.contains(path));
            if !asks || (table == "commits" && name.is_some_and(|name| !self.is_for(name))) {
                continue;
            }
            let of = match (table, self.0.contains_key("commits.refs")) {
                ("commits", false) => " of every branch",
                _ => "",
            };
            let _ = writeln!(text, "[{table}]: {what}{of}");
            for (path, value) in rows {
                let key = path.rsplit('.').next().unwrap_or(path);
                let _ = match user {
                    Some(user) if path == "commits.except" => {
                        let is = yes(settings.groups.allows(&self.people(path), user));
                        writeln!(text, "    {key:<19} {is:<3}  ({value})")
                    }
                    Some(_) | None => writeln!(text, "    {key:<19} {value}"),
                };
            }
            text.push('\n');
        }
        text
    }

    fn rows(&self, table: &str, settings: &Settings) -> Vec<(&'static str, String)> {
        let rows = KEYS.iter().filter_map(|key| {
            let (of, _) = key.path.split_once('.')?;
            let value = self.0.get(key.path).filter(|_| of == table)?;
            Some((key.path, self.row(key.path, value, settings)?))
        });
        rows.collect()
    }

    /// What a key asks; none where it asks nothing.
    fn row(&self, path: &str, value: &Value, settings: &Settings) -> Option<String> {
        match (path, value) {
            ("commits.except" | "commits.members", _) => {
                let people = self.people(path);
                (!people.is_empty()).then(|| settings.groups.shown(&people, &ADMIN))
            }
            // Types that nobody asks for.
            ("commits.types", _)
                if self.0.get("commits.conventional") == Some(&Value::Boolean(false)) =>
            {
                None
            }
            (_, Value::Boolean(set)) => {
                let mut words = WORDS.iter();
                let row = words.find(|(key, asks, _)| *key == path && asks == set)?;
                Some(row.2.to_owned())
            }
            (_, Value::Array(list)) if list.is_empty() => {
                NONE.contains(&path).then(|| "none".to_owned())
            }
            (_, value) => Some(shown(value)),
        }
    }

    /// The texts of a list, or the one that stands for it.
    fn texts(&self, path: &str) -> impl Iterator<Item = &str> {
        let value = self.0.get(path);
        let list = value.and_then(Value::as_array).into_iter().flatten();
        list.chain(value).filter_map(Value::as_str)
    }

    fn people(&self, path: &str) -> Vec<Principal> {
        let people = self.texts(path).filter_map(|text| text.parse().ok());
        people.collect()
    }

    /// Whether `[commits]` has a say on a ref.
    fn is_for(&self, name: &RefName) -> bool {
        let mut patterns = self
            .texts("commits.refs")
            .filter_map(|text| RefPattern::new(text).ok());
        match self.0.contains_key("commits.refs") {
            true => patterns.any(|pattern| pattern.matches(name)),
            false => name.is_branch(),
        }
    }
}

/// `a, b`, and in a list of lists `a with b; c with d`.
fn shown(value: &Value) -> String {
    let Value::Array(list) = value else {
        return match value {
            Value::String(text) => escape(text.as_bytes()),
            other => escape(other.to_string().as_bytes()),
        };
    };
    let inner = |value: &Value| match value {
        Value::Array(list) => list.iter().map(shown).collect::<Vec<_>>().join(" with "),
        other => shown(other),
    };
    let between = match list.iter().any(Value::is_array) {
        true => "; ",
        false => ", ",
    };
    list.iter().map(inner).collect::<Vec<_>>().join(between)
}

/// Whose token lets findings pass, on one line; nothing where nobody's does.
pub(super) fn bypass(settings: &Settings, user: Option<&Pusher>) -> String {
    let by = match settings.server.bypass_by.as_deref() {
        None | Some([]) => return String::new(),
        Some(by) => by,
    };
    let who = settings.groups.shown(by, &ADMIN);
    let what = "findings in a push of somebody else";
    match user {
        Some(user) => {
            let may = yes(settings.groups.allows(by, user));
            format!("bypass: {may}  ({who}), for {what}\n")
        }
        None => format!("bypass: {who}, for {what}\n"),
    }
}
