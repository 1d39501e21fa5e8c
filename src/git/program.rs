//! Runs the `git` program: the one place that decides what environment it gets.

use super::escape::escape;
use std::ffi::{OsStr, OsString};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

/// What is set for every run: objects as they are stored, nothing fetched from anywhere, nothing
/// written on the side (git(1), "Environment Variables"), messages untranslated, no questions.
const ALWAYS: [(&str, &str); 6] = [
    ("GIT_NO_REPLACE_OBJECTS", "1"),
    ("GIT_NO_LAZY_FETCH", "1"),
    ("GIT_ALLOW_PROTOCOL", ""),
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("LC_ALL", "C"),
];

/// The variables that tie a run to one repository: those that `git rev-parse --local-env-vars` of
/// Git 2.30 to 2.55 lists, and the two of the quarantine and the namespace that it leaves out.
const LOCAL: [&str; 18] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_PARAMETERS",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_NAMESPACE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];

/// One run of the `git` found in `PATH`, which inside a hook is the one that runs the hook.
///
/// The environment is inherited, so that inside a hook the run sees the repository, the index and
/// the quarantine that the hook was called for; [`Git::scrubbed`] takes that away.
#[derive(Debug)]
#[must_use = "nothing runs before output, optional or status is asked for"]
pub struct Git {
    command: Command,
    /// What an error shows of the run.
    shown: Vec<OsString>,
    stdin: Option<Vec<u8>>,
}

/// Has a program work on a repository, and on nothing of the push that it is begun in: it goes on
/// when that is over, and its quarantine gone.
pub fn leave_push(command: &mut Command, repo: &super::Repo) {
    for name in LOCAL {
        command.env_remove(name);
    }
    let place = repo.common_dir();
    let place = place.canonicalize().unwrap_or_else(|_| place.to_owned());
    command.current_dir(&place).env("GIT_DIR", place);
}

impl Git {
    /// A run in the directory `dir`.
    pub fn at(dir: impl AsRef<Path>) -> Self {
        let mut command = Command::new("git");
        command.current_dir(dir).envs(ALWAYS);
        Self {
            command,
            shown: Vec::new(),
            stdin: None,
        }
    }

    /// Adds arguments, the name of the subcommand first.
    pub fn args<I, S>(mut self, args: I) -> Self
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        for arg in args {
            self.shown.push(arg.as_ref().to_owned());
            self.command.arg(arg);
        }
        self
    }

    /// Sets a variable for this run alone.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Gives the run these bytes to read; without them its standard input is empty.
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = Some(bytes.into());
        self
    }

    /// Removes what ties the environment to a repository: for a run in another one, or in the one
    /// that the directory is in, whatever the environment says.
    pub fn scrubbed(mut self) -> Self {
        for name in LOCAL {
            self.command.env_remove(name);
        }
        self.command.envs(ALWAYS);
        self
    }

    /// Runs it and gives back its standard output.
    ///
    /// # Errors
    /// When `git` cannot be started, is killed, or ends with anything but 0.
    pub fn output(self) -> Result<Vec<u8>, GitError> {
        let ended = self.run()?;
        if ended.status.success() {
            Ok(ended.stdout)
        } else {
            Err(ended.failed())
        }
    }

    /// Like [`Git::output`], where status 1 means "there is none", as with `git config --get`.
    ///
    /// # Errors
    /// As [`Git::output`], but for status 1.
    pub fn optional(self) -> Result<Option<Vec<u8>>, GitError> {
        let ended = self.run()?;
        match ended.status.code() {
            Some(0) => Ok(Some(ended.stdout)),
            Some(1) => Ok(None),
            Some(_) | None => Err(ended.failed()),
        }
    }

    /// Starts it and leaves its pipes open: for a conversation, or an answer read as it comes.
    ///
    /// # Errors
    /// When `git` cannot be started.
    pub fn stream(mut self) -> Result<Stream, GitError> {
        let shown = shown(&self.shown);
        let cannot = |source| GitError::Start {
            command: shown.clone(),
            source,
        };
        self.command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = self.command.spawn().map_err(cannot)?;
        let gone = || cannot(io::Error::other("its pipes are gone"));
        let stdin = child.stdin.take().ok_or_else(gone)?;
        let stdout = child.stdout.take().ok_or_else(gone)?;
        let mut stderr = child.stderr.take().ok_or_else(gone)?;
        // Read aside, so that a long complaint never blocks the answer.
        let complaint = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = stderr.read_to_end(&mut bytes);
            bytes
        });
        Ok(Stream {
            stdin: Some(io::BufWriter::new(stdin)),
            stdout: io::BufReader::with_capacity(1 << 16, stdout),
            child,
            shown,
            complaint: Some(complaint),
        })
    }

    fn run(mut self) -> Result<Ended, GitError> {
        let shown = shown(&self.shown);
        let cannot = |source| GitError::Start {
            command: shown.clone(),
            source,
        };
        self.command
            .stdin(if self.stdin.is_some() {
                Stdio::piped()
            } else {
                Stdio::null()
            })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = self.command.spawn().map_err(cannot)?;
        let input = self.stdin.take().unwrap_or_default();
        let (stdout, stderr) = match converse(&mut child, &input) {
            Ok(both) => both,
            Err(source) => {
                // Half an answer is none; the child must not outlive the error.
                let _ = child.kill();
                let _ = child.wait();
                return Err(cannot(source));
            }
        };
        let status = child.wait().map_err(cannot)?;
        Ok(Ended {
            shown,
            status,
            stdout,
            stderr,
        })
    }
}

/// A run that goes on while it is read; it ends at the latest when this is dropped.
#[derive(Debug)]
pub struct Stream {
    /// What it reads; `None` once it was told that there is no more.
    pub stdin: Option<io::BufWriter<std::process::ChildStdin>>,
    /// What it says.
    pub stdout: io::BufReader<std::process::ChildStdout>,
    child: Child,
    shown: String,
    complaint: Option<std::thread::JoinHandle<Vec<u8>>>,
}

impl Stream {
    /// Ends it now: enough was read.
    pub fn stop(&mut self) {
        self.stdin = None;
        let _ = self.child.kill();
    }

    /// Waits for its end, after all of its answer was read.
    ///
    /// # Errors
    /// When it ended with anything but 0: what was read is not all there is.
    pub fn finish(mut self) -> Result<(), GitError> {
        self.stdin = None;
        let status = self.child.wait().map_err(|source| GitError::Start {
            command: self.shown.clone(),
            source,
        })?;
        if status.success() {
            return Ok(());
        }
        let complaint = self.complaint.take().map(std::thread::JoinHandle::join);
        Err(GitError::Failed {
            command: self.shown.clone(),
            status,
            stderr: one_line(&complaint.and_then(Result::ok).unwrap_or_default()),
        })
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // Who stopped listening does not wait; an ended child is not hurt by this.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Feeds and reads all three pipes at once, so that neither side waits for the other.
fn converse(child: &mut Child, input: &[u8]) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    std::thread::scope(|scope| {
        let feeding = scope.spawn(move || match stdin {
            // Who stops reading early says by its status whether it had enough.
            Some(mut pipe) => match pipe.write_all(input) {
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
                Err(_) | Ok(()) => Ok(()),
            },
            None => Ok(()),
        });
        let complaining = scope.spawn(move || {
            let mut bytes = Vec::new();
            stderr.map_or(Ok(0), |mut pipe| pipe.read_to_end(&mut bytes))?;
            Ok::<_, io::Error>(bytes)
        });
        let mut bytes = Vec::new();
        let read = stdout.map_or(Ok(0), |mut pipe| pipe.read_to_end(&mut bytes));
        let lost = |_| io::Error::other("a thread ended early");
        feeding.join().map_err(lost)??;
        let complaint = complaining.join().map_err(lost)??;
        read?;
        Ok((bytes, complaint))
    })
}

/// What another program did.
pub(super) struct Ran {
    pub(super) status: ExitStatus,
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: Vec<u8>,
}

/// Runs another program than `git` with these bytes to read.
pub(super) fn run(command: &mut Command, stdin: &[u8]) -> io::Result<Ran> {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let told = converse(&mut child, stdin);
    if told.is_err() {
        let _ = child.kill();
    }
    let status = child.wait()?;
    let (stdout, stderr) = told?;
    Ok(Ran {
        status,
        stdout,
        stderr,
    })
}

/// A run that came to its end, in whatever way.
struct Ended {
    shown: String,
    status: ExitStatus,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl Ended {
    fn failed(self) -> GitError {
        GitError::Failed {
            command: self.shown,
            status: self.status,
            stderr: one_line(&self.stderr),
        }
    }
}

/// The subcommand and its first arguments, escaped; enough to know which run it was.
fn shown(args: &[OsString]) -> String {
    let mut text = String::from("git");
    for arg in args.iter().take(6) {
        text.push(' ');
        text.push_str(&escape(arg.as_encoded_bytes()));
    }
    text
}

/// What Git complained, as one escaped line of at most 400 characters.
fn one_line(stderr: &[u8]) -> String {
    let lines: Vec<String> = stderr
        .split(|byte| *byte == b'\n')
        .map(|line| escape(line.trim_ascii()))
        .filter(|line| !line.is_empty())
        .collect();
    lines.join("; ").chars().take(400).collect()
}

/// A run of `git` gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// It did not start, or its pipes broke.
    #[error("{command} could not be run: {source}; is git in PATH?")]
    Start {
        /// What was to run, escaped.
        command: String,
        /// Why it did not.
        source: io::Error,
    },
    /// It ended with an error.
    #[error("{command} failed ({status}): {stderr}")]
    Failed {
        /// What was run, escaped.
        command: String,
        /// How it ended.
        status: ExitStatus,
        /// What it said, one escaped line.
        stderr: String,
    },
}

impl GitError {
    /// Whether Git looked for a repository up to the root and found none.
    #[must_use]
    pub fn is_nowhere(&self) -> bool {
        matches!(self, Self::Failed { stderr, .. } if stderr.contains("not a git repository (or any"))
    }
}

/// A path as Git printed it on a line of its own: the bytes without the newline.
#[must_use]
pub fn path_of_line(line: &[u8]) -> PathBuf {
    os_path(line.strip_suffix(b"\n").unwrap_or(line))
}

/// The bytes of a path as the system takes them.
pub(super) fn os_path(bytes: &[u8]) -> PathBuf {
    PathBuf::from(os_str(bytes))
}

/// The bytes of an argument as the system takes them.
pub(super) fn os_str(bytes: &[u8]) -> OsString {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt as _;
        OsStr::from_bytes(bytes).to_owned()
    }
    #[cfg(not(unix))]
    {
        OsString::from(String::from_utf8_lossy(bytes).into_owned())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn removes_every_variable_that_git_calls_local() {
        let listed = Git::at(".")
            .args(["rev-parse", "--local-env-vars"])
            .output()
            .unwrap();
        for name in String::from_utf8(listed).unwrap().lines() {
            assert!(LOCAL.contains(&name), "{name}");
        }
    }

    #[test]
    fn a_scrubbed_run_ignores_the_repository_of_the_environment() {
        let dir = tempfile::tempdir().unwrap();
        let git = || {
            Git::at(dir.path())
                .env("GIT_DIR", "/nowhere")
                .env("GIT_CEILING_DIRECTORIES", dir.path().parent().unwrap())
        };
        git().scrubbed().args(["init", "-q"]).output().unwrap();
        assert!(git().args(["rev-parse", "--git-dir"]).output().is_err());
        let found = git().scrubbed().args(["rev-parse", "--git-dir"]).output();
        assert_eq!(found.unwrap(), b".git\n");
    }

    #[test]
    fn takes_more_input_than_a_pipe_holds_and_gives_as_much_back() {
        let dir = tempfile::tempdir().unwrap();
        let input: Vec<u8> = (0..200_000).flat_map(|n: u32| n.to_be_bytes()).collect();
        let echoed = Git::at(dir.path())
            .args(["-c", "alias.echo=!cat", "echo"])
            .stdin(input.clone())
            .output()
            .unwrap();
        assert_eq!(echoed, input);
        let unread = Git::at(dir.path()).args(["--version"]).stdin(input);
        assert!(unread.output().unwrap().starts_with(b"git version"));
    }

    #[test]
    fn tells_none_from_failure_and_says_both_on_one_line() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config");
        std::fs::write(&file, "[a\n").unwrap();
        let get = |file: &Path| {
            Git::at(dir.path())
                .args(["config", "--file"])
                .args([file])
                .args(["--get", "a.b"])
                .optional()
        };
        assert!(get(Path::new("absent")).unwrap().is_none());
        let error = get(&file).unwrap_err().to_string();
        assert!(error.contains("bad config line 1"), "{error}");
        assert!(!error.contains('\n'), "{error}");
        let start = Git::at(dir.path().join("absent")).args(["x"]).output();
        assert!(matches!(start, Err(GitError::Start { .. })));
    }
}
