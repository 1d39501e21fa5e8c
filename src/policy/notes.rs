//! What is noted of a look through a history for the next one: what was said of each text in which
//! something was found, and the fingerprints that are slow to work out. Never a secret: whoever wants
//! one reads the text again.

use crate::finding::{Finding, Fingerprint, PlaceKind};
use crate::git::{Oid, OidMap};
use crate::scan::Gist;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// Of so many texts it is noted what was said; that of others has to be said again.
const MOST: usize = 1 << 16;

/// Shorter secrets are not looked for in what is said around others, as in reports.
const SHORTEST: usize = 6;

/// What is noted, and what was noted before.
#[derive(Default)]
pub struct Notes {
    before: OnceLock<Before>,
    gists: Mutex<OidMap<Gist>>,
}

/// What was noted before.
#[derive(Default)]
struct Before {
    gists: OidMap<Gist>,
    fingerprints: HashMap<Spot, Fingerprint>,
}

/// Both, as they are kept.
#[derive(Default, Serialize, Deserialize)]
struct Kept {
    gists: Vec<(Oid, Gist)>,
    fingerprints: Vec<(Spot, String)>,
}

/// Where a secret stands that is written there as it is: one check finds but one there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
struct Spot {
    blob: Oid,
    check: String,
    path: Vec<u8>,
    /// Line and column.
    at: (usize, usize),
}

impl Spot {
    fn of(finding: &Finding) -> Option<Self> {
        let place = &finding.place;
        let plain = place.kind == PlaceKind::File && place.decoded.is_empty();
        let secret = finding.secret.as_ref().filter(|_| plain)?;
        let at = place
            .text
            .filter(|_| Fingerprint::is_slow(&secret.secret))?;
        Some(Self {
            blob: place.blob?,
            check: finding.check.to_string(),
            path: place.path.as_ref()?.as_bytes().to_vec(),
            at: (at.line, at.column),
        })
    }
}

impl Notes {
    /// Takes what was noted before; bytes that make no sense are as none.
    pub(super) fn recall(&self, bytes: &[u8]) {
        let kept: Kept = postcard::from_bytes(bytes).unwrap_or_default();
        let print =
            |(spot, digits): (Spot, String)| Some((spot, Fingerprint::parse(digits.as_bytes())?));
        let _ = self.before.set(Before {
            gists: kept.gists.into_iter().collect(),
            fingerprints: kept.fingerprints.into_iter().filter_map(print).collect(),
        });
    }

    /// What was said of a blob before.
    pub(super) fn gist(&self, blob: Oid) -> Option<&Gist> {
        self.before.get()?.gists.get(&blob)
    }

    /// Notes what is said of a blob.
    pub(super) fn note(&self, blob: Oid, gist: Gist) {
        let mut gists = self.gists();
        if gists.len() < MOST {
            gists.insert(blob, gist);
        }
    }

    /// The fingerprint of a finding, where it was noted.
    pub(super) fn fingerprint(&self, finding: &Finding) -> Option<Fingerprint> {
        let before = self.before.get()?;
        if before.fingerprints.is_empty() {
            return None;
        }
        before.fingerprints.get(&Spot::of(finding)?).cloned()
    }

    /// What to keep of these blobs and findings.
    ///
    /// What a text says of whom a secret belongs to may be a secret itself, of another rule: what
    /// repeats any is not kept.
    pub(super) fn keep<'a>(
        &self,
        blobs: impl Iterator<Item = Oid>,
        findings: impl Iterator<Item = &'a Finding> + Clone,
    ) -> Vec<u8> {
        let secrets = findings
            .clone()
            .filter_map(|finding| finding.secret.as_ref());
        let secrets = secrets.map(|found| found.secret.expose());
        let secrets: HashSet<&[u8]> = secrets.filter(|text| text.len() >= SHORTEST).collect();
        let tells = |word: &str| {
            let word = word.as_bytes();
            let mut shorter = secrets.iter().filter(|secret| secret.len() <= word.len());
            shorter.any(|secret| memchr::memmem::find(word, secret).is_some())
        };
        // Most texts say the same few things.
        let mut known: HashMap<String, bool> = HashMap::new();
        let mut tells = |gist: &Gist| {
            gist.words().any(|word| match known.get(word) {
                Some(known) => *known,
                None => *known.entry(word.to_owned()).or_insert(tells(word)),
            })
        };
        let new = self.gists();
        let gist = |blob: Oid| Some((blob, new.get(&blob).or_else(|| self.gist(blob))?.clone()));
        let gists: BTreeMap<Oid, Gist> = blobs.filter_map(gist).collect();
        let prints = findings.filter_map(|finding| {
            let digits = finding.fingerprint.as_str();
            Some((Spot::of(finding)?, digits.to_owned()))
        });
        let prints: BTreeMap<Spot, String> = prints.collect();
        let kept = Kept {
            gists: gists.into_iter().filter(|(_, gist)| !tells(gist)).collect(),
            fingerprints: prints.into_iter().collect(),
        };
        postcard::to_stdvec(&kept).unwrap_or_default()
    }

    fn gists(&self) -> MutexGuard<'_, OidMap<Gist>> {
        self.gists.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
