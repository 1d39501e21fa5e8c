//! The log of a ref: from where to where it was moved, and when.

use super::reader::{ReadError, broken};
use super::{Oid, RefName, Repo};

/// One entry of a reflog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Logged {
    /// Where it stood; none where it was made.
    pub old: Option<Oid>,
    /// Where it stood afterwards; none where it went.
    pub new: Option<Oid>,
    /// When, in seconds since 1970.
    pub time: i64,
}

/// All that the log of a ref holds, oldest first. A repository that keeps its refs in files has it
/// below `logs/` (gitrepository-layout(5)), a bare one only with `core.logAllRefUpdates`.
///
/// # Errors
/// When there is no log, or a line of it makes no sense.
pub fn reflog(repo: &Repo, name: &RefName) -> Result<Vec<Logged>, ReadError> {
    let below = std::str::from_utf8(name.as_bytes()).map_err(broken)?;
    let file = repo.common_dir().join("logs").join(below);
    let text = std::fs::read(file).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => broken(
            "it has no reflog; git config core.logAllRefUpdates true makes Git keep one from now on, \
             also in a bare repository",
        ),
        _ => broken(format_args!("its reflog: {error}")),
    })?;
    let lines = text.split(|byte| *byte == b'\n');
    lines
        .filter(|line| !line.is_empty())
        .map(|line| parse(line).ok_or_else(|| broken("a line of its reflog makes no sense")))
        .collect()
}

/// `OLD NEW NAME <ADDRESS> SECONDS ZONE TAB MESSAGE`
fn parse(line: &[u8]) -> Option<Logged> {
    let head = line.split(|byte| *byte == b'\t').next()?;
    let mut oids = head.splitn(3, |byte| *byte == b' ');
    let (old, new) = (oids.next()?, oids.next()?);
    let mut ends = head.rsplitn(3, |byte| *byte == b' ');
    let (_zone, seconds) = (ends.next()?, ends.next()?);
    Some(Logged {
        old: Oid::parse(old).ok()?,
        new: Oid::parse(new).ok()?,
        time: std::str::from_utf8(seconds).ok()?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_line_has_two_ids_and_a_time() {
        let (zero, one) = ("0".repeat(40), "1".repeat(40));
        let line = format!("{zero} {one} A B <a@example.com> 1700000000 +0200\tpush: x y");
        let logged = parse(line.as_bytes()).unwrap();
        assert_eq!((logged.old, logged.time), (None, 1_700_000_000));
        assert_eq!(logged.new.unwrap().to_string(), one);
        let line = format!("{one} {zero} A <> 5 +0000");
        assert_eq!(parse(line.as_bytes()).unwrap().new, None);
        for bad in [
            "",
            "x",
            &one,
            &format!("{one} {zero}"),
            &format!("{one} {zero} A <> x +0\tm"),
        ] {
            assert_eq!(parse(bad.as_bytes()), None, "{bad}");
        }
    }
}
