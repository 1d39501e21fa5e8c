//! Remembers which excerpts held nothing: versions of a file repeat each other's lines, and what was
//! looked at once need not be looked at again.

use std::hash::{BuildHasher as _, DefaultHasher, Hasher as _, RandomState};
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

/// Makes the marks of the excerpts of one text.
pub(super) struct Marker(DefaultHasher);

impl Marker {
    /// Of a part of the text.
    pub(super) fn mark(&self, part: &[u8]) -> Mark {
        let mut hasher = self.0.clone();
        hasher.write(part);
        // Zero is a free slot.
        Mark(hasher.finish().max(1))
    }
}

impl Known {
    /// For a text at a path.
    pub(super) fn marker(&self, path: &[u8]) -> Marker {
        let mut hasher = self.key.build_hasher();
        // With its length, so that no part can be taken for the end of a path.
        hasher.write_usize(path.len());
        hasher.write(path);
        Marker(hasher)
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
