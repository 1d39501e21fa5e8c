//! Puts the gate where Git will really run it, says whether it is there, and takes it away again.
//!
//! A hook that was there before is never lost: it is kept beside the shim, or stays where it is and
//! the shim is put in front of it (see `place`). Everything is refused before anything is written,
//! and every write leaves a hook in force.

mod arm;
mod disarm;
mod file;
mod hide;
mod machine;
mod place;
mod shim;
mod status;
#[cfg(all(test, unix))]
mod tests;

pub use arm::install;
pub use disarm::uninstall;
pub use file::Runs;
pub use machine::{Scope, Setting};
pub use status::{EventStatus, NextHook, Standing, Status, status};

use super::table::{Hook, Side, find};
use crate::git::{GitError, escape};
use std::io;
use std::path::{Path, PathBuf};

/// What to install where.
#[derive(Clone, Debug)]
pub struct Request {
    /// Where.
    pub target: Target,
    /// Which events.
    pub events: Events,
    /// The server's policy file; relative to the current directory.
    pub policy: Option<PathBuf>,
    /// The running executable: absolute, links resolved.
    pub binary: PathBuf,
}

/// Where hooks go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The repository that a directory is in; all of its worktrees.
    Repo(PathBuf),
    /// Every repository of the user.
    Global,
    /// A bare repository that is pushed to.
    Server(PathBuf),
}

impl Target {
    const fn side(&self) -> Side {
        match self {
            Self::Repo(_) | Self::Global => Side::Client,
            Self::Server(_) => Side::Server,
        }
    }
}

/// Which events to install.
#[derive(Clone, Debug)]
pub enum Events {
    /// Those of the side that the table calls standard.
    Standard,
    /// These, and no others; what is installed already stays.
    Named(Vec<&'static Hook>),
}

impl Events {
    /// Reads a list such as `pre-commit,pre-push`.
    ///
    /// # Errors
    /// When a name is not that of an event in the table.
    pub fn parse(list: &str) -> Result<Self, InstallError> {
        list.split(',')
            .map(str::trim)
            .map(|name| {
                find(name).ok_or_else(|| InstallError::NoSuchEvent {
                    name: escape(name.as_bytes()),
                })
            })
            .collect::<Result<_, _>>()
            .map(Self::Named)
    }
}

/// What was done, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// One entry for each thing that was done or found done.
    pub steps: Vec<Step>,
}

/// One thing that was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A hook of portcullis was written.
    Written(PathBuf),
    /// It was there as it should be.
    Unchanged(PathBuf),
    /// A hook that was there before has a new name, under which the shim runs it.
    Kept {
        /// Where it was.
        from: PathBuf,
        /// Where it is.
        to: PathBuf,
    },
    /// It has its old name again.
    PutBack(PathBuf),
    /// A hook of portcullis was removed.
    Removed(PathBuf),
    /// A setting of Git was changed; `None` is that it was removed.
    Set {
        /// In which configuration.
        scope: Scope,
        /// Which one.
        key: &'static str,
        /// To what.
        value: Option<Vec<u8>>,
    },
}

impl Report {
    /// The report for people, escaped. What happened to several hooks of one directory is one line.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        let mut last = None;
        for step in &self.steps {
            let (verb, path, detail) = step.parts();
            let place = path.map(|path| (verb, path.parent()));
            let name = path.and_then(Path::file_name).unwrap_or_default();
            let name = escape(name.as_encoded_bytes());
            match (&place, lines.last_mut()) {
                (Some(_), Some(line)) if place == last => {
                    line.push_str(&format!(", {name}{detail}"))
                }
                (Some((_, folder)), _) => {
                    let folder = folder.map_or_else(String::new, shown);
                    lines.push(format!("{verb:<10} {folder}: {name}{detail}"));
                }
                (None, _) => lines.push(format!("{verb:<10} {detail}")),
            }
            last = place;
        }
        lines
    }
}

impl Step {
    /// What was done, to which file, and what else there is to say, escaped.
    fn parts(&self) -> (&'static str, Option<&Path>, String) {
        match self {
            Self::Written(path) => ("written", Some(path), String::new()),
            Self::Unchanged(path) => ("unchanged", Some(path), String::new()),
            Self::PutBack(path) => ("put back", Some(path), String::new()),
            Self::Removed(path) => ("removed", Some(path), String::new()),
            Self::Kept { from, to } => {
                let name = to.file_name().unwrap_or_default();
                let name = escape(name.as_encoded_bytes());
                ("kept", Some(from), format!(" as {name}"))
            }
            Self::Set { scope, key, value } => match value {
                Some(value) => {
                    let value = escape(value);
                    ("set", None, format!("{} {key} = {value}", scope.name()))
                }
                None => ("unset", None, format!("{} {key}", scope.name())),
            },
        }
    }
}

/// A path for people.
fn shown(path: &Path) -> String {
    escape(path.as_os_str().as_encoded_bytes())
}

/// A path as an argument in a line for `sh`.
fn quoted(path: &Path) -> String {
    format!("'{}'", shown(path).replace('\'', "'\\''"))
}

/// Why nothing, or not everything, was done, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// Git gave no answer.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A file could not be read or written.
    #[error("cannot {doing} {path}: {source}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On which file, escaped.
        path: String,
        /// Why not.
        source: io::Error,
    },
    /// Something came in between; what was done before is in force.
    #[error("{source}; {} done before that, and in force; run it again when that is put right", count(.done))]
    Partway {
        /// What was done.
        done: Report,
        /// What came in between.
        source: Box<Self>,
    },
    /// `--repo` on a bare repository.
    #[error("this is a bare repository; use: portcullis install --server --repo {}", quoted(.dir))]
    Bare {
        /// The repository.
        dir: PathBuf,
    },
    /// `--server` on a repository with a worktree.
    #[error("this is not a bare repository; use: portcullis install --repo {}", quoted(.dir))]
    NotBare {
        /// The repository.
        dir: PathBuf,
    },
    /// No repository at all.
    #[error("{} is in no Git repository; go into one, or name one with --repo DIR; `git init` makes one", quoted(.dir))]
    NoRepository {
        /// The directory.
        dir: PathBuf,
    },
    /// Neither bare nor in a worktree: inside `.git`.
    #[error("{} is not in a worktree; name the top of the worktree with --repo", quoted(.dir))]
    NoWorktree {
        /// The directory.
        dir: PathBuf,
    },
    /// No place for the user's configuration.
    #[error(
        "neither HOME nor XDG_CONFIG_HOME is an absolute path, so there is no place for the hooks; set one of them"
    )]
    NoHome,
    /// A name that the table of events lacks.
    #[error("{name} is not an event of portcullis; those are: {}", events())]
    NoSuchEvent {
        /// The name, escaped.
        name: String,
    },
    /// An event of the other side.
    #[error("{event} is an event of the {}; {}", place_of(*.side), other_side(*.side))]
    WrongSide {
        /// The event.
        event: &'static str,
        /// Its side.
        side: Side,
    },
    /// A policy for clients.
    #[error(
        "a policy file is installed with --server; a repository has its conventions in .portcullis.toml"
    )]
    PolicyWithoutServer,
    /// The policy file cannot be used.
    #[error("the policy file {} {why}; nothing was installed", quoted(.path))]
    Policy {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A path that cannot stand in a shim.
    #[error("the path {} cannot be written into a hook, as it has a line break; move it", quoted(.path))]
    Unwritable {
        /// The path.
        path: PathBuf,
    },
    /// The binary is not there.
    #[error("{} is not an executable file with an absolute path, so no hook could call it", quoted(.path))]
    NoBinary {
        /// The path.
        path: PathBuf,
    },
    /// Something other than a file stands in place of a hook.
    #[error("{} is not a file, so no hook can be put there; move it away", quoted(.path))]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// Two hooks of others, and one place for one.
    #[error("both {path} and {kept} are hooks of others; remove the one that is not needed: rm {path} or rm {kept}", path = quoted(.path), kept = quoted(.kept))]
    TwoHooks {
        /// The hook.
        path: PathBuf,
        /// The hook that was kept earlier.
        kept: PathBuf,
    },
    /// A hook of others in a directory of portcullis.
    #[error("{path} was put into the directory of portcullis by something else; move it to the hooks of the repository: mv {path} {to}", path = quoted(.path), to = quoted(.to))]
    Intruder {
        /// The hook.
        path: PathBuf,
        /// Where it belongs.
        to: PathBuf,
    },
    /// A shim without its marker.
    #[error("{path} calls portcullis but was edited, so it is yours; to be rid of it: {}", rid(.path, .kept), path = quoted(.path))]
    Edited {
        /// The hook.
        path: PathBuf,
        /// The hook that was kept, if there is one.
        kept: Option<PathBuf>,
    },
    /// Git looks elsewhere all the same.
    #[error("not armed: Git still looks for hooks in {}, as {origin} says; remove core.hooksPath there and run it again", quoted(.hooks))]
    NotArmed {
        /// Where Git looks.
        hooks: PathBuf,
        /// The file that says so, escaped.
        origin: String,
    },
    /// gitolite brings its own.
    #[error("gitolite owns the update hook of {}; leave `update` out: pre-receive judges every ref", quoted(.dir))]
    Gitolite {
        /// The repository.
        dir: PathBuf,
    },
}

impl InstallError {
    fn io(doing: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io {
            doing,
            path: quoted(path),
            source,
        }
    }
}

fn count(done: &Report) -> String {
    match done.steps.len() {
        1 => String::from("1 step was"),
        steps => format!("{steps} steps were"),
    }
}

fn events() -> String {
    let names: Vec<&str> = super::table::HOOKS.iter().map(|hook| hook.event).collect();
    names.join(", ")
}

const fn place_of(side: Side) -> &'static str {
    match side {
        Side::Client => "developer's machine",
        Side::Server => "server",
    }
}

const fn other_side(side: Side) -> &'static str {
    match side {
        Side::Client => "install it without --server",
        Side::Server => "install it into a bare repository with --server",
    }
}

fn rid(path: &Path, kept: &Option<PathBuf>) -> String {
    match kept {
        Some(kept) => format!("mv {} {}", quoted(kept), quoted(path)),
        None => format!("rm {}", quoted(path)),
    }
}
