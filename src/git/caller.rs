//! What can be known of the `git` that called us, beyond what it says to every hook.

/// Git takes options cut short as long as they are no other; this is the shortest of `--amend`.
const SHORTEST: &[u8] = b"--am";

/// Whether the Git command that runs this hook was told to amend.
///
/// pre-commit is not told, and then a secret in the commit that is being replaced would pass for
/// old. Where the system shows the arguments of other processes (`/proc`), the nearest three
/// ancestors are looked at. The answer only ever widens what is examined.
#[must_use]
pub fn caller_amends() -> bool {
    let mut process = parent();
    for _ in 0..3 {
        let Some(id) = process else { return false };
        let arguments = std::fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
        if arguments
            .split(|byte| *byte == 0)
            .any(|word| word.len() >= SHORTEST.len() && b"--amend".starts_with(word))
        {
            return true;
        }
        process = parent_of(id);
    }
    false
}

/// Whether the message of the commit goes through an editor; Git tells a hook that none is used by
/// `GIT_EDITOR=:` (githooks(5), pre-commit).
#[must_use]
pub fn editor_is_used() -> bool {
    std::env::var_os("GIT_EDITOR").is_none_or(|editor| editor != ":")
}

#[cfg(unix)]
fn parent() -> Option<u32> {
    Some(std::os::unix::process::parent_id())
}

#[cfg(not(unix))]
fn parent() -> Option<u32> {
    None
}

/// The fourth field of `/proc/ID/stat`, after the name in parentheses (proc_pid_stat(5)).
fn parent_of(id: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let (_, after) = stat.rsplit_once(") ")?;
    after.split(' ').nth(1)?.parse().ok()
}
