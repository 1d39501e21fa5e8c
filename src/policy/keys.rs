//! The keys of a server, opened when first they are asked for and then once.

use super::identity::Identity;
use super::{Persons, Unread};
use crate::git::{KeyFiles, Keys, Repo};
use std::path::PathBuf;
use std::sync::OnceLock;

/// Whom the server believes, by the files that its policy names.
#[derive(Debug, Default)]
pub struct ServerKeys {
    files: KeyFiles,
    opened: OnceLock<Result<Keys, Unread>>,
    persons: OnceLock<Persons>,
}

impl ServerKeys {
    /// Of what `[identity]` names; nothing is read yet.
    #[must_use]
    pub fn new(identity: &Identity) -> Self {
        Self {
            files: KeyFiles {
                allowed_signers: identity.allowed_signers.clone(),
                revoked: identity.revoked_keys.clone(),
                gpg_home: identity.gpg_home.clone(),
                gpg_accounts: identity.gpg_keys.accounts(),
            },
            opened: OnceLock::new(),
            persons: OnceLock::new(),
        }
    }

    /// The keys; relative paths start at the Git directory.
    ///
    /// # Errors
    /// When a file cannot be read: then nobody knows who signed, and nothing is decided.
    pub fn get(&self, repo: Option<&Repo>) -> Result<&Keys, Unread> {
        let opened = self.opened.get_or_init(|| {
            let at = |path: &Option<PathBuf>| {
                path.as_ref().map(|path| match repo {
                    Some(repo) => repo.common_dir().join(path),
                    None => path.clone(),
                })
            };
            let files = KeyFiles {
                allowed_signers: at(&self.files.allowed_signers),
                revoked: at(&self.files.revoked),
                gpg_home: at(&self.files.gpg_home),
                gpg_accounts: self.files.gpg_accounts.clone(),
            };
            Keys::open(&files).map_err(|error| Unread::new("the keys of [identity]", error))
        });
        opened.as_ref().map_err(Clone::clone)
    }

    /// Who is the same person as whom, by those keys.
    ///
    /// # Errors
    /// As [`ServerKeys::get`].
    pub fn persons(&self, repo: Option<&Repo>) -> Result<&Persons, Unread> {
        let keys = self.get(repo)?;
        Ok(self.persons.get_or_init(|| Persons::linked(keys.owners())))
    }
}
