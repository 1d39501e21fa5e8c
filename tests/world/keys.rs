//! Keys of people, and a FIDO2 device in software.

use super::{Repo, World};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_compact::{KeyPair, Seed};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use sha2::{Digest as _, Sha256, Sha512};
use std::fs;
use std::path::PathBuf;

/// An SSH key pair in a file.
pub(crate) struct SshKey {
    pub(crate) file: PathBuf,
    /// `TYPE BASE64`
    pub(crate) public: String,
}

impl World {
    /// A new key pair that belongs to nobody yet.
    #[track_caller]
    pub(crate) fn ssh_key(&self, name: &str) -> SshKey {
        let file = self.path(name);
        let here = self.plain_dir(".");
        let asked = ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f"];
        let mut args: Vec<&str> = asked.to_vec();
        let shown = file.to_string_lossy().into_owned();
        args.push(&shown);
        here.program("ssh-keygen".as_ref(), &args).ok();
        let public = fs::read_to_string(file.with_extension("pub")).unwrap();
        let public = public.trim().to_owned();
        SshKey { file, public }
    }
}

impl Repo {
    /// From here on the clone commits as this address, and signs all it makes with this key.
    #[track_caller]
    pub(crate) fn signs_with(&self, key: &SshKey, address: &str) -> &Self {
        let file = key.file.to_string_lossy().into_owned();
        for (key, value) in [
            ("user.email", address),
            ("gpg.format", "ssh"),
            ("user.signingKey", &file),
            ("commit.gpgSign", "true"),
        ] {
            self.git_with(&["config", key, value]).ok();
        }
        self
    }

    /// From here on the clone commits as this address and signs nothing.
    #[track_caller]
    pub(crate) fn signs_nothing(&self, address: &str) -> &Self {
        self.git_with(&["config", "user.email", address]).ok();
        self.git("config commit.gpgSign false").ok();
        self
    }

    /// A signature over bytes with a key, made for `namespace`.
    #[track_caller]
    pub(crate) fn signature(&self, key: &SshKey, namespace: &str, payload: &[u8]) -> String {
        let file = key.file.to_string_lossy().into_owned();
        let script = format!("ssh-keygen -q -Y sign -n {namespace} -f '{file}'");
        let said = self.shell_fed(&script, payload).ok();
        said.stdout.clone()
    }

    /// Makes HEAD anew with this text as the header for its signature, and the branch stand there.
    #[track_caller]
    pub(crate) fn head_signed(&self, signature: &str) -> String {
        let raw = self.git("cat-file commit HEAD").ok().stdout.clone();
        self.put_head(&with_signature(&unsigned(&raw), signature))
    }

    /// The bytes of HEAD that a signature of it is over.
    #[track_caller]
    pub(crate) fn head_unsigned(&self) -> String {
        unsigned(&self.git("cat-file commit HEAD").ok().stdout)
    }

    /// Makes the branch stand at a commit with these bytes.
    #[track_caller]
    pub(crate) fn put_head(&self, raw: &str) -> String {
        let oid = self.ask_fed(
            "hash-object -t commit -w --literally --stdin",
            raw.as_bytes(),
        );
        self.git(&format!("reset -q --hard {oid}")).ok();
        oid
    }
}

/// A commit without the header of its signature.
fn unsigned(raw: &str) -> String {
    let (head, message) = raw.split_once("\n\n").unwrap();
    let mut kept = Vec::new();
    let mut inside = false;
    for line in head.lines() {
        inside = line.starts_with("gpgsig") || (inside && line.starts_with(' '));
        if !inside {
            kept.push(line);
        }
    }
    format!("{}\n\n{message}", kept.join("\n"))
}

/// A commit with this text in the header for a signature.
pub(crate) fn with_signature(raw: &str, signature: &str) -> String {
    let (head, message) = raw.split_once("\n\n").unwrap();
    let folded = signature.trim_end().replace('\n', "\n ");
    format!("{head}\ngpgsig {folded}\n\n{message}")
}

/// What a device says of the person.
pub(crate) mod flags {
    /// Nothing.
    pub(crate) const NOBODY: u8 = 0x00;
    /// Somebody touched it.
    pub(crate) const TOUCHED: u8 = 0x01;
    /// And entered the PIN.
    pub(crate) const VERIFIED: u8 = 0x05;
}

/// A FIDO2 device that makes signatures as OpenSSH's PROTOCOL.u2f and PROTOCOL.sshsig say, and claims
/// of the person whatever it is told to.
pub(crate) struct Device {
    pair: Pair,
    application: &'static str,
}

/// The two kinds of keys that OpenSSH makes in a device.
enum Pair {
    Ed25519(KeyPair),
    Ecdsa(SigningKey),
}

impl Pair {
    fn kind(&self) -> &'static [u8] {
        match self {
            Self::Ed25519(_) => b"sk-ssh-ed25519@openssh.com",
            Self::Ecdsa(_) => b"sk-ecdsa-sha2-nistp256@openssh.com",
        }
    }

    /// The fields between the kind and the application.
    fn public(&self) -> Vec<u8> {
        match self {
            Self::Ed25519(pair) => string(&pair.pk[..]),
            Self::Ecdsa(key) => {
                let point = key.verifying_key().to_sec1_point(false);
                [string(b"nistp256"), string(point.as_bytes())].concat()
            }
        }
    }

    /// The one field of a signature over these bytes.
    fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Ed25519(pair) => string(&pair.sk.sign(bytes, None)[..]),
            Self::Ecdsa(key) => {
                let made: Signature = key.sign(bytes);
                let (r, s) = made.split_bytes();
                string(&[number(&r), number(&s)].concat())
            }
        }
    }
}

/// A positive number (`mpint` of RFC 4251): as short as can be, and no sign in its first bit.
fn number(bytes: &[u8]) -> Vec<u8> {
    let from = bytes
        .iter()
        .position(|byte| *byte != 0)
        .unwrap_or(bytes.len());
    let bytes = &bytes[from..];
    let sign = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
    string(&[&vec![0; usize::from(sign)], bytes].concat())
}

impl Device {
    /// One whose key is made from this number.
    pub(crate) fn new(seed: u8) -> Self {
        Self::with_application(seed, "ssh:")
    }

    /// One whose key is for something else than SSH.
    pub(crate) fn with_application(seed: u8, application: &'static str) -> Self {
        Self {
            pair: Pair::Ed25519(KeyPair::from_seed(Seed::new([seed; 32]))),
            application,
        }
    }

    /// One that signs with ECDSA, as older devices do.
    pub(crate) fn with_ecdsa(seed: u8) -> Self {
        Self {
            pair: Pair::Ecdsa(SigningKey::from_slice(&[seed; 32]).unwrap()),
            application: "ssh:",
        }
    }

    /// `TYPE BASE64`
    pub(crate) fn public(&self) -> String {
        let kind = String::from_utf8_lossy(self.pair.kind());
        format!("{kind} {}", STANDARD.encode(self.blob()))
    }

    fn blob(&self) -> Vec<u8> {
        [
            string(self.pair.kind()),
            self.pair.public(),
            string(self.application.as_bytes()),
        ]
        .concat()
    }

    /// A signature over bytes, made for `git`.
    pub(crate) fn sign(&self, payload: &[u8], flags: u8) -> String {
        let mut signed = b"SSHSIG".to_vec();
        for field in [&b"git"[..], b"", b"sha512", &Sha512::digest(payload)[..]] {
            signed.extend(string(field));
        }
        let state = [&[flags][..], &7_u32.to_be_bytes()].concat();
        let mut device = Sha256::digest(self.application.as_bytes()).to_vec();
        device.extend(&state);
        device.extend(Sha256::digest(&signed));
        let mut signature = string(self.pair.kind());
        signature.extend(self.pair.sign(&device));
        signature.extend(&state);
        let mut whole = b"SSHSIG\0\0\0\x01".to_vec();
        for field in [&self.blob()[..], b"git", b"", b"sha512", &signature] {
            whole.extend(string(field));
        }
        armoured(&whole)
    }
}

impl Device {
    /// A signature of the device with other flags written into it.
    pub(crate) fn with_flags(&self, signature: &str, flags: u8) -> String {
        let lines = signature.lines().filter(|line| !line.starts_with('-'));
        let mut bytes = STANDARD.decode(lines.collect::<String>()).unwrap();
        // The last five bytes are the flags and the counter.
        let at = bytes.len() - 5;
        bytes[at] = flags;
        armoured(&bytes)
    }
}

/// Bytes of a signature in the armour that OpenSSH gives them.
fn armoured(bytes: &[u8]) -> String {
    let base64 = STANDARD.encode(bytes);
    let lines: Vec<&str> = (0..base64.len().div_ceil(70))
        .map(|at| &base64[at * 70..base64.len().min(at * 70 + 70)])
        .collect();
    let lines = lines.join("\n");
    format!("-----BEGIN SSH SIGNATURE-----\n{lines}\n-----END SSH SIGNATURE-----\n")
}

fn string(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u32).to_be_bytes()[..], bytes].concat()
}
