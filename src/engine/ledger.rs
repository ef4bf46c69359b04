//! Where commit records are kept, in order, one chain a partition.

use std::collections::VecDeque;

use super::record::Record;

/// Keeps commit records. What was appended is given back in the order of each partition's chain;
/// only what was given back is folded.
pub trait Ledger {
    /// Adds a record to its partition's chain.
    fn append(&mut self, record: Record);

    /// The next record in log order, if one is there.
    fn read_back(&mut self) -> Option<Record>;
}

/// A ledger that lasts as long as the process: the events are read again at the next start.
#[derive(Debug, Default)]
pub struct MemoryLedger {
    appended: VecDeque<Record>,
}

impl Ledger for MemoryLedger {
    fn append(&mut self, record: Record) {
        self.appended.push_back(record);
    }

    fn read_back(&mut self) -> Option<Record> {
        self.appended.pop_front()
    }
}
