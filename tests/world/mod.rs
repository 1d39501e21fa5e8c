//! The stage: a directory of its own, a cleared environment, a clock that ticks, and Git.
//!
//! A clone without `install()` is the attacker: whatever a client hook would say, it says nothing
//! there.

pub(crate) mod ids;
mod keys;
mod repo;
pub(crate) mod report;
mod run;
pub(crate) mod secret;
mod wire;

pub(crate) use keys::{Device, SshKey, flags, with_signature};
pub(crate) use repo::Repo;
pub(crate) use run::{Ran, Said};
pub(crate) use secret::assigned;
pub(crate) use wire::{Line, ZERO};

use run::Transcript;
use secret::Secrets;
use std::cell::Cell;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;

/// The program under test.
pub(crate) const PORTCULLIS: &str = env!("CARGO_BIN_EXE_portcullis");

/// A server that has time: a debug build on a busy machine is slow.
const PATIENT: &str = "[server]\ndeadline = \"120s\"\n";

/// One test's own world. It is gone when the test is.
pub(crate) struct World {
    stage: Rc<Stage>,
    /// Seeded by the test's name.
    pub(crate) secrets: Secrets,
}

/// What every repository of a world shares.
struct Stage {
    root: PathBuf,
    git: PathBuf,
    now: Cell<u64>,
    transcript: Transcript,
    _dir: tempfile::TempDir,
}

impl World {
    /// An empty world.
    pub(crate) fn new() -> Self {
        Self::below("world")
    }

    /// An empty world in a directory of this name, where the name matters.
    pub(crate) fn below(name: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap().join(name);
        for part in ["home/.config", "template"] {
            fs::create_dir_all(root.join(part)).unwrap();
        }
        let stage = Rc::new(Stage {
            root,
            git: git_program(),
            now: Cell::new(1_700_000_000),
            transcript: Transcript::default(),
            _dir: dir,
        });
        let world = Self {
            stage,
            secrets: Secrets::of_this_test(),
        };
        world.settings(&[
            ("user.name", "Robin"),
            ("user.email", "robin@example.com"),
            ("init.defaultBranch", "main"),
            ("protocol.file.allow", "always"),
            ("gc.auto", "0"),
            ("maintenance.auto", "false"),
            ("core.fsync", "none"),
            // Else Git itself would protect the branch that HEAD names.
            ("receive.denyDeleteCurrent", "ignore"),
            ("advice.detachedHead", "false"),
        ]);
        world
    }

    /// A bare repository, the policy in it no more than patience.
    pub(crate) fn bare(&self, name: &str) -> Repo {
        let repo = self.init(name, &["--bare"]);
        repo.policy("")
    }

    /// A repository with a worktree.
    pub(crate) fn repo(&self, name: &str) -> Repo {
        self.init(name, &[])
    }

    /// The same with one harmless commit in it.
    pub(crate) fn repo_with_a_commit(&self) -> Repo {
        let repo = self.repo("repo");
        repo.commit("readme.md", "nothing to see\n");
        repo
    }

    /// The same with the client's hooks.
    pub(crate) fn repo_with_hooks(&self) -> Repo {
        let repo = self.repo_with_a_commit();
        repo.install();
        repo
    }

    /// A repository made with these options of `git init`.
    pub(crate) fn init(&self, name: &str, options: &[&str]) -> Repo {
        self.try_init(name, options).unwrap_or_else(|| {
            self.stage
                .transcript
                .fail("git init does not know the option")
        })
    }

    /// The same, or nothing where this Git does not know an option: a scenario that cannot play.
    pub(crate) fn try_init(&self, name: &str, options: &[&str]) -> Option<Repo> {
        let dir = self.stage.root.join(name);
        let mut git = self.stage.git(&self.stage.root);
        git.args(["init", "-q"]).args(options).arg(&dir);
        let ran = self.stage.transcript.run(&mut git, b"");
        if ran.is_bad_usage() {
            return None;
        }
        ran.ok();
        Some(Repo::new(&self.stage, dir))
    }

    /// A clone, and no hooks in it.
    pub(crate) fn clone_of(&self, origin: &Repo, name: &str) -> Repo {
        self.clone_with(origin, name, &[])
    }

    /// A clone made with these options of `git clone`.
    pub(crate) fn clone_with(&self, origin: &Repo, name: &str, options: &[&str]) -> Repo {
        let dir = self.stage.root.join(name);
        let mut git = self.stage.git(&self.stage.root);
        git.args(["clone", "-q"]).args(options);
        // As a URL, so that no option of a clone over a transport is dropped for a local path.
        git.arg(format!("file://{}", origin.dir.display()));
        self.stage.transcript.run(git.arg(&dir), b"").ok();
        Repo::new(&self.stage, dir)
    }

    /// A directory that is no repository.
    pub(crate) fn plain_dir(&self, name: &str) -> Repo {
        let dir = self.stage.root.join(name);
        fs::create_dir_all(&dir).unwrap();
        Repo::new(&self.stage, dir)
    }

    /// Where things of the world lie.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.stage.root.join(name)
    }

    fn settings(&self, settings: &[(&str, &str)]) {
        let template = self.stage.root.join("template");
        let mut text = format!(
            "[init]\n\ttemplateDir = {:?}\n",
            template.display().to_string()
        );
        for (key, value) in settings {
            let (section, name) = key.rsplit_once('.').unwrap();
            let section = match section.split_once('.') {
                Some((section, subsection)) => format!("{section} {subsection:?}"),
                None => section.to_owned(),
            };
            text.push_str(&format!("[{section}]\n\t{name} = {value}\n"));
        }
        fs::write(self.stage.root.join("home/.gitconfig"), text).unwrap();
    }
}

impl Stage {
    /// Git, standing there.
    fn git(&self, dir: &Path) -> Command {
        self.command(&self.git, dir)
    }

    /// A program in the cleared environment; the clock ticks.
    fn command(&self, program: impl AsRef<OsStr>, dir: &Path) -> Command {
        self.now.set(self.now.get() + 60);
        let date = format!("{} +0000", self.now.get());
        let home = self.root.join("home");
        let mut path = self.git.parent().unwrap().as_os_str().to_owned();
        path.push(":/usr/bin:/bin");
        let mut command = Command::new(program);
        command
            .current_dir(dir)
            .env_clear()
            .env("PATH", path)
            .env("HOME", &home)
            .env("XDG_CONFIG_HOME", home.join(".config"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", home.join(".gitconfig"))
            .env("GIT_CEILING_DIRECTORIES", self.root.parent().unwrap())
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_EDITOR", "true")
            .env("GIT_AUTHOR_DATE", &date)
            .env("GIT_COMMITTER_DATE", &date)
            .env("LC_ALL", "C")
            .env("TZ", "UTC");
        command
    }
}

/// The Git that is asked for by `PORTCULLIS_TEST_GIT`, else the first one in `PATH`.
fn git_program() -> PathBuf {
    if let Some(asked) = std::env::var_os("PORTCULLIS_TEST_GIT") {
        return PathBuf::from(asked);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|dir| dir.join("git"))
        .find(|git| git.is_file())
        .expect("no git in PATH")
}
