//! Public keys and certificates in a text: what says where a private key is trusted.

use super::der::{of_certificate, of_public, of_rsa_public};
use super::ssh::fingerprint_of_line;
use super::{Key, fingerprint};
use crate::scan::proof::pem_body;
use memchr::memmem;
use serde::{Deserialize, Serialize};

/// What begins a public key. A text without any of them is not looked through.
pub(in crate::scan) const MARKS: [&str; 9] = [
    "ssh-rsa aaaa",
    "ssh-dss aaaa",
    "ssh-ed25519 aaaa",
    "ecdsa-sha2-nistp",
    "-cert-v01@openssh.com aaaa",
    "begin certificate-----",
    "begin trusted certificate-----",
    "begin public key-----",
    "begin rsa public key-----",
];

/// A public key that stands in a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Public {
    /// As `ssh-keygen -lf` shows it.
    pub fingerprint: String,
    /// Where it begins, in bytes.
    pub at: usize,
    /// Whom a certificate is for.
    pub name: Option<String>,
}

/// How many of them are read in one text.
const MAX: usize = 256;

/// The longest one that is read, in bytes.
const LONGEST: usize = 16 * 1024;

/// The public keys and certificates in a text.
pub(in crate::scan) fn stand_in(text: &[u8]) -> Vec<Public> {
    let mut found = Vec::new();
    on_lines(text, &mut found);
    in_armor(text, &mut found);
    found.sort_by_key(|one| one.at);
    found.truncate(MAX);
    found
}

fn on_lines(text: &[u8], found: &mut Vec<Public>) {
    // Every public key of SSH begins with the length of its kind: three zeros and a number.
    for at in memmem::find_iter(text, b" AAAA").take(4 * MAX) {
        let kind = text[..at].iter().rev().take(60);
        let kind = kind.take_while(|byte| byte.is_ascii_graphic()).count();
        let coded = &text[at + 1..text.len().min(at + LONGEST)];
        let end = coded
            .iter()
            .position(|byte| !byte.is_ascii_alphanumeric() && !b"+/=".contains(byte));
        let coded = &coded[..end.unwrap_or(coded.len())];
        found.extend(fingerprint_of_line(coded).map(|fingerprint| Public {
            fingerprint,
            at: at - kind,
            name: None,
        }));
    }
}

fn in_armor(text: &[u8], found: &mut Vec<Public>) {
    type Read = fn(&[u8]) -> Option<Key>;
    const KINDS: [(&[u8], Read); 4] = [
        (b"CERTIFICATE-----", of_certificate),
        (b"TRUSTED CERTIFICATE-----", of_certificate),
        (b"PUBLIC KEY-----", of_public),
        (b"RSA PUBLIC KEY-----", of_rsa_public),
    ];
    const BEGIN: &[u8] = b"-----BEGIN ";
    for at in memmem::find_iter(text, BEGIN).take(4 * MAX) {
        let head = &text[at + BEGIN.len()..];
        let Some((_, read)) = KINDS.iter().find(|(kind, _)| head.starts_with(kind)) else {
            continue;
        };
        let block = &text[at..text.len().min(at + LONGEST)];
        let key = pem_body(block).and_then(|(_, body)| read(&body));
        found.extend(key.and_then(|key| {
            Some(Public {
                fingerprint: fingerprint(key.public.as_deref()?),
                at,
                name: key.comment,
            })
        }));
    }
}
