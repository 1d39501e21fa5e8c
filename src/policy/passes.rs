//! Tokens that let findings pass: which count, and for which findings.

use super::check::{Raised, fingerprints};
use super::gather::Kept;
use super::groups::Pusher;
use super::identity::BE_KNOWN;
use super::notes::Notes;
use super::settings::Settings;
use super::tokens::{Given, Presented, Push, Used};
use super::{ServerKeys, Suppressed, SuppressedBy, Verdict};
use crate::change::RefUpdate;
use crate::finding::{CheckId, Finding, Fingerprint, Level};
use crate::git::{RefName, Repo};

/// What is shown, and who may let what pass.
pub(super) struct Asked<'a> {
    pub(super) presented: &'a Presented,
    pub(super) settings: &'a Settings,
    pub(super) keys: &'a ServerKeys,
    pub(super) pusher: &'a Pusher,
    pub(super) now: time::OffsetDateTime,
}

impl<'a> Asked<'a> {
    /// The tokens of the push that let findings pass; of one that does not count it is said why.
    pub(super) fn passes(
        self,
        repo: Option<&Repo>,
        updates: &[RefUpdate],
        kept: &mut Kept,
    ) -> Vec<Pass<'a>> {
        let mut passes = Vec::new();
        for given in self.presented.bypasses() {
            let name = &given.token.refname;
            let update = updates.iter().find(|update| update.name == *name);
            let push = Push {
                pusher: self.pusher,
                now: self.now,
                name,
                old: update.and_then(|update| update.change.old_oid()),
                new: update.and_then(|update| update.change.new_oid()),
                groups: &self.settings.groups,
                keys: self.keys,
                repo,
            };
            let by = self
                .settings
                .server
                .bypass_by
                .as_deref()
                .unwrap_or_default();
            match given.fits(self.presented.repository(), &push, by) {
                Ok(Ok(used)) => passes.push(Pass { given, used }),
                Ok(Err(why)) => {
                    let mut raised = super::refs::no_bypass(name, &why);
                    if *self.pusher == Pusher::Unknown {
                        raised.finding.help = BE_KNOWN.to_owned();
                    }
                    kept.raised.push(raised);
                }
                Err(unread) => kept.unread.push(unread),
            }
        }
        passes
    }
}

/// A token that counts, with what is said of it.
pub(super) struct Pass<'a> {
    given: &'a Given,
    used: Used,
}

/// The checks of pack `refs` that a token may excuse. Who may do what, what is confirmed, approved and
/// signed, and the default branch stay: they are what such a token would be used to get around.
const EXCUSABLE: [&str; 7] = [
    "annotated",
    "freeze",
    "limit",
    "linear",
    "merge-from",
    "merge-only",
    "names",
];

impl Pass<'_> {
    pub(super) fn covers(&self, finding: &Finding) -> bool {
        let token = &self.given.token;
        may_pass(finding, &token.refname) && token.excuses(finding)
    }

    /// Takes out a finding that it covers.
    pub(super) fn excuse(&self, finding: Finding, verdict: &mut Verdict) {
        let used = std::slice::from_ref(&self.used);
        rely(finding, SuppressedBy::Bypass, used, verdict);
    }

    /// What is said of it where it let nothing pass.
    fn idle(&self, verdict: &Verdict) -> Option<Raised> {
        let token = &self.given.token;
        if verdict.used.iter().any(|used| used.id == self.used.id) {
            return None;
        }
        let mut named = verdict.findings.iter().filter(|f| token.excuses(f));
        let why = match named.find(|finding| finding.level == Level::Deny) {
            Some(finding) if !may_be_bypassed(&finding.check) => {
                format!("it names {}, which no token lets pass", finding.check)
            }
            Some(_) => "what it names was found on other refs than its own".to_owned(),
            None => "nothing that it names is in the way of this push".to_owned(),
        };
        Some(super::refs::no_bypass(&token.refname, &why))
    }
}

/// What is said of tokens that count, and yet let nothing pass.
pub(super) fn idle(passes: &[Pass<'_>], verdict: &Verdict, notes: &Notes) -> Vec<Finding> {
    let mut idle: Vec<Raised> = passes
        .iter()
        .filter_map(|pass| pass.idle(verdict))
        .collect();
    idle.dedup_by(|one, other| one.finding.message == other.finding.message);
    let prints = fingerprints(&idle, notes, 1);
    let finding = |(raised, fingerprint): (Raised, Fingerprint)| Finding {
        fingerprint,
        ..raised.finding
    };
    idle.into_iter().zip(prints).map(finding).collect()
}

/// Whether a token may let the findings of a check pass.
#[must_use]
pub fn may_be_bypassed(check: &CheckId) -> bool {
    check.pack != "refs" || EXCUSABLE.contains(&check.name)
}

/// Whether a token for that ref could let a finding pass.
pub(super) fn may_pass(finding: &Finding, name: &RefName) -> bool {
    finding.level == Level::Deny
        && may_be_bypassed(&finding.check)
        && !finding.refs.is_empty()
        && finding.refs.iter().all(|refname| refname == name)
}

/// Takes a finding out on the word of tokens, each of which it takes.
pub(super) fn rely(finding: Finding, by: SuppressedBy, tokens: &[Used], verdict: &mut Verdict) {
    for used in tokens {
        verdict.suppressed.push(Suppressed {
            finding: finding.clone(),
            by,
            reason: used.shown(),
        });
        if verdict.used.iter().all(|known| known.id != used.id) {
            verdict.used.push(used.clone());
        }
    }
}
