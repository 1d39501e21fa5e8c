//! What a commit brings in: itself, its message, and every file that no parent has as it is.

use super::sweep::Nothing;
use super::{
    By, Change, CommitChange, DirectoryChange, FileChange, Message, MessageOf, Refs, Sink, Unread,
};
use crate::git::{Mode, Oid, OidMap, Repo, Unlike, Walked, changed};

/// Shows commits, oldest first, and remembers the trees of those it has seen.
pub(super) struct Commits<'a> {
    repo: &'a Repo,
    sink: &'a dyn Sink,
    nothing: &'a Nothing,
    trees: OidMap<Oid>,
}

impl<'a> Commits<'a> {
    pub(super) fn new(repo: &'a Repo, nothing: &'a Nothing, sink: &'a dyn Sink) -> Self {
        Self {
            repo,
            sink,
            nothing,
            trees: OidMap::default(),
        }
    }

    /// Shows one commit, which would be reached by `refs`.
    pub(super) fn show(&mut self, commit: &Walked, refs: Refs<'_>) {
        let info = match self.repo.commit(commit.oid) {
            Ok(info) => info,
            Err(error) => return self.sink.unread(Unread::new(commit.oid, error)),
        };
        self.trees.insert(commit.oid, info.tree);
        let by = By {
            commit: Some(&info),
            refs,
        };
        let parents = self.parent_trees(&commit.parents);
        self.sink
            .change(&Change::Commit(&CommitChange { info: &info, refs }));
        self.sink.change(&Change::Message(&Message {
            of: MessageOf::Commit,
            raw: &info.raw,
            message_at: info.message_at,
            by,
        }));
        show_tree(self.repo, info.tree, &parents, by, self.nothing, self.sink);
    }

    /// Of the parents that the walk saw: what is behind them was judged or is being judged. A parent
    /// beyond a shallow boundary, or one that cannot be read, makes nothing old.
    fn parent_trees(&mut self, parents: &[Oid]) -> Vec<Oid> {
        let mut trees = Vec::with_capacity(parents.len());
        for parent in parents {
            let known = self.trees.get(parent).copied();
            let tree = known.or_else(|| self.repo.commit(*parent).ok().map(|commit| commit.tree));
            if let Some(tree) = tree {
                self.trees.insert(*parent, tree);
                // However many parents are the same, each tree is compared with once.
                if !trees.contains(&tree) {
                    trees.push(tree);
                }
            }
        }
        trees
    }
}

/// Shows every file of a tree that no parent has as it is.
pub(super) fn show_tree(
    repo: &Repo,
    tree: Oid,
    parents: &[Oid],
    by: By<'_>,
    nothing: &Nothing,
    sink: &dyn Sink,
) {
    changed(repo, tree, parents, &|| sink.go_on(), &mut |unlike| {
        if !sink.go_on() {
            return;
        }
        match unlike {
            Unlike::Directory(directory) => {
                sink.change(&Change::Directory(&DirectoryChange { directory, by }));
            }
            Unlike::Path(changed) if changed.mode == Mode::Gitlink => sink.skipped(),
            Unlike::Path(changed) => {
                let mut file =
                    FileChange::in_repo(repo, Some(changed.path), changed.oid, changed.before)
                        .of_nothing(nothing.size(changed.oid));
                file.mode = changed.mode;
                file.by = by;
                sink.change(&Change::File(&file));
            }
            Unlike::Unread(unread) => {
                let at = if unread.path.as_bytes().is_empty() {
                    unread.oid.to_string()
                } else {
                    format!("{} ({})", unread.oid, unread.path)
                };
                sink.unread(Unread::new(at, unread.error));
            }
        }
    });
}
