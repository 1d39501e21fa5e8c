//! Which commits are ancestors of which: one at a time, or those of a whole push by one walk.

use super::program::GitError;
use super::repo::Repo;
use super::walk::{Walked, parse_walked, parse_walked_line};
use super::{Oid, OidMap, OidSet};
use std::collections::{HashMap, VecDeque};
use std::io::{BufRead as _, Write as _};

/// From how many questions on one walk answers all of them.
const MANY: usize = 4;

/// A commit that may be an ancestor, and the one that it may be one of.
type Pair = (Oid, Oid);

/// Questions that will be asked, and what has been answered. A commit never changes its ancestors.
#[derive(Default)]
pub(super) struct Ancestry {
    asked: Vec<Pair>,
    known: HashMap<Pair, bool>,
    /// What one commit brings in beyond another, where that was walked lately.
    walked: Option<(Pair, Vec<Walked>)>,
    ground: Option<Ground>,
}

/// Commits that were walked, and the one other commit that all of them are built on.
struct Ground {
    below: Oid,
    above: OidSet,
}

impl Ground {
    /// None where there are several such commits, or a first one among those that were walked.
    fn of(walked: &[Walked]) -> Option<Self> {
        let above: OidSet = walked.iter().map(|commit| commit.oid).collect();
        let mut below = None;
        for commit in walked {
            if commit.parents.is_empty() {
                return None;
            }
            for parent in commit.parents.iter().filter(|oid| !above.contains(oid)) {
                if *below.get_or_insert(*parent) != *parent {
                    return None;
                }
            }
        }
        let below = below?;
        Some(Self { below, above })
    }
}

impl Ancestry {
    /// Keeps what refs bring in beyond what they stand for, and which of them are built on that: of
    /// the commits on the way from the one to the other only the last is reached by what was there.
    pub(super) fn walked(&mut self, moves: &[(Option<Oid>, Oid)], walked: &[Walked]) {
        let pairs = moves.iter().filter_map(|(old, new)| Some(((*old)?, *new)));
        let mut handed = Handed::new(pairs.collect());
        // What a ref names already has nothing on the way to it.
        let same = handed.pairs.iter().filter(|(old, new)| old == new);
        self.known.extend(same.map(|pair| (*pair, true)));
        for commit in walked {
            handed.meet(commit);
            for parent in &commit.parents {
                handed.arrive(*parent);
            }
        }
        let told = handed.pairs.iter().zip(&handed.are).filter(|(_, is)| **is);
        self.known.extend(told.map(|(pair, _)| (*pair, true)));
        if let [(Some(old), new)] = moves {
            self.walked = Some(((*old, *new), walked.to_vec()));
        } else {
            self.ground = Ground::of(walked);
        }
    }

    fn unknown(&self, asked: &[Pair]) -> Vec<Pair> {
        let pairs = asked.iter();
        let left = pairs.filter(|pair| !self.known.contains_key(pair));
        left.copied().collect()
    }

    /// What `new` brings in beyond `old`, if that was walked last.
    pub(super) fn beyond(&self, old: Oid, new: Oid) -> Option<Vec<Walked>> {
        let (pair, walked) = self.walked.as_ref()?;
        (*pair == (old, new)).then(|| walked.clone())
    }
}

/// On a walk, children before parents: which of some pairs reach each commit.
struct Handed {
    pairs: Vec<Pair>,
    words: usize,
    /// For commits that were not met yet, by the numbers of the pairs whose second commit reaches them.
    sets: OidMap<Vec<u64>>,
    /// The pairs by their first commit, where that was not met yet.
    left: OidMap<Vec<usize>>,
    /// For each pair whether the first was reached by the second.
    are: Vec<bool>,
}

impl Handed {
    fn new(pairs: Vec<Pair>) -> Self {
        let words = pairs.len().div_ceil(64);
        let mut sets: OidMap<Vec<u64>> = OidMap::default();
        let mut left: OidMap<Vec<usize>> = OidMap::default();
        for (at, (old, new)) in pairs.iter().enumerate() {
            sets.entry(*new).or_insert_with(|| vec![0; words])[at / 64] |= 1 << (at % 64);
            left.entry(*old).or_default().push(at);
        }
        Self {
            are: vec![false; pairs.len()],
            pairs,
            words,
            sets,
            left,
        }
    }

    /// Here is the next commit: it hands on to its parents what reaches it.
    fn meet(&mut self, commit: &Walked) {
        self.arrive(commit.oid);
        self.left.remove(&commit.oid);
        let set = self.sets.remove(&commit.oid).unwrap_or_default();
        for parent in &commit.parents {
            let words = self.words;
            let below = self.sets.entry(*parent);
            let below = below.or_insert_with(|| vec![0; words]).iter_mut();
            below.zip(&set).for_each(|(to, from)| *to |= from);
        }
    }

    /// Notes of a commit which pairs it answers.
    fn arrive(&mut self, commit: Oid) {
        let (Some(pairs), Some(set)) = (self.left.get(&commit), self.sets.get(&commit)) else {
            return;
        };
        for at in pairs {
            self.are[*at] |= set
                .get(at / 64)
                .is_some_and(|word| word >> (at % 64) & 1 == 1);
        }
    }
}

/// Says that of each pair it will be asked whether the first commit is an ancestor of the second.
pub fn will_ask_ancestors(repo: &Repo, pairs: impl IntoIterator<Item = (Oid, Oid)>) {
    repo.ancestry().asked.extend(pairs);
}

/// Whether `old` is an ancestor of `new` or the same commit.
///
/// # Errors
/// When Git cannot tell: a missing object, or one that is no commit.
pub fn is_ancestor(repo: &Repo, old: Oid, new: Oid) -> Result<bool, GitError> {
    let asked = {
        let mut ancestry = repo.ancestry();
        if let Some(known) = ancestry.known.get(&(old, new)) {
            return Ok(*known);
        }
        std::mem::take(&mut ancestry.asked)
    };
    if asked.len() >= MANY {
        for answer in [below, all] {
            let left = repo.ancestry().unknown(&asked);
            if !left.contains(&(old, new)) {
                break;
            }
            // What cannot be walked together is asked one by one.
            if let Ok(answers) = answer(repo, left) {
                repo.ancestry().known.extend(answers);
            }
        }
        if let Some(known) = repo.ancestry().known.get(&(old, new)) {
            return Ok(*known);
        }
    }
    let is = is_near(repo, old, new) || {
        let (old, new) = (old.to_string(), new.to_string());
        let run = repo.git(["merge-base", "--is-ancestor", &old, &new]);
        run.optional()?.is_some()
    };
    repo.ancestry().known.insert((old, new), is);
    Ok(is)
}

/// Whether `old` is among the nearest ancestors of `new`: of most pushes that can be told without
/// starting a program.
fn is_near(repo: &Repo, old: Oid, new: Oid) -> bool {
    const NEAR: usize = 64;
    let mut seen = OidSet::default();
    let mut queue = VecDeque::from([new]);
    while let Some(oid) = queue.pop_front() {
        if oid == old {
            return true;
        }
        if seen.len() == NEAR || !seen.insert(oid) {
            continue;
        }
        if let Ok(commit) = repo.commit(oid) {
            queue.extend(commit.parents);
        }
    }
    false
}

/// Of those that are built on one commit, as most of a push are: what that one has behind it is an
/// ancestor of each. Whatever Git does not leave out of the walk stays unanswered: where the clocks
/// of commits were wrong, that may still be one.
fn below(repo: &Repo, pairs: Vec<Pair>) -> Result<Vec<(Pair, bool)>, GitError> {
    let (below, pairs): (Oid, Vec<Pair>) = match &repo.ancestry().ground {
        Some(ground) => {
            let above = |(_, new): &Pair| ground.above.contains(new);
            // Git lists neither what is behind that one nor what is no commit.
            let is_commit = |(old, _): &Pair| repo.commit(*old).is_ok();
            let pairs = pairs.into_iter().filter(above).filter(is_commit);
            (ground.below, pairs.collect())
        }
        None => return Ok(Vec::new()),
    };
    let mut input = format!("^{below}\n");
    for (old, _) in &pairs {
        input.push_str(&format!("{old}\n"));
    }
    let run = repo.git(["rev-list", "--parents", "--stdin"]);
    let others = parse_walked(&run.stdin(input).output()?);
    let others: OidSet = others.into_iter().map(|commit| commit.oid).collect();
    let behind = pairs.into_iter().filter(|(old, _)| !others.contains(old));
    Ok(behind.map(|pair| (pair, true)).collect())
}

/// Walks from all new commits down, children before parents, until the last old one was met. Each
/// commit hands on which of the pairs reach it.
fn all(repo: &Repo, pairs: Vec<Pair>) -> Result<Vec<(Pair, bool)>, GitError> {
    let pairs: Vec<Pair> = pairs
        .into_iter()
        .filter(|(old, new)| repo.commit(*old).is_ok() && repo.commit(*new).is_ok())
        .collect();
    let mut handed = Handed::new(pairs);
    let mut walk = repo
        .git(["rev-list", "--topo-order", "--parents", "--stdin"])
        .stream()?;
    if let Some(mut stdin) = walk.stdin.take() {
        // Who stops reading early says by its status why.
        let _ = handed
            .sets
            .keys()
            .try_for_each(|new| writeln!(stdin, "{new}"))
            .and_then(|()| stdin.flush());
    }
    let mut line = Vec::new();
    loop {
        if handed.left.is_empty() {
            walk.stop();
            break;
        }
        line.clear();
        match walk.stdout.read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => {
                walk.finish()?;
                break;
            }
            Ok(_) => {}
        }
        if let Some(commit) = parse_walked_line(line.trim_ascii_end()) {
            handed.meet(&commit);
        }
    }
    Ok(handed.pairs.into_iter().zip(handed.are).collect())
}

#[cfg(test)]
mod tests;
