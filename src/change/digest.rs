//! What identifies a change, wherever in a history it is made: a digest that a rebase keeps and
//! every edit breaks.
//!
//! It is SHA-256 over every path that differs, with the modes of both sides, and
//! - for a text that is changed: its hunks, with three lines of context, as `git diff` finds them,
//!   every byte counting and no line number, but for each hunk the how manieth place in the old text
//!   it is that looks like this, and of how many;
//! - for all else (a file that comes or goes, a binary one, a symbolic link, a submodule, a text of
//!   more than 1 MiB or 1000 hunks): the object ids of both sides.
//!
//! `git patch-id` is no such thing: it passes over white space and over what is in binary files, and
//! does not know at which of several like places a hunk goes in.

use crate::git::{Difference, Entry, Hunk, Kind, Mode, Oid, ReadError, Repo, differences, hunks};
use sha2::{Digest as _, Sha256};
use std::fmt;

/// Above so many paths nothing is compared.
const MOST_PATHS: usize = 1 << 19;
/// Texts above this many bytes are told apart by their object ids.
const LONGEST_TEXT: usize = 1 << 20;
/// So are those with more hunks.
const MOST_HUNKS: usize = 1000;
/// A hunk that could go in at more places than this.
const MOST_PLACES: usize = 1000;

/// Identifies a change: from what to what, not from when or by whom.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChangeId([u8; 32]);

impl ChangeId {
    /// From 64 hexadecimal digits, small ones.
    #[must_use]
    pub fn parse(hex: &[u8]) -> Option<Self> {
        let small = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if hex.len() != 64 || !hex.iter().all(small) {
            return None;
        }
        let digit = |byte: u8| {
            char::from(byte)
                .to_digit(16)
                .and_then(|d| u8::try_from(d).ok())
        };
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(hex.chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for ChangeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ChangeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A change of a tree.
#[derive(Clone, Debug)]
pub struct Made {
    /// What identifies it.
    pub id: ChangeId,
    /// All paths that it touches, sorted; both of a rename.
    pub paths: Vec<crate::git::RepoPath>,
}

/// What the change is that turns one tree into another; no tree is an empty one.
///
/// A change of nothing is identified by the tree that it leaves as it is, so that nobody can say
/// yes to one of them and have said it to all.
///
/// # Errors
/// When something of it cannot be read, or `go_on` says no before its end.
pub fn made(
    repo: &Repo,
    old: Option<Oid>,
    new: Option<Oid>,
    go_on: &dyn Fn() -> bool,
) -> Result<Made, ReadError> {
    let found = differences(repo, old, new, MOST_PATHS, go_on)?;
    let mut hash = Hash::new();
    for difference in &found {
        if !go_on() {
            return Err(ReadError::Broken("there was no time to read it".to_owned()));
        }
        hash.difference(repo, difference)?;
    }
    if found.is_empty() {
        hash.bytes(b"nothing");
        hash.bytes(new.as_ref().map_or(&[], Oid::as_raw));
    }
    Ok(Made {
        id: hash.end(),
        paths: found.into_iter().map(|found| found.path).collect(),
    })
}

/// A hash over parts that each say how long they are.
struct Hash(Sha256);

impl Hash {
    fn new() -> Self {
        let mut hash = Self(Sha256::new());
        hash.bytes(b"portcullis change 1");
        hash
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len());
        self.0.update(bytes);
    }

    fn number(&mut self, number: usize) {
        self.0.update((number as u64).to_be_bytes());
    }

    fn end(self) -> ChangeId {
        ChangeId(self.0.finalize().into())
    }

    fn difference(&mut self, repo: &Repo, found: &Difference) -> Result<(), ReadError> {
        self.bytes(found.path.as_bytes());
        for entry in [found.old, found.new] {
            self.bytes(&[entry.map_or(b'-', |(mode, _)| letter(mode))]);
        }
        match (found.old, found.new) {
            // Only the mode: whatever the content is, it stays.
            (Some((_, old)), Some((_, new))) if old == new => self.bytes(b"same"),
            (Some(old), Some(new)) if is_file(old) && is_file(new) => {
                let (was, is) = (read(repo, old)?, read(repo, new)?);
                match text_hunks(&was, &is)? {
                    Some(hunks) => self.hunks(&was, &hunks),
                    None => self.ids(found),
                }
            }
            (Some(_) | None, Some(_) | None) => self.ids(found),
        }
        Ok(())
    }

    fn ids(&mut self, found: &Difference) {
        self.bytes(b"objects");
        for entry in [found.old, found.new] {
            self.bytes(entry.as_ref().map_or(&[], |(_, oid)| oid.as_raw()));
        }
    }

    fn hunks(&mut self, old: &[u8], hunks: &[Hunk]) {
        self.bytes(b"hunks");
        self.number(hunks.len());
        let starts: Vec<usize> = std::iter::once(0)
            .chain(memchr::memchr_iter(b'\n', old).map(|at| at + 1))
            .collect();
        for hunk in hunks {
            let (at, of) = place(old, &starts, hunk);
            self.number(at);
            self.number(of);
            self.number(hunk.lines.len());
            for (origin, text) in &hunk.lines {
                self.bytes(origin.encode_utf8(&mut [0; 4]).as_bytes());
                self.bytes(text);
            }
        }
    }
}

fn letter(mode: Mode) -> u8 {
    match mode {
        Mode::File => b'f',
        Mode::Executable => b'x',
        Mode::Symlink => b'l',
        Mode::Gitlink => b'm',
        Mode::Tree => b't',
    }
}

fn is_file((mode, _): Entry) -> bool {
    matches!(mode, Mode::File | Mode::Executable)
}

fn read(repo: &Repo, (_, oid): Entry) -> Result<Vec<u8>, ReadError> {
    repo.read_as(Kind::Blob, oid)
}

/// The hunks, where both sides are texts that are worth comparing.
fn text_hunks(old: &[u8], new: &[u8]) -> Result<Option<Vec<Hunk>>, ReadError> {
    let text = |bytes: &[u8]| bytes.len() <= LONGEST_TEXT && memchr::memchr(0, bytes).is_none();
    if !text(old) || !text(new) {
        return Ok(None);
    }
    let hunks = hunks(old, new)?;
    Ok((hunks.len() <= MOST_HUNKS).then_some(hunks))
}

/// Which of the places it is, in their order, that hold the old lines of a hunk, and how many there
/// are: the lines of a hunk without their numbers would say "here" of each of them.
fn place(old: &[u8], starts: &[usize], hunk: &Hunk) -> (usize, usize) {
    let lines = hunk.lines.iter();
    let before: Vec<u8> = lines
        .filter(|(origin, _)| matches!(origin, ' ' | '-'))
        .flat_map(|(_, text)| text.iter().copied())
        .collect();
    let here = starts.get(hunk.line).copied().unwrap_or(old.len());
    if before.is_empty() {
        return (0, 0);
    }
    let (mut at, mut of, mut from) = (0, 0, 0);
    while let Some(found) = memchr::memmem::find(&old[from..], &before) {
        let found = from + found;
        from = found + 1;
        if found != 0 && old[found - 1] != b'\n' {
            continue;
        }
        if of == MOST_PLACES {
            // Beyond that its number has to do.
            return (hunk.line, MOST_PLACES + 1);
        }
        if found <= here {
            at += 1;
        }
        of += 1;
    }
    (at, of)
}

#[cfg(test)]
mod tests;
