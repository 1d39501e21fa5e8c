//! What is still to be told to the addresses of `audit.notify`: one file for each of them and each
//! push, below the Git directory. A push only puts it there; it is told after the push, by a process
//! of its own, so that nobody waits for it and nothing depends on it.
//!
//! A file is `TIME-PUSH-ADDRESS.json`: milliseconds since 1970, 16 digits of chance, and the first 16
//! digits of the SHA-256 of the address, which may be a secret itself. It is the body of the message.

use super::PushId;
use super::chain::hex;
use crate::git::{Repo, counted, escape};
use crate::hook::memory::Memory;
use crate::policy::settings::Address;
use fs4::TryLockError;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use time::OffsetDateTime;

/// Its name among the folders of the memory.
const FOLDER: &str = "spool";

/// More messages than that are not kept: an address has been silent for long.
const MOST: usize = 1000;

/// Nor more than so many bytes: a push of many refs makes a long message.
const MOST_BYTES: u64 = 256 << 20;

/// What a message is called until it is whole, with chance behind it.
const PARTIAL: &str = ".tmp";

/// What is older and still called so was left by a crash: a message is written in no time.
const LEFT: Duration = Duration::from_secs(24 * 3_600);

/// How long one waits for another that is sending; who began goes on with what is there then.
const PATIENCE: Duration = Duration::from_millis(200);

/// How long a message is kept for an address that does not answer, in milliseconds.
const KEPT: i128 = 7 * 24 * 3_600_000;

/// The messages of a repository.
#[derive(Clone, Debug)]
pub struct Spool {
    memory: Memory,
    dir: PathBuf,
    repository: String,
}

/// What is told of a push.
#[derive(Serialize)]
struct Message<'a, T> {
    version: u32,
    /// The name of its folder, escaped.
    repository: &'a str,
    entries: &'a [T],
}

/// What became of the messages.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// How many were told.
    pub told: usize,
    /// How many wait for the next time.
    pub left: usize,
    /// How many nobody can be told any more: too old, or the policy names their address no longer.
    pub dropped: usize,
    /// Why, each reason once.
    pub why: BTreeSet<String>,
}

impl Spool {
    /// Of a repository; nothing is made yet.
    #[must_use]
    pub fn of(repo: &Repo) -> Self {
        let place = repo.common_dir();
        let place = place.canonicalize().unwrap_or_else(|_| place.to_owned());
        let own = place.file_name().filter(|name| *name != ".git");
        let name = own.or_else(|| place.parent()?.file_name());
        Self {
            memory: Memory::of(repo),
            dir: place.join("portcullis").join(FOLDER),
            repository: name.map_or_else(String::new, |name| escape(name.as_encoded_bytes())),
        }
    }

    /// Keeps what each of the addresses is to be told; nothing where there is nothing to tell.
    ///
    /// # Errors
    /// When it cannot be written, or too much waits already.
    pub fn put<T: Serialize>(
        &self,
        entries: &[T],
        addresses: &[Address],
        now: OffsetDateTime,
    ) -> io::Result<()> {
        if entries.is_empty() || addresses.is_empty() {
            return Ok(());
        }
        self.memory.folder(FOLDER)?;
        let message = Message {
            version: 1,
            repository: &self.repository,
            entries,
        };
        let body = serde_json::to_vec(&message)?;
        self.sweep(now)?;
        let waiting = self.named(&|name| is_whole(name) || is_partial(name))?;
        let lengths = waiting.iter().map(|name| self.dir.join(name).metadata());
        let bytes: u64 = lengths.flatten().map(|file| file.len()).sum();
        let more = (body.len() * addresses.len()) as u64;
        if waiting.len() + addresses.len() > MOST || bytes + more > MOST_BYTES {
            return Err(io::Error::other(format!(
                "{} already; `portcullis audit send` says why",
                counted(waiting.len(), "message waits", "messages wait")
            )));
        }
        let time = now.unix_timestamp_nanos() / 1_000_000;
        let id = PushId::new();
        for address in addresses {
            let mut file = tempfile::Builder::new()
                .prefix(PARTIAL)
                .tempfile_in(&self.dir)?;
            file.write_all(&body)?;
            self.share(file.as_file())?;
            let name = format!("{time:013}-{}-{}.json", id.as_str(), digest(address));
            file.persist(self.dir.join(name))
                .map_err(|error| error.error)?;
        }
        Ok(())
    }

    /// Tells what waits, oldest first; `post` sends a file to an address. An address that does not
    /// take one is not asked again this time. Of two processes at once, one tells all.
    ///
    /// # Errors
    /// When what waits cannot be listed.
    pub fn send(
        &self,
        addresses: &[Address],
        post: &dyn Fn(&Address, &Path) -> Result<(), String>,
        now: OffsetDateTime,
    ) -> io::Result<Sent> {
        let mut sent = Sent::default();
        if !self.dir.is_dir() {
            return Ok(sent);
        }
        let lock = self.lock()?;
        let started = Instant::now();
        loop {
            match fs4::FileExt::try_lock(&lock) {
                Ok(()) => break,
                // One that is just about to end would not see what has come since.
                Err(TryLockError::WouldBlock) if started.elapsed() < PATIENCE => {
                    std::thread::sleep(PATIENCE / 20);
                }
                Err(TryLockError::WouldBlock) => return Ok(sent),
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
        self.sweep(now)?;
        let before = now.unix_timestamp_nanos() / 1_000_000 - KEPT;
        let (mut silent, mut seen) = (BTreeSet::new(), BTreeSet::new());
        loop {
            // A push may put more there while the first ones are told.
            let waiting = self.waiting()?;
            let fresh: Vec<String> = waiting
                .into_iter()
                .filter(|n| seen.insert(n.clone()))
                .collect();
            if fresh.is_empty() {
                return Ok(sent);
            }
            for name in fresh {
                let path = self.dir.join(&name);
                let mut parts = name.trim_end_matches(".json").splitn(3, '-');
                let time = parts.next().and_then(|time| time.parse::<i128>().ok());
                let to = parts.nth(1).unwrap_or_default();
                let address = addresses.iter().find(|address| digest(address) == to);
                let Some(address) = address.filter(|_| time.is_some_and(|time| time > before))
                else {
                    fs::remove_file(path)?;
                    sent.dropped += 1;
                    continue;
                };
                if silent.contains(to) {
                    sent.left += 1;
                    continue;
                }
                match post(address, &path) {
                    Ok(()) => {
                        fs::remove_file(path)?;
                        sent.told += 1;
                    }
                    Err(why) => {
                        sent.why.insert(why);
                        silent.insert(to.to_owned());
                        sent.left += 1;
                    }
                }
            }
        }
    }

    /// The file that whoever tells holds; of several accounts any may have made it.
    fn lock(&self) -> io::Result<fs::File> {
        let path = self.dir.join("lock");
        let made = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path);
        match made {
            Ok(file) => self.share(&file).map(|()| file),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => fs::File::open(&path),
            Err(error) => Err(error),
        }
    }

    /// Has a new file be for the group too where the folder is, and for nobody beyond it, as the log.
    fn share(&self, file: &fs::File) -> io::Result<()> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let group = fs::metadata(&self.dir)?.permissions().mode() & 0o020 != 0;
            let mode = if group { 0o660 } else { 0o600 };
            file.set_permissions(fs::Permissions::from_mode(mode))?;
        }
        #[cfg(not(unix))]
        let _ = file;
        Ok(())
    }

    /// The names of the messages, oldest first.
    fn waiting(&self) -> io::Result<Vec<String>> {
        self.named(&is_whole)
    }

    fn named(&self, wanted: &dyn Fn(&str) -> bool) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.dir)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if wanted(&name) {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    /// Takes away what crashes have left. A time that lies as far ahead is no better: the clock was
    /// wrong then, and nobody will come back for it.
    fn sweep(&self, now: OffsetDateTime) -> io::Result<()> {
        let now = std::time::SystemTime::from(now);
        for name in self.named(&is_partial)? {
            let path = self.dir.join(name);
            // Whoever writes it may just have given it its name.
            let Ok(file) = path.symlink_metadata() else {
                continue;
            };
            let Ok(written) = file.modified() else {
                continue;
            };
            let apart = now.duration_since(written);
            let apart = apart.unwrap_or_else(|ahead| ahead.duration());
            if file.is_file() && apart > LEFT {
                // One that another account has made may stay, and counts; it is no reason to tell nobody.
                let _ = fs::remove_file(path);
            }
        }
        Ok(())
    }
}

fn is_whole(name: &str) -> bool {
    name.ends_with(".json")
}

fn is_partial(name: &str) -> bool {
    name.starts_with(PARTIAL)
}

fn digest(address: &Address) -> String {
    hex(&Sha256::digest(address.expose()))[..16].to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::cell::RefCell;

    fn at(dir: &Path) -> Spool {
        Spool {
            memory: Memory::at(dir),
            dir: dir.join("portcullis/spool"),
            repository: "app.git".to_owned(),
        }
    }

    #[test]
    fn what_waits_is_told_once_and_in_order() {
        let dir = tempfile::tempdir().unwrap();
        let (spool, now) = (at(dir.path()), OffsetDateTime::now_utc());
        let [one, two]: [Address; 2] =
            ["https://one.example/x", "https://two.example/x"].map(|a| a.parse().unwrap());
        let both = [one.clone(), two.clone()];
        let later = now + time::Duration::milliseconds(5);
        spool.put(&["first"], &both, now).unwrap();
        spool.put(&["second"], &both, later).unwrap();
        spool.put::<&str>(&[], &both, later).unwrap();
        let told = RefCell::new(Vec::new());
        let post = |address: &Address, body: &Path| {
            let body = fs::read_to_string(body).unwrap();
            told.borrow_mut().push((address.clone(), body));
            match *address == two {
                true => Err("silent".to_owned()),
                false => Ok(()),
            }
        };
        let sent = spool.send(&both, &post, later).unwrap();
        assert_eq!((sent.told, sent.left, sent.dropped), (2, 2, 0));
        assert_eq!(sent.why, BTreeSet::from(["silent".to_owned()]));
        let told: Vec<_> = told.take();
        // The one that does not answer was asked once.
        assert_eq!(told.iter().filter(|(to, _)| *to == two).count(), 1);
        let bodies: Vec<&str> = told
            .iter()
            .filter(|(to, _)| *to == one)
            .map(|(_, b)| &b[..])
            .collect();
        let body = |entry| {
            format!("{{\"version\":1,\"repository\":\"app.git\",\"entries\":[\"{entry}\"]}}")
        };
        assert_eq!(bodies, [body("first"), body("second")]);
        // No file says where it goes.
        for file in fs::read_dir(&spool.dir).unwrap() {
            let path = file.unwrap().path();
            let text = format!("{}{}", path.display(), fs::read_to_string(&path).unwrap());
            assert!(!text.contains("example"), "{text}");
        }
        let sent = spool.send(&both, &|_, _| Ok(()), later).unwrap();
        assert_eq!((sent.told, sent.left), (2, 0));
    }

    #[cfg(unix)]
    #[test]
    fn whoever_can_push_can_tell_what_others_left() {
        use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
        for (objects, folder, file) in [(0o2775, 0o2775, 0o660), (0o755, 0o755, 0o600)] {
            let dir = tempfile::tempdir().unwrap();
            let at_objects = dir.path().join("objects");
            fs::create_dir(&at_objects).unwrap();
            fs::set_permissions(&at_objects, fs::Permissions::from_mode(objects)).unwrap();
            let spool = at(dir.path());
            let one: Address = "https://one.example/x".parse().unwrap();
            let all = std::slice::from_ref(&one);
            spool.put(&["x"], all, OffsetDateTime::now_utc()).unwrap();
            let silent = |_: &Address, _: &Path| Err("silent".to_owned());
            spool.send(all, &silent, OffsetDateTime::now_utc()).unwrap();
            let mode = |path: &Path| path.metadata().unwrap().mode() & 0o7777;
            assert_eq!(mode(&dir.path().join("portcullis")), folder);
            assert_eq!(mode(&spool.dir), folder);
            let files = fs::read_dir(&spool.dir).unwrap();
            let modes: Vec<u32> = files.map(|one| mode(&one.unwrap().path())).collect();
            assert_eq!(modes, [file, file]);
        }
    }

    #[test]
    fn what_nobody_takes_does_not_stay_for_ever() {
        let dir = tempfile::tempdir().unwrap();
        let (spool, now) = (at(dir.path()), OffsetDateTime::now_utc());
        let one: Address = "https://one.example/x".parse().unwrap();
        let all = std::slice::from_ref(&one);
        for _ in 0..MOST {
            spool.put(&["x"], all, now).unwrap();
        }
        assert!(spool.put(&["x"], all, now).is_err());
        assert_eq!(spool.waiting().unwrap().len(), MOST);
        let late = now + time::Duration::days(8);
        let sent = spool
            .send(all, &|_, _| Err("silent".to_owned()), late)
            .unwrap();
        assert_eq!((sent.told, sent.left, sent.dropped), (0, 0, MOST));
        spool.put(&["x"], all, now).unwrap();
        // It takes no room on the disk, and counts as if it did.
        let one = spool.dir.join(&spool.waiting().unwrap()[0]);
        let file = fs::File::options().write(true).open(one).unwrap();
        file.set_len(MOST_BYTES).unwrap();
        assert!(spool.put(&["x"], all, now).is_err());
        let sent = spool.send(&[], &|_, _| Ok(()), now).unwrap();
        assert_eq!((sent.told, sent.dropped), (0, 1));
    }

    #[test]
    fn what_a_crash_has_left_counts_and_goes_after_a_day() {
        let dir = tempfile::tempdir().unwrap();
        let (spool, now) = (at(dir.path()), OffsetDateTime::now_utc());
        let one: Address = "https://one.example/x".parse().unwrap();
        let all = std::slice::from_ref(&one);
        spool.put(&["x"], all, now).unwrap();
        let file = |name: &str, age: i64| {
            let path = spool.dir.join(name);
            let file = fs::File::create(&path).unwrap();
            let then = now - time::Duration::hours(age);
            file.set_modified(then.into()).unwrap();
            path
        };
        let (old, ahead) = (file(".tmpOld", 25), file(".tmpAhead", -25));
        let (used, other) = (file(".tmpUsed", 23), file("note", 999));
        let in_use = fs::File::options().write(true).open(&used).unwrap();
        spool.put(&["y"], all, now).unwrap();
        assert!(!old.exists() && !ahead.exists() && used.exists() && other.exists());
        in_use.set_len(MOST_BYTES).unwrap();
        in_use.set_modified(now.into()).unwrap();
        assert!(spool.put(&["z"], all, now).is_err());
        let late = now + time::Duration::hours(25);
        let silent = |_: &Address, _: &Path| Err("silent".to_owned());
        let sent = spool.send(all, &silent, late).unwrap();
        assert_eq!((sent.left, used.exists()), (2, false));
    }
}
