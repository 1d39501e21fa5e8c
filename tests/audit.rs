//! The audit log: every ref of every push that was judged is in it, and nothing can be taken out.

use crate::confirm::{MAIN, Stand};
use crate::protect::{WHO, rule};
use crate::world::{Line, Repo, Said, World, ZERO, assigned, ids};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

pub(crate) const LOG: &str = "portcullis-audit.jsonl";

pub(crate) const KEPT: &str = "[audit]\nlog = \"portcullis-audit.jsonl\"\n";

/// A server that keeps a log under these rules, main at a first commit, and a clone.
pub(crate) fn kept(world: &World, rules: &str) -> (Repo, Repo, String) {
    let server = world.bare("origin.git");
    let clone = world.clone_of(&server, "clone");
    let base = clone.commit("readme.md", "nothing to see\n");
    clone.push("main").accepted();
    let server = server
        .hook("pre-receive")
        .policy(&format!("{WHO}{KEPT}{rules}"));
    (server, clone.acting_as("alice"), base)
}

pub(crate) fn text(server: &Repo) -> String {
    fs::read_to_string(server.dir.join(LOG)).unwrap_or_default()
}

pub(crate) fn entries(server: &Repo) -> Vec<Value> {
    let line = |line: &str| serde_json::from_str(line).unwrap();
    text(server).lines().map(line).collect()
}

#[track_caller]
pub(crate) fn verified(server: &Repo, entries: usize) -> Said {
    let said = server.portcullis("audit verify").ok();
    let unit = if entries == 1 { "entry" } else { "entries" };
    said.says(&format!("{entries} {unit}\nhead "))
}

/// The values of these keys.
pub(crate) fn of<const N: usize>(entry: &Value, keys: [&str; N]) -> [String; N] {
    keys.map(|key| match &entry[key] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    })
}

#[test]
fn what_is_accepted_and_what_is_refused_is_written_down() {
    let world = World::new();
    let (server, alice, base) = kept(&world, "");
    let token = world.secrets.github();
    let next = alice.commit("a.py", "a = 1\n");
    alice.push("main").accepted();
    let leak = alice.commit("app.py", assigned(&token));
    let bob = alice.acting_as("bob");
    bob.push("main main~1:refs/heads/other").rejected();
    alice.push("--delete main").accepted();
    let log = entries(&server);
    let shape = ["ref", "kind", "old", "new", "pusher", "verdict"];
    let main = "refs/heads/main";
    assert_eq!(
        of(&log[0], shape),
        [main, "fast-forward", &base, &next, "alice", "accepted"]
    );
    assert_eq!(
        of(&log[1], shape),
        [main, "fast-forward", &next, &leak, "bob", "rejected"]
    );
    assert_eq!(
        of(&log[2], shape),
        [
            "refs/heads/other",
            "create",
            "null",
            &next,
            "bob",
            "rejected"
        ]
    );
    assert_eq!(
        of(&log[3], shape),
        [main, "delete", &next, "null", "alice", "accepted"]
    );
    assert_eq!(log.len(), 4);
    let finding = &log[1]["findings"][0];
    assert_eq!(
        of(finding, ["check", "level", "path", "line", "commit"]),
        [ids::GITHUB, "deny", "app.py", "1", &leak]
    );
    assert_eq!(finding["fingerprint"].as_str().unwrap().len(), 32);
    // The refs of one push belong together, and which of them was at fault is told.
    assert_eq!(log[1]["push"], log[2]["push"]);
    assert_ne!(log[0]["push"], log[1]["push"]);
    assert_eq!(log[2]["ref_verdict"], "accepted");
    for entry in &log {
        let words = of(entry, ["event", "hook", "identity", "mode"]);
        assert_eq!(words, ["judged", "pre-receive", "env:PUSHER", "enforce"]);
        assert!(entry["time"].as_str().unwrap().ends_with('Z'));
        assert_eq!(entry["policy"].as_str().unwrap().len(), 64);
        assert!(entry["seconds"].as_f64().unwrap() > 0.0);
    }
    assert!(!text(&server).contains(&token));
    verified(&server, 4);
    let mode = fs::metadata(server.dir.join(LOG)).unwrap().permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
}

#[test]
fn a_claimed_old_value_stands_beside_the_real_one() {
    let world = World::new();
    let (server, clone, base) = kept(&world, &rule("refs/heads/main", "delete = []"));
    let lie = "de".repeat(20);
    server
        .receives(&[Line::new(&lie, ZERO, "refs/heads/main")], b"")
        .refused("refs/heads/main", &server);
    let rewound = clone.commit("a.py", "a = 1\n");
    let other = clone.ask(&format!("commit-tree -m other {base}^{{tree}}"));
    clone.push("main").accepted();
    clone.push(&format!("+{other}:refs/heads/main")).accepted();
    let log = entries(&server);
    let shape = ["claimed", "old", "kind", "pusher"];
    assert_eq!(of(&log[0], shape), [&lie, &base, "delete", "null"]);
    assert_eq!(of(&log[2], shape), [&rewound, &rewound, "force", "alice"]);
}

#[test]
fn what_could_not_be_judged_is_written_down_too() {
    let world = World::new();
    let (server, alice, base) = kept(&world, "[server]\ndeadline = \"1ms\"\n");
    alice.commit("a.py", "a = 1\n");
    alice.push("main").rejected().says("undecided");
    let log = entries(&server);
    assert_eq!(of(&log[0], ["verdict", "answer"]), ["undecided", "refused"]);
    assert!(
        log[0]["unread"][0]["why"]
            .as_str()
            .unwrap()
            .contains("deadline")
    );
    server.ref_is("refs/heads/main", &base);
    // Who pushes cannot be told: nothing is judged, and that is told.
    let server = server.policy(&format!(
        "{KEPT}[identity]\nsource = \"ssh-key\"\nallowed_signers = \"none\"\n"
    ));
    alice.push("main").rejected().says("undecided");
    let log = entries(&server);
    assert_eq!(
        of(&log[1], ["verdict", "ref"]),
        ["undecided", "refs/heads/main"]
    );
    // And a new value that is nowhere.
    let server = server.policy(KEPT);
    let nowhere = "ab".repeat(20);
    server
        .receives(
            &[Line::new(&base, &nowhere, "refs/heads/main")],
            &alice.pack(&base),
        )
        .refused("refs/heads/main", &server);
    let log = entries(&server);
    assert_eq!(of(&log[2], ["verdict", "kind"]), ["undecided", "move"]);
    verified(&server, 3);
}

#[test]
fn what_would_have_been_refused_is_written_down_where_nothing_is_held() {
    let world = World::new();
    let rules = "[server]\nmode = \"evaluate\"\n";
    let (server, alice, _) = kept(&world, rules);
    let leak = alice.commit("app.py", assigned(&world.secrets.github()));
    alice.push("main").accepted().by(ids::GITHUB);
    server.ref_is("refs/heads/main", &leak);
    let log = entries(&server);
    assert_eq!(
        of(&log[0], ["verdict", "mode", "answer"]),
        ["rejected", "evaluate", "accepted"]
    );
    let said = server.portcullis("audit show").ok();
    said.says(&format!("rejected: {} (evaluate)", ids::GITHUB));
}

#[test]
fn what_was_allowed_is_written_down_with_its_reason() {
    let world = World::new();
    let allow = "[[secrets.allow]]\npaths = [\"fixtures/**\"]\nreason = \"made up\"\n";
    let (server, alice, _) = kept(&world, allow);
    let token = world.secrets.github();
    alice.commit("fixtures/a.py", assigned(&token));
    alice.push("main").accepted();
    let entry = &entries(&server)[0];
    let words = of(&entry["suppressed"][0], ["check", "path", "by", "reason"]);
    assert_eq!(
        words,
        [ids::GITHUB, "fixtures/a.py", "allowlist", "made up"]
    );
    assert!(!text(&server).contains(&token));
}

#[test]
fn pushes_at_the_same_time_are_one_chain() {
    let world = World::new();
    let (server, alice, _) = kept(&world, "");
    let script = "for n in 1 2 3 4 5 6 7 8; do \
                  git push -q origin main:refs/heads/a$n main:refs/heads/b$n & done; wait";
    alice.shell(script).ok();
    let log = entries(&server);
    let numbers: Vec<u64> = log.iter().map(|e| e["seq"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=16).collect::<Vec<_>>());
    for pair in log.chunks(2) {
        assert_eq!(pair[0]["push"], pair[1]["push"]);
    }
    verified(&server, 16);
}

#[test]
fn a_push_that_cannot_be_written_down_is_refused() {
    let world = World::new();
    let (server, alice, base) = kept(&world, "");
    let next = alice.commit("a.py", "a = 1\n");
    let log = server.dir.join(LOG);
    let refused = || {
        let said = alice.push("main").rejected();
        said.says("undecided: the audit log").says(LOG);
        server.ref_is("refs/heads/main", &base);
    };
    fs::create_dir(&log).unwrap();
    refused();
    fs::remove_dir(&log).unwrap();
    // A link leads the account of the server wherever somebody wants it to write.
    let victim = server.dir.join("victim");
    fs::write(&victim, "mine\n").unwrap();
    symlink(&victim, &log).unwrap();
    refused();
    assert_eq!(fs::read(&victim).unwrap(), b"mine\n");
    fs::remove_file(&log).unwrap();
    symlink(server.dir.join("nowhere"), &log).unwrap();
    refused();
    fs::remove_file(&log).unwrap();
    fs::write(&log, "something else\n").unwrap();
    refused();
    fs::remove_file(&log).unwrap();
    let server = server.policy("[audit]\nlog = \"no/such/folder/portcullis-audit.jsonl\"\n");
    alice
        .push("main")
        .rejected()
        .says("undecided: the audit log");
    // What is refused anyway says why it is.
    let leak = alice.commit("app.py", assigned(&world.secrets.github()));
    alice
        .push("main")
        .rejected()
        .by(ids::GITHUB)
        .says("the audit log");
    server.lacks_object(&leak);
    alice.git(&format!("reset -q --hard {next}")).ok();
    let server = server.policy(KEPT);
    alice.push("main").accepted();
    server.ref_is("refs/heads/main", &next);
    // Where nothing is held, it is said.
    fs::remove_file(&log).unwrap();
    fs::create_dir(&log).unwrap();
    let server = server.policy(&format!("{KEPT}[server]\nmode = \"evaluate\"\n"));
    let server = server.hook("post-receive");
    let said = alice.push("main:other").accepted();
    let said = said
        .says("not written down, and accepted all the same, since this server only evaluates: the")
        .says("that refs have moved is not written down: the audit log")
        .lacks("undecided");
    assert_eq!(said.stderr.matches("all the same").count(), 1);
    server.ref_is("refs/heads/other", &next);
}

#[test]
fn a_full_disk_refuses_and_leaves_the_log_whole() {
    let world = World::new();
    let (server, alice, base) = kept(&world, "");
    alice.push("main:one").accepted();
    let before = text(&server);
    alice.commit("a.py", "a = 1\n");
    // No file may grow beyond what the log nearly is: its next line does not fit.
    let blocks = before.len() / 512 + 1;
    let wrap = format!("#!/bin/sh\nulimit -f {blocks}\ntrap '' XFSZ\nexec \"$0.portcullis\"\n");
    let hook = server.dir.join("hooks/pre-receive");
    fs::rename(&hook, server.dir.join("hooks/pre-receive.portcullis")).unwrap();
    server.write("hooks/pre-receive", wrap);
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    alice
        .push("main")
        .rejected()
        .says("undecided: the audit log");
    server.ref_is("refs/heads/main", &base);
    assert_eq!(text(&server), before);
    verified(&server, 1);
}

#[test]
fn what_somebody_chose_adds_no_line_and_no_key() {
    let world = World::new();
    let (server, mallory, base) = kept(&world, "");
    let next = mallory.commit("a.py", "a = 1\n");
    let pack = mallory.pack(&format!("{next} ^{base}"));
    let forged = b"refs/heads/x\",\"verdict\":\"accepted\",\"y\":\"\x1b[2J\xe2\x80\xae\xff\r";
    let lines = [Line::new(ZERO, &next, &forged[..])];
    server.receives(&lines, &pack).said.by(ids::REF_NAME);
    let name = "evil\n{\"seq\":2}\".py\u{202e}";
    let token = world.secrets.github();
    mallory.stage(name, assigned(&token));
    mallory.commit_staged(&format!("{token}\n\n\"}}\n{{\"v\":1}}"));
    let odd = mallory.acting_as("eve\x1b[31m\",\"verdict\":\"accepted\"\n\u{202e}");
    let said = odd.push("main").rejected();
    said.by(ids::GITHUB);
    mallory
        .push(&format!("{base}:refs/heads/{token}"))
        .whatever();
    let log = entries(&server);
    assert_eq!(log.len(), 3);
    assert_eq!(of(&log[0], ["verdict", "kind"]), ["rejected", "bad"]);
    assert!(log[0]["ref_base64"].is_string());
    assert_eq!(log[1]["verdict"], "rejected");
    assert!(log[1]["pusher_base64"].is_string());
    let found = log[1]["findings"].as_array().unwrap();
    assert!(
        found
            .iter()
            .any(|finding| finding["path_base64"].is_string())
    );
    // Of the last push nothing says that the name of its ref is a secret.
    let first_two: String = text(&server).split_inclusive('\n').take(2).collect();
    assert!(!first_two.contains(&token));
    let shown = server.portcullis("audit show").ok();
    for raw in ["\u{1b}", "\u{202e}", "\r"] {
        assert!(!text(&server).contains(raw));
        assert!(!shown.stdout.contains(raw));
    }
    verified(&server, 3);
}

#[test]
fn the_update_hook_writes_down_its_ref_alone() {
    let world = World::new();
    let server = world.bare("origin.git").hook("update").policy(KEPT);
    let clone = world.clone_of(&server, "clone");
    clone.commit("readme.md", "nothing to see\n");
    clone.push("main main:other").accepted();
    let log = entries(&server);
    assert_eq!(of(&log[0], ["hook", "pusher"]), ["update", "null"]);
    assert_eq!(log.len(), 2);
    verified(&server, 2);
}

#[test]
fn a_shared_repository_has_a_log_for_its_group() {
    let world = World::new();
    let (server, alice, _) = kept(&world, "");
    server.git("config core.sharedRepository group").ok();
    alice.push("main:one").accepted();
    let mode = fs::metadata(server.dir.join(LOG)).unwrap().permissions();
    assert_eq!(mode.mode() & 0o777, 0o660);
}

#[test]
fn what_each_of_many_refs_would_do_is_told() {
    let world = World::new();
    let (server, alice, base) = kept(&world, &rule("refs/heads/strict*", "force = []"));
    // More than could be told by a look at the nearest ancestors, with a merge in between.
    for number in 0..80 {
        alice.commit_staged(&format!("number {number}"));
    }
    alice.git("switch -q -c side HEAD~40").ok();
    let side = alice.commit("side.txt", "side\n");
    alice.git("switch -q main").ok();
    alice.git("merge -q --no-ff -m merged side").ok();
    let (tip, before) = (alice.head(), alice.id("HEAD~1"));
    let orphan = alice.ask(&format!("commit-tree -m other {base}^{{tree}}"));
    let moves = [
        ("base", &base, &tip, "fast-forward"),
        ("near", &before, &tip, "fast-forward"),
        ("side", &side, &tip, "fast-forward"),
        ("back", &tip, &base, "force"),
        ("across", &side, &before, "force"),
        ("other", &before, &orphan, "force"),
        ("orphan", &orphan, &tip, "force"),
    ];
    let old = moves.map(|(name, old, _, _)| format!("{old}:refs/heads/{name}"));
    alice.push(&old.join(" ")).accepted();
    let new = moves.map(|(name, _, new, _)| format!("+{new}:refs/heads/{name}"));
    alice.push(&new.join(" ")).accepted();
    let log = entries(&server);
    for (name, old, new, kind) in moves {
        let told = |entry: &&Value| entry["ref"] == format!("refs/heads/{name}");
        let entry = log.iter().rfind(told).unwrap();
        assert_eq!(
            of(entry, ["old", "new", "kind"]),
            [old, new, kind],
            "{name}"
        );
    }
    // And where it decides.
    let strict = moves.map(|(name, old, _, _)| format!("{old}:refs/heads/strict-{name}"));
    alice.push(&strict.join(" ")).accepted();
    let new = moves.map(|(name, _, new, _)| format!("+{new}:refs/heads/strict-{name}"));
    alice.push(&new.join(" ")).rejected().by(ids::REF_FORCE);
    let log = entries(&server);
    for (name, _, _, kind) in moves {
        let told = |entry: &&Value| entry["ref"] == format!("refs/heads/strict-{name}");
        let verdict = &log.iter().rfind(told).unwrap()["ref_verdict"];
        let refused = kind == "force";
        assert_eq!(verdict == "rejected", refused, "{name}");
    }
}

#[test]
fn that_a_ref_has_moved_is_written_down_after_it_has() {
    let world = World::new();
    let (server, alice, base) = kept(&world, "");
    server.portcullis("install --server").ok();
    let next = alice.commit("a.py", "a = 1\n");
    alice.push("main main:topic").accepted();
    // Git takes the old value of a deletion as it is told: post-receive hears the lie.
    let lie = "de".repeat(20);
    server
        .receives(&[Line::new(&lie, ZERO, "refs/heads/topic")], b"")
        .took("refs/heads/topic", &server);
    // What pre-receive has accepted may still be refused by Git: then nothing has moved.
    server.git("config receive.denyDeletes true").ok();
    alice.push("--delete main").rejected();
    let log = entries(&server);
    let shape = ["event", "ref", "claimed", "old", "new", "pusher"];
    let moved: Vec<&Value> = log.iter().filter(|e| e["event"] == "moved").collect();
    let (main, topic) = ("refs/heads/main", "refs/heads/topic");
    assert_eq!(
        of(moved[0], shape),
        ["moved", main, &base, &base, &next, "alice"]
    );
    assert_eq!(
        of(moved[1], shape),
        ["moved", topic, "null", "null", &next, "alice"]
    );
    assert_eq!(
        of(moved[2], shape),
        ["moved", topic, &lie, &next, "null", "null"]
    );
    assert_eq!((moved.len(), log.len()), (3, 7));
    assert_eq!(of(moved[0], ["now"]), [next]);
    assert_eq!(moved[0]["push"], log[0]["push"]);
    assert_eq!(of(&log[6], ["answer", "kind"]), ["accepted", "delete"]);
    let judged = server.portcullis("audit show --verdict accepted").ok();
    judged.lacks("moved");
    verified(&server, 7);
}

#[test]
fn a_token_that_was_used_is_written_down_and_cannot_be_read_there() {
    let stand = Stand::new();
    let policy = fs::read_to_string(stand.server.dir.join("portcullis.toml")).unwrap();
    stand
        .server
        .write("portcullis.toml", format!("{policy}\n{KEPT}"));
    let token = stand.token(&format!("confirm delete {MAIN} --at {}", stand.base));
    stand
        .clone
        .git(&format!(
            "push -o portcullis.confirm={token} origin :main HEAD:refs/heads/next"
        ))
        .accepted();
    let log = entries(&stand.server);
    let of_ref = |name: &str| log.iter().find(|entry| entry["ref"] == name).unwrap();
    let used = &of_ref(MAIN)["used"][0];
    assert_eq!(of(used, ["kind", "old"]), ["confirm", &stand.base]);
    assert!(used["by"].as_str().unwrap().contains("carol"));
    assert!(of_ref("refs/heads/next").get("used").is_none());
    assert!(!text(&stand.server).contains(&token));
}
