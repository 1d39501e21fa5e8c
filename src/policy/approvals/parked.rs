//! What may be pushed below `refs/portcullis/`: approvals, by anyone who is known, and nothing else.

use super::approval::{APPROVALS, SignedApproval};
use crate::change::{RefChange, RefUpdate, Unread};
use crate::git::{Kind, Namespace, Oid, RefName, Repo, folded};
use crate::policy::check::Cx;
use crate::policy::decide::Denial;
use crate::policy::groups::Pusher;
use crate::policy::identity::BE_KNOWN;
use crate::policy::questions::refs as ask;

/// What nobody moves by a push but as said here.
const RESERVED: &[u8] = b"refs/portcullis";

/// Why an update below `refs/portcullis/` is refused; nothing where it is elsewhere, or fine.
///
/// Whose an approval is must be known when it comes, so that nobody leaves anything else there; what
/// it counts for is asked when its change comes.
///
/// # Errors
/// When that cannot be found out.
pub(in crate::policy) fn parked(
    cx: &Cx<'_>,
    repo: &Repo,
    update: &RefUpdate,
) -> Result<Option<Denial>, Unread> {
    if !is_reserved(&update.name) {
        return Ok(None);
    }
    let denial = |check, message: String, help: &str| {
        Ok(Some(Denial {
            check,
            message,
            help: help.to_owned(),
            commit: None,
        }))
    };
    if !update.name.as_bytes().starts_with(APPROVALS.as_bytes()) {
        let message = "what is below refs/portcullis/ is kept by the server alone";
        return denial(
            ask::RESERVED,
            message.to_owned(),
            "push it under another name",
        );
    }
    let new = match update.change {
        RefChange::Create { new } => new,
        RefChange::Move { .. } | RefChange::Delete { .. } => {
            let message = "an approval is neither moved nor taken away";
            return denial(
                ask::RESERVED,
                message.to_owned(),
                "make another one: portcullis approve",
            );
        }
        RefChange::Pending { .. } => return Ok(None),
    };
    if *cx.pusher == Pusher::Unknown {
        let message = "who pushes is not known to this server, so may not leave an approval here";
        return denial(ask::RESERVED, message.to_owned(), BE_KNOWN);
    }
    match approval(cx, repo, &update.name, new)? {
        None => Ok(None),
        Some(why) => denial(
            ask::APPROVAL,
            format!("it is no approval that this server can take: {why}"),
            "portcullis approve makes one, and says how it is pushed",
        ),
    }
}

/// Whether a name lies below `refs/portcullis/`, or would have to go for that to exist; or is one
/// that the disk of some server takes for such a name.
fn is_reserved(name: &RefName) -> bool {
    let name = folded(name.as_bytes());
    let rest = name.strip_prefix(RESERVED);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

/// Why a ref is no approval.
fn approval(cx: &Cx<'_>, repo: &Repo, name: &RefName, new: Oid) -> Result<Option<String>, Unread> {
    let object = repo.read(new).map_err(|error| Unread::new(name, error))?;
    if object.kind != Kind::Blob {
        return Ok(Some(format!(
            "it is a {}, not a blob",
            object.kind.as_str()
        )));
    }
    let signed = match SignedApproval::parse(&object.data) {
        Ok(signed) => signed,
        Err(why) => return Ok(Some(why.to_string())),
    };
    if signed.refname != *name {
        return Ok(Some(format!("its name would be {}", signed.refname)));
    }
    match cx
        .keys()?
        .verify(&signed.signed, Namespace::Portcullis, cx.now)
    {
        Ok(_) => Ok(None),
        Err(error) if error.is_undecided() => Err(Unread::new(name, error)),
        Err(error) => Ok(Some(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_folder_is_reserved_and_nothing_beside_it() {
        for (name, reserved) in [
            ("refs/portcullis", true),
            ("refs/portcullis/x", true),
            ("refs/Portcullis/approvals/x", true),
            ("refs/portculli\u{17f}/backup/x", true),
            ("refs/portcullis2", false),
            ("refs/heads/portcullis", false),
            ("refs/x", false),
        ] {
            let name = RefName::new(name.as_bytes()).unwrap();
            assert_eq!(is_reserved(&name), reserved, "{name}");
        }
    }
}
