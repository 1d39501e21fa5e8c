//! What an approver is about to sign: the same cut of the same change that the server will make.

use super::approval::{Approval, MOST_STEPS};
use super::brought::{Look, line, people};
use crate::git::{GitError, Oid, ReadError, RefName, Repo, RepoPath, merge_base, rev_list};
use std::collections::BTreeSet;
use time::OffsetDateTime;

/// What is to be approved.
pub struct Proposal<'a> {
    /// The repository.
    pub repo: &'a Repo,
    /// The ref that it may come to.
    pub refname: RefName,
    /// What that ref has, as far as is known here.
    pub target: Option<Oid>,
    /// Where the change begins, if not where `tip` and `target` part.
    pub from: Option<Oid>,
    /// The last commit of the change.
    pub tip: Oid,
}

/// What an approval of it would be.
#[derive(Debug)]
pub struct Proposed {
    /// The approval, for any repository and without a reason.
    pub approval: Approval,
    /// How many commits it is about.
    pub commits: usize,
    /// The paths that it touches.
    pub paths: Vec<RepoPath>,
    /// The addresses of all who wrote or committed one of them.
    pub people: BTreeSet<Vec<u8>>,
}

/// Why there is nothing to approve.
#[derive(Debug, thiserror::Error)]
pub enum NotProposed {
    /// The ref has all of it.
    #[error("there is nothing to approve: {0} has it already")]
    There(RefName),
    /// It has no part of the ref.
    #[error("it has nothing in common with {0}")]
    Apart(RefName),
    /// It is too long.
    #[error(
        "it is a line of more than {MOST_STEPS} commits; merge them with git merge --no-ff and \
         approve the merge"
    )]
    Long,
    /// Git cannot tell.
    #[error(transparent)]
    Git(#[from] GitError),
    /// Something of it cannot be read.
    #[error(transparent)]
    Unread(#[from] ReadError),
}

impl Proposal<'_> {
    /// Looks at it.
    ///
    /// # Errors
    /// When there is nothing to approve, or something of it cannot be read.
    pub fn look(self, date: OffsetDateTime) -> Result<Proposed, NotProposed> {
        let (repo, tip) = (self.repo, self.tip);
        // What the approver has of the branch: that part of it that the change stands on.
        let base = match self.target.or(self.from) {
            Some(target) => match merge_base(repo, target, tip)? {
                Some(base) => Some(base),
                None => return Err(NotProposed::Apart(self.refname)),
            },
            None => None,
        };
        let known = self.from.or(self.target);
        let from = match known {
            Some(known) => merge_base(repo, known, tip)?,
            None => None,
        };
        if base == Some(tip) || from == Some(tip) {
            return Err(NotProposed::There(self.refname));
        }
        let tree = |oid: Oid| repo.commit(oid).map(|commit| commit.tree);
        let look = Look { repo, cx: None };
        let change = look.made(from.map(tree).transpose()?, Some(tree(tip)?))?;
        let mut steps = match known {
            Some(known) => {
                let line = line(look, known, tip, MOST_STEPS)?.ok_or(NotProposed::Long)?;
                line.ids()
            }
            None => Vec::new(),
        };
        if steps == [change.id] {
            steps.clear();
        }
        let known: Vec<String> = known.iter().map(Oid::to_string).collect();
        let commits = rev_list(repo, &[tip], &known)?;
        let mut all = BTreeSet::new();
        for commit in &commits {
            all.extend(people(&repo.commit(commit.oid)?));
        }
        Ok(Proposed {
            approval: Approval {
                repository: None,
                refname: self.refname,
                change: change.id,
                steps,
                base,
                tip,
                date,
                reason: None,
            },
            commits: commits.len(),
            paths: change.paths,
            people: all,
        })
    }
}
