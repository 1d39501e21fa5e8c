//! What stands in a hook file: writes shims and tells them from the hooks of others.

use super::file::{Entry, Link};
use crate::hook::table::{Hook, Side};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// The second line of every file that portcullis writes as a hook; who removes it owns the file.
const MARKER: &[u8] = b"# portcullis: managed; `portcullis uninstall` puts back what was here";

/// The third line of a shim whose directory did not exist before.
const MADE: &str = "# The directory was made for this file.\n";

/// What a hook that was there before is renamed to, after its event.
pub(super) const CHAINED: &str = "portcullis-chained";

/// The setting that remembers the `core.hooksPath` that portcullis took the place of.
pub(super) const RECORD: &str = "portcullis.hooksPath";

/// Where a shim finds the hook that runs after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Beside the shim, as `EVENT.portcullis-chained`.
    Beside,
    /// In the directory that [`RECORD`] of the repository names.
    Recorded,
    /// In the directory that [`RECORD`] of the user names.
    RecordedGlobally,
    /// Where `core.hooksPath` of the user or the machine points while the hook runs.
    Shadowed,
    /// In the `hooks` of the repository that the hook runs for.
    Repository,
    /// Nowhere: who calls the shim calls the others as well.
    Nowhere,
}

impl Next {
    const ALL: [Self; 6] = [
        Self::Beside,
        Self::Recorded,
        Self::RecordedGlobally,
        Self::Shadowed,
        Self::Repository,
        Self::Nowhere,
    ];

    /// The line of the shim that looks for it. Git puts its own programs into the `PATH` of a hook.
    fn line(self, event: &str) -> String {
        match self {
            Self::Beside => format!("next=$0.{CHAINED}"),
            Self::Recorded => format!(
                "next=$(git config --type=path --get {RECORD} | LC_ALL=C sed -n '$s|$|/{event}|p')"
            ),
            Self::RecordedGlobally => format!(
                "next=$(git config --global --type=path --get {RECORD} | \
                 LC_ALL=C sed -n '$s|$|/{event}|p')"
            ),
            Self::Shadowed => format!(
                "next=$(git config --show-scope --type=path --get-all core.hooksPath | \
                 LC_ALL=C sed -n -e 's/^system\t//p' -e 's/^global\t//p' | \
                 LC_ALL=C sed -n '$s|$|/{event}|p')"
            ),
            Self::Repository => {
                // `git init` of some versions asks this hook before there is a repository.
                let still = if event == "reference-transaction" {
                    "2>/dev/null "
                } else {
                    ""
                };
                format!(
                    "next=$(git rev-parse --git-common-dir {still}| \
                     LC_ALL=C sed -n '$s|$|/hooks/{event}|p')"
                )
            }
            Self::Nowhere => String::from("next=''"),
        }
    }
}

/// Whether the directory of a shim was there before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Folder {
    /// It was.
    Found,
    /// `install` made it, `uninstall` removes it when it is empty.
    Made,
}

/// What a shim is to do.
#[derive(Clone, Copy, Debug)]
pub(super) enum Job<'a> {
    /// Calls the binary, with the policy file named by the administrator.
    Gate {
        hook: &'static Hook,
        binary: &'a Path,
        policy: Option<&'a Path>,
    },
    /// Only runs the hook that it stands in front of.
    Pass { event: &'static str },
}

impl Job<'_> {
    pub(super) fn event(&self) -> &'static str {
        match self {
            Self::Gate { hook, .. } => hook.event,
            Self::Pass { event } => event,
        }
    }
}

/// The text of a shim.
pub(super) fn write(job: &Job<'_>, next: Next, folder: Folder) -> Vec<u8> {
    let (template, event) = match job {
        Job::Gate { hook, .. } => (hook.shim, hook.event),
        Job::Pass { event } => (include_str!("pass-through.sh"), *event),
    };
    let mut text = Vec::with_capacity(template.len() + 200);
    for (number, line) in template.split_inclusive('\n').enumerate() {
        match (job, line) {
            (Job::Gate { binary, .. }, "binary=''\n") => assign(&mut text, "binary", binary),
            (
                Job::Gate {
                    policy: Some(policy),
                    ..
                },
                "config=''\n",
            ) => {
                assign(&mut text, "config", policy);
            }
            (_, line) if line.starts_with("next=") => {
                text.extend_from_slice(next.line(event).as_bytes());
                text.push(b'\n');
            }
            (_, line) => text.extend_from_slice(line.as_bytes()),
        }
        if number == 1 && folder == Folder::Made {
            text.extend_from_slice(MADE.as_bytes());
        }
    }
    text
}

/// `name='value'`, a quote in the value written as `'\''`, which leaves and enters the quotes.
fn assign(text: &mut Vec<u8>, name: &str, value: &Path) {
    text.extend_from_slice(name.as_bytes());
    text.extend_from_slice(b"='");
    for byte in value.as_os_str().as_encoded_bytes() {
        match byte {
            b'\'' => text.extend_from_slice(b"'\\''"),
            // What Windows writes with `\` its `sh` takes with `/` as well, and without surprises.
            b'\\' if cfg!(windows) => text.push(b'/'),
            byte => text.push(*byte),
        }
    }
    text.extend_from_slice(b"'\n");
}

/// What a hook file of portcullis says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Managed {
    /// Whether it calls the binary or only passes on.
    pub(super) binary: Option<PathBuf>,
    /// The policy file written into it.
    pub(super) policy: Option<PathBuf>,
    /// Where it looks for the next hook; `None` where somebody changed the line.
    pub(super) next: Option<Next>,
    /// Whether its directory was made for it.
    pub(super) folder: Folder,
}

/// Reads a hook file; `None` when it is not one of portcullis.
pub(super) fn read(bytes: &[u8], event: &str) -> Option<Managed> {
    let mut lines = bytes.split(|byte| *byte == b'\n');
    if !lines.next()?.starts_with(b"#!") || lines.next()? != MARKER {
        return None;
    }
    let value = |name: &str| {
        bytes
            .split(|byte| *byte == b'\n')
            .find_map(|line| unquote(line.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?))
    };
    let next = bytes
        .split(|byte| *byte == b'\n')
        .find(|line| line.starts_with(b"next="))
        .and_then(|line| {
            Next::ALL
                .into_iter()
                .find(|next| next.line(event).as_bytes() == line)
        });
    let made = MADE.trim_end().as_bytes();
    Some(Managed {
        binary: value("binary"),
        policy: value("config").filter(|path| !path.as_os_str().is_empty()),
        next,
        folder: if lines.next() == Some(made) {
            Folder::Made
        } else {
            Folder::Found
        },
    })
}

fn unquote(quoted: &[u8]) -> Option<PathBuf> {
    let inner = quoted.strip_prefix(b"'")?.strip_suffix(b"'")?;
    let mut value = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let [byte, tail @ ..] = rest {
        rest = match tail.strip_prefix(b"\\''") {
            Some(after) if *byte == b'\'' => after,
            Some(_) | None => tail,
        };
        value.push(*byte);
    }
    Some(crate::git::path_of_line(&value))
}

/// Whether somebody else's file calls portcullis: a shim edited so that its marker is gone.
pub(super) fn calls_portcullis(bytes: &[u8], event: &str) -> bool {
    let call = format!("hook {event}");
    let config = format!("hook ${{config:+--config \"$config\"}} {event}");
    holds(bytes, b"portcullis")
        && (holds(bytes, call.as_bytes()) || holds(bytes, config.as_bytes()))
}

/// Whether a hook would behave differently under another file name: it asks for its own name or for
/// that of its directory, or it is no script at all, and so may be a program of many names.
pub(super) fn asks_for_its_name(bytes: &[u8]) -> bool {
    if holds(
        bytes,
        b"File generated by pre-commit: https://pre-commit.com",
    ) {
        return false; // It asks for its directory alone, which stays the same.
    }
    !bytes.starts_with(b"#!")
        || [
            &b"$0"[..],
            b"${0",
            b"BASH_SOURCE",
            b"argv",
            b"ARGV",
            b"PROGRAM_NAME",
            b"__FILE__",
            b"__file__",
            b"__filename",
            b"FindBin",
        ]
        .iter()
        .any(|word| holds(bytes, word))
}

fn holds(bytes: &[u8], word: &[u8]) -> bool {
    memchr::memmem::find(bytes, word).is_some()
}

/// Whether a path can be written into a shim and read by `sh` as it is.
pub(super) fn can_be_written(path: &OsStr) -> bool {
    !path
        .as_encoded_bytes()
        .iter()
        .any(|byte| matches!(byte, b'\n' | b'\r' | 0))
}

/// The other events of githooks(5) that a directory of shims must pass on, because Git looks for
/// hooks in one directory alone. `fsmonitor-watchman` is missing: a setting names its path.
pub(super) const OTHERS: [Other; 19] = [
    other("applypatch-msg", Presence::Harmless),
    other("p4-changelist", Presence::Harmless),
    other("p4-post-changelist", Presence::Harmless),
    other("p4-pre-submit", Presence::Harmless),
    other("p4-prepare-changelist", Presence::Harmless),
    other("post-applypatch", Presence::Harmless),
    other("post-checkout", Presence::Harmless),
    other("post-commit", Presence::Harmless),
    other("post-index-change", Presence::Slow),
    other("post-merge", Presence::Harmless),
    other("post-rewrite", Presence::Harmless),
    other("post-update", Presence::Harmless),
    other("pre-applypatch", Presence::Harmless),
    other("pre-auto-gc", Presence::Harmless),
    other("pre-rebase", Presence::Harmless),
    other("proc-receive", Presence::Decides),
    other("push-to-checkout", Presence::Decides),
    other("reference-transaction", Presence::Slow),
    other("sendemail-validate", Presence::Harmless),
];

/// An event that portcullis has nothing to say at.
pub(super) struct Other {
    pub(super) event: &'static str,
    pub(super) presence: Presence,
}

const fn other(event: &'static str, presence: Presence) -> Other {
    Other { event, presence }
}

/// What it costs when a hook is there that does nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    /// A process at an event that is rare.
    Harmless,
    /// A process for each ref or each write of the index.
    Slow,
    /// Git does something else when the hook is there.
    Decides,
}

/// Which side's events a target takes.
pub(super) const fn of_side(hook: &Hook, side: Side) -> bool {
    matches!(
        (hook.side, side),
        (Side::Client, Side::Client) | (Side::Server, Side::Server)
    )
}

/// What an entry says about itself if it is a shim in its own right, not a link to one.
pub(super) fn managed(entry: &Entry, event: &str) -> Option<Managed> {
    match entry {
        Entry::File {
            bytes,
            link: Link::None,
            ..
        } => read(bytes, event),
        Entry::File {
            link: Link::Symbolic,
            ..
        }
        | Entry::Nothing
        | Entry::Dangling
        | Entry::Other => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::hook::table::{HOOKS, find};

    #[test]
    fn what_is_written_is_read_back() {
        let binary = Path::new("/opt/it's here/por't\\cullis '\\''");
        let policy = Path::new("/etc/a'b.toml");
        for hook in &HOOKS {
            for next in Next::ALL {
                for folder in [Folder::Found, Folder::Made] {
                    let policy = (hook.side == Side::Server).then_some(policy);
                    let text = write(
                        &Job::Gate {
                            hook,
                            binary,
                            policy,
                        },
                        next,
                        folder,
                    );
                    let managed = Managed {
                        binary: Some(binary.to_owned()),
                        policy: policy.map(Path::to_owned),
                        next: Some(next),
                        folder,
                    };
                    assert_eq!(read(&text, hook.event), Some(managed));
                }
            }
        }
    }

    #[test]
    fn a_hook_without_the_marker_is_not_ours() {
        let hook = find("pre-receive").unwrap();
        let job = Job::Gate {
            hook,
            binary: Path::new("/bin/portcullis"),
            policy: None,
        };
        let text = write(&job, Next::Beside, Folder::Found);
        let edited: Vec<u8> = String::from_utf8(text.clone())
            .unwrap()
            .replace("managed", "mine")
            .into_bytes();
        assert_eq!(read(&edited, hook.event), None);
        assert!(calls_portcullis(&edited, hook.event));
        assert!(calls_portcullis(&text, hook.event));
        assert_eq!(read(b"#!/bin/sh\necho\n", "pre-commit"), None);
        assert!(!calls_portcullis(b"#!/bin/sh\necho\n", "pre-commit"));
    }

    #[test]
    fn knows_hooks_that_depend_on_their_name() {
        assert!(asks_for_its_name(b"\x7fELF"));
        assert!(asks_for_its_name(b"#!/bin/sh\n. \"$(dirname \"$0\")/h\""));
        assert!(!asks_for_its_name(b"#!/bin/sh\ngit lfs pre-push \"$@\"\n"));
    }
}
