//! `[[protect]]` as advice on the developer's machine.

use crate::protect::guarded;
use crate::protect_more::{main, merge, topic};
use crate::world::{World, ids};

#[test]
fn a_client_is_warned_before_the_server_refuses() {
    let world = World::new();
    let (_server, clone, _) = guarded(&world, "");
    clone
        .install()
        .config(&main("merge_only = true\npush = [\"nobody\"]").replace("push = [\"*\"]\n", ""));
    clone.stage("a.py", "a = 1\n");
    // A warning: it is said, and the commit is made.
    let said = clone.try_commit().ok();
    said.by(ids::REF_MERGE_ONLY)
        .says("refs/heads/main")
        .not_by(ids::REF_PUSH);
    let said = clone.acting_as("alice").push("main:main").accepted();
    said.by(ids::REF_MERGE_ONLY).says("refs/heads/main");
    // By the name it has on the server, not by the one it has here.
    clone.git("switch -q -c topic").ok();
    clone.stage("b.py", "b = 1\n");
    clone.try_commit().ok().not_by(ids::REF_MERGE_ONLY);
    clone
        .push("topic:topic")
        .accepted()
        .not_by(ids::REF_MERGE_ONLY);
    clone.push("topic:main").accepted().by(ids::REF_MERGE_ONLY);
    // What merges is as it should be, and a detached HEAD is on no branch.
    clone.git("switch -q main").ok();
    clone
        .git("merge -q --no-ff -m merged topic")
        .ok()
        .not_by(ids::REF_MERGE_ONLY);
    clone.git("switch -q --detach").ok();
    clone.stage("c.py", "c = 1\n");
    clone.try_commit().ok().not_by(ids::REF_MERGE_ONLY);
}

#[test]
fn a_client_knows_names_tags_lines_and_windows() {
    let world = World::new();
    let (_server, clone, _) = guarded(&world, "");
    clone.install().config(
        "[[protect]]\nrefs = [\"refs/**\"]\npush = []\nlinear = true\nannotated = true\n\
         names = \"^refs/(heads|tags)/[a-z0-9]+$\"\n\
         freeze = [{ from = 2001-01-01T00:00:00Z, until = 9990-01-01T00:00:00Z }]",
    );
    topic(&clone, "topic", "main");
    merge(&clone, "topic");
    clone.git("tag v1").ok();
    let said = clone.push("main v1 main:A").accepted();
    said.by(ids::REF_LINEAR)
        .by(ids::REF_ANNOTATED)
        .by(ids::REF_NAMES)
        .by(ids::REF_FREEZE)
        .not_by(ids::REF_PUSH)
        .not_by(ids::REF_CREATE);
}
