//! What a private key says of itself: its kind, its size, and the public key it belongs to.
//!
//! A key is shown by the fingerprint that `ssh-keygen -lf` prints, SHA-256 over the public key as SSH
//! writes it (RFC 4253, 6.6), whatever file it stands in: so it can be looked up where it is
//! trusted. Public keys and certificates in the same text are read as well, and compared.

mod der;
mod public;
mod ssh;

pub use public::Public;
pub(super) use public::{MARKS, stand_in};
pub(super) use ssh::OPENSSH;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use sha2::{Digest, Sha256};

pub(super) use der::of_der;
pub(super) use ssh::{of_openssh, of_putty};

/// A key that can be asked for its public half.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    /// `RSA`, `ECDSA`, `Ed25519`.
    kind: &'static str,
    /// Its size in bits, where it can be read.
    bits: Option<usize>,
    /// The public key as SSH writes it, or as its file does where SSH knows no such key; not every
    /// private key holds it.
    public: Option<Vec<u8>>,
    /// Whose it is, as its owner wrote it.
    comment: Option<String>,
}

impl Key {
    fn new(kind: &'static str, bits: Option<usize>, public: Option<Vec<u8>>) -> Self {
        Self {
            kind,
            bits,
            public,
            comment: None,
        }
    }

    /// The public half, as `ssh-keygen -lf` shows it.
    pub(super) fn fingerprint(&self) -> Option<String> {
        self.public.as_deref().map(fingerprint)
    }
}

impl std::fmt::Display for Key {
    /// `RSA, 2048 bits, SHA256:…, "deploy@build"`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.kind)?;
        if let Some(bits) = self.bits {
            write!(f, ", {bits} bits")?;
        }
        if let Some(fingerprint) = self.fingerprint() {
            write!(f, ", {fingerprint}")?;
        }
        if let Some(comment) = &self.comment {
            write!(f, ", \"{comment}\"")?;
        }
        Ok(())
    }
}

/// `SHA256:` and the digest of a public key in base 64 without padding.
fn fingerprint(public: &[u8]) -> String {
    format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(public)))
}

/// Longer comments and names are not shown.
const MAX_NAME: usize = 80;

/// A text that a key carries, if it can be shown as it is.
fn shown(text: &[u8]) -> Option<String> {
    let fits = (1..=MAX_NAME).contains(&text.len());
    let plain = |byte: &u8| byte.is_ascii_graphic() && *byte != b'"' || *byte == b' ';
    let shown = fits && text.iter().all(plain);
    shown.then(|| String::from_utf8_lossy(text).into_owned())
}

/// The size of a number without sign in big-endian order.
fn bits_of(number: &[u8]) -> usize {
    let number = unsigned(number);
    number
        .first()
        .map_or(0, |first| number.len() * 8 - first.leading_zeros() as usize)
}

/// A number without the zeros before it.
fn unsigned(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}

/// Writes what SSH calls a string: its length and its bytes.
fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(bytes);
}

/// Writes what SSH calls an mpint: a zero before a number whose first bit is set.
fn put_number(out: &mut Vec<u8>, number: &[u8]) {
    let number = unsigned(number);
    if number.first().is_some_and(|first| first & 0x80 != 0) {
        put(out, &[&[0], number].concat());
    } else {
        put(out, number);
    }
}

/// A public key of RSA as SSH writes it.
fn rsa(modulus: &[u8], exponent: &[u8]) -> Key {
    let mut public = Vec::new();
    put(&mut public, b"ssh-rsa");
    put_number(&mut public, exponent);
    put_number(&mut public, modulus);
    Key::new("RSA", Some(bits_of(modulus)), Some(public))
}

/// A public key of DSA as SSH writes it.
fn dsa([p, q, g, y]: [&[u8]; 4]) -> Key {
    let mut public = Vec::new();
    put(&mut public, b"ssh-dss");
    for number in [p, q, g, y] {
        put_number(&mut public, number);
    }
    Key::new("DSA", Some(bits_of(p)), Some(public))
}

/// A public key on one of the curves of SSH (RFC 5656), by the curve's name there.
fn ecdsa(curve: &'static str, bits: usize, point: Option<&[u8]>) -> Key {
    let public = point.map(|point| {
        let mut public = Vec::new();
        put(&mut public, format!("ecdsa-sha2-{curve}").as_bytes());
        put(&mut public, curve.as_bytes());
        put(&mut public, point);
        public
    });
    Key::new("ECDSA", Some(bits), public)
}

/// A public key of Ed25519 as SSH writes it (RFC 8709).
fn ed25519(point: Option<&[u8]>) -> Key {
    let public = point.filter(|point| point.len() == 32).map(|point| {
        let mut public = Vec::new();
        put(&mut public, b"ssh-ed25519");
        put(&mut public, point);
        public
    });
    Key::new("Ed25519", Some(256), public)
}

#[cfg(test)]
mod tests;
