//! What is left out of a tree when it is compared with those of its parents, by trees of all kinds.

#![allow(clippy::unwrap_used)]
use super::*;
use crate::git::Git;

/// Numbers that are the same every time.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }
}

type Entries = Vec<(&'static str, String, u8)>;

/// As Git writes it: sorted, folders as if their names ended in a slash.
fn written(entries: &Entries) -> Vec<u8> {
    let mut tree = Vec::new();
    for (mode, name, id) in entries {
        tree.extend_from_slice(format!("{mode} {name}\0").as_bytes());
        tree.extend([*id; 20]);
    }
    tree
}

fn sort(entries: &mut Entries) {
    let key = |(mode, name, _): &(&str, String, u8)| match *mode {
        "40000" => format!("{name}/"),
        _ => name.clone(),
    };
    entries.sort_by_key(|(_, name, _)| name.clone());
    entries.dedup_by_key(|(_, name, _)| name.clone());
    entries.sort_by_key(key);
}

fn some(random: &mut Random) -> Entries {
    let mut entries: Entries = (0..random.below(12))
        .map(|_| one(random))
        .collect::<Vec<_>>();
    sort(&mut entries);
    entries
}

fn one(random: &mut Random) -> (&'static str, String, u8) {
    let modes = ["100644", "100755", "40000", "120000", "160000"];
    let names = [
        "a", "a.b", "a0", "b", "ab", "abc", "z", "z-", "m", "n", "o", "p",
    ];
    let name = names[random.below(names.len())].to_owned();
    // Ids with the bytes that stand in entries between them.
    let id = [0, b' ', b'1', b'4', 7][random.below(5)].max(1);
    (modes[random.below(modes.len())], name, id)
}

fn edited(random: &mut Random, of: &Entries) -> Entries {
    let mut entries = of.clone();
    for _ in 0..random.below(4) {
        match random.below(3) {
            0 => entries.push(one(random)),
            1 if !entries.is_empty() => {
                entries.remove(random.below(entries.len()));
            }
            _ if !entries.is_empty() => {
                let at = random.below(entries.len());
                entries[at].2 = 1 + random.below(200) as u8;
            }
            _ => {}
        }
    }
    sort(&mut entries);
    entries
}

#[test]
fn what_no_parent_has_is_in_the_part_that_is_looked_at() {
    let mut random = Random(1);
    let mut left_out = 0;
    for _ in 0..20_000 {
        let base = some(&mut random);
        let tree = edited(&mut random, &base);
        let parents: Vec<Entries> = (0..random.below(4))
            .map(|_| edited(&mut random, &base))
            .collect();
        let data = written(&tree);
        let stored: Vec<Arc<[u8]>> = parents.iter().map(|one| written(one).into()).collect();
        let apart = Apart::of(&data, &stored, 20);
        let old = apart.old();
        let shown: Vec<TreeEntry<'_>> = apart.entries().map(Result::unwrap).collect();
        left_out += tree.len() - shown.len();
        for entry @ (_, name, _) in &tree {
            let known = parents.iter().any(|parent| parent.contains(entry));
            let shown = shown.iter().find(|one| one.name == name.as_bytes());
            assert!(known || shown.is_some(), "{tree:?} {parents:?}");
            let Some(shown) = shown else { continue };
            // Whoever looks at it is told what each parent has there, as if it was read whole.
            let told: Vec<_> = old
                .iter()
                .filter_map(|parent| parent.get(shown.name))
                .collect();
            let whole: Vec<_> = stored
                .iter()
                .map(|parent| ParentTree::of(parent, 0..parent.len(), 20, None).unwrap())
                .filter_map(|parent| parent.get(shown.name))
                .collect();
            for there in &told {
                assert!(whole.contains(there), "{tree:?} {parents:?}");
            }
            if !known {
                assert_eq!(told, whole, "{tree:?} {parents:?}");
            }
        }
        let lacking = |parent: &Entries| -> Vec<&[u8]> {
            let has = |name: &String| parent.iter().any(|(_, other, _)| other == name);
            let names = tree.iter().map(|(_, name, _)| name);
            let lacking = names.filter(|name| !has(name)).map(|name| name.as_bytes());
            lacking.collect()
        };
        let mut lacking: Vec<_> = parents.iter().map(lacking).collect();
        if parents.is_empty() {
            lacking.push(tree.iter().map(|(_, name, _)| name.as_bytes()).collect());
        }
        let fewest = lacking.iter().map(Vec::len).min().unwrap();
        let mut added = apart.names_added().unwrap();
        added.sort_unstable();
        let is_added = |mut names: Vec<_>| {
            names.sort_unstable();
            names == added
        };
        assert_eq!(added.len(), fewest, "{tree:?} {parents:?}");
        assert!(lacking.into_iter().any(is_added), "{tree:?} {parents:?}");
    }
    assert!(left_out > 10_000, "{left_out}");
}

#[test]
fn trees_that_make_no_sense_are_compared_all_the_same() {
    let mut random = Random(2);
    for _ in 0..50_000 {
        let bytes = |random: &mut Random| -> Vec<u8> {
            let some = b"1 a\0\0\0 40";
            (0..random.below(60))
                .map(|_| some[random.below(some.len())])
                .collect()
        };
        let (one, other) = (bytes(&mut random), bytes(&mut random));
        let (here, there) = differing(&one, &other, 4);
        assert_eq!(one[..here.start], other[..there.start]);
        assert_eq!(one[here.end..], other[there.end..]);
    }
}

#[test]
fn what_there_is_no_room_for_is_not_read() {
    let dir = tempfile::tempdir().unwrap();
    let git = |args: &[&str]| Git::at(dir.path()).scrubbed().args(args);
    git(&["init", "-q", "--bare", "."]).output().unwrap();
    let tree = |entries: String| {
        let made = git(&["mktree", "--missing"])
            .stdin(entries)
            .output()
            .unwrap();
        Oid::parse(made.trim_ascii_end()).unwrap().unwrap()
    };
    let file = |name: &str| format!("100644 blob {}\t{name}\n", "1".repeat(40));
    let below = |of: Oid, name: &str| format!("040000 tree {of}\td\n{}", file(name));
    let inner = tree(file("f"));
    let (one, other) = (tree(file("a")), tree(file("b")));
    let whole = tree(file("a") + &file("b") + &below(inner, "e"));
    let repo = Repo::at(dir.path()).unwrap();
    let visited = |room: usize| {
        let mut seen = Vec::new();
        let mut visit = |unlike: Unlike<'_>| match unlike {
            Unlike::Directory(_) => {}
            Unlike::Path(changed) => seen.push(changed.path.to_string()),
            Unlike::Unread(unread) => seen.push(format!("no {}", unread.path)),
        };
        let mut walk = Walk {
            room,
            ..Walk::new(&repo, &|| true, &mut visit)
        };
        walk.tree(&RepoPath::new(b""), whole, &[one, other], 0);
        assert_eq!(walk.room, room);
        seen
    };
    // A file takes 29 bytes, the folder 28.
    let most = 3 * 29 + 28 + 2 * 29 + 29;
    assert_eq!(visited(most), ["d/f", "e"]);
    assert_eq!(visited(most - 1), ["no d", "e"]);
    assert_eq!(visited(most - 29), ["no d", "e"]);
    assert_eq!(visited(most - 30), ["no "]);
    assert_eq!(visited(100), ["no "]);
}
