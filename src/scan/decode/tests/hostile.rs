//! What bombs, noise and too many layers end as.

use super::*;

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
