//! Verdicts for the tests of the formats; their secrets are put together at run time.

#![allow(clippy::unwrap_used)]

use super::{Audience, Color, Options, Secrets, Verbosity};
use crate::change::{KeptBy, Whereabouts};
use crate::finding::{
    CheckId, Finding, Fingerprint, FoundSecret, Level, Place, PlaceKind, Spread, TextRange,
};
use crate::git::{Oid, RefName, RepoPath};
use crate::policy::settings::Mode;
use crate::policy::{Coverage, Leave, Stale, Suppressed, SuppressedBy, Unread, Verdict};
use crate::scan::{Confidence, Secret, Validity};

pub(super) fn options(audience: Audience) -> Options {
    Options {
        show_secrets: Secrets::Redacted,
        color: Color::Plain,
        audience,
        rules_digest: "0a1b2c".to_owned(),
        verbosity: Verbosity::Normal,
        mode: Mode::Enforce,
    }
}

pub(super) fn token() -> String {
    ["ghp", "_", &"aB3dE6gH9".repeat(4)].concat()
}

pub(super) fn place(kind: PlaceKind) -> Place {
    Place {
        kind,
        path: None,
        text: None,
        blob: None,
        commit: None,
        refname: None,
        author: None,
        date: None,
        reachable: None,
        spread: None,
        decoded: Vec::new(),
    }
}

pub(super) fn finding(pack: &'static str, name: &'static str, level: Level) -> Finding {
    let check = CheckId { pack, name };
    Finding {
        check,
        level,
        confidence: Confidence::High,
        message: String::new(),
        help: String::new(),
        allow: String::new(),
        fingerprint: Fingerprint::new(check, b"", None),
        place: place(PlaceKind::File),
        refs: Vec::new(),
        secret: None,
    }
}

fn oid(byte: u8) -> Oid {
    Oid::from_raw(&[byte; 20]).unwrap()
}

pub(super) fn leak() -> Finding {
    let mut leak = finding("secrets", "github-personal-access-token", Level::Deny);
    leak.message = "A GitHub personal access token stands in this file.".to_owned();
    leak.help =
        "Revoke it at https://github.com/settings/tokens\nTake it out of the file.".to_owned();
    leak.allow = "end that line with the comment portcullis:allow(x) REASON".to_owned();
    leak.place = Place {
        kind: PlaceKind::File,
        path: Some(RepoPath::new(b"src/a.py")),
        text: Some(TextRange {
            line: 3,
            column: 9,
            end_line: 3,
            end_column: 49,
        }),
        blob: Some(oid(0x11)),
        commit: Some(oid(0x22)),
        refname: Some(RefName::new(b"refs/heads/x").unwrap()),
        author: Some("Alice <alice@example.com>".to_owned()),
        date: Some("2026-01-02T03:04:05Z".to_owned()),
        reachable: Some(true),
        spread: Some(Box::new(Spread {
            now: Whereabouts {
                refs: vec![
                    RefName::new(b"refs/heads/x").unwrap(),
                    RefName::new(b"refs/tags/v1").unwrap(),
                ],
                more_refs: 3,
                tip: Some(true),
                kept_by: None,
            },
            paths: vec![RepoPath::new(b"b.py"), RepoPath::new(b"src/a.py")],
            more_paths: 0,
            blobs: Vec::new(),
        })),
        decoded: vec!["base64"],
    };
    leak.refs = vec![RefName::new(b"refs/heads/x").unwrap()];
    leak.secret = Some(FoundSecret {
        secret: Secret::new(token().as_bytes()),
        valid: Validity::Yes,
        identity: Some("octo".to_owned()),
        public: None,
        signals: Vec::new(),
    });
    leak
}

pub(super) fn rejected() -> Verdict {
    let mut force = finding("refs", "force", Level::Deny);
    force.message = "Only @admins may rewrite refs/heads/main.".to_owned();
    force.help = "Push without --force.".to_owned();
    force.place = place(PlaceKind::Ref);
    force.place.refname = Some(RefName::new(b"refs/heads/main").unwrap());
    force.refs = vec![RefName::new(b"refs/heads/main").unwrap()];
    let env = |path: &[u8], level| {
        let mut env = finding("env-files", "env-file", level);
        env.message = "An env file comes in.".to_owned();
        env.place.path = Some(RepoPath::new(path));
        env
    };
    Verdict {
        rules: std::collections::BTreeSet::new(),
        findings: vec![leak(), force, env(b"\xff.env", Level::Warn)],
        used: Vec::new(),
        approved: Vec::new(),
        leave: Vec::new(),
        suppressed: vec![Suppressed {
            finding: env(b"old/.env", Level::Deny),
            by: SuppressedBy::Baseline,
            reason: "known".to_owned(),
        }],
        unread: vec![Unread {
            what: oid(0x33).to_string(),
            why: "the object is missing".to_owned(),
        }],
        withheld: Vec::new(),
        stale: Vec::new(),
        coverage: Coverage {
            blobs: 3,
            bytes: 12_345,
            scanned: 10_000,
            commits: 1,
            trees: 4,
            tags: 0,
            refs: 2,
            files: 3,
            skipped: 0,
            seconds: 0.004,
        },
    }
}

/// A verdict whose every string holds secrets, controls and bidirectional overrides, and its secrets.
pub(super) fn hostile(seed: u64) -> (Verdict, Vec<String>) {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % (below as u64)).unwrap()
    };
    const ALPHABET: &[char] = &[
        'a', 'Z', '7', '_', '-', '/', '+', '=', ' ', '\n', '\x1b', 'é', '\u{202e}', '"', '\\',
        '\x7f', '\u{9b}',
    ];
    let mut secrets = Vec::new();
    let mut findings = Vec::new();
    let count = 1 + next(3) + if seed.is_multiple_of(10) { 60 } else { 0 };
    for _ in 0..count {
        let length = 8 + next(40);
        let mut secret = String::from("q");
        secret.extend((0..length).map(|_| ALPHABET[next(ALPHABET.len())]));
        secret.push_str("9x9x");
        let noisy = format!("\x1b[2J\u{202e}{secret}\r\x07{secret}\n\u{9b}31m");
        let mut entry = finding("secrets", "made-up", [Level::Deny, Level::Warn][next(2)]);
        entry.message = noisy.clone();
        entry.help = format!("{noisy}\n{}", crate::git::escape(secret.as_bytes()));
        entry.allow = format!("{noisy}\n$ {secret}");
        entry.place.path = Some(RepoPath::new(&[noisy.as_bytes(), b"\xff"].concat()));
        entry.place.author = Some(noisy.clone());
        entry.place.date = Some(noisy.clone());
        entry.place.kind = [
            PlaceKind::File,
            PlaceKind::Message,
            PlaceKind::Tag,
            PlaceKind::Commit,
        ][next(4)];
        entry.place.refname = RefName::new(format!("refs/heads/{secret}").as_bytes()).ok();
        entry.place.spread = Some(Box::new(Spread {
            now: Whereabouts {
                refs: entry.place.refname.iter().cloned().collect(),
                kept_by: Some(KeptBy::Stash),
                ..Whereabouts::default()
            },
            paths: entry.place.path.iter().cloned().collect(),
            more_paths: 7,
            blobs: Vec::new(),
        }));
        entry.refs = entry.place.refname.iter().cloned().collect();
        entry.secret = Some(FoundSecret {
            secret: Secret::new(secret.as_bytes()),
            valid: Validity::Unknown,
            identity: Some(noisy),
            public: None,
            signals: Vec::new(),
        });
        secrets.push(secret);
        findings.push(entry);
    }
    let last = secrets[0].clone();
    let suppressed = findings
        .iter()
        .take(1)
        .map(|finding| Suppressed {
            finding: finding.clone(),
            by: SuppressedBy::Inline,
            reason: format!("\x1b{last}"),
        })
        .collect();
    let verdict = Verdict {
        rules: std::collections::BTreeSet::new(),
        findings,
        suppressed,
        used: Vec::new(),
        approved: Vec::new(),
        leave: RefName::new(format!("refs/heads/{last}").as_bytes())
            .map(|refname| Leave {
                refname,
                by: format!("\u{202e}{last}"),
                commands: vec![format!("run \x1b{last}")],
            })
            .into_iter()
            .collect(),
        unread: vec![Unread {
            what: format!("{last}\x1b"),
            why: format!("\u{202e}{last}"),
        }],
        withheld: Vec::new(),
        stale: vec![Stale {
            what: format!("{last}\x1b"),
            why: format!("\u{202e}{last}"),
        }],
        coverage: Coverage::default(),
    };
    (verdict, secrets)
}
