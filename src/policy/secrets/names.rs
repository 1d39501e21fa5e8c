//! Tokens in the names of files and refs: whoever lists a repository reads them.

use super::{Secrets, check_id, found_secret, message};
use crate::change::{Content, FileChange, Fresh};
use crate::finding::Place;
use crate::git::{RefName, RepoPath, escape};
use crate::policy::check::{Raised, place_in};
use crate::scan::{Confidence, Match};

/// The shortest name that is looked at, in bytes.
const MIN_NAME: usize = 20;

impl Secrets {
    /// A token within a name.
    pub(super) fn in_name(&self, name: &[u8]) -> Option<Match> {
        self.in_text(name).into_iter().next()
    }

    /// The tokens within a name or a line about one. Only what is one beyond doubt: names are full
    /// of words.
    pub(super) fn in_text(&self, name: &[u8]) -> Vec<Match> {
        if name.len() < MIN_NAME {
            return Vec::new();
        }
        let scan = self.scanner.scan(
            &[],
            Content {
                bytes: name,
                fresh: &Fresh::All,
            },
        );
        let mut found = scan.matches;
        found.retain(|found| {
            found.rule.is_named()
                && found.rule.model.is_none()
                && found.confidence == Confidence::High
                && found.decoded.is_empty()
        });
        found
    }

    /// Raises a token that stands in the path of a file.
    pub(super) fn in_path(&self, file: &FileChange<'_>, out: &mut Vec<Raised>) {
        let path = file.path.as_ref().map_or(&[][..], RepoPath::as_bytes);
        if let Some(found) = self.in_name(path) {
            let place = place_in(file);
            let mut raised = self.raise_name(&found, "a file", place, file.by.refs.to_vec());
            raised.naming = file.naming;
            out.push(raised);
        }
    }

    pub(super) fn raise_name(
        &self,
        found: &Match,
        of: &str,
        place: Place,
        refs: Vec<RefName>,
    ) -> Raised {
        let message = format!("in the name of {of}: {}", message(found));
        let revoke = escape(found.rule.revoke.as_bytes());
        let help = format!("give it another name\nif it was ever pushed, revoke it: {revoke}");
        let mut raised = Raised::denied(check_id(found.rule), message, help, place, refs);
        raised.finding.level = self.level(found);
        raised.finding.confidence = found.confidence;
        raised.finding.secret = Some(found_secret(found));
        raised
    }
}
