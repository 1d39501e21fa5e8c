//! What holds for the whole engine: every rule keeps its promises, and windows change nothing.

#![allow(clippy::unwrap_used, clippy::single_range_in_vec_init)]

mod own;

use super::template::{Random, expand};
use super::*;
use crate::change::{Content, Fresh};
use std::ops::Range;

fn scan(text: &[u8]) -> Vec<Match> {
    let scanner = Scanner::new(&Selection::default());
    scanner
        .scan(
            b"",
            Content {
                bytes: text,
                fresh: &Fresh::All,
            },
        )
        .matches
}

/// A generator that depends on the rule and the number of the example.
fn seeded(id: &str, number: usize) -> Random {
    Random::new(u64::from(crc32fast::hash(id.as_bytes())) + number as u64)
}

#[test]
fn every_example_is_found_by_its_rule_alone() {
    let mut wrong = Vec::new();
    for rule in rules() {
        for (number, template) in rule.examples.iter().enumerate() {
            let text = match expand(template, rule.proof, &mut seeded(rule.id, number)) {
                Ok(text) => text,
                Err(message) => {
                    wrong.push(format!("{} example {number}: {message}", rule.id));
                    continue;
                }
            };
            let found = scan(text.as_bytes());
            let ids: Vec<&str> = found.iter().map(|found| found.rule.id).collect();
            let mut others = ids.clone();
            others.retain(|id| *id != rule.id && Some(*id) != rule.near.map(|near| near.rule));
            if !ids.contains(&rule.id)
                || others.iter().any(|id| super::rule(id).unwrap().is_named())
            {
                wrong.push(format!("{} example {number}: found {ids:?}", rule.id));
            }
            for found in found.iter().filter(|found| found.rule.id == rule.id) {
                if rule.proof.is_some() && found.valid == Validity::No {
                    wrong.push(format!("{} example {number}: proof says no", rule.id));
                }
                let whole = text.as_bytes()[found.whole.clone()].to_ascii_lowercase();
                let keyword = rule
                    .keywords
                    .iter()
                    .any(|word| memchr::memmem::find(&whole, word.as_bytes()).is_some());
                if !rule.keywords.is_empty() && !keyword && found.decoded.is_empty() {
                    wrong.push(format!("{} example {number}: no keyword in it", rule.id));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_counterexample_is_found() {
    let mut wrong = Vec::new();
    for rule in rules() {
        for (number, template) in rule.counterexamples.iter().enumerate() {
            let text = expand(template, rule.proof, &mut seeded(rule.id, number)).unwrap();
            for found in scan(text.as_bytes()) {
                if found.rule.is_named() || found.rule.id == rule.id {
                    wrong.push(format!(
                        "{} counterexample {number}: {}",
                        rule.id, found.rule.id
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_regex_compiles() {
    for rule in rules() {
        for length in [0, usize::MAX] {
            let compiled = rule.regex(length).is_some();
            assert_eq!(rule.regex.is_some(), compiled, "{}", rule.id);
        }
    }
}

/// The regex of a rule by the crate `regex`, whose search the engine's own must equal.
fn by_the_crate(rule: &Rule) -> regex::bytes::Regex {
    regex::bytes::RegexBuilder::new(rule.regex.unwrap())
        .unicode(false)
        .multi_line(true)
        .build()
        .unwrap()
}

/// What a rule finds when its regex runs over the whole text, or over each line of it.
fn without_windows(
    rule: &'static Rule,
    regex: &regex::bytes::Regex,
    text: &[u8],
) -> Vec<(Range<usize>, Range<usize>)> {
    let mut found = Vec::new();
    let mut areas = Vec::new();
    if rule.lines > 1 {
        areas.push(0..text.len());
    } else {
        let mut start = 0;
        for line in text.split(|byte| *byte == b'\n') {
            let cut = usize::from(line.ends_with(b"\r"));
            areas.push(start..start + line.len() - cut);
            start += line.len() + 1;
        }
    }
    for area in areas {
        let mut at = area.start;
        while at <= area.end {
            let Some(captures) = regex.captures_at(&text[..area.end], at) else {
                break;
            };
            let whole = captures.get(0).unwrap();
            let secret = captures.name("secret").unwrap_or(whole);
            at = secret.end().max(at + 1);
            found.push((whole.range(), secret.range()));
        }
    }
    found
}

/// Words to make texts of: what rules look for, whole and broken, and what stands between.
fn a_text(random: &mut Random) -> Vec<u8> {
    let mut text = String::new();
    let all: Vec<&Rule> = rules().iter().collect();
    for _ in 0..random.below(12) {
        let rule = all[random.below(all.len())];
        match random.below(8) {
            0..3 => {
                let example = rule.examples[random.below(rule.examples.len())];
                text.push_str(&expand(example, rule.proof, random).unwrap());
            }
            3 => {
                let example = rule.examples[random.below(rule.examples.len())];
                let example = expand(example, rule.proof, random).unwrap();
                let cut = random.below(example.len());
                text.extend(example.chars().take(cut));
            }
            4 if !rule.keywords.is_empty() => {
                text.push_str(rule.keywords[random.below(rule.keywords.len())]);
            }
            _ => {
                let length = random.below(60);
                text.push_str(&random.text("abcXYZ019-_=:/.\"' ", length));
            }
        }
        text.push_str(["", " ", "\n", "\r\n", "\"", ";", "/"][random.below(7)]);
    }
    text.into_bytes()
}

/// How often a test of random texts tries, and from where: more often and elsewhere when the
/// environment asks, as a fuzzer would.
fn effort(rounds: usize, seed: u64) -> (usize, Random) {
    let asked = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
    let times = asked("PORTCULLIS_TEST_TIMES").unwrap_or(1);
    let shift = asked("PORTCULLIS_TEST_SEED").unwrap_or(0);
    (
        rounds * usize::try_from(times).unwrap_or(1),
        Random::new(seed + (shift << 32)),
    )
}

#[test]
fn windows_find_what_whole_texts_hold() {
    let (rounds, mut random) = effort(60, 7);
    let scanner = Scanner::new(&Selection::default());
    let regexes: Vec<_> = (0_usize..)
        .zip(rules())
        .filter(|(_, rule)| rule.near.is_none())
        .filter_map(|(index, rule)| {
            rule.regex?;
            let regex = by_the_crate(rule);
            Some((index, rule, regex))
        })
        .collect();
    for round in 0..rounds {
        let text = a_text(&mut random);
        let raw = scanner.raw(&text);
        for (index, rule, regex) in &regexes {
            let lower = text.to_ascii_lowercase();
            let keyed = |(whole, _): &(Range<usize>, Range<usize>)| {
                // A keyword may stand beside the secret; so ask for it on the lines of the match.
                let (start, end) = (whole.start, whole.end);
                let from = memchr::memrchr(b'\n', &lower[..start]).map_or(0, |at| at + 1);
                let to = memchr::memchr(b'\n', &lower[end..]).map_or(lower.len(), |at| end + at);
                rule.keywords
                    .iter()
                    .any(|word| memchr::memmem::find(&lower[from..to], word.as_bytes()).is_some())
            };
            let mut want = without_windows(rule, regex, &text);
            want.retain(keyed);
            let want: Vec<Range<usize>> = want.into_iter().map(|(_, secret)| secret).collect();
            let have: Vec<Range<usize>> = raw
                .iter()
                .filter(|(owner, ..)| usize::from(*owner) == *index)
                .map(|(_, start, end)| *start..*end)
                .collect();
            assert_eq!(have, want, "round {round}, {}", rule.id);
        }
    }
}

#[test]
fn only_what_touches_the_fresh_is_reported() {
    let mut random = Random::new(11);
    let rule = super::rule("github-personal-access-token").unwrap();
    let mut token = || expand("ghp_%{base62:30}%{proof}", rule.proof, &mut random).unwrap();
    let (first, second) = (token(), token());
    let text = format!("a = {first}\nb = {second}\n");
    let at = text.find(&second).unwrap();
    for (fresh, count) in [
        (Fresh::All, 2),
        (Fresh::Ranges(vec![]), 0),
        (Fresh::Ranges(vec![0..5]), 1),
        (Fresh::Ranges(vec![at + 3..at + 3]), 1),
        (Fresh::Ranges(vec![0..text.len()]), 2),
        (Fresh::Ranges(vec![0..2]), 0),
    ] {
        let content = Content {
            bytes: text.as_bytes(),
            fresh: &fresh,
        };
        let found = Scanner::new(&Selection::default()).scan(b"", content);
        assert_eq!(found.matches.len(), count, "{fresh:?}");
    }
}

#[test]
fn a_pair_is_new_when_either_half_is() {
    let mut random = Random::new(12);
    let pair = rules().iter().find(|rule| rule.near.is_some()).unwrap();
    let text = expand(pair.examples[0], pair.proof, &mut random).unwrap();
    let all = scan(text.as_bytes());
    let found = all.iter().find(|found| found.rule.id == pair.id).unwrap();
    let partner = found.whole.start..found.whole.start + 1;
    let fresh = Fresh::Ranges(vec![partner]);
    let content = Content {
        bytes: text.as_bytes(),
        fresh: &fresh,
    };
    let again = Scanner::new(&Selection::default()).scan(b"", content);
    assert!(again.matches.iter().any(|found| found.rule.id == pair.id));
}

#[test]
fn a_rule_that_is_off_finds_nothing_but_still_serves_its_neighbour() {
    let mut random = Random::new(13);
    let pair = rules().iter().find(|rule| rule.near.is_some()).unwrap();
    let partner = pair.near.unwrap().rule;
    let text = expand(pair.examples[0], pair.proof, &mut random).unwrap();
    let off = |id: &str| {
        let selection = Selection {
            off: vec![id.to_owned()],
            ..Selection::default()
        };
        let content = Content {
            bytes: text.as_bytes(),
            fresh: &Fresh::All,
        };
        let found = Scanner::new(&selection).scan(b"", content).matches;
        found.iter().map(|found| found.rule.id).collect::<Vec<_>>()
    };
    assert!(off(partner).contains(&pair.id) && !off(partner).contains(&partner));
    assert!(!off(pair.id).contains(&pair.id));
}

#[test]
fn what_a_rule_that_is_off_matches_is_not_guessed_at() {
    let mut random = Random::new(19);
    let rule = super::rule("github-personal-access-token").unwrap();
    let text = expand(
        "api_token = \"ghp_%{base62:30}%{proof}\"",
        rule.proof,
        &mut random,
    );
    let text = text.unwrap();
    let selection = Selection {
        off: vec![rule.id.to_owned()],
        ..Selection::default()
    };
    let content = Content {
        bytes: text.as_bytes(),
        fresh: &Fresh::All,
    };
    assert_eq!(scan(text.as_bytes()).len(), 1);
    let found = Scanner::new(&selection).scan(b"a.py", content).matches;
    assert!(found.is_empty(), "{found:?}");
    let other = text.replace("ghp_", "zz9_");
    let content = Content {
        bytes: other.as_bytes(),
        fresh: &Fresh::All,
    };
    let found = Scanner::new(&selection).scan(b"a.py", content).matches;
    assert_eq!(found.len(), 1);
    assert!(!found[0].signals.is_empty());
}

#[test]
fn wide_texts_hide_nothing() {
    let mut random = Random::new(14);
    let rule = super::rule("github-personal-access-token").unwrap();
    let token = expand("ghp_%{base62:30}%{proof}", rule.proof, &mut random).unwrap();
    let text = format!("größe = 1\r\ntoken = \"{token}\"\r\n");
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let four: Vec<u8> = text
        .chars()
        .flat_map(|c| u32::from(c).to_le_bytes())
        .collect();
    let code: Vec<u8> = (0..4000).map(|_| random.draw() as u8 | 0x80).collect();
    for (name, bytes, width, start) in [
        ("le", little.clone(), 2, 0),
        ("be", big.clone(), 2, 0),
        ("le mark", [b"\xFF\xFE".as_slice(), &little].concat(), 2, 2),
        ("be mark", [b"\xFE\xFF".as_slice(), &big].concat(), 2, 2),
        ("32", four, 4, 0),
        (
            "le in binary",
            [&code, [0].as_slice(), &little, &code].concat(),
            2,
            4001,
        ),
        (
            "be in binary",
            [&code, [0].as_slice(), &big, &code].concat(),
            2,
            4001,
        ),
    ] {
        let found = scan(&bytes);
        let found: Vec<&Match> = found.iter().filter(|found| found.rule.is_named()).collect();
        assert_eq!(found.len(), 1, "{name}");
        assert_eq!(found[0].secret.expose(), token.as_bytes(), "{name}");
        let at = text.chars().take_while(|c| *c != '"').count() + 1;
        assert_eq!(
            found[0].span,
            start + at * width..start + (at + 40) * width,
            "{name}"
        );
        assert_eq!(found[0].decoded.len(), 1, "{name}");
    }
    let nul = [b"\0\0".as_slice(), token.as_bytes(), b"\0\0"].concat();
    assert_eq!(scan(&nul).len(), 1);
}

#[test]
fn what_is_encoded_is_seen_where_it_stands() {
    let mut random = Random::new(15);
    let rule = super::rule("github-personal-access-token").unwrap();
    let text = expand(
        "x: %{b64:token ghp_%{base62:30}%{proof} end}\n",
        rule.proof,
        &mut random,
    );
    let text = text.unwrap();
    let found = scan(text.as_bytes());
    let found: Vec<&Match> = found
        .iter()
        .filter(|found| found.rule.id == rule.id)
        .collect();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].decoded, ["base64"]);
    assert_eq!(found[0].span, 3..text.len() - 1);
    assert_eq!(found[0].valid, Validity::Yes);
}

#[test]
fn a_token_with_a_wrong_checksum_is_low() {
    let mut random = Random::new(16);
    let text = expand("ghp_%{base62:36}", None, &mut random).unwrap();
    let found = scan(text.as_bytes());
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].confidence, found[0].valid),
        (Confidence::Low, Validity::No)
    );
}

#[test]
fn no_secret_shows_in_debug() {
    let mut random = Random::new(17);
    let rule = super::rule("github-personal-access-token").unwrap();
    let token = expand("ghp_%{base62:30}%{proof}", rule.proof, &mut random).unwrap();
    let shown = format!("{:?}", scan(token.as_bytes()));
    assert!(shown.contains("github-personal-access-token"));
    assert!(!shown.contains(&token[4..]));
}

/// Texts of rules, cut, joined, flipped and encoded once more: whatever comes of it, no part of the
/// engine panics, and every place it names lies in the text.
#[test]
fn no_text_makes_the_scanner_panic() {
    use base64::Engine as _;
    let (rounds, mut random) = effort(120, 23);
    let scanner = Scanner::new(&Selection::default());
    let odd: [&[u8]; 18] = [
        b"{0x67, 0x68, ",
        b"${TOKEN:-",
        b"variable \"password\" {\n default = ",
        b"ssh-rsa AAAA",
        b"-----BEGIN CERTIFICATE-----\n",
        b"<key>password</key>",
        b"\0",
        b"\xFF\xFE",
        b"\x1F\x8B\x08\0",
        b"PK\x03\x04",
        b"\\u00",
        b"&#x",
        b"%4",
        b"\"+\"",
        b"\\\n",
        b"-----BEGIN ",
        b"\xC3",
        b"eyJhbGciOi.eyJ.",
    ];
    for round in 0..rounds {
        let mut text = a_text(&mut random);
        for _ in 0..random.below(8) {
            let at = random.below(text.len() + 1);
            match random.below(5) {
                0 => text.truncate(at),
                1 => {
                    text.splice(at..at, odd[random.below(odd.len())].iter().copied());
                }
                2 if at < text.len() => text[at] ^= 1 << random.below(8),
                3 => text = text.split_off(at),
                _ => {
                    let coded = base64::engine::general_purpose::STANDARD.encode(&text[at..]);
                    text.truncate(at);
                    text.extend(coded.bytes());
                }
            }
        }
        let from = random.below(text.len() + 1);
        let to = from + random.below(text.len() - from + 1);
        for fresh in [Fresh::All, Fresh::Ranges(vec![from..to])] {
            let content = Content {
                bytes: &text,
                fresh: &fresh,
            };
            for found in scanner.scan(b"a/b.yml", content).matches {
                assert!(found.span.start <= found.span.end, "round {round}");
                assert!(found.whole.end <= text.len(), "round {round}");
                assert!(fresh.touches(&found.whole), "round {round}");
            }
        }
    }
}

#[test]
fn a_line_of_three_megabytes_is_no_trap() {
    let mut random = Random::new(18);
    let rule = super::rule("github-personal-access-token").unwrap();
    let token = expand("ghp_%{base62:30}%{proof}", rule.proof, &mut random).unwrap();
    let mut text = "ghp_ secret=token;".repeat(3_000_000 / 18);
    text.push_str(&token);
    let found = scan(text.as_bytes());
    assert!(found.iter().any(|found| found.valid == Validity::Yes));
}
