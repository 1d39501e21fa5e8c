//! Which refs have moved, by what a log says and where they stand.
#![allow(clippy::unwrap_used)]
use super::*;

const MAIN: &str = "refs/heads/main";

fn oid(digit: char) -> Option<Oid> {
    Oid::parse(digit.to_string().repeat(40).as_bytes()).unwrap()
}

/// `judged|refused|moved|late PUSH OLD NEW`, where `0` is no object, or `withdrawn PUSH`.
fn log(lines: &[&str]) -> Vec<Recorded> {
    let line = |(at, line): (usize, &&str)| {
        let words: Vec<&str> = line.split(' ').collect();
        let id = |at: usize| match words.get(at) {
            None | Some(&"0") => "null".to_owned(),
            Some(digit) => format!("\"{}\"", digit.repeat(40)),
        };
        let event = match words[0] {
            "refused" => "judged\",\"answer\":\"refused",
            "judged" => "judged\",\"answer\":\"accepted",
            "moved" => "moved\",\"hook\":\"post-receive",
            "late" => "moved\",\"hook\":\"pre-receive\",\"late\":true,\"pusher\":\"x",
            other => other,
        };
        let text = format!(
            "{{\"seq\":{},\"event\":\"{event}\",\"push\":\"{}\",\"ref\":\"{MAIN}\",\
             \"claimed\":{old},\"old\":{old},\"new\":{}}}",
            at + 1,
            words[1],
            id(3),
            old = id(2),
        );
        Recorded::parse(text.as_bytes()).unwrap()
    };
    lines.iter().enumerate().map(line).collect()
}

fn pushes(said: &[Moved]) -> Vec<&str> {
    said.iter()
        .map(|moved| moved.push.as_deref().unwrap_or("none"))
        .collect()
}

#[test]
fn what_has_moved_unheard_is_told_once_and_what_never_happened_is_not() {
    for (lines, now, late) in [
        // The ref stands there, and nothing says so.
        (&["judged a 1 2"][..], '2', &["a"][..]),
        (&["judged a 1 0"], '0', &["a"]),
        (&["judged a 0 2"], '2', &["a"]),
        // It has not moved, or elsewhere.
        (&["judged a 1 2"], '1', &[]),
        (&["judged a 1 2"], '3', &[]),
        // It is told.
        (&["judged a 1 2", "moved a 1 2"], '2', &[]),
        (&["judged a 1 2", "late a 1 2"], '2', &[]),
        // It was refused, at once or later.
        (&["refused a 1 2"], '2', &[]),
        (&["judged a 1 2", "withdrawn a"], '2', &[]),
        // The next push found it there, wherever it is now.
        (&["judged a 1 2", "judged b 2 3"], '3', &["a", "b"]),
        (
            &["judged a 1 2", "judged b 2 3", "moved b 2 3"],
            '3',
            &["a"],
        ),
        (&["judged a 1 2", "refused b 2 3"], '4', &["a"]),
        // One of two did it: the other never happened.
        (&["judged a 1 2", "judged b 1 2", "moved b 1 2"], '2', &[]),
        (&["judged a 1 2", "judged b 1 3", "moved b 1 3"], '2', &[]),
        (&["judged a 1 2", "judged b 1 2"], '2', &["b"]),
        // There and back.
        (
            &[
                "judged a 1 2",
                "moved a 1 2",
                "judged b 2 1",
                "moved b 2 1",
                "judged c 1 2",
            ],
            '1',
            &[],
        ),
    ] {
        let log = log(lines);
        let said = Ledger::of(&log).late("pre-receive", &|_| oid(now), OffsetDateTime::UNIX_EPOCH);
        assert_eq!(pushes(&said), late, "{lines:?} {now}");
        assert!(said.iter().all(|moved| moved.late));
    }
}

#[test]
fn a_ref_that_has_moved_goes_with_the_push_that_was_to_move_it_from_there() {
    for (lines, (old, new), push) in [
        (
            &["judged a 1 2", "judged b 3 2"][..],
            ('1', '2'),
            &["a"][..],
        ),
        (&["judged a 1 2", "judged b 3 2"], ('3', '2'), &["b"]),
        (&["judged a 1 2", "judged b 1 2"], ('1', '2'), &["b"]),
        (&["judged a 1 2", "judged b 2 3"], ('1', '2'), &["a"]),
        (&["judged a 1 2", "moved a 1 2"], ('1', '2'), &["none"]),
        (&["judged a 1 2", "refused b 1 2"], ('1', '2'), &["a"]),
        (&["judged a 1 2"], ('9', '2'), &["none"]),
        (&["refused a 1 2"], ('1', '2'), &["none"]),
        // Somebody else was faster to say so.
        (&["judged a 1 2", "late a 1 2"], ('1', '2'), &[]),
    ] {
        let log = log(lines);
        let landed = Landed {
            name: RefName::new(MAIN.as_bytes()).unwrap(),
            claimed: oid(old),
            new: oid(new),
        };
        let mut ledger = Ledger::of(&log);
        let said = ledger.landed(&[landed], &|_| None, OffsetDateTime::UNIX_EPOCH);
        assert_eq!(pushes(&said), push, "{lines:?}");
    }
}
