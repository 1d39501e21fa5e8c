//! Where objects carry their signature, and what exactly it is over (gitformat-signature(5); what Git
//! does is in `commit.c`, `parse_buffer_signed_by_header`, and `gpg-interface.c`, `parse_signature`).

use super::armour::{begins, whole};
use super::{NotVerified, Signed};

/// The header with a signature of the object by the length of its ids: in SHA-1 and in SHA-256.
const HEADERS: [(usize, &[u8]); 2] = [(40, b"gpgsig"), (64, b"gpgsig-sha256")];

/// The signature of a commit, and the commit without it, as it was when it was signed.
///
/// # Errors
/// When it has none, more than one, or one that is not exactly an armoured signature.
pub fn signed_commit(raw: &[u8]) -> Result<Signed, NotVerified> {
    let own = own_header(raw, b"tree ");
    let mut payload = Vec::with_capacity(raw.len());
    let mut signature: Option<Vec<u8>> = None;
    let mut of = Of::Commit;
    let mut committed = false;
    let mut rest = raw;
    while let Some((line, after)) = line(rest) {
        if line == b"\n" {
            break;
        }
        rest = after;
        if let (Of::Own | Of::Other, Some(more)) = (of, line.strip_prefix(b" ")) {
            if let (Of::Own, Some(signature)) = (of, &mut signature) {
                signature.extend_from_slice(more);
            }
            continue;
        }
        of = Of::Commit;
        let name = line.split(|byte| matches!(byte, b' ' | b'\n')).next();
        let name = name.unwrap_or_default();
        if name == own && line.len() > name.len() && line[name.len()] == b' ' {
            if signature.is_some() {
                return Err(NotVerified::Malformed("there is more than one"));
            }
            // Above the parents it would cut them off: Git takes for parents only what stands right
            // below the tree, and the signed bytes would still have them there.
            if !committed {
                return Err(NotVerified::Malformed("it stands above the committer"));
            }
            of = Of::Own;
            signature = Some(line[name.len() + 1..].to_vec());
        } else if committed && HEADERS.iter().any(|(_, other)| *other == name) {
            // Of the same object under the other hash; Git takes it out as well.
            of = Of::Other;
        } else {
            committed |= name == b"committer";
            payload.extend_from_slice(line);
        }
    }
    payload.extend_from_slice(rest);
    Signed::detached(payload, signature.ok_or(NotVerified::Unsigned)?)
}

/// The signature at the end of an annotated tag, and the tag without it.
///
/// # Errors
/// When it has none, more than one, one that is not exactly an armoured signature, or one in a header,
/// as only repositories of two hashes have it.
pub fn signed_tag(raw: &[u8]) -> Result<Signed, NotVerified> {
    let mut rest = raw;
    while let Some((line, after)) = line(rest).filter(|(line, _)| *line != b"\n") {
        if line.starts_with(b"gpgsig") {
            return Err(NotVerified::Malformed("it is in a header of the tag"));
        }
        rest = after;
    }
    trailing(raw)
}

/// Bytes that end with a signature, as tags and push certificates do, and those before it.
///
/// # Errors
/// When they have none, more than one, or one that is not exactly an armoured signature.
pub fn trailing(raw: &[u8]) -> Result<Signed, NotVerified> {
    let mut at = None;
    let mut rest = raw;
    while let Some((line, after)) = line(rest) {
        if begins(line) {
            // Git would take the last one, and what a person sees first for a part of the message.
            if at.is_some() {
                return Err(NotVerified::Malformed("there is more than one"));
            }
            at = Some(raw.len() - rest.len());
        }
        rest = after;
    }
    let (payload, signature) = raw.split_at(at.ok_or(NotVerified::Unsigned)?);
    whole(signature)?;
    Signed::detached(payload.to_vec(), signature.to_vec())
}

/// Whose the lines are that begin with a space.
#[derive(Clone, Copy)]
enum Of {
    /// The signature that counts here.
    Own,
    /// A signature for the other hash.
    Other,
    /// Any other header.
    Commit,
}

/// The name of the header for a signature, by the length of the first id in the object.
fn own_header(raw: &[u8], first: &[u8]) -> &'static [u8] {
    let hex = raw.strip_prefix(first).unwrap_or_default();
    let length = hex.iter().take_while(|byte| byte.is_ascii_hexdigit());
    let length = length.count();
    let found = HEADERS.iter().find(|(digits, _)| *digits == length);
    found.map_or(HEADERS[0].1, |(_, name)| name)
}

/// The first line with its end, and what follows.
fn line(text: &[u8]) -> Option<(&[u8], &[u8])> {
    if text.is_empty() {
        return None;
    }
    let end = memchr::memchr(b'\n', text).map_or(text.len(), |at| at + 1);
    Some(text.split_at(end))
}
