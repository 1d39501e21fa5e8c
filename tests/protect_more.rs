//! `[[protect]]` beyond who: merges, lines, names, windows, tags and limits.

use crate::protect::{WHO, guarded};
use crate::world::{Line, Repo, Said, World, ZERO, ids};

/// A rule over main that alice satisfies but for these keys.
pub(crate) fn main(keys: &str) -> String {
    format!("[[protect]]\nrefs = [\"refs/heads/main\"]\npush = [\"*\"]\n{keys}\n")
}

/// A branch with one commit, begun where `from` is; gives the commit.
pub(crate) fn topic(clone: &Repo, name: &str, from: &str) -> String {
    clone.git(&format!("switch -q -c {name} {from}")).ok();
    let commit = clone.commit(format!("{name}.txt"), name);
    clone.git("switch -q main").ok();
    commit
}

/// Merges a branch into main, as a forge would.
pub(crate) fn merge(clone: &Repo, name: &str) -> String {
    let hooks_off = "-c core.hooksPath=/dev/null";
    clone
        .git(&format!("{hooks_off} merge -q --no-ff -m merged {name}"))
        .ok();
    clone.head()
}

/// What a push as alice says, after what `check` and the server that only evaluates say of the same.
#[track_caller]
fn refused_everywhere(server: &Repo, clone: &Repo, refspec: &str, check: &str) -> Said {
    let (new, name) = refspec.trim_start_matches('+').split_once(':').unwrap();
    let old = server.value_of(name).unwrap_or_else(|| ZERO.to_owned());
    let said = clone
        .acting_as("alice")
        .push(refspec)
        .rejected()
        .by(check)
        .says(name);
    if new.is_empty() {
        let asked = format!("check --update {old} {ZERO} {name} --as alice");
        server.portcullis(&asked).exit(1).by(check);
    }
    match server.value_of(name) {
        Some(value) => assert_eq!(value, old),
        None => assert_eq!(ZERO, old),
    }
    said
}

#[test]
fn a_branch_that_takes_only_merges_takes_no_direct_commit() {
    let world = World::new();
    let (server, clone, base) = guarded(&world, &main("merge_only = true"));
    let direct = clone.commit("a.py", "a = 1\n");
    let said = refused_everywhere(&server, &clone, "main:refs/heads/main", ids::REF_MERGE_ONLY);
    said.says(&direct[..10]);
    clone.git(&format!("reset -q --hard {base}")).ok();
    topic(&clone, "topic", "main");
    // To move main forward to the topic is as direct.
    let said = refused_everywhere(
        &server,
        &clone,
        "topic:refs/heads/main",
        ids::REF_MERGE_ONLY,
    );
    said.says("directly");
    let merged = merge(&clone, "topic");
    clone.acting_as("alice").push("main").accepted();
    server.ref_is("refs/heads/main", &merged);
}

#[test]
fn what_only_looks_like_a_merge_is_none() {
    let world = World::new();
    let (server, clone, base) = guarded(&world, &main("merge_only = true"));
    clone.git("branch old").ok();
    topic(&clone, "topic", "main");
    merge(&clone, "topic");
    let alice = clone.acting_as("alice");
    alice.push("main").accepted();
    // A merge of what is there already, with a change of its own.
    clone.stage("a.py", "a = 1\n");
    let tree = clone.ask("write-tree");
    let hollow = clone.ask(&format!("commit-tree {tree} -p main -p {base} -m merged"));
    clone.git(&format!("branch hollow {hollow}")).ok();
    let said = refused_everywhere(
        &server,
        &clone,
        "hollow:refs/heads/main",
        ids::REF_MERGE_ONLY,
    );
    said.says("looks like one");
    // A merge of main into a topic, by which main would change its line.
    clone.git("reset -q --hard").ok();
    clone.git("switch -q -c turned old").ok();
    clone.commit("turned.txt", "turned\n");
    clone.git("merge -q --no-ff -m turned main").ok();
    let said = refused_everywhere(
        &server,
        &clone,
        "turned:refs/heads/main",
        ids::REF_MERGE_ONLY,
    );
    said.says("its old tip would not stay");
    // A rewind ends on another commit than the old tip.
    refused_everywhere(&server, &clone, "+old:refs/heads/main", ids::REF_MERGE_ONLY);
}

#[test]
fn a_branch_that_takes_only_merges_is_created_at_what_is_there() {
    let world = World::new();
    let rules = "[[protect]]\nrefs = [\"refs/heads/release/*\"]\nmerge_only = true\n";
    let (server, clone, base) = guarded(&world, rules);
    topic(&clone, "topic", "main");
    refused_everywhere(
        &server,
        &clone,
        "topic:refs/heads/release/1",
        ids::REF_MERGE_ONLY,
    );
    let alice = clone.acting_as("alice");
    alice.push("main:refs/heads/release/1").accepted();
    server.ref_is("refs/heads/release/1", &base);
    // The first push of all has nothing that could have been merged.
    let empty = world.bare("empty.git").hook("pre-receive");
    let empty = empty.policy(&format!("{WHO}{}", main("merge_only = true")));
    clone
        .git(&format!("push -q file://{} main", empty.dir.display()))
        .rejected();
    let url = format!("file://{}", empty.dir.display());
    alice.git(&format!("push -q {url} main")).accepted();
    empty.ref_is("refs/heads/main", &base);
}

#[test]
fn only_what_is_on_the_right_branch_is_merged() {
    let world = World::new();
    let keys =
        "merge_only = true\nmerge_from = [\"refs/heads/develop\", \"refs/heads/release/**\"]";
    let (server, clone, base) = guarded(&world, &main(keys));
    let alice = clone.acting_as("alice");
    topic(&clone, "topic", "main");
    let merged = merge(&clone, "topic");
    refused_everywhere(&server, &clone, "main:refs/heads/main", ids::REF_MERGE_FROM);
    // Elsewhere is not there, and a name that only begins so is another.
    alice.push("topic:elsewhere topic:develop2").accepted();
    refused_everywhere(&server, &clone, "main:refs/heads/main", ids::REF_MERGE_FROM);
    // In the same push it is on develop as this push leaves it.
    alice.push("main topic:develop").accepted();
    server.ref_is("refs/heads/main", &merged);
    topic(&clone, "fix", "main");
    alice.push("fix:release/1").accepted();
    let merged = merge(&clone, "fix");
    alice.push("main").accepted();
    server.ref_is("refs/heads/main", &merged);
    assert_ne!(merged, base);
}

#[test]
fn a_push_vouches_for_nothing_that_it_may_not_move() {
    let world = World::new();
    let rules = format!(
        "{}[[protect]]\nrefs = [\"refs/heads/develop\"]\npush = [\"bob\"]\ncreate = [\"*\"]\n",
        main("merge_from = [\"refs/heads/develop\"]")
    );
    let (server, clone, base) = guarded(&world, &rules);
    let alice = clone.acting_as("alice");
    alice.push("main:develop").accepted();
    topic(&clone, "topic", "main");
    merge(&clone, "topic");
    let said = alice.push("main topic:develop").rejected();
    said.by(ids::REF_PUSH).says("refs/heads/develop");
    server
        .ref_is("refs/heads/main", &base)
        .ref_is("refs/heads/develop", &base);
    clone.acting_as("bob").push("main topic:develop").accepted();
}

#[test]
fn a_linear_branch_takes_no_merge() {
    let world = World::new();
    let (server, clone, _) = guarded(&world, &main("linear = true"));
    let alice = clone.acting_as("alice");
    let next = clone.commit("a.py", "a = 1\n");
    alice.push("main").accepted();
    topic(&clone, "topic", "main");
    let merged = merge(&clone, "topic");
    clone.commit("b.py", "b = 1\n");
    let said = refused_everywhere(&server, &clone, "main:refs/heads/main", ids::REF_LINEAR);
    said.says(&merged[..10]);
    // Nor one that another branch has had before.
    alice.push("main:lax").accepted();
    refused_everywhere(&server, &clone, "main:refs/heads/main", ids::REF_LINEAR);
    server.ref_is("refs/heads/main", &next);
    alice.push("topic:main").accepted();
}

#[test]
fn a_lax_branch_launders_no_merge_for_a_new_linear_one() {
    let world = World::new();
    let rules = "[[protect]]\nrefs = [\"refs/heads/release/*\"]\nlinear = true\n";
    let (server, clone, _) = guarded(&world, rules);
    let alice = clone.acting_as("alice");
    alice.push("main:release/1").accepted();
    topic(&clone, "topic", "main");
    merge(&clone, "topic");
    alice.push("main").accepted();
    refused_everywhere(
        &server,
        &clone,
        "main:refs/heads/release/2",
        ids::REF_LINEAR,
    );
    alice.push("topic:release/2").accepted();
}

#[test]
fn a_name_is_one_that_the_rule_knows() {
    let world = World::new();
    let rules = "[[protect]]\nrefs = [\"refs/heads/**\"]\n\
                 names = '^refs/heads/(main|release/\\d+\\.\\d+)$'\n";
    let world_rules = rules.to_owned();
    let (server, clone, _) = guarded(&world, "");
    clone.push("main:topic").accepted();
    let server = server.policy(&format!("{WHO}{world_rules}"));
    let alice = clone.acting_as("alice");
    for name in [
        "topic2",
        "release/1",
        "release/1.0.0",
        "release/x.y",
        "main2",
    ] {
        let refspec = format!("main:refs/heads/{name}");
        refused_everywhere(&server, &clone, &refspec, ids::REF_NAMES);
    }
    alice.push("main:release/1.20").accepted();
    clone.commit("a.py", "a = 1\n");
    refused_everywhere(&server, &clone, "main:refs/heads/topic", ids::REF_NAMES);
    // What should not be there may go.
    alice.push(":topic").accepted();
    server.lacks_ref("refs/heads/topic");
}

#[test]
fn nothing_moves_in_a_freeze_but_by_those_excepted() {
    let world = World::new();
    let window = |until: &str| {
        let keys = format!(
            "freeze = [{{ from = 2001-01-01T00:00:00Z, until = {until}, except = [\"@admins\"] }}]"
        );
        main(&keys)
    };
    let (server, clone, base) = guarded(&world, &window("9990-01-01T00:00:00+02:00"));
    clone.push("main:other").accepted();
    clone.commit("a.py", "a = 1\n");
    let said = refused_everywhere(&server, &clone, "main:refs/heads/main", ids::REF_FREEZE);
    said.says("frozen until 9990-01-01T00:00:00+02:00");
    refused_everywhere(&server, &clone, ":refs/heads/main", ids::REF_FREEZE);
    clone.acting_as("carol").push("main").accepted();
    let server = server.policy(&format!("{WHO}{}", window("2002-01-01T00:00:00Z")));
    clone.commit("b.py", "b = 1\n");
    clone.acting_as("alice").push("main").accepted();
    assert_ne!(server.value_of("refs/heads/main"), Some(base));
}

#[test]
fn a_tag_of_a_release_is_annotated() {
    let world = World::new();
    let rules = "[[protect]]\nrefs = [\"refs/tags/v*\", \"refs/heads/main\"]\nannotated = true\n";
    let (server, clone, base) = guarded(&world, rules);
    let alice = clone.acting_as("alice");
    clone.git("tag v1").ok();
    clone.git("tag w1").ok();
    refused_everywhere(&server, &clone, "v1:refs/tags/v1", ids::REF_ANNOTATED);
    alice.push("w1").accepted();
    clone.git("tag -a -m release v2").ok();
    alice.push("v2").accepted();
    server.ref_is("refs/tags/w1", &base);
    // A branch has no object of its own.
    clone.commit("a.py", "a = 1\n");
    alice.push("main").accepted();
}

#[test]
fn the_default_branch_and_the_last_one_do_not_go() {
    let world = World::new();
    let rules = "[[protect]]\nrefs = [\"refs/tags/v*\"]\npush = [\"@leads\"]\n";
    let (server, clone, base) = guarded(&world, rules);
    let alice = clone.acting_as("alice");
    alice.push("main:other").accepted();
    refused_everywhere(&server, &clone, ":refs/heads/main", ids::REF_DEFAULT_BRANCH);
    alice.push(":other").accepted();
    server.git("symbolic-ref HEAD refs/heads/unborn").ok();
    refused_everywhere(&server, &clone, ":refs/heads/main", ids::REF_LAST_BRANCH);
    // Two at once are no way around, and a new one in its place is.
    alice.push("main:other").accepted();
    let said = alice.push(":main :other").rejected();
    said.by(ids::REF_LAST_BRANCH);
    server.ref_is("refs/heads/main", &base);
    alice.push(":other main:next").accepted();
    alice.push(":next").accepted();
    // Whom a rule names may.
    let delete = "[[protect]]\nrefs = [\"refs/heads/main\"]\ndelete = [\"carol\"]\n";
    let server = server.policy(&format!("{WHO}{rules}{delete}"));
    refused_everywhere(&server, &clone, ":refs/heads/main", ids::REF_DELETE);
    clone.acting_as("carol").push(":main").accepted();
    // And with no rule at all nothing of this is asked.
    let free = world.bare("free.git").hook("pre-receive");
    let url = format!("file://{}", free.dir.display());
    clone.git(&format!("push -q {url} main")).accepted();
    clone.git(&format!("push -q {url} :main")).accepted();
    free.lacks_ref("refs/heads/main");
}

#[test]
fn a_push_brings_in_no_more_than_its_limits() {
    let world = World::new();
    let limit = |key: &str| format!("[server]\ndeadline = \"120s\"\n{key}\n");
    let (server, clone, base) = guarded(&world, &limit("max_commits = 2"));
    for number in 0..3 {
        clone.commit(format!("{number}.txt"), format!("{}\n", "x".repeat(100)));
    }
    let said = clone.push("main").rejected();
    said.by(ids::REF_LIMIT)
        .says("3 commits")
        .says("max_commits")
        .says("refs/heads/main");
    clone.push("main~1:main").accepted();
    clone.push("main").accepted();
    clone.git(&format!("reset -q --hard {base}")).ok();
    for (key, within) in [
        ("max_files = 2", true),
        ("max_files = 1", false),
        ("max_bytes = \"1B\"", false),
        ("max_bytes = \"1MiB\"", true),
    ] {
        let server = server.within(".").policy(&format!("{WHO}{}", limit(key)));
        clone.stage("a.txt", format!("{key} a\n"));
        clone.stage("b.txt", format!("{key} b\n"));
        clone.commit_staged(key);
        let pushed = clone.push("main:refs/heads/topic");
        if within {
            pushed.accepted();
            clone.push(":topic").accepted();
        } else {
            pushed.rejected().by(ids::REF_LIMIT).says(&key[..9]);
        }
        server.lacks_ref("refs/heads/topic");
    }
}

#[test]
fn what_the_wire_claims_changes_no_decision() {
    let world = World::new();
    let (server, clone, base) = guarded(&world, &main("merge_only = true"));
    let direct = clone.commit("a.py", "a = 1\n");
    let pack = clone.pack(&format!("{direct} ^{base}"));
    let alice = server.acting_as("alice");
    for old in [base.as_str(), ZERO, direct.as_str()] {
        let lines = [Line::new(old, &direct, "refs/heads/main")];
        let wired = alice.receives(&lines, &pack);
        wired.said.by(ids::REF_MERGE_ONLY);
        server.ref_is("refs/heads/main", &base);
    }
}

#[test]
fn an_evaluating_server_says_it_and_accepts() {
    let world = World::new();
    let rules = format!(
        "{}[server]\nmode = \"evaluate\"\ndeadline = \"120s\"\n",
        main("merge_only = true\nnames = \"^refs/heads/develop$\"")
    );
    let (server, clone, _) = guarded(&world, &rules);
    let direct = clone.commit("a.py", "a = 1\n");
    let said = clone.acting_as("alice").push("main").accepted();
    said.by(ids::REF_MERGE_ONLY).by(ids::REF_NAMES);
    server.ref_is("refs/heads/main", &direct);
}

#[test]
fn what_a_symbolic_ref_stands_for_keeps_its_conditions() {
    let world = World::new();
    let keys = "merge_only = true\nnames = \"^refs/heads/main$\"";
    let (server, clone, base) = guarded(&world, &main(keys));
    let alias = "symbolic-ref refs/heads/alias refs/heads/main";
    server.git(alias).ok();
    clone.commit("a.py", "a = 1\n");
    let alice = clone.acting_as("alice");
    let said = alice.push("main:alias").rejected();
    said.by(ids::REF_MERGE_ONLY)
        .says("refs/heads/main")
        .not_by(ids::REF_NAMES);
    server.ref_is("refs/heads/main", &base);
    clone.git(&format!("reset -q --hard {base}")).ok();
    topic(&clone, "topic", "main");
    let merged = merge(&clone, "topic");
    alice.push("main:alias").accepted();
    server.ref_is("refs/heads/main", &merged);
    // Nor is the default branch deleted under another name.
    let tags = "[[protect]]\nrefs = [\"refs/tags/v*\"]\npush = [\"@leads\"]\n";
    let server = server.policy(&format!("{WHO}{tags}"));
    clone.push("main:other").accepted();
    clone.push(":alias").rejected().by(ids::REF_DEFAULT_BRANCH);
    server.ref_is("refs/heads/main", &merged);
}

#[test]
fn the_default_branch_and_the_last_one_do_not_go_by_way_of_an_alias() {
    let world = World::new();
    let rules = "[[protect]]\nrefs = [\"refs/tags/v*\"]\npush = [\"@leads\"]\n";
    let (server, clone, base) = guarded(&world, rules);
    let alice = clone.acting_as("alice");
    let stands = |name: &str, target: &str| {
        server.git(&format!("symbolic-ref {name} {target}")).ok();
    };
    // HEAD stands for what stands for main.
    stands("refs/heads/trunk", "refs/heads/main");
    stands("HEAD", "refs/heads/trunk");
    alice.push("main:other").accepted();
    for name in ["main", "trunk"] {
        let refspec = format!(":refs/heads/{name}");
        refused_everywhere(&server, &clone, &refspec, ids::REF_DEFAULT_BRANCH);
    }
    // What stands for the last branch is no other branch.
    stands("HEAD", "refs/heads/unborn");
    alice.push(":other").accepted();
    for name in ["main", "trunk"] {
        let refspec = format!(":refs/heads/{name}");
        refused_everywhere(&server, &clone, &refspec, ids::REF_LAST_BRANCH);
    }
    alice.push("main:other").accepted();
    alice
        .push(":trunk :other")
        .rejected()
        .by(ids::REF_LAST_BRANCH);
    server.ref_is("refs/heads/main", &base);
    alice.push(":trunk").accepted();
    server.lacks_ref("refs/heads/main");
}

#[test]
fn a_worktree_of_the_server_changes_nothing_of_its_default_branch() {
    let world = World::new();
    let rules = "[[protect]]\nrefs = [\"refs/tags/v*\"]\npush = [\"@leads\"]\n";
    let (server, clone, base) = guarded(&world, rules);
    let alice = clone.acting_as("alice");
    alice.push("main:deployed").accepted();
    let place = world.path("deployed");
    server
        .git(&format!("worktree add -q {} deployed", place.display()))
        .ok();
    refused_everywhere(&server, &clone, ":refs/heads/main", ids::REF_DEFAULT_BRANCH);
    server.ref_is("refs/heads/main", &base);
}

#[test]
fn a_name_in_capitals_is_the_same_where_the_file_system_takes_it_so() {
    let world = World::new();
    let (server, clone, base) = guarded(&world, &main("create = []\ndelete = []\nforce = []"));
    let alice = clone.acting_as("alice");
    server.git("config core.ignoreCase true").ok();
    let said = alice.push("main:refs/heads/Main").rejected();
    said.by(ids::REF_CREATE)
        .tells("this ref stands for refs/heads/main");
    server.ref_is("refs/heads/main", &base);
}
