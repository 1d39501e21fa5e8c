//! Looks at the texts that a push brings before it is known where they stand: in the order of the
//! deltas they came as, each only where it differs from what it is built on.
//!
//! Most texts hold nothing. Of those that hold nothing at any path the walk over the commits need not
//! read a byte; all others, and whatever could not be read here, it looks at as ever.

use super::{Base, Calm, Sink};
use crate::git::{BrokenObject, Kind, Large, Objects, Oid, OidMap, Repo, Seen, Share, Visitor};

/// Below so many objects it is not worth it to lay out a pack; Git itself unpacks what is fewer than
/// 100 (`receive.unpackLimit`).
const WORTH: u64 = 64;

/// Below so many commits nobody asks what else is stored.
const MANY: usize = 512;

/// To look at what a commit brings in takes about as long as to go through so many objects in the
/// order of their deltas (30 in the history of Git itself).
const WORTH_A_COMMIT: u64 = 24;

/// The blobs that hold nothing at any path, with their lengths in bytes.
#[derive(Default)]
pub(super) struct Nothing(OidMap<u64>);

impl Nothing {
    /// Of the packs that Git has put aside for a push to be judged, looked at in so many threads;
    /// of none where there are none, or only small ones.
    pub(super) fn incoming(repo: &Repo, jobs: usize, sink: &dyn Sink) -> Self {
        match repo.incoming().filter(|objects| objects.count() >= WORTH) {
            Some(objects) => Self::of(repo, objects, jobs, sink),
            None => Self::default(),
        }
    }

    /// Of all packs of the repository, where so many commits of it are to be looked at that this
    /// is worth it.
    pub(super) fn stored(repo: &Repo, commits: usize, jobs: usize, sink: &dyn Sink) -> Self {
        if commits < MANY {
            return Self::default();
        }
        let most = commits as u64 * WORTH_A_COMMIT;
        match repo.stored().filter(|objects| objects.count() <= most) {
            Some(objects) => Self::of(repo, objects, jobs, sink),
            None => Self::default(),
        }
    }

    fn of(repo: &Repo, objects: &Objects, jobs: usize, sink: &dyn Sink) -> Self {
        let parts = (0..jobs.max(1)).map(|_| Part {
            sink,
            nothing: Vec::new(),
        });
        let parts = objects.walk(repo, Share::Blobs, parts.collect());
        Self(parts.into_iter().flat_map(|part| part.nothing).collect())
    }

    /// The length of a blob, if it is one of them.
    pub(super) fn size(&self, oid: Oid) -> Option<u64> {
        self.0.get(&oid).copied()
    }
}

/// What one thread has learnt.
struct Part<'a> {
    sink: &'a dyn Sink,
    nothing: Vec<(Oid, u64)>,
}

impl Visitor for Part<'_> {
    type Note = Calm;

    fn object(&mut self, seen: Seen<'_, Calm>) -> Calm {
        if seen.kind != Kind::Blob {
            return Calm::Unknown;
        }
        let base = seen.base.map(|base| Base {
            fresh: base.fresh,
            calm: base.note,
        });
        let found = self.sink.anywhere(seen.data, base);
        if found.nothing {
            self.nothing.push((seen.oid, seen.data.len() as u64));
        }
        found.calm
    }

    fn large(&mut self, _blob: Large<'_>) {
        // Nothing is built on it; the walk over the commits looks at it.
    }

    fn broken(&mut self, _broken: BrokenObject) {
        // If a commit has it, the walk over the commits says so.
    }

    fn go_on(&self) -> bool {
        self.sink.go_on()
    }
}
