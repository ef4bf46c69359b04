//! What the daemon over a ledger knows of itself: how far it has read, and whether its figures may
//! be relied on.

use std::collections::BTreeMap;

use super::clock::Clock;
use super::group::Group;
use super::http::Readiness;
use super::ledger::Tail;
use super::topics::LedgerTopic;
use crate::domain::calendar::Zone;
use crate::domain::snapshot::{LedgerPartitionView, LedgerView, ReportsView, SnapshotFileView};
use crate::domain::units::Timestamp;
use crate::engine::instance::Instance;

#[derive(Clone, Copy, Debug, Default)]
struct Input {
    next: i64,
    end: i64,
    /// The end when the partition was taken.
    end_at_start: i64,
}

#[derive(Clone, Debug, Default)]
struct Part {
    inputs: Vec<Input>,
    is_assigned: bool,
    gauge: Option<Vec<i64>>,
    append_failures: i64,
}

/// What is known of records that came while the ledger was not heard. Until they are folded, the
/// others know more.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Missed {
    Nothing,
    /// The ledger's ends have to be asked for.
    Unknown,
    /// There is something before these ends.
    Before(Vec<i64>),
}

/// How far everything is.
#[derive(Debug)]
pub struct Status {
    parts: Vec<Part>,
    ledger: LedgerTopic,
    /// Records of the ledger left to fold at the start; `None` once it is folded.
    left: Option<i64>,
    is_stale: bool,
    /// Records of the ledger that came while it was not heard.
    missed: Missed,
    trouble: Option<(String, Timestamp)>,
    halted: Option<String>,
    /// Topics whose number of partitions changed, with the number.
    changed: BTreeMap<String, i32>,
    rebalances: i64,
}

impl Status {
    /// Nothing is read yet.
    pub fn new(partitions: i32, ledger: LedgerTopic) -> Status {
        let count = usize::try_from(partitions).unwrap_or(0);
        Status {
            parts: vec![Part::default(); count],
            ledger,
            left: Some(0),
            is_stale: false,
            missed: Missed::Nothing,
            trouble: None,
            halted: None,
            changed: BTreeMap::new(),
            rebalances: 0,
        }
    }

    /// How many partitions there are.
    pub fn partitions(&self) -> usize {
        self.parts.len()
    }

    /// So many records of the ledger are left to fold.
    pub fn folding(&mut self, left: i64) {
        self.left = Some(left);
    }

    /// The ledger is folded to the end that it had.
    pub fn caught_up(&mut self) {
        self.left = None;
    }

    /// Whether the ledger's tail may be behind.
    pub fn is_stale(&self) -> bool {
        self.is_stale || self.missed != Missed::Nothing
    }

    /// The ledger was not heard for a while.
    pub fn missed(&mut self) {
        self.missed = Missed::Unknown;
    }

    /// Whether the ledger is heard again and its ends should be asked for.
    pub fn wants_ends(&self) -> bool {
        !self.is_stale && self.missed == Missed::Unknown
    }

    /// Where the ledger ends now that it is heard again.
    pub fn ends(&mut self, ends: Vec<i64>) {
        self.missed = Missed::Before(ends);
    }

    /// Looks whether everything that was missed is folded; `next` are the next offsets.
    pub fn folded(&mut self, mut next: impl Iterator<Item = i64>) {
        if let Missed::Before(ends) = &self.missed
            && ends.iter().all(|end| next.next().is_some_and(|next| next >= *end))
        {
            tracing::info!("the ledger is folded to its end again");
            self.missed = Missed::Nothing;
        }
    }

    /// Something keeps records from coming, or does no longer.
    pub fn trouble(&mut self, said: Option<String>) {
        match (&self.trouble, said) {
            (None, Some(said)) => {
                tracing::error!(said, "records do not come");
                self.trouble = Some((said, Clock::Real.now()));
            }
            (Some(_), None) => {
                tracing::info!("records come again");
                self.trouble = None;
            }
            (Some(_), Some(_)) | (None, None) => {}
        }
    }

    /// Nothing goes on until somebody does something.
    pub fn halted(&mut self, why: String) {
        self.halted = Some(why);
    }

    /// The group dealt partitions out.
    pub fn rebalanced(&mut self) {
        self.rebalances += 1;
    }

    /// A partition is this instance's.
    pub fn assigned(&mut self, at: usize, bounds: &[(i64, i64)]) {
        let Some(part) = self.parts.get_mut(at) else { return };
        let input = |(_, end): &(i64, i64)| Input { next: 0, end: *end, end_at_start: *end };
        part.inputs = bounds.iter().map(input).collect();
        part.is_assigned = true;
    }

    /// A partition is no longer this instance's.
    pub fn released(&mut self, at: usize) {
        if let Some(part) = self.parts.get_mut(at) {
            part.is_assigned = false;
            part.gauge = None;
            part.inputs.clear();
        }
    }

    fn input(&mut self, at: usize, input: usize) -> Option<&mut Input> {
        self.parts.get_mut(at)?.inputs.get_mut(input)
    }

    /// An input was read up to `next`.
    pub fn read(&mut self, at: usize, input: usize, next: i64) {
        if let Some(input) = self.input(at, input) {
            input.next = next;
            input.end = input.end.max(next);
        }
    }

    /// An input was read to its end.
    pub fn ended(&mut self, at: usize, input: usize, next: i64) {
        self.trouble(None);
        if let Some(input) = self.input(at, input) {
            input.next = next;
            input.end = next;
        }
    }

    /// Whether every input of a partition is read to its end.
    pub fn is_at_end(&self, at: usize) -> bool {
        self.parts.get(at).is_some_and(|part| {
            part.is_assigned && part.inputs.iter().all(|input| input.next >= input.end)
        })
    }

    /// The ledger counts a commit up to these offsets.
    pub fn committed(&mut self, at: usize, offsets: &[i64]) {
        if let Some(part) = self.parts.get_mut(at) {
            part.gauge = Some(offsets.to_vec());
        }
    }

    /// What to tell the group since the last time: topic, partition, next offset.
    pub fn gauges(&mut self) -> Vec<(usize, i32, i64)> {
        let mut gauges = Vec::new();
        for (at, part) in self.parts.iter_mut().enumerate() {
            for (topic, offset) in part.gauge.take().into_iter().flatten().enumerate() {
                if offset >= 0 {
                    gauges.push((topic, i32::try_from(at).unwrap_or(-1), offset));
                }
            }
        }
        gauges
    }

    /// The producer gave a record up.
    pub fn append_failed(&mut self, at: usize, said: &str) {
        tracing::debug!(partition = at, said, "an append failed; the same is sent again");
        if let Some(part) = self.parts.get_mut(at) {
            part.append_failures += 1;
        }
    }

    /// Partition, input, end and next offset of everything that is read here.
    pub fn lags(&self) -> Vec<(usize, usize, Option<i64>, i64)> {
        let mut lags = Vec::new();
        for (at, part) in self.parts.iter().enumerate() {
            for (input, one) in part.inputs.iter().enumerate() {
                lags.push((at, input, Some(one.end), one.next));
            }
        }
        lags
    }

    /// Takes in what the clients tell.
    pub fn look(&mut self, group: &Group, tail: &Tail, topics: &[String], is_stale: bool) {
        if is_stale != self.is_stale {
            match is_stale {
                true => tracing::warn!("nothing is heard of the ledger; no figures are shown"),
                false => tracing::info!("the ledger is heard of again"),
            }
            self.is_stale = is_stale;
            self.missed = Missed::Unknown;
        }
        for (topic, standings) in group.statistics().into_iter().enumerate() {
            for standing in standings {
                let at = usize::try_from(standing.partition).unwrap_or(usize::MAX);
                if let (Some(end), Some(input)) = (standing.end, self.input(at, topic)) {
                    input.end = end.max(input.next);
                }
            }
        }
        let expected = i32::try_from(self.parts.len()).unwrap_or(i32::MAX);
        let counts = group.partitions().into_iter().zip(topics.iter().map(String::as_str));
        let all = counts.chain([(tail.partitions(), "the ledger")]);
        for (count, topic) in all {
            if let Some(count) = count.filter(|count| *count != expected)
                && self.changed.insert(topic.to_owned(), count) != Some(count)
            {
                tracing::error!(
                    topic,
                    count,
                    expected,
                    "the number of partitions changed; stop every instance, give the inputs and \
                     the ledger equally many, and start again"
                );
            }
        }
    }

    /// Records that were there when a partition was taken, and are not read yet.
    fn behind(&self) -> i64 {
        let inputs = self.parts.iter().flat_map(|part| &part.inputs);
        inputs.map(|input| (input.end_at_start - input.next).max(0)).sum()
    }

    /// Whether the past is being read, which nobody looks at.
    pub fn is_behind(&self) -> bool {
        self.behind() > 0
    }

    /// Whether the figures may be relied on, and what should be known of them.
    pub fn readiness(&self, notes: Vec<String>) -> Readiness {
        let mut reasons = Vec::new();
        if let Some(why) = &self.halted {
            reasons.push(why.clone());
        }
        if let Some(left) = self.left {
            reasons.push(format!("folding the ledger: {left} records to go"));
        }
        if self.is_stale {
            reasons.push("nothing has been heard of the ledger for 10 s".to_owned());
        } else if self.missed != Missed::Nothing {
            reasons.push("folding what came while the ledger was not heard".to_owned());
        }
        if let Some((said, since)) = &self.trouble {
            reasons.push(format!("{said}, since {}", Zone::stockholm().rfc3339(*since)));
        }
        for (topic, count) in &self.changed {
            let expected = self.parts.len();
            reasons.push(format!("{topic} has {count} partitions instead of {expected}"));
        }
        let behind = self.behind();
        if behind > 0 {
            reasons.push(format!("reading the past: {behind} records to go"));
        }
        Readiness { ready: reasons.is_empty(), reasons, notes }
    }

    /// What metrics tell of the ledger.
    pub fn view(&self, instance: &Instance, snapshot: SnapshotFileView) -> LedgerView {
        let partitions = self.parts.iter().enumerate().map(|(at, part)| {
            let head = instance.engine().head(at);
            LedgerPartitionView {
                partition: i32::try_from(at).unwrap_or(-1),
                epoch: head.epoch as i64,
                sequence: head.sequence as i64,
                is_owned: instance.is_owning(at),
                append_failures: part.append_failures,
            }
        });
        LedgerView {
            partitions: partitions.collect(),
            seen: instance.seen(),
            min_insync_replicas: self.ledger.min_insync_replicas,
            is_stale: self.is_stale(),
            is_halted: self.halted.is_some(),
            rebalances: self.rebalances,
            snapshot,
            reports: ReportsView::default(),
        }
    }
}
