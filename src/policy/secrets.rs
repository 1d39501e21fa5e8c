//! Pack `secrets`: nothing that opens a door is committed, pushed or kept, since whoever can read
//! the repository, now or later, could walk through it.

mod earlier;
mod lines;
mod names;
mod words;

use super::check::{Check, Cx, Raised, place_by, place_in};
use super::inline::mark_on_lines;
use super::marks::{Tool, mark_of};
use super::publics::Publics;
use super::settings::{self, Settings};
use crate::change::{
    Base, By, Calm, Content, FileChange, Fresh, Message, MessageOf, Naming, RefChange, RefUpdate,
    Unread,
};
use crate::finding::{CheckId, Finding, Fingerprint, FoundSecret, Level, Place, PlaceKind};
use crate::git::{Kind, Oid, RepoPath, escape};
use crate::scan::{Anywhere, Match, Rule, Scan, Scanner, Validity, Window, is_apart};
use earlier::late;
use lines::{Lines, ids_at_head};
use std::cell::OnceCell;
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use words::{Stage, help, message, stage_of};

pub(super) fn make(settings: &Settings) -> Box<dyn Check> {
    Box::new(Secrets {
        scanner: Scanner::new(&settings.secrets.selection()),
        settings: settings.secrets.clone(),
        clean: Mutex::new(HashSet::new()),
        publics: Publics::default(),
    })
}

const PACK: &str = "secrets";

/// So much is looked at at once of what is too large to be held, in bytes.
const WINDOW: usize = 16 << 20;

struct Secrets {
    scanner: Scanner,
    settings: settings::Secrets,
    /// Blobs that hold nothing at a path; commit after commit brings the same ones.
    clean: Mutex<HashSet<(Oid, Option<RepoPath>)>>,
    publics: Publics,
}

impl Check for Secrets {
    fn update(
        &self,
        _cx: &Cx<'_>,
        update: &RefUpdate,
        out: &mut Vec<Raised>,
    ) -> Result<(), Unread> {
        let comes = match update.change {
            RefChange::Create { .. } | RefChange::Pending { .. } => true,
            RefChange::Move { .. } | RefChange::Delete { .. } => false,
        };
        if comes && let Some(found) = self.in_name(update.name.as_bytes()) {
            let place = Place {
                refname: Some(update.name.clone()),
                ..place_by(PlaceKind::Ref, By::default())
            };
            let refs = match update.change.is_pending() {
                true => Vec::new(),
                false => vec![update.name.clone()],
            };
            out.push(self.raise_name(&found, "a ref", place, refs));
        }
        Ok(())
    }

    fn file(
        &self,
        cx: &Cx<'_>,
        file: &FileChange<'_>,
        out: &mut Vec<Raised>,
    ) -> Result<(), Unread> {
        if file.is_old_content() {
            return Ok(());
        }
        if file.is_new_path() || file.naming == Naming::LastPart {
            self.in_path(file, out);
        }
        if file.naming == Naming::LastPart {
            self.candidate(file, out);
            return Ok(());
        }
        let stands = file.path.as_ref().map_or(&[][..], RepoPath::as_bytes);
        if file.holds_nothing() && !is_apart(stands) {
            return Ok(());
        }
        let key = file
            .blob()
            .filter(|_| file.by.commit.is_some())
            .map(|oid| (oid, file.path.clone()));
        if key.as_ref().is_some_and(|key| self.clean().contains(key)) {
            return Ok(());
        }
        let what = || match (&file.path, file.blob()) {
            (Some(path), _) => path.to_string(),
            (None, Some(oid)) => oid.to_string(),
            (None, None) => "standard input".to_owned(),
        };
        let path = stands;
        if let Some(scan) = self.in_windows(cx, file, path, out) {
            file.scanned.set(file.length().unwrap_or(0));
            self.publics.keep(&scan.publics, file.blob(), what);
            return self.unread(file, &scan, what);
        }
        let bytes = file.bytes().map_err(|error| Unread::new(what(), error))?;
        let noted = file.blob().filter(|_| file.is_kept() && path.is_empty());
        let scan = self.noted(cx, noted, bytes).unwrap_or_else(|| {
            let scan = self.look(cx, file, path, bytes);
            self.note(cx, noted, bytes, &scan);
            scan
        });
        file.calm.set(scan.calm);
        self.publics.keep(&scan.publics, file.blob(), what);
        let unread = self.unread(file, &scan, what);
        if scan.matches.is_empty() && unread.is_err() {
            return unread;
        }
        if scan.matches.is_empty() {
            if let Some(key) = key {
                self.clean().insert(key);
            }
            return Ok(());
        }
        let fresh = file.fresh();
        let earlier = OnceCell::new();
        // Old lines can make a new secret: put together anew, or seen in another light.
        let is_new = |found: &&Match| {
            fresh.touches(&found.whole)
                || match earlier.get_or_init(|| self.earlier(cx, file, path)) {
                    Some(earlier) => !self.is_among(found, earlier),
                    // Nobody knows in time; that is said below.
                    None => false,
                }
        };
        let lines = Lines::of(bytes);
        for found in scan
            .matches
            .iter()
            .filter(|found| found.rule.is_about_paths() || is_new(found))
        {
            if found.rule.is_about_paths() {
                self.raise_path(found.rule, file, out);
                continue;
            }
            // What has no path is at none that a rule means; in a history it is known later.
            if found.rule.has_path() && file.path.is_none() && !file.is_kept() {
                continue;
            }
            let place = Place {
                text: Some(lines.range(found)),
                decoded: found.decoded.clone(),
                ..place_in(file)
            };
            let mark = self.mark(found, bytes, path);
            out.push(self.raise(stage_of(file), found, mark, place, file.by));
        }
        match earlier.get() {
            Some(None) => Err(late(what())),
            Some(Some(_)) | None => unread,
        }
    }

    fn anywhere(&self, cx: &Cx<'_>, text: &[u8], base: Option<Base<'_>>) -> Option<Anywhere> {
        let base = base.and_then(|base| match base.calm {
            Calm::Within(around) => Some((base.fresh, around)),
            Calm::Unknown => None,
        });
        Some(self.scanner.anywhere(text, base, cx.patience()))
    }

    fn message(
        &self,
        cx: &Cx<'_>,
        message: &Message<'_>,
        out: &mut Vec<Raised>,
    ) -> Result<(), Unread> {
        let skipped = ids_at_head(&message.raw[..message.message_at]);
        let rest = Content {
            bytes: &message.raw[skipped..],
            fresh: &Fresh::All,
        };
        let commit = message.by.commit.map(|commit| commit.oid);
        let tag = match message.of {
            MessageOf::Tag(oid) => Some(oid),
            MessageOf::Draft | MessageOf::Commit => None,
        };
        let noted = tag.or(commit).filter(|_| message.by.refs.is_empty());
        let mut scan = self.noted(cx, noted, rest.bytes).unwrap_or_else(|| {
            let scan = self.scanner.scan_within(&[], rest, cx.patience());
            self.note(cx, noted, rest.bytes, &scan);
            scan
        });
        for found in &mut scan.matches {
            found.span = found.span.start + skipped..found.span.end + skipped;
        }
        let what = || {
            tag.or(commit)
                .map_or_else(|| "the message".to_owned(), |oid| oid.to_string())
        };
        if scan.late {
            return Err(late(what()));
        }
        if let Some(why) = scan.undecided.first() {
            return Err(Unread::new(what(), why));
        }
        for found in scan.matches.iter().filter(|found| !found.rule.has_path()) {
            let in_message = found.span.start >= message.message_at;
            let lines = Lines::of(&message.raw[if in_message { message.message_at } else { 0 }..]);
            let moved = Match {
                span: if in_message {
                    found.span.start - message.message_at..found.span.end - message.message_at
                } else {
                    found.span.clone()
                },
                ..found.clone()
            };
            let place = Place {
                kind: match message.of {
                    MessageOf::Tag(_) => PlaceKind::Tag,
                    MessageOf::Commit if !in_message => PlaceKind::Commit,
                    MessageOf::Commit | MessageOf::Draft => PlaceKind::Message,
                },
                path: None,
                text: Some(lines.range(&moved)),
                blob: tag,
                commit,
                refname: message.by.refs.first().cloned(),
                author: message.by.commit.map(|commit| escape(&commit.author)),
                date: message.by.commit.and_then(super::date_of),
                reachable: None,
                spread: None,
                decoded: found.decoded.clone(),
            };
            let stage = match message.of {
                MessageOf::Draft => Stage::Drafted,
                MessageOf::Commit | MessageOf::Tag(_) if message.by.refs.is_empty() => Stage::Kept,
                MessageOf::Commit => Stage::Committed,
                MessageOf::Tag(_) => Stage::Tagged,
            };
            let mark = self.mark(found, message.raw, &[]);
            out.push(self.raise(stage, found, mark, place, message.by));
        }
        Ok(())
    }

    fn after(&self, raised: &mut [Raised]) -> Vec<Oid> {
        self.publics.tell(raised)
    }

    fn withheld(&self, text: &[u8]) -> Vec<FoundSecret> {
        self.in_text(text).iter().map(found_secret).collect()
    }

    fn wants_name(&self, name: &[u8]) -> bool {
        self.scanner.of_name(name).next().is_some() || self.in_name(name).is_some()
    }

    fn holds_at(&self, cx: &Cx<'_>, finding: &Finding, path: &RepoPath) -> bool {
        let rule = finding.check.name;
        if finding.check.pack != PACK {
            return true;
        }
        let Some(secret) = &finding.secret else {
            let mut rules = self.scanner.of_path(path.as_bytes());
            return rules.any(|meant| meant.id == rule);
        };
        let (Some(repo), Some(oid)) = (cx.repo, finding.place.blob) else {
            return true;
        };
        if !self.scanner.asks_for_path(rule) {
            return true;
        }
        // It was read before; if it cannot be read again, what was found stays.
        let Ok(bytes) = repo.read_as(Kind::Blob, oid) else {
            return true;
        };
        let whole = Content {
            bytes: &bytes,
            fresh: &Fresh::All,
        };
        let scan = self.scanner.scan(path.as_bytes(), whole);
        let same = |found: &Match| found.rule.id == rule && found.secret == secret.secret;
        !scan.undecided.is_empty() || scan.matches.iter().any(same)
    }
}

impl Secrets {
    fn clean(&self) -> std::sync::MutexGuard<'_, HashSet<(Oid, Option<RepoPath>)>> {
        self.clean.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Scans a file; where it is built on one that was, only where the two differ, if that will do. Most
    /// files hold nothing; only for the others it is asked what of them is new.
    fn look(&self, cx: &Cx<'_>, file: &FileChange<'_>, path: &[u8], bytes: &[u8]) -> Scan {
        let mut scanned = 0;
        let based = file.base.and_then(|base| match base.calm {
            Calm::Within(around) => {
                self.scanner
                    .beyond(path, bytes, base.fresh, around, cx.patience(), &mut scanned)
            }
            Calm::Unknown => None,
        });
        let scan = based.unwrap_or_else(|| {
            scanned += bytes.len() as u64;
            let fresh = &Fresh::All;
            let content = Content { bytes, fresh };
            self.scanner.scan_within(path, content, cx.patience())
        });
        file.scanned.set(scanned);
        scan
    }

    /// Says why not all of a file was seen, unless that is allowed.
    fn unread(
        &self,
        file: &FileChange<'_>,
        scan: &Scan,
        what: impl Fn() -> String,
    ) -> Result<(), Unread> {
        if scan.late {
            return Err(late(what()));
        }
        let allowed = |allow: &settings::Allow| allow.excuses_all_of(file.path.as_ref());
        match scan.undecided.first() {
            Some(why) if !self.settings.allow.iter().any(allowed) => {
                let why = format!(
                    "{why}; if that is as it should be, allow its path in [[secrets.allow]]"
                );
                Err(Unread::new(what(), why))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Raises what is in a file that is too large to be held. `None` where that has to be held all the
    /// same: it must be looked at as a whole, or it cannot be read and Git may find it elsewhere.
    fn in_windows(
        &self,
        cx: &Cx<'_>,
        file: &FileChange<'_>,
        path: &[u8],
        out: &mut Vec<Raised>,
    ) -> Option<Scan> {
        // What turns marks off and on may stand anywhere before.
        if self.settings.inline_marks.contains(&Tool::Secretlint) || !file.is_new_path() {
            return None;
        }
        let mut text = file.pieces()?.ok()?;
        let mut around = Vec::new();
        let mut see = |window: Window<'_>, found: &Match| {
            let mut place = Lines::of(window.bytes).range(found);
            place.line += window.lines;
            place.end_line += window.lines;
            around.push((place, self.mark(found, window.bytes, path)));
        };
        let scanner = &self.scanner;
        let scan = scanner.scan_windows(path, &mut text, WINDOW, cx.patience(), &mut see);
        let scan = scan.ok().flatten()?;
        for (found, (place, mark)) in scan.matches.iter().zip(around) {
            let place = Place {
                text: Some(place),
                decoded: found.decoded.clone(),
                ..place_in(file)
            };
            out.push(self.raise(stage_of(file), found, mark, place, file.by));
        }
        Some(scan)
    }

    /// The scan of an object of a history, where what it said was noted.
    fn noted(&self, cx: &Cx<'_>, object: Option<Oid>, bytes: &[u8]) -> Option<Scan> {
        self.scanner.again(cx.notes.gist(object?)?, bytes)
    }

    /// Notes what a scan says of an object of a history.
    fn note(&self, cx: &Cx<'_>, object: Option<Oid>, bytes: &[u8], scan: &Scan) {
        let says = !scan.matches.is_empty() || !scan.publics.is_empty();
        if let Some(gist) = object.filter(|_| says).zip(scan.gist(bytes)) {
            cx.notes.note(gist.0, gist.1);
        }
    }

    /// A disproof never blocks, however low the bar is set.
    fn level(&self, found: &Match) -> Level {
        if found.confidence >= self.settings.min_confidence && found.valid != Validity::No {
            Level::Deny
        } else {
            Level::Warn
        }
    }

    /// Raises what rules about paths could mean by the last part of a path.
    fn candidate(&self, file: &FileChange<'_>, out: &mut Vec<Raised>) {
        let name = file.path.as_ref().map_or(&[][..], RepoPath::file_name);
        for rule in self.scanner.of_name(name) {
            self.raise_path(rule, file, out);
        }
    }

    /// Raises a file that is no secret for what is in it, but for where it stands.
    fn raise_path(&self, rule: &'static Rule, file: &FileChange<'_>, out: &mut Vec<Raised>) {
        let (place, stage) = (place_in(file), stage_of(file));
        let path = place
            .path
            .as_ref()
            .map_or_else(String::new, ToString::to_string);
        let help = match stage {
            Stage::Staged => format!("git rm --cached -- {path}"),
            Stage::Kept => "revoke what it held, then take it out of the history".to_owned(),
            Stage::OnDisk | Stage::Drafted | Stage::Committed | Stage::Tagged => {
                "keep the file out of the repository".to_owned()
            }
        };
        let message = format!(
            "a file that has no place here: {}",
            escape(rule.title.as_bytes())
        );
        let refs = file.by.refs.to_vec();
        let mut raised = Raised::denied(check_id(rule), message, help, place, refs);
        raised.finding.confidence = rule.confidence;
        if rule.confidence < self.settings.min_confidence {
            raised.finding.level = Level::Warn;
        }
        raised.naming = file.naming;
        out.push(raised);
    }

    /// What a mark in the text says of a match.
    fn mark(&self, found: &Match, bytes: &[u8], path: &[u8]) -> Option<String> {
        let id = found.rule.id;
        mark_on_lines(bytes, &found.span, id)
            .or_else(|| mark_of(&self.settings.inline_marks, bytes, path, &found.span, id))
    }

    fn raise(
        &self,
        stage: Stage,
        found: &Match,
        mark: Option<String>,
        place: Place,
        by: By<'_>,
    ) -> Raised {
        let check = check_id(found.rule);
        Raised {
            finding: Finding {
                check,
                level: self.level(found),
                confidence: found.confidence,
                message: message(found),
                help: help(stage, found, &place, &super::rewrite(by.commit)),
                allow: String::new(),
                fingerprint: Fingerprint::default(),
                place,
                refs: by.refs.to_vec(),
                secret: Some(found_secret(found)),
            },
            mark,
            excused: Vec::new(),
            naming: Naming::Whole,
        }
    }
}

fn found_secret(found: &Match) -> FoundSecret {
    FoundSecret {
        secret: found.secret.clone(),
        valid: found.valid,
        identity: found
            .identity
            .as_deref()
            .map(|identity| escape(identity.as_bytes())),
        public: found.public.clone(),
        signals: found.signals.clone(),
    }
}

fn check_id(rule: &'static Rule) -> CheckId {
    CheckId {
        pack: PACK,
        name: rule.id,
    }
}
