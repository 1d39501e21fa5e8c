//! `.secrets.baseline` of detect-secrets: JSON that names each secret by its file and its SHA-1.

use super::{Ignored, Of, unhex};
use serde_json::Value;

pub(super) fn read(text: &str) -> Result<Ignored, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| format!("no JSON: {error}"))?;
    let results = value["results"]
        .as_object()
        .ok_or("has no \"results\", as a baseline of detect-secrets has")?;
    let mut ignored = Ignored::default();
    for (path, secrets) in results {
        let Some(secrets) = secrets.as_array() else {
            ignored.leave(path, "is no list of secrets");
            continue;
        };
        for secret in secrets {
            let kind = secret["type"].as_str().unwrap_or("secret");
            let at = match secret["line_number"].as_u64() {
                Some(line) => format!("{path}:{line}, {kind}"),
                None => format!("{path}, {kind}"),
            };
            let digest = secret["hashed_secret"].as_str().and_then(unhex);
            match digest {
                Some(digest) => ignored.claim(
                    at,
                    Of::Sha1 {
                        path: path.replace('\\', "/"),
                        digest,
                    },
                ),
                None => ignored.leave(at, "has no \"hashed_secret\" of 40 hexadecimal digits"),
            }
        }
    }
    let filters = value["filters_used"].as_array();
    for filter in filters.into_iter().flatten() {
        let told = filter.as_object().into_iter().flatten();
        // The others are heuristics that detect-secrets always has.
        if let Some((_, told)) = told
            .into_iter()
            .find(|(key, _)| matches!(key.as_str(), "pattern" | "file_name" | "custom_plugins"))
        {
            let name = filter["path"].as_str().unwrap_or("a filter");
            ignored.leave(
                format!("filters_used: {name} {told}"),
                "excludes by a pattern; write what is meant as [[secrets.allow]] with paths or values",
            );
        }
    }
    Ok(ignored)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_secret_is_a_claim_and_every_pattern_is_said() {
        let digest = "0a".repeat(20);
        let ignored = read(&format!(
            r#"{{"version": "1.5.0",
                "filters_used": [
                    {{"path": "detect_secrets.filters.heuristic.is_sequential_string"}},
                    {{"path": "detect_secrets.filters.regex.should_exclude_file",
                      "pattern": ["^docs/"]}}],
                "results": {{"src\\a.py": [
                    {{"type": "Secret Keyword", "hashed_secret": "{digest}", "line_number": 4}},
                    {{"type": "JSON Web Token", "hashed_secret": "zz"}}]}}}}"#
        ))
        .unwrap();
        let [one] = &ignored.claims[..] else {
            panic!("{ignored:?}")
        };
        assert!(
            matches!(&one.of, Of::Sha1 { path, digest } if path == "src/a.py" && *digest == [10; 20])
        );
        assert_eq!(one.at, "src\\a.py:4, Secret Keyword");
        assert_eq!(ignored.left.len(), 2, "{ignored:?}");
        assert!(ignored.left[1].0.contains("^docs/"));
    }

    #[test]
    fn what_is_no_baseline_is_an_error() {
        for bad in ["", "[]", "{}", "{\"results\": 1}"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
