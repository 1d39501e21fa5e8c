//! Reads entries back, whatever later versions have added to them.

use crate::git::{Oid, RefName, escape};
use base64::Engine as _;
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{self, BufRead};

/// An entry as it stands in a log. What it says is to be believed as far as the log is.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The line itself, valid JSON.
    pub text: String,
    value: Value,
}

/// All entries of a file, and the numbers of the lines that are none.
///
/// # Errors
/// When the file cannot be read.
pub fn read(file: &mut dyn BufRead) -> io::Result<(Vec<Recorded>, Vec<usize>)> {
    let (mut entries, mut others) = (Vec::new(), Vec::new());
    for (at, line) in file.split(b'\n').enumerate() {
        match Recorded::parse(&line?) {
            Some(entry) => entries.push(entry),
            None => others.push(at + 1),
        }
    }
    Ok((entries, others))
}

impl Recorded {
    /// Of a line.
    #[must_use]
    pub fn parse(line: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(line).ok()?.trim().to_owned();
        let value: Value = serde_json::from_str(&text).ok()?;
        (value.is_object() && value.get("seq").is_some_and(Value::is_u64))
            .then_some(Self { text, value })
    }

    /// A text of it, escaped; empty where there is none.
    #[must_use]
    pub fn word(&self, key: &str) -> String {
        self.str(key)
            .map_or_else(String::new, |text| escape(text.as_bytes()))
    }

    /// Its number.
    #[must_use]
    pub fn seq(&self) -> u64 {
        let seq = self.value.get("seq").and_then(Value::as_u64);
        seq.unwrap_or_default()
    }

    /// Whether it says yes to a key.
    #[must_use]
    pub fn flag(&self, key: &str) -> bool {
        self.value
            .get(key)
            .and_then(Value::as_bool)
            .unwrap_or(false)
    }

    /// What happened: `judged`, `moved`, `withdrawn`, `rotated`.
    #[must_use]
    pub fn event(&self) -> &str {
        self.str("event").unwrap_or_default()
    }

    /// When.
    #[must_use]
    pub fn time(&self) -> Option<time::OffsetDateTime> {
        let format = &time::format_description::well_known::Rfc3339;
        time::OffsetDateTime::parse(self.str("time")?, format).ok()
    }

    /// The ref.
    #[must_use]
    pub fn refname(&self) -> Option<RefName> {
        RefName::new(&self.bytes("ref")?).ok()
    }

    /// The name that was asked for, be it that of a ref or not.
    #[must_use]
    pub fn asked_name(&self) -> Option<Vec<u8>> {
        self.bytes("ref")
    }

    /// Who pushed; none where nobody could be identified.
    #[must_use]
    pub fn pusher(&self) -> Option<Vec<u8>> {
        self.bytes("pusher")
    }

    /// The object id at a key. The outer one is none where the key holds anything else, the inner
    /// one where it says that there is no object.
    #[must_use]
    pub fn oid(&self, key: &str) -> Option<Option<Oid>> {
        match self.value.get(key)? {
            Value::Null => Some(None),
            Value::String(hex) => Oid::parse(hex.as_bytes()).ok(),
            _ => None,
        }
    }

    /// The checks of its findings that block, each once, escaped.
    #[must_use]
    pub fn checks(&self) -> Vec<String> {
        let denied = self
            .list("findings")
            .filter(|finding| finding.get("level").is_none_or(|level| level == "deny"));
        let checks = denied.filter_map(|finding| finding.get("check")?.as_str());
        let mut checks: Vec<String> = checks.map(|check| escape(check.as_bytes())).collect();
        checks.sort();
        checks.dedup();
        checks
    }

    /// The tokens that it relied upon, one `refs/freeze bypassed by carol: the pipeline is down` each,
    /// escaped.
    #[must_use]
    pub fn relied(&self) -> Vec<String> {
        let told = self.list("used").map(|used| {
            let (by, reason) = (text(used, "by"), text(used, "reason"));
            let did = match &text(used, "kind")[..] {
                "bypass" => format!("{}bypassed", self.bypassed(&text(used, "id"))),
                "confirm" => "confirmed".to_owned(),
                // Of a later version.
                other => other.to_owned(),
            };
            match &reason[..] {
                "" => format!("{did} by {by}"),
                reason => format!("{did} by {by}: {reason}"),
            }
        });
        told.collect()
    }

    /// The approvals that it relied upon, one `approved by alice: looks right` each, escaped; an
    /// approval of several commits is one.
    #[must_use]
    pub fn approved(&self) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for approval in self.list("approvals") {
            let unsigned = match approval.get("key") {
                Some(Value::String(_)) => "",
                Some(_) | None => " (a trailer)",
            };
            let told = format!("approved by {}{unsigned}", text(approval, "by"));
            let told = match &text(approval, "reason")[..] {
                "" => told,
                reason => format!("{told}: {reason}"),
            };
            if !all.contains(&told) {
                all.push(told);
            }
        }
        all
    }

    /// Whether a token that it relied upon let this finding of a check pass.
    #[must_use]
    pub fn let_pass(&self, check: &str, fingerprint: &str) -> bool {
        let by = |entry: &&Value| ["bypass", "confirm"].contains(&&text(entry, "by")[..]);
        let is = |entry: &Value| {
            text(entry, "check") == check && text(entry, "fingerprint") == fingerprint
        };
        self.list("suppressed").filter(by).any(is)
    }

    /// What one token let pass: `refs/freeze, secrets/x `.
    fn bypassed(&self, id: &str) -> String {
        // As a report names it; see `Used::shown`.
        let id: String = id.chars().take(8).collect();
        let token = format!(", token {id}");
        let by = self.list("suppressed").filter(|entry| {
            text(entry, "by") == "bypass"
                && !id.is_empty()
                && text(entry, "reason").contains(&token)
        });
        let checks: BTreeSet<String> = by.map(|entry| text(entry, "check")).collect();
        let checks: Vec<String> = checks.into_iter().collect();
        match &checks[..] {
            [] => String::new(),
            checks => format!("{} ", checks.join(", ")),
        }
    }

    fn list(&self, key: &str) -> impl Iterator<Item = &Value> {
        self.value
            .get(key)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
    }

    fn str(&self, key: &str) -> Option<&str> {
        self.value.get(key)?.as_str()
    }

    /// The exact bytes where they are given, else what is shown of them.
    fn bytes(&self, key: &str) -> Option<Vec<u8>> {
        match self.str(&format!("{key}_base64")) {
            Some(exact) => base64::engine::general_purpose::STANDARD.decode(exact).ok(),
            None => Some(self.str(key)?.as_bytes().to_vec()),
        }
    }
}

/// A text of an object, escaped; empty where there is none.
fn text(of: &Value, key: &str) -> String {
    let text = of.get(key).and_then(Value::as_str).unwrap_or_default();
    escape(text.as_bytes())
}
