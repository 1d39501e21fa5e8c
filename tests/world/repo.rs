//! A repository on the stage: what people do in it, and what is true of it afterwards.

use super::{PATIENT, PORTCULLIS, Ran, Said, Stage};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;

/// A repository, a bare one, or just a directory.
pub(crate) struct Repo {
    stage: Rc<Stage>,
    pub(crate) dir: PathBuf,
    env: Vec<(String, String)>,
}

impl Repo {
    pub(super) fn new(stage: &Rc<Stage>, dir: PathBuf) -> Self {
        Self {
            stage: Rc::clone(stage),
            dir,
            env: Vec::new(),
        }
    }

    /// The same repository, seen from a directory in it, a linked worktree or a submodule.
    pub(crate) fn within(&self, dir: impl AsRef<Path>) -> Self {
        Self {
            stage: Rc::clone(&self.stage),
            dir: self.dir.join(dir).canonicalize().unwrap(),
            env: self.env.clone(),
        }
    }

    /// The same repository with one more variable in the environment.
    pub(crate) fn with_env(&self, name: &str, value: &str) -> Self {
        let mut other = self.within(".");
        other.env.push((name.to_owned(), value.to_owned()));
        other
    }

    /// The same clone in the hands of someone whom the server knows as this user.
    pub(crate) fn acting_as(&self, user: &str) -> Self {
        self.with_env("PUSHER", user)
    }

    // ---- what people do ----

    /// `git` with these words.
    #[track_caller]
    pub(crate) fn git(&self, words: &str) -> Ran {
        let words: Vec<_> = words.split_whitespace().collect();
        self.git_with(&words)
    }

    /// `git` with arguments that have spaces or are no text.
    #[track_caller]
    pub(crate) fn git_with<S: AsRef<OsStr>>(&self, args: &[S]) -> Ran {
        self.git_fed(args, b"")
    }

    /// The same with something on its standard input.
    #[track_caller]
    pub(crate) fn git_fed<S: AsRef<OsStr>>(&self, args: &[S], stdin: &[u8]) -> Ran {
        self.run(self.stage.git(&self.dir).args(args), stdin)
    }

    /// What a plumbing command answers.
    #[track_caller]
    pub(crate) fn ask(&self, words: &str) -> String {
        self.git(words).ok().text().to_owned()
    }

    /// The same with something on its standard input.
    #[track_caller]
    pub(crate) fn ask_fed(&self, words: &str, stdin: &[u8]) -> String {
        let words: Vec<_> = words.split_whitespace().collect();
        self.git_fed(&words, stdin).ok().text().to_owned()
    }

    /// The program under test, with these words.
    #[track_caller]
    pub(crate) fn portcullis(&self, words: &str) -> Ran {
        let words: Vec<_> = words.split_whitespace().collect();
        self.portcullis_fed(&words, b"")
    }

    /// The same with exact arguments and something on its standard input.
    #[track_caller]
    pub(crate) fn portcullis_fed<S: AsRef<OsStr>>(&self, args: &[S], stdin: &[u8]) -> Ran {
        self.run(self.stage.command(PORTCULLIS, &self.dir).args(args), stdin)
    }

    /// A scan that reports in JSON.
    #[track_caller]
    pub(crate) fn scan(&self, words: &str) -> Ran {
        self.portcullis(&format!("scan --format json {words}"))
    }

    /// A shell script.
    #[track_caller]
    pub(crate) fn shell(&self, script: &str) -> Ran {
        self.run(
            self.stage
                .command("/bin/sh", &self.dir)
                .args(["-c", script]),
            b"",
        )
    }

    /// The same with something on its standard input.
    #[track_caller]
    pub(crate) fn shell_fed(&self, script: &str, stdin: &[u8]) -> Ran {
        let mut command = self.stage.command("/bin/sh", &self.dir);
        self.run(command.args(["-c", script]), stdin)
    }

    /// Any program.
    #[track_caller]
    pub(crate) fn program(&self, program: &Path, args: &[&str]) -> Ran {
        self.run(self.stage.command(program, &self.dir).args(args), b"")
    }

    /// The environment that its programs run in.
    pub(crate) fn environment(&self) -> Vec<(OsString, OsString)> {
        let mut command = self.stage.command("true", &self.dir);
        let own = self.env.iter().map(|(name, value)| (name, value));
        let set = command.envs(own).get_envs();
        set.filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
            .collect()
    }

    #[track_caller]
    fn run(&self, command: &mut Command, stdin: &[u8]) -> Ran {
        let env = self.env.iter().map(|(name, value)| (name, value));
        self.stage.transcript.run(command.envs(env), stdin)
    }

    /// Ends the test with the transcript.
    #[track_caller]
    pub(crate) fn fail(&self, why: &str) -> ! {
        self.stage.transcript.fail(why)
    }

    /// Writes a file into the worktree.
    pub(crate) fn write(&self, path: impl AsRef<Path>, content: impl AsRef<[u8]>) -> &Self {
        let path = self.dir.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    /// Adds a line to a file of the worktree.
    pub(crate) fn append(&self, path: &str, line: &str) -> &Self {
        let before = fs::read_to_string(self.dir.join(path)).unwrap();
        self.write(path, format!("{before}{line}\n"))
    }

    /// Writes a file and stages it.
    #[track_caller]
    pub(crate) fn stage(&self, path: impl AsRef<Path>, content: impl AsRef<[u8]>) -> &Self {
        self.write(&path, content);
        let path = path.as_ref().as_os_str();
        self.git_with(&[OsStr::new("add"), OsStr::new("-f"), OsStr::new("--"), path])
            .ok();
        self
    }

    /// Commits what is staged, through the hooks that are there.
    #[track_caller]
    pub(crate) fn try_commit(&self) -> Ran {
        self.git_with(&["commit", "-q", "-m", "change something"])
    }

    /// Writes, stages and commits a file, through no hook at all; gives the commit's id.
    #[track_caller]
    pub(crate) fn commit(&self, path: impl AsRef<Path>, content: impl AsRef<[u8]>) -> String {
        self.stage(path, content);
        self.commit_staged("change something")
    }

    /// Commits what is staged with this message, through no hook at all.
    #[track_caller]
    pub(crate) fn commit_staged(&self, message: &str) -> String {
        self.git_with(&[
            "-c",
            "core.hooksPath=/dev/null",
            "commit",
            "-q",
            "--allow-empty",
            "-m",
            message,
        ])
        .ok();
        self.head()
    }

    /// Removes a file and commits that, through no hook at all.
    #[track_caller]
    pub(crate) fn commit_without(&self, path: &str) -> String {
        self.git_with(&["rm", "-q", "--", path]).ok();
        self.commit_staged("remove something")
    }

    /// Pushes these refspecs to `origin`.
    #[track_caller]
    pub(crate) fn push(&self, refspecs: &str) -> Ran {
        self.git(&format!("push origin {refspecs}"))
    }

    /// The id that HEAD has.
    #[track_caller]
    pub(crate) fn head(&self) -> String {
        self.id("HEAD")
    }

    /// The id of a revision.
    #[track_caller]
    pub(crate) fn id(&self, revision: &str) -> String {
        self.ask(&format!("rev-parse --verify {revision}"))
    }

    /// The id of a commit's first parent.
    #[track_caller]
    pub(crate) fn parent_of(&self, commit: &str) -> String {
        self.id(&format!("{commit}^"))
    }

    /// Stores a blob that nothing reaches.
    #[track_caller]
    pub(crate) fn blob(&self, content: impl AsRef<[u8]>) -> String {
        self.ask_fed("hash-object -w --stdin", content.as_ref())
    }

    /// A pack with all that these revisions need and the ones behind `^` do not have.
    pub(crate) fn pack(&self, revisions: &str) -> Vec<u8> {
        let file = self.stage.root.join("pack-to-send");
        self.write(&file, "");
        let script = format!(
            "printf '%s\\n' {revisions} | git pack-objects -q --revs --stdout >'{}'",
            file.display()
        );
        self.shell(&script).ok();
        fs::read(file).unwrap()
    }

    // ---- hooks and policy ----

    /// Installs the client's hooks.
    #[track_caller]
    pub(crate) fn install(&self) -> &Self {
        self.portcullis("install").ok();
        self
    }

    /// Installs a server's hook.
    #[track_caller]
    pub(crate) fn hook(self, event: &str) -> Self {
        self.portcullis(&format!("install --server --events {event}"))
            .ok();
        self
    }

    /// Gives a bare repository its policy; a server that has time unless the policy says otherwise.
    #[track_caller]
    pub(crate) fn policy(self, text: &str) -> Self {
        let patience = if text.contains("[server]") {
            ""
        } else {
            PATIENT
        };
        self.write(
            "portcullis.toml",
            format!("version = 1\n{text}\n{patience}"),
        );
        self
    }

    /// Gives a worktree its conventions.
    pub(crate) fn config(&self, text: &str) -> &Self {
        self.write(".portcullis.toml", format!("version = 1\n{text}\n"))
    }

    // ---- what is true of it ----

    /// The value of a ref, if it exists.
    #[track_caller]
    pub(crate) fn value_of(&self, name: &str) -> Option<String> {
        let ran = self.git_with(&["rev-parse", "-q", "--verify", name]);
        let worked = ran.worked();
        let said = ran.whatever();
        worked.then(|| said.text().to_owned())
    }

    /// This ref has this value.
    #[track_caller]
    pub(crate) fn ref_is(&self, name: &str, oid: &str) -> &Self {
        let value = self.value_of(name);
        if value.as_deref() != Some(oid) {
            self.fail(&format!("{name} is {value:?}, not {oid}"));
        }
        self
    }

    /// There is no such ref.
    #[track_caller]
    pub(crate) fn lacks_ref(&self, name: &str) -> &Self {
        if let Some(value) = self.value_of(name) {
            self.fail(&format!("{name} is there, at {value}"));
        }
        self
    }

    /// There is no such object.
    #[track_caller]
    pub(crate) fn lacks_object(&self, oid: &str) -> &Self {
        if self.git_with(&["cat-file", "-e", oid]).worked() {
            self.fail(&format!("{oid} has stayed"));
        }
        self
    }

    /// No quarantine directory has stayed.
    #[track_caller]
    pub(crate) fn has_no_quarantine(&self) -> &Self {
        let objects = self.ask("rev-parse --git-path objects");
        let left: Vec<_> = fs::read_dir(self.dir.join(objects))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .filter(|name| name.contains("incoming-"))
            .collect();
        if !left.is_empty() {
            self.fail(&format!("a quarantine has stayed: {left:?}"));
        }
        self
    }

    /// Every file below the directory with its bytes, to compare before and after.
    pub(crate) fn snapshot(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        let mut dirs = vec![self.dir.clone()];
        while let Some(dir) = dirs.pop() {
            for entry in fs::read_dir(&dir).unwrap() {
                let entry = entry.unwrap();
                if entry.file_type().unwrap().is_dir() {
                    dirs.push(entry.path());
                } else {
                    let content = fs::read(entry.path()).unwrap_or_default();
                    files.insert(entry.path(), content);
                }
            }
        }
        files
    }

    /// Speaks to `git receive-pack` itself; gives its answer apart from what was said.
    #[track_caller]
    pub(super) fn receive(&self, request: &[u8]) -> (String, Said) {
        let dir = self.dir.to_string_lossy().into_owned();
        let mut said = self.git_fed(&["receive-pack", &dir], request).whatever();
        (std::mem::take(&mut said.stdout), said)
    }
}
