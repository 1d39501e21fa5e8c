//! How long a scan may go on.

use std::time::Instant;

/// Until when a text is looked at. The engine asks between the things it does one after the other
/// (windows, matches, decoders, pieces), each of which takes a small part of a second, so that no
/// text takes much longer than it may.
#[derive(Clone, Copy, Debug, Default)]
pub struct Patience {
    until: Option<Instant>,
}

/// How many small things are done before somebody asks.
const MANY: usize = 64;

impl Patience {
    /// As long as it takes.
    pub const ENDLESS: Self = Self { until: None };

    /// Until then; none is as long as it takes.
    #[must_use]
    pub fn until(until: Option<Instant>) -> Self {
        Self { until }
    }

    /// Whether it will ever be over.
    pub(super) fn is_bounded(self) -> bool {
        self.until.is_some()
    }

    /// Whether that is over. Once it is, it stays so.
    #[must_use]
    pub fn is_over(self) -> bool {
        self.until.is_some_and(|until| Instant::now() >= until)
    }

    /// The same, asked for the so-manieth of many small things: only now and then is it looked up.
    pub(super) fn is_over_at(self, count: usize) -> bool {
        count.is_multiple_of(MANY) && self.is_over()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::template::Random;
    use super::super::{Scan, Scanner, Selection};
    use super::*;
    use crate::change::{Content, Fresh};
    use base64::Engine as _;
    use std::io::Write as _;
    use std::time::Duration;

    const LENGTH: usize = 4 << 20;

    fn repeated(mut line: impl FnMut(usize) -> String) -> Vec<u8> {
        let mut text = Vec::with_capacity(LENGTH + 1024);
        for number in 0.. {
            text.extend_from_slice(line(number).as_bytes());
            if text.len() > LENGTH {
                break;
            }
        }
        text
    }

    /// Texts that take long, each where another part of the engine does.
    fn texts() -> Vec<(&'static str, Vec<u8>)> {
        let mut random = Random::new(11);
        let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let names = repeated(|n| format!("password_{n} = get('{n:016x}') or env['PASS_{n}']\n"));
        let values = repeated(|_| format!("api_key = \"{}\"\n", random.text(letters, 32)));
        let prefixes = repeated(|n| format!("ghp_{n} AKIA{n} sk_live_{n} xoxb-{n} "));
        let coded = base64::engine::general_purpose::STANDARD.encode(&names);
        let parts = repeated(|n| format!("a{n} = \"pass\" + \"word{n} = \\x41\\x42%41%42\"\n"));
        let wide: Vec<u8> = names.iter().flat_map(|byte| [*byte, 0]).collect();
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(&values).unwrap();
        vec![
            ("names", names),
            ("values", values),
            ("prefixes", prefixes),
            ("coded", coded.into_bytes()),
            ("parts", parts),
            ("wide", wide),
            ("packed", packed.finish().unwrap()),
        ]
    }

    #[test]
    fn every_text_that_takes_long_is_left_when_time_is_over() {
        let scanner = Scanner::new(&Selection::default());
        let fresh = &Fresh::All;
        // As a whole each takes some seconds here.
        let soon = || Patience::until(Instant::now().checked_add(Duration::from_millis(50)));
        for (what, text) in texts() {
            let content = Content {
                bytes: &text,
                fresh,
            };
            let scan = scanner.scan_within(b"a.py", content, soon());
            assert!(scan.late && scan.quiet_is_unknown(), "{what}");
            if matches!(what, "wide" | "packed") {
                continue;
            }
            let mut read = &text[..];
            let scan = scanner.scan_windows(b"a.py", &mut read, 1 << 20, soon(), &mut |_, _| {});
            let scan = scan.unwrap().unwrap();
            assert!(scan.late && scan.quiet_is_unknown(), "{what}");
        }
    }

    #[test]
    fn keywords_are_found_where_the_text_is_cut() {
        let scanner = Scanner::new(&Selection::default());
        let mut text = vec![b' '; 3 * super::super::keywords::BLOCK];
        let cuts = [1, 2].map(|n| n * super::super::keywords::BLOCK);
        for (at, before) in cuts.iter().zip([0, 5]) {
            let at = at - before;
            text[at - 1] = b'\n';
            text[at..at + 28].copy_from_slice(b"password = \"Tr0ub4dor&3xyz\"\n");
        }
        let content = Content {
            bytes: &text,
            fresh: &Fresh::All,
        };
        let hour = Instant::now().checked_add(Duration::from_secs(3600));
        let cut = scanner.scan_within(b"a.py", content, Patience::until(hour));
        let whole = scanner.scan(b"a.py", content);
        let at = |scan: &Scan| {
            scan.matches
                .iter()
                .map(|m| m.span.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!((at(&cut), at(&cut).len()), (at(&whole), 2));
    }

    #[test]
    fn time_enough_is_all_the_time() {
        let scanner = Scanner::new(&Selection::default());
        let (text, fresh) = (b"password = \"Tr0ub4dor&3xyz\"\n", &Fresh::All);
        let content = Content { bytes: text, fresh };
        let hour = Instant::now().checked_add(Duration::from_secs(3600));
        let scan = scanner.scan_within(b"a.py", content, Patience::until(hour));
        let whole = scanner.scan(b"a.py", content);
        assert_eq!(
            (scan.late, scan.matches.len()),
            (false, whole.matches.len())
        );
        let over = Patience::until(Some(Instant::now()));
        assert!(over.is_over() && !Patience::ENDLESS.is_over());
        let scan = scanner.scan_within(b"a.py", content, over);
        assert!(scan.late && scan.quiet_is_unknown());
        let look = scanner.anywhere(b"a = 1\n", None, over);
        assert!(!look.nothing && look.calm == crate::change::Calm::Unknown);
    }

    impl Scan {
        /// Whether nothing is said of what was not seen.
        fn quiet_is_unknown(&self) -> bool {
            !self.quiet && self.calm == crate::change::Calm::Unknown
        }
    }
}
