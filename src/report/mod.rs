//! Says a verdict: one file a format. Decides nothing, and lets no secret and no control byte out.

mod human;
mod json;
mod jsonl;
mod redact;
mod style;

#[cfg(test)]
mod samples;

use crate::finding::Finding;
use crate::policy::settings::Mode;
use crate::policy::{Coverage, Verdict};
pub use redact::Redactor;
use std::io;

/// A way to say a verdict; see [`FORMATS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Human,
    /// One object.
    Json,
    /// One object a line.
    Jsonl,
}

impl Format {
    /// The format of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        FORMATS
            .iter()
            .find(|row| row.name == name)
            .map(|row| row.format)
    }
}

/// One row of [`FORMATS`].
#[derive(Debug)]
pub struct FormatRow {
    /// Which one it is.
    pub format: Format,
    /// Its name on the command line, and the name of its file here.
    pub name: &'static str,
    /// What it is for, in a few words.
    pub doc: &'static str,
    write: fn(&Verdict, &Options, &Redactor, &mut dyn io::Write) -> io::Result<()>,
}

/// Every format.
pub const FORMATS: &[FormatRow] = &[
    FormatRow {
        format: Format::Human,
        name: "human",
        doc: "for people: what, where, why and what to do",
        write: human::write,
    },
    FormatRow {
        format: Format::Json,
        name: "json",
        doc: "one object, version 1 of the report",
        write: json::write,
    },
    FormatRow {
        format: Format::Jsonl,
        name: "jsonl",
        doc: "one finding a line, then a summary",
        write: jsonl::write,
    },
];

/// How a verdict is said.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether secrets are shown in clear.
    pub show_secrets: Secrets,
    /// Whether the terminal's colours are used (human only).
    pub color: Color,
    /// Who reads it (human only).
    pub audience: Audience,
    /// The digest of the rules in force.
    pub rules_digest: String,
    /// How much is said (human only).
    pub verbosity: Verbosity,
    /// What the verdict does.
    pub mode: Mode,
}

/// Whether secrets are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrets {
    /// Never, in no field of no format.
    Redacted,
    /// In clear, as `--show-secrets` asks.
    Shown,
}

/// Whether colours are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    /// No escape sequence at all.
    Plain,
    /// SGR sequences.
    Ansi,
}

/// How much is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verbosity {
    /// One line for each thing that blocks or is undecided, no summary.
    Quiet,
    /// What one needs to go on.
    Normal,
    /// What was suppressed, and a summary in any case.
    Verbose,
}

/// Who reads the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Someone whom a hook on their own machine holds up.
    ClientHook {
        /// `pre-commit`, `pre-push`, ...
        event: &'static str,
    },
    /// Someone whose push a server holds up.
    ServerHook {
        /// `pre-receive`, `update`, ...
        event: &'static str,
    },
    /// Someone who gave a command.
    Command,
}

/// Says a verdict in a format.
///
/// # Errors
/// When `out` fails.
pub fn write(
    format: Format,
    verdict: &Verdict,
    options: &Options,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let redactor = Redactor::of(verdict, options.show_secrets);
    let row = match format {
        Format::Human => &FORMATS[0],
        Format::Json => &FORMATS[1],
        Format::Jsonl => &FORMATS[2],
    };
    (row.write)(verdict, options, &redactor, out)?;
    out.flush()
}

/// Says one finding for people, in full, whatever its level, and below it rows of a label and a
/// text.
///
/// # Errors
/// When `out` fails.
pub fn write_finding(
    finding: &Finding,
    rows: &[(&str, String)],
    options: &Options,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let verdict = Verdict {
        findings: vec![finding.clone()],
        ..Verdict::default()
    };
    let redactor = Redactor::of(&verdict, options.show_secrets);
    human::write_one(finding, rows, options, &redactor, out)
}

/// `examined 3 files, 1 commit, 12.3 kB in 0.004 s`.
fn coverage(coverage: &Coverage) -> String {
    let mut parts = Vec::new();
    for (count, one, many) in [
        (coverage.files, "file", "files"),
        (coverage.blobs, "blob", "blobs"),
        (coverage.commits, "commit", "commits"),
        (coverage.trees, "tree", "trees"),
        (coverage.tags, "tag", "tags"),
        (coverage.refs, "ref", "refs"),
    ] {
        match count {
            0 => {}
            1 => parts.push(format!("1\u{a0}{one}")),
            _ => parts.push(format!("{count}\u{a0}{many}")),
        }
    }
    // With a history most of what it holds is known from what it is built on.
    let scanned = match coverage.trees {
        0 => String::new(),
        _ => format!(
            ", of which {} were scanned,",
            size(coverage.scanned).replace(' ', "\u{a0}")
        ),
    };
    parts.push(size(coverage.bytes));
    let skipped = match coverage.skipped {
        0 => String::new(),
        count => format!(", {count}\u{a0}skipped"),
    };
    format!(
        "examined {}{scanned} in {:.3}\u{a0}s{skipped}",
        parts.join(", "),
        coverage.seconds
    )
}

/// Bytes with a decimal unit (1 kB is 1000 B) and one decimal place.
fn size(bytes: u64) -> String {
    let units = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    match units.iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) => format!("{}.{} {name}", bytes / unit, bytes % unit * 10 / unit),
        None => format!("{bytes} B"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    #[test]
    fn every_file_is_a_row() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/report");
        let files: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .map(|name| name.trim_end_matches(".rs").to_owned())
            .filter(|name| !["mod", "redact", "samples", "style"].contains(&name.as_str()))
            .collect();
        let rows: BTreeSet<String> = FORMATS.iter().map(|row| row.name.to_owned()).collect();
        assert_eq!(files, rows);
    }

    #[test]
    fn every_row_stands_at_its_format() {
        for row in FORMATS {
            assert_eq!(Format::named(row.name), Some(row.format));
            let mut direct = Vec::new();
            let mut by_row = Vec::new();
            let verdict = samples::rejected();
            let options = samples::options(Audience::Command);
            write(row.format, &verdict, &options, &mut direct).unwrap();
            let redactor = Redactor::of(&verdict, options.show_secrets);
            (row.write)(&verdict, &options, &redactor, &mut by_row).unwrap();
            assert_eq!(direct, by_row);
        }
        assert_eq!(Format::named("xml"), None);
    }

    /// One space wherever there is any, as if no line had been wrapped.
    fn flat(text: &str) -> String {
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn no_secret_and_no_control_byte_comes_out_of_a_hostile_verdict() {
        for seed in 0..21 {
            let (verdict, secrets) = samples::hostile(seed);
            for row in FORMATS {
                for verbosity in [Verbosity::Quiet, Verbosity::Normal, Verbosity::Verbose] {
                    for audience in [
                        Audience::Command,
                        Audience::ClientHook {
                            event: "pre-commit",
                        },
                        Audience::ServerHook {
                            event: "pre-receive",
                        },
                    ] {
                        let options = Options {
                            verbosity,
                            ..samples::options(audience)
                        };
                        let mut out = Vec::new();
                        write(row.format, &verdict, &options, &mut out).unwrap();
                        let text = String::from_utf8(out).unwrap();
                        let plain = flat(&text.replace("\\\\", "\\").replace("\\\"", "\""));
                        for secret in &secrets {
                            assert!(!text.contains(secret.as_str()), "{} {seed}", row.name);
                            let shown = flat(&crate::git::escape(secret.as_bytes()));
                            assert!(!plain.contains(&shown), "{} {seed}", row.name);
                        }
                        assert!(
                            text.chars().all(|c| c == '\n' || !c.is_control()),
                            "{} {seed}",
                            row.name
                        );
                        assert!(!text.contains('\u{202e}'), "{} {seed}", row.name);
                    }
                }
            }
        }
    }

    #[test]
    fn a_writer_that_fails_is_an_error() {
        let mut full = [0_u8; 4];
        for row in FORMATS {
            let options = samples::options(Audience::Command);
            let result = write(
                row.format,
                &samples::rejected(),
                &options,
                &mut &mut full[..],
            );
            assert!(result.is_err(), "{}", row.name);
        }
    }

    #[test]
    fn sizes_have_decimal_units() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (12_345, "12.3 kB"),
            (2_000_000, "2.0 MB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }
}
