//! `portcullis confirm` and `portcullis bypass`: tokens, signed as the user's Git signs.

use super::Exit;
use super::args::{Act, Bypass, Confirm, Signing};
use super::catalogue::named;
use super::check::{commit, full_name};
use super::output::{complain, print, remark};
use crate::finding::Fingerprint;
use crate::git::{Namespace, Oid, RefName, Repo, escape, shell_word, sign};
use crate::hook::memory::is_identity;
use crate::policy::tokens::{Allowed, LONGEST, Token};
use crate::policy::{QUESTIONS, may_be_bypassed, question};
use time::OffsetDateTime;

/// Where a clone remembers whom its tokens are for.
const SERVER_ID: &str = "portcullis.serverId";

pub(super) fn confirm(args: &Confirm) -> Exit {
    make(&args.signing, &|repo| {
        let object = |text: &str| here(repo, text);
        let old = object(&args.at)?;
        let name = full_name(repo, &args.refname)?;
        let allowed = match (args.act, args.to.as_deref()) {
            (Act::Delete, None) => Allowed::Delete { old },
            (Act::Delete, Some(_)) => {
                return Err("what is deleted moves to nowhere: no --to".into());
            }
            (Act::Force, Some(to)) => Allowed::Force {
                old,
                new: object(to)?,
            },
            (Act::Force, None) => {
                return Err("say what is to stand there afterwards: --to OID".to_owned());
            }
        };
        Ok((name, allowed))
    })
}

pub(super) fn bypass(args: &Bypass) -> Exit {
    make(&args.signing, &|repo| {
        if args.signing.reason.is_none() {
            return Err("say why it may pass: --reason TEXT".to_owned());
        }
        if let Some(why) = args.check.as_deref().and_then(no_check) {
            return Err(why);
        }
        let new = args.to.as_deref().map(|to| here(repo, to)).transpose()?;
        let name = full_name(repo, &args.refname)?;
        let allowed = match (&args.check, new) {
            (Some(check), Some(new)) => Allowed::Check {
                check: check.clone(),
                new,
            },
            (Some(_), None) => {
                return Err("what a check finds may be anything: say in what, --to OID".to_owned());
            }
            (None, new) => Allowed::Findings {
                findings: fingerprints(&args.finding)?,
                new,
            },
        };
        Ok((name, allowed))
    })
}

fn fingerprints(list: &[String]) -> Result<Vec<Fingerprint>, String> {
    let one = |text: &String| {
        Fingerprint::parse(text.as_bytes())
            .ok_or_else(|| format!("{text} is no fingerprint: copy its 32 digits from the refusal"))
    };
    list.iter().map(one).collect()
}

/// An object by its id, or by any name it has in this clone.
fn here(repo: &Repo, text: &str) -> Result<Oid, String> {
    commit(repo, text)?.ok_or_else(|| "zeros are no object".to_owned())
}

/// What is allowed on which ref, or why the command line says nothing of the kind.
type What = Result<(RefName, Allowed), String>;

fn make(args: &Signing, what: &dyn Fn(&Repo) -> What) -> Exit {
    let repo = match args.repo.as_deref() {
        Some(dir) => Repo::at(dir),
        None => Repo::from_env(),
    };
    let repo = match repo {
        Ok(repo) => repo,
        Err(error) => return complain(Exit::Usage, &error),
    };
    let token = what(&repo).and_then(|what| token(args, &repo, what));
    let token = match token {
        Ok(token) => token,
        Err(why) => return complain(Exit::Usage, &why),
    };
    if let Allowed::Check { check, .. } = &token.allowed {
        remark(doubt(check).as_slice());
    }
    // Before the key is asked for: what is signed is what was read.
    remark(&summary(&repo, &token));
    let signature = match sign(&repo, &token.payload(), Namespace::Portcullis) {
        Ok(signature) => signature,
        Err(error) => return complain(Exit::Usage, &error),
    };
    let word = token.word(&signature);
    if args.quiet {
        return print(format!("{word}\n").as_bytes());
    }
    let runs = match token.allowed {
        Allowed::Delete { .. } | Allowed::Force { .. } => "",
        // The token says nothing of how the ref moves, and may be one of several.
        Allowed::Findings { .. } | Allowed::Check { .. } => {
            " this, with what else the push needs (-o and another token, --force-with-lease where it \
             rewrites)"
        }
    };
    remark(&[format!("it counts once; whoever pushes runs{runs}:")]);
    print(format!("{}\n", command(&token, &word)).as_bytes())
}

fn token(args: &Signing, repo: &Repo, what: (RefName, Allowed)) -> Result<Token, String> {
    let (refname, allowed) = what;
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce).map_err(|error| error.to_string())?;
    let repository = signed_for(repo, args.server_id.as_deref())?.ok_or_else(|| {
        format!(
            "say for which repository: --server-id ID, or for good: git config {SERVER_ID} ID; the \
             server's refusal has it, and `portcullis status` there"
        )
    })?;
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let token = Token {
        repository,
        refname,
        allowed,
        pusher: args.pusher.as_ref().map(|name| name.as_bytes().to_vec()),
        expires: now + ttl(&args.ttl)?,
        nonce,
        reason: args.reason.clone(),
    };
    token.check().map_err(|error| error.to_string())?;
    Ok(token)
}

/// The repository that something is signed for: the one given, else the one that the clone remembers.
pub(super) fn server_id(repo: &Repo, given: Option<&str>) -> Result<Option<String>, String> {
    if let Some(id) = given {
        return Ok(Some(id.to_owned()));
    }
    let asked = repo.git(["config", "--get", SERVER_ID]).optional();
    let asked = asked.map_err(|error| error.to_string())?;
    let id = asked.map(|id| String::from_utf8_lossy(id.trim_ascii_end()).into_owned());
    Ok(id.filter(|id| !id.is_empty()))
}

/// The same, where it is one that a repository may have; else nothing signed for it would ever count.
pub(super) fn signed_for(repo: &Repo, given: Option<&str>) -> Result<Option<String>, String> {
    let id = server_id(repo, given)?;
    match id.as_deref().filter(|id| !is_identity(id)) {
        None => Ok(id),
        Some(id) => Err(format!(
            "{} is the id of no repository: it is NAME-DIGITS, 32 of them, as the server's refusal \
             and `portcullis status` there say it",
            escape(id.as_bytes())
        )),
    }
}

/// Why a token for all findings of a check would never count, if that can be known here.
fn no_check(check: &str) -> Option<String> {
    let shown = escape(check.as_bytes());
    match question(check) {
        Some(question) if may_be_bypassed(&question.id) => None,
        Some(_) => Some(format!(
            "no token lets {shown} pass: `portcullis explain {shown}` says what does"
        )),
        // The server may have rules of its own, which are of this pack.
        None if check
            .strip_prefix("secrets/")
            .is_some_and(|rule| !rule.is_empty()) =>
        {
            None
        }
        None => {
            let edits = |id: &String| strsim::damerau_levenshtein(id, check);
            let ids = QUESTIONS.iter().map(|question| question.id.to_string());
            let near = ids.min_by_key(edits).unwrap_or_default();
            Some(format!(
                "there is no check {shown}; the nearest is {near}, and a rule is secrets/RULE"
            ))
        }
    }
}

/// A doubt about a check that may be a rule of the server alone.
fn doubt(check: &str) -> Option<String> {
    let known = question(check).is_some() || matches!(named(check, None), Ok(Some(_)) | Err(_));
    (!known).then(|| {
        format!(
            "no rule here is called {}: the token counts for nothing unless the server has a rule \
             of its own of that name (`portcullis rules list` lists those here)",
            escape(check.as_bytes())
        )
    })
}

/// Seconds, of `30m`, `1h`, `2d`; at most seven days.
fn ttl(text: &str) -> Result<i64, String> {
    let seconds = || {
        let unit = text.find(|c: char| !c.is_ascii_digit())?;
        let number: i64 = text[..unit].parse().ok()?;
        let times = match &text[unit..] {
            "m" => 60,
            "h" => 3_600,
            "d" => 86_400,
            _ => return None,
        };
        number.checked_mul(times)
    };
    match seconds() {
        Some(seconds) if (1..=LONGEST.whole_seconds()).contains(&seconds) => Ok(seconds),
        Some(_) | None => Err(format!(
            "--ttl {text} is not a time such as 30m, 1h or 2d, at most 7d"
        )),
    }
}

/// What is about to be signed, for whoever signs it.
fn summary(repo: &Repo, token: &Token) -> Vec<String> {
    let mut lines = vec![
        format!("you allow, once: {}", token.what()),
        format!("in the repository {}", escape(token.repository.as_bytes())),
        format!(
            "until {}, for {}",
            token.until(),
            match &token.pusher {
                Some(name) => format!("a push by {}", escape(name)),
                None => "whoever may push it".to_owned(),
            }
        ),
    ];
    if let Some(reason) = &token.reason {
        lines.push(format!("because: {}", escape(reason.as_bytes())));
    }
    let (old, new) = match token.allowed {
        Allowed::Delete { old } => (Some(old), None),
        Allowed::Force { old, new } => (Some(old), Some(new)),
        Allowed::Findings { new, .. } => (None, new),
        Allowed::Check { new, .. } => (None, Some(new)),
    };
    for (when, oid) in [("now", old), ("then", new)] {
        if let Some(oid) = oid {
            lines.push(format!("{when}: {}", told(repo, oid)));
        }
    }
    lines
}

/// What this clone knows of an object.
fn told(repo: &Repo, oid: Oid) -> String {
    let id = oid.to_string();
    let ask = |args: &[&str]| {
        let said = repo.git(args).output().ok()?;
        let lines = said.split(|byte| *byte == b'\n').map(escape);
        let lines: Vec<String> = lines.filter(|line| !line.is_empty()).collect();
        Some(lines.join(", "))
    };
    let subject = ask(&[
        "log",
        "-1",
        "--no-show-signature",
        "--format=%an, %ad: %s",
        &id,
        "--",
    ]);
    let Some(subject) = subject else {
        return format!("{id}, which this clone does not have; fetch to see what it is");
    };
    match ask(&["for-each-ref", "--points-at", &id, "--format=%(refname)"]) {
        Some(refs) if !refs.is_empty() => format!("{id} ({refs}) {subject}"),
        Some(_) | None => format!("{id} {subject}"),
    }
}

/// The command of the one who pushes.
fn command(token: &Token, word: &str) -> String {
    let name = shell_word(token.refname.as_bytes());
    match &token.allowed {
        Allowed::Delete { .. } => {
            format!("git push -o portcullis.confirm={word} --delete origin {name}")
        }
        Allowed::Force { old, new } => format!(
            "git push -o portcullis.confirm={word} --force-with-lease={name}:{old} origin {new}:{name}"
        ),
        Allowed::Findings { new, .. } => bypassing(word, *new, &name),
        Allowed::Check { new, .. } => bypassing(word, Some(*new), &name),
    }
}

fn bypassing(word: &str, new: Option<Oid>, name: &str) -> String {
    let from = new.map_or_else(|| "HEAD".to_owned(), |new| new.to_string());
    format!("git push -o portcullis.bypass={word} origin {from}:{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_unit_and_an_end() {
        for (text, seconds) in [("1m", 60), ("1h", 3_600), ("7d", 604_800)] {
            assert_eq!(ttl(text), Ok(seconds));
        }
        for bad in [
            "",
            "1",
            "h",
            "0h",
            "-1h",
            "8d",
            "1w",
            "1.5h",
            "99999999999999999999m",
        ] {
            assert!(ttl(bad).is_err(), "{bad}");
        }
    }
}
