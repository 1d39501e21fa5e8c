//! What stands beside a path in the index, by the names that some system takes for one.

use crate::git::{Index, ReadError, Repo, RepoPath, folded};
use std::collections::HashMap;

/// The folders of an index that were asked for.
#[derive(Default)]
pub(super) struct Folders {
    index: Option<Index>,
    read: HashMap<RepoPath, HashMap<Vec<u8>, Vec<Vec<u8>>>>,
}

impl Folders {
    /// Another name in this folder that some system takes for this one.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub(super) fn twin(
        &mut self,
        repo: &Repo,
        folder: &RepoPath,
        name: &[u8],
    ) -> Result<Option<Vec<u8>>, ReadError> {
        let index = match self.index.take() {
            Some(index) => index,
            None => Index::read(repo)?,
        };
        let index = self.index.insert(index);
        let names = self
            .read
            .entry(folder.clone())
            .or_insert_with(|| names_in(index, folder));
        let same = names.get(&*folded(name));
        let other = same.and_then(|same| same.iter().find(|other| other[..] != *name));
        Ok(other.cloned())
    }
}

fn names_in(index: &Index, folder: &RepoPath) -> HashMap<Vec<u8>, Vec<Vec<u8>>> {
    let mut prefix = folder.as_bytes().to_vec();
    if !prefix.is_empty() {
        prefix.push(b'/');
    }
    let mut names: HashMap<Vec<u8>, Vec<Vec<u8>>> = HashMap::new();
    for staged in index.entries() {
        let Some(rest) = staged.path.strip_prefix(&prefix[..]) else {
            continue;
        };
        let name = rest.split(|byte| *byte == b'/').next().unwrap_or(rest);
        let same = names.entry(folded(name).into_owned()).or_default();
        if !same.iter().any(|known| known == name) {
            same.push(name.to_vec());
        }
    }
    names
}
