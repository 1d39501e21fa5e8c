//! Writes down what a hook of a server has judged, before anyone is told of it.

use crate::audit::{Circumstances, Log, LogError, PushId, entries, moved};
use crate::change::{Landed, Source};
use crate::git::{RefName, Repo};
use crate::hook::{Hook, Side};
use crate::policy::groups::Pusher;
use crate::policy::settings::{Mode, Settings};
use crate::policy::{Unread, Verdict};
use time::OffsetDateTime;

/// Where and how a push is written down; nowhere if the policy asks for no log.
pub(super) struct Record<'a> {
    repo: &'a Repo,
    log: Option<Log>,
    hook: &'static str,
    identity: Option<String>,
    mode: Mode,
    policy: String,
    pusher: Pusher,
}

impl<'a> Record<'a> {
    /// For one run of a hook under this policy, of which the digest is given.
    pub(super) fn new(
        repo: &'a Repo,
        hook: &'static Hook,
        settings: &Settings,
        policy: String,
    ) -> Self {
        let log = settings.audit.log.as_ref();
        Self {
            repo,
            log: log
                .filter(|_| hook.side == Side::Server)
                .map(|file| Log::of(repo, &file.0)),
            hook: hook.event,
            identity: settings.identity.source.as_ref().map(ToString::to_string),
            mode: settings.server.mode,
            policy,
            pusher: Pusher::Unknown,
        }
    }

    /// From now on it is known who pushes.
    pub(super) fn by(&mut self, pusher: &Pusher) {
        self.pusher = pusher.clone();
    }

    /// Writes a verdict down.
    ///
    /// # Errors
    /// When that is not possible, and then the push must not be accepted.
    pub(super) fn judged(&self, sources: &[Source], verdict: &Verdict) -> Result<(), LogError> {
        self.write(sources, verdict, self.mode)
    }

    /// Writes down that nothing could be judged, for this reason, whatever the mode.
    ///
    /// # Errors
    /// As [`Record::judged`].
    pub(super) fn unjudged(
        &self,
        sources: &[Source],
        why: &dyn std::fmt::Display,
    ) -> Result<(), LogError> {
        let verdict = Verdict {
            unread: vec![Unread::new("the push", why)],
            ..Verdict::default()
        };
        self.write(sources, &verdict, Mode::Enforce)
    }

    /// Writes down that these refs have moved, each with the entry that accepted it.
    ///
    /// # Errors
    /// When that is not possible.
    pub(super) fn moved(&self, landed: &[Landed]) -> Result<(), LogError> {
        let Some(log) = &self.log else {
            return Ok(());
        };
        let now = |name: &RefName| self.repo.resolve(name).ok().flatten();
        log.append(&moved(
            landed,
            &log.latest()?,
            &now,
            OffsetDateTime::now_utc(),
        ))
    }

    fn write(&self, sources: &[Source], verdict: &Verdict, mode: Mode) -> Result<(), LogError> {
        let Some(log) = &self.log else {
            return Ok(());
        };
        let around = Circumstances {
            push: PushId::new(),
            hook: self.hook,
            time: OffsetDateTime::now_utc(),
            pusher: &self.pusher,
            identity: self.identity.clone(),
            mode,
            policy: &self.policy,
        };
        log.append(&entries(self.repo, sources, verdict, &around))
    }
}
