//! Where the policy comes from: files in layers, each read whole, checked and merged.

mod approvals;
mod baseline;
mod discover;
mod error;
mod file;
pub mod import;
mod keys;
mod members;
pub mod rules;

pub use baseline::{BaselineAt, BaselineError};
pub use discover::{discover_client, discover_server};
pub use error::{ConfigError, Problem};
pub use keys::{KEYS, Key};

use crate::policy::groups::Groups;
use crate::policy::settings::{
    Audit, Commits, Content, EnvFiles, Identity, Protect, Secrets, Server, Settings, Trust,
};
use crate::scan::Own;
use file::Layer;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use std::collections::HashSet;
use std::path::PathBuf;

/// Whose a file is, and so how far it is trusted. Later ones in this order override earlier ones.
///
/// On a server only [`Origin::Server`] counts, so that no pushed tree and no account configures its
/// own judge. On the developer's machine all of it is the developer's to change: there the policy
/// spares them a mistake, it does not bind them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// `/etc/portcullis/config.toml`: whoever administers the machine.
    Machine,
    /// `config.toml` in the user's own folder of settings.
    User,
    /// `.portcullis.toml` of a working tree: whoever may commit to the repository. Never read on a
    /// server.
    Repository,
    /// The policy of a server: whoever keeps the repository there. It must be there.
    Server,
    /// `--config FILE`: whoever gives the command. It must be there.
    CommandLine,
}

/// The whole policy. Without any file: secrets and env files are denied, and nothing else is asked.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Config {
    #[serde(rename = "version")]
    _version: Version,
    /// `[secrets]`; allowances that have expired stand apart.
    pub secrets: Secrets,
    /// `[env-files]`
    pub env_files: EnvFiles,
    /// `[groups]`
    pub groups: Groups,
    /// `[identity]`
    pub identity: Identity,
    /// `[trust]`
    pub trust: Trust,
    /// `[[protect]]`, in the order of the files; every rule that matches must be satisfied.
    pub protect: Vec<Protect>,
    /// `[commits]`
    pub commits: Commits,
    /// `[content]`
    pub content: Content,
    /// `[audit]`
    pub audit: Audit,
    /// `[server]`
    pub server: Server,
    /// What of the rule files could not be carried over.
    #[serde(skip)]
    pub notes: Vec<rules::Note>,
    /// The files that were read.
    #[serde(skip)]
    pub files: Vec<(Origin, PathBuf)>,
    /// The SHA-256 of what they hold, and the lists of members and owners that they name, one after
    /// the other, in hexadecimal digits.
    #[serde(skip)]
    pub digest: String,
}

/// The version of the format: 1, the only one there is.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(try_from = "i64")]
struct Version;

impl TryFrom<i64> for Version {
    type Error = &'static str;

    fn try_from(number: i64) -> Result<Self, Self::Error> {
        match number {
            1 => Ok(Self),
            _ => Err("this version of portcullis reads version 1 alone"),
        }
    }
}

impl Config {
    /// Reads the files and merges them: a later key overrides an earlier one, a list replaces a
    /// list, but the entries of `[[secrets.allow]]` and `[[protect]]` add up. `known_rule` tells
    /// whether a rule of that id exists; an allowance that has expired by `today` (UTC) is left out.
    ///
    /// # Errors
    /// The first thing that is wrong, with its file, line and key: a file that had to be there and
    /// is not, is no regular file, is larger than 1 MiB or is not TOML; a key that is unknown or
    /// not enforced yet; a value that does not parse; a rule or group that does not exist.
    pub fn load(
        layers: &[(Origin, PathBuf)],
        today: time::Date,
        known_rule: &dyn Fn(&str) -> bool,
    ) -> Result<Self, ConfigError> {
        let mut merged = toml::Table::new();
        let mut read: Vec<Layer> = Vec::new();
        for (origin, path) in layers {
            if let Some(layer) = Layer::read(*origin, path)? {
                merge(&mut merged, layer.table.clone());
                read.push(layer);
            }
        }
        let mut config: Self = merged.try_into().map_err(|error: toml::de::Error| {
            // Each layer was valid by itself; only together could they be too much.
            let file = layers.last().map(|(_, path)| path.clone());
            ConfigError::new(
                &file.unwrap_or_default(),
                None,
                Problem::Syntax(error::plain(error.message())),
            )
        })?;
        let mut held = Held::default();
        for layer in &read {
            held.add(layer.text().as_bytes());
        }
        members::read(&read, &mut config, &mut held)?;
        let (own, ids) = own_rules(&read, &mut config.notes)?;
        let known = |id: &str| known_rule(id) || ids.contains(id);
        for layer in &read {
            layer.check_rules(&known)?;
            layer.check_groups(&config.groups)?;
            approvals::check(layer, &config)?;
            // Elsewhere it is a word of advice, and the keys are where the push arrives.
            if layer.origin == Origin::Server {
                layer.check_keys(&config.identity)?;
            }
        }
        approvals::read_owners(&read, &mut config.protect, &mut held)?;
        config.secrets.own = own;
        (config.secrets.allow, config.secrets.expired) = std::mem::take(&mut config.secrets.allow)
            .into_iter()
            .partition(|allow| allow.holds_on(today));
        config.digest = held.digest();
        config.files = read
            .into_iter()
            .map(|layer| (layer.origin, layer.path))
            .collect();
        Ok(config)
    }
}

/// Which policy it was, for who looks back: two that hold the same have the same digest.
#[derive(Default)]
struct Held(Sha256);

impl Held {
    /// A text that the policy consists of; each says how long it is.
    fn add(&mut self, text: &[u8]) {
        self.0.update((text.len() as u64).to_be_bytes());
        self.0.update(text);
    }

    fn digest(self) -> String {
        let digits = self.0.finalize();
        digits.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// What the rule files bring in: those of the last file that names some, as a list replaces a list.
/// And the ids of all, since a file may switch off rules whose list a later one replaces.
fn own_rules(
    read: &[Layer],
    notes: &mut Vec<rules::Note>,
) -> Result<(Own, HashSet<&'static str>), ConfigError> {
    let mut own = Own::default();
    let mut ids = HashSet::new();
    for layer in read {
        let Some(files) = layer.rule_files()? else {
            continue;
        };
        own = Own::default();
        notes.clear();
        for file in files {
            ids.extend(file.own.rules.iter().map(|rule| rule.id));
            notes.extend(file.notes);
            own.add(file.own).map_err(|id| {
                layer.rule_files_clash(format!("two of the files have a rule {id}"))
            })?;
        }
    }
    Ok((own, ids))
}

impl From<Config> for Settings {
    fn from(config: Config) -> Self {
        Self {
            secrets: config.secrets,
            env_files: config.env_files,
            groups: config.groups,
            identity: config.identity,
            trust: config.trust,
            protect: config.protect,
            commits: config.commits,
            content: config.content,
            audit: config.audit,
            server: config.server,
        }
    }
}

/// Puts `over` on top of `under`.
fn merge(under: &mut toml::Table, over: toml::Table) {
    use toml::Value;
    for (key, value) in over {
        match (under.get_mut(&key), value) {
            (Some(Value::Table(below)), Value::Table(above)) => merge(below, above),
            (Some(Value::Array(below)), Value::Array(above))
                if [&*below, &above]
                    .iter()
                    .all(|list| list.iter().all(Value::is_table)) =>
            {
                below.extend(above);
            }
            (_, value) => {
                under.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests;
