//! Packages come from addresses that are allowed.

use super::super::check::{Raised, place_in};
use super::super::questions::content as ask;
use super::values::UrlPattern;
use super::{raise, sources};
use crate::change::{FileChange, Unread};
use crate::git::{Mode, RepoPath, escape};
use std::collections::BTreeSet;

/// The addresses that a file of a package manager takes packages from, but for those that a parent
/// has there already.
pub(super) fn allowed(
    file: &FileChange<'_>,
    path: &RepoPath,
    allowed: &[UrlPattern],
    out: &mut Vec<Raised>,
) -> Result<(), Unread> {
    if file.is_old_content() || file.mode == Mode::Symlink || !sources::says_sources(path) {
        return Ok(());
    }
    let text = file.bytes().map_err(|error| Unread::new(path, error))?;
    let message = match sources::sources(path, text) {
        None => return Ok(()),
        Some(Err(sources::Unreadable)) => {
            "it cannot be read, so nobody can say where its packages come from".to_owned()
        }
        Some(Ok(found)) => {
            let earlier = file.earlier();
            let earlier = earlier
                .iter()
                .filter_map(|text| sources::sources(path, text)?.ok());
            let old: BTreeSet<String> = earlier.flatten().collect();
            let wrong = |address: &&String| {
                !old.contains(*address)
                    && !allowed.iter().any(|glob| glob.matches(address.as_bytes()))
            };
            let wrong: Vec<String> = found
                .iter()
                .filter(wrong)
                .map(|address| shown(address))
                .collect();
            let more = wrong.len().saturating_sub(3);
            match &wrong[..] {
                [] => return Ok(()),
                [first, ..] if more > 0 => {
                    format!(
                        "packages may not come from {first}, and {} more",
                        wrong.len() - 1
                    )
                }
                all => format!("packages may not come from {}", all.join(", ")),
            }
        }
    };
    let help = "take them from an address that is allowed";
    let place = place_in(file);
    out.push(raise(ask::SOURCE, message, help, place, file.by));
    Ok(())
}

/// An address without the account in it, which may have a password.
fn shown(address: &str) -> String {
    let (scheme, rest) = address.split_once("://").unwrap_or(("", address));
    let end = rest.find('/').unwrap_or(rest.len());
    let host = rest[..end].rfind('@').map_or(0, |at| at + 1);
    escape(format!("{scheme}://{}", &rest[host..]).as_bytes())
}
