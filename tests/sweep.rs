//! A push whose objects came in a pack is looked at in the order of their deltas first. Nothing of what
//! is said of it may depend on that.

use crate::world::{Repo, World, assigned, ids};
use serde_json::Value;
use std::fmt::Write as _;

/// Numbers that are the same every time.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }

    fn of<'a>(&mut self, all: &'a [String]) -> &'a str {
        &all[self.below(all.len())]
    }
}

const PATHS: [&str; 16] = [
    "src/main.c",
    "src/app.py",
    "tests/app.py",
    "config/app.json",
    "config/app.ini",
    "deploy.sh",
    "docs/readme.md",
    ".env",
    "word/document.xml",
    "data.bin",
    "notes.txt",
    "a/b/c/deep.rb",
    "settings.example",
    "x.sql",
    "web/index.html",
    "app.env.example",
];

/// The beginning of a program, in which there is nothing else to be found.
const PROGRAM: &str = "\x7fELF\x02\x01\x01 says nothing\n";

/// What may stand somewhere in a file: words, secrets, and what is nearly one.
fn pieces(world: &World) -> Vec<String> {
    let secrets = &world.secrets;
    let (id, key) = secrets.aws();
    let token = secrets.github();
    let (head, tail) = token.split_at(20);
    let password = secrets.weak_password();
    let mut pieces: Vec<String> = (0..40)
        .map(|number| format!("line {number} says nothing of note\n"))
        .collect();
    pieces.extend([
        assigned(&token),
        assigned(&secrets.github_miswritten()),
        format!("token = \"{head}\" +\n    \"{tail}\"\n"),
        format!("<w:t>{head}</w:t><w:t>{tail}</w:t>\n"),
        format!("aws_access_key_id = {id}\naws_secret_access_key = {key}\n"),
        format!("aws_access_key_id = {id}\n"),
        format!("password = {password}\n"),
        format!("    \"password\": \"{password}\",\n"),
        format!("DB_PASSWORD={}\n", secrets.random()),
        format!("api_secret: {}\n", secrets.random()),
        format!("# sha256 of it\napi_key = \"{}\"\n", secrets.random()),
        "password = getenv(\"PASSWORD\")\n".to_owned(),
        "token: changeme\n".to_owned(),
        "\u{0}binary\u{0}\n".to_owned(),
        secrets.private_key(),
        "-----BEGIN PUBLIC KEY-----\nnone\n-----END PUBLIC KEY-----\n".to_owned(),
        "-----BEGIN PRIVATE KEY-----\n".to_owned(),
    ]);
    pieces
}

/// The pieces of a file, changed a little: what comes, goes, moves, or is cut.
fn edit(random: &mut Random, file: &mut Vec<String>, pieces: &[String]) {
    if pieces.len() > 40 && random.below(8) == 0 {
        // Nothing is told of it where it stands elsewhere.
        file.insert(0, PROGRAM.to_owned());
    }
    for _ in 0..1 + random.below(3) {
        let at = random.below(file.len() + 1);
        match random.below(6) {
            0 | 1 => file.insert(at, random.of(&pieces[..40]).to_owned()),
            2 => file.insert(at, random.of(pieces).to_owned()),
            3 if at < file.len() => {
                file.remove(at);
            }
            4 if at < file.len() => {
                let piece = file.remove(at);
                file.insert(random.below(file.len() + 1), piece);
            }
            _ if at < file.len() && file[at].is_ascii() => {
                let cut = random.below(file[at].len() + 1);
                let rest = file[at].split_off(cut);
                file.insert(at + 1, rest);
            }
            _ => {}
        }
    }
}

/// A stream for git fast-import: commits on two branches that merge now and then.
fn history(random: &mut Random, pieces: &[String], base: &str, commits: usize) -> Vec<u8> {
    let mut stream = String::new();
    let branches = ["main", "side"];
    let long: Vec<String> = (0..30)
        .map(|_| random.of(&pieces[..40]).to_owned())
        .collect();
    let mut files = vec![vec![long; PATHS.len()]; branches.len()];
    for number in 0..commits {
        let branch = random.below(branches.len());
        let name = branches[branch];
        let _ = write!(
            stream,
            "commit refs/heads/{name}\nmark :{}\ncommitter A <a@example.com> {} +0000\ndata 2\nx\n\n",
            number + 1,
            1_600_000_000 + number * 60
        );
        let first = stream.matches(&format!("refs/heads/{name}\n")).count() == 1;
        if first {
            let _ = writeln!(stream, "from {base}");
        } else if number % 9 == 8 {
            let other = branches[1 - branch];
            if stream.contains(&format!("refs/heads/{other}\n")) {
                let _ = writeln!(stream, "merge refs/heads/{other}");
            }
        }
        for _ in 0..1 + random.below(2) {
            let path = random.below(PATHS.len());
            if random.below(8) == 0 {
                // What stands there stands elsewhere as well.
                files[branch][path] = files[random.below(2)][random.below(PATHS.len())].clone();
            }
            let mut file = std::mem::take(&mut files[branch][path]);
            edit(random, &mut file, pieces);
            let text = file.concat();
            let path_name = PATHS[path];
            files[branch][path] = file;
            let _ = write!(
                stream,
                "M 100644 inline {path_name}\ndata {}\n{text}\n",
                text.len()
            );
        }
    }
    stream.into_bytes()
}

/// A repository beside that of the server, with the new objects of a push in one pack.
fn put_aside(world: &World, stream: &[u8]) -> Repo {
    let aside = world.bare("aside.git");
    aside.git("config fastimport.unpackLimit 1").ok();
    let theirs = world.path("origin.git").join("objects");
    aside.write("objects/info/alternates", format!("{}\n", theirs.display()));
    aside.git_fed(&["fast-import", "--quiet"], stream).ok();
    aside.git("repack -a -d -l -f -q").ok();
    aside
}

/// What is said of a push whose objects were put aside there; `swept` or as if they came one by one.
fn judged(server: &Repo, world: &World, lines: &str, swept: bool, jobs: &str) -> Value {
    let objects = world.path("aside.git").join("objects");
    let objects = objects.to_str().unwrap();
    let theirs = world.path("origin.git").join("objects");
    let aside_at = if swept { objects } else { "/nowhere" };
    let server = server
        .with_env("GIT_DIR", ".")
        .with_env("GIT_OBJECT_DIRECTORY", objects)
        .with_env("GIT_QUARANTINE_PATH", aside_at)
        .with_env("GIT_ALTERNATE_OBJECT_DIRECTORIES", theirs.to_str().unwrap());
    let said = server
        .portcullis_fed(
            &["hook", "pre-receive", "--format", "json", "--jobs", jobs],
            lines.as_bytes(),
        )
        .whatever();
    report(&said.stderr)
}

fn report(said: &str) -> Value {
    let json = said.find('{').map_or(said, |at| &said[at..]);
    serde_json::from_str(json).unwrap()
}

/// Which secrets a report tells of, and where.
fn secrets(report: &Value) -> Vec<String> {
    let findings = report["findings"].as_array().unwrap().iter();
    let secrets =
        findings.filter(|finding| finding["check"].as_str().unwrap().contains("secrets/"));
    let told = |finding: &Value| {
        let keys = ["check", "fingerprint", "level"].map(|key| &finding[key]);
        let place = ["path", "commit", "line"].map(|key| &finding["place"][key]);
        let told = keys.into_iter().chain(place);
        told.map(Value::to_string).collect::<Vec<_>>().join(" ")
    };
    let mut told: Vec<String> = secrets.map(told).collect();
    told.sort();
    told
}

/// Takes out what may differ: how long it took, and how much was read for it. Gives back the latter.
fn without_effort(report: &mut Value) -> u64 {
    let coverage = report["coverage"].as_object_mut().unwrap();
    coverage.remove("seconds");
    let scanned = coverage.remove("scanned");
    scanned.and_then(|scanned| scanned.as_u64()).unwrap()
}

#[test]
fn what_is_said_of_a_push_does_not_depend_on_how_its_objects_came() {
    let world = World::new();
    let server = world
        .bare("origin.git")
        .policy("[content]\nmax_file_size = \"4KiB\"\ndeny_types = [\"elf\"]");
    let alice = world.clone_of(&server, "alice");
    let base = alice.commit("readme.md", "nothing to see\n");
    alice.push("main").accepted();
    let pieces = pieces(&world);
    let (mut found, mut programs, mut saved) = (0, 0, 0);
    for seed in 0..6 {
        let mut random = Random(seed);
        // Every other push holds nothing but words.
        let some = if seed % 2 == 0 {
            &pieces[..]
        } else {
            &pieces[..40]
        };
        let stream = history(&mut random, some, &base, 60);
        let aside = put_aside(&world, &stream);
        let zero = "0".repeat(base.len());
        let lines = ["main", "side"].map(|name| {
            let (old, tip) = match name {
                "main" => (base.clone(), aside.id("main")),
                _ => (zero.clone(), aside.id("side")),
            };
            format!("{old} {tip} refs/heads/{name}\n")
        });
        let mut swept = judged(&server, &world, &lines.concat(), true, "2");
        let mut plain = judged(&server, &world, &lines.concat(), false, "2");
        let scanned = [without_effort(&mut swept), without_effort(&mut plain)];
        assert_eq!(swept, plain, "seed {seed}");
        let findings = swept["findings"].as_array().unwrap();
        found += findings.len();
        let is_program = |finding: &&Value| finding["check"] == ids::TYPE;
        programs += findings.iter().filter(is_program).count();
        saved += usize::from(scanned[0] * 2 < scanned[1]);
        std::fs::remove_dir_all(world.path("aside.git")).unwrap();
    }
    assert!(
        found > 15 && programs > 5,
        "{found} found, {programs} programs"
    );
    assert!(saved >= 3, "{saved} were looked at for less");
}

#[test]
fn what_is_said_of_a_push_does_not_depend_on_how_many_judge_it() {
    let world = World::new();
    let server = world.bare("origin.git").policy("");
    let alice = world.clone_of(&server, "alice");
    let base = alice.commit("readme.md", "nothing to see\n");
    alice.push("main").accepted();
    let server = server.policy(
        "[content]\nnames = \"portable\"\n[commits]\nconventional = true\ndates = \"sane\"",
    );
    let pieces = pieces(&world);
    let mut found = 0;
    for seed in 20..23 {
        // The last push holds nothing but words.
        let some = if seed < 22 {
            &pieces[..]
        } else {
            &pieces[..40]
        };
        let aside = put_aside(&world, &history(&mut Random(seed), some, &base, 600));
        let lines = ["main", "side"].map(|name| {
            let old = match name {
                "main" => base.clone(),
                _ => "0".repeat(base.len()),
            };
            format!("{old} {} refs/heads/{name}\n", aside.id(name))
        });
        let said = ["1", "2", "4"].map(|jobs| {
            let mut said = judged(&server, &world, &lines.concat(), true, jobs);
            let scanned = without_effort(&mut said);
            (said, scanned)
        });
        let scanned = said[0].1;
        let said = said.map(|(said, _)| said);
        assert_eq!(said[0], said[1], "seed {seed}");
        assert_eq!(said[0], said[2], "seed {seed}");
        // Who pushes them is told the same, though their objects stand among others.
        let lines = ["main", "side"].map(|name| {
            let zero = "0".repeat(base.len());
            format!("{name} {} refs/heads/{name} {zero}\n", aside.id(name))
        });
        let args = [
            "hook", "pre-push", "--format", "json", "nowhere", "/nowhere",
        ];
        let pushed = aside.portcullis_fed(&args, lines.concat().as_bytes());
        let pushed = report(&pushed.whatever().stderr);
        assert_eq!(secrets(&said[0]), secrets(&pushed), "seed {seed}");
        let theirs = pushed["coverage"]["scanned"].as_u64().unwrap();
        assert!(theirs < scanned + scanned / 10, "{theirs} {scanned}");
        found += said[0]["findings"].as_array().unwrap().len();
        std::fs::remove_dir_all(world.path("aside.git")).unwrap();
    }
    assert!(found > 500, "{found} found");
}

#[test]
fn folders_nest_as_deep_as_git_lets_them_whoever_judges_them() {
    let world = World::new();
    let server = world.bare("origin.git").policy("");
    let alice = world.clone_of(&server, "alice");
    let base = alice.commit("readme.md", "nothing to see\n");
    alice.push("main").accepted();
    let server = server.policy("[content]\nnames = \"portable\"");
    let (folders, token) = ("d/".repeat(2000), assigned(&world.secrets.github()));
    let mut stream = String::new();
    for number in 0..256 {
        let from = match number {
            0 => format!("from {base}\n"),
            _ => String::new(),
        };
        stream.push_str(&format!(
            "commit refs/heads/main\ncommitter a <a@example.com> 1700000000 +0000\ndata 2\nm\n{from}"
        ));
        // Each thread that takes a part of them meets such folders.
        if number % 32 == 31 {
            let text = format!("{token}{number}\n");
            stream.push_str(&format!("M 100644 inline {folders}{number}.py\n"));
            stream.push_str(&format!("data {}\n{text}\n", text.len()));
        } else {
            stream.push_str("deleteall\n");
        }
    }
    let aside = put_aside(&world, stream.as_bytes());
    let lines = format!("{base} {} refs/heads/main\n", aside.id("main"));
    for jobs in ["1", "4"] {
        let said = judged(&server, &world, &lines, true, jobs);
        assert_eq!(said["unread"].as_array().unwrap().len(), 0);
        let findings = said["findings"].as_array().unwrap();
        let path = findings
            .first()
            .and_then(|first| first["place"]["path"].as_str());
        assert!(path.unwrap().starts_with(&folders));
        assert_eq!(said["coverage"]["commits"], 256);
    }
}

#[test]
fn what_is_damaged_is_as_undecided_as_ever() {
    let world = World::new();
    let server = world.bare("origin.git").policy("");
    let alice = world.clone_of(&server, "alice");
    let base = alice.commit("readme.md", "nothing to see\n");
    alice.push("main").accepted();
    let pieces = pieces(&world);
    let mut undecided = 0;
    for seed in 10..16 {
        let aside = put_aside(&world, &history(&mut Random(seed), &pieces, &base, 40));
        let tip = aside.id("main");
        let packs = world.path("aside.git").join("objects/pack");
        let pack = std::fs::read_dir(packs).unwrap();
        let pack = pack.map(|file| file.unwrap().path());
        let mut pack = pack.filter(|path| path.extension().is_some_and(|ending| ending == "pack"));
        let pack = pack.next().unwrap();
        let mut bytes = std::fs::read(&pack).unwrap();
        let at = bytes.len() / 4 + Random(seed).below(bytes.len() / 2);
        bytes[at] ^= 0x55;
        std::fs::remove_file(&pack).unwrap();
        std::fs::write(&pack, bytes).unwrap();
        let lines = format!("{base} {tip} refs/heads/main\n");
        let mut swept = judged(&server, &world, &lines, true, "2");
        let mut plain = judged(&server, &world, &lines, false, "2");
        without_effort(&mut swept);
        without_effort(&mut plain);
        assert_eq!(swept, plain, "seed {seed}");
        undecided += usize::from(
            swept["unread"]
                .as_array()
                .is_some_and(|all| !all.is_empty()),
        );
        std::fs::remove_dir_all(world.path("aside.git")).unwrap();
    }
    assert!(undecided >= 3, "{undecided}");
}
