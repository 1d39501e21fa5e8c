//! Whom a secret belongs to, and what it opens, as far as it or the text around it says so.

use super::keys::{self, Key};
use super::proof::{is_encrypted, pem_body};
use super::{Match, Validity};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use regex_automata::util::captures::Captures;

/// Of what says which cluster it opens.
pub(super) const KUBERNETES: &str = "Kubernetes";

/// Longer names are not shown.
const MAX_NAME: usize = 120;

/// What the named groups of a regex hold beside the secret: `user app, host db.acme.io`.
pub(super) fn named(captures: &Captures, text: &[u8]) -> Option<String> {
    let pattern = captures.pattern()?;
    let names = captures.group_info().pattern_names(pattern).enumerate();
    let said: Vec<String> = names
        .filter_map(|(index, name)| {
            let name = name.filter(|name| *name != "secret")?;
            let value = shown(&text[captures.get_group(index)?.range()])?;
            Some(format!("{} {value}", name.replace('_', " ")))
        })
        .collect();
    (!said.is_empty()).then(|| said.join(", "))
}

fn shown(value: &[u8]) -> Option<&str> {
    let fits = (1..=MAX_NAME).contains(&value.len());
    let plain = fits && value.iter().all(u8::is_ascii_graphic);
    str::from_utf8(value).ok().filter(|_| plain)
}

/// Adds what the secret itself says.
pub(super) fn tell(found: &mut Match, text: &[u8]) {
    let secret = found.secret.expose();
    if secret.starts_with(b"-----BEGIN") {
        if found.valid != Validity::No {
            let encrypted = "encrypted with a passphrase".to_owned();
            let body = pem_body(secret).map(|(_, body)| body);
            let locked = is_encrypted(secret, body.as_deref().unwrap_or_default());
            let key = body.and_then(|body| keys::of_openssh(&body).or_else(|| keys::of_der(&body)));
            tell_key(found, key, locked.then_some(encrypted));
        }
        return;
    }
    if text[found.whole.clone()].starts_with(b"PuTTY-User-Key-File-") {
        let key = keys::of_putty(&text[found.whole.clone()]);
        tell_key(found, key, None);
        return;
    }
    if found.identity.is_none() {
        let cluster = (found.rule.provider == KUBERNETES).then(|| cluster(text));
        found.identity = cluster.flatten().or_else(|| user(secret));
    }
}

/// The server of a kubeconfig, if it has only one.
fn cluster(text: &[u8]) -> Option<String> {
    const KEY: &[u8] = b" server: ";
    let mut servers = memchr::memmem::find_iter(text, KEY).map(|at| {
        let rest = &text[at + KEY.len()..];
        let end = rest.iter().position(u8::is_ascii_whitespace);
        rest[..end.unwrap_or(rest.len())].trim_ascii()
    });
    let server = servers
        .next()
        .filter(|server| server.starts_with(b"http"))?;
    let only = servers.all(|other| other == server);
    shown(server)
        .filter(|_| only)
        .map(|server| format!("server {server}"))
}

fn tell_key(found: &mut Match, key: Option<Key>, locked: Option<String>) {
    found.public = key.as_ref().and_then(Key::fingerprint);
    let said: Vec<String> = key
        .map(|key| key.to_string())
        .into_iter()
        .chain(locked)
        .collect();
    if !said.is_empty() {
        found.identity = Some(said.join(", "));
    }
}

/// The user in `user:password` in base 64.
fn user(coded: &[u8]) -> Option<String> {
    let clear = STANDARD
        .decode(coded)
        .ok()
        .filter(|clear| clear.is_ascii())?;
    let colon = memchr::memchr(b':', &clear)?;
    let user = shown(&clear[..colon]).filter(|_| colon + 1 < clear.len())?;
    Some(format!("user {user}"))
}

/// Says where the public half of a private key stands in the same text; `line` tells the line of
/// a place.
pub(super) fn tell_public(
    found: &mut [Match],
    publics: &[keys::Public],
    line: impl Fn(usize) -> usize,
) {
    for one in found {
        let Some(half) = &one.public else { continue };
        let Some(public) = publics.iter().find(|public| public.fingerprint == *half) else {
            continue;
        };
        let place = format!("line {}", line(public.at));
        let said = match &public.name {
            Some(name) => format!("its certificate, for \"{name}\", is on {place}"),
            None => format!("its public key is on {place}"),
        };
        one.identity = Some(match &one.identity {
            Some(identity) => format!("{identity}; {said}"),
            None => said,
        });
    }
}
