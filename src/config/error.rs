//! What can be wrong with a configuration, said with file, line and key.

use crate::git::Escaped;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// A configuration that cannot be used: nothing is judged by half of a policy.
#[derive(Debug)]
pub struct ConfigError {
    /// The file.
    pub file: PathBuf,
    /// The line in it, 1-based, where there is one.
    pub line: Option<usize>,
    /// What is wrong.
    pub problem: Problem,
}

impl ConfigError {
    pub(super) fn new(file: &Path, line: Option<usize>, problem: Problem) -> Self {
        Self {
            file: file.to_owned(),
            line,
            problem,
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Escaped(self.file.as_os_str().as_encoded_bytes()))?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        // A key or value may hold anything, so the whole sentence goes through the escaper.
        let problem = self.problem.to_string();
        write!(f, ": {}", Escaped(problem.as_bytes()))
    }
}

impl std::error::Error for ConfigError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&self.problem)
    }
}

/// What is wrong with a configuration.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum Problem {
    #[error("{}", unreadable(.0))]
    Unreadable(#[source] io::Error),
    #[error("is not a regular file")]
    NotAFile,
    #[error("is larger than {0} MiB")]
    TooLarge(u64),
    #[error("is not UTF-8, as TOML must be")]
    NotUtf8,
    #[error("{0}")]
    Syntax(String),
    #[error("unknown key \"{key}\"; {}", suggest(.nearest))]
    UnknownKey { key: String, nearest: Nearest },
    #[error("\"{key}\": {why}")]
    Value { key: String, why: String },
    #[error("\"{key}\": there is no rule \"{rule}\"; \"portcullis rules list\" names them all")]
    UnknownRule { key: &'static str, rule: String },
    #[error("{0}")]
    Baseline(&'static str),
    #[error("\"{key}\": there is no group \"{group}\" in [groups]")]
    UnknownGroup { key: &'static str, group: String },
}

fn unreadable(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "cannot be read: there is no such file".to_owned(),
        _ => {
            format!(
                "cannot be read: {error}; make it readable for the account that runs portcullis"
            )
        }
    }
}

/// The known key that is most like an unknown one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Nearest {
    /// So like it that it was meant.
    Meant(String),
    /// The most like it, though not much.
    Known(String),
}

fn suggest(nearest: &Nearest) -> String {
    match nearest {
        Nearest::Meant(key) => format!("did you mean \"{key}\"?"),
        Nearest::Known(key) => format!("the nearest known key is \"{key}\""),
    }
}

/// What a reader of types says of a value, in words for whoever wrote the file: those of serde name
/// the types of a program. The value itself is not repeated, since a secret may stand there.
pub(super) fn plain(message: &str) -> String {
    let expected = message.rsplit_once(", expected ").map(|(_, what)| what);
    let names = |text: &str| -> Vec<String> {
        let quoted = text.split('`').skip(1).step_by(2);
        quoted.map(|name| format!("\"{name}\"")).collect()
    };
    let starts = |words: &str| message.starts_with(words);
    if let Some(field) = message.strip_prefix("missing field ") {
        return format!("lacks the key {}", names(field).join(", "));
    }
    match expected {
        Some(what) if starts("unknown variant ") => match &names(what)[..] {
            [one] => format!("can only be {one}"),
            several => format!("is none of {}", several.join(", ")),
        },
        Some(what) if starts("unknown field ") => {
            format!("has a key that is none of {}", names(what).join(", "))
        }
        Some(what) if starts("invalid type: ") || starts("invalid value: ") => {
            format!("must be {}", kind(what))
        }
        None if message == "wanted string or table" => format!("must be {}", kind("a string")),
        Some(_) | None => message.to_owned(),
    }
}

/// What serde names as a type.
fn kind(what: &str) -> &str {
    match what {
        "a string" => "text in quotes",
        "a boolean" => "true or false, without quotes",
        "a sequence" => "a list in brackets, such as [\"...\"]",
        "u8" => "a whole number from 0 to 255, without quotes",
        "u64" | "usize" => "a whole number, 0 or more, without quotes",
        "i64" => "a whole number, without quotes",
        "a nonzero usize" => "a whole number, 1 or more, without quotes",
        "f64" => "a number, without quotes",
        "a map" => "a table",
        other => other,
    }
}
