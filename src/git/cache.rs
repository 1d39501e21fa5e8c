//! What may be forgotten: files in the Git directory that only spare work. Whatever is wrong with
//! one, it is as if it were not there.

use super::Repo;
use sha2::{Digest, Sha256};
use std::io::Write as _;
use std::path::PathBuf;

/// The folder in the Git directory that all worktrees share.
const FOLDER: &str = "portcullis";

/// The length of the digest at the end of a file.
const DIGEST: usize = 32;

/// What was kept under a name, if it is whole.
#[must_use]
pub fn read_cache(repo: &Repo, name: &str) -> Option<Vec<u8>> {
    let mut bytes = std::fs::read(path(repo, name)).ok()?;
    let length = bytes.len().checked_sub(DIGEST)?;
    if Sha256::digest(&bytes[..length])[..] != bytes[length..] {
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
    let written = std::fs::create_dir_all(folder).and_then(|()| {
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(bytes)?;
        file.write_all(&Sha256::digest(bytes))?;
        file.persist(&path)?;
        Ok(())
    });
    // A cache that cannot be kept is none: the next run does the work again.
    drop(written);
}

fn path(repo: &Repo, name: &str) -> PathBuf {
    repo.common_dir().join(FOLDER).join(name)
}
