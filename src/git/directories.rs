//! One directory of a tree, beside those that stand at its path in the trees of the parents.

use super::object::{Malformed, Mode};
use super::reader::ReadError;
use super::repo::Repo;
use super::tree::{Apart, ParentTree};
use super::{Oid, RepoPath};

/// A directory that is another than what every parent has there.
pub struct Directory<'a> {
    /// Where it stands, empty for the top.
    pub path: &'a RepoPath,
    apart: &'a Apart<'a>,
    old: &'a [ParentTree],
}

impl std::fmt::Debug for Directory<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Directory").field(self.path).finish()
    }
}

impl<'a> Directory<'a> {
    pub(super) fn new(path: &'a RepoPath, apart: &'a Apart<'a>, old: &'a [ParentTree]) -> Self {
        Self { path, apart, old }
    }

    /// All names in it, in its order.
    pub fn names(&self) -> impl Iterator<Item = Result<&'a [u8], Malformed>> {
        self.apart.names()
    }

    /// The names that one of the parents does not have, the one that lacks the fewest. So each name
    /// that no parent has is among them, and of two names that no parent has together one is.
    ///
    /// # Errors
    /// When the directory makes no sense.
    pub fn names_added(&self) -> Result<Vec<&'a [u8]>, Malformed> {
        self.apart.names_added()
    }

    /// Which of some names each parent has here.
    #[must_use]
    pub fn before(&self, names: Vec<&[u8]>) -> Before {
        Before(self.apart.old_of(names))
    }

    /// The submodules that come in: no parent has one under that name.
    pub fn links_added(&self) -> impl Iterator<Item = &'a [u8]> {
        let entries = self.apart.entries().map_while(Result::ok);
        let links = entries.filter(|entry| entry.mode == Mode::Gitlink);
        let names = links.map(|entry| entry.name);
        names.filter(|name| {
            let mut before = self.old.iter().filter_map(|parent| parent.get(name));
            before.all(|(mode, _)| mode != Mode::Gitlink)
        })
    }
}

/// Which of some names each parent has in a directory.
pub struct Before(Vec<ParentTree>);

impl Before {
    /// Whether any parent has this name.
    #[must_use]
    pub fn has(&self, name: &[u8]) -> bool {
        self.0.iter().any(|parent| parent.get(name).is_some())
    }

    /// Whether any one parent has both names.
    #[must_use]
    pub fn has_both(&self, one: &[u8], other: &[u8]) -> bool {
        let has = |parent: &ParentTree| parent.get(one).is_some() && parent.get(other).is_some();
        self.0.iter().any(has)
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
