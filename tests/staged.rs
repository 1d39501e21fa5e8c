//! What a commit would bring in, as Git has it staged, through the hook and through `scan --staged`.

use crate::world::{Repo, World, ids};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;

/// The commit is refused and the hand scan finds the same; nothing has moved.
#[track_caller]
fn blocked(repo: &Repo, check: &str, place: &str, secret: &str) {
    let before = repo.value_of("HEAD");
    let said = repo.scan("--staged").exit(1).without(secret);
    said.json().outcome("rejected").one(check, place);
    repo.try_commit()
        .rejected()
        .by(check)
        .at(place)
        .without(secret);
    if repo.value_of("HEAD") != before {
        repo.fail("HEAD has moved");
    }
}

/// The commit is made and the hand scan has nothing to say.
#[track_caller]
fn passes(repo: &Repo) {
    repo.scan("--staged")
        .ok()
        .json()
        .outcome("accepted")
        .nothing();
    repo.try_commit().accepted();
}

/// A repository with hooks and one harmless commit.
fn repo_with_a_commit(world: &World) -> Repo {
    let repo = world.repo("repo");
    repo.commit("readme.md", "nothing to see\n");
    repo.install();
    repo
}

fn assigned(secret: &str) -> String {
    format!("token = \"{secret}\"\n")
}

#[test]
fn a_token_in_a_new_file_is_found() {
    let world = World::new();
    let (repo, token) = (repo_with_a_commit(&world), world.secrets.github());
    repo.stage("src/app.py", format!("import os\n{}", assigned(&token)));
    blocked(&repo, ids::GITHUB, "src/app.py:2", &token);
}

#[test]
fn what_is_harmless_passes() {
    let world = World::new();
    let repo = repo_with_a_commit(&world);
    repo.stage("src/app.py", "import os\ntoken = os.environ[\"TOKEN\"]\n");
    passes(&repo);
}

#[test]
fn a_token_staged_and_then_removed_from_the_worktree_is_found() {
    let world = World::new();
    let (repo, token) = (repo_with_a_commit(&world), world.secrets.github());
    repo.stage("app.py", assigned(&token))
        .write("app.py", "clean = True\n");
    blocked(&repo, ids::GITHUB, "app.py:1", &token);
}

#[test]
fn a_token_that_is_only_in_the_worktree_is_not_found() {
    let world = World::new();
    let (repo, token) = (repo_with_a_commit(&world), world.secrets.github());
    repo.stage("app.py", "clean = True\n")
        .write("app.py", assigned(&token));
    passes(&repo);
}

#[test]
fn a_staged_file_that_is_gone_from_the_worktree_is_found() {
    let world = World::new();
    let (repo, token) = (repo_with_a_commit(&world), world.secrets.github());
    repo.stage("app.py", assigned(&token));
    fs::remove_file(repo.dir.join("app.py")).unwrap();
    blocked(&repo, ids::GITHUB, "app.py:1", &token);
}

#[test]
fn a_scan_in_a_subdirectory_sees_what_is_staged_elsewhere() {
    let world = World::new();
    let (repo, token) = (repo_with_a_commit(&world), world.secrets.github());
    repo.stage("src/app.py", assigned(&token))
        .stage("docs/a.md", "# a\n");
    blocked(&repo.within("docs"), ids::GITHUB, "src/app.py:1", &token);
}

#[test]
fn attributes_and_settings_that_bend_a_diff_bend_nothing() {
    let bends: [(&str, &[&str]); 9] = [
        ("*.py -diff\n", &[]),
        ("*.py binary\n", &[]),
        ("*.py diff=hide\n", &["diff.hide.textconv", "true"]),
        ("*.py diff=hide\n", &["diff.hide.binary", "true"]),
        ("*.py diff=hide\n", &["diff.hide.command", "true"]),
        ("", &["color.ui", "always"]),
        ("", &["diff.noprefix", "true"]),
        ("", &["diff.mnemonicPrefix", "true"]),
        ("", &["diff.external", "true"]),
    ];
    for (index, (attributes, setting)) in bends.into_iter().enumerate() {
        let world = World::new();
        let token = world.secrets.github();
        let repo = world.repo(&format!("repo{index}"));
        repo.commit(".gitattributes", attributes);
        if let [name, value] = setting {
            repo.git_with(&["config", name, value]).ok();
        }
        repo.install().stage("app.py", assigned(&token));
        blocked(&repo, ids::GITHUB, "app.py:1", &token);
    }
}

#[test]
fn a_file_in_utf_16_is_read() {
    let world = World::new();
    let (repo, token) = (repo_with_a_commit(&world), world.secrets.github());
    let text = format!("first line\r\n{}", assigned(&token));
    let little = [vec![0xff, 0xfe], wide(&text, u16::to_le_bytes)].concat();
    let big = [vec![0xfe, 0xff], wide(&text, u16::to_be_bytes)].concat();
    repo.stage("little.ps1", little).stage("big.ps1", big);
    blocked(&repo, ids::GITHUB, "little.ps1:2", &token);
    blocked(&repo, ids::GITHUB, "big.ps1:2", &token);
}

fn wide(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

#[test]
fn a_rename_with_an_edit_is_read_under_its_new_name() {
    let world = World::new();
    let (repo, token) = (repo_with_a_commit(&world), world.secrets.github());
    repo.commit("old.py", "a line\n".repeat(40));
    repo.git("mv old.py new.py").ok();
    repo.append("new.py", &format!("token = \"{token}\""));
    repo.git("add new.py").ok();
    blocked(&repo, ids::GITHUB, "new.py:41", &token);
}

#[test]
fn odd_names_are_no_hiding_place() {
    let names = [
        "a b.py",
        "q\"uote.py",
        "é.py",
        "-dash.py",
        "$(x)`y`.py",
        "[a]*?.py",
        ":(top)x.py",
    ];
    for name in names {
        let world = World::new();
        let (repo, token) = (repo_with_a_commit(&world), world.secrets.github());
        repo.write(name, assigned(&token));
        repo.git_with(&["add", "--", &format!(":(top,literal){name}")])
            .ok();
        blocked(&repo, ids::GITHUB, &format!("{name}:1"), &token);
    }
}

#[test]
fn a_tab_in_a_name_is_no_hiding_place() {
    let world = World::new();
    let (repo, token) = (repo_with_a_commit(&world), world.secrets.github());
    repo.stage("a\tb.py", assigned(&token));
    let report = repo.scan("--staged").exit(1).json();
    assert_eq!(report.by(ids::GITHUB).len(), 1);
    repo.try_commit()
        .rejected()
        .by(ids::GITHUB)
        .lacks("a\tb.py");
}

#[test]
fn a_line_of_three_megabytes_is_read_to_its_end() {
    let world = World::new();
    let (repo, token) = (repo_with_a_commit(&world), world.secrets.github());
    let filler = "var a=1;".repeat(400_000);
    repo.stage("bundle.js", format!("{filler}{}", assigned(&token)));
    let report = repo.scan("--staged").exit(1).without(&token).json();
    let column = report.one(ids::GITHUB, "bundle.js:1")["place"]["column"].as_u64();
    assert_eq!(
        column,
        Some(filler.len() as u64 + "token = \"".len() as u64 + 1)
    );
    blocked(&repo, ids::GITHUB, "bundle.js:1", &token);
}

#[test]
fn the_target_of_a_symlink_is_read() {
    let world = World::new();
    let (repo, token) = (repo_with_a_commit(&world), world.secrets.github());
    symlink(format!("/nowhere/{token}"), repo.dir.join("link")).unwrap();
    repo.git("add link").ok();
    blocked(&repo, ids::GITHUB, "link:1", &token);
}

#[test]
fn a_file_that_becomes_a_symlink_is_read() {
    let world = World::new();
    let (repo, token) = (repo_with_a_commit(&world), world.secrets.github());
    repo.commit("link", "a file for now\n");
    fs::remove_file(repo.dir.join("link")).unwrap();
    symlink(format!("/nowhere/{token}"), repo.dir.join("link")).unwrap();
    repo.git("add link").ok();
    blocked(&repo, ids::GITHUB, "link:1", &token);
}

#[test]
fn the_first_commit_of_all_is_judged() {
    let world = World::new();
    let (repo, token) = (world.repo("repo"), world.secrets.github());
    repo.install().stage("app.py", assigned(&token));
    blocked(&repo, ids::GITHUB, "app.py:1", &token);
    repo.stage("app.py", "clean = True\n");
    passes(&repo);
}

#[test]
fn a_nul_byte_hides_nothing() {
    let world = World::new();
    let (repo, token) = (repo_with_a_commit(&world), world.secrets.github());
    repo.stage(
        "data.bin",
        format!("\0\0\x7fELF\0\n\0{}\0", assigned(&token)),
    );
    blocked(&repo, ids::GITHUB, "data.bin:2", &token);
}

#[test]
fn bytes_that_are_no_utf_8_hide_nothing() {
    let world = World::new();
    let (repo, token) = (repo_with_a_commit(&world), world.secrets.github());
    let text = [b"caf\xe9 \xff\n".to_vec(), assigned(&token).into_bytes()].concat();
    repo.stage("latin1.txt", text);
    blocked(&repo, ids::GITHUB, "latin1.txt:2", &token);
}

#[test]
fn someone_without_a_name_is_judged_too() {
    let world = World::new();
    let (repo, token) = (repo_with_a_commit(&world), world.secrets.github());
    repo.stage("app.py", assigned(&token));
    repo.git("config user.useConfigOnly true").ok();
    let nobody = repo.with_env("GIT_CONFIG_GLOBAL", "/dev/null");
    nobody
        .scan("--staged")
        .exit(1)
        .json()
        .one(ids::GITHUB, "app.py:1");
    nobody.git("hook run pre-commit").rejected().by(ids::GITHUB);
}

#[test]
fn a_zip_is_opened() {
    let world = World::new();
    let (repo, token) = (repo_with_a_commit(&world), world.secrets.github());
    let inner = format!("{}{}", "x = 1\n".repeat(50), assigned(&token));
    repo.stage("archive.zip", zip_of("inner/app.py", inner.as_bytes()));
    blocked(&repo, ids::GITHUB, "archive.zip", &token);
}

/// A ZIP archive with one deflated member; the fields are those of APPNOTE.TXT 4.3.
fn zip_of(name: &str, content: &[u8]) -> Vec<u8> {
    let mut deflate = DeflateEncoder::new(Vec::new(), Compression::default());
    deflate.write_all(content).unwrap();
    let packed = deflate.finish().unwrap();
    let mut common = vec![20, 0, 0, 0, 8, 0, 0, 0, 0, 0];
    common.extend(crc32fast::hash(content).to_le_bytes());
    common.extend((packed.len() as u32).to_le_bytes());
    common.extend((content.len() as u32).to_le_bytes());
    common.extend((name.len() as u32).to_le_bytes());
    let head = [b"PK\x03\x04", &common[..], name.as_bytes(), &packed].concat();
    let entry = [
        b"PK\x01\x02\x14\x00",
        &common[..],
        &[0; 14],
        name.as_bytes(),
    ]
    .concat();
    let mut end = b"PK\x05\x06\0\0\0\0\x01\0\x01\0".to_vec();
    end.extend((entry.len() as u32).to_le_bytes());
    end.extend((head.len() as u32).to_le_bytes());
    end.extend([0, 0]);
    [head, entry, end].concat()
}

#[test]
fn encodings_are_undone() {
    let world = World::new();
    let (repo, token) = (repo_with_a_commit(&world), world.secrets.github());
    let hex: String = token.bytes().map(|byte| format!("{byte:02x}")).collect();
    let percent: String = token.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let unicode: String = token.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
    let encodings = [
        ("base64", STANDARD.encode(format!("user:{token}"))),
        ("hex", hex),
        ("percent", percent),
        ("unicode", unicode),
    ];
    for (name, encoded) in &encodings {
        repo.stage(
            format!("{name}.txt"),
            format!("# {name}\ndata: \"{encoded}\"\n"),
        );
    }
    for (name, encoded) in &encodings {
        let place = format!("{name}.txt:2");
        let report = repo.scan("--staged").exit(1).without(&token).json();
        let finding = report.one(ids::GITHUB, &place);
        assert!(
            finding["place"]["decoded"]
                .as_array()
                .is_some_and(|steps| !steps.is_empty()),
            "{finding:#}"
        );
        repo.try_commit()
            .rejected()
            .at(&place)
            .without(&token)
            .without(encoded);
    }
}

#[test]
fn gzip_in_base64_is_undone() {
    let world = World::new();
    let (repo, token) = (repo_with_a_commit(&world), world.secrets.github());
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(format!("stringData:\n  {}", assigned(&token)).as_bytes())
        .unwrap();
    let packed = STANDARD.encode(gzip.finish().unwrap());
    repo.stage(
        "release.yaml",
        format!("kind: Secret\ndata:\n  release: {packed}\n"),
    );
    blocked(&repo, ids::GITHUB, "release.yaml:3", &token);
}

#[test]
fn a_token_in_two_strings_is_put_together() {
    let world = World::new();
    let (repo, token) = (repo_with_a_commit(&world), world.secrets.github());
    let (head, tail) = token.split_at(17);
    repo.stage(
        "app.js",
        format!("// a\nconst t = \"{head}\" + \"{tail}\";\n"),
    );
    blocked(&repo, ids::GITHUB, "app.js:2", &token);
}

#[test]
fn no_path_is_above_suspicion() {
    let world = World::new();
    let (repo, token) = (repo_with_a_commit(&world), world.secrets.github());
    let paths = [
        "a.svg",
        "pic.png",
        "package-lock.json",
        "yarn.lock",
        "go.sum",
        "poetry.lock",
        "node_modules/left/index.js",
        "vendor/github.com/left/pad.go",
        "vendor/bundle/ruby/left.rb",
        "lib/python3.11/site-packages/left.py",
        "jquery.min.js",
        "gitleaks.toml",
        "docs/gitleaks.toml.py",
        "dist/app.js.map",
        ".portcullis-baseline.py",
    ];
    for path in paths {
        repo.stage(path, assigned(&token));
    }
    let report = repo.scan("--staged").exit(1).json();
    let said = repo.try_commit().rejected().without(&token);
    paths.into_iter().fold(said, |said, path| {
        let place = format!("{path}:1");
        report.one(ids::GITHUB, &place);
        said.at(&place)
    });
}

#[test]
fn a_word_inside_a_token_excuses_nothing() {
    let world = World::new();
    let repo = repo_with_a_commit(&world);
    // The checksum stands over the 30 characters that hold the word.
    let random = format!("{}false{}", "aB3dE5gH7jK9", "mN1pQ3sT5vW7x");
    let mut sum = crc32fast::hash(random.as_bytes()) as usize;
    let alphabet: Vec<char> = ('0'..='9').chain('A'..='Z').chain('a'..='z').collect();
    let mut digits = Vec::new();
    for _ in 0..6 {
        digits.insert(0, alphabet[sum % 62]);
        sum /= 62;
    }
    let token = format!("{}_{random}{}", "ghp", String::from_iter(digits));
    repo.stage("app.py", assigned(&token));
    blocked(&repo, ids::GITHUB, "app.py:1", &token);
}

#[test]
fn every_common_kind_of_secret_is_found() {
    let world = World::new();
    let (repo, secrets) = (repo_with_a_commit(&world), &world.secrets);
    let (key_id, key) = secrets.aws();
    let (url, password) = secrets.basic_auth_url();
    let pem = secrets.pkcs8_key();
    let lines = [
        (ids::GITLAB, assigned(&secrets.gitlab()), None),
        (ids::NPM, assigned(&secrets.npm()), None),
        (ids::JWT, assigned(&secrets.jwt()), None),
        (ids::STRIPE, assigned(&secrets.stripe()), None),
        (ids::SLACK, assigned(&secrets.slack()), None),
        (ids::AWS_ID, format!("id = {key_id}\n"), None),
        (
            ids::AWS_SECRET,
            format!("aws_access_key_id = {key_id}\naws_secret_access_key = {key}\n"),
            Some(2),
        ),
        (ids::BASIC_AUTH, format!("index-url = {url}\n"), None),
        (ids::PRIVATE_KEY, pem.clone(), None),
        (
            ids::GENERIC,
            format!("api_key = \"{}\"\n", secrets.random()),
            None,
        ),
    ];
    for (index, (_, text, _)) in lines.iter().enumerate() {
        repo.stage(format!("file{index}"), text);
    }
    let said = repo
        .scan("--staged")
        .exit(1)
        .without(&key)
        .without(&password)
        .without(&pem);
    let report = said.json();
    for (index, (check, _, line)) in lines.iter().enumerate() {
        report.one(check, &format!("file{index}:{}", line.unwrap_or(1)));
    }
}

#[test]
fn a_weak_password_in_plain_sight_is_found() {
    let world = World::new();
    let (repo, password) = (repo_with_a_commit(&world), world.secrets.weak_password());
    repo.stage("settings.ini", format!("[db]\nDB_PASSWORD={password}\n"));
    blocked(&repo, ids::PASSWORD, "settings.ini:2", &password);
}

#[test]
fn a_token_with_a_wrong_checksum_is_no_token() {
    let world = World::new();
    let (repo, token) = (
        repo_with_a_commit(&world),
        world.secrets.github_miswritten(),
    );
    repo.stage("notes.txt", format!("see {token} in the guide\n"));
    let said = repo.scan("--staged").whatever();
    let report = said.json();
    let denied = report
        .by(ids::GITHUB)
        .into_iter()
        .any(|finding| finding["level"] == "deny" && finding["secret"]["valid"] != "no");
    assert!(
        !denied,
        "a checksum that is wrong was believed: {:#?}",
        report.places()
    );
}

#[test]
fn an_old_secret_on_an_unchanged_line_blocks_nothing() {
    let world = World::new();
    let (repo, token) = (repo_with_a_commit(&world), world.secrets.github());
    repo.commit("app.py", format!("a = 1\n{}b = 2\n", assigned(&token)));
    repo.append("app.py", "c = 3").git("add app.py").ok();
    passes(&repo);
}

#[test]
fn the_same_secret_in_a_new_file_blocks() {
    let world = World::new();
    let (repo, token) = (repo_with_a_commit(&world), world.secrets.github());
    repo.commit("app.py", assigned(&token));
    repo.stage("copy.py", assigned(&token));
    blocked(&repo, ids::GITHUB, "copy.py:1", &token);
}

#[test]
fn the_foot_of_a_key_completes_the_head_that_is_there() {
    let world = World::new();
    let (repo, key) = (repo_with_a_commit(&world), world.secrets.private_key());
    let half = key
        .lines()
        .take(3)
        .map(|line| format!("{line}\n"))
        .collect::<String>();
    repo.commit("id_key", half);
    repo.stage("id_key", &key);
    blocked(&repo, ids::PRIVATE_KEY, "id_key:1", &key);
}

#[test]
fn a_deletion_and_a_mode_are_no_news() {
    let world = World::new();
    let (repo, token) = (repo_with_a_commit(&world), world.secrets.github());
    repo.commit("app.py", assigned(&token));
    repo.commit("gone.py", assigned(&token));
    repo.git("rm -q gone.py").ok();
    repo.git("update-index --chmod=+x app.py").ok();
    passes(&repo);
}
