//! Names as Git has them, bytes with one validating constructor each: refs and paths.

use super::escape::Escaped;
use super::fold::folded;
use std::fmt;

/// The full name of a ref, `refs/heads/main`, valid by the rules of `git check-ref-format`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RefName(Box<[u8]>);

impl RefName {
    /// Takes a full ref name.
    ///
    /// # Errors
    /// When Git would not accept it as the name of a ref below `refs/`
    /// (git-check-ref-format(1), rules 1 to 10).
    pub fn new(name: &[u8]) -> Result<Self, BadRefName> {
        let valid = name.starts_with(b"refs/")
            && !name.ends_with(b".")
            && !name.iter().any(|byte| {
                matches!(
                    byte,
                    0..=b' ' | 0x7f | b'~' | b'^' | b':' | b'?' | b'*' | b'[' | b'\\'
                )
            })
            && !name.windows(2).any(|pair| pair == b".." || pair == b"@{")
            && name.split(|byte| *byte == b'/').all(|part| {
                !part.is_empty() && !part.starts_with(b".") && !part.ends_with(b".lock")
            });
        if valid {
            Ok(Self(name.into()))
        } else {
            Err(BadRefName)
        }
    }

    /// The bytes of the name.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether it is that of a tag, or one that some system takes for that.
    #[must_use]
    pub fn is_tag(&self) -> bool {
        folded(&self.0).starts_with(b"refs/tags/")
    }

    /// Whether it is that of a branch.
    #[must_use]
    pub fn is_branch(&self) -> bool {
        self.0.starts_with(b"refs/heads/")
    }

    /// The name without `refs/heads/`, `refs/tags/` or `refs/remotes/`, escaped, for people.
    #[must_use]
    pub fn short(&self) -> String {
        let name = [&b"refs/heads/"[..], b"refs/tags/", b"refs/remotes/"]
            .iter()
            .find_map(|prefix| self.0.strip_prefix(*prefix))
            .unwrap_or(&self.0);
        Escaped(name).to_string()
    }
}

impl fmt::Display for RefName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Escaped(&self.0), f)
    }
}

impl fmt::Debug for RefName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Escaped(&self.0), f)
    }
}

/// The text is not the full name of a ref.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a valid full ref name")]
pub struct BadRefName;

/// A path inside a repository: bytes, `/` between parts, relative to the top.
///
/// A tree may hold any bytes but NUL and `/` in a part, so this is no file system path.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepoPath(Box<[u8]>);

impl RepoPath {
    /// Takes the bytes of a path as a tree or the index has them.
    #[must_use]
    pub fn new(path: &[u8]) -> Self {
        Self(path.into())
    }

    /// This path with one more part.
    #[must_use]
    pub fn join(&self, part: &[u8]) -> Self {
        let mut path = Vec::with_capacity(self.0.len() + 1 + part.len());
        if !self.0.is_empty() {
            path.extend_from_slice(&self.0);
            path.push(b'/');
        }
        path.extend_from_slice(part);
        Self(path.into())
    }

    /// The bytes of the path.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The same on disk, relative to the top.
    #[must_use]
    pub fn to_os_path(&self) -> std::path::PathBuf {
        super::program::os_path(&self.0)
    }

    /// The last part.
    #[must_use]
    pub fn file_name(&self) -> &[u8] {
        self.0.rsplit(|byte| *byte == b'/').next().unwrap_or(&[])
    }
}

impl fmt::Display for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Escaped(&self.0), f)
    }
}

impl fmt::Debug for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Escaped(&self.0), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ref_names_are_valid_as_git_says() {
        for good in [
            "refs/heads/main",
            "refs/heads/-dash",
            "refs/weird/one",
            "refs/heads/a/b",
        ] {
            assert!(RefName::new(good.as_bytes()).is_ok(), "{good}");
        }
        assert!(RefName::new(b"refs/heads/\xff").is_ok());
        for bad in [
            "HEAD",
            "foo",
            "refs/heads/../../x",
            "refs/heads/a b",
            "refs/heads/x.lock",
            "refs/heads/x/",
            "refs/heads/.x",
            "refs/heads/a\x1b",
            "refs/heads/@{",
            "refs//x",
            "refs/heads/x.",
            "",
        ] {
            assert!(RefName::new(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
