//! What a look through all objects leaves for the next one: which objects there were, how the commits
//! hang together, and where to look again.
//!
//! It says where something was found, and in the notes of whoever looked what was said of it, never
//! the secret: those objects are read and judged once more, so that nothing secret is kept, and marks,
//! baselines and allowlists count as they are now. What of it no longer holds (packs that are gone,
//! other rules, another shallow boundary, damaged bytes) makes all of it worthless, and everything is
//! looked at as if it were not there.

use super::holds::Kept;
use super::{Blob, History};
use crate::git::{Oid, Origin, Repo, RepoPath, Stock, read_cache, write_cache};
use serde::{Deserialize, Serialize};

/// Its name among the caches of a repository.
const NAME: &str = "history";

/// Changed whenever the form or the meaning changes.
const FORM: &str = "3";

/// Of which circumstances a memory holds: rules, settings, the program. 64 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Circumstances(pub String);

impl Circumstances {
    fn in_form(&self) -> String {
        format!("{FORM} {}", self.0)
    }
}

/// What was learnt, and where to look again.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Memory {
    of: String,
    pub(super) stock: Stock,
    pub(super) shallow: Vec<Oid>,
    pub(super) commits: Remembered,
    pub(super) tags: Vec<(Oid, Oid)>,
    pub(super) finds: Vec<Find>,
    /// What the commits hold of that.
    pub(super) kept: Option<Kept>,
    pub(super) examined: Examined,
    /// What whoever looked has noted.
    pub(super) notes: Vec<u8>,
}

/// All commits, in the order in which they are gone through.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Remembered {
    #[serde(with = "ids")]
    pub(super) commits: Vec<Oid>,
    /// Their numbers, sorted by their ids.
    pub(super) by_id: Vec<u32>,
    pub(super) times: Vec<i64>,
    /// Where the parents of each begin in `parents`; one more, for the end of the last.
    pub(super) lists: Vec<u32>,
    /// Which of the commits they are.
    pub(super) parents: Vec<u32>,
}

impl Remembered {
    /// Whether all numbers are of something that is there.
    pub(super) fn is_sound(&self) -> bool {
        let all = self.commits.len();
        self.times.len() == all
            && self.lists.len() == all + 1
            && self.lists.first() == Some(&0)
            && self.lists.last() == Some(&(self.parents.len() as u32))
            && self.lists.is_sorted()
            && self.by_id.len() == all
            && self.by_id.iter().all(|number| (*number as usize) < all)
            && self.parents.iter().all(|parent| (*parent as usize) < all)
    }
}

/// Ids behind each other, which are read faster than one by one.
mod ids {
    use crate::git::Oid;
    use serde::de::{Error, Visitor};
    use serde::{Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(ids: &[Oid], serializer: S) -> Result<S::Ok, S::Error> {
        let width = ids.first().map_or(0, |oid| oid.as_raw().len());
        let mut bytes = vec![width as u8];
        ids.iter()
            .for_each(|oid| bytes.extend_from_slice(oid.as_raw()));
        serializer.serialize_bytes(&bytes)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Oid>, D::Error> {
        struct All;
        impl Visitor<'_> for All {
            type Value = Vec<Oid>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("the raw bytes of object ids")
            }

            fn visit_bytes<E: Error>(self, raw: &[u8]) -> Result<Vec<Oid>, E> {
                let (width, raw) = raw.split_first().ok_or_else(|| E::custom("no width"))?;
                let ids = raw.chunks(usize::from(*width).max(1)).map(Oid::from_raw);
                ids.collect::<Option<_>>().ok_or_else(|| E::custom("no id"))
            }
        }
        from.deserialize_bytes(All)
    }
}

/// Where something was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Find {
    /// The object.
    pub oid: Oid,
    /// The path where it first was; not always known.
    pub path: Option<Vec<u8>>,
    /// The commit that brought it in.
    pub commit: Option<Oid>,
    /// Whether a ref reached it.
    pub reachable: bool,
    /// Line and column.
    pub at: Option<(u64, u64)>,
    /// Other blobs in which the same was found at this path.
    pub also: Vec<Oid>,
}

/// How much was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Examined {
    pub blobs: u64,
    pub commits: u64,
    /// Of blobs and messages together.
    pub bytes: u64,
    pub trees: u64,
}

impl Examined {
    pub(super) fn add(&mut self, more: Self) {
        self.blobs += more.blobs;
        self.commits += more.commits;
        self.bytes += more.bytes;
        self.trees += more.trees;
    }

    /// Without what is counted once more.
    pub(super) fn without(self, again: Self) -> Self {
        Self {
            blobs: self.blobs.saturating_sub(again.blobs),
            commits: self.commits.saturating_sub(again.commits),
            bytes: self.bytes.saturating_sub(again.bytes),
            trees: self.trees.saturating_sub(again.trees),
        }
    }
}

impl Memory {
    /// That of an earlier look under the same circumstances.
    pub(super) fn read(repo: &Repo, of: &Circumstances, shallow: &[Oid]) -> Option<Self> {
        let bytes = read_cache(repo, NAME)?;
        let memory: Self = postcard::from_bytes(&bytes).ok()?;
        let fits =
            memory.of == of.in_form() && memory.shallow == shallow && memory.commits.is_sound();
        fits.then_some(memory)
    }
}

impl History {
    /// Keeps what was learnt for the next look under the same circumstances, if there was anything
    /// new. `finds` is where something was found, `notes` what [`Sink::recall`] will be told.
    ///
    /// [`Sink::recall`]: crate::change::Sink::recall
    pub fn remember(
        &self,
        repo: &Repo,
        of: &Circumstances,
        mut finds: Vec<Find>,
        examined: Examined,
        notes: impl FnOnce(&[Find]) -> Vec<u8>,
    ) {
        let Some(stock) = self.stock.clone().filter(|_| self.is_new) else {
            return;
        };
        finds.sort_unstable();
        finds.dedup();
        let (commits, numbers) = self.commits.remembered(self.oldest_first());
        let memory = Memory {
            of: of.in_form(),
            stock,
            shallow: self.shallow.clone(),
            kept: self.keep(&numbers),
            commits,
            tags: self
                .tags
                .iter()
                .map(|(tag, target)| (*tag, *target))
                .collect(),
            notes: notes(&finds),
            finds,
            examined,
        };
        if let Ok(bytes) = postcard::to_stdvec(&memory) {
            write_cache(repo, NAME, &bytes);
        }
    }

    /// In which other blobs an earlier look has found what stands in one, at a path and a place there.
    #[must_use]
    pub fn also(&self, blob: Oid, path: &RepoPath, at: Option<(u64, u64)>) -> Vec<Oid> {
        let finds = self.placed.get(&blob).into_iter().flatten();
        let same =
            finds.filter(|find| find.at == at && find.path.as_deref() == Some(path.as_bytes()));
        same.flat_map(|find| &find.also).copied().collect()
    }

    /// What an earlier look says of where a blob came in, at a path that counts.
    pub(super) fn placed(&self, blob: &Blob<'_>) -> Option<Placed> {
        let finds = self.placed.get(&blob.oid)?;
        let placed = finds.iter().find_map(|find| {
            let path = RepoPath::new(find.path.as_deref()?);
            Some((find, find.commit?, path)).filter(|(_, _, path)| (blob.at)(path))
        });
        let Some((find, commit, path)) = placed else {
            return Some(Placed::OrNew);
        };
        let reachable = self.reaches(commit);
        if find.reachable && !reachable {
            return Some(Placed::Lost);
        }
        let time = |number: u32| self.commits.time(number);
        let at = self.commits.number(commit).map(time);
        let mut older = self
            .commits
            .new_ones()
            .filter(|number| !reachable || Some(time(*number)) < at);
        Some(match older.next() {
            None => Placed::At(Origin { commit, path }),
            Some(_) => Placed::OrNew,
        })
    }
}

/// Where a remembered blob came in.
pub(super) enum Placed {
    /// Where it was said before.
    At(Origin),
    /// There, or in a commit that is new.
    OrNew,
    /// No ref reaches that commit any more.
    Lost,
}
