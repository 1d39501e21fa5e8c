//! `portcullis policy show`: what the rules of `[[protect]]` let whom do.

use super::Exit;
use super::args::{Policy as Args, PolicyCommand, ShowPolicy};
use super::check::{layers, refname};
use super::output::{complain, print};
use crate::git::{RefName, Repo, escape};
use crate::policy::RefPattern;
use crate::policy::approvals::OwnersAt;
use crate::policy::groups::{Groups, Principal, Pusher};
use crate::policy::settings::{Act, Freeze, Protect, Settings};
use std::fmt::Write as _;
use time::OffsetDateTime;

pub(super) fn run(args: &Args) -> Exit {
    let PolicyCommand::Show(args) = &args.command;
    show(args)
}

fn show(args: &ShowPolicy) -> Exit {
    let repo = match Repo::from_env() {
        Ok(repo) => repo,
        Err(error) => return complain(Exit::Usage, &error),
    };
    let name = match args.refname.as_deref().map(refname).transpose() {
        Ok(name) => name,
        Err(why) => return complain(Exit::Usage, &why),
    };
    let settings = match super::hook::load(&layers(args.config.as_deref(), &repo)) {
        Ok(settings) => settings,
        Err(error) => return complain(Exit::Usage, &error),
    };
    let user = args
        .user
        .as_deref()
        .map(|user| Pusher::named(user.as_bytes()));
    let mut text = page(
        &settings,
        name.as_ref(),
        user.as_ref(),
        OffsetDateTime::now_utc(),
    );
    if let (None, Some(log)) = (&name, &settings.audit.log) {
        let _ = writeln!(
            text,
            "audit log: {}",
            escape(log.0.as_os_str().as_encoded_bytes())
        );
    }
    print(text.as_bytes())
}

/// One paragraph for each rule, and with a ref and a user what all of them come to.
fn page(
    settings: &Settings,
    name: Option<&RefName>,
    user: Option<&Pusher>,
    now: OffsetDateTime,
) -> String {
    let mut text = String::new();
    let numbered = settings.protect.iter().enumerate();
    let rules: Vec<(usize, &Protect)> = numbered
        .filter(|(_, rule)| name.is_none_or(|name| rule.protects(name)))
        .collect();
    if rules.is_empty() {
        return match name {
            Some(name) => format!("{name}: no rule of [[protect]] matches it, so it is free\n"),
            None => "there is no rule of [[protect]], so every ref is free\n".to_owned(),
        };
    }
    for (index, rule) in &rules {
        let _ = writeln!(text, "rule {}: {}", index + 1, patterns(rule.refs()));
        for (key, act) in Act::KEYS {
            let who = people(rule.who_may(act));
            let _ = match user {
                Some(user) => {
                    let may = yes(settings.groups.allows(rule.who_may(act), user));
                    writeln!(text, "    {key:<11} {may:<3}  ({who})")
                }
                None => writeln!(text, "    {key:<11} {who}"),
            };
        }
        for (key, condition) in conditions(rule, &settings.groups, user, now) {
            let _ = writeln!(text, "    {key:<11} {condition}");
        }
        text.push('\n');
    }
    if let (Some(name), Some(user)) = (name, user) {
        let may = |act| {
            let all =
                |(_, rule): &(usize, &Protect)| settings.groups.allows(rule.who_may(act), user);
            yes(rules.iter().all(all))
        };
        let acts = Act::KEYS.map(|(key, act)| format!("{key} {}", may(act)));
        let _ = writeln!(text, "{name}: {}", acts.join(", "));
    }
    text
}

fn conditions(
    rule: &Protect,
    groups: &Groups,
    user: Option<&Pusher>,
    now: OffsetDateTime,
) -> Vec<(&'static str, String)> {
    let on = |key, set: bool, what: &str| set.then(|| (key, what.to_owned()));
    let mut all: Vec<(&'static str, String)> = [
        confirmation(rule),
        on("merge_only", rule.merge_only, "no direct commits"),
        rule.merge_from
            .as_deref()
            .map(|from| ("merge_from", patterns(from))),
        on("linear", rule.linear, "no merges"),
        on("annotated", rule.annotated, "no lightweight tags"),
        rule.signed
            .asks()
            .then(|| ("signed", rule.signed.shown().to_owned())),
        on("push_cert", rule.push_cert, "git push --signed"),
        rule.names
            .as_ref()
            .map(|names| ("names", escape(names.as_str().as_bytes()))),
    ]
    .into_iter()
    .flatten()
    .chain(approvals(rule))
    .collect();
    for window in &rule.freeze {
        all.push(("freeze", freeze(window, groups, user, now)));
    }
    all
}

fn approvals(rule: &Protect) -> Option<(&'static str, String)> {
    let owners = rule.owners.as_ref().map(|at| match at {
        OwnersAt::Branch(path) => format!("of the owners in {path}"),
        OwnersAt::File(path) => {
            format!(
                "of the owners in {}",
                escape(path.as_os_str().as_encoded_bytes())
            )
        }
    });
    let from = rule.approvals_from.as_deref().map(people);
    let from = from.unwrap_or_else(|| "everyone who is known".to_owned());
    let count = (rule.approvals() > 0).then(|| format!("{} of {from}", rule.approvals()));
    let all: Vec<String> = count.into_iter().chain(owners).collect();
    (!all.is_empty()).then(|| ("approvals", all.join(", and ")))
}

/// `delete, force; by @admins`
fn confirmation(rule: &Protect) -> Option<(&'static str, String)> {
    let asked = Act::KEYS
        .into_iter()
        .filter(|(_, act)| rule.asks_to_confirm(*act));
    let asked: Vec<&str> = asked.map(|(key, _)| key).collect();
    let by = people(rule.confirmers());
    (!asked.is_empty()).then(|| ("confirm", format!("{}; by {by}", asked.join(", "))))
}

fn freeze(window: &Freeze, groups: &Groups, user: Option<&Pusher>, now: OffsetDateTime) -> String {
    let format = &time::format_description::well_known::Rfc3339;
    let at = |moment: OffsetDateTime| moment.format(format).unwrap_or_default();
    let mut text = format!("{} until {}", at(window.from), at(window.until));
    if !window.except.is_empty() {
        let _ = write!(text, ", but by {}", people(&window.except));
    }
    let excepted = user.is_some_and(|user| groups.allows(&window.except, user));
    if window.holds_at(now) && !excepted {
        text.push_str("; it holds now");
    }
    text
}

fn yes(may: bool) -> &'static str {
    if may { "yes" } else { "no" }
}

fn patterns(list: &[RefPattern]) -> String {
    let patterns: Vec<String> = list.iter().map(|p| escape(p.as_str().as_bytes())).collect();
    patterns.join(", ")
}

fn people(list: &[Principal]) -> String {
    if list.is_empty() {
        return "nobody".to_owned();
    }
    let names: Vec<String> = list.iter().map(ToString::to_string).collect();
    names.join(", ")
}
