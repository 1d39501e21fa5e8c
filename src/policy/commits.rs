//! Pack `commits`: commits are made as the repository asks, since a history is read far more often
//! than it is written.

mod conventional;
mod example;
mod merges;
mod message;
mod mood;
pub(super) mod trailers;
pub(super) mod values;

use super::check::{Check, Cx, Raised, place_by};
use super::groups::{Groups, Principal, Pusher};
use super::identity::BE_KNOWN;
use super::parsed::parsed_list;
use super::protect::{Protect, refs};
use super::questions::commits as ask;
use super::ref_pattern::RefPattern;
use super::settings::Settings;
use crate::change::{By, Proposal, ScopedCommit, Unread};
use crate::finding::PlaceKind;
use crate::git::{CommitInfo, Oid, OidMap, ReadError, RefName, escape, people};
use crate::hook::Side;
use message::{Draft, Fault};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use std::fmt;
use std::num::NonZeroUsize;
use std::str::FromStr;
use std::sync::{Mutex, MutexGuard, PoisonError};
pub(super) use values::address;
use values::{AddressPattern, CommitType, MessagePattern, TrailerKey};

/// `[commits]`: what commits are asked to be. With nothing set, nothing is asked.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Commits {
    #[serde(deserialize_with = "some_refs")]
    refs: Option<Vec<RefPattern>>,
    #[serde(deserialize_with = "parsed_list")]
    except: Option<Vec<Principal>>,
    conventional: Option<bool>,
    #[serde(deserialize_with = "filled")]
    types: Option<Vec<CommitType>>,
    subject_max: Option<NonZeroUsize>,
    body_max: Option<NonZeroUsize>,
    imperative: bool,
    sign_off: bool,
    #[serde(deserialize_with = "filled")]
    trailers: Option<Vec<TrailerKey>>,
    #[serde(deserialize_with = "parsed_list")]
    require: Option<Vec<MessagePattern>>,
    #[serde(deserialize_with = "parsed_list")]
    forbid: Option<Vec<MessagePattern>>,
    fixups: Fixups,
    #[serde(deserialize_with = "filled")]
    author_emails: Option<Vec<AddressPattern>>,
    committer_is_pusher: bool,
    #[serde(deserialize_with = "filled")]
    members: Option<Vec<Principal>>,
    dates: Option<Dates>,
}

/// Where `fixup!`, `squash!` and `amend!` may go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "bool")]
enum Fixups {
    #[default]
    Anywhere,
    /// Not to a ref that a `[[protect]]` stands in front of.
    Unprotected,
}

impl From<bool> for Fixups {
    fn from(anywhere: bool) -> Self {
        if anywhere {
            Self::Anywhere
        } else {
            Self::Unprotected
        }
    }
}

/// What is asked of dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Dates {
    /// Not in the future, and not before the parents, each by more than a day.
    Sane,
}

fn some_refs<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<RefPattern>>, D::Error> {
    refs(deserializer).map(Some)
}

fn filled<'de, D, T>(deserializer: D) -> Result<Option<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: fmt::Display>,
{
    match parsed_list(deserializer)? {
        Some(list) if list.is_empty() => {
            Err(D::Error::custom("an empty list would let no commit in"))
        }
        list => Ok(list),
    }
}

impl Commits {
    /// Whether anything is asked.
    fn asks(&self) -> bool {
        let list =
            |list: &Option<Vec<MessagePattern>>| list.as_ref().is_some_and(|l| !l.is_empty());
        self.conventional()
            || self.subject_max.is_some()
            || self.body_max.is_some()
            || self.imperative
            || self.sign_off
            || self.trailers.is_some()
            || list(&self.require)
            || list(&self.forbid)
            || self.fixups == Fixups::Unprotected
            || self.author_emails.is_some()
            || self.committer_is_pusher
            || self.members.is_some()
            || self.dates.is_some()
    }

    /// Who names types asks for them.
    fn conventional(&self) -> bool {
        self.conventional.unwrap_or(self.types.is_some())
    }

    /// Whether the committer must be who pushes, who then must be known.
    #[must_use]
    pub fn committer_is_pusher(&self) -> bool {
        self.committer_is_pusher
    }

    /// Who alone may be author and committer, by address; none where everybody may.
    #[must_use]
    pub fn members(&self) -> Option<&[Principal]> {
        self.members.as_deref()
    }

    /// Whose pushes are not asked; none where all are.
    #[must_use]
    pub fn except(&self) -> Option<&[Principal]> {
        self.except.as_deref()
    }

    fn holds_for(&self, name: &RefName) -> bool {
        match &self.refs {
            Some(patterns) => patterns.iter().any(|pattern| pattern.matches(name)),
            None => name.is_branch(),
        }
    }
}

pub(super) fn make(settings: &Settings) -> Box<dyn Check> {
    Box::new(Rules {
        asked: settings.commits.clone(),
        protect: settings.protect.clone(),
        groups: settings.groups.clone(),
        merges: merges::Merges::default(),
        times: Mutex::default(),
    })
}

struct Rules {
    asked: Commits,
    protect: Vec<Protect>,
    groups: Groups,
    merges: merges::Merges,
    /// When the commits were made that went by, in seconds: they come before what is built on them.
    times: Mutex<OidMap<i64>>,
}

/// The refs that the policy is for.
const COVERED: usize = 0;
/// Those of them that a `[[protect]]` stands in front of. A set of its own: a fixup that came in by
/// a branch where it may be is still new to the protected one.
const PROTECTED: usize = 1;

/// How far clocks may differ, in seconds.
const DAY: i64 = 24 * 60 * 60;

impl Check for Rules {
    fn scopes(&self) -> usize {
        match self.asked.fixups {
            _ if !self.asked.asks() => 0,
            Fixups::Anywhere => 1,
            Fixups::Unprotected => 2,
        }
    }

    fn in_scope(&self, cx: &Cx<'_>, scope: usize, name: Option<&RefName>) -> bool {
        let except = self.asked.except.as_deref().unwrap_or_default();
        if cx.side == Side::Server && self.groups.allows(except, cx.pusher) {
            return false;
        }
        let covered = name.is_none_or(|name| self.asked.holds_for(name));
        let protects = |name: &RefName| self.protect.iter().any(|rule| rule.protects(name));
        covered && (scope == COVERED || name.is_some_and(protects))
    }

    fn scoped(
        &self,
        cx: &Cx<'_>,
        scope: usize,
        commit: &ScopedCommit<'_>,
        out: &mut Vec<Raised>,
    ) -> Result<(), Unread> {
        let info = commit.info;
        let by = By {
            commit: Some(info),
            refs: commit.refs,
        };
        let mut parents = info.parents.len();
        if let (COVERED, Some(repo)) = (scope, cx.repo) {
            let told = self.merges.parents(repo, info);
            parents = told.map_err(|error| Unread::new(info.oid, error))?;
        }
        let draft = Draft::new(info.message(), parents, &info.committer);
        if scope == PROTECTED {
            out.extend(draft.fixup().map(|fault| raise(fault, by)));
            return Ok(());
        }
        let mut faults = draft.faults(&self.asked);
        faults.extend(values::odd_encoding(info).map(odd_encoding));
        faults.extend(self.addresses(&info.author, &info.committer));
        faults.extend(self.strangers(cx, &info.author, &info.committer));
        faults.extend(self.committer(cx, info));
        if self.asked.dates.is_some() {
            faults.extend(self.dates(cx, info)?);
        }
        out.extend(faults.into_iter().map(|fault| raise(fault, by)));
        Ok(())
    }

    fn finish(&self, _cx: &Cx<'_>, _out: &mut Vec<Raised>) -> Vec<Unread> {
        self.merges.forget();
        Vec::new()
    }

    fn proposal(
        &self,
        cx: &Cx<'_>,
        proposal: &Proposal,
        out: &mut Vec<Raised>,
    ) -> Result<(), Unread> {
        // Git itself makes no commit of an empty message.
        if !self.asked.asks() || proposal.message.trim_ascii().is_empty() {
            return Ok(());
        }
        let asked = &self.asked;
        let people_matter =
            asked.sign_off || asked.author_emails.is_some() || asked.members.is_some();
        let (author, committer) = match cx.repo {
            Some(repo) if people_matter => {
                people(repo).map_err(|error| Unread::new("who commits", error))?
            }
            Some(_) | None => (Vec::new(), Vec::new()),
        };
        let draft = Draft::new(&proposal.message, proposal.parents, &committer);
        let mut faults = draft.faults(&self.asked);
        if let (Some(first), Some(command)) = (faults.first_mut(), draft.example(&self.asked)) {
            first.help.push_str("\nthis would pass:\n$ ");
            first.help.push_str(&command);
        }
        faults.extend(self.addresses(&author, &committer));
        faults.extend(self.strangers(cx, &author, &committer));
        out.extend(faults.into_iter().map(|fault| raise(fault, By::default())));
        Ok(())
    }
}

/// Which of the two are not as asked, in words; one who is both is named once.
fn wrong_ones(author: &[u8], committer: &[u8], right: &dyn Fn(&[u8]) -> bool) -> Vec<String> {
    let asked: &[(&str, &[u8])] = if author == committer {
        &[("author and committer", author)]
    } else {
        &[("author", author), ("committer", committer)]
    };
    let wrong = asked.iter().filter(|(_, person)| !right(person));
    wrong
        .map(|(who, person)| format!("the {who} is {}", escape(person)))
        .collect()
}

impl Rules {
    /// Author and committer each have an address that is asked for.
    fn addresses(&self, author: &[u8], committer: &[u8]) -> Option<Fault> {
        let patterns = self.asked.author_emails.as_ref()?;
        let allowed = |person: &[u8]| {
            address(person).is_some_and(|mail| patterns.iter().any(|glob| glob.matches(mail)))
        };
        let wrong = wrong_ones(author, committer, &allowed);
        if wrong.is_empty() {
            return None;
        }
        let asked: Vec<&str> = patterns.iter().map(AddressPattern::as_str).collect();
        Some(Fault {
            check: ask::AUTHOR_EMAIL,
            kind: PlaceKind::Commit,
            message: format!(
                "{}; addresses here are {}",
                wrong.join(", "),
                asked.join(" or ")
            ),
            help: "set your address, then make the commit anew:\n$ git config user.email ADDRESS\n$ git commit --amend --reset-author --no-edit"
                .to_owned(),
        })
    }

    /// Author and committer are each one of the members, by address.
    fn strangers(&self, cx: &Cx<'_>, author: &[u8], committer: &[u8]) -> Option<Fault> {
        let members = self.asked.members.as_deref()?;
        // A list that is on the server alone is asked there.
        if cx.side == Side::Client && self.groups.count(members).is_none() {
            return None;
        }
        let is_one = |person: &[u8]| {
            address(person).is_some_and(|mail| {
                let lower = mail.to_ascii_lowercase();
                let mut written = [mail, &lower].into_iter().map(Pusher::named);
                written.any(|mail| self.groups.allows(members, &mail))
            })
        };
        let strangers = wrong_ones(author, committer, &is_one);
        if strangers.is_empty() {
            return None;
        }
        let asked: Vec<String> = members.iter().map(ToString::to_string).collect();
        let account = |person: &[u8]| {
            let name = address(person).and_then(|mail| mail.split(|byte| *byte == b'@').next());
            name.is_some_and(|name| self.groups.allows(members, &Pusher::named(name)))
        };
        let help = match [author, committer].into_iter().any(account) {
            true => {
                "the list has the account alone, and addresses count: have an administrator add yours"
            }
            false => {
                "commit with the address that the list has of you, or have an administrator add it:\n\
                 $ git config user.email ADDRESS\n$ git commit --amend --reset-author --no-edit"
            }
        };
        Some(Fault {
            check: ask::MEMBERS,
            kind: PlaceKind::Commit,
            message: format!(
                "{}, whose address is none of {}",
                strangers.join(", "),
                asked.join(", ")
            ),
            help: help.to_owned(),
        })
    }

    /// The committer is who pushes: the address, or what stands before its `@`, is the account.
    fn committer(&self, cx: &Cx<'_>, info: &CommitInfo) -> Option<Fault> {
        if !self.asked.committer_is_pusher || cx.side == Side::Client {
            return None;
        }
        let (pusher, shown) = match cx.pusher {
            Pusher::Known(name) => (Some(&name[..]), escape(name)),
            Pusher::Unknown => (None, "not known to this server".to_owned()),
        };
        let mail = address(&info.committer);
        let account = mail.and_then(|mail| mail.split(|byte| *byte == b'@').next());
        if pusher.is_some() && (mail == pusher || account == pusher) {
            return None;
        }
        let first = match pusher {
            Some(_) => String::new(),
            None => format!("{BE_KNOWN}\n"),
        };
        Some(Fault {
            check: ask::COMMITTER,
            kind: PlaceKind::Commit,
            message: format!(
                "the committer is {}, who pushes is {shown}",
                escape(&info.committer)
            ),
            help: format!(
                "{first}have them push it, or commit it anew yourself:\n$ {} --force-rebase",
                super::rewrite(Some(info)).replace(" -i", "")
            ),
        })
    }

    /// Dates are neither in the future nor before those of the parents.
    fn dates(&self, cx: &Cx<'_>, info: &CommitInfo) -> Result<Option<Fault>, Unread> {
        let now = cx.now.unix_timestamp();
        let fault = |message: String| {
            Fault {
        check: ask::DATE,
        kind: PlaceKind::Commit,
        message,
        help:
            "set the clock, then make the commit anew:\n$ git commit --amend --date=now --no-edit"
                .to_owned(),
    }
        };
        for (which, (seconds, _)) in [
            ("author", info.author_time),
            ("committer", info.committer_time),
        ] {
            if seconds > now.saturating_add(DAY) {
                let message = format!("the {which} date is more than a day in the future");
                return Ok(Some(fault(message)));
            }
        }
        self.known().insert(info.oid, info.committer_time.0);
        for parent in &info.parents {
            let Some(before) = self.committed(cx, *parent)? else {
                continue;
            };
            if info.committer_time.0 < before.saturating_sub(DAY) {
                let message = format!(
                    "the committer date is more than a day before that of its parent {}",
                    parent.short()
                );
                return Ok(Some(fault(message)));
            }
        }
        Ok(None)
    }

    /// When a commit was made, in seconds; nobody knows beyond the boundary of a shallow clone, and the
    /// walk has seen to all others.
    fn committed(&self, cx: &Cx<'_>, commit: Oid) -> Result<Option<i64>, Unread> {
        let known = self.known().get(&commit).copied();
        if known.is_some() {
            return Ok(known);
        }
        match cx.repo.map(|repo| repo.commit(commit)) {
            Some(Ok(info)) => {
                self.known().insert(commit, info.committer_time.0);
                Ok(Some(info.committer_time.0))
            }
            Some(Err(ReadError::Missing)) | None => Ok(None),
            Some(Err(error)) => Err(Unread::new(commit, error)),
        }
    }

    fn known(&self) -> MutexGuard<'_, OidMap<i64>> {
        self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn odd_encoding(encoding: &[u8]) -> Fault {
    let encoding = escape(encoding);
    Fault {
        check: ask::ENCODING,
        kind: PlaceKind::Commit,
        message: format!(
            "its message is encoded in {encoding}, and Git shows another text than stands there"
        ),
        help: "write it in UTF-8:\n$ git config --unset i18n.commitEncoding".to_owned(),
    }
}

fn raise(fault: Fault, by: By<'_>) -> Raised {
    let mut help = fault.help;
    if by.commit.is_some() && fault.kind == PlaceKind::Message {
        help.push_str("\nmark the commit \"reword\" in:\n$ ");
        help.push_str(&super::rewrite(by.commit));
    } else if by.commit.is_some()
        && matches!(fault.check, ask::AUTHOR_EMAIL | ask::MEMBERS | ask::DATE)
    {
        help.push_str("\nif it is not the last one, mark it \"edit\" in:\n$ ");
        help.push_str(&super::rewrite(by.commit));
    }
    let place = place_by(fault.kind, by);
    Raised::denied(fault.check, fault.message, help, place, by.refs.to_vec())
}
