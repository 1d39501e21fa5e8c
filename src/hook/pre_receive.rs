//! pre-receive: on standard input a line for every ref of the push, `OLD-OID NEW-OID REF`; the new
//! objects are in quarantine. This is the gate: what it refuses leaves nothing behind.

use super::{Call, CallError, Updates, known_to_server, lines};
use crate::change::{BadUpdate, Source, There};
use crate::git::{Repo, push_certificate};

pub(super) fn read(repo: &Repo, call: &Call) -> Result<Vec<Source>, CallError> {
    // Git asks about at least one ref. Without any, whoever called this has read them before, and
    // would take the answer for a judgement.
    if lines(&call.input).next().is_none() {
        let why = "standard input names no ref: give this hook all that Git gave";
        return Err(CallError::Usage(why.to_owned()));
    }
    let mut updates = Updates::default();
    for line in lines(&call.input) {
        // A name may hold anything, spaces too: it is what follows the second one.
        let mut words = line.splitn(3, |byte| *byte == b' ');
        let (Some(old), Some(new), Some(name)) = (words.next(), words.next(), words.next()) else {
            let (name, why) = (line.to_vec(), "not a line of pre-receive");
            updates.bad.push(BadUpdate { name, why });
            continue;
        };
        updates.add(name, old, new, |name, _| repo.resolve(name))?;
    }
    let certificate = push_certificate(repo);
    let source = updates.into_source(known_to_server(), There::Here, certificate);
    Ok(vec![source])
}
