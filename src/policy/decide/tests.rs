//! What is decided of made-up histories.

#![allow(clippy::unwrap_used)]

use super::*;

fn oid(number: u8) -> Oid {
    let hex = format!("{number:02x}").repeat(20);
    Oid::parse(hex.as_bytes()).unwrap().unwrap()
}

/// Commits as `(commit, parents)`, children before parents.
fn commits(list: &[(u8, &[u8])]) -> Vec<Walked> {
    list.iter()
        .map(|(commit, parents)| Walked {
            oid: oid(*commit),
            parents: parents.iter().map(|parent| oid(*parent)).collect(),
        })
        .collect()
}

fn rule(keys: &str) -> Protect {
    let keys = if keys.contains("push") {
        keys.to_owned()
    } else {
        format!("push = [\"*\"]\n{keys}")
    };
    toml::from_str(&format!("refs = [\"refs/heads/main\"]\n{keys}")).unwrap()
}

fn moment(text: &str) -> OffsetDateTime {
    let format = &time::format_description::well_known::Rfc3339;
    OffsetDateTime::parse(text, format).unwrap()
}

fn now() -> OffsetDateTime {
    moment("2026-06-15T12:00:00Z")
}

fn main() -> [RefName; 1] {
    [RefName::new(b"refs/heads/main").unwrap()]
}

/// A move of main from commit 1 to the first of these.
fn motion<'a>(names: &'a [RefName], list: &[(u8, &[u8])]) -> Motion<'a> {
    let history = commits(list);
    Motion {
        names,
        act: Act::Push,
        old: Some(oid(1)),
        tip: Some(history.first().map_or(oid(1), |commit| commit.oid)),
        lightweight: false,
        history: Some(history),
        brings: false,
    }
}

fn checks(motion: &Motion<'_>, keys: &str, outside: &[u8]) -> Vec<&'static str> {
    let rule = rule(keys);
    let asked = Asked {
        rule: &rule,
        outside: outside.iter().map(|number| oid(*number)).collect(),
    };
    let (groups, alice) = (Groups::default(), Pusher::named(b"alice"));
    let denials = decide(motion, &[asked], Asker::Server(&groups, &alice), now());
    denials.iter().map(|denial| denial.check.name).collect()
}

/// One new commit, a merge of a topic (3), two merges, a fast-forward to a topic, a merge with the
/// parents the wrong way round, a merge of nothing, and a rewrite beside the old tip.
const DIRECT: &[(u8, &[u8])] = &[(2, &[1])];
const MERGE: &[(u8, &[u8])] = &[(4, &[1, 3]), (3, &[1])];
const TWO_MERGES: &[(u8, &[u8])] = &[(6, &[4, 5]), (5, &[3]), (4, &[1, 3]), (3, &[1])];
const MERGE_THEN_DIRECT: &[(u8, &[u8])] = &[(5, &[4]), (4, &[1, 3]), (3, &[1])];
const TURNED: &[(u8, &[u8])] = &[(4, &[3, 1]), (3, &[9])];
const HOLLOW: &[(u8, &[u8])] = &[(4, &[1, 9])];
const HOLLOW_LATER: &[(u8, &[u8])] = &[(5, &[4, 3]), (4, &[1, 3]), (3, &[1])];
const OCTOPUS: &[(u8, &[u8])] = &[(5, &[1, 3, 4]), (4, &[1]), (3, &[1])];

#[test]
fn only_merges_come_in_where_a_rule_asks_for_that() {
    let name = main();
    for (history, allowed) in [
        (DIRECT, false),
        (MERGE, true),
        (TWO_MERGES, true),
        (MERGE_THEN_DIRECT, false),
        (TURNED, false),
        (HOLLOW, false),
        (HOLLOW_LATER, false),
        (OCTOPUS, true),
        (&[], true),
    ] {
        let said = checks(&motion(&name, history), "merge_only = true", &[]);
        assert_eq!(said.is_empty(), allowed, "{history:?}");
        assert!(allowed || said == ["merge-only"]);
        assert_eq!(checks(&motion(&name, history), "", &[]), [""; 0]);
    }
    // A rewind, and a line that never meets the old tip.
    let mut rewind = motion(&name, &[]);
    (rewind.act, rewind.tip) = (Act::Force, Some(oid(9)));
    assert_eq!(checks(&rewind, "merge_only = true", &[]), ["merge-only"]);
    // Where two people do it, as long as nothing comes in by it.
    let (confirm, of) = ("merge_only = true\nconfirm = ", "confirm_by = [\"carol\"]");
    let with = |act: &str| format!("{confirm}[\"{act}\"]\n{of}");
    assert_eq!(checks(&rewind, &with("force"), &[]), [""; 0]);
    assert_eq!(checks(&rewind, &with("delete"), &[]), ["merge-only"]);
    let mut replaced = motion(&name, &[(4, &[9, 3]), (3, &[9])]);
    replaced.act = Act::Force;
    assert_eq!(checks(&replaced, &with("force"), &[]), ["merge-only"]);
    let mut created = motion(&name, DIRECT);
    (created.act, created.old) = (Act::Create, None);
    assert_eq!(checks(&created, "merge_only = true", &[]), [""; 0]);
    created.brings = true;
    assert_eq!(checks(&created, "merge_only = true", &[]), ["merge-only"]);
    let gone = Motion {
        act: Act::Delete,
        tip: None,
        history: None,
        ..motion(&name, &[])
    };
    let all = "merge_only = true\nlinear = true\nmerge_from = []\nnames = \"^x$\"";
    assert_eq!(checks(&gone, all, &[]), [""; 0]);
}

#[test]
fn what_is_merged_comes_from_where_the_rule_says() {
    let name = main();
    let keys = "merge_from = [\"refs/heads/develop\"]";
    for (history, outside, allowed) in [
        (MERGE, &[][..], true),
        (MERGE, &[3], false),
        (OCTOPUS, &[4], false),
        (TWO_MERGES, &[3], false),
        (TWO_MERGES, &[9], true),
        // Not merged, but made: that is for `merge_only`.
        (DIRECT, &[1], true),
    ] {
        let said = checks(&motion(&name, history), keys, outside);
        assert_eq!(said.is_empty(), allowed, "{history:?} {outside:?}");
        assert!(allowed || said == ["merge-from"]);
    }
}

#[test]
fn a_linear_history_has_no_merge_anywhere() {
    let name = main();
    for (history, allowed) in [
        (DIRECT, true),
        (&[(3, &[2][..]), (2, &[1])], true),
        (MERGE, false),
        (MERGE_THEN_DIRECT, false),
    ] {
        let said = checks(&motion(&name, history), "linear = true", &[]);
        assert_eq!(said.is_empty(), allowed, "{history:?}");
    }
}

#[test]
fn names_and_tags_are_as_the_rule_says() {
    let (good, bad) = (main(), [RefName::new(b"refs/heads/main/x").unwrap()]);
    let keys = "names = \"^refs/heads/(main|next)$\"";
    assert_eq!(checks(&motion(&good, DIRECT), keys, &[]), [""; 0]);
    assert_eq!(checks(&motion(&bad, DIRECT), keys, &[]), ["names"]);
    let mut tag = motion(&good, DIRECT);
    assert_eq!(checks(&tag, "annotated = true", &[]), [""; 0]);
    tag.lightweight = true;
    assert_eq!(checks(&tag, "annotated = true", &[]), ["annotated"]);
}

#[test]
fn a_frozen_ref_moves_for_those_who_are_excepted() {
    let name = main();
    let frozen = |from: &str, until: &str, except: &str| {
        let keys = format!("freeze = [{{ from = {from}, until = {until}, except = [{except}] }}]");
        checks(&motion(&name, DIRECT), &keys, &[])
    };
    let (may, june, july) = (
        "2026-05-01T00:00:00Z",
        "2026-06-15T12:00:00Z",
        "2026-07-01T00:00:00Z",
    );
    assert_eq!(frozen(may, july, ""), ["freeze"]);
    assert_eq!(frozen(may, july, "\"bob\""), ["freeze"]);
    assert_eq!(frozen(may, july, "\"bob\", \"alice\""), [""; 0]);
    assert_eq!(frozen(june, july, ""), ["freeze"]);
    assert_eq!(frozen(may, june, ""), [""; 0]);
    assert_eq!(frozen("2026-06-15T12:00:00-01:00", july, ""), [""; 0]);
    // Deletion and creation are changes too.
    for act in [Act::Delete, Act::Create, Act::Force] {
        let keys = format!("freeze = [{{ from = {may}, until = {july} }}]");
        let motion = Motion {
            act,
            ..motion(&name, &[])
        };
        assert!(checks(&motion, &keys, &[]).contains(&"freeze"), "{act:?}");
    }
}

#[test]
fn a_client_speaks_of_what_it_can_know() {
    let name = main();
    let strict = rule("push = []\nmerge_only = true\nlinear = true");
    let asked = [Asked {
        rule: &strict,
        outside: OidSet::default(),
    }];
    let direct = motion(&name, DIRECT);
    let said = decide(&direct, &asked, Asker::Client, now());
    let checks: Vec<_> = said.iter().map(|denial| denial.check.name).collect();
    assert_eq!(checks, ["merge-only"], "and nothing of who may");
    assert_eq!(said[0].commit, Some(oid(2)));
    let far = Motion {
        history: None,
        ..direct
    };
    assert_eq!(decide(&far, &asked, Asker::Client, now()), []);
}

#[test]
fn a_commit_that_is_about_to_be_made_is_direct_if_it_merges_nothing() {
    let (merges, free) = (rule("merge_only = true"), rule("linear = true"));
    let checks = |parents, rules: &[&Protect]| -> Vec<_> {
        let said = pending(parents, rules, now());
        said.iter().map(|denial| denial.check.name).collect()
    };
    assert_eq!(checks(1, &[&free, &merges]), ["merge-only"]);
    assert_eq!(checks(1, &[&free]), [""; 0]);
    assert_eq!(checks(2, &[&merges]), [""; 0]);
    assert_eq!(checks(0, &[&merges]), [""; 0]);
    let frozen = rule("freeze = [{ from = 2026-01-01T00:00:00Z, until = 2027-01-01T00:00:00Z }]");
    assert_eq!(checks(2, &[&frozen]), ["freeze"]);
}

/// Numbers that look random and are the same every time (xorshift, Marsaglia 2003).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    fn rule(&mut self) -> Protect {
        let people = ["[]", "[\"*\"]", "[\"alice\"]", "[\"bob\"]"];
        let mut keys = String::new();
        for key in ["push", "create", "delete", "force"] {
            if self.below(2) == 0 {
                keys.push_str(&format!("{key} = {}\n", people[self.below(4) as usize]));
            }
        }
        let others = [
            "merge_only = true\n",
            "merge_from = [\"refs/heads/develop\"]\n",
            "linear = true\n",
            "annotated = true\n",
            "names = \"^refs/heads/\"\n",
            "names = \"release\"\n",
            "freeze = [{ from = 2026-01-01T00:00:00Z, until = 2027-01-01T00:00:00Z, \
             except = [\"alice\"] }]\n",
        ];
        let mut named = false;
        for other in others {
            let is_name = other.starts_with("names");
            if self.below(4) == 0 && !(is_name && named) {
                keys.push_str(other);
                named |= is_name;
            }
        }
        toml::from_str(&format!("refs = [\"refs/heads/main\"]\n{keys}")).unwrap()
    }

    fn motion<'a>(&mut self, names: &'a [RefName]) -> Motion<'a> {
        let mut history: Vec<Walked> = Vec::new();
        let tip = 1 + self.below(6) as u8;
        for number in (2..=tip).rev() {
            let mut parents = vec![oid(number - 1)];
            if self.below(2) == 0 {
                parents.push(oid(1 + self.below(u64::from(number)) as u8));
            }
            history.push(Walked {
                oid: oid(number),
                parents,
            });
        }
        let act = Act::KEYS[self.below(4) as usize].1;
        Motion {
            names,
            act,
            old: (act != Act::Create).then(|| oid(1)),
            tip: (act != Act::Delete).then(|| oid(tip)),
            lightweight: self.below(2) == 0,
            history: Some(history),
            brings: self.below(2) == 0,
        }
    }
}

#[test]
fn one_more_rule_never_permits_what_was_refused() {
    let mut numbers = Numbers(0x2545_f491_4f6c_dd1d);
    let (name, groups) = (main(), Groups::default());
    let (mut refused, mut accepted) = (0, 0);
    for _ in 0..2_000 {
        let motion = numbers.motion(&name);
        let rules: Vec<Protect> = (0..=numbers.below(3)).map(|_| numbers.rule()).collect();
        let pusher = match numbers.below(3) {
            0 => Pusher::Unknown,
            1 => Pusher::named(b"bob"),
            _ => Pusher::named(b"alice"),
        };
        let outside: OidSet = (0..numbers.below(3)).map(|n| oid(n as u8 + 1)).collect();
        let asked = |rules: &[usize], all: &[Protect]| -> Vec<&'static str> {
            let asked: Vec<_> = rules
                .iter()
                .map(|index| Asked {
                    rule: &all[*index],
                    outside: outside.clone(),
                })
                .collect();
            let said = decide(&motion, &asked, Asker::Server(&groups, &pusher), now());
            said.iter().map(|denial| denial.check.name).collect()
        };
        let mut order: Vec<usize> = (0..rules.len()).collect();
        let all = asked(&order, &rules);
        order.remove(numbers.below(order.len() as u64) as usize);
        let fewer = asked(&order, &rules);
        for check in &fewer {
            assert!(all.contains(check), "{check} is gone with one more rule");
        }
        order = (0..rules.len()).rev().collect();
        let mut turned = asked(&order, &rules);
        let mut sorted = all.clone();
        turned.sort_unstable();
        sorted.sort_unstable();
        assert_eq!(turned, sorted, "the order of the rules does not count");
        if all.is_empty() {
            accepted += 1
        } else {
            refused += 1
        }
    }
    assert!(refused > 100 && accepted > 100, "{refused} {accepted}");
}
