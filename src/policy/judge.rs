//! The one loop in which changes and checks meet.

use super::baseline::{Baseline, Entry};
use super::check::{Check, Cx, Raised, fingerprints};
use super::gather::{Gather, Kept};
use super::groups::Pusher;
use super::notes::Notes;
use super::order::{first_of_each, order};
use super::packs::CHECKS;
use super::passes::{Asked, Pass, idle, rely};
use super::settings::{Allow, Inline, Settings};
use super::tokens::Presented;
use super::trace::trace;
use super::{ServerKeys, Stale, Suppressed, SuppressedBy, Unread, Verdict};
use crate::change::{
    Blob, Circumstances, Examined, Find, History, Naming, Progress, RefUpdate, Source, Stage, visit,
};
use crate::finding::{Finding, Level, PlaceKind};
use crate::git::{Certificate, Oid, OidMap, Repo, RepoPath, escape};
use crate::hook::Side;
use sha2::{Digest, Sha256};
use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// What judges: the packs with their settings, on one side of a push.
pub struct Policy {
    pub(super) settings: Settings,
    pub(super) side: Side,
    pub(super) pusher: Pusher,
    now: time::OffsetDateTime,
    pub(super) checks: Vec<Box<dyn Check>>,
    baseline: Baseline,
    pub(super) keys: ServerKeys,
    pub(super) presented: Presented,
}

/// How a judgement is carried out.
pub struct Effort<'a> {
    /// How many threads look at the texts of a history; at least one.
    pub jobs: usize,
    /// When it began: the deadline counts from here.
    pub started: Instant,
    /// Whether a look through a history may build on the last one, and be built on.
    pub cache: Cache,
    /// Is told how far it has come.
    pub watch: &'a dyn Watch,
}

/// Who wants to know how far a judgement has come; called from several threads at once.
pub trait Watch: Sync {
    /// So many objects have been looked at.
    fn progress(&self, progress: Progress);
    /// From here on this is done.
    fn stage(&self, stage: Stage);
}

/// Nobody.
pub struct Unwatched;

impl Watch for Unwatched {
    fn progress(&self, _progress: Progress) {}
    fn stage(&self, _stage: Stage) {}
}

/// Whether a look through a history may build on the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cache {
    /// It may, and the next one on it.
    Used,
    /// Everything is looked at.
    Unused,
}

impl Policy {
    /// A policy for one side; on a client the pusher is unknown.
    #[must_use]
    pub fn new(settings: Settings, side: Side, pusher: Pusher) -> Self {
        let checks = CHECKS.iter().map(|pack| (pack.make)(&settings)).collect();
        Self {
            keys: ServerKeys::new(&settings.identity),
            settings,
            side,
            pusher,
            now: time::OffsetDateTime::now_utc(),
            checks,
            baseline: Baseline::default(),
            presented: Presented::default(),
        }
    }

    /// The same with what the options of the push show.
    #[must_use]
    pub fn shown(self, presented: Presented) -> Self {
        Self { presented, ..self }
    }

    /// The same policy as of another time, for what is asked of the past.
    #[must_use]
    pub fn as_of(mut self, now: time::OffsetDateTime) -> Self {
        self.now = now;
        self
    }

    /// The same policy for somebody else.
    #[must_use]
    pub fn by(self, pusher: Pusher) -> Self {
        Self { pusher, ..self }
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
        let updates: Vec<RefUpdate> = sources.iter().flat_map(Source::updates).cloned().collect();
        let certificate = sources.iter().find_map(Source::certificate);
        let approved = Mutex::default();
        let notes = Notes::default();
        let cx = Cx {
            repo,
            notes: &notes,
            pusher: &self.pusher,
            side: self.side,
            now: self.now,
            updates: &updates,
            certificate: certificate.unwrap_or(&Certificate::NotYet),
            keys: &self.keys,
            presented: &self.presented,
            approved: &approved,
            until: deadline.and_then(|limit| effort.started.checked_add(limit)),
        };
        let circumstances = match effort.cache {
            Cache::Used => Some(self.circumstances()),
            Cache::Unused => None,
        };
        let gather = Gather::new(cx, &self.checks, deadline, effort).under(circumstances.clone());
        let mut history = None;
        for source in sources {
            history = visit(repo, source, effort.jobs, &gather).or(history);
        }
        let mut kept = gather.finish();
        if let Some(limit) = deadline.filter(|limit| effort.started.elapsed() >= *limit) {
            kept.unread.push(Unread::late(limit));
        }
        if let (Some(history), Some(repo)) = (&history, repo) {
            effort.watch.stage(Stage::Origins);
            let counts = history.counts();
            kept.coverage.refs = history.refs();
            (kept.coverage.trees, kept.coverage.tags) = (counts.trees, counts.tags);
            let before = history.examined_before();
            kept.coverage.blobs += before.blobs;
            kept.coverage.commits += before.commits;
            kept.coverage.bytes += before.bytes;
            kept.coverage.trees += before.trees;
            self.locate(history, repo, &notes, &mut kept);
            // The threads found them in any order; a push shows its commits oldest first.
            kept.raised
                .sort_by_cached_key(|raised| order(&raised.finding));
        }
        let checks = self.checks.iter();
        let objects: Vec<_> = checks
            .flat_map(|check| check.after(&mut kept.raised))
            .collect();
        let told = told(objects, &kept.raised);
        effort.watch.stage(Stage::Judging);
        let asked = Asked {
            presented: &self.presented,
            settings: &self.settings,
            keys: &self.keys,
            pusher: &self.pusher,
            now: self.now,
        };
        let passes = asked.passes(repo, &updates, &mut kept);
        let mut verdict = self.verdict(kept, &passes, &notes, effort);
        verdict.approved = approved
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        verdict.approved.sort();
        verdict.approved.dedup();
        self.tell_leave(repo, &updates, &mut verdict);
        verdict.withheld = self.withheld(sources, &verdict);
        if let (Some(history), Some(repo)) = (&history, repo) {
            if let Some(of) = circumstances.filter(|_| verdict.unread.is_empty()) {
                let mut finds = finds(&verdict);
                finds.extend(told);
                let keep = |finds: &[Find]| {
                    let objects = finds.iter().map(|find| find.oid);
                    notes.keep(objects, found(&verdict))
                };
                history.remember(repo, &of, finds, examined(&verdict), keep);
            }
            self.tell_unused(repo, effort, &mut verdict);
        }
        verdict
    }

    /// What decides which objects of a history hold something: the program, the rules, and which
    /// names are looked for.
    fn circumstances(&self) -> Circumstances {
        let mut digest = Sha256::new();
        for part in [
            env!("CARGO_PKG_VERSION"),
            &self.settings.secrets.selection().digest(),
            &format!("{:?}", self.settings.env_files),
        ] {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        let digest = digest.finalize();
        Circumstances(digest.iter().map(|byte| format!("{byte:02x}")).collect())
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
                allow.retain(|allow| !allow.covers_finding(finding));
            }
            baseline.is_empty() && allow.is_empty()
        };
        let mut whole = verdict.unread.is_empty();
        if !strike(verdict) && whole && repo.work_tree().is_some() {
            let parents = Vec::new();
            let index = self.judge(Some(repo), &[Source::Staged { parents }], effort);
            strike(&index);
            whole &= index.unread.is_empty();
        }
        if whole {
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
    fn locate(&self, history: &History, repo: &Repo, notes: &Notes, kept: &mut Kept) {
        let is_file = |raised: &&mut Raised| raised.finding.place.kind == PlaceKind::File;
        let mut files: Vec<&mut Raised> = kept.raised.iter_mut().filter(is_file).collect();
        let cx = Cx {
            repo: Some(repo),
            notes,
            pusher: &self.pusher,
            side: self.side,
            now: self.now,
            updates: &[],
            certificate: &Certificate::NotYet,
            keys: &self.keys,
            presented: &self.presented,
            approved: &Mutex::default(),
            until: None,
        };
        let holds = |finding: &Finding, path: &RepoPath| {
            let mut checks = self.checks.iter();
            checks.all(|check| check.holds_at(&cx, finding, path))
        };
        let counts = |raised: &Raised, path: &RepoPath| {
            let name = raised.finding.place.path.as_ref().map(RepoPath::file_name);
            let meant = match raised.naming {
                Naming::Whole => true,
                Naming::LastPart => name == Some(path.file_name()),
            };
            meant && holds(&raised.finding, path)
        };
        // Whether it has any path, be it one that does not count.
        let somewhere: Vec<Cell<bool>> = files.iter().map(|_| Cell::new(false)).collect();
        let at: Vec<_> = files
            .iter()
            .zip(&somewhere)
            .map(|(raised, somewhere)| {
                |path: &RepoPath| {
                    somewhere.set(true);
                    counts(raised, path)
                }
            })
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
            .zip(&somewhere)
            .filter(|(raised, _)| raised.finding.place.blob.is_some());
        for ((raised, somewhere), located) in blobs.zip(located) {
            if located.path.is_none() && somewhere.get() {
                raised.naming = Naming::LastPart;
            }
            let place = &mut raised.finding.place;
            place.reachable = Some(located.reachable);
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
        // A text or a name that no commit has at a path the policy means; a name may be meant alone.
        kept.raised.retain(|raised| {
            let path = raised.finding.place.path.as_ref();
            raised.naming == Naming::Whole || path.is_some_and(|path| holds(&raised.finding, path))
        });
        trace(history, repo, &mut kept.raised);
    }

    fn verdict(
        &self,
        kept: Kept,
        passes: &[Pass<'_>],
        notes: &Notes,
        effort: &Effort<'_>,
    ) -> Verdict {
        let mut verdict = Verdict {
            rules: BTreeSet::from([self.settings.secrets.selection().digest()]),
            coverage: kept.coverage,
            unread: kept.unread,
            ..Verdict::default()
        };
        verdict.unread.sort();
        verdict.unread.dedup();
        let mut raised = kept.raised;
        let fingerprints = fingerprints(&raised, notes, effort.jobs);
        for (raised, fingerprint) in raised.iter_mut().zip(fingerprints) {
            raised.finding.fingerprint = fingerprint;
        }
        for raised in first_of_each(raised) {
            self.settle(raised, passes, &mut verdict);
        }
        // What was not looked at may be what a token names.
        if verdict.unread.is_empty() {
            verdict.findings.extend(idle(passes, &verdict, notes));
        }
        let expired = self.settings.secrets.expired.iter();
        verdict.stale.extend(expired.map(|allow| {
            let why = "has expired; remove the entry, or give it another day";
            Stale::new(format_args!("[[secrets.allow]] of {}", allow.shown), why)
        }));
        verdict
            .findings
            .sort_by_cached_key(|finding| (std::cmp::Reverse(finding.level), order(finding)));
        verdict.coverage.seconds = effort.started.elapsed().as_secs_f64();
        verdict
    }

    /// Takes out what a mark or the configuration allows.
    fn settle(&self, raised: Raised, passes: &[Pass<'_>], verdict: &mut Verdict) {
        let Raised {
            mut finding,
            mark,
            excused,
            ..
        } = raised;
        if !excused.is_empty() {
            return rely(finding, SuppressedBy::Confirm, &excused, verdict);
        }
        if finding.secret.is_some() {
            let allowed = |allow: &&Allow| allow.covers_finding(&finding);
            if let Some(allow) = self.settings.secrets.allow.iter().find(allowed) {
                return verdict.suppressed.push(Suppressed {
                    by: SuppressedBy::Allowlist,
                    reason: escape(allow.reason.as_bytes()),
                    finding,
                });
            }
        }
        match (mark, self.settings.trust.inline_on(self.side)) {
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
        if let Some(pass) = passes.iter().find(|pass| pass.covers(&finding)) {
            return pass.excuse(finding, verdict);
        }
        verdict.findings.push(finding);
    }
}

/// All that was found, be it allowed or not.
fn found(verdict: &Verdict) -> impl Iterator<Item = &Finding> + Clone {
    let suppressed = verdict.suppressed.iter().map(|entry| &entry.finding);
    verdict.findings.iter().chain(suppressed)
}

/// Where that is.
fn finds(verdict: &Verdict) -> Vec<Find> {
    found(verdict).filter_map(find).collect()
}

fn find(finding: &Finding) -> Option<Find> {
    let place = &finding.place;
    let at = place.text;
    let also = place.spread.as_ref().map(|spread| spread.blobs.clone());
    Some(Find {
        oid: place.blob.or(place.commit)?,
        path: place.path.as_ref().map(|path| path.as_bytes().to_vec()),
        commit: place.commit,
        reachable: place.reachable == Some(true),
        at: at.map(|text| (text.line as u64, text.column as u64)),
        also: also.unwrap_or_default(),
    })
}

/// Where to look again for what objects tell of findings in others. What was found in such an object
/// itself may be one with what an older one holds: then it has to be told where it came in.
fn told(objects: Vec<Oid>, raised: &[Raised]) -> Vec<Find> {
    let mut finds = Vec::new();
    let mut own: OidMap<Vec<Find>> = objects.into_iter().map(|oid| (oid, Vec::new())).collect();
    for Raised { finding, .. } in raised.iter() {
        if let Some(own) = finding.place.blob.and_then(|blob| own.get_mut(&blob)) {
            own.extend(find(finding));
        }
    }
    for (oid, own) in own {
        let nothing = own.is_empty();
        finds.extend(own);
        if nothing {
            finds.push(Find {
                oid,
                path: None,
                commit: None,
                reachable: false,
                at: None,
                also: Vec::new(),
            });
        }
    }
    finds
}

fn examined(verdict: &Verdict) -> Examined {
    let coverage = &verdict.coverage;
    Examined {
        blobs: coverage.blobs,
        commits: coverage.commits,
        bytes: coverage.bytes,
        trees: coverage.trees,
    }
}
