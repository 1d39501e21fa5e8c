//! What the decoders share: runs of a class of bytes, and whether bytes are worth a look.

use std::ops::Range;

/// A set of bytes.
pub(super) type Class = [bool; 256];

/// The class of the bytes of `members`, at compile time.
pub(super) const fn class(members: &[u8]) -> Class {
    let mut set = [false; 256];
    let mut at = 0;
    while at < members.len() {
        set[members[at] as usize] = true;
        at += 1;
    }
    set
}

/// The longest run of `class` that starts at `from`; its end.
pub(super) fn run_end(text: &[u8], from: usize, class: &Class) -> usize {
    text[from..]
        .iter()
        .position(|byte| !class[usize::from(*byte)])
        .map_or(text.len(), |at| from + at)
}

/// The maximal runs of at least `min` bytes of a class, found by looking at every `min`-th byte
/// only (as Boyer and Moore do), since where that one is no member no run can cover it.
pub(super) struct Runs<'a> {
    text: &'a [u8],
    class: &'static Class,
    min: usize,
    at: usize,
}

impl<'a> Runs<'a> {
    pub(super) fn new(text: &'a [u8], class: &'static Class, min: usize) -> Self {
        Self {
            text,
            class,
            min,
            at: 0,
        }
    }
}

impl Iterator for Runs<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        // `at` always stands at the start of the text or behind a byte that is no member.
        while let Some(&probe) = self.text.get(self.at + self.min - 1) {
            let last = self.at + self.min - 1;
            if !self.class[usize::from(probe)] {
                self.at = last + 1;
                continue;
            }
            let back = self.text[self.at..last]
                .iter()
                .rposition(|byte| !self.class[usize::from(*byte)]);
            let start = back.map_or(self.at, |at| self.at + at + 1);
            let end = run_end(self.text, last, self.class);
            self.at = end;
            if end - start >= self.min {
                return Some(start..end);
            }
        }
        None
    }
}

/// The lines of a wrapped encoding whose first line is `first`: lines of its width, then at most
/// one shorter. Lines are parted by line ends, with indentation or a comment sign, or by the escapes
/// `\n` and `\r\n`.
pub(super) fn wrapped(text: &[u8], first: Range<usize>, class: &Class) -> Vec<Range<usize>> {
    let width = first.len();
    let mut lines = vec![first];
    while let Some(start) = lines.last().and_then(|line| next_line(text, line.end)) {
        let end = run_end(text, start, class);
        let length = end - start;
        let closed = match text.get(end) {
            None => true,
            Some(byte) => matches!(
                byte,
                b'\r' | b'\n' | b'"' | b'\'' | b'`' | b'\\' | b'=' | b'<' | b')'
            ),
        };
        if length == 0 || length > width || !closed {
            break;
        }
        lines.push(start..end);
        if length < width {
            break;
        }
    }
    lines
}

fn next_line(text: &[u8], at: usize) -> Option<usize> {
    let rest = &text[at..];
    for end in [&b"\\r\\n"[..], b"\\n"] {
        if rest.starts_with(end) {
            return Some(at + end.len());
        }
    }
    let rest = rest
        .strip_prefix(b"\r")
        .unwrap_or(rest)
        .strip_prefix(b"\n")?;
    let indent = rest
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\t' | b'#' | b'*' | b'>'))
        .count();
    Some(text.len() - rest.len() + indent)
}

/// Whether bytes are text: few control characters, and UTF-8 or mostly ASCII.
pub(super) fn is_text(bytes: &[u8]) -> bool {
    let good = match std::str::from_utf8(bytes) {
        Ok(text) => printable(text),
        // A character cut at the end of a head is no damage.
        Err(e) if e.error_len().is_none() && e.valid_up_to() > 0 => bytes
            .get(..e.valid_up_to())
            .and_then(|head| std::str::from_utf8(head).ok())
            .map_or(0, |text| printable(text) + bytes.len() - text.len()),
        Err(_) => bytes.iter().filter(|byte| is_printable(**byte)).count(),
    };
    !bytes.is_empty() && good >= bytes.len() - bytes.len() / 8
}

fn printable(text: &str) -> usize {
    text.len()
        - text
            .bytes()
            .filter(|byte| byte.is_ascii() && !is_printable(*byte))
            .count()
}

fn is_printable(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\t' | b'\n' | b'\r' | 0x0c)
}

/// Whether bytes of which `head` is the beginning and `total` about the length may hold a secret:
/// text, UTF-16, a container that we open, or a private key in DER or OpenSSH form.
pub(super) fn is_worth_it(head: &[u8], total: usize) -> bool {
    const MAGICS: [&[u8]; 8] = [
        b"\x1f\x8b\x08",
        b"PK\x03\x04",
        b"BZh",
        b"\xfd7zXZ\0",
        b"\x28\xb5\x2f\xfd",
        b"openssh-key-v1\0",
        b"\xff\xfe",
        b"\xfe\xff",
    ];
    is_text(head)
        || MAGICS.iter().any(|magic| head.starts_with(magic))
        || is_zlib(head)
        || is_private_der(head, total)
        || is_utf16(head)
}

/// The header of RFC 1950: method 8, a window up to 32 KiB, a check divisible by 31, no dictionary.
pub(super) fn is_zlib(bytes: &[u8]) -> bool {
    matches!(bytes, [0x78, flags @ (0x01 | 0x5e | 0x9c | 0xda), ..] if (0x7800 | u16::from(*flags)) % 31 == 0)
}

/// A DER sequence of about `total` bytes that begins with a small version number, as PKCS #1,
/// PKCS #8 (RFC 5208) and SEC 1 keys and PKCS #12 files do, and certificates do not.
fn is_private_der(head: &[u8], total: usize) -> bool {
    let (length, header) = match head {
        [0x30, 0x82, high, low, ..] => (usize::from(*high) << 8 | usize::from(*low), 4),
        [0x30, 0x81, low, ..] => (usize::from(*low), 3),
        [0x30, low @ ..=0x7f, ..] => (usize::from(*low), 2),
        _ => return false,
    };
    matches!(head.get(header..), Some([0x02, 0x01, 0..=3, ..]))
        && (length + header).abs_diff(total) <= 3
}

fn is_utf16(head: &[u8]) -> bool {
    let (pairs, _) = head.as_chunks::<2>();
    let fits = |place: usize| {
        pairs
            .iter()
            .filter(|pair| pair[place] == 0 && is_printable(pair[1 - place]))
            .count()
            >= pairs.len() - pairs.len() / 8
    };
    pairs.len() >= 8 && (fits(0) || fits(1))
}

/// The name and the operator on the left of a value, on its line: `api_key = ` of `api_key = "…"`.
/// Empty where there is none.
pub(super) fn name_before(text: &[u8], value: usize) -> &[u8] {
    let line = &text[value.saturating_sub(80)..value];
    let operator = line
        .iter()
        .rev()
        .take_while(|byte| b" \t=:>(\"'`".contains(byte))
        .count();
    let (left, right) = line.split_at(line.len() - operator);
    let name = left
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(byte))
        .count();
    if name == 0 || !right.iter().any(|byte| b"=:(".contains(byte)) {
        return &[];
    }
    &line[left.len() - name..]
}

#[cfg(test)]
mod tests {
    use super::*;

    static DIGITS: Class = class(b"0123456789");

    #[test]
    fn runs_are_maximal_and_long_enough() {
        let runs = |text: &str| {
            Runs::new(text.as_bytes(), &DIGITS, 4)
                .map(|run| (run.start, run.end))
                .collect::<Vec<_>>()
        };
        assert_eq!(runs("1234"), [(0, 4)]);
        assert_eq!(runs("123"), []);
        assert_eq!(runs("123a1234b12345"), [(4, 8), (9, 14)]);
        assert_eq!(runs("aaaaaaa12345678"), [(7, 15)]);
        assert_eq!(runs("12 345 6789 1"), [(7, 11)]);
        assert_eq!(runs(""), []);
    }

    #[test]
    fn text_is_told_from_noise() {
        assert!(is_text(b"hello, world"));
        assert!(is_text("grüße".as_bytes()));
        assert!(is_text(&"grüß".as_bytes()[..3]));
        assert!(!is_text(b""));
        assert!(!is_text(&[
            0x89, b'P', b'N', b'G', 13, 10, 26, 10, 0, 0, 0, 13
        ]));
        assert!(is_worth_it(b"p\0a\0s\0s\0w\0o\0r\0d\0=\0", 18));
        assert!(is_worth_it(&[0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3], 48));
        assert!(
            !is_worth_it(&[0x30, 0x82, 4, 0, 0x30, 0x82, 3, 0], 1028),
            "a certificate"
        );
    }

    #[test]
    fn a_name_needs_an_operator() {
        let at = |text: &'static str| name_before(text.as_bytes(), text.len());
        assert_eq!(at("  let api_key = "), b"api_key = ");
        assert_eq!(at("{\"token\": "), b"token\": ");
        assert_eq!(at("say "), b"");
        assert_eq!(at("a\n= "), b"");
    }
}
