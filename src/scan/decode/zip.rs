//! Zip archives and what is one inside: jar, docx, xlsx, whl, apk.

use super::Input;
use super::sink::{End, Sink};
use std::io::Cursor;
use zip::ZipArchive;
use zip::read::read_zipfile_from_stream;

/// Whether there is one.
pub(super) fn is_zip(text: &[u8]) -> bool {
    text.starts_with(b"PK\x03\x04")
}

/// Unpacks every member that is stored or deflated.
pub(super) fn find(input: Input<'_>, sink: &mut Sink<'_>) {
    let size = input.text.len();
    if !is_zip(input.text) {
        return;
    }
    let Some(mut left) = sink.allowance(size) else {
        return;
    };
    match ZipArchive::new(Cursor::new(input.text)) {
        Ok(mut archive) => {
            for index in 0..archive.len() {
                // Encrypted, or in a method we do not open: opaque.
                let Ok(member) = archive.by_index(index) else {
                    continue;
                };
                if member.is_dir() {
                    continue;
                }
                let name = member.name_raw().to_vec();
                let (bytes, end) = sink.unpack(member, size, &mut left);
                keep(bytes, end, name, size, sink);
                if sink.full() {
                    return;
                }
            }
        }
        Err(_) => truncated(input.text, &mut left, sink),
    }
}

/// Without its directory, which stands at the end, an archive is read from the front.
fn truncated(text: &[u8], left: &mut usize, sink: &mut Sink<'_>) {
    let mut rest = text;
    while let Ok(Some(mut member)) = read_zipfile_from_stream(&mut rest) {
        let name = member.name_raw().to_vec();
        let (bytes, end) = sink.unpack(&mut member, text.len(), left);
        keep(bytes, end, name, text.len(), sink);
        if end != End::Clean || sink.full() {
            return;
        }
    }
}

fn keep(bytes: Vec<u8>, end: End, name: Vec<u8>, size: usize, sink: &mut Sink<'_>) {
    match end {
        End::Clean | End::Broken if !bytes.is_empty() => sink.push(bytes, 0..size, Some(name)),
        End::Clean | End::Broken | End::Over => {}
    }
}
