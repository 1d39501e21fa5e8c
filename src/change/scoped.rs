//! Commits that are new under a set of refs, whatever other refs reach them.
//!
//! For the content of a push a commit is new when no ref of the repository reaches it. For a policy
//! that holds for some refs alone that would be wrong: a commit that came in by a ref outside of the
//! policy would then never be judged by it. Here a commit is old when a ref *of the set* reaches it.

use super::reach::Reached;
use super::{Change, RefUpdate, ScopedCommit, Sink, There, Unread};
use crate::git::{Oid, OidSet, RefName, Repo, Walked, rev_list, visible_refs};
use std::collections::HashSet;

/// Shows, for each set of refs, the commits that are new under it.
pub(super) fn visit(
    repo: &Repo,
    updates: &[RefUpdate],
    tips: &[(Oid, &RefName)],
    new: Option<&[Walked]>,
    there: &There,
    sink: &dyn Sink,
) {
    let mut known = None;
    let named: HashSet<&RefName> = updates.iter().map(|update| &update.name).collect();
    if sink.scopes() == 0 {
        return;
    }
    let written: Vec<Vec<RefName>> = tips
        .iter()
        .map(|(_, name)| written(repo, name, there, sink))
        .collect();
    for scope in 0..sink.scopes() {
        let tips: Vec<(Oid, &RefName)> = tips
            .iter()
            .zip(&written)
            .filter(|(_, names)| names.iter().any(|name| sink.in_scope(scope, Some(name))))
            .map(|(tip, _)| *tip)
            .collect();
        if tips.is_empty() {
            continue;
        }
        let in_scope = |name: &RefName| sink.in_scope(scope, Some(name));
        let here = || {
            let moved = updates.iter();
            moved.filter_map(|update| Some((&update.name, update.change.old_oid()?)))
        };
        let new = new.filter(|_| *there == There::Here);
        let mut below = new.map(|new| below(new, &tips)).unwrap_or_default();
        // What is built on old values of the set alone needs no other ref of it.
        take_out(&mut below, here(), &in_scope);
        if let (Some(new), true) = (new, below.is_empty()) {
            show(repo, scope, new, &tips, sink);
            continue;
        }
        let known: &[(RefName, Oid)] = match known.get_or_insert_with(|| refs_there(repo, there)) {
            Ok(Some(known)) => known,
            Ok(None) => return,
            Err(unread) => return sink.unread(unread.clone()),
        };
        let elsewhere = || {
            let others = known.iter().filter(|(name, _)| !named.contains(name));
            others.map(|(name, oid)| (name, *oid))
        };
        take_out(&mut below, elsewhere(), &in_scope);
        if let (Some(new), true) = (new, below.is_empty()) {
            show(repo, scope, new, &tips, sink);
            continue;
        }
        let mut old: Vec<Oid> = elsewhere()
            .chain(here())
            .filter(|(name, oid)| in_scope(name) && repo.has(*oid))
            .map(|(_, oid)| oid)
            .collect();
        old.sort_unstable();
        old.dedup();
        walk(repo, scope, &tips, &old, sink);
    }
}

/// The newest commits behind these tips that are not new to the repository. Where refs of a set have
/// each of them, what is new to the repository is all that is new under the set.
fn below(new: &[Walked], tips: &[(Oid, &RefName)]) -> OidSet {
    let mut reached: OidSet = tips.iter().map(|(tip, _)| *tip).collect();
    for commit in new {
        if reached.remove(&commit.oid) {
            reached.extend(&commit.parents);
        }
    }
    reached
}

/// Takes out what refs of the set stand for.
fn take_out<'a>(
    below: &mut OidSet,
    refs: impl Iterator<Item = (&'a RefName, Oid)>,
    in_scope: &dyn Fn(&RefName) -> bool,
) {
    for (name, oid) in refs {
        if below.contains(&oid) && in_scope(name) {
            below.remove(&oid);
        }
    }
}

/// A push to a symbolic ref writes what it stands for.
fn written(repo: &Repo, name: &RefName, there: &There, sink: &dyn Sink) -> Vec<RefName> {
    let names = match there {
        There::Here => repo.written_by(name),
        There::Remote(_) | There::Unnamed | There::Aside => Ok(vec![name.clone()]),
    };
    names.unwrap_or_else(|error| {
        sink.unread(Unread::new(name, error));
        vec![name.clone()]
    })
}

fn walk(repo: &Repo, scope: usize, tips: &[(Oid, &RefName)], old: &[Oid], sink: &dyn Sink) {
    let exclude: Vec<String> = old.iter().map(Oid::to_string).collect();
    let mut oids: Vec<Oid> = tips.iter().map(|(tip, _)| *tip).collect();
    oids.sort_unstable();
    oids.dedup();
    match rev_list(repo, &oids, &exclude) {
        Ok(walked) => show(repo, scope, &walked, tips, sink),
        Err(error) => {
            for (_, name) in tips {
                sink.unread(Unread::new(name, &error));
            }
        }
    }
}

/// Shows all commits of a walk to every set of refs that holds the ref.
pub(super) fn show_all(
    repo: &Repo,
    walked: &[Walked],
    tips: &[(Oid, &RefName)],
    refname: Option<&RefName>,
    sink: &dyn Sink,
) {
    for scope in 0..sink.scopes() {
        if sink.in_scope(scope, refname) {
            show(repo, scope, walked, tips, sink);
        }
    }
}

fn show(repo: &Repo, scope: usize, walked: &[Walked], tips: &[(Oid, &RefName)], sink: &dyn Sink) {
    let reached = Reached::new(walked, tips);
    for commit in walked.iter().rev() {
        if !sink.go_on() {
            return;
        }
        let info = match repo.commit(commit.oid) {
            Ok(info) => info,
            Err(error) => {
                sink.unread(Unread::new(commit.oid, error));
                continue;
            }
        };
        sink.change(&Change::Scoped(&ScopedCommit {
            scope,
            info: &info,
            refs: reached.reaching(commit.oid).refs(),
        }));
    }
}

/// The refs that are where the push arrives, as far as that is known; none where the commits are
/// shown by another source.
fn refs_there(repo: &Repo, there: &There) -> Result<Option<Vec<(RefName, Oid)>>, Unread> {
    match there {
        There::Here => visible_refs(repo)
            .map(Some)
            .map_err(|error| Unread::new("the refs", error)),
        There::Remote(remote) => {
            let seen = [b"refs/remotes/", &remote[..], b"/"].concat();
            let refs = repo
                .refs()
                .map_err(|error| Unread::new("the refs", error))?;
            let refs = refs.into_iter().filter_map(|(name, oid)| {
                let branch = name.as_bytes().strip_prefix(&seen[..])?;
                let name = RefName::new(&[b"refs/heads/", branch].concat()).ok()?;
                Some((name, oid))
            });
            Ok(Some(refs.collect()))
        }
        There::Unnamed => Ok(Some(Vec::new())),
        There::Aside => Ok(None),
    }
}
