//! What stands in an SSH signature and in the keys it names: OpenSSH's PROTOCOL.sshsig, PROTOCOL.u2f
//! and PROTOCOL.certkeys; the strings are those of RFC 4251, section 5.

use super::{Hardware, NotVerified};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use sha2::{Digest as _, Sha256};

/// An SSH signature, taken apart. Nothing of it is true before `ssh-keygen` has verified it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SshSignature {
    /// The public key, or the certificate, that it claims to be made with.
    pub(super) key: Vec<u8>,
    /// What it is for.
    pub(super) namespace: Vec<u8>,
    /// What the device says, for keys that are kept in one.
    pub(super) hardware: Option<Hardware>,
}

/// The types of keys that are kept in a FIDO2 device.
const IN_HARDWARE: [&[u8]; 2] = [
    b"sk-ssh-ed25519@openssh.com",
    b"sk-ecdsa-sha2-nistp256@openssh.com",
];

/// What ends the name of the type of a certificate (PROTOCOL.certkeys).
const CERTIFICATE: &[u8] = b"-cert-v01@openssh.com";

const TOUCHED: u8 = 0x01;
const VERIFIED: u8 = 0x04;

impl SshSignature {
    /// Reads the bytes inside the armour.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, NotVerified> {
        let malformed = |why| NotVerified::Malformed(why);
        let mut at = Reader(
            bytes
                .strip_prefix(b"SSHSIG")
                .ok_or(malformed("it lacks the letters SSHSIG"))?,
        );
        let cut = malformed("it is cut short");
        if at.number().ok_or_else(|| cut.clone())? != 1 {
            return Err(malformed("it is of a version that is not 1"));
        }
        let mut string = || at.string().ok_or_else(|| cut.clone());
        let (key, namespace, reserved) = (string()?, string()?, string()?);
        let (hash, signature) = (string()?, string()?);
        if !at.0.is_empty() {
            return Err(malformed("something follows its last field"));
        }
        // PROTOCOL.sshsig says to ignore what is reserved; no program writes anything there.
        if !reserved.is_empty() {
            return Err(malformed("a reserved field is in use"));
        }
        if ![&b"sha256"[..], b"sha512"].contains(&hash) {
            return Err(malformed("its hash is neither sha256 nor sha512"));
        }
        Ok(Self {
            key: key.to_vec(),
            namespace: namespace.to_vec(),
            hardware: hardware(key, signature)?,
        })
    }

    /// Whether the key is one that an authority has certified.
    pub(super) fn is_certified(&self) -> bool {
        Reader(&self.key)
            .string()
            .is_some_and(|kind| kind.ends_with(CERTIFICATE))
    }

    /// `SHA256:...`, as OpenSSH shows the key; of a certificate, that of the key in it.
    pub(super) fn fingerprint(&self) -> Option<String> {
        let plain = plain_key(&self.key)?;
        let digest = STANDARD_NO_PAD.encode(Sha256::digest(plain));
        Some(format!("SHA256:{digest}"))
    }
}

/// What the signature blob of a key in hardware says: `string type, string signature, byte flags,
/// uint32 counter`. The device signs flags and counter together with the hash of the application, so
/// they are as true as the signature.
fn hardware(key: &[u8], signature: &[u8]) -> Result<Option<Hardware>, NotVerified> {
    let malformed = || NotVerified::Malformed("its flags cannot be read");
    let plain = plain_key(key).ok_or(NotVerified::Malformed("its key cannot be read"))?;
    let mut plain = Reader(&plain);
    let kind = plain.string().ok_or_else(malformed)?;
    if !IN_HARDWARE.contains(&kind) {
        return Ok(None);
    }
    let mut blob = Reader(signature);
    if blob.string() != Some(kind) {
        // As a browser makes it (webauthn): the flags may be there, the application is a web site.
        return Ok(None);
    }
    let parts = (blob.string(), blob.byte(), blob.number());
    let (Some(_), Some(flags), Some(_)) = parts else {
        return Err(malformed());
    };
    if !blob.0.is_empty() {
        return Err(malformed());
    }
    // The application is the last field of the key. Another one is a credential that was made for
    // signing in to a web site.
    let mut application = None;
    while let Some(field) = plain.string() {
        application = Some(field);
    }
    let for_ssh = application.is_some_and(|name| name.starts_with(b"ssh:"));
    Ok(for_ssh.then_some(Hardware {
        touched: flags & TOUCHED != 0,
        verified: flags & VERIFIED != 0,
    }))
}

/// The key itself: of a certificate, what it certifies, with the type of the key in front.
fn plain_key(key: &[u8]) -> Option<Vec<u8>> {
    let mut fields = Reader(key);
    let kind = fields.string()?;
    let plain = match kind.strip_suffix(CERTIFICATE) {
        None => kind.to_vec(),
        // `sk-ssh-ed25519-cert-v01@openssh.com` is of `sk-ssh-ed25519@openssh.com`.
        Some(short) if short.starts_with(b"sk-") => [short, b"@openssh.com"].concat(),
        Some(short) => short.to_vec(),
    };
    // How many fields follow the type, each a string or an mpint, which look the same.
    let count = match &plain[..] {
        b"ssh-ed25519" => 1,
        b"ssh-rsa" | b"sk-ssh-ed25519@openssh.com" => 2,
        b"ecdsa-sha2-nistp256" | b"ecdsa-sha2-nistp384" | b"ecdsa-sha2-nistp521" => 2,
        b"sk-ecdsa-sha2-nistp256@openssh.com" => 3,
        b"ssh-dss" => 4,
        _ => return None,
    };
    let certified = plain != kind;
    if certified {
        fields.string()?; // the nonce
    }
    let mut whole = Vec::with_capacity(key.len());
    put(&mut whole, &plain);
    for _ in 0..count {
        put(&mut whole, fields.string()?);
    }
    (certified || fields.0.is_empty()).then_some(whole)
}

fn put(whole: &mut Vec<u8>, field: &[u8]) {
    let length = u32::try_from(field.len()).unwrap_or(u32::MAX);
    whole.extend_from_slice(&length.to_be_bytes());
    whole.extend_from_slice(field);
}

/// Reads fields from the front; none where the bytes end too early.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn number(&mut self) -> Option<u32> {
        let bytes = self.take(4)?.try_into().ok()?;
        Some(u32::from_be_bytes(bytes))
    }

    fn string(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        self.take(usize::try_from(length).ok()?)
    }
}
