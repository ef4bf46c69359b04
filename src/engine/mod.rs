//! Stand-in for the engine: counts what it is given.
#![allow(missing_docs, dead_code)]

use crate::config::{Config, Limits};
use crate::domain::rules::Rules;
use crate::domain::snapshot::{PartitionView, Snapshot, StreamView};
use crate::domain::units::Timestamp;
use crate::report::{Document, Interval};
use crate::wire::canonical::{Arrival, Decoder};
use crate::wire::event::Event;
use crate::wire::reject::Reject;

#[derive(Clone, Debug)]
pub struct Settings {
    pub limits: Limits,
}

impl From<&Config> for Settings {
    fn from(config: &Config) -> Self {
        Settings { limits: config.limits.clone() }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Settings::from(&Config::default())
    }
}

#[derive(Debug)]
pub struct MemoryLedger;

#[derive(Debug)]
pub struct Engine {
    decoder: Decoder,
    gathered: usize,
    partitions: Vec<PartitionView>,
    rejects: i64,
    caught_up: bool,
}

impl Engine {
    pub fn new(_: Settings, _: Rules, decoder: Decoder, _: Vec<(String, String)>) -> Engine {
        Engine { decoder, gathered: 0, partitions: Vec::new(), rejects: 0, caught_up: false }
    }

    pub fn open_partition(&mut self, topic: &str, partition: i32) -> usize {
        self.partitions.push(PartitionView {
            topic: topic.to_owned(),
            partition,
            ..PartitionView::default()
        });
        self.partitions.len() - 1
    }

    pub fn event(&mut self, partition: usize, _: i64, bytes: &[u8], arrival: &Arrival) {
        self.gathered += 1;
        let view = &mut self.partitions[partition];
        view.consumed += 1;
        match self.decoder.decode(bytes, arrival) {
            Ok(_) => view.applied += 1,
            Err(_) => self.rejects += 1,
        }
    }

    pub fn message(&mut self, partition: usize, _: i64, event: &Event<'_>, arrival: &Arrival) {
        self.gathered += 1;
        let view = &mut self.partitions[partition];
        view.consumed += 1;
        match self.decoder.event(event, arrival) {
            Ok(_) => view.applied += 1,
            Err(_) => self.rejects += 1,
        }
    }

    pub fn reject(&mut self, _: usize, _: i64, _: Reject) {
        self.gathered += 1;
        self.rejects += 1;
    }

    pub fn gathered(&self) -> usize {
        self.gathered
    }

    pub fn commit(&mut self) {
        self.gathered = 0;
    }

    pub fn tick(&mut self) {}

    pub fn set_position(&mut self, partition: usize, end_offset: Option<i64>, next_offset: i64) {
        self.partitions[partition].lag = end_offset.map(|end| (end - next_offset).max(0));
    }

    pub fn set_caught_up(&mut self, caught_up: bool) {
        self.caught_up = caught_up;
    }

    pub fn last_event(&self) -> Option<Timestamp> {
        None
    }

    pub fn snapshot(&mut self, now: Timestamp) -> Snapshot {
        Snapshot {
            now,
            caught_up: self.caught_up,
            stream: StreamView { partitions: self.partitions.clone(), ..StreamView::default() },
            ..Snapshot::default()
        }
    }

    pub fn document(&self, _: Interval, _: Timestamp) -> Document {
        let applied = self.partitions.iter().map(|view| view.applied).sum();
        Document { applied, rejects: self.rejects }
    }
}
