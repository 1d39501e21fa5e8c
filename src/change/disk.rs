//! Files on disk: those of a worktree, and plain ones.

use super::Progress;
use super::{Change, FileChange, Sink, Stored, Unread};
use crate::git::{ReadError, Repo, RepoPath};
use std::fs::FileType;
use std::path::{Path, PathBuf};

/// What stands at a path on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDisk {
    /// A file.
    File,
    /// A symbolic link.
    Link,
}

impl OnDisk {
    /// `None` for what has no content: a directory, a pipe, a socket, a device.
    fn of(kind: FileType) -> Option<Self> {
        match (kind.is_file(), kind.is_symlink()) {
            (true, _) => Some(Self::File),
            (false, true) => Some(Self::Link),
            (false, false) => None,
        }
    }
}

/// Reads a file, or the target of a symbolic link as Git would store it.
pub(super) fn read(path: &Path, what: OnDisk) -> Result<Vec<u8>, ReadError> {
    let read = match what {
        OnDisk::File => std::fs::read(path),
        OnDisk::Link => std::fs::read_link(path).map(|to| to.into_os_string().into_encoded_bytes()),
    };
    read.map_err(|error| ReadError::Broken(error.to_string()))
}

/// Tracked and untracked files, not ignored ones, as they are on disk.
pub(super) fn visit_worktree(repo: &Repo, sink: &dyn Sink) {
    let Some(top) = repo.work_tree() else {
        return sink.unread(Unread::new("the worktree", "this repository has none"));
    };
    let options = [
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
        "--full-name",
        ":/",
    ];
    let listed = match repo.git(options).output() {
        Ok(listed) => listed,
        Err(error) => return sink.unread(Unread::new("the worktree", error)),
    };
    let mut paths: Vec<&[u8]> = listed
        .split(|byte| *byte == 0)
        .filter(|path| !path.is_empty())
        .collect();
    paths.sort_unstable();
    paths.dedup();
    let all = paths.len() as u64;
    for (done, path) in paths.into_iter().enumerate() {
        if !sink.go_on() {
            return;
        }
        let path = RepoPath::new(path);
        let at = top.join(path.to_os_path());
        match at.symlink_metadata() {
            Ok(found) => show(at, found.file_type(), path, sink),
            // Tracked, and deleted in the worktree.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => sink.unread(Unread::new(&path, error)),
        }
        sink.progress(Progress {
            objects: done as u64 + 1,
            bytes: 0,
            all,
        });
    }
}

/// Plain files and directories with all that is below them; the insides of Git directories are left
/// out, since what they hold is compressed and read by a scan of the repository.
pub(super) fn visit_files(paths: &[PathBuf], sink: &dyn Sink) {
    for path in paths {
        if let Err(error) = path.symlink_metadata() {
            sink.unread(Unread::new(path.display(), error));
            continue;
        }
        let mut walk = ignore::WalkBuilder::new(path);
        walk.standard_filters(false)
            .sort_by_file_name(std::cmp::Ord::cmp);
        for entry in walk.filter_entry(|entry| !is_git_dir(entry.path())).build() {
            if !sink.go_on() {
                return;
            }
            match entry {
                Ok(entry) => {
                    let Some(kind) = entry.file_type().filter(|kind| !kind.is_dir()) else {
                        continue;
                    };
                    let shown = entry.path().strip_prefix(".").unwrap_or(entry.path());
                    let name = RepoPath::new(shown.as_os_str().as_encoded_bytes());
                    show(entry.into_path(), kind, name, sink);
                }
                Err(error) => sink.unread(Unread::new(path.display(), error)),
            }
        }
    }
}

fn is_git_dir(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == ".git") && path.join("HEAD").is_file()
}

fn show(path: PathBuf, kind: FileType, name: RepoPath, sink: &dyn Sink) {
    match OnDisk::of(kind) {
        Some(what) => {
            let file = FileChange::new(Some(name), Stored::Disk(path, what));
            sink.change(&Change::File(&file));
        }
        // A submodule's directory among others.
        None => sink.skipped(),
    }
}
