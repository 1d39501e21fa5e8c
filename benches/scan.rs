//! How long starting takes and how fast texts are scanned.
//!
//! `cargo bench --bench scan -- FILE...` scans the files given; without any, a text that this
//! program writes itself, in which no rule finds anything. A folder stands for all files below it,
//! which are then shown together, stage by stage.
#![expect(clippy::print_stdout, reason = "it is what a bench is for")]

use portcullis::change::{Content, Fresh};
use portcullis::scan::{Scanner, Selection, Stage};
use std::hint::black_box;
use std::path::{Path, PathBuf};
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

/// All files below a folder.
fn below(folder: &Path, files: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => below(&entry.path(), files),
            Ok(kind) if kind.is_file() => files.push(entry.path()),
            Ok(_) | Err(_) => {}
        }
    }
}

/// How often each text of a folder is scanned.
const RUNS: usize = 5;

/// What each stage costs over all files below a folder.
fn table(scanner: &Scanner, folder: &Path) {
    let mut files = Vec::new();
    below(folder, &mut files);
    let texts: Vec<Vec<u8>> = files
        .iter()
        .filter_map(|file| std::fs::read(file).ok())
        .collect();
    let bytes: usize = texts.iter().map(Vec::len).sum();
    // Of each text the best of some runs, so that whatever else the machine does stays out of it.
    let mut whole = Duration::ZERO;
    let mut stages: Vec<Stage> = Vec::new();
    for bytes in &texts {
        let fresh = &Fresh::All;
        whole += best(RUNS, || {
            black_box(scanner.scan(b"", Content { bytes, fresh }));
        });
        let mut least = scanner.stages(bytes);
        for _ in 1..RUNS {
            for (least, stage) in least.iter_mut().zip(scanner.stages(bytes)) {
                least.1 = least.1.min(stage.1);
            }
        }
        stages.resize(least.len(), ("", Duration::ZERO));
        for (sum, (name, time)) in stages.iter_mut().zip(least) {
            *sum = (name, sum.1 + time);
        }
    }
    let speed = |time: Duration| bytes as f64 / time.as_secs_f64() / 1e6;
    println!("{}: {} files, {bytes} bytes", folder.display(), texts.len());
    for (name, time) in stages {
        println!("  {name:10} {time:>12.2?} {:>8.0} MB/s", speed(time));
    }
    println!("  {:10} {whole:>12.2?} {:>8.0} MB/s", "all", speed(whole));
}

fn main() {
    let start = best(50, || {
        black_box(Scanner::new(&Selection::default()));
    });
    println!("start: {start:?}");
    let scanner = Scanner::new(&Selection::default());
    let folders: Vec<PathBuf> = std::env::args()
        .skip(1)
        .map(PathBuf::from)
        .filter(|path| path.is_dir())
        .collect();
    for folder in &folders {
        table(&scanner, folder);
    }
    let mut texts: Vec<(String, Vec<u8>)> = std::env::args()
        .skip(1)
        .filter(|name| !name.starts_with("--"))
        .filter_map(|name| std::fs::read(&name).ok().map(|bytes| (name, bytes)))
        .collect();
    if texts.is_empty() && folders.is_empty() {
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
