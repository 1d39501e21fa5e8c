//! What a rule must be, asked of `rules.toml` by `build.rs`, which includes this file, and of rule
//! files when the program runs.

// The names of the parent: the program's types, or in `build.rs` types that are printed like them.
use super::{Confidence, Model};
use regex_syntax::hir::{Class, Hir, HirKind};
use serde::Deserialize;

/// One `[[rule]]` as written; what each key means stands at `scan::Rule`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "documented at the type that is made of it")]
pub struct Row {
    pub id: String,
    pub provider: Option<String>,
    pub title: Option<String>,
    pub opens: Option<String>,
    pub revoke: Option<String>,
    pub confidence: Option<Confidence>,
    #[serde(default)]
    pub keywords: Vec<String>,
    pub regex: Option<String>,
    pub proof: Option<String>,
    pub model: Option<Model>,
    #[serde(default = "one")]
    pub lines: usize,
    pub anchor: Option<String>,
    pub near: Option<Beside>,
    pub min_entropy: Option<f64>,
    #[serde(default)]
    pub examples: Vec<String>,
    #[serde(default)]
    pub counterexamples: Vec<String>,
}

/// `near` as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "documented at the type that is made of it")]
pub struct Beside {
    pub rule: String,
    pub lines: usize,
}

fn one() -> usize {
    1
}

/// What the table knows of a rule that another one names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Partner {
    /// There is no such rule.
    Unknown,
    /// It counts by itself.
    Free,
    /// It has a `near` of its own.
    Bound,
}

/// Whose a rule is, and so what it must say of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// The built-in table: every key that people read, examples that are its tests, and a keyword.
    BuiltIn,
    /// A rule file: what is not said gets a default, and a rule without keyword is looked for
    /// everywhere, which is slow.
    Own,
}

/// No rule may reach further than this many bytes: windows on one-line files stay small.
const MAX_REACH: usize = 64 * 1024;

/// What a row comes to.
#[derive(Debug)]
pub struct Checked {
    /// The greatest number of bytes a match can have; 0 without a regex.
    pub reach: usize,
    /// The runs by which most texts are told from a match without the regex.
    pub runs: Vec<Run>,
    /// Texts that stand in every match, in this case.
    pub literals: Vec<Vec<u8>>,
    /// Whether a match is the secret and nothing else.
    pub bare: bool,
}

/// Holds a row to the rules of its table.
///
/// # Errors
/// The key that is wrong (`""` for the rule as a whole) and why.
pub fn check(
    row: &Row,
    table: Table,
    partner: &dyn Fn(&str) -> Partner,
) -> Result<Checked, (&'static str, String)> {
    if !is_kebab(&row.id) {
        return Err(("id", "is not lower-case letters, digits and hyphens".into()));
    }
    if table == Table::BuiltIn {
        complete(row)?;
    }
    for keyword in &row.keywords {
        if keyword.len() < 3
            || !keyword.is_ascii()
            || keyword.bytes().any(|b| b.is_ascii_uppercase())
        {
            let why = format!("{keyword:?} is not lower-case ASCII of at least 3 bytes");
            return Err(("keywords", why));
        }
    }
    if row.lines == 0 {
        return Err(("lines", "is at least 1".into()));
    }
    if let Some(anchor) = &row.anchor {
        parse(anchor).map_err(|why| ("anchor", why))?;
        if row.regex.is_none() || row.keywords.is_empty() {
            return Err(("anchor", "needs a regex and keywords".into()));
        }
    }
    if row.proof.as_deref().is_some_and(|proof| !is_kebab(proof)) {
        return Err(("proof", "names no proof".into()));
    }
    if let Some(near) = &row.near {
        match partner(&near.rule) {
            Partner::Unknown => {
                return Err(("near", format!("there is no rule {:?}", near.rule)));
            }
            Partner::Bound => {
                return Err(("near", "may not name a rule that has `near` itself".into()));
            }
            Partner::Free => {}
        }
        if row.regex.is_none() {
            return Err(("near", "needs a regex".into()));
        }
    }
    match &row.regex {
        None if row.model.is_none() || row.keywords.is_empty() => Err((
            "",
            "needs a regex, or a model that finds by itself beside its keywords".into(),
        )),
        None => Ok(Checked {
            reach: 0,
            runs: Vec::new(),
            literals: Vec::new(),
            bare: false,
        }),
        Some(regex) => {
            let at = |why| ("regex", why);
            let hir = parse(regex).map_err(at)?;
            Ok(Checked {
                reach: reach(regex, row.lines).map_err(at)?,
                runs: runs(regex).map_err(at)?,
                literals: literals(&hir),
                bare: is_bare(&hir),
            })
        }
    }
}

fn is_kebab(id: &str) -> bool {
    !id.is_empty()
        && id
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// What the built-in table asks beyond that.
fn complete(row: &Row) -> Result<(), (&'static str, String)> {
    let said = [
        ("provider", row.provider.is_some()),
        ("title", row.title.is_some()),
        ("opens", row.opens.is_some()),
        ("revoke", row.revoke.is_some()),
        ("confidence", row.confidence.is_some()),
        ("keywords", !row.keywords.is_empty() || row.near.is_some()),
        ("examples", !row.examples.is_empty()),
        ("counterexamples", !row.counterexamples.is_empty()),
    ];
    match said.into_iter().find(|(_, said)| !said) {
        Some((key, _)) => Err((key, "is missing".into())),
        None => Ok(()),
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

/// A run of bytes of one class, so many of them at least, that stands in every match of a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// Which bytes, a bit each.
    pub class: [u64; 4],
    /// How many of them.
    pub length: u32,
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

/// The texts of three bytes and more that stand in every match, in this case; two at most.
fn literals(hir: &Hir) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    collect_literals(hir, &mut found);
    found.retain(|literal| literal.len() >= 3);
    found.sort_by_key(|literal| std::cmp::Reverse(literal.len()));
    found.dedup();
    found.truncate(2);
    found
}

fn collect_literals(hir: &Hir, found: &mut Vec<Vec<u8>>) {
    match hir.kind() {
        HirKind::Literal(literal) => found.push(literal.0.to_vec()),
        HirKind::Repetition(repetition) if repetition.min > 0 => {
            collect_literals(&repetition.sub, found);
        }
        HirKind::Capture(capture) => collect_literals(&capture.sub, found),
        HirKind::Concat(parts) => parts.iter().for_each(|part| collect_literals(part, found)),
        HirKind::Empty
        | HirKind::Class(_)
        | HirKind::Look(_)
        | HirKind::Repetition(_)
        | HirKind::Alternation(_) => {}
    }
}

/// Whether a match has no group but the secret, and nothing around it that takes a byte.
fn is_bare(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Capture(capture) => {
            let inner = capture.sub.properties().explicit_captures_len();
            capture.name.as_deref() == Some("secret") && inner == 0
        }
        HirKind::Concat(parts) => {
            let look = |part: &&Hir| matches!(part.kind(), HirKind::Look(_));
            let mut others = parts.iter().filter(|part| !look(part));
            others.next().is_some_and(is_bare) && others.next().is_none()
        }
        HirKind::Empty
        | HirKind::Literal(_)
        | HirKind::Class(_)
        | HirKind::Look(_)
        | HirKind::Repetition(_)
        | HirKind::Alternation(_) => false,
    }
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
