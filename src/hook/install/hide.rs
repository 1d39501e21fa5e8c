//! Keeps the old tips that a server keeps (`server.backups`) from its clients: they are there for
//! whoever runs the server, and may hold what a rewrite was to take out.

use super::machine::{Machine, Repository, Scope};
use super::{InstallError, Step};

const KEY: &str = "transfer.hideRefs";
/// Not all of `refs/portcullis`: approvals are pushed.
const BACKUPS: &str = "refs/portcullis/backup";

/// Sets it in the repository, once.
pub(super) fn hide(
    machine: &Machine,
    repo: &Repository,
    steps: &mut Vec<Step>,
) -> Result<(), InstallError> {
    if is_hidden(machine, repo)? {
        return Ok(());
    }
    run(machine, repo, &["--add", KEY, BACKUPS])?;
    steps.push(set(Some(BACKUPS.into())));
    Ok(())
}

/// Takes it away again, and leaves what else is hidden.
pub(super) fn show(
    machine: &Machine,
    repo: &Repository,
    steps: &mut Vec<Step>,
) -> Result<(), InstallError> {
    if is_hidden(machine, repo)? {
        run(
            machine,
            repo,
            &["--unset-all", KEY, &format!("^{BACKUPS}$")],
        )?;
        steps.push(set(None));
    }
    Ok(())
}

fn set(value: Option<Vec<u8>>) -> Step {
    Step::Set {
        scope: Scope::Local,
        key: KEY,
        value,
    }
}

fn is_hidden(machine: &Machine, repo: &Repository) -> Result<bool, InstallError> {
    let asked = machine.git(&repo.root);
    let listed = asked
        .args(["config", "--null", Scope::Local.option(), "--get-all", KEY])
        .optional()?
        .unwrap_or_default();
    Ok(listed
        .split(|byte| *byte == 0)
        .any(|value| value == BACKUPS.as_bytes()))
}

fn run(machine: &Machine, repo: &Repository, args: &[&str]) -> Result<(), InstallError> {
    let asked = machine.git(&repo.root);
    asked
        .args(["config", Scope::Local.option()])
        .args(args)
        .output()?;
    Ok(())
}
