//! Lists of globs over the paths of a repository.

use crate::git::{RepoPath, folded};
use globset::{Candidate, GlobBuilder, GlobSet, GlobSetBuilder};
use serde::Deserialize;
use std::str::FromStr;
use std::sync::OnceLock;

/// One glob over paths, with `/` between parts whatever the system.
///
/// `*` and `?` stay within one part, `**` spans any number, `{a,b}` is either, `[a-z]` one of a
/// class. A pattern without `/` is over the last part, at any depth (as in `.gitignore`); one with
/// `/` is over the whole path from the top of the repository, a leading `/` counting as the top.
#[derive(Clone, Debug)]
pub struct PathPattern(String);

impl PathPattern {
    fn glob(&self, case: Case) -> Result<globset::Glob, globset::Error> {
        let anchored = match self.0.strip_prefix('/') {
            Some(rest) => rest.to_owned(),
            None if self.0.contains('/') => self.0.clone(),
            None => format!("**/{}", self.0),
        };
        GlobBuilder::new(&anchored)
            .literal_separator(true)
            .backslash_escape(true)
            .case_insensitive(case == Case::Any)
            .build()
    }
}

/// Whether capitals and small letters are one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Case {
    Exact,
    Any,
}

impl std::fmt::Display for PathPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for PathPattern {
    type Err = BadPathPattern;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let pattern = Self(text.to_owned());
        if text.trim_matches('/').is_empty()
            || text.ends_with('/')
            || pattern.glob(Case::Exact).is_err()
        {
            return Err(BadPathPattern);
        }
        Ok(pattern)
    }
}

/// The text is not a pattern of paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a glob over paths (for a folder and all below it write \"folder/**\")")]
pub struct BadPathPattern;

/// A list of [`PathPattern`]s, compiled into one automaton.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(try_from = "Vec<super::parsed::Parsed<PathPattern>>")]
pub struct PathPatterns {
    whole: GlobSet,
    patterns: Vec<PathPattern>,
    /// Whether one of them holds a capital letter, one that has several forms, or a class, which can
    /// span some unwritten.
    capitals: bool,
    /// The last parts of the patterns, compiled when a name is first asked for.
    names: OnceLock<Option<GlobSet>>,
    names_any_case: OnceLock<Option<GlobSet>>,
    /// All of them in letters of any case, compiled when that is first asked for.
    any_case: OnceLock<Option<GlobSet>>,
}

impl PathPatterns {
    /// Compiles a list.
    ///
    /// # Errors
    /// When all of them together are too large.
    pub fn new(patterns: impl IntoIterator<Item = PathPattern>) -> Result<Self, BadPathPattern> {
        let patterns: Vec<PathPattern> = patterns.into_iter().collect();
        Ok(Self {
            capitals: patterns.iter().any(|one| {
                one.0
                    .contains(|c: char| c.is_ascii_uppercase() || c == '[' || !c.is_ascii())
            }),
            whole: set_of(&patterns, Case::Exact).map_err(|_| BadPathPattern)?,
            patterns,
            names: OnceLock::new(),
            names_any_case: OnceLock::new(),
            any_case: OnceLock::new(),
        })
    }

    /// Whether a file of that name could match, wherever it stands and in letters of any case.
    #[must_use]
    pub fn may_match_name(&self, name: &[u8]) -> bool {
        let could = |set: &OnceLock<Option<GlobSet>>, case| {
            let set = set.get_or_init(|| set_of(&self.last_parts(), case).ok());
            let is_match = |name: &[u8]| {
                let name = Candidate::from_bytes(name);
                set.as_ref().is_none_or(|set| set.is_match_candidate(&name))
            };
            is_match(name) || (case == Case::Any && !name.is_ascii() && is_match(&folded(name)))
        };
        could(&self.names, Case::Exact)
            || (self.depends_on_case(name) && could(&self.names_any_case, Case::Any))
    }

    fn last_parts(&self) -> Vec<PathPattern> {
        let parts = self.patterns.iter().map(|pattern| {
            let last = pattern.0.rsplit('/').next().unwrap_or(&pattern.0);
            // A slash inside braces or a class cuts the pattern in an odd place; then any name
            // could match.
            let last = last.parse();
            last.unwrap_or_else(|_| PathPattern("**".to_owned()))
        });
        parts.collect()
    }

    /// Whether letters of another case or form could make a difference; mostly all are small.
    fn depends_on_case(&self, text: &[u8]) -> bool {
        let is_plain = |byte: &u8| byte.is_ascii() && !byte.is_ascii_uppercase();
        self.capitals || !text.iter().all(is_plain)
    }

    /// Whether any of them matches.
    #[must_use]
    pub fn matches(&self, path: &RepoPath) -> bool {
        self.whole
            .is_match_candidate(&Candidate::from_bytes(path.as_bytes()))
    }

    /// Whether any of them matches in letters of any case, or with marks apart from their letters: on
    /// many systems they name the same file ([`folded`]).
    #[must_use]
    pub fn matches_any_case(&self, path: &RepoPath) -> bool {
        let bytes = path.as_bytes();
        if self.matches(path) || !self.depends_on_case(bytes) {
            return self.matches(path);
        }
        self.is_any_case(bytes) || (!bytes.is_ascii() && self.is_any_case(&folded(bytes)))
    }

    fn is_any_case(&self, path: &[u8]) -> bool {
        let path = Candidate::from_bytes(path);
        let any_case = self
            .any_case
            .get_or_init(|| set_of(&self.patterns, Case::Any).ok());
        match any_case {
            Some(set) => set.is_match_candidate(&path),
            // Together they are too large for one automaton.
            None => self.patterns.iter().any(|pattern| {
                let set = set_of(std::slice::from_ref(pattern), Case::Any).ok();
                set.is_some_and(|set| set.is_match_candidate(&path))
            }),
        }
    }

    /// The patterns, as they are written.
    pub fn iter(&self) -> impl Iterator<Item = &PathPattern> {
        self.patterns.iter()
    }

    /// Whether there is no pattern, so that nothing matches.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }
}

fn set_of(patterns: &[PathPattern], case: Case) -> Result<GlobSet, globset::Error> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        set.add(pattern.glob(case)?);
        if case == Case::Any && !pattern.0.is_ascii() {
            let other = String::from_utf8_lossy(&folded(pattern.0.as_bytes())).parse();
            // A class may make no sense in other letters; then it is as it is written alone.
            if let Ok::<PathPattern, _>(other) = other {
                set.add(other.glob(case)?);
            }
        }
    }
    set.build()
}

impl TryFrom<Vec<super::parsed::Parsed<PathPattern>>> for PathPatterns {
    type Error = BadPathPattern;

    fn try_from(list: Vec<super::parsed::Parsed<PathPattern>>) -> Result<Self, Self::Error> {
        Self::new(list.into_iter().map(|pattern| pattern.0))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn patterns_match_as_gitignore_users_expect() {
        type Row = (
            &'static str,
            &'static [&'static [u8]],
            &'static [&'static [u8]],
        );
        const ROWS: &[Row] = &[
            (
                ".env",
                &[b".env", b"a/b/.env"],
                &[b".env.x", b"x.env", b".env/x"],
            ),
            (
                ".env.*",
                &[b".env.local", b"a/.env.\xff"],
                &[b".env", b"a/.env"],
            ),
            (
                "*.env",
                &[b"prod.env", b"a/.env", b"a/\n.env"],
                &[b"a.env/b", b"env"],
            ),
            (
                "tests/fixtures/**",
                &[b"tests/fixtures/a", b"tests/fixtures/a/b"],
                &[b"tests/fixtures", b"x/tests/fixtures/a"],
            ),
            ("/top.txt", &[b"top.txt"], &[b"a/top.txt"]),
            ("**/*.pem", &[b"a.pem", b"a/b.pem"], &[b"a.pemx"]),
            ("a/*.txt", &[b"a/x.txt"], &[b"a/b/x.txt", b"b/a/x.txt"]),
            ("*.{pem,pfx}", &[b"x.pem", b"a/x.pfx"], &[b"x.p12"]),
        ];
        for (pattern, hits, misses) in ROWS {
            let set = PathPatterns::new([pattern.parse().unwrap()]).unwrap();
            for hit in *hits {
                assert!(set.matches(&RepoPath::new(hit)), "{pattern} {hit:?}");
            }
            for miss in *misses {
                assert!(!set.matches(&RepoPath::new(miss)), "{pattern} {miss:?}");
            }
        }
        assert!(!PathPatterns::default().matches(&RepoPath::new(b"x")));
    }

    #[test]
    fn letters_of_any_case_name_the_same_file() {
        let set = |pattern: &str| PathPatterns::new([pattern.parse().unwrap()]).unwrap();
        for (pattern, path) in [
            (".env", ".ENV"),
            (".ENV", "a/.env"),
            ("Docs/**", "docs/x"),
            ("*.[p]em", "a/KEY.PEM"),
            ("x[@-_]", "xa"),
            (".env", ".e\u{200c}nv"),
            ("*.key", "a.\u{212a}ey"),
            ("Größe/**", "GRO\u{308}ßE/a.txt"),
            ("gro\u{308}ße/**", "größe/a.txt"),
            ("*.ä[@-_]", "x.\u{c4}a"),
        ] {
            let (set, path) = (set(pattern), RepoPath::new(path.as_bytes()));
            assert!(!set.matches(&path), "{pattern}");
            assert!(set.matches_any_case(&path), "{pattern}");
            assert!(set.may_match_name(path.file_name()), "{pattern}");
        }
        let other = RepoPath::new(b"ENV");
        assert!(!set(".env").matches_any_case(&other));
        assert!(!set("*.kez").matches_any_case(&RepoPath::new("a.\u{212a}ey".as_bytes())));
        assert!(!set(".env").may_match_name(other.file_name()));
    }

    #[test]
    fn what_is_no_pattern_is_an_error() {
        for bad in ["", "/", "dir/", "[a", "{a"] {
            assert!(bad.parse::<PathPattern>().is_err(), "{bad}");
        }
    }
}
