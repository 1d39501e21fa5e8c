//! What the one loop walks with: every change is shown to every check, and what they say is kept.

use super::check::{Check, Cx, Raised};
use super::judge::Effort;
use super::{Coverage, Unread};
use crate::change::{
    Anywhere, BadUpdate, Base, Change, Circumstances, FileChange, MessageOf, Naming, Progress,
    Sink, Stage,
};
use crate::git::{Oid, OidMap, OidSet, RefName};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What comes together while changes go by.
#[derive(Default)]
pub(super) struct Kept {
    pub(super) raised: Vec<Raised>,
    pub(super) unread: Vec<Unread>,
    pub(super) coverage: Coverage,
    seen: OidSet,
    /// The commits that were shown, oldest first.
    order: Vec<Oid>,
}

impl Kept {
    /// Undoes what several threads made of the order of the commits.
    fn sort(&mut self) {
        let with = self.raised.iter();
        let with: OidSet = with.filter_map(|one| one.finding.place.commit).collect();
        let mut at: OidMap<usize> = OidMap::default();
        for (rank, oid) in std::mem::take(&mut self.order).into_iter().enumerate() {
            if with.contains(&oid) {
                at.entry(oid).or_insert(rank);
            }
        }
        let rank = |one: &Raised| at.get(&one.finding.place.commit?).copied();
        self.raised.sort_by_key(rank);
    }
}

/// Shows every change to every check.
pub(super) struct Gather<'a> {
    cx: Cx<'a>,
    checks: &'a [Box<dyn Check>],
    deadline: Option<Duration>,
    effort: &'a Effort<'a>,
    /// Whose set of refs each is: the check, and the number of its own.
    scopes: Vec<(&'a dyn Check, usize)>,
    circumstances: Option<Circumstances>,
    kept: Mutex<Kept>,
}

impl<'a> Gather<'a> {
    /// With nothing kept yet; `deadline` counts from where the effort began.
    pub(super) fn new(
        cx: Cx<'a>,
        checks: &'a [Box<dyn Check>],
        deadline: Option<Duration>,
        effort: &'a Effort<'a>,
    ) -> Self {
        let scopes = checks
            .iter()
            .map(AsRef::as_ref)
            .flat_map(|check: &dyn Check| (0..check.scopes()).map(move |scope| (check, scope)))
            .collect();
        Self {
            cx,
            checks,
            deadline,
            effort,
            scopes,
            circumstances: None,
            kept: Mutex::default(),
        }
    }

    /// The same, where what was found may be looked for in fewer objects.
    pub(super) fn under(self, circumstances: Option<Circumstances>) -> Self {
        Self {
            circumstances,
            ..self
        }
    }

    /// After the last change: all that came together.
    pub(super) fn finish(self) -> Kept {
        self.kept().sort();
        for check in self.checks {
            let mut raised = Vec::new();
            let unread = check.finish(&self.cx, &mut raised);
            self.keep(raised, unread);
        }
        self.whole();
        self.kept
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks every check; what one could not read does not keep the others from looking.
    fn ask(&self, look: impl Fn(&dyn Check, &mut Vec<Raised>) -> Result<(), Unread>) {
        let mut raised = Vec::new();
        let mut unread = Vec::new();
        for check in self.checks {
            unread.extend(look(check.as_ref(), &mut raised).err());
        }
        self.keep(raised, unread);
    }

    fn keep(&self, mut raised: Vec<Raised>, mut unread: Vec<Unread>) {
        if !raised.is_empty() || !unread.is_empty() {
            let mut kept = self.kept();
            kept.raised.append(&mut raised);
            kept.unread.append(&mut unread);
        }
    }

    fn cover_file(&self, file: &FileChange<'_>) {
        if file.naming == Naming::LastPart {
            return;
        }
        let size = if file.is_old_content() {
            None
        } else {
            file.length()
        };
        let mut kept = self.kept();
        kept.coverage.scanned += file.scanned.get();
        if file.path.is_some() {
            kept.coverage.files += 1;
        }
        let Some(size) = size else { return };
        let once = match file.blob() {
            Some(oid) if file.by.commit.is_some() => kept.seen.insert(oid),
            Some(_) | None => true,
        };
        if once {
            kept.coverage.bytes += size;
            if file.blob().is_some() {
                kept.coverage.blobs += 1;
            }
        }
    }

    fn whole(&self) {
        let mut kept = self.kept();
        let mut raised = Vec::new();
        for check in self.checks {
            check.whole(&self.cx, &kept.coverage, &mut raised);
        }
        kept.raised.append(&mut raised);
    }

    fn bad_update(&self, update: &BadUpdate) {
        let mut raised = Vec::new();
        for check in self.checks {
            check.bad_update(&self.cx, update, &mut raised);
        }
        let mut kept = self.kept();
        kept.coverage.refs += 1;
        kept.raised.append(&mut raised);
    }
}

impl Sink for Gather<'_> {
    fn change(&self, change: &Change<'_>) {
        match change {
            Change::Ref(update) => {
                if !update.change.is_pending() {
                    self.kept().coverage.refs += 1;
                }
                self.ask(|check, out| check.update(&self.cx, update, out));
            }
            Change::BadRef(update) => self.bad_update(update),
            Change::Commit(commit) => self.ask(|check, out| check.commit(&self.cx, commit, out)),
            Change::Scoped(new) => {
                let Some((check, scope)) = self.scopes.get(new.scope) else {
                    return;
                };
                let mut raised = Vec::new();
                let looked = check.scoped(&self.cx, *scope, new, &mut raised);
                self.keep(raised, looked.err().into_iter().collect());
            }
            Change::Proposal(proposal) => {
                self.ask(|check, out| check.proposal(&self.cx, proposal, out));
            }
            Change::Message(message) => {
                {
                    let mut kept = self.kept();
                    kept.coverage.bytes += message.raw.len() as u64;
                    kept.coverage.scanned += message.raw.len() as u64;
                    if message.of == MessageOf::Commit {
                        kept.coverage.commits += 1;
                    }
                }
                self.ask(|check, out| check.message(&self.cx, message, out));
            }
            Change::Directory(directory) => {
                self.ask(|check, out| check.directory(&self.cx, directory, out));
            }
            Change::File(file) => {
                self.ask(|check, out| check.file(&self.cx, file, out));
                self.cover_file(file);
            }
        }
    }

    fn unread(&self, unread: Unread) {
        self.kept().unread.push(unread);
    }

    fn skipped(&self) {
        self.kept().coverage.skipped += 1;
    }

    fn go_on(&self) -> bool {
        self.deadline
            .is_none_or(|limit| self.effort.started.elapsed() < limit)
    }

    fn order(&self, commits: &mut dyn Iterator<Item = Oid>) {
        self.kept().order.extend(commits);
    }

    fn wants_name(&self, name: &[u8]) -> bool {
        self.checks.iter().any(|check| check.wants_name(name))
    }

    fn anywhere(&self, text: &[u8], base: Option<Base<'_>>) -> Anywhere {
        let looks = self.checks.iter();
        let looks = looks.filter_map(|check| check.anywhere(&self.cx, text, base));
        // One check looks into texts; of several each would need a note of its own.
        let [look] = looks.collect::<Vec<_>>()[..] else {
            return Anywhere::default();
        };
        self.kept().coverage.scanned += look.scanned;
        Anywhere {
            nothing: look.nothing && !self.checks.iter().any(|check| check.minds(text)),
            calm: look.calm,
        }
    }

    fn blobs_found(&self) -> Vec<Oid> {
        let kept = self.kept();
        let found = kept
            .raised
            .iter()
            .filter_map(|raised| raised.finding.place.blob);
        let mut found: Vec<Oid> = found.collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    fn scopes(&self) -> usize {
        self.scopes.len()
    }

    fn in_scope(&self, scope: usize, name: Option<&RefName>) -> bool {
        self.scopes
            .get(scope)
            .is_some_and(|(check, own)| check.in_scope(&self.cx, *own, name))
    }

    fn circumstances(&self) -> Option<Circumstances> {
        self.circumstances.clone()
    }

    fn recall(&self, notes: &[u8]) {
        self.cx.notes.recall(notes);
    }

    fn progress(&self, progress: Progress) {
        self.effort.watch.progress(progress);
    }

    fn stage(&self, stage: Stage) {
        self.effort.watch.stage(stage);
    }
}
