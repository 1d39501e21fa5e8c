//! The trait of a check: a function of a change.

use super::approvals::Approved;
use super::groups::Pusher;
use super::notes::Notes;
use super::tokens::{Presented, Used};
use super::{Coverage, Persons, ServerKeys};
use crate::change::{
    BadUpdate, Base, By, CommitChange, DirectoryChange, FileChange, Message, Naming, Proposal,
    RefUpdate, ScopedCommit, Unread,
};
use crate::finding::{CheckId, Finding, Fingerprint, FoundSecret, Level, Place, PlaceKind};
use crate::git::{Certificate, Keys, RefName, Repo, escape};
use crate::hook::Side;
use crate::scan::{Anywhere, Confidence, Patience, Secret};
use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Instant;

/// A check implements what it looks at; the one loop in `judge` does the walking.
pub trait Check: Send + Sync {
    /// Looks at a ref that is to move.
    ///
    /// # Errors
    /// When something had to be read for it and could not be; the same for the others.
    fn update(
        &self,
        _cx: &Cx<'_>,
        _update: &RefUpdate,
        _out: &mut Vec<Raised>,
    ) -> Result<(), Unread> {
        Ok(())
    }
    /// Looks at a line that asks for a ref that cannot be.
    fn bad_update(&self, _cx: &Cx<'_>, _update: &BadUpdate, _out: &mut Vec<Raised>) {}
    /// Looks at a commit as such.
    ///
    /// # Errors
    /// See [`Check::update`].
    fn commit(
        &self,
        _cx: &Cx<'_>,
        _commit: &CommitChange<'_>,
        _out: &mut Vec<Raised>,
    ) -> Result<(), Unread> {
        Ok(())
    }
    /// How many sets of refs the check has a policy for: a commit that is new under one of them is
    /// shown to [`Check::scoped`], though the repository may have had it before by other refs.
    fn scopes(&self) -> usize {
        0
    }
    /// Whether a set holds a ref; no ref is that of a look back.
    fn in_scope(&self, _cx: &Cx<'_>, _scope: usize, _name: Option<&RefName>) -> bool {
        false
    }
    /// Looks at a commit that is new under a set of refs.
    ///
    /// # Errors
    /// See [`Check::update`].
    fn scoped(
        &self,
        _cx: &Cx<'_>,
        _scope: usize,
        _commit: &ScopedCommit<'_>,
        _out: &mut Vec<Raised>,
    ) -> Result<(), Unread> {
        Ok(())
    }
    /// Looks at a commit that is being made and has its message.
    ///
    /// # Errors
    /// See [`Check::update`].
    fn proposal(
        &self,
        _cx: &Cx<'_>,
        _proposal: &Proposal,
        _out: &mut Vec<Raised>,
    ) -> Result<(), Unread> {
        Ok(())
    }
    /// Looks at a message.
    ///
    /// # Errors
    /// See [`Check::update`].
    fn message(
        &self,
        _cx: &Cx<'_>,
        _message: &Message<'_>,
        _out: &mut Vec<Raised>,
    ) -> Result<(), Unread> {
        Ok(())
    }
    /// Looks at a directory that comes in with a commit or a tag.
    ///
    /// # Errors
    /// See [`Check::update`].
    fn directory(
        &self,
        _cx: &Cx<'_>,
        _directory: &DirectoryChange<'_>,
        _out: &mut Vec<Raised>,
    ) -> Result<(), Unread> {
        Ok(())
    }
    /// Looks at a file.
    ///
    /// # Errors
    /// See [`Check::update`].
    fn file(
        &self,
        _cx: &Cx<'_>,
        _file: &FileChange<'_>,
        _out: &mut Vec<Raised>,
    ) -> Result<(), Unread> {
        Ok(())
    }
    /// Looks at a text that comes in, before it is known where it stands, for what it could hold at
    /// any path; see [`crate::scan::Scanner::anywhere`]. `None` from those that look for nothing in
    /// texts, or do without [`FileChange::holds_nothing`].
    fn anywhere(&self, _cx: &Cx<'_>, _text: &[u8], _base: Option<Base<'_>>) -> Option<Anywhere> {
        None
    }
    /// Whether the check minds a text for what it is, at whatever path it stands: what it does not mind
    /// and [`Check::anywhere`] found nothing in, [`FileChange::holds_nothing`].
    fn minds(&self, _text: &[u8]) -> bool {
        false
    }
    /// Looks at the size of a push as a whole, after all of it was shown.
    fn whole(&self, _cx: &Cx<'_>, _coverage: &Coverage, _out: &mut Vec<Raised>) {}
    /// Adds to what was found what only all of it together tells, once every finding has its place.
    /// Gives back the blobs that told it, so that the next look reads them again.
    fn after(&self, _raised: &mut [Raised]) -> Vec<crate::git::Oid> {
        Vec::new()
    }
    /// Does, after all of a push was shown, what was put off to be done together.
    fn finish(&self, _cx: &Cx<'_>, _out: &mut Vec<Raised>) -> Vec<Unread> {
        Vec::new()
    }
    /// The secrets of a text that somebody may be shown.
    fn withheld(&self, _text: &[u8]) -> Vec<FoundSecret> {
        Vec::new()
    }
    /// Whether a file anywhere in a history matters to this check for its name alone.
    fn wants_name(&self, _name: &[u8]) -> bool {
        false
    }
    /// Whether a finding, if it is one of this pack, holds at a path. In a history a text is looked
    /// at before anything tells its path, and a name before the folders above it.
    fn holds_at(&self, _cx: &Cx<'_>, _finding: &Finding, _path: &crate::git::RepoPath) -> bool {
        true
    }
}

/// What every check may know of the circumstances.
pub struct Cx<'a> {
    /// The repository; none for plain files.
    pub repo: Option<&'a Repo>,
    /// Who pushes; unknown on a client.
    pub pusher: &'a Pusher,
    /// Whether the push is being made or received.
    pub side: Side,
    /// When it is asked.
    pub now: time::OffsetDateTime,
    /// All that the push would move, for what one update means to another.
    pub updates: &'a [RefUpdate],
    /// What the pusher signed of it.
    pub certificate: &'a Certificate,
    /// Whom the server believes.
    pub keys: &'a ServerKeys,
    /// What the options of the push show.
    pub presented: &'a Presented,
    /// The approvals that what is accepted relies upon.
    pub approved: &'a Mutex<Vec<Approved>>,
    /// What is noted of a history for the next look at it.
    pub notes: &'a Notes,
    /// When it must be decided; whoever does something long asks [`Cx::in_time`] on the way.
    pub until: Option<Instant>,
}

impl Cx<'_> {
    /// The keys that signatures are verified with.
    ///
    /// # Errors
    /// When they cannot be read; then nothing that is signed is decided.
    pub fn keys(&self) -> Result<&Keys, Unread> {
        self.keys.get(self.repo)
    }

    /// Who is the same person as whom. Where the keys cannot be read, as on a client, names speak for
    /// themselves.
    ///
    /// # Errors
    /// On a server, when the keys cannot be read.
    pub fn persons(&self) -> Result<&Persons, Unread> {
        static STRANGERS: LazyLock<Persons> = LazyLock::new(Persons::default);
        match (self.keys.persons(self.repo), self.side) {
            (Ok(persons), _) => Ok(persons),
            (Err(_), Side::Client) => Ok(&STRANGERS),
            (Err(unread), Side::Server) => Err(unread),
        }
    }

    /// Writes down the approvals that an update relies upon.
    pub fn rely_upon(&self, mut approved: Vec<Approved>) {
        let mut all = self.approved.lock().unwrap_or_else(PoisonError::into_inner);
        all.append(&mut approved);
    }

    /// How long one text may be looked at.
    #[must_use]
    pub fn patience(&self) -> Patience {
        Patience::until(self.until)
    }

    /// Whether there is time left to go on. What is left undone after that is undecided, which the
    /// loop says.
    #[must_use]
    pub fn in_time(&self) -> bool {
        self.until.is_none_or(|until| Instant::now() < until)
    }
}

/// A finding on its way to the verdict.
#[derive(Debug)]
pub struct Raised {
    /// The finding.
    pub finding: Finding,
    /// What a mark on its line gives as the reason to allow it.
    pub mark: Option<String>,
    /// Whether its path is the whole one.
    pub naming: Naming,
    /// The tokens that together excuse it; none where it stands.
    pub excused: Vec<Used>,
}

impl Raised {
    /// A finding of a policy check: it blocks, for sure.
    #[must_use]
    pub fn denied(
        check: CheckId,
        message: String,
        help: String,
        place: Place,
        refs: Vec<RefName>,
    ) -> Self {
        Self {
            finding: Finding {
                check,
                level: Level::Deny,
                confidence: Confidence::High,
                message,
                help,
                allow: String::new(),
                fingerprint: Fingerprint::default(),
                place,
                refs,
                secret: None,
            },
            mark: None,
            naming: Naming::Whole,
            excused: Vec::new(),
        }
    }
}

/// Where a finding in a file is.
#[must_use]
pub(super) fn place_in(file: &FileChange<'_>) -> Place {
    Place {
        path: file.path.clone(),
        blob: file.blob(),
        ..place_by(PlaceKind::File, file.by)
    }
}

/// Where a finding is that was brought in so.
#[must_use]
pub(super) fn place_by(kind: PlaceKind, by: By<'_>) -> Place {
    Place {
        kind,
        path: None,
        text: None,
        blob: None,
        commit: by.commit.map(|commit| commit.oid),
        refname: by.refs.first().cloned(),
        author: by.commit.map(|commit| escape(&commit.author)),
        date: by.commit.and_then(super::date_of),
        reachable: None,
        spread: None,
        decoded: Vec::new(),
    }
}

/// What identifies findings at their places, in their order. Each is worked out once, by so many
/// threads, since those of secrets that can be guessed are slow on purpose; unless it was noted.
#[must_use]
pub(super) fn fingerprints(raised: &[Raised], notes: &Notes, jobs: usize) -> Vec<Fingerprint> {
    let mut distinct: Vec<(Identity<'_>, Option<Fingerprint>)> = Vec::new();
    let mut known: HashMap<Identity<'_>, usize> = HashMap::new();
    let which: Vec<usize> = raised
        .iter()
        .map(|raised| {
            let identity = identity(&raised.finding);
            let index = *known.entry(identity).or_insert_with(|| {
                distinct.push((identity, None));
                distinct.len() - 1
            });
            let noted = &mut distinct[index].1;
            if noted.is_none() {
                *noted = notes.fingerprint(&raised.finding);
            }
            index
        })
        .collect();
    let work = |part: &[(Identity<'_>, Option<Fingerprint>)]| -> Vec<Fingerprint> {
        let made = part.iter().map(|((check, at, secret), noted)| match noted {
            Some(noted) => noted.clone(),
            None => Fingerprint::new(*check, at, *secret),
        });
        made.collect()
    };
    let size = distinct.len().div_ceil(jobs.max(1)).max(16);
    let made: Vec<Fingerprint> = std::thread::scope(|scope| {
        let mut parts = distinct.chunks(size);
        let first = parts.next().unwrap_or_default();
        let others: Vec<_> = parts
            .map(|part| (part, scope.spawn(move || work(part))))
            .collect();
        let mut made = work(first);
        for (part, other) in others {
            made.extend(other.join().unwrap_or_else(|_| work(part)));
        }
        made
    });
    which.into_iter().map(|index| made[index].clone()).collect()
}

/// Check, path, commit or ref name, and secret.
pub(super) type Identity<'a> = (CheckId, &'a [u8], Option<&'a Secret>);

/// What makes findings one.
pub(super) fn identity(finding: &Finding) -> Identity<'_> {
    let secret = finding.secret.as_ref().map(|found| &found.secret);
    let place = &finding.place;
    let at = match (&place.path, &place.refname, place.kind, &place.commit) {
        (Some(path), ..) => path.as_bytes(),
        (None, ..) if secret.is_some() => &[],
        // What is wrong with two commits is wrong twice.
        (None, _, PlaceKind::Commit | PlaceKind::Message, Some(commit)) => commit.as_raw(),
        (None, Some(name), ..) => name.as_bytes(),
        (None, None, ..) => &[],
    };
    (finding.check, at, secret)
}
