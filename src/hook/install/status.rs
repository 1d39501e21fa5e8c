//! `status`: which hook Git will really run for each event, and why.

use super::file::{Entry, Runs, is_program, look};
use super::machine::{Kind, Machine, Repository, Setting};
use super::place::{kept, within};
use super::shim::{Next, managed, of_side};
use super::{InstallError, quoted, shown};
use crate::git::{escape, path_of_line};
use crate::hook::table::{Choice, HOOKS, Hook, Input, Side};
use std::path::{Path, PathBuf};

/// What Git will do in a repository.
#[derive(Clone, Debug)]
pub struct Status {
    /// Where Git looks for hooks.
    pub hooks: PathBuf,
    /// The `core.hooksPath` that says so; `None` is the default.
    pub setting: Option<Setting>,
    /// One row for each event of the repository's side, in the order of the table.
    pub events: Vec<EventStatus>,
    /// Settings `hook.*.enabled = false`, escaped; Git 2.54 and later switch hooks off by them.
    pub switched_off: Vec<String>,
    /// Whether every standard event of the side is judged.
    pub armed: bool,
}

/// What Git will run at one event.
#[derive(Clone, Debug)]
pub struct EventStatus {
    /// The row of the event.
    pub hook: &'static Hook,
    /// The file that Git, or the server's own hook, looks for.
    pub path: PathBuf,
    /// What it finds there.
    pub standing: Standing,
}

/// What stands at the path of a hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing: the event is not judged.
    Absent,
    /// A hook of somebody else; whether it calls portcullis cannot be known.
    Foreign(Runs),
    /// A dispatcher that judges nothing: the event was not chosen at `install`.
    Passing,
    /// The gate.
    Gate {
        /// Whether Git runs the shim.
        runs: Runs,
        /// The binary written into it, and whether it is there.
        binary: Option<PathBuf>,
        /// Whether the binary can be started.
        present: bool,
        /// The policy file written into it.
        policy: Option<PathBuf>,
        /// What runs after it.
        next: NextHook,
    },
}

/// What runs after the gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NextHook {
    /// Nothing.
    None,
    /// This file.
    File {
        /// Where it is.
        path: PathBuf,
        /// Whether it is run.
        runs: Runs,
    },
    /// What a changed line of the shim says.
    Unknown,
}

/// What Git will do in the repository that `dir` is in.
///
/// # Errors
/// When it is not in a repository, or a hook cannot be read.
pub fn status(dir: &Path) -> Result<Status, InstallError> {
    status_on(&Machine::here(), dir)
}

pub(super) fn status_on(machine: &Machine, dir: &Path) -> Result<Status, InstallError> {
    let repo = Repository::at(machine, dir)?;
    let side = match repo.kind {
        Kind::Worktree => Side::Client,
        Kind::Bare => Side::Server,
    };
    let events: Vec<EventStatus> = HOOKS
        .iter()
        .filter(|hook| of_side(hook, side))
        .map(|hook| event(machine, &repo, hook))
        .collect::<Result<_, _>>()?;
    let switched_off = switched_off(machine, &repo)?;
    let armed = events
        .iter()
        // What comes after a push refuses nothing.
        .filter(|event| event.hook.choice == Choice::Standard && event.hook.input != Input::Moved)
        .all(EventStatus::judges)
        && switched_off.is_empty();
    Ok(Status {
        hooks: repo.hooks,
        setting: repo.setting,
        events,
        switched_off,
        armed,
    })
}

fn event(
    machine: &Machine,
    repo: &Repository,
    hook: &'static Hook,
) -> Result<EventStatus, InstallError> {
    let path = match (repo.kind, within(repo, hook.event)?) {
        (Kind::Bare, Some(script)) if script.exists() => script,
        (Kind::Bare | Kind::Worktree, _) => repo.hooks.join(hook.event),
    };
    let entry = look(&path)?;
    let standing = match (managed(&entry, hook.event), &entry) {
        (_, Entry::Nothing | Entry::Dangling) => Standing::Absent,
        (Some(shim), Entry::File { runs, .. }) => match shim.binary {
            None => Standing::Passing,
            Some(binary) => Standing::Gate {
                runs: *runs,
                present: is_program(&binary),
                binary: Some(binary).filter(|binary| !binary.as_os_str().is_empty()),
                policy: shim.policy,
                next: next(machine, repo, hook.event, &path, shim.next)?,
            },
        },
        (None, Entry::File { runs, .. }) => Standing::Foreign(*runs),
        (_, Entry::Other) => Standing::Foreign(Runs::No),
    };
    Ok(EventStatus {
        hook,
        path,
        standing,
    })
}

/// What the shim at `path` would run next: asks what its line asks.
fn next(
    machine: &Machine,
    repo: &Repository,
    event: &str,
    path: &Path,
    next: Option<Next>,
) -> Result<NextHook, InstallError> {
    let config = |options: &[&str], key: &str| {
        machine
            .git(&repo.root)
            .args(["config", "--type=path"])
            .args(options)
            .args(["--get", key])
            .optional()
    };
    let dir = match next {
        None => return Ok(NextHook::Unknown),
        Some(Next::Nowhere) => return Ok(NextHook::None),
        Some(Next::Beside) => return of_file(kept(path)),
        Some(Next::Repository) => return of_file(repo.own_hooks().join(event)),
        Some(Next::Recorded) => config(&[], super::shim::RECORD)?,
        Some(Next::RecordedGlobally) => config(&["--global"], super::shim::RECORD)?,
        Some(Next::Shadowed) => match config(&["--includes", "--global"], "core.hooksPath")? {
            Some(dir) => Some(dir),
            None => config(&["--includes", "--system"], "core.hooksPath")?,
        },
    };
    match dir {
        Some(dir) => of_file(repo.root.join(path_of_line(&dir)).join(event)),
        None => Ok(NextHook::None),
    }
}

fn of_file(path: PathBuf) -> Result<NextHook, InstallError> {
    Ok(match look(&path)? {
        Entry::File { runs, .. } => NextHook::File { path, runs },
        Entry::Nothing | Entry::Dangling | Entry::Other => NextHook::None,
    })
}

/// The settings that switch hooks off from Git 2.54 on (git-config(1), `hook.<name>.enabled`). They
/// count whichever Git is here today: another may run the hook tomorrow.
fn switched_off(machine: &Machine, repo: &Repository) -> Result<Vec<String>, InstallError> {
    let found = machine
        .git(&repo.root)
        .args(["config", "--null", "--type=bool", "--get-regexp"])
        .args([r"^hook\..*\.enabled$"])
        .optional()?;
    Ok(found
        .unwrap_or_default()
        .split(|byte| *byte == 0)
        .filter_map(|entry| entry.strip_suffix(b"\nfalse"))
        .filter(|key| {
            let name = key
                .strip_prefix(b"hook.")
                .and_then(|key| key.strip_suffix(b".enabled"));
            HOOKS.iter().any(|hook| name == Some(hook.event.as_bytes()))
        })
        .map(escape)
        .collect())
}

impl EventStatus {
    /// Whether the gate judges the event, and nothing is accepted without it.
    #[must_use]
    pub const fn judges(&self) -> bool {
        matches!(
            self.standing,
            Standing::Gate {
                runs: Runs::Yes,
                present: true,
                ..
            }
        )
    }

    fn line(&self) -> String {
        let says = match &self.standing {
            Standing::Absent => match (self.hook.choice, self.hook.side) {
                (Choice::OnRequest, Side::Server) => {
                    String::from("not asked for: pre-receive judges every ref")
                }
                (Choice::OnRequest | Choice::Standard, _) => {
                    String::from("not judged: there is no hook")
                }
            },
            Standing::Passing => String::from("not judged: only passed on"),
            Standing::Foreign(Runs::Yes) => {
                format!("not judged: {} is not portcullis", shown(&self.path))
            }
            Standing::Foreign(Runs::No) => format!(
                "not judged: {} is not portcullis, and Git does not run it",
                shown(&self.path)
            ),
            Standing::Gate {
                runs,
                binary,
                present,
                policy,
                next,
            } => {
                let mut says = match (runs, present) {
                    (Runs::No, _) => format!(
                        "not judged: Git does not run it; chmod +x {}",
                        quoted(&self.path)
                    ),
                    (Runs::Yes, true) => format!("judged by {}", shown(&self.path)),
                    (Runs::Yes, false) => format!(
                        "refused, or judged by the portcullis in PATH: {} calls {}, which is gone",
                        shown(&self.path),
                        binary.as_deref().map_or_else(|| "nothing".into(), shown)
                    ),
                };
                if let Some(policy) = policy {
                    says.push_str(&format!(", policy {}", shown(policy)));
                }
                says.push_str(&match next {
                    NextHook::None => String::new(),
                    NextHook::File {
                        path,
                        runs: Runs::Yes,
                    } => format!(", then {}", shown(path)),
                    NextHook::File {
                        path,
                        runs: Runs::No,
                    } => format!("; {} is not executable and not run", shown(path)),
                    NextHook::Unknown => String::from("; its line `next=` was changed by hand"),
                });
                says
            }
        };
        let says = match self.hook.input {
            Input::Nothing | Input::Refs => says,
            Input::Moved => says.replacen("not judged", "nothing is kept", 1).replacen(
                "judged by",
                "done by",
                1,
            ),
        };
        format!("{:<19} {says}", self.hook.event)
    }
}

impl Status {
    /// The policy file that was named when the gate was installed.
    #[must_use]
    pub fn policy(&self) -> Option<&Path> {
        self.events.iter().find_map(|event| match &event.standing {
            Standing::Gate { policy, .. } => policy.as_deref(),
            Standing::Absent | Standing::Foreign(_) | Standing::Passing => None,
        })
    }

    /// The status for people, escaped; all but whether it is armed.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let why = match &self.setting {
            None => String::from("its own directory"),
            Some(setting) => format!(
                "core.hooksPath = {}, {} scope, {}",
                escape(&setting.value),
                setting.scope.name(),
                escape(&setting.origin)
            ),
        };
        let mut lines = vec![format!("{:<19} {} ({why})", "hooks", shown(&self.hooks))];
        lines.extend(self.events.iter().map(EventStatus::line));
        for key in &self.switched_off {
            lines.push(format!(
                "{:<19} {key} = false: Git 2.54 and later run no hook there; git config --unset {key}",
                "switched off"
            ));
        }
        lines
    }

    /// Whether it is armed, and how it becomes so.
    #[must_use]
    pub fn says_armed(&self) -> &'static str {
        let server = self.events.iter().any(|e| e.hook.side == Side::Server);
        match (self.armed, server, self.switched_off.is_empty()) {
            (true, _, _) => "yes",
            (false, _, false) => "no: hooks are switched off, see above",
            (false, true, true) => "no: portcullis install --server arms it",
            (false, false, true) => "no: portcullis install arms it",
        }
    }
}
