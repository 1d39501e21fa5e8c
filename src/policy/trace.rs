//! Says of findings in a history where they are today: under which refs, at a tip or not, at which
//! paths, and what keeps those that no ref reaches.

use super::check::{Identity, Raised, identity};
use crate::change::{History, KeptBy, Sought};
use crate::finding::{CheckId, Finding, PlaceKind, Spread};
use crate::git::{Oid, RefName, Repo};
use crate::scan::Secret;
use std::collections::HashMap;

/// Fills in what is known of the places of all findings.
pub(super) fn trace(history: &History, repo: &Repo, all: &mut [Raised]) {
    if all.is_empty() {
        return;
    }
    let spreads = spreads(history, repo, all);
    let in_tag = |raised: &Raised| raised.finding.place.kind == PlaceKind::Tag;
    let of_tags = match all.iter().any(in_tag) {
        true => history.refs_of_tags(repo),
        false => Default::default(),
    };
    for (raised, spread) in all.iter_mut().zip(spreads) {
        let place = &mut raised.finding.place;
        place.spread = spread.map(Box::new);
        if place.kind == PlaceKind::File && place.reachable == Some(false) {
            let kept_by = place.spread.as_ref().and_then(|spread| spread.now.kept_by);
            raised.finding.help.push_str(match kept_by {
                Some(KeptBy::Index) => STAGED,
                Some(KeptBy::Stash | KeptBy::Reflog | KeptBy::Dangling) | None => UNREACHABLE,
            });
        }
        match (place.kind, place.commit, place.blob) {
            (PlaceKind::Tag, _, Some(tag)) => {
                let refs = of_tags.get(&tag).map_or(&[][..], Vec::as_slice);
                place.refname = refs.first().cloned();
                place.reachable = Some(!refs.is_empty());
                place.spread = Some(Box::new(Spread::of_refs(refs)));
            }
            (PlaceKind::Message | PlaceKind::Commit, Some(commit), _) => {
                place.reachable = Some(history.reaches(commit));
                place.refname = history.ref_of(commit);
            }
            (PlaceKind::Message | PlaceKind::Commit, None, _)
            | (PlaceKind::File | PlaceKind::Ref, _, _)
            | (PlaceKind::Tag, _, None) => {}
        }
    }
}

impl Spread {
    /// Of what stands under these refs and nowhere else.
    fn of_refs(refs: &[RefName]) -> Self {
        let mut spread = Self::default();
        spread.now.refs = refs.iter().take(Self::MOST).cloned().collect();
        spread.now.more_refs = refs.len().saturating_sub(Self::MOST) as u64;
        spread
    }
}

/// Findings that will be one are one thing to look for; at a path that is another, it is looked for
/// apart. A path belongs to the secret, though each may have a finding of its own.
fn spreads(history: &History, repo: &Repo, all: &[Raised]) -> Vec<Option<Spread>> {
    let mut sought: Vec<Sought> = Vec::new();
    let mut known: HashMap<Identity<'_>, usize> = HashMap::new();
    let mut kin: HashMap<Kin<'_>, Vec<Oid>> = HashMap::new();
    for Raised { finding, .. } in all {
        let index = *known.entry(identity(finding)).or_insert_with(|| {
            sought.push(Sought::default());
            sought.len() - 1
        });
        let place = &finding.place;
        match place.kind {
            PlaceKind::File => {
                let at = place
                    .text
                    .map(|text| (text.line as u64, text.column as u64));
                let also = place.blob.zip(place.path.as_ref());
                let also = also.map(|(blob, path)| history.also(blob, path, at));
                let blobs = place.blob.into_iter().chain(also.into_iter().flatten());
                let kin = kin.entry(kin_of(finding)).or_default();
                for blob in blobs {
                    sought[index].blobs.push(blob);
                    kin.push(blob);
                }
                sought[index].commits.extend(place.commit);
            }
            PlaceKind::Commit | PlaceKind::Message => sought[index].commits.extend(place.commit),
            PlaceKind::Ref | PlaceKind::Tag => {}
        }
    }
    for Sought { blobs, .. } in &mut sought {
        blobs.sort_unstable();
        blobs.dedup();
    }
    let found = history.whereabouts(repo, &sought, Spread::MOST);
    let paths: HashMap<Kin<'_>, _> = kin
        .iter()
        .map(|(kin, blobs)| (*kin, history.paths(repo, blobs)))
        .collect();
    let spread = |finding: &Finding| {
        let index = *known.get(&identity(finding))?;
        let paths = match finding.place.kind {
            PlaceKind::File => paths.get(&kin_of(finding)).map_or(&[][..], Vec::as_slice),
            PlaceKind::Commit | PlaceKind::Message => &[],
            PlaceKind::Ref | PlaceKind::Tag => return None,
        };
        Some(Spread {
            now: found[index].clone(),
            blobs: sought[index].blobs.clone(),
            paths: paths.iter().take(Spread::MOST).cloned().collect(),
            more_paths: paths.len().saturating_sub(Spread::MOST) as u64,
        })
    };
    all.iter().map(|raised| spread(&raised.finding)).collect()
}

/// The same secret by the same check; or, without one, the same blob.
type Kin<'a> = (CheckId, Result<&'a Secret, Option<Oid>>);

fn kin_of(finding: &Finding) -> Kin<'_> {
    let secret = finding.secret.as_ref().map(|found| &found.secret);
    (finding.check, secret.ok_or(finding.place.blob))
}

const UNREACHABLE: &str = "\nno ref reaches it; this removes all that no ref reaches, for good:\n$ git reflog expire --expire-unreachable=now --all && git gc --prune=now";

const STAGED: &str =
    "\nno ref reaches it, but it is staged: take it out of the index first, else `git gc` keeps it";
