//! What people read.

#![allow(clippy::unwrap_used)]
use super::super::{Color, Format, Secrets, samples, write};
use super::*;
use crate::git::Oid;

const CLIENT: Audience = Audience::ClientHook {
    event: "pre-commit",
};
const SERVER: Audience = Audience::ServerHook {
    event: "pre-receive",
};

fn said(verdict: &Verdict, options: &Options) -> String {
    let mut out = Vec::new();
    write(Format::Human, verdict, options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn says_what_where_why_and_what_to_do() {
    let verdict = samples::rejected();
    let expected = format!(
        "\
src/a.py:3:9  secrets/github-personal-access-token
    A GitHub personal access token stands in this file.
    secret: ghp_… (40 characters), its checksum is right
    identity: octo
    within: base64
    commit: 2222222222222222222222222222222222222222, Alice
        <alice@example.com>, 2026-01-02T03:04:05Z
    also at: b.py
    still in: refs/heads/x, refs/tags/v1 and 3 more; at a tip
    fix: Revoke it at https://github.com/settings/tokens
    fix: Take it out of the file.
    allow: end that line with the comment portcullis:allow(x) REASON
    fingerprint: {}

refs/heads/main  refs/force
    Only @admins may rewrite refs/heads/main.
    fix: Push without --force.
    fingerprint: {}

\\xff.env  env-files/env-file  (warning)
    An env file comes in.
refused: refs/heads/main by refs/force
refused: refs/heads/x by secrets/github-personal-access-token
undecided: 3333333333333333333333333333333333333333: the object is
    missing
pre-commit: rejected: 2 deny, 1 warn, 1 suppressed, 1 unread; examined
    3 files, 3 blobs, 1 commit, 4 trees, 2 refs, 12.3 kB, of which
    10.0 kB were scanned, in 0.004 s
",
        verdict.findings[0].fingerprint.as_str(),
        verdict.findings[1].fingerprint.as_str(),
    );
    assert_eq!(said(&verdict, &samples::options(CLIENT)), expected);
}

#[test]
fn who_may_let_it_pass_is_said_once_and_only_where_it_is_held() {
    let mut verdict = samples::rejected();
    verdict.leave = vec![Leave {
        refname: RefName::new(b"refs/heads/x").unwrap(),
        by: "@admins (carol)".to_owned(),
        commands: vec!["portcullis bypass --finding 0a".to_owned()],
    }];
    let told = "\nbypass: @admins (carol) may let this pass on refs/heads/x, once; one of\n    them, who \
                is not you, runs in a clone and gives you what it prints:\n        portcullis bypass \
                --finding 0a\n";
    for (mode, verbosity, times) in [
        (Mode::Enforce, Verbosity::Normal, 1),
        (Mode::Enforce, Verbosity::Verbose, 1),
        (Mode::Enforce, Verbosity::Quiet, 0),
        (Mode::Evaluate, Verbosity::Normal, 0),
    ] {
        let options = Options {
            mode,
            verbosity,
            ..samples::options(SERVER)
        };
        let text = said(&verdict, &options);
        assert_eq!(text.matches(told).count(), times, "{text}");
    }
}

#[test]
fn a_hook_that_has_nothing_to_say_is_silent() {
    let verdict = Verdict::default();
    for (audience, verbosity, silent) in [
        (CLIENT, Verbosity::Normal, true),
        (SERVER, Verbosity::Normal, true),
        (SERVER, Verbosity::Quiet, true),
        (Audience::Command, Verbosity::Quiet, true),
        (CLIENT, Verbosity::Verbose, false),
        (Audience::Command, Verbosity::Normal, false),
    ] {
        let options = Options {
            verbosity,
            ..samples::options(audience)
        };
        assert_eq!(said(&verdict, &options).is_empty(), silent, "{audience:?}");
    }
    let text = said(&verdict, &samples::options(Audience::Command));
    assert_eq!(text, "accepted: examined 0 B in 0.000 s\n");
}

#[test]
fn quiet_still_names_what_blocks_and_what_is_undecided() {
    let options = Options {
        verbosity: Verbosity::Quiet,
        ..samples::options(SERVER)
    };
    let text = said(&samples::rejected(), &options);
    assert!(text.contains("src/a.py:3:9  secrets/"), "{text}");
    assert!(text.contains("undecided: 3333"), "{text}");
    assert!(!text.contains("rejected:"), "{text}");
}

#[test]
fn evaluation_says_what_would_have_been() {
    let options = Options {
        mode: Mode::Evaluate,
        ..samples::options(SERVER)
    };
    let text = said(&samples::rejected(), &options);
    assert!(
        text.contains("only evaluated; it would be rejected"),
        "{text}"
    );
}

#[test]
fn lines_fit_and_long_words_stand_alone_unbroken() {
    let path = "deep/".repeat(30) + "a.py";
    let mut leak = samples::leak();
    leak.place.path = Some(RepoPath::new(path.as_bytes()));
    leak.message = format!("Found in {path} as it stands there {}", "word ".repeat(40));
    let verdict = Verdict {
        findings: vec![leak],
        ..Verdict::default()
    };
    let text = said(&verdict, &samples::options(CLIENT));
    for line in text.lines() {
        let alone = line.trim() == path || line.trim() == format!("{path}:3:9");
        assert!(columns(line) <= WIDTH || alone, "{line}");
    }
    assert_eq!(text.matches(&path).count(), 2);
}

#[test]
fn many_findings_are_all_named_in_short() {
    let verdict = Verdict {
        findings: vec![samples::leak(); DETAILED + 1],
        ..Verdict::default()
    };
    let text = said(&verdict, &samples::options(CLIENT));
    assert_eq!(text.matches("src/a.py:3:9").count(), DETAILED + 1);
    assert!(!text.contains("fix:"), "{text}");
    // Who is able to ask again is told how to see the rest.
    let mut options = samples::options(Audience::Command);
    let hint = "in short: 51 findings; --verbose tells all of each\n";
    assert!(said(&verdict, &options).contains(hint));
    options.verbosity = Verbosity::Verbose;
    let text = said(&verdict, &options);
    assert_eq!(text.matches("    fingerprint: ").count(), DETAILED + 1);
    assert!(!text.contains("in short:"), "{text}");
}

#[test]
fn a_warning_is_told_in_full_where_all_is_asked_for() {
    let mut verdict = samples::rejected();
    verdict.findings = vec![samples::leak()];
    verdict.findings[0].level = Level::Warn;
    let mut options = samples::options(Audience::Command);
    let fingerprint = format!("fingerprint: {}", verdict.findings[0].fingerprint.as_str());
    assert!(!said(&verdict, &options).contains(&fingerprint));
    options.verbosity = Verbosity::Verbose;
    let text = said(&verdict, &options);
    for told in ["(warning)", "still in: refs/heads/x", &fingerprint] {
        assert!(text.contains(told), "{told} in {text}");
    }
}

#[test]
fn colour_and_clear_text_only_when_asked() {
    let mut options = samples::options(Audience::Command);
    assert!(!said(&samples::rejected(), &options).contains(['\x1b']));
    options.color = Color::Ansi;
    options.show_secrets = Secrets::Shown;
    let text = said(&samples::rejected(), &options);
    assert!(text.contains("\x1b[1;31mrefs/force\x1b[0m"), "{text}");
    assert!(text.contains(&samples::token()), "{text}");
}

#[test]
fn what_is_said_of_many_commits_is_said_once() {
    let unsigned = |byte: u8, refname: &[u8], why: &str| {
        let oid = Oid::from_raw(&[byte; 20]).unwrap();
        let mut finding = samples::finding("refs", "signed", Level::Deny);
        finding.place = samples::place(PlaceKind::Commit);
        finding.place.commit = Some(oid);
        finding.refs = vec![RefName::new(refname).unwrap()];
        finding.message = format!("commit {}: {why}", oid.short());
        finding
    };
    let (main, next) = (b"refs/heads/main", b"refs/heads/next");
    let mut findings: Vec<_> = (1..=12)
        .map(|n| unsigned(n, main, "no signature"))
        .collect();
    findings.insert(4, unsigned(0x77, main, "a bad signature"));
    findings.push(unsigned(0x88, next, "no signature"));
    let short = |byte: u8| Oid::from_raw(&[byte; 20]).unwrap().short();
    let verdict = Verdict {
        findings,
        ..Verdict::default()
    };
    let text = said(&verdict, &samples::options(SERVER));
    assert_eq!(text.matches("refs/signed\n").count(), 5, "{text}");
    let lines = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let also = format!(
        "commit {}: no signature also in: {}, {}, {}, {} and 7 more commits fingerprint: {} of the first",
        short(1),
        short(2),
        short(3),
        short(4),
        short(5),
        verdict.findings[0].fingerprint.as_str(),
    );
    assert!(lines.contains(&also), "{text}");
    assert!(lines.contains("a bad signature fingerprint:"), "{text}");
    assert!(text.contains("rejected: 14\u{20}deny"), "{text}");
    // Other formats, and those who want one line each, have all of them.
    let options = Options {
        verbosity: Verbosity::Quiet,
        ..samples::options(SERVER)
    };
    assert_eq!(
        said(&verdict, &options).matches("refs/signed\n").count(),
        14 + 2
    );
}
