//! Records to figures. Nothing else changes a figure.

use hashbrown::HashMap;

use super::record::{Counts, Record, anomaly_names};
use crate::domain::board::{Board, PANES_KEPT};
use crate::domain::contact::packed::Packed;
use crate::domain::ids::ContactId;
use crate::domain::snapshot::{PartitionView, StreamView};
use crate::wire::reject::Reason;

/// The contacts of a partition that are held in case something late arrives.
pub(super) type Held = HashMap<ContactId, Packed>;

#[derive(Debug, Default)]
struct Folded {
    view: PartitionView,
    sequence: u64,
    to: i64,
    held: Held,
    held_bytes: usize,
    counts: Counts,
    /// Anomalies as exported: they never shrink.
    anomalies: Vec<i64>,
}

/// Everything that records have made.
#[derive(Debug)]
pub(super) struct Fold {
    board: Board,
    partitions: Vec<Folded>,
    apply: ApplySeconds,
}

/// Upper bounds in seconds of the time that one event takes.
const APPLY_BOUNDS: [f64; 8] = [2.5e-7, 5e-7, 1e-6, 2e-6, 5e-6, 1e-5, 1e-4, 1e-3];

#[derive(Debug, Default)]
struct ApplySeconds {
    slots: [u64; APPLY_BOUNDS.len()],
    count: u64,
    sum: f64,
}

/// What was counted beside the figures, over all partitions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quality {
    /// Records read.
    pub events: i64,
    /// Seen before.
    pub repeats: i64,
    /// Left out as late.
    pub late: i64,
    /// Known kinds without a figure yet.
    pub set_aside: i64,
    /// By reason, those that occurred.
    pub rejects: Vec<(&'static str, i64)>,
    /// By kind, those that occurred.
    pub anomalies: Vec<(&'static str, i64)>,
    /// Contacts in which someone waits.
    pub open_contacts: i64,
}

impl Fold {
    pub(super) fn new(board: Board) -> Self {
        Fold { board, partitions: Vec::new(), apply: ApplySeconds::default() }
    }

    pub(super) fn open_partition(&mut self, topic: &str, partition: i32) {
        let view = PartitionView { topic: topic.to_owned(), partition, ..PartitionView::default() };
        self.partitions.push(Folded { view, ..Folded::default() });
    }

    pub(super) fn board(&self) -> &Board {
        &self.board
    }

    pub(super) fn board_mut(&mut self) -> &mut Board {
        &mut self.board
    }

    pub(super) fn held(&self, partition: usize) -> &Held {
        &self.partitions[partition].held
    }

    /// Applies a record that continues its partition's chain; others are refused.
    pub(super) fn apply(&mut self, record: Record) {
        let folded = &mut self.partitions[record.partition];
        let continues = record.sequence == folded.sequence + 1
            && (folded.sequence == 0 || record.from == folded.to);
        if !continues {
            return;
        }
        folded.sequence = record.sequence;
        folded.to = record.to;
        folded.view.watermark = record.watermark;
        folded.view.last_event = record.last_event;
        folded.counts.merge(&record.counts);
        folded.anomalies.resize(record.counts.anomalies.len(), 0);
        for (highest, net) in folded.anomalies.iter_mut().zip(&folded.counts.anomalies) {
            *highest = (*highest).max(*net);
        }
        for change in record.changes {
            self.board.set_open(change.contact, &change.open);
            let before = match change.held {
                Some(held) => {
                    folded.held_bytes += held.bytes();
                    folded.held.insert(change.contact, held)
                }
                None => folded.held.remove(&change.contact),
            };
            folded.held_bytes -= before.map_or(0, |before| before.bytes());
        }
        let deltas = record.cells.iter().map(|(key, delta)| (*key, delta));
        folded.view.corrections += self.board.add_cells(record.partition, deltas);
        let newest = self.partitions.iter().filter_map(|folded| folded.view.watermark).max();
        let oldest = newest.map_or(i32::MIN, |watermark| watermark.minus(PANES_KEPT).minute());
        self.board.add_panes(record.panes.iter().map(|(key, delta)| (*key, delta)), oldest);
        for report in record.agents {
            self.board.report(report);
        }
    }

    pub(super) fn set_lag(&mut self, partition: usize, lag: Option<i64>) {
        self.partitions[partition].view.lag = lag;
    }

    pub(super) fn timed(&mut self, events: usize, seconds: f64) {
        if events == 0 {
            return;
        }
        let each = seconds / events as f64;
        let slot = APPLY_BOUNDS.iter().position(|bound| each <= *bound);
        if let Some(slot) = slot {
            self.apply.slots[slot] += events as u64;
        }
        self.apply.count += events as u64;
        self.apply.sum += seconds;
    }

    pub(super) fn held_size(&self) -> (usize, usize) {
        let bytes = self.partitions.iter().map(|folded| folded.held_bytes).sum();
        let contacts = self.partitions.iter().map(|folded| folded.held.len()).sum();
        (bytes, contacts)
    }

    pub(super) fn views(&self) -> Vec<PartitionView> {
        let mut views: Vec<PartitionView> = self
            .partitions
            .iter()
            .map(|folded| PartitionView {
                consumed: folded.counts.consumed,
                applied: folded.counts.applied,
                late: folded.counts.late,
                repeated: folded.counts.repeated,
                set_aside: folded.counts.set_aside,
                ..folded.view.clone()
            })
            .collect();
        views.sort_by(|a, b| (&a.topic, a.partition).cmp(&(&b.topic, b.partition)));
        views
    }

    fn totals(&self) -> Counts {
        let mut counts = Counts::default();
        self.partitions.iter().for_each(|folded| counts.merge(&folded.counts));
        counts
    }

    pub(super) fn stream(&self) -> StreamView {
        let counts = self.totals();
        let (held_bytes, held_contacts) = self.held_size();
        let exported = |kind: usize| -> i64 {
            self.partitions.iter().filter_map(|folded| folded.anomalies.get(kind)).sum()
        };
        let mut passed = 0;
        let apply = APPLY_BOUNDS.iter().zip(self.apply.slots).map(|(bound, n)| {
            passed += n;
            (*bound, passed)
        });
        StreamView {
            partitions: self.views(),
            rejected: Reason::ALL.into_iter().map(Reason::name).zip(counts.rejects).collect(),
            anomalies: anomaly_names()
                .enumerate()
                .map(|(kind, name)| (name, exported(kind)))
                .collect(),
            held_contacts: held_contacts as i64,
            held_bytes: held_bytes as i64,
            rebalances: 0,
            apply_seconds: (apply.collect(), self.apply.count, self.apply.sum),
        }
    }

    pub(super) fn quality(&self) -> Quality {
        let counts = self.totals();
        let occurred = |pair: &(&'static str, i64)| pair.1 != 0;
        Quality {
            events: counts.consumed,
            repeats: counts.repeated,
            late: counts.late,
            set_aside: counts.set_aside,
            rejects: Reason::ALL
                .into_iter()
                .map(Reason::name)
                .zip(counts.rejects)
                .filter(occurred)
                .collect(),
            anomalies: anomaly_names().zip(counts.anomalies).filter(occurred).collect(),
            open_contacts: self.board.open().len() as i64,
        }
    }
}
