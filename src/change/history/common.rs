//! Shows objects of a history one by one; shared by all threads.

use super::super::{
    Base, By, Calm, Change, FileChange, Message, MessageOf, Naming, Sink, Stored, Unread,
};
use super::{Examined, Find};
use crate::git::{
    BrokenObject, CommitInfo, Kind, Large, Object, Objects, Oid, OidMap, OidSet, Repo, RepoPath,
    TagInfo,
};
use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// What all threads share.
pub(super) struct Common<'a> {
    pub(super) repo: &'a Repo,
    pub(super) sink: &'a dyn Sink,
    pub(super) shallow: OidSet,
    /// Files that were shown for their names.
    pub(super) shown: Mutex<HashSet<(Box<[u8]>, Oid)>>,
    pub(super) done: AtomicU64,
    pub(super) bytes: AtomicU64,
}

impl Common<'_> {
    pub(super) fn show_blob(&self, oid: Oid, data: &[u8], base: Option<Base<'_>>) -> Calm {
        let mut file = FileChange::new(None, Stored::Read(oid, data));
        file.base = base;
        self.sink.change(&Change::File(&file));
        file.calm.get()
    }

    pub(super) fn show_large(&self, blob: &Large<'_>) {
        let file = FileChange::large(self.repo, blob);
        self.sink.change(&Change::File(&file));
    }

    pub(super) fn show_commit(&self, oid: Oid, raw: &[u8]) -> Option<CommitInfo> {
        match CommitInfo::parse(oid, raw.to_vec()) {
            Ok(info) => {
                self.sink.change(&Change::Message(&Message {
                    of: MessageOf::Commit,
                    raw: &info.raw,
                    message_at: info.message_at,
                    by: By {
                        commit: Some(&info),
                        ..By::default()
                    },
                }));
                Some(info)
            }
            Err(error) => {
                self.sink.unread(Unread::new(oid, error));
                None
            }
        }
    }

    pub(super) fn show_tag(&self, oid: Oid, raw: &[u8]) -> Option<TagInfo> {
        match TagInfo::parse(oid, raw.to_vec()) {
            Ok(tag) => {
                self.sink.change(&Change::Message(&Message {
                    of: MessageOf::Tag(oid),
                    raw: &tag.raw,
                    message_at: tag.message_at,
                    by: By::default(),
                }));
                Some(tag)
            }
            Err(error) => {
                self.sink.unread(Unread::new(oid, error));
                None
            }
        }
    }

    pub(super) fn show_name(&self, name: &[u8], oid: Oid) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if !shown.insert((name.into(), oid)) {
            return;
        }
        drop(shown);
        let mut file = FileChange::in_repo(self.repo, Some(RepoPath::new(name)), oid, Vec::new());
        file.naming = Naming::LastPart;
        self.sink.change(&Change::File(&file));
    }

    pub(super) fn show_object(&self, oid: Oid, object: &Object) -> Examined {
        let data = object.data.as_slice();
        let bytes = data.len() as u64;
        match object.kind {
            Kind::Blob => {
                self.show_blob(oid, data, None);
                Examined {
                    blobs: 1,
                    bytes,
                    ..Examined::default()
                }
            }
            Kind::Commit => {
                self.show_commit(oid, data);
                Examined {
                    commits: 1,
                    bytes,
                    ..Examined::default()
                }
            }
            Kind::Tag => {
                self.show_tag(oid, data);
                Examined {
                    bytes,
                    ..Examined::default()
                }
            }
            Kind::Tree => Examined::default(),
        }
    }

    /// Looks once more where something was found, in so many threads, and says how much that was.
    pub(super) fn show_again(&self, stored: &Objects, finds: &[Find], jobs: usize) -> Examined {
        let objects: Vec<&[Find]> = finds.chunk_by(|a, b| a.oid == b.oid).collect();
        let next = AtomicUsize::new(0);
        let work = |repo: &Repo| {
            let mut again = Examined::default();
            while let Some(finds) = objects.get(next.fetch_add(1, Ordering::Relaxed)) {
                let oid = finds[0].oid;
                match stored.large(oid, |blob| self.show_large(blob)) {
                    Some(bytes) => again.add(Examined {
                        blobs: 1,
                        bytes,
                        ..Examined::default()
                    }),
                    None => match repo.read(oid) {
                        Ok(object) => again.add(self.show_object(oid, &object)),
                        Err(error) => self.sink.unread(Unread::new(oid, error)),
                    },
                }
                for path in finds.iter().filter_map(|find| find.path.as_deref()) {
                    let path = RepoPath::new(path);
                    if self.sink.wants_name(path.file_name()) {
                        self.show_name(path.file_name(), oid);
                    }
                }
            }
            again
        };
        std::thread::scope(|scope| {
            let other = || match self.repo.again() {
                Some(repo) => work(&repo),
                None => work(self.repo),
            };
            let others: Vec<_> = (1..jobs).map(|_| scope.spawn(other)).collect();
            let mut all = work(self.repo);
            for other in others {
                match other.join() {
                    Ok(again) => all.add(again),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            all
        })
    }

    pub(super) fn broken(&self, broken: BrokenObject) {
        let what = broken
            .oid
            .map_or_else(|| "the objects".to_owned(), |oid| oid.to_string());
        self.sink.unread(Unread::new(what, broken.error));
    }
}

/// How it is known whether an object is there.
pub(super) enum Known<'a> {
    /// All that are stored were listed before.
    Stored(&'a Objects),
    /// By having seen it.
    Seen(Met),
}

/// What was seen.
#[derive(Default)]
pub(super) struct Met {
    pub(super) all: OidSet,
    /// A number for each of the trees.
    pub(super) trees: OidMap<u32>,
}
