//! update: `REF OLD-OID NEW-OID`; the objects are in the store already.

use super::{Call, CallError, Updates, known_to_server};
use crate::change::{Source, There};
use crate::git::{Certificate, Repo};

pub(super) fn read(repo: &Repo, call: &Call) -> Result<Vec<Source>, CallError> {
    let (Some(name), Some(old), Some(new)) = (call.word(0), call.word(1), call.word(2)) else {
        return Err(CallError::Usage("REF OLD NEW are missing".to_owned()));
    };
    let mut updates = Updates::default();
    updates.add(name, old, new, |name, _| repo.resolve(name))?;
    Ok(vec![updates.into_source(
        known_to_server(),
        There::Here,
        Certificate::Absent,
    )])
}
