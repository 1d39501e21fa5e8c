//! Turns Git's calling convention for one event into what it can show: the table of events, a
//! reader for each, and their installation. Holds no policy.

mod commit_msg;
pub mod install;
pub mod memory;
mod post_receive;
mod pre_commit;
mod pre_merge_commit;
mod pre_push;
mod pre_receive;
mod prepare_commit_msg;
pub mod table;
mod update;

pub use table::{HOOKS, Hook, Side, find};

use crate::change::{BadUpdate, RefChange, RefUpdate, Source, There};
use crate::git::{BadRefName, Certificate, Oid, ReadError, RefName, Repo, editor_is_used, escape};
use std::collections::HashSet;
use std::ffi::OsString;
use std::path::Path;

/// How Git called the hook of an event.
#[derive(Debug)]
pub struct Call {
    /// The arguments after the name of the event.
    pub args: Vec<OsString>,
    /// All of standard input, where the event has one.
    pub input: Vec<u8>,
}

/// The hook was not called as Git calls it, or what it was called about cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// Arguments are missing or odd.
    #[error("{0}; this is for Git to call, see githooks(5)")]
    Usage(String),
    /// Something that the event is about cannot be read.
    #[error("{what}: {error}")]
    Unread {
        /// What, escaped.
        what: String,
        /// Why not.
        error: ReadError,
    },
}

impl Call {
    fn file(&self, at: usize) -> Result<&Path, CallError> {
        let missing = || CallError::Usage(format!("argument {} is missing", at + 1));
        self.args.get(at).map(Path::new).ok_or_else(missing)
    }

    fn word(&self, at: usize) -> Option<&[u8]> {
        self.args.get(at).map(|word| word.as_encoded_bytes())
    }
}

/// What is staged, against the commits that will be the parents of the next one; where it amends,
/// those are the parents of `HEAD`.
///
/// # Errors
/// When `HEAD` cannot be read.
pub fn staged(repo: &Repo, amends: bool) -> Result<Source, CallError> {
    let unread = |error| CallError::Unread {
        what: "HEAD".to_owned(),
        error,
    };
    let head = repo.head().map_err(unread)?;
    let parents = match head {
        Some(head) if amends => repo.commit(head).map_err(unread)?.parents,
        Some(head) => {
            let mut parents = vec![head];
            parents.extend(
                repo.merge_heads()
                    .into_iter()
                    .filter(|merged| *merged != head),
            );
            parents
        }
        None => repo.merge_heads(),
    };
    Ok(Source::Staged { parents })
}

/// The message that the next commit is to have.
fn draft(call: &Call) -> Result<Vec<u8>, CallError> {
    let path = call.file(0)?;
    let mut text = std::fs::read(path).map_err(|error| CallError::Unread {
        what: escape(path.as_os_str().as_encoded_bytes()),
        error: ReadError::Broken(error.to_string()),
    })?;
    // Without an editor Git cuts nothing off.
    if editor_is_used()
        && let Some(at) = scissors(&text)
    {
        text.truncate(at);
    }
    Ok(text)
}

/// Where `commit --verbose` begins to show the diff: at a line of scissors, which Git writes with a
/// further comment below it. What the diff takes out is no fault of this commit.
fn scissors(text: &[u8]) -> Option<usize> {
    const LINE: &[u8] = b" ------------------------ >8 ------------------------\n";
    memchr::memmem::find_iter(text, LINE).find_map(|at| {
        let start = memchr::memrchr(b'\n', &text[..at]).map_or(0, |newline| newline + 1);
        let comment = &text[start..at];
        let below = text[at + LINE.len()..].strip_prefix(comment)?;
        (!comment.is_empty() && below.starts_with(b" ")).then_some(start)
    })
}

/// The updates of a push, collected line by line.
#[derive(Debug, Default)]
struct Updates {
    good: Vec<RefUpdate>,
    bad: Vec<BadUpdate>,
    named: HashSet<RefName>,
}

impl Updates {
    /// Takes one update: `old` is the claim, `current` asks the repository for the truth.
    fn add(
        &mut self,
        name: &[u8],
        old: &[u8],
        new: &[u8],
        current: impl FnOnce(&RefName, Option<Oid>) -> Result<Option<Oid>, ReadError>,
    ) -> Result<(), CallError> {
        let bad = |why| BadUpdate {
            name: name.to_vec(),
            why,
        };
        let (Ok(claimed), Ok(new)) = (Oid::parse(old), Oid::parse(new)) else {
            self.bad.push(bad("the line holds no two object ids"));
            return Ok(());
        };
        let name = match RefName::new(name) {
            Ok(name) => name,
            Err(BadRefName) => {
                self.bad.push(bad("not the full name of a ref"));
                return Ok(());
            }
        };
        let current = current(&name, claimed).map_err(|error| CallError::Unread {
            what: name.to_string(),
            error,
        })?;
        self.good.push(RefUpdate {
            change: RefChange::of(current, new),
            claimed,
            repeated: !self.named.insert(name.clone()),
            name,
        });
        Ok(())
    }

    fn into_source(self, known: Vec<String>, there: There, certificate: Certificate) -> Source {
        Source::Push {
            updates: self.good,
            bad: self.bad,
            known,
            there,
            certificate,
        }
    }
}

/// On a server: what is behind any ref that is there already is not new. Refs that are hidden from
/// pushes do not count, since nobody has judged what is behind them; nor does `HEAD`, which `--all`
/// would add: it may stand for such a one, or for a commit that no push has brought.
fn known_to_server() -> Vec<String> {
    vec![
        "--exclude-hidden=receive".to_owned(),
        "--glob=refs/*".to_owned(),
    ]
}

/// The lines of a standard input, without the last line end.
fn lines(input: &[u8]) -> impl Iterator<Item = &[u8]> {
    input
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
}
