//! `signed` and `push_cert`: what comes in is signed by who committed it, and the push by who pushes.
//!
//! A commit counts by its own signature, verified as of the push with the keys of the server: the key
//! must be one that may sign for the committer's address. What others committed may be pushed by
//! anyone who may push; but the last commit, and a tag, must be signed by the pusher, or the push have
//! a certificate of theirs. A tag stands for itself, not for the commits behind it.

use super::super::check::{Cx, Raised, place_by};
use super::super::commits::address;
use super::super::groups::Pusher;
use super::super::identity::BE_KNOWN;
use super::super::protect::{Protect, SignatureLevel};
use super::super::questions::refs as ask;
use super::advice::{LIST, anew, sign_from, sign_tag};
use super::certificate::Proof;
use super::{raise, warning_of};
use crate::change::{By, RefUpdate, ScopedCommit, Unread};
use crate::finding::{CheckId, Place, PlaceKind};
use crate::git::{
    Kind, Namespace, NotVerified, Oid, OidMap, RefName, Repo, Signed, Signer, TagInfo, escape,
    signed_commit, signed_tag,
};
use crate::hook::Side;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is asked of signatures, and what of a push waits to be verified.
pub(super) struct Signatures {
    /// The rules that ask for signed commits: one set of refs each.
    rules: Vec<Protect>,
    state: Mutex<State>,
}

/// Of one push; empty between two.
#[derive(Default)]
struct State {
    /// The commits that refs are to stand for.
    tips: OidMap<Vec<RefName>>,
    waiting: Vec<Waiting>,
    proof: Option<Proof>,
    unread: Vec<Unread>,
    /// On a client: how many commits lack what is asked, the first of them and what it lacks.
    lacking: BTreeMap<RefName, (usize, Oid, String)>,
}

/// A commit whose signature is yet to be verified.
struct Waiting {
    rule: usize,
    oid: Oid,
    committer: Vec<u8>,
    /// The refs that it would be the tip of.
    tip_of: Vec<RefName>,
    signed: Signed,
    place: Place,
    refs: Vec<RefName>,
}

/// So many are verified at once, before more are read.
const BATCH: usize = 512;

impl Signatures {
    pub(super) fn new(rules: &[Protect]) -> Self {
        let asking = rules.iter().filter(|rule| rule.signed.asks());
        Self {
            rules: asking.cloned().collect(),
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn scopes(&self) -> usize {
        self.rules.len()
    }

    pub(super) fn in_scope(&self, scope: usize, name: Option<&RefName>) -> bool {
        let rule = self.rules.get(scope);
        let protects = |name: &RefName| rule.is_some_and(|rule| rule.protects(name));
        name.is_some_and(|name| !name.is_tag() && protects(name))
    }

    /// Looks at an update of a ref that rules match, where it is not only planned.
    pub(super) fn update(
        &self,
        cx: &Cx<'_>,
        repo: &Repo,
        update: &RefUpdate,
        names: &[RefName],
        rules: &[&Protect],
        out: &mut Vec<Raised>,
    ) -> Result<(), Unread> {
        let certified = rules.iter().filter(|rule| rule.push_cert);
        // A client cannot know whether Git is about to make one.
        if let (Side::Server, Some(rule)) = (cx.side, certified.max_by_key(|rule| rule.signed)) {
            out.extend(self.certificate(cx, rule, &update.name)?);
        }
        let asking: Vec<&Protect> = rules.iter().copied().filter(|r| r.signed.asks()).collect();
        let Some(new) = update.change.new_oid().filter(|_| !asking.is_empty()) else {
            return Ok(());
        };
        let unread = |error| Unread::new(&update.name, error);
        if names.iter().any(RefName::is_tag) {
            let object = repo.read(new).map_err(unread)?;
            let tag = match object.kind {
                Kind::Tag => TagInfo::parse(new, object.data).ok(),
                Kind::Blob | Kind::Tree | Kind::Commit => None,
            };
            let denial = match tag {
                Some(tag) => self.tag(cx, &update.name, &tag, &asking)?,
                None => Some(Fault::signed(
                    "the tag is lightweight, and must be signed".to_owned(),
                    &sign_tag(&update.name, new),
                )),
            };
            out.extend(denial.map(|fault| fault.at_ref(cx, &update.name)));
            return Ok(());
        }
        let (_, tip, object) = repo.peel(new).map_err(unread)?;
        match object.kind {
            Kind::Commit => {
                let tips = &mut self.state().tips;
                tips.entry(tip).or_default().extend_from_slice(names);
            }
            Kind::Blob | Kind::Tree | Kind::Tag => {
                let message = "it would stand for no commit, and so for nothing that is signed";
                let fault = Fault::signed(message.to_owned(), "push a commit");
                out.push(fault.at_ref(cx, &update.name));
            }
        }
        Ok(())
    }

    /// Looks at a commit that is new under a rule.
    pub(super) fn commit(
        &self,
        cx: &Cx<'_>,
        commit: &ScopedCommit<'_>,
        rule: usize,
        out: &mut Vec<Raised>,
    ) {
        let Some(asked) = self.rules.get(rule) else {
            return;
        };
        let info = commit.info;
        let signed = signed_commit(&info.raw);
        match cx.side {
            Side::Client => {
                if let Some(lack) = early(signed.as_ref(), asked.signed) {
                    let mut state = self.state();
                    for name in commit.refs.iter().filter(|name| asked.protects(name)) {
                        let entry = state.lacking.entry(name.clone());
                        entry.or_insert((0, info.oid, lack.clone())).0 += 1;
                    }
                }
            }
            Side::Server => {
                let by = By {
                    commit: Some(info),
                    refs: commit.refs,
                };
                let place = place_by(PlaceKind::Commit, by);
                let signed = match signed {
                    Ok(signed) => signed,
                    Err(error) => {
                        let from = if info.parents.is_empty() {
                            "--root".to_owned()
                        } else {
                            format!("{}^", info.oid.short())
                        };
                        // The place says which commit it is.
                        let help = anew(cx, &info.committer, &from);
                        let fault = Fault::signed(error.to_string(), &help);
                        out.push(fault.at(place, commit.refs.to_vec()));
                        return;
                    }
                };
                let mut state = self.state();
                let tip_of = state.tips.get(&info.oid).cloned().unwrap_or_default();
                state.waiting.push(Waiting {
                    rule,
                    oid: info.oid,
                    committer: info.committer.clone(),
                    tip_of: tip_of.into_iter().filter(|n| asked.protects(n)).collect(),
                    signed,
                    place,
                    refs: commit.refs.to_vec(),
                });
                let full = state.waiting.len() >= BATCH;
                drop(state);
                if full {
                    self.verify_waiting(cx, out);
                }
            }
        }
    }

    /// After the last commit: verifies what waits, and forgets the push.
    pub(super) fn finish(&self, cx: &Cx<'_>, out: &mut Vec<Raised>) -> Vec<Unread> {
        self.verify_waiting(cx, out);
        let state = std::mem::take(&mut *self.state());
        for (name, (count, first, lack)) in state.lacking {
            let what = match count {
                1 => format!("commit {}: {lack}", first.short()),
                _ => format!("{count} commits, {} the first: {lack}", first.short()),
            };
            let fault = Fault::signed(what, &sign_from(&format!("{}^", first.short())));
            out.push(fault.at_ref(cx, &name));
        }
        state.unread
    }

    fn verify_waiting(&self, cx: &Cx<'_>, out: &mut Vec<Raised>) {
        let waiting = std::mem::take(&mut self.state().waiting);
        if waiting.is_empty() {
            return;
        }
        let mut unread = Vec::new();
        match verified(cx, &waiting) {
            Ok(told) => {
                for one in &waiting {
                    // What is not there is beyond the deadline, and that is said for all.
                    let Some(told) = told.get(&one.oid) else {
                        continue;
                    };
                    match self.judge(cx, one, told) {
                        Ok(None) => {}
                        Ok(Some(fault)) => {
                            out.push(fault.at(one.place.clone(), one.refs.clone()));
                        }
                        Err(why) => unread.push(why),
                    }
                }
            }
            Err(why) => unread.push(why),
        }
        self.state().unread.append(&mut unread);
    }

    fn judge(
        &self,
        cx: &Cx<'_>,
        commit: &Waiting,
        told: &Result<Signer, NotVerified>,
    ) -> Result<Option<Fault>, Unread> {
        let (short, rule) = (commit.oid.short(), &self.rules[commit.rule]);
        let thing = format!("commit {short}");
        let signer = match told {
            Ok(signer) => signer,
            Err(error) => {
                let anew = anew(cx, &commit.committer, &format!("{short}^"));
                return not_verified("", commit.oid, error, &anew).map(Some);
            }
        };
        let fault = level(&thing, rule.signed, signer)
            .or_else(|| own(&thing, "committer", &commit.committer, signer));
        if fault.is_some() || commit.tip_of.is_empty() {
            return Ok(fault);
        }
        self.by_pusher(cx, &format!("the last {thing}"), rule.signed, signer)
    }

    fn tag(
        &self,
        cx: &Cx<'_>,
        name: &RefName,
        tag: &TagInfo,
        rules: &[&Protect],
    ) -> Result<Option<Fault>, Unread> {
        let signed = signed_tag(&tag.raw);
        let asked = rules.iter().map(|rule| rule.signed).max();
        let asked = asked.unwrap_or(SignatureLevel::None);
        let anew = sign_tag(name, tag.target);
        if cx.side == Side::Client {
            let lack = early(signed.as_ref(), asked);
            return Ok(lack.map(|lack| Fault::signed(format!("the tag: {lack}"), &anew)));
        }
        let signed = match signed {
            Ok(signed) => signed,
            Err(error) => return Ok(Some(Fault::signed(format!("the tag: {error}"), &anew))),
        };
        // Else a signed tag could be pushed again under the name of another one.
        if name.as_bytes().strip_prefix(b"refs/tags/") != Some(&tag.name[..]) {
            let message = format!("the tag was signed as {}", escape(&tag.name));
            let help = "push it under its own name, or sign one of this name";
            return Ok(Some(Fault::signed(message, help)));
        }
        let signer = match cx.keys()?.verify(&signed, Namespace::Git, cx.now) {
            Ok(signer) => signer,
            Err(error) => return not_verified("the tag: ", tag.oid, &error, &anew).map(Some),
        };
        let fault = level("the tag", asked, &signer)
            .or_else(|| own("the tag", "tagger", &tag.tagger, &signer));
        match fault {
            Some(fault) => Ok(Some(fault)),
            None => self.by_pusher(cx, "the tag", asked, &signer),
        }
    }

    /// Whether the pusher signed it, or the push instead.
    fn by_pusher(
        &self,
        cx: &Cx<'_>,
        thing: &str,
        asked: SignatureLevel,
        signer: &Signer,
    ) -> Result<Option<Fault>, Unread> {
        let pusher = match cx.pusher {
            Pusher::Known(name) if signer.is(name) => return Ok(None),
            Pusher::Known(name) => escape(name),
            Pusher::Unknown => "not known to this server".to_owned(),
        };
        match self.proof(cx) {
            Proof::Of(other) => return Ok(level("the push certificate", asked, &other)),
            Proof::Unread(unread) => return Err(unread),
            Proof::Nothing { .. } | Proof::NotYet => {}
        }
        let by = signer.shown();
        let message = format!("{thing} is signed by {by}, who pushes is {pusher}");
        let first = match cx.pusher {
            Pusher::Known(_) => String::new(),
            Pusher::Unknown => format!("{BE_KNOWN}\n"),
        };
        let help = format!(
            "{first}merge it with a signed commit of your own (git merge --no-ff -S), or push with git push \
             --signed; {LIST}"
        );
        Ok(Some(Fault::signer(message, help)))
    }

    /// Whether the push has the certificate that a rule asks for.
    fn certificate(
        &self,
        cx: &Cx<'_>,
        rule: &Protect,
        name: &RefName,
    ) -> Result<Option<Raised>, Unread> {
        let denied =
            |message: String, help: &str| raise(ask::PUSH_CERT, message, help.to_owned(), name);
        match self.proof(cx) {
            Proof::Unread(unread) => Err(unread),
            Proof::Nothing { why, help } => Ok(Some(denied(why, help))),
            Proof::Of(signer) => {
                let lack = rule.signed.lacks(&signer).map(|lack| {
                    denied(
                        format!("the push certificate: {lack}"),
                        "sign it with such a key",
                    )
                });
                Ok(lack)
            }
            Proof::NotYet => {
                let help = "push with git push --signed".to_owned();
                let message = "the push will need a certificate".to_owned();
                Ok(Some(warning_of(raise(ask::PUSH_CERT, message, help, name))))
            }
        }
    }

    fn proof(&self, cx: &Cx<'_>) -> Proof {
        let mut state = self.state();
        state.proof.get_or_insert_with(|| Proof::of(cx)).clone()
    }
}

/// What is wrong with a signature.
struct Fault {
    check: CheckId,
    message: String,
    help: String,
}

impl Fault {
    fn signed(message: String, help: &str) -> Self {
        Self {
            check: ask::SIGNED,
            message,
            help: help.to_owned(),
        }
    }

    fn signer(message: String, help: String) -> Self {
        Self {
            check: ask::SIGNER,
            message,
            help,
        }
    }

    fn at(self, place: Place, refs: Vec<RefName>) -> Raised {
        Raised::denied(self.check, self.message, self.help, place, refs)
    }

    /// On a client it is a word of advice.
    fn at_ref(self, cx: &Cx<'_>, name: &RefName) -> Raised {
        let raised = raise(self.check, self.message, self.help, name);
        match cx.side {
            Side::Server => raised,
            Side::Client => warning_of(raised),
        }
    }
}

/// What it means that a signature does not verify, of a `thing` that the place does not name; nothing is
/// decided where that is not known.
fn not_verified(thing: &str, oid: Oid, error: &NotVerified, anew: &str) -> Result<Fault, Unread> {
    let help = match error {
        NotVerified::Undecided(_) => return Err(Unread::new(oid, error)),
        NotVerified::Unsigned
        | NotVerified::Malformed(_)
        | NotVerified::Purpose(_)
        | NotVerified::Bad => anew,
        NotVerified::UnknownKey(_) | NotVerified::NoKeys(_) | NotVerified::NotForThis(_) => {
            "sign with a key that the server knows, or ask an administrator to add yours to \
             identity.allowed_signers or identity.gpg_home"
        }
        NotVerified::Expired(_) | NotVerified::NotYetValid(_) | NotVerified::Revoked(_) => {
            "sign with a key that is valid now, whatever the date of the commit"
        }
    };
    Ok(Fault::signed(format!("{thing}{error}"), help))
}

fn level(thing: &str, asked: SignatureLevel, signer: &Signer) -> Option<Fault> {
    let lack = asked.lacks(signer)?;
    let help =
        "sign with a key made for that: ssh-keygen -t ed25519-sk (-O verify-required for a PIN)";
    Some(Fault::signed(format!("{thing}: {lack}"), help))
}

/// Whether the key may sign for who made the thing.
fn own(thing: &str, who: &str, person: &[u8], signer: &Signer) -> Option<Fault> {
    if address(person).is_some_and(|mail| signer.has_address(mail)) {
        return None;
    }
    let message = format!(
        "{thing} is signed by {}, its {who} is {}",
        signer.shown(),
        escape(person)
    );
    let help = format!("set user.email to an address that your key is listed with; {LIST}");
    Some(Fault::signer(message, help))
}

/// What can be seen of a signature without keys.
fn early(signed: Result<&Signed, &NotVerified>, asked: SignatureLevel) -> Option<String> {
    match signed {
        Err(error) => Some(error.to_string()),
        Ok(signed) => asked.lacks_format(signed.format).map(str::to_owned),
    }
}

/// What became of each signature; fewer where the time is over. As each costs a program some
/// milliseconds, all cores take part.
fn verified(
    cx: &Cx<'_>,
    waiting: &[Waiting],
) -> Result<OidMap<Result<Signer, NotVerified>>, Unread> {
    let keys = cx.keys()?;
    let mut each: Vec<&Waiting> = waiting.iter().collect();
    // One commit may be new under several rules.
    each.sort_by_key(|one| one.oid);
    each.dedup_by_key(|one| one.oid);
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let work = || {
        let mut told = Vec::new();
        while let Some(one) = each.get(next.fetch_add(1, Ordering::Relaxed)) {
            if !cx.in_time() {
                break;
            }
            told.push((one.oid, keys.verify(&one.signed, Namespace::Git, cx.now)));
        }
        told
    };
    let told = std::thread::scope(|scope| {
        let others: Vec<_> = (1..jobs.min(each.len()))
            .map(|_| scope.spawn(work))
            .collect();
        let mut told = work();
        for other in others {
            told.extend(other.join().unwrap_or_default());
        }
        told
    });
    let told: OidMap<_> = told.into_iter().collect();
    if cx.in_time() && told.len() < each.len() {
        let why = "a thread that verified signatures ended early";
        return Err(Unread::new("the signatures", why));
    }
    Ok(told)
}
