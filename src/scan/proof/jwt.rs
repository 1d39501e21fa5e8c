//! JSON Web Tokens (RFC 7519): header and payload are JSON; the payload may name its issuer, its
//! subject and when it expires.
//!
//! The signature cannot be checked without the key, and an expired token proves nothing about the
//! next one. So a right structure says yes and everything else no.

use super::super::Validity;
use super::{Proof, Proven, token};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use time::format_description::well_known::Rfc3339;

/// Three parts with dots between. `%{proof}`: for an empty token all of it, for a header and a
/// payload the dot (if it is missing) and a signature of 43 characters.
pub static JWT: Proof = Proof {
    name: "jwt",
    check,
    complete,
};

/// Longer names are not shown.
const MAX_NAME: usize = 80;

fn object(part: &[u8]) -> Option<Map<String, Value>> {
    let end = part.iter().rposition(|byte| *byte != b'=')? + 1;
    let json = URL_SAFE_NO_PAD.decode(&part[..end]).ok()?;
    serde_json::from_slice(&json).ok()
}

fn check(secret: &[u8]) -> Proven {
    let mut parts = secret.split(|byte| *byte == b'.');
    let header = parts.next().and_then(object);
    let payload = parts.next().and_then(object);
    let (Some(header), Some(payload)) = (header, payload) else {
        return Proven::of(Validity::No);
    };
    if !header.contains_key("alg") {
        return Proven::of(Validity::No);
    }
    Proven {
        valid: Validity::Yes,
        identity: identity(&payload),
    }
}

/// Who issued it, for whom, and until when it holds: `issuer I, subject S, until 2031-04-01T12:00:00Z`.
fn identity(payload: &Map<String, Value>) -> Option<String> {
    let named = |key: &str, what: &str| {
        let value = payload.get(key)?.as_str()?;
        let shown = (1..=MAX_NAME).contains(&value.len())
            && value.bytes().all(|byte| byte.is_ascii_graphic());
        shown.then(|| format!("{what} {value}"))
    };
    let until = payload
        .get("exp")
        .and_then(|seconds| seconds.as_i64().or(seconds.as_f64().map(|s| s as i64)))
        .and_then(|seconds| time::OffsetDateTime::from_unix_timestamp(seconds).ok())
        .and_then(|date| date.format(&Rfc3339).ok())
        .map(|date| format!("until {date}"));
    let said = [named("iss", "issuer"), named("sub", "subject"), until];
    let said: Vec<String> = said.into_iter().flatten().collect();
    (!said.is_empty()).then(|| said.join(", "))
}

fn complete(before: &str) -> String {
    let token = token(before);
    let (header, payload) = (
        r#"{"alg":"HS256","typ":"JWT"}"#,
        r#"{"sub":"1042","iat":1700000000}"#,
    );
    let coded = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let sum = crc32fast::hash(before.as_bytes());
    let mut bytes = [0_u8; 32];
    let mut state = u64::from(sum) | 1;
    for byte in &mut bytes {
        state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
        *byte = (state >> 56) as u8;
    }
    let signature = URL_SAFE_NO_PAD.encode(bytes);
    match token.matches('.').count() {
        0 if token.is_empty() => format!("{}.{}.{signature}", coded(header), coded(payload)),
        0 => format!(".{}.{signature}", coded(payload)),
        1 if token.ends_with('.') => format!("{}.{signature}", coded(payload)),
        1 => format!(".{signature}"),
        _ => signature,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jwt(header: &str, payload: &str) -> String {
        let coded = |text: &str| URL_SAFE_NO_PAD.encode(text);
        format!(
            "{}.{}.{}",
            coded(header),
            coded(payload),
            coded("not a signature")
        )
    }

    #[test]
    fn structure_and_issuer_are_read() {
        let token = jwt(
            r#"{"alg":"HS256"}"#,
            r#"{"iss":"https://id.example.com","exp":1}"#,
        );
        let proven = check(token.as_bytes());
        assert_eq!(proven.valid, Validity::Yes);
        assert_eq!(
            proven.identity.as_deref(),
            Some("issuer https://id.example.com, until 1970-01-01T00:00:01Z")
        );
        for (header, payload) in [("{}", "{}"), (r#"{"alg":"none"}"#, "[]"), ("x", "{}")] {
            assert_eq!(check(jwt(header, payload).as_bytes()).valid, Validity::No);
        }
    }

    #[test]
    fn an_issuer_that_could_draw_on_the_terminal_is_not_shown() {
        let token = jwt(r#"{"alg":"HS256"}"#, r#"{"iss":"a\u001b[31mb"}"#);
        assert_eq!(check(token.as_bytes()).identity, None);
    }

    #[test]
    fn a_date_beyond_all_calendars_is_left_out() {
        for exp in ["1e300", "-1e300", "9223372036854775807", "\"soon\"", "null"] {
            let token = jwt(
                r#"{"alg":"HS256"}"#,
                &format!(r#"{{"sub":"1","exp":{exp}}}"#),
            );
            let identity = check(token.as_bytes()).identity;
            assert_eq!(identity.as_deref(), Some("subject 1"), "{exp}");
        }
    }
}
