//! Rules about the path of a file, and whether a path matters to the others.

use super::Match;
use super::foreign;
use super::generic::Setting;
use super::patience::Patience;
use super::rule::Rule;
use super::scanner::Scanner;
use super::search::{Text, excused};
use crate::change::Fresh;

impl Scanner {
    /// Whether the path of a file can matter for what this rule finds in it.
    #[must_use]
    pub fn asks_for_path(&self, id: &str) -> bool {
        let rule = self.table.iter().find(|rule| rule.id == id);
        rule.is_some_and(|rule| {
            rule.foreign.is_some_and(foreign::Foreign::asks_for_path)
                || self.allowances.iter().any(|one| one.asks_for_path(rule))
        })
    }

    /// The rules about paths that could mean a file of this name, wherever it stands.
    pub fn of_name(&self, name: &[u8]) -> impl Iterator<Item = &'static Rule> {
        self.about_paths().filter(move |rule| {
            let path = rule.foreign.and_then(|foreign| foreign.path.as_ref());
            path.is_some_and(|path| path.may_end_in(name))
        })
    }

    fn about_paths(&self) -> impl Iterator<Item = &'static Rule> {
        self.of_paths.iter().map(|index| self.table[*index])
    }

    /// The rules about paths that mean a file at this path, and no rule file excuses it.
    pub fn of_path(&self, path: &[u8]) -> impl Iterator<Item = &'static Rule> {
        self.about_paths().filter(move |rule| {
            let meant = |foreign: &foreign::Foreign| foreign.is_for(path);
            !path.is_empty() && rule.foreign.is_some_and(meant) && !self.excuses_path(rule, path)
        })
    }

    fn excuses_path(&self, rule: &'static Rule, path: &[u8]) -> bool {
        let text = Text {
            bytes: b"",
            path,
            fresh: &Fresh::All,
            setting: Setting::Plain,
            allowances: &self.allowances,
            patience: Patience::ENDLESS,
        };
        excused(&Match::of(rule, b"", 0..0, 0..0), &text)
    }
}
