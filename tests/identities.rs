//! Who pushes, as each server says it: only by the source that the policy names.

use crate::protect::guarded;
use crate::world::{World, ids};

fn policy(source: &str) -> String {
    format!(
        "[identity]\nsource = \"{source}\"\nallowed_signers = \"allowed_signers\"\n\
         [[protect]]\nrefs = [\"refs/heads/main\"]\npush = [\"alice\"]\n"
    )
}

const VARIABLES: [(&str, &str); 7] = [
    ("http", "REMOTE_USER"),
    ("gitolite", "GL_USER"),
    ("gitea", "GITEA_PUSHER_NAME"),
    ("forgejo", "GITEA_PUSHER_NAME"),
    ("gitlab", "GL_USERNAME"),
    ("github", "GITHUB_USER_LOGIN"),
    ("bitbucket", "BB_USER_NAME"),
];

#[test]
fn each_server_says_it_by_its_own_variable() {
    let world = World::new();
    let (server, clone, _) = guarded(&world, "");
    for (source, variable) in VARIABLES {
        let server = server.within(".").policy(&policy(source));
        server.write("allowed_signers", "");
        clone.commit("a.txt", source);
        // What another server would say is not heard here.
        let mut liar = clone.acting_as("alice");
        for (_, other) in VARIABLES.iter().filter(|(_, other)| *other != variable) {
            liar = liar.with_env(other, "alice");
        }
        liar.push("main")
            .rejected()
            .by(ids::REF_PUSH)
            .says("not known");
        let bob = liar.with_env(variable, "bob");
        bob.push("main")
            .rejected()
            .by(ids::REF_PUSH)
            .says("bob may not");
        clone.with_env(variable, "alice").push("main").accepted();
        server.ref_is("refs/heads/main", &clone.head());
    }
}

#[test]
fn a_deploy_key_does_not_push_as_its_owner() {
    let world = World::new();
    let (server, clone, base) = guarded(&world, "");
    let server = server.policy(&policy("gitea"));
    clone.commit("a.txt", "a\n");
    let owner = clone.with_env("GITEA_PUSHER_NAME", "alice");
    let key = owner.with_env("GITEA_DEPLOY_KEY_ID", "3");
    key.push("main").rejected().by(ids::REF_PUSH);
    server.ref_is("refs/heads/main", &base);
    owner
        .with_env("GITEA_DEPLOY_KEY_ID", "0")
        .push("main")
        .accepted();
}

#[test]
fn a_session_is_known_by_its_key() {
    let world = World::new();
    let (server, clone, base) = guarded(&world, "");
    let server = server.policy(&policy("ssh-key"));
    clone.commit("a.txt", "a\n");
    let auth = clone.dir.join("session");
    let session = clone.with_env("SSH_USER_AUTH", &auth.to_string_lossy());
    clone.write("session", "publickey ssh-ed25519 AAAAC3NzaAlicexx\n");
    // Without the list nobody can say whose a key is, which is no policy at all.
    let said = session.push("main").rejected();
    said.says("undecided").says("allowed_signers");
    server.write(
        "allowed_signers",
        "# people\nalice,a@example.com ssh-ed25519 AAAAC3NzaAlicexx laptop\n\
         bob ssh-ed25519 AAAAC3NzaBob\n",
    );
    clone
        .acting_as("alice")
        .push("main")
        .rejected()
        .says("not known");
    clone.write("session", "publickey ssh-ed25519 AAAAC3NzaBob\n");
    session
        .push("main")
        .rejected()
        .by(ids::REF_PUSH)
        .says("bob may not");
    clone.write("session", "publickey ssh-ed25519 AAAAC3NzaAli\n");
    session
        .push("main")
        .rejected()
        .by(ids::REF_PUSH)
        .says("not known");
    server.ref_is("refs/heads/main", &base);
    clone.write("session", "publickey ssh-ed25519 AAAAC3NzaAlicexx\n");
    session.push("main").accepted();
    server.ref_is("refs/heads/main", &clone.head());
}

#[test]
fn gitlab_is_told_in_the_words_that_it_shows() {
    let world = World::new();
    let (server, clone, _) = guarded(&world, "");
    let server = server.policy(&policy("gitlab"));
    clone.commit("a.txt", "a\n");
    let bob = clone.with_env("GL_USERNAME", "bob");
    let line = "GL-HOOK-ERR: portcullis refused the push: refs/push;";
    bob.push("main").rejected().says(line);
    clone
        .with_env("GL_USERNAME", "alice")
        .push("main")
        .accepted()
        .lacks("GL-HOOK-ERR");
    clone.commit("b.txt", "b\n");
    let server = server.policy(&policy("github"));
    clone.push("main").rejected().lacks("GL-HOOK-ERR");
    drop(server);
}
