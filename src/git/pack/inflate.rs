//! Inflates what packs and loose files hold, into buffers that are used again.

use libdeflater::Decompressor;
use zlib_rs::{Inflate, InflateFlush, Status};

/// Deflate makes at most this many bytes of one; a length beyond it is a lie that would cost memory.
const MOST: usize = 1032;

/// Two to the power of this is the largest window of deflate.
const WINDOW: u8 = 15;

/// Buffers above this many bytes are given back to the system.
const KEEP: usize = 8 << 20;

/// The bytes of an object.
///
/// The vector behind them is as long as it has ever been, so that it is cleared only once.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    bytes: Vec<u8>,
    length: usize,
}

impl Buffer {
    /// Of bytes read elsewhere.
    pub(super) fn of(bytes: Vec<u8>) -> Self {
        let length = bytes.len();
        Self { bytes, length }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// The bytes to be written, of that length.
    pub(super) fn sized(&mut self, length: usize) -> &mut [u8] {
        if self.bytes.len() < length {
            // Growing it would copy what is not wanted any more.
            self.bytes = vec![0; length.max((self.bytes.len() * 3 / 2).min(KEEP))];
        }
        self.length = length;
        &mut self.bytes[..length]
    }

    pub(super) fn len(&self) -> usize {
        self.length
    }
}

/// Buffers that nobody needs at the moment.
#[derive(Default)]
pub(super) struct Pool(Vec<Buffer>);

impl Pool {
    pub(super) fn take(&mut self) -> Buffer {
        self.0.pop().unwrap_or_default()
    }

    pub(super) fn give(&mut self, buffer: Buffer) {
        if buffer.bytes.len() <= KEEP && self.0.len() < 16 {
            self.0.push(buffer);
        }
    }
}

/// Inflates one zlib stream after the other.
pub(super) struct Inflater {
    whole: Decompressor,
    stream: Inflate,
}

impl Inflater {
    pub(super) fn new() -> Self {
        Self {
            whole: Decompressor::new(),
            stream: Inflate::new(true, WINDOW),
        }
    }

    /// Inflates the stream at the start of `input`, which has `length` bytes inside.
    pub(super) fn whole(&mut self, input: &[u8], length: usize, out: &mut Buffer) -> Option<()> {
        if length / MOST > input.len() {
            return None;
        }
        let written = self.whole.zlib_decompress(input, out.sized(length)).ok()?;
        (written == length).then_some(())
    }

    /// Inflates a loose object. `header` is told its beginning, and says what it is, how long its
    /// header is and how many bytes follow.
    pub(super) fn loose<T>(
        &mut self,
        input: &[u8],
        out: &mut Buffer,
        header: impl FnOnce(&[u8]) -> Option<(T, usize, usize)>,
    ) -> Option<T> {
        let mut head = [0; 64];
        self.stream.reset(true);
        self.stream
            .decompress(input, &mut head, InflateFlush::NoFlush)
            .ok()?;
        let rest = input.get(usize::try_from(self.stream.total_in()).ok()?..)?;
        let head = &head[..usize::try_from(self.stream.total_out()).ok()?];
        let (what, skip, length) = header(head)?;
        let start = head.get(skip..)?;
        if length / MOST > input.len() || start.len() > length {
            return None;
        }
        let (begun, missing) = out.sized(length).split_at_mut(start.len());
        begun.copy_from_slice(start);
        self.end(rest, missing).map(|()| what)
    }

    /// To the end of the stream, which must fill `out` and no more.
    fn end(&mut self, input: &[u8], out: &mut [u8]) -> Option<()> {
        let before = self.stream.total_out();
        let status = self
            .stream
            .decompress(input, out, InflateFlush::Finish)
            .ok()?;
        let written = self.stream.total_out() - before;
        (status == Status::StreamEnd && written == out.len() as u64).then_some(())
    }
}
