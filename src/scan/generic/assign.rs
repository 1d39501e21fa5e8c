//! Reads the assignment around a name: the forms that code, data and command lines give it.

use std::ops::Range;

/// How far to either side of a keyword an assignment is read, in bytes.
pub(in crate::scan) const REACH: usize = 512;

/// Longest name, in bytes.
const MAX_NAME: usize = 96;

/// Longest value, in bytes. What is longer is data, not a key.
const MAX_VALUE: usize = 300;

/// A name that is given a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::scan) struct Candidate {
    /// The name.
    pub(in crate::scan) name: Range<usize>,
    /// The value without its quotes.
    pub(in crate::scan) value: Range<usize>,
    /// From the name to the end of the value.
    pub(in crate::scan) whole: Range<usize>,
    /// How the value is written.
    pub(in crate::scan) form: Form,
    /// What stands between the two.
    pub(in crate::scan) link: Link,
}

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::scan) enum Form {
    /// Between quotes or tags.
    Quoted,
    /// As it is, up to the next blank.
    Bare,
}

/// What stands between a name and its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::scan) enum Link {
    /// `=`, `:`, `:=`, `=>`, `->`.
    Assigned,
    /// `==`, `===`.
    Compared,
    /// `name("value")`, `("name", "value")`.
    Argument,
    /// `--name value`.
    Flag,
    /// `<name>value</name>`.
    Tag,
}

/// What kind of line a candidate stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::scan) enum Place {
    /// `NAME=value` as a shell, a container or a command line takes it.
    Environment,
    /// A file of settings.
    Data,
    /// Anything else.
    Code,
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// The assignment to the name that holds this keyword.
pub(in crate::scan) fn assignment(text: &[u8], keyword: Range<usize>) -> Option<Candidate> {
    let floor = keyword.start.saturating_sub(MAX_NAME);
    let start = floor
        + text[floor..keyword.start]
            .iter()
            .rposition(|byte| !is_name(*byte))
            .map_or(0, |at| at + 1);
    let ceiling = (keyword.end + MAX_NAME).min(text.len());
    let end = text[keyword.end..ceiling]
        .iter()
        .position(|byte| !is_name(*byte))
        .map_or(ceiling, |at| keyword.end + at);
    if end - start > MAX_NAME {
        return None;
    }
    let dashes = text[start..end]
        .iter()
        .take_while(|byte| **byte == b'-')
        .count();
    let name = start + dashes..end;
    let line_end = (end + REACH).min(text.len());
    let line_end = memchr::memchr(b'\n', &text[end..line_end]).map_or(line_end, |at| end + at);
    let (link, at) = link(&text[..line_end], &name, dashes)?;
    let (value, form) = value(&text[..line_end], at, link)?;
    Some(Candidate {
        whole: name.start..value.end,
        name,
        value,
        form,
        link,
    })
}

fn skip_blanks(text: &[u8], mut at: usize) -> usize {
    while matches!(text.get(at), Some(b' ' | b'\t')) {
        at += 1;
    }
    at
}

/// The operator behind a name and where the value begins.
fn link(text: &[u8], name: &Range<usize>, dashes: usize) -> Option<(Link, usize)> {
    let open = name.start.checked_sub(1).map(|at| text[at]);
    // `${NAME:default}` is a reference.
    if open == Some(b'{') && name.start >= 2 && text[name.start - 2] == b'$' {
        return None;
    }
    let mut at = name.end;
    let quote = matches!(text.get(at), Some(b'"' | b'\'' | b'`'));
    at += usize::from(quote);
    // `\"name\": …` within a string.
    if text.get(at) == Some(&b'\\') && matches!(text.get(at + 1), Some(b'"' | b'\'')) {
        at += 2;
    }
    at += usize::from(text.get(at) == Some(&b']'));
    let blank = skip_blanks(text, at);
    let rest = text.get(blank..)?;
    let found = match rest {
        [b'>', ..] if open == Some(b'<') => return Some((Link::Tag, blank + 1)),
        [b'=', b'=', b'=', ..] => (Link::Compared, 3),
        [b'=', b'=', ..] => (Link::Compared, 2),
        [b'=', b'>', ..] | [b'-', b'>', ..] | [b':', b'=', ..] | [b'?', b'=', ..] => {
            (Link::Assigned, 2)
        }
        [b':', b':', ..] | [b'=', b'~', ..] => return None,
        [b':', ..] => (Link::Assigned, 1 + annotation(&rest[1..])),
        [b'=', ..] => (Link::Assigned, 1),
        [b',', ..] if quote && matches!(open, Some(b'"' | b'\'')) => (Link::Argument, 1),
        [b'(', ..] if !quote => (Link::Argument, 1),
        _ if dashes > 0 && blank > at => (Link::Flag, 0),
        _ => return None,
    };
    Some((found.0, skip_blanks(text, blank + found.1)))
}

/// The length of a type between the colon and the equals sign, that sign included: `: &str =`.
fn annotation(rest: &[u8]) -> usize {
    let end = rest
        .iter()
        .take(40)
        .position(|byte| matches!(byte, b'"' | b'\'' | b'=' | b',' | b';'));
    match end {
        Some(end) if rest[end] == b'=' && rest.get(end + 1) != Some(&b'=') => {
            let kind = rest[..end].trim_ascii();
            let blank = rest.get(end + 1).is_some_and(u8::is_ascii_whitespace);
            let is_type = !kind.is_empty()
                && blank
                && kind
                    .iter()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"&<>[]?|_. '".contains(byte));
            if is_type { end + 1 } else { 0 }
        }
        _ => 0,
    }
}

/// The value that begins at a place.
fn value(text: &[u8], mut at: usize, link: Link) -> Option<(Range<usize>, Form)> {
    if link == Link::Tag {
        let end = memchr::memchr(b'<', text.get(at..)?)? + at;
        return (text.get(end + 1) == Some(&b'/')).then_some((at..end, Form::Quoted));
    }
    // `\"value\"` within a string, and prefixes of literals.
    let escaped = text.get(at) == Some(&b'\\') && matches!(text.get(at + 1), Some(b'"' | b'\''));
    at += usize::from(escaped);
    if matches!(
        text.get(at),
        Some(b'b' | b'r' | b'u' | b'B' | b'R' | b'U' | b'@' | b'L')
    ) && matches!(text.get(at + 1), Some(b'"' | b'\''))
    {
        at += 1;
    }
    match text.get(at)? {
        quote @ (b'"' | b'\'' | b'`') => {
            let start = at + 1;
            let mut end = start;
            loop {
                match text.get(end)? {
                    b'\\' if escaped && text.get(end + 1) == Some(quote) => break,
                    b'\\' => end += 2,
                    byte if byte == quote => break,
                    _ => end += 1,
                }
                if end - start > MAX_VALUE {
                    return None;
                }
            }
            // `"a" + b`, `"a" "b"`, `"a" % b`: only a part of the value.
            Some((start..end, Form::Quoted))
        }
        _ if link == Link::Argument || link == Link::Compared => None,
        _ => {
            let length = text[at..]
                .iter()
                .position(|byte| {
                    byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'`' | b'<' | b'>')
                })
                .unwrap_or(text.len() - at);
            if length > MAX_VALUE {
                return None;
            }
            let value = &text[at..at + length];
            let value = value
                .strip_suffix(b",")
                .or(value.strip_suffix(b";"))
                .unwrap_or(value);
            (!value.is_empty()).then_some((at..at + value.len(), Form::Bare))
        }
    }
}

/// Extensions of files that hold settings.
const DATA: &[&[u8]] = &[
    b"env",
    b"ini",
    b"cfg",
    b"conf",
    b"config",
    b"cnf",
    b"properties",
    b"yml",
    b"yaml",
    b"toml",
    b"tfvars",
    b"json",
    b"xml",
    b"plist",
    b"netrc",
    b"pgpass",
    b"npmrc",
    b"pypirc",
];

/// What kind of line a candidate stands on: by what stands around it and by the name of the file.
pub(in crate::scan) fn place(candidate: &Candidate, text: &[u8], path: &[u8]) -> Place {
    let file = path.rsplit(|byte| *byte == b'/').next().unwrap_or(path);
    let stem = file.to_ascii_lowercase();
    let extension = stem.rsplit(|byte| *byte == b'.').next().unwrap_or(&stem);
    let between = &text[candidate.name.end..candidate.value.start];
    let tight = between
        .iter()
        .all(|byte| matches!(byte, b'=' | b'"' | b'\''));
    let shouted = text[candidate.name.clone()]
        .iter()
        .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_');
    let before = candidate.name.start.checked_sub(1).map(|at| text[at]);
    let apart =
        before.is_none_or(|byte| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\''));
    if stem.starts_with(b".env") || extension == b"env" || (tight && shouted && apart) {
        return Place::Environment;
    }
    if DATA.contains(&extension) || stem.starts_with(b"env.") {
        return Place::Data;
    }
    // `--password=value`, and a line of nothing but `name=value` in a file of unknown kind.
    let flag = before == Some(b'-') && (between == b"=" || candidate.link == Link::Flag);
    let rest = text[candidate.whole.end..].first();
    let alone = matches!(before, None | Some(b'\n'))
        && matches!(rest, None | Some(b'\n' | b'\r'))
        && between == b"="
        && !CODE.contains(&extension);
    if flag || alone {
        Place::Data
    } else {
        Place::Code
    }
}

/// Extensions of files in which a line of nothing but `name=value` is a statement.
const CODE: &[&[u8]] = &[
    b"py", b"rb", b"js", b"ts", b"lua", b"pl", b"r", b"jl", b"ex", b"swift", b"kt", b"scala",
    b"groovy", b"go", b"nim", b"m", b"v", b"vue", b"tsx", b"jsx", b"php", b"ps1", b"pyi", b"mk",
    b"cmake", b"bzl",
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn assignments_of_every_form_are_read() {
        for (line, value, form) in [
            ("password = \"v1\"", "v1", Form::Quoted),
            ("\"password\": \"v1\",", "v1", Form::Quoted),
            ("config['password'] = 'v1';", "v1", Form::Quoted),
            (":password => 'v1'", "v1", Form::Quoted),
            ("let password: &str = \"v1\";", "v1", Form::Quoted),
            ("password: string = 'v1'", "v1", Form::Quoted),
            ("var password := \"v1\"", "v1", Form::Quoted),
            ("<password>v1</password>", "v1", Form::Quoted),
            ("setPassword(\"v1\")", "v1", Form::Quoted),
            ("put(\"password\", \"v1\")", "v1", Form::Quoted),
            ("{\\\"password\\\": \\\"v1\\\"}", "v1", Form::Quoted),
            ("tool --password v1 --x", "v1", Form::Bare),
            ("tool --password=v1", "v1", Form::Bare),
            ("export DB_password=v1", "v1", Form::Bare),
            ("password: v1", "v1", Form::Bare),
            ("if (password === 'v1') {", "v1", Form::Quoted),
        ] {
            let at = line.to_ascii_lowercase().find("password").unwrap();
            let found = assignment(line.as_bytes(), at..at + 8);
            let found = found.unwrap_or_else(|| panic!("{line}"));
            assert_eq!(&line[found.value], value, "{line}");
            assert_eq!(found.form, form, "{line}");
        }
        for line in [
            "the password is long",
            "password::new(\"v1\")",
            "password;",
            "password =~ /x/",
        ] {
            let at = line.find("password").unwrap();
            assert_eq!(assignment(line.as_bytes(), at..at + 8), None, "{line}");
        }
    }
}
