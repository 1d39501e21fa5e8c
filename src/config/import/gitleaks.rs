//! `.gitleaksignore` and `.betterleaksignore`: one finding a line, by its position.

use super::{Ignored, Of, unhex};

pub(super) fn read(text: &str) -> Ignored {
    let mut ignored = Ignored::default();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        let at = format!("line {}", index + 1);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(digest) = unhex(line) {
            ignored.claim(at, Of::Sha256(digest));
            continue;
        }
        if line.starts_with("hmac-sha256:") {
            ignored.leave(at, "a digest with a key, which is not in the file");
            continue;
        }
        let parts: Vec<&str> = line.split(':').collect();
        let (commit, path, rule, number) = match parts[..] {
            [path, rule, line] => (None, path, rule, line),
            [commit, path, rule, line] => (Some(commit.to_owned()), path, rule, line),
            _ => {
                ignored.leave(at, "is neither FILE:RULE:LINE nor COMMIT:FILE:RULE:LINE");
                continue;
            }
        };
        let path = path.replace('\\', "/");
        match number.parse::<usize>() {
            _ if path.contains('!') => ignored.leave(
                at,
                "names a member of an archive, whose lines are not those of the archive",
            ),
            Ok(line @ 1..) => ignored.claim(
                at,
                Of::Line {
                    commit,
                    path,
                    rule: rule.to_owned(),
                    line,
                },
            ),
            Ok(_) | Err(_) => ignored.leave(at, "does not end with the number of a line"),
        }
    }
    ignored
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_claim_or_is_said() {
        let digest = "ab".repeat(32);
        let ignored = read(&format!(
            "# comment\n\nsrc\\a.py:some-rule:3\n0123abc:b.py:rule:7 \n{digest}\n\
             hmac-sha256:00\na.zip!b:rule:1\na:b\nx:y:z\nx:y:0\n"
        ));
        let [one, two, three] = &ignored.claims[..] else {
            panic!("{ignored:?}")
        };
        assert!(
            matches!(&one.of, Of::Line { commit: None, path, line: 3, .. } if path == "src/a.py")
        );
        assert!(matches!(&two.of, Of::Line { commit: Some(c), line: 7, .. } if c == "0123abc"));
        assert!(matches!(three.of, Of::Sha256(digest) if digest == [0xab; 32]));
        let left: Vec<&str> = ignored.left.iter().map(|(at, _)| at.as_str()).collect();
        assert_eq!(left, ["line 6", "line 7", "line 8", "line 9", "line 10"]);
    }
}
