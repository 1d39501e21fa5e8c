//! Pointers of Git LFS, version 1 of the specification (docs/spec.md of git-lfs).

/// Why a file is no pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotPointer {
    #[error("it is the file itself, not a pointer to it")]
    NoVersion,
    #[error("a pointer is shorter than 1024 bytes")]
    TooLong,
    #[error("a pointer is lines \"KEY VALUE\", each with a line feed at its end")]
    OddLine,
    #[error("the keys of a pointer are sorted, and each stands there once")]
    Unsorted,
    #[error("its \"oid\" is not \"sha256:\" and 64 hexadecimal digits")]
    OddOid,
    #[error("its \"size\" is no number of bytes")]
    OddSize,
}

/// The versions that git-lfs reads.
const VERSIONS: [&str; 3] = [
    "https://git-lfs.github.com/spec/v1",
    "https://hawser.github.com/spec/v1",
    "http://git-media.io/v/2",
];

/// Whether a file is a well-formed pointer. An empty file is the pointer to an empty file.
pub(super) fn pointer(bytes: &[u8]) -> Result<(), NotPointer> {
    if bytes.is_empty() {
        return Ok(());
    }
    let text = match std::str::from_utf8(&bytes[..bytes.len().min(1024)]) {
        Ok(text) if text.starts_with("version ") => text,
        Ok(_) | Err(_) => return Err(NotPointer::NoVersion),
    };
    let lines = text.strip_suffix('\n').ok_or(if bytes.len() >= 1024 {
        NotPointer::TooLong
    } else {
        NotPointer::OddLine
    })?;
    if bytes.len() >= 1024 {
        return Err(NotPointer::TooLong);
    }
    let mut pairs = Vec::new();
    for line in lines.split('\n') {
        let (key, value) = line.split_once(' ').ok_or(NotPointer::OddLine)?;
        let plain =
            |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-');
        if key.is_empty() || !key.chars().all(plain) || value.is_empty() || value.contains('\r') {
            return Err(NotPointer::OddLine);
        }
        pairs.push((key, value));
    }
    let Some((("version", version), rest)) =
        pairs.split_first().map(|(first, rest)| (*first, rest))
    else {
        return Err(NotPointer::NoVersion);
    };
    if !VERSIONS.contains(&version) {
        return Err(NotPointer::NoVersion);
    }
    if !rest.is_sorted_by(|one, other| one.0 < other.0) {
        return Err(NotPointer::Unsorted);
    }
    let value = |key| rest.iter().find(|pair| pair.0 == key).map(|pair| pair.1);
    let oid = value("oid").and_then(|oid| oid.strip_prefix("sha256:"));
    let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    if !oid.is_some_and(|oid| oid.len() == 64 && oid.chars().all(hex)) {
        return Err(NotPointer::OddOid);
    }
    let size = value("size").filter(|size| size.chars().all(|c| c.is_ascii_digit()));
    match size.and_then(|size| size.parse::<u64>().ok()) {
        Some(_) => Ok(()),
        None => Err(NotPointer::OddSize),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_is_exactly_one() {
        let oid = format!("oid sha256:{}", "4d7a".repeat(16));
        let version = "version https://git-lfs.github.com/spec/v1";
        let long = "a".repeat(2000);
        for (text, answer) in [
            (String::new(), Ok(())),
            (format!("{version}\n{oid}\nsize 12345\n"), Ok(())),
            (
                format!("{version}\next-0-x sha256:ab\n{oid}\nsize 0\n"),
                Ok(()),
            ),
            ("\u{89}PNG".to_owned(), Err(NotPointer::NoVersion)),
            (
                format!("{oid}\n{version}\nsize 1\n"),
                Err(NotPointer::NoVersion),
            ),
            (
                format!("version 2\n{oid}\nsize 1\n"),
                Err(NotPointer::NoVersion),
            ),
            (
                format!("{version}\n{oid}\nsize 1"),
                Err(NotPointer::OddLine),
            ),
            (
                format!("{version}\r\n{oid}\r\nsize 1\r\n"),
                Err(NotPointer::OddLine),
            ),
            (
                format!("{version}\n\n{oid}\nsize 1\n"),
                Err(NotPointer::OddLine),
            ),
            (
                format!("{version}\nsize 1\n{oid}\n"),
                Err(NotPointer::Unsorted),
            ),
            (
                format!("{version}\n{oid}\n{oid}\nsize 1\n"),
                Err(NotPointer::Unsorted),
            ),
            (
                format!("{version}\n{oid}a\nsize 1\n"),
                Err(NotPointer::OddOid),
            ),
            (
                format!("{version}\noid md5:ab\nsize 1\n"),
                Err(NotPointer::OddOid),
            ),
            (format!("{version}\nsize 1\n"), Err(NotPointer::OddOid)),
            (
                format!("{version}\n{oid}\nsize +1\n"),
                Err(NotPointer::OddSize),
            ),
            (format!("{version}\n{oid}\n"), Err(NotPointer::OddSize)),
            (
                format!("{version}\n{oid}\nsize 1\nx {long}\n"),
                Err(NotPointer::TooLong),
            ),
        ] {
            assert_eq!(pointer(text.as_bytes()), answer, "{text:?}");
        }
    }
}
