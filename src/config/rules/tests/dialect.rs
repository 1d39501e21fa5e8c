//! Filters and regexes as others write them.

#![allow(clippy::unwrap_used)]

use super::*;

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
