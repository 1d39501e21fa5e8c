//! Who pushes, as the server's administrator has said that it can be known.

use super::groups::Pusher;
use super::settings::IdentitySource;
use std::ffi::OsString;

/// The pusher, from the one source that the configuration names. With none, and with nothing in it,
/// the pusher is unknown; no other variable is ever looked at.
#[must_use]
pub fn pusher(
    source: Option<&IdentitySource>,
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> Pusher {
    let named = |name: &str| {
        variable(name).map_or(Pusher::Unknown, |value| {
            Pusher::named(value.as_encoded_bytes())
        })
    };
    match source {
        None => Pusher::Unknown,
        Some(IdentitySource::Unix) => account(),
        // Set by gitolite-shell for every access (gitolite's hooks documentation).
        Some(IdentitySource::Gitolite) => named("GL_USER"),
        Some(IdentitySource::Env(name)) => named(name),
    }
}

/// The account that the hook runs as: the one that the push was made with where every developer
/// has an account on the server.
#[cfg(unix)]
fn account() -> Pusher {
    match nix::unistd::User::from_uid(nix::unistd::getuid()) {
        Ok(Some(user)) => Pusher::named(user.name.as_bytes()),
        Ok(None) | Err(_) => Pusher::Unknown,
    }
}

#[cfg(not(unix))]
fn account() -> Pusher {
    Pusher::Unknown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_named_source_is_believed() {
        let env = |name: &str| match name {
            "GL_USER" => Some(OsString::from("alice")),
            "WHO" => Some(OsString::from("bob")),
            _ => None,
        };
        assert_eq!(pusher(None, &env), Pusher::Unknown);
        assert_eq!(
            pusher(Some(&IdentitySource::Gitolite), &env),
            Pusher::named(b"alice")
        );
        assert_eq!(
            pusher(Some(&IdentitySource::Env("WHO".into())), &env),
            Pusher::named(b"bob")
        );
        assert_eq!(
            pusher(Some(&IdentitySource::Env("NOBODY".into())), &env),
            Pusher::Unknown
        );
        assert_ne!(
            pusher(Some(&IdentitySource::Unix), &env),
            Pusher::named(b"alice")
        );
    }
}
