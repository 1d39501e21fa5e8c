//! Compiles `rules.toml` into a static table, so that starting the program parses nothing.

#[path = "src/scan/compile.rs"]
#[allow(unreachable_pub, dead_code, reason = "the program reads more of it")]
mod compile;

use compile::{Checked, Partner, Row, Table};
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

/// Printed like `scan::Confidence`.
#[derive(Clone, Copy, Deserialize, Debug)]
#[serde(rename_all = "lowercase")]
enum Confidence {
    Low,
    Medium,
    High,
}

/// Printed like `scan::Model`.
#[derive(Clone, Copy, Deserialize, Debug)]
#[serde(rename_all = "lowercase")]
enum Model {
    Basic,
    Encoded,
    Generic,
    Hash,
    Password,
}

fn main() {
    println!("cargo::rerun-if-changed=rules.toml");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/scan/compile.rs");
    if let Err(message) = compile() {
        for line in message.lines() {
            println!("cargo::error=rules.toml: {line}");
        }
    }
}

fn compile() -> Result<(), String> {
    let text = std::fs::read_to_string("rules.toml").map_err(|error| error.to_string())?;
    let file: File = toml::from_str(&text).map_err(|error| error.to_string())?;
    let partner = |id: &str| match file.rule.iter().find(|row| row.id == id) {
        None => Partner::Unknown,
        Some(row) if row.near.is_some() => Partner::Bound,
        Some(_) => Partner::Free,
    };
    let mut out = format!("static TABLE: [Rule; {}] = [\n", file.rule.len());
    for (index, row) in file.rule.iter().enumerate() {
        if index > 0 && file.rule[index - 1].id >= row.id {
            return Err(format!("{}: ids must be sorted and unique", row.id));
        }
        let checked = compile::check(row, Table::BuiltIn, &partner)
            .map_err(|(key, why)| format!("{}: {key}: {why}", row.id))?;
        write_row(&mut out, row, &checked);
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

/// Writes one row as a Rust expression.
fn write_row(out: &mut String, row: &Row, checked: &Checked) {
    let reach = checked.reach;
    let runs: String = checked
        .runs
        .iter()
        .map(|run| format!("Run {{ class: {:?}, length: {} }}, ", run.class, run.length))
        .collect();
    let literals: String = checked
        .literals
        .iter()
        .map(|literal| format!("b\"{}\", ", literal.escape_ascii()))
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
        "Rule {{ origin: None, id: {:?}, provider: {:?}, title: {:?}, opens: {:?}, revoke: {:?}, \
         confidence: Confidence::{:?}, keywords: &{:?}, regex: {:?}, reach: {reach}, runs: &[{runs}], \
         proof: {proof}, model: {model}, lines: {}, anchor: {:?}, near: {near}, min_entropy: {:?}, \
         examples: &{:?}, counterexamples: &{:?}, bare: {}, literals: &[{literals}], foreign: None, compiled: OnceLock::new(), tiers: Tiers::new(), anchors: Tiers::new() }},",
        row.id,
        text(&row.provider),
        text(&row.title),
        text(&row.opens),
        text(&row.revoke),
        row.confidence.unwrap_or(Confidence::Low),
        row.keywords,
        row.regex,
        row.lines,
        row.anchor,
        row.min_entropy,
        row.examples,
        row.counterexamples,
        checked.bare,
    );
}

/// A key that the built-in table must have.
fn text(value: &Option<String>) -> &str {
    value.as_deref().unwrap_or_default()
}
