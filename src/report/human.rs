//! The report for people: what, where, why and what to do, in lines of 72 columns.

mod fold;

use super::redact::Redactor;
use super::style::{Style, paint};
use super::{Audience, Options, Verbosity, coverage};
use crate::change::KeptBy;
use crate::finding::{Finding, Level, PlaceKind, Spread};
use crate::git::{RefName, RepoPath, counted};
use crate::policy::settings::Mode;
use crate::policy::tokens::UsedKind;
use crate::policy::{Leave, Outcome, Verdict};
use crate::scan::Validity;
use fold::{Entry, folded};
use std::collections::BTreeMap;
use std::io;

/// Lines are no longer, but for a path, an id or an address that is longer by itself.
const WIDTH: usize = 72;
/// So many paths or refs are named of many.
const NAMED: usize = 4;
/// With more findings than that, each takes two lines, unless all is asked for.
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
    page.full(&Entry {
        finding,
        more: Vec::new(),
    });
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
        let (denied, warned) = (folded(of(Level::Deny)), folded(of(Level::Warn)));
        let detailed = denied.len() + warned.len() <= DETAILED;
        match self.options.verbosity {
            Verbosity::Quiet => of(Level::Deny).for_each(|finding| self.heading(finding)),
            Verbosity::Verbose => denied.iter().chain(&warned).for_each(|it| self.full(it)),
            Verbosity::Normal => {
                for entry in &denied {
                    if detailed {
                        self.full(entry);
                    } else {
                        self.compact(entry);
                    }
                }
                for entry in &warned {
                    self.compact(entry);
                    // What may be a secret is weighed; what the server will say is acted upon.
                    if detailed && entry.finding.secret.is_none() {
                        self.advice("fix:", &entry.finding.help);
                    }
                }
                if !detailed && self.options.audience == Audience::Command {
                    let all = denied.len() + warned.len();
                    let text = format!("{all} findings; --verbose tells all of each");
                    self.wrapped("in short:", "in short:".len(), 4, &text);
                }
            }
        }
        self.refused_refs(verdict);
        if self.options.mode == Mode::Enforce && self.options.verbosity != Verbosity::Quiet {
            verdict.leave.iter().for_each(|leave| self.leave(leave));
        }
        for unread in &verdict.unread {
            let what = self.redactor.text(unread.what.as_bytes());
            let why = self.redactor.lines(&unread.why);
            let label = paint(self.options.color, Style::Warn, "undecided:");
            self.wrapped(&label, "undecided:".len(), 4, &format!("{what}: {why}"));
        }
        for used in &verdict.used {
            let what = self.redactor.lines(&used.what);
            let line = format!("{what}: {}", self.redactor.lines(&used.shown()));
            let word = match used.kind {
                UsedKind::Confirm => "confirmed:",
                UsedKind::Bypass => "bypassed:",
            };
            self.wrapped(word, word.len(), 4, &line);
        }
        if self.options.verbosity == Verbosity::Verbose {
            for entry in &verdict.suppressed {
                let place = self.place(&entry.finding);
                let reason = self.redactor.lines(&entry.reason);
                let by = match entry.by {
                    crate::policy::SuppressedBy::Inline => "a mark on the line",
                    crate::policy::SuppressedBy::Baseline => "the baseline",
                    crate::policy::SuppressedBy::Allowlist => "the configuration",
                    crate::policy::SuppressedBy::Confirm => "a confirmation",
                    crate::policy::SuppressedBy::Bypass => "a bypass",
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

    fn compact(&mut self, entry: &Entry<'_>) {
        let finding = entry.finding;
        self.heading(finding);
        let mut message = self.redactor.lines(&finding.message);
        if let Some(found) = &finding.secret {
            message.push_str(&format!(
                " [{}, {}]",
                found.redacted(),
                counted(found.secret.length(), "character", "characters")
            ));
        }
        self.wrapped("   ", 3, 4, &message);
        self.more(entry);
        if let Some(clear) = finding.secret.as_ref().and_then(|f| self.redactor.clear(f)) {
            self.labelled("clear:", &clear);
        }
    }

    fn full(&mut self, entry: &Entry<'_>) {
        let finding = entry.finding;
        self.heading(finding);
        let message = self.redactor.lines(&finding.message);
        self.wrapped("   ", 3, 4, &message);
        self.more(entry);
        if let Some(found) = &finding.secret {
            let mut line = format!(
                "{} ({})",
                found.redacted(),
                counted(found.secret.length(), "character", "characters")
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
        if let Some(spread) = &finding.place.spread {
            self.spread(finding, spread);
        }
        self.advice("fix:", &finding.help);
        self.advice("allow:", &finding.allow);
        let of = if entry.more.is_empty() {
            ""
        } else {
            " of the first"
        };
        let fingerprint = finding.fingerprint.as_str();
        self.labelled("fingerprint:", &format!("{fingerprint}{of}"));
        self.text.push('\n');
    }

    /// The other commits of which the same is said.
    fn more(&mut self, entry: &Entry<'_>) {
        let commits = entry.more.iter().filter_map(|other| other.place.commit);
        let commits: Vec<String> = commits.map(|commit| commit.short()).collect();
        let named = commits.iter().map(String::as_bytes);
        if let Some(text) = self.some_of(named, 0) {
            let unit = if commits.len() > NAMED {
                " commits"
            } else {
                ""
            };
            self.labelled("also in:", &format!("{text}{unit}"));
        }
    }

    /// `, Alice <alice@example.com>, 2026-01-02T03:04:05Z`, as far as it is known.
    fn by(&self, finding: &Finding) -> String {
        [&finding.place.author, &finding.place.date]
            .into_iter()
            .flatten()
            .map(|text| format!(", {}", self.redactor.text(text.as_bytes())))
            .collect()
    }

    /// Where else it is, and where still.
    fn spread(&mut self, finding: &Finding, spread: &Spread) {
        let own = finding.place.path.as_ref();
        let others = spread.paths.iter().filter(|path| Some(*path) != own);
        let others = others.map(RepoPath::as_bytes);
        if let Some(paths) = self.some_of(others, spread.more_paths) {
            self.labelled("also at:", &paths);
        }
        let now = &spread.now;
        let refs = now.refs.iter().map(RefName::as_bytes);
        let refs = self.some_of(refs, now.more_refs);
        let kept = match now.kept_by {
            Some(KeptBy::Stash) => Some("by the stash alone"),
            Some(KeptBy::Reflog) => Some("by a reflog alone"),
            Some(KeptBy::Index) => Some("by the index alone: it is staged"),
            Some(KeptBy::Dangling) => Some("by nothing, until Git collects garbage"),
            None => None,
        };
        let tip = match now.tip {
            Some(true) => "; at a tip",
            Some(false) => "; at no tip",
            None => "",
        };
        if let Some(refs) = refs {
            self.labelled("still in:", &format!("{refs}{tip}"));
        }
        if let Some(kept) = kept {
            self.labelled("kept:", kept);
        }
    }

    /// `a, b, c and 17 more`; `None` of nothing.
    fn some_of<'a>(&self, all: impl Iterator<Item = &'a [u8]>, more: u64) -> Option<String> {
        let all: Vec<&[u8]> = all.collect();
        let named = &all[..all.len().min(NAMED)];
        let more = more + (all.len() - named.len()) as u64;
        let shown: Vec<String> = named.iter().map(|text| self.redactor.text(text)).collect();
        match (shown.is_empty(), more) {
            (true, _) => None,
            (false, 0) => Some(shown.join(", ")),
            (false, more) => Some(format!("{} and {more} more", shown.join(", "))),
        }
    }

    /// What to do, a label before what is said and commands whole below it.
    fn advice(&mut self, label: &str, text: &str) {
        let text = self.redactor.lines(text);
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            match line.strip_prefix("$ ") {
                // A command is copied whole.
                Some(command) => self.text.push_str(&format!("        {command}\n")),
                None => self.labelled(label, line),
            }
        }
    }

    /// Who may let pass what stands in the way of a ref, and by which command.
    fn leave(&mut self, leave: &Leave) {
        let name = self.redactor.text(leave.refname.as_bytes());
        let by = self.redactor.lines(&leave.by);
        let text = format!(
            "{by} may let this pass on {name}, once; one of them, who is not you, runs in a clone \
             and gives you what it prints:"
        );
        let label = paint(self.options.color, Style::Label, "bypass:");
        self.wrapped(&label, "bypass:".len(), 4, &text);
        for command in &leave.commands {
            let command = self.redactor.lines(command);
            self.text.push_str(&format!("        {command}\n"));
        }
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
mod tests;
