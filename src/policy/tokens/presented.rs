//! The tokens that a push shows, and whether one of them fits what is asked.

use super::token::{Allowed, LONGEST, Token};
use super::{BadToken, Used};
use crate::change::Unread;
use crate::finding::Finding;
use crate::git::{Keys, Namespace, NotVerified, Oid, RefName, Repo, Signed, Signer, escape};
use crate::policy::groups::{Groups, Principal, Pusher};
use crate::policy::settings::Act;
use crate::policy::{Persons, ServerKeys};
use std::sync::OnceLock;
use time::OffsetDateTime;

/// Options for portcullis begin so; all others are for somebody else.
const OURS: &str = "portcullis.";
/// The options that there are.
pub(super) const NAMES: [&str; 2] = ["portcullis.confirm", "portcullis.bypass"];
/// More tokens than that are shown by nobody who means it.
const MOST: usize = 16;

/// What the options of a push show.
#[derive(Debug, Default)]
pub struct Presented {
    repository: Option<String>,
    taken: bool,
    given: Vec<Given>,
    wrong: Vec<String>,
}

/// A token as it was shown.
#[derive(Debug)]
pub struct Given {
    /// What it says.
    pub token: Token,
    signed: Signed,
    spent: Result<bool, Unread>,
    signer: OnceLock<Result<Signer, NotVerified>>,
}

/// What a token has to fit.
#[derive(Clone, Copy)]
pub struct Push<'a> {
    /// Who pushes.
    pub pusher: &'a Pusher,
    /// When.
    pub now: OffsetDateTime,
    /// The ref.
    pub name: &'a RefName,
    /// Where it stands.
    pub old: Option<Oid>,
    /// Where it is to stand.
    pub new: Option<Oid>,
    /// Who is in which group.
    pub groups: &'a Groups,
    /// Whom the server believes.
    pub keys: &'a ServerKeys,
    /// Where the files of those keys are.
    pub repo: Option<&'a Repo>,
}

/// What came of looking for a token.
pub(in crate::policy) type Search = Result<Result<Used, Vec<String>>, Unread>;

impl Presented {
    /// Reads the options of a push to a repository: its identity, none where it has none yet; the
    /// options, none where the server takes none; and whether a token of that id was spent before.
    #[must_use]
    pub fn read(
        repository: Option<String>,
        options: Option<&[Vec<u8>]>,
        spent: &dyn Fn(&str) -> Result<bool, Unread>,
    ) -> Self {
        let mut all = Self {
            repository,
            taken: options.is_some(),
            ..Self::default()
        };
        for option in options.unwrap_or_default() {
            if let Err(why) = all.take(option, spent) {
                all.wrong.push(why);
            }
        }
        if all.given.len() > MOST {
            all.given.clear();
            all.wrong
                .push(format!("the push shows more than {MOST} tokens"));
        }
        all
    }

    fn take(
        &mut self,
        option: &[u8],
        spent: &dyn Fn(&str) -> Result<bool, Unread>,
    ) -> Result<(), String> {
        let end = memchr::memchr(b'=', option).unwrap_or(option.len());
        let name = &option[..end];
        // Whoever writes it in capitals means us too, and must not be left without an answer.
        let ours = name.get(..OURS.len()).unwrap_or(name);
        if !ours.eq_ignore_ascii_case(OURS.as_bytes()) {
            return Ok(());
        }
        // What is run together with a name may be a token.
        let shown: String = escape(name).chars().take(24).collect();
        let Some(known) = NAMES.iter().find(|known| known.as_bytes() == name) else {
            let near = NAMES.iter();
            let near = near.min_by_key(|near| strsim::damerau_levenshtein(near, &shown));
            return Err(format!(
                "there is no push option {shown}; the nearest is {}",
                near.unwrap_or(&NAMES[0])
            ));
        };
        let word = option.get(end + 1..).unwrap_or_default();
        let (token, signed) =
            Token::of_word(word).map_err(|why| format!("the push option {shown}: {why}"))?;
        if token.confirms().is_some() != (*known == NAMES[0]) {
            return Err(format!("the push option {shown}: {}", BadToken::Malformed));
        }
        if self.given.iter().all(|given| given.token != token) {
            self.given.push(Given {
                spent: spent(&token.id()),
                token,
                signed,
                signer: OnceLock::new(),
            });
        }
        Ok(())
    }

    /// What is wrong with the options, escaped.
    #[must_use]
    pub fn wrong(&self) -> &[String] {
        &self.wrong
    }

    /// The identity of the repository: `NAME-DIGITS`.
    #[must_use]
    pub fn repository(&self) -> Option<&str> {
        self.repository.as_deref()
    }

    /// Whether the server takes options at all.
    #[must_use]
    pub fn taken(&self) -> bool {
        self.taken
    }

    /// Looks for a confirmation of an act by someone in a list; else why each that was shown is none.
    ///
    /// # Errors
    /// When it cannot be found out.
    pub(in crate::policy) fn confirmation(
        &self,
        push: &Push<'_>,
        act: Act,
        by: &[Principal],
    ) -> Search {
        let mut why = Vec::new();
        for given in &self.given {
            let Some(confirmed) = given.token.confirms() else {
                continue;
            };
            if confirmed != act {
                why.push("it confirms something else than that".to_owned());
                continue;
            }
            match given.fits(self.repository(), push, by)? {
                Ok(used) => return Ok(Ok(used)),
                Err(not) => why.push(not),
            }
        }
        Ok(Err(why))
    }

    /// The tokens that let findings pass.
    pub fn bypasses(&self) -> impl Iterator<Item = &Given> {
        let given = self.given.iter();
        given.filter(|given| given.token.confirms().is_none())
    }
}

impl Given {
    /// Whether it counts for a push to its ref, signed by someone in a list; else why not, escaped.
    ///
    /// # Errors
    /// When it cannot be found out: whether it was spent, or who signed it.
    pub fn fits(
        &self,
        repository: Option<&str>,
        push: &Push<'_>,
        by: &[Principal],
    ) -> Result<Result<Used, String>, Unread> {
        if let Err(why) = self.token.fits(repository, push) {
            return Ok(Err(why));
        }
        if self.spent.clone()? {
            return Ok(Err("it was used before, and counts once".to_owned()));
        }
        let verify = || {
            let keys: &Keys = push.keys.get(push.repo)?;
            Ok(keys.verify(&self.signed, Namespace::Portcullis, push.now))
        };
        let signer = match self.signer.get() {
            Some(known) => known,
            None => {
                let verified = verify()?;
                self.signer.get_or_init(|| verified)
            }
        };
        let signer = match signer {
            Ok(signer) => signer,
            Err(error) if error.is_undecided() => return Err(Unread::new("a token", error)),
            Err(error) => return Ok(Err(error.to_string())),
        };
        let persons = push.keys.persons(push.repo)?;
        let fits = second_person(&signer.principals, by, push.groups, push.pusher, persons);
        let fits = fits.map_err(|why| format!("it is signed by {}, {why}", signer.shown()));
        Ok(fits.map(|()| Used::of(&self.token, &self.signed.signature, signer)))
    }
}

impl Token {
    /// Whether it is made for this push, as far as it can say itself; else why not, escaped.
    pub(super) fn fits(&self, repository: Option<&str>, push: &Push<'_>) -> Result<(), String> {
        if repository != Some(&self.repository[..]) {
            let other = escape(self.repository.as_bytes());
            return Err(format!("it is for another repository, {other}"));
        }
        if self.refname != *push.name {
            return Err(format!("it is for another ref, {}", self.refname));
        }
        let (old, new) = match self.allowed {
            Allowed::Delete { old } => (Some(old), None),
            Allowed::Force { old, new } => (Some(old), Some(new)),
            Allowed::Findings { new, .. } => (None, new),
            Allowed::Check { new, .. } => (None, Some(new)),
        };
        if let Some(old) = old.filter(|old| push.old != Some(*old)) {
            return Err(format!("it is for when the ref stands at {}", old.short()));
        }
        if let Some(new) = new.filter(|new| push.new != Some(*new)) {
            return Err(format!("it is for moving the ref to {}", new.short()));
        }
        let left = self.expires.saturating_sub(push.now.unix_timestamp());
        if left <= 0 {
            return Err(format!("it has expired at {}", self.until()));
        }
        if left > LONGEST.whole_seconds() {
            return Err("it lasts longer than the 7 days that one may last".to_owned());
        }
        match (&self.pusher, push.pusher) {
            (None, _) => Ok(()),
            (Some(meant), Pusher::Known(name)) if meant == name => Ok(()),
            (Some(meant), Pusher::Known(_) | Pusher::Unknown) => {
                Err(format!("it is for a push by {}", escape(meant)))
            }
        }
    }

    /// Whether it names a finding.
    #[must_use]
    pub fn excuses(&self, finding: &Finding) -> bool {
        match &self.allowed {
            Allowed::Delete { .. } | Allowed::Force { .. } => false,
            Allowed::Findings { findings, .. } => findings.contains(&finding.fingerprint),
            Allowed::Check { check, .. } => *check == finding.check.to_string(),
        }
    }
}

/// Whether a key with these names may allow it to the pusher: one of them is in the list, none is the
/// pusher's. Who pushes must be known, else nobody could say that they are two.
pub(in crate::policy) fn second_person(
    principals: &[Vec<u8>],
    by: &[Principal],
    groups: &Groups,
    pusher: &Pusher,
    persons: &Persons,
) -> Result<(), &'static str> {
    let Pusher::Known(name) = pusher else {
        return Err(
            "and who pushes is not known, so that nobody can tell that they are two people",
        );
    };
    if principals.iter().any(|signer| persons.same(signer, name)) {
        return Err("who is the one that pushes; it takes two people");
    }
    let mut named = principals.iter().map(|name| Pusher::named(name));
    if named.any(|signer| groups.allows(by, &signer)) {
        return Ok(());
    }
    Err("who is none of those whom the policy names for that")
}

#[cfg(test)]
mod tests;
