//! Whoever looks only at what differs misses nothing that stands on several lines: by texts made of the
//! lines of settings of every kind, edited line by line and over and over.

#![allow(clippy::unwrap_used)]

use super::calm_tests::{Made, told, whole};
use super::template::Random;
use super::*;
use crate::change::Calm;

/// Lines, or parts of them, of settings of all kinds; `V` is a value.
const LINES: [&str; 100] = [
    "name: DB_PASSWORD",
    "value: V",
    "- name: DB_PASSWORD",
    "  value: \"V\"",
    "\"name\": \"password\",",
    "\"value\": \"V\"",
    "name:",
    "\"password\"",
    "\"name\"",
    ": \"password\", \"value\": \"V\"",
    "<key>Password</key>",
    "<string>V</string>",
    "<integer>5</integer>",
    "<dict>",
    "",
    "\t",
    "password: |",
    "\"password\": |",
    "password : |",
    "password:\t|",
    "  V",
    "    V",
    "  next: x",
    "'password': >-",
    "variable \"password\" {",
    "  type = string",
    "  default = \"V\"",
    "}",
    "machine h.example.org",
    "  login deploy",
    "  password V",
    "machine h.example.org login deploy password V",
    "default",
    "login",
    "[pypi]",
    "username = __token__",
    "username: deploy",
    "password = V",
    "password: V",
    "password=V",
    "\"auths\": {",
    "\"h.example.org\": {",
    "\"auth\": \"V\"",
    "\"email\": \"a@h.example.org\"",
    "users:",
    "- name: deploy",
    "  user:",
    "    token: V",
    "apiVersion: v1",
    "kind: Config",
    "kind: Secret",
    "data:",
    "  token: V",
    "# sha256 of it:",
    "sha1",
    "# digest",
    "user: V",
    "database = V",
    "username = V",
    "api_secret = \"V\"",
    "api_key: \"V\" + x",
    "x = \"V\" +",
    "\"V\"",
    "say(\"a\"",
    "\\",
    "V \\",
    "password = \\",
    "password: \"V\"",
    "\"password\":",
    "password:",
    "password =",
    "<property name=\"password\">",
    "<property name=\"password\">V</property>",
    "<property",
    " name=\"password\"",
    " value=\"V\"/>",
    "</property>",
    "V</property>",
    "<password>",
    "V</password>",
    "<password>V</password>",
    "A",
    "secret = A S",
    "S",
    "B",
    "U",
    "key = 'S'",
    "aws_secret_access_key = S",
    "aws_access_key_id = A",
    "-----BEGIN x",
    "// comment V",
    "token := V",
    "export DB_PASSWORD=V",
    "\"client_secret\": \"V\",",
    "client_id: x",
    "{",
    "},",
    "'",
    "config['password'] = 'V'",
    "\"key\" =",
];

fn line(random: &mut Random, values: &[String]) -> String {
    let line = LINES[random.below(LINES.len())];
    let value = &values[random.below(values.len())];
    let pick = |from: usize| &values[values.len() - from];
    let line: String = line
        .split_inclusive(char::is_whitespace)
        .map(|word| match word.trim() {
            "A" => word.replace('A', pick(1)),
            "S" | "'S'" => word.replace('S', pick(2)),
            "B" => word.replace('B', pick(3)),
            "U" => word.replace('U', pick(4)),
            _ => match word.contains("V") && !word.contains("API") {
                true => word.replace('V', value),
                false => word.to_owned(),
            },
        })
        .collect();
    match random.below(12) {
        0 => format!("{line}\r\n"),
        1 => line,
        2 => format!("    {line}\n"),
        _ => format!("{line}\n"),
    }
}

/// Takes lines or bytes out of a text, and puts others in.
fn edit(random: &mut Random, base: &[u8], values: &[String]) -> Made {
    let starts: Vec<usize> = std::iter::once(0)
        .chain(memchr::memchr_iter(b'\n', base).map(|at| at + 1))
        .chain([base.len()])
        .collect();
    let mut made = Made::default();
    let mut at = 0;
    for _ in 0..1 + random.below(2) {
        let pick = |random: &mut Random| match random.below(4) {
            0 => random.below(base.len() + 1),
            _ => starts[random.below(starts.len())],
        };
        let from = pick(random).max(at);
        let to = match random.below(3) {
            0 => from,
            1 => starts
                .iter()
                .copied()
                .find(|start| *start > from)
                .unwrap_or(from),
            _ => (from + random.below(60)).min(base.len()),
        };
        made.copy(base, at..from);
        for _ in 0..random.below(3) {
            made.insert(line(random, values).as_bytes());
        }
        at = to;
    }
    made.copy(base, at..base.len());
    made
}

#[test]
fn lines_that_belong_together_are_looked_at_together() {
    let scanner = Scanner::new(&Selection::default());
    let mut random = Random::new(9);
    let (mut tried, mut found) = (0, 0);
    for _ in 0..3000 {
        let letters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";
        let values = [
            random.text(letters, 16),
            random.text("abcdefgh0123456789!%", 14),
            random.text("0123456789abcdef", 40),
            "deploy".to_owned(),
            "x".to_owned(),
            "${X}".to_owned(),
            random.text(letters, 24),
            random.text("0123456789abcdef", 64),
            format!("ghp_{}", random.text(letters, 36)),
            random.text(letters, 40),
            format!(
                "AKIA{}",
                random.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16)
            ),
        ];
        let mut base = Vec::new();
        for _ in 0..2 + random.below(14) {
            base.extend_from_slice(line(&mut random, &values).as_bytes());
        }
        let mut calm = whole(&scanner, &base).calm;
        for _ in 0..6 {
            let Calm::Within(around) = calm else { break };
            let made = edit(&mut random, &base, &values);
            let fresh = made.fresh(&base);
            let scan = whole(&scanner, &made.text);
            tried += 1;
            let beyond = scanner.beyond(b"", &made.text, &fresh, around, Patience::ENDLESS, &mut 0);
            if let Some(beyond) = &beyond {
                found += usize::from(!scan.matches.is_empty());
                assert!(
                    told(&beyond.matches) == told(&scan.matches) && scan.undecided.is_empty(),
                    "{}\n--->\n{}\n{:?} is not {:?}",
                    String::from_utf8_lossy(&base),
                    String::from_utf8_lossy(&made.text),
                    told(&beyond.matches),
                    told(&scan.matches)
                );
            }
            base = made.text;
            calm = beyond.map_or(scan.calm, |beyond| beyond.calm);
        }
    }
    assert!(tried > 6000 && found > 4000, "{tried} tried, {found} found");
}
