//! Tokens cut by a backslash at the end of a line, as in shell, C, Python and YAML strings.

use super::Input;
use super::bytes::{Class, class, name_before, run_end};
use super::sink::Sink;

/// What a token, a URL or a connection string is made of.
static TOKEN: Class =
    class(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=.:@%~!$&;,?#");
/// How far back the first part may begin.
const BACK: usize = 4096;

/// Finds tokens that end in a backslash and go on in the next line, indented or not.
pub(super) fn find(input: Input<'_>, sink: &mut Sink<'_>) {
    let text = input.text;
    let mut done = 0;
    for at in memchr::memchr_iter(b'\\', text) {
        if at < done.max(1) || !is_token(text, at - 1) {
            continue;
        }
        let Some(mut next) = continues(text, at) else {
            continue;
        };
        if sink.full() {
            return;
        }
        let floor = done.max(at.saturating_sub(BACK));
        let back = text[floor..at]
            .iter()
            .rposition(|byte| !TOKEN[usize::from(*byte)]);
        let start = back.map_or(floor, |at| floor + at + 1);
        // The quote before a value stands between it and its name.
        let mut bytes = name_before(text, start).to_vec();
        bytes.extend_from_slice(&text[start..at]);
        loop {
            let end = run_end(text, next, &TOKEN);
            bytes.extend_from_slice(&text[next..end]);
            done = end;
            match continues(text, end) {
                Some(more) => next = more,
                None => break,
            }
        }
        sink.push(bytes, start..done, None);
    }
}

fn is_token(text: &[u8], at: usize) -> bool {
    text.get(at).is_some_and(|byte| TOKEN[usize::from(*byte)])
}

/// Where the token goes on after the backslash at `at`, which must end its line.
fn continues(text: &[u8], at: usize) -> Option<usize> {
    let rest = text.get(at..)?.strip_prefix(b"\\")?;
    let rest = rest
        .strip_prefix(b"\r")
        .unwrap_or(rest)
        .strip_prefix(b"\n")?;
    let indent = rest
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count();
    let next = text.len() - rest.len() + indent;
    is_token(text, next).then_some(next)
}
