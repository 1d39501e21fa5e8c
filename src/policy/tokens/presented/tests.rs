//! Whether a token fits, of made-up pushes.

#![allow(clippy::unwrap_used)]

use super::*;
use time::Duration;

fn oid(digit: u8) -> Oid {
    Oid::from_raw(&[digit; 20]).unwrap()
}

fn name(text: &str) -> RefName {
    RefName::new(text.as_bytes()).unwrap()
}

fn now() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap()
}

fn token(allowed: Allowed) -> Token {
    Token {
        repository: "app.git-1".to_owned(),
        refname: name("refs/heads/main"),
        allowed,
        pusher: None,
        expires: (now() + Duration::hours(1)).unix_timestamp(),
        nonce: [1; 16],
        reason: None,
    }
}

fn principals(list: &[&str]) -> Vec<Principal> {
    list.iter().map(|text| text.parse().unwrap()).collect()
}

/// What a token says of a push of main from 1 to `new`, `seconds` from now.
fn said(token: &Token, refname: &str, old: u8, new: Option<u8>, seconds: i64) -> Option<String> {
    let (groups, keys) = (Groups::default(), ServerKeys::default());
    let (pusher, name) = (Pusher::named(b"alice"), name(refname));
    let push = Push {
        pusher: &pusher,
        now: now() + Duration::seconds(seconds),
        name: &name,
        old: Some(oid(old)),
        new: new.map(oid),
        groups: &groups,
        keys: &keys,
        repo: None,
    };
    assert!(token.fits(None, &push).is_err());
    assert!(token.fits(Some("app.git-2"), &push).is_err());
    token.fits(Some("app.git-1"), &push).err()
}

#[test]
fn a_token_is_for_one_ref_in_one_state_for_a_time() {
    const MAIN: &str = "refs/heads/main";
    let (delete, force) = (
        token(Allowed::Delete { old: oid(1) }),
        token(Allowed::Force {
            old: oid(1),
            new: oid(2),
        }),
    );
    for (token, refname, old, new, seconds, fits) in [
        (&delete, MAIN, 1, None, 0, true),
        (&delete, MAIN, 1, None, 3_599, true),
        (&delete, MAIN, 1, None, 3_600, false),
        (&delete, MAIN, 1, None, -6 * 86_400, true),
        (&delete, MAIN, 1, None, -7 * 86_400, false),
        (&delete, MAIN, 2, None, 0, false),
        (&delete, "refs/heads/Main", 1, None, 0, false),
        (&delete, "refs/heads/main2", 1, None, 0, false),
        (&delete, "refs/tags/main", 1, None, 0, false),
        (&force, MAIN, 1, Some(2), 0, true),
        (&force, MAIN, 1, Some(3), 0, false),
        (&force, MAIN, 1, None, 0, false),
        (&force, MAIN, 2, Some(2), 0, false),
    ] {
        let said = said(token, refname, old, new, seconds);
        assert_eq!(said.is_none(), fits, "{refname} {old} {new:?} {seconds}");
    }
    let forever = Token {
        expires: i64::MAX,
        ..delete.clone()
    };
    assert!(said(&forever, MAIN, 1, None, 0).is_some());
    let past = Token {
        expires: i64::MIN,
        ..delete.clone()
    };
    assert!(said(&past, MAIN, 1, None, 0).is_some());
    for (pusher, fits) in [("alice", true), ("Alice", false), ("bob", false)] {
        let bound = Token {
            pusher: Some(pusher.as_bytes().to_vec()),
            ..delete.clone()
        };
        assert_eq!(said(&bound, MAIN, 1, None, 0).is_none(), fits, "{pusher}");
    }
}

#[test]
fn it_takes_a_second_person_out_of_the_list() {
    let groups: Groups = toml::from_str("admins = [\"carol\", \"alice\"]").unwrap();
    let (alice, nobody) = (Pusher::named(b"alice"), Pusher::Unknown);
    for (names, list, pusher, fits) in [
        (&["carol"][..], &["@admins"][..], &alice, true),
        (&["carol@example.com", "carol"], &["@admins"], &alice, true),
        (&["dave"], &["@admins", "dave"], &alice, true),
        (&["dave"], &["*"], &alice, true),
        (&["dave"], &["@admins"], &alice, false),
        (&["Carol"], &["@admins"], &alice, false),
        (&["carol"], &[], &alice, false),
        (&["carol"], &["@nobody"], &alice, false),
        // A key that is the pusher's under another name as well.
        (&["alice"], &["@admins"], &alice, false),
        (&["carol", "alice"], &["@admins"], &alice, false),
        // And one that is known by the pusher's address, or in other letters.
        (&["alice@example.com"], &["*"], &alice, false),
        (&["Alice"], &["*"], &alice, false),
        (&[], &["*"], &alice, false),
        (&["carol"], &["@admins"], &nobody, false),
    ] {
        let names: Vec<Vec<u8>> = names.iter().map(|name| name.as_bytes().to_vec()).collect();
        let said = second_person(
            &names,
            &principals(list),
            &groups,
            pusher,
            &Persons::default(),
        );
        assert_eq!(said.is_ok(), fits, "{names:?} {list:?} {pusher:?}");
    }
}

#[test]
fn options_that_mean_us_are_understood_or_refused() {
    let unspent = |_: &str| Ok(false);
    let wrong = |option: &[u8]| {
        let all = Presented::read(None, Some(&[option.to_vec()]), &unspent);
        all.wrong().first().cloned()
    };
    for other in [
        &b"ci.skip"[..],
        b"",
        b"portcullis",
        b"xportcullis.confirm=a",
        b"\xff\x1b",
    ] {
        assert_eq!(wrong(other), None, "{other:?}");
    }
    for bad in [
        &b"portcullis.confirm"[..],
        b"portcullis.confirm=",
        b"portcullis.confirm=a.b",
        b"portcullis.bypass=\xff",
        b"portcullis.",
    ] {
        assert!(wrong(bad).is_some(), "{bad:?}");
    }
    let near = wrong(b"Portcullis.Confrim=a\x1b").unwrap();
    assert!(near.ends_with("nearest is portcullis.confirm"), "{near}");
    assert!(!near.contains('\u{1b}'));
}

#[test]
fn a_shorter_list_never_lets_in_whom_a_longer_one_refuses() {
    let groups: Groups = toml::from_str("admins = [\"carol\"]").unwrap();
    let entries = ["@admins", "dave", "*", "@nobody", "alice"];
    let people: [&[&str]; 5] = [&[], &["carol"], &["dave", "carol"], &["alice"], &["erin"]];
    let mut counts = [0, 0];
    for set in 0..1_u32 << entries.len() {
        let list: Vec<&str> = (0..entries.len())
            .filter(|at| set >> at & 1 == 1)
            .map(|at| entries[at])
            .collect();
        for names in people {
            let names: Vec<Vec<u8>> = names.iter().map(|name| name.as_bytes().to_vec()).collect();
            let asks = |list: &[&str], who: &Pusher| {
                second_person(&names, &principals(list), &groups, who, &Persons::default()).is_ok()
            };
            for who in [
                Pusher::named(b"alice"),
                Pusher::named(b"dave"),
                Pusher::Unknown,
            ] {
                let all = asks(&list, &who);
                counts[usize::from(all)] += 1;
                for without in 0..list.len() {
                    let mut fewer = list.clone();
                    fewer.remove(without);
                    assert!(all || !asks(&fewer, &who), "{list:?} {names:?} {who:?}");
                }
            }
        }
    }
    assert!(counts.iter().all(|count| *count > 50), "{counts:?}");
}
