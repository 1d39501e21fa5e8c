//! Under which names a ref is written when somebody pushes to it.

use super::reader::{ReadError, broken};
use super::{RefName, Repo, folded};
use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};

/// What was asked so far; a push asks of each of its refs several times.
#[derive(Default)]
pub(super) struct Written {
    names: Mutex<HashMap<RefName, Vec<RefName>>>,
    folds: OnceLock<bool>,
    /// All refs by what such a file system takes them for.
    same: OnceLock<HashMap<Vec<u8>, Vec<RefName>>>,
}

impl Repo {
    /// The names of which one is written when this one is pushed to: the name itself, and where it
    /// is a symbolic ref what it stands for, whether that exists or not; and those that the file
    /// system takes for the same, where letters of either case are one to it (`core.ignoreCase`). As
    /// they were when that was first asked.
    ///
    /// # Errors
    /// When the ref cannot be read, or stands for itself.
    pub fn written_by(&self, name: &RefName) -> Result<Vec<RefName>, ReadError> {
        let names = || {
            let names = self.written.names.lock();
            names.unwrap_or_else(PoisonError::into_inner)
        };
        if let Some(known) = names().get(name) {
            return Ok(known.clone());
        }
        let found: Vec<RefName> = self.find_written(name)?;
        names().insert(name.clone(), found.clone());
        Ok(found)
    }

    fn find_written(&self, name: &RefName) -> Result<Vec<RefName>, ReadError> {
        let space = self.namespace();
        let mut names = vec![name.clone()];
        let mut stored = [&space[..], name.as_bytes()].concat();
        // Git itself follows five of them.
        while names.len() <= 8 {
            let Some(target) = self.reader().symbolic_target(&stored)? else {
                self.add_same_on_disk(&space, &mut names)?;
                return Ok(names);
            };
            let shown = target.strip_prefix(&space[..]).unwrap_or(&target);
            names.push(RefName::new(shown).map_err(broken)?);
            stored = target;
        }
        Err(broken("a chain of symbolic refs without an end"))
    }

    fn add_same_on_disk(&self, space: &[u8], names: &mut Vec<RefName>) -> Result<(), ReadError> {
        if !self.folds()? {
            return Ok(());
        }
        let all = match self.written.same.get() {
            Some(all) => all,
            None => {
                let all = self.by_folded(space)?;
                self.written.same.get_or_init(|| all)
            }
        };
        for at in 0..names.len() {
            let same = all
                .get(&*folded(names[at].as_bytes()))
                .into_iter()
                .flatten();
            let others: Vec<RefName> = same
                .filter(|other| !names.contains(other))
                .cloned()
                .collect();
            names.extend(others);
        }
        Ok(())
    }

    fn by_folded(&self, space: &[u8]) -> Result<HashMap<Vec<u8>, Vec<RefName>>, ReadError> {
        let mut all: HashMap<Vec<u8>, Vec<RefName>> = HashMap::new();
        for (stored, _) in self.refs_at_first()? {
            let shown = stored.as_bytes().strip_prefix(space);
            if let Some(name) = shown.and_then(|shown| RefName::new(shown).ok()) {
                let plain = folded(name.as_bytes()).into_owned();
                all.entry(plain).or_default().push(name);
            }
        }
        Ok(all)
    }

    /// Whether the file system takes letters of either case for one.
    fn folds(&self) -> Result<bool, ReadError> {
        if let Some(folds) = self.written.folds.get() {
            return Ok(*folds);
        }
        // Whoever makes a repository on such a file system writes it there.
        let config = std::fs::read(self.common_dir().join("config")).unwrap_or_default();
        let config = config.to_ascii_lowercase();
        let folds = memchr::memmem::find(&config, b"ignorecase").is_some() && {
            let asked = self.git(["config", "--type=bool", "--get", "core.ignoreCase"]);
            let folds = asked.optional().map_err(broken)?;
            folds.is_some_and(|folds| folds.trim_ascii_end() == b"true")
        };
        Ok(*self.written.folds.get_or_init(|| folds))
    }
}
