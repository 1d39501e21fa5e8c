//! One file of configuration: read with care, checked key by key.

use super::error::{ConfigError, Problem};
use super::keys::{self, Shape};
use super::rules::{self, Loaded};
use super::{Config, Origin};
use crate::policy::groups::Groups;
use crate::policy::settings::{Identity, Protect};
use serde::Deserialize as _;
use std::io::{self, Read as _};
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The largest file that is read, in bytes.
const LIMIT: u64 = 1 << 20;

/// The key of the rule files.
const RULES: &str = "secrets.rules";

/// A file that is valid by itself.
pub(super) struct Layer {
    pub(super) origin: Origin,
    pub(super) path: PathBuf,
    pub(super) table: toml::Table,
    /// Its rules over refs, in their order.
    pub(super) protect: Vec<Protect>,
    text: String,
    places: Vec<Place>,
}

/// A value and where it stands.
pub(super) struct Place {
    key: String,
    span: Range<usize>,
    /// The value, or one of its list, where that is a string.
    strings: Vec<(Range<usize>, String)>,
}

impl Layer {
    /// Reads a file; `None` if it is not there and need not be.
    pub(super) fn read(origin: Origin, path: &Path) -> Result<Option<Self>, ConfigError> {
        let Some(text) = text(origin, path)? else {
            return Ok(None);
        };
        Self::parse(origin, path, text).map(Some)
    }

    fn parse(origin: Origin, path: &Path, text: String) -> Result<Self, ConfigError> {
        let syntax = |error: toml::de::Error| {
            let line = error.span().map(|span| line_of(&text, span.start));
            ConfigError::new(path, line, Problem::Syntax(error.message().to_owned()))
        };
        let mut places = Vec::new();
        let tree = DeTable::parse(&text).map_err(syntax)?;
        let placed = |(at, problem)| ConfigError::new(path, Some(line_of(&text, at)), problem);
        walk(tree.get_ref(), "", &mut places).map_err(placed)?;
        let table: toml::Table = text.parse().map_err(syntax)?;
        let document = toml::Deserializer::parse(&text).map_err(syntax)?;
        let config = Config::deserialize(document);
        let config = config.map_err(|error| value_error(path, &text, &places, &error))?;
        together(tree.get_ref()).map_err(placed)?;
        Ok(Self {
            origin,
            path: path.to_owned(),
            table,
            protect: config.protect,
            text,
            places,
        })
    }

    /// All of it, as it is written.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The rule files that are named; none where the key does not stand.
    pub(super) fn rule_files(&self) -> Result<Option<Vec<Loaded>>, ConfigError> {
        if !self.has(RULES) {
            return Ok(None);
        }
        let folder = self.path.parent().unwrap_or(Path::new(""));
        let load = |(span, name): (&Range<usize>, &str)| {
            let path = folder.join(name);
            match path.symlink_metadata() {
                Ok(_) => rules::load(&path),
                Err(error) => {
                    let why = format!("{} cannot be read: {error}", path.display());
                    let key = RULES.to_owned();
                    Err(self.error(span, Problem::Value { key, why }))
                }
            }
        };
        self.strings(RULES)
            .map(load)
            .collect::<Result<_, _>>()
            .map(Some)
    }

    /// An error at the list of rule files.
    pub(super) fn rule_files_clash(&self, why: String) -> ConfigError {
        let place = self.places.iter().find(|place| place.key == RULES);
        let span = place.map(|place| place.span.clone()).unwrap_or_default();
        let key = RULES.to_owned();
        self.error(&span, Problem::Value { key, why })
    }

    /// Every rule that is named must exist: a misspelt one would do nothing.
    pub(super) fn check_rules(&self, known: &dyn Fn(&str) -> bool) -> Result<(), ConfigError> {
        for key in ["secrets.disable", "secrets.allow.rules"] {
            for (span, rule) in self.strings(key) {
                if !known(rule) {
                    let rule = rule.to_owned();
                    return Err(self.error(span, Problem::UnknownRule { key, rule }));
                }
            }
        }
        Ok(())
    }

    /// Every group that is named must exist, in this file or another.
    pub(super) fn check_groups(&self, groups: &Groups) -> Result<(), ConfigError> {
        for key in [
            "protect.push",
            "protect.create",
            "protect.delete",
            "protect.force",
            "protect.confirm_by",
            "server.bypass_by",
            "protect.approvals_from",
            "commits.except",
            "commits.members",
            "protect.freeze.except",
        ] {
            for (span, principal) in self.strings(key) {
                if let Some(group) = principal.strip_prefix('@')
                    && !groups.has(group)
                {
                    let group = group.to_owned();
                    return Err(self.error(span, Problem::UnknownGroup { key, group }));
                }
            }
        }
        Ok(())
    }

    /// Where signatures are asked for, somebody must be known who could have made them.
    pub(super) fn check_keys(&self, identity: &Identity) -> Result<(), ConfigError> {
        let ssh = identity.allowed_signers.is_some();
        let any = ssh || identity.gpg_home.is_some();
        let needs = |known: bool, files: &str| {
            (!known).then(|| format!("needs {files}, which says whose a key is"))
        };
        let both = "identity.allowed_signers or identity.gpg_home";
        for (span, level) in self.strings("protect.signed") {
            let why = match level {
                "none" => None,
                "any" => needs(any, both),
                _ => needs(ssh, "identity.allowed_signers"),
            };
            if let Some(why) = why {
                let key = "protect.signed".to_owned();
                return Err(self.error(span, Problem::Value { key, why }));
            }
        }
        for key in ["protect.confirm", "server.bypass_by"] {
            if let (Some((span, _)), Some(why)) = (self.strings(key).next(), needs(any, both)) {
                let key = key.to_owned();
                return Err(self.error(span, Problem::Value { key, why }));
            }
        }
        let mut places = self.places.iter();
        let asks = |place: &&Place| {
            place.key == "protect.push_cert" && self.text[place.span.clone()].trim() == "true"
        };
        match (places.find(asks), needs(any, both)) {
            (Some(place), Some(why)) => {
                let key = place.key.clone();
                Err(self.error(&place.span, Problem::Value { key, why }))
            }
            (Some(_) | None, _) => Ok(()),
        }
    }

    /// Whether a key stands in it.
    pub(super) fn has(&self, key: &str) -> bool {
        self.places.iter().any(|place| place.key == key)
    }

    fn strings<'a>(
        &'a self,
        key: &'a str,
    ) -> impl Iterator<Item = (&'a Range<usize>, &'a str)> + 'a {
        self.places
            .iter()
            .filter(move |place| place.key == key)
            .flat_map(|place| &place.strings)
            .map(|(span, text)| (span, text.as_str()))
    }

    /// An error at a key that stands in several tables: at the `nth` (from 0) that holds it.
    pub(super) fn error_at(&self, key: &str, nth: usize, why: String) -> ConfigError {
        let place = self.places.iter().filter(|place| place.key == key).nth(nth);
        let span = place.map(|place| place.span.clone()).unwrap_or_default();
        let key = key.to_owned();
        self.error(&span, Problem::Value { key, why })
    }

    fn error(&self, span: &Range<usize>, problem: Problem) -> ConfigError {
        ConfigError::new(&self.path, Some(line_of(&self.text, span.start)), problem)
    }
}

/// The text of a file; `None` if it is not there and need not be.
pub(super) fn text(origin: Origin, path: &Path) -> Result<Option<String>, ConfigError> {
    let absence = match origin {
        Origin::Machine | Origin::User | Origin::Repository => Absence::Fine,
        Origin::Server | Origin::CommandLine => Absence::Wrong,
    };
    let read = read_regular(path, absence, LIMIT);
    let read = read.map_err(|problem| ConfigError::new(path, None, problem))?;
    let Some(bytes) = read else {
        return Ok(None);
    };
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(text)),
        Err(error) => {
            let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = 1 + valid.iter().filter(|byte| **byte == b'\n').count();
            Err(ConfigError::new(path, Some(line), Problem::NotUtf8))
        }
    }
}

/// What it means that a file is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Absence {
    /// There is none, and that is all.
    Fine,
    /// It had to be there.
    Wrong,
}

/// The bytes of a regular file of at most `limit` bytes; `None` if it is not there and need not be.
pub(super) fn read_regular(
    path: &Path,
    absence: Absence,
    limit: u64,
) -> Result<Option<Vec<u8>>, Problem> {
    let absent = |error: &io::Error| {
        matches!(
            error.kind(),
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
        )
    };
    match path.symlink_metadata() {
        Err(error) if absence == Absence::Fine && absent(&error) => return Ok(None),
        Err(error) => return Err(Problem::Unreadable(error)),
        Ok(_) => {}
    }
    // Asked before it is opened, since opening a pipe would wait for whoever writes to it; and
    // asked again of what was opened.
    let regular = |meta: io::Result<std::fs::Metadata>| match meta {
        Ok(meta) if meta.is_file() => Ok(()),
        Ok(_) => Err(Problem::NotAFile),
        Err(error) => Err(Problem::Unreadable(error)),
    };
    regular(path.metadata())?;
    let file = std::fs::File::open(path).map_err(Problem::Unreadable)?;
    regular(file.metadata())?;
    let mut bytes = Vec::new();
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(Problem::Unreadable)?;
    if bytes.len() as u64 > limit {
        return Err(Problem::TooLarge(limit >> 20));
    }
    Ok(Some(bytes))
}

/// Checks every key of a table against the table of keys, and notes where the values stand.
fn walk(
    table: &DeTable<'_>,
    parent: &str,
    places: &mut Vec<Place>,
) -> Result<(), (usize, Problem)> {
    for (name, value) in table {
        let key = keys::join(parent, name.get_ref());
        let at = name.span().start;
        if keys::find(parent, name.get_ref()).is_none() {
            let nearest = keys::nearest(parent, name.get_ref());
            return Err((at, Problem::UnknownKey { key, nearest }));
        }
        let mut strings = Vec::new();
        match (keys::shape(&key), value.get_ref()) {
            (Shape::Table, DeValue::Table(inner)) => walk(inner, &key, places)?,
            (Shape::Tables, DeValue::Array(list)) => {
                for item in list {
                    match item.get_ref() {
                        DeValue::Table(inner) => walk(inner, &key, places)?,
                        _ => return Err((item.span().start, misshapen(key, Shape::Tables))),
                    }
                }
            }
            (Shape::Value, DeValue::Array(list)) => strings.extend(list.iter().filter_map(string)),
            (Shape::Value, _) => strings.extend(string(value)),
            (shape @ (Shape::Table | Shape::Tables), _) => {
                return Err((at, misshapen(key, shape)));
            }
        }
        places.push(Place {
            key,
            span: value.span(),
            strings,
        });
    }
    Ok(())
}

/// Keys of `[[protect]]` that make no sense without one of some others in the same table, since no
/// rule inherits anything from another; and what those others do.
const TOGETHER: &[(&str, &[&str], &str)] = &[
    ("confirm", &["confirm_by"], "which says who may confirm"),
    (
        "confirm_by",
        &["confirm"],
        "which says what has to be confirmed",
    ),
    ("approvals_from", APPROVED, ASKS),
    ("approvals_by", APPROVED, ASKS),
    ("approvals_by_pusher", APPROVED, ASKS),
    ("approvals_name_repository", APPROVED, ASKS),
];

const APPROVED: &[&str] = &["approvals", "owners"];
const ASKS: &str = "else nothing has to be approved";

/// Checks the keys of each rule over refs against those that they need.
fn together(top: &DeTable<'_>) -> Result<(), (usize, Problem)> {
    let named =
        |table: &DeTable<'_>, name: &str| table.iter().any(|(key, _)| key.get_ref() == name);
    let rules = top.iter().filter(|(name, _)| name.get_ref() == "protect");
    let rules = rules.filter_map(|(_, rules)| rules.get_ref().as_array());
    for rule in rules.flatten().filter_map(|rule| rule.get_ref().as_table()) {
        for (name, value) in rule {
            let row = TOGETHER.iter().find(|(key, ..)| name.get_ref() == key);
            // What is off is off without the others too.
            let off = value.get_ref().as_bool() == Some(false);
            let Some((key, others, why)) = row.filter(|_| !off) else {
                continue;
            };
            if !others.iter().any(|other| named(rule, other)) {
                let key = keys::join("protect", key);
                let others = others.join(" or ");
                let why = format!("needs {others} in the same table, {why}");
                return Err((name.span().start, Problem::Value { key, why }));
            }
        }
    }
    Ok(())
}

fn misshapen(key: String, shape: Shape) -> Problem {
    let why = match shape {
        Shape::Table | Shape::Value => format!("is a table, written [{key}]"),
        Shape::Tables => format!("is a list of tables, each written [[{key}]]"),
    };
    Problem::Value { key, why }
}

fn string(value: &Spanned<DeValue<'_>>) -> Option<(Range<usize>, String)> {
    let text = value.get_ref().as_str()?;
    Some((value.span(), text.to_owned()))
}

/// Says which key a value belongs to that does not parse.
fn value_error(path: &Path, text: &str, places: &[Place], error: &toml::de::Error) -> ConfigError {
    let span = error.span().unwrap_or_default();
    let key = places
        .iter()
        .filter(|place| place.span.start <= span.start && span.end <= place.span.end)
        .min_by_key(|place| place.span.len())
        .map(|place| place.key.as_str());
    let why = match key {
        // What stands there may be a secret that somebody wrote by mistake.
        Some("secrets.allow.values") => {
            "is not a list of \"sha256:\" and 64 hexadecimal digits; never write the value itself"
        }
        Some(_) | None => error.message(),
    };
    let problem = match key {
        Some(key) => Problem::Value {
            key: key.to_owned(),
            why: why.to_owned(),
        },
        None => Problem::Syntax(why.to_owned()),
    };
    ConfigError::new(path, Some(line_of(text, span.start)), problem)
}

fn line_of(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count()
}
