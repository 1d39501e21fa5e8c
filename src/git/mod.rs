//! Reads a repository truthfully. The only room that names `git2`, runs `git` or reads `GIT_*`.

mod escape;
mod name;
mod oid;
mod program;

pub use escape::{Escaped, escape};
pub use name::{BadRefName, RefName, RepoPath};
pub use oid::{BadOid, Oid};
pub use program::{Git, GitError, path_of_line};
