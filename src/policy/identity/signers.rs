//! Whose an SSH key is, by a file of allowed signers (ssh-keygen(1), ALLOWED SIGNERS).

use crate::git::{AllowedSigner, allowed_signers};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use time::OffsetDateTime;

/// The name behind the keys of a session (as sshd lists them: `publickey TYPE BASE64`, one a line).
/// None where a key is not listed or no longer valid, or where two keys have two names.
///
/// The name is the first principal of the first line with exactly that key. Lines of a certificate
/// authority, and those whose principals are patterns, name nobody.
pub(super) fn whose(signers: &[u8], used: &[u8], now: OffsetDateTime) -> Option<Vec<u8>> {
    let mut name: Option<&[u8]> = None;
    for line in used.split(|byte| *byte == b'\n') {
        let mut words = line.split(|byte| matches!(byte, b' ' | b'\t' | b'\r'));
        if words.next() != Some(b"publickey") {
            continue;
        }
        let kind = words.next()?;
        let key = STANDARD.decode(words.next()?).ok()?;
        let is_it = |signer: &AllowedSigner<'_>| signer.kind == kind && signer.key == key;
        let mut lines = allowed_signers(signers).filter(is_it);
        let owner = lines.find_map(|signer| owner(&signer, now))?;
        if name.is_some_and(|known| known != owner) {
            return None;
        }
        name = Some(owner);
    }
    name.map(<[u8]>::to_vec)
}

fn owner<'a>(signer: &AllowedSigner<'a>, now: OffsetDateTime) -> Option<&'a [u8]> {
    let pattern = |byte: &u8| matches!(byte, b'*' | b'?' | b'!' | b'"');
    if signer.principals.iter().any(pattern) || !signer.holds_at(now) {
        return None;
    }
    signer.names().next()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const SIGNERS: &str = "# people\n\
        alice,alice@example.com ssh-ed25519 AAAAAAA1 her laptop\n\
        bob namespaces=\"git,file\" ssh-ed25519 AAAAAAA2\n\
        \"carol\" valid-after=\"20260101\",valid-before=\"20270101Z\" sk-ssh-ed25519@openssh.com AAAAAAA3\n\
        *@example.com ssh-ed25519 AAAAAAA4\n\
        dave cert-authority ssh-ed25519 AAAAAAA5\n\
        erin ecdsa-sha2-nistp256 AAAAAAA6\r\n\
        frank something-new ssh-ed25519 AAAAAAA7\n\
        mallory ssh-ed25519\n";

    fn who(used: &str, date: &str) -> Option<String> {
        let format = &time::format_description::well_known::Rfc3339;
        let now = OffsetDateTime::parse(date, format).unwrap();
        let name = whose(SIGNERS.as_bytes(), used.as_bytes(), now);
        name.map(|name| String::from_utf8(name).unwrap())
    }

    #[test]
    fn a_key_has_the_name_of_its_line() {
        for (used, name) in [
            ("publickey ssh-ed25519 AAAAAAA1\n", Some("alice")),
            ("publickey ssh-ed25519 AAAAAAA2\n", Some("bob")),
            (
                "password\npublickey ecdsa-sha2-nistp256 AAAAAAA6\n",
                Some("erin"),
            ),
            (
                "publickey sk-ssh-ed25519@openssh.com AAAAAAA3",
                Some("carol"),
            ),
            (
                "publickey ssh-ed25519 AAAAAAA1\npublickey ssh-ed25519 AAAAAAA1",
                Some("alice"),
            ),
            (
                "publickey ssh-ed25519 AAAAAAA1\npublickey ssh-ed25519 AAAAAAA2",
                None,
            ),
            (
                "publickey ssh-ed25519 AAAAAAA1\npublickey ssh-ed25519 AAAAAAA9",
                None,
            ),
            ("publickey ssh-rsa AAAAAAA1", None),
            ("publickey ssh-ed25519 AAAA", None),
            ("publickey ssh-ed25519 AAAAAAA4", None),
            ("publickey ssh-ed25519 AAAAAAA5", None),
            ("publickey ssh-ed25519 AAAAAAA7", None),
            ("publickey ssh-ed25519", None),
            ("publickey", None),
            ("password", None),
            ("", None),
        ] {
            assert_eq!(who(used, "2026-06-01T00:00:00Z").as_deref(), name, "{used}");
        }
    }

    #[test]
    fn a_key_is_valid_for_its_time() {
        let used = "publickey sk-ssh-ed25519@openssh.com AAAAAAA3";
        for (date, valid) in [
            ("2025-12-31T23:59:59Z", false),
            ("2026-01-01T00:00:00Z", true),
            ("2026-12-31T23:59:59Z", true),
            ("2027-01-01T00:00:00Z", false),
        ] {
            assert_eq!(who(used, date).is_some(), valid, "{date}");
        }
    }
}
