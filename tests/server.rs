//! What a server is sent by Git, and what it takes.

use crate::world::{Line, Repo, World, assigned, ids};

/// A guarded server with one harmless commit on main, and a clone without hooks.
pub(crate) fn server_and_attacker(world: &World) -> (Repo, Repo, String) {
    let server = world.bare("origin.git").hook("pre-receive");
    let mallory = world.clone_of(&server, "mallory");
    let base = mallory.commit("readme.md", "nothing to see\n");
    mallory.push("main").accepted();
    (server, mallory, base)
}

#[test]
fn a_refused_push_leaves_nothing_behind() {
    let world = World::new();
    let (server, mallory, _) = server_and_attacker(&world);
    let key = world.secrets.private_key();
    let leak = mallory.commit("id_key", &key);
    mallory
        .push("main")
        .rejected()
        .by(ids::OPENSSH_KEY)
        .at("id_key:1")
        .says("main")
        .without(&key);
    server
        .ref_is("refs/heads/main", &mallory.parent_of(&leak))
        .lacks_object(&leak)
        .lacks_object(&mallory.id(&format!("{leak}:id_key")))
        .has_no_quarantine();
}

#[test]
fn a_harmless_push_passes_through_every_kind_of_ref() {
    let world = World::new();
    let (server, mallory, _) = server_and_attacker(&world);
    let next = mallory.commit("a.py", "a = 1\n");
    mallory.git("tag -a v1 -m release").ok();
    mallory.git("notes add -m checked").ok();
    mallory
        .push("main main:refs/weird/one v1 refs/notes/commits")
        .accepted();
    server
        .ref_is("refs/heads/main", &next)
        .ref_is("refs/weird/one", &next);
    mallory.push("--delete refs/weird/one").accepted();
    server.lacks_ref("refs/weird/one");
}

#[test]
fn the_first_push_of_all_is_judged() {
    let world = World::new();
    let server = world.bare("origin.git").hook("pre-receive");
    let (mallory, token) = (world.clone_of(&server, "mallory"), world.secrets.github());
    let leak = mallory.commit("app.py", assigned(&token));
    mallory.commit_without("app.py");
    mallory
        .push("main")
        .rejected()
        .by(ids::GITHUB)
        .at("app.py:1")
        .says(&leak[..7])
        .without(&token);
    server.lacks_object(&leak).lacks_ref("refs/heads/main");
}

#[test]
fn the_bad_ref_is_found_in_every_position() {
    let world = World::new();
    let (server, mallory, _) = server_and_attacker(&world);
    let token = world.secrets.github();
    mallory.git("switch -q -c good main").ok();
    mallory.commit("good.py", "a = 1\n");
    mallory.git("switch -q -c bad main").ok();
    mallory.commit("bad.py", assigned(&token));
    for refs in ["bad good other", "good bad other", "good other bad"] {
        let refs = refs.replace("other", "main:other");
        let said = mallory.push(&refs).rejected().says("refs/heads/bad");
        said.by(ids::GITHUB).at("bad.py:1").without(&token);
        for name in ["good", "bad", "other"] {
            server.lacks_ref(&format!("refs/heads/{name}"));
        }
    }
}

#[test]
fn what_only_the_merge_itself_brings_in_is_found() {
    let world = World::new();
    let (server, mallory, base) = server_and_attacker(&world);
    let token = world.secrets.github();
    mallory.git("switch -q -c side").ok();
    mallory.commit("side.txt", "side\n");
    mallory.git("switch -q main").ok();
    mallory.commit("main.txt", "main\n");
    mallory.git("merge -q --no-ff --no-commit side").ok();
    let merge = mallory.commit("evil.py", assigned(&token));
    mallory.commit_without("evil.py");
    let said = mallory.push("main").rejected().says(&merge[..7]);
    said.by(ids::GITHUB).at("evil.py:1").without(&token);
    server.ref_is("refs/heads/main", &base);
}

#[test]
fn messages_of_commits_and_tags_are_read() {
    let world = World::new();
    let (server, mallory, base) = server_and_attacker(&world);
    let token = world.secrets.github();
    mallory
        .git_with(&["tag", "-a", "v1", "-m", &format!("with {token}")])
        .ok();
    mallory
        .push("v1")
        .rejected()
        .by(ids::GITHUB)
        .without(&token);
    mallory.git("tag -a outer v1 -m harmless").ok();
    mallory
        .push("outer")
        .rejected()
        .by(ids::GITHUB)
        .without(&token);
    let leak = mallory.commit_staged(&format!("deploy\n\nwith {token}"));
    mallory
        .push("main")
        .rejected()
        .by(ids::GITHUB)
        .says(&leak[..7])
        .without(&token);
    server
        .ref_is("refs/heads/main", &base)
        .lacks_ref("refs/tags/v1")
        .lacks_ref("refs/tags/outer");
}

#[test]
fn tags_on_blobs_and_trees_are_read() {
    let world = World::new();
    let (server, mallory, _) = server_and_attacker(&world);
    let token = world.secrets.github();
    let blob = mallory.blob(assigned(&token));
    let tree = mallory.ask_fed("mktree", format!("100644 blob {blob}\tapp.py\n").as_bytes());
    mallory.git(&format!("tag blob {blob}")).ok();
    mallory.git(&format!("tag tree {tree}")).ok();
    mallory
        .git(&format!("tag -a wrapped-blob -m x {blob}"))
        .ok();
    mallory
        .git(&format!("tag -a wrapped-tree -m x {tree}"))
        .ok();
    mallory.git("tag -a twice wrapped-tree -m x").ok();
    for name in ["blob", "tree", "wrapped-blob", "wrapped-tree", "twice"] {
        mallory
            .push(name)
            .rejected()
            .by(ids::GITHUB)
            .says(name)
            .without(&token);
        server.lacks_ref(&format!("refs/tags/{name}"));
    }
    server.lacks_object(&blob).lacks_object(&tree);
    let harmless = mallory.blob("nothing\n");
    mallory.git(&format!("tag harmless {harmless}")).ok();
    mallory.push("harmless").accepted();
}

#[test]
fn an_old_secret_does_not_block_and_a_new_one_does() {
    let world = World::new();
    let server = world.bare("origin.git");
    let (mallory, token) = (world.clone_of(&server, "mallory"), world.secrets.github());
    mallory.commit("app.py", format!("a = 1\n{}b = 2\n", assigned(&token)));
    mallory.push("main").accepted();
    let server = server.hook("pre-receive");
    mallory.append("app.py", "c = 3").git("add .").ok();
    let next = mallory.commit_staged("harmless");
    mallory.push("main main:topic").accepted();
    server.ref_is("refs/heads/main", &next);
    mallory.commit("copy.py", assigned(&token));
    mallory
        .push("main")
        .rejected()
        .by(ids::GITHUB)
        .at("copy.py:1")
        .without(&token);
    server.ref_is("refs/heads/main", &next);
}

#[test]
fn an_object_that_the_server_has_but_no_ref_reaches_is_judged() {
    let world = World::new();
    let server = world.bare("origin.git");
    let (mallory, token) = (world.clone_of(&server, "mallory"), world.secrets.github());
    mallory.commit("readme.md", "nothing to see\n");
    mallory.push("main").accepted();
    let leak = mallory.commit("app.py", assigned(&token));
    mallory.push("main:smuggled").accepted();
    server.git("update-ref -d refs/heads/smuggled").ok();
    let server = server.hook("pre-receive");
    mallory
        .push("main")
        .rejected()
        .by(ids::GITHUB)
        .at("app.py:1")
        .without(&token);
    assert_ne!(server.value_of("refs/heads/main"), Some(leak));
}

#[test]
fn a_hidden_ref_launders_nothing() {
    let world = World::new();
    let server = world.bare("origin.git");
    let (mallory, token) = (world.clone_of(&server, "mallory"), world.secrets.github());
    mallory.commit("readme.md", "nothing to see\n");
    mallory.push("main").accepted();
    let leak = mallory.commit("app.py", assigned(&token));
    mallory.push("main:refs/pull/1/head").accepted();
    server.git("config receive.hideRefs refs/pull").ok();
    let server = server.hook("pre-receive");
    mallory
        .push("main")
        .rejected()
        .by(ids::GITHUB)
        .at("app.py:1")
        .without(&token);
    assert_ne!(server.value_of("refs/heads/main"), Some(leak));
}

#[test]
fn a_hidden_ref_in_the_same_push_launders_nothing() {
    let world = World::new();
    let server = world.bare("origin.git");
    let (mallory, token) = (world.clone_of(&server, "mallory"), world.secrets.github());
    let base = mallory.commit("readme.md", "nothing to see\n");
    mallory.push("main").accepted();
    let leak = mallory.commit("app.py", assigned(&token));
    mallory.push("main:refs/pull/1/head").accepted();
    server.git("config receive.hideRefs refs/pull").ok();
    let server = server.hook("pre-receive");
    let next = mallory.commit("next.py", "a = 1\n");
    let pack = mallory.pack(&format!("{next} ^{leak}"));
    let hidden = Line::new(&leak, &next, "refs/pull/1/head");
    let main = Line::new(&base, &next, "refs/heads/main");
    let wired = server.receives(&[hidden, main], &pack);
    wired.said.by(ids::GITHUB).at("app.py:1").without(&token);
    server.ref_is("refs/heads/main", &base);
}

#[test]
fn what_a_push_says_about_its_judge_is_not_heard() {
    let world = World::new();
    let (server, mallory, base) = server_and_attacker(&world);
    let token = world.secrets.github();
    let lenient = format!(
        "version = 1\n[secrets]\ndisable = [\"{}\"]\n[trust]\ninline = \"honor\"\n",
        ids::GITHUB.split_once('/').unwrap().1
    );
    mallory
        .stage(".portcullis.toml", &lenient)
        .stage("portcullis.toml", &lenient);
    mallory
        .stage(".portcullis-baseline", "*\n")
        .stage(".gitleaksignore", "*\n");
    mallory
        .stage(".gitattributes", "* -diff\n")
        .stage(".gitignore", "*\n");
    mallory.commit_staged("my own judge");
    mallory.push("main").accepted();
    let trusted = mallory.head();
    mallory.commit("app.py", assigned(&token));
    mallory
        .push("main")
        .rejected()
        .by(ids::GITHUB)
        .at("app.py:1")
        .without(&token);
    server.ref_is("refs/heads/main", &trusted);
    assert_ne!(trusted, base);
    mallory.git(&format!("reset -q --hard {trusted}")).ok();
    mallory.commit(".portcullis.toml", "this is [[ no configuration\n");
    mallory.push("main").accepted();
}

#[test]
fn a_scan_of_the_server_by_hand_does_not_ask_the_pushed_tree_either() {
    let world = World::new();
    let (server, mallory, _) = server_and_attacker(&world);
    let broken = mallory.commit(".portcullis.toml", "this is [[ no configuration\n");
    mallory.push("main").accepted();
    server.ref_is("refs/heads/main", &broken);
    server.scan("").ok().json().nothing();
}

#[test]
fn odd_paths_of_the_repository_change_nothing() {
    for name in ["a:b", "q\"uote", "with space", "\"all:of them", "é"] {
        let world = World::below(name);
        let (server, mallory, base) = server_and_attacker(&world);
        let token = world.secrets.github();
        mallory
            .append("readme.md", &format!("token = \"{token}\""))
            .git("add .")
            .ok();
        let leak = mallory.commit_staged("leak");
        mallory
            .push("main")
            .rejected()
            .by(ids::GITHUB)
            .at("readme.md:2")
            .without(&token);
        server.ref_is("refs/heads/main", &base).lacks_object(&leak);
        mallory.git(&format!("reset -q --hard {base}")).ok();
        mallory
            .append("readme.md", "one more line")
            .git("add .")
            .ok();
        let next = mallory.commit_staged("harmless");
        mallory.push("main").accepted();
        server.ref_is("refs/heads/main", &next);
    }
}

#[test]
fn the_update_hook_refuses_its_ref_alone() {
    let world = World::new();
    let server = world.bare("origin.git").hook("update");
    let (mallory, token) = (world.clone_of(&server, "mallory"), world.secrets.github());
    let base = mallory.commit("readme.md", "nothing to see\n");
    mallory.push("main").accepted();
    mallory.commit("app.py", assigned(&token));
    let said = mallory.push("main main~1:refs/heads/other").rejected();
    said.by(ids::GITHUB)
        .at("app.py:1")
        .says("refs/heads/main")
        .without(&token);
    server
        .ref_is("refs/heads/main", &base)
        .ref_is("refs/heads/other", &base);
}
