//! `portcullis install`, `uninstall` and `status`.

use super::Exit;
use super::args::{Install, Status, Uninstall};
use super::audit::{Failed, log_of};
use super::output::{complain, print};
use crate::git::{Repo, escape};
use crate::hook::install::{self as arming, Events, InstallError, Request, Target};
use crate::hook::memory::Memory;
use std::path::{Path, PathBuf};

pub(super) fn install(args: &Install) -> Exit {
    let binary = match std::env::current_exe().and_then(|path| path.canonicalize()) {
        Ok(binary) => binary,
        Err(error) => {
            return complain(
                Exit::Usage,
                &format!("cannot tell where this program is: {error}"),
            );
        }
    };
    let events = match args.events.as_deref().map(Events::parse).transpose() {
        Ok(events) => events.unwrap_or(Events::Standard),
        Err(error) => return complain(Exit::Usage, &error),
    };
    each(targets(&args.repo, args.global, args.server), |target| {
        let server = match &target {
            Target::Server(dir) => Some(dir.clone()),
            Target::Repo(_) | Target::Global => None,
        };
        let report = arming::install(&Request {
            target,
            events: events.clone(),
            policy: args.config.clone(),
            binary: binary.clone(),
        })?;
        let mut lines = report.lines();
        // It is made when it is first needed as well; here somebody sees it who wants to.
        let repo = server.and_then(|dir| Repo::at(&dir).ok());
        lines.extend(repo.and_then(|repo| {
            let id = Memory::of(&repo).make_identity().ok()?;
            Some(format!("{:<19} {id}", "server id"))
        }));
        Ok(lines)
    })
}

pub(super) fn uninstall(args: &Uninstall) -> Exit {
    each(targets(&args.repo, args.global, args.server), |target| {
        arming::uninstall(&target).map(|report| report.lines())
    })
}

pub(super) fn status(args: &Status) -> Exit {
    let here = [PathBuf::from(".")];
    let mut exit = Exit::Clean;
    for dir in if args.repo.is_empty() {
        &here
    } else {
        &args.repo[..]
    } {
        match arming::status(Path::new(dir)) {
            Ok(status) => {
                let mut lines = status.lines();
                lines.extend(log_line(Path::new(dir)));
                lines.extend(of_server(Path::new(dir)));
                say(&lines);
                if !status.armed {
                    exit = Exit::Blocked;
                }
            }
            Err(error) => return complain(Exit::Usage, &error),
        }
    }
    exit
}

/// What a server needs for tokens: who it is, and whether it takes push options.
fn of_server(dir: &Path) -> Vec<String> {
    let Some(repo) = Repo::at(dir).ok().filter(|repo| repo.work_tree().is_none()) else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    if let Some(id) = Memory::of(&repo).identity().ok().flatten() {
        lines.push(format!("{:<19} {id}", "server id"));
    }
    let asked = [
        "config",
        "--type=bool",
        "--get",
        "receive.advertisePushOptions",
    ];
    let taken = repo.git(asked).optional().ok().flatten();
    let says = match taken.as_deref().map(<[u8]>::trim_ascii_end) {
        Some(b"true") => "taken",
        Some(_) | None => {
            "not taken, so no token arrives: git config receive.advertisePushOptions true"
        }
    };
    lines.push(format!("{:<19} {says}", "push options"));
    lines
}

/// On a server: where it writes down what it judges.
fn log_line(dir: &Path) -> Option<String> {
    let repo = Repo::at(dir)
        .ok()
        .filter(|repo| repo.work_tree().is_none())?;
    let log = match log_of(&repo, None) {
        Ok(Some(log)) => escape(log.path().as_os_str().as_encoded_bytes()),
        Ok(None) => "none is kept; audit.log names one".to_owned(),
        Err(Failed(_, why)) => escape(why.as_bytes()),
    };
    Some(format!("{:<19} {log}", "audit log"))
}

fn targets(repos: &[PathBuf], global: bool, server: bool) -> Vec<Target> {
    let here = [PathBuf::from(".")];
    if global {
        return vec![Target::Global];
    }
    let dirs = if repos.is_empty() { &here } else { repos };
    let target = if server { Target::Server } else { Target::Repo };
    dirs.iter().map(|dir| target(dir.clone())).collect()
}

fn each(targets: Vec<Target>, act: impl Fn(Target) -> Result<Vec<String>, InstallError>) -> Exit {
    for target in targets {
        match act(target) {
            Ok(lines) => say(&lines),
            Err(error) => return complain(Exit::Usage, &error),
        }
    }
    Exit::Clean
}

fn say(lines: &[String]) {
    let mut text = lines.join("\n");
    text.push('\n');
    print(text.as_bytes());
}
