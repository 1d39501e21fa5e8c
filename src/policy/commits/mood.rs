//! Whether a subject says what its commit does as a command: `add`, and neither `added`, `adds` nor
//! `adding`. By the endings of English verbs; a word that it does not know passes.

/// Words that end like another form of a verb and are none.
const WHOLE: [&str; 7] = [
    "alias", "bias", "canvas", "embed", "focus", "bypass", "compress",
];

/// Past forms that no ending tells.
const PAST: [&str; 16] = [
    "began", "broke", "brought", "built", "chose", "did", "drew", "gave", "kept", "made",
    "rewrote", "sent", "threw", "took", "went", "wrote",
];

/// What the first word of a description is, if no command.
pub(super) fn other_mood(description: &str) -> Option<&'static str> {
    let word = description.split_whitespace().next()?.to_lowercase();
    let word = word.trim_end_matches([':', ',', '.']);
    if !word.bytes().all(|byte| byte.is_ascii_lowercase()) || WHOLE.contains(&word) {
        return None;
    }
    // What is left without the ending is a word by itself: `bring` and `shed` are none.
    let stem = |ending: &str| {
        let stem = word.strip_suffix(ending)?;
        stem.contains(['a', 'e', 'i', 'o', 'u', 'y'])
            .then_some(stem)
    };
    if PAST.contains(&word) || stem("ed").is_some_and(|stem| !stem.ends_with('e')) {
        return Some("what was done");
    }
    if stem("ing").is_some() {
        return Some("what is being done");
    }
    let noun = ["ss", "us", "is", "as", "os"];
    let third = stem("s").is_some() && !noun.iter().any(|ending| word.ends_with(ending));
    (third || word == "does" || word == "goes").then_some("what it does")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_told_from_other_forms() {
        for command in [
            "add a test",
            "fix: it",
            "bring it back",
            "string them together",
            "need less",
            "exceed it",
            "shed some weight",
            "embed the rules",
            "pass it on",
            "process all",
            "focus on it",
            "alias the name",
            "discuss",
            "ping",
            "Bump to 1.2",
            "don't panic",
            "\u{e4}ndere es",
            "",
        ] {
            assert_eq!(other_mood(command), None, "{command}");
        }
        for (other, what) in [
            ("added a test", "was"),
            ("Fixed: it", "was"),
            ("tried it", "was"),
            ("made it so", "was"),
            ("Adds a test", "does"),
            ("fixes it", "does"),
            ("does it", "does"),
            ("Adding a test", "being"),
            ("tying it up", "being"),
        ] {
            assert!(
                other_mood(other).is_some_and(|said| said.contains(what)),
                "{other}"
            );
        }
    }
}
