//! What is said of a secret, and what is to be done by how far it has come.

use crate::change::FileChange;
use crate::finding::Place;
use crate::git::{RepoPath, escape, shell_word};
use crate::scan::{Confidence, Match, Validity};

pub(super) fn stage_of(file: &FileChange<'_>) -> Stage {
    match file.is_kept() {
        true => Stage::Kept,
        false if file.by.commit.is_some() => Stage::Committed,
        false if file.blob().is_some() => Stage::Staged,
        false => Stage::OnDisk,
    }
}

pub(super) fn message(found: &Match) -> String {
    // Those of a rule file may hold anything.
    let (title, opens) = (
        escape(found.rule.title.as_bytes()),
        escape(found.rule.opens.as_bytes()),
    );
    match found.valid {
        Validity::No => format!("{title}, made up or mistyped: its checksum is wrong"),
        Validity::Yes | Validity::Unknown if found.confidence == Confidence::Low => {
            format!("{title}, perhaps")
        }
        Validity::Yes | Validity::Unknown if opens.is_empty() => title,
        Validity::Yes | Validity::Unknown => {
            format!("{title}: whoever has it can {opens}")
        }
    }
}

/// How far a secret has come, which decides what is to be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// In a file, and nowhere else.
    OnDisk,
    /// In the index.
    Staged,
    /// In a message that is being written.
    Drafted,
    /// In a commit that is on its way.
    Committed,
    /// In a tag that is on its way.
    Tagged,
    /// In the repository.
    Kept,
}

pub(super) fn help(stage: Stage, found: &Match, place: &Place, rewrite: &str) -> String {
    let revoke = format!("revoke it: {}", escape(found.rule.revoke.as_bytes()));
    match stage {
        Stage::OnDisk => {
            format!("take it out of the file, or keep the file out of the repository\n{revoke}")
        }
        Stage::Staged => format!(
            "take it out of the file and stage it again:\n$ git add -p -- {}\nread it from the environment or a secret store instead",
            shell_word(place.path.as_ref().map_or(&[], RepoPath::as_bytes))
        ),
        Stage::Drafted => "write the message without it".to_owned(),
        Stage::Committed => format!(
            "take it out of the commit; another one on top does not remove it:\n$ {rewrite}\nif it was ever pushed elsewhere, {revoke}"
        ),
        Stage::Tagged => {
            format!("make the tag anew without it\nif it was ever pushed elsewhere, {revoke}")
        }
        Stage::Kept => {
            format!("{revoke}\nthen take it out of the history; whoever has a copy keeps it")
        }
    }
}
