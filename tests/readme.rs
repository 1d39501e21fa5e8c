//! That the README is true: its tour is run, its tables are those of the program.
//!
//! With `README=write` in the environment the tests write what is true into it instead.

use portcullis::cli::Exit;
use portcullis::config::{Config, KEYS, Origin, Support};
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
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Mutex;

/// One at a time reads and writes the file.
static FILE: Mutex<()> = Mutex::new(());

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")
}

fn readme() -> String {
    fs::read_to_string(path()).unwrap()
}

/// Holds the README to what is true, or writes that into it.
#[track_caller]
fn hold(truth: impl Fn(&str) -> String) {
    let _alone = FILE
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let is = readme();
    let should = truth(&is);
    if is == should {
        return;
    }
    if std::env::var_os("README").is_some_and(|word| word == "write") {
        return fs::write(path(), should).unwrap();
    }
    let differs = is.lines().zip(should.lines()).find(|(a, b)| a != b);
    let (is, should) = differs.unwrap_or(("", "more or fewer lines"));
    panic!(
        "README.md says\n    {is}\nand should say\n    {should}\n(README=write cargo test writes it)"
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

// ---- the tour ----

/// A place of its own for the tour, and a shell in it that remembers where it is.
struct Tour {
    root: PathBuf,
    _dir: tempfile::TempDir,
    /// What the shell has to do before each command: go there, know these variables.
    state: PathBuf,
    step: u64,
}

impl Tour {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let home = root.join("you");
        fs::create_dir_all(home.join(".cargo/bin")).unwrap();
        fs::copy(
            env!("CARGO_BIN_EXE_portcullis"),
            home.join(".cargo/bin/portcullis"),
        )
        .unwrap();
        let config = "[user]\n\tname = You\n\temail = you@example.com\n";
        fs::write(home.join(".gitconfig"), config).unwrap();
        let state = root.join("state");
        fs::write(&state, format!("cd '{}'\n", home.display())).unwrap();
        Self {
            root,
            _dir: dir,
            state,
            step: 0,
        }
    }

    fn home(&self) -> PathBuf {
        self.root.join("you")
    }

    /// Types a command; what comes back, with the home directory as `/home/you`.
    fn types(&mut self, command: &str) -> String {
        self.step += 60;
        let (mut reader, writer) = std::io::pipe().unwrap();
        let script = format!(
            ". '{state}'\n{command}\nprintf 'cd \"%s\"\\n' \"$PWD\" >'{state}'\n",
            state = self.state.display()
        );
        let git = git_program();
        let mut search = self.home().join(".cargo/bin").into_os_string();
        search.push(":");
        search.push(git.parent().unwrap());
        search.push(":/usr/bin:/bin");
        let date = format!("{} +0000", 1_760_000_000 + self.step);
        let mut shell = Command::new("/bin/sh")
            .args(["-c", &script])
            .current_dir(&self.root)
            .env_clear()
            .env("PATH", search)
            .env("HOME", self.home())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CEILING_DIRECTORIES", &self.root)
            .env("GIT_AUTHOR_DATE", &date)
            .env("GIT_COMMITTER_DATE", &date)
            .env("LC_ALL", "C.UTF-8")
            .env("TZ", "UTC")
            .stdin(Stdio::null())
            .stdout(writer.try_clone().unwrap())
            .stderr(writer)
            .spawn()
            .unwrap();
        let mut said = String::new();
        reader.read_to_string(&mut said).unwrap();
        shell.wait().unwrap();
        said.replace(&self.home().display().to_string(), "/home/you")
    }
}

/// The Git under test: as the other scenarios choose it.
fn git_program() -> PathBuf {
    if let Some(asked) = std::env::var_os("PORTCULLIS_TEST_GIT") {
        return PathBuf::from(asked);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|dir| dir.join("git"))
        .find(|git| git.is_file())
        .unwrap()
}

/// What of an output is the same on every machine and every day.
fn lasting(output: &str) -> Vec<String> {
    let varying = [
        (r"[0-9]+\.[0-9]{3,} s\b", "TIME"),
        (r#""seconds": [0-9.e-]+"#, "SECONDS"),
        (r"\b[0-9a-f]{40}\b", "OID"),
        (r"\b[0-9a-f]{10}\b", "SHORT"),
        (
            r"\[main( \(root-commit\))? [0-9a-f]{7,10}\]",
            "[main$1 SHORT]",
        ),
        (r"\b[0-9a-f]{7}\.\.[0-9a-f]{7}\b", "FROM..TO"),
        (r#""rules": "[0-9a-f]{32}""#, "RULES"),
    ];
    let mut text = output.to_owned();
    for (pattern, name) in varying {
        let pattern = pattern.replace(r"\b", r"(?-u:\b)");
        text = Regex::new(&pattern)
            .unwrap()
            .replace_all(&text, name)
            .into_owned();
    }
    text.split_whitespace().map(str::to_owned).collect()
}

/// The README after the tour was taken: outputs that no longer hold are replaced.
fn toured(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut out: Vec<String> = Vec::new();
    let mut tour = Tour::new();
    let mut at = 0;
    let mut steps = 0;
    for block in blocks(&lines) {
        if let Some(name) = block.info.strip_prefix("toml file=") {
            let mut content = lines[block.lines.clone()].join("\n");
            content.push('\n');
            fs::write(tour.home().join(name), content).unwrap();
        }
        if block.info != "console" {
            continue;
        }
        out.extend(
            lines[at..block.lines.start]
                .iter()
                .map(|line| (*line).to_owned()),
        );
        at = block.lines.start;
        assert!(
            lines[at].starts_with("$ "),
            "a session begins with a command"
        );
        while at < block.lines.end {
            let command = lines[at].strip_prefix("$ ").unwrap();
            let next = (at + 1..block.lines.end).find(|&line| lines[line].starts_with("$ "));
            let end = next.unwrap_or(block.lines.end);
            let shown = lines[at + 1..end].join("\n");
            let said = tour.types(command);
            steps += 1;
            out.push(lines[at].to_owned());
            let true_lines = if lasting(&shown) == lasting(&said) {
                shown
            } else {
                said
            };
            out.extend(true_lines.lines().map(|line| line.trim_end().to_owned()));
            at = end;
        }
    }
    assert!(steps > 20, "only {steps} commands");
    out.extend(lines[at..].iter().map(|line| (*line).to_owned()));
    out.join("\n") + "\n"
}

#[test]
fn the_tour_goes_as_it_is_told() {
    hold(toured);
}

#[test]
fn outputs_that_differ_in_more_than_time_and_ids_differ() {
    let line = "[main 0123456] x\nrejected: 1 deny; in 0.004 s";
    assert_eq!(
        lasting(line),
        lasting("[main abcdef0] x rejected: 1 deny; in 12.345 s")
    );
    assert_ne!(
        lasting(line),
        lasting("[main abcdef0] x rejected: 2 deny; in 0.004 s")
    );
    assert_ne!(
        lasting(line),
        lasting("[other abcdef0] x rejected: 1 deny; in 0.004 s")
    );
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
    assert!(ci.lines().any(|line| line.trim_end().ends_with(test)));
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
    hold(|text| with_table(text, "packs", &table));
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
    hold(|text| with_table(text, "events", &table));
}

#[test]
fn formats_are_those_that_are_written() {
    let mut table = "| format | what it is |\n|---|---|\n".to_owned();
    for row in FORMATS {
        let _ = writeln!(table, "| `{}` | {} |", row.name, row.doc);
    }
    hold(|text| with_table(text, "formats", &table));
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
    hold(|text| with_table(text, "rules", &table));
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
        if ["scan", "hook"].contains(&command) {
            continue;
        }
        for option in options(&answer(&[command, "--help"])) {
            assert!(row[0].contains(&option), "{command} {option}");
        }
    }
}

#[test]
fn keys_are_those_of_the_configuration() {
    let leaf = |path: &str| {
        !KEYS
            .iter()
            .any(|key| key.path.starts_with(&format!("{path}.")))
    };
    let keys = |wanted: Support| -> BTreeSet<String> {
        KEYS.iter()
            .filter(|key| key.support == wanted && (leaf(key.path) || key.path == "groups.*"))
            .map(|key| key.path.replace('*', "NAME"))
            .collect()
    };
    assert_eq!(first_column("| key |"), keys(Support::Enforced));
    let text = readme();
    let open = "<!-- later -->\n";
    let start = text.find(open).unwrap() + open.len();
    let later = &text[start..start + text[start..].find("\n\n").unwrap()];
    let later: BTreeSet<String> = quoted(later).into_iter().collect();
    assert_eq!(later, keys(Support::NotYet));
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

#[test]
fn configurations_are_valid_and_the_defaults_are_the_defaults() {
    let text = readme();
    let lines: Vec<&str> = text.lines().collect();
    let (mut valid, mut defaults) = (0, 0);
    for block in blocks(&lines) {
        if !block.info.starts_with("toml") {
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
