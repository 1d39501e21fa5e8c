//! Whether those whom a policy names can ever be known: a name that no key has lets nobody in.

use super::Need;
use crate::git::{AllowedSigner, Repo, allowed_signers, escape};
use crate::policy::approvals::ApprovedBy;
use crate::policy::groups::{Principal, Pusher};
use crate::policy::settings::{Act, Identity, IdentitySource, Settings};
use std::io;
use std::path::Path;

/// So many names are told of many.
const TOLD: usize = 3;

/// How the server comes to know somebody.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    /// Who pushes is the first name of their key.
    Pushing,
    /// Any name of the key counts that something is signed with.
    Signing,
}

/// What a list that holds nobody does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Nobody {
    /// Something that is asked cannot be had.
    Refuses,
    /// An exception serves nobody.
    IsIdle,
}

/// A list of a policy.
struct List<'a> {
    key: String,
    who: &'a [Principal],
    known: Known,
    nobody: Nobody,
}

/// The rows on people whom nobody can be.
pub(super) fn rows(repo: &Repo, settings: &Settings) -> Vec<Need> {
    let mut rows: Vec<Need> = addresses(settings).into_iter().collect();
    rows.extend(exceptions(settings));
    let file = settings.identity.allowed_signers.as_ref();
    let text = file.and_then(|file| list(&repo.common_dir().join(file)).ok());
    let text = text.unwrap_or_default();
    let keys: Vec<AllowedSigner<'_>> = keys(&text).collect();
    // That there is no key at all, another row says.
    if !keys.is_empty() {
        rows.extend(strangers(settings, &keys));
        rows.extend(unsigned_members(settings, &keys));
    }
    rows
}

/// The list of whose a key is, as it stands.
///
/// # Errors
/// When it cannot be read; what is no regular file might have no end.
pub(super) fn list(file: &Path) -> io::Result<Vec<u8>> {
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    std::fs::read(file)
}

/// The keys in a list, without those that only look so: the bytes of a key begin with its type
/// (RFC 4253, section 6.6).
pub(super) fn keys(text: &[u8]) -> impl Iterator<Item = AllowedSigner<'_>> {
    allowed_signers(text).filter(|signer| {
        let rest = signer.key.split_first_chunk::<4>();
        rest.is_some_and(|(length, rest)| {
            usize::try_from(u32::from_be_bytes(*length)) == Ok(signer.kind.len())
                && rest.len() > signer.kind.len()
                && rest.starts_with(signer.kind)
        })
    })
}

/// The numbers (from 1) of the lines that should hold a key and hold none.
pub(super) fn junk(text: &[u8]) -> Vec<usize> {
    let lines = (1..).zip(text.split(|byte| *byte == b'\n'));
    let written = lines.filter(|(_, line)| !matches!(line.trim_ascii(), [] | [b'#', ..]));
    let junk = written.filter(|(_, line)| keys(line).next().is_none());
    junk.map(|(number, _)| number).collect()
}

/// Every list of a policy that names people.
fn lists(settings: &Settings) -> Vec<List<'_>> {
    let mut lists = Vec::new();
    for rule in &settings.protect {
        let push = rule.who_may(Act::Push);
        for (key, act) in Act::KEYS {
            let who = rule.who_may(act);
            // What stands for an absent list is told once.
            if act == Act::Push || who != push {
                lists.push(List {
                    key: format!("protect.{key}"),
                    who,
                    known: Known::Pushing,
                    nobody: Nobody::Refuses,
                });
            }
        }
        let signing = |key: &str, who| List {
            key: key.to_owned(),
            who,
            known: Known::Signing,
            nobody: Nobody::Refuses,
        };
        if rule.asks_for_tokens() {
            lists.push(signing("protect.confirm_by", rule.confirmers()));
        }
        let trailers = rule.approvals_by().contains(&ApprovedBy::Trailers);
        if let (true, false, Some(who)) =
            (rule.asks_for_approvals(), trailers, &rule.approvals_from)
        {
            lists.push(signing("protect.approvals_from", who));
        }
        lists.extend(rule.freeze.iter().map(|window| List {
            key: "protect.freeze.except".to_owned(),
            who: &window.except,
            known: Known::Pushing,
            nobody: Nobody::IsIdle,
        }));
    }
    lists.extend(settings.server.bypass_by.as_deref().map(|who| List {
        key: "server.bypass_by".to_owned(),
        who,
        known: Known::Signing,
        nobody: Nobody::IsIdle,
    }));
    lists.extend(settings.commits.except().map(|who| List {
        key: "commits.except".to_owned(),
        who,
        known: Known::Pushing,
        nobody: Nobody::IsIdle,
    }));
    lists
}

/// Those in lists whom no key makes known.
fn strangers(settings: &Settings, keys: &[AllowedSigner<'_>]) -> Vec<Need> {
    let Identity {
        source, gpg_home, ..
    } = &settings.identity;
    let asked = |list: &List<'_>| match list.known {
        Known::Pushing => *source == Some(IdentitySource::SshKey),
        // Whose the keys of GnuPG are, they say themselves.
        Known::Signing => gpg_home.is_none(),
    };
    let has_key = |known: Known, name: &str| {
        keys.iter().any(|signer| {
            let mut names = signer.names();
            match known {
                Known::Pushing => names.next() == Some(name.as_bytes()),
                Known::Signing => names.any(|one| one == name.as_bytes()),
            }
        })
    };
    let (mut rows, mut some) = (Vec::new(), Vec::new());
    for list in lists(settings).iter().filter(|list| asked(list)) {
        let Some(names) = settings.groups.names(list.who) else {
            continue;
        };
        let count = names.len();
        let unknown = names
            .into_iter()
            .filter(|name| !has_key(list.known, name))
            .collect::<Vec<_>>();
        if unknown.is_empty() {
            continue;
        }
        let told = format!("{} in {}", shown(&unknown), list.key);
        if unknown.len() < count || list.nobody == Nobody::IsIdle {
            some.push(told);
            continue;
        }
        let which = match list.known {
            Known::Pushing => "begins with the name of",
            Known::Signing => "has the name of",
        };
        rows.push(Need::missing(
            "known people",
            format!(
                "no line of identity.allowed_signers {which} {told}, and the list has nobody else: \
                 correct it, or add their keys"
            ),
        ));
    }
    some.dedup();
    if !some.is_empty() {
        let told = some.join("; ");
        let what = format!("identity.allowed_signers has no key of {told}: are they meant?");
        rows.push(Need::there("unknown people", what));
    }
    rows
}

/// `commits.members` are addresses: what is none lets no commit in.
fn addresses(settings: &Settings) -> Option<Need> {
    let names = members(settings)?;
    let (addresses, accounts): (Vec<&str>, Vec<&str>) =
        names.into_iter().partition(|name| name.contains('@'));
    if accounts.is_empty() {
        return None;
    }
    let label = "members";
    let told = shown(&accounts);
    Some(match addresses[..] {
        [] => Need::missing(
            label,
            format!(
                "commits.members has no address, only {told}, and goes by the addresses of \
                 authors and committers, so that it lets no commit in: write such as \
                 alice@example.com"
            ),
        ),
        _ => Need::there(
            label,
            format!("commits.members goes by addresses, and {told} is none: are they meant?"),
        ),
    })
}

/// Members who could sign nothing, where signatures are asked for, since no key has their address.
fn unsigned_members(settings: &Settings, keys: &[AllowedSigner<'_>]) -> Option<Need> {
    let signed = settings.protect.iter().any(|rule| rule.signed.asks());
    let pattern = |signer: &AllowedSigner<'_>| signer.principals.iter().any(|b| b"*?!".contains(b));
    if !signed || settings.identity.gpg_home.is_some() || keys.iter().any(pattern) {
        return None;
    }
    let listed = |name: &str| {
        let mut names = keys.iter().flat_map(AllowedSigner::names);
        names.any(|one| one.eq_ignore_ascii_case(name.as_bytes()))
    };
    let names = members(settings)?;
    let addresses: Vec<&str> = names
        .into_iter()
        .filter(|name| name.contains('@'))
        .collect();
    if addresses.is_empty() || addresses.iter().any(|name| listed(name)) {
        return None;
    }
    let told = shown(&addresses);
    Some(Need::there(
        "members",
        format!(
            "no key of identity.allowed_signers has an address of commits.members ({told}), so \
             that none of them can sign: add the addresses to the lines of their keys"
        ),
    ))
}

/// Those in `protect.freeze.except` whom the same rule lets do nothing at any time.
fn exceptions(settings: &Settings) -> Option<Need> {
    let groups = &settings.groups;
    let mut idle: Vec<&str> = Vec::new();
    for rule in &settings.protect {
        let may = |name: &str| {
            let pusher = Pusher::named(name.as_bytes());
            let mut lists = Act::KEYS.iter().map(|(_, act)| rule.who_may(*act));
            lists.any(|list| groups.allows(list, &pusher))
        };
        let names = rule.freeze.iter();
        let names = names.filter_map(|window| groups.names(&window.except));
        idle.extend(names.flatten().filter(|name| !may(name)));
    }
    idle.sort_unstable();
    idle.dedup();
    (!idle.is_empty()).then(|| {
        let told = shown(&idle);
        Need::there(
            "freeze",
            format!(
                "protect.freeze.except has {told}, to whom the same rule gives nothing to do \
                 (push, create, delete, force): are they meant?"
            ),
        )
    })
}

/// All in `commits.members`, where that can be known.
fn members(settings: &Settings) -> Option<Vec<&str>> {
    settings.groups.names(settings.commits.members()?)
}

/// The first of some names, and how many there are beside them.
fn shown(names: &[&str]) -> String {
    let first = names.iter().take(TOLD);
    let first: Vec<String> = first.map(|name| escape(name.as_bytes())).collect();
    match names.len().saturating_sub(TOLD) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}
