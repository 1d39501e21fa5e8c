//! The table of packs.

use super::check::Check;
use super::settings::Settings;
use super::{commits, content, env_files, refs, secrets};

/// One row of [`CHECKS`].
#[derive(Debug)]
pub struct Pack {
    /// The first part of its findings' ids, the name of its table in the configuration, and (with
    /// `_` for `-`) of its file here.
    pub name: &'static str,
    /// What it keeps, in one sentence.
    pub doc: &'static str,
    /// Makes the check from the configuration.
    pub make: fn(&Settings) -> Box<dyn Check>,
}

/// Every pack, in the order in which they look.
pub const CHECKS: &[Pack] = &[
    Pack {
        name: "refs",
        doc: "Refs are made, moved and deleted only by those, and only so, as every matching rule allows.",
        make: refs::make,
    },
    Pack {
        name: "commits",
        doc: "Commits are made as the repository asks: their messages, people and dates.",
        make: commits::make,
    },
    Pack {
        name: "content",
        doc: "Files have sizes, paths, types and names that everyone's machine can hold.",
        make: content::make,
    },
    Pack {
        name: "env-files",
        doc: "Files that hold an environment stay out, whatever is in them.",
        make: env_files::make,
    },
    Pack {
        name: "secrets",
        doc: "Nothing that opens a door is committed, pushed or kept.",
        make: secrets::make,
    },
];
