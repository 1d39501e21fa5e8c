//! Trailers as Git reads them: the lines `KEY: VALUE` of the last paragraph of a message.
//!
//! The grammar is that of git-interpret-trailers(1) and of `find_trailer_block_start` in Git's
//! trailer.c: the last paragraph is a block of trailers when all of its lines are trailers, or when
//! one of them is Git's own and at least a quarter are. The first paragraph is the subject and never
//! is one.

/// The values of all trailers with this key, whose case does not matter.
pub(in crate::policy) fn values<'a>(message: &'a str, key: &str) -> Vec<&'a str> {
    let mut found = Vec::new();
    for line in block(message) {
        if let Some((name, value)) = split(line)
            && name.eq_ignore_ascii_case(key)
        {
            found.push(value.trim());
        }
    }
    found
}

/// Where the block of trailers begins, counted in lines; behind the last line where there is none.
pub(super) fn begin(message: &str) -> usize {
    let end = message.trim_end().lines().count();
    end - block(message).len()
}

/// The lines of the last paragraph, where that is a block of trailers.
fn block(message: &str) -> Vec<&str> {
    let lines: Vec<&str> = message.trim().lines().collect();
    let Some(empty) = lines.iter().rposition(|line| line.trim().is_empty()) else {
        return Vec::new();
    };
    let last = lines[empty + 1..].to_vec();
    let (mut trailers, mut others, mut own) = (0, 0, false);
    for line in &last {
        let gits =
            line.starts_with("Signed-off-by: ") || line.starts_with("(cherry picked from commit ");
        if gits || split(line).is_some() {
            trailers += 1;
            own |= gits;
        } else if line.starts_with([' ', '\t']) && trailers + others > 0 {
            // What goes on from the line above is as good or bad as that.
        } else {
            others += 1;
        }
    }
    let all = trailers > 0 && others == 0;
    if all || (own && trailers * 3 >= others) {
        last
    } else {
        Vec::new()
    }
}

/// `KEY: VALUE`, with white space allowed before the colon.
fn split(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.split_once(':')?;
    let key = key.trim_end_matches([' ', '\t']);
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    (!key.is_empty() && key.chars().all(plain)).then_some((key, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_paragraph_has_trailers() {
        const KEY: &str = "Signed-off-by";
        const WHO: &str = "A <a@x>";
        for (message, found) in [
            ("s\n\nSigned-off-by: A <a@x>\n", 1),
            ("s\n\nsigned-off-by: A <a@x>\n", 1),
            ("s\n\nb\n\nRefs: 1\nSigned-off-by: A <a@x>\n\n", 1),
            ("s\n\nsome words\nSigned-off-by: A <a@x>\n", 1),
            ("s\n\nSigned-off-by: A <a@x>\nSigned-off-by: A <a@x>\n", 2),
            ("s\n\nSigned-off-by: A <a@x>\n\nb\n", 0),
            ("Signed-off-by: A <a@x>\n", 0),
            ("s\nSigned-off-by: A <a@x>\n", 0),
            ("s\n\na\nb\nc\nd\nSigned-off-by: A <a@x>\n", 0),
            ("s\n\nRefs: 1\nmore\n", 0),
            ("s\n\nnot Signed-off-by: A <a@x>\n", 0),
        ] {
            assert_eq!(values(message, KEY), vec![WHO; found], "{message:?}");
        }
    }
}
