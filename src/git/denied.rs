//! What Git itself refuses once the hooks have let it pass: `receive.deny*` of git-config(1). Git goes
//! by the name that is pushed, whatever that stands for.

use super::{RefName, Repo};

/// The key by which Git would not delete a branch; none where it will do it, or where the repository is
/// a clone that somebody works in and not where a push arrives.
#[must_use]
pub fn key_against_deletion(repo: &Repo, name: &RefName) -> Option<&'static str> {
    if !is_asked(repo, name) {
        return None;
    }
    let (any, current) = ("receive.denyDeletes", "receive.denyDeleteCurrent");
    if is_set(repo, any) {
        return Some(any);
    }
    // With nothing said it is refused. What is no word of its own is a boolean, and another file may
    // have a word, of which `git config` would not make one.
    let words: [&[u8]; 6] = [b"ignore", b"warn", b"false", b"no", b"off", b"0"];
    let lets = value(repo, current, &[]).is_some_and(|value| words.contains(&&value[..]));
    // `HEAD` is that of the whole repository, and may stand for a symbolic ref in its turn.
    let head = repo
        .head_branch()
        .filter(|_| !lets && repo.namespace().is_empty())?;
    (repo.written_by(&head).ok()?.last()? == name).then_some(current)
}

/// The key by which Git would not rewind or replace a branch; none as above.
#[must_use]
pub fn key_against_rewind(repo: &Repo, name: &RefName) -> Option<&'static str> {
    let key = "receive.denyNonFastForwards";
    (is_asked(repo, name) && is_set(repo, key)).then_some(key)
}

fn is_asked(repo: &Repo, name: &RefName) -> bool {
    name.is_branch() && repo.work_tree().is_none()
}

fn is_set(repo: &Repo, key: &str) -> bool {
    value(repo, key, &["--type=bool"]).is_some_and(|value| value == b"true")
}

fn value(repo: &Repo, key: &str, kind: &[&str]) -> Option<Vec<u8>> {
    let run = repo.git(["config"]).args(kind.iter().copied());
    let value = run.args(["--get", key]).optional().ok().flatten()?;
    Some(value.trim_ascii_end().to_ascii_lowercase())
}
