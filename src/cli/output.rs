//! Standard output and standard error: who is gone does not make a verdict another one.

use super::Exit;
use super::args::{Common, When};
use crate::git::escape;
use crate::policy::settings::Mode;
use crate::policy::{Outcome, Verdict};
use crate::report::{self, Audience, Color, Format, Options, Secrets, Verbosity};
use std::io::{self, IsTerminal as _, Write};
use std::path::Path;

/// Prints the answer of a command.
pub(super) fn print(text: &[u8]) -> Exit {
    let mut out = io::stdout().lock();
    // A closed pipe is a reader who has seen enough.
    let _ = out.write_all(text).and_then(|()| out.flush());
    Exit::Clean
}

/// Says on standard error in one line why the program ends here.
pub(super) fn complain(exit: Exit, why: &dyn std::fmt::Display) -> Exit {
    let line = format!("portcullis: {}\n", escape(why.to_string().as_bytes()));
    let _ = io::stderr().lock().write_all(line.as_bytes());
    exit
}

/// Says one line on standard error, which holds nothing that somebody else wrote.
pub(super) fn note(line: &str) {
    let _ = io::stderr()
        .lock()
        .write_all(format!("{line}\n").as_bytes());
}

/// Says lines on standard error that are no part of a report.
pub(super) fn remark(lines: &[impl std::fmt::Display]) {
    let mut err = io::stderr().lock();
    for line in lines {
        let _ = writeln!(err, "portcullis: {line}");
    }
}

/// How the program ends when its report could not be written: what blocks still blocks, and what was
/// found clean is not known to be, since nobody could read it.
pub(super) fn unreported(verdict: &Verdict, error: &io::Error) -> Exit {
    let exit = match verdict.outcome() {
        Outcome::Rejected => Exit::Blocked,
        Outcome::Accepted | Outcome::Undecided => Exit::Undecided,
    };
    complain(
        exit,
        &format!("undecided: the report cannot be written: {error}"),
    )
}

/// Where a report goes when no file is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    /// Commands.
    Stdout,
    /// Hooks: Git keeps their standard output for itself or shows both.
    Stderr,
}

/// Writes the report of a verdict where the options say.
///
/// # Errors
/// When the file of `--output` or standard output cannot be written. A reader who has gone is no
/// error: the exit status says it all.
pub(super) fn report(
    verdict: &Verdict,
    common: &Common,
    audience: Audience,
    mode: Mode,
    stream: Stream,
) -> io::Result<()> {
    let format = Format::named(&common.format).unwrap_or(Format::Human);
    let terminal = common.output.is_none()
        && match stream {
            Stream::Stdout => io::stdout().is_terminal(),
            Stream::Stderr => io::stderr().is_terminal(),
        };
    let color = match common.color {
        When::Always => Color::Ansi,
        When::Auto if terminal && std::env::var_os("NO_COLOR").is_none() => Color::Ansi,
        When::Auto | When::Never => Color::Plain,
    };
    let options = Options {
        show_secrets: if common.show_secrets {
            Secrets::Shown
        } else {
            Secrets::Redacted
        },
        color,
        audience,
        rules_digest: verdict.rules.iter().cloned().collect::<Vec<_>>().join("+"),
        verbosity: match (common.quiet, common.verbose) {
            (true, _) => Verbosity::Quiet,
            (false, true) => Verbosity::Verbose,
            (false, false) => Verbosity::Normal,
        },
        mode,
    };
    let mut text = Vec::new();
    report::write(format, verdict, &options, &mut text)?;
    match (&common.output, stream) {
        (Some(path), _) => replace(path, &text)
            .map_err(|error| io::Error::other(format!("{}: {error}", path.display()))),
        // A reader who is gone has seen enough; a disk that is full is another matter.
        (None, Stream::Stdout) => match write_all(&mut io::stdout().lock(), &text) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
            Err(_) | Ok(()) => Ok(()),
        },
        // The verdict of a hook is its status; there is nowhere else to complain.
        (None, Stream::Stderr) => {
            let _ = write_all(&mut io::stderr().lock(), &text);
            Ok(())
        }
    }
}

fn write_all(out: &mut dyn Write, text: &[u8]) -> io::Result<()> {
    out.write_all(text)?;
    out.flush()
}

/// The file is the old one or the whole new one. What is no regular file is written to as it is.
fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    if path.symlink_metadata().is_ok_and(|kind| !kind.is_file()) {
        return std::fs::write(path, text);
    }
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let made = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")));
    // Of the name that nobody has asked for nothing is told.
    let mut file = made.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => io::Error::other("there is no such folder"),
        kind => io::Error::from(kind),
    })?;
    file.write_all(text)?;
    file.persist(path).map(drop).map_err(|error| error.error)
}
