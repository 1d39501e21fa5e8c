//! Rules of rule files find what their regexes find, however they are called.

#![allow(clippy::unwrap_used)]

use super::*;

/// Built-in rules out of the way.
fn alone(rule: &'static Rule) -> Selection {
    Selection {
        off: rules().iter().map(|rule| rule.id.to_owned()).collect(),
        own: Own {
            rules: vec![rule],
            ..Own::default()
        },
    }
}

/// Where a scanner sees secrets in the text as it stands.
fn spans(scanner: &Scanner, text: &[u8]) -> Vec<(usize, usize)> {
    let whole = Content {
        bytes: text,
        fresh: &Fresh::All,
    };
    let found = scanner.scan(b"", whole).matches;
    found
        .iter()
        .filter(|found| found.decoded.is_empty())
        .map(|found| (found.span.start, found.span.end))
        .collect()
}

/// A text of what the regexes below look for, whole and in pieces.
fn a_text_of_pieces(random: &mut Random) -> Vec<u8> {
    const PIECES: [&str; 14] = [
        "tok_", "KEY", "key", "=", ": ", "\n", "\r\n", "begin", "end", "x", "y", " ", "\"",
        "\u{e9}",
    ];
    let mut text = String::new();
    for _ in 0..random.below(40) {
        match random.below(3) {
            0 => {
                let length = 1 + random.below(24);
                text.push_str(&random.text("0123456789abcdef", length));
            }
            _ => text.push_str(PIECES[random.below(PIECES.len())]),
        }
    }
    text.into_bytes()
}

#[test]
fn a_foreign_rule_finds_what_its_regex_finds_in_the_whole_text() {
    let mut random = Random::new(31);
    let mut seen = 0;
    for regex in [
        "tok_[a-z0-9]+",
        "key[=: ]+\"?([a-z0-9]+)",
        "(?i)key(=)?([a-z0-9]*)",
        "(?s)begin.*?end",
        "[a-f0-9]{8,}",
        "^x.*y$",
        "(?m)^x.*y$",
        r"(?:x|y)\s+([a-f0-9]+)\b",
        "[^x]+",
    ] {
        for keywords in [&[][..], &["key"], &["ke", "begin"], &["\u{e9}"]] {
            let draft = foreign::Draft {
                id: "own".to_owned(),
                regex: Some(regex.to_owned()),
                keywords: keywords.iter().map(|word| (*word).to_owned()).collect(),
                ..foreign::Draft::default()
            };
            let scanner = Scanner::new(&alone(Rule::foreign(draft, "test")));
            let plain = regex::bytes::RegexBuilder::new(regex)
                .unicode(false)
                .build()
                .unwrap();
            for round in 0..150 {
                let text = a_text_of_pieces(&mut random);
                let lower = text.to_ascii_lowercase();
                let called = keywords.is_empty()
                    || keywords
                        .iter()
                        .any(|word| memchr::memmem::find(&lower, word.as_bytes()).is_some());
                let want: Vec<(usize, usize)> = plain
                    .captures_iter(&text)
                    .map(|captures| {
                        let mut groups = captures.iter().skip(1).flatten();
                        let group = groups.find(|group| !group.is_empty());
                        group.unwrap_or(captures.get(0).unwrap()).range()
                    })
                    .filter(|secret| called && !placeholder::is_placeholder(&text[secret.clone()]))
                    .map(|secret| (secret.start, secret.end))
                    .collect();
                seen += want.len();
                assert_eq!(spans(&scanner, &text), want, "{regex} {keywords:?} {round}");
            }
        }
    }
    assert!(seen > 1000, "{seen}");
}

#[test]
fn an_own_rule_finds_what_its_regex_finds_with_and_without_keywords() {
    let mut random = Random::new(32);
    let mut seen = 0;
    for (regex, keywords, lines) in [
        (r"\btok_[a-z0-9]{6,30}\b", "", 1),
        (r"\btok_(?P<secret>[a-z0-9]{6,30})\b", "tok_", 1),
        ("^[xy]{1,3}(?P<secret>[a-f0-9]{4,20})$", "", 1),
        ("(?s:begin(?P<secret>.{4,80}?)end)", "", 5),
        ("(?s:begin(?P<secret>.{4,80}?)end)", "begin", 5),
    ] {
        let text = format!(
            "id = \"own\"\nregex = '''{regex}'''\nlines = {lines}\nkeywords = [{}]",
            if keywords.is_empty() {
                String::new()
            } else {
                format!("{keywords:?}")
            }
        );
        let row: compile::Row = toml::from_str(&text).unwrap();
        let checked =
            compile::check(&row, compile::Table::Own, &|_| compile::Partner::Unknown).unwrap();
        let rule = Rule::own(row, checked, "test").unwrap();
        let scanner = Scanner::new(&alone(rule));
        let regex = by_the_crate(rule);
        for round in 0..400 {
            let text = a_text_of_pieces(&mut random);
            let want: Vec<(usize, usize)> = without_windows(rule, &regex, &text)
                .into_iter()
                .filter(|(_, secret)| !placeholder::is_placeholder(&text[secret.clone()]))
                .filter(|(all, _)| lines == 1 || window::lines_in(&text[all.clone()]) < lines)
                .map(|(_, secret)| (secret.start, secret.end))
                .collect();
            seen += want.len();
            assert_eq!(spans(&scanner, &text), want, "{regex:?} {round}");
        }
    }
    assert!(seen > 100, "{seen}");
}

#[test]
fn a_keyword_counts_on_a_line_with_its_anchor() {
    let text = "id = \"own\"\nregex = '(?s:begin(?P<secret>.{4,80}?)end)'\nlines = 3\n\
                keywords = [\"begin\"]\nanchor = '^ {0,4}begin'";
    let row: compile::Row = toml::from_str(text).unwrap();
    let checked =
        compile::check(&row, compile::Table::Own, &|_| compile::Partner::Unknown).unwrap();
    let scanner = Scanner::new(&alone(Rule::own(row, checked, "test").unwrap()));
    let secret = Random::new(34).text("0123456789abcdef", 12);
    for (before, found) in [
        ("", true),
        ("a = 1\n  ", true),
        ("we ", false),
        ("\nwe ", false),
    ] {
        let text = format!("{before}begin\n{secret}\nend\n");
        assert_eq!(
            spans(&scanner, text.as_bytes()).len(),
            usize::from(found),
            "{text:?}"
        );
    }
}

#[test]
fn an_own_rule_takes_the_place_of_a_built_in_one_and_changes_the_digest() {
    let draft = foreign::Draft {
        id: "github-personal-access-token".to_owned(),
        regex: Some("ghp_[a-z]{12}".to_owned()),
        keywords: vec!["ghp_".to_owned()],
        ..foreign::Draft::default()
    };
    let selection = Selection {
        own: Own {
            rules: vec![Rule::foreign(draft, "test")],
            texts: vec!["a".to_owned()],
            ..Own::default()
        },
        ..Selection::default()
    };
    assert_eq!(selection.table().len(), rules().len());
    assert!(
        selection
            .table()
            .windows(2)
            .all(|two| two[0].id < two[1].id)
    );
    let mut random = Random::new(33);
    let token = expand("ghp_%{lower:12}", None, &mut random).unwrap();
    let found = |selection| spans(&Scanner::new(selection), token.as_bytes());
    assert_eq!(found(&selection), [(0, 16)]);
    assert_eq!(found(&Selection::default()), []);
    let mut digests = vec![rules_digest().to_owned(), selection.digest()];
    assert_eq!(Selection::default().digest(), digests[0]);
    for (off, text) in [
        (&["x"][..], ""),
        (&["x", "y"], ""),
        (&["y", "x", "x"], ""),
        (&[], "b"),
    ] {
        let mut other = selection.clone();
        other.off = off.iter().map(|id| (*id).to_owned()).collect();
        other.own.texts.push(text.to_owned());
        digests.push(other.digest());
    }
    assert_eq!(digests[3], digests[4]);
    digests.sort();
    digests.dedup();
    assert_eq!(digests.len(), 5);
}

#[test]
fn a_rule_that_cannot_run_leaves_the_text_undecided() {
    let draft = foreign::Draft {
        id: "huge".to_owned(),
        regex: Some("(?:[a-z]{1,1000}[0-9]{1,1000}){1,1000}".to_owned()),
        ..foreign::Draft::default()
    };
    let selection = alone(Rule::foreign(draft, "test"));
    let whole = Content {
        bytes: b"x = 1",
        fresh: &Fresh::All,
    };
    let scan = Scanner::new(&selection).scan(b"", whole);
    assert!(scan.undecided.iter().any(|why| why.contains("huge")));
}

#[test]
fn a_line_of_many_keywords_is_asked_for_its_anchor_once() {
    // Else this would take an hour.
    let scanner = Scanner::new(&Selection::default());
    for word in ["login ", "username ", "token ", "auth ", "curl "] {
        let line = word.repeat((1 << 20) / word.len());
        let whole = Content {
            bytes: line.as_bytes(),
            fresh: &Fresh::All,
        };
        let scan = scanner.scan(b"", whole);
        assert!(
            scan.matches.is_empty() && scan.undecided.is_empty(),
            "{word}"
        );
    }
}
