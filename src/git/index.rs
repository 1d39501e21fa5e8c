//! What the next commit will contain, read from the index and compared by object id.

use super::object::Mode;
use super::reader::{ReadError, broken};
use super::repo::Repo;
use super::tree::{Changed, ParentTree, UnreadTree, changed_below};
use super::{Oid, RepoPath};
use gix_index::entry::{Flags, Stage};
use gix_index::extension::Tree as CachedTree;

/// One path of the index.
#[derive(Clone, Debug)]
pub struct Staged {
    /// The path, from the top.
    pub path: RepoPath,
    /// What it is. [`Mode::Tree`] stands for a whole directory of a sparse index.
    pub mode: Mode,
    /// Its object.
    pub oid: Oid,
}

/// The index: sorted paths, and the trees that Git has cached for directories without a change.
pub struct Index {
    entries: Vec<Staged>,
    cached: Option<CachedTree>,
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
            return Ok(Self {
                entries: Vec::new(),
                cached: None,
            });
        }
        if repo.is_in_process() {
            Self::read_file(&file).or_else(|_| Self::ask(repo))
        } else {
            Self::ask(repo)
        }
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
        let mut entries = Vec::with_capacity(index.entries().len());
        for entry in index.entries() {
            if entry.flags.contains(Flags::INTENT_TO_ADD) && entry.stage() == Stage::Unconflicted {
                continue;
            }
            let path: &[u8] = entry.path(&index);
            entries.push(Staged {
                path: RepoPath::new(path.strip_suffix(b"/").unwrap_or(path)),
                mode: Mode::of(entry.mode.bits()),
                oid: Oid::from_raw(entry.id.as_bytes())
                    .ok_or_else(|| broken("a zero id in the index"))?,
            });
        }
        // An announced path makes the counts of the cached trees differ from ours.
        let whole = entries.len() == index.entries().len();
        Ok(Self {
            entries,
            cached: index.remove_tree().filter(|_| whole),
        })
    }

    /// The same through the `git` program, for an index that the library does not know.
    fn ask(repo: &Repo) -> Result<Self, ReadError> {
        let listed = repo
            .git(["ls-files", "--stage", "--full-name", "-z", ":/"])
            .output();
        let entries = listed
            .map_err(broken)?
            .split(|byte| *byte == 0)
            .filter(|line| !line.is_empty())
            .map(|line| staged_line(line).ok_or_else(|| broken("git ls-files gave an odd line")))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            entries,
            cached: None,
        })
    }

    /// All its paths, sorted.
    #[must_use]
    pub fn entries(&self) -> &[Staged] {
        &self.entries
    }

    /// Visits every path whose mode or object is in none of the `parents` (trees) at that path.
    /// What cannot be read is visited as an error, and the rest goes on.
    pub fn changed(
        &self,
        repo: &Repo,
        parents: &[Oid],
        visit: &mut dyn FnMut(Result<Changed, UnreadTree>),
    ) {
        let mut walk = Walk { repo, visit };
        walk.directory(
            &RepoPath::new(b""),
            &self.entries,
            self.cached.as_ref(),
            parents,
        );
    }
}

/// `MODE OID STAGE<TAB>PATH`
fn staged_line(line: &[u8]) -> Option<Staged> {
    let tab = memchr::memchr(b'\t', line)?;
    let mut words = line[..tab].split(|byte| *byte == b' ');
    let mode = u32::from_str_radix(std::str::from_utf8(words.next()?).ok()?, 8).ok()?;
    Some(Staged {
        path: RepoPath::new(&line[tab + 1..]),
        mode: Mode::of(mode),
        oid: Oid::parse(words.next()?).ok()??,
    })
}

struct Walk<'a> {
    repo: &'a Repo,
    visit: &'a mut dyn FnMut(Result<Changed, UnreadTree>),
}

impl Walk<'_> {
    /// `entries` are those below `at`; `cached` is Git's cached tree for it.
    fn directory(
        &mut self,
        at: &RepoPath,
        entries: &[Staged],
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
            let name = &first.path.as_bytes()[skip..];
            let Some(slash) = memchr::memchr(b'/', name) else {
                self.entry(first, name, &old);
                rest = &rest[1..];
                continue;
            };
            let (name, prefix) = (&name[..slash], &first.path.as_bytes()[..=skip + slash]);
            let count = rest.partition_point(|entry| entry.path.as_bytes().starts_with(prefix));
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

    fn entry(&mut self, entry: &Staged, name: &[u8], old: &[ParentTree]) {
        let there = || old.iter().filter_map(|parent| parent.get(name));
        if there().any(|known| known == (entry.mode, entry.oid)) {
            return;
        }
        if entry.mode == Mode::Tree {
            let parents: Vec<Oid> = there()
                .filter(|(mode, _)| *mode == Mode::Tree)
                .map(|(_, oid)| oid)
                .collect();
            return changed_below(self.repo, &entry.path, entry.oid, &parents, self.visit);
        }
        (self.visit)(Ok(Changed {
            path: entry.path.clone(),
            mode: entry.mode,
            oid: entry.oid,
            before: there()
                .filter(|(mode, _)| !matches!(mode, Mode::Tree | Mode::Gitlink))
                .map(|(_, oid)| oid)
                .collect(),
        }));
    }
}
