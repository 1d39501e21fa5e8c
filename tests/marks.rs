//! The marks of other tools: nothing by themselves, and what those tools mean by them where the
//! configuration says so.

use crate::world::{World, assigned, ids};

/// Each tool with a file in which it allows the secret, and where the secret stands in it.
fn marked(secret: &str) -> Vec<(&'static str, String)> {
    let line = |mark: &str| format!("token = \"{secret}\"  # {mark}\n");
    vec![
        ("gitleaks", line("gitleaks:allow")),
        ("betterleaks", line("betterleaks:allow")),
        ("betterleaks", line("gitleaks:allow")),
        ("trufflehog", line("trufflehog:ignore")),
        ("kingfisher", line("kingfisher:ignore")),
        ("detect-secrets", line("pragma: allowlist secret")),
        (
            "detect-secrets",
            format!("# pragma: allowlist nextline secret\n{}", assigned(secret)),
        ),
        ("secretlint", line("secretlint-disable-line -- made up")),
        (
            "secretlint",
            format!("# secretlint-disable-next-line\n{}", assigned(secret)),
        ),
        (
            "secretlint",
            format!(
                "# secretlint-disable\n\n{}# secretlint-enable\n",
                assigned(secret)
            ),
        ),
        (
            "secretlint",
            line("secretlint-disable-line @secretlint/secretlint-rule-github"),
        ),
    ]
}

#[test]
fn a_mark_counts_for_the_tools_that_are_named() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
    for (index, (tool, text)) in marked(&token).into_iter().enumerate() {
        let path = format!("a{index}.py");
        repo.stage(&path, text);
        repo.config("");
        repo.try_commit().rejected().by(ids::GITHUB);
        let other = if tool == "kingfisher" {
            "trufflehog"
        } else {
            "kingfisher"
        };
        repo.config(&format!("[secrets]\ninline_marks = [\"{other}\"]"));
        repo.try_commit().rejected().by(ids::GITHUB);
        repo.config(&format!("[secrets]\ninline_marks = [\"{tool}\"]"));
        let report = repo.scan("--staged").ok().without(&token).json();
        let suppressed = &report.nothing().value["suppressed"][0];
        assert_eq!(suppressed["by"], "inline", "{:#}", report.value);
        repo.try_commit().accepted();
    }
}

#[test]
fn what_a_mark_does_not_mean_is_found() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
    repo.config(
        "[secrets]\ninline_marks = [\"gitleaks\", \"betterleaks\", \"detect-secrets\", \
         \"trufflehog\", \"kingfisher\", \"secretlint\"]",
    );
    for text in [
        format!("# gitleaks:allow\n{}", assigned(&token)),
        format!(
            "# secretlint-disable\n# secretlint-enable\n{}",
            assigned(&token)
        ),
        format!("token = \"{token}\"  # secretlint-disable-line @secretlint/secretlint-rule-npm\n"),
        format!("# pragma: allowlist secret\n{}", assigned(&token)),
    ] {
        repo.stage("a.py", text);
        repo.try_commit().rejected().by(ids::GITHUB);
    }
}

#[test]
fn a_server_believes_them_only_where_it_believes_marks() {
    for (inline, accepted) in [("", false), ("[trust]\ninline = \"honor\"\n", true)] {
        let world = World::new();
        let policy = format!("[secrets]\ninline_marks = [\"gitleaks\"]\n{inline}");
        let server = world.bare("origin.git").hook("pre-receive").policy(&policy);
        let (alice, token) = (world.clone_of(&server, "alice"), world.secrets.github());
        alice.commit("app.py", format!("token = \"{token}\"  # gitleaks:allow\n"));
        if accepted {
            alice.push("main").accepted();
        } else {
            alice
                .push("main")
                .rejected()
                .by(ids::GITHUB)
                .without(&token);
        }
    }
}

#[test]
fn a_tool_that_nobody_knows_is_an_error() {
    let world = World::new();
    let repo = world.repo_with_a_commit();
    repo.config("[secrets]\ninline_marks = [\"gitleeks\"]");
    repo.scan("")
        .exit(2)
        .says(".portcullis.toml:3")
        .says("secrets.inline_marks");
}
