//! Judges one update by the approvals that are there: on the server already, or in the same push.

use super::Approved;
use super::approval::{APPROVALS, MOST_STEPS, SignedApproval};
use super::bound::Bound;
use super::brought::{Brought, Ground, Look, NewLine, Part, Past, line};
use super::decide::{Asks, Known, Lack, Unheard, Unit, Voice, decide, relied_upon};
use super::guard::owned;
use super::rule::ApprovedBy;
use crate::change::Unread;
use crate::git::{
    Keys, Kind, Namespace, NotVerified, Oid, RefName, Repo, Signer, Walked, escape, is_ancestor,
    rev_list, shell_word, visible_refs,
};
use crate::hook::Side;
use crate::policy::check::Cx;
use crate::policy::commits::{trailers, values::address};
use crate::policy::decide::Denial;
use crate::policy::groups::{Groups, Pusher};
use crate::policy::questions::refs as ask;
use crate::policy::settings::{Act, Protect};
use std::cell::{OnceCell, RefCell};
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::rc::Rc;

/// An approval that was made further back than so many commits of the branch is too old to tell
/// whether its change came in already.
const FURTHEST: usize = 4 * MOST_STEPS;

/// An update that rules ask approvals for.
pub(in crate::policy) struct Update<'a> {
    /// The circumstances.
    pub(in crate::policy) cx: &'a Cx<'a>,
    /// The repository.
    pub(in crate::policy) repo: &'a Repo,
    /// Who is in which group.
    pub(in crate::policy) groups: &'a Groups,
    /// The ref, and where it is a symbolic one what it stands for.
    pub(in crate::policy) names: &'a [RefName],
    /// What is done to it.
    pub(in crate::policy) act: Act,
    /// Where it stands.
    pub(in crate::policy) old: Option<Oid>,
    /// Where it will.
    pub(in crate::policy) new: Option<Oid>,
}

/// What is to be approved, as the help has it.
struct What {
    /// What others have to be able to fetch.
    pushed: &'static str,
    /// As `portcullis approve` takes it.
    range: String,
}

impl What {
    fn new(ground: Option<Oid>, tip: Oid, topic: Option<Oid>) -> Self {
        let (pushed, last) = match topic {
            Some(topic) => ("what is merged", topic),
            None => ("it", tip),
        };
        let range = match ground {
            Some(ground) => format!("{}..{}", ground.short(), last.short()),
            None => last.short(),
        };
        Self { pushed, range }
    }
}

/// Two commits, the newer one last.
type FromTo = (Oid, Oid);

/// What is read once for all rules.
pub(in crate::policy) struct Judge<'a> {
    pub(super) update: &'a Update<'a>,
    approvals: OnceCell<Vec<SignedApproval>>,
    verified: RefCell<HashMap<RefName, Result<Rc<Signer>, NotVerified>>>,
    past: RefCell<HashMap<FromTo, Option<Rc<Past>>>>,
}

impl<'a> Judge<'a> {
    /// With nothing read yet.
    pub(in crate::policy) fn new(update: &'a Update<'a>) -> Self {
        Self {
            update,
            approvals: OnceCell::new(),
            verified: RefCell::default(),
            past: RefCell::default(),
        }
    }

    /// What rules lack to let the update through, those of them that ask for approvals.
    ///
    /// # Errors
    /// When something that it takes cannot be read.
    pub(in crate::policy) fn rules(&self, rules: &[&Protect]) -> Result<Vec<Denial>, Unread> {
        let update = self.update;
        let asking: Vec<&&Protect> = rules.iter().filter(|r| r.asks_for_approvals()).collect();
        let (Some(new), false) = (update.new, asking.is_empty()) else {
            return Ok(Vec::new());
        };
        let (_, tip, object) = update.repo.peel(new).map_err(|error| self.unread(error))?;
        if object.kind != Kind::Commit {
            return Ok(vec![Denial {
                check: ask::APPROVALS,
                message: "it will stand for no commit, and nothing else can be approved".to_owned(),
                help: "push a commit, or a tag of one".to_owned(),
                commit: None,
            }]);
        }
        let mut denials = Vec::new();
        for rule in asking {
            let new = rev_list(update.repo, &[tip], &self.known(rule)?);
            let new = new.map_err(|error| self.unread(error))?;
            denials.extend(self.rule(rule, tip, &new)?);
        }
        Ok(denials)
    }

    /// What is not new under a rule, as arguments of `git rev-list`: what the ref has, or if it has
    /// nothing, what others have that the rule stands in front of.
    fn known(&self, rule: &Protect) -> Result<Vec<String>, Unread> {
        let update = self.update;
        match (update.old, update.cx.side) {
            (Some(old), _) => Ok(vec![old.to_string()]),
            (None, Side::Client) => Ok(vec!["--remotes".to_owned()]),
            (None, Side::Server) => {
                let refs = update.repo.refs().map_err(|error| self.unread(error))?;
                let other = |name: &RefName| !update.names.contains(name) && rule.protects(name);
                let others = refs.into_iter().filter(|(name, _)| other(name));
                Ok(others.map(|(_, oid)| oid.to_string()).collect())
            }
        }
    }

    /// What a rule lacks to let `new` come in: all commits that are new under it, children before
    /// parents.
    fn rule(&self, rule: &Protect, tip: Oid, new: &[Walked]) -> Result<Vec<Denial>, Unread> {
        let update = self.update;
        let ground = match (update.act, update.old) {
            (Act::Push, Some(old)) => Ground::At(old),
            (Act::Push | Act::Create | Act::Delete | Act::Force, _) => Ground::WhereItBegins,
        };
        let Some(line) = NewLine::of(ground, tip, new) else {
            return Ok(Vec::new());
        };
        let asks = Asks {
            count: usize::from(rule.approvals()),
            from: rule.approvals_from.as_deref(),
            groups: update.groups,
            pusher: update.cx.pusher,
            persons: update.cx.persons()?,
        };
        let trailers = rule.approvals_by().contains(&ApprovedBy::Trailers);
        if rule.owners.is_none() && !trailers && self.approvals()?.is_empty() {
            // Nothing has to be read to know that it lacks all.
            let first = Unit {
                commit: line.commits[0].oid,
                owned: Vec::new(),
                by: Vec::new(),
            };
            let lacks = decide(&[first], &[], &[], &asks);
            // Advice alone hangs on it.
            let topic = line.topic(self.look()).ok().flatten();
            let what = What::new(line.ground, tip, topic);
            let lacks = lacks.into_iter().map(|lack| self.denial(rule, lack, &what));
            return Ok(lacks.collect());
        }
        let brought = line
            .read(self.look(), new)
            .map_err(|error| self.unread(error))?;
        // What was not looked at in time is undecided, which the loop says.
        let Some(brought) = brought else {
            return Ok(Vec::new());
        };
        let owners = self.owners(rule, &brought)?;
        let mut denials = self.next_owners(rule, &brought, tip)?;
        let unit = |part: &Part| Unit {
            commit: part.commit.oid,
            owned: owners
                .as_ref()
                .map(|owners| owned(owners, part))
                .unwrap_or_default(),
            by: part.authors.iter().cloned().collect(),
        };
        let units: Vec<Unit> = brought.parts.iter().map(unit).collect();
        let (mut voices, unheard) = self.signed(rule, &brought)?;
        if trailers {
            voices.extend(self.trailers(rule, &brought)?);
        }
        if !update.cx.in_time() {
            return Ok(Vec::new());
        }
        let lacks = decide(&units, &voices, &unheard, &asks);
        let unknown = unheard.iter().find(|one| one.known == Known::NotHere);
        match (&lacks[..], unknown) {
            ([], _) => update.cx.rely_upon(relied_upon(&units, &voices, &asks)),
            ([_, ..], Some(one)) => return Err(self.unread(&one.why)),
            ([_, ..], None) => {}
        }
        if !lacks.is_empty() {
            let topic = brought.topic(self.look()).ok().flatten();
            let what = What::new(brought.ground, tip, topic);
            let lacks = lacks.into_iter().map(|lack| self.denial(rule, lack, &what));
            denials.extend(lacks);
        }
        Ok(denials)
    }

    fn denial(&self, rule: &Protect, lack: Lack, what: &What) -> Denial {
        let name = shell_word(self.update.names[0].as_bytes());
        let help = format!(
            "push {} to a branch of its own, have someone who may fetch and look at it, and push the \
             approval that this makes, before the change or with it:\n\
             $ portcullis approve {} --for {name}{}",
            what.pushed,
            what.range,
            self.server_id(rule)
        );
        Denial {
            check: lack.check,
            message: lack.message,
            help,
            commit: Some(lack.commit),
        }
    }

    fn look(&self) -> Look<'_> {
        Look {
            repo: self.update.repo,
            cx: Some(self.update.cx),
        }
    }

    pub(super) fn unread(&self, error: impl std::fmt::Display) -> Unread {
        Unread::new(&self.update.names[0], error)
    }

    /// Signed approvals of what is brought, and those that do not count.
    fn signed(
        &self,
        rule: &Protect,
        brought: &Brought,
    ) -> Result<(Vec<Voice>, Vec<Unheard>), Unread> {
        let (mut voices, mut unheard) = (Vec::new(), Vec::new());
        if !rule.approvals_by().contains(&ApprovedBy::Signed) {
            return Ok((voices, unheard));
        }
        for signed in self.approvals()? {
            if !self.update.cx.in_time() {
                break;
            }
            let covers = brought.covers(self.look(), &signed.approval);
            let Some(covers) = covers.map_err(|error| self.unread(error))? else {
                continue;
            };
            let mut not = |why, known| {
                let covers = covers.clone();
                unheard.push(Unheard { covers, why, known });
            };
            if let Some(why) = self.void(signed, brought, covers.clone())? {
                not(why, Known::Yes);
                continue;
            }
            match self.bound(rule, &signed.approval) {
                Bound::Here => {}
                Bound::Elsewhere(why) => {
                    not(why, Known::Yes);
                    continue;
                }
                Bound::Unknown(why) => {
                    not(why, Known::NotHere);
                    continue;
                }
            }
            match self.voice(rule, signed, brought, covers.clone())? {
                Ok(voice) => voices.push(voice),
                Err(why) => not(why, Known::Yes),
            }
        }
        Ok((voices, unheard))
    }

    /// All approvals for this ref, whosoever they are.
    fn approvals(&self) -> Result<&[SignedApproval], Unread> {
        if let Some(known) = self.approvals.get() {
            return Ok(known);
        }
        let (repo, cx) = (self.update.repo, self.update.cx);
        let refs = match cx.side {
            Side::Server => visible_refs(repo),
            Side::Client => repo.refs(),
        };
        let refs = refs.map_err(|error| self.unread(error))?;
        let there = refs.iter().map(|(name, oid)| (name, *oid));
        let comes = cx.updates.iter().filter(|_| cx.side == Side::Server);
        let comes = comes.filter_map(|update| Some((&update.name, update.change.new_oid()?)));
        let (mut found, mut seen) = (Vec::new(), HashSet::new());
        for (name, oid) in there.chain(comes) {
            if !name.as_bytes().starts_with(APPROVALS.as_bytes()) {
                continue;
            }
            // What is none was refused when it came, or was put there by hand.
            let blob = repo.read_as(Kind::Blob, oid).ok();
            let signed = blob.and_then(|blob| SignedApproval::parse(&blob).ok());
            let Some(signed) = signed.filter(|signed| signed.refname == *name) else {
                continue;
            };
            let here = self.update.names.contains(&signed.approval.refname);
            if here && seen.insert(signed.refname.clone()) {
                found.push(signed);
            }
        }
        Ok(self.approvals.get_or_init(|| found))
    }

    /// Why an approval is none of this update, though it is of the same change: its approver saw
    /// another branch or another history, or the change has come in since, so that it would be a
    /// second time.
    fn void(
        &self,
        signed: &SignedApproval,
        brought: &Brought,
        covers: Range<usize>,
    ) -> Result<Option<String>, Unread> {
        let repo = self.update.repo;
        let sneaks = brought.sneaks(self.look(), covers, &signed.approval);
        if sneaks.map_err(|error| self.unread(error))? {
            let why = "one is of this change, but not of the commits that come along with it";
            return Ok(Some(why.to_owned()));
        }
        let (base, ground) = match (signed.approval.base, brought.ground) {
            (None, None) => return Ok(None),
            (Some(base), Some(ground)) => (base, ground),
            (Some(_), None) | (None, Some(_)) => {
                return Ok(Some("one was given on another state of the ref".to_owned()));
            }
        };
        let there = repo.commit(base).is_ok()
            && is_ancestor(repo, base, ground).map_err(|error| self.unread(error))?;
        if !there {
            let why = "one was given on a commit that the ref does not have";
            return Ok(Some(why.to_owned()));
        }
        let known = self.past.borrow().get(&(base, ground)).cloned();
        let past = match known {
            Some(past) => past,
            None => {
                let past = line(self.look(), base, ground, FURTHEST)
                    .map_err(|error| self.unread(error))?;
                let past = past.map(Rc::new);
                self.past.borrow_mut().insert((base, ground), past.clone());
                past
            }
        };
        let Some(past) = past else {
            return Ok(Some(format!("one is more than {FURTHEST} commits old")));
        };
        let came = past
            .has(self.look(), &signed.approval)
            .map_err(|error| self.unread(error))?;
        Ok(came.then(|| "one was for when this change came in before".to_owned()))
    }

    /// The one who signed; or why it does not count.
    fn voice(
        &self,
        rule: &Protect,
        signed: &SignedApproval,
        brought: &Brought,
        covers: Range<usize>,
    ) -> Result<Result<Voice, String>, Unread> {
        let update = self.update;
        let keys = match (update.cx.keys(), update.cx.side) {
            (Ok(keys), _) => Some(keys),
            (Err(unread), Side::Server) => return Err(unread),
            (Err(_), Side::Client) => None,
        };
        let signer = match self.signer(keys, signed) {
            Ok(signer) => signer,
            Err(NotVerified::NoKeys(_)) if update.cx.side == Side::Client => {
                return Ok(Ok(Voice {
                    names: vec![signed.refname.as_bytes().to_vec()],
                    covers,
                    wrote: Vec::new(),
                    known: Known::NotHere,
                    said: None,
                }));
            }
            Err(error) if error.is_undecided() => return Err(self.unread(error)),
            Err(error) => return Ok(Err(error.to_string())),
        };
        if signer.principals.is_empty() {
            // Patterns name no one, so nobody could tell two of them apart.
            return Ok(Err(format!(
                "the key {} has no name of its own",
                signer.key
            )));
        }
        let persons = update.cx.persons()?;
        if let (false, Pusher::Known(pusher)) = (rule.approvals_by_pusher, update.cx.pusher)
            && signer
                .principals
                .iter()
                .any(|name| persons.same(name, pusher))
        {
            return Ok(Err(format!("{} pushes it", escape(pusher))));
        }
        let mut wrote = Vec::new();
        for at in covers.clone() {
            let by = brought.parts[at].is_by(self.look(), &signer, persons);
            if by.map_err(|error| self.unread(error))? {
                wrote.push(at);
            }
        }
        Ok(Ok(Voice {
            names: signer.principals.clone(),
            covers,
            wrote,
            known: Known::Yes,
            said: Some(Approved {
                refname: update.names[0].clone(),
                by: signer.shown(),
                key: Some(signer.key.clone()),
                approval: Some(signed.refname.clone()),
                commit: signed.approval.tip,
                reason: escape(
                    signed
                        .approval
                        .reason
                        .as_deref()
                        .unwrap_or_default()
                        .as_bytes(),
                ),
            }),
        }))
    }

    fn signer(
        &self,
        keys: Option<&Keys>,
        signed: &SignedApproval,
    ) -> Result<Rc<Signer>, NotVerified> {
        if let Some(known) = self.verified.borrow().get(&signed.refname) {
            return known.clone();
        }
        let verified = match keys {
            Some(keys) => keys.verify(&signed.signed, Namespace::Portcullis, self.update.cx.now),
            None => Err(NotVerified::NoKeys(signed.signed.format.as_str())),
        };
        let verified = verified.map(Rc::new);
        let mut all = self.verified.borrow_mut();
        all.insert(signed.refname.clone(), verified.clone());
        verified
    }

    /// Whom the messages of the commits name as their reviewers.
    fn trailers(&self, rule: &Protect, brought: &Brought) -> Result<Vec<Voice>, Unread> {
        let persons = self.update.cx.persons()?;
        let pushes = |name: &[u8]| match self.update.cx.pusher {
            Pusher::Known(pusher) => persons.same(name, pusher),
            Pusher::Unknown => false,
        };
        let mut voices = Vec::new();
        for (at, part) in brought.parts.iter().enumerate() {
            let message = String::from_utf8_lossy(part.commit.message());
            for person in trailers::values(&message, "Reviewed-by") {
                let Some(name) = address(person.as_bytes()) else {
                    continue;
                };
                if !rule.approvals_by_pusher && pushes(name) {
                    continue;
                }
                let wrote = part.is_by_address(self.look(), name, persons);
                let wrote = wrote.map_err(|error| self.unread(error))?;
                voices.push(Voice {
                    names: vec![name.to_vec()],
                    covers: at..at + 1,
                    wrote: wrote.then_some(at).into_iter().collect(),
                    known: Known::Yes,
                    said: Some(Approved {
                        refname: self.update.names[0].clone(),
                        by: escape(name),
                        key: None,
                        approval: None,
                        commit: part.commit.oid,
                        reason: String::new(),
                    }),
                });
            }
        }
        Ok(voices)
    }
}
