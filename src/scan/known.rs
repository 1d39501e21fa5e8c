//! Remembers which excerpts held nothing: versions of a file repeat each other's lines, and what was
//! looked at once need not be looked at again.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many are remembered, at eight bytes each: few enough for the caches of a core. Whatever is built
/// on the same base comes soon after each other, and more would find but a twentieth more.
const SLOTS: usize = 1 << 15;

/// A table of fixed size in which the newest stays.
///
/// An excerpt is known by 64 bits of a hash whose key is drawn at random for every run: nobody can
/// make two that are taken for each other, and by chance that happens once in some million runs.
#[derive(Default)]
pub(super) struct Known {
    key: RandomState,
    slots: OnceLock<Box<[AtomicU64]>>,
}

/// An excerpt, as it is remembered.
#[derive(Clone, Copy)]
pub(super) struct Mark(u64);

impl Known {
    /// Of a part of a text at a path.
    pub(super) fn mark(&self, path: &[u8], part: &[u8]) -> Mark {
        // Zero is a free slot.
        Mark(self.key.hash_one((path, part)).max(1))
    }

    /// Whether it is remembered.
    pub(super) fn has(&self, mark: Mark) -> bool {
        let slots = self.slots.get();
        slots.is_some_and(|slots| slots[place(mark)].load(Ordering::Relaxed) == mark.0)
    }

    /// Remembers it.
    pub(super) fn add(&self, mark: Mark) {
        let slots = self
            .slots
            .get_or_init(|| (0..SLOTS).map(|_| AtomicU64::new(0)).collect());
        slots[place(mark)].store(mark.0, Ordering::Relaxed);
    }
}

fn place(mark: Mark) -> usize {
    mark.0 as usize % SLOTS
}
