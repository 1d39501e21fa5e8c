//! What a name says about the value that it is given.

/// What kind of secret a name promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `password`, `passwd`, `pwd`, `passphrase`.
    Password,
    /// `secret`, `api key`, `access key`, `private key`, `credential`.
    Secret,
    /// `token`, `auth`: often the name of a thing of syntax or of a session.
    Token,
}

/// A name that promises a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) kind: Kind,
    /// It also says that the secret is none to worry about: `test`, `dummy`.
    pub(super) sample: bool,
    /// Words follow that nobody foresaw: it may be the name of something else.
    pub(super) more: bool,
}

const PASSWORD: &[&str] = &[
    "password",
    "passwd",
    "passwrd",
    "pwd",
    "passphrase",
    "passcode",
    "pass",
    "pw",
    "psw",
    "pswd",
    "userpass",
    "dbpass",
    "dbpassword",
    "dbpwd",
    "rootpw",
    "userpassword",
    "passwort",
    "kennwort",
    "senha",
    "contrasena",
    "motdepasse",
    "wachtwoord",
];

/// Ends of words that were written together: `PGPASSWORD`, `userpassword`.
const PASSWORD_END: &[&str] = &["password", "passwd", "passphrase", "passwort"];
const SECRET_END: &[&str] = &["apikey", "apitoken", "apisecret", "accesskey", "secretkey"];

const SECRET: &[&str] = &[
    "secret",
    "secrets",
    "apikey",
    "appkey",
    "accesskey",
    "secretkey",
    "privatekey",
    "credential",
    "credentials",
    "creds",
    "apisecret",
    "appsecret",
    "clientsecret",
    "authkey",
    "masterkey",
    "encryptionkey",
    "signingkey",
    "apitoken",
    "accesstoken",
    "authtoken",
    "secretaccesskey",
];

const TOKEN: &[&str] = &["token", "auth", "authorization", "bearer"];

/// Words before `key` that make it a secret.
const KEY_OWNER: &[&str] = &[
    "api",
    "app",
    "access",
    "secret",
    "private",
    "auth",
    "master",
    "encryption",
    "signing",
    "client",
    "service",
    "account",
    "storage",
    "license",
    "deploy",
    "session",
    "crypto",
    "cipher",
    "aes",
    "hmac",
    "jwt",
    "cookie",
    "consumer",
    "subscription",
    "shared",
    "admin",
    "fernet",
    "vault",
    "sign",
    "signature",
    "webhook",
    "encrypt",
    "decryption",
    "decrypt",
    "integration",
    "merchant",
    "certificate",
    "bot",
    "jose",
    "otp",
    "totp",
];

/// Words that make it the name of something else, wherever they stand.
const NEVER: &[&str] = &[
    "public",
    "pub",
    "csrf",
    "xsrf",
    "authenticity",
    "verification",
    "antiforgery",
    "forgery",
    "primary",
    "foreign",
    "cache",
    "regex",
    "regexp",
    "pattern",
    "placeholder",
    "label",
    "hint",
    "tooltip",
    "i18n",
    "translation",
    "locale",
    "pagination",
    "continuation",
    "syntax",
    "lexer",
    "parser",
    "tokenizer",
    "partition",
    "ssh_pub",
    "sitekey",
    "publishable",
    "idempotency",
    "forgot",
    "confirm",
    "mask",
    "masked",
    "redacted",
    "hidden",
    "encrypted",
    "sealed",
    "hashed",
    "hash",
    "sha",
    "sha1",
    "sha2",
    "sha3",
    "sha224",
    "sha256",
    "sha384",
    "sha512",
    "md5",
    "bcrypt",
    "crypt",
    "crypted",
    "salted",
    "checksum",
    "digest",
    "thumbprint",
    "fingerprint",
    "icon",
    "css",
    "class",
    "selector",
    "xpath",
];

/// Words that do so behind the word that promises a secret.
const BEHIND: &[&str] = &[
    "id",
    "ids",
    "name",
    "names",
    "path",
    "paths",
    "file",
    "files",
    "filename",
    "url",
    "uri",
    "urls",
    "endpoint",
    "length",
    "len",
    "size",
    "type",
    "types",
    "text",
    "title",
    "message",
    "msg",
    "error",
    "errors",
    "field",
    "fields",
    "input",
    "count",
    "max",
    "min",
    "limit",
    "expiry",
    "expires",
    "expiration",
    "expire",
    "timeout",
    "ttl",
    "lifetime",
    "age",
    "algorithm",
    "alg",
    "format",
    "prefix",
    "suffix",
    "header",
    "headers",
    "style",
    "index",
    "version",
    "status",
    "state",
    "policy",
    "rule",
    "rules",
    "provider",
    "manager",
    "service",
    "handler",
    "factory",
    "form",
    "ref",
    "arn",
    "env",
    "var",
    "column",
    "table",
    "dir",
    "directory",
    "folder",
    "location",
    "store",
    "backend",
    "kind",
    "usage",
    "scope",
    "scopes",
    "issuer",
    "audience",
    "source",
    "method",
    "mode",
    "enabled",
    "required",
    "reset",
    "link",
    "page",
    "help",
    "description",
    "desc",
    "rotation",
    "strength",
    "validator",
    "validation",
    "button",
    "prompt",
    "question",
    "plugin",
    "module",
    "class",
    "helper",
    "spec",
    "schema",
    "template",
    "example",
    "address",
    "host",
    "server",
    "user",
    "username",
    "email",
    "domain",
    "region",
    "bucket",
    "role",
    "group",
    "namespace",
    "ns",
    "entry",
    "parameter",
    "param",
    "argument",
    "arg",
    "option",
    "property",
    "attribute",
    "attr",
    "setting",
    "settings",
    "selector",
];

/// Words behind the promise that change nothing: which one it is.
const WHICH: &[&str] = &[
    "value",
    "key",
    "base",
    "prod",
    "production",
    "dev",
    "staging",
    "live",
    "default",
    "new",
    "old",
    "current",
    "primary",
    "secondary",
    "master",
    "main",
    "string",
    "str",
    "raw",
    "plain",
    "hex",
    "base64",
    "test",
    "confirmation",
    "again",
    "repeat",
];

/// Words that make it the name of a sample.
const SAMPLE: &[&str] = &[
    "test", "tests", "testing", "dummy", "sample", "mock", "fake", "example", "demo", "invalid",
    "wrong", "bad", "expected", "fixture",
];

/// Splits a name into its words: at `_`, `-`, `.` and where small letters turn into large ones.
fn words(name: &[u8]) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut before = 0_u8;
    for (at, &byte) in name.iter().enumerate() {
        let next_small = name.get(at + 1).is_some_and(u8::is_ascii_lowercase);
        let turns = byte.is_ascii_uppercase()
            && (before.is_ascii_lowercase()
                || before.is_ascii_digit()
                || (before.is_ascii_uppercase() && next_small));
        if (!byte.is_ascii_alphanumeric() || turns) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if byte.is_ascii_alphanumeric() {
            word.push(char::from(byte.to_ascii_lowercase()));
        }
        before = byte;
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// Reads a name; `None` if it promises no secret.
pub(super) fn read(name: &[u8]) -> Option<Name> {
    let words = words(name);
    let mut promise = None;
    for (at, word) in words.iter().enumerate() {
        let word = word.trim_end_matches(|c: char| c.is_ascii_digit());
        let is = |list: &[&str]| list.contains(&word);
        let ends = |list: &[&str]| list.iter().any(|end| word.ends_with(end));
        let before = at.checked_sub(1).map(|at| words[at].as_str());
        // `en_PW` is a locale.
        let mixed =
            name.iter().any(u8::is_ascii_lowercase) && name.iter().any(u8::is_ascii_uppercase);
        let kind = if word == "pw" && mixed {
            continue;
        } else if is(PASSWORD) || ends(PASSWORD_END) {
            Kind::Password
        } else if is(SECRET)
            || ends(SECRET_END)
            || (word == "key" && before.is_some_and(|word| KEY_OWNER.contains(&word)))
        {
            Kind::Secret
        } else if is(TOKEN) {
            match before {
                // What comes from an issuer by name is more than a piece of syntax.
                Some("access" | "api" | "auth" | "refresh" | "bot" | "bearer" | "secret") => {
                    Kind::Secret
                }
                _ => Kind::Token,
            }
        } else {
            continue;
        };
        promise = Some((at, kind));
    }
    let (at, kind) = promise?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if words.iter().any(|word| NEVER.contains(word))
        || words[at + 1..].iter().any(|word| BEHIND.contains(word))
    {
        return None;
    }
    Some(Name {
        kind,
        more: words[at + 1..]
            .iter()
            .any(|word| !WHICH.contains(word) && !word.bytes().all(|byte| byte.is_ascii_digit())),
        sample: words.iter().any(|word| SAMPLE.contains(word)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_into_words() {
        assert_eq!(words(b"dbPassword"), ["db", "password"]);
        assert_eq!(
            words(b"AWS_SECRET-access.key2"),
            ["aws", "secret", "access", "key2"]
        );
        assert_eq!(words(b"XMLHTTPToken"), ["xmlhttp", "token"]);
    }

    #[test]
    fn names_promise_secrets_or_not() {
        for (name, kind) in [
            ("password", Kind::Password),
            ("DB_PASSWORD", Kind::Password),
            ("spring.datasource.password", Kind::Password),
            ("clientSecret", Kind::Secret),
            ("api-key", Kind::Secret),
            ("SECRET_KEY_BASE", Kind::Secret),
            ("access_token", Kind::Secret),
            ("slackToken", Kind::Token),
        ] {
            assert_eq!(
                read(name.as_bytes()).map(|name| name.kind),
                Some(kind),
                "{name}"
            );
        }
        for name in [
            "public_key",
            "token_url",
            "passwordField",
            "secretName",
            "csrf_token",
            "keyboard",
            "author",
            "primary_key",
            "password_hash",
            "tokenizer",
            "monkey",
            "secret_id",
            "en_PW",
            "authenticity_token",
        ] {
            assert_eq!(read(name.as_bytes()), None, "{name}");
        }
    }
}
