//! Signatures that real programs made.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::git::Repo;
use std::path::{Path, PathBuf};
use std::process::Command;
use time::OffsetDateTime;

fn now() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_900_000_000).unwrap()
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
}

/// A repository with an SSH key, and the line of that key without its principals.
struct World {
    dir: tempfile::TempDir,
    key: String,
}

impl World {
    fn new() -> Self {
        Self::with(&["-t", "ed25519"])
    }

    /// With a key of another type.
    fn with(kind: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("key");
        run(Command::new("ssh-keygen")
            .args(["-q", "-N", "", "-C", ""])
            .args(kind)
            .arg("-f")
            .arg(&file));
        let git = || crate::git::Git::at(dir.path()).scrubbed();
        git().args(["init", "-q"]).output().unwrap();
        for (key, value) in [
            ("gpg.format", "ssh"),
            ("user.signingKey", file.to_str().unwrap()),
        ] {
            git().args(["config", key, value]).output().unwrap();
        }
        let key = std::fs::read_to_string(dir.path().join("key.pub")).unwrap();
        let key = key.trim().to_owned();
        Self { dir, key }
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn sign(&self, payload: &[u8], namespace: Namespace) -> Signed {
        let repo = Repo::at(self.dir.path()).unwrap();
        let signature = sign(&repo, payload, namespace).unwrap();
        Signed::detached(payload.to_vec(), signature).unwrap()
    }

    /// What keys with this list say of a signature over a token.
    fn told(&self, lines: &str, revoked: Option<&str>) -> Result<Signer, NotVerified> {
        let files = KeyFiles {
            allowed_signers: Some(self.file("signers", &lines.replace("KEY", &self.key))),
            revoked: revoked.map(|text| self.file("revoked", &text.replace("KEY", &self.key))),
            ..KeyFiles::default()
        };
        let signed = self.sign(b"portcullis test 1\n", Namespace::Portcullis);
        let keys = Keys::open(&files).unwrap();
        keys.verify(&signed, Namespace::Portcullis, now())
    }
}

#[test]
fn a_signature_is_that_of_the_names_on_the_lines_with_its_key() {
    let world = World::new();
    let names = |lines: &str| {
        let signer = world.told(lines, Some("")).unwrap();
        assert!(signer.key.starts_with("SHA256:"), "{signer:?}");
        String::from_utf8(signer.principals.join(&b' ')).unwrap()
    };
    assert_eq!(
        names("bob,bob@clinic.example KEY"),
        "bob bob@clinic.example"
    );
    assert_eq!(names("nonsense\nbob KEY\n\neve,carol KEY"), "bob eve carol");
    // A line that does not hold now gives no names.
    let old = "bob valid-before=\"20200101\" KEY\nbobby KEY";
    assert_eq!(names(old), "bobby");
    assert_eq!(names("*@clinic.example KEY"), "");
    let any = world.told("!eve@clinic.example,*@clinic.example KEY", None);
    let any = any.unwrap();
    assert!(any.has_address(b"Bob@Clinic.example"));
    assert!(!any.has_address(b"eve@clinic.example"));
    assert!(!any.has_address(b"bob@clinic.example.evil"));
    assert!(!any.is(b"bob@clinic.example"), "a pattern is no name");
}

#[test]
fn keys_of_every_type_are_read_as_openssh_reads_them() {
    for kind in [
        &["-t", "rsa", "-b", "2048"][..],
        &["-t", "ecdsa", "-b", "256"],
        &["-t", "ecdsa", "-b", "384"],
        &["-t", "ecdsa", "-b", "521"],
    ] {
        let signer = World::with(kind).told("bob KEY", None);
        assert!(signer.is_ok_and(|signer| signer.is(b"bob")), "{kind:?}");
    }
}

#[test]
fn what_is_wrong_with_a_key_is_told_apart() {
    let world = World::new();
    let told = |lines: &str, revoked| {
        let error = world.told(lines, revoked).unwrap_err().to_string();
        let from = error.find("SHA256:").unwrap();
        [&error[..from], &error[from + 50..]].concat()
    };
    for (lines, revoked, said) in [
        (
            "",
            None,
            "it is signed with the key , which is nobody's whom this server knows",
        ),
        (
            "bob valid-before=\"20200101\" KEY",
            None,
            "the key  that signed it has expired",
        ),
        (
            "bob valid-after=\"20350101\" KEY",
            None,
            "the key  that signed it is not valid yet",
        ),
        (
            "bob KEY",
            Some("KEY"),
            "the key  that signed it has been revoked",
        ),
        (
            "bob namespaces=\"git\" KEY",
            None,
            "the key  that signed it may not sign this (namespaces)",
        ),
        (
            "bob cert-authority KEY",
            None,
            "it is signed with the key , which is nobody's whom this server knows",
        ),
    ] {
        assert_eq!(told(lines, revoked), said, "{lines}");
    }
}

#[test]
fn a_signature_stands_for_its_bytes_and_its_purpose_alone() {
    let world = World::new();
    let files = KeyFiles {
        allowed_signers: Some(world.file("signers", &format!("bob {}", world.key))),
        ..KeyFiles::default()
    };
    let keys = Keys::open(&files).unwrap();
    let token = world.sign(b"portcullis test 1\n", Namespace::Portcullis);
    let commit = world.sign(b"tree of a commit\n", Namespace::Git);
    assert!(keys.verify(&token, Namespace::Portcullis, now()).is_ok());
    assert!(keys.verify(&commit, Namespace::Git, now()).is_ok());
    let over = |payload: &[u8], of: &Signed| Signed {
        payload: payload.to_vec(),
        ..of.clone()
    };
    let purpose = NotVerified::Purpose("git".to_owned());
    let kind = NotVerified::Malformed("it is over bytes of another kind");
    for (signed, namespace, error) in [
        (
            over(b"portcullis test 2\n", &token),
            Namespace::Portcullis,
            NotVerified::Bad,
        ),
        (
            over(&token.payload, &commit),
            Namespace::Portcullis,
            purpose,
        ),
        (commit.clone(), Namespace::Portcullis, kind.clone()),
        (token.clone(), Namespace::Git, kind),
    ] {
        assert_eq!(keys.verify(&signed, namespace, now()), Err(error));
    }
    let repo = Repo::at(world.dir.path()).unwrap();
    assert!(sign(&repo, b"tree of a commit\n", Namespace::Portcullis).is_err());
}

#[test]
fn who_is_certified_has_the_names_that_the_authority_may_give() {
    let world = World::new();
    let here = world.dir.path();
    let keygen = |args: &[&str]| run(Command::new("ssh-keygen").current_dir(here).args(args));
    keygen(&["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", "ca"]);
    let names = "bob,bob@clinic.example,eve@elsewhere.example";
    keygen(&[
        "-q",
        "-s",
        "ca",
        "-I",
        "id",
        "-n",
        names,
        "-V",
        "20200101:20400101",
        "key.pub",
    ]);
    let repo = Repo::at(here).unwrap();
    let certificate = here.join("key-cert.pub");
    let set = ["config", "user.signingKey", certificate.to_str().unwrap()];
    repo.git(set).output().unwrap();
    let payload = b"portcullis test 1\n";
    let signed = world.sign(payload, Namespace::Portcullis);
    let authority = std::fs::read_to_string(here.join("ca.pub")).unwrap();
    let told = |line: &str, revoked: Option<&str>, now| {
        let files = KeyFiles {
            allowed_signers: Some(world.file("signers", line)),
            revoked: revoked.map(|text| world.file("revoked", text)),
            ..KeyFiles::default()
        };
        let keys = Keys::open(&files).unwrap();
        keys.verify(&signed, Namespace::Portcullis, now)
    };
    let line = format!("bob,*@clinic.example cert-authority {authority}");
    let signer = told(&line, None, now()).unwrap();
    assert_eq!(signer.principals.join(&b' '), b"bob bob@clinic.example");
    assert!(signer.is(b"bob") && !signer.has_address(b"eve@elsewhere.example"));
    assert!(!signer.has_address(b"other@clinic.example"));
    // Without the option it is the key of somebody; and the certified key is not listed itself.
    for line in [format!("bob {authority}"), format!("bob {}", world.key)] {
        let error = told(&line, None, now()).unwrap_err();
        assert!(matches!(error, NotVerified::UnknownKey(_)), "{error}");
    }
    let late = OffsetDateTime::from_unix_timestamp(2_300_000_000).unwrap();
    assert!(told(&line, None, late).is_err());
    for revoked in [&world.key, &authority] {
        let error = told(&line, Some(revoked), now()).unwrap_err();
        assert!(matches!(error, NotVerified::Revoked(_)), "{error}");
    }
}

#[test]
fn files_that_cannot_be_read_are_errors_and_not_empty() {
    let world = World::new();
    let missing = world.dir.path().join("missing");
    let fails = |files: KeyFiles| Keys::open(&files).unwrap_err().to_string();
    let ssh = |path: &Path| KeyFiles {
        allowed_signers: Some(path.to_owned()),
        ..KeyFiles::default()
    };
    assert!(fails(ssh(&missing)).contains("missing"));
    assert!(fails(ssh(world.dir.path())).contains("no regular file"));
    let signers = world.file("signers", "");
    let revoked = KeyFiles {
        revoked: Some(missing.clone()),
        ..ssh(&signers)
    };
    assert!(fails(revoked).contains("missing"));
    let ring = KeyFiles {
        gpg_home: Some(missing),
        ..KeyFiles::default()
    };
    assert!(fails(ring).contains("missing"));
    let keys = Keys::open(&KeyFiles::default()).unwrap();
    let token = world.sign(b"portcullis test 1\n", Namespace::Portcullis);
    let none = keys.verify(&token, Namespace::Portcullis, now());
    assert_eq!(none, Err(NotVerified::NoKeys("SSH")));
}
