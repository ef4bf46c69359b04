//! What is to happen, in order of time, and of writing where times are equal.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// A queue of future moments.
#[derive(Debug)]
pub(super) struct Agenda<M> {
    heap: BinaryHeap<Reverse<Entry<M>>>,
    written: u64,
}

#[derive(Debug)]
struct Entry<M> {
    at: i64,
    number: u64,
    moment: M,
}

impl<M> Agenda<M> {
    pub(super) fn new() -> Self {
        Agenda { heap: BinaryHeap::new(), written: 0 }
    }

    pub(super) fn add(&mut self, at: i64, moment: M) {
        self.heap.push(Reverse(Entry { at, number: self.written, moment }));
        self.written += 1;
    }

    pub(super) fn next(&mut self) -> Option<(i64, M)> {
        self.heap.pop().map(|Reverse(entry)| (entry.at, entry.moment))
    }
}

impl<M> PartialEq for Entry<M> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<M> Eq for Entry<M> {}

impl<M> PartialOrd for Entry<M> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<M> Ord for Entry<M> {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}
