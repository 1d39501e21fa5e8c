//! Where a secret of a history is today: under which refs, at which paths, at a tip or not, and what
//! keeps it where no ref does.

use crate::world::report::{Report, text};
use crate::world::{Repo, World, assigned, ids};
use serde_json::{Value, json};

/// The place of what a scan finds at a path, and the same of a scan that builds on it.
#[track_caller]
fn place(repo: &Repo, at: &str) -> Value {
    let look = |how: &str| {
        let report = repo.scan(how).exit(1).json();
        report.one(ids::GITHUB, at)["place"].clone()
    };
    let place = look("--no-cache");
    assert_eq!(look(""), place);
    assert_eq!(look(""), place);
    place
}

#[track_caller]
fn only(repo: &Repo) -> (Report, Value) {
    let report = repo.scan("--no-cache").exit(1).json();
    assert_eq!(report.findings().len(), 1);
    let place = report.findings()[0]["place"].clone();
    (report, place)
}

#[test]
fn every_ref_that_reaches_it_is_named_and_every_path_it_had() {
    let world = World::new();
    let (repo, token) = (world.repo_with_a_commit(), world.secrets.github());
    repo.git("branch early").ok();
    let leak = repo.commit("src/app.py", assigned(&token));
    repo.git("branch side").ok();
    repo.git("mv src lib").ok();
    repo.commit_staged("move a folder");
    repo.commit_without("lib/app.py");
    repo.git("tag v1").ok();
    repo.git_with(&["tag", "-a", "v2", "-m", "two"]).ok();
    for how in ["", "repack -q -a -d"] {
        if !how.is_empty() {
            repo.git(how).ok();
        }
        let place = place(&repo, "src/app.py:1");
        assert_eq!(text(&place["commit"]), leak);
        let refs = ["main", "side"].map(|name| format!("refs/heads/{name}"));
        let tags = ["v1", "v2"].map(|name| format!("refs/tags/{name}"));
        assert_eq!(place["refs"], json!([refs, tags].concat()));
        assert_eq!(place["paths"], json!(["lib/app.py", "src/app.py"]));
        assert_eq!(place["tip"], true, "{place:#}");
        assert_eq!(place["reachable"], true);
        assert!(place["kept_by"].is_null(), "{place:#}");
    }
    // The branch that still has it goes.
    repo.git("branch -q -D side").ok();
    let place = place(&repo, "src/app.py:1");
    assert_eq!(place["tip"], false);
    let refs = ["refs/heads/main", "refs/tags/v1", "refs/tags/v2"];
    assert_eq!(place["refs"], json!(refs));
}

#[test]
fn a_later_version_with_the_same_secret_counts_as_well() {
    let world = World::new();
    let (repo, token) = (world.repo_with_a_commit(), world.secrets.github());
    let leak = repo.commit("app.py", assigned(&token));
    repo.git("branch old").ok();
    repo.append("app.py", "more = 1").git("add .").ok();
    repo.commit_staged("the same secret, another blob");
    repo.commit("docs/copy.py", assigned(&token));
    let found = place(&repo, "app.py:1");
    assert_eq!(text(&found["commit"]), leak);
    assert_eq!(found["tip"], true);
    assert_eq!(found["paths"], json!(["app.py", "docs/copy.py"]));
    // `old` still has the first version; without it only a later version is at a tip.
    repo.git("branch -q -D old").ok();
    assert_eq!(place(&repo, "app.py:1")["tip"], true);
    repo.commit("app.py", "clean = True\n");
    let found = place(&repo, "app.py:1");
    // The copy is the same blob as the first version.
    assert_eq!(found["tip"], true);
    repo.commit_without("docs/copy.py");
    assert_eq!(place(&repo, "app.py:1")["tip"], false);
    // And it comes back, in a new place, from a scan that has seen all the rest before.
    repo.commit("again/late.py", format!("x = 0\n{}", assigned(&token)));
    let found = place(&repo, "again/late.py:2");
    assert_eq!(found["tip"], true);
    assert_eq!(found["refs"], json!(["refs/heads/main"]));
    assert_eq!(
        found["paths"],
        json!(["again/late.py", "app.py", "docs/copy.py"])
    );
    assert_eq!(place(&repo, "app.py:1")["paths"], found["paths"]);
}

#[test]
fn a_message_is_under_refs_and_in_no_file() {
    let world = World::new();
    let (repo, token) = (world.repo_with_a_commit(), world.secrets.github());
    repo.commit_staged(&format!("with {token}"));
    repo.git("branch side").ok();
    let (_, place) = only(&repo);
    assert_eq!(place["refs"], json!(["refs/heads/main", "refs/heads/side"]));
    assert!(place["tip"].is_null() && place["paths"].is_null());
}

#[test]
fn the_refs_of_a_tag_are_those_that_name_it() {
    let world = World::new();
    let (repo, token) = (world.repo_with_a_commit(), world.secrets.github());
    repo.git_with(&["tag", "-a", "v1", "-m", &format!("with {token}")])
        .ok();
    repo.git_with(&["tag", "-a", "v2", "v1", "-m", "on top"])
        .ok();
    let (_, place) = only(&repo);
    assert_eq!(place["refs"], json!(["refs/tags/v1", "refs/tags/v2"]));
}

#[test]
fn what_keeps_it_is_said_where_no_ref_does() {
    let world = World::new();
    let repo = world.repo_with_a_commit();
    let tokens: Vec<String> = (0..6).map(|_| world.secrets.github()).collect();
    for token in &tokens[..2] {
        repo.append("readme.md", &format!("token = \"{token}\""))
            .git("stash -q")
            .ok();
    }
    repo.commit("amended.py", assigned(&tokens[2]));
    repo.git("reset -q --hard HEAD~1").ok();
    repo.blob(assigned(&tokens[3]));
    repo.stage("staged.py", assigned(&tokens[4]));
    let tree = repo.blob(assigned(&tokens[5]));
    let tree = repo.ask_fed(
        "mktree",
        format!("100644 blob {tree}\tlost.py\n").as_bytes(),
    );
    repo.ask_fed(&format!("commit-tree {tree}"), b"lost\n");
    let report = repo.scan("").exit(1).json();
    assert_eq!(report.findings().len(), tokens.len());
    let mut kept: Vec<(String, String, bool)> = report
        .findings()
        .iter()
        .map(|found| {
            let place = &found["place"];
            let path = place["path"].as_str().unwrap_or("none").to_owned();
            assert_eq!(place["tip"], false, "{place:#}");
            (
                path,
                text(&place["kept_by"]).to_owned(),
                place["reachable"] == true,
            )
        })
        .collect();
    kept.sort();
    let expected = [
        ("amended.py", "reflog", false),
        ("lost.py", "dangling", false),
        ("none", "dangling", false),
        ("readme.md", "stash", false),
        ("readme.md", "stash", true),
        ("staged.py", "index", false),
    ];
    let expected =
        expected.map(|(path, by, reachable)| (path.to_owned(), by.to_owned(), reachable));
    assert_eq!(kept, expected);
    let said = repo.portcullis("scan --no-cache").exit(1);
    said.says("kept: by a reflog alone")
        .says("kept: by the stash alone")
        .says("kept: by nothing, until Git collects garbage")
        .says("but it is staged");
}

#[test]
fn an_env_file_has_whereabouts_too() {
    let world = World::new();
    let repo = world.repo_with_a_commit();
    let leak = repo.commit("deploy/.env", "A=1\n");
    repo.git("mv deploy infra").ok();
    repo.commit_staged("move it");
    repo.git("branch side HEAD~2").ok();
    let (_, place) = only(&repo);
    assert_eq!(text(&place["commit"]), leak);
    assert_eq!(place["refs"], json!(["refs/heads/main"]));
    assert_eq!(place["paths"], json!(["deploy/.env", "infra/.env"]));
    assert_eq!(place["tip"], true);
}

#[test]
fn of_many_refs_and_paths_some_are_named_and_all_are_counted() {
    let world = World::new();
    let (repo, token) = (world.repo_with_a_commit(), world.secrets.github());
    for copy in 0..30 {
        repo.stage(format!("copy/{copy:02}.py"), assigned(&token));
    }
    repo.commit_staged("copies");
    let head = repo.head();
    let refs: String = (0..5_000)
        .map(|number| format!("create refs/heads/b/{number:05} {head}\n"))
        .collect();
    repo.git_fed(&["update-ref", "--stdin"], refs.as_bytes())
        .ok();
    let (_, place) = only(&repo);
    let count = |key: &str| place[key].as_array().map_or(0, Vec::len);
    assert_eq!((count("refs"), count("paths")), (20, 20));
    assert_eq!(
        (&place["more_refs"], &place["more_paths"]),
        (&json!(4_981), &json!(10))
    );
    assert_eq!(place["refs"][0], "refs/heads/main");
    assert_eq!(place["refs"][1], "refs/heads/b/00000");
    repo.portcullis("scan")
        .exit(1)
        .says("and 4997 more; at a tip");
}

#[test]
fn refs_are_those_that_git_itself_names() {
    let world = World::new();
    let repo = world.repo_with_a_commit();
    // Commits with secrets on branches that part and come together.
    for round in 0..6 {
        repo.git(&format!("switch -q -c side{round} HEAD~{}", round % 2))
            .ok();
        let path = format!("dir{}/file{round}.py", round % 3);
        repo.commit(&path, assigned(&world.secrets.github()));
        if round % 2 == 1 {
            repo.commit_without(&path);
        }
        repo.git("switch -q main").ok();
        if round % 3 == 0 {
            repo.git(&format!("merge -q --no-edit side{round}")).ok();
        } else {
            repo.commit("readme.md", format!("round {round}\n"));
        }
    }
    let report = repo.scan("--no-cache").exit(1).json();
    assert_eq!(report.findings().len(), 6);
    for found in report.findings() {
        let place = &found["place"];
        let commit = text(&place["commit"]);
        let refs = repo.ask(&format!(
            "for-each-ref --format=%(refname) --contains={commit}"
        ));
        let mut told: Vec<&str> = place["refs"].as_array().unwrap().iter().map(text).collect();
        told.sort_unstable();
        assert_eq!(told, refs.lines().collect::<Vec<_>>());
        let path = text(&place["path"]);
        let at_tip = refs
            .lines()
            .any(|name| repo.value_of(&format!("{name}:{path}")).is_some());
        assert_eq!(place["tip"], at_tip, "{place:#}");
    }
}

#[test]
fn a_repository_that_only_git_can_read_tells_the_same() {
    let world = World::new();
    let Some(repo) = world.try_init("sha256", &["--object-format=sha256"]) else {
        return;
    };
    let token = world.secrets.github();
    repo.commit("readme.md", "nothing\n");
    let leak = repo.commit("src/app.py", assigned(&token));
    repo.git("mv src lib").ok();
    repo.commit_staged("move a folder");
    repo.git("branch side HEAD~1").ok();
    let (_, place) = only(&repo);
    assert_eq!(text(&place["commit"]), leak);
    assert_eq!(place["refs"], json!(["refs/heads/main", "refs/heads/side"]));
    assert_eq!(place["paths"], json!(["lib/app.py", "src/app.py"]));
    assert_eq!(place["tip"], true);
}
