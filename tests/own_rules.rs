//! Rules of one's own: in the program's format and in those of others, on both sides of a push.

use crate::world::report::text;
use crate::world::{Repo, World, assigned, ids};

const OWN: &str = "secrets/acme-token";

/// A rule in our own format for what [`acme`] makes.
const RULES: &str = r#"
[[rule]]
id = "acme-token"
title = "Acme token"
opens = "order anvils"
revoke = "https://acme.example/tokens"
keywords = ["acmetok"]
regex = '''\bacmetok-(?P<secret>[0-9A-Za-z]{24})\b'''
examples = ['x acmetok-%{base62:24}']
counterexamples = ['acmetok-%{base62:23}', 'acmetok-%{base62:25}']
"#;

const CONFIG: &str = "[secrets]\nrules = [\"rules/own.toml\"]";

/// A token that only an own rule knows; no line of it gives another rule a reason.
fn acme(world: &World) -> String {
    let random = world.secrets.random();
    format!("acmetok-{}", &random[..24])
}

fn repo(world: &World, rules: &str) -> Repo {
    let repo = world.repo_with_a_commit();
    repo.write("rules/own.toml", rules);
    repo.config(CONFIG).install();
    repo
}

/// A foreign rule for the same token.
fn foreign(rest: &str) -> String {
    format!("[[rules]]\nid = \"acme-token\"\nregex = '''acmetok-([0-9A-Za-z]+)'''\n{rest}\n")
}

#[test]
fn an_own_rule_holds_at_every_entry() {
    let world = World::new();
    let (repo, token) = (repo(&world, RULES), acme(&world));
    repo.stage("a.py", format!("# see {token}\n"));
    let said = repo
        .try_commit()
        .rejected()
        .by(OWN)
        .at("a.py:1")
        .without(&token);
    said.says("whoever has it can order anvils");
    repo.portcullis("scan a.py")
        .exit(1)
        .says("https://acme.example/tokens");
    let finding = repo
        .scan("--staged")
        .exit(1)
        .json()
        .one(OWN, "a.py:1")
        .clone();
    assert_eq!(finding["place"]["column"], 15);
    assert_eq!(finding["confidence"], "high");
    let leak = repo.commit_staged("leak");
    let report = repo.scan("").exit(1).json();
    assert_eq!(text(&report.one(OWN, "a.py:1")["place"]["commit"]), leak);
    repo.scan("--worktree").exit(1).by(OWN);
    repo.scan("--range HEAD").exit(1).by(OWN);
    repo.scan("--files a.py").exit(1).by(OWN);
    repo.stage(
        "a.py",
        format!("# portcullis:allow(acme-token) a sample {token}\n"),
    );
    repo.scan("--staged").ok().json().nothing();
}

#[test]
fn paths_are_relative_to_the_file_that_names_them() {
    let world = World::new();
    let (repo, token) = (world.repo_with_a_commit(), acme(&world));
    let far = world.plain_dir("policies");
    far.write("deep/own.toml", RULES);
    far.write(
        "c.toml",
        "version = 1\n[secrets]\nrules = [\"deep/own.toml\"]\n",
    );
    repo.write("a.py", format!("# see {token}\n"));
    let config = world.path("policies/c.toml");
    repo.scan("--worktree").ok();
    repo.scan(&format!("--worktree --config {}", config.display()))
        .exit(1)
        .by(OWN);
    let absolute = world.path("policies/deep/own.toml");
    repo.config(&format!(
        "[secrets]\nrules = [{:?}]",
        absolute.display().to_string()
    ));
    repo.scan("--worktree").exit(1).by(OWN);
}

#[test]
fn what_is_wrong_with_a_rule_file_stops_everything_and_says_where() {
    let world = World::new();
    let repo = repo(&world, RULES);
    repo.stage("a.py", "a = 1\n");
    let refused = |rules: &str, at: &str, why: &str| {
        repo.write("rules/own.toml", rules);
        repo.scan("--staged").exit(2).at(at).says(why);
        repo.try_commit().rejected().at(at).says(why);
    };
    refused(
        "[[rule]]\nid = \"acme\"\nregx = 'x'\n",
        "rules/own.toml:3",
        "did you mean \"regex\"?",
    );
    refused(
        "[[rule]]\nid = \"acme\"\nregex = 'acme_.*'\n",
        "rules/own.toml:3",
        "bound every repetition",
    );
    refused(
        "[[rules]]\nid = \"acme\"\nregex = 'acme_('\n",
        "rules/own.toml:3",
        "unclosed group",
    );
    refused("[[rule]\n", "rules/own.toml:1", "rules/own.toml");
    std::fs::remove_file(repo.dir.join("rules/own.toml")).unwrap();
    repo.scan("--staged")
        .exit(2)
        .at(".portcullis.toml:3")
        .says("rules/own.toml");
    repo.try_commit().rejected().says("rules/own.toml");
    repo.config("[secrets]\nrules = \"rules/own.toml\"");
    repo.scan("--staged").exit(2).says("secrets.rules");
    repo.config("[secrets]\nrules = [\"rules\"]");
    repo.scan("--staged").exit(2).says("not a regular file");
}

#[test]
fn an_own_rule_can_be_switched_off_allowed_and_named_like_any_other() {
    let world = World::new();
    let (repo, token) = (repo(&world, RULES), acme(&world));
    repo.stage("a.py", format!("# see {token}\n"));
    repo.scan("--staged").exit(1).by(OWN);
    let before = repo.scan("--staged").exit(1).json().value["tool"]["rules"].clone();
    repo.config(&format!("{CONFIG}\ndisable = [\"acme-token\"]"));
    let report = repo.scan("--staged").ok().json();
    assert_ne!(report.nothing().value["tool"]["rules"], before);
    let allow = "[[secrets.allow]]\nrules = [\"acme-token\"]\nreason = \"ours\"";
    repo.config(&format!("{CONFIG}\n{allow}"));
    let report = repo.scan("--staged").ok().json();
    assert_eq!(report.nothing().value["suppressed"][0]["by"], "allowlist");
    repo.config(&format!("{CONFIG}\ndisable = [\"acme-tokens\"]"));
    repo.scan("--staged").exit(2).says("acme-tokens");
    repo.config(allow);
    repo.scan("--staged").exit(2).says("acme-token");
}

#[test]
fn an_own_rule_of_the_same_id_takes_the_place_of_a_built_in_one() {
    let world = World::new();
    let id = ids::GITHUB.split_once('/').unwrap().1;
    let repo = repo(&world, &RULES.replace("acme-token", id));
    repo.stage("a.py", format!("# see {}\n", world.secrets.github()));
    repo.scan("--staged").ok().json().nothing();
    repo.stage("b.py", format!("# see {}\n", acme(&world)));
    let report = repo.scan("--staged").exit(1).json();
    report.one(ids::GITHUB, "b.py:1");
    repo.stage("c.py", assigned(&world.secrets.gitlab()));
    repo.scan("--staged").exit(1).by(ids::GITLAB);
}

#[test]
fn a_server_has_its_own_rules_and_no_one_elses() {
    let world = World::new();
    let server = world.bare("origin.git").hook("pre-receive");
    let (mallory, token) = (world.clone_of(&server, "mallory"), acme(&world));
    // Neither a rule file of the pusher's nor an allowlist in it reaches the judge.
    mallory.write(
        ".portcullis.toml",
        "version = 1\n[secrets]\nrules = [\"g.toml\"]\n",
    );
    mallory.write(
        "g.toml",
        "[extend]\nuseDefault = true\n[allowlist]\npaths = ['''.''']\n",
    );
    mallory.commit("g.toml.txt", "x\n");
    mallory.git("add -A").ok();
    mallory.commit_staged("rules of mine");
    mallory.push("main").accepted();
    let github = world.secrets.github();
    mallory.commit("b.py", assigned(&github));
    mallory
        .push("main")
        .rejected()
        .by(ids::GITHUB)
        .without(&github);
    mallory.git("reset -q --hard HEAD^").ok();
    mallory.commit("a.py", format!("# see {token}\n"));
    mallory.push("main:first").accepted();
    server.write("hooks.d/own.toml", RULES);
    let server = server.policy("[secrets]\nrules = [\"hooks.d/own.toml\"]");
    mallory.commit("c.py", format!("# see {}\n", acme(&world)));
    mallory.push("main").rejected().by(OWN).at("c.py:1");
    server.write("hooks.d/own.toml", "[[rule]]\n");
    mallory.push("main").rejected().at("own.toml:1");
    std::fs::remove_file(server.dir.join("hooks.d/own.toml")).unwrap();
    mallory.push("main").rejected().says("hooks.d/own.toml");
}

#[test]
fn a_foreign_file_holds_and_says_what_it_could_not_carry_over() {
    let world = World::new();
    let rules = foreign(
        "keywords = [\"acmetok\"]\nfilter = 'tokenRatio(secret) >= 3.5 || entropy(secret) <= 1'\n\
         [[rules.allowlists]]\npaths = ['''^doc/''']\ncommits = [\"deadbeef\"]",
    );
    let (repo, token) = (repo(&world, &rules), acme(&world));
    repo.stage("a.py", format!("# see {token}\n"))
        .stage("doc/a.md", format!("see {}\n", acme(&world)));
    let report = repo.scan("--staged").exit(1).json();
    report.one(OWN, "a.py:1");
    assert_eq!(report.findings().len(), 1);
    repo.try_commit().rejected().by(OWN);
    let said = repo.scan("--staged -v").exit(1);
    let said = said
        .says("rules/own.toml: acme-token: filter: tokenRatio(secret) >= 3.5 needs a tokenizer")
        .says("rules/own.toml: acme-token: allowlists.commits");
    said.json();
    repo.portcullis("rules list")
        .ok()
        .says("[")
        .says("rules/own.toml]")
        .says("acme-token: filter: tokenRatio");
    repo.scan("--staged").exit(1).lacks("tokenRatio");
}

#[test]
fn rules_for_paths_hold_in_a_history_too() {
    let world = World::new();
    let rules = foreign("path = '''\\.conf$'''\n[[rules.allowlists]]\npaths = ['''^doc/''']")
        + "[[rules]]\nid = \"key-store\"\ndescription = \"a key store\"\npath = '''^app/.*\\.p12$'''\n";
    let repo = repo(&world, &rules);
    let line = |_| format!("see {}\n", acme(&world));
    let conf = repo.commit("etc/a.conf", line(0));
    repo.commit("etc/a.txt", line(1));
    repo.commit("doc/b.conf", line(2));
    // The same text first where it is excused, then where it is not.
    let both = line(3);
    repo.commit("doc/c.conf", &both);
    let second = repo.commit("etc/c.conf", &both);
    let store = repo.commit("app/deep/x.p12", "whatever\n");
    repo.commit("other/x.p12", "something else\n");
    repo.commit("app/empty.p12", "");
    for words in ["", "--range HEAD"] {
        let report = repo.scan(words).exit(1).json();
        let commit = |place: &str, check: &str| {
            text(&report.one(check, place)["place"]["commit"]).to_owned()
        };
        assert_eq!(commit("etc/a.conf:1", OWN), conf);
        assert_eq!(commit("etc/c.conf:1", OWN), second);
        assert_eq!(commit("app/deep/x.p12", "secrets/key-store"), store);
        report.one("secrets/key-store", "app/empty.p12");
        assert_eq!(
            report.findings().len(),
            4,
            "{words:?} {:?}",
            report.places()
        );
    }
    // A message stands at no path.
    repo.stage("a.txt", "a\n");
    repo.commit_staged(&format!("see {}", acme(&world)));
    assert_eq!(repo.scan("").exit(1).json().findings().len(), 4);
    repo.stage("app/y.p12", "whatever\n");
    repo.try_commit()
        .rejected()
        .by("secrets/key-store")
        .at("app/y.p12")
        .says("a key store");
}

#[test]
fn a_rule_file_is_tried_on_its_own_examples() {
    let world = World::new();
    let repo = repo(&world, RULES);
    let said = repo.portcullis("rules test rules/own.toml").ok();
    said.says("rules 1, examples and counterexamples 3, wrong 0, seed 1");
    repo.portcullis("rules test rules/own.toml --seed 7")
        .ok()
        .says("seed 7");
    let github = "ghp_%{base62:30}%{proof}";
    let wrong = RULES
        .replace(
            "counterexamples = [",
            "counterexamples = ['acmetok-%{base62:24}', ",
        )
        .replace(
            "examples = ['x ",
            "examples = ['acmetok-%{hex:12}', 'x acmetok-%{hex:24}', '%{klingon:3}', 'x ",
        );
    repo.write("rules/own.toml", &wrong);
    repo.portcullis("rules test rules/own.toml")
        .exit(1)
        .says("acme-token: example 1 is not found")
        .says("acme-token: example 3 `%{klingon:3}`")
        .says("acme-token: counterexample 1 is found")
        .lacks("example 2 ")
        .says("wrong 3");
    let theirs = RULES.replace(
        "keywords",
        &format!("proof = \"github\"\nexamples = ['{github}']\nkeywords"),
    );
    let theirs = theirs.replace("examples = ['x acmetok-%{base62:24}']\n", "");
    repo.write("rules/own.toml", theirs);
    repo.portcullis("rules test rules/own.toml")
        .exit(1)
        .says("acme-token: example 1 is found by github-personal-access-token instead")
        .lacks("ghp_");
    repo.write("rules/own.toml", "[[rule]]\nid = 3\n");
    repo.portcullis("rules test rules/own.toml")
        .exit(2)
        .at("rules/own.toml:2");
    repo.portcullis("rules test rules/none.toml")
        .exit(2)
        .says("none.toml");
    repo.write("rules/own.toml", foreign("keywords = []"));
    repo.portcullis("rules test rules/own.toml")
        .ok()
        .says("rules 1, examples and counterexamples 0");
}

#[test]
fn the_catalogue_shows_own_rules_where_a_configuration_names_them() {
    let world = World::new();
    let (repo, plain) = (repo(&world, RULES), world.plain_dir("plain"));
    repo.portcullis("rules list").ok().says("Acme token  [");
    repo.portcullis("rules show acme-token")
        .ok()
        .says("order anvils");
    repo.portcullis("explain secrets/acme-token")
        .ok()
        .says("acme.example");
    plain.portcullis("rules list").ok().lacks("Acme");
    plain.portcullis("rules show acme-token").exit(2);
    let config = repo.dir.join(".portcullis.toml");
    plain
        .portcullis(&format!("rules list --config {}", config.display()))
        .ok()
        .says("Acme token  [");
    repo.config(&format!("{CONFIG}\ndisable = [\"acme-token\"]"));
    repo.portcullis("rules list").ok().says("(off)");
}
