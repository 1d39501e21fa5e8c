//! Rule files: our own format and those of Gitleaks and Betterleaks.

mod expr;
mod foreign;
mod go;
mod own;
mod reader;
mod sheet;

#[cfg(test)]
mod tests;

use super::Origin;
use super::error::{ConfigError, Problem};
use super::file;
use crate::git::{Escaped, escape};
use crate::scan::Own;
use reader::{Table, line_of};
use sheet::Sheet;
use std::fmt;
use std::path::{Path, PathBuf};
use toml::de::DeTable;

/// What came of a rule file.
#[derive(Debug, Default)]
pub struct Loaded {
    /// What it brings in.
    pub own: Own,
    /// What of it could not be carried over.
    pub notes: Vec<Note>,
}

/// Something in another scanner's file that means nothing here, or something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The file.
    pub file: PathBuf,
    /// The rule, by its id here.
    pub rule: Option<String>,
    /// The key.
    pub key: String,
    /// Why, and what holds instead.
    pub why: String,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", Escaped(self.file.as_os_str().as_encoded_bytes()))?;
        if let Some(rule) = &self.rule {
            write!(f, "{rule}: ")?;
        }
        let said = format!("{}: {}", self.key, self.why);
        write!(f, "{}", Escaped(said.as_bytes()))
    }
}

/// How many own rules there may be.
const MAX_RULES: usize = 10_000;

/// Reads a rule file, whichever of the formats it is in.
///
/// # Errors
/// With file, line and key: a file that is not there, is no regular file, is larger than 1 MiB or is
/// not TOML; in our own format a key that is unknown; a rule that could not be run, such as one with
/// a regex that does not parse.
pub fn load(path: &Path) -> Result<Loaded, ConfigError> {
    let origin: &'static str = escape(path.as_os_str().as_encoded_bytes()).leak();
    let mut notes = Vec::new();
    let own = with(path, |text, top| match kind(path, top)? {
        Kind::Own => {
            let mut own = own::read(path, text, top, origin)?;
            own.texts.push(text.to_owned());
            Ok(own)
        }
        Kind::Foreign => {
            let sheet = sheet::read(path, text, top, 0, &mut notes)?;
            sheet.finish(path, origin, &mut notes)
        }
    })?;
    if own.rules.len() > MAX_RULES {
        let why = format!("more than {MAX_RULES} rules");
        return Err(ConfigError::new(path, None, Problem::Syntax(why)));
    }
    Ok(Loaded { own, notes })
}

/// The formats.
enum Kind {
    Own,
    Foreign,
}

fn kind(path: &Path, top: &Table<'_>) -> Result<Kind, ConfigError> {
    const FOREIGN: [&str; 6] = [
        "rules",
        "extend",
        "allowlists",
        "allowlist",
        "prefilter",
        "filter",
    ];
    if top.has("rule") {
        Ok(Kind::Own)
    } else if FOREIGN.iter().any(|key| top.has(key)) {
        Ok(Kind::Foreign)
    } else {
        top.only(&["rule", "rules"])?;
        let why = "has neither [[rule]], as in our own format, nor [[rules]], as in others'";
        Err(ConfigError::new(
            path,
            None,
            Problem::Syntax(why.to_owned()),
        ))
    }
}

/// Reads a file that another one extends.
fn read_foreign(path: &Path, depth: usize, notes: &mut Vec<Note>) -> Result<Sheet, ConfigError> {
    with(path, |text, top| sheet::read(path, text, top, depth, notes))
}

/// Hands on the text of a file and its tables.
fn with<T>(
    path: &Path,
    read: impl FnOnce(&str, &Table<'_>) -> Result<T, ConfigError>,
) -> Result<T, ConfigError> {
    let text = file::text(Origin::CommandLine, path)?.unwrap_or_default();
    let tree = DeTable::parse(&text).map_err(|error| {
        let line = error.span().map(|span| line_of(&text, span.start));
        ConfigError::new(path, line, Problem::Syntax(error.message().to_owned()))
    })?;
    read(&text, &Table::top(path, &text, tree.get_ref()))
}
