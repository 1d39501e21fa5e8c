//! A file that comes in: where it will stand, how to read it, and what of it is new.

use super::disk::OnDisk;
use super::{By, Calm, Fresh, fresh_lines};
use crate::git::{Kind, LARGE, Large, Mode, Oid, Opener, ReadError, Repo, RepoPath};
use std::cell::{Cell, OnceCell};
use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::PathBuf;

/// Where the bytes of a file are.
#[derive(Clone)]
pub enum Stored<'a> {
    /// A blob of the repository.
    Blob(Oid),
    /// A file, or the target of a symbolic link, on disk.
    Disk(PathBuf, OnDisk),
    /// Here.
    Bytes(Vec<u8>),
    /// Here, and in the repository as this blob.
    Read(Oid, &'a [u8]),
    /// In the repository as this blob of so many bytes, to be read piece by piece.
    Large(Oid, u64, &'a dyn Opener),
}

/// What a content is built on, as the repository stores it.
#[derive(Clone, Copy, Debug)]
pub struct Base<'a> {
    /// Where the content differs from it: new bytes, and bytes that have another beside them on their line
    /// now. Sorted ranges that do not touch each other; an empty one where something was taken out
    /// that stood between the same bytes, or between lines.
    pub fresh: &'a [Range<usize>],
    /// What a look at it came to.
    pub calm: Calm,
}

/// A file that comes in, read when it is first asked for.
pub struct FileChange<'a> {
    /// Its path; `None` for a blob that nothing names.
    pub path: Option<RepoPath>,
    /// Whether `path` is the whole of it.
    pub naming: Naming,
    /// What it is.
    pub mode: Mode,
    /// What brings it in.
    pub by: By<'a>,
    /// What it is built on, where that was shown before.
    pub base: Option<Base<'a>>,
    /// What a look at it comes to, for those that are built on it; set by the check that looks.
    pub calm: Cell<Calm>,
    /// How many bytes of texts were looked at for it; set by the check that looks.
    pub scanned: Cell<u64>,
    stored: Stored<'a>,
    repo: Option<&'a Repo>,
    before: Vec<Oid>,
    bytes: OnceCell<Result<Vec<u8>, ReadError>>,
}

/// How much of a path is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// All of it, from the top.
    Whole,
    /// The last part: an entry of a tree that may stand anywhere.
    LastPart,
}

impl std::fmt::Debug for FileChange<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileChange")
            .field("path", &self.path)
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}

impl<'a> FileChange<'a> {
    /// A file without a history.
    #[must_use]
    pub fn new(path: Option<RepoPath>, stored: Stored<'a>) -> Self {
        Self {
            path,
            naming: Naming::Whole,
            mode: Mode::File,
            by: By::default(),
            base: None,
            calm: Cell::default(),
            scanned: Cell::default(),
            stored,
            repo: None,
            before: Vec::new(),
            bytes: OnceCell::new(),
        }
    }

    /// A blob of a repository that stood as `before` in the parents.
    #[must_use]
    pub fn in_repo(repo: &'a Repo, path: Option<RepoPath>, oid: Oid, before: Vec<Oid>) -> Self {
        Self {
            repo: Some(repo),
            before,
            ..Self::new(path, Stored::Blob(oid))
        }
    }

    /// A blob of a history that is too large to be held.
    #[must_use]
    pub fn large(repo: &'a Repo, blob: &Large<'a>) -> Self {
        Self {
            repo: Some(repo),
            ..Self::new(None, Stored::Large(blob.oid, blob.length, blob.at))
        }
    }

    /// Begins to read the content piece by piece, where it is too large to be held.
    #[must_use]
    pub fn pieces(&self) -> Option<io::Result<Box<dyn Read + '_>>> {
        match &self.stored {
            Stored::Large(_, _, at) => Some(at.open()),
            Stored::Disk(path, OnDisk::File) => {
                let length = path.metadata().ok()?.len();
                let open = || Ok(Box::new(File::open(path)?) as Box<dyn Read>);
                (length > LARGE).then(open)
            }
            Stored::Disk(_, OnDisk::Link)
            | Stored::Blob(_)
            | Stored::Bytes(_)
            | Stored::Read(..) => None,
        }
    }

    /// How many bytes it has, if that can be read.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        match &self.stored {
            Stored::Large(_, length, _) => Some(*length),
            // It was not held as a whole.
            Stored::Disk(path, OnDisk::File) if self.bytes.get().is_none() => {
                Some(path.metadata().ok()?.len())
            }
            Stored::Disk(..) | Stored::Blob(_) | Stored::Bytes(_) | Stored::Read(..) => {
                self.bytes().ok().map(|bytes| bytes.len() as u64)
            }
        }
    }

    /// The blob, where it is one.
    #[must_use]
    pub fn blob(&self) -> Option<Oid> {
        match self.stored {
            Stored::Blob(oid) | Stored::Read(oid, _) | Stored::Large(oid, ..) => Some(oid),
            Stored::Disk(..) | Stored::Bytes(_) => None,
        }
    }

    /// Whether it is an object that the repository has had for some time, not one that comes in.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        matches!(self.stored, Stored::Read(..) | Stored::Large(..))
            || self.naming == Naming::LastPart
    }

    /// Whether no parent has a file at this path.
    #[must_use]
    pub fn is_new_path(&self) -> bool {
        self.before.is_empty()
    }

    /// Whether a parent has these very bytes at this path: only the mode is new.
    #[must_use]
    pub fn is_old_content(&self) -> bool {
        self.blob().is_some_and(|oid| self.before.contains(&oid))
    }

    /// The whole content.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn bytes(&self) -> Result<&[u8], &ReadError> {
        match &self.stored {
            Stored::Bytes(bytes) => Ok(bytes),
            Stored::Read(_, bytes) => Ok(bytes),
            Stored::Blob(_) | Stored::Disk(..) | Stored::Large(..) => {
                let read = self.bytes.get_or_init(|| self.read());
                read.as_ref().map(Vec::as_slice)
            }
        }
    }

    fn read(&self) -> Result<Vec<u8>, ReadError> {
        match (&self.stored, self.repo) {
            (Stored::Blob(oid) | Stored::Large(oid, ..), Some(repo)) => {
                repo.read_as(Kind::Blob, *oid)
            }
            (Stored::Blob(_) | Stored::Large(..), None) => Err(ReadError::Missing),
            (Stored::Disk(path, what), _) => super::disk::read(path, *what),
            (Stored::Bytes(bytes), _) => Ok(bytes.clone()),
            (Stored::Read(_, bytes), _) => Ok(bytes.to_vec()),
        }
    }

    /// What the parents have at this path; a version that cannot be read is left out, and so makes
    /// nothing old.
    #[must_use]
    pub fn earlier(&self) -> Vec<Vec<u8>> {
        let read = |oid: &Oid| self.repo?.read_as(Kind::Blob, *oid).ok();
        self.before.iter().filter_map(read).collect()
    }

    /// What of the content is new, by its lines.
    #[must_use]
    pub fn fresh(&self) -> Fresh {
        match self.bytes() {
            Ok(bytes) => fresh_lines(bytes, &self.earlier()),
            Err(_) => Fresh::All,
        }
    }
}
