//! SSH signatures, verified by `ssh-keygen -Y verify` (ssh-keygen(1)).

use super::allowed::allowed_signers;
use super::sshsig::SshSignature;
use super::{Format, Namespace, NotVerified, Signed, Signer, armour};
use crate::git::escape::escape;
use crate::git::program::{Ran, os_str, run};
use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use time::OffsetDateTime;

/// A list of allowed signers with the keys that are revoked.
///
/// `ssh-keygen` reads a list from its top for every signature. Here each line with the key of the
/// signature is given to it as a list of its own, so that its answer is about exactly that line, and
/// the names on the line are those of the signer.
#[derive(Debug)]
pub(super) struct SignerList {
    /// Copies for `ssh-keygen` to read, which nobody changes while they are judged by.
    folder: tempfile::TempDir,
    text: Vec<u8>,
    /// The places of lines in `text`, by key; those of authorities stand aside.
    lines: HashMap<Vec<u8>, Vec<usize>>,
    authorities: Vec<usize>,
    revoked: Option<PathBuf>,
    /// The file that holds a line alone.
    files: Mutex<HashMap<usize, PathBuf>>,
    signatures: AtomicUsize,
}

impl SignerList {
    pub(super) fn new(signers: &[u8], revoked: Option<&[u8]>) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("portcullis-").tempdir()?;
        let revoked = match revoked {
            None => None,
            Some(bytes) => {
                let path = folder.path().join("revoked");
                std::fs::write(&path, bytes)?;
                Some(path)
            }
        };
        let text = signers.to_vec();
        let mut lines: HashMap<Vec<u8>, Vec<usize>> = HashMap::new();
        let mut authorities = Vec::new();
        let start = text.as_ptr() as usize;
        for signer in allowed_signers(&text) {
            let at = signer.line.as_ptr() as usize - start;
            if signer.is_authority() {
                authorities.push(at);
            } else {
                lines.entry(signer.key).or_default().push(at);
            }
        }
        Ok(Self {
            folder,
            text,
            lines,
            authorities,
            revoked,
            files: Mutex::default(),
            signatures: AtomicUsize::new(0),
        })
    }

    pub(super) fn verify(
        &self,
        signed: &Signed,
        namespace: Namespace,
        now: OffsetDateTime,
    ) -> Result<Signer, NotVerified> {
        let signature = SshSignature::parse(&armour::ssh_bytes(&signed.signature)?)?;
        if signature.namespace != namespace.as_str().as_bytes() {
            return Err(NotVerified::Purpose(escape(&signature.namespace)));
        }
        let malformed = NotVerified::Malformed("its key cannot be read");
        let key = signature.fingerprint().ok_or(malformed)?;
        let lines = if signature.is_certified() {
            Some(&self.authorities)
        } else {
            self.lines.get(&signature.key)
        };
        let unknown = NotVerified::UnknownKey(key.clone());
        let lines = lines.filter(|lines| !lines.is_empty());
        let lines = lines.ok_or_else(|| unknown.clone())?;
        let question = Question {
            list: self,
            signed,
            namespace,
            now,
            key: &key,
            file: self.signature_file(&signed.signature)?,
        };
        let mut signer = Signer {
            principals: Vec::new(),
            key: key.clone(),
            format: Format::Ssh,
            hardware: signature.hardware,
            patterns: Vec::new(),
        };
        let mut refused = None;
        for at in lines {
            let told = if signature.is_certified() {
                question.certified(*at)
            } else {
                question.listed(*at)
            };
            match told {
                Ok((mut names, pattern)) => {
                    signer.principals.append(&mut names);
                    signer.patterns.extend(pattern);
                }
                Err(error) if error.is_undecided() => return Err(error),
                Err(error) => {
                    refused.get_or_insert(error);
                }
            }
        }
        if signer.principals.is_empty() && signer.patterns.is_empty() {
            return Err(refused.unwrap_or(unknown));
        }
        Ok(signer)
    }

    /// The file that holds nothing but the line.
    fn line_file(&self, at: usize) -> Result<PathBuf, NotVerified> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(path) = files.get(&at) {
            return Ok(path.clone());
        }
        let path = self.folder.path().join(format!("signer-{at}"));
        let mut text = self.line(at).to_vec();
        text.push(b'\n');
        std::fs::write(&path, text).map_err(|error| undecided(&error))?;
        files.insert(at, path.clone());
        Ok(path)
    }

    fn line(&self, at: usize) -> &[u8] {
        let rest = &self.text[at..];
        &rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())]
    }

    fn signature_file(&self, signature: &[u8]) -> Result<SignatureFile, NotVerified> {
        let number = self.signatures.fetch_add(1, Ordering::Relaxed);
        let path = self.folder.path().join(format!("signature-{number}"));
        std::fs::write(&path, signature).map_err(|error| undecided(&error))?;
        Ok(SignatureFile(path))
    }
}

/// The file with a signature; it goes with its use.
struct SignatureFile(PathBuf);

impl Drop for SignatureFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn undecided(error: &io::Error) -> NotVerified {
    let place = std::env::temp_dir();
    let place = escape(place.as_os_str().as_encoded_bytes());
    NotVerified::Undecided(format!("{place}: {error}; signatures are written there"))
}

/// What is asked of `ssh-keygen` about one signature.
struct Question<'a> {
    list: &'a SignerList,
    signed: &'a Signed,
    namespace: Namespace,
    now: OffsetDateTime,
    key: &'a str,
    file: SignatureFile,
}

/// The names that a line gives to the key, and the patterns.
type Names = (Vec<Vec<u8>>, Option<Vec<u8>>);

impl Question<'_> {
    /// By a line with the very key.
    fn listed(&self, at: usize) -> Result<Names, NotVerified> {
        let unknown = || NotVerified::UnknownKey(self.key.to_owned());
        let line = self.list.line(at);
        let signer = allowed_signers(line).next().ok_or_else(unknown)?;
        let names: Vec<Vec<u8>> = signer.names().map(<[u8]>::to_vec).collect();
        // A pattern matches itself; that is how Git asks, too.
        let mut all = signer.principals.split(|byte| *byte == b',');
        let one = names.first().map(Vec::as_slice);
        let one = one.or_else(|| all.find(|name| !name.is_empty() && name[0] != b'!'));
        self.confirmed(at, one.ok_or_else(unknown)?)?;
        let pattern = signer.principals.iter().any(|b| matches!(b, b'*' | b'?'));
        Ok((names, pattern.then(|| signer.principals.to_vec())))
    }

    /// By the line of an authority; the names are those in the certificate that the line allows.
    fn certified(&self, at: usize) -> Result<Names, NotVerified> {
        let mut command = self.command("find-principals", at)?;
        command.arg("-s").arg(&self.file.0).arg(self.time());
        let ran = ran(&mut command, &[])?;
        if !ran.status.success() {
            return Err(self.reason(&ran));
        }
        let lines = ran.stdout.split(|byte| *byte == b'\n');
        let names: Vec<Vec<u8>> = lines
            .filter(|name| !name.is_empty())
            .map(<[u8]>::to_vec)
            .collect();
        let mut confirmed = Vec::new();
        for name in names {
            self.confirmed(at, &name)?;
            confirmed.push(name);
        }
        if confirmed.is_empty() {
            return Err(NotVerified::UnknownKey(self.key.to_owned()));
        }
        Ok((confirmed, None))
    }

    /// Whether `ssh-keygen` finds the signature good for a principal of a line.
    fn confirmed(&self, at: usize, principal: &[u8]) -> Result<(), NotVerified> {
        let revoked = self.list.revoked.as_ref();
        let Err(ran) = self.good(at, principal, revoked)? else {
            return Ok(());
        };
        // It does not say so, but by refusing only where there is a list of those.
        let listed = revoked.is_some() && self.good(at, principal, None)?.is_ok();
        Err(if listed {
            NotVerified::Revoked(self.key.to_owned())
        } else {
            self.reason(&ran)
        })
    }

    fn good(
        &self,
        at: usize,
        principal: &[u8],
        revoked: Option<&PathBuf>,
    ) -> Result<Result<(), Ran>, NotVerified> {
        let mut command = self.command("verify", at)?;
        command.arg("-s").arg(&self.file.0);
        command.args(["-n", self.namespace.as_str()]);
        command.arg("-I").arg(os_str(principal)).arg(self.time());
        if let Some(revoked) = revoked {
            command.arg("-r").arg(revoked);
        }
        let ran = ran(&mut command, &self.signed.payload)?;
        let good = format!("Good \"{}\" signature for ", self.namespace.as_str());
        let with = format!(" key {}\n", self.key);
        let good = ran.status.success()
            && ran.stdout.starts_with(good.as_bytes())
            && ran.stdout.ends_with(with.as_bytes());
        Ok(if good { Ok(()) } else { Err(ran) })
    }

    fn command(&self, what: &str, at: usize) -> Result<Command, NotVerified> {
        let mut command = Command::new("ssh-keygen");
        command
            .args(["-Y", what, "-f"])
            .arg(self.list.line_file(at)?);
        // Times in the list without a zone are in that of the program.
        command.env("TZ", "UTC").env("LC_ALL", "C");
        Ok(command)
    }

    /// The option that says when; `ssh-keygen` itself would take the present.
    fn time(&self) -> String {
        let now = self.now.to_offset(time::UtcOffset::UTC);
        format!(
            "-Overify-time={:04}{:02}{:02}{:02}{:02}{:02}",
            now.year(),
            u8::from(now.month()),
            now.day(),
            now.hour(),
            now.minute(),
            now.second()
        )
    }

    /// What it complained of; for people, since that it complained is enough to refuse.
    fn reason(&self, ran: &Ran) -> NotVerified {
        let said = String::from_utf8_lossy(&ran.stderr);
        let key = self.key.to_owned();
        if said.contains("incorrect signature") {
            NotVerified::Bad
        } else if said.contains("key has expired") {
            NotVerified::Expired(key)
        } else if said.contains("not yet valid") {
            NotVerified::NotYetValid(key)
        } else if said.contains("not permitted for use in signature namespace") {
            NotVerified::NotForThis(key)
        } else if ran.status.code().is_none() || said.contains("Unable to open") {
            NotVerified::Undecided(format!("ssh-keygen ended with {}", ran.status))
        } else {
            NotVerified::UnknownKey(key)
        }
    }
}

fn ran(command: &mut Command, stdin: &[u8]) -> Result<Ran, NotVerified> {
    run(command, stdin).map_err(|error| {
        NotVerified::Undecided(format!(
            "ssh-keygen could not be run: {error}; is OpenSSH installed?"
        ))
    })
}
