//! CODEOWNERS on a server: who has to approve which paths.

use crate::approvals::{Stage, approve, approve_topic, replace, rule, tells};
use crate::world::{Repo, Said, ids};

const OWNED: &str = "owners = \"CODEOWNERS\"\napprovals_by_pusher = true";
const FILE: &str =
    "# who owns what\n/api/ @alice\n*.md @acme/writers\n/CODEOWNERS @leads\n/api/free\n";

/// A server whose main says who owns what.
fn owned() -> (Stage, Repo) {
    let stage = Stage::new("");
    let dave = stage.person("dave");
    dave.stage("CODEOWNERS", FILE);
    dave.stage("api/a.py", "a = 1\n");
    dave.commit_staged("begin");
    dave.push("main").accepted();
    policy(&stage, OWNED);
    (stage, dave)
}

fn policy(stage: &Stage, keys: &str) {
    stage.policy(&format!(
        "[identity]\nsource = \"env:PUSHER\"\nallowed_signers = \"allowed_signers\"\n\
         [groups]\nleads = [\"alice\", \"bob\"]\nwriters = [\"carol\"]\n{}",
        rule(keys)
    ));
}

#[track_caller]
fn unowned(person: &Repo, refspecs: &str, what: &str) -> Said {
    let said = person.push(refspecs).rejected().by(ids::REF_OWNERS);
    tells(&said, what);
    said
}

#[test]
fn each_path_needs_one_of_its_owners() {
    let (stage, dave) = owned();
    let (alice, carol) = (stage.person("alice"), stage.person("carol"));
    // What nobody owns is free.
    dave.stage("free.py", "1\n");
    dave.commit("api/free", "2\n");
    dave.push("main").accepted();
    dave.git("switch -q -c topic").ok();
    dave.stage("api/a.py", "a = 2\n");
    dave.commit("readme.md", "words\n");
    dave.push("topic").accepted();
    unowned(
        &dave,
        "topic:main",
        "touches api/a.py, which needs the approval of @alice; and readme.md, which needs that of @acme/writers",
    );
    approve_topic(&carol, "topic");
    unowned(
        &dave,
        "topic:main",
        "touches api/a.py, which needs the approval of @alice",
    )
    .lacks("which needs that of")
    .lacks("had a hand in it");
    approve_topic(&alice, "topic");
    dave.push("topic:main").accepted();
    // An owner's own work needs another owner, and there is none.
    alice.git("pull -q origin main").ok();
    alice.commit("api/a.py", "a = 3\n");
    alice.push("main:mine").accepted();
    approve_topic(&alice, "mine");
    unowned(&alice, "main", "alice had a hand in it");
    approve_topic(&carol, "mine");
    unowned(&alice, "main", "@alice");
}

#[test]
fn capitals_and_submodules_get_past_no_owner() {
    let (stage, dave) = owned();
    let submodule = format!("160000,{},api", dave.head());
    dave.git("switch -q -c topic").ok();
    dave.commit("API/a.py", "a = 2\n");
    unowned(
        &dave,
        "topic:main",
        "touches API/a.py, which needs the approval of @alice",
    );
    dave.git("reset -q --hard HEAD~1").ok();
    // Where the folder is gone with its owner's approval, nobody else puts something in its place.
    dave.git("rm -rq api").ok();
    dave.commit_staged("remove it");
    dave.push("topic").accepted();
    approve_topic(&stage.person("alice"), "topic");
    dave.push("topic:main").accepted();
    dave.git(&format!("update-index --add --cacheinfo {submodule}"))
        .ok();
    dave.commit_staged("from elsewhere");
    unowned(
        &dave,
        "topic:main",
        "touches api, which needs the approval of @alice",
    );
}

#[test]
fn deleting_renaming_and_changing_the_mode_touch_a_path() {
    let (_stage, dave) = owned();
    for change in [
        "rm -q api/a.py",
        "mv api/a.py free.py",
        "update-index --chmod=+x api/a.py",
    ] {
        dave.git(change).ok();
        dave.commit_staged("change");
        unowned(&dave, "main", "touches api/a.py");
        dave.git("reset -q --hard origin/main").ok();
    }
    dave.stage("free.py", "1\n");
    dave.commit_staged("begin");
    dave.push("main").accepted();
    dave.git("mv free.py api/b.py").ok();
    dave.commit_staged("move");
    unowned(&dave, "main", "touches api/b.py");
}

#[test]
fn the_file_in_the_push_has_no_say_about_the_push() {
    let (stage, dave) = owned();
    let bob = stage.person("bob");
    dave.stage("CODEOWNERS", "/CODEOWNERS @bob\n");
    dave.commit("api/a.py", "a = 2\n");
    dave.push("main:topic").accepted();
    let said = unowned(
        &dave,
        "main",
        "touches CODEOWNERS, which needs the approval of @leads",
    );
    tells(&said, "; and api/a.py, which needs that of @alice");
    // Nor does it help to let the file come first in the same push.
    dave.git("reset -q --hard origin/main").ok();
    dave.commit("CODEOWNERS", "/CODEOWNERS @bob\n");
    dave.push("main:first").accepted();
    approve_topic(&bob, "first");
    dave.commit("api/a.py", "a = 2\n");
    unowned(
        &dave,
        "main",
        "touches api/a.py, which needs the approval of @alice",
    );
    dave.push("HEAD^:main").accepted();
    dave.push("main").accepted();
}

#[test]
fn a_rewind_does_not_bring_back_who_owned_what() {
    let (stage, dave) = owned();
    policy(&stage, "");
    let lax = dave.head();
    dave.commit("CODEOWNERS", "* @alice\n");
    dave.push("main").accepted();
    policy(&stage, &format!("{OWNED}\nforce = [\"dave\"]"));
    dave.git(&format!("reset -q --hard {lax}")).ok();
    dave.commit("free.py", "1\n");
    unowned(
        &dave,
        "+main",
        "touches free.py, which needs the approval of @alice",
    );
}

#[test]
fn nobody_takes_the_file_away_or_breaks_it() {
    let (stage, dave) = owned();
    let bob = stage.person("bob");
    for (text, why) in [
        (Some("* nobody\n"), "CODEOWNERS:1 nobody is no owner"),
        (Some("* @a\n[x] @b\n"), "CODEOWNERS:2 holds"),
        (None, "it takes CODEOWNERS away"),
    ] {
        match text {
            Some(text) => dave.commit("CODEOWNERS", text),
            None => dave.commit_without("CODEOWNERS"),
        };
        dave.push("+main:topic").accepted();
        approve_topic(&bob, "topic");
        unowned(&dave, "main", why).lacks("had a hand");
        dave.git("reset -q --hard origin/main").ok();
    }
}

#[test]
fn without_a_file_to_go_by_nothing_is_decided() {
    let stage = Stage::new("");
    policy(&stage, OWNED);
    let dave = stage.person("dave");
    replace(&dave, "line 2\n", "2\n");
    let said = dave.push("main").rejected().says("undecided");
    tells(&said, "the branch has no file CODEOWNERS");
    // A file of the server helps, and is not for the push to change.
    let file = stage.server.dir.join("owners");
    stage.server.write("owners", "/text @alice\n");
    policy(&stage, &format!("owners = {file:?}"));
    dave.commit("owners", "* @dave\n");
    unowned(
        &dave,
        "main",
        "touches text, which needs the approval of @alice",
    );
    let alice = stage.person("alice");
    dave.push("main:topic").accepted();
    approve_topic(&alice, "topic");
    dave.push("main").accepted();
    stage.server.write("owners", "* nobody\n");
    dave.commit("b", "1\n");
    let said = dave.push("main").rejected();
    tells(&said, "\"protect.owners\":");
}

#[test]
fn owners_and_so_many_others_are_both_asked() {
    let (stage, dave) = owned();
    policy(
        &stage,
        &format!("{OWNED}\napprovals = 1\napprovals_from = [\"bob\"]"),
    );
    let (alice, bob) = (stage.person("alice"), stage.person("bob"));
    dave.git("switch -q -c topic").ok();
    dave.commit("api/a.py", "a = 2\n");
    dave.push("topic").accepted();
    approve_topic(&alice, "topic");
    let said = dave.push("topic:main").rejected().by(ids::REF_APPROVALS);
    tells(&said.not_by(ids::REF_OWNERS), "alice is not one of them");
    let name = approve(&bob, "main..origin/topic");
    bob.push(&format!("{name} origin/topic:main")).accepted();
}

/// Such a change can never come in, and asking around for it is of no use.
#[test]
fn the_only_owner_is_told_that_nobody_can_approve_the_own_work() {
    let (stage, _) = owned();
    let (alice, carol) = (stage.person("alice"), stage.person("carol"));
    alice.git("switch -q -c topic origin/main").ok();
    alice.stage("api/a.py", "a = 2\n");
    alice.commit("readme.md", "words\n");
    alice.push("topic").accepted();
    let alone = "the approval of @alice, of whom each had a hand in it: another owner has to be named \
                 first; and readme.md, which needs that of @acme/writers";
    unowned(&alice, "topic:main", alone);
    // A group may have somebody else in it, and the commit of another is not hers.
    carol.git("switch -q -c hers origin/main").ok();
    carol.commit("readme.md", "words\n");
    unowned(&carol, "hers:main", "of @acme/writers").lacks("each had a hand");
}
