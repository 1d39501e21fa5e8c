//! Looks once more where the last scan found something.

use super::super::Unread;
use super::objects::Common;
use super::{Examined, Find};
use crate::git::{Kind, Object, Oid, RepoPath};
use std::sync::atomic::{AtomicUsize, Ordering};

impl Common<'_> {
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
    pub(super) fn show_again(&self, finds: &[Find], jobs: usize) -> Examined {
        let objects: Vec<&[Find]> = finds.chunk_by(|a, b| a.oid == b.oid).collect();
        let next = AtomicUsize::new(0);
        let work = || {
            let mut again = Examined::default();
            while let Some(finds) = objects.get(next.fetch_add(1, Ordering::Relaxed)) {
                let oid = finds[0].oid;
                match self.repo.read(oid) {
                    Ok(object) => again.add(self.show_object(oid, &object)),
                    Err(error) => self.sink.unread(Unread::new(oid, error)),
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
            let others: Vec<_> = (1..jobs).map(|_| scope.spawn(work)).collect();
            let mut all = work();
            for other in others {
                match other.join() {
                    Ok(again) => all.add(again),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            all
        })
    }
}
