//! What a push relied upon stands in the log beside it: who approved it, with which key, and which token.

use crate::approvals::{PEOPLE, Stage, approve_topic, rule};
use crate::audit::{KEPT, entries, of, text, verified};
use crate::confirm::{MAIN, Stand};
use crate::world::{assigned, ids};
use std::fs;

#[test]
fn who_has_approved_a_push_is_written_down_with_it() {
    let stage = Stage::new("approvals = 1");
    let rules = rule("approvals = 1\napprovals_from = [\"@leads\", \"carol@example.com\"]");
    stage.policy(&format!("{PEOPLE}{KEPT}{rules}"));
    let (dave, alice, erin) = (
        stage.person("dave"),
        stage.person("alice"),
        stage.person("erin"),
    );
    let topic = stage.topic(&dave, "topic");
    dave.push("topic:main").rejected();
    approve_topic(&erin, "topic");
    approve_topic(&alice, "topic");
    dave.push("topic:main topic:other").accepted();
    let log = entries(&stage.server);
    let judged = |name: &str| log.iter().rfind(|entry| entry["ref"] == name).unwrap();
    let approvals = judged(MAIN)["approvals"].as_array().unwrap();
    // Erin is none of those who were asked.
    assert_eq!(approvals.len(), 1);
    let [by, key, commit] = of(&approvals[0], ["by", "key", "commit"]);
    assert_eq!((by.contains("alice"), &commit), (true, &topic));
    let file = stage.world.path("key-alice.pub");
    let print = stage
        .server
        .shell(&format!("ssh-keygen -lf '{}'", file.display()))
        .ok();
    assert!(key.starts_with("SHA256:") && print.stdout.contains(&key));
    let kept = approvals[0]["approval"].as_str().unwrap();
    assert!(stage.server.value_of(kept).is_some());
    assert!(judged("refs/heads/other").get("approvals").is_none());
    // What was refused relied upon nothing.
    let refused = log.iter().find(|entry| entry["verdict"] == "rejected");
    assert!(refused.unwrap().get("approvals").is_none());
    assert!(!text(&stage.server).contains("BEGIN SSH SIGNATURE"));
    verified(&stage.server, log.len());
    let shown = stage.server.portcullis("audit show").ok();
    let shown = shown
        .says(&format!("accepted; approved by {by}\n"))
        .lacks(kept);
    let (change, id) = kept
        .strip_prefix("refs/portcullis/approvals/")
        .unwrap()
        .split_once('/')
        .unwrap();
    let short = format!(
        "refs/portcullis/approvals/{}.../{}...  ",
        &change[..8],
        &id[..8]
    );
    assert_eq!(shown.stdout.matches(&short).count(), 1, "{}", shown.stdout);
    let line = |line: &&str| line.contains("accepted; approved");
    assert_eq!(shown.stdout.lines().filter(line).count(), 1);
    // The report of the same update says the same.
    let words = format!(
        "check --update {} {topic} {MAIN} --as dave --format json",
        stage.base
    );
    stage
        .server
        .git(&format!("update-ref {MAIN} {}", stage.base))
        .ok();
    let report = stage.server.portcullis(&words).exit(0).json();
    let told = &report.value["approvals"][0];
    assert_eq!(of(told, ["key", "commit", "ref"]), [&key, &topic, MAIN]);
}

#[test]
fn a_trailer_that_counts_is_written_down_as_what_nobody_has_signed() {
    let stage = Stage::new("approvals = 1");
    let rules = rule(
        "approvals = 1\napprovals_by = [\"trailers\"]\napprovals_from = [\"carol@example.com\"]",
    );
    stage.policy(&format!("{PEOPLE}{KEPT}{rules}"));
    let dave = stage.person("dave");
    dave.stage("more", "more\n");
    let tip = dave.commit_staged("change\n\nReviewed-by: Carol <carol@example.com>");
    dave.push("HEAD:main").accepted();
    let log = entries(&stage.server);
    let approval = &log[0]["approvals"][0];
    assert_eq!(
        of(approval, ["by", "key", "commit"]),
        ["carol@example.com", "null", &tip]
    );
    let shown = stage.server.portcullis("audit show").ok();
    shown.says("accepted; approved by carol@example.com (a trailer)");
}

#[test]
fn the_list_of_the_log_says_what_was_bypassed_by_whom_and_why() {
    let rules = "[server]\nbypass_by = [\"@admins\"]\n[[protect]]\nrefs = [\"refs/heads/main\"]\n\
                 push = [\"*\"]\n";
    let stand = Stand::with(&format!("{rules}{KEPT}"));
    let leak = stand
        .clone
        .commit("app.py", assigned(&stand.world.secrets.github()));
    stand
        .carol
        .git(&format!("fetch -q {} main", stand.clone.dir.display()))
        .ok();
    let words = format!("bypass --check {} --ref {MAIN} --to {leak}", ids::GITHUB);
    let token = stand.token(&format!("{words} --reason a-test-key"));
    let push = format!("push -o portcullis.bypass={token} origin main main:refs/heads/free");
    stand.clone.git(&push).rejected();
    let push = format!("push -o portcullis.bypass={token} origin main");
    stand.clone.git(&push).accepted();
    let shown = stand.server.portcullis("audit show").ok();
    let told = format!("accepted; {} bypassed by carol: a-test-key\n", ids::GITHUB);
    assert_eq!(shown.stdout.matches(&told).count(), 1, "{}", shown.stdout);
}

#[test]
fn a_replay_takes_the_tokens_of_the_log_as_they_were() {
    let rules = "[server]\nbypass_by = [\"@admins\"]\n[[protect]]\nrefs = [\"refs/heads/main\"]\n\
                 push = [\"*\"]\nconfirm = [\"delete\"]\nconfirm_by = [\"@admins\"]\n";
    let stand = Stand::with(&format!("{rules}{KEPT}"));
    let leak = stand
        .clone
        .commit("app.py", assigned(&stand.world.secrets.github()));
    stand
        .carol
        .git(&format!("fetch -q {} main", stand.clone.dir.display()))
        .ok();
    let words = format!("bypass --check {} --ref {MAIN} --to {leak}", ids::GITHUB);
    let token = stand.token(&format!("{words} --reason a-test-key"));
    let push = format!("push -o portcullis.bypass={token} origin main");
    stand.clone.git(&push).accepted();
    let token = stand.token(&format!("confirm delete {MAIN} --at {leak}"));
    let push = format!("push -o portcullis.confirm={token} origin :main");
    stand.clone.git(&push).accepted();
    let replay = |words: &str| {
        let words = format!("check --replay {words}");
        stand.server.portcullis(&words)
    };
    replay("")
        .ok()
        .says("2 refs: 0 would be refused now, 0 accepted, 0 cannot be decided, 2 as before")
        .says("taken as good");
    replay("--verbose")
        .ok()
        .says("now  accepted; secrets/")
        .says("bypassed by carol: a-test-key")
        .says("now  accepted; confirmed by carol");
    // What no token of then was for is judged as ever.
    let policy = fs::read_to_string(stand.server.dir.join("portcullis.toml")).unwrap();
    let policy = policy.replace(
        "confirm = [\"delete\"]",
        "delete = []\nconfirm = [\"delete\"]",
    );
    stand.server.write("new.toml", policy);
    replay("--config new.toml")
        .exit(1)
        .says("now  rejected: refs/delete")
        .says("1 would be refused now, 0 accepted, 0 cannot be decided, 1 as before");
}

#[test]
fn a_token_that_was_used_through_a_symbolic_ref_is_written_down() {
    let stand = Stand::new();
    let policy = fs::read_to_string(stand.server.dir.join("portcullis.toml")).unwrap();
    let policy = format!("{policy}\n{KEPT}");
    stand.server.write("portcullis.toml", policy);
    let alias = "refs/heads/trunk";
    stand
        .server
        .git(&format!("symbolic-ref {alias} {MAIN}"))
        .ok();
    let token = stand.token(&format!("confirm delete {MAIN} --at {}", stand.base));
    let push = format!("push -o portcullis.confirm={token} origin :trunk");
    stand.clone.git(&push).accepted();
    stand.server.lacks_ref(MAIN);
    let log = entries(&stand.server);
    let entry = log.iter().find(|entry| entry["ref"] == alias).unwrap();
    assert_eq!(entry["used"][0]["kind"], "confirm");
    assert!(!text(&stand.server).contains(&token));
}
