//! A JSON report, and what a scenario may ask of it.

use super::run::Transcript;
use serde_json::Value;
use std::collections::BTreeSet;

/// One report, version 1.
pub(crate) struct Report {
    pub(crate) value: Value,
    transcript: Transcript,
}

impl Report {
    pub(crate) fn new(value: Value, transcript: Transcript) -> Self {
        Self { value, transcript }
    }

    /// Every finding.
    pub(crate) fn findings(&self) -> &[Value] {
        self.value["findings"].as_array().map_or(&[], Vec::as_slice)
    }

    /// The findings of one check.
    pub(crate) fn by(&self, check: &str) -> Vec<&Value> {
        let is_it = |finding: &&Value| finding["check"] == check;
        self.findings().iter().filter(is_it).collect()
    }

    /// The one finding of this check at `PATH:LINE` or `PATH`.
    #[track_caller]
    pub(crate) fn one(&self, check: &str, place: &str) -> &Value {
        let here: Vec<_> = self
            .by(check)
            .into_iter()
            .filter(|finding| at(finding).iter().any(|known| known == place))
            .collect();
        match here[..] {
            [one] => one,
            _ => self.transcript.fail(&format!(
                "expected one {check} at {place}, got {} there; all: {:#?}",
                here.len(),
                self.places()
            )),
        }
    }

    /// Every finding as `CHECK PATH:LINE:COLUMN`.
    pub(crate) fn places(&self) -> BTreeSet<String> {
        self.findings()
            .iter()
            .map(|finding| {
                let place = at(finding).pop().unwrap_or_default();
                format!("{} {place}", text(&finding["check"]))
            })
            .collect()
    }

    /// There is no finding at all.
    #[track_caller]
    pub(crate) fn nothing(&self) -> &Self {
        if !self.findings().is_empty() {
            self.transcript.fail(&format!(
                "findings where there is nothing: {:#?}",
                self.places()
            ));
        }
        self
    }

    /// `accepted`, `rejected` or `undecided`.
    #[track_caller]
    pub(crate) fn outcome(&self, outcome: &str) -> &Self {
        if self.value["outcome"] != outcome {
            self.transcript.fail(&format!(
                "outcome is not {outcome}: {}",
                self.value["outcome"]
            ));
        }
        self
    }

    /// One number of the coverage.
    #[track_caller]
    pub(crate) fn covered(&self, what: &str) -> u64 {
        match self.value["coverage"][what].as_u64() {
            Some(number) => number,
            None => self
                .transcript
                .fail(&format!("coverage has no number {what:?}")),
        }
    }

    /// Ends the test with the transcript.
    #[track_caller]
    pub(crate) fn fail(&self, why: &str) -> ! {
        self.transcript.fail(&format!("{why}\n{:#}", self.value))
    }
}

/// A JSON string as it is, anything else as nothing.
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The names of a finding's place, from the shortest to the longest. What has no path goes by its
/// kind: `message:3`, `tag`.
fn at(finding: &Value) -> Vec<String> {
    let place = &finding["place"];
    let path = place["path"].as_str();
    let mut names = vec![path.unwrap_or(text(&place["kind"])).to_owned()];
    for part in ["line", "column"] {
        if let (Some(number), Some(name)) = (place[part].as_u64(), names.last()) {
            names.push(format!("{name}:{number}"));
        }
    }
    names
}
