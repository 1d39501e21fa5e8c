//! Ways around the gate that use Git as it is meant to be used, and a little beyond.

use crate::server::server_and_attacker;
use crate::world::{World, assigned, ids};
use std::os::unix::fs::symlink;

#[test]
fn a_replacement_that_was_pushed_before_hides_no_commit() {
    let world = World::new();
    let (server, mallory, base) = server_and_attacker(&world);
    let token = world.secrets.github();
    let leak = mallory.commit("app.py", assigned(&token));
    let replacement = format!("{base}:refs/replace/{leak}");
    mallory.push(&replacement).accepted();
    mallory
        .push("main")
        .rejected()
        .by(ids::GITHUB)
        .without(&token);
    server.ref_is("refs/heads/main", &base);
}

#[test]
fn a_file_that_the_server_knows_by_another_name_is_judged_by_its_new_one() {
    let world = World::new();
    let server = world.bare("origin.git");
    let (mallory, token) = (world.clone_of(&server, "mallory"), world.secrets.github());
    mallory.commit("app.py", assigned(&token));
    mallory.stage("settings.txt", "GREETING=hello\n");
    let base = mallory.commit_staged("harmless");
    mallory.push("main").accepted();
    let server = server.hook("pre-receive");
    mallory.commit("copy.py", assigned(&token));
    let said = mallory.push("main").rejected();
    said.by(ids::GITHUB).at("copy.py:1").without(&token);
    mallory.git(&format!("reset -q --hard {base}")).ok();
    mallory.commit(".env", "GREETING=hello\n");
    mallory.push("main").rejected().by(ids::ENV_FILE).at(".env");
    server.ref_is("refs/heads/main", &base);
}

#[test]
fn a_deletion_in_front_of_it_hides_no_ref() {
    let world = World::new();
    let (server, mallory, base) = server_and_attacker(&world);
    let token = world.secrets.github();
    mallory.push("main:old").accepted();
    mallory.commit("app.py", assigned(&token));
    let said = mallory.push(":old main").rejected();
    said.by(ids::GITHUB).at("app.py:1").without(&token);
    server
        .ref_is("refs/heads/main", &base)
        .ref_is("refs/heads/old", &base);
}

#[test]
fn an_octopus_hides_nothing_between_its_arms() {
    let world = World::new();
    let (server, mallory, base) = server_and_attacker(&world);
    let token = world.secrets.github();
    for arm in ["one", "two"] {
        mallory.git(&format!("switch -q -c {arm} {base}")).ok();
        mallory.commit(format!("{arm}.py"), "a = 1\n");
    }
    mallory.git("switch -q main").ok();
    mallory.commit("three.py", "a = 1\n");
    mallory.git("merge -q --no-commit one two").ok();
    let merge = mallory.commit("evil.py", assigned(&token));
    assert!(mallory.value_of("HEAD^3").is_some(), "no octopus");
    mallory.commit_without("evil.py");
    let said = mallory.push("main").rejected().says(&merge[..7]);
    said.by(ids::GITHUB).at("evil.py:1").without(&token);
    server.ref_is("refs/heads/main", &base);
}

#[test]
fn a_symlink_and_an_executable_are_files_like_any_other() {
    let world = World::new();
    let (server, mallory, base) = server_and_attacker(&world);
    let token = world.secrets.github();
    symlink(format!("/nowhere/{token}"), mallory.dir.join("link")).unwrap();
    mallory.git("add link").ok();
    mallory.commit_staged("a link");
    mallory
        .push("main")
        .rejected()
        .by(ids::GITHUB)
        .at("link:1")
        .without(&token);
    mallory.git(&format!("reset -q --hard {base}")).ok();
    mallory.stage("run.sh", assigned(&token));
    mallory.git("update-index --chmod=+x run.sh").ok();
    mallory.commit_staged("a script");
    mallory
        .push("main")
        .rejected()
        .by(ids::GITHUB)
        .at("run.sh:1")
        .without(&token);
    server.ref_is("refs/heads/main", &base);
}

#[test]
fn what_stands_in_the_head_of_a_commit_is_read() {
    let world = World::new();
    let (server, mallory, base) = server_and_attacker(&world);
    let token = world.secrets.github();
    let tree = mallory.id("HEAD^{tree}");
    let who = |name: &str| format!("{name} <m@example.com> 1700000000 +0000");
    let heads = [
        format!(
            "tree {tree}\nparent {base}\nauthor {}\ncommitter {}\n",
            who(&token),
            who("M")
        ),
        format!(
            "tree {tree}\nparent {base}\nauthor {}\ncommitter {}\n",
            who("M"),
            who(&token)
        ),
        format!(
            "tree {tree}\nparent {base}\nauthor {}\ncommitter {}\nnote see {token}\n",
            who("M"),
            who("M")
        ),
    ];
    for head in heads {
        let object = format!("{head}\nharmless\n");
        let commit = mallory.ask_fed(
            "hash-object -t commit -w --stdin --literally",
            object.as_bytes(),
        );
        mallory
            .push(&format!("{commit}:refs/heads/x"))
            .rejected()
            .by(ids::GITHUB)
            .without(&token);
        server.lacks_ref("refs/heads/x");
    }
}

#[test]
fn a_push_from_a_shallow_clone_brings_its_whole_floor() {
    let world = World::new();
    let token = world.secrets.github();
    let origin = world.bare("origin.git");
    let author = world.clone_of(&origin, "author");
    author.commit("app.py", assigned(&token));
    author.commit("readme.md", "nothing to see\n");
    author.push("main").accepted();
    let other = world.bare("other.git").hook("pre-receive");
    other.git("config receive.shallowUpdate true").ok();
    let shallow = world.clone_with(&origin, "shallow", &["--depth=1"]);
    let url = other.dir.display().to_string();
    shallow
        .git_with(&["push", &url, "main"])
        .rejected()
        .without(&token);
    other.lacks_ref("refs/heads/main");
}

#[test]
fn what_another_remote_has_is_not_what_this_one_has() {
    let world = World::new();
    let (private, public) = (world.bare("private.git"), world.bare("public.git"));
    let (alice, token) = (world.clone_of(&private, "alice"), world.secrets.github());
    alice.commit("app.py", assigned(&token));
    alice.push("main").accepted();
    alice.install();
    let url = public.dir.display().to_string();
    alice.git_with(&["remote", "add", "public", &url]).ok();
    alice
        .git("push public main")
        .rejected()
        .by(ids::GITHUB)
        .at("app.py:1")
        .without(&token);
    public.lacks_ref("refs/heads/main");
}

#[test]
fn a_mirror_push_is_judged_to_its_last_ref() {
    let world = World::new();
    let server = world.bare("origin.git");
    let (alice, token) = (world.clone_of(&server, "alice"), world.secrets.github());
    alice.commit("readme.md", "nothing to see\n");
    alice.push("main").accepted();
    alice.install();
    alice
        .git_with(&["notes", "add", "-m", &format!("with {token}")])
        .ok();
    alice
        .git("push --mirror origin")
        .rejected()
        .by(ids::GITHUB)
        .without(&token);
    server.lacks_ref("refs/notes/commits");
}

#[test]
fn an_index_of_ones_own_is_the_one_that_is_judged() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
    let index = world.path("my-index").display().to_string();
    let other = repo.with_env("GIT_INDEX_FILE", &index);
    other.git("read-tree HEAD").ok();
    other.stage("app.py", assigned(&token));
    other
        .try_commit()
        .rejected()
        .by(ids::GITHUB)
        .at("app.py:1")
        .without(&token);
    repo.write("app.py", "clean = True\n");
    other.git("add app.py").ok();
    other.try_commit().accepted();
}

#[test]
fn a_line_that_looks_like_a_comment_stays_in_the_message_and_is_read() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
    repo.stage("a.py", "a = 1\n");
    let message = format!("deploy\n\n# with {token}");
    repo.git_with(&["commit", "-m", &message])
        .rejected()
        .by(ids::GITHUB)
        .without(&token);
}

#[test]
fn scissors_that_git_does_not_cut_with_hide_nothing() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
    repo.stage("a.py", "a = 1\n");
    // With -m, and no cleanup asked for, Git keeps what is below the line.
    let line = "# ------------------------ >8 ------------------------";
    let message = format!("deploy\n\n{line}\n{token}");
    let said = repo.git_with(&["commit", "-m", &message]).rejected();
    said.by(ids::GITHUB).without(&token);
}

#[test]
fn a_verbose_commit_is_not_blamed_for_the_lines_that_it_takes_out() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
    repo.commit("app.py", format!("a = 1\n{}b = 2\n", assigned(&token)));
    repo.stage("app.py", "a = 1\nb = 2\n");
    let editor = repo.with_env("GIT_EDITOR", "sed -i '1s/^/take the token out/'");
    editor.git("commit -v").accepted();
    assert_eq!(repo.ask("log -1 --format=%B"), "take the token out");
}

/// Conventions that would let a token of GitHub through.
fn lenient() -> String {
    let rule = ids::GITHUB.split_once('/').unwrap().1;
    format!("version = 1\n[secrets]\ndisable = [\"{rule}\", \"generic-secret\"]\n")
}

#[test]
fn a_worktree_that_is_pushed_into_does_not_configure_its_judge() {
    let world = World::new();
    let token = world.secrets.github();
    let guard = world.bare("guard.git").hook("pre-receive");
    let deployed = world.repo("deployed");
    let hooks = guard.dir.join("hooks").display().to_string();
    deployed.git(&format!("config core.hooksPath {hooks}")).ok();
    deployed
        .git("config receive.denyCurrentBranch updateInstead")
        .ok();
    let mallory = world.clone_of(&deployed, "mallory");
    let base = mallory.commit(".portcullis.toml", lenient());
    mallory.push("main").accepted();
    assert!(
        deployed.dir.join(".portcullis.toml").is_file(),
        "not deployed"
    );
    mallory.commit("app.py", assigned(&token));
    mallory
        .push("main")
        .rejected()
        .by(ids::GITHUB)
        .at("app.py:1")
        .without(&token);
    deployed.ref_is("refs/heads/main", &base);
}

#[test]
fn the_settings_of_who_pushes_do_not_configure_the_server() {
    let world = World::new();
    let (server, mallory, base) = server_and_attacker(&world);
    let token = world.secrets.github();
    mallory.write(world.path("home/.config/portcullis/config.toml"), lenient());
    mallory.commit("app.py", assigned(&token));
    mallory
        .push("main")
        .rejected()
        .by(ids::GITHUB)
        .at("app.py:1")
        .without(&token);
    server.ref_is("refs/heads/main", &base);
}

#[test]
fn a_mark_in_a_message_excuses_no_file() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
    repo.stage("app.py", assigned(&token));
    let rule = ids::GITHUB.split_once('/').unwrap().1;
    let message = format!("deploy\n\nportcullis:{}({rule}) trust me", "allow");
    repo.git_with(&["commit", "-m", &message])
        .rejected()
        .by(ids::GITHUB)
        .at("app.py:1");
}
