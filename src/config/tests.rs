//! Configuration files as people write them, right and wrong.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::git::RepoPath;
use crate::policy::groups::Pusher;
use crate::policy::settings::{Act, IdentitySource, Inline, Mode};
use crate::scan::Confidence;
use std::time::Duration;

fn today() -> time::Date {
    time::Date::from_calendar_date(2026, time::Month::June, 1).unwrap()
}

fn known(rule: &str) -> bool {
    ["private-key", "generic-password"].contains(&rule)
}

/// Loads texts as files `0.toml`, `1.toml`, ...; an error is said without its folder.
fn load(texts: &[&str]) -> Result<Config, String> {
    let dir = tempfile::tempdir().unwrap();
    let layers: Vec<_> = texts
        .iter()
        .enumerate()
        .map(|(index, text)| {
            let path = dir.path().join(format!("{index}.toml"));
            std::fs::write(&path, text).unwrap();
            (Origin::Server, path)
        })
        .collect();
    Config::load(&layers, today(), &known).map_err(|error| {
        let folder = format!("{}/", dir.path().display());
        error.to_string().replace(&folder, "")
    })
}

const WHOLE: &str = r#"
version = 1
[secrets]
min_confidence = "high"
disable = ["generic-password"]
[[secrets.allow]]
paths = ["tests/fixtures/**"]
rules = ["private-key"]
reason = "test keys"
expires = 2027-01-01
[[secrets.allow]]
paths = ["old/**"]
expires = 2026-06-01
[env-files]
deny = [".secret"]
allow = []
[groups]
leads = ["alice", "bob"]
admins = ["carol"]
[identity]
source = "env:WHO"
[trust]
inline = "ignore"
[[protect]]
refs = ["refs/heads/main", "refs/heads/release/**"]
push = ["@leads"]
create = ["@admins"]
delete = []
[server]
deadline = "4s"
mode = "evaluate"
"#;

#[test]
fn reads_all_that_is_enforced() {
    let config = load(&[WHOLE]).unwrap();
    assert_eq!(config.secrets.min_confidence, Confidence::High);
    assert_eq!(config.secrets.disable, ["generic-password"]);
    assert_eq!(config.secrets.allow.len(), 1, "the other one has expired");
    assert_eq!(config.secrets.allow[0].reason, "test keys");
    assert!(config.env_files.denies(&RepoPath::new(b".secret")));
    assert!(!config.env_files.denies(&RepoPath::new(b".env")));
    let source = config.identity.source.as_ref();
    assert_eq!(source, Some(&IdentitySource::Env("WHO".to_owned())));
    assert_eq!(config.trust.inline, Some(Inline::Ignore));
    let may = |act, name: &[u8]| {
        let rule = &config.protect[0];
        config
            .groups
            .allows(rule.who_may(act), &Pusher::named(name))
    };
    assert!(may(Act::Push, b"alice") && may(Act::Force, b"bob") && may(Act::Create, b"carol"));
    assert!(!may(Act::Push, b"carol") && !may(Act::Delete, b"carol") && !may(Act::Push, b""));
    assert_eq!(config.server.deadline, Some(Duration::from_secs(4)));
    assert_eq!(config.server.mode, Mode::Evaluate);
    assert_eq!(config.files.len(), 1);
}

#[test]
fn with_no_file_the_packs_of_secrets_and_env_files_deny() {
    for config in [load(&[]).unwrap(), load(&[""]).unwrap(), Config::default()] {
        assert_eq!(config.secrets.min_confidence, Confidence::Medium);
        assert!(config.env_files.denies(&RepoPath::new(b"a/.env")));
        assert!(!config.env_files.denies(&RepoPath::new(b".env.example")));
        assert!(config.protect.is_empty());
        assert_eq!(config.identity.source, None);
        assert_eq!(config.server.mode, Mode::Enforce);
    }
}

#[test]
fn later_files_override_keys_and_add_entries() {
    let config = load(&[
        WHOLE,
        "[secrets]\ndisable = []\n[[secrets.allow]]\nrules = [\"private-key\"]\n\
         [groups]\nadmins = [\"dave\"]\n[[protect]]\nrefs = [\"refs/tags/**\"]\npush = [\"@leads\"]",
    ])
    .unwrap();
    assert_eq!(config.secrets.disable, [""; 0]);
    assert_eq!(config.secrets.min_confidence, Confidence::High);
    assert_eq!(config.secrets.allow.len(), 2);
    assert_eq!(config.protect.len(), 2);
    let create = config.protect[0].who_may(Act::Create);
    assert!(config.groups.allows(create, &Pusher::named(b"dave")));
    assert!(!config.groups.allows(create, &Pusher::named(b"carol")));
}

#[test]
fn errors_name_file_line_and_key() {
    for (text, error) in [
        (
            "version = 1\n\n[secrets]\nmin_confidance = \"low\"",
            "0.toml:4: unknown key \"secrets.min_confidance\"; did you mean \"min_confidence\"?",
        ),
        (
            "[secret]",
            "0.toml:1: unknown key \"secret\"; did you mean \"secrets\"?",
        ),
        (
            "version = 2",
            "0.toml:1: \"version\": this version of portcullis reads version 1 alone",
        ),
        (
            "[[protect]]\nrefs = [\"refs/heads/main\"]\napprovals = 1",
            "0.toml:3: \"protect.approvals\": nobody's signature could be verified: \
             set identity.allowed_signers or identity.gpg_home",
        ),
        (
            "\n[protect]\nrefs = [\"refs/heads/main\"]",
            "0.toml:2: \"protect\": is a list of tables, each written [[protect]]",
        ),
        (
            "[[server]]",
            "0.toml:1: \"server\": is a table, written [server]",
        ),
        (
            "secrets = []",
            "0.toml:1: \"secrets\": is a table, written [secrets]",
        ),
        (
            "[audit]\nlog = \"\"",
            "0.toml:2: \"audit.log\": names no file",
        ),
        (
            "[audit]\nnotify = [\"https://hooks.example/x\"]",
            "0.toml:1: \"audit\": notify tells what is written into a log, and log names none",
        ),
        (
            "[audit]\nlog = \"log\"\nnotify = [\"ftp://hooks.example/secret\"]",
            "0.toml:3: \"audit.notify\": is no address such as \"https://hooks.example/push\"",
        ),
        (
            "[audit]\nlog = \"log\"\nproxy = \"http://proxy.example\"",
            "0.toml:1: \"audit\": proxy is what notify goes through, and notify names nobody",
        ),
        (
            "[audit]\nproxy = \"ftp://proxy.example\"",
            "0.toml:2: \"audit.proxy\": is no proxy such as \"http://proxy.example:3128\", nor one with \
             https, socks5 or socks5h",
        ),
        (
            "[commits]\nrequire = [\n\"[A-Z]+\",\n\"(a\"]",
            "0.toml:4: \"commits.require\": is no regular expression: unclosed group",
        ),
        (
            "[commits]\ntypes = []",
            "0.toml:2: \"commits.types\": an empty list would let no commit in",
        ),
        (
            "[commits]\nexcept = [\"@bots\"]",
            "0.toml:2: \"commits.except\": there is no group \"bots\" in [groups]",
        ),
        (
            "[content]\nmax_file_size = \"5\"",
            "0.toml:2: \"content.max_file_size\": is not a size such as \"500kB\", \"5MiB\" or \"1GiB\"",
        ),
        (
            "[content]\ntogether = [[\"a\"]]",
            "0.toml:2: \"content.together\": what changes together are two or more paths from the top, no globs",
        ),
        (
            "[secrets]\nmin_confidence = \"sure\"",
            "0.toml:2: \"secrets.min_confidence\": unknown variant `sure`, \
             expected one of `low`, `medium`, `high`",
        ),
        (
            "[secrets]\ndisable = [\n\"private-key\",\n\"privat-key\"]",
            "0.toml:4: \"secrets.disable\": there is no rule \"privat-key\"; \
             \"portcullis rules list\" names them all",
        ),
        (
            "[[protect]]\nrefs = [\"refs/heads/main\"]\n[[protect]]\nrefs = [\n\"main\"]",
            "0.toml:5: \"protect.refs\": a pattern of refs is over full names: \
             begin with \"refs/\" or \"**\"",
        ),
        (
            "[[protect]]\nrefs = [\"refs/heads/main\"]\n\n[[protect]]\npush = []",
            "0.toml:4: missing field `refs`",
        ),
        (
            "[[protect]]\nrefs = [\"refs/heads/main\"]\ndelete = [\"@admins\"]",
            "0.toml:3: \"protect.delete\": there is no group \"admins\" in [groups]",
        ),
        (
            "[groups]\na = [\"x\"]\nb = [\"@a\"]",
            "0.toml:3: \"groups.b\": a group holds plain names only, no \"@group\" and no \"*\": \
             name both groups in the rule instead",
        ),
        (
            "[server]\ndeadline = \"soon\"",
            "0.toml:2: \"server.deadline\": is not a time such as \"500ms\", \"4s\" or \"1m\", \
             at most an hour",
        ),
        (
            "[identity]\nsource = \"gittea\"",
            "0.toml:2: \"identity.source\": is none of \"unix\", \"ssh-key\", \"http\", \
             \"gitolite\", \"gitea\", \"forgejo\", \"gitlab\", \"github\", \"bitbucket\", \
             \"env:NAME\"",
        ),
        (
            "version = 1\n[identity]\nsource = \"ssh-key\"",
            "0.toml:2: \"identity\": source = \"ssh-key\" needs allowed_signers, the file that \
             says whose a key is",
        ),
        (
            "[[protect]]\nrefs = [\"refs/heads/main\"]\nnames = \"refs/(\"",
            "0.toml:3: \"protect.names\": is no regular expression: unclosed group",
        ),
        (
            "[[protect]]\nrefs = [\"refs/heads/main\"]\nmerge_from = [\"develop\"]",
            "0.toml:3: \"protect.merge_from\": a pattern of refs is over full names: \
             begin with \"refs/\" or \"**\"",
        ),
        (
            "[[protect]]\nrefs = [\"refs/heads/main\"]\n\
             freeze = [{ from = 2026-12-20T00:00:00, until = 2027-01-04T00:00:00Z }]",
            "0.toml:3: \"protect.freeze.from\": is not a time such as 2026-12-20T00:00:00Z, \
             without quotes and with its offset from UTC",
        ),
        (
            "[[protect]]\nrefs = [\"refs/heads/main\"]\nfreeze = [\n\
             { from = 2026-12-20T00:00:00Z, until = 2026-12-21T00:00:00Z },\n\
             { from = 2026-12-20T00:00:00Z, until = 2026-12-19T00:00:00Z }]",
            "0.toml:5: \"protect.freeze\": ends before it begins: \"until\" must be later than \
             \"from\"",
        ),
        (
            "[[protect]]\nrefs = [\"refs/heads/main\"]\n[[protect.freeze]]\n\
             from = 2026-12-20T00:00:00Z\nuntil = 2026-12-21T00:00:00Z\nexcept = [\"@admins\"]",
            "0.toml:6: \"protect.freeze.except\": there is no group \"admins\" in [groups]",
        ),
        (
            "[identity]\nrevoked_keys = \"gone\"",
            "0.toml:1: \"identity\": revoked_keys takes keys out of allowed_signers, which is not \
             set",
        ),
        (
            "[identity.gpg_keys]\nbob = []",
            "0.toml:1: \"identity\": gpg_keys needs gpg_home, the folder with those keys",
        ),
        (
            "[identity]\ngpg_home = \"ring\"\n[identity.gpg_keys]\nbob = [\"0123ABCD\"]",
            "0.toml:4: \"identity.gpg_keys.bob\": is not a fingerprint of 40 or 64 hexadecimal \
             digits",
        ),
        (
            "[[protect]]\nrefs = [\"refs/heads/main\"]\nsigned = \"none\"\n\
             [[protect]]\nrefs = [\"refs/heads/main\"]\nsigned = \"any\"",
            "0.toml:6: \"protect.signed\": needs identity.allowed_signers or identity.gpg_home, \
             which says whose a key is",
        ),
        (
            "[identity]\ngpg_home = \"ring\"\n\
             [[protect]]\nrefs = [\"refs/heads/main\"]\nsigned = \"fido2\"",
            "0.toml:5: \"protect.signed\": needs identity.allowed_signers, which says whose a key \
             is",
        ),
        (
            "[[protect]]\nrefs = [\"refs/heads/main\"]\npush_cert = true",
            "0.toml:3: \"protect.push_cert\": needs identity.allowed_signers or \
             identity.gpg_home, which says whose a key is",
        ),
        (
            "[[protect]]\nrefs = [\"refs/heads/main\"]\nsigned = \"yes\"",
            "0.toml:3: \"protect.signed\": unknown variant `yes`, expected one of `none`, `any`, \
             `ssh`, `fido2`, `fido2-verified`",
        ),
        (
            "[server]\nmax_bytes = \"5 MiB\"",
            "0.toml:2: \"server.max_bytes\": is not a size such as \"500kB\", \"5MiB\" or \
             \"1GiB\"",
        ),
    ] {
        assert_eq!(load(&[text]).unwrap_err(), error);
    }
    for (text, start) in [
        ("a = \n", "0.toml:1: "),
        ("version = 1\nversion = 1", "0.toml:2: "),
        (
            "[[secrets.allow]]\nrules = [\"private-key\"]\n[[secrets.allow]]\nreason = \"x\"",
            "0.toml:3: ",
        ),
        (
            "[secrets]\n\"a\\u001b\" = 1",
            "0.toml:2: unknown key \"secrets.a\\u{1b}\"; ",
        ),
    ] {
        let error = load(&[text]).unwrap_err();
        assert!(error.starts_with(start), "{error}");
    }
}

#[test]
fn a_key_that_has_no_effect_alone_is_none() {
    let main = "[[protect]]\nrefs = [\"refs/heads/main\"]\n";
    let keys = "[identity]\nallowed_signers = \"keys\"\n";
    let asks = "needs approvals or owners in the same table, else nothing has to be approved";
    let asked = "needs confirm in the same table, which says what has to be confirmed";
    let confirmers = "needs confirm_by in the same table, which says who may confirm";
    for (line, why, with) in [
        ("approvals_from = [\"alice\"]", asks, "approvals = 1"),
        ("approvals_from = [\"alice\"]", asks, "owners = \"OWNERS\""),
        ("approvals_by = [\"signed\"]", asks, "approvals = 0"),
        ("approvals_by_pusher = true", asks, "approvals = 1"),
        ("approvals_name_repository = true", asks, "approvals = 1"),
        ("confirm_by = [\"alice\"]", asked, "confirm = [\"delete\"]"),
        ("confirm = [\"delete\"]", confirmers, "confirm_by = []"),
    ] {
        let key = line.split_once(' ').unwrap().0;
        // A rule inherits nothing, neither from another of the same file nor from one below it.
        let alone = format!("{keys}{main}{with}\n{line}\n{main}{line}\n");
        let error = format!("0.toml:9: \"protect.{key}\": {why}");
        assert_eq!(load(&[&alone]).unwrap_err(), error);
        let below = [
            &format!("{keys}{main}{with}\n{line}"),
            &format!("{main}{line}"),
        ];
        let error = format!("1.toml:3: \"protect.{key}\": {why}");
        assert_eq!(load(&below.map(String::as_str)).unwrap_err(), error);
        load(&[&format!("{keys}{main}{line}\n{with}")]).unwrap();
    }
    // What is off needs nothing.
    load(&[&format!("{main}approvals_by_pusher = false")]).unwrap();
}

#[test]
fn every_key_that_is_enforced_is_read() {
    for key in KEYS.iter() {
        let path = key.path.replace('*', "x");
        let text = match path.split_once('.') {
            None => format!("{path} = 1979-05-27T07:32:00Z"),
            Some(("protect", last)) if last.starts_with("freeze.") => {
                format!("[[protect]]\n[[protect.freeze]]\n{} = {{}}", &last[7..])
            }
            Some(("protect", last)) => format!("[[protect]]\n{last} = {{}}"),
            Some(("secrets", last)) if last.starts_with("allow.") => {
                format!("[[secrets.allow]]\n{} = {{}}", &last[6..])
            }
            Some((table, last)) => format!("[{table}]\n{last} = 1979-05-27T07:32:00Z"),
        };
        let error = load(&[&text]).unwrap_err();
        assert!(error.contains(&format!("\"{path}\": ")), "{path}: {error}");
    }
}

#[test]
fn a_value_written_in_the_place_of_its_digest_is_not_repeated() {
    let value = ["not", "-a-", "digest"].concat();
    for text in [
        format!("[[secrets.allow]]\nvalues = [\"{value}\"]"),
        format!("[[secrets.allow]]\nvalues = \"{value}\""),
        format!("[secrets]\nallow = [{{ values = \"{value}\" }}]"),
    ] {
        let error = load(&[&text]).unwrap_err();
        assert!(!error.contains(&value), "{error}");
        assert!(error.contains("\"secrets.allow.values\""), "{error}");
    }
}

#[test]
fn what_is_found_may_be_absent_and_what_was_named_may_not() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("missing.toml");
    for (origin, fine) in [
        (Origin::Machine, true),
        (Origin::User, true),
        (Origin::Repository, true),
        (Origin::Server, false),
        (Origin::CommandLine, false),
    ] {
        let result = Config::load(&[(origin, missing.clone())], today(), &known);
        assert_eq!(result.is_ok(), fine, "{origin:?}");
        if let Err(error) = result {
            assert!(error.to_string().contains("missing.toml"));
        }
    }
}

#[test]
fn a_policy_is_a_regular_file_of_text() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    let load = |path: PathBuf, origin| Config::load(&[(origin, path)], today(), &known);
    std::fs::create_dir(path("dir")).unwrap();
    std::fs::write(path("bytes"), b"version = 1\n# \xff").unwrap();
    std::fs::write(path("large"), " ".repeat((1 << 20) + 1)).unwrap();
    std::fs::write(path("largest"), " ".repeat(1 << 20)).unwrap();
    std::fs::write(path("good"), "version = 1").unwrap();
    for origin in [Origin::Server, Origin::Repository] {
        let problem = |name| load(path(name), origin).unwrap_err().problem;
        assert!(matches!(problem("dir"), Problem::NotAFile));
        assert!(matches!(problem("bytes"), Problem::NotUtf8));
        assert!(matches!(problem("large"), Problem::TooLarge(1)));
        assert!(load(path("largest"), origin).is_ok());
    }
    assert_eq!(
        load(path("bytes"), Origin::Server).unwrap_err().line,
        Some(2)
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::symlink;
        symlink(path("good"), path("link")).unwrap();
        symlink(path("nowhere"), path("dangling")).unwrap();
        symlink("/dev/null", path("device")).unwrap();
        assert!(load(path("link"), Origin::Server).is_ok());
        for origin in [Origin::Server, Origin::Repository] {
            assert!(load(path("dangling"), origin).is_err());
            let device = load(path("device"), origin).unwrap_err().problem;
            assert!(matches!(device, Problem::NotAFile));
        }
    }
}

#[test]
fn what_is_no_toml_is_one_line_with_its_place() {
    for text in [
        "a = \n",
        "[",
        "[secrets",
        "a",
        "= 1",
        "\"\\q\" = 1",
        "a = \"x\nb",
        "a = 'x",
        "a = [1,",
        "[secrets]\n[secrets]",
        "a = {b = 1\n",
        "a = 1e999x",
        "\u{feff}\u{feff}a",
        "a = '''",
        "secrets.x.y = 1",
        "\0",
        "secrets = { min_confidence = ",
    ] {
        let error = load(&[text]).unwrap_err();
        assert!(error.starts_with("0.toml:"), "{error}");
        assert!(
            !error.contains("\\u{a}") && !error.contains('\n'),
            "{error}"
        );
    }
    let deep = format!("groups = {}1{}", "[".repeat(5_000), "]".repeat(5_000));
    assert!(load(&[&deep]).is_err());
}
