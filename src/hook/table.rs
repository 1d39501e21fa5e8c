//! The table of events: one row for each that portcullis answers, closed by the folder `hooks/`.

use super::{Call, CallError};
use crate::change::Source;
use crate::git::Repo;

/// Who runs the hook of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// Git on the developer's machine.
    Client,
    /// Git where a push arrives.
    Server,
}

/// What Git writes to the standard input of a hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// Nothing that belongs to the event.
    Nothing,
    /// One line for each ref.
    Refs,
    /// One line for each ref, after it has moved.
    Moved,
}

/// Whether `install` takes an event when nobody names events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// It does.
    Standard,
    /// Only when it is named.
    OnRequest,
}

/// One event, as githooks(5) names it.
#[derive(Debug)]
pub struct Hook {
    /// The name of the event and of the file in the hooks directory.
    pub event: &'static str,
    /// Who runs it.
    pub side: Side,
    /// What it reads.
    pub input: Input,
    /// Whether `install` takes it unasked.
    pub choice: Choice,
    /// What portcullis does at the event, as the end of a sentence.
    pub doc: &'static str,
    /// Turns a call of the hook into what it can show.
    pub read: fn(&Repo, &Call) -> Result<Vec<Source>, CallError>,
    /// The shim: a complete `sh` script, into which `install` writes where the binary is.
    pub shim: &'static str,
}

/// Every event, in the order in which Git runs them.
pub const HOOKS: [Hook; 8] = [
    Hook {
        event: "pre-commit",
        side: Side::Client,
        input: Input::Nothing,
        choice: Choice::Standard,
        doc: "judges what is staged, before a commit is made of it",
        read: super::pre_commit::read,
        shim: include_str!("../../hooks/pre-commit"),
    },
    Hook {
        event: "pre-merge-commit",
        side: Side::Client,
        input: Input::Nothing,
        choice: Choice::Standard,
        doc: "judges what a merge without conflicts would commit",
        read: super::pre_merge_commit::read,
        shim: include_str!("../../hooks/pre-merge-commit"),
    },
    Hook {
        event: "prepare-commit-msg",
        side: Side::Client,
        input: Input::Nothing,
        choice: Choice::Standard,
        doc: "judges what is staged where --no-verify, cherry-pick, revert and rebase skip pre-commit",
        read: super::prepare_commit_msg::read,
        shim: include_str!("../../hooks/prepare-commit-msg"),
    },
    Hook {
        event: "commit-msg",
        side: Side::Client,
        input: Input::Nothing,
        choice: Choice::Standard,
        doc: "judges the message, before the commit is made",
        read: super::commit_msg::read,
        shim: include_str!("../../hooks/commit-msg"),
    },
    Hook {
        event: "pre-push",
        side: Side::Client,
        input: Input::Refs,
        choice: Choice::Standard,
        doc: "judges every ref that is about to be pushed",
        read: super::pre_push::read,
        shim: include_str!("../../hooks/pre-push"),
    },
    Hook {
        event: "pre-receive",
        side: Side::Server,
        input: Input::Refs,
        choice: Choice::Standard,
        doc: "judges every ref of a push, before any of them moves",
        read: super::pre_receive::read,
        shim: include_str!("../../hooks/pre-receive"),
    },
    Hook {
        event: "update",
        side: Side::Server,
        input: Input::Nothing,
        choice: Choice::OnRequest,
        doc: "judges one ref of a push, before it moves",
        read: super::update::read,
        shim: include_str!("../../hooks/update"),
    },
    Hook {
        event: "post-receive",
        side: Side::Server,
        input: Input::Moved,
        choice: Choice::Standard,
        doc: "keeps what a push took away, after its refs have moved",
        read: super::post_receive::read,
        shim: include_str!("../../hooks/post-receive"),
    },
];

/// The row of an event.
#[must_use]
pub fn find(event: &str) -> Option<&'static Hook> {
    HOOKS.iter().find(|hook| hook.event == event)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    #[test]
    fn the_folder_holds_a_shim_for_each_row_and_nothing_else() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("hooks");
        let files: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let rows: BTreeSet<String> = HOOKS.iter().map(|hook| hook.event.to_owned()).collect();
        assert_eq!(files, rows);
        assert_eq!(rows.len(), HOOKS.len());
    }

    #[test]
    fn shims_differ_only_in_their_event_and_in_what_their_row_says() {
        let shape = |hook: &Hook| {
            hook.shim
                .replace(hook.doc, "DOC")
                .replace(&format!("{}:", hook.event), "EVENT:")
                .replace(&format!("so {} can", hook.event), "so EVENT can")
                .replace(&format!(" {} \"$@\"", hook.event), " EVENT \"$@\"")
                .replace("config=''\n", "")
                .replace("${config:+--config \"$config\"} ", "")
        };
        for hook in &HOOKS {
            assert!(!hook.shim.contains('\r'), "{}", hook.event);
            assert!(shape(hook).contains("# EVENT: DOC.\n"), "{}", hook.event);
            assert_eq!(
                hook.shim.contains("--config"),
                hook.side == Side::Server,
                "{}",
                hook.event
            );
            assert!(
                hook.input == Input::Moved || hook.shim.contains("refuses"),
                "{}",
                hook.event
            );
            for other in HOOKS.iter().filter(|other| other.input == hook.input) {
                assert_eq!(shape(hook), shape(other), "{} {}", hook.event, other.event);
            }
        }
    }
}
