//! What a digest of a change keeps, and what breaks it.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::git::Git;

/// A repository made for one test, objects alone.
struct Objects {
    dir: tempfile::TempDir,
}

/// A path with its mode and content.
type File<'a> = (&'a str, &'a str, &'a [u8]);

impl Objects {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let objects = Self { dir };
        objects.git(&["init", "-q", "--bare", "."], b"");
        objects
    }

    fn git(&self, args: &[&str], stdin: &[u8]) -> String {
        let run = Git::at(self.dir.path()).args(args).scrubbed();
        let said = run.stdin(stdin).output().unwrap();
        String::from_utf8(said).unwrap().trim().to_owned()
    }

    /// A tree of files, none of them in a folder but below `d/`.
    fn tree(&self, files: &[File<'_>]) -> Oid {
        let entry = |(path, mode, content): &File<'_>| {
            let (kind, oid) = match *mode {
                "160000" => ("commit", String::from_utf8(content.to_vec()).unwrap()),
                _ => ("blob", self.git(&["hash-object", "-w", "--stdin"], content)),
            };
            format!("{mode} {kind} {oid}\t{path}\n")
        };
        let (below, top): (Vec<_>, Vec<_>) =
            files.iter().partition(|(path, ..)| path.starts_with("d/"));
        let mut listed: String = top.into_iter().map(entry).collect();
        if !below.is_empty() {
            let inner: String = below.into_iter().map(entry).collect();
            let inner = self.git(&["mktree", "--missing"], inner.replace("d/", "").as_bytes());
            listed.push_str(&format!("040000 tree {inner}\td\n"));
        }
        let tree = self.git(&["mktree", "--missing"], listed.as_bytes());
        Oid::parse(tree.as_bytes()).unwrap().unwrap()
    }

    fn id(&self, old: &[File<'_>], new: &[File<'_>]) -> ChangeId {
        let (old, new) = (self.tree(old), self.tree(new));
        self.made(Some(old), Some(new)).id
    }

    fn made(&self, old: Option<Oid>, new: Option<Oid>) -> Made {
        let repo = Repo::at(self.dir.path()).unwrap();
        made(&repo, old, new, &|| true).unwrap()
    }
}

const F: &str = "100644";
const X: &str = "100755";

/// Twelve lines, each another.
fn text() -> String {
    (1..=12).map(|n| format!("line {n}\n")).collect()
}

fn file<'a>(content: &'a str) -> [File<'a>; 1] {
    [("a", F, content.as_bytes())]
}

#[test]
fn the_same_change_on_another_ground_is_the_same() {
    let objects = Objects::new();
    let (old, new) = (text(), text().replace("line 6", "line six"));
    let id = objects.id(&file(&old), &file(&new));
    // Other lines of the file, and other files, have changed below it.
    let moved = |text: &str| {
        text.replace("line 1\n", "zero\nline 1\n")
            .replace("12", "twelve")
    };
    assert_eq!(objects.id(&file(&moved(&old)), &file(&moved(&new))), id);
    let (old, new) = (old.as_bytes(), new.as_bytes());
    let other = ("b", F, &b"b"[..]);
    assert_eq!(
        objects.id(&[("a", F, old), other], &[("a", F, new), other]),
        id
    );
    let made = objects.made(
        Some(objects.tree(&[("a", F, old)])),
        Some(objects.tree(&[("d/a", F, old)])),
    );
    let paths: Vec<String> = made.paths.iter().map(ToString::to_string).collect();
    assert_eq!(paths, ["a", "d/a"]);
}

#[test]
fn every_edit_breaks_it() {
    let objects = Objects::new();
    let (old, new) = (text(), text().replace("line 6", "line six"));
    let id = objects.id(&file(&old), &file(&new));
    for edited in [
        new.replace("line six", "line  six"),
        new.replace("line six", "line six "),
        new.replace("line six\n", "line six\r\n"),
        new.replace("line six\n", "line six\n\n"),
        new.replace("line 9", "line nine"),
        new.trim_end().to_owned(),
        old.clone(),
    ] {
        assert_ne!(objects.id(&file(&old), &file(&edited)), id, "{edited:?}");
    }
    let (old, new) = (old.as_bytes(), new.as_bytes());
    for (before, after) in [
        (vec![("a", F, old)], vec![("a", X, new)]),
        (vec![("a", X, old)], vec![("a", X, new)]),
        (vec![("b", F, old)], vec![("b", F, new)]),
        (vec![("d/a", F, old)], vec![("d/a", F, new)]),
        (vec![("a", F, old)], vec![("a", F, new), ("b", F, b"")]),
        (vec![("a", F, old), ("b", F, b"")], vec![("a", F, new)]),
        (vec![("a", F, new)], vec![("a", F, old)]),
        (vec![], vec![("a", F, new)]),
    ] {
        assert_ne!(objects.id(&before, &after), id, "{before:?}");
    }
}

#[test]
fn a_hunk_goes_in_at_one_place() {
    let objects = Objects::new();
    let block = "if x:\n    check()\n    call()\n    end()\n    rest()\n    last()\n\n";
    let old = format!("{block}{block}{block}");
    let skip = |nth: usize| {
        let mut blocks = vec![block.to_owned(); 3];
        blocks[nth] = block.replace("    end()\n", "    end()\n    skip()\n");
        blocks.concat()
    };
    let id = |nth: usize| objects.id(&file(&old), &file(&skip(nth)));
    assert_ne!(id(0), id(1));
    assert_ne!(id(1), id(2));
    assert_eq!(
        id(1),
        objects.id(
            &file(&format!("# more\n\n\n\n{old}")),
            &file(&format!("# more\n\n\n\n{}", skip(1)))
        )
    );
    // One more place like it, and nobody knows which was meant.
    let more = |text: &str| format!("{text}{block}");
    assert_ne!(
        id(1),
        objects.id(&file(&more(&old)), &file(&more(&skip(1))))
    );
}

#[test]
fn what_is_no_text_counts_by_its_objects() {
    let objects = Objects::new();
    let long = |end: &str| format!("{}{end}", "x\n".repeat(600_000));
    let (one, two, three) = ("1".repeat(40), "2".repeat(40), "3".repeat(40));
    let rows: [(&str, [&[u8]; 3]); 5] = [
        (F, [b"\0one", b"\0two", b"\0 two"]),
        (
            F,
            [
                long("1").as_bytes(),
                long("2").as_bytes(),
                long("3").as_bytes(),
            ]
            .map(|bytes| &*bytes.to_vec().leak()),
        ),
        ("120000", [b"to/one", b"to/two", b"to/ two"]),
        ("160000", [one.as_bytes(), two.as_bytes(), three.as_bytes()]),
        (F, [b"", b"one\n", b"two\n"]),
    ];
    for (mode, [old, new, other]) in rows {
        let id = objects.id(&[("a", mode, old)], &[("a", mode, new)]);
        assert_eq!(objects.id(&[("a", mode, old)], &[("a", mode, new)]), id);
        assert_ne!(objects.id(&[("a", mode, old)], &[("a", mode, other)]), id);
        assert_ne!(objects.id(&[], &[("a", mode, new)]), id);
        assert_ne!(objects.id(&[("a", mode, old)], &[]), id);
        if old.is_empty() || mode == "160000" {
            continue;
        }
        assert_ne!(objects.id(&[("a", mode, other)], &[("a", mode, new)]), id);
    }
    // Only the mode, whatever the content.
    let mode = objects.id(&[("a", F, b"1\n")], &[("a", X, b"1\n")]);
    assert_eq!(objects.id(&[("a", F, b"2\n")], &[("a", X, b"2\n")]), mode);
    assert_ne!(objects.id(&[("a", X, b"1\n")], &[("a", F, b"1\n")]), mode);
}

#[test]
fn a_change_of_nothing_is_that_of_its_tree() {
    let objects = Objects::new();
    let (one, two) = (objects.tree(&file("1\n")), objects.tree(&file("2\n")));
    let nothing = |tree| objects.made(Some(tree), Some(tree)).id;
    assert_eq!(nothing(one), nothing(one));
    assert_ne!(nothing(one), nothing(two));
    let all = objects.made(None, Some(one)).id;
    assert_eq!(all, objects.id(&[], &file("1\n")));
    let text = all.to_string();
    assert_eq!(ChangeId::parse(text.as_bytes()), Some(all));
    for bad in [&text[1..], &text.to_uppercase(), &text.replace('a', "g")] {
        assert_ne!(ChangeId::parse(bad.as_bytes()), Some(all), "{bad}");
    }
}

#[test]
fn a_tree_that_could_stand_for_two_has_no_digest() {
    let objects = Objects::new();
    let blob = objects.git(&["hash-object", "-w", "--stdin"], b"x");
    let raw: Vec<u8> = Oid::parse(blob.as_bytes())
        .unwrap()
        .unwrap()
        .as_raw()
        .to_vec();
    let repo = Repo::at(objects.dir.path()).unwrap();
    for names in [["a", "a"], ["a/b", "c"]] {
        let tree: Vec<u8> = names
            .iter()
            .flat_map(|name| [format!("100644 {name}\0").as_bytes(), &raw].concat())
            .collect();
        let args = ["hash-object", "-w", "-t", "tree", "--literally", "--stdin"];
        let tree = Oid::parse(objects.git(&args, &tree).as_bytes()).unwrap();
        assert!(made(&repo, None, tree, &|| true).is_err(), "{names:?}");
    }
}

#[test]
fn a_few_trees_that_stand_for_countless_paths_are_left_in_time() {
    let objects = Objects::new();
    let mut tree = objects.git(&["mktree"], b"");
    for _ in 0..30 {
        let entry = |name: u32| format!("040000 tree {tree}\t{name}\n");
        let entries: String = (0..10).map(entry).collect();
        tree = objects.git(&["mktree"], entries.as_bytes());
    }
    let tree = Oid::parse(tree.as_bytes()).unwrap();
    let repo = Repo::at(objects.dir.path()).unwrap();
    let left = std::cell::Cell::new(1_000);
    let go_on = || {
        left.set(left.get() - 1);
        left.get() > 0
    };
    assert!(made(&repo, None, tree, &go_on).is_err());
    assert_eq!(left.get(), 0);
}
