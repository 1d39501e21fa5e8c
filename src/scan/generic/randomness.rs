//! Two independent answers to "was this text drawn by chance?".
//!
//! [`shannon`] looks at how often each character comes up, whatever the order. [`surprise`] looks at
//! the order: how many bits cheaper the text is under "drawn by chance from its alphabet" than under
//! "written by a programmer", a table of which character follows which in source code.

/// How dearly each character follows each other one in code: quarter bits above `!`. Rows and
/// columns are `a` to `z` without case, then a digit, then `_ - + /` and the rest. Counted over some
/// 260,000 different identifiers, words and paths in the public sources of Rust crates and of
/// Python's library, with ten added to every count.
const FOLLOWS: [&[u8; 28]; 28] = [
    br#"@411@=4I6J;.3/K4K-1,8:>:9H66"#,
    br#".94;/<AF/5E,=B1;L339/CHF2?/2"#,
    br#".>8:.=A/5I03;>+:F38.6?GH>N41"#,
    br#"0:94)8<A-DE6=@2<H5595?AE=L1+"#,
    br#"3>21869D=KA45/>7;,//A9<3;I7-"#,
    br#"0;7720>H+OH0=>.<H1355GBE<O/1"#,
    br#"5?;@(@:3/OB5:27=L0185CDICD=+"#,
    br#"*A?;*>BC/O@<7?.=K3916F<K:E:-"#,
    br#"7813653KDKC23)/6J60.>8F9R7A8"#,
    br#".A<9)<@A1@5>>?.4B@/</@:BBD7/"#,
    br#"4=78';:>-GE9>59:D;185<;J?I<+"#,
    br#".<;4*;?E,N@0?B.:M@645?EN7C8/"#,
    br#"*6<:*ACG0OB75<0/E@595DFC?K=."#,
    br#"1A2..5.B4J96@91;I<1,69EI@J?."#,
    br#":812C89I:E920*62P,44294?GJB2"#,
    br#",A9:-=?83R=0=B/4H-604>CH8G;/"#,
    br#":?7<;@=D=GC0:;==>77;$<DEED>-"#,
    br#".A57*;6F.S9:68.<K4228<AG6P?/"#,
    br#"6B3?+=>3/K88<>34?=1*4@?H6K>-"#,
    br#"/A6<+;E2-QE9;A09K/557CAA5F<+"#,
    br#"646716;O3PJ01,=1P./.EGM:OH3:"#,
    br#"*>7>&:?C-MI<7<6;G>8<GDB=@J42"#,
    br#"->79/>A4*F?9>1/;H.3;CC@CHK<-"#,
    br#"373823GC7OK>9C?3GB=.EBE=<F&-"#,
    br#"9:8=5;<A9IE4329,G:-/C?:D<@<("#,
    br#"1A<<%>B@/HF;5A1?B@;=@D>D:781"#,
    br#"999787NIJTMLGOHJQJFFILO0RR#2"#,
    br#"240332782C<32451A2.2687?FB45"#,
];

/// Bits per character by how often each one comes up; 0 for an empty text.
#[must_use]
pub(in crate::scan) fn shannon(text: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in text {
        counts[usize::from(*byte)] += 1;
    }
    let total = text.len() as f64;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| {
            let share = f64::from(*count) / total;
            -share * share.log2()
        })
        .sum()
}

/// [`shannon`] as a share of what a text of this length could reach, 0 to 1.
#[must_use]
pub(in crate::scan) fn evenness(text: &[u8]) -> f64 {
    if text.len() < 2 {
        return 0.0;
    }
    shannon(text) / (text.len().min(64) as f64).log2()
}

/// How many bits of evidence there are that chance wrote this and not a programmer. Negative for
/// words and identifiers, some 1.5 to 2 bits per character for a random token.
#[must_use]
pub(in crate::scan) fn surprise(text: &[u8]) -> f64 {
    let chance = alphabet_bits(text);
    text.windows(2)
        .map(|pair| code_bits(pair[0], pair[1]) - chance)
        .sum()
}

/// Bits per character of the smallest usual alphabet that holds the text.
fn alphabet_bits(text: &[u8]) -> f64 {
    let all = |member: fn(&u8) -> bool| text.iter().all(member);
    let size: f64 = if all(u8::is_ascii_digit) {
        10.0
    } else if all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        || all(|b| matches!(b, b'0'..=b'9' | b'A'..=b'F'))
    {
        16.0
    } else if all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        || all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    {
        36.0
    } else if all(u8::is_ascii_alphanumeric) {
        62.0
    } else if all(|b| b.is_ascii_alphanumeric() || b"+/=_-".contains(b)) {
        64.0
    } else {
        90.0
    };
    size.log2()
}

/// Bits of `b` after `a` in code. The table knows letters without case; what case costs was counted
/// apart: small stays small in 97 of 100, large stays large in 82.
fn code_bits(a: u8, b: u8) -> f64 {
    let symbol = |byte: u8| match byte {
        b'a'..=b'z' => usize::from(byte - b'a'),
        b'A'..=b'Z' => usize::from(byte - b'A'),
        b'0'..=b'9' => 26,
        _ => 27,
    };
    let bits = f64::from(FOLLOWS[symbol(a)][symbol(b)] - b'!') / 4.0;
    bits + match (a, b) {
        (_, b'0'..=b'9') => 3.3,
        (b'a'..=b'z', b'a'..=b'z') => 0.05,
        (b'a'..=b'z', b'A'..=b'Z') => 4.9,
        (b'A'..=b'Z', b'A'..=b'Z') => 0.3,
        (b'A'..=b'Z', b'a'..=b'z') => 2.5,
        (_, b'a'..=b'z') => 0.3,
        (_, b'A'..=b'Z') => 2.4,
        (_, b'_' | b'-' | b'/' | b'+') => 1.5,
        _ => 4.0,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::template::Random;
    use super::*;

    #[test]
    fn chance_is_told_from_words() {
        let mut random = Random::new(5);
        for (alphabet, length) in [
            ("0123456789abcdef", 32),
            ("0123456789abcdefghijklmnopqrstuvwxyz", 24),
            (
                "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
                20,
            ),
        ] {
            let mut wrong = 0;
            for _ in 0..1000 {
                wrong += usize::from(surprise(random.text(alphabet, length).as_bytes()) < 8.0);
            }
            assert!(wrong < 20, "{alphabet}: {wrong}");
        }
        for word in [
            "access_token_provider_name",
            "ConnectionStringBuilderFactory",
            "application/x-www-form-urlencoded",
            "DEFAULT_REQUEST_TIMEOUT_SECONDS",
            "utf8-general-collation-v2",
        ] {
            assert!(surprise(word.as_bytes()) < 0.0, "{word}");
        }
    }

    #[test]
    fn entropy_counts_characters() {
        assert_eq!(shannon(b""), 0.0);
        assert_eq!(shannon(b"aaaa"), 0.0);
        assert!((shannon(b"abcd") - 2.0).abs() < 1e-9);
        assert!((evenness(b"abcd") - 1.0).abs() < 1e-9);
    }
}
