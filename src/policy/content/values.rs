//! What `[content]` asks for, as values that are valid once they are there.

use crate::git::RepoPath;
use globset::{Candidate, GlobBuilder, GlobMatcher};
use serde::Deserialize;
use std::str::FromStr;

/// A glob over addresses of submodules: `*` stays between slashes, `**` does not.
#[derive(Clone, Debug)]
pub(super) struct UrlPattern(GlobMatcher);

impl UrlPattern {
    pub(super) fn matches(&self, url: &[u8]) -> bool {
        self.0.is_match_candidate(&Candidate::from_bytes(url))
    }
}

impl FromStr for UrlPattern {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const SHAPE: &str = "is not a glob over addresses such as \"https://git.example.com/**\"";
        if text.is_empty() {
            return Err(SHAPE);
        }
        let glob = GlobBuilder::new(text).literal_separator(true).build();
        glob.map(|glob| Self(glob.compile_matcher()))
            .map_err(|_| SHAPE)
    }
}

/// Paths that change together.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub(super) struct Together(pub(super) Vec<RepoPath>);

impl TryFrom<Vec<String>> for Together {
    type Error = &'static str;

    fn try_from(paths: Vec<String>) -> Result<Self, Self::Error> {
        let odd = |path: &String| path.split('/').any(|part| matches!(part, "" | "." | ".."));
        if paths.len() < 2 || paths.iter().any(odd) {
            return Err("what changes together are two or more paths from the top, no globs");
        }
        Ok(Self(
            paths
                .iter()
                .map(|path| RepoPath::new(path.as_bytes()))
                .collect(),
        ))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn addresses_are_matched_part_by_part() {
        let pattern: UrlPattern = "https://git.example.com/**".parse().unwrap();
        for (url, matches) in [
            ("https://git.example.com/a/b.git", true),
            ("https://git.example.com.evil.example/a", false),
            ("https://git.example.com@evil.example/a", false),
            ("http://git.example.com/a", false),
            ("-uhttps://git.example.com/a", false),
        ] {
            assert_eq!(pattern.matches(url.as_bytes()), matches, "{url}");
        }
    }
}
