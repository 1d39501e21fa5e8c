//! The last gate of a report: every string passes here, and leaves without secrets and controls.

use super::Secrets;
use crate::finding::{Finding, FoundSecret};
use crate::git::escape;
use crate::policy::Verdict;
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use std::borrow::Cow;
use std::collections::HashSet;

/// Shorter secrets are not looked for: they would stand in half of all words.
const SHORTEST: usize = 6;

/// Of a longer secret its beginning is looked for, and what follows is not shown: an automaton of whole
/// keys takes longer to make than the report.
const LONGEST: usize = 64;

/// Knows every secret of a verdict and writes its redacted form wherever one turns up: in a path, a
/// branch name, an author, a message.
pub struct Redactor {
    secrets: Secrets,
    known: Known,
}

/// What has to be kept back.
enum Known {
    Nothing,
    /// Each secret as it is and as the escaper shows it, and what stands in their place.
    Secrets(Box<AhoCorasick>, Vec<Instead>),
    /// There are more secrets than one automaton takes: no text can be shown.
    TooMany,
}

/// What stands in the place of a secret.
struct Instead {
    text: String,
    /// Whether more of the secret may follow.
    goes_on: bool,
}

impl Redactor {
    /// For all secrets of a verdict, those that were suppressed included.
    #[must_use]
    pub fn of(verdict: &Verdict, secrets: Secrets) -> Self {
        let mut patterns: Vec<Vec<u8>> = Vec::new();
        let mut redacted = Vec::new();
        let mut seen = HashSet::new();
        if secrets == Secrets::Redacted {
            let suppressed = verdict.suppressed.iter().map(|entry| &entry.finding);
            let findings = verdict.findings.iter().chain(suppressed);
            for found in findings
                .filter_map(|finding: &Finding| finding.secret.as_ref())
                .chain(&verdict.withheld)
            {
                let bytes = found.secret.expose();
                if bytes.len() < SHORTEST || !seen.insert(bytes) {
                    continue;
                }
                let shown = escape(bytes).into_bytes();
                let forms = [
                    Some(bytes),
                    Some(&shown[..]).filter(|shown| *shown != bytes),
                ];
                for form in forms.into_iter().flatten() {
                    patterns.push(form[..form.len().min(LONGEST)].to_vec());
                    redacted.push(Instead {
                        text: found.redacted(),
                        goes_on: form.len() > LONGEST,
                    });
                }
            }
        }
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            // A report is short: it is searched sooner than another automaton is made of this one.
            .kind(Some(AhoCorasickKind::NoncontiguousNFA))
            .build(&patterns);
        let known = match automaton {
            _ if patterns.is_empty() => Known::Nothing,
            Ok(automaton) => Known::Secrets(Box::new(automaton), redacted),
            Err(_) => Known::TooMany,
        };
        Self { secrets, known }
    }

    /// Bytes from a repository as text that is safe to show, on one line.
    #[must_use]
    pub fn text(&self, bytes: &[u8]) -> String {
        // Twice: a secret may stand there as it is, or as somebody else escaped it already.
        let shown = escape(&self.bytes(bytes));
        String::from_utf8(self.bytes(shown.as_bytes()).into_owned()).unwrap_or_default()
    }

    /// Lines that are escaped already (messages, help): each through [`Redactor::text`].
    #[must_use]
    pub fn lines(&self, text: &str) -> String {
        // First as a whole, since a secret may hold line ends.
        let whole = self.bytes(text.as_bytes());
        whole
            .split(|byte| *byte == b'\n')
            .map(|line| self.text(line))
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// Bytes without secrets, else as they are.
    #[must_use]
    pub fn bytes<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        match &self.known {
            Known::Secrets(automaton, redacted) if automaton.is_match(bytes) => {
                let mut clean = Vec::with_capacity(bytes.len());
                let mut done = 0;
                for found in automaton.find_iter(bytes) {
                    let instead = &redacted[found.pattern()];
                    clean.extend_from_slice(&bytes[done..found.start()]);
                    clean.extend_from_slice(instead.text.as_bytes());
                    if instead.goes_on {
                        return Cow::Owned(clean);
                    }
                    done = found.end();
                }
                clean.extend_from_slice(&bytes[done..]);
                Cow::Owned(clean)
            }
            Known::Secrets(..) | Known::Nothing => Cow::Borrowed(bytes),
            Known::TooMany => Cow::Borrowed("…".as_bytes()),
        }
    }

    /// The secret in clear, escaped, where that was asked for.
    pub(super) fn clear(&self, found: &FoundSecret) -> Option<String> {
        match self.secrets {
            Secrets::Redacted => None,
            Secrets::Shown => Some(escape(found.secret.expose())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    #[test]
    fn writes_the_redacted_form_wherever_a_secret_stands() {
        let secret = samples::token();
        let redactor = Redactor::of(&samples::rejected(), Secrets::Redacted);
        assert_eq!(
            redactor.text(format!("a/{secret}\x1b/{secret}").as_bytes()),
            "a/ghp_…\\u{1b}/ghp_…"
        );
        assert_eq!(redactor.lines(&format!("x\n{secret}")), "x\nghp_…");
        let open = Redactor::of(&samples::rejected(), Secrets::Shown);
        assert_eq!(open.text(secret.as_bytes()), secret);
    }

    #[test]
    fn of_a_long_secret_nothing_is_shown() {
        let (mut verdict, _) = samples::hostile(3);
        let long = "0123456789abcdef".repeat(9);
        let found = verdict
            .findings
            .iter_mut()
            .find_map(|one| one.secret.as_mut());
        if let Some(found) = found {
            found.secret = crate::scan::Secret::new(long.as_bytes());
        }
        let redactor = Redactor::of(&verdict, Secrets::Redacted);
        for text in [
            format!("see {long} and {long}"),
            format!("see {}!", &long[..100]),
        ] {
            let shown = redactor.text(text.as_bytes());
            assert!(
                shown.starts_with("see ") && !shown.contains("0123456789abcdef0"),
                "{shown}"
            );
        }
    }

    #[test]
    fn an_escaped_form_of_a_secret_is_one_too() {
        let (verdict, secrets) = samples::hostile(3);
        let redactor = Redactor::of(&verdict, Secrets::Redacted);
        for secret in secrets {
            assert!(!redactor.lines(&format!("see {secret}!")).contains(&secret));
            let shown = escape(secret.as_bytes());
            assert!(!redactor.lines(&format!("see {shown}!")).contains(&shown));
        }
    }
}
