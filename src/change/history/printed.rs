//! Shows every object of a repository as `git` prints them, where the packs cannot be read.

use super::super::Unread;
use super::History;
use super::objects::{Common, Known, Part};
use crate::git::{
    AllObjects, CommitInfo, Kind, Object, Oid, OidSet, TagInfo, Visitor, count_objects,
};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};

/// What `git` prints goes to the threads in batches of about this many bytes.
const BATCH: usize = 1 << 19;

pub(super) fn from_git(common: &Common<'_>, jobs: usize) -> History {
    let objects = match AllObjects::start(common.repo) {
        Ok(objects) => objects,
        Err(error) => {
            common.sink.unread(Unread::new("the objects", error));
            return History::default();
        }
    };
    let (send, receive) = sync_channel::<Vec<(Oid, Object)>>(4 * jobs.max(1));
    let receive = Mutex::new(receive);
    let mut part = Part::new(common, Known::Seen(OidSet::default()));
    std::thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(|| look(&receive, common));
        }
        part.read(objects, &send);
        drop(send);
    });
    part.finish()
}

/// Looks at texts until there are no more.
fn look(receive: &Mutex<Receiver<Vec<(Oid, Object)>>>, common: &Common<'_>) {
    loop {
        let batch = receive
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .recv();
        let Ok(batch) = batch else { return };
        for (oid, object) in batch {
            if !common.sink.go_on() {
                continue;
            }
            common.show_object(oid, &object);
        }
    }
}

impl Part<'_> {
    /// Reads what `git` prints.
    fn read(&mut self, objects: AllObjects, send: &SyncSender<Vec<(Oid, Object)>>) {
        let all = count_objects(self.common.repo).unwrap_or(0);
        let (mut batch, mut size, mut done) = (Vec::new(), 0, 0);
        for object in objects {
            if !self.go_on() {
                return;
            }
            let (oid, object) = match object {
                Ok(read) => read,
                Err(broken) => {
                    self.common.broken(broken);
                    continue;
                }
            };
            if let Known::Seen(seen) = &mut self.known
                && !seen.insert(oid)
            {
                continue;
            }
            done += 1;
            self.owed.remove(&oid);
            // What does not parse is reported by the thread that looks at its text.
            match object.kind {
                Kind::Blob => {}
                Kind::Tree => {
                    self.tree(oid, &object.data, None);
                    continue;
                }
                Kind::Commit => {
                    if let Ok(info) = CommitInfo::parse(oid, object.data.clone()) {
                        self.commit(info);
                    }
                }
                Kind::Tag => {
                    if let Ok(tag) = TagInfo::parse(oid, object.data.clone()) {
                        self.tag(&tag);
                    }
                }
            }
            size += object.data.len();
            batch.push((oid, object));
            if size >= BATCH {
                // The threads only end when this end is closed.
                let _ = send.send(std::mem::take(&mut batch));
                size = 0;
                self.common.sink.progress(done, all);
            }
        }
        let _ = send.send(batch);
    }
}
