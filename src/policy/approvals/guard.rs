//! The file that says who owns what: as it is before an update, and as the update would leave it.

use super::brought::{Brought, Part};
use super::judge::Judge;
use super::owners::{Owner, Owners};
use super::rule::OwnersAt;
use crate::change::Unread;
use crate::git::{Kind, Mode, Oid, ReadError, RepoPath, entry_at, escape};
use crate::hook::Side;
use crate::policy::decide::Denial;
use crate::policy::questions::refs as ask;
use crate::policy::settings::Protect;
use std::sync::Arc;

impl Judge<'_> {
    /// Who owns what: as the branch has it before the update, or the server.
    pub(super) fn owners(
        &self,
        rule: &Protect,
        brought: &Brought,
    ) -> Result<Option<Arc<Owners>>, Unread> {
        let at = match &rule.owners {
            None => return Ok(None),
            Some(OwnersAt::File(_)) if rule.owned.is_some() => return Ok(rule.owned.clone()),
            // A client does not have what is on the server.
            Some(OwnersAt::File(_)) if self.update.cx.side == Side::Client => return Ok(None),
            Some(OwnersAt::File(file)) => {
                let file = escape(file.as_os_str().as_encoded_bytes());
                return Err(self.unread(format!("{file} was not read, which says who owns what")));
            }
            Some(OwnersAt::Branch(path)) => path,
        };
        // A rewind does not bring back who owned what then.
        let read = match self.update.old.or(brought.ground) {
            Some(before) => self.owners_of(before, at)?,
            None => None,
        };
        let help = "an administrator names a file of the server as \"owners\" until it is there";
        let Some(text) = read else {
            let why = format!("the branch has no file {at} that would say who owns what; {help}");
            return Err(self.unread(why));
        };
        let owners = Owners::parse(&text);
        let owners =
            owners.map_err(|(line, why)| self.unread(format!("{at}:{line} {why}; {help}")))?;
        Ok(Some(Arc::new(owners)))
    }

    /// The text of a file of a commit; none where there is no such file.
    fn owners_of(&self, commit: Oid, at: &RepoPath) -> Result<Option<Vec<u8>>, Unread> {
        let repo = self.update.repo;
        let read = || -> Result<Option<Vec<u8>>, ReadError> {
            match entry_at(repo, repo.commit(commit)?.tree, at)? {
                Some((Mode::File | Mode::Executable, blob)) => {
                    repo.read_as(Kind::Blob, blob).map(Some)
                }
                Some((Mode::Symlink | Mode::Gitlink | Mode::Tree, _)) | None => Ok(None),
            }
        };
        read().map_err(|error| self.unread(error))
    }

    /// What is wrong with the file that says who owns what, as the update would leave it: nobody
    /// could push after that.
    pub(super) fn next_owners(
        &self,
        rule: &Protect,
        brought: &Brought,
        tip: Oid,
    ) -> Result<Vec<Denial>, Unread> {
        let Some(OwnersAt::Branch(at)) = &rule.owners else {
            return Ok(Vec::new());
        };
        let why = match self.owners_of(tip, at)? {
            None => format!("it takes {at} away, by which the branch is guarded"),
            Some(text) => match Owners::parse(&text) {
                Ok(_) => return Ok(Vec::new()),
                Err((line, why)) => format!("{at}:{line} {why}"),
            },
        };
        let touches = |part: &&Part| part.made.paths.contains(at);
        let part = brought.parts.iter().rev().find(touches);
        Ok(vec![Denial {
            check: ask::OWNERS,
            message: why,
            help: format!("put {at} right"),
            commit: part.map(|part| part.commit.oid),
        }])
    }
}

/// The owned paths of a part, one for each list of owners.
pub(super) fn owned(owners: &Owners, part: &Part) -> Vec<(RepoPath, Vec<Owner>)> {
    let mut owned: Vec<(RepoPath, Vec<Owner>)> = Vec::new();
    for path in &part.made.paths {
        for of in owners.of(path) {
            if owned.iter().all(|(_, known)| known != of) {
                owned.push((path.clone(), of.to_vec()));
            }
        }
    }
    owned
}
