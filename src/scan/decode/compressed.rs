//! Compressed files: gzip (RFC 1952), zlib (RFC 1950), bzip2, xz, zstd (RFC 8878).

use super::bytes::{is_text, is_zlib};
use super::sink::{End, Sink};
use super::{Input, WINDOW};
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError::SkipFrame};
use std::io::{self, Read};

/// How a gzip member begins.
const GZIP: &[u8] = b"\x1f\x8b\x08";
/// How an xz stream begins.
const XZ: &[u8] = b"\xfd7zXZ\0";
/// How a zstd frame begins.
const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd";

fn is_bzip2(text: &[u8]) -> bool {
    matches!(text, [b'B', b'Z', b'h', b'1'..=b'9', ..])
}

/// Whether one of these decoders would try.
pub(super) fn is_compressed(text: &[u8]) -> bool {
    is_zlib(text) || is_bzip2(text) || [GZIP, XZ, ZSTD].iter().any(|magic| text.starts_with(magic))
}

/// A gzip file, all its members.
pub(super) fn gzip(input: Input<'_>, sink: &mut Sink<'_>) {
    if input.text.starts_with(GZIP) {
        unpack(input, flate2::read::MultiGzDecoder::new(input.text), sink);
    }
}

/// A zlib stream.
pub(super) fn zlib(input: Input<'_>, sink: &mut Sink<'_>) {
    if is_zlib(input.text) {
        unpack(input, flate2::read::ZlibDecoder::new(input.text), sink);
    }
}

/// A bzip2 file, all its streams.
pub(super) fn bzip2(input: Input<'_>, sink: &mut Sink<'_>) {
    if is_bzip2(input.text) {
        unpack(input, bzip2::read::MultiBzDecoder::new(input.text), sink);
    }
}

/// An xz file, all its streams.
pub(super) fn xz(input: Input<'_>, sink: &mut Sink<'_>) {
    if input.text.starts_with(XZ) {
        let window = u32::try_from(WINDOW >> 10).unwrap_or(u32::MAX);
        unpack(
            input,
            lzma_rust2::XzReader::new_mem_limit(input.text, true, window),
            sink,
        );
    }
}

/// A zstd file, all its frames.
pub(super) fn zstd(input: Input<'_>, sink: &mut Sink<'_>) {
    if input.text.starts_with(ZSTD) {
        unpack(
            input,
            Frames {
                rest: Some(input.text),
                frame: None,
            },
            sink,
        );
    }
}

fn unpack(input: Input<'_>, stream: impl Read, sink: &mut Sink<'_>) {
    let size = input.text.len();
    let Some(mut left) = sink.allowance(size) else {
        return;
    };
    let mut watched = Watched {
        stream,
        window: false,
    };
    let (bytes, end) = sink.unpack(&mut watched, size, &mut left);
    if watched.window {
        sink.undecided("asks for a window above 128 MiB; commit the file itself");
    }
    // Few bytes and then damage: a magic that stood there by chance.
    let wanted = match end {
        End::Clean => !bytes.is_empty(),
        End::Broken => bytes.len() >= 1024 || is_text(&bytes),
        End::Over => false,
    };
    if wanted {
        sink.push(bytes, 0..size, inner_name(input.path));
    }
}

/// The name without the ending that says how the file is compressed.
fn inner_name(path: &[u8]) -> Option<Vec<u8>> {
    const ENDINGS: [(&[u8], &[u8]); 10] = [
        (b".gz", b""),
        (b".tgz", b".tar"),
        (b".bz2", b""),
        (b".tbz2", b".tar"),
        (b".xz", b""),
        (b".txz", b".tar"),
        (b".zst", b""),
        (b".tzst", b".tar"),
        (b".svgz", b".svg"),
        (b".zz", b""),
    ];
    ENDINGS.iter().find_map(|(ending, instead)| {
        let stem = path.len().checked_sub(ending.len())?;
        let (stem, found) = path.split_at(stem);
        found
            .eq_ignore_ascii_case(ending)
            .then(|| [stem, instead].concat())
    })
}

/// Notes a refusal for the size of the window, which is a limit and not damage.
struct Watched<R> {
    stream: R,
    window: bool,
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream
            .read(buffer)
            .inspect_err(|e| self.window |= e.kind() == io::ErrorKind::OutOfMemory)
    }
}

type Frame<'a> = ruzstd::decoding::StreamingDecoder<&'a [u8], ruzstd::decoding::FrameDecoder>;

/// The frames of a zstd file one after the other; the decoder reads one only.
struct Frames<'a> {
    rest: Option<&'a [u8]>,
    frame: Option<Frame<'a>>,
}

impl Read for Frames<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(mut frame) = self.frame.take() {
                let read = frame.read(buffer)?;
                if read > 0 || buffer.is_empty() {
                    self.frame = Some(frame);
                    return Ok(read);
                }
                self.rest = Some(frame.into_inner());
            }
            match self.rest.take() {
                Some(rest) if !rest.is_empty() => self.open(rest)?,
                _ => return Ok(0),
            }
        }
    }
}

impl<'a> Frames<'a> {
    fn open(&mut self, rest: &'a [u8]) -> io::Result<()> {
        match Frame::new_with_max_window_size(rest, WINDOW as u64) {
            Ok(frame) => self.frame = Some(frame),
            Err(FrameDecoderError::ReadFrameHeaderError(SkipFrame { length, .. })) => {
                // Eight bytes of header, then what no decoder looks at.
                let length = usize::try_from(length)
                    .unwrap_or(usize::MAX)
                    .saturating_add(8);
                self.rest = rest.get(length..);
            }
            Err(e @ FrameDecoderError::WindowSizeTooBig { .. }) => {
                return Err(io::Error::new(io::ErrorKind::OutOfMemory, e));
            }
            Err(e) => return Err(io::Error::other(e)),
        }
        Ok(())
    }
}
