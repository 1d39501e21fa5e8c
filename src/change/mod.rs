//! Lists what an event would bring in, no more and no less; knows no rule.
//!
//! A [`Source`] says what an event can show; [`visit`] shows it, one [`Change`] at a time.

mod commits;
mod content;
mod digest;
mod disk;
mod file;
mod fresh;
mod history;
mod push;
mod reach;
mod scoped;
mod staged;
mod sweep;

pub use content::{Around, Calm, Content, Fresh};
pub use digest::{ChangeId, Made, made};
pub use disk::OnDisk;
pub use file::{Base, FileChange, Naming, Stored};
pub use fresh::fresh_lines;
pub use history::{
    Blob, Circumstances, Counts, Examined, Find, History, KeptBy, Located, Sought, Whereabouts,
};
pub use push::{BadUpdate, RefChange, RefUpdate};
pub use reach::Refs;

use crate::git::{Certificate, CommitInfo, Directory, Oid, RefName, Repo, escape};
use std::path::PathBuf;

/// What an event can show.
#[derive(Debug)]
pub enum Source {
    /// What the next commit will contain, against the commits that will be its parents.
    Staged {
        /// The parents; none for the first commit.
        parents: Vec<Oid>,
    },
    /// The branch that a commit is about to be made on.
    Pending {
        /// The branch.
        branch: RefName,
        /// How many parents the commit will have.
        parents: usize,
    },
    /// The message of a commit that is being made.
    Draft(Vec<u8>),
    /// A commit that is being made and has its message.
    Proposed(Proposal),
    /// The updates of a push, on either side.
    Push {
        /// What is to move.
        updates: Vec<RefUpdate>,
        /// Lines that name no ref that could be.
        bad: Vec<BadUpdate>,
        /// Commits that are not new: arguments of `git rev-list` after `--not`.
        known: Vec<String>,
        /// Which refs are where the push arrives.
        there: There,
        /// What the pusher signed of it.
        certificate: Certificate,
    },
    /// Refs that a push has moved already: there is nothing left to judge.
    Landed(Vec<Landed>),
    /// Every object of the repository, reachable or not.
    History,
    /// The commits that these arguments of `git rev-list` select, as if this ref brought them in.
    Range {
        /// The arguments.
        revs: Vec<String>,
        /// The ref; none for a look back.
        refname: Option<RefName>,
    },
    /// Tracked and untracked files of the worktree, not ignored ones.
    Worktree,
    /// Plain files, and directories with all that is below them.
    Files(Vec<PathBuf>),
    /// One text.
    Text(Vec<u8>),
}

impl Source {
    /// What the pusher signed of a push; none for anything else.
    #[must_use]
    pub fn certificate(&self) -> Option<&Certificate> {
        self.push().map(|(_, _, certificate)| certificate)
    }

    /// The refs that a push would move; none for anything else.
    #[must_use]
    pub fn updates(&self) -> &[RefUpdate] {
        self.push().map_or(&[], |(updates, _, _)| updates)
    }

    /// The lines of a push that ask for what no ref can be.
    #[must_use]
    pub fn bad_updates(&self) -> &[BadUpdate] {
        self.push().map_or(&[], |(_, bad, _)| bad)
    }

    fn push(&self) -> Option<(&[RefUpdate], &[BadUpdate], &Certificate)> {
        match self {
            Self::Push {
                updates,
                bad,
                certificate,
                ..
            } => Some((updates, bad, certificate)),
            Self::Staged { .. }
            | Self::Pending { .. }
            | Self::Draft(_)
            | Self::Proposed(_)
            | Self::Landed(_)
            | Self::History
            | Self::Range { .. }
            | Self::Worktree
            | Self::Files(_)
            | Self::Text(_) => None,
        }
    }
}

/// A ref that a push has moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Landed {
    /// The ref.
    pub name: RefName,
    /// Where it stood, as the pusher said: where it was deleted, nothing may have compared that.
    pub claimed: Option<Oid>,
    /// Where it stands; none where it is gone.
    pub new: Option<Oid>,
}

/// A commit before it is made.
#[derive(Debug)]
pub struct Proposal {
    /// The message as Git will store it: without comments.
    pub message: Vec<u8>,
    /// How many parents it will have.
    pub parents: usize,
}

/// Which refs are where a push arrives; those that it moves stand in [`RefUpdate::change`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum There {
    /// Those of this repository that a push can see.
    Here,
    /// Those that were last seen on the remote of this name.
    Remote(Vec<u8>),
    /// Nobody knows: the remote has no name.
    Unnamed,
    /// It does not matter: another source shows the commits.
    Aside,
}

/// One thing that an event would bring in.
#[derive(Debug)]
pub enum Change<'a> {
    /// A ref moves, comes or goes.
    Ref(&'a RefUpdate),
    /// A line asks for a ref that cannot be.
    BadRef(&'a BadUpdate),
    /// A commit as such.
    Commit(&'a CommitChange<'a>),
    /// A commit that is new under a set of refs; the repository may have had it before.
    Scoped(&'a ScopedCommit<'a>),
    /// A commit that is being made.
    Proposal(&'a Proposal),
    /// A message, of a commit or a tag.
    Message(&'a Message<'a>),
    /// A directory; what is new in it comes after it.
    Directory(&'a DirectoryChange<'a>),
    /// A file.
    File(&'a FileChange<'a>),
}

/// What brings a change in.
#[derive(Clone, Copy, Debug, Default)]
pub struct By<'a> {
    /// The commit.
    pub commit: Option<&'a CommitInfo>,
    /// The refs that would reach it after the push.
    pub refs: Refs<'a>,
}

/// A commit that comes in.
#[derive(Debug)]
pub struct CommitChange<'a> {
    /// The commit.
    pub info: &'a CommitInfo,
    /// The refs that would reach it after the push.
    pub refs: Refs<'a>,
}

/// A directory that no parent has as it is.
#[derive(Debug)]
pub struct DirectoryChange<'a> {
    /// The directory.
    pub directory: &'a Directory<'a>,
    /// What brings it in.
    pub by: By<'a>,
}

/// A commit that is new under a set of refs.
#[derive(Debug)]
pub struct ScopedCommit<'a> {
    /// The set, as [`Sink::in_scope`] numbers them.
    pub scope: usize,
    /// The commit.
    pub info: &'a CommitInfo,
    /// The refs of the set that would reach it.
    pub refs: Refs<'a>,
}

/// A text that is about commits and not in a file.
#[derive(Debug)]
pub struct Message<'a> {
    /// Whose text it is.
    pub of: MessageOf,
    /// The whole object with its headers, or the draft.
    pub raw: &'a [u8],
    /// Where in `raw` the message begins.
    pub message_at: usize,
    /// What brings it in.
    pub by: By<'a>,
}

/// Whose text a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageOf {
    /// A commit that is not made yet.
    Draft,
    /// A commit.
    Commit,
    /// This annotated tag.
    Tag(Oid),
}

/// Something that had to be examined and could not be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unread {
    /// An object id, a path or a ref name, escaped.
    pub what: String,
    /// Why, and what to do, escaped.
    pub why: String,
}

impl Unread {
    /// Of anything that shows itself safely.
    pub fn new(what: impl std::fmt::Display, why: impl std::fmt::Display) -> Self {
        Self {
            what: escape(what.to_string().as_bytes()),
            why: escape(why.to_string().as_bytes()),
        }
    }

    /// Of all that was left when the time for it was over.
    #[must_use]
    pub fn late(limit: std::time::Duration) -> Self {
        let why = "push less at once, or ask for a longer deadline";
        Self::new(
            "the push",
            format_args!("the deadline of {limit:?} passed before all of it was examined; {why}"),
        )
    }
}

/// What a look at a text came to before it is known where it stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Anywhere {
    /// Whether it holds nothing at any path.
    pub nothing: bool,
    /// What the look came to, for texts that are built on it.
    pub calm: Calm,
}

/// How far a look at all objects has come.
#[derive(Clone, Copy, Debug, Default)]
pub struct Progress {
    /// So many were shown,
    pub objects: u64,
    /// which have so many bytes,
    pub bytes: u64,
    /// of about so many in all; zero where nobody knows.
    pub all: u64,
}

/// What a look through a history does, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Opens the repository and its packs, and reads the configuration.
    Open,
    /// Looks at the blobs; where `git` has to print the objects, at all of them.
    Blobs,
    /// Looks at trees, commits and tags.
    Others,
    /// Finds out where findings came from, and where they are.
    Origins,
    /// Weighs them up: marks, allowlist, baseline, fingerprints.
    Judging,
    /// Writes the report.
    Report,
}

/// Who looks at the changes; called from several threads at once.
pub trait Sink: Sync {
    /// Here is a change.
    fn change(&self, change: &Change<'_>);
    /// This could not be shown.
    fn unread(&self, unread: Unread);
    /// This was left out on purpose: a submodule's commit, a device.
    fn skipped(&self);
    /// Whether to go on; `false` once a deadline has passed, after which nothing more is shown.
    fn go_on(&self) -> bool;
    /// These commits come now, oldest first; several threads show them, not quite in that order.
    fn order(&self, commits: &mut dyn Iterator<Item = Oid>);
    /// Whether a file of this name is worth showing for its name alone.
    fn wants_name(&self, name: &[u8]) -> bool;
    /// Here is a text that comes in, wherever it will stand, and what it is built on: whether it holds
    /// nothing for any check at any path. A file with it is shown all the same, for what it is
    /// beside its text.
    fn anywhere(&self, text: &[u8], base: Option<Base<'_>>) -> Anywhere;
    /// The blobs in which something was found so far.
    fn blobs_found(&self) -> Vec<Oid>;
    /// How many sets of refs there are under which commits are looked at again.
    fn scopes(&self) -> usize;
    /// Whether a set holds a ref; no ref is that of a look back.
    fn in_scope(&self, scope: usize, name: Option<&RefName>) -> bool;
    /// Under which circumstances it may be remembered which objects of a history hold nothing; `None`
    /// where it may not.
    fn circumstances(&self) -> Option<Circumstances>;
    /// This was noted at the end of the last look, for when the same is shown again.
    fn recall(&self, notes: &[u8]);
    /// So far it has come.
    fn progress(&self, progress: Progress);
    /// From here on this is done.
    fn stage(&self, stage: Stage);
}

/// Shows all that the source has to show. For [`Source::History`] what was learnt on the way comes
/// back, to say where findings came from.
pub fn visit(
    repo: Option<&Repo>,
    source: &Source,
    jobs: usize,
    sink: &dyn Sink,
) -> Option<History> {
    let with_repo = |show: &dyn Fn(&Repo)| match repo {
        Some(repo) => show(repo),
        None => sink.unread(Unread::new("the repository", "there is none here")),
    };
    match source {
        Source::Staged { parents } => with_repo(&|repo| staged::visit(repo, parents, sink)),
        Source::Pending { branch, parents } => {
            sink.change(&Change::Ref(&RefUpdate::pending(branch, *parents)));
        }
        Source::Draft(text) => sink.change(&Change::Message(&Message {
            of: MessageOf::Draft,
            raw: text,
            message_at: 0,
            by: By::default(),
        })),
        Source::Proposed(proposal) => sink.change(&Change::Proposal(proposal)),
        Source::Push {
            updates,
            bad,
            known,
            there,
            certificate: _,
        } => {
            for line in bad {
                sink.change(&Change::BadRef(line));
            }
            with_repo(&|repo| push::visit(repo, updates, known, there, jobs, sink));
        }
        Source::Landed(_) => {}
        Source::History => return repo.map(|repo| history::visit(repo, jobs, sink)),
        Source::Range { revs, refname } => {
            with_repo(&|repo| push::visit_range(repo, revs, refname.as_ref(), jobs, sink));
        }
        Source::Worktree => with_repo(&|repo| disk::visit_worktree(repo, sink)),
        Source::Files(paths) => disk::visit_files(paths, sink),
        Source::Text(text) => {
            let file = FileChange::new(None, Stored::Bytes(text.clone()));
            sink.change(&Change::File(&file));
        }
    }
    None
}
