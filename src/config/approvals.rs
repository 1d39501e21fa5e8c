//! What a rule asks about approvals must be something that can happen, and the file of the server
//! that it names is read.

use super::error::ConfigError;
use super::file::{Absence, Layer, read_regular};
use super::{Config, Origin};
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
            return at_count(format!(
                "asks for {} people, and approvals_from holds {people}",
                rule.approvals()
            ));
        }
        counted += usize::from(rule.writes_approvals());
        listed += usize::from(rule.writes_approvals_by());
        owned += usize::from(rule.owners.is_some());
    }
    Ok(())
}

/// Reads the files of the server that say who owns what.
pub(super) fn read_owners(read: &[Layer], rules: &mut [Protect]) -> Result<(), ConfigError> {
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
        let owners = Owners::parse(&text.unwrap_or_default());
        let owners =
            owners.map_err(|(line, why)| fail(format!("{}:{line}: {why}", path.display())))?;
        rule.owned = Some(Arc::new(owners));
    }
    Ok(())
}
