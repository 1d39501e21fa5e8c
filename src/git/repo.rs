//! A repository opened truthfully: where it is, which reader answers, what it says.

use super::ancestry::Ancestry;
use super::object::{CommitInfo, Kind, Object, TagInfo};
use super::pack::Cache;
use super::program::{Git, GitError, path_of_line};
use super::quarantine::Incoming;
use super::reader::{Program, ReadError, Reader, broken};
use super::written::Written;
use super::{Oid, RefName};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// A repository. Reading is safe from several threads; nothing here ever writes to it.
pub struct Repo {
    git_dir: PathBuf,
    common_dir: PathBuf,
    work_tree: Option<PathBuf>,
    /// Where the `git` program is started so that it finds this repository.
    run_at: PathBuf,
    bound: Bound,
    reader: Mutex<Reader>,
    refs: OnceLock<Vec<(RefName, Oid)>>,
    ancestry: Mutex<Ancestry>,
    pub(super) incoming: Incoming,
    pub(super) trees: Mutex<Cache>,
    pub(super) written: Written,
}

/// What ties a run of the `git` program to the repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bound {
    /// The environment, as in a hook.
    Environment,
    /// The directory, whatever the environment says.
    Directory,
}

/// Why there is no repository to read.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is none here.
    #[error("{0}")]
    Absent(String),
    /// There is something that refuses to be opened: broken, or owned by someone else.
    #[error("{0}")]
    Refused(String),
}

impl Repo {
    /// The repository that Git calls us for: `GIT_DIR` and its companions where they are set (the
    /// quarantine of a push and an alternate index included), else the one around the current
    /// directory.
    ///
    /// # Errors
    /// When there is none.
    pub fn from_env() -> Result<Self, OpenError> {
        let here = Path::new(".");
        // libgit2 does not undo the quoting of git(1), GIT_ALTERNATE_OBJECT_DIRECTORIES.
        let quoted = std::env::var_os("GIT_ALTERNATE_OBJECT_DIRECTORIES")
            .is_some_and(|dirs| dirs.as_encoded_bytes().contains(&b'"'));
        let library = if quoted {
            None
        } else {
            git2::Repository::open_from_env().ok()
        };
        Self::assemble(library, here, Bound::Environment)
    }

    /// The repository at or around `dir`, whatever the environment says.
    ///
    /// # Errors
    /// When there is none.
    pub fn at(dir: &Path) -> Result<Self, OpenError> {
        let library = git2::Repository::discover(dir).ok();
        Self::assemble(library, dir, Bound::Directory)
    }

    /// The same once more, for another thread: one at a time reads through each. `None` where that is
    /// no gain.
    #[must_use]
    pub fn again(&self) -> Option<Self> {
        if !self.is_in_process() {
            return None;
        }
        match self.bound {
            Bound::Environment => Self::from_env().ok(),
            Bound::Directory => Self::at(&self.git_dir).ok(),
        }
        .filter(|again| again.git_dir == self.git_dir)
    }

    fn assemble(
        library: Option<git2::Repository>,
        dir: &Path,
        bound: Bound,
    ) -> Result<Self, OpenError> {
        // As Git does: who wrote an object has hashed it, and `git fsck` looks for rot.
        git2::opts::strict_hash_verification(false);
        if let Some(repo) = library {
            // Without `core.bare` libgit2 takes the folder around any Git directory for a worktree,
            // Git only that around one called `.git`.
            let beside = repo
                .workdir()
                .is_some_and(|top| Some(top) == repo.path().parent());
            let bare = repo.is_bare() || (beside && !repo.path().ends_with(".git"));
            let work_tree = match (bound, bare) {
                (_, true) => None,
                // In a hook Git has gone to the top already; libgit2 takes a relative
                // GIT_WORK_TREE from the wrong place.
                (Bound::Environment, false) if std::env::var_os("GIT_WORK_TREE").is_some() => {
                    Some(PathBuf::from("."))
                }
                (Bound::Environment | Bound::Directory, false) => {
                    repo.workdir().map(Path::to_owned)
                }
            };
            let git_dir = repo.path().to_owned();
            return Ok(Self {
                common_dir: repo.commondir().to_owned(),
                run_at: match bound {
                    Bound::Environment => dir.to_owned(),
                    Bound::Directory => work_tree.clone().unwrap_or_else(|| git_dir.clone()),
                },
                git_dir,
                work_tree,
                bound,
                reader: Mutex::new(Reader::Library(repo)),
                refs: OnceLock::new(),
                ancestry: Mutex::default(),
                incoming: Incoming::default(),
                trees: Mutex::default(),
                written: Written::default(),
            });
        }
        let ask = |what: &[&str]| {
            let run = Git::at(dir).args(["rev-parse"]).args(what);
            let run = if bound == Bound::Directory {
                run.scrubbed()
            } else {
                run
            };
            run.output().map(|line| path_of_line(&line))
        };
        let fail = |error: GitError| {
            let there = dir
                .canonicalize()
                .is_ok_and(|dir| dir.ancestors().any(|dir| dir.join(".git").exists()));
            match error.to_string() {
                _ if !there && error.is_nowhere() => OpenError::Absent(
                    "there is no Git repository here; go into one, or make one with git init"
                        .to_owned(),
                ),
                why if !there && why.contains("not a git repository") => OpenError::Absent(why),
                why => OpenError::Refused(why),
            }
        };
        let git_dir = ask(&["--absolute-git-dir"]).map_err(fail)?;
        let common_dir = ask(&["--path-format=absolute", "--git-common-dir"]).map_err(fail)?;
        let bare = ask(&["--is-bare-repository"]).map_err(fail)? == Path::new("true");
        let work_tree = if bare {
            None
        } else {
            // Inside the Git directory there is no top to name.
            ask(&["--show-toplevel"])
                .ok()
                .filter(|top| !top.as_os_str().is_empty())
        };
        let run_at = match bound {
            Bound::Environment => dir.to_owned(),
            Bound::Directory => work_tree.clone().unwrap_or_else(|| git_dir.clone()),
        };
        let (at, dir) = (run_at.clone(), git_dir.clone());
        let program = Program::new(move |args| run(&at, &dir, bound).args(args));
        let reader = Mutex::new(Reader::Program(program));
        Ok(Self {
            git_dir,
            common_dir,
            work_tree,
            run_at,
            bound,
            reader,
            refs: OnceLock::new(),
            ancestry: Mutex::default(),
            incoming: Incoming::default(),
            trees: Mutex::default(),
            written: Written::default(),
        })
    }

    /// The Git directory of this worktree.
    #[must_use]
    pub fn git_dir(&self) -> &Path {
        &self.git_dir
    }

    /// The Git directory that all worktrees share.
    #[must_use]
    pub fn common_dir(&self) -> &Path {
        &self.common_dir
    }

    /// Whether the environment of a hook counts for it.
    pub(super) fn is_of_environment(&self) -> bool {
        self.bound == Bound::Environment
    }

    /// Where the objects are, their alternates aside; `None` where the environment names other places.
    pub(super) fn object_dir(&self) -> Option<PathBuf> {
        let named = [
            "GIT_OBJECT_DIRECTORY",
            "GIT_ALTERNATE_OBJECT_DIRECTORIES",
            "GIT_QUARANTINE_PATH",
        ];
        let elsewhere = self.bound == Bound::Environment
            && named.iter().any(|name| std::env::var_os(name).is_some());
        (!elsewhere).then(|| self.common_dir.join("objects"))
    }

    pub(super) fn ancestry(&self) -> MutexGuard<'_, Ancestry> {
        self.ancestry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The top of the worktree; none for a bare repository.
    #[must_use]
    pub fn work_tree(&self) -> Option<&Path> {
        self.work_tree.as_deref()
    }

    /// The index that the next commit is made of: the one Git names (`commit -a`, `commit PATH`)
    /// or the repository's own.
    #[must_use]
    pub fn index_file(&self) -> PathBuf {
        match (self.bound, std::env::var_os("GIT_INDEX_FILE")) {
            (Bound::Environment, Some(named)) => PathBuf::from(named),
            (Bound::Environment | Bound::Directory, _) => self.git_dir.join("index"),
        }
    }

    /// Whether objects and refs are read in this process: a repository of SHA-1 objects with its
    /// refs in files.
    pub(super) fn is_in_process(&self) -> bool {
        matches!(*self.reader(), Reader::Library(_))
    }

    /// A run of the `git` program in this repository.
    pub fn git<I, S>(&self, args: I) -> Git
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        run(&self.run_at, &self.git_dir, self.bound).args(args)
    }

    pub(super) fn reader(&self) -> MutexGuard<'_, Reader> {
        // A reader that panicked holds no half-done state that a next read would trust.
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads an object.
    ///
    /// # Errors
    /// When it is missing or broken; nothing is fetched.
    pub fn read(&self, oid: Oid) -> Result<Object, ReadError> {
        if let Some((kind, data)) = self.read_packed(oid) {
            let data = data.to_vec();
            return Ok(Object { kind, data });
        }
        self.reader().read(oid)
    }

    /// Reads an object of a known kind.
    ///
    /// # Errors
    /// When it is missing, broken, or of another kind.
    pub fn read_as(&self, kind: Kind, oid: Oid) -> Result<Vec<u8>, ReadError> {
        let object = self.read(oid)?;
        if object.kind == kind {
            Ok(object.data)
        } else {
            Err(broken(format_args!(
                "it is a {} where a {} belongs",
                object.kind.as_str(),
                kind.as_str()
            )))
        }
    }

    /// Reads a commit.
    ///
    /// # Errors
    /// As [`Repo::read_as`], and when its bytes make no sense.
    pub fn commit(&self, oid: Oid) -> Result<CommitInfo, ReadError> {
        CommitInfo::parse(oid, self.read_as(Kind::Commit, oid)?).map_err(broken)
    }

    /// Reads an annotated tag.
    ///
    /// # Errors
    /// As [`Repo::read_as`], and when its bytes make no sense.
    pub fn tag(&self, oid: Oid) -> Result<TagInfo, ReadError> {
        TagInfo::parse(oid, self.read_as(Kind::Tag, oid)?).map_err(broken)
    }

    /// Whether an object is there.
    #[must_use]
    pub fn has(&self, oid: Oid) -> bool {
        self.reader().has(oid)
    }

    /// What a ref names now.
    ///
    /// # Errors
    /// When the ref cannot be read.
    pub fn resolve(&self, name: &RefName) -> Result<Option<Oid>, ReadError> {
        let stored = [&self.namespace()[..], name.as_bytes()].concat();
        self.reader().resolve(&stored)
    }

    /// What stands before the names of refs where they are stored.
    #[must_use]
    pub fn namespace(&self) -> Vec<u8> {
        match (self.bound, std::env::var_os("GIT_NAMESPACE")) {
            (Bound::Environment, Some(space)) => below_namespaces(space.as_encoded_bytes()),
            (Bound::Environment | Bound::Directory, _) => Vec::new(),
        }
    }

    /// The commit that `HEAD` names; none before the first commit.
    ///
    /// # Errors
    /// When `HEAD` cannot be read.
    pub fn head(&self) -> Result<Option<Oid>, ReadError> {
        self.reader().resolve(b"HEAD")
    }

    /// The commits that are being merged into `HEAD`; none outside a merge.
    ///
    /// Git writes them to `MERGE_HEAD` only after pre-merge-commit has run; until then they are in
    /// the names of the variables `GITHEAD_<oid>` that `git merge` sets.
    #[must_use]
    pub fn merge_heads(&self) -> Vec<Oid> {
        let written = std::fs::read(self.git_dir.join("MERGE_HEAD")).unwrap_or_default();
        let mut heads: Vec<Oid> = written
            .split(|byte| *byte == b'\n')
            .filter_map(|line| Oid::parse(line).ok().flatten())
            .collect();
        if heads.is_empty() && self.bound == Bound::Environment {
            heads.extend(std::env::vars_os().filter_map(|(name, _)| {
                let hex = name.as_encoded_bytes().strip_prefix(b"GITHEAD_")?.to_vec();
                Oid::parse(&hex).ok().flatten()
            }));
        }
        heads
    }

    /// The branch that `HEAD` stands for, born or not; none when it is detached.
    #[must_use]
    pub fn head_branch(&self) -> Option<RefName> {
        let head = std::fs::read(self.git_dir.join("HEAD")).ok()?;
        let name = head.trim_ascii_end().strip_prefix(b"ref: ")?;
        // Where refs are kept elsewhere, the file holds a name that no ref can have.
        if name == b"refs/heads/.invalid" {
            let asked = self
                .git(["symbolic-ref", "--quiet", "HEAD"])
                .optional()
                .ok()??;
            return RefName::new(asked.trim_ascii_end()).ok();
        }
        RefName::new(name).ok()
    }

    /// All refs below `refs/` with what they name.
    ///
    /// # Errors
    /// When they cannot be listed.
    pub fn refs(&self) -> Result<Vec<(RefName, Oid)>, ReadError> {
        self.reader().refs()
    }

    /// The same as they were when this was first asked: for who asks again and again about one push.
    ///
    /// # Errors
    /// As [`Repo::refs`].
    pub fn refs_at_first(&self) -> Result<&[(RefName, Oid)], ReadError> {
        if let Some(refs) = self.refs.get() {
            return Ok(refs);
        }
        let refs = self.refs()?;
        Ok(self.refs.get_or_init(|| refs))
    }

    /// Follows annotated tags to what they stand for; the tags met on the way, outermost first.
    ///
    /// # Errors
    /// When an object on the way is missing or broken, or the chain is longer than 64 tags.
    pub fn peel(&self, oid: Oid) -> Result<(Vec<TagInfo>, Oid, Object), ReadError> {
        let mut tags = Vec::new();
        let mut at = oid;
        for _ in 0..64 {
            let object = self.read(at)?;
            if object.kind != Kind::Tag {
                return Ok((tags, at, object));
            }
            let tag = TagInfo::parse(at, object.data).map_err(broken)?;
            at = tag.target;
            tags.push(tag);
        }
        Err(broken("a chain of more than 64 tags"))
    }
}

/// What stands before the name of a ref where the server shares one repository between namespaces:
/// each part of the namespace below `refs/namespaces/` (gitnamespaces(7)).
fn below_namespaces(namespace: &[u8]) -> Vec<u8> {
    let parts = namespace
        .split(|byte| *byte == b'/')
        .filter(|part| !part.is_empty());
    parts
        .flat_map(|part| [b"refs/namespaces/", part, b"/"].concat())
        .collect()
}

/// A run of the `git` program for the repository that was opened, and for no other that it might
/// find from there.
fn run(at: &Path, git_dir: &Path, bound: Bound) -> Git {
    match bound {
        Bound::Environment => Git::at(at),
        Bound::Directory => Git::at(at).scrubbed().env("GIT_DIR", git_dir),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_ref_of_a_namespace_is_stored_below_it() {
        assert_eq!(below_namespaces(b""), b"");
        assert_eq!(
            below_namespaces(b"a/b"),
            b"refs/namespaces/a/refs/namespaces/b/"
        );
    }
}
