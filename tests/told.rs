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

#[test]
fn who_is_not_known_is_told_first_how_to_be_known() {
    let world = World::new();
    let (server, clone, _) = guarded(&world, "");
    let policy = |rules: &str| server.within(".").policy(&format!("{WHO}{rules}"));
    let first = "fix: be known to the server first: log in as somebody for whom it sets env:PUSHER";
    let one_fix = |said: &crate::world::Said| said.stderr.matches("fix: be known").count() == 1;
    clone.commit("a.py", "a = 1\n");
    policy(&rule("refs/heads/**", "push = [\"*\"]"));
    clone
        .push("main:topic")
        .rejected()
        .by(ids::REF_CREATE)
        .tells(first);
    clone
        .push(":main")
        .rejected()
        .by(ids::REF_DELETE)
        .tells(first);
    clone.git("commit -q --amend --allow-empty -m anew").ok();
    let said = clone.push("main").rejected().by(ids::REF_PUSH).tells(first);
    assert!(one_fix(&said));
    said.lacks("have one of them merge it");
    clone.git("checkout -q --orphan other").ok();
    clone.commit("b.py", "b = 1\n");
    clone
        .push("+other:main")
        .rejected()
        .by(ids::REF_FORCE)
        .tells(first);
    // What nobody may do is not theirs by being known.
    policy(&rule("refs/heads/main", "force = []\ndelete = []"));
    let said = clone.push("+other:main").rejected().by(ids::REF_FORCE);
    said.tells("nobody may rewind")
        .tells("git pull --rebase")
        .lacks("be known");
    let said = clone.push(":main").rejected().by(ids::REF_DELETE);
    said.tells("nobody may delete it").lacks("be known");
    // Where a few may all the same, and where it takes two people.
    let frozen =
        "push = [\"*\"]\nfreeze = [{ from = 2001-01-01T00:00:00Z, until = 9000-01-01T00:00:00Z";
    policy(&rule(
        "refs/heads/main",
        &format!("{frozen}, except = [\"@admins\"] }}]"),
    ));
    let said = clone.push("main").rejected().by("refs/freeze");
    said.tells(&format!(
        "{first}; ask those who keep it. `portcullis check` takes --as fix: wait until"
    ));
    policy("[commits]\ncommitter_is_pusher = true\n");
    clone
        .push("main")
        .rejected()
        .by("commits/committer")
        .tells(first);
    let approval = "refs/portcullis/approvals/x/y";
    clone
        .push(&format!("main:{approval}"))
        .rejected()
        .by("refs/reserved")
        .tells(first);
    // As the source of the server has it.
    for (source, how) in [
        (
            "source = \"http\"",
            "push over HTTP to an address where you log in",
        ),
        (
            "source = \"gitea\"",
            "push with an account of gitea, not with a deploy key",
        ),
        (
            "source = \"ssh-key\"\nallowed_signers = \"signers\"",
            "push over SSH, with a key that",
        ),
        ("", "its policy does not say who pushes"),
    ] {
        server.write("signers", "");
        let rules = rule("refs/heads/main", "push = [\"*\"]");
        server
            .within(".")
            .policy(&format!("[identity]\n{source}\n{rules}"));
        clone
            .push("main")
            .rejected()
            .tells(&format!("be known to the server first: {how}"));
    }
}

#[test]
fn who_is_not_known_is_told_so_where_it_takes_two_people() {
    let stand = crate::confirm::Stand::new();
    let nobody = stand.clone.acting_as("");
    let said = nobody.push(":main").rejected().by(ids::REF_CONFIRM);
    said.tells("fix: be known to the server first")
        .tells("fix: one of them, who is not you, runs this");
    let said = stand.clone.push(":main").rejected().by(ids::REF_CONFIRM);
    said.lacks("be known");
}

#[test]
fn who_moves_a_tag_is_not_told_to_pull() {
    let world = World::new();
    let (_server, clone, _) = guarded(&world, &rule("refs/tags/**", "force = []"));
    clone.git("tag v1").ok();
    let alice = clone.acting_as("alice");
    alice.push("v1").accepted();
    clone.commit("a.py", "a = 1\n");
    clone.git("tag -f v1").ok();
    let said = alice.push("+v1").rejected().by(ids::REF_FORCE);
    said.tells("make another tag under a name that is free")
        .lacks("git pull");
}
