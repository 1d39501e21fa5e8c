//! A server that wants approvals, people with keys, and what they do with them.

use crate::world::{Repo, Said, World, ids};
use std::fs;

pub(crate) const PEOPLE: &str = "[identity]\nsource = \"env:PUSHER\"\nallowed_signers = \"allowed_signers\"\n\
                      [groups]\nleads = [\"alice\", \"bob\"]\n";

/// A server that wants main approved, and people with keys.
pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) server: Repo,
    pub(crate) base: String,
}

impl Stage {
    /// With these keys in the rule over main.
    pub(crate) fn new(keys: &str) -> Self {
        let world = World::new();
        let server = world.bare("origin.git");
        let first = world.clone_of(&server, "first");
        let text: String = (1..=20).map(|n| format!("line {n}\n")).collect();
        let base = first.commit("text", text);
        first.push("main").accepted();
        let server = server
            .hook("pre-receive")
            .policy(&format!("{PEOPLE}{}", rule(keys)));
        server.write("allowed_signers", "");
        Self {
            world,
            server,
            base,
        }
    }

    /// Another policy.
    pub(crate) fn policy(&self, text: &str) {
        self.server.within(".").policy(text);
    }

    /// A clone in the hands of someone whose key the server knows.
    pub(crate) fn person(&self, name: &str) -> Repo {
        let person = self.stranger(name);
        self.knows(name, name, "");
        person
    }

    /// A clone in the hands of someone whose key it does not know.
    pub(crate) fn stranger(&self, name: &str) -> Repo {
        let clone = self.world.clone_of(&self.server, name);
        let key = self.world.ssh_key(&format!("key-{name}"));
        let key = key.file.to_str().unwrap();
        for (setting, value) in [
            ("user.name", name),
            ("user.email", &format!("{name}@example.com")),
            ("gpg.format", "ssh"),
            ("user.signingKey", key),
        ] {
            clone.git_with(&["config", setting, value]).ok();
        }
        clone.acting_as(name)
    }

    /// Adds the key of someone to the list of the server, as that of an account with its address.
    pub(crate) fn knows(&self, whose: &str, account: &str, options: &str) {
        let key = self.world.path(&format!("key-{whose}.pub"));
        let key = fs::read_to_string(key).unwrap();
        let file = self.server.dir.join("allowed_signers");
        let list = fs::read_to_string(&file).unwrap();
        let line = format!("{account},{account}@example.com {options} {key}");
        fs::write(file, list + &line).unwrap();
    }

    /// The fingerprint of somebody's key, as OpenSSH shows it.
    pub(crate) fn fingerprint(&self, whose: &str) -> String {
        let key = self.world.path(&format!("key-{whose}.pub"));
        let script = format!("ssh-keygen -l -f '{}'", key.display());
        let said = self.server.shell_fed(&script, b"").ok();
        said.stdout.split(' ').nth(1).unwrap().to_owned()
    }

    /// A topic branch on main with one commit of this person's, pushed.
    pub(crate) fn topic(&self, person: &Repo, name: &str) -> String {
        person.git("fetch -q origin").ok();
        person.git(&format!("switch -q -c {name} origin/main")).ok();
        edit(person, &format!("topic {name}"));
        person.push(name).accepted();
        person.head()
    }
}

/// A rule over main.
pub(crate) fn rule(keys: &str) -> String {
    format!("[[protect]]\nrefs = [\"refs/heads/main\"]\npush = [\"*\"]\n{keys}\n")
}

/// Changes a line in the middle of the text, and commits that.
pub(crate) fn edit(person: &Repo, to: &str) -> String {
    replace(person, "line 10\n", &format!("{to}\n"))
}

/// Puts something in the place of something else in the text, and commits that.
pub(crate) fn replace(person: &Repo, from: &str, to: &str) -> String {
    let text = fs::read_to_string(person.dir.join("text")).unwrap();
    assert!(text.contains(from));
    person.commit("text", text.replacen(from, to, 1))
}

/// Approves, and gives the ref that this makes.
#[track_caller]
pub(crate) fn approve(person: &Repo, what: &str) -> String {
    person.git("fetch -q origin").ok();
    let said = person.portcullis(&format!("approve {what}")).ok();
    let name = said.text().rsplit(' ').next().unwrap();
    assert!(name.starts_with("refs/portcullis/approvals/"), "{name}");
    name.to_owned()
}

/// Approves a topic of the server's for main, and pushes that.
#[track_caller]
pub(crate) fn approve_topic(person: &Repo, topic: &str) {
    let name = approve(person, &format!("origin/{topic} --for refs/heads/main"));
    person.push(&name).accepted();
}

#[track_caller]
pub(crate) fn unapproved(person: &Repo, refspecs: &str) -> Said {
    person.push(refspecs).rejected().by(ids::REF_APPROVALS)
}

/// This stands in what Git said, however it was wrapped.
#[track_caller]
pub(crate) fn tells(said: &Said, text: &str) {
    let words = said
        .stderr
        .split_whitespace()
        .filter(|word| *word != "remote:");
    let flat = words.collect::<Vec<_>>().join(" ");
    assert!(flat.contains(text), "{text}\n{}", said.stderr);
}
