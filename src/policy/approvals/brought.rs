//! What an update brings to a branch, in the parts that have to be approved; and what an approval
//! covers of it.

use super::approval::Approval;
use crate::change::{ChangeId, Made, made};
use crate::git::{
    CommitInfo, Oid, OidMap, OidSet, ReadError, Repo, Signer, Walked, merge_base, rev_list_args,
};
use crate::policy::Persons;
use crate::policy::check::Cx;
use crate::policy::decide::Line;
use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::ops::Range;

/// A look into a repository, for as long as there is time.
#[derive(Clone, Copy)]
pub(super) struct Look<'a> {
    /// The repository.
    pub(super) repo: &'a Repo,
    /// The circumstances that say when it must be decided; none where nobody waits.
    pub(super) cx: Option<&'a Cx<'a>>,
}

impl Look<'_> {
    pub(super) fn go_on(&self) -> bool {
        self.cx.is_none_or(Cx::in_time)
    }

    pub(super) fn made(&self, old: Option<Oid>, new: Option<Oid>) -> Result<Made, ReadError> {
        made(self.repo, old, new, &|| self.go_on())
    }
}

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
    /// All of it is one, as its line of first parents begins elsewhere.
    Whole,
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
    pub(super) authors: BTreeSet<Vec<u8>>,
    /// Who made the merge that it is, if it is one of two parents.
    merger: BTreeSet<Vec<u8>>,
    clean: OnceCell<bool>,
}

/// A step on a line of first parents.
struct Step {
    id: ChangeId,
    before: Option<Oid>,
    after: Oid,
}

/// The line of first parents that an update brings.
pub(super) struct NewLine<'a> {
    /// See [`Brought::ground`].
    pub(super) ground: Option<Oid>,
    /// Its commits, oldest first; never empty.
    pub(super) commits: Vec<&'a Walked>,
    way: Way,
}

impl<'a> NewLine<'a> {
    /// Of an update to `tip` of a branch that has `ground`; `new` are all commits that it brings,
    /// children before parents. None where there are none.
    pub(super) fn of(ground: Ground, tip: Oid, new: &'a [Walked]) -> Option<Self> {
        let line = Line::of(Some(tip), new);
        let begins = line.end;
        let ground = match ground {
            Ground::At(ground) => Some(ground),
            Ground::WhereItBegins => begins,
        };
        let commits: Vec<&Walked> = line.commits.into_iter().rev().collect();
        let way = if ground.is_some() && ground == begins {
            Way::Commits
        } else {
            Way::Whole
        };
        (!commits.is_empty()).then_some(Self {
            ground,
            commits,
            way,
        })
    }

    /// See [`Brought::topic`].
    pub(super) fn topic(&self, look: Look<'_>) -> Result<Option<Oid>, ReadError> {
        let ([only], Way::Commits) = (&self.commits[..], &self.way) else {
            return Ok(None);
        };
        let commit = look.repo.commit(only.oid)?;
        let [into, merged] = commit.parents[..] else {
            return Ok(None);
        };
        let before = look.repo.commit(into)?.tree;
        let made = look.made(Some(before), Some(commit.tree))?;
        Ok(merges_just(look, &commit, &made)?.then_some(merged))
    }

    /// Reads what it changes; none where there was no time for it.
    pub(super) fn read(self, look: Look<'_>, new: &[Walked]) -> Result<Option<Brought>, ReadError> {
        let parts = match self.way {
            Way::Commits => {
                let known = new.iter().map(|commit| (commit.oid, commit)).collect();
                let mut seen = OidSet::default();
                let mut parts = Vec::with_capacity(self.commits.len());
                for commit in &self.commits {
                    if !look.go_on() {
                        return Ok(None);
                    }
                    parts.push(Part::of(look, commit, &known, &mut seen)?);
                }
                parts
            }
            Way::Whole => vec![Part::whole(look, self.ground, &self.commits, new)?],
        };
        Ok(Some(Brought {
            ground: self.ground,
            parts,
            way: self.way,
        }))
    }
}

impl Brought {
    /// The last commit of the other side, where all that is brought is one merge that changes just
    /// what that side does: others can have that, and need not have the merge.
    pub(super) fn topic(&self, look: Look<'_>) -> Result<Option<Oid>, ReadError> {
        let ([part], Way::Commits) = (&self.parts[..], &self.way) else {
            return Ok(None);
        };
        let clean = part.is_clean(look)?;
        Ok(part.commit.parents.get(1).copied().filter(|_| clean))
    }

    /// The parts that an approval covers: one that is the whole change, or all of its commits one
    /// after another. It covers a change once, where that comes first.
    pub(super) fn covers(
        &self,
        look: Look<'_>,
        approval: &Approval,
    ) -> Result<Option<Range<usize>>, ReadError> {
        match &self.way {
            Way::Whole => Ok((self.parts[0].made.id == approval.change).then_some(0..1)),
            Way::Commits => {
                let step = |part: &Part| Step {
                    id: part.made.id,
                    before: part.before,
                    after: part.commit.tree,
                };
                let line: Vec<Step> = self.parts.iter().map(step).collect();
                found(look, &line, approval)
            }
        }
    }

    /// Whether these parts bring a history that the approver need not have seen, though they change
    /// what was approved: a merge whose other side is another one. It is fine if it was this very
    /// commit that was looked at.
    pub(super) fn sneaks(
        &self,
        look: Look<'_>,
        parts: Range<usize>,
        approval: &Approval,
    ) -> Result<bool, ReadError> {
        let parts = &self.parts[parts];
        if parts
            .last()
            .is_some_and(|last| last.commit.oid == approval.tip)
        {
            return Ok(false);
        }
        if matches!(self.way, Way::Whole) {
            return Ok(true);
        }
        for part in parts {
            if part.commit.parents.len() > 1 && !part.is_clean(look)? {
                return Ok(true);
            }
        }
        Ok(false)
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
        look: Look<'_>,
        walked: &Walked,
        new: &OidMap<&Walked>,
        seen: &mut OidSet,
    ) -> Result<Self, ReadError> {
        let commit = look.repo.commit(walked.oid)?;
        let before = match walked.parents.first() {
            Some(parent) => Some(look.repo.commit(*parent)?.tree),
            None => None,
        };
        seen.insert(walked.oid);
        let mut authors = BTreeSet::new();
        let mut open = walked.parents.clone();
        while let Some(oid) = open.pop() {
            if let Some(behind) = new.get(&oid)
                && seen.insert(oid)
            {
                authors.extend(people(&look.repo.commit(oid)?));
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
            made: look.made(before, Some(commit.tree))?,
            before,
            commit,
            authors,
            merger,
            clean: OnceCell::new(),
        })
    }

    /// All that is new, as one.
    fn whole(
        look: Look<'_>,
        ground: Option<Oid>,
        line: &[&Walked],
        new: &[Walked],
    ) -> Result<Self, ReadError> {
        let tip = line.last().ok_or(ReadError::Missing)?;
        let commit = look.repo.commit(tip.oid)?;
        let before = ground.map(|ground| look.repo.commit(ground)).transpose()?;
        let before = before.map(|ground| ground.tree);
        let mut authors = BTreeSet::new();
        for commit in new {
            authors.extend(people(&look.repo.commit(commit.oid)?));
        }
        Ok(Self {
            made: look.made(before, Some(commit.tree))?,
            before,
            commit,
            authors,
            merger: BTreeSet::new(),
            clean: OnceCell::new(),
        })
    }

    /// Whether someone had a hand in it. Who made a merge had none, where the merge changes exactly
    /// what the merged side does.
    pub(super) fn is_by(
        &self,
        look: Look<'_>,
        signer: &Signer,
        persons: &Persons,
    ) -> Result<bool, ReadError> {
        self.is_of(look, &|address| {
            let mut names = signer.principals.iter();
            signer.has_address(address) || names.any(|name| persons.same(name, address))
        })
    }

    /// The same of whoever has this address.
    pub(super) fn is_by_address(
        &self,
        look: Look<'_>,
        address: &[u8],
        persons: &Persons,
    ) -> Result<bool, ReadError> {
        self.is_of(look, &|other| persons.same(address, other))
    }

    fn is_of(&self, look: Look<'_>, is: &dyn Fn(&Vec<u8>) -> bool) -> Result<bool, ReadError> {
        if self.authors.iter().any(is) {
            return Ok(true);
        }
        Ok(self.merger.iter().any(is) && !self.is_clean(look)?)
    }

    /// Whether it is a merge of two that changes exactly what its other side does since they parted.
    fn is_clean(&self, look: Look<'_>) -> Result<bool, ReadError> {
        if let Some(known) = self.clean.get() {
            return Ok(*known);
        }
        let clean = merges_just(look, &self.commit, &self.made)?;
        Ok(*self.clean.get_or_init(|| clean))
    }
}

/// Whether a commit that changes so much is a merge of two, and that is exactly what its other side
/// changes since they parted.
fn merges_just(look: Look<'_>, commit: &CommitInfo, made: &Made) -> Result<bool, ReadError> {
    let [into, merged] = commit.parents[..] else {
        return Ok(false);
    };
    let base = merge_base(look.repo, into, merged);
    let Some(base) = base.map_err(|error| ReadError::Broken(error.to_string()))? else {
        return Ok(false);
    };
    let (base, merged) = (look.repo.commit(base)?, look.repo.commit(merged)?);
    Ok(look.made(Some(base.tree), Some(merged.tree))?.id == made.id)
}

/// The addresses of who wrote and who committed: all that stand there, as one commit may name several.
/// What has no address stands as it is.
pub(super) fn people(commit: &CommitInfo) -> BTreeSet<Vec<u8>> {
    let mut people = BTreeSet::new();
    for person in [&commit.author, &commit.committer] {
        let inside = |part: &[u8]| {
            let end = part.iter().position(|byte| matches!(byte, b'<' | b'>'));
            part[..end.unwrap_or(part.len())].trim_ascii().to_vec()
        };
        let parts = person.split(|byte| *byte == b'<').skip(1).map(inside);
        let before = people.len();
        people.extend(parts.filter(|part| !part.is_empty()));
        if people.len() == before {
            people.insert(person.clone());
        }
    }
    people
}

/// What the commits on the line of first parents change that `tip` has and `base` does not, oldest
/// first; none of it where they are more than `most`.
pub(super) fn line(
    look: Look<'_>,
    base: Oid,
    tip: Oid,
    most: usize,
) -> Result<Option<Past>, ReadError> {
    let args = [
        "--first-parent".to_owned(),
        tip.to_string(),
        format!("^{base}"),
    ];
    let walked = rev_list_args(look.repo, &args);
    let walked = walked.map_err(|error| ReadError::Broken(error.to_string()))?;
    if walked.len() > most {
        return Ok(None);
    }
    let step = |commit: &Walked| {
        let after = look.repo.commit(commit.oid)?.tree;
        let before = match commit.parents.first() {
            Some(parent) => Some(look.repo.commit(*parent)?.tree),
            None => None,
        };
        let id = look.made(before, Some(after))?.id;
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
    pub(super) fn has(&self, look: Look<'_>, approval: &Approval) -> Result<bool, ReadError> {
        found(look, &self.0, approval).map(|found| found.is_some())
    }

    /// What its commits change.
    pub(super) fn ids(&self) -> Vec<ChangeId> {
        self.0.iter().map(|step| step.id).collect()
    }
}

/// Where on a line an approved change stands: as one commit, or as the same commits one after
/// another that come to the same change.
fn found(
    look: Look<'_>,
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
            && look.made(first.before, Some(last.after))?.id == approval.change
        {
            return Ok(Some(at..at + run.len()));
        }
    }
    Ok(None)
}
