//! Objects that stand in files of their own (gitrepository-layout(5), `objects/[0-9a-f][0-9a-f]`).

use super::LARGE;
use super::inflate::{Buffer, Inflater, Streamed};
use crate::git::{Kind, Oid};
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// The loose objects of all object directories, sorted by id.
#[derive(Default)]
pub(super) struct Loose {
    found: Vec<(Oid, u32)>,
    /// Those that the walk over blobs has found to be something else.
    left: Vec<AtomicBool>,
    directories: Vec<PathBuf>,
}

impl Loose {
    /// Notes what there is in an object directory, without reading it.
    pub(super) fn add(&mut self, objects: &Path) -> io::Result<()> {
        let number = self.directories.len() as u32;
        self.directories.push(objects.to_owned());
        let mut hex = Vec::new();
        for first in 0..=u8::MAX {
            let name = format!("{first:02x}");
            let files = match std::fs::read_dir(objects.join(&name)) {
                Ok(files) => files,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            for file in files {
                hex.clear();
                hex.extend_from_slice(name.as_bytes());
                hex.extend_from_slice(file?.file_name().as_encoded_bytes());
                // Anything else is on its way there: `tmp_obj_…`.
                if let Ok(Some(oid)) = Oid::parse(&hex) {
                    self.found.push((oid, number));
                }
            }
        }
        Ok(())
    }

    /// Readies it for questions, after all was added.
    pub(super) fn sort(&mut self) {
        self.found.sort_unstable();
        self.found.dedup_by_key(|(oid, _)| *oid);
        self.left.resize_with(self.found.len(), AtomicBool::default);
    }

    /// All of them.
    pub(super) fn oids(&self) -> Vec<Oid> {
        self.found.iter().map(|(oid, _)| *oid).collect()
    }

    /// Takes those out that are in a sorted list.
    pub(super) fn take_out(&mut self, listed: &[Oid]) {
        self.found
            .retain(|(oid, _)| listed.binary_search(oid).is_err());
    }

    pub(super) fn len(&self) -> usize {
        self.found.len()
    }

    pub(super) fn oid(&self, index: usize) -> Oid {
        self.found[index].0
    }

    /// The raw id of one.
    pub(super) fn raw(&self, index: u32) -> &[u8] {
        self.found[index as usize].0.as_raw()
    }

    /// Notes that one is no blob.
    pub(super) fn leave(&self, index: usize) {
        self.left[index].store(true, Ordering::Relaxed);
    }

    /// Whether that was noted.
    pub(super) fn is_left(&self, index: usize) -> bool {
        self.left[index].load(Ordering::Relaxed)
    }

    /// Reads one; `None` where it is broken or gone.
    pub(super) fn read(
        &self,
        index: usize,
        inflater: &mut Inflater,
        out: &mut Buffer,
    ) -> Option<Found> {
        let mut file = File::open(self.path(index)).ok()?;
        inflater.stored.resize(FIRST, 0);
        let read = file.read(&mut inflater.stored).ok()?;
        inflater.stored.truncate(read);
        let mut known = None;
        if read == FIRST {
            let (kind, skip, length) = inflater.head(header)?;
            if kind == Kind::Blob && length as u64 > LARGE {
                return Some(Found::Large(length as u64));
            }
            file.read_to_end(&mut inflater.stored).ok()?;
            known = Some(skip.checked_add(length)?);
        }
        inflater.loose(known, out, header).map(Found::Here)
    }

    /// The file of a blob of more than [`LARGE`] bytes, listed or not, and how many it has.
    pub(super) fn large(&self, oid: Oid) -> Option<(PathBuf, u64)> {
        self.directories.iter().find_map(|directory| {
            let path = place(directory, oid);
            // It could not be in less, whatever it holds.
            path.metadata()
                .ok()
                .filter(|file| file.len() > FIRST as u64)?;
            let (kind, length, _) = begin(&path).ok()?;
            (kind == Kind::Blob && length > LARGE).then_some((path, length))
        })
    }

    /// The file of one.
    pub(super) fn path(&self, index: usize) -> PathBuf {
        let (oid, directory) = self.found[index];
        place(&self.directories[directory as usize], oid)
    }
}

/// Where the file of an object is in an object directory.
fn place(directory: &Path, oid: Oid) -> PathBuf {
    let hex = oid.to_string();
    let mut path = directory.as_os_str().to_owned();
    path.reserve(hex.len() + 2);
    for part in ["/", &hex[..2], "/", &hex[2..]] {
        path.push(part);
    }
    path.into()
}

/// Begins to read a file behind its header, which says what it is and how many bytes follow.
pub(super) fn begin(path: &Path) -> io::Result<(Kind, u64, Streamed<File>)> {
    let mut stream = Streamed::new(File::open(path)?, u64::MAX);
    let mut head = Vec::new();
    while head.last() != Some(&0) && head.len() < MAX_HEADER {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.extend(byte);
    }
    let (kind, skip, length) = header(&head).ok_or(io::ErrorKind::InvalidData)?;
    let all = skip.checked_add(length).ok_or(io::ErrorKind::InvalidData)?;
    stream.expect(all as u64);
    Ok((kind, length as u64, stream))
}

/// What was found in a file.
pub(super) enum Found {
    /// An object, which was inflated.
    Here(Kind),
    /// A blob of so many bytes, which was not.
    Large(u64),
}

/// So much of a file is read at first: most have no more.
const FIRST: usize = 1 << 16;

/// No header is longer.
const MAX_HEADER: usize = 64;

/// `blob 123\0`: the kind, how long the header is, and how many bytes follow.
fn header(head: &[u8]) -> Option<(Kind, usize, usize)> {
    let end = memchr::memchr(0, head)?;
    let space = memchr::memchr(b' ', &head[..end])?;
    let length = std::str::from_utf8(&head[space + 1..end]).ok()?;
    Some((Kind::of(&head[..space])?, end + 1, length.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_says_kind_and_length() {
        assert_eq!(header(b"blob 12\0abc"), Some((Kind::Blob, 8, 12)));
        for wrong in [&b"blob 12"[..], b"blob\0", b"blub 1\0", b"blob -1\0"] {
            assert_eq!(header(wrong), None);
        }
    }
}
