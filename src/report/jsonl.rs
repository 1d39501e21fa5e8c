//! The report as JSON lines: one finding a line, then one line with all the rest.

use super::Options;
use super::json::{Head, Tail, findings};
use super::redact::Redactor;
use crate::policy::Verdict;
use serde::Serialize;
use std::io;

pub(super) fn write(
    verdict: &Verdict,
    options: &Options,
    redactor: &Redactor,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    for finding in findings(verdict, redactor) {
        serde_json::to_writer(&mut *out, &finding)?;
        out.write_all(b"\n")?;
    }
    let last = Last {
        summary: Summary {
            head: Head::of(verdict, options),
            tail: Tail::of(verdict, redactor),
        },
    };
    serde_json::to_writer(&mut *out, &last)?;
    out.write_all(b"\n")
}

#[derive(Serialize)]
struct Last<'a> {
    summary: Summary<'a>,
}

/// The object of the format `json` without its findings.
#[derive(Serialize)]
struct Summary<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    #[serde(flatten)]
    tail: Tail<'a>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::{Audience, Format, samples, write};
    use serde_json::Value;

    #[test]
    fn holds_what_json_holds_line_by_line() {
        let verdict = samples::rejected();
        let options = samples::options(Audience::Command);
        let (mut lines, mut whole) = (Vec::new(), Vec::new());
        write(Format::Jsonl, &verdict, &options, &mut lines).unwrap();
        write(Format::Json, &verdict, &options, &mut whole).unwrap();
        let lines: Vec<Value> = String::from_utf8(lines)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let mut whole: Value = serde_json::from_slice(&whole).unwrap();
        let findings = whole.as_object_mut().unwrap().remove("findings").unwrap();
        let (summary, rest) = lines.split_last().unwrap();
        assert_eq!(&Value::Array(rest.to_vec()), &findings);
        assert_eq!(summary["summary"], whole);
        assert_eq!(summary.as_object().unwrap().len(), 1);
    }
}
