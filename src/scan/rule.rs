//! The table of rules: `rules.toml`, compiled into the binary by `build.rs`.

use super::proof::Proof;
use super::{Confidence, Model};
use regex_automata::meta::{Config, Regex};
use regex_automata::util::syntax;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

include!(concat!(env!("OUT_DIR"), "/rules.rs"));

/// One row of `rules.toml`.
#[derive(Debug)]
pub struct Rule {
    /// Unique, lower case, `PROVIDER-KIND`: `github-personal-access-token`.
    pub id: &'static str,
    /// Who issues the secret: `GitHub`.
    pub provider: &'static str,
    /// What it is, as a noun phrase: `GitHub personal access token (classic)`.
    pub title: &'static str,
    /// What it opens, to complete "whoever has it can …".
    pub opens: &'static str,
    /// Where to revoke it: a URL or a phrase.
    pub revoke: &'static str,
    /// The confidence of a match that nothing else speaks for or against.
    pub confidence: Confidence,
    /// Lower-case ASCII, three bytes or more each. One of them stands, in any case, in every match.
    /// Empty only beside `near`.
    pub keywords: &'static [&'static str],
    /// What a match looks like; its group `secret` is the secret, else all of it. Absent where the
    /// model finds by itself.
    pub regex: Option<&'static str>,
    /// The greatest length of a match in bytes; 0 without a regex.
    pub reach: usize,
    /// Runs of bytes that stand in every match.
    pub(super) runs: &'static [Run],
    /// The offline proof of the secret.
    pub proof: Option<&'static Proof>,
    /// Who judges the matches, instead of a proof.
    pub model: Option<Model>,
    /// Over how many consecutive lines a match may stretch; at least 1.
    pub lines: usize,
    /// What must stand nearby.
    pub near: Option<Near>,
    /// Below this many Shannon bits a character a match is dropped.
    pub min_entropy: Option<f64>,
    /// Templates (see [`super::template`]) that exactly this rule finds.
    pub examples: &'static [&'static str],
    /// Templates in which no rule but generic ones finds anything.
    pub counterexamples: &'static [&'static str],
    /// Texts that stand in every match, in this case.
    pub(super) literals: &'static [&'static [u8]],
    /// The regex, compiled when first needed.
    compiled: Compiled,
}

/// A regex twice: most rules look at one or two windows of a commit, and for those it costs half as
/// much to compile without the automata that only pay on long texts.
#[derive(Debug)]
struct Compiled {
    /// What the light one has read, in bytes.
    read: AtomicU32,
    light: OnceLock<Option<Regex>>,
    full: OnceLock<Option<Regex>>,
}

/// From how many bytes on the automata pay for themselves: the light regex reads some 20 MB/s.
const LIGHT: u32 = 8192;

impl Compiled {
    const fn new() -> Self {
        Self {
            read: AtomicU32::new(0),
            light: OnceLock::new(),
            full: OnceLock::new(),
        }
    }

    fn get(&self, pattern: &str, length: usize) -> Option<&Regex> {
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        let read = self.read.load(Ordering::Relaxed).saturating_add(length);
        if read > LIGHT {
            return self.full.get_or_init(|| compile(pattern, true)).as_ref();
        }
        self.read.store(read, Ordering::Relaxed);
        self.light.get_or_init(|| compile(pattern, false)).as_ref()
    }
}

fn compile(pattern: &str, automata: bool) -> Option<Regex> {
    let config = Config::new()
        .utf8_empty(false)
        .onepass(automata)
        .dfa(automata)
        .hybrid(automata);
    let syntax = syntax::Config::new()
        .unicode(false)
        .utf8(false)
        .multi_line(true);
    Regex::builder()
        .configure(config)
        .syntax(syntax)
        .build(pattern)
        .ok()
}

/// A run of bytes of one class, so many of them at least, that stands in every match of a rule.
#[derive(Debug)]
pub(super) struct Run {
    /// Which bytes, a bit each.
    class: [u64; 4],
    length: u32,
}

impl Run {
    fn stands_in(&self, text: &[u8]) -> bool {
        let mut length = 0;
        text.iter().any(|byte| {
            let bit = self.class[usize::from(byte / 64)] >> (byte % 64) & 1;
            length = if bit == 1 { length + 1 } else { 0 };
            length >= self.length
        })
    }
}

/// A partner without which a match does not count.
#[derive(Clone, Copy, Debug)]
pub struct Near {
    /// The rule of the partner; it has no `near` itself.
    pub rule: &'static str,
    /// How many lines may lie between the two, 0 for the same line.
    pub lines: usize,
}

impl Rule {
    /// Whether a text could hold a match. It costs nanoseconds where the regex, which is compiled
    /// when it is first asked, costs a tenth of a millisecond: a commit that brings in words like
    /// keywords and no secret compiles next to nothing.
    pub(super) fn could_match(&self, text: &[u8]) -> bool {
        self.literals
            .iter()
            .all(|literal| memchr::memmem::find(text, literal).is_some())
            && self.runs.iter().all(|run| run.stands_in(text))
    }

    /// The compiled regex, for a text of so many bytes. `None` without one; that each one compiles,
    /// a test holds.
    pub(super) fn regex(&self, length: usize) -> Option<&Regex> {
        self.compiled.get(self.regex?, length)
    }

    /// Whether the rule knows its secret by a shape of its own, not by the name beside it.
    pub(super) fn is_named(&self) -> bool {
        match self.model {
            None | Some(Model::Basic | Model::Encoded | Model::Hash) => true,
            Some(Model::Generic | Model::Password) => false,
        }
    }
}

/// Every rule, sorted by id.
#[must_use]
pub fn rules() -> &'static [Rule] {
    &TABLE
}

/// The rule of this id.
#[must_use]
pub fn rule(id: &str) -> Option<&'static Rule> {
    index_of(id).map(|index| &TABLE[index])
}

/// Where the rule of this id stands in [`rules`].
pub(super) fn index_of(id: &str) -> Option<usize> {
    TABLE.binary_search_by(|rule| rule.id.cmp(id)).ok()
}

/// What identifies the table: the first 16 bytes of its SHA-256, in hexadecimal.
#[must_use]
pub fn rules_digest() -> &'static str {
    DIGEST
}
