//! The tables of the configuration as types: what the policy can be asked to hold.

use super::groups::Principal;
use super::parsed::{Day, Parsed, parsed_list, parsed_option, unwrap_all};
use super::path_patterns::{PathPattern, PathPatterns};
use super::ref_pattern::RefPattern;
use crate::git::RepoPath;
use crate::scan::{Confidence, Secret};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, Visitor};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

pub use super::commits::Commits;
pub use super::content::Content;
pub use super::value_digest::ValueDigest;

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
}

impl Default for Secrets {
    fn default() -> Self {
        Self {
            min_confidence: Confidence::Medium,
            disable: Vec::new(),
            allow: Vec::new(),
        }
    }
}

/// `[[secrets.allow]]`: a secret that all given keys describe is allowed.
#[derive(Clone, Debug)]
pub struct Allow {
    paths: Option<PathPatterns>,
    rules: Option<Vec<String>>,
    values: Option<Vec<ValueDigest>>,
    /// Why, as it was written; may be empty. Not escaped.
    pub reason: String,
    /// From the beginning of that day on, UTC, the entry no longer holds.
    pub expires: Option<time::Date>,
}

impl Allow {
    /// Whether the entry describes a secret that a rule found at a path (none: in a message).
    #[must_use]
    pub fn covers(&self, path: Option<&RepoPath>, rule: &str, secret: &Secret) -> bool {
        self.paths
            .as_ref()
            .is_none_or(|paths| path.is_some_and(|path| paths.matches(path)))
            && self
                .rules
                .as_ref()
                .is_none_or(|rules| rules.iter().any(|id| id == rule))
            && self.values.as_ref().is_none_or(|values| {
                let digest = ValueDigest::of(secret);
                values.contains(&digest)
            })
    }

    /// Whether the entry allows whatever a path may hold: it names paths and nothing else.
    #[must_use]
    pub fn covers_all_of(&self, path: Option<&RepoPath>) -> bool {
        let by_path = self.rules.is_none() && self.values.is_none();
        by_path
            && path.is_some_and(|path| self.paths.as_ref().is_some_and(|paths| paths.matches(path)))
    }

    /// Whether the entry still holds on a day.
    #[must_use]
    pub fn holds_on(&self, today: time::Date) -> bool {
        self.expires.is_none_or(|expires| today < expires)
    }
}

#[derive(Deserialize)]
struct RawAllow {
    paths: Option<Vec<Parsed<PathPattern>>>,
    rules: Option<Vec<String>>,
    values: Option<Vec<Parsed<ValueDigest>>>,
    #[serde(default)]
    reason: String,
    expires: Option<Day>,
}

impl<'de> Deserialize<'de> for Allow {
    // By a visitor, so that an error stands at this entry and not at the first one of the list.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entry;
        impl<'de> Visitor<'de> for Entry {
            type Value = Allow;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Allow, A::Error> {
                RawAllow::deserialize(serde::de::value::MapAccessDeserializer::new(map))?
                    .try_into()
                    .map_err(A::Error::custom)
            }
        }
        deserializer.deserialize_map(Entry)
    }
}

impl TryFrom<RawAllow> for Allow {
    type Error = &'static str;

    fn try_from(raw: RawAllow) -> Result<Self, Self::Error> {
        // An empty list describes nothing, so it can only be a slip; no list at all would allow
        // every secret everywhere.
        let lengths = [
            raw.paths.as_ref().map(Vec::len),
            raw.rules.as_ref().map(Vec::len),
            raw.values.as_ref().map(Vec::len),
        ];
        if lengths.contains(&Some(0)) {
            return Err("an empty list allows nothing; remove the key or fill the list");
        }
        if lengths.iter().all(Option::is_none) {
            return Err("says what is allowed by none of \"paths\", \"rules\" and \"values\"");
        }
        Ok(Self {
            paths: raw
                .paths
                .map(PathPatterns::try_from)
                .transpose()
                .map_err(|_| "the globs of \"paths\" are too large together")?,
            rules: raw.rules,
            values: raw.values.map(unwrap_all),
            reason: raw.reason,
            expires: raw.expires.map(|day| day.0),
        })
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
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Trust {
    /// Absent: [`Inline::Honor`] on the developer's machine, [`Inline::Ignore`] on a server.
    pub inline: Option<Inline>,
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

pub(super) fn refs<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<RefPattern>, D::Error> {
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

    fn date(year: i32, month: u8, day: u8) -> time::Date {
        time::Date::from_calendar_date(year, time::Month::try_from(month).unwrap(), day).unwrap()
    }

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
    fn an_allowance_covers_what_all_its_keys_describe() {
        let secret = Secret::new(b"not really one");
        let other = Secret::new(b"another");
        let digest = ValueDigest::of(&secret).to_hex();
        let allow: Allow = toml::from_str(&format!(
            "paths = [\"t/**\"]\nrules = [\"r\"]\nvalues = [\"sha256:{digest}\"]\nexpires = 2027-01-01"
        ))
        .unwrap();
        let path = RepoPath::new(b"t/a");
        let elsewhere = RepoPath::new(b"u/a");
        assert!(allow.covers(Some(&path), "r", &secret));
        assert!(!allow.covers(Some(&elsewhere), "r", &secret));
        assert!(!allow.covers(None, "r", &secret));
        assert!(!allow.covers(Some(&path), "s", &secret));
        assert!(!allow.covers(Some(&path), "r", &other));
        assert!(allow.holds_on(date(2026, 12, 31)));
        assert!(!allow.holds_on(date(2027, 1, 1)));
    }

    #[test]
    fn an_allowance_says_what_it_allows() {
        for bad in [
            "",
            "reason = \"x\"",
            "paths = []",
            "rules = [\"r\"]\npaths = []",
            "paths = [\"[\"]",
            "rules = [\"r\"]\nexpires = \"2027-01-01\"",
            "rules = [\"r\"]\nexpires = 2027-01-01T00:00:00Z",
            "values = [\"sha256:00\"]",
        ] {
            assert!(toml::from_str::<Allow>(bad).is_err(), "{bad}");
        }
        let value = format!("plain{}", "text");
        let error = toml::from_str::<Allow>(&format!("values = [\"{value}\"]")).unwrap_err();
        assert!(!error.message().contains(&value));
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
