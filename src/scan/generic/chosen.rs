//! Passwords that people choose: weak, yet what they open stands open.

use super::place::Place;
use super::value::is_coded_text;
use super::{Evidence, randomness};
use std::ops::Range;

/// Secrets shorter than this are words, in bytes.
pub(super) const MIN_SECRET: usize = 8;

/// Weighs a value given to a password.
///
/// A digit or a sign among letters is what people do to passwords and seldom to words. Letters alone
/// are either chosen, and then a word, or drawn by a program; the evidence is that of a mixture of
/// both, half and half.
pub(super) fn weigh(evidence: &mut Evidence, value: &[u8], place: Place) {
    let escaped = value
        .windows(2)
        .any(|two| two[0] == b'\\' && matches!(two[1], b'x' | b'u' | b'0'..=b'9'));
    if value.len() > 64 || is_identifier(value) || escaped {
        evidence.add("it reads like a name in a program", -20.0);
        return;
    }
    let lower = value.to_ascii_lowercase();
    let spelled = spelled(&lower);
    let digit = value.iter().any(u8::is_ascii_digit);
    let letter = value.iter().any(u8::is_ascii_alphabetic);
    let sign = value
        .iter()
        .any(|b| b.is_ascii_punctuation() && !matches!(b, b'-' | b'_' | b'.' | b':' | b','));
    match (letter, digit, sign) {
        (true, true, true) => evidence.add("letters, digits and signs", 16.0),
        (true, true, false) => evidence.add("letters and digits", 12.0),
        (true, false, true) => evidence.add("letters and signs", 10.0),
        (false, true, _) => evidence.add("digits", 7.0),
        (true, false, false) => evidence.add("letters", 5.0),
        (false, false, _) => evidence.add("signs", -10.0),
    }
    match value.len() {
        0..6 => evidence.add("it is short", -5.0),
        6..8 => {}
        8..=40 => evidence.add("it is as long as passwords are", 2.0),
        _ => {}
    }
    let surprise = randomness::surprise(value);
    if letter && !digit && !sign {
        let drawn = (0.5 + 0.5 * surprise.min(10.0).exp2()).log2();
        evidence.add("a word, or letters drawn by chance", drawn);
    } else {
        evidence.add("mixed characters", (kinds(value) as f64 - 2.0).max(0.0));
        evidence.add("order of its characters", (surprise / 4.0).clamp(-2.0, 6.0));
    }
    let again = says_again(&lower) || says_again(&spelled);
    evidence.add_if(again, "it says again what it is", -5.0);
    let stock = is_stock(&lower) || is_stock(&spelled);
    evidence.add_if(stock, "everyone writes it into examples", -14.0);
    evidence.add_if(is_coded_text(value), "it decodes to words", -20.0);
    evidence.add_if(counts(value), "it counts", -6.0);
    match place {
        Place::Environment => evidence.add("it stands in an environment", 5.0),
        Place::Data => evidence.add("it stands among settings", 3.0),
        Place::Prose | Place::Code => {}
    }
}

/// A value in lower case, with the digits and signs that some write for letters as those letters.
fn spelled(lower: &[u8]) -> Vec<u8> {
    lower
        .iter()
        .map(|byte| match byte {
            b'0' => b'o',
            b'1' => b'i',
            b'3' => b'e',
            b'4' | b'@' => b'a',
            b'5' | b'$' => b's',
            byte => *byte,
        })
        .collect()
}

/// How many kinds of characters there are: small, large, digits, others.
fn kinds(value: &[u8]) -> usize {
    [
        value.iter().any(u8::is_ascii_lowercase),
        value.iter().any(u8::is_ascii_uppercase),
        value.iter().any(u8::is_ascii_digit),
        value.iter().any(u8::is_ascii_punctuation),
    ]
    .into_iter()
    .filter(|kind| *kind)
    .count()
}

/// Words with `-`, `_` or `.` between them, or in camel case: how programs name things.
fn is_identifier(value: &[u8]) -> bool {
    let count = |member: fn(&u8) -> bool| value.iter().filter(|byte| member(byte)).count();
    let letters = count(u8::is_ascii_alphabetic);
    let digits = count(u8::is_ascii_digit);
    let joined = count(|byte| matches!(byte, b'-' | b'_' | b'.' | b':' | b'/'));
    let turns = value
        .windows(2)
        .any(|two| two[0].is_ascii_lowercase() && two[1].is_ascii_uppercase());
    let constant = joined > 0 && digits < 3 && !value.iter().any(u8::is_ascii_lowercase);
    let words = digits == 0 && (joined > 0 || turns) && randomness::surprise(value) < 4.0;
    // `KRB5_Alice`: every part begins with a letter and is no more than a word.
    let parts = joined > 0
        && (1..3).contains(&digits)
        && value
            .split(|byte| !byte.is_ascii_alphanumeric())
            .all(|part| part.first().is_some_and(u8::is_ascii_alphabetic))
        && randomness::surprise(value) < 6.0;
    letters + digits + joined == value.len() && (words || constant || parts)
}

/// Words that people write where a password stands in examples, tests and defaults. A value made of
/// nothing but them, digits and signs is no secret.
const STOCK: &[&str] = &[
    "abc",
    "abcd",
    "admin",
    "administrator",
    "airflow",
    "alice",
    "and",
    "any",
    "app",
    "asdf",
    "bad",
    "bar",
    "baz",
    "bob",
    "changeit",
    "changeme",
    "client",
    "correct",
    "data",
    "database",
    "db",
    "default",
    "demo",
    "dev",
    "django",
    "docker",
    "doe",
    "dummy",
    "elastic",
    "example",
    "fake",
    "foo",
    "good",
    "grafana",
    "guest",
    "hello",
    "here",
    "hunter",
    "incorrect",
    "invalid",
    "is",
    "jane",
    "john",
    "joe",
    "key",
    "keycloak",
    "laravel",
    "letmein",
    "local",
    "login",
    "manager",
    "me",
    "minio",
    "mongo",
    "my",
    "mysql",
    "name",
    "new",
    "not",
    "old",
    "opensesame",
    "oracle",
    "other",
    "passcode",
    "passphrase",
    "password",
    "passw",
    "passwd",
    "pass",
    "phrase",
    "postgres",
    "postgresql",
    "pw",
    "pwd",
    "qux",
    "qwer",
    "qwerty",
    "rabbit",
    "rabbitmq",
    "random",
    "redis",
    "root",
    "safe",
    "sample",
    "scott",
    "secret",
    "server",
    "service",
    "some",
    "something",
    "strong",
    "super",
    "supersecret",
    "swordfish",
    "sys",
    "system",
    "temp",
    "test",
    "tester",
    "testing",
    "this",
    "tiger",
    "token",
    "tomcat",
    "top",
    "ubuntu",
    "user",
    "username",
    "vagrant",
    "value",
    "very",
    "weak",
    "welcome",
    "wordpress",
    "word",
    "world",
    "wrong",
    "xyz",
    "your",
    "s3cret",
    "s3cr3t",
    "passw0rd",
    "p4ssw0rd",
    "p4ssword",
    "pa55word",
    "pa55w0rd",
    "secr3t",
    "pass1word",
];

/// Whether a value in lower case is made of such words.
pub(super) fn is_stock(lower: &[u8]) -> bool {
    let mut reached = vec![false; lower.len() + 1];
    reached[0] = true;
    let mut words = 0;
    for at in 0..lower.len() {
        if !reached[at] {
            continue;
        }
        if !lower[at].is_ascii_alphabetic() {
            reached[at + 1] = true;
        }
        for word in STOCK {
            if lower[at..].starts_with(word.as_bytes()) {
                reached[at + word.len()] = true;
                words += 1;
            }
        }
    }
    reached[lower.len()] && words > 0
}

/// Whether a value counts: `1234`, `4321`, `1111`, or ends in `123`.
pub(super) fn counts(value: &[u8]) -> bool {
    let steps = |step: i16| {
        value.windows(4).any(|four| {
            four.iter().all(u8::is_ascii_digit)
                && four
                    .windows(2)
                    .all(|two| i16::from(two[1]) - i16::from(two[0]) == step)
        })
    };
    steps(1) || steps(-1) || steps(0) || value.ends_with(b"123")
}

/// Whether a value in lower case says again that it is a password, a token or a test.
pub(super) fn says_again(lower: &[u8]) -> bool {
    [
        b"pass".as_slice(),
        b"p%40ss",
        b"p@ss",
        b"pwd",
        b"secret",
        b"token",
        b"test",
        b"apikey",
        b"api_key",
        b"api-key",
    ]
    .iter()
    .any(|word| memchr::memmem::find(lower, word).is_some())
}

/// How far around an assignment the same word is looked for, in bytes.
const BESIDE: usize = 200;

/// Whether the value stands near the assignment as something else, the user's name or the database:
/// then it is the default of a development machine.
pub(super) fn stands_beside(text: &[u8], whole: &Range<usize>, value: &Range<usize>) -> bool {
    let word = &text[value.clone()];
    let floor = whole.start.saturating_sub(BESIDE);
    let near = &text[floor..(whole.end + BESIDE).min(text.len())];
    memchr::memmem::find_iter(near, word).any(|at| {
        let end = at + word.len();
        let apart = |byte: Option<&u8>| byte.is_none_or(|byte| !byte.is_ascii_alphanumeric());
        let before = &near[at.saturating_sub(32)..at];
        let line = memchr::memrchr(b'\n', before).map_or(before, |at| &before[at + 1..]);
        let line = line.to_ascii_lowercase();
        let says = |word: &[u8]| memchr::memmem::find(&line, word).is_some();
        floor + at != value.start
            && apart(at.checked_sub(1).map(|at| &near[at]))
            && apart(near.get(end))
            && (says(b"user")
                || says(b"login")
                || says(b"name")
                || says(b"database")
                || says(b"db"))
            && !says(b"pass")
            && !says(b"pwd")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bits(value: &str, place: Place) -> f32 {
        let mut evidence = Evidence::default();
        weigh(&mut evidence, value.as_bytes(), place);
        evidence.0.iter().map(|signal| signal.bits).sum()
    }

    #[test]
    fn identifiers_are_no_passwords() {
        for value in [
            "new-password",
            "userPasswordInput",
            "current_value",
            "TEST_P4_PASSWORD",
        ] {
            assert!(bits(value, Place::Code) < 0.0, "{value}");
        }
        assert!(bits("hunter2x", Place::Environment) > 14.0);
        for value in ["Password123!", "P4ssw0rd!", "Cl1ent$ecret!"] {
            assert!(bits(value, Place::Environment) < 14.0, "{value}");
        }
    }

    #[test]
    fn stock_is_told_from_what_somebody_chose() {
        for value in [
            "my_pass",
            "test1234",
            "rootpassword",
            "foobar",
            "admin",
            "new-pwd-1",
            "p4ssw0rd!",
        ] {
            assert!(is_stock(value.as_bytes()), "{value}");
        }
        for value in ["4711", "tester-knows", "mypassion", "passau", "rabbithole"] {
            assert!(!is_stock(value.as_bytes()), "{value}");
        }
    }

    #[test]
    fn the_name_of_the_user_is_no_password() {
        for (text, beside) in [
            ("user: mira\npassword: mira\n", true),
            ("db_name=mira\npassword=mira\n", true),
            ("user: mirabelle\npassword: mira\n", false),
            ("password: mira\npassword_again: mira\n", false),
        ] {
            let at = text.find("password").map_or(0, |at| at);
            let value = at + 10..at + 14;
            let value = if text[at..].starts_with("password=") {
                at + 9..at + 13
            } else {
                value
            };
            assert_eq!(
                stands_beside(text.as_bytes(), &(at..value.end), &value),
                beside,
                "{text}"
            );
        }
    }
}
