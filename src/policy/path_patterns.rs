//! Lists of globs over the paths of a repository.

use crate::git::RepoPath;
use globset::{Candidate, GlobBuilder, GlobSet, GlobSetBuilder};
use serde::Deserialize;
use std::str::FromStr;

/// One glob over paths, with `/` between parts whatever the system.
///
/// `*` and `?` stay within one part, `**` spans any number, `{a,b}` is either, `[a-z]` one of a
/// class. A pattern without `/` is over the last part, at any depth (as in `.gitignore`); one with
/// `/` is over the whole path from the top of the repository, a leading `/` counting as the top.
#[derive(Clone, Debug)]
pub struct PathPattern(String);

impl PathPattern {
    fn glob(&self) -> Result<globset::Glob, globset::Error> {
        let anchored = match self.0.strip_prefix('/') {
            Some(rest) => rest.to_owned(),
            None if self.0.contains('/') => self.0.clone(),
            None => format!("**/{}", self.0),
        };
        GlobBuilder::new(&anchored)
            .literal_separator(true)
            .backslash_escape(true)
            .build()
    }
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
        if text.trim_matches('/').is_empty() || text.ends_with('/') || pattern.glob().is_err() {
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
    /// The last parts of the patterns, compiled when a name is first asked for.
    names: std::sync::OnceLock<Option<GlobSet>>,
}

impl PathPatterns {
    /// Compiles a list.
    ///
    /// # Errors
    /// When all of them together are too large.
    pub fn new(patterns: impl IntoIterator<Item = PathPattern>) -> Result<Self, BadPathPattern> {
        let patterns: Vec<PathPattern> = patterns.into_iter().collect();
        let mut set = GlobSetBuilder::new();
        for pattern in &patterns {
            set.add(pattern.glob().map_err(|_| BadPathPattern)?);
        }
        Ok(Self {
            whole: set.build().map_err(|_| BadPathPattern)?,
            patterns,
            names: std::sync::OnceLock::new(),
        })
    }

    /// Whether a file of that name could match, wherever it stands.
    #[must_use]
    pub fn may_match_name(&self, name: &[u8]) -> bool {
        let names = self.names.get_or_init(|| {
            let mut set = GlobSetBuilder::new();
            for pattern in &self.patterns {
                let last = pattern.0.rsplit('/').next().unwrap_or(&pattern.0);
                // A slash inside braces or a class cuts the pattern in an odd place; then any
                // name could match.
                let last = PathPattern(last.to_owned()).glob();
                set.add(last.or_else(|_| globset::Glob::new("**")).ok()?);
            }
            set.build().ok()
        });
        names
            .as_ref()
            .is_none_or(|names| names.is_match_candidate(&Candidate::from_bytes(name)))
    }

    /// Whether any of them matches.
    #[must_use]
    pub fn matches(&self, path: &RepoPath) -> bool {
        self.whole
            .is_match_candidate(&Candidate::from_bytes(path.as_bytes()))
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
    fn what_is_no_pattern_is_an_error() {
        for bad in ["", "/", "dir/", "[a", "{a"] {
            assert!(bad.parse::<PathPattern>().is_err(), "{bad}");
        }
    }
}
