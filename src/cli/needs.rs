//! What the policy of a server needs beside the hooks: whether it is there, and what to do if not.

mod people;

use super::Exit;
use super::check::layers;
use crate::audit::Log;
use crate::git::{Repo, counted, escape, takes_push_options};
use crate::hook::memory::Memory;
use crate::policy::ServerKeys;
use crate::policy::settings::{Mode, Protect, Settings};
use std::io;
use std::path::Path;

/// One thing that the policy needs, or that whoever keeps the server wants to know.
struct Need {
    label: &'static str,
    /// How it is; or why a push would be refused for it, and what to do.
    state: Result<String, String>,
}

impl Need {
    fn there(label: &'static str, what: impl Into<String>) -> Self {
        let state = Ok(what.into());
        Self { label, state }
    }

    fn missing(label: &'static str, why: impl Into<String>) -> Self {
        let state = Err(why.into());
        Self { label, state }
    }

    fn line(&self) -> String {
        match &self.state {
            Ok(what) => format!("{:<19} {what}", self.label),
            Err(why) => format!("{:<19} missing: {why}", self.label),
        }
    }
}

/// What there is to say of the policy that a push or commit here would meet, line by line, and how
/// `status` ends for it: with 2 where it does not parse, as a hook would; with 3 where something is
/// missing that would leave a push undecided or refused, or what it is to tell untold.
pub(super) fn lines(dir: &Path) -> (Vec<String>, Exit) {
    let Ok(repo) = Repo::at(dir) else {
        return (Vec::new(), Exit::Clean);
    };
    let layers = layers(None, &repo);
    let settings = match super::hook::load(&layers) {
        Ok(settings) => settings,
        Err(error) => {
            let why = escape(error.to_string().as_bytes());
            let why = format!("{why}; until that is put right all is refused");
            return (vec![format!("{:<19} {why}", "policy")], Exit::Usage);
        }
    };
    if repo.work_tree().is_some() {
        return (Vec::new(), Exit::Clean);
    }
    let policy = match &layers[..] {
        [] => Need::there(
            "policy",
            "none, so only secrets and env files are refused; portcullis install --server --config \
             FILE names one",
        ),
        [(_, file), ..] => Need::there("policy", shown(file)),
    };
    let mut needs = vec![policy];
    needs.extend(mode(settings.server.mode).map(|what| Need::there("mode", what)));
    needs.extend(identity(&settings));
    needs.extend(keys(&repo, &settings));
    needs.extend(people::rows(&repo, &settings));
    needs.extend(certificates(&repo, &settings));
    needs.push(push_options(&repo, &settings));
    needs.push(log(&repo, &settings));
    if !settings.audit.notify.is_empty() {
        needs.push(program("curl", "tells the addresses of audit.notify"));
    }
    let missing = needs.iter().any(|need| need.state.is_err());
    let exit = if missing {
        Exit::Undecided
    } else {
        Exit::Clean
    };
    let mut lines: Vec<String> = needs.iter().map(Need::line).collect();
    let id = Memory::of(&repo).identity().ok().flatten();
    lines.extend(id.iter().flat_map(|id| server_id(id)));
    (lines, exit)
}

/// The identity of a repository, alone on its line for whoever copies it, and what it is for.
pub(super) fn server_id(id: &str) -> [String; 2] {
    let what = "names this repository: --server-id of portcullis confirm, bypass, approve";
    [("server id", id), ("", what)].map(|(label, text)| format!("{label:<19} {text}"))
}

/// What there is to say of a gate that holds nothing back.
pub(super) fn mode(mode: Mode) -> Option<&'static str> {
    match mode {
        Mode::Enforce => None,
        Mode::Evaluate => Some("evaluate: what would be refused is said and logged, and accepted"),
    }
}

fn shown(path: &Path) -> String {
    escape(path.as_os_str().as_encoded_bytes())
}

/// Rules about who may push let nobody in where nobody is known.
fn identity(settings: &Settings) -> Option<Need> {
    let asks = match &settings.identity.source {
        Some(source) => return Some(Need::there("identity", source.to_string())),
        None if !settings.protect.is_empty() => "[[protect]]",
        None if settings.commits.committer_is_pusher() => "commits.committer_is_pusher",
        None => return None,
    };
    let why = "lets in only those who are known, and nobody is: set identity.source";
    Some(Need::missing("identity", format!("{asks} {why}")))
}

/// Whom the server believes, and the programs that verify what they sign. That somebody must be known
/// where signatures are asked for, the configuration says itself.
fn keys(repo: &Repo, settings: &Settings) -> Vec<Need> {
    let identity = &settings.identity;
    let mut needs = Vec::new();
    if let Some(file) = &identity.allowed_signers {
        needs.push(signers(&repo.common_dir().join(file)));
        needs.push(program("ssh-keygen", "verifies SSH signatures"));
    }
    if identity.gpg_home.is_some() {
        needs.push(program("gpg", "verifies OpenPGP signatures"));
    }
    // What is left: the list of revoked keys, and the folder of GnuPG's.
    let known = needs.iter().all(|need| need.state.is_ok());
    if known && let Err(unread) = ServerKeys::new(identity).get(Some(repo)) {
        let why = escape(unread.why.as_bytes());
        needs.push(Need::missing("signing keys", why));
    }
    needs
}

/// The file that says whose an SSH key is.
fn signers(file: &Path) -> Need {
    const LINE: &str =
        "one line for each key, such as: alice,alice@example.com ssh-ed25519 AAAA...";
    let label = "signing keys";
    let name = shown(file);
    match people::list(file).map(|text| (people::keys(&text).count(), people::junk(&text))) {
        Ok((0, _)) => Need::missing(label, format!("{name} holds no key; write {LINE}")),
        Ok((count, junk)) => {
            let keys = counted(count, "key", "keys");
            let junk = match (junk.first(), junk.len()) {
                (None, _) => String::new(),
                (Some(line), 1) => format!("; line {line} holds none and does not count"),
                (Some(line), lines) => {
                    format!("; {lines} lines hold none and do not count, the first is line {line}")
                }
            };
            Need::there(label, format!("{name}, {keys}{junk}"))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Need::missing(label, format!("{name} is not there; write {LINE}"))
        }
        Err(error) => Need::missing(
            label,
            format!("{name}: {error}; make it readable for the account that runs Git"),
        ),
    }
}

fn program(name: &'static str, what: &str) -> Need {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|dir| dir.join(name));
    match found.into_iter().find(|file| file.is_file()) {
        Some(file) => Need::there(name, shown(&file)),
        None => Need::missing(name, format!("it is not in PATH, and {what}; install it")),
    }
}

/// Git asks for a certificate only with a seed.
fn certificates(repo: &Repo, settings: &Settings) -> Option<Need> {
    if !settings.protect.iter().any(|rule| rule.push_cert) {
        return None;
    }
    let label = "push certificates";
    Some(match setting(repo, "receive.certNonceSeed") {
        Some(seed) if !seed.is_empty() => Need::there(label, "taken"),
        Some(_) | None => Need::missing(
            label,
            "protect.push_cert asks for them, and none is taken: git config \
             receive.certNonceSeed SOMETHING-SECRET",
        ),
    })
}

fn push_options(repo: &Repo, settings: &Settings) -> Need {
    let label = "push options";
    let rules = settings.protect.iter().any(Protect::asks_for_tokens);
    let bypass = settings.server.bypass_by.as_deref();
    let asked = rules || bypass.is_some_and(|list| !list.is_empty());
    match (takes_push_options(repo), asked) {
        (true, _) => Need::there(label, "taken"),
        (false, true) => Need::missing(
            label,
            "not taken, so no token arrives: git config receive.advertisePushOptions true",
        ),
        (false, false) => Need::there(label, "not taken; this policy needs none"),
    }
}

fn setting(repo: &Repo, key: &str) -> Option<String> {
    let value = repo.git(["config", "--get", key]).optional().ok()??;
    Some(String::from_utf8_lossy(value.trim_ascii_end()).into_owned())
}

/// Where it is written down what was judged: what cannot be written is refused.
fn log(repo: &Repo, settings: &Settings) -> Need {
    let label = "audit log";
    let Some(file) = &settings.audit.log else {
        return Need::there(label, "none is kept; audit.log names one");
    };
    let log = Log::of(repo, &file.0);
    let path = log.path();
    match writable(path) {
        Ok(()) => Need::there(label, shown(path)),
        Err(why) => Need::missing(label, format!("{}: {why}", shown(path))),
    }
}

/// Whether this account may write a file, or make it.
fn writable(path: &Path) -> Result<(), String> {
    let denied = "the account that runs Git may not write it";
    match path.symlink_metadata() {
        Ok(meta) if !meta.is_file() => Err("it is no regular file; move it away".to_owned()),
        Ok(_) if may_write(path) => Ok(()),
        Ok(_) => Err(denied.to_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => match path.parent() {
            Some(folder) if !folder.is_dir() => {
                Err("the folder is not there; make it for the account that runs Git".to_owned())
            }
            Some(folder) if !may_write(folder) => Err(denied.to_owned()),
            Some(_) | None => Ok(()),
        },
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(unix)]
fn may_write(path: &Path) -> bool {
    nix::unistd::access(path, nix::unistd::AccessFlags::W_OK).is_ok()
}

#[cfg(not(unix))]
fn may_write(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|meta| !meta.permissions().readonly())
}
