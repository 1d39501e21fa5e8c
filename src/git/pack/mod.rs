//! Reads all objects straight from packs and loose files: each once, and what is built on another
//! one after it, with the ranges in which it differs.
//!
//! A pack says by itself what is new. An object stored as a delta consists of pieces of its base and
//! of what was inserted between them; whoever has looked at the base need only look at what was
//! inserted, and at the *seams* where pieces meet that did not stand together.
//!
//! Of an object that several packs hold, the copy in the first of them counts. So a base is always
//! in the same pack and counts there too or in an earlier one, and no two objects vouch for each
//! other.

mod delta;
mod family;
mod inflate;
mod loose;
mod plan;
mod read;
mod stock;
mod table;

use super::store::BrokenObject;
use super::{Kind, Oid, Repo};
use family::Walker;
use gix_index::hash::Kind as HashKind;
use gix_pack::{data, index};
use loose::Loose;
use plan::Pack;
pub(super) use read::{Cache, Caches};
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
pub use stock::Stock;
use table::Table;

/// The bytes that bases may have in all threads together while they wait.
const BUDGET: usize = 256 << 20;

/// How many alternates of alternates are followed, as many as Git does.
const MAX_ALTERNATES: usize = 5;

/// How many loose objects a thread takes at once.
const LOOSE_AT_ONCE: usize = 64;

/// Something in a repository is not as described in gitformat-pack(5) or gitrepository-layout(5), or
/// is described there and not read here: then Git itself must be asked for the objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the packs can only be read by git")]
pub struct Surprise;

/// All packs and loose objects of a repository and its alternates.
pub struct Objects {
    stock: Stock,
    packs: Vec<Pack>,
    loose: Loose,
    /// Numbers of all objects: those of the packs one pack after the other by their places in the
    /// indexes, then the loose ones. Of several copies the first counts.
    table: Table,
    /// The first number of each pack, and that of the loose objects.
    firsts: Vec<u32>,
    /// The indexes of packs that are not shown, and the packs, opened when first asked for.
    old: Vec<(index::File, OnceLock<Option<data::File>>)>,
    /// Objects that were loose and are not shown; some may be in a pack now. Sorted.
    hidden: Vec<Oid>,
}

/// An object, and what is known of it before it is looked at.
#[derive(Debug)]
pub struct Seen<'a, N> {
    /// Its id.
    pub oid: Oid,
    /// What it is.
    pub kind: Kind,
    /// Its content, without the header.
    pub data: &'a [u8],
    /// What it is built on, where that was shown.
    pub base: Option<Base<'a, N>>,
}

/// What an object is built on.
#[derive(Debug)]
pub struct Base<'a, N> {
    /// Where the object differs from its base: what was inserted, and each byte that has another
    /// beside it on its line than in the base. Sorted ranges that do not touch each other; an empty
    /// one where pieces meet that did not stand together, though their ends were beside such bytes.
    pub fresh: &'a [Range<usize>],
    /// What was noted of the base.
    pub note: N,
}

/// A blob too large to be held, which is read as often as it is opened.
pub struct Large<'a> {
    /// Its id.
    pub oid: Oid,
    /// How many bytes it has.
    pub length: u64,
    /// Where it is.
    pub at: &'a dyn Opener,
}

/// Something that can be read piece by piece.
pub trait Opener {
    /// Begins to read it; that it is whole shows at its end.
    ///
    /// # Errors
    /// When it is not there, or no beginning of what it should be.
    fn open(&self) -> io::Result<Box<dyn Read + '_>>;
}

/// Whatever has more bytes than this is not held as a whole, where that can be helped.
pub const LARGE: u64 = 64 << 20;

/// A part of all objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// The blobs.
    Blobs,
    /// Commits, trees and tags.
    Others,
}

/// Who is shown the objects, in one thread.
pub trait Visitor {
    /// What is noted of an object for those that are built on it.
    type Note: Copy;
    /// Here is an object.
    fn object(&mut self, seen: Seen<'_, Self::Note>) -> Self::Note;
    /// Here is a blob of more than [`LARGE`] bytes that nothing is built on.
    fn large(&mut self, blob: Large<'_>);
    /// This one could not be read.
    fn broken(&mut self, broken: BrokenObject);
    /// Whether to go on.
    fn go_on(&self) -> bool;
}

impl Objects {
    /// Opens all packs and lists all loose objects.
    ///
    /// # Errors
    /// When not everything is as expected; see [`super::AllObjects`].
    pub fn open(repo: &Repo) -> Result<Self, Surprise> {
        Self::beyond(repo, &Stock::default())
    }

    /// The same, without showing what was there `before`. `None` where some of that is gone.
    ///
    /// # Errors
    /// See [`Objects::open`].
    pub fn open_since(repo: &Repo, before: &Stock) -> Result<Option<Self>, Surprise> {
        let objects = Self::beyond(repo, before)?;
        let packed = |oid: &Oid| {
            let id = gix_index::hash::oid::try_from_bytes(oid.as_raw());
            let new = objects.packs.iter().map(|pack| &pack.index);
            let mut indexes = new.chain(objects.old.iter().map(|(index, _)| index));
            id.is_ok_and(|id| indexes.any(|index| index.lookup(id).is_some()))
        };
        let loose = |oid: &Oid| objects.stock.loose().binary_search(oid).is_ok();
        let whole = before.packs_are_in(&objects.stock)
            && before.loose().iter().all(|oid| loose(oid) || packed(oid));
        Ok(whole.then_some(objects))
    }

    /// Opens the packs that Git has put aside for a push to be judged, and nothing else: no loose
    /// objects, which come one by one and are built on nothing, and no alternates. `None` where there
    /// is no pack of a push, or not everything is as expected.
    pub(super) fn incoming(repo: &Repo) -> Option<Self> {
        let directory = repo.quarantine()?;
        let mut objects = Self::none(&Stock::default());
        for path in indexes(&directory.join("pack")).ok()? {
            objects.packs.push(Pack::open(&path, HashKind::Sha1).ok()?);
        }
        if objects.packs.is_empty() {
            return None;
        }
        objects.enter_all().ok()?;
        Some(objects)
    }

    fn none(before: &Stock) -> Self {
        Self {
            stock: Stock::default(),
            packs: Vec::new(),
            loose: Loose::default(),
            table: Table::default(),
            firsts: Vec::new(),
            old: Vec::new(),
            hidden: before.loose().to_vec(),
        }
    }

    fn beyond(repo: &Repo, before: &Stock) -> Result<Self, Surprise> {
        let hash = if repo.is_in_process() {
            HashKind::Sha1
        } else {
            let asked = repo.git(["rev-parse", "--show-object-format"]).output();
            match asked.as_deref().map(<[u8]>::trim_ascii_end) {
                Ok(b"sha1") => HashKind::Sha1,
                Ok(_) | Err(_) => return Err(Surprise),
            }
        };
        let mut objects = Self::none(before);
        for directory in directories(&repo.object_dir().ok_or(Surprise)?)? {
            for path in indexes(&directory.join("pack"))? {
                let listed = objects.stock.add_pack(&path).map_err(|_| Surprise)?;
                if before.has_pack(listed) {
                    let index = index::File::at(&path, hash).map_err(|_| Surprise)?;
                    objects.old.push((index, OnceLock::new()));
                } else {
                    objects.packs.push(Pack::open(&path, hash)?);
                }
            }
            objects.loose.add(&directory).map_err(|_| Surprise)?;
        }
        objects.loose.sort();
        objects.stock.set_loose(objects.loose.oids());
        objects.loose.take_out(before.loose());
        // Most of what is asked for is in the largest.
        objects
            .packs
            .sort_by_key(|pack| std::cmp::Reverse(pack.len()));
        objects.enter_all()?;
        Ok(objects)
    }

    /// All that was there when it was opened, shown or not.
    #[must_use]
    pub fn stock(&self) -> &Stock {
        &self.stock
    }

    fn enter_all(&mut self) -> Result<(), Surprise> {
        let mut all = 0_u64;
        for pack in &self.packs {
            self.firsts.push(u32::try_from(all).map_err(|_| Surprise)?);
            all += u64::from(pack.len());
        }
        self.firsts.push(u32::try_from(all).map_err(|_| Surprise)?);
        all += self.loose.len() as u64;
        let all = u32::try_from(all).map_err(|_| Surprise)?;
        let mut table = Table::new(all);
        let hidden = |number: &u32| {
            let oid = Oid::from_raw(self.id(*number));
            oid.is_some_and(|oid| self.hidden.binary_search(&oid).is_ok())
        };
        (0..all)
            .filter(|number| self.hidden.is_empty() || !hidden(number))
            .for_each(|number| table.enter(number, |number| self.id(number)));
        self.table = table;
        Ok(())
    }

    fn shows_all(&self) -> bool {
        self.hidden.is_empty()
    }

    /// The first number of a pack; behind the last one, of the loose objects.
    fn first(&self, pack: usize) -> u32 {
        self.firsts[pack]
    }

    /// The raw id of a number.
    fn id(&self, number: u32) -> &[u8] {
        let source = self.firsts.partition_point(|first| *first <= number) - 1;
        let place = number - self.firsts[source];
        match self.packs.get(source) {
            Some(pack) => pack.index.oid_at_index(place).as_bytes(),
            None => self.loose.raw(place),
        }
    }

    /// How many objects there are to show, for progress; duplicates count.
    #[must_use]
    pub fn count(&self) -> u64 {
        let packed: u64 = self.packs.iter().map(|pack| u64::from(pack.len())).sum();
        packed + self.loose.len() as u64
    }

    /// Whether an object is there, whole or broken.
    #[must_use]
    pub fn has(&self, oid: Oid) -> bool {
        self.number(oid).is_some()
            || self.hidden.binary_search(&oid).is_ok()
            || gix_index::hash::oid::try_from_bytes(oid.as_raw())
                .is_ok_and(|id| self.old.iter().any(|(index, _)| index.lookup(id).is_some()))
    }

    /// Shows a blob of more than [`LARGE`] bytes that is built on no other, wherever it is, and be it
    /// one that is not to be shown; gives back how many it has.
    pub fn large<'a>(&'a self, oid: Oid, show: impl FnOnce(&Large<'_>)) -> Option<u64> {
        if let Some((path, length)) = self.loose.large(oid) {
            let at = &family::InFile(path);
            show(&Large { oid, length, at });
            return Some(length);
        }
        let id = gix_index::hash::oid::try_from_bytes(oid.as_raw()).ok()?;
        let old = |(index, pack): &'a (index::File, OnceLock<Option<data::File>>)| {
            let offset = index.pack_offset_at_index(index.lookup(id)?);
            let path = index.path().with_extension("pack");
            let open = || data::File::at(path, index.object_hash()).ok();
            Some((pack.get_or_init(open).as_ref()?, offset))
        };
        let new = self.packs.iter().find_map(|pack| {
            let offset = pack.index.pack_offset_at_index(pack.index.lookup(id)?);
            Some((&pack.data, offset))
        });
        let (pack, offset) = new.or_else(|| self.old.iter().find_map(old))?;
        let entry = pack.entry(offset).ok()?;
        let is_blob = matches!(entry.header, data::entry::Header::Blob);
        let length = entry.decompressed_size;
        let stream = pack.entry_slice(entry.data_offset..pack.pack_end() as u64)?;
        (is_blob && length > LARGE).then(|| {
            let at = &family::InPack(stream, length);
            show(&Large { oid, length, at });
            length
        })
    }

    /// A number that an object has alone, if it is to be shown; below [`Objects::count`].
    #[must_use]
    pub fn number(&self, oid: Oid) -> Option<u32> {
        self.table.find(oid.as_raw(), |number| self.id(number))
    }

    /// Shows every object of a share to one of the visitors, each of which has a thread of its own.
    /// Loose objects are known to be blobs or not only after the first walk over blobs.
    pub fn walk<V: Visitor + Send>(&self, repo: &Repo, share: Share, visitors: Vec<V>) -> Vec<V> {
        let budget = BUDGET / visitors.len().max(1);
        let next = AtomicUsize::new(0);
        let large = Mutex::new(());
        std::thread::scope(|scope| {
            let threads: Vec<_> = visitors
                .into_iter()
                .map(|visitor| {
                    let walker = Walker::new(self, repo, visitor, budget);
                    scope.spawn(|| self.work(walker, share, &next, &large))
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| match thread.join() {
                    Ok(visitor) => visitor,
                    Err(panic) => std::panic::resume_unwind(panic),
                })
                .collect()
        })
    }

    /// Takes one piece of work after the other: the families of all packs, then the loose objects.
    fn work<V: Visitor>(
        &self,
        mut walker: Walker<'_, V>,
        share: Share,
        next: &AtomicUsize,
        large: &Mutex<()>,
    ) -> V {
        while walker.visitor.go_on() {
            let mut number = next.fetch_add(1, Ordering::Relaxed);
            let family = self.packs.iter().enumerate().find_map(|(pack, packed)| {
                let roots = packed.roots(share);
                let root = roots.get(number);
                number = number.saturating_sub(roots.len());
                root.map(|root| (pack, *root))
            });
            if let Some((pack, root)) = family {
                walker.family(pack, root, large);
                continue;
            }
            let start = number * LOOSE_AT_ONCE;
            let end = self.loose.len().min(start + LOOSE_AT_ONCE);
            if start >= end {
                break;
            }
            for index in start..end {
                walker.loose(index, share);
            }
        }
        walker.visitor
    }
}

/// An object directory and its alternates.
fn directories(first: &Path) -> Result<Vec<PathBuf>, Surprise> {
    let mut found: Vec<PathBuf> = Vec::new();
    let mut open = vec![(first.to_owned(), 0)];
    while let Some((directory, depth)) = open.pop() {
        // An alternate that is not there any more is none, for Git as well: what is missing then
        // shows in the objects that name it.
        let Ok(directory) = directory.canonicalize() else {
            continue;
        };
        if found.contains(&directory) {
            continue;
        }
        let listed = match std::fs::read(directory.join("info/alternates")) {
            Ok(listed) => listed,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(_) => return Err(Surprise),
        };
        for line in listed.split(|byte| *byte == b'\n') {
            if line.is_empty() || line.starts_with(b"#") {
                continue;
            }
            let line = std::str::from_utf8(line).map_err(|_| Surprise)?;
            if line.starts_with('"') || depth == MAX_ALTERNATES {
                return Err(Surprise);
            }
            open.push((directory.join(line), depth + 1));
        }
        found.push(directory);
    }
    Ok(found)
}

/// The indexes of the packs in a directory, in the order of their names.
fn indexes(directory: &Path) -> Result<Vec<PathBuf>, Surprise> {
    let files = match std::fs::read_dir(directory) {
        Ok(files) => files,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(_) => return Err(Surprise),
    };
    let mut found = Vec::new();
    for file in files {
        let path = file.map_err(|_| Surprise)?.path();
        // An index without its pack is nothing to Git either.
        if path.extension().is_some_and(|ending| ending == "idx")
            && path.with_extension("pack").exists()
        {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
