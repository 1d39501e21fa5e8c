//! `portcullis baseline import`: what other tools were told to ignore becomes entries of a baseline,
//! and what cannot is said line by line.

use super::Exit;
use super::args::{Import as Args, ImportFrom, Source as Kind};
use super::baseline::{everything, existing, file, findings, say, tell_unread, write};
use super::scan::{Looking, Place, Refusal, usage};
use crate::change::Source;
use crate::config::import::{Claim, IgnoreFile, Of};
use crate::finding::Finding;
use crate::git::{Escaped, Kind as ObjectKind, Oid, RepoPath, escape, rev_list_args};
use crate::policy::PathPattern;
use crate::policy::PathPatterns;
use crate::policy::baseline::Entry;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;
use std::path::Path;

pub(super) fn run(args: &Args) -> Result<Exit, Refusal> {
    let mut files = Vec::new();
    for path in &args.files {
        let shown = escape(path.as_os_str().as_encoded_bytes());
        let kind = kind(args.from, path).ok_or_else(|| {
            usage(format_args!(
                "{shown}: whose file this is cannot be told; say --from TOOL"
            ))
        })?;
        let text = std::fs::read_to_string(path)
            .map_err(|error| usage(format_args!("{shown}: cannot be read: {error}")))?;
        let ignored = kind
            .read(&text)
            .map_err(|why| usage(format_args!("{shown}: {why}")))?;
        files.push((shown, ignored));
    }
    let kind = Kind::default();
    let looking = Looking::new(&args.look, &kind);
    let place = looking.at(args.repo.as_deref())?;
    let target = file(args.look.baseline.as_deref(), &place)?;
    let mut baseline = existing(&target, &place)?;
    let verdict = everything(&looking, &place);
    let undecided = tell_unread(&verdict);
    let mut pool = Pool {
        looking: &looking,
        place: &place,
        open: verdict.findings,
        allowed: verdict
            .suppressed
            .into_iter()
            .map(|entry| entry.finding)
            .collect(),
        commits: HashMap::new(),
        blobs: HashMap::new(),
    };
    let before = baseline.entries.len();
    let mut text = String::new();
    for (shown, ignored) in &files {
        let mut left: Vec<(&str, String)> = ignored
            .left
            .iter()
            .map(|(at, why)| (at.as_str(), why.clone()))
            .collect();
        for claim in &ignored.claims {
            match pool.held_against(claim) {
                Held::Open(entries) => baseline.entries.extend(entries),
                Held::Allowed => {}
                Held::Nothing(why) => left.push((&claim.at, why)),
            }
        }
        let all = ignored.claims.len() + ignored.left.len();
        let _ = writeln!(text, "{shown}: {} of {all} taken over", all - left.len());
        for (at, why) in left {
            let _ = writeln!(
                text,
                "{shown}: {}: not taken over: {why}",
                Escaped(at.as_bytes())
            );
        }
    }
    write(&target, &baseline)?;
    let _ = writeln!(
        text,
        "{}: {} accepted, {} of them new",
        Escaped(target.as_os_str().as_encoded_bytes()),
        findings(baseline.entries.len()),
        baseline.entries.len() - before
    );
    drop(pool);
    drop(looking);
    say(&text);
    Ok(match undecided {
        true => Exit::Undecided,
        false => Exit::Clean,
    })
}

fn kind(from: Option<ImportFrom>, path: &Path) -> Option<IgnoreFile> {
    match from {
        Some(ImportFrom::Gitleaks) => Some(IgnoreFile::Gitleaks),
        Some(ImportFrom::Betterleaks) => Some(IgnoreFile::Betterleaks),
        Some(ImportFrom::DetectSecrets) => Some(IgnoreFile::DetectSecrets),
        Some(ImportFrom::Talisman) => Some(IgnoreFile::Talisman),
        Some(ImportFrom::GitSecrets) => Some(IgnoreFile::GitSecrets),
        None => IgnoreFile::named(path.file_name()?.to_str()?),
    }
}

/// Every finding that a claim may be held against.
struct Pool<'a> {
    looking: &'a Looking<'a>,
    place: &'a Place,
    open: Vec<Finding>,
    /// What a mark or the configuration allows already.
    allowed: Vec<Finding>,
    /// What single commits brought in.
    commits: HashMap<String, Option<Vec<Finding>>>,
    blobs: HashMap<Oid, Vec<u8>>,
}

/// What a claim came to.
enum Held {
    /// These findings, which nothing else allows.
    Open(BTreeSet<Entry>),
    /// Findings that are allowed already.
    Allowed,
    /// Nothing, and why.
    Nothing(String),
}

impl Pool<'_> {
    fn held_against(&mut self, claim: &Claim) -> Held {
        match &claim.of {
            Of::Line {
                commit: Some(commit),
                path,
                rule,
                line,
            } => match self.of_commit(commit) {
                None => Held::Nothing(format!("there is no commit {commit} here")),
                Some(found) => on_line(found.iter(), path, rule, *line),
            },
            Of::Line {
                commit: None,
                path,
                rule,
                line,
            } => match on_line(self.open.iter(), path, rule, *line) {
                Held::Nothing(why) => {
                    let allowed = on_line(self.allowed.iter(), path, rule, *line);
                    if matches!(allowed, Held::Open(_)) {
                        Held::Allowed
                    } else {
                        Held::Nothing(why)
                    }
                }
                held @ (Held::Open(_) | Held::Allowed) => held,
            },
            Of::Sha256(digest) => self.those(
                |finding| {
                    secret(finding).is_some_and(|bytes| Sha256::digest(bytes)[..] == digest[..])
                },
                "no secret with that digest is found",
            ),
            Of::Sha1 { path, digest } => self.those(
                |finding| {
                    at(finding, path)
                        && secret(finding).is_some_and(|bytes| {
                            let same = |bytes: &[u8]| Sha1::digest(bytes)[..] == digest[..];
                            same(bytes) || label(bytes).is_some_and(same)
                        })
                },
                "no secret with that digest is found in that file",
            ),
            Of::Files { pattern, checksum } => self.in_files(pattern, checksum.as_deref()),
            Of::Text(regex) => {
                let lines: Vec<Option<Vec<u8>>> = self
                    .open
                    .clone()
                    .iter()
                    .map(|finding| self.line_of(finding))
                    .collect();
                let found: BTreeSet<Entry> = self
                    .open
                    .iter()
                    .zip(&lines)
                    .filter(|(_, line)| line.as_ref().is_some_and(|line| regex.is_match(line)))
                    .filter_map(|(finding, _)| Entry::of(finding))
                    .collect();
                if found.is_empty() {
                    let why = "nothing that is found stands on a line that it matches";
                    Held::Nothing(why.to_owned())
                } else {
                    Held::Open(found)
                }
            }
        }
    }

    fn those(&self, is_it: impl Fn(&Finding) -> bool, none: &str) -> Held {
        let found: BTreeSet<Entry> = self
            .open
            .iter()
            .filter(|finding| is_it(finding))
            .filter_map(Entry::of)
            .collect();
        if !found.is_empty() {
            Held::Open(found)
        } else if self.allowed.iter().any(is_it) {
            Held::Allowed
        } else {
            Held::Nothing(none.to_owned())
        }
    }

    /// What one commit brought in; none where it is not here.
    fn of_commit(&mut self, commit: &str) -> Option<&Vec<Finding>> {
        if !self.commits.contains_key(commit) {
            let hex = (7..=64).contains(&commit.len())
                && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
            let revs = vec![format!("{commit}^!")];
            let repo = self.place.repo.as_ref();
            let there = hex
                && repo.is_some_and(|repo| {
                    rev_list_args(repo, &revs).is_ok_and(|walked| !walked.is_empty())
                });
            let found = there.then(|| {
                let range = Source::Range {
                    revs,
                    refname: None,
                };
                self.place.judge(self.looking, &[range]).findings
            });
            self.commits.insert(commit.to_owned(), found);
        }
        self.commits.get(commit)?.as_ref()
    }

    /// Everything in the files of a pattern, where the checksum is still right.
    fn in_files(&self, pattern: &str, checksum: Option<&str>) -> Held {
        let Some(matches) = matcher(pattern) else {
            return Held::Nothing("is no pattern of paths".to_owned());
        };
        if let Some(checksum) = checksum {
            match self.checksum(&matches) {
                Some(now) if now == checksum.to_ascii_lowercase() => {}
                Some(_) => {
                    let why = "its files have changed since that checksum was taken";
                    return Held::Nothing(why.to_owned());
                }
                None => return Held::Nothing("there is no such file in the index".to_owned()),
            }
        }
        self.those(
            |finding| finding.place.path.as_ref().is_some_and(&matches),
            "nothing is found in it",
        )
    }

    /// Talisman's checksum over all files of the index that match, as they are in the worktree:
    /// for each, the SHA-256 of what came before, of its content and of its path, in hexadecimal.
    fn checksum(&self, matches: &dyn Fn(&RepoPath) -> bool) -> Option<String> {
        let (repo, top) = (self.place.repo.as_ref()?, self.place.top.as_ref()?);
        let listed = repo
            .git(["ls-files", "-z", "--full-name", ":/"])
            .output()
            .ok()?;
        let mut chain: Option<String> = None;
        for path in listed
            .split(|byte| *byte == 0)
            .filter(|path| !path.is_empty())
        {
            let path = RepoPath::new(path);
            if matches(&path) {
                let content = std::fs::read(top.join(path.to_os_path())).ok()?;
                let before = hex(chain.unwrap_or_default().as_bytes());
                chain = Some(format!("{before}{}{}", hex(&content), hex(path.as_bytes())));
            }
        }
        chain.map(|chain| hex(chain.as_bytes()))
    }

    /// `FILE:LINE:TEXT` of a finding in a file.
    fn line_of(&mut self, finding: &Finding) -> Option<Vec<u8>> {
        let (path, range) = (finding.place.path.as_ref()?, finding.place.text?);
        let (blob, repo) = (finding.place.blob?, self.place.repo.as_ref()?);
        if let std::collections::hash_map::Entry::Vacant(empty) = self.blobs.entry(blob) {
            empty.insert(repo.read_as(ObjectKind::Blob, blob).ok()?);
        }
        let bytes = self.blobs.get(&blob)?;
        let line = bytes.split(|byte| *byte == b'\n').nth(range.line - 1)?;
        Some(
            [
                path.as_bytes(),
                format!(":{}:", range.line).as_bytes(),
                line,
            ]
            .concat(),
        )
    }
}

/// The one finding on a line, or that of the rule that is named.
fn on_line<'a>(
    findings: impl Iterator<Item = &'a Finding>,
    path: &str,
    rule: &str,
    line: usize,
) -> Held {
    let mut found: BTreeSet<Entry> = findings
        .filter(|finding| at(finding, path))
        .filter(|finding| {
            let range = finding.place.text;
            range.is_some_and(|range| (range.line..=range.end_line).contains(&line))
        })
        .filter_map(Entry::of)
        .collect();
    if found.len() > 1 {
        found.retain(|entry| entry.check.ends_with(&format!("/{rule}")));
        if found.is_empty() {
            let why = "several secrets are found on that line, and the rule does not tell which";
            return Held::Nothing(why.to_owned());
        }
    }
    if found.is_empty() {
        return Held::Nothing("nothing is found on that line".to_owned());
    }
    Held::Open(found)
}

fn at(finding: &Finding, path: &str) -> bool {
    finding
        .place
        .path
        .as_ref()
        .is_some_and(|known| known.as_bytes() == path.as_bytes())
}

fn secret(finding: &Finding) -> Option<&[u8]> {
    finding.secret.as_ref().map(|found| found.secret.expose())
}

/// What stands between the dashes of the first line of a private key, which is all of it that
/// detect-secrets takes for the secret.
fn label(secret: &[u8]) -> Option<&[u8]> {
    let line = secret.split(|byte| *byte == b'\n').next()?.trim_ascii();
    line.strip_prefix(b"-----")?.strip_suffix(b"-----")
}

fn matcher(pattern: &str) -> Option<impl Fn(&RepoPath) -> bool> {
    let glob = match pattern.strip_suffix('/') {
        Some(folder) => format!("/{folder}/**"),
        None => pattern.to_owned(),
    };
    let pattern: PathPattern = glob.parse().ok()?;
    let patterns = PathPatterns::new([pattern]).ok()?;
    Some(move |path: &RepoPath| patterns.matches(path))
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
