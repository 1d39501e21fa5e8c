//! Scenarios of install, uninstall and status with real Git.
#![allow(clippy::unwrap_used)]

mod hooks_path;
mod repository;
mod server;
mod shims;

use crate::git::escape;
use crate::hook::install::arm::install_on;
use crate::hook::install::disarm::uninstall_on;
use crate::hook::install::machine::Machine;
use crate::hook::install::status::status_on;
use crate::hook::install::{
    Events, InstallError, NextHook, Report, Request, Runs, Standing, Status, Step, Target,
};
use crate::hook::table::{HOOKS, Side};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A home, a Git with nothing of the outside, and a binary that writes down how it is called.
struct World {
    dir: tempfile::TempDir,
    vars: Vec<(String, OsString)>,
}

impl World {
    fn new() -> Self {
        let dir = tempfile::Builder::new()
            .prefix("it's a \"place\" ")
            .tempdir()
            .unwrap();
        let home = dir.path().join("home");
        fs::create_dir(&home).unwrap();
        let mut path = std::env::var_os("PORTCULLIS_TEST_GIT").unwrap_or_default();
        if !path.is_empty() {
            path.push(":");
        }
        path.push(std::env::var_os("PATH").unwrap());
        let text = |text: &str| OsString::from(text);
        let vars = vec![
            ("PATH".into(), path),
            ("HOME".into(), home.clone().into()),
            ("XDG_CONFIG_HOME".into(), home.join(".config").into()),
            ("GIT_CONFIG_GLOBAL".into(), home.join(".gitconfig").into()),
            ("GIT_CONFIG_SYSTEM".into(), home.join("system").into()),
            ("GIT_CONFIG_NOSYSTEM".into(), text("0")),
            ("GIT_AUTHOR_NAME".into(), text("alice")),
            ("GIT_AUTHOR_EMAIL".into(), text("alice@example.org")),
            ("GIT_COMMITTER_NAME".into(), text("alice")),
            ("GIT_COMMITTER_EMAIL".into(), text("alice@example.org")),
        ];
        let world = Self { dir, vars };
        let fake = world.recorder("gate");
        world.script(
            &world.binary(),
            format!("{fake}exit \"$(cat {})\"\n", world.exit_file()),
        );
        world.gate_says(0);
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn binary(&self) -> PathBuf {
        self.path("bin dir/portcullis")
    }

    fn quoted(path: &Path) -> String {
        format!("'{}'", path.to_str().unwrap().replace('\'', "'\\''"))
    }

    fn exit_file(&self) -> String {
        Self::quoted(&self.path("exit"))
    }

    /// What the gate answers from now on.
    fn gate_says(&self, status: i32) {
        fs::write(self.path("exit"), status.to_string()).unwrap();
    }

    /// A script that writes its arguments and its standard input to the log.
    fn recorder(&self, name: &str) -> String {
        format!(
            "#!/bin/sh\n{{ printf '%s' {name}; printf ' [%s]' \"$@\"; echo; cat; }} >>{}\n",
            Self::quoted(&self.path("log"))
        )
    }

    fn script(&self, path: &Path, text: impl AsRef<[u8]>) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// What was logged since the last time.
    fn log(&self) -> String {
        let log = fs::read(self.path("log")).unwrap_or_default();
        let _ = fs::remove_file(self.path("log"));
        String::from_utf8_lossy(&log).into_owned()
    }

    fn machine(&self) -> Machine {
        Machine::with(self.vars.clone(), self.path("home/.config"))
    }

    fn run(&self, dir: &Path, args: &[&str]) -> Output {
        Command::new("git")
            .current_dir(dir)
            .env_clear()
            .envs(self.vars.iter().map(|(name, value)| (name, value)))
            .args(args)
            .output()
            .unwrap()
    }

    #[track_caller]
    fn git(&self, dir: &Path, args: &[&str]) -> String {
        let output = self.run(dir, args);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args:?}: {stderr}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn repo(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        self.git(self.dir.path(), &["init", "-q", "-b", "main", name]);
        path
    }

    fn bare(&self, name: &str) -> PathBuf {
        self.git(
            self.dir.path(),
            &["init", "-q", "--bare", "-b", "main", name],
        );
        self.path(name)
    }

    fn commits(&self, repo: &Path) -> bool {
        self.run(repo, &["commit", "-q", "--allow-empty", "-m", "x"])
            .status
            .success()
    }

    fn request(&self, target: Target) -> Request {
        Request {
            target,
            events: Events::Standard,
            policy: None,
            binary: self.binary(),
        }
    }

    #[track_caller]
    fn install(&self, repo: &Path) -> Report {
        install_on(&self.machine(), &self.request(Target::Repo(repo.into()))).unwrap()
    }

    #[track_caller]
    fn refuses(&self, target: Target) -> InstallError {
        install_on(&self.machine(), &self.request(target)).unwrap_err()
    }

    #[track_caller]
    fn uninstall(&self, repo: &Path) -> Report {
        uninstall_on(&self.machine(), &Target::Repo(repo.into())).unwrap()
    }

    fn status(&self, repo: &Path) -> Status {
        status_on(&self.machine(), repo).unwrap()
    }
}

/// Every file below a directory: its mode, and what is in it or what it leads to.
fn picture(dir: &Path) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
    let mut all = BTreeMap::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let found = fs::symlink_metadata(&path).unwrap();
            let holds = if found.is_symlink() {
                fs::read_link(&path)
                    .unwrap()
                    .into_os_string()
                    .into_encoded_bytes()
            } else if found.is_dir() {
                folders.push(path.clone());
                Vec::new()
            } else {
                fs::read(&path).unwrap()
            };
            all.insert(path, (found.permissions().mode(), holds));
        }
    }
    all
}

fn standing<'a>(status: &'a Status, event: &str) -> &'a Standing {
    let found = status.events.iter().find(|row| row.hook.event == event);
    &found.unwrap().standing
}

/// Runs a hook file as Git does.
fn call(world: &World, hook: &Path, args: &[&[u8]], stdin: &[u8], path: &str) -> Output {
    use std::os::unix::ffi::OsStrExt as _;
    let mut child = Command::new(hook)
        .env_clear()
        .env("PATH", path)
        .args(args.iter().map(|arg| std::ffi::OsStr::from_bytes(arg)))
        .current_dir(world.dir.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let _ = child.stdin.take().unwrap().write_all(stdin);
    child.wait_with_output().unwrap()
}

const PATH: &str = "/usr/local/bin:/usr/bin:/bin";
