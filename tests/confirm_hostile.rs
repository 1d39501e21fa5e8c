//! Tokens in the hands of people who mean no good, and findings that a token lets pass.

use crate::confirm::{MAIN, Stand};
use crate::world::{assigned, ids};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::fs;

const RULE: &str = "[[protect]]\nrefs = [\"refs/heads/main\"]\npush = [\"*\"]\nconfirm = [\"delete\"]\n\
                    confirm_by = [\"@admins\"]\n";

const BYPASS: &str = "[server]\ndeadline = \"120s\"\nbypass_by = [\"@admins\"]\n[[protect]]\nrefs = \
                      [\"refs/heads/main\"]\npush = [\"*\"]\nforce = []\nfreeze = [{ from = \
                      2001-01-01T00:00:00Z, until = 2001-01-02T00:00:00Z }]\n";

fn payload(stand: &Stand, expires: i64) -> String {
    format!(
        "portcullis token 1\nrepository {}\nref {MAIN}\nallow delete\nold {}\nexpires {expires}\nnonce \
         {}\n",
        stand.id,
        stand.base,
        "07".repeat(16)
    )
}

fn word(payload: &str, signature: &str) -> String {
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    format!(
        "portcullis.confirm={}.{}",
        encode(payload),
        encode(signature)
    )
}

fn now() -> i64 {
    time::OffsetDateTime::now_utc().unix_timestamp()
}

/// A token of carol's key, made by hand for this namespace.
fn made(stand: &Stand, namespace: &str, payload: &str) -> String {
    let key = stand.world.path("key-of-carol");
    let script = format!(
        "ssh-keygen -q -Y sign -n {namespace} -f '{}'",
        key.display()
    );
    word(
        payload,
        &stand
            .carol
            .shell_fed(&script, payload.as_bytes())
            .ok()
            .stdout,
    )
}

#[track_caller]
fn refused(stand: &Stand, option: &str, why: &str) {
    let delete = format!("push -o {option} origin :main");
    stand.clone.git(&delete).rejected().says(why);
    stand.server.ref_is(MAIN, &stand.base);
}

#[test]
fn times_that_are_over_or_far_away_are_refused() {
    let stand = Stand::with(RULE);
    let at = |seconds: i64| made(&stand, "portcullis", &payload(&stand, now() + seconds));
    refused(&stand, &at(-1), "has expired");
    refused(&stand, &at(-10_000_000), "has expired");
    refused(&stand, &at(8 * 86_400), "longer than the 7 days");
    refused(&stand, &at(1 << 50), "longer than the 7 days");
    let good = at(600);
    stand
        .clone
        .git(&format!("push -o {good} origin :main"))
        .accepted();
    stand.server.lacks_ref(MAIN);
}

#[test]
fn a_signature_for_something_else_or_over_something_else_is_none() {
    let stand = Stand::with(RULE);
    let text = payload(&stand, now() + 600);
    for namespace in ["git", "file", "Portcullis"] {
        refused(&stand, &made(&stand, namespace, &text), "nothing else");
    }
    let good = made(&stand, "portcullis", &text);
    let signature = good.split('.').next_back().unwrap();
    let forged = payload(&stand, now() + 6_000);
    let forged = format!(
        "portcullis.confirm={}.{signature}",
        URL_SAFE_NO_PAD.encode(forged)
    );
    refused(&stand, &forged, "signature is bad");
    // A key that nobody knows, though it says a name that they know.
    let key = stand.world.ssh_key("mallory");
    let signed = stand.carol.signature(&key, "portcullis", text.as_bytes());
    refused(
        &stand,
        &word(&text, &signed),
        "nobody's whom this server knows",
    );
    // A revoked key.
    let revoked = fs::read(stand.world.path("key-of-carol.pub")).unwrap();
    fs::write(stand.server.dir.join("revoked"), revoked).unwrap();
    let policy = stand.server.dir.join("portcullis.toml");
    let kept = fs::read_to_string(&policy).unwrap();
    let with = kept.replace("[groups]", "revoked_keys = \"revoked\"\n[groups]");
    fs::write(&policy, with).unwrap();
    refused(&stand, &good, "revoked");
    fs::write(&policy, kept).unwrap();
    stand
        .clone
        .git(&format!("push -o {good} origin :main"))
        .accepted();
}

#[test]
fn rubbish_in_the_options_is_refused_and_shown_safely() {
    let stand = Stand::with(RULE);
    for option in [
        "portcullis.confirm",
        "portcullis.confirm=",
        "portcullis.confirm=a.b",
        "portcullis.bypass=\u{1b}[2J",
        "portcullis.confrim=x",
        "PORTCULLIS.CONFIRM=x",
    ] {
        let args = ["push", "-o", option, "origin", ":main"];
        let said = stand.clone.git_with(&args).rejected().by(ids::PUSH_OPTION);
        said.lacks("\u{1b}");
        stand.server.ref_is(MAIN, &stand.base);
    }
    // Even where nothing needs a token, what means us is not passed over.
    let topic = ["push", "-o", "portcullis.confrim=x", "origin", "main:topic"];
    let said = stand.clone.git_with(&topic).rejected();
    said.by(ids::PUSH_OPTION).says("portcullis.confirm");
    let others = ["push", "-o", "ci.skip", "-o", "", "origin", "main:topic"];
    stand.clone.git_with(&others).accepted();
}

#[test]
fn a_count_of_options_that_cannot_be_is_undecided() {
    let stand = Stand::with(RULE);
    for count in ["257", "99999999999999999999", "-1", "x", "3"] {
        let hook = stand
            .server
            .acting_as("alice")
            .with_env("GIT_PUSH_OPTION_COUNT", count);
        let zero = "0".repeat(40);
        let line = format!("{} {zero} {MAIN}\n", stand.base);
        let ran = hook.portcullis_fed(&["hook", "pre-receive"], line.as_bytes());
        ran.exit(3).says("undecided").says("push options");
    }
    let many: Vec<String> = (0..300).map(|n| format!("-o x{n}")).collect();
    let push = format!("push {} origin :main", many.join(" "));
    stand.clone.git(&push).rejected().says("push options");
    stand.server.ref_is(MAIN, &stand.base);
}

#[test]
fn a_copy_of_the_repository_takes_no_token_of_the_first() {
    let stand = Stand::with(RULE);
    let token = made(&stand, "portcullis", &payload(&stand, now() + 600));
    let copy = stand.world.path("copy.git");
    let script = format!(
        "cp -r '{}' '{}'",
        stand.server.dir.display(),
        copy.display()
    );
    stand.clone.shell(&script).ok();
    let push = format!("push -o {token} {} :main", copy.display());
    stand.clone.git(&push).rejected().says("another repository");
    stand
        .clone
        .git(&format!("push -o {token} origin :main"))
        .accepted();
    // Copied back with what it has spent forgotten, the token still does not fit where main stands.
    refused_after(&stand, &token);
}

/// The same token once more, after main was made again elsewhere.
#[track_caller]
fn refused_after(stand: &Stand, token: &str) {
    let next = stand.clone.commit("again.md", "again\n");
    stand.clone.push("main").accepted();
    fs::remove_dir_all(stand.server.dir.join("portcullis/spent")).unwrap();
    let delete = format!("push -o {token} origin :main");
    stand.clone.git(&delete).rejected().tells("stands at");
    stand.server.ref_is(MAIN, &next);
}

#[test]
fn of_two_pushes_with_one_token_one_is_let_in() {
    let stand = Stand::with(&RULE.replace("refs/heads/main", "refs/heads/**"));
    let token = made(&stand, "portcullis", &payload(&stand, now() + 600));
    let server = stand.server.dir.display();
    // Both judge the same deletion at once, as two connections would.
    let zero = "0".repeat(40);
    let script = format!(
        "export PUSHER=alice GIT_PUSH_OPTION_COUNT=1 GIT_PUSH_OPTION_0={token}; cd '{server}'; \
         one() {{ echo '{} {zero} {MAIN}' | GIT_DIR=. '{}' hook pre-receive 2>/dev/null; echo $?; }}; \
         one >a & one >b & wait; sort a b | tr '\\n' ' '; rm a b",
        stand.base,
        env!("CARGO_BIN_EXE_portcullis"),
    );
    let said = stand.clone.shell(&script).ok();
    let codes: Vec<&str> = said.text().split(' ').collect();
    assert!(
        codes.len() == 2 && codes[0] == "0" && codes[1] != "0",
        "{codes:?}"
    );
}

#[test]
fn a_finding_passes_once_and_no_other_does() {
    let stand = Stand::with(BYPASS);
    let (one, two) = (stand.world.secrets.github(), stand.world.secrets.github());
    let clone = &stand.clone;
    clone.commit("app.py", assigned(&one));
    let said = clone.push("main").rejected().by(ids::GITHUB);
    let print = |said: &crate::world::Said| -> String {
        let line = said
            .stderr
            .lines()
            .find_map(|line| line.split_once("fingerprint: "));
        line.unwrap().1.trim().to_owned()
    };
    let print_one = print(&said);
    let make = |print: &str| {
        let words = format!("bypass --finding {print} --ref {MAIN} --quiet --reason");
        let args: Vec<&str> = words.split(' ').chain(["a test key"]).collect();
        let made = stand.carol.portcullis_fed(&args, b"").ok();
        format!("portcullis.bypass={}", made.text())
    };
    let token = make(&print_one);
    // Not on another ref, not for another finding beside it.
    let push = |to: &str| clone.git(&format!("push -o {token} origin {to}"));
    push("main:topic").rejected().by(ids::GITHUB);
    let clean = clone.head();
    clone.commit("b.py", assigned(&two));
    push("main")
        .rejected()
        .at("b.py:1")
        .says("b.py")
        .lacks("app.py:1:");
    clone.git(&format!("reset -q --hard {clean}")).ok();
    let said = push("main").accepted();
    said.says("bypassed:")
        .says("carol")
        .says("a test key")
        .without(&one);
    stand.server.ref_is(MAIN, &clean);
    // Used: the same once more, as if it had never come.
    let back = format!("update-ref {MAIN} {}", stand.base);
    stand.server.git(&back).ok();
    push("main")
        .rejected()
        .by(ids::GITHUB)
        .says("lets nothing pass");
}

#[test]
fn a_bypass_is_no_permission_and_has_a_reason_and_two_people() {
    let stand = Stand::with(BYPASS);
    let clone = &stand.clone;
    clone.git("commit -q --amend --allow-empty -m again").ok();
    let new = clone.head();
    clone.push("main:topic").accepted();
    stand.carol.git("fetch -q").ok();
    clone.push("+main").rejected().by(ids::REF_FORCE);
    // The command makes none that could not count, so this one is made by hand.
    let payload = format!(
        "portcullis token 1\nrepository {}\nref {MAIN}\nallow check\ncheck {}\nnew {new}\n\
         expires {}\nnonce {}\nreason because\n",
        stand.id,
        ids::REF_FORCE,
        now() + 600,
        "07".repeat(16)
    );
    let token = made(&stand, "portcullis", &payload).replace(".confirm=", ".bypass=");
    let words = format!("bypass --check {} --ref {MAIN} --to {new}", ids::GITHUB);
    let bypass = |by: &crate::world::Repo, words: &str| {
        let words = format!("{words} --quiet --reason");
        let args: Vec<&str> = words.split(' ').chain(["because"]).collect();
        format!(
            "portcullis.bypass={}",
            by.portcullis_fed(&args, b"").ok().text()
        )
    };
    let said = clone.git(&format!("push -o {token} origin +main"));
    let said = said.rejected().by(ids::REF_FORCE);
    said.tells("lets nothing pass: it names refs/force, which no token lets pass");
    stand.server.ref_is(MAIN, &stand.base);
    // Without a reason, without saying in what, without a name: no token.
    stand.carol.portcullis(&words).exit(2).says("reason");
    let check = format!("bypass --check {} --ref {MAIN} --reason x", ids::GITHUB);
    stand.carol.portcullis(&check).exit(2).says("--to");
    stand
        .carol
        .portcullis(&format!("bypass --ref {MAIN} --reason x"))
        .exit(2);
    stand
        .carol
        .portcullis(&format!("bypass --finding 12 --ref {MAIN} --reason x"))
        .exit(2)
        .says("fingerprint");
    // Of a check, in what was named; not by the pusher's own word.
    clone.git(&format!("reset -q --hard {}", stand.base)).ok();
    let leak = clone.commit("app.py", assigned(&stand.world.secrets.github()));
    for repo in [&stand.carol, &stand.alice] {
        repo.git(&format!("fetch -q {} main", clone.dir.display()))
            .ok();
    }
    let words = format!("bypass --check {} --ref {MAIN} --to {leak}", ids::GITHUB);
    let own = bypass(&stand.alice, &words);
    let said = clone.git(&format!("push -o {own} origin main")).rejected();
    said.by(ids::GITHUB).says("it takes two people");
    let token = bypass(&stand.carol, &words);
    clone
        .git(&format!("push -o {token} origin main"))
        .accepted()
        .says("bypassed:");
    stand.server.ref_is(MAIN, &leak);
}

#[test]
fn a_policy_that_asks_for_tokens_says_whose() {
    let stand = Stand::with(RULE);
    let file = stand.server.dir.join("portcullis.toml");
    let good = fs::read_to_string(&file).unwrap();
    for (from, to, why) in [
        (
            "confirm_by = [\"@admins\"]",
            "",
            "\"protect.confirm\": needs confirm_by",
        ),
        ("[\"@admins\"]", "[\"@admin\"]", "no group \"admin\""),
        (
            "confirm = [\"delete\"]",
            "confirm = [\"push\"]",
            "\"protect.confirm\"",
        ),
        (
            "allowed_signers = \"allowed_signers\"",
            "",
            "needs identity.allowed_signers",
        ),
    ] {
        fs::write(&file, good.replacen(from, to, 1)).unwrap();
        stand
            .clone
            .push(":main")
            .rejected()
            .says(why)
            .says("portcullis.toml:");
        stand.server.ref_is(MAIN, &stand.base);
    }
}

/// Whoever pushes chooses the name, and somebody else is told what to run.
#[test]
fn the_name_of_a_ref_runs_nothing_in_the_shell_of_who_confirms_or_approves() {
    let stand = Stand::with(
        "[[protect]]\nrefs = [\"refs/heads/x*\"]\npush = [\"*\"]\napprovals = 1\n\
         confirm = [\"delete\"]\nconfirm_by = [\"@admins\"]\n",
    );
    let name = "refs/heads/x;touch${IFS}gone;`id`";
    let (base, quoted) = (&stand.base, format!("'{name}'"));
    stand.server.git_with(&["update-ref", name, base]).ok();
    let push = |refspec: String| stand.clone.git_with(&["push", "origin", &refspec]);
    let said = push(format!(":{name}")).rejected().by(ids::REF_CONFIRM);
    said.says(&format!("portcullis confirm delete {quoted} --at"));
    stand.clone.commit("a.py", "a = 1\n");
    let said = push(format!("HEAD:{name}")).rejected();
    said.by(ids::REF_APPROVALS)
        .says(&format!("--for {quoted} --server-id"));
}
