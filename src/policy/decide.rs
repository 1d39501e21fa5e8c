//! The decision on one ref: from what moves, what the rules ask and who asks for it. Reads nothing.

use super::groups::{Groups, Principal, Pusher};
use super::identity::BE_KNOWN;
use super::protect::{Act, Protect};
use super::questions::refs as ask;
use crate::finding::CheckId;
use crate::git::{Oid, OidMap, OidSet, RefName, Walked, escape};
use time::OffsetDateTime;

/// What happens to a ref, as far as the rules ask.
pub(super) struct Motion<'a> {
    /// The ref, and where it is a symbolic one what it stands for.
    pub(super) names: &'a [RefName],
    /// What is done to it.
    pub(super) act: Act,
    /// Where it stands.
    pub(super) old: Option<Oid>,
    /// The commit that it will stand for; none where it goes, or will stand for no commit.
    pub(super) tip: Option<Oid>,
    /// Whether it is a tag that will have no object of its own.
    pub(super) lightweight: bool,
    /// The commits that are new on it, children before parents. None where no rule asks, or on a
    /// client that does not have what the server has.
    pub(super) history: Option<Vec<Walked>>,
    /// Whether its creation would bring commits into a repository that has refs already.
    pub(super) brings: bool,
}

/// A rule that matches, with what it needs to know of the repository.
pub(super) struct Asked<'a> {
    /// The rule.
    pub(super) rule: &'a Protect,
    /// Merged commits that no ref of `merge_from` reaches.
    pub(super) outside: OidSet,
}

/// Who wants it, and where that is asked.
#[derive(Clone, Copy)]
pub(super) enum Asker<'a> {
    /// Where the push arrives, from someone who is known or not.
    Server(&'a Groups, &'a Pusher),
    /// On the developer's machine, where nobody knows as whom the server will know them.
    Client,
}

impl Asker<'_> {
    fn may(self, principals: &[Principal]) -> bool {
        match self {
            Self::Server(groups, pusher) => groups.allows(principals, pusher),
            Self::Client => false,
        }
    }
}

/// Why not.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Denial {
    /// Which check says so.
    pub(super) check: CheckId,
    /// One sentence, escaped.
    pub(super) message: String,
    /// What to do, escaped.
    pub(super) help: String,
    /// The commit that is at fault.
    pub(super) commit: Option<Oid>,
}

/// What stands against it: nothing, if every rule is satisfied. Each check speaks once, for the
/// first rule that it refuses by.
pub(super) fn decide(
    motion: &Motion<'_>,
    rules: &[Asked<'_>],
    asker: Asker<'_>,
    now: OffsetDateTime,
) -> Vec<Denial> {
    let mut denials: Vec<Denial> = Vec::new();
    for asked in rules {
        let rule = asked.rule;
        let all = [
            who(motion, rule, asker),
            names(motion, rule),
            annotated(motion, rule),
            frozen(rule, asker, now),
            merge_only(motion, rule),
            merge_from(motion, asked),
            linear(motion, rule),
        ];
        for denial in all.into_iter().flatten() {
            if denials.iter().all(|known| known.check != denial.check) {
                denials.push(denial);
            }
        }
    }
    denials
}

/// What can be said of a commit that is about to be made on a branch, with that many parents.
pub(super) fn pending(parents: usize, rules: &[&Protect], now: OffsetDateTime) -> Vec<Denial> {
    let direct = rules.iter().any(|rule| rule.merge_only) && parents == 1;
    let direct = direct.then(|| {
        Denial::new(
            ask::MERGE_ONLY,
            "this branch takes only merges, and this would be a direct commit on it".to_owned(),
            "take what is staged along to a branch of its own:\n$ git switch -c TOPIC",
        )
    });
    let frozen = rules
        .iter()
        .find_map(|rule| frozen(rule, Asker::Client, now));
    direct.into_iter().chain(frozen).collect()
}

impl Denial {
    fn new(check: CheckId, message: String, help: &str) -> Self {
        Self {
            check,
            message,
            help: help.to_owned(),
            commit: None,
        }
    }

    fn at(mut self, commit: Oid) -> Self {
        self.commit = Some(commit);
        self
    }
}

fn who(motion: &Motion<'_>, rule: &Protect, asker: Asker<'_>) -> Option<Denial> {
    let Asker::Server(groups, pusher) = asker else {
        return None;
    };
    let those = rule.who_may(motion.act);
    if groups.allows(those, pusher) {
        return None;
    }
    let (check, what) = match motion.act {
        Act::Push => (ask::PUSH, "move it forward"),
        Act::Create => (ask::CREATE, "create it"),
        Act::Delete => (ask::DELETE, "delete it"),
        Act::Force => (ask::FORCE, "rewind or replace it"),
    };
    let who = match pusher {
        Pusher::Known(name) => {
            let only = match those {
                [] => "nobody".to_owned(),
                those => format!("only {}", groups.shown(those, pusher)),
            };
            format!("{} may not {what}, {only} may", escape(name))
        }
        Pusher::Unknown if those.is_empty() => format!("nobody may {what}"),
        Pusher::Unknown => {
            format!("who pushes is not known to this server, so they may not {what}")
        }
    };
    let help = match motion.act {
        Act::Create | Act::Delete | Act::Push | Act::Force
            if matches!(pusher, Pusher::Unknown) && !those.is_empty() =>
        {
            BE_KNOWN
        }
        Act::Push if those.is_empty() => OWN_BRANCH,
        Act::Push => {
            "push to a branch of your own, and have one of them merge it:\n\
             $ git push REMOTE HEAD:refs/heads/TOPIC"
        }
        Act::Create if those.is_empty() => "push it under a name that no rule protects",
        Act::Create => "ask one of them, or push it under a name that no rule protects",
        Act::Delete if those.is_empty() => "leave it; the policy lets nobody delete it",
        Act::Delete => "leave it, or ask one of them",
        Act::Force if motion.names[0].is_tag() => {
            "leave it where it is, and make another tag under a name that is free: others have this \
             one already"
        }
        Act::Force => "bring in what is there (git pull --rebase) and push without --force",
    };
    Some(Denial::new(check, format!("protected: {who}"), help))
}

const OWN_BRANCH: &str = "push to a branch of your own:\n$ git push REMOTE HEAD:refs/heads/TOPIC";

fn names(motion: &Motion<'_>, rule: &Protect) -> Option<Denial> {
    let names = rule.names.as_ref()?;
    let mut held = motion.names.iter().filter(|name| rule.protects(name));
    if motion.act == Act::Delete || held.all(|name| names.matches(name)) {
        return None;
    }
    let pattern = escape(names.as_str().as_bytes());
    let message = format!("its name does not match {pattern}");
    let tag = motion.names[0].is_tag();
    let help = if tag {
        "push it under a name that does: git push REMOTE TAG:refs/tags/NAME"
    } else {
        "push it under a name that does: git push REMOTE HEAD:refs/heads/NAME"
    };
    Some(Denial::new(ask::NAMES, message, help))
}

fn annotated(motion: &Motion<'_>, rule: &Protect) -> Option<Denial> {
    (rule.annotated && motion.lightweight).then(|| {
        let message = "the tag is lightweight, and must be annotated".to_owned();
        let help = "make it again, with a message, and push that:\n$ git tag -f -a NAME COMMIT";
        Denial::new(ask::ANNOTATED, message, help)
    })
}

fn frozen(rule: &Protect, asker: Asker<'_>, now: OffsetDateTime) -> Option<Denial> {
    let closed =
        |window: &&super::protect::Freeze| window.holds_at(now) && !asker.may(&window.except);
    let window = rule.freeze.iter().find(closed)?;
    let format = &time::format_description::well_known::Rfc3339;
    let until = window.until.format(format).unwrap_or_default();
    let but = match (&window.except[..], asker) {
        ([], _) => String::new(),
        (except, Asker::Server(groups, pusher)) => {
            format!(", but for {}", groups.shown(except, pusher))
        }
        (except, Asker::Client) => {
            let except: Vec<String> = except.iter().map(ToString::to_string).collect();
            format!(", but for {}", except.join(", "))
        }
    };
    let message = format!("frozen until {until}: nothing changes it{but}");
    let mut help = "wait until then, or push to another branch".to_owned();
    if let (Asker::Server(_, Pusher::Unknown), [_, ..]) = (asker, &window.except[..]) {
        help = format!("{BE_KNOWN}\n{help}");
    }
    Some(Denial::new(ask::FREEZE, message, &help))
}

fn merge_only(motion: &Motion<'_>, rule: &Protect) -> Option<Denial> {
    if !rule.merge_only {
        return None;
    }
    let denial = |message: String, help| Some(Denial::new(ask::MERGE_ONLY, message, help));
    match motion.act {
        Act::Delete => return None,
        // There is no old tip; what must not happen is that commits come in by its creation.
        Act::Create if motion.brings => {
            let message =
                "it takes only merges, so it must be created at a commit that a ref has already";
            let help = "push those commits to another branch first, and have them merged";
            return denial(message.to_owned(), help);
        }
        Act::Create => return None,
        Act::Push | Act::Force => {}
    }
    let commits = motion.history.as_ref()?;
    let rewinds = motion.act == Act::Force && commits.is_empty();
    if rewinds && rule.asks_to_confirm(Act::Force) {
        // Two people do that, and nothing comes in by it.
        return None;
    }
    let line = Line::of(motion.tip, commits);
    if line.end != motion.old {
        let message = "it takes only merges into it: its old tip would not stay on the line of first \
                       parents";
        let help = "merge into the branch, not the branch into yours: git switch BRANCH, git pull, \
                    git merge --no-ff TOPIC";
        return denial(message.to_owned(), help);
    }
    if let Some(direct) = line.commits.iter().rev().find(|c| c.parents.len() < 2) {
        let message = format!(
            "it takes only merges: commit {} was made on it directly",
            direct.oid.short()
        );
        let help = "push them to a branch of their own, and have that merged (git merge --no-ff):\n\
                    $ git push REMOTE HEAD:refs/heads/TOPIC";
        return denial(message, help).map(|denial| denial.at(direct.oid));
    }
    let hollow = line.hollow(commits)?;
    let message = format!(
        "it takes only merges: commit {} looks like one and merges nothing in",
        hollow.short()
    );
    let help = "merge a branch that has commits of its own";
    denial(message, help).map(|denial| denial.at(hollow))
}

fn merge_from(motion: &Motion<'_>, asked: &Asked<'_>) -> Option<Denial> {
    let from = asked.rule.merge_from.as_ref()?;
    let line = Line::of(motion.tip, motion.history.as_ref()?);
    let outside = |commit: &&&Walked| {
        let mut merged = commit.parents.iter().skip(1);
        merged.any(|parent| asked.outside.contains(parent))
    };
    let merge = line.commits.iter().rev().find(outside)?;
    let from: Vec<&str> = from.iter().map(super::RefPattern::as_str).collect();
    let message = format!(
        "commit {} merges in what is on none of {}",
        merge.oid.short(),
        from.join(", ")
    );
    let help = "push to one of those first, and merge from there";
    Some(Denial::new(ask::MERGE_FROM, message, help).at(merge.oid))
}

fn linear(motion: &Motion<'_>, rule: &Protect) -> Option<Denial> {
    if !rule.linear {
        return None;
    }
    let commits = motion.history.as_ref()?;
    let merge = commits.iter().rev().find(|c| c.parents.len() > 1)?;
    let message = format!(
        "it takes no merges, and commit {} is one",
        merge.oid.short()
    );
    let help = "put the commits in a line (git rebase), and push that";
    Some(Denial::new(ask::LINEAR, message, help).at(merge.oid))
}

/// The new commits on the line of first parents.
pub(super) struct Line<'a> {
    /// The newest first.
    pub(super) commits: Vec<&'a Walked>,
    /// The first commit of the line that is not new; none where it ends at a root.
    pub(super) end: Option<Oid>,
}

impl<'a> Line<'a> {
    pub(super) fn of(tip: Option<Oid>, new: &'a [Walked]) -> Self {
        let new: OidMap<&Walked> = new.iter().map(|commit| (commit.oid, commit)).collect();
        let mut commits = Vec::new();
        let mut end = tip;
        while let Some(commit) = end.and_then(|oid| new.get(&oid)) {
            commits.push(*commit);
            end = commit.parents.first().copied();
        }
        Self { commits, end }
    }

    /// The oldest merge of the line whose other parents its first parent reaches already. It brings
    /// nothing in, so that all it changes is a direct commit.
    fn hollow(&self, new: &[Walked]) -> Option<Oid> {
        let new: OidMap<&Walked> = new.iter().map(|commit| (commit.oid, commit)).collect();
        let mut reached = OidSet::default();
        for commit in self.commits.iter().rev() {
            // What is not new at all is reachable from where the line begins.
            let fresh = |oid: &&Oid| new.contains_key(*oid) && !reached.contains(*oid);
            if commit.parents.iter().skip(1).find(fresh).is_none() {
                return Some(commit.oid);
            }
            let mut open = vec![commit.oid];
            while let Some(oid) = open.pop() {
                if let Some(commit) = new.get(&oid)
                    && reached.insert(oid)
                {
                    open.extend(&commit.parents);
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests;
