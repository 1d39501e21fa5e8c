//! Whose a secret is: what keys, tokens and the files around them say of themselves.

use crate::world::report::text;
use crate::world::{Repo, World};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The identity of the only finding at a path.
#[track_caller]
fn identity(repo: &Repo, path: &str) -> String {
    let report = repo.scan("--files .").whatever().json();
    let here: Vec<_> = report
        .findings()
        .iter()
        .filter(|finding| finding["place"]["path"] == path)
        .collect();
    match here[..] {
        [one] => text(&one["secret"]["identity"]).to_owned(),
        _ => report.fail(&format!("not one finding at {path}")),
    }
}

/// What `ssh-keygen -lf` prints: size, fingerprint, comment.
#[track_caller]
fn keygen(repo: &Repo, arguments: &str, file: &str) -> String {
    repo.shell(&format!("ssh-keygen -q {arguments} -f {file} </dev/null"))
        .ok();
    let said = repo.shell(&format!("ssh-keygen -lf {file}.pub")).ok();
    let mut words = said.text().split_whitespace();
    words
        .find(|word| word.starts_with("SHA256:"))
        .unwrap_or_default()
        .to_owned()
}

#[test]
fn a_private_key_names_the_public_key_it_belongs_to() {
    let world = World::new();
    let repo = world.plain_dir("keys");
    for (file, arguments, kind) in [
        (
            "a",
            "-t ed25519 -N '' -C deploy@build",
            "Ed25519, 256 bits, ",
        ),
        ("b", "-t rsa -b 2048 -N '' -m PEM", "RSA, 2048 bits, "),
        ("c", "-t rsa -b 3072 -N '' -m PKCS8", "RSA, 3072 bits, "),
        ("d", "-t ecdsa -b 384 -N '' -m PEM", "ECDSA, 384 bits, "),
        ("e", "-t ecdsa -b 521 -N '' -m PKCS8", "ECDSA, 521 bits, "),
        ("f", "-t ecdsa -N ''", "ECDSA, 256 bits, "),
    ] {
        let fingerprint = keygen(&repo, arguments, file);
        let said = identity(&repo, file);
        assert!(said.starts_with(&format!("{kind}{fingerprint}")), "{said}");
        assert!(
            said.ends_with(&format!("; its public key is in {file}.pub")),
            "{said}"
        );
    }
    assert!(identity(&repo, "a").contains(", \"deploy@build\";"));
    repo.shell("mkdir -p keys; cat a.pub b.pub > keys/authorized_keys; cat a.pub a > both")
        .ok();
    let said = identity(&repo, "both");
    assert!(said.contains("; its public key is on line 1; "), "{said}");
    assert!(
        said.ends_with("is in a.pub, keys/authorized_keys"),
        "{said}"
    );
}

#[test]
fn a_key_with_a_passphrase_is_another_finding() {
    let world = World::new();
    let repo = world.plain_dir("keys");
    let fingerprint = keygen(&repo, "-t ed25519 -N long-enough -C hidden@build", "locked");
    let report = repo.scan("--files .").accepted().json();
    report.one("secrets/private-key-openssh-encrypted", "locked:1");
    let said = identity(&repo, "locked");
    assert!(said.contains(&fingerprint), "{said}");
    assert!(said.contains("encrypted with a passphrase"), "{said}");
    assert!(
        !said.contains("hidden@build"),
        "it stands in the encrypted part"
    );
}

#[test]
fn a_history_says_in_which_blob_a_key_is_trusted() {
    let world = World::new();
    let repo = world.repo_with_a_commit();
    let fingerprint = keygen(&repo, "-t ed25519 -N ''", "a");
    repo.shell("git add a a.pub && git commit -q -m keys").ok();
    let blob = repo.id(":a.pub");
    let report = repo.scan("").rejected().json();
    let one = report.one("secrets/private-key-openssh", "a:1");
    let said = text(&one["secret"]["identity"]);
    assert!(said.contains(&fingerprint), "{said}");
    assert!(said.contains("a.pub") || said.contains(&blob), "{said}");
    // What the first look remembers says no less.
    let report = repo.scan("").rejected().json();
    let again = report.one("secrets/private-key-openssh", "a:1");
    assert_eq!(text(&again["secret"]["identity"]), said);
}

#[test]
fn what_stands_around_a_credential_says_what_it_opens() {
    let world = World::new();
    let (repo, secret) = (world.plain_dir("files"), world.secrets.random());
    let pair = STANDARD.encode(format!("ci-user:{secret}"));
    for (file, content, identity) in [
        (
            "config.json",
            format!("{{\"auths\": {{\n  \"ghcr.io\": {{\n    \"auth\": \"{pair}\"\n}}}}}}\n"),
            "registry ghcr.io, user ci-user",
        ),
        (
            "kubeconfig",
            format!(
                "clusters:\n- cluster:\n    server: https://k8s.acme.io:6443\n  name: prod\nusers:\n- name: ci\n  user:\n    token: {secret}\n"
            ),
            "user ci, server https://k8s.acme.io:6443",
        ),
        (
            ".netrc",
            format!("machine api.acme.io login deploy password {secret}\n"),
            "host api.acme.io, user deploy",
        ),
        (
            "url.txt",
            format!("DATABASE_URL=postgres://app:{secret}@db.acme.io:5432/app\n"),
            "user app, host db.acme.io:5432",
        ),
        (
            ".npmrc",
            format!("//npm.acme.io/:_password={}\n", STANDARD.encode(&secret)),
            "registry npm.acme.io",
        ),
    ] {
        repo.write(file, content);
        assert_eq!(self::identity(&repo, file), identity, "{file}");
    }
}

#[test]
fn a_web_token_says_whose_it_is_and_until_when() {
    let world = World::new();
    let repo = world.plain_dir("files");
    let url_safe = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let parts = [
        r#"{"alg":"HS256","typ":"JWT"}"#,
        r#"{"iss":"https://id.acme.io","sub":"carol","exp":1700000000}"#,
    ];
    let parts = parts.map(|part| url_safe.encode(part));
    let signature = url_safe.encode(world.secrets.random());
    repo.write("a.py", format!("t = \"{}.{signature}\"\n", parts.join(".")));
    let said = identity(&repo, "a.py");
    assert_eq!(
        said,
        "issuer https://id.acme.io, subject carol, until 2023-11-14T22:13:20Z"
    );
}
