//! Reads single objects of packs, and keeps what was built on the way: what is asked for next is mostly
//! built on the same.

use super::inflate::{Buffer, Inflater};
use super::plan::Pack;
use super::{Objects, delta::Delta};
use crate::git::{Kind, Oid, OidMap};
use gix_pack::data::entry::Header;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The bytes that are kept, as much as Git keeps by itself (`core.deltaBaseCacheLimit`).
const BUDGET: usize = 96 << 20;

/// Objects that were read lately, as long as there is room for them. What was used since half of the
/// room was filled anew stays.
pub(in crate::git) struct Cache {
    inflater: Inflater,
    delta: Buffer,
    new: OidMap<Arc<[u8]>>,
    old: OidMap<Arc<[u8]>>,
    /// The bytes of those that are new.
    bytes: usize,
    budget: usize,
}

impl Default for Cache {
    fn default() -> Self {
        Self::of(BUDGET)
    }
}

impl Cache {
    /// That keeps so many bytes.
    fn of(budget: usize) -> Self {
        Self {
            budget,
            inflater: Inflater::new(),
            delta: Buffer::default(),
            new: OidMap::default(),
            old: OidMap::default(),
            bytes: 0,
        }
    }

    /// An object that was kept.
    pub(in crate::git) fn get(&mut self, oid: Oid) -> Option<Arc<[u8]>> {
        if let Some(kept) = self.new.get(&oid) {
            return Some(Arc::clone(kept));
        }
        let kept = self.old.remove(&oid)?;
        self.keep(oid, &kept);
        Some(kept)
    }

    /// Keeps an object, if it is no large one.
    pub(in crate::git) fn keep(&mut self, oid: Oid, data: &Arc<[u8]>) {
        if data.len() > self.budget / 16 {
            return;
        }
        if self.bytes + data.len() > self.budget / 2 {
            self.old = std::mem::take(&mut self.new);
            self.bytes = 0;
        }
        if self.new.insert(oid, Arc::clone(data)).is_none() {
            self.bytes += data.len();
        }
    }
}

/// So many threads read at once, each with what it read itself.
const LANES: usize = 4;

/// What several threads have read lately.
pub(in crate::git) struct Caches([Mutex<Cache>; LANES]);

impl Default for Caches {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Mutex::new(Cache::of(BUDGET / 2))))
    }
}

impl Caches {
    /// For the thread that asks.
    pub(in crate::git) fn of_thread(&self) -> MutexGuard<'_, Cache> {
        static THREADS: AtomicUsize = AtomicUsize::new(0);
        thread_local! {
            static THREAD: usize = THREADS.fetch_add(1, Ordering::Relaxed);
        }
        let lane = THREAD.with(|thread| thread % LANES);
        self.0[lane].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Objects {
    /// Reads an object from the first of the packs that has it; `None` where none has, or it cannot
    /// be read there: then somebody else must be asked.
    pub(in crate::git) fn read(&self, oid: Oid, cache: &mut Cache) -> Option<(Kind, Arc<[u8]>)> {
        let number = self.number(oid)?;
        let source = self.firsts.partition_point(|first| *first <= number) - 1;
        let pack = self.packs.get(source)?;
        let mut entry = pack.entry_at(number - self.firsts[source])?;
        // What it is built on, down to what is stored whole or was kept.
        let mut chain = Vec::new();
        let mut data = None;
        while let Some(base) = pack.base(entry) {
            if data.is_none() {
                data = cache.get(Oid::from_raw(pack.id(entry))?);
                if data.is_some() {
                    // Only its kind is not known yet, which the first of its family tells.
                    entry = base;
                    continue;
                }
                chain.push(entry);
            }
            entry = base;
        }
        let (header, stream) = pack.entry(entry).ok()?;
        let kind = match header.header {
            Header::Commit => Kind::Commit,
            Header::Tree => Kind::Tree,
            Header::Tag => Kind::Tag,
            Header::Blob => Kind::Blob,
            Header::OfsDelta { .. } | Header::RefDelta { .. } => return None,
        };
        let mut data = match data {
            Some(data) => data,
            None => {
                let oid = Oid::from_raw(pack.id(entry))?;
                match cache.get(oid) {
                    Some(data) => data,
                    None => {
                        let length = usize::try_from(header.decompressed_size).ok()?;
                        let mut out = Buffer::default();
                        cache.inflater.whole(stream, length, &mut out)?;
                        let data = Arc::from(out.bytes());
                        if !chain.is_empty() || kind == Kind::Tree {
                            cache.keep(oid, &data);
                        }
                        data
                    }
                }
            }
        };
        for entry in chain.into_iter().rev() {
            data = build(pack, entry, &data, cache)?;
            cache.keep(Oid::from_raw(pack.id(entry))?, &data);
        }
        Some((kind, data))
    }
}

/// Builds an object on its base.
fn build(pack: &Pack, entry: u32, base: &[u8], cache: &mut Cache) -> Option<Arc<[u8]>> {
    let (header, stream) = pack.entry(entry).ok()?;
    let length = usize::try_from(header.decompressed_size).ok()?;
    cache.inflater.whole(stream, length, &mut cache.delta)?;
    let delta = Delta::parse(cache.delta.bytes())?;
    // Each byte of a delta makes at most so many of its result.
    if delta.size / (1 << 24) > cache.delta.len() {
        return None;
    }
    let mut out = vec![0; delta.size];
    delta.apply(base, &mut out, &mut Vec::new())?;
    Some(out.into())
}
