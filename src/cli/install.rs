//! `portcullis install`, `uninstall` and `status`.

use super::Exit;
use super::args::{Install, Status, Uninstall};
use super::needs;
use super::output::{complain, print};
use crate::git::Repo;
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
        let repo = server.as_ref().and_then(|dir| Repo::at(dir).ok());
        let id = repo.and_then(|repo| Memory::of(&repo).make_identity().ok());
        lines.extend(id.iter().flat_map(|id| needs::server_id(id)));
        // The hooks are there all the same: they refuse all, which is safe, but nobody's aim.
        if let Some((needs, Exit::Usage)) = server.as_deref().map(needs::lines) {
            lines.extend(needs);
        }
        Ok(lines)
    })
}

pub(super) fn uninstall(args: &Uninstall) -> Exit {
    each(targets(&args.repo, args.global, args.server), |target| {
        let lines = arming::uninstall(&target)?.lines();
        Ok(if lines.is_empty() {
            vec![nothing(&target).to_owned()]
        } else {
            lines
        })
    })
}

/// What is said where there was nothing to put back.
fn nothing(target: &Target) -> &'static str {
    match target {
        Target::Global => "nothing is installed for all repositories",
        Target::Repo(_) | Target::Server(_) => {
            "nothing is installed here; --global takes away what is for all repositories, and \
             portcullis status says which hooks Git runs"
        }
    }
}

pub(super) fn status(args: &Status) -> Exit {
    let here = [PathBuf::from(".")];
    let dirs = if args.repo.is_empty() {
        &here
    } else {
        &args.repo[..]
    };
    let mut worst = Exit::Clean;
    for dir in dirs {
        match arming::status(Path::new(dir)) {
            Ok(status) => {
                let mut lines = status.lines();
                let (needs, ready) = needs::lines(Path::new(dir));
                lines.extend(needs);
                let but = match (status.armed, ready) {
                    (true, Exit::Clean) | (false, _) => "",
                    (true, Exit::Usage) => ", and refuses all until its policy is put right",
                    (true, Exit::Blocked | Exit::Undecided) => {
                        ", but not ready: something that its policy needs is missing, see above"
                    }
                };
                lines.push(format!("{:<19} {}{but}", "armed", status.says_armed()));
                say(&lines);
                let exit = if status.armed { ready } else { Exit::Blocked };
                worst = worse(worst, exit);
            }
            Err(error) => return complain(Exit::Usage, &error),
        }
    }
    worst
}

/// Of several repositories the one counts that is furthest from guarded.
fn worse(one: Exit, other: Exit) -> Exit {
    let order = [Exit::Blocked, Exit::Usage, Exit::Undecided];
    let found = order.into_iter().find(|exit| [one, other].contains(exit));
    found.unwrap_or(Exit::Clean)
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
