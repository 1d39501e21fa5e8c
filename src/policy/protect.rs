//! `[[protect]]`: what a rule asks of a change of the refs that it stands in front of.

use super::approvals::{ApprovedBy, Owners, OwnersAt};
use super::groups::Principal;
use super::parsed::{Moment, Parsed, parsed_list, parsed_option, table, unwrap_all};
use super::ref_pattern::RefPattern;
use crate::git::{Format, RefName, Signer};
use regex::bytes::{Regex, RegexBuilder};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use std::str::FromStr;
use std::sync::Arc;
use time::OffsetDateTime;

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
    /// What a second person must confirm in the push itself.
    #[serde(default)]
    confirm: Vec<Confirmable>,
    #[serde(default, deserialize_with = "parsed_list")]
    confirm_by: Option<Vec<Principal>>,
    /// The old tip must stay on the first-parent line, and every new commit of that line be a merge.
    #[serde(default)]
    pub merge_only: bool,
    /// Whatever is merged must be reachable from a ref of this list; absent: from anywhere.
    #[serde(default, deserialize_with = "parsed_list")]
    pub merge_from: Option<Vec<RefPattern>>,
    /// No merge is among what is new on the ref.
    #[serde(default)]
    pub linear: bool,
    /// What the full names of the refs must match, unless they go.
    #[serde(default, deserialize_with = "parsed_option")]
    pub names: Option<Names>,
    /// When nothing may change.
    #[serde(default)]
    pub freeze: Vec<Freeze>,
    /// A tag must have an object of its own.
    #[serde(default)]
    pub annotated: bool,
    /// How many people must have approved what is new.
    approvals: Option<u8>,
    /// Which people; absent: everyone who is known.
    #[serde(default, deserialize_with = "parsed_list")]
    pub approvals_from: Option<Vec<Principal>>,
    approvals_by: Option<Vec<ApprovedBy>>,
    /// Whether who pushes counts among those who have approved.
    #[serde(default)]
    pub approvals_by_pusher: bool,
    /// Whether only approvals count that name this repository.
    #[serde(default)]
    pub approvals_name_repository: bool,
    /// Where it stands who has to approve which paths.
    #[serde(default, deserialize_with = "parsed_option")]
    pub owners: Option<OwnersAt>,
    /// What stands there, if that is a file of the server.
    #[serde(skip)]
    pub owned: Option<Arc<Owners>>,
    /// How commits and tags must be signed.
    #[serde(default)]
    pub signed: SignatureLevel,
    /// The push must have a certificate of the pusher's, signed as `signed` says.
    #[serde(default)]
    pub push_cert: bool,
}

/// One entry of `confirm`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Confirmable {
    Delete,
    Force,
}

impl Confirmable {
    const fn act(self) -> Act {
        match self {
            Self::Delete => Act::Delete,
            Self::Force => Act::Force,
        }
    }
}

/// What is asked of signatures; each level asks for what those before it do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignatureLevel {
    /// Nothing.
    #[default]
    None,
    /// A signature of a key that the server knows.
    Any,
    /// An SSH signature.
    Ssh,
    /// One of a key in a FIDO2 device that somebody touched.
    Fido2,
    /// One of a device that also verified who that was, by PIN or finger.
    Fido2Verified,
}

impl SignatureLevel {
    /// Whether anything is asked.
    #[must_use]
    pub fn asks(self) -> bool {
        self != Self::None
    }

    /// What is asked, for people.
    #[must_use]
    pub fn shown(self) -> &'static str {
        match self {
            Self::None => "nothing is asked",
            Self::Any => "signed commits and tags",
            Self::Ssh => "commits and tags signed with SSH keys",
            Self::Fido2 => "commits and tags signed with a touch of a FIDO2 device",
            Self::Fido2Verified => "commits and tags signed with a FIDO2 device and its PIN",
        }
    }

    /// What a good signature lacks, as a sentence.
    #[must_use]
    pub fn lacks(self, signer: &Signer) -> Option<&'static str> {
        let device = "its key is not in a FIDO2 device, as is asked here";
        let touch = "nobody touched the FIDO2 device, as is asked here";
        let person =
            "the FIDO2 device did not verify who touched it (PIN or finger), as is asked here";
        match (self, signer.hardware) {
            (Self::None | Self::Any | Self::Ssh, _) => None,
            (Self::Fido2 | Self::Fido2Verified, None) => Some(device),
            (Self::Fido2 | Self::Fido2Verified, Some(told)) if !told.touched => Some(touch),
            (Self::Fido2, Some(_)) => None,
            (Self::Fido2Verified, Some(told)) => (!told.verified).then_some(person),
        }
        .or(self.lacks_format(signer.format))
    }

    /// What a signature lacks by its format alone.
    #[must_use]
    pub fn lacks_format(self, format: Format) -> Option<&'static str> {
        let ssh = "its signature is not made with an SSH key, as is asked here";
        match self {
            Self::None | Self::Any => None,
            Self::Ssh | Self::Fido2 | Self::Fido2Verified => (format != Format::Ssh).then_some(ssh),
        }
    }
}

impl Protect {
    /// The patterns of the refs that the rule stands in front of; never empty.
    #[must_use]
    pub fn refs(&self) -> &[RefPattern] {
        &self.refs
    }

    /// Whether the rule has a say on a ref.
    #[must_use]
    pub fn protects(&self, name: &RefName) -> bool {
        self.refs.iter().any(|pattern| pattern.protects(name))
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

    /// Whether the rule says who may delete, by `delete` or by the `push` that stands for it.
    #[must_use]
    pub fn says_who_may_delete(&self) -> bool {
        self.delete.is_some() || self.push.is_some()
    }

    /// Whether a second person must confirm an act.
    #[must_use]
    pub fn asks_to_confirm(&self, act: Act) -> bool {
        self.confirm.iter().any(|listed| listed.act() == act)
    }

    /// Whether there is anything that a second person must confirm.
    #[must_use]
    pub fn asks_for_tokens(&self) -> bool {
        !self.confirm.is_empty()
    }

    /// Who may confirm; an absent list is nobody, which the configuration does not let happen where
    /// there is something to confirm.
    #[must_use]
    pub fn confirmers(&self) -> &[Principal] {
        self.confirm_by.as_deref().unwrap_or_default()
    }

    /// How many people must have approved what is new.
    #[must_use]
    pub fn approvals(&self) -> u8 {
        self.approvals.unwrap_or(0)
    }

    /// What counts as an approval.
    #[must_use]
    pub fn approvals_by(&self) -> &[ApprovedBy] {
        self.approvals_by
            .as_deref()
            .unwrap_or(&[ApprovedBy::Signed])
    }

    /// Whether the rule has the key `approvals`.
    #[must_use]
    pub fn writes_approvals(&self) -> bool {
        self.approvals.is_some()
    }

    /// Whether the rule has the key `approvals_by`.
    #[must_use]
    pub fn writes_approvals_by(&self) -> bool {
        self.approvals_by.is_some()
    }

    /// Whether anything has to be approved by anybody.
    #[must_use]
    pub fn asks_for_approvals(&self) -> bool {
        self.approvals() > 0 || self.owners.is_some()
    }

    /// Whether the commits must be known that are new on the ref.
    #[must_use]
    pub fn asks_for_history(&self) -> bool {
        self.merge_only || self.merge_from.is_some() || self.linear
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

impl Act {
    /// All there are, with the key that says who may.
    pub const KEYS: [(&'static str, Self); 4] = [
        ("push", Self::Push),
        ("create", Self::Create),
        ("delete", Self::Delete),
        ("force", Self::Force),
    ];
}

/// A regular expression over the bytes of full ref names; it may match anywhere in them.
#[derive(Clone, Debug)]
pub struct Names(Regex);

impl Names {
    /// Whether a name will do.
    #[must_use]
    pub fn matches(&self, name: &RefName) -> bool {
        self.0.is_match(name.as_bytes())
    }

    /// The expression as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl FromStr for Names {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Names are bytes: `.` and `\w` must not depend on what is valid UTF-8.
        let built = RegexBuilder::new(text).unicode(false).build();
        built.map(Self).map_err(|error| {
            let why = error.to_string();
            let why = why.lines().last().unwrap_or_default();
            let why = why.trim_start_matches("error: ");
            format!("is no regular expression: {why}")
        })
    }
}

/// One window of `freeze`.
#[derive(Clone, Debug)]
pub struct Freeze {
    /// The first moment of the window.
    pub from: OffsetDateTime,
    /// The first moment after it.
    pub until: OffsetDateTime,
    /// Who may change the refs all the same.
    pub except: Vec<Principal>,
}

impl Freeze {
    /// Whether a moment lies in the window.
    #[must_use]
    pub fn holds_at(&self, now: OffsetDateTime) -> bool {
        self.from <= now && now < self.until
    }
}

#[derive(Deserialize)]
struct RawFreeze {
    from: Moment,
    until: Moment,
    #[serde(default, deserialize_with = "parsed_list")]
    except: Option<Vec<Principal>>,
}

impl<'de> Deserialize<'de> for Freeze {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        table::<D, RawFreeze, Self>(deserializer)
    }
}

impl TryFrom<RawFreeze> for Freeze {
    type Error = &'static str;

    fn try_from(raw: RawFreeze) -> Result<Self, Self::Error> {
        let (from, until) = (raw.from.0, raw.until.0);
        if until <= from {
            return Err("ends before it begins: \"until\" must be later than \"from\"");
        }
        Ok(Self {
            from,
            until,
            except: raw.except.unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn rule(keys: &str) -> Result<Protect, toml::de::Error> {
        toml::from_str(&format!("refs = [\"refs/heads/main\"]\n{keys}"))
    }

    #[test]
    fn absent_lists_fall_back_and_empty_ones_do_not() {
        let user = |name: &str| Principal::User(name.to_owned());
        let protect = rule("push = [\"bob\"]\nforce = []").unwrap();
        assert_eq!(protect.who_may(Act::Push), [user("bob")]);
        assert_eq!(protect.who_may(Act::Create), [user("bob")]);
        assert_eq!(protect.who_may(Act::Delete), [user("bob")]);
        assert_eq!(protect.who_may(Act::Force), []);
        assert!(protect.says_who_may_delete());
        let protect = rule("delete = [\"@admins\"]").unwrap();
        assert_eq!(protect.who_may(Act::Push), [Principal::Everyone]);
        assert_eq!(protect.who_may(Act::Force), [Principal::Everyone]);
        assert_eq!(
            protect.who_may(Act::Delete),
            [Principal::Group("admins".to_owned())]
        );
        assert!(!rule("linear = true").unwrap().says_who_may_delete());
        assert!(toml::from_str::<Protect>("push = []").is_err());
        assert!(toml::from_str::<Protect>("refs = []").is_err());
        assert!(toml::from_str::<Protect>("refs = [\"main\"]").is_err());
    }

    #[test]
    fn names_are_matched_as_bytes() {
        let names: Names = r"^refs/heads/(main|release/\d+\.\d+)$".parse().unwrap();
        for (name, matches) in [
            (&b"refs/heads/main"[..], true),
            (b"refs/heads/release/1.20", true),
            (b"refs/heads/release/1x20", false),
            (b"refs/heads/main2", false),
            (b"refs/heads/\xff", false),
        ] {
            assert_eq!(names.matches(&RefName::new(name).unwrap()), matches);
        }
        let any: Names = "^refs/heads/.$".parse().unwrap();
        assert!(any.matches(&RefName::new(b"refs/heads/\xff").unwrap()));
        let error = "refs/(".parse::<Names>().unwrap_err();
        assert_eq!(error, "is no regular expression: unclosed group");
    }

    #[test]
    fn a_window_begins_before_it_ends_and_knows_its_offset() {
        let window =
            "freeze = [{ from = 2026-12-20T00:00:00+01:00, until = 2027-01-04T00:00:00Z }]";
        let window = &rule(window).unwrap().freeze[0];
        let at = |seconds: i64| OffsetDateTime::from_unix_timestamp(seconds).unwrap();
        let (from, until) = (window.from.unix_timestamp(), window.until.unix_timestamp());
        assert_eq!(until - from, 15 * 86_400 + 3_600);
        assert!(!window.holds_at(at(from - 1)));
        assert!(window.holds_at(at(from)));
        assert!(window.holds_at(at(until - 1)));
        assert!(!window.holds_at(at(until)));
        for bad in [
            "{ from = 2026-12-20T00:00:00Z }",
            "{ from = 2026-12-20T00:00:00Z, until = 2026-12-20T00:00:00Z }",
            "{ from = 2026-12-20T00:00:00, until = 2026-12-21T00:00:00 }",
            "{ from = 2026-12-20, until = 2026-12-21 }",
            "{ from = \"2026-12-20T00:00:00Z\", until = 2026-12-21T00:00:00Z }",
        ] {
            assert!(rule(&format!("freeze = [{bad}]")).is_err(), "{bad}");
        }
    }
}
