//! The rules in force: the built-in table, what rule files add to it, and what is switched off.

use super::foreign::Allowance;
use super::rule::{Rule, rules, rules_digest};
use sha2::{Digest, Sha256};

/// What rule files bring in. Its rules stay for the life of the process, which is short: a hook, a
/// command.
#[derive(Clone, Debug, Default)]
pub struct Own {
    /// The rules, each id once. One with the id of a built-in rule replaces that.
    pub rules: Vec<&'static Rule>,
    /// What is no finding, whichever of some rules found it.
    pub allowances: Vec<&'static Allowance>,
    /// Built-in rules that the files switch off.
    pub off: Vec<String>,
    /// The texts of the files, in their order.
    pub texts: Vec<String>,
}

impl Own {
    /// Adds what another file brings in; `Err` with an id that both have.
    ///
    /// # Errors
    /// The id.
    pub fn add(&mut self, other: Self) -> Result<(), &'static str> {
        for rule in &other.rules {
            if self.rules.iter().any(|known| known.id == rule.id) {
                return Err(rule.id);
            }
        }
        self.rules.extend(other.rules);
        self.allowances.extend(other.allowances);
        self.off.extend(other.off);
        self.texts.extend(other.texts);
        Ok(())
    }
}

/// Which rules look.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Ids of rules that are off. That each exists is for the configuration to see to.
    pub off: Vec<String>,
    /// Rules beside the built-in ones.
    pub own: Own,
}

impl Selection {
    /// Every rule, sorted by id, those that are off included.
    #[must_use]
    pub fn table(&self) -> Vec<&'static Rule> {
        let mut own = self.own.rules.clone();
        own.sort_by_key(|rule| rule.id);
        let replaced = |rule: &&Rule| own.binary_search_by_key(&rule.id, |rule| rule.id).is_ok();
        let mut table: Vec<&'static Rule> = rules()
            .iter()
            .filter(|rule| own.is_empty() || !replaced(rule))
            .collect();
        if !own.is_empty() {
            table.extend(own);
            table.sort_by_key(|rule| rule.id);
        }
        table
    }

    /// Whether the rule of that id is off.
    #[must_use]
    pub fn is_off(&self, id: &str) -> bool {
        self.off.iter().chain(&self.own.off).any(|off| off == id)
    }

    /// What identifies the rules in force: the built-in ones, what rule files add and what is
    /// switched off. 32 hexadecimal digits; those of [`rules_digest`] where nothing is changed.
    #[must_use]
    pub fn digest(&self) -> String {
        if self.off.is_empty() && self.own.texts.is_empty() {
            return rules_digest().to_owned();
        }
        let mut hash = Sha256::new();
        let mut put = |text: &str| {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        };
        put(rules_digest());
        let mut off: Vec<&String> = self.off.iter().collect();
        off.sort();
        off.dedup();
        off.into_iter().for_each(|off| put(off));
        put("");
        self.own.texts.iter().for_each(|text| put(text));
        hash.finalize()[..16]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}
