//! The text of an Office document: Word, PowerPoint, Excel and OpenDocument cut it into runs
//! wherever somebody typed, corrected or formatted, and each run stands in tags of its own.

use super::Input;
use super::sink::Sink;

/// The members of an archive that hold the text of a document.
const MEMBERS: [&[u8]; 4] = [b"word/", b"ppt/", b"xl/", b"content.xml"];

/// The ends of what stands on a line of its own.
const LINES: [&[u8]; 8] = [
    b"/w:p", b"/a:p", b"/si", b"/text:p", b"/text:h", b"w:br", b"a:br", b"w:tab",
];

/// Whether a path is that of such a member.
pub(super) fn is_member(path: &[u8]) -> bool {
    path.ends_with(b".xml") && may_be_member(path)
}

/// Whether a path is that of such a member, whatever is taken off its end.
pub(super) fn may_be_member(path: &[u8]) -> bool {
    MEMBERS.iter().any(|member| path.starts_with(member))
}

/// Takes the tags out of the text of a document.
pub(super) fn find(input: Input<'_>, sink: &mut Sink<'_>) {
    let (text, path) = (input.text, input.path);
    if !is_member(path) || !text.trim_ascii_start().starts_with(b"<") {
        return;
    }
    let mut bytes = Vec::with_capacity(text.len() / 2);
    let mut rest = text;
    while let Some(open) = memchr::memchr(b'<', rest) {
        bytes.extend_from_slice(&rest[..open]);
        let Some(close) = memchr::memchr(b'>', &rest[open..]) else {
            break;
        };
        let tag = &rest[open + 1..open + close];
        let ends = |name: &&[u8]| {
            tag.strip_prefix(*name)
                .is_some_and(|rest| !rest.first().is_some_and(u8::is_ascii_alphanumeric))
        };
        if LINES.iter().any(ends) {
            bytes.push(b'\n');
        }
        rest = &rest[open + close + 1..];
    }
    if !bytes.is_empty() {
        sink.push(bytes, 0..text.len(), None);
    }
}
