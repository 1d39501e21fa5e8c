//! Shows every object of a repository, each once, and keeps the graph that they form.
//!
//! Several threads read the packs and look at what they find. Where the packs cannot be read, one
//! thread reads what `git` prints, and the others look.

use super::super::{Base, Calm, Progress, Sink, Stage, Unread};
use super::common::{Common, Known, Met};
use super::graph::Graph;
use super::memory::{Memory, Remembered};
use super::noting::{noted, noted_one_by_one};
use super::trees::{Notes, Trees};
use super::{Counts, History, Node};
use crate::git::{
    AllObjects, BrokenObject, CommitInfo, Kind, Large, Mode, Object, Objects, Oid, OidMap, OidSet,
    Repo, Seen, Share, Surprise, TagInfo, TreeEntry, Visitor, count_objects, shallow_commits,
    tree_places,
};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};

/// What `git` prints goes to the threads in batches of about this many bytes.
const BATCH: usize = 1 << 19;

/// After so many objects, or bytes of them, a thread says how far it has come.
const TELL: u64 = 1 << 10;
const TELL_BYTES: u64 = 1 << 24;

pub(in crate::change) fn visit(repo: &Repo, jobs: usize, sink: &dyn Sink) -> History {
    let shallow = shallow_commits(repo).unwrap_or_else(|error| {
        sink.unread(Unread::new("shallow", error));
        Vec::new()
    });
    let common = Common {
        repo,
        sink,
        shallow: shallow.iter().copied().collect(),
        shown: Mutex::default(),
        done: AtomicU64::new(0),
        bytes: AtomicU64::new(0),
    };
    let circumstances = sink.circumstances();
    let memory = circumstances
        .as_ref()
        .and_then(|of| Memory::read(repo, of, &shallow));
    let since = memory.and_then(|memory| {
        let objects = Objects::open_since(repo, &memory.stock).ok().flatten()?;
        Some((objects, memory))
    });
    let opened = match since {
        Some((objects, memory)) => Ok((objects, Some(memory))),
        None => Objects::open(repo).map(|objects| (objects, None)),
    };
    let mut history = match opened {
        Ok((objects, memory)) => {
            let is_new = memory.is_none() || objects.count() > 0;
            let mut history = from_packs(&common, &objects, memory, jobs);
            history.stock = Some(objects.stock().clone());
            history.is_new = is_new;
            history
        }
        Err(Surprise) => from_git(&common, jobs),
    };
    history.shallow = shallow;
    history
}

fn from_packs(
    common: &Common<'_>,
    objects: &Objects,
    mut memory: Option<Memory>,
    jobs: usize,
) -> History {
    let jobs = jobs.max(1);
    common.sink.stage(Stage::Blobs);
    let again = memory.as_ref().map(|memory| {
        common.sink.recall(&memory.notes);
        common.show_again(objects, &memory.finds, jobs)
    });
    let parts = (0..jobs)
        .map(|_| Part::new(common, Known::Stored(objects)))
        .collect();
    let mut parts = objects.walk(common.repo, Share::Blobs, parts);
    common.sink.stage(Stage::Others);
    // Trees are noted only where it will be asked where a blob came in.
    let mut wanted = common.sink.blobs_found();
    let mut remembered = OidSet::default();
    if let Some(memory) = &memory {
        remembered.extend(memory.finds.iter().map(|find| find.oid));
        wanted.retain(|oid| !remembered.contains(oid));
    }
    if !wanted.is_empty() {
        for part in &mut parts {
            part.notes = Some(Notes::new(&wanted, jobs));
        }
    }
    let mut parts = objects.walk(common.repo, Share::Others, parts).into_iter();
    let Some(mut all) = parts.next() else {
        return History::default();
    };
    let mut notes: Vec<Notes> = all.notes.take().into_iter().collect();
    for part in parts {
        all.commits.extend(part.commits);
        all.tags.extend(part.tags);
        all.owed.extend(part.owed);
        all.unnoted |= part.unnoted;
        all.trees += part.trees;
        notes.extend(part.notes);
    }
    let complete = !all.unnoted;
    let mut commits = Remembered::default();
    if let Some(memory) = &mut memory {
        commits = std::mem::take(&mut memory.commits);
        all.tags.extend(memory.tags.iter().copied());
    }
    let found = common.sink.blobs_found();
    let known: OidSet = wanted.into_iter().chain(remembered).collect();
    let by_name: Vec<Oid> = found
        .iter()
        .copied()
        .filter(|oid| !known.contains(oid))
        .collect();
    let mut history = all.finish(commits);
    if !by_name.is_empty() {
        // Of some no text spoke, but the names that trees give them.
        common.sink.stage(Stage::Origins);
        let go_on = || common.sink.go_on();
        history.trees = noted(common.repo, objects, &found, jobs, &go_on);
    } else if complete {
        history.trees = Trees::of(notes);
    }
    history.found = found;
    if let (Some(memory), Some(again)) = (memory, again) {
        history.before = memory.examined.without(again);
        history.kept = Some(memory.kept);
        for find in memory.finds {
            history.placed.entry(find.oid).or_default().push(find);
        }
    }
    history
}

fn from_git(common: &Common<'_>, jobs: usize) -> History {
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
    let mut history = part.finish(Remembered::default());
    let wanted = common.sink.blobs_found();
    if !wanted.is_empty() {
        common.sink.stage(Stage::Origins);
        let go_on = || common.sink.go_on();
        history.trees = noted_one_by_one(common.repo, &numbers, &wanted, &go_on);
        history.commits.number_trees(&numbers);
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

/// What one thread has learnt while the objects went by.
struct Part<'a> {
    common: &'a Common<'a>,
    known: Known<'a>,
    commits: OidMap<Node>,
    tags: OidMap<Oid>,
    /// Named by an object that was seen, and not known yet to be there.
    owed: OidSet,
    /// For each name of an entry whether it matters for its name alone.
    names: HashMap<Box<[u8]>, bool>,
    /// What trees hold, where that will be asked.
    notes: Option<Notes>,
    /// Whether there are trees that were not noted.
    unnoted: bool,
    /// How many trees were seen.
    trees: u64,
    /// How many objects were seen since that was last told, and their bytes.
    untold: (u64, u64),
}

impl Visitor for Part<'_> {
    type Note = Calm;

    fn object(&mut self, seen: Seen<'_, Calm>) -> Calm {
        self.untold.0 += 1;
        self.untold.1 += seen.data.len() as u64;
        if self.untold.0 >= TELL || self.untold.1 >= TELL_BYTES {
            self.tell();
        }
        let (oid, data) = (seen.oid, seen.data);
        match seen.kind {
            Kind::Blob => {
                let base = seen.base.map(|base| Base {
                    fresh: base.fresh,
                    calm: base.note,
                });
                return self.common.show_blob(oid, data, base);
            }
            Kind::Tree => self.tree(oid, data, seen.base.map(|base| base.fresh)),
            Kind::Commit => {
                if let Some(info) = self.common.show_commit(oid, data) {
                    self.commit(info);
                }
            }
            Kind::Tag => {
                if let Some(tag) = self.common.show_tag(oid, data) {
                    self.tag(&tag);
                }
            }
        }
        Calm::Unknown
    }

    fn large(&mut self, blob: Large<'_>) {
        self.untold.0 += 1;
        self.untold.1 += blob.length;
        self.common.show_large(&blob);
        self.tell();
    }

    fn broken(&mut self, broken: BrokenObject) {
        self.common.broken(broken);
    }

    fn go_on(&self) -> bool {
        self.common.sink.go_on()
    }
}

impl<'a> Part<'a> {
    fn new(common: &'a Common<'a>, known: Known<'a>) -> Self {
        Self {
            common,
            known,
            commits: OidMap::default(),
            tags: OidMap::default(),
            owed: OidSet::default(),
            names: HashMap::new(),
            notes: None,
            unnoted: false,
            trees: 0,
            untold: (0, 0),
        }
    }

    fn tell(&mut self) {
        let all = match &self.known {
            Known::Stored(objects) => objects.count(),
            Known::Seen(_) => 0,
        };
        let (objects, bytes) = std::mem::take(&mut self.untold);
        let add = |to: &AtomicU64, more| to.fetch_add(more, Ordering::Relaxed) + more;
        let objects = add(&self.common.done, objects);
        let bytes = add(&self.common.bytes, bytes);
        self.common.sink.progress(Progress {
            objects,
            bytes,
            all,
        });
    }

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

    fn commit(&mut self, info: CommitInfo) {
        self.owe(info.tree);
        if !self.common.shallow.contains(&info.oid) {
            info.parents.iter().for_each(|parent| self.owe(*parent));
        }
        let node = Node {
            parents: info.parents,
            tree: self.number(info.tree),
            root: match &self.known {
                Known::Stored(_) => None,
                Known::Seen(_) => Some(info.tree),
            },
            time: info.committer_time.0,
        };
        self.commits.insert(info.oid, node);
    }

    fn tag(&mut self, tag: &TagInfo) {
        self.owe(tag.target);
        self.tags.insert(tag.oid, tag.target);
    }

    /// Looks at the entries of a tree; where its base was shown, at those that touch what is new:
    /// the others are the base's.
    fn tree(&mut self, oid: Oid, data: &[u8], fresh: Option<&[Range<usize>]>) {
        self.trees += 1;
        let mut notes = self.notes.take();
        let tree = notes.as_ref().and_then(|_| self.number(oid));
        match (&mut notes, tree) {
            (Some(notes), Some(tree)) => notes.tree(tree),
            (Some(_) | None, _) => self.unnoted = true,
        }
        let mut rest = fresh.unwrap_or_default();
        for place in tree_places(data, oid.as_raw().len()) {
            let entry = match place {
                Ok(place) => {
                    if let (Some(notes), Known::Stored(objects)) = (&mut notes, &self.known) {
                        notes.place(&place, |oid| objects.number(oid));
                    }
                    // An empty range between two entries changes neither.
                    while rest.first().is_some_and(|range| range.end <= place.start) {
                        rest = &rest[1..];
                    }
                    let old = match (fresh, rest.first()) {
                        (None, _) => false,
                        (Some(_), Some(range)) => range.start >= place.end(),
                        (Some(_), None) if notes.is_none() => break,
                        (Some(_), None) => true,
                    };
                    if old {
                        continue;
                    }
                    place.read()
                }
                Err(error) => Err(error),
            };
            match entry {
                Ok(entry) => self.entry(entry),
                Err(error) => {
                    self.common.sink.unread(Unread::new(oid, error));
                    break;
                }
            }
        }
        self.notes = notes;
    }

    fn entry(&mut self, entry: TreeEntry<'_>) {
        if entry.mode == Mode::Gitlink {
            return;
        }
        self.owe(entry.oid);
        if entry.mode != Mode::Tree && self.matters(entry.name) {
            self.common.show_name(entry.name, entry.oid);
        }
    }

    fn matters(&mut self, name: &[u8]) -> bool {
        if let Some(known) = self.names.get(name) {
            return *known;
        }
        let matters = self.common.sink.wants_name(name);
        self.names.insert(name.into(), matters);
        matters
    }

    fn number(&self, oid: Oid) -> Option<u32> {
        match &self.known {
            Known::Stored(objects) => objects.number(oid),
            Known::Seen(_) => None,
        }
    }

    fn owe(&mut self, oid: Oid) {
        let there = match &self.known {
            Known::Stored(objects) => objects.has(oid),
            Known::Seen(seen) => seen.all.contains(&oid),
        };
        if !there {
            self.owed.insert(oid);
        }
    }

    /// Says what is missing and works out what refs reach, with what was remembered.
    fn finish(mut self, remembered: Remembered) -> History {
        let mut history = History {
            commits: Graph::of(remembered, std::mem::take(&mut self.commits)),
            tags: std::mem::take(&mut self.tags),
            counts: Counts {
                trees: self.trees,
                ..Counts::default()
            },
            ..History::default()
        };
        if !self.go_on() {
            return history;
        }
        let Common { repo, sink, .. } = self.common;
        match repo.refs() {
            Ok(refs) => {
                for (name, oid) in refs {
                    self.owe(oid);
                    let oid = history.peeled(oid);
                    history.tips.push((name, oid));
                }
            }
            Err(error) => sink.unread(Unread::new("the refs", error)),
        }
        if let Ok(Some(head)) = repo.head() {
            self.owe(head);
        }
        let mut missing: Vec<Oid> = self.owed.iter().copied().collect();
        missing.sort_unstable();
        for oid in missing {
            let why = "named by another object, and missing from this repository (nothing is \
                fetched); `git fetch --refetch` brings back what the remote has, `git gc \
                --prune=now` takes away what no ref reaches";
            sink.unread(Unread::new(oid, why));
        }
        history.reach(repo);
        history
    }
}
