//! Rule files as people write them: what each key does, what is noted and what is an error.

#![allow(clippy::unwrap_used)]

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
            rule("lines = \"x\""),
            "rules.toml:4: \"rule.lines\": invalid type",
        ),
        (
            rule("confidence = \"sure\""),
            "rules.toml:4: \"rule.confidence\": unknown variant",
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
            "rules.toml:4: \"rule.near\": unknown field",
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
            "rules.toml:1: missing field `id`",
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
            "rules.toml:2: \"rule.id\": invalid type",
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
fn the_secret_is_the_first_group_or_the_one_that_is_named() {
    let text = "x acme_k3j9 acme_";
    assert_eq!(found(ACME, "", text), ["acme k3j9"]);
    assert_eq!(
        found(&format!("{ACME}secretGroup = 0"), "", text),
        ["acme k3j9"]
    );
    let two = "[[rules]]\nid = \"acme\"\nregex = '''(?i)(x)? ?(?P<key>ACME_([a-z0-9]+))'''\n";
    assert_eq!(
        found(&format!("{two}secretGroup = 2"), "", text),
        ["acme acme_k3j9"]
    );
    assert_eq!(
        found(&format!("{two}valueGroup = 3"), "", text),
        ["acme k3j9"]
    );
    assert_eq!(
        found(&format!("{two}valueGroup = \"key\""), "", text),
        ["acme acme_k3j9"]
    );
    assert!(error(&format!("{two}secretGroup = 4")).contains("is 4, and the regex has 3 groups"));
    assert!(error(&format!("{two}valueGroup = \"no\"")).contains("no group \"no\""));
}

#[test]
fn keywords_stand_anywhere_and_entropy_has_to_be_exceeded() {
    let keyed = format!("{ACME}keywords = [\"Other\", \"ac\"]\n");
    assert_eq!(found(&keyed, "", "acme_k3j9"), ["acme k3j9"]);
    let keyed = format!("{ACME}keywords = [\"OTHER\"]\n");
    assert_eq!(found(&keyed, "", "acme_k3j9\n"), [""; 0]);
    assert_eq!(found(&keyed, "", "acme_k3j9\n\n\nanother"), ["acme k3j9"]);
    // Four different characters are two bits each, and no more.
    let at = |bits: &str| found(&format!("{ACME}entropy = {bits}"), "", "acme_k3j9").len();
    assert_eq!((at("2.0"), at("2"), at("1.99"), at("0")), (0, 0, 1, 1));
}

#[test]
fn a_path_is_where_a_rule_holds_or_what_it_reports() {
    let at = format!("{ACME}path = '''(?i)\\.conf$'''\n");
    assert_eq!(found(&at, "etc/a.CONF", "acme_k3j9"), ["acme k3j9"]);
    assert_eq!(found(&at, "etc/a.conf.md", "acme_k3j9"), [""; 0]);
    let files = "[[rules]]\nid = \"p12\"\npath = '''\\.p12$'''\n";
    assert_eq!(found(files, "a/b.p12", "whatever"), ["p12 "]);
    assert_eq!(found(files, "a/b.p12", ""), ["p12 "]);
    assert_eq!(found(files, "a/b.p12.txt", "whatever"), [""; 0]);
    assert_eq!(found(files, "", "whatever"), [""; 0]);
    let but = format!("{files}[[allowlists]]\npaths = ['''^tests/''']\n");
    assert_eq!(found(&but, "tests/b.p12", ""), [""; 0]);
    assert_eq!(found(&but, "src/b.p12", ""), ["p12 "]);
}

#[test]
fn an_allowlist_excuses_by_path_regex_and_stopword() {
    let text = "key: acme_k3j9 # ours";
    let with = |list: &str, path: &str| found(&format!("{ACME}{list}"), path, text).len();
    for (list, path, count) in [
        ("[[rules.allowlists]]\npaths = ['''^doc/''']", "doc/a", 0),
        (
            "[[rules.allowlists]]\npaths = ['''^doc/''']",
            "src/doc/a",
            1,
        ),
        ("[rules.allowlist]\nregexes = ['''^k3''']", "", 0),
        ("[rules.allowlist]\nregexes = ['''^acme''']", "", 1),
        (
            "[rules.allowlist]\nregexTarget = \"match\"\nregexes = ['''^acme''']",
            "",
            0,
        ),
        (
            "[rules.allowlist]\nregexTarget = \"match\"\nregexes = ['''ours$''']",
            "",
            1,
        ),
        (
            "[rules.allowlist]\nregexTarget = \"line\"\nregexes = ['''ours$''']",
            "",
            0,
        ),
        ("[[rules.allowlists]]\nstopwords = [\"K3J\"]", "", 0),
        ("[[rules.allowlists]]\nstopwords = [\"k3x\"]", "", 1),
        (
            "[[rules.allowlists]]\nstopwords = [\"k3x\"]\npaths = ['''doc''']",
            "doc",
            0,
        ),
        (
            "[[rules.allowlists]]\ncondition = \"AND\"\nstopwords = [\"k3x\"]\npaths = ['''doc''']",
            "doc",
            1,
        ),
        (
            "[[rules.allowlists]]\ncondition = \"&&\"\nstopwords = [\"k3j\"]\npaths = ['''doc''']",
            "doc",
            0,
        ),
        (
            "[[rules.allowlists]]\nstopwords = [\"x9\"]\n[[rules.allowlists]]\nstopwords = [\"j9\"]",
            "",
            0,
        ),
        ("[allowlist]\nstopwords = [\"j9\"]", "", 0),
        (
            "[[allowlists]]\ntargetRules = [\"acme\"]\nstopwords = [\"j9\"]",
            "",
            0,
        ),
        (
            "[[allowlists]]\ntargetRules = [\"private-key\"]\nstopwords = [\"j9\"]",
            "",
            1,
        ),
    ] {
        assert_eq!(with(list, path), count, "{list} {path}");
    }
    for (list, want) in [
        (
            "[[rules.allowlists]]\ndescription = \"x\"",
            "rules.toml:4: \"rules.allowlists\": says nothing",
        ),
        (
            "[rules.allowlist]\ncondition = \"XOR\"\nstopwords = [\"a\"]",
            "rules.toml:5: \"rules.allowlist.condition\"",
        ),
        (
            "[rules.allowlist]\nregexTarget = \"x\"\nstopwords = [\"a\"]",
            "rules.toml:5: \"rules.allowlist.regexTarget\"",
        ),
        (
            "[rules.allowlist]\nregexes = [\n'a',\n'a(']",
            "rules.toml:7: \"rules.allowlist.regexes\"",
        ),
        (
            "[rules.allowlist]\nstopwords = [\"a\"]\n[[rules.allowlists]]\nstopwords = [\"a\"]",
            "rules.toml:",
        ),
    ] {
        let error = error(&format!("{ACME}{list}"));
        assert!(error.starts_with(want), "{list}\n{error}");
    }
}

#[test]
fn commits_excuse_nothing_and_that_is_said() {
    let or = format!("{ACME}[[rules.allowlists]]\ncommits = [\"abc\"]\nstopwords = [\"k3j\"]");
    assert!(notes(&or)[0].starts_with("rules.toml: acme: allowlists.commits: "));
    assert_eq!(found(&or, "", "acme_k3j9 acme_x7y8"), ["acme x7y8"]);
    let and = format!("{or}\ncondition = \"AND\"");
    assert!(notes(&and)[0].contains("this allowlist is left out"));
    assert_eq!(found(&and, "", "acme_k3j9").len(), 1);
}

#[test]
fn a_composite_counts_where_all_that_it_requires_is_near() {
    let part = "[[rules]]\nid = \"part\"\nregex = '''part_[0-9]+'''\nskipReport = true\n";
    let with = |required: &str, text: &str| {
        found(
            &format!("{ACME}[[rules.required]]\nid = \"part\"\n{required}\n{part}"),
            "",
            text,
        )
        .len()
    };
    assert_eq!(with("", "acme_k3j9"), 0);
    assert_eq!(with("", "acme_k3j9\n\n\n\npart_4711"), 1);
    assert_eq!(with("withinLines = 2", "acme_k3j9\n\npart_4711"), 1);
    assert_eq!(with("withinLines = 2", "part_4711\n\nacme_k3j9"), 1);
    assert_eq!(with("withinLines = 2", "acme_k3j9\n\n\npart_4711"), 0);
    assert_eq!(with("withinLines = 0", "part_4711 acme_k3j9"), 1);
    assert_eq!(with("withinColumns = 3", "   acme_k3j9\npart_4711"), 1);
    assert_eq!(with("withinColumns = 3", "    acme_k3j9\npart_4711"), 0);
    let component = format!("{ACME}components = [{{ id = \"part\", within = '2L' }}]\n{part}");
    assert_eq!(found(&component, "", "acme_k3j9\n\npart_4711").len(), 1);
    assert_eq!(found(&component, "", "acme_k3j9\n\n\npart_4711").len(), 0);
    let odd = component.replace("2L", "2 pages");
    assert!(notes(&odd)[0].contains("components.within"));
    assert_eq!(found(&odd, "", "acme_k3j9\n\n\n\npart_4711").len(), 1);
    assert!(
        error(&format!("{ACME}[[rules.required]]\nid = \"no\""))
            .contains("there is no rule \"no\"")
    );
}

#[test]
fn skip_report_and_confidence_are_kept() {
    assert_eq!(
        found(&format!("{ACME}skipReport = true"), "", "acme_k3j9"),
        [""; 0]
    );
    let sure = |text: &str| {
        load_one(&format!("{ACME}{text}")).unwrap().0.rules[0]
            .confidence
            .as_str()
    };
    assert_eq!((sure("confidence = \"Low\""), sure("")), ("low", "high"));
    assert!(
        notes(&format!("{ACME}confidence = \"9\""))[0].contains("none of low, medium and high")
    );
}

#[test]
fn a_filter_of_the_common_forms_is_read() {
    let with = |filter: &str| {
        found(
            &format!("{ACME}filter = '''{filter}'''"),
            "doc/a",
            "acme_k3j9 b",
        )
        .len()
    };
    for (filter, count) in [
        ("entropy(secret) <= 2.0", 0),
        ("entropy(secret) <= 1.9", 1),
        ("entropy(secret) < 2.0", 1),
        ("entropy(finding[\"secret\"]) <= 3", 0),
        ("filter.entropy(secret) <= 3", 0),
        (
            "entropy(secret) <= 1 || containsAny(secret, [\"zz\", \"3j\",])",
            0,
        ),
        (
            "entropy(secret) <= 1 || containsAny(secret, [\"zz\", \"3J\"])",
            1,
        ),
        ("matchesAny(secret, [`^k\\d`])", 0),
        ("matchesAny(secret, [\"^k\\\\d\"])", 0),
        ("matchesAny(finding[\"match\"], ['^acme'])", 0),
        ("matchesAny(line, [`b$`])", 0),
        ("matchesAny(attributes[\"path\"], [`^doc/`])", 0),
        (
            "matchesAny(attributes[\"path\"], [`^x || y/`]) || entropy(secret) <= 2",
            0,
        ),
        ("entropy(secret) <= 2 && containsAny(secret, [\"zz\"])", 1),
        (
            "entropy(secret) <= 2 && (containsAny(secret, [\"zz\"]) || containsAny(secret, [\"k3\"]))",
            0,
        ),
    ] {
        let text = format!("{ACME}filter = '''{filter}'''");
        assert_eq!(notes(&text), [""; 0], "{filter}");
        assert_eq!(with(filter), count, "{filter}");
    }
}

#[test]
fn what_is_not_read_of_a_filter_is_named_and_excuses_nothing() {
    let note = |filter: &str| {
        let text = format!("{ACME}filter = '''{filter}'''");
        (notes(&text), found(&text, "", "acme_k3j9").len())
    };
    let (said, count) = note("tokenRatio(secret) >= 3.5 || entropy(secret) <= 1");
    assert_eq!(count, 1);
    assert_eq!(
        said,
        [
            "rules.toml: acme: filter: tokenRatio(secret) >= 3.5 needs a tokenizer, and there is none here; without it the rule finds more"
        ]
    );
    let (said, count) = note("failsTokenEfficiency(secret) || entropy(secret) <= 2");
    assert_eq!((said.len(), count), (1, 0));
    for filter in [
        "!(entropy(secret) <= 2)",
        "not entropy(secret) <= 2",
        "entropy(secret) <= 2 == false",
        "(entropy(secret) <= 2) ? false : true",
        "entropy(secret) <= 2 || true ? false : true",
        "let x = 1; entropy(secret) <= 2",
        "entropy(secret) <= 2 and false",
        "entropy(secret) <= 2 && unknown(secret)",
        "entropy(secret) >= 2",
        "entropy(line) <= 9",
        "containsAny(secret, words)",
        "containsAny(secret, [\"k3\" + \"x\"])",
        "matchesAny(secret, [`(`])",
        "matchesAny(secret, [`k`",
        "entropy(secret) <= 2 | f()",
        "// entropy(secret) <= 2",
        "\"",
    ] {
        let (said, count) = note(filter);
        assert_eq!((said.len(), count), (1, 1), "{filter} {said:?}");
        assert!(
            said[0].contains("is no form that is read here")
                || said[0].contains("has a regex that is none"),
            "{filter}"
        );
    }
}

#[test]
fn what_means_nothing_here_is_named() {
    let text = format!(
        "title = \"t\"\nminVersion = \"v8\"\nsurprise = 1\n{ACME}tags = [\"a\"]\nspecificity = 3\nvalidate = \"http.get(x)\"\nregx = 'x'\n"
    );
    let notes = load_one(&text).unwrap().1.join("\n");
    for want in [
        "rules.toml: extend.useDefault: is not set, but the built-in rules stay on",
        "rules.toml: acme: validate: ",
        "rules.toml: acme: specificity: ",
        "rules.toml: acme: regx: is no key",
        "rules.toml: rules.tags: of 1 rules",
        "rules.toml: surprise: is no key",
    ] {
        assert!(notes.contains(want), "{want}\n{notes}");
    }
    assert_eq!(notes.lines().count(), 6, "{notes}");
}

#[test]
fn a_rule_that_could_not_run_is_an_error() {
    for (text, want) in [
        (
            "[[rules]]\nid = \"a\"\n\nregex = 'a(b'",
            "rules.toml:4: \"rules.regex\": unclosed group",
        ),
        (
            "[[rules]]\nid = \"a\"\nregex = '''(a)\\1'''",
            "rules.toml:3: \"rules.regex\": refers back",
        ),
        (
            "[[rules]]\nid = \"a\"\nregex = '''a(?=b)'''",
            "rules.toml:3: \"rules.regex\": look-around",
        ),
        (
            "[[rules]]\nid = \"a\"\npath = '['",
            "rules.toml:3: \"rules.path\": has a class",
        ),
        (
            "[[rules]]\nid = \"a\"\nregex = 3",
            "rules.toml:3: \"rules.regex\": is not a string",
        ),
        (
            "[[rules]]\nregex = 'a'",
            "rules.toml:1: \"rules.id\": is missing",
        ),
        (
            "[[rules]]\nid = \"a\"",
            "rules.toml:1: \"rules.regex\": the rule \"a\" has neither",
        ),
        (
            "[[rules]]\nid = \"a\"\nregex='a'\n[[rules]]\nid = \"a\"\nregex='a'",
            "rules.toml:5: \"rules.id\"",
        ),
        (
            "[[rules]]\nid = \"a\"\nregex='a'\nentropy = \"x\"",
            "rules.toml:4: \"rules.entropy\": is not a number",
        ),
        (
            "[[rules]]\nid = \"a\"\nregex='a'\nsecretGroup = 1.5",
            "rules.toml:4: \"rules.secretGroup\": is not a whole",
        ),
    ] {
        let error = error(text);
        assert!(error.starts_with(want), "{text}\n{error}");
    }
}

#[test]
fn a_file_extends_another_and_the_built_in_rules() {
    let base = "[[rules]]\nid = \"a\"\nregex = '''aaa_([0-9]+)'''\nkeywords = [\"aaa\"]\n[[rules]]\nid = \"b\"\nregex = '''bbb_([0-9]+)'''\n[[allowlists]]\nstopwords = [\"666\"]\n";
    let over = "[extend]\npath = \"base.toml\"\ndisabledRules = [\"b\"]\n[[rules]]\nid = \"a\"\ndescription = \"new\"\nentropy = 1.0\nkeywords = [\"zzz\"]\n[[rules.allowlists]]\nstopwords = [\"77\"]\n";
    let (own, _) = load_all(&[("over.toml", over), ("base.toml", base)]).unwrap();
    assert_eq!(own.rules.len(), 1);
    assert_eq!((own.rules[0].title, own.texts.len()), ("new", 2));
    let text = "aaa_1234 aaa_6661 aaa_7712 aaa_11112222 bbb_1234 aaa_1111";
    assert_eq!(found_by(own, "", text), ["a 1234"]);
    let deep = "[extend]\npath = \"b.toml\"";
    let files = [
        ("a.toml", deep),
        ("b.toml", "[extend]\npath = \"c.toml\""),
        ("c.toml", ACME),
    ];
    assert_eq!(load_all(&files).unwrap().0.rules.len(), 1);
    let round = load_all(&[("a.toml", deep), ("b.toml", deep)])
        .map(drop)
        .unwrap_err();
    assert_eq!(
        round,
        "b.toml:2: \"extend.path\": extends a file that extends one already; no deeper"
    );
    let gone = load_all(&[("a.toml", deep)]).map(drop).unwrap_err();
    assert!(
        gone.starts_with("a.toml:2: \"extend.path\": there is no file"),
        "{gone}"
    );
    let both = error("[extend]\nuseDefault = true\npath = \"x\"");
    assert!(both.starts_with("rules.toml:3: \"extend.path\""), "{both}");
}

#[test]
fn with_use_default_a_file_speaks_of_the_built_in_rules_too() {
    let built_in = rules()[0].id;
    let text = format!(
        "[extend]\nuseDefault = true\ndisabledRules = [\"{built_in}\", \"no-such\"]\n\
         [[rules]]\nid = \"github-personal-access-token\"\nentropy = 3\n[[rules.allowlists]]\npaths = ['''^tests/''']\n\
         [[rules]]\nid = \"theirs\"\n[[rules.allowlists]]\npaths = ['''^x/''']\n\
         [[allowlists]]\npaths = ['''^vendor/''']\n"
    );
    let (own, notes) = load_one(&text).unwrap();
    assert_eq!(own.off, [built_in]);
    let notes = notes.join("\n");
    for want in [
        "disabledRules: no-such is no rule here",
        "github-personal-access-token: entropy: of a built-in rule stays",
        "theirs: id: changes a rule of that scanner's own set",
    ] {
        assert!(notes.contains(want), "{want}\n{notes}");
    }
    let proof = crate::scan::rule("github-personal-access-token")
        .unwrap()
        .proof;
    let token = expand("ghp_%{base62:30}%{proof}", proof, &mut Random::new(3)).unwrap();
    let scanner = Scanner::new(&Selection {
        off: Vec::new(),
        own,
    });
    let count = |path: &str| {
        let whole = Content {
            bytes: token.as_bytes(),
            fresh: &Fresh::All,
        };
        scanner.scan(path.as_bytes(), whole).matches.len()
    };
    assert_eq!(
        (
            count("src/a"),
            count("tests/a"),
            count("vendor/a"),
            count("x/a")
        ),
        (1, 0, 0, 1)
    );
}

#[test]
fn without_use_default_a_file_speaks_of_its_own_rules_alone() {
    let (own, _) = load_one(&format!("{ACME}[allowlist]\npaths = ['''.''']")).unwrap();
    let proof = crate::scan::rule("github-personal-access-token")
        .unwrap()
        .proof;
    let token = expand("ghp_%{base62:30}%{proof}", proof, &mut Random::new(4)).unwrap();
    let scanner = Scanner::new(&Selection {
        off: Vec::new(),
        own,
    });
    let whole = Content {
        bytes: token.as_bytes(),
        fresh: &Fresh::All,
    };
    assert_eq!(scanner.scan(b"any/where", whole).matches.len(), 1);
}

#[test]
fn an_id_is_kept_where_it_can_be() {
    let id = |id: &str| {
        let text = format!("[[rules]]\nid = \"{id}\"\nregex = 'x'");
        load_one(&text).unwrap().0.rules[0].id
    };
    assert_eq!(id("Acme_Key.v2"), "Acme_Key.v2");
    assert_eq!(id("AWS (old), key\\u0007"), "AWS--old---key-");
}

#[test]
fn regexes_of_go_mean_here_what_they_mean_there() {
    for (go, hits, misses) in [
        (r"^\${[a-z]+}$", &["${abc}"][..], &["$abc"][..]),
        (r"a{,2}", &["a{,2}"], &["aa"]),
        (r"a{2}b{1,}c{0,1}", &["aab", "aabbc"], &["ab"]),
        (r"^[[]$", &["["], &["]"]),
        (r"^[]x]$", &["]", "x"], &["["]),
        (r"^[^]x]$", &["["], &["]", "x"]),
        (r"^[a[b]]$", &["a]", "[]", "b]"], &["a", "b"]),
        (r"^[a&&b]$", &["a", "b", "&"], &["ab"]),
        (r"^[a~~b]$", &["a", "b", "~"], &[]),
        (r"^[+--]$", &["+", ",", "-"], &["."]),
        (r"^[\w.-]$", &["a", ".", "-"], &["+"]),
        (r"^[\w-.]$", &["a", ".", "-"], &["+"]),
        (r"^[\x00-\x1f]$", &["\u{3}"], &["-", "0"]),
        (r"^[\x{41}-\x{43}]$", &["B"], &["x", "-"]),
        (r"^[\101-\103]$", &["B"], &["-", "D"]),
        (r"^[[:alpha:]\d]$", &["a", "7"], &["[", ":"]),
        (r"^\x{41}\101$", &["AA"], &["A"]),
        (r"^\Qa.b[\E.$", &["a.b[x"], &["axb[x"]),
        (r"^a\sb$", &["a b", "a\tb"], &["a\u{b}b"]),
        (r"^[\s]$", &[" "], &["\u{b}", "s"]),
        (r"^[\S]$", &["s", "\u{b}"], &[" "]),
        (r"(?i)^abc$", &["ABC"], &["x\nabc"]),
        (r"(?m)^abc$", &["x\nabc\ny"], &["xabc"]),
        (r"^\w$", &["a"], &["\u{e9}"]),
    ] {
        let (regex, _) = go::translate(go).unwrap();
        let regex = regex::bytes::RegexBuilder::new(&regex)
            .unicode(false)
            .build()
            .unwrap();
        for hit in hits {
            assert!(regex.is_match(hit.as_bytes()), "{go} {hit:?}");
        }
        for miss in misses {
            assert!(!regex.is_match(miss.as_bytes()), "{go} {miss:?}");
        }
    }
    for none in [r"a\", "[a", r"\2(a)", "(", r"\p{Greek}"] {
        assert!(go::translate(none).is_err(), "{none}");
    }
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
