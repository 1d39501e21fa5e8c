//! What a server is sent by people who speak the protocol by hand and lie in it.

mod approvals;
mod law;

use crate::server::server_and_attacker;
use crate::world::{Line, World, ZERO, assigned, ids};

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
        &b""[..],
        b"\n",
        b"nonsense\n",
        b"one two\n",
        b"0000 0000 refs/heads/x\n",
        b"\0\0\0\n",
        format!("{base} {base}").as_bytes(),
        format!("{} {base} refs/heads/x\n", &base[..39]).as_bytes(),
    ] {
        hook(stdin).rejected();
    }
}

#[test]
fn a_parent_that_git_does_not_see_makes_nothing_old() {
    let world = World::new();
    let (server, mallory, base) = server_and_attacker(&world);
    let token = world.secrets.github();
    let leak = mallory.commit("app.py", assigned(&token));
    let tree = mallory.id(&format!("{leak}^{{tree}}"));
    let who = "a <a@x> 1700000000 +0000";
    let forged = format!(
        "tree {tree}\nparent {base}\nauthor {who}\ncommitter {who}\nparent {leak}\n\nhide\n"
    );
    let forged = mallory.ask_fed(
        "hash-object -t commit -w --literally --stdin",
        forged.as_bytes(),
    );
    let pack = mallory.pack(&format!("{leak} {forged} ^{base}"));
    let wired = server.receives(&[Line::new(&base, &forged, "refs/heads/main")], &pack);
    wired
        .refused("refs/heads/main", &server)
        .said
        .by(ids::GITHUB)
        .at("app.py:1")
        .without(&token);
    server
        .ref_is("refs/heads/main", &base)
        .lacks_object(&forged);
}

#[test]
fn a_few_trees_that_stand_for_a_billion_paths_do_not_outlast_the_deadline() {
    let world = World::new();
    let (server, mallory, base) = server_and_attacker(&world);
    let server = server.policy("[server]\ndeadline = \"500ms\"\n");
    let blob = mallory.blob("nothing to see\n");
    let row = |kind: &str, id: &str| -> String {
        (0..10).map(|n| format!("{kind} {id}\t{n}\n")).collect()
    };
    let mut tree = mallory.ask_fed("mktree", row("100644 blob", &blob).as_bytes());
    for _ in 0..9 {
        tree = mallory.ask_fed("mktree", row("040000 tree", &tree).as_bytes());
    }
    let bomb = mallory.ask(&format!("commit-tree -p {base} -m bomb {tree}"));
    let pack = mallory.pack(&format!("{bomb} ^{base}"));
    let wired = server.receives(&[Line::new(&base, &bomb, "refs/heads/main")], &pack);
    wired
        .refused("refs/heads/main", &server)
        .said
        .says("deadline");
    server.ref_is("refs/heads/main", &base).lacks_object(&bomb);
}

#[test]
fn a_key_put_together_from_lines_that_were_there_is_new() {
    let world = World::new();
    let (server, mallory, _) = server_and_attacker(&world);
    let key = world.secrets.rsa_key();
    // Every two lines of the key stand together, and nowhere three of them.
    let lines: Vec<&str> = key.lines().collect();
    let pairs: Vec<String> = lines.windows(2).map(|pair| pair.join("\n")).collect();
    mallory.commit("key.txt", pairs.join("\nno key, this\n"));
    mallory.push("main").accepted();
    let leak = mallory.commit("key.txt", &key);
    mallory
        .push("main")
        .rejected()
        .by(ids::PRIVATE_KEY)
        .at("key.txt:1");
    server.lacks_object(&leak);
}

#[test]
fn a_mark_in_one_commit_allows_nothing_in_another() {
    let world = World::new();
    let (server, mallory, _) = server_and_attacker(&world);
    let server = server.policy("[trust]\ninline = \"honor\"\n");
    let token = world.secrets.github();
    let line = assigned(&token);
    let rule = ids::GITHUB.trim_start_matches("secrets/");
    let marked = format!("{} # portcullis:allow({rule}) a test\n", line.trim_end());
    mallory.commit("app.py", marked);
    mallory.push("main").accepted();
    mallory.commit("app.py", "token = None\n");
    mallory.push("main").accepted();
    let marked = format!(
        "x = 1\n{} # portcullis:allow({rule}) a test\n",
        line.trim_end()
    );
    mallory.commit("app.py", marked);
    let leak = mallory.commit("app.py", &line);
    mallory
        .push("main")
        .rejected()
        .by(ids::GITHUB)
        .without(&token);
    server.lacks_object(&leak);
}
