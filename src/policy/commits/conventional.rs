//! The grammar of Conventional Commits 1.0.0 (conventionalcommits.org), by hand: a parser says what is
//! wrong, where a regular expression only says that something is.
//!
//! ```text
//! message     = header [ LF LF body ] [ LF LF footers ]
//! header      = type [ "(" scope ")" ] [ "!" ] ":" SP description
//! footer      = token ( ": " / " #" ) value
//! token       = word *( "-" word ) / "BREAKING CHANGE"
//! ```

/// What the header of a message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header<'a> {
    /// The type: `feat`.
    pub(super) kind: &'a str,
    /// The noun in parentheses.
    pub(super) scope: Option<&'a str>,
    /// Whether `!` stands before the colon.
    pub(super) breaking: bool,
    /// What follows the colon and the space.
    pub(super) description: &'a str,
}

/// Why a message is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotConventional {
    #[error("the subject has no \"TYPE: \" in front")]
    NoType,
    #[error("the subject begins with a colon, and no type stands before it")]
    EmptyType,
    #[error("a type is one word of letters and digits")]
    OddType,
    #[error("a scope is a noun in parentheses: \"TYPE(SCOPE): \"")]
    OddScope,
    #[error("the colon behind the type is followed by one space and a description")]
    NoDescription,
    #[error("a breaking change is announced as \"BREAKING CHANGE: TEXT\", in capitals")]
    OddBreaking,
    #[error("\"BREAKING CHANGE: TEXT\" is a footer: an empty line stands above the footers")]
    BreakingInBody,
}

/// Reads the first line of a message.
pub(super) fn header(subject: &str) -> Result<Header<'_>, NotConventional> {
    let end = subject
        .find([':', '(', '!', ' '])
        .ok_or(NotConventional::NoType)?;
    let (kind, mut rest) = subject.split_at(end);
    if !rest.contains(':') {
        return Err(NotConventional::NoType);
    }
    if kind.is_empty() {
        return Err(match rest.starts_with(':') {
            true => NotConventional::EmptyType,
            false => NotConventional::NoType,
        });
    }
    if !is_word(kind) {
        return Err(NotConventional::OddType);
    }
    let mut scope = None;
    if let Some(open) = rest.strip_prefix('(') {
        let (inside, behind) = open.split_once(')').ok_or(NotConventional::OddScope)?;
        if inside.trim() != inside || inside.is_empty() || inside.contains('(') {
            return Err(NotConventional::OddScope);
        }
        scope = Some(inside);
        rest = behind;
    }
    let breaking = rest.starts_with('!');
    rest = rest.strip_prefix('!').unwrap_or(rest);
    let Some(rest) = rest.strip_prefix(':') else {
        return Err(match scope {
            Some(_) => NotConventional::OddScope,
            None => NotConventional::NoType,
        });
    };
    match rest.strip_prefix(' ') {
        Some(description) if !description.trim().is_empty() && !description.starts_with(' ') => {
            Ok(Header {
                kind,
                scope,
                breaking,
                description,
            })
        }
        Some(_) | None => Err(NotConventional::NoDescription),
    }
}

/// Checks what follows the first line: that a breaking change is announced where and as it must be.
pub(super) fn body(lines: &[&str]) -> Result<(), NotConventional> {
    let mut footers = false;
    let mut above_is_empty = true;
    for line in lines {
        if above_is_empty && footer(line) {
            footers = true;
        }
        if announces(line) {
            if !footer(line) {
                return Err(NotConventional::OddBreaking);
            }
            if !footers {
                return Err(NotConventional::BreakingInBody);
            }
        }
        above_is_empty = line.trim().is_empty();
    }
    Ok(())
}

/// Whether a line means to announce a breaking change, well or not.
fn announces(line: &str) -> bool {
    let words = ["breaking change", "breaking-change"];
    words.iter().any(|words| {
        let (Some(head), Some(rest)) = (line.get(..words.len()), line.get(words.len()..)) else {
            return false;
        };
        head.eq_ignore_ascii_case(words)
            && (rest.trim_start().starts_with(':') || rest.starts_with(" #"))
    })
}

/// Whether a line begins a footer.
fn footer(line: &str) -> bool {
    for separator in [": ", " #"] {
        if let Some((token, value)) = line.split_once(separator) {
            let breaking = matches!(token, "BREAKING CHANGE" | "BREAKING-CHANGE");
            let odd = !breaking
                && ["breaking change", "breaking-change"]
                    .iter()
                    .any(|words| token.eq_ignore_ascii_case(words));
            if !odd && (breaking || token.split('-').all(is_word)) && !value.trim().is_empty() {
                return true;
            }
        }
    }
    false
}

fn is_word(text: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '+');
    !text.is_empty() && text.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_as_the_specification_says() {
        for (subject, kind, scope, breaking, description) in [
            ("feat: add x", "feat", None, false, "add x"),
            ("fix(parser): cope", "fix", Some("parser"), false, "cope"),
            ("feat!: drop", "feat", None, true, "drop"),
            (
                "feat(api)!: drop: all",
                "feat",
                Some("api"),
                true,
                "drop: all",
            ),
            ("Docs: x", "Docs", None, false, "x"),
            ("feat(a b): x", "feat", Some("a b"), false, "x"),
            ("prüf: x", "prüf", None, false, "x"),
        ] {
            let read = Header {
                kind,
                scope,
                breaking,
                description,
            };
            assert_eq!(header(subject), Ok(read), "{subject}");
        }
        for (subject, why) in [
            ("", NotConventional::NoType),
            ("add x", NotConventional::NoType),
            ("Merge branch 'x'", NotConventional::NoType),
            (": x", NotConventional::EmptyType),
            ("feat:x", NotConventional::NoDescription),
            ("feat:", NotConventional::NoDescription),
            ("feat: ", NotConventional::NoDescription),
            ("feat:  x", NotConventional::NoDescription),
            ("feat : x", NotConventional::NoType),
            ("add this: x", NotConventional::NoType),
            ("feat(): x", NotConventional::OddScope),
            ("feat( a): x", NotConventional::OddScope),
            ("feat(a: x", NotConventional::OddScope),
            ("feat(a) : x", NotConventional::OddScope),
            ("feat!!: x", NotConventional::NoType),
            ("feat! : x", NotConventional::NoType),
            ("(a): x", NotConventional::NoType),
            ("f@at: x", NotConventional::OddType),
        ] {
            assert_eq!(header(subject), Err(why), "{subject}");
        }
    }

    #[test]
    fn a_breaking_change_is_a_footer_in_capitals() {
        for (lines, answer) in [
            (&[][..], Ok(())),
            (&["", "a body", "", "BREAKING CHANGE: x"], Ok(())),
            (&["", "BREAKING-CHANGE: x", "more of it"], Ok(())),
            (&["", "Reviewed-by: A", "BREAKING CHANGE: x"], Ok(())),
            (&["", "Refs #1", "BREAKING CHANGE #x"], Ok(())),
            (&["", "breaking changes are bad"], Ok(())),
            (&["", "breaking change is a word"], Ok(())),
            (
                &["", "Breaking change: x"],
                Err(NotConventional::OddBreaking),
            ),
            (
                &["", "BREAKING CHANGE:x"],
                Err(NotConventional::OddBreaking),
            ),
            (
                &["", "BREAKING CHANGE: "],
                Err(NotConventional::OddBreaking),
            ),
            (
                &["", "a body", "BREAKING CHANGE: x"],
                Err(NotConventional::BreakingInBody),
            ),
        ] {
            assert_eq!(body(lines), answer, "{lines:?}");
        }
    }
}
