//! `audit.notify`: who is told of a push after it, and that nothing hangs on it.

use crate::audit::{entries, kept};
use crate::world::{Repo, World, assigned};
use serde_json::Value;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

const MAIN: &str = "refs/heads/main";

fn names(server: &Repo, addresses: &str) {
    let policy = fs::read_to_string(server.dir.join("portcullis.toml")).unwrap();
    let log = "log = \"portcullis-audit.jsonl\"\n";
    let policy = policy.replace(log, &format!("{log}notify = [{addresses}]\n"));
    server.write("portcullis.toml", policy);
    server.portcullis("install --server").ok();
}

fn waiting(server: &Repo) -> Vec<Value> {
    let Ok(list) = fs::read_dir(server.dir.join("portcullis/spool")) else {
        return Vec::new();
    };
    let files = list.map(|file| file.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|ext| ext == "json"));
    files
        .map(|path| serde_json::from_slice(&fs::read(path).unwrap()).unwrap())
        .collect()
}

/// A folder to put before `PATH`, with a `curl` that does this.
fn curl(world: &World, script: &str) -> String {
    curl_in(world, "bin", script)
}

/// The same in a folder of that name.
fn curl_in(world: &World, folder: &str, script: &str) -> String {
    let dir = world.path(folder);
    fs::create_dir_all(&dir).unwrap();
    let file = dir.join("curl");
    fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    let path = std::env::var("PATH").unwrap();
    format!("{}:{path}", dir.display())
}

#[track_caller]
fn comes(path: &Path) {
    let started = Instant::now();
    while !path.exists() {
        assert!(
            started.elapsed() < Duration::from_secs(30),
            "{}",
            path.display()
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_webhook_is_told_of_what_has_moved_and_of_nothing_else() {
    let world = World::new();
    let (server, alice, base) = kept(&world, "");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let hook = "very-secret";
    names(&server, &format!("\"http://127.0.0.1:{port}/hook/{hook}\""));
    let hears = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let (mut request, mut part) = (Vec::new(), [0; 4096]);
        loop {
            let count = stream.read(&mut part).unwrap();
            request.extend_from_slice(&part[..count]);
            let text = String::from_utf8_lossy(&request).into_owned();
            let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("Content-Length: "));
            if length.is_some_and(|length| body.len() >= length.trim().parse().unwrap()) {
                stream
                    .write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
                    .unwrap();
                return text;
            }
        }
    });
    // Whatever the environment of the hook says, that is the pusher's as far as anybody knows.
    let nowhere = "http://127.0.0.1:9";
    let mut alice = alice;
    for name in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        alice = alice.with_env(name, nowhere);
    }
    alice.commit("leak.py", assigned(&world.secrets.github()));
    alice.push("main").rejected();
    alice.git("reset -q --hard HEAD~1").ok();
    let next = alice.commit("a.py", "a = 1\n");
    let said = alice.push("main").accepted();
    said.lacks(hook);
    let request = hears.join().unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with(&format!("POST /hook/{hook} ")), "{head}");
    assert!(head.contains("Content-Type: application/json"), "{head}");
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["repository"], "origin.git");
    let told = body["entries"].as_array().unwrap();
    assert_eq!(told.len(), 1);
    let log = entries(&server);
    let moved = log.iter().find(|entry| entry["event"] == "moved").unwrap();
    for (key, is) in [
        ("ref", MAIN),
        ("old", &base),
        ("new", &next),
        ("pusher", "alice"),
    ] {
        assert_eq!(told[0][key], is);
        assert_eq!(told[0][key], moved[key]);
    }
    assert_eq!(told[0]["push"], moved["push"]);
    let log = fs::read_to_string(server.dir.join("portcullis-audit.jsonl")).unwrap();
    assert!(!log.contains(hook));
}

#[test]
fn an_address_that_does_not_answer_holds_up_nothing_and_is_told_later() {
    let world = World::new();
    let (server, alice, _) = kept(&world, "");
    names(&server, "\"https://hooks.example/very-secret\"");
    let done = world.path("done");
    let path = curl(
        &world,
        &format!(
            "cat >/dev/null; sleep 5; touch '{}'; exit 22",
            done.display()
        ),
    );
    alice.commit("a.py", "a = 1\n");
    let started = Instant::now();
    alice.with_env("PATH", &path).push("main").accepted();
    assert!(
        started.elapsed() < Duration::from_secs(4),
        "the push waits for it"
    );
    comes(&done);
    assert_eq!(waiting(&server).len(), 1);
    // What is left says why, without the address.
    let path = curl(&world, "exit 22");
    let told = server
        .with_env("PATH", &path)
        .portcullis("audit send")
        .exit(3);
    told.says("1 message waits: hooks.example: curl ends with")
        .lacks("very-secret");
    // And goes out when it can: with the address on standard input, where no other account sees it.
    let (seen, words) = (world.path("seen"), world.path("words"));
    let script = format!(
        "cat >'{}'; echo \"$@\" >'{}'",
        seen.display(),
        words.display()
    );
    let path = curl(&world, &script);
    server.with_env("PATH", &path).portcullis("audit send").ok();
    assert_eq!(waiting(&server).len(), 0);
    let seen = fs::read_to_string(seen).unwrap();
    assert!(
        seen.contains("url = \"https://hooks.example/very-secret\""),
        "{seen}"
    );
    let words = fs::read_to_string(words).unwrap();
    assert!(
        words.starts_with("-q ") && !words.contains("very-secret"),
        "{words}"
    );
}

#[test]
fn a_proxy_is_what_the_policy_names_and_never_what_the_environment_does() {
    let world = World::new();
    let (server, alice, _) = kept(&world, "");
    names(&server, "\"https://hooks.example/x\"");
    let (seen, left) = (world.path("seen"), world.path("left"));
    let script = format!("env >'{}'; cat >'{}'", left.display(), seen.display());
    let path = curl_in(&world, "tells", &script);
    // What a push begins by itself tells nobody, whenever it comes to it.
    let silent = alice.with_env("PATH", &curl(&world, "exit 22"));
    let mut server = server.with_env("PATH", &path);
    for name in [
        "https_proxy",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "SSLKEYLOGFILE",
        "CURL_HOME",
    ] {
        server = server.with_env(name, "http://elsewhere.example");
    }
    let sends = |line: &str| {
        silent
            .push(&format!("main:refs/heads/{}", line.len()))
            .accepted();
        let file = server.dir.join("portcullis.toml");
        let policy = fs::read_to_string(&file).unwrap();
        fs::write(
            &file,
            policy.replace("[audit]\n", &format!("[audit]\n{line}")),
        )
        .unwrap();
        let began = Instant::now();
        while !seen.exists() && began.elapsed() < Duration::from_secs(120) {
            // The one that the push began may hold the lock.
            server.portcullis("audit send").whatever();
        }
        let left = fs::read_to_string(&left).unwrap();
        assert!(!left.contains("elsewhere"), "{left}");
        let text = fs::read_to_string(&seen).unwrap();
        fs::remove_file(&seen).unwrap();
        text
    };
    let text = sends("");
    assert!(
        text.contains("noproxy = \"*\"\n") && !text.contains("\nproxy"),
        "{text}"
    );
    let proxy = "socks5h://proxy.example:1080";
    let text = sends(&format!("proxy = \"{proxy}\"\n"));
    assert!(text.contains(&format!("\nproxy = \"{proxy}\"\n")) && !text.contains("noproxy"));
}

#[test]
fn nothing_about_it_refuses_a_push() {
    let world = World::new();
    let (server, alice, _) = kept(&world, "");
    names(&server, "\"https://hooks.example/x\"");
    // No place to keep it.
    let spool = server.dir.join("portcullis/spool");
    fs::create_dir_all(spool.parent().unwrap()).unwrap();
    fs::write(&spool, "no folder").unwrap();
    let alice = alice.with_env("PATH", &curl(&world, "exit 6"));
    let next = alice.commit("a.py", "a = 1\n");
    let said = alice.push("main").accepted();
    said.tells("nobody is told that refs have moved");
    server.ref_is(MAIN, &next);
    // Nobody there to tell.
    fs::remove_file(&spool).unwrap();
    alice.push("main:other").accepted();
    assert_eq!(waiting(&server).len(), 1);
    server.portcullis("audit verify").ok();
}
