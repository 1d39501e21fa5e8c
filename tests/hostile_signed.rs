//! Signatures that were moved, doubled, forged or believed from the wrong place.

use crate::signatures::{bob, line};
use crate::world::{World, ids, with_signature};

#[test]
fn a_signature_of_something_else_signs_nothing() {
    let world = World::new();
    let (server, bob, base, key) = bob(&world, "any");
    bob.commit("a.py", "a = 1\n");
    let first = bob.head_unsigned();
    let good = bob.signature(&key, "git", first.as_bytes());
    let refused = |said: &str| {
        let told = bob.push("main").rejected().by(ids::REF_SIGNED);
        told.tells(said);
        server.ref_is("refs/heads/main", &base);
    };
    // That of another commit.
    bob.put_head(&with_signature(&first.replace("change", "break"), &good));
    refused("its signature is bad");
    // Made for something else than Git, or for us.
    for purpose in ["file", "portcullis", "gi", "git "] {
        let purpose = format!("'{purpose}'");
        let other = bob.signature(&key, &purpose, first.as_bytes());
        bob.put_head(&with_signature(&first, &other));
        refused("and stands for nothing else");
    }
    // The good one, and another beside, above or below it.
    let junk = "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----";
    for text in [
        format!("{good}{junk}"),
        format!("{junk}\n{good}"),
        format!("{good}words"),
        format!("words\n{good}"),
        good.replace("-----END SSH SIGNATURE-----", ""),
    ] {
        bob.put_head(&with_signature(&first, &text));
        refused("its signature is malformed");
    }
    bob.put_head(&with_signature(&first, &good.replace(" SSH ", " PGP ")));
    refused("this server knows no such keys");
    let twice = with_signature(&with_signature(&first, &good), &good);
    bob.put_head(&twice);
    refused("there is more than one");
    // Words that look like one.
    bob.put_head(&format!("{first}\n{good}"));
    refused("it is not signed");
    bob.put_head(&with_signature(&first, &good).replace("gpgsig ", "gpgsig-sha256 "));
    refused("it is not signed");
    bob.put_head(&with_signature(&first, &good));
    bob.push("main").accepted();
}

#[test]
fn an_x_509_signature_is_known_for_what_it_is_and_signs_nothing() {
    let world = World::new();
    let (server, bob, base, _) = bob(&world, "any");
    bob.commit("a.py", "a = 1\n");
    let body = world.secrets.noise(300);
    let cms = format!("-----BEGIN SIGNED MESSAGE-----\n{body}\n-----END SIGNED MESSAGE-----\n");
    bob.put_head(&with_signature(&bob.head_unsigned(), &cms));
    let told = bob.push("main").rejected().by(ids::REF_SIGNED);
    told.tells("X.509");
    server.ref_is("refs/heads/main", &base);
}

#[test]
fn a_header_moved_up_does_not_cut_off_the_parents() {
    let world = World::new();
    let (server, bob, base, _) = bob(&world, "any");
    bob.commit("a.py", "a = 1\n");
    let raw = bob.git("cat-file commit HEAD").ok().stdout.clone();
    let at = raw.find("gpgsig ").unwrap();
    let end = raw.find("\n\n").unwrap() + 1;
    let parent = raw.find("parent ").unwrap();
    let moved = [&raw[..parent], &raw[at..end], &raw[parent..at], &raw[end..]].concat();
    let root = bob.put_head(&moved);
    // To Git it is a commit without parents, and its signature is good.
    assert_eq!(bob.ask("rev-list --count HEAD"), "1", "{root}");
    bob.push("main:topic").accepted();
    let said = bob.push("+main").rejected().by(ids::REF_SIGNED);
    said.tells("it stands above the committer");
    server.ref_is("refs/heads/main", &base);
}

#[test]
fn another_name_for_a_ref_asks_for_the_same() {
    let world = World::new();
    let (server, bob, base, _) = bob(&world, "any");
    server
        .git("symbolic-ref refs/heads/alias refs/heads/main")
        .ok();
    bob.commit("a.py", "a = 1\n");
    bob.acting_as("ann")
        .push("main:alias")
        .rejected()
        .by(ids::REF_SIGNER);
    bob.signs_nothing("bob@clinic.example");
    bob.commit("b.py", "b = 1\n");
    bob.push("main:alias").rejected().by(ids::REF_SIGNED);
    server.ref_is("refs/heads/main", &base);
}

#[test]
fn two_addresses_are_none() {
    let world = World::new();
    let (_server, bob, _, key) = bob(&world, "any");
    bob.commit("a.py", "a = 1\n");
    let plain = bob.head_unsigned();
    let committer = "committer Robin <bob@clinic.example>";
    for other in [
        "committer Eve <eve@clinic.example> <bob@clinic.example>",
        "committer Eve <eve@clinic.example>\ncommitter Robin <bob@clinic.example>",
        // Git shows the last one.
        "committer Robin <bob@clinic.example>\ncommitter Eve <eve@clinic.example>",
        "committer Robin <bob@clinic.example.evil>",
        "committer Robin <>",
        "committer Robin <bob>",
    ] {
        let raw = plain.replace(committer, other);
        assert_ne!(raw, plain);
        let signature = bob.signature(&key, "git", raw.as_bytes());
        bob.put_head(&with_signature(&raw, &signature));
        bob.push("main").rejected().by(ids::REF_SIGNER);
    }
}

#[test]
fn the_pushed_tree_brings_no_keys() {
    let world = World::new();
    let (server, bob, base, _) = bob(&world, "any");
    let other = world.ssh_key("other");
    bob.signs_with(&other, "bob@clinic.example");
    for name in [
        "signers",
        "allowed_signers",
        ".portcullis.toml",
        "portcullis.toml",
    ] {
        bob.stage(name, line("bob", &other));
    }
    bob.commit_staged("keys of our own");
    bob.push("main").rejected().by(ids::REF_SIGNED);
    server.ref_is("refs/heads/main", &base);
}

#[test]
fn a_certificate_of_the_environment_proves_nothing() {
    let world = World::new();
    let (server, bob, base, _) = bob(&world, "any");
    server.git("config receive.certNonceSeed of-this-test").ok();
    let script = "#!/bin/sh\necho \"$GIT_PUSH_CERT $GIT_PUSH_CERT_NONCE\" >>certificates\n";
    server.write("hooks/post-receive", script);
    server.shell("chmod +x hooks/post-receive").ok();
    bob.commit("a.py", "a = 1\n");
    bob.git("push --signed origin main:topic").accepted();
    let told = std::fs::read_to_string(server.dir.join("certificates")).unwrap();
    let (certificate, nonce) = told.trim().split_once(' ').unwrap();
    let ann = world.ssh_key("ann");
    server.append("signers", line("ann", &ann).trim());
    bob.signs_with(&ann, "ann@clinic.example");
    bob.commit("b.py", "b = 1\n");
    // Whoever reaches the environment of the server has no signature for this push all the same.
    let forged = bob
        .with_env("GIT_PUSH_CERT", certificate)
        .with_env("GIT_PUSH_CERT_STATUS", "G")
        .with_env("GIT_PUSH_CERT_SIGNER", "bob")
        .with_env("GIT_PUSH_CERT_NONCE_STATUS", "OK")
        .with_env("GIT_PUSH_CERT_NONCE", nonce);
    forged.push("main").rejected().by(ids::REF_SIGNER);
    server.ref_is("refs/heads/main", &base);
}

#[test]
fn a_tag_with_a_second_signature_or_words_below_is_not_signed() {
    let world = World::new();
    let (_server, bob, _, key) = bob(&world, "any");
    bob.git("tag -s -m words v1").ok();
    let raw = bob.git("cat-file tag v1").ok().stdout.clone();
    let (plain, _) = raw.split_once("-----BEGIN").unwrap();
    let v2 = plain.replace("tag v1", "tag v2");
    let good = bob.signature(&key, "git", v2.as_bytes());
    let first = bob.signature(&key, "git", b"words\n");
    let quoted = format!("{v2}{first}");
    let both = bob.signature(&key, "git", quoted.as_bytes());
    for (text, said) in [
        (format!("{v2}{good}words\n"), "its signature is malformed"),
        (format!("{v2}{good}{good}"), "there is more than one"),
        (format!("{quoted}{both}"), "there is more than one"),
        (format!("{v2}{first}"), "its signature is bad"),
        (v2.clone(), "it is not signed"),
    ] {
        let tag = bob.ask_fed("hash-object -t tag -w --literally --stdin", text.as_bytes());
        let told = bob.push(&format!("{tag}:refs/tags/v2")).rejected();
        told.by(ids::REF_SIGNED).tells(said);
    }
    let tag = bob.ask_fed(
        "hash-object -t tag -w --stdin",
        format!("{v2}{good}").as_bytes(),
    );
    bob.push(&format!("{tag}:refs/tags/v2")).accepted();
}
