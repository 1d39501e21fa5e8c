//! What Git would make of words: of a message in an editor, of who commits, of `.gitmodules`.

use super::caller::editor_is_used;
use super::object::person;
use super::program::GitError;
use super::reader::{ReadError, broken};
use super::{Oid, Repo};
use std::collections::BTreeMap;

/// The message that Git would store of a draft, by `commit.cleanup` and `core.commentChar`
/// (git-commit(1), `--cleanup`). Where the option was given on the command line instead, nobody says
/// so; then it is taken for the default.
///
/// # Errors
/// When the configuration cannot be read.
pub fn stored_message(repo: &Repo, draft: &[u8]) -> Result<Vec<u8>, ReadError> {
    let asked = [
        "config",
        "--null",
        "--get-regexp",
        r"^(commit\.cleanup|core\.comment(char|string))$",
    ];
    let listed = repo.git(asked).optional().map_err(broken)?;
    let listed = listed.unwrap_or_default();
    let value = |keys: &[&[u8]]| {
        let mut pairs = listed.split(|byte| *byte == 0).filter_map(|entry| {
            let end = memchr::memchr(b'\n', entry)?;
            keys.contains(&&entry[..end]).then_some(&entry[end + 1..])
        });
        pairs.next_back()
    };
    let comment = value(&[b"core.commentchar", b"core.commentstring"]).unwrap_or(b"#");
    let comments = match value(&[b"commit.cleanup"]) {
        Some(b"verbatim") => return Ok(draft.to_vec()),
        Some(b"whitespace" | b"scissors") => None,
        Some(b"strip") => Some(comment),
        Some(_) | None => editor_is_used().then_some(comment),
    };
    Ok(tidied(draft, comments))
}

/// Without lines that begin with `comment`, white space at the ends of lines, empty lines at both
/// ends, and more than one empty line in a row.
fn tidied(draft: &[u8], comment: Option<&[u8]>) -> Vec<u8> {
    // "auto": Git takes the first of these that begins no line, and its own comments stand last.
    let automatic = |lines: &[&[u8]]| {
        let last = lines.iter().rev().find_map(|line| line.first());
        last.filter(|first| b"#;@!$%^&|:".contains(first)).copied()
    };
    let lines: Vec<&[u8]> = draft.split(|byte| *byte == b'\n').collect();
    let comment = match comment {
        Some(b"auto") => automatic(&lines).map(|byte| vec![byte]),
        Some(text) => Some(text.to_vec()),
        None => None,
    };
    let mut kept = Vec::with_capacity(draft.len());
    let mut empty = false;
    for line in lines {
        if comment.as_ref().is_some_and(|text| line.starts_with(text)) {
            continue;
        }
        let line = line.trim_ascii_end();
        if line.is_empty() {
            empty = true;
            continue;
        }
        if empty && !kept.is_empty() {
            kept.push(b'\n');
        }
        empty = false;
        kept.extend_from_slice(line);
        kept.push(b'\n');
    }
    kept
}

/// Author and committer of the commit that is being made, each `Name <address>`.
///
/// # Errors
/// When Git does not know them.
pub fn people(repo: &Repo) -> Result<(Vec<u8>, Vec<u8>), GitError> {
    let ask = |name: &str| {
        let line = repo.git(["var", name]).output()?;
        Ok(person(line.trim_ascii_end()).0.to_vec())
    };
    Ok((ask("GIT_AUTHOR_IDENT")?, ask("GIT_COMMITTER_IDENT")?))
}

/// What a file `.gitmodules` says of one submodule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Submodule {
    /// Where it stands; empty where it does not say.
    pub path: Vec<u8>,
    /// Every address that it is given; Git takes the last one.
    pub urls: Vec<Vec<u8>>,
}

/// Reads a blob as `.gitmodules`, by Git itself: one entry for each name.
///
/// # Errors
/// When it is no configuration that Git can read.
pub fn submodules(repo: &Repo, blob: Oid) -> Result<Vec<Submodule>, GitError> {
    let blob = format!("--blob={blob}");
    // Asked for some keys alone, Git says of a broken file that it has none of them.
    let listed = repo.git(["config", &blob, "--null", "--list"]).output()?;
    let mut found: BTreeMap<Vec<u8>, Submodule> = BTreeMap::new();
    for entry in listed.split(|byte| *byte == 0) {
        let end = memchr::memchr(b'\n', entry).unwrap_or(entry.len());
        let (key, value) = (&entry[..end], entry.get(end + 1..).unwrap_or_default());
        let Some(dot) = memchr::memrchr(b'.', key).filter(|_| key.starts_with(b"submodule."))
        else {
            continue;
        };
        let module = found.entry(key[..dot].to_vec()).or_default();
        match &key[dot..] {
            b".url" => module.urls.push(value.to_vec()),
            b".path" => module.path = value.to_vec(),
            _ => {}
        }
    }
    Ok(found.into_values().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_tidied_as_git_does() {
        for (draft, comment, kept) in [
            ("\n\nfeat: a  \n\n\n\nb\n\n", None, "feat: a\n\nb\n"),
            ("feat: a\n# x\nb", Some("#"), "feat: a\nb\n"),
            ("feat: a\n# x\n", None, "feat: a\n# x\n"),
            ("feat: a\n\n; x\n#1\n; y\n", Some("auto"), "feat: a\n\n#1\n"),
            ("# only\n\n", Some("#"), ""),
            ("a\n// x\n/ y\n", Some("//"), "a\n/ y\n"),
        ] {
            let tidied = tidied(draft.as_bytes(), comment.map(str::as_bytes));
            assert_eq!(tidied, kept.as_bytes(), "{draft:?}");
        }
    }
}
