//! Shows every object of a repository as `git` prints them, where the packs cannot be read.

use super::super::{Progress, Stage, Unread};
use super::History;
use super::noting::noted_one_by_one;
use super::objects::{Common, Known, Met, Part};
use crate::git::{
    AllObjects, CommitInfo, Kind, Object, Oid, OidMap, TagInfo, Visitor, count_objects,
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
    common.sink.stage(Stage::Blobs);
    let (send, receive) = sync_channel::<Vec<(Oid, Object)>>(4 * jobs.max(1));
    let receive = Mutex::new(receive);
    let mut part = Part::new(common, Known::Seen(Met::default()));
    std::thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(|| look(&receive, common));
        }
        part.read(objects, &send);
        drop(send);
    });
    let numbers = match &mut part.known {
        Known::Seen(met) => std::mem::take(&mut met.trees),
        Known::Stored(_) => OidMap::default(),
    };
    let mut history = part.finish();
    history.found = common.sink.blobs_found();
    if !history.found.is_empty() {
        common.sink.stage(Stage::Origins);
        let go_on = || common.sink.go_on();
        history.trees = noted_one_by_one(common.repo, &numbers, &history.found, &go_on);
        for commit in history.commits.values_mut() {
            commit.tree = commit.root.and_then(|root| numbers.get(&root).copied());
        }
    }
    history
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
        let (mut batch, mut size) = (Vec::new(), 0);
        let mut done = Progress {
            all,
            ..Progress::default()
        };
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
                && !seen.all.insert(oid)
            {
                continue;
            }
            done.objects += 1;
            done.bytes += object.data.len() as u64;
            self.owed.remove(&oid);
            // What does not parse is reported by the thread that looks at its text.
            match object.kind {
                Kind::Blob => {}
                Kind::Tree => {
                    if let Known::Seen(seen) = &mut self.known {
                        let number = seen.trees.len() as u32;
                        seen.trees.insert(oid, number);
                    }
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
                self.common.sink.progress(done);
            }
        }
        let _ = send.send(batch);
    }
}
