//! What a rule of `[[protect]]` can ask about approvals, as values that are valid once they are there.

use crate::git::RepoPath;
use serde::Deserialize;
use std::path::PathBuf;
use std::str::FromStr;

/// What counts as an approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ApprovedBy {
    /// A signed one.
    Signed,
    /// `Reviewed-by: Name <address>` in the message of a commit, which whoever makes it writes.
    Trailers,
}

/// Where it stands who owns what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnersAt {
    /// In this file of the branch as it is before an update.
    Branch(RepoPath),
    /// In this file of the server.
    File(PathBuf),
}

impl FromStr for OwnersAt {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with('/') {
            return Ok(Self::File(PathBuf::from(text)));
        }
        let odd = |part: &str| matches!(part, "" | "." | "..");
        if text.split('/').any(odd) {
            return Err(
                "is neither a path in the repository, such as \"CODEOWNERS\", nor a file of the \
                 server from its root",
            );
        }
        Ok(Self::Branch(RepoPath::new(text.as_bytes())))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn owners_are_in_the_branch_or_on_the_server() {
        let branch = |path: &str| OwnersAt::Branch(RepoPath::new(path.as_bytes()));
        assert_eq!("CODEOWNERS".parse(), Ok(branch("CODEOWNERS")));
        assert_eq!(
            ".github/CODEOWNERS".parse(),
            Ok(branch(".github/CODEOWNERS"))
        );
        assert_eq!(
            "/etc/owners".parse(),
            Ok(OwnersAt::File("/etc/owners".into()))
        );
        for bad in ["", "a//b", "./a", "../a", "a/", "a/.."] {
            assert!(bad.parse::<OwnersAt>().is_err(), "{bad}");
        }
    }
}
