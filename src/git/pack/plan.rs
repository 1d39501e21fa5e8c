//! Lays out the delta families of a pack: what is built on what, and in which order to go.

use super::{Share, Surprise};
use gix_index::hash::Kind as HashKind;
use gix_pack::data::entry::Header;
use gix_pack::{data, index};
use std::path::Path;

/// No entry: the base of what is stored whole.
const NONE: u32 = u32::MAX;

/// A pack with its index and the families in it. Entries are numbered in the order in which they
/// are stored.
pub(super) struct Pack {
    pub(super) data: data::File,
    pub(super) index: index::File,
    hash: HashKind,
    /// Where each entry begins; one more, for the end of the last.
    offsets: Vec<u64>,
    /// Where each entry stands in the index.
    places: Vec<u32>,
    bases: Vec<u32>,
    /// Where the list of what is built on an entry begins; one more, for the end of the last.
    lists: Vec<u32>,
    /// What is built on each entry, the one with the most built on it in turn last.
    children: Vec<u32>,
    /// Entries that are stored whole, large families first: blobs, and others.
    roots: [Vec<u32>; 2],
}

impl Pack {
    /// Opens a pack by its index and reads the headers of all entries.
    pub(super) fn open(index: &Path, hash: HashKind) -> Result<Self, Surprise> {
        let data = data::File::at(index.with_extension("pack"), hash).map_err(|_| Surprise)?;
        let index = index::File::at(index, hash).map_err(|_| Surprise)?;
        if index.num_objects() != data.num_objects() {
            return Err(Surprise);
        }
        let mut stored: Vec<(u64, u32)> = (0..index.num_objects())
            .map(|place| (index.pack_offset_at_index(place), place))
            .collect();
        stored.sort_unstable();
        let mut pack = Self {
            offsets: stored.iter().map(|(offset, _)| *offset).collect(),
            places: stored.into_iter().map(|(_, place)| place).collect(),
            data,
            index,
            hash,
            bases: Vec::new(),
            lists: Vec::new(),
            children: Vec::new(),
            roots: Default::default(),
        };
        let end = pack.data.pack_end() as u64;
        pack.offsets.push(end);
        if !pack.offsets.is_sorted_by(|one, next| one < next) {
            return Err(Surprise);
        }
        pack.bases = (0..pack.len())
            .map(|entry| pack.base_of(entry))
            .collect::<Result<_, _>>()?;
        pack.order()?;
        Ok(pack)
    }

    /// How many entries there are.
    pub(super) fn len(&self) -> u32 {
        self.places.len() as u32
    }

    /// Entries that are stored whole, each the first of its family.
    pub(super) fn roots(&self, share: Share) -> &[u32] {
        &self.roots[share as usize]
    }

    /// What is built on an entry, the one with the most built on it in turn last.
    pub(super) fn children(&self, entry: u32) -> &[u32] {
        let entry = entry as usize;
        &self.children[self.lists[entry] as usize..self.lists[entry + 1] as usize]
    }

    /// What an entry is built on.
    pub(super) fn base(&self, entry: u32) -> Option<u32> {
        Some(self.bases[entry as usize]).filter(|base| *base != NONE)
    }

    /// Where an entry stands in the index.
    pub(super) fn place(&self, entry: u32) -> u32 {
        self.places[entry as usize]
    }

    /// The entry that stands at a place of the index.
    pub(super) fn entry_at(&self, place: u32) -> Option<u32> {
        let offset = self.index.pack_offset_at_index(place);
        let found = self.offsets.binary_search(&offset).ok()?;
        Some(found as u32).filter(|entry| *entry < self.len())
    }

    /// The raw id of an entry.
    pub(super) fn id(&self, entry: u32) -> &[u8] {
        self.index
            .oid_at_index(self.places[entry as usize])
            .as_bytes()
    }

    /// The header of an entry and its zlib stream.
    pub(super) fn entry(&self, entry: u32) -> Result<(data::Entry, &[u8]), Surprise> {
        let entry = entry as usize;
        let (offset, end) = (self.offsets[entry], self.offsets[entry + 1]);
        let bytes = self.data.entry_slice(offset..end).ok_or(Surprise)?;
        let header = data::Entry::from_bytes(bytes, offset, self.hash).map_err(|_| Surprise)?;
        let stream = bytes
            .get((header.data_offset - offset) as usize..)
            .ok_or(Surprise)?;
        Ok((header, stream))
    }

    fn base_of(&self, entry: u32) -> Result<u32, Surprise> {
        let offset = self.offsets[entry as usize];
        let (header, _) = self.entry(entry)?;
        let base = match header.header {
            Header::Commit | Header::Tree | Header::Blob | Header::Tag => return Ok(NONE),
            Header::OfsDelta { base_distance } => offset.checked_sub(base_distance),
            // The index completes thin packs: the base is in the same pack.
            Header::RefDelta { base_id } => self
                .index
                .lookup(base_id)
                .map(|place| self.index.pack_offset_at_index(place)),
        };
        let base = self.offsets.binary_search(&base.ok_or(Surprise)?);
        let base = base.map_err(|_| Surprise)? as u32;
        if base == entry || base >= self.len() {
            return Err(Surprise);
        }
        Ok(base)
    }

    fn order(&mut self) -> Result<(), Surprise> {
        let weights = self.weights()?;
        let all = self.len() as usize;
        self.lists = vec![0; all + 1];
        for base in self.bases.iter().filter(|base| **base != NONE) {
            self.lists[*base as usize + 1] += 1;
        }
        for entry in 0..all {
            self.lists[entry + 1] += self.lists[entry];
        }
        self.children = vec![0; self.lists[all] as usize];
        let mut next = self.lists.clone();
        for (entry, base) in self.bases.iter().enumerate() {
            if *base == NONE {
                let (header, _) = self.entry(entry as u32)?;
                let share = match header.header {
                    Header::Blob => Share::Blobs,
                    _ => Share::Others,
                };
                self.roots[share as usize].push(entry as u32);
            } else {
                let place = &mut next[*base as usize];
                self.children[*place as usize] = entry as u32;
                *place += 1;
            }
        }
        for entry in 0..all {
            let list = self.lists[entry] as usize..self.lists[entry + 1] as usize;
            self.children[list].sort_by_key(|child| weights[*child as usize]);
        }
        // Large families first, lest one of them be left when the other threads are done; the others
        // as they are stored.
        let large = |root: &u32| std::cmp::Reverse(weights[*root as usize] / LARGE);
        self.roots
            .iter_mut()
            .for_each(|roots| roots.sort_by_key(large));
        Ok(())
    }

    /// How many entries are built on each one, directly or not, itself included.
    fn weights(&self) -> Result<Vec<u32>, Surprise> {
        let mut weights = vec![1_u32; self.bases.len()];
        // Bases mostly stand before what is built on them; with deltas by id they need not.
        let mut waiting = vec![0_u32; self.bases.len()];
        for base in self.bases.iter().filter(|base| **base != NONE) {
            waiting[*base as usize] += 1;
        }
        let mut done = 0;
        for entry in (0..self.bases.len()).rev() {
            let mut entry = entry;
            // Each entry is passed on once, when all that is built on it has been.
            while waiting[entry] == 0 {
                waiting[entry] = NONE;
                done += 1;
                let base = self.bases[entry];
                if base == NONE {
                    break;
                }
                weights[base as usize] += weights[entry];
                waiting[base as usize] -= 1;
                entry = base as usize;
            }
        }
        // What is left are deltas in a circle.
        if done == self.bases.len() {
            Ok(weights)
        } else {
            Err(Surprise)
        }
    }
}

/// A family is large from so many entries on.
const LARGE: u32 = 256;
