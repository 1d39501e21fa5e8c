//! What is taken for a signature, and what is in one, against odd bytes.
#![allow(clippy::unwrap_used)]

use super::*;

const SHA1: &str = "0123456789012345678901234567890123456789";
const ARMOUR: &str = "-----BEGIN PGP SIGNATURE-----\n\nAAAA\n=AAAA\n-----END PGP SIGNATURE-----";

/// A commit with these headers below the committer, and its signature.
fn commit(tree: &str, more: &str) -> Result<Signed, NotVerified> {
    let raw =
        format!("tree {tree}\nauthor A <a> 1 +0000\ncommitter A <a> 1 +0000\n{more}\nwords\n");
    signed_commit(raw.as_bytes())
}

fn header(name: &str, armour: &str) -> String {
    format!("{name} {}\n", armour.replace('\n', "\n "))
}

#[test]
fn the_signature_of_a_commit_is_unfolded_as_git_folds_it() {
    let signed = commit(SHA1, &header("gpgsig", ARMOUR)).unwrap();
    assert_eq!(signed.signature, format!("{ARMOUR}\n").into_bytes());
    assert_eq!(signed.format, Format::OpenPgp);
    let plain = format!("tree {SHA1}\nauthor A <a> 1 +0000\ncommitter A <a> 1 +0000\n\nwords\n");
    assert_eq!(signed.payload, plain.as_bytes());
    assert!(commit(SHA1, &header("gpgsig", &format!("{ARMOUR}\n"))).is_ok());
    // What follows the header belongs to the commit, and a signature for the other hash to neither.
    let other = header("gpgsig-sha256", "-----BEGIN x");
    let more = format!(
        "mergetag object {SHA1}\n -----BEGIN PGP SIGNATURE-----\n{other}{}encoding x\n",
        header("gpgsig", ARMOUR)
    );
    let signed = commit(SHA1, &more).unwrap();
    let payload = String::from_utf8(signed.payload).unwrap();
    assert!(payload.ends_with(&format!(
        "mergetag object {SHA1}\n -----BEGIN PGP SIGNATURE-----\nencoding x\n\nwords\n"
    )));
    let sha256 = SHA1.repeat(2);
    let sha256 = &sha256[..64];
    assert!(commit(sha256, &header("gpgsig-sha256", ARMOUR)).is_ok());
    assert_eq!(
        commit(sha256, &header("gpgsig", ARMOUR)),
        Err(NotVerified::Unsigned)
    );
    assert_eq!(
        commit(SHA1, &header("gpgsig-sha256", ARMOUR)),
        Err(NotVerified::Unsigned)
    );
}

#[test]
fn what_is_not_one_signature_is_none() {
    let one = header("gpgsig", ARMOUR);
    for (more, why) in [
        (format!("{one}{one}"), "there is more than one"),
        (
            header("gpgsig", &format!("{ARMOUR}\n{ARMOUR}")),
            "something follows it, or there are two",
        ),
        (
            header("gpgsig", &format!("{ARMOUR}\nmore")),
            "something follows it, or there are two",
        ),
        (
            header("gpgsig", &format!("more\n{ARMOUR}")),
            "it does not begin as a signature does",
        ),
        (header("gpgsig", ""), "it ends where it begins"),
        (
            header("gpgsig", "-----BEGIN PGP SIGNATURE-----\nAAAA"),
            "something follows its end, or the end is missing",
        ),
        (
            header("gpgsig", &ARMOUR.replace("SIGNATURE", "MESSAGE")),
            "it is a whole OpenPGP message",
        ),
        (
            header("gpgsig", &ARMOUR.replace("AAAA", &"A".repeat(70_000))),
            "it is larger than 64 KiB",
        ),
    ] {
        assert_eq!(
            commit(SHA1, &more),
            Err(NotVerified::Malformed(why)),
            "{more:.200}"
        );
    }
    for more in [
        "",
        "gpgsig\n",
        "gpgsigx a\n",
        "gpgsig2 a\n b\n",
        "x gpgsig a\n",
    ] {
        assert_eq!(commit(SHA1, more), Err(NotVerified::Unsigned), "{more}");
    }
    // Git would take this for a commit without parents; the signed one had some.
    let moved = format!(
        "tree {SHA1}\n{one}parent {SHA1}\nauthor A <a> 1 +0000\ncommitter A <a> 1 +0000\n\nwords\n"
    );
    let above = NotVerified::Malformed("it stands above the committer");
    assert_eq!(signed_commit(moved.as_bytes()), Err(above));
    assert_eq!(
        signed_commit(format!("tree {SHA1}\n\n{one}").as_bytes()),
        Err(NotVerified::Unsigned)
    );
}

#[test]
fn the_signature_of_a_tag_ends_it() {
    let tag =
        |text: &str| signed_tag(format!("object {SHA1}\ntype commit\ntag v1\n\n{text}").as_bytes());
    let signed = tag(&format!("words\n{ARMOUR}\n")).unwrap();
    assert!(signed.payload.ends_with(b"\nwords\n"));
    assert_eq!(signed.signature, format!("{ARMOUR}\n").into_bytes());
    assert!(tag(&format!("words\n{ARMOUR}")).is_ok());
    for (text, error) in [
        ("words\n".to_owned(), NotVerified::Unsigned),
        (format!("words {ARMOUR}\n"), NotVerified::Unsigned),
        (
            format!("{ARMOUR}\n{ARMOUR}\n"),
            NotVerified::Malformed("there is more than one"),
        ),
        (
            format!("{ARMOUR}\nwords\n"),
            NotVerified::Malformed("something follows it, or there are two"),
        ),
        (
            format!("-----BEGIN SSH SIGNATURE-----x\n{ARMOUR}\n"),
            NotVerified::Malformed("there is more than one"),
        ),
    ] {
        assert_eq!(tag(&text), Err(error), "{text}");
    }
    let with_header = format!(
        "object {SHA1}\n{}\nwords\n{ARMOUR}\n",
        header("gpgsig", ARMOUR)
    );
    let inside = NotVerified::Malformed("it is in a header of the tag");
    assert_eq!(signed_tag(with_header.as_bytes()), Err(inside));
}

fn string(bytes: &[u8]) -> Vec<u8> {
    [
        &u32::try_from(bytes.len()).unwrap().to_be_bytes()[..],
        bytes,
    ]
    .concat()
}

fn strings(fields: &[&[u8]]) -> Vec<u8> {
    fields.iter().flat_map(|field| string(field)).collect()
}

/// An SSH signature with this key and this signature blob.
fn ssh(key: &[u8], blob: &[u8]) -> Vec<u8> {
    let rest = strings(&[key, b"git", b"", b"sha512", blob]);
    [b"SSHSIG\0\0\0\x01", &rest[..]].concat()
}

const SK: &[u8] = b"sk-ssh-ed25519@openssh.com";
const SK_ECDSA: &[u8] = b"sk-ecdsa-sha2-nistp256@openssh.com";

fn blob(kind: &[u8], flags: u8) -> Vec<u8> {
    let state = [&[flags][..], &[0, 0, 0, 9]].concat();
    [strings(&[kind, b"signature"]), state].concat()
}

#[test]
fn the_flags_of_a_device_are_read_from_its_own_signatures_alone() {
    let sk = strings(&[SK, b"point", b"ssh:"]);
    let ecdsa = strings(&[SK_ECDSA, b"nistp256", b"point", b"ssh:work"]);
    let cert = [
        strings(&[
            b"sk-ssh-ed25519-cert-v01@openssh.com",
            b"nonce",
            b"point",
            b"ssh:",
        ]),
        b"the rest of the certificate".to_vec(),
    ]
    .concat();
    let told = |touched, verified| Some(Hardware { touched, verified });
    for (key, blob, hardware) in [
        (&sk, blob(SK, 0x00), told(false, false)),
        (&sk, blob(SK, 0x01), told(true, false)),
        (&sk, blob(SK, 0x04), told(false, true)),
        (&sk, blob(SK, 0x05), told(true, true)),
        (&ecdsa, blob(SK_ECDSA, 0x05), told(true, true)),
        (&cert, blob(SK, 0x05), told(true, true)),
        (&sk, blob(SK_ECDSA, 0x05), None),
        (
            &ecdsa,
            blob(b"webauthn-sk-ecdsa-sha2-nistp256@openssh.com", 0x05),
            None,
        ),
        (
            &strings(&[SK, b"point", b"https://x"]),
            blob(SK, 0x05),
            None,
        ),
        (
            &strings(&[b"ssh-ed25519", b"point"]),
            blob(b"ssh-ed25519", 0x05),
            None,
        ),
    ] {
        let read = sshsig::SshSignature::parse(&ssh(key, &blob)).unwrap();
        assert_eq!(read.hardware, hardware);
    }
    // A certificate goes by the key that it certifies.
    let read = |key: &[u8]| sshsig::SshSignature::parse(&ssh(key, &blob(SK, 1))).unwrap();
    assert_eq!(read(&cert).fingerprint(), read(&sk).fingerprint());
    assert!(read(&cert).is_certified() && !read(&sk).is_certified());
}

#[test]
fn no_bytes_make_a_parser_panic_and_no_cut_ones_are_read() {
    let whole = ssh(&strings(&[SK, b"point", b"ssh:"]), &blob(SK, 5));
    assert!(sshsig::SshSignature::parse(&whole).is_ok());
    for end in 0..whole.len() {
        assert!(sshsig::SshSignature::parse(&whole[..end]).is_err(), "{end}");
    }
    let longer = [&whole[..], b"x"].concat();
    assert!(sshsig::SshSignature::parse(&longer).is_err());
    // Every byte in its place replaced by others, lengths included.
    for at in 0..whole.len() {
        for byte in [0x00, 0x01, 0x7f, 0x80, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] = byte;
            let _ = sshsig::SshSignature::parse(&bytes);
        }
    }
    let text = format!(
        "tree {SHA1}\nauthor A <a> 1 +0000\ncommitter A <a> 1 +0000\n{}\nwords\n{ARMOUR}\n",
        header("gpgsig", ARMOUR)
    );
    for at in 0..text.len() {
        for byte in [b'\n', b' ', b'-', 0, 0xff] {
            let mut bytes = text.clone().into_bytes();
            bytes[at] = byte;
            for cut in [&bytes[..], &bytes[..at], &bytes[at..]] {
                let _ = (signed_commit(cut), signed_tag(cut), trailing(cut));
                let _ = Signed::detached(Vec::new(), cut.to_vec());
            }
        }
    }
}
