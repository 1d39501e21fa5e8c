//! Which tree holds which: to say where a blob came in without asking `git` to compare all commits.
//!
//! While the trees go by, each thread notes what they hold of other trees and of blobs that are
//! wanted. The commits are then gone through in order, and every tree is entered once, from the first
//! commit that has it; what is wanted and found there came in with that commit.

use crate::git::{Mode, Oid, OidMap, Origin, RepoPath, TreeEntry, TreePlace, Wanted};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Notes beyond this many, in all threads together, are not worth their memory: eight bytes each.
const MOST: usize = 1 << 25;

/// Marks a note of a blob.
const BLOB: u32 = 1 << 31;

/// The number of ids whose numbers a thread remembers.
const REMEMBERED: usize = 1 << 13;

/// What a tree holds.
#[derive(Clone, Copy, Debug)]
struct Note {
    /// The number of a tree, or where a blob stands among those wanted.
    what: u32,
    /// Which of the names, with [`BLOB`] for a blob.
    name: u32,
}

/// What one thread noted.
pub(super) struct Notes {
    /// Each wanted blob, with a number of its own.
    wanted: OidMap<u32>,
    /// By the first two bytes of an id, whether any that is wanted begins so.
    likely: Vec<u64>,
    names: Vec<Box<[u8]>>,
    by_name: HashMap<Box<[u8]>, u32>,
    /// The numbers of trees with the places of their first notes.
    trees: Vec<(u32, u32)>,
    notes: Vec<Note>,
    recent: Vec<Option<(Oid, Note)>>,
    most: usize,
}

impl Notes {
    /// For blobs that are wanted, in one of so many threads.
    pub(super) fn new(wanted: &[Oid], threads: usize) -> Self {
        let mut bits = vec![0_u64; 1 << 10];
        let mut numbers = OidMap::default();
        for (number, oid) in (0_u32..).zip(wanted) {
            let (word, bit) = likely(oid.as_raw());
            bits[word] |= bit;
            numbers.insert(*oid, number);
        }
        Self {
            wanted: numbers,
            likely: bits,
            names: Vec::new(),
            by_name: HashMap::new(),
            trees: Vec::new(),
            notes: Vec::new(),
            recent: vec![None; REMEMBERED],
            most: MOST / threads.max(1),
        }
    }

    /// Begins with a tree, by its number.
    pub(super) fn tree(&mut self, tree: u32) {
        self.trees.push((tree, self.notes.len() as u32));
    }

    /// Notes an entry of the tree, where that may matter. `number` gives the numbers of other trees.
    pub(super) fn place(&mut self, place: &TreePlace<'_>, number: impl Fn(Oid) -> Option<u32>) {
        let (word, bit) = likely(place.id());
        if (place.may_be_tree() || self.likely[word] & bit != 0)
            && self.notes.len() < self.most
            && let Ok(entry) = place.read()
        {
            self.entry(&entry, number);
        }
    }

    fn entry(&mut self, entry: &TreeEntry<'_>, number: impl Fn(Oid) -> Option<u32>) {
        if entry.mode != Mode::Tree {
            if let Some(what) = self.wanted.get(&entry.oid).copied() {
                let name = self.name(entry.name) | BLOB;
                self.notes.push(Note { what, name });
            }
            return;
        }
        let raw = entry.oid.as_raw();
        let slot = usize::from(u16::from_le_bytes([raw[2], raw[3]])) % REMEMBERED;
        if let Some((oid, note)) = self.recent[slot]
            && oid == entry.oid
            && *self.names[note.name as usize] == *entry.name
        {
            self.notes.push(note);
            return;
        }
        if let Some(what) = number(entry.oid) {
            let name = self.name(entry.name);
            let note = Note { what, name };
            self.recent[slot] = Some((entry.oid, note));
            self.notes.push(note);
        }
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
}

fn likely(raw: &[u8]) -> (usize, u64) {
    let bits = usize::from(u16::from_le_bytes([raw[0], raw[1]]));
    (bits >> 6, 1 << (bits & 63))
}

/// What all threads noted.
#[derive(Debug, Default)]
pub(super) struct Trees {
    wanted: OidMap<u32>,
    /// By the number of a tree: which thread noted it, and where its notes are.
    trees: HashMap<u32, (u32, u32, u32)>,
    parts: Vec<Noted>,
}

/// What one thread noted, and the names of it.
#[derive(Debug)]
struct Noted {
    notes: Vec<Note>,
    names: Vec<Box<[u8]>>,
}

impl Trees {
    /// Of what each thread noted; `None` where that was too much.
    pub(super) fn of(all: Vec<Notes>) -> Option<Self> {
        let mut trees = Self::default();
        for (part, notes) in (0_u32..).zip(all) {
            if notes.notes.len() >= notes.most {
                return None;
            }
            let ends = notes.trees.iter().skip(1).map(|(_, start)| *start);
            let ends = ends.chain([notes.notes.len() as u32]);
            for ((tree, start), end) in notes.trees.iter().zip(ends) {
                trees.trees.insert(*tree, (part, *start, end));
            }
            trees.wanted = notes.wanted;
            trees.parts.push(Noted {
                notes: notes.notes,
                names: notes.names,
            });
        }
        Some(trees)
    }

    /// For each of the blobs the first of the commits, given in order with the numbers of their
    /// trees, that has it. The blobs that this cannot tell of are given back: those that nobody asked
    /// for in time, and those that stood at a path that does not count.
    pub(super) fn origins(
        &self,
        commits: impl Iterator<Item = (Oid, u32)>,
        blobs: &[Wanted<'_>],
    ) -> (Vec<Option<Origin>>, Vec<usize>) {
        let mut search = Search {
            trees: self,
            blobs,
            asked: HashMap::new(),
            found: blobs.iter().map(|_| None).collect(),
            unsure: Vec::new(),
            entered: HashMap::new(),
        };
        for (index, blob) in blobs.iter().enumerate() {
            match self.wanted.get(&blob.oid) {
                Some(number) => search.asked.entry(*number).or_default().push(index),
                None => search.unsure.push(index),
            }
        }
        for (commit, tree) in commits {
            if search.asked.is_empty() {
                break;
            }
            search.enter(commit, tree);
        }
        search.unsure.sort_unstable();
        search.unsure.dedup();
        (search.found, search.unsure)
    }
}

struct Search<'a, 'b> {
    trees: &'a Trees,
    blobs: &'a [Wanted<'b>],
    /// For each wanted blob that was not found yet: who asks.
    asked: HashMap<u32, Vec<usize>>,
    found: Vec<Option<Origin>>,
    unsure: Vec<usize>,
    entered: HashMap<u32, ()>,
}

/// What a tree holds under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum Held {
    /// The tree of this number.
    Tree(u32),
    /// The wanted blob of this number; see [`Trees::wanted`].
    Blob(u32),
}

impl Trees {
    /// The numbers of the blobs that are wanted.
    pub(super) fn wanted(&self) -> &OidMap<u32> {
        &self.wanted
    }

    /// Above the numbers of all trees that were noted.
    pub(super) fn end(&self) -> u32 {
        self.trees.keys().max().map_or(0, |last| last + 1)
    }

    /// What was noted of a tree, with the names.
    pub(super) fn of_tree(&self, tree: u32) -> impl Iterator<Item = (&[u8], Held)> + use<'_> {
        let noted = self.trees.get(&tree).map(|(part, start, end)| {
            let part = &self.parts[*part as usize];
            (&part.notes[*start as usize..*end as usize], &part.names)
        });
        noted.into_iter().flat_map(|(notes, names)| {
            notes.iter().map(|note| {
                let held = match note.name & BLOB {
                    0 => Held::Tree(note.what),
                    _ => Held::Blob(note.what),
                };
                (&*names[(note.name & !BLOB) as usize], held)
            })
        })
    }
}

impl Search<'_, '_> {
    /// Goes through what a commit has that no earlier one had, in the order of the paths.
    fn enter(&mut self, commit: Oid, root: u32) {
        let mut open = Vec::new();
        let mut path = Vec::new();
        open.extend(self.open(root, 0));
        while let Some((part, at, end, length)) = open.last_mut() {
            path.truncate(*length);
            if at == end {
                open.pop();
                continue;
            }
            let noted = &self.trees.parts[*part as usize];
            let note = noted.notes[*at as usize];
            *at += 1;
            let name = &noted.names[(note.name & !BLOB) as usize];
            path.extend_from_slice(name);
            if note.name & BLOB != 0 {
                self.meet(note.what, commit, &path);
            } else {
                path.push(b'/');
                let tree = self.open(note.what, path.len());
                open.extend(tree);
            }
        }
    }

    /// The notes of a tree that was not entered yet.
    fn open(&mut self, tree: u32, path: usize) -> Option<(u32, u32, u32, usize)> {
        let (part, start, end) = *self.trees.trees.get(&tree)?;
        let new = self.entered.insert(tree, ()).is_none();
        new.then_some((part, start, end, path))
    }

    fn meet(&mut self, blob: u32, commit: Oid, path: &[u8]) {
        let Some(asked) = self.asked.get_mut(&blob) else {
            return;
        };
        let path = RepoPath::new(path);
        asked.retain(|index| {
            let counts = (self.blobs[*index].at)(&path);
            if counts {
                let path = path.clone();
                self.found[*index] = Some(Origin { commit, path });
            } else {
                self.unsure.push(*index);
            }
            !counts
        });
        if asked.is_empty() {
            self.asked.remove(&blob);
        }
    }
}
