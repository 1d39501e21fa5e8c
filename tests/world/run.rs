//! Running a program on the stage, keeping the transcript, and asking how it ended.

use super::report::Report;
use std::cell::RefCell;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::rc::Rc;

/// Everything that was run in one world, for the message of a failure.
#[derive(Clone, Default)]
pub(crate) struct Transcript(Rc<RefCell<Vec<String>>>);

impl Transcript {
    /// Ends the test with all that was run so far.
    #[track_caller]
    pub(crate) fn fail(&self, why: &str) -> ! {
        panic!("{why}\n\n{}", self.0.borrow().join("\n"));
    }

    /// Runs a command to its end, with these bytes as its standard input.
    #[track_caller]
    pub(crate) fn run(&self, command: &mut Command, stdin: &[u8]) -> Ran {
        let words: Vec<_> = std::iter::once(command.get_program())
            .chain(command.get_args())
            .map(|word| word.to_string_lossy().into_owned())
            .collect();
        let mut line = format!("$ {}", words.join(" "));
        if let Some(dir) = command.get_current_dir() {
            line = format!("{}{line}", dir.display());
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| self.fail(&format!("{line}: {error}")));
        let mut pipe = child.stdin.take().unwrap();
        let output = std::thread::scope(|scope| {
            // A child that does not read its input is no failure of the test.
            scope.spawn(move || pipe.write_all(stdin).ok());
            child.wait_with_output().unwrap()
        });
        let (stdout, stderr) = (lossy(&output.stdout), lossy(&output.stderr));
        self.0.borrow_mut().push(format!(
            "{line}\n[{}]\n--- stdout\n{}\n--- stderr\n{}",
            output.status,
            shortened(&stdout),
            shortened(&stderr)
        ));
        Ran {
            transcript: self.clone(),
            line,
            code: output.status.code(),
            stdout,
            stderr,
        }
    }
}

/// A command that has ended; say how you expected it to.
#[must_use = "say how it should have ended: ok(), rejected(), exit(n)"]
pub(crate) struct Ran {
    transcript: Transcript,
    line: String,
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Ran {
    /// It ended with 0.
    #[track_caller]
    pub(crate) fn ok(self) -> Said {
        self.exit(0)
    }

    /// The same, of something that a hook might have refused.
    #[track_caller]
    pub(crate) fn accepted(self) -> Said {
        self.exit(0)
    }

    /// It ended with exactly this code.
    #[track_caller]
    pub(crate) fn exit(self, code: i32) -> Said {
        if self.code != Some(code) {
            let got = self.code.map_or("a signal".into(), |code| code.to_string());
            self.transcript.fail(&format!(
                "expected exit code {code}, got {got}\n{}",
                self.line
            ));
        }
        self.whatever()
    }

    /// It ended with anything but 0, and not by a signal or a panic.
    #[track_caller]
    pub(crate) fn rejected(self) -> Said {
        match self.code {
            Some(0) => self
                .transcript
                .fail(&format!("accepted what it should refuse\n{}", self.line)),
            Some(_) => self.whatever(),
            None => self
                .transcript
                .fail(&format!("ended by a signal\n{}", self.line)),
        }
    }

    /// How it ended is not the point; that it did not panic always is.
    #[track_caller]
    pub(crate) fn whatever(self) -> Said {
        let said = Said {
            transcript: self.transcript,
            stdout: self.stdout,
            stderr: self.stderr,
            code: self.code,
        };
        said.lacks("panicked at")
    }

    /// Whether Git did not know the option, with 129 as its builtins say it.
    pub(crate) fn is_bad_usage(&self) -> bool {
        self.code == Some(129)
    }

    /// Whether it ended with 0: for asking Git whether something is there.
    pub(crate) fn worked(&self) -> bool {
        self.code == Some(0)
    }
}

/// What a command said.
pub(crate) struct Said {
    transcript: Transcript,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: Option<i32>,
}

impl Said {
    /// Standard output without the white space around it.
    pub(crate) fn text(&self) -> &str {
        self.stdout.trim()
    }

    /// This stands in its output.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        if !self.stdout.contains(text) && !self.stderr.contains(text) {
            self.transcript.fail(&format!("does not say {text:?}"));
        }
        self
    }

    /// These words stand in it, however the lines are broken.
    #[track_caller]
    pub(crate) fn tells(self, words: &str) -> Self {
        let lines = self.stdout.lines().chain(self.stderr.lines());
        let lines = lines.map(|line| line.trim_start_matches("remote:").trim());
        let text = lines.collect::<Vec<_>>().join(" ");
        if !text.contains(words) {
            self.transcript.fail(&format!("does not tell {words:?}"));
        }
        self
    }

    /// This does not.
    #[track_caller]
    pub(crate) fn lacks(self, text: &str) -> Self {
        if self.stdout.contains(text) || self.stderr.contains(text) {
            self.transcript
                .fail(&format!("says {text:?} and should not"));
        }
        self
    }

    /// It names this check, as a whole word.
    #[track_caller]
    pub(crate) fn by(self, check: &str) -> Self {
        if !self.whole_word(check) {
            self.transcript.fail(&format!("does not name {check}"));
        }
        self
    }

    /// It does not name this check.
    #[track_caller]
    pub(crate) fn not_by(self, check: &str) -> Self {
        if self.whole_word(check) {
            self.transcript
                .fail(&format!("names {check} and should not"));
        }
        self
    }

    /// It names this place, `PATH:LINE` or `PATH`, and not one that only begins so.
    #[track_caller]
    pub(crate) fn at(self, place: &str) -> Self {
        if !self.whole_word(place) {
            self.transcript.fail(&format!("does not name {place}"));
        }
        self
    }

    /// No line of this secret stands in it.
    #[track_caller]
    pub(crate) fn without(self, secret: &str) -> Self {
        secret
            .lines()
            .filter(|line| line.len() >= 8 && !line.starts_with("-----"))
            .fold(self, |said, line| said.lacks(line))
    }

    /// Standard output as a JSON report.
    #[track_caller]
    pub(crate) fn json(&self) -> Report {
        match serde_json::from_str(&self.stdout) {
            Ok(value) => Report::new(value, self.transcript.clone()),
            Err(error) => self.transcript.fail(&format!("no JSON: {error}")),
        }
    }

    fn whole_word(&self, word: &str) -> bool {
        let inside = |c: char| c.is_alphanumeric() || c == '-';
        [&self.stdout, &self.stderr].into_iter().any(|text| {
            text.match_indices(word).any(|(start, _)| {
                let end = start + word.len();
                !text[..start].ends_with(inside) && !text[end..].starts_with(inside)
            })
        })
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn shortened(text: &str) -> String {
    const SHOWN: usize = 4000;
    if text.len() <= SHOWN {
        return text.to_owned();
    }
    let head: String = text.chars().take(SHOWN).collect();
    format!("{head}\n[{} bytes in all]", text.len())
}
