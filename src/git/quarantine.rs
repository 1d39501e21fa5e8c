//! The objects of a push that Git has put aside to be judged (git-receive-pack(1), "QUARANTINE
//! ENVIRONMENT"), apart from those that were there before.

use super::object::Kind;
use super::pack::{Caches, Objects};
use super::reader::ReadError;
use super::{Oid, Repo};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock, PoisonError};

/// Packs that are read here, with what was read from them lately; none until somebody asks for them.
#[derive(Default)]
pub(super) struct Incoming {
    aside: OnceLock<Option<(Objects, Caches)>>,
    stored: OnceLock<Option<(Objects, Caches)>>,
}

impl Repo {
    /// Where Git has put the objects of a push aside that is to be judged; `None` where there is no such
    /// push, or the repository is not read in this process.
    pub(super) fn quarantine(&self) -> Option<PathBuf> {
        let aside = std::env::var_os("GIT_QUARANTINE_PATH")
            .filter(|_| self.is_of_environment() && self.is_in_process())?;
        // Who names another place for the objects knows more than can be told from here.
        (std::env::var_os("GIT_OBJECT_DIRECTORY")? == aside).then(|| PathBuf::from(aside))
    }

    /// The packs of a push that is to be judged, where Git has put it aside; from then on objects are
    /// read from them first.
    pub fn incoming(&self) -> Option<&Objects> {
        let opened = self.incoming.aside.get_or_init(|| {
            let objects = Objects::incoming(self)?;
            Some((objects, Caches::default()))
        });
        opened.as_ref().map(|(objects, _)| objects)
    }

    /// All packs of the repository, for who is about to read much of what is in them; from then on
    /// objects are read from them first. `None` where not everything is as expected.
    pub fn stored(&self) -> Option<&Objects> {
        let opened = self.incoming.stored.get_or_init(|| {
            let objects = Objects::open(self).ok()?;
            Some((objects, Caches::default()))
        });
        opened.as_ref().map(|(objects, _)| objects)
    }

    /// An object of a pack, if those were asked for.
    pub(super) fn read_packed(&self, oid: Oid) -> Option<(Kind, Arc<[u8]>)> {
        let Incoming { aside, stored } = &self.incoming;
        let opened = [aside, stored].into_iter();
        let mut opened = opened.filter_map(|opened| opened.get()?.as_ref());
        opened.find_map(|(objects, caches)| objects.read(oid, &mut caches.of_thread()))
    }

    /// The objects that were there before the push that Git has put aside for us to judge; `None`
    /// where there is no such push, or they cannot be told apart in this process.
    pub(super) fn objects_before_push(&self) -> Option<ObjectsBefore> {
        let quarantined = self.is_of_environment()
            && std::env::var_os("GIT_QUARANTINE_PATH").is_some()
            && self.is_in_process();
        if !quarantined {
            return None;
        }
        let others = std::env::var_os("GIT_ALTERNATE_OBJECT_DIRECTORIES").unwrap_or_default();
        let before = git2::Odb::new().ok()?;
        for place in std::env::split_paths(&others).chain([self.common_dir().join("objects")]) {
            if !place.as_os_str().is_empty() {
                before.add_disk_alternate(place.to_str()?).ok()?;
            }
        }
        Some(ObjectsBefore(before))
    }

    /// Reads a tree that others may be reading as well.
    ///
    /// # Errors
    /// As [`Repo::read_as`].
    pub(super) fn tree(&self, oid: Oid) -> Result<Arc<[u8]>, ReadError> {
        if let Some((Kind::Tree, data)) = self.read_packed(oid) {
            return Ok(data);
        }
        let mut kept = self.trees.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tree) = kept.get(oid) {
            return Ok(tree);
        }
        let tree = Arc::from(self.read_as(Kind::Tree, oid)?);
        kept.keep(oid, &tree);
        Ok(tree)
    }
}

/// The objects of a repository without those of a push that was put aside.
pub(super) struct ObjectsBefore(git2::Odb<'static>);

impl ObjectsBefore {
    pub(super) fn has(&self, oid: Oid) -> bool {
        // Not there is the answer that is expected: no second look at the disk for each.
        let flags = git2::OdbLookupFlags::NO_REFRESH;
        git2::Oid::from_bytes(oid.as_raw()).map_or(true, |oid| self.0.exists_ext(oid, flags))
    }
}
