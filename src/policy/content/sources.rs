//! Where the manifests and lock files of package managers say that packages come from.
//!
//! The keys are those of the documents of npm (package.json, package-lock.json), Cargo (manifest,
//! config, Cargo.lock), pip (requirements files), Poetry and uv (lock files, pyproject.toml), Pipenv,
//! Composer (composer.lock), Bundler (Gemfile.lock), Yarn and pnpm.

use crate::git::RepoPath;
use serde_json::Value;
use std::collections::BTreeSet;

/// How a file says it.
#[derive(Clone, Copy, Debug)]
enum Format {
    /// JSON: the strings at these keys, wherever they stand.
    Json(&'static [&'static str]),
    /// JSON: the strings at `url` of the tables `source` and `dist`.
    Composer,
    /// JSON: the values of the tables of dependencies that are no versions.
    Npm,
    /// TOML: the strings at these keys.
    Toml(&'static [&'static str]),
    /// Any address on a line that holds one of these words; all lines, where there are none.
    Lines(&'static [&'static str]),
}

/// The last part of a path, in small letters, and what it is. A name may end with `*`.
const FILES: [(&str, Format); 22] = [
    ("package.json", Format::Npm),
    ("package-lock.json", Format::Json(&["resolved"])),
    ("npm-shrinkwrap.json", Format::Json(&["resolved"])),
    ("yarn.lock", Format::Lines(&[])),
    (".yarnrc", Format::Lines(&[])),
    (".yarnrc.yml", Format::Lines(&[])),
    (".npmrc", Format::Lines(&[])),
    (
        "pnpm-lock.yaml",
        Format::Lines(&["tarball:", "repo:", "registry:"]),
    ),
    ("composer.lock", Format::Composer),
    ("pipfile", Format::Toml(&["url", "git", "file"])),
    ("pipfile.lock", Format::Json(&["url", "git", "file"])),
    (
        "pyproject.toml",
        Format::Toml(&["url", "git", "index-url", "extra-index-url"]),
    ),
    ("poetry.lock", Format::Toml(&["url"])),
    ("uv.lock", Format::Toml(&["registry", "url", "git"])),
    ("pip.conf", Format::Lines(&[])),
    ("requirements*", Format::Lines(&[])),
    ("constraints*", Format::Lines(&[])),
    (
        "cargo.toml",
        Format::Toml(&["git", "registry-index", "index"]),
    ),
    ("cargo.lock", Format::Toml(&["source"])),
    ("gemfile", Format::Lines(&["source", "git"])),
    ("gemfile.lock", Format::Lines(&["remote:"])),
    ("nuget.config", Format::Lines(&["<add"])),
];

/// The tables of package.json whose values say what a package is.
const TABLES: [&str; 6] = [
    "dependencies",
    "devdependencies",
    "optionaldependencies",
    "peerdependencies",
    "overrides",
    "resolutions",
];

/// The file is not what its name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unreadable;

/// The addresses that a file takes packages from; none where it is no file of a package manager.
///
/// # Errors
/// When nobody can say.
pub(super) fn sources(
    path: &RepoPath,
    text: &[u8],
) -> Option<Result<BTreeSet<String>, Unreadable>> {
    let format = format(path)?;
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    Some(read(format, text).ok_or(Unreadable))
}

/// Whether it is a file of a package manager.
pub(super) fn says_sources(path: &RepoPath) -> bool {
    format(path).is_some()
}

fn format(path: &RepoPath) -> Option<Format> {
    let name = path.file_name().to_ascii_lowercase();
    // Cargo's own settings have a name that others use too.
    if path
        .as_bytes()
        .to_ascii_lowercase()
        .ends_with(b".cargo/config.toml")
    {
        return Some(Format::Toml(&["index", "registry"]));
    }
    let is = |known: &str| match known.strip_suffix('*') {
        Some(start) => name.starts_with(start.as_bytes()) && name.ends_with(b".txt"),
        None => name == known.as_bytes(),
    };
    FILES
        .iter()
        .find(|(known, _)| is(known))
        .map(|(_, format)| *format)
}

fn read(format: Format, text: &[u8]) -> Option<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    match format {
        Format::Lines(words) => lines(&String::from_utf8_lossy(text), words, &mut found),
        Format::Toml(keys) => {
            let table: toml::Table = std::str::from_utf8(text).ok()?.parse().ok()?;
            in_toml(&toml::Value::Table(table), None, keys, &mut found);
        }
        Format::Json(_) | Format::Composer | Format::Npm if text.trim_ascii().is_empty() => {}
        Format::Json(keys) => {
            let value = serde_json::from_slice(text).ok()?;
            in_json(&value, "", &mut |_, key, text| {
                if keys.contains(&key) {
                    found.extend(address(text));
                }
            });
        }
        Format::Composer => {
            let value = serde_json::from_slice(text).ok()?;
            in_json(&value, "", &mut |table, key, text| {
                if key == "url" && matches!(table, "source" | "dist") {
                    found.extend(address(text));
                }
            });
        }
        Format::Npm => {
            let value: Value = serde_json::from_slice(text).ok()?;
            let tables = value.as_object().into_iter().flatten();
            let tables = tables.filter(|(key, _)| TABLES.contains(&&key.to_ascii_lowercase()[..]));
            for (_, table) in tables {
                in_json(table, "", &mut |_, _, text| {
                    found.extend(address(text).or_else(|| on_a_forge(text)));
                });
            }
        }
    }
    Some(found)
}

/// Shows every string with its key and the key of the table that it stands in.
fn in_json(value: &Value, at: &str, see: &mut dyn FnMut(&str, &str, &str)) {
    match value {
        Value::Object(table) => {
            for (key, value) in table {
                match value {
                    Value::String(text) => see(at, key, text),
                    other => in_json(other, key, see),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|value| match value {
            Value::String(text) => see(at, at, text),
            other => in_json(other, at, see),
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn in_toml(value: &toml::Value, key: Option<&str>, keys: &[&str], found: &mut BTreeSet<String>) {
    match value {
        toml::Value::String(text) if key.is_some_and(|key| keys.contains(&key)) => {
            found.extend(address(text));
        }
        toml::Value::Table(table) => {
            for (key, value) in table {
                in_toml(value, Some(key), keys, found);
            }
        }
        toml::Value::Array(list) => list.iter().for_each(|one| in_toml(one, key, keys, found)),
        toml::Value::String(_)
        | toml::Value::Integer(_)
        | toml::Value::Float(_)
        | toml::Value::Boolean(_)
        | toml::Value::Datetime(_) => {}
    }
}

fn lines(text: &str, words: &[&str], found: &mut BTreeSet<String>) {
    for line in text.lines().map(str::trim) {
        let line = line.split(" #").next().unwrap_or(line);
        if line.starts_with(['#', ';'])
            || !(words.is_empty() || words.iter().any(|w| line.contains(w)))
        {
            continue;
        }
        let ends = |c: char| {
            c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | ',' | '{' | '}' | '(' | ')')
        };
        for word in line.split(ends) {
            // `registry=https://...`, `name@https://...`
            let start = word.find("://").map(|at| {
                let scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '.');
                word[..at]
                    .rfind(|c| !scheme(c))
                    .map_or(0, |before| before + 1)
            });
            let word = start.map_or(word, |start| &word[start..]);
            found.extend(address(word));
        }
    }
}

/// The address in a value that is one, without what says how it is to be taken.
fn address(text: &str) -> Option<String> {
    let text = text.trim();
    let bare = ["registry+", "sparse+", "git+", "source+", "direct+"];
    let bare = bare
        .iter()
        .find_map(|how| text.strip_prefix(how))
        .unwrap_or(text);
    let (scheme, rest) = match bare.split_once("://") {
        Some((scheme, rest)) => (scheme, rest),
        // `git@host:path`, as ssh has it.
        None => {
            let (host, path) = bare.strip_prefix("git@")?.split_once(':')?;
            return Some(format!("ssh://git@{host}/{path}"));
        }
    };
    // Files are those of the repository.
    (scheme != "file" && !rest.is_empty()).then(|| bare.to_owned())
}

/// `github:owner/name` and `owner/name`, as npm has them.
fn on_a_forge(text: &str) -> Option<String> {
    let (forge, name) = match text.split_once(':') {
        Some(("github", name)) => ("https://github.com", name),
        Some(("gitlab", name)) => ("https://gitlab.com", name),
        Some(("bitbucket", name)) => ("https://bitbucket.org", name),
        Some(("gist", name)) => ("https://gist.github.com", name),
        Some(_) => return None,
        None => ("https://github.com", text),
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let (owner, rest) = name.split_once('/').unwrap_or(("gist", name));
    let named = text.contains(':') || name.contains('/');
    let owned = !owner.is_empty() && !owner.starts_with('.') && owner.chars().all(plain);
    (named && owned && !rest.is_empty()).then(|| format!("{forge}/{name}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        let found = sources(&RepoPath::new(path.as_bytes()), text.as_bytes());
        found.unwrap().unwrap().into_iter().collect()
    }

    #[test]
    fn each_file_says_it_in_its_own_way() {
        for (path, text, addresses) in [
            (
                "web/package-lock.json",
                r#"{"packages":{"node_modules/a":{"resolved":"https://r.example/a.tgz","funding":{"url":"https://pay.example"}},"b":{"resolved":"packages/b","link":true}}}"#,
                &["https://r.example/a.tgz"][..],
            ),
            (
                "package.json",
                r#"{"homepage":"https://x.example","dependencies":{"a":"^1.0.0","b":"github:o/b#v1","c":"o/c","d":"git+ssh://git@h.example/d.git","e":"file:../e","f":"npm:g@1","h":"https://t.example/h.tgz"},"overrides":{"i":{"j":"git@h.example:o/j.git"}}}"#,
                &[
                    "https://github.com/o/b#v1",
                    "https://github.com/o/c",
                    "https://t.example/h.tgz",
                    "ssh://git@h.example/d.git",
                    "ssh://git@h.example/o/j.git",
                ],
            ),
            (
                "Cargo.lock",
                "version = 4\n[[package]]\nname = \"a\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n",
                &["https://github.com/rust-lang/crates.io-index"],
            ),
            (
                "Cargo.toml",
                "[package]\nrepository = \"https://x.example\"\n[dependencies]\na = { git = \"https://g.example/a\" }\n",
                &["https://g.example/a"],
            ),
            (
                ".cargo/config.toml",
                "[registries.own]\nindex = \"sparse+https://c.example/index/\"\n",
                &["https://c.example/index/"],
            ),
            (
                "requirements-dev.txt",
                "# see https://no.example\n--index-url https://p.example/simple\na @ git+https://g.example/a.git@v1 # https://no.example\nb==1\n-i https://q.example\n",
                &[
                    "https://g.example/a.git@v1",
                    "https://p.example/simple",
                    "https://q.example",
                ],
            ),
            (
                "yarn.lock",
                "a@^1:\n  resolved \"https://r.example/a.tgz#ab\"\n",
                &["https://r.example/a.tgz#ab"],
            ),
            (
                "pnpm-lock.yaml",
                "  a@1:\n    resolution: {tarball: https://t.example/a.tgz}\n    deprecated: see https://no.example\n",
                &["https://t.example/a.tgz"],
            ),
            (
                "composer.lock",
                r#"{"packages":[{"source":{"url":"https://g.example/a.git"},"dist":{"url":"https://d.example/a.zip"},"funding":[{"url":"https://no.example"}],"support":{"source":"https://no.example"}}]}"#,
                &["https://d.example/a.zip", "https://g.example/a.git"],
            ),
            (
                "uv.lock",
                "[[package]]\nname = \"a\"\nsource = { registry = \"https://p.example/simple\" }\n",
                &["https://p.example/simple"],
            ),
            (
                "Gemfile.lock",
                "GEM\n  remote: https://gems.example/\n  specs:\n",
                &["https://gems.example/"],
            ),
            (
                ".npmrc",
                "registry=https://r.example/\n",
                &["https://r.example/"],
            ),
        ] {
            assert_eq!(found(path, text), addresses, "{path}");
        }
    }

    #[test]
    fn what_cannot_be_read_says_nothing() {
        let read =
            |path: &str, text: &str| sources(&RepoPath::new(path.as_bytes()), text.as_bytes());
        assert_eq!(read("a/package-lock.json", "{"), Some(Err(Unreadable)));
        assert_eq!(read("Cargo.lock", "version ="), Some(Err(Unreadable)));
        assert_eq!(read("readme.md", "https://x.example"), None);
        let deep = "[".repeat(100_000);
        assert_eq!(read("package.json", &deep), Some(Err(Unreadable)));
    }
}
