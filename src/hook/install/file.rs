//! Hook files on disk: looked at as Git would, replaced whole or not at all.

use super::InstallError;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// What stands at the path of a hook.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Entry {
    Nothing,
    /// A file, with what is in it; behind a symbolic link, where `link` says so.
    File {
        bytes: Vec<u8>,
        runs: Runs,
        link: Link,
    },
    /// A symbolic link to nothing.
    Dangling,
    /// A directory or something stranger.
    Other,
}

/// Whether Git would run a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runs {
    /// It may be executed.
    Yes,
    /// It is not executable, so Git passes over it.
    No,
}

/// Whether the path is the file or leads to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    None,
    Symbolic,
}

/// Looks at a path.
pub(super) fn look(path: &Path) -> Result<Entry, InstallError> {
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if is_absent(&error) => return Ok(Entry::Nothing),
        Err(error) => return Err(InstallError::io("read", path, error)),
    };
    let link = if found.is_symlink() {
        Link::Symbolic
    } else {
        Link::None
    };
    let target = match fs::metadata(path) {
        Ok(target) => target,
        Err(_) if link == Link::Symbolic => return Ok(Entry::Dangling),
        Err(error) => return Err(InstallError::io("read", path, error)),
    };
    if !target.is_file() {
        return Ok(Entry::Other);
    }
    Ok(Entry::File {
        bytes: fs::read(path).map_err(|error| InstallError::io("read", path, error))?,
        runs: if executable(&target) {
            Runs::Yes
        } else {
            Runs::No
        },
        link,
    })
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

#[cfg(unix)]
fn executable(found: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    found.permissions().mode() & 0o111 != 0
}

#[cfg(not(unix))]
fn executable(_: &fs::Metadata) -> bool {
    true // Git for Windows asks for the shebang alone.
}

/// Whether a program can be started from this path.
pub(super) fn is_program(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| found.is_file() && executable(&found))
}

/// Writes a hook, executable for everyone whatever the umask says: a hook that the next user of a
/// shared repository may not execute is one that Git passes over.
pub(super) fn put(path: &Path, bytes: &[u8]) -> Result<(), InstallError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let written = tempfile::Builder::new()
        .prefix(".portcullis-")
        .tempfile_in(folder)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt as _;
                fs::set_permissions(file.path(), fs::Permissions::from_mode(0o755))?;
            }
            file.as_file().sync_all()?;
            Ok(file)
        });
    written
        .and_then(|file| file.persist(path).map_err(|error| error.error))
        .map(drop)
        .map_err(|error| InstallError::io("write", path, error))
}

/// Gives the file a second name, so that at no moment Git finds none at the first. A link stays a
/// link. Where the file system has no second names the file is renamed.
pub(super) fn keep(path: &Path, kept: &Path) -> Result<(), InstallError> {
    fs::hard_link(path, kept)
        .or_else(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Err(error),
            _ => fs::rename(path, kept),
        })
        .map_err(|error| InstallError::io("keep", path, error))
}

/// Puts a kept file back in place of what is there now.
pub(super) fn put_back(kept: &Path, path: &Path) -> Result<(), InstallError> {
    fs::rename(kept, path).map_err(|error| InstallError::io("put back", path, error))
}

/// Removes a file.
pub(super) fn remove(path: &Path) -> Result<(), InstallError> {
    fs::remove_file(path).map_err(|error| InstallError::io("remove", path, error))
}

/// Makes a directory and those above it. Like the hooks, it is open to everyone who may run them,
/// whatever the umask says; of the directories above it only the next one is.
pub(super) fn make_folder(path: &Path) -> Result<(), InstallError> {
    let made: Vec<&Path> = path
        .ancestors()
        .take(2)
        .take_while(|folder| !folder.exists())
        .collect();
    let open = |folder: &Path| {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(folder, fs::Permissions::from_mode(0o755))
        }
        #[cfg(not(unix))]
        {
            fs::metadata(folder).map(drop)
        }
    };
    fs::create_dir_all(path)
        .and_then(|()| made.into_iter().try_for_each(open))
        .map_err(|error| InstallError::io("make", path, error))
}

/// The directory and those above it, up to `top` and without it, as far as they are empty.
pub(super) fn remove_empty(path: &Path, top: &Path) {
    let mut folder: PathBuf = path.to_owned();
    // A directory that holds something refuses to go, which is all the question there is.
    while folder != top && folder.starts_with(top) && fs::remove_dir(&folder).is_ok() {
        if !folder.pop() {
            break;
        }
    }
}
