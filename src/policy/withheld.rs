//! Secrets in what a pusher chose and nobody looks at for secrets: names of refs that go, of accounts
//! and of authors, push options, reasons. They block nothing, and are not told to anybody.

use super::groups::Pusher;
use super::{Policy, Verdict};
use crate::change::Source;
use crate::finding::FoundSecret;
use std::collections::BTreeSet;

impl Policy {
    /// The secrets of what a report of a push may tell, besides those that were found in it.
    #[must_use]
    pub fn withheld(&self, sources: &[Source], verdict: &Verdict) -> Vec<FoundSecret> {
        let is_push = |source: &Source| {
            !source.updates().is_empty()
                || !source.bad_updates().is_empty()
                || matches!(source, Source::Landed(_))
        };
        if !sources.iter().any(is_push) {
            return Vec::new();
        }
        let mut found = Vec::new();
        for text in told_of_push(sources, verdict, &self.pusher) {
            found.extend(self.checks.iter().flat_map(|check| check.withheld(&text)));
        }
        found
    }
}

/// What reports and the log tell of a push, each text once.
fn told_of_push(sources: &[Source], verdict: &Verdict, pusher: &Pusher) -> BTreeSet<Vec<u8>> {
    let mut texts: BTreeSet<Vec<u8>> = BTreeSet::new();
    for source in sources {
        let names = source.updates().iter().map(|update| &update.name);
        texts.extend(names.map(|name| name.as_bytes().to_vec()));
        texts.extend(source.bad_updates().iter().map(|bad| bad.name.clone()));
        if let Source::Landed(landed) = source {
            texts.extend(landed.iter().map(|one| one.name.as_bytes().to_vec()));
        }
    }
    if let Pusher::Known(name) = pusher {
        texts.insert(name.clone());
    }
    let mut say = |text: &[u8]| {
        texts.insert(text.to_vec());
    };
    for unread in &verdict.unread {
        say(unread.what.as_bytes());
        say(unread.why.as_bytes());
    }
    for approved in &verdict.approved {
        say(approved.by.as_bytes());
        say(approved.reason.as_bytes());
    }
    for used in &verdict.used {
        say(used.by.as_bytes());
        say(used.what.as_bytes());
        say(used.reason.as_bytes());
    }
    let suppressed = verdict.suppressed.iter();
    suppressed
        .clone()
        .for_each(|entry| say(entry.reason.as_bytes()));
    for finding in verdict
        .findings
        .iter()
        .chain(suppressed.map(|entry| &entry.finding))
    {
        say(finding.message.as_bytes());
        say(finding.help.as_bytes());
        say(finding.allow.as_bytes());
        if let Some(author) = &finding.place.author {
            say(author.as_bytes());
        }
        // A file may have had its name before anybody looked at it, and a token names any ref.
        if let Some(path) = &finding.place.path {
            say(path.as_bytes());
        }
        if let Some(name) = &finding.place.refname {
            say(name.as_bytes());
        }
    }
    texts
}
