//! The machine and the repository as `install` finds them: what Git says about its hooks directory.

use super::InstallError;
use crate::git::{Git, GitError, path_of_line};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Where Git and the user's own configuration are.
#[derive(Clone, Debug, Default)]
pub(super) struct Machine {
    /// Set for every run of Git, on top of the environment.
    vars: Vec<(String, OsString)>,
    /// `$XDG_CONFIG_HOME`, or `~/.config`.
    config_home: Option<PathBuf>,
}

impl Machine {
    /// This machine, for the user who runs the process.
    pub(super) fn here() -> Self {
        let absolute = |name: &str| {
            std::env::var_os(name)
                .map(PathBuf::from)
                .filter(|path| path.is_absolute())
        };
        Self {
            vars: Vec::new(),
            config_home: absolute("XDG_CONFIG_HOME")
                .or_else(|| absolute("HOME").map(|home| home.join(".config"))),
        }
    }

    /// A machine with other variables and another configuration directory.
    #[cfg(test)]
    pub(super) fn with(vars: Vec<(String, OsString)>, config_home: PathBuf) -> Self {
        Self {
            vars,
            config_home: Some(config_home),
        }
    }

    /// A run of Git in `dir`, in the repository that `dir` is in and no other.
    pub(super) fn git(&self, dir: &Path) -> Git {
        self.vars
            .iter()
            .fold(Git::at(dir).scrubbed(), |git, (name, value)| {
                git.env(name, value)
            })
    }

    /// Where the hooks of the user go.
    pub(super) fn global_hooks(&self) -> Result<PathBuf, InstallError> {
        self.config_home
            .as_ref()
            .map(|home| home.join("portcullis").join("hooks"))
            .ok_or(InstallError::NoHome)
    }
}

/// Which file of Git's configuration holds a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// `/etc/gitconfig`.
    System,
    /// The user's.
    Global,
    /// The repository's.
    Local,
    /// That of one worktree.
    Worktree,
    /// `git -c`, or the environment.
    Command,
}

impl Scope {
    fn of(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"system" => Self::System,
            b"global" => Self::Global,
            b"local" => Self::Local,
            b"worktree" => Self::Worktree,
            b"command" => Self::Command,
            _ => return None,
        })
    }

    /// The name that `git config` has for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Global => "global",
            Self::Local => "local",
            Self::Worktree => "worktree",
            Self::Command => "command",
        }
    }

    /// The option of `git config` that reads and writes there.
    pub(super) const fn option(self) -> &'static str {
        match self {
            Self::System => "--system",
            Self::Global => "--global",
            Self::Local | Self::Command => "--local",
            Self::Worktree => "--worktree",
        }
    }
}

/// A value of `core.hooksPath` and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Which configuration.
    pub scope: Scope,
    /// The file, as Git names it: `file:/etc/gitconfig`.
    pub origin: Vec<u8>,
    /// The value as it is written there.
    pub value: Vec<u8>,
}

/// What kind of repository it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Worktree,
    Bare,
}

/// A repository, with all paths absolute.
#[derive(Debug)]
pub(super) struct Repository {
    /// Where Git stands when it runs a hook.
    pub(super) root: PathBuf,
    pub(super) kind: Kind,
    /// The Git directory, of this worktree.
    pub(super) git_dir: PathBuf,
    /// The Git directory that all worktrees share.
    pub(super) common: PathBuf,
    /// Where Git looks for hooks.
    pub(super) hooks: PathBuf,
    /// Why it looks there, if that is not the default.
    pub(super) setting: Option<Setting>,
}

impl Repository {
    /// The repository that `dir` is in.
    pub(super) fn at(machine: &Machine, dir: &Path) -> Result<Self, InstallError> {
        let ask = |dir: &Path, what: &[&str]| {
            machine
                .git(dir)
                .args(["rev-parse", "--path-format=absolute"])
                .args(what)
                .output()
        };
        let bare = ask(dir, &["--is-bare-repository"]).map_err(|error| {
            // Where there is no such directory, Git cannot even be started.
            if error.is_nowhere() || !dir.is_dir() {
                InstallError::NoRepository {
                    dir: std::path::absolute(dir).unwrap_or_else(|_| dir.into()),
                }
            } else {
                error.into()
            }
        })? == b"true\n";
        let git_dir = path_of_line(&ask(dir, &["--absolute-git-dir"])?);
        let root = if bare {
            git_dir.clone()
        } else {
            match ask(dir, &["--show-toplevel"]) {
                Ok(top) => path_of_line(&top),
                Err(_) => return Err(InstallError::NoWorktree { dir: dir.into() }),
            }
        };
        Ok(Self {
            kind: if bare { Kind::Bare } else { Kind::Worktree },
            git_dir,
            common: path_of_line(&ask(&root, &["--git-common-dir"])?),
            hooks: path_of_line(&ask(&root, &["--git-path", "hooks"])?),
            setting: hooks_path(machine, &root, None)?,
            root,
        })
    }

    /// The hooks directory of a repository whose `core.hooksPath` is not set.
    pub(super) fn own_hooks(&self) -> PathBuf {
        self.common.join("hooks")
    }

    /// Whether that directory is the repository's alone, not a link to one in the worktree or in
    /// another repository.
    pub(super) fn owns_hooks(&self) -> bool {
        match (self.own_hooks().canonicalize(), self.common.canonicalize()) {
            (Ok(hooks), Ok(common)) => hooks == common.join("hooks"),
            (Err(_), _) | (_, Err(_)) => !self.own_hooks().is_symlink(),
        }
    }

    /// The directory of dispatchers for a setting of that scope.
    pub(super) fn dispatchers(&self, scope: Scope) -> PathBuf {
        let base = match scope {
            Scope::Worktree => &self.git_dir,
            Scope::System | Scope::Global | Scope::Local | Scope::Command => &self.common,
        };
        base.join("portcullis").join("hooks")
    }
}

/// The `core.hooksPath` in force, or that of one scope.
pub(super) fn hooks_path(
    machine: &Machine,
    root: &Path,
    scope: Option<Scope>,
) -> Result<Option<Setting>, GitError> {
    let answer = machine
        .git(root)
        .args(["config", "--null", "--includes", "--show-scope"])
        .args(["--show-origin"])
        .args(scope.map(Scope::option))
        .args(["--get", "core.hooksPath"])
        .optional()?;
    Ok(answer.and_then(|answer| {
        let mut fields = answer.split(|byte| *byte == 0);
        Some(Setting {
            scope: Scope::of(fields.next()?)?,
            origin: fields.next()?.to_vec(),
            value: fields.next()?.to_vec(),
        })
    }))
}

/// One setting of one scope, its last value.
pub(super) fn value(
    machine: &Machine,
    root: &Path,
    scope: Scope,
    key: &str,
) -> Result<Option<Vec<u8>>, GitError> {
    let answer = machine
        .git(root)
        .args(["config", "--null", "--includes", scope.option()])
        .args(["--get", key])
        .optional()?;
    Ok(answer.map(|mut value| {
        if value.last() == Some(&0) {
            value.pop();
        }
        value
    }))
}

/// Whether two paths name the same directory, now or, where they do not exist, as they are written.
pub(super) fn same(one: &Path, other: &Path) -> bool {
    one == other
        || matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}
