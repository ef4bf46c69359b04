//! Records to figures. Nothing else changes a figure.
//!
//! The fold holds everything that the chains have made: the board, and for each chain what its next
//! owner needs to go on. Whoever folds the same records holds the same.

use hashbrown::{HashMap, HashSet};

use super::Settings;
use super::chain::Head;
use super::days::Days;
use super::heard::Lately;
use super::incident::{Incident, IncidentKind};
use super::marker::Marks;
use super::names::ChainNames;
use super::record::{Counts, JOINED_OVER_BOUND, Record, STAFFING_OVER_BOUND, anomaly_names};
use super::restarts::Restarts;
use super::watermark::Watermark;
use crate::domain::board::{Board, PANES_KEPT};
use crate::domain::cell::GoalCount;
use crate::domain::contact::contribution::Contribution;
use crate::domain::contact::packed::Packed;
use crate::domain::coverage::Progress;
use crate::domain::ids::{AgentId, ContactId};
use crate::domain::kin::{Kin, Origin, QUESTION_WINDOW, REPEAT_WINDOW};
use crate::domain::rules::Rules;
use crate::domain::snapshot::{LedgerView, PartitionView, StreamView};
use crate::domain::tally::Tally;
use crate::domain::told::Tellings;
use crate::domain::units::{Millis, Timestamp};
use crate::wire::reject::Reason;

/// The contacts of a partition that are held in case something late arrives.
pub(super) type Held = HashMap<ContactId, Packed>;

/// A contact that is held may have begun so long before its last observation, and a restart within
/// it decides what became of it whenever it is judged again.
const LONGEST_CALL: Millis = Millis::from_hours(48);

/// So often by the lowest watermark, entries that no longer matter are looked for.
const SWEEP: Millis = Millis::from_hours(6);

/// Incidents of one chain whose details are kept; all are counted.
const INCIDENTS: usize = 32;

/// What the records of one partition have made.
#[derive(Debug, Default)]
pub(super) struct Chain {
    pub(super) partition: i32,
    pub(super) head: Head,
    pub(super) names: ChainNames,
    pub(super) watermark: Watermark,
    pub(super) last_event: Option<Timestamp>,
    pub(super) ticked: Option<Timestamp>,
    pub(super) restarts: Restarts,
    /// Contacts from this one on are still to be judged again after a restart.
    pub(super) rejudge: Option<ContactId>,
    pub(super) agents: HashSet<AgentId>,
    pub(super) told: Tellings,
    pub(super) held: Held,
    pub(super) held_bytes: usize,
    /// By input.
    pub(super) counts: Vec<Counts>,
    /// Anomalies as exported: they never shrink.
    pub(super) anomalies: Vec<i64>,
    pub(super) corrections: i64,
    /// The latest ones.
    pub(super) incidents: Vec<Incident>,
    pub(super) incident_counts: [i64; IncidentKind::ALL.len()],
    /// Where editions of closed periods end in it.
    pub(super) marks: Marks,
    /// By input: the topic, and records behind its end.
    pub(super) inputs: Vec<(String, Option<i64>)>,
    pub(super) heard: Lately,
}

/// Everything that records have made.
#[derive(Debug)]
pub(super) struct Fold {
    board: Board,
    pub(super) chains: Vec<Chain>,
    /// What joins contacts, over all partitions.
    pub(super) kin: Kin,
    /// What was counted beside the figures, by day.
    pub(super) days: Days,
    /// The lowest watermark at which entries were last let go of.
    swept: Timestamp,
    apply: ApplySeconds,
    pub(super) ledger: Option<LedgerView>,
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

/// A report that is told so long after the watermark of its chain is late under any settings: what
/// crosses partitions is kept for so long.
const LONGEST_LATENESS: Millis = Millis::from_hours(48);

impl Chain {
    /// How far its time has come.
    fn frontier(&self) -> Option<Timestamp> {
        self.watermark.get().max(self.ticked)
    }

    /// Counts over all inputs.
    fn total(&self) -> Counts {
        let mut counts = Counts::default();
        self.counts.iter().for_each(|one| counts.merge(one));
        counts
    }
}

impl Fold {
    pub(super) fn new(board: Board) -> Self {
        Fold {
            board,
            chains: Vec::new(),
            kin: Kin::default(),
            days: Days::default(),
            swept: Timestamp(i64::MIN),
            apply: ApplySeconds::default(),
            ledger: None,
        }
    }

    pub(super) fn open_chain(&mut self, topics: &[String], partition: i32) {
        let inputs = topics.iter().map(|topic| (topic.clone(), None)).collect();
        self.chains.push(Chain { partition, inputs, ..Chain::default() });
    }

    /// Takes over what a snapshot says, in place of everything so far; without chains, nothing is
    /// read.
    pub(super) fn restore(&mut self, board: Board, chains: Vec<Chain>, kin: Kin, days: Days) {
        self.board = board;
        self.kin = kin;
        self.days = days;
        self.swept = Timestamp(i64::MIN);
        let mut chains = chains.into_iter();
        for chain in &mut self.chains {
            let (partition, inputs) = (chain.partition, std::mem::take(&mut chain.inputs));
            *chain = Chain { partition, inputs, ..chains.next().unwrap_or_default() };
        }
    }

    pub(super) fn board(&self) -> &Board {
        &self.board
    }

    pub(super) fn board_mut(&mut self) -> &mut Board {
        &mut self.board
    }

    /// Applies a record that was found valid; the head has moved on already.
    pub(super) fn apply(&mut self, at: usize, record: Record, settings: &Settings) {
        // Before the cells, so that no counter shows a question twice in between.
        self.join(at, &record, settings);
        let chain = &mut self.chains[at];
        let known_at = chain.frontier();
        record.heard.iter().for_each(|minute| chain.heard.tell(*minute));
        chain.marks.take(&record, chain.head.hash, self.board.coverages());
        chain.watermark = record.watermark;
        chain.last_event = record.last_event;
        chain.ticked = record.ticked;
        chain.rejudge = record.rejudge;
        for (source, time) in record.restarts {
            chain.restarts.insert(source, time);
        }
        if let Some(watermark) = chain.watermark.get() {
            chain.restarts.forget_before(watermark.minus(settings.hold()).minus(LONGEST_CALL));
        }
        if chain.counts.len() < record.counts.len() {
            chain.counts.resize(record.counts.len(), Counts::default());
        }
        for (mine, more) in chain.counts.iter_mut().zip(&record.counts) {
            mine.merge(more);
        }
        let net = chain.total().anomalies;
        chain.anomalies.resize(net.len(), 0);
        for (highest, net) in chain.anomalies.iter_mut().zip(net) {
            *highest = (*highest).max(net);
        }
        record.days.iter().for_each(|(key, n)| self.days.add(*key, *n));
        record.incidents.iter().for_each(|incident| self.days.incident(incident));
        for incident in record.incidents {
            chain.incident_counts[incident.kind as usize] += 1;
            chain.incidents.push(incident);
        }
        let excess = chain.incidents.len().saturating_sub(INCIDENTS);
        chain.incidents.drain(..excess);
        let mut contribution = Contribution::default();
        for change in record.changes {
            let was_live = chain.held.get(&change.contact).is_some_and(Packed::is_live);
            let is_live = change.held.as_ref().is_some_and(Packed::is_live);
            if was_live || is_live {
                contribution.clear();
                if let Some(held) = change.held.as_ref().filter(|_| is_live) {
                    held.committed(&mut contribution);
                }
                self.board.set_live(change.contact, &contribution);
            }
            let before = match change.held {
                Some(held) => {
                    chain.held_bytes += held.bytes();
                    chain.held.insert(change.contact, held)
                }
                None => chain.held.remove(&change.contact),
            };
            chain.held_bytes -= before.map_or(0, |before| before.bytes());
        }
        for told in record.told {
            chain.told.take(told);
        }
        let deltas = record.cells.iter().map(|(key, delta)| (*key, delta));
        chain.corrections += self.board.add_cells(at, deltas);
        for report in &record.agents {
            chain.agents.insert(report.agent);
        }
        let newest = self.chains.iter().filter_map(|chain| chain.watermark.get()).max();
        let oldest = newest.map_or(i32::MIN, |watermark| watermark.minus(PANES_KEPT).minute());
        self.board.add_panes(record.panes.iter().map(|(key, delta)| (*key, delta)), oldest);
        for report in record.agents {
            self.board.report(report, known_at);
        }
        self.board.hear(&record.heard, known_at);
    }

    /// Tells the board how far all chains have come.
    pub(super) fn advance(&mut self, rules: &Rules) {
        let lowest =
            |of: fn(&Chain) -> Option<Timestamp>| self.chains.iter().map(of).min().flatten();
        let progress = Progress {
            settled: lowest(|chain| chain.watermark.get()).map(|at| at.minus(LONGEST_LATENESS)),
            frontier: lowest(Chain::frontier),
        };
        self.board.advance(progress, rules);
    }

    /// Joins what a record brings with what other partitions have brought. Entries are let go when
    /// no partition can tell anything any more that they matter to, so the order in which the chains
    /// are folded changes nothing.
    fn join(&mut self, at: usize, record: &Record, settings: &Settings) {
        let sequence = record.link.sequence;
        let origin = Origin { chain: u32::try_from(at).unwrap_or(u32::MAX), sequence };
        for (entry, is_gone) in &record.entries {
            match is_gone {
                true => self.kin.remove(*entry),
                false => self.kin.insert(*entry, settings.joined_entries, origin),
            }
        }
        let deltas = self.kin.take_deltas();
        for (cell, code, n) in &deltas {
            let mut tally = Tally::default();
            tally.add(*code, *n);
            let is_compared = GoalCount::first_contact(cell.line, &tally) != GoalCount::default();
            self.chains[at].marks.join(cell.quarter.start(), is_compared, sequence);
        }
        for (cell, by) in self.kin.take_undone() {
            if let Some(chain) = self.chains.get_mut(by.chain as usize) {
                chain.marks.join(cell.quarter.start(), true, by.sequence);
            }
        }
        self.board.add_joined(deltas);
        let lowest = self.chains.iter().map(|chain| chain.watermark.get()).min().flatten();
        let Some(settled) = lowest.map(|lowest| lowest.minus(settings.telling())) else { return };
        if settled >= self.swept.plus(SWEEP) {
            self.swept = settled;
            let oldest = |window| settled.minus(window);
            self.kin.forget_before(oldest(REPEAT_WINDOW), oldest(QUESTION_WINDOW));
        }
    }

    /// The latest time that any chain has reached.
    pub(super) fn watermark(&self) -> Option<Timestamp> {
        self.chains.iter().filter_map(|chain| chain.watermark.get()).max()
    }

    pub(super) fn set_lag(&mut self, at: usize, input: usize, lag: Option<i64>) {
        if let Some((_, of)) = self.chains[at].inputs.get_mut(input) {
            *of = lag;
        }
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
        let bytes = self.chains.iter().map(|chain| chain.held_bytes).sum();
        let contacts = self.chains.iter().map(|chain| chain.held.len()).sum();
        (bytes, contacts)
    }

    pub(super) fn views(&self) -> Vec<PartitionView> {
        let nothing = Counts::default();
        let mut views: Vec<PartitionView> = self
            .chains
            .iter()
            .flat_map(|chain| {
                chain.inputs.iter().enumerate().map(|(input, (topic, lag))| {
                    let counts = chain.counts.get(input).unwrap_or(&nothing);
                    PartitionView {
                        topic: topic.clone(),
                        partition: chain.partition,
                        consumed: counts.consumed,
                        applied: counts.applied,
                        corrections: if input == 0 { chain.corrections } else { 0 },
                        late: counts.late,
                        repeated: counts.repeated,
                        set_aside: counts.set_aside,
                        lag: *lag,
                        last_event: chain.last_event,
                        watermark: chain.watermark.get(),
                    }
                })
            })
            .collect();
        views.sort_by(|a, b| (&a.topic, a.partition).cmp(&(&b.topic, b.partition)));
        views
    }

    fn totals(&self) -> Counts {
        let mut counts = Counts::default();
        self.chains.iter().for_each(|chain| counts.merge(&chain.total()));
        counts
    }

    /// What people told, whichever partition it came in.
    pub(super) fn told(&self) -> Tellings {
        let mut all = Tellings::default();
        self.chains.iter().for_each(|chain| all.merge(&chain.told));
        all
    }

    pub(super) fn stream(&self) -> StreamView {
        let counts = self.totals();
        let (held_bytes, held_contacts) = self.held_size();
        let exported = |kind: usize, name: &str| -> i64 {
            let of_chains = self.chains.iter().filter_map(|chain| chain.anomalies.get(kind));
            of_chains.sum::<i64>() + self.over_bound(name)
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
                .map(|(kind, name)| (name, exported(kind, name)))
                .collect(),
            held_contacts: held_contacts as i64,
            held_bytes: held_bytes as i64,
            rebalances: self.ledger.as_ref().map_or(0, |ledger| ledger.rebalances),
            ledger: self.ledger.clone(),
            incidents: IncidentKind::ALL
                .into_iter()
                .map(|kind| {
                    let counts = self.chains.iter().map(|c| c.incident_counts[kind as usize]);
                    (kind.name(), counts.sum())
                })
                .collect(),
            apply_seconds: (apply.collect(), self.apply.count, self.apply.sum),
        }
    }

    /// What the fold counts of this kind beside the records.
    fn over_bound(&self, name: &str) -> i64 {
        match name {
            STAFFING_OVER_BOUND => self.board.coverages().over_bound(),
            JOINED_OVER_BOUND => self.kin.evicted(),
            _ => 0,
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
            anomalies: anomaly_names()
                .zip(counts.anomalies)
                .map(|(name, count)| (name, count + self.over_bound(name)))
                .filter(occurred)
                .collect(),
            open_contacts: self.board.open().len() as i64,
        }
    }
}
