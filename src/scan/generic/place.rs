//! What kind of line an assignment stands on: by what stands around it and by the file's name.

use super::assign::{Candidate, Form, Link};

/// What kind of line a candidate stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// `NAME=value` as a shell, a container or a command line takes it.
    Environment,
    /// A file of settings.
    Data,
    /// A line of nothing but an assignment, in a text that is no program.
    Prose,
    /// Anything else.
    Code,
}

/// Extensions of files that hold settings.
const DATA: &[&[u8]] = &[
    b"env",
    b"ini",
    b"cfg",
    b"conf",
    b"config",
    b"cnf",
    b"properties",
    b"yml",
    b"yaml",
    b"toml",
    b"tfvars",
    b"json",
    b"json5",
    b"jsonc",
    b"xml",
    b"plist",
    b"netrc",
    b"pgpass",
    b"npmrc",
    b"pypirc",
    b"rsp",
    b"hcl",
    b"inc",
    b"settings",
    b"credentials",
];

/// Endings that say a file is a copy or a template of what the ending before it says.
const COPIES: &[&[u8]] = &[
    b"example",
    b"sample",
    b"dist",
    b"template",
    b"tmpl",
    b"tpl",
    b"j2",
    b"erb",
    b"default",
    b"bak",
    b"old",
    b"orig",
    b"in",
    b"local",
    b"swp",
    b"txt",
];

/// Extensions of files in which a line of nothing but `name=value` is a statement.
const CODE: &[&[u8]] = &[
    b"py", b"rb", b"js", b"ts", b"lua", b"pl", b"pm", b"r", b"jl", b"ex", b"exs", b"swift", b"kt",
    b"kts", b"scala", b"groovy", b"gradle", b"go", b"nim", b"m", b"mm", b"v", b"vue", b"tsx",
    b"jsx", b"php", b"ps1", b"pyi", b"mk", b"cmake", b"bzl", b"rs", b"c", b"h", b"cc", b"cpp",
    b"hpp", b"cs", b"java", b"dart", b"mjs", b"cjs", b"mts", b"tf", b"hs", b"ml", b"clj", b"erl",
    b"zig", b"vb", b"svelte", b"css", b"scss", b"less", b"proto", b"graphql", b"sol", b"pyx",
    b"inl", b"hxx", b"cxx",
];

/// What kind of line a candidate stands on.
pub(super) fn place(candidate: &Candidate, text: &[u8], path: &[u8]) -> Place {
    let file = path.rsplit(|byte| *byte == b'/').next().unwrap_or(path);
    let stem = file.to_ascii_lowercase();
    let mut parts = stem.rsplit(|byte| *byte == b'.');
    let mut extension = parts.next().unwrap_or(&stem);
    if COPIES.contains(&extension)
        && let Some(before) = parts.next()
        && DATA.contains(&before)
    {
        extension = before;
    }
    let between = &text[candidate.name.end..candidate.value.start];
    let tight = between
        .iter()
        .all(|byte| matches!(byte, b'=' | b'"' | b'\''));
    let shouted = text[candidate.name.clone()]
        .iter()
        .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_');
    let before = candidate.name.start.checked_sub(1).map(|at| text[at]);
    let apart =
        before.is_none_or(|byte| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\''));
    if stem.starts_with(b".env") || extension == b"env" || (tight && shouted && apart) {
        return Place::Environment;
    }
    if DATA.contains(&extension) || stem.starts_with(b"env.") {
        return Place::Data;
    }
    // `--password=value`, `?token=value`.
    let flag = candidate.link == Link::Flag || (before == Some(b'-') && between == b"=");
    let query = matches!(before, Some(b'?' | b'&')) && between == b"=";
    if flag || query {
        return Place::Data;
    }
    if CODE.contains(&extension) || candidate.form == Form::Inside {
        return Place::Code;
    }
    let tight = between == b"=" && candidate.form == Form::Bare;
    match is_alone(candidate, text) {
        true if tight => Place::Data,
        true => Place::Prose,
        false => Place::Code,
    }
}

/// Whether nothing else stands on the line than the assignment, the mark of a list or of a comment
/// before it and a comment behind it.
fn is_alone(candidate: &Candidate, text: &[u8]) -> bool {
    let floor = candidate.name.start.saturating_sub(40);
    let before = &text[floor..candidate.name.start];
    let before = match memchr::memrchr(b'\n', before) {
        Some(at) => &before[at + 1..],
        None if floor == 0 => before,
        None => return false,
    };
    let marks = before.trim_ascii();
    let marks = marks.strip_prefix(b"export").unwrap_or(marks);
    let marked = marks.iter().all(|byte| b"-*#;>$\"' /".contains(byte));
    let rest = &text[candidate.whole.end..];
    let rest =
        &rest[..memchr::memchr(b'\n', &rest[..rest.len().min(200)]).unwrap_or(rest.len().min(200))];
    let rest = rest.trim_ascii();
    let rest = rest
        .strip_prefix(b"\"")
        .or(rest.strip_prefix(b"'"))
        .unwrap_or(rest)
        .trim_ascii();
    marked
        && matches!(
            rest,
            [] | [b'#' | b'\\' | b',' | b';'] | [b'#' | b'/' | b'\\', ..]
        )
}

/// Whether a file keeps settings or accounts, by its name.
pub(super) fn keeps_accounts(path: &[u8]) -> bool {
    let file = path.rsplit(|byte| *byte == b'/').next().unwrap_or(path);
    let file = file.to_ascii_lowercase();
    let extension = file.rsplit(|byte| *byte == b'.').next().unwrap_or(&file);
    DATA.contains(&extension)
        || [
            b"sql".as_slice(),
            b"ldif",
            b"htpasswd",
            b"passwd",
            b"shadow",
            b"csv",
            b"dump",
            b"ks",
            b"cf",
            b"tf",
        ]
        .iter()
        .any(|word| extension.ends_with(word))
        || extension.starts_with(b"env")
}

/// Parts of a path that say a file is a test, a fixture or an example.
const SAMPLES: &[&[u8]] = &[
    b"test",
    b"tests",
    b"testing",
    b"testdata",
    b"__tests__",
    b"spec",
    b"specs",
    b"fixture",
    b"fixtures",
    b"example",
    b"examples",
    b"sample",
    b"samples",
    b"mock",
    b"mocks",
    b"__mocks__",
    b"e2e",
    b"doc",
    b"docs",
    b"integration",
    b"unit",
    b"demo",
    b"demos",
    b"bench",
    b"benchmarks",
    b"cypress",
];

/// Whether a file is a test, a fixture or an example, by its path.
pub(super) fn is_sample(path: &[u8]) -> bool {
    path.split(|byte| matches!(byte, b'/' | b'.' | b'_' | b'-'))
        .any(|part| {
            SAMPLES
                .iter()
                .any(|sample| part.eq_ignore_ascii_case(sample))
        })
        || path
            .rsplit(|byte| *byte == b'/')
            .next()
            .and_then(|file| file.split(|byte| *byte == b'.').next())
            .is_some_and(|stem| {
                stem.ends_with(b"Test") || stem.ends_with(b"Tests") || stem.ends_with(b"Spec")
            })
}
