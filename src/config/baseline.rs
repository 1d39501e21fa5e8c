//! Where the baseline is read: on the developer's machine from the worktree, on a server only from
//! where its policy says, and never from what is being pushed.

use super::error::{ConfigError, Problem};
use super::file::{Absence, read_regular};
use crate::change::Unread;
use crate::git::{Kind, Mode, ReadError, RefName, Repo, tree_entries};
use crate::policy::Baseline;
use crate::policy::settings::{BaselineSource, Trust};
use std::path::{Path, PathBuf};

/// The largest baseline that is read, in bytes: some hundred thousand findings.
const LIMIT: u64 = 64 << 20;

/// Where a baseline stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BaselineAt {
    /// Nowhere.
    Nowhere,
    /// At the top of the worktree, if it is there.
    Worktree(PathBuf),
    /// In this file, which must be there.
    File(PathBuf),
    /// At the top of what this ref names now; a ref or file that is not there is none yet.
    Ref(RefName),
}

impl BaselineAt {
    /// For a judgement: `named` on the command line, else what the configuration says, where a file
    /// is relative to `base` (the Git directory of a server, else the top of the worktree), else the
    /// file in the worktree at `top`.
    #[must_use]
    pub fn of(
        named: Option<&Path>,
        trust: &Trust,
        base: Option<&Path>,
        top: Option<&Path>,
    ) -> Self {
        match (named, &trust.baseline, top) {
            (Some(named), _, _) => Self::File(named.to_owned()),
            (None, Some(BaselineSource::Ref(name)), _) => Self::Ref(name.clone()),
            (None, Some(BaselineSource::File(file)), _) => {
                Self::File(base.map_or_else(|| file.clone(), |base| base.join(file)))
            }
            (None, None, Some(top)) => Self::Worktree(top.join(Baseline::FILE)),
            (None, None, None) => Self::Nowhere,
        }
    }

    /// Reads it.
    ///
    /// # Errors
    /// When it must be there and is not, cannot be read, is no regular file, or has a line that is
    /// none of a baseline.
    pub fn read(&self, repo: Option<&Repo>) -> Result<Baseline, BaselineError> {
        let (file, bytes) = match self {
            Self::Nowhere => return Ok(Baseline::default()),
            Self::Worktree(path) => (path.clone(), read_regular(path, Absence::Fine, LIMIT)),
            Self::File(path) => (path.clone(), read_regular(path, Absence::Wrong, LIMIT)),
            Self::Ref(name) => {
                let shown = PathBuf::from(format!("{name}:{}", Baseline::FILE));
                let blob = match repo {
                    Some(repo) => at_tip(repo, name).map_err(|error| {
                        BaselineError::Unread(Unread::new(shown.display(), error))
                    })?,
                    None => AtTip::Absent,
                };
                match blob {
                    AtTip::Absent => return Ok(Baseline::default()),
                    AtTip::NoFile => (shown, Err(Problem::NotAFile)),
                    AtTip::Bytes(bytes) => (shown, Ok(Some(bytes))),
                }
            }
        };
        let wrong = |line, problem| {
            let error = ConfigError::new(&file, line, problem);
            match self {
                // Whoever may push to that ref could else close the whole server.
                Self::Ref(_) => BaselineError::Distrusted(error),
                Self::Nowhere | Self::Worktree(_) | Self::File(_) => BaselineError::Wrong(error),
            }
        };
        let bytes = bytes.map_err(|problem| wrong(None, problem))?;
        Baseline::parse(&bytes.unwrap_or_default())
            .map_err(|(line, why)| wrong(Some(line), Problem::Baseline(why)))
    }
}

/// Why there is no baseline to judge by.
#[derive(Debug)]
pub enum BaselineError {
    /// It is wrong, and whoever runs this can put it right.
    Wrong(ConfigError),
    /// What is pushed to the ref is wrong: nothing is accepted by it, and the judgement goes on.
    Distrusted(ConfigError),
    /// The repository could not be read.
    Unread(Unread),
}

enum AtTip {
    /// No ref, or no such file in it.
    Absent,
    /// A link or a directory of that name.
    NoFile,
    Bytes(Vec<u8>),
}

fn at_tip(repo: &Repo, name: &RefName) -> Result<AtTip, ReadError> {
    let Some(tip) = repo.resolve(name)? else {
        return Ok(AtTip::Absent);
    };
    let (_, commit, object) = repo.peel(tip)?;
    if object.kind != Kind::Commit {
        return Ok(AtTip::Absent);
    }
    let tree = repo.commit(commit)?.tree;
    let data = repo.read_as(Kind::Tree, tree)?;
    for entry in tree_entries(&data, tree.as_raw().len()) {
        let entry = entry.map_err(|error| ReadError::Broken(error.to_string()))?;
        if entry.name == Baseline::FILE.as_bytes() {
            return match entry.mode {
                Mode::File | Mode::Executable => {
                    repo.read_as(Kind::Blob, entry.oid).map(AtTip::Bytes)
                }
                Mode::Symlink | Mode::Tree | Mode::Gitlink => Ok(AtTip::NoFile),
            };
        }
    }
    Ok(AtTip::Absent)
}
