//! Compiles `rules.toml` into a static table, so that starting the program parses nothing.

use regex_syntax::hir::{Class, Hir, HirKind};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::path::Path;

/// The file as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    rule: Vec<Row>,
}

/// One `[[rule]]`; what each key means stands at `scan::Rule`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: String,
    provider: String,
    title: String,
    opens: String,
    revoke: String,
    confidence: Confidence,
    #[serde(default)]
    keywords: Vec<String>,
    regex: Option<String>,
    proof: Option<String>,
    model: Option<Model>,
    #[serde(default = "one")]
    lines: usize,
    near: Option<Near>,
    min_entropy: Option<f64>,
    examples: Vec<String>,
    counterexamples: Vec<String>,
}

#[derive(Deserialize, Debug)]
#[serde(rename_all = "lowercase")]
enum Confidence {
    Low,
    Medium,
    High,
}

#[derive(Deserialize, Debug)]
#[serde(rename_all = "lowercase")]
enum Model {
    Basic,
    Encoded,
    Generic,
    Hash,
    Password,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Near {
    rule: String,
    lines: usize,
}

fn one() -> usize {
    1
}

/// No rule may reach further than this many bytes: windows on one-line files stay small.
const MAX_REACH: usize = 64 * 1024;

fn main() {
    println!("cargo::rerun-if-changed=rules.toml");
    println!("cargo::rerun-if-changed=build.rs");
    if let Err(message) = compile() {
        for line in message.lines() {
            println!("cargo::error=rules.toml: {line}");
        }
    }
}

fn compile() -> Result<(), String> {
    let text = std::fs::read_to_string("rules.toml").map_err(|error| error.to_string())?;
    let file: File = toml::from_str(&text).map_err(|error| error.to_string())?;
    let mut out = format!("static TABLE: [Rule; {}] = [\n", file.rule.len());
    for (index, row) in file.rule.iter().enumerate() {
        if index > 0 && file.rule[index - 1].id >= row.id {
            return Err(format!("{}: ids must be sorted and unique", row.id));
        }
        let named = |message| format!("{}: {message}", row.id);
        let reach = check(row, &file).map_err(named)?;
        let runs = row
            .regex
            .as_deref()
            .map_or(Ok(Vec::new()), runs)
            .map_err(named)?;
        write_row(&mut out, row, reach, &runs);
    }
    out.push_str("];\n");
    let digest: String = Sha256::digest(text.as_bytes())[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    writeln!(out, "const DIGEST: &str = {digest:?};").map_err(|error| error.to_string())?;
    let folder = std::env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?;
    std::fs::write(Path::new(&folder).join("rules.rs"), out).map_err(|error| error.to_string())
}

/// Holds a row to the rules of the table; its reach in bytes (0 without a regex).
fn check(row: &Row, file: &File) -> Result<usize, String> {
    let kebab = |id: &str| {
        !id.is_empty()
            && id
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    if !kebab(&row.id) {
        return Err("an id is lower-case kebab".into());
    }
    if row.keywords.is_empty() && row.near.is_none() {
        return Err("needs a keyword, or `near`".into());
    }
    for keyword in &row.keywords {
        if keyword.len() < 3
            || !keyword.is_ascii()
            || keyword.bytes().any(|b| b.is_ascii_uppercase())
        {
            return Err(format!(
                "keyword {keyword:?} must be lower-case ASCII of at least 3 bytes"
            ));
        }
    }
    if row.lines == 0 {
        return Err("`lines` is at least 1".into());
    }
    if row.proof.as_deref().is_some_and(|proof| !kebab(proof)) {
        return Err("`proof` names a row of PROOFS".into());
    }
    if row.examples.is_empty() || row.counterexamples.is_empty() {
        return Err("needs at least one example and one counterexample".into());
    }
    if let Some(near) = &row.near {
        match file.rule.iter().find(|other| other.id == near.rule) {
            None => return Err(format!("`near` names {}, which does not exist", near.rule)),
            Some(other) if other.near.is_some() => {
                return Err("`near` may not name a rule that has `near` itself".into());
            }
            Some(_) => {}
        }
        if row.regex.is_none() {
            return Err("`near` needs a regex".into());
        }
    }
    match &row.regex {
        None if row.model.is_none() => Err("needs a regex, or a model that finds by itself".into()),
        None => Ok(0),
        Some(regex) => reach(regex, row.lines),
    }
}

fn parse(regex: &str) -> Result<Hir, String> {
    regex_syntax::ParserBuilder::new()
        .unicode(false)
        .utf8(false)
        .multi_line(true)
        .build()
        .parse(regex)
        .map_err(|error| error.to_string())
}

/// A run of bytes of one class that stands in every match.
#[derive(Clone, PartialEq)]
struct Run {
    class: [u64; 4],
    length: u32,
}

impl Run {
    /// How many bits a text of random bytes would have to guess right.
    fn score(&self) -> u32 {
        let members: u32 = self.class.iter().map(|word| word.count_ones()).sum();
        self.length * (8 - members.max(1).ilog2().min(8))
    }

    /// A single letter, digit or blank stands in every text.
    fn is_common(&self) -> bool {
        let has = |byte: u8| self.class[usize::from(byte / 64)] >> (byte % 64) & 1 == 1;
        self.length < 4
            && (0..=255).any(|byte: u8| {
                byte.is_ascii_alphanumeric() && has(byte) || byte == b' ' && has(byte)
            })
    }
}

/// The runs by which most texts are told from a match without a regex: the three that say most.
fn runs(regex: &str) -> Result<Vec<Run>, String> {
    let mut runs = in_every_match(&parse(regex)?);
    runs.retain(|run| !run.is_common() && run.score() > 4);
    runs.sort_by_key(|run| std::cmp::Reverse(run.score()));
    runs.dedup();
    runs.truncate(3);
    Ok(runs)
}

fn in_every_match(hir: &Hir) -> Vec<Run> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Vec::new(),
        HirKind::Literal(literal) => literal
            .0
            .iter()
            .map(|byte| run_of(std::iter::once((*byte, *byte)), 1))
            .collect(),
        HirKind::Class(class) => vec![run_of(ranges(class), 1)],
        HirKind::Repetition(repetition) if repetition.min == 0 => Vec::new(),
        HirKind::Repetition(repetition) => match repetition.sub.kind() {
            HirKind::Class(class) => vec![run_of(ranges(class), repetition.min)],
            _ => in_every_match(&repetition.sub),
        },
        HirKind::Capture(capture) => in_every_match(&capture.sub),
        HirKind::Concat(parts) => parts.iter().flat_map(in_every_match).collect(),
        // One of the branches matches: what the best run of each has in common.
        HirKind::Alternation(branches) => branches
            .iter()
            .map(|branch| in_every_match(branch).into_iter().max_by_key(Run::score))
            .reduce(|one, other| {
                let (one, other) = (one?, other?);
                Some(Run {
                    class: std::array::from_fn(|word| one.class[word] | other.class[word]),
                    length: one.length.min(other.length),
                })
            })
            .flatten()
            .into_iter()
            .collect(),
    }
}

fn ranges(class: &Class) -> Vec<(u8, u8)> {
    match class {
        Class::Bytes(class) => class
            .iter()
            .map(|range| (range.start(), range.end()))
            .collect(),
        // Not with Unicode off; if ever, any byte could be meant.
        Class::Unicode(_) => vec![(0, 255)],
    }
}

fn run_of(ranges: impl IntoIterator<Item = (u8, u8)>, length: u32) -> Run {
    let mut class = [0; 4];
    for (first, last) in ranges {
        for byte in first..=last {
            class[usize::from(byte / 64)] |= 1 << (byte % 64);
        }
    }
    Run { class, length }
}

/// The greatest number of bytes a match can have. Rules of many lines need no bound of their own:
/// a counted repetition of thousands is slow to compile.
fn reach(regex: &str, lines: usize) -> Result<usize, String> {
    let hir = parse(regex)?;
    let looks = hir.properties().look_set();
    if looks.contains(regex_syntax::hir::Look::Start)
        || looks.contains(regex_syntax::hir::Look::End)
    {
        return Err(r"\A and \z see a window, not the text: use ^ and $".into());
    }
    match hir.properties().maximum_len() {
        Some(reach) if reach <= MAX_REACH => Ok(reach),
        Some(reach) => Err(format!(
            "a match may have {reach} bytes, more than {MAX_REACH}"
        )),
        None if lines > 1 => Ok(MAX_REACH),
        None => Err("bound every repetition: {0,80}, not * or +".into()),
    }
}

/// Writes one row as a Rust expression.
fn write_row(out: &mut String, row: &Row, reach: usize, runs: &[Run]) {
    let runs: String = runs
        .iter()
        .map(|run| format!("Run {{ class: {:?}, length: {} }}, ", run.class, run.length))
        .collect();
    let proof = row.proof.as_ref().map_or("None".into(), |name| {
        format!(
            "Some(&super::proof::{})",
            name.to_uppercase().replace('-', "_")
        )
    });
    let model = row
        .model
        .as_ref()
        .map_or("None".into(), |model| format!("Some(Model::{model:?})"));
    let near = row.near.as_ref().map_or("None".into(), |near| {
        format!(
            "Some(Near {{ rule: {:?}, lines: {} }})",
            near.rule, near.lines
        )
    });
    let _ = writeln!(
        out,
        "Rule {{ id: {:?}, provider: {:?}, title: {:?}, opens: {:?}, revoke: {:?}, \
         confidence: Confidence::{:?}, keywords: &{:?}, regex: {:?}, reach: {reach}, runs: &[{runs}], \
         proof: {proof}, model: {model}, lines: {}, near: {near}, min_entropy: {:?}, \
         examples: &{:?}, counterexamples: &{:?}, compiled: OnceLock::new() }},",
        row.id,
        row.provider,
        row.title,
        row.opens,
        row.revoke,
        row.confidence,
        row.keywords,
        row.regex,
        row.lines,
        row.min_entropy,
        row.examples,
        row.counterexamples,
    );
}
