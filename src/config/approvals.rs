//! What a rule asks about approvals must be something that can happen, and the file of the server
//! that it names is read.

use super::error::ConfigError;
use super::file::{Absence, Layer, read_regular};
use super::{Config, Held, Origin};
use crate::policy::approvals::{ApprovedBy, Owners, OwnersAt};
use crate::policy::settings::Protect;
use std::sync::Arc;

/// The largest file about owners that is read, in bytes.
const LIMIT: u64 = 4 << 20;

/// Approvals that nobody could give would stop every push, and nobody would know why.
pub(super) fn check(layer: &Layer, config: &Config) -> Result<(), ConfigError> {
    let identity = &config.identity;
    let keys = identity.allowed_signers.is_some() || identity.gpg_home.is_some();
    let (mut counted, mut listed, mut owned) = (0, 0, 0);
    for rule in &layer.protect {
        let at_count = |why: String| Err(layer.error_at("protect.approvals", counted, why));
        let at_kinds =
            |why: &str| Err(layer.error_at("protect.approvals_by", listed, why.to_owned()));
        let by = rule.approvals_by();
        let trailers = by.contains(&ApprovedBy::Trailers);
        if by.is_empty() {
            return at_kinds("an empty list lets nothing count: write \"signed\", or leave it out");
        }
        if trailers && rule.approvals_from.is_none() {
            return at_kinds(
                "a trailer may name anybody: approvals_from must say which addresses count",
            );
        }
        if trailers && rule.approvals_name_repository {
            return at_kinds(
                "a trailer names no repository, and approvals_name_repository asks for that: leave \
                 \"trailers\" out",
            );
        }
        // On a developer's machine approvals are announced, not judged.
        let judged = layer.origin >= Origin::Server && rule.asks_for_approvals();
        if judged && !keys && by.contains(&ApprovedBy::Signed) {
            let why = "nobody's signature could be verified: set identity.allowed_signers or \
                       identity.gpg_home";
            return match rule.approvals() {
                0 => Err(layer.error_at("protect.owners", owned, why.to_owned())),
                _ => at_count(why.to_owned()),
            };
        }
        let from = rule.approvals_from.as_deref();
        let people = from.and_then(|from| config.groups.count(from));
        if let Some(people) = people.filter(|people| *people < usize::from(rule.approvals())) {
            let why = "asks for more people than approvals_from holds";
            return at_count(format!("{why}, which is {people}"));
        }
        counted += usize::from(rule.writes_approvals());
        listed += usize::from(rule.writes_approvals_by());
        owned += usize::from(rule.owners.is_some());
    }
    Ok(())
}

/// Reads the files of the server that say who owns what.
pub(super) fn read_owners(
    read: &[Layer],
    rules: &mut [Protect],
    held: &mut Held,
) -> Result<(), ConfigError> {
    let layers = read.iter().flat_map(|layer| {
        let written = layer.protect.iter().filter(|rule| rule.owners.is_some());
        written.enumerate().map(move |(nth, _)| (layer, nth))
    });
    let rules = rules.iter_mut().filter(|rule| rule.owners.is_some());
    for ((layer, nth), rule) in layers.zip(rules) {
        // What lies on a server is not on the developer's machine.
        let (Some(OwnersAt::File(path)), true) = (&rule.owners, layer.origin >= Origin::Server)
        else {
            continue;
        };
        let fail = |why: String| layer.error_at("protect.owners", nth, why);
        let text = read_regular(path, Absence::Wrong, LIMIT);
        let text = text.map_err(|problem| fail(format!("{}: {problem}", path.display())))?;
        let text = text.unwrap_or_default();
        held.add(&text);
        let owners = Owners::parse(&text);
        let owners =
            owners.map_err(|(line, why)| fail(format!("{}:{line}: {why}", path.display())))?;
        rule.owned = Some(Arc::new(owners));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const MAIN: &str = "[[protect]]\nrefs = [\"refs/heads/main\"]\n";
    const KEYS: &str = "[identity]\nallowed_signers = \"keys\"\n";

    fn load(origin: Origin, text: &str) -> Result<Config, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("p.toml");
        std::fs::write(dir.path().join("owners"), "* @alice\n").unwrap();
        std::fs::write(dir.path().join("broken"), "* alice\n").unwrap();
        let folder = dir.path().display().to_string();
        std::fs::write(&path, text.replace("DIR", &folder)).unwrap();
        let today = time::Date::from_calendar_date(2026, time::Month::June, 1).unwrap();
        let loaded = Config::load(&[(origin, path)], today, &|_| true);
        loaded.map_err(|error| error.to_string().replace(&folder, "DIR"))
    }

    #[test]
    fn who_looks_back_is_told_that_the_owners_were_others() {
        let dir = tempfile::tempdir().unwrap();
        let (path, file) = (dir.path().join("p.toml"), dir.path().join("owners"));
        let text = format!("{MAIN}owners = \"{}\"\n{KEYS}", file.display());
        std::fs::write(&path, text).unwrap();
        let digest = |owners: &str| {
            std::fs::write(&file, owners).unwrap();
            let layers = [(Origin::Server, path.clone())];
            let today = time::OffsetDateTime::UNIX_EPOCH.date();
            Config::load(&layers, today, &|_| true).unwrap().digest
        };
        assert_ne!(digest("* @alice\n"), digest("* @bob\n"));
        assert_eq!(digest("* @alice\n"), digest("* @alice\n"));
    }

    #[test]
    fn what_nobody_could_give_is_not_asked() {
        let groups = "[groups]\nleads = [\"alice\", \"bob\"]\n";
        for (text, error) in [
            (
                format!("{MAIN}approvals = 1"),
                "DIR/p.toml:3: \"protect.approvals\": nobody's signature",
            ),
            (
                format!("{MAIN}owners = \"CODEOWNERS\""),
                "DIR/p.toml:3: \"protect.owners\": nobody's signature",
            ),
            (
                format!(
                    "{KEYS}{groups}{MAIN}approvals = 2\napprovals_from = [\"@leads\"]\n\n{MAIN}approvals = 3\napprovals_from = [\"@leads\"]"
                ),
                "DIR/p.toml:12: \"protect.approvals\": asks for more people than approvals_from holds, which is 2",
            ),
            (
                format!("{KEYS}{MAIN}approvals = 1\napprovals_from = []"),
                "DIR/p.toml:5: \"protect.approvals\": asks for more people than approvals_from holds, which is 0",
            ),
            (
                format!("{KEYS}{MAIN}approvals = 1\napprovals_from = [\"@lead\"]"),
                "DIR/p.toml:6: \"protect.approvals_from\": there is no group \"lead\"",
            ),
            (
                format!("{MAIN}approvals = 1\napprovals_by = [\"trailers\"]"),
                "DIR/p.toml:4: \"protect.approvals_by\": a trailer may name anybody",
            ),
            (
                format!(
                    "{KEYS}{MAIN}approvals = 1\napprovals_from = [\"alice\"]\napprovals_by = [\"signed\", \"trailers\"]\napprovals_name_repository = true"
                ),
                "DIR/p.toml:7: \"protect.approvals_by\": a trailer names no repository",
            ),
            (
                format!("{KEYS}{MAIN}approvals = 1\napprovals_by = []"),
                "DIR/p.toml:6: \"protect.approvals_by\": an empty list",
            ),
            (
                format!("{KEYS}{MAIN}approvals = -1"),
                "DIR/p.toml:5: \"protect.approvals\": ",
            ),
            (
                format!("{KEYS}{MAIN}owners = \"/nowhere/at/all\""),
                "DIR/p.toml:5: \"protect.owners\": /nowhere/at/all: cannot be read",
            ),
            (
                format!("{KEYS}{MAIN}\n{MAIN}owners = \"x\"\n{MAIN}owners = \"DIR/broken\""),
                "DIR/p.toml:11: \"protect.owners\": DIR/broken:1: alice is no owner",
            ),
        ] {
            let told = load(Origin::Server, &text).unwrap_err();
            assert!(told.starts_with(error), "{told}\n{text}");
        }
    }

    #[test]
    fn what_can_be_is_read() {
        let text = format!(
            "{KEYS}{MAIN}owners = \"OWNERS\"\n{MAIN}\napprovals = 200\n{MAIN}owners = \"DIR/owners\""
        );
        let config = load(Origin::Server, &text).unwrap();
        let owned: Vec<bool> = config.protect.iter().map(|r| r.owned.is_some()).collect();
        assert_eq!(owned, [false, false, true]);
        assert_eq!(config.protect[1].approvals(), 200);
        assert!(!config.protect[1].approvals_by_pusher);
        assert!(!config.protect[1].approvals_name_repository);
        // A developer's machine has neither the keys nor the files.
        let conventions = format!("{MAIN}approvals = 1\nowners = \"/nowhere/at/all\"");
        let config = load(Origin::Repository, &conventions).unwrap();
        assert!(config.protect[0].owned.is_none());
    }
}
