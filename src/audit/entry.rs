//! What an entry says: one ref of one push, how it was judged, and by what.

use super::moment::moment;
use crate::change::{BadUpdate, RefChange, RefUpdate, Source};
use crate::finding::{Finding, Level};
use crate::git::{Oid, RefName, Repo, escape, is_ancestor};
use crate::policy::groups::Pusher;
use crate::policy::settings::Mode;
use crate::policy::tokens::UsedKind;
use crate::policy::{Outcome, Suppressed, SuppressedBy, Verdict};
use crate::report::{Redactor, Secrets};
use base64::Engine as _;
use serde::Serialize;
use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};

/// The most findings that the entries of one push tell one by one; the report tells all.
const MOST: usize = 10_000;

/// The most things that could not be read, in one entry.
const MOST_UNREAD: usize = 100;

/// What tells the entries of one push from those of another: 16 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct PushId(String);

impl PushId {
    /// One that no other push has.
    #[must_use]
    pub fn new() -> Self {
        // The standard library seeds it from the system.
        let mut random = RandomState::new().build_hasher();
        random.write_u32(std::process::id());
        Self(format!("{:016x}", random.finish()))
    }

    /// Its digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for PushId {
    fn default() -> Self {
        Self::new()
    }
}

/// How a push came to be judged, the same for all its refs.
pub struct Circumstances<'a> {
    /// Which push it is.
    pub push: PushId,
    /// `pre-receive` or `update`.
    pub hook: &'static str,
    /// When.
    pub time: time::OffsetDateTime,
    /// Who pushes.
    pub pusher: &'a Pusher,
    /// Where that name comes from, as the policy has it.
    pub identity: Option<String>,
    /// Whether the verdict holds.
    pub mode: Mode,
    /// The SHA-256 of the policy.
    pub policy: &'a str,
}

/// One line of the log, but for its place in the chain. Keys may be added, never changed.
#[derive(Serialize)]
pub struct Entry {
    event: &'static str,
    time: String,
    push: PushId,
    hook: &'static str,
    #[serde(flatten)]
    update: UpdateOut,
    /// None: nobody could be identified.
    pusher: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pusher_base64: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity: Option<String>,
    /// What the whole push came to: one ref that is refused refuses all.
    verdict: Outcome,
    /// What it would have come to with this ref alone.
    ref_verdict: Outcome,
    mode: &'static str,
    /// What Git was told.
    answer: &'static str,
    findings: Vec<FindingOut>,
    suppressed: Vec<SuppressedOut>,
    /// The tokens that it relied upon.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    used: Vec<UsedOut>,
    /// The approvals that it relied upon.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    approvals: Vec<ApprovalOut>,
    /// How many more there are of these and of what was not read.
    #[serde(skip_serializing_if = "is_zero")]
    omitted: usize,
    unread: Vec<UnreadOut>,
    rules: String,
    policy: String,
    seconds: f64,
    version: &'static str,
}

#[derive(Serialize)]
struct UpdateOut {
    #[serde(rename = "ref")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ref_base64: Option<String>,
    kind: Kind,
    /// The old value that the pusher said.
    claimed: Option<String>,
    /// The old value that the repository had.
    old: Option<String>,
    new: Option<String>,
}

/// What a push does to a ref.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Create,
    Delete,
    FastForward,
    Force,
    /// Which of the two cannot be told: something is missing.
    Move,
    /// No ref can be called so.
    Bad,
    /// It was refused before its refs were read.
    Unknown,
}

#[derive(Clone, Serialize)]
struct FindingOut {
    check: String,
    level: Level,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_base64: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<String>,
    fingerprint: String,
    message: String,
}

#[derive(Clone, Serialize)]
struct SuppressedOut {
    #[serde(flatten)]
    finding: FindingOut,
    by: SuppressedBy,
    reason: String,
}

#[derive(Serialize)]
struct UsedOut {
    id: String,
    kind: UsedKind,
    by: String,
    key: String,
    what: String,
    old: Option<String>,
    new: Option<String>,
    reason: String,
    expires: String,
}

#[derive(Serialize)]
struct ApprovalOut {
    by: String,
    /// None: a trailer, which nobody has signed.
    key: Option<String>,
    /// The ref that keeps it.
    #[serde(skip_serializing_if = "Option::is_none")]
    approval: Option<String>,
    commit: String,
    reason: String,
}

#[derive(Clone, Serialize)]
struct UnreadOut {
    what: String,
    why: String,
}

/// One entry for each ref that the sources would move, and one for a push without any.
#[must_use]
pub fn entries(
    repo: &Repo,
    sources: &[Source],
    verdict: &Verdict,
    around: &Circumstances<'_>,
) -> Vec<Entry> {
    let redactor = Redactor::of(verdict, Secrets::Redacted);
    let mut writer = Writer {
        verdict,
        around,
        redactor: &redactor,
        findings: ByRef::new(&verdict.findings, &|finding| finding),
        suppressed: ByRef::new(&verdict.suppressed, &|entry| &entry.finding),
        left: MOST,
        written: Vec::new(),
    };
    let mut entries = Vec::new();
    for source in sources {
        for update in source.updates() {
            let out = writer.update(repo, update);
            writer.written = repo.written_by(&update.name).unwrap_or_default();
            entries.push(writer.entry(out, Some(&update.name)));
        }
        for line in source.bad_updates() {
            let out = writer.bad(line);
            entries.push(writer.entry(out, None));
        }
    }
    if entries.is_empty() {
        let out = UpdateOut {
            name: None,
            ref_base64: None,
            kind: Kind::Unknown,
            claimed: None,
            old: None,
            new: None,
        };
        entries.push(writer.entry(out, None));
    }
    entries
}

/// The first entry of a file that goes on from an older one.
#[derive(Serialize)]
pub struct Rotated {
    event: &'static str,
    time: String,
    /// The name of the older file at that time, escaped.
    older: String,
    version: &'static str,
}

impl Rotated {
    /// From a file that is called so from now on.
    #[must_use]
    pub fn to(older: &std::path::Path, now: time::OffsetDateTime) -> Self {
        let name = older.file_name().unwrap_or(older.as_os_str());
        Self {
            event: "rotated",
            time: moment(now),
            older: escape(name.as_encoded_bytes()),
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}

/// What stands in the way of which ref: a push may have many of both.
struct ByRef<'a, T> {
    all: &'a [T],
    /// Of no ref, hence of all.
    every: Vec<usize>,
    one: HashMap<&'a RefName, Vec<usize>>,
}

impl<'a, T> ByRef<'a, T> {
    fn new(all: &'a [T], finding: &dyn Fn(&'a T) -> &'a Finding) -> Self {
        let (mut every, mut one) = (Vec::new(), HashMap::<_, Vec<usize>>::new());
        for (at, entry) in all.iter().enumerate() {
            let refs = &finding(entry).refs;
            if refs.is_empty() {
                every.push(at);
            }
            for name in refs {
                one.entry(name).or_default().push(at);
            }
        }
        Self { all, every, one }
    }

    /// In their order; without a name all of them.
    fn of(&self, name: Option<&RefName>) -> Vec<&'a T> {
        let Some(name) = name else {
            return self.all.iter().collect();
        };
        let own = self.one.get(name).into_iter().flatten();
        let mut at: Vec<usize> = self.every.iter().chain(own).copied().collect();
        at.sort_unstable();
        at.dedup();
        at.into_iter().filter_map(|at| self.all.get(at)).collect()
    }
}

struct Writer<'a> {
    verdict: &'a Verdict,
    around: &'a Circumstances<'a>,
    redactor: &'a Redactor,
    findings: ByRef<'a, Finding>,
    suppressed: ByRef<'a, Suppressed>,
    /// How many findings may still be told.
    left: usize,
    /// What the ref at hand stands for, itself included: tokens name what is written.
    written: Vec<RefName>,
}

impl Writer<'_> {
    fn update(&self, repo: &Repo, update: &RefUpdate) -> UpdateOut {
        let (name, ref_base64) = self.both(update.name.as_bytes());
        let shown = |oid: Option<Oid>| oid.map(|oid| oid.to_string());
        UpdateOut {
            name: Some(name),
            ref_base64,
            kind: kind(repo, &update.name, update.change),
            claimed: shown(update.claimed),
            old: shown(update.change.old_oid()),
            new: shown(update.change.new_oid()),
        }
    }

    fn bad(&self, line: &BadUpdate) -> UpdateOut {
        let (name, ref_base64) = self.both(&line.name);
        UpdateOut {
            name: Some(name),
            ref_base64,
            kind: Kind::Bad,
            claimed: None,
            old: None,
            new: None,
        }
    }

    fn entry(&mut self, update: UpdateOut, name: Option<&RefName>) -> Entry {
        let found = self.findings.of(name);
        let suppressed = self.suppressed.of(name);
        let all = found.len() + suppressed.len();
        let told = all.min(self.left);
        self.left -= told;
        let findings: Vec<FindingOut> = found
            .iter()
            .take(told)
            .map(|finding| self.finding(finding))
            .collect();
        let suppressed = suppressed
            .iter()
            .take(told - findings.len())
            .map(|entry| SuppressedOut {
                finding: self.finding(&entry.finding),
                by: entry.by,
                reason: self.redactor.lines(&entry.reason),
            });
        let outcome = self.verdict.outcome();
        let pusher = match self.around.pusher {
            Pusher::Known(name) => Some(self.both(name)),
            Pusher::Unknown => None,
        };
        let (pusher, pusher_base64) = pusher.map_or((None, None), |(a, b)| (Some(a), b));
        Entry {
            event: "judged",
            time: moment(self.around.time),
            push: self.around.push.clone(),
            hook: self.around.hook,
            update,
            pusher,
            pusher_base64,
            identity: self.around.identity.clone(),
            verdict: outcome,
            ref_verdict: Outcome::of(found.iter().copied(), &self.verdict.unread),
            mode: match self.around.mode {
                Mode::Enforce => "enforce",
                Mode::Evaluate => "evaluate",
            },
            answer: match (self.around.mode, outcome) {
                (Mode::Evaluate, _) | (Mode::Enforce, Outcome::Accepted) => "accepted",
                (Mode::Enforce, Outcome::Rejected | Outcome::Undecided) => "refused",
            },
            suppressed: suppressed.collect(),
            used: self.used(name),
            approvals: self.approvals(name),
            findings,
            omitted: all - told + self.verdict.unread.len().saturating_sub(MOST_UNREAD),
            unread: self.unread(),
            rules: self
                .verdict
                .rules
                .iter()
                .cloned()
                .collect::<Vec<_>>()
                .join("+"),
            policy: self.around.policy.to_owned(),
            seconds: self.verdict.coverage.seconds,
            version: env!("CARGO_PKG_VERSION"),
        }
    }

    /// Those that were used on this ref; the option that shows one is nobody else's business.
    fn used(&self, name: Option<&RefName>) -> Vec<UsedOut> {
        let hex = |oid: Option<Oid>| oid.map(|oid| oid.to_string());
        let used = self.verdict.used.iter();
        let of = |name: &RefName, used: &RefName| used == name || self.written.contains(used);
        used.filter(|used| name.is_none_or(|name| of(name, &used.refname)))
            .map(|used| UsedOut {
                id: used.id.clone(),
                kind: used.kind,
                by: self.redactor.lines(&used.by),
                key: used.key.clone(),
                what: self.redactor.lines(&used.what),
                old: hex(used.old),
                new: hex(used.new),
                reason: self.redactor.lines(&used.reason),
                expires: used.expires.clone(),
            })
            .collect()
    }

    fn approvals(&self, name: Option<&RefName>) -> Vec<ApprovalOut> {
        let approved = self.verdict.approved.iter();
        approved
            .filter(|approved| name.is_none_or(|name| approved.refname == *name))
            .map(|approved| ApprovalOut {
                by: self.redactor.lines(&approved.by),
                key: approved.key.clone(),
                approval: approved.approval.as_ref().map(ToString::to_string),
                commit: approved.commit.to_string(),
                reason: self.redactor.lines(&approved.reason),
            })
            .collect()
    }

    fn unread(&self) -> Vec<UnreadOut> {
        let unread = self.verdict.unread.iter().take(MOST_UNREAD);
        let out = unread.map(|entry| UnreadOut {
            what: self.redactor.text(entry.what.as_bytes()),
            why: self.redactor.lines(&entry.why),
        });
        out.collect()
    }

    fn finding(&self, finding: &Finding) -> FindingOut {
        let place = &finding.place;
        let path = place.path.as_ref().map(|path| self.both(path.as_bytes()));
        let (path, path_base64) = path.map_or((None, None), |(a, b)| (Some(a), b));
        FindingOut {
            check: finding.check.to_string(),
            level: finding.level,
            path,
            path_base64,
            line: place.text.map(|text| text.line),
            commit: place.commit.map(|commit| commit.to_string()),
            fingerprint: finding.fingerprint.as_str().to_owned(),
            message: self.redactor.lines(&finding.message),
        }
    }

    /// What can be shown of bytes that somebody else chose, and these themselves where that is not
    /// the same; without secrets.
    fn both(&self, bytes: &[u8]) -> (String, Option<String>) {
        let is_shown = std::str::from_utf8(bytes).is_ok_and(|text| text == escape(bytes));
        let exact = (!is_shown)
            .then(|| base64::engine::general_purpose::STANDARD.encode(self.redactor.bytes(bytes)));
        (self.redactor.text(bytes), exact)
    }
}

fn kind(repo: &Repo, name: &RefName, change: RefChange) -> Kind {
    match change {
        RefChange::Create { .. } => Kind::Create,
        RefChange::Delete { .. } => Kind::Delete,
        // A tag that moves is another tag.
        RefChange::Move { .. } if name.is_tag() => Kind::Force,
        RefChange::Move { old, new } => match is_ancestor(repo, old, new) {
            Ok(true) => Kind::FastForward,
            Ok(false) => Kind::Force,
            Err(_) => Kind::Move,
        },
        RefChange::Pending { .. } => Kind::Unknown,
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}
