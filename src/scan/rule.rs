//! The table of rules: `rules.toml`, compiled into the binary by `build.rs`.

use super::compile::{Checked, Row, Run};
use super::foreign::Foreign;
use super::proof::{PROOFS, Proof};
use super::{Confidence, Model};
use regex::bytes::{Regex, RegexBuilder};
use regex_automata::meta;
use regex_automata::util::syntax;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

include!(concat!(env!("OUT_DIR"), "/rules.rs"));

/// One row of `rules.toml`, or a rule of a rule file.
#[derive(Debug)]
pub struct Rule {
    /// The rule file that it was read from, escaped; none for a built-in rule.
    pub origin: Option<&'static str>,
    /// Unique, lower case, `PROVIDER-KIND`: `github-personal-access-token`. Another scanner's file
    /// may have other characters in it, none of them a space or a control character.
    pub id: &'static str,
    /// Who issues the secret: `GitHub`.
    pub provider: &'static str,
    /// What it is, as a noun phrase: `GitHub personal access token (classic)`.
    pub title: &'static str,
    /// What it opens, to complete "whoever has it can …"; empty where a rule file does not say.
    pub opens: &'static str,
    /// Where to revoke it: a URL or a phrase.
    pub revoke: &'static str,
    /// The confidence of a match that nothing else speaks for or against.
    pub confidence: Confidence,
    /// Lower-case ASCII, three bytes or more each. One of them stands, in any case, in every match.
    /// Empty only beside `near` and in rule files, where the rule then looks everywhere.
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
    /// What a line with a keyword has to match, if the keyword is to count: a rule over several lines
    /// with a word of every language would else have them all looked at.
    pub anchor: Option<&'static str>,
    /// What must stand nearby.
    pub near: Option<Near>,
    /// Below this many Shannon bits a character a match is dropped.
    pub min_entropy: Option<f64>,
    /// Templates (see [`super::template`]) that exactly this rule finds.
    pub examples: &'static [&'static str],
    /// Templates in which no rule but generic ones finds anything.
    pub counterexamples: &'static [&'static str],
    /// Whether a match is the secret and nothing else.
    pub(super) bare: bool,
    /// Texts that stand in every match, in this case.
    pub(super) literals: &'static [&'static [u8]],
    /// What it has beyond this schema when it comes from another scanner's file.
    pub(super) foreign: Option<&'static Foreign>,
    /// The regex of another scanner's rule, compiled when first needed.
    compiled: OnceLock<Option<Regex>>,
    /// The regex of a rule in our own format.
    tiers: Tiers,
    /// Its anchor.
    anchors: Tiers,
}

/// A regex twice: most rules look at one or two windows of a commit, and for those it costs half as
/// much to compile without the automata that only pay on long texts.
#[derive(Debug)]
struct Tiers {
    /// What the light one has read, in bytes.
    read: AtomicU32,
    light: OnceLock<Option<meta::Regex>>,
    full: OnceLock<Option<meta::Regex>>,
}

/// From how many bytes on the automata pay for themselves: the light regex reads some 20 MB/s.
const LIGHT: u32 = 8192;

/// The largest automaton that is built, in bytes: as the crate `regex` has it.
const SIZE: usize = 10 << 20;

impl Tiers {
    const fn new() -> Self {
        Self {
            read: AtomicU32::new(0),
            light: OnceLock::new(),
            full: OnceLock::new(),
        }
    }

    fn get(&self, pattern: &str, length: usize) -> Option<&meta::Regex> {
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        let read = self.read.load(Ordering::Relaxed).saturating_add(length);
        if read > LIGHT {
            return self.full.get_or_init(|| compile(pattern, true)).as_ref();
        }
        self.read.store(read, Ordering::Relaxed);
        self.light.get_or_init(|| compile(pattern, false)).as_ref()
    }
}

fn compile(pattern: &str, automata: bool) -> Option<meta::Regex> {
    let config = meta::Config::new()
        .nfa_size_limit(Some(SIZE))
        .utf8_empty(false)
        .onepass(automata)
        .dfa(automata)
        .hybrid(automata);
    let syntax = syntax::Config::new()
        .unicode(false)
        .utf8(false)
        .multi_line(true);
    meta::Regex::builder()
        .configure(config)
        .syntax(syntax)
        .build(pattern)
        .ok()
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

    /// The compiled regex of another scanner's rule. `None` without one, or where it is too large.
    pub(super) fn foreign_regex(&self) -> Option<&Regex> {
        self.compiled
            .get_or_init(|| RegexBuilder::new(self.regex?).unicode(false).build().ok())
            .as_ref()
    }

    /// The compiled regex of a rule in our own format, for a text of so many bytes. `None` without
    /// one, or where one from a rule file is too large; that each built-in one compiles, a test holds.
    pub(super) fn regex(&self, length: usize) -> Option<&meta::Regex> {
        self.tiers.get(self.regex?, length)
    }

    /// Whether a keyword counts that stands on this line.
    pub(super) fn is_anchored(&self, line: &[u8]) -> bool {
        let regex = self
            .anchor
            .map(|anchor| self.anchors.get(anchor, line.len()));
        // One that is too large to compile says of no line that it does not count.
        regex.flatten().is_none_or(|regex| regex.is_match(line))
    }

    /// Whether the rule knows its secret by a shape of its own, not by the name beside it.
    #[must_use]
    pub fn is_named(&self) -> bool {
        match self.model {
            None | Some(Model::Basic | Model::Encoded | Model::Hash) => true,
            Some(Model::Generic | Model::Password) => false,
        }
    }

    /// Whether the rule looks at the path of a file and not into it.
    #[must_use]
    pub fn is_about_paths(&self) -> bool {
        self.regex.is_none() && self.model.is_none()
    }

    /// Whether the rule is for the files at certain paths alone.
    #[must_use]
    pub fn has_path(&self) -> bool {
        self.foreign.is_some_and(|foreign| foreign.path.is_some())
    }

    /// Whether its regex compiles, or it needs none. Only one from a rule file can be too large.
    #[must_use]
    pub fn compiles(&self) -> bool {
        self.regex.is_none()
            || match self.foreign {
                Some(_) => self.foreign_regex().is_some(),
                None => self.regex(0).is_some(),
            }
    }

    /// A rule of a rule file in our own format, which stays for the life of the process.
    ///
    /// # Errors
    /// When its proof does not exist.
    pub fn own(row: Row, checked: Checked, origin: &'static str) -> Result<&'static Self, String> {
        let proof = match &row.proof {
            None => None,
            Some(name) => Some(*PROOFS.iter().find(|row| row.name == name).ok_or_else(|| {
                let names: Vec<&str> = PROOFS.iter().map(|row| row.name).collect();
                format!("there is no proof {name:?}; there are {}", names.join(", "))
            })?),
        };
        let id: &str = leak(row.id);
        Ok(Box::leak(Box::new(Self {
            origin: Some(origin),
            id,
            provider: row.provider.map_or(OWN_PROVIDER, leak),
            title: row.title.map_or(id, leak),
            opens: row.opens.map_or("", leak),
            revoke: row.revoke.map_or(OWN_REVOKE, leak),
            confidence: row.confidence.unwrap_or(Confidence::High),
            keywords: leak_all(row.keywords),
            regex: row.regex.map(leak),
            reach: checked.reach,
            runs: checked.runs.leak(),
            proof,
            model: row.model,
            lines: row.lines,
            anchor: row.anchor.map(leak),
            near: row.near.map(|near| Near {
                rule: leak(near.rule),
                lines: near.lines,
            }),
            min_entropy: row.min_entropy,
            examples: leak_all(row.examples),
            counterexamples: leak_all(row.counterexamples),
            bare: checked.bare,
            literals: checked
                .literals
                .into_iter()
                .map(|literal| &*literal.leak())
                .collect::<Vec<&[u8]>>()
                .leak(),
            foreign: None,
            compiled: OnceLock::new(),
            tiers: Tiers::new(),
            anchors: Tiers::new(),
        })))
    }

    /// A rule of another scanner's file, which stays for the life of the process.
    #[must_use]
    pub fn foreign(draft: super::foreign::Draft, origin: &'static str) -> &'static Self {
        Box::leak(Box::new(Self {
            origin: Some(origin),
            title: draft.title.map_or_else(|| leak(draft.id.clone()), leak),
            id: leak(draft.id),
            provider: OWN_PROVIDER,
            opens: "",
            revoke: OWN_REVOKE,
            confidence: draft.confidence.unwrap_or(Confidence::High),
            keywords: leak_all(draft.keywords),
            regex: draft.regex.map(leak),
            reach: 0,
            runs: &[],
            proof: None,
            model: None,
            lines: usize::MAX,
            anchor: None,
            near: None,
            // Reported only above it, where ours reports from it on.
            min_entropy: draft.entropy.map(f64::next_up),
            examples: &[],
            counterexamples: &[],
            bare: false,
            literals: &[],
            foreign: Some(Box::leak(Box::new(draft.foreign))),
            compiled: OnceLock::new(),
            tiers: Tiers::new(),
            anchors: Tiers::new(),
        }))
    }
}

/// What a rule file does not say.
const OWN_PROVIDER: &str = "own rule";
const OWN_REVOKE: &str = "where it was issued";

fn leak(text: String) -> &'static str {
    text.leak()
}

fn leak_all(texts: Vec<String>) -> &'static [&'static str] {
    let texts: Vec<&str> = texts.into_iter().map(leak).collect();
    texts.leak()
}

/// Every built-in rule, sorted by id.
#[must_use]
pub fn rules() -> &'static [Rule] {
    &TABLE
}

/// The built-in rule of this id.
#[must_use]
pub fn rule(id: &str) -> Option<&'static Rule> {
    let index = TABLE.binary_search_by(|rule| rule.id.cmp(id)).ok()?;
    Some(&TABLE[index])
}

/// What identifies the built-in table: the first 16 bytes of its SHA-256, in hexadecimal.
#[must_use]
pub fn rules_digest() -> &'static str {
    DIGEST
}
