//! What a tree has that none of its parents' trees has, by object id: never by diff text.

use super::object::{Kind, Mode, TreeEntry, tree_entries};
use super::reader::{ReadError, broken};
use super::repo::Repo;
use super::{Oid, RepoPath};

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

/// Visits every path of `tree` whose mode or object is in none of the `parents` at that path, in
/// tree order. With no parents that is every path. What cannot be read is visited as an error, and
/// the rest goes on, as long as `go_on` says so before each directory: a few small trees can stand
/// for more paths than anyone could visit.
pub fn changed(
    repo: &Repo,
    tree: Oid,
    parents: &[Oid],
    go_on: &dyn Fn() -> bool,
    visit: &mut dyn FnMut(Result<Changed, UnreadTree>),
) {
    let mut walk = Walk { repo, go_on, visit };
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
    let mut walk = Walk { repo, go_on, visit };
    walk.tree(at, tree, parents, 0);
}

struct Walk<'a> {
    repo: &'a Repo,
    go_on: &'a dyn Fn() -> bool,
    visit: &'a mut dyn FnMut(Result<Changed, UnreadTree>),
}

impl Walk<'_> {
    fn tree(&mut self, at: &RepoPath, tree: Oid, parents: &[Oid], depth: usize) {
        if parents.contains(&tree) || !(self.go_on)() {
            return;
        }
        if depth > MAX_DEPTH {
            return self.unread(at, tree, broken("directories nest too deep"));
        }
        let data = match self.repo.read_as(Kind::Tree, tree) {
            Ok(data) => data,
            Err(error) => return self.unread(at, tree, error),
        };
        // A parent that cannot be read makes nothing old: more is examined, not less.
        let old: Vec<ParentTree> = parents
            .iter()
            .filter_map(|parent| ParentTree::read(self.repo, *parent).ok())
            .collect();
        for entry in tree_entries(&data, tree.as_raw().len()) {
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
        (self.visit)(Ok(Changed {
            path,
            mode: entry.mode,
            oid: entry.oid,
            before,
        }));
    }

    fn unread(&mut self, at: &RepoPath, oid: Oid, error: ReadError) {
        (self.visit)(Err(UnreadTree {
            path: at.clone(),
            oid,
            error,
        }));
    }
}

/// The entries of one directory, found by name.
pub(super) struct ParentTree {
    data: Vec<u8>,
    /// Where each name stands in `data`, with what it is; sorted by name.
    entries: Vec<(std::ops::Range<usize>, Mode, Oid)>,
}

impl ParentTree {
    pub(super) fn read(repo: &Repo, oid: Oid) -> Result<Self, ReadError> {
        let data = repo.read_as(Kind::Tree, oid)?;
        let begin = data.as_ptr().addr();
        let mut entries = tree_entries(&data, oid.as_raw().len())
            .map(|entry| {
                let entry = entry.map_err(broken)?;
                let start = entry.name.as_ptr().addr() - begin;
                Ok((start..start + entry.name.len(), entry.mode, entry.oid))
            })
            .collect::<Result<Vec<_>, ReadError>>()?;
        // Git sorts directories as if their names ended in a slash.
        entries.sort_by(|(one, ..), (other, ..)| data[one.clone()].cmp(&data[other.clone()]));
        Ok(Self { data, entries })
    }

    pub(super) fn get(&self, name: &[u8]) -> Option<(Mode, Oid)> {
        let found = self
            .entries
            .binary_search_by(|(range, ..)| self.data[range.clone()].cmp(name));
        let (_, mode, oid) = self.entries.get(found.ok()?)?;
        Some((*mode, *oid))
    }
}
