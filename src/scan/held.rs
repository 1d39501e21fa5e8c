//! Remembers what texts hold, so that in those built on them it is looked for where it stands now.

use super::Match;
use super::secret::Secret;
use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock};

/// A text with more secrets than this is not taken apart: looking for each would cost more than
/// looking at all of it.
const MAX: usize = 16;

/// What each of the texts holds, as it is written there.
#[derive(Default)]
pub(super) struct Held(RwLock<Vec<Arc<BTreeSet<Secret>>>>);

impl Held {
    /// The number of what a text holds; `None` where it is too much, or does not stand there as it is.
    /// `before` is the number of what a text like it holds, mostly the same.
    pub(super) fn enter(
        &self,
        text: &[u8],
        matches: &[Match],
        before: Option<NonZeroU32>,
    ) -> Option<NonZeroU32> {
        let mut held = BTreeSet::new();
        for found in matches {
            if !found.decoded.is_empty() || found.span.is_empty() || held.len() == MAX {
                return None;
            }
            held.insert(Secret::new(text.get(found.span.clone())?));
        }
        if before.is_some_and(|before| *self.of(before) == held) {
            return before;
        }
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        all.push(Arc::new(held));
        NonZeroU32::new(u32::try_from(all.len()).ok()?)
    }

    fn of(&self, number: NonZeroU32) -> Arc<BTreeSet<Secret>> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&all[number.get() as usize - 1])
    }

    /// Where in a text that stands which has this number: sorted, and some of it perhaps twice.
    pub(super) fn places(&self, number: NonZeroU32, text: &[u8]) -> Vec<Range<usize>> {
        let mut places = Vec::new();
        for secret in &*self.of(number) {
            let secret = secret.expose();
            let found = memchr::memmem::find_iter(text, secret);
            places.extend(found.map(|at| at..at + secret.len()));
        }
        places.sort_unstable_by_key(|place| (place.start, place.end));
        places
    }
}
