//! How what is refused may come in all the same, if it is right that it does: said only where it is
//! really possible, and to whom it is possible. Who is not known is told how to be known.

use super::groups::Pusher;
use super::identity::{BE_KNOWN, how_to_be_known};
use super::passes::may_pass;
use super::settings::{Inline, Settings};
use super::{Policy, Verdict};
use crate::change::RefUpdate;
use crate::finding::{Finding, Fingerprint, Level, PlaceKind};
use crate::git::{RefName, Repo, RepoPath, shell_word};
use crate::hook::Side;
use std::collections::BTreeSet;

/// More findings than that are named by their checks; a command line would be too long.
const NAMED: usize = 6;
/// So many checks at most: a push that needs more tokens has other troubles.
const CHECKS: usize = 4;

/// What a second person can do about all that stands in the way of a ref.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leave {
    /// The ref.
    pub refname: RefName,
    /// Who may do it, for people, escaped.
    pub by: String,
    /// What they run, escaped; each makes a token.
    pub commands: Vec<String>,
}

impl Policy {
    /// Says of each finding how to let it in, of each ref who may, and to whom the server does not know
    /// how to be known.
    pub(super) fn tell_leave(
        &self,
        repo: Option<&Repo>,
        updates: &[RefUpdate],
        verdict: &mut Verdict,
    ) {
        let stranger = match &self.pusher {
            Pusher::Unknown => Some(how_to_be_known(self.settings.identity.source.as_ref())),
            Pusher::Known(_) => None,
        };
        let worktree = repo.is_some_and(|repo| repo.work_tree().is_some());
        for finding in &mut verdict.findings {
            finding.allow = allow(finding, &self.settings, self.side, worktree);
            if let (Some(how), Some(rest)) = (&stranger, finding.help.strip_prefix(BE_KNOWN)) {
                finding.help = format!("{how}{rest}");
            }
        }
        let may_ask = self.side == Side::Server && self.presented.taken();
        if let (true, Some(server), Pusher::Known(_)) =
            (may_ask, self.presented.repository(), &self.pusher)
        {
            verdict.leave = updates
                .iter()
                .filter_map(|update| self.leave(repo, server, update, &verdict.findings))
                .collect();
        }
    }

    /// Who may let one ref pass; none where that is not enough.
    fn leave(
        &self,
        repo: Option<&Repo>,
        server: &str,
        update: &RefUpdate,
        findings: &[Finding],
    ) -> Option<Leave> {
        let name = &update.name;
        let in_the_way = findings
            .iter()
            .filter(|finding| finding.level == Level::Deny && finding.concerns(name));
        let in_the_way: Vec<&Finding> = in_the_way.collect();
        let passes = |finding: &&Finding| may_pass(finding, name);
        if in_the_way.is_empty() || !in_the_way.iter().all(passes) {
            return None;
        }
        let by = self.settings.server.bypass_by.as_deref()?;
        let persons = self.keys.persons(repo).ok()?;
        let owners = self.keys.get(repo).ok()?.owners();
        let could = |names: &Vec<Vec<u8>>| {
            super::tokens::second_person(names, by, &self.settings.groups, &self.pusher, persons)
                .is_ok()
        };
        if !owners.iter().any(could) {
            return None;
        }
        let refname = shell_word(name.as_bytes());
        let words = |what: String| {
            format!(
                "portcullis bypass {what} --ref {refname} --server-id {server} --reason \"WHY\""
            )
        };
        let prints: BTreeSet<&Fingerprint> = in_the_way.iter().map(|f| &f.fingerprint).collect();
        let checks: BTreeSet<String> = in_the_way.iter().map(|f| f.check.to_string()).collect();
        let commands = if prints.len() <= NAMED {
            let prints: Vec<&str> = prints.iter().map(|print| print.as_str()).collect();
            vec![words(format!("--finding {}", prints.join(" ")))]
        } else {
            let new = update.change.new_oid().filter(|_| checks.len() <= CHECKS)?;
            let command = |check: &String| words(format!("--check {check} --to {new}"));
            checks.iter().map(command).collect()
        };
        Some(Leave {
            refname: name.clone(),
            by: self.settings.groups.shown(by, &self.pusher),
            commands,
        })
    }
}

/// How to let in what was found, by whoever it was found with; empty where no such way is meant.
fn allow(finding: &Finding, settings: &Settings, side: Side, worktree: bool) -> String {
    match (finding.check.pack, side) {
        ("secrets", _) => allow_secret(finding, settings, side),
        ("env-files", Side::Client) => allow_env_file(finding, settings, worktree),
        ("env-files", Side::Server) => {
            let path = finding.place.path.as_ref().and_then(pattern);
            let path = path.unwrap_or_else(|| "its path".to_owned());
            format!(
                "if everybody may read it, ask those who keep this server to add {path} to \
                 env-files.allow of its policy"
            )
        }
        _ => String::new(),
    }
}

fn allow_secret(finding: &Finding, settings: &Settings, side: Side) -> String {
    // A comment today changes nothing about an object of the history.
    let kept = finding.place.reachable.is_some() && side == Side::Client;
    let in_file = match finding.place.kind {
        PlaceKind::File => finding.place.text.is_some(),
        PlaceKind::Message | PlaceKind::Commit | PlaceKind::Ref | PlaceKind::Tag => false,
    };
    if !in_file || kept {
        return String::new();
    }
    let mark = format!("portcullis:allow({})", finding.check.name);
    let comment = format!("if it is no secret, end that line with the comment {mark} REASON");
    match (settings.trust.inline_on(side), side) {
        (Inline::Honor, _) => comment,
        (Inline::Report, _) => format!("{comment}, and it is only a warning"),
        (Inline::Ignore, Side::Client) => {
            "if it is no secret, name it in a [[secrets.allow]] of the configuration, which counts \
             no comment on the line (trust.inline)"
                .to_owned()
        }
        (Inline::Ignore, Side::Server) => "if it is no secret, ask those who keep this server to \
                                           allow it; its policy counts no comment on the line"
            .to_owned(),
    }
}

/// The whole list, as that of a file takes the place of the one before.
fn allow_env_file(finding: &Finding, settings: &Settings, worktree: bool) -> String {
    let file = match worktree {
        true => ".portcullis.toml at the top of the repository",
        false => "the file of --config",
    };
    let own = finding.place.path.as_ref().and_then(pattern);
    let known = settings.env_files.allow.iter();
    let known: Option<Vec<String>> = known.map(|one| quoted(&one.to_string())).collect();
    match (known, own) {
        (Some(mut all), Some(own)) => {
            all.push(own);
            format!(
                "if everybody may read it, say so in {file}:\n$ [env-files]\n$ allow = [{}]",
                all.join(", ")
            )
        }
        (None, _) | (_, None) => {
            format!(
                "if everybody may read it, add a pattern of its path to env-files.allow in {file}"
            )
        }
    }
}

/// A pattern that matches one path alone, as a string of TOML; none where that would be unreadable.
fn pattern(path: &RepoPath) -> Option<String> {
    let text = std::str::from_utf8(path.as_bytes()).ok()?;
    let mut pattern = String::from(if text.contains('/') { "" } else { "/" });
    for letter in text.chars() {
        if "*?[]{}\\".contains(letter) {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    quoted(&pattern)
}

/// A string of TOML; none where it would not be read as it is shown.
fn quoted(text: &str) -> Option<String> {
    let plain = crate::git::escape(text.as_bytes()) == text;
    match (plain, text.contains(['"', '\\']), text.contains('\'')) {
        (true, false, _) => Some(format!("\"{text}\"")),
        // In a literal string a backslash is one.
        (true, true, false) => Some(format!("'{text}'")),
        (true, true, true) | (false, _, _) => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::policy::PathPatterns;

    #[test]
    fn a_pattern_matches_its_path_alone_and_can_be_pasted() {
        for (path, shown, other) in [
            (&b".env"[..], "\"/.env\"", "a/.env"),
            (b"a/.env", "\"a/.env\"", "b/a/.env"),
            (b"a*/[x].env", "'a\\*/\\[x\\].env'", "ab/x.env"),
            (b"{a}/.env", "'\\{a\\}/.env'", "a/.env"),
            (b"a\"/.env", "'a\"/.env'", "a/.env"),
        ] {
            let path = RepoPath::new(path);
            let text = pattern(&path).unwrap();
            assert_eq!(text, shown);
            let table: toml::Table = format!("a = [{text}]").parse().unwrap();
            let list = table["a"].as_array().unwrap();
            let list = list
                .iter()
                .map(|one| one.as_str().unwrap().parse().unwrap());
            let patterns = PathPatterns::new(list).unwrap();
            assert!(patterns.matches(&path), "{shown}");
            assert!(
                !patterns.matches(&RepoPath::new(other.as_bytes())),
                "{shown}"
            );
        }
        for bad in [&b"\xff.env"[..], b"a\n.env", b"'[.env"] {
            assert_eq!(pattern(&RepoPath::new(bad)), None);
        }
    }
}
