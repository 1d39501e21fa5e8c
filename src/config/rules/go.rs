//! Rewrites regexes of Go's RE2 dialect (golang.org/s/re2syntax) into this program's.
//!
//! The two differ where a character is plain in one and means something in the other: braces that
//! count nothing, brackets and doubled signs within a class, `\Q…\E`, octal escapes, and `\s`, which
//! has no vertical tab in Go.

use std::iter::Peekable;
use std::str::Chars;

/// What `\s` stands for in Go.
const BLANKS: &str = r"\t\n\x0C\r\x20";

/// The regex in this program's dialect, and how many groups it has.
///
/// # Errors
/// Why it is no regex.
pub(super) fn translate(regex: &str) -> Result<(String, usize), String> {
    let text = rewrite(regex)?;
    let hir = regex_syntax::ParserBuilder::new()
        .unicode(false)
        .utf8(false)
        .build()
        .parse(&text)
        .map_err(|error| match error {
            regex_syntax::Error::Parse(error) => error.kind().to_string(),
            regex_syntax::Error::Translate(error) => error.kind().to_string(),
            error => error.to_string(),
        })?;
    Ok((text, hir.properties().explicit_captures_len()))
}

fn rewrite(regex: &str) -> Result<String, String> {
    let mut out = String::with_capacity(regex.len() + 8);
    let mut rest = regex.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' => drop(escape(&mut rest, &mut out, Place::Outside)?),
            '[' => class(&mut rest, &mut out)?,
            '{' if !counts(&rest) => out.push_str(r"\{"),
            _ => out.push(c),
        }
    }
    Ok(out)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Outside,
    Class,
}

/// What an escape stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Atom {
    One,
    Set,
}

/// Whether what follows a `{` makes it a repetition.
fn counts(rest: &Peekable<Chars<'_>>) -> bool {
    let inner: String = rest.clone().take_while(|c| *c != '}').collect();
    let closed = rest.clone().any(|c| c == '}');
    let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    closed
        && match inner.split_once(',') {
            None => number(&inner),
            Some((least, most)) => number(least) && (most.is_empty() || number(most)),
        }
}

/// What follows a backslash.
fn escape(rest: &mut Peekable<Chars<'_>>, out: &mut String, place: Place) -> Result<Atom, String> {
    let Some(c) = rest.next() else {
        return Err("ends in a backslash".into());
    };
    match (c, place) {
        ('Q', Place::Outside) => {
            let mut quoted = String::new();
            while let Some(c) = rest.next() {
                if c == '\\' && rest.peek() == Some(&'E') {
                    rest.next();
                    break;
                }
                quoted.push(c);
            }
            out.push_str(&regex_syntax::escape(&quoted));
        }
        // Without a \Q before it, it closes nothing.
        ('E', Place::Outside) => {}
        ('0'..='7', _) => {
            let mut value = c.to_digit(8).unwrap_or(0);
            let mut digits = 1;
            while digits < 3
                && let Some(digit) = rest.peek().and_then(|c| c.to_digit(8))
            {
                value = value * 8 + digit;
                digits += 1;
                rest.next();
            }
            if c != '0' && digits == 1 {
                return Err("refers back to a group, which no linear engine can".into());
            }
            out.push_str(&format!(r"\x{{{value:X}}}"));
        }
        ('s', Place::Outside) => out.push_str(&format!("[{BLANKS}]")),
        ('s', Place::Class) => out.push_str(BLANKS),
        ('S', _) => out.push_str(&format!("[^{BLANKS}]")),
        (c, _) => {
            out.push('\\');
            out.push(c);
            if matches!(c, 'x' | 'p' | 'P') && rest.peek() == Some(&'{') {
                for c in rest.by_ref() {
                    out.push(c);
                    if c == '}' {
                        break;
                    }
                }
            }
        }
    }
    Ok(match c {
        's' | 'S' | 'd' | 'D' | 'w' | 'W' | 'p' | 'P' => Atom::Set,
        _ => Atom::One,
    })
}

/// A class, behind its `[`: brackets in it are plain, and so are `&&`, `--` and `~~`.
fn class(rest: &mut Peekable<Chars<'_>>, out: &mut String) -> Result<(), String> {
    out.push('[');
    if rest.next_if_eq(&'^').is_some() {
        out.push('^');
    }
    if rest.next_if_eq(&']').is_some() {
        out.push_str(r"\]");
    }
    let mut in_range = false;
    while let Some(c) = rest.next() {
        let mut atom = Atom::One;
        match c {
            ']' => {
                out.push(']');
                return Ok(());
            }
            '\\' => atom = escape(rest, out, Place::Class)?,
            '[' if rest.peek() == Some(&':') => {
                let name: String = rest.clone().take_while(|c| *c != ']').collect();
                out.push('[');
                out.push_str(&name);
                out.push(']');
                rest.nth(name.chars().count());
                continue;
            }
            '[' | '&' | '~' | '-' => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
        if in_range {
            in_range = false;
            continue;
        }
        // A hyphen makes a range unless it ends the class.
        let mut ahead = rest.clone();
        if atom == Atom::One && ahead.next() == Some('-') && ahead.peek().is_some_and(|c| *c != ']')
        {
            rest.next();
            out.push('-');
            in_range = true;
        }
    }
    Err("has a class that is not closed".into())
}
