//! The table of questions: what each check refuses, why, how to put it right and which key asks for
//! it. A finding of these packs has its id from here, so that none is without an explanation.
//!
//! The checks of pack `secrets` are the rules of the catalogue, which explain themselves.

use crate::finding::CheckId;

/// One row of [`QUESTIONS`].
#[derive(Debug)]
pub struct Question {
    /// What its findings are called.
    pub id: CheckId,
    /// What is refused, one sentence.
    pub refuses: &'static str,
    /// Why one would want that, one sentence.
    pub why: &'static str,
    /// How to put it right, one sentence.
    pub fix: &'static str,
    /// The keys of the policy that ask for it; none where it is asked always.
    pub keys: &'static [&'static str],
}

/// The question of an id such as `refs/force`.
#[must_use]
pub fn question(id: &str) -> Option<&'static Question> {
    QUESTIONS
        .iter()
        .find(|question| question.id.to_string() == id)
}

impl Question {
    /// Whether it is about who may do something to a ref at all.
    #[must_use]
    pub fn is_who(id: CheckId) -> bool {
        [refs::PUSH, refs::CREATE, refs::DELETE, refs::FORCE].contains(&id)
    }
}

macro_rules! questions {
    ($($pack:literal $module:ident {
        $($constant:ident $name:literal [$($key:literal)*] $refuses:literal $why:literal $fix:literal)*
    })*) => {
        $(
            #[doc = concat!("The ids of pack `", $pack, "`.")]
            pub(in crate::policy) mod $module {
                use crate::finding::CheckId;
                $(pub(in crate::policy) const $constant: CheckId =
                    CheckId { pack: $pack, name: $name };)*
            }
        )*
        /// Every question that is asked, pack by pack.
        pub const QUESTIONS: &[Question] = &[
            $($(Question {
                id: $module::$constant,
                refuses: $refuses,
                why: $why,
                fix: $fix,
                keys: &[$($key),*],
            },)*)*
        ];
    };
}

questions! {
    "refs" refs {
        PUSH "push" ["protect.push"]
            "Someone moves a protected ref forward who is not in the list of those who may."
            "What a branch stands for decides what is built and shipped from it."
            "Push to a branch of your own, and have one of those who may merge it."
        CREATE "create" ["protect.create" "protect.push"]
            "Someone creates a protected ref who is not in the list of those who may."
            "A name that others trust, such as a release branch, is not anybody's to give."
            "Push under a name that no rule protects, or ask one of those who may."
        DELETE "delete" ["protect.delete" "protect.push"]
            "Someone deletes a protected ref who is not in the list of those who may."
            "What a ref alone stands for is lost with it."
            "Leave it, or ask one of those who may."
        FORCE "force" ["protect.force" "protect.push"]
            "Someone rewinds or replaces a protected ref, or moves a protected tag, who may not."
            "Commits that others have built on would be gone from it."
            "Take in what is there (git pull --rebase) and push without --force; undo a commit with git revert. A tag stays: make one under another name."
        NAMES "names" ["protect.names"]
            "A ref is created or moved whose full name does not match the expression."
            "Tools and people go by the names of branches and tags."
            "Push it under a name that matches: git push REMOTE HEAD:refs/heads/NAME."
        STALE "stale" ["protect"]
            "A push says that a protected ref stands elsewhere than it does."
            "What moves it forward from where it stands may rewind it from where the push says."
            "Fetch, and push again."
        LOOK_ALIKE "look-alike" ["protect"]
            "A protected ref is created whose name differs from that of another only by case or by how its letters are encoded."
            "On systems that take the two for one, people would get the one where they ask for the other."
            "Push it under another name, or delete the other first."
        ANNOTATED "annotated" ["protect.annotated"]
            "A tag has no object of its own."
            "Only an annotated tag says who made it, when and why."
            "Make it again with git tag -f -a NAME COMMIT, and push that."
        FREEZE "freeze" ["protect.freeze"]
            "A ref is changed while nothing may change, by someone who is not excepted."
            "During a release or a holiday nobody is there to clean up."
            "Wait until the window ends, or push to another branch."
        MERGE_ONLY "merge-only" ["protect.merge_only"]
            "A commit was made on the branch directly, or its old tip would leave the line of first parents."
            "What comes in by merges alone was on a branch first, where it could be looked at and tested."
            "Put the commits on a branch of their own (git switch -c TOPIC) and merge that with git merge --no-ff."
        MERGE_FROM "merge-from" ["protect.merge_from"]
            "A merge brings in what is on none of the branches that it may come from."
            "Changes then take the way through the stages that the project has agreed upon."
            "Push to one of those branches first, and merge from there."
        LINEAR "linear" ["protect.linear"]
            "A merge is among the commits that are new on the ref."
            "A straight line is easier to read and to bisect."
            "Put the commits in a line with git rebase, and push that."
        SIGNED "signed" ["protect.signed"]
            "A commit or tag has no signature that the server can verify and that is as strong as asked."
            "Name and address in a commit are what somebody typed; a signature shows whose it is."
            "Have Git sign (git config commit.gpgSign true), sign anew what is not signed, and push again."
        SIGNER "signer" ["protect.signed"]
            "A good signature is of someone else than the committer, the tagger or the pusher."
            "A signature that may be anybody's shows nothing about who made the commit."
            "Commit with an address that your key is listed with, and push what you signed last; or git push --signed."
        PUSH_CERT "push-cert" ["protect.push_cert"]
            "The push has no certificate of the pusher's for exactly these updates."
            "A certificate shows later who moved which ref, without trust in the server."
            "Push with git push --signed; the server needs receive.certNonceSeed."
        CONFIRM "confirm" ["protect.confirm" "protect.confirm_by"]
            "A deletion or a rewrite comes without the confirmation of a second person."
            "What cannot be undone is not left to one person and one slip."
            "Have one of those who may run portcullis confirm, and push with the token that it prints."
        BYPASS "bypass" ["server.bypass_by"]
            "A token of portcullis bypass was shown that does not count here (a warning)."
            "What a token is not made for, it does not let pass."
            "Make a new one for this push, by someone of server.bypass_by who does not push."
        PUSH_OPTION "push-option" []
            "A push option begins with portcullis. and cannot be understood."
            "A token that is silently ignored would leave its owner in the belief that it counted."
            "Copy the whole command that portcullis confirm or portcullis bypass prints."
        APPROVALS "approvals" ["protect.approvals" "protect.approvals_from" "protect.approvals_by" "protect.approvals_name_repository"]
            "Fewer people than asked have approved what is new, not counting its authors and who pushes."
            "Four eyes see more than two."
            "Have somebody who may look at it and run portcullis approve, and push that before it or with it."
        OWNERS "owners" ["protect.owners"]
            "A path is touched whose owners have not approved it, or the file that names them would not be valid."
            "Those who know a part best have the last word on it."
            "Have one of its owners run portcullis approve, and push that before it or with it."
        APPROVAL "approval" []
            "Something is pushed below refs/portcullis/approvals/ that is no approval of a known key."
            "What lies there counts as somebody's word."
            "Make it with portcullis approve, and push it as that says."
        RESERVED "reserved" []
            "A push changes what is below refs/portcullis/, which the server keeps for itself."
            "Approvals and backups are worth something only if nobody can move them."
            "Push it under another name."
        DEFAULT_BRANCH "default-branch" ["protect.delete"]
            "The default branch is deleted, and no rule says who may."
            "Every clone begins with it."
            "Leave it, or have a rule of [[protect]] say who may delete it."
        LAST_BRANCH "last-branch" ["protect.delete"]
            "The last branch is deleted, and no rule says who may."
            "Nothing would be left to clone."
            "Leave it, or have a rule of [[protect]] say who may delete it."
        LIMIT "limit" ["server.max_commits" "server.max_files" "server.max_bytes"]
            "One push brings in more than the server takes at once."
            "A huge push is more often a mistake than meant, and nobody else can push meanwhile."
            "Push in parts, older commits first: git push REMOTE COMMIT:BRANCH."
        DUPLICATE "duplicate" []
            "One push names the same ref twice."
            "Nobody could say which of the two was judged."
            "Push each ref once."
        NAME "name" []
            "A push asks for a name that no ref can have."
            "Git itself would refuse it, and the log should say that it was tried."
            "Push to a full name such as refs/heads/main."
    }
    "commits" commits {
        CONVENTIONAL "conventional" ["commits.conventional" "commits.types"]
            "The message is no Conventional Commit, or of a type that the repository does not have."
            "Change logs and versions are made from the types."
            "Write TYPE: DESCRIPTION or TYPE(SCOPE): DESCRIPTION."
        SUBJECT_LENGTH "subject-length" ["commits.subject_max"]
            "The first line of the message has more characters than allowed."
            "Lists of commits cut off what is longer."
            "Say it shorter, and the rest in the body."
        BODY_WIDTH "body-width" ["commits.body_max"]
            "A line below the subject has more characters than allowed."
            "Who reads it in a terminal sees it cut or wrapped anywhere."
            "Break the line; addresses and trailers may be longer."
        IMPERATIVE "imperative" ["commits.imperative"]
            "The first line of the message says what was done, not what to do."
            "Subjects in one form read like a list, as those that Git makes itself."
            "Begin it with a command: add, fix, remove."
        ENCODING "encoding" ["commits"]
            "The message is in an encoding in which even plain letters are other bytes."
            "Git shows another text than the one that stands there and was judged."
            "Write messages in UTF-8: git config --unset i18n.commitEncoding."
        BLANK_LINE "blank-line" ["commits"]
            "The second line of the message is not empty."
            "Git takes the first paragraph as the subject."
            "Leave a line empty between the subject and the body."
        SIGN_OFF "sign-off" ["commits.sign_off"]
            "The message has no Signed-off-by of its committer."
            "It says that the committer may contribute this (Developer Certificate of Origin)."
            "Commit with -s; git rebase --signoff does it for several."
        TRAILERS "trailers" ["commits.trailers"]
            "The message lacks a trailer that it must end with."
            "Tools read what stands in trailers, and nothing else of a message."
            "End the message with it: git commit --trailer 'KEY: VALUE'."
        REQUIRE "require" ["commits.require"]
            "The message lacks something that it must hold, such as the number of an issue."
            "Who reads the history later finds what it was about."
            "Add it, anywhere in the message."
        FORBID "forbid" ["commits.forbid"]
            "The message holds something that it must not."
            "Some words say that a commit is not ready."
            "Say it in other words."
        FIXUP "fixup" ["commits.fixups"]
            "A commit that waits to be squashed into another comes to a protected ref."
            "It was meant to be gone before anybody else sees it."
            "Squash it with git rebase -i --autosquash, and push that."
        AUTHOR_EMAIL "author-email" ["commits.author_emails"]
            "Author or committer have an address that is none of those asked for."
            "An address of another job or machine ends up in the history for ever."
            "Set user.email, and make the commit anew: git commit --amend --reset-author."
        MEMBERS "members" ["commits.members"]
            "Author or committer are none of the members."
            "What comes in is by people whom the project knows."
            "Commit with the address that the list has of you, or have an administrator add it."
        COMMITTER "committer" ["commits.committer_is_pusher"]
            "The committer is someone else than who pushes."
            "Who pushes answers for what they push."
            "Push what you committed yourself; git rebase makes you the committer of the rest."
        DATE "date" ["commits.dates"]
            "A date lies more than a day in the future, or before that of a parent."
            "Tools that order by date, git log among them, are led astray."
            "Set the clock, and make the commit anew: git commit --amend --date=now."
    }
    "content" content {
        PATH "path" ["content.deny_paths"]
            "A file comes in whose name says that it stays out."
            "Keys, dumps and builds have names that give them away."
            "Keep it elsewhere, and have Git ignore it."
        FILE_SIZE "file-size" ["content.max_file_size"]
            "A file is larger than allowed."
            "It is in every clone from then on, also after it was deleted."
            "Keep it elsewhere, or in Git LFS."
        PATH_LENGTH "path-length" ["content.max_path_length"]
            "A path has more bytes than allowed."
            "Not every system can check out a path that is longer."
            "Give the file, or a folder above it, a shorter name."
        TYPE "type" ["content.deny_types"]
            "A file is of a type that stays out, by its first bytes."
            "What was built is not source, and nobody can review it."
            "Build it from source, or keep it elsewhere."
        EXECUTABLE "executable" ["content.executables"]
            "A file has the executable bit that is none of those that may."
            "What can be run is run, by a script or by mistake."
            "Take the bit away (git update-index --chmod=-x PATH), or put the file where programs are."
        LFS "lfs" ["content.lfs"]
            "A file that Git LFS is to keep comes in itself, or as a pointer that is not well formed."
            "It is in every clone from then on, also after it was deleted."
            "Have Git LFS track it (git lfs track), and add it anew."
        NAME "name" ["content.names"]
            "A name cannot be had on some system, two names are one there, or a link leads out of the tree."
            "The repository could not be checked out there, or not whole."
            "Give it another name; link to a path inside the repository."
        SUBMODULE "submodule" ["content.submodules"]
            "A submodule comes from an address that is not allowed, or has none."
            "Whoever clones it runs what is there."
            "Take it from an address that is allowed, with git submodule add ADDRESS PATH."
        SOURCE "source" ["content.sources"]
            "A manifest or lock file takes packages from an address that is not allowed."
            "Whoever builds it runs what comes from there."
            "Take them from an address that is allowed, such as the registry of your own."
        TOGETHER "together" ["content.together"]
            "One of several files that belong together changes without the others."
            "A manifest and its lock file that disagree break the build."
            "Change them in one commit."
    }
    "env-files" env_files {
        ENV_FILE "env-file" ["env-files.deny" "env-files.allow"]
            "A file that holds an environment comes in, whatever is in it."
            "What is a harmless value today is a password tomorrow."
            "Have Git ignore it, and list its names without values in .env.example."
    }
}
