//! Every object of a repository, each once: all refs, notes, stashes, reflogs and what dangles.
//!
//! One thread reads the objects in stored order and keeps the graph; others look at the texts. Where
//! a finding came from is asked afterwards, and only then paid for.

use super::{By, Change, FileChange, Message, MessageOf, Naming, Sink, Stored, Unread};
use crate::git::{
    AllObjects, CommitInfo, Index, Kind, Mode, Object, Oid, OidMap, OidSet, RefName, Repo,
    RepoPath, TagInfo, Wanted, count_objects, first_commits, shallow_commits, tree_entries,
};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};

/// Objects go to the threads in batches of about this many bytes.
const BATCH: usize = 1 << 19;

/// What a walk over all objects has learnt.
#[derive(Debug, Default)]
pub struct History {
    commits: OidMap<Node>,
    /// Tags and what they point at.
    tags: OidMap<Oid>,
    /// All refs with the commit, tree or blob that they stand for.
    tips: Vec<(RefName, Oid)>,
    /// Commits that a ref or `HEAD` reaches, with the place in `tips` of the first ref that does.
    reachable: OidMap<Option<usize>>,
    /// Trees and blobs that a ref reaches without a commit, with that ref.
    named: OidMap<RefName>,
}

#[derive(Debug)]
struct Node {
    parents: Vec<Oid>,
    time: i64,
}

/// A blob whose origin is asked for.
pub type Blob<'a> = Wanted<'a>;

/// Where a blob came in.
#[derive(Debug, Default)]
pub struct Located {
    /// The commit that brought it in: the oldest that a ref reaches, else the oldest.
    pub commit: Option<CommitInfo>,
    /// The path it had there.
    pub path: Option<RepoPath>,
    /// Whether a ref reaches it.
    pub reachable: bool,
    /// A ref that reaches it.
    pub refname: Option<RefName>,
}

pub(super) fn visit(repo: &Repo, jobs: usize, sink: &dyn Sink) -> History {
    let objects = match AllObjects::start(repo) {
        Ok(objects) => objects,
        Err(error) => {
            sink.unread(Unread::new("the objects", error));
            return History::default();
        }
    };
    let (send, receive) = sync_channel::<Vec<(Oid, Object)>>(4 * jobs.max(1));
    let receive = Mutex::new(receive);
    let mut graph = Graph::new(repo, sink);
    std::thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(|| look(&receive, sink));
        }
        graph.read(objects, &send);
        drop(send);
    });
    graph.finish()
}

/// Looks at texts until there are no more.
fn look(receive: &Mutex<Receiver<Vec<(Oid, Object)>>>, sink: &dyn Sink) {
    loop {
        let batch = receive
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .recv();
        let Ok(batch) = batch else { return };
        for (oid, object) in batch {
            if !sink.go_on() {
                continue;
            }
            match object.kind {
                Kind::Blob => {
                    let file = FileChange::new(None, Stored::Read(oid, object.data));
                    sink.change(&Change::File(&file));
                }
                Kind::Commit => show_commit(oid, object.data, sink),
                Kind::Tag => show_tag(oid, object.data, sink),
                Kind::Tree => {}
            }
        }
    }
}

fn show_commit(oid: Oid, raw: Vec<u8>, sink: &dyn Sink) {
    match CommitInfo::parse(oid, raw) {
        Ok(info) => sink.change(&Change::Message(&Message {
            of: MessageOf::Commit,
            raw: &info.raw,
            message_at: info.message_at,
            by: By {
                commit: Some(&info),
                refs: &[],
            },
        })),
        Err(error) => sink.unread(Unread::new(oid, error)),
    }
}

fn show_tag(oid: Oid, raw: Vec<u8>, sink: &dyn Sink) {
    match TagInfo::parse(oid, raw) {
        Ok(tag) => sink.change(&Change::Message(&Message {
            of: MessageOf::Tag(oid),
            raw: &tag.raw,
            message_at: tag.message_at,
            by: By::default(),
        })),
        Err(error) => sink.unread(Unread::new(oid, error)),
    }
}

/// What is kept while the objects go by.
struct Graph<'a> {
    repo: &'a Repo,
    sink: &'a dyn Sink,
    history: History,
    seen: OidSet,
    /// Named by an object that was seen, and not seen yet.
    owed: OidSet,
    shallow: OidSet,
    /// For each name of an entry whether it matters for its name alone.
    names: HashMap<Box<[u8]>, bool>,
    shown: HashSet<(Box<[u8]>, Oid)>,
}

impl<'a> Graph<'a> {
    fn new(repo: &'a Repo, sink: &'a dyn Sink) -> Self {
        let shallow = shallow_commits(repo).unwrap_or_else(|error| {
            sink.unread(Unread::new("shallow", error));
            Vec::new()
        });
        Self {
            repo,
            sink,
            history: History::default(),
            seen: OidSet::default(),
            owed: OidSet::default(),
            shallow: shallow.into_iter().collect(),
            names: HashMap::new(),
            shown: HashSet::new(),
        }
    }

    fn read(&mut self, objects: AllObjects, send: &SyncSender<Vec<(Oid, Object)>>) {
        let all = count_objects(self.repo).unwrap_or(0);
        let (mut batch, mut size) = (Vec::new(), 0);
        for object in objects {
            if !self.sink.go_on() {
                return;
            }
            let (oid, object) = match object {
                Ok(read) => read,
                Err(broken) => {
                    let what = broken
                        .oid
                        .map_or_else(|| "the objects".to_owned(), |oid| oid.to_string());
                    self.sink.unread(Unread::new(what, broken.error));
                    continue;
                }
            };
            if !self.seen.insert(oid) {
                continue;
            }
            self.owed.remove(&oid);
            self.keep(oid, &object);
            if object.kind == Kind::Tree {
                continue;
            }
            size += object.data.len();
            batch.push((oid, object));
            if size >= BATCH {
                // The threads only end when this end is closed.
                let _ = send.send(std::mem::take(&mut batch));
                size = 0;
                self.sink.progress(self.seen.len() as u64, all);
            }
        }
        let _ = send.send(batch);
    }

    fn keep(&mut self, oid: Oid, object: &Object) {
        match object.kind {
            Kind::Blob => {}
            Kind::Tree => self.keep_tree(oid, &object.data),
            Kind::Commit => {
                // What does not parse is reported by the thread that looks at its text.
                if let Ok(info) = CommitInfo::parse(oid, object.data.clone()) {
                    self.owe(info.tree);
                    if !self.shallow.contains(&oid) {
                        info.parents.iter().for_each(|parent| self.owe(*parent));
                    }
                    let (parents, time) = (info.parents, info.committer_time.0);
                    self.history.commits.insert(oid, Node { parents, time });
                }
            }
            Kind::Tag => {
                if let Ok(tag) = TagInfo::parse(oid, object.data.clone()) {
                    self.owe(tag.target);
                    self.history.tags.insert(oid, tag.target);
                }
            }
        }
    }

    fn keep_tree(&mut self, oid: Oid, data: &[u8]) {
        for entry in tree_entries(data, oid.as_raw().len()) {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => return self.sink.unread(Unread::new(oid, error)),
            };
            if entry.mode == Mode::Gitlink {
                continue;
            }
            self.owe(entry.oid);
            if entry.mode != Mode::Tree && self.matters(entry.name) {
                let key = (entry.name.into(), entry.oid);
                if self.shown.insert(key) {
                    self.show_name(entry.name, entry.oid);
                }
            }
        }
    }

    fn matters(&mut self, name: &[u8]) -> bool {
        if let Some(known) = self.names.get(name) {
            return *known;
        }
        let matters = self.sink.wants_name(name);
        self.names.insert(name.into(), matters);
        matters
    }

    fn show_name(&self, name: &[u8], oid: Oid) {
        let mut file = FileChange::in_repo(self.repo, Some(RepoPath::new(name)), oid, Vec::new());
        file.naming = Naming::LastPart;
        self.sink.change(&Change::File(&file));
    }

    fn owe(&mut self, oid: Oid) {
        if !self.seen.contains(&oid) {
            self.owed.insert(oid);
        }
    }

    /// Says what is missing and works out what refs reach.
    fn finish(mut self) -> History {
        if !self.sink.go_on() {
            return self.history;
        }
        match self.repo.refs() {
            Ok(refs) => {
                for (name, oid) in refs {
                    self.owe(oid);
                    let oid = self.history.peeled(oid);
                    self.history.tips.push((name, oid));
                }
            }
            Err(error) => self.sink.unread(Unread::new("the refs", error)),
        }
        if let Ok(Some(head)) = self.repo.head() {
            self.owe(head);
        }
        let mut missing: Vec<Oid> = self.owed.iter().copied().collect();
        missing.sort_unstable();
        for oid in missing {
            let why =
                "named by another object, and missing from this repository (nothing is fetched)";
            self.sink.unread(Unread::new(oid, why));
        }
        self.history.reach(self.repo);
        self.history
    }
}

impl History {
    fn peeled(&self, oid: Oid) -> Oid {
        let mut at = oid;
        while let Some(target) = self.tags.get(&at) {
            at = *target;
        }
        at
    }

    fn reach(&mut self, repo: &Repo) {
        let branch = repo.head_branch();
        self.tips
            .sort_by_cached_key(|(name, _)| (rank(name, branch.as_ref()), name.clone()));
        for (index, (name, oid)) in self.tips.iter().enumerate() {
            if self.commits.contains_key(oid) {
                reach_from(&self.commits, &mut self.reachable, *oid, Some(index));
            } else {
                name_all(repo, *oid, name, &mut self.named);
            }
        }
        // A detached HEAD reaches what it stands on.
        if let Ok(Some(head)) = repo.head() {
            reach_from(&self.commits, &mut self.reachable, head, None);
        }
    }

    /// How many refs there are.
    #[must_use]
    pub fn refs(&self) -> u64 {
        self.tips.len() as u64
    }

    /// Whether a ref reaches this commit.
    #[must_use]
    pub fn reaches(&self, commit: Oid) -> bool {
        self.reachable.contains_key(&commit)
    }

    /// The ref that reaches this commit; of several the checked-out branch, else a branch, else a
    /// tag.
    #[must_use]
    pub fn ref_of(&self, commit: Oid) -> Option<RefName> {
        let index = self.reachable.get(&commit).copied().flatten()?;
        self.tips.get(index).map(|(name, _)| name.clone())
    }

    /// A ref that names this tag, through other tags or at once.
    #[must_use]
    pub fn ref_of_tag(&self, repo: &Repo, tag: Oid) -> Option<RefName> {
        let refs = repo.refs().ok()?;
        refs.into_iter().find_map(|(name, oid)| {
            let mut at = Some(oid);
            while let Some(here) = at {
                if here == tag {
                    return Some(name);
                }
                at = self.tags.get(&here).copied();
            }
            None
        })
    }

    /// Where each blob came in, in the order asked.
    ///
    /// # Errors
    /// A line that says why Git could not compare the commits.
    pub fn locate(&self, repo: &Repo, blobs: &[Blob<'_>]) -> Result<Vec<Located>, Unread> {
        if blobs.is_empty() {
            return Ok(Vec::new());
        }
        let staged = staged_paths(repo);
        let found = first_commits(repo, &self.oldest_first(), blobs)
            .map_err(|error| Unread::new("the commits that findings came from", error))?;
        Ok(found
            .into_iter()
            .zip(blobs)
            .map(|(origin, blob)| match origin {
                Some(origin) => Located {
                    reachable: self.reaches(origin.commit),
                    commit: repo.commit(origin.commit).ok(),
                    path: Some(origin.path),
                    refname: self.ref_of(origin.commit),
                },
                None => Located {
                    path: staged
                        .get(&blob.oid)
                        .filter(|path| (blob.at)(path))
                        .cloned(),
                    reachable: self.named.contains_key(&blob.oid),
                    refname: self.named.get(&blob.oid).cloned(),
                    ..Located::default()
                },
            })
            .collect())
    }

    /// Commits that refs reach before others, parents before children, older ones first.
    fn oldest_first(&self) -> Vec<Oid> {
        let mut order = Vec::with_capacity(self.commits.len());
        for reachable in [true, false] {
            let here =
                |oid: &Oid| self.commits.contains_key(oid) && self.reaches(*oid) == reachable;
            let mut children: OidMap<Vec<Oid>> = OidMap::default();
            let mut waits: OidMap<usize> = OidMap::default();
            let mut ready = BinaryHeap::new();
            for (oid, node) in self.commits.iter().filter(|(oid, _)| here(oid)) {
                let parents: OidSet = node.parents.iter().copied().filter(here).collect();
                if parents.is_empty() {
                    ready.push(Reverse((node.time, *oid)));
                }
                waits.insert(*oid, parents.len());
                for parent in parents {
                    children.entry(parent).or_default().push(*oid);
                }
            }
            while let Some(Reverse((_, oid))) = ready.pop() {
                order.push(oid);
                for child in children.remove(&oid).unwrap_or_default() {
                    if let Some(count) = waits.get_mut(&child) {
                        *count -= 1;
                        if *count == 0 {
                            let time = self.commits.get(&child).map_or(0, |node| node.time);
                            ready.push(Reverse((time, child)));
                        }
                    }
                }
            }
        }
        order
    }
}

/// What is staged and in no commit has a path all the same.
fn staged_paths(repo: &Repo) -> OidMap<RepoPath> {
    let index = repo.work_tree().and_then(|_| Index::read(repo).ok());
    index
        .iter()
        .flat_map(Index::entries)
        .map(|entry| (entry.oid, RepoPath::new(entry.path)))
        .collect()
}

/// Which refs are named first.
fn rank(name: &RefName, branch: Option<&RefName>) -> u8 {
    match name.as_bytes() {
        _ if Some(name) == branch => 0,
        bytes if bytes.starts_with(b"refs/heads/") => 1,
        bytes if bytes.starts_with(b"refs/tags/") => 2,
        bytes if bytes.starts_with(b"refs/remotes/") => 3,
        _ => 4,
    }
}

/// Marks all that a commit reaches and no earlier ref did.
fn reach_from(
    commits: &OidMap<Node>,
    reachable: &mut OidMap<Option<usize>>,
    tip: Oid,
    index: Option<usize>,
) {
    let mut open = vec![tip];
    while let Some(oid) = open.pop() {
        if let Some(node) = commits.get(&oid)
            && !reachable.contains_key(&oid)
        {
            reachable.insert(oid, index);
            open.extend(&node.parents);
        }
    }
}

/// Notes the ref for a tree or blob and all that is below it.
fn name_all(repo: &Repo, oid: Oid, name: &RefName, named: &mut OidMap<RefName>) {
    let mut open = vec![oid];
    while let Some(oid) = open.pop() {
        if named.contains_key(&oid) {
            continue;
        }
        named.insert(oid, name.clone());
        let Ok(object) = repo.read(oid) else { continue };
        if object.kind == Kind::Tree {
            let entries = tree_entries(&object.data, oid.as_raw().len());
            open.extend(
                entries
                    .flatten()
                    .filter(|entry| entry.mode != Mode::Gitlink)
                    .map(|entry| entry.oid),
            );
        }
    }
}
