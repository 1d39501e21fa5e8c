//! What a commit would bring in, as Git has it staged, through the hook and through `scan --staged`.

use crate::world::{Repo, World, assigned, ids};
use std::fs;
use std::os::unix::fs::symlink;

/// The commit is refused and the hand scan finds the same; nothing has moved.
#[track_caller]
pub(crate) fn blocked(repo: &Repo, check: &str, place: &str, secret: &str) {
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

#[test]
fn a_token_in_a_new_file_is_found() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
    repo.stage("src/app.py", format!("import os\n{}", assigned(&token)));
    blocked(&repo, ids::GITHUB, "src/app.py:2", &token);
}

#[test]
fn what_is_harmless_passes() {
    let world = World::new();
    let repo = world.repo_with_hooks();
    repo.stage("src/app.py", "import os\ntoken = os.environ[\"TOKEN\"]\n");
    passes(&repo);
}

#[test]
fn a_token_staged_and_then_removed_from_the_worktree_is_found() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
    repo.stage("app.py", assigned(&token))
        .write("app.py", "clean = True\n");
    blocked(&repo, ids::GITHUB, "app.py:1", &token);
}

#[test]
fn a_token_that_is_only_in_the_worktree_is_not_found() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
    repo.stage("app.py", "clean = True\n")
        .write("app.py", assigned(&token));
    passes(&repo);
}

#[test]
fn a_staged_file_that_is_gone_from_the_worktree_is_found() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
    repo.stage("app.py", assigned(&token));
    fs::remove_file(repo.dir.join("app.py")).unwrap();
    blocked(&repo, ids::GITHUB, "app.py:1", &token);
}

#[test]
fn a_scan_in_a_subdirectory_sees_what_is_staged_elsewhere() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
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
fn a_rename_with_an_edit_is_read_under_its_new_name() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
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
        let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
        repo.write(name, assigned(&token));
        repo.git_with(&["add", "--", &format!(":(top,literal){name}")])
            .ok();
        blocked(&repo, ids::GITHUB, &format!("{name}:1"), &token);
    }
}

#[test]
fn a_tab_in_a_name_is_no_hiding_place() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
    repo.stage("a\tb.py", assigned(&token));
    let report = repo.scan("--staged").exit(1).json();
    assert_eq!(report.by(ids::GITHUB).len(), 1);
    repo.try_commit()
        .rejected()
        .by(ids::GITHUB)
        .lacks("a\tb.py");
}

#[test]
fn a_file_that_becomes_a_symlink_is_read() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
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
fn someone_without_a_name_is_judged_too() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
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
fn no_path_is_above_suspicion() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
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
    let repo = world.repo_with_hooks();
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
    let (repo, secrets) = (world.repo_with_hooks(), &world.secrets);
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
            ids::AWS_PAIR,
            format!("aws_access_key_id = {key_id}\naws_secret_access_key = {key}\n"),
            Some(2),
        ),
        (
            ids::AWS_SECRET,
            format!("aws_secret_access_key = {}\n", secrets.aws().1),
            None,
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
    let (repo, password) = (world.repo_with_hooks(), world.secrets.weak_password());
    repo.stage("settings.ini", format!("[db]\nDB_PASSWORD={password}\n"));
    blocked(&repo, ids::PASSWORD, "settings.ini:2", &password);
}

#[test]
fn a_token_with_a_wrong_checksum_is_no_token() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github_miswritten());
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
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
    repo.commit("app.py", format!("a = 1\n{}b = 2\n", assigned(&token)));
    repo.append("app.py", "c = 3").git("add app.py").ok();
    passes(&repo);
}

#[test]
fn the_same_secret_in_a_new_file_blocks() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
    repo.commit("app.py", assigned(&token));
    repo.stage("copy.py", assigned(&token));
    blocked(&repo, ids::GITHUB, "copy.py:1", &token);
}

#[test]
fn the_foot_of_a_key_completes_the_head_that_is_there() {
    let world = World::new();
    let (repo, key) = (world.repo_with_hooks(), world.secrets.private_key());
    let half = key
        .lines()
        .take(3)
        .map(|line| format!("{line}\n"))
        .collect::<String>();
    repo.commit("id_key", half);
    repo.stage("id_key", &key);
    blocked(&repo, ids::OPENSSH_KEY, "id_key:1", &key);
}

#[test]
fn a_deletion_and_a_mode_are_no_news() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
    repo.commit("app.py", assigned(&token));
    repo.commit("gone.py", assigned(&token));
    repo.git("rm -q gone.py").ok();
    repo.git("update-index --chmod=+x app.py").ok();
    passes(&repo);
}
