//! How long starting takes and how fast texts are scanned.
//!
//! `cargo bench --bench scan -- FILE...` scans the files given; without any, a text that this
//! program writes itself, in which no rule finds anything.
#![expect(clippy::print_stdout, reason = "it is what a bench is for")]

use portcullis::change::{Content, Fresh};
use portcullis::scan::{Scanner, Selection};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// The shortest time of several runs: what the machine can do when nothing else runs.
fn best(runs: usize, mut work: impl FnMut()) -> Duration {
    (0..runs)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .min()
        .unwrap_or_default()
}

fn source_like() -> Vec<u8> {
    let lines = [
        "    for (index, entry) in self.entries.iter().enumerate() {\n",
        "        let width = entry.columns.max(previous) + margin; // keeps the last column\n",
        "        if width > limit { return Err(Error::TooWide { index, width }); }\n",
        "    }\n\n",
    ];
    lines.concat().repeat(300).into_bytes()
}

fn main() {
    let start = best(50, || {
        black_box(Scanner::new(&Selection::default()));
    });
    println!("start: {start:?}");
    let scanner = Scanner::new(&Selection::default());
    let mut texts: Vec<(String, Vec<u8>)> = std::env::args()
        .skip(1)
        .filter(|name| !name.starts_with("--"))
        .filter_map(|name| std::fs::read(&name).ok().map(|bytes| (name, bytes)))
        .collect();
    if texts.is_empty() {
        texts.push(("source".into(), source_like()));
        texts.push((
            "one line of 3 MB".into(),
            "lorem+ipsum(dolor);".repeat(160_000).into_bytes(),
        ));
    }
    for (name, bytes) in texts {
        let content = Content {
            bytes: &bytes,
            fresh: &Fresh::All,
        };
        let mut found = 0;
        let time = best(20, || {
            found = black_box(scanner.scan(b"", content)).matches.len();
        });
        let speed = bytes.len() as f64 / time.as_secs_f64() / 1e6;
        println!(
            "{name}: {} bytes, {found} found, {time:?}, {speed:.0} MB/s",
            bytes.len()
        );
    }
}
