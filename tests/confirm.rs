//! `confirm`: deletions and rewrites that a second person confirms in the push itself.

use crate::protect::WHO;
use crate::world::{Line, Repo, World, ZERO, ids};
use std::fs;

/// A server whose main is deleted and rewritten only with a confirmation of carol or dave; a clone to
/// push from; and one for each of them with a key of their own.
pub(crate) struct Stand {
    pub(crate) world: World,
    pub(crate) server: Repo,
    /// In the hands of alice.
    pub(crate) clone: Repo,
    pub(crate) carol: Repo,
    /// Alice herself, with a key.
    pub(crate) alice: Repo,
    pub(crate) base: String,
    pub(crate) id: String,
}

pub(crate) const MAIN: &str = "refs/heads/main";
const RULE: &str = "[[protect]]\nrefs = [\"refs/heads/main\"]\npush = [\"*\"]\nconfirm = [\"delete\", \
                    \"force\"]\nconfirm_by = [\"@admins\", \"dave\"]\n";

const ANYONE: &str =
    "[server]\nbackups = \"2d\"\n[[protect]]\nrefs = [\"refs/heads/main\"]\npush = [\"*\"]\n";

impl Stand {
    pub(crate) fn new() -> Self {
        Self::with(RULE)
    }

    pub(crate) fn with(rules: &str) -> Self {
        let world = World::new();
        let server = world.bare("origin.git");
        server.git("config receive.advertisePushOptions true").ok();
        let clone = world.clone_of(&server, "clone");
        let base = clone.commit("readme.md", "nothing to see\n");
        clone.push("main main:other").accepted();
        let person = |name: &str| {
            let key = world.ssh_key(&format!("key-of-{name}"));
            let repo = world.clone_of(&server, name);
            repo.signs_with(&key, &format!("{name}@example.com"));
            (repo, format!("{name} {}\n", key.public))
        };
        let (carol, carols) = person("carol");
        let (alice, alices) = person("alice");
        let signers = format!("{carols}{alices}");
        fs::write(server.dir.join("allowed_signers"), signers).unwrap();
        let who = WHO.replace(
            "[groups]",
            "allowed_signers = \"allowed_signers\"\n[groups]",
        );
        let server = server
            .hook("pre-receive")
            .hook("post-receive")
            .policy(&format!("{who}{rules}"));
        // The first one who is refused makes it know who it is.
        let clone = clone.acting_as("alice");
        clone.push(":nowhere").whatever();
        let said = server.portcullis("status").whatever();
        let id = said
            .stdout
            .lines()
            .find_map(|line| line.strip_prefix("server id"));
        let id = id.unwrap().trim().to_owned();
        for repo in [&carol, &alice] {
            repo.git(&format!("config portcullis.serverId {id}")).ok();
        }
        Self {
            world,
            server,
            clone,
            carol,
            alice,
            base,
            id,
        }
    }

    /// A token of carol's, by these words of the command.
    #[track_caller]
    pub(crate) fn token(&self, words: &str) -> String {
        let made = self.carol.portcullis(&format!("{words} --quiet")).ok();
        made.text().to_owned()
    }

    #[track_caller]
    fn delete_token(&self) -> String {
        self.token(&format!("confirm delete {MAIN} --at {}", self.base))
    }

    #[track_caller]
    fn refuses_to_delete(&self, option: &str) -> crate::world::Said {
        let said = self.clone.git(&format!("push -o {option} origin :main"));
        let said = said.rejected().by(ids::REF_CONFIRM);
        self.server.ref_is(MAIN, &self.base);
        said
    }

    fn confirm(token: &str) -> String {
        format!("portcullis.confirm={token}")
    }
}

#[test]
fn a_protected_branch_goes_with_a_confirmation_and_not_without() {
    let stand = Stand::new();
    let said = stand.clone.push(":main").rejected().by(ids::REF_CONFIRM);
    said.says("portcullis confirm delete refs/heads/main --at")
        .says(&stand.id);
    stand.server.ref_is(MAIN, &stand.base);
    let words = format!("confirm delete {MAIN} --at {} --ttl 30m", stand.base);
    let args: Vec<&str> = words
        .split(' ')
        .chain(["--reason", "it is merged"])
        .collect();
    let made = stand.carol.portcullis_fed(&args, b"").ok();
    let command = made.text().to_owned();
    made.says("deleting refs/heads/main")
        .says("it is merged")
        .says("origin.git-");
    let said = stand
        .clone
        .git_with(&command.split(' ').skip(1).collect::<Vec<_>>());
    said.accepted()
        .says("confirmed:")
        .says("carol")
        .says("it is merged");
    stand.server.lacks_ref(MAIN);
    let kept = stand
        .server
        .ask("for-each-ref --format=%(objectname)%(refname) refs/portcullis");
    assert!(
        kept.starts_with(&stand.base) && kept.ends_with("/heads/main"),
        "{kept}"
    );
}

#[test]
fn a_token_counts_once() {
    let stand = Stand::new();
    let token = Stand::confirm(&stand.delete_token());
    let delete = format!("push -o {token} origin :main");
    stand.clone.git(&delete).accepted();
    stand.clone.push("main").accepted();
    stand.server.ref_is(MAIN, &stand.base);
    stand.refuses_to_delete(&token).says("was used before");
    // Signed anew it is the same one; a new one is another.
    let other = Stand::confirm(&stand.delete_token());
    stand
        .clone
        .git(&format!("push -o {other} origin :main"))
        .accepted();
}

#[test]
fn a_push_that_is_refused_for_something_else_spends_nothing() {
    let stand = Stand::with(&format!(
        "{RULE}[[protect]]\nrefs = [\"refs/heads/other\"]\npush = []\n"
    ));
    let token = Stand::confirm(&stand.delete_token());
    let both = format!("push -o {token} origin :main :other");
    stand.clone.git(&both).rejected();
    stand.server.ref_is(MAIN, &stand.base);
    stand
        .clone
        .git(&format!("push -o {token} origin :main"))
        .accepted();
}

#[test]
fn what_if_spends_nothing_and_asks_the_same() {
    let stand = Stand::new();
    let words = format!("check --update {} {ZERO} {MAIN} --as alice", stand.base);
    let said = stand.server.portcullis(&words).exit(1).by(ids::REF_CONFIRM);
    said.lacks("takes no push options")
        .says("portcullis confirm delete");
    assert!(!stand.server.dir.join("portcullis/spent").exists());
}

#[test]
fn a_server_that_takes_no_push_options_is_not_asked_for_one() {
    let stand = Stand::new();
    let key = "config receive.advertisePushOptions";
    stand.server.git(&format!("{key} no")).ok();
    let said = stand.clone.push(":main").rejected().by(ids::REF_CONFIRM);
    said.says("takes no push options")
        .lacks("portcullis confirm");
    stand.server.git(&format!("{key} yes")).ok();
    let said = stand.clone.push(":main").rejected().by(ids::REF_CONFIRM);
    said.lacks("takes no push options")
        .says("portcullis confirm");
}

#[test]
fn a_token_for_anything_else_is_none() {
    let stand = Stand::new();
    let next = stand.clone.commit("a.py", "a = 1\n");
    let (base, id) = (&stand.base, &stand.id);
    stand.carol.git("fetch -q").ok();
    let at = |words: &str| Stand::confirm(&stand.token(words));
    let last = if id.ends_with('0') { "1" } else { "0" };
    let other_id = format!("{}{last}", &id[..id.len() - 1]);
    for (token, why) in [
        (
            at(&format!("confirm delete refs/heads/other --at {base}")),
            "another ref",
        ),
        (
            at(&format!("confirm delete refs/heads/Main --at {base}")),
            "another ref",
        ),
        (
            at(&format!("confirm delete {MAIN} --at {next}")),
            "stands at",
        ),
        (
            at(&format!("confirm force {MAIN} --at {base} --to {next}")),
            "something else",
        ),
        (
            at(&format!(
                "confirm delete {MAIN} --at {base} --server-id {other_id}"
            )),
            "another repository",
        ),
        (
            at(&format!("confirm delete {MAIN} --at {base} --pusher bob")),
            "a push by bob",
        ),
    ] {
        stand.refuses_to_delete(&token).tells(why);
    }
}

#[test]
fn it_takes_two_people_and_one_of_the_list() {
    let stand = Stand::new();
    let words = format!("confirm delete {MAIN} --at {} --quiet", stand.base);
    let own = stand.alice.portcullis(&words).ok().text().to_owned();
    stand
        .refuses_to_delete(&Stand::confirm(&own))
        .says("it takes two people");
    // Alice confirms for bob, and is none of those who may.
    let bob = stand.clone.acting_as("bob");
    let delete = format!("push -o {} origin :main", Stand::confirm(&own));
    bob.git(&delete)
        .rejected()
        .by(ids::REF_CONFIRM)
        .says("none of");
    // Carol pushes herself, and with a key that is hers by another name.
    let token = Stand::confirm(&stand.delete_token());
    let carol = stand.clone.acting_as("carol");
    let delete = format!("push -o {token} origin :main");
    carol.git(&delete).rejected().says("it takes two people");
    let file = stand.server.dir.join("allowed_signers");
    let list = fs::read_to_string(&file).unwrap();
    let line = list
        .lines()
        .next()
        .unwrap()
        .replacen("carol ", "carol,alice ", 1);
    fs::write(&file, format!("{line}\n")).unwrap();
    stand.refuses_to_delete(&token).says("it takes two people");
    fs::write(&file, list.replacen("carol ", "stranger ", 1)).unwrap();
    stand.refuses_to_delete(&token).says("stranger");
    fs::write(&file, "").unwrap();
    stand
        .refuses_to_delete(&token)
        .says("nobody's whom this server knows");
    fs::write(&file, &list).unwrap();
    // Nobody who is not known is a second person.
    stand.clone.acting_as("").git(&delete).rejected();
    stand.server.ref_is(MAIN, &stand.base);
    // A list that cannot be read leaves it undecided.
    fs::remove_file(&file).unwrap();
    stand.clone.git(&delete).rejected().says("undecided");
    stand.server.ref_is(MAIN, &stand.base);
}

#[test]
fn a_confirmation_is_no_permission() {
    let rule = RULE.replace("push = [\"*\"]", "push = [\"*\"]\ndelete = [\"bob\"]");
    let stand = Stand::with(&rule);
    let token = Stand::confirm(&stand.delete_token());
    let delete = format!("push -o {token} origin :main");
    stand.clone.git(&delete).rejected().by(ids::REF_DELETE);
    stand.server.ref_is(MAIN, &stand.base);
    stand.clone.acting_as("bob").git(&delete).accepted();
}

#[test]
fn a_rewrite_is_confirmed_with_where_it_goes() {
    let stand = Stand::new();
    let clone = &stand.clone;
    let ahead = clone.commit("a.py", "a = 1\n");
    clone.push("main").accepted();
    clone.git("reset -q --hard HEAD^").ok();
    let new = clone.commit("b.py", "b = 1\n");
    clone.push("main:topic").accepted();
    stand.carol.git("fetch -q").ok();
    clone
        .push("+main")
        .rejected()
        .by(ids::REF_CONFIRM)
        .says("--to");
    let token =
        Stand::confirm(&stand.token(&format!("confirm force {MAIN} --at {ahead} --to {new}")));
    // Not for another commit, nor for going back altogether.
    let base = &stand.base;
    let to = |new: &str| clone.git(&format!("push -o {token} origin +{new}:main"));
    to(base)
        .rejected()
        .by(ids::REF_CONFIRM)
        .tells("it is for moving");
    to(&new).accepted().says("confirmed:");
    stand.server.ref_is(MAIN, &new);
    let kept = stand
        .server
        .ask("for-each-ref --format=%(objectname) refs/portcullis");
    assert_eq!(kept, ahead);
}

#[test]
fn each_rule_has_its_own_confirmation() {
    let second = "[[protect]]\nrefs = [\"refs/heads/**\"]\npush = [\"*\"]\nconfirm = [\"delete\"]\n\
                  confirm_by = [\"erin\"]\n";
    for rules in [format!("{RULE}{second}"), format!("{second}{RULE}")] {
        let stand = Stand::with(&rules);
        let token = Stand::confirm(&stand.delete_token());
        stand.refuses_to_delete(&token).says("erin");
    }
}

#[test]
fn a_false_old_value_confirms_nothing() {
    let stand = Stand::new();
    let server = stand.server.acting_as("alice");
    let absent = "deadbeef".repeat(5);
    for old in [&absent[..], ZERO] {
        let wired = server.receives(&[Line::new(old, ZERO, MAIN)], b"");
        wired
            .refused(MAIN, &server)
            .said
            .by(ids::REF_CONFIRM)
            .says("the push says that it stands");
        server.ref_is(MAIN, &stand.base);
    }
}

#[test]
fn the_true_old_tip_is_kept_whatever_the_pusher_claims_and_goes_in_time() {
    let stand = Stand::with(ANYONE);
    let server = stand.server.acting_as("alice");
    let wired = server.receives(&[Line::new(&"deadbeef".repeat(5), ZERO, MAIN)], b"");
    wired.took(MAIN, &server);
    let kept = || {
        stand
            .server
            .ask("for-each-ref --format=%(objectname) refs/portcullis")
    };
    assert_eq!(kept(), stand.base);
    // One that is over goes at the next push, one that is not stays.
    let old = "refs/portcullis/backup/20200101T000000Z/heads/main";
    stand
        .server
        .git(&format!("update-ref {old} {}", stand.base))
        .ok();
    stand
        .clone
        .push(&format!("{}:refs/heads/another", stand.base))
        .accepted();
    stand.server.lacks_ref(old);
    assert_eq!(kept(), stand.base);
    // What moves forward, and what no rule protects, is not kept.
    stand.clone.push("main").accepted();
    stand.clone.commit("a.py", "a = 1\n");
    stand.clone.push("main").accepted();
    assert_eq!(kept(), stand.base);
}

#[test]
fn an_old_tip_is_kept_whatever_name_it_was_pushed_under() {
    let stand = Stand::with(ANYONE);
    stand
        .server
        .git("symbolic-ref refs/heads/alias refs/heads/main")
        .ok();
    stand.clone.push(":refs/heads/alias").accepted();
    stand.server.lacks_ref(MAIN);
    let kept = stand
        .server
        .ask("for-each-ref --format=%(objectname):%(refname:lstrip=4) refs/portcullis");
    assert_eq!(kept, format!("{}:heads/main", stand.base));
}

/// Git ends with the connection of a pusher who does not wait, and post-receive never runs.
#[test]
fn an_old_tip_is_kept_by_the_next_push_where_post_receive_did_not_run() {
    let stand = Stand::with(ANYONE);
    let hook = stand.server.dir.join("hooks/post-receive");
    let kept = || {
        stand
            .server
            .ask("for-each-ref --format=%(objectname) refs/portcullis")
    };
    let without = |refspecs: &str| {
        fs::rename(&hook, hook.with_extension("off")).unwrap();
        stand.clone.push(refspecs).accepted();
        fs::rename(hook.with_extension("off"), &hook).unwrap();
    };
    stand.clone.git("commit -q --amend -m again").ok();
    let again = stand.clone.head();
    without("+main");
    assert_eq!(kept(), "");
    stand
        .clone
        .push(&format!("{}:refs/heads/x", stand.base))
        .accepted();
    assert_eq!(kept(), stand.base);
    without(":main");
    stand.clone.push(":refs/heads/x").accepted();
    let all = kept();
    assert!(all.contains(&again) && all.contains(&stand.base), "{all}");
    // Once is enough.
    stand.clone.push("main:refs/heads/x").accepted();
    assert_eq!(kept(), all);
}

#[test]
fn nothing_is_let_in_that_cannot_be_spent() {
    let stand = Stand::new();
    let token = Stand::confirm(&stand.delete_token());
    let spent = stand.server.dir.join("portcullis/spent");
    fs::write(&spent, "in the way").unwrap();
    let delete = format!("push -o {token} origin :main");
    stand.clone.git(&delete).rejected().says("undecided");
    stand.server.ref_is(MAIN, &stand.base);
    fs::remove_file(&spent).unwrap();
    stand.clone.git(&delete).accepted();
}

#[test]
fn where_update_judges_as_well_it_goes_by_what_pre_receive_spent() {
    let stand = Stand::new();
    stand
        .server
        .git("config receive.advertisePushOptions true")
        .ok();
    let server = stand.server.within(".").hook("update");
    let token = Stand::confirm(&stand.delete_token());
    stand.clone.push(":main").rejected();
    stand
        .clone
        .git(&format!("push -o {token} origin :main"))
        .accepted();
    server.lacks_ref(MAIN);
}

#[test]
fn a_client_is_told_early() {
    let stand = Stand::new();
    let clone = &stand.clone;
    clone.install().config(&RULE.replace("@admins", "carol"));
    clone
        .push(":main")
        .rejected()
        .says("(warning)")
        .says("portcullis.confirm=TOKEN");
}

#[test]
fn a_short_name_will_do_where_one_ref_alone_can_be_meant() {
    let stand = Stand::new();
    let (carol, base) = (&stand.carol, &stand.base);
    let asked = format!("confirm delete main --at {base}");
    let said = carol.portcullis(&format!("{asked} --quiet")).ok();
    let option = Stand::confirm(said.text());
    said.says("main is taken for refs/heads/main");
    carol
        .portcullis(&format!("confirm delete nowhere --at {base}"))
        .exit(2)
        .says("write refs/heads/nowhere or refs/tags/nowhere");
    carol.git("tag main").ok();
    carol
        .portcullis(&asked)
        .exit(2)
        .says("main may be refs/heads/main or refs/tags/main: write the full name");
    stand
        .clone
        .git(&format!("push -o {option} origin :main"))
        .accepted();
    stand.server.lacks_ref(MAIN);
}
