//! CODEOWNERS as people write it, right and wrong.
#![allow(clippy::unwrap_used)]

use super::*;

fn of(file: &str, path: &str) -> String {
    let owners = Owners::parse(file.as_bytes()).unwrap();
    let path = RepoPath::new(path.as_bytes());
    let lists = owners.of(&path).into_iter();
    let list = |of: &[Owner]| of.iter().map(ToString::to_string).collect::<Vec<_>>();
    let all: Vec<String> = lists.map(|of| list(of).join(" ")).collect();
    all.join(" and ")
}

#[test]
fn patterns_are_those_of_github() {
    type Row = (
        &'static str,
        &'static [&'static str],
        &'static [&'static str],
    );
    const ROWS: &[Row] = &[
        ("*", &["a", "a/b", ".x/y/z"], &[]),
        ("**", &["a", "a/b"], &[]),
        ("*.js", &["x.js", "a/b/x.js", "lib.js/x"], &["x.jsx", "js"]),
        ("/*.js", &["x.js"], &["a/x.js"]),
        ("/*", &["a"], &["a/b"]),
        ("docs/*", &["docs/a.md"], &["docs/b/a.md", "x/docs/a.md"]),
        (
            "docs/**",
            &["docs/a.md", "docs/b/a.md"],
            &["doc", "x/docs/a"],
        ),
        ("apps/", &["apps/a", "x/apps/a/b"], &["app", "x/app"]),
        ("/docs/", &["docs/a", "docs/b/c"], &["doc", "x/docs/a"]),
        (
            "/build/logs/",
            &["build/logs/a", "build/logs/b/c"],
            &["x/build/logs/a"],
        ),
        (
            "build/logs",
            &["build/logs", "build/logs/a"],
            &["x/build/logs"],
        ),
        ("logs", &["logs", "a/logs", "a/logs/b"], &["log", "logs2/a"]),
        (
            "**/logs",
            &["logs/a", "build/logs", "a/b/logs/c"],
            &["build/logs2"],
        ),
        (
            "a/**/b",
            &["a/b", "a/x/b", "a/x/y/b", "a/b/c"],
            &["x/a/b", "ab"],
        ),
        ("/a?c", &["abc", "a\u{e9}c"], &["ac", "abbc", "a/c"]),
        (
            "a*b*c",
            &["abc", "a12b34c", "x/abbc"],
            &["ab", "acb", "a/b/c"],
        ),
        (r"my\ docs/", &["my docs/a"], &["my/a", "docs/a"]),
        (r"\*", &["*", "x/*"], &["a"]),
        ("/", &[], &[]),
    ];
    for (pattern, hits, misses) in ROWS {
        if *pattern == "/" {
            assert!(Owners::parse(b"/ @a").is_err());
            continue;
        }
        let file = format!("{pattern} @a\n");
        for hit in *hits {
            assert_eq!(of(&file, hit), "@a", "{pattern} {hit}");
        }
        for miss in *misses {
            assert_eq!(of(&file, miss), "", "{pattern} {miss}");
        }
    }
}

#[test]
fn the_last_rule_that_matches_counts() {
    let file = "# people\n\
        *       @everybody  x@example.com # and a word\n\
        \n\
        /src/   @group/team\r\n\
        *.md\n\
        /src/core.rs @alice @bob#no\n";
    for (path, owners) in [
        ("a.py", "@everybody x@example.com"),
        ("src/a.py", "@group/team"),
        ("src/a.md", ""),
        ("readme.md", ""),
        ("src/core.rs", "@alice @bob#no"),
    ] {
        assert_eq!(of(file, path), owners, "{path}");
    }
    assert_eq!(of("", "a"), "");
}

#[test]
fn a_line_that_cannot_be_read_is_named() {
    for (line, why) in [
        ("!a @b", "!"),
        ("[Section]", "sections"),
        ("^[Section][2] @a", "sections"),
        ("a[bc] @d", "["),
        ("a//b @c", "empty part"),
        ("a b", "b is no owner"),
        ("a @", "@ is no owner"),
        ("a @b/", "@b/"),
        ("a @b/c/d", "@b/c/d"),
        ("a b@", "b@"),
        ("a b@c@d", "b@c@d"),
        ("a \u{202e}", "no owner"),
        ("a***b @c", "***"),
        ("a\\", "backslash"),
    ] {
        let text = format!("* @a\n\n{line}\n");
        let (at, said) = Owners::parse(text.as_bytes()).unwrap_err();
        assert_eq!(at, 3, "{line}");
        assert!(said.contains(why), "{line}: {said}");
    }
    assert!(Owners::parse(b"a \xff@b").is_err());
    assert!(Owners::parse(&vec![b'\n'; LONGEST + 1]).is_err());
}

#[test]
fn an_owner_is_an_account_a_group_or_an_address() {
    let groups: Groups = toml::from_str("leads = [\"alice\"]\n\"acme/ops\" = [\"bob\"]").unwrap();
    let is = |owner: &str, names: &[&str]| {
        let names: Vec<Vec<u8>> = names.iter().map(|n| n.as_bytes().to_vec()).collect();
        Owner(owner.to_owned()).is(&names, &groups)
    };
    for (owner, names, yes) in [
        ("@alice", &["alice"][..], true),
        ("@alice", &["x", "alice"], true),
        ("@alice", &["alice@example.com"], false),
        ("@leads", &["alice"], true),
        ("@leads", &["bob"], false),
        ("@acme/leads", &["alice"], true),
        ("@acme/ops", &["bob"], true),
        ("@other/ops", &["bob"], false),
        ("@acme/alice", &["alice"], false),
        ("A@example.com", &["a@Example.com"], true),
        ("a@example.com", &["a"], false),
        ("@nobody", &["alice", "bob"], false),
        ("@alice", &[], false),
    ] {
        assert_eq!(is(owner, names), yes, "{owner} {names:?}");
    }
}

#[test]
fn no_pattern_takes_long() {
    let stars = format!("{}b @a", "*a".repeat(2_000));
    let path = "a".repeat(4_000);
    assert_eq!(of(&stars, &path), "");
    let folders = format!("{}b @a", "**/a/".repeat(1_000));
    assert_eq!(of(&folders, &"a/".repeat(1_500)), "");
}

#[test]
fn a_path_that_some_system_takes_for_an_owned_one_needs_its_owners_too() {
    const FILE: &str =
        "* @all\n/api/ @api\n/docs/* @docs\n/lib/** @lib\n/free/\nREADME.md @words\n";
    for (path, owners) in [
        ("api/a", "@api"),
        ("API/a", "@all and @api"),
        ("other", "@all"),
        ("README.md", "@words"),
        ("readme.MD", "@all and @words"),
        // As a submodule or a link it brings in all below.
        ("api", "@all and @api"),
        ("Api", "@all and @api"),
        ("docs", "@all and @docs"),
        ("docs/a/b", "@all"),
        ("lib", "@all and @lib"),
        ("free", "@all"),
        ("free/a", ""),
        ("FREE/a", "@all"),
    ] {
        assert_eq!(of(FILE, path), owners, "{path}");
    }
    let file = "* @all\n/café/ @coffee\n/keys/?x @keys\n";
    for (path, owners) in [
        ("café/a", "@coffee"),
        ("cafe\u{301}/a", "@all and @coffee"),
        ("CAFÉ/a", "@all and @coffee"),
        ("Cafe\u{301}", "@all and @coffee"),
        ("cafe/a", "@all"),
        ("\u{212a}eys/ax", "@all and @keys"),
        ("ke\u{200d}ys/äx", "@all and @keys"),
        ("keys/äx", "@keys"),
        ("keys/a\u{308}x", "@all and @keys"),
        ("KEYS/äx", "@all and @keys"),
    ] {
        assert_eq!(of(file, path), owners, "{path}");
    }
}
