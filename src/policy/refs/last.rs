//! The default branch, and the last one.

use super::super::check::Raised;
use super::super::questions::refs as ask;
use super::super::settings::Protect;
use super::{Seen, raise};
use crate::change::{RefChange, Unread};
use crate::git::RefName;
use std::collections::HashSet;

impl Seen<'_> {
    /// Where branches are protected at all, the default branch and the last one do not go, but by
    /// those whom a rule names who may delete them.
    pub(super) fn last_resort(&self, matching: &[&Protect]) -> Result<Option<Raised>, Unread> {
        let name = &self.update.name;
        let goes = matches!(self.update.change, RefChange::Delete { old: Some(_) });
        let named = matching.iter().any(|rule| rule.says_who_may_delete());
        if named || !goes || !self.names.iter().any(RefName::is_branch) {
            return Ok(None);
        }
        let help = "leave it; whoever keeps the server can name who may delete it (protect.delete)";
        let help = help.to_owned();
        let default = self
            .repo
            .head_branch()
            .filter(|_| self.repo.work_tree().is_none());
        let written = |name: &RefName| self.repo.written_by(name).map_err(|e| self.unread(e));
        // `HEAD` may stand for a symbolic ref in its turn.
        let default = default.map_or_else(|| Ok(Vec::new()), |default| written(&default))?;
        if default.iter().any(|default| self.names.contains(default)) {
            let message = "it is the default branch of the server, and does not go".to_owned();
            return Ok(Some(raise(ask::DEFAULT_BRANCH, message, help, name)));
        }
        let refs = self.repo.refs_at_first();
        let refs = refs.map_err(|error| self.unread(error))?;
        let known = refs.iter().any(|(known, _)| self.names.contains(known));
        let updates = self.cx.updates;
        let mut gone: HashSet<RefName> = self.names.iter().cloned().collect();
        for update in updates.iter().filter(|u| u.change.new_oid().is_none()) {
            gone.extend(written(&update.name)?);
        }
        let mut stays = false;
        for (other, _) in refs.iter().filter(|(other, _)| other.is_branch()) {
            // What stands for a branch that goes is no branch then.
            stays =
                !gone.contains(other) && written(other)?.iter().all(|name| !gone.contains(name));
            if stays {
                break;
            }
        }
        let comes = updates
            .iter()
            .any(|u| u.name.is_branch() && matches!(u.change, RefChange::Create { .. }));
        if known && !stays && !comes {
            let message = "it is the last branch of the server, and does not go".to_owned();
            return Ok(Some(raise(ask::LAST_BRANCH, message, help, name)));
        }
        Ok(None)
    }
}
