//! Signing, as the user's Git is configured to sign (git-config(1), `gpg.*` and `user.signingKey`).

use super::{Format, Namespace, NotVerified, Signed};
use crate::git::escape::escape;
use crate::git::program::{GitError, os_path, os_str};
use crate::git::{Repo, people};
use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};

const SSH_KEYGEN: &str = "ssh-keygen";

/// Nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The configuration cannot be read, or Git does not know who signs.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The configuration names no key, or a format that there is not.
    #[error("{0}")]
    Unconfigured(String),
    /// The program did not sign. What it said, it has said to the user.
    #[error("{program} did not sign: {why}")]
    Failed {
        /// The program, escaped.
        program: String,
        /// How it ended.
        why: String,
    },
    /// The bytes are none that are signed for this.
    #[error("these bytes do not begin as those that are signed for \"{0}\"")]
    Payload(&'static str),
}

/// Signs bytes with the user's key, through the program that their Git would run; the signature is
/// detached and armoured. The program may talk to the user: ask for a passphrase, or for a touch.
///
/// # Errors
/// When no key is configured, the program does not sign, or the bytes do not begin as
/// [`Namespace`] says.
pub fn sign(repo: &Repo, payload: &[u8], namespace: Namespace) -> Result<Vec<u8>, SignError> {
    if !namespace.holds(payload) {
        return Err(SignError::Payload(namespace.as_str()));
    }
    let config = Config { repo };
    let format = match config.text("gpg.format")?.as_deref() {
        None | Some(b"openpgp") => Format::OpenPgp,
        Some(b"ssh") => Format::Ssh,
        Some(b"x509") => Format::X509,
        Some(other) => {
            let why = format!("gpg.format is {}: no such format is known", escape(other));
            return Err(SignError::Unconfigured(why));
        }
    };
    let program = config.program(format)?;
    let shown = escape(program.as_encoded_bytes());
    let failed = |why: &dyn std::fmt::Display| SignError::Failed {
        program: shown.clone(),
        why: why.to_string(),
    };
    let signature = match format {
        Format::Ssh => {
            let key = config.ssh_key()?;
            by_ssh(&program, &key, payload, namespace).map_err(|error| failed(&error))?
        }
        Format::OpenPgp | Format::X509 => {
            let key = match config.text("user.signingKey")? {
                Some(key) => key,
                // As Git does: by who commits.
                None => people(repo)?.1,
            };
            by_gpg(&program, &key, payload).map_err(|error| {
                failed(&format_args!(
                    "{error}; user.signingKey names another key, and git config gpg.format ssh has \
                     Git sign with the SSH key whose path user.signingKey is"
                ))
            })?
        }
    };
    // gpg on Windows ends lines in its own way, and Git takes that out.
    let signature: Vec<u8> = signature
        .into_iter()
        .filter(|byte| *byte != b'\r')
        .collect();
    match Signed::detached(Vec::new(), signature) {
        Ok(signed) if signed.format == format => Ok(signed.signature),
        Ok(_) | Err(NotVerified::Unsigned) => Err(failed(&"it made another kind of signature")),
        Err(error) => Err(failed(&error)),
    }
}

struct Config<'a> {
    repo: &'a Repo,
}

impl Config<'_> {
    fn text(&self, key: &str) -> Result<Option<Vec<u8>>, GitError> {
        let asked = self.repo.git(["config", "--null", "--get", key]);
        let value = asked.optional()?;
        let value = value.map(|text| text.strip_suffix(b"\0").unwrap_or(&text).to_vec());
        Ok(value.filter(|text| !text.is_empty()))
    }

    /// A value that may be a path, with `~` expanded.
    fn path(&self, key: &str) -> Result<Option<Vec<u8>>, GitError> {
        let options = ["config", "--null", "--type=path", "--get", key];
        let value = self.repo.git(options).optional()?;
        let value = value.map(|text| text.strip_suffix(b"\0").unwrap_or(&text).to_vec());
        Ok(value.filter(|text| !text.is_empty()))
    }

    fn program(&self, format: Format) -> Result<OsString, GitError> {
        let (keys, usual): (&[&str], &str) = match format {
            Format::Ssh => (&["gpg.ssh.program"], SSH_KEYGEN),
            Format::OpenPgp => (&["gpg.openpgp.program", "gpg.program"], "gpg"),
            Format::X509 => (&["gpg.x509.program"], "gpgsm"),
        };
        for key in keys {
            if let Some(program) = self.path(key)? {
                return Ok(os_str(&program));
            }
        }
        Ok(usual.into())
    }

    /// The key to sign with: a file, or the key itself, which then is in an agent.
    fn ssh_key(&self) -> Result<SshKey, SignError> {
        if let Some(key) = self.path("user.signingKey")? {
            return Ok(SshKey::of(&key));
        }
        let Some(command) = self.text("gpg.ssh.defaultKeyCommand")? else {
            let why = "no key to sign with: set user.signingKey to the path of one";
            return Err(SignError::Unconfigured(why.to_owned()));
        };
        let failed = |why: String| SignError::Failed {
            program: escape(&command),
            why,
        };
        // Git takes the first line that it prints, if that is a key.
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(os_str(&command));
        let output = shell.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
        let output = output.map_err(|error| failed(error.to_string()))?;
        let first = output.stdout.split(|byte| *byte == b'\n').next();
        match first {
            Some(line) if output.status.success() && is_literal(line) => Ok(SshKey::of(line)),
            Some(_) | None => Err(failed("it names no key".to_owned())),
        }
    }
}

/// What `ssh-keygen -f` is given.
enum SshKey {
    File(PathBuf),
    /// A public key whose private half an agent has.
    Literal(Vec<u8>),
}

/// Whether Git takes a value for a key rather than a path (`is_literal_ssh_key`).
fn is_literal(value: &[u8]) -> bool {
    value.starts_with(b"key::") || value.starts_with(b"ssh-")
}

impl SshKey {
    fn of(value: &[u8]) -> Self {
        if is_literal(value) {
            Self::Literal(value.strip_prefix(b"key::").unwrap_or(value).to_vec())
        } else {
            Self::File(os_path(value))
        }
    }
}

/// As Git does: the bytes in a file, and the signature in another one beside it.
fn by_ssh(
    program: &OsString,
    key: &SshKey,
    payload: &[u8],
    namespace: Namespace,
) -> io::Result<Vec<u8>> {
    let folder = tempfile::Builder::new().prefix("portcullis-").tempdir()?;
    let bytes = folder.path().join("payload");
    std::fs::write(&bytes, payload)?;
    let mut command = Command::new(program);
    if program == SSH_KEYGEN {
        // It would tell which file it signs; others that stand for it may not know the option.
        command.arg("-q");
    }
    command.args(["-Y", "sign", "-n", namespace.as_str(), "-f"]);
    match key {
        SshKey::File(path) => {
            command.arg(path);
        }
        SshKey::Literal(key) => {
            let path = folder.path().join("key.pub");
            std::fs::write(&path, [&key[..], b"\n"].concat())?;
            command.arg(path).arg("-U");
        }
    }
    command
        .arg(&bytes)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    let status = command.stderr(Stdio::inherit()).status()?;
    if !status.success() {
        return Err(io::Error::other(format!("it ended with {status}")));
    }
    std::fs::read(bytes.with_extension("sig"))
}

/// As Git does: detached, armoured, with the bytes on standard input.
fn by_gpg(program: &OsString, key: &[u8], payload: &[u8]) -> io::Result<Vec<u8>> {
    let mut command = Command::new(program);
    command.arg("-bsau").arg(os_str(key));
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::inherit()).spawn()?;
    if let Some(mut pipe) = child.stdin.take() {
        // Who stops reading early says by its status why. What is signed is less than a pipe holds,
        // or is read before anything is written.
        let _ = pipe.write_all(payload);
    }
    let output = child.wait_with_output()?;
    if !output.status.success() {
        return Err(io::Error::other(format!("it ended with {}", output.status)));
    }
    Ok(output.stdout)
}
