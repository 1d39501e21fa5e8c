//! What a push would bring in: its refs, and all that is new behind them.

use super::Progress;
use super::commits::{Commits, show_tree};
use super::reach::Reached;
use super::sweep::Nothing;
use super::{By, Change, FileChange, Message, MessageOf, Sink, There, Unread, scoped};
use crate::git::{
    GitError, Kind, Oid, RefName, Repo, Walked, rev_list, rev_list_args, rev_list_quarantined,
    will_ask_ancestors,
};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// One ref that a push asks to move.
#[derive(Clone, Debug)]
pub struct RefUpdate {
    /// The ref.
    pub name: RefName,
    /// The old value that the pusher claims; recorded, never believed.
    pub claimed: Option<Oid>,
    /// What would happen to it, from the repository's own refs.
    pub change: RefChange,
    /// Whether an earlier line of the same push names the same ref.
    pub repeated: bool,
}

impl RefUpdate {
    /// Of the commit that is about to be made on a branch.
    #[must_use]
    pub fn pending(branch: &RefName, parents: usize) -> Self {
        Self {
            name: branch.clone(),
            claimed: None,
            change: RefChange::Pending { parents },
            repeated: false,
        }
    }
}

/// What happens to a ref.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefChange {
    /// It does not exist, and will.
    Create {
        /// Its first value.
        new: Oid,
    },
    /// It exists and is to stand elsewhere.
    Move {
        /// Where it stands.
        old: Oid,
        /// Where it will.
        new: Oid,
    },
    /// It is to go.
    Delete {
        /// Where it stands; `None` where it does not exist.
        old: Option<Oid>,
    },
    /// A commit is about to be made on it; what that will be is not known yet.
    Pending {
        /// How many parents it will have.
        parents: usize,
    },
}

impl RefChange {
    /// Of the repository's own value and the new one that is asked for.
    #[must_use]
    pub fn of(old: Option<Oid>, new: Option<Oid>) -> Self {
        match (old, new) {
            (None, Some(new)) => Self::Create { new },
            (Some(old), Some(new)) => Self::Move { old, new },
            (old, None) => Self::Delete { old },
        }
    }

    /// The new value, but for a deletion.
    #[must_use]
    pub fn new_oid(self) -> Option<Oid> {
        match self {
            Self::Create { new } | Self::Move { new, .. } => Some(new),
            Self::Delete { .. } | Self::Pending { .. } => None,
        }
    }

    /// Whether nothing is pushed yet.
    #[must_use]
    pub fn is_pending(self) -> bool {
        matches!(self, Self::Pending { .. })
    }

    /// The value that the repository has.
    #[must_use]
    pub fn old_oid(self) -> Option<Oid> {
        match self {
            Self::Create { .. } | Self::Pending { .. } => None,
            Self::Move { old, .. } => Some(old),
            Self::Delete { old } => old,
        }
    }
}

/// A line of a push that asks for something that no ref can be.
#[derive(Clone, Debug)]
pub struct BadUpdate {
    /// The name as it was sent, or the whole line.
    pub name: Vec<u8>,
    /// What is wrong with it.
    pub why: &'static str,
}

pub(super) fn visit(
    repo: &Repo,
    updates: &[RefUpdate],
    known: &[String],
    there: &There,
    jobs: usize,
    sink: &dyn Sink,
) {
    let nothing = &Nothing::incoming(repo, jobs, sink);
    // What checks ask of the way of a ref is told by the same walk.
    let quick = match there {
        There::Here => quick(repo, updates),
        // Another repository does not have what refs of this one reach.
        There::Remote(_) | There::Unnamed | There::Aside => None,
    };
    let moves = updates.iter().filter_map(|update| match update.change {
        RefChange::Move { old, new } => Some((old, new)),
        RefChange::Create { .. } | RefChange::Delete { .. } | RefChange::Pending { .. } => None,
    });
    will_ask_ancestors(repo, moves);
    let mut tips: Vec<(Oid, &RefName)> = Vec::new();
    for update in updates {
        sink.change(&Change::Ref(update));
        if let Some(new) = update.change.new_oid() {
            match show_tip(repo, new, &update.name, nothing, sink) {
                Tip::Commit(tip) => tips.push((tip, &update.name)),
                Tip::Shown => {}
            }
        }
    }
    let mut oids: Vec<Oid> = tips.iter().map(|(tip, _)| *tip).collect();
    oids.sort_unstable();
    oids.dedup();
    let walked = match quick {
        Some(walked) if !oids.is_empty() => Ok(walked),
        Some(_) | None => rev_list(repo, &oids, known),
    };
    match &walked {
        Ok(walked) => {
            let stored = match there {
                There::Here => None,
                There::Remote(_) | There::Unnamed | There::Aside => {
                    Some(Nothing::stored(repo, walked.len(), jobs, sink))
                }
            };
            let nothing = stored.as_ref().unwrap_or(nothing);
            show_commits(repo, walked, &tips, nothing, jobs, sink);
        }
        Err(_) if oids.len() > 1 => one_by_one(repo, &tips, known, nothing, jobs, sink),
        Err(error) => unwalked(&tips, error, sink),
    }
    scoped::visit(repo, updates, &tips, walked.ok().as_deref(), there, sink);
}

/// A push mostly needs no look at refs that it does not name.
fn quick(repo: &Repo, updates: &[RefUpdate]) -> Option<Vec<Walked>> {
    let moves = updates.iter().filter_map(|update| {
        let new = update.change.new_oid()?;
        Some(match repo.peel(new) {
            Ok((_, tip, object)) if object.kind == Kind::Commit => {
                Some((update.change.old_oid(), tip))
            }
            Ok(_) | Err(_) => None,
        })
    });
    rev_list_quarantined(repo, &moves.collect::<Option<Vec<_>>>()?)
}

/// One ref that cannot be walked must not hide what is wrong with another.
fn one_by_one(
    repo: &Repo,
    tips: &[(Oid, &RefName)],
    known: &[String],
    nothing: &Nothing,
    jobs: usize,
    sink: &dyn Sink,
) {
    for tip in tips {
        match rev_list(repo, &[tip.0], known) {
            Ok(walked) => show_commits(repo, &walked, &[*tip], nothing, jobs, sink),
            Err(error) => unwalked(&[*tip], &error, sink),
        }
    }
}

fn unwalked(tips: &[(Oid, &RefName)], error: &GitError, sink: &dyn Sink) {
    for (_, name) in tips {
        sink.unread(Unread::new(name, error));
    }
}

enum Tip {
    /// A commit, whose history is to be walked.
    Commit(Oid),
    /// Anything else, which has been shown.
    Shown,
}

/// Shows the tags on the way to what a ref will stand for, and a tree or blob at its end.
fn show_tip(repo: &Repo, new: Oid, name: &RefName, nothing: &Nothing, sink: &dyn Sink) -> Tip {
    let refs = std::slice::from_ref(name);
    let by = By {
        commit: None,
        refs: refs.into(),
    };
    let (tags, oid, object) = match repo.peel(new) {
        Ok(peeled) => peeled,
        Err(error) => {
            sink.unread(Unread::new(format_args!("{name} ({new})"), error));
            return Tip::Shown;
        }
    };
    for tag in &tags {
        sink.change(&Change::Message(&Message {
            of: MessageOf::Tag(tag.oid),
            raw: &tag.raw,
            message_at: tag.message_at,
            by,
        }));
    }
    match object.kind {
        Kind::Commit => return Tip::Commit(oid),
        Kind::Tree => show_tree(repo, oid, &[], by, nothing, sink),
        Kind::Blob => {
            let mut file = FileChange::in_repo(repo, None, oid, Vec::new());
            file.by = by;
            sink.change(&Change::File(&file));
        }
        Kind::Tag => {}
    }
    Tip::Shown
}

/// So many commits are shown by one thread before it takes the next ones.
const TURN: usize = 64;

/// What a thread may use of its stack, in bytes, as much as the first one mostly may: directories can
/// nest as deep as Git lets them.
const STACK: usize = 8 << 20;

/// Shows commits of a walk (children before parents) with the refs that would reach each, oldest
/// first; in several threads, about in that order.
fn show_commits(
    repo: &Repo,
    walked: &[Walked],
    tips: &[(Oid, &RefName)],
    nothing: &Nothing,
    jobs: usize,
    sink: &dyn Sink,
) {
    let reached = &Reached::new(walked, tips);
    let oldest_first: &Vec<&Walked> = &walked.iter().rev().collect();
    sink.order(&mut oldest_first.iter().map(|commit| commit.oid));
    let (next, done) = (&AtomicUsize::new(0), &AtomicU64::new(0));
    let show = || {
        let mut commits = Commits::new(repo, nothing, sink);
        loop {
            let from = next.fetch_add(TURN, Ordering::Relaxed);
            let Some(rest) = oldest_first.get(from..).filter(|rest| !rest.is_empty()) else {
                return;
            };
            for commit in rest.iter().take(TURN) {
                if !sink.go_on() {
                    return;
                }
                commits.show(commit, reached.reaching(commit.oid).refs());
                sink.progress(Progress {
                    objects: done.fetch_add(1, Ordering::Relaxed) + 1,
                    bytes: 0,
                    all: walked.len() as u64,
                });
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..jobs.min(walked.len().div_ceil(TURN)) {
            let thread = std::thread::Builder::new().stack_size(STACK);
            // Where there can be no more threads, those that there are do it all.
            if thread.spawn_scoped(scope, show).is_err() {
                break;
            }
        }
        show();
    });
}

pub(super) fn visit_range(
    repo: &Repo,
    revs: &[String],
    refname: Option<&RefName>,
    jobs: usize,
    sink: &dyn Sink,
) {
    match rev_list_args(repo, revs) {
        Ok(walked) => {
            let tips: Vec<(Oid, &RefName)> = refname
                .into_iter()
                .flat_map(|name| walked.iter().map(move |commit| (commit.oid, name)))
                .collect();
            let nothing = &Nothing::stored(repo, walked.len(), jobs, sink);
            show_commits(repo, &walked, &tips, nothing, jobs, sink);
            scoped::show_all(repo, &walked, &tips, refname, sink);
        }
        Err(error) => sink.unread(Unread::new(revs.join(" "), error)),
    }
}
