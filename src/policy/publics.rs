//! Public keys and certificates among the files that were looked at: where a private key that was
//! found is trusted, or whose it is.

use super::check::Raised;
use crate::git::Oid;
use crate::scan::Public;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// How many public keys are remembered.
const MAX: usize = 100_000;

/// How many places are named for one private key.
const MAX_PLACES: usize = 3;

/// Files by their names as they are shown, with the blob where there is one.
type Files = BTreeMap<String, Option<Oid>>;

/// The files by the public keys in them.
#[derive(Default)]
pub(super) struct Publics(Mutex<BTreeMap<String, Files>>);

impl Publics {
    /// Remembers the public keys of a file. `place` is its path, or the id of its blob, escaped.
    pub(super) fn keep(&self, publics: &[Public], blob: Option<Oid>, place: impl Fn() -> String) {
        if publics.is_empty() {
            return;
        }
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for public in publics {
            if known.len() < MAX || known.contains_key(&public.fingerprint) {
                let places = known.entry(public.fingerprint.clone()).or_default();
                places.insert(place(), blob);
            }
        }
    }

    /// Says of the private keys that were found in which other files their public halves stand, and
    /// gives back which blobs those are.
    pub(super) fn tell(&self, raised: &mut [Raised]) -> Vec<Oid> {
        let mut told = Vec::new();
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.is_empty() {
            return told;
        }
        for raised in raised {
            let place = &raised.finding.place;
            let own = [
                place.path.as_ref().map(ToString::to_string),
                place.blob.map(|oid| oid.to_string()),
            ];
            let Some(found) = &mut raised.finding.secret else {
                continue;
            };
            let Some(places) = found.public.as_ref().and_then(|half| known.get(half)) else {
                continue;
            };
            let is_own = |place: &&String| own.iter().flatten().any(|own| own == *place);
            let others = places.iter().filter(|(place, _)| !is_own(place));
            told.extend(others.clone().filter_map(|(_, blob)| *blob));
            let mut others: Vec<&str> = others.map(|(place, _)| place.as_str()).collect();
            let more = others.len().saturating_sub(MAX_PLACES);
            others.truncate(MAX_PLACES);
            if others.is_empty() {
                continue;
            }
            let mut said = format!("its public key is in {}", others.join(", "));
            if more > 0 {
                said.push_str(&format!(" and {more} more"));
            }
            found.identity = Some(match found.identity.take() {
                Some(identity) => format!("{identity}; {said}"),
                None => said,
            });
        }
        told
    }
}
