//! Scans a text that is too large to be held at once, in windows.
//!
//! A window begins and ends where a line end parts what stands around it for every decoder (see
//! [`around`]), and overlaps its neighbours by more than any rule reaches; what is found counts in the
//! window in whose middle it begins. A window grows until there is such a line end, if need be to the
//! whole text. What has to be seen as a whole, an archive or a text of wide characters, is not scanned
//! here.

use super::around;
use super::calm::{Told, begins_special};
use super::decode::{Budget, is_one};
use super::encoding;
use super::generic::Setting;
use super::outcome::Scan;
use super::patience::Patience;
use super::scanner::Scanner;
use super::search::Text;
use super::whose;
use super::{Match, Public};
use crate::change::Fresh;
use std::collections::HashMap;
use std::io::{self, Read};
use std::ops::Range;

/// How far from its match a rule looks beside what it reaches, in bytes: partners, names, fields.
const BESIDE: usize = 64 << 10;

/// With rules that reach further, windows would be little but overlap.
const MAX_REACH: usize = 1 << 20;

/// How many bytes behind a line end say whether it parts.
const AHEAD: usize = 1024;

/// How many public keys are told of, as of a text that is scanned as a whole.
const MAX_PUBLICS: usize = 256;

/// A part of a text.
#[derive(Clone, Copy, Debug)]
pub struct Window<'a> {
    /// Whole lines.
    pub bytes: &'a [u8],
    /// How many lines stand before them.
    pub lines: usize,
}

/// What is here of a text.
struct Held {
    bytes: Vec<u8>,
    /// How many bytes and lines were let go before.
    gone: usize,
    lines: usize,
    /// Whether the text ends with them.
    is_end: bool,
}

impl Held {
    /// Reads on until there are so many bytes.
    fn fill(&mut self, text: &mut dyn Read, length: usize) -> io::Result<()> {
        if let Some(missing) = length.checked_sub(self.bytes.len()) {
            self.bytes.reserve_exact(missing);
            let read = text.take(missing as u64).read_to_end(&mut self.bytes)?;
            self.is_end = read < missing;
        }
        Ok(())
    }

    /// The first place from `from` on where the text can be cut.
    fn cut(&self, from: usize) -> Option<usize> {
        let bytes = &self.bytes;
        let mut at = from;
        loop {
            at += memchr::memchr(b'\n', bytes.get(at..)?)? + 1;
            if at + AHEAD > bytes.len() {
                return None;
            }
            // A character of two bytes may stand on either side of a NUL.
            let near = &bytes[at.saturating_sub(2)..at + 2];
            if !near.contains(&0) && around::parts(bytes, at) {
                return Some(at);
            }
        }
    }

    /// Lets go what stands before a place.
    fn let_go(&mut self, at: usize) {
        self.lines += memchr::memchr_iter(b'\n', &self.bytes[..at]).count();
        self.gone += at;
        self.bytes.drain(..at);
    }
}

impl Scanner {
    /// The secrets in a text that is new as a whole, read in windows of about so many bytes. `see` is
    /// shown each match by rising place with the window that it is in, by its place there. `None`
    /// where the text has to be scanned as a whole. Where time is over, it is what was found by then.
    ///
    /// # Errors
    /// When the text cannot be read to its end.
    pub fn scan_windows(
        &self,
        path: &[u8],
        text: &mut dyn Read,
        window: usize,
        patience: Patience,
        see: &mut dyn FnMut(Window<'_>, &Match),
    ) -> io::Result<Option<Scan>> {
        let reach = self.table.iter().map(|rule| rule.reach).max().unwrap_or(0);
        if !self.by_lines || reach > MAX_REACH || is_one(path) {
            return Ok(None);
        }
        let margin = 2 * reach + BESIDE;
        let mut held = Held {
            bytes: Vec::new(),
            gone: 0,
            lines: 0,
            is_end: false,
        };
        let like = self.text(path, b"", patience);
        let mut found = Found::default();
        let mut core = 0;
        loop {
            if patience.is_over() {
                return Ok(Some(found.so_far()));
            }
            let mut length = core + window + 2 * margin;
            let (end, last) = loop {
                held.fill(text, length)?;
                if held.gone == 0 && core == 0 && is_whole(&held.bytes) {
                    return Ok(None);
                }
                let cut = held.cut(core + window);
                let last = cut.and_then(|cut| held.cut(cut + margin));
                match cut.zip(last) {
                    Some(cuts) => break cuts,
                    None if held.is_end => break (held.bytes.len(), held.bytes.len()),
                    None => length = 2 * held.bytes.len(),
                }
            };
            self.in_window(&like, &held, core..end, last, &mut found, see);
            if end == held.bytes.len() {
                break;
            }
            let start = held.cut(end.saturating_sub(2 * margin));
            let start = start.filter(|start| *start + margin <= end).unwrap_or(0);
            held.let_go(start);
            core = end - start;
        }
        Ok(self.all_found(path, found, patience))
    }

    /// Adds what begins in a part of what is here, and what lies there in wide characters.
    fn in_window(
        &self,
        like: &Text<'_>,
        held: &Held,
        core: Range<usize>,
        last: usize,
        all: &mut Found,
        see: &mut dyn FnMut(Window<'_>, &Match),
    ) {
        let text = Text {
            bytes: &held.bytes[..last],
            ..*like
        };
        let mut told = Told {
            publics: Some(Vec::new()),
            ..Told::default()
        };
        let matches = self.narrow(&text, &mut Budget::of_part(like.patience), &mut told);
        let window = Window {
            bytes: text.bytes,
            lines: held.lines,
        };
        for mut found in matches {
            if core.contains(&found.span.start) {
                see(window, &found);
                found.span = found.span.start + held.gone..found.span.end + held.gone;
                found.whole = found.whole.start + held.gone..found.whole.end + held.gone;
                all.matches.push(found);
            }
        }
        for why in told.undecided {
            if !all.undecided.contains(&why) {
                all.undecided.push(why);
            }
        }
        for mut public in told.publics.into_iter().flatten() {
            if core.contains(&public.at) && all.publics.len() < MAX_PUBLICS {
                let before = &text.bytes[..public.at];
                let line = 1 + held.lines + memchr::memchr_iter(b'\n', before).count();
                public.at += held.gone;
                all.lines.insert(public.at, line);
                all.publics.push(public);
            }
        }
        let core = &held.bytes[core];
        if memchr::memchr(0, core).is_some() {
            all.wide.append(&mut encoding::runs_in(core));
        }
    }

    fn all_found(&self, path: &[u8], mut all: Found, patience: Patience) -> Option<Scan> {
        let mut told = Told {
            publics: Some(Vec::new()),
            ..Told::default()
        };
        let wide = self.narrow(
            &self.text(path, &all.wide, patience),
            &mut Budget::within(patience),
            &mut told,
        );
        if patience.is_over() {
            return Some(all.so_far());
        }
        // Where that stands takes the whole text, and so does the only server of a cluster.
        let quiet = wide.is_empty()
            && told.undecided.is_empty()
            && told.publics.is_none_or(|publics| publics.is_empty());
        let mut rules = all.matches.iter().map(|found| found.rule);
        if !quiet || rules.any(|rule| rule.provider == whose::KUBERNETES) {
            return None;
        }
        whose::tell_public(&mut all.matches, &all.publics, |at| {
            all.lines.get(&at).copied().unwrap_or(1)
        });
        Some(Scan {
            matches: all.matches,
            undecided: all.undecided,
            publics: all.publics,
            ..Scan::default()
        })
    }

    fn text<'a>(&'a self, path: &'a [u8], bytes: &'a [u8], patience: Patience) -> Text<'a> {
        Text {
            bytes,
            path,
            fresh: &Fresh::All,
            setting: Setting::Plain,
            allowances: &self.allowances,
            patience,
        }
    }
}

/// What was found so far.
#[derive(Default)]
struct Found {
    matches: Vec<Match>,
    undecided: Vec<String>,
    publics: Vec<Public>,
    /// On which lines those are.
    lines: HashMap<usize, usize>,
    /// What stands in the text in wide characters.
    wide: Vec<u8>,
}

impl Found {
    /// What there is when time is over.
    fn so_far(self) -> Scan {
        Scan {
            matches: self.matches,
            undecided: self.undecided,
            publics: self.publics,
            late: true,
            ..Scan::default()
        }
    }
}

/// Whether a text has to be scanned as a whole, by its beginning.
fn is_whole(head: &[u8]) -> bool {
    begins_special(head) || encoding::is_wide(head)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::template::{self, Random};
    use super::super::{Selection, rules};
    use super::*;
    use crate::change::Content;

    /// Everything of a match that anyone can see.
    fn seen(found: &Match) -> String {
        let place = (&found.span, &found.whole, &found.decoded);
        let said = (
            found.confidence,
            found.valid,
            &found.identity,
            &found.public,
        );
        let secret = found.secret.expose();
        let id = found.rule.id;
        format!("{id} {secret:?} {place:?} {said:?} {:?}", found.signals)
    }

    /// Lines of words, numbers, encodings and bytes, with a secret now and then.
    fn text(random: &mut Random, length: usize, secrets: usize) -> Vec<u8> {
        let letters = "abcdefghijklmnopqrstuvwxyz      ";
        let coded = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let one = |rule: &&super::super::Rule| rule.provider != whose::KUBERNETES;
        let all: Vec<_> = rules().iter().filter(one).collect();
        let mut text = Vec::with_capacity(length + 4096);
        let step = length / secrets;
        let mut next = step / 2;
        while text.len() < length {
            if text.len() >= next {
                next += random.below(2 * step).max(1);
                let rule = all[random.below(all.len())];
                let example = rule.examples[random.below(rule.examples.len())];
                let secret = template::expand(example, rule.proof, random).unwrap();
                match random.below(4) {
                    0 => secret
                        .bytes()
                        .for_each(|byte| text.extend(format!("{byte:02x}").into_bytes())),
                    _ => text.extend_from_slice(secret.as_bytes()),
                }
                text.push(b'\n');
                continue;
            }
            match random.below(40) {
                0 => (0..random.below(60)).for_each(|_| {
                    text.extend_from_slice(random.text(coded, 76).as_bytes());
                    text.push(b'\n');
                }),
                1 => text.extend((0..random.below(300)).map(|_| random.draw() as u8)),
                2 => text.extend_from_slice(b"x = \"abc\" +\n  \"def\" \\\n"),
                _ => {
                    let length = random.below(120);
                    text.extend_from_slice(random.text(letters, length).as_bytes());
                    text.push(b'\n');
                }
            }
        }
        text
    }

    #[test]
    fn windows_find_what_the_whole_text_finds() {
        let scanner = Scanner::new(&Selection::default());
        let mut random = Random::new(77);
        let mut count = 0;
        for (round, window) in [50_000, 130_000].into_iter().enumerate() {
            let text = text(&mut random, 600_000, 300);
            let fresh = &Fresh::All;
            let whole = scanner.scan(
                b"a.txt",
                Content {
                    bytes: &text,
                    fresh,
                },
            );
            let (mut places, mut windows) = (Vec::new(), 0);
            let mut most = 0;
            let mut last = usize::MAX;
            let mut see = |window: Window<'_>, found: &Match| {
                windows += usize::from(window.lines != last);
                last = window.lines;
                most = window.bytes.len().max(most);
                let before = &window.bytes[..found.span.start];
                let line = window.lines + memchr::memchr_iter(b'\n', before).count();
                places.push((line, found.secret.clone()));
            };
            let mut read = &text[..];
            let scan =
                scanner.scan_windows(b"a.txt", &mut read, window, Patience::ENDLESS, &mut see);
            let scan = scan.unwrap().unwrap();
            let all = |scan: &Scan| scan.matches.iter().map(seen).collect::<Vec<_>>();
            assert_eq!(all(&scan), all(&whole), "round {round}");
            assert_eq!(scan.undecided, whole.undecided);
            let lines = whole.matches.iter().map(|found| {
                let before = &text[..found.span.start];
                let line = memchr::memchr_iter(b'\n', before).count();
                (line, found.secret.clone())
            });
            assert_eq!(places, lines.collect::<Vec<_>>());
            assert!(windows > 2 && most < text.len(), "{windows} of {most}");
            count += whole.matches.len();
        }
        assert!(count > 150, "{count}");
    }

    /// Whether a secret at the end of so many lines is found in windows, and how many there are.
    fn found(head: &[u8], line: &[u8], tail: &[u8]) -> Option<usize> {
        let scanner = Scanner::new(&Selection::default());
        let mut random = Random::new(5);
        let rule = rules()
            .iter()
            .find(|rule| rule.id == "github-personal-access-token");
        let rule = rule.or(rules().iter().find(|rule| rule.id.starts_with("github-")));
        let rule = rule.unwrap();
        let secret = template::expand(rule.examples[0], rule.proof, &mut random).unwrap();
        let mut text = head.to_vec();
        while text.len() < 700_000 {
            text.extend_from_slice(line);
        }
        text.extend_from_slice(secret.as_bytes());
        text.extend_from_slice(tail);
        let mut read = &text[..];
        let scan = scanner.scan_windows(b"", &mut read, 100_000, Patience::ENDLESS, &mut |_, _| {});
        scan.unwrap().map(|scan| scan.matches.len())
    }

    #[test]
    fn what_cannot_be_cut_is_scanned_all_the_same() {
        assert_eq!(found(b"", b"no line end ", b"\n"), Some(1));
        assert_eq!(found(b"", b"a line\n", b""), Some(1));
        assert_eq!(found(b"", b"\"a\" +\n", b"\n"), Some(1));
        let head = [b'x'; 5000];
        assert_eq!(found(&head, b"\0\n\0\n", b"\n"), Some(1));
    }

    #[test]
    fn archives_and_wide_characters_are_left_to_whoever_has_all_of_it() {
        assert_eq!(found(b"\x1f\x8b\x08", b"a line\n", b""), None);
        assert_eq!(found(b"PK\x03\x04", b"a line\n", b""), None);
        assert_eq!(found(b"\xff\xfe", b"a\0b\0\n\0", b""), None);
        assert_eq!(found(b"", b"a\0b\0\n\0", b""), None);
        // Within a binary it is read, and only where it holds something all of it is needed.
        let quiet: Vec<u8> = b"a line of words"
            .iter()
            .flat_map(|byte| [*byte, 0])
            .collect();
        let quiet = [&[b'x'; 5000][..], b"\n", &quiet, b"\xff\n"].concat();
        assert_eq!(found(&quiet, b"a line\n", b"\n"), Some(1));
        let loud = format!(
            "password = \"{}\"",
            Random::new(3).text("abcdef3456ABCD%!", 20)
        );
        let loud: Vec<u8> = loud.bytes().flat_map(|byte| [byte, 0]).collect();
        let loud = [&[b'x'; 5000][..], b"\n", &loud, b"\xff\n"].concat();
        assert_eq!(found(&loud, b"a line\n", b"\n"), None);
    }
}
