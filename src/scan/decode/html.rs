//! Character references of HTML and XML: numeric ones and the names of ASCII punctuation.

use super::Input;
use super::rewrite::{self, Reason, Unit, number};
use super::sink::Sink;

/// Names of the HTML standard §13.5 for ASCII characters that tokens, passwords and URLs have.
const NAMES: [(&[u8], u8); 34] = [
    (b"amp", b'&'),
    (b"apos", b'\''),
    (b"ast", b'*'),
    (b"bsol", b'\\'),
    (b"colon", b':'),
    (b"comma", b','),
    (b"commat", b'@'),
    (b"dollar", b'$'),
    (b"equals", b'='),
    (b"excl", b'!'),
    (b"grave", b'`'),
    (b"gt", b'>'),
    (b"Hat", b'^'),
    (b"lbrace", b'{'),
    (b"lbrack", b'['),
    (b"lcub", b'{'),
    (b"lowbar", b'_'),
    (b"lpar", b'('),
    (b"lsqb", b'['),
    (b"lt", b'<'),
    (b"midast", b'*'),
    (b"num", b'#'),
    (b"percnt", b'%'),
    (b"period", b'.'),
    (b"plus", b'+'),
    (b"quest", b'?'),
    (b"quot", b'"'),
    (b"rcub", b'}'),
    (b"rpar", b')'),
    (b"rsqb", b']'),
    (b"semi", b';'),
    (b"sol", b'/'),
    (b"UnderBar", b'_'),
    (b"vert", b'|'),
];

/// Finds tokens with references in them.
pub(super) fn find(input: Input<'_>, sink: &mut Sink<'_>) {
    rewrite::find(input.text, b'&', unit, sink);
}

fn unit(text: &[u8]) -> Option<Unit> {
    let end = text.iter().take(12).position(|byte| *byte == b';')?;
    let name = text.get(1..end)?;
    let length = end + 1;
    if let Some(digits) = name.strip_prefix(b"#") {
        let code = match digits
            .strip_prefix(b"x")
            .or_else(|| digits.strip_prefix(b"X"))
        {
            Some(digits) => number(digits, 16)?,
            None => number(digits, 10)?,
        };
        return Some(Unit::character(code, length));
    }
    let (_, byte) = NAMES.iter().find(|(known, _)| *known == name)?;
    let unit = Unit::byte(*byte, length);
    // XML cannot be written without these five, and no token has them.
    Some(match name {
        b"amp" | b"apos" | b"gt" | b"lt" | b"quot" => unit.because(Reason::Never),
        _ => unit,
    })
}
