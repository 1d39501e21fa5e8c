//! What the log says of pushes that end in the middle: whose refs moved unheard, whose report nobody got.

use crate::audit::{entries, kept, of, verified};
use crate::world::{PORTCULLIS, Repo, World, assigned, ids};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

const MAIN: &str = "refs/heads/main";

/// The same server with a post-receive that dies before it can say anything, or without.
fn deaf(server: &Repo, deaf: bool) {
    let hook = server.dir.join("hooks/post-receive");
    let kept = server.dir.join("hooks/post-receive.kept");
    if deaf {
        fs::rename(&hook, &kept).unwrap();
        server.write("hooks/post-receive", "#!/bin/sh\nkill -9 $$\n");
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    } else {
        fs::rename(&kept, &hook).unwrap();
    }
}

fn told(server: &Repo) -> Vec<[String; 6]> {
    let keys = ["event", "hook", "ref", "old", "new", "late"];
    entries(server)
        .iter()
        .map(|entry| of(entry, keys))
        .collect()
}

#[test]
fn a_ref_that_has_moved_unheard_is_told_by_the_next_push() {
    let world = World::new();
    let (server, alice, _) = kept(&world, "");
    server.portcullis("install --server").ok();
    let one = alice.commit("a.py", "a = 1\n");
    alice.push("main").accepted();
    deaf(&server, true);
    let two = alice.commit("a.py", "a = 2\n");
    alice.push("main main:topic").accepted();
    server.ref_is(MAIN, &two);
    // What Git has refused behind our back has not moved.
    server.git("config receive.denyDeletes true").ok();
    alice.push("--delete topic").rejected();
    deaf(&server, false);
    let leak = alice.commit("b.py", assigned(&world.secrets.github()));
    alice.acting_as("bob").push("main").rejected();
    let log = entries(&server);
    let late: Vec<&Value> = log.iter().filter(|entry| entry["late"] == true).collect();
    let shape = ["event", "hook", "ref", "old", "new", "now", "pusher"];
    assert_eq!(
        of(late[0], shape),
        ["moved", "pre-receive", MAIN, &one, &two, &two, "alice"]
    );
    // The push that could not delete it has found the other one there.
    let topic = "refs/heads/topic";
    assert_eq!(of(late[1], ["ref", "old", "new"]), [topic, "null", &two]);
    assert_eq!(late.len(), 2);
    for one in late {
        let accepted = |entry: &&Value| entry["push"] == one["push"] && entry["ref"] == one["ref"];
        let accepted = log.iter().find(accepted).unwrap();
        assert_eq!(of(accepted, ["event", "answer"]), ["judged", "accepted"]);
    }
    assert_eq!(of(log.last().unwrap(), ["event", "new"]), ["judged", &leak]);
    // Nobody says it again, and what reads the log knows it.
    alice.git("reset -q --hard main~1").ok();
    alice.commit("a.py", "a = 3\n");
    alice.push("main").accepted();
    let again = entries(&server);
    assert_eq!(again.iter().filter(|e| e["late"] == true).count(), 2);
    verified(&server, again.len());
    let shown = server.portcullis("audit show").ok();
    shown.says("moved (noticed late)");
    let replayed = server.portcullis("check --replay").whatever();
    replayed.says("6 refs:").lacks("moved");
}

#[test]
fn post_receive_itself_tells_of_the_pushes_before_it() {
    let world = World::new();
    let (server, alice, base) = kept(&world, "");
    // The first push of all is the one that nobody hears of.
    let one = alice.commit("a.py", "a = 1\n");
    alice.push("main").accepted();
    server.portcullis("install --server").ok();
    let two = alice.commit("a.py", "a = 2\n");
    alice.push("main").accepted();
    let moved: Vec<[String; 6]> = told(&server)
        .into_iter()
        .filter(|line| line[0] == "moved")
        .collect();
    let line = |old: &str, new: &str, late: &str| {
        ["moved", "post-receive", MAIN, old, new, late].map(str::to_owned)
    };
    assert_eq!(moved, [line(&base, &one, "true"), line(&one, &two, "null")]);
}

#[test]
fn a_server_without_post_receive_is_told_nothing_late() {
    let world = World::new();
    let (server, alice, _) = kept(&world, "");
    for number in 0..3 {
        alice.commit("a.py", format!("a = {number}\n"));
        alice.push("main").accepted();
    }
    verified(&server, 3);
}

#[test]
fn the_same_new_value_twice_is_told_of_the_push_that_did_it() {
    let world = World::new();
    let (server, alice, base) = kept(&world, "");
    server.portcullis("install --server").ok();
    let next = alice.commit("a.py", "a = 1\n");
    // Accepted, and then refused by Git.
    server.git("config receive.denyNonFastForwards true").ok();
    server.git("config receive.denyDeletes true").ok();
    alice.push("main").accepted();
    alice.push(&format!("+{base}:main")).rejected();
    server.git("config receive.denyNonFastForwards false").ok();
    alice.push(&format!("+{base}:main")).accepted();
    alice.acting_as("bob").push("main").accepted();
    let log = entries(&server);
    let last = log.last().unwrap();
    assert_eq!(
        of(last, ["event", "old", "new", "pusher", "late"]),
        ["moved", &base, &next, "bob", "null"]
    );
    let judged = log.iter().rfind(|entry| entry["event"] == "judged");
    assert_eq!(last["push"], judged.unwrap()["push"]);
}

#[test]
fn an_answer_whose_report_nobody_gets_is_taken_back() {
    let world = World::new();
    let (server, alice, base) = kept(&world, "");
    let hook = server.dir.join("hooks/pre-receive");
    let script = format!("#!/bin/sh\nexec '{PORTCULLIS}' hook --output no/such pre-receive\n");
    server.write("hooks/pre-receive", script);
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    alice.commit("app.py", "a = 1\n");
    alice.push("main").rejected();
    server.ref_is(MAIN, &base);
    let log = entries(&server);
    assert_eq!(of(&log[0], ["event", "answer"]), ["judged", "accepted"]);
    assert_eq!(of(&log[1], ["event", "answer"]), ["withdrawn", "refused"]);
    assert_eq!(log[0]["push"], log[1]["push"]);
    let shown = server.portcullis("audit show").ok();
    shown.says("refused after all: the report cannot be written");
    // Where nothing is held, that does not hold it either, and the log says so.
    let policy = fs::read_to_string(server.dir.join("portcullis.toml")).unwrap();
    let policy = policy.replace("[server]\n", "[server]\nmode = \"evaluate\"\n");
    server.write("portcullis.toml", policy);
    let leak = alice.commit("b.py", assigned(&world.secrets.github()));
    alice.push("main").accepted();
    server.ref_is(MAIN, &leak);
    let log = entries(&server);
    assert_eq!(
        of(&log[2], ["event", "verdict", "answer"]),
        ["judged", "rejected", "accepted"]
    );
    assert!(log[2]["findings"].to_string().contains(ids::GITHUB));
    verified(&server, 3);
}

#[test]
fn what_has_moved_unheard_is_told_in_the_next_file_of_the_log() {
    let world = World::new();
    let (server, alice, base) = kept(&world, "");
    server.portcullis("install --server").ok();
    deaf(&server, true);
    let one = alice.commit("a.py", "a = 1\n");
    alice.push("main").accepted();
    deaf(&server, false);
    server.portcullis("audit rotate --to old.jsonl").ok();
    alice.push("main:topic").accepted();
    let lines: Vec<[String; 6]> = told(&server).into_iter().collect();
    let late = ["moved", "post-receive", MAIN, &base, &one, "true"].map(str::to_owned);
    assert_eq!(
        lines.iter().filter(|line| **line == late).count(),
        1,
        "{lines:?}"
    );
    alice.commit("a.py", "a = 2\n");
    alice.push("main").accepted();
    assert_eq!(
        told(&server)
            .iter()
            .filter(|line| line[5] == "true")
            .count(),
        1
    );
    server
        .portcullis("audit verify old.jsonl portcullis-audit.jsonl")
        .ok();
}
