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
