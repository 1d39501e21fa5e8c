//! Who has approved what, and what of it counts.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::policy::approvals::owners::Owners;

fn unit(path: &str) -> Unit {
    let owners = Owners::parse(b"/owned @carol\n/shared @leads @carol\n").unwrap();
    let path = RepoPath::new(path.as_bytes());
    let of = owners.of(&path).concat();
    Unit {
        commit: Oid::from_raw(&[7; 20]).unwrap(),
        owned: if of.is_empty() {
            Vec::new()
        } else {
            vec![(path, of)]
        },
        by: Vec::new(),
    }
}

fn voice(names: &str, covers: Range<usize>, wrote: &[usize]) -> Voice {
    Voice {
        names: names
            .split(',')
            .map(|name| name.as_bytes().to_vec())
            .collect(),
        covers,
        wrote: wrote.to_vec(),
        known: Known::Yes,
        said: None,
    }
}

/// What is lacking, for two units of which the second is owned.
fn lacks(count: usize, from: Option<&[&str]>, voices: &[Voice]) -> Vec<&'static str> {
    let groups: Groups = toml::from_str("leads = [\"alice\", \"bob\"]").unwrap();
    let from: Option<Vec<Principal>> =
        from.map(|list| list.iter().map(|text| text.parse().unwrap()).collect());
    let persons = Persons::default();
    let asks = Asks {
        count,
        from: from.as_deref(),
        groups: &groups,
        pusher: &Pusher::Unknown,
        persons: &persons,
    };
    let units = [unit("free"), unit("owned")];
    let lacks = decide(&units, voices, &[], &asks);
    lacks.into_iter().map(|lack| lack.check.name).collect()
}

#[test]
fn so_many_people_have_to_say_yes_to_each_part() {
    for (count, from, voices, expected) in [
        (0, None, vec![voice("carol", 0..2, &[])], &[][..]),
        (1, None, vec![], &["approvals", "owners"]),
        (1, None, vec![voice("carol", 0..2, &[])], &[]),
        (1, None, vec![voice("carol", 1..2, &[])], &["approvals"]),
        (1, None, vec![voice("dave", 0..2, &[])], &["owners"]),
        (
            1,
            None,
            vec![voice("alice", 0..1, &[]), voice("carol", 1..2, &[])],
            &[],
        ),
        (
            2,
            None,
            vec![voice("alice", 0..2, &[]), voice("carol", 0..2, &[])],
            &[],
        ),
        (
            2,
            None,
            vec![voice("carol", 0..2, &[]), voice("carol", 0..2, &[])],
            &["approvals"],
        ),
        // Two keys of one person, by a name they share or by one that a third key joins.
        (
            2,
            None,
            vec![voice("carol,c@x", 0..2, &[]), voice("c@x", 0..2, &[])],
            &["approvals"],
        ),
        (
            2,
            None,
            vec![voice("carol", 0..2, &[]), voice("carol@x", 0..2, &[])],
            &["approvals"],
        ),
        (
            2,
            None,
            vec![
                voice("a", 0..2, &[]),
                voice("carol", 0..2, &[]),
                voice("a,Carol", 0..2, &[]),
            ],
            &["approvals"],
        ),
        // Who has written it has not approved it, as an owner neither.
        (
            1,
            None,
            vec![voice("carol", 0..2, &[1])],
            &["approvals", "owners"],
        ),
        (
            1,
            None,
            vec![voice("carol", 0..2, &[0]), voice("alice", 0..1, &[])],
            &[],
        ),
        // Only those who are asked.
        (
            1,
            Some(&["@leads"][..]),
            vec![voice("carol", 0..2, &[])],
            &["approvals"],
        ),
        (
            1,
            Some(&["@leads"]),
            vec![voice("carol", 0..2, &[]), voice("x,bob", 0..2, &[])],
            &[],
        ),
        (
            1,
            Some(&["@leads"]),
            vec![voice("bob@x", 0..2, &[])],
            &["approvals", "owners"],
        ),
        (
            2,
            Some(&["*"]),
            vec![voice("bob", 0..2, &[]), voice("carol", 0..2, &[])],
            &[],
        ),
        (
            1,
            Some(&[]),
            vec![voice("carol", 0..2, &[])],
            &["approvals"],
        ),
    ] {
        assert_eq!(
            lacks(count, from, &voices),
            expected,
            "{count} {from:?} {voices:?}"
        );
    }
}

#[test]
fn a_voice_that_nobody_can_verify_here_is_anybodys() {
    let mut voices = vec![voice("1", 0..2, &[]), voice("2", 0..2, &[])];
    for voice in &mut voices {
        voice.known = Known::NotHere;
    }
    assert_eq!(lacks(2, Some(&["@leads"]), &voices), [""; 0]);
    assert_eq!(lacks(3, Some(&["@leads"]), &voices), ["approvals"]);
}

#[test]
fn the_message_says_who_did_and_who_does_not_count() {
    let groups: Groups = toml::from_str("leads = [\"alice\", \"bob\"]").unwrap();
    let from = ["@leads".parse().unwrap()];
    let persons = Persons::default();
    let asks = Asks {
        count: 2,
        from: Some(&from),
        groups: &groups,
        pusher: &Pusher::Unknown,
        persons: &persons,
    };
    let voices = [
        voice("alice", 0..1, &[]),
        voice("bob", 0..1, &[0]),
        voice("da\x1bve", 0..1, &[]),
    ];
    let unheard = [Unheard {
        covers: 0..1,
        why: "the key X has expired".to_owned(),
        known: Known::Yes,
    }];
    let lacks = decide(&[unit("free")], &voices, &unheard, &asks);
    assert_eq!(
        lacks[0].message,
        "commit 0707070707 needs 2 approvals by @leads and has 1 (alice); not counted: bob had \
         a hand in it; da\\u{1b}ve is not one of them; the key X has expired"
    );
}
