//! Whom a server believes: files of its own, read once, and never anything of the pusher's.

use super::allowed::allowed_signers;
use super::openpgp::KeyRing;
use super::ssh::SignerList;
use super::{Format, Namespace, NotVerified, Signed, Signer};
use crate::git::escape::escape;
use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use time::OffsetDateTime;

/// Where the keys are that a server knows. A format without a file is one of which nobody is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyFiles {
    /// Whose an SSH key is (ssh-keygen(1), ALLOWED SIGNERS).
    pub allowed_signers: Option<PathBuf>,
    /// SSH keys that count no more: a list of keys, or a key revocation list (ssh-keygen(1)).
    pub revoked: Option<PathBuf>,
    /// The folder with the OpenPGP keys, as `gpg --homedir` takes it. It is only read.
    pub gpg_home: Option<PathBuf>,
    /// Accounts with the fingerprints of their primary OpenPGP keys, in upper case.
    pub gpg_accounts: Vec<(String, String)>,
}

/// The largest file about keys that is read, in bytes.
const LIMIT: u64 = 8 << 20;

/// The keys that a server knows, as they were when they were opened.
#[derive(Debug)]
pub struct Keys {
    ssh: Option<SignerList>,
    openpgp: Option<KeyRing>,
    owners: Vec<Vec<Vec<u8>>>,
}

/// A file about keys cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {error}; make it readable for the account that runs Git")]
pub struct KeysError {
    /// The file, escaped.
    file: String,
    error: io::Error,
}

impl Keys {
    /// Reads the files. What they say later does not count for these keys.
    ///
    /// # Errors
    /// When one cannot be read, is no regular file (a folder, for OpenPGP), or is larger than 8 MiB.
    pub fn open(files: &KeyFiles) -> Result<Self, KeysError> {
        let read = |path: &Path| read(path).map_err(|error| KeysError::of(path, error));
        let mut owners = owners_of_accounts(&files.gpg_accounts);
        let ssh = match &files.allowed_signers {
            None => None,
            Some(path) => {
                let signers = read(path)?;
                owners.extend(owners_of_keys(&signers));
                let revoked = files.revoked.as_deref().map(read).transpose()?;
                let list = SignerList::new(&signers, revoked.as_deref());
                Some(list.map_err(|error| KeysError::of(&std::env::temp_dir(), error))?)
            }
        };
        let openpgp = match &files.gpg_home {
            None => None,
            Some(home) => Some(
                KeyRing::new(home, files.gpg_accounts.clone())
                    .map_err(|error| KeysError::of(home, error))?,
            ),
        };
        Ok(Self {
            ssh,
            openpgp,
            owners,
        })
    }

    /// The names that have a key in common, a list for each key: accounts and addresses. Keys that
    /// are revoked or over count here as well, since people stay who they are.
    #[must_use]
    pub fn owners(&self) -> &[Vec<Vec<u8>>] {
        &self.owners
    }

    /// Who made a signature. Validity is judged as of `now`, whatever date the signed bytes claim. Safe
    /// from several threads, and worth it: each call runs a program for some milliseconds.
    ///
    /// # Errors
    /// When it is not a good signature of a key that is known and valid then and for that; and when that
    /// cannot be found out, which [`NotVerified::is_undecided`] tells.
    pub fn verify(
        &self,
        signed: &Signed,
        namespace: Namespace,
        now: OffsetDateTime,
    ) -> Result<Signer, NotVerified> {
        if !namespace.holds(&signed.payload) {
            return Err(NotVerified::Malformed("it is over bytes of another kind"));
        }
        let none = NotVerified::NoKeys(signed.format.as_str());
        match signed.format {
            Format::Ssh => {
                let list = self.ssh.as_ref().ok_or(none)?;
                list.verify(signed, namespace, now)
            }
            Format::OpenPgp => self.openpgp.as_ref().ok_or(none)?.verify(signed, now),
            Format::X509 => Err(none),
        }
    }
}

/// Those of the lines that have the same SSH key. What an authority certifies are the keys of many.
fn owners_of_keys(signers: &[u8]) -> Vec<Vec<Vec<u8>>> {
    type Key = (Vec<u8>, Vec<u8>);
    let mut all: BTreeMap<Key, Vec<Vec<u8>>> = BTreeMap::new();
    for line in allowed_signers(signers).filter(|line| !line.is_authority()) {
        let names = line.names().map(<[u8]>::to_vec);
        let names: Vec<Vec<u8>> = names.collect();
        all.entry((line.kind.to_vec(), line.key))
            .or_default()
            .extend(names);
    }
    all.into_values().collect()
}

fn owners_of_accounts(accounts: &[(String, String)]) -> Vec<Vec<Vec<u8>>> {
    let mut all: BTreeMap<&str, Vec<Vec<u8>>> = BTreeMap::new();
    for (account, fingerprint) in accounts {
        let names = all.entry(fingerprint).or_default();
        names.push(account.as_bytes().to_vec());
    }
    all.into_values().collect()
}

impl KeysError {
    fn of(path: &Path, error: io::Error) -> Self {
        Self {
            file: escape(path.as_os_str().as_encoded_bytes()),
            error,
        }
    }
}

/// The bytes of a regular file.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    // Looked at first: opening a pipe would wait for whoever writes to it.
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path)?
        .take(LIMIT + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LIMIT {
        return Err(io::Error::other("it is larger than 8 MiB"));
    }
    Ok(bytes)
}
