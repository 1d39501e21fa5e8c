//! Pushes through servers as they are: OpenSSH, gitolite, and a web server, on loopback.
//!
//! Where they are not installed these scenarios cannot play, and say so; with
//! `PORTCULLIS_TEST_SERVERS` set that is a failure.

mod http;
mod ssh;

use crate::world::{Repo, World};
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The first of these files that is there; else the scenario ends here.
fn installed(what: &str, places: &[&str]) -> Option<PathBuf> {
    let there = places.iter().map(PathBuf::from).find(|path| path.is_file());
    if there.is_none() {
        cannot_play(&format!("there is no {what}"));
    }
    there
}

#[expect(
    clippy::print_stderr,
    reason = "who runs the tests should know what they did not try"
)]
fn cannot_play(why: &str) {
    let must = std::env::var_os("PORTCULLIS_TEST_SERVERS").is_some();
    assert!(!must, "{why}");
    eprintln!("cannot play here: {why}");
}

/// A program that serves until the scenario ends.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        // With all that it has started. One that has ended by itself is gone all the same.
        let kill = format!("kill -KILL -{}", self.0.id());
        let _ = Command::new("/bin/sh").args(["-c", &kill]).status();
        let _ = self.0.wait();
    }
}

impl Daemon {
    /// Starts it in the environment of this world; what it says goes to `log`.
    fn start(here: &Repo, program: &Path, args: &[&str]) -> Self {
        let log = File::create(here.dir.join("log")).unwrap();
        let child = Command::new(program)
            .args(args)
            .current_dir(&here.dir)
            .process_group(0)
            .env_clear()
            .envs(here.environment())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn();
        Self(child.unwrap())
    }

    /// Starts one that listens at a port of its own, which it finds in the configuration that it is
    /// made for it, and waits until it answers so to these words.
    fn listening(
        here: &Repo,
        program: &Path,
        args: &[&str],
        config: &dyn Fn(u16) -> String,
        (words, answer): (&str, &str),
    ) -> (Self, u16) {
        // Somebody else may take the port before it does.
        for _ in 0..5 {
            let free = TcpListener::bind("127.0.0.1:0").unwrap();
            let port = free.local_addr().unwrap().port();
            drop(free);
            here.write("config", config(port));
            let mut daemon = Self::start(here, program, args);
            if daemon
                .waits_for(&|| first_line(port, words).is_some_and(|line| line.starts_with(answer)))
            {
                return (daemon, port);
            }
        }
        here.fail(&fs::read_to_string(here.dir.join("log")).unwrap());
    }

    /// Whether that comes true while it runs.
    fn waits_for(&mut self, ready: &dyn Fn() -> bool) -> bool {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(20) && self.0.try_wait().unwrap().is_none() {
            if ready() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        false
    }
}

/// What is said first, to these words, at a port.
fn first_line(port: u16, words: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.write_all(words.as_bytes()).ok()?;
    let mut said = String::new();
    BufReader::new(stream).read_line(&mut said).ok()?;
    Some(said)
}

/// The account that the tests run as.
fn account(world: &World) -> String {
    world.plain_dir(".").shell("id -un").ok().text().to_owned()
}
