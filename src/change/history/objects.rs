//! Shows every object of a repository, each once, and keeps the graph that they form.
//!
//! Several threads read the packs and look at what they find. Where the packs cannot be read, one
//! thread reads what `git` prints, and the others look.

use super::super::{
    Base, By, Calm, Change, FileChange, Message, MessageOf, Naming, Sink, Stored, Unread,
};
use super::memory::Memory;
use super::printed::from_git;
use super::trees::{Notes, Trees};
use super::{History, Node};
use crate::git::{
    BrokenObject, CommitInfo, Kind, Mode, Objects, Oid, OidMap, OidSet, Repo, RepoPath, Seen,
    Share, Surprise, TagInfo, TreeEntry, Visitor, shallow_commits, tree_places,
};
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// After so many objects a thread says how far it has come.
const TELL: u64 = 1 << 10;

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
            let mut history = from_packs(&common, &objects, memory.as_ref(), jobs);
            history.stock = Some(objects.stock().clone());
            history.is_new = memory.is_none() || objects.count() > 0;
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
    memory: Option<&Memory>,
    jobs: usize,
) -> History {
    let jobs = jobs.max(1);
    let again = memory.map(|memory| common.show_again(&memory.finds, jobs));
    let parts = (0..jobs)
        .map(|_| Part::new(common, Known::Stored(objects)))
        .collect();
    let mut parts = objects.walk(common.repo, Share::Blobs, parts);
    // Trees are noted only where it will be asked where a blob came in.
    let mut wanted = common.sink.blobs_found();
    if let Some(memory) = memory {
        let known: OidSet = memory.finds.iter().map(|find| find.oid).collect();
        wanted.retain(|oid| !known.contains(oid));
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
        notes.extend(part.notes);
    }
    let complete = !all.unnoted;
    let mut new_commits = None;
    if let Some(memory) = memory {
        new_commits = Some(all.commits.keys().copied().collect());
        memory.recall(&mut all.commits, &mut all.tags);
    }
    let mut history = all.finish();
    if complete {
        history.trees = Trees::of(notes);
    }
    history.new_commits = new_commits;
    if let (Some(memory), Some(again)) = (memory, again) {
        history.before = memory.examined.without(again);
        for find in &memory.finds {
            let places = history.placed.entry(find.oid).or_default();
            places.push(find.clone());
        }
    }
    history
}

/// What all threads share.
pub(super) struct Common<'a> {
    pub(super) repo: &'a Repo,
    pub(super) sink: &'a dyn Sink,
    shallow: OidSet,
    /// Files that were shown for their names.
    shown: Mutex<HashSet<(Box<[u8]>, Oid)>>,
    done: AtomicU64,
}

impl Common<'_> {
    pub(super) fn show_blob(&self, oid: Oid, data: &[u8], base: Option<Base<'_>>) -> Calm {
        let mut file = FileChange::new(None, Stored::Read(oid, data));
        file.base = base;
        self.sink.change(&Change::File(&file));
        file.calm.get()
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
                        refs: &[],
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
    Seen(OidSet),
}

/// What one thread has learnt while the objects went by.
pub(super) struct Part<'a> {
    pub(super) common: &'a Common<'a>,
    pub(super) known: Known<'a>,
    commits: OidMap<Node>,
    tags: OidMap<Oid>,
    /// Named by an object that was seen, and not known yet to be there.
    pub(super) owed: OidSet,
    /// For each name of an entry whether it matters for its name alone.
    names: HashMap<Box<[u8]>, bool>,
    /// What trees hold, where that will be asked.
    notes: Option<Notes>,
    /// Whether there are trees that were not noted.
    unnoted: bool,
    /// How many objects were seen since that was last told.
    untold: u64,
}

impl Visitor for Part<'_> {
    type Note = Calm;

    fn object(&mut self, seen: Seen<'_, Calm>) -> Calm {
        self.untold += 1;
        if self.untold == TELL {
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

    fn broken(&mut self, broken: BrokenObject) {
        self.common.broken(broken);
    }

    fn go_on(&self) -> bool {
        self.common.sink.go_on()
    }
}

impl<'a> Part<'a> {
    pub(super) fn new(common: &'a Common<'a>, known: Known<'a>) -> Self {
        Self {
            common,
            known,
            commits: OidMap::default(),
            tags: OidMap::default(),
            owed: OidSet::default(),
            names: HashMap::new(),
            notes: None,
            unnoted: false,
            untold: 0,
        }
    }

    fn tell(&mut self) {
        let all = match &self.known {
            Known::Stored(objects) => objects.count(),
            Known::Seen(_) => 0,
        };
        let done = self.common.done.fetch_add(self.untold, Ordering::Relaxed) + self.untold;
        self.untold = 0;
        self.common.sink.progress(done, all);
    }

    pub(super) fn commit(&mut self, info: CommitInfo) {
        self.owe(info.tree);
        if !self.common.shallow.contains(&info.oid) {
            info.parents.iter().for_each(|parent| self.owe(*parent));
        }
        let node = Node {
            parents: info.parents,
            tree: self.number(info.tree),
            time: info.committer_time.0,
        };
        self.commits.insert(info.oid, node);
    }

    pub(super) fn tag(&mut self, tag: &TagInfo) {
        self.owe(tag.target);
        self.tags.insert(tag.oid, tag.target);
    }

    /// Looks at the entries of a tree; where its base was shown, at those that touch what is new:
    /// the others are the base's.
    pub(super) fn tree(&mut self, oid: Oid, data: &[u8], fresh: Option<&[Range<usize>]>) {
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
            Known::Seen(seen) => seen.contains(&oid),
        };
        if !there {
            self.owed.insert(oid);
        }
    }

    /// Says what is missing and works out what refs reach.
    pub(super) fn finish(mut self) -> History {
        let mut history = History {
            commits: std::mem::take(&mut self.commits),
            tags: std::mem::take(&mut self.tags),
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
            let why =
                "named by another object, and missing from this repository (nothing is fetched)";
            sink.unread(Unread::new(oid, why));
        }
        history.reach(repo);
        history
    }
}
