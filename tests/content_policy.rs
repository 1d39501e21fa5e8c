//! `[content]`: what files are asked to be, at every way in.

use crate::world::{Repo, World, ids};

const MAIN: &str = "refs/heads/main";

/// A server with this policy, main at a first commit, and a clone to push from.
fn guarded(world: &World, policy: &str) -> (Repo, Repo) {
    let server = world.bare("origin.git");
    let clone = world.clone_of(&server, "clone");
    clone.commit("readme.md", "nothing to see\n");
    clone.push("main").accepted();
    let policy = format!("[content]\n{policy}\n");
    (server.hook("pre-receive").policy(&policy), clone)
}

/// Pushes a tree that Git itself would not make, on top of what is there.
fn commit_tree(clone: &Repo, entries: &[(&str, &str, &str)]) -> String {
    let mut lines = String::new();
    for (mode, oid, name) in entries {
        let kind = match *mode {
            "160000" => "commit",
            "040000" => "tree",
            _ => "blob",
        };
        lines.push_str(&format!("{mode} {kind} {oid}\t{name}\0"));
    }
    let tree = clone.ask_fed("mktree -z --missing", lines.as_bytes());
    clone.ask(&format!("commit-tree -p HEAD -m tree {tree}"))
}

#[test]
fn a_file_that_is_too_large_stays_out_though_a_later_commit_removes_it() {
    let world = World::new();
    let (server, clone) = guarded(&world, "max_file_size = \"1KiB\"");
    clone.commit("fits.txt", world.secrets.noise(1024));
    clone.push("main").accepted();
    let large = clone.commit("large.txt", world.secrets.noise(1025));
    clone.commit_without("large.txt");
    clone
        .push("main")
        .rejected()
        .by(ids::FILE_SIZE)
        .at("large.txt")
        .says("1025 bytes, and the limit is 1024")
        .says(&large);
    server.lacks_object(&large);
}

#[test]
fn a_path_that_is_too_long_stays_out_wherever_its_content_was_before() {
    let world = World::new();
    let (_server, clone) = guarded(&world, "max_path_length = 20");
    clone.commit("a/folder/of/some.txt", "x\n");
    clone.push("main").accepted();
    // Renamed, and by a folder above it.
    for (from, to) in [
        ("a/folder/of/some.txt", "a/folder/of/some.text"),
        ("a", "a-folder"),
    ] {
        clone.git(&format!("mv {from} {to}")).ok();
        clone.commit_staged("rename");
        clone
            .push("main")
            .rejected()
            .by(ids::PATH_LENGTH)
            .says("and the limit is 20");
        clone.git("reset -q --hard HEAD^").ok();
    }
    // What is there already is not asked once more.
    clone.commit("a/b.txt", "y\n");
    clone.push("main").accepted();
}

#[test]
fn a_file_that_only_a_merge_has_is_seen() {
    let world = World::new();
    let (_server, clone) = guarded(&world, "deny_paths = [\"**/*.pfx\"]");
    clone.git("checkout -q -b topic").ok();
    clone.commit("a.py", "a = 1\n");
    clone.git("checkout -q main").ok();
    clone.commit("b.py", "b = 1\n");
    clone.git("merge -q --no-commit --no-ff topic").ok();
    clone.stage("keys/own.pfx", "x");
    clone.commit_staged("merge");
    clone
        .push("main")
        .rejected()
        .by(ids::CONTENT_PATH)
        .at("keys/own.pfx");
}

#[test]
fn files_of_lfs_are_pointers() {
    let world = World::new();
    let (_server, clone) = guarded(&world, "lfs = [\"**/*.psd\"]");
    let pointer = format!(
        "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 12345\n",
        "4d7a".repeat(16)
    );
    clone.commit("good.psd", &pointer);
    clone.commit("other.txt", "not asked\n");
    clone.push("main").accepted();
    for (name, content) in [
        ("raw.psd", "8BPS".to_owned()),
        ("short.psd", pointer.replace("4d7a4d7a", "4d7a")),
    ] {
        clone.commit(name, content);
        clone.push("main").rejected().by(ids::LFS).at(name);
        clone.git("reset -q --hard HEAD^").ok();
    }
    // First as the target of a link, then as a file: the content is old, the file is not.
    clone
        .shell("ln -s target-of-a-link c.psd && git add c.psd")
        .ok();
    clone.commit_staged("link");
    clone.push("main").accepted();
    let blob = clone.id("HEAD:c.psd");
    clone
        .git_with(&[
            "update-index",
            "--cacheinfo",
            &format!("100644,{blob},c.psd"),
        ])
        .ok();
    clone.commit_staged("file");
    clone.push("main").rejected().by(ids::LFS).at("c.psd");
}

#[test]
fn names_that_not_every_system_can_hold_stay_out() {
    let world = World::new();
    let (server, clone) = guarded(&world, "names = \"portable\"");
    let base = clone.head();
    let blob = clone.blob("x\n");
    for name in [
        ".GIT",
        "git~1",
        ".g\u{200c}it",
        "aux.txt",
        "trailing.",
        "trailing ",
        "a:b",
        "a\\b",
        "new\nline",
        "bidi\u{202e}gpj.exe",
    ] {
        let commit = commit_tree(&clone, &[("100644", &blob, name)]);
        clone
            .push(&format!("{commit}:main"))
            .rejected()
            .by(ids::NAME);
    }
    // A folder by that name, too.
    let tree = clone.ask_fed("mktree", format!("100644 blob {blob}\tfile\n").as_bytes());
    let commit = commit_tree(&clone, &[("040000", &tree, "COM1")]);
    clone
        .push(&format!("{commit}:main"))
        .rejected()
        .by(ids::NAME)
        .at("COM1");
    server.ref_is(MAIN, &base);
    clone.commit("größe/ﬁle .txt", "x\n");
    clone.push("main").accepted();
}

#[test]
fn two_names_that_some_system_takes_for_one_do_not_stand_together() {
    let world = World::new();
    let (_server, clone) = guarded(&world, "names = \"portable\"");
    // Against a file that is there already.
    clone.commit("README.md", "x\n");
    clone
        .push("main")
        .rejected()
        .by(ids::NAME)
        .at("README.md")
        .says("readme.md");
    // A rename in one commit is none.
    clone.git("rm -q readme.md").ok();
    clone.git("commit -q --amend --no-edit").ok();
    clone.push("main").accepted();
    // Folders, and forms of Unicode.
    clone.commit("Docs/a", "x\n");
    clone.push("main").accepted();
    clone.commit("docs/b", "x\n");
    clone.push("main").rejected().by(ids::NAME).at("docs");
    clone.git("reset -q --hard HEAD^").ok();
    clone.commit("caf\u{e9}", "x\n");
    clone.commit("cafe\u{301}", "x\n");
    clone.push("main").rejected().by(ids::NAME);
    clone.git("reset -q --hard HEAD~2").ok();
    // Each side has one of them; only the merge has both.
    clone.git("checkout -q -b topic").ok();
    clone.commit("Makefile", "x\n");
    clone.push("topic").accepted();
    clone.git("checkout -q main").ok();
    clone.commit("makefile", "x\n");
    clone.push("main").accepted();
    clone.git("merge -q --no-edit topic").ok();
    clone.push("main").rejected().by(ids::NAME);
}

#[test]
fn a_conflict_that_is_there_already_does_not_stop_the_work() {
    let world = World::new();
    let server = world.bare("origin.git");
    let clone = world.clone_of(&server, "clone");
    clone.commit("readme", "x\n");
    clone.commit("README", "x\n");
    clone.commit("aux/a", "x\n");
    clone.push("main").accepted();
    let _server = server
        .hook("pre-receive")
        .policy("[content]\nnames = \"portable\"\n");
    clone.commit("readme", "changed\n");
    clone.commit("aux/b", "x\n");
    clone.push("main").accepted();
}

#[test]
fn links_stay_in_the_tree() {
    let world = World::new();
    let (_server, clone) = guarded(&world, "names = \"portable\"");
    let link = |target: &str, path: &str| {
        let blob = clone.blob(target);
        let entry = format!("120000,{blob},{path}");
        clone
            .git_with(&["update-index", "--add", "--cacheinfo", &entry])
            .ok();
        clone.commit_staged("link");
        clone.push("main")
    };
    link("../readme.md", "docs/readme").accepted();
    for (target, path) in [
        ("/etc/passwd", "a"),
        ("../../x", "docs/b"),
        ("..", "c"),
        ("docs/../../x", "d"),
        ("C:\\x", "e"),
    ] {
        link(target, path).rejected().by(ids::NAME).at(path);
        clone.git("reset -q --hard HEAD^").ok();
    }
    // First as a file, then as a link: the content is old, the link is not.
    clone.commit("f", "/etc/passwd");
    clone.push("main").accepted();
    link("/etc/passwd", "f").rejected().by(ids::NAME).at("f");
}

#[test]
fn programs_stay_out_by_what_they_are() {
    let world = World::new();
    let (_server, clone) = guarded(&world, "deny_types = [\"executable\"]");
    clone.commit("tool.txt", b"\x7fELF\x02\x01\x01");
    clone.push("main").rejected().by(ids::TYPE).at("tool.txt");
    clone.git("reset -q --hard HEAD^").ok();
    clone.commit("run.sh", "#!/bin/sh\n");
    clone.push("main").accepted();
}

#[test]
fn submodules_come_from_where_they_may() {
    let world = World::new();
    let policy = "submodules = [\"https://git.example.com/**\"]";
    let (_server, clone) = guarded(&world, policy);
    let other = clone.head();
    let modules = |url: &str| format!("[submodule \"a\"]\n\tpath = lib/a\n\turl = {url}\n");
    let add = |url: &str| {
        clone.stage(".gitmodules", modules(url));
        clone
            .git_with(&[
                "update-index",
                "--add",
                "--cacheinfo",
                &format!("160000,{other},lib/a"),
            ])
            .ok();
        clone.commit_staged("submodule");
    };
    for url in ["https://evil.example/a.git", "-u./payload", "../a.git"] {
        add(url);
        clone
            .push("main")
            .rejected()
            .by(ids::SUBMODULE)
            .at(".gitmodules");
        clone.git("reset -q --hard HEAD^").ok();
    }
    add("https://git.example.com/a.git");
    clone.push("main").accepted();
    clone
        .git_with(&[
            "update-index",
            "--add",
            "--cacheinfo",
            &format!("160000,{other},lib/b"),
        ])
        .ok();
    clone.commit_staged("one without an address");
    clone.push("main").rejected().by(ids::SUBMODULE).at("lib/b");
    clone.git("reset -q --hard HEAD^").ok();
    clone.commit(".gitmodules", "[submodule \"a\"\n");
    clone.push("main").rejected().by(ids::SUBMODULE);
}

#[test]
fn only_what_may_be_run_has_the_bit_for_it() {
    let world = World::new();
    let (server, clone) = guarded(&world, "executables = [\"bin/**\", \"*.sh\"]");
    clone
        .stage("bin/run", "true\n")
        .stage("a.sh", "true\n")
        .stage("b.py", "1\n");
    clone.git("update-index --chmod=+x bin/run a.sh").ok();
    clone.commit_staged("programs");
    clone.push("main").accepted();
    // The content is an old one; the bit is new. Then the same folder where no programs are.
    clone.git("update-index --chmod=+x b.py").ok();
    let bad = clone.commit_staged("a bit");
    clone.push("main").rejected().by(ids::EXECUTABLE).at("b.py");
    server.lacks_object(&bad);
    clone.git("reset -q --hard HEAD~1").ok();
    clone.git("read-tree --prefix=lib HEAD:bin").ok();
    clone.commit_staged("a copy");
    clone
        .push("main")
        .rejected()
        .by(ids::EXECUTABLE)
        .at("lib/run");
    clone.git("reset -q --hard HEAD~1").ok();
    // The client says so before the commit.
    clone.config("[content]\nexecutables = []\n");
    clone.install();
    clone
        .stage("c.py", "1\n")
        .git("update-index --chmod=+x c.py")
        .ok();
    clone.try_commit().rejected().by(ids::EXECUTABLE).at("c.py");
    clone.git("update-index --chmod=-x c.py").ok();
    clone.try_commit().accepted();
}

#[test]
fn capitals_and_look_alikes_get_past_no_pattern_of_paths() {
    let world = World::new();
    let policy = "deny_paths = [\"**/*.pem\"]\nlfs = [\"*.psd\"]\nsubmodules = []";
    let (_server, clone) = guarded(&world, policy);
    for (path, check) in [
        ("tls/Server.PEM", ids::CONTENT_PATH),
        ("LOGO.PSD", ids::LFS),
        (".GITMODULES", ids::SUBMODULE),
        ("gitmod~1", ids::SUBMODULE),
        (".gitmodule\u{17f}", ids::SUBMODULE),
    ] {
        clone.commit(
            path,
            "[submodule \"a\"]\n\tpath = a\n\turl = https://evil.example/a\n",
        );
        clone.push("main").rejected().by(check).at(path);
        clone.git("reset -q --hard HEAD~1").ok();
    }
    clone.commit("docs/.GITMODULES", "nothing to Git\n");
    clone.push("main").accepted();
}

#[test]
fn packages_come_from_where_they_may() {
    let world = World::new();
    let (server, clone) = guarded(&world, "sources = [\"https://registry.example.com/**\"]");
    let lock = |host: &str| {
        format!("{{\"packages\": {{\"a\": {{\"resolved\": \"https://{host}/a.tgz\"}}}}}}\n")
    };
    clone.commit("web/package-lock.json", lock("registry.example.com"));
    clone.push("main").accepted();
    // Not even for one commit, by another spelling, beside a good one, or where nobody can read it.
    for text in [
        lock("evil.example"),
        lock("registry.example.com.evil.example"),
        lock("registry.example.com@evil.example"),
        lock("\\u0065vil.example"),
        lock("evil.example").replace(
            "}}",
            "}, \"b\": {\"resolved\": \"https://registry.example.com/b\"}}",
        ),
        "{".to_owned(),
    ] {
        let bad = clone.commit("web/package-lock.json", text);
        clone.commit("web/package-lock.json", lock("registry.example.com"));
        clone
            .push("main")
            .rejected()
            .by(ids::SOURCE)
            .at("web/package-lock.json");
        server.lacks_object(&bad);
        clone.git("reset -q --hard HEAD~2").ok();
    }
    clone.commit(
        "Cargo.toml",
        "[dependencies]\na = { git = \"ssh://git@evil.example/a\" }\n",
    );
    let said = clone.push("main").rejected().by(ids::SOURCE);
    said.says("ssh://evil.example/a").at("Cargo.toml");
    // What is there already does not stop the work.
    let server = server.policy("[content]\n");
    clone.push("main").accepted();
    server.policy("[content]\nsources = []\n");
    clone.append("Cargo.toml", "b = \"1\"");
    clone.git("commit -qam more").ok();
    clone.push("main").accepted();
}

#[test]
fn what_belongs_together_changes_together() {
    let world = World::new();
    let (_server, clone) = guarded(&world, "together = [[\"Cargo.toml\", \"Cargo.lock\"]]");
    clone.stage("Cargo.toml", "1\n");
    clone.commit("Cargo.lock", "1\n");
    clone.push("main").accepted();
    let lone = clone.commit("Cargo.toml", "2\n");
    clone.commit("Cargo.lock", "2\n");
    clone
        .push("main")
        .rejected()
        .by(ids::TOGETHER)
        .says(&lone[..7])
        .says("Cargo.toml changes here without Cargo.lock");
    clone.git("reset -q --soft HEAD~2").ok();
    clone.commit_staged("both");
    clone.push("main").accepted();
}

#[test]
fn the_client_says_it_before_the_commit_and_before_the_push() {
    let world = World::new();
    let server = world.bare("origin.git");
    let repo = world.clone_of(&server, "clone");
    repo.commit("readme.md", "nothing to see\n");
    repo.commit("aux/old", "x\n");
    repo.push("main").accepted();
    repo.config(
        "[content]\nmax_file_size = \"1KiB\"\ndeny_paths = [\"*.pem\"]\nlfs = [\"*.psd\"]\n\
         names = \"portable\"\ndeny_types = [\"elf\"]\n",
    )
    .install();
    repo.stage("large.txt", world.secrets.noise(1025))
        .stage("x.pem", "x")
        .stage("x.psd", "x")
        .stage("elf", b"\x7fELF")
        .stage("README.md", "x")
        .stage("con.txt", "x")
        .stage("aux/new", "x");
    repo.try_commit()
        .rejected()
        .at("large.txt")
        .by(ids::FILE_SIZE)
        .at("x.pem")
        .by(ids::CONTENT_PATH)
        .at("x.psd")
        .by(ids::LFS)
        .at("elf")
        .by(ids::TYPE)
        .at("README.md")
        .at("con.txt")
        .by(ids::NAME)
        .lacks("aux");
    let bad = repo.commit_staged("past the hooks");
    repo.push("main")
        .rejected()
        .by(ids::NAME)
        .by(ids::FILE_SIZE);
    // What the server would say is the same.
    let server = server.policy("[content]\nmax_file_size = \"1KiB\"\n");
    repo.git("push --no-verify origin main:topic").ok();
    let base = server.id(MAIN);
    server
        .portcullis(&format!("check --range {base}..{bad} --ref {MAIN}"))
        .exit(1)
        .by(ids::FILE_SIZE);
    // The repository has it already, so that another ref brings nothing in.
    server
        .portcullis(&format!("check --update {base} {bad} {MAIN}"))
        .ok();
}
