//! Rule files as people write them: what each key does, what is noted and what is an error.

#![allow(clippy::unwrap_used)]

mod dialect;
mod foreign;

use super::*;
use crate::change::{Content, Fresh};
use crate::scan::template::{Random, expand};
use crate::scan::{Scanner, Selection, rules};

/// Loads `files[0]`, the others lying beside it; an error and a note are said without the folder.
fn load_all(files: &[(&str, &str)]) -> Result<(Own, Vec<String>), String> {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    let bare = |text: String| text.replace(&format!("{}/", dir.path().display()), "");
    let loaded = load(&dir.path().join(files[0].0)).map_err(|error| bare(error.to_string()))?;
    let notes = loaded.notes.iter().map(|note| bare(note.to_string()));
    Ok((loaded.own, notes.collect()))
}

fn load_one(text: &str) -> Result<(Own, Vec<String>), String> {
    load_all(&[("rules.toml", text)])
}

fn error(text: &str) -> String {
    load_one(text).map(drop).unwrap_err()
}

/// What is noted of a file, but for the built-in rules that stay on.
fn notes(text: &str) -> Vec<String> {
    let mut notes = load_one(text).unwrap().1;
    notes.retain(|note| !note.contains("useDefault"));
    notes
}

/// `ID SECRET` of what the rules of a file find, the built-in rules out of the way.
fn found_by(own: Own, path: &str, text: &str) -> Vec<String> {
    let selection = Selection {
        off: rules().iter().map(|rule| rule.id.to_owned()).collect(),
        own,
    };
    let whole = Content {
        bytes: text.as_bytes(),
        fresh: &Fresh::All,
    };
    let found = Scanner::new(&selection)
        .scan(path.as_bytes(), whole)
        .matches;
    found
        .iter()
        .map(|found| {
            let secret = String::from_utf8_lossy(found.secret.expose());
            format!("{} {secret}", found.rule.id)
        })
        .collect()
}

fn found(rules: &str, path: &str, text: &str) -> Vec<String> {
    found_by(load_one(rules).unwrap().0, path, text)
}

const ACME: &str = "[[rules]]\nid = \"acme\"\nregex = '''acme_([a-z0-9]+)'''\n";

#[test]
fn our_own_format_has_the_keys_of_the_built_in_table() {
    let text = r#"
[[rule]]
id = "acme-id"
provider = "Acme"
title = "Acme key id"
opens = "nothing by itself"
revoke = "https://acme.example/keys"
confidence = "low"
keywords = ["acmeid"]
regex = '''\bacmeid(?P<secret>[0-9a-f]{12})\b'''
examples = ["acmeid%{hex:12}"]
counterexamples = ["acmeid%{hex:11}"]
[[rule]]
id = "acme-secret"
regex = '''\b[a-z]{4}q(?P<secret>[0-9]{10})q\b'''
near = { rule = "acme-id", lines = 2 }
min_entropy = 1.5
[[rule]]
id = "acme-block"
keywords = ["begin acme"]
regex = '''(?s-u:begin acme(?P<secret>.{10,400}?)end)'''
lines = 9
[[rule]]
id = "acme-github"
keywords = ["acmegh"]
regex = '''acmegh=(?P<secret>ghp_[0-9A-Za-z]{36})'''
proof = "github"
"#;
    let (own, notes) = load_one(text).unwrap();
    assert_eq!(notes, [""; 0]);
    assert_eq!(own.rules[0].opens, "nothing by itself");
    assert_eq!(
        (own.rules[1].title, own.rules[1].opens),
        ("acme-secret", "")
    );
    let near = "acmeid0a1c3e5b7d92\n\nwxyzq4815162347q\n";
    assert_eq!(
        found_by(own.clone(), "", near),
        ["acme-id 0a1c3e5b7d92", "acme-secret 4815162347"]
    );
    assert_eq!(
        found_by(own.clone(), "", &near.replace("\n\n", "\n\n\n")),
        ["acme-id 0a1c3e5b7d92"]
    );
    assert_eq!(
        found_by(own.clone(), "", "acmeid0a1c3e5b7d92 wxyzq1111111112q"),
        ["acme-id 0a1c3e5b7d92"]
    );
    assert_eq!(
        found_by(
            own.clone(),
            "",
            "BEGIN ACME x\nbegin acme kd83\njs72hd\nend"
        ),
        ["acme-block  kd83\njs72hd\n"]
    );
    let wrong = expand("acmegh=ghp_%{base62:36}", None, &mut Random::new(1)).unwrap();
    let selection = Selection {
        off: rules().iter().map(|rule| rule.id.to_owned()).collect(),
        own,
    };
    let whole = Content {
        bytes: wrong.as_bytes(),
        fresh: &Fresh::All,
    };
    let matches = Scanner::new(&selection).scan(b"", whole).matches;
    assert_eq!(matches[0].valid, crate::scan::Validity::No);
}

#[test]
fn an_error_in_our_own_format_names_file_line_and_key() {
    let rule = |rest: &str| format!("[[rule]]\nid = \"a\"\nregex = '''abc[0-9]{{3}}'''\n{rest}");
    for (text, want) in [
        (
            rule("keyword = [\"abc\"]"),
            "rules.toml:4: unknown key \"rule.keyword\"; did you mean \"keywords\"?",
        ),
        (
            rule("zzz = 1"),
            "rules.toml:4: unknown key \"rule.zzz\"; the nearest known key is",
        ),
        (
            rule("keywords = [\"Abc\"]"),
            "rules.toml:4: \"rule.keywords\": \"Abc\" is not lower-case",
        ),
        (
            rule("keywords = [\"ab\"]"),
            "rules.toml:4: \"rule.keywords\"",
        ),
        (
            rule("lines = 0"),
            "rules.toml:4: \"rule.lines\": is at least 1",
        ),
        (
            rule("keywords = [\"abc\"]\nanchor = 'a(b'"),
            "rules.toml:5: \"rule.anchor\": ",
        ),
        (
            rule("anchor = 'ab'"),
            "rules.toml:4: \"rule.anchor\": needs a regex and keywords",
        ),
        (
            rule("lines = \"x\""),
            "rules.toml:4: \"rule.lines\": must be a whole number",
        ),
        (
            rule("confidence = \"sure\""),
            "rules.toml:4: \"rule.confidence\": is none of \"low\"",
        ),
        (
            rule("proof = \"no-such\""),
            "rules.toml:4: \"rule.proof\": there is no proof \"no-such\"",
        ),
        (
            rule("near = { rule = \"nope\", lines = 1 }"),
            "rules.toml:4: \"rule.near\": there is no rule \"nope\"",
        ),
        (
            rule("near = { rule = \"private-key\", line = 1 }"),
            "rules.toml:4: \"rule.near\": has a key that is none of \"rule\", \"lines\"",
        ),
        (
            rule("[[rule]]\nid = \"a\"\nregex = 'x'"),
            "rules.toml:5: \"rule.id\": is that of another rule",
        ),
        (
            "[[rule]]\nid = \"A b\"\nregex = 'x'".into(),
            "rules.toml:2: \"rule.id\"",
        ),
        (
            "[[rule]]\nregex = 'x'".into(),
            "rules.toml:1: lacks the key \"id\"",
        ),
        (
            "[[rule]]\nid = \"a\"".into(),
            "rules.toml:1: \"rule\": needs a regex",
        ),
        (
            "[[rule]]\nid = \"a\"\n\nregex = 'a(b'".into(),
            "rules.toml:4: \"rule.regex\": ",
        ),
        (
            "[[rule]]\nid = \"a\"\nregex = 'ab+'".into(),
            "rules.toml:3: \"rule.regex\": bound every repetition",
        ),
        (
            "[[rule]]\nid = \"a\"\nregex = '''\\Aab'''".into(),
            "rules.toml:3: \"rule.regex\": \\A and \\z",
        ),
        (
            "[[rule]]\nid = 3\nregex = 'x'".into(),
            "rules.toml:2: \"rule.id\": must be text in quotes",
        ),
        (
            "[rule]\nid = \"a\"".into(),
            "rules.toml:1: \"rule\": is a list of tables",
        ),
        (
            format!("version = 1\n{}", rule("")),
            "rules.toml:1: unknown key \"version\"",
        ),
        ("[[rule]\n".into(), "rules.toml:1: "),
        (
            "[[ruel]]\nid = \"a\"".into(),
            "rules.toml:1: unknown key \"ruel\"; did you mean \"rule\"?",
        ),
        (String::new(), "rules.toml: has neither [[rule]]"),
    ] {
        let error = error(&text);
        assert!(error.starts_with(want), "{text}\n{error}\n{want}");
    }
    let asked = rules().iter().find_map(|rule| rule.near).unwrap().rule;
    let text = format!(
        "[[rule]]\nid = \"{asked}\"\nregex = 'abc'\nnear = {{ rule = \"private-key\", lines = 1 }}"
    );
    assert!(error(&text).starts_with("rules.toml:4: \"rule.near\": built-in rules ask"));
}

#[test]
fn no_text_makes_a_reader_panic() {
    let mut random = Random::new(5);
    for _ in 0..3000 {
        let length = random.below(40);
        let text = random.text("[[rule]]=\"'\n{}()|&,\\aidQE:-`~^ <2.", length);
        let _ = go::translate(&text);
        let _ = expr::read(&text);
        let _ = load_one(&format!("[[rules]]\nid = \"a\"\nregex = 'x'\n{text}"));
    }
}
