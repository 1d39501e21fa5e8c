//! Private keys in every form, their public halves, and bytes that are neither.

#![allow(clippy::unwrap_used)]
use super::super::template::Random;
use super::public::stand_in;
use super::*;
use base64::engine::general_purpose::STANDARD;

fn random(count: usize, seed: u64) -> Vec<u8> {
    let mut random = Random::new(seed);
    (0..count).map(|_| random.draw() as u8).collect()
}

fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut out = vec![tag];
    match length {
        0..=0x7f => out.push(length as u8),
        0x80..=0xff => out.extend([0x81, length as u8]),
        _ => out.extend([0x82, (length >> 8) as u8, length as u8]),
    }
    out.extend_from_slice(content);
    out
}

fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    tagged(0x30, &parts.concat())
}

fn integer(number: &[u8]) -> Vec<u8> {
    tagged(2, number)
}

/// A modulus of 1024 bits.
fn modulus() -> Vec<u8> {
    let mut modulus = random(128, 7);
    modulus[0] |= 0x80;
    [vec![0], modulus].concat()
}

fn rsa_private() -> Vec<u8> {
    let mut parts = vec![integer(&[0]), integer(&modulus()), integer(&[1, 0, 1])];
    parts.extend((0..6).map(|index| integer(&random(60, index))));
    sequence(&parts)
}

const RSA: &[u8] = &[6, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 1];

fn rsa_public() -> Vec<u8> {
    let key = sequence(&[integer(&modulus()), integer(&[1, 0, 1])]);
    let algorithm = sequence(&[RSA.to_vec(), vec![5, 0]]);
    sequence(&[algorithm, tagged(3, &[vec![0], key].concat())])
}

fn certificate(name: &str) -> Vec<u8> {
    let pair = sequence(&[vec![6, 3, 0x55, 4, 3], tagged(12, name.as_bytes())]);
    let subject = sequence(&[tagged(0x31, &pair)]);
    let empty = sequence(&[]);
    let inner = sequence(&[
        tagged(0xA0, &integer(&[2])),
        integer(&[9]),
        empty.clone(),
        empty.clone(),
        empty.clone(),
        subject,
        rsa_public(),
    ]);
    sequence(&[inner, empty, tagged(3, &[0])])
}

fn armored(kind: &str, body: &[u8]) -> String {
    let coded = STANDARD.encode(body);
    let lines: Vec<&str> = coded
        .as_bytes()
        .chunks(64)
        .map(|line| str::from_utf8(line).unwrap())
        .collect();
    let (lines, dashes) = (lines.join("\n"), "-----");
    format!("{dashes}BEGIN {kind}{dashes}\n{lines}\n{dashes}END {kind}{dashes}\n")
}

#[test]
fn the_same_key_has_one_fingerprint_in_every_file() {
    let key = of_der(&rsa_private()).unwrap();
    let half = key.fingerprint().unwrap();
    assert_eq!(key.to_string(), format!("RSA, 1024 bits, {half}"));
    let wrapped = sequence(&[
        integer(&[0]),
        sequence(&[RSA.to_vec(), vec![5, 0]]),
        tagged(4, &rsa_private()),
    ]);
    assert_eq!(of_der(&wrapped), Some(key.clone()));
    let ssh = format!("ssh-rsa {} me", STANDARD.encode(key.public.unwrap()));
    let text = [
        armored("PUBLIC KEY", &rsa_public()),
        armored("CERTIFICATE", &certificate("www.acme.io")),
        format!("# who may come in\n{ssh}\n"),
        armored("CERTIFICATE", &certificate("drawn \u{1b}[31m")),
    ];
    let found = stand_in(text.concat().as_bytes());
    let names: Vec<Option<&str>> = found.iter().map(|one| one.name.as_deref()).collect();
    assert_eq!(names, [None, Some("www.acme.io"), None, None]);
    assert!(found.iter().all(|one| one.fingerprint == half));
    let at = text[..2].concat().len() + text[2].find("ssh-rsa").unwrap();
    assert_eq!(found[2].at, at);
}

#[test]
fn a_certificate_of_ssh_is_for_the_key_in_it() {
    let mut plain = Vec::new();
    put(&mut plain, b"ssh-ed25519");
    put(&mut plain, &random(32, 1));
    let mut signed = Vec::new();
    put(&mut signed, b"ssh-ed25519-cert-v01@openssh.com");
    put(&mut signed, &random(16, 2));
    put(&mut signed, &random(32, 1));
    put(&mut signed, b"serial, principals and the rest");
    let [plain, signed] = [plain, signed].map(|blob| ssh::of_blob(&blob).unwrap().fingerprint());
    assert_eq!(plain, signed);
}

#[test]
fn bytes_that_are_cut_or_changed_are_no_fault() {
    let texts = [
        rsa_private(),
        rsa_public(),
        certificate("a"),
        [OPENSSH, &random(400, 3)].concat(),
        random(200, 4),
    ];
    let mut random = Random::new(5);
    for text in &texts {
        for round in 0..4000 {
            let mut text = text.clone();
            text.truncate(random.below(text.len() + 1));
            for _ in 0..round % 4 {
                if !text.is_empty() {
                    let at = random.below(text.len());
                    text[at] = random.draw() as u8;
                }
            }
            let _ = (of_der(&text), of_openssh(&text), of_putty(&text));
            let _ = (der::of_certificate(&text), der::of_public(&text));
            let _ = ssh::of_blob(&text);
            let _ = stand_in(armored("CERTIFICATE", &text).as_bytes());
        }
    }
}

/// The first vector of RFC 8032, 7.1: a file that holds the private half alone.
#[test]
fn the_public_half_of_ed25519_is_worked_out() {
    let hex = |text: &str| -> Vec<u8> {
        let pairs = text.as_bytes().chunks(2);
        pairs
            .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    };
    let half = hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
    let other = hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    let file = |half: &[u8]| {
        let algorithm = sequence(&[vec![6, 3, 0x2B, 0x65, 0x70]]);
        let inner = tagged(4, &tagged(4, half));
        of_der(&sequence(&[integer(&[0]), algorithm, inner])).unwrap()
    };
    assert!(file(&half).public.unwrap().ends_with(&other));
    assert_eq!(file(&[0; 32]).public, None);
    assert_eq!(file(&half[1..]).public, None);
}
