//! What a file held before, for what of it is new; and what to say where there is no time to know.

use super::Secrets;
use crate::change::{Content, FileChange, Fresh, Unread};
use crate::policy::check::Cx;
use crate::scan::Match;

impl Secrets {
    /// What the parents' versions of a file hold; `None` where time is over before that is known.
    pub(super) fn earlier(
        &self,
        cx: &Cx<'_>,
        file: &FileChange<'_>,
        path: &[u8],
    ) -> Option<Vec<Match>> {
        let fresh = &Fresh::All;
        let mut all = Vec::new();
        for bytes in file.earlier() {
            let bytes = &bytes;
            let content = Content { bytes, fresh };
            let mut scan = self.scanner.scan_within(path, content, cx.patience());
            if scan.late {
                return None;
            }
            all.append(&mut scan.matches);
        }
        Some(all)
    }

    /// Whether the same secret is among those and counts there for no less. Line ends do not count.
    pub(super) fn is_among(&self, found: &Match, earlier: &[Match]) -> bool {
        fn same(one: &Match, other: &Match) -> bool {
            let [one, other] = [one, other].map(|found| found.secret.expose().iter());
            one.filter(|byte| **byte != b'\r')
                .eq(other.filter(|byte| **byte != b'\r'))
        }
        earlier
            .iter()
            .any(|known| self.level(known) >= self.level(found) && same(known, found))
    }
}

/// Says of one text that time was over before it was seen.
pub(super) fn late(what: String) -> Unread {
    let why = "the deadline passed while it was examined; if it has to come in, push it alone, or ask \
               for a longer deadline";
    Unread::new(what, why)
}
