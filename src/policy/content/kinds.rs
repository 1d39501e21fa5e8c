//! Which files are programs for a machine, by what they begin with.

use serde::Deserialize;

/// A type of files that may be kept out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum FileType {
    /// Any of the following.
    Executable,
    /// Linux and most Unix systems (ELF).
    Elf,
    /// Windows (PE).
    Pe,
    /// macOS.
    MachO,
}

/// The type of a file, and its name for people; none for what is no program.
pub(super) fn file_type(bytes: &[u8]) -> Option<(FileType, &'static str)> {
    if bytes.starts_with(b"\x7fELF") {
        return Some((FileType::Elf, "a program or library for Unix (ELF)"));
    }
    if is_pe(bytes) {
        return Some((FileType::Pe, "a program or library for Windows (PE)"));
    }
    is_mach_o(bytes).then_some((FileType::MachO, "a program or library for macOS (Mach-O)"))
}

/// Where the offset at 0x3c leads there is `PE\0\0` (Microsoft, "PE Format").
fn is_pe(bytes: &[u8]) -> bool {
    let at = bytes
        .get(0x3c..0x40)
        .and_then(|at| at.try_into().ok())
        .map(u32::from_le_bytes);
    let at = at.and_then(|at| usize::try_from(at).ok());
    bytes.starts_with(b"MZ")
        && at.is_some_and(|at| {
            bytes
                .get(at..)
                .is_some_and(|rest| rest.starts_with(b"PE\0\0"))
        })
}

/// One machine in either byte order, or several; the latter share their first bytes with class files
/// of Java, which have a version of at least 45 where the number of machines stands.
fn is_mach_o(bytes: &[u8]) -> bool {
    match bytes.first_chunk::<8>() {
        Some([0xca, 0xfe, 0xba, 0xbe | 0xbf, count @ ..]) => {
            (1..45).contains(&u32::from_be_bytes(*count))
        }
        Some([0xfe, 0xed, 0xfa, 0xce | 0xcf, ..] | [0xce | 0xcf, 0xfa, 0xed, 0xfe, ..]) => true,
        Some(_) | None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_known_by_their_first_bytes() {
        let mut pe = vec![0; 0x80];
        pe[..2].copy_from_slice(b"MZ");
        let mz = pe.clone();
        pe[0x3c] = 0x40;
        pe[0x40..0x44].copy_from_slice(b"PE\0\0");
        for (bytes, kind) in [
            (&b"\x7fELF\x02\x01"[..], Some(FileType::Elf)),
            (&pe, Some(FileType::Pe)),
            (&mz, None),
            (b"MZ", None),
            (b"\xcf\xfa\xed\xfe\x07\0\0\x01", Some(FileType::MachO)),
            (b"\xca\xfe\xba\xbe\0\0\0\x02", Some(FileType::MachO)),
            (b"\xca\xfe\xba\xbe\0\0\0\x41", None),
            (b"#!/bin/sh\n", None),
            (b"", None),
        ] {
            assert_eq!(file_type(bytes).map(|found| found.0), kind, "{bytes:?}");
        }
    }
}
