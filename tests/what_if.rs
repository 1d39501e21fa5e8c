//! `check`: the outcome that a push would have, without the push.

use crate::protect::{WHO, guarded, rule};
use crate::protect_more::{main, merge, topic};
use crate::world::{World, ZERO, ids};

#[test]
fn what_if_has_the_outcome_that_the_push_would_have() {
    let world = World::new();
    let keys = "push = [\"@leads\"]\ndelete = []";
    let (server, clone, base) = guarded(&world, &rule("refs/heads/main", keys));
    clone.acting_as("dave").push("main:topic").accepted();
    let next = clone.commit("a.py", "a = 1\n");
    clone.acting_as("dave").push("main:topic").accepted();
    let check = |old: &str, new: &str, user: &str| {
        server.portcullis(&format!(
            "check --update {old} {new} refs/heads/main --as {user}"
        ))
    };
    check(&base, &next, "alice").ok();
    check(&base, &next, "dave").exit(1).by(ids::REF_PUSH);
    check(&base, ZERO, "carol").exit(1).by(ids::REF_DELETE);
    server.ref_is("refs/heads/main", &base);
}

#[test]
fn the_log_of_a_ref_is_judged_update_by_update() {
    let world = World::new();
    let (server, clone, base) = guarded(&world, "");
    server.git("config core.logAllRefUpdates true").ok();
    let direct = clone.commit("a.py", "a = 1\n");
    clone.push("main").accepted();
    topic(&clone, "topic", "main");
    let merged = merge(&clone, "topic");
    clone.push("main").accepted();
    let server = server.policy(&format!("{WHO}{}", main("merge_only = true")));
    let asked = "check --reflog refs/heads/main --as alice";
    server
        .portcullis(asked)
        .exit(1)
        .says(&format!(
            "{}..{}  rejected: refs/merge-only",
            &base[..10],
            &direct[..10]
        ))
        .says(&format!("{}..{}  accepted", &direct[..10], &merged[..10]));
    // Each as of its time: the clock of this world stands in 2023.
    let window = "freeze = [{ from = 2023-01-01T00:00:00Z, until = 2024-01-01T00:00:00Z }]";
    let server = server.policy(&format!("{WHO}{}", main(window)));
    let said = server.portcullis(asked).exit(1);
    said.says(&format!(
        "{}..{}  rejected: refs/freeze",
        &direct[..10],
        &merged[..10]
    ));
    let report = server.portcullis(&format!("{asked} --format json")).exit(1);
    report.json();
    server
        .portcullis("check --reflog refs/heads/none")
        .exit(2)
        .says("no reflog");
}
