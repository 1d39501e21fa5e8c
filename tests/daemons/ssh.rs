//! OpenSSH, and gitolite behind it.

use super::{Daemon, account, cannot_play, installed};
use crate::world::{Repo, SshKey, World, assigned, ids};
use std::fs;
use std::path::Path;

/// Where systems keep the server of OpenSSH; it has to be called by its whole path.
const SSHD: [&str; 2] = ["/usr/sbin/sshd", "/usr/local/sbin/sshd"];

/// Where gitolite keeps what a key is bound to; the other programs of it are called `gitolite`.
const GITOLITE_SHELL: [&str; 2] = [
    "/usr/share/gitolite3/gitolite-shell",
    "/usr/local/bin/gitolite-shell",
];

/// A server of OpenSSH.
struct Sshd {
    port: u16,
    account: String,
    _daemon: Daemon,
}

impl Sshd {
    /// One that lets these keys in, each to the command of its line, and with these words in its
    /// configuration; nothing where it cannot be had.
    fn start(world: &World, lines: &str, words: &str) -> Option<Self> {
        let program = installed("sshd", &SSHD)?;
        let account = account(world);
        if account == "root" && !Path::new("/run/sshd").is_dir() {
            cannot_play("sshd as root needs the folder /run/sshd");
            return None;
        }
        let here = world.plain_dir("sshd");
        here.write("keys", lines);
        let (host, keys) = (world.ssh_key("sshd/host").file, here.dir.join("keys"));
        let config = |port| {
            format!(
                "ListenAddress 127.0.0.1:{port}\nHostKey {}\nPidFile none\nStrictModes no\n\
                 AuthorizedKeysFile {}\nUsePAM no\nPasswordAuthentication no\n\
                 KbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n{words}\n",
                host.display(),
                keys.display(),
            )
        };
        let args = ["-D", "-e", "-f", "config"];
        let answer = ("", "SSH-2.0-OpenSSH");
        let (daemon, port) = Daemon::listening(&here, &program, &args, &config, answer);
        Some(Self {
            port,
            account,
            _daemon: daemon,
        })
    }

    /// The address of something on it.
    fn at(&self, path: &str) -> String {
        format!("ssh://{}@127.0.0.1:{}/{path}", self.account, self.port)
    }

    /// A clone in the hands of who has a key, and pushes over SSH with these options of `ssh`.
    fn hand(&self, clone: &Repo, key: &SshKey, options: &str) -> Repo {
        let ssh = format!(
            "ssh -F none -i '{}' -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=no \
             -o UserKnownHostsFile=/dev/null -o GlobalKnownHostsFile=/dev/null -o LogLevel=ERROR {options}",
            key.file.display()
        );
        clone.with_env("GIT_SSH_COMMAND", &ssh)
    }
}

/// A line that lets a key in, to one command alone.
fn let_in(command: &str, key: &SshKey) -> String {
    format!("restrict,command=\"{command}\" {}\n", key.public)
}

/// A script that does this for who comes in, in the environment of an account.
fn shell_of(account: &Repo, then: &str) -> String {
    let mut script = "#!/bin/sh\n".to_owned();
    for (name, value) in account.environment() {
        let (name, value) = (name.to_string_lossy(), value.to_string_lossy());
        script.push_str(&format!("export {name}='{value}'\n"));
    }
    account.write("shell", format!("{script}{then}\n"));
    account.shell("chmod +x shell").ok();
    account.dir.join("shell").display().to_string()
}

/// A server whose main is alice's, reached over SSH by alice, bob, and one who is let in without being
/// known to the policy; with a clone of it.
struct Plain {
    sshd: Sshd,
    server: Repo,
    clone: Repo,
    keys: [SshKey; 3],
    base: String,
}

fn plain(world: &World, words: &str) -> Option<Plain> {
    let server = world.bare("origin.git");
    let clone = world.clone_of(&server, "clone");
    let base = clone.commit("readme.md", "nothing to see\n");
    clone.push("main").accepted();
    let keys = ["alice", "bob", "stranger"].map(|name| world.ssh_key(name));
    let server = server.hook("pre-receive").policy(
        "[identity]\nsource = \"ssh-key\"\nallowed_signers = \"signers\"\n[audit]\nlog = \"log\"\n\
         [[protect]]\nrefs = [\"refs/heads/main\"]\npush = [\"alice\"]\n",
    );
    server.write(
        "signers",
        format!("alice {}\nbob {}\n", keys[0].public, keys[1].public),
    );
    let account = world.plain_dir("account");
    let shell = shell_of(&account, "exec git shell -c \"$SSH_ORIGINAL_COMMAND\"");
    let lines: String = keys.iter().map(|key| let_in(&shell, key)).collect();
    let sshd = Sshd::start(world, &lines, words)?;
    let address = sshd.at(server.dir.to_str().unwrap().trim_start_matches('/'));
    clone.git(&format!("remote set-url origin {address}")).ok();
    Some(Plain {
        sshd,
        server,
        clone,
        keys,
        base,
    })
}

#[test]
fn over_ssh_each_is_known_by_the_key_of_the_session() {
    let world = World::new();
    let Some(plain) = plain(&world, "ExposeAuthInfo yes\nAcceptEnv LANG") else {
        return;
    };
    let [alice, bob, stranger] = &plain.keys;
    let (server, clone) = (&plain.server, &plain.clone);
    let hand = |key| plain.sshd.hand(clone, key, "");
    let next = clone.commit("a.py", "a = 1\n");
    let said = hand(bob).push("main").rejected().by(ids::REF_PUSH);
    said.says("bob may not");
    let said = hand(stranger).push("main").rejected().by(ids::REF_PUSH);
    said.says("not known");
    // What a client says of its session is not heard.
    clone.write("session", format!("publickey {}\n", alice.public));
    let lie = format!(
        "-o SetEnv=SSH_USER_AUTH={}",
        clone.dir.join("session").display()
    );
    let liar = plain.sshd.hand(clone, bob, &lie);
    liar.push("main").rejected().says("bob may not");
    server.ref_is("refs/heads/main", &plain.base);
    hand(alice).push("main").accepted();
    server.ref_is("refs/heads/main", &next);
    let secret = world.secrets.github();
    let leak = clone.commit("b.py", assigned(&secret));
    hand(alice).push("main").rejected().without(&secret);
    server.lacks_object(&leak);
    let log = fs::read_to_string(server.dir.join("log")).unwrap();
    for (pusher, verdict) in [
        ("\"pusher\":\"bob\"", "\"rejected\""),
        ("\"pusher\":\"alice\"", "\"accepted\""),
    ] {
        let told = |line: &str| line.contains(pusher) && line.contains(verdict);
        assert!(log.lines().any(told), "{pusher} {verdict}\n{log}");
    }
}

#[test]
fn a_session_that_does_not_tell_its_key_is_nobodys() {
    let world = World::new();
    let Some(plain) = plain(&world, "ExposeAuthInfo no") else {
        return;
    };
    plain.clone.commit("a.py", "a = 1\n");
    let alice = plain.sshd.hand(&plain.clone, &plain.keys[0], "");
    let said = alice.push("main").rejected();
    said.says("ExposeAuthInfo");
    plain.server.ref_is("refs/heads/main", &plain.base);
}

/// An account of gitolite's, with repository `app` that alice and bob may write to; and the program
/// that keys are bound to.
fn gitolite(world: &World) -> Option<(Repo, String)> {
    let shell = installed("gitolite", &GITOLITE_SHELL)?;
    let account = world.plain_dir("account");
    // gitolite wants what Git's own template has.
    fs::create_dir_all(account.dir.join("template/hooks")).unwrap();
    let template = account.dir.join("template");
    let account = account
        .with_env("HOME", account.dir.to_str().unwrap())
        .with_env("GIT_TEMPLATE_DIR", template.to_str().unwrap());
    account.shell("gitolite setup -a admin").ok();
    account.append(
        ".gitolite/conf/gitolite.conf",
        "repo app\n    RW+ = alice bob\n    RW+ topic/ = carol\n",
    );
    let lay = "gitolite compile && gitolite trigger POST_COMPILE";
    account.shell(lay).ok();
    Some((account, shell.display().to_string()))
}

#[test]
fn behind_gitolite_both_have_their_say() {
    let world = World::new();
    let Some((account, gitolite_shell)) = gitolite(&world) else {
        return;
    };
    let server = account.within("repositories/app.git").policy(
        "[identity]\nsource = \"gitolite\"\n[[protect]]\nrefs = [\"refs/heads/main\"]\npush = [\"alice\"]\n",
    );
    let before = fs::read_link(server.dir.join("hooks/update")).unwrap();
    server.portcullis("install --server").ok();
    let update = fs::read_link(server.dir.join("hooks/update")).unwrap();
    assert_eq!(update, before, "update is gitolite's");

    let keys = ["alice", "bob", "carol"].map(|name| (name, world.ssh_key(name)));
    let shell = shell_of(&account, &format!("exec {gitolite_shell} \"$1\""));
    let line = |(name, key): &(&str, SshKey)| let_in(&format!("{shell} {name}"), key);
    let lines: String = keys.iter().map(line).collect();
    let Some(sshd) = Sshd::start(&world, &lines, "") else {
        return;
    };
    let clone = world.repo("clone");
    clone
        .git(&format!("remote add origin {}", sshd.at("app")))
        .ok();
    let [alice, bob, carol] = keys.map(|(_, key)| sshd.hand(&clone, &key, ""));
    let base = clone.commit("readme.md", "nothing to see\n");
    bob.push("main")
        .rejected()
        .by(ids::REF_CREATE)
        .says("bob may not");
    alice.push("main").accepted();
    server.ref_is("refs/heads/main", &base);
    clone.commit("a.py", "a = 1\n");
    bob.push("main")
        .rejected()
        .by(ids::REF_PUSH)
        .says("bob may not");
    // gitolite asks after us, and in its own words.
    carol
        .push("main:other")
        .rejected()
        .says("DENIED by fallthru");
    carol.push("main:topic/one").accepted();
    let secret = world.secrets.github();
    let leak = clone.commit("b.py", assigned(&secret));
    carol.push("main:topic/one").rejected().without(&secret);
    server.lacks_object(&leak).ref_is("refs/heads/main", &base);
    // gitolite lays its hooks anew, and ours stays.
    account.shell("gitolite setup --hooks-only").ok();
    server.portcullis("status").ok();
    carol.push("main:topic/one").rejected();
}
