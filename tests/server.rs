//! What a server is sent, by Git and by people who speak its protocol by hand.

use crate::world::{Line, Repo, World, ZERO, ids};

fn assigned(secret: &str) -> String {
    format!("token = \"{secret}\"\n")
}

/// A guarded server with one harmless commit on main, and a clone without hooks.
fn server_and_attacker(world: &World) -> (Repo, Repo, String) {
    let server = world.bare("origin.git").hook("pre-receive");
    let mallory = world.clone_of(&server, "mallory");
    let base = mallory.commit("readme.md", "nothing to see\n");
    mallory.push("main").accepted();
    (server, mallory, base)
}

// ---- content ----

#[test]
fn a_refused_push_leaves_nothing_behind() {
    let world = World::new();
    let (server, mallory, _) = server_and_attacker(&world);
    let key = world.secrets.private_key();
    let leak = mallory.commit("id_key", &key);
    mallory
        .push("main")
        .rejected()
        .by(ids::PRIVATE_KEY)
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
    let said = mallory.push("main main~1:other").rejected();
    said.by(ids::GITHUB)
        .at("app.py:1")
        .says("refs/heads/main")
        .without(&token);
    server
        .ref_is("refs/heads/main", &base)
        .ref_is("refs/heads/other", &base);
}

// ---- hostile lines ----

#[test]
fn a_deletion_has_no_quarantine_and_passes() {
    let world = World::new();
    let (server, mallory, base) = server_and_attacker(&world);
    mallory.push("main:old").accepted();
    server
        .receives(&[Line::new(&base, ZERO, "refs/heads/old")], b"")
        .took("refs/heads/old", &server);
    server
        .lacks_ref("refs/heads/old")
        .ref_is("refs/heads/main", &base);
}

#[test]
fn names_that_are_no_refs_are_refused() {
    let world = World::new();
    let (server, mallory, base) = server_and_attacker(&world);
    let next = mallory.commit("a.py", "a = 1\n");
    let pack = mallory.pack(&format!("{next} ^{base}"));
    for name in [
        "foo",
        "refs/heads/../../x",
        "refs/heads/a b",
        "refs/heads/x.lock",
        "refs/heads/.x",
        "refs/heads/a..b",
        "refs/heads/a~1",
        "refs/heads/x/",
    ] {
        let lines = [
            Line::new(ZERO, &next, name),
            Line::new(&base, &next, "refs/heads/main"),
        ];
        let wired = server
            .receives(&lines, &pack)
            .refused("refs/heads/main", &server);
        wired.said.by(ids::REF_NAME).says(name);
        server.ref_is("refs/heads/main", &base);
    }
    server.lacks_object(&next).has_no_quarantine();
}

#[test]
fn an_escape_sequence_in_a_name_reaches_no_terminal() {
    let world = World::new();
    let (server, mallory, base) = server_and_attacker(&world);
    let next = mallory.commit("a.py", "a = 1\n");
    let pack = mallory.pack(&format!("{next} ^{base}"));
    for name in [
        &b"refs/heads/\x1b[2Jx"[..],
        b"refs/heads/\x07",
        b"refs/heads/\x7f",
    ] {
        let wired = server.receives(&[Line::new(ZERO, &next, name)], &pack);
        wired
            .said
            .by(ids::REF_NAME)
            .lacks("\u{1b}")
            .lacks("\u{7}")
            .lacks("\u{7f}");
    }
    let name = "refs/heads/\u{202e}x";
    let leak = mallory.commit("app.py", assigned(&world.secrets.github()));
    let pack = mallory.pack(&format!("{leak} ^{base}"));
    let wired = server.receives(&[Line::new(ZERO, &leak, name)], &pack);
    wired.said.by(ids::GITHUB).lacks("\u{202e}");
}

#[test]
fn nasty_names_that_are_valid_are_judged_by_their_content() {
    let world = World::new();
    let (server, mallory, base) = server_and_attacker(&world);
    let token = world.secrets.github();
    let good = mallory.commit("a.py", "a = 1\n");
    let bad = mallory.commit("app.py", assigned(&token));
    for name in [
        &b"refs/heads/-dash"[..],
        b"refs/heads/caf\xe9",
        b"refs/weird/one",
        b"refs/heads/HEAD",
    ] {
        let pack = mallory.pack(&format!("{bad} ^{base}"));
        let wired = server.receives(&[Line::new(ZERO, &bad, name)], &pack);
        wired.said.by(ids::GITHUB).at("app.py:1").without(&token);
        server.lacks_object(&bad);
        let pack = mallory.pack(&format!("{good} ^{base}"));
        let wired = server.receives(&[Line::new(ZERO, &good, name)], &pack);
        wired.said.not_by(ids::GITHUB);
    }
    server.ref_is("refs/weird/one", &good);
}

#[test]
fn both_ids_zero_delete_nothing_that_is_there() {
    let world = World::new();
    let server = world
        .bare("origin.git")
        .hook("pre-receive")
        .policy("[[protect]]\nrefs = [\"refs/heads/main\"]\ndelete = []\n[identity]\nsource = \"env:PUSHER\"\n");
    let mallory = world.clone_of(&server, "mallory").acting_as("mallory");
    let base = mallory.commit("readme.md", "nothing to see\n");
    mallory.push("main").accepted();
    let server_as_mallory = server.acting_as("mallory");
    let wired = server_as_mallory.receives(&[Line::new(ZERO, ZERO, "refs/heads/main")], b"");
    wired.said.by(ids::REF_DELETE).says("refs/heads/main");
    server.ref_is("refs/heads/main", &base);
}

#[test]
fn the_same_ref_twice_is_refused() {
    let world = World::new();
    let (server, mallory, base) = server_and_attacker(&world);
    let next = mallory.commit("a.py", "a = 1\n");
    let pack = mallory.pack(&format!("{next} ^{base}"));
    let lines = [
        Line::new(&base, &next, "refs/heads/main"),
        Line::new(&base, ZERO, "refs/heads/main"),
    ];
    let wired = server
        .receives(&lines, &pack)
        .refused("refs/heads/main", &server);
    wired.said.by(ids::REF_DUPLICATE).says("refs/heads/main");
    server.ref_is("refs/heads/main", &base).lacks_object(&next);
}

#[test]
fn a_new_id_that_is_not_there_is_undecided_and_refused() {
    let world = World::new();
    let (server, mallory, base) = server_and_attacker(&world);
    let nowhere = "deadbeefdeadbeefdeadbeefdeadbeefdeadbeef";
    let next = mallory.commit("a.py", "a = 1\n");
    let pack = mallory.pack(&format!("{next} ^{base}"));
    let lines = [
        Line::new(ZERO, nowhere, "refs/heads/ghost"),
        Line::new(&base, &next, "refs/heads/main"),
    ];
    let wired = server
        .receives(&lines, &pack)
        .refused("refs/heads/main", &server);
    wired.said.says("undecided").says("refs/heads/ghost");
    server
        .ref_is("refs/heads/main", &base)
        .lacks_ref("refs/heads/ghost");
}

#[test]
fn a_lie_about_the_old_id_hides_no_commit() {
    let world = World::new();
    let (server, mallory, base) = server_and_attacker(&world);
    let token = world.secrets.github();
    mallory.commit("app.py", assigned(&token));
    let tip = mallory.commit_without("app.py");
    let pack = mallory.pack(&format!("{tip} ^{base}"));
    for old in [
        tip.as_str(),
        ZERO,
        "deadbeefdeadbeefdeadbeefdeadbeefdeadbeef",
    ] {
        let wired = server.receives(&[Line::new(old, &tip, "refs/heads/main")], &pack);
        wired
            .refused("refs/heads/main", &server)
            .said
            .by(ids::GITHUB)
            .at("app.py:1")
            .without(&token);
        server.ref_is("refs/heads/main", &base).lacks_object(&tip);
    }
}

#[test]
fn a_hook_that_is_told_nonsense_refuses() {
    let world = World::new();
    let (server, _, base) = server_and_attacker(&world);
    let hook = |stdin: &[u8]| {
        let server = server.with_env("GIT_DIR", ".");
        server.portcullis_fed(&["hook", "pre-receive"], stdin)
    };
    for stdin in [
        &b"nonsense\n"[..],
        b"one two\n",
        b"0000 0000 refs/heads/x\n",
        b"\0\0\0\n",
        format!("{base} {base}").as_bytes(),
        format!("{} {base} refs/heads/x\n", &base[..39]).as_bytes(),
    ] {
        hook(stdin).rejected();
    }
}
