//! What holds nothing anywhere holds nothing at any path: by all examples of all rules and by whatever
//! stands behind a name, at paths of every kind.

#![allow(clippy::unwrap_used)]

use super::anywhere::ANYWHERE;
use super::calm_tests::{cut, noise, written};
use super::template::{Random, expand};
use super::*;
use crate::change::{Calm, Content, Fresh};

fn at(scanner: &Scanner, path: &[u8], text: &[u8]) -> Scan {
    let content = Content {
        bytes: text,
        fresh: &Fresh::All,
    };
    scanner.scan(path, content)
}

/// A path as people give them, and as nobody does.
fn path(random: &mut Random) -> Vec<u8> {
    const FOLDERS: [&str; 9] = [
        "", "src/", "tests/", "config/", "docs/a/", "word/", "xl/", ".env/", "e2e-x/",
    ];
    const STEMS: [&str; 12] = [
        "a",
        "main",
        ".env",
        "env.local",
        "settings",
        "UserTest",
        "sample",
        "id_rsa",
        "content",
        "app.env",
        "shadow",
        "spec",
    ];
    const ENDINGS: [&str; 32] = [
        "",
        ".c",
        ".py",
        ".json",
        ".YML",
        ".toml",
        ".env",
        ".md",
        ".txt",
        ".sql",
        ".ldif",
        ".tf",
        ".csv",
        ".gz",
        ".xml",
        ".xml.gz",
        ".env.gz",
        ".json.example",
        ".conf.bak",
        ".py.orig",
        ".netrc",
        ".properties",
        ".ipynb",
        ".html",
        ".sh",
        ".tar",
        ".tgz",
        ".lock",
        ".ks",
        ".htpasswd",
        ".inc",
        ".\u{e9}",
    ];
    let pick = |of: &[&'static str], random: &mut Random| of[random.below(of.len())];
    let parts = [
        pick(&FOLDERS, random),
        pick(&STEMS, random),
        pick(&ENDINGS, random),
    ];
    match random.below(20) {
        0 => Vec::new(),
        1 => (0..9).map(|_| 1 + random.below(255) as u8).collect(),
        _ => parts.concat().into_bytes(),
    }
}

/// A name and what is given to it, good or bad, in one of the ways in which that is written.
fn assignment(random: &mut Random) -> String {
    const NAMES: [&str; 16] = [
        "password",
        "DB_PASSWORD",
        "api_key",
        "secret",
        "token",
        "auth",
        "test_password",
        "passwd",
        "client-secret",
        "accessToken",
        "PIN",
        "credentials",
        "private_key",
        "sha256_token",
        "password_field",
        "x",
    ];
    const FORMS: [&str; 14] = [
        "N=V",
        "N = V",
        "N: V",
        "\"N\": \"V\"",
        "N = \"V\"",
        "export N='V'",
        "--N=V",
        "--N V",
        "x?N=V&y",
        "if N == \"V\":",
        "<N>V</N>",
        "f(N=\"V\")",
        "N := `V`",
        "\"N=V;host=h\"",
    ];
    const LETTERS: [&str; 6] = [
        "abcdefghijklmnopqrstuvwxyz",
        "0123456789abcdef",
        "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789",
        "aA0!$_-.abcdefXYZ",
        "01",
        "abc-de_f.g/h",
    ];
    let (name, form) = (
        NAMES[random.below(NAMES.len())],
        FORMS[random.below(FORMS.len())],
    );
    let letters = LETTERS[random.below(LETTERS.len())];
    let length = 3 + random.below(40);
    let value = match random.below(8) {
        0 => "hunter2".to_owned(),
        1 => "changeme".to_owned(),
        2 => "Correct-Horse9".to_owned(),
        _ => random.text(letters, length),
    };
    form.replace('N', name).replace('V', &value)
}

/// Holds a text against paths, and gives back at how many of them something was found.
fn held_against_paths(scanner: &Scanner, text: &[u8], nothing: bool, random: &mut Random) -> usize {
    let mut found = 0;
    for _ in 0..6 {
        let path = path(random);
        let scan = at(scanner, &path, text);
        let holds =
            !scan.matches.is_empty() || !scan.undecided.is_empty() || !scan.publics.is_empty();
        found += usize::from(holds);
        assert!(
            !(nothing && holds) || is_apart(&path),
            "{}: {:?}, {}",
            String::from_utf8_lossy(&path),
            scan.matches
                .iter()
                .map(|one| (one.rule.id, &one.signals))
                .collect::<Vec<_>>(),
            String::from_utf8_lossy(text)
        );
    }
    found
}

#[test]
fn what_holds_nothing_anywhere_holds_nothing_at_any_path() {
    let scanner = Scanner::new(&Selection::default());
    let mut random = Random::new(77);
    let (mut nothing, mut found) = (0, 0);
    let rules = rules().iter().flat_map(|rule| {
        let examples = rule.examples.iter().chain(rule.counterexamples);
        examples.map(move |template| (rule, template))
    });
    let mut bodies: Vec<Vec<u8>> = Vec::new();
    for (rule, template) in rules {
        let example = expand(template, rule.proof, &mut random.clone()).unwrap();
        random.draw();
        bodies.push(written(&mut random, &example));
    }
    for _ in 0..3000 {
        let line = assignment(&mut random);
        bodies.push(match random.below(4) {
            0 => written(&mut random, &line),
            _ => line.into_bytes(),
        });
    }
    for body in bodies {
        let (head, tail) = (noise(&mut random, 4), noise(&mut random, 4));
        let text = [head.as_bytes(), &body, b"\n", tail.as_bytes()].concat();
        let alone = scanner.anywhere(&text, None, Patience::ENDLESS);
        nothing += usize::from(alone.nothing);
        found += held_against_paths(&scanner, &text, alone.nothing, &mut random);
        // The same, built on something else.
        let place = head.len()..head.len() + body.len();
        let (base, made) = cut(&mut random, &text, &place);
        if let Calm::Within(around) = scanner.anywhere(&base, None, Patience::ENDLESS).calm {
            let fresh = made.fresh(&base);
            let built = scanner.anywhere(&text, Some((&fresh, around)), Patience::ENDLESS);
            assert!(!built.nothing || alone.nothing, "{text:?}");
            held_against_paths(&scanner, &text, built.nothing, &mut random);
        }
    }
    assert!(
        nothing > 1000 && found > 3000,
        "{nothing} nothing, {found} found"
    );
}

#[test]
fn a_path_that_makes_a_secret_of_it_counts() {
    let scanner = Scanner::new(&Selection::default());
    let mut random = Random::new(3);
    let mut by_path = 0;
    for _ in 0..4000 {
        let text = assignment(&mut random).into_bytes();
        let somewhere = [&b"a.c"[..], b"a", b".env", b"a.json"]
            .iter()
            .any(|path| !at(&scanner, path, &text).matches.is_empty());
        let plain = !at(&scanner, b"", &text).matches.is_empty();
        by_path += usize::from(somewhere && !plain);
        if somewhere {
            assert!(
                !scanner.anywhere(&text, None, Patience::ENDLESS).nothing,
                "{text:?}"
            );
            assert!(!at(&scanner, ANYWHERE, &text).matches.is_empty());
        }
    }
    assert!(by_path > 10, "{by_path}");
}

#[test]
fn what_is_no_plain_text_or_has_a_public_key_is_looked_at_again() {
    let scanner = Scanner::new(&Selection::default());
    let keys = [
        b"PK\x03\x04 and more".to_vec(),
        b"a\0b".to_vec(),
        b"\xff\xfea\x01".to_vec(),
        b"-----BEGIN PUBLIC KEY-----\nx\n".to_vec(),
        b"ssh-ed25519 AAAA\n".to_vec(),
    ];
    for text in &keys {
        assert_eq!(
            scanner.anywhere(text, None, Patience::ENDLESS),
            Anywhere {
                scanned: text.len() as u64,
                ..Anywhere::default()
            }
        );
        let around = crate::change::Around::default();
        let all = 0..text.len();
        let built = scanner.anywhere(text, Some((&[all], around)), Patience::ENDLESS);
        assert!(!built.nothing && built.calm == Calm::Unknown, "{text:?}");
    }
    assert!(
        scanner
            .anywhere(b"a = 1\n", None, Patience::ENDLESS)
            .nothing
    );
}

#[test]
fn rules_of_other_scanners_ask_for_paths_in_ways_of_their_own() {
    let draft = foreign::Draft {
        id: "theirs".to_owned(),
        regex: Some("a = [0-9]".to_owned()),
        keywords: vec!["never".to_owned()],
        ..foreign::Draft::default()
    };
    let selection = Selection {
        own: Own {
            rules: vec![Rule::foreign(draft, "test")],
            ..Own::default()
        },
        ..Selection::default()
    };
    let told = Scanner::new(&selection).anywhere(b"b = 1\n", None, Patience::ENDLESS);
    assert!(!told.nothing && told.calm == Calm::Unknown);
}
