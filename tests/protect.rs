//! `[[protect]]`: who may push, create, delete and force which refs, and who decides what that was.

use crate::world::{Line, Repo, Said, World, ZERO, ids};

pub(crate) const WHO: &str = "[identity]\nsource = \"env:PUSHER\"\n\
                   [groups]\nleads = [\"alice\", \"bob\"]\nadmins = [\"carol\"]\n";

/// A server with these rules, main at a first commit, and a clone to push from.
pub(crate) fn guarded(world: &World, rules: &str) -> (Repo, Repo, String) {
    let server = world.bare("origin.git");
    let clone = world.clone_of(&server, "clone");
    let base = clone.commit("readme.md", "nothing to see\n");
    clone.push("main").accepted();
    let server = server.hook("pre-receive").policy(&format!("{WHO}{rules}"));
    (server, clone, base)
}

pub(crate) fn rule(refs: &str, keys: &str) -> String {
    format!("[[protect]]\nrefs = [\"{refs}\"]\n{keys}\n")
}

#[track_caller]
fn refused(said: Said, check: &str, name: &str) {
    said.by(check).says(name);
}

#[test]
fn who_may_push_pushes_and_nobody_else() {
    let world = World::new();
    let (server, clone, base) = guarded(&world, &rule("refs/heads/main", "push = [\"@leads\"]"));
    let next = clone.commit("a.py", "a = 1\n");
    for outsider in ["carol", "dave", "Alice", "@leads", "leads", "*"] {
        let said = clone.acting_as(outsider).push("main").rejected();
        refused(said, ids::REF_PUSH, "refs/heads/main");
        server.ref_is("refs/heads/main", &base).lacks_object(&next);
    }
    clone.acting_as("bob").push("main").accepted();
    server.ref_is("refs/heads/main", &next);
}

#[test]
fn a_ref_that_no_rule_names_is_free() {
    let world = World::new();
    let (_server, clone, _) = guarded(&world, &rule("refs/heads/main", "push = []"));
    clone.acting_as("dave").push("main:topic").accepted();
    clone.push("main:anonymous").accepted();
    clone
        .acting_as("dave")
        .push("main:mainly main:domain")
        .accepted();
}

#[test]
fn a_pusher_who_is_not_known_is_nobody() {
    let world = World::new();
    let (server, clone, base) = guarded(&world, &rule("refs/heads/main", "push = [\"*\"]"));
    clone.commit("a.py", "a = 1\n");
    refused(
        clone.push("main").rejected(),
        ids::REF_PUSH,
        "refs/heads/main",
    );
    refused(
        clone.acting_as("").push("main").rejected(),
        ids::REF_PUSH,
        "refs/heads/main",
    );
    let said = clone.push("main").rejected();
    said.tells("so they may not move it forward")
        .tells("be known to the server first: log in as somebody for whom it sets env:PUSHER");
    server.ref_is("refs/heads/main", &base);
    clone.acting_as("dave").push("main").accepted();
}

#[test]
fn an_absent_push_is_everyone_who_is_known() {
    let world = World::new();
    let (_server, clone, _) = guarded(&world, &rule("refs/heads/main", "force = []"));
    clone.commit("a.py", "a = 1\n");
    refused(
        clone.push("main").rejected(),
        ids::REF_PUSH,
        "refs/heads/main",
    );
    clone.acting_as("dave").push("main").accepted();
}

#[test]
fn absent_keys_fall_back_to_push() {
    let world = World::new();
    let (server, clone, base) = guarded(&world, &rule("refs/heads/*", "push = [\"@leads\"]"));
    let (dave, alice) = (clone.acting_as("dave"), clone.acting_as("alice"));
    refused(
        dave.push("main:new").rejected(),
        ids::REF_CREATE,
        "refs/heads/new",
    );
    alice.push("main:new").accepted();
    refused(
        dave.push(":new").rejected(),
        ids::REF_DELETE,
        "refs/heads/new",
    );
    clone.git("commit -q --amend -m rewritten").ok();
    refused(
        dave.push("+main").rejected(),
        ids::REF_FORCE,
        "refs/heads/main",
    );
    server.ref_is("refs/heads/main", &base);
    alice.push("+main :new").accepted();
    server
        .lacks_ref("refs/heads/new")
        .ref_is("refs/heads/main", &clone.head());
}

#[test]
fn each_act_has_its_own_people() {
    let world = World::new();
    let keys =
        "push = [\"@leads\"]\ncreate = [\"dave\"]\ndelete = [\"@admins\"]\nforce = [\"erin\"]";
    let (server, clone, _) = guarded(&world, &rule("refs/heads/**", keys));
    let acting = |user| clone.acting_as(user);
    refused(
        acting("alice").push("main:a/b").rejected(),
        ids::REF_CREATE,
        "refs/heads/a/b",
    );
    acting("dave").push("main:a/b").accepted();
    refused(
        acting("dave").push(":a/b").rejected(),
        ids::REF_DELETE,
        "refs/heads/a/b",
    );
    refused(
        acting("alice").push(":a/b").rejected(),
        ids::REF_DELETE,
        "refs/heads/a/b",
    );
    acting("carol").push(":a/b").accepted();
    clone.git("commit -q --amend -m rewritten").ok();
    refused(
        acting("alice").push("+main").rejected(),
        ids::REF_FORCE,
        "refs/heads/main",
    );
    acting("erin").push("+main").accepted();
    clone.commit("a.py", "a = 1\n");
    refused(
        acting("erin").push("main").rejected(),
        ids::REF_PUSH,
        "refs/heads/main",
    );
    acting("bob").push("main").accepted();
    server.ref_is("refs/heads/main", &clone.head());
}

#[test]
fn an_empty_list_is_nobody_administrators_included() {
    let world = World::new();
    let keys = "push = [\"*\"]\ndelete = []\nforce = []";
    let (server, clone, base) = guarded(&world, &rule("refs/heads/main", keys));
    let carol = clone.acting_as("carol");
    refused(
        carol.push(":main").rejected(),
        ids::REF_DELETE,
        "refs/heads/main",
    );
    clone.git("commit -q --amend -m rewritten").ok();
    refused(
        carol.push("+main").rejected(),
        ids::REF_FORCE,
        "refs/heads/main",
    );
    server.ref_is("refs/heads/main", &base);
}

#[test]
fn every_rule_that_matches_must_be_satisfied() {
    let rules = [
        rule("refs/heads/**", "push = [\"@leads\"]"),
        rule("refs/heads/main", "push = [\"bob\", \"carol\"]"),
    ];
    for order in [[0, 1], [1, 0]] {
        let world = World::new();
        let text = order.map(|index| rules[index].as_str()).concat();
        let (server, clone, base) = guarded(&world, &text);
        clone.commit("a.py", "a = 1\n");
        for one_rule_only in ["alice", "carol"] {
            let said = clone.acting_as(one_rule_only).push("main").rejected();
            refused(said, ids::REF_PUSH, "refs/heads/main");
            server.ref_is("refs/heads/main", &base);
        }
        clone.acting_as("bob").push("main").accepted();
    }
}

#[test]
fn a_forced_push_that_is_a_fast_forward_is_a_plain_push() {
    let world = World::new();
    let keys = "push = [\"*\"]\nforce = []";
    let (server, clone, _) = guarded(&world, &rule("refs/heads/main", keys));
    let next = clone.commit("a.py", "a = 1\n");
    clone.acting_as("dave").push("+main").accepted();
    server.ref_is("refs/heads/main", &next);
}

#[test]
fn a_rewind_is_a_force_even_to_an_old_commit_of_the_branch() {
    let world = World::new();
    let keys = "push = [\"*\"]\nforce = []";
    let (server, clone, base) = guarded(&world, &rule("refs/heads/main", keys));
    let next = clone.commit("a.py", "a = 1\n");
    let dave = clone.acting_as("dave");
    dave.push("main").accepted();
    refused(
        dave.push(&format!("+{base}:main")).rejected(),
        ids::REF_FORCE,
        "refs/heads/main",
    );
    server.ref_is("refs/heads/main", &next);
}

#[test]
fn a_deletion_is_one_whatever_old_id_it_claims() {
    let world = World::new();
    let (server, clone, base) = guarded(&world, &rule("refs/heads/main", "delete = [\"@admins\"]"));
    clone.push("main:other").accepted();
    for user in ["alice", ""] {
        let as_user = server.acting_as(user);
        for old in [
            base.as_str(),
            ZERO,
            "deadbeefdeadbeefdeadbeefdeadbeefdeadbeef",
        ] {
            let wired = as_user.receives(&[Line::new(old, ZERO, "refs/heads/main")], b"");
            refused(wired.said, ids::REF_DELETE, "refs/heads/main");
            server.ref_is("refs/heads/main", &base);
        }
    }
    let carol = server.acting_as("carol");
    carol
        .receives(&[Line::new(&base, ZERO, "refs/heads/main")], b"")
        .took("refs/heads/main", &server);
    server.lacks_ref("refs/heads/main");
}

#[test]
fn an_update_that_claims_to_be_a_creation_is_an_update() {
    let world = World::new();
    let keys = "push = [\"@leads\"]\ncreate = [\"dave\"]\nforce = []";
    let (server, clone, base) = guarded(&world, &rule("refs/heads/main", keys));
    let next = clone.commit("a.py", "a = 1\n");
    let pack = clone.pack(&format!("{next} ^{base}"));
    let lines = [Line::new(ZERO, &next, "refs/heads/main")];
    let wired = server.acting_as("dave").receives(&lines, &pack);
    refused(wired.said, ids::REF_PUSH, "refs/heads/main");
    server.ref_is("refs/heads/main", &base);
}

#[test]
fn what_lies_below_a_protected_name_is_protected() {
    let world = World::new();
    let (server, clone, _) = guarded(&world, &rule("refs/heads/stable", "create = [\"@admins\"]"));
    let said = clone.acting_as("alice").push("main:stable/x").rejected();
    refused(said, ids::REF_CREATE, "refs/heads/stable/x");
    server.lacks_ref("refs/heads/stable/x");
}

#[test]
fn what_stands_in_the_way_of_a_protected_name_is_protected() {
    let world = World::new();
    let rules = rule("refs/heads/release/*", "create = [\"@admins\"]");
    let (server, clone, _) = guarded(&world, &rules);
    let said = clone.acting_as("alice").push("main:release").rejected();
    refused(said, ids::REF_CREATE, "refs/heads/release");
    server.lacks_ref("refs/heads/release");
    clone.acting_as("carol").push("main:release/1").accepted();
}

#[test]
fn a_swap_of_a_branch_for_a_directory_deletes_the_branch() {
    let world = World::new();
    let (server, clone, base) = guarded(&world, &rule("refs/heads/main", "delete = []"));
    clone.push("main:other").accepted();
    let next = clone.commit("a.py", "a = 1\n");
    let pack = clone.pack(&format!("{next} ^{base}"));
    let lines = [
        Line::new(&base, ZERO, "refs/heads/main"),
        Line::new(ZERO, &next, "refs/heads/main/sub"),
    ];
    let wired = server.acting_as("alice").receives(&lines, &pack);
    refused(
        wired.refused("refs/heads/main", &server).said,
        ids::REF_DELETE,
        "refs/heads/main",
    );
    server
        .ref_is("refs/heads/main", &base)
        .lacks_ref("refs/heads/main/sub");
}

#[test]
fn a_protected_tag_is_neither_moved_nor_deleted() {
    let world = World::new();
    let keys = "create = [\"@leads\"]\nforce = []\ndelete = []\npush = []";
    let (server, clone, base) = guarded(&world, &rule("refs/tags/v*", keys));
    let alice = clone.acting_as("alice");
    clone.git("tag v1").ok();
    alice.push("v1").accepted();
    let next = clone.commit("a.py", "a = 1\n");
    alice.push("main").accepted();
    // Forward along the branch, backward, and to an annotated tag: each is a move.
    clone.git(&format!("tag -f v1 {next}")).ok();
    refused(alice.push("+v1").rejected(), ids::REF_FORCE, "refs/tags/v1");
    clone.git(&format!("tag -f -a -m x v1 {base}")).ok();
    refused(alice.push("+v1").rejected(), ids::REF_FORCE, "refs/tags/v1");
    refused(
        alice.push(":refs/tags/v1").rejected(),
        ids::REF_DELETE,
        "refs/tags/v1",
    );
    server.ref_is("refs/tags/v1", &base);
    refused(
        clone.acting_as("dave").push("main:refs/tags/v2").rejected(),
        ids::REF_CREATE,
        "v2",
    );
}

#[test]
fn each_refused_ref_is_named_and_none_lands() {
    let world = World::new();
    let (server, clone, base) = guarded(
        &world,
        &format!(
            "{}{}",
            rule("refs/heads/main", "push = [\"@leads\"]"),
            rule("refs/heads/stable", "create = [\"@admins\"]")
        ),
    );
    clone.commit("a.py", "a = 1\n");
    let said = clone
        .acting_as("dave")
        .push("main main:stable main:free")
        .rejected();
    said.by(ids::REF_PUSH)
        .says("refs/heads/main")
        .by(ids::REF_CREATE)
        .says("refs/heads/stable");
    server
        .ref_is("refs/heads/main", &base)
        .lacks_ref("refs/heads/stable")
        .lacks_ref("refs/heads/free");
}

#[test]
fn two_deletions_of_one_name_are_refused() {
    let world = World::new();
    let (server, clone, base) = guarded(&world, "");
    clone.push("main:old").accepted();
    let line = || Line::new(&base, ZERO, "refs/heads/old");
    let wired = server.receives(&[line(), line()], b"");
    refused(wired.said, ids::REF_DUPLICATE, "refs/heads/old");
    server.ref_is("refs/heads/old", &base);
}

#[test]
fn the_account_that_pushes_is_the_pusher_where_the_policy_says_unix() {
    let world = World::new();
    let (server, clone, _) = guarded(&world, "");
    let me = clone.shell("id -un").ok().text().to_owned();
    let policy = |who: &str| {
        format!(
            "[identity]\nsource = \"unix\"\n{}",
            rule("refs/heads/main", who)
        )
    };
    let server = server.policy(&policy("push = [\"somebody-else\"]"));
    clone.commit("a.py", "a = 1\n");
    refused(
        clone.acting_as("somebody-else").push("main").rejected(),
        ids::REF_PUSH,
        "main",
    );
    let server = server.policy(&policy(&format!("push = [\"{me}\"]")));
    clone.acting_as("somebody-else").push("main").accepted();
    server.ref_is("refs/heads/main", &clone.head());
}

#[test]
fn evaluation_says_and_accepts() {
    let world = World::new();
    let rules = format!(
        "{}[server]\nmode = \"evaluate\"\ndeadline = \"120s\"\n",
        rule("refs/heads/main", "push = []")
    );
    let (server, clone, _) = guarded(&world, &rules);
    let token = world.secrets.github();
    let leak = clone.commit("app.py", format!("token = \"{token}\"\n"));
    let said = clone.acting_as("dave").push("main").accepted();
    said.by(ids::REF_PUSH)
        .by(ids::GITHUB)
        .at("app.py:1")
        .without(&token);
    server.ref_is("refs/heads/main", &leak);
}

#[test]
fn the_update_hook_holds_the_same_policy() {
    let world = World::new();
    let server = world.bare("origin.git");
    let clone = world.clone_of(&server, "clone");
    let base = clone.commit("readme.md", "nothing to see\n");
    clone.push("main").accepted();
    let rules = rule("refs/heads/main", "push = [\"@leads\"]");
    let server = server.hook("update").policy(&format!("{WHO}{rules}"));
    let next = clone.commit("a.py", "a = 1\n");
    refused(
        clone.acting_as("dave").push("main").rejected(),
        ids::REF_PUSH,
        "refs/heads/main",
    );
    server.ref_is("refs/heads/main", &base);
    clone.acting_as("alice").push("main").accepted();
    server.ref_is("refs/heads/main", &next);
}

#[test]
fn a_symbolic_ref_is_no_way_around_what_it_stands_for() {
    let world = World::new();
    let (server, clone, base) = guarded(&world, &rule("refs/heads/main", "push = [\"@leads\"]"));
    server
        .git("symbolic-ref refs/heads/alias refs/heads/main")
        .ok();
    server
        .git("symbolic-ref refs/heads/far refs/heads/alias")
        .ok();
    let dave = clone.acting_as("dave");
    let next = clone.commit("a.py", "a = 1\n");
    for refspec in ["main:alias", "main:far"] {
        let said = dave.push(refspec).rejected();
        refused(said, ids::REF_PUSH, "refs/heads/main");
        server.ref_is("refs/heads/main", &base).lacks_object(&next);
    }
    let said = dave.push(":alias").rejected();
    refused(said, ids::REF_DELETE, "refs/heads/main");
    server.ref_is("refs/heads/main", &base);
    clone.acting_as("alice").push("main:far").accepted();
    server.ref_is("refs/heads/main", &next);
}

#[test]
fn a_symbolic_ref_makes_no_protected_ref_that_is_not_there() {
    let world = World::new();
    let keys = "push = [\"@leads\"]";
    for format in ["files", "reftable"] {
        let Some(server) = world.try_init(
            &format!("{format}.git"),
            &["--bare", &format!("--ref-format={format}")],
        ) else {
            continue;
        };
        let clone = world.clone_of(&server, &format!("{format}-clone"));
        clone.commit("a.py", "a = 1\n");
        let server = server
            .hook("pre-receive")
            .policy(&format!("{WHO}{}", rule("refs/heads/release", keys)));
        server
            .git("symbolic-ref refs/heads/next refs/heads/release")
            .ok();
        let said = clone.acting_as("dave").push("main:next").rejected();
        refused(said, ids::REF_CREATE, "refs/heads/release");
        server.lacks_ref("refs/heads/release");
        clone.acting_as("alice").push("main:next").accepted();
    }
}

#[test]
fn the_policy_holds_for_a_push_to_a_worktree_of_the_server() {
    let world = World::new();
    let (server, clone, base) = guarded(&world, &rule("refs/heads/main", "push = [\"@leads\"]"));
    let checkout = world.path("checkout");
    server
        .git_with(&[
            "worktree",
            "add",
            "-q",
            "--detach",
            &checkout.display().to_string(),
        ])
        .ok();
    clone.commit("a.py", "a = 1\n");
    let dave = clone.acting_as("dave");
    for to in [checkout, world.path("origin.git/worktrees/checkout")] {
        let said = dave.git_with(&["push", &to.display().to_string(), "main"]);
        refused(said.rejected(), ids::REF_PUSH, "refs/heads/main");
        server.ref_is("refs/heads/main", &base);
    }
}
