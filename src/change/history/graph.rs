//! The commits of a history and how they hang together, by numbers: some ten thousand of them are gone
//! through for every scan, also where nothing is new.

use super::Node;
use super::memory::Remembered;
use crate::git::{Oid, OidMap};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Every commit has a number below [`Graph::len`]; those that were remembered have the first ones.
#[derive(Debug, Default)]
pub(super) struct Graph {
    oids: Vec<Oid>,
    times: Vec<i64>,
    /// Where the parents of each begin in `parents`; one more, for the end of the last.
    lists: Vec<u32>,
    parents: Vec<u32>,
    /// Those that were remembered, sorted by their ids.
    remembered: Vec<u32>,
    /// The numbers of the others,
    numbers: OidMap<u32>,
    /// the numbers of their trees, where objects have numbers,
    trees: Vec<Option<u32>>,
    /// and the trees, where objects have none at first.
    roots: Vec<Option<Oid>>,
}

/// How a commit is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reached {
    /// By no ref.
    Not,
    /// By a `HEAD` that is on no branch.
    ByHead,
    /// By a ref, which has this place in a list of them.
    By(u32),
}

impl Graph {
    /// Of the commits that were remembered, and of others. A parent that is not among them is none.
    pub(super) fn of(remembered: Remembered, others: OidMap<Node>) -> Self {
        let Remembered {
            commits,
            by_id,
            times,
            lists,
            parents,
        } = remembered;
        let mut graph = Self {
            remembered: by_id,
            oids: commits,
            times,
            lists,
            parents,
            ..Self::default()
        };
        if graph.lists.is_empty() {
            graph.lists.push(0);
        }
        let mut nodes = Vec::with_capacity(others.len());
        for (oid, node) in others {
            if graph.number(oid).is_none() {
                graph.numbers.insert(oid, graph.oids.len() as u32);
                graph.oids.push(oid);
                nodes.push(node);
            }
        }
        for node in nodes {
            for parent in node.parents {
                let number = graph.number(parent);
                graph.parents.extend(number);
            }
            graph.lists.push(graph.parents.len() as u32);
            graph.times.push(node.time);
            graph.trees.push(node.tree);
            graph.roots.push(node.root);
        }
        graph
    }

    pub(super) fn len(&self) -> usize {
        self.oids.len()
    }

    pub(super) fn number(&self, oid: Oid) -> Option<u32> {
        let known = &self.remembered;
        match known.binary_search_by_key(&oid, |number| self.oid(*number)) {
            Ok(place) => Some(known[place]),
            Err(_) => self.numbers.get(&oid).copied(),
        }
    }

    pub(super) fn oid(&self, number: u32) -> Oid {
        self.oids[number as usize]
    }

    pub(super) fn time(&self, number: u32) -> i64 {
        self.times[number as usize]
    }

    pub(super) fn parents(&self, number: u32) -> &[u32] {
        let number = number as usize;
        &self.parents[self.lists[number] as usize..self.lists[number + 1] as usize]
    }

    /// Whether it was not remembered.
    pub(super) fn is_new(&self, number: u32) -> bool {
        number as usize >= self.remembered.len()
    }

    /// Those that were not remembered.
    pub(super) fn new_ones(&self) -> impl Iterator<Item = u32> + Clone {
        self.remembered.len() as u32..self.oids.len() as u32
    }

    /// The number of the tree of one that was not remembered.
    pub(super) fn tree(&self, number: u32) -> Option<u32> {
        let place = (number as usize).checked_sub(self.remembered.len())?;
        self.trees[place]
    }

    /// Gives the trees their numbers, where they had none.
    pub(super) fn number_trees(&mut self, numbers: &OidMap<u32>) {
        for (tree, root) in self.trees.iter_mut().zip(&self.roots) {
            *tree = root.and_then(|root| numbers.get(&root).copied());
        }
    }

    /// Marks all that a commit reaches and nothing did before.
    pub(super) fn reach(&self, reached: &mut [Reached], tip: u32, by: Reached) {
        let mut open = vec![tip];
        while let Some(number) = open.pop() {
            let how = &mut reached[number as usize];
            if *how == Reached::Not {
                *how = by;
                open.extend(self.parents(number));
            }
        }
    }

    /// Commits that are reached before others, parents before children, older ones first.
    pub(super) fn oldest_first(&self, reached: &[Reached]) -> Vec<u32> {
        let is_reached = |number: u32| reached[number as usize] != Reached::Not;
        let alike = |one: u32| {
            let parents = self.parents(one).iter().copied();
            parents.filter(move |parent| is_reached(*parent) == is_reached(one))
        };
        let all = 0..self.len() as u32;
        // Whose children each is, in lists one behind the other.
        let mut starts = vec![0_u32; self.len() + 1];
        for number in all.clone() {
            alike(number).for_each(|parent| starts[parent as usize + 1] += 1);
        }
        for number in 0..self.len() {
            starts[number + 1] += starts[number];
        }
        let mut children = vec![0_u32; self.parents.len()];
        let mut next = starts.clone();
        let mut waits = vec![0_u32; self.len()];
        for number in all.clone() {
            for parent in alike(number) {
                let place = &mut next[parent as usize];
                children[*place as usize] = number;
                *place += 1;
                waits[number as usize] += 1;
            }
        }
        let mut order = Vec::with_capacity(self.len());
        let key = |number: u32| Reverse((self.time(number), self.oid(number), number));
        for wanted in [true, false] {
            let first = all
                .clone()
                .filter(|number| waits[*number as usize] == 0 && is_reached(*number) == wanted);
            let mut ready: BinaryHeap<_> = first.map(key).collect();
            while let Some(Reverse((_, _, number))) = ready.pop() {
                order.push(number);
                let list = starts[number as usize] as usize..starts[number as usize + 1] as usize;
                for child in &children[list] {
                    let waits = &mut waits[*child as usize];
                    *waits -= 1;
                    if *waits == 0 {
                        ready.push(key(*child));
                    }
                }
            }
        }
        order
    }

    /// The same to be remembered, in an order, and the number that each has here.
    pub(super) fn remembered(&self, order: &[u32]) -> (Remembered, Vec<u32>) {
        const NONE: u32 = u32::MAX;
        let mut numbers = order.to_vec();
        let mut places = vec![NONE; self.len()];
        for (number, place) in order.iter().zip(0..) {
            places[*number as usize] = place;
        }
        // What stands in a circle is in no order.
        for (place, number) in places.iter_mut().zip(0..) {
            if *place == NONE {
                *place = numbers.len() as u32;
                numbers.push(number);
            }
        }
        let mut remembered = Remembered {
            lists: vec![0],
            by_id: (0..self.len() as u32).collect(),
            ..Remembered::default()
        };
        for number in &numbers {
            remembered.commits.push(self.oid(*number));
            remembered.times.push(self.time(*number));
            let parents = self.parents(*number).iter();
            let parents = parents.map(|parent| places[*parent as usize]);
            remembered.parents.extend(parents);
            remembered.lists.push(remembered.parents.len() as u32);
        }
        let commits = &remembered.commits;
        let by_id = &mut remembered.by_id;
        by_id.sort_unstable_by_key(|number| commits[*number as usize]);
        (remembered, numbers)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn oid(number: u8) -> Oid {
        Oid::from_raw(&[number; 20]).unwrap()
    }

    fn node(time: i64, parents: &[u8]) -> Node {
        Node {
            parents: parents.iter().map(|parent| oid(*parent)).collect(),
            tree: None,
            root: None,
            time,
        }
    }

    /// A root that is younger than what is built on it, a side that comes late, a merge, one beside.
    fn nodes() -> OidMap<Node> {
        let nodes = [
            (9, node(5, &[])),
            (3, node(1, &[9])),
            (7, node(8, &[9, 99])),
            (1, node(9, &[3, 7, 3])),
            (4, node(2, &[3])),
        ];
        let nodes = nodes.map(|(number, node)| (oid(number), node));
        nodes.into_iter().collect()
    }

    fn sorted(graph: &Graph) -> Vec<u32> {
        let mut reached = vec![Reached::Not; graph.len()];
        if let Some(tip) = graph.number(oid(1)) {
            graph.reach(&mut reached, tip, Reached::By(0));
        }
        graph.oldest_first(&reached)
    }

    fn order(graph: &Graph) -> Vec<u8> {
        sorted(graph)
            .iter()
            .map(|at| graph.oid(*at).as_raw()[0])
            .collect()
    }

    #[test]
    fn parents_stand_before_children_and_what_is_reached_before_what_is_not() {
        let graph = Graph::of(Remembered::default(), nodes());
        assert_eq!(order(&graph), [9, 3, 7, 1, 4]);
    }

    #[test]
    fn what_was_remembered_and_what_is_new_are_one_graph() {
        let whole = Graph::of(Remembered::default(), nodes());
        for late in [1_u8, 4] {
            let mut old = nodes();
            let new = old.remove(&oid(late)).unwrap();
            let old = Graph::of(Remembered::default(), old);
            let (remembered, _) = old.remembered(&sorted(&old));
            assert!(remembered.is_sound());
            // One of those that were remembered is met again.
            let new = [(oid(late), new), (oid(7), node(8, &[9]))];
            let graph = Graph::of(remembered, new.into_iter().collect());
            assert_eq!(graph.len(), 5);
            assert_eq!(order(&graph), order(&whole));
            let fresh: Vec<Oid> = graph.new_ones().map(|at| graph.oid(at)).collect();
            assert_eq!(fresh, [oid(late)]);
            assert!(graph.is_new(graph.number(oid(late)).unwrap()));
        }
    }
}
