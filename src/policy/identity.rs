//! Who pushes, as the server's administrator has said that it can be known.

use super::groups::Pusher;
use super::parsed::{Parsed, parsed_option, table};
use serde::Deserialize;
use serde::de::Deserializer;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

mod signers;

/// `[identity]`: how a server knows who pushes.
#[derive(Clone, Debug, Default)]
pub struct Identity {
    /// Absent: nobody is known.
    pub source: Option<IdentitySource>,
    /// The file that says whose an SSH key is; relative to the Git directory.
    pub allowed_signers: Option<PathBuf>,
    /// The file with SSH keys that count no more; relative to the Git directory.
    pub revoked_keys: Option<PathBuf>,
    /// The folder with the OpenPGP keys; relative to the Git directory.
    pub gpg_home: Option<PathBuf>,
    /// Which accounts have which OpenPGP keys.
    pub gpg_keys: GpgKeys,
}

/// `[identity.gpg_keys]`: accounts and the fingerprints of their primary OpenPGP keys. What such a key
/// says of itself, its owner wrote; the name of an account must come from here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct GpgKeys(BTreeMap<String, Vec<Parsed<Fingerprint>>>);

impl GpgKeys {
    /// Each account with each of its fingerprints.
    pub(super) fn accounts(&self) -> Vec<(String, String)> {
        let pairs = self.0.iter().flat_map(|(account, prints)| {
            let one = |print: &Parsed<Fingerprint>| (account.clone(), print.0.0.clone());
            prints.iter().map(one)
        });
        pairs.collect()
    }
}

/// The fingerprint of an OpenPGP key, in upper case and without spaces.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Fingerprint(String);

impl FromStr for Fingerprint {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits: String = text.chars().filter(|c| *c != ' ').collect();
        if !matches!(digits.len(), 40 | 64) || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            // A short id can be made for any key.
            return Err("is not a fingerprint of 40 or 64 hexadecimal digits");
        }
        Ok(Self(digits.to_ascii_uppercase()))
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawIdentity {
    #[serde(deserialize_with = "parsed_option")]
    source: Option<IdentitySource>,
    allowed_signers: Option<String>,
    revoked_keys: Option<String>,
    gpg_home: Option<String>,
    gpg_keys: GpgKeys,
}

impl<'de> Deserialize<'de> for Identity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        table::<D, RawIdentity, Self>(deserializer)
    }
}

impl TryFrom<RawIdentity> for Identity {
    type Error = &'static str;

    fn try_from(raw: RawIdentity) -> Result<Self, Self::Error> {
        if raw.source == Some(IdentitySource::SshKey) && raw.allowed_signers.is_none() {
            return Err(
                "source = \"ssh-key\" needs allowed_signers, the file that says whose a key is",
            );
        }
        if raw.revoked_keys.is_some() && raw.allowed_signers.is_none() {
            return Err("revoked_keys takes keys out of allowed_signers, which is not set");
        }
        if !raw.gpg_keys.0.is_empty() && raw.gpg_home.is_none() {
            return Err("gpg_keys needs gpg_home, the folder with those keys");
        }
        let path = |text: Option<String>| text.map(PathBuf::from);
        Ok(Self {
            source: raw.source,
            allowed_signers: path(raw.allowed_signers),
            revoked_keys: path(raw.revoked_keys),
            gpg_home: path(raw.gpg_home),
            gpg_keys: raw.gpg_keys,
        })
    }
}

/// Where the name of the pusher comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdentitySource {
    /// The account that the hook runs as.
    Unix,
    /// The key that the SSH session was opened with.
    SshKey,
    /// A server or a web server in front of it that sets a variable: its name in the configuration,
    /// and that of the variable.
    Platform(&'static str, &'static str),
    /// The variable of that name, which whoever starts Git on the server must control.
    Env(String),
}

/// The servers that set a variable, each as its own documentation says.
const PLATFORMS: [(&str, &str); 7] = [
    // git-http-backend(1): who logged in at the web server.
    ("http", "REMOTE_USER"),
    // Set by gitolite-shell for every access.
    ("gitolite", "GL_USER"),
    ("gitea", "GITEA_PUSHER_NAME"),
    ("forgejo", "GITEA_PUSHER_NAME"),
    ("gitlab", "GL_USERNAME"),
    ("github", "GITHUB_USER_LOGIN"),
    ("bitbucket", "BB_USER_NAME"),
];

/// Gitea and Forgejo give a push by a deploy key the name of the owner, who has not made it; the id
/// of the key is then not 0.
const DEPLOY_KEY: &str = "GITEA_DEPLOY_KEY_ID";

impl IdentitySource {
    /// Whether the server shows a message beyond the terminal only behind `GL-HOOK-ERR:`.
    #[must_use]
    pub fn is_gitlab(&self) -> bool {
        matches!(self, Self::Platform("gitlab", _))
    }
}

/// The first line of what to do where a check refuses because nobody knows who pushes. How that is
/// done depends on the server: the judge says it, by [`how_to_be_known`].
pub(super) const BE_KNOWN: &str = "be known to the server";

/// What somebody does to be known where the policy has that source.
pub(super) fn how_to_be_known(source: Option<&IdentitySource>) -> String {
    let how = match source {
        None => "its policy does not say who pushes (identity.source), so nobody is known; ask those \
                 who keep it"
            .to_owned(),
        Some(IdentitySource::Unix) => {
            "ask those who keep it: the account that its hooks run as has no name".to_owned()
        }
        Some(IdentitySource::SshKey) => {
            "push over SSH, with a key that its identity.allowed_signers lists and that is valid now; \
             ask those who keep it to add yours. Where it knows nobody, sshd lacks ExposeAuthInfo yes"
                .to_owned()
        }
        Some(IdentitySource::Platform("http", variable)) => {
            format!("push over HTTP to an address where you log in (it sets {variable})")
        }
        Some(IdentitySource::Platform(name, variable)) => {
            format!("push with an account of {name}, not with a deploy key (it sets {variable})")
        }
        Some(source @ IdentitySource::Env(_)) => {
            format!("log in as somebody for whom it sets {source}; ask those who keep it")
        }
    };
    format!("{BE_KNOWN} first: {how}. `portcullis check` takes --as")
}

impl std::fmt::Display for IdentitySource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unix => f.write_str("unix"),
            Self::SshKey => f.write_str("ssh-key"),
            Self::Platform(name, _) => f.write_str(name),
            Self::Env(name) => write!(f, "env:{}", crate::git::escape(name.as_bytes())),
        }
    }
}

impl FromStr for IdentitySource {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let platform = PLATFORMS.iter().find(|(name, _)| *name == text);
        match (text, platform) {
            ("unix", _) => Ok(Self::Unix),
            ("ssh-key", _) => Ok(Self::SshKey),
            (_, Some((name, variable))) => Ok(Self::Platform(name, variable)),
            (_, None) => match text.strip_prefix("env:") {
                Some(name) if !name.is_empty() && !name.contains(['=', '\0']) => {
                    Ok(Self::Env(name.to_owned()))
                }
                Some(_) | None => {
                    let names: Vec<String> = PLATFORMS
                        .iter()
                        .map(|(name, _)| format!("\"{name}\""))
                        .collect();
                    Err(format!(
                        "is none of \"unix\", \"ssh-key\", {}, \"env:NAME\"",
                        names.join(", ")
                    ))
                }
            },
        }
    }
}

/// What a hook can see of how it was started.
pub struct Surroundings<'a> {
    /// A variable of the environment.
    pub variable: &'a dyn Fn(&str) -> Option<OsString>,
    /// A file; a relative path starts at the Git directory.
    pub file: &'a dyn Fn(&Path) -> io::Result<Vec<u8>>,
    /// The time, for keys that are valid only for a while.
    pub now: time::OffsetDateTime,
}

/// Who pushes cannot be looked up, though the configuration says how.
#[derive(Debug, thiserror::Error)]
#[error("identity.allowed_signers: {file} {error}")]
pub struct BadIdentity {
    /// The file, escaped.
    file: String,
    error: String,
}

/// The pusher, from the one source that the configuration names. With none, and with nothing in it,
/// the pusher is unknown; no other variable is ever looked at.
///
/// # Errors
/// When the list of keys cannot be read that the configuration names.
pub fn pusher(identity: &Identity, around: &Surroundings<'_>) -> Result<Pusher, BadIdentity> {
    let named = |name: &str| {
        (around.variable)(name).map_or(Pusher::Unknown, |value| {
            Pusher::named(value.as_encoded_bytes())
        })
    };
    Ok(match &identity.source {
        None => Pusher::Unknown,
        Some(IdentitySource::Unix) => account(),
        Some(IdentitySource::SshKey) => return by_key(identity, around),
        Some(IdentitySource::Platform("gitea" | "forgejo", _))
            if (around.variable)(DEPLOY_KEY).is_some_and(|id| !id.is_empty() && id != "0") =>
        {
            Pusher::Unknown
        }
        Some(IdentitySource::Platform(_, variable)) => named(variable),
        Some(IdentitySource::Env(name)) => named(name),
    })
}

/// By the key that sshd has let in. It names the key in a file, and that in `SSH_USER_AUTH`, where
/// its configuration has `ExposeAuthInfo yes` (sshd_config(5)).
fn by_key(identity: &Identity, around: &Surroundings<'_>) -> Result<Pusher, BadIdentity> {
    let Some(list) = identity.allowed_signers.as_deref() else {
        return Ok(Pusher::Unknown);
    };
    let signers = (around.file)(list).map_err(|error| BadIdentity {
        file: crate::git::escape(list.as_os_str().as_encoded_bytes()),
        error: match error.kind() {
            io::ErrorKind::NotFound => {
                "is not there; an administrator writes one line for each key into it".to_owned()
            }
            _ => format!("cannot be read: {error}; make it readable for the account that runs Git"),
        },
    })?;
    let Some(path) = (around.variable)("SSH_USER_AUTH").map(PathBuf::from) else {
        return Ok(Pusher::Unknown);
    };
    // sshd writes an absolute path; another one would be looked for in the repository.
    if !path.is_absolute() {
        return Ok(Pusher::Unknown);
    }
    Ok((around.file)(&path).map_or(Pusher::Unknown, |used| {
        signers::whose(&signers, &used, around.now)
            .map_or(Pusher::Unknown, |name| Pusher::named(&name))
    }))
}

/// The account that the hook runs as: the one that the push was made with where every developer
/// has an account on the server.
#[cfg(unix)]
fn account() -> Pusher {
    match nix::unistd::User::from_uid(nix::unistd::getuid()) {
        Ok(Some(user)) => Pusher::named(user.name.as_bytes()),
        Ok(None) | Err(_) => Pusher::Unknown,
    }
}

#[cfg(not(unix))]
fn account() -> Pusher {
    Pusher::Unknown
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn identity(source: &str) -> Identity {
        Identity {
            source: Some(source.parse().unwrap()),
            allowed_signers: Some("signers".into()),
            ..Identity::default()
        }
    }

    fn ask(identity: &Identity, env: &[(&str, &str)], files: &[(&str, &str)]) -> Option<Vec<u8>> {
        let variable = |name: &str| {
            let found = env.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| OsString::from(value))
        };
        let file = |path: &Path| {
            let found = files.iter().find(|(known, _)| Path::new(known) == path);
            found
                .map(|(_, text)| text.as_bytes().to_vec())
                .ok_or_else(|| io::ErrorKind::NotFound.into())
        };
        let around = Surroundings {
            variable: &variable,
            file: &file,
            now: time::OffsetDateTime::UNIX_EPOCH,
        };
        match pusher(identity, &around).unwrap() {
            Pusher::Known(name) => Some(name),
            Pusher::Unknown => None,
        }
    }

    #[test]
    fn only_the_named_source_is_believed() {
        let mut all: Vec<(&str, String)> = PLATFORMS
            .iter()
            .map(|(name, variable)| (*variable, format!("by-{name}")))
            .collect();
        all.push(("WHO", "bob".to_owned()));
        let env: Vec<(&str, &str)> = all
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        for (name, variable) in PLATFORMS {
            let expected = env.iter().find(|(known, _)| *known == variable).unwrap().1;
            let source = identity(name);
            assert_eq!(
                ask(&source, &env, &[]).unwrap(),
                expected.as_bytes(),
                "{name}"
            );
            let others: Vec<_> = env
                .iter()
                .copied()
                .filter(|(known, _)| *known != variable)
                .collect();
            assert_eq!(ask(&source, &others, &[]), None, "{name}");
            assert_eq!(ask(&source, &[(variable, "")], &[]), None, "{name}");
        }
        assert_eq!(ask(&Identity::default(), &env, &[]), None);
        assert_eq!(ask(&identity("env:WHO"), &env, &[]).unwrap(), b"bob");
        assert_eq!(ask(&identity("env:NOBODY"), &env, &[]), None);
        assert_ne!(
            ask(&identity("unix"), &env, &[]).unwrap_or_default(),
            b"bob"
        );
    }

    #[test]
    fn a_deploy_key_is_not_its_owner() {
        for source in ["gitea", "forgejo"] {
            for (id, known) in [("0", true), ("", true), ("7", false)] {
                let env = [("GITEA_PUSHER_NAME", "alice"), (DEPLOY_KEY, id)];
                assert_eq!(ask(&identity(source), &env, &[]).is_some(), known, "{id}");
            }
        }
    }

    #[test]
    fn a_key_is_looked_up_where_the_server_says() {
        let (env, source) = ([("SSH_USER_AUTH", "/tmp/auth")], identity("ssh-key"));
        let signers = ("signers", "alice ssh-ed25519 AAAAC3Nz\n");
        let used = ("/tmp/auth", "publickey ssh-ed25519 AAAAC3Nz\n");
        assert_eq!(ask(&source, &env, &[signers, used]).unwrap(), b"alice");
        assert_eq!(ask(&source, &[], &[signers, used]), None);
        assert_eq!(ask(&source, &env, &[signers]), None);
        let relative = [("SSH_USER_AUTH", "auth")];
        assert_eq!(ask(&source, &relative, &[signers, ("auth", used.1)]), None);
        let around = Surroundings {
            variable: &|_| None,
            file: &|_| Err(io::ErrorKind::NotFound.into()),
            now: time::OffsetDateTime::UNIX_EPOCH,
        };
        assert!(pusher(&source, &around).is_err());
    }

    #[test]
    fn a_source_of_identity_is_one_that_works() {
        assert_eq!("unix".parse(), Ok(IdentitySource::Unix));
        assert_eq!("env:WHO".parse(), Ok(IdentitySource::Env("WHO".to_owned())));
        assert!("gitlab".parse::<IdentitySource>().unwrap().is_gitlab());
        assert!(!"github".parse::<IdentitySource>().unwrap().is_gitlab());
        for bad in ["env:", "env:A=B", "", "UNIX", "ssh"] {
            assert!(bad.parse::<IdentitySource>().is_err(), "{bad}");
        }
    }
}
