//! Pack `env-files`: files that hold an environment stay out, whatever is in them, since what is a
//! harmless value today is a password tomorrow.

use super::check::{Check, Cx, Raised, place_in};
use super::questions::env_files::ENV_FILE;
use super::settings::{self, Settings};
use crate::change::{FileChange, Unread};
use crate::finding::{Finding, Place};
use crate::git::{Mode, RepoPath, shell_word};

pub(super) fn make(settings: &Settings) -> Box<dyn Check> {
    Box::new(EnvFiles {
        settings: settings.env_files.clone(),
    })
}

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
        let mut raised = Raised::denied(
            ENV_FILE,
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
        finding.check != ENV_FILE || self.settings.denies(path)
    }
}

fn help(place: &Place, kept: bool, rewrite: &str) -> String {
    let path = place
        .path
        .as_ref()
        .map_or_else(String::new, |path| shell_word(path.as_bytes()));
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
/// Ansible Vault), or every value in it (dotenvx, SOPS). Its first line is not believed: all of it
/// must have the form.
fn is_encrypted(bytes: &[u8]) -> bool {
    is_ciphertext(bytes) || are_values_encrypted(bytes)
}

fn is_ciphertext(bytes: &[u8]) -> bool {
    if let Some(rest) = bytes.strip_prefix(b"\0GITCRYPT\0") {
        return !is_settings(rest);
    }
    if let Some(rest) = bytes.strip_prefix(b"age-encryption.org/v1\n-> ") {
        return memchr::memmem::find(rest, b"\n--- ").is_some_and(|at| !is_settings(&rest[at..]));
    }
    let text = bytes.trim_ascii();
    if text.starts_with(b"$ANSIBLE_VAULT;") {
        let mut lines = text
            .split(|byte| *byte == b'\n')
            .map(<[u8]>::trim_ascii_end);
        let _header = lines.next();
        return lines.clone().next().is_some()
            && lines.all(|line| !line.is_empty() && line.iter().all(u8::is_ascii_hexdigit));
    }
    [
        ("AGE ENCRYPTED FILE", ""),
        (
            "PGP MESSAGE",
            "Version: Comment: Hash: Charset: MessageID: ",
        ),
    ]
    .iter()
    .any(|(kind, headers)| is_armor(text, kind, headers))
}

/// Whether a text is one block of armor of a kind, nothing before and behind it and nothing but
/// base 64 and these headers in it.
fn is_armor(text: &[u8], kind: &str, headers: &str) -> bool {
    let begin = format!("-----BEGIN {kind}-----");
    let end = format!("-----END {kind}-----");
    let inner = text
        .strip_prefix(begin.as_bytes())
        .and_then(|rest| rest.strip_suffix(end.as_bytes()));
    let Some(inner) = inner else { return false };
    let is_header = |line: &[u8]| {
        let name = line.split_inclusive(|byte| *byte == b' ').next();
        name.is_some_and(|name| {
            name.ends_with(b": ") && memchr::memmem::find(headers.as_bytes(), name).is_some()
        })
    };
    let is_coded = |line: &[u8]| {
        line.len() <= 76
            && line
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte))
    };
    let lines = inner
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii_end);
    let mut coded = 0;
    for line in lines {
        // `NAME=value` is base 64 as well, but for what base 64 ends with.
        let padded = line.iter().position(|byte| *byte == b'=');
        let ends = padded.is_none_or(|at| at == 0 || at + 2 >= line.len());
        if !(is_coded(line) && ends || is_header(line)) {
            return false;
        }
        coded += usize::from(!line.is_empty());
    }
    coded > 0
}

/// Whether any line of what should be a ciphertext is a setting.
fn is_settings(bytes: &[u8]) -> bool {
    bytes.split(|byte| *byte == b'\n').any(|line| {
        let line = line.trim_ascii();
        let name = line.strip_prefix(b"export ").unwrap_or(line);
        let length = name
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
            .count();
        length >= 2
            && name.get(length) == Some(&b'=')
            && name.iter().all(|byte| (b' '..=b'~').contains(byte))
    })
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
            "age-encryption.org/v1\n-> X25519 abc\nDEF\n--- ghi\n\x01\x02=\u{80}",
            "-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\nLW==\n-----END AGE ENCRYPTED FILE-----\n",
            "-----BEGIN PGP MESSAGE-----\nVersion: 1\n\nhQEM\n=abcd\n-----END PGP MESSAGE-----\n",
            "\0GITCRYPT\0\x01\x02\x03",
        ] {
            assert!(is_encrypted(good.as_bytes()), "{good}");
        }
        for bad in [
            "",
            "A=1\n",
            "A=encrypted:x\nB=plain\n",
            "DOTENV_PUBLIC_KEY=x\n",
            "junk\n",
            "$ANSIBLE_VAULT;1.1;AES256\nA=hunter\n",
            "$ANSIBLE_VAULT;1.1;AES256\n",
            "age-encryption.org/v1\nA=1\n",
            "age-encryption.org/v1\n-> X25519 abc\n--- x\nA_KEY=1\n",
            "-----BEGIN PGP MESSAGE-----\nA=1\nPASSWORD=hunter22\n-----END PGP MESSAGE-----\n",
            "-----BEGIN PGP MESSAGE-----\nhQEM\n-----END PGP MESSAGE-----\nA=1\n",
            "-----BEGIN PGP MESSAGE-----\nA=1\n",
            "\0GITCRYPT\0\nTOKEN=1\n",
        ] {
            assert!(!is_encrypted(bad.as_bytes()), "{bad}");
        }
    }
}
