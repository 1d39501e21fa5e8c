//! Finds where any of some hundred keywords stands, in one pass and in any case.
//!
//! A general automaton over this many short patterns is either slow to build (it is built for
//! every commit) or slow to run (too many patterns for vector instructions). Instead every
//! position is hashed over its four bytes into a bitmap of the size of the first-level cache;
//! only where the bit is set, the few keywords of that hash are compared. Keywords of three bytes are
//! entered once for every fourth byte that may follow them: no built-in rule lets one follow that
//! is not ASCII.

use super::patience::Patience;

/// How much of a text is looked through before somebody asks how late it is, in bytes.
pub(super) const BLOCK: usize = 1 << 20;

/// Setting this bit in every byte folds upper into lower case. It also joins some bytes that are
/// no letters; the comparison sorts those out.
const FOLD: u32 = 0x2020_2020;

/// [`FOLD`] for eight bytes.
const FOLD8: u64 = 0x2020_2020_2020_2020;

/// 18 bits of hash: a bitmap of 32 KiB.
const HASH_BITS: u32 = 18;

/// The bitmap in words of 64 bits.
const WORDS: usize = 1 << (HASH_BITS - 6);

/// 12 bits of the hash choose the list of keywords to compare.
const LIST_BITS: u32 = 12;

/// A set of keywords, each with the number of its owner.
pub(super) struct Keywords {
    /// Of a length known to the compiler, which spares the check of every index.
    bitmap: Box<[u64; WORDS]>,
    /// Where each list begins in `entries`; it ends where the next one begins.
    lists: Box<[u32]>,
    entries: Vec<Entry>,
}

/// A member of a list.
#[derive(Clone, Copy)]
struct Entry {
    /// The first eight bytes, folded, and which bits of them the keyword has.
    head: u64,
    mask: u64,
    keyword: &'static [u8],
    owner: u16,
    /// Whether it is one letter over and over.
    is_run: bool,
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
    /// Of lower-case keywords (three bytes or more), each with its owner and the highest byte that may
    /// follow it.
    pub(super) fn new(keywords: impl Iterator<Item = (&'static str, u16, u8)>) -> Self {
        let mut bitmap = Box::new([0; WORDS]);
        let mut members = Vec::with_capacity(4096);
        for (keyword, owner, highest) in keywords {
            let keyword = keyword.as_bytes();
            let mut head = [0; 8];
            let length = keyword.len().min(8);
            head[..length].copy_from_slice(&keyword[..length]);
            let mask = u64::MAX >> (64 - 8 * length);
            let entry = Entry {
                head: (u64::from_le_bytes(head) | FOLD8) & mask,
                mask,
                keyword,
                owner,
                is_run: keyword.iter().all(|byte| *byte == keyword[0]),
            };
            let mut enter = |four: u32| {
                let hash = hash(four);
                bitmap[(hash >> 6) as usize] |= 1 << (hash & 63);
                members.push((list(hash), entry));
            };
            match *keyword {
                [a, b, c] => {
                    // The fold leaves half of the values of the last byte.
                    for last in (0..=highest).filter(|byte| byte & 0x20 != 0) {
                        enter(u32::from_le_bytes([a, b, c, last]));
                    }
                }
                [a, b, c, d, ..] => enter(u32::from_le_bytes([a, b, c, d])),
                _ => {}
            }
        }
        // Sorted by counting: this is done for every commit.
        let mut lists = vec![0_u32; (1 << LIST_BITS) + 1].into_boxed_slice();
        for (list, _) in &members {
            lists[*list + 1] += 1;
        }
        for list in 1..lists.len() {
            lists[list] += lists[list - 1];
        }
        let mut next = lists.clone();
        let mut entries = match members.first() {
            Some((_, entry)) => vec![*entry; members.len()],
            None => Vec::new(),
        };
        for (list, entry) in members {
            entries[next[list] as usize] = entry;
            next[list] += 1;
        }
        Self {
            bitmap,
            lists,
            entries,
        }
    }

    /// Calls `found` for every keyword in `text`, by rising place. Within a long run of one letter,
    /// a keyword that is such a run counts where the letter begins and where it ends: what lies wholly
    /// between is no secret, and there may be millions of them.
    pub(super) fn each(&self, text: &[u8], mut found: impl FnMut(Hit)) {
        let mut done = 0;
        while let Some(chunk) = text[done..].first_chunk() {
            let word = u64::from_le_bytes(*chunk) | FOLD8;
            // The lowest bit says whether any of the five is set; which one, few have to know.
            let any = self.shifted(word)
                | self.shifted(word >> 8)
                | self.shifted(word >> 16)
                | self.shifted(word >> 24)
                | self.shifted(word >> 32);
            if any & 1 != 0 {
                for offset in 0..5 {
                    let four = word >> (8 * offset);
                    if self.shifted(four) & 1 != 0 {
                        self.compare(text, done + offset, four as u32, &mut found);
                    }
                }
            }
            done += 5;
        }
        while done + 3 <= text.len() {
            let mut first = [0; 4];
            let rest = &text[done..text.len().min(done + 4)];
            first[..rest.len()].copy_from_slice(rest);
            let first = u32::from_le_bytes(first) | FOLD;
            if self.shifted(u64::from(first)) & 1 != 0 {
                self.compare(text, done, first, &mut found);
            }
            done += 1;
        }
    }

    /// All hits of a text; where time is short, looked for in blocks, and perhaps told twice.
    pub(super) fn all(&self, text: &[u8], patience: Patience) -> Vec<Hit> {
        let mut hits = Vec::new();
        if !patience.is_bounded() || text.len() <= BLOCK {
            self.each(text, |hit| hits.push(hit));
            return hits;
        }
        let lengths = self.entries.iter().map(|entry| entry.keyword.len());
        let beyond = lengths.max().unwrap_or(0);
        for start in (0..text.len()).step_by(BLOCK) {
            if patience.is_over() {
                break;
            }
            let block = &text[start..text.len().min(start + BLOCK + beyond)];
            self.each(block, |hit| {
                let start = start + hit.start;
                hits.push(Hit { start, ..hit });
            });
        }
        hits
    }

    /// The bitmap's word, shifted so that the bit of the first four bytes of `text`, which are
    /// folded, is the lowest.
    #[inline]
    fn shifted(&self, text: u64) -> u64 {
        let hash = hash(text as u32);
        self.bitmap[(hash >> 6) as usize] >> (hash & 63)
    }

    #[inline(never)]
    fn compare(&self, text: &[u8], start: usize, four: u32, found: &mut impl FnMut(Hit)) {
        let list = list(hash(four));
        let (from, to) = (self.lists[list] as usize, self.lists[list + 1] as usize);
        let word = match text[start..].first_chunk() {
            Some(chunk) => u64::from_le_bytes(*chunk),
            None => {
                let mut chunk = [0; 8];
                chunk[..text.len() - start].copy_from_slice(&text[start..]);
                u64::from_le_bytes(chunk)
            }
        } | FOLD8;
        for entry in &self.entries[from..to] {
            if word & entry.mask != entry.head {
                continue;
            }
            let end = start + entry.keyword.len();
            if entry.is_run && is_inside_run(text, start, end) {
                continue;
            }
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
        }
    }
}

/// Whether the same letter stands before and behind a part of a text as at its start.
fn is_inside_run(text: &[u8], start: usize, end: usize) -> bool {
    let letter = text[start];
    let same = |byte: Option<&u8>| byte.is_some_and(|byte| byte.eq_ignore_ascii_case(&letter));
    start > 0 && same(text.get(start - 1)) && same(text.get(end))
}

/// Which list the keywords of a hash are in.
#[inline]
fn list(hash: u32) -> usize {
    (hash >> (HASH_BITS - LIST_BITS)) as usize
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
        let set = Keywords::new((0..).zip(words).map(|(owner, word)| (word, owner, 0x7f)));
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
                    let inside = word == "ccccccccc"
                        && is_inside_run(text.as_bytes(), start, start + word.len());
                    if !inside
                        && here.is_some_and(|here| here.eq_ignore_ascii_case(word.as_bytes()))
                    {
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

    #[test]
    fn a_run_counts_where_it_begins_and_ends() {
        let set = Keywords::new([("aaaa", 0, 0x7f)].into_iter());
        let text = format!("x{}y aaaa Aaaaa", "a".repeat(1000));
        let mut starts = Vec::new();
        set.each(text.as_bytes(), |hit| starts.push(hit.start));
        starts.dedup();
        assert_eq!(starts, [1, 997, 1003, 1008, 1009]);
    }
}
