//! `.gitallowed` of git-secrets: one extended regular expression a line.

use super::{Ignored, Of};

pub(super) fn read(text: &str) -> Ignored {
    let mut ignored = Ignored::default();
    for (index, line) in text.lines().enumerate() {
        let at = format!("line {}", index + 1);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let built = regex::bytes::RegexBuilder::new(line).unicode(false).build();
        match built {
            // It would take in every secret that there is.
            Ok(regex) if regex.is_match(b"") => ignored.leave(at, "matches every line"),
            Ok(regex) => ignored.claim(at, Of::Text(regex)),
            Err(_) => ignored.leave(
                at,
                "is no regular expression that can be read in linear time",
            ),
        }
    }
    ignored
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_claim_or_is_said() {
        let ignored = read("# comment\n\nfixtures/.*:AKIA[[:alnum:]]+\n(\n.*\n");
        assert_eq!(ignored.claims.len(), 1);
        assert!(matches!(&ignored.claims[0].of, Of::Text(regex)
            if regex.is_match(b"fixtures/a:3:AKIA0") && !regex.is_match(b"src/a:3:AKIA0")));
        let left: Vec<&str> = ignored.left.iter().map(|(at, _)| at.as_str()).collect();
        assert_eq!(left, ["line 4", "line 5"]);
    }
}
