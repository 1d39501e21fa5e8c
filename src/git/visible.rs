//! The refs of a repository as who pushes to it sees them: those of the namespace, under the names
//! they have there, without those that `receive.hideRefs` keeps back.

use super::reader::{ReadError, broken};
use super::{Oid, RefName, Repo};

/// All refs that a push could move, with what they named when that was first asked.
///
/// # Errors
/// When they cannot be listed, or the configuration cannot be read.
pub fn visible_refs(repo: &Repo) -> Result<Vec<(RefName, Oid)>, ReadError> {
    let rules = rules_of(repo)?;
    let prefix = repo.namespace();
    let refs = repo.refs_at_first()?.iter().filter_map(|(stored, oid)| {
        let name = RefName::new(stored.as_bytes().strip_prefix(&prefix[..])?).ok()?;
        (!is_hidden(&rules, &name, stored)).then_some((name, *oid))
    });
    Ok(refs.collect())
}

/// Whether a push can see every ref: none is kept back, and there are no namespaces.
pub(super) fn all_are_visible(repo: &Repo) -> bool {
    repo.namespace().is_empty() && rules_of(repo).is_ok_and(|rules| rules.is_empty())
}

fn rules_of(repo: &Repo) -> Result<Vec<Vec<u8>>, ReadError> {
    let asked = [
        "config",
        "--null",
        "--get-regexp",
        r"^(transfer|receive)\.hiderefs$",
    ];
    let listed = repo.git(asked).optional().map_err(broken)?;
    Ok(rules(&listed.unwrap_or_default()))
}

/// The values of the two keys, in their order: `KEY LF VALUE NUL`.
fn rules(listed: &[u8]) -> Vec<Vec<u8>> {
    listed
        .split(|byte| *byte == 0)
        .filter_map(|entry| {
            let value = &entry[memchr::memchr(b'\n', entry)? + 1..];
            let end = value.iter().rposition(|byte| *byte != b'/')?;
            Some(value[..=end].to_vec())
        })
        .collect()
}

/// git-config(1), `transfer.hideRefs`: the last rule that matches counts; `!` shows again, `^` is
/// over the name as it is stored, and a rule covers a name and what lies below it.
fn is_hidden(rules: &[Vec<u8>], name: &RefName, stored: &RefName) -> bool {
    for rule in rules.iter().rev() {
        let (shown, rule) = match rule.strip_prefix(b"!") {
            Some(rule) => (true, rule),
            None => (false, &rule[..]),
        };
        let (subject, rule) = match rule.strip_prefix(b"^") {
            Some(rule) => (stored, rule),
            None => (name, rule),
        };
        let rest = subject.as_bytes().strip_prefix(rule);
        if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/")) {
            return !shown;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_last_rule_that_matches_counts() {
        let rules = rules(
            b"transfer.hiderefs\nrefs/pull/\0receive.hiderefs\n!refs/pull/7\0receive.hiderefs\n^refs/namespaces/a\0",
        );
        for (name, stored, hidden) in [
            ("refs/heads/main", "refs/heads/main", false),
            ("refs/pull/6/head", "refs/pull/6/head", true),
            ("refs/pull/7/head", "refs/pull/7/head", false),
            ("refs/pull/77", "refs/pull/77", true),
            ("refs/pulls/1", "refs/pulls/1", false),
            ("refs/heads/x", "refs/namespaces/a/refs/heads/x", true),
        ] {
            let name = RefName::new(name.as_bytes()).unwrap();
            let stored = RefName::new(stored.as_bytes()).unwrap();
            assert_eq!(is_hidden(&rules, &name, &stored), hidden, "{name}");
        }
    }
}
