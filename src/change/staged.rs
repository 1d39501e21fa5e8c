//! What the next commit will contain, from the index and never from the worktree.

use super::{Change, FileChange, Sink, Unread};
use crate::git::{Changed, Index, Mode, Oid, Repo, UnreadTree};

pub(super) fn visit(repo: &Repo, parents: &[Oid], sink: &dyn Sink) {
    let index = match Index::read(repo) {
        Ok(index) => index,
        Err(error) => return sink.unread(Unread::new("the index", error)),
    };
    let mut trees = Vec::new();
    for parent in parents {
        match repo.commit(*parent) {
            Ok(commit) => trees.push(commit.tree),
            // Without it nothing is old: more is examined, and the report says why.
            Err(error) => sink.unread(Unread::new(parent, error)),
        }
    }
    index.changed(repo, &trees, &mut |changed| {
        if sink.go_on() {
            show(repo, changed, sink);
        }
    });
}

fn show(repo: &Repo, changed: Result<Changed, UnreadTree>, sink: &dyn Sink) {
    match changed {
        Ok(changed) if changed.mode == Mode::Gitlink => sink.skipped(),
        Ok(changed) => {
            let mut file =
                FileChange::in_repo(repo, Some(changed.path), changed.oid, changed.before);
            file.mode = changed.mode;
            sink.change(&Change::File(&file));
        }
        Err(unread) => sink.unread(Unread::new(unread.oid, unread.error)),
    }
}
