//! Files on disk: those of a worktree, and plain ones.

use super::Progress;
use super::{Change, FileChange, Sink, Stored, Unread};
use crate::git::{ReadError, Repo, RepoPath};
use std::path::{Path, PathBuf};

/// Reads a file, or the target of a symbolic link as Git would store it.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, ReadError> {
    let broken = |error: std::io::Error| ReadError::Broken(error.to_string());
    let kind = path.symlink_metadata().map_err(broken)?.file_type();
    if kind.is_symlink() {
        let target = std::fs::read_link(path).map_err(broken)?;
        return Ok(target.into_os_string().into_encoded_bytes());
    }
    std::fs::read(path).map_err(broken)
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
        show(&top.join(path.to_os_path()), path, sink);
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
                Ok(entry) if entry.file_type().is_some_and(|kind| kind.is_dir()) => {}
                Ok(entry) => {
                    let shown = entry.path().strip_prefix(".").unwrap_or(entry.path());
                    let name = RepoPath::new(shown.as_os_str().as_encoded_bytes());
                    show(entry.path(), name, sink);
                }
                Err(error) => sink.unread(Unread::new(path.display(), error)),
            }
        }
    }
}

fn is_git_dir(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == ".git") && path.join("HEAD").is_file()
}

fn show(path: &Path, name: RepoPath, sink: &dyn Sink) {
    let kind = match path.symlink_metadata() {
        Ok(kind) => kind.file_type(),
        // Tracked, and deleted in the worktree.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
        Err(error) => return sink.unread(Unread::new(&name, error)),
    };
    if kind.is_file() || kind.is_symlink() {
        let file = FileChange::new(Some(name), Stored::Disk(path.to_owned()));
        sink.change(&Change::File(&file));
    } else {
        // A submodule's directory, a pipe, a socket, a device.
        sink.skipped();
    }
}
