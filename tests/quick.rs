//! A push mostly needs no look at refs that it does not name. Whatever a repository has that no ref of
//! it reaches is judged all the same.

use crate::server::server_and_attacker;
use crate::world::{Line, World, ZERO, assigned, ids};

#[test]
fn a_commit_on_top_of_one_that_nothing_reaches_brings_both() {
    let world = World::new();
    let server = world.bare("origin.git");
    let (mallory, token) = (world.clone_of(&server, "mallory"), world.secrets.github());
    let base = mallory.commit("readme.md", "nothing to see\n");
    mallory.push("main").accepted();
    let leak = mallory.commit("app.py", assigned(&token));
    mallory.push("main:smuggled").accepted();
    server.git("update-ref -d refs/heads/smuggled").ok();
    let server = server.hook("pre-receive");
    // The commit that leaks is not sent: the server has it, and takes it out again nowhere.
    mallory.commit_without("app.py");
    let tip = mallory.commit("next.py", "a = 1\n");
    let pack = mallory.pack(&format!("{tip} ^{leak}"));
    for (old, name) in [(base.as_str(), "refs/heads/main"), (ZERO, "refs/heads/new")] {
        let wired = server.receives(&[Line::new(old, &tip, name)], &pack);
        wired.said.by(ids::GITHUB).at("app.py:1").without(&token);
    }
    server
        .ref_is("refs/heads/main", &base)
        .lacks_ref("refs/heads/new");
}

#[test]
fn a_tree_that_nothing_reaches_is_read_where_the_server_has_it() {
    let world = World::new();
    let server = world.bare("origin.git");
    let (mallory, token) = (world.clone_of(&server, "mallory"), world.secrets.github());
    let base = mallory.commit("readme.md", "nothing to see\n");
    mallory.push("main").accepted();
    let leak = mallory.commit("app.py", assigned(&token));
    mallory.push("main:smuggled").accepted();
    server.git("update-ref -d refs/heads/smuggled").ok();
    let server = server.hook("pre-receive");
    // Another commit with the same tree; nothing but itself is sent.
    let tree = mallory.id(&format!("{leak}^{{tree}}"));
    let tip = mallory.ask(&format!("commit-tree -p {base} -m harmless {tree}"));
    let pack = mallory.pack(&format!("{tip} ^{leak}"));
    for (old, name) in [(base.as_str(), "refs/heads/main"), (ZERO, "refs/heads/new")] {
        let wired = server.receives(&[Line::new(old, &tip, name)], &pack);
        wired.said.by(ids::GITHUB).at("app.py:1").without(&token);
    }
    server
        .ref_is("refs/heads/main", &base)
        .lacks_ref("refs/heads/new");
}

#[test]
fn what_only_a_pool_has_is_new() {
    let world = World::new();
    let pool = world.bare("pool.git");
    let (mallory, token) = (world.clone_of(&pool, "mallory"), world.secrets.github());
    let base = mallory.commit("readme.md", "nothing to see\n");
    mallory.push("main:base").accepted();
    mallory.commit("app.py", assigned(&token));
    mallory.push("main").accepted();
    let server = world.bare("origin.git").hook("pre-receive");
    let lent = world.path("pool.git").join("objects");
    server.write("objects/info/alternates", format!("{}\n", lent.display()));
    let url = world.path("origin.git");
    mallory
        .git(&format!("remote set-url origin {}", url.display()))
        .ok();
    mallory.push(&format!("{base}:refs/heads/main")).accepted();
    for refspec in ["main", "main:new"] {
        let said = mallory.push(refspec).rejected();
        said.by(ids::GITHUB).at("app.py:1").without(&token);
    }
    server.ref_is("refs/heads/main", &base);
}

#[test]
fn what_a_shallow_server_does_not_have_is_new() {
    let world = World::new();
    let whole = world.bare("whole.git");
    let (mallory, token) = (world.clone_of(&whole, "mallory"), world.secrets.github());
    mallory.commit("readme.md", "nothing to see\n");
    let leak = mallory.commit("app.py", assigned(&token));
    mallory.commit_without("app.py");
    let tip = mallory.commit("next.py", "a = 1\n");
    mallory.push("main").accepted();
    let (from, to) = (world.path("whole.git"), world.path("origin.git"));
    let depth = format!(
        "git clone -q --bare --depth 1 'file://{}' '{}'",
        from.display(),
        to.display()
    );
    mallory.shell(&depth).ok();
    let server = whole.within("../origin.git").hook("pre-receive");
    server.ref_is("refs/heads/main", &tip);
    // What the boundary hides, another ref brings in, and so does the main one by going back.
    let pack = mallory.pack(&leak);
    for (old, name) in [(ZERO, "refs/heads/old"), (tip.as_str(), "refs/heads/main")] {
        let wired = server.receives(&[Line::new(old, &leak, name)], &pack);
        wired.said.by(ids::GITHUB).at("app.py:1").without(&token);
    }
    mallory
        .git(&format!("remote set-url origin {}", to.display()))
        .ok();
    mallory.commit("more.py", "b = 2\n");
    mallory.push("main").accepted();
    mallory.commit("more.py", assigned(&token));
    let said = mallory.push("main").rejected();
    said.by(ids::GITHUB).at("more.py:1").without(&token);
}

#[test]
fn a_ref_that_goes_elsewhere_brings_all_that_is_there() {
    let world = World::new();
    let (server, mallory, base) = server_and_attacker(&world);
    let token = world.secrets.github();
    mallory.git("checkout -q --orphan other").ok();
    mallory.commit("app.py", assigned(&token));
    mallory.commit_without("app.py");
    for refspec in ["+other:main", "other:new", "other:new main:also-new"] {
        let said = mallory.push(refspec).rejected();
        said.by(ids::GITHUB).at("app.py:1").without(&token);
    }
    server
        .ref_is("refs/heads/main", &base)
        .lacks_ref("refs/heads/new");
}

#[test]
fn a_new_ref_next_to_a_hidden_one_launders_nothing() {
    for key in ["receive", "transfer"] {
        let world = World::new();
        let server = world.bare("origin.git");
        let (mallory, token) = (world.clone_of(&server, "mallory"), world.secrets.github());
        mallory.commit("readme.md", "nothing to see\n");
        mallory.push("main").accepted();
        let leak = mallory.commit("app.py", assigned(&token));
        mallory.push("main:refs/pull/1/head").accepted();
        server.git("symbolic-ref HEAD refs/pull/1/head").ok();
        server.git(&format!("config {key}.hideRefs refs/pull")).ok();
        let server = server.hook("pre-receive");
        let next = mallory.commit("next.py", "a = 1\n");
        let pack = mallory.pack(&format!("{next} ^{leak}"));
        let new = Line::new(ZERO, &next, "refs/heads/new");
        let wired = server.receives(&[new], &pack);
        wired.said.by(ids::GITHUB).at("app.py:1").without(&token);
        server.lacks_ref("refs/heads/new");
    }
}

#[test]
fn refs_that_move_and_come_together_bring_their_own_alone() {
    let world = World::new();
    let (server, alice, base) = server_and_attacker(&world);
    alice.push("main:one").accepted();
    let one = alice.commit("one.py", "a = 1\n");
    alice.git(&format!("checkout -q -b two {base}")).ok();
    let two = alice.commit("two.py", "a = 2\n");
    let said = alice.push("main main:one two two:three").accepted();
    drop(said);
    server
        .ref_is("refs/heads/main", &one)
        .ref_is("refs/heads/one", &one)
        .ref_is("refs/heads/three", &two);
    let token = world.secrets.github();
    alice.commit("leak.py", assigned(&token));
    let said = alice.push("two main:four two:five").rejected();
    said.by(ids::GITHUB)
        .at("leak.py:1")
        .without(&token)
        .lacks("one.py");
}
