//! `push_cert`: the pusher signs what the push does, and that push alone.

use crate::signatures::{KEYS, line};
use crate::world::{Device, Ran, Repo, World, ZERO, flags, ids};
use std::path::PathBuf;
use std::time::{Duration, Instant};

const CERT: &str = "[[protect]]\nrefs = [\"refs/heads/main\"]\npush_cert = true\n";

/// A server that asks for certificates, knows bob, and gives nonces; bob's clone, whose base is there.
fn bob(world: &World, rules: &str) -> (Repo, Repo, String) {
    let key = world.ssh_key("bob");
    let server = world.bare("origin.git");
    server.git("config receive.certNonceSeed of-this-test").ok();
    let clone = world.clone_of(&server, "clone");
    let base = clone.commit("readme.md", "nothing to see\n");
    clone.push("main").accepted();
    let server = server.hook("pre-receive").policy(&format!("{KEYS}{rules}"));
    server.write("signers", line("bob", &key));
    clone.signs_with(&key, "bob@clinic.example");
    clone.git("config commit.gpgSign false").ok();
    (server, clone.acting_as("bob"), base)
}

/// The certificates that the server has been sent, the newest last, stored by a hook of its own.
fn sent(server: &Repo) -> Vec<String> {
    let list = std::fs::read_to_string(server.dir.join("certificates"));
    list.unwrap_or_default()
        .lines()
        .map(str::to_owned)
        .collect()
}

/// Has the server remember what Git tells of each certificate, before the gate sees it.
fn remembers(server: &Repo) {
    let script = "#!/bin/sh\necho \"$GIT_PUSH_CERT $GIT_PUSH_CERT_NONCE_STATUS $GIT_PUSH_CERT_NONCE\" >>certificates\n";
    server.write("hooks/post-receive", script);
    server.shell("chmod +x hooks/post-receive").ok();
}

#[test]
fn a_push_that_its_pusher_signed_comes_in() {
    let world = World::new();
    let (server, bob, base) = bob(&world, CERT);
    let next = bob.commit("a.py", "a = 1\n");
    let said = bob.push("main").rejected().by(ids::REF_PUSH_CERT);
    said.tells("the push has no certificate");
    // Where nothing is asked, none is needed.
    bob.push("main:topic").accepted();
    bob.git("push --signed origin main").accepted();
    server.ref_is("refs/heads/main", &next);
    // Any act is one.
    bob.push("+HEAD^:main").rejected().by(ids::REF_PUSH_CERT);
    bob.git("push --signed origin +HEAD^:main").accepted();
    server.ref_is("refs/heads/main", &base);
    let other = bob.acting_as("ann").git("push --signed origin main");
    let said = other.rejected().by(ids::REF_PUSH_CERT);
    said.tells("is signed by bob, bob@clinic.example, who pushes is ann");
    server.write("signers", "");
    bob.commit("b.py", "b = 1\n");
    let said = bob.git("push --signed origin main").rejected();
    said.by(ids::REF_PUSH_CERT)
        .tells("nobody's whom this server knows");
}

#[test]
fn a_certificate_stands_in_for_the_signature_of_the_tip() {
    let world = World::new();
    let rule = "[[protect]]\nrefs = [\"refs/heads/main\"]\nsigned = \"any\"\n";
    let (server, bob, _) = bob(&world, rule);
    let ann = world.ssh_key("ann");
    server.append("signers", line("ann", &ann).trim());
    let mine = std::fs::read_to_string(bob.dir.join(".git/config")).unwrap();
    bob.signs_with(&ann, "ann@clinic.example");
    bob.commit("a.py", "a = 1\n");
    bob.write(".git/config", mine);
    bob.push("main").rejected().by(ids::REF_SIGNER);
    bob.git("push --signed origin main").accepted();
}

/// What the gate says of a certificate, asked as Git asks it.
fn told(server: &Repo, certificate: &str, line: &str) -> Ran {
    let mut words = certificate.split(' ');
    let mut next = || words.next().unwrap_or_default().to_owned();
    let (oid, status, nonce) = (next(), next(), next());
    server
        .acting_as("bob")
        .with_env("GIT_PUSH_CERT", &oid)
        .with_env("GIT_PUSH_CERT_STATUS", "G")
        .with_env("GIT_PUSH_CERT_NONCE_STATUS", &status)
        .with_env("GIT_PUSH_CERT_NONCE", &nonce)
        .portcullis_fed(&["hook", "pre-receive"], format!("{line}\n").as_bytes())
}

#[test]
fn a_certificate_is_for_one_push_alone() {
    let world = World::new();
    let (server, bob, base) = bob(&world, CERT);
    remembers(&server);
    let next = bob.commit("a.py", "a = 1\n");
    bob.git("push --signed origin main").accepted();
    let certificate = sent(&server).pop().unwrap();
    let (oid, rest) = certificate.split_once(' ').unwrap();
    let nonce = rest.strip_prefix("OK ").unwrap();
    server
        .git(&format!("update-ref refs/heads/main {base}"))
        .ok();
    let right = format!("{base} {next} refs/heads/main");
    told(&server, &certificate, &right).ok();
    let refused = |certificate: &str, line: &str, why: &str| {
        let said = told(&server, certificate, line).exit(1);
        said.by(ids::REF_PUSH_CERT).tells(why);
    };
    let elsewhere = "the push certificate does not say what this push does";
    refused(
        &certificate,
        &format!("{base} {ZERO} refs/heads/main"),
        elsewhere,
    );
    refused(
        &certificate,
        &format!("{next} {base} refs/heads/main"),
        elsewhere,
    );
    refused(
        &certificate,
        &format!("{base} {next} refs/heads/main/x"),
        elsewhere,
    );
    let two = format!("{right}\n{base} {next} refs/heads/other");
    refused(&certificate, &two, elsewhere);
    let another = "was not made for this push";
    for (status, given) in [
        ("BAD", nonce),
        ("MISSING", nonce),
        ("UNSOLICITED", nonce),
        ("", nonce),
        ("OK", ""),
        ("OK", "1-other"),
    ] {
        refused(&format!("{oid} {status} {given}"), &right, another);
    }
    refused(
        &format!("{oid} SLOP {nonce}"),
        &right,
        "was made for an earlier push",
    );
    let text = server
        .git(&format!("cat-file blob {oid}"))
        .ok()
        .stdout
        .clone();
    let stored = |text: &str| {
        let oid = server.ask_fed("hash-object -w --stdin", text.as_bytes());
        format!("{oid} OK {nonce}")
    };
    // Nobody signed that.
    let changed = text.replacen("pusher ", "pusher x", 1);
    refused(&stored(&changed), &right, "its signature is bad");
    let (unsigned, armour) = text.split_once("-----BEGIN").unwrap();
    refused(&stored(unsigned), &right, "it is not signed");
    let twice = format!("{text}-----BEGIN{armour}");
    refused(&stored(&twice), &right, "there is more than one");
    refused(&stored(&format!("{text}more")), &right, "something follows");
    // What is not there decides nothing.
    let absent = format!("{} OK {nonce}", "1".repeat(40));
    told(&server, &absent, &right).exit(3).says("undecided");
}

#[test]
fn update_sees_no_certificate_and_says_so() {
    let world = World::new();
    let (server, bob, base) = bob(&world, CERT);
    server.portcullis("uninstall").whatever();
    let server = server.hook("update");
    bob.commit("a.py", "a = 1\n");
    let said = bob.git("push --signed origin main").rejected();
    said.by(ids::REF_PUSH_CERT)
        .tells("only pre-receive sees the certificate");
    server.ref_is("refs/heads/main", &base);
}

#[test]
fn what_if_says_that_a_certificate_will_be_needed() {
    let world = World::new();
    let (server, bob, base) = bob(&world, CERT);
    let next = bob.commit("a.py", "a = 1\n");
    bob.push("main:topic").accepted();
    let asked = format!("check --update {base} {next} refs/heads/main --as bob");
    server.portcullis(&asked).ok().by(ids::REF_PUSH_CERT);
}

/// Signs what Git asks a program for, with a device that says this of the person.
struct Signing {
    folder: PathBuf,
}

impl Signing {
    /// Has the clone ask for signatures in this folder.
    fn of(clone: &Repo, device: &Device) -> Self {
        let folder = clone.dir.join(".git/signing");
        std::fs::create_dir_all(&folder).unwrap();
        let script = "#!/bin/sh\nfor last; do :; done\ncd \"$(dirname \"$0\")\"\ncp \"$last\" half\nmv half asked\n\
                      while [ ! -e answer ]; do sleep 0.01; done\nmv answer \"$last.sig\"\n";
        clone.write(".git/signing/program", script);
        clone.shell("chmod +x .git/signing/program").ok();
        let program = folder.join("program").to_string_lossy().into_owned();
        clone
            .git_with(&["config", "gpg.ssh.program", &program])
            .ok();
        let key = format!("key::{}", device.public());
        clone.git_with(&["config", "user.signingKey", &key]).ok();
        Self { folder }
    }

    /// Waits for one question and answers it.
    fn once(&self, device: &Device, flags: u8) {
        let asked = self.folder.join("asked");
        let began = Instant::now();
        while !asked.exists() {
            assert!(began.elapsed() < Duration::from_secs(20), "nobody asked");
            std::thread::sleep(Duration::from_millis(5));
        }
        let payload = std::fs::read(&asked).unwrap();
        std::fs::remove_file(&asked).unwrap();
        std::fs::write(
            self.folder.join("half-answer"),
            device.sign(&payload, flags),
        )
        .unwrap();
        std::fs::rename(self.folder.join("half-answer"), self.folder.join("answer")).unwrap();
    }
}

#[test]
fn a_touched_device_is_the_second_factor_of_a_push() {
    let world = World::new();
    let rule = "[[protect]]\nrefs = [\"refs/heads/main\"]\npush_cert = true\nsigned = \"fido2-verified\"\n";
    let (server, bob, base) = bob(&world, rule);
    let device = Device::new(4);
    server.write(
        "signers",
        format!("bob,bob@clinic.example {}\n", device.public()),
    );
    bob.commit("a.py", "a = 1\n");
    let payload = bob.head_unsigned();
    let signed = bob.head_signed(&device.sign(payload.as_bytes(), flags::VERIFIED));
    let said = bob.push("main").rejected().by(ids::REF_PUSH_CERT);
    said.not_by(ids::REF_SIGNED);
    let signing = Signing::of(&bob, &device);
    let push = |flags: u8| {
        std::thread::scope(|scope| {
            scope.spawn(|| signing.once(&device, flags));
            bob.git("push --signed origin main")
        })
    };
    let said = push(flags::TOUCHED).rejected().by(ids::REF_PUSH_CERT);
    said.tells("the push certificate: the FIDO2 device did not verify who touched it");
    server.ref_is("refs/heads/main", &base);
    push(flags::VERIFIED).accepted();
    server.ref_is("refs/heads/main", &signed);
}
