//! What an update brings to a branch, in the parts that have to be approved; and what an approval
//! covers of it.

use super::approval::Approval;
use super::decide::same_person;
use crate::change::{ChangeId, Made, made};
use crate::git::{
    CommitInfo, Oid, OidMap, OidSet, ReadError, Repo, Signer, Walked, merge_base, rev_list_args,
};
use crate::policy::commits::values::address;
use crate::policy::decide::Line;
use std::collections::BTreeSet;
use std::ops::Range;

/// What an update brings.
pub(super) struct Brought {
    /// The commit of the branch that it is brought to; none where there is no such branch.
    pub(super) ground: Option<Oid>,
    /// Its parts, oldest first; never empty.
    pub(super) parts: Vec<Part>,
    way: Way,
}

/// How the parts are cut.
enum Way {
    /// Each commit of the line of first parents is one, since that line begins at the ground.
    Commits,
    /// All of it is one. Its line of first parents begins elsewhere, and changes this, oldest first.
    Whole(Vec<ChangeId>),
}

/// One part.
pub(super) struct Part {
    /// The commit that it ends with.
    pub(super) commit: CommitInfo,
    /// What it changes.
    pub(super) made: Made,
    /// The tree before it.
    before: Option<Oid>,
    /// Who wrote and who committed what is in it, by address.
    authors: BTreeSet<Vec<u8>>,
    /// Who made the merge that it is, if it is one of two parents.
    merger: BTreeSet<Vec<u8>>,
}

/// A step on a line of first parents.
struct Step {
    id: ChangeId,
    before: Option<Oid>,
    after: Oid,
}

impl Brought {
    /// Of an update to `tip` of a branch that has `ground`; `new` are all commits that it brings,
    /// children before parents. None where there are none.
    pub(super) fn of(
        repo: &Repo,
        ground: Ground,
        tip: Oid,
        new: &[Walked],
    ) -> Result<Option<Self>, ReadError> {
        let line = Line::of(Some(tip), new);
        if line.commits.is_empty() {
            return Ok(None);
        }
        let begins = line.end;
        let ground = match ground {
            Ground::At(ground) => Some(ground),
            Ground::WhereItBegins => begins,
        };
        let commits: Vec<&Walked> = line.commits.into_iter().rev().collect();
        let mut parts = Vec::with_capacity(commits.len());
        let known: OidMap<&Walked> = new.iter().map(|commit| (commit.oid, commit)).collect();
        let mut seen = OidSet::default();
        for commit in &commits {
            parts.push(Part::of(repo, commit, &known, &mut seen)?);
        }
        if ground.is_some() && ground == begins {
            return Ok(Some(Self {
                ground,
                parts,
                way: Way::Commits,
            }));
        }
        let way = Way::Whole(parts.iter().map(|part| part.made.id).collect());
        let Some(last) = parts.pop() else {
            return Ok(None);
        };
        let before = ground.map(|ground| repo.commit(ground)).transpose()?;
        let before = before.map(|commit| commit.tree);
        let mut whole = Part {
            made: made(repo, before, Some(last.commit.tree))?,
            before,
            ..last
        };
        for part in parts {
            whole.authors.extend(part.authors);
            whole.authors.extend(part.merger);
        }
        whole.authors.append(&mut whole.merger);
        // What no line of first parents reaches comes along all the same.
        for commit in new.iter().filter(|commit| !seen.contains(&commit.oid)) {
            whole.authors.extend(people(&repo.commit(commit.oid)?));
        }
        Ok(Some(Self {
            ground,
            parts: vec![whole],
            way,
        }))
    }

    /// The parts that an approval covers: one that is the whole change, or all of its commits one
    /// after another. It covers a change once, where that comes first.
    pub(super) fn covers(
        &self,
        repo: &Repo,
        approval: &Approval,
    ) -> Result<Option<Range<usize>>, ReadError> {
        match &self.way {
            Way::Whole(line) => {
                let same = self.parts[0].made.id == approval.change;
                let fits = same && (self.ground.is_none() || approval.line() == line);
                Ok(fits.then_some(0..1))
            }
            Way::Commits => {
                let step = |part: &Part| Step {
                    id: part.made.id,
                    before: part.before,
                    after: part.commit.tree,
                };
                let line: Vec<Step> = self.parts.iter().map(step).collect();
                found(repo, &line, approval)
            }
        }
    }
}

/// What a branch has, before an update.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ground {
    /// This commit.
    At(Oid),
    /// Nothing that would count, so that it is where what is new begins.
    WhereItBegins,
}

impl Part {
    fn of(
        repo: &Repo,
        walked: &Walked,
        new: &OidMap<&Walked>,
        seen: &mut OidSet,
    ) -> Result<Self, ReadError> {
        let commit = repo.commit(walked.oid)?;
        let before = match walked.parents.first() {
            Some(parent) => Some(repo.commit(*parent)?.tree),
            None => None,
        };
        seen.insert(walked.oid);
        let mut authors = BTreeSet::new();
        let mut open = walked.parents.clone();
        while let Some(oid) = open.pop() {
            if let Some(behind) = new.get(&oid)
                && seen.insert(oid)
            {
                authors.extend(people(&repo.commit(oid)?));
                open.extend(&behind.parents);
            }
        }
        let own = people(&commit);
        let merger = if walked.parents.len() == 2 {
            own
        } else {
            authors.extend(own);
            BTreeSet::new()
        };
        Ok(Self {
            made: made(repo, before, Some(commit.tree))?,
            before,
            commit,
            authors,
            merger,
        })
    }

    /// Whether someone had a hand in it. Who made a merge had none, where the merge changes exactly
    /// what the merged side does.
    pub(super) fn is_by(&self, repo: &Repo, signer: &Signer) -> Result<bool, ReadError> {
        self.is_of(repo, &|address| {
            let mut names = signer.principals.iter();
            signer.has_address(address) || names.any(|name| same_person(name, address))
        })
    }

    /// The same of whoever has this address.
    pub(super) fn is_by_address(&self, repo: &Repo, address: &[u8]) -> Result<bool, ReadError> {
        self.is_of(repo, &|other| same_person(address, other))
    }

    fn is_of(&self, repo: &Repo, is: &dyn Fn(&Vec<u8>) -> bool) -> Result<bool, ReadError> {
        if self.authors.iter().any(is) {
            return Ok(true);
        }
        Ok(self.merger.iter().any(is) && !self.is_clean(repo)?)
    }

    fn is_clean(&self, repo: &Repo) -> Result<bool, ReadError> {
        let [into, merged] = self.commit.parents[..] else {
            return Ok(false);
        };
        let base = merge_base(repo, into, merged);
        let base = base.map_err(|error| ReadError::Broken(error.to_string()))?;
        let Some(base) = base else {
            return Ok(false);
        };
        let (base, merged) = (repo.commit(base)?, repo.commit(merged)?);
        Ok(made(repo, Some(base.tree), Some(merged.tree))?.id == self.made.id)
    }
}

/// The addresses of who wrote and who committed; what has no address stands as it is.
pub(super) fn people(commit: &CommitInfo) -> BTreeSet<Vec<u8>> {
    let people = [&commit.author, &commit.committer];
    let address = |person: &Vec<u8>| address(person).unwrap_or(person).to_vec();
    people.into_iter().map(address).collect()
}

/// What the commits on the line of first parents change that `tip` has and `base` does not, oldest
/// first; none of it where they are more than `most`.
pub(super) fn line(
    repo: &Repo,
    base: Oid,
    tip: Oid,
    most: usize,
) -> Result<Option<Past>, ReadError> {
    let args = [
        "--first-parent".to_owned(),
        tip.to_string(),
        format!("^{base}"),
    ];
    let walked = rev_list_args(repo, &args);
    let walked = walked.map_err(|error| ReadError::Broken(error.to_string()))?;
    if walked.len() > most {
        return Ok(None);
    }
    let step = |commit: &Walked| {
        let after = repo.commit(commit.oid)?.tree;
        let before = match commit.parents.first() {
            Some(parent) => Some(repo.commit(*parent)?.tree),
            None => None,
        };
        let id = made(repo, before, Some(after))?.id;
        Ok(Step { id, before, after })
    };
    let steps = walked.iter().rev().map(step);
    steps
        .collect::<Result<_, _>>()
        .map(|steps| Some(Past(steps)))
}

/// A line of first parents.
pub(super) struct Past(Vec<Step>);

impl Past {
    /// Whether a change that was approved is on it.
    pub(super) fn has(&self, repo: &Repo, approval: &Approval) -> Result<bool, ReadError> {
        found(repo, &self.0, approval).map(|found| found.is_some())
    }

    /// What its commits change.
    pub(super) fn ids(&self) -> Vec<ChangeId> {
        self.0.iter().map(|step| step.id).collect()
    }
}

/// Where on a line an approved change stands: as one commit, or as the same commits one after
/// another that come to the same change.
fn found(
    repo: &Repo,
    line: &[Step],
    approval: &Approval,
) -> Result<Option<Range<usize>>, ReadError> {
    if let Some(at) = line.iter().position(|step| step.id == approval.change) {
        return Ok(Some(at..at + 1));
    }
    let wanted = approval.line();
    let runs = line.windows(wanted.len()).enumerate();
    for (at, run) in runs {
        let same = run.iter().zip(wanted).all(|(step, id)| step.id == *id);
        if let ([first, ..], [.., last], true) = (run, run, same)
            && made(repo, first.before, Some(last.after))?.id == approval.change
        {
            return Ok(Some(at..at + run.len()));
        }
    }
    Ok(None)
}
