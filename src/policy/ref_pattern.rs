//! Patterns of ref names: what a rule of `[[protect]]` stands in front of.

use crate::git::{RefName, folded};
use globset::{Candidate, Glob, GlobBuilder, GlobSet, GlobSetBuilder};
use std::str::FromStr;

/// A glob over full ref names, matched on bytes, that protects more than it names.
///
/// `*` and `?` stay within one component, `**` spans any number, `[a-z]` is one byte of a class.
/// Git stores refs as files, so that `refs/heads/main/x` and `refs/heads/main` cannot both exist.
/// A pattern therefore protects
/// - the names it matches,
/// - every name below those: its mere presence would keep the protected one out,
/// - every name above those: it would have to go for the protected one to exist;
/// - every name that some system takes for one of those, since a clone there would have the one
///   where the other is meant. A pattern with a class does tell letters apart.
#[derive(Clone, Debug)]
pub struct RefPattern {
    text: String,
    set: GlobSet,
    /// Of the names as they are without their case; none where that says nothing more.
    alike: Option<GlobSet>,
}

impl RefPattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// When it could not match the full name of a ref (it does not begin with `refs/` or `**`, has
    /// an empty component), is no glob, or uses `{`, `}` or `\`, which mean nothing here.
    pub fn new(text: &str) -> Result<Self, BadRefPattern> {
        if !text.starts_with("refs/") && !text.starts_with("**") {
            return Err(BadRefPattern::NotFull);
        }
        if text.contains(['{', '}', '\\']) {
            return Err(BadRefPattern::Unsupported);
        }
        if text.split('/').any(str::is_empty) {
            return Err(BadRefPattern::EmptyComponent);
        }
        let classes = text.contains('[');
        let alike = (!classes).then(|| folded(text.as_bytes()));
        let alike = alike.map(|alike| String::from_utf8_lossy(&alike).into_owned());
        Ok(Self {
            text: text.to_owned(),
            set: set(text)?,
            alike: alike.map(|alike| set(&alike)).transpose()?,
        })
    }

    /// Whether a rule with this pattern has a say on the ref.
    #[must_use]
    pub fn protects(&self, name: &RefName) -> bool {
        let name = name.as_bytes();
        self.set.is_match_candidate(&Candidate::from_bytes(name)) || self.is_alike(name)
    }

    /// Whether some system takes the name for a protected one.
    fn is_alike(&self, name: &[u8]) -> bool {
        let Some(alike) = &self.alike else {
            return false;
        };
        let name_folded = folded(name);
        if name_folded == name && self.text.as_bytes() == &*folded(self.text.as_bytes()) {
            return false;
        }
        alike.is_match_candidate(&Candidate::from_bytes(&*name_folded))
    }

    /// Whether the pattern matches this very name, without what it protects besides.
    #[must_use]
    pub fn matches(&self, name: &RefName) -> bool {
        // The first of the set is the pattern itself.
        self.set
            .matches_candidate(&Candidate::from_bytes(name.as_bytes()))
            .contains(&0)
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// The pattern, which comes first, and what it protects besides.
fn set(text: &str) -> Result<GlobSet, BadRefPattern> {
    let mut set = GlobSetBuilder::new();
    set.add(glob(text)?).add(glob(&format!("{text}/**"))?);
    for (end, _) in text.match_indices('/') {
        set.add(glob(&text[..end])?);
    }
    set.build().map_err(|_| BadRefPattern::NotGlob)
}

fn glob(text: &str) -> Result<Glob, BadRefPattern> {
    GlobBuilder::new(text)
        .literal_separator(true)
        .build()
        .map_err(|_| BadRefPattern::NotGlob)
}

impl FromStr for RefPattern {
    type Err = BadRefPattern;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text)
    }
}

/// The text is not a pattern of ref names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRefPattern {
    /// It can match no full name.
    #[error("a pattern of refs is over full names: begin with \"refs/\" or \"**\"")]
    NotFull,
    /// It holds `{`, `}` or a backslash.
    #[error("a pattern of refs knows no \"{{\", \"}}\" or \"\\\": write one pattern for each name")]
    Unsupported,
    /// It holds `//` or ends with `/`.
    #[error("a pattern of refs has no empty component: no \"//\", no \"/\" at the end")]
    EmptyComponent,
    /// It does not compile.
    #[error("not a glob: a class \"[...]\" must be closed, and hold no \"/\"")]
    NotGlob,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn protects_the_name_what_is_below_and_what_stands_in_its_place() {
        const ROWS: &[(&str, &[&str], &[&str])] = &[
            (
                "refs/heads/main",
                &[
                    "refs/heads/main",
                    "refs/heads/main/x",
                    "refs/heads/main/x/y",
                    "refs/heads",
                    "refs/heads/Main",
                    "refs/HEADS/main/x",
                    "refs/heads/ma\u{200c}in",
                ],
                &[
                    "refs/heads/main2",
                    "refs/heads/mai",
                    "refs/tags/main",
                    "refs/heads/x/main",
                    "refs/heads/x",
                ],
            ),
            (
                "refs/heads/release/**",
                &[
                    "refs/heads/release",
                    "refs/heads/release/1",
                    "refs/heads/release/1/2",
                ],
                &[
                    "refs/heads/releases",
                    "refs/heads/releases/1",
                    "refs/heads/main",
                ],
            ),
            (
                "refs/heads/release/1.0",
                &[
                    "refs/heads/release",
                    "refs/heads/release/1.0",
                    "refs/heads/release/1.0/x",
                ],
                &["refs/heads/release/1x0", "refs/heads/release/1"],
            ),
            (
                "refs/heads/release/*",
                &[
                    "refs/heads/release",
                    "refs/heads/release/1",
                    "refs/heads/release/1/2",
                ],
                &["refs/heads/releas", "refs/heads/other/1"],
            ),
            (
                "refs/heads/v?.[0-9]",
                &["refs/heads/v1.0", "refs/heads/v1.0/x"],
                &["refs/heads/v10.0", "refs/heads/v1.x"],
            ),
            (
                "refs/heads/Caf\u{e9}/?",
                &["refs/heads/cafe\u{301}/X", "refs/heads/CAF\u{c9}"],
                &["refs/heads/cafe/x"],
            ),
            (
                "refs/heads/[A-Z]*",
                &["refs/heads/Main"],
                &["refs/heads/main"],
            ),
            (
                "refs/heads/rel-*",
                &["refs/heads/rel-", "refs/heads/rel-1", "refs/heads/rel-1/x"],
                &["refs/heads/rel", "refs/heads/relx"],
            ),
            (
                "refs/heads/*/stable",
                // A branch `dev` would have to go for `dev/stable` to exist.
                &[
                    "refs/heads/dev/stable",
                    "refs/heads/dev",
                    "refs/heads/dev/stable/x",
                ],
                &["refs/heads/dev/other", "refs/heads/a/b/stable"],
            ),
            (
                "refs/heads/**/stable",
                &[
                    "refs/heads/stable",
                    "refs/heads/a/b/stable",
                    "refs/heads/a/b",
                ],
                &["refs/tags/stable"],
            ),
            (
                "refs/tags/**",
                &["refs/tags/v1", "refs/tags/a/b"],
                &["refs/heads/v1", "refs/tagsx/v1"],
            ),
            (
                "refs/**",
                &["refs/heads/x", "refs/notes/commits", "refs/x"],
                &[],
            ),
            ("**", &["refs/heads/x", "refs/x/y/z"], &[]),
        ];
        for (pattern, protected, free) in ROWS {
            let compiled = RefPattern::new(pattern).unwrap();
            assert_eq!(compiled.as_str(), *pattern);
            for name in *protected {
                assert!(
                    compiled.protects(&RefName::new(name.as_bytes()).unwrap()),
                    "{pattern} must protect {name}"
                );
            }
            for name in *free {
                assert!(
                    !compiled.protects(&RefName::new(name.as_bytes()).unwrap()),
                    "{pattern} must leave {name}"
                );
            }
        }
    }

    #[test]
    fn matches_the_name_alone() {
        for (pattern, name, matches) in [
            ("refs/heads/main", "refs/heads/main", true),
            ("refs/heads/main", "refs/heads/main/x", false),
            ("refs/heads/a/b", "refs/heads/a", false),
            ("refs/heads/main", "refs/heads/MAIN", false),
            ("refs/heads/release/**", "refs/heads/release/1/2", true),
            ("refs/heads/release/**", "refs/heads/release", false),
        ] {
            let name = RefName::new(name.as_bytes()).unwrap();
            assert_eq!(RefPattern::new(pattern).unwrap().matches(&name), matches);
        }
    }

    #[test]
    fn names_that_are_not_utf_8_are_matched_too() {
        let pattern = RefPattern::new("refs/heads/*").unwrap();
        assert!(pattern.protects(&RefName::new(b"refs/heads/\xff\xfe").unwrap()));
        let pattern = RefPattern::new("refs/heads/main").unwrap();
        assert!(!pattern.protects(&RefName::new(b"refs/heads/main\xff").unwrap()));
    }

    #[test]
    fn what_could_protect_nothing_is_no_pattern() {
        for (text, why) in [
            ("main", BadRefPattern::NotFull),
            ("", BadRefPattern::NotFull),
            ("heads/main", BadRefPattern::NotFull),
            ("*/main", BadRefPattern::NotFull),
            ("refs/heads/{main,dev}", BadRefPattern::Unsupported),
            ("refs/heads/\\*", BadRefPattern::Unsupported),
            ("refs/heads/", BadRefPattern::EmptyComponent),
            ("refs//main", BadRefPattern::EmptyComponent),
            ("refs/heads/[a", BadRefPattern::NotGlob),
            ("refs/heads/[a/b]", BadRefPattern::NotGlob),
        ] {
            assert_eq!(RefPattern::new(text).unwrap_err(), why, "{text}");
        }
    }
}
