//! What compressed files and archives yield.

use super::*;

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
