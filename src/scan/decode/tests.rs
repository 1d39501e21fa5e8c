//! What every decoder finds and leaves, and what bombs and noise end as.
#![allow(clippy::unwrap_used)]

use super::*;
use ::base64::Engine;
use ::base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use std::io::{Cursor, Write};

/// xorshift64*: the same noise in every run.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap() % end
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next().to_le_bytes()[7]).collect()
    }
}

fn token() -> String {
    let mut noise = Noise(7);
    let letters = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let tail: String = (0..36)
        .map(|_| char::from(letters[noise.below(letters.len())]))
        .collect();
    ["gh", "p_", &tail].concat()
}

/// A piece of any layer, with the outermost text that encodes it.
struct Found {
    hows: Vec<&'static str>,
    bytes: Vec<u8>,
    outer: Range<usize>,
    member: Option<Vec<u8>>,
}

fn all_within(text: &[u8], path: &str, budget: &mut Budget) -> (Vec<Found>, Vec<String>) {
    let decoded = decode(text, path.as_bytes(), budget);
    let (mut found, mut undecided) = (Vec::new(), decoded.undecided);
    for piece in decoded.pieces {
        assert!(
            piece.span.start <= piece.span.end && piece.span.end <= text.len(),
            "{piece:?}"
        );
        let (inner, why) = budget.deeper(|budget| all_within(&piece.bytes, "", budget));
        undecided.extend(why);
        for mut layer in inner {
            layer.hows.insert(0, piece.how);
            layer.outer = piece.span.clone();
            found.push(layer);
        }
        let Piece {
            bytes,
            span,
            how,
            member,
        } = piece;
        found.push(Found {
            hows: vec![how],
            bytes,
            outer: span,
            member,
        });
    }
    (found, undecided)
}

fn all(text: &[u8]) -> (Vec<Found>, Vec<String>) {
    all_within(text, "notes.txt", &mut Budget::default())
}

/// Asserts that the token is found by exactly `hows` in `encoded`, wherever that stands.
fn reveals(encoded: &str, hows: &[&str]) {
    for (left, right) in [("", ""), ("let a = 1;\nkey ", "\nlast"), ("(", ")")] {
        let text = [left, encoded, right].concat();
        assert!(!text.contains(&token()), "{hows:?}: it is encoded");
        let (found, undecided) = all(text.as_bytes());
        assert_eq!(undecided, Vec::<String>::new());
        let hit = found.iter().find(|found| {
            found.hows == hows && memchr::memmem::find(&found.bytes, token().as_bytes()).is_some()
        });
        let hit = hit.unwrap_or_else(|| panic!("{hows:?} does not find it in {text:?}"));
        assert!(
            hit.outer.start <= left.len() + 2 && hit.outer.end + 1 >= left.len() + encoded.len(),
            "{text:?} {:?}",
            hit.outer
        );
    }
}

fn yields_nothing(text: &str) {
    let (found, undecided) = all(text.as_bytes());
    assert!(undecided.is_empty());
    let hows: Vec<_> = found.iter().map(|found| &found.hows).collect();
    assert!(found.is_empty(), "{text:?} yields {hows:?}");
}

fn lines(text: &str, width: usize, end: &str) -> String {
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(width)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    lines.join(end)
}

fn hex_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn gzip_of(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn zip_of(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = ::zip::ZipWriter::new(Cursor::new(Vec::new()));
    let deflated = ::zip::write::SimpleFileOptions::default()
        .compression_method(::zip::CompressionMethod::Deflated);
    for (name, bytes) in members {
        out.start_file(*name, deflated).unwrap();
        out.write_all(bytes).unwrap();
    }
    out.finish().unwrap().into_inner()
}

fn tar_of(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = ::tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = ::tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        out.append_data(&mut header, name, *bytes).unwrap();
    }
    out.into_inner().unwrap()
}

#[test]
fn base64_on_one_line() {
    let text = format!("GITHUB_TOKEN={}\n?>~", token());
    for encoded in [
        STANDARD.encode(&text),
        STANDARD_NO_PAD.encode(&text),
        URL_SAFE_NO_PAD.encode(&text),
    ] {
        reveals(&encoded, &["base64"]);
        reveals(&format!("\"{encoded}\""), &["base64"]);
    }
    let encoded = STANDARD_NO_PAD.encode(token());
    let text = format!("x = \"{encoded}\";");
    let decoded = decode(text.as_bytes(), b"", &mut Budget::default());
    assert_eq!(decoded.pieces.len(), 1);
    assert_eq!(decoded.pieces[0].bytes, token().as_bytes());
    assert_eq!(decoded.pieces[0].span, 5..5 + encoded.len());
    // A path and a dashed name around it.
    let text = format!("/v1/objects/{encoded}/raw");
    let decoded = decode(text.as_bytes(), b"", &mut Budget::default());
    assert_eq!(decoded.pieces[0].bytes, token().as_bytes());
    assert_eq!(decoded.pieces[0].span, 12..12 + encoded.len());
}

#[test]
fn base64_over_lines() {
    let text = format!(
        "{}\nuser = admin\ntoken = {}\n",
        "filler ".repeat(20),
        token()
    );
    let encoded = STANDARD.encode(text);
    for width in [60, 64, 70, 76] {
        for end in ["\n", "\r\n", "\n    ", "\n# ", "\\n", "\\r\\n"] {
            reveals(&lines(&encoded, width, end), &["base64"]);
        }
    }
    // What follows the last line is no part of it.
    let one = STANDARD.encode([token(), token()].concat());
    let decoded = decode(
        format!("{one}\nnext_key: 1").as_bytes(),
        b"",
        &mut Budget::default(),
    );
    assert_eq!(decoded.pieces[0].span, 0..one.len());
}

#[test]
fn private_keys_in_der_are_kept_and_certificates_dropped() {
    let mut noise = Noise(3);
    let sequence = |body: &[&[u8]]| {
        let body = body.concat();
        let length = u16::try_from(body.len()).unwrap().to_be_bytes();
        [&[0x30, 0x82][..], &length, &body].concat()
    };
    let key = sequence(&[&[2, 1, 0], &noise.bytes(600)]);
    let certificate = sequence(&[&[0x30, 0x82, 1, 0], &noise.bytes(600)]);
    for encoded in [
        lines(&STANDARD.encode(&key), 64, "\n"),
        STANDARD.encode(&key),
        hex_of(&key),
    ] {
        let decoded = decode(encoded.as_bytes(), b"", &mut Budget::default());
        assert!(decoded.pieces.iter().any(|piece| piece.bytes == key));
    }
    let decoded = decode(
        lines(&STANDARD.encode(certificate), 64, "\n").as_bytes(),
        b"",
        &mut Budget::default(),
    );
    assert_eq!(decoded.pieces.len(), 0);
}

#[test]
fn hex_digits() {
    reveals(&hex_of(token().as_bytes()), &["hex"]);
    reveals(&hex_of(token().as_bytes()).to_uppercase(), &["hex"]);
    reveals(&format!("0x{}", hex_of(token().as_bytes())), &["hex"]);
    reveals(
        &lines(
            &hex_of(format!("a token: {}", token()).as_bytes()),
            60,
            "\n",
        ),
        &["hex"],
    );
}

#[test]
fn percent_escapes_and_references() {
    let each = |f: fn(u8) -> String| token().bytes().map(f).collect::<String>();
    reveals(&token().replace('_', "%5F"), &["percent"]);
    reveals(&token().replace('_', "%5f"), &["percent"]);
    reveals(&token().replace('_', "%255F"), &["percent", "percent"]);
    reveals(&each(|b| format!("%{b:02X}")), &["percent"]);
    reveals(
        &format!(
            "https://example.com/?q=a%20b&t={}&x=%C3%A9",
            token().replace('_', "%5F")
        ),
        &["percent"],
    );
    reveals(&each(|b| format!("\\x{b:02x}")), &["escape"]);
    reveals(&each(|b| format!("\\u{b:04x}")), &["escape"]);
    reveals(&each(|b| format!("\\u{{{b:x}}}")), &["escape"]);
    reveals(&each(|b| format!("\\U{b:08x}")), &["escape"]);
    reveals(&each(|b| format!("\\{b:03o}")), &["escape"]);
    reveals(&token().replace('_', "\\u005f"), &["escape"]);
    reveals(&token().replace('_', "&lowbar;"), &["html"]);
    reveals(&each(|b| format!("&#{b};")), &["html"]);
    reveals(&each(|b| format!("&#x{b:x};")), &["html"]);
    let text = format!("\"https:\\/\\/me:{}@example.com\"", "hunter");
    let decoded = decode(text.as_bytes(), b"", &mut Budget::default());
    assert_eq!(decoded.pieces[0].bytes, b"https://me:hunter@example.com");
    assert_eq!(decoded.pieces[0].span, 1..text.len() - 1);
    // The letter of an escape hides where the token behind it begins.
    let text = format!("\"a\\n{}\"", token());
    let decoded = decode(text.as_bytes(), b"", &mut Budget::default());
    assert_eq!(
        decoded.pieces[0].bytes,
        format!("a\n{}", token()).as_bytes()
    );
    assert_eq!(decoded.pieces[0].span, 1..text.len() - 1);
}

#[test]
fn joined_strings() {
    let token = token();
    let (a, rest) = token.split_at(9);
    let (b, c) = rest.split_at(13);
    for encoded in [
        format!("\"{a}\" + \"{b}\" + \"{c}\""),
        format!("\"{a}\"+\"{b}{c}\""),
        format!("'{a}' . '{b}'\n    . '{c}'"),
        format!("\"{a}\" \"{b}\"\n  \"{c}\""),
        format!("\"{a}\" +\n\t\"{b}{c}\""),
        format!("\"{a}\" \\\n \"{b}{c}\""),
        format!("`{a}` + `{b}{c}`"),
        format!("\"{a}\"'{b}{c}'"),
        format!("'{a}' || '{b}{c}'"),
        format!("\"{a}\" .. \"{b}{c}\""),
        format!("(\"{a}\") + (\"{b}{c}\")"),
        format!("b\"{a}\" rb\"\" b\"{b}{c}\"").replace("rb\"\" ", ""),
        format!("{a}\\\n{b}{c}"),
        format!("{a}\\\r\n    {b}\\\r\n    {c}"),
    ] {
        reveals(&encoded, &["joined"]);
    }
    let text = format!("f(); api_key = \"{a}\" + \"{b}{c}\";");
    let decoded = decode(text.as_bytes(), b"", &mut Budget::default());
    assert_eq!(
        decoded.pieces[0].bytes,
        format!("api_key = \"{token}\"").as_bytes()
    );
    assert_eq!(decoded.pieces[0].span, 15..text.len() - 1);
    let text = format!("export KEY=\"{a}\\\n{b}{c}\" # it");
    let decoded = decode(text.as_bytes(), b"", &mut Budget::default());
    assert_eq!(decoded.pieces[0].bytes, format!("KEY=\"{token}").as_bytes());
    assert_eq!(&text.as_bytes()[decoded.pieces[0].span.end..], b"\" # it");
}

#[test]
fn near_misses_yield_nothing() {
    let mut noise = Noise(11);
    let digests: Vec<String> = (0..200)
        .map(|_| hex_of(&noise.bytes(20 + noise.0 as usize % 3 * 6)))
        .collect();
    yields_nothing(&digests.join("\n"));
    let keys: Vec<String> = (0..200).map(|_| STANDARD.encode(noise.bytes(48))).collect();
    yields_nothing(&keys.join("\n\n"));
    let png = [&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], &noise.bytes(900)].concat();
    yields_nothing(&format!(
        "url(data:image/png;base64,{})",
        STANDARD.encode(png)
    ));
    for text in [
        "width: 100%; margin: 50% 20px",
        "printf(\"%d %s %5.2f %%\", a, b)",
        "getElementsByTagNameAndClassNameAndAttribute",
        "src/main/java/org/example/application/configuration",
        "[\"a long string here\", \"and another one\"]",
        "f(\"first argument\", 'second argument')",
        "docker run \\\n  --rm \\\n  image",
        "fish &amp; chips &lt;b&gt; &quot;x&quot; a && b; c",
        "C:\\users\\new\\table \"line\\n\", r'\\d+\\s*\\w'",
        "\\\\x41\\\\x42",
        "\"\u{e9}\\u00e9\\u4e2d tail\"",
        "x^2 + y^2",
        "BZh9 is a magic, \"PK\" too",
        "&nosuchname; &#xZZ; &#; %zz \\u12 \\u{} \\u{110000000}",
    ] {
        yields_nothing(text);
    }
}

#[test]
fn compressed_files() {
    let text = format!("{} password {}\n", "some filler ".repeat(50), token());
    let text = text.as_bytes();
    let zlib = {
        let mut out = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        out.write_all(text).unwrap();
        out.finish().unwrap()
    };
    let bzip2 = {
        let mut out = ::bzip2::write::BzEncoder::new(Vec::new(), ::bzip2::Compression::best());
        out.write_all(text).unwrap();
        out.finish().unwrap()
    };
    let xz = {
        let options = lzma_rust2::XzOptions::with_preset(6);
        let mut out = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
        out.write_all(text).unwrap();
        out.finish().unwrap()
    };
    let zstd = ruzstd::encoding::compress_to_vec(text, ruzstd::encoding::CompressionLevel::Fastest);
    let skipped = [
        &b"\x28\xb5\x2f\xfd"[..0],
        &zstd,
        b"\x50\x2a\x4d\x18\x02\0\0\0ab",
        &zstd,
    ]
    .concat();
    let twice = [text, text].concat();
    for (how, packed, expected) in [
        ("gzip", gzip_of(text), text),
        ("gzip", [gzip_of(text), gzip_of(text)].concat(), &twice),
        ("zlib", zlib, text),
        ("bzip2", bzip2, text),
        ("xz", xz, text),
        ("zstd", skipped, &twice),
    ] {
        let (found, undecided) = all_within(&packed, "a/.env.gz", &mut Budget::default());
        assert_eq!(undecided, Vec::<String>::new(), "{how}");
        assert_eq!(found[0].hows, [how]);
        assert!(found[0].bytes == expected, "{how}");
        assert_eq!(found[0].outer, 0..packed.len());
        assert_eq!(found[0].member.as_deref(), Some(&b"a/.env"[..]));
        // In base64 it is found too, as Helm and cloud-init write it.
        let (found, _) = all(format!("data: {}", STANDARD.encode(&packed)).as_bytes());
        assert!(
            found
                .iter()
                .any(|found| found.hows == ["base64", how] && found.bytes == expected),
            "{how}"
        );
    }
    // What still unpacks of a damaged file is looked at.
    let noisy = [text, hex_of(&Noise(5).bytes(4000)).as_bytes()].concat();
    let packed = gzip_of(&noisy);
    let (found, undecided) = all(&packed[..packed.len() / 2]);
    assert!(undecided.is_empty());
    assert!(found[0].bytes.starts_with(text));
    let (found, undecided) = all(b"\x1f\x8b\x08 by chance, and nothing else");
    assert!(found.is_empty() && undecided.is_empty());
}

#[test]
fn archives() {
    let secret = token();
    let inner = zip_of(&[("deep/.env", secret.as_bytes())]);
    let members = [
        ("readme.md", &b"hello"[..]),
        ("lib/inner.jar", &inner),
        (".env", secret.as_bytes()),
    ];
    for (how, packed) in [("zip", zip_of(&members)), ("tar", tar_of(&members))] {
        let (found, undecided) = all(&packed);
        assert!(undecided.is_empty());
        let names: Vec<_> = found
            .iter()
            .map(|found| String::from_utf8(found.member.clone().unwrap()).unwrap())
            .collect();
        assert_eq!(names, ["readme.md", "deep/.env", "lib/inner.jar", ".env"]);
        assert_eq!(found[1].hows, [how, "zip"]);
        assert_eq!(found[1].bytes, secret.as_bytes());
        assert_eq!(found[3].bytes, secret.as_bytes());
        if how == "tar" {
            assert_eq!(&packed[found[3].outer.clone()], secret.as_bytes());
        }
        let (found, _) = all(&gzip_of(&packed));
        assert!(found.iter().any(|found| found.hows == ["gzip", how, "zip"]));
    }
    // Truncated: the directory is gone, the first members are there.
    let packed = zip_of(&[("a", secret.as_bytes()), ("b", &[b'x'; 300])]);
    let (found, undecided) = all(&packed[..packed.len() - 100]);
    assert!(undecided.is_empty());
    assert_eq!(found[0].bytes, secret.as_bytes());
    // Encrypted: opaque, and the others are still read.
    let mut packed = zip_of(&[("a", b"first"), ("b", b"second")]);
    packed[6] |= 1;
    let directory = memchr::memmem::find(&packed, b"PK\x01\x02").unwrap();
    packed[directory + 8] |= 1;
    let (found, undecided) = all(&packed);
    assert!(undecided.is_empty());
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].bytes, b"second");
}

#[test]
fn layers_are_taken_off_to_the_limit_and_no_further() {
    let wrapped = |layers: usize| (0..layers).fold(token(), |text, _| STANDARD.encode(text));
    let (found, undecided) = all(wrapped(8).as_bytes());
    assert!(undecided.is_empty());
    assert!(found.iter().any(|found| found.bytes == token().as_bytes()));
    let (found, undecided) = all(wrapped(9).as_bytes());
    assert!(found.iter().all(|found| found.bytes != token().as_bytes()));
    assert_eq!(undecided, ["base64: encoded in too many layers"]);
    let packed = (0..9).fold(token().into_bytes(), |bytes, _| gzip_of(&bytes));
    assert_eq!(all(&packed).1, ["gzip: packed in too many layers"]);
}

#[test]
fn bombs_are_undecided() {
    let zeros = vec![0; 10 << 20];
    let why = "unpacks to more than 100 times its size; commit the files themselves";
    for (how, bomb) in [
        ("gzip", gzip_of(&zeros)),
        ("zip", zip_of(&[("zeros", &zeros)])),
        (
            "zip",
            zip_of(&[("a", &zeros[..5 << 20]), ("b", &zeros[..5 << 20])]),
        ),
    ] {
        let (found, undecided) = all(&bomb);
        assert_eq!(undecided, [format!("{how}: {why}")]);
        assert!(found.iter().map(|found| found.bytes.len()).sum::<usize>() <= RATIO_FREE);
        let (_, undecided) = all(STANDARD.encode(&bomb).as_bytes());
        assert_eq!(undecided, [format!("{how}: {why}")]);
    }
    // Within the ratio, yet more than is left.
    let mut budget = Budget {
        bytes: 1 << 20,
        ..Budget::default()
    };
    let packed = gzip_of(hex_of(&Noise(9).bytes(1 << 20)).as_bytes());
    budget.grant(0);
    let (found, undecided) = all_within(&packed, "", &mut budget);
    assert!(found.is_empty());
    assert_eq!(
        undecided,
        ["gzip: unpacks to too many bytes; commit the files themselves"]
    );
    let mut budget = Budget {
        pieces: 2,
        ..Budget::default()
    };
    budget.grant(0);
    let (found, undecided) = all_within(
        &zip_of(&[("a", b"1"), ("b", b"2"), ("c", b"3")]),
        "",
        &mut budget,
    );
    assert_eq!(found.len(), 2);
    assert_eq!(undecided, ["zip: too many encoded parts"]);
    // A window of 2 GiB, asked for by a few bytes.
    assert_eq!(
        all(b"\x28\xb5\x2f\xfd\x00\xa8\x01\0\0").1,
        ["zstd: asks for a window above 128 MiB; commit the file itself"]
    );
}

#[test]
fn a_text_that_is_all_encodings_stays_within_its_budget() {
    let mut text = String::new();
    for n in 0..2000 {
        let line = format!("line {n} of a text that is long enough to be found");
        text += &format!(
            "{} \"a%5F{n}\" '\\u005f{n}' \"left {n}\" + \"right {n}\" &#95;{n}\n",
            STANDARD.encode(line)
        );
    }
    let start = Budget {
        bytes: 0,
        pieces: 0,
        ..Budget::default()
    };
    let (found, undecided) = all_within(text.as_bytes(), "", &mut start.clone());
    assert!(undecided.is_empty(), "what the text itself grants suffices");
    assert!(found.len() >= 5 * 2000);
}

#[test]
fn noise_and_damage_never_panic_nor_exceed_the_budget() {
    let mut noise = Noise(42);
    let text = format!("key = {}\n", token());
    let encoded = STANDARD.encode(&text);
    let seeds: Vec<Vec<u8>> = vec![
        encoded.clone().into_bytes(),
        lines(&STANDARD.encode(text.repeat(8)), 76, "\n").into_bytes(),
        hex_of(text.as_bytes()).into_bytes(),
        b"%67%68\\u0067\\x{&#x67;&lowbar;\"a\" + \"b\"\\\n'c'\\".repeat(8),
        gzip_of(text.as_bytes()),
        zip_of(&[("a", text.as_bytes()), ("b/c", encoded.as_bytes())]),
        tar_of(&[("a", text.as_bytes()), ("b/c", encoded.as_bytes())]),
        ruzstd::encoding::compress_to_vec(
            text.as_bytes(),
            ruzstd::encoding::CompressionLevel::Fastest,
        ),
        {
            let mut out = ::bzip2::write::BzEncoder::new(Vec::new(), ::bzip2::Compression::fast());
            out.write_all(text.as_bytes()).unwrap();
            out.finish().unwrap()
        },
        {
            let options = lzma_rust2::XzOptions::with_preset(0);
            let mut out = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
            out.write_all(text.as_bytes()).unwrap();
            out.finish().unwrap()
        },
        b"\"'`+.\\\n%5F&#;u{x}0Aa= ".to_vec(),
    ];
    for round in 0..1500 {
        let mut bytes = seeds[round % seeds.len()].clone();
        for _ in 0..1 + noise.below(6) {
            let at = noise.below(bytes.len());
            match noise.below(4) {
                0 => bytes[at] = noise.next().to_le_bytes()[3],
                1 => bytes.truncate(at + 1),
                2 => bytes.insert(at, b"%\\&\"'+=\n"[noise.below(8)]),
                _ => {
                    let more = bytes[..at].to_vec();
                    bytes.extend(more);
                }
            }
        }
        if round % 5 == 0 {
            let length = noise.below(600);
            let letters = b"\"'`+.\\\n%5F&#;u{x}0Aa= ";
            bytes = match round % 2 {
                0 => noise.bytes(length),
                _ => (0..length)
                    .map(|_| letters[noise.below(letters.len())])
                    .collect(),
            };
        }
        let mut budget = Budget {
            bytes: 1 << 16,
            pieces: 500,
            ..Budget::default()
        };
        budget.grant(0);
        let (found, undecided) = all_within(&bytes, "", &mut budget);
        let total: usize = found.iter().map(|found| found.bytes.len()).sum();
        assert!(total <= 1 << 16 && found.len() <= 500, "round {round}");
        assert!(
            undecided.iter().all(|why| !why.contains("fails")),
            "round {round}: a decoder panicked"
        );
    }
}
