//! The tour of the README is taken: each command is typed, each answer compared.

use super::{blocks, hold};
use regex::Regex;
use std::fs;
use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A place of its own for the tour, and a shell in it that remembers where it is.
struct Tour {
    root: PathBuf,
    _dir: tempfile::TempDir,
    /// What the shell has to do before each command: go there, know these variables.
    state: PathBuf,
    step: u64,
}

impl Tour {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let home = root.join("you");
        fs::create_dir_all(home.join(".cargo/bin")).unwrap();
        fs::copy(
            env!("CARGO_BIN_EXE_portcullis"),
            home.join(".cargo/bin/portcullis"),
        )
        .unwrap();
        let config = "[user]\n\tname = You\n\temail = you@example.com\n";
        fs::write(home.join(".gitconfig"), config).unwrap();
        let state = root.join("state");
        fs::write(&state, format!("cd '{}'\n", home.display())).unwrap();
        Self {
            root,
            _dir: dir,
            state,
            step: 0,
        }
    }

    fn home(&self) -> PathBuf {
        self.root.join("you")
    }

    /// Types a command; what comes back, with the home directory as `/home/you`.
    fn types(&mut self, command: &str) -> String {
        self.step += 60;
        let (mut reader, writer) = std::io::pipe().unwrap();
        let script = format!(
            ". '{state}'\n{command}\nprintf 'cd \"%s\"\\n' \"$PWD\" >'{state}'\n",
            state = self.state.display()
        );
        let git = git_program();
        let mut search = self.home().join(".cargo/bin").into_os_string();
        search.push(":");
        search.push(git.parent().unwrap());
        search.push(":/usr/bin:/bin");
        let date = format!("{} +0000", 1_760_000_000 + self.step);
        let mut shell = Command::new("/bin/sh")
            .args(["-c", &script])
            .current_dir(&self.root)
            .env_clear()
            .env("PATH", search)
            .env("HOME", self.home())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CEILING_DIRECTORIES", &self.root)
            .env("GIT_AUTHOR_DATE", &date)
            .env("GIT_COMMITTER_DATE", &date)
            .env("LC_ALL", "C.UTF-8")
            .env("TZ", "UTC")
            .stdin(Stdio::null())
            .stdout(writer.try_clone().unwrap())
            .stderr(writer)
            .spawn()
            .unwrap();
        let mut said = String::new();
        reader.read_to_string(&mut said).unwrap();
        shell.wait().unwrap();
        said.replace(&self.home().display().to_string(), "/home/you")
    }
}

/// The Git under test: as the other scenarios choose it.
fn git_program() -> PathBuf {
    if let Some(asked) = std::env::var_os("PORTCULLIS_TEST_GIT") {
        return PathBuf::from(asked);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|dir| dir.join("git"))
        .find(|git| git.is_file())
        .unwrap()
}

/// What of an output is the same on every machine and every day.
fn lasting(output: &str) -> Vec<String> {
    let varying = [
        (r"[0-9]+\.[0-9]{3,} s\b", "TIME"),
        (r#""seconds": [0-9.e-]+"#, "SECONDS"),
        (r"\b[0-9a-f]{40}\b", "OID"),
        (r"\b[0-9a-f]{10}\b", "SHORT"),
        (
            r"\[main( \(root-commit\))? [0-9a-f]{7,10}\]",
            "[main$1 SHORT]",
        ),
        (r"\b[0-9a-f]{7}\.\.[0-9a-f]{7}\b", "FROM..TO"),
        (r"\.git-[0-9a-f]{32}\b", ".git-DIGITS"),
        (r#""rules": "[0-9a-f]{32}""#, "RULES"),
    ];
    let mut text = output.to_owned();
    for (pattern, name) in varying {
        let pattern = pattern.replace(r"\b", r"(?-u:\b)");
        text = Regex::new(&pattern)
            .unwrap()
            .replace_all(&text, name)
            .into_owned();
    }
    text.split_whitespace().map(str::to_owned).collect()
}

/// The README after the tour was taken: outputs that no longer hold are replaced.
fn toured(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut out: Vec<String> = Vec::new();
    let mut tour = Tour::new();
    let mut at = 0;
    let mut steps = 0;
    for block in blocks(&lines) {
        if let Some(name) = block.info.strip_prefix("toml file=") {
            let mut content = lines[block.lines.clone()].join("\n");
            content.push('\n');
            fs::write(tour.home().join(name), content).unwrap();
        }
        if block.info != "console" {
            continue;
        }
        out.extend(
            lines[at..block.lines.start]
                .iter()
                .map(|line| (*line).to_owned()),
        );
        at = block.lines.start;
        assert!(
            lines[at].starts_with("$ "),
            "a session begins with a command"
        );
        while at < block.lines.end {
            let command = lines[at].strip_prefix("$ ").unwrap();
            let next = (at + 1..block.lines.end).find(|&line| lines[line].starts_with("$ "));
            let end = next.unwrap_or(block.lines.end);
            let shown = lines[at + 1..end].join("\n");
            let said = tour.types(command);
            steps += 1;
            out.push(lines[at].to_owned());
            let true_lines = if lasting(&shown) == lasting(&said) {
                shown
            } else {
                said
            };
            out.extend(true_lines.lines().map(|line| line.trim_end().to_owned()));
            at = end;
        }
    }
    assert!(steps > 20, "only {steps} commands");
    out.extend(lines[at..].iter().map(|line| (*line).to_owned()));
    out.join("\n") + "\n"
}

#[test]
fn the_tour_goes_as_it_is_told() {
    hold("```console", toured);
}

#[test]
fn outputs_that_differ_in_more_than_time_and_ids_differ() {
    let line = "[main 0123456] x\nrejected: 1 deny; in 0.004 s";
    assert_eq!(
        lasting(line),
        lasting("[main abcdef0] x rejected: 1 deny; in 12.345 s")
    );
    assert_ne!(
        lasting(line),
        lasting("[main abcdef0] x rejected: 2 deny; in 0.004 s")
    );
    assert_ne!(
        lasting(line),
        lasting("[other abcdef0] x rejected: 1 deny; in 0.004 s")
    );
}
