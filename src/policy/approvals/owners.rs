//! CODEOWNERS: who owns which paths, as GitHub reads it.
//!
//! One rule a line, `PATTERN [OWNER]...`, and the last rule that matches a path counts; one without
//! owners takes its paths out again. Patterns are those of gitignore(5) without `!` and `[ ]`, but
//! that `folder/*` holds what is right in the folder and nothing below. An owner is `@user`,
//! `@group`, `@organisation/team` or a mail address. Sections, as GitLab has them, are not carried.
//!
//! GitHub passes over a line that it cannot read, and so leaves its paths to anybody; here such a
//! file cannot be read at all.

use crate::git::{RepoPath, escape, folded};
use crate::policy::Persons;
use crate::policy::groups::{Groups, Principal, Pusher};
use std::fmt;

/// The longest file that is read, in bytes: as much as GitHub reads.
const LONGEST: usize = 3 << 20;

/// A whole file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owners(Vec<Rule>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    parts: Vec<Part>,
    /// The same in folded letters, if they are others than those of ASCII.
    folded: Option<Vec<Part>>,
    /// How many of the parts name the folder itself, where all below one is meant.
    folder: Option<usize>,
    owners: Vec<Owner>,
}

/// When two letters are the same.
#[derive(Clone, Copy)]
enum Letters {
    /// When they are.
    Same,
    /// In any case too.
    AnyCase,
}

/// One part of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// `**`: any number of folders, none included.
    Folders,
    /// What is between two slashes.
    Name(Vec<Piece>),
}

/// One step of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    /// `*`: anything.
    Any,
    /// `?`: one character.
    One,
    /// This byte.
    Byte(u8),
}

/// Who owns something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Owner(String);

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&escape(self.0.as_bytes()))
    }
}

impl Owner {
    /// Whether someone with one of these names is this owner. `@NAME` is the account or the group of
    /// that name, `@ORGANISATION/TEAM` the group of that name or of the team's alone.
    pub(super) fn is(&self, names: &[Vec<u8>], groups: &Groups) -> bool {
        let Some(name) = self.0.strip_prefix('@') else {
            return names
                .iter()
                .any(|known| known.eq_ignore_ascii_case(self.0.as_bytes()));
        };
        let whole = Principal::Group(name.to_owned());
        let who = match name.split_once('/') {
            Some(_) if groups.has(name) => vec![whole],
            Some((_, team)) => vec![Principal::Group(team.to_owned())],
            None => vec![Principal::User(name.to_owned()), whole],
        };
        let mut names = names.iter();
        names.any(|name| groups.allows(&who, &Pusher::named(name)))
    }
}

impl Owner {
    /// Whether it is one person, who has one of these addresses.
    pub(super) fn wrote(&self, by: &[Vec<u8>], groups: &Groups, persons: &Persons) -> bool {
        let name = self.0.strip_prefix('@').unwrap_or(&self.0);
        let team = self.0.starts_with('@') && (name.contains('/') || groups.has(name));
        !team && by.iter().any(|other| persons.same(name.as_bytes(), other))
    }
}

impl Owners {
    /// Reads a file.
    ///
    /// # Errors
    /// The first line (1-based) that cannot be read, and why; or the file as a whole.
    pub fn parse(text: &[u8]) -> Result<Self, (usize, String)> {
        if text.len() > LONGEST {
            return Err((1, "the file is larger than 3 MiB".to_owned()));
        }
        let mut rules = Vec::new();
        for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
            let line = line.trim_ascii();
            if line.is_empty() || line[0] == b'#' {
                continue;
            }
            rules.push(Rule::parse(line).map_err(|why| (index + 1, why))?);
        }
        Ok(Self(rules))
    }

    /// Who owns a path: each of these lists must have its say. It is the one of the last rule that
    /// matches; where other rules match what some system takes for that path, theirs too; and of
    /// what stands where a folder is owned, that of the folder. None is empty.
    pub(super) fn of(&self, path: &RepoPath) -> Vec<&[Owner]> {
        let parts = split(path.as_bytes());
        let last = |is: &dyn Fn(&Rule) -> bool| self.0.iter().rev().find(|rule| is(rule));
        let mut found = vec![
            last(&|rule| is_path(&rule.parts, &parts, Letters::Same)),
            last(&|rule| is_path(&rule.parts, &parts, Letters::AnyCase)),
            last(&|rule| rule.stands_for(&rule.parts, &parts)),
        ];
        if !path.as_bytes().is_ascii() || self.0.iter().any(|rule| rule.folded.is_some()) {
            let path = folded(path.as_bytes());
            let parts = split(&path);
            found.extend([
                last(&|rule| is_path(rule.folded(), &parts, Letters::AnyCase)),
                last(&|rule| rule.stands_for(rule.folded(), &parts)),
            ]);
        }
        let mut lists: Vec<&[Owner]> = Vec::new();
        for rule in found.into_iter().flatten() {
            if !rule.owners.is_empty() && !lists.contains(&&rule.owners[..]) {
                lists.push(&rule.owners);
            }
        }
        lists
    }
}

impl Rule {
    fn parse(line: &[u8]) -> Result<Self, String> {
        let (pattern, rest) = pattern_of(line);
        let owners = rest
            .split(u8::is_ascii_whitespace)
            .filter(|word| !word.is_empty())
            .take_while(|word| !word.starts_with(b"#"))
            .map(owner)
            .collect::<Result<_, _>>()?;
        let parts = parts(pattern)?;
        // What is meant are the files below it.
        let below = match pattern {
            [.., b'/'] | [.., b'/', b'*', b'*'] => Some(2),
            [.., b'/', b'*'] => Some(1),
            _ => None,
        };
        let folder = below.and_then(|below| parts.len().checked_sub(below));
        let folder = folder.filter(|folder| *folder > 0);
        let folded = match pattern.is_ascii() {
            true => None,
            false => Some(self::parts(&folded(pattern))?),
        };
        Ok(Self {
            parts,
            folded,
            folder,
            owners,
        })
    }

    /// The parts in folded letters.
    fn folded(&self) -> &[Part] {
        self.folded.as_ref().unwrap_or(&self.parts)
    }

    /// Whether the path is that of the folder: as a submodule or a link it brings in all below.
    fn stands_for(&self, parts: &[Part], path: &[&[u8]]) -> bool {
        let folder = self.folder.and_then(|folder| parts.get(..folder));
        folder.is_some_and(|folder| is_path(folder, path, Letters::AnyCase))
    }
}

/// The parts of a path.
fn split(path: &[u8]) -> Vec<&[u8]> {
    path.split(|byte| *byte == b'/').collect()
}

/// The pattern at the start of a line, up to white space that no backslash escapes, and the rest.
fn pattern_of(line: &[u8]) -> (&[u8], &[u8]) {
    let mut escaped = false;
    let end = line.iter().position(|byte| {
        let ends = !escaped && byte.is_ascii_whitespace();
        escaped = !escaped && *byte == b'\\';
        ends
    });
    line.split_at(end.unwrap_or(line.len()))
}

fn parts(pattern: &[u8]) -> Result<Vec<Part>, String> {
    if pattern.starts_with(b"!") {
        return Err("begins with \"!\", which CODEOWNERS does not know".to_owned());
    }
    if pattern.iter().any(|byte| matches!(byte, b'[' | b']')) {
        let why = "holds \"[\" or \"]\": neither classes of characters nor sections are carried";
        return Err(why.to_owned());
    }
    let (body, anchored) = match pattern.strip_prefix(b"/") {
        Some(body) => (body, true),
        None => (pattern, false),
    };
    let (body, folder) = match body.strip_suffix(b"/") {
        Some(body) => (body, true),
        None => (body, false),
    };
    let names: Vec<&[u8]> = body.split(|byte| *byte == b'/').collect();
    if names.iter().any(|name| name.is_empty()) {
        return Err("names nothing: it has an empty part".to_owned());
    }
    let mut parts = Vec::new();
    if !anchored && names.len() == 1 {
        parts.push(Part::Folders);
    }
    for name in &names {
        parts.push(match *name {
            b"**" => Part::Folders,
            name => Part::Name(pieces(name)?),
        });
    }
    // What a name stands for may be a folder, and then all below it is meant; `*` alone is a file.
    let last = names.last().copied().unwrap_or_default();
    if folder || last == b"**" {
        parts.extend([Part::Folders, Part::Name(vec![Piece::Any])]);
    } else if last != b"*" {
        parts.push(Part::Folders);
    }
    Ok(parts)
}

fn pieces(name: &[u8]) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut bytes = name.iter();
    while let Some(byte) = bytes.next() {
        pieces.push(match byte {
            b'*' => Piece::Any,
            b'?' => Piece::One,
            b'\\' => match bytes.next() {
                Some(escaped) => Piece::Byte(*escaped),
                None => return Err("ends with a backslash that escapes nothing".to_owned()),
            },
            byte => Piece::Byte(*byte),
        });
    }
    if name.windows(3).any(|three| three == b"***") {
        return Err("holds \"***\"".to_owned());
    }
    Ok(pieces)
}

fn owner(word: &[u8]) -> Result<Owner, String> {
    let wrong = || {
        let shown = escape(word);
        format!("{shown} is no owner: neither @user, @group, @organisation/team nor an address")
    };
    let text = std::str::from_utf8(word).map_err(|_| wrong())?;
    let good = match text.strip_prefix('@') {
        Some(name) => name.split('/').count() <= 2 && name.split('/').all(|part| !part.is_empty()),
        None => text.split_once('@').is_some_and(|(name, host)| {
            !name.is_empty() && !host.is_empty() && !host.contains('@')
        }),
    };
    good.then(|| Owner(text.to_owned())).ok_or_else(wrong)
}

fn is_path(parts: &[Part], path: &[&[u8]], letters: Letters) -> bool {
    let here = |part: &Part, name: &[&[u8]]| match (part, name) {
        (Part::Name(pieces), [name, ..]) => is_name(pieces, name, letters).then_some(1),
        (Part::Name(_) | Part::Folders, _) => None,
    };
    wild(parts, path, |part| *part == Part::Folders, here)
}

fn is_name(pieces: &[Piece], name: &[u8], letters: Letters) -> bool {
    let same = |one: &u8, other: &u8| match letters {
        Letters::Same => one == other,
        Letters::AnyCase => one.eq_ignore_ascii_case(other),
    };
    let here = |piece: &Piece, text: &[u8]| match (piece, text) {
        (Piece::Byte(byte), [first, ..]) => same(byte, first).then_some(1),
        (Piece::One, [_, rest @ ..]) => {
            let more = rest.iter().take_while(|byte| matches!(byte, 0x80..=0xbf));
            Some(1 + more.count())
        }
        (Piece::Byte(_) | Piece::One | Piece::Any, _) => None,
    };
    wild(pieces, name, |piece| *piece == Piece::Any, here)
}

/// Whether a pattern is over all of a text: one of its steps may stand for any number of things,
/// `here` says how many another one takes. Only the last star is ever tried again, so that no
/// pattern takes longer than its length times that of the text.
fn wild<P, T>(
    pattern: &[P],
    text: &[T],
    star: impl Fn(&P) -> bool,
    here: impl Fn(&P, &[T]) -> Option<usize>,
) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    loop {
        match pattern.get(p) {
            Some(step) if star(step) => {
                back = Some((p + 1, t));
                p += 1;
                continue;
            }
            Some(step) => {
                if let Some(taken) = here(step, &text[t..]) {
                    (p, t) = (p + 1, t + taken);
                    continue;
                }
            }
            None if t == text.len() => return true,
            None => {}
        }
        match back {
            Some((after, from)) if from < text.len() => {
                back = Some((after, from + 1));
                (p, t) = (after, from + 1);
            }
            Some(_) | None => return false,
        }
    }
}

#[cfg(test)]
mod tests;
