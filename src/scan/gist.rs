//! What a scan said of a text, without the text: where the secrets stand and what spoke for them, so
//! that whoever has the text again has the scan again. No secret is in it.

use super::decode::{Budget, decode};
use super::scanner::{Scan, Scanner};
use super::{Confidence, Inside, Match, Public, Secret, Signal, Validity};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};
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
    decoded: Vec<String>,
    inside: Vec<Inside>,
    signals: Vec<(String, f32)>,
}

impl Scan {
    /// What it says of the text that it is of. `None` where the text alone does not bring it back:
    /// something could not be decoded, or is in wide characters.
    #[must_use]
    pub fn gist(&self, bytes: &[u8]) -> Option<Gist> {
        let stands = |found: &Match| {
            let here = || bytes.get(found.span.clone()) == Some(found.secret.expose());
            found.decoded.len() == found.inside.len() && (!found.decoded.is_empty() || here())
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
            decoded: found.decoded.iter().map(|how| (*how).to_owned()).collect(),
            inside: found.inside.clone(),
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
        if gist.length != bytes.len() || !gist.matches.iter().all(Said::is_sound) {
            return None;
        }
        let mut secrets: Vec<Option<Secret>> = vec![None; gist.matches.len()];
        let all: Vec<usize> = (0..secrets.len()).collect();
        read(
            bytes,
            b"",
            0,
            gist,
            &all,
            &mut Budget::default(),
            &mut secrets,
        );
        let of = |(said, secret): (&Said, Option<Secret>)| {
            let at = self.table.binary_search_by(|rule| rule.id.cmp(&said.rule));
            bytes.get(said.whole.clone())?;
            Some(Match {
                rule: self.table[at.ok()?],
                span: said.span.clone(),
                whole: said.whole.clone(),
                secret: secret?,
                confidence: said.confidence,
                valid: said.valid,
                identity: said.identity.clone(),
                public: said.public.clone(),
                decoded: said.decoded.iter().map(|how| phrase(how)).collect(),
                inside: said.inside.clone(),
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
            matches: gist
                .matches
                .iter()
                .zip(secrets)
                .map(of)
                .collect::<Option<_>>()?,
            publics: gist.publics.clone(),
            ..Scan::default()
        })
    }
}

/// Reads the secrets of some matches in a text from which so many layers were taken off, and in what
/// is encoded there.
fn read(
    text: &[u8],
    path: &[u8],
    layer: usize,
    gist: &Gist,
    matches: &[usize],
    budget: &mut Budget,
    secrets: &mut [Option<Secret>],
) {
    let mut deeper: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for index in matches {
        let said = &gist.matches[*index];
        match said.inside.get(layer) {
            Some(inside) => deeper.entry(inside.piece).or_default().push(*index),
            None => secrets[*index] = text.get(said.at(layer)).map(Secret::new),
        }
    }
    if deeper.is_empty() {
        return;
    }
    let decoded = decode(text, path, budget);
    for (piece, mut matches) in deeper {
        let Some(piece) = decoded.pieces.get(piece) else {
            continue;
        };
        matches.retain(|index| {
            let said = &gist.matches[*index];
            said.decoded[layer] == piece.how && said.at(layer) == piece.span
        });
        let path = piece.member.as_deref().unwrap_or(path);
        budget.deeper(|budget| {
            read(
                &piece.bytes,
                path,
                layer + 1,
                gist,
                &matches,
                budget,
                secrets,
            );
        });
    }
}

impl Said {
    /// Where it stands in the text from which so many layers were taken off.
    fn at(&self, layer: usize) -> Range<usize> {
        match layer.checked_sub(1) {
            None => self.span.clone(),
            Some(above) => self.inside[above].span.clone(),
        }
    }

    /// Whether there is a place for each layer.
    fn is_sound(&self) -> bool {
        self.decoded.len() == self.inside.len()
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
    fn seen(scan: &Scan) -> Vec<String> {
        let seen = |found: &Match| {
            let place = (&found.span, &found.whole, &found.decoded, &found.inside);
            let said = (
                found.confidence,
                found.valid,
                &found.identity,
                &found.public,
            );
            let secret = found.secret.expose();
            let id = found.rule.id;
            format!("{id} {secret:?} {place:?} {said:?} {:?}", found.signals)
        };
        let publics = std::iter::once(format!("{:?}", scan.publics));
        scan.matches.iter().map(seen).chain(publics).collect()
    }

    #[test]
    fn a_text_and_what_was_said_of_it_are_the_scan_again() {
        let scanner = Scanner::new(&Selection::default());
        let mut random = Random::new(31);
        let (mut direct, mut decoded) = (0, 0);
        let archive = |text: &[u8]| {
            let mut tar = tar::Builder::new(Vec::new());
            for name in ["a.txt", "b.txt"] {
                let mut header = tar::Header::new_ustar();
                header.set_size(text.len() as u64);
                tar.append_data(&mut header, name, text).unwrap();
            }
            let mut zip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            std::io::Write::write_all(&mut zip, &tar.into_inner().unwrap()).unwrap();
            zip.finish().unwrap()
        };
        for rule in rules() {
            for example in rule.examples.iter().take(2) {
                let text = template::expand(example, rule.proof, &mut random).unwrap();
                let text = match random.below(8) {
                    0 => archive(text.as_bytes()),
                    _ => text.into_bytes(),
                };
                let scan = scan(&scanner, &text);
                let gist = scan.gist(&text).unwrap();
                let matches = scan.matches.iter();
                match matches.map(|found| found.decoded.len()).max() {
                    Some(0) | None => direct += 1,
                    Some(_) => decoded += 1,
                }
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
        assert!(direct > 200 && decoded > 30, "{direct} and {decoded}");
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
