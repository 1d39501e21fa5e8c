//! Pack `content`: files have sizes, paths, types and names that everyone's machine can hold, since
//! what is once in a history is in every copy of it.

mod directory;
mod folders;
mod kinds;
mod lfs;
mod names;
mod packages;
mod sources;
mod values;

use super::check::{Check, Cx, Raised, place_by, place_in};
use super::parsed::{ByteCount, parsed_list, parsed_option};
use super::path_patterns::PathPatterns;
use super::questions::content as ask;
use super::rewrite;
use super::settings::Settings;
use crate::change::{By, CommitChange, DirectoryChange, FileChange, Unread};
use crate::finding::{CheckId, Place, PlaceKind};
use crate::git::{
    CommitInfo, Mode, Oid, Repo, RepoPath, Submodule, entry_at, escape, is_ancestor, shell_word,
    submodules,
};
use folders::Folders;
use kinds::{FileType, file_type};
use serde::Deserialize;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use values::{Together, UrlPattern};

/// `[content]`: what files are asked to be. With nothing set, nothing is asked.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Content {
    #[serde(deserialize_with = "parsed_option")]
    max_file_size: Option<ByteCount>,
    max_path_length: Option<NonZeroUsize>,
    deny_paths: PathPatterns,
    lfs: PathPatterns,
    names: Option<Names>,
    deny_types: Vec<FileType>,
    executables: Option<PathPatterns>,
    #[serde(deserialize_with = "parsed_list")]
    submodules: Option<Vec<UrlPattern>>,
    #[serde(deserialize_with = "parsed_list")]
    sources: Option<Vec<UrlPattern>>,
    together: Vec<Together>,
}

/// What is asked of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Names {
    /// Every system can hold them, none takes two for one, and no link leads out.
    Portable,
}

pub(super) fn make(settings: &Settings) -> Box<dyn Check> {
    Box::new(Files {
        asked: settings.content.clone(),
        staged: Mutex::default(),
        modules: Mutex::default(),
    })
}

struct Files {
    asked: Content,
    staged: Mutex<Folders>,
    /// What the last `.gitmodules` that was asked for says: one of many submodules at once is one.
    modules: Mutex<Option<(Oid, Arc<[Submodule]>)>>,
}

/// Where Git keeps the addresses of submodules.
const MODULES: &[u8] = b".gitmodules";

impl Check for Files {
    fn minds(&self, text: &[u8]) -> bool {
        self.denied_type(text).is_some()
    }

    fn file(
        &self,
        cx: &Cx<'_>,
        file: &FileChange<'_>,
        out: &mut Vec<Raised>,
    ) -> Result<(), Unread> {
        let Some(path) = &file.path else {
            return self.bytes(file, out);
        };
        if !file.is_old_content() && self.asked.deny_paths.matches_any_case(path) {
            let message = "files of that name stay out of this repository".to_owned();
            out.push(raise(
                ask::PATH,
                message,
                "keep it elsewhere, and have Git ignore it",
                place_in(file),
                file.by,
            ));
        }
        if let Some(most) = self.asked.max_path_length
            && file.is_new_path()
            && path.as_bytes().len() > most.get()
        {
            let length = path.as_bytes().len();
            let message = format!("its path has {length} bytes, and the limit is {most}");
            let help = "give it, or a folder above it, a shorter name";
            out.push(raise(
                ask::PATH_LENGTH,
                message,
                help,
                place_in(file),
                file.by,
            ));
        }
        self.bytes(file, out)?;
        if self.asked.names.is_some() {
            link(file, path, out)?;
            // What comes in with a commit or a tag is looked at by directories.
            if file.by.commit.is_none() && file.by.refs.is_empty() && file.is_new_path() {
                self.staged_names(cx, file, path, out)?;
            }
        }
        if let Some(paths) = &self.asked.executables
            && file.mode == Mode::Executable
            && !paths.matches(path)
        {
            let message = "it has the executable bit, which files of that name do not have here";
            let help = "take the bit away (git update-index --chmod=-x PATH), or put it where programs are";
            let place = place_in(file);
            out.push(raise(
                ask::EXECUTABLE,
                message.to_owned(),
                help,
                place,
                file.by,
            ));
        }
        if let Some(allowed) = &self.asked.sources {
            packages::allowed(file, path, allowed, out)?;
        }
        match &self.asked.submodules {
            Some(allowed) if path.as_bytes() == MODULES => modules(cx, file, allowed, out),
            Some(_) if names::is_like_modules(path.as_bytes()) => {
                let message = "some systems take it for .gitmodules".to_owned();
                let help = "give it another name";
                out.push(raise(
                    ask::SUBMODULE,
                    message,
                    help,
                    place_in(file),
                    file.by,
                ));
            }
            Some(_) | None => {}
        }
        Ok(())
    }

    fn commit(
        &self,
        cx: &Cx<'_>,
        commit: &CommitChange<'_>,
        out: &mut Vec<Raised>,
    ) -> Result<(), Unread> {
        let Some(repo) = cx.repo else { return Ok(()) };
        let by = By {
            commit: Some(commit.info),
            refs: commit.refs,
        };
        if !self.asked.together.is_empty() {
            self.together(repo, commit.info, by, out)?;
        }
        Ok(())
    }

    fn directory(
        &self,
        cx: &Cx<'_>,
        change: &DirectoryChange<'_>,
        out: &mut Vec<Raised>,
    ) -> Result<(), Unread> {
        if self.asked.names.is_some() {
            directory::names(change, out)?;
        }
        let (Some(_), Some(repo), Some(info)) = (&self.asked.submodules, cx.repo, change.by.commit)
        else {
            return Ok(());
        };
        let mut links = change.directory.links_added().peekable();
        if links.peek().is_none() {
            return Ok(());
        }
        let known = self.modules_of(repo, info)?;
        for path in links.map(|name| change.directory.path.join(name)) {
            let named = known
                .iter()
                .any(|module| module.path == path.as_bytes() && !module.urls.is_empty());
            if !named {
                let message = "a submodule that .gitmodules does not give an address".to_owned();
                let help = "add it with: git submodule add ADDRESS PATH";
                let place = Place {
                    path: Some(path),
                    ..place_by(PlaceKind::File, change.by)
                };
                out.push(raise(ask::SUBMODULE, message, help, place, change.by));
            }
        }
        Ok(())
    }
}

impl Files {
    /// What is asked of the content alone.
    fn bytes(&self, file: &FileChange<'_>, out: &mut Vec<Raised>) -> Result<(), Unread> {
        let matches = |patterns: &PathPatterns| {
            file.mode != Mode::Symlink
                && file
                    .path
                    .as_ref()
                    .is_some_and(|path| patterns.matches_any_case(path))
        };
        // Old content can still be new as a file: what was the target of a link is no pointer yet.
        let lfs = matches(&self.asked.lfs);
        let sized = self.asked.max_file_size.is_some() || !self.asked.deny_types.is_empty();
        if !lfs && (!sized || file.is_old_content()) {
            return Ok(());
        }
        let what = || match (&file.path, file.blob()) {
            (Some(path), _) => path.to_string(),
            (None, Some(oid)) => oid.to_string(),
            (None, None) => "a file".to_owned(),
        };
        let bytes = || file.bytes().map_err(|error| Unread::new(what(), error));
        if lfs && let Err(why) = lfs::pointer(bytes()?) {
            let message = format!("Git LFS keeps files of that name: {why}");
            let help = "have Git LFS track it, then add it anew (git lfs track; git add)";
            out.push(raise(ask::LFS, message, help, place_in(file), file.by));
        }
        if file.is_old_content() {
            return Ok(());
        }
        if let Some(most) = &self.asked.max_file_size {
            let size = file.size().map_err(|error| Unread::new(what(), error))?;
            if size > most.0 {
                let message = format!("it has {size} bytes, and the limit is {}", most.0);
                let help = "keep it elsewhere, or in Git LFS";
                out.push(raise(
                    ask::FILE_SIZE,
                    message,
                    help,
                    place_in(file),
                    file.by,
                ));
            }
        }
        if !self.asked.deny_types.is_empty()
            && !file.holds_nothing()
            && let Some(name) = self.denied_type(bytes()?)
        {
            let message = format!("{name}, which stays out of this repository");
            let help = "build it from source, or keep it elsewhere";
            out.push(raise(ask::TYPE, message, help, place_in(file), file.by));
        }
        Ok(())
    }

    /// The name of the type of these bytes, if it is one that stays out.
    fn denied_type(&self, bytes: &[u8]) -> Option<&'static str> {
        let denied = &self.asked.deny_types;
        let (kind, name) = file_type(bytes)?;
        (denied.contains(&kind) || denied.contains(&FileType::Executable)).then_some(name)
    }

    /// The parts of a staged path that `HEAD` does not have.
    fn staged_names(
        &self,
        cx: &Cx<'_>,
        file: &FileChange<'_>,
        path: &RepoPath,
        out: &mut Vec<Raised>,
    ) -> Result<(), Unread> {
        let Some(repo) = cx.repo else { return Ok(()) };
        let unread = |error| Unread::new(path, error);
        let staged = file.by.refs.is_empty();
        let head = if staged {
            repo.head().map_err(unread)?
        } else {
            None
        };
        let head = head.map(|head| repo.commit(head)).transpose();
        let head = head.map_err(unread)?.map(|commit| commit.tree);
        let mut folder = RepoPath::new(b"");
        for part in path.as_bytes().split(|byte| *byte == b'/') {
            let at = folder.join(part);
            let old = match head {
                Some(tree) => entry_at(repo, tree, &at).map_err(unread)?.is_some(),
                None => false,
            };
            if !old {
                let place = Place {
                    path: Some(at.clone()),
                    ..place_in(file)
                };
                if let Some(why) = names::odd_part(part) {
                    out.push(odd(why, place.clone(), file.by));
                }
                let mut folders = self.staged.lock().unwrap_or_else(PoisonError::into_inner);
                if staged && let Some(twin) = folders.twin(repo, &folder, part).map_err(unread)? {
                    out.push(twins(&twin, place, file.by));
                }
            }
            folder = at;
        }
        Ok(())
    }

    /// Paths that change together do so in each commit; a merge changes what others have changed, unless
    /// there is nothing that it merges.
    fn together(
        &self,
        repo: &Repo,
        info: &CommitInfo,
        by: By<'_>,
        out: &mut Vec<Raised>,
    ) -> Result<(), Unread> {
        let unread = |error| Unread::new(info.oid, error);
        let before = match info.parents[..] {
            [] => None,
            [parent, ..] => Some(repo.commit(parent).map_err(unread)?.tree),
        };
        for group in &self.asked.together {
            let (mut moved, mut still) = (Vec::new(), Vec::new());
            for path in &group.0 {
                let now = entry_at(repo, info.tree, path).map_err(unread)?;
                let was = match before {
                    Some(tree) => entry_at(repo, tree, path).map_err(unread)?,
                    None => None,
                };
                if now == was { &mut still } else { &mut moved }.push(path.to_string());
            }
            if !moved.is_empty() && !still.is_empty() && !merges(repo, info)? {
                let (moved, still) = (moved.join(", "), still.join(", "));
                let message = format!("{moved} changes here without {still}");
                let help = "change them in one commit";
                let place = place_by(PlaceKind::Commit, by);
                out.push(raise(ask::TOGETHER, message, help, place, by));
            }
        }
        Ok(())
    }

    /// The submodules that the `.gitmodules` of a commit names.
    fn modules_of(&self, repo: &Repo, info: &CommitInfo) -> Result<Arc<[Submodule]>, Unread> {
        let at = RepoPath::new(MODULES);
        let file = entry_at(repo, info.tree, &at).map_err(|error| Unread::new(&at, error))?;
        let Some((Mode::File | Mode::Executable, oid)) = file else {
            return Ok(Arc::default());
        };
        let mut last = self.modules.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, known)) = &*last
            && *of == oid
        {
            return Ok(Arc::clone(known));
        }
        // One that Git cannot read is refused by its own path.
        let known: Arc<[Submodule]> = submodules(repo, oid).unwrap_or_default().into();
        *last = Some((oid, Arc::clone(&known)));
        Ok(known)
    }
}

/// Whether a commit merges something: a parent that the first one does not reach.
fn merges(repo: &Repo, info: &CommitInfo) -> Result<bool, Unread> {
    let Some((first, others)) = info.parents.split_first() else {
        return Ok(false);
    };
    for other in others {
        let there = is_ancestor(repo, *other, *first);
        if !there.map_err(|error| Unread::new(info.oid, error))? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The target of a symbolic link. Asked of old content too: a file can become a link by its mode.
fn link(file: &FileChange<'_>, path: &RepoPath, out: &mut Vec<Raised>) -> Result<(), Unread> {
    if file.mode != Mode::Symlink {
        return Ok(());
    }
    let target = file.bytes().map_err(|error| Unread::new(path, error))?;
    let depth = path.as_bytes().iter().filter(|byte| **byte == b'/').count();
    let why = match names::escapes(target, depth) {
        None if path.as_bytes() == MODULES => "Git reads no .gitmodules that is a link",
        None => return Ok(()),
        Some(why) => why,
    };
    let message = format!("a symbolic link that works nowhere else: {why}");
    let help = "link to a path in the repository, relative to the link";
    out.push(raise(ask::NAME, message, help, place_in(file), file.by));
    Ok(())
}

/// The addresses in a `.gitmodules` that comes in.
fn modules(cx: &Cx<'_>, file: &FileChange<'_>, allowed: &[UrlPattern], out: &mut Vec<Raised>) {
    let (Some(repo), Some(blob)) = (cx.repo, file.blob()) else {
        return;
    };
    if file.is_old_content() && file.mode != Mode::Symlink {
        return;
    }
    let wrong = |url: &&Vec<u8>| !allowed.iter().any(|pattern| pattern.matches(url));
    let message = match submodules(repo, blob) {
        _ if file.mode == Mode::Symlink => "Git reads no .gitmodules that is a link".to_owned(),
        Err(_) => "Git cannot read it, so nobody can say where its submodules are".to_owned(),
        Ok(modules) => {
            let urls = modules.iter().flat_map(|module| &module.urls);
            let urls: Vec<String> = urls.filter(wrong).map(|url| escape(url)).collect();
            if urls.is_empty() {
                return;
            }
            format!("submodules may not come from {}", urls.join(", "))
        }
    };
    let help = "take it from an address that is allowed";
    out.push(raise(
        ask::SUBMODULE,
        message,
        help,
        place_in(file),
        file.by,
    ));
}

fn odd(why: &str, place: Place, by: By<'_>) -> Raised {
    let message = format!("a name that not every system can hold: {why}");
    raise(ask::NAME, message, "give it another name", place, by)
}

fn twins(other: &[u8], place: Place, by: By<'_>) -> Raised {
    let message = format!(
        "some systems take it for {}, which stands beside it",
        escape(other)
    );
    raise(ask::NAME, message, "give it another name", place, by)
}

fn raise(check: CheckId, message: String, help: &str, place: Place, by: By<'_>) -> Raised {
    let help = match (&place.path, by.commit) {
        (_, Some(_)) => format!(
            "{help}; change the commit that brings it in, another one on top does not help:\n$ {}",
            rewrite(by.commit)
        ),
        (Some(path), None) if by.refs.is_empty() => format!(
            "{help}; until then unstage it:\n$ git rm --cached -- {}",
            shell_word(path.as_bytes())
        ),
        (Some(_) | None, None) => help.to_owned(),
    };
    Raised::denied(check, message, help, place, by.refs.to_vec())
}
