//! The directories of a tree that none of its parents' trees has as they are, entry by entry.

use super::object::{Mode, TreeEntry, tree_entries};
use super::reader::{ReadError, broken};
use super::repo::Repo;
use super::tree::{MAX_DEPTH, ParentTree, UnreadTree};
use super::{Oid, RepoPath};
use std::collections::HashSet;

/// A directory that differs from what every parent has there.
pub struct Directory<'a> {
    /// Where it stands, empty for the top.
    pub path: &'a RepoPath,
    /// All that is in it.
    pub entries: &'a [TreeEntry<'a>],
    old: &'a [ParentTree],
}

impl Directory<'_> {
    /// What the parents have under a name of this directory.
    pub fn before(&self, name: &[u8]) -> impl Iterator<Item = (Mode, Oid)> {
        self.old.iter().filter_map(move |parent| parent.get(name))
    }

    /// Whether any one parent has both names in this directory.
    #[must_use]
    pub fn had_both(&self, one: &[u8], other: &[u8]) -> bool {
        let has = |parent: &&ParentTree| parent.get(one).is_some() && parent.get(other).is_some();
        self.old.iter().any(|parent| has(&parent))
    }
}

/// Visits every directory of `tree` that is in none of the `parents` at that path, the top first.
/// What cannot be read is visited as an error, and the rest goes on.
///
/// The same directory with the same ones before it is visited once, wherever else it stands: a few
/// small trees can stand for more paths than anyone could visit.
pub fn changed_directories(
    repo: &Repo,
    tree: Oid,
    parents: &[Oid],
    visit: &mut dyn FnMut(Result<&Directory<'_>, UnreadTree>),
) {
    let mut walk = Walk {
        repo,
        seen: HashSet::new(),
        visit,
    };
    walk.below(&RepoPath::new(b""), tree, parents, 0);
}

struct Walk<'a> {
    repo: &'a Repo,
    seen: HashSet<(Oid, Vec<Oid>)>,
    visit: &'a mut dyn FnMut(Result<&Directory<'_>, UnreadTree>),
}

impl Walk<'_> {
    fn below(&mut self, at: &RepoPath, tree: Oid, parents: &[Oid], depth: usize) {
        if parents.contains(&tree) || !self.seen.insert((tree, parents.to_vec())) {
            return;
        }
        let unread = |error| UnreadTree {
            path: at.clone(),
            oid: tree,
            error,
        };
        let read = if depth > MAX_DEPTH {
            Err(broken("directories nest too deep"))
        } else {
            self.repo.tree(tree)
        };
        let data = match read {
            Ok(data) => data,
            Err(error) => return (self.visit)(Err(unread(error))),
        };
        let entries: Result<Vec<TreeEntry<'_>>, _> =
            tree_entries(&data, tree.as_raw().len()).collect();
        let entries = match entries {
            Ok(entries) => entries,
            Err(error) => return (self.visit)(Err(unread(broken(error)))),
        };
        // A parent that cannot be read makes nothing old: more is examined, not less.
        let old: Vec<ParentTree> = parents
            .iter()
            .filter_map(|parent| ParentTree::read(self.repo, *parent).ok())
            .collect();
        let directory = Directory {
            path: at,
            entries: &entries,
            old: &old,
        };
        (self.visit)(Ok(&directory));
        for entry in entries.iter().filter(|entry| entry.mode == Mode::Tree) {
            let mut parents: Vec<Oid> = directory
                .before(entry.name)
                .filter(|(mode, _)| *mode == Mode::Tree)
                .map(|(_, oid)| oid)
                .collect();
            parents.sort_unstable();
            parents.dedup();
            self.below(&at.join(entry.name), entry.oid, &parents, depth + 1);
        }
    }
}

/// What stands at a path of a tree.
///
/// # Errors
/// When a directory on the way cannot be read.
pub fn entry_at(repo: &Repo, tree: Oid, path: &RepoPath) -> Result<Option<(Mode, Oid)>, ReadError> {
    let mut at = (Mode::Tree, tree);
    for part in path.as_bytes().split(|byte| *byte == b'/') {
        if at.0 != Mode::Tree {
            return Ok(None);
        }
        match ParentTree::read(repo, at.1)?.get(part) {
            Some(entry) => at = entry,
            None => return Ok(None),
        }
    }
    Ok(Some(at))
}
