//! Where things that were found are kept: at which paths, under which refs, at a tip or not, and by
//! what where no ref reaches them.
//!
//! Nothing is read for it but what was noted while the trees went by. Trees that hold the same of what
//! is wanted are one *node*, however much else differs in them, so there are few; each commit has the
//! node of its tree, and has had what its parents have had. That is worked out for [`WIDTH`] things
//! with one pass over the commits. Of remembered commits the nodes are remembered; those of new ones
//! are told from how their trees differ from their parents'.

use super::nodes::{EMPTY, Nodes};
use super::{History, staged_paths};
use crate::git::{Oid, OidMap, RefName, Repo, RepoPath, logged_commits, logged_stashes};
use serde::{Deserialize, Serialize};
use std::cell::OnceCell;
use std::collections::HashMap;
use std::sync::OnceLock;

/// Something whose whereabouts are asked for, by what it stands in.
#[derive(Clone, Debug, Default)]
pub struct Sought {
    /// Blobs that have it.
    pub blobs: Vec<Oid>,
    /// Commits that have it, in their messages or their files.
    pub commits: Vec<Oid>,
}

/// Where something is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Whereabouts {
    /// The refs that reach it, those that people know best first, and no more than were asked for.
    pub refs: Vec<RefName>,
    /// How many refs there are beside those.
    pub more_refs: u64,
    /// Whether a branch, of this repository or as last seen on another, or `HEAD` has it in its files
    /// today; `None` for what is in no file, or where that is not known.
    pub tip: Option<bool>,
    /// What keeps it where no ref but that of the stash does; `None` also where that is not known.
    pub kept_by: Option<KeptBy>,
}

/// What keeps an object that no branch or tag reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum KeptBy {
    /// The stash: the latest entry, or an older one.
    Stash,
    /// The log of a ref.
    Reflog,
    /// It is staged.
    Index,
    /// Nothing: it goes when Git next collects garbage.
    Dangling,
}

/// How many things are looked for at once.
const WIDTH: usize = 64 * WORDS;
const WORDS: usize = 4;

/// A set of so many things.
type Set = [u64; WORDS];
const NOTHING: Set = [0; WORDS];

/// What all commits of a history hold of what is wanted.
#[derive(Debug)]
pub(super) struct Holdings {
    /// Whether that is known.
    known: bool,
    nodes: Nodes,
    /// The commits, parents before children: the node of each, and where its parents stand.
    commits: Vec<(u32, Vec<u32>)>,
    places: OidMap<u32>,
    /// For each wanted blob the paths that it has or had, sorted; worked out when first asked for.
    paths: OnceLock<Vec<Vec<RepoPath>>>,
}

/// The same, as it is remembered.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Kept {
    nodes: Nodes,
    /// The node of each commit; missing ones have nothing.
    of: Vec<u32>,
}

impl Kept {
    /// The node of a commit, by its place among those that are remembered.
    pub(super) fn of(&self, commit: usize) -> u32 {
        let node = self.of.get(commit).copied().unwrap_or(EMPTY);
        if self.nodes.has(node) { node } else { EMPTY }
    }
}

/// What the logs of refs keep.
struct Logs {
    stash: Vec<Oid>,
    all: Vec<Oid>,
}

impl History {
    /// What all commits hold of what was found.
    fn holdings(&self, repo: &Repo) -> &Holdings {
        self.holdings.get_or_init(|| Holdings::of(self, repo))
    }

    /// What is to be remembered of that, for commits in this order.
    pub(super) fn keep(&self, commits: &[Oid]) -> Option<Kept> {
        let Some(holdings) = self.holdings.get() else {
            // Nothing was found.
            return Some(Kept::default());
        };
        let node = |oid| {
            let place = holdings.places.get(oid)?;
            Some(holdings.commits.get(*place as usize)?.0)
        };
        holdings.known.then(|| Kept {
            nodes: holdings.nodes.clone(),
            of: commits
                .iter()
                .map(|oid| node(oid).unwrap_or(EMPTY))
                .collect(),
        })
    }

    /// All paths at which any commit has one of these blobs, sorted.
    #[must_use]
    pub fn paths(&self, repo: &Repo, blobs: &[Oid]) -> Vec<RepoPath> {
        let holdings = self.holdings(repo);
        let all = holdings.paths.get_or_init(|| {
            let roots = holdings.commits.iter().map(|(node, _)| *node);
            holdings.nodes.paths(roots)
        });
        let wanted = blobs.iter().filter_map(|blob| holdings.nodes.wanted(*blob));
        let mut paths: Vec<RepoPath> = wanted
            .flat_map(|blob| &all[blob as usize])
            .cloned()
            .collect();
        paths.sort();
        paths.dedup();
        paths
    }

    /// Where things are, with at most `most` refs for each, in the order asked.
    #[must_use]
    pub fn whereabouts(&self, repo: &Repo, sought: &[Sought], most: usize) -> Vec<Whereabouts> {
        let (logs, staged) = (OnceCell::new(), OnceCell::new());
        let look = Look {
            history: self,
            holdings: self.holdings(repo),
            repo,
            most,
            logs: &logs,
            staged: &staged,
        };
        let parts = sought.chunks(WIDTH);
        parts.flat_map(|sought| look.some(sought)).collect()
    }
}

impl Holdings {
    fn of(history: &History, repo: &Repo) -> Self {
        let mut nodes = match (&history.kept, &history.trees) {
            (Some(kept), _) => kept.clone().unwrap_or_default().nodes,
            (None, Some(trees)) => Nodes::of(trees),
            (None, None) => Nodes::default(),
        };
        let mut known = match &history.kept {
            Some(kept) => kept.is_some(),
            None => history.trees.is_some(),
        };
        nodes.want(&history.found);
        let order = history.oldest_first();
        let places: OidMap<u32> = order.iter().copied().zip(0..).collect();
        let mut commits: Vec<(u32, Vec<u32>)> = Vec::with_capacity(order.len());
        for (oid, commit) in order
            .iter()
            .filter_map(|oid| Some((oid, history.commits.get(oid)?)))
        {
            let parents = commit.parents.iter();
            let parents: Vec<u32> = parents
                .filter_map(|parent| places.get(parent).copied())
                .collect();
            let node = match (commit.held, &history.kept, &history.trees, commit.tree) {
                (Some(held), ..) => held,
                (None, Some(_), ..) if !known => EMPTY,
                (None, Some(_), ..) => {
                    let parent = parents.first().map(|place| *place as usize);
                    let parent = parent.and_then(|at| Some((*order.get(at)?, commits.get(at)?.0)));
                    let node = nodes.of_new(repo, *oid, parent);
                    known &= node.is_some();
                    node.unwrap_or(EMPTY)
                }
                (None, None, Some(trees), Some(tree)) => nodes.of_noted(trees, tree),
                (None, None, ..) => EMPTY,
            };
            commits.push((node, parents));
        }
        Self {
            known,
            nodes,
            commits,
            places,
            paths: OnceLock::new(),
        }
    }
}

/// One look for things.
struct Look<'a> {
    history: &'a History,
    holdings: &'a Holdings,
    repo: &'a Repo,
    most: usize,
    logs: &'a OnceCell<Option<Logs>>,
    staged: &'a OnceCell<OidMap<RepoPath>>,
}

impl Look<'_> {
    /// Where as many things are as go into a set.
    fn some(&self, sought: &[Sought]) -> Vec<Whereabouts> {
        let (repo, most) = (self.repo, self.most);
        let held = self.held(sought);
        let had = self.had(sought, &held);
        let had = |commit: &Oid| Some(had[*self.holdings.places.get(commit)? as usize]);
        let mut found = vec![Whereabouts::default(); sought.len()];
        let (mut firm, mut stashed) = (NOTHING, NOTHING);
        for (name, oid) in &self.history.tips {
            let Some(set) = had(oid) else { continue };
            match name.as_bytes() {
                b"refs/stash" => add(&mut stashed, &set),
                _ => add(&mut firm, &set),
            }
            each(&set, |index| found[index].name(name, most));
        }
        let head = repo.head().ok().flatten();
        let head_has = head.as_ref().and_then(had).unwrap_or(NOTHING);
        add(&mut firm, &head_has);
        // What a ref names without a commit.
        for ((index, sought), found) in sought.iter().enumerate().zip(&mut found) {
            let names = sought.blobs.iter();
            for name in names.filter_map(|blob| self.history.named.get(blob)) {
                if !found.refs.contains(name) {
                    found.name(name, most);
                }
                put(&mut firm, index);
            }
        }
        self.mark_tips(head, sought, &held, &mut found);
        // The logs are read only where no ref reaches something.
        let all = (0..sought.len()).all(|index| has(&firm, index) || has(&stashed, index));
        let logs = match all {
            true => None,
            false => self.logs.get_or_init(|| Logs::of(repo)).as_ref(),
        };
        let in_any = |log: &[Oid]| {
            let mut set = NOTHING;
            let sets = log.iter().filter_map(had);
            sets.for_each(|one| add(&mut set, &one));
            set
        };
        let logs = logs.map(|logs| (in_any(&logs.stash), in_any(&logs.all)));
        for ((index, sought), found) in sought.iter().enumerate().zip(&mut found) {
            let is_staged = || {
                let staged = self.staged.get_or_init(|| staged_paths(repo));
                sought.blobs.iter().any(|blob| staged.contains_key(blob))
            };
            found.kept_by = match logs {
                _ if has(&firm, index) => None,
                _ if has(&stashed, index) => Some(KeptBy::Stash),
                None => None,
                Some((stash, _)) if has(&stash, index) => Some(KeptBy::Stash),
                Some((_, log)) if has(&log, index) => Some(KeptBy::Reflog),
                Some(_) if is_staged() => Some(KeptBy::Index),
                Some(_) => Some(KeptBy::Dangling),
            };
        }
        found
    }

    /// What each node holds.
    fn held(&self, sought: &[Sought]) -> Vec<Set> {
        let nodes = &self.holdings.nodes;
        let mut blobs = vec![NOTHING; nodes.wanted_len()];
        for (index, sought) in sought.iter().enumerate() {
            for blob in sought.blobs.iter().filter_map(|blob| nodes.wanted(*blob)) {
                put(&mut blobs[blob as usize], index);
            }
        }
        let mut sets: Vec<Set> = Vec::new();
        for node in nodes.iter() {
            let mut set = NOTHING;
            for (_, held) in node {
                add(&mut set, held.of(&sets, &blobs));
            }
            sets.push(set);
        }
        sets
    }

    /// What each commit has, or any that it is built on.
    fn had(&self, sought: &[Sought], held: &[Set]) -> Vec<Set> {
        let mut had: Vec<Set> = Vec::with_capacity(self.holdings.commits.len());
        let mut own: HashMap<u32, Set> = HashMap::new();
        for (index, sought) in sought.iter().enumerate() {
            for place in sought
                .commits
                .iter()
                .filter_map(|oid| self.holdings.places.get(oid))
            {
                put(own.entry(*place).or_insert(NOTHING), index);
            }
        }
        for (place, (node, parents)) in (0..).zip(&self.holdings.commits) {
            let mut set = held[*node as usize];
            if let Some(own) = own.get(&place) {
                add(&mut set, own);
            }
            // All parents stand before it, unless they make a circle.
            for parent in parents
                .iter()
                .filter_map(|parent| had.get(*parent as usize))
            {
                add(&mut set, parent);
            }
            had.push(set);
        }
        had
    }

    /// Says of what is in files whether a branch or `HEAD` has it today.
    fn mark_tips(
        &self,
        head: Option<Oid>,
        sought: &[Sought],
        held: &[Set],
        found: &mut [Whereabouts],
    ) {
        if !self.holdings.known {
            return;
        }
        let mut now = NOTHING;
        let is_branch = |name: &RefName| {
            let name = name.as_bytes();
            name.starts_with(b"refs/heads/") || name.starts_with(b"refs/remotes/")
        };
        let tips = self.history.tips.iter();
        let branches = tips.filter(|(name, _)| is_branch(name));
        for tip in branches.map(|(_, oid)| *oid).chain(head) {
            if let Some(place) = self.holdings.places.get(&tip) {
                add(
                    &mut now,
                    &held[self.holdings.commits[*place as usize].0 as usize],
                );
            }
        }
        for ((index, sought), found) in sought.iter().enumerate().zip(found) {
            let wanted = |blob: &Oid| self.holdings.nodes.wanted(*blob).is_some();
            let known = !sought.blobs.is_empty() && sought.blobs.iter().all(wanted);
            found.tip = known.then_some(has(&now, index));
        }
    }
}

impl Whereabouts {
    fn name(&mut self, name: &RefName, most: usize) {
        if self.refs.len() < most {
            self.refs.push(name.clone());
        } else {
            self.more_refs += 1;
        }
    }
}

impl Logs {
    fn of(repo: &Repo) -> Option<Self> {
        Some(Self {
            stash: logged_stashes(repo).ok()?,
            all: logged_commits(repo).ok()?,
        })
    }
}

fn put(set: &mut Set, index: usize) {
    set[index / 64] |= 1 << (index % 64);
}

fn has(set: &Set, index: usize) -> bool {
    set[index / 64] >> (index % 64) & 1 == 1
}

fn add(set: &mut Set, other: &Set) {
    for (word, other) in set.iter_mut().zip(other) {
        *word |= other;
    }
}

fn each(set: &Set, mut tell: impl FnMut(usize)) {
    for (at, word) in set.iter().enumerate() {
        let mut left = *word;
        while left != 0 {
            tell(at * 64 + left.trailing_zeros() as usize);
            left &= left - 1;
        }
    }
}
