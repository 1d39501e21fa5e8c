//! `confirm`: what a second person must have confirmed, in the push itself.

use super::super::check::{Cx, Raised};
use super::super::groups::{Groups, Pusher};
use super::super::identity::BE_KNOWN;
use super::super::protect::{Act, Protect};
use super::super::questions::refs as ask;
use super::super::tokens::Push;
use super::{raise, warning_of};
use crate::change::{RefChange, RefUpdate, Unread};
use crate::git::{
    RefName, Repo, is_ancestor, key_against_deletion, key_against_rewind, shell_word,
};

/// What becomes of an update that rules want confirmed. Every such rule must have its confirmation; one
/// token may serve several. Who may do it at all is not asked here.
pub(super) fn on_server(
    cx: &Cx<'_>,
    groups: &Groups,
    act: Act,
    update: &RefUpdate,
    names: &[RefName],
    rules: &[&Protect],
) -> Result<Vec<Raised>, Unread> {
    let (name, old) = (&update.name, update.change.old_oid());
    let asking: Vec<_> = rules
        .iter()
        .filter(|rule| rule.asks_to_confirm(act))
        .collect();
    let (Some(old), false) = (old, asking.is_empty()) else {
        return Ok(Vec::new());
    };
    // Git compares what the pusher claims when it moves the ref, and so nobody else gets in between;
    // of a claim that is no object it does not.
    if update.claimed != Some(old) {
        let message = format!("{}, and the push says that it stands elsewhere", needs(act));
        let help = "fetch, and push again with the client of Git".to_owned();
        return Ok(vec![raise(ask::CONFIRM, message, help, name)]);
    }
    let written = names.last().unwrap_or(name);
    let push = Push {
        pusher: cx.pusher,
        now: cx.now,
        name: written,
        old: Some(old),
        new: update.change.new_oid(),
        groups,
        keys: cx.keys,
        repo: cx.repo,
    };
    // A token counts once: none is spent on what would fail all the same.
    let refused = cx.repo.and_then(|repo| match act {
        Act::Delete => key_against_deletion(repo, name),
        Act::Force | Act::Push | Act::Create => key_against_rewind(repo, name),
    });
    if let Some(key) = refused {
        let message = format!("Git itself refuses that on this server, by {key}");
        let value = if key.ends_with("Current") {
            "warn"
        } else {
            "false"
        };
        let help = format!("whoever keeps the server runs there:\n$ git config {key} {value}");
        return Ok(vec![raise(ask::CONFIRM, message, help, name)]);
    }
    let mut all = raise(ask::CONFIRM, needs(act), String::new(), name);
    for rule in asking {
        match cx.presented.confirmation(&push, act, rule.confirmers())? {
            Ok(used) => {
                if all.excused.iter().all(|known| known.id != used.id) {
                    all.excused.push(used);
                }
            }
            Err(why) => {
                let by = match rule.confirmers() {
                    [] => "someone, and the policy names nobody".to_owned(),
                    by => groups.shown(by, cx.pusher),
                };
                let first = match cx.pusher {
                    Pusher::Known(_) => String::new(),
                    Pusher::Unknown => format!("{BE_KNOWN}\n"),
                };
                let mut message = format!("{} by {by}, in the push itself", needs(act));
                for why in why {
                    message.push_str(&format!("; of the token that was shown: {why}"));
                }
                return Ok(vec![raise(
                    ask::CONFIRM,
                    message,
                    first + &help(cx, act, &push),
                    name,
                )]);
            }
        }
    }
    Ok(vec![all])
}

/// A word of advice before a push that rules want confirmed.
pub(super) fn on_client(repo: &Repo, update: &RefUpdate, rules: &[&Protect]) -> Option<Raised> {
    let act = match update.change {
        RefChange::Delete { .. } => Act::Delete,
        // What the remote has and this clone has not cannot be compared.
        RefChange::Move { old, new } if repo.has(old) => {
            let forward = is_ancestor(repo, old, new).unwrap_or(true);
            if forward { Act::Push } else { Act::Force }
        }
        RefChange::Move { .. } | RefChange::Create { .. } | RefChange::Pending { .. } => {
            return None;
        }
    };
    let rule = rules.iter().find(|rule| rule.asks_to_confirm(act))?;
    let by: Vec<String> = rule.confirmers().iter().map(ToString::to_string).collect();
    let message = format!(
        "{} by {}, in the push itself: git push -o portcullis.confirm=TOKEN",
        needs(act),
        by.join(", ")
    );
    let help = "the server's refusal says what they run to make the token".to_owned();
    Some(warning_of(raise(ask::CONFIRM, message, help, &update.name)))
}

fn needs(act: Act) -> String {
    match act {
        Act::Delete => "deleting it must be confirmed",
        Act::Force | Act::Push | Act::Create => "rewinding or replacing it must be confirmed",
    }
    .to_owned()
}

fn help(cx: &Cx<'_>, act: Act, push: &Push<'_>) -> String {
    if !cx.presented.taken() && cx.updates.iter().all(|update| !update.change.is_pending()) {
        return "the server takes no push options; whoever keeps it runs there:\n\
                $ git config receive.advertisePushOptions true"
            .to_owned();
    }
    let oid = |oid: Option<crate::git::Oid>| oid.map(|oid| oid.to_string()).unwrap_or_default();
    let name = shell_word(push.name.as_bytes());
    let (old, new) = (oid(push.old), oid(push.new));
    let (word, to) = match act {
        Act::Delete => ("delete", String::new()),
        Act::Force | Act::Push | Act::Create => ("force", format!(" --to {new}")),
    };
    let server = match cx.presented.repository() {
        Some(id) => format!(" --server-id {id}"),
        None => String::new(),
    };
    format!(
        "one of them, who is not you, runs this in a clone and gives you what it prints:\n\
         $ portcullis confirm {word} {name} --at {old}{to}{server}"
    )
}
