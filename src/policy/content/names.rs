//! Which names every system can hold.
//!
//! Sources: Microsoft, "Naming Files, Paths, and Namespaces"; Git's `verify_path`, `is_hfs_dotgit`
//! and `is_ntfs_dotgit`; Unicode Technical Report 36 on direction controls.

use crate::git::folded;

/// What is wrong with one part of a path.
pub(super) fn odd_part(part: &[u8]) -> Option<&'static str> {
    let Ok(text) = std::str::from_utf8(part) else {
        return Some("it is not UTF-8");
    };
    if matches!(text, "" | "." | "..") {
        return Some("it means another folder");
    }
    if is_git_dir(text) {
        return Some("some systems take it for .git");
    }
    if text.chars().any(is_control) {
        return Some("it holds a control character");
    }
    if text.chars().any(is_direction) {
        return Some("it holds a character that reverses what is shown");
    }
    if text.contains(['<', '>', ':', '"', '|', '?', '*', '\\']) {
        return Some("Windows allows none of < > : \" | ? * \\ in a name");
    }
    if text.ends_with(['.', ' ']) {
        return Some("Windows drops a point or space at the end");
    }
    if is_reserved(text) {
        return Some("Windows keeps it for a device");
    }
    (text.encode_utf16().count() > 255 || text.len() > 255).then_some("it is too long for a name")
}

fn is_control(c: char) -> bool {
    c.is_control()
}

/// Unicode's explicit directional formatting characters and marks.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn is_git_dir(text: &str) -> bool {
    means(text, ".git", &["git~1"])
}

/// Whether some system takes a name at the top for `.gitmodules`, which it is not.
pub(super) fn is_like_modules(part: &[u8]) -> bool {
    let short = ["gitmod~1", "gitmod~2", "gitmod~3", "gitmod~4"];
    let text = std::str::from_utf8(part).ok();
    part != b".gitmodules" && text.is_some_and(|text| means(text, ".gitmodules", &short))
}

/// Whether a name is that one in other letters, with characters that HFS+ ignores, with an ending that
/// NTFS drops, or by one of the short names that Windows gives it.
fn means(text: &str, name: &str, short: &[&str]) -> bool {
    let folded = folded(text.as_bytes());
    let folded = String::from_utf8_lossy(&folded);
    let stream = folded.split([':', '\\']).next().unwrap_or_default();
    let bare = stream.trim_end_matches(['.', ' ']);
    bare == name || short.contains(&bare)
}

fn is_reserved(text: &str) -> bool {
    let base = text.split('.').next().unwrap_or_default().trim_end();
    let base = base.to_uppercase();
    let digit = |rest: &str| {
        let mut digits = rest.chars();
        matches!(digits.next(), Some('1'..='9' | '¹' | '²' | '³')) && digits.next().is_none()
    };
    matches!(
        &base[..],
        "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$"
    ) || base.strip_prefix("COM").is_some_and(digit)
        || base.strip_prefix("LPT").is_some_and(digit)
}

/// Why the target of a symbolic link in a folder so many levels below the top leads out of the tree.
pub(super) fn escapes(target: &[u8], depth: usize) -> Option<&'static str> {
    let is_slash = |byte: &u8| matches!(byte, b'/' | b'\\');
    let drive = matches!(target, [letter, b':', ..] if letter.is_ascii_alphabetic());
    if target.first().is_some_and(is_slash) || drive {
        return Some("its target is an absolute path");
    }
    let mut depth = depth;
    let mut down = false;
    for part in target.split(is_slash) {
        match part {
            b"" | b"." => {}
            // What the part above leads to is not known here: it may be a link itself.
            b".." if down => return Some("its target goes up again behind a name"),
            b".." => match depth.checked_sub(1) {
                Some(above) => depth = above,
                None => return Some("its target is outside of the repository"),
            },
            _ => down = true,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_some_system_cannot_hold_are_odd() {
        for good in [
            "readme.md",
            ".gitignore",
            ".gitmodules",
            "a b",
            "größe",
            "console",
            "com10",
            "lpt",
            "git",
            "git~2",
            "nul1",
            "コン",
            "com0",
            ".github",
            "a.con",
            "👩\u{200d}🚀.txt",
        ] {
            assert_eq!(odd_part(good.as_bytes()), None, "{good}");
        }
        for bad in [
            "",
            ".",
            "..",
            ".git",
            ".GIT",
            ".Git.",
            ".git ",
            "GIT~1",
            ".g\u{200c}it",
            ".git::$DATA",
            "a\n",
            "a\x7f",
            "a\u{85}",
            "a\u{202e}gpj",
            "a:b",
            "a\\b",
            "a?",
            "a|b",
            "a.",
            "a ",
            "con",
            "AUX.txt",
            "nul .c",
            "com¹",
            "Lpt9.tar.gz",
            "CONOUT$",
        ] {
            assert!(odd_part(bad.as_bytes()).is_some(), "{bad:?}");
        }
        assert!(odd_part(b"\xff").is_some());
        assert!(odd_part("x".repeat(256).as_bytes()).is_some());
    }

    #[test]
    fn what_some_system_takes_for_the_list_of_submodules_is_known() {
        for (name, like) in [
            (".gitmodules", false),
            ("gitmodules", false),
            (".gitmodules.txt", false),
            (".GITMODULES", true),
            (".gitmodules ", true),
            (".gitmodules::$DATA", true),
            (".gitm\u{200d}odules", true),
            ("GITMOD~1", true),
        ] {
            assert_eq!(is_like_modules(name.as_bytes()), like, "{name}");
        }
    }

    #[test]
    fn links_that_lead_out_are_known() {
        for (target, depth, out) in [
            ("a", 0, false),
            ("../a", 1, false),
            ("../../a/b", 2, false),
            ("./a//b", 0, false),
            ("..", 0, true),
            ("../..", 1, true),
            ("a/../b", 0, true),
            ("/etc/passwd", 3, true),
            ("C:/x", 3, true),
            ("..\\..", 1, true),
        ] {
            assert_eq!(escapes(target.as_bytes(), depth).is_some(), out, "{target}");
        }
    }
}
