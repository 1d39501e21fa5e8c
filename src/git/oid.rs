//! Object ids of both hashes; the zero id cannot be said.

use serde::de::{Error as _, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::{BuildHasherDefault, Hash, Hasher};

/// The id of an object: 20 bytes of SHA-1 or 32 of SHA-256, never all zero.
///
/// Git writes "nothing" as an id of zeros. Parsers here turn that into `None`, so that no caller
/// can forget the case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Oid {
    len: u8,
    bytes: [u8; 32],
}

impl Oid {
    /// From the raw 20 or 32 bytes; `None` for the zero id or another length.
    #[must_use]
    pub fn from_raw(raw: &[u8]) -> Option<Self> {
        if !matches!(raw.len(), 20 | 32) || raw.iter().all(|byte| *byte == 0) {
            return None;
        }
        let mut bytes = [0; 32];
        bytes[..raw.len()].copy_from_slice(raw);
        Some(Self {
            len: if raw.len() == 20 { 20 } else { 32 },
            bytes,
        })
    }

    /// From 40 or 64 hexadecimal digits; `Ok(None)` is the zero id.
    ///
    /// # Errors
    /// When the text is anything else.
    pub fn parse(hex: &[u8]) -> Result<Option<Self>, BadOid> {
        if !matches!(hex.len(), 40 | 64) {
            return Err(BadOid);
        }
        let mut raw = [0; 32];
        for (byte, pair) in raw.iter_mut().zip(hex.chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Ok(Self::from_raw(&raw[..hex.len() / 2]))
    }

    /// The raw bytes, 20 or 32 of them.
    #[must_use]
    pub fn as_raw(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// The first ten hexadecimal digits, for people.
    #[must_use]
    pub fn short(&self) -> String {
        let mut hex = self.to_string();
        hex.truncate(10);
        hex
    }
}

/// An id is a hash already: eight of its bytes spread well enough.
impl Hash for Oid {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let mut first = [0; 8];
        first.copy_from_slice(&self.bytes[..8]);
        state.write_u64(u64::from_le_bytes(first));
    }
}

/// A map by object id.
pub type OidMap<V> = HashMap<Oid, V, BuildHasherDefault<OidHasher>>;
/// A set of object ids.
pub type OidSet = HashSet<Oid, BuildHasherDefault<OidHasher>>;

/// Passes on what [`Oid`] hashes to.
#[derive(Clone, Copy, Debug, Default)]
pub struct OidHasher(u64);

impl Hasher for OidHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

fn digit(byte: u8) -> Result<u8, BadOid> {
    match byte {
        b'0'..=b'9' => Ok(byte - b'0'),
        b'a'..=b'f' => Ok(byte - b'a' + 10),
        b'A'..=b'F' => Ok(byte - b'A' + 10),
        _ => Err(BadOid),
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_raw()
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// In caches: the raw bytes.
impl Serialize for Oid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.as_raw())
    }
}

impl<'de> Deserialize<'de> for Oid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Raw;
        impl Visitor<'_> for Raw {
            type Value = Oid;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the raw bytes of an object id")
            }

            fn visit_bytes<E: serde::de::Error>(self, raw: &[u8]) -> Result<Oid, E> {
                Oid::from_raw(raw).ok_or_else(|| E::custom(BadOid))
            }
        }
        deserializer
            .deserialize_bytes(Raw)
            .map_err(D::Error::custom)
    }
}

/// The text is not an object id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an object id of 40 or 64 hexadecimal digits")]
pub struct BadOid;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_is_nothing_in_both_hashes() {
        assert_eq!(Oid::parse(&[b'0'; 40]), Ok(None));
        assert_eq!(Oid::parse(&[b'0'; 64]), Ok(None));
        assert_eq!(Oid::parse(&[b'0'; 41]), Err(BadOid));
        assert_eq!(Oid::parse(b"zz"), Err(BadOid));
    }

    #[test]
    fn text_and_bytes_agree() {
        let hex = "0123456789abcdef0123456789abcdef01234567";
        let oid = Oid::parse(hex.as_bytes()).ok().flatten();
        assert_eq!(oid.map(|oid| oid.to_string()), Some(hex.to_owned()));
        assert_eq!(oid.map(|oid| oid.as_raw().len()), Some(20));
    }
}
