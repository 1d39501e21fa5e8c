//! What was found, what was left out and why, what could not be read: and so the outcome.

use super::approvals::Approved;
use super::leave::Leave;
use super::tokens::Used;
use crate::change::Unread;
use crate::finding::{Finding, FoundSecret, Level};
use crate::git::escape;
use serde::Serialize;
use std::collections::BTreeSet;

/// All that a judgement came to.
#[derive(Debug, Default)]
pub struct Verdict {
    /// What stands, sorted by place, blocking ones included.
    pub findings: Vec<Finding>,
    /// What would stand but for a mark, a baseline or an allowlist.
    pub suppressed: Vec<Suppressed>,
    /// The tokens that it relies upon: each must be spent before the push is let in.
    pub used: Vec<Used>,
    /// The approvals that it relies upon.
    pub approved: Vec<Approved>,
    /// Who may let pass what stands in the way of a ref.
    pub leave: Vec<Leave>,
    /// What had to be examined and could not be.
    pub unread: Vec<Unread>,
    /// What would suppress something and had nothing to suppress.
    pub stale: Vec<Stale>,
    /// Secrets in what the pusher chose and a report may tell: names of refs that go or were there
    /// before, the name of an account, a reason. They block nothing, and nobody is shown them.
    pub withheld: Vec<FoundSecret>,
    /// What was examined.
    pub coverage: Coverage,
    /// The digests of the rules that looked; one, unless several judgements were added up.
    pub rules: BTreeSet<String>,
}

impl Verdict {
    /// Takes in all of another one.
    pub fn add(&mut self, other: Self) {
        self.findings.extend(other.findings);
        self.suppressed.extend(other.suppressed);
        self.used.extend(other.used);
        self.approved.extend(other.approved);
        self.leave.extend(other.leave);
        self.unread.extend(other.unread);
        self.stale.extend(other.stale);
        self.withheld.extend(other.withheld);
        self.rules.extend(other.rules);
        let (all, one) = (&mut self.coverage, other.coverage);
        all.blobs += one.blobs;
        all.bytes += one.bytes;
        all.scanned += one.scanned;
        all.commits += one.commits;
        all.trees += one.trees;
        all.tags += one.tags;
        all.refs += one.refs;
        all.files += one.files;
        all.skipped += one.skipped;
        all.seconds += one.seconds;
    }

    /// The checks that block, with commas between them.
    #[must_use]
    pub fn denying(&self) -> String {
        let denied = self.findings.iter();
        let denied = denied.filter(|found| found.level == Level::Deny);
        let checks: BTreeSet<String> = denied.map(|found| found.check.to_string()).collect();
        let checks: Vec<String> = checks.into_iter().collect();
        checks.join(", ")
    }

    /// A finding that blocks rejects; else anything unread leaves it undecided.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        Outcome::of(&self.findings, &self.unread)
    }
}

/// How a judgement ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Everything was examined and nothing blocks: exit code 0.
    Accepted,
    /// Something blocks: exit code 1.
    Rejected,
    /// Something could not be examined and nothing blocks: exit code 3, refused by a hook.
    Undecided,
}

impl Outcome {
    /// What these come to.
    pub fn of<'a>(findings: impl IntoIterator<Item = &'a Finding>, unread: &[Unread]) -> Self {
        let mut findings = findings.into_iter();
        if findings.any(|finding| finding.level == Level::Deny) {
            Self::Rejected
        } else if unread.is_empty() {
            Self::Accepted
        } else {
            Self::Undecided
        }
    }
}

/// A finding that does not count.
#[derive(Debug)]
pub struct Suppressed {
    /// The finding.
    pub finding: Finding,
    /// What took it out.
    pub by: SuppressedBy,
    /// The reason given there, escaped.
    pub reason: String,
}

/// What took a finding out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SuppressedBy {
    /// A comment `portcullis:allow(RULE) reason` on its line.
    Inline,
    /// A line of the baseline.
    Baseline,
    /// A `[[secrets.allow]]` of the configuration.
    Allowlist,
    /// A token of someone who confirmed it.
    Confirm,
    /// A token of someone who let it pass.
    Bypass,
}

/// A line of the baseline or an entry of the allowlist that does nothing any more.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stale {
    /// Which one, escaped.
    pub what: String,
    /// Why, and what to do, escaped.
    pub why: String,
}

impl Stale {
    /// Of any text.
    pub fn new(what: impl std::fmt::Display, why: impl std::fmt::Display) -> Self {
        Self {
            what: escape(what.to_string().as_bytes()),
            why: escape(why.to_string().as_bytes()),
        }
    }
}

/// What was examined.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Coverage {
    pub blobs: u64,
    /// Of texts: of files and messages.
    pub bytes: u64,
    /// How many of those bytes were really looked at, the same ones counted each time; of the others
    /// it is known from where they stand in other objects what is in them.
    pub scanned: u64,
    pub commits: u64,
    pub trees: u64,
    pub tags: u64,
    pub refs: u64,
    pub files: u64,
    /// Left out on purpose: submodule links.
    pub skipped: u64,
    pub seconds: f64,
}
