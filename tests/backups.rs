//! What a server keeps of what was taken away, and of the tokens that allowed it: for how long, and
//! from whom.

use crate::audit::{KEPT, LOG};
use crate::confirm::{MAIN, Stand};
use crate::world::{Line, World, ZERO, assigned, ids};
use std::fs;

const ANYONE: &str =
    "[server]\nbackups = \"2d\"\n[[protect]]\nrefs = [\"refs/heads/main\"]\npush = [\"*\"]\n";

const HIDES: &str = "config --local --get-all transfer.hideRefs";

#[test]
fn what_was_taken_away_is_hidden_from_clients_until_the_gate_goes() {
    let world = World::new();
    let server = world.bare("origin.git");
    server.git("config transfer.hideRefs refs/pull").ok();
    let said = server.portcullis("install --server").ok();
    said.says("set        local transfer.hideRefs = refs/portcullis/backup");
    server.portcullis("install --server").ok().lacks("hideRefs");
    assert_eq!(server.ask(HIDES), "refs/pull\nrefs/portcullis/backup");
    let alice = world.clone_of(&server, "alice");
    let base = alice.commit("a.py", "a = 1\n");
    alice.push("main").accepted();
    let kept = "refs/portcullis/backup/20260101T000000Z/heads/main";
    server.git(&format!("update-ref {kept} {base}")).ok();
    alice.git("ls-remote origin").ok().lacks("portcullis");
    alice.push(&format!(":{kept}")).rejected();
    server.ref_is(kept, &base);
    server
        .portcullis("uninstall --server")
        .ok()
        .says("unset      local transfer.hideRefs");
    assert_eq!(server.ask(HIDES), "refs/pull");
    alice.git("ls-remote origin").ok().says(kept);
    // Only what keeps old tips asks for it.
    server
        .portcullis("install --server --events pre-receive")
        .ok()
        .lacks("hideRefs");
}

#[test]
fn what_an_administrator_has_hidden_stays_hidden_when_the_gate_goes() {
    let world = World::new();
    let ours = "refs/portcullis/backup";
    let hidden = |name: &str, before: usize, after: usize| {
        let server = world.bare(name);
        let add = format!("config --add transfer.hideRefs {ours}");
        (0..before).for_each(|_| drop(server.git(&add).ok()));
        server.portcullis("install --server").ok();
        server.portcullis("install --server").ok();
        (0..after).for_each(|_| drop(server.git(&add).ok()));
        server.portcullis("uninstall --server").ok();
        server.portcullis("uninstall --server").ok();
        let left = server.git("config --get-regexp hiderefs").whatever();
        assert!(
            !left.stdout.contains("portcullis.hiderefs"),
            "{}",
            left.stdout
        );
        left.stdout.matches("transfer.hiderefs").count()
    };
    assert_eq!(hidden("none.git", 0, 0), 0);
    assert_eq!(hidden("before.git", 1, 0), 1);
    assert_eq!(hidden("after.git", 0, 1), 1);
}

#[test]
fn what_only_a_backup_has_is_judged_again_when_it_comes_back() {
    let stand = Stand::with(ANYONE);
    let token = stand.world.secrets.github();
    let hook = stand.server.dir.join("hooks/pre-receive");
    fs::rename(&hook, hook.with_extension("off")).unwrap();
    // It came in before there was a gate, and was rewritten for that.
    let leak = stand.clone.commit("app.py", assigned(&token));
    stand.clone.push("main").accepted();
    fs::rename(hook.with_extension("off"), &hook).unwrap();
    stand
        .clone
        .push(&format!("+{}:refs/heads/main", stand.base))
        .accepted();
    let kept = stand
        .server
        .ask("for-each-ref --format=%(objectname) refs/portcullis");
    assert_eq!(kept, leak);
    stand
        .clone
        .push("main")
        .rejected()
        .by(ids::GITHUB)
        .without(&token);
    stand.server.ref_is(MAIN, &stand.base);
}

#[test]
fn a_clock_that_is_years_ahead_takes_no_backup_away_at_once() {
    let stand = Stand::with(ANYONE);
    // As the server saw it last, ten years ago; what was kept the day before is not over then.
    let old = "refs/portcullis/backup/20160609T000000Z/heads/main";
    stand
        .server
        .git(&format!("update-ref {old} {}", stand.base))
        .ok();
    stand.server.write("portcullis/clock", "1465516800\n");
    for (push, there) in [("one", true), ("two", false)] {
        stand.clone.push(&format!("main:{push}")).accepted();
        assert_eq!(stand.server.value_of(old).is_some(), there, "{push}");
    }
}

#[test]
fn a_token_is_spent_whatever_becomes_of_the_log() {
    let stand = Stand::new();
    let policy = fs::read_to_string(stand.server.dir.join("portcullis.toml")).unwrap();
    stand
        .server
        .write("portcullis.toml", format!("{policy}\n{KEPT}"));
    let token = stand.token(&format!("confirm delete {MAIN} --at {}", stand.base));
    let delete = format!("push -o portcullis.confirm={token} origin :main");
    stand.clone.git(&delete).accepted();
    stand.server.portcullis("audit rotate --to old.jsonl").ok();
    stand
        .clone
        .push(&format!("{}:refs/heads/main", stand.base))
        .accepted();
    let said = stand.clone.git(&delete).rejected().by(ids::REF_CONFIRM);
    said.tells("it was used before, and counts once");
    for log in ["old.jsonl", LOG] {
        fs::remove_file(stand.server.dir.join(log)).unwrap();
    }
    stand.clone.git(&delete).rejected().by(ids::REF_CONFIRM);
    stand.server.ref_is(MAIN, &stand.base);
}

#[test]
fn what_goes_where_nothing_is_held_is_kept_all_the_same() {
    let stand = Stand::with(
        "[server]\nmode = \"evaluate\"\nbackups = \"2d\"\n\
         [[protect]]\nrefs = [\"refs/heads/main\"]\ndelete = []\n",
    );
    let server = stand.server.acting_as("alice");
    let lie = "deadbeef".repeat(5);
    let wired = server.receives(&[Line::new(&lie, ZERO, MAIN)], b"");
    wired.took(MAIN, &server).said.by(ids::REF_DELETE);
    let kept = server.ask("for-each-ref --format=%(objectname) refs/portcullis");
    assert_eq!(kept, stand.base);
}

#[test]
fn a_tag_that_moves_is_kept_wherever_it_goes() {
    let stand = Stand::with(
        "[[protect]]\nrefs = [\"refs/heads/main\", \"refs/tags/v*\"]\npush = [\"*\"]\n",
    );
    let kept = "for-each-ref --format=%(objectname) refs/portcullis/backup";
    // One with an object of its own, and a plain one, to a commit that leads back to where it was.
    let clone = &stand.clone;
    clone.git("tag -a -m one v1").ok();
    clone.git("tag v2").ok();
    let olds = [clone.ask("rev-parse v1"), clone.ask("rev-parse v2")];
    clone.push("v1 v2").accepted();
    clone.commit("b.py", "b = 1\n");
    clone.push("main").accepted();
    assert_eq!(stand.server.ask(kept), "", "a branch that moves forward");
    for (tag, old) in ["v1", "v2"].into_iter().zip(olds) {
        clone.git(&format!("tag -f -a -m again {tag}")).ok();
        clone.push(&format!("+refs/tags/{tag}")).accepted();
        assert!(stand.server.ask(kept).contains(&old), "{tag}");
    }
}
