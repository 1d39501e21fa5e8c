//! The tables of the configuration as types: what the policy can be asked to hold.

pub use super::allow::{Allow, ValueDigest};
pub use super::audit::{Address, Audit, LogFile, Proxy};
pub use super::commits::Commits;
pub use super::content::Content;
use super::groups::Principal;
pub use super::identity::{GpgKeys, Identity, IdentitySource};
pub use super::marks::Tool;
use super::parsed::{ByteCount, Parsed, parsed_list, parsed_option};
use super::path_patterns::PathPatterns;
pub use super::protect::{Act, Freeze, Protect, SignatureLevel};
use crate::git::{RefName, RepoPath};
use crate::hook::Side;
use crate::scan::{Confidence, Own, Selection};
use serde::Deserialize;
use serde::de::Deserializer;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// All tables together: what one policy is made of.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "each is documented at its type")]
pub struct Settings {
    pub secrets: Secrets,
    pub env_files: EnvFiles,
    pub groups: super::groups::Groups,
    pub identity: Identity,
    pub trust: Trust,
    pub protect: Vec<Protect>,
    pub commits: Commits,
    pub content: Content,
    pub audit: Audit,
    pub server: Server,
}

/// `[secrets]`: which secrets block.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct Secrets {
    /// A finding below it is a warning.
    pub min_confidence: Confidence,
    /// Ids of rules that are not asked.
    pub disable: Vec<String>,
    /// Rule files, as written: relative to the file that names them.
    pub rules: Vec<String>,
    /// What those files bring in.
    #[serde(skip)]
    pub own: Own,
    /// What is allowed all the same.
    pub allow: Vec<Allow>,
    /// Allowances whose day has come: they allow nothing any more.
    #[serde(skip)]
    pub expired: Vec<Allow>,
    /// Other tools whose marks count as ours do.
    pub inline_marks: Vec<Tool>,
}

impl Secrets {
    /// Which rules look.
    #[must_use]
    pub fn selection(&self) -> Selection {
        Selection {
            off: self.disable.clone(),
            own: self.own.clone(),
        }
    }
}

impl Default for Secrets {
    fn default() -> Self {
        Self {
            min_confidence: Confidence::Medium,
            disable: Vec::new(),
            rules: Vec::new(),
            own: Own::default(),
            allow: Vec::new(),
            expired: Vec::new(),
            inline_marks: Vec::new(),
        }
    }
}

/// `[env-files]`: which names of files stay out.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct EnvFiles {
    /// These stay out.
    pub deny: PathPatterns,
    /// But these may come in.
    pub allow: PathPatterns,
}

impl EnvFiles {
    /// Whether a file of that name stays out. `.ENV` is `.env` where a file system says so, and what
    /// reads one reads the other there.
    #[must_use]
    pub fn denies(&self, path: &RepoPath) -> bool {
        self.deny.matches_any_case(path) && !self.allow.matches_any_case(path)
    }

    /// Whether a file of that name could stay out, wherever it stands.
    #[must_use]
    pub fn may_deny_name(&self, name: &[u8]) -> bool {
        self.deny.may_match_name(name)
            || name.iter().any(u8::is_ascii_uppercase)
                && self.deny.may_match_name(&name.to_ascii_lowercase())
    }
}

impl Default for EnvFiles {
    fn default() -> Self {
        let patterns = |list: &[&str]| {
            // These are constants that a test compiles; an empty set would be the only failure.
            PathPatterns::new(list.iter().filter_map(|text| text.parse().ok())).unwrap_or_default()
        };
        Self {
            deny: patterns(&[".env", ".env.*", "*.env"]),
            allow: patterns(&[
                ".env.example",
                ".env.sample",
                ".env.template",
                ".env.dist",
                ".env.vault",
            ]),
        }
    }
}

/// `[trust]`: what of the pusher's own a server believes.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Trust {
    /// Absent: [`Inline::Honor`] on the developer's machine, [`Inline::Ignore`] on a server.
    pub inline: Option<Inline>,
    /// Absent: the one at the top of the worktree on the developer's machine, none on a server.
    #[serde(deserialize_with = "parsed_option")]
    pub baseline: Option<BaselineSource>,
}

impl Trust {
    /// What a mark does on one side of a push.
    #[must_use]
    pub fn inline_on(&self, side: Side) -> Inline {
        self.inline.unwrap_or(match side {
            Side::Client => Inline::Honor,
            Side::Server => Inline::Ignore,
        })
    }
}

/// Where the baseline is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BaselineSource {
    /// At the top of what a ref names now, before any push that is being judged.
    Ref(RefName),
    /// A file; relative to the Git directory on a server, to the top of the worktree elsewhere.
    File(PathBuf),
}

impl FromStr for BaselineSource {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with("refs/") {
            let name =
                RefName::new(text.as_bytes()).map_err(|_| "is not the full name of a ref")?;
            return Ok(Self::Ref(name));
        }
        match text {
            "" => Err("is neither the full name of a ref nor a file"),
            file => Ok(Self::File(PathBuf::from(file))),
        }
    }
}

/// What a mark `portcullis:allow(RULE) reason` on a line does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Inline {
    /// It allows the secret.
    Honor,
    /// The finding becomes a warning.
    Report,
    /// Nothing.
    Ignore,
}

/// `[server]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Server {
    /// What is not decided after that time is undecided; absent: as long as it takes.
    #[serde(deserialize_with = "deadline")]
    pub deadline: Option<Duration>,
    /// What a verdict does.
    pub mode: Mode,
    /// How many commits one push may bring in.
    pub max_commits: Option<u64>,
    /// How many files all those commits together may add or change; a file counts once for each
    /// commit that does so.
    pub max_files: Option<u64>,
    /// How many bytes the contents and messages together may have that one push brings in.
    #[serde(deserialize_with = "bytes")]
    pub max_bytes: Option<u64>,
    /// Whose token lets findings pass; absent: nobody's.
    #[serde(deserialize_with = "parsed_list")]
    pub bypass_by: Option<Vec<Principal>>,
    /// How long the old tip is kept of a protected ref that was deleted or rewritten.
    #[serde(deserialize_with = "backups")]
    pub backups: Backups,
}

/// How long old tips are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backups {
    /// `"none"`: they are not.
    Off,
    /// So many days, at most 3650.
    Days(u16),
}

impl Default for Backups {
    fn default() -> Self {
        Self::Days(30)
    }
}

impl FromStr for Backups {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const SHAPE: &str =
            "is neither \"none\" nor a number of days such as \"30d\", at most \"3650d\"";
        let days = |text: &str| match text.strip_suffix('d')?.parse() {
            Ok(days @ 1..=3_650) if !text.starts_with('+') => Some(Self::Days(days)),
            Ok(_) | Err(_) => None,
        };
        match text {
            "none" => Ok(Self::Off),
            _ => days(text).ok_or(SHAPE),
        }
    }
}

fn backups<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Backups, D::Error> {
    Parsed::deserialize(deserializer).map(|parsed| parsed.0)
}

/// What the verdict of a server does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// It holds.
    #[default]
    Enforce,
    /// It is said and logged, and the push is accepted.
    Evaluate,
}

/// Reads a time such as `4s`, `500ms`, `1m`: a whole number and its unit, at least 1 ms, at most
/// one hour.
///
/// # Errors
/// When it is anything else.
pub fn parse_deadline(text: &str) -> Result<Duration, &'static str> {
    const SHAPE: &str = "is not a time such as \"500ms\", \"4s\" or \"1m\", at most an hour";
    let unit = text.find(|c: char| !c.is_ascii_digit()).ok_or(SHAPE)?;
    let number: u64 = text[..unit].parse().map_err(|_| SHAPE)?;
    let millis = match &text[unit..] {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        _ => return Err(SHAPE),
    };
    match number.checked_mul(millis) {
        Some(total @ 1..=3_600_000) => Ok(Duration::from_millis(total)),
        Some(_) | None => Err(SHAPE),
    }
}

fn bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Parsed::<ByteCount>::deserialize(deserializer).map(|parsed| Some(parsed.0.0))
}

fn deadline<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    struct Deadline(Duration);
    impl FromStr for Deadline {
        type Err = &'static str;

        fn from_str(text: &str) -> Result<Self, Self::Err> {
            parse_deadline(text).map(Self)
        }
    }
    Parsed::<Deadline>::deserialize(deserializer).map(|parsed| Some(parsed.0.0))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn env_files_are_denied_by_name_and_examples_are_not() {
        let rule = EnvFiles::default();
        for (path, denied) in [
            (".env", true),
            ("a/.env.local", true),
            ("prod.env", true),
            (".env.example", false),
            ("a/.env.vault", false),
            ("env", false),
            (".envrc", false),
            (".ENV", true),
            ("a/Prod.Env", true),
            (".Env.Example", false),
            ("ENV", false),
        ] {
            assert_eq!(
                rule.denies(&RepoPath::new(path.as_bytes())),
                denied,
                "{path}"
            );
        }
    }

    #[test]
    fn deadlines_have_a_unit_and_a_limit() {
        for (text, millis) in [
            ("4s", 4_000),
            ("500ms", 500),
            ("1m", 60_000),
            ("60m", 3_600_000),
        ] {
            assert_eq!(parse_deadline(text), Ok(Duration::from_millis(millis)));
        }
        for bad in [
            "",
            "4",
            "s",
            "0s",
            "-1s",
            "4 s",
            "1h",
            "61m",
            "99999999999999999999s",
            "4.5s",
            "4S",
        ] {
            assert!(parse_deadline(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_baseline_is_at_a_ref_or_in_a_file() {
        let name = RefName::new(b"refs/heads/main").unwrap();
        assert_eq!("refs/heads/main".parse(), Ok(BaselineSource::Ref(name)));
        let file = BaselineSource::File(PathBuf::from("accepted"));
        assert_eq!("accepted".parse(), Ok(file));
        for bad in ["", "refs/heads/..", "refs/heads/a b"] {
            assert!(bad.parse::<BaselineSource>().is_err(), "{bad}");
        }
    }
}
