//! `[[secrets.allow]]`: secrets that are allowed all the same, each entry with a reason and a day.

use super::parsed::{Day, Parsed, table, unwrap_all};
use super::path_patterns::{PathPattern, PathPatterns};
use crate::finding::Finding;
use crate::git::{RepoPath, counted};
use crate::scan::Secret;
use serde::Deserialize;
use serde::de::Deserializer;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// `[[secrets.allow]]`: a secret that all given keys describe is allowed.
#[derive(Clone, Debug)]
pub struct Allow {
    paths: Option<PathPatterns>,
    rules: Option<Vec<String>>,
    values: Option<Vec<ValueDigest>>,
    /// Why, as it was written; may be empty. Not escaped.
    pub reason: String,
    /// From the beginning of that day on, UTC, the entry no longer holds.
    pub expires: Option<time::Date>,
    /// What it allows, as it was written, for people. Not escaped.
    pub shown: String,
    /// Whether something was left unread for its sake.
    excused: Arc<AtomicBool>,
}

impl Allow {
    /// Whether the entry describes a secret that a rule found at a path (none: in a message).
    #[must_use]
    pub fn covers(&self, path: Option<&RepoPath>, rule: &str, secret: &Secret) -> bool {
        self.paths
            .as_ref()
            .is_none_or(|paths| path.is_some_and(|path| paths.matches(path)))
            && self
                .rules
                .as_ref()
                .is_none_or(|rules| rules.iter().any(|id| id == rule))
            && self.values.as_ref().is_none_or(|values| {
                let digest = ValueDigest::of(secret);
                values.contains(&digest)
            })
    }

    /// Whether the entry describes the secret of a finding, where it was found.
    #[must_use]
    pub fn covers_finding(&self, finding: &Finding) -> bool {
        finding.secret.as_ref().is_some_and(|found| {
            let path = finding.place.path.as_ref();
            self.covers(path, finding.check.name, &found.secret)
        })
    }

    /// Whether the entry allows whatever a path may hold: it names paths and nothing else. It is
    /// remembered that it was of use.
    #[must_use]
    pub fn excuses_all_of(&self, path: Option<&RepoPath>) -> bool {
        let by_path = self.rules.is_none() && self.values.is_none();
        let excused = by_path
            && path
                .is_some_and(|path| self.paths.as_ref().is_some_and(|paths| paths.matches(path)));
        self.excused.fetch_or(excused, Ordering::Relaxed);
        excused
    }

    /// Whether [`Allow::excuses_all_of`] has ever said so.
    #[must_use]
    pub fn has_excused(&self) -> bool {
        self.excused.load(Ordering::Relaxed)
    }

    /// Whether the entry still holds on a day.
    #[must_use]
    pub fn holds_on(&self, today: time::Date) -> bool {
        self.expires.is_none_or(|expires| today < expires)
    }
}

#[derive(Deserialize)]
struct RawAllow {
    paths: Option<Vec<Parsed<PathPattern>>>,
    rules: Option<Vec<String>>,
    values: Option<Vec<Parsed<ValueDigest>>>,
    #[serde(default)]
    reason: String,
    expires: Option<Day>,
}

impl RawAllow {
    fn shown(&self) -> String {
        let mut parts = Vec::new();
        if let Some(paths) = &self.paths {
            let paths: Vec<String> = paths.iter().map(|path| path.0.to_string()).collect();
            parts.push(format!("paths {}", paths.join(", ")));
        }
        if let Some(rules) = &self.rules {
            parts.push(format!("rules {}", rules.join(", ")));
        }
        match self.values.as_deref() {
            None => {}
            Some(values) => parts.push(counted(values.len(), "value", "values")),
        }
        parts.join("; ")
    }
}

impl<'de> Deserialize<'de> for Allow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        table::<D, RawAllow, Self>(deserializer)
    }
}

impl TryFrom<RawAllow> for Allow {
    type Error = &'static str;

    fn try_from(raw: RawAllow) -> Result<Self, Self::Error> {
        // An empty list describes nothing, so it can only be a slip; no list at all would allow
        // every secret everywhere.
        let lengths = [
            raw.paths.as_ref().map(Vec::len),
            raw.rules.as_ref().map(Vec::len),
            raw.values.as_ref().map(Vec::len),
        ];
        if lengths.contains(&Some(0)) {
            return Err("an empty list allows nothing; remove the key or fill the list");
        }
        if lengths.iter().all(Option::is_none) {
            return Err("says what is allowed by none of \"paths\", \"rules\" and \"values\"");
        }
        let shown = raw.shown();
        Ok(Self {
            shown,
            excused: Arc::default(),
            paths: raw
                .paths
                .map(PathPatterns::try_from)
                .transpose()
                .map_err(|_| "the globs of \"paths\" are too large together")?,
            rules: raw.rules,
            values: raw.values.map(unwrap_all),
            reason: raw.reason,
            expires: raw.expires.map(|day| day.0),
        })
    }
}

/// The SHA-256 of an allowed secret, `sha256:` and 64 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueDigest([u8; 32]);

impl ValueDigest {
    /// Of the bytes of a secret.
    #[must_use]
    pub fn of(secret: &Secret) -> Self {
        use sha2::{Digest, Sha256};
        Self(Sha256::digest(secret.expose()).into())
    }
}

impl FromStr for ValueDigest {
    type Err = &'static str;

    // The text is not repeated in the error: someone may have written the secret itself.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const SHAPE: &str =
            "is not \"sha256:\" and 64 hexadecimal digits; never write the value itself";
        let hex = text.strip_prefix("sha256:").ok_or(SHAPE)?.as_bytes();
        let digit = |byte: u8| {
            char::from(byte)
                .to_digit(16)
                .and_then(|d| u8::try_from(d).ok())
        };
        let bytes: Option<Vec<u8>> = hex
            .chunks(2)
            .map(|pair| match pair {
                [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
                _ => None,
            })
            .collect();
        let bytes = bytes.and_then(|bytes| bytes.try_into().ok()).ok_or(SHAPE)?;
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn date(year: i32, month: u8, day: u8) -> time::Date {
        time::Date::from_calendar_date(year, time::Month::try_from(month).unwrap(), day).unwrap()
    }

    #[test]
    fn an_allowance_covers_what_all_its_keys_describe() {
        let secret = Secret::new(b"not really one");
        let other = Secret::new(b"another");
        let digest: String = ValueDigest::of(&secret)
            .0
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        let allow: Allow = toml::from_str(&format!(
            "paths = [\"t/**\"]\nrules = [\"r\"]\nvalues = [\"sha256:{digest}\"]\nexpires = 2027-01-01"
        ))
        .unwrap();
        let path = RepoPath::new(b"t/a");
        let elsewhere = RepoPath::new(b"u/a");
        assert!(allow.covers(Some(&path), "r", &secret));
        assert!(!allow.covers(Some(&elsewhere), "r", &secret));
        assert!(!allow.covers(None, "r", &secret));
        assert!(!allow.covers(Some(&path), "s", &secret));
        assert!(!allow.covers(Some(&path), "r", &other));
        assert!(allow.holds_on(date(2026, 12, 31)));
        assert!(!allow.holds_on(date(2027, 1, 1)));
    }

    #[test]
    fn an_allowance_says_what_it_allows() {
        for bad in [
            "",
            "reason = \"x\"",
            "paths = []",
            "rules = [\"r\"]\npaths = []",
            "paths = [\"[\"]",
            "rules = [\"r\"]\nexpires = \"2027-01-01\"",
            "rules = [\"r\"]\nexpires = 2027-01-01T00:00:00Z",
            "values = [\"sha256:00\"]",
        ] {
            assert!(toml::from_str::<Allow>(bad).is_err(), "{bad}");
        }
        let value = format!("plain{}", "text");
        let error = toml::from_str::<Allow>(&format!("values = [\"{value}\"]")).unwrap_err();
        assert!(!error.message().contains(&value));
    }
}
