//! Pack `refs`: refs are made, moved and deleted only as every matching rule allows, since what a
//! branch is called decides what is built from it.

mod advice;
mod alike;
mod certificate;
mod confirm;
mod last;
mod signed;

use super::Coverage;
use super::approvals::{self, Judge};
use super::check::{Check, Cx, Raised};
use super::decide::{Asked, Asker, Denial, Line, Motion, decide, pending};
use super::groups::Groups;
use super::questions::refs as ask;
use super::settings::{Act, Protect, Server, Settings};
use crate::change::{BadUpdate, RefChange, RefUpdate, ScopedCommit, Unread};
use crate::finding::{CheckId, Level, Place, PlaceKind};
use crate::git::{Kind, Oid, OidSet, RefName, Repo, Walked, escape, is_ancestor, rev_list};
use crate::hook::Side;
use signed::Signatures;

pub(super) fn make(settings: &Settings) -> Box<dyn Check> {
    Box::new(Refs {
        signatures: Signatures::new(&settings.protect),
        alike: alike::Names::default(),
        rules: settings.protect.clone(),
        groups: settings.groups.clone(),
        limits: settings.server.clone(),
    })
}

struct Refs {
    signatures: Signatures,
    alike: alike::Names,
    rules: Vec<Protect>,
    groups: Groups,
    limits: Server,
}

impl Check for Refs {
    fn update(&self, cx: &Cx<'_>, update: &RefUpdate, out: &mut Vec<Raised>) -> Result<(), Unread> {
        if update.repeated {
            let help = "push each ref once".to_owned();
            let message = "the push names this ref twice".to_owned();
            out.push(raise(ask::DUPLICATE, message, help, &update.name));
        }
        let name = &update.name;
        if let (Side::Server, Some(repo)) = (cx.side, cx.repo) {
            let parked = approvals::parked(cx, repo, update)?;
            out.extend(parked.map(|denial| denied(denial, name)));
        }
        let Some(repo) = cx.repo.filter(|_| !self.rules.is_empty()) else {
            return Ok(());
        };
        let names = match cx.side {
            // A push to a symbolic ref writes what it stands for.
            Side::Server => repo.written_by(name),
            Side::Client => Ok(vec![name.clone()]),
        };
        let names = names.map_err(|error| Unread::new(name, error))?;
        let protects = |rule: &&Protect| names.iter().any(|name| rule.protects(name));
        let matching: Vec<&Protect> = self.rules.iter().filter(protects).collect();
        let seen = Seen {
            cx,
            repo,
            update,
            names: &names,
        };
        if cx.side == Side::Server {
            out.extend(seen.last_resort(&matching)?);
        }
        if matching.is_empty() {
            return Ok(());
        }
        if cx.side == Side::Server {
            out.extend(seen.stale());
        }
        if let (Side::Server, RefChange::Create { .. }) = (cx.side, update.change) {
            let twin = self.alike.twin(repo, cx.updates, name);
            let twin = twin.map_err(|error| Unread::new(name, error))?;
            out.extend(twin.map(|twin| {
                let message = format!("some systems take it for {twin}, and would mix up the two");
                raise(
                    ask::LOOK_ALIKE,
                    message,
                    "push it under another name".to_owned(),
                    name,
                )
            }));
        }
        let mut unread = Ok(());
        match (cx.side, update.change) {
            (_, RefChange::Pending { parents }) => {
                let denials = pending(parents, &matching, cx.now);
                out.extend(denials.into_iter().map(|denial| warning(denial, name)));
            }
            (Side::Server, _) => {
                let motion = seen.motion(&matching)?;
                let asked = seen.asked(&motion, &matching)?;
                let asker = Asker::Server(&self.groups, cx.pusher);
                let mut denials = decide(&motion, &asked, asker, cx.now);
                let approving = seen.approving(&self.groups, motion.act);
                // What cannot be known of approvals does not hide what is known.
                match Judge::new(&approving).rules(&matching) {
                    Ok(more) => denials.extend(more),
                    Err(why) => unread = Err(why),
                }
                out.extend(denials.into_iter().map(|mut denial| {
                    if let [_, .., last] = &names[..] {
                        denial
                            .message
                            .push_str(&format!("; this ref stands for {last}"));
                    }
                    denied(denial, name)
                }));
                let groups = &self.groups;
                let asked = confirm::on_server(cx, groups, motion.act, update, &names, &matching)?;
                out.extend(asked);
            }
            (Side::Client, _) => {
                let motion = seen.motion_on_client(&matching);
                // The refs of the remote are not here, and so nothing lies outside `merge_from`.
                let asked: Vec<_> = matching
                    .iter()
                    .map(|rule| Asked {
                        rule,
                        outside: OidSet::default(),
                    })
                    .collect();
                let mut denials = decide(&motion, &asked, Asker::Client, cx.now);
                let approving = seen.approving(&self.groups, motion.act);
                // What a clone does not have is not asked.
                denials.extend(Judge::new(&approving).rules(&matching).unwrap_or_default());
                out.extend(denials.into_iter().map(|denial| warning(denial, name)));
                out.extend(confirm::on_client(repo, update, &matching));
            }
        }
        self.signatures
            .update(cx, repo, update, &names, &matching, out)
            .and(unread)
    }

    fn scopes(&self) -> usize {
        self.signatures.scopes()
    }

    fn in_scope(&self, _cx: &Cx<'_>, scope: usize, name: Option<&RefName>) -> bool {
        self.signatures.in_scope(scope, name)
    }

    fn scoped(
        &self,
        cx: &Cx<'_>,
        scope: usize,
        commit: &ScopedCommit<'_>,
        out: &mut Vec<Raised>,
    ) -> Result<(), Unread> {
        self.signatures.commit(cx, commit, scope, out);
        Ok(())
    }

    fn finish(&self, cx: &Cx<'_>, out: &mut Vec<Raised>) -> Vec<Unread> {
        for why in cx.presented.wrong() {
            let help = "take the option away, or put it right; portcullis confirm and portcullis bypass \
                        print the whole command";
            let first = cx.updates.first().map(|update| &update.name);
            let refs = cx.updates.iter().map(|update| update.name.clone());
            let (id, place) = (ask::PUSH_OPTION, place(first));
            let help = help.to_owned();
            out.push(Raised::denied(id, why.clone(), help, place, refs.collect()));
        }
        self.alike.forget();
        self.signatures.finish(cx, out)
    }

    fn bad_update(&self, _cx: &Cx<'_>, update: &BadUpdate, out: &mut Vec<Raised>) {
        let message = format!("{}: {}", escape(&update.name), update.why);
        let help = "push to a full ref name such as refs/heads/main".to_owned();
        let place = place(None);
        out.push(Raised::denied(ask::NAME, message, help, place, Vec::new()));
    }

    fn whole(&self, cx: &Cx<'_>, coverage: &Coverage, out: &mut Vec<Raised>) {
        let limits = [
            (
                "max_commits",
                self.limits.max_commits,
                coverage.commits,
                "commit",
                "commits",
            ),
            (
                "max_files",
                self.limits.max_files,
                coverage.files,
                "file",
                "files",
            ),
            (
                "max_bytes",
                self.limits.max_bytes,
                coverage.bytes,
                "byte",
                "bytes",
            ),
        ];
        let Some(first) = cx.updates.first().filter(|_| cx.side == Side::Server) else {
            return;
        };
        for (key, limit, count, one, many) in limits {
            if let Some(limit) = limit.filter(|limit| count > *limit) {
                let message = format!(
                    "the push brings in {count} {}, and server.{key} allows {limit} at once",
                    if count == 1 { one } else { many }
                );
                let help = "push in parts, older commits first: git push REMOTE COMMIT:BRANCH";
                let refs = cx.updates.iter().map(|update| update.name.clone());
                out.push(Raised::denied(
                    ask::LIMIT,
                    message,
                    help.to_owned(),
                    place(Some(&first.name)),
                    refs.collect(),
                ));
            }
        }
    }
}

fn denied(denial: Denial, name: &RefName) -> Raised {
    let mut raised = raise(denial.check, denial.message, denial.help, name);
    raised.finding.place.commit = denial.commit;
    raised
}

/// Says of a token that it lets nothing pass.
pub(super) fn no_bypass(name: &RefName, why: &str) -> Raised {
    let message = format!("the token of portcullis.bypass lets nothing pass: {why}");
    warning_of(raise(ask::BYPASS, message, String::new(), name))
}

/// On a client it is a word of advice: the server decides, and may know a reason to allow it.
fn warning(denial: Denial, name: &RefName) -> Raised {
    warning_of(denied(denial, name))
}

fn warning_of(mut raised: Raised) -> Raised {
    raised.finding.level = Level::Warn;
    raised
}

fn raise(check: CheckId, message: String, help: String, name: &RefName) -> Raised {
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
        spread: None,
        decoded: Vec::new(),
    }
}

/// An update with what can be looked up about it.
struct Seen<'a> {
    cx: &'a Cx<'a>,
    repo: &'a Repo,
    update: &'a RefUpdate,
    /// Its name, and where it is a symbolic ref what it stands for.
    names: &'a [RefName],
}

impl<'a> Seen<'a> {
    /// A push is judged by where a ref stands, and Git moves it if it stands where the push says. Were
    /// the two different, another push that comes in between could make them meet.
    fn stale(&self) -> Option<Raised> {
        let (claimed, stands) = (self.update.claimed, self.update.change.old_oid());
        // A deletion is one wherever the ref stands.
        let moves = self.update.change.new_oid().is_some();
        if !moves || claimed == stands {
            return None;
        }
        let shown = |oid: Option<Oid>| oid.map_or_else(|| "nowhere".to_owned(), |oid| oid.short());
        let (claimed, stands) = (shown(claimed), shown(stands));
        let message =
            format!("the push says that it stands at {claimed}, and it stands at {stands}");
        let help = "fetch, and push again".to_owned();
        Some(raise(ask::STALE, message, help, &self.update.name))
    }

    fn approving(&self, groups: &'a Groups, act: Act) -> approvals::Update<'a> {
        approvals::Update {
            cx: self.cx,
            repo: self.repo,
            groups,
            names: self.names,
            act,
            old: self.update.change.old_oid(),
            new: self.update.change.new_oid(),
        }
    }

    fn is_tag(&self) -> bool {
        let mut names = self.names.iter();
        names.any(RefName::is_tag)
    }

    fn unread(&self, error: impl std::fmt::Display) -> Unread {
        Unread::new(&self.update.name, error)
    }

    /// All that the rules ask.
    fn motion(&self, rules: &[&Protect]) -> Result<Motion<'a>, Unread> {
        let act = self.act()?;
        let history = rules.iter().any(|rule| rule.asks_for_history());
        let mut motion = self.still(act);
        let Some(new) = self.update.change.new_oid() else {
            return Ok(motion);
        };
        if !history && !self.is_tag() {
            return Ok(motion);
        }
        self.look_behind(new, &mut motion)
            .map_err(|error| self.unread(error))?;
        if !history {
            return Ok(motion);
        }
        let Some(tip) = motion.tip else {
            motion.history = Some(Vec::new());
            return Ok(motion);
        };
        let known = match motion.old {
            Some(old) => vec![old.to_string()],
            // What refs under the same rules have was judged when it came there.
            None => self.refs_where(&|name| {
                let mut asking = rules.iter().filter(|rule| rule.asks_for_history());
                asking.all(|rule| rule.protects(name))
            })?,
        };
        let walked = |known: &[String]| {
            rev_list(self.repo, &[tip], known).map_err(|error| self.unread(error))
        };
        motion.history = Some(walked(&known)?);
        if act == Act::Create && !self.refs_where(&|_| true)?.is_empty() {
            let mut known: Vec<String> = self
                .names
                .iter()
                .map(|name| format!("--exclude={name}"))
                .collect();
            known.extend([
                "--exclude-hidden=receive".to_owned(),
                "--glob=refs/*".to_owned(),
            ]);
            motion.brings = !walked(&known)?.is_empty();
        }
        Ok(motion)
    }

    /// As much as a clone knows; what it cannot know is not asked.
    fn motion_on_client(&self, rules: &[&Protect]) -> Motion<'a> {
        let act = match self.update.change {
            RefChange::Create { .. } => Act::Create,
            RefChange::Delete { .. } => Act::Delete,
            RefChange::Move { .. } | RefChange::Pending { .. } => Act::Push,
        };
        let mut motion = self.still(act);
        let Some(new) = self.update.change.new_oid() else {
            return motion;
        };
        if self.look_behind(new, &mut motion).is_ok()
            && let Some(tip) = motion
                .tip
                .filter(|_| rules.iter().any(|r| r.asks_for_history()))
        {
            let known = match motion.old {
                Some(old) => old.to_string(),
                None => "--remotes".to_owned(),
            };
            motion.history = rev_list(self.repo, &[tip], &[known]).ok();
        }
        motion
    }

    fn still(&self, act: Act) -> Motion<'a> {
        Motion {
            names: self.names,
            act,
            old: self.update.change.old_oid(),
            tip: None,
            lightweight: false,
            history: None,
            brings: false,
        }
    }

    fn look_behind(&self, new: Oid, motion: &mut Motion<'_>) -> Result<(), crate::git::ReadError> {
        let (tags, oid, object) = self.repo.peel(new)?;
        motion.tip = (object.kind == Kind::Commit).then_some(oid);
        motion.lightweight = self.is_tag() && tags.is_empty();
        Ok(())
    }

    /// The rules with what each has to know.
    fn asked(&self, motion: &Motion<'_>, rules: &[&'a Protect]) -> Result<Vec<Asked<'a>>, Unread> {
        let commits = motion.history.as_deref().unwrap_or_default();
        let line = Line::of(motion.tip, commits).commits;
        let merged = line.iter().flat_map(|commit| commit.parents.iter().skip(1));
        let mut merged: Vec<Oid> = merged.copied().collect();
        merged.sort_unstable();
        merged.dedup();
        let asked = |rule: &&'a Protect| {
            let outside = self.outside(rule, &merged)?;
            Ok(Asked { rule, outside })
        };
        rules.iter().map(asked).collect()
    }

    /// Those of the merged commits that no ref of the rule's `merge_from` reaches: as it stands, or
    /// as this push leaves it. A push that leaves one of them as it must not is refused as a whole,
    /// so its word can be taken here.
    fn outside(&self, rule: &Protect, merged: &[Oid]) -> Result<OidSet, Unread> {
        let Some(from) = rule.merge_from.as_deref().filter(|_| !merged.is_empty()) else {
            return Ok(OidSet::default());
        };
        let allowed = |name: &RefName| from.iter().any(|pattern| pattern.matches(name));
        let mut tips = self.refs_where(&allowed)?;
        let moved = self.cx.updates.iter().filter(|update| {
            !update.repeated && !self.names.contains(&update.name) && allowed(&update.name)
        });
        tips.extend(
            moved
                .filter_map(|update| update.change.new_oid())
                .map(|new| new.to_string()),
        );
        if tips.is_empty() {
            return Ok(merged.iter().copied().collect());
        }
        let beyond: Vec<Walked> =
            rev_list(self.repo, merged, &tips).map_err(|error| self.unread(error))?;
        let beyond: OidSet = beyond.into_iter().map(|commit| commit.oid).collect();
        let outside = merged.iter().filter(|oid| beyond.contains(*oid));
        Ok(outside.copied().collect())
    }

    /// What other refs of these names stand for, as arguments of `git rev-list`.
    fn refs_where(&self, wanted: &dyn Fn(&RefName) -> bool) -> Result<Vec<String>, Unread> {
        let refs = self.repo.refs_at_first();
        let refs = refs.map_err(|error| self.unread(error))?;
        let others = refs
            .iter()
            .filter(|(name, _)| !self.names.contains(name) && wanted(name));
        Ok(others.map(|(_, oid)| oid.to_string()).collect())
    }

    /// What the update does, from the repository's own refs and history.
    fn act(&self) -> Result<Act, Unread> {
        match self.update.change {
            RefChange::Create { .. } => Ok(Act::Create),
            RefChange::Delete { .. } => Ok(Act::Delete),
            // A tag is where it is, or it is another tag.
            RefChange::Move { .. } if self.is_tag() => Ok(Act::Force),
            RefChange::Move { old, new } => match is_ancestor(self.repo, old, new) {
                Ok(true) => Ok(Act::Push),
                Ok(false) => Ok(Act::Force),
                Err(error) => Err(self.unread(error)),
            },
            RefChange::Pending { .. } => Ok(Act::Push),
        }
    }
}
