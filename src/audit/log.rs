//! The file: appended to under a lock, whole lines at a time, on the disk before anyone is told.

use super::chain::{End, NoEnd, Reach};
use super::read::{Recorded, read};
use crate::git::{Repo, escape};
use fs4::TryLockError;
use serde::Serialize;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long a writer waits for the others.
const PATIENCE: Duration = Duration::from_secs(10);

/// The most bytes behind the last entry that are looked through for it.
const FARTHEST: u64 = 256 << 20;

/// How much of the end of a log is read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Back {
    /// 512 KiB: what happened since the pushes of a moment ago.
    Little,
    /// 8 MiB: some ten thousand entries, which is more than one push makes.
    Far,
}

impl Back {
    fn bytes(self) -> u64 {
        match self {
            Self::Little => 512 << 10,
            Self::Far => 8 << 20,
        }
    }
}

/// A log.
#[derive(Clone, Debug)]
pub struct Log {
    path: PathBuf,
    mode: u32,
}

/// Why nothing could be written.
#[derive(Debug, thiserror::Error)]
#[error("the audit log {}: {problem}", escape(.path.as_os_str().as_encoded_bytes()))]
pub struct LogError {
    path: PathBuf,
    problem: LogProblem,
}

#[derive(Debug, thiserror::Error)]
enum LogProblem {
    #[error("{0}; the account that runs Git has to be able to write it, and the disk needs room")]
    Io(#[from] io::Error),
    #[error("it is not a regular file; move it away")]
    NotAFile,
    #[error("what stands in it is no audit log; move it away")]
    Foreign,
    #[error("it is not put aside: there is something of that name already")]
    Taken,
    #[error("another process holds its lock; try again")]
    Busy,
}

impl Log {
    /// The log at that path; it is made when something is to be written. `mode` is the mode of a new
    /// file, such as `0o600`.
    #[must_use]
    pub fn new(path: PathBuf, mode: u32) -> Self {
        Self { path, mode }
    }

    /// The log of a repository; a relative path starts at the Git directory. A new file is for the
    /// account that makes it alone, or for its group too where the repository is shared.
    #[must_use]
    pub fn of(repo: &Repo, file: &Path) -> Self {
        let path = repo.common_dir().join(file);
        let mode = match path.symlink_metadata() {
            Ok(_) => 0o600,
            Err(_) => {
                let asked = repo.git(["config", "--get", "core.sharedRepository"]);
                let value = asked.optional().ok().flatten().unwrap_or_default();
                mode_when_shared(&String::from_utf8_lossy(value.trim_ascii()))
            }
        };
        Self::new(path, mode)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes an entry for each of these, one behind the other, and waits until the disk has them.
    ///
    /// # Errors
    /// When that is not possible: then nothing of it counts. The file must be a regular one.
    pub fn append<T: Serialize>(&self, said: &[T]) -> Result<(), LogError> {
        let append = || {
            let mut file = self.locked()?;
            add(&mut file, said)
        };
        append().map_err(|problem| self.error(problem))
    }

    /// The same of what is to be said after the entries at its end, which are given oldest first;
    /// nobody writes in between. Gives back what was said.
    ///
    /// # Errors
    /// As [`Log::append`].
    pub fn append_after<T: Serialize>(
        &self,
        back: Back,
        say: &dyn Fn(&[Recorded]) -> Vec<T>,
    ) -> Result<Vec<T>, LogError> {
        let append = || {
            let mut file = self.locked()?;
            let mut entries = tail(&mut file, back)?;
            // A log that has just begun anew goes on from another, beside it as a rule.
            let first = entries.first().filter(|first| first.event() == "rotated");
            if let Some(mut older) = first.and_then(|first| self.older(&first.word("older"))) {
                let mut before = tail(&mut older, back).unwrap_or_default();
                before.append(&mut entries);
                entries = before;
            }
            let said = say(&entries);
            add(&mut file, &said)?;
            Ok(said)
        };
        append().map_err(|problem| self.error(problem))
    }

    /// Puts the log aside under another name and begins a new file, whose first entry names the
    /// last one of the old file. `said` makes it of that name.
    ///
    /// # Errors
    /// When that is not possible, or there is something of that name.
    pub fn rotate<T: Serialize>(&self, to: &Path, said: &T) -> Result<(), LogError> {
        let rotate = || {
            let mut file = self.locked()?;
            let end = end_of(&mut file)?;
            let folder = self
                .path
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty());
            let mut new = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
            new.write_all(&end.rotated().lines(std::slice::from_ref(said))?)?;
            new.as_file()
                .set_permissions(file.metadata()?.permissions())?;
            new.as_file().sync_data()?;
            // At no moment is there no log.
            std::fs::hard_link(&self.path, to).map_err(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => LogProblem::Taken,
                _ => LogProblem::Io(error),
            })?;
            new.persist(&self.path).map_err(|error| error.error)?;
            Ok(sync_folder(&self.path)?)
        };
        rotate().map_err(|problem| self.error(problem))
    }

    /// The file of that name in the same folder, if it can be read.
    fn older(&self, name: &str) -> Option<File> {
        let path = self.path.with_file_name(Path::new(name).file_name()?);
        let is_file = path.symlink_metadata().is_ok_and(|found| found.is_file());
        File::open(&path).ok().filter(|_| is_file)
    }

    fn error(&self, problem: LogProblem) -> LogError {
        LogError {
            path: self.path.clone(),
            problem,
        }
    }

    /// The file that is at the path now, and no writer but us.
    fn locked(&self) -> Result<File, LogProblem> {
        let started = Instant::now();
        loop {
            let file = self.open()?;
            match fs4::FileExt::try_lock(&file) {
                // Whoever held the lock may have put another file there.
                Ok(()) if is_at(&file, &self.path)? => return Ok(file),
                Ok(()) => {}
                Err(TryLockError::WouldBlock) if started.elapsed() < PATIENCE => {
                    std::thread::sleep(Duration::from_millis(5));
                }
                Err(TryLockError::WouldBlock) => return Err(LogProblem::Busy),
                Err(TryLockError::Error(error)) => return Err(error.into()),
            }
        }
    }

    fn open(&self) -> Result<File, LogProblem> {
        let there = match self.path.symlink_metadata() {
            Ok(meta) if meta.is_file() => true,
            // A link may lead to a file that is not ours to write; a pipe would make us wait.
            Ok(_) => return Err(LogProblem::NotAFile),
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(error.into()),
        };
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options
                .mode(self.mode)
                .custom_flags(nix::libc::O_NOFOLLOW | nix::libc::O_NONBLOCK);
        }
        let file = options.open(&self.path)?;
        if !file.metadata()?.is_file() {
            return Err(LogProblem::NotAFile);
        }
        if !there {
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt as _;
                // As Git does for a shared repository, whatever the mask of this process is.
                file.set_permissions(std::fs::Permissions::from_mode(self.mode))?;
            }
            sync_folder(&self.path)?;
        }
        Ok(file)
    }
}

/// The entries at the end of a file, oldest first.
fn tail(file: &mut File, back: Back) -> io::Result<Vec<Recorded>> {
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(back.bytes())))?;
    let (entries, _) = read(&mut io::BufReader::new(file.take(back.bytes())))?;
    Ok(entries)
}

/// Writes behind the last entry.
fn add<T: Serialize>(file: &mut File, said: &[T]) -> Result<(), LogProblem> {
    if said.is_empty() {
        return Ok(());
    }
    let end = end_of(file)?;
    let before = file.metadata()?.len();
    let written = file
        .write_all(&end.lines(said)?)
        .and_then(|()| file.sync_data());
    if written.is_err() {
        // Else half of it would say what is not so. Where this fails too, the next entry will say
        // that something was cut short.
        let _ = file.set_len(before);
    }
    Ok(written?)
}

/// The mode of a new file by `core.sharedRepository` (git-config(1)). The log is for nobody beyond
/// the group, whoever may read the repository.
fn mode_when_shared(value: &str) -> u32 {
    match value {
        "" | "umask" | "false" | "0" | "no" | "off" => 0o600,
        octal if octal.starts_with('0') => {
            u32::from_str_radix(octal, 8).map_or(0o600, |mode| mode & 0o660 | 0o600)
        }
        _ => 0o660,
    }
}

/// Makes the name of a new file last.
fn sync_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let (ours, there) = (file.metadata()?, path.symlink_metadata());
    Ok(there.is_ok_and(|there| (there.dev(), there.ino()) == (ours.dev(), ours.ino())))
}

#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> io::Result<bool> {
    path.try_exists()
}

/// Reads no more of the file than it takes to know its last entry.
fn end_of(file: &mut File) -> Result<End, LogProblem> {
    let length = file.metadata()?.len();
    let mut reach = 64 << 10;
    loop {
        let from = length.saturating_sub(reach);
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        Read::by_ref(file)
            .take(length - from)
            .read_to_end(&mut bytes)?;
        let all = if from == 0 { Reach::Start } else { Reach::Part };
        match End::of(&bytes, all) {
            Ok(end) => return Ok(end),
            Err(NoEnd::Short) if from > 0 && reach < FARTHEST => reach *= 4,
            Err(NoEnd::Short | NoEnd::Foreign) => return Err(LogProblem::Foreign),
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::{Chain, Rotated};
    use super::*;
    use serde_json::json;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

    fn entries(files: &[&Path]) -> u64 {
        let mut chain = Chain::new(None);
        for file in files {
            let text = std::fs::read(file).unwrap();
            assert_eq!(chain.follow(&mut &text[..]).unwrap(), Ok(()));
        }
        assert_eq!(chain.torn, 0);
        chain.entries
    }

    #[test]
    fn many_writers_and_one_who_rotates_make_one_chain() {
        let dir = tempfile::tempdir().unwrap();
        let log = Log::new(dir.path().join("log"), 0o640);
        let old: Vec<PathBuf> = (0..3)
            .map(|n| dir.path().join(format!("log.{n}")))
            .collect();
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let log = &log;
                scope.spawn(move || {
                    for number in 0..25 {
                        let said = json!({"writer": writer, "number": number});
                        log.append(&[&said, &said]).unwrap();
                    }
                });
            }
            for to in &old {
                let said = Rotated::to(to, time::OffsetDateTime::UNIX_EPOCH);
                // Until the first writer has made the log there is nothing to put aside.
                while !log.path().exists() {
                    std::thread::yield_now();
                }
                log.rotate(to, &said).unwrap();
            }
        });
        let all: Vec<&Path> = old
            .iter()
            .map(PathBuf::as_path)
            .chain([log.path()])
            .collect();
        assert_eq!(entries(&all), 4 * 25 * 2 + 3);
        for file in all {
            assert_eq!(file.metadata().unwrap().mode() & 0o777, 0o640);
        }
    }

    #[test]
    fn what_is_no_log_is_not_written_to() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::write(at("victim"), "all: here\n").unwrap();
        symlink(at("victim"), at("link")).unwrap();
        symlink(at("nowhere"), at("dangling")).unwrap();
        std::fs::create_dir(at("folder")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        for name in ["link", "dangling", "folder", "socket", "victim", "no/such"] {
            let refused = Log::new(at(name), 0o600).append(&[json!({"a": 1})]);
            let why = refused.unwrap_err().to_string();
            assert!(why.contains(name), "{why}");
        }
        assert_eq!(std::fs::read(at("victim")).unwrap(), b"all: here\n");
        assert!(!at("nowhere").exists());
    }

    #[test]
    fn a_rotation_overwrites_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let (log, other) = (
            Log::new(dir.path().join("log"), 0o600),
            dir.path().join("other"),
        );
        log.append(&[json!({"a": 1})]).unwrap();
        std::fs::write(&other, "").unwrap();
        let said = Rotated::to(&other, time::OffsetDateTime::UNIX_EPOCH);
        assert!(log.rotate(&other, &said).is_err());
        assert_eq!(entries(&[log.path()]), 1);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_long_tail_is_looked_through() {
        let dir = tempfile::tempdir().unwrap();
        let log = Log::new(dir.path().join("log"), 0o600);
        log.append(&[json!({"long": "x".repeat(300_000)})]).unwrap();
        log.append(&[json!({"a": 1})]).unwrap();
        // And what a crash has left of an entry that was longer still.
        let mut text = std::fs::read(log.path()).unwrap();
        text.extend(vec![b'y'; 700_000]);
        std::fs::write(log.path(), &text).unwrap();
        log.append(&[json!({"a": 2})]).unwrap();
        let mut chain = Chain::new(None);
        let text = std::fs::read(log.path()).unwrap();
        assert_eq!(chain.follow(&mut &text[..]).unwrap(), Ok(()));
        assert_eq!((chain.entries, chain.torn), (3, 1));
    }

    #[test]
    fn a_new_file_is_for_those_whom_git_would_let_write() {
        for (value, mode) in [
            ("", 0o600),
            ("false", 0o600),
            ("umask", 0o600),
            ("0", 0o600),
            ("group", 0o660),
            ("true", 0o660),
            ("1", 0o660),
            ("all", 0o660),
            ("0640", 0o640),
            ("0664", 0o660),
        ] {
            assert_eq!(mode_when_shared(value), mode, "{value}");
        }
        let dir = tempfile::tempdir().unwrap();
        let log = Log::new(dir.path().join("log"), 0o660);
        log.append(&[json!({"a": 1})]).unwrap();
        let mode = log.path().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o660);
    }
}
