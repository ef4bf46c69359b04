//! From batches of events to commit records and from records to figures; still pure.
//!
//! Each partition gathers events in an overlay over the contacts it holds. A commit turns the
//! overlay into a [`Record`]: the changed contacts and what they change in the figures, computed
//! once a contact. The record goes to the [`Ledger`] and is folded when it is read back; nothing is
//! shown before that, and nothing but the fold changes the figures. The same engine runs over
//! Kafka, over files and in tests.

mod fold;
mod ledger;
mod partition;
mod record;

use std::collections::BTreeMap;

pub use fold::Quality;
pub use ledger::{Ledger, MemoryLedger};
pub use record::Record;

use crate::config;
use crate::domain::board::Board;
use crate::domain::contact::ContactLimits;
use crate::domain::event::Message;
use crate::domain::ids::{Department, Queue};
use crate::domain::rules::Rules;
use crate::domain::snapshot::{PartitionView, Snapshot};
use crate::domain::tally::Bounds;
use crate::domain::units::{Millis, Timestamp};
use crate::wire::canonical::{Arrival, Decoded, Decoder};
use crate::wire::event::Event;
use crate::wire::reject::Reject;

use fold::Fold;
use partition::Partition;

/// What the engine is bounded by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// An event older than the watermark less this is late (D).
    pub lateness: Millis,
    /// A waiting stay silent for this long is lost track of (T).
    pub silence: Millis,
    /// Contacts held over all partitions; at the bound the oldest go first.
    pub held_contacts: usize,
    /// Observations kept of one contact.
    pub contact: ContactLimits,
    /// Days for which quarter-hours are kept behind the newest; days are kept for good.
    pub quarter_days: i32,
    /// Agents that are known at once; reports of others are counted and left out.
    pub agents: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Settings::from(&config::Config::default())
    }
}

impl From<&config::Config> for Settings {
    fn from(config: &config::Config) -> Self {
        let limits = &config.limits;
        Settings {
            lateness: Millis::from_hours(i64::from(limits.lateness_hours)),
            silence: Millis::from_hours(i64::from(limits.silence_hours)),
            held_contacts: limits.held_contacts,
            contact: ContactLimits {
                ringing: limits.observations_ringing,
                other: limits.observations_other,
            },
            quarter_days: 62,
            agents: 20_000,
        }
    }
}

/// Everything between bytes and figures.
#[derive(Debug)]
pub struct Engine<L: Ledger = MemoryLedger> {
    settings: Settings,
    rules: Rules,
    decoder: Decoder,
    display: BTreeMap<String, String>,
    partitions: Vec<Partition>,
    ledger: L,
    fold: Fold,
    caught_up: bool,
    learned_queues: usize,
}

impl Engine<MemoryLedger> {
    /// An engine over a ledger in memory. `display` gives names for people to department slugs.
    pub fn new(
        settings: Settings,
        rules: Rules,
        decoder: Decoder,
        display: Vec<(String, String)>,
    ) -> Self {
        Engine::with_ledger(settings, rules, decoder, display, MemoryLedger::default())
    }
}

impl<L: Ledger> Engine<L> {
    /// An engine over a ledger.
    pub fn with_ledger(
        settings: Settings,
        rules: Rules,
        decoder: Decoder,
        display: Vec<(String, String)>,
        ledger: L,
    ) -> Self {
        let limits = rules
            .sets()
            .flat_map(|(_, set)| [set.switchboard_limit, set.queue_limit, set.short_abandon]);
        let bounds = Bounds::new(limits);
        Engine {
            settings,
            rules,
            decoder,
            display: display.into_iter().collect(),
            partitions: Vec::new(),
            ledger,
            fold: Fold::new(Board::new(bounds, settings.quarter_days)),
            caught_up: false,
            learned_queues: 0,
        }
    }

    /// Keeps every quarter-hour, however old: for a document by quarter-hour or hour over files.
    pub fn keep_all_quarters(&mut self) {
        self.fold.board_mut().keep_all_quarters();
    }

    /// Adds a partition of a topic (or a file) and gives its index.
    pub fn open_partition(&mut self, topic: &str, partition: i32) -> usize {
        self.partitions.push(Partition::new(self.partitions.len()));
        self.fold.open_partition(topic, partition);
        self.partitions.len() - 1
    }

    /// Takes in the bytes of one record. What cannot be read is counted by its reason.
    pub fn event(&mut self, partition: usize, offset: i64, bytes: &[u8], arrival: &Arrival) {
        match self.decoder.decode(bytes, arrival) {
            Ok(decoded) => self.decoded(partition, offset, decoded),
            Err(reject) => self.reject(partition, offset, reject),
        }
    }

    /// Takes in an event that an adapter made.
    pub fn message(&mut self, partition: usize, offset: i64, event: &Event<'_>, arrival: &Arrival) {
        match self.decoder.event(event, arrival) {
            Ok(decoded) => self.decoded(partition, offset, decoded),
            Err(reason) => self.reject(partition, offset, Reject::new(reason, 0)),
        }
    }

    /// Counts a record that could not be read.
    pub fn reject(&mut self, partition: usize, offset: i64, reject: Reject) {
        self.partitions[partition].reject(offset, reject);
    }

    /// Counts a record that is known and that no figure is made from.
    pub fn set_aside(&mut self, partition: usize, offset: i64) {
        self.partitions[partition].neutral(offset);
    }

    fn decoded(&mut self, partition: usize, offset: i64, decoded: Decoded) {
        if self.decoder.names().queues.len() != self.learned_queues {
            self.learn_queues();
        }
        let at = &mut self.partitions[partition];
        at.begin(offset, decoded.notes, decoded.message.time());
        match decoded.message {
            Message::Contact(id, observation) => {
                at.observe(id, observation, self.fold.held(partition), &self.settings);
            }
            Message::Agent(report) => at.report(report, self.settings.agents),
            Message::Started { source, time, .. } => at.restart(source, time, &self.settings),
            Message::Heartbeat { .. } => at.applied(),
            Message::SetAside { .. } => at.set_aside(),
        }
    }

    /// Where names are open, a queue is a department of its own.
    fn learn_queues(&mut self) {
        let names = self.decoder.names_mut();
        let known = self.learned_queues;
        self.learned_queues = names.queues.len();
        if !names.open {
            return;
        }
        for at in known..names.queues.len() {
            let name = names.queues.name(at as u16).to_owned();
            let department =
                names.departments.intern(&name).map_or(Department::UNKNOWN, Department);
            self.rules.learn_queue(Queue(at as u16), department);
        }
    }

    /// Events taken in since the last commit.
    pub fn gathered(&self) -> usize {
        self.partitions.iter().map(Partition::gathered).sum()
    }

    /// Writes what every partition has gathered to the ledger, and folds what the ledger gives
    /// back.
    pub fn commit(&mut self) {
        let room = self.settings.held_contacts / self.partitions.len().max(1);
        for (at, partition) in self.partitions.iter_mut().enumerate() {
            let context = partition::Context {
                rules: &self.rules,
                bounds: self.fold.board().bounds(),
                settings: &self.settings,
                room: room.max(1),
            };
            if let Some(record) = partition.cut(self.fold.held(at), &context) {
                self.ledger.append(record);
            }
        }
        while let Some(record) = self.ledger.read_back() {
            self.fold.apply(record);
        }
    }

    /// Tells that nothing more comes: what has been silent for T by the largest event time is lost
    /// track of. It settles that and moves nothing else.
    pub fn tick(&mut self) {
        self.commit();
        let Some(time) = self.last_event() else { return };
        for partition in &mut self.partitions {
            partition.tick(time);
        }
        self.commit();
    }

    /// Tells that a partition has nothing more by a time of the reader's clock: what has been silent
    /// in it for T by then is lost track of. Should something have been under way all the same, it
    /// is a correction.
    pub fn settle(&mut self, partition: usize, time: Timestamp) {
        self.partitions[partition].tick(time);
    }

    /// Tells how far a partition has been read, and where it ends if that is known.
    pub fn set_position(&mut self, partition: usize, end: Option<i64>, next: i64) {
        self.fold.set_lag(partition, end.map(|end| (end - next).max(0)));
    }

    /// Tells whether everything that was there at the start is folded.
    pub fn set_caught_up(&mut self, caught_up: bool) {
        self.caught_up = caught_up;
    }

    /// Tells how long committing and folding a number of events took.
    pub fn timed(&mut self, events: usize, seconds: f64) {
        self.fold.timed(events, seconds);
    }

    /// The largest event time that was applied.
    pub fn last_event(&self) -> Option<Timestamp> {
        self.partitions.iter().filter_map(Partition::last_event).max()
    }

    /// The board, for documents.
    pub fn board(&self) -> &Board {
        self.fold.board()
    }

    /// The rules.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The decoder's names.
    pub fn names(&self) -> &crate::domain::ids::Names {
        self.decoder.names()
    }

    /// What was counted beside the figures.
    pub fn quality(&self) -> Quality {
        self.fold.quality()
    }

    /// The views of the partitions.
    pub fn partitions(&self) -> Vec<PartitionView> {
        self.fold.views()
    }

    /// Bytes of held contacts and how many there are.
    pub fn held(&self) -> (usize, usize) {
        self.fold.held_size()
    }

    /// One picture of everything, at the reader's clock.
    pub fn snapshot(&mut self, now: Timestamp) -> Snapshot {
        let names = self.decoder.names();
        let mut snapshot = self.fold.board_mut().snapshot(now, &self.rules, names, &self.display);
        snapshot.caught_up = self.caught_up;
        snapshot.stream = self.fold.stream();
        snapshot
    }
}
