//! The order of findings, and what makes two of them one.

use super::check::Raised;
use super::questions::Question;
use crate::finding::{Finding, Fingerprint, PlaceKind};
use std::collections::HashMap;

/// By place, oldest first where commits brought it in; what a ref reaches before what none does.
/// Commits as such are shown parents first, and stay so: their dates say less about that.
pub(super) fn order(finding: &Finding) -> impl Ord + use<> {
    let place = &finding.place;
    let walked = matches!(place.kind, PlaceKind::Commit | PlaceKind::Message);
    (
        place.reachable == Some(false),
        place.date.clone().filter(|_| !walked),
        place.path.clone(),
        place.text,
        place.refname.clone(),
        // Who may not do it at all is told that first.
        !Question::is_who(finding.check),
        finding.check,
        place.commit.filter(|_| !walked),
    )
}

/// A finding that later commits have again is one finding, where it came in first; the refs that it
/// stands in the way of add up. Several places in one text stay apart.
pub(super) fn first_of_each(raised: Vec<Raised>) -> Vec<Raised> {
    let mut first: HashMap<Fingerprint, usize> = HashMap::new();
    let mut kept: Vec<Raised> = Vec::with_capacity(raised.len());
    for raised in raised {
        let finding = &raised.finding;
        let Some(index) = first.get(&finding.fingerprint) else {
            first.insert(finding.fingerprint.clone(), kept.len());
            kept.push(raised);
            continue;
        };
        let (known, place) = (&mut kept[*index], &finding.place);
        let there = &known.finding.place;
        let same_text = there.blob == place.blob && there.commit == place.commit;
        if same_text && there.text != place.text {
            kept.push(raised);
        } else {
            let mut raised = raised;
            // What is allowed, or only a warning, in one commit must not speak for the others.
            let weight = |raised: &Raised| (raised.mark.is_none(), raised.finding.level);
            if weight(&raised) > weight(known) {
                std::mem::swap(known, &mut raised);
            }
            let refs = &mut known.finding.refs;
            refs.append(&mut raised.finding.refs);
            refs.sort();
            refs.dedup();
        }
    }
    kept
}
