//! How often each class of confidence is right, against labels.
//!
//! `cargo bench --bench accuracy -- REPORT LABELS`: REPORT is what `portcullis scan --format jsonl`
//! wrote, LABELS holds lines such as `{"path": "a/b.py", "line": 3, "end_line": 3, "label": "T"}`,
//! `T` for a secret and anything else for none. Paths are compared by their end, so that the report
//! may have been made in another folder. A finding without a line is left out; one on a line that
//! nobody labelled is counted apart.
#![expect(clippy::print_stdout, reason = "it is what a bench is for")]

use serde_json::Value;
use std::collections::{BTreeMap, HashMap};

#[derive(Default)]
struct Class {
    right: u32,
    wrong: u32,
    unlabelled: u32,
}

impl Class {
    /// The share of right ones among the labelled, with the bounds of Wilson's interval at 95 %.
    fn share(&self) -> Option<(f64, f64, f64)> {
        const Z: f64 = 1.96;
        let (right, all) = (f64::from(self.right), f64::from(self.right + self.wrong));
        if all == 0.0 {
            return None;
        }
        let share = right / all;
        let middle = (share + Z * Z / (2.0 * all)) / (1.0 + Z * Z / all);
        let spread = Z / (1.0 + Z * Z / all)
            * (share * (1.0 - share) / all + Z * Z / (4.0 * all * all)).sqrt();
        Some((share, middle - spread, middle + spread))
    }
}

fn objects(file: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let parsed = text.lines().map(serde_json::from_str);
    parsed.filter_map(Result::ok).collect()
}

fn lines(value: &Value) -> Option<(u64, u64)> {
    let first = value["line"].as_u64()?;
    Some((first, value["end_line"].as_u64().unwrap_or(first)))
}

/// The last two parts of a path.
fn tail(path: &str) -> String {
    let parts: Vec<&str> = path.rsplitn(3, '/').take(2).collect();
    parts.join("/")
}

fn main() {
    let mut files = std::env::args()
        .skip(1)
        .filter(|arg| !arg.starts_with("--"));
    let (Some(report), Some(labels)) = (files.next(), files.next()) else {
        println!("accuracy: name a report and a file of labels");
        return;
    };
    let mut known: HashMap<String, Vec<(u64, u64, bool)>> = HashMap::new();
    for label in objects(&labels) {
        if let (Some(path), Some((first, last))) = (label["path"].as_str(), lines(&label)) {
            let entry = (first, last, label["label"] == "T");
            known.entry(tail(path)).or_default().push(entry);
        }
    }
    let mut classes: BTreeMap<String, Class> = BTreeMap::new();
    for finding in objects(&report) {
        let (place, secret) = (&finding["place"], &finding["secret"]);
        let (Some(path), Some((first, last))) = (place["path"].as_str(), lines(place)) else {
            continue;
        };
        let here = known.get(&tail(path)).map_or(&[][..], Vec::as_slice);
        let mut touched = here
            .iter()
            .filter(|(from, to, _)| *from <= last && *to >= first)
            .peekable();
        let name = |key: &str, value: &Value| format!("{key} {}", value.as_str().unwrap_or("none"));
        let of = [
            name("level", &finding["level"]),
            name("confidence", &finding["confidence"]),
            name("proof", &secret["valid"]),
        ];
        let unlabelled = touched.peek().is_none();
        let right = touched.any(|(_, _, is_secret)| *is_secret);
        for name in of {
            let class = classes.entry(name).or_default();
            match (unlabelled, right) {
                (true, _) => class.unlabelled += 1,
                (false, true) => class.right += 1,
                (false, false) => class.wrong += 1,
            }
        }
    }
    println!("| class | right | wrong | unlabelled | right of the labelled |");
    println!("|---|---|---|---|---|");
    for (name, class) in &classes {
        let share = class
            .share()
            .map_or_else(String::new, |(share, low, high)| {
                format!("{share:.3} ({low:.3} to {high:.3})")
            });
        let Class {
            right,
            wrong,
            unlabelled,
        } = class;
        println!("| {name} | {right} | {wrong} | {unlabelled} | {share} |");
    }
}
