//! post-receive: on standard input a line for every ref that has moved, `OLD-OID NEW-OID REF`. There
//! is nothing left to judge; of a deletion the old value is what the pusher claimed.

use super::{Call, CallError, lines};
use crate::change::{Landed, Source};
use crate::git::{Oid, RefName, Repo};

pub(super) fn read(_repo: &Repo, call: &Call) -> Result<Vec<Source>, CallError> {
    let landed = lines(&call.input).map(|line| {
        let mut words = line.splitn(3, |byte| *byte == b' ');
        let (old, new) = (Oid::parse(words.next()?).ok()?, words.next()?);
        Some(Landed {
            name: RefName::new(words.next()?).ok()?,
            claimed: old,
            new: Oid::parse(new).ok()?,
        })
    });
    let landed: Option<Vec<Landed>> = landed.collect();
    let usage = || CallError::Usage("standard input holds no lines of post-receive".to_owned());
    landed
        .map(|all| vec![Source::Landed(all)])
        .ok_or_else(usage)
}
