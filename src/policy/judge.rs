//! The one loop in which changes and checks meet.

use super::baseline::{Baseline, Entry};
use super::check::{Check, Cx, Fingerprints, Raised};
use super::groups::Pusher;
use super::packs::CHECKS;
use super::settings::{Allow, Inline, Settings};
use super::{Coverage, Stale, Suppressed, SuppressedBy, Unread, Verdict};
use crate::change::{
    BadUpdate, Blob, Change, FileChange, History, MessageOf, Naming, Sink, Source, visit,
};
use crate::finding::{Finding, Fingerprint, Level, PlaceKind};
use crate::git::{Oid, OidSet, Repo, RepoPath, escape};
use crate::hook::Side;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What judges: the packs with their settings, on one side of a push.
pub struct Policy {
    settings: Settings,
    side: Side,
    pusher: Pusher,
    checks: Vec<Box<dyn Check>>,
    baseline: Baseline,
}

/// How a judgement is carried out.
pub struct Effort<'a> {
    /// How many threads look at the texts of a history; at least one.
    pub jobs: usize,
    /// When it began: the deadline counts from here.
    pub started: Instant,
    /// Is told how far it has come: objects done, and about how many there are.
    pub progress: &'a (dyn Fn(u64, u64) + Sync),
}

impl Policy {
    /// A policy for one side; on a client the pusher is unknown.
    #[must_use]
    pub fn new(settings: Settings, side: Side, pusher: Pusher) -> Self {
        let checks = CHECKS.iter().map(|pack| (pack.make)(&settings)).collect();
        Self {
            settings,
            side,
            pusher,
            checks,
            baseline: Baseline::default(),
        }
    }

    /// The same with findings that are accepted.
    #[must_use]
    pub fn with_baseline(self, baseline: Baseline) -> Self {
        Self { baseline, ..self }
    }

    /// The findings that are accepted.
    #[must_use]
    pub fn baseline(&self) -> &Baseline {
        &self.baseline
    }

    /// Judges all that the sources show. Never errs: what could not be read is in the verdict.
    #[must_use]
    pub fn judge(&self, repo: Option<&Repo>, sources: &[Source], effort: &Effort<'_>) -> Verdict {
        let deadline = match self.side {
            Side::Client => None,
            Side::Server => self.settings.server.deadline,
        };
        let judge = Judge {
            cx: Cx {
                repo,
                pusher: &self.pusher,
                side: self.side,
            },
            checks: &self.checks,
            deadline,
            effort,
            kept: Mutex::default(),
        };
        let mut history = None;
        for source in sources {
            history = visit(repo, source, effort.jobs, &judge).or(history);
        }
        if let Some(limit) = deadline.filter(|_| !judge.go_on()) {
            judge.unread(late(limit));
        }
        let mut kept = judge
            .kept
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        if let (Some(history), Some(repo)) = (&history, repo) {
            kept.coverage.refs = history.refs();
            self.locate(history, repo, &mut kept);
            // The threads found them in any order; a push shows its commits oldest first.
            kept.raised
                .sort_by_cached_key(|raised| order(&raised.finding));
        }
        let mut verdict = self.verdict(kept, effort.started);
        if let (Some(_), Some(repo)) = (&history, repo) {
            self.tell_unused(repo, effort, &mut verdict);
        }
        verdict
    }

    /// Says what of the baseline and the allowlist a whole repository gives nothing to do. A blob
    /// of the history has one path there, so what seems unused is asked of every path of the index.
    fn tell_unused(&self, repo: &Repo, effort: &Effort<'_>, verdict: &mut Verdict) {
        let mut allow: Vec<&Allow> = self.settings.secrets.allow.iter().collect();
        let mut baseline: BTreeSet<&Entry> = self.baseline.entries.iter().collect();
        let mut strike = |verdict: &Verdict| {
            let suppressed = verdict.suppressed.iter().map(|entry| &entry.finding);
            for finding in verdict.findings.iter().chain(suppressed) {
                if let Some(entry) = Entry::of(finding) {
                    baseline.remove(&entry);
                }
                allow.retain(|allow| !covers(allow, finding));
            }
            baseline.is_empty() && allow.is_empty()
        };
        if !strike(verdict) && repo.work_tree().is_some() {
            let parents = Vec::new();
            let index = self.judge(Some(repo), &[Source::Staged { parents }], effort);
            strike(&index);
        }
        if verdict.unread.is_empty() {
            verdict.stale.extend(baseline.into_iter().map(|entry| {
                let why = "in the baseline, and no longer found; `portcullis baseline update` \
                           drops it, else it would hide the same secret when it comes back";
                Stale::new(entry.line(), why)
            }));
            verdict
                .stale
                .extend(
                    allow
                        .into_iter()
                        .filter(|allow| !allow.has_excused())
                        .map(|allow| {
                            let why = "allows nothing that is found; remove the entry";
                            Stale::new(format_args!("[[secrets.allow]] of {}", allow.shown), why)
                        }),
                );
        }
    }

    /// Says of findings in the objects of a history where they came from.
    fn locate(&self, history: &History, repo: &Repo, kept: &mut Kept) {
        let is_file = |raised: &&mut Raised| raised.finding.place.kind == PlaceKind::File;
        let mut files: Vec<&mut Raised> = kept.raised.iter_mut().filter(is_file).collect();
        let counts = |raised: &Raised, path: &RepoPath| match raised.naming {
            Naming::Whole => true,
            Naming::LastPart => {
                let name = raised.finding.place.path.as_ref().map(RepoPath::file_name);
                name == Some(path.file_name())
                    && self.checks.iter().all(|check| check.holds_at(path))
            }
        };
        let at: Vec<_> = files
            .iter()
            .map(|raised| |path: &RepoPath| counts(raised, path))
            .collect();
        let blobs: Vec<Blob<'_>> = files
            .iter()
            .zip(&at)
            .filter_map(|(raised, at)| {
                let oid = raised.finding.place.blob?;
                Some(Blob { oid, at })
            })
            .collect();
        let located = match history.locate(repo, &blobs) {
            Ok(located) => located,
            Err(unread) => return kept.unread.push(unread),
        };
        drop(blobs);
        drop(at);
        let blobs = files
            .iter_mut()
            .filter(|raised| raised.finding.place.blob.is_some());
        for (raised, located) in blobs.zip(located) {
            let place = &mut raised.finding.place;
            place.reachable = Some(located.reachable);
            if !located.reachable {
                raised.finding.help.push_str(UNREACHABLE);
            }
            place.refname = located.refname;
            if let Some(commit) = located.commit {
                place.commit = Some(commit.oid);
                place.author = Some(escape(&commit.author));
                place.date = super::date_of(&commit);
            }
            if located.path.is_some() {
                place.path = located.path;
                raised.naming = Naming::Whole;
            }
        }
        for raised in &mut kept.raised {
            let place = &mut raised.finding.place;
            match (place.kind, place.commit, place.blob) {
                (PlaceKind::Tag, _, Some(tag)) => {
                    place.refname = history.ref_of_tag(repo, tag);
                    place.reachable = Some(place.refname.is_some());
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
        // A name that no commit has at a path the policy means, and that is not meant by itself.
        kept.raised.retain(|raised| {
            let path = raised.finding.place.path.as_ref();
            raised.naming == Naming::Whole
                || path.is_some_and(|path| self.checks.iter().all(|check| check.holds_at(path)))
        });
    }

    fn verdict(&self, kept: Kept, started: Instant) -> Verdict {
        let mut verdict = Verdict {
            coverage: kept.coverage,
            unread: kept.unread,
            ..Verdict::default()
        };
        verdict.unread.sort();
        verdict.unread.dedup();
        let mut raised = kept.raised;
        let mut fingerprints = Fingerprints::default();
        for raised in &mut raised {
            raised.finding.fingerprint = fingerprints.of(&raised.finding);
        }
        for raised in first_of_each(raised) {
            self.settle(raised, &mut verdict);
        }
        let expired = self.settings.secrets.expired.iter();
        verdict.stale.extend(expired.map(|allow| {
            let why = "has expired; remove the entry, or give it another day";
            Stale::new(format_args!("[[secrets.allow]] of {}", allow.shown), why)
        }));
        verdict
            .findings
            .sort_by_cached_key(|finding| (std::cmp::Reverse(finding.level), order(finding)));
        verdict.coverage.seconds = started.elapsed().as_secs_f64();
        verdict
    }

    /// Takes out what a mark or the configuration allows.
    fn settle(&self, raised: Raised, verdict: &mut Verdict) {
        let Raised {
            mut finding, mark, ..
        } = raised;
        if finding.secret.is_some() {
            let allowed = |allow: &&Allow| covers(allow, &finding);
            if let Some(allow) = self.settings.secrets.allow.iter().find(allowed) {
                return verdict.suppressed.push(Suppressed {
                    by: SuppressedBy::Allowlist,
                    reason: escape(allow.reason.as_bytes()),
                    finding,
                });
            }
        }
        let trust = self.settings.trust.inline.unwrap_or(match self.side {
            Side::Client => Inline::Honor,
            Side::Server => Inline::Ignore,
        });
        match (mark, trust) {
            (Some(reason), Inline::Honor) => {
                return verdict.suppressed.push(Suppressed {
                    finding,
                    by: SuppressedBy::Inline,
                    reason,
                });
            }
            (Some(_), Inline::Report) => finding.level = Level::Warn,
            (Some(_), Inline::Ignore) | (None, _) => {}
        }
        if self.baseline.accepts(&finding) {
            return verdict.suppressed.push(Suppressed {
                finding,
                by: SuppressedBy::Baseline,
                reason: String::new(),
            });
        }
        verdict.findings.push(finding);
    }
}

const UNREACHABLE: &str = "\nno ref reaches it; this removes all that no ref reaches, for good:\n$ git reflog expire --expire-unreachable=now --all && git gc --prune=now";

fn covers(allow: &Allow, finding: &Finding) -> bool {
    finding.secret.as_ref().is_some_and(|found| {
        let path = finding.place.path.as_ref();
        allow.covers(path, finding.check.name, &found.secret)
    })
}

fn late(limit: Duration) -> Unread {
    Unread::new(
        "the push",
        format_args!(
            "the deadline of {limit:?} passed before all of it was examined; push less at once, or ask for a longer deadline"
        ),
    )
}

/// By place, oldest first where commits brought it in; what a ref reaches before what none does.
fn order(finding: &Finding) -> impl Ord + use<> {
    let place = &finding.place;
    (
        place.reachable == Some(false),
        place.date.clone(),
        place.path.clone(),
        place.text,
        place.refname.clone(),
        finding.check,
        place.commit,
    )
}

/// A finding that later commits have again is one finding, where it came in first; the refs that it
/// stands in the way of add up. Several places in one text stay apart.
fn first_of_each(raised: Vec<Raised>) -> Vec<Raised> {
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

/// What comes together while changes go by.
#[derive(Default)]
struct Kept {
    raised: Vec<Raised>,
    unread: Vec<Unread>,
    coverage: Coverage,
    seen: OidSet,
}

struct Judge<'a> {
    cx: Cx<'a>,
    checks: &'a [Box<dyn Check>],
    deadline: Option<Duration>,
    effort: &'a Effort<'a>,
    kept: Mutex<Kept>,
}

impl Judge<'_> {
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
            file.bytes().ok().map(<[u8]>::len)
        };
        let mut kept = self.kept();
        if file.path.is_some() {
            kept.coverage.files += 1;
        }
        let once = match file.blob() {
            Some(oid) if file.by.commit.is_some() => kept.seen.insert(oid),
            Some(_) | None => true,
        };
        if let (Some(size), true) = (size, once) {
            kept.coverage.bytes += size as u64;
            if file.blob().is_some() {
                kept.coverage.blobs += 1;
            }
        }
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

impl Sink for Judge<'_> {
    fn change(&self, change: &Change<'_>) {
        match change {
            Change::Ref(update) => {
                self.kept().coverage.refs += 1;
                self.ask(|check, out| check.update(&self.cx, update, out));
            }
            Change::BadRef(update) => self.bad_update(update),
            Change::Commit(commit) => self.ask(|check, out| check.commit(&self.cx, commit, out)),
            Change::Message(message) => {
                {
                    let mut kept = self.kept();
                    kept.coverage.bytes += message.raw.len() as u64;
                    if message.of == MessageOf::Commit {
                        kept.coverage.commits += 1;
                    }
                }
                self.ask(|check, out| check.message(&self.cx, message, out));
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

    fn wants_name(&self, name: &[u8]) -> bool {
        self.checks.iter().any(|check| check.wants_name(name))
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

    fn progress(&self, done: u64, all: u64) {
        (self.effort.progress)(done, all);
    }
}
