//! Where decoders put what they find: it charges the budget and says what did not fit.

use super::super::patience::Patience;
use super::{Budget, Decoded, Piece, RATIO, RATIO_FREE};
use std::io::Read;
use std::ops::Range;

/// The receiving end of one decoder.
pub(super) struct Sink<'a> {
    how: &'static str,
    limits: &'a mut Budget,
    decoded: &'a mut Decoded,
    full: bool,
}

/// How reading a compressed stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// At its end.
    Clean,
    /// Where it is truncated or damaged.
    Broken,
    /// At the allowance, which is noted as undecided.
    Over,
}

impl<'a> Sink<'a> {
    pub(super) fn new(how: &'static str, limits: &'a mut Budget, decoded: &'a mut Decoded) -> Self {
        Self {
            how,
            limits,
            decoded,
            full: false,
        }
    }

    /// Whether a limit was exceeded: the decoder may stop.
    pub(super) fn full(&self) -> bool {
        self.full
    }

    /// Says in one line why not everything was seen.
    pub(super) fn undecided(&mut self, reason: &str) {
        let line = format!("{}: {reason}", self.how);
        if !self.decoded.undecided.contains(&line) {
            self.decoded.undecided.push(line);
        }
        self.full = true;
    }

    /// Takes a piece, if the budget allows.
    pub(super) fn push(&mut self, bytes: Vec<u8>, span: Range<usize>, member: Option<Vec<u8>>) {
        if !self.full && self.limits.patience.is_over_at(self.limits.pieces) {
            // Whoever set the time says that not all was seen.
            self.full = true;
        }
        if self.full {
            return;
        }
        if self.limits.depth == 0 {
            self.undecided("encoded in too many layers");
        } else if self.limits.pieces == 0 {
            self.undecided("too many encoded parts");
        } else if self.limits.bytes < bytes.len() {
            self.limits.bytes = 0;
            self.undecided("decodes to too many bytes");
        } else {
            self.limits.bytes -= bytes.len();
            self.limits.pieces -= 1;
            self.decoded.pieces.push(Piece {
                bytes,
                span,
                how: self.how,
                member,
            });
        }
    }

    /// How many bytes an archive of `size` bytes may unpack to; `None` where no layer is left, which
    /// is noted.
    pub(super) fn allowance(&mut self, size: usize) -> Option<usize> {
        if self.limits.depth == 0 {
            self.undecided("packed in too many layers");
            return None;
        }
        Some(ratio(size).min(self.limits.bytes))
    }

    /// Reads a stream of an archive of `size` bytes to its end, its damage or its allowance `left`,
    /// from which it takes what was read.
    pub(super) fn unpack(
        &mut self,
        stream: impl Read,
        size: usize,
        left: &mut usize,
    ) -> (Vec<u8>, End) {
        let mut bytes = Vec::new();
        let limit = u64::try_from(*left).unwrap_or(u64::MAX).saturating_add(1);
        // A failing read_to_end keeps what came before the failure.
        let patience = self.limits.patience;
        let read = Patient { stream, patience }
            .take(limit)
            .read_to_end(&mut bytes);
        if patience.is_over() {
            self.full = true;
            return (Vec::new(), End::Over);
        }
        if bytes.len() > *left {
            *left = 0;
            if self.limits.bytes < ratio(size) {
                self.limits.bytes = 0;
                self.undecided("unpacks to too many bytes; commit the files themselves");
            } else {
                self.undecided(
                    "unpacks to more than 100 times its size; commit the files themselves",
                );
            }
            return (Vec::new(), End::Over);
        }
        *left -= bytes.len();
        (
            bytes,
            if read.is_ok() {
                End::Clean
            } else {
                End::Broken
            },
        )
    }
}

/// A stream that ends when time is over.
struct Patient<R> {
    stream: R,
    patience: Patience,
}

impl<R: Read> Read for Patient<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        match self.patience.is_over() {
            true => Ok(0),
            false => self.stream.read(into),
        }
    }
}

fn ratio(size: usize) -> usize {
    RATIO_FREE.max(size.saturating_mul(RATIO))
}
