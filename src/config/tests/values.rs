//! Values of the wrong kind, and keys that have no effect without another.

use super::load;

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
fn a_value_of_the_wrong_kind_is_said_without_the_types_of_a_program() {
    for (line, why) in [
        (
            "[[protect]].approvals = -1",
            "a whole number from 0 to 255, without quotes",
        ),
        (
            "[[protect]].approvals = \"1\"",
            "a whole number from 0 to 255, without quotes",
        ),
        (
            "[[protect]].push = \"alice, expected u8\"",
            "a list in brackets, such as [\"...\"]",
        ),
        ("[[protect]].names = 3", "text in quotes"),
        ("[[protect]].linear = 1", "true or false, without quotes"),
        ("[secrets].min_confidence = 3", "text in quotes"),
        (
            "[server].max_commits = -1",
            "a whole number, 0 or more, without quotes",
        ),
        (
            "[commits].subject_max = 0",
            "a whole number, 1 or more, without quotes",
        ),
        ("[commits].fixups = \"x\"", "true or false, without quotes"),
    ] {
        let (table, line) = line.split_once('.').unwrap();
        let key = line.split_once(' ').unwrap().0;
        let (refs, at) = match table {
            "[[protect]]" => ("refs = [\"refs/heads/main\"]\n", 3),
            _ => ("", 2),
        };
        let name = table.trim_matches(['[', ']']);
        let error = load(&[&format!("{table}\n{refs}{line}")]).unwrap_err();
        assert_eq!(
            error,
            format!("0.toml:{at}: \"{name}.{key}\": must be {why}")
        );
    }
    for (text, error) in [
        (
            "version = \"1\"",
            "\"version\": must be a whole number, without quotes",
        ),
        (
            "[[protect]]\npush = []",
            "\"protect\": lacks the key \"refs\"",
        ),
        (
            "[commits]\ndates = \"x\"",
            "\"commits.dates\": can only be \"sane\"",
        ),
        (
            "[server]\nmode = \"x\"",
            "\"server.mode\": is none of \"enforce\", \"evaluate\"",
        ),
    ] {
        let said = load(&[text]).unwrap_err();
        assert_eq!(said.split_once(": ").unwrap().1, error);
    }
}
