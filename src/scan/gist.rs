//! What a scan said of a text, without the text: where the secrets stand and what spoke for them, so
//! that whoever has the text again has the scan again. No secret is in it.

use super::scanner::{Scan, Scanner};
use super::{Confidence, Match, Public, Secret, Signal, Validity};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// What a scan said of a text.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Gist {
    length: usize,
    matches: Vec<Said>,
    publics: Vec<Public>,
}

/// What it said of a match.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Said {
    rule: String,
    span: Range<usize>,
    whole: Range<usize>,
    confidence: Confidence,
    valid: Validity,
    identity: Option<String>,
    public: Option<String>,
    signals: Vec<(String, f32)>,
}

impl Scan {
    /// What it says of the text that it is of. `None` where the text alone does not bring it back:
    /// something had to be decoded, or could not be.
    #[must_use]
    pub fn gist(&self, bytes: &[u8]) -> Option<Gist> {
        let stands = |found: &Match| {
            let here = bytes.get(found.span.clone());
            found.decoded.is_empty() && here == Some(found.secret.expose())
        };
        if !self.undecided.is_empty() || !self.matches.iter().all(stands) {
            return None;
        }
        let said = |found: &Match| Said {
            rule: found.rule.id.to_owned(),
            span: found.span.clone(),
            whole: found.whole.clone(),
            confidence: found.confidence,
            valid: found.valid,
            identity: found.identity.clone(),
            public: found.public.clone(),
            signals: found
                .signals
                .iter()
                .map(|signal| (signal.what.to_owned(), signal.bits))
                .collect(),
        };
        Some(Gist {
            length: bytes.len(),
            matches: self.matches.iter().map(said).collect(),
            publics: self.publics.clone(),
        })
    }
}

impl Gist {
    /// Whatever it repeats of the text around the secrets.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        let of_matches = self
            .matches
            .iter()
            .filter_map(|said| said.identity.as_deref());
        let of_publics = self
            .publics
            .iter()
            .filter_map(|public| public.name.as_deref());
        of_matches.chain(of_publics)
    }
}

impl Scanner {
    /// The scan of a text, from what it said before. `None` where that cannot have been of this text,
    /// or of these rules.
    #[must_use]
    pub fn again(&self, gist: &Gist, bytes: &[u8]) -> Option<Scan> {
        if gist.length != bytes.len() {
            return None;
        }
        let of = |said: &Said| {
            let at = self.table.binary_search_by(|rule| rule.id.cmp(&said.rule));
            bytes.get(said.whole.clone())?;
            Some(Match {
                rule: self.table[at.ok()?],
                span: said.span.clone(),
                whole: said.whole.clone(),
                secret: Secret::new(bytes.get(said.span.clone())?),
                confidence: said.confidence,
                valid: said.valid,
                identity: said.identity.clone(),
                public: said.public.clone(),
                decoded: Vec::new(),
                signals: said
                    .signals
                    .iter()
                    .map(|(what, bits)| Signal {
                        what: phrase(what),
                        bits: *bits,
                    })
                    .collect(),
            })
        };
        Some(Scan {
            matches: gist.matches.iter().map(of).collect::<Option<_>>()?,
            publics: gist.publics.clone(),
            ..Scan::default()
        })
    }
}

/// One of the phrases that signals have, of which there are some dozen.
fn phrase(what: &str) -> &'static str {
    static PHRASES: Mutex<Option<HashSet<&'static str>>> = Mutex::new(None);
    let mut known = PHRASES.lock().unwrap_or_else(PoisonError::into_inner);
    let known = known.get_or_insert_default();
    if let Some(phrase) = known.get(what) {
        return phrase;
    }
    let phrase: &str = what.to_owned().leak();
    known.insert(phrase);
    phrase
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::template::{self, Random};
    use super::super::{Selection, rules};
    use super::*;
    use crate::change::{Content, Fresh};

    fn scan(scanner: &Scanner, text: &[u8]) -> Scan {
        let fresh = &Fresh::All;
        scanner.scan(b"", Content { bytes: text, fresh })
    }

    /// Everything of a scan that anyone can see.
    fn seen(scan: &Scan) -> String {
        let secrets = scan.matches.iter().map(|found| found.secret.expose());
        let secrets: Vec<&[u8]> = secrets.collect();
        format!("{:?} {secrets:?} {:?}", scan.matches, scan.publics)
    }

    #[test]
    fn a_text_and_what_was_said_of_it_are_the_scan_again() {
        let scanner = Scanner::new(&Selection::default());
        let mut random = Random::new(31);
        let (mut direct, mut decoded) = (0, 0);
        for rule in rules() {
            for example in rule.examples {
                let text = template::expand(example, rule.proof, &mut random).unwrap();
                let text = text.into_bytes();
                let scan = scan(&scanner, &text);
                let Some(gist) = scan.gist(&text) else {
                    decoded += 1;
                    assert!(scan.matches.iter().any(|found| !found.decoded.is_empty()));
                    continue;
                };
                direct += 1;
                let kept = postcard::to_stdvec(&gist).unwrap();
                for found in &scan.matches {
                    let secret = found.secret.expose();
                    let holds = |text: &[u8]| memchr::memmem::find(text, secret).is_some();
                    let said = gist.words().any(|word| holds(word.as_bytes()));
                    assert!(said || secret.len() < 8 || !holds(&kept), "{}", rule.id);
                }
                let gist: Gist = postcard::from_bytes(&kept).unwrap();
                let again = scanner.again(&gist, &text).unwrap();
                assert_eq!(seen(&again), seen(&scan), "{}", rule.id);
                let other = [&text[..], b"\n"].concat();
                assert!(scanner.again(&gist, &other).is_none());
            }
        }
        assert!(direct > 300 && decoded > 0, "{direct} and {decoded}");
    }

    #[test]
    fn without_its_rule_it_is_nothing() {
        let scanner = Scanner::new(&Selection::default());
        let rule = rules().iter().find(|rule| rule.is_named()).unwrap();
        let text = template::expand(rule.examples[0], rule.proof, &mut Random::new(7)).unwrap();
        let text = text.into_bytes();
        let mut gist = scan(&scanner, &text).gist(&text).unwrap();
        gist.matches[0].rule.push('x');
        assert!(scanner.again(&gist, &text).is_none());
        gist.matches[0].rule.pop();
        gist.matches[0].span.end = text.len() + 1;
        assert!(scanner.again(&gist, &text).is_none());
    }
}
