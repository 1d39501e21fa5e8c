//! Reads the assignment around a name: the forms that code, data and command lines give it.

use super::across::{
    block, goes_on, lines_of_property, may_name, pair, pair_below, property, variable,
};
use super::literal;
use std::ops::Range;

/// How far to either side of a keyword an assignment is read, in bytes.
pub(in crate::scan) const REACH: usize = 512;

/// Longest name, in bytes.
pub(super) const MAX_NAME: usize = 96;

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
    /// With its name inside one pair of quotes: `"user=a;password=b"`, `'X-Api-Key: b'`.
    Inside,
    /// As it is, up to the next blank.
    Bare,
}

/// What stands between a name and its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::scan) enum Link {
    /// `=`, `:`, `:=`, `=>`, `->`.
    Assigned,
    /// `==`, `===`, `!=`, `.equals(…)`, `assertEqual(name, …)`.
    Compared,
    /// `name("value")`, `("name", "value")`.
    Argument,
    /// `lookup("name") || "value"`, `… ?? "value"`, `… or "value"`.
    Default,
    /// `${name:-value}`.
    Fallback,
    /// `--name value`, `ENV name value`.
    Flag,
    /// `name "value"`, as languages of settings have it.
    Beside,
    /// `<name>value</name>`.
    Tag,
    /// `name: NAME` and `value: VALUE`, as attributes or on two lines.
    Pair,
}

/// Where a name stands.
pub(super) struct Spot {
    /// Without the dashes before it.
    pub(super) name: Range<usize>,
    /// The number of dashes before it.
    dashes: usize,
    /// The byte before it and its dashes; a line end at the beginning of the text.
    open: u8,
}

impl Spot {
    /// The quote that opens right before the name.
    fn quote(&self) -> Option<u8> {
        matches!(self.open, b'"' | b'\'' | b'`').then_some(self.open)
    }
}

pub(super) fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// The assignment to the name that holds this keyword.
pub(in crate::scan) fn assignment(text: &[u8], keyword: Range<usize>) -> Option<Candidate> {
    let spot = spot(text, keyword)?;
    let (link, at) = link(text, &spot)?;
    let floor = spot.name.start.saturating_sub(REACH);
    let line = floor..(at + REACH).min(text.len());
    let ceiling = memchr::memchr(b'\n', &text[at..line.end]).map_or(line.end, |end| at + end);
    let (value, mut form) = literal::value(&text[..ceiling], at, link)?;
    if form == Form::Bare && link != Link::Flag && literal::in_string(text, &spot.name, value.end) {
        form = Form::Inside;
    }
    let value = match form {
        Form::Quoted => value,
        Form::Inside | Form::Bare => literal::trimmed(text, value, spot.open, form)?,
    };
    (!value.is_empty()).then_some(Candidate {
        whole: spot.name.start..value.end,
        name: spot.name,
        value,
        form,
        link,
    })
}

/// The name around a keyword. What a keyword has of an operator (`pass=`) is not part of the name.
fn spot(text: &[u8], keyword: Range<usize>) -> Option<Spot> {
    let floor = keyword.start.saturating_sub(MAX_NAME);
    let start = floor
        + text[floor..keyword.start]
            .iter()
            .rposition(|byte| !is_name(*byte))
            .map_or(0, |at| at + 1);
    let ceiling = (keyword.end + MAX_NAME).min(text.len());
    let end = text[keyword.start..ceiling]
        .iter()
        .position(|byte| !is_name(*byte))
        .map_or(ceiling, |at| keyword.start + at);
    if end - start > MAX_NAME {
        return None;
    }
    let dashes = text[start..end]
        .iter()
        .take_while(|byte| **byte == b'-')
        .count();
    Some(Spot {
        name: start + dashes..end,
        dashes,
        open: start.checked_sub(1).map_or(b'\n', |at| text[at]),
    })
}

pub(super) fn skip_blanks(text: &[u8], mut at: usize) -> usize {
    while matches!(text.get(at), Some(b' ' | b'\t')) {
        at += 1;
    }
    at
}

/// The operator behind a name and where the value begins.
fn link(text: &[u8], spot: &Spot) -> Option<(Link, usize)> {
    let name = &spot.name;
    // `${NAME}` is a reference, `${NAME:-default}` one with a value for when there is none.
    if spot.open == b'{' && name.start >= 2 && text[name.start - 2] == b'$' {
        return fallback(text, name.end).map(|at| (Link::Fallback, at));
    }
    let mut at = name.end;
    let mut closed = matches!(text.get(at), Some(b'"' | b'\'' | b'`'));
    at += usize::from(closed);
    // `\"name\": …` within a string, `\\\"name\\\"` within one within one.
    let slashes = literal::slashes(&text[at.min(text.len())..]);
    if slashes > 0 {
        at += slashes + 1;
        closed = true;
    }
    let indexed = text.get(at) == Some(&b']');
    at += usize::from(indexed);
    at += usize::from(
        !closed && matches!(text.get(at), Some(b'?' | b'!')) && text.get(at + 1) == Some(&b':'),
    );
    let blank = skip_blanks(text, at);
    let rest = text.get(blank..)?;
    let below = if closed {
        pair(text, spot, at).or_else(|| variable(text, spot, at))
    } else {
        pair_below(text, name)
    };
    if let Some(at) = below {
        return Some((Link::Pair, at));
    }
    let found = match rest {
        [b'>', ..] if spot.open == b'<' => return Some((Link::Tag, blank + 1)),
        [b'<', b'/', b'k', b'e', b'y', b'>', ..] if spot.open == b'>' => {
            return property(rest).map(|length| (Link::Tag, blank + length));
        }
        [b':', ..] if block(&rest[1..]).is_some() => {
            let length = block(&rest[1..])?;
            return Some((Link::Assigned, blank + 1 + length));
        }
        [b'=', b'=', b'=', ..] | [b'!', b'=', b'=', ..] => (Link::Compared, 3),
        [b'=', b'=', ..] | [b'!', b'=', ..] => (Link::Compared, 2),
        [b'=', b'>', ..] | [b'-', b'>', ..] | [b':', b'=', ..] | [b'?', b'=', ..] => {
            (Link::Assigned, 2)
        }
        [b':', b':', ..] | [b'=', b'~', ..] => return None,
        [b':', ..] => (Link::Assigned, 1 + annotation(&rest[1..])),
        [b'=', ..] => (Link::Assigned, 1),
        [b'|', b'|', ..] | [b'?', b'?', ..] | [b'?', b':', ..] => (Link::Default, 2),
        [b'o', b'r', b' ', ..] if blank > at => (Link::Default, 3),
        [
            b'|',
            b' ',
            b'd',
            b'e',
            b'f',
            b'a',
            b'u',
            b'l',
            b't',
            b' ',
            ..,
        ] => (Link::Default, 10),
        [b',', ..] if closed && indexed => (Link::Compared, 1),
        [b',', ..] if closed && (spot.quote().is_some() || spot.open == b'\\') => {
            (Link::Argument, 1)
        }
        [b')', b',', ..] if closed => (Link::Compared, 2),
        [b'(', ..] if is_equals(text, name) => (Link::Compared, 1),
        [b'(', ..] if !closed => (Link::Argument, 1),
        [b'{', ..] | [b'[', ..] => (Link::Assigned, declared(rest)?),
        _ if blank > at => return beside(text, spot, blank),
        _ => return None,
    };
    Some((found.0, skip_blanks(text, blank + found.1)))
}

/// Where the value begins that stands in for a variable without one: `:-` and `:=` of shells, `:` of
/// Spring and its like. Cuts out a part (`:0:8`), asks (`:?`) or replaces (`:+`): no value.
fn fallback(text: &[u8], at: usize) -> Option<usize> {
    let at = match text.get(at..)? {
        [b':', b'-' | b'=', ..] => at + 2,
        [b':', first, ..] if first.is_ascii_alphanumeric() => at + 1,
        _ => return None,
    };
    Some(at + usize::from(matches!(text.get(at), Some(b'"' | b'\''))))
}

/// What follows a name with nothing but blanks between: a flag's value, a type and `=`, a literal.
fn beside(text: &[u8], spot: &Spot, at: usize) -> Option<(Link, usize)> {
    if spot.dashes > 0 {
        return Some((Link::Flag, at));
    }
    let before = &text[..spot.name.start];
    if before.ends_with(b"ENV ") || before.ends_with(b"ARG ") {
        return Some((Link::Flag, at));
    }
    let rest = &text[at..];
    if before.ends_with(b"#define ") && rest.first() == Some(&b'"') {
        return Some((Link::Assigned, at));
    }
    if rest.first().is_some_and(u8::is_ascii_alphabetic) {
        // `password string = "…"`, `password As String = "…"`.
        return Some((Link::Assigned, skip_blanks(text, at + declared(rest)?)));
    }
    // `password "…"`, at the beginning of a line or of a list.
    let blank = before
        .iter()
        .rposition(|byte| !matches!(byte, b' ' | b'\t' | b'\r'))
        .map_or(b'\n', |at| before[at]);
    (matches!(rest.first(), Some(b'"' | b'\'')) && matches!(blank, b'\n' | b'(' | b'{'))
        .then_some((Link::Beside, at))
}

/// How many lines further the assignment to the name that holds this keyword may go on, or how many
/// before it may begin: only with pairs and property lists any.
pub(in crate::scan) fn spans_lines(text: &[u8], keyword: &Range<usize>) -> usize {
    let Some(spot) = spot(text, keyword.clone()) else {
        return 0;
    };
    let rest = &text[spot.name.end..];
    let closing = |byte: &&u8| matches!(byte, b'"' | b'\'' | b'`' | b'\\' | b']');
    let closed = rest.iter().take_while(closing).count();
    if closed > 0 {
        let spans = may_name(text, spot.name.start.saturating_sub(1)) && goes_on(&rest[closed..]);
        return usize::from(spans);
    }
    match rest.strip_prefix(b"\r").unwrap_or(rest) {
        [] | [b'\n', ..] => usize::from(may_name(text, spot.name.start)),
        rest => match &rest[skip_blanks(rest, 0)..] {
            rest if rest.starts_with(b"</key>") => lines_of_property(rest),
            _ => 0,
        },
    }
}

/// Whether the name ends in a call that compares: `password.equals("…")`.
fn is_equals(text: &[u8], name: &Range<usize>) -> bool {
    let name = &text[name.clone()];
    name.ends_with(b".equals") || name.ends_with(b".eq")
}

/// The length of what stands between a name and the value it is declared with, the sign included:
/// `string = `, `As String = `, `[] = `, `{ get; set; } = `.
fn declared(rest: &[u8]) -> Option<usize> {
    let end = rest
        .iter()
        .take(40)
        .position(|byte| !byte.is_ascii_alphanumeric() && !b" \t&<>[]{};?|_.*".contains(byte))?;
    let words = rest[..end].split(|byte| matches!(byte, b' ' | b'\t'));
    (rest[end] == b'=' && rest.get(end + 1) != Some(&b'=') && words.count() <= 5).then_some(end + 1)
}

/// The length of a type between the colon and the equals sign, that sign included: `: &str =`.
fn annotation(rest: &[u8]) -> usize {
    let end = rest
        .iter()
        .take(60)
        .position(|byte| matches!(byte, b'"' | b'\'' | b'=' | b',' | b';' | b'\n'));
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn assignments_of_every_form_are_read() {
        for (line, form) in [
            ("password = \"v1\"", Form::Quoted),
            ("\"password\": \"v1\",", Form::Quoted),
            ("config['password'] = 'v1';", Form::Quoted),
            (":password => 'v1'", Form::Quoted),
            ("let password: &str = \"v1\";", Form::Quoted),
            ("let password: Option<&str> = Some(\"v1\");", Form::Quoted),
            ("password: string = 'v1'", Form::Quoted),
            ("password?: string = 'v1'", Form::Quoted),
            ("var password := \"v1\"", Form::Quoted),
            ("var password string = \"v1\"", Form::Quoted),
            ("Const password As String = \"v1\"", Form::Quoted),
            ("char password[] = \"v1\";", Form::Quoted),
            (
                "public string password { get; set; } = \"v1\";",
                Form::Quoted,
            ),
            ("password = Some(\"v1\"),", Form::Quoted),
            ("password = new SecureString(\"v1\"),", Form::Quoted),
            ("password := []byte(\"v1\")", Form::Quoted),
            ("password = SecretString::from(\"v1\")", Form::Quoted),
            ("'password': (None, 'v1'),", Form::Quoted),
            ("<password>v1</password>", Form::Quoted),
            ("<add key=\"password\" value=\"v1\"/>", Form::Quoted),
            ("<property name=\"password\">v1</property>", Form::Quoted),
            ("{\"name\": \"password\", \"value\": \"v1\"}", Form::Quoted),
            ("- name: \"password\"\n  value: \"v1\"\n", Form::Quoted),
            ("- name: db_password\n  value: v1\n", Form::Bare),
            (
                "{\\\\\\\"password\\\\\\\": \\\\\\\"v1\\\\\\\"}",
                Form::Quoted,
            ),
            ("x: ${PASSWORD:-v1}", Form::Quoted),
            ("x: \"${PASSWORD:='v1'}\"", Form::Quoted),
            ("x=${password:v1}", Form::Quoted),
            ("{{ env \"PASSWORD\" | default \"v1\" }}", Form::Quoted),
            ("#define PASSWORD \"v1\"", Form::Quoted),
            ("<key>Password</key>\n\t<string>v1</string>", Form::Quoted),
            ("password: |\n  v1\n", Form::Bare),
            ("  password: >-\n    v1\n  next: x", Form::Bare),
            (
                "variable \"password\" {\n  type = string\n  default = \"v1\"\n}",
                Form::Quoted,
            ),
            ("setPassword(\"v1\")", Form::Quoted),
            ("put(\"password\", \"v1\")", Form::Quoted),
            ("getenv(\"password\", \"v1\")", Form::Quoted),
            ("env.password || 'v1'", Form::Quoted),
            ("env.password ?? 'v1'", Form::Quoted),
            ("args.password or 'v1'", Form::Quoted),
            ("{\\\"password\\\": \\\"v1\\\"}", Form::Quoted),
            ("assertEqual(cfg['password'], 'v1')", Form::Quoted),
            ("password.equals(\"v1\")", Form::Quoted),
            ("if (password === 'v1') {", Form::Quoted),
            ("if password != \"v1\" {", Form::Quoted),
            ("    password \"v1\"", Form::Quoted),
            ("args(\"--password\", \"v1\")", Form::Quoted),
            ("tool --password v1 --x", Form::Bare),
            ("tool --password=v1", Form::Bare),
            ("ENV password v1", Form::Bare),
            ("export DB_password=v1", Form::Bare),
            ("password: v1", Form::Bare),
            ("{user: a, password: v1}", Form::Bare),
            ("x = \"user=a;password=v1;b=c\"", Form::Inside),
            ("curl -F 'password=v1' host", Form::Inside),
            ("curl -H 'x-password: v1' host", Form::Inside),
            ("GET /login?user=a&password=v1&b=c HTTP/1.1", Form::Bare),
        ] {
            let at = line.to_ascii_lowercase().find("password").unwrap();
            let found = assignment(line.as_bytes(), at..at + 8);
            let found = found.unwrap_or_else(|| panic!("{line}"));
            assert_eq!(&line[found.value], "v1", "{line}");
            assert_eq!(found.form, form, "{line}");
        }
        for line in [
            "the password is long",
            "the password 'v1' is long",
            "password::new(\"v1\")",
            "password;",
            "password =~ /x/",
            "password = \"v1\" + suffix",
            "password, \"v1\"",
        ] {
            let at = line.find("password").unwrap();
            assert_eq!(assignment(line.as_bytes(), at..at + 8), None, "{line}");
        }
    }
}
