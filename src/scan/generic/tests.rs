//! What names and values come to: lines that leak, and lines that only look so.

#![allow(clippy::unwrap_used)]

use super::super::template::{Random, expand};
use super::super::{Confidence, Scanner, Selection};
use crate::change::{Content, Fresh};

/// The highest confidence of what is said about a line.
fn judged(path: &str, template: &str, random: &mut Random) -> Option<Confidence> {
    let text = expand(template, None, random).unwrap();
    let content = Content {
        bytes: text.as_bytes(),
        fresh: &Fresh::All,
    };
    let found = Scanner::new(&Selection::default()).scan(path.as_bytes(), content);
    found.matches.iter().map(|found| found.confidence).max()
}

#[test]
fn lines_that_leak_are_at_least_medium() {
    let mut random = Random::new(31);
    for (path, template) in [
        ("a.py", "client_secret = \"%{base62:32}\""),
        ("a.go", "apiKey := \"%{hex:40}\""),
        ("a.ts", "const apiKey: string = '%{base62:40}';"),
        (
            "a.java",
            "private static final String API_SECRET = \"%{base64:44}\";",
        ),
        ("a.json", "  \"accessToken\": \"%{base64url:43}\","),
        ("a.rb", "config.secret_key_base = '%{hex:128}'"),
        (".env", "API_KEY=%{alnum:32}"),
        ("Dockerfile", "ENV API_TOKEN=%{base62:36}"),
        ("a.yml", "api_key: %{hex:32}"),
        ("a.tf", "secret_key = \"%{base64:40}\""),
        ("a.sh", "tool --api-key %{base62:32} --verbose"),
        ("a.xml", "<clientSecret>%{base62:32}</clientSecret>"),
        ("a.php", "define('AUTH_KEY', '%{base62:40}');"),
        (
            "a.js",
            "password: \"Tr%{digits:2}ub%{alpha:3}r&%{digits:1}\",",
        ),
        (".env", "DB_PASSWORD=hun%{digits:2}ter%{digits:1}x"),
        (
            "README.md",
            "docker run -e MYSQL_ROOT_PASSWORD=kq%{alnum:8}4 mysql",
        ),
        ("x.properties", "spring.datasource.password=R%{base62:9}7!"),
        ("a.yml", "  api_secret: ${API_SECRET:-%{base62:32}}"),
        ("a.sh", ": \"${API_TOKEN:=%{hex:40}}\""),
        ("a.yml", "  password: ${DB_PASSWORD:R%{base62:9}7!}"),
        ("a.h", "#define API_SECRET \"%{base62:32}\""),
        (
            "a.plist",
            "<key>APISecret</key>\n<string>%{base62:32}</string>",
        ),
        ("a.yml", "api_secret: >-\n  %{base62:32}\n"),
        (
            "a.tf",
            "variable \"api_secret\" {\n  type = string\n  default = \"%{base62:32}\"\n}\n",
        ),
    ] {
        for _ in 0..8 {
            let have = judged(path, template, &mut random);
            assert!(
                have >= Some(Confidence::Medium),
                "{path}: {template}: {have:?}"
            );
        }
    }
}

#[test]
fn lines_that_only_look_so_do_not_block() {
    let mut random = Random::new(32);
    for (path, template) in [
        ("a.py", "password = getpass.getpass()"),
        ("a.py", "token = request.headers['X-Auth-Token']"),
        ("a.py", "api_key = os.environ[\"API_KEY\"]"),
        ("a.js", "const token = process.env.TOKEN_%{upper:12};"),
        ("a.js", "password: 'Passwort vergessen?',"),
        ("de.yml", "password: Passwort"),
        (
            "a.html",
            "<input type=\"password\" name=\"password\" autocomplete=\"current-password\">",
        ),
        (
            "a.rs",
            "let token = self.tokens.next_significant_token_after(position);",
        ),
        ("a.rs", "token: TokenKind::StringLiteralWithEscapes,"),
        (
            "a.c",
            "static const char *secret_key_names = \"session_cookie_encryption\";",
        ),
        (
            "a.json",
            "\"token_endpoint\": \"https://id.acme.io/%{base62:24}\",",
        ),
        (
            "package-lock.json",
            "\"integrity_token\": \"sha512-%{base64:86}==\",",
        ),
        ("a.yml", "secretName: registry-%{hex:32}"),
        ("a.yml", "password_sha256: %{hex:64}"),
        ("a.yml", "  password: ${DATABASE_PASSWORD:-postgres}"),
        ("a.yml", "  password: ${DATABASE_PASSWORD:-$OTHER_PASSWORD}"),
        (
            "a.yml",
            "  password: ${DATABASE_PASSWORD:?set it in the shell}",
        ),
        ("a.sh", "short=${API_TOKEN:0:8}"),
        (
            "a.yml",
            "  password: |\n    first line of a text\n    second%{base62:8}\n",
        ),
        (
            "a.tf",
            "variable \"password\" {\n  type = string\n}\nvariable \"b\" {\n  default = \"%{base62:32}\"\n}\n",
        ),
        (
            "a.tf",
            "secret_arn = \"arn:aws:secretsmanager:eu-west-1:%{digits:12}:secret:x\"",
        ),
        ("a.ts", "csrfToken: '%{base62:32}',"),
        ("a.ts", "password: string;"),
        ("a.py", "PUBLIC_KEY_TOKEN = \"%{hex:16}\""),
        ("a.go", "const partitionKeyToken = \"%{base62:24}\""),
        ("a.py", "secret = \"<your-secret-here>\""),
        ("a.py", "SECRET_KEY = 'changeme-in-production'"),
    ] {
        for _ in 0..8 {
            let have = judged(path, template, &mut random);
            assert!(
                have < Some(Confidence::Medium),
                "{path}: {template}: {have:?}"
            );
        }
    }
}

#[test]
fn no_text_makes_the_reader_of_assignments_panic() {
    let mut random = Random::new(33);
    let parts = [
        "password", "\"", "'", "\\", "=", ":", "->", "(", ")", "<", ">", "${", "}", " ", "\n", ",",
        "token", "--", "a", "Z9", "[", "]", "::", "==", "\u{e4}", "b\"", "`", "secret", "://", "@",
    ];
    for _ in 0..800 {
        let length = random.below(14);
        let text: String = (0..length)
            .map(|_| parts[random.below(parts.len())])
            .collect();
        let template = text.replace("%{", "");
        let _ = judged("x", &template, &mut random);
    }
}
