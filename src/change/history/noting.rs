//! Goes through all trees once more, for what was found when they went by.

use super::trees::{Notes, Trees};
use crate::git::{
    BrokenObject, Kind, Large, Objects, Oid, OidMap, Repo, Seen, Share, Visitor, tree_places,
};

/// What all trees hold of these blobs.
pub(super) fn noted(
    repo: &Repo,
    objects: &Objects,
    wanted: &[Oid],
    jobs: usize,
    go_on: &(dyn Fn() -> bool + Sync),
) -> Option<Trees> {
    let notes = |_| Noting {
        objects,
        go_on,
        notes: Notes::new(wanted, jobs),
    };
    let parts = objects.walk(repo, Share::Others, (0..jobs).map(notes).collect());
    match go_on() {
        true => Trees::of(parts.into_iter().map(|part| part.notes).collect()),
        false => None,
    }
}

/// Notes what trees hold, and shows nothing.
struct Noting<'a> {
    go_on: &'a (dyn Fn() -> bool + Sync),
    objects: &'a Objects,
    notes: Notes,
}

impl Visitor for Noting<'_> {
    type Note = ();

    fn object(&mut self, seen: Seen<'_, ()>) {
        if let (Kind::Tree, Some(tree)) = (seen.kind, self.objects.number(seen.oid)) {
            self.notes.tree(tree);
            for place in tree_places(seen.data, seen.oid.as_raw().len()).flatten() {
                self.notes.place(&place, |oid| self.objects.number(oid));
            }
        }
    }

    fn large(&mut self, _blob: Large<'_>) {}

    // That was said before.
    fn broken(&mut self, _broken: BrokenObject) {}

    fn go_on(&self) -> bool {
        (self.go_on)()
    }
}

/// The same of trees that are read one by one, with their numbers.
pub(super) fn noted_one_by_one(
    repo: &Repo,
    numbers: &OidMap<u32>,
    wanted: &[Oid],
    go_on: &dyn Fn() -> bool,
) -> Option<Trees> {
    let mut notes = Notes::new(wanted, 1);
    let number = |oid: Oid| numbers.get(&oid).copied();
    for (oid, tree) in numbers {
        if !go_on() {
            return None;
        }
        let Ok(data) = repo.read_as(Kind::Tree, *oid) else {
            continue;
        };
        notes.tree(*tree);
        for place in tree_places(&data, oid.as_raw().len()).flatten() {
            notes.place(&place, number);
        }
    }
    Trees::of(vec![notes])
}
