//! Every object of a repository, reachable or not, each once.

use super::Oid;
use super::object::{Kind, Object};
use super::program::{GitError, Stream};
use super::reader::{ReadError, broken};
use super::repo::Repo;
use std::io::{BufRead as _, Read as _};

/// All objects of the repository and its alternates in the order in which they are stored, read by
/// one `git cat-file --batch-all-objects`. Objects that a partial clone has only been promised are
/// not among them.
pub struct AllObjects {
    stream: Option<Stream>,
}

/// How many objects there are, loose and packed, for progress; an estimate that counts duplicates.
#[must_use]
pub fn count_objects(repo: &Repo) -> Option<u64> {
    let told = repo.git(["count-objects", "-v"]).output().ok()?;
    let told = String::from_utf8(told).ok()?;
    let number = |key: &str| {
        told.lines()
            .find_map(|line| line.strip_prefix(key)?.trim().parse::<u64>().ok())
    };
    Some(number("count:")? + number("in-pack:")?)
}

/// An object that could not be read, or all that would have come after.
#[derive(Debug)]
pub struct BrokenObject {
    /// Which one, where that is known.
    pub oid: Option<Oid>,
    /// Why.
    pub error: ReadError,
}

impl AllObjects {
    /// Starts reading.
    ///
    /// # Errors
    /// When `git` cannot be started.
    pub fn start(repo: &Repo) -> Result<Self, GitError> {
        let options = ["--batch-all-objects", "--batch", "--unordered", "--buffer"];
        let mut stream = repo.git(["cat-file"]).args(options).stream()?;
        stream.stdin = None;
        Ok(Self {
            stream: Some(stream),
        })
    }

    fn end(&mut self) -> Option<Result<(Oid, Object), BrokenObject>> {
        let error = self.stream.take()?.finish().err()?;
        Some(Err(BrokenObject {
            oid: None,
            error: broken(error),
        }))
    }
}

/// Ends with an error where Git cannot go on; what comes after that was not read.
impl Iterator for AllObjects {
    type Item = Result<(Oid, Object), BrokenObject>;

    fn next(&mut self) -> Option<Self::Item> {
        let fail = |oid, error| Some(Err(BrokenObject { oid, error }));
        let stream = self.stream.as_mut()?;
        let mut line = Vec::new();
        match stream.stdout.read_until(b'\n', &mut line) {
            Ok(0) => return self.end(),
            Ok(_) => {}
            Err(error) => return fail(None, broken(error)),
        }
        let mut words = line.trim_ascii_end().split(|byte| *byte == b' ');
        let oid = words.next().and_then(|hex| Oid::parse(hex).ok().flatten());
        let kind = words.next().and_then(Kind::of);
        let size = words
            .next()
            .and_then(|word| std::str::from_utf8(word).ok()?.parse::<usize>().ok());
        let (Some(oid), Some(kind), Some(size)) = (oid, kind, size) else {
            return fail(oid, broken("git cat-file could not read it"));
        };
        // Grown as it is read: a size that lies costs no memory.
        let mut data = Vec::with_capacity(size.min(1 << 26));
        let read = (&mut stream.stdout)
            .take(size as u64)
            .read_to_end(&mut data);
        let whole = read.is_ok_and(|read| read == size);
        if !whole || stream.stdout.read_exact(&mut [0]).is_err() {
            self.stream = None;
            return fail(Some(oid), broken("git cat-file ended in the middle of it"));
        }
        Some(Ok((oid, Object { kind, data })))
    }
}
