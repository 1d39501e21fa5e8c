//! Bytes of a repository made safe to show: one escaper for everything that is printed or logged.

use std::fmt::{self, Write as _};

/// Bytes that came from a repository or a pusher, shown without control, bidirectional or
/// invisible characters and without anything that is not UTF-8.
///
/// What is shown is for people; it is not meant to be turned back into bytes.
#[derive(Clone, Copy)]
pub struct Escaped<'a>(pub &'a [u8]);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            for c in chunk.valid().chars() {
                if is_plain(c) {
                    f.write_char(c)?;
                } else {
                    write!(f, "{}", c.escape_unicode())?;
                }
            }
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

/// Whether a terminal shows the character as itself: no controls (C0, C1, DEL), no line
/// separators, no bidirectional overrides or marks, nothing of width zero, no private use tags.
fn is_plain(c: char) -> bool {
    !c.is_control()
        && !matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// The escaped form as a string of its own.
#[must_use]
pub fn escape(bytes: &[u8]) -> String {
    Escaped(bytes).to_string()
}

/// A path or a name as one word of a command for `sh`, escaped: whoever is told to run the command
/// did not choose it.
#[must_use]
pub fn shell_word(bytes: &[u8]) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-+@%,:=".contains(byte);
    let word = escape(bytes);
    if bytes.iter().all(plain) && !bytes.starts_with(b"-") {
        word
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// A line of JSON that means the same, and that a terminal shows as it is: what is not plain can only
/// stand in a text there, as `\u009b` say, or between the texts as white space.
#[must_use]
pub fn escape_json(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    for c in line.chars() {
        match c {
            '\t' | '\r' | '\n' => shown.push(' '),
            c if is_plain(c) => shown.push(c),
            c => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(shown, "\\u{unit:04x}");
                }
            }
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_what_is_plain_and_spells_what_is_not() {
        assert_eq!(escape("sœur.py".as_bytes()), "sœur.py");
        assert_eq!(escape(b"a\x1b[2Jb\n"), "a\\u{1b}[2Jb\\u{a}");
        assert_eq!(escape(b"\xff/x"), "\\xff/x");
        assert_eq!(escape("a\u{202e}b".as_bytes()), "a\\u{202e}b");
    }

    #[test]
    fn a_word_for_a_shell_is_one() {
        assert_eq!(shell_word(b"refs/heads/main"), "refs/heads/main");
        assert_eq!(shell_word(b"a;b$(c)`d`"), "'a;b$(c)`d`'");
        assert_eq!(shell_word(b"it's\x1b"), "'it'\\''s\\u{1b}'");
        assert_eq!(shell_word(b"-x"), "'-x'");
    }

    #[test]
    fn json_stays_what_it_is() {
        let line = "{\"a\":\t\"\u{9b}\u{e0041}\u{202e}sœur\"}\r";
        let shown = escape_json(line);
        assert_eq!(shown, "{\"a\": \"\\u009b\\udb40\\udc41\\u202esœur\"} ");
        let value = |line: &str| serde_json::from_str::<serde_json::Value>(line).ok();
        assert!(value(line).is_some());
        assert_eq!(value(&shown), value(line));
    }
}
