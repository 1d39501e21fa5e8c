//! What other tools were told to ignore, read from their files: claims that findings are held
//! against, and what cannot be claimed at all.

mod detect_secrets;
mod git_secrets;
mod gitleaks;
mod talisman;

use regex::bytes::Regex;

/// Whose file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IgnoreFile {
    /// `.gitleaksignore`: `FILE:RULE:LINE` or `COMMIT:FILE:RULE:LINE`.
    Gitleaks,
    /// `.betterleaksignore`: the same, or the SHA-256 of a value.
    Betterleaks,
    /// `.secrets.baseline`: JSON with the SHA-1 of each secret.
    DetectSecrets,
    /// `.talismanrc`: YAML with a checksum of each file.
    Talisman,
    /// `.gitallowed`: regular expressions over `FILE:LINE:TEXT`.
    GitSecrets,
}

impl IgnoreFile {
    /// By the name of a file.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            ".gitleaksignore" => Some(Self::Gitleaks),
            ".betterleaksignore" => Some(Self::Betterleaks),
            ".secrets.baseline" => Some(Self::DetectSecrets),
            ".talismanrc" => Some(Self::Talisman),
            ".gitallowed" => Some(Self::GitSecrets),
            _ => None,
        }
    }

    /// Reads one.
    ///
    /// # Errors
    /// When it is not a file of that kind at all.
    pub fn read(self, text: &str) -> Result<Ignored, String> {
        match self {
            Self::Gitleaks | Self::Betterleaks => Ok(gitleaks::read(text)),
            Self::DetectSecrets => detect_secrets::read(text),
            Self::Talisman => talisman::read(text),
            Self::GitSecrets => Ok(git_secrets::read(text)),
        }
    }
}

/// What a file tells to ignore.
#[derive(Debug, Default)]
pub struct Ignored {
    /// What findings can be held against.
    pub claims: Vec<Claim>,
    /// Where in the file something stands that cannot be taken over, and why.
    pub left: Vec<(String, String)>,
}

impl Ignored {
    fn claim(&mut self, at: impl Into<String>, of: Of) {
        self.claims.push(Claim { at: at.into(), of });
    }

    fn leave(&mut self, at: impl Into<String>, why: impl Into<String>) {
        self.left.push((at.into(), why.into()));
    }
}

/// One thing to ignore.
#[derive(Debug)]
pub struct Claim {
    /// Where in the file it stands, for people. Not escaped.
    pub at: String,
    /// What it is.
    pub of: Of,
}

/// By what a claim knows its secrets.
#[derive(Debug)]
pub enum Of {
    /// By the line that it stands on, in one commit or in any.
    Line {
        /// The commit, as it was written.
        commit: Option<String>,
        /// The path, `/` between parts.
        path: String,
        /// The other tool's rule.
        rule: String,
        /// 1-based.
        line: usize,
    },
    /// By its SHA-256, wherever it stands.
    Sha256([u8; 32]),
    /// By its path and its SHA-1.
    Sha1 {
        /// The path, `/` between parts.
        path: String,
        /// Of the secret; of a private key only the words between the dashes of its first line.
        digest: [u8; 20],
    },
    /// By the files that it stands in.
    Files {
        /// A path, a glob over paths or names, or a directory with `/` at its end.
        pattern: String,
        /// Talisman's checksum over all these files; none: whatever is in them.
        checksum: Option<String>,
    },
    /// By a text that its line matches: `FILE:LINE:TEXT`.
    Text(Regex),
}

/// The bytes of an even number of hexadecimal digits.
fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits: Vec<u8> = text
        .chars()
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    let bytes: Vec<u8> = match digits.len() == 2 * N {
        true => digits
            .chunks(2)
            .map(|pair| pair[0] << 4 | pair[1])
            .collect(),
        false => return None,
    };
    bytes.try_into().ok()
}
