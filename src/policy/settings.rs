//! The tables of the configuration as types: what the policy can be asked to hold.

pub use super::allow::{Allow, ValueDigest};
use super::groups::Principal;
pub use super::marks::Tool;
use super::parsed::{Parsed, parsed_list, parsed_option, unwrap_all};
use super::path_patterns::PathPatterns;
use super::ref_pattern::RefPattern;
use crate::git::{RefName, RepoPath};
use crate::scan::Confidence;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
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
    /// What is allowed all the same.
    pub allow: Vec<Allow>,
    /// Allowances whose day has come: they allow nothing any more.
    #[serde(skip)]
    pub expired: Vec<Allow>,
    /// Other tools whose marks count as ours do.
    pub inline_marks: Vec<Tool>,
}

impl Default for Secrets {
    fn default() -> Self {
        Self {
            min_confidence: Confidence::Medium,
            disable: Vec::new(),
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
    /// Whether a file of that name stays out.
    #[must_use]
    pub fn denies(&self, path: &RepoPath) -> bool {
        self.deny.matches(path) && !self.allow.matches(path)
    }

    /// Whether a file of that name could stay out, wherever it stands.
    #[must_use]
    pub fn may_deny_name(&self, name: &[u8]) -> bool {
        self.deny.may_match_name(name)
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

/// `[identity]`: how a server knows who pushes.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Identity {
    /// Absent: nobody is known.
    #[serde(deserialize_with = "parsed_option")]
    pub source: Option<IdentitySource>,
}

/// Where the name of the pusher comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdentitySource {
    /// The account that the hook runs as.
    Unix,
    /// The variable that Gitolite sets, `GL_USER`.
    Gitolite,
    /// The variable of that name, which whoever starts Git on the server must control.
    Env(String),
}

impl FromStr for IdentitySource {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const LATER: [&str; 7] = [
            "ssh-key",
            "http",
            "gitea",
            "forgejo",
            "gitlab",
            "github",
            "bitbucket",
        ];
        match text {
            "unix" => Ok(Self::Unix),
            "gitolite" => Ok(Self::Gitolite),
            _ if LATER.contains(&text) => Err(format!(
                "\"{text}\" is not supported by this version of portcullis; \
                 use \"unix\", \"gitolite\" or \"env:NAME\""
            )),
            _ => match text.strip_prefix("env:") {
                Some(name) if !name.is_empty() && !name.contains(['=', '\0']) => {
                    Ok(Self::Env(name.to_owned()))
                }
                Some(_) | None => Err("is none of \"unix\", \"gitolite\", \"env:NAME\"".to_owned()),
            },
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

/// `[[protect]]`: who may move a ref, and how.
#[derive(Clone, Debug, Deserialize)]
pub struct Protect {
    #[serde(deserialize_with = "refs")]
    refs: Vec<RefPattern>,
    #[serde(default, deserialize_with = "parsed_list")]
    push: Option<Vec<Principal>>,
    #[serde(default, deserialize_with = "parsed_list")]
    create: Option<Vec<Principal>>,
    #[serde(default, deserialize_with = "parsed_list")]
    delete: Option<Vec<Principal>>,
    #[serde(default, deserialize_with = "parsed_list")]
    force: Option<Vec<Principal>>,
}

impl Protect {
    /// The patterns of the refs that the rule stands in front of; never empty.
    #[must_use]
    pub fn refs(&self) -> &[RefPattern] {
        &self.refs
    }

    /// Who may do it: an absent list of `create`, `delete` or `force` is that of `push`, an absent
    /// `push` is everyone who is known.
    #[must_use]
    pub fn who_may(&self, act: Act) -> &[Principal] {
        match act {
            Act::Push => None,
            Act::Create => self.create.as_deref(),
            Act::Delete => self.delete.as_deref(),
            Act::Force => self.force.as_deref(),
        }
        .or(self.push.as_deref())
        .unwrap_or(&[Principal::Everyone])
    }
}

/// What a push does to a ref.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Moves it forward.
    Push,
    /// Makes it.
    Create,
    /// Removes it.
    Delete,
    /// Moves it anywhere else.
    Force,
}

/// `[server]`
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Server {
    /// What is not decided after that time is undecided; absent: as long as it takes.
    #[serde(deserialize_with = "deadline")]
    pub deadline: Option<Duration>,
    /// What a verdict does.
    pub mode: Mode,
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

fn refs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<RefPattern>, D::Error> {
    let list = unwrap_all(Vec::<Parsed<RefPattern>>::deserialize(deserializer)?);
    if list.is_empty() {
        return Err(D::Error::custom("an empty list protects nothing"));
    }
    Ok(list)
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
        ] {
            assert_eq!(
                rule.denies(&RepoPath::new(path.as_bytes())),
                denied,
                "{path}"
            );
        }
    }

    #[test]
    fn absent_lists_fall_back_and_empty_ones_do_not() {
        let user = |name: &str| Principal::User(name.to_owned());
        let rule: Protect =
            toml::from_str("refs = [\"refs/heads/main\"]\npush = [\"bob\"]\nforce = []").unwrap();
        assert_eq!(rule.who_may(Act::Push), [user("bob")]);
        assert_eq!(rule.who_may(Act::Create), [user("bob")]);
        assert_eq!(rule.who_may(Act::Delete), [user("bob")]);
        assert_eq!(rule.who_may(Act::Force), []);
        let rule: Protect =
            toml::from_str("refs = [\"refs/heads/main\"]\ndelete = [\"@admins\"]").unwrap();
        assert_eq!(rule.who_may(Act::Push), [Principal::Everyone]);
        assert_eq!(rule.who_may(Act::Force), [Principal::Everyone]);
        assert_eq!(
            rule.who_may(Act::Delete),
            [Principal::Group("admins".to_owned())]
        );
        assert!(toml::from_str::<Protect>("push = []").is_err());
        assert!(toml::from_str::<Protect>("refs = []").is_err());
        assert!(toml::from_str::<Protect>("refs = [\"main\"]").is_err());
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
    fn a_source_of_identity_is_one_that_works() {
        assert_eq!("unix".parse(), Ok(IdentitySource::Unix));
        assert_eq!("gitolite".parse(), Ok(IdentitySource::Gitolite));
        assert_eq!("env:WHO".parse(), Ok(IdentitySource::Env("WHO".to_owned())));
        for bad in ["gitea", "env:", "env:A=B", "", "UNIX"] {
            assert!(bad.parse::<IdentitySource>().is_err(), "{bad}");
        }
    }
}
