//! `install`: plans every write, refuses what cannot be done, then writes.

use super::file::{Entry, Runs, keep, look, make_folder, put};
use super::hide::hide;
use super::machine::{Machine, Repository, hooks_path, same, value};
use super::place::{self, Before, Place, kept};
use super::shim::{
    Folder, Job, Managed, Next, OTHERS, Presence, RECORD, calls_portcullis, can_be_written,
    managed, of_side, write,
};
use super::status::status_on;
use super::{Events, InstallError, Report, Request, Step, Target};
use crate::hook::table::{Choice, HOOKS, Hook};
use std::path::{Path, PathBuf};

/// Installs the gate.
///
/// # Errors
/// When the place is not one for these hooks, when a hook of others would be lost, or when a file
/// or a setting cannot be written; the message says what to do.
pub fn install(request: &Request) -> Result<Report, InstallError> {
    install_on(&Machine::here(), request)
}

/// One file to be written.
struct Write {
    path: PathBuf,
    bytes: Vec<u8>,
    /// What is to be done with the one that is there.
    old: Old,
}

enum Old {
    /// There is none, or it is an older shim.
    Replaced,
    /// It is this very file.
    Same,
    /// It is a hook of others.
    Kept(PathBuf),
}

pub(super) fn install_on(machine: &Machine, request: &Request) -> Result<Report, InstallError> {
    let hooks = selected(request)?;
    // It is what keeps old tips.
    let keeps = hooks.iter().any(|hook| hook.event == "post-receive");
    let report = arm(machine, request, hooks)?;
    match (
        &request.target,
        place::repository(machine, &request.target)?,
    ) {
        (Target::Server(_), Some(repo)) if keeps => {
            let mut steps = report.steps;
            let done = hide(machine, &repo, &mut steps);
            finished(steps, done)
        }
        (Target::Server(_) | Target::Repo(_) | Target::Global, _) => Ok(report),
    }
}

fn arm(
    machine: &Machine,
    request: &Request,
    hooks: Vec<&'static Hook>,
) -> Result<Report, InstallError> {
    let policy = match (checked(request)?, &request.target) {
        // Who installs again to renew the binary does not mean to drop the policy.
        (None, Target::Server(dir)) => status_on(machine, dir)
            .ok()
            .and_then(|status| status.policy().map(Path::to_owned)),
        (policy, _) => policy,
    };
    let gate = |hook| Job::Gate {
        hook,
        binary: &request.binary,
        policy: policy.as_deref(),
    };
    let mut writes = Vec::new();
    let Some(repo) = place::repository(machine, &request.target)? else {
        let before = place::of_user(machine)?;
        plan_before(&before, &hooks, gate, &mut writes)?;
        return carry_out(writes, |steps| point_to(machine, &before, steps));
    };
    let hooks = match request.target {
        Target::Server(_) => plan_within(&repo, hooks, gate, &mut writes)?,
        Target::Repo(_) | Target::Global => hooks,
    };
    if hooks.is_empty() {
        return carry_out(writes, |_| Ok(()));
    }
    match place::of_repository(machine, &repo, &hooks)? {
        Place::Beside { dir } => {
            plan_beside(&dir, &hooks, gate, &mut writes)?;
            carry_out(writes, |_| looks_into(machine, &repo, &dir))
        }
        Place::Before(before) => {
            plan_before(&before, &hooks, gate, &mut writes)?;
            carry_out(writes, |steps| {
                point_to(machine, &before, steps)?;
                looks_into(machine, &repo, &before.dir)
            })
        }
    }
}

/// Asks Git whether it will look where the gate is now: a setting in a file that is included later
/// than ours would still send it elsewhere.
fn looks_into(machine: &Machine, repo: &Repository, dir: &Path) -> Result<(), InstallError> {
    let now = Repository::at(machine, &repo.root)?;
    if same(&now.hooks, dir) {
        return Ok(());
    }
    Err(InstallError::NotArmed {
        hooks: now.hooks,
        origin: now
            .setting
            .map_or_else(String::new, |setting| crate::git::escape(&setting.origin)),
    })
}

/// The rows that were asked for.
fn selected(request: &Request) -> Result<Vec<&'static Hook>, InstallError> {
    let side = request.target.side();
    match &request.events {
        Events::Standard => Ok(HOOKS
            .iter()
            .filter(|hook| of_side(hook, side) && hook.choice == Choice::Standard)
            .collect()),
        Events::Named(hooks) => hooks
            .iter()
            .map(|hook| {
                if of_side(hook, side) {
                    Ok(*hook)
                } else {
                    Err(InstallError::WrongSide {
                        event: hook.event,
                        side: hook.side,
                    })
                }
            })
            .collect(),
    }
}

/// Checks the binary and the policy file; gives back the latter's absolute path.
fn checked(request: &Request) -> Result<Option<PathBuf>, InstallError> {
    let binary = &request.binary;
    if !binary.is_absolute() || !super::file::is_program(binary) {
        return Err(InstallError::NoBinary {
            path: binary.clone(),
        });
    }
    writable(binary)?;
    let Some(path) = &request.policy else {
        return Ok(None);
    };
    match request.target {
        Target::Server(_) => {}
        Target::Repo(_) | Target::Global => return Err(InstallError::PolicyWithoutServer),
    }
    let refused = |why| InstallError::Policy {
        path: path.clone(),
        why,
    };
    let absolute = std::path::absolute(path).map_err(|_| refused("has no absolute path"))?;
    match std::fs::metadata(&absolute) {
        Ok(found) if found.is_file() => {}
        Ok(_) => return Err(refused("is not a regular file")),
        Err(_) => return Err(refused("is not there")),
    }
    std::fs::File::open(&absolute).map_err(|_| refused("cannot be read"))?;
    writable(&absolute)?;
    Ok(Some(absolute))
}

fn writable(path: &Path) -> Result<(), InstallError> {
    if can_be_written(path.as_os_str()) {
        Ok(())
    } else {
        Err(InstallError::Unwritable {
            path: path.to_owned(),
        })
    }
}

/// Plans the scripts of a server that runs directories of them; gives back the other events.
fn plan_within<'a>(
    repo: &Repository,
    hooks: Vec<&'static Hook>,
    gate: impl Fn(&'static Hook) -> Job<'a>,
    writes: &mut Vec<Write>,
) -> Result<Vec<&'static Hook>, InstallError> {
    let mut others = Vec::new();
    for hook in hooks {
        if hook.event == "update" && is_gitolite(&repo.own_hooks().join(hook.event))? {
            return Err(InstallError::Gitolite {
                dir: repo.root.clone(),
            });
        }
        let Some(path) = place::within(repo, hook.event)? else {
            others.push(hook);
            continue;
        };
        let entry = look(&path)?;
        let folder = folder_of(&path, managed(&entry, hook.event).as_ref());
        let bytes = write(&gate(hook), Next::Nowhere, folder);
        writes.push(match entry {
            Entry::Nothing => Write::new(path, bytes, Old::Replaced),
            entry if managed(&entry, hook.event).is_some() => Write::over(path, bytes, &entry),
            Entry::File { .. } | Entry::Dangling | Entry::Other => {
                return Err(InstallError::NotAFile { path });
            }
        });
    }
    Ok(others)
}

/// gitolite links its own program as `update` (gitolite documentation, "hooks").
fn is_gitolite(path: &Path) -> Result<bool, InstallError> {
    let link = std::fs::read_link(path).is_ok_and(|to| {
        memchr::memmem::find(to.as_os_str().as_encoded_bytes(), b"gitolite").is_some()
    });
    Ok(link
        || matches!(look(path)?, Entry::File { bytes, .. }
            if memchr::memmem::find(&bytes, b"Gitolite").is_some()
                || memchr::memmem::find(&bytes, b"gitolite").is_some()))
}

/// Plans shims that keep the old hook beside them.
fn plan_beside<'a>(
    dir: &Path,
    hooks: &[&'static Hook],
    gate: impl Fn(&'static Hook) -> Job<'a>,
    writes: &mut Vec<Write>,
) -> Result<(), InstallError> {
    let entries: Vec<(&'static Hook, PathBuf, Entry)> = hooks
        .iter()
        .map(|hook| {
            let path = dir.join(hook.event);
            look(&path).map(|entry| (*hook, path, entry))
        })
        .collect::<Result<_, _>>()?;
    let older = entries
        .iter()
        .find_map(|(hook, _, entry)| managed(entry, hook.event));
    for (hook, path, entry) in entries {
        let folder = folder_of(&path, older.as_ref());
        let bytes = write(&gate(hook), Next::Beside, folder);
        if managed(&entry, hook.event).is_some() {
            writes.push(Write::over(path, bytes, &entry));
            continue;
        }
        let kept = kept(&path);
        let old = match (&entry, look(&kept)?) {
            (Entry::Nothing, _) => Old::Replaced,
            (Entry::Other, _) => return Err(InstallError::NotAFile { path }),
            (Entry::File { bytes, .. }, _) if calls_portcullis(bytes, hook.event) => {
                return Err(InstallError::Edited { path, kept: None });
            }
            (Entry::File { .. } | Entry::Dangling, Entry::Nothing) => Old::Kept(kept),
            // A tool has written its hook again, over the shim: the one kept is the same.
            (Entry::File { .. }, earlier) if entry == earlier => Old::Replaced,
            (
                Entry::File { .. } | Entry::Dangling,
                Entry::File { .. } | Entry::Dangling | Entry::Other,
            ) => return Err(InstallError::TwoHooks { path, kept }),
        };
        writes.push(Write::new(path, bytes, old));
    }
    Ok(())
}

/// Plans dispatchers for every event, as Git will look nowhere else.
fn plan_before<'a>(
    before: &Before,
    hooks: &[&'static Hook],
    gate: impl Fn(&'static Hook) -> Job<'a>,
    writes: &mut Vec<Write>,
) -> Result<(), InstallError> {
    let gates = hooks.iter().map(|hook| gate(hook));
    let passed = HOOKS
        .iter()
        .filter(|hook| !hooks.iter().any(|gate| gate.event == hook.event))
        .map(|hook| (hook.event, Presence::Harmless))
        .chain(OTHERS.iter().map(|other| (other.event, other.presence)));
    let passes = passed
        .filter(|(event, presence)| match (presence, &before.shadowed) {
            (Presence::Harmless, _) | (Presence::Slow, None) => true,
            (Presence::Slow | Presence::Decides, Some(dir)) => dir.join(event).exists(),
            (Presence::Decides, None) => false,
        })
        .map(|(event, _)| Job::Pass { event });
    for job in gates.chain(passes) {
        let path = before.dir.join(job.event());
        let entry = look(&path)?;
        let shim = managed(&entry, job.event());
        let is_gate = shim.as_ref().is_some_and(|shim| shim.binary.is_some());
        let is_ours = shim.is_some() || matches!(entry, Entry::Nothing);
        match job {
            // An event installed earlier stays; what others put here for their own event as well.
            Job::Pass { .. } if is_gate || !is_ours => continue,
            Job::Gate { .. } if !is_ours => {
                let to = before.shadowed.clone().unwrap_or_default();
                let to = to.join(job.event());
                return Err(InstallError::Intruder { path, to });
            }
            Job::Pass { .. } | Job::Gate { .. } => {}
        }
        let bytes = write(&job, before.next, Folder::Found);
        writes.push(Write::over(path, bytes, &entry));
    }
    Ok(())
}

fn folder_of(path: &Path, older: Option<&Managed>) -> Folder {
    match older {
        Some(shim) => shim.folder,
        None if path.parent().is_some_and(Path::exists) => Folder::Found,
        None => Folder::Made,
    }
}

impl Write {
    const fn new(path: PathBuf, bytes: Vec<u8>, old: Old) -> Self {
        Self { path, bytes, old }
    }

    /// Over a shim, or over nothing.
    fn over(path: PathBuf, bytes: Vec<u8>, entry: &Entry) -> Self {
        let same =
            matches!(entry, Entry::File { bytes: old, runs: Runs::Yes, .. } if *old == bytes);
        let old = if same { Old::Same } else { Old::Replaced };
        Self { path, bytes, old }
    }
}

/// Writes what was planned, then does the rest; an error tells what was done before it.
fn carry_out(
    writes: Vec<Write>,
    then: impl FnOnce(&mut Vec<Step>) -> Result<(), InstallError>,
) -> Result<Report, InstallError> {
    let mut steps = Vec::new();
    let done = writes
        .into_iter()
        .try_for_each(|write| one(write, &mut steps))
        .and_then(|()| then(&mut steps));
    finished(steps, done)
}

/// The report, or the error with what was done before it.
pub(super) fn finished(
    steps: Vec<Step>,
    done: Result<(), InstallError>,
) -> Result<Report, InstallError> {
    match done {
        Ok(()) => Ok(Report { steps }),
        Err(error) if steps.is_empty() => Err(error),
        Err(error) => Err(InstallError::Partway {
            done: Report { steps },
            source: Box::new(error),
        }),
    }
}

fn one(write: Write, steps: &mut Vec<Step>) -> Result<(), InstallError> {
    match write.old {
        Old::Same => {
            steps.push(Step::Unchanged(write.path));
            return Ok(());
        }
        Old::Replaced => {
            if let Some(folder) = write.path.parent() {
                make_folder(folder)?;
            }
        }
        Old::Kept(to) => {
            keep(&write.path, &to)?;
            steps.push(Step::Kept {
                from: write.path.clone(),
                to,
            });
        }
    }
    put(&write.path, &write.bytes)?;
    steps.push(Step::Written(write.path));
    Ok(())
}

/// Makes Git look into the directory of dispatchers, now that all of them are there. What it looked
/// into before is remembered first, so that it can be found whenever this ends.
fn point_to(machine: &Machine, before: &Before, steps: &mut Vec<Step>) -> Result<(), InstallError> {
    let mut set = |key: &'static str, wanted: &[u8]| -> Result<(), InstallError> {
        if value(machine, &before.root, before.scope, key)?.as_deref() == Some(wanted) {
            return Ok(());
        }
        machine
            .git(&before.root)
            .args(["config", before.scope.option(), "--replace-all", key])
            .args([crate::git::path_of_line(wanted)])
            .output()?;
        steps.push(Step::Set {
            scope: before.scope,
            key,
            value: Some(wanted.to_vec()),
        });
        Ok(())
    };
    if let Some(record) = &before.record {
        set(RECORD, record)?;
    }
    let dir = before.dir.as_os_str().as_encoded_bytes();
    let now = hooks_path(machine, &before.root, Some(before.scope))?;
    if now.is_some_and(|now| now.value == dir) {
        return Ok(());
    }
    set("core.hooksPath", dir)
}
