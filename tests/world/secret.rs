//! Secrets of every kind, put together at run time from a seed, so that none stands in the source.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use std::cell::Cell;

const BASE62: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const DIGITS: &[u8] = b"0123456789";

/// A line of a program that holds the secret, from column 10 on.
pub(crate) fn assigned(secret: &str) -> String {
    format!("token = \"{secret}\"\n")
}

/// A source of secrets: the same seed gives the same ones in the same order.
pub(crate) struct Secrets(Cell<u64>);

impl Secrets {
    /// Seeded by the name of the running test.
    pub(crate) fn of_this_test() -> Self {
        let thread = std::thread::current();
        let name = thread.name().unwrap_or("unnamed");
        Self(Cell::new(
            u64::from(crc32fast::hash(name.as_bytes())) | 1 << 32,
        ))
    }

    /// GitHub's classic token: `ghp_`, 30 characters, and their CRC-32 in base 62.
    pub(crate) fn github(&self) -> String {
        self.checksummed("ghp")
    }

    /// The same with a checksum that is wrong.
    pub(crate) fn github_miswritten(&self) -> String {
        let mut token = self.github();
        let last = token.pop();
        token.push(if last == Some('0') { '1' } else { '0' });
        token
    }

    /// npm's token, built like GitHub's.
    pub(crate) fn npm(&self) -> String {
        self.checksummed("npm")
    }

    /// GitLab's personal access token.
    pub(crate) fn gitlab(&self) -> String {
        format!("{}-{}", "glpat", self.characters(BASE62, 20))
    }

    /// The id and the secret of an AWS access key.
    pub(crate) fn aws(&self) -> (String, String) {
        let id = format!("{}IA{}", "AK", self.characters(BASE32, 16));
        (id, self.characters(BASE64, 40))
    }

    /// Stripe's secret key for live money.
    pub(crate) fn stripe(&self) -> String {
        ["sk", "live", &self.characters(BASE62, 24)].join("_")
    }

    /// Slack's token for a bot.
    pub(crate) fn slack(&self) -> String {
        let workspace = format!("1{}", self.characters(DIGITS, 11));
        let bot = format!("2{}", self.characters(DIGITS, 12));
        ["xoxb", &workspace, &bot, &self.characters(BASE62, 24)].join("-")
    }

    /// A signed JSON web token.
    pub(crate) fn jwt(&self) -> String {
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
        let subject = self.characters(DIGITS, 10);
        let claims = URL_SAFE_NO_PAD.encode(format!(
            r#"{{"sub":"{subject}","iat":1700000000,"admin":true}}"#
        ));
        let signature = URL_SAFE_NO_PAD.encode(self.bytes(32));
        [header, claims, signature].join(".")
    }

    /// A URL that carries a user and a password, and the password.
    pub(crate) fn basic_auth_url(&self) -> (String, String) {
        let password = self.characters(BASE62, 20);
        let url = format!("https://deploy:{password}@packages.intranet.lan/simple/");
        (url, password)
    }

    /// A password as people choose it: no entropy to speak of.
    pub(crate) fn weak_password(&self) -> String {
        format!("{}{}!", "Winter", self.characters(DIGITS, 4))
    }

    /// A string that only its name gives away.
    pub(crate) fn random(&self) -> String {
        self.characters(BASE62, 40)
    }

    /// An unencrypted Ed25519 key in OpenSSH's format, without the curve's arithmetic.
    pub(crate) fn private_key(&self) -> String {
        let public = self.bytes(32);
        let kind: &[u8] = b"ssh-ed25519";
        let check = self.bytes(4);
        let mut inner = [check.clone(), check].concat();
        let both = [self.bytes(32), public.clone()].concat();
        for field in [kind, &public, &both, b"nobody@nowhere"] {
            put(&mut inner, field);
        }
        let mut padding = 1;
        while inner.len() % 8 != 0 {
            inner.push(padding);
            padding += 1;
        }
        let mut public_part = Vec::new();
        put(&mut public_part, kind);
        put(&mut public_part, &public);

        let mut key = b"openssh-key-v1\0".to_vec();
        for field in [&b"none"[..], b"none", b""] {
            put(&mut key, field);
        }
        key.extend(1_u32.to_be_bytes());
        put(&mut key, &public_part);
        put(&mut key, &inner);
        armoured("OPENSSH PRIVATE KEY", &key)
    }

    /// The shape of an RSA key in PKCS#1, without its arithmetic.
    pub(crate) fn rsa_key(&self) -> String {
        let mut fields = vec![2, 1, 0];
        for length in [128, 3, 127, 64, 64, 63, 63, 63] {
            let mut number = self.bytes(length);
            number[0] = number[0] & 0x3f | 0x40;
            fields.extend([2, 0x81, u8::try_from(length).unwrap()]);
            fields.extend(number);
        }
        let length = u16::try_from(fields.len()).unwrap().to_be_bytes();
        let whole = [vec![0x30, 0x82], length.to_vec(), fields].concat();
        armoured("RSA PRIVATE KEY", &whole)
    }

    /// An Ed25519 key in PKCS#8.
    pub(crate) fn pkcs8_key(&self) -> String {
        let head = [
            0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20,
        ];
        armoured("PRIVATE KEY", &[head.to_vec(), self.bytes(32)].concat())
    }

    /// Random text that is no secret: for padding.
    pub(crate) fn noise(&self, length: usize) -> String {
        self.characters(b"abcdefghij klmnop\nqrstuvw xyz", length)
    }

    /// Random bytes.
    pub(crate) fn bytes(&self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next().to_be_bytes()[0]).collect()
    }

    fn checksummed(&self, prefix: &str) -> String {
        let random = self.characters(BASE62, 30);
        let mut sum = crc32fast::hash(random.as_bytes()) as usize;
        let mut digits = [b'0'; 6];
        for digit in digits.iter_mut().rev() {
            *digit = BASE62[sum % 62];
            sum /= 62;
        }
        format!("{prefix}_{random}{}", String::from_utf8_lossy(&digits))
    }

    fn characters(&self, alphabet: &[u8], count: usize) -> String {
        (0..count)
            .map(|_| char::from(alphabet[self.next() as usize % alphabet.len()]))
            .collect()
    }

    /// SplitMix64 (Steele, Lea and Flood, 2014); the high half, as a number below 2^32.
    fn next(&self) -> u32 {
        self.0.set(self.0.get().wrapping_add(0x9e37_79b9_7f4a_7c15));
        let mut z = self.0.get();
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 32) as u32
    }
}

fn put(out: &mut Vec<u8>, field: &[u8]) {
    out.extend((field.len() as u32).to_be_bytes());
    out.extend(field);
}

fn armoured(label: &str, key: &[u8]) -> String {
    let encoded = STANDARD.encode(key);
    let mut text = format!("-----{} {label}-----\n", "BEGIN");
    for line in encoded.as_bytes().chunks(64) {
        text.push_str(&String::from_utf8_lossy(line));
        text.push('\n');
    }
    text + &format!("-----{} {label}-----\n", "END")
}
