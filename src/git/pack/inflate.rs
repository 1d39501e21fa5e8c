//! Inflates what packs and loose files hold, into buffers that are used again.

use libdeflater::{DecompressionError, Decompressor};
use std::io::{self, Read};
use std::ops::Range;
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
    /// Where they begin in it.
    start: usize,
    length: usize,
}

impl Buffer {
    /// Of bytes read elsewhere.
    pub(super) fn of(bytes: Vec<u8>) -> Self {
        let length = bytes.len();
        let start = 0;
        Self {
            bytes,
            start,
            length,
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[self.start..self.start + self.length]
    }

    /// The bytes to be written, of that length.
    pub(super) fn sized(&mut self, length: usize) -> &mut [u8] {
        if self.bytes.len() < length {
            // Growing it would copy what is not wanted any more.
            self.bytes = vec![0; length.max((self.bytes.len() * 3 / 2).min(KEEP))];
        }
        (self.start, self.length) = (0, length);
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
    /// What a file holds that is to be inflated.
    pub(super) stored: Vec<u8>,
}

impl Inflater {
    pub(super) fn new() -> Self {
        Self {
            whole: Decompressor::new(),
            stream: Inflate::new(true, WINDOW),
            stored: Vec::new(),
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

    /// What the beginning of the stored bytes says, which `header` is told.
    pub(super) fn head<T>(&mut self, header: impl FnOnce(&[u8]) -> Option<T>) -> Option<T> {
        let mut head = [0; 64];
        self.stream.reset(true);
        self.stream
            .decompress(&self.stored, &mut head, InflateFlush::NoFlush)
            .ok()?;
        header(&head[..usize::try_from(self.stream.total_out()).ok()?])
    }

    /// Inflates the stored bytes of a loose object, so many where that is known. `header` is told its
    /// beginning, and says what it is, how long its header is and how many bytes follow.
    pub(super) fn loose<T>(
        &mut self,
        length: Option<usize>,
        out: &mut Buffer,
        header: impl FnOnce(&[u8]) -> Option<(T, usize, usize)>,
    ) -> Option<T> {
        let stored = std::mem::take(&mut self.stored);
        let what = self.inflate_loose(&stored, length, out, header);
        if stored.capacity() <= KEEP {
            self.stored = stored;
        }
        what
    }

    fn inflate_loose<T>(
        &mut self,
        input: &[u8],
        length: Option<usize>,
        out: &mut Buffer,
        header: impl FnOnce(&[u8]) -> Option<(T, usize, usize)>,
    ) -> Option<T> {
        let limit = MOST * (input.len() + 1);
        // How long it is stands within: few are more than four times as long as their files.
        let guess = (4 * input.len()).max(out.bytes.len().min(KEEP)).max(4096);
        let mut most = length.unwrap_or(guess).min(limit);
        let length = loop {
            match self.whole.zlib_decompress(input, out.sized(most)) {
                Ok(length) => break length,
                Err(DecompressionError::InsufficientSpace) if most < limit && length.is_none() => {
                    most = (4 * most).min(limit);
                }
                Err(_) => return None,
            }
        };
        let head = &out.bytes[..length.min(64)];
        let (what, skip, inside) = header(head)?;
        (skip.checked_add(inside)? == length).then(|| {
            (out.start, out.length) = (skip, inside);
            what
        })
    }
}

/// Reads what a zlib stream holds without ever having all of it.
pub(super) struct Streamed<R> {
    input: R,
    read: Box<[u8]>,
    /// Which part of that was not inflated yet.
    left: Range<usize>,
    stream: Inflate,
    /// How many bytes there are inside.
    length: u64,
    is_end: bool,
}

impl<R: Read> Streamed<R> {
    /// Of a stream which has so many bytes inside; any other number is an error at its end.
    pub(super) fn new(input: R, length: u64) -> Self {
        Self {
            input,
            read: vec![0; 1 << 16].into(),
            left: 0..0,
            stream: Inflate::new(true, WINDOW),
            length,
            is_end: false,
        }
    }

    /// Says how many bytes there are inside, once that is known.
    pub(super) fn expect(&mut self, length: u64) {
        self.length = length;
    }
}

impl<R: Read> Read for Streamed<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let broken = || io::Error::from(io::ErrorKind::InvalidData);
        while !self.is_end && !out.is_empty() {
            if self.left.is_empty() {
                self.left = 0..self.input.read(&mut self.read)?;
                if self.left.is_empty() {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
            let (taken, made) = (self.stream.total_in(), self.stream.total_out());
            let input = &self.read[self.left.clone()];
            let status = self
                .stream
                .decompress(input, out, InflateFlush::NoFlush)
                .map_err(|_| broken())?;
            let taken = (self.stream.total_in() - taken) as usize;
            let made = (self.stream.total_out() - made) as usize;
            self.left.start += taken;
            let all = self.stream.total_out();
            self.is_end = status == Status::StreamEnd;
            if all > self.length || (self.is_end && all != self.length) {
                return Err(broken());
            }
            match (made, taken) {
                (0, 0) if !self.is_end => return Err(broken()),
                (0, _) => {}
                (made, _) => return Ok(made),
            }
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::io::Write as _;

    #[test]
    fn a_stream_is_whole_or_an_error() {
        let text: Vec<u8> = (0..300_000_u32)
            .flat_map(|n| n.wrapping_mul(n).to_le_bytes())
            .collect();
        let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(&text).unwrap();
        let packed = packed.finish().unwrap();
        let read = |packed: &[u8], length: usize| {
            let mut out = Vec::new();
            let read = Streamed::new(packed, length as u64).read_to_end(&mut out);
            read.map(|_| out)
        };
        assert_eq!(read(&packed, text.len()).unwrap(), text);
        for length in [text.len() - 1, text.len() + 1, 0] {
            assert!(read(&packed, length).is_err(), "{length}");
        }
        assert!(read(&packed[..packed.len() - 1], text.len()).is_err());
        let mut bad = packed.clone();
        *bad.last_mut().unwrap() ^= 1;
        assert!(read(&bad, text.len()).is_err());
    }
}
