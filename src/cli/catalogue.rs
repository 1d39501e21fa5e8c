//! `portcullis rules` and `explain`: the catalogue.

use super::Exit;
use super::args::{Rules, RulesCommand, RulesTest};
use super::output::{complain, print, remark};
use crate::change::{Content, Fresh};
use crate::config::rules::{Loaded, load};
use crate::config::{Config, ConfigError};
use crate::git::{Repo, counted, escape};
use crate::policy::{CHECKS, QUESTIONS};
use crate::scan::template::{Random, expand};
use crate::scan::{Rule, Scanner, Selection};
use std::fmt::Write as _;
use std::path::Path;

pub(super) fn rules(args: &Rules) -> Exit {
    match &args.command {
        RulesCommand::List(args) => list(args.config.as_deref()),
        RulesCommand::Show(args) => show(&args.id, args.config.as_deref()),
        RulesCommand::Test(args) => test(args),
    }
}

/// The configuration of the place one stands in.
fn config(named: Option<&Path>) -> Result<Config, ConfigError> {
    let repo = Repo::from_env().ok();
    let top = match &repo {
        Some(repo) => repo.work_tree(),
        None => Some(Path::new(".")),
    };
    super::hook::load_config(&super::scan::layers(named, top))
}

fn list(named: Option<&Path>) -> Exit {
    let config = match config(named) {
        Ok(config) => config,
        Err(error) => return complain(Exit::Usage, &error),
    };
    let selection = config.secrets.selection();
    let table = selection.table();
    let width = table.iter().map(|rule| rule.id.len()).max().unwrap_or(0);
    let mut text = String::new();
    for rule in table {
        let title = escape(rule.title.as_bytes());
        let (id, sure) = (rule.id, rule.confidence.as_str());
        let _ = write!(text, "{id:width$}  {sure:6}  {title}");
        if let Some(origin) = rule.origin {
            let _ = write!(text, "  [{origin}]");
        }
        text.push_str(if selection.is_off(rule.id) {
            "  (off)\n"
        } else {
            "\n"
        });
    }
    let exit = print(text.as_bytes());
    remark(&config.notes);
    exit
}

/// Shows the rule of an id, with or without `secrets/`.
pub(super) fn show(id: &str, config: Option<&Path>) -> Exit {
    let rule = match named(id, config) {
        Ok(rule) => rule,
        Err(error) => return complain(Exit::Usage, &error),
    };
    match rule {
        Some(rule) => print(shown(rule).as_bytes()),
        None => match nearest(id, config) {
            Ok(nearest) => {
                let why = format!(
                    "there is no rule or check {id}; {nearest}`portcullis rules list` lists all rules, \
                     `portcullis explain refs` the checks of a pack"
                );
                complain(Exit::Usage, &why)
            }
            Err(error) => complain(Exit::Usage, &error),
        },
    }
}

/// What may have been meant by an id that no rule has.
fn nearest(id: &str, config_file: Option<&Path>) -> Result<String, ConfigError> {
    let bare = id.strip_prefix("secrets/").unwrap_or(id);
    if let Some((pack, _)) = bare.split_once('/') {
        let edits = |id: &String| strsim::damerau_levenshtein(id, bare);
        let ids = QUESTIONS.iter().map(|question| question.id.to_string());
        let best = ids
            .min_by_key(edits)
            .filter(|id| edits(id) <= bare.len() / 3);
        return Ok(
            match (best, CHECKS.iter().any(|known| known.name == pack)) {
                (Some(id), _) => format!("the nearest check is {id}, and "),
                (None, true) => format!("`portcullis explain {pack}` lists its checks, and "),
                (None, false) => String::new(),
            },
        );
    }
    let table = config(config_file)?.secrets.selection().table();
    let edits = |rule: &Rule| strsim::damerau_levenshtein(rule.id, bare);
    let best = table.into_iter().min_by_key(|rule| edits(rule));
    let close = best.filter(|rule| edits(rule) <= 1.max(bare.chars().count() / 3));
    Ok(close.map_or_else(String::new, |rule| {
        format!("the nearest is {}, and ", rule.id)
    }))
}

/// The rule of an id, with or without `secrets/`, among those of the place one stands in.
pub(super) fn named(
    id: &str,
    config_file: Option<&Path>,
) -> Result<Option<&'static Rule>, ConfigError> {
    let id = id.strip_prefix("secrets/").unwrap_or(id);
    let table = config(config_file)?.secrets.selection().table();
    Ok(table.into_iter().find(|rule| rule.id == id))
}

/// Tries the rules of a file on their examples. No expanded example is ever shown.
fn test(args: &RulesTest) -> Exit {
    let Loaded { own, notes } = match load(&args.file) {
        Ok(loaded) => loaded,
        Err(error) => return complain(Exit::Usage, &error),
    };
    let rules = own.rules.clone();
    let selection = Selection {
        own,
        ..Selection::default()
    };
    let scanner = Scanner::new(&selection);
    let (mut wrong, mut tried) = (String::new(), 0);
    for rule in &rules {
        if !rule.compiles() {
            let _ = writeln!(wrong, "{}: its regex is too large", rule.id);
            continue;
        }
        for (sample, templates) in [
            (Sample::Example, rule.examples),
            (Sample::Counterexample, rule.counterexamples),
        ] {
            for (index, template) in templates.iter().enumerate() {
                tried += 1;
                let number = index + 1;
                let seed = u64::from(crc32fast::hash(rule.id.as_bytes())) ^ args.seed << 32;
                let mut random = Random::new(seed.wrapping_add(index as u64));
                if let Err(why) = tried_on(rule, &scanner, sample, template, &mut random) {
                    let kind = sample.name();
                    let _ = writeln!(wrong, "{}: {kind} {number} {why}", rule.id);
                }
            }
        }
    }
    let count = wrong.lines().count();
    let file = escape(args.file.as_os_str().as_encoded_bytes());
    let text = format!(
        "{wrong}{file}: rules {}, examples and counterexamples {tried}, wrong {count}, seed {}\n",
        rules.len(),
        args.seed
    );
    print(text.as_bytes());
    remark(&notes);
    if count == 0 {
        Exit::Clean
    } else {
        Exit::Blocked
    }
}

/// What a template is for.
#[derive(Clone, Copy)]
enum Sample {
    Example,
    Counterexample,
}

impl Sample {
    fn name(self) -> &'static str {
        match self {
            Self::Example => "example",
            Self::Counterexample => "counterexample",
        }
    }
}

/// Whether a template comes to what it is for, else what came instead.
fn tried_on(
    rule: &Rule,
    scanner: &Scanner,
    sample: Sample,
    template: &str,
    random: &mut Random,
) -> Result<(), String> {
    let text = expand(template, rule.proof, random).map_err(|why| escape(why.as_bytes()))?;
    let whole = Content {
        bytes: text.as_bytes(),
        fresh: &Fresh::All,
    };
    let scan = scanner.scan(b"", whole);
    let mut found: Vec<&Rule> = scan.matches.iter().map(|found| found.rule).collect();
    found.sort_by_key(|rule| rule.id);
    found.dedup_by_key(|rule| rule.id);
    let itself = found.iter().any(|found| found.id == rule.id);
    let partner = rule.near.map(|near| near.rule);
    found.retain(|found| found.model.is_none() && found.id != rule.id && Some(found.id) != partner);
    let others: Vec<&str> = found.iter().map(|found| found.id).collect();
    let others = others.join(", ");
    match (sample, itself, others.as_str()) {
        (Sample::Example, true, "") | (Sample::Counterexample, false, "") => Ok(()),
        (Sample::Example, false, "") => Err("is not found".to_owned()),
        (Sample::Example, false, others) => Err(format!("is found by {others} instead")),
        (Sample::Example, true, others) => Err(format!("is found by {others} too")),
        (Sample::Counterexample, true, _) => Err("is found".to_owned()),
        (Sample::Counterexample, false, others) => Err(format!("is found by {others}")),
    }
}

fn shown(rule: &Rule) -> String {
    let mut text = String::new();
    // A rule file may hold anything, and may leave anything out.
    let mut row = |name: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(text, "{name:12}{}", escape(value.as_bytes()));
        }
    };
    row("rule", rule.id);
    row("secret", rule.title);
    row("provider", rule.provider);
    row("from", rule.origin.unwrap_or_default());
    if !rule.opens.is_empty() {
        row("opens", &format!("whoever has it can {}", rule.opens));
    }
    row("revoke", rule.revoke);
    row("confidence", rule.confidence.as_str());
    if let Some(proof) = rule.proof {
        row("proof", &format!("checked offline: {}", proof.name));
    }
    if let Some(model) = rule.model {
        row("judged by", model.says());
    }
    if !rule.keywords.is_empty() {
        row("keywords", &rule.keywords.join(", "));
    }
    if let Some(near) = rule.near {
        row(
            "near",
            &format!(
                "{} within {}",
                near.rule,
                counted(near.lines, "line", "lines")
            ),
        );
    }
    if let Some(anchor) = rule.anchor {
        row("on a line", anchor);
    }
    if let Some(regex) = rule.regex {
        row("looks like", regex);
    }
    row(
        "allow",
        &format!("a comment on the line: portcullis:allow({}) why", rule.id),
    );
    text
}
