//! Whoever looks only at what differs from a calm text misses nothing: by all examples of all rules,
//! as they are and encoded, put together by edits of every kind from texts that lack a part.

#![allow(clippy::unwrap_used)]

use super::template::{Random, expand};
use super::*;
use crate::change::{Around, Calm, Content, Fresh};
use base64::Engine as _;
use std::io::Write as _;
use std::ops::Range;

/// A text made from a base: where each byte was in it, if it was.
#[derive(Clone, Default)]
pub(super) struct Made {
    pub(super) text: Vec<u8>,
    from: Vec<Option<usize>>,
}

impl Made {
    pub(super) fn copy(&mut self, base: &[u8], range: Range<usize>) {
        self.text.extend_from_slice(&base[range.clone()]);
        self.from.extend(range.map(Some));
    }

    pub(super) fn insert(&mut self, bytes: &[u8]) {
        self.text.extend_from_slice(bytes);
        self.from.resize(self.text.len(), None);
    }

    /// By the definition of [`crate::change::Base`], byte for byte.
    pub(super) fn fresh(&self, base: &[u8]) -> Vec<Range<usize>> {
        let before = |text: &[u8], at: usize| at.checked_sub(1).map_or(b'\n', |at| text[at]);
        let behind = |text: &[u8], at: usize| text.get(at + 1).map_or(b'\n', |byte| *byte);
        let mut ranges: Vec<Range<usize>> = Vec::new();
        let mut add = |range: Range<usize>| match ranges.last_mut() {
            Some(last) if last.end >= range.start => last.end = last.end.max(range.end),
            _ => ranges.push(range),
        };
        let mut next = Some(0);
        for (at, from) in self.from.iter().enumerate() {
            let Some(from) = *from else {
                add(at..at + 1);
                next = None;
                continue;
            };
            if next.is_some_and(|next| next != from) {
                add(at..at);
            }
            let ends = self.text[at] == b'\n';
            if before(&self.text, at) != before(base, from)
                || (!ends && behind(&self.text, at) != behind(base, from))
            {
                add(at..at + 1);
            }
            next = Some(from + 1);
        }
        if next.is_some_and(|next| next != base.len()) {
            add(self.text.len()..self.text.len());
        }
        ranges
    }
}

pub(super) fn whole(scanner: &Scanner, text: &[u8]) -> Scan {
    let content = Content {
        bytes: text,
        fresh: &Fresh::All,
    };
    scanner.scan(b"", content)
}

/// Whether one asks for a look as far around as another.
fn reaches(one: Calm, other: Calm) -> bool {
    match (one, other) {
        (Calm::Unknown, _) => true,
        (Calm::Within(_), Calm::Unknown) => false,
        (Calm::Within(one), Calm::Within(other)) => {
            one.rules >= other.rules
                && one.names >= other.names
                && one.holds.is_some() == other.holds.is_some()
        }
    }
}

/// Lines around a secret: code, data, strings, comments.
pub(super) fn noise(random: &mut Random, lines: usize) -> String {
    (0..lines)
        .map(|_| {
            let width = random.below(30);
            let word = random.text("abcdefghijklmnop qrstuvwxyz", width);
            match random.below(9) {
                0 => String::from("\n"),
                1 => format!("    say(\"{word}\"\n"),
                2 => format!("        \"{word}\"\n"),
                3 => format!("{word} \\\n"),
                4 => format!("  - {word}: {}\n", random.below(1000)),
                5 => format!("# {word}\r\n"),
                6 => format!("{}\n", random.text("ABCDEFGHabcdefgh0123456789", 64)),
                7 => format!("sha256 {word}\n"),
                _ => format!("{word}\n"),
            }
        })
        .collect()
}

/// A text as it may be written: as it is, or in an encoding that goes over lines.
pub(super) fn written(random: &mut Random, secret: &str) -> Vec<u8> {
    let encode = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
    let wrap = |text: &str, width: usize, by: &str| {
        let lines: Vec<&[u8]> = text.as_bytes().chunks(width).collect();
        lines.join(by.as_bytes())
    };
    match random.below(13) {
        12 => {
            let numbers: Vec<String> = secret.bytes().map(|byte| format!("0x{byte:02x}")).collect();
            let lines: Vec<String> = numbers.chunks(12).map(|line| line.join(", ")).collect();
            format!("k = {{\n  {},\n}}", lines.join(",\n\n  ")).into_bytes()
        }
        0 => wrap(&encode(format!("x = 1\n{secret}\n").as_bytes()), 64, "\n"),
        1 => wrap(&encode(secret.as_bytes()), 76, "\r\n  "),
        2 => encode(secret.as_bytes()).into_bytes(),
        3 => {
            let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
            wrap(&hex, 40, "\n# ")
        }
        4 if !secret.contains('\n') => {
            let parts = wrap(secret, 10, "\" +\n      \"");
            [b"say(\"", parts.as_slice(), b"\")"].concat()
        }
        5 if !secret.contains('\n') => {
            let parts = wrap(secret, 12, "\"\n\n      '");
            [b"x = \"", parts.as_slice(), b"'"].concat()
        }
        6 => wrap(secret, 15, "\\\n"),
        7 => secret
            .bytes()
            .map(|byte| format!("%{byte:02X}"))
            .collect::<String>()
            .into_bytes(),
        8 => secret.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        _ => secret.as_bytes().to_vec(),
    }
}

/// A base that lacks a part of the text or has it elsewhere, and how the text is made from it.
pub(super) fn cut(random: &mut Random, text: &[u8], parts: &Range<usize>) -> (Vec<u8>, Made) {
    let mut pick = || parts.start + random.below(parts.len() + 1);
    let (one, other) = (pick(), pick());
    let (from, to) = (one.min(other), one.max(other));
    let mut made = Made::default();
    let mut base = text[..from].to_vec();
    match random.below(5) {
        // Something was missing.
        0 => {
            base.extend_from_slice(&text[to..]);
            made.copy(&base, 0..from);
            made.insert(&text[from..to]);
            made.copy(&base, from..base.len());
        }
        // Something stood between.
        1 => {
            let between = noise(random, 1 + random.clone().below(9));
            base.extend_from_slice(between.as_bytes());
            base.extend_from_slice(&text[from..]);
            made.copy(&base, 0..from);
            made.copy(&base, from + between.len()..base.len());
        }
        // It stood the other way round.
        2 => {
            base = [&text[to..], &text[..from], &text[from..to]].concat();
            let head = text.len() - to;
            made.copy(&base, head..head + from);
            made.copy(&base, head + from..base.len());
            made.copy(&base, 0..head);
        }
        // Some bytes were others.
        3 => {
            let others: Vec<u8> = text[from..to].iter().map(|byte| byte ^ 1).collect();
            base.extend(&others);
            base.extend_from_slice(&text[to..]);
            made.copy(&base, 0..from);
            made.insert(&text[from..to]);
            made.copy(&base, to..base.len());
        }
        // It was a part of something longer.
        _ => {
            let more = random.text("abcXYZ019_", 1 + random.clone().below(3));
            let (more, all) = (more.as_bytes(), parts.clone());
            base = [
                &text[..all.start],
                more,
                &text[all.clone()],
                more,
                &text[all.end..],
            ]
            .concat();
            made.copy(&base, 0..all.start);
            let start = all.start + more.len();
            made.copy(&base, start..start + all.len());
            made.copy(&base, start + all.len() + more.len()..base.len());
        }
    }
    assert!(made.text == text, "the edit makes another text");
    (base, made)
}

/// What was found and where.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Found<'a> {
    span: (usize, usize),
    whole: (usize, usize),
    rule: &'a str,
    secret: &'a Secret,
    confidence: Confidence,
}

pub(super) fn told(matches: &[Match]) -> Vec<Found<'_>> {
    let mut told = Vec::new();
    for one in matches {
        told.push(Found {
            span: (one.span.start, one.span.end),
            whole: (one.whole.start, one.whole.end),
            rule: one.rule.id,
            secret: &one.secret,
            confidence: one.confidence,
        });
    }
    told.sort();
    told
}

#[test]
fn a_look_at_what_differs_finds_what_a_scan_finds() {
    let scanner = Scanner::new(&Selection::default());
    let mut random = Random::new(42);
    let (mut tried, mut found, mut alike) = (0, 0, 0);
    let mut others = rules().iter().cycle();
    for rule in rules() {
        for (number, template) in rule.examples.iter().enumerate() {
            for round in 0..6 {
                let secret = expand(template, rule.proof, &mut random.clone()).unwrap();
                random.draw();
                let mut head = noise(&mut random, 12);
                if round % 2 == 1 {
                    // The base holds something already, which may stand near.
                    let other = others
                        .find(|rule| rule.lines < 6 && rule.near.is_none())
                        .unwrap();
                    head += &expand(other.examples[0], other.proof, &mut random).unwrap();
                    head += "\n";
                    head += &noise(&mut random, round - 1);
                }
                let body = written(&mut random, &secret);
                let lines = 12 * usize::from(round > 0);
                let tail = noise(&mut random, lines);
                let text = [head.as_bytes(), &body, b"\n", tail.as_bytes()].concat();
                let place = head.len()..head.len() + body.len();
                let (base, made) = cut(&mut random, &text, &place);
                let Calm::Within(around) = whole(&scanner, &base).calm else {
                    continue;
                };
                tried += 1;
                let scan = whole(&scanner, &text);
                found += usize::from(!scan.matches.is_empty());
                let fresh = made.fresh(&base);
                let beyond =
                    scanner.beyond(b"", &made.text, &fresh, around, Patience::ENDLESS, &mut 0);
                let Some(beyond) = beyond else { continue };
                assert!(
                    told(&beyond.matches) == told(&scan.matches) && scan.undecided.is_empty(),
                    "{} example {number} round {round}: {:?} is not {:?}",
                    rule.id,
                    told(&beyond.matches),
                    told(&scan.matches)
                );
                alike += usize::from(!scan.matches.is_empty());
                // What is built on it in turn is looked at as closely.
                assert!(
                    reaches(beyond.calm, scan.calm),
                    "{} example {number} round {round}: {:?}, {:?}",
                    rule.id,
                    beyond.calm,
                    scan.calm
                );
            }
        }
    }
    assert!(
        tried > 1000 && found > 300 && alike > 200,
        "{tried} tried, {found} found, {alike} without looking at all of it"
    );
}

/// The base holds nothing, and the text that keeps all of it but `cut`, with `put` in its place, does.
#[track_caller]
fn holds_then(base: &str, cut: Range<usize>, put: &str) {
    let scanner = Scanner::new(&Selection::default());
    let mut made = Made::default();
    made.copy(base.as_bytes(), 0..cut.start);
    made.insert(put.as_bytes());
    made.copy(base.as_bytes(), cut.end..base.len());
    let calm = whole(&scanner, base.as_bytes()).calm;
    let scan = whole(&scanner, &made.text);
    assert!(!scan.matches.is_empty(), "nothing is found");
    let fresh = made.fresh(base.as_bytes());
    let Calm::Within(around) = calm else { return };
    assert_eq!(around.holds, None);
    let beyond = scanner.beyond(b"", &made.text, &fresh, around, Patience::ENDLESS, &mut 0);
    assert!(beyond.is_none_or(|beyond| told(&beyond.matches) == told(&scan.matches)));
}

#[test]
fn what_lines_nearby_say_is_read() {
    let scanner = Scanner::new(&Selection::default());
    let mut random = Random::new(5);
    let key = random.text("0123456789abcdef", 40);
    let base = format!("a = 1\n# sha256 of it:\napi_secret = \"{key}\"\nb = 2\n");
    // Whoever takes the comment out brings a secret in, on a line that stays as it is.
    assert!(whole(&scanner, base.as_bytes()).matches.is_empty());
    assert_eq!(whole(&scanner, base.as_bytes()).calm, Calm::Unknown);
    assert!(!whole(&scanner, &base.as_bytes()[22..]).matches.is_empty());
    let password = random.text("ABCDEFGHabcdefgh23456789", 16);
    let base = "a\n\nmachine h.example.org\n  login deploy\n\nb\n";
    holds_then(base, 40..40, &format!("  password {password}\n"));
    let base = format!("a\n\nmachine h\n  login deploy\n  password {password}\nb\n")
        .replace("machine", "machinery");
    holds_then(&base, 10..12, "");
    let base = "a: 1\n\"db_password\": |\n  ${PASSWORD}\nb: 2\n";
    let value = base.find("${").unwrap()..base.find("\nb").unwrap();
    holds_then(base, value, &password);
    let base = format!("<key>Password</key>\n\n\n<!-- c -->\n<string>{password}</string>\n");
    holds_then(&base, 22..33, "");
}

#[test]
fn an_archive_is_never_calm() {
    let scanner = Scanner::new(&Selection::default());
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(b"nothing in it\n").unwrap();
    let packed = packed.finish().unwrap();
    for text in [
        &packed,
        &b"a\0b"[..],
        b"\xff\xfea\x01",
        b"PK\x03\x04 and more",
    ] {
        assert_eq!(whole(&scanner, text).calm, Calm::Unknown);
        let all = 0..text.len();
        let beyond = scanner.beyond(
            b"",
            text,
            &[all],
            Around::default(),
            Patience::ENDLESS,
            &mut 0,
        );
        assert!(beyond.is_none(), "{text:?}");
    }
    assert_eq!(
        whole(&scanner, b"a = 1\n").calm,
        Calm::Within(Around::default())
    );
}

#[test]
fn no_keyword_stands_over_a_line_end() {
    for rule in rules() {
        assert!(rule.keywords.iter().all(|word| !word.contains('\n')));
    }
}
