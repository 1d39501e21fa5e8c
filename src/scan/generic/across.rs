//! Assignments that go over lines: a name and its value as a pair, blocks of YAML, property lists,
//! variables of Terraform.

use super::assign::{MAX_NAME, REACH, Spot, is_name, skip_blanks};
use std::ops::Range;

/// The blanks between `</key>` and what follows it.
fn blanks_of_property(rest: &[u8]) -> &[u8] {
    let behind = rest.get(6..).unwrap_or_default();
    let blanks = behind.iter().take(60);
    &behind[..blanks.take_while(|byte| byte.is_ascii_whitespace()).count()]
}

/// The length of what stands between `<key>name` and its value in a property list.
pub(super) fn property(rest: &[u8]) -> Option<usize> {
    const VALUE: &[u8] = b"<string>";
    let at = 6 + blanks_of_property(rest).len();
    rest[at..].starts_with(VALUE).then_some(at + VALUE.len())
}

/// How many lines further the value may stand, or come to stand, of the name before this `</key>`.
pub(super) fn lines_of_property(rest: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', blanks_of_property(rest))
        .count()
        .max(1)
}

/// The length of what stands between the colon and the only line of a block of YAML: ` |-` and what
/// that line is indented by.
pub(super) fn block(rest: &[u8]) -> Option<usize> {
    let mark = skip_blanks(rest, 0);
    if mark != 1 || !matches!(rest.get(mark), Some(b'|' | b'>')) {
        return None;
    }
    let signs = rest[mark + 1..].iter().take(2);
    let end = mark + 1 + signs.take_while(|byte| matches!(byte, b'-' | b'+')).count();
    let end = end + usize::from(rest.get(end) == Some(&b'\r'));
    if rest.get(end) != Some(&b'\n') {
        return None;
    }
    let indent = |line: &[u8]| {
        line.iter()
            .take(80)
            .take_while(|byte| **byte == b' ')
            .count()
    };
    let line = &rest[end + 1..];
    let inner = indent(line);
    let next = line
        .iter()
        .take(REACH)
        .position(|byte| *byte == b'\n')
        .map_or(&[][..], |at| &line[at + 1..]);
    let only = matches!(next.first(), None | Some(b'\n' | b'\r')) || indent(next) < inner;
    // A sentence is no value.
    let value = &line[..line.len() - next.len()];
    let word = !value.trim_ascii().iter().any(u8::is_ascii_whitespace);
    (inner > 0 && only && word).then_some(end + 1 + inner)
}

/// How many lines of a declaration in Terraform are looked through for its default.
const MAX_DECLARED: usize = 12;

/// Where the default of `variable "name" {` begins.
pub(super) fn variable(text: &[u8], spot: &Spot, at: usize) -> Option<usize> {
    is_variable(text, spot.name.start).then_some(())?;
    let rest = text.get(at..(at + REACH).min(text.len()))?;
    let open = skip_blanks(rest, 0);
    (rest.get(open) == Some(&b'{')).then_some(())?;
    let mut place = at + open + 1;
    for line in rest[open + 1..]
        .split(|byte| *byte == b'\n')
        .take(MAX_DECLARED)
    {
        let start = skip_blanks(line, 0);
        match &line[start..] {
            [b'}', ..] => return None,
            [b'd', b'e', b'f', b'a', b'u', b'l', b't', b' ' | b'=', ..] => {
                let equals = skip_blanks(line, start + 7);
                return (line.get(equals) == Some(&b'='))
                    .then(|| place + skip_blanks(line, equals + 1));
            }
            _ => place += line.len() + 1,
        }
    }
    None
}

/// Whether a variable of Terraform is declared by the name that holds this place.
fn is_variable(text: &[u8], at: usize) -> bool {
    let floor = at.saturating_sub(MAX_NAME);
    let before = &text[floor..at];
    let name = before.iter().rev().take_while(|byte| is_name(**byte));
    before[..before.len() - name.count()].ends_with(b"variable \"")
}

/// Whether lines however far away may belong to the assignment to the name that holds this keyword: a
/// declaration in Terraform, a block of YAML.
pub(in crate::scan) fn spans_many(text: &[u8], keyword: Range<usize>) -> bool {
    let rest = &text[keyword.start..text.len().min(keyword.end + MAX_NAME + 60)];
    let name = rest.iter().take_while(|byte| is_name(**byte)).count();
    // Whatever may close a name before its colon.
    let closing = |byte: &&u8| {
        matches!(
            byte,
            b'"' | b'\'' | b'`' | b'\\' | b']' | b'?' | b'!' | b' ' | b'\t'
        )
    };
    let closed = rest[name..].iter().take_while(closing).count();
    matches!(
        &rest[name + closed..],
        [b':', b' ' | b'\t', b'|' | b'>', ..]
    ) || is_variable(text, keyword.start)
}

/// Where the value begins that belongs to a name which is a value itself: `name: NAME` and then
/// `value: …`, in YAML, JSON, attributes or elements.
pub(super) fn pair(text: &[u8], spot: &Spot, at: usize) -> Option<usize> {
    names(trimmed_line(&text[..spot.name.start.saturating_sub(1)])).then_some(())?;
    let rest = text.get(at..(at + REACH).min(text.len()))?;
    let blanks = rest
        .iter()
        .take(60)
        .position(|byte| !byte.is_ascii_whitespace() && *byte != b',')?;
    let lines = rest[..blanks].iter().filter(|byte| **byte == b'\n').count();
    if lines > 1 {
        return None;
    }
    let rest = &rest[blanks..];
    let at = at + blanks;
    // `<property name="password">value</property>`
    if rest.first() == Some(&b'>') && memchr::memchr(b'<', rest).is_some() {
        return Some(at + 1);
    }
    valued(rest).map(|length| at + length)
}

/// Whether what stands before a pair's name, `name: ` or its like, stands on the line that ends at
/// `at`, or may stand on the one before.
pub(super) fn may_name(text: &[u8], at: usize) -> bool {
    let floor = memchr::memrchr(b'\n', &text[..at]).map_or(0, |end| end + 1);
    let before = trimmed_line(&text[floor..at]);
    before.is_empty() || names(before)
}

/// Whether the value of a pair may stand on another line than the end of its name, before `rest`.
pub(super) fn goes_on(rest: &[u8]) -> bool {
    let blanks = rest
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b','));
    let rest = &rest[blanks.count()..];
    matches!(rest.first(), None | Some(b'\n' | b'>')) || valued(rest).is_some()
}

/// Whether a text ends in what names the value of a pair: `name: `, `"key" =`.
fn names(before: &[u8]) -> bool {
    let sign = before.strip_suffix(b"=").or(before.strip_suffix(b":"));
    sign.is_some_and(|before| {
        let before = &before[..before.len() - blanks_at_end(before)];
        is_naming(before.strip_suffix(b"\"").unwrap_or(before))
    })
}

/// How many blanks stand at the end of a text, none of them a line end.
fn blanks_at_end(text: &[u8]) -> usize {
    let is_blank = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\r');
    text.iter().rev().take_while(is_blank).count()
}

/// A text without the blanks at its end, one line end among them.
fn trimmed_line(text: &[u8]) -> &[u8] {
    let text = &text[..text.len() - blanks_at_end(text)];
    match text.strip_suffix(b"\n") {
        Some(text) => &text[..text.len() - blanks_at_end(text)],
        None => text,
    }
}

/// Whether a text ends in a word that names things.
fn is_naming(before: &[u8]) -> bool {
    [b"name".as_slice(), b"key", b"id", b"field", b"property"]
        .iter()
        .any(|word| {
            before.len() >= word.len()
                && before[before.len() - word.len()..].eq_ignore_ascii_case(word)
        })
}

/// The length of `value: ` or its like.
fn valued(rest: &[u8]) -> Option<usize> {
    let quote = usize::from(rest.first() == Some(&b'"'));
    let word = [b"value".as_slice(), b"content", b"default"]
        .into_iter()
        .find(|word| {
            rest.get(quote..quote + word.len())
                .is_some_and(|here| here.eq_ignore_ascii_case(word))
        })?;
    let at = quote + word.len();
    let at = at + usize::from(rest.get(at) == Some(&b'"'));
    let at = skip_blanks(rest, at);
    matches!(rest.get(at), Some(b':' | b'=')).then(|| skip_blanks(rest, at + 1))
}

/// The pair of a bare name on a line of its own (`name: DB_PASSWORD`, YAML) and the value below.
pub(super) fn pair_below(text: &[u8], spot: &Range<usize>) -> Option<usize> {
    let rest = &text[spot.end..];
    let rest = rest.strip_prefix(b"\r").unwrap_or(rest);
    let rest = rest.strip_prefix(b"\n")?;
    let before = trimmed_line(&text[..spot.start]).strip_suffix(b":")?;
    is_naming(before).then_some(())?;
    let blanks = rest.iter().take(60).position(|byte| *byte != b' ')?;
    let length = valued(&rest[blanks..])?;
    Some(text.len() - rest.len() + blanks + length)
}
