//! Reads the filters of Betterleaks rules: the forms that say when a match is no finding.
//!
//! Read are `entropy(secret) <= N`, `matchesAny(SUBJECT, [REGEXES])` and
//! `containsAny(SUBJECT, [WORDS])` (in their exact case), joined by `||`, `&&` and parentheses. Of
//! pieces joined by `||`, what is not read is left out: the rule then reports more, never less.

use super::go;
use crate::scan::foreign::{Pattern, Subject, Unless};

/// What came of a filter.
#[derive(Debug, Default)]
pub(super) struct Filter {
    /// When a match is no finding, as far as it was understood.
    pub(super) unless: Option<Unless>,
    /// What was not, and why.
    pub(super) lost: Vec<(String, &'static str)>,
}

const UNREAD: &str = "is no form that is read here";

/// Reads a filter.
pub(super) fn read(text: &str) -> Filter {
    let mut filter = Filter::default();
    // These would change what the pieces between `||` mean.
    let Some(bare) = bare(text) else {
        filter.lost.push((text.trim().to_owned(), UNREAD));
        return filter;
    };
    let odd = bare.replace("||", "").contains(['?', ';', '|'])
        || bare.contains("//")
        || bare.contains("/*");
    if odd {
        filter.lost.push((text.trim().to_owned(), UNREAD));
        return filter;
    }
    filter.unless = any(text, &bare, &mut filter.lost);
    filter
}

/// The text with blanks in place of what stands in quotes; `None` where a quote is not closed.
fn bare(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        out.push(c);
        if !matches!(c, '"' | '\'' | '`') {
            continue;
        }
        loop {
            let inner = chars.next()?;
            if inner == c {
                out.push(c);
                break;
            }
            (0..inner.len_utf8()).for_each(|_| out.push(' '));
            if inner == '\\' && c != '`' {
                let escaped = chars.next()?;
                (0..escaped.len_utf8()).for_each(|_| out.push(' '));
            }
        }
    }
    Some(out)
}

/// The pieces of a text between operators that stand in no parentheses.
fn split<'a>(text: &'a str, bare: &'a str, by: &str) -> Vec<(&'a str, &'a str)> {
    let mut pieces = Vec::new();
    let (mut depth, mut from) = (0_i32, 0);
    let bytes = bare.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 && bare[at..].starts_with(by) {
            pieces.push((&text[from..at], &bare[from..at]));
            at += by.len();
            from = at;
            continue;
        }
        at += 1;
        while !bare.is_char_boundary(at) {
            at += 1;
        }
    }
    pieces.push((&text[from..], &bare[from..]));
    pieces
}

/// What holds if any piece does; pieces that are not understood are left out.
fn any(text: &str, bare: &str, lost: &mut Vec<(String, &'static str)>) -> Option<Unless> {
    let mut parts = Vec::new();
    for (piece, bare) in split(text, bare, "||") {
        match all(piece, bare, lost) {
            Ok(unless) => parts.extend(unless),
            Err(why) => lost.push((piece.trim().to_owned(), why)),
        }
    }
    match parts.len() {
        0 => None,
        1 => parts.pop(),
        _ => Some(Unless::Any(parts)),
    }
}

/// What holds if every piece does; one that is not understood spoils them all.
fn all(
    text: &str,
    bare: &str,
    lost: &mut Vec<(String, &'static str)>,
) -> Result<Option<Unless>, &'static str> {
    let pieces = split(text, bare, "&&");
    if let [(piece, bare)] = pieces[..] {
        return one(piece, bare, lost);
    }
    let mut parts = Vec::new();
    for (piece, bare) in pieces {
        match one(piece, bare, lost)? {
            Some(part) => parts.push(part),
            None => return Err(UNREAD),
        }
    }
    Ok(Some(Unless::All(parts)))
}

/// A piece in parentheses, or one test.
fn one(
    text: &str,
    bare: &str,
    lost: &mut Vec<(String, &'static str)>,
) -> Result<Option<Unless>, &'static str> {
    let skip = bare.len() - bare.trim_start().len();
    let (text, bare) = (text[skip..].trim_end(), bare.trim());
    if bare.starts_with('(') && closes_at_end(bare) {
        let inner = 1..bare.len() - 1;
        return Ok(any(&text[inner.clone()], &bare[inner], lost));
    }
    let open = bare.find('(').ok_or(UNREAD)?;
    let close = bare.rfind(')').ok_or(UNREAD)?;
    let name = bare[..open].trim();
    let name = name.strip_prefix("filter.").unwrap_or(name);
    let arguments = split(
        text.get(open + 1..close).ok_or(UNREAD)?,
        &bare[open + 1..close],
        ",",
    );
    let tail = text[close + 1..].trim();
    match (name, &arguments[..]) {
        ("tokenRatio" | "failsTokenEfficiency", _) => {
            Err("needs a tokenizer, and there is none here")
        }
        ("entropy", [(of, _)]) if subject(of) == Some(Subject::Secret) => {
            let (at_most, number) = match (tail.strip_prefix("<="), tail.strip_prefix('<')) {
                (Some(number), _) => (true, number),
                (None, Some(number)) => (false, number),
                (None, None) => return Err(UNREAD),
            };
            let bits: f64 = number.trim().parse().map_err(|_| UNREAD)?;
            Ok(Some(match at_most {
                true => Unless::EntropyAtMost(bits),
                false => Unless::EntropyBelow(bits),
            }))
        }
        ("matchesAny", [(of, _), (list, bare)]) if tail.is_empty() => {
            let subject = subject(of).ok_or(UNREAD)?;
            let patterns = strings(list, bare).ok_or(UNREAD)?;
            let patterns: Result<Vec<Pattern>, &str> = patterns
                .iter()
                .map(|text| go::translate(text).map(|(text, _)| Pattern::new(text)))
                .map(|pattern| pattern.map_err(|_| "has a regex that is none"))
                .collect();
            Ok(Some(Unless::Matches(subject, patterns?)))
        }
        ("containsAny", [(of, _), (list, bare)]) if tail.is_empty() => {
            let subject = subject(of).ok_or(UNREAD)?;
            let mut words = strings(list, bare).ok_or(UNREAD)?;
            words.retain(|word| !word.is_empty());
            Ok(Some(Unless::ContainsExactly(subject, words)))
        }
        _ => Err(UNREAD),
    }
}

/// Whether the parenthesis that opens the text is closed by the one at its end.
fn closes_at_end(bare: &str) -> bool {
    let mut depth = 0_i32;
    for (at, byte) in bare.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at == bare.len() - 1;
        }
    }
    false
}

fn subject(text: &str) -> Option<Subject> {
    let text = text.trim().replace('\'', "\"");
    match text.as_str() {
        "secret" | "finding[\"secret\"]" | "finding.secret" => Some(Subject::Secret),
        "match" | "finding[\"match\"]" | "finding.match" => Some(Subject::Match),
        "line" | "finding[\"line\"]" | "finding.line" => Some(Subject::Line),
        "path" | "attributes[\"path\"]" | "attributes.path" => Some(Subject::Path),
        _ => None,
    }
}

/// The strings of a list of nothing else.
fn strings(text: &str, bare: &str) -> Option<Vec<String>> {
    let skip = bare.len() - bare.trim_start().len();
    let (text, bare) = (text[skip..].trim_end(), bare.trim());
    let bare = bare.strip_prefix('[')?.strip_suffix(']')?;
    let text = &text[1..text.len() - 1];
    let mut out = Vec::new();
    let pieces = split(text, bare, ",");
    let last = pieces.len() - 1;
    for (index, (piece, _)) in pieces.into_iter().enumerate() {
        let piece = piece.trim();
        // A comma may stand behind the last one.
        if piece.is_empty() && index == last {
            continue;
        }
        out.push(string(piece)?);
    }
    Some(out)
}

/// What a quoted string stands for.
fn string(quoted: &str) -> Option<String> {
    let quote = quoted.chars().next()?;
    let inner = quoted.strip_prefix(quote)?.strip_suffix(quote)?;
    match quote {
        '`' => return (!inner.contains('`')).then(|| inner.to_owned()),
        '"' | '\'' => {}
        _ => return None,
    }
    let mut out = String::new();
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        out.push(match c {
            '\\' => match chars.next()? {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                c @ ('\\' | '"' | '\'' | '/') => c,
                _ => return None,
            },
            // Two strings with something between.
            c if c == quote => return None,
            c => c,
        });
    }
    Some(out)
}
