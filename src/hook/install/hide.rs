//! Keeps the old tips that a server keeps (`server.backups`) from its clients: they are there for
//! whoever runs the server, and may hold what a rewrite was to take out.

use super::machine::{Machine, Repository, Scope, value};
use super::{InstallError, Step};

const KEY: &str = "transfer.hideRefs";
/// Not all of `refs/portcullis`: approvals are pushed.
const BACKUPS: &str = "refs/portcullis/backup";
/// The setting that remembers that it was not there before.
const RECORD: &str = "portcullis.hideRefs";

/// Sets it in the repository, once. That it was not there is remembered first, so that it can be found
/// whenever this ends.
pub(super) fn hide(
    machine: &Machine,
    repo: &Repository,
    steps: &mut Vec<Step>,
) -> Result<(), InstallError> {
    if times_hidden(machine, repo)? > 0 {
        return Ok(());
    }
    run(machine, repo, &["--replace-all", RECORD, BACKUPS])?;
    steps.push(set(RECORD, Some(BACKUPS.into())));
    run(machine, repo, &["--add", KEY, BACKUPS])?;
    steps.push(set(KEY, Some(BACKUPS.into())));
    Ok(())
}

/// Takes away what [`hide`] has set, and leaves what others have hidden, be it the same.
pub(super) fn show(
    machine: &Machine,
    repo: &Repository,
    steps: &mut Vec<Step>,
) -> Result<(), InstallError> {
    if value(machine, &repo.root, Scope::Local, RECORD)?.is_none() {
        return Ok(());
    }
    let times = times_hidden(machine, repo)?;
    if times > 0 {
        run(
            machine,
            repo,
            &["--unset-all", KEY, &format!("^{BACKUPS}$")],
        )?;
        // Git cannot take away one of two that are the same.
        for _ in 1..times {
            run(machine, repo, &["--add", KEY, BACKUPS])?;
        }
        steps.push(set(KEY, None));
    }
    run(machine, repo, &["--unset-all", RECORD])?;
    steps.push(set(RECORD, None));
    Ok(())
}

fn set(key: &'static str, value: Option<Vec<u8>>) -> Step {
    Step::Set {
        scope: Scope::Local,
        key,
        value,
    }
}

fn times_hidden(machine: &Machine, repo: &Repository) -> Result<usize, InstallError> {
    let asked = machine.git(&repo.root);
    let listed = asked
        .args(["config", "--null", Scope::Local.option(), "--get-all", KEY])
        .optional()?
        .unwrap_or_default();
    Ok(listed
        .split(|byte| *byte == 0)
        .filter(|value| *value == BACKUPS.as_bytes())
        .count())
}

fn run(machine: &Machine, repo: &Repository, args: &[&str]) -> Result<(), InstallError> {
    let asked = machine.git(&repo.root);
    asked
        .args(["config", Scope::Local.option()])
        .args(args)
        .output()?;
    Ok(())
}
