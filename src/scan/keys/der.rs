//! Keys in DER: PKCS #1 (RFC 8017), SEC 1 (RFC 5915), DSA as OpenSSL writes it, PKCS #8 (RFC 5958),
//! SubjectPublicKeyInfo and certificates (RFC 5280).

use super::{Key, dsa, ecdsa, ed25519, rsa, shown};
use ed25519_compact::{KeyPair, Seed};

const INTEGER: u8 = 0x02;
const BITS: u8 = 0x03;
const OCTETS: u8 = 0x04;
const OBJECT: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;

/// How many values of one structure are looked at.
const MAX_FIELDS: usize = 64;

/// One value: its tag and its content.
type Field<'a> = (u8, &'a [u8]);

/// The first value of some bytes and what follows it.
fn field(bytes: &[u8]) -> Option<(Field<'_>, &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (length, rest) = match rest {
        [short @ 0..=0x7f, rest @ ..] => (usize::from(*short), rest),
        [0x81, one, rest @ ..] => (usize::from(*one), rest),
        [0x82, high, low, rest @ ..] => (usize::from(*high) << 8 | usize::from(*low), rest),
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some(((*tag, content), rest))
}

/// The values one after the other, as far as they can be read.
fn fields(mut bytes: &[u8]) -> Vec<Field<'_>> {
    let mut fields = Vec::new();
    while let Some((one, rest)) = field(bytes).filter(|_| fields.len() < MAX_FIELDS) {
        fields.push(one);
        bytes = rest;
    }
    fields
}

/// The values within a SEQUENCE.
fn sequence(bytes: &[u8]) -> Option<Vec<Field<'_>>> {
    match field(bytes)? {
        ((SEQUENCE, content), _) => Some(fields(content)),
        _ => None,
    }
}

/// The bits of a BIT STRING of whole bytes.
fn bit_string(content: &[u8]) -> Option<&[u8]> {
    content.strip_prefix(&[0])
}

/// The private key in DER, in any of its structures; `None` for what is none or is encrypted.
pub(crate) fn of_der(bytes: &[u8]) -> Option<Key> {
    let fields = sequence(bytes)?;
    match fields.as_slice() {
        [
            (INTEGER, [0 | 1]),
            (SEQUENCE, algorithm),
            (OCTETS, inner),
            rest @ ..,
        ] => {
            let public = rest.iter().find(|(tag, _)| *tag == 0x81);
            pkcs8(
                algorithm,
                inner,
                public.and_then(|(_, bits)| bit_string(bits)),
            )
        }
        [(INTEGER, [1]), (OCTETS, _), rest @ ..] => sec1(rest, None),
        [
            (INTEGER, [0]),
            (INTEGER, p),
            (INTEGER, q),
            (INTEGER, g),
            (INTEGER, y),
            (INTEGER, _),
        ] => Some(dsa([p, q, g, y])),
        [
            (INTEGER, [0 | 1]),
            (INTEGER, modulus),
            (INTEGER, exponent),
            (INTEGER, _),
            ..,
        ] => Some(rsa(modulus, exponent)),
        _ => None,
    }
}

fn pkcs8(algorithm: &[u8], inner: &[u8], public: Option<&[u8]>) -> Option<Key> {
    let algorithm = fields(algorithm);
    let (OBJECT, oid) = algorithm.first()? else {
        return None;
    };
    match Algorithm::of(oid)? {
        Algorithm::Rsa => of_der(inner),
        Algorithm::Ec => {
            let fields = sequence(inner)?;
            sec1(fields.get(2..)?, algorithm.get(1).copied())
        }
        Algorithm::Dsa => Some(Key::new("DSA", None, None)),
        Algorithm::Ed25519 => {
            let derived = of_seed(inner);
            let derived = derived.as_ref().map(|point| &point[..]);
            Some(ed25519(public.or(derived)))
        }
        Algorithm::Other(kind) => Some(Key::new(kind, None, public.map(<[u8]>::to_vec))),
    }
}

/// The public half of Ed25519, which files mostly leave out, from the private one (RFC 8410, 7).
fn of_seed(inner: &[u8]) -> Option<[u8; 32]> {
    let ((OCTETS, seed), _) = field(inner)? else {
        return None;
    };
    let seed = Seed::from_slice(seed).ok()?;
    // Of nothing but zeros no key is made.
    let some = seed.iter().any(|byte| *byte != 0);
    some.then(|| *KeyPair::from_seed(seed).pk)
}

/// What follows the number itself in a key of SEC 1: the curve and the public point.
fn sec1(rest: &[Field<'_>], outer: Option<Field<'_>>) -> Option<Key> {
    let tagged = |wanted: u8| {
        let inner = rest.iter().find(|(tag, _)| *tag == wanted)?.1;
        field(inner).map(|(field, _)| field)
    };
    let curve = tagged(0xA0).or(outer);
    let point = tagged(0xA1).and_then(|(tag, bits)| (tag == BITS).then(|| bit_string(bits))?);
    match curve {
        Some((OBJECT, oid)) => Some(on_curve(oid, point)),
        _ => None,
    }
}

/// A key on the curve of this OID.
fn on_curve(oid: &[u8], point: Option<&[u8]>) -> Key {
    match oid {
        [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07] => ecdsa("nistp256", 256, point),
        [0x2B, 0x81, 0x04, 0x00, 0x22] => ecdsa("nistp384", 384, point),
        [0x2B, 0x81, 0x04, 0x00, 0x23] => ecdsa("nistp521", 521, point),
        [0x2B, 0x81, 0x04, 0x00, 0x0A] => {
            Key::new("ECDSA secp256k1", Some(256), point.map(<[u8]>::to_vec))
        }
        _ => Key::new("ECDSA", None, point.map(<[u8]>::to_vec)),
    }
}

enum Algorithm {
    Rsa,
    Dsa,
    Ec,
    Ed25519,
    /// One that SSH does not know.
    Other(&'static str),
}

impl Algorithm {
    /// By its OID.
    fn of(oid: &[u8]) -> Option<Self> {
        Some(match oid {
            // 1.2.840.113549.1.1.1 and .10 (PSS)
            [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01 | 0x0A] => Self::Rsa,
            // 1.2.840.10040.4.1
            [0x2A, 0x86, 0x48, 0xCE, 0x38, 0x04, 0x01] => Self::Dsa,
            // 1.2.840.10045.2.1
            [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01] => Self::Ec,
            // 1.3.101.110 to 113 (RFC 8410)
            [0x2B, 0x65, 0x70] => Self::Ed25519,
            [0x2B, 0x65, 0x6E] => Self::Other("X25519"),
            [0x2B, 0x65, 0x6F] => Self::Other("X448"),
            [0x2B, 0x65, 0x71] => Self::Other("Ed448"),
            _ => return None,
        })
    }
}

/// A public key of PKCS #1: `BEGIN RSA PUBLIC KEY`.
pub(super) fn of_rsa_public(bytes: &[u8]) -> Option<Key> {
    match sequence(bytes)?.as_slice() {
        [(INTEGER, modulus), (INTEGER, exponent)] => Some(rsa(modulus, exponent)),
        _ => None,
    }
}

/// A SubjectPublicKeyInfo: `BEGIN PUBLIC KEY`.
pub(super) fn of_public(bytes: &[u8]) -> Option<Key> {
    let ((SEQUENCE, content), _) = field(bytes)? else {
        return None;
    };
    public_info(content)
}

fn public_info(content: &[u8]) -> Option<Key> {
    let fields = fields(content);
    let [(SEQUENCE, algorithm), (BITS, bits), ..] = fields.as_slice() else {
        return None;
    };
    let (algorithm, bits) = (self::fields(algorithm), bit_string(bits)?);
    let (OBJECT, oid) = algorithm.first()? else {
        return None;
    };
    match Algorithm::of(oid)? {
        Algorithm::Rsa => of_rsa_public(bits),
        Algorithm::Ec => match algorithm.get(1)? {
            (OBJECT, curve) => Some(on_curve(curve, Some(bits))),
            _ => None,
        },
        Algorithm::Ed25519 => Some(ed25519(Some(bits))),
        Algorithm::Dsa => {
            let numbers = algorithm.get(1).map(|(_, content)| self::fields(content))?;
            match (numbers.as_slice(), field(bits)?.0) {
                ([(INTEGER, p), (INTEGER, q), (INTEGER, g)], (INTEGER, y)) => {
                    Some(dsa([p, q, g, y]))
                }
                _ => None,
            }
        }
        Algorithm::Other(kind) => Some(Key::new(kind, None, Some(bits.to_vec()))),
    }
}

/// A certificate: its key, with the common name of its subject as the comment.
pub(super) fn of_certificate(bytes: &[u8]) -> Option<Key> {
    let outer = sequence(bytes)?;
    let (SEQUENCE, content) = outer.first()? else {
        return None;
    };
    let inner = fields(content);
    // Version 1 leaves the version out.
    let serial = usize::from(inner.first()?.0 == 0xA0);
    let (subject, info) = (inner.get(serial + 4)?, inner.get(serial + 5)?);
    let mut key = public_info(info.1)?;
    key.comment = common_name(subject.1);
    Some(key)
}

/// The last common name (2.5.4.3) of a distinguished name.
fn common_name(name: &[u8]) -> Option<String> {
    let sets = fields(name).into_iter().filter(|(tag, _)| *tag == SET);
    let pairs = sets.flat_map(|(_, set)| fields(set));
    let mut values = pairs.filter_map(|(_, pair)| match fields(pair).as_slice() {
        [(OBJECT, [0x55, 0x04, 0x03]), (_, value)] => shown(value),
        _ => None,
    });
    values.next_back()
}
