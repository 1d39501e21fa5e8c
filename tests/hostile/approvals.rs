//! Ways around approvals: forged, replayed, moved, parked, and from the pushed tree.

use crate::approvals::{Stage, approve, approve_topic, edit, replace, rule, tells, unapproved};
use crate::world::{Repo, ids};
use std::fs;

const LEADS: &str = "approvals = 1\napprovals_from = [\"@leads\"]";

/// Puts a blob under a name as an approval would be, and pushes it there.
fn park(person: &Repo, blob: &[u8], name: &str) -> crate::world::Ran {
    let oid = person.blob(blob);
    person.push(&format!("{oid}:{name}"))
}

/// The bytes of an approval.
fn blob_of(person: &Repo, name: &str) -> Vec<u8> {
    // It ends with one line end, which asking takes away.
    let mut text = person.ask(&format!("cat-file blob {name}")).into_bytes();
    text.push(b'\n');
    assert_eq!(person.blob(&text), person.id(name));
    text
}

/// The name that a blob would have.
fn name_of(person: &Repo, blob: &[u8], like: &str) -> String {
    let file = person.dir.join(".git/forged");
    fs::write(&file, blob).unwrap();
    let said = person.shell("sha256sum .git/forged").ok();
    let (folder, _) = like.rsplit_once('/').unwrap();
    format!("{folder}/{}", &said.text()[..32])
}

#[test]
fn an_edited_approval_is_none() {
    let stage = Stage::new(LEADS);
    let (dave, alice) = (stage.person("dave"), stage.person("alice"));
    stage.topic(&dave, "topic");
    let name = approve(&alice, "origin/topic --for refs/heads/main");
    let blob = blob_of(&alice, &name);
    let text = String::from_utf8(blob.clone()).unwrap();
    let at = text.find("-----BEGIN").unwrap();
    let (payload, signature) = text.split_at(at);
    let twice = format!("{text}{signature}");
    let long = format!("{payload}{}{signature}", "\n".repeat(70_000));
    for (forged, why) in [
        (
            text.replace("refs/heads/main", "refs/heads/mai"),
            "its signature is bad",
        ),
        (text.replace("date 2", "date 3"), "its signature is bad"),
        (
            text.replace("\nfor ", "\nrepository origin.git-0011\nfor "),
            "its signature is bad",
        ),
        (
            text.replace("\nfor ", "\nrepository \u{202e}\nfor "),
            "\"repository\" is missing or makes no sense",
        ),
        (
            text.replace("approval 1", "approval 2"),
            "no approval of a version",
        ),
        (payload.to_owned(), "it is not signed"),
        (twice, "there is more than one"),
        (long, "larger than 64 KiB"),
        (format!("x{text}"), "no approval of a version"),
        (
            text.replace("tip ", "step "),
            "is missing or makes no sense",
        ),
        (format!("{text}more\n"), "malformed"),
    ] {
        let named = name_of(&dave, forged.as_bytes(), &name);
        let said = park(&dave, forged.as_bytes(), &named).rejected();
        tells(&said.by(ids::REF_APPROVAL), why);
        stage.server.lacks_ref(&named);
    }
    // The same one under another name, and as another kind of object.
    let elsewhere = format!("{}0", &name[..name.len() - 1]);
    let named = if elsewhere == name {
        name.replace("/approvals/", "/approvals/0")
    } else {
        elsewhere
    };
    tells(
        &park(&alice, &blob, &named).rejected().by(ids::REF_APPROVAL),
        "its name would be",
    );
    let said = dave.push(&format!("topic:{name}")).rejected();
    tells(&said.by(ids::REF_APPROVAL), "it is a commit, not a blob");
    unapproved(&dave, "topic:main");
    park(&alice, &blob, &name).accepted();
    dave.push("topic:main").accepted();
}

#[test]
fn a_signature_of_something_else_is_none() {
    let stage = Stage::new(LEADS);
    let (dave, alice) = (stage.person("dave"), stage.person("alice"));
    let mallory = stage.stranger("mallory");
    stage.topic(&dave, "topic");
    let name = approve(&mallory, "origin/topic --for refs/heads/main");
    let said = mallory.push(&name).rejected().by(ids::REF_APPROVAL);
    tells(&said, "nobody's whom this server knows");
    let text = String::from_utf8(blob_of(&mallory, &name)).unwrap();
    let payload = &text[..text.find("-----BEGIN").unwrap()];
    // What alice has signed as a commit, pasted below the text of an approval.
    alice.git("commit -q --allow-empty -S -m signed").ok();
    let commit = alice.ask("cat-file commit HEAD");
    let armour = &commit[commit.find("-----BEGIN").unwrap()..commit.find("\n\n").unwrap()];
    let pasted = format!("{payload}{}\n", armour.replace("\n ", "\n"));
    let named = name_of(&dave, pasted.as_bytes(), &name);
    let said = park(&dave, pasted.as_bytes(), &named)
        .rejected()
        .by(ids::REF_APPROVAL);
    tells(&said, "was made for \"git\"");
    // The text of an approval that she signed as a file, for herself.
    fs::write(alice.dir.join("words"), payload).unwrap();
    let key = alice.ask("config user.signingKey");
    alice
        .shell(&format!("ssh-keygen -q -Y sign -n file -f {key} words"))
        .ok();
    let armour = fs::read_to_string(alice.dir.join("words.sig")).unwrap();
    let pasted = format!("{payload}{armour}");
    let named = name_of(&dave, pasted.as_bytes(), &name);
    let said = park(&dave, pasted.as_bytes(), &named)
        .rejected()
        .by(ids::REF_APPROVAL);
    tells(&said, "was made for \"file\"");
    unapproved(&dave, "topic:main");
}

#[test]
fn an_approval_for_another_ref_or_another_change_is_none() {
    let stage = Stage::new(LEADS);
    let (dave, alice) = (stage.person("dave"), stage.person("alice"));
    stage.topic(&dave, "topic");
    let name = approve(&alice, "origin/main..origin/topic --for refs/heads/other");
    alice.push(&name).accepted();
    unapproved(&dave, "topic:main");
    dave.push("topic:other").accepted();
    stage.topic(&dave, "more");
    replace(&dave, "line 3\n", "more\n");
    dave.push("more").accepted();
    approve_topic(&alice, "topic");
    unapproved(&dave, "more:main");
    dave.push("topic:main").accepted();
}

#[test]
fn an_approval_serves_once() {
    let stage = Stage::new(LEADS);
    let (dave, alice) = (stage.person("dave"), stage.person("alice"));
    stage.topic(&dave, "topic");
    approve_topic(&alice, "topic");
    dave.push("topic:main").accepted();
    // It goes out again, and nobody brings it back by what was said of it then.
    alice.git("fetch -q").ok();
    alice.git("reset -q --hard origin/main").ok();
    alice.git("switch -q -c back").ok();
    alice.git("revert --no-edit HEAD").ok();
    alice.push("back").accepted();
    let bob = stage.person("bob");
    approve_topic(&bob, "back");
    alice.push("back:main").accepted();
    dave.git("pull -q origin main").ok();
    dave.git("revert --no-edit HEAD").ok();
    tells(&unapproved(&dave, "HEAD:main"), "came in before");
    dave.push("HEAD:again").accepted();
    approve_topic(&alice, "again");
    dave.push("HEAD:main").accepted();
}

#[test]
fn a_merge_brings_no_history_that_nobody_saw() {
    let stage = Stage::new(LEADS);
    let (dave, alice) = (stage.person("dave"), stage.person("alice"));
    stage.topic(&dave, "topic");
    approve_topic(&alice, "topic");
    dave.git("switch -q -c evil main").ok();
    dave.commit("evil", "nobody saw this\n");
    // The tree is what was approved; what comes along behind it is not.
    let (main, tree) = (stage.base.as_str(), dave.id("topic^{tree}"));
    for parents in [vec!["evil"], vec!["topic", "evil"], vec!["evil", "topic"]] {
        let mut args = vec!["commit-tree", &tree, "-m", "merged", "-p", main];
        args.extend(parents.iter().flat_map(|parent| ["-p", parent]));
        let merge = dave.git_with(&args).ok().text().to_owned();
        tells(
            &unapproved(&dave, &format!("{merge}:main")),
            "not of the commits that come along",
        );
    }
    // Who has looked at that very commit has seen what comes along.
    let args = [
        "commit-tree",
        &tree,
        "-m",
        "x",
        "-p",
        main,
        "-p",
        "evil",
        "-p",
        "topic",
    ];
    let merge = dave.git_with(&args).ok().text().to_owned();
    dave.push(&format!("{merge}:refs/heads/odd")).accepted();
    approve_topic(&alice, "odd");
    dave.push(&format!("{merge}:main")).accepted();
}

#[test]
fn a_key_without_a_name_is_nobodys() {
    let stage = Stage::new("approvals = 2");
    let (dave, alice) = (stage.person("dave"), stage.person("alice"));
    stage.stranger("erin");
    let list = stage.server.dir.join("allowed_signers");
    let key = fs::read_to_string(stage.world.path("key-erin.pub")).unwrap();
    let lines = fs::read_to_string(&list).unwrap();
    fs::write(&list, format!("{lines}*@example.com {key}")).unwrap();
    stage.topic(&dave, "topic");
    let erin = alice.within(".").acting_as("erin");
    let name = approve(&alice, "origin/topic --for refs/heads/main");
    alice.push(&name).accepted();
    let key = stage.world.path("key-erin");
    erin.git_with(&["config", "user.signingKey", key.to_str().unwrap()])
        .ok();
    for reason in ["one", "two"] {
        let args = [
            "approve",
            "origin/topic",
            "--for",
            "refs/heads/main",
            "--reason",
            reason,
        ];
        let said = erin.portcullis_fed(&args, b"").ok();
        erin.push(said.text().rsplit(' ').next().unwrap())
            .accepted();
    }
    tells(
        &unapproved(&dave, "topic:main"),
        "has 1 (alice); not counted: the key",
    );
}

#[test]
fn an_approval_of_a_history_that_the_branch_has_not_is_none() {
    let stage = Stage::new(&format!("{LEADS}\nforce = [\"dave\"]"));
    let (dave, alice) = (stage.person("dave"), stage.person("alice"));
    stage.topic(&dave, "one");
    replace(&dave, "line 2\n", "line two\n");
    dave.push("one").accepted();
    approve_topic(&alice, "one");
    dave.push("one:main").accepted();
    dave.git("fetch -q").ok();
    dave.git("switch -q -c two origin/main").ok();
    replace(&dave, "line 18\n", "two\n");
    dave.push("two").accepted();
    approve_topic(&alice, "two");
    // Main goes back to where it began; the same lines on it were never looked at.
    dave.push(&format!("+{}:main", stage.base)).accepted();
    dave.git(&format!("rebase -q --onto {} origin/one two", stage.base))
        .ok();
    let said = unapproved(&dave, "two:main");
    tells(&said, "on a commit that the ref does not have");
}

#[test]
fn nobody_says_yes_to_their_own() {
    let stage = Stage::new(&format!("{LEADS}\napprovals_by_pusher = true"));
    let alice = stage.person("alice");
    stage.topic(&alice, "topic");
    approve_topic(&alice, "topic");
    tells(&unapproved(&alice, "topic:main"), "alice had a hand in it");
    // Whoever else is written into it, as long as one of the two is hers; in any case of letters.
    let whoever = ["-c", "user.name=x", "-c", "user.email=ALICE@Example.com"];
    let amend = [
        "commit",
        "-q",
        "--amend",
        "--author",
        "bob <bob@example.com>",
        "-m",
        "x",
    ];
    alice.git_with(&[&whoever[..], &amend].concat()).ok();
    tells(&unapproved(&alice, "topic:main"), "alice had a hand in it");
    // What is merged is hers too, and a merge that does more than that is the merger's.
    alice.git("switch -q main").ok();
    let merge = ["merge", "-q", "--no-ff", "-m", "merged", "topic"];
    let bob = ["-c", "user.name=bob", "-c", "user.email=bob@example.com"];
    alice.git_with(&[&bob[..], &merge].concat()).ok();
    tells(&unapproved(&alice, "main"), "alice had a hand in it");
    let dave = stage.person("dave");
    stage.topic(&dave, "other");
    alice.git("reset -q --hard origin/main").ok();
    alice.git("fetch -q").ok();
    alice.git("merge -q --no-ff --no-commit origin/other").ok();
    alice.stage("more", "more\n");
    alice.commit_staged("merged");
    alice.push("main:mine").accepted();
    approve_topic(&alice, "mine");
    tells(&unapproved(&alice, "main"), "alice had a hand in it");
}

#[test]
fn nobody_hides_among_several_authors() {
    let stage = Stage::new(&format!("{LEADS}\napprovals_by_pusher = true"));
    let alice = stage.person("alice");
    let commit = stage.topic(&alice, "topic");
    let (tree, base) = (alice.id("HEAD^{tree}"), &stage.base);
    let (dave, own) = ("Dave <dave@example.com>", "Alice <alice@example.com>");
    let time = "1700000000 +0000";
    for (author, committer) in [
        (
            format!("author {dave} {time}\nauthor {own} {time}"),
            dave.to_owned(),
        ),
        (
            format!("author {own} {time}\nauthor {dave} {time}"),
            dave.to_owned(),
        ),
        (
            format!("author {dave} {time}"),
            format!("{own} <x@example.com>"),
        ),
        (
            format!("author {dave} {time}"),
            format!("x <x@example.com> {own}"),
        ),
    ] {
        let raw = format!(
            "tree {tree}\nparent {base}\n{author}\ncommitter {committer} {time}\n\nchange\n"
        );
        let forged = "hash-object -t commit -w --literally --stdin";
        let forged = alice.ask_fed(forged, raw.as_bytes());
        alice.git(&format!("reset -q --hard {forged}")).ok();
        alice.push("+topic").accepted();
        approve_topic(&alice, "topic");
        tells(&unapproved(&alice, "topic:main"), "alice had a hand in it");
        stage.server.ref_is("refs/heads/main", base);
    }
    assert_ne!(commit, alice.head());
}

#[test]
fn the_pushed_tree_and_the_pushers_own_files_say_nothing() {
    let stage = Stage::new(LEADS);
    let dave = stage.person("dave");
    let key = fs::read_to_string(stage.world.path("key-dave.pub")).unwrap();
    dave.git("switch -q -c topic").ok();
    dave.stage("allowed_signers", format!("alice {key}"));
    dave.stage(".portcullis.toml", "version = 1\n");
    edit(&dave, "mine");
    dave.push("topic").accepted();
    approve_topic(&dave, "topic");
    unapproved(&dave, "topic:main");
}

#[test]
fn nothing_else_is_kept_where_approvals_are() {
    let stage = Stage::new(LEADS);
    let (dave, alice) = (stage.person("dave"), stage.person("alice"));
    let tip = stage.topic(&dave, "topic");
    for name in [
        "refs/portcullis/backup/heads/main",
        "refs/portcullis/x",
        "refs/Portcullis/approvals/x",
    ] {
        dave.push(&format!("topic:{name}"))
            .rejected()
            .by(ids::REF_RESERVED);
        stage.server.lacks_ref(name);
    }
    let name = approve(&alice, "origin/topic --for refs/heads/main");
    stage
        .stranger("nobody")
        .acting_as("")
        .push("main:free")
        .accepted();
    tells(
        &alice
            .acting_as("")
            .push(&name)
            .rejected()
            .by(ids::REF_RESERVED),
        "who pushes is not known",
    );
    alice.push(&name).accepted();
    let blob = alice.id(&name);
    alice
        .push(&format!(":{name}"))
        .rejected()
        .by(ids::REF_RESERVED);
    let other = approve(&alice, "origin/topic --for refs/heads/x");
    alice
        .push(&format!("+{other}:{name}"))
        .rejected()
        .by(ids::REF_RESERVED);
    stage.server.ref_is(&name, &blob);
    // A secret in it is one.
    let token = stage.world.secrets.github();
    let looks = [
        "approve",
        "origin/topic",
        "--for",
        "refs/heads/main",
        "--reason",
        &token,
    ];
    let said = alice.portcullis_fed(&looks, b"").ok();
    let leak = said.text().rsplit(' ').next().unwrap().to_owned();
    alice.push(&leak).rejected().by(ids::GITHUB).without(&token);
    // A server that knows no keys takes none, and one without rules either.
    stage.policy("[identity]\nsource = \"env:PUSHER\"\n");
    let said = alice.push(&other).rejected().by(ids::REF_APPROVAL);
    tells(&said, "knows no such keys");
    dave.push("topic:refs/portcullis/x")
        .rejected()
        .by(ids::REF_RESERVED);
    stage.server.ref_is("refs/heads/topic", &tip);
}

#[test]
fn what_was_put_beside_the_approvals_by_hand_counts_for_nothing() {
    let stage = Stage::new(LEADS);
    let (dave, alice) = (stage.person("dave"), stage.person("alice"));
    stage.topic(&dave, "topic");
    let name = approve(&alice, "origin/topic --for refs/heads/main");
    let text = String::from_utf8(blob_of(&alice, &name)).unwrap();
    let mallory = stage.stranger("mallory");
    let forged = approve(&mallory, "origin/topic --for refs/heads/main");
    let forged = String::from_utf8(blob_of(&mallory, &forged)).unwrap();
    let edited = text.replace("date 2", "date 3");
    for blob in [forged, edited, "x".to_owned()] {
        let named = name_of(&alice, blob.as_bytes(), &name);
        let oid = stage.server.blob(&blob);
        stage.server.git(&format!("update-ref {named} {oid}")).ok();
    }
    stage
        .server
        .git(&format!(
            "update-ref refs/portcullis/approvals/x/y {}",
            stage.base
        ))
        .ok();
    unapproved(&dave, "topic:main");
    // Refs that stand for no commit stand in nobody's way.
    stage.policy(&format!(
        "[identity]\nsource = \"env:PUSHER\"\n{}[commits]\nrefs = [\"refs/**\"]\nforbid = [\"never said\"]\n",
        rule("linear = true").replace("refs/heads/main", "refs/**"),
    ));
    dave.push("topic:main topic:new").accepted();
}

#[test]
fn whoever_pushes_is_no_second_one_under_a_name_made_up_for_the_author() {
    let stage = Stage::new(LEADS);
    let alice = stage.person("alice");
    stage.topic(&alice, "topic");
    let somebody = ["-c", "user.name=x", "-c", "user.email=x@example.org"];
    let amend = ["commit", "-q", "--amend", "--reset-author", "--no-edit"];
    alice.git_with(&[&somebody[..], &amend].concat()).ok();
    alice.push("+topic").accepted();
    approve_topic(&alice, "topic");
    tells(&unapproved(&alice, "topic:main"), "alice pushes it");
}
