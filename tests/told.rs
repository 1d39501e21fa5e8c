//! What whoever is refused is told: who may, once for many commits, and what to do about it.

use crate::protect::{WHO, guarded, rule};
use crate::world::{World, ids};

#[test]
fn who_may_not_is_told_who_may() {
    let world = World::new();
    let keys = "push = [\"@leads\", \"dave\"]\ndelete = [\"@admins\"]\nforce = []";
    let (_server, clone, _) = guarded(&world, &rule("refs/heads/main", keys));
    clone.commit("a.py", "a = 1\n");
    let erin = clone.acting_as("erin");
    erin.push("main")
        .rejected()
        .by(ids::REF_PUSH)
        .tells("erin may not move it forward, only @leads (alice, bob), dave may")
        .tells("have one of them merge it")
        .says("git push REMOTE HEAD:refs/heads/TOPIC");
    erin.push(":main")
        .rejected()
        .tells("erin may not delete it, only @admins (carol) may")
        .tells("leave it, or ask one of them");
    clone
        .git("commit -q --amend --allow-empty -m rewritten")
        .ok();
    clone.git("reset -q --hard HEAD~1").ok();
    clone.commit("b.py", "b = 1\n");
    clone.acting_as("alice").push("main").accepted();
    clone.git("reset -q --hard HEAD~1").ok();
    let alice = clone.acting_as("alice");
    alice
        .push("+main")
        .rejected()
        .tells("alice may not rewind or replace it, nobody may");
    // Who is in a group is not told to just anyone.
    let said = clone.push(":main").rejected();
    said.by(ids::REF_DELETE).lacks("carol").lacks("alice");
}

#[test]
fn of_a_large_group_a_few_are_named() {
    let world = World::new();
    let many = WHO.replace(
        "leads = [\"alice\", \"bob\"]",
        "leads = [\"a\", \"b\", \"c\", \"d\", \"e\", \"f\"]",
    );
    let (server, clone, _) = guarded(&world, "");
    server.policy(&format!(
        "{many}{}",
        rule("refs/heads/main", "push = [\"@leads\"]")
    ));
    clone.commit("a.py", "a = 1\n");
    let said = clone.acting_as("erin").push("main").rejected();
    said.tells("only @leads (a, b, c and 3 more) may");
}

#[test]
fn one_fault_of_many_commits_is_told_once_and_begins_at_the_oldest() {
    let world = World::new();
    let commits = "[commits]\nconventional = true\n";
    let (_server, clone, base) = guarded(&world, commits);
    // All in the same second, so that no date tells which is older.
    let clone = clone
        .acting_as("alice")
        .with_env("GIT_AUTHOR_DATE", "1700000000 +0000")
        .with_env("GIT_COMMITTER_DATE", "1700000000 +0000");
    let all: Vec<String> = (0..9)
        .map(|n| clone.commit(format!("{n}.py"), format!("n = {n}\n")))
        .collect();
    let said = clone.push("main").rejected();
    let found = said.stderr.matches("not a conventional commit").count();
    assert_eq!(found, 1, "{}", said.stderr);
    let short = |at: usize| &all[at][..10];
    let also = [short(1), short(2), short(3), short(4)].join(", ");
    said.tells(&format!("also in: {also} and 4 more commits"))
        .says(&format!("git rebase -i {}^", short(0)))
        .says("rejected: 9 deny");
    // Whoever reads it by a program has all nine.
    let asked = format!("check --range {base}..HEAD --format json");
    clone.config(commits);
    let report = clone.portcullis(&asked).exit(1).json();
    assert_eq!(report.findings().len(), 9);
}

#[test]
fn a_warning_says_what_to_do_too() {
    let world = World::new();
    let repo = world.repo_with_a_commit();
    repo.install();
    repo.config("[[protect]]\nrefs = [\"refs/heads/main\"]\nmerge_only = true");
    repo.write("a.py", "a = 1\n");
    repo.git("add a.py").ok();
    let said = repo.git("commit -q -m direct").ok();
    said.says("refs/merge-only  (warning)")
        .says("git switch -c TOPIC");
}
