//! Every object of a repository, each once: all refs, notes, stashes, reflogs and what dangles.
//!
//! Where a finding came from is asked afterwards, and only then paid for.

mod common;
mod graph;
mod holds;
mod memory;
mod nodes;
mod noting;
mod objects;
mod trees;

use graph::{Graph, Reached};
use holds::{Holdings, Kept};
pub use holds::{KeptBy, Sought, Whereabouts};
pub use memory::{Circumstances, Examined, Find};
pub(super) use objects::visit;

use super::Unread;
use crate::git::{
    CommitInfo, Index, Kind, Mode, Oid, OidMap, OidSet, Origin, RefName, Repo, RepoPath, Stock,
    Wanted, first_commits, tree_entries,
};
use memory::Placed;
use std::sync::OnceLock;
use trees::Trees;

/// What a walk over all objects has learnt.
#[derive(Debug, Default)]
pub struct History {
    commits: Graph,
    /// Tags and what they point at.
    tags: OidMap<Oid>,
    /// All refs with the commit, tree or blob that they stand for.
    tips: Vec<(RefName, Oid)>,
    /// For each commit the place in `tips` of the first ref that reaches it.
    reached: Vec<Reached>,
    /// Trees and blobs that a ref reaches without a commit, with that ref.
    named: OidMap<RefName>,
    /// Which tree holds which, where that was noted.
    trees: Option<Trees>,
    /// See [`History::oldest_first`].
    order: OnceLock<Vec<u32>>,
    counts: Counts,
    /// Where the repository is cut off.
    shallow: Vec<Oid>,
    /// All that is stored, where that is known.
    stock: Option<Stock>,
    /// Whether any of it was not remembered.
    is_new: bool,
    /// Where remembered blobs came in.
    placed: OidMap<Vec<Find>>,
    /// How much was looked at before, and not again.
    before: Examined,
    /// The blobs in which something was found.
    found: Vec<Oid>,
    /// What remembered commits hold; the inner `None` where that is not known.
    kept: Option<Option<Kept>>,
    /// See [`History::holdings`].
    holdings: OnceLock<Holdings>,
}

/// How many objects there are beside blobs and commits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Trees.
    pub trees: u64,
    /// Annotated tags.
    pub tags: u64,
}

/// A commit, as it goes by.
#[derive(Debug)]
struct Node {
    parents: Vec<Oid>,
    /// The number of its tree, where objects have numbers.
    tree: Option<u32>,
    /// Its tree, where objects have none at first.
    root: Option<Oid>,
    time: i64,
}

/// A blob whose origin is asked for.
pub type Blob<'a> = Wanted<'a>;

/// Where a blob came in.
#[derive(Debug, Default)]
pub struct Located {
    /// The commit that brought it in: the oldest that a ref reaches, else the oldest.
    pub commit: Option<CommitInfo>,
    /// The path it had there.
    pub path: Option<RepoPath>,
    /// Whether a ref reaches it.
    pub reachable: bool,
    /// A ref that reaches it.
    pub refname: Option<RefName>,
}

impl History {
    fn peeled(&self, oid: Oid) -> Oid {
        let mut at = oid;
        while let Some(target) = self.tags.get(&at) {
            at = *target;
        }
        at
    }

    fn reach(&mut self, repo: &Repo) {
        self.reached = vec![Reached::Not; self.commits.len()];
        let branch = repo.head_branch();
        self.tips
            .sort_by_cached_key(|(name, _)| (rank(name, branch.as_ref()), name.clone()));
        for (index, (name, oid)) in self.tips.iter().enumerate() {
            match self.commits.number(*oid) {
                Some(tip) => {
                    let by = Reached::By(index as u32);
                    self.commits.reach(&mut self.reached, tip, by);
                }
                None => name_all(repo, *oid, name, &mut self.named),
            }
        }
        // A detached HEAD reaches what it stands on.
        if let Ok(Some(head)) = repo.head()
            && let Some(head) = self.commits.number(head)
        {
            let by = Reached::ByHead;
            self.commits.reach(&mut self.reached, head, by);
        }
    }

    /// How much was looked at by an earlier look, and not once more.
    #[must_use]
    pub fn examined_before(&self) -> Examined {
        self.before
    }

    /// How many refs there are.
    #[must_use]
    pub fn refs(&self) -> u64 {
        self.tips.len() as u64
    }

    /// How many objects of other kinds there are.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts {
            tags: self.tags.len() as u64,
            ..self.counts
        }
    }

    /// Whether a ref reaches this commit.
    #[must_use]
    pub fn reaches(&self, commit: Oid) -> bool {
        self.reached_by(commit) != Reached::Not
    }

    fn reached_by(&self, commit: Oid) -> Reached {
        let number = self.commits.number(commit);
        let reached = number.and_then(|number| self.reached.get(number as usize));
        reached.copied().unwrap_or(Reached::Not)
    }

    /// The ref that reaches this commit; of several the checked-out branch, else a branch, else a
    /// tag.
    #[must_use]
    pub fn ref_of(&self, commit: Oid) -> Option<RefName> {
        match self.reached_by(commit) {
            Reached::By(tip) => self.tips.get(tip as usize).map(|(name, _)| name.clone()),
            Reached::ByHead | Reached::Not => None,
        }
    }

    /// The refs that name each tag, through other tags or at once.
    #[must_use]
    pub fn refs_of_tags(&self, repo: &Repo) -> OidMap<Vec<RefName>> {
        let mut named: OidMap<Vec<RefName>> = OidMap::default();
        for (name, oid) in repo.refs().unwrap_or_default() {
            let mut at = oid;
            while let Some(target) = self.tags.get(&at) {
                named.entry(at).or_default().push(name.clone());
                at = *target;
            }
        }
        named
    }

    /// Where each blob came in, in the order asked.
    ///
    /// # Errors
    /// A line that says why Git could not compare the commits.
    pub fn locate(&self, repo: &Repo, blobs: &[Blob<'_>]) -> Result<Vec<Located>, Unread> {
        if blobs.is_empty() {
            return Ok(Vec::new());
        }
        let staged = staged_paths(repo);
        let mut found: Vec<Option<Origin>> = blobs.iter().map(|_| None).collect();
        let (mut unknown, mut among_new, mut lost) = (Vec::new(), Vec::new(), Vec::new());
        for (index, blob) in blobs.iter().enumerate() {
            match self.placed(blob) {
                None => unknown.push(index),
                Some(Placed::At(origin)) => found[index] = Some(origin),
                Some(Placed::OrNew) => among_new.push(index),
                Some(Placed::Lost) => lost.push(index),
            }
        }
        let all = || self.oldest_first().iter().copied();
        let oid = |number: u32| self.commits.oid(number);
        let some = |open: &[usize]| -> Vec<Blob<'_>> {
            let blobs = open.iter().map(|index| &blobs[*index]);
            blobs
                .map(|Blob { oid, at }| Blob { oid: *oid, at: *at })
                .collect()
        };
        let asked = |commits: &[Oid], open: &[usize]| {
            if open.is_empty() || commits.is_empty() {
                return Ok(Vec::new());
            }
            first_commits(repo, commits, &some(open))
                .map_err(|error| Unread::new("the commits that findings came from", error))
        };
        let mut fill = |open: Vec<usize>, origins: Vec<Option<Origin>>| {
            for (index, origin) in open.into_iter().zip(origins) {
                found[index] = origin;
            }
        };
        if !unknown.is_empty() {
            let mut open: Vec<usize> = (0..unknown.len()).collect();
            // What is new is in none of the remembered commits.
            let commits = || all().filter(|number| self.commits.is_new(*number));
            if let Some(trees) = &self.trees {
                let tree = |number| Some((oid(number), self.commits.tree(number)?));
                let origins;
                (origins, open) = trees.origins(commits().filter_map(tree), &some(&unknown));
                fill(unknown.clone(), origins);
            }
            let open: Vec<usize> = open.into_iter().map(|index| unknown[index]).collect();
            let origins = asked(&commits().map(oid).collect::<Vec<_>>(), &open)?;
            fill(open, origins);
        }
        if !among_new.is_empty() {
            let finds = among_new
                .iter()
                .filter_map(|index| self.placed.get(&blobs[*index].oid));
            let before: OidSet = finds.flatten().filter_map(|find| find.commit).collect();
            let counts = |number: &u32| {
                self.commits.is_new(*number) || before.contains(&self.commits.oid(*number))
            };
            let commits: Vec<Oid> = all().filter(counts).map(oid).collect();
            let origins = asked(&commits, &among_new)?;
            fill(among_new, origins);
        }
        if !lost.is_empty() {
            let origins = asked(&all().map(oid).collect::<Vec<_>>(), &lost)?;
            fill(lost, origins);
        }
        Ok(found
            .into_iter()
            .zip(blobs)
            .map(|(origin, blob)| match origin {
                Some(origin) => Located {
                    reachable: self.reaches(origin.commit),
                    commit: repo.commit(origin.commit).ok(),
                    path: Some(origin.path),
                    refname: self.ref_of(origin.commit),
                },
                None => Located {
                    path: staged
                        .get(&blob.oid)
                        .filter(|path| (blob.at)(path))
                        .cloned(),
                    reachable: self.named.contains_key(&blob.oid),
                    refname: self.named.get(&blob.oid).cloned(),
                    ..Located::default()
                },
            })
            .collect())
    }

    /// Commits that refs reach before others, parents before children, older ones first.
    fn oldest_first(&self) -> &[u32] {
        self.order
            .get_or_init(|| self.commits.oldest_first(&self.reached))
    }
}

/// What is staged and in no commit has a path all the same.
fn staged_paths(repo: &Repo) -> OidMap<RepoPath> {
    let index = repo.work_tree().and_then(|_| Index::read(repo).ok());
    index
        .iter()
        .flat_map(Index::entries)
        .map(|entry| (entry.oid, RepoPath::new(entry.path)))
        .collect()
}

/// Which refs are named first.
fn rank(name: &RefName, branch: Option<&RefName>) -> u8 {
    match name.as_bytes() {
        _ if Some(name) == branch => 0,
        bytes if bytes.starts_with(b"refs/heads/") => 1,
        bytes if bytes.starts_with(b"refs/tags/") => 2,
        bytes if bytes.starts_with(b"refs/remotes/") => 3,
        _ => 4,
    }
}

/// Notes the ref for a tree or blob and all that is below it.
fn name_all(repo: &Repo, oid: Oid, name: &RefName, named: &mut OidMap<RefName>) {
    let mut open = vec![oid];
    while let Some(oid) = open.pop() {
        if named.contains_key(&oid) {
            continue;
        }
        named.insert(oid, name.clone());
        let Ok(object) = repo.read(oid) else { continue };
        if object.kind == Kind::Tree {
            let entries = tree_entries(&object.data, oid.as_raw().len());
            open.extend(
                entries
                    .flatten()
                    .filter(|entry| entry.mode != Mode::Gitlink)
                    .map(|entry| entry.oid),
            );
        }
    }
}
