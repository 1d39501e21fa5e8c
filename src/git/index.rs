//! What the next commit will contain, read from the index and compared by object id.

use super::object::Mode;
use super::reader::{ReadError, broken};
use super::repo::Repo;
use super::tree::{Changed, ParentTree, UnreadTree, changed_below};
use super::{Oid, RepoPath};
use gix_index::entry::{Flags, Stage};
use gix_index::extension::Tree as CachedTree;

/// One path of the index.
#[derive(Clone, Copy, Debug)]
pub struct Staged<'a> {
    /// The path, from the top.
    pub path: &'a [u8],
    /// What it is. [`Mode::Tree`] stands for a whole directory of a sparse index.
    pub mode: Mode,
    /// Its object.
    pub oid: Oid,
}

/// The index: sorted paths, and the trees that Git has cached for directories without a change.
pub struct Index {
    /// All paths, one behind the other.
    paths: Vec<u8>,
    entries: Vec<Entry>,
    cached: Option<CachedTree>,
}

/// A path, as a range of all paths, and what it is.
struct Entry {
    path: std::ops::Range<usize>,
    mode: Mode,
    oid: Oid,
}

impl Index {
    /// Reads the index of the repository; one that is not there is empty.
    ///
    /// Unmerged paths are there with each of their stages; paths that are only announced
    /// (`git add -N`) are not, since no commit holds them.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(repo: &Repo) -> Result<Self, ReadError> {
        let file = repo.index_file();
        if !file.try_exists().map_err(broken)? {
            return Ok(Self::empty());
        }
        if repo.is_in_process() {
            Self::read_file(&file).or_else(|_| Self::ask(repo))
        } else {
            Self::ask(repo)
        }
    }

    fn empty() -> Self {
        Self {
            paths: Vec::new(),
            entries: Vec::new(),
            cached: None,
        }
    }

    fn push(&mut self, path: &[u8], mode: Mode, oid: Oid) {
        let start = self.paths.len();
        self.paths.extend_from_slice(path);
        let path = start..self.paths.len();
        self.entries.push(Entry { path, mode, oid });
    }

    fn read_file(file: &std::path::Path) -> Result<Self, ReadError> {
        let options = gix_index::decode::Options {
            thread_limit: Some(1),
            ..Default::default()
        };
        // The checksum is Git's to verify: it wrote the file a moment ago, and where the file is
        // damaged the decoder or the objects say so.
        let sha1 = gix_index::hash::Kind::Sha1;
        let mut index = gix_index::File::at(file, sha1, true, options).map_err(broken)?;
        let mut read = Self::empty();
        read.entries.reserve(index.entries().len());
        for entry in index.entries() {
            if entry.flags.contains(Flags::INTENT_TO_ADD) && entry.stage() == Stage::Unconflicted {
                continue;
            }
            let path: &[u8] = entry.path(&index);
            let oid = Oid::from_raw(entry.id.as_bytes());
            read.push(
                path.strip_suffix(b"/").unwrap_or(path),
                Mode::of(entry.mode.bits()),
                oid.ok_or_else(|| broken("a zero id in the index"))?,
            );
        }
        // An announced path makes the counts of the cached trees differ from ours.
        let whole = read.entries.len() == index.entries().len();
        read.cached = index.remove_tree().filter(|_| whole);
        Ok(read)
    }

    /// The same through the `git` program, for an index that the library does not know.
    fn ask(repo: &Repo) -> Result<Self, ReadError> {
        let listed = repo
            .git(["ls-files", "--stage", "--full-name", "-z", ":/"])
            .output();
        let mut read = Self::empty();
        for line in listed.map_err(broken)?.split(|byte| *byte == 0) {
            if !line.is_empty() {
                let staged = staged_line(line);
                let staged = staged.ok_or_else(|| broken("git ls-files gave an odd line"))?;
                read.push(staged.path, staged.mode, staged.oid);
            }
        }
        Ok(read)
    }

    /// All its paths, sorted.
    pub fn entries(&self) -> impl Iterator<Item = Staged<'_>> {
        self.entries.iter().map(|entry| Staged {
            path: self.path(entry),
            mode: entry.mode,
            oid: entry.oid,
        })
    }

    fn path(&self, entry: &Entry) -> &[u8] {
        &self.paths[entry.path.clone()]
    }

    /// Visits every path whose mode or object is in none of the `parents` (trees) at that path.
    /// What cannot be read is visited as an error, and the rest goes on.
    pub fn changed(
        &self,
        repo: &Repo,
        parents: &[Oid],
        visit: &mut dyn FnMut(Result<Changed, UnreadTree>),
    ) {
        let mut walk = Walk {
            index: self,
            repo,
            visit,
        };
        walk.directory(
            &RepoPath::new(b""),
            &self.entries,
            self.cached.as_ref(),
            parents,
        );
    }
}

/// `MODE OID STAGE<TAB>PATH`
fn staged_line(line: &[u8]) -> Option<Staged<'_>> {
    let tab = memchr::memchr(b'\t', line)?;
    let mut words = line[..tab].split(|byte| *byte == b' ');
    let mode = u32::from_str_radix(std::str::from_utf8(words.next()?).ok()?, 8).ok()?;
    Some(Staged {
        path: &line[tab + 1..],
        mode: Mode::of(mode),
        oid: Oid::parse(words.next()?).ok()??,
    })
}

struct Walk<'a> {
    index: &'a Index,
    repo: &'a Repo,
    visit: &'a mut dyn FnMut(Result<Changed, UnreadTree>),
}

impl Walk<'_> {
    /// `entries` are those below `at`; `cached` is Git's cached tree for it.
    fn directory(
        &mut self,
        at: &RepoPath,
        entries: &[Entry],
        cached: Option<&CachedTree>,
        parents: &[Oid],
    ) {
        let clean = cached
            .filter(|tree| tree.num_entries.is_some())
            .and_then(|tree| Oid::from_raw(tree.id.as_bytes()));
        if clean.is_some_and(|tree| parents.contains(&tree)) {
            return;
        }
        // A parent that cannot be read makes nothing old: more is examined, not less.
        let old: Vec<ParentTree> = parents
            .iter()
            .filter_map(|parent| ParentTree::read(self.repo, *parent).ok())
            .collect();
        let skip = if at.as_bytes().is_empty() {
            0
        } else {
            at.as_bytes().len() + 1
        };
        let mut rest = entries;
        while let Some(first) = rest.first() {
            let path = self.index.path(first);
            let name = &path[skip..];
            let Some(slash) = memchr::memchr(b'/', name) else {
                self.entry(first, name, &old);
                rest = &rest[1..];
                continue;
            };
            let (name, prefix) = (&name[..slash], &path[..=skip + slash]);
            let count = rest.partition_point(|entry| self.index.path(entry).starts_with(prefix));
            let parents: Vec<Oid> = old
                .iter()
                .filter_map(|parent| parent.get(name))
                .filter(|(mode, _)| *mode == Mode::Tree)
                .map(|(_, oid)| oid)
                .collect();
            let child =
                cached.and_then(|tree| tree.children.iter().find(|child| child.name[..] == *name));
            self.directory(&at.join(name), &rest[..count.max(1)], child, &parents);
            rest = &rest[count.max(1)..];
        }
    }

    fn entry(&mut self, entry: &Entry, name: &[u8], old: &[ParentTree]) {
        let there = || old.iter().filter_map(|parent| parent.get(name));
        if there().any(|known| known == (entry.mode, entry.oid)) {
            return;
        }
        if entry.mode == Mode::Tree {
            let parents: Vec<Oid> = there()
                .filter(|(mode, _)| *mode == Mode::Tree)
                .map(|(_, oid)| oid)
                .collect();
            let at = RepoPath::new(self.index.path(entry));
            return changed_below(self.repo, &at, entry.oid, &parents, self.visit);
        }
        (self.visit)(Ok(Changed {
            path: RepoPath::new(self.index.path(entry)),
            mode: entry.mode,
            oid: entry.oid,
            before: there()
                .filter(|(mode, _)| !matches!(mode, Mode::Tree | Mode::Gitlink))
                .map(|(_, oid)| oid)
                .collect(),
        }));
    }
}
