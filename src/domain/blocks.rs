//! Tallies in blocks of time that copies share.
//!
//! A picture of all counts is written to disk by another thread while the fold goes on. A copy
//! therefore costs a pointer a block; a block is copied when it is changed while a copy still holds
//! it, and only the latest blocks are.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::ids::Department;
use super::pack::{Reader, Writer};
use super::tally::Tally;

/// What tells the tallies of one block apart.
pub(super) trait Key: Ord + Copy {
    fn pack(self, out: &mut Writer<'_>);
    fn unpack(input: &mut Reader<'_>) -> Option<Self>;
}

/// Tallies by (block, key), none of them empty. A block is a number of days, quarter-hours or
/// minutes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Blocks<K>(BTreeMap<i32, Arc<BTreeMap<K, Tally>>>);

impl<K> Default for Blocks<K> {
    fn default() -> Self {
        Blocks(BTreeMap::new())
    }
}

impl<K: Key> Blocks<K> {
    /// Adds a delta.
    pub(super) fn add(&mut self, block: i32, key: K, delta: &Tally) {
        use std::collections::btree_map::Entry;
        if delta.is_empty() {
            return;
        }
        let tallies = Arc::make_mut(self.0.entry(block).or_default());
        match tallies.entry(key) {
            Entry::Vacant(entry) => {
                entry.insert(delta.clone());
            }
            Entry::Occupied(mut entry) => {
                entry.get_mut().merge(delta);
                if entry.get().is_empty() {
                    entry.remove();
                    if tallies.is_empty() {
                        self.0.remove(&block);
                    }
                }
            }
        }
    }

    /// Lets the blocks before one go.
    pub(super) fn drop_before(&mut self, oldest: i32) {
        while let Some(first) = self.0.first_entry()
            && *first.key() < oldest
        {
            first.remove();
        }
    }

    /// All tallies, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (i32, K, &Tally)> {
        self.0.iter().flat_map(|(block, tallies)| {
            tallies.iter().map(move |(key, tally)| (*block, *key, tally))
        })
    }

    /// The tallies of some blocks, in order; none of a range that ends before it begins.
    pub(super) fn range(&self, blocks: Range<i32>) -> impl Iterator<Item = (i32, K, &Tally)> {
        let blocks = blocks.start..blocks.end.max(blocks.start);
        self.0.range(blocks).flat_map(|(block, tallies)| {
            tallies.iter().map(move |(key, tally)| (*block, *key, tally))
        })
    }

    /// The tallies of one block, in order.
    pub(super) fn block(&self, block: i32) -> impl Iterator<Item = (K, &Tally)> {
        self.0.get(&block).into_iter().flat_map(|tallies| tallies.iter().map(|(k, t)| (*k, t)))
    }

    pub(super) fn pack(&self, out: &mut Writer<'_>) {
        out.unsigned(self.0.len() as u64);
        let mut before = 0;
        for (block, tallies) in &self.0 {
            out.signed(i64::from(*block) - before);
            before = i64::from(*block);
            out.unsigned(tallies.len() as u64);
            for (key, tally) in tallies.iter() {
                key.pack(out);
                tally.pack(out);
            }
        }
    }

    /// Reads what [`Blocks::pack`] wrote; `None` on foreign bytes.
    pub(super) fn unpack(input: &mut Reader<'_>) -> Option<Self> {
        let mut blocks = Vec::new();
        let mut before = 0;
        // A block has two bytes at least beside its tallies, a tally four with its key.
        for at in 0..input.count(6)? {
            let block = i64::checked_add(before, input.signed()?)?;
            if at > 0 && block <= before {
                return None;
            }
            before = block;
            let count = input.count(4)?;
            let mut tallies: Vec<(K, Tally)> = Vec::with_capacity(count);
            for _ in 0..count {
                let key = K::unpack(input)?;
                let tally = Tally::unpack(input)?;
                if tally.is_empty() || tallies.last().is_some_and(|(last, _)| *last >= key) {
                    return None;
                }
                tallies.push((key, tally));
            }
            if tallies.is_empty() {
                return None;
            }
            blocks.push((i32::try_from(block).ok()?, Arc::new(tallies.into_iter().collect())));
        }
        Some(Blocks(blocks.into_iter().collect()))
    }
}

impl Key for Department {
    fn pack(self, out: &mut Writer<'_>) {
        out.unsigned(u64::from(self.0));
    }

    fn unpack(input: &mut Reader<'_>) -> Option<Self> {
        input.index().map(Department)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Deltas = Vec<(i32, u16, u32, i64)>;

    fn deltas() -> impl Strategy<Value = Deltas> {
        proptest::collection::vec((-3..9i32, 0..4u16, 0..3u32, -2..3i64), 0..60)
    }

    fn add(blocks: &mut Blocks<Department>, deltas: &Deltas) {
        for (block, key, code, n) in deltas {
            let mut delta = Tally::default();
            delta.add(*code, *n);
            blocks.add(*block, Department(*key), &delta);
        }
    }

    fn packed(blocks: &Blocks<Department>) -> Vec<u8> {
        let mut bytes = Vec::new();
        blocks.pack(&mut Writer(&mut bytes));
        bytes
    }

    proptest! {
        #[test]
        fn blocks_are_one_ordered_map(deltas in deltas(), from in -5..10i32, until in -5..10i32) {
            let mut blocks = Blocks::default();
            add(&mut blocks, &deltas);
            let mut plain: BTreeMap<(i32, Department), Tally> = BTreeMap::new();
            for (block, key, code, n) in deltas {
                plain.entry((block, Department(key))).or_default().add(code, n);
            }
            plain.retain(|_, tally| !tally.is_empty());
            let flat = |(block, key, tally): (i32, Department, &Tally)| ((block, key), tally.clone());
            let wanted: Vec<_> = plain.clone().into_iter().collect();
            prop_assert_eq!(blocks.iter().map(flat).collect::<Vec<_>>(), wanted);
            let inside = |(block, _): &(i32, Department)| (from..until).contains(block);
            let wanted: Vec<_> = plain.clone().into_iter().filter(|(k, _)| inside(k)).collect();
            prop_assert_eq!(blocks.range(from..until).map(flat).collect::<Vec<_>>(), wanted);
            let one = blocks.block(from).map(|(key, tally)| ((from, key), tally.clone()));
            let wanted: Vec<_> = plain.clone().into_iter().filter(|(k, _)| k.0 == from).collect();
            prop_assert_eq!(one.collect::<Vec<_>>(), wanted);
            blocks.drop_before(from);
            plain.retain(|(block, _), _| *block >= from);
            prop_assert_eq!(blocks.iter().count(), plain.len());
        }

        #[test]
        fn a_copy_stays_as_it_was(first in deltas(), then in deltas()) {
            let mut blocks = Blocks::default();
            add(&mut blocks, &first);
            let (copy, bytes) = (blocks.clone(), packed(&blocks));
            add(&mut blocks, &then);
            prop_assert_eq!(packed(&copy), bytes);
        }

        #[test]
        fn what_was_packed_is_unpacked_and_a_part_of_it_is_not(deltas in deltas()) {
            let mut blocks = Blocks::default();
            add(&mut blocks, &deltas);
            let bytes = packed(&blocks);
            let mut input = Reader(&bytes);
            prop_assert_eq!(Blocks::unpack(&mut input), Some(blocks));
            prop_assert!(input.is_empty());
            let cut = &bytes[..bytes.len() - 1];
            prop_assert!(Blocks::<Department>::unpack(&mut Reader(cut)).is_none());
        }

        #[test]
        fn what_is_taken_from_foreign_bytes_packs_to_the_same(
            bytes in proptest::collection::vec(prop_oneof![0..4u8, any::<u8>()], 0..60),
        ) {
            if let Some(blocks) = Blocks::unpack(&mut Reader(&bytes)) {
                let again = packed(&blocks);
                prop_assert_eq!(Blocks::unpack(&mut Reader(&again)), Some(blocks));
            }
        }
    }
}
