//! What differs between two trees, path by path: what is new, changed and gone.

use super::object::{Kind, Mode, tree_entries};
use super::reader::{ReadError, broken};
use super::repo::Repo;
use super::tree::MAX_DEPTH;
use super::{Oid, RepoPath};
use std::collections::BTreeMap;

/// What stands at a path: a file, a symbolic link or a commit of a submodule; never a directory.
pub type Entry = (Mode, Oid);

/// A path at which two trees differ. A rename is two of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The path, from the top.
    pub path: RepoPath,
    /// What the old tree has there.
    pub old: Option<Entry>,
    /// What the new one has there.
    pub new: Option<Entry>,
}

/// All paths at which two trees differ, sorted; no tree is an empty one.
///
/// # Errors
/// When a tree cannot be read, nests too deep, holds a name twice, or a name with a slash in it,
/// since then nobody could say what stands at a path. When there are more than `limit` of them, and
/// when `go_on` says no before a directory: a few small trees can stand for more paths than anyone
/// could visit.
pub fn differences(
    repo: &Repo,
    old: Option<Oid>,
    new: Option<Oid>,
    limit: usize,
    go_on: &dyn Fn() -> bool,
) -> Result<Vec<Difference>, ReadError> {
    let mut walk = Walk {
        repo,
        limit,
        visited: 0,
        go_on,
        found: Vec::new(),
    };
    walk.trees(&RepoPath::new(b""), old, new, 0)?;
    let mut found = walk.found;
    found.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(found)
}

struct Walk<'a> {
    repo: &'a Repo,
    limit: usize,
    /// Directories, which are limited as well: they could all be empty.
    visited: usize,
    go_on: &'a dyn Fn() -> bool,
    found: Vec<Difference>,
}

impl Walk<'_> {
    fn trees(
        &mut self,
        at: &RepoPath,
        old: Option<Oid>,
        new: Option<Oid>,
        depth: usize,
    ) -> Result<(), ReadError> {
        if old == new {
            return Ok(());
        }
        if depth > MAX_DEPTH {
            return Err(broken("directories nest too deep"));
        }
        self.visited += 1;
        if self.visited > self.limit || !(self.go_on)() {
            return Err(broken(
                "there was no time to compare all of its directories",
            ));
        }
        let mut old = self.entries(old)?;
        let new = self.entries(new)?;
        for (name, new) in new {
            let old = old.remove(&name);
            self.entry(&at.join(&name), old, Some(new), depth)?;
        }
        for (name, old) in old {
            self.entry(&at.join(&name), Some(old), None, depth)?;
        }
        Ok(())
    }

    fn entry(
        &mut self,
        path: &RepoPath,
        old: Option<Entry>,
        new: Option<Entry>,
        depth: usize,
    ) -> Result<(), ReadError> {
        let tree = |entry: Option<Entry>| entry.filter(|(mode, _)| *mode == Mode::Tree);
        let file = |entry: Option<Entry>| entry.filter(|(mode, _)| *mode != Mode::Tree);
        if file(old) != file(new) {
            if self.found.len() >= self.limit {
                let why = format!("more than {} paths differ", self.limit);
                return Err(ReadError::Broken(why));
            }
            self.found.push(Difference {
                path: path.clone(),
                old: file(old),
                new: file(new),
            });
        }
        let oid = |entry: Option<Entry>| tree(entry).map(|(_, oid)| oid);
        self.trees(path, oid(old), oid(new), depth + 1)
    }

    fn entries(&self, tree: Option<Oid>) -> Result<BTreeMap<Vec<u8>, Entry>, ReadError> {
        let mut entries = BTreeMap::new();
        let Some(tree) = tree else {
            return Ok(entries);
        };
        let data = self.repo.read_as(Kind::Tree, tree)?;
        for entry in tree_entries(&data, tree.as_raw().len()) {
            let entry = entry.map_err(broken)?;
            let odd = entry.name.is_empty() || entry.name.contains(&b'/');
            let known = entries.insert(entry.name.to_vec(), (entry.mode, entry.oid));
            if odd || known.is_some() {
                return Err(broken(format_args!(
                    "the tree {tree} has an entry that could stand for two"
                )));
            }
        }
        Ok(entries)
    }
}
