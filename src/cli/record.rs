//! Writes down what a hook of a server has judged, before anyone is told of it.

use super::output::remark;
use crate::audit::{
    Back, Circumstances, Entry, Ledger, Log, LogError, Moved, PushId, Spool, Withdrawn, entries,
};
use crate::change::{Landed, Source};
use crate::git::{Oid, RefName, Repo, escape};
use crate::hook::{Hook, Side};
use crate::policy::groups::Pusher;
use crate::policy::settings::{Mode, Settings};
use crate::policy::{Policy, Unread, Verdict};
use crate::report::{Redactor, Secrets};
use serde::Serialize;
use std::collections::HashMap;
use time::OffsetDateTime;

/// Where and how a push is written down; nowhere if the policy asks for no log.
pub(super) struct Record<'a> {
    repo: &'a Repo,
    log: Option<Log>,
    hook: &'static str,
    identity: Option<String>,
    mode: Mode,
    policy: String,
    settings: Settings,
    pusher: Pusher,
    push: PushId,
}

/// What one push adds to the log.
#[derive(Serialize)]
#[serde(untagged)]
enum Line<'a> {
    Judged(&'a Entry),
    Moved(Box<Moved>),
}

impl Line<'_> {
    fn moved(&self) -> Option<&Moved> {
        match self {
            Self::Judged(_) => None,
            Self::Moved(moved) => Some(moved),
        }
    }
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
            settings: settings.clone(),
            pusher: Pusher::Unknown,
            push: PushId::new(),
        }
    }

    /// From now on it is known who pushes.
    pub(super) fn by(&mut self, pusher: &Pusher) {
        self.pusher = pusher.clone();
    }

    /// Writes a verdict down. Where no verdict holds, it is said that this is not possible.
    ///
    /// # Errors
    /// When that is not possible, and then the push must not be accepted.
    pub(super) fn judged(&self, sources: &[Source], verdict: &Verdict) -> Result<(), LogError> {
        let written = self.write(sources, verdict, self.mode);
        self.held(
            written,
            "not written down, and accepted all the same, since this server only evaluates",
        )
    }

    /// What cannot be written down, where it is no reason to refuse anything.
    fn held(&self, written: Result<(), LogError>, what: &str) -> Result<(), LogError> {
        match (self.mode, written) {
            (Mode::Evaluate, Err(error)) => {
                let why = escape(error.to_string().as_bytes());
                remark(&[format!("{what}: {why}")]);
                Ok(())
            }
            (Mode::Evaluate | Mode::Enforce, written) => written,
        }
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
        self.write(sources, &self.undecided(sources, why), Mode::Enforce)
    }

    /// The verdict on what could not be judged, with what of it nobody is shown.
    pub(super) fn undecided(&self, sources: &[Source], why: &dyn std::fmt::Display) -> Verdict {
        let verdict = Verdict {
            unread: vec![Unread::new("the push", why)],
            ..Verdict::default()
        };
        self.withholding(sources, verdict)
    }

    fn withholding(&self, sources: &[Source], verdict: Verdict) -> Verdict {
        let policy = Policy::new(self.settings.clone(), Side::Server, self.pusher.clone());
        Verdict {
            withheld: policy.withheld(sources, &verdict),
            ..verdict
        }
    }

    /// Knows the secrets in the names of these refs, which have moved.
    pub(super) fn redactor(&self, landed: &[Landed]) -> Redactor {
        let sources = [Source::Landed(landed.to_vec())];
        let verdict = self.withholding(&sources, Verdict::default());
        Redactor::of(&verdict, Secrets::Redacted)
    }

    /// Writes down that what was accepted is refused after all.
    ///
    /// # Errors
    /// When that is not possible.
    pub(super) fn withdrawn(&self, why: &str) -> Result<(), LogError> {
        let Some(log) = &self.log else {
            return Ok(());
        };
        let now = OffsetDateTime::now_utc();
        log.append(&[Withdrawn::of(self.push.clone(), self.hook, why, now)])
    }

    /// Writes down that these refs have moved, each with the entry that accepted it, and those of
    /// other pushes of which nobody has said so. Where no verdict holds, it is said that this is not
    /// possible.
    ///
    /// # Errors
    /// When that is not possible.
    pub(super) fn moved(&self, landed: &[Landed], redactor: &Redactor) -> Result<(), LogError> {
        let Some(log) = &self.log else {
            return Ok(());
        };
        // As the entries call them that accepted them.
        let called = |one: &Landed| Landed {
            name: called(redactor, &one.name),
            ..one.clone()
        };
        let called: Vec<Landed> = landed.iter().map(called).collect();
        let names = called.iter().map(|one| &one.name);
        let names: HashMap<&RefName, &RefName> =
            names.zip(landed.iter().map(|one| &one.name)).collect();
        let now = |name: &RefName| self.now(names.get(name).unwrap_or(&name));
        let time = OffsetDateTime::now_utc();
        let said = log.append_after(Back::Far, &|latest| {
            let mut ledger = Ledger::of(latest);
            let said = ledger.landed(&called, &now, time);
            let mut all = ledger.late(self.hook, &now, time);
            all.extend(said);
            all
        });
        let written = said.map(|said| self.tell(&said.iter().collect::<Vec<&Moved>>()));
        self.held(written, "that refs have moved is not written down")
    }

    /// Keeps what the addresses of the policy are to be told. Nothing depends on it.
    fn tell(&self, moved: &[&Moved]) {
        let addresses = &self.settings.audit.notify;
        let now = OffsetDateTime::now_utc();
        if let Err(error) = Spool::of(self.repo).put(moved, addresses, now) {
            remark(&[format!(
                "nobody is told that refs have moved: portcullis/spool: {error}"
            )]);
        }
    }

    fn now(&self, name: &RefName) -> Option<Oid> {
        self.repo.resolve(name).ok().flatten()
    }

    fn write(&self, sources: &[Source], verdict: &Verdict, mode: Mode) -> Result<(), LogError> {
        let Some(log) = &self.log else {
            return Ok(());
        };
        let around = Circumstances {
            push: self.push.clone(),
            hook: self.hook,
            time: OffsetDateTime::now_utc(),
            pusher: &self.pusher,
            identity: self.identity.clone(),
            mode,
            policy: &self.policy,
        };
        let judged = entries(self.repo, sources, verdict, &around);
        let all = |late: Vec<Moved>| -> Vec<Line<'_>> {
            let late = late.into_iter().map(|moved| Line::Moved(Box::new(moved)));
            late.chain(judged.iter().map(Line::Judged)).collect()
        };
        if self.hook == "update" {
            // Its push goes on, and who has moved what of it post-receive will say.
            return log.append(&all(Vec::new()));
        }
        let said = log.append_after(Back::Little, &|latest| {
            let ledger = Ledger::of(latest);
            all(match ledger.hears() {
                true => ledger.late(self.hook, &|name| self.now(name), around.time),
                false => Vec::new(),
            })
        })?;
        let late: Vec<&Moved> = said.iter().filter_map(Line::moved).collect();
        self.tell(&late);
        Ok(())
    }
}

/// The name of a ref without the secret in it, if there is one.
pub(super) fn called(redactor: &Redactor, name: &RefName) -> RefName {
    RefName::new(&redactor.bytes(name.as_bytes())).unwrap_or_else(|_| name.clone())
}
