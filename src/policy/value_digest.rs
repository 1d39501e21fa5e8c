//! How a configuration names a secret without holding it.

use crate::scan::Secret;
use std::str::FromStr;

/// The SHA-256 of an allowed secret, `sha256:` and 64 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueDigest([u8; 32]);

impl ValueDigest {
    /// Of the bytes of a secret.
    #[must_use]
    pub fn of(secret: &Secret) -> Self {
        use sha2::{Digest, Sha256};
        Self(Sha256::digest(secret.expose()).into())
    }

    /// The digits.
    #[must_use]
    pub fn to_hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl FromStr for ValueDigest {
    type Err = &'static str;

    // The text is not repeated in the error: someone may have written the secret itself.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const SHAPE: &str =
            "is not \"sha256:\" and 64 hexadecimal digits; never write the value itself";
        let hex = text.strip_prefix("sha256:").ok_or(SHAPE)?.as_bytes();
        let digit = |byte: u8| {
            char::from(byte)
                .to_digit(16)
                .and_then(|d| u8::try_from(d).ok())
        };
        let bytes: Option<Vec<u8>> = hex
            .chunks(2)
            .map(|pair| match pair {
                [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
                _ => None,
            })
            .collect();
        let bytes = bytes.and_then(|bytes| bytes.try_into().ok()).ok_or(SHAPE)?;
        Ok(Self(bytes))
    }
}
