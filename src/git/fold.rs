//! Which names some system takes for one: file systems that do not tell the case of letters apart, or
//! that take letters and their marks together.

use std::borrow::Cow;
use unicode_normalization::UnicodeNormalization as _;

/// What two names have in common that some system takes for one: letters without their case, each
/// composed with its marks, without the characters that HFS+ does not see. What is not UTF-8 stands
/// for itself.
#[must_use]
pub fn folded(name: &[u8]) -> Cow<'_, [u8]> {
    if name.is_ascii() {
        return match name.iter().any(u8::is_ascii_uppercase) {
            true => Cow::Owned(name.to_ascii_lowercase()),
            false => Cow::Borrowed(name),
        };
    }
    let Ok(text) = std::str::from_utf8(name) else {
        return Cow::Borrowed(name);
    };
    // By single letters, as file systems do: the two forms of a small sigma are one, and "ß" is
    // not "ss".
    let single = |c: char| {
        let mut upper = c.to_uppercase();
        match (upper.next(), upper.next()) {
            (Some(upper), None) => upper,
            _ => c,
        }
    };
    let visible = text.chars().filter(|c| !is_ignored(*c));
    let lower = visible.nfd().map(single).flat_map(char::to_lowercase);
    let lower: String = lower.collect();
    Cow::Owned(lower.nfc().collect::<String>().into_bytes())
}

/// What HFS+ leaves out when it compares names (Git's `is_hfs_dotgit`).
fn is_ignored(c: char) -> bool {
    matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_one_when_some_system_says_so() {
        for (one, other, same) in [
            ("README", "readme", true),
            ("Größe", "GRÖSSE", false),
            ("e\u{301}", "\u{e9}", true),
            ("E\u{301}", "\u{e9}", true),
            ("ς", "Σ", true),
            ("a", "b", false),
            ("Å", "\u{212b}", true),
            ("main", "ma\u{200d}in", true),
            ("main", "ma\u{131}n", true),
            ("main", "m\u{430}in", false),
        ] {
            let is = folded(one.as_bytes()) == folded(other.as_bytes());
            assert_eq!(is, same, "{one} {other}");
        }
        assert_ne!(folded(b"A\xff"), folded(b"a\xff"));
    }
}
