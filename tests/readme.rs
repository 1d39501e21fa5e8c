//! That the README and the pages of `src/docs/` are true: the tour is run, the tables are those of the
//! program, every link leads somewhere.
//!
//! With `README=write` in the environment the tests write what is true into them instead.

mod tour;

use crate::world::World;
use portcullis::cli::Exit;
use portcullis::config::{Config, KEYS, Origin};
use portcullis::hook::table::Choice;
use portcullis::hook::{HOOKS, Side};
use portcullis::policy::CHECKS;
use portcullis::policy::settings::Settings;
use portcullis::report::FORMATS;
use portcullis::scan::rules;
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Mutex;

/// One at a time reads and writes the files.
static FILE: Mutex<()> = Mutex::new(());

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")
}

/// The README, then the pages of `src/docs/`.
fn pages() -> Vec<PathBuf> {
    let docs = path().with_file_name("src").join("docs");
    let mut pages: Vec<PathBuf> = fs::read_dir(docs)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    pages.sort();
    pages.insert(0, path());
    assert!(pages.len() > 4 && pages.iter().all(|page| page.extension().unwrap() == "md"));
    pages
}

/// All of them, one behind the other.
fn readme() -> String {
    let pages = pages();
    let texts = pages.iter().map(|page| fs::read_to_string(page).unwrap());
    texts.collect()
}

/// Holds the page with this in it to what is true, or writes that into it.
#[track_caller]
fn hold(with: &str, truth: impl Fn(&str) -> String) {
    let _alone = FILE
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let page = pages()
        .into_iter()
        .find(|page| fs::read_to_string(page).unwrap().contains(with));
    let page = page.unwrap_or_else(|| panic!("no page has {with}"));
    let is = fs::read_to_string(&page).unwrap();
    let should = truth(&is);
    if is == should {
        return;
    }
    if std::env::var_os("README").is_some_and(|word| word == "write") {
        return fs::write(page, should).unwrap();
    }
    let differs = is.lines().zip(should.lines()).find(|(a, b)| a != b);
    let (is, should) = differs.unwrap_or(("", "more or fewer lines"));
    let page = page.display();
    panic!(
        "{page} says\n    {is}\nand should say\n    {should}\n(README=write cargo test writes it)"
    );
}

/// A fenced block: the words behind the fence, and its lines.
struct Block {
    info: String,
    lines: std::ops::Range<usize>,
}

/// Every fenced block of a text.
fn blocks(lines: &[&str]) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, &str)> = None;
    for (at, line) in lines.iter().enumerate() {
        let Some(info) = line.strip_prefix("```") else {
            continue;
        };
        open = match open {
            None => Some((at + 1, info)),
            Some((start, info)) => {
                blocks.push(Block {
                    info: info.to_owned(),
                    lines: start..at,
                });
                None
            }
        };
    }
    assert!(open.is_none(), "a block is not closed");
    blocks
}

/// What a heading is called in a link, as GitHub makes it.
fn anchor(heading: &str) -> String {
    let kept = |c: &char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-');
    let kept: String = heading.to_lowercase().chars().filter(kept).collect();
    kept.replace(' ', "-")
}

#[test]
fn every_link_leads_to_a_heading() {
    let link = Regex::new(r"\]\(([^)#:]*)(?:#([a-z0-9-]+))?\)").unwrap();
    let mut seen = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for found in link.captures_iter(&text) {
            let file = page.parent().unwrap().join(&found[1]);
            let file = if found[1].is_empty() {
                page.clone()
            } else {
                file
            };
            assert!(file.exists(), "{}: {}", page.display(), &found[0]);
            let Some(wanted) = found.get(2) else { continue };
            let target = fs::read_to_string(&file).unwrap();
            let lines: Vec<&str> = target.lines().collect();
            let fenced: Vec<_> = blocks(&lines)
                .into_iter()
                .map(|block| block.lines)
                .collect();
            let mut headings = lines.iter().enumerate().filter(|(at, line)| {
                line.starts_with('#') && !fenced.iter().any(|lines| lines.contains(at))
            });
            let there = headings
                .any(|(_, line)| anchor(line.trim_start_matches('#').trim()) == wanted.as_str());
            assert!(there, "{}: {}", page.display(), &found[0]);
            seen += 1;
        }
    }
    assert!(seen > 20, "only {seen} links");
}

#[test]
fn the_readme_is_read_in_one_go() {
    let text = fs::read_to_string(path()).unwrap();
    let lines = text.lines().count();
    assert!(lines < 450, "{lines} lines: move reference to src/docs/");
    // Each page is named there.
    for page in pages().iter().skip(1) {
        let name = page.file_name().unwrap().to_str().unwrap();
        assert!(text.contains(&format!("src/docs/{name}")), "{name}");
    }
}

#[test]
fn two_commands_set_everything_up_and_ci_runs_the_second() {
    let text = readme();
    let lines: Vec<&str> = text.lines().collect();
    let setup: Vec<&str> = blocks(&lines)
        .into_iter()
        .filter(|block| block.info == "sh")
        .flat_map(|block| lines[block.lines].to_vec())
        .collect();
    let [install, test] = setup[..] else {
        panic!("{setup:?}");
    };
    assert_eq!(
        install,
        "cargo install --locked --path . && portcullis install"
    );
    assert_eq!(test, "cargo test --locked");
    let ci = fs::read_to_string(path().with_file_name(".ci").join("run")).unwrap();
    assert!(ci.contains(&format!(" {test} ||")));
}

// ---- tables that are written from the program's own ----

/// The README with what stands between `<!-- NAME -->` and `<!-- /NAME -->` made true.
fn with_table(text: &str, name: &str, table: &str) -> String {
    let (open, close) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let start = text.find(&open).unwrap_or_else(|| panic!("no {open}")) + open.len();
    let end = start
        + text[start..]
            .find(&close)
            .unwrap_or_else(|| panic!("no {close}"));
    format!("{}{table}{}", &text[..start], &text[end..])
}

#[test]
fn packs_are_those_that_judge() {
    let mut table = "| pack | what it holds |\n|---|---|\n".to_owned();
    for row in CHECKS {
        let _ = writeln!(table, "| `{}` | {} |", row.name, row.doc);
    }
    hold("<!-- packs -->", |text| with_table(text, "packs", &table));
}

#[test]
fn events_are_those_that_are_answered() {
    let mut table = "| event | where | what portcullis does there |\n|---|---|---|\n".to_owned();
    for row in HOOKS {
        let side = match row.side {
            Side::Client => "client",
            Side::Server => "server",
        };
        let asked = match row.choice {
            Choice::Standard => "",
            Choice::OnRequest => " (installed only with `--events`)",
        };
        let _ = writeln!(table, "| `{}` | {side} | {}{asked} |", row.event, row.doc);
    }
    hold("<!-- events -->", |text| with_table(text, "events", &table));
}

#[test]
fn formats_are_those_that_are_written() {
    let mut table = "| format | what it is |\n|---|---|\n".to_owned();
    for row in FORMATS {
        let _ = writeln!(table, "| `{}` | {} |", row.name, row.doc);
    }
    hold("<!-- formats -->", |text| {
        with_table(text, "formats", &table)
    });
}

#[test]
fn rules_are_those_of_the_catalogue() {
    let mut providers: BTreeMap<String, (&str, Vec<String>)> = BTreeMap::new();
    for rule in rules() {
        let key = rule.provider.to_lowercase();
        let row = providers.entry(key).or_insert((rule.provider, Vec::new()));
        row.1.push(format!("`{}`", rule.id));
    }
    let mut table = format!(
        "<details><summary>{} rules for {} providers</summary>\n\n| provider | rules |\n|---|---|\n",
        rules().len(),
        providers.len()
    );
    for (provider, ids) in providers.values() {
        let _ = writeln!(table, "| {provider} | {} |", ids.join(" "));
    }
    table.push_str("\n</details>\n");
    hold("<!-- rules -->", |text| with_table(text, "rules", &table));
}

// ---- tables that people wrote ----

/// The rows of the table whose heads begin with this one, each cut at its bars.
fn rows(head: &str) -> Vec<Vec<String>> {
    let text = readme();
    let table = text
        .lines()
        .skip_while(|line| !line.starts_with(head))
        .take_while(|line| line.starts_with('|'));
    let rows: Vec<Vec<String>> = table
        .skip(2)
        .map(|line| {
            let cells = line.trim_matches('|').split(" | ");
            cells.map(|cell| cell.trim().to_owned()).collect()
        })
        .collect();
    assert!(!rows.is_empty(), "no table {head}");
    rows
}

/// What stands between backticks in the first column of a table.
fn first_column(head: &str) -> BTreeSet<String> {
    rows(head).iter().flat_map(|row| quoted(&row[0])).collect()
}

/// What stands between backticks.
fn quoted(text: &str) -> Vec<String> {
    text.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

#[test]
fn exit_codes_are_those_of_the_program() {
    let all = [
        (Exit::Clean, "0"),
        (Exit::Blocked, "1"),
        (Exit::Usage, "2"),
        (Exit::Undecided, "3"),
    ];
    let written: Vec<String> = rows("| code |")
        .into_iter()
        .map(|row| row[0].clone())
        .collect();
    assert_eq!(written, all.map(|(_, code)| code));
    for (exit, code) in all {
        let code: u8 = code.parse().unwrap();
        assert_eq!(
            format!("{:?}", ExitCode::from(exit)),
            format!("{:?}", ExitCode::from(code))
        );
    }
}

/// What `portcullis ARGS` prints.
fn answer(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_portcullis"))
        .args(args)
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// The long options in a text of help.
fn options(help: &str) -> BTreeSet<String> {
    let option = Regex::new(r"(?m)^ +(?:-[a-z], )?(--[a-z-]+)").unwrap();
    let found = option.captures_iter(help).map(|found| found[1].to_owned());
    found.filter(|option| option != "--help").collect()
}

#[test]
fn commands_and_options_are_those_of_the_help() {
    let listed = Regex::new(r"(?m)^  ([a-z]+) +[A-Z]").unwrap();
    let help = answer(&["--help"]);
    let real: BTreeSet<String> = listed
        .captures_iter(&help)
        .map(|row| row[1].to_owned())
        .collect();
    assert!(real.len() > 5);
    let written = rows("| command |");
    let named: BTreeSet<String> = written
        .iter()
        .flat_map(|row| quoted(&row[0]))
        .map(|command| command.split(' ').nth(1).unwrap().to_owned())
        .collect();
    assert_eq!(named, real);

    let scan = options(&answer(&["scan", "--help"]));
    let hook = options(&answer(&["hook", "--help"]));
    let long = |head| -> BTreeSet<String> {
        let first = first_column(head).into_iter().filter_map(|option| {
            let words: Vec<_> = option.split([' ', ',']).collect();
            words
                .iter()
                .find(|word| word.starts_with("--"))
                .map(|word| (*word).to_owned())
        });
        first.collect()
    };
    assert_eq!(long("| option |"), hook);
    assert_eq!(long("| what `scan` looks at |"), &scan - &hook);
    // Options of the other commands stand in the table of commands.
    for (command, row) in written
        .iter()
        .flat_map(|row| quoted(&row[0]).into_iter().map(move |c| (c, row)))
    {
        let command = command.split(' ').nth(1).unwrap();
        if command == "scan" {
            continue;
        }
        for option in &options(&answer(&[command, "--help"])) - &hook {
            let told = row.iter().any(|column| column.contains(option.as_str()));
            assert!(told, "{command} {option}");
        }
    }
}

#[test]
fn servers_are_those_that_a_pusher_can_be_known_by() {
    let here = rows("| the repository is on |");
    let named: BTreeSet<String> = here.iter().flat_map(|row| quoted(&row[2])).collect();
    let listed: BTreeSet<String> = first_column("| `identity.source` | the pusher is |");
    assert_eq!(
        &listed - &named,
        BTreeSet::from(["\"env:NAME\"".to_owned()])
    );
    assert!(named.is_subset(&listed));
    for source in &listed {
        let keys = "allowed_signers = \"signers\"";
        let text = format!("version = 1\n[identity]\n{keys}\nsource = {source}\n");
        let read = settings(&text).identity.source.unwrap();
        assert_eq!(format!("{:?}", read.to_string()), *source);
    }
}

#[test]
fn the_script_for_a_forge_is_a_gate() {
    let text = readme();
    let line = text.lines().find(|line| line.starts_with("exec "));
    let world = World::new();
    let server = world.bare("origin.git");
    let clone = world.clone_of(&server, "clone");
    server.write(
        "forge.toml",
        "version = 1\n[content]\ndeny_paths = [\"*.pem\"]\n",
    );
    let policy = server.dir.join("forge.toml");
    let line = line
        .unwrap()
        .replace("portcullis", env!("CARGO_BIN_EXE_portcullis"))
        .replace("/etc/git/policy.toml", policy.to_str().unwrap());
    server.write("hooks/pre-receive", format!("#!/bin/sh\n{line}\n"));
    server.shell("chmod +x hooks/pre-receive").ok();
    clone.commit("a.txt", "a\n");
    clone.push("main").accepted();
    clone.commit("a.pem", "a\n");
    clone.push("main").rejected().says("content/path");
}

#[test]
fn keys_are_those_of_the_configuration() {
    let leaf = |path: &str| {
        !KEYS
            .iter()
            .any(|key| key.path.starts_with(&format!("{path}.")))
    };
    let keys: BTreeSet<String> = KEYS
        .iter()
        .filter(|key| leaf(key.path) || key.path == "groups.*")
        .map(|key| key.path.replace('*', "NAME"))
        .collect();
    assert_eq!(first_column("| key |"), keys);
}

/// A configuration of the README, read as a server would.
fn settings(content: &str) -> Settings {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("portcullis.toml");
    fs::write(&file, content).unwrap();
    let today = time::OffsetDateTime::UNIX_EPOCH.date();
    let known = |id: &str| portcullis::scan::rule(id).is_some();
    match Config::load(&[(Origin::Server, file)], today, &known) {
        Ok(config) => config.into(),
        Err(error) => panic!("{error}\n{content}"),
    }
}

/// Rules of the README are tried on their own examples.
fn tries(content: &str) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("rules.toml");
    fs::write(&file, content).unwrap();
    let tried = std::process::Command::new(env!("CARGO_BIN_EXE_portcullis"))
        .args(["rules", "test"])
        .arg(&file)
        .output()
        .unwrap();
    assert!(tried.status.success(), "{tried:?}");
}

#[test]
fn configurations_are_valid_and_the_defaults_are_the_defaults() {
    let text = readme();
    let lines: Vec<&str> = text.lines().collect();
    let (mut valid, mut defaults) = (0, 0);
    for block in blocks(&lines) {
        if !block.info.starts_with("toml") {
            continue;
        }
        if block.info == "toml rules" {
            tries(&lines[block.lines].join("\n"));
            continue;
        }
        let settings = settings(&lines[block.lines].join("\n"));
        valid += 1;
        if block.info == "toml defaults" {
            defaults += 1;
            assert_eq!(
                format!("{settings:?}"),
                format!("{:?}", Settings::default())
            );
        }
    }
    assert!(valid >= 3 && defaults == 1, "{valid} {defaults}");
}
