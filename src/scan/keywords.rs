//! Finds where any of some hundred keywords stands, in one pass and in any case.
//!
//! A general automaton over this many short patterns is either slow to build (it is built for
//! every commit) or slow to run (too many patterns for vector instructions). Instead every
//! position is hashed over its four bytes into a bitmap that fits the first-level cache; only
//! where the bit is set, the few keywords of that hash are compared. Keywords of three bytes are
//! entered once for every possible fourth byte.

/// Setting this bit in every byte folds upper into lower case. It also joins some bytes that are
/// no letters; the comparison sorts those out.
const FOLD: u32 = 0x2020_2020;

/// 16 bits of hash: a bitmap of 8 KiB.
const HASH_BITS: u32 = 16;

/// 12 bits of the hash choose the list of keywords to compare.
const LIST_BITS: u32 = 12;

/// A set of keywords, each with the number of its owner.
pub(super) struct Keywords {
    bitmap: Box<[u64; 1 << (HASH_BITS - 6)]>,
    /// The first entry of each list, plus one; 0 is none.
    heads: Box<[u32; 1 << LIST_BITS]>,
    entries: Vec<Entry>,
}

/// A member of a list.
struct Entry {
    keyword: &'static [u8],
    owner: u16,
    /// The next member, plus one; 0 is none.
    next: u32,
}

/// A keyword found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hit {
    /// Whose keyword it is.
    pub(super) owner: u16,
    /// Where it begins.
    pub(super) start: usize,
    /// Its length.
    pub(super) len: usize,
}

impl Keywords {
    /// Of pairs of a lower-case keyword (three bytes or more) and its owner.
    pub(super) fn new(keywords: impl Iterator<Item = (&'static str, u16)>) -> Self {
        let mut this = Self {
            bitmap: Box::new([0; 1 << (HASH_BITS - 6)]),
            heads: Box::new([0; 1 << LIST_BITS]),
            entries: Vec::with_capacity(1024),
        };
        for (keyword, owner) in keywords {
            let keyword = keyword.as_bytes();
            match *keyword {
                [a, b, c] => {
                    // The fold leaves 128 values of the last byte.
                    for last in (0..=u8::MAX).filter(|byte| byte & 0x20 != 0) {
                        this.enter([a, b, c, last], keyword, owner);
                    }
                }
                [a, b, c, d, ..] => this.enter([a, b, c, d], keyword, owner),
                _ => {}
            }
        }
        this
    }

    fn enter(&mut self, first: [u8; 4], keyword: &'static [u8], owner: u16) {
        let hash = hash(u32::from_le_bytes(first));
        self.bitmap[(hash >> 6) as usize] |= 1 << (hash & 63);
        let list = (hash >> (HASH_BITS - LIST_BITS)) as usize;
        self.entries.push(Entry {
            keyword,
            owner,
            next: self.heads[list],
        });
        self.heads[list] = self.entries.len() as u32;
    }

    /// Calls `found` for every keyword in `text`, by rising place.
    pub(super) fn each(&self, text: &[u8], mut found: impl FnMut(Hit)) {
        let mut chunks = text.windows(8).step_by(5);
        let mut done = 0;
        for chunk in &mut chunks {
            let Ok(chunk) = <[u8; 8]>::try_from(chunk) else {
                break;
            };
            let word = u64::from_le_bytes(chunk);
            let bits = [
                self.bit(word as u32),
                self.bit((word >> 8) as u32),
                self.bit((word >> 16) as u32),
                self.bit((word >> 24) as u32),
                self.bit((word >> 32) as u32),
            ];
            if bits != [false; 5] {
                for (offset, bit) in bits.into_iter().enumerate() {
                    if bit {
                        self.compare(
                            text,
                            done + offset,
                            (word >> (8 * offset)) as u32,
                            &mut found,
                        );
                    }
                }
            }
            done += 5;
        }
        while done + 3 <= text.len() {
            let mut first = [0; 4];
            let rest = &text[done..text.len().min(done + 4)];
            first[..rest.len()].copy_from_slice(rest);
            let first = u32::from_le_bytes(first);
            if self.bit(first) {
                self.compare(text, done, first, &mut found);
            }
            done += 1;
        }
    }

    #[inline]
    fn bit(&self, four: u32) -> bool {
        let hash = hash(four);
        self.bitmap[(hash >> 6) as usize] >> (hash & 63) & 1 != 0
    }

    #[cold]
    fn compare(&self, text: &[u8], start: usize, four: u32, found: &mut impl FnMut(Hit)) {
        let list = (hash(four) >> (HASH_BITS - LIST_BITS)) as usize;
        let mut next = self.heads[list];
        while next != 0 {
            let entry = &self.entries[next as usize - 1];
            let end = start + entry.keyword.len();
            if text
                .get(start..end)
                .is_some_and(|here| here.eq_ignore_ascii_case(entry.keyword))
            {
                found(Hit {
                    owner: entry.owner,
                    start,
                    len: entry.keyword.len(),
                });
            }
            next = entry.next;
        }
    }
}

#[inline]
fn hash(four: u32) -> u32 {
    (four | FOLD).wrapping_mul(0x9E37_79B1) >> (32 - HASH_BITS)
}

#[cfg(test)]
mod tests {
    use super::super::template::Random;
    use super::*;

    /// Against the plain way, on texts of few letters, so that hits are many and overlap.
    #[test]
    fn every_keyword_is_found_and_nothing_else() {
        let words = [
            "aba",
            "abc",
            "abab",
            "a_b-",
            "bcab",
            "-----b",
            "ccccccccc",
            "://",
        ];
        let set = Keywords::new(words.into_iter().zip(0..));
        let mut random = Random::new(9);
        for round in 0..3000 {
            let length = random.below(40);
            let text = random.text("aAbBcC_-:/\u{7f}{", length);
            let mut have = Vec::new();
            set.each(text.as_bytes(), |hit| have.push(hit));
            have.sort_unstable();
            have.dedup();
            let mut want = Vec::new();
            for (word, owner) in words.into_iter().zip(0..) {
                for start in 0..text.len() {
                    let here = text.as_bytes().get(start..start + word.len());
                    if here.is_some_and(|here| here.eq_ignore_ascii_case(word.as_bytes())) {
                        want.push(Hit {
                            owner,
                            start,
                            len: word.len(),
                        });
                    }
                }
            }
            want.sort_unstable();
            assert_eq!(have, want, "round {round}");
        }
    }
}
