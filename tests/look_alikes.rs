//! Names of refs that some system takes for one.

use crate::protect::{WHO, guarded, rule};
use crate::world::{World, ids};

#[test]
fn a_name_in_other_letters_is_held_by_the_rules_of_the_one_it_looks_like() {
    let world = World::new();
    let (server, clone, base) = guarded(&world, &rule("refs/heads/main", "push = [\"@leads\"]"));
    let (alice, dave) = (clone.acting_as("alice"), clone.acting_as("dave"));
    alice.push("main:other :main").accepted();
    server.git("config core.ignoreCase false").ok();
    // Now it does not even exist.
    for name in ["Main", "MAIN", "MAIN/x", "ma\u{200d}in", "ma\u{131}n"] {
        let said = dave.push(&format!("main:refs/heads/{name}")).rejected();
        said.by(ids::REF_CREATE).says("@leads");
        server.lacks_ref(&format!("refs/heads/{name}"));
    }
    dave.push("main:refs/HEADS/main")
        .rejected()
        .by(ids::REF_CREATE);
    dave.push("main:refs/heads/mai main:refs/heads/Maine")
        .accepted();
    // Who may make it does not make both, neither at once nor one after the other.
    let said = alice.push("main main:refs/heads/MAIN").rejected();
    said.by(ids::REF_LOOK_ALIKE);
    server
        .lacks_ref("refs/heads/main")
        .lacks_ref("refs/heads/MAIN");
    alice.push("main:refs/heads/MAIN").accepted();
    alice
        .push("main")
        .rejected()
        .by(ids::REF_LOOK_ALIKE)
        .tells("for refs/heads/MAIN");
    alice.push(":refs/heads/MAIN main").accepted();
    let said = alice.push("main:refs/heads/MAIN").rejected();
    said.by(ids::REF_LOOK_ALIKE).tells("for refs/heads/main");
    server.ref_is("refs/heads/main", &base);
    // A letter and its mark, as one or as two.
    let rules = rule("refs/heads/main", "push = [\"@leads\"]").replace("main", "caf\u{e9}");
    let server = server.policy(&format!("{}{rules}", WHO));
    dave.push("main:refs/heads/Cafe\u{301}")
        .rejected()
        .by(ids::REF_CREATE);
    dave.push("main:refs/heads/cafe").accepted();
    // Another rule never lets in what one of them refuses.
    let rules = format!(
        "{}{}{}",
        WHO,
        rule("refs/heads/main", "push = [\"@leads\"]"),
        rule("refs/heads/MAIN", "push = [\"*\"]")
    );
    server.policy(&rules);
    dave.push("main~0:refs/heads/MAIN/x")
        .rejected()
        .by(ids::REF_CREATE);
    let next = clone.commit("a.py", "a = 1\n");
    dave.push("main").rejected().by(ids::REF_PUSH);
    alice.push("main").accepted();
    alice.git("fetch -q").ok();
    alice.ref_is("refs/remotes/origin/main", &next);
}

#[test]
fn a_tag_in_other_letters_is_held_as_a_tag() {
    let world = World::new();
    let rules = rule("refs/tags/**", "annotated = true\nforce = []");
    let (server, clone, base) = guarded(&world, &rules);
    let alice = clone.acting_as("alice");
    alice
        .push("main:refs/Tags/v1")
        .rejected()
        .by(ids::REF_ANNOTATED);
    clone.git("tag -a -m one one").ok();
    alice.push("one:refs/Tags/v1").accepted();
    clone.commit("a.py", "a = 1\n");
    clone.git("tag -a -m two two").ok();
    alice.push("two:refs/Tags/v1").rejected().by(ids::REF_FORCE);
    server.ref_is("refs/Tags/v1^{commit}", &base);
}
