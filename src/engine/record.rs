//! One commit: how a range of a partition's events changes the figures.

use super::chain::Link;
use super::days::DayKey;
use super::incident::Incident;
use super::marker::Marker;
use super::watermark::Watermark;
use crate::domain::board::PaneKey;
use crate::domain::cell::CellKey;
use crate::domain::contact::packed::Packed;
use crate::domain::contact::stay::Anomaly;
use crate::domain::event::AgentReport;
use crate::domain::ids::{ContactId, Source};
use crate::domain::kin::Entry;
use crate::domain::tally::Tally;
use crate::domain::told::Told;
use crate::domain::units::Timestamp;
use crate::wire::canonical::Note;
use crate::wire::reject::Reason;

/// A change of one held contact.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Which contact.
    pub contact: ContactId,
    /// What is held of it from now on; `None` when it is let go.
    pub held: Option<Packed>,
}

/// What was counted beside the figures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records read.
    pub consumed: i64,
    /// Events that belong to the figures.
    pub applied: i64,
    /// Before the watermark less the lateness: left out.
    pub late: i64,
    /// Seen before.
    pub repeated: i64,
    /// Known kinds that no figure is made from yet.
    pub set_aside: i64,
    /// By reason, in the order of [`Reason::ALL`].
    pub rejects: [i64; Reason::ALL.len()],
    /// By kind: [`Anomaly::ALL`], then [`Note::ALL`], then the bounds.
    pub anomalies: [i64; ANOMALY_KINDS],
}

/// What happens at a bound.
pub(super) const BOUND_KINDS: [&str; 8] = [
    "observations_over_bound",
    "contacts_evicted",
    "restarts_over_bound",
    "agents_over_bound",
    "measures_over_bound",
    "told_over_bound",
    STAFFING_OVER_BOUND,
    JOINED_OVER_BOUND,
];

/// Counted by the fold and in no record.
pub(super) const STAFFING_OVER_BOUND: &str = "staffing_over_bound";
/// Likewise: counted where partitions are joined.
pub(super) const JOINED_OVER_BOUND: &str = "joined_over_bound";

/// How many kinds of anomaly there are.
pub(super) const ANOMALY_KINDS: usize = Anomaly::ALL.len() + Note::ALL.len() + BOUND_KINDS.len();

/// The name of each kind, in the order of [`Counts::anomalies`].
pub(super) fn anomaly_names() -> impl Iterator<Item = &'static str> {
    let anomalies = Anomaly::ALL.into_iter().map(Anomaly::name);
    anomalies.chain(Note::ALL.into_iter().map(Note::name)).chain(BOUND_KINDS)
}

/// Where a note of the decoder is counted.
pub(super) fn note_kind(note: Note) -> usize {
    Anomaly::ALL.len() + note as usize
}

/// Where a bound of [`BOUND_KINDS`] is counted.
pub(super) fn bound_kind(bound: usize) -> usize {
    Anomaly::ALL.len() + Note::ALL.len() + bound
}

impl Counts {
    /// Adds another's counts.
    pub fn merge(&mut self, other: &Counts) {
        self.consumed += other.consumed;
        self.applied += other.applied;
        self.late += other.late;
        self.repeated += other.repeated;
        self.set_aside += other.set_aside;
        for (mine, theirs) in self.rejects.iter_mut().zip(&other.rejects) {
            *mine += theirs;
        }
        for (mine, theirs) in self.anomalies.iter_mut().zip(&other.anomalies) {
            *mine += theirs;
        }
    }
}

/// One commit of one partition: how a range of its events changes the figures.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Its place in the chain.
    pub link: Link,
    /// The text of the rules, when they are new to the chain.
    pub rules: Option<String>,
    /// The partition's watermark after it.
    pub watermark: Watermark,
    /// The largest event time so far.
    pub last_event: Option<Timestamp>,
    /// The latest time at which the partition was told that nothing more came.
    pub ticked: Option<Timestamp>,
    /// Telephone systems that restarted, and when.
    pub restarts: Vec<(Source, Timestamp)>,
    /// After a restart all held contacts are judged again, in the order of their ids; where that
    /// goes on in the next record. `None` when it is done.
    pub rejudge: Option<ContactId>,
    /// Changes of cells, in order of their keys.
    pub cells: Vec<(CellKey, Tally)>,
    /// Changes of panes, in order of their keys; those older than the watermark − 2 h left out.
    pub panes: Vec<(PaneKey, Tally)>,
    /// Changed contacts, in order of their ids.
    pub changes: Vec<Change>,
    /// What agents do.
    pub agents: Vec<AgentReport>,
    /// What people told.
    pub told: Vec<Told>,
    /// What joins contacts to those of other partitions: entries that are taken back (true) and
    /// those that come, in the order in which they are to be applied.
    pub entries: Vec<(Entry, bool)>,
    /// What was counted, by input.
    pub counts: Vec<Counts>,
    /// What should not have happened.
    pub incidents: Vec<Incident>,
    /// What was counted beside the figures, by day, whose it is and what it is, in that order.
    pub days: Vec<(DayKey, i64)>,
    /// The minutes since 1970 in which anything was heard and that the chain has not told of
    /// lately, in rising order.
    pub heard: Vec<i32>,
    /// Editions of closed periods that end with this record.
    pub markers: Vec<Marker>,
}
