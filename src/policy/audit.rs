//! `[audit]`: what a server writes down, and whom it tells.

use super::parsed::{parsed_list, parsed_option, table};
use serde::Deserialize;
use serde::de::Deserializer;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// `[audit]`: what a server writes down.
#[derive(Clone, Debug, Default)]
pub struct Audit {
    /// The log; relative to the Git directory. Absent: none is kept.
    pub log: Option<LogFile>,
    /// Who is told of refs that have moved; only where there is a log.
    pub notify: Vec<Address>,
    /// What they are told through; absent: nothing, whatever the environment says.
    pub proxy: Option<Proxy>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawAudit {
    #[serde(deserialize_with = "parsed_option")]
    log: Option<LogFile>,
    #[serde(deserialize_with = "parsed_list")]
    notify: Option<Vec<Address>>,
    #[serde(deserialize_with = "parsed_option")]
    proxy: Option<Proxy>,
}

impl<'de> Deserialize<'de> for Audit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        table::<D, RawAudit, Self>(deserializer)
    }
}

impl TryFrom<RawAudit> for Audit {
    type Error = &'static str;

    fn try_from(raw: RawAudit) -> Result<Self, Self::Error> {
        let notify = raw.notify.unwrap_or_default();
        if raw.log.is_none() && !notify.is_empty() {
            return Err("notify tells what is written into a log, and log names none");
        }
        if notify.is_empty() && raw.proxy.is_some() {
            return Err("proxy is what notify goes through, and notify names nobody");
        }
        let (log, proxy) = (raw.log, raw.proxy);
        Ok(Self { log, notify, proxy })
    }
}

/// The address of a webhook; whoever knows it may be able to write there, and so it is shown only as
/// far as the name of its server.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(String);

impl Address {
    /// All of it: ASCII, without white space, quotes and backslashes.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rest = self.0.split_once("://").map_or("", |(_, rest)| rest);
        f.write_str(server_of(rest))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

impl FromStr for Address {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let schemes = ["https://", "http://"];
        let rest = schemes.iter().find_map(|scheme| text.strip_prefix(scheme));
        let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
        match rest.map(server_of) {
            Some(server) if is_server(server) && text.bytes().all(plain) => {
                Ok(Self(text.to_owned()))
            }
            Some(_) | None => Err("is no address such as \"https://hooks.example/push\""),
        }
    }
}

/// What an address is reached through; may hold a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy(String);

impl Proxy {
    /// All of it: ASCII, without white space, quotes and backslashes.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rest = self.0.split_once("://").map_or("", |(_, rest)| rest);
        write!(f, "Proxy({})", server_of(rest))
    }
}

impl FromStr for Proxy {
    type Err = &'static str;

    /// The schemes are some of those that curl(1) has for `--proxy`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const SHAPE: &str = "is no proxy such as \"http://proxy.example:3128\", nor one with https, \
                             socks5 or socks5h";
        let (scheme, rest) = text.split_once("://").ok_or(SHAPE)?;
        let known = ["http", "https", "socks5", "socks5h"].contains(&scheme);
        let address: Result<Address, _> = format!("http://{rest}").parse();
        match (known, address, rest.trim_end_matches('/').contains('/')) {
            (true, Ok(_), false) => Ok(Self(text.to_owned())),
            (true | false, Ok(_) | Err(_), true | false) => Err(SHAPE),
        }
    }
}

/// The server of an address, with its port, from what stands behind its `://`.
fn server_of(rest: &str) -> &str {
    let server = rest.split(['/', '?', '#']).next().unwrap_or_default();
    server.rsplit('@').next().unwrap_or_default()
}

/// Whether it is one, and not the first half of a password that holds one of those signs.
fn is_server(server: &str) -> bool {
    let (name, port) = match server.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, port),
        Some(_) | None => (server, ""),
    };
    let six = name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'));
    let is_name = |name: &str, more: &[u8]| {
        let part = |byte: u8| byte.is_ascii_alphanumeric() || more.contains(&byte);
        !name.is_empty() && name.bytes().all(part)
    };
    six.map_or_else(|| is_name(name, b".-_"), |six| is_name(six, b":.%"))
        && port.bytes().all(|byte| byte.is_ascii_digit())
}

/// Where the log is, as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFile(pub PathBuf);

impl FromStr for LogFile {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() || text.ends_with('/') || text.contains('\0') {
            return Err("names no file");
        }
        Ok(Self(PathBuf::from(text)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_address_is_one_of_the_web_and_is_shown_without_its_secrets() {
        for (text, shown) in [
            ("https://hooks.example/a/b?c", "hooks.example"),
            ("http://127.0.0.1:8080", "127.0.0.1:8080"),
            ("https://user:word@hooks.example#x", "hooks.example"),
            ("https://user:w@rd@hooks.example:443/x", "hooks.example:443"),
            ("http://[::1]/x", "[::1]"),
            ("http://[::1]:80/x", "[::1]:80"),
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!(address.to_string(), shown);
            assert_eq!(format!("{address:?}"), format!("Address({shown})"));
        }
        for bad in [
            "",
            "proxy:3128",
            "ftp://proxy",
            "http://a/b",
            "http://a\"",
            "socks5://",
        ] {
            assert!(bad.parse::<Proxy>().is_err(), "{bad}");
        }
        for good in [
            "http://proxy:3128",
            "https://a:b@proxy",
            "socks5h://[::1]:1080/",
        ] {
            let proxy: Proxy = good.parse().unwrap();
            assert!(!format!("{proxy:?}").contains("a:b"));
        }
        for bad in [
            "",
            "https://",
            "https:///x",
            "file:///etc/passwd",
            "HTTPS://x",
            "https://a b",
            "https://a\nurl=x",
            "https://a\"b",
            "https://a\\b",
            "-o/tmp/x",
            "https://user:wo/rd@hooks.example/x",
            "https://user:wo?rd@hooks.example/x",
            "https://user:word@/x",
        ] {
            assert!(bad.parse::<Address>().is_err(), "{bad}");
        }
    }
}
