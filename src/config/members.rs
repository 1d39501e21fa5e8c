//! Groups whose members stand in a file of their own: one name a line.

use super::error::ConfigError;
use super::file::{Absence, Layer, read_regular};
use super::{Config, Held, Origin};
use crate::policy::groups::Member;
use std::path::Path;

/// The largest list of members that is read, in bytes.
const LIMIT: u64 = 1 << 20;

/// Reads the files that groups name, each relative to the file that names it.
pub(super) fn read(
    read: &[Layer],
    config: &mut Config,
    held: &mut Held,
) -> Result<(), ConfigError> {
    let named: Vec<(String, String)> = config.groups.files().collect();
    for (group, file) in named {
        let key = format!("groups.{group}");
        // A later file overrides an earlier one.
        let Some(layer) = read.iter().rev().find(|layer| layer.has(&key)) else {
            continue;
        };
        // What lies on a server need not be on the developer's machine, where nobody is asked who
        // they are.
        let absence = match layer.origin >= Origin::Server {
            true => Absence::Wrong,
            false => Absence::Fine,
        };
        let path = layer.path.parent().unwrap_or(Path::new("")).join(&file);
        let fail = |at: &str, why: String| {
            let why = format!("{}{at}: {why}", path.display());
            layer.error_at(&key, 0, why)
        };
        let text = read_regular(&path, absence, LIMIT);
        let Some(text) = text.map_err(|problem| fail("", problem.to_string()))? else {
            continue;
        };
        held.add(&text);
        let text = String::from_utf8(text).map_err(|_| fail("", "is not UTF-8".to_owned()))?;
        let members = members(&text).map_err(|(line, why)| fail(&format!(":{line}"), why))?;
        config.groups.fill(&group, members);
    }
    Ok(())
}

/// The names in a file: empty lines and those that begin with `#` do not count. Else the number of
/// the first line that holds none, and why.
fn members(text: &str) -> Result<Vec<Member>, (usize, String)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = (1..).zip(text.lines().map(str::trim));
    let names = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let member = |(number, line): (usize, &str)| {
        if line.contains(char::is_whitespace) || line.contains(['"', ',']) {
            return Err((number, "one name a line, without quotes".to_owned()));
        }
        let member: Result<Member, _> = line.parse();
        member.map_err(|why| (number, why.to_string()))
    };
    names.map(member).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::policy::groups::{Principal, Pusher};

    fn load(origin: Origin, members: Option<&str>) -> Result<Config, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("p.toml");
        let text = "[groups]\nbots = [\"ci\"]\nteam = \"team\"\n[[protect]]\nrefs = [\"refs/heads/main\"]\n\
                    push = [\"@team\"]\n";
        std::fs::write(&path, text).unwrap();
        if let Some(members) = members {
            std::fs::write(dir.path().join("team"), members).unwrap();
        }
        let today = time::OffsetDateTime::UNIX_EPOCH.date();
        let config = Config::load(&[(origin, path)], today, &|_| true);
        let folder = dir.path().display().to_string();
        config.map_err(|error| error.to_string().replace(&folder, "DIR"))
    }

    #[test]
    fn members_stand_in_a_file_one_a_line() {
        let text = "# the team\n\nalice\n  bob  \r\nd\u{e9}d\u{e9}@example.com\n";
        let config = load(Origin::Server, Some(text)).unwrap();
        let team = [Principal::Group("team".to_owned())];
        for (name, is) in [
            ("alice", true),
            ("bob", true),
            ("d\u{e9}d\u{e9}@example.com", true),
            ("ci", false),
            ("#", false),
            ("team", false),
        ] {
            let pusher = Pusher::named(name.as_bytes());
            assert_eq!(config.groups.allows(&team, &pusher), is, "{name}");
        }
        assert_eq!(config.groups.count(&team), Some(3));
        let nobody = load(Origin::Server, Some("")).unwrap();
        assert_eq!(nobody.groups.count(&team), Some(0));
        // It is another policy, which the log tells.
        assert_ne!(nobody.digest, config.digest);
        // On the developer's machine it need not be there, and nobody knows how many they are.
        let config = load(Origin::Repository, None).unwrap();
        assert_eq!(config.groups.count(&team), None);
    }

    #[test]
    fn what_cannot_be_read_says_file_line_and_key() {
        for (text, error) in [
            (None, "DIR/team: cannot be read: "),
            (Some("alice\nbob carol\n"), "DIR/team:2: one name a line"),
            (Some("alice\n@leads\n"), "DIR/team:2: a group holds plain"),
            (Some("*\n"), "DIR/team:1: a group holds plain"),
        ] {
            let said = load(Origin::Server, text).unwrap_err();
            let whole = format!("DIR/p.toml:3: \"groups.team\": {error}");
            assert!(said.starts_with(&whole), "{said}");
        }
    }
}
