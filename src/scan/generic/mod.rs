//! Secrets without a shape of their own, told by the name they are given and by what they look like.
//!
//! A [`Candidate`] is a name, an operator and a value. [`judge`] adds up [`Signal`]s in bits, that is
//! log2 of how much likelier the sight is with a secret than without, from a start far on the side
//! of "no secret", since most assignments to a `token` are none:
//!
//! | evidence | bits |
//! |---|---|
//! | start, for a name that says `token`, `auth` or `key` only | -12 |
//! | start, for a name that says `secret`, `api key`, `credential` | -8 |
//! | start, for a name that says `password` | -6 |
//! | value is a quoted literal | 0 |
//! | value stands bare in a data file or an environment line | +2 |
//! | value stands with its name inside one string | -3 |
//! | value is compared with, or an argument | -3 |
//! | order of its characters ([`randomness::surprise`]) | as measured, from -20 to +28 |
//! | spread of its characters below 60 % of what the length allows | -6 |
//! | words follow in the name that do not say which secret it is | -4 |
//! | name also says `test`, `dummy`, `sample`, `mock`, `fake` | -4 |
//! | file is a test, a fixture or an example | -4 for a password, -3 for a key |
//! | UUID | -10 |
//! | digest named beside it (`sha256`, `integrity`, `checksum`) | -30 |
//!
//! From +8 bits on it is more likely a secret than not (`medium`), from +16 on `high`; from 0 on it
//! is worth a word (`low`). Names that speak of something else than the secret (`token_url`,
//! `password_field`) and values that refer to something (`${VAR}`, `getenv(…)`) are none at all.
//!
//! Passwords that people choose are not random. For them ([`Model::Password`], and secrets too short
//! for a key) the kinds of characters stand in for surprise, and the place has to speak louder; see
//! [`chosen`].

mod across;
mod assign;
mod chosen;
mod literal;
mod name;
mod place;
pub(super) mod randomness;
#[cfg(test)]
mod tests;
mod value;

use super::Confidence;
use super::anywhere::{ANYWHERE, KINDS};
use serde::Deserialize;
use std::ops::Range;

pub(super) use across::spans_many;
pub(super) use assign::{Candidate, REACH, assignment, spans_lines};
use assign::{Form, Link};
use name::{Kind, Name};
use place::Place;

/// Who judges the matches of a rule that has neither a shape nor a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Model {
    /// What follows `Basic` in a header: it must decode to a user and a password.
    Basic,
    /// Values of a manifest, in base 64: what they decode to must look like a secret.
    Encoded,
    /// Keys and tokens: the value must look drawn by chance.
    Generic,
    /// Hashes of passwords: they count where accounts are kept, less where they are explained.
    Hash,
    /// Passwords: the value may be weak, if its place says that it is one.
    Password,
}

impl Model {
    /// What it weighs, in one line.
    #[must_use]
    pub fn says(self) -> &'static str {
        match self {
            Self::Basic => "what it decodes to: a user and a password",
            Self::Encoded => "what it decodes to: whether that looks like a secret",
            Self::Generic => {
                "the name, the operator, how random the value is, and where it stands; \
                 `explain FINGERPRINT` shows the weights"
            }
            Self::Hash => "whether the file keeps settings or accounts",
            Self::Password => {
                "the name, the operator, what the value is made of, and where it stands; \
                 `explain FINGERPRINT` shows the weights"
            }
        }
    }
}

/// What kind of text a candidate stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Setting {
    /// The content itself, or a text decoded from it.
    Plain,
    /// Decoded bytes that are no text: names in them mean nothing.
    Opaque,
}

impl Setting {
    /// Of a decoded piece: text is UTF-8 with hardly a control character.
    pub(super) fn decoded(bytes: &[u8]) -> Self {
        let control = bytes
            .iter()
            .filter(|byte| byte.is_ascii_control() && !byte.is_ascii_whitespace())
            .count();
        if control * 50 > bytes.len() || str::from_utf8(bytes).is_err() {
            Self::Opaque
        } else {
            Self::Plain
        }
    }
}

/// A reason for or against taking a value for a secret.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Signal {
    /// What was seen, as a phrase: `the name says password`.
    pub what: &'static str,
    /// How much it says, in bits; negative against a secret.
    pub bits: f32,
}

impl Signal {
    /// Bits from which on a candidate is `low`; below, it is not worth a word.
    pub const LOW: f32 = 0.0;
    /// Bits from which on it is `medium`.
    pub const MEDIUM: f32 = 8.0;
    /// Bits from which on it is `high`.
    pub const HIGH: f32 = 16.0;
}

/// What was seen and what it adds up to.
#[derive(Debug, Default)]
struct Evidence(Vec<Signal>);

impl Evidence {
    fn add(&mut self, what: &'static str, bits: f64) {
        if bits != 0.0 {
            let bits = bits as f32;
            self.0.push(Signal { what, bits });
        }
    }

    fn add_if(&mut self, seen: bool, what: &'static str, bits: f64) {
        if seen {
            self.add(what, bits);
        }
    }

    /// `None` for not worth a word.
    fn verdict(self) -> Option<Verdict> {
        let bits: f32 = self.0.iter().map(|signal| signal.bits).sum();
        let confidence = if bits >= Signal::HIGH {
            Confidence::High
        } else if bits >= Signal::MEDIUM {
            Confidence::Medium
        } else if bits >= Signal::LOW {
            Confidence::Low
        } else {
            return None;
        };
        Some(Verdict {
            confidence,
            signals: self.0,
        })
    }
}

/// How sure it is that a value is a secret, and why.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) confidence: Confidence,
    pub(super) signals: Vec<Signal>,
}

/// How sure it is that this candidate is a secret; `None` for not worth a word.
pub(super) fn judge(
    model: Model,
    candidate: &Candidate,
    text: &[u8],
    path: &[u8],
) -> Option<Verdict> {
    if path == ANYWHERE {
        let mut all = KINDS.iter();
        return all.find_map(|path| judge(model, candidate, text, path));
    }
    let name = name::read(&text[candidate.name.clone()])?;
    let secret = &text[candidate.value.clone()];
    if value::says_nothing(secret, &text[candidate.name.clone()]) {
        return None;
    }
    let place = place::place(candidate, text, path);
    if candidate.form == Form::Bare && (place == Place::Code || value::is_expression(secret)) {
        return None;
    }
    let mut evidence = Evidence::default();
    match name.kind {
        Kind::Password => evidence.add("the name says password", -6.0),
        Kind::Secret => evidence.add("the name says secret", -8.0),
        Kind::Token => evidence.add("the name says token", -12.0),
    }
    let short = secret.len() < value::MIN_KEY;
    let by_hand = match name.kind {
        Kind::Password => model == Model::Password,
        Kind::Secret => short && model == Model::Generic && secret.len() >= chosen::MIN_SECRET,
        Kind::Token => false,
    };
    if by_hand {
        chosen::weigh(&mut evidence, secret, place);
        let twice = chosen::stands_beside(text, &candidate.whole, &candidate.value);
        evidence.add_if(twice, "the same word stands beside it", -6.0);
    } else if short || !value::is_key_like(secret, name.kind) {
        return None;
    } else {
        value::weigh(&mut evidence, secret);
        let digest = value::is_hex(secret) && value::digest_beside(text, &candidate.whole);
        evidence.add_if(digest, "a digest is named beside it", -30.0);
    }
    surroundings(&mut evidence, candidate, name, by_hand, (place, path));
    evidence.verdict()
}

/// Whether only what other lines say keeps a candidate from being taken for a secret.
pub(super) fn is_excused(model: Model, candidate: &Candidate, text: &[u8], path: &[u8]) -> bool {
    if !chosen::stands_beside(text, &candidate.whole, &candidate.value)
        && !value::digest_beside(text, &candidate.whole)
    {
        return false;
    }
    let whole = &candidate.whole;
    let start = memchr::memrchr(b'\n', &text[..whole.start]).map_or(0, |at| at + 1);
    let end = memchr::memchr(b'\n', &text[whole.end..]).map_or(text.len(), |at| whole.end + at);
    let moved = |range: &Range<usize>| range.start - start..range.end - start;
    let alone = Candidate {
        name: moved(&candidate.name),
        value: moved(&candidate.value),
        whole: moved(whole),
        ..*candidate
    };
    judge(model, &alone, &text[start..end], path).is_some()
}

/// What the name, the operator and the place say, whatever the value is.
fn surroundings(
    evidence: &mut Evidence,
    candidate: &Candidate,
    name: Name,
    by_hand: bool,
    (place, path): (Place, &[u8]),
) {
    match candidate.form {
        Form::Bare if place != Place::Code => evidence.add("it stands bare among settings", 2.0),
        Form::Inside => evidence.add("name and value stand inside a string", -3.0),
        Form::Bare | Form::Quoted => {}
    }
    match candidate.link {
        Link::Compared => evidence.add("it is compared with", if by_hand { -3.0 } else { 0.0 }),
        Link::Argument => evidence.add("it is an argument", if by_hand { -3.0 } else { 0.0 }),
        Link::Beside => evidence.add("no operator stands between", -2.0),
        Link::Default | Link::Fallback => evidence.add("it is a default", -1.0),
        Link::Assigned | Link::Flag | Link::Tag | Link::Pair => {}
    }
    evidence.add_if(name.more, "more words follow in the name", -4.0);
    evidence.add_if(name.sample, "the name says test or sample", -4.0);
    let bits = if by_hand { -4.0 } else { -3.0 };
    evidence.add_if(
        place::is_sample(path),
        "the file is a test or an example",
        bits,
    );
}

/// How sure it is that a value which a regex of a rule picked (from a URL, a connection string, a
/// command) is a secret.
pub(super) fn judge_plain(
    model: Model,
    span: &Range<usize>,
    whole: &Range<usize>,
    text: &[u8],
    path: &[u8],
) -> Option<Verdict> {
    if path == ANYWHERE {
        let mut all = KINDS.iter();
        return all.find_map(|path| judge_plain(model, span, whole, text, path));
    }
    let secret = &text[span.clone()];
    let coded = matches!(model, Model::Hash | Model::Encoded);
    if !coded && value::says_nothing(secret, b"") {
        return None;
    }
    let mut evidence = Evidence::default();
    match model {
        Model::Basic => value::weigh_basic(&mut evidence, secret)?,
        Model::Encoded => value::weigh_encoded(&mut evidence, secret)?,
        Model::Hash => {
            evidence.add("it has the form of a hash of a password", 4.0);
            let kept = place::keeps_accounts(path);
            evidence.add_if(kept, "the file keeps settings or accounts", 6.0);
        }
        Model::Password => {
            let around = &text[whole.start..text.len().min(whole.end + value::HOST)];
            let line = memchr::memchr(b'\n', &around[whole.len()..]);
            let around = &around[..line.map_or(around.len(), |at| whole.len() + at)];
            if memchr::memmem::find(around, b"://").is_some() {
                value::weigh_url(&mut evidence, secret, around)?;
            } else if value::is_expression(secret) {
                return None;
            } else {
                // What a regex asked for by more than a name needs less of the value itself.
                evidence.add("the form around it says password", -4.0);
                chosen::weigh(&mut evidence, secret, Place::Environment);
            }
        }
        Model::Generic => {
            evidence.add("the form around it says token", -6.0);
            value::weigh(&mut evidence, secret);
        }
    }
    let sample = place::is_sample(path);
    evidence.add_if(sample, "the file is a test or an example", -4.0);
    evidence.verdict()
}
