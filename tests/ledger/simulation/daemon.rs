//! One daemon as its shell keeps it: the program's core, and what is known of its clients.

use std::collections::{BTreeMap, BTreeSet};

use svarstid::config::Config;
use svarstid::domain::event::Channel;
use svarstid::domain::snapshot::{PartitionView, PlaceCounters, Snapshot};
use svarstid::engine::instance::{Identity, Instance, Pace};
use svarstid::engine::tenure::Patience;
use svarstid::engine::{Engine, Settings};
use svarstid::wire::canonical::{Decoder, Limits};
use svarstid::wire::identity::{IdKey, Pseudonyms};

/// Where an input of a partition is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    pub(super) next: i64,
    pub(super) is_paused: bool,
    /// The fetch under way is answered then.
    pub(super) not_before: u64,
}

/// What all daemons of a run have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    pub(super) partitions: usize,
    pub(super) pace: Pace,
    pub(super) patience: Patience,
    pub(super) session: u64,
    pub(super) record_bytes: usize,
}

/// A place where a daemon runs, again and again.
#[derive(Debug, Default)]
pub(super) struct Daemon {
    pub(super) number: usize,
    /// Counts the starts.
    pub(super) life: u64,
    pub(super) instance: Option<Instance>,
    /// When it is started; `None` for never.
    pub(super) starts_at: Option<u64>,
    /// Which configuration it has.
    pub(super) version: usize,
    pub(super) member: Option<u64>,
    /// It leaves, and ends then at the latest.
    pub(super) leaves_by: Option<u64>,
    /// The ledger's ends at its start.
    pub(super) ends: Vec<i64>,
    pub(super) paused_until: u64,
    pub(super) cut_off_until: u64,
    /// How wrong its clock is, ms of event time.
    pub(super) clock_error: i64,
    /// By partition: how much later than others it sees the ledger.
    pub(super) lags: Vec<u64>,
    pub(super) readings: Vec<Option<Reading>>,
    /// Partitions that the group gave to it, as far as it knows.
    pub(super) held: BTreeSet<usize>,
    pub(super) to_give_back: Vec<usize>,
    /// By partition: when the last append of its connection lands.
    pub(super) connection: Vec<u64>,
    /// Snapshots that were written, the last at the end. They outlive the program.
    pub(super) files: Vec<Vec<u8>>,
    /// The highest that each counter was seen at, over all lives.
    pub(super) exported: BTreeMap<(String, usize), i64>,
}

impl Daemon {
    pub(super) fn new(number: usize, starts_at: Option<u64>) -> Daemon {
        Daemon { number, starts_at, ..Daemon::default() }
    }

    pub(super) fn start(
        &mut self,
        manner: &Manner,
        config: &Config,
        identity: u64,
        ends: Vec<i64>,
    ) {
        self.life += 1;
        self.starts_at = None;
        self.instance = Some(instance(manner, config, identity));
        self.ends = ends;
        self.paused_until = 0;
        self.cut_off_until = 0;
        self.lags = vec![0; manner.partitions];
        self.connection = vec![0; manner.partitions];
        self.forget_group();
    }

    /// The process is no more; what it sent is still under way.
    pub(super) fn end(&mut self, starts_at: Option<u64>) {
        self.instance = None;
        self.starts_at = starts_at;
        self.forget_group();
    }

    pub(super) fn forget_group(&mut self) {
        self.member = None;
        self.leaves_by = None;
        self.readings = vec![None; self.connection.len()];
        self.held.clear();
        self.to_give_back.clear();
    }

    /// Whether it has read what the ledger held at its start.
    pub(super) fn is_caught_up(&self) -> bool {
        let Some(instance) = &self.instance else { return false };
        self.ends.iter().enumerate().all(|(at, end)| instance.ledger_next(at) >= *end)
    }
}

/// A program that has read nothing.
pub(super) fn instance(manner: &Manner, config: &Config, identity: u64) -> Instance {
    let mut settings = Settings::from(config);
    settings.record_bytes = manner.record_bytes;
    let identity = Identity { instance: identity, key: 7 };
    let partitions = i32::try_from(manner.partitions).expect("few");
    let Manner { pace, patience, .. } = *manner;
    Instance::new(engine(config, settings), config.clone(), identity, pace, patience, partitions)
}

pub(super) fn engine(config: &Config, settings: Settings) -> Engine {
    let names = config.names();
    let rules = config.rules(&names);
    let decoder = Decoder::new(
        names,
        IdKey::new(b"test"),
        Pseudonyms::new(Some(b"callers")),
        Limits::default(),
    );
    Engine::new(settings, rules, decoder, Vec::new())
}

/// What a partition shows that its ledger alone decides.
pub(super) fn shown(view: &PartitionView) -> [i64; 8] {
    [
        view.consumed,
        view.applied,
        view.corrections,
        view.late,
        view.repeated,
        view.set_aside,
        view.last_event.map_or(-1, |time| time.0),
        view.watermark.map_or(-1, |time| time.0),
    ]
}

/// Every counter that is exported, by department.
pub(super) fn counters(snapshot: &Snapshot) -> BTreeMap<(String, usize), i64> {
    let mut counters = BTreeMap::new();
    for view in &snapshot.departments {
        let of = [&view.switchboard, &view.queue].into_iter().flat_map(of_place);
        for (at, count) in of.enumerate() {
            counters.insert((view.slug.clone(), at), count);
        }
        for (channel, of) in Channel::ALL.into_iter().zip(view.questions.channels) {
            let key = |what: &str| format!("{} {} {what}", view.slug, channel.name());
            counters.insert((key("received"), 0), of.received);
            counters.insert((key("answered"), 0), of.answered);
            counters.insert((key("within"), 0), of.within);
        }
        let answer = &view.questions.answer;
        let worked = answer.cumulative.iter().chain([&answer.count, &answer.sum.0]);
        for (at, count) in worked.enumerate() {
            counters.insert((format!("{} worked", view.slug), at), *count);
        }
    }
    for (at, (_, count)) in snapshot.stream.anomalies.iter().enumerate() {
        counters.insert(("anomaly".to_owned(), at), *count);
    }
    for (at, (_, count)) in snapshot.stream.rejected.iter().enumerate() {
        counters.insert(("rejected".to_owned(), at), *count);
    }
    counters
}

fn of_place(place: &PlaceCounters) -> Vec<i64> {
    let PlaceCounters {
        offered,
        answered,
        answered_within_target,
        abandoned,
        short_abandoned,
        left,
        classified,
        resolved,
        callbacks,
        known_callers,
        answer_wait,
        abandon_wait,
    } = place;
    let mut counts =
        vec![*offered, *answered, *answered_within_target, *abandoned, *short_abandoned];
    counts.extend([*classified, *resolved, *known_callers]);
    counts.extend([callbacks.promised, callbacks.kept, callbacks.within]);
    counts.extend(left);
    for wait in [answer_wait, abandon_wait] {
        counts.extend(&wait.cumulative);
        counts.extend([wait.count, wait.sum.0]);
    }
    counts
}
