//! Pack `refs`: refs are made, moved and deleted only by those whom every matching rule allows,
//! since what a branch is called decides what is built from it.

use super::check::{Check, Cx, Raised};
use super::groups::{Groups, Pusher};
use super::settings::{Act, Protect, Settings};
use crate::change::{BadUpdate, RefChange, RefUpdate, Unread};
use crate::finding::{CheckId, Place, PlaceKind};
use crate::git::{RefName, Repo, escape, is_ancestor};
use crate::hook::Side;

pub(super) fn make(settings: &Settings) -> Box<dyn Check> {
    Box::new(Refs {
        rules: settings.protect.clone(),
        groups: settings.groups.clone(),
    })
}

struct Refs {
    rules: Vec<Protect>,
    groups: Groups,
}

impl Check for Refs {
    fn update(&self, cx: &Cx<'_>, update: &RefUpdate, out: &mut Vec<Raised>) -> Result<(), Unread> {
        if update.repeated {
            let help = "push each ref once".to_owned();
            out.push(raise(
                "duplicate",
                "the push names this ref twice".to_owned(),
                help,
                &update.name,
            ));
        }
        // Who pushes is known where the push arrives.
        if cx.side == Side::Client || self.rules.is_empty() {
            return Ok(());
        }
        // A push to a symbolic ref writes what it stands for.
        let names = match cx.repo {
            Some(repo) => repo.written_by(&update.name),
            None => Ok(vec![update.name.clone()]),
        };
        let names = names.map_err(|error| Unread::new(&update.name, error))?;
        let matching: Vec<&Protect> = self
            .rules
            .iter()
            .filter(|rule| {
                let mut patterns = rule.refs().iter();
                patterns.any(|pattern| names.iter().any(|name| pattern.protects(name)))
            })
            .collect();
        if matching.is_empty() {
            return Ok(());
        }
        let act = act(cx.repo, update, &names)?;
        if !matching
            .iter()
            .all(|rule| self.groups.allows(rule.who_may(act), cx.pusher))
        {
            out.push(refused(act, cx.pusher, &update.name, &names[1..]));
        }
        Ok(())
    }

    fn bad_update(&self, _cx: &Cx<'_>, update: &BadUpdate, out: &mut Vec<Raised>) {
        let message = format!("{}: {}", escape(&update.name), update.why);
        let help = "push to a full ref name such as refs/heads/main".to_owned();
        let check = CheckId {
            pack: "refs",
            name: "name",
        };
        out.push(Raised::denied(
            check,
            message,
            help,
            place(None),
            Vec::new(),
        ));
    }
}

/// `written` is what the ref stands for, where it is a symbolic one.
fn refused(act: Act, pusher: &Pusher, name: &RefName, written: &[RefName]) -> Raised {
    let (id, what) = match act {
        Act::Push => ("push", "move it forward"),
        Act::Create => ("create", "create it"),
        Act::Delete => ("delete", "delete it"),
        Act::Force => ("force", "rewind or replace it"),
    };
    let who = match pusher {
        Pusher::Known(name) => format!("{} may not {what}", escape(name)),
        Pusher::Unknown => format!("who pushes is not known to this server, so may not {what}"),
    };
    let help = match act {
        Act::Push => "push to a branch of your own and ask one of those who may",
        Act::Create | Act::Delete => "ask one of those who may",
        Act::Force => "bring in what is there (git pull --rebase) and push without --force",
    };
    let stands = match written.last() {
        Some(last) => format!("; this ref stands for {last}"),
        None => String::new(),
    };
    let message = format!("protected: {who}{stands}");
    raise(id, message, help.to_owned(), name)
}

fn raise(id: &'static str, message: String, help: String, name: &RefName) -> Raised {
    let check = CheckId {
        pack: "refs",
        name: id,
    };
    Raised::denied(check, message, help, place(Some(name)), vec![name.clone()])
}

fn place(name: Option<&RefName>) -> Place {
    Place {
        kind: PlaceKind::Ref,
        path: None,
        text: None,
        blob: None,
        commit: None,
        refname: name.cloned(),
        author: None,
        date: None,
        reachable: None,
        decoded: Vec::new(),
    }
}

/// What the update does, from the repository's own refs and history.
fn act(repo: Option<&Repo>, update: &RefUpdate, names: &[RefName]) -> Result<Act, Unread> {
    match update.change {
        RefChange::Create { .. } => Ok(Act::Create),
        RefChange::Delete { .. } => Ok(Act::Delete),
        // A tag is where it is, or it is another tag.
        RefChange::Move { .. }
            if names
                .iter()
                .any(|name| name.as_bytes().starts_with(b"refs/tags/")) =>
        {
            Ok(Act::Force)
        }
        RefChange::Move { old, new } => {
            let Some(repo) = repo else {
                return Ok(Act::Force);
            };
            match is_ancestor(repo, old, new) {
                Ok(true) => Ok(Act::Push),
                Ok(false) => Ok(Act::Force),
                Err(error) => Err(Unread::new(&update.name, error)),
            }
        }
    }
}
