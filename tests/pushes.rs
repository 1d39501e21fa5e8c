//! Every way to publish commits from a developer's machine, met by pre-push.

use crate::commits::refused;
use crate::world::{Repo, World, assigned, ids};

/// A clone with hooks, of a server without any that has one harmless commit on main.
fn clone_with_hooks(world: &World) -> (Repo, Repo) {
    let server = world.bare("origin.git");
    let alice = world.clone_of(&server, "alice");
    alice.commit("readme.md", "nothing to see\n");
    alice.push("main").accepted();
    alice.install();
    (server, alice)
}

#[test]
fn a_first_push_is_judged_whole() {
    let world = World::new();
    let server = world.bare("origin.git");
    let (alice, token) = (world.clone_of(&server, "alice"), world.secrets.github());
    alice.install();
    alice.commit("app.py", assigned(&token));
    refused(alice.push("main").rejected(), "app.py:1", &token);
    server.lacks_ref("refs/heads/main");
}

#[test]
fn what_is_added_and_removed_within_one_push_is_found() {
    let world = World::new();
    let (server, alice) = clone_with_hooks(&world);
    let (token, base) = (world.secrets.github(), alice.head());
    let leak = alice.commit("app.py", assigned(&token));
    alice.commit_without("app.py");
    let said = alice.push("main").rejected().says(&leak[..7]);
    refused(said, "app.py:1", &token);
    server.ref_is("refs/heads/main", &base);
}

#[test]
fn the_bad_ref_is_found_in_every_position() {
    for bad in 0..3 {
        let world = World::new();
        let (server, alice) = clone_with_hooks(&world);
        let token = world.secrets.github();
        for (index, branch) in ["first", "second", "third"].into_iter().enumerate() {
            alice.git(&format!("switch -q -c {branch} main")).ok();
            let content = if index == bad {
                assigned(&token)
            } else {
                "a = 1\n".into()
            };
            alice.commit(format!("{branch}.py"), content);
        }
        let name = ["first", "second", "third"][bad];
        let said = alice.push("first second third").rejected().says(name);
        refused(said, &format!("{name}.py:1"), &token);
        for branch in ["first", "second", "third"] {
            server.lacks_ref(&format!("refs/heads/{branch}"));
        }
    }
}

#[test]
fn a_deletion_in_front_of_it_hides_no_ref() {
    let world = World::new();
    let (server, alice) = clone_with_hooks(&world);
    let token = world.secrets.github();
    alice.push("main:old").accepted();
    alice.commit("app.py", assigned(&token));
    refused(alice.push(":old main").rejected(), "app.py:1", &token);
    assert!(server.value_of("refs/heads/old").is_some());
}

#[test]
fn to_delete_a_remote_branch_is_no_leak() {
    let world = World::new();
    let (server, alice) = clone_with_hooks(&world);
    alice.push("main:old").accepted();
    alice.push("--delete old").accepted();
    server.lacks_ref("refs/heads/old");
}

#[test]
fn a_pushed_tag_is_judged_message_and_all() {
    let world = World::new();
    let (server, alice) = clone_with_hooks(&world);
    let token = world.secrets.github();
    alice
        .git_with(&["tag", "-a", "v1", "-m", &format!("with {token}")])
        .ok();
    alice.push("v1").rejected().by(ids::GITHUB).without(&token);
    let blob = alice.blob(assigned(&token));
    alice.git(&format!("tag blob {blob}")).ok();
    alice
        .push("blob")
        .rejected()
        .by(ids::GITHUB)
        .without(&token);
    server.lacks_ref("refs/tags/v1").lacks_ref("refs/tags/blob");
    alice.git("tag -a v2 -m release").ok();
    alice.push("v2").accepted();
}

#[test]
fn what_the_server_has_is_not_judged_again() {
    let world = World::new();
    let server = world.bare("origin.git");
    let (alice, token) = (world.clone_of(&server, "alice"), world.secrets.github());
    alice.commit("app.py", assigned(&token));
    alice.push("main").accepted();
    alice.install();
    alice.append("app.py", "a = 1").git("add .").ok();
    let next = alice.commit_staged("harmless");
    alice.push("main main:topic").accepted();
    server
        .ref_is("refs/heads/main", &next)
        .ref_is("refs/heads/topic", &next);
}

#[test]
fn a_push_by_url_and_a_forced_one_are_judged() {
    let world = World::new();
    let (server, alice) = clone_with_hooks(&world);
    let (token, base) = (world.secrets.github(), alice.head());
    alice.stage("app.py", assigned(&token));
    alice
        .git("-c core.hooksPath=/dev/null commit -q --amend --no-edit")
        .ok();
    refused(alice.push("+main").rejected(), "app.py:1", &token);
    let url = server.dir.display().to_string();
    let said = alice
        .git_with(&["push", &url, "main:refs/heads/other"])
        .rejected();
    refused(said, "app.py:1", &token);
    server
        .ref_is("refs/heads/main", &base)
        .lacks_ref("refs/heads/other");
}

#[test]
fn a_push_with_nothing_to_push_passes() {
    let world = World::new();
    let (_server, alice) = clone_with_hooks(&world);
    alice.push("main").accepted();
}
