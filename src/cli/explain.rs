//! `portcullis explain`: a rule, a check, a pack, or a finding by its fingerprint.

use super::Exit;
use super::args::{Explain as Args, Source as Kind};
use super::baseline::{say, tell_unread};
use super::catalogue;
use super::output::{complain, print};
use super::scan::{Looking, Place, Refusal, usage};
use crate::change::Source;
use crate::finding::{Finding, Fingerprint, FoundSecret, Level};
use crate::policy::baseline::Entry;
use crate::policy::settings::Mode;
use crate::policy::{CHECKS, QUESTIONS, Question, Suppressed, SuppressedBy, Verdict};
use crate::report::{self, Audience, Color, Options, Secrets, Verbosity};
use crate::scan::{Signal, Validity};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

/// Fewer digits could be those of several findings by chance.
const SHORTEST: usize = 8;

pub(super) fn run(args: &Args) -> Exit {
    let id = &args.id;
    let hexadecimal = id
        .bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let digits = hexadecimal && (SHORTEST..=Fingerprint::LENGTH).contains(&id.len());
    let config = args.look.config.as_deref();
    match catalogue::named(id, config) {
        Ok(None) => match questions(id) {
            Some(text) => return print(text.as_bytes()),
            None if digits => {}
            None => return no_rule(id, config, hexadecimal),
        },
        Ok(Some(_)) => return catalogue::show(id, config),
        Err(error) => return complain(Exit::Usage, &error),
    }
    match explain(args) {
        Ok(exit) => exit,
        Err(Refusal(exit, why)) => complain(exit, &why),
    }
}

/// What no rule, check or pack is called.
fn no_rule(id: &str, config: Option<&Path>, hexadecimal: bool) -> Exit {
    if hexadecimal && (4..SHORTEST).contains(&id.len()) {
        let why = format!("there is no rule {id}; of a fingerprint give {SHORTEST} digits or more");
        return complain(Exit::Usage, &why);
    }
    catalogue::show(id, config)
}

/// The checks of a pack, one a line; or those of that id, `PACK/NAME` or `NAME`, in full.
fn questions(id: &str) -> Option<String> {
    if let Some(pack) = CHECKS.iter().find(|pack| pack.name == id) {
        let all: Vec<&Question> = QUESTIONS.iter().filter(|q| q.id.pack == id).collect();
        let mut text = format!("{:12}{}\n", pack.name, pack.doc);
        let width = all.iter().map(|q| q.id.to_string().len()).max();
        for question in &all {
            let (id, width) = (question.id.to_string(), width.unwrap_or(0));
            let _ = writeln!(text, "{id:width$}  {}", question.refuses);
        }
        if all.is_empty() {
            text.push_str("its checks are the rules that `portcullis rules list` lists\n");
        }
        return Some(text);
    }
    let is_it = |q: &&Question| q.id.to_string() == id || q.id.name == id;
    let all: Vec<String> = QUESTIONS.iter().filter(is_it).map(asked).collect();
    (!all.is_empty()).then(|| all.join("\n"))
}

/// A check in full.
fn asked(question: &Question) -> String {
    let keys = match question.keys {
        [] => "none: it is asked always".to_owned(),
        keys => keys.join(", "),
    };
    let id = question.id.to_string();
    [
        ("check", id.as_str()),
        ("refuses", question.refuses),
        ("why", question.why),
        ("fix", question.fix),
        ("asked by", &keys),
    ]
    .iter()
    .map(|(label, text)| format!("{label:12}{text}\n"))
    .collect()
}

fn explain(args: &Args) -> Result<Exit, Refusal> {
    let kind = Kind::default();
    let looking = Looking::new(&args.look, &kind);
    let place = looking.at(args.target.as_deref())?.with_baseline()?;
    let mut undecided = false;
    for (what, source) in sources(&place) {
        let verdict = place.judge(&looking, std::slice::from_ref(&source));
        let found = told(&args.id, &verdict);
        let all: BTreeSet<&Fingerprint> = found
            .iter()
            .map(|(finding, _)| &finding.fingerprint)
            .collect();
        match all.len() {
            0 => undecided |= tell_unread(&verdict),
            1 => {
                let text: String = found
                    .iter()
                    .map(|(finding, suppressed)| {
                        explained(args, &place, what, finding, *suppressed)
                    })
                    .collect();
                drop(looking);
                say(&text);
                return Ok(Exit::Clean);
            }
            count => {
                return Err(usage(format_args!(
                    "{count} fingerprints begin with {}; give more of its digits",
                    args.id
                )));
            }
        }
    }
    if undecided {
        return Ok(Exit::Undecided);
    }
    let listed = |entry: &&Entry| entry.fingerprint.as_str().starts_with(&args.id);
    Err(usage(
        match place.policy.baseline().entries.iter().find(listed) {
            Some(entry) => format!(
                "the baseline has {}, and it is found nowhere any more; \
             `portcullis baseline update` drops it",
                entry.line()
            ),
            None => format!(
                "nothing that is found here has the fingerprint {}: it is gone, or it is elsewhere; \
                 what was refused for how a ref moves, or for its commits, is explained by its \
                 check, as in `portcullis explain refs/force`",
                args.id
            ),
        },
    ))
}

/// Where to look, what is soonest done first.
fn sources(place: &Place) -> Vec<(&'static str, Source)> {
    match (&place.repo, &place.top, &place.source) {
        (Some(_), Some(_), Source::History) => vec![
            ("in the worktree", Source::Worktree),
            (
                "in the index",
                Source::Staged {
                    parents: Vec::new(),
                },
            ),
            ("in the history", Source::History),
        ],
        (Some(_), None, Source::History) => vec![("in the history", Source::History)],
        (_, _, Source::Files(paths)) => vec![("on disk", Source::Files(paths.clone()))],
        // Without options there is nothing else to look at.
        (_, _, _) => Vec::new(),
    }
}

/// The findings of this fingerprint, and what suppresses each.
fn told<'a>(digits: &str, verdict: &'a Verdict) -> Vec<(&'a Finding, Option<&'a Suppressed>)> {
    let open = verdict.findings.iter().map(|finding| (finding, None));
    let suppressed = verdict
        .suppressed
        .iter()
        .map(|entry| (&entry.finding, Some(entry)));
    open.chain(suppressed)
        .filter(|(finding, _)| finding.fingerprint.as_str().starts_with(digits))
        .collect()
}

fn explained(
    args: &Args,
    place: &Place,
    what: &str,
    finding: &Finding,
    suppressed: Option<&Suppressed>,
) -> String {
    let options = Options {
        show_secrets: Secrets::Redacted,
        color: Color::Plain,
        audience: Audience::Command,
        rules_digest: crate::scan::rules_digest().to_owned(),
        verbosity: Verbosity::Verbose,
        mode: Mode::Enforce,
    };
    let mut rows = vec![("found:", what.to_owned())];
    let level = match (finding.level, suppressed) {
        (Level::Deny, None) => "it blocks",
        (Level::Deny, Some(_)) => "it would block",
        (Level::Warn, _) => "it warns and does not block",
    };
    rows.push((
        "confidence:",
        format!("{}: {level}", finding.confidence.as_str()),
    ));
    if let Some(secret) = &finding.secret {
        rows.extend(reasons(secret).into_iter().map(|why| ("because:", why)));
    }
    let listed =
        Entry::of(finding).is_some_and(|entry| place.policy.baseline().entries.contains(&entry));
    rows.push(("suppressed:", by(suppressed, listed)));
    if let Ok(Some(rule)) = catalogue::named(finding.check.name, args.look.config.as_deref()) {
        rows.push(("opens:", format!("whoever has it can {}", rule.opens)));
        rows.push(("revoke:", rule.revoke.to_owned()));
        rows.push((
            "rule:",
            format!("`portcullis explain {}` shows it", rule.id),
        ));
    } else if crate::policy::question(&finding.check.to_string()).is_some() {
        rows.push((
            "check:",
            format!(
                "`portcullis explain {}` says why it is asked",
                finding.check
            ),
        ));
    }
    let mut text = Vec::new();
    // Into memory, which does not fail.
    let _ = report::write_finding(finding, &rows, &options, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

/// What spoke for and against a secret, and how much.
fn reasons(secret: &FoundSecret) -> Vec<String> {
    let mut reasons: Vec<String> = match secret.valid {
        Validity::Yes => vec!["its checksum or structure is right: it was issued".to_owned()],
        Validity::No => vec!["its checksum or structure is wrong: it never worked".to_owned()],
        Validity::Unknown if secret.signals.is_empty() => {
            vec!["it has the shape that its rule describes".to_owned()]
        }
        Validity::Unknown => Vec::new(),
    };
    let signals = secret.signals.iter();
    reasons.extend(signals.map(|signal| format!("{:+.1} bits: {}", signal.bits, signal.what)));
    if !secret.signals.is_empty() {
        let sum: f32 = secret.signals.iter().map(|signal| signal.bits).sum();
        let (medium, high) = (Signal::MEDIUM, Signal::HIGH);
        reasons.push(format!(
            "{sum:+.1} bits in all; medium begins at {medium}, high at {high}"
        ));
    }
    reasons
}

fn by(suppressed: Option<&Suppressed>, listed: bool) -> String {
    let Some(entry) = suppressed else {
        return "by nothing; `portcullis baseline update` accepts all that is found".to_owned();
    };
    let by = match entry.by {
        SuppressedBy::Inline => "by a mark on its line",
        SuppressedBy::Baseline => "by the baseline",
        SuppressedBy::Allowlist => "by [[secrets.allow]]",
        SuppressedBy::Confirm | SuppressedBy::Bypass => "by a token",
    };
    let reason = match entry.reason.as_str() {
        "" => String::new(),
        reason => format!(": {reason}"),
    };
    match (entry.by, listed) {
        (SuppressedBy::Inline | SuppressedBy::Allowlist, true) => {
            format!("{by}{reason}; the baseline has it too")
        }
        (
            SuppressedBy::Inline
            | SuppressedBy::Allowlist
            | SuppressedBy::Baseline
            | SuppressedBy::Confirm
            | SuppressedBy::Bypass,
            _,
        ) => format!("{by}{reason}"),
    }
}
