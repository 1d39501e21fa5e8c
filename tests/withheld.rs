//! A token where nobody looks for one, in what a pusher chose: it is not told to anybody, and not
//! written into the log, whatever becomes of the push.

use crate::audit::{KEPT, LOG, entries, kept, text, verified};
use crate::confirm::{MAIN, Stand};
use crate::protect::rule;
use crate::world::{Line, Repo, World, ZERO};
use std::fs;

/// Nothing below the repository but its refs has this text.
#[track_caller]
fn log_lacks(server: &Repo, token: &str) {
    let log = text(server);
    assert!(!log.is_empty() && !log.contains(token), "{log}");
}

#[test]
fn a_token_as_the_name_of_a_ref_goes_without_being_told() {
    let world = World::new();
    let rules = rule("refs/heads/**", "push = [\"*\"]\ndelete = [\"@leads\"]\n");
    let (server, alice, base) = kept(&world, &rules);
    server.portcullis("install --server").ok();
    let token = world.secrets.github();
    let name = format!("refs/heads/fix/{token}");
    // It was there before the gate was.
    server.git(&format!("update-ref {name} {base}")).ok();
    let next = alice.commit("a.py", "a = 1\n");
    let said = alice.acting_as("nobody").push(&format!(":{name}"));
    let said = said.rejected();
    // Git itself names it to the one who pushes; portcullis does not.
    let ours = said
        .stderr
        .lines()
        .filter(|line| line.starts_with("remote:"));
    let ours: Vec<&str> = ours.collect();
    assert!(!ours.is_empty() && ours.iter().all(|line| !line.contains(&token)));
    alice.push(&format!("HEAD:{name}")).accepted();
    server.ref_is(&name, &next);
    alice.acting_as("bob").push(&format!(":{name}")).accepted();
    server.lacks_ref(&name);
    log_lacks(&server, &token);
    // What is told of it later knows which push it was.
    let log = entries(&server);
    let moved: Vec<_> = log.iter().filter(|e| e["event"] == "moved").collect();
    assert_eq!(moved.len(), 2);
    assert!(moved.iter().all(|moved| moved["push"].is_string()));
    let kept = server.ask("for-each-ref --format=%(refname) refs/portcullis");
    assert!(
        kept.contains("/heads/fix/") && !kept.contains(&token),
        "{kept}"
    );
    verified(&server, log.len());
}

#[test]
fn a_token_as_the_name_of_an_account_is_not_written_down() {
    let world = World::new();
    let (server, alice, _) = kept(&world, &rule("refs/heads/main", "push = [\"alice\"]"));
    let token = world.secrets.github();
    alice.commit("a.py", "a = 1\n");
    let said = alice.acting_as(&token).push("main").rejected();
    said.says("may not").lacks(&token);
    alice.acting_as(&token).push("main:other").accepted();
    log_lacks(&server, &token);
}

#[test]
fn a_token_in_what_could_not_be_judged_is_not_written_down() {
    let world = World::new();
    let (server, alice, base) = kept(&world, "");
    let token = world.secrets.github();
    let next = alice.commit("a.py", "a = 1\n");
    let (bad, there) = (
        format!("refs/heads/a b/{token} "),
        format!("refs/heads/{token}"),
    );
    let lines = [Line::new(ZERO, &base, &bad), Line::new(&base, ZERO, &there)];
    server
        .receives(&lines, &alice.pack(&next))
        .said
        .lacks(&token);
    log_lacks(&server, &token);
    // Who pushes cannot be found out, and nothing is looked at.
    let server = server.policy(&format!(
        "{KEPT}[identity]\nsource = \"ssh-key\"\nallowed_signers = \"none\"\n"
    ));
    server
        .receives(&[Line::new(ZERO, &base, &there)], &alice.pack(&next))
        .said
        .says("undecided");
    assert_eq!(entries(&server).len(), 3);
    log_lacks(&server, &token);
}

#[test]
fn a_token_in_a_push_option_or_a_reason_is_not_told() {
    let stand = Stand::new();
    let policy = fs::read_to_string(stand.server.dir.join("portcullis.toml")).unwrap();
    stand
        .server
        .write("portcullis.toml", format!("{policy}\n{KEPT}"));
    let secret = stand.world.secrets.github();
    let words = format!("confirm delete {MAIN} --at {} --quiet", stand.base);
    let mut args: Vec<&str> = words.split(' ').collect();
    let reason = format!("the pipeline needs {secret} no more");
    args.extend(["--reason", &reason]);
    let made = stand.carol.portcullis_fed(&args, b"").ok();
    let token = made.text().to_owned();
    for option in [
        format!("portcullis.{secret}=1"),
        format!("portcullis.confirm={secret}"),
        secret.clone(),
    ] {
        let push = format!("push -o {option} origin :main");
        stand.clone.git(&push).rejected().lacks(&secret);
    }
    let push = format!("push -o portcullis.confirm={token} origin :main HEAD:refs/heads/next");
    let said = stand.clone.git(&push).accepted();
    said.lacks(&secret);
    log_lacks(&stand.server, &secret);
    assert!(
        text(&stand.server).contains("the pipeline needs ghp_"),
        "{LOG}"
    );
}

#[test]
fn a_token_as_the_name_of_an_author_is_not_told_of_an_old_commit() {
    let world = World::new();
    let (server, alice, _) = kept(
        &world,
        "[commits]\nrefs = [\"refs/heads/strict\"]\nauthor_emails = [\"*@clinic.example\"]\n",
    );
    let token = world.secrets.github();
    alice.stage("a.py", "a = 1\n");
    let author = format!("--author={token} <{token}@example.com>");
    alice
        .git_with(&["commit", "-q", "-m", "change", &author])
        .ok();
    // The commit is in the repository, by a ref that the rule does not mean.
    let hook = server.dir.join("hooks/pre-receive");
    fs::rename(&hook, server.dir.join("aside")).unwrap();
    alice.push("HEAD:refs/heads/lax").accepted();
    fs::rename(server.dir.join("aside"), &hook).unwrap();
    let said = alice.push("HEAD:refs/heads/strict").rejected();
    said.by("commits/author-email").lacks(&token);
    log_lacks(&server, &token);
}

#[test]
fn a_token_as_the_name_of_an_old_file_is_not_told_of_what_becomes_of_it() {
    let world = World::new();
    let (server, alice, _) = kept(&world, "[content]\nmax_file_size = \"1KiB\"\n");
    let token = world.secrets.github();
    let path = format!("old/{token}");
    // It was there before the gate was.
    let hook = server.dir.join("hooks/pre-receive");
    fs::rename(&hook, server.dir.join("aside")).unwrap();
    alice.commit(&path, "small\n");
    alice.push("main").accepted();
    fs::rename(server.dir.join("aside"), &hook).unwrap();
    alice.commit(&path, "large\n".repeat(1000));
    let said = alice.push("main").rejected();
    said.by("content/file-size").lacks(&token);
    log_lacks(&server, &token);
}

#[test]
fn a_token_in_the_ref_that_a_push_option_is_for_is_not_told() {
    let stand = Stand::new();
    let secret = stand.world.secrets.github();
    let finding = "0a".repeat(16);
    let words = format!("bypass --finding {finding} --ref refs/heads/{secret} --reason x --quiet");
    let made = stand.alice.portcullis(&words).ok();
    let option = format!("portcullis.bypass={}", made.text());
    let push = format!("push -o {option} origin HEAD:refs/heads/next");
    let said = stand.clone.git(&push).accepted();
    said.says("lets nothing pass").lacks(&secret);
}
