//! What differs between two texts, in hunks with three lines of context, as `git diff` shows it.

use super::reader::{ReadError, broken};

/// One hunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hunk {
    /// How many lines of the old text stand before it.
    pub line: usize,
    /// Its lines: ` `, `+` or `-` and the bytes with their line end; where a last line has none, a
    /// line of `=`, `>` or `<` says so, as of both texts, the old one or the new one.
    pub lines: Vec<(char, Vec<u8>)>,
}

/// The hunks that turn one text into another: Myers' algorithm as Git has it, every byte counting,
/// without heuristics that a later version could change.
///
/// # Errors
/// When the library cannot compare them.
pub fn hunks(old: &[u8], new: &[u8]) -> Result<Vec<Hunk>, ReadError> {
    let fail = |error: git2::Error| broken(error.message());
    let mut options = git2::DiffOptions::new();
    options
        .context_lines(3)
        .interhunk_lines(0)
        .force_text(true)
        .indent_heuristic(false);
    let patch =
        git2::Patch::from_buffers(old, None, new, None, Some(&mut options)).map_err(fail)?;
    let mut hunks = Vec::with_capacity(patch.num_hunks());
    for at in 0..patch.num_hunks() {
        let (hunk, count) = patch.hunk(at).map_err(fail)?;
        let lines = (0..count)
            .map(|line| {
                let line = patch.line_in_hunk(at, line)?;
                Ok((line.origin(), line.content().to_vec()))
            })
            .collect::<Result<_, _>>()
            .map_err(fail)?;
        // Without any old line in it a hunk names the line above.
        let line = match hunk.old_lines() {
            0 => hunk.old_start(),
            _ => hunk.old_start().saturating_sub(1),
        };
        hunks.push(Hunk {
            line: line as usize,
            lines,
        });
    }
    Ok(hunks)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn shown(old: &str, new: &str) -> Vec<(usize, String)> {
        let hunks = hunks(old.as_bytes(), new.as_bytes()).unwrap();
        let line =
            |(origin, text): &(char, Vec<u8>)| format!("{origin}{}", String::from_utf8_lossy(text));
        hunks
            .iter()
            .map(|hunk| (hunk.line, hunk.lines.iter().map(line).collect()))
            .collect()
    }

    #[test]
    fn hunks_are_those_of_git() {
        assert_eq!(shown("a\n", "a\n"), []);
        assert_eq!(shown("", "a\n"), [(0, "+a\n".to_owned())]);
        let old = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        assert_eq!(
            shown(old, &old.replace("5\n", "5 \n")),
            [(1, " 2\n 3\n 4\n-5\n+5 \n 6\n 7\n 8\n".to_owned())]
        );
        let both = old.replace("1\n", "0\n1\n").replace("9\n", "9");
        let first = "+0\n 1\n 2\n 3\n".to_owned();
        let last = " 6\n 7\n 8\n-9\n+9<\n\\ No newline at end of file\n".to_owned();
        let found = shown(old, &both);
        assert_eq!(found[0], (0, first));
        assert_eq!(found[1].0, 5);
        assert_eq!(found.len(), 2);
        assert!(found[1].1.starts_with(&last[..18]), "{:?}", found[1].1);
        assert_ne!(found[1].1, shown(old, &both.replace("9", "9\n"))[0].1);
    }
}
