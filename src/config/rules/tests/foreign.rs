//! Files of other scanners: what each key does, what is noted and what is an error.

#![allow(clippy::unwrap_used)]

use super::*;

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
        "rules.toml: rules.tags: of 1 rule:",
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
