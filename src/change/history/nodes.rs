//! What trees hold of what is wanted, the same only once.

use super::trees::{Held, Trees};
use crate::git::{Kind, Mode, Oid, OidMap, Repo, RepoPath, tree_entries};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};

/// The node of a tree that holds nothing that is wanted.
pub(super) const EMPTY: u32 = 0;
const UNSEEN: u32 = u32::MAX;

/// Nodes are met at no more than so many paths in all: a few trees can stand for more paths than
/// anyone could list.
const MOST_PATHS: usize = 1 << 20;

/// Git itself refuses trees that nest deeper (`core.maxTreeDepth`).
const MAX_DEPTH: usize = 2048;

/// What a tree holds of what is wanted, by name.
type Node = Box<[(u32, Held)]>;

/// All that any tree holds of what is wanted, each once.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "Plain", into = "Plain")]
pub(super) struct Nodes {
    wanted: OidMap<u32>,
    /// The nodes but for the empty one, which is the first; each stands behind those that it holds.
    all: Vec<Node>,
    names: Vec<Box<[u8]>>,
    numbers: HashMap<Node, u32>,
    by_name: HashMap<Box<[u8]>, u32>,
    /// The nodes of trees by their numbers.
    of_noted: Vec<u32>,
    /// Those of trees that were read.
    of_read: OidMap<u32>,
}

/// What is remembered of them.
#[derive(Serialize, Deserialize)]
struct Plain {
    wanted: Vec<Oid>,
    all: Vec<Node>,
    names: Vec<Box<[u8]>>,
}

impl From<Nodes> for Plain {
    fn from(nodes: Nodes) -> Self {
        let mut wanted: Vec<(u32, Oid)> =
            nodes.wanted.iter().map(|(oid, at)| (*at, *oid)).collect();
        wanted.sort_unstable();
        Self {
            wanted: wanted.into_iter().map(|(_, oid)| oid).collect(),
            all: nodes.all,
            names: nodes.names,
        }
    }
}

impl From<Plain> for Nodes {
    /// What makes no sense is left out: nothing then points beyond what is there.
    fn from(plain: Plain) -> Self {
        let mut nodes = Self {
            wanted: plain.wanted.iter().copied().zip(0..).collect(),
            by_name: plain.names.iter().cloned().zip(0..).collect(),
            names: plain.names,
            ..Self::default()
        };
        let blobs = plain.wanted.len() as u32;
        for (number, node) in (1..).zip(plain.all) {
            let sound = |(name, held): &(u32, Held)| {
                let below = match held {
                    Held::Tree(below) => *below < number,
                    Held::Blob(blob) => *blob < blobs,
                };
                below && (*name as usize) < nodes.names.len()
            };
            let node: Node = node.iter().copied().filter(sound).collect();
            nodes.numbers.insert(node.clone(), number);
            nodes.all.push(node);
        }
        nodes
    }
}

impl Held {
    /// What is known of the tree or the blob.
    pub(super) fn of<'a, T>(self, nodes: &'a [T], blobs: &'a [T]) -> &'a T {
        match self {
            Self::Tree(node) => &nodes[node as usize],
            Self::Blob(blob) => &blobs[blob as usize],
        }
    }
}

impl Nodes {
    /// None yet, of trees that were noted.
    pub(super) fn of(trees: &Trees) -> Self {
        Self {
            wanted: trees.wanted().clone(),
            of_noted: vec![UNSEEN; trees.end() as usize],
            ..Self::default()
        }
    }

    /// Adds blobs that are wanted as well.
    pub(super) fn want(&mut self, blobs: &[Oid]) {
        for blob in blobs {
            let next = self.wanted.len() as u32;
            self.wanted.entry(*blob).or_insert(next);
        }
    }

    /// The number of a blob among those that are wanted.
    pub(super) fn wanted(&self, blob: Oid) -> Option<u32> {
        self.wanted.get(&blob).copied()
    }

    /// How many blobs are wanted; their numbers are below it.
    pub(super) fn wanted_len(&self) -> usize {
        self.wanted.len()
    }

    /// Whether there is a node of this number.
    pub(super) fn has(&self, node: u32) -> bool {
        (node as usize) <= self.all.len()
    }

    /// What each node holds, by number; a node comes behind those that it holds.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[(u32, Held)]> {
        std::iter::once(&[][..]).chain(self.all.iter().map(|node| &**node))
    }

    fn held_by(&self, node: u32) -> &[(u32, Held)] {
        match node.checked_sub(1) {
            None => &[],
            Some(at) => &self.all[at as usize],
        }
    }

    /// The node of a tree that was noted.
    pub(super) fn of_noted(&mut self, trees: &Trees, root: u32) -> u32 {
        let begin = |of_noted: &mut Vec<u32>, tree: u32| {
            // What is being looked at holds nothing in itself.
            if let Some(node) = of_noted.get_mut(tree as usize) {
                *node = EMPTY;
            }
            (tree, trees.of_tree(tree), Vec::new(), 0)
        };
        let mut open = match self.of_noted.get(root as usize) {
            None => return EMPTY,
            Some(&UNSEEN) => vec![begin(&mut self.of_noted, root)],
            Some(&node) => return node,
        };
        let mut last = EMPTY;
        while let Some((_, notes, held, within)) = open.last_mut() {
            match notes.next() {
                Some((name, Held::Blob(blob))) => held.push((self.name(name), Held::Blob(blob))),
                Some((name, Held::Tree(tree))) => match self.of_noted.get(tree as usize) {
                    None | Some(&EMPTY) => {}
                    Some(&UNSEEN) => {
                        *within = self.name(name);
                        let below = begin(&mut self.of_noted, tree);
                        open.push(below);
                    }
                    Some(&node) => held.push((self.name(name), Held::Tree(node))),
                },
                None => {
                    let Some((tree, _, held, _)) = open.pop() else {
                        break;
                    };
                    last = self.number(held);
                    self.of_noted[tree as usize] = last;
                    if let Some((_, _, held, within)) = open.last_mut().filter(|_| last != EMPTY) {
                        held.push((*within, Held::Tree(last)));
                    }
                }
            }
        }
        last
    }

    /// The node of a commit that is new, where that of its first parent is known; `None` where
    /// something cannot be read.
    pub(super) fn of_new(
        &mut self,
        repo: &Repo,
        commit: Oid,
        parent: Option<(Oid, u32)>,
    ) -> Option<u32> {
        let tree = repo.commit(commit).ok()?.tree;
        let old = match parent {
            Some((parent, node)) => Some((repo.commit(parent).ok()?.tree, node)),
            None => None,
        };
        self.read(repo, tree, old, 0)
    }

    /// The node of a tree; that of the one which stood there before may tell most of it.
    fn read(
        &mut self,
        repo: &Repo,
        tree: Oid,
        old: Option<(Oid, u32)>,
        depth: usize,
    ) -> Option<u32> {
        match (old, self.of_read.get(&tree)) {
            (Some((before, node)), _) if before == tree => return Some(node),
            (_, Some(node)) => return Some(*node),
            (_, None) if depth > MAX_DEPTH => return None,
            (_, None) => {}
        }
        let width = tree.as_raw().len();
        let data = repo.read_as(Kind::Tree, tree).ok()?;
        let before = match old {
            Some((before, _)) => repo.read_as(Kind::Tree, before).ok()?,
            None => Vec::new(),
        };
        let before: HashMap<&[u8], Oid> = tree_entries(&before, width)
            .flatten()
            .filter(|entry| entry.mode == Mode::Tree)
            .map(|entry| (entry.name, entry.oid))
            .collect();
        let mut held = Vec::new();
        for entry in tree_entries(&data, width) {
            let entry = entry.ok()?;
            match entry.mode {
                Mode::Gitlink => {}
                Mode::Tree => {
                    let old = before.get(entry.name).zip(old);
                    let old = old.map(|(oid, (_, node))| (*oid, self.below(node, entry.name)));
                    let node = self.read(repo, entry.oid, old, depth + 1)?;
                    if node != EMPTY {
                        held.push((self.name(entry.name), Held::Tree(node)));
                    }
                }
                Mode::File | Mode::Executable | Mode::Symlink => {
                    if let Some(blob) = self.wanted(entry.oid) {
                        held.push((self.name(entry.name), Held::Blob(blob)));
                    }
                }
            }
        }
        let node = self.number(held);
        self.of_read.insert(tree, node);
        Some(node)
    }

    /// The node of a directory in a tree.
    fn below(&self, node: u32, name: &[u8]) -> u32 {
        let Some(name) = self.by_name.get(name) else {
            return EMPTY;
        };
        let held = self.held_by(node).iter();
        let mut found = held.filter_map(|(own, held)| match held {
            Held::Tree(below) if own == name => Some(*below),
            Held::Tree(_) | Held::Blob(_) => None,
        });
        found.next().unwrap_or(EMPTY)
    }

    fn number(&mut self, held: Vec<(u32, Held)>) -> u32 {
        if held.is_empty() {
            return EMPTY;
        }
        let node = held.into_boxed_slice();
        if let Some(known) = self.numbers.get(&node) {
            return *known;
        }
        self.all.push(node.clone());
        let number = self.all.len() as u32;
        self.numbers.insert(node, number);
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

    /// The paths of each blob below any of the roots.
    pub(super) fn paths(&self, roots: impl Iterator<Item = u32>) -> Vec<Vec<RepoPath>> {
        let mut found = vec![Vec::new(); self.wanted.len()];
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
                for (name, held) in self.held_by(node) {
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
