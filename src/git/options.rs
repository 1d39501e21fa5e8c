//! The options of a push, `git push -o TEXT`, as Git gives them to a hook.

use super::Repo;
use std::ffi::OsString;

/// More options than that are no push that anyone means.
const MOST: usize = 256;

/// The options cannot be read as Git gives them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the push options cannot be read: there are more than 256, or not as many as Git says")]
pub struct BadOptions;

/// The options of the push that the hook is called for, as bytes. Where a server takes none Git may as
/// well say that the push has none, whatever githooks(5) says: [`takes_push_options`] tells.
///
/// # Errors
/// When there are more than 256, or one that was announced is missing.
pub fn push_options() -> Result<Option<Vec<Vec<u8>>>, BadOptions> {
    read(&|name| std::env::var_os(name))
}

/// Whether pushes to a repository may have options: `receive.advertisePushOptions` (git-config(1)).
#[must_use]
pub fn takes_push_options(repo: &Repo) -> bool {
    let key = "receive.advertisePushOptions";
    let asked = repo.git(["config", "--type=bool", "--get", key]).optional();
    matches!(asked, Ok(Some(value)) if value.trim_ascii_end() == b"true")
}

fn read(variable: &dyn Fn(&str) -> Option<OsString>) -> Result<Option<Vec<Vec<u8>>>, BadOptions> {
    let Some(count) = variable("GIT_PUSH_OPTION_COUNT") else {
        return Ok(None);
    };
    let count: usize = count
        .to_str()
        .and_then(|count| count.parse().ok())
        .filter(|count| *count <= MOST)
        .ok_or(BadOptions)?;
    let one = |number: usize| variable(&format!("GIT_PUSH_OPTION_{number}"));
    let options = (0..count).map(|number| one(number).map(OsString::into_encoded_bytes));
    options
        .collect::<Option<Vec<_>>>()
        .map(Some)
        .ok_or(BadOptions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_as_many_as_git_says() {
        let ask = |count: Option<&str>, there: usize| {
            read(&|name| match name.strip_prefix("GIT_PUSH_OPTION_")? {
                "COUNT" => count.map(OsString::from),
                number => {
                    let number: usize = number.parse().ok()?;
                    (number < there).then(|| OsString::from(format!("o{number}")))
                }
            })
        };
        assert_eq!(ask(None, 5), Ok(None));
        assert_eq!(ask(Some("0"), 5), Ok(Some(Vec::new())));
        let two = vec![b"o0".to_vec(), b"o1".to_vec()];
        assert_eq!(ask(Some("2"), 5), Ok(Some(two)));
        assert!(ask(Some("256"), 256).is_ok());
        for (count, there) in [
            ("2", 1),
            ("257", 257),
            ("", 0),
            ("-1", 0),
            ("x", 0),
            ("99999999999999999999999", 0),
        ] {
            assert_eq!(ask(Some(count), there), Err(BadOptions), "{count}");
        }
    }
}
