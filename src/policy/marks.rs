//! The marks of other tools that allow a secret where it stands, each as that tool reads it.

use super::inline::lines_of;
use crate::git::escape;
use regex::bytes::Regex;
use serde::Deserialize;
use std::ops::Range;
use std::sync::OnceLock;

/// A tool whose marks count where the configuration says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tool {
    /// `gitleaks:allow` anywhere on the line.
    Gitleaks,
    /// `betterleaks:allow` or `gitleaks:allow` anywhere on the line.
    Betterleaks,
    /// A comment `pragma: allowlist secret` that ends the line, or `pragma: allowlist nextline
    /// secret` that begins the line above.
    DetectSecrets,
    /// `trufflehog:ignore` anywhere on the line.
    Trufflehog,
    /// `kingfisher:ignore` anywhere on the line.
    Kingfisher,
    /// `secretlint-disable-line`, `secretlint-disable-next-line`, and what stands between
    /// `secretlint-disable` and `secretlint-enable`; ids of rules and `-- reason` may follow.
    Secretlint,
}

/// What a mark of one of these tools says for a secret of this rule at `span`: the mark, with the
/// reason where one is given; escaped.
pub(super) fn mark_of(
    tools: &[Tool],
    text: &[u8],
    path: &[u8],
    span: &Range<usize>,
    rule: &str,
) -> Option<String> {
    let lines = &text[lines_of(text, span)];
    let holds =
        |mark: &'static str| memchr::memmem::find(lines, mark.as_bytes()).map(|_| mark.to_owned());
    tools.iter().find_map(|tool| match tool {
        Tool::Gitleaks => holds("gitleaks:allow"),
        Tool::Betterleaks => holds("betterleaks:allow").or_else(|| holds("gitleaks:allow")),
        Tool::DetectSecrets => pragma(text, path, span),
        Tool::Trufflehog => holds("trufflehog:ignore"),
        Tool::Kingfisher => holds("kingfisher:ignore"),
        Tool::Secretlint => disabled(text, span, rule),
    })
}

/// The comments that detect-secrets knows, what opens and what closes them.
const COMMENTS: [(&str, &str); 6] = [
    ("#", ""),
    ("//", ""),
    (r"/\*", r" *\*/"),
    ("'", ""),
    ("--", ""),
    (r"<!--[# \t]*?", r" *?-->"),
];

/// The pragma of each comment, on its own line and on the line above.
fn pragmas() -> &'static [(Option<Regex>, Option<Regex>)] {
    static PRAGMAS: OnceLock<Vec<(Option<Regex>, Option<Regex>)>> = OnceLock::new();
    PRAGMAS.get_or_init(|| {
        let compile = |regex: String| {
            let built = regex::bytes::RegexBuilder::new(&regex)
                .unicode(false)
                .build();
            debug_assert!(built.is_ok(), "{regex}");
            built.ok()
        };
        COMMENTS
            .iter()
            .map(|(open, close)| {
                let own = r"pragma: ?(?:allow|white)list[ -]secret";
                let next = r"pragma: ?allowlist[ -]nextline[ -]secret";
                (
                    compile(format!(r"{open}[ \t]*{own}.*?{close}[ \t]*\r?$")),
                    compile(format!(r"^[ \t]*{open}[ \t]*{next}.*?{close}[ \t]*\r?$")),
                )
            })
            .collect()
    })
}

fn pragma(text: &[u8], path: &[u8], span: &Range<usize>) -> Option<String> {
    // In YAML only `#` opens a comment, and detect-secrets goes by this ending alone.
    let known = if path.ends_with(b".yaml") {
        1
    } else {
        COMMENTS.len()
    };
    let lines = lines_of(text, span);
    let above = lines.start.checked_sub(1).map(|end| {
        let start = memchr::memrchr(b'\n', &text[..end]).map_or(0, |newline| newline + 1);
        &text[start..end]
    });
    pragmas()[..known].iter().find_map(|(own, next)| {
        let own = own.as_ref()?;
        let next = next.as_ref()?;
        if text[lines.clone()]
            .split(|byte| *byte == b'\n')
            .any(|line| own.is_match(line))
        {
            Some("pragma: allowlist secret".to_owned())
        } else if above.is_some_and(|line| next.is_match(line)) {
            Some("pragma: allowlist nextline secret".to_owned())
        } else {
            None
        }
    })
}

/// One comment of secretlint.
struct Directive<'a> {
    at: usize,
    kind: Kind,
    /// Ids of rules; none for all.
    ids: Vec<&'a [u8]>,
    reason: &'a [u8],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    NextLine,
    Line,
    Disable,
    Enable,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::NextLine => "secretlint-disable-next-line",
            Self::Line => "secretlint-disable-line",
            Self::Disable => "secretlint-disable",
            Self::Enable => "secretlint-enable",
        }
    }
}

impl<'a> Directive<'a> {
    /// Every one in a text, from the top.
    fn all(text: &'a [u8]) -> Vec<Self> {
        memchr::memmem::find_iter(text, b"secretlint-")
            .filter_map(|at| Self::read(text, at))
            .collect()
    }

    fn read(text: &'a [u8], at: usize) -> Option<Self> {
        let kind = [Kind::NextLine, Kind::Line, Kind::Disable, Kind::Enable]
            .into_iter()
            .find(|kind| text[at..].starts_with(kind.word().as_bytes()))?;
        let rest = &text[at + kind.word().len()..];
        if rest
            .first()
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        {
            return None;
        }
        let mut rest = &rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())];
        for end in [&b"*/"[..], b"-->"] {
            rest = &rest[..memchr::memmem::find(rest, end).unwrap_or(rest.len())];
        }
        let (ids, reason) = match memchr::memmem::find(rest, b"--") {
            Some(dashes) => (&rest[..dashes], rest[dashes..].trim_ascii()),
            None => (rest, &b""[..]),
        };
        Some(Self {
            at,
            kind,
            ids: ids
                .split(|byte| *byte == b',' || byte.is_ascii_whitespace())
                .filter(|id| !id.is_empty())
                .collect(),
            reason: reason.strip_prefix(b"--").unwrap_or(reason).trim_ascii(),
        })
    }

    fn means(&self, rule: &str) -> bool {
        self.ids.is_empty() || self.ids.iter().any(|id| is_like(id, rule))
    }

    fn said(&self) -> String {
        match escape(self.reason) {
            reason if reason.is_empty() => self.kind.word().to_owned(),
            reason => format!("{}: {reason}", self.kind.word()),
        }
    }
}

/// Whether an id of secretlint, `@secretlint/secretlint-rule-PROVIDER`, or one of ours means a rule:
/// ours begin with the provider.
fn is_like(id: &[u8], rule: &str) -> bool {
    const PREFIX: &[u8] = b"secretlint-rule-";
    let ours = id.strip_prefix(b"secrets/").unwrap_or(id);
    if ours == rule.as_bytes() {
        return true;
    }
    let Some(at) = memchr::memmem::find(id, PREFIX) else {
        return false;
    };
    let provider = &id[at + PREFIX.len()..];
    if provider == b"basicauth" {
        return rule == "url-password";
    }
    let plain =
        |text: &[u8]| -> Vec<u8> { text.iter().copied().filter(|byte| *byte != b'-').collect() };
    // At a whole word of ours: `git` is not `github`.
    let words = rule
        .match_indices('-')
        .map(|(at, _)| at)
        .chain([rule.len()]);
    let provider = plain(provider);
    !provider.is_empty()
        && words
            .into_iter()
            .any(|end| plain(&rule.as_bytes()[..end]) == provider)
}

fn disabled(text: &[u8], span: &Range<usize>, rule: &str) -> Option<String> {
    let lines = lines_of(text, span);
    let mut off: Option<Directive<'_>> = None;
    for one in Directive::all(text) {
        let meant = one.means(rule);
        let next = memchr::memchr(b'\n', &text[one.at..]).map(|newline| one.at + newline + 1);
        match one.kind {
            Kind::Line if meant && lines.contains(&one.at) => return Some(one.said()),
            Kind::NextLine if meant && next == Some(lines.start) => return Some(one.said()),
            Kind::Disable if meant && one.at < span.start => off = Some(one),
            Kind::Enable if meant && one.at < span.start => off = None,
            Kind::Line | Kind::NextLine | Kind::Disable | Kind::Enable => {}
        }
    }
    off.map(|one| one.said())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a mark says of the word `KEY` in a text.
    fn said(tool: Tool, path: &str, text: &str) -> Option<String> {
        let at = text.find("KEY").unwrap_or_default();
        mark_of(
            &[tool],
            text.as_bytes(),
            path.as_bytes(),
            &(at..at + 3),
            "github-token",
        )
    }

    fn holds(tool: Tool, text: &str) -> bool {
        said(tool, "a.py", text).is_some()
    }

    #[test]
    fn a_word_on_the_line_is_the_mark_of_most() {
        for (tool, mark) in [
            (Tool::Gitleaks, "gitleaks:allow"),
            (Tool::Betterleaks, "betterleaks:allow"),
            (Tool::Betterleaks, "gitleaks:allow"),
            (Tool::Trufflehog, "trufflehog:ignore"),
            (Tool::Kingfisher, "kingfisher:ignore"),
        ] {
            assert!(holds(tool, &format!("a\nx = KEY # {mark}\nb")), "{mark}");
            assert!(holds(tool, &format!("{mark} KEY")), "{mark}");
            assert!(!holds(tool, &format!("{mark}\nKEY\n{mark}")), "{mark}");
        }
        assert!(!holds(
            Tool::Gitleaks,
            "KEY betterleaks:allow trufflehog:ignore"
        ));
        assert_eq!(mark_of(&[], b"KEY gitleaks:allow", b"", &(0..3), "r"), None);
    }

    #[test]
    fn a_pragma_is_a_comment_that_ends_the_line_or_begins_the_line_above() {
        let tool = Tool::DetectSecrets;
        for good in [
            "x = KEY  # pragma: allowlist secret",
            "x = KEY  # pragma: whitelist secret",
            "x = KEY  #pragma:allowlist-secret because\r\n",
            "x = KEY; // pragma: allowlist secret",
            "x = KEY; /* pragma: allowlist secret */ ",
            "x = KEY -- pragma: allowlist secret",
            "<a>KEY</a> <!-- pragma: allowlist secret -->",
            "# pragma: allowlist nextline secret\nx = KEY",
            "a\n  // pragma: allowlist-nextline-secret why\nx = KEY",
        ] {
            assert!(holds(tool, good), "{good}");
        }
        for bad in [
            "x = KEY pragma: allowlist secret",
            "x = KEY /* pragma: allowlist secret",
            "x = KEY # pragma: allowlist",
            "# pragma: allowlist secret\nx = KEY",
            "# pragma: allowlist nextline secret\n\nx = KEY",
            "y # pragma: allowlist nextline secret\nx = KEY",
            "x = KEY # pragma: allowlist nextline secret",
            "x = KEY\n# pragma: allowlist secret",
        ] {
            assert!(!holds(tool, bad), "{bad}");
        }
        let slashes = "x: KEY // pragma: allowlist secret";
        assert!(said(tool, "a.yaml", slashes).is_none());
        assert!(said(tool, "a.yml", slashes).is_some());
        assert!(said(tool, "a.yaml", "x: KEY # pragma: allowlist secret").is_some());
    }

    #[test]
    fn secretlint_disables_lines_and_blocks_and_single_rules() {
        let tool = Tool::Secretlint;
        for good in [
            "KEY // secretlint-disable-line",
            "// secretlint-disable-next-line\nKEY",
            "/* secretlint-disable */\na\nKEY",
            "/* secretlint-disable */ a /* secretlint-enable */\n# secretlint-disable\nKEY",
            "KEY // secretlint-disable-line @secretlint/secretlint-rule-github",
            "KEY // secretlint-disable-line @secretlint/secretlint-rule-aws, secrets/github-token",
            "# secretlint-disable\n# secretlint-enable @secretlint/secretlint-rule-aws\nKEY",
        ] {
            assert!(holds(tool, good), "{good}");
        }
        for bad in [
            "// secretlint-disable-line\nKEY",
            "KEY // secretlint-disable-next-line",
            "// secretlint-disable-next-line\n\nKEY",
            "/* secretlint-disable */\n/* secretlint-enable */\nKEY",
            "KEY\n/* secretlint-disable */",
            "secretlint-disabled KEY",
            "KEY // secretlint-disable-line @secretlint/secretlint-rule-aws",
            "KEY // secretlint-disable-line @secretlint/secretlint-rule-git",
            "KEY // secretlint-disable-line not-a-rule",
        ] {
            assert!(!holds(tool, bad), "{bad}");
        }
        assert_eq!(
            said(tool, "a", "KEY /* secretlint-disable-line -- a test key */"),
            Some("secretlint-disable-line: a test key".to_owned())
        );
        assert!(is_like(
            b"@secretlint/secretlint-rule-privatekey",
            "private-key-openssh"
        ));
        assert!(is_like(
            b"@secretlint/secretlint-rule-basicauth",
            "url-password"
        ));
    }
}
