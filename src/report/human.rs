//! The report for people: what, where, why and what to do, in lines of 72 columns.

use super::redact::Redactor;
use super::style::{Style, paint};
use super::{Audience, Options, Verbosity, coverage};
use crate::finding::{Finding, Level, PlaceKind};
use crate::policy::settings::Mode;
use crate::policy::{Outcome, Verdict};
use crate::scan::Validity;
use std::collections::BTreeMap;
use std::io;

/// Lines are no longer, but for a path, an id or an address that is longer by itself.
const WIDTH: usize = 72;
/// With more findings than that, each takes two lines.
const DETAILED: usize = 50;

pub(super) fn write(
    verdict: &Verdict,
    options: &Options,
    redactor: &Redactor,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut page = Page {
        options,
        redactor,
        text: String::new(),
    };
    page.verdict(verdict);
    out.write_all(page.text.as_bytes())
}

/// One finding in full, and rows of a label and a text below it.
pub(super) fn write_one(
    finding: &Finding,
    rows: &[(&str, String)],
    options: &Options,
    redactor: &Redactor,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut page = Page {
        options,
        redactor,
        text: String::new(),
    };
    page.full(finding);
    page.text.pop();
    for (label, text) in rows {
        page.labelled(label, &redactor.lines(text));
    }
    out.write_all(page.text.as_bytes())
}

struct Page<'a> {
    options: &'a Options,
    redactor: &'a Redactor,
    text: String,
}

impl Page<'_> {
    fn verdict(&mut self, verdict: &Verdict) {
        let of = |level| verdict.findings.iter().filter(move |f| f.level == level);
        let detailed = verdict.findings.len() <= DETAILED;
        for finding in of(Level::Deny) {
            match self.options.verbosity {
                Verbosity::Quiet => self.heading(finding),
                Verbosity::Normal | Verbosity::Verbose if detailed => self.full(finding),
                Verbosity::Normal | Verbosity::Verbose => self.compact(finding),
            }
        }
        if self.options.verbosity != Verbosity::Quiet {
            for finding in of(Level::Warn) {
                self.compact(finding);
            }
        }
        self.refused_refs(verdict);
        for unread in &verdict.unread {
            let what = self.redactor.text(unread.what.as_bytes());
            let why = self.redactor.lines(&unread.why);
            let label = paint(self.options.color, Style::Warn, "undecided:");
            self.wrapped(&label, "undecided:".len(), 4, &format!("{what}: {why}"));
        }
        if self.options.verbosity == Verbosity::Verbose {
            for entry in &verdict.suppressed {
                let place = self.place(&entry.finding);
                let reason = self.redactor.lines(&entry.reason);
                let by = match entry.by {
                    crate::policy::SuppressedBy::Inline => "a mark on the line",
                    crate::policy::SuppressedBy::Baseline => "the baseline",
                    crate::policy::SuppressedBy::Allowlist => "the configuration",
                };
                let reason = if reason.is_empty() {
                    String::new()
                } else {
                    format!(": {reason}")
                };
                let line = format!("{place}  {}  by {by}{reason}", entry.finding.check);
                self.wrapped("suppressed:", "suppressed:".len(), 4, &line);
            }
            for stale in &verdict.stale {
                let what = self.redactor.text(stale.what.as_bytes());
                let why = self.redactor.lines(&stale.why);
                self.wrapped("stale:", "stale:".len(), 4, &format!("{what}: {why}"));
            }
        }
        if self.wants_summary(verdict) {
            self.summary(verdict);
        }
    }

    fn wants_summary(&self, verdict: &Verdict) -> bool {
        let silent = match self.options.audience {
            Audience::ClientHook { .. } | Audience::ServerHook { .. } => {
                verdict.findings.is_empty() && verdict.unread.is_empty()
            }
            Audience::Command => false,
        };
        match self.options.verbosity {
            Verbosity::Quiet => false,
            Verbosity::Normal => !silent,
            Verbosity::Verbose => true,
        }
    }

    /// `PATH:LINE:COLUMN  CHECK`, on two lines where one is too short.
    fn heading(&mut self, finding: &Finding) {
        let place = self.place(finding);
        let check = finding.check.to_string();
        let (style, mark) = match finding.level {
            Level::Deny => (Style::Deny, ""),
            Level::Warn => (Style::Warn, "  (warning)"),
        };
        let color = self.options.color;
        let long = columns(&place) + 2 + check.len() + mark.len() > WIDTH;
        let between = if long { "\n    " } else { "  " };
        self.text.push_str(&format!(
            "{}{between}{}{mark}\n",
            paint(color, Style::Place, &place),
            paint(color, style, &check),
        ));
    }

    fn compact(&mut self, finding: &Finding) {
        self.heading(finding);
        let mut message = self.redactor.lines(&finding.message);
        if let Some(found) = &finding.secret {
            message.push_str(&format!(
                " [{}, {} characters]",
                found.redacted(),
                found.secret.length()
            ));
        }
        self.wrapped("   ", 3, 4, &message);
        if let Some(clear) = finding.secret.as_ref().and_then(|f| self.redactor.clear(f)) {
            self.labelled("clear:", &clear);
        }
    }

    fn full(&mut self, finding: &Finding) {
        self.heading(finding);
        let message = self.redactor.lines(&finding.message);
        self.wrapped("   ", 3, 4, &message);
        if let Some(found) = &finding.secret {
            let mut line = format!(
                "{} ({} characters)",
                found.redacted(),
                found.secret.length()
            );
            match found.valid {
                Validity::Yes => line.push_str(", its checksum is right"),
                Validity::No => line.push_str(", its checksum is wrong"),
                Validity::Unknown => {}
            }
            self.labelled("secret:", &line);
            if let Some(whose) = &found.identity {
                self.labelled("identity:", &self.redactor.text(whose.as_bytes()));
            }
            if let Some(clear) = self.redactor.clear(found) {
                self.labelled("clear:", &clear);
            }
        }
        if !finding.place.decoded.is_empty() {
            self.labelled("within:", &finding.place.decoded.join(", "));
        }
        if let (Some(commit), PlaceKind::File | PlaceKind::Ref | PlaceKind::Tag) =
            (finding.place.commit, finding.place.kind)
        {
            self.labelled("commit:", &format!("{commit}{}", self.by(finding)));
        }
        let help = self.redactor.lines(&finding.help);
        for line in help.lines().filter(|line| !line.trim().is_empty()) {
            match line.strip_prefix("$ ") {
                // A command is copied whole.
                Some(command) => self.text.push_str(&format!("        {command}\n")),
                None => self.labelled("fix:", line),
            }
        }
        self.allow(finding);
        self.labelled("fingerprint:", finding.fingerprint.as_str());
        self.text.push('\n');
    }

    /// `, Alice <alice@example.com>, 2026-01-02T03:04:05Z`, as far as it is known.
    fn by(&self, finding: &Finding) -> String {
        [&finding.place.author, &finding.place.date]
            .into_iter()
            .flatten()
            .map(|text| format!(", {}", self.redactor.text(text.as_bytes())))
            .collect()
    }

    /// How to let a secret in that is none.
    fn allow(&mut self, finding: &Finding) {
        // A comment today changes nothing about an object of the history.
        let kept = finding.place.reachable.is_some() && self.options.audience == Audience::Command;
        if finding.secret.is_none() || finding.place.text.is_none() || kept {
            return;
        }
        let mark = format!("portcullis:allow({})", finding.check.name);
        let text = match (finding.place.kind, self.options.audience) {
            (PlaceKind::File, Audience::ClientHook { .. } | Audience::Command) => {
                format!("if it is no secret, end that line with the comment {mark} REASON")
            }
            (PlaceKind::File, Audience::ServerHook { .. }) => format!(
                "if it is no secret, ask those who keep this server; \
                 the comment {mark} REASON on that line counts only if its policy says so"
            ),
            (PlaceKind::Message | PlaceKind::Commit | PlaceKind::Ref | PlaceKind::Tag, _) => return,
        };
        self.labelled("allow:", &text);
    }

    /// `refused: REF by CHECK, CHECK` for each ref that a finding stands in the way of.
    fn refused_refs(&mut self, verdict: &Verdict) {
        let mut refused: BTreeMap<&[u8], Vec<String>> = BTreeMap::new();
        for finding in verdict.findings.iter().filter(|f| f.level == Level::Deny) {
            for name in &finding.refs {
                let checks = refused.entry(name.as_bytes()).or_default();
                let check = finding.check.to_string();
                if !checks.contains(&check) {
                    checks.push(check);
                }
            }
        }
        for (name, checks) in refused {
            let line = format!("{} by {}", self.redactor.text(name), checks.join(", "));
            let word = match self.options.mode {
                Mode::Enforce => "refused:",
                Mode::Evaluate => "would be refused:",
            };
            let label = paint(self.options.color, Style::Deny, word);
            self.wrapped(&label, word.len(), 4, &line);
        }
    }

    fn summary(&mut self, verdict: &Verdict) {
        let outcome = verdict.outcome();
        let (word, style) = match outcome {
            Outcome::Accepted => ("accepted", Style::Place),
            Outcome::Rejected => ("rejected", Style::Deny),
            Outcome::Undecided => ("undecided", Style::Warn),
        };
        let word = match (self.options.mode, outcome) {
            (Mode::Evaluate, Outcome::Rejected | Outcome::Undecided) => {
                format!("accepted, only evaluated; it would be {word}")
            }
            (Mode::Evaluate, Outcome::Accepted)
            | (Mode::Enforce, Outcome::Accepted | Outcome::Rejected | Outcome::Undecided) => {
                word.to_owned()
            }
        };
        let of = |level| verdict.findings.iter().filter(|f| f.level == level).count();
        let counts: Vec<String> = [
            (of(Level::Deny), "deny"),
            (of(Level::Warn), "warn"),
            (verdict.suppressed.len(), "suppressed"),
            (verdict.unread.len(), "unread"),
        ]
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, name)| format!("{count}\u{a0}{name}"))
        .collect();
        let counts = if counts.is_empty() {
            String::new()
        } else {
            format!(" {};", counts.join(", "))
        };
        let label = match self.options.audience {
            Audience::ClientHook { event } | Audience::ServerHook { event } => {
                format!("{event}: {word}:")
            }
            Audience::Command => format!("{word}:"),
        };
        let width = label.len();
        let label = paint(self.options.color, style, &label);
        let line = format!("{counts} {}", coverage(&verdict.coverage));
        self.wrapped(&label, width, 4, line.trim());
    }

    /// Where a finding is, for people, as editors jump to it.
    fn place(&self, finding: &Finding) -> String {
        let place = &finding.place;
        let path = place
            .path
            .as_ref()
            .map(|path| self.redactor.text(path.as_bytes()));
        let refname = place
            .refname
            .as_ref()
            .map(|name| self.redactor.text(name.as_bytes()));
        let commit = place.commit.map(|oid| format!("commit {}", oid.short()));
        let mut text = match place.kind {
            PlaceKind::File => path.or(place.blob.map(|oid| format!("blob {oid}"))),
            PlaceKind::Commit => commit,
            PlaceKind::Message => Some(match commit {
                Some(commit) => format!("message of {commit}"),
                None => "commit message".to_owned(),
            }),
            PlaceKind::Ref => refname,
            PlaceKind::Tag => refname.or(place.blob.map(|oid| format!("tag {oid}"))),
        }
        .unwrap_or_else(|| "standard input".to_owned());
        if let Some(range) = place.text {
            text.push_str(&format!(":{}:{}", range.line, range.column));
        }
        text
    }

    /// A label four columns in, its text beside and below it.
    fn labelled(&mut self, label: &str, text: &str) {
        let painted = format!("    {}", paint(self.options.color, Style::Label, label));
        self.wrapped(&painted, 4 + label.len(), 8, text);
    }

    /// A label that takes `taken` columns, then words wrapped, each further line `indent` in. A
    /// word that is too long stands on a line alone and is not broken.
    fn wrapped(&mut self, label: &str, taken: usize, indent: usize, text: &str) {
        self.text.push_str(label);
        let mut column = taken;
        let mut empty = label.trim().is_empty();
        // Not at a no-break space, which is shown as a plain one.
        for word in text
            .split([' ', '\t', '\n'])
            .filter(|word| !word.is_empty())
        {
            let length = columns(word);
            if column + 1 + length > WIDTH && !(empty && column <= indent) {
                self.text.push('\n');
                self.text.push_str(&" ".repeat(indent));
                column = indent;
            } else {
                self.text.push(' ');
                column += 1;
            }
            self.text.push_str(&word.replace('\u{a0}', " "));
            column += length;
            empty = false;
        }
        self.text.push('\n');
    }
}

/// The columns of a text on a terminal, one for each character.
fn columns(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::{Color, Format, Secrets, samples, write};
    use super::*;
    use crate::git::RepoPath;

    const CLIENT: Audience = Audience::ClientHook {
        event: "pre-commit",
    };
    const SERVER: Audience = Audience::ServerHook {
        event: "pre-receive",
    };

    fn said(verdict: &Verdict, options: &Options) -> String {
        let mut out = Vec::new();
        write(Format::Human, verdict, options, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn says_what_where_why_and_what_to_do() {
        let verdict = samples::rejected();
        let expected = format!(
            "\
src/a.py:3:9  secrets/github-personal-access-token
    A GitHub personal access token stands in this file.
    secret: ghp_… (40 characters), its checksum is right
    identity: octo
    within: base64
    commit: 2222222222222222222222222222222222222222, Alice
        <alice@example.com>, 2026-01-02T03:04:05Z
    fix: Revoke it at https://github.com/settings/tokens
    fix: Take it out of the file.
    allow: if it is no secret, end that line with the comment
        portcullis:allow(github-personal-access-token) REASON
    fingerprint: {}

refs/heads/main  refs/force
    Only @admins may rewrite refs/heads/main.
    fix: Push without --force.
    fingerprint: {}

\\xff.env  env-files/env-file  (warning)
    An env file comes in.
refused: refs/heads/main by refs/force
refused: refs/heads/x by secrets/github-personal-access-token
undecided: 3333333333333333333333333333333333333333: the object is
    missing
pre-commit: rejected: 2 deny, 1 warn, 1 suppressed, 1 unread; examined
    3 files, 3 blobs, 1 commit, 2 refs, 12.3 kB in 0.004 s
",
            verdict.findings[0].fingerprint.as_str(),
            verdict.findings[1].fingerprint.as_str(),
        );
        assert_eq!(said(&verdict, &samples::options(CLIENT)), expected);
    }

    #[test]
    fn a_server_promises_nothing_of_marks() {
        let text = said(&samples::rejected(), &samples::options(SERVER));
        assert!(text.contains("ask those who keep this server"), "{text}");
        assert!(!text.contains("end that line"), "{text}");
    }

    #[test]
    fn a_hook_that_has_nothing_to_say_is_silent() {
        let verdict = Verdict::default();
        for (audience, verbosity, silent) in [
            (CLIENT, Verbosity::Normal, true),
            (SERVER, Verbosity::Normal, true),
            (SERVER, Verbosity::Quiet, true),
            (Audience::Command, Verbosity::Quiet, true),
            (CLIENT, Verbosity::Verbose, false),
            (Audience::Command, Verbosity::Normal, false),
        ] {
            let options = Options {
                verbosity,
                ..samples::options(audience)
            };
            assert_eq!(said(&verdict, &options).is_empty(), silent, "{audience:?}");
        }
        let text = said(&verdict, &samples::options(Audience::Command));
        assert_eq!(text, "accepted: examined 0 B in 0.000 s\n");
    }

    #[test]
    fn quiet_still_names_what_blocks_and_what_is_undecided() {
        let options = Options {
            verbosity: Verbosity::Quiet,
            ..samples::options(SERVER)
        };
        let text = said(&samples::rejected(), &options);
        assert!(text.contains("src/a.py:3:9  secrets/"), "{text}");
        assert!(text.contains("undecided: 3333"), "{text}");
        assert!(!text.contains("rejected:"), "{text}");
    }

    #[test]
    fn evaluation_says_what_would_have_been() {
        let options = Options {
            mode: Mode::Evaluate,
            ..samples::options(SERVER)
        };
        let text = said(&samples::rejected(), &options);
        assert!(
            text.contains("only evaluated; it would be rejected"),
            "{text}"
        );
    }

    #[test]
    fn lines_fit_and_long_words_stand_alone_unbroken() {
        let path = "deep/".repeat(30) + "a.py";
        let mut leak = samples::leak();
        leak.place.path = Some(RepoPath::new(path.as_bytes()));
        leak.message = format!("Found in {path} as it stands there {}", "word ".repeat(40));
        let verdict = Verdict {
            findings: vec![leak],
            ..Verdict::default()
        };
        let text = said(&verdict, &samples::options(CLIENT));
        for line in text.lines() {
            let alone = line.trim() == path || line.trim() == format!("{path}:3:9");
            assert!(columns(line) <= WIDTH || alone, "{line}");
        }
        assert_eq!(text.matches(&path).count(), 2);
    }

    #[test]
    fn many_findings_are_all_named_in_short() {
        let verdict = Verdict {
            findings: vec![samples::leak(); DETAILED + 1],
            ..Verdict::default()
        };
        let text = said(&verdict, &samples::options(CLIENT));
        assert_eq!(text.matches("src/a.py:3:9").count(), DETAILED + 1);
        assert!(!text.contains("fix:"), "{text}");
    }

    #[test]
    fn colour_and_clear_text_only_when_asked() {
        let mut options = samples::options(Audience::Command);
        assert!(!said(&samples::rejected(), &options).contains(['\x1b']));
        options.color = Color::Ansi;
        options.show_secrets = Secrets::Shown;
        let text = said(&samples::rejected(), &options);
        assert!(text.contains("\x1b[1;31mrefs/force\x1b[0m"), "{text}");
        assert!(text.contains(&samples::token()), "{text}");
    }
}
