//! The mark that allows a secret where it stands: `portcullis:allow(RULE) reason`.

use crate::git::escape;
use std::ops::Range;

const MARK: &[u8] = b"portcullis:allow(";

/// The reason that a mark for this rule gives on one of the lines of `span`; empty where it gives
/// none, `None` where there is no such mark. Several rules stand with commas between them.
#[must_use]
pub(super) fn mark_on_lines(text: &[u8], span: &Range<usize>, rule: &str) -> Option<String> {
    text[lines_of(text, span)]
        .split(|byte| *byte == b'\n')
        .find_map(|line| mark(line, rule))
}

/// The lines that `span` stands on, without the end of the last.
pub(super) fn lines_of(text: &[u8], span: &Range<usize>) -> Range<usize> {
    let start = memchr::memrchr(b'\n', &text[..span.start.min(text.len())]).map_or(0, |n| n + 1);
    let from = span.end.clamp(start, text.len());
    let end = memchr::memchr(b'\n', &text[from..]).map_or(text.len(), |n| from + n);
    start..end
}

fn mark(line: &[u8], rule: &str) -> Option<String> {
    let mut rest = line;
    while let Some(at) = memchr::memmem::find(rest, MARK) {
        rest = &rest[at + MARK.len()..];
        let close = memchr::memchr(b')', rest)?;
        let named = rest[..close].split(|byte| *byte == b',').any(|id| {
            let id = id.trim_ascii();
            id.strip_prefix(b"secrets/").unwrap_or(id) == rule.as_bytes()
        });
        rest = &rest[close + 1..];
        if named {
            return Some(reason(rest));
        }
    }
    None
}

/// What follows the mark, without the end of the comment it stands in.
fn reason(rest: &[u8]) -> String {
    let next = memchr::memmem::find(rest, MARK).unwrap_or(rest.len());
    let mut text = rest[..next].trim_ascii();
    for end in [&b"*/"[..], b"-->", b"--}}", b"#}", b"%>"] {
        text = text.strip_suffix(end).unwrap_or(text).trim_ascii();
    }
    escape(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(line: &str) -> Option<String> {
        mark(line.as_bytes(), "private-key")
    }

    #[test]
    fn a_mark_names_the_rule_and_gives_a_reason() {
        assert_eq!(
            found("x = 1 # portcullis:allow(private-key) a test key"),
            Some("a test key".into())
        );
        assert_eq!(
            found("/* portcullis:allow(a, secrets/private-key) why */"),
            Some("why".into())
        );
        assert_eq!(found("portcullis:allow(private-key)"), Some(String::new()));
        assert_eq!(
            found("portcullis:allow(other) x portcullis:allow(private-key) y"),
            Some("y".into())
        );
        for none in [
            "portcullis:allow(private-key",
            "portcullis:allow(private-keys) x",
            "portcullis:allow() x",
            "portcullis:allow(*) x",
        ] {
            assert_eq!(found(none), None, "{none}");
        }
    }

    #[test]
    fn a_mark_holds_for_its_own_line() {
        let text = b"one portcullis:allow(r) a\ntwo\nthree\n";
        assert!(mark_on_lines(text, &(0..3), "r").is_some());
        assert!(mark_on_lines(text, &(26..29), "r").is_none());
        assert!(mark_on_lines(text, &(0..29), "r").is_some());
    }
}
