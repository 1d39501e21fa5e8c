//! Every key of the configuration.

use super::error::Nearest;

/// One row of [`KEYS`].
#[derive(Debug)]
pub struct Key {
    /// From the top, with dots; `*` stands for any name.
    pub path: &'static str,
}

const fn held(path: &'static str) -> Key {
    Key { path }
}

/// Every key of version 1, tables included.
pub const KEYS: &[Key] = &[
    held("version"),
    held("secrets"),
    held("secrets.min_confidence"),
    held("secrets.disable"),
    held("secrets.rules"),
    held("secrets.inline_marks"),
    held("secrets.allow"),
    held("secrets.allow.paths"),
    held("secrets.allow.rules"),
    held("secrets.allow.values"),
    held("secrets.allow.reason"),
    held("secrets.allow.expires"),
    held("env-files"),
    held("env-files.deny"),
    held("env-files.allow"),
    held("groups"),
    held("groups.*"),
    held("identity"),
    held("identity.source"),
    held("identity.allowed_signers"),
    held("identity.revoked_keys"),
    held("identity.gpg_home"),
    held("identity.gpg_keys"),
    held("identity.gpg_keys.*"),
    held("trust"),
    held("trust.inline"),
    held("trust.baseline"),
    held("protect"),
    held("protect.refs"),
    held("protect.push"),
    held("protect.create"),
    held("protect.delete"),
    held("protect.force"),
    held("protect.confirm"),
    held("protect.confirm_by"),
    held("protect.merge_only"),
    held("protect.merge_from"),
    held("protect.linear"),
    held("protect.annotated"),
    held("protect.approvals"),
    held("protect.approvals_from"),
    held("protect.approvals_by"),
    held("protect.approvals_by_pusher"),
    held("protect.approvals_name_repository"),
    held("protect.owners"),
    held("protect.signed"),
    held("protect.push_cert"),
    held("protect.freeze"),
    held("protect.freeze.from"),
    held("protect.freeze.until"),
    held("protect.freeze.except"),
    held("protect.names"),
    held("commits"),
    held("commits.refs"),
    held("commits.conventional"),
    held("commits.types"),
    held("commits.subject_max"),
    held("commits.body_max"),
    held("commits.imperative"),
    held("commits.sign_off"),
    held("commits.trailers"),
    held("commits.require"),
    held("commits.forbid"),
    held("commits.fixups"),
    held("commits.author_emails"),
    held("commits.committer_is_pusher"),
    held("commits.members"),
    held("commits.dates"),
    held("commits.except"),
    held("content"),
    held("content.max_file_size"),
    held("content.max_path_length"),
    held("content.deny_paths"),
    held("content.lfs"),
    held("content.names"),
    held("content.deny_types"),
    held("content.executables"),
    held("content.submodules"),
    held("content.sources"),
    held("content.together"),
    held("audit"),
    held("audit.log"),
    held("audit.notify"),
    held("audit.proxy"),
    held("server"),
    held("server.deadline"),
    held("server.mode"),
    held("server.max_commits"),
    held("server.max_files"),
    held("server.max_bytes"),
    held("server.bypass_by"),
    held("server.backups"),
];

/// The row of a key below a known table (`""` is the top).
pub(super) fn find(parent: &str, name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| {
        let (above, last) = split(key.path);
        above == parent && (last == "*" || last == name)
    })
}

/// What stands at a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Anything but a table that this file looks into; its type says what.
    Value,
    /// `[KEY]`
    Table,
    /// `[[KEY]]`, any number of them.
    Tables,
}

/// What stands at a known key.
pub(super) fn shape(path: &str) -> Shape {
    if matches!(path, "protect" | "protect.freeze" | "secrets.allow") {
        Shape::Tables
    } else if KEYS.iter().any(|key| split(key.path).0 == path) {
        Shape::Table
    } else {
        Shape::Value
    }
}

/// The known key that is most like `name` below `parent`: by the edits from one to the other, those
/// of the same table first, and the same name in another table as good as one edit.
pub(super) fn nearest(parent: &str, name: &str) -> Nearest {
    let full = join(parent, name);
    let distance = |key: &Key| {
        let (above, last) = split(key.path);
        if above == parent {
            strsim::damerau_levenshtein(last, name)
        } else if last == name {
            1
        } else {
            1 + strsim::damerau_levenshtein(key.path, &full)
        }
    };
    let best = KEYS
        .iter()
        .filter(|key| !key.path.ends_with('*'))
        .map(|key| (distance(key), split(key.path).0 != parent, key))
        .min_by_key(|(distance, elsewhere, _)| (*distance, *elsewhere));
    match best {
        Some((edits, elsewhere, key)) => {
            let shown = if elsewhere {
                key.path
            } else {
                split(key.path).1
            };
            if edits <= 1.max(name.chars().count() / 3) {
                Nearest::Meant(shown.to_owned())
            } else {
                Nearest::Known(shown.to_owned())
            }
        }
        None => Nearest::Known("version".to_owned()),
    }
}

/// A key below a table.
pub(super) fn join(parent: &str, name: &str) -> String {
    if parent.is_empty() {
        name.to_owned()
    } else {
        format!("{parent}.{name}")
    }
}

fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('.').unwrap_or(("", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_stands_below_a_key_once() {
        for (index, key) in KEYS.iter().enumerate() {
            let (above, _) = split(key.path);
            assert!(above.is_empty() || KEYS[..index].iter().any(|row| row.path == above));
            assert!(KEYS[..index].iter().all(|row| row.path != key.path));
        }
    }

    #[test]
    fn the_nearest_key_is_the_one_that_was_meant() {
        for (parent, name, nearest_key) in [
            (
                "secrets",
                "min_confidance",
                Nearest::Meant("min_confidence".to_owned()),
            ),
            ("protect", "pussh", Nearest::Meant("push".to_owned())),
            ("protect", "psuh", Nearest::Meant("push".to_owned())),
            ("", "secret", Nearest::Meant("secrets".to_owned())),
            ("", "env_files", Nearest::Meant("env-files".to_owned())),
            (
                "",
                "min_confidence",
                Nearest::Meant("secrets.min_confidence".to_owned()),
            ),
            (
                "secrets",
                "inline",
                Nearest::Meant("trust.inline".to_owned()),
            ),
            ("server", "zzzzzz", Nearest::Known("mode".to_owned())),
        ] {
            assert_eq!(nearest(parent, name), nearest_key, "{parent}.{name}");
        }
    }
}
