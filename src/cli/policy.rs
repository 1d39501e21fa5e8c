//! `portcullis policy show`: what the rules of `[[protect]]` let whom do, and what else is asked.

mod asked;

use super::Exit;
use super::args::{Policy as Args, PolicyCommand, ShowPolicy};
use super::check::{full_name, layers, person, repo_at};
use super::output::{complain, print};
use crate::git::{RefName, escape};
use crate::policy::RefPattern;
use crate::policy::approvals::OwnersAt;
use crate::policy::groups::{Groups, Pusher};
use crate::policy::settings::{Act, Freeze, Protect, Settings};
use std::fmt::Write as _;
use time::OffsetDateTime;

pub(super) fn run(args: &Args) -> Exit {
    let PolicyCommand::Show(args) = &args.command;
    show(args)
}

fn show(args: &ShowPolicy) -> Exit {
    let repo = match repo_at(args.repo.as_deref()) {
        Ok(repo) => repo,
        Err(error) => return complain(Exit::Usage, &error),
    };
    let name = args.refname.as_deref();
    let name = match name.map(|name| full_name(&repo, name)).transpose() {
        Ok(name) => name,
        Err(why) => return complain(Exit::Usage, &why),
    };
    let user = match args.user.as_deref().map(person).transpose() {
        Ok(user) => user,
        Err(why) => return complain(Exit::Usage, &why),
    };
    let config = match super::hook::load_config(&layers(args.config.as_deref(), &repo)) {
        Ok(config) => config,
        Err(error) => return complain(Exit::Usage, &error),
    };
    let asked = match asked::Asked::read(&config.files) {
        Ok(asked) => asked,
        Err(error) => return complain(Exit::Usage, &error),
    };
    let settings = Settings::from(config);
    let mut text = page(
        &settings,
        name.as_ref(),
        user.as_ref(),
        OffsetDateTime::now_utc(),
    );
    let more = asked.page(&settings, name.as_ref(), user.as_ref());
    if !more.is_empty() && !text.ends_with("\n\n") {
        text.push('\n');
    }
    text.push_str(&more);
    text.push_str(&asked::bypass(&settings, user.as_ref()));
    if let Some(what) = super::needs::mode(settings.server.mode) {
        let _ = writeln!(text, "mode: {what}");
    }
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
            Some(name) => format!(
                "{name}: no rule of [[protect]] matches it, so it is free for everyone to move\n"
            ),
            None => "there is no rule of [[protect]], so every ref is free for everyone to move\n"
                .to_owned(),
        };
    }
    if let Some(user) = user {
        text.push_str(&glance(settings, name, user, now));
    }
    for (index, rule) in &rules {
        let _ = writeln!(text, "rule {}: {}", index + 1, patterns(rule.refs()));
        for (key, act) in Act::KEYS {
            let who = settings.groups.shown(rule.who_may(act), &ADMIN);
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
    text
}

/// Who looks at a policy may read all of it.
static ADMIN: std::sync::LazyLock<Pusher> = std::sync::LazyLock::new(|| Pusher::named(b"admin"));

/// A table of what somebody may do to the refs of each pattern, or to one ref.
fn glance(
    settings: &Settings,
    name: Option<&RefName>,
    user: &Pusher,
    now: OffsetDateTime,
) -> String {
    let groups: Vec<String> = settings.groups.of(user).map(|g| g.to_string()).collect();
    let who = match user {
        Pusher::Known(name) => escape(name),
        Pusher::Unknown => "nobody who is known".to_owned(),
    };
    let mut text = match &groups[..] {
        [] => format!("{who} is in no group, and may\n"),
        groups => format!("{who} is in {}, and may\n", groups.join(", ")),
    };
    let row = |text: &mut String, cells: [&str; 4], refs: &str| {
        let [push, create, delete, force] = cells;
        let line = format!("{push:<9}{create:<9}{delete:<9}{force:<9}{refs}");
        let _ = writeln!(text, "{}", line.trim_end());
    };
    row(&mut text, Act::KEYS.map(|(key, _)| key), "");
    let mut listed: Vec<(String, Option<RefName>)> = Vec::new();
    match name {
        Some(name) => listed.push((name.to_string(), Some(name.clone()))),
        None => {
            for pattern in settings.protect.iter().flat_map(Protect::refs) {
                let shown = escape(pattern.as_str().as_bytes());
                if listed.iter().all(|(known, _)| *known != shown) {
                    // What holds for a ref of the pattern that nothing else names.
                    let one = pattern.as_str().replace("**", "*").replace(['*', '?'], "-");
                    listed.push((shown, RefName::new(one.as_bytes()).ok()));
                }
            }
        }
    }
    let mut starred = false;
    for (shown, one) in &listed {
        let own = |rule: &&Protect| {
            let mut refs = rule.refs().iter();
            refs.any(|pattern| pattern.as_str() == shown)
                || one.as_ref().is_some_and(|name| rule.protects(name))
        };
        let rules: Vec<&Protect> = settings.protect.iter().filter(own).collect();
        let cells = Act::KEYS.map(|(_, act)| cell(&rules, act, &settings.groups, user, now));
        starred |= cells.contains(&"yes*");
        row(&mut text, cells, shown);
    }
    let all = |pattern: &str| matches!(pattern, "**" | "refs/**");
    if name.is_none() && !listed.iter().any(|(shown, _)| all(shown)) {
        row(&mut text, ["yes"; 4], "any ref that matches none of these");
    }
    if starred {
        text.push_str("* if it is as the rules below ask\n");
    }
    text.push('\n');
    text
}

/// What all rules together say to an act.
fn cell(
    rules: &[&Protect],
    act: Act,
    groups: &Groups,
    user: &Pusher,
    now: OffsetDateTime,
) -> &'static str {
    let closed = |rule: &&Protect| {
        let mut windows = rule.freeze.iter();
        windows.any(|window| window.holds_at(now) && !groups.allows(&window.except, user))
    };
    if !rules
        .iter()
        .all(|rule| groups.allows(rule.who_may(act), user))
    {
        "no"
    } else if rules.iter().any(closed) {
        "frozen"
    } else if rules.iter().any(|rule| rule.asks_to_confirm(act)) {
        "confirm"
    } else if rules.iter().any(|rule| asks_more(rule, act)) {
        "yes*"
    } else {
        "yes"
    }
}

/// Whether a rule asks anything of what comes in, and not only of who brings it.
fn asks_more(rule: &Protect, act: Act) -> bool {
    let of_content = rule.asks_for_history()
        || rule.asks_for_approvals()
        || rule.signed.asks()
        || rule.annotated
        || rule.names.is_some();
    rule.push_cert || (of_content && act != Act::Delete)
}

fn conditions(
    rule: &Protect,
    groups: &Groups,
    user: Option<&Pusher>,
    now: OffsetDateTime,
) -> Vec<(&'static str, String)> {
    let on = |key, set: bool, what: &str| set.then(|| (key, what.to_owned()));
    let mut all: Vec<(&'static str, String)> = [
        confirmation(rule, groups),
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
    .chain(approvals(rule, groups))
    .collect();
    for window in &rule.freeze {
        all.push(("freeze", freeze(window, groups, user, now)));
    }
    all
}

fn approvals(rule: &Protect, groups: &Groups) -> Option<(&'static str, String)> {
    let owners = rule.owners.as_ref().map(|at| match at {
        OwnersAt::Branch(path) => format!("of the owners in {path}"),
        OwnersAt::File(path) => {
            format!(
                "of the owners in {}",
                escape(path.as_os_str().as_encoded_bytes())
            )
        }
    });
    let from = rule.approvals_from.as_deref();
    let from = from.map(|from| groups.shown(from, &ADMIN));
    let from = from.unwrap_or_else(|| "everyone who is known".to_owned());
    let count = (rule.approvals() > 0).then(|| format!("{} of {from}", rule.approvals()));
    let all: Vec<String> = count.into_iter().chain(owners).collect();
    let bound = match rule.approvals_name_repository {
        true => ", each for this repository by name",
        false => "",
    };
    (!all.is_empty()).then(|| ("approvals", all.join(", and ") + bound))
}

/// `delete, force; by @admins`
fn confirmation(rule: &Protect, groups: &Groups) -> Option<(&'static str, String)> {
    let asked = Act::KEYS
        .into_iter()
        .filter(|(_, act)| rule.asks_to_confirm(*act));
    let asked: Vec<&str> = asked.map(|(key, _)| key).collect();
    let by = groups.shown(rule.confirmers(), &ADMIN);
    (!asked.is_empty()).then(|| ("confirm", format!("{}; by {by}", asked.join(", "))))
}

fn freeze(window: &Freeze, groups: &Groups, user: Option<&Pusher>, now: OffsetDateTime) -> String {
    let format = &time::format_description::well_known::Rfc3339;
    let at = |moment: OffsetDateTime| moment.format(format).unwrap_or_default();
    let mut text = format!("{} until {}", at(window.from), at(window.until));
    if !window.except.is_empty() {
        let _ = write!(text, ", but by {}", groups.shown(&window.except, &ADMIN));
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
