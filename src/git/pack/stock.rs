//! Which packs and loose objects there were at a time.

use crate::git::Oid;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};

/// Which packs and loose objects there were, without what is in them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Stock {
    packs: Vec<Listed>,
    /// Sorted.
    loose: Vec<Oid>,
}

/// A pack, known by its name, which tells what is in it, and its length.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Listed {
    index: PathBuf,
    length: u64,
}

impl Stock {
    pub(super) fn add_pack(&mut self, index: &Path) -> io::Result<&Listed> {
        let length = std::fs::metadata(index.with_extension("pack"))?.len();
        let index = index.to_owned();
        self.packs.push(Listed { index, length });
        self.packs
            .last()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    pub(super) fn has_pack(&self, pack: &Listed) -> bool {
        self.packs.contains(pack)
    }

    /// Whether another stock has all packs of this one.
    pub(super) fn packs_are_in(&self, other: &Self) -> bool {
        self.packs.iter().all(|pack| other.has_pack(pack))
    }

    pub(super) fn set_loose(&mut self, sorted: Vec<Oid>) {
        self.loose = sorted;
    }

    pub(super) fn loose(&self) -> &[Oid] {
        &self.loose
    }
}
