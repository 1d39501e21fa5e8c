//! The push certificate as proof of who pushes.

use super::super::check::Cx;
use super::super::groups::Pusher;
use super::super::identity::BE_KNOWN;
use crate::change::Unread;
use crate::git::{Certificate, Namespace, Nonce, PushCertificate, Signer, escape};

/// What the certificate of a push proves.
#[derive(Clone, Debug)]
pub(super) enum Proof {
    /// That this signer asked for exactly this push, and is the pusher.
    Of(Signer),
    /// Nothing: why, and what to do.
    Nothing {
        /// A sentence without its subject, escaped.
        why: String,
        help: &'static str,
    },
    /// There is no push yet, so that one may still come.
    NotYet,
    /// It cannot be known.
    Unread(Unread),
}

const SIGN: &str = "push with git push --signed; the server needs receive.certNonceSeed for that, and \
                    only pre-receive sees the certificate";
const AGAIN: &str = "push again: each push needs a certificate of its own";

impl Proof {
    pub(super) fn of(cx: &Cx<'_>) -> Self {
        match cx.certificate {
            Certificate::NotYet => Self::NotYet,
            Certificate::Absent => Self::nothing("the push has no certificate", SIGN),
            Certificate::Unread(why) => Self::Unread(Unread::new("the push certificate", why)),
            Certificate::Given(given) => Self::given(cx, given),
        }
    }

    fn nothing(why: impl Into<String>, help: &'static str) -> Self {
        let why = why.into();
        Self::Nothing { why, help }
    }

    fn given(cx: &Cx<'_>, given: &PushCertificate) -> Self {
        let signed = match &given.signed {
            Ok(signed) => signed,
            Err(error) => return Self::nothing(format!("the push certificate: {error}"), SIGN),
        };
        match given.nonce {
            Nonce::Good => {}
            Nonce::Slop => {
                let why = "the push certificate was made for an earlier push";
                let help = "push again; over HTTP the server's receive.certNonceSlop says for how \
                            many seconds a certificate may be older than the push";
                return Self::nothing(why, help);
            }
            Nonce::Bad => {
                return Self::nothing("the push certificate was not made for this push", AGAIN);
            }
        }
        if !same(cx, given) {
            let why = "the push certificate does not say what this push does";
            return Self::nothing(why, AGAIN);
        }
        let keys = match cx.keys() {
            Ok(keys) => keys,
            Err(unread) => return Self::Unread(unread),
        };
        let signer = match keys.verify(signed, Namespace::Git, cx.now) {
            Ok(signer) => signer,
            Err(error) if error.is_undecided() => {
                return Self::Unread(Unread::new("the push certificate", error));
            }
            Err(error) => {
                let help = "sign with a key that the server knows (git config user.signingKey)";
                return Self::nothing(format!("the push certificate: {error}"), help);
            }
        };
        match cx.pusher {
            Pusher::Known(name) if signer.is(name) => Self::Of(signer),
            Pusher::Known(name) => {
                let why = format!(
                    "the push certificate is signed by {}, who pushes is {}",
                    signer.shown(),
                    escape(name)
                );
                Self::nothing(why, super::advice::LIST)
            }
            Pusher::Unknown => {
                let why = "who pushes is not known to this server, whoever signed it";
                Self::nothing(why, BE_KNOWN)
            }
        }
    }
}

/// Whether the updates of the certificate are those of the push, no more and no fewer.
fn same(cx: &Cx<'_>, given: &PushCertificate) -> bool {
    let judged = cx.updates.iter();
    let judged = judged.map(|update| (update.claimed, update.change.new_oid(), &update.name));
    let mut judged: Vec<_> = judged.collect();
    let said = given.updates.iter();
    let mut said: Vec<_> = said.map(|(old, new, name)| (*old, *new, name)).collect();
    judged.sort();
    said.sort();
    judged == said
}
