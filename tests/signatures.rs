//! `signed`: what comes in is signed by who committed it, with keys that the server knows.

use crate::protect::WHO;
use crate::world::{Ran, Repo, SshKey, World, ids};

/// `[identity]` of a server that knows SSH keys.
pub(crate) const KEYS: &str =
    "[identity]\nsource = \"env:PUSHER\"\nallowed_signers = \"signers\"\n";

/// A server where main is signed so, with these lines in its list of signers, and a clone with a first
/// commit that nobody signed.
pub(crate) fn signed_server(world: &World, level: &str, signers: &str) -> (Repo, Repo, String) {
    let server = world.bare("origin.git");
    let clone = world.clone_of(&server, "clone");
    let base = clone.commit("readme.md", "nothing to see\n");
    clone.push("main").accepted();
    let rule = format!(
        "[[protect]]\nrefs = [\"refs/heads/main\", \"refs/tags/**\"]\nsigned = \"{level}\"\n"
    );
    let server = server.hook("pre-receive").policy(&format!("{KEYS}{rule}"));
    server.write("signers", signers);
    (server, clone, base)
}

/// The line of an account with its address.
pub(crate) fn line(name: &str, key: &SshKey) -> String {
    format!("{name},{name}@clinic.example {}\n", key.public)
}

/// A server that knows bob, and bob's clone, which signs all it makes.
pub(crate) fn bob(world: &World, level: &str) -> (Repo, Repo, String, SshKey) {
    let key = world.ssh_key("bob");
    let (server, clone, base) = signed_server(world, level, &line("bob", &key));
    clone.signs_with(&key, "bob@clinic.example");
    (server, clone.acting_as("bob"), base, key)
}

#[test]
fn what_its_committer_signed_comes_in_and_nothing_else() {
    let world = World::new();
    let (server, bob, base, _) = bob(&world, "any");
    let signed = bob.commit("a.py", "a = 1\n");
    bob.push("main").accepted();
    server.ref_is("refs/heads/main", &signed);
    bob.signs_nothing("bob@clinic.example");
    let bare = bob.commit("b.py", "b = 1\n");
    let said = bob.push("main").rejected().by(ids::REF_SIGNED);
    said.tells("it is not signed")
        .says(&bare[..10])
        .says(&format!("--rebase-merges {}^", &bare[..10]))
        .lacks(&base[..10]);
    server
        .ref_is("refs/heads/main", &signed)
        .lacks_object(&bare);
    // Nothing is asked of another ref.
    bob.push("main:topic").accepted();
    // And what came in there is new to this one all the same.
    bob.push("main").rejected().by(ids::REF_SIGNED);
}

#[test]
fn each_commit_is_looked_at_and_merges_too() {
    let world = World::new();
    let (_server, bob, _, key) = bob(&world, "any");
    bob.signs_nothing("bob@clinic.example");
    let middle = bob.commit("a.py", "a = 1\n");
    bob.signs_with(&key, "bob@clinic.example");
    bob.commit("b.py", "b = 1\n");
    let said = bob.push("main").rejected().by(ids::REF_SIGNED);
    said.says(&middle[..10]);
    bob.git("reset -q --hard origin/main").ok();
    bob.git("switch -q -c topic").ok();
    bob.commit("c.py", "c = 1\n");
    bob.git("switch -q main").ok();
    bob.git("merge -q --no-ff --no-gpg-sign -m merge topic")
        .ok();
    let said = bob.push("main").rejected().by(ids::REF_SIGNED);
    said.says(&bob.head()[..10]);
    bob.git("commit -q --amend --no-edit -S").ok();
    bob.push("main").accepted();
}

#[test]
fn a_key_that_the_server_does_not_know_is_nobody_s() {
    let world = World::new();
    let (_server, bob, _, _) = bob(&world, "any");
    let other = world.ssh_key("other");
    bob.signs_with(&other, "bob@clinic.example");
    bob.commit("a.py", "a = 1\n");
    let said = bob.push("main").rejected().by(ids::REF_SIGNED);
    said.tells("which is nobody's whom this server knows");
    // What the pusher believes does not count.
    bob.write("trusted", line("bob", &other));
    let file = bob.dir.join("trusted");
    bob.git_with(&[
        "config",
        "gpg.ssh.allowedSignersFile",
        file.to_str().unwrap(),
    ])
    .ok();
    bob.push("main").rejected().by(ids::REF_SIGNED);
}

#[test]
fn a_key_is_valid_as_of_the_push() {
    let world = World::new();
    let (server, bob, _, key) = bob(&world, "any");
    // The clock of this world stands in 2023, when the first of these keys was still valid.
    let commit = bob.commit("a.py", "a = 1\n");
    for (options, said) in [
        ("valid-before=\"20240101\"", "has expired"),
        ("valid-after=\"20990101\"", "is not valid yet"),
        ("namespaces=\"file\"", "may not sign this"),
        ("cert-authority", "nobody's whom this server knows"),
    ] {
        let text = format!("bob,bob@clinic.example {options} {}\n", key.public);
        server.write("signers", &text);
        let told = bob.push("main").rejected().by(ids::REF_SIGNED);
        told.tells(said);
    }
    let text = format!(
        "bob,bob@clinic.example namespaces=\"git\",valid-after=\"20200101\" {}\n",
        key.public
    );
    server.write("signers", &text);
    server.write("revoked", format!("{}\n", key.public));
    let rule =
        "revoked_keys = \"revoked\"\n[[protect]]\nrefs = [\"refs/heads/main\"]\nsigned = \"ssh\"\n";
    let server = server.policy(&format!("{KEYS}{rule}"));
    let told = bob.push("main").rejected().by(ids::REF_SIGNED);
    told.tells("has been revoked");
    server.write("revoked", "");
    bob.push("main").accepted();
    server.ref_is("refs/heads/main", &commit);
}

#[test]
fn who_signs_is_who_committed() {
    let world = World::new();
    let (server, bob, _, key) = bob(&world, "any");
    let eve = world.ssh_key("eve");
    server.write("signers", line("bob", &key) + &line("eve", &eve));
    bob.signs_with(&key, "eve@clinic.example");
    bob.commit("a.py", "a = 1\n");
    let said = bob.push("main").rejected().by(ids::REF_SIGNER);
    said.tells("is signed by bob, bob@clinic.example, its committer is Robin <eve@clinic.example>");
    bob.signs_with(&key, "Bob@Clinic.Example");
    bob.git("commit -q --amend --no-edit --reset-author").ok();
    bob.push("main").accepted();
    // A pattern speaks for addresses.
    let lines = format!("bob,!eve@clinic.example,*@clinic.example {}\n", key.public);
    server.write("signers", lines);
    bob.signs_with(&key, "robert@clinic.example");
    bob.commit("b.py", "b = 1\n");
    bob.push("main").accepted();
    bob.signs_with(&key, "eve@clinic.example");
    bob.commit("c.py", "c = 1\n");
    bob.push("main").rejected().by(ids::REF_SIGNER);
}

#[test]
fn others_commits_may_be_pushed_below_one_s_own() {
    let world = World::new();
    let (server, bob, _, key) = bob(&world, "any");
    let ann = world.ssh_key("ann");
    server.write("signers", line("bob", &key) + &line("ann", &ann));
    bob.signs_with(&ann, "ann@clinic.example");
    bob.commit("a.py", "a = 1\n");
    let said = bob.push("main").rejected().by(ids::REF_SIGNER);
    said.tells("is signed by ann, ann@clinic.example, who pushes is bob");
    bob.signs_with(&key, "bob@clinic.example");
    bob.git("commit -q --allow-empty -m on-top").ok();
    bob.push("main").accepted();
    // A branch from what is there already brings nothing that could be signed.
    let rule = "[[protect]]\nrefs = [\"refs/heads/**\"]\nsigned = \"any\"\n";
    let server = server.policy(&format!("{KEYS}{rule}"));
    bob.acting_as("ann").push("main:release").accepted();
    server.ref_is("refs/heads/release", &bob.head());
}

#[test]
fn a_tag_is_signed_by_itself() {
    let world = World::new();
    let (server, bob, base, key) = bob(&world, "any");
    bob.git("tag light").ok();
    let said = bob.push("light").rejected().by(ids::REF_SIGNED);
    let anew = format!("git tag -f -s light {}", &base[..10]);
    said.tells("the tag is lightweight").says(&anew);
    bob.git("tag -a -m words plain").ok();
    let said = bob.push("plain").rejected().by(ids::REF_SIGNED);
    said.tells("the tag: it is not signed")
        .says(&format!("git tag -f -s plain {}", &base[..10]));
    bob.git("tag -s -m words v1").ok();
    bob.push("v1").accepted();
    server.ref_is("refs/tags/v1^{commit}", &base);
    // Under another name it would be a promise that nobody made.
    let tag = bob.id("v1");
    let said = bob.push(&format!("{tag}:refs/tags/v2")).rejected();
    said.by(ids::REF_SIGNED).tells("the tag was signed as v1");
    bob.signs_with(&world.ssh_key("other"), "bob@clinic.example");
    bob.git("tag -s -m words v3").ok();
    bob.push("v3").rejected().by(ids::REF_SIGNED);
    bob.signs_with(&key, "eve@clinic.example");
    bob.git("tag -s -m words v4").ok();
    bob.push("v4").rejected().by(ids::REF_SIGNER);
    bob.signs_with(&key, "bob@clinic.example");
    bob.git("tag -s -m words v5").ok();
    bob.acting_as("ann")
        .push("v5")
        .rejected()
        .by(ids::REF_SIGNER);
}

#[test]
fn a_merge_holds_the_tag_that_it_merges_and_is_signed_with_it() {
    let world = World::new();
    let (server, bob, _, key) = bob(&world, "any");
    bob.git("switch -q -c topic").ok();
    bob.commit("a.py", "a = 1\n");
    bob.git("tag -s -m words v1").ok();
    bob.git("switch -q main").ok();
    // Its header holds a signature, which is not that of the commit.
    bob.signs_nothing("bob@clinic.example");
    bob.git("merge -q --no-ff -m merge v1").ok();
    let raw = bob.git("cat-file commit HEAD").ok().stdout.clone();
    assert!(raw.contains("\nmergetag object ") && raw.contains("BEGIN SSH SIGNATURE"));
    bob.push("main").rejected().by(ids::REF_SIGNED);
    bob.signs_with(&key, "bob@clinic.example");
    bob.git("commit -q --amend --no-edit").ok();
    bob.push("main").accepted();
    bob.git("config i18n.commitEncoding ISO-8859-1").ok();
    let encoded = bob.commit("b.py", "b = 1\n");
    bob.push("main").accepted();
    server.ref_is("refs/heads/main", &encoded);
}

#[test]
fn objects_of_sha256_have_a_header_of_their_own() {
    let world = World::new();
    let options = ["--bare", "--object-format=sha256"];
    let Some(server) = world.try_init("origin.git", &options) else {
        return;
    };
    let rule = "[[protect]]\nrefs = [\"refs/heads/main\"]\nsigned = \"any\"\n";
    let server = server.hook("pre-receive").policy(&format!("{KEYS}{rule}"));
    let clone = world.init("clone", &["--object-format=sha256"]);
    let origin = format!("file://{}", server.dir.display());
    clone.git_with(&["remote", "add", "origin", &origin]).ok();
    let key = world.ssh_key("bob");
    server.write("signers", line("bob", &key));
    let bob = clone.acting_as("bob");
    bob.signs_nothing("bob@clinic.example");
    bob.commit("a.py", "a = 1\n");
    bob.push("main").rejected().by(ids::REF_SIGNED);
    bob.signs_with(&key, "bob@clinic.example");
    bob.git("commit -q --amend --no-edit").ok();
    bob.push("main").accepted();
    server.ref_is("refs/heads/main", &bob.head());
}

#[test]
fn keys_that_cannot_be_read_decide_nothing() {
    let world = World::new();
    let (server, bob, base, _) = bob(&world, "any");
    bob.commit("a.py", "a = 1\n");
    std::fs::remove_file(server.dir.join("signers")).unwrap();
    let said = bob.push("main").rejected().tells("undecided");
    said.tells("signers").not_by(ids::REF_SIGNED);
    std::fs::create_dir(server.dir.join("signers")).unwrap();
    let said = bob.push("main").rejected().tells("undecided");
    said.tells("no regular file");
    server.ref_is("refs/heads/main", &base);
}

/// What a server says whose `ssh-keygen` is this script.
fn with_program(server: &Repo, script: &str, asked: &str) -> Ran {
    server.write("bin/ssh-keygen", format!("#!/bin/sh\n{script}\n"));
    server.shell("chmod +x bin/ssh-keygen").ok();
    let path = format!("{}:/usr/bin:/bin", server.dir.join("bin").display());
    server.with_env("PATH", &path).portcullis(asked)
}

#[test]
fn a_program_that_fails_or_lies_decides_nothing_and_accepts_nothing() {
    let world = World::new();
    let (server, bob, base, _) = bob(&world, "any");
    let next = bob.commit("a.py", "a = 1\n");
    bob.push("main:topic").accepted();
    let asked = format!("check --update {base} {next} refs/heads/main --as bob");
    let good = "Good \\\"git\\\" signature for bob with ED25519 key SHA256:AAAA";
    for (script, code) in [
        ("exec /usr/bin/ssh-keygen \"$@\"".to_owned(), 0),
        ("exit 0".to_owned(), 1),
        ("exit 1".to_owned(), 1),
        (format!("echo \"{good}\""), 1),
        ("kill -9 $$".to_owned(), 3),
    ] {
        with_program(&server, &script, &asked).exit(code);
    }
    let said = with_program(&server, "#", &asked).exit(1);
    said.by(ids::REF_SIGNED);
    // None at all.
    let empty = world.plain_dir("empty");
    let git = empty.shell("command -v git").ok().text().to_owned();
    empty.shell(&format!("ln -s '{git}' git")).ok();
    let path = empty.dir.to_string_lossy().into_owned();
    let said = server.with_env("PATH", &path).portcullis(&asked).exit(3);
    said.tells("ssh-keygen could not be run")
        .tells("is OpenSSH installed?");
}

#[test]
fn the_deadline_holds_between_two_signatures() {
    let world = World::new();
    let (server, bob, base, _) = bob(&world, "any");
    for number in 0..12 {
        bob.git(&format!("commit -q --allow-empty -m {number}"))
            .ok();
    }
    let next = bob.head();
    bob.push("main:topic").accepted();
    let rule = "[server]\ndeadline = \"700ms\"\n[[protect]]\nrefs = [\"refs/heads/main\"]\nsigned = \"any\"\n";
    let server = server.policy(&format!("{KEYS}{rule}"));
    let asked = format!("check --update {base} {next} refs/heads/main --as bob");
    let slow = "echo x >>runs; sleep 0.6; exec /usr/bin/ssh-keygen \"$@\"";
    with_program(&server, slow, &asked).exit(3).says("deadline");
    let runs = std::fs::read_to_string(server.dir.join("runs")).unwrap();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    assert!(runs.lines().count() <= 2 * cores, "{runs}");
}

#[test]
fn a_policy_without_keys_does_not_ask_for_signatures() {
    let world = World::new();
    let (server, bob, _, _) = bob(&world, "any");
    let rule = "[[protect]]\nrefs = [\"refs/heads/main\"]\nsigned = \"any\"\n";
    let server = server.policy(&format!("{WHO}{rule}"));
    bob.commit("a.py", "a = 1\n");
    let said = bob.push("main").rejected();
    said.tells("portcullis.toml:9: \"protect.signed\": needs identity.allowed_signers");
    server.portcullis("check --range HEAD").exit(2);
}

#[test]
fn what_if_judges_signatures_as_the_push_would() {
    let world = World::new();
    let (server, bob, base, _) = bob(&world, "any");
    let good = bob.commit("a.py", "a = 1\n");
    bob.signs_nothing("bob@clinic.example");
    let bad = bob.commit("b.py", "b = 1\n");
    bob.push("main:topic").accepted();
    let check = |new: &str, user: &str| {
        server.portcullis(&format!(
            "check --update {base} {new} refs/heads/main --as {user}"
        ))
    };
    check(&good, "bob").ok();
    check(&good, "ann").exit(1).by(ids::REF_SIGNER);
    check(&bad, "bob").exit(1).by(ids::REF_SIGNED);
    let range = format!("check --range {base}..{bad} --ref refs/heads/main --as bob");
    server.portcullis(&range).exit(1).by(ids::REF_SIGNED);
}

#[test]
fn the_client_warns_of_what_is_not_signed() {
    let world = World::new();
    let (_server, bob, _, _) = bob(&world, "any");
    bob.config("[[protect]]\nrefs = [\"refs/heads/main\"]\nsigned = \"ssh\"\n");
    bob.install();
    bob.signs_nothing("bob@clinic.example");
    let first = bob.commit("a.py", "a = 1\n");
    bob.commit("b.py", "b = 1\n");
    let said = bob.push("main").rejected();
    let said = said.tells(&format!(
        "2 commits, {} the first: it is not signed",
        &first[..10]
    ));
    drop(said);
    bob.git("rebase -q --root -S").ok();
    bob.push("+main:topic").accepted().not_by(ids::REF_SIGNED);
}

/// A rebase by who merges would make the commit theirs, and be refused for that.
#[test]
fn who_merges_what_another_has_not_signed_is_told_whom_to_ask() {
    let world = World::new();
    let keys = [world.ssh_key("bob"), world.ssh_key("alice")];
    let signers = format!("{}{}", line("bob", &keys[0]), line("alice", &keys[1]));
    let (server, bob, base) = signed_server(&world, "any", &signers);
    bob.signs_nothing("bob@clinic.example");
    let bob = bob.acting_as("bob");
    let bare = bob.commit("b.py", "b = 1\n");
    bob.push("main:topic").accepted();
    let alice = world.clone_of(&server, "hers").acting_as("alice");
    alice.signs_with(&keys[1], "alice@clinic.example");
    alice.git("merge -q --no-ff -m merged origin/topic").ok();
    let said = alice.push("main").rejected().by(ids::REF_SIGNED);
    said.tells("<bob@clinic.example>, who committed it, to sign it anew on the topic")
        .tells(&format!("--rebase-merges {}^)", &bare[..10]))
        .lacks("$ git rebase")
        .lacks(&format!("commit {}: it is", &bare[..10]));
    server.ref_is("refs/heads/main", &base);
    // Bob himself is given the commands.
    let said = bob.push("main").rejected().by(ids::REF_SIGNED);
    said.says("git config commit.gpgSign true")
        .lacks("who committed it");
}
