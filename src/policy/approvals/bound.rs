//! The repository that an approval is for, and whether that is this one.

use super::approval::Approval;
use super::judge::Judge;
use crate::git::escape;
use crate::hook::Side;
use crate::policy::settings::Protect;

/// What comes of the repository that an approval names.
pub(super) enum Bound {
    /// It may count here.
    Here,
    /// It does not, and why: one phrase, escaped.
    Elsewhere(String),
    /// What it would be compared with is not known here; the same.
    Unknown(String),
}

impl Judge<'_> {
    /// Whether an approval is for this repository, as a rule asks for it.
    pub(super) fn bound(&self, rule: &Protect, approval: &Approval) -> Bound {
        let update = self.update;
        let Some(named) = &approval.repository else {
            return match rule.approvals_name_repository {
                true => Bound::Elsewhere("one names no repository".to_owned()),
                false => Bound::Here,
            };
        };
        let shown = escape(named.as_bytes());
        match (update.cx.side, update.cx.presented.repository()) {
            // A clone may push to several.
            (Side::Client, _) => Bound::Here,
            (Side::Server, Some(here)) if here == named => Bound::Here,
            (Side::Server, Some(_)) => {
                Bound::Elsewhere(format!("one is for another repository, {shown}"))
            }
            // A server that takes a push knows who it is; this is the question what it would say.
            (Side::Server, None) if update.repo.work_tree().is_some() => Bound::Unknown(format!(
                "an approval is for the repository {shown}, and whether that is the one that is \
                 pushed to is not known here: git config portcullis.serverId ID"
            )),
            (Side::Server, None) => Bound::Elsewhere(format!(
                "one is for the repository {shown}, and this one has no id yet"
            )),
        }
    }

    /// The option that makes `portcullis approve` name this repository, as the end of the command;
    /// nothing where it need not and cannot be said.
    pub(super) fn server_id(&self, rule: &Protect) -> String {
        let here = self.update.cx.presented.repository();
        match (here, rule.approvals_name_repository) {
            (Some(id), _) => format!(" --server-id {}", escape(id.as_bytes())),
            (None, true) => {
                " --server-id ID\nwhere ID is what `portcullis status` says on the server"
                    .to_owned()
            }
            (None, false) => String::new(),
        }
    }
}
