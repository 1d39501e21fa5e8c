//! `uninstall`: puts back what was there, and removes nothing but what is portcullis's own.

use super::arm::finished;
use super::file::{Entry, look, put_back, remove, remove_empty};
use super::hide::show;
use super::machine::{Machine, Repository, Scope, value};
use super::place::{anywhere, is_dispatchers, kept};
use super::shim::{Folder, OTHERS, RECORD, calls_portcullis, managed};
use super::{InstallError, Report, Step, Target};
use crate::hook::table::HOOKS;
use std::path::Path;

/// Takes the gate away, byte for byte and mode for mode.
///
/// # Errors
/// When a hook was edited, so that it is not portcullis's any more, or when something cannot be
/// written; the message says what to do, everything else is done all the same.
pub fn uninstall(target: &Target) -> Result<Report, InstallError> {
    uninstall_on(&Machine::here(), target)
}

pub(super) fn uninstall_on(machine: &Machine, target: &Target) -> Result<Report, InstallError> {
    let mut steps = Vec::new();
    let done = match target {
        Target::Global => from_user(machine, &mut steps),
        Target::Repo(dir) | Target::Server(dir) => {
            let repo = Repository::at(machine, dir)?;
            let done = from_repository(machine, &repo, &mut steps);
            done.and_then(|()| show(machine, &repo, &mut steps))
        }
    };
    finished(steps, done)
}

fn from_user(machine: &Machine, steps: &mut Vec<Step>) -> Result<(), InstallError> {
    let dir = machine.global_hooks()?;
    point_back(machine, &anywhere(), Scope::Global, &dir, steps)?;
    let top = dir.ancestors().nth(2).unwrap_or(&dir).to_owned();
    remove_dispatchers(&dir, &top, steps)
}

fn from_repository(
    machine: &Machine,
    repo: &Repository,
    steps: &mut Vec<Step>,
) -> Result<(), InstallError> {
    let mut scopes = vec![Scope::Local];
    if let Some(setting) = &repo.setting
        && setting.scope == Scope::Worktree
    {
        scopes.push(Scope::Worktree);
    }
    for scope in scopes {
        let dir = repo.dispatchers(scope);
        point_back(machine, &repo.root, scope, &dir, steps)?;
        let top = dir.ancestors().nth(2).unwrap_or(&dir).to_owned();
        remove_dispatchers(&dir, &top, steps)?;
    }
    if !repo.owns_hooks() {
        return Ok(());
    }
    let own = repo.own_hooks();
    // One hook that is not ours any more does not keep the others.
    let mut trouble = Ok(());
    for hook in &HOOKS {
        for path in [
            own.join(hook.event),
            // Where pre-commit, prek and lefthook move a hook that they find in their place.
            own.join(format!("{}.legacy", hook.event)),
            own.join(format!("{}.old", hook.event)),
            own.join(format!("{}.d", hook.event)).join("portcullis"),
            repo.common
                .join("custom_hooks")
                .join(format!("{}.d", hook.event))
                .join("portcullis"),
        ] {
            let done = restore(&path, hook.event, steps);
            trouble = trouble.and(done);
        }
    }
    trouble
}

/// Sets `core.hooksPath` as it was, if it still points to the dispatchers.
fn point_back(
    machine: &Machine,
    root: &Path,
    scope: Scope,
    dir: &Path,
    steps: &mut Vec<Step>,
) -> Result<(), InstallError> {
    const KEY: &str = "core.hooksPath";
    let record = value(machine, root, scope, RECORD)?;
    let run = |args: &[&str], value: Option<&[u8]>| {
        machine
            .git(root)
            .args(["config", scope.option()])
            .args(args)
            .args(value.map(crate::git::path_of_line))
            .output()
    };
    let now = value(machine, root, scope, KEY)?;
    if now.is_some_and(|now| is_dispatchers(dir, &now)) {
        match &record {
            Some(record) => run(&["--replace-all", KEY], Some(record))?,
            None => run(&["--unset-all", KEY], None)?,
        };
        steps.push(Step::Set {
            scope,
            key: KEY,
            value: record.clone(),
        });
    }
    if record.is_some() {
        run(&["--unset-all", RECORD], None)?;
        steps.push(Step::Set {
            scope,
            key: RECORD,
            value: None,
        });
    }
    Ok(())
}

/// Removes what portcullis wrote into a directory of its own, and the directory if that was all.
fn remove_dispatchers(dir: &Path, top: &Path, steps: &mut Vec<Step>) -> Result<(), InstallError> {
    let events = HOOKS
        .iter()
        .map(|hook| hook.event)
        .chain(OTHERS.iter().map(|other| other.event));
    for event in events {
        let path = dir.join(event);
        if managed(&look(&path)?, event).is_some() {
            remove(&path)?;
            steps.push(Step::Removed(path));
        }
    }
    remove_empty(dir, top);
    Ok(())
}

/// Puts back what was kept at the path of a hook, or removes the shim.
fn restore(path: &Path, event: &str, steps: &mut Vec<Step>) -> Result<(), InstallError> {
    let entry = look(path)?;
    let kept = kept(path);
    let kept_entry = look(&kept)?;
    let has_kept = !matches!(kept_entry, Entry::Nothing);
    let shim = managed(&entry, event);
    match (&entry, &shim) {
        (Entry::Nothing, _) | (_, Some(_)) if has_kept => {
            put_back(&kept, path)?;
            steps.push(Step::PutBack(path.to_owned()));
        }
        (_, Some(shim)) => {
            remove(path)?;
            steps.push(Step::Removed(path.to_owned()));
            if let (Folder::Made, Some(folder)) = (shim.folder, path.parent()) {
                remove_empty(folder, folder.parent().unwrap_or(folder));
            }
        }
        (Entry::File { bytes, .. }, None) if calls_portcullis(bytes, event) => {
            return Err(InstallError::Edited {
                path: path.to_owned(),
                kept: has_kept.then_some(kept),
            });
        }
        // A tool has written its hook again, over the shim: it has put it back itself.
        (Entry::File { .. }, None) if entry == kept_entry => {
            remove(&kept)?;
            steps.push(Step::Removed(kept));
        }
        (Entry::File { .. } | Entry::Dangling | Entry::Other, None) if has_kept => {
            return Err(InstallError::TwoHooks {
                path: path.to_owned(),
                kept,
            });
        }
        (Entry::Nothing | Entry::File { .. } | Entry::Dangling | Entry::Other, None) => {}
    }
    Ok(())
}
