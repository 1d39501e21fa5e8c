//! Reads a repository truthfully: objects, index, refs and walks. The only room that names `git2`
//! or the index reader, runs `git`, `ssh-keygen` or `gpg`, or reads `GIT_*`. It judges nothing and
//! prints nothing.

mod ancestry;
mod cache;
mod caller;
mod certificate;
mod compare;
mod counted;
mod denied;
mod directories;
mod escape;
mod fold;
mod hunks;
mod index;
mod keep;
mod name;
mod object;
mod oid;
mod options;
mod pack;
mod program;
mod quarantine;
mod reader;
mod reflog;
mod repo;
mod signature;
mod store;
mod tree;
mod visible;
mod walk;
mod wording;
mod write_refs;
mod written;

pub use ancestry::{is_ancestor, will_ask_ancestors};
pub use cache::{read_cache, write_cache};
pub use caller::{caller_amends, editor_is_used};
pub use certificate::{Certificate, Nonce, PushCertificate, push_certificate};
pub use compare::{Difference, Entry, differences};
pub use counted::counted;
pub use denied::{key_against_deletion, key_against_rewind};
pub use directories::{Directory, entry_at};
pub use escape::{Escaped, escape, escape_json, shell_word};
pub use fold::folded;
pub use hunks::{Hunk, hunks};
pub use index::{Index, Staged};
pub use keep::{commit_named, keep, merge_base, ref_named};
pub use name::{BadRefName, RefName, RepoPath};
pub use object::{
    CommitInfo, Kind, Malformed, Mode, Object, TagInfo, TreeEntry, TreePlace, tree_entries,
    tree_places,
};
pub use oid::{BadOid, Oid, OidMap, OidSet};
pub use options::{BadOptions, push_options, takes_push_options};
pub use pack::{Base, LARGE, Large, Objects, Opener, Seen, Share, Stock, Surprise, Visitor};
pub use program::{Git, GitError, Stream, leave_push, path_of_line};
pub use reader::ReadError;
pub use reflog::{Logged, reflog};
pub use repo::{OpenError, Repo};
pub use signature::{
    AllowedSigner, Format, Hardware, KeyFiles, Keys, KeysError, Namespace, NotVerified, SignError,
    Signed, Signer, allowed_signers, sign, signed_commit, signed_tag, trailing,
};
pub use store::{AllObjects, BrokenObject, count_objects};
pub use tree::{Changed, Unlike, UnreadTree, changed};
pub use visible::visible_refs;
pub use walk::{
    Origin, Walked, Wanted, first_commits, logged_commits, logged_stashes, rev_list, rev_list_args,
    rev_list_quarantined, shallow_commits,
};
pub use wording::{Submodule, people, stored_message, submodules};
pub use write_refs::{RefWrite, WriteError, write_refs};
