//! The chain of a log: what makes a line follow from those before it, and where it does not.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::io::{self, BufRead};

/// What the first entry of all names as the one before it.
pub const NO_HEAD: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// How every entry of ours begins.
const START: &[u8] = b"{\"v\":1,\"seq\":";

/// What stands in front of the digest of an entry, and behind it.
const SUM: (&str, &str) = (",\"sum\":\"", "\"}");

/// What an entry says of its place.
#[derive(Deserialize)]
struct Link {
    seq: u64,
    prev: String,
    /// How many lines before it were cut short.
    #[serde(default)]
    torn: u64,
    /// `rotated` where the entry before it stands in an older file.
    #[serde(default)]
    event: String,
}

impl Link {
    /// Of a line that is a whole entry.
    fn of(line: &[u8]) -> Option<Self> {
        let link: Self = serde_json::from_slice(line).ok()?;
        (link.prev.len() == NO_HEAD.len()).then_some(link)
    }
}

/// Where a log ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct End {
    /// The number of the last entry.
    seq: u64,
    /// What the next entry has to name.
    head: String,
    /// How many lines behind the last entry were cut short.
    torn: u64,
    /// Whether the last line has no end.
    open: bool,
}

/// Why a text is not the end of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoEnd {
    /// No entry begins and ends in it: more of the file is needed.
    Short,
    /// Whatever this is, it is no log.
    Foreign,
}

impl End {
    /// Of a file by its last bytes; `all` where these are all.
    pub(super) fn of(bytes: &[u8], all: Reach) -> Result<Self, NoEnd> {
        let open = bytes.last().is_some_and(|byte| *byte != b'\n');
        let text = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        let mut torn = 0;
        let mut end = text.len();
        while !text.is_empty() {
            let start = memchr::memrchr(b'\n', &text[..end]).map(|newline| newline + 1);
            let from = match (start, all) {
                (Some(start), _) => start,
                (None, Reach::Start) => 0,
                // The line may have begun earlier.
                (None, Reach::Part) => return Err(NoEnd::Short),
            };
            if let Some(link) = Link::of(&text[from..end]) {
                return Ok(Self {
                    seq: link.seq,
                    head: hex(&Sha256::digest(&text[from..])),
                    torn,
                    open,
                });
            }
            torn += 1;
            match start {
                Some(start) => end = start - 1,
                None => break,
            }
        }
        match all {
            Reach::Part => Err(NoEnd::Short),
            Reach::Start if bytes.is_empty() => Ok(Self {
                seq: 0,
                head: NO_HEAD.to_owned(),
                torn: 0,
                open: false,
            }),
            // What the first write of all has left when it was cut short.
            Reach::Start
                if !text.is_empty() && START.starts_with(&text[..text.len().min(START.len())]) =>
            {
                Ok(Self {
                    seq: 0,
                    head: hex(&Sha256::digest(text)),
                    torn,
                    open,
                })
            }
            Reach::Start => Err(NoEnd::Foreign),
        }
    }

    /// The same as seen from the first line of a new file.
    pub(super) fn rotated(self) -> Self {
        Self {
            torn: 0,
            open: false,
            ..self
        }
    }

    /// The lines that say this, behind the end.
    pub(super) fn lines<T: Serialize>(&self, said: &[T]) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        if self.open {
            text.push(b'\n');
        }
        let (mut seq, mut head, mut torn) = (self.seq, self.head.clone(), self.torn);
        for said in said {
            seq += 1;
            let mut line = START.to_vec();
            line.extend(format!("{seq},\"prev\":\"{head}\"").bytes());
            if torn > 0 {
                line.extend(format!(",\"torn\":{torn}").bytes());
            }
            let body = serde_json::to_vec(said)?;
            // `{...}`, of which something is always in between.
            line.push(b',');
            line.extend(&body[1..body.len() - 1]);
            let sum = hex(&Sha256::digest(&line));
            line.extend(format!("{}{sum}{}", SUM.0, SUM.1).bytes());
            (head, torn) = (hex(&Sha256::digest(&line)), 0);
            text.append(&mut line);
            text.push(b'\n');
        }
        Ok(text)
    }
}

/// How far back a text reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// It begins where the file begins.
    Start,
    /// There is more before it.
    Part,
}

/// A chain that is followed from its beginning, file after file.
pub struct Chain {
    wanted: Option<String>,
    /// How many entries there were.
    pub entries: u64,
    /// What the next entry would have to name.
    pub head: String,
    /// How many lines of a crash are marked as such.
    pub torn: u64,
    /// The entries at which a chain begins that is not the first one, or not at its first entry.
    pub begins: Vec<u64>,
    /// Whether the head that was asked for was met.
    pub met: bool,
    seq: u64,
    since: Option<Sha256>,
    pending: u64,
}

/// What is wrong with a log.
#[derive(Debug, PartialEq, Eq)]
pub struct Broken {
    /// The line of its file, from 1.
    pub line: u64,
    /// What.
    pub flaw: Flaw,
}

/// What can be wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// It is none of ours, and no later one says that it was cut short.
    #[error("is no entry")]
    NoEntry,
    /// The last one has no end.
    #[error("is cut short; the next push will mark it")]
    CutShort,
    /// Its own digest is not that of its text.
    #[error("was changed: it is not what its own digest says")]
    Changed,
    /// It names another text before it.
    #[error("does not follow from what stands before it: something was changed, removed or put in")]
    Unlinked,
    /// It has another number.
    #[error("has not the number that follows")]
    Misnumbered,
}

impl Chain {
    /// Before anything was read; `wanted` is a head that must be met on the way.
    #[must_use]
    pub fn new(wanted: Option<String>) -> Self {
        Self {
            met: wanted.as_deref() == Some(NO_HEAD),
            wanted,
            entries: 0,
            head: NO_HEAD.to_owned(),
            torn: 0,
            begins: Vec::new(),
            seq: 0,
            since: None,
            pending: 0,
        }
    }

    /// Follows it through one more file; the first thing that is wrong.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn follow(&mut self, file: &mut dyn BufRead) -> io::Result<Result<(), Broken>> {
        let (mut line, mut number, mut first) = (Vec::new(), 0, true);
        let mut pending = None;
        loop {
            line.clear();
            if file.read_until(b'\n', &mut line)? == 0 {
                break;
            }
            number += 1;
            let ends = line.last() == Some(&b'\n');
            let text = line.strip_suffix(b"\n").unwrap_or(&line);
            let wrong = |line, flaw| Ok(Err(Broken { line, flaw }));
            if let Some(link) = Link::of(text) {
                if let Err(flaw) = self.take(&link, text, first) {
                    // What was not marked as cut short is what is wrong.
                    return match (flaw, pending) {
                        (Flaw::NoEntry, Some(line)) => wrong(line, flaw),
                        (flaw, _) => wrong(number, flaw),
                    };
                }
                (pending, first) = (None, false);
            } else {
                pending.get_or_insert(number);
                self.pending += 1;
                self.extend(text);
            }
            if !ends {
                return wrong(number, Flaw::CutShort);
            }
        }
        Ok(match pending {
            Some(line) => Err(Broken {
                line,
                flaw: Flaw::NoEntry,
            }),
            None => Ok(()),
        })
    }

    fn take(&mut self, link: &Link, text: &[u8], first: bool) -> Result<(), Flaw> {
        if !is_as_summed(text) {
            return Err(Flaw::Changed);
        }
        if link.torn != self.pending {
            return Err(Flaw::NoEntry);
        }
        let expected = self.since.take().map(|since| hex(&since.finalize()));
        let expected = expected.as_deref().unwrap_or(NO_HEAD);
        let begins = link.seq == 1 && link.prev == NO_HEAD;
        match (link.prev == expected, link.seq == self.seq + 1) {
            (true, true) => {}
            // A new file: after one that nobody linked to it, or after one that was not given.
            _ if first && (begins || (self.entries == 0 && link.event == "rotated")) => {
                self.begins.push(link.seq);
            }
            (false, _) => return Err(Flaw::Unlinked),
            (true, false) => return Err(Flaw::Misnumbered),
        }
        self.meets(&link.prev);
        self.seq = link.seq;
        self.entries += 1;
        self.torn += std::mem::take(&mut self.pending);
        self.extend(text);
        self.head = hex(&Sha256::digest(text));
        let head = self.head.clone();
        self.meets(&head);
        Ok(())
    }

    fn meets(&mut self, head: &str) {
        self.met |= self.wanted.as_deref() == Some(head);
    }

    fn extend(&mut self, text: &[u8]) {
        match &mut self.since {
            Some(since) => {
                since.update(b"\n");
                since.update(text);
            }
            None => self.since = Some(Sha256::new_with_prefix(text)),
        }
    }
}

fn is_as_summed(line: &[u8]) -> bool {
    let tail = SUM.0.len() + NO_HEAD.len() + SUM.1.len();
    let Some((said, tail)) = line
        .len()
        .checked_sub(tail)
        .and_then(|at| line.split_at_checked(at))
    else {
        return false;
    };
    tail == format!("{}{}{}", SUM.0, hex(&Sha256::digest(said)), SUM.1).as_bytes()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
