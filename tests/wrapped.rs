//! Secrets in bytes that are no plain text: encoded, compressed, packed, torn in two.

use crate::staged::blocked;
use crate::world::{World, assigned, ids};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};
use std::io::Write as _;
use std::os::unix::fs::symlink;

#[test]
fn a_file_in_utf_16_is_read() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
    let text = format!("first line\r\n{}", assigned(&token));
    let little = [vec![0xff, 0xfe], wide(&text, u16::to_le_bytes)].concat();
    let big = [vec![0xfe, 0xff], wide(&text, u16::to_be_bytes)].concat();
    repo.stage("little.ps1", little).stage("big.ps1", big);
    blocked(&repo, ids::GITHUB, "little.ps1:2", &token);
    blocked(&repo, ids::GITHUB, "big.ps1:2", &token);
}

fn wide(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

#[test]
fn a_zip_is_opened() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
    let inner = format!("{}{}", "x = 1\n".repeat(50), assigned(&token));
    repo.stage("archive.zip", zip_of("inner/app.py", inner.as_bytes()));
    blocked(&repo, ids::GITHUB, "archive.zip", &token);
}

/// A ZIP archive with one deflated member; the fields are those of APPNOTE.TXT 4.3.
fn zip_of(name: &str, content: &[u8]) -> Vec<u8> {
    let mut deflate = DeflateEncoder::new(Vec::new(), Compression::default());
    deflate.write_all(content).unwrap();
    let packed = deflate.finish().unwrap();
    let mut common = vec![20, 0, 0, 0, 8, 0, 0, 0, 0, 0];
    common.extend(crc32fast::hash(content).to_le_bytes());
    common.extend((packed.len() as u32).to_le_bytes());
    common.extend((content.len() as u32).to_le_bytes());
    common.extend((name.len() as u32).to_le_bytes());
    let head = [b"PK\x03\x04", &common[..], name.as_bytes(), &packed].concat();
    let entry = [
        b"PK\x01\x02\x14\x00",
        &common[..],
        &[0; 14],
        name.as_bytes(),
    ]
    .concat();
    let mut end = b"PK\x05\x06\0\0\0\0\x01\0\x01\0".to_vec();
    end.extend((entry.len() as u32).to_le_bytes());
    end.extend((head.len() as u32).to_le_bytes());
    end.extend([0, 0]);
    [head, entry, end].concat()
}

#[test]
fn encodings_are_undone() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
    let hex: String = token.bytes().map(|byte| format!("{byte:02x}")).collect();
    let percent: String = token.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let unicode: String = token.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
    let encodings = [
        ("base64", STANDARD.encode(format!("user:{token}"))),
        ("hex", hex),
        ("percent", percent),
        ("unicode", unicode),
    ];
    for (name, encoded) in &encodings {
        repo.stage(
            format!("{name}.txt"),
            format!("# {name}\ndata: \"{encoded}\"\n"),
        );
    }
    for (name, encoded) in &encodings {
        let place = format!("{name}.txt:2");
        let report = repo.scan("--staged").exit(1).without(&token).json();
        let finding = report.one(ids::GITHUB, &place);
        assert!(
            finding["place"]["decoded"]
                .as_array()
                .is_some_and(|steps| !steps.is_empty()),
            "{finding:#}"
        );
        repo.try_commit()
            .rejected()
            .at(&place)
            .without(&token)
            .without(encoded);
    }
}

#[test]
fn gzip_in_base64_is_undone() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(format!("stringData:\n  {}", assigned(&token)).as_bytes())
        .unwrap();
    let packed = STANDARD.encode(gzip.finish().unwrap());
    repo.stage(
        "release.yaml",
        format!("kind: Secret\ndata:\n  release: {packed}\n"),
    );
    blocked(&repo, ids::GITHUB, "release.yaml:3", &token);
}

#[test]
fn a_token_in_two_strings_is_put_together() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
    let (head, tail) = token.split_at(17);
    repo.stage(
        "app.js",
        format!("// a\nconst t = \"{head}\" + \"{tail}\";\n"),
    );
    blocked(&repo, ids::GITHUB, "app.js:2", &token);
}

#[test]
fn a_nul_byte_hides_nothing() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
    repo.stage(
        "data.bin",
        format!("\0\0\x7fELF\0\n\0{}\0", assigned(&token)),
    );
    blocked(&repo, ids::GITHUB, "data.bin:2", &token);
}

#[test]
fn bytes_that_are_no_utf_8_hide_nothing() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
    let text = [b"caf\xe9 \xff\n".to_vec(), assigned(&token).into_bytes()].concat();
    repo.stage("latin1.txt", text);
    blocked(&repo, ids::GITHUB, "latin1.txt:2", &token);
}

#[test]
fn the_target_of_a_symlink_is_read() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
    symlink(format!("/nowhere/{token}"), repo.dir.join("link")).unwrap();
    repo.git("add link").ok();
    blocked(&repo, ids::GITHUB, "link:1", &token);
}

#[test]
fn a_line_of_three_megabytes_is_read_to_its_end() {
    let world = World::new();
    let (repo, token) = (world.repo_with_hooks(), world.secrets.github());
    let filler = "var a=1;".repeat(400_000);
    repo.stage("bundle.js", format!("{filler}{}", assigned(&token)));
    let report = repo.scan("--staged").exit(1).without(&token).json();
    let column = report.one(ids::GITHUB, "bundle.js:1")["place"]["column"].as_u64();
    assert_eq!(
        column,
        Some(filler.len() as u64 + "token = \"".len() as u64 + 1)
    );
    blocked(&repo, ids::GITHUB, "bundle.js:1", &token);
}
