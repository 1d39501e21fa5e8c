//! `portcullis baseline`: what is there already is accepted once, in a file that everyone can read.

use super::Exit;
use super::args::{Accept, Baseline as Args, BaselineCommand};
use super::output::{complain, print};
use super::scan::{Looking, Place, Refusal, usage};
use crate::change::Source;
use crate::config::BaselineAt;
use crate::git::{Escaped, counted};
use crate::policy::baseline::Entry;
use crate::policy::{Baseline, Verdict};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

pub(super) fn run(args: &Args) -> Exit {
    let done = match &args.command {
        BaselineCommand::Create(args) => create(args),
        BaselineCommand::Update(args) => update(args),
        BaselineCommand::Show(args) => show(args),
        BaselineCommand::Import(args) => super::import::run(args),
    };
    match done {
        Ok(exit) => exit,
        Err(Refusal(exit, why)) => complain(exit, &why),
    }
}

/// What a look found, apart from what there is in the baseline.
struct Found {
    /// Everything that is found, suppressed or not.
    all: BTreeSet<Entry>,
    /// What nothing but a baseline suppresses.
    open: BTreeSet<Entry>,
    /// Whether all of it was looked at, so that what was not found is not there.
    whole: bool,
    /// Whether something could not be read; it was said.
    undecided: bool,
}

impl Found {
    fn at(looking: &Looking<'_>, place: &Place, target: Option<&Path>) -> Self {
        let verdict = everything(looking, place);
        let suppressed = verdict.suppressed.iter().map(|entry| &entry.finding);
        let all = verdict.findings.iter().chain(suppressed);
        let whole = match place.source {
            Source::History => true,
            Source::Files(_) => place.repo.is_none() && target.is_none_or(Path::is_dir),
            Source::Staged { .. }
            | Source::Pending { .. }
            | Source::Draft(_)
            | Source::Landed(_)
            | Source::Push { .. }
            | Source::Range { .. }
            | Source::Worktree
            | Source::Proposed(_)
            | Source::Text(_) => false,
        };
        Self {
            all: all.filter_map(Entry::of).collect(),
            open: verdict.findings.iter().filter_map(Entry::of).collect(),
            whole: whole && verdict.unread.is_empty(),
            undecided: tell_unread(&verdict),
        }
    }

    fn exit(&self) -> Exit {
        match self.undecided {
            true => Exit::Undecided,
            false => Exit::Clean,
        }
    }
}

/// Looks at what the options say; a history has one path for each blob, so the index is asked for
/// the others.
pub(super) fn everything(looking: &Looking<'_>, place: &Place) -> Verdict {
    let mut verdict = place.judge(looking, std::slice::from_ref(&place.source));
    let has_index = place
        .repo
        .as_ref()
        .is_some_and(|repo| repo.work_tree().is_some());
    if matches!(place.source, Source::History) && has_index {
        let parents = Vec::new();
        verdict.add(place.judge(looking, &[Source::Staged { parents }]));
    }
    verdict
}

/// Says what could not be read; whether there was anything.
pub(super) fn tell_unread(verdict: &Verdict) -> bool {
    for unread in &verdict.unread {
        complain(
            Exit::Undecided,
            &format!("undecided: {}: {}", unread.what, unread.why),
        );
    }
    !verdict.unread.is_empty()
}

/// Where it is looked. A name that is none is a slip, and would be an empty baseline.
fn at(looking: &Looking<'_>, args: &Accept) -> Result<Place, Refusal> {
    match &args.target {
        Some(target) if target.symlink_metadata().is_err() => {
            let shown = Escaped(target.as_os_str().as_encoded_bytes());
            Err(usage(format_args!("{shown} is not there")))
        }
        target => looking.at(target.as_deref()),
    }
}

fn create(args: &Accept) -> Result<Exit, Refusal> {
    let looking = Looking::new(&args.look, &args.source);
    let place = at(&looking, args)?;
    let file = file(args.look.baseline.as_deref(), &place)?;
    if file.symlink_metadata().is_ok() {
        return Err(usage(format_args!(
            "{} is there already; `portcullis baseline update` brings it up to date",
            file.display()
        )));
    }
    let found = Found::at(&looking, &place, args.target.as_deref());
    let baseline = Baseline {
        entries: found.open.clone(),
    };
    write(&file, &baseline)?;
    drop(looking);
    say(&format!(
        "{}: {} accepted{}\n",
        Escaped(file.as_os_str().as_encoded_bytes()),
        findings(baseline.entries.len()),
        match baseline.entries.len() {
            0 => "",
            _ => "; commit the file, and revoke what of it still opens anything",
        }
    ));
    Ok(found.exit())
}

fn update(args: &Accept) -> Result<Exit, Refusal> {
    let looking = Looking::new(&args.look, &args.source);
    let place = at(&looking, args)?;
    let file = file(args.look.baseline.as_deref(), &place)?;
    let before = read(&file, &place)?;
    let found = Found::at(&looking, &place, args.target.as_deref());
    drop(looking);
    let kept = |entry: &&Entry| !found.whole || found.all.contains(*entry);
    let after = Baseline {
        entries: before
            .entries
            .iter()
            .filter(kept)
            .chain(&found.open)
            .cloned()
            .collect(),
    };
    let added = after.entries.difference(&before.entries).count();
    let dropped = before.entries.difference(&after.entries).count();
    write(&file, &after)?;
    let mut text = format!(
        "{}: {} accepted: {added} new, {dropped} no longer found and dropped\n",
        Escaped(file.as_os_str().as_encoded_bytes()),
        findings(after.entries.len()),
    );
    if !found.whole {
        text.push_str("nothing is dropped unless all of the repository was looked at\n");
    }
    say(&text);
    Ok(found.exit())
}

fn show(args: &Accept) -> Result<Exit, Refusal> {
    let looking = Looking::new(&args.look, &args.source);
    let place = at(&looking, args)?;
    let file = file(args.look.baseline.as_deref(), &place)?;
    let baseline = read(&file, &place)?;
    let found = Found::at(&looking, &place, args.target.as_deref());
    drop(looking);
    let mut text = String::new();
    let mut unused = 0;
    for entry in &baseline.entries {
        let state = match (found.all.contains(entry), found.whole) {
            (true, _) => "found",
            (false, true) => {
                unused += 1;
                "unused"
            }
            (false, false) => "not seen",
        };
        let path = entry
            .path
            .as_ref()
            .map_or_else(|| "-".to_owned(), ToString::to_string);
        let _ = writeln!(
            text,
            "{state:8}  {}  {}  {path}",
            entry.fingerprint.as_str(),
            entry.check
        );
    }
    let _ = writeln!(
        text,
        "{} accepted, {unused} unused",
        findings(baseline.entries.len())
    );
    if unused > 0 {
        text.push_str(
            "what is unused would hide the same secret when it comes back; \
             `portcullis baseline update` drops it\n",
        );
    }
    say(&text);
    Ok(found.exit())
}

/// `no finding`, `1 finding`, `2 findings`.
pub(super) fn findings(count: usize) -> String {
    match count {
        0 => "no finding".to_owned(),
        _ => counted(count, "finding", "findings"),
    }
}

/// The file that is written: the one named, else the one at the top.
pub(super) fn file(named: Option<&Path>, place: &Place) -> Result<PathBuf, Refusal> {
    match (named, &place.top) {
        (Some(named), _) => Ok(named.to_owned()),
        (None, Some(top)) => Ok(top.join(Baseline::FILE)),
        (None, None) => Err(usage(
            "there is no worktree here to keep a baseline in; name a file with --baseline FILE",
        )),
    }
}

fn read(file: &Path, place: &Place) -> Result<Baseline, Refusal> {
    if file.symlink_metadata().is_err() {
        return Err(usage(format_args!(
            "{} is not there; `portcullis baseline create` makes it",
            file.display()
        )));
    }
    existing(file, place)
}

/// What is in a file, if it is there.
pub(super) fn existing(file: &Path, place: &Place) -> Result<Baseline, Refusal> {
    use crate::config::BaselineError;
    BaselineAt::Worktree(file.to_owned())
        .read(place.repo.as_ref())
        .map_err(|error| match error {
            BaselineError::Wrong(error) | BaselineError::Distrusted(error) => usage(error),
            BaselineError::Unread(unread) => Refusal(
                Exit::Undecided,
                format!("undecided: {}: {}", unread.what, unread.why),
            ),
        })
}

/// The file is the old one or the whole new one.
pub(super) fn write(file: &Path, baseline: &Baseline) -> Result<(), Refusal> {
    let cannot = |error: std::io::Error| {
        Refusal(
            Exit::Undecided,
            format!("{} cannot be written: {error}", file.display()),
        )
    };
    let folder = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let mut builder = tempfile::Builder::new();
    // As any file that is committed, not as the private one that a temporary file is.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut new = builder
        .tempfile_in(folder.unwrap_or(Path::new(".")))
        .map_err(cannot)?;
    new.write_all(baseline.text().as_bytes()).map_err(cannot)?;
    new.persist(file)
        .map(drop)
        .map_err(|error| cannot(error.error))
}

pub(super) fn say(text: &str) {
    print(text.as_bytes());
}
