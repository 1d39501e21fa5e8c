//! Who may do what: pushers, groups and the principals that rules name.

use super::parsed::Parsed;
use crate::git::escape;
use serde::de::value::SeqAccessDeserializer;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

/// Who pushes, as the server knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pusher {
    /// An account by its name, bytes as the server has them; never empty.
    Known(Vec<u8>),
    /// Nobody could be identified. No rule allows them anything, `"*"` included.
    Unknown,
}

impl Pusher {
    /// The pusher of that name; an empty name is nobody.
    #[must_use]
    pub fn named(name: &[u8]) -> Self {
        if name.is_empty() {
            Self::Unknown
        } else {
            Self::Known(name.to_vec())
        }
    }
}

/// So many are named of many.
const NAMED: usize = 3;

/// One entry of a list such as `push = ["@leads", "dave"]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// `"*"`: everyone who is known.
    Everyone,
    /// `"@NAME"`: the members of a group.
    Group(String),
    /// `"NAME"`: one account.
    User(String),
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everyone => f.write_str("*"),
            Self::Group(name) => write!(f, "@{}", escape(name.as_bytes())),
            Self::User(name) => f.write_str(&escape(name.as_bytes())),
        }
    }
}

impl FromStr for Principal {
    type Err = BadPrincipal;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix('@') {
            _ if text == "*" => Ok(Self::Everyone),
            Some("") => Err(BadPrincipal::Empty),
            Some(group) => Ok(Self::Group(group.to_owned())),
            None if text.is_empty() => Err(BadPrincipal::Empty),
            None => Ok(Self::User(text.to_owned())),
        }
    }
}

/// The text names nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPrincipal {
    /// Empty, or a lone `@`.
    #[error("an empty name: write a user, \"@group\" or \"*\"; for nobody write []")]
    Empty,
    /// A member of a group that is itself a group or everyone.
    #[error(
        "a group holds plain names only, no \"@group\" and no \"*\": name both groups in the rule instead"
    )]
    Nested,
}

/// The account name of a member of a group: neither `"*"` nor `"@..."`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Member(String);

impl FromStr for Member {
    type Err = BadPrincipal;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse()? {
            Principal::User(name) => Ok(Self(name)),
            Principal::Everyone | Principal::Group(_) => Err(BadPrincipal::Nested),
        }
    }
}

impl<'de> Deserialize<'de> for Member {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Parsed::deserialize(deserializer).map(|parsed| parsed.0)
    }
}

/// The table `[groups]`: names and their members.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Groups(BTreeMap<String, Members>);

/// The members of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Members {
    /// These.
    Are(Vec<Member>),
    /// Those in a file, which was not read.
    In(String),
}

impl Members {
    fn known(&self) -> &[Member] {
        match self {
            Self::Are(members) => members,
            Self::In(_) => &[],
        }
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of names, or the name of a file with one a line")
            }

            fn visit_str<E: serde::de::Error>(self, file: &str) -> Result<Members, E> {
                if file.is_empty() {
                    return Err(E::custom("an empty name of a file"));
                }
                Ok(Members::In(file.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Members, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(Members::Are)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl Groups {
    /// Whether a list of principals holds the pusher. An empty list is nobody; an unknown pusher
    /// is in no list; a group that does not exist has no members.
    #[must_use]
    pub fn allows(&self, principals: &[Principal], pusher: &Pusher) -> bool {
        let name = match pusher {
            Pusher::Known(name) if !name.is_empty() => name,
            Pusher::Known(_) | Pusher::Unknown => return false,
        };
        principals.iter().any(|principal| match principal {
            Principal::Everyone => true,
            Principal::Group(group) => self.0.get(group).is_some_and(|members| {
                let mut members = members.known().iter();
                members.any(|member| member.0.as_bytes() == name.as_slice())
            }),
            Principal::User(user) => user.as_bytes() == name.as_slice(),
        })
    }

    /// The groups whose members stand in a file, each with that file as it was written.
    pub fn files(&self) -> impl Iterator<Item = (String, String)> {
        self.0.iter().filter_map(|(group, members)| match members {
            Members::Are(_) => None,
            Members::In(file) => Some((group.clone(), file.clone())),
        })
    }

    /// Gives a group the members that its file names.
    pub fn fill(&mut self, group: &str, members: Vec<Member>) {
        self.0.insert(group.to_owned(), Members::Are(members));
    }

    /// How many accounts a list of principals holds; none where it holds everyone, or that is not
    /// known.
    #[must_use]
    pub fn count(&self, principals: &[Principal]) -> Option<usize> {
        self.names(principals).map(|names| names.len())
    }

    /// The accounts that a list of principals holds, each once and sorted; none where it holds
    /// everyone, or that is not known.
    #[must_use]
    pub fn names<'a>(&'a self, principals: &'a [Principal]) -> Option<Vec<&'a str>> {
        let mut names: BTreeSet<&str> = BTreeSet::new();
        for principal in principals {
            match principal {
                Principal::Everyone => return None,
                Principal::User(user) => {
                    names.insert(user);
                }
                Principal::Group(group) => match self.0.get(group) {
                    Some(Members::In(_)) => return None,
                    Some(Members::Are(members)) => {
                        names.extend(members.iter().map(|member| member.0.as_str()));
                    }
                    None => {}
                },
            }
        }
        Some(names.into_iter().collect())
    }

    /// The groups that hold someone.
    pub fn of<'a>(&'a self, pusher: &'a Pusher) -> impl Iterator<Item = Principal> + 'a {
        let groups = self.0.keys().map(|name| Principal::Group(name.clone()));
        groups.filter(|group| self.allows(std::slice::from_ref(group), pusher))
    }

    /// A list for people: `@leads (alice, bob, carol and 2 more), dave`. Who that is in person is told
    /// to those alone whom the server knows: whom they may ask is no secret to them.
    #[must_use]
    pub fn shown(&self, principals: &[Principal], to: &Pusher) -> String {
        let known = matches!(to, Pusher::Known(_));
        let (mut all, mut unnamed) = (Vec::new(), 0);
        for principal in principals {
            match principal {
                Principal::Everyone => all.push("everyone who is known".to_owned()),
                Principal::Group(group) if known => {
                    let members = self.0.get(group).map(Members::known).unwrap_or_default();
                    let names = members.iter().map(|member| escape(member.0.as_bytes()));
                    let names = match members {
                        [] => "nobody".to_owned(),
                        _ => named(names),
                    };
                    all.push(format!("{principal} ({names})"));
                }
                Principal::User(_) if !known => unnamed += 1,
                Principal::Group(_) | Principal::User(_) => all.push(principal.to_string()),
            }
        }
        match unnamed {
            0 => {}
            1 => all.push("one account".to_owned()),
            more => all.push(format!("{more} accounts")),
        }
        if all.is_empty() {
            return "nobody".to_owned();
        }
        named(all.into_iter())
    }

    /// Whether a group of that name exists.
    #[must_use]
    pub fn has(&self, group: &str) -> bool {
        self.0.contains_key(group)
    }
}

/// The first of some names, and how many there are beside them.
fn named(names: impl ExactSizeIterator<Item = String>) -> String {
    let count = names.len();
    // To say "and 1 more" takes as long as the name.
    let most = if count == NAMED + 1 { count } else { NAMED };
    let first: Vec<String> = names.take(most).collect();
    match count - first.len() {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn principals(list: &[&str]) -> Vec<Principal> {
        list.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn a_list_holds_who_it_names() {
        let groups: Groups =
            toml::from_str("leads = [\"alice\", \"bob\"]\nadmins = [\"carol\"]\nempty = []")
                .unwrap();
        for (list, pusher, allowed) in [
            (&["@leads"][..], &b"alice"[..], true),
            (&["@leads"], b"bob", true),
            (&["@leads"], b"carol", false),
            (&["@leads"], b"leads", false),
            (&["@leads"], b"@leads", false),
            (&["@leads"], b"alic", false),
            (&["@leads"], b"Alice", false),
            (&["@leads", "@admins"], b"carol", true),
            (&["@empty"], b"alice", false),
            (&["@missing"], b"alice", false),
            (&["dave"], b"dave", true),
            (&["dave"], b"dave\xff", false),
            (&["*"], b"\xff", true),
            (&["*"], b"*", true),
            (&["*"], b"", false),
            (&[], b"alice", false),
        ] {
            assert_eq!(
                groups.allows(&principals(list), &Pusher::named(pusher)),
                allowed,
                "{list:?} {pusher:?}"
            );
        }
    }

    #[test]
    fn a_list_is_shown_with_a_few_names() {
        let groups: Groups = toml::from_str(
            "leads = [\"alice\"]\nmany = [\"a\", \"b\", \"c\", \"d\", \"e\"]\nfour = [\"a\", \"b\", \"c\", \"d\"]\n\
             empty = []",
        )
        .unwrap();
        let alice = Pusher::named(b"alice");
        for (list, to, shown) in [
            (&[][..], &alice, "nobody"),
            (&["*"], &alice, "everyone who is known"),
            (&["@leads", "dave"], &alice, "@leads (alice), dave"),
            (&["@many"], &alice, "@many (a, b, c and 2 more)"),
            (&["@four"], &alice, "@four (a, b, c, d)"),
            (
                &["@empty", "@missing"],
                &alice,
                "@empty (nobody), @missing (nobody)",
            ),
            (&["v", "w", "x", "y", "z"], &alice, "v, w, x and 2 more"),
            (&["@leads", "dave"], &Pusher::Unknown, "@leads, one account"),
            (&["dave", "erin"], &Pusher::Unknown, "2 accounts"),
            (&[], &Pusher::Unknown, "nobody"),
        ] {
            assert_eq!(groups.shown(&principals(list), to), shown, "{list:?}");
        }
    }

    #[test]
    fn everybody_in_a_list_is_counted_once() {
        let groups: Groups =
            toml::from_str("leads = [\"alice\", \"bob\"]\nall = [\"bob\", \"carol\"]").unwrap();
        for (list, count) in [
            (&["@leads", "@all", "bob"][..], Some(3)),
            (&["@leads"], Some(2)),
            (&["dave", "@missing"], Some(1)),
            (&[], Some(0)),
            (&["@leads", "*"], None),
        ] {
            assert_eq!(groups.count(&principals(list)), count, "{list:?}");
        }
    }

    #[test]
    fn who_is_unknown_is_nobody() {
        let groups = Groups::default();
        assert!(!groups.allows(&principals(&["*", "alice"]), &Pusher::Unknown));
        assert!(!groups.allows(&[Principal::Everyone], &Pusher::Known(Vec::new())));
        assert_eq!(Pusher::named(b""), Pusher::Unknown);
    }

    #[test]
    fn names_that_name_nobody_are_errors() {
        assert_eq!("".parse::<Principal>(), Err(BadPrincipal::Empty));
        assert_eq!("@".parse::<Principal>(), Err(BadPrincipal::Empty));
        assert_eq!("@leads".parse::<Member>(), Err(BadPrincipal::Nested));
        assert_eq!("*".parse::<Member>(), Err(BadPrincipal::Nested));
    }
}
