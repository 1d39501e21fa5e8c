//! Where configuration is looked for, on the developer's machine and on a server.

use super::Origin;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The name of the server's policy in a Git directory.
const SERVER_FILE: &str = "portcullis.toml";
/// The name of a repository's own conventions, at the top of its working tree.
const REPOSITORY_FILE: &str = ".portcullis.toml";

/// The files that count on the developer's machine, whether they exist or not, in the order in
/// which they override each other: the machine's, the user's, that of the working tree at `top`.
///
/// The user's folder is `$XDG_CONFIG_HOME`, else `$HOME/.config` (XDG Base Directory Specification:
/// empty or relative is as if it were not set).
#[must_use]
pub fn discover_client(
    top: Option<&Path>,
    env: &dyn Fn(&str) -> Option<OsString>,
) -> Vec<(Origin, PathBuf)> {
    let folder = |name: &str| {
        env(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let user =
        folder("XDG_CONFIG_HOME").or_else(|| folder("HOME").map(|home| home.join(".config")));
    let mut layers = vec![(
        Origin::Machine,
        PathBuf::from("/etc/portcullis/config.toml"),
    )];
    layers.extend(user.map(|folder| (Origin::User, folder.join("portcullis/config.toml"))));
    layers.extend(top.map(|top| (Origin::Repository, top.join(REPOSITORY_FILE))));
    layers
}

/// The file that counts on a server: the one that was named, else `portcullis.toml` in the Git
/// directory if there is anything of that name, else none. What is returned must be readable.
#[must_use]
pub fn discover_server(git_dir: &Path, named: Option<&Path>) -> Vec<(Origin, PathBuf)> {
    let path = match named {
        Some(named) => named.to_owned(),
        None => {
            let path = git_dir.join(SERVER_FILE);
            // Only "it is not there" means none: a link to nowhere or a folder that cannot be
            // searched must not turn the policy off.
            match path.symlink_metadata() {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Vec::new(),
                Ok(_) | Err(_) => path,
            }
        }
    };
    vec![(Origin::Server, path)]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_client_reads_machine_user_and_repository() {
        let with = |pairs: &'static [(&str, &str)]| {
            move |name: &str| {
                let pair = pairs.iter().find(|(key, _)| *key == name);
                pair.map(|(_, value)| OsString::from(value))
            }
        };
        let machine = (
            Origin::Machine,
            PathBuf::from("/etc/portcullis/config.toml"),
        );
        let user = |path: &str| (Origin::User, PathBuf::from(path));
        let top = Path::new("/r");
        assert_eq!(
            discover_client(
                Some(top),
                &with(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "/x")])
            ),
            [
                machine.clone(),
                user("/x/portcullis/config.toml"),
                (Origin::Repository, PathBuf::from("/r/.portcullis.toml"))
            ]
        );
        assert_eq!(
            discover_client(None, &with(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "rel")])),
            [machine.clone(), user("/h/.config/portcullis/config.toml")]
        );
        assert_eq!(discover_client(None, &with(&[])), [machine]);
    }

    #[test]
    fn a_server_reads_what_was_named_or_what_lies_there() {
        let dir = tempfile::tempdir().unwrap();
        let own = dir.path().join("portcullis.toml");
        let named = dir.path().join("missing.toml");
        assert_eq!(discover_server(dir.path(), None), []);
        assert_eq!(
            discover_server(dir.path(), Some(&named)),
            [(Origin::Server, named.clone())]
        );
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(&named, &own).unwrap();
            assert_eq!(discover_server(dir.path(), None), [(Origin::Server, own)]);
        }
    }
}
