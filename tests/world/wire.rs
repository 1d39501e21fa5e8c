//! A client that speaks to `git receive-pack` by hand and so can say what Git never would.
//!
//! The protocol is that of gitprotocol-pack(5), version 0, without the side band: what the hooks
//! say comes on standard error.

use super::{Repo, Said};

/// The id that stands for no object, in SHA-1.
pub(crate) const ZERO: &str = "0000000000000000000000000000000000000000";

/// One command of a push, as the client claims it.
pub(crate) struct Line<'a> {
    pub(crate) old: &'a str,
    pub(crate) new: &'a str,
    pub(crate) name: &'a [u8],
}

impl<'a> Line<'a> {
    /// From a claimed old id to a new one.
    pub(crate) fn new(old: &'a str, new: &'a str, name: &'a (impl AsRef<[u8]> + ?Sized)) -> Self {
        Self {
            old,
            new,
            name: name.as_ref(),
        }
    }
}

/// How the server answered.
pub(crate) struct Wired {
    status: String,
    /// What the hooks said.
    pub(crate) said: Said,
}

impl Repo {
    /// Pushes these lines with this pack (none for a push that only deletes) into this repository.
    #[track_caller]
    pub(crate) fn receives(&self, lines: &[Line<'_>], pack: &[u8]) -> Wired {
        let mut request = Vec::new();
        for (index, line) in lines.iter().enumerate() {
            let mut text = format!("{} {} ", line.old, line.new).into_bytes();
            text.extend(line.name);
            if index == 0 {
                text.extend(b"\0 report-status delete-refs ofs-delta");
            }
            request.extend(format!("{:04x}", text.len() + 4).into_bytes());
            request.extend(text);
        }
        request.extend(b"0000");
        request.extend(pack);
        let (status, said) = self.receive(&request);
        Wired { status, said }
    }
}

impl Wired {
    /// The server took this ref.
    #[track_caller]
    pub(crate) fn took(self, name: &str, server: &Repo) -> Self {
        if !self.status.contains(&format!("ok {name}\n")) {
            server.fail(&format!("{name} was not taken"));
        }
        self
    }

    /// The server refused this ref, and took none.
    #[track_caller]
    pub(crate) fn refused(self, name: &str, server: &Repo) -> Self {
        if !self.status.contains(&format!("ng {name} ")) {
            server.fail(&format!("{name} was not refused"));
        }
        if self.status.contains("ok refs/") {
            server.fail("another ref of the same push was taken");
        }
        self
    }
}
