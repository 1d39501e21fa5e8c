//! Reads the value behind a name: quoted, wrapped in a call, bare, or inside a string.

use super::assign::{Form, Link};
use std::ops::Range;

/// Longest value, in bytes. What is longer is data, not a key.
const MAX_VALUE: usize = 300;

/// How many calls, lists and the like a literal may be wrapped in.
const MAX_WRAPPERS: usize = 3;

/// The value that begins at a place, as it is written there.
pub(super) fn value(text: &[u8], mut at: usize, link: Link) -> Option<(Range<usize>, Form)> {
    if link == Link::Fallback {
        let inside = &text[at..text.len().min(at + MAX_VALUE)];
        let end = at + inside.iter().position(|byte| b"}\"'`$ \t".contains(byte))?;
        let quoted = matches!(text[end], b'"' | b'\'');
        let closed = text[end] == b'}' || quoted && text.get(end + 1) == Some(&b'}');
        return closed.then_some((at..end, Form::Quoted));
    }
    let element = link == Link::Pair && at.checked_sub(1).map(|at| text[at]) == Some(b'>');
    if link == Link::Tag || element {
        let end = memchr::memchr(b'<', text.get(at..)?)? + at;
        return (text.get(end + 1) == Some(&b'/')).then_some((at..end, Form::Quoted));
    }
    for _ in 0..MAX_WRAPPERS {
        match wrapper(text.get(at..)?) {
            0 => break,
            length => at += length,
        }
    }
    // `\"value\"` within a string, and prefixes of literals.
    let escaped = slashes(text.get(at..)?);
    at += escaped;
    if matches!(
        text.get(at),
        Some(b'b' | b'r' | b'u' | b'B' | b'R' | b'U' | b'@' | b'L')
    ) && matches!(text.get(at + 1), Some(b'"' | b'\''))
    {
        at += 1;
    }
    match text.get(at)? {
        b'"' | b'\'' | b'`' => {
            let end = quoted_end(text, at, escaped)?;
            (!is_part(&text[end..])).then_some((at + 1..end, Form::Quoted))
        }
        _ => match link {
            Link::Argument | Link::Compared | Link::Default | Link::Fallback | Link::Beside => None,
            Link::Assigned | Link::Flag | Link::Tag | Link::Pair => {
                let length = text[at..]
                    .iter()
                    .position(|byte| {
                        byte.is_ascii_whitespace()
                            || matches!(byte, b'"' | b'\'' | b'`' | b'<' | b'>')
                    })
                    .unwrap_or(text.len() - at);
                (1..=MAX_VALUE)
                    .contains(&length)
                    .then_some((at..at + length, Form::Bare))
            }
        },
    }
}

/// How many backslashes stand before a quote: one within a string, three within one within one.
pub(super) fn slashes(text: &[u8]) -> usize {
    let count = text
        .iter()
        .take(16)
        .take_while(|byte| **byte == b'\\')
        .count();
    match text.get(count) {
        Some(b'"' | b'\'') => count,
        _ => 0,
    }
}

/// Where the literal ends whose quote stands at `at`. `escaped`: so many backslashes stand before
/// every quote.
fn quoted_end(text: &[u8], at: usize, escaped: usize) -> Option<usize> {
    let quote = text.get(at)?;
    let start = at + 1;
    let mut end = start;
    loop {
        match text.get(end)? {
            b'\\' if escaped > 0 => {
                let run = &text[end..];
                let run = run.iter().take_while(|byte| **byte == b'\\').count();
                if run == escaped && text.get(end + run) == Some(quote) {
                    return Some(end);
                }
                end += run + 1;
            }
            b'\\' => end += 2,
            byte if byte == quote => return Some(end),
            _ => end += 1,
        }
        if end - start > MAX_VALUE {
            return None;
        }
    }
}

/// Whether a literal is put together with something else: `"a" + b`, `"a" % b`, `'a' . $b`.
fn is_part(rest: &[u8]) -> bool {
    let behind = rest.get(1..).unwrap_or_default();
    let blanks = behind.iter().take_while(|byte| **byte == b' ').count();
    match &behind[blanks..] {
        [b'+', ..] => true,
        [b'%', ..] => blanks > 0,
        [b'.', next, ..] => blanks > 0 && matches!(next, b' ' | b'$'),
        _ => false,
    }
}

/// Calls that leave a literal what it is, in lower case; of a path only the last part counts.
const WRAPPERS: &[&[u8]] = &[
    b"some",
    b"just",
    b"ok",
    b"option",
    b"optional.of",
    b"string",
    b"str",
    b"text",
    b"bytes",
    b"byte",
    b"from",
    b"from_str",
    b"new",
    b"of",
    b"literal",
    b"unicode",
    b"stringvalue",
    b"encode",
    b"b64encode",
    b"bytestring",
    b"tobytearray",
    b"stringptr",
    b"ptr",
    b"to_string",
    b"convertto-securestring",
    b"unsafe_plain",
];

/// The length of what is wrapped around a literal: `Some(`, `new SecretString(`, `[]byte(`, `(None, `.
fn wrapper(rest: &[u8]) -> usize {
    let blanks = |at: usize| rest[at..].iter().take_while(|byte| **byte == b' ').count();
    if let [b'(' | b'[' | b'{', tail @ ..] = rest {
        if let Some(tail) = tail.strip_prefix(b"]byte(") {
            return rest.len() - tail.len();
        }
        let none = [b"None,".as_slice(), b"nil,", b"null,"]
            .iter()
            .find(|none| tail.starts_with(none))
            .map_or(0, |none| none.len());
        let length = 1 + none + blanks(1 + none);
        return if matches!(rest.get(length), Some(b'"' | b'\'')) {
            length
        } else {
            0
        };
    }
    let start = if rest.starts_with(b"new ") { 4 } else { 0 };
    let end = start
        + rest[start..]
            .iter()
            .take(60)
            .take_while(|byte| byte.is_ascii_alphanumeric() || b"_.:-".contains(byte))
            .count();
    let blank = end + blanks(end);
    // A command of PowerShell takes its argument after a blank.
    let open = match rest.get(blank) {
        Some(b'(') => 1,
        Some(b'"' | b'\'') if blank > end => 0,
        _ => return 0,
    };
    if end == start {
        return 0;
    }
    let call = rest[start..end].to_ascii_lowercase();
    let last = call
        .rsplit(|byte| matches!(byte, b'.' | b':'))
        .next()
        .unwrap_or(&call);
    let says = [
        b"secret".as_slice(),
        b"password",
        b"credential",
        b"sensitive",
        b"secure",
    ]
    .iter()
    .any(|word| memchr::memmem::find(&call, word).is_some());
    // `get_secret("…")` and its kin look something up.
    let looks = [
        b"get".as_slice(),
        b"find",
        b"read",
        b"load",
        b"fetch",
        b"lookup",
        b"env",
        b"resolve",
        b"decrypt",
        b"encrypt",
        b"hash",
        b"prompt",
        b"ask",
        b"input",
        b"label",
        b"field",
    ]
    .iter()
    .any(|word| memchr::memmem::find(&call, word).is_some());
    if (says && !looks) || (WRAPPERS.contains(&last) && (open == 1 || last.len() > 12)) {
        let at = blank + open;
        at + blanks(at)
    } else {
        0
    }
}

/// Whether name and value stand inside one string: the quote that ends the value was opened before
/// the name, on the same line.
pub(super) fn in_string(text: &[u8], name: &Range<usize>, end: usize) -> bool {
    let floor = name.start.saturating_sub(super::REACH);
    let line = memchr::memrchr(b'\n', &text[floor..name.start]).map_or(floor, |at| floor + at + 1);
    let mut open = None;
    let mut at = line;
    while at < name.start {
        match (text[at], open) {
            (b'\\', Some(_)) => at += 1,
            // An apostrophe in a word opens nothing.
            (b'\'', None) if at > line && text[at - 1].is_ascii_alphanumeric() => {}
            (quote @ (b'"' | b'\'' | b'`'), None) => open = Some(quote),
            (quote, Some(known)) if quote == known => open = None,
            _ => {}
        }
        at += 1;
    }
    open.is_some_and(|quote| {
        let ceiling = (end + super::REACH).min(text.len());
        let rest = &text[end..ceiling];
        let rest = &rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())];
        rest.contains(&quote)
    })
}

/// Cuts from a bare value what belongs to the text around it.
pub(super) fn trimmed(
    text: &[u8],
    value: Range<usize>,
    open: u8,
    form: Form,
) -> Option<Range<usize>> {
    let bytes = &text[value.clone()];
    let stops: &[u8] = match form {
        Form::Inside => b"&;,\\}",
        _ if matches!(open, b'?' | b'&') => b"&;#",
        _ => b"",
    };
    let mut end = bytes
        .iter()
        .position(|byte| stops.contains(byte))
        .unwrap_or(bytes.len());
    while let Some(last) = end.checked_sub(1).map(|at| bytes[at]) {
        let opener = match last {
            b',' | b';' => None,
            b'}' => Some(b'{'),
            b']' => Some(b'['),
            b')' => Some(b'('),
            _ => break,
        };
        if opener.is_some_and(|opener| bytes[..end].contains(&opener)) {
            break;
        }
        end -= 1;
    }
    (end > 0).then(|| value.start..value.start + end)
}
