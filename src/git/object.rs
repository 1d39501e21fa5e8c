//! Objects as stored: their kinds, and lenient parsers for trees, commits and tags.
//!
//! The formats are those of Git's "Git Internals - Git Objects" and gitformat-signature(5). The
//! parsers take whatever a repository may hold: a server without `receive.fsckObjects` accepts
//! odd objects, and odd is not the same as unreadable.

use super::Oid;

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The content of a file or symlink.
    Blob,
    /// A directory.
    Tree,
    /// A commit.
    Commit,
    /// An annotated tag.
    Tag,
}

impl Kind {
    /// Of Git's word for it.
    #[must_use]
    pub fn of(word: &[u8]) -> Option<Self> {
        match word {
            b"blob" => Some(Self::Blob),
            b"tree" => Some(Self::Tree),
            b"commit" => Some(Self::Commit),
            b"tag" => Some(Self::Tag),
            _ => None,
        }
    }

    /// Git's word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Blob => "blob",
            Self::Tree => "tree",
            Self::Commit => "commit",
            Self::Tag => "tag",
        }
    }
}

/// An object with its bytes.
#[derive(Clone, Debug)]
pub struct Object {
    /// What it is.
    pub kind: Kind,
    /// Its content, without the header.
    pub data: Vec<u8>,
}

/// What an entry of a tree or of the index stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// A file, `100644` and the like.
    File,
    /// A file with the executable bit, `100755`.
    Executable,
    /// A symbolic link, `120000`: the blob holds its target.
    Symlink,
    /// A directory, `40000`.
    Tree,
    /// A commit of a submodule, `160000`: its objects are elsewhere.
    Gitlink,
}

impl Mode {
    /// Of the number in a tree or the index; what Git does not know is taken for a file, so that it
    /// is read.
    #[must_use]
    pub fn of(number: u32) -> Self {
        match number & 0o170_000 {
            0o040_000 => Self::Tree,
            0o120_000 => Self::Symlink,
            0o160_000 => Self::Gitlink,
            _ if number & 0o111 != 0 => Self::Executable,
            _ => Self::File,
        }
    }
}

/// One entry of a tree.
#[derive(Clone, Copy, Debug)]
pub struct TreeEntry<'a> {
    /// What it stands for.
    pub mode: Mode,
    /// Its name: any bytes but NUL.
    pub name: &'a [u8],
    /// Its object.
    pub oid: Oid,
}

/// The entries of a tree, in stored order; ends with an error where the bytes make no sense.
#[must_use]
pub fn tree_entries(data: &[u8], hash_len: usize) -> TreeEntries<'_> {
    TreeEntries {
        rest: data,
        hash_len,
    }
}

/// See [`tree_entries`].
#[derive(Clone, Debug)]
pub struct TreeEntries<'a> {
    rest: &'a [u8],
    hash_len: usize,
}

/// The bytes of an object make no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed {0}")]
pub struct Malformed(pub &'static str);

impl<'a> Iterator for TreeEntries<'a> {
    type Item = Result<TreeEntry<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let entry = tree_entry(self.rest, self.hash_len);
        self.rest = entry.map_or(&[], |(_, rest)| rest);
        Some(entry.map(|(entry, _)| entry).ok_or(Malformed("tree")))
    }
}

/// The entries of a tree by their places, each read no further than asked; ends with an error where
/// the bytes make no sense.
pub fn tree_places(
    data: &[u8],
    hash_len: usize,
) -> impl Iterator<Item = Result<TreePlace<'_>, Malformed>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = data.get(at..).filter(|rest| !rest.is_empty())?;
        let nul = memchr::memchr(0, rest).unwrap_or(rest.len());
        let Some(bytes) = rest.get(..nul + 1 + hash_len) else {
            at = data.len();
            return Some(Err(Malformed("tree")));
        };
        let start = at;
        at += bytes.len();
        Some(Ok(TreePlace {
            start,
            bytes,
            hash_len,
        }))
    })
}

/// An entry of a tree that was not read yet.
#[derive(Clone, Copy, Debug)]
pub struct TreePlace<'a> {
    /// Where it begins in the tree.
    pub start: usize,
    bytes: &'a [u8],
    hash_len: usize,
}

impl<'a> TreePlace<'a> {
    /// Where the next one begins.
    #[must_use]
    pub fn end(&self) -> usize {
        self.start + self.bytes.len()
    }

    /// The raw id of its object.
    #[must_use]
    pub fn id(&self) -> &'a [u8] {
        &self.bytes[self.bytes.len() - self.hash_len..]
    }

    /// All of it, as it stands in the tree.
    pub(super) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Its name; `None` where its bytes make no sense.
    pub(super) fn name(&self) -> Option<&'a [u8]> {
        let space = memchr::memchr(b' ', self.bytes)?;
        self.bytes
            .get(space + 1..self.bytes.len() - self.hash_len - 1)
    }

    /// Whether it could be a tree, by the first digit of its mode: `40000`, `040000` in old ones.
    #[must_use]
    pub fn may_be_tree(&self) -> bool {
        matches!(self.bytes[0], b'4' | b'0')
    }

    /// The entry.
    ///
    /// # Errors
    /// When its bytes make no sense.
    pub fn read(&self) -> Result<TreeEntry<'a>, Malformed> {
        let entry = tree_entry(self.bytes, self.hash_len);
        entry.map(|(entry, _)| entry).ok_or(Malformed("tree"))
    }
}

fn tree_entry(data: &[u8], hash_len: usize) -> Option<(TreeEntry<'_>, &[u8])> {
    let space = memchr::memchr(b' ', data)?;
    let mode = std::str::from_utf8(&data[..space]).ok()?;
    let mode = u32::from_str_radix(mode, 8).ok()?;
    let nul = space + 1 + memchr::memchr(0, &data[space + 1..])?;
    let end = nul + 1 + hash_len;
    let entry = TreeEntry {
        mode: Mode::of(mode),
        name: &data[space + 1..nul],
        oid: Oid::from_raw(data.get(nul + 1..end)?)?,
    };
    Some((entry, &data[end..]))
}

/// What a commit says of itself.
#[derive(Clone, Debug)]
pub struct CommitInfo {
    /// Its id.
    pub oid: Oid,
    /// Its tree.
    pub tree: Oid,
    /// Its parents, first parent first.
    pub parents: Vec<Oid>,
    /// `Name <address>` of the author, raw; where there are several, all of them with commas between.
    pub author: Vec<u8>,
    /// Author time in seconds since 1970 and the offset from UTC in minutes.
    pub author_time: (i64, i32),
    /// `Name <address>` of the committer, raw; several as of the author.
    pub committer: Vec<u8>,
    /// Committer time in seconds since 1970 and the offset from UTC in minutes.
    pub committer_time: (i64, i32),
    /// The whole object, as stored.
    pub raw: Vec<u8>,
    /// Where in `raw` the message begins.
    pub message_at: usize,
}

impl CommitInfo {
    /// Reads a commit.
    ///
    /// # Errors
    /// When it does not begin with the id of a tree.
    pub fn parse(oid: Oid, raw: Vec<u8>) -> Result<Self, Malformed> {
        let head = headers(&raw);
        let (tree, parents) = graph(&raw).ok_or(Malformed("commit"))?;
        let (author, author_time) = head.person(b"author");
        let (committer, committer_time) = head.person(b"committer");
        let message_at = head.body;
        Ok(Self {
            oid,
            tree,
            parents,
            author,
            author_time,
            committer,
            committer_time,
            raw,
            message_at,
        })
    }

    /// The message, raw.
    #[must_use]
    pub fn message(&self) -> &[u8] {
        &self.raw[self.message_at..]
    }
}

/// What an annotated tag says of itself.
#[derive(Clone, Debug)]
pub struct TagInfo {
    /// Its id.
    pub oid: Oid,
    /// What it points at.
    pub target: Oid,
    /// What it calls itself.
    pub name: Vec<u8>,
    /// `Name <address>` of the tagger, raw; empty in the oldest tags.
    pub tagger: Vec<u8>,
    /// The whole object, as stored.
    pub raw: Vec<u8>,
    /// Where in `raw` the message begins.
    pub message_at: usize,
}

impl TagInfo {
    /// Reads a tag.
    ///
    /// # Errors
    /// When it points at nothing.
    pub fn parse(oid: Oid, raw: Vec<u8>) -> Result<Self, Malformed> {
        let head = headers(&raw);
        let one = |name: &[u8]| {
            let mut fields = head.fields.iter();
            fields
                .find(|(key, _)| *key == name)
                .map(|(_, value)| *value)
        };
        let target = one(b"object")
            .and_then(|hex| Oid::parse(hex).ok().flatten())
            .ok_or(Malformed("tag"))?;
        let name = one(b"tag").unwrap_or_default().to_vec();
        let (tagger, _) = head.person(b"tagger");
        let message_at = head.body;
        Ok(Self {
            oid,
            target,
            name,
            tagger,
            raw,
            message_at,
        })
    }
}

/// The tree and the parents of a commit, exactly as Git reads them (`parse_commit_buffer`): the first
/// line names the tree, the whole lines right below it the parents. A `parent` anywhere else is none
/// to Git, which so would never walk to what is taken for old here.
fn graph(raw: &[u8]) -> Option<(Oid, Vec<Oid>)> {
    let mut lines = raw
        .split_inclusive(|byte| *byte == b'\n')
        .map_while(|line| line.strip_suffix(b"\n"));
    let mut id = |key: &[u8]| lines.next()?.strip_prefix(key).map(Oid::parse);
    let tree = id(b"tree ")?.ok()??;
    let mut parents = Vec::new();
    while let Some(parent) = id(b"parent ") {
        parents.push(parent.ok()??);
    }
    Some((tree, parents))
}

struct Headers<'a> {
    fields: Vec<(&'a [u8], &'a [u8])>,
    /// Where the message begins.
    body: usize,
}

impl Headers<'_> {
    /// The person of a header, and the first time. Git shows the last of several in one place and
    /// reads the first in another, so nobody is taken for one of them alone.
    fn person(&self, name: &[u8]) -> (Vec<u8>, (i64, i32)) {
        let fields = self.fields.iter().filter(|(key, _)| *key == name);
        let all: Vec<_> = fields.map(|(_, value)| person(value)).collect();
        let people: Vec<&[u8]> = all.iter().map(|(who, _)| *who).collect();
        let time = all.first().map(|(_, time)| *time);
        (people.join(&b", "[..]), time.unwrap_or_default())
    }
}

/// The header lines up to the first empty one; continuation lines belong to none of ours.
fn headers(raw: &[u8]) -> Headers<'_> {
    let mut fields = Vec::new();
    let mut at = 0;
    while at < raw.len() {
        let end = memchr::memchr(b'\n', &raw[at..]).map_or(raw.len(), |n| at + n);
        let line = &raw[at..end];
        at = (end + 1).min(raw.len());
        if line.is_empty() {
            break;
        }
        if let Some(space) = memchr::memchr(b' ', line)
            && space > 0
        {
            fields.push((&line[..space], &line[space + 1..]));
        }
    }
    Headers { fields, body: at }
}

/// `Name <address> 1700000000 +0100` into the person and the time; what cannot be read is 0.
pub(super) fn person(line: &[u8]) -> (&[u8], (i64, i32)) {
    let Some(end) = memchr::memrchr(b'>', line) else {
        return (line, (0, 0));
    };
    let mut words = line[end + 1..]
        .split(|byte| *byte == b' ')
        .filter(|word| !word.is_empty())
        .map(|word| std::str::from_utf8(word).unwrap_or_default());
    let seconds = words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
    let zone: i32 = words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
    (&line[..=end], (seconds, zone / 100 * 60 + zone % 100))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn reads_a_commit_with_a_signature() {
        let tree = "a".repeat(40);
        let raw = format!(
            "tree {tree}\nparent {tree}\nauthor A U <a@x> 1700000000 -0130\ncommitter C <c@x> 5 +0000\ngpgsig -----B\n parent {}\n\nsubject\n\nbody\n",
            "b".repeat(40)
        );
        let oid = Oid::parse(tree.as_bytes()).unwrap().unwrap();
        let commit = CommitInfo::parse(oid, raw.into_bytes()).unwrap();
        assert_eq!(commit.parents, [oid]);
        assert_eq!(commit.author, b"A U <a@x>");
        assert_eq!(commit.author_time, (1_700_000_000, -90));
        assert_eq!(commit.message(), b"subject\n\nbody\n");
    }

    #[test]
    fn of_several_authors_none_is_the_one() {
        let tree = "a".repeat(40);
        let raw = format!(
            "tree {tree}\nauthor A <a@x> 5 +0000\nauthor B <b@x> 6 +0000\ncommitter C <c@x> 7 +0000\n\nx\n"
        );
        let oid = Oid::parse(tree.as_bytes()).unwrap().unwrap();
        let commit = CommitInfo::parse(oid, raw.into_bytes()).unwrap();
        assert_eq!(commit.author, b"A <a@x>, B <b@x>");
        assert_eq!(commit.author_time, (5, 0));
        assert_eq!(commit.committer, b"C <c@x>");
        let raw = format!(
            "object {tree}\ntype commit\ntag x\ntagger A <a@x> 5 +0000\ntagger B <b@x> 6 +0000\n\nx\n"
        );
        let tag = TagInfo::parse(oid, raw.into_bytes()).unwrap();
        assert_eq!(tag.tagger, b"A <a@x>, B <b@x>");
    }

    #[test]
    fn only_what_git_takes_for_a_parent_is_one() {
        let (tree, other) = ("a".repeat(40), "b".repeat(40));
        let oid = Oid::parse(tree.as_bytes()).unwrap().unwrap();
        let parse = |raw: &str| CommitInfo::parse(oid, raw.as_bytes().to_vec());
        let late =
            format!("tree {tree}\nparent {tree}\nauthor A <a@x> 1 +0000\nparent {other}\n\nx\n");
        assert_eq!(parse(&late).unwrap().parents, [oid]);
        let cut = format!("tree {tree}\nparent {other}");
        assert_eq!(parse(&cut).unwrap().parents, []);
        for bad in [
            format!("author A <a@x> 1 +0000\ntree {tree}\n\nx\n"),
            format!("tree {tree} \n\nx\n"),
            format!("tree {tree}\nparent {tree}x\n\nx\n"),
        ] {
            assert!(parse(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn entries_have_places() {
        let mut data = b"40000 a\0".to_vec();
        data.extend([1; 20]);
        data.extend(b"100755 b\0");
        data.extend([2; 20]);
        let places: Vec<_> = tree_places(&data, 20).map(Result::unwrap).collect();
        assert_eq!([places[0].start, places[0].end()], [0, 28]);
        assert_eq!([places[1].start, places[1].end()], [28, data.len()]);
        assert!(places[0].may_be_tree() && !places[1].may_be_tree());
        assert_eq!(places[1].id(), [2; 20]);
        assert_eq!(places[1].read().unwrap().mode, Mode::Executable);
        data.pop();
        assert!(
            tree_places(&data, 20)
                .nth(1)
                .is_some_and(|place| place.is_err())
        );
        assert!(
            tree_places(b"40000 a", 20)
                .next()
                .is_some_and(|place| place.is_err())
        );
    }

    #[test]
    fn a_broken_tree_ends_with_an_error() {
        let mut data = b"100644 a\0".to_vec();
        data.extend([1; 20]);
        data.extend(b"40000 b\0short");
        let entries: Vec<_> = tree_entries(&data, 20).collect();
        assert_eq!(entries.len(), 2);
        assert_eq!(entries[0].unwrap().name, b"a");
        assert!(entries[1].is_err());
    }
}
