//! How what is refused may come in all the same: said where it is possible, and as it works.

use crate::confirm::{MAIN, Stand};
use crate::protect::{WHO, guarded};
use crate::world::{Repo, Said, World, assigned, ids};
use std::fs;

const BYPASS: &str = "[server]\nbypass_by = [\"@admins\"]\n[[protect]]\nrefs = [\"refs/heads/main\"]\n\
                      push = [\"alice\"]\n";

/// The commands that stand below a line which begins so.
fn commands(said: &Said, label: &str) -> Vec<String> {
    let lines = said.stderr.lines();
    let lines = lines.map(|line| line.strip_prefix("remote: ").unwrap_or(line).trim_end());
    let below = lines.skip_while(|line| !line.trim_start().starts_with(label));
    let commands = below.skip(1).take_while(|line| line.starts_with("    "));
    let commands = commands.filter_map(|line| line.strip_prefix("        "));
    commands.map(str::to_owned).collect()
}

/// Makes a token by the command of a refusal.
#[track_caller]
fn option(by: &Repo, command: &str) -> String {
    let words = command.strip_prefix("portcullis ").unwrap();
    let words = words.replace("\"WHY\"", "tests");
    let made = by.portcullis(&format!("{words} --quiet")).ok();
    format!("portcullis.bypass={}", made.text())
}

#[test]
fn an_env_file_comes_in_as_its_refusal_says() {
    let world = World::new();
    let repo = world.repo_with_hooks();
    repo.stage("deploy/.env", "GREETING=hello\n");
    let said = repo.try_commit().rejected().by(ids::ENV_FILE);
    let lines = commands(&said, "allow:");
    let lines: Vec<&str> = lines
        .iter()
        .map(String::as_str)
        .skip_while(|line| !line.starts_with('['))
        .collect();
    repo.config(&lines.join("\n"));
    repo.try_commit().accepted();
    // And that alone.
    repo.stage("other/.env", "GREETING=hello\n");
    repo.stage(".env.example", "GREETING=\n");
    let said = repo.try_commit().rejected().by(ids::ENV_FILE);
    said.says("other/.env").lacks(".env.example:");
}

#[test]
fn a_server_says_who_may_let_an_env_file_in() {
    let world = World::new();
    let (server, clone, _) = guarded(&world, "");
    clone.commit("deploy/.env", "GREETING=hello\n");
    let said = clone.acting_as("alice").push("main").rejected();
    said.by(ids::ENV_FILE)
        .tells("ask those who keep this server to add \"deploy/.env\" to env-files.allow of its policy")
        .lacks(".portcullis.toml");
    server.policy(&format!("{WHO}[env-files]\nallow = [\"deploy/.env\"]\n"));
    clone.acting_as("alice").push("main").accepted();
}

#[test]
fn what_is_asked_of_a_server_is_answered_as_by_a_server() {
    let world = World::new();
    let (_, clone, base) = guarded(&world, "");
    clone.commit("app.py", assigned(&world.secrets.github()));
    let check = format!("check --range {base}..HEAD");
    let said = clone.portcullis(&check).exit(1);
    said.tells("ask those who keep this server")
        .lacks("end that line");
    clone.config("[trust]\ninline = \"honor\"\n");
    let said = clone.portcullis(&check).exit(1);
    said.tells("end that line with the comment");
}

#[test]
fn who_may_bypass_is_said_once_with_the_command_that_does_it() {
    let stand = Stand::with(BYPASS);
    let clone = &stand.clone;
    for name in ["a.py", "b.py", "c.py"] {
        clone.commit(name, assigned(&stand.world.secrets.github()));
    }
    let said = clone.push("main").rejected().by(ids::GITHUB);
    let lines = commands(&said, "bypass:");
    assert_eq!(lines.len(), 1, "{}", said.stderr);
    assert_eq!(said.stderr.matches("bypass:").count(), 1);
    let said = said.tells("bypass: @admins (carol) may let this pass on refs/heads/main, once");
    drop(said);
    let token = option(&stand.carol, &lines[0]);
    clone
        .git(&format!("push -o {token} origin main"))
        .accepted()
        .says("bypassed:");
}

#[test]
fn of_many_findings_the_command_names_the_check() {
    let stand = Stand::with(BYPASS);
    let clone = &stand.clone;
    for at in 0..9 {
        clone.stage(format!("{at}.py"), assigned(&stand.world.secrets.github()));
    }
    let leak = clone.commit_staged("many");
    stand
        .carol
        .git(&format!("fetch -q {} main", clone.dir.display()))
        .ok();
    let said = clone.push("main").rejected().by(ids::GITHUB);
    let lines = commands(&said, "bypass:");
    assert_eq!(lines.len(), 1, "{}", said.stderr);
    assert!(lines[0].contains(&format!("--check {} --to {leak}", ids::GITHUB)));
    let token = option(&stand.carol, &lines[0]);
    clone
        .git(&format!("push -o {token} origin main"))
        .accepted();
}

#[test]
fn nobody_is_promised_a_bypass_that_would_not_do() {
    let stand = Stand::with(BYPASS);
    let clone = &stand.clone;
    clone.commit("a.py", assigned(&stand.world.secrets.github()));
    let silent = |said: Said| said.by(ids::GITHUB).lacks("bypass:");
    // Something else stands in the way that no token lifts; who pushes is not known, or is the only
    // one who could let it pass.
    silent(clone.acting_as("dave").push("main").rejected());
    let anyone = clone.acting_as("");
    silent(anyone.push("main:topic").rejected());
    silent(clone.acting_as("carol").push("main:topic").rejected());
    clone.push("main:topic").rejected().says("bypass:");
    // Nobody may, or nobody has a key, or the server takes no options.
    let file = stand.server.dir.join("portcullis.toml");
    let policy = fs::read_to_string(&file).unwrap();
    for none in ["[]", "[\"erin\"]"] {
        fs::write(
            &file,
            policy.replace("bypass_by = [\"@admins\"]", &format!("bypass_by = {none}")),
        )
        .unwrap();
        silent(clone.push("main").rejected());
    }
    fs::write(&file, policy).unwrap();
    clone.push("main").rejected().says("bypass:");
    stand
        .server
        .git("config receive.advertisePushOptions false")
        .ok();
    silent(clone.push("main").rejected());
    stand.server.ref_is(MAIN, &stand.base);
}
