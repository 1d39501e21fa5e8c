//! Decides where the gate goes, so that Git runs it and what ran before still runs.
//!
//! Git looks for hooks in one directory. Where that is the repository's own, a shim takes the name
//! of the hook and keeps the old one *beside* it. Where `core.hooksPath` points to a directory that
//! is tracked, shared with other repositories or made by another tool, nothing is written there: a
//! directory of dispatchers is put *before* it, and calls what it stands before by its own name.
//! Servers that already run a directory of scripts for an event get one more script *within* it.

use super::file::{Entry, Runs, look};
use super::machine::{Kind, Machine, Repository, Scope, hooks_path, same, value};
use super::shim::{CHAINED, Next, RECORD, asks_for_its_name, calls_portcullis, read};
use super::{InstallError, Target};
use crate::hook::table::Hook;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Where the gate goes.
#[derive(Debug)]
pub(super) enum Place {
    /// Into a directory of hooks; the old hook is kept beside it.
    Beside { dir: PathBuf },
    /// Into a directory of its own, to which `core.hooksPath` points.
    Before(Before),
}

/// A directory of dispatchers.
#[derive(Debug)]
pub(super) struct Before {
    pub(super) dir: PathBuf,
    /// Which configuration points to it.
    pub(super) scope: Scope,
    /// Where Git is run to change that configuration.
    pub(super) root: PathBuf,
    /// How the dispatchers find what they stand before.
    pub(super) next: Next,
    /// The directory they stand before, as far as it is one and the same for all.
    pub(super) shadowed: Option<PathBuf>,
    /// The value of `core.hooksPath` to be remembered.
    pub(super) record: Option<Vec<u8>>,
}

/// The place in a repository.
pub(super) fn of_repository(
    machine: &Machine,
    repo: &Repository,
    hooks: &[&'static Hook],
) -> Result<Place, InstallError> {
    let before = |scope, next, shadowed: PathBuf, record| {
        Place::Before(Before {
            dir: repo.dispatchers(scope),
            scope,
            root: repo.root.clone(),
            next,
            shadowed: Some(shadowed),
            record,
        })
    };
    let own = repo.own_hooks();
    let Some(setting) = &repo.setting else {
        return Ok(if !repo.owns_hooks() || name_matters(&own, hooks)? {
            before(Scope::Local, Next::Repository, own, None)
        } else {
            Place::Beside { dir: own }
        });
    };
    let scope = match setting.scope {
        Scope::Worktree => Scope::Worktree,
        Scope::System | Scope::Global => {
            return Ok(before(
                Scope::Local,
                Next::Shadowed,
                repo.hooks.clone(),
                None,
            ));
        }
        Scope::Local | Scope::Command => Scope::Local,
    };
    if is_dispatchers(&repo.dispatchers(scope), &setting.value) {
        if let Some(record) = value(machine, &repo.root, scope, RECORD)? {
            let shadowed = expand(machine, repo, scope)?;
            return Ok(before(scope, Next::Recorded, shadowed, Some(record)));
        }
        let (next, shadowed) = match outer_hooks(machine, repo)? {
            Some(shadowed) => (Next::Shadowed, shadowed),
            None => (Next::Repository, own),
        };
        return Ok(before(scope, next, shadowed, None));
    }
    if same(&repo.hooks, &own) && repo.owns_hooks() {
        return Ok(Place::Beside { dir: own });
    }
    let record = Some(setting.value.clone());
    Ok(before(scope, Next::Recorded, repo.hooks.clone(), record))
}

/// The place for all repositories of the user.
pub(super) fn of_user(machine: &Machine) -> Result<Before, InstallError> {
    let dir = machine.global_hooks()?;
    let root = anywhere();
    let set = match hooks_path(machine, &root, Some(Scope::Global))? {
        Some(setting) if is_dispatchers(&dir, &setting.value) => {
            value(machine, &root, Scope::Global, RECORD)?
        }
        Some(setting) => Some(setting.value),
        None => value(machine, &root, Scope::System, "core.hooksPath")?,
    };
    Ok(Before {
        next: if set.is_some() {
            Next::RecordedGlobally
        } else {
            Next::Repository
        },
        shadowed: set.as_deref().map(path).filter(|path| path.is_absolute()),
        record: set,
        scope: Scope::Global,
        dir,
        root,
    })
}

/// The script of a server that runs a directory of them for the event: GitLab's `custom_hooks`, and
/// the `hooks/EVENT.d` of Gitea and Forgejo, if the hook in front of it calls them.
pub(super) fn within(repo: &Repository, event: &str) -> Result<Option<PathBuf>, InstallError> {
    let folder = format!("{event}.d");
    let custom = repo.common.join("custom_hooks");
    if custom.is_dir() {
        return Ok(Some(custom.join(folder).join("portcullis")));
    }
    let hooks = repo.own_hooks();
    if !hooks.join(&folder).is_dir() {
        return Ok(None);
    }
    Ok(match look(&hooks.join(event))? {
        Entry::File {
            bytes,
            runs: Runs::Yes,
            ..
        } if read(&bytes, event).is_none()
            && memchr::memmem::find(&bytes, folder.as_bytes()).is_some() =>
        {
            Some(hooks.join(folder).join("portcullis"))
        }
        Entry::File { .. } | Entry::Nothing | Entry::Dangling | Entry::Other => None,
    })
}

/// The repository of a target, which must be of the kind that the target is for.
pub(super) fn repository(
    machine: &Machine,
    target: &Target,
) -> Result<Option<Repository>, InstallError> {
    let (dir, wanted) = match target {
        Target::Repo(dir) => (dir, Kind::Worktree),
        Target::Server(dir) => (dir, Kind::Bare),
        Target::Global => return Ok(None),
    };
    let repo = Repository::at(machine, dir)?;
    match (wanted, repo.kind) {
        (Kind::Worktree, Kind::Bare) => Err(InstallError::Bare { dir: repo.root }),
        (Kind::Bare, Kind::Worktree) => Err(InstallError::NotBare { dir: repo.root }),
        (Kind::Worktree, Kind::Worktree) | (Kind::Bare, Kind::Bare) => Ok(Some(repo)),
    }
}

/// Whether a value of `core.hooksPath` points to this directory of dispatchers, or to where it was
/// before the repository was moved.
pub(super) fn is_dispatchers(dir: &Path, value: &[u8]) -> bool {
    let value = path(value);
    same(&value, dir) || (value.ends_with("portcullis/hooks") && !value.exists())
}

/// The path that the bytes of a setting spell.
fn path(value: &[u8]) -> PathBuf {
    crate::git::path_of_line(value)
}

/// A directory where the configuration of the user can be asked for.
pub(super) fn anywhere() -> PathBuf {
    PathBuf::from("/")
}

/// Where the remembered `core.hooksPath` of a repository leads.
fn expand(machine: &Machine, repo: &Repository, scope: Scope) -> Result<PathBuf, InstallError> {
    let expanded = machine
        .git(&repo.root)
        .args(["config", scope.option(), "--type=path", "--get", RECORD])
        .optional()?;
    let expanded = expanded.map_or_else(OsString::new, |line| path(&line).into_os_string());
    Ok(repo.root.join(expanded))
}

/// Where `core.hooksPath` of the user or the machine leads.
fn outer_hooks(machine: &Machine, repo: &Repository) -> Result<Option<PathBuf>, InstallError> {
    for scope in [Scope::Global, Scope::System] {
        let found = machine
            .git(&repo.root)
            .args(["config", "--includes", scope.option(), "--type=path"])
            .args(["--get", "core.hooksPath"])
            .optional()?;
        if let Some(line) = found {
            return Ok(Some(repo.root.join(path(&line))));
        }
    }
    Ok(None)
}

/// Whether a hook that would have to be kept beside the gate asks for its own name.
fn name_matters(dir: &Path, hooks: &[&'static Hook]) -> Result<bool, InstallError> {
    for hook in hooks {
        if let Entry::File {
            bytes,
            runs: Runs::Yes,
            ..
        } = look(&dir.join(hook.event))?
            && read(&bytes, hook.event).is_none()
            && !calls_portcullis(&bytes, hook.event)
            && asks_for_its_name(&bytes)
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Where the hook at `path` is kept.
pub(super) fn kept(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(CHAINED);
    PathBuf::from(name)
}
