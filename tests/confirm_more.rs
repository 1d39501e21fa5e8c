//! `confirm` where more comes together: several rules over one ref, OpenPGP, and SHA-256.

use crate::confirm::{MAIN, Stand};
use crate::signatures_gpg::{Home, copy};
use crate::world::{World, assigned, ids};
use std::fs;

#[test]
fn each_rule_over_a_ref_has_its_own_confirmation() {
    let stand = Stand::with(
        "[[protect]]\nrefs = [\"refs/heads/main\"]\npush = [\"*\"]\nconfirm = [\"delete\"]\n\
         confirm_by = [\"@admins\"]\n\
         [[protect]]\nrefs = [\"refs/heads/m*\"]\nconfirm = [\"delete\", \"force\"]\n\
         confirm_by = [\"alice\"]\n\
         [[protect]]\nrefs = [\"refs/heads/**\"]\nconfirm = [\"delete\"]\n\
         confirm_by = [\"@admins\", \"alice\"]\n",
    );
    let words = format!("confirm delete {MAIN} --at {}", stand.base);
    let carols = stand.token(&words);
    let made = stand.alice.portcullis(&format!("{words} --quiet")).ok();
    let alices = made.text().to_owned();
    let bob = stand.clone.acting_as("bob");
    let push = |tokens: &[&str]| {
        let shown = tokens
            .iter()
            .map(|token| format!("-o portcullis.confirm={token}"));
        let shown: Vec<String> = shown.collect();
        bob.git(&format!("push {} origin :main", shown.join(" ")))
    };
    // One of two is not enough, whichever it is, and is not spent by that.
    for one in [&carols, &alices] {
        let said = push(&[one]).rejected().by(ids::REF_CONFIRM);
        said.tells("who is none of those whom the policy names for that");
        stand.server.ref_is(MAIN, &stand.base);
    }
    push(&[&carols, &carols]).rejected().by(ids::REF_CONFIRM);
    // Alice's own does not serve her.
    let hers =
        format!("push -o portcullis.confirm={alices} -o portcullis.confirm={carols} origin :main");
    stand.clone.git(&hers).rejected().by(ids::REF_CONFIRM);
    push(&[&alices, &carols]).accepted();
    stand.server.lacks_ref(MAIN);
    // Both are spent, so that neither serves beside a new one of the other.
    bob.push(&format!("{}:refs/heads/main", stand.base))
        .accepted();
    let again = stand.alice.portcullis(&format!("{words} --quiet")).ok();
    let (again, new) = (again.text().to_owned(), stand.token(&words));
    for tokens in [[&alices, &carols], [&alices, &new], [&again, &carols]] {
        let said = push(&tokens.map(String::as_str)).rejected();
        said.by(ids::REF_CONFIRM)
            .tells("it was used before, and counts once");
    }
    push(&[&again, &new]).accepted();
}

#[test]
fn a_token_is_signed_with_an_openpgp_key_of_the_server_s_ring() {
    let stand = Stand::new();
    let home = Home::new();
    let here = stand.world.plain_dir("here");
    let key = home.key(&here, "Carol <carol@example.com>", "never", "");
    let other = home.key(&here, "Carol <carol@example.com>", "never", "");
    copy(&home, &stand.server.dir.join("ring"));
    let policy = fs::read_to_string(stand.server.dir.join("portcullis.toml")).unwrap();
    let with = "gpg_home = \"ring\"\ngpg_keys = { carol = [\"KEY\"] }\n[groups]";
    let policy = policy.replacen("[groups]", &with.replace("KEY", &key), 1);
    stand.server.write("portcullis.toml", policy);
    let gnupg = home.path().to_string_lossy().into_owned();
    let carol = stand.carol.with_env("GNUPGHOME", &gnupg);
    let token = |key: &str| {
        for (name, value) in [("gpg.format", "openpgp"), ("user.signingKey", key)] {
            carol.git_with(&["config", name, value]).ok();
        }
        let words = format!("confirm delete {MAIN} --at {} --quiet", stand.base);
        carol.portcullis(&words).ok().text().to_owned()
    };
    // A key that names her as its owner, and that the policy does not give to her.
    let push = |token: &str| {
        let push = format!("push -o portcullis.confirm={token} origin :main");
        stand.clone.git(&push)
    };
    push(&token(&other)).rejected().by(ids::REF_CONFIRM);
    stand.server.ref_is(MAIN, &stand.base);
    let good = token(&key);
    let said = push(&good).accepted();
    said.tells("confirmed: deleting refs/heads/main");
    stand.server.lacks_ref(MAIN);
    stand
        .clone
        .push(&format!("{}:refs/heads/main", stand.base))
        .accepted();
    push(&good).rejected().by(ids::REF_CONFIRM);
}

#[test]
fn signatures_approvals_and_tokens_work_with_sha_256() {
    let world = World::new();
    let format = "--object-format=sha256";
    let Some(server) = world.try_init("origin.git", &["--bare", format]) else {
        return;
    };
    server.git("config receive.advertisePushOptions true").ok();
    let mut signers = String::new();
    let [alice, carol] = ["alice", "carol"].map(|name| {
        let repo = world.init(name, &[format]);
        let origin = server.dir.display().to_string();
        repo.git_with(&["remote", "add", "origin", &origin]).ok();
        let key = world.ssh_key(&format!("key-of-{name}"));
        repo.signs_with(&key, &format!("{name}@example.com"));
        signers.push_str(&format!("{name},{name}@example.com {}\n", key.public));
        repo.acting_as(name)
    });
    let base = alice.commit("readme.md", "nothing to see\n");
    assert_eq!(base.len(), 64);
    alice.push("HEAD:refs/heads/main").accepted();
    server.write("allowed_signers", signers);
    let server = server.hook("pre-receive").hook("post-receive").policy(
        "[identity]\nsource = \"env:PUSHER\"\nallowed_signers = \"allowed_signers\"\n\
         [audit]\nlog = \"portcullis-audit.jsonl\"\n\
         [[protect]]\nrefs = [\"refs/heads/main\"]\npush = [\"*\"]\napprovals = 1\nsigned = \"ssh\"\n\
         confirm = [\"delete\"]\nconfirm_by = [\"carol\"]\n",
    );
    // Unsigned, unapproved, approved.
    alice.git("config commit.gpgSign false").ok();
    alice.commit("a.py", "a = 1\n");
    alice
        .push("HEAD:refs/heads/main")
        .rejected()
        .by(ids::REF_SIGNED)
        .by(ids::REF_APPROVALS);
    alice.git("config commit.gpgSign true").ok();
    alice.git("commit -q --amend --no-edit").ok();
    let tip = alice.head();
    let said = alice
        .push("HEAD:refs/heads/main HEAD:refs/heads/topic")
        .rejected();
    said.by(ids::REF_APPROVALS).not_by(ids::REF_SIGNED);
    alice.push("HEAD:refs/heads/topic").accepted();
    carol.git("fetch -q origin").ok();
    let said = carol
        .portcullis("approve origin/topic --for refs/heads/main")
        .ok();
    let name = said.text().rsplit(' ').next().unwrap().to_owned();
    carol.push(&name).accepted();
    alice.push("HEAD:refs/heads/main").accepted();
    server.ref_is(MAIN, &tip);
    // And it goes with carol's word alone.
    alice.push(":main").rejected().by(ids::REF_CONFIRM);
    let status = server.portcullis("status").whatever();
    let id = status
        .stdout
        .lines()
        .find_map(|line| line.strip_prefix("server id"));
    let id = id.unwrap().split_whitespace().next().unwrap();
    let words = format!("confirm delete {MAIN} --at {tip} --server-id {id} --quiet");
    let token = carol.portcullis(&words).ok().text().to_owned();
    alice
        .git(&format!("push -o portcullis.confirm={token} origin :main"))
        .accepted();
    server.lacks_ref(MAIN);
    server.portcullis("audit verify").ok();
    let kept = server.ask("for-each-ref --format=%(objectname) refs/portcullis/backup");
    assert_eq!(kept, tip);
}

#[test]
fn nothing_is_spent_on_what_git_itself_refuses() {
    let stand = Stand::with(
        "[[protect]]\nrefs = [\"refs/heads/main\"]\npush = [\"*\"]\nmerge_only = true\n\
         confirm = [\"delete\", \"force\"]\nconfirm_by = [\"@admins\"]\n",
    );
    let (clone, server) = (&stand.clone, &stand.server);
    clone.git("switch -q -c topic").ok();
    clone.commit("a.py", "a = 1\n");
    clone.git("switch -q main").ok();
    clone.git("merge -q --no-ff topic").ok();
    clone.push("main").accepted();
    let (base, ahead) = (&stand.base, clone.id("main"));
    stand.carol.git("fetch -q").ok();
    // A branch of merges alone is rewound as well, where two people do it.
    let words = format!("confirm force {MAIN} --at {ahead} --to {base}");
    let token = stand.token(&words);
    let force = format!("push -o portcullis.confirm={token} origin +{base}:main");
    let denies = |key: &str, value: &str| {
        server.git(&format!("config receive.{key} {value}")).ok();
    };
    denies("denyNonFastForwards", "true");
    clone
        .git(&force)
        .rejected()
        .by(ids::REF_CONFIRM)
        .says("git config receive.denyNonFastForwards false");
    denies("denyNonFastForwards", "false");
    clone.git(&force).accepted();
    server.ref_is(MAIN, base);

    let token = stand.token(&format!("confirm delete {MAIN} --at {base}"));
    let delete = format!("push -o portcullis.confirm={token} origin :main");
    for (key, value) in [
        ("denyDeletes", "yes"),
        ("denyDeleteCurrent", "refuse"),
        ("denyDeleteCurrent", "true"),
    ] {
        denies(key, value);
        let said = clone.git(&delete).rejected().by(ids::REF_CONFIRM);
        said.says(&format!("git config receive.{key} "));
        denies(key, "false");
    }
    denies("denyDeleteCurrent", "off");
    clone.git(&delete).accepted();
    server.lacks_ref(MAIN);
}

#[test]
fn what_git_refuses_goes_by_the_name_that_is_pushed() {
    let stand = Stand::with(
        "[[protect]]\nrefs = [\"refs/heads/main\"]\npush = [\"*\"]\nconfirm = [\"delete\"]\n\
         confirm_by = [\"@admins\"]\n",
    );
    let server = &stand.server;
    server
        .git(&format!("symbolic-ref refs/heads/alias {MAIN}"))
        .ok();
    server.git("config receive.denyDeleteCurrent refuse").ok();
    // What a clone is told of the server does not go by what the clone would take.
    stand
        .carol
        .git("config receive.denyDeleteCurrent refuse")
        .ok();
    let policy = server.dir.join("portcullis.toml");
    let zero = "0".repeat(stand.base.len());
    let asked = format!("check --update {} {zero} {MAIN} --as alice", stand.base);
    let asked = format!("{asked} --config {}", policy.display());
    let said = stand.carol.portcullis(&asked).exit(1).by(ids::REF_CONFIRM);
    said.says("portcullis confirm delete");
    let token = stand.token(&format!("confirm delete {MAIN} --at {}", stand.base));
    let delete = |name: &str| format!("push -o portcullis.confirm={token} origin :{name}");
    let said = stand.clone.git(&delete("main")).rejected();
    said.says("receive.denyDeleteCurrent");
    // By another name Git lets it go.
    stand.clone.git(&delete("alias")).accepted();
    server.lacks_ref(MAIN);
}

#[test]
fn who_may_not_do_it_is_told_so_before_anything_else() {
    let stand = Stand::with(
        "[[protect]]\nrefs = [\"refs/heads/release\"]\npush = [\"carol\"]\nowners = \"CODEOWNERS\"\n\
         approvals = 1\n[commits]\nconventional = true\n",
    );
    let clone = &stand.clone;
    clone.commit("a.py", "a = 1\n");
    let said = clone.push("main:release").rejected();
    let said = said.by(ids::REF_CREATE).stderr;
    let at = |what: &str| said.find(what).unwrap_or(usize::MAX);
    assert!(at("refs/create") < at("commits/"), "{said}");
}

/// Who makes it learns it, not who pushes with it.
#[test]
fn a_token_that_can_never_count_is_not_made() {
    let stand = Stand::new();
    let make = |words: &str| stand.carol.portcullis(words);
    let bypass = |check: &str| {
        make(&format!(
            "bypass --check {check} --ref {MAIN} --to {} --reason x",
            stand.base
        ))
    };
    for (check, why) in [
        ("refs/push", "no token lets refs/push pass"),
        ("refs/confirm", "no token lets refs/confirm pass"),
        (
            "refs/freze",
            "there is no check refs/freze; the nearest is refs/freeze",
        ),
        ("secrets/", "there is no check secrets/"),
        ("nosuch", "there is no check nosuch"),
    ] {
        bypass(check).exit(2).tells(why).lacks("portcullis.bypass=");
    }
    // The server may have rules of its own, so of these it is said alone.
    let doubt = "no rule here is called secrets/nosuch";
    bypass("secrets/nosuch").ok().tells(doubt);
    for check in [ids::GITHUB, ids::ENV_FILE, "refs/freeze"] {
        bypass(check).ok().lacks("no rule here");
    }
    let delete = format!("confirm delete {MAIN} --at {}", stand.base);
    let (name, digits) = stand.id.split_once('-').unwrap();
    for id in [
        "origin.git".to_owned(),
        digits.to_owned(),
        stand.id[..stand.id.len() - 1].to_owned(),
        format!("{name}-{}", "g".repeat(32)),
    ] {
        let said = make(&format!("{delete} --server-id {id}")).exit(2);
        said.tells("is the id of no repository")
            .lacks("portcullis.confirm=");
        make(&format!("approve main --for other --server-id {id}")).exit(2);
        stand
            .carol
            .git(&format!("config portcullis.serverId {id}"))
            .ok();
        make(&delete).exit(2).tells("is the id of no repository");
    }
    make(&format!("{delete} --server-id {}", stand.id)).ok();
}

#[test]
fn a_token_that_counts_and_covers_nothing_is_told() {
    let stand = Stand::with(&format!(
        "[server]\nbypass_by = [\"@admins\"]\n[[protect]]\nrefs = [\"{MAIN}\"]\npush = [\"*\"]\n"
    ));
    let other = "0a".repeat(16);
    let token = stand.token(&format!("bypass --finding {other} --ref {MAIN} --reason x"));
    let push = format!("push -o portcullis.bypass={token} origin main");
    stand
        .clone
        .commit("app.py", assigned(&stand.world.secrets.github()));
    let told = "lets nothing pass: nothing that it names is in the way of this push";
    let said = stand.clone.git(&push).rejected().by(ids::GITHUB);
    said.tells(told);
    stand.server.ref_is(MAIN, &stand.base);
    // It refuses nothing, and is not used up by that.
    stand
        .clone
        .git(&format!("reset -q --hard {}", stand.base))
        .ok();
    stand.clone.commit("b", "b\n");
    stand.clone.git(&push).accepted().tells(told);
    stand.clone.commit("c", "c\n");
    stand
        .clone
        .git(&push)
        .accepted()
        .tells(told)
        .lacks("used before");
}
