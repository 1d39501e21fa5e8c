//! `.talismanrc`: YAML that names files, each with a checksum over all of it.

use super::{Ignored, Of};
use yaml_rust2::{Yaml, YamlLoader};

pub(super) fn read(text: &str) -> Result<Ignored, String> {
    let documents = YamlLoader::load_from_str(text).map_err(|error| format!("no YAML: {error}"))?;
    let mut ignored = Ignored::default();
    let Some(Yaml::Hash(document)) = documents.first() else {
        return Err("is no table of keys, as a .talismanrc is".to_owned());
    };
    for (key, value) in document {
        match (key.as_str().unwrap_or_default(), value) {
            ("version", _) => {}
            ("fileignoreconfig", Yaml::Array(files)) => {
                for (index, file) in files.iter().enumerate() {
                    read_file(index, file, &mut ignored);
                }
            }
            ("allowed_patterns" | "custom_patterns", _) => ignored.leave(
                key.as_str().unwrap_or_default(),
                "is a pattern; what is to be allowed is named by path, rule or value in \
                 [[secrets.allow]], what is to be found by a rule of one's own",
            ),
            ("scopeconfig", _) => ignored.leave(
                "scopeconfig",
                "leaves out whole kinds of files; name their paths in [[secrets.allow]]",
            ),
            ("threshold" | "custom_severities" | "experimental", _) => ignored.leave(
                key.as_str().unwrap_or_default(),
                "tunes another tool's detectors; see [secrets] min_confidence and disable",
            ),
            (name, _) => ignored.leave(name, "is not known"),
        }
    }
    Ok(ignored)
}

fn read_file(index: usize, file: &Yaml, ignored: &mut Ignored) {
    let Some(name) = file["filename"].as_str() else {
        let at = format!("fileignoreconfig {}", index + 1);
        return ignored.leave(at, "has no \"filename\"");
    };
    let text = |yaml: &Yaml| match yaml {
        Yaml::String(text) => Some(text.clone()),
        // A checksum of digits alone.
        Yaml::Integer(number) => Some(number.to_string()),
        _ => None,
    };
    let detectors: Vec<&str> = file["ignore_detectors"]
        .as_vec()
        .into_iter()
        .flatten()
        .filter_map(Yaml::as_str)
        .collect();
    if file["allowed_patterns"]
        .as_vec()
        .is_some_and(|list| !list.is_empty())
    {
        ignored.leave(
            format!("{name}, allowed_patterns"),
            "allows by a pattern; name the values by their digests in [[secrets.allow]]",
        );
    }
    let checksum = text(&file["checksum"]).filter(|checksum| !checksum.is_empty());
    let by_content = detectors.contains(&"filecontent");
    match checksum {
        Some(_) | None if by_content => ignored.claim(
            name,
            Of::Files {
                pattern: name.to_owned(),
                checksum: None,
            },
        ),
        Some(checksum) => ignored.claim(
            name,
            Of::Files {
                pattern: name.to_owned(),
                checksum: Some(checksum),
            },
        ),
        None if detectors.is_empty() => ignored.leave(name, "has no checksum"),
        None => {}
    }
    for other in detectors.iter().filter(|name| **name != "filecontent") {
        ignored.leave(
            format!("{name}, ignore_detectors {other}"),
            "is no detector of ours; names of files stay out by [env-files] and may come in by its \
             allow",
        );
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_file_is_a_claim_and_every_other_key_is_said() {
        let ignored = read(
            "fileignoreconfig:\n- filename: a.pem\n  checksum: 87ab\n\
             - filename: conf/\n  ignore_detectors: [filecontent, filename]\n\
             - filename: b\n  allowed_patterns: [x]\n- checksum: 1\n\
             scopeconfig:\n- scope: node\nallowed_patterns: [y]\nthreshold: high\nversion: \"1.0\"\n\
             odd: 1\n",
        )
        .unwrap();
        let claims: Vec<(&str, bool)> = ignored
            .claims
            .iter()
            .map(|claim| match &claim.of {
                Of::Files { pattern, checksum } => (pattern.as_str(), checksum.is_some()),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(claims, [("a.pem", true), ("conf/", false)]);
        let left: Vec<&str> = ignored.left.iter().map(|(at, _)| at.as_str()).collect();
        assert_eq!(
            left,
            [
                "conf/, ignore_detectors filename",
                "b, allowed_patterns",
                "b",
                "fileignoreconfig 4",
                "scopeconfig",
                "allowed_patterns",
                "threshold",
                "odd"
            ]
        );
        assert!(read("").is_err() && read("- a").is_err() && read("a: [").is_err());
    }
}
