//! Takes encodings and archives off a text, one layer at a time, so that the rules see what stands inside.
//!
//! [`decode`] takes off one layer; the engine calls it again on every [`Piece`] through
//! [`Budget::deeper`]. A source text with nothing encoded in it costs one skipping pass per decoder.
//!
//! | `how` | recognises | limits |
//! |---|---|---|
//! | `base64` | runs of ≥ 24 characters of either alphabet (RFC 4648 §4, §5), with or without padding; also wrapped: lines of one width, the last one shorter, parted by line ends (with indentation or a comment sign) or by the escapes `\n` and `\r\n` | kept if the bytes are text, UTF-16, a container or a private key in DER or OpenSSH form |
//! | `hex` | runs of ≥ 32 hexadecimal digits, wrapped like base64 | as base64 |
//! | `percent` | `%XX` (RFC 3986 §2.1); the whole token around it is decoded | the token becomes text |
//! | `escape` | `\xXX`, `\uXXXX`, `\u{X…}`, `\UXXXXXXXX`, octal `\OOO`, `\/` in a token; with them `\n \r \t \" \' \\` | as percent |
//! | `html` | `&#103;`, `&#x67;` and the names of ASCII punctuation, such as `&lowbar;` | as percent |
//! | `joined` | strings beside each other or joined by `+ . .. & \|\| ++`, in any of the quotes `" ' \``, also over lines; and tokens cut by a backslash at the end of a line | ≥ 2 parts that are not empty; 64 KiB a part |
//! | `array` | lists of ≥ 8 bytes as hexadecimal numbers, `{0x67, 0x68}`; as decimal ones behind `fromCharCode(`, `bytes([`, `[]byte{` | kept if they spell a line of text |
//! | `office` | the members that hold the text of Word, PowerPoint, Excel and OpenDocument files | tags are taken out |
//! | `gzip` `zlib` `bzip2` `xz` `zstd` | the magic at the first byte; all streams of a file | see below |
//! | `zip` | `PK\3\4` at the first byte: jar, docx, xlsx, whl too; members stored or deflated | see below |
//! | `tar` | `ustar` at byte 257: POSIX, pax, GNU | see below |
//!
//! What a decoder finds that is neither text nor a known container (digests, random keys, images)
//! is dropped after its first bytes.
//!
//! # What is undecided, and what is not
//!
//! A limit of the [`Budget`] that would be exceeded puts a line into [`Decoded::undecided`], and the
//! content cannot be accepted: too many bytes or pieces, too many layers, an archive that unpacks
//! to more than [`RATIO`] times its size and more than [`RATIO_FREE`] bytes, an xz or zstd stream
//! that asks for a window above [`WINDOW`].
//!
//! Not undecided, because like any ciphertext or image they show nothing to whoever reads them
//! without more: encrypted members, members in a method we do not open, other formats. Of a
//! truncated or damaged archive all that still unpacks is looked at; a magic that stands there by
//! chance yields nothing.

mod array;
mod base64;
mod bytes;
mod compressed;
mod continued;
mod escape;
mod hex;
mod html;
mod joined;
mod office;
mod percent;
mod rewrite;
mod runs;
mod sink;
mod tar;
mod zip;

#[cfg(test)]
mod tests;

use super::patience::Patience;
use sink::Sink;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How often its own size an archive may unpack to, once past [`RATIO_FREE`].
const RATIO: usize = 100;
/// Bytes that any archive may unpack to, whatever its ratio.
const RATIO_FREE: usize = 8 << 20;
/// The largest window, in bytes, that an xz or zstd stream may ask memory for: `xz -9` and
/// `zstd --ultra -20` fit in it.
const WINDOW: usize = 128 << 20;

/// What one layer of decoding found.
#[derive(Debug, Default)]
pub struct Decoded {
    /// What was decoded, in the order of the decoders, then of the text.
    pub pieces: Vec<Piece>,
    /// One line for each limit that was exceeded; not empty means that not everything was seen.
    pub undecided: Vec<String>,
}

/// One decoded part of a text.
pub struct Piece {
    /// What it decodes to. Of `joined` pieces, with the name that stands on the left: `key = "…"`.
    pub bytes: Vec<u8>,
    /// The encoded text, in bytes of the text given to [`decode`].
    pub span: Range<usize>,
    /// The decoder's name in the table above.
    pub how: &'static str,
    /// The raw name of the member of an archive; of a compressed file, its name without `.gz`.
    pub member: Option<Vec<u8>>,
}

/// Shows the length only: the bytes may be a secret.
impl std::fmt::Debug for Piece {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Piece({} at {:?}, {} bytes)",
            self.how,
            self.span,
            self.bytes.len()
        )
    }
}

/// What decoding one content, with all its layers, may still use. Make one for each content.
///
/// The first [`decode`] adds [`Budget::TEXT_FACTOR`] bytes for each byte of the content, so that no
/// ordinary text can exceed it: each textual decoder yields less than it reads.
#[derive(Clone, Debug)]
pub struct Budget {
    /// Bytes that may still be decoded; 256 MiB by default.
    pub bytes: usize,
    /// Pieces that may still be found; 65 536 by default.
    pub pieces: usize,
    /// Layers that may still be taken off; 8 by default.
    pub depth: usize,
    granted: bool,
    /// How long it may go on.
    patience: Patience,
    /// Whether the text is a part of a larger one, so that no archive begins with it.
    part: bool,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            bytes: 256 << 20,
            pieces: 1 << 16,
            depth: 8,
            granted: false,
            patience: Patience::ENDLESS,
            part: false,
        }
    }
}

impl Budget {
    /// Decoded bytes allowed for each byte of the content, on top of [`Budget::bytes`].
    pub const TEXT_FACTOR: usize = 8;

    /// For as long as it may take; what is over then is left, without a word.
    pub(super) fn within(patience: Patience) -> Self {
        Self {
            patience,
            ..Self::default()
        }
    }

    /// For a part of a text.
    pub(super) fn of_part(patience: Patience) -> Self {
        Self {
            part: true,
            ..Self::within(patience)
        }
    }

    /// Runs `inner` with one layer less: the engine decodes the pieces of a layer in it.
    pub fn deeper<R>(&mut self, inner: impl FnOnce(&mut Self) -> R) -> R {
        let depth = self.depth;
        let part = std::mem::replace(&mut self.part, false);
        self.depth = depth.saturating_sub(1);
        let result = inner(self);
        self.depth = depth;
        self.part = part;
        result
    }

    fn grant(&mut self, length: usize) {
        if !self.granted {
            self.granted = true;
            self.bytes = self
                .bytes
                .saturating_add(length.saturating_mul(Self::TEXT_FACTOR));
            self.pieces = self.pieces.saturating_add(length / 4);
        }
    }
}

/// The text to decode and where it comes from.
#[derive(Clone, Copy)]
struct Input<'a> {
    text: &'a [u8],
    path: &'a [u8],
    /// Where long runs of characters of base64 stand.
    runs: &'a [Range<usize>],
}

/// One row of the table: a name for the reports and what finds and decodes.
struct Decoder {
    how: &'static str,
    run: fn(Input<'_>, &mut Sink<'_>),
}

/// How many of the decoders are for archives, which begin where the text begins.
const ARCHIVES: usize = 7;

/// All decoders, those for archives first. Their order is the order of the pieces.
static DECODERS: [Decoder; 16] = [
    Decoder {
        how: "gzip",
        run: compressed::gzip,
    },
    Decoder {
        how: "zlib",
        run: compressed::zlib,
    },
    Decoder {
        how: "bzip2",
        run: compressed::bzip2,
    },
    Decoder {
        how: "xz",
        run: compressed::xz,
    },
    Decoder {
        how: "zstd",
        run: compressed::zstd,
    },
    Decoder {
        how: "zip",
        run: zip::find,
    },
    Decoder {
        how: "tar",
        run: tar::find,
    },
    Decoder {
        how: "base64",
        run: base64::find,
    },
    Decoder {
        how: "hex",
        run: hex::find,
    },
    Decoder {
        how: "percent",
        run: percent::find,
    },
    Decoder {
        how: "escape",
        run: escape::find,
    },
    Decoder {
        how: "html",
        run: html::find,
    },
    Decoder {
        how: "joined",
        run: joined::find,
    },
    Decoder {
        how: "joined",
        run: continued::find,
    },
    Decoder {
        how: "array",
        run: array::find,
    },
    Decoder {
        how: "office",
        run: office::find,
    },
];

/// Whether a text is an archive or compressed by its first bytes: then no part of it is a text by
/// itself.
pub(super) fn is_container(text: &[u8]) -> bool {
    compressed::is_compressed(text) || zip::is_zip(text) || tar::is_tar(text)
}

/// Whether a text at this path is decoded as a whole: then no part of it says what it says.
pub(super) fn is_one(path: &[u8]) -> bool {
    office::is_member(path)
}

/// Whether a text at this path, or what is compressed in it, could be decoded as a whole.
pub(super) fn is_part_of_document(path: &[u8]) -> bool {
    office::may_be_member(path)
}

/// Takes one layer of encoding off `text`. `path` is its name in the tree, from which a compressed
/// file's inner name is made.
///
/// What it finds is charged to `limits`; where they do not suffice, [`Decoded::undecided`] says so
/// and what is over is not there.
pub fn decode(text: &[u8], path: &[u8], limits: &mut Budget) -> Decoded {
    limits.grant(text.len());
    let mut decoded = Decoded::default();
    let runs = &base64::runs(text)[..];
    let skipped = if limits.part { ARCHIVES } else { 0 };
    for decoder in &DECODERS[skipped..] {
        if limits.bytes == 0 && !decoded.undecided.is_empty() || limits.patience.is_over() {
            break;
        }
        let mut sink = Sink::new(decoder.how, limits, &mut decoded);
        // The decompressors are not ours; a fault in one must not end as an accepted content.
        let run = AssertUnwindSafe(|| (decoder.run)(Input { text, path, runs }, &mut sink));
        if catch_unwind(run).is_err() {
            sink.undecided("fails on this content; commit it unpacked");
        }
    }
    decoded
}
