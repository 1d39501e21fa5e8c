//! `[commits]`: trailers, the width of the body, and members only.

use crate::protect::WHO;
use crate::world::{Repo, World, ids};

/// A server with this policy, a clone in alice's hands, and main at a commit that came before it.
fn guarded(world: &World, policy: &str) -> (Repo, Repo) {
    let server = world.bare("origin.git");
    let clone = world.clone_of(&server, "clone");
    clone.commit("readme.md", "nothing to see\n");
    clone.push("main").accepted();
    let server = server.hook("pre-receive");
    (
        server.policy(&format!("{WHO}{policy}")),
        clone.acting_as("alice"),
    )
}

#[test]
fn a_trailer_that_is_asked_for_stands_where_git_reads_it() {
    let world = World::new();
    let (server, clone) = guarded(&world, "[commits]\ntrailers = [\"Ticket\", \"Risk\"]\n");
    for (message, missing) in [
        ("change it", "Ticket and Risk"),
        ("Ticket: 1\nRisk: low", "Ticket and Risk"),
        (
            "change it\n\nTicket: 1\nRisk: low\n\nand more",
            "Ticket and Risk",
        ),
        ("change it\n\nTicket: 1", "Risk"),
        ("change it\n\nTicket: 1\nRisk:", "Risk"),
    ] {
        let bad = clone.commit_staged(message);
        let said = clone.push("main").rejected().by(ids::TRAILERS);
        said.tells(&format!("no trailer {missing}"));
        server.lacks_object(&bad);
        clone.git("reset -q --hard HEAD~1").ok();
    }
    clone.commit_staged("change it\n\nbody\n\nticket: 1\nRisk: low");
    clone.push("main").accepted();
    // The client shows a command that would pass, and it does.
    clone.config("[commits]\ntrailers = [\"Ticket\"]\nsign_off = true\n");
    clone.install();
    let said = clone.git_with(&["commit", "-q", "--allow-empty", "-m", "more"]);
    let command = "git commit -s -m 'more' --trailer 'Ticket: VALUE'";
    said.rejected().by(ids::TRAILERS).says(command);
    clone
        .shell(&format!("{command} --allow-empty -q"))
        .accepted();
}

#[test]
fn lines_of_the_body_have_a_width_and_the_subject_has_its_own() {
    let world = World::new();
    // Neither a capital letter nor a point at the end of a subject: that a pattern can say.
    let policy = "[commits]\nbody_max = 20\nforbid = ['\\A[A-Z]', '\\A[^\\n]*\\.\\n']\n";
    let (_server, clone) = guarded(&world, policy);
    clone.commit_staged("a subject that is longer than that\n\nhttps://example.com/a/long/address\n\nRefs: is a trailer, however long");
    clone.push("main").accepted();
    clone.commit_staged("a subject\n\nshort\nthis line is far too long");
    let said = clone.push("main").rejected().by(ids::BODY_WIDTH);
    said.tells("line 4 has 25 characters");
    for subject in ["Add it", "add it."] {
        clone
            .git_with(&["commit", "-q", "--amend", "--allow-empty", "-m", subject])
            .ok();
        clone.push("main").rejected().by(ids::FORBID);
    }
}

#[test]
fn only_members_of_a_list_in_a_file_commit_and_only_they_push() {
    let world = World::new();
    let rules = "[commits]\nmembers = [\"@team\"]\n[[protect]]\nrefs = [\"refs/heads/**\"]\n\
                 push = [\"@team\"]\n";
    let (server, clone) = guarded(&world, "");
    let team = "# the team\nalice\nrobin@example.com\n";
    server.write("team", team);
    let who = WHO.replace("[groups]", "[groups]\nteam = \"team\"");
    let server = server.policy(&format!("{who}{rules}"));
    let next = clone.commit("a.py", "a = 1\n");
    let said = clone.acting_as("bob").push("main").rejected();
    said.by(ids::REF_PUSH)
        .tells("@team (alice, robin@example.com)");
    clone.push("main").accepted();
    for (variable, who) in [
        (
            "GIT_AUTHOR_EMAIL",
            "the author is Robin <mallory@example.com>",
        ),
        (
            "GIT_COMMITTER_EMAIL",
            "the committer is Robin <mallory@example.com>",
        ),
    ] {
        let stranger = clone.with_env(variable, "mallory@example.com");
        let bad = stranger.commit_staged("by a stranger");
        let said = clone.push("main").rejected().by(ids::MEMBERS);
        said.tells(who);
        server.lacks_object(&bad);
        clone.git("reset -q --hard HEAD~1").ok();
    }
    // An address is one in any case of letters; nobody else's is, however it begins.
    let capitals = clone.with_env("GIT_AUTHOR_EMAIL", "Robin@Example.com");
    capitals.commit_staged("by a member");
    clone.push("main").accepted();
    let account = clone
        .with_env("GIT_AUTHOR_EMAIL", "alice@example.com")
        .with_env("GIT_COMMITTER_EMAIL", "alice@example.com");
    account.commit_staged("by an account that is listed without its address");
    let said = clone.push("main").rejected().by(ids::MEMBERS);
    said.tells("the author and committer is Robin <alice@example.com>")
        .tells("the list has the account alone");
    clone.git("reset -q --hard HEAD~1").ok();
    let like = clone.with_env("GIT_AUTHOR_EMAIL", "alice");
    like.commit_staged("an account is a member's name as well");
    clone.push("main").accepted();
    clone
        .with_env("GIT_AUTHOR_EMAIL", "alice@evil.example")
        .commit_staged("but no address");
    clone.push("main").rejected().by(ids::MEMBERS);
    clone.git("reset -q --hard HEAD~1").ok();
    // Whoever leaves is out with the next push, and a list that is gone lets nobody in.
    server.write("team", team.replace("alice\n", ""));
    clone.commit("b.py", "b = 1\n");
    clone.push("main").rejected().by(ids::REF_PUSH);
    std::fs::remove_file(server.dir.join("team")).unwrap();
    let said = clone.push("main").rejected().says("portcullis.toml:");
    said.tells("\"groups.team\"").tells("team: cannot be read");
    server.ref_is("refs/heads/main~2", &next);
}

#[test]
fn of_several_authors_none_is_believed() {
    let world = World::new();
    let policy = "[commits]\nauthor_emails = [\"*@example.com\"]\n";
    let (server, clone) = guarded(&world, policy);
    let (tree, base) = (clone.id("HEAD^{tree}"), clone.head());
    let (good, evil) = ("Robin <robin@example.com>", "Eve <eve@evil.example>");
    let time = "1700000000 +0000";
    for (one, other) in [(good, evil), (evil, good), (good, good)] {
        let raw = format!(
            "tree {tree}\nparent {base}\nauthor {one} {time}\nauthor {other} {time}\n\
             committer {good} {time}\n\nchange\n"
        );
        let forged = "hash-object -t commit -w --literally --stdin";
        let forged = clone.ask_fed(forged, raw.as_bytes());
        let said = clone.push(&format!("{forged}:refs/heads/main")).rejected();
        said.by(ids::AUTHOR_EMAIL).tells(&format!("{one}, {other}"));
        server
            .ref_is("refs/heads/main", &base)
            .lacks_object(&forged);
    }
}

#[test]
fn a_second_parent_that_brings_nothing_makes_no_merge() {
    let world = World::new();
    let policy = "[commits]\nconventional = true\nfixups = false\n[content]\n\
                  together = [[\"a.toml\", \"a.lock\"]]\n[[protect]]\nrefs = [\"refs/heads/main\"]\n";
    let (server, clone) = guarded(&world, policy);
    let base = clone.head();
    clone.commit_staged("feat: one");
    clone.commit_staged("feat: two");
    let (one, two) = (clone.id("HEAD~1"), clone.head());
    clone.commit("a.toml", "1\n");
    let tree = clone.id("HEAD^{tree}");
    let forged = |parents: &[&str], message: &str| {
        let parents: Vec<String> = parents.iter().map(|p| format!("parent {p}\n")).collect();
        let who = "Robin <robin@example.com> 1700000000 +0000";
        let raw = format!(
            "tree {tree}\n{}author {who}\ncommitter {who}\n\n{message}\n",
            parents.concat()
        );
        let forged = "hash-object -t commit -w --literally --stdin";
        clone.ask_fed(forged, raw.as_bytes())
    };
    // Twice the same, one that was there before, one that comes along, one after the other.
    for parents in [
        &[&two[..], &two][..],
        &[&two, &base],
        &[&two, &one],
        &[&two, &one, &base],
    ] {
        let commit = forged(parents, "Merge branch 'topic'");
        let said = clone.push(&format!("{commit}:refs/heads/main")).rejected();
        said.by(ids::CONVENTIONAL).by(ids::TOGETHER);
        server
            .ref_is("refs/heads/main", &base)
            .lacks_object(&commit);
    }
    // An empty line above the mark hides nothing either.
    let commit = forged(&[&base], "  \nfixup! feat: one");
    clone
        .push(&format!("{commit}:refs/heads/main"))
        .rejected()
        .by(ids::FIXUP);
    clone.git(&format!("reset -q --hard {one}")).ok();
    clone.commit_staged("feat: other");
    let other = clone.head();
    let commit = forged(&[&two, &other], "Merge branch 'topic'");
    clone.push(&format!("{commit}:refs/heads/main")).accepted();
}

#[test]
fn a_message_says_what_is_judged() {
    let world = World::new();
    let (server, clone) = guarded(&world, "[commits]\nforbid = [\"(?i)wip\"]\n");
    let (tree, base) = (clone.id("HEAD^{tree}"), clone.head());
    let push = |encodings: &[&str], message: &[u8]| {
        let who = "Robin <robin@example.com> 1700000000 +0000";
        let headers: Vec<String> = encodings
            .iter()
            .map(|e| format!("encoding {e}\n"))
            .collect();
        let mut raw = format!(
            "tree {tree}\nparent {base}\nauthor {who}\ncommitter {who}\n{}\n",
            headers.concat()
        )
        .into_bytes();
        raw.extend(message);
        let forged = [
            "hash-object",
            "-t",
            "commit",
            "-w",
            "--literally",
            "--stdin",
        ];
        let commit = clone.git_fed(&forged, &raw).ok().text().to_owned();
        clone.push(&format!("{commit}:refs/heads/main"))
    };
    // What Git shows of these bytes is "wip".
    let ebcdic = b"\xa6\x89\x97";
    for encodings in [
        &["IBM037"][..],
        &["cp500"],
        &["UTF-7"],
        &["utf-16"],
        &["UTF-8", "IBM037"],
    ] {
        push(encodings, ebcdic).rejected().by(ids::ENCODING);
    }
    push(&["ISO-8859-1"], b"wip: gr\xfcn")
        .rejected()
        .by(ids::FORBID);
    server.ref_is("refs/heads/main", &base);
    push(&["ISO-8859-1"], b"gr\xfcn").accepted();
    let plain = ["UTF-8", "Shift_JIS", "KOI8-R", "windows-1252", "EUC-JP"];
    for (index, encoding) in plain.iter().enumerate() {
        server
            .git(&format!("update-ref refs/heads/main {base}"))
            .ok();
        push(&[encoding], format!("change {index}").as_bytes()).accepted();
    }
}
