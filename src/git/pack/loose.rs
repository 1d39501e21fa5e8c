//! Objects that stand in files of their own (gitrepository-layout(5), `objects/[0-9a-f][0-9a-f]`).

use super::inflate::{Buffer, Inflater};
use crate::git::{Kind, Oid};
use std::io;
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
    ) -> Option<Kind> {
        let (oid, directory) = self.found[index];
        let hex = oid.to_string();
        let path = self.directories[directory as usize]
            .join(&hex[..2])
            .join(&hex[2..]);
        let stored = std::fs::read(path).ok()?;
        inflater.loose(&stored, out, header)
    }
}

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
