//! Where things that were found are kept: at which paths, under which refs, at a tip or not, and by
//! what where no ref reaches them.
//!
//! Nothing is read for it but what was noted while the trees went by. Trees that hold the same of what
//! is wanted are one *node*, however much else differs in them, so there are few; each commit has the
//! node of its tree, and has had what its parents have had. That is worked out for [`WIDTH`] things
//! with one pass over the commits.

use super::trees::{Held, Trees};
use super::{History, staged_paths};
use crate::git::{Oid, OidMap, RefName, Repo, RepoPath, logged_commits, logged_stashes};
use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
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

/// The node of a tree that holds nothing that is wanted.
const EMPTY: u32 = 0;
const UNSEEN: u32 = u32::MAX;

/// Nodes are met at no more than so many paths in all: a few trees can stand for more paths than
/// anyone could list.
const MOST_PATHS: usize = 1 << 20;

/// What all commits of a history hold of what is wanted.
pub struct Holdings<'a> {
    history: &'a History,
    nodes: Nodes,
    /// The commits, parents before children: the node of each, and where its parents stand.
    commits: Vec<(u32, Vec<u32>)>,
    places: OidMap<u32>,
    /// For each wanted blob the paths that it has or had, sorted; worked out when first asked for.
    paths: OnceCell<Vec<Vec<RepoPath>>>,
}

/// What the logs of refs keep.
struct Logs {
    stash: Vec<Oid>,
    all: Vec<Oid>,
}

impl<'a> Holdings<'a> {
    pub(super) fn of(history: &'a History) -> Self {
        let mut nodes = Nodes::default();
        if let Some(trees) = &history.trees {
            nodes.of_tree = vec![UNSEEN; trees.end() as usize];
        }
        let order = history.oldest_first();
        let places: OidMap<u32> = order.iter().copied().zip(0..).collect();
        let commits = order.iter().filter_map(|oid| history.commits.get(oid));
        let commits = commits
            .map(|commit| {
                let parents = commit.parents.iter();
                let parents = parents.filter_map(|parent| places.get(parent).copied());
                let node = match (&history.trees, commit.tree) {
                    (Some(trees), Some(tree)) => nodes.of(trees, tree),
                    (Some(_) | None, _) => EMPTY,
                };
                (node, parents.collect())
            })
            .collect();
        Self {
            history,
            nodes,
            commits,
            places,
            paths: OnceCell::new(),
        }
    }

    /// All paths at which any commit has one of these blobs, sorted.
    #[must_use]
    pub fn paths(&self, blobs: &[Oid]) -> Vec<RepoPath> {
        let Some(trees) = &self.history.trees else {
            return Vec::new();
        };
        let all = self.paths.get_or_init(|| {
            let roots = self.commits.iter().map(|(node, _)| *node);
            self.nodes.paths(roots, trees.wanted_len())
        });
        let wanted = blobs.iter().filter_map(|blob| trees.wanted(*blob));
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
        let logs = OnceCell::new();
        let staged = OnceCell::new();
        let mut found = Vec::with_capacity(sought.len());
        for sought in sought.chunks(WIDTH) {
            found.extend(self.some(repo, sought, most, &logs, &staged));
        }
        found
    }

    /// The same for as many things as go into a set.
    fn some(
        &self,
        repo: &Repo,
        sought: &[Sought],
        most: usize,
        logs: &OnceCell<Option<Logs>>,
        staged: &OnceCell<OidMap<RepoPath>>,
    ) -> Vec<Whereabouts> {
        let held = self.held(sought);
        let had = self.had(sought, &held);
        let had = |commit: &Oid| Some(had[*self.places.get(commit)? as usize]);
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
            false => logs.get_or_init(|| Logs::of(repo)).as_ref(),
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
                let staged = staged.get_or_init(|| staged_paths(repo));
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
        let Some(trees) = &self.history.trees else {
            return vec![NOTHING];
        };
        let mut blobs = vec![NOTHING; trees.wanted_len()];
        for (index, sought) in sought.iter().enumerate() {
            for blob in sought.blobs.iter().filter_map(|blob| trees.wanted(*blob)) {
                put(&mut blobs[blob as usize], index);
            }
        }
        self.nodes.sets(&blobs)
    }

    /// What each commit has, or any that it is built on.
    fn had(&self, sought: &[Sought], held: &[Set]) -> Vec<Set> {
        let mut had: Vec<Set> = Vec::with_capacity(self.commits.len());
        let mut own: HashMap<u32, Set> = HashMap::new();
        for (index, sought) in sought.iter().enumerate() {
            for place in sought.commits.iter().filter_map(|oid| self.places.get(oid)) {
                put(own.entry(*place).or_insert(NOTHING), index);
            }
        }
        for (place, (node, parents)) in (0..).zip(&self.commits) {
            let mut set = held[*node as usize];
            if let Some(own) = own.get(&place) {
                add(&mut set, own);
            }
            // All parents stand before it, unless they make a circle.
            for parent in parents.iter().filter_map(|parent| had.get(*parent as usize)) {
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
        let Some(trees) = &self.history.trees else {
            return;
        };
        let mut now = NOTHING;
        let is_branch = |name: &RefName| {
            let name = name.as_bytes();
            name.starts_with(b"refs/heads/") || name.starts_with(b"refs/remotes/")
        };
        let tips = self.history.tips.iter();
        let branches = tips.filter(|(name, _)| is_branch(name));
        for tip in branches.map(|(_, oid)| *oid).chain(head) {
            if let Some(place) = self.places.get(&tip) {
                add(&mut now, &held[self.commits[*place as usize].0 as usize]);
            }
        }
        for ((index, sought), found) in sought.iter().enumerate().zip(found) {
            let known = !sought.blobs.is_empty()
                && sought.blobs.iter().all(|blob| trees.wanted(*blob).is_some());
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

/// All that any tree holds of what is wanted, each once.
struct Nodes {
    /// What each node holds, by name; a node stands behind those that it holds.
    all: Vec<Box<[(u32, Held)]>>,
    numbers: HashMap<Box<[(u32, Held)]>, u32>,
    of_tree: Vec<u32>,
    names: Vec<Box<[u8]>>,
    by_name: HashMap<Box<[u8]>, u32>,
}

impl Default for Nodes {
    fn default() -> Self {
        Self {
            all: vec![Box::default()],
            numbers: HashMap::from([(Box::default(), EMPTY)]),
            of_tree: Vec::new(),
            names: Vec::new(),
            by_name: HashMap::new(),
        }
    }
}

impl Nodes {
    /// The node of a tree.
    fn of(&mut self, trees: &Trees, root: u32) -> u32 {
        let mut open = Vec::new();
        let begin = |of_tree: &mut Vec<u32>, tree: u32| {
            // What is being looked at holds nothing in itself.
            if let Some(node) = of_tree.get_mut(tree as usize) {
                *node = EMPTY;
            }
            (tree, trees.of_tree(tree), Vec::new(), 0)
        };
        match self.of_tree.get(root as usize) {
            None => return EMPTY,
            Some(&UNSEEN) => open.push(begin(&mut self.of_tree, root)),
            Some(&node) => return node,
        }
        let mut last = EMPTY;
        while let Some((_, notes, held, within)) = open.last_mut() {
            match notes.next() {
                Some((name, Held::Blob(blob))) => held.push((self.name(name), Held::Blob(blob))),
                Some((name, Held::Tree(tree))) => match self.of_tree.get(tree as usize) {
                    None | Some(&EMPTY) => {}
                    Some(&UNSEEN) => {
                        *within = self.name(name);
                        let below = begin(&mut self.of_tree, tree);
                        open.push(below);
                    }
                    Some(&node) => held.push((self.name(name), Held::Tree(node))),
                },
                None => {
                    let Some((tree, _, held, _)) = open.pop() else {
                        break;
                    };
                    last = self.number(held.into_boxed_slice());
                    self.of_tree[tree as usize] = last;
                    if let Some((_, _, held, within)) = open.last_mut().filter(|_| last != EMPTY) {
                        held.push((*within, Held::Tree(last)));
                    }
                }
            }
        }
        last
    }

    fn number(&mut self, held: Box<[(u32, Held)]>) -> u32 {
        if let Some(known) = self.numbers.get(&held) {
            return *known;
        }
        let number = self.all.len() as u32;
        self.all.push(held.clone());
        self.numbers.insert(held, number);
        number
    }

    fn name(&mut self, name: &[u8]) -> u32 {
        if let Some(known) = self.by_name.get(name) {
            return *known;
        }
        let number = self.names.len() as u32;
        self.names.push(name.into());
        self.by_name.insert(name.into(), number);
        number
    }

    /// What each node holds, for given sets in the blobs.
    fn sets(&self, blobs: &[Set]) -> Vec<Set> {
        let mut sets: Vec<Set> = Vec::with_capacity(self.all.len());
        for node in &self.all {
            let mut set = NOTHING;
            for (_, held) in node {
                match held {
                    Held::Tree(below) => add(&mut set, &sets[*below as usize]),
                    Held::Blob(blob) => add(&mut set, &blobs[*blob as usize]),
                }
            }
            sets.push(set);
        }
        sets
    }

    /// The paths of each blob below any of the roots.
    fn paths(&self, roots: impl Iterator<Item = u32>, blobs: usize) -> Vec<Vec<RepoPath>> {
        let mut found = vec![Vec::new(); blobs];
        let mut folders = vec![Vec::new()];
        let mut numbers: HashMap<(u32, u32), u32> = HashMap::new();
        let mut met: HashSet<(u32, u32)> = HashSet::new();
        let mut told: HashSet<(u32, u32, u32)> = HashSet::new();
        let mut open: Vec<(u32, u32)> = Vec::new();
        for root in roots {
            open.push((0, root));
            while let Some((folder, node)) = open.pop() {
                if met.len() + told.len() > MOST_PATHS || !met.insert((folder, node)) {
                    continue;
                }
                for (name, held) in &self.all[node as usize] {
                    let path = || {
                        let mut path: Vec<u8> = folders[folder as usize].clone();
                        path.extend_from_slice(&self.names[*name as usize]);
                        path
                    };
                    match *held {
                        Held::Blob(blob) => {
                            if told.insert((folder, *name, blob)) {
                                found[blob as usize].push(RepoPath::new(&path()));
                            }
                        }
                        Held::Tree(below) => {
                            let next = folders.len() as u32;
                            let number = *numbers.entry((folder, *name)).or_insert(next);
                            if number == next {
                                let mut path = path();
                                path.push(b'/');
                                folders.push(path);
                            }
                            open.push((number, below));
                        }
                    }
                }
            }
        }
        found
    }
}
