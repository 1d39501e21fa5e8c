//! Walks over commits, all through `git rev-list` and `git diff-tree`, which know commit-graphs,
//! bitmaps, shallow boundaries and hidden refs better than anything that could stand in for them.

use super::object::Mode;
use super::program::GitError;
use super::reader::ReadError;
use super::repo::Repo;
use super::visible::all_are_visible;
use super::{Oid, OidMap, RepoPath};
use std::io::{BufRead, Write as _};

/// A commit of a walk with its parents, those beyond the walk included.
#[derive(Clone, Debug)]
pub struct Walked {
    /// The commit.
    pub oid: Oid,
    /// Its parents as Git sees them: none beyond a shallow boundary.
    pub parents: Vec<Oid>,
}

/// Commits that are reachable from `tips` and not excluded, children before parents.
///
/// `exclude` takes arguments of `git rev-list` that may stand after `--not`: commits, `--all`,
/// `--remotes=origin`, `--exclude-hidden=receive`.
///
/// # Errors
/// When Git cannot do the walk to its end: a missing commit, a broken one.
pub fn rev_list(repo: &Repo, tips: &[Oid], exclude: &[String]) -> Result<Vec<Walked>, GitError> {
    if tips.is_empty() {
        return Ok(Vec::new());
    }
    if let ([tip], [old]) = (tips, exclude)
        && let Ok(Some(old)) = Oid::parse(old.as_bytes())
        && let Some(walked) = repo.ancestry().beyond(old, *tip)
    {
        return Ok(walked);
    }
    let mut input = String::new();
    for tip in tips {
        input.push_str(&format!("{tip}\n"));
    }
    let oids = exclude.iter().filter(|arg| !arg.starts_with('-'));
    for oid in oids {
        input.push_str(&format!("^{oid}\n"));
    }
    let options: Vec<&String> = exclude.iter().filter(|arg| arg.starts_with('-')).collect();
    let mut run = repo.git(["rev-list", "--topo-order", "--parents", "--stdin"]);
    if !options.is_empty() {
        run = run.args(["--not"]).args(options);
    }
    Ok(parse_walked(&run.stdin(input).output()?))
}

/// Commits that any arguments of `git rev-list` select, children before parents.
///
/// # Errors
/// When Git does not take the arguments or cannot do the walk to its end.
pub fn rev_list_args(repo: &Repo, revs: &[String]) -> Result<Vec<Walked>, GitError> {
    let run = repo
        .git(["rev-list", "--topo-order", "--parents"])
        .args(revs);
    Ok(parse_walked(&run.args(["--"]).output()?))
}

pub(super) fn parse_walked(listed: &[u8]) -> Vec<Walked> {
    listed
        .split(|byte| *byte == b'\n')
        .filter_map(parse_walked_line)
        .collect()
}

/// The commits that the logs of refs name, in all worktrees, and those that refs name.
///
/// # Errors
/// When Git cannot list them.
pub fn logged_commits(repo: &Repo) -> Result<Vec<Oid>, GitError> {
    // Without a log Git would take `--reflog` alone for no argument at all.
    let run = repo.git(["rev-list", "--no-walk=unsorted", "--reflog", "--all"]);
    Ok(parse_walked(&run.output()?)
        .into_iter()
        .map(|one| one.oid)
        .collect())
}

/// The commits that the log of the stash names: all its entries.
///
/// # Errors
/// When Git cannot list them.
pub fn logged_stashes(repo: &Repo) -> Result<Vec<Oid>, GitError> {
    let run = repo.git([
        "rev-list",
        "--walk-reflogs",
        "--ignore-missing",
        "refs/stash",
    ]);
    Ok(parse_walked(&run.output()?)
        .into_iter()
        .map(|one| one.oid)
        .collect())
}

/// A commit and its parents.
pub(super) fn parse_walked_line(line: &[u8]) -> Option<Walked> {
    let oid = |hex: &[u8]| Oid::parse(hex).ok().flatten();
    let mut oids = line.split(|byte| *byte == b' ').filter_map(oid);
    Some(Walked {
        oid: oids.next()?,
        parents: oids.collect(),
    })
}

/// The commits that refs bring in which are to move, children before parents, where that can be told
/// without a look at the other refs: Git has put a push aside (git-receive-pack(1), "QUARANTINE
/// ENVIRONMENT"), and the repository itself has none of these commits, so that no ref of it can
/// reach one. `None` where all refs have to be asked.
///
/// Each of `moves` is where a ref stands, if it exists, and the commit that it is to name. Beyond what
/// they stand for now, and the branch of `HEAD`, nothing is walked. Of several refs one could be kept
/// back from a push, and what it reaches need not have been judged: then all refs are asked.
#[must_use]
pub fn rev_list_quarantined(repo: &Repo, moves: &[(Option<Oid>, Oid)]) -> Option<Vec<Walked>> {
    let main = repo.objects_before_push()?;
    let mut old: Vec<Oid> = moves.iter().filter_map(|(old, _)| *old).collect();
    if !matches!(moves, [(Some(_), _)]) {
        if moves.is_empty() || !all_are_visible(repo) {
            return None;
        }
        // A detached one is no ref: what it alone reaches came in by no push.
        if let Some(branch) = repo.head_branch() {
            old.extend(repo.resolve(&branch).ok()?);
        }
    }
    if old.is_empty() {
        return None;
    }
    let mut input = String::new();
    for (_, tip) in moves {
        input.push_str(&format!("{tip}\n"));
    }
    for old in &old {
        input.push_str(&format!("^{old}\n"));
    }
    let run = repo.git(["rev-list", "--topo-order", "--parents", "--stdin"]);
    let mut walk = run.stream().ok()?;
    // It reads all of its input before it says anything.
    walk.stdin.as_mut()?.write_all(input.as_bytes()).ok()?;
    drop(walk.stdin.take()?.into_inner().ok()?);
    let mut walked = Vec::new();
    let mut line = Vec::new();
    loop {
        line.clear();
        if walk.stdout.read_until(b'\n', &mut line).ok()? == 0 {
            walk.finish().ok()?;
            repo.ancestry().walked(moves, &walked);
            return Some(walked);
        }
        let commit = parse_walked_line(line.trim_ascii_end())?;
        if main.has(commit.oid) {
            return None;
        }
        walked.push(commit);
    }
}

/// Where a blob first came in.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The commit that brought it in.
    pub commit: Oid,
    /// The path it had there.
    pub path: RepoPath,
}

/// A blob whose origin is asked for.
pub struct Wanted<'a> {
    /// The blob.
    pub oid: Oid,
    /// At which paths it counts.
    pub at: &'a dyn Fn(&RepoPath) -> bool,
}

/// For each of the wanted blobs: the first of `commits` (in the order given) that has it at a path
/// that counts, where none of its parents has it. Ends as soon as all are found.
///
/// # Errors
/// When Git cannot compare a commit with its parents; what was found until then is lost.
pub fn first_commits(
    repo: &Repo,
    commits: &[Oid],
    wanted: &[Wanted<'_>],
) -> Result<Vec<Option<Origin>>, GitError> {
    let mut found: Vec<Option<Origin>> = wanted.iter().map(|_| None).collect();
    let mut open: OidMap<Vec<usize>> = OidMap::default();
    for (index, blob) in wanted.iter().enumerate() {
        open.entry(blob.oid).or_default().push(index);
    }
    let options = [
        "-r",
        "-c",
        "--root",
        "--raw",
        "-z",
        "--no-renames",
        "--no-abbrev",
        "--stdin",
    ];
    let mut stream = repo.git(["diff-tree"]).args(options).stream()?;
    let feed = stream.stdin.take();
    let ended = std::thread::scope(|scope| {
        scope.spawn(move || {
            let Some(mut feed) = feed else { return };
            for commit in commits {
                // Who has found everything stops reading; that is no error.
                if writeln!(feed, "{commit}").is_err() {
                    return;
                }
            }
        });
        let mut current = None;
        while !open.is_empty() {
            match next_entry(&mut stream.stdout) {
                Some(Line::Commit(oid)) => current = Some(oid),
                Some(Line::Entry { oid, path }) => {
                    let (Some(commit), Some(asked)) = (current, open.get_mut(&oid)) else {
                        continue;
                    };
                    asked.retain(|index| {
                        let counts = (wanted[*index].at)(&path);
                        if counts {
                            let path = path.clone();
                            found[*index] = Some(Origin { commit, path });
                        }
                        !counts
                    });
                    if asked.is_empty() {
                        open.remove(&oid);
                    }
                }
                None => return true,
            }
        }
        stream.stop();
        false
    });
    if ended {
        stream.finish()?;
    }
    Ok(found)
}

enum Line {
    Commit(Oid),
    Entry { oid: Oid, path: RepoPath },
}

/// `OID NUL`, or `:MODE MODE OID OID STATUS NUL PATH NUL`, or for a merge of n parents n colons
/// with n + 1 modes and ids (git-diff-tree(1), "Raw output format").
fn next_entry(from: &mut impl BufRead) -> Option<Line> {
    loop {
        let field = until_nul(from)?;
        if !field.starts_with(b":") {
            match Oid::parse(&field).ok().flatten() {
                Some(oid) => return Some(Line::Commit(oid)),
                None => continue,
            }
        }
        let path = RepoPath::new(&until_nul(from)?);
        let parents = field.iter().take_while(|byte| **byte == b':').count();
        let words: Vec<&[u8]> = field[parents..].split(|byte| *byte == b' ').collect();
        let mode = words
            .get(parents)
            .and_then(|mode| std::str::from_utf8(mode).ok());
        let mode = u32::from_str_radix(mode?, 8).ok()?;
        let oid = Oid::parse(words.get(2 * parents + 1)?).ok()?;
        if let Some(oid) = oid
            && Mode::of(mode) != Mode::Gitlink
        {
            return Some(Line::Entry { oid, path });
        }
    }
}

fn until_nul(from: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut field = Vec::new();
    from.read_until(0, &mut field).ok()?;
    field.pop().map(|_| field)
}

/// The commits whose parents a shallow clone does not have.
///
/// # Errors
/// When the list is there and cannot be read.
pub fn shallow_commits(repo: &Repo) -> Result<Vec<Oid>, ReadError> {
    match std::fs::read(repo.common_dir().join("shallow")) {
        Ok(lines) => Ok(lines
            .split(|byte| *byte == b'\n')
            .filter_map(|line| Oid::parse(line).ok().flatten())
            .collect()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(super::reader::broken(error)),
    }
}
