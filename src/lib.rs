//! portcullis: the gate that drops in front of what must not come in.
//!
//! Git calls one program as a hook, on a developer's machine and where a push arrives; by hand the
//! same program looks through a whole history. It keeps secrets and env files out, and holds who may
//! move which ref.
//!
//! # One idea
//! *An event differs from another event only in which changes it can show. A check differs from
//! another check only in which changes it looks at. The two meet in one loop.*
//!
//! So a hook is a parser: Git's arguments, standard input and environment become a
//! [`change::Source`]. A check is a function of a [`change::Change`] that gives back findings. No
//! hook knows a policy, no check knows a hook, and the same check runs at every entry.
//!
//! The second idea is [`change::Fresh`]: a content is the whole post-image *and* the ranges of it
//! that are new. Rules read the whole, so that what arrives in pieces is still joined; a match counts
//! where it touches something new, and also where only old lines make it but no earlier version holds
//! that secret. Staged changes, pushes and histories are the same thing then: a pack says by its
//! deltas what is new, a push by the lines that no parent has.
//!
//! A push has two sets of new commits. For what is in files a commit is new when no ref of the
//! repository reaches it: [`change::Change::Commit`]. For a policy that holds for some refs, when no
//! ref *of those* does: [`change::Change::Scoped`]; else whoever pushes to another ref first would
//! have gone around it.
//!
//! # The way of data
//! ```text
//!  Git calls us: arguments, standard input, environment        portcullis scan
//!        │ hook::table, one reader an event                          │ cli::scan
//!        ▼                                                           ▼
//!  change::Source: Staged | Pending | Draft | Proposed | Push | History | Range | Worktree | …
//!        │ change::visit
//!        ▼
//!  change::Change: Ref | BadRef | Commit | Scoped | Proposal | Message | File       or Unread
//!        │ policy::Policy::judge, the one loop
//!        ├── packs of policy checks ───────────────────────► Finding
//!        └── policy::secrets → scan::Scanner(content)
//!              keyword → regex → proof, model, placeholder → Match → Finding
//!        ▼
//!  where it came from (histories), marks, allowlist, baseline, level
//!        ▼
//!  policy::Verdict { findings, suppressed, unread, coverage } → Accepted | Rejected | Undecided
//!        ▼
//!  audit::Log::append(entries)                                   on a server that keeps a log
//!        ▼
//!  report::write(format, verdict)                                → exit status 0 | 1 | 3
//! ```
//!
//! # The rooms
//! A file may `use crate::X` only for an `X` to its left; a test holds that.
//!
//! `git → change → hook → scan → finding → policy → config → report → audit → cli`
//!
//! | room | its one job | what it may not do |
//! |---|---|---|
//! | [`git`] | reads a repository truthfully: objects, index, refs, walks, quarantine | judge, print. It alone names `git2` or the index reader, runs `git`, `ssh-keygen` and `gpg`, reads `GIT_*` |
//! | [`change`] | lists what an event would bring in, no more and no less | know rules |
//! | [`hook`] | turns Git's calling convention for an event into a source; the table of events; install | hold policy |
//! | [`scan`] | finds secrets in bytes: rules, prefilter, proof, models, decoding | do I/O, know Git |
//! | [`finding`] | the one currency: check, level, confidence, place, fingerprint, secret | |
//! | [`policy`] | judges changes: the trait, the table of packs, suppression, verdict | print |
//! | [`config`] | where the policy comes from, and how far each origin is trusted | |
//! | [`report`] | says it: one file a format, everything redacted and escaped | decide |
//! | [`audit`] | keeps and reads the log of what was judged | judge, print |
//! | [`cli`] | parses, composes, exits | |
//!
//! Beside the rooms, `docs/` holds the pages that the README leads to.
//!
//! # Two readers
//! [`git::Repo`] answers in process through `git2` where it can: that is what makes a commit cheap.
//! A repository that the library cannot open (SHA-256, reftable, partial clone, an alternate with a
//! quoted path in a push) is read through the `git` program behind the same face, and nobody outside
//! the room can tell which one answered. Walks over commits and the list of all objects always come
//! from the program, which knows commit-graphs, shallow boundaries and hidden refs best. Nothing is
//! ever fetched.
//!
//! # Invariants
//! 1. A hook knows no policy; a check knows no hook.
//! 2. Only `git` names `git2` or reads `GIT_*`.
//! 3. The zero object id does not exist beyond the parser: [`git::Oid`] is never zero.
//! 4. What cannot be read is not accepted: it becomes [`change::Unread`], and unread is undecided.
//! 5. The pushed tree never configures its own judge.
//! 6. A secret is never printed, logged or stored in clear, unless `--show-secrets` asks for it:
//!    [`scan::Secret`] has no `Display`, and [`report`] redacts every string once more.
//! 7. `scan` does no I/O; `report` takes no decisions; only `cli` exits.
//! 8. Ref names, paths and messages are bytes; what is shown of them went through [`git::escape`].
//! 9. The worktree, the index and the object database are never written by a check.
//! 10. No network: those whom `audit.notify` names are told by `curl`, after the push.
//!
//! # What is one change
//! | to add | edit | held by |
//! |---|---|---|
//! | a rule | one `[[rule]]` in `rules.toml`; its examples and counterexamples are its tests | `scan::tests` |
//! | a pack | one file in `src/policy/`, one row in [`policy::CHECKS`] | `tests/tidy.rs` |
//! | a check of a pack | where it is raised, by its row in [`policy::QUESTIONS`], which explains it | `tests/tidy.rs` |
//! | an event | one file in `src/hook/`, one row in [`hook::HOOKS`], one shim in `hooks/` | `hook::table` |
//! | a report format | one file in `src/report/`, one row in [`report::FORMATS`] | `report` |
//! | a configuration key | its field in [`policy::settings`], its row in [`config::KEYS`] | `config` |

// In the order of the layers.
pub mod git;

pub mod change;

pub mod hook;

pub mod scan;

pub mod finding;

pub mod policy;

pub mod config;

pub mod report;

pub mod audit;

pub mod cli;
