//! A message that would pass, made from one that does not.

use super::message::{Draft, has_type, subject, without_marks};
use super::values::MessagePattern;
use super::{Commits, conventional};
use crate::git::escape;
use regex_syntax::hir::{Class, Hir, HirKind};

impl Draft<'_> {
    /// The command that would commit it: the first of some guesses that nothing is wrong with.
    pub(super) fn example(&self, asked: &Commits) -> Option<String> {
        let text = String::from_utf8_lossy(self.message);
        let words = without_marks(subject(&text));
        let missing: Vec<String> = asked
            .require
            .iter()
            .flatten()
            .filter(|pattern| !pattern.is_in(self.message))
            .filter_map(sample)
            .collect();
        let described = describe(words, asked);
        let neutral = describe("say what it does", asked);
        for subject in [described, neutral] {
            let subject = shortened(&subject, asked);
            let in_front = format!("{} {subject}", missing.join(" "));
            let guesses = [
                (subject, missing.clone()),
                (shortened(in_front.trim_start(), asked), Vec::new()),
            ];
            for (subject, refs) in guesses {
                let paragraphs = paragraphs(subject, &refs);
                let message = self.signed(&paragraphs, asked);
                let draft = Draft::new(message.as_bytes(), self.parents, self.committer);
                if draft.faults(asked).is_empty() {
                    return Some(command(&paragraphs, asked));
                }
            }
        }
        None
    }

    /// The message that the command makes.
    fn signed(&self, paragraphs: &[String], asked: &Commits) -> String {
        let mut message = format!("{}\n", paragraphs.join("\n\n"));
        let mut last: Vec<String> = ends(asked).collect();
        if asked.sign_off {
            let committer = String::from_utf8_lossy(self.committer);
            last.push(format!("Signed-off-by: {committer}"));
        }
        if !last.is_empty() {
            message.push_str(&format!("\n{}\n", last.join("\n")));
        }
        message
    }
}

fn paragraphs(subject: String, refs: &[String]) -> Vec<String> {
    let refs = refs.iter().map(|word| format!("Refs: {word}"));
    std::iter::once(subject).chain(refs).collect()
}

/// The words as a subject of the kind that is asked for.
fn describe(words: &str, asked: &Commits) -> String {
    if !asked.conventional() {
        return words.to_owned();
    }
    match conventional::header(words) {
        Ok(header) if has_type(asked, header.kind) => words.to_owned(),
        read => {
            let kind = asked.types.as_ref().and_then(|types| types.first());
            let kind = kind.map_or("feat", |kind| kind.0.as_str());
            let rest = read.map_or_else(
                |_| words.split_once(':').map_or(words, |(_, rest)| rest),
                |header| header.description,
            );
            let rest = if rest.trim().is_empty() { words } else { rest };
            format!("{kind}: {}", rest.trim_matches([' ', ':']))
        }
    }
}

fn shortened(subject: &str, asked: &Commits) -> String {
    let most = asked.subject_max.map_or(usize::MAX, |most| most.get());
    let short: String = subject.chars().take(most).collect();
    short.trim_end().to_owned()
}

/// The trailers that are asked for, but for what a sign-off is.
fn ends(asked: &Commits) -> impl Iterator<Item = String> + '_ {
    let keys = asked.trailers.iter().flatten();
    let keys = keys.filter(|key| !(asked.sign_off && key.0.eq_ignore_ascii_case("signed-off-by")));
    keys.map(|key| format!("{}: VALUE", key.0))
}

fn command(paragraphs: &[String], asked: &Commits) -> String {
    let mut command = match asked.sign_off {
        true => "git commit -s".to_owned(),
        false => "git commit".to_owned(),
    };
    for paragraph in paragraphs {
        let paragraph = escape(paragraph.as_bytes()).replace('\'', "'\\''");
        command.push_str(&format!(" -m '{paragraph}'"));
    }
    for trailer in ends(asked) {
        command.push_str(&format!(" --trailer '{trailer}'"));
    }
    command
}

/// The shortest plain text that the pattern describes; `None` where that is not to be had.
fn sample(pattern: &MessagePattern) -> Option<String> {
    let hir = regex_syntax::ParserBuilder::new()
        .utf8(false)
        .build()
        .parse(pattern.as_str())
        .ok()?;
    let mut text = String::new();
    spell(&hir, &mut text)?;
    (text.len() < 100 && pattern.is_in(text.as_bytes())).then_some(text)
}

fn spell(hir: &Hir, text: &mut String) -> Option<()> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => text.push_str(std::str::from_utf8(&literal.0).ok()?),
        HirKind::Class(Class::Unicode(class)) => {
            let printable = |c: char| c.is_ascii_graphic();
            let mut ranges = class.ranges().iter();
            let c = ranges.find_map(|range| {
                (range.start()..=range.end())
                    .take(128)
                    .find(|c| printable(*c))
            });
            text.push(c?);
        }
        HirKind::Class(Class::Bytes(class)) => {
            let mut ranges = class.ranges().iter();
            let byte =
                ranges.find_map(|range| (range.start()..=range.end()).find(u8::is_ascii_graphic));
            text.push(char::from(byte?));
        }
        HirKind::Repetition(repetition) => {
            for _ in 0..repetition.min.min(100) {
                spell(&repetition.sub, text)?;
            }
        }
        HirKind::Capture(capture) => spell(&capture.sub, text)?,
        HirKind::Concat(parts) => {
            for part in parts {
                spell(part, text)?;
            }
        }
        HirKind::Alternation(parts) => spell(parts.first()?, text)?,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_shown_would_pass() {
        for (asked, message, shown) in [
            (
                "conventional = true",
                "Add a thing\n",
                Some("git commit -m 'feat: Add a thing'"),
            ),
            (
                "types = [\"fix\"]",
                "feat(x): it's\n",
                Some("git commit -m 'fix: it'\\''s'"),
            ),
            ("subject_max = 4", "too long\n", Some("git commit -m 'too'")),
            (
                "conventional = true\nsign_off = true\nrequire = [\"[A-Z]+-[0-9]+\"]",
                "add it\n",
                Some("git commit -s -m 'feat: add it' -m 'Refs: A-0'"),
            ),
            (
                "require = [\"^AB-[1-9]\"]",
                "add it\n",
                Some("git commit -m 'AB-1 add it'"),
            ),
            (
                "forbid = [\"(?i)wip\"]",
                "wip\n",
                Some("git commit -m 'say what it does'"),
            ),
            ("require = [\"a\"]\nforbid = [\"a\"]", "b\n", None),
        ] {
            let asked: Commits = toml::from_str(asked).unwrap();
            let draft = Draft::new(message.as_bytes(), 1, b"A <a@x>");
            assert_eq!(draft.example(&asked).as_deref(), shown, "{message:?}");
        }
    }
}
