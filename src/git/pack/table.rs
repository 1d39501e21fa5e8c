//! Finds an object among all that are stored, by its id.

/// No object.
const FREE: u32 = u32::MAX;

/// Numbers by id, with open addressing. Ids are hashes: their first bits tell where to look, and
/// those of an index, which come sorted, are entered one behind the other.
#[derive(Default)]
pub(super) struct Table {
    slots: Vec<u32>,
}

impl Table {
    /// For so many objects at most.
    pub(super) fn new(objects: u32) -> Self {
        let slots = (objects as usize).next_power_of_two().max(8) * 2;
        Self {
            slots: vec![FREE; slots],
        }
    }

    /// Enters an object, unless one of the same id is there. `id` gives the raw id of a number.
    pub(super) fn enter<'a>(&mut self, number: u32, id: impl Fn(u32) -> &'a [u8]) {
        let raw = id(number);
        let mut slot = self.slot(raw);
        while self.slots[slot] != FREE {
            if id(self.slots[slot]) == raw {
                return;
            }
            slot = (slot + 1) % self.slots.len();
        }
        self.slots[slot] = number;
    }

    /// The number of the object of this id.
    pub(super) fn find<'a>(&self, raw: &[u8], id: impl Fn(u32) -> &'a [u8]) -> Option<u32> {
        if self.slots.is_empty() {
            return None;
        }
        let mut slot = self.slot(raw);
        loop {
            match self.slots[slot] {
                FREE => return None,
                number if id(number) == raw => return Some(number),
                _ => slot = (slot + 1) % self.slots.len(),
            }
        }
    }

    fn slot(&self, raw: &[u8]) -> usize {
        let first = raw
            .first_chunk()
            .map_or(0, |chunk| u64::from_be_bytes(*chunk));
        (first >> (64 - self.slots.len().trailing_zeros())) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_equal_ids_counts() {
        let ids: Vec<[u8; 20]> = [1, 200, 1, 2, 2, 255]
            .map(|byte| {
                [
                    byte, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, byte,
                ]
            })
            .to_vec();
        let id = |number: u32| &ids[number as usize][..];
        let mut table = Table::new(6);
        (0..6).for_each(|number| table.enter(number, id));
        let found: Vec<_> = ids.iter().map(|raw| table.find(raw, id)).collect();
        assert_eq!(
            found,
            [Some(0), Some(1), Some(0), Some(3), Some(3), Some(5)]
        );
        let mut other = ids[0];
        other[19] = 9;
        assert_eq!(table.find(&other, id), None);
        assert_eq!(Table::default().find(&other, id), None);
    }
}
