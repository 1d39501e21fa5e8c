//! Two readers of objects and refs behind one face: `git2` in process, and the `git` program for
//! the repositories that `git2` cannot open (SHA-256, reftable, partial clones and others).

use super::object::{Kind, Object};
use super::program::{Git, GitError, Stream};
use super::{Oid, RefName};
use std::collections::BTreeMap;
use std::io::{BufRead as _, Read as _, Write as _};

/// Why an object could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is not in this repository; nothing is fetched.
    #[error("the object is missing from this repository (nothing is fetched)")]
    Missing,
    /// It is there and makes no sense.
    #[error("the object cannot be read: {0}")]
    Broken(String),
}

/// Which reader answers.
pub(super) enum Reader {
    Library(git2::Repository),
    Program(Program),
}

/// How to run `git` in the repository with some arguments.
type Run = Box<dyn Fn(&[&str]) -> Git + Send>;

/// Reads through `git cat-file --batch` and `git for-each-ref`.
pub(super) struct Program {
    run: Run,
    batch: Option<Stream>,
    refs: Option<BTreeMap<RefName, Oid>>,
}

impl Program {
    /// Of how to run `git` in the repository.
    pub(super) fn new(run: impl Fn(&[&str]) -> Git + Send + 'static) -> Self {
        Self {
            run: Box::new(run),
            batch: None,
            refs: None,
        }
    }

    fn read(&mut self, oid: Oid) -> Result<Object, ReadError> {
        let answer = self.ask(oid);
        if matches!(answer, Err(ReadError::Broken(_))) {
            // The process may have ended over it, or stand in the middle of an answer.
            self.batch = None;
        }
        answer
    }

    fn ask(&mut self, oid: Oid) -> Result<Object, ReadError> {
        if self.batch.is_none() {
            let started = (self.run)(&["cat-file", "--batch"]).stream();
            self.batch = Some(started.map_err(broken)?);
        }
        let batch = self.batch.as_mut().ok_or(ReadError::Missing)?;
        let stdin = batch.stdin.as_mut().ok_or(ReadError::Missing)?;
        writeln!(stdin, "{oid}")
            .and_then(|()| stdin.flush())
            .map_err(broken)?;
        let mut line = Vec::new();
        batch.stdout.read_until(b'\n', &mut line).map_err(broken)?;
        let mut words = line.trim_ascii_end().split(|byte| *byte == b' ').skip(1);
        let kind = match words.next() {
            Some(b"missing") => return Err(ReadError::Missing),
            Some(word) => Kind::of(word).ok_or_else(|| broken("unknown kind of object"))?,
            None => return Err(broken("git cat-file ended over it")),
        };
        let size: usize = words
            .next()
            .and_then(|word| std::str::from_utf8(word).ok()?.parse().ok())
            .ok_or_else(|| broken("git cat-file gave no size"))?;
        let mut data = vec![0; size];
        batch.stdout.read_exact(&mut data).map_err(broken)?;
        batch.stdout.read_exact(&mut [0]).map_err(broken)?;
        Ok(Object { kind, data })
    }

    fn refs(&mut self) -> Result<&BTreeMap<RefName, Oid>, GitError> {
        if self.refs.is_none() {
            let listed =
                (self.run)(&["for-each-ref", "--format=%(objectname) %(refname)"]).output()?;
            let refs = listed.split(|byte| *byte == b'\n').filter_map(|line| {
                let space = memchr::memchr(b' ', line)?;
                let oid = Oid::parse(&line[..space]).ok().flatten()?;
                Some((RefName::new(&line[space + 1..]).ok()?, oid))
            });
            self.refs = Some(refs.collect());
        }
        Ok(self.refs.get_or_insert_default())
    }
}

pub(super) fn broken(why: impl std::fmt::Display) -> ReadError {
    ReadError::Broken(super::escape(why.to_string().as_bytes()))
}

impl Reader {
    pub(super) fn read(&mut self, oid: Oid) -> Result<Object, ReadError> {
        match self {
            Self::Library(repo) => library_read(repo, oid),
            Self::Program(program) => program.read(oid),
        }
    }

    /// Whether the object is there, without reading it.
    pub(super) fn has(&mut self, oid: Oid) -> bool {
        match self {
            Self::Library(repo) => repo
                .odb()
                .is_ok_and(|odb| raw_oid(oid).is_some_and(|id| odb.exists(id))),
            Self::Program(program) => program.read(oid).is_ok(),
        }
    }

    /// The object that a ref or `HEAD` names, symbolic refs followed.
    pub(super) fn resolve(&mut self, name: &[u8]) -> Result<Option<Oid>, ReadError> {
        match self {
            Self::Library(repo) => {
                let Ok(name) = std::str::from_utf8(name) else {
                    return library_resolve_bytes(repo, name);
                };
                match repo.refname_to_id(name) {
                    Ok(id) => Ok(Oid::from_raw(id.as_bytes())),
                    Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
                    Err(error) => Err(broken(error.message())),
                }
            }
            Self::Program(program) if name == b"HEAD" => {
                let asked = (program.run)(&["rev-parse", "--verify", "--quiet", "HEAD"]);
                let answer = asked.optional().map_err(broken)?;
                Ok(answer.and_then(|hex| Oid::parse(hex.trim_ascii_end()).ok().flatten()))
            }
            Self::Program(program) => {
                let Ok(name) = RefName::new(name) else {
                    return Ok(None);
                };
                Ok(program.refs().map_err(broken)?.get(&name).copied())
            }
        }
    }

    /// The name that a symbolic ref holds, whether there is a ref of that name or not.
    pub(super) fn symbolic_target(&mut self, name: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        match self {
            Self::Library(repo) => library_symbolic_target(repo, name),
            Self::Program(program) => {
                // A list of refs leaves out those that stand for nothing yet.
                let asked = (program.run)(&["symbolic-ref", "--quiet"])
                    .args([super::program::os_path(name)])
                    .optional();
                let answer = asked.map_err(broken)?;
                Ok(answer.map(|line| line.trim_ascii_end().to_vec()))
            }
        }
    }

    /// All refs below `refs/` with what they name.
    pub(super) fn refs(&mut self) -> Result<Vec<(RefName, Oid)>, ReadError> {
        match self {
            Self::Library(repo) => library_refs(repo),
            Self::Program(program) => {
                let refs = program.refs().map_err(broken)?;
                Ok(refs
                    .iter()
                    .map(|(name, oid)| (name.clone(), *oid))
                    .collect())
            }
        }
    }
}

fn raw_oid(oid: Oid) -> Option<git2::Oid> {
    git2::Oid::from_bytes(oid.as_raw()).ok()
}

fn library_read(repo: &git2::Repository, oid: Oid) -> Result<Object, ReadError> {
    if let Some(read) = loose(repo, oid) {
        return read;
    }
    let id = raw_oid(oid).ok_or(ReadError::Missing)?;
    let odb = repo.odb().map_err(|error| broken(error.message()))?;
    let object = odb.read(id).map_err(|error| {
        if error.code() == git2::ErrorCode::NotFound {
            ReadError::Missing
        } else {
            broken(error.message())
        }
    })?;
    let kind = match object.kind() {
        git2::ObjectType::Blob => Kind::Blob,
        git2::ObjectType::Tree => Kind::Tree,
        git2::ObjectType::Commit => Kind::Commit,
        git2::ObjectType::Tag => Kind::Tag,
        git2::ObjectType::Any => return Err(broken("unknown kind of object")),
    };
    Ok(Object {
        kind,
        data: object.data().to_vec(),
    })
}

fn library_symbolic_target(
    repo: &git2::Repository,
    name: &[u8],
) -> Result<Option<Vec<u8>>, ReadError> {
    let fail = |error: git2::Error| broken(error.message());
    let target = |found: &git2::Reference<'_>| found.symbolic_target_bytes().map(<[u8]>::to_vec);
    let Ok(name) = std::str::from_utf8(name) else {
        for reference in repo.references().map_err(fail)? {
            let reference = reference.map_err(fail)?;
            if reference.name_bytes() == name {
                return Ok(target(&reference));
            }
        }
        return Ok(None);
    };
    match repo.find_reference(name) {
        Ok(found) => Ok(target(&found)),
        Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
        Err(error) => Err(fail(error)),
    }
}

/// An object in a file of its own; `None` where there is no such file.
///
/// libgit2 1.9 never comes back from such a file that ends too early, so it is not asked.
fn loose(repo: &git2::Repository, oid: Oid) -> Option<Result<Object, ReadError>> {
    let hex = oid.to_string();
    let quarantine = std::env::var_os("GIT_OBJECT_DIRECTORY").map(std::path::PathBuf::from);
    let stores = [quarantine, Some(repo.commondir().join("objects"))];
    let stored = stores.into_iter().flatten().find_map(|store| {
        match std::fs::read(store.join(&hex[..2]).join(&hex[2..])) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            read => Some(read),
        }
    })?;
    Some(stored.map_err(broken).and_then(|stored| inflated(&stored)))
}

/// `KIND SIZE NUL CONTENT`, deflated.
fn inflated(stored: &[u8]) -> Result<Object, ReadError> {
    /// Deflate makes at most this many bytes of one.
    const MOST: usize = 1032;
    let mut stream = std::io::BufReader::new(flate2::bufread::ZlibDecoder::new(stored));
    let mut header = Vec::new();
    let odd = || broken("its header makes no sense");
    (&mut stream)
        .take(64)
        .read_until(0, &mut header)
        .map_err(broken)?;
    let header = header.strip_suffix(&[0]).ok_or_else(odd)?;
    let space = memchr::memchr(b' ', header).ok_or_else(odd)?;
    let kind = Kind::of(&header[..space]).ok_or_else(odd)?;
    let size = std::str::from_utf8(&header[space + 1..]).map_err(broken)?;
    let size: usize = size.parse().map_err(broken)?;
    if size / MOST > stored.len() {
        return Err(broken("its file ends too early"));
    }
    let mut data = Vec::with_capacity(size);
    // One byte more than it says would be another lie.
    let limit = size as u64 + 1;
    stream.take(limit).read_to_end(&mut data).map_err(broken)?;
    if data.len() == size {
        Ok(Object { kind, data })
    } else {
        Err(broken("its file ends too early"))
    }
}

/// A name that is not UTF-8 can only be found by listing.
fn library_resolve_bytes(repo: &git2::Repository, name: &[u8]) -> Result<Option<Oid>, ReadError> {
    let all = library_refs(repo)?;
    Ok(all
        .into_iter()
        .find_map(|(known, oid)| (known.as_bytes() == name).then_some(oid)))
}

fn library_refs(repo: &git2::Repository) -> Result<Vec<(RefName, Oid)>, ReadError> {
    let fail = |error: git2::Error| broken(error.message());
    let mut refs = Vec::new();
    for reference in repo.references().map_err(fail)? {
        let reference = reference.map_err(fail)?;
        // Only a symbolic one has to be looked up again; where its target is gone, it names nothing.
        let target = reference.target();
        let target = target.or_else(|| reference.resolve().ok()?.target());
        if let (Ok(name), Some(id)) = (RefName::new(reference.name_bytes()), target)
            && let Some(oid) = Oid::from_raw(id.as_bytes())
        {
            refs.push((name, oid));
        }
    }
    Ok(refs)
}
