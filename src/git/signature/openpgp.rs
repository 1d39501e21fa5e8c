//! OpenPGP signatures, verified by `gpg` with a ring of the server's own (gpg(1); the status lines are
//! those of GnuPG's doc/DETAILS).

use super::{Format, NotVerified, Signed, Signer};
use crate::git::escape::escape;
use crate::git::program::{Ran, run};
use std::collections::HashMap;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use time::OffsetDateTime;

/// The keys of a folder of GnuPG's. Who put them there has decided that they are to be believed: no
/// web of trust is asked.
#[derive(Debug)]
pub(super) struct KeyRing {
    home: PathBuf,
    accounts: Vec<(String, String)>,
    /// The addresses of keys that were looked up.
    addresses: Mutex<HashMap<String, Vec<Vec<u8>>>>,
}

impl KeyRing {
    pub(super) fn new(home: &Path, accounts: Vec<(String, String)>) -> io::Result<Self> {
        // Without a ring gpg would make one here, and know nobody.
        let open = |name: &str| std::fs::File::open(home.join(name));
        open("pubring.kbx").or_else(|error| match open("pubring.gpg") {
            Ok(file) => Ok(file),
            Err(other) if other.kind() == io::ErrorKind::NotFound => Err(error),
            Err(other) => Err(other),
        })?;
        Ok(Self {
            home: std::path::absolute(home)?,
            accounts,
            addresses: Mutex::default(),
        })
    }

    pub(super) fn verify(
        &self,
        signed: &Signed,
        now: OffsetDateTime,
    ) -> Result<Signer, NotVerified> {
        let file = tempfile::NamedTempFile::new().and_then(|mut file| {
            file.write_all(&signed.signature)?;
            Ok(file.into_temp_path())
        });
        let file = file.map_err(|error| {
            let place = std::env::temp_dir();
            let place = escape(place.as_os_str().as_encoded_bytes());
            NotVerified::Undecided(format!("{place}: {error}; signatures are written there"))
        })?;
        let mut command = self.command(now);
        command.args(["--status-fd", "1", "--verify", "--"]);
        command.arg(&file).arg("-");
        let ran = ran(&mut command, &signed.payload)?;
        let key = judged(&ran)?;
        let mut principals = self.addresses(&key, now)?;
        let accounts = self.accounts.iter().filter(|(_, print)| *print == key);
        principals.extend(accounts.map(|(name, _)| name.clone().into_bytes()));
        Ok(Signer {
            principals,
            key,
            format: Format::OpenPgp,
            hardware: None,
            patterns: Vec::new(),
        })
    }

    /// The addresses in the user ids of a key that are not revoked.
    fn addresses(&self, key: &str, now: OffsetDateTime) -> Result<Vec<Vec<u8>>, NotVerified> {
        let known = || {
            self.addresses
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        if let Some(addresses) = known().get(key) {
            return Ok(addresses.clone());
        }
        let mut command = self.command(now);
        command.args(["--with-colons", "--list-keys", "--", &format!("0x{key}")]);
        let ran = ran(&mut command, &[])?;
        if !ran.status.success() {
            let why = format!("gpg cannot show the key {key} ({})", ran.status);
            return Err(NotVerified::Undecided(why));
        }
        let addresses = user_ids(&ran.stdout);
        known().insert(key.to_owned(), addresses.clone());
        Ok(addresses)
    }

    /// Nothing but the ring is used: no options, agents or networks of anyone's; nothing is written.
    fn command(&self, now: OffsetDateTime) -> Command {
        let mut command = Command::new("gpg");
        command.arg("--homedir").arg(&self.home);
        command.args(["--no-options", "--batch", "--no-tty", "--quiet"]);
        command.args([
            "--no-autostart",
            "--disable-dirmngr",
            "--no-auto-key-retrieve",
        ]);
        command.args(["--lock-never", "--no-auto-check-trustdb"]);
        command.args(["--trust-model", "always"]);
        let now = now.unix_timestamp().max(0);
        command.args(["--faked-system-time", &format!("{now}!")]);
        command.env_remove("GNUPGHOME").env("LC_ALL", "C");
        command
    }
}

/// The fingerprint of the primary key that made the one good signature.
fn judged(ran: &Ran) -> Result<String, NotVerified> {
    let text = String::from_utf8_lossy(&ran.stdout);
    let lines = text.lines();
    let lines: Vec<(&str, &str)> = lines
        .filter_map(|line| line.strip_prefix("[GNUPG:] "))
        .map(|line| line.split_once(' ').unwrap_or((line, "")))
        .collect();
    let all = |word: &str| {
        let found = lines.iter().filter(|(first, _)| *first == word);
        found.map(|(_, rest)| *rest).collect::<Vec<&str>>()
    };
    if all("NEWSIG").len() > 1 {
        return Err(NotVerified::Malformed("there is more than one"));
    }
    let key = |rest: &str| escape(rest.split(' ').next().unwrap_or_default().as_bytes());
    let named = |word: &str| all(word).first().map(|rest| key(rest));
    let refusal = None
        .or_else(|| named("BADSIG").map(|_| NotVerified::Bad))
        .or_else(|| named("NO_PUBKEY").map(NotVerified::UnknownKey))
        .or_else(|| named("REVKEYSIG").map(NotVerified::Revoked))
        .or_else(|| named("EXPKEYSIG").map(NotVerified::Expired))
        .or_else(|| named("EXPSIG").map(NotVerified::Expired))
        .or_else(|| named("NODATA").map(|_| NotVerified::Malformed("gpg finds none in it")))
        .or_else(|| named("ERRSIG").map(|_| NotVerified::Malformed("gpg cannot check it")));
    if let Some(refusal) = refusal {
        return Err(refusal);
    }
    let (good, valid) = (all("GOODSIG"), all("VALIDSIG"));
    if ran.status.code().is_none() || lines.is_empty() {
        let why = format!("gpg ended with {} and said nothing", ran.status);
        return Err(NotVerified::Undecided(why));
    }
    let ([_], [valid], true) = (&good[..], &valid[..], ran.status.success()) else {
        return Err(NotVerified::Malformed("gpg does not find it good"));
    };
    // Fingerprint, date, time, expiry, version, reserved, algorithm, hash, class, primary key.
    let fields: Vec<&str> = valid.split(' ').collect();
    match fields[..] {
        [_, _, _, _, _, _, _, _, "00", primary, ..] if is_fingerprint(primary) => {
            Ok(primary.to_owned())
        }
        [_, _, _, _, _, _, _, _, _, _, ..] => {
            // Of class 01 it would be over the text, whatever its line ends.
            Err(NotVerified::Malformed("it is not over bytes"))
        }
        _ => Err(NotVerified::Malformed("gpg does not say whose it is")),
    }
}

fn is_fingerprint(text: &str) -> bool {
    let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'A'..=b'F');
    matches!(text.len(), 40 | 64) && text.bytes().all(hex)
}

/// The addresses of a listing `--with-colons`: those of user ids that are neither revoked, expired nor
/// invalid. An id without brackets is an address as a whole if it has an `@` and no space.
fn user_ids(listing: &[u8]) -> Vec<Vec<u8>> {
    let lines = listing.split(|byte| *byte == b'\n');
    let addresses = lines.filter_map(|line| {
        let fields: Vec<&[u8]> = line.split(|byte| *byte == b':').collect();
        let (&[b"uid", validity, ..], Some(id)) = (&fields[..], fields.get(9)) else {
            return None;
        };
        if matches!(validity.first(), Some(b'r' | b'e' | b'i' | b'n' | b'd')) {
            return None;
        }
        let id = unescaped(id);
        let address = match (memchr::memrchr(b'<', &id), id.strip_suffix(b">")) {
            (Some(open), Some(_)) => id[open + 1..id.len() - 1].to_vec(),
            (_, _) if !id.contains(&b' ') => id,
            (_, _) => return None,
        };
        address.contains(&b'@').then_some(address)
    });
    addresses.collect()
}

/// `\x3a` is a colon (doc/DETAILS, "Format of the colon listings").
fn unescaped(field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, after)) = rest.split_first() {
        let hex = after.strip_prefix(b"x").and_then(|hex| hex.get(..2));
        let hex = hex.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        match (first, hex) {
            (b'\\', Some(byte)) => {
                bytes.push(byte);
                rest = &after[3..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    bytes
}

fn ran(command: &mut Command, stdin: &[u8]) -> Result<Ran, NotVerified> {
    run(command, stdin).map_err(|error| {
        NotVerified::Undecided(format!(
            "gpg could not be run: {error}; is GnuPG installed?"
        ))
    })
}
