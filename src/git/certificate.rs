//! Push certificates (git-push(1), `--signed`; githooks(5), pre-receive; gitprotocol-pack(5), "Push
//! Certificate"): what a pusher signed that the push should do.

use super::signature::{NotVerified, Signed, trailing};
use super::{Kind, Oid, RefName, Repo};

/// The certificate that a push may have come with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Certificate {
    /// None came.
    Absent,
    /// This is no push yet, so none could come.
    NotYet,
    /// One came.
    Given(PushCertificate),
    /// One came that cannot be read: why, escaped.
    Unread(String),
}

/// A certificate as it came. Nothing of it is true before its signature is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushCertificate {
    /// What is signed, and the signature.
    pub signed: Result<Signed, NotVerified>,
    /// Whether it was made for this very push.
    pub nonce: Nonce,
    /// What it says is to move: old value, new value, ref.
    pub updates: Vec<(Option<Oid>, Option<Oid>, RefName)>,
}

/// Whether a certificate was made for this push, by the number that Git gave to the pusher for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nonce {
    /// It was.
    Good,
    /// It was made for an earlier push, as it may be over HTTP, where Git cannot keep what it gave.
    Slop,
    /// It was not, or that cannot be known.
    Bad,
}

/// The certificate of the push that this hook is called for.
///
/// Git sets `GIT_PUSH_CERT` and the others only in pre-receive and post-receive; in the environment
/// of anything else they are of somebody else's making.
#[must_use]
pub fn push_certificate(repo: &Repo) -> Certificate {
    let variable = |name: &str| {
        let value = std::env::var_os(name).map(|value| value.as_encoded_bytes().to_vec());
        value.unwrap_or_default()
    };
    let oid = variable("GIT_PUSH_CERT");
    if oid.is_empty() {
        return Certificate::Absent;
    }
    let oid = match Oid::parse(&oid) {
        Ok(Some(oid)) => oid,
        // So it is said where Git could not store it.
        Ok(None) | Err(_) => return Certificate::Unread("it was not stored".to_owned()),
    };
    match repo.read_as(Kind::Blob, oid) {
        Ok(text) => Certificate::Given(PushCertificate::parse(
            &text,
            &variable("GIT_PUSH_CERT_NONCE_STATUS"),
            &variable("GIT_PUSH_CERT_NONCE"),
        )),
        Err(error) => Certificate::Unread(format!("{oid}: {error}")),
    }
}

impl PushCertificate {
    /// Of the text, with what Git found of its nonce and the nonce that it had given.
    fn parse(text: &[u8], status: &[u8], given: &[u8]) -> Self {
        let signed = trailing(text);
        let payload = signed.as_ref().map(|signed| &signed.payload[..]);
        let body = payload.ok().and_then(|payload| {
            let end = memchr::memmem::find(payload, b"\n\n")?;
            Some((&payload[..end], &payload[end + 2..]))
        });
        let (head, lines) = body.unwrap_or_default();
        let parsed = lines.split(|byte| *byte == b'\n').filter(|l| !l.is_empty());
        let parsed: Option<Vec<_>> = parsed.map(update).collect();
        let mut heads = head.split(|byte| *byte == b'\n');
        let version = heads.next() == Some(b"certificate version 0.1");
        let mut nonces = heads.filter_map(|line| line.strip_prefix(b"nonce "));
        let own = nonces.next().filter(|nonce| *nonce == given);
        let nonce = match (status, own, nonces.next()) {
            (b"OK", Some(_), None) if !given.is_empty() => Nonce::Good,
            (b"SLOP", ..) => Nonce::Slop,
            _ => Nonce::Bad,
        };
        let (signed, updates) = match (signed, parsed) {
            (Ok(signed), Some(updates)) if version && !updates.is_empty() => (Ok(signed), updates),
            (Ok(_), _) => {
                let why = "it is over something that is no push certificate";
                (Err(NotVerified::Malformed(why)), Vec::new())
            }
            (Err(error), _) => (Err(error), Vec::new()),
        };
        Self {
            signed,
            nonce,
            updates,
        }
    }
}

/// `OLD NEW REF`
fn update(line: &[u8]) -> Option<(Option<Oid>, Option<Oid>, RefName)> {
    let mut words = line.splitn(3, |byte| *byte == b' ');
    let old = Oid::parse(words.next()?).ok()?;
    let new = Oid::parse(words.next()?).ok()?;
    Some((old, new, RefName::new(words.next()?).ok()?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const SIGNATURE: &str = "-----BEGIN PGP SIGNATURE-----\n\nAAAA\n-----END PGP SIGNATURE-----\n";

    fn text(head: &str, lines: &str) -> Vec<u8> {
        format!("{head}\n\n{lines}{SIGNATURE}").into_bytes()
    }

    fn head(nonce: &str) -> String {
        format!("certificate version 0.1\npusher bob\npushee file:///x\nnonce {nonce}")
    }

    #[test]
    fn a_certificate_says_what_is_to_move() {
        let (a, b) = ("a".repeat(40), "0".repeat(40));
        let lines = format!("{b} {a} refs/heads/main\n{a} {b} refs/heads/old\n");
        let read = PushCertificate::parse(&text(&head("n-1"), &lines), b"OK", b"n-1");
        assert_eq!(read.nonce, Nonce::Good);
        let signed = read.signed.unwrap();
        assert!(signed.payload.ends_with(b"refs/heads/old\n"));
        let new = Oid::parse(a.as_bytes()).unwrap();
        let name = |text: &str| RefName::new(text.as_bytes()).unwrap();
        let updates = vec![
            (None, new, name("refs/heads/main")),
            (new, None, name("refs/heads/old")),
        ];
        assert_eq!(read.updates, updates);
    }

    #[test]
    fn a_nonce_is_good_only_for_the_push_it_was_given_to() {
        let line = format!("{0} {0} refs/heads/main\n", "a".repeat(40));
        for (of, status, given, nonce) in [
            ("n-1", "OK", "n-1", Nonce::Good),
            ("n-1", "OK", "n-2", Nonce::Bad),
            ("n-1", "OK", "", Nonce::Bad),
            ("", "OK", "", Nonce::Bad),
            ("n-1\nnonce n-1", "OK", "n-1", Nonce::Bad),
            ("n-1", "SLOP", "n-2", Nonce::Slop),
            ("n-1", "BAD", "n-1", Nonce::Bad),
            ("n-1", "MISSING", "n-1", Nonce::Bad),
            ("n-1", "UNSOLICITED", "", Nonce::Bad),
            ("n-1", "", "n-1", Nonce::Bad),
        ] {
            let text = text(&head(of), &line);
            let read = PushCertificate::parse(&text, status.as_bytes(), given.as_bytes());
            assert_eq!(read.nonce, nonce, "{of} {status} {given}");
        }
    }

    #[test]
    fn what_is_no_certificate_has_no_signature() {
        let line = format!("{0} {0} refs/heads/main\n", "a".repeat(40));
        let whole = text(&head("n"), &line);
        for bad in [
            text(&head("n"), ""),
            text(&head("n"), &format!("{line}more\n")),
            text("certificate version 0.2\nnonce n", &line),
            text("tree x", &line),
            [&whole[..], b"x"].concat(),
            [&whole[..], SIGNATURE.as_bytes()].concat(),
            whole[..whole.len() - 9].to_vec(),
            Vec::new(),
        ] {
            let read = PushCertificate::parse(&bad, b"OK", b"n");
            assert!(read.signed.is_err(), "{}", String::from_utf8_lossy(&bad));
            assert!(read.updates.is_empty());
        }
    }
}
