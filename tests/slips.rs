//! Slips of the hand: what is wrong is said, with what would be right, and nothing is done.

use crate::world::World;

#[test]
fn a_slip_is_wrong_usage_and_says_what_is_wrong() {
    let world = World::new();
    let repo = world.repo_with_a_commit();
    let before = repo.snapshot();
    for (words, why) in [
        ("check --range nope", "bad revision 'nope'"),
        ("scan --range nope", "bad revision 'nope'"),
        (
            "approve nope",
            "nope names no commit here; if another clone has it",
        ),
        (
            "bypass --ref main --finding 0 --server-id app-1",
            "say why it may pass: --reason TEXT",
        ),
        (
            "approve HEAD",
            "say which ref it may come to: --for REFNAME",
        ),
        ("hook pre-comit", "those are: pre-commit, "),
        (
            "rules test nope",
            "nope: cannot be read: there is no such file",
        ),
        (
            "scan --config nope.toml",
            "nope.toml: cannot be read: there is no such file",
        ),
        ("baseline create nope", "nope is not there"),
        ("baseline update nope", "nope is not there"),
        ("baseline show nope", "nope is not there"),
        ("scna", "a similar subcommand exists: 'scan'"),
    ] {
        let said = repo.portcullis(words).exit(2).tells(why);
        said.lacks("make it readable");
    }
    let said = repo
        .portcullis("scan --no-cache --output no/report.json")
        .exit(3);
    said.tells("no/report.json: there is no such folder")
        .lacks(".tmp");
    assert!(repo.snapshot() == before);
}

#[test]
fn help_tells_what_the_exit_status_means() {
    let world = World::new();
    let dir = world.plain_dir("elsewhere");
    for command in ["--help", "help scan", "check -h"] {
        dir.portcullis(command)
            .ok()
            .tells("Exit status: 0 nothing blocks, 1 something does");
    }
}
