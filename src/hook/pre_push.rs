//! pre-push: the name and URL of the remote; on standard input a line for every ref of the push,
//! `LOCAL-REF LOCAL-OID REMOTE-REF REMOTE-OID`.

use super::{Call, CallError, Updates, lines};
use crate::change::{BadUpdate, Source, There};
use crate::git::{Certificate, Repo, escape};

pub(super) fn read(repo: &Repo, call: &Call) -> Result<Vec<Source>, CallError> {
    let mut updates = Updates::default();
    let mut known = Vec::new();
    let mut there = There::Unnamed;
    for line in lines(&call.input) {
        let words: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
        // The local side may be any expression, spaces included; the other three may not.
        let [.., new, name, old] = words[..] else {
            let (name, why) = (line.to_vec(), "not a line of pre-push");
            updates.bad.push(BadUpdate { name, why });
            continue;
        };
        // What the remote has is what it says; there is no other source here.
        updates.add(name, old, new, |_, claimed| Ok(claimed))?;
        if let Some(old) = updates.good.last().and_then(|update| update.claimed)
            && repo.has(old)
        {
            known.push(old.to_string());
        }
    }
    // What was seen on this remote is there. A URL without a name has no such refs.
    if let (Some(remote), Some(url)) = (call.word(0), call.word(1))
        && remote != url
        && !remote.is_empty()
        && !remote.iter().any(|byte| b"*?[\\".contains(byte))
    {
        known.push(format!("--remotes={}", escape(remote)));
        there = There::Remote(remote.to_vec());
    }
    Ok(vec![updates.into_source(known, there, Certificate::NotYet)])
}
