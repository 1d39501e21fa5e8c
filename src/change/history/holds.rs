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
    /// The node of each commit, by its number.
    of: Vec<u32>,
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

    /// What is to be remembered of that, for commits of these numbers in this order.
    pub(super) fn keep(&self, commits: &[u32]) -> Option<Kept> {
        let Some(holdings) = self.holdings.get() else {
            // Nothing was found.
            return Some(Kept::default());
        };
        holdings.known.then(|| Kept {
            nodes: holdings.nodes.clone(),
            of: commits
                .iter()
                .map(|number| holdings.of[*number as usize])
                .collect(),
        })
    }

    /// All paths at which any commit has one of these blobs, sorted.
    #[must_use]
    pub fn paths(&self, repo: &Repo, blobs: &[Oid]) -> Vec<RepoPath> {
        let holdings = self.holdings(repo);
        let all = holdings.paths.get_or_init(|| {
            let order = self.oldest_first().iter();
            let roots = order.map(|number| holdings.of[*number as usize]);
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
        let graph = &history.commits;
        // One that is in a circle has nothing.
        let mut of = vec![EMPTY; graph.len()];
        for number in history.oldest_first().iter().copied() {
            let node = match (&history.kept, &history.trees, graph.tree(number)) {
                (Some(kept), ..) if !graph.is_new(number) => {
                    kept.as_ref().map_or(EMPTY, |kept| kept.of(number as usize))
                }
                (Some(_), ..) if !known => EMPTY,
                (Some(_), ..) => {
                    let parent = graph.parents(number).first();
                    let parent = parent.map(|parent| (graph.oid(*parent), of[*parent as usize]));
                    let node = nodes.of_new(repo, graph.oid(number), parent);
                    known &= node.is_some();
                    node.unwrap_or(EMPTY)
                }
                (None, Some(trees), Some(tree)) => nodes.of_noted(trees, tree),
                (None, ..) => EMPTY,
            };
            of[number as usize] = node;
        }
        Self {
            known,
            nodes,
            of,
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
        let had = |commit: &Oid| Some(had[self.history.commits.number(*commit)? as usize]);
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
        let graph = &self.history.commits;
        let mut had: Vec<Set> = vec![NOTHING; graph.len()];
        for (index, sought) in sought.iter().enumerate() {
            for number in sought.commits.iter().filter_map(|oid| graph.number(*oid)) {
                put(&mut had[number as usize], index);
            }
        }
        // All parents stand before it.
        for number in self.history.oldest_first() {
            let mut set = had[*number as usize];
            add(&mut set, &held[self.holdings.of[*number as usize] as usize]);
            for parent in graph.parents(*number) {
                add(&mut set, &had[*parent as usize]);
            }
            had[*number as usize] = set;
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
            if let Some(number) = self.history.commits.number(tip) {
                add(&mut now, &held[self.holdings.of[number as usize] as usize]);
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
