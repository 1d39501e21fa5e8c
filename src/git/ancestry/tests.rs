//! What many questions at once are answered is what each alone would be, in histories of all shapes
//! and with clocks that go wrong.

#![allow(clippy::unwrap_used)]
use super::*;
use crate::git::{Git, rev_list};
use std::path::Path;

/// Numbers that are the same every time.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }
}

fn git(at: &Path, args: &[&str], input: String) -> String {
    let run = Git::at(at).scrubbed().args(args).stdin(input);
    String::from_utf8(run.output().unwrap()).unwrap()
}

fn oid(hex: &str) -> Oid {
    Oid::parse(hex.as_bytes()).unwrap().unwrap()
}

/// A history of so many commits, at times that have nothing to do with their order.
struct Graph {
    oids: Vec<Oid>,
    parents: Vec<Vec<usize>>,
}

impl Graph {
    /// Those after `neck` are built on it alone.
    fn made(at: &Path, random: &mut Random, count: usize, neck: usize) -> Self {
        let (mut stream, mut parents) = (String::new(), Vec::new());
        for number in 0..count {
            let mut of: Vec<usize> = match number {
                0 => Vec::new(),
                // Now and then another one without parents.
                _ if number < neck && random.below(20) == 0 => Vec::new(),
                _ => (0..1 + random.below(2) * random.below(4))
                    .map(|_| number - 1 - random.below(number.min(7)))
                    .map(|parent| {
                        if number > neck {
                            parent.max(neck)
                        } else {
                            parent
                        }
                    })
                    .collect(),
            };
            of.sort_unstable();
            of.dedup();
            let time = 1_000_000_000 + random.below(500_000_000);
            stream.push_str(&format!(
                "commit refs/heads/c{number}\nmark :{}\ncommitter a <a@example.com> {time} +0000\ndata 0\n",
                number + 1
            ));
            for (at, parent) in of.iter().enumerate() {
                let word = if at == 0 { "from" } else { "merge" };
                stream.push_str(&format!("{word} :{}\n", parent + 1));
            }
            stream.push_str("deleteall\n\n");
            parents.push(of);
        }
        git(at, &["fast-import", "--quiet", "--force"], stream);
        let named = (0..count).map(|number| format!("refs/heads/c{number}\n"));
        let listed = git(
            at,
            &["cat-file", "--batch-check=%(objectname)"],
            named.collect(),
        );
        let oids = listed.lines().map(oid).collect();
        Self { oids, parents }
    }

    fn reaches(&self, from: usize, wanted: usize) -> bool {
        let (mut open, mut seen) = (vec![from], vec![false; self.oids.len()]);
        while let Some(at) = open.pop() {
            if !std::mem::replace(&mut seen[at], true) {
                open.extend(&self.parents[at]);
            }
        }
        seen[wanted]
    }
}

#[test]
fn many_questions_at_once_are_answered_as_each_alone() {
    let mut random = Random(4);
    let (mut grounds, mut yes, mut no) = (0, 0, 0);
    for _ in 0..12 {
        let dir = tempfile::tempdir().unwrap();
        git(dir.path(), &["init", "-q", "--bare", "."], String::new());
        let base = 20 + random.below(20);
        let graph = Graph::made(dir.path(), &mut random, 50, base);
        let number = |wanted: Oid| graph.oids.iter().position(|oid| *oid == wanted).unwrap();
        let some = |random: &mut Random, from: usize| from + random.below(50 - from);
        let moves: Vec<(Option<Oid>, Oid)> = (0..12)
            .map(|_| {
                let (old, new) = (some(&mut random, 0), some(&mut random, base + 1));
                (Some(graph.oids[old]), graph.oids[new])
            })
            .collect();
        let repo = Repo::at(dir.path()).unwrap();
        // As a push is walked whose refs stand where they stand; and as one that is built on one commit.
        let olds: Vec<Oid> = match random.below(2) {
            0 => moves.iter().filter_map(|(old, _)| *old).collect(),
            _ => vec![graph.oids[base]],
        };
        let tips: Vec<Oid> = moves.iter().map(|(_, new)| *new).collect();
        let except: Vec<String> = olds.iter().map(Oid::to_string).collect();
        let walked = rev_list(&repo, &tips, &except).unwrap();
        repo.ancestry().walked(&moves, &walked);
        grounds += usize::from(repo.ancestry().ground.is_some());
        will_ask_ancestors(&repo, moves.iter().map(|(old, new)| (old.unwrap(), *new)));
        for (old, new) in moves {
            let old = old.unwrap();
            let is = is_ancestor(&repo, old, new).unwrap();
            assert_eq!(is, graph.reaches(number(new), number(old)), "{old} {new}");
            *if is { &mut yes } else { &mut no } += 1;
        }
    }
    assert!(grounds > 2 && yes > 20 && no > 20, "{grounds} {yes} {no}");
}

#[test]
fn what_is_no_commit_is_behind_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let git =
        |args: &[&str], input: &str| git(dir.path(), args, input.to_owned()).trim().to_owned();
    git(&["init", "-q", "--bare", "."], "");
    let tree = git(&["mktree"], "");
    let commit = |parent: Option<&str>, message: &str| {
        let person = "a <a@example.com> 1000000000 +0000";
        let parent = parent.map(|parent| format!("parent {parent}\n"));
        let parent = parent.unwrap_or_default();
        let text =
            format!("tree {tree}\n{parent}author {person}\ncommitter {person}\n\n{message}\n");
        git(&["hash-object", "-w", "-t", "commit", "--stdin"], &text)
    };
    let (base, apart) = (commit(None, "base"), commit(None, "apart"));
    let new = commit(Some(&base), "new");
    let tag = |of: &str| {
        let text = format!("object {of}\ntype commit\ntag t\ntagger a <a@example.com> 1 +0000\n\n");
        git(&["hash-object", "-w", "-t", "tag", "--stdin"], &text)
    };
    let olds = [base.clone(), tag(&apart), tag(&base), tree.clone(), apart];
    let moves: Vec<_> = olds.iter().map(|old| (Some(oid(old)), oid(&new))).collect();
    let repo = Repo::at(dir.path()).unwrap();
    let walked = rev_list(&repo, &[oid(&new)], &[base]).unwrap();
    repo.ancestry().walked(&moves, &walked);
    will_ask_ancestors(&repo, moves.iter().map(|(old, new)| (old.unwrap(), *new)));
    let said = olds.map(|old| is_ancestor(&repo, oid(&old), oid(&new)).ok());
    assert_eq!(
        said,
        [Some(true), Some(false), Some(true), None, Some(false)]
    );
}
