//! What a tree has that none of its parents' trees has, by object id: never by diff text.

use super::directories::Directory;
use super::object::{Malformed, Mode, TreeEntry, TreePlace, tree_places};
use super::reader::{ReadError, broken};
use super::repo::Repo;
use super::{Oid, RepoPath};
use std::ops::Range;
use std::sync::Arc;

/// A path that differs from what every parent has there.
#[derive(Clone, Debug)]
pub struct Changed {
    /// The path, from the top.
    pub path: RepoPath,
    /// What it is now.
    pub mode: Mode,
    /// Its object: a blob, or a commit of a submodule.
    pub oid: Oid,
    /// The blobs that the parents have at this path; a parent without a blob there gives none.
    pub before: Vec<Oid>,
}

/// Where a tree is another than those of all its parents.
#[derive(Debug)]
pub enum Unlike<'a> {
    /// In a directory, which is met before what is below it.
    Directory(&'a Directory<'a>),
    /// At the path of a file, link or submodule.
    Path(Changed),
    /// That could not be told.
    Unread(UnreadTree),
}

/// A part of a tree that could not be read.
#[derive(Debug)]
pub struct UnreadTree {
    /// Where it stands, empty for the top.
    pub path: RepoPath,
    /// Its object.
    pub oid: Oid,
    /// Why.
    pub error: ReadError,
}

/// How deep directories may nest; Git itself refuses beyond 2048 (`core.maxTreeDepth`).
pub(super) const MAX_DEPTH: usize = 2048;

/// How many bytes of trees are held at once: those on the way to a directory, and beside each of them
/// those of the parents. Small deltas can make any number of large ones.
const ROOM: usize = 256 << 20;

/// Visits every path of `tree` whose mode or object is in none of the `parents` at that path, in
/// tree order, and the directories on the way. With no parents that is every path. What cannot be
/// read is visited as an error, and the rest goes on, as long as `go_on` says so before each
/// directory: a few small trees can stand for more paths than anyone could visit.
pub fn changed(
    repo: &Repo,
    tree: Oid,
    parents: &[Oid],
    go_on: &dyn Fn() -> bool,
    visit: &mut dyn FnMut(Unlike<'_>),
) {
    let mut walk = Walk::new(repo, go_on, visit);
    walk.tree(&RepoPath::new(b""), tree, parents, 0);
}

/// The same for a tree that stands at `at` in the whole.
pub(super) fn changed_below(
    repo: &Repo,
    at: &RepoPath,
    tree: Oid,
    parents: &[Oid],
    visit: &mut dyn FnMut(Result<Changed, UnreadTree>),
) {
    let go_on = &|| true;
    let visit = &mut |unlike: Unlike<'_>| match unlike {
        Unlike::Directory(_) => {}
        Unlike::Path(changed) => visit(Ok(changed)),
        Unlike::Unread(unread) => visit(Err(unread)),
    };
    let mut walk = Walk::new(repo, go_on, visit);
    walk.tree(at, tree, parents, 0);
}

struct Walk<'a> {
    repo: &'a Repo,
    go_on: &'a dyn Fn() -> bool,
    visit: &'a mut dyn FnMut(Unlike<'_>),
    /// For so many bytes of trees there is room left.
    room: usize,
}

impl<'a> Walk<'a> {
    fn new(
        repo: &'a Repo,
        go_on: &'a dyn Fn() -> bool,
        visit: &'a mut dyn FnMut(Unlike<'_>),
    ) -> Self {
        Self {
            repo,
            go_on,
            visit,
            room: ROOM,
        }
    }

    fn tree(&mut self, at: &RepoPath, tree: Oid, parents: &[Oid], depth: usize) {
        if parents.contains(&tree) || !(self.go_on)() {
            return;
        }
        if depth > MAX_DEPTH {
            return self.unread(at, tree, broken("directories nest too deep"));
        }
        let data = match self.repo.tree(tree) {
            Ok(data) => data,
            Err(error) => return self.unread(at, tree, error),
        };
        let room = self.room;
        match self.beside(&data, parents) {
            Some(parents) => self.compare(at, (tree, &data), &parents, depth),
            None => self.unread(at, tree, broken("too large beside what its parents have")),
        }
        self.room = room;
    }

    /// The trees of the parents, if there is room for them all beside their child. One that cannot be
    /// read makes nothing old: more is examined, not less.
    fn beside(&mut self, data: &[u8], parents: &[Oid]) -> Option<Vec<Arc<[u8]>>> {
        self.room = self.room.checked_sub(data.len())?;
        let mut read = Vec::with_capacity(parents.len());
        for data in parents.iter().flat_map(|parent| self.repo.tree(*parent)) {
            self.room = self.room.checked_sub(data.len())?;
            read.push(data);
        }
        Some(read)
    }

    fn compare(
        &mut self,
        at: &RepoPath,
        (tree, data): (Oid, &[u8]),
        parents: &[Arc<[u8]>],
        depth: usize,
    ) {
        let apart = Apart::of(data, parents, tree.as_raw().len());
        let old = apart.old();
        (self.visit)(Unlike::Directory(&Directory::new(at, &apart, &old)));
        for entry in apart.entries() {
            match entry {
                Ok(entry) => self.entry(at, entry, &old, depth),
                Err(error) => return self.unread(at, tree, broken(error)),
            }
        }
    }

    fn entry(&mut self, at: &RepoPath, entry: TreeEntry<'_>, old: &[ParentTree], depth: usize) {
        let there = || old.iter().filter_map(|parent| parent.get(entry.name));
        if there().any(|known| known == (entry.mode, entry.oid)) {
            return;
        }
        let path = at.join(entry.name);
        if entry.mode == Mode::Tree {
            let parents: Vec<Oid> = there()
                .filter(|(mode, _)| *mode == Mode::Tree)
                .map(|(_, oid)| oid)
                .collect();
            return self.tree(&path, entry.oid, &parents, depth + 1);
        }
        let before = there()
            .filter(|(mode, _)| !matches!(mode, Mode::Tree | Mode::Gitlink))
            .map(|(_, oid)| oid)
            .collect();
        (self.visit)(Unlike::Path(Changed {
            path,
            mode: entry.mode,
            oid: entry.oid,
            before,
        }));
    }

    fn unread(&mut self, at: &RepoPath, oid: Oid, error: ReadError) {
        (self.visit)(Unlike::Unread(UnreadTree {
            path: at.clone(),
            oid,
            error,
        }));
    }
}

/// Where a tree and those of its parents are not the same.
pub(super) struct Apart<'a> {
    data: &'a [u8],
    parents: &'a [Arc<[u8]>],
    hash_len: usize,
    /// The entries of the tree that none of the parents has, and perhaps others; at the end what makes
    /// no sense.
    left: Vec<Result<TreePlace<'a>, Malformed>>,
    /// For each of the parents the parts, in the tree and in it, outside of which both are the same.
    each: Vec<(Range<usize>, Range<usize>)>,
}

impl<'a> Apart<'a> {
    pub(super) fn of(data: &'a [u8], parents: &'a [Arc<[u8]>], hash_len: usize) -> Self {
        let differ = |parent: &Arc<[u8]>| differing(data, parent, hash_len);
        let each: Vec<_> = parents.iter().map(differ).collect();
        // What any parent has in the same place is old.
        let part = each.iter().fold(0..data.len(), |part, (here, _)| {
            part.start.max(here.start)..part.end.min(here.end)
        });
        let part = data.get(part).unwrap_or_default();
        let mut left: Vec<_> = tree_places(part, hash_len).collect();
        for (parent, (_, there)) in parents.iter().zip(&each) {
            let there = parent.get(there.clone()).unwrap_or_default();
            take_out(
                &mut left,
                tree_places(there, hash_len).map_while(Result::ok),
            );
        }
        Self {
            data,
            parents,
            hash_len,
            left,
            each,
        }
    }

    /// The entries of the tree that could be new.
    pub(super) fn entries(&self) -> impl Iterator<Item = Result<TreeEntry<'a>, Malformed>> {
        self.left
            .iter()
            .map(|place| place.and_then(|place| place.read()))
    }

    /// What the parents have under the names of those; none of one that makes no sense.
    pub(super) fn old(&self) -> Vec<ParentTree> {
        if self.left.is_empty() {
            return Vec::new();
        }
        let names = Names::of(self.left.iter());
        let old = self.parents.iter().zip(&self.each);
        let old = old.filter_map(|(parent, (_, there))| {
            ParentTree::of(parent, there.clone(), self.hash_len, names.as_ref())
        });
        old.collect()
    }

    /// What the parents have under some names; none of one that makes no sense.
    pub(super) fn old_of(&self, names: Vec<&[u8]>) -> Vec<ParentTree> {
        let names = Names::sorted(names);
        let of = |parent| ParentTree::of(parent, 0..parent.len(), self.hash_len, Some(&names));
        self.parents.iter().filter_map(of).collect()
    }

    /// All names of the tree, in its order.
    pub(super) fn names(&self) -> impl Iterator<Item = Result<&'a [u8], Malformed>> {
        names(self.data, self.hash_len)
    }

    /// The names of the tree that one of the parents does not have: the one that lacks the fewest.
    pub(super) fn names_added(&self) -> Result<Vec<&'a [u8]>, Malformed> {
        let mut fewest: Option<Vec<&[u8]>> = None;
        for (parent, (here, there)) in self.parents.iter().zip(&self.each) {
            let here = self.data.get(here.clone()).unwrap_or_default();
            let mut here = names(here, self.hash_len).collect::<Result<Vec<_>, _>>()?;
            let there = parent.get(there.clone()).unwrap_or_default();
            let there: Vec<&[u8]> = names(there, self.hash_len).map_while(Result::ok).collect();
            if here == there {
                return Ok(Vec::new());
            }
            take_out_names(&mut here, there);
            if fewest.as_ref().is_none_or(|few| here.len() < few.len()) {
                fewest = Some(here);
            }
        }
        fewest.map_or_else(|| self.names().collect(), Ok)
    }
}

fn names(tree: &[u8], hash_len: usize) -> impl Iterator<Item = Result<&[u8], Malformed>> {
    tree_places(tree, hash_len).map(|place| place?.name().ok_or(Malformed("tree")))
}

/// Takes out each name once for each time that it is among the others; what is left is sorted.
fn take_out_names(names: &mut Vec<&[u8]>, mut others: Vec<&[u8]>) {
    // Git sorts directories as if their names ended in a slash.
    names.sort_unstable();
    others.sort_unstable();
    let mut others = others.into_iter().peekable();
    names.retain(|name| {
        while others.next_if(|other| other < name).is_some() {}
        others.next_if_eq(name).is_none()
    });
}

/// Takes out what stands in another tree as well. Where the two are in an order that is not that of
/// the bytes of their names, some of it stays.
fn take_out<'a, 'b>(
    left: &mut Vec<Result<TreePlace<'a>, Malformed>>,
    others: impl Iterator<Item = TreePlace<'b>>,
) {
    let mut others = others.peekable();
    left.retain(|place| {
        let (Ok(place), Some(name)) = (place, place.ok().and_then(|place| place.name())) else {
            return true;
        };
        while let Some(other) = others.peek() {
            if other.bytes() == place.bytes() {
                others.next();
                return false;
            }
            if other.name().is_none_or(|other| other >= name) {
                return true;
            }
            others.next();
        }
        true
    });
}

/// Some names, sorted byte by byte.
pub(super) struct Names<'a>(Vec<&'a [u8]>);

impl<'a> Names<'a> {
    /// Of entries; `None` where not all of them make sense.
    fn of<'b>(places: impl Iterator<Item = &'b Result<TreePlace<'a>, Malformed>>) -> Option<Self>
    where
        'a: 'b,
    {
        let names = places.map(|place| place.ok()?.name());
        Some(Self::sorted(names.collect::<Option<Vec<_>>>()?))
    }

    fn sorted(mut names: Vec<&'a [u8]>) -> Self {
        names.sort_unstable();
        Self(names)
    }

    fn has(&self, name: &[u8]) -> bool {
        self.0.first().is_some_and(|first| *first <= name)
            && self.0.last().is_some_and(|last| name <= *last)
            && self.0.binary_search(&name).is_ok()
    }
}

/// The parts of two trees, from entry to entry, before and behind which they are the same: in the
/// first, and in the second.
fn differing(tree: &[u8], other: &[u8], hash_len: usize) -> (Range<usize>, Range<usize>) {
    let same = same_at_start(tree, other);
    // Where the last entry begins that begins before or with what differs.
    let mut start = 0;
    while let Some(end) = entry_end(tree, start, hash_len).filter(|end| *end <= same) {
        start = end;
    }
    let (rest, other_rest) = (tree.len() - start, other.len() - start);
    let behind = same_at_end(&tree[start..], &other[start..]);
    let first_from = |of: &[u8], floor: usize| {
        let mut at = start;
        while at < floor {
            at = entry_end(of, at, hash_len)?;
        }
        Some(at)
    };
    let mut left = behind;
    // An entry that begins in what is the same at the ends of both, in both of them.
    loop {
        let (Some(end), Some(other_end)) = (
            first_from(tree, start + rest - left),
            first_from(other, start + other_rest - left),
        ) else {
            return (start..tree.len(), start..other.len());
        };
        let (tail, other_tail) = (tree.len() - end, other.len() - other_end);
        if tail == other_tail {
            return (start..end, start..other_end);
        }
        left = tail.min(other_tail);
    }
}

/// So many bytes are compared at once.
const STEP: usize = 64;

/// How many bytes both begin with.
fn same_at_start(one: &[u8], other: &[u8]) -> usize {
    let steps = one.chunks_exact(STEP).zip(other.chunks_exact(STEP));
    let done = STEP * steps.take_while(|(one, other)| one == other).count();
    let rest = one[done..].iter().zip(&other[done..]);
    done + rest.take_while(|(one, other)| one == other).count()
}

/// How many bytes both end with.
fn same_at_end(one: &[u8], other: &[u8]) -> usize {
    let steps = one.rchunks_exact(STEP).zip(other.rchunks_exact(STEP));
    let done = STEP * steps.take_while(|(one, other)| one == other).count();
    let [one, other] = [one, other].map(|bytes| bytes[..bytes.len() - done].iter().rev());
    done + one
        .zip(other)
        .take_while(|(one, other)| one == other)
        .count()
}

/// Where the entry ends that begins at `at`; `None` where there is none.
fn entry_end(tree: &[u8], at: usize, hash_len: usize) -> Option<usize> {
    let end = at + memchr::memchr(0, tree.get(at..)?)? + 1 + hash_len;
    (end <= tree.len()).then_some(end)
}

/// Entries of one directory, found by name.
pub(super) struct ParentTree {
    data: Arc<[u8]>,
    /// Where each name stands in `data`, with what it is; sorted by name.
    entries: Vec<(Range<usize>, Mode, Oid)>,
}

impl ParentTree {
    pub(super) fn read(repo: &Repo, oid: Oid) -> Result<Self, ReadError> {
        let data = repo.tree(oid)?;
        let all = 0..data.len();
        Self::of(&data, all, oid.as_raw().len(), None).ok_or_else(|| broken(Malformed("tree")))
    }

    /// Of the entries in a part of a tree, or of those that have some names; `None` where they
    /// make no sense.
    pub(super) fn of(
        data: &Arc<[u8]>,
        part: Range<usize>,
        hash_len: usize,
        names: Option<&Names<'_>>,
    ) -> Option<Self> {
        let begin = data.as_ptr().addr();
        let wanted = |place: &TreePlace<'_>| {
            names.is_none_or(|names| place.name().is_none_or(|name| names.has(name)))
        };
        let mut entries = tree_places(data.get(part).unwrap_or_default(), hash_len)
            .filter(|place| place.as_ref().map_or(true, wanted))
            .map(|place| {
                let entry = place.ok()?.read().ok()?;
                let start = entry.name.as_ptr().addr() - begin;
                Some((start..start + entry.name.len(), entry.mode, entry.oid))
            })
            .collect::<Option<Vec<_>>>()?;
        // Git sorts directories as if their names ended in a slash.
        entries.sort_by(|(one, ..), (other, ..)| data[one.clone()].cmp(&data[other.clone()]));
        let data = Arc::clone(data);
        Some(Self { data, entries })
    }

    pub(super) fn get(&self, name: &[u8]) -> Option<(Mode, Oid)> {
        let found = self
            .entries
            .binary_search_by(|(range, ..)| self.data[range.clone()].cmp(name));
        let (_, mode, oid) = self.entries.get(found.ok()?)?;
        Some((*mode, *oid))
    }
}

#[cfg(test)]
mod tests;
