//! The exit status of the program, all of it in one place.

use crate::policy::Outcome;
use std::process::ExitCode;

/// How the program ends. A hook is accepted by [`Exit::Clean`] alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: everything was examined and nothing blocks.
    Clean,
    /// 1: something blocks; for `status`: not armed.
    Blocked,
    /// 2: wrong usage, or a configuration that does not parse; nothing was examined.
    Usage,
    /// 3: something that had to be examined could not be, and nothing blocks.
    Undecided,
}

impl From<Outcome> for Exit {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Accepted => Self::Clean,
            Outcome::Rejected => Self::Blocked,
            Outcome::Undecided => Self::Undecided,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Clean => 0,
            Exit::Blocked => 1,
            Exit::Usage => 2,
            Exit::Undecided => 3,
        })
    }
}
