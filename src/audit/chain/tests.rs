//! Chains that hold, and every way in which one does not.

#![allow(clippy::unwrap_used)]
use super::*;
use serde_json::json;

/// A log of so many entries, written one push at a time.
fn log(entries: u32) -> Vec<u8> {
    let mut text = Vec::new();
    for number in 0..entries {
        append(&mut text, number);
    }
    text
}

fn append(text: &mut Vec<u8>, number: u32) {
    let end = End::of(text, Reach::Start).unwrap();
    text.extend(
        end.lines(&[json!({"event": "judged", "n": number})])
            .unwrap(),
    );
}

fn follow(files: &[&[u8]], head: Option<String>) -> (Chain, Result<(), Broken>) {
    let mut chain = Chain::new(head);
    for file in files {
        let followed = chain.follow(&mut &**file).unwrap();
        if followed.is_err() {
            return (chain, followed);
        }
    }
    (chain, Ok(()))
}

#[track_caller]
fn broken(text: &[u8], line: u64, flaw: Flaw) {
    assert_eq!(follow(&[text], None).1, Err(Broken { line, flaw }));
}

fn lines(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|byte| *byte == b'\n').collect()
}

#[test]
fn a_line_names_the_sha_256_of_the_line_before() {
    let text = log(3);
    let (chain, followed) = follow(&[&text], None);
    assert_eq!((followed, chain.entries), (Ok(()), 3));
    let lines: Vec<&[u8]> = text.trim_ascii_end().split(|b| *b == b'\n').collect();
    let prev = |line: &[u8]| serde_json::from_slice::<Link>(line).unwrap().prev;
    assert_eq!(prev(lines[0]), NO_HEAD);
    assert_eq!(prev(lines[1]), hex(&Sha256::digest(lines[0])));
    assert_eq!(prev(lines[2]), hex(&Sha256::digest(lines[1])));
    assert_eq!(chain.head, hex(&Sha256::digest(lines[2])));
    // Several at once are the same chain.
    let end = End::of(&text, Reach::Start).unwrap();
    let both = [
        text.clone(),
        end.lines(&[json!({"a": 1}), json!({"b": 2})]).unwrap(),
    ]
    .concat();
    assert_eq!(follow(&[&both], None).0.entries, 5);
}

#[test]
fn an_edit_a_removal_and_another_order_are_seen() {
    let text = log(4);
    for (at, byte) in text
        .iter()
        .enumerate()
        .filter(|(_, byte)| byte.is_ascii_digit())
    {
        let mut changed = text.clone();
        changed[at] = if *byte == b'7' { b'8' } else { b'7' };
        assert!(follow(&[&changed], None).1.is_err(), "{at}");
    }
    let all = lines(&text);
    let without = |skip: usize| {
        let kept = all.iter().enumerate().filter(|(at, _)| *at != skip);
        kept.flat_map(|(_, line)| line.to_vec())
            .collect::<Vec<u8>>()
    };
    broken(&without(0), 1, Flaw::Unlinked);
    broken(&without(1), 2, Flaw::Unlinked);
    broken(
        &[all[0], all[2], all[1], all[3]].concat(),
        2,
        Flaw::Unlinked,
    );
    broken(
        &[all[0], all[1], all[1], all[2]].concat(),
        3,
        Flaw::Unlinked,
    );
    broken(&[all[0], b"{}\n", all[1]].concat(), 2, Flaw::NoEntry);
    broken(&[all[0], b"\n"].concat(), 2, Flaw::NoEntry);
    broken(&[all[0], all[0]].concat(), 2, Flaw::Unlinked);
    // The digest of the line itself was put right, not that of the next one.
    let forged = log(2);
    let link = String::from_utf8(lines(&forged)[0].to_vec()).unwrap();
    let said = link
        .split_once(SUM.0)
        .unwrap()
        .0
        .replace("\"n\":0", "\"n\":9");
    let sum = hex(&Sha256::digest(&said));
    let line = format!("{said}{}{sum}{}\n", SUM.0, SUM.1);
    broken(
        &[line.as_bytes(), lines(&forged)[1]].concat(),
        2,
        Flaw::Unlinked,
    );
}

#[test]
fn a_shorter_log_is_seen_by_who_kept_a_head() {
    let text = log(4);
    let all = lines(&text);
    let head = |text: &[u8]| follow(&[text], None).0.head;
    let (early, late) = (head(&all[..2].concat()), head(&text));
    for known in [&early, &late] {
        assert!(follow(&[&text], Some(known.clone())).0.met);
    }
    let shorter = all[..3].concat();
    assert!(follow(&[&shorter], Some(early)).0.met);
    let (chain, followed) = follow(&[&shorter], Some(late));
    assert_eq!((followed, chain.met), (Ok(()), false));
    assert!(follow(&[b""], Some(NO_HEAD.to_owned())).0.met);
}

#[test]
fn what_a_crash_has_left_is_closed_marked_and_kept() {
    let whole = log(2);
    for cut in 1..lines(&whole)[1].len() - 1 {
        let mut text = whole[..whole.len() - cut].to_vec();
        let last = lines(&text).len() as u64;
        broken(&text, last, Flaw::CutShort);
        append(&mut text, 7);
        append(&mut text, 8);
        let (chain, followed) = follow(&[&text], None);
        assert_eq!(followed, Ok(()), "{cut}");
        // Where only the end of the line was lost, nothing was.
        let lost = u64::from(cut > 1);
        assert_eq!((chain.entries, chain.torn), (4 - lost, lost), "{cut}");
        // What is left of it cannot be changed either.
        let at = lines(&text)[0].len();
        text[at] ^= 1;
        assert!(follow(&[&text], None).1.is_err(), "{cut}");
    }
    // Twice in a row, and the very first entry of all.
    let mut text = log(1)[..50].to_vec();
    text.extend(b"\n{\"v\":1,\"se");
    append(&mut text, 1);
    let (chain, followed) = follow(&[&text], None);
    assert_eq!((followed, chain.entries, chain.torn), (Ok(()), 1, 2));
}

#[test]
fn the_end_is_known_from_the_last_bytes_alone() {
    let text = log(3);
    let all = End::of(&text, Reach::Start).unwrap();
    let last = lines(&text)[2].len();
    for from in 0..text.len() - last {
        assert_eq!(End::of(&text[from..], Reach::Part).unwrap(), all);
    }
    assert_eq!(
        End::of(&text[text.len() - last..], Reach::Part),
        Err(NoEnd::Short)
    );
    for foreign in [
        &b"hello\n"[..],
        b"\n",
        b"{\"a\":1}\n{\"b\":2}\n",
        &[0xff; 9],
    ] {
        assert_eq!(End::of(foreign, Reach::Start), Err(NoEnd::Foreign));
    }
    assert_eq!(End::of(b"", Reach::Start).unwrap().head, NO_HEAD);
}

#[test]
fn files_in_their_order_are_one_chain() {
    let old = log(3);
    let end = End::of(&old, Reach::Start).unwrap().rotated();
    let mut new = end.lines(&[json!({"event": "rotated"})]).unwrap();
    append(&mut new, 4);
    let (chain, followed) = follow(&[&old, &new], None);
    assert_eq!((followed, chain.entries), (Ok(()), 5));
    assert!(chain.begins.is_empty());
    // The newer one alone says that there is an older one; the wrong order is seen.
    let (chain, followed) = follow(&[&new], None);
    assert_eq!((followed, &chain.begins[..]), (Ok(()), &[4][..]));
    assert!(follow(&[&new, &new], None).1.is_err());
    assert!(
        follow(&[&old[..lines(&old)[0].len()], &new], None)
            .1
            .is_err()
    );
    // A file that was moved away by hand is followed by a chain of its own.
    let (chain, followed) = follow(&[&old, &log(2)], None);
    assert_eq!((followed, &chain.begins[..]), (Ok(()), &[1][..]));
    // And that is no way to begin anew within a file.
    broken(&[old.clone(), log(1)].concat(), 4, Flaw::Unlinked);
}
