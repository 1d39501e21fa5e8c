//! The audit log: every ref of every push that was judged is in it, and nothing can be taken out.

use crate::protect::{WHO, rule};
use crate::world::{Line, Repo, Said, World, ZERO, assigned, ids};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

const LOG: &str = "portcullis-audit.jsonl";

pub(crate) const KEPT: &str = "[audit]\nlog = \"portcullis-audit.jsonl\"\n";

/// A server that keeps a log under these rules, main at a first commit, and a clone.
fn kept(world: &World, rules: &str) -> (Repo, Repo, String) {
    let server = world.bare("origin.git");
    let clone = world.clone_of(&server, "clone");
    let base = clone.commit("readme.md", "nothing to see\n");
    clone.push("main").accepted();
    let server = server
        .hook("pre-receive")
        .policy(&format!("{WHO}{KEPT}{rules}"));
    (server, clone.acting_as("alice"), base)
}

fn text(server: &Repo) -> String {
    fs::read_to_string(server.dir.join(LOG)).unwrap_or_default()
}

fn entries(server: &Repo) -> Vec<Value> {
    let line = |line: &str| serde_json::from_str(line).unwrap();
    text(server).lines().map(line).collect()
}

#[track_caller]
fn verified(server: &Repo, entries: usize) -> Said {
    let said = server.portcullis("audit verify").ok();
    said.says(&format!("{entries} entries\nhead "))
}

fn head(server: &Repo) -> String {
    let said = server.portcullis("audit verify").ok();
    said.text().rsplit(' ').next().unwrap().to_owned()
}

/// The values of these keys.
fn of<const N: usize>(entry: &Value, keys: [&str; N]) -> [String; N] {
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
    alice.push("main:other").accepted().says("the audit log");
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
    verified(&server, 2).says("1 lines were cut short and are marked");
    server
        .portcullis("audit show")
        .ok()
        .says("refs/heads/three")
        .says(":2 and 0 more");
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
    for words in ["--since yesterday", "--ref main", "--verdict good"] {
        server.portcullis(&format!("audit show {words}")).exit(2);
    }
    let server = server.policy(WHO);
    server.portcullis("audit show").exit(2).says("audit.log");
    server.portcullis(&format!("audit show {LOG}")).ok();
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
    let said = replay("--config new.toml").exit(1);
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
    server.portcullis("check --replay none").exit(3);
}

#[test]
fn where_the_log_is_can_be_asked() {
    let world = World::new();
    let (server, alice, _) = kept(&world, "");
    server.portcullis("status").ok().says(LOG);
    server
        .portcullis("policy show")
        .ok()
        .says(&format!("audit log: {LOG}"));
    alice.portcullis("status").whatever().lacks("audit log");
    let server = server.policy("");
    server.portcullis("status").ok().says("none is kept");
    server.portcullis("policy show").ok().lacks("audit log");
}
