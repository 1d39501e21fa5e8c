//! Goes through a delta family depth first: each object is built once, and let go when the last that
//! is built on it has been.

use super::delta::Delta;
use super::inflate::{Buffer, Inflater, Pool, Streamed};
use super::loose::{Found, begin};
use super::plan::Pack;
use super::{Base, LARGE, Large, Objects, Opener, Seen, Share, Surprise, Visitor};
use crate::git::store::BrokenObject;
use crate::git::{Kind, Oid, Repo};
use gix_pack::data::entry::Header;
use std::io::{self, Read};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// What a thread needs to go through families.
pub(super) struct Walker<'a, V: Visitor> {
    pub(super) objects: &'a Objects,
    pub(super) repo: &'a Repo,
    pub(super) visitor: V,
    pub(super) inflater: Inflater,
    /// The bytes that bases may have which are waiting; beyond that they are built again.
    pub(super) budget: usize,
    pool: Pool,
    delta: Buffer,
    fresh: Vec<Range<usize>>,
}

/// A base with more that is to be built on it.
struct Open<N> {
    entry: u32,
    /// How many of its children have been built.
    next: usize,
    data: Data,
    /// What the visitor noted; `None` where it was not shown.
    note: Option<N>,
}

enum Data {
    Here(Buffer),
    /// Let go for want of room; can be built again.
    Dropped,
    /// Cannot be read.
    Broken,
}

/// The parts of a family that do not change on the way.
struct Family<'a> {
    pack: &'a Pack,
    /// Which pack it is.
    number: usize,
    kind: Kind,
}

/// The file of a loose object.
pub(super) struct InFile(pub(super) PathBuf);

impl Opener for InFile {
    fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(begin(&self.0)?.2))
    }
}

/// A stream in a pack, and how many bytes it has inside.
pub(super) struct InPack<'a>(pub(super) &'a [u8], pub(super) u64);

impl Opener for InPack<'_> {
    fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(Streamed::new(self.0, self.1)))
    }
}

impl<'a, V: Visitor> Walker<'a, V> {
    pub(super) fn new(objects: &'a Objects, repo: &'a Repo, visitor: V, budget: usize) -> Self {
        Self {
            objects,
            repo,
            visitor,
            inflater: Inflater::new(),
            budget,
            pool: Pool::default(),
            delta: Buffer::default(),
            fresh: Vec::new(),
        }
    }

    /// Shows an object that stands in a file of its own, if it belongs to the share.
    pub(super) fn loose(&mut self, index: usize, share: Share) {
        let oid = self.objects.loose.oid(index);
        if share == Share::Others && !self.objects.loose.is_left(index) {
            return;
        }
        if self.objects.number(oid)
            != Some(self.objects.first(self.objects.packs.len()) + index as u32)
        {
            return;
        }
        let mut buffer = self.pool.take();
        let read = self
            .objects
            .loose
            .read(index, &mut self.inflater, &mut buffer);
        match read {
            Some(Found::Large(length)) => {
                let at = &InFile(self.objects.loose.path(index));
                self.visitor.large(Large { oid, length, at });
            }
            Some(Found::Here(kind)) if (kind == Kind::Blob) != (share == Share::Blobs) => {
                self.objects.loose.leave(index);
            }
            Some(Found::Here(kind)) => {
                self.show(oid, kind, buffer.bytes(), None);
            }
            None => {
                self.by_git(oid, None, true);
            }
        }
        self.pool.give(buffer);
    }

    /// Shows a family, its first object first.
    pub(super) fn family(&mut self, number: usize, root: u32, large: &Mutex<()>) {
        let pack = &self.objects.packs[number];
        let header = pack.entry(root).map(|(entry, _)| entry);
        let (kind, size) = match &header {
            Ok(entry) => {
                let kind = match entry.header {
                    Header::Commit => Kind::Commit,
                    Header::Tree => Kind::Tree,
                    Header::Tag => Kind::Tag,
                    Header::Blob | Header::OfsDelta { .. } | Header::RefDelta { .. } => Kind::Blob,
                };
                (kind, entry.decompressed_size)
            }
            Err(_) => (Kind::Blob, 0),
        };
        if kind == Kind::Blob && size > LARGE && pack.children(root).is_empty() {
            return self.large(pack, number, root, size);
        }
        // Others of their like wait: one at a time.
        let _alone = (size > LARGE).then(|| large.lock().unwrap_or_else(PoisonError::into_inner));
        let family = Family { pack, number, kind };
        let mut open: Vec<Open<V::Note>> = Vec::new();
        let mut next = Some((root, Data::Broken, None));
        while let Some((entry, base, note)) = next.take() {
            if !self.visitor.go_on() {
                return;
            }
            let (data, note) = self.member(&family, entry, &base, note);
            if let (Data::Here(base), Some(last)) = (base, open.last_mut()) {
                // Given back where more is to be built on it.
                match pack.children(last.entry).len() - last.next {
                    0 => self.pool.give(base),
                    _ => last.data = Data::Here(base),
                }
            }
            while open
                .last()
                .is_some_and(|last| last.next == pack.children(last.entry).len())
            {
                open.pop();
            }
            match data {
                Data::Here(data) if pack.children(entry).is_empty() => self.pool.give(data),
                data if pack.children(entry).is_empty() => drop(data),
                data => open.push(Open {
                    entry,
                    next: 0,
                    data,
                    note,
                }),
            }
            self.make_room(&mut open);
            if let Some(last) = open.last_mut() {
                let child = pack.children(last.entry)[last.next];
                last.next += 1;
                let data = match std::mem::replace(&mut last.data, Data::Dropped) {
                    Data::Dropped => self.again(pack, last.entry),
                    Data::Broken => {
                        last.data = Data::Broken;
                        Data::Broken
                    }
                    here @ Data::Here(_) => here,
                };
                next = Some((child, data, last.note));
            }
        }
    }

    /// Shows a blob that is a family by itself without ever having all of it.
    fn large(&mut self, pack: &Pack, number: usize, root: u32, length: u64) {
        let Some(oid) = Oid::from_raw(pack.id(root)) else {
            return;
        };
        let number = self.objects.first(number) + pack.place(root);
        if self.objects.number(oid) != Some(number) {
            return;
        }
        match pack.entry(root) {
            Ok((_, stream)) => {
                let at = &InPack(stream, length);
                self.visitor.large(Large { oid, length, at });
            }
            Err(Surprise) => {
                self.by_git(oid, Some(Kind::Blob), true);
            }
        }
    }

    /// Builds an object on its base and shows it.
    fn member(
        &mut self,
        family: &Family<'_>,
        entry: u32,
        base: &Data,
        note: Option<V::Note>,
    ) -> (Data, Option<V::Note>) {
        let pack = family.pack;
        let Some(oid) = Oid::from_raw(pack.id(entry)) else {
            return (Data::Broken, None);
        };
        // In the first pack every object is the one that counts, unless some are not to be shown.
        let number = self.objects.first(family.number) + pack.place(entry);
        let wanted = (family.number == 0 && self.objects.shows_all())
            || self.objects.number(oid) == Some(number);
        let mut buffer = self.pool.take();
        let base = match base {
            Data::Here(base) => Some(base.bytes()),
            Data::Dropped | Data::Broken => None,
        };
        if self.build(pack, entry, base, &mut buffer).is_none() {
            self.pool.give(buffer);
            let (data, note) = self.by_git(oid, Some(family.kind), wanted);
            return (data.map_or(Data::Broken, Data::Here), note);
        }
        let note = wanted.then(|| {
            let fresh = std::mem::take(&mut self.fresh);
            let base = match (base, note) {
                (Some(_), Some(note)) => Some(Base {
                    fresh: &fresh,
                    note,
                }),
                _ => None,
            };
            let note = self.show(oid, family.kind, buffer.bytes(), base);
            self.fresh = fresh;
            note
        });
        (Data::Here(buffer), note)
    }

    fn show(
        &mut self,
        oid: Oid,
        kind: Kind,
        data: &[u8],
        base: Option<Base<'_, V::Note>>,
    ) -> V::Note {
        self.visitor.object(Seen {
            oid,
            kind,
            data,
            base,
        })
    }

    /// The bytes of an entry; what is new against its base goes to `self.fresh`.
    fn build(
        &mut self,
        pack: &Pack,
        entry: u32,
        base: Option<&[u8]>,
        out: &mut Buffer,
    ) -> Option<()> {
        let (header, stream) = pack.entry(entry).ok()?;
        let length = usize::try_from(header.decompressed_size).ok()?;
        if pack.base(entry).is_none() {
            return self.inflater.whole(stream, length, out);
        }
        self.inflater.whole(stream, length, &mut self.delta)?;
        let delta = Delta::parse(self.delta.bytes())?;
        // Each byte of a delta makes at most so many of its result.
        if delta.size / (1 << 24) > self.delta.len() {
            return None;
        }
        delta.apply(base?, out.sized(delta.size), &mut self.fresh)
    }

    /// What cannot be built, Git may find elsewhere, in another pack or in a file of its own; if it
    /// does not, that is told where it is `wanted`.
    fn by_git(
        &mut self,
        oid: Oid,
        kind: Option<Kind>,
        wanted: bool,
    ) -> (Option<Buffer>, Option<V::Note>) {
        match self.repo.read(oid) {
            Ok(object) => {
                let note = wanted.then(|| self.show(oid, object.kind, &object.data, None));
                let same = kind.is_none_or(|kind| kind == object.kind);
                (same.then(|| Buffer::of(object.data)), note)
            }
            Err(error) => {
                if wanted {
                    self.visitor.broken(BrokenObject {
                        oid: Some(oid),
                        error,
                    });
                }
                (None, None)
            }
        }
    }

    /// Builds an object that was let go once more, from the first of its family on.
    fn again(&mut self, pack: &Pack, entry: u32) -> Data {
        let mut chain = vec![entry];
        while let Some(base) = chain.last().and_then(|entry| pack.base(*entry)) {
            chain.push(base);
        }
        let mut base: Option<Buffer> = None;
        for entry in chain.into_iter().rev() {
            let mut buffer = self.pool.take();
            let bytes = base.as_ref().map(Buffer::bytes);
            if self.build(pack, entry, bytes, &mut buffer).is_none() {
                let Some(oid) = Oid::from_raw(pack.id(entry)) else {
                    return Data::Broken;
                };
                match self.repo.read(oid) {
                    Ok(object) => buffer = Buffer::of(object.data),
                    Err(_) => return Data::Broken,
                }
            }
            if let Some(base) = base.replace(buffer) {
                self.pool.give(base);
            }
        }
        base.map_or(Data::Broken, Data::Here)
    }

    /// Lets the oldest bases go until what is left fits; the newest stays, which is needed next.
    fn make_room(&self, open: &mut [Open<V::Note>]) {
        let size = |one: &Open<V::Note>| match &one.data {
            Data::Here(data) => data.len(),
            Data::Dropped | Data::Broken => 0,
        };
        // A handful: the child with the most below it comes last, when its base is let go.
        let mut held: usize = open.iter().map(size).sum();
        let Some((_, older)) = open.split_last_mut() else {
            return;
        };
        for one in older {
            if held <= self.budget {
                return;
            }
            held -= size(one);
            if let Data::Here(_) = one.data {
                one.data = Data::Dropped;
            }
        }
    }
}
