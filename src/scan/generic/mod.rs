//! Secrets without a shape of their own, told by the name they are given and by what they look like.
//!
//! A [`Candidate`] is a name, an operator and a value. [`judge`] adds up evidence in bits, that is
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
//! | order of its characters ([`randomness::surprise`]) | as measured, from -20 to +28 |
//! | spread of its characters below 60 % of what the length allows | -6 |
//! | words follow in the name that do not say which secret it is | -4 |
//! | name also says `test`, `dummy`, `sample`, `mock`, `fake` | -4 |
//! | UUID | -10 |
//! | digest named beside it (`sha256`, `integrity`, `checksum`) | -30 |
//!
//! From +8 bits on it is more likely a secret than not (`medium`), from +16 on `high`; from 0 on it
//! is worth a word (`low`). Names that speak of something else than the secret (`token_url`,
//! `password_field`) and values that refer to something (`${VAR}`, `getenv(…)`) are none at all.
//!
//! Passwords that people choose are not random. For them ([`Model::Password`]) mixed characters
//! stand in for surprise, and the place has to speak louder.

mod assign;
mod name;
pub(super) mod randomness;
#[cfg(test)]
mod tests;
mod value;

use super::Confidence;
use std::ops::Range;

pub(super) use assign::{Candidate, REACH, assignment};
use assign::{Form, Link};
use name::Kind;

/// Who judges the matches of a rule that has neither a shape nor a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// Keys and tokens: the value must look drawn by chance.
    Generic,
    /// Passwords: the value may be weak, if its place says that it is one.
    Password,
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

/// How far before a candidate its surroundings speak for or against it, in bytes; behind it they
/// speak up to the end of its line.
pub(super) const BESIDE: usize = 80;

/// Bits from which on a candidate is `low`, `medium`, `high`.
const LOW: f64 = 0.0;
const MEDIUM: f64 = 8.0;
const HIGH: f64 = 16.0;

/// How sure it is that this candidate is a secret; `None` for not worth a word.
pub(super) fn judge(
    model: Model,
    candidate: &Candidate,
    text: &[u8],
    path: &[u8],
) -> Option<Confidence> {
    let name = name::read(&text[candidate.name.clone()])?;
    let secret = &text[candidate.value.clone()];
    if value::says_nothing(secret, &text[candidate.name.clone()]) {
        return None;
    }
    let place = assign::place(candidate, text, path);
    if candidate.form == Form::Bare
        && (place == assign::Place::Code || value::is_expression(secret))
    {
        return None;
    }
    let weak = model == Model::Password && name.kind == Kind::Password;
    let mut bits = match name.kind {
        Kind::Password => -6.0,
        Kind::Secret => -8.0,
        Kind::Token => -12.0,
    };
    if weak {
        bits += value::password_bits(secret, place);
        if candidate.link == Link::Argument || candidate.link == Link::Compared {
            bits -= 3.0;
        }
    } else {
        if secret.len() < value::MIN_KEY {
            return None;
        }
        if !value::is_key_like(secret, name.kind) {
            return None;
        }
        bits += value::random_bits(secret);
        if value::is_hex(secret) && value::digest_beside(text, &candidate.whole) {
            bits -= 30.0;
        }
    }
    if place != assign::Place::Code && candidate.form == Form::Bare {
        bits += 2.0;
    }
    if name.more {
        bits -= 4.0;
    }
    if name.sample {
        bits -= 4.0;
    }
    grade(bits)
}

/// How sure it is that a value which a regex of a rule picked (from a URL, a connection string, a
/// command) is a secret.
pub(super) fn judge_plain(
    model: Model,
    span: &Range<usize>,
    whole: &Range<usize>,
    text: &[u8],
) -> Option<Confidence> {
    let secret = &text[span.clone()];
    if value::says_nothing(secret, b"") {
        return None;
    }
    match model {
        Model::Password => {
            let around = &text[whole.start..text.len().min(whole.end + value::HOST)];
            let line = memchr::memchr(b'\n', &around[whole.len()..]);
            let around = &around[..line.map_or(around.len(), |at| whole.len() + at)];
            if memchr::memmem::find(around, b"://").is_some() {
                return value::url_password(secret, around);
            }
            if value::is_expression(secret) {
                return None;
            }
            // What a regex asked for by more than a name needs less of the value itself.
            grade(value::password_bits(secret, assign::Place::Environment) - 4.0)
        }
        Model::Generic => grade(value::random_bits(secret) - 6.0),
    }
}

fn grade(bits: f64) -> Option<Confidence> {
    if bits >= HIGH {
        Some(Confidence::High)
    } else if bits >= MEDIUM {
        Some(Confidence::Medium)
    } else if bits >= LOW {
        Some(Confidence::Low)
    } else {
        None
    }
}
