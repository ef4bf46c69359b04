//! The daemon over a ledger in Kafka: one thread that reads the inputs, writes and reads the ledger,
//! and shows what it folds.
//!
//! Everything that decides is in [`Instance`]; here are the clients that do what it says and the
//! clock that it is told. In order: look at the topics, take the snapshot file, fold the ledger to
//! the end that it has, join the group, and then round and round. Nothing in the round waits for
//! longer than a few milliseconds while a commit is under way.

mod start;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use rdkafka::ClientConfig;
use rdkafka::message::Message as _;

use super::append::{Appender, OUTCOME_LIMIT};
use super::clock::{Clock, Stopwatch};
use super::consume::is_cloudevents;
use super::group::{Group, Heard};
use super::ledger::{Tail, Tailed};
use super::outlet::Outlet;
use super::publish::Publishing;
use super::snapshot_file::SnapshotFile;
use super::status::Status;
use super::topics::{self, LedgerWish};
use super::{Stop, crash};
use crate::config::Config;
use crate::domain::calendar::Zone;
use crate::domain::units::Timestamp;
use crate::engine::chain::Hash;
use crate::engine::instance::{Effect, Identity, Instance, Pace};
use crate::engine::tenure::Patience;
use crate::engine::{Engine, Incident, IncidentKind};
use crate::wire::canonical::Arrival;
use crate::wire::reject::Reason;

/// The longest wait for an event while something is under way, and while nothing is.
const BUSY_WAIT: Duration = Duration::from_millis(2);
const IDLE_WAIT: Duration = Duration::from_millis(20);
/// Events taken, and records of the ledger read, in one round at most.
const ROUND_EVENTS: usize = 4_096;
const ROUND_RECORDS: usize = 256;
/// How long one question to a broker may take.
const ASK: Duration = Duration::from_millis(500);
/// How long a partition that is to go may take to be drained.
const DRAIN: Duration = Duration::from_secs(4);
/// How long a stop waits for the partitions to be drained, and for the group to be left.
const STOP: Duration = Duration::from_secs(2);
const LEAVE: Duration = Duration::from_millis(500);
/// About how many bytes a record may take; what is promised is 900 KB.
const RECORD_BYTES: usize = 600_000;
/// Between two looks at statistics.
const LOOK: Duration = Duration::from_millis(500);
/// A tail that has heard nothing for so long may be behind the others.
const STALE: Duration = Duration::from_secs(10);

/// What the thread works with.
pub struct Live {
    /// The settings.
    pub config: Config,
    /// Those of the connection.
    pub settings: ClientConfig,
    /// The clock at which windows end.
    pub clock: Clock,
    /// Where events go.
    pub engine: Engine,
    /// Of the key that ids are hashed under.
    pub key: u64,
    /// Ends the thread.
    pub stop: Stop,
}

/// What was handed to the producer.
enum Ticket {
    Record { partition: usize, hash: Hash },
    Reject { partition: usize, input: usize, offset: i64, length: usize, reason: Reason },
}

/// Reads until it is stopped.
///
/// # Errors
///
/// [`super::Usage`] when a topic or the configuration does not fit; a failure when the instance
/// cannot go on.
pub fn read(live: Live, outlet: Outlet) -> anyhow::Result<()> {
    let Live { config, settings, clock, mut engine, key, stop } = live;
    let names: Vec<&str> = config.topics.events.iter().map(String::as_str).collect();
    let mut settings = settings;
    let session = config.kafka.session_timeout_seconds;
    settings.set("session.timeout.ms", (session * 1_000).to_string());
    let Some(partitions) = topics::input_partitions(&settings, &names, &stop)? else {
        return Ok(());
    };
    let wish = LedgerWish {
        topic: &config.topics.ledger,
        partitions,
        replication: config.ledger.replication_factor,
        finite_retention_is_fine: config.ledger.finite_retention,
    };
    let ledger = topics::prepare_ledger(&settings, &wish, &stop)?;
    let replication = config.ledger.replication_factor;
    topics::prepare_rejects(&settings, &config.topics.rejects, partitions, replication, &stop)?;
    if config.publish.topic {
        topics::prepare_reports(&settings, &config.topics.reports, replication, &stop)?;
    }

    engine.set_record_bytes(RECORD_BYTES);
    let patience = Patience { longest_wait: u64::from(session) * 1_000, ..Patience::default() };
    let pace = Pace {
        interval: u64::from(config.commit.interval_ms),
        idle_interval: u64::from(config.commit.idle_interval_ms),
        events: config.commit.max_events as usize,
    };
    let identity = Identity { instance: super::run::random_number()?, key };
    let instance = Instance::new(engine, config.clone(), identity, pace, patience, partitions);
    let began = Stopwatch::start();
    let group = Group::new(&settings, &config.kafka.group, &names)?;
    let appender = Appender::new(settings.clone(), &config.topics.ledger, OUTCOME_LIMIT)?;
    let status = Status::new(partitions, ledger);
    let snapshots = SnapshotFile::new(&config.ledger);
    let publishing = Publishing::start(&config, &settings, &stop)?;
    let mut daemon = Daemon {
        instance,
        group,
        appender,
        outlet,
        clock,
        stop,
        began,
        status,
        snapshots,
        publishing,
        tickets: BTreeMap::new(),
        token: 0,
        outbox: VecDeque::new(),
        assigned: Vec::new(),
        asked: BTreeSet::new(),
        draining: BTreeMap::new(),
        looked: Stopwatch::start(),
        awake: Stopwatch::start(),
        settled: None,
        fatal: None,
        config,
    };
    let Some(mut tail) = daemon.start(settings)? else { return Ok(()) };
    while !daemon.stop.is_asked() {
        daemon.round(&mut tail)?;
    }
    daemon.end(tail)
}

struct Daemon {
    config: Config,
    instance: Instance,
    group: Group,
    appender: Appender,
    outlet: Outlet,
    clock: Clock,
    stop: Stop,
    /// The clock that the instance is told.
    began: Stopwatch,
    status: Status,
    snapshots: SnapshotFile,
    publishing: Publishing,
    tickets: BTreeMap<u64, Ticket>,
    token: u64,
    /// What could not be handed to the producer yet, in order.
    outbox: VecDeque<Effect>,
    /// Partitions that the group gave, and whose bounds are not known yet.
    assigned: Vec<i32>,
    /// Partitions whose bounds are asked for once more.
    asked: BTreeSet<usize>,
    /// Partitions that are to go, and since when.
    draining: BTreeMap<i32, Stopwatch>,
    looked: Stopwatch,
    /// Since the program was last seen to run. Looked at right before figures are shown: it may be
    /// frozen anywhere.
    awake: Stopwatch,
    /// The minute in which partitions were last settled.
    settled: Option<i32>,
    fatal: Option<String>,
}

impl Daemon {
    fn now(&self) -> u64 {
        u64::try_from(self.began.passed().as_millis()).unwrap_or(u64::MAX)
    }

    fn tell_ledger(&mut self) {
        let mut view = self.status.view(&self.instance, self.snapshots.view());
        view.reports = self.publishing.view();
        self.instance.engine_mut().set_ledger(view);
    }

    fn show(&self) {
        let notes = self.instance.engine().incidents().map(|(partition, one)| {
            let found = Zone::stockholm().rfc3339(one.found);
            let Incident { kind, first, last, .. } = one;
            format!("incident {} in partition {partition}, {first} to {last}, {found}", kind.name())
        });
        self.outlet.show(self.status.readiness(notes.collect()));
    }

    /// Everything once.
    fn round(&mut self, tail: &mut Tail) -> anyhow::Result<()> {
        self.take_events()?;
        self.follow_ledger(tail)?;
        self.hear_producer();
        self.assign();
        self.instance.advance(self.now());
        self.heed()?;
        self.settle();
        self.look(tail);
        if self.awake.passed() >= STALE {
            // The program was frozen, or its machine: others have written meanwhile.
            self.status.missed();
        }
        self.awake = Stopwatch::start();
        let instance = &self.instance;
        let partitions = 0..self.status.partitions();
        self.status.folded(partitions.map(|at| instance.ledger_next(at)));
        if self.outlet.left(!self.status.is_behind()).is_zero() {
            self.tell_ledger();
            self.instance.engine_mut().set_caught_up(!self.status.is_stale());
            self.outlet.publish(self.instance.engine_mut(), &self.clock);
            self.show();
        }
        self.outlet.answer(self.instance.engine(), &self.clock);
        self.snapshots.write_if_due(&self.instance, Clock::Real.now());
        Ok(())
    }

    fn take_events(&mut self) -> anyhow::Result<()> {
        let limit = if self.instance.is_busy() { BUSY_WAIT } else { IDLE_WAIT };
        let (began, found) = (Stopwatch::start(), Clock::Real.now());
        let mut wait = limit;
        for taken in 0..ROUND_EVENTS {
            let Some(heard) = self.group.poll(wait) else { break };
            match heard {
                Heard::Message(topic, message) => {
                    let at = usize::try_from(message.partition()).unwrap_or(usize::MAX);
                    let arrival = Arrival {
                        record_time: message
                            .timestamp()
                            .to_millis()
                            .filter(|time| *time >= 0)
                            .map(Timestamp),
                        content_type_cloudevents: is_cloudevents(&message),
                    };
                    let bytes = message.payload().unwrap_or_default();
                    self.status.read(at, topic, message.offset() + 1);
                    self.instance.event(at, topic, message.offset(), bytes, &arrival, found);
                    // In a stream the clock need not be asked after each, and none is waited for.
                    wait = match taken % 32 {
                        31 => began.left_of(limit),
                        _ => Duration::ZERO,
                    };
                    continue;
                }
                Heard::Assigned(partitions) => {
                    tracing::info!(?partitions, "the group gave partitions");
                    self.status.rebalanced();
                    for partition in partitions {
                        // One that was added since the start has no chain.
                        match usize::try_from(partition) {
                            Ok(at) if at < self.status.partitions() => {
                                self.assigned.push(partition)
                            }
                            Ok(_) | Err(_) => self.partition_added(partition),
                        }
                    }
                }
                Heard::Revoking(partitions) => {
                    tracing::info!(?partitions, "the group wants partitions back");
                    self.status.rebalanced();
                    for partition in partitions {
                        self.assigned.retain(|one| *one != partition);
                        match usize::try_from(partition) {
                            Ok(at) if at < self.status.partitions() => {
                                self.draining.insert(partition, Stopwatch::start());
                                self.instance.revoked(at);
                            }
                            Ok(_) | Err(_) => self.group.release(partition),
                        }
                    }
                }
                Heard::Lost(partitions) => {
                    tracing::warn!(?partitions, "the group gave partitions to others");
                    self.status.rebalanced();
                    for partition in partitions {
                        self.assigned.retain(|one| *one != partition);
                        self.draining.remove(&partition);
                        let at = usize::try_from(partition).unwrap_or(usize::MAX);
                        if at < self.status.partitions() {
                            self.status.released(at);
                            self.instance.lost(at);
                        }
                    }
                }
                Heard::End { topic, partition, next } => {
                    self.status.ended(usize::try_from(partition).unwrap_or(0), topic, next);
                }
                Heard::OutOfRange(topic, range) => {
                    let at = usize::try_from(range.partition).unwrap_or(usize::MAX);
                    self.instance.lost_range(at, topic, range.first, Clock::Real.now());
                }
                Heard::Away(text) => {
                    tracing::warn!(text, "no broker answers; trying again");
                }
                Heard::Trouble(text) => self.status.trouble(Some(text)),
                Heard::Fatal(text) => {
                    return Err(anyhow!("{text}"))
                        .context("the client gave up; restart the program");
                }
            }
            wait = began.left_of(limit);
        }
        Ok(())
    }

    /// A topic of events has grown: told once, in the first chain.
    fn partition_added(&mut self, partition: i32) {
        tracing::error!(
            partition,
            "the topics of events have more partitions than the ledger, and what is in them is not \
             counted; stop every instance, give the ledger's topic equally many, start again"
        );
        let (kind, at) = (IncidentKind::PartitionsChanged, i64::from(partition));
        let found = Clock::Real.now();
        self.instance.report(0, Incident { kind, input: 0, first: at, last: at, found });
    }

    fn follow_ledger(&mut self, tail: &mut Tail) -> anyhow::Result<()> {
        for _ in 0..ROUND_RECORDS {
            match tail.next(Duration::ZERO) {
                Some(Tailed::Record { partition, offset, payload, .. }) => {
                    let at = usize::try_from(partition).unwrap_or(usize::MAX);
                    crash::point("acknowledged");
                    let (now, found) = (self.now(), Clock::Real.now());
                    self.instance.ledger(at, offset, &payload, now, found);
                    self.outlet.changed();
                }
                Some(Tailed::Lost(range)) => {
                    return Err(anyhow!(
                        "the ledger's partition {} has lost its records from {} to {}: bring it \
                         back with \"svarstid ledger import\"",
                        range.partition,
                        range.wanted,
                        range.first - 1
                    ));
                }
                Some(Tailed::Trouble(text)) => self.status.trouble(Some(text)),
                Some(Tailed::End { .. }) => self.status.trouble(None),
                None => break,
            }
        }
        Ok(())
    }

    fn hear_producer(&mut self) {
        for outcome in self.appender.poll() {
            let now = self.now();
            match (self.tickets.remove(&outcome.token), outcome.result) {
                (Some(Ticket::Record { .. }), Ok(_)) | (None, _) => {}
                (Some(Ticket::Record { partition, hash }), Err(said)) => {
                    self.status.append_failed(partition, &said);
                    self.instance.failed(partition, hash, now);
                }
                (Some(Ticket::Reject { partition, input, offset, .. }), Ok(_)) => {
                    self.instance.rejected(partition, input, offset);
                }
                (Some(Ticket::Reject { partition, input, offset, length, reason }), Err(_)) => {
                    let again = Effect::Reject { partition, input, offset, length, reason };
                    self.outbox.push_back(again);
                }
            }
        }
    }

    /// Asks what the inputs of new partitions hold, and claims them.
    fn assign(&mut self) {
        let now = self.now();
        let topics = self.config.topics.events.len();
        let mut waiting = Vec::new();
        for partition in std::mem::take(&mut self.assigned) {
            let bounds: anyhow::Result<Vec<(i64, i64)>> =
                (0..topics).map(|topic| self.group.watermarks(topic, partition, ASK)).collect();
            match bounds {
                Ok(bounds) => {
                    let at = usize::try_from(partition).unwrap_or(usize::MAX);
                    self.status.assigned(at, &bounds);
                    self.instance.assigned(at, bounds, now);
                }
                Err(error) => {
                    tracing::debug!(%error, partition, "its bounds are asked for again");
                    waiting.push(partition);
                }
            }
        }
        self.assigned = waiting;
        for at in std::mem::take(&mut self.asked) {
            let partition = i32::try_from(at).unwrap_or(-1);
            let bounds: anyhow::Result<Vec<(i64, i64)>> =
                (0..topics).map(|topic| self.group.watermarks(topic, partition, ASK)).collect();
            match bounds {
                Ok(bounds) => self.instance.bounds(at, bounds, Clock::Real.now()),
                Err(error) => {
                    tracing::debug!(%error, partition, "its bounds are asked for again");
                    self.asked.insert(at);
                }
            }
        }
    }

    /// Does what the instance says.
    fn heed(&mut self) -> anyhow::Result<()> {
        self.outbox.extend(self.instance.effects());
        while let Some(effect) = self.outbox.pop_front() {
            if !self.act(&effect)? {
                self.outbox.push_front(effect);
                break;
            }
        }
        if let Some(said) = self.fatal.take() {
            return Err(anyhow!(said));
        }
        let late: Vec<i32> = self
            .draining
            .iter()
            .filter(|(_, since)| since.passed() >= DRAIN)
            .map(|(partition, _)| *partition)
            .collect();
        for partition in late {
            tracing::warn!(partition, "not drained in time; the next owner reads it again");
            self.draining.remove(&partition);
            self.instance.lost(usize::try_from(partition).unwrap_or(usize::MAX));
            self.group.release(partition);
        }
        Ok(())
    }

    /// Does one thing; gives false when there was no room for it yet.
    fn act(&mut self, effect: &Effect) -> anyhow::Result<bool> {
        match effect {
            Effect::Append { partition, hash, bytes } => {
                crash::point("before-append");
                let ticket = Ticket::Record { partition: *partition, hash: *hash };
                let number = i32::try_from(*partition).unwrap_or(-1);
                self.token += 1;
                if self.appender.append(self.token, number, bytes).is_err() {
                    return Ok(false);
                }
                self.tickets.insert(self.token, ticket);
                crash::point("unacknowledged");
            }
            Effect::Reject { partition, input, offset, length, reason } => {
                let topic = &self.config.topics.events[*input];
                let key = format!("{topic}-{partition}-{offset}");
                let payload = serde_json::json!({
                    "reason": reason.name(), "topic": topic, "partition": partition,
                    "offset": offset, "bytes": length,
                });
                self.token += 1;
                let payload = payload.to_string();
                let rejects = &self.config.topics.rejects;
                let sent =
                    self.appender.reject(rejects, key.as_bytes(), payload.as_bytes(), self.token);
                if sent.is_err() {
                    return Ok(false);
                }
                let ticket = Ticket::Reject {
                    partition: *partition,
                    input: *input,
                    offset: *offset,
                    length: *length,
                    reason: *reason,
                };
                self.tickets.insert(self.token, ticket);
            }
            Effect::Read { partition, offsets } => {
                tracing::info!(partition, ?offsets, "reading on behind the ledger");
                let number = i32::try_from(*partition).unwrap_or(-1);
                self.group.take(number, offsets)?;
                self.group.resume(number)?;
            }
            Effect::Bounds { partition } => {
                self.asked.insert(*partition);
            }
            Effect::Pause { partition, is_paused } => {
                let number = i32::try_from(*partition).unwrap_or(-1);
                let done = match is_paused {
                    true => self.group.pause(number),
                    false => self.group.resume(number),
                };
                if let Err(error) = done {
                    tracing::debug!(%error, partition, "not paused");
                }
            }
            Effect::Release { partition } => {
                let number = i32::try_from(*partition).unwrap_or(-1);
                tracing::info!(partition, "drained and given back");
                // While the member has it, the brokers still take how far it is read.
                let positions = self.status.gauges();
                self.group.commit_gauge(&positions);
                self.status.released(*partition);
                self.draining.remove(&number);
                self.group.release(number);
            }
            Effect::Gauge { partition, offsets } => {
                self.status.committed(*partition, offsets);
            }
            Effect::Notice(said) => tracing::warn!("{said}"),
            Effect::Fatal(said) => {
                self.fatal.get_or_insert_with(|| said.clone());
            }
        }
        Ok(true)
    }

    /// Once a minute: in a partition that is read to its end, whoever has been silent for long is
    /// lost track of, though nothing more comes to say so.
    fn settle(&mut self) {
        let now = self.clock.now();
        if self.settled == Some(now.minute()) {
            return;
        }
        self.settled = Some(now.minute());
        for at in 0..self.status.partitions() {
            if self.instance.is_owning(at) && self.status.is_at_end(at) {
                self.instance.engine_mut().settle(at, now);
            }
        }
        let status = &self.status;
        self.publishing.minute(&mut self.instance, now, |at| status.is_at_end(at));
    }

    /// Looks at what the clients tell now and then.
    fn look(&mut self, tail: &Tail) {
        if self.looked.passed() < LOOK {
            return;
        }
        self.looked = Stopwatch::start();
        let positions = self.status.gauges();
        if !positions.is_empty() {
            self.group.commit_gauge(&positions);
        }
        let is_stale = tail.stale_for() >= STALE;
        self.status.look(&self.group, tail, &self.config.topics.events, is_stale);
        if self.status.wants_ends()
            && let Some(ends) = tail.ask_ends()
        {
            self.status.ends(ends);
        }
        for (at, input, end, next) in self.status.lags() {
            self.instance.engine_mut().set_position(at, input, end, next);
        }
    }

    /// Hands everything back: what is gathered is committed, the group is left, the fold written.
    fn end(mut self, mut tail: Tail) -> anyhow::Result<()> {
        let began = Stopwatch::start();
        self.group.resign();
        for at in 0..self.status.partitions() {
            self.instance.revoked(at);
        }
        while !began.left_of(STOP).is_zero() {
            self.round(&mut tail)?;
            if !self.instance.has_any() {
                break;
            }
        }
        self.snapshots.write_now(&self.instance, Clock::Real.now());
        let has_left = self.group.leave(LEAVE);
        self.appender.close(Duration::from_millis(100));
        let seconds = began.passed().as_secs_f64();
        tracing::info!(has_left, seconds, "the partitions are given back");
        Ok(())
    }
}
