//! What may be forgotten: files in the Git directory that only spare work. Whatever is wrong with
//! one, it is as if it were not there.
//!
//! What such a file says is not looked at again, so nobody else may have written it: a repository comes
//! from others as a folder too, and several may write to one. Each ends with a digest that takes a key
//! of the user's own, which is in no repository.

use super::Repo;
use sha2::{Digest, Sha256};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// The folder in the Git directory that all worktrees share.
const FOLDER: &str = "portcullis";

/// The length of the digest at the end of a file, and of the key.
const DIGEST: usize = 32;

/// The file with the key, in the folder for caches of the user.
const KEY: &str = "portcullis/key";

/// What was kept under a name, if it is whole.
#[must_use]
pub fn read_cache(repo: &Repo, name: &str) -> Option<Vec<u8>> {
    let mut bytes = std::fs::read(path(repo, name)).ok()?;
    let length = bytes.len().checked_sub(DIGEST)?;
    let key = key_in(&user_folder()?).ok()?;
    if digest(&key, &bytes[..length])[..] != bytes[length..] {
        return None;
    }
    bytes.truncate(length);
    Some(bytes)
}

/// Keeps bytes under a name, in place of what was there; whoever reads meanwhile has the one or the
/// other. Nothing is kept where nothing can be written.
pub fn write_cache(repo: &Repo, name: &str, bytes: &[u8]) {
    let path = path(repo, name);
    let Some(folder) = path.parent() else { return };
    let Some(Ok(key)) = user_folder().map(|folder| key_in(&folder)) else {
        return;
    };
    let written = std::fs::create_dir_all(folder).and_then(|()| {
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(bytes)?;
        file.write_all(&digest(&key, bytes))?;
        file.persist(&path)?;
        Ok(())
    });
    // A cache that cannot be kept is none: the next run does the work again.
    drop(written);
}

fn path(repo: &Repo, name: &str) -> PathBuf {
    repo.common_dir().join(FOLDER).join(name)
}

/// Of bytes, by nobody who does not have the key: two rounds, as in HMAC (RFC 2104), since more could be
/// put behind the bytes of a single one.
fn digest(key: &[u8; DIGEST], bytes: &[u8]) -> [u8; DIGEST] {
    let round = |bytes: &[u8]| Sha256::new_with_prefix(key).chain_update(bytes).finalize();
    round(&round(bytes)).into()
}

/// Where caches of this user are (XDG Base Directory Specification; `%LOCALAPPDATA%` on Windows).
fn user_folder() -> Option<PathBuf> {
    let folder = |name: &str| {
        let path = std::env::var_os(name).map(PathBuf::from);
        path.filter(|path| path.is_absolute())
    };
    folder("XDG_CACHE_HOME")
        .or_else(|| folder("LOCALAPPDATA"))
        .or_else(|| Some(folder("HOME")?.join(".cache")))
}

/// The key, made where there is none.
fn key_in(folder: &Path) -> io::Result<[u8; DIGEST]> {
    let path = folder.join(KEY);
    let read = || -> io::Result<[u8; DIGEST]> {
        let key = std::fs::read(&path)?;
        key.try_into()
            .map_err(|_| io::ErrorKind::InvalidData.into())
    };
    match read() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        known => return known,
    }
    let mut key = [0; DIGEST];
    getrandom::fill(&mut key).map_err(io::Error::other)?;
    let folder = path.parent().unwrap_or(folder);
    std::fs::create_dir_all(folder)?;
    // For this user alone, as temporary files are.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(&key)?;
    match file.persist_noclobber(&path) {
        Ok(_) => Ok(key),
        // Somebody was faster.
        Err(_) => read(),
    }
}
