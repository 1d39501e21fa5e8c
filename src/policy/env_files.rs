//! Pack `env-files`: files that hold an environment stay out, whatever is in them, since what is a
//! harmless value today is a password tomorrow.

use super::check::{Check, Cx, Raised, place_in};
use super::settings::{self, Settings};
use crate::change::{FileChange, Unread};
use crate::finding::{CheckId, Finding, Place};
use crate::git::{Mode, RepoPath};

pub(super) fn make(settings: &Settings) -> Box<dyn Check> {
    Box::new(EnvFiles {
        settings: settings.env_files.clone(),
    })
}

const PACK: &str = "env-files";

struct EnvFiles {
    settings: settings::EnvFiles,
}

impl Check for EnvFiles {
    fn file(
        &self,
        _cx: &Cx<'_>,
        file: &FileChange<'_>,
        out: &mut Vec<Raised>,
    ) -> Result<(), Unread> {
        let Some(path) = &file.path else {
            return Ok(());
        };
        let denied = match file.naming {
            crate::change::Naming::Whole => self.settings.denies(path),
            crate::change::Naming::LastPart => self.wants_name(path.file_name()),
        };
        if !denied || file.is_old_content() {
            return Ok(());
        }
        if file.mode != Mode::Symlink {
            let bytes = file.bytes().map_err(|error| Unread::new(path, error))?;
            if is_encrypted(bytes) {
                return Ok(());
            }
        }
        let place = place_in(file);
        let kept = file.is_kept();
        let message = "a file that holds an environment; keep it out of the repository".to_owned();
        let check = CheckId {
            pack: PACK,
            name: "env-file",
        };
        let mut raised = Raised::denied(
            check,
            message,
            help(&place, kept, &super::rewrite(file.by.commit)),
            place,
            file.by.refs.to_vec(),
        );
        raised.naming = file.naming;
        out.push(raised);
        Ok(())
    }

    fn wants_name(&self, name: &[u8]) -> bool {
        self.settings.may_deny_name(name)
    }

    fn holds_at(&self, _cx: &Cx<'_>, finding: &Finding, path: &RepoPath) -> bool {
        finding.check.pack != PACK || self.settings.denies(path)
    }
}

fn help(place: &Place, kept: bool, rewrite: &str) -> String {
    let path = place
        .path
        .as_ref()
        .map_or_else(String::new, super::shell_word);
    let name = "list its names without values in .env.example";
    match place.commit {
        _ if kept => format!("change what it held, then take it out of the history\n{name}"),
        None if place.blob.is_some() => format!(
            "unstage it and have Git ignore it:\n$ git rm --cached -- {path}\n$ echo {path} >> .gitignore\n{name}"
        ),
        None => format!("have Git ignore it:\n$ echo {path} >> .gitignore\n{name}"),
        Some(_) => format!(
            "take it out of the commit; another one on top does not remove it:\n$ {rewrite}\n{name}"
        ),
    }
}

/// Whether the file is safe to share by its own doing: encrypted as a whole (git-crypt, age, PGP,
/// Ansible Vault), or every value in it (dotenvx, SOPS).
fn is_encrypted(bytes: &[u8]) -> bool {
    let begins = [
        &b"\0GITCRYPT\0"[..],
        b"age-encryption.org/v1\n",
        b"-----BEGIN AGE ENCRYPTED FILE-----",
        b"-----BEGIN PGP MESSAGE-----",
        b"$ANSIBLE_VAULT;",
    ];
    begins.iter().any(|head| bytes.starts_with(head)) || are_values_encrypted(bytes)
}

/// dotenvx: `NAME="encrypted:..."` beside `DOTENV_PUBLIC_KEY...`; SOPS: `NAME=ENC[...]` beside
/// `sops_...`. One value in clear and the file is none of them.
fn are_values_encrypted(bytes: &[u8]) -> bool {
    let mut encrypted = 0;
    for line in bytes.split(|byte| *byte == b'\n') {
        let line = line.trim_ascii();
        let line = line.strip_prefix(b"export ").unwrap_or(line);
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        let Some(equals) = memchr::memchr(b'=', line) else {
            return false;
        };
        let (name, value) = (line[..equals].trim_ascii(), line[equals + 1..].trim_ascii());
        let value = value
            .strip_prefix(b"\"")
            .or_else(|| value.strip_prefix(b"'"))
            .unwrap_or(value);
        if value.starts_with(b"encrypted:") || value.starts_with(b"ENC[") {
            encrypted += 1;
        } else if !(name.starts_with(b"DOTENV_PUBLIC_KEY")
            || name.starts_with(b"sops_")
            || value.is_empty())
        {
            return false;
        }
    }
    encrypted > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_wholly_encrypted_files_pass() {
        for good in [
            "DOTENV_PUBLIC_KEY=\"03ab\"\nA=\"encrypted:BE9Y\"\n# x\nB=encrypted:x\n",
            "A=ENC[AES256_GCM,data:x]\nsops_mac=ENC[x]\nsops_version=3.9\n",
            "$ANSIBLE_VAULT;1.1;AES256\n6162\n",
        ] {
            assert!(is_encrypted(good.as_bytes()), "{good}");
        }
        for bad in [
            "",
            "A=1\n",
            "A=encrypted:x\nB=plain\n",
            "DOTENV_PUBLIC_KEY=x\n",
            "junk\n",
        ] {
            assert!(!is_encrypted(bad.as_bytes()), "{bad}");
        }
    }
}
