//! What the decoders share: classes of bytes, and whether bytes are worth a look.

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
    is_text(head)
        || is_magic(head)
        || is_zlib(head)
        || is_private_der(head, total)
        || is_utf16(head)
}

/// Whether bytes begin as what we open does: gzip, zip, bzip2, xz, zstd, keys of OpenSSH, UTF-16.
fn is_magic(bytes: &[u8]) -> bool {
    match bytes {
        [0x1f, 0x8b, 0x08, ..]
        | [b'P', b'K', 3, 4, ..]
        | [b'B', b'Z', b'h', ..]
        | [0xfd, b'7', b'z', b'X', b'Z', 0, ..]
        | [0x28, 0xb5, 0x2f, 0xfd, ..]
        | [0xff, 0xfe, ..]
        | [0xfe, 0xff, ..] => true,
        [b'o', ..] => bytes.starts_with(b"openssh-key-v1\0"),
        _ => false,
    }
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
