//! The directories of a tree that none of its parents' trees has as they are, entry by entry.

use super::object::{Malformed, Mode, TreeEntry, tree_entries};
use super::reader::{ReadError, broken};
use super::repo::Repo;
use super::tree::{Apart, MAX_DEPTH, ParentTree, UnreadTree};
use super::{Oid, RepoPath};
use std::collections::HashSet;
use std::sync::Arc;

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

/// Visits every directory of `tree` that is in none of the `parents` at that path, the top first, but
/// for those in which only what stands behind names is another than in one of the parents, and no
/// submodule. What cannot be read is visited as an error, and the rest goes on.
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
        // A parent that cannot be read makes nothing old: more is examined, not less.
        let read = parents.iter().map(|parent| self.repo.tree(*parent));
        let parents: Vec<Arc<[u8]>> = read.filter_map(Result::ok).collect();
        let hash_len = tree.as_raw().len();
        let apart = Apart::of(&data, &parents, hash_len);
        if !apart.has_names_of_one(&data, &parents, hash_len)
            && let Err(error) = self.show(at, &data, &parents, hash_len)
        {
            return (self.visit)(Err(unread(broken(error))));
        }
        let old = apart.old(&parents, hash_len);
        for entry in apart.entries() {
            let entry = match entry {
                Ok(entry) if entry.mode == Mode::Tree => entry,
                Ok(_) => continue,
                Err(error) => return (self.visit)(Err(unread(broken(error)))),
            };
            let before = old.iter().filter_map(|parent| parent.get(entry.name));
            let mut parents: Vec<Oid> = before
                .filter(|(mode, _)| *mode == Mode::Tree)
                .map(|(_, oid)| oid)
                .collect();
            parents.sort_unstable();
            parents.dedup();
            self.below(&at.join(entry.name), entry.oid, &parents, depth + 1);
        }
    }

    /// Visits one directory, all of it.
    fn show(
        &mut self,
        at: &RepoPath,
        data: &[u8],
        parents: &[Arc<[u8]>],
        hash_len: usize,
    ) -> Result<(), Malformed> {
        let entries = tree_entries(data, hash_len).collect::<Result<Vec<_>, _>>()?;
        let old = parents.iter();
        let old = old.filter_map(|parent| ParentTree::of(parent, 0..parent.len(), hash_len, None));
        (self.visit)(Ok(&Directory {
            path: at,
            entries: &entries,
            old: &old.collect::<Vec<_>>(),
        }));
        Ok(())
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
