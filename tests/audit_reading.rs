//! Reading the audit log: what tampering leaves, what is shown, and what another policy would say.

use crate::audit::{KEPT, LOG, kept, of, text, verified};
use crate::protect::{WHO, rule};
use crate::world::{Repo, World, ids};
use serde_json::Value;
use std::fs;

fn head(server: &Repo) -> String {
    let said = server.portcullis("audit verify").ok();
    said.text().rsplit(' ').next().unwrap().to_owned()
}

#[test]
fn what_a_crash_has_left_is_marked_by_the_next_push() {
    let world = World::new();
    let (server, alice, _) = kept(&world, "");
    alice.push("main:one main:two").accepted();
    let whole = text(&server);
    server.write(LOG, &whole[..whole.len() - 40]);
    let said = server.portcullis("audit verify").exit(1);
    said.says(&format!("{LOG}:2: is cut short"));
    alice.push("main:three").accepted();
    let after = text(&server);
    assert!(after.starts_with(&whole[..whole.len() - 40]));
    assert!(after.lines().last().unwrap().contains("\"torn\":1"));
    verified(&server, 2).says("1 line was cut short and is marked");
    server
        .portcullis("audit show")
        .ok()
        .says("refs/heads/three")
        .says(":2 is no entry");
}

#[test]
fn tampering_is_seen() {
    let world = World::new();
    let (server, alice, _) = kept(&world, "");
    for name in ["one", "two", "three"] {
        alice.push(&format!("main:{name}")).accepted();
    }
    let whole = text(&server);
    let known = head(&server);
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    let broken = |text: String, line: u32| {
        server.write(LOG, text);
        let said = server.portcullis("audit verify").exit(1);
        said.says(&format!("{LOG}:{line}: "));
    };
    broken(whole.replacen("alice", "carol", 1), 1);
    broken(whole.replace("heads/three", "heads/other"), 3);
    broken(lines[1..].concat(), 1);
    broken([lines[0], lines[2]].concat(), 2);
    broken([lines[1], lines[0], lines[2]].concat(), 1);
    // The end alone is missed by who has kept the head.
    server.write(LOG, lines[..2].concat());
    verified(&server, 2);
    let asked = format!("audit verify --head {known}");
    server.portcullis(&asked).exit(1).says("has not come by");
    server.write(LOG, &whole);
    alice.push("main:four").accepted();
    server.portcullis(&asked).ok().says("4 entries");
    server.portcullis("audit verify --head 12").exit(2);
    server.portcullis("audit verify none.jsonl").exit(3);
    fs::remove_file(server.dir.join(LOG)).unwrap();
    server.portcullis("audit verify").exit(3).says("undecided");
}

#[test]
fn the_log_is_put_aside_and_goes_on() {
    let world = World::new();
    let (server, alice, _) = kept(&world, "");
    alice.push("main:one").accepted();
    let known = head(&server);
    server.portcullis("audit rotate --to old.jsonl").ok();
    server.portcullis("audit rotate --to old.jsonl").exit(3);
    alice.push("main:two").accepted();
    let both = format!("audit verify old.jsonl {LOG} --head {known}");
    server.portcullis(&both).ok().says("3 entries");
    server
        .portcullis("audit verify")
        .ok()
        .says("begins with entry 2");
    server
        .portcullis(&format!("audit verify {LOG} old.jsonl"))
        .ok()
        .says("old.jsonl: begins a chain of its own");
    let shown = server
        .portcullis(&format!("audit show old.jsonl {LOG}"))
        .ok();
    shown
        .says("refs/heads/one")
        .says("rotated")
        .says("refs/heads/two");
}

#[test]
fn what_is_asked_for_is_shown() {
    let world = World::new();
    let (server, alice, _) = kept(&world, "");
    alice.push("main:one").accepted();
    alice.acting_as("bob").push("main:two").accepted();
    alice.commit(".env", "A=1\n");
    alice.push("main:three").rejected();
    let later = "{\"v\":9,\"seq\":9,\"event\":\"dreamt\",\"ref\":\"refs/heads/four\",\"of\":{}}\n";
    server.write(LOG, text(&server) + later);
    let show = |words: &str| server.portcullis(&format!("audit show {words}")).ok();
    let count = |words: &str| {
        show(&format!("--format jsonl {words}"))
            .text()
            .lines()
            .count()
    };
    assert_eq!(count(""), 4);
    assert_eq!(count("--user bob"), 1);
    assert_eq!(count("--verdict rejected"), 1);
    assert_eq!(count("--verdict accepted"), 2);
    assert_eq!(count("--verdict undecided"), 0);
    assert_eq!(count("--ref refs/heads/t*"), 2);
    assert_eq!(count("--ref refs/heads/one --user bob"), 0);
    assert_eq!(count("--ref two"), 1);
    show("--ref two").says("two is taken for refs/heads/two");
    assert_eq!(count("--since 2020-01-01"), 3);
    assert_eq!(count("--since 9000-01-01T00:00:00Z"), 0);
    let json = show("--format json --verdict rejected");
    let list: Vec<Value> = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(list[0]["findings"][0]["check"], ids::ENV_FILE);
    assert_eq!(show("--format json --user nobody").text(), "[]");
    show("")
        .says("rejected: env-files/env-file")
        .says("dreamt")
        .says("refs/heads/four");
    for words in [
        "--since yesterday",
        "--ref none",
        "--ref *",
        "--verdict good",
    ] {
        server.portcullis(&format!("audit show {words}")).exit(2);
    }
    let server = server.policy(WHO);
    server.portcullis("audit show").exit(2).says("audit.log");
    server.portcullis(&format!("audit show {LOG}")).ok();
}

#[test]
fn the_pushes_of_the_log_are_judged_by_another_policy() {
    let world = World::new();
    let (server, alice, base) = kept(&world, "");
    let direct = alice.commit("a.py", "a = 1\n");
    alice.push("main").accepted();
    alice
        .acting_as("dave")
        .push("main:topic main:other")
        .accepted();
    alice.commit(".env", "A=1\n");
    alice.push("main").rejected();
    let replay = |words: &str| server.portcullis(&format!("check --replay {words}"));
    // The policy as it is: nothing is otherwise, but what was refused has left no objects.
    replay("")
        .exit(3)
        .says("0 would be refused now, 0 accepted, 1 cannot be decided, 3 as before");
    let rules = rule("refs/heads/topic", "push = [\"@leads\"]");
    server.write(
        "new.toml",
        format!("version = 1\n{WHO}{rules}[env-files]\ndeny = []\n"),
    );
    replay("--config new.toml")
        .exit(1)
        .lacks("accepted  now  accepted")
        .says("1 as before (--verbose lists them)");
    let said = replay("--config new.toml --verbose").exit(1);
    said.says(&format!(
        "{}..{}  accepted  now  accepted",
        &base[..10],
        &direct[..10]
    ))
    .says("accepted  now  rejected: refs/create")
    .says("accepted  now  rejected: by another ref of the push")
    .says("rejected  now  undecided: its objects are gone")
    .says("2 would be refused now, 0 accepted, 1 cannot be decided, 1 as before");
    let said = replay("--config new.toml --format jsonl").exit(1);
    let rows: Vec<Value> = said
        .text()
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(of(&rows[1], ["pusher", "change"]), ["dave", "refused"]);
    // By anyone, and from a copy of the log.
    fs::copy(server.dir.join(LOG), server.dir.join("copy")).unwrap();
    let said = server.portcullis("check --as alice --config new.toml --replay copy");
    said.exit(3).says("0 would be refused now");
    // Each push as of its own time, which is now and not that of its commits.
    let window = "freeze = [{ from = 2024-01-01T00:00:00Z, until = 9000-01-01T00:00:00Z }]";
    server.write(
        "new.toml",
        format!("version = 1\n{WHO}{}", rule("refs/heads/main", window)),
    );
    replay("--config new.toml")
        .exit(1)
        .says("refs/freeze")
        .says("1 would be refused now");
    // What was refused by a rule that is gone is accepted where its objects have stayed.
    let server = server.policy(&format!(
        "{WHO}{KEPT}{}",
        rule("refs/heads/topic", "delete = []")
    ));
    alice.push("--delete topic").rejected();
    let server = server.policy(&format!("{WHO}{KEPT}"));
    let said = server.portcullis("check --replay").exit(1);
    said.says("rejected  now  accepted")
        .says("0 would be refused now, 1 accepted");
    server.portcullis("check --replay --format sarif").exit(2);
    let said = server.portcullis("check --replay none").exit(3);
    said.says("there is no such log").lacks("os error");
}

#[test]
fn where_the_log_is_can_be_asked() {
    let world = World::new();
    let (server, alice, _) = kept(&world, "");
    server.portcullis("status").whatever().says(LOG);
    server
        .portcullis("policy show")
        .ok()
        .says(&format!("audit log: {LOG}"));
    alice.portcullis("status").whatever().lacks("audit log");
    let server = server.policy("");
    server.portcullis("status").whatever().says("none is kept");
    server.portcullis("policy show").ok().lacks("audit log");
}

#[test]
fn what_somebody_has_put_into_the_log_does_nothing_to_a_terminal() {
    let world = World::new();
    let (server, alice, _) = kept(&world, "");
    alice.push("main:one").accepted();
    let evil = "\u{9b}31m\u{202e}\\u001b[31m";
    let line = text(&server).replace("\"pusher\":\"alice\"", &format!("\"pusher\":\t\"{evil}\""));
    server.write(LOG, &line);
    let value: Value = serde_json::from_str(line.trim()).unwrap();
    for format in ["human", "json", "jsonl"] {
        let said = server
            .portcullis(&format!("audit show --format {format}"))
            .ok();
        let odd = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
        assert!(!said.stdout.contains(odd), "{format}: {:?}", said.stdout);
        let shown = said.stdout.trim().trim_matches(['[', ']']);
        if format != "human" {
            // Whoever reads it as what it is reads the same.
            assert_eq!(serde_json::from_str::<Value>(shown).unwrap(), value);
        }
    }
}
