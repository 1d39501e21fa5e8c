//! What an entry says of a ref that has really moved, after the entry that accepted it.

use super::entry::moment;
use super::read::Recorded;
use crate::change::Landed;
use crate::git::{Oid, RefName, escape};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use std::collections::HashMap;
use time::OffsetDateTime;

/// One line of the log, but for its place in the chain.
#[derive(Serialize)]
pub struct Moved {
    event: &'static str,
    time: String,
    /// That of the entry which accepted it; none where there is no such entry.
    push: Option<String>,
    hook: &'static str,
    #[serde(rename = "ref")]
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ref_base64: Option<String>,
    /// What the pusher said, and Git says on.
    claimed: Option<String>,
    /// Where it stood when it was judged.
    old: Option<String>,
    new: Option<String>,
    /// Where it stands; another push may have been faster.
    now: Option<String>,
    pusher: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pusher_base64: Option<String>,
    version: &'static str,
}

/// An entry for each of these refs, with what the latest entries know of it.
#[must_use]
pub fn moved(
    landed: &[Landed],
    latest: &[Recorded],
    now: &dyn Fn(&RefName) -> Option<Oid>,
    time: OffsetDateTime,
) -> Vec<Moved> {
    let judged = latest
        .iter()
        .filter(|entry| entry.event() == "judged" && entry.word("answer") == "accepted");
    let judged: HashMap<(RefName, Option<Oid>), &Recorded> = judged
        .filter_map(|entry| Some(((entry.refname()?, entry.oid("new")?), entry)))
        .collect();
    let hex = |oid: Option<Oid>| oid.map(|oid| oid.to_string());
    let one = |landed: &Landed| {
        let entry = judged.get(&(landed.name.clone(), landed.new));
        let pusher = entry.and_then(|entry| entry.pusher());
        let exact = |bytes: &[u8]| {
            let shown = std::str::from_utf8(bytes).is_ok_and(|text| text == escape(bytes));
            (!shown).then(|| STANDARD.encode(bytes))
        };
        Moved {
            event: "moved",
            time: moment(time),
            push: entry.map(|entry| entry.word("push")),
            hook: "post-receive",
            name: landed.name.to_string(),
            ref_base64: exact(landed.name.as_bytes()),
            claimed: hex(landed.claimed),
            old: hex(entry.and_then(|entry| entry.oid("old").flatten())),
            new: hex(landed.new),
            now: hex(now(&landed.name)),
            pusher_base64: pusher.as_deref().and_then(exact),
            pusher: pusher.map(|name| escape(&name)),
            version: env!("CARGO_PKG_VERSION"),
        }
    };
    landed.iter().map(one).collect()
}
