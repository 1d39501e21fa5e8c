//! Tar archives: POSIX ustar and pax, GNU.

use super::Input;
use super::sink::{End, Sink};
use tar::Archive;

/// Where a header has its magic.
const MAGIC: usize = 257;

/// Whether there is one.
pub(super) fn is_tar(text: &[u8]) -> bool {
    text.get(MAGIC..MAGIC + 5) == Some(b"ustar")
}

/// Takes every regular member out.
pub(super) fn find(input: Input<'_>, sink: &mut Sink<'_>) {
    let size = input.text.len();
    if !is_tar(input.text) {
        return;
    }
    let Some(mut left) = sink.allowance(size) else {
        return;
    };
    let mut archive = Archive::new(input.text);
    let Ok(members) = archive.entries() else {
        return;
    };
    // An error means damage, after which no header can be found.
    for mut member in members.map_while(Result::ok) {
        let kind = member.header().entry_type();
        if !(kind.is_file() || kind.is_contiguous() || kind.is_gnu_sparse()) {
            continue;
        }
        let name = member.path_bytes().into_owned();
        let start = usize::try_from(member.raw_file_position())
            .unwrap_or(size)
            .min(size);
        let (bytes, end) = sink.unpack(&mut member, size, &mut left);
        if end == End::Over {
            return;
        }
        if !bytes.is_empty() {
            let span = start..size.min(start.saturating_add(bytes.len()));
            sink.push(bytes, span, Some(name));
        }
        if sink.full() {
            return;
        }
    }
}
