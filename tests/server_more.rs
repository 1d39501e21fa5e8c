//! What servers do besides being pushed to: settings from their environment, housekeeping, pushes that
//! are all or nothing.

use crate::protect::guarded;
use crate::world::{Line, World, assigned, ids};

const MAIN: &str = "refs/heads/main";

#[test]
fn settings_of_the_environment_hide_refs_from_a_push_too() {
    let world = World::new();
    let server = world.bare("origin.git");
    let (mallory, token) = (world.clone_of(&server, "mallory"), world.secrets.github());
    let base = mallory.commit("readme.md", "nothing to see\n");
    mallory.push("main").accepted();
    let leak = mallory.commit("app.py", assigned(&token));
    mallory.push("main:refs/pull/1/head").accepted();
    let server = server.hook("pre-receive");
    // As GitLab sets it: what only a hidden ref reaches was judged by nobody.
    let hides = server.with_env("GIT_CONFIG_PARAMETERS", "'receive.hiderefs'='refs/pull'");
    let next = mallory.commit("next.py", "a = 1\n");
    let pack = mallory.pack(&format!("{next} ^{leak}"));
    let wired = hides.receives(&[Line::new(&base, &next, MAIN)], &pack);
    let said = wired.refused(MAIN, &server).said;
    said.by(ids::GITHUB).at("app.py:1").without(&token);
    server.ref_is(MAIN, &base);
}

#[test]
fn housekeeping_of_a_guarded_server_goes_on_and_changes_no_rule() {
    let world = World::new();
    let rules =
        "[[protect]]\nrefs = [\"refs/heads/**\"]\npush = [\"@leads\"]\ndelete = []\nforce = []\n";
    let (server, clone, base) = guarded(&world, rules);
    server.portcullis("install --server").ok();
    let alice = clone.acting_as("alice");
    let next = clone.commit("a.py", "a = 1\n");
    alice.push("main main:topic").accepted();
    for words in [
        "pack-refs --all --prune",
        "gc -q --prune=now",
        "repack -q -a -d",
    ] {
        server.git(words).ok();
        server.ref_is(MAIN, &next).ref_is("refs/heads/topic", &next);
        alice.push(":topic").rejected().by(ids::REF_DELETE);
        alice
            .push(&format!("+{base}:main"))
            .rejected()
            .by(ids::REF_FORCE);
    }
    let last = clone.commit("b.py", "b = 1\n");
    alice.push("main").accepted();
    server.ref_is(MAIN, &last);
}

#[test]
fn a_push_that_is_all_or_nothing_is_nothing_by_one_ref() {
    let world = World::new();
    let rules = "[[protect]]\nrefs = [\"refs/heads/main\"]\npush = [\"@leads\"]\n";
    let (server, clone, base) = guarded(&world, rules);
    let next = clone.commit("a.py", "a = 1\n");
    let nobody = clone.acting_as("nobody");
    nobody
        .push("--atomic main:topic main")
        .rejected()
        .by(ids::REF_PUSH);
    server
        .ref_is(MAIN, &base)
        .lacks_ref("refs/heads/topic")
        .lacks_object(&next);
    server.has_no_quarantine();
    clone
        .acting_as("alice")
        .push("--atomic main:topic main")
        .accepted();
    server.ref_is(MAIN, &next).ref_is("refs/heads/topic", &next);
}
