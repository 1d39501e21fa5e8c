//! Which names are those of one person, as far as a server can know. It only ever takes two for one,
//! where it takes two people: nobody may do anything more by it.
//!
//! Two names are linked where one line of the list of keys has both, where lines have the same key,
//! and where one is an account and the other an address that begins with it. Links join up: who has
//! a line as `alice` and another as `alice@clinic.example`, and is `al,alice` in a third, is one.

use std::collections::HashMap;

/// The people of a list of keys.
#[derive(Debug, Default)]
pub struct Persons {
    /// The person of each name, in lower case.
    of: HashMap<Vec<u8>, usize>,
    /// All names of each person.
    names: Vec<Vec<Vec<u8>>>,
}

impl Persons {
    /// Of lists of names, each of which is of one person: all that have one key.
    #[must_use]
    pub fn linked(lists: &[Vec<Vec<u8>>]) -> Self {
        let mut all = Self::default();
        for list in lists {
            all.link(list.iter().map(|name| name.to_ascii_lowercase()).collect());
        }
        // An account and the addresses that begin with it.
        let addresses: Vec<Vec<u8>> = all.of.keys().cloned().collect();
        for address in addresses {
            let at = memchr::memchr(b'@', &address);
            let account = at.map(|at| address[..at].to_vec());
            if let Some(account) = account.filter(|account| all.of.contains_key(account)) {
                all.link(vec![account, address]);
            }
        }
        all
    }

    fn link(&mut self, names: Vec<Vec<u8>>) {
        let mut people: Vec<usize> = names
            .iter()
            .filter_map(|n| self.of.get(n).copied())
            .collect();
        people.sort_unstable();
        people.dedup();
        let person = people.first().copied().unwrap_or_else(|| {
            self.names.push(Vec::new());
            self.names.len() - 1
        });
        let mut joined = names;
        for other in people.into_iter().skip(1) {
            joined.append(&mut std::mem::take(&mut self.names[other]));
        }
        for name in joined {
            if self.of.insert(name.clone(), person) != Some(person) {
                self.names[person].push(name);
            }
        }
    }

    /// Whether two names could be those of one person.
    #[must_use]
    pub fn same(&self, one: &[u8], other: &[u8]) -> bool {
        let all = |name: &[u8]| {
            let person = self.of.get(&name.to_ascii_lowercase());
            person
                .map(|person| self.names[*person].as_slice())
                .unwrap_or_default()
        };
        let (ones, others) = (all(one), all(other));
        let mut ones = ones.iter().map(Vec::as_slice).chain([one]);
        ones.any(|one| {
            let mut others = others.iter().map(Vec::as_slice).chain([other]);
            others.any(|other| alike(one, other))
        })
    }
}

/// Whether two names look like those of one person: the same, or one an account and the other an
/// address that begins with it.
fn alike(one: &[u8], other: &[u8]) -> bool {
    let account = |name: &[u8], address: &[u8]| {
        let rest = address.get(name.len()..).unwrap_or_default();
        rest.starts_with(b"@") && address[..name.len()].eq_ignore_ascii_case(name)
    };
    one.eq_ignore_ascii_case(other) || account(one, other) || account(other, one)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(lists: &[&[&str]], one: &str, other: &str) -> bool {
        let list = |list: &&[&str]| list.iter().map(|name| name.as_bytes().to_vec()).collect();
        let lists: Vec<Vec<Vec<u8>>> = lists.iter().map(list).collect();
        let persons = Persons::linked(&lists);
        let same = persons.same(one.as_bytes(), other.as_bytes());
        assert_eq!(same, persons.same(other.as_bytes(), one.as_bytes()));
        same
    }

    #[test]
    fn names_alike_are_of_one_person_whatever_the_list_says() {
        for (one, other, is) in [
            ("alice", "alice", true),
            ("alice", "ALICE", true),
            ("alice", "alice@x", true),
            ("alice@x", "alice@X", true),
            ("alice@x", "alice@y", false),
            ("alice", "alicex@y", false),
            ("alic", "alice@x", false),
            ("", "@x", true),
            ("alice@x", "alice@x@y", true),
        ] {
            assert_eq!(same(&[], one, other), is, "{one} {other}");
        }
    }

    #[test]
    fn links_join_up() {
        let three: &[&[&str]] = &[&["alice"], &["ally@home"], &["ALICE", "ally@home"]];
        let chain: &[&[&str]] = &[&["a", "b"], &["c", "d"], &["e"], &["d", "E"], &["b", "c"]];
        for (lists, one, other, is) in [
            (three, "alice", "ally@home", true),
            (&three[..2], "alice", "ally@home", false),
            (three, "alice@work", "ally@home", true),
            (three, "bob", "ally@home", false),
            (chain, "a", "e", true),
            (chain, "a", "f", false),
            // The account of the one is the start of the address of the other.
            (&[&["x", "al@home"], &["al", "y"]], "x", "y", true),
            // An account that no line has joins nothing to anything.
            (&[&["x", "al@home"], &["al@work", "y"]], "x", "y", false),
            (&[&["x", "al@home"], &["al@work", "y"]], "al", "y", true),
            (&[&["a", "a"], &[], &["b"]], "a", "b", false),
        ] {
            assert_eq!(same(lists, one, other), is, "{one} {other}");
        }
    }
}
