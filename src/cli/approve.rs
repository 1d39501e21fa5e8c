//! `portcullis approve`: says yes to a change, signed, for a push to carry.

use super::Exit;
use super::args::Approve as Args;
use super::check::{full_name, layers};
use super::confirm::signed_for;
use super::output::{complain, print, remark};
use crate::git::{
    Keys, Kind, Namespace, NotVerified, Oid, RefName, Repo, commit_named, escape, keep, merge_base,
    people, ref_named, sign,
};
use crate::policy::ServerKeys;
use crate::policy::approvals::{APPROVALS, Proposal, Proposed, SignedApproval, is_line};
use std::fmt::Write as _;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

pub(super) fn run(args: &Args) -> Exit {
    let repo = match &args.repo {
        Some(dir) => Repo::at(dir),
        None => Repo::from_env(),
    };
    let repo = match repo {
        Ok(repo) => repo,
        Err(error) => return complain(Exit::Usage, &error),
    };
    let done = match (Asked::of(&repo, args), args.list) {
        (Ok(asked), true) => asked.list(&repo),
        (Ok(asked), false) => asked.approve(&repo, args),
        (Err(why), _) => Err(why),
    };
    match done {
        Ok(text) => print(text.as_bytes()),
        Err(why) => complain(Exit::Usage, &why),
    }
}

/// What is asked about, found in the repository.
struct Asked {
    /// As it was written.
    shown: String,
    refname: RefName,
    /// The remote that the approval goes to.
    remote: String,
    proposed: Proposed,
    /// Where the change begins, for people; nothing where the ref is not known here.
    base: Option<String>,
    /// What may make it another change than the server will see.
    doubts: Vec<String>,
}

impl Asked {
    fn of(repo: &Repo, args: &Args) -> Result<Self, String> {
        if args.rev.contains("...") {
            return Err("a range is written BASE..TOPIC".to_owned());
        }
        let (from, tip) = match args.rev.split_once("..") {
            Some((from, tip)) => (Some(or_head(from)), or_head(tip)),
            None => (None, or_head(&args.rev)),
        };
        // Not that of the topic, which may be a fork with an old copy of the branch.
        let remote = from.and_then(|from| remote_of(repo, from));
        let commit = |text: &str| {
            commit_named(repo, text).ok_or_else(|| {
                format!(
                    "{text} names no commit here; if another clone has it, have it pushed to \
                     a branch, and run git fetch"
                )
            })
        };
        let (tip, from_at) = (commit(tip)?, from.map(commit).transpose()?);
        let refname = match &args.refname {
            Some(name) => full_name(repo, name)?,
            None => usual(repo, from).ok_or("say which ref it may come to: --for REFNAME")?,
        };
        let target = Target::of(repo, &refname, remote.as_deref())?;
        let proposal = Proposal {
            repo,
            refname: refname.clone(),
            target: target.at,
            from: from_at,
            tip,
        };
        let (from, tip) = (proposal.from, proposal.tip);
        let proposed = proposal.look(OffsetDateTime::now_utc());
        let proposed = proposed.map_err(|error| error.to_string())?;
        let begins = |at: Option<Oid>| match at {
            Some(at) => merge_base(repo, at, tip).map_err(|error| error.to_string()),
            None => Ok(None),
        };
        let (said, there) = (begins(from)?, begins(target.at)?);
        let base = match (said, there) {
            (Some(said), _) => Some(format!("{}, where your range begins", said.short())),
            (None, Some(base)) => {
                let place = target.place(&refname);
                Some(format!("{}, where it leaves {place}", base.short()))
            }
            (None, None) => None,
        };
        let mut doubts = target.doubts(&refname);
        if let (Some(said), Some(there)) = (said, there)
            && said != there
        {
            doubts.push(format!(
                "{} has it up to {} only: the server will ask approval for all since then, and your \
                 range begins at {}",
                target.place(&refname),
                there.short(),
                said.short()
            ));
        }
        Ok(Self {
            shown: escape(args.rev.as_bytes()),
            refname,
            remote: target.remote.unwrap_or_else(|| "origin".to_owned()),
            proposed,
            base,
            doubts,
        })
    }

    fn approve(self, repo: &Repo, args: &Args) -> Result<String, String> {
        let mut approval = self.proposed.approval;
        approval.reason.clone_from(&args.reason);
        approval.repository = signed_for(repo, args.server_id.as_deref())?;
        for (what, line) in [
            ("a reason", &approval.reason),
            ("the id of a server", &approval.repository),
        ] {
            if line.as_deref().is_some_and(|line| !is_line(line)) {
                return Err(format!(
                    "{what} is one line of at most 1000 bytes, without odd ones"
                ));
            }
        }
        let text = approval.text();
        let signature = sign(repo, &text, Namespace::Portcullis).map_err(|e| e.to_string())?;
        let blob = [text, signature].concat();
        let signed = SignedApproval::parse(&blob).map_err(|error| error.to_string())?;
        keep(repo, &blob, &signed.refname).map_err(|error| error.to_string())?;
        if let Ok((_, me)) = people(repo)
            && self.proposed.people.iter().any(|who| is_of(&me, who))
        {
            remark(&["you had a hand in it, so your approval will not count"]);
        }
        remark(&self.doubts);
        let mut said = String::new();
        let what = match self.base {
            Some(_) => String::new(),
            None => format!(
                ", all that is in it, since {} is not known here",
                self.refname
            ),
        };
        let _ = writeln!(
            said,
            "approved   {} at {} for {}: {}, {}{what}",
            self.shown,
            approval.tip.short(),
            self.refname,
            counted(self.proposed.commits, "commit"),
            counted(self.proposed.paths.len(), "path"),
        );
        if let Some(base) = self.base {
            let _ = writeln!(said, "base       {base}");
        }
        if let Some(id) = &approval.repository {
            let _ = writeln!(
                said,
                "server id  {id}, so it counts in that repository alone"
            );
        }
        let _ = writeln!(
            said,
            "push it    git push {} {}",
            self.remote, signed.refname
        );
        Ok(said)
    }

    /// The approvals of the same change that are in this repository.
    fn list(self, repo: &Repo) -> Result<String, String> {
        let settings = super::hook::load(&layers(None, repo)).map_err(|error| error.to_string())?;
        let keys = ServerKeys::new(&settings.identity);
        let keys = keys.get(Some(repo)).ok();
        let wanted = &self.proposed.approval;
        let mut lines = Vec::new();
        for (name, oid) in repo.refs().map_err(|error| error.to_string())? {
            if !name.as_bytes().starts_with(APPROVALS.as_bytes()) {
                continue;
            }
            let blob = repo.read_as(Kind::Blob, oid).ok();
            let Some(signed) = blob.and_then(|blob| SignedApproval::parse(&blob).ok()) else {
                continue;
            };
            let here = signed.approval.refname == self.refname && signed.refname == name;
            if here && signed.approval.change == wanted.change {
                lines.push(line(&signed, keys));
            }
        }
        lines.sort();
        if lines.is_empty() {
            return Ok(format!(
                "no approval of {} for {} is here; get those of the server with\n\
                 git fetch {} '{APPROVALS}*:{APPROVALS}*'\n",
                self.shown, self.refname, self.remote
            ));
        }
        Ok(lines.concat())
    }
}

/// `2026-11-23T18:52:04Z  alice, alice@example.com, key SHA256:...  looks right`
fn line(signed: &SignedApproval, keys: Option<&Keys>) -> String {
    let now = OffsetDateTime::now_utc();
    let verified = keys.map(|keys| keys.verify(&signed.signed, Namespace::Portcullis, now));
    let who = match verified {
        // As the server has it: patterns name no one.
        Some(Ok(signer)) if signer.principals.is_empty() => {
            format!("not counted: the key {} has no name of its own", signer.key)
        }
        Some(Ok(signer)) => format!("{}, key {}", signer.shown(), signer.key),
        // Most clones know nobody's key; that is no fault of the approval.
        Some(Err(NotVerified::NoKeys(format))) => {
            format!(
                "not verified: no identity here has {format} keys; those of the server count, and \
                 here identity.allowed_signers or identity.gpg_home says whose it is"
            )
        }
        Some(Err(why)) => format!("not counted: {why}"),
        None => "not counted: the keys of [identity] cannot be read here".to_owned(),
    };
    let date = signed.approval.date.format(&Rfc3339).unwrap_or_default();
    let reason = signed.approval.reason.as_deref().unwrap_or_default();
    let only = signed.approval.repository.as_deref();
    let only = only.map_or_else(String::new, |id| format!(", for {id} alone"));
    format!("{date}  {who}{only}  {reason}")
        .trim_end()
        .to_owned()
        + "\n"
}

fn or_head(text: &str) -> &str {
    if text.is_empty() { "HEAD" } else { text }
}

fn counted(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

/// Whether `Name <address>` has this address.
fn is_of(person: &[u8], address: &[u8]) -> bool {
    let inside = memchr::memchr(b'<', person).map_or(person, |at| &person[at + 1..]);
    let inside = inside.strip_suffix(b">").unwrap_or(inside);
    inside.eq_ignore_ascii_case(address)
}

/// The branch that a change is for if nobody says: the one that its range begins at, else the one
/// that the remote has as its own.
fn usual(repo: &Repo, from: Option<&str>) -> Option<RefName> {
    let name = match from {
        Some(from) => ref_named(repo, from)?,
        None => ref_named(repo, "refs/remotes/origin/HEAD")?,
    };
    let branch = name.as_bytes().strip_prefix(b"refs/remotes/");
    match branch {
        None => Some(name),
        Some(rest) => {
            let slash = memchr::memchr(b'/', rest)?;
            RefName::new(&[b"refs/heads/", &rest[slash + 1..]].concat()).ok()
        }
    }
}

/// The remote whose branch this names.
fn remote_of(repo: &Repo, revision: &str) -> Option<Vec<u8>> {
    let name = ref_named(repo, revision)?;
    let rest = name.as_bytes().strip_prefix(b"refs/remotes/")?;
    let slash = memchr::memchr(b'/', rest)?;
    Some(rest[..slash].to_vec())
}

/// What a ref has, as far as this clone knows.
struct Target {
    /// The remote on which it was last seen.
    remote: Option<String>,
    /// Where it was then; else where it is here.
    at: Option<Oid>,
    /// Where it is here.
    here: Option<Oid>,
}

impl Target {
    /// Of several remotes that have it the `preferred` one counts, else `origin`.
    fn of(repo: &Repo, name: &RefName, preferred: Option<&[u8]>) -> Result<Self, String> {
        let refs = repo.refs().map_err(|error| error.to_string())?;
        let here = refs.iter().find(|(known, _)| known == name);
        let here = here.and_then(|(_, oid)| commit_of(repo, *oid));
        if let Some(branch) = name.as_bytes().strip_prefix(b"refs/heads/") {
            let tail = [b"/", branch].concat();
            let seen = refs.iter().filter_map(|(known, oid)| {
                let rest = known.as_bytes().strip_prefix(b"refs/remotes/")?;
                let remote = rest.strip_suffix(&tail[..])?;
                // A branch `x/main` of a remote ends in the same way.
                let one = !remote.is_empty() && !remote.contains(&b'/');
                one.then(|| (escape(remote), *oid))
            });
            let seen: Vec<(String, Oid)> = seen.collect();
            let called = |name: &str| seen.iter().find(|(remote, _)| remote == name);
            let chosen = preferred.and_then(|name| called(&escape(name)));
            match (chosen.or_else(|| called("origin")), &seen[..]) {
                (Some((remote, oid)), _) | (None, [(remote, oid)]) => {
                    return Ok(Self {
                        remote: Some(remote.clone()),
                        at: commit_of(repo, *oid),
                        here,
                    });
                }
                (None, []) => {}
                (None, [_, _, ..]) => {
                    let why =
                        "several remotes have it: begin the range at one, REMOTE/BRANCH..TOPIC";
                    return Err(format!("{name}: {why}"));
                }
            }
        }
        let (remote, at) = (None, here);
        Ok(Self { remote, at, here })
    }

    /// Whose state of the ref counts here, for people.
    fn place(&self, name: &RefName) -> String {
        match &self.remote {
            Some(remote) => format!("{name} of {remote}, as last fetched"),
            None => format!("{name} of this clone, as no remote was seen to have it"),
        }
    }

    /// The ref is not here what it was last seen to be elsewhere.
    fn doubts(&self, name: &RefName) -> Vec<String> {
        match (&self.remote, self.at, self.here) {
            (Some(remote), Some(at), Some(here)) if at != here => vec![format!(
                "{name} is at {} in this clone and was last seen at {} on {remote}; the latter counts, \
                 and git fetch {remote} brings it up to date",
                here.short(),
                at.short()
            )],
            (_, _, _) => Vec::new(),
        }
    }
}

fn commit_of(repo: &Repo, oid: Oid) -> Option<Oid> {
    commit_named(repo, &oid.to_string())
}
