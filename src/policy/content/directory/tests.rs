//! What is said of the names of a directory is what a look at all of them, one by one and beside all
//! of every parent, would say; whatever trees somebody makes up.

#![allow(clippy::unwrap_used)]
use super::{names, odd, twins};
use crate::change::{By, DirectoryChange};
use crate::finding::PlaceKind;
use crate::git::{Git, Oid, Repo, Unlike, changed, folded};
use crate::policy::check::place_by;
use crate::policy::content::names::odd_part;
use std::collections::HashMap;
use std::path::Path;

/// Numbers that are the same every time.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }

    fn of<'a, T: ?Sized>(&mut self, some: &[&'a T]) -> &'a T {
        some[self.below(some.len())]
    }
}

/// Names that are one for some system, of the same length and of another, and odd ones.
const NAMES: [&[u8]; 24] = [
    b"a",
    b"A",
    b"a.b",
    b"A.b",
    b"a-b",
    b"readme",
    b"README",
    b"Readme",
    b"read\xe2\x80\x8dme",
    b"kelvin",
    b"\xe2\x84\xaaelvin",
    b"\xc3\xa9",
    b"e\xcc\x81",
    b"E\xcc\x81",
    b"\xcf\x82",
    b"\xce\xa3",
    b"con",
    b"CON",
    b"x\xff",
    b"X\xff",
    b"end.",
    b".git",
    b".GIT",
    b"z",
];

type Entry = (&'static str, &'static [u8], u8);

fn one(random: &mut Random) -> Entry {
    let mode = random.of(&["100644", "100755", "120000", "160000"]);
    (mode, random.of(&NAMES), 1 + random.below(3) as u8)
}

/// A tree, now and then with a name that it has twice, or in no order.
fn arranged(random: &mut Random, mut entries: Vec<Entry>) -> Vec<Entry> {
    entries.sort();
    if random.below(4) > 0 {
        entries.dedup_by_key(|(_, name, _)| *name);
        entries.sort_by_key(|(_, name, _)| *name);
        entries.dedup_by_key(|(_, name, _)| *name);
    }
    if random.below(6) == 0 {
        entries.reverse();
    }
    entries
}

fn edited(random: &mut Random, mut entries: Vec<Entry>) -> Vec<Entry> {
    for _ in 0..random.below(4) {
        match random.below(3) {
            0 if !entries.is_empty() => {
                entries.remove(random.below(entries.len()));
            }
            _ => entries.push(one(random)),
        }
    }
    arranged(random, entries)
}

fn stored(at: &Path, trees: &[Vec<Entry>]) -> Vec<Oid> {
    let mut paths = String::new();
    for (number, tree) in trees.iter().enumerate() {
        let mut bytes = Vec::new();
        for (mode, name, id) in tree {
            bytes.extend([mode.as_bytes(), b" ", name, b"\0"].concat());
            bytes.extend([*id; 20]);
        }
        std::fs::write(at.join(number.to_string()), bytes).unwrap();
        paths.push_str(&format!("{number}\n"));
    }
    let git = |args: &[&str]| Git::at(at).scrubbed().args(args);
    git(&["init", "-q", "."]).output().unwrap();
    let write = [
        "hash-object",
        "-w",
        "-t",
        "tree",
        "--literally",
        "--stdin-paths",
    ];
    let listed = git(&write).stdin(paths).output().unwrap();
    let lines = listed.trim_ascii_end().split(|byte| *byte == b'\n');
    lines.map(|hex| Oid::parse(hex).unwrap().unwrap()).collect()
}

/// What is wrong: with one name, or with one beside another.
type Said = Vec<(Vec<u8>, Option<Vec<u8>>)>;

/// All names, each beside all of every parent.
fn plain(tree: &[Entry], parents: &[Vec<Entry>]) -> Said {
    let count = |of: &[Entry], name: &[u8]| of.iter().filter(|(_, one, _)| *one == name).count();
    let is_new = |name: &[u8]| parents.iter().all(|parent| count(parent, name) == 0);
    let mut known: HashMap<Vec<u8>, &[u8]> = HashMap::new();
    let mut said = Said::new();
    for (_, name, _) in tree {
        if is_new(name) && odd_part(name).is_some() {
            said.push((name.to_vec(), None));
        }
        let Some(other) = known.insert(folded(name).into_owned(), name) else {
            continue;
        };
        let has = |parent: &Vec<Entry>| count(parent, name) > 0 && count(parent, other) > 0;
        if other == *name || !parents.iter().any(has) {
            let (new, old) = match is_new(other) && !is_new(name) {
                true => (other, *name),
                false => (*name, other),
            };
            said.push((new.to_vec(), Some(old.to_vec())));
        }
    }
    said
}

#[test]
fn names_are_judged_as_if_each_was_looked_at_beside_every_parent() {
    let mut random = Random(9);
    let mut cases = Vec::new();
    for _ in 0..3000 {
        let count = random.below(10);
        let base = (0..count).map(|_| one(&mut random)).collect();
        let base = arranged(&mut random, base);
        let parents = (0..random.below(4)).map(|_| edited(&mut random, base.clone()));
        let parents: Vec<Vec<Entry>> = parents.collect();
        cases.push((edited(&mut random, base), parents));
    }
    let trees = cases
        .iter()
        .flat_map(|(tree, parents)| [std::slice::from_ref(tree), parents]);
    let trees: Vec<Vec<Entry>> = trees.flatten().cloned().collect();
    let dir = tempfile::tempdir().unwrap();
    let mut oids = stored(dir.path(), &trees).into_iter();
    let repo = Repo::at(dir.path()).unwrap();
    let (mut of_one, mut of_two) = (0, 0);
    for (tree, parents) in cases {
        let oid = oids.next().unwrap();
        let of: Vec<Oid> = oids.by_ref().take(parents.len()).collect();
        let mut raised = Vec::new();
        changed(&repo, oid, &of, &|| true, &mut |unlike| {
            if let Unlike::Directory(directory) = unlike {
                let by = By::default();
                names(&DirectoryChange { directory, by }, &mut raised).unwrap();
            }
        });
        let expected = if of.contains(&oid) {
            Said::new()
        } else {
            plain(&tree, &parents)
        };
        let told = raised.iter().map(|one| {
            let path = one.finding.place.path.as_ref().unwrap();
            (path.as_bytes().to_vec(), one.finding.message.clone())
        });
        let told: Vec<_> = told.collect();
        // A name that the tree has twice, as a parent has it, may be told or not.
        let mut left = told.iter().peekable();
        for (name, other) in expected {
            let place = place_by(PlaceKind::File, By::default());
            let raised = match &other {
                Some(other) => twins(other, place, By::default()),
                None => odd(odd_part(&name).unwrap(), place, By::default()),
            };
            let is = left
                .next_if_eq(&&(name.clone(), raised.finding.message))
                .is_some();
            let times = |of: &Vec<Entry>| of.iter().filter(|(_, one, _)| *one == name).count();
            let again = other.as_ref() == Some(&name)
                && parents.iter().any(|parent| times(parent) >= times(&tree));
            assert!(is || again, "{name:?} {other:?} in {tree:?}, {parents:?}");
            *(if other.is_some() {
                &mut of_two
            } else {
                &mut of_one
            }) += 1;
        }
        assert_eq!(left.next(), None, "{tree:?}, {parents:?}");
    }
    assert!(of_one > 300 && of_two > 300, "{of_one} {of_two}");
}
