//! What holds of the sources themselves: layers, tables, and that our own gate lets us in.

use portcullis::policy::settings::Settings;
use portcullis::policy::{CHECKS, Effort, Policy};
use portcullis::{change, config, finding, hook, policy, report, scan};
use regex::Regex;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms, each of which may use those before it.
const ROOMS: [&str; 10] = [
    "git", "change", "hook", "scan", "finding", "policy", "config", "report", "audit", "cli",
];

/// A file this long should be two.
const LONG: usize = 500;

/// Those that are longer, and how long they may be. This list may only shrink.
const LONGER: [(&str, usize); 0] = [];

/// One Rust file of the project.
struct Source {
    /// From the top, with `/`.
    path: String,
    /// All of it.
    text: String,
}

impl Source {
    /// The room that the file stands in.
    fn room(&self) -> Option<&str> {
        self.path.strip_prefix("src/")?.split_once('/').map(|p| p.0)
    }

    /// Without lines that are comments.
    fn code(&self) -> String {
        without_comments(&self.text)
    }

    /// The code that is in the program: without modules of tests.
    fn shipped(&self) -> String {
        let beside = ["tests.rs", "samples.rs"];
        let beside = beside.iter().any(|name| self.path.ends_with(name));
        if beside || self.path.contains("/tests/") {
            return String::new();
        }
        let (before, tests) = self
            .text
            .split_once("\n#[cfg(test)]\nmod tests {\n")
            .unwrap_or((&self.text, ""));
        let (_, behind) = tests.split_once("\n}\n").unwrap_or(("", ""));
        without_comments(&format!("{before}\n{behind}"))
    }
}

fn without_comments(text: &str) -> String {
    let code = |line: &&str| !line.trim_start().starts_with("//");
    text.lines()
        .filter(code)
        .flat_map(|line| [line, "\n"])
        .collect()
}

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file of the project that Git does not ignore, with its path from the top.
fn files() -> Vec<(String, PathBuf)> {
    let walk = ignore::WalkBuilder::new(top())
        .hidden(false)
        .parents(false)
        .git_global(false)
        .git_exclude(false)
        .require_git(false)
        .filter_entry(|entry| entry.file_name() != ".git")
        .sort_by_file_name(std::cmp::Ord::cmp)
        .build();
    let files: Vec<_> = walk
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| !path.is_dir())
        .map(|path| {
            let short = path.strip_prefix(top()).unwrap();
            (short.to_str().unwrap().replace('\\', "/"), path)
        })
        .collect();
    assert!(files.iter().any(|(path, _)| path == "src/main.rs"));
    files
}

/// Every Rust file below these folders.
fn sources(folders: &[&str]) -> Vec<Source> {
    let below = |path: &str| folders.iter().any(|folder| path.starts_with(folder));
    files()
        .into_iter()
        .filter(|(path, _)| path.ends_with(".rs") && below(path))
        .map(|(path, file)| Source {
            path,
            text: fs::read_to_string(file).unwrap(),
        })
        .collect()
}

/// The names that follow `crate::`, each of `crate::{a, b::c}` too.
fn used(code: &str) -> Vec<String> {
    let first = |part: &str| -> String {
        let word = |c: &char| c.is_alphanumeric() || *c == '_';
        part.trim_start().chars().take_while(word).collect()
    };
    let mut names = Vec::new();
    for (at, found) in code.match_indices("crate::") {
        let rest = &code[at + found.len()..];
        let Some(inside) = rest.strip_prefix('{') else {
            names.push(first(rest));
            continue;
        };
        let mut depth = 0_usize;
        let mut part = 0;
        for (end, c) in inside.char_indices() {
            let closes = c == '}' && depth == 0;
            if closes || (c == ',' && depth == 0) {
                names.push(first(&inside[part..end]));
                part = end + 1;
            }
            match c {
                _ if closes => break,
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

#[test]
fn the_names_behind_crate_are_seen() {
    let code = "use crate::a; x: crate::b::C, use crate::{c, d::{e, f},\n    g::H,\n};";
    assert_eq!(used(code), ["a", "b", "c", "d", "g"]);
}

#[test]
fn a_file_uses_only_rooms_to_its_left() {
    let mut wrong = Vec::new();
    let mut checked = 0;
    for source in sources(&["src/"]) {
        let Some(room) = source.room() else { continue };
        let Some(at) = ROOMS.iter().position(|name| *name == room) else {
            wrong.push(format!("{}: {room} is no room", source.path));
            continue;
        };
        for name in used(&source.code()) {
            checked += 1;
            if !ROOMS[..=at].contains(&name.as_str()) {
                wrong.push(format!("{}: crate::{name} is not to its left", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(checked > 50, "only {checked} uses were seen");
}

#[test]
fn each_room_keeps_to_its_own() {
    // What must not stand in code that is shipped, but for the rooms named.
    let rules: [(&str, &[&str], &str); 5] = [
        (
            r"(?-u:\b)(git2|gix_index)(?-u:\b)",
            &["git"],
            "only git reads repositories",
        ),
        (r#""GIT_"#, &["git"], "only git reads Git's variables"),
        (r#"Command::new\("git"\)"#, &["git"], "only git runs Git"),
        (
            r"(?-u:\b)(e?print(ln)?!|process::exit|stdout\(\)|stderr\(\))",
            &["cli"],
            "only cli prints and exits",
        ),
        (
            r"(?-u:\b)std::(fs|env|net|process)(?-u:\b)",
            &["git", "change", "hook", "config", "audit", "cli"],
            "scan, finding, policy and report do no I/O",
        ),
    ];
    let mut wrong = Vec::new();
    for (pattern, rooms, why) in rules {
        let pattern = Regex::new(pattern).unwrap();
        let mut seen = false;
        for source in sources(&["src/"]) {
            // The crate itself only lists the rooms, and calls the last one.
            let Some(room) = source.room() else { continue };
            for found in pattern.find_iter(&source.shipped()) {
                seen = true;
                if !rooms.contains(&room) {
                    wrong.push(format!("{}: {}: {why}", source.path, found.as_str()));
                }
            }
        }
        assert!(
            seen || pattern.as_str().contains("Command"),
            "{pattern} is nowhere"
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_says_in_its_first_line_what_it_is_for() {
    for source in sources(&["src/", "tests/", "benches/", "build.rs"]) {
        let first = source.text.lines().next().unwrap_or_default();
        assert!(
            first.starts_with("//! ") && first.len() > 8,
            "{}",
            source.path
        );
    }
}

/// Words that put something off, in two pieces each, so that they do not stand here.
const LATER: [(&str, &str); 6] = [
    ("TO", "DO"),
    ("FIX", "ME"),
    ("XX", "X"),
    ("todo", "!"),
    ("unimplemented", "!"),
    ("dbg", "!"),
];

#[test]
fn nothing_is_left_for_later() {
    let words = LATER.map(|(head, tail)| {
        let end = if tail == "!" { "" } else { r"(?-u:\b)" };
        Regex::new(&format!(r"(?-u:\b){head}{tail}{end}")).unwrap()
    });
    for source in sources(&["src/", "tests/", "benches/", "build.rs"]) {
        for (at, line) in source.text.lines().enumerate() {
            let found = words.iter().any(|word| word.is_match(line));
            assert!(!found, "{}:{}: {line}", source.path, at + 1);
        }
    }
}

#[test]
fn a_long_file_does_not_grow() {
    for source in sources(&["src/", "tests/", "benches/", "build.rs"]) {
        let lines = source.text.lines().count();
        let allowed = LONGER.iter().find(|(path, _)| *path == source.path);
        let limit = allowed.map_or(LONG, |(_, limit)| *limit);
        assert!(
            lines <= limit,
            "{} has {lines} lines, {limit} allowed",
            source.path
        );
        assert!(
            allowed.is_none() || lines > LONG,
            "{} is short now: take it off the list",
            source.path
        );
    }
    for (path, _) in LONGER {
        assert!(
            top().join(path).exists(),
            "{path} is gone: take it off the list"
        );
    }
}

/// The names of the files of a folder that hold this text in what is shipped.
fn files_with(folder: &str, text: &str) -> BTreeSet<String> {
    sources(&[folder])
        .iter()
        .filter(|source| !source.path[folder.len()..].contains('/'))
        .filter(|source| source.shipped().contains(text))
        .map(|source| {
            source.path[folder.len()..]
                .trim_end_matches(".rs")
                .replace('_', "-")
        })
        .collect()
}

#[test]
fn a_folder_holds_what_its_table_names() {
    let names =
        |list: Vec<&str>| -> BTreeSet<String> { list.into_iter().map(str::to_owned).collect() };
    let packs = names(CHECKS.iter().map(|row| row.name).collect());
    assert_eq!(files_with("src/policy/", "impl Check for "), packs);
    let events = names(hook::HOOKS.iter().map(|row| row.event).collect());
    assert_eq!(files_with("src/hook/", "\npub(super) fn read("), events);
    let formats = names(report::FORMATS.iter().map(|row| row.name).collect());
    assert_eq!(files_with("src/report/", "\npub(super) fn write("), formats);
    let known: BTreeSet<_> = fs::read_dir(top().join("hooks"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(known, events);
}

/// The pack of a module of the table of questions, and the names of its constants.
fn constants(table: &str) -> Vec<(String, String)> {
    let row =
        Regex::new(r#"(?m)^    (?:"[a-z-]+" ([a-z_]+) \{|    ([A-Z_]+) "[a-z-]+" \[)"#).unwrap();
    let mut module = String::new();
    let mut all = Vec::new();
    for found in row.captures_iter(table) {
        match (found.get(1), found.get(2)) {
            (Some(name), _) => module = name.as_str().to_owned(),
            (_, Some(name)) => all.push((module.clone(), name.as_str().to_owned())),
            (None, None) => {}
        }
    }
    all
}

#[test]
fn every_check_that_can_be_raised_is_explained() {
    const TABLE: &str = "src/policy/questions.rs";
    // An id is made in the table, or of a rule of the catalogue, and nowhere else.
    let made = Regex::new(r"(?-u:\b)CheckId \{\s*(pack|name)").unwrap();
    let shipped = sources(&["src/"]);
    let makers: BTreeSet<&str> = shipped
        .iter()
        .filter(|source| made.is_match(&source.shipped()))
        .map(|source| source.path.as_str())
        .collect();
    assert_eq!(makers, BTreeSet::from([TABLE, "src/policy/secrets.rs"]));
    // Each row has a check that raises it.
    let table = shipped.iter().find(|source| source.path == TABLE).unwrap();
    let constants = constants(&table.text);
    assert_eq!(constants.len(), policy::QUESTIONS.len());
    for (module, name) in constants {
        let raised = shipped.iter().any(|source| {
            let code = source.shipped();
            let imports = code.contains(&format!("questions::{module} as ask;"));
            source.path != TABLE
                && (imports && code.contains(&format!("ask::{name}"))
                    || code.contains(&format!("questions::{module}::{name}")))
        });
        assert!(raised, "no check raises {module}::{name}");
    }
    // And says by which keys it is asked.
    let known: BTreeSet<&str> = config::KEYS.iter().map(|key| key.path).collect();
    for question in policy::QUESTIONS {
        for key in question.keys {
            assert!(known.contains(key), "{}: {key} is no key", question.id);
        }
        for text in [question.refuses, question.why, question.fix] {
            assert!(text.ends_with('.') && !text.contains('\n'), "{text}");
        }
        assert_eq!(
            policy::question(&question.id.to_string()).unwrap().id,
            question.id
        );
    }
    let ids: BTreeSet<_> = policy::QUESTIONS
        .iter()
        .map(|question| question.id)
        .collect();
    assert_eq!(ids.len(), policy::QUESTIONS.len());
}

#[test]
fn no_file_names_a_place_on_somebodys_machine() {
    let places = ["/wo", "rk/|/ro", "ot/|/Us", "ers/|/ho", "me/[a-z]+"].concat();
    let places = Regex::new(&format!(
        r"({places}|{})",
        regex::escape(env!("CARGO_MANIFEST_DIR"))
    ))
    .unwrap();
    for (path, file) in files() {
        let text = fs::read(&file).unwrap();
        for (at, line) in String::from_utf8_lossy(&text).lines().enumerate() {
            if let Some(found) = places.find(line) {
                let made_up = ["you", "alice", "bob", "git"]
                    .iter()
                    .any(|who| found.as_str().ends_with(who));
                assert!(made_up, "{path}:{}: {}", at + 1, found.as_str());
            }
        }
    }
}

#[test]
fn our_own_gate_lets_our_own_repository_in() {
    let today = time::OffsetDateTime::UNIX_EPOCH.date();
    let layers = config::discover_client(Some(top()), &|_| None);
    let ours: Vec<_> = layers
        .into_iter()
        .filter(|(origin, _)| *origin == config::Origin::Repository)
        .collect();
    let config = config::Config::load(&ours, today, &|id| scan::rule(id).is_some()).unwrap();
    let gate = Policy::new(
        Settings::from(config),
        hook::Side::Client,
        policy::groups::Pusher::Unknown,
    );
    let effort = Effort {
        cache: policy::Cache::Unused,
        jobs: 1,
        started: std::time::Instant::now(),
        watch: &policy::Unwatched,
    };
    // As Git names them; Cargo runs tests at the top.
    let paths: Vec<PathBuf> = files().into_iter().map(|(path, _)| path.into()).collect();
    let count = paths.len() as u64;
    let verdict = gate.judge(None, &[change::Source::Files(paths)], &effort);
    let found: Vec<String> = verdict
        .findings
        .iter()
        .filter(|found| found.level == finding::Level::Deny)
        .map(|found| {
            let path = found.place.path.as_ref().map(ToString::to_string);
            let line = found.place.text.map_or(0, |text| text.line);
            format!("{}:{line}: {}", path.unwrap_or_default(), found.check)
        })
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
    assert!(verdict.unread.is_empty(), "{:?}", verdict.unread);
    assert_eq!(verdict.coverage.files, count);
    // The gate that let all of it in is one that closes.
    let token = ["ghp", "_", &scan_token()].concat();
    let text = format!("token = \"{token}\"\n").into_bytes();
    let verdict = gate.judge(None, &[change::Source::Text(text)], &effort);
    assert_eq!(verdict.outcome(), policy::Outcome::Rejected);
}

/// What follows the prefix of a token of GitHub, with the checksum that fits.
fn scan_token() -> String {
    const DIGITS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let random: String = (0..30_usize)
        .map(|at| char::from(DIGITS[(at * at * 7 + at * 11 + 3) % 62]))
        .collect();
    let mut sum = crc32fast::hash(random.as_bytes()) as usize;
    let mut digits = [b'0'; 6];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[sum % 62];
        sum /= 62;
    }
    random + &String::from_utf8_lossy(&digits)
}
