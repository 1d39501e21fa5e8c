//! Keeps and reads the log of what was judged: lines of JSON, each of which names the one before it
//! by its SHA-256. Judges nothing and prints nothing.
//!
//! An entry is one line: `v`, its number `seq`, the digest `prev` of what stands before it, then
//! what it says, then the digest `sum` of itself up to there. `prev` is the SHA-256 of all bytes
//! from the start of the entry before, without the last line end; 64 zeros where there is none. So
//! it is that of the line before, and of what a crash has left behind that line too.
//!
//! Who can write the file can write all of it anew. A chain shows that only to those who have kept
//! a head of it elsewhere: the digest that the next entry would name.

mod chain;
mod entry;
mod log;
mod moment;
mod moved;
mod read;
mod spool;

pub use chain::{Broken, Chain, Flaw, NO_HEAD};
pub use entry::{Circumstances, Entry, PushId, Rotated, entries};
pub use log::{Back, Log, LogError};
pub use moved::{Ledger, Moved, Withdrawn};
pub use read::{Recorded, read};
pub use spool::{Sent, Spool};
