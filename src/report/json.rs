//! The report as one JSON object, version 1.

use super::Options;
use super::redact::Redactor;
use crate::change::KeptBy;
use crate::finding::{Finding, FoundSecret, Level, Place, PlaceKind};
use crate::git::{RefName, RepoPath};
use crate::policy::approvals::Approved;
use crate::policy::settings::Mode;
use crate::policy::tokens::{Used, UsedKind};
use crate::policy::{Coverage, Outcome, Suppressed, SuppressedBy, Verdict};
use crate::scan::{Confidence, Validity};
use base64::Engine as _;
use serde::Serialize;
use std::io;

/// The version of the shape below; a key may be added without a new one, never removed or changed.
const VERSION: u32 = 1;

pub(super) fn write(
    verdict: &Verdict,
    options: &Options,
    redactor: &Redactor,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let report = Report {
        head: Head::of(verdict, options),
        findings: findings(verdict, redactor).collect(),
        tail: Tail::of(verdict, redactor),
    };
    serde_json::to_writer_pretty(&mut *out, &report)?;
    out.write_all(b"\n")
}

#[derive(Serialize)]
struct Report<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    findings: Vec<FindingOut<'a>>,
    #[serde(flatten)]
    tail: Tail<'a>,
}

/// What stands before the findings.
#[derive(Serialize)]
pub(super) struct Head<'a> {
    version: u32,
    tool: Tool<'a>,
    outcome: Outcome,
    /// `evaluate` where the outcome is not held.
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<&'static str>,
}

impl<'a> Head<'a> {
    pub(super) fn of(verdict: &Verdict, options: &'a Options) -> Self {
        Self {
            version: VERSION,
            tool: Tool {
                name: env!("CARGO_PKG_NAME"),
                version: env!("CARGO_PKG_VERSION"),
                rules: &options.rules_digest,
            },
            outcome: verdict.outcome(),
            mode: match options.mode {
                Mode::Enforce => None,
                Mode::Evaluate => Some("evaluate"),
            },
        }
    }
}

#[derive(Serialize)]
struct Tool<'a> {
    name: &'static str,
    version: &'static str,
    rules: &'a str,
}

/// What stands behind the findings.
#[derive(Serialize)]
pub(super) struct Tail<'a> {
    suppressed: Vec<SuppressedOut<'a>>,
    /// Tokens that the verdict relies upon; absent where there is none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tokens: Vec<TokenOut<'a>>,
    /// Approvals that it relies upon; absent where there is none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    approvals: Vec<ApprovalOut<'a>>,
    unread: Vec<UnreadOut>,
    /// Suppressions that do nothing any more; absent where there is none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stale: Vec<UnreadOut>,
    coverage: Coverage,
}

impl<'a> Tail<'a> {
    pub(super) fn of(verdict: &'a Verdict, redactor: &Redactor) -> Self {
        Self {
            suppressed: verdict
                .suppressed
                .iter()
                .map(|entry| suppressed(entry, redactor))
                .collect(),
            tokens: verdict
                .used
                .iter()
                .map(|used| token(used, redactor))
                .collect(),
            approvals: verdict
                .approved
                .iter()
                .map(|approved| approval(approved, redactor))
                .collect(),
            unread: verdict
                .unread
                .iter()
                .map(|entry| UnreadOut {
                    what: redactor.text(entry.what.as_bytes()),
                    why: redactor.lines(&entry.why),
                })
                .collect(),
            stale: verdict
                .stale
                .iter()
                .map(|entry| UnreadOut {
                    what: redactor.text(entry.what.as_bytes()),
                    why: redactor.lines(&entry.why),
                })
                .collect(),
            coverage: verdict.coverage,
        }
    }
}

#[derive(Serialize)]
struct SuppressedOut<'a> {
    #[serde(flatten)]
    finding: FindingOut<'a>,
    by: SuppressedBy,
    reason: String,
}

fn suppressed<'a>(entry: &'a Suppressed, redactor: &Redactor) -> SuppressedOut<'a> {
    SuppressedOut {
        finding: finding(&entry.finding, redactor),
        by: entry.by,
        reason: redactor.lines(&entry.reason),
    }
}

#[derive(Serialize)]
struct TokenOut<'a> {
    id: &'a str,
    kind: UsedKind,
    by: String,
    key: &'a str,
    #[serde(rename = "ref")]
    refname: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new: Option<String>,
    reason: String,
    expires: &'a str,
}

fn token<'a>(used: &'a Used, redactor: &Redactor) -> TokenOut<'a> {
    TokenOut {
        id: &used.id,
        kind: used.kind,
        by: redactor.lines(&used.by),
        key: &used.key,
        refname: redactor.text(used.refname.as_bytes()),
        old: used.old.map(|oid| oid.to_string()),
        new: used.new.map(|oid| oid.to_string()),
        reason: redactor.lines(&used.reason),
        expires: &used.expires,
    }
}

#[derive(Serialize)]
struct ApprovalOut<'a> {
    by: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    #[serde(rename = "ref")]
    refname: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    approval: Option<String>,
    commit: String,
    reason: String,
}

fn approval<'a>(approved: &'a Approved, redactor: &Redactor) -> ApprovalOut<'a> {
    ApprovalOut {
        by: redactor.lines(&approved.by),
        key: approved.key.as_deref(),
        refname: redactor.text(approved.refname.as_bytes()),
        approval: approved.approval.as_ref().map(ToString::to_string),
        commit: approved.commit.to_string(),
        reason: redactor.lines(&approved.reason),
    }
}

#[derive(Serialize)]
struct UnreadOut {
    what: String,
    why: String,
}

/// One finding as it is written.
#[derive(Serialize)]
pub(super) struct FindingOut<'a> {
    check: String,
    level: Level,
    confidence: Confidence,
    message: String,
    help: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    allow: String,
    fingerprint: &'a str,
    place: PlaceOut<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<SecretOut>,
}

/// The findings of a verdict as they are written.
pub(super) fn findings<'a>(
    verdict: &'a Verdict,
    redactor: &'a Redactor,
) -> impl Iterator<Item = FindingOut<'a>> {
    verdict
        .findings
        .iter()
        .map(|entry| finding(entry, redactor))
}

fn finding<'a>(finding: &'a Finding, redactor: &Redactor) -> FindingOut<'a> {
    FindingOut {
        check: finding.check.to_string(),
        level: finding.level,
        confidence: finding.confidence,
        message: redactor.lines(&finding.message),
        help: redactor.lines(&finding.help),
        allow: redactor.lines(&finding.allow),
        fingerprint: finding.fingerprint.as_str(),
        place: place(&finding.place, redactor),
        secret: finding.secret.as_ref().map(|found| secret(found, redactor)),
    }
}

#[derive(Serialize)]
struct SecretOut {
    redacted: String,
    length: usize,
    valid: Validity,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    clear: Option<String>,
}

fn secret(found: &FoundSecret, redactor: &Redactor) -> SecretOut {
    SecretOut {
        redacted: found.redacted(),
        length: found.secret.length(),
        valid: found.valid,
        identity: found
            .identity
            .as_ref()
            .map(|identity| redactor.text(identity.as_bytes())),
        clear: redactor.clear(found),
    }
}

#[derive(Serialize)]
struct PlaceOut<'a> {
    kind: PlaceKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_base64: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_column: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blob: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<String>,
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    refname: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reachable: Option<bool>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    spread: Option<SpreadOut>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    decoded: &'a [&'static str],
}

/// Where else it is.
#[derive(Serialize)]
struct SpreadOut {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    refs: Vec<String>,
    #[serde(skip_serializing_if = "is_zero")]
    more_refs: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    tip: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kept_by: Option<KeptBy>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    paths: Vec<String>,
    #[serde(skip_serializing_if = "is_zero")]
    more_paths: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

fn shown<'a>(texts: impl Iterator<Item = &'a [u8]>, redactor: &Redactor) -> Vec<String> {
    texts.map(|text| redactor.text(text)).collect()
}

fn place<'a>(place: &'a Place, redactor: &Redactor) -> PlaceOut<'a> {
    let path = place.path.as_ref().map(|path| path.as_bytes());
    // Exact bytes wherever `path` does not show them as they are, but never a secret.
    let exact = path.filter(|path| {
        std::str::from_utf8(path).map_or(true, |text| text != crate::git::escape(path))
    });
    PlaceOut {
        kind: place.kind,
        path: path.map(|path| redactor.text(path)),
        path_base64: exact
            .map(|path| base64::engine::general_purpose::STANDARD.encode(redactor.bytes(path))),
        line: place.text.map(|text| text.line),
        column: place.text.map(|text| text.column),
        end_line: place.text.map(|text| text.end_line),
        end_column: place.text.map(|text| text.end_column),
        blob: place.blob.map(|oid| oid.to_string()),
        commit: place.commit.map(|oid| oid.to_string()),
        refname: place
            .refname
            .as_ref()
            .map(|name| redactor.text(name.as_bytes())),
        author: place
            .author
            .as_ref()
            .map(|author| redactor.text(author.as_bytes())),
        date: place
            .date
            .as_ref()
            .map(|date| redactor.text(date.as_bytes())),
        reachable: place.reachable,
        spread: place.spread.as_ref().map(|spread| SpreadOut {
            refs: shown(spread.now.refs.iter().map(RefName::as_bytes), redactor),
            more_refs: spread.now.more_refs,
            tip: spread.now.tip,
            kept_by: spread.now.kept_by,
            paths: shown(spread.paths.iter().map(RepoPath::as_bytes), redactor),
            more_paths: spread.more_paths,
        }),
        decoded: &place.decoded,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::{Audience, Format, Secrets, samples};
    use super::*;
    use serde_json::{Value, json};

    fn report(verdict: &Verdict, options: &Options) -> Value {
        let mut out = Vec::new();
        super::super::write(Format::Json, verdict, options, &mut out).unwrap();
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn is_the_shape_that_the_contract_fixes() {
        let verdict = samples::rejected();
        let value = report(&verdict, &samples::options(Audience::Command));
        let fingerprint = |index: usize| verdict.findings[index].fingerprint.as_str();
        let expected = json!({
            "version": 1,
            "tool": { "name": "portcullis", "version": env!("CARGO_PKG_VERSION"), "rules": "0a1b2c" },
            "outcome": "rejected",
            "findings": [
                {
                    "check": "secrets/github-personal-access-token",
                    "level": "deny", "confidence": "high",
                    "message": "A GitHub personal access token stands in this file.",
                    "help": "Revoke it at https://github.com/settings/tokens\nTake it out of the file.",
                    "allow": "end that line with the comment portcullis:allow(x) REASON",
                    "fingerprint": fingerprint(0),
                    "place": {
                        "kind": "file", "path": "src/a.py",
                        "line": 3, "column": 9, "end_line": 3, "end_column": 49,
                        "blob": "11".repeat(20), "commit": "22".repeat(20),
                        "ref": "refs/heads/x", "author": "Alice <alice@example.com>",
                        "date": "2026-01-02T03:04:05Z", "reachable": true,
                        "refs": ["refs/heads/x", "refs/tags/v1"], "more_refs": 3, "tip": true,
                        "paths": ["b.py", "src/a.py"], "decoded": ["base64"]
                    },
                    "secret": {
                        "redacted": "ghp_…", "length": 40, "valid": "yes", "identity": "octo"
                    }
                },
                {
                    "check": "refs/force", "level": "deny", "confidence": "high",
                    "message": "Only @admins may rewrite refs/heads/main.",
                    "help": "Push without --force.",
                    "fingerprint": fingerprint(1),
                    "place": { "kind": "ref", "ref": "refs/heads/main" }
                },
                {
                    "check": "env-files/env-file", "level": "warn", "confidence": "high",
                    "message": "An env file comes in.", "help": "",
                    "fingerprint": fingerprint(2),
                    "place": {
                        "kind": "file", "path": "\\xff.env", "path_base64": "/y5lbnY="
                    }
                }
            ],
            "suppressed": [ {
                "check": "env-files/env-file", "level": "deny", "confidence": "high",
                "message": "An env file comes in.", "help": "",
                "fingerprint": verdict.suppressed[0].finding.fingerprint.as_str(),
                "place": { "kind": "file", "path": "old/.env" },
                "by": "baseline", "reason": "known"
            } ],
            "unread": [ { "what": "33".repeat(20), "why": "the object is missing" } ],
            "coverage": {
                "blobs": 3, "bytes": 12_345, "scanned": 10_000, "commits": 1, "trees": 4, "tags": 0,
                "refs": 2, "files": 3, "skipped": 0, "seconds": 0.004
            }
        });
        assert_eq!(value, expected);
    }

    #[test]
    fn shows_a_secret_only_where_that_is_asked_for() {
        let mut options = samples::options(Audience::Command);
        options.show_secrets = Secrets::Shown;
        options.mode = Mode::Evaluate;
        let value = report(&samples::rejected(), &options);
        assert_eq!(value["findings"][0]["secret"]["clear"], samples::token());
        assert_eq!(value["mode"], "evaluate");
    }

    #[test]
    fn an_empty_verdict_has_every_list() {
        let value = report(&Verdict::default(), &samples::options(Audience::Command));
        assert_eq!(value["outcome"], "accepted");
        for list in ["findings", "suppressed", "unread"] {
            assert_eq!(value[list], json!([]));
        }
    }
}
