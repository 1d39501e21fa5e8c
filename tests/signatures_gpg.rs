//! OpenPGP signatures: with a ring of the server's own, as of the push.

use crate::signatures::signed_server;
use crate::world::{Repo, World, ids};
use std::path::{Path, PathBuf};

/// A folder of GnuPG's with a short name, since the name of its agent's socket has a limit. The agent
/// ends with it.
pub(crate) struct Home {
    dir: tempfile::TempDir,
}

impl Home {
    pub(crate) fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("gpg").tempdir_in("/tmp");
        Self { dir: dir.unwrap() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Makes a key and gives its fingerprint; `options` may set the time.
    pub(crate) fn key(&self, repo: &Repo, user: &str, expires: &str, options: &str) -> String {
        let home = self.path().display();
        let script = format!(
            "gpg --homedir '{home}' --batch --yes {options} --passphrase '' --status-fd 1 \
             --quick-gen-key '{user}' ed25519 sign {expires} 2>/dev/null"
        );
        let said = repo.shell(&script).ok();
        let created = said
            .stdout
            .lines()
            .find(|line| line.contains("KEY_CREATED"));
        created.unwrap().rsplit(' ').next().unwrap().to_owned()
    }

    fn run(&self, repo: &Repo, args: &str) -> String {
        let home = self.path().display();
        let script = format!("gpg --homedir '{home}' --batch --yes --quiet {args}");
        repo.shell(&script).ok().stdout.clone()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let mut end = std::process::Command::new("gpgconf");
        end.arg("--homedir")
            .arg(self.path())
            .args(["--kill", "all"]);
        let _ = end.output();
    }
}

/// A server that knows the keys in `home`, and bob's clone that signs with this one.
fn bob(world: &World, home: &Home, key: &str) -> (Repo, Repo) {
    let (server, clone, _) = signed_server(world, "any", "");
    let rule = "[[protect]]\nrefs = [\"refs/heads/main\", \"refs/tags/**\"]\nsigned = \"any\"\n";
    let ring = server.dir.join("ring");
    copy(home, &ring);
    let server = server.policy(&format!(
        "[identity]\nsource = \"env:PUSHER\"\ngpg_home = \"ring\"\n\
         [identity.gpg_keys]\nbob = [\"{key}\"]\n{rule}"
    ));
    for (name, value) in [
        ("user.email", "bob@clinic.example"),
        ("gpg.format", "openpgp"),
        ("user.signingKey", key),
        ("commit.gpgSign", "true"),
    ] {
        clone.git_with(&["config", name, value]).ok();
    }
    let home = home.path().to_string_lossy().into_owned();
    let clone = clone.acting_as("bob").with_env("GNUPGHOME", &home);
    (server, clone)
}

/// Only the public keys go to the server.
pub(crate) fn copy(home: &Home, ring: &PathBuf) {
    std::fs::create_dir_all(ring).unwrap();
    std::fs::copy(home.path().join("pubring.kbx"), ring.join("pubring.kbx")).unwrap();
}

#[test]
fn a_key_of_the_server_s_ring_signs_for_its_addresses() {
    let world = World::new();
    let home = Home::new();
    let here = world.plain_dir("here");
    let key = home.key(&here, "Bob <bob@clinic.example>", "never", "");
    let other = home.key(&here, "Eve <eve@clinic.example>", "never", "");
    let (server, bob) = bob(&world, &home, &key);
    let before = server.within("ring").snapshot();
    bob.commit("a.py", "a = 1\n");
    bob.push("main").accepted();
    bob.git("tag -s -m words v1").ok();
    bob.push("v1").accepted();
    // Eve's key is known too, but is not that of bob's address.
    bob.git(&format!("config user.signingKey {other}")).ok();
    bob.commit("b.py", "b = 1\n");
    bob.push("main").rejected().by(ids::REF_SIGNER);
    // Eve's own commit is not that of the pusher, who is bob.
    bob.git("config user.email eve@clinic.example").ok();
    bob.git("commit -q --amend --no-edit --reset-author").ok();
    let said = bob.push("main").rejected().by(ids::REF_SIGNER);
    said.tells("is signed by eve@clinic.example, who pushes is bob");
    bob.git("reset -q --hard origin/main").ok();
    let payload = bob.head_unsigned();
    // Of other bytes.
    let raw = bob.git("cat-file commit HEAD").ok().stdout.clone();
    assert!(payload.len() < raw.len());
    bob.put_head(&raw.replace("change something", "change nothing"));
    let said = bob.push("+main").rejected().by(ids::REF_SIGNED);
    said.tells("its signature is bad");
    assert_eq!(
        before,
        server.within("ring").snapshot(),
        "the ring is only read"
    );
}

#[test]
fn an_openpgp_key_is_valid_as_of_the_push() {
    let world = World::new();
    let home = Home::new();
    let here = world.plain_dir("here");
    // Made, and signing, at a time when it had not expired yet.
    let then = "--faked-system-time 20200101T000000";
    let old = home.key(&here, "Bob <bob@clinic.example>", "1y", then);
    let gone = home.key(&here, "Bob <bob@clinic.example>", "never", "");
    let (server, bob) = bob(&world, &home, &old);
    let clock = bob.dir.join("gpg-then");
    bob.write("gpg-then", format!("#!/bin/sh\nexec gpg {then} \"$@\"\n"));
    bob.shell("chmod +x gpg-then").ok();
    bob.git_with(&["config", "gpg.program", clock.to_str().unwrap()])
        .ok();
    bob.commit("a.py", "a = 1\n");
    let said = bob.push("main").rejected().by(ids::REF_SIGNED);
    said.tells("has expired");
    bob.git("config --unset gpg.program").ok();
    bob.git(&format!("config user.signingKey {gone}")).ok();
    bob.git("commit -q --amend --no-edit").ok();
    bob.push("main:topic").accepted();
    let revocation = home.path().join(format!("openpgp-revocs.d/{gone}.rev"));
    let text = std::fs::read_to_string(revocation).unwrap();
    let text = text.replace(":-----BEGIN", "-----BEGIN");
    std::fs::write(home.path().join("revoke"), text).unwrap();
    let file = home.path().join("revoke");
    home.run(&here, &format!("--import '{}'", file.display()));
    copy(&home, &server.dir.join("ring"));
    let said = bob.push("main").rejected().by(ids::REF_SIGNED);
    said.tells("has been revoked");
    // A ring that knows neither.
    let empty = Home::new();
    let stranger = empty.key(&here, "Ann <ann@clinic.example>", "never", "");
    copy(&empty, &server.dir.join("ring"));
    let said = bob.push("main").rejected().by(ids::REF_SIGNED);
    said.tells("nobody's whom this server knows");
    assert_ne!(stranger, gone);
    std::fs::remove_file(server.dir.join("ring/pubring.kbx")).unwrap();
    bob.push("main").rejected().says("undecided");
}
