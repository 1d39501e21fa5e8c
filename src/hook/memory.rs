//! What a server remembers between pushes, in `portcullis/` of its Git directory: who it is, which
//! tokens were spent, and where refs stood that a push is about to delete or rewrite.

use crate::git::{Oid, RefName, Repo};
use sha2::{Digest as _, Sha256};
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use time::OffsetDateTime;

/// How long a token that was spent in pre-receive lets the same push through in `update`, in seconds.
const SAME_PUSH: i64 = 600;
/// How long a spent token is remembered after its end, in seconds. Clocks are set back, and then it
/// must not count again; what is remembered takes no room.
const MARGIN: i64 = 366 * 86_400;
/// How long an old value waits for post-receive, in seconds.
const WAITS: i64 = 30 * 86_400;
/// The most that one push takes the time forward by which things are forgotten, in seconds.
const STRIDE: i64 = 86_400;

/// What came of spending a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spent {
    /// It is spent now.
    Now,
    /// Somebody was faster.
    Before,
}

/// The memory of one repository.
#[derive(Clone, Debug)]
pub struct Memory {
    git_dir: PathBuf,
    /// What the names of its refs are stored below (gitnamespaces(7)).
    namespace: Vec<u8>,
}

impl Memory {
    /// Of a repository; nothing is read or made yet.
    #[must_use]
    pub fn of(repo: &Repo) -> Self {
        Self {
            namespace: repo.namespace(),
            ..Self::at(repo.common_dir())
        }
    }

    /// Of the repository with this Git directory.
    #[must_use]
    pub fn at(git_dir: &Path) -> Self {
        Self {
            git_dir: git_dir.to_owned(),
            namespace: Vec::new(),
        }
    }

    fn dir(&self) -> PathBuf {
        self.git_dir.join("portcullis")
    }

    /// Who this repository is, `NAME-DIGITS`; none where that was never asked before.
    ///
    /// The digits are of a random number and of where the repository is: a copy of it somewhere else
    /// is another repository, and so is one that shares its objects in another namespace; no token for
    /// the one counts in the other.
    ///
    /// # Errors
    /// When it cannot be read, or is not what was written.
    pub fn identity(&self) -> io::Result<Option<String>> {
        let number = match fs::read(self.dir().join("id")) {
            Ok(number) => number,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let digits = number.trim_ascii_end();
        if digits.len() != 32 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(io::Error::other("it holds no 32 hexadecimal digits"));
        }
        let place = self.git_dir.canonicalize()?;
        let mut hash = Sha256::new();
        hash.update(b"portcullis repository 1\0");
        hash.update(digits);
        hash.update([0]);
        hash.update(place.as_os_str().as_encoded_bytes());
        if !self.namespace.is_empty() {
            hash.update([0]);
            hash.update(&self.namespace);
        }
        let own = place.file_name().filter(|name| *name != ".git");
        let name = own.or_else(|| place.parent()?.file_name());
        let name: String = name
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default()
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() || c == '.' {
                    c
                } else {
                    '_'
                }
            })
            .take(64)
            .collect();
        Ok(Some(format!("{name}-{}", hex(&hash.finalize()[..16]))))
    }

    /// The same, made where there is none.
    ///
    /// # Errors
    /// When it cannot be read or made.
    pub fn make_identity(&self) -> io::Result<String> {
        if let Some(known) = self.identity()? {
            return Ok(known);
        }
        let mut number = [0; 16];
        getrandom::fill(&mut number).map_err(io::Error::other)?;
        let dir = self.folder("")?;
        let mut file = tempfile::NamedTempFile::new_in(&dir)?;
        writeln!(file, "{}", hex(&number))?;
        file.as_file().sync_all()?;
        share(file.as_file());
        match file.persist_noclobber(dir.join("id")) {
            // Another push was faster; theirs counts.
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error.error),
            Ok(_) => {}
        }
        let missing = || io::Error::other("it is gone again");
        self.identity()?.ok_or_else(missing)
    }

    /// A folder of the memory, made where there is none, with the permissions of the folder of objects:
    /// who can push to the repository can write here.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn folder(&self, name: &str) -> io::Result<PathBuf> {
        let mut dir = self.dir();
        for part in ["", name] {
            if !part.is_empty() {
                dir.push(part);
            }
            match fs::create_dir(&dir) {
                Ok(()) => {
                    if let Ok(objects) = fs::metadata(self.git_dir.join("objects")) {
                        let _ = fs::set_permissions(&dir, objects.permissions());
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Ok(dir)
    }

    /// The time by which what is old is forgotten, in seconds since 1970: as a rule `now`, but with
    /// each push at most a day after what it was before. A clock that is years ahead for an hour
    /// makes nothing be forgotten; where nobody pushes for long, things stay for some pushes more.
    #[must_use]
    pub fn advance(&self, now: i64) -> i64 {
        let path = self.dir().join("clock");
        let before = fs::read(&path).ok();
        let before = before.and_then(|text| String::from_utf8(text).ok()?.trim().parse().ok());
        let seen = before.map_or(now, |before: i64| now.min(before.saturating_add(STRIDE)));
        // What cannot be written is worked out again; of two at once, either will do.
        let _ = self.folder("").and_then(|dir| {
            let mut file = tempfile::NamedTempFile::new_in(dir)?;
            writeln!(file, "{seen}")?;
            share(file.as_file());
            file.persist(&path).map(drop).map_err(|error| error.error)
        });
        seen
    }

    /// Whether a token of this id was spent.
    ///
    /// # Errors
    /// When that cannot be seen.
    pub fn is_spent(&self, id: &str) -> io::Result<bool> {
        match fs::symlink_metadata(self.dir().join("spent").join(id)) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Spends a token, which ends at `expires` (seconds since 1970); of two pushes at once, one does.
    ///
    /// # Errors
    /// When it cannot be written down; then it must not count.
    pub fn spend(&self, id: &str, option: &[u8], expires: i64, now: i64) -> io::Result<Spent> {
        let dir = self.folder("spent")?;
        self.forget(&dir, self.advance(now));
        let made = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(dir.join(id));
        let mut file = match made {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(Spent::Before),
            Err(error) => return Err(error),
        };
        let line = [format!("{expires} {now} ").as_bytes(), option, b"\n"].concat();
        file.write_all(&line)?;
        file.sync_all()?;
        // The name must be on the disk as well.
        #[cfg(unix)]
        fs::File::open(&dir)?.sync_all()?;
        Ok(Spent::Now)
    }

    /// The push options whose tokens were spent within the last ten minutes: where both pre-receive and
    /// `update` judge, the second sees no options, and this is what the first has let in.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn just_spent(&self, now: i64) -> io::Result<Vec<Vec<u8>>> {
        let mut words = Vec::new();
        for path in entries(&self.dir().join("spent"))? {
            if let Some((_, spent, word)) = line(&fs::read(path)?)
                && (0..SAME_PUSH).contains(&now.saturating_sub(spent))
            {
                words.push(word);
            }
        }
        words.sort();
        Ok(words)
    }

    /// Removes what nobody asks for any more; what stays behind is harmless.
    fn forget(&self, dir: &Path, now: i64) {
        for path in entries(dir).unwrap_or_default() {
            let over = match fs::read(&path).ok().and_then(|text| line(&text)) {
                Some((expires, ..)) => expires.saturating_add(MARGIN) < now,
                None => is_before(&path, now.saturating_sub(MARGIN)),
            };
            if over {
                let _ = fs::remove_file(path);
            }
        }
    }

    /// Remembers where a ref stands that is about to be deleted or rewritten, for post-receive. It is
    /// pushed to as `name`, where the pusher claims that `claimed` stands, and what is written then is
    /// `written`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn remember(
        &self,
        name: &RefName,
        claimed: Option<Oid>,
        written: &RefName,
        old: Oid,
        now: i64,
    ) -> io::Result<()> {
        let dir = self.folder("deleted")?;
        let seen = self.advance(now);
        for path in entries(&dir)? {
            if is_before(&path, seen.saturating_sub(WAITS)) {
                let _ = fs::remove_file(path);
            }
        }
        let mut file = tempfile::NamedTempFile::new_in(&dir)?;
        let text = [old.to_string().as_bytes(), b"\n", written.as_bytes(), b"\n"].concat();
        file.write_all(&text)?;
        share(file.as_file());
        file.persist(dir.join(deletion(name, claimed)))
            .map(drop)
            .map_err(|error| error.error)
    }

    /// What was remembered, once.
    #[must_use]
    pub fn recall(&self, name: &RefName, claimed: Option<Oid>) -> Option<Oid> {
        let path = self.dir().join("deleted").join(deletion(name, claimed));
        let left = Left::read(path)?;
        let old = left.old;
        left.forget();
        Some(old)
    }

    /// All that was remembered and nobody has asked for yet.
    #[must_use]
    pub fn left(&self) -> Vec<Left> {
        let all = entries(&self.dir().join("deleted")).unwrap_or_default();
        all.into_iter().filter_map(Left::read).collect()
    }
}

/// Where a ref stood before a push that was about to be let in.
#[derive(Debug)]
pub struct Left {
    /// The ref.
    pub name: RefName,
    /// Where it stood.
    pub old: Oid,
    path: PathBuf,
}

impl Left {
    fn read(path: PathBuf) -> Option<Self> {
        let text = fs::read(&path).ok()?;
        let mut lines = text.split(|byte| *byte == b'\n');
        let (old, name) = (lines.next()?, lines.next()?);
        // A line without an end is still being written.
        lines.next()?;
        Some(Self {
            old: Oid::parse(old).ok().flatten()?,
            name: RefName::new(name).ok()?,
            path,
        })
    }

    /// Remembers it no longer.
    pub fn forget(self) {
        let _ = fs::remove_file(self.path);
    }
}

/// A temporary file is its owner's alone; other accounts may push to the repository as well.
fn share(file: &fs::File) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let _ = file.set_permissions(fs::Permissions::from_mode(0o644));
    }
    #[cfg(not(unix))]
    let _ = file;
}

/// Whether a file was written before a time, in seconds since 1970.
fn is_before(path: &Path, time: i64) -> bool {
    let changed = fs::metadata(path).and_then(|found| found.modified());
    changed.is_ok_and(|at| OffsetDateTime::from(at).unix_timestamp() < time)
}

/// `EXPIRES SPENT OPTION`
fn line(text: &[u8]) -> Option<(i64, i64, Vec<u8>)> {
    let mut words = text.strip_suffix(b"\n")?.splitn(3, |byte| *byte == b' ');
    let mut number = || std::str::from_utf8(words.next()?).ok()?.parse().ok();
    let (expires, spent) = (number()?, number()?);
    Some((expires, spent, words.next()?.to_vec()))
}

fn entries(dir: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(dir) {
        Ok(list) => list.map(|entry| entry.map(|entry| entry.path())).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn deletion(name: &RefName, claimed: Option<Oid>) -> String {
    let mut hash = Sha256::new();
    hash.update(claimed.as_ref().map_or(&[][..], Oid::as_raw));
    hash.update(b"\0");
    hash.update(name.as_bytes());
    hex(&hash.finalize()[..16])
}

/// Whether a repository may call itself so: `NAME-DIGITS`, 32 of them, as [`Memory::identity`] makes it.
#[must_use]
pub fn is_identity(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._".contains(&byte);
    text.rsplit_once('-').is_some_and(|(name, digits)| {
        name.bytes().all(plain)
            && digits.len() == 32
            && digits
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_copy_is_another_repository_and_a_repository_stays_itself() {
        let dir = tempfile::tempdir().unwrap();
        let (one, two) = (dir.path().join("a-b.git"), dir.path().join("copy.git"));
        fs::create_dir_all(&one).unwrap();
        fs::create_dir_all(two.join("portcullis")).unwrap();
        let memory = Memory::at(&one);
        assert_eq!(memory.identity().unwrap(), None);
        let id = memory.make_identity().unwrap();
        assert!(id.starts_with("a_b.git-"), "{id}");
        assert!(is_identity(&id), "{id}");
        assert_eq!(memory.make_identity().unwrap(), id);
        assert_eq!(memory.identity().unwrap(), Some(id.clone()));
        let inner = Memory {
            namespace: b"refs/namespaces/a/".to_vec(),
            ..memory.clone()
        };
        assert_ne!(inner.identity().unwrap(), Some(id.clone()));
        fs::copy(one.join("portcullis/id"), two.join("portcullis/id")).unwrap();
        assert_ne!(Memory::at(&two).identity().unwrap().unwrap()[8..], id[7..]);
        fs::write(one.join("portcullis/id"), "x\n").unwrap();
        assert!(memory.identity().is_err());
        assert!(memory.make_identity().is_err());
    }

    #[test]
    fn a_token_is_spent_once_and_forgotten_long_after_its_end() {
        let dir = tempfile::tempdir().unwrap();
        let memory = Memory::at(dir.path());
        assert!(!memory.is_spent("a").unwrap());
        assert_eq!(memory.spend("a", b"w", 1_000, 900).unwrap(), Spent::Now);
        assert!(memory.is_spent("a").unwrap());
        assert_eq!(memory.spend("a", b"w", 1_000, 900).unwrap(), Spent::Before);
        assert_eq!(memory.just_spent(901).unwrap(), [b"w"]);
        assert_eq!(memory.just_spent(900 + SAME_PUSH).unwrap(), [b""; 0]);
        assert_eq!(memory.just_spent(899).unwrap(), [b""; 0]);
        // A crash in the middle of it leaves it spent.
        fs::write(dir.path().join("portcullis/spent/b"), "").unwrap();
        let late = 1_001 + MARGIN;
        // A clock that is years ahead for some pushes forgets nothing, and back again it stays spent.
        for _ in 0..20 {
            assert_eq!(memory.spend("b", b"w", late, late).unwrap(), Spent::Before);
            assert!(memory.is_spent("a").unwrap());
        }
        assert_eq!(memory.spend("a", b"w", 1_000, 950).unwrap(), Spent::Before);
        // Time that passes push by push does.
        for _ in 0..=late / STRIDE {
            assert_eq!(memory.spend("b", b"w", late, late).unwrap(), Spent::Before);
        }
        assert!(!memory.is_spent("a").unwrap());
        assert!(memory.is_spent("b").unwrap());
    }

    #[test]
    fn time_is_believed_a_day_at_a_time_forward_and_at_once_back() {
        let dir = tempfile::tempdir().unwrap();
        let memory = Memory::at(dir.path());
        let day = STRIDE;
        let seen = |now| memory.advance(now);
        assert_eq!(seen(100 * day), 100 * day);
        assert_eq!(seen(100 * day + 5), 100 * day + 5);
        assert_eq!(seen(4_000 * day), 101 * day + 5);
        assert_eq!(seen(4_000 * day), 102 * day + 5);
        assert_eq!(seen(100 * day + 9), 100 * day + 9);
        fs::write(dir.path().join("portcullis/clock"), "x").unwrap();
        assert_eq!(memory.advance(7), 7);
    }

    #[test]
    fn of_many_at_once_one_spends() {
        let dir = tempfile::tempdir().unwrap();
        let memory = Memory::at(dir.path());
        let spend = || memory.spend("a", b"w", 2, 1).unwrap() == Spent::Now;
        let won = std::thread::scope(|scope| {
            let all: Vec<_> = (0..8).map(|_| scope.spawn(spend)).collect();
            all.into_iter()
                .map(|one| one.join().unwrap())
                .filter(|won| *won)
                .count()
        });
        assert_eq!(won, 1);
    }

    #[test]
    fn an_old_value_is_remembered_until_it_is_asked_for() {
        let dir = tempfile::tempdir().unwrap();
        let memory = Memory::at(dir.path());
        let name = RefName::new(b"refs/heads/main").unwrap();
        let oid = |digit: u8| Oid::from_raw(&[digit; 20]);
        memory
            .remember(&name, oid(9), &name, oid(1).unwrap(), 1_000)
            .unwrap();
        let left = memory.left();
        assert_eq!((left.len(), &left[0].name), (1, &name));
        assert_eq!(memory.recall(&name, None), None);
        assert_eq!(memory.recall(&name, oid(9)), oid(1));
        assert_eq!(memory.recall(&name, oid(9)), None);
    }
}
