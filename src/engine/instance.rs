//! One running daemon above its clients: what it reads, what it appends and when.
//!
//! An [`Instance`] holds an [`Engine`] and one [`Tenure`] a partition. It is told what happens (the
//! group gave a partition, a record of the ledger was read, an append failed, time passed) and says
//! what to do as [`Effect`]s. It owns no client, reads no clock and starts no thread, so the same
//! code runs on Kafka and in a simulation that crashes, delays and repeats.

use std::collections::VecDeque;
use std::sync::Arc;

use super::chain::{self, Kind, RulesVersion, Verdict};
use super::edition::Unmoved;
use super::incident::{Incident, IncidentKind};
use super::names::Unreadable;
use super::record::Record;
use super::tenure::{Meaning, Patience, Tenure};
use super::{Engine, Hash};
use crate::config::Config;
use crate::domain::rules::DEFINITIONS;
use crate::domain::snapshot::LedgerSeen;
use crate::domain::units::Timestamp;
use crate::wire::canonical::Arrival;
use crate::wire::reject::Reason;

/// What the shell is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Append these bytes to a partition of the ledger, and tell by the name what came of it.
    Append {
        /// Which partition.
        partition: usize,
        /// The record's name.
        hash: Hash,
        /// The record.
        bytes: Arc<[u8]>,
    },
    /// Tell the rejects topic of a record that could not be read; then call
    /// [`Instance::rejected`].
    Reject {
        /// Which partition.
        partition: usize,
        /// Which of its inputs.
        input: usize,
        /// Where in it.
        offset: i64,
        /// How many bytes it had.
        length: usize,
        /// Why.
        reason: Reason,
    },
    /// Read the inputs of a partition from these offsets on, whether they are read already or not.
    Read {
        /// Which partition.
        partition: usize,
        /// By input.
        offsets: Vec<i64>,
    },
    /// Ask the brokers once more for the first and the next offset of each input of a partition;
    /// then call [`Instance::bounds`].
    Bounds {
        /// Which partition.
        partition: usize,
    },
    /// Stop or go on reading a partition: too much waits for its commit.
    Pause {
        /// Which partition.
        partition: usize,
        /// Whether to stop.
        is_paused: bool,
    },
    /// Everything is committed: give the partition back to the group.
    Release {
        /// Which partition.
        partition: usize,
    },
    /// Tell the group how far the inputs are read: a gauge for consoles.
    Gauge {
        /// Which partition.
        partition: usize,
        /// By input: the next offset.
        offsets: Vec<i64>,
    },
    /// Something that the operator should know of.
    Notice(String),
    /// This instance cannot go on: leave the group and end.
    Fatal(String),
}

/// When to commit, in ms and events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Since the last commit, when events flow.
    pub interval: u64,
    /// Since the last commit, when little happens.
    pub idle_interval: u64,
    /// Events that make a commit due at once.
    pub events: usize,
}

/// Fewer events than this are little.
const LITTLE: usize = 16;
/// A partition is paused when so many times the events of a commit wait for theirs.
const PAUSED: usize = 2;

/// Who this instance is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// A number drawn at the start.
    pub instance: u64,
    /// Of the key that ids are hashed under.
    pub key: u64,
}

/// What an instance knows of one partition beside its tenure.
#[derive(Debug, Default)]
struct Part {
    /// By input: what the brokers still had when it was last asked, first and next offset.
    bounds: Vec<(i64, i64)>,
    /// By input: the offset that is gathered next.
    next: Vec<i64>,
    /// By input: the record that was read last before, to see whether it is still the same.
    known: Vec<Option<(i64, u32)>>,
    /// What is under way.
    record: Option<Record>,
    /// Incidents to tell with the next record.
    incidents: Vec<Incident>,
    /// Rejects that the rejects topic has not confirmed: input and offset, in order.
    rejects: VecDeque<(usize, i64)>,
    committed_at: u64,
    is_paused: bool,
    attempt: u64,
    /// The next record of the ledger.
    ledger_next: i64,
    /// The last record of the ledger that was read.
    ledger_last: Option<(i64, Hash)>,
}

/// One running daemon, without its clients.
#[derive(Debug)]
pub struct Instance {
    pub(super) engine: Engine,
    pub(super) config: Config,
    pub(super) identity: Identity,
    pace: Pace,
    patience: Patience,
    pub(super) tenures: Vec<Tenure>,
    parts: Vec<Part>,
    seen: LedgerSeen,
    effects: Vec<Effect>,
    /// The configuration as it was before any rules of the ledger were adopted.
    first_config: Config,
    /// The newest rules that any chain has, and their text.
    pub(super) chain_rules: Option<(u32, String)>,
    /// What was looked at and is no reason for another edition.
    pub(super) unmoved: Unmoved,
}

impl Instance {
    /// An instance over so many partitions that has read nothing.
    pub fn new(
        mut engine: Engine,
        config: Config,
        identity: Identity,
        pace: Pace,
        patience: Patience,
        partitions: i32,
    ) -> Instance {
        engine.set_rules(&config);
        let first_config = config.clone();
        let topics = &config.topics.events;
        for partition in 0..partitions {
            engine.open_partitions(topics, partition);
        }
        let count = usize::try_from(partitions).unwrap_or(0);
        Instance {
            engine,
            config,
            identity,
            pace,
            patience,
            tenures: vec![Tenure::default(); count],
            parts: (0..count).map(|_| Part::default()).collect(),
            seen: LedgerSeen::default(),
            effects: Vec::new(),
            chain_rules: None,
            unmoved: Unmoved::default(),
            first_config,
        }
    }

    /// The engine, to read figures from.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The engine, for snapshots of the figures and settling.
    pub fn engine_mut(&mut self) -> &mut Engine {
        &mut self.engine
    }

    /// What was seen of the protocol.
    pub fn seen(&self) -> LedgerSeen {
        self.seen
    }

    /// Whether this instance's claim of a partition counts.
    pub fn is_owning(&self, partition: usize) -> bool {
        self.tenures[partition].is_owning()
    }

    /// Whether the group has given this instance any partition.
    pub fn has_any(&self) -> bool {
        self.tenures.iter().any(Tenure::is_assigned)
    }

    /// Whether this instance may read on with its rules, once the ledger is folded.
    ///
    /// # Errors
    ///
    /// What differs from the ledger's rules, with the remedy.
    pub fn check_rules(&self) -> Result<(), String> {
        let Some((version, text)) = &self.chain_rules else { return Ok(()) };
        let ours = self.engine.version().rules;
        if *version == ours && text != self.engine.rules_text() {
            return Err(format!(
                "rules.version: the ledger holds other rules under version {version}; raise \
                 rules.version"
            ));
        }
        if *version >= ours {
            return Ok(());
        }
        let mut before = self.config.clone();
        if before.adopt_rules(text).is_err() {
            return Ok(());
        }
        match self.engine.first_difference(&before) {
            None => Ok(()),
            Some(day) => Err(format!(
                "rules.version: version {ours} judges {day} otherwise than the ledger did, and \
                 figures of the past do not change by themselves; give the change a valid_from \
                 that is to come, or run: svarstid rebuild --from {day}"
            )),
        }
    }

    /// Whether anything is under way or waits to be committed.
    pub fn is_busy(&self) -> bool {
        self.tenures.iter().any(|tenure| tenure.in_flight().is_some())
            || (0..self.tenures.len()).any(|at| self.is_waiting(at))
    }

    fn is_waiting(&self, at: usize) -> bool {
        self.tenures[at].is_owning()
            && (self.engine.gathered_of(at) > 0
                || self.engine.has_more(at)
                || !self.parts[at].incidents.is_empty())
    }

    /// Forgets everything that was read: the ledger is folded from its beginning.
    pub fn forget(&mut self) {
        self.config = self.first_config.clone();
        self.engine.forget(&self.config);
        self.chain_rules = None;
        for part in &mut self.parts {
            *part = Part::default();
        }
    }

    /// What is to be done since the last call.
    pub fn effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// The next offset of a partition of the ledger.
    pub fn ledger_next(&self, partition: usize) -> i64 {
        self.parts[partition].ledger_next
    }

    /// The last record of the ledger that was read, and its name.
    pub fn ledger_last(&self, partition: usize) -> Option<(i64, Hash)> {
        self.parts[partition].ledger_last
    }

    /// Goes on behind a snapshot's position in the ledger.
    pub fn set_ledger(&mut self, partition: usize, next: i64, last: Option<(i64, Hash)>) {
        self.parts[partition].ledger_next = next;
        self.parts[partition].ledger_last = last;
    }

    /// The group gave a partition to this instance; `bounds` are the first and the next offset of
    /// each input.
    pub fn assigned(&mut self, partition: usize, bounds: Vec<(i64, i64)>, now: u64) {
        self.parts[partition].bounds = bounds;
        self.drop_all(partition);
        self.tenures[partition].assign(now, &self.patience);
    }

    /// The group wants a partition back: [`Effect::Release`] follows when it is drained.
    pub fn revoked(&mut self, partition: usize) {
        self.tenures[partition].drain();
    }

    /// The group has given a partition to another instance already.
    pub fn lost(&mut self, partition: usize) {
        self.tenures[partition].release();
        self.drop_all(partition);
    }

    fn drop_all(&mut self, at: usize) {
        self.engine.drop_gathered(at);
        let part = &mut self.parts[at];
        // Those of the inputs are found again; the others are told by the next record.
        let told = part.record.take().map(|record| record.incidents).unwrap_or_default();
        part.incidents.extend(told.into_iter().filter(|incident| !incident.kind.is_of_input()));
        part.rejects.clear();
        part.next.clear();
        part.known.clear();
        part.is_paused = false;
    }

    /// Takes in a record of an input. What is not this instance's, or was gathered already, is left
    /// alone.
    pub fn event(
        &mut self,
        partition: usize,
        input: usize,
        offset: i64,
        bytes: &[u8],
        arrival: &Arrival,
        found: Timestamp,
    ) {
        let tenure = &self.tenures[partition];
        let part = &mut self.parts[partition];
        if !tenure.is_owning() || tenure.is_draining() {
            return;
        }
        let Some(next) = part.next.get_mut(input) else { return };
        if let Some((last, checksum)) = part.known[input]
            && offset >= last
        {
            part.known[input] = None;
            if offset == last && crc32fast::hash(bytes) != checksum {
                let (low, high) = part.bounds[input];
                let incident = Incident {
                    kind: IncidentKind::TopicRecreated,
                    input: input as u16,
                    first: last,
                    last: high - 1,
                    found,
                };
                *next = low;
                let offsets = part.next.clone();
                self.note(&incident);
                self.engine.incident(partition, low, incident);
                self.effects.push(Effect::Read { partition, offsets });
                return;
            }
        }
        if offset < *next {
            return;
        }
        self.seen.gaps += i64::from(offset > *next);
        *next = offset + 1;
        if let Some(reason) = self.engine.event_of(partition, input, offset, bytes, arrival) {
            part.rejects.push_back((input, offset));
            let length = bytes.len();
            self.effects.push(Effect::Reject { partition, input, offset, length, reason });
        }
        if !part.is_paused && self.engine.gathered_of(partition) >= PAUSED * self.pace.events {
            part.is_paused = true;
            self.effects.push(Effect::Pause { partition, is_paused: true });
        }
    }

    /// The rejects topic has a reject. Commits do not pass one before that.
    pub fn rejected(&mut self, partition: usize, input: usize, offset: i64) {
        self.parts[partition].rejects.retain(|at| *at != (input, offset));
    }

    /// An append failed, or nobody knows what came of it.
    pub fn failed(&mut self, partition: usize, hash: Hash, now: u64) {
        self.tenures[partition].failed(hash, now, &self.patience);
    }

    /// Takes in a record of the ledger, in log order of its partition.
    pub fn ledger(
        &mut self,
        partition: usize,
        offset: i64,
        bytes: &[u8],
        now: u64,
        found: Timestamp,
    ) {
        self.seen.read += 1;
        self.parts[partition].ledger_next = offset + 1;
        let corrupt = |said: String| (IncidentKind::CorruptLedger, said);
        let envelope = match chain::open(bytes) {
            Ok(envelope) if envelope.partition == self.engine.partition_number(partition) => {
                envelope
            }
            other => {
                let said = match other {
                    Ok(envelope) => format!("it was written for partition {}", envelope.partition),
                    Err(error @ chain::Corrupt::Schema(_)) => {
                        return self.fatal(partition, offset, &error.to_string());
                    }
                    Err(error) => error.to_string(),
                };
                self.parts[partition].ledger_last = Some((offset, chain::name_of(bytes)));
                return self.broken(partition, offset, corrupt(said), found);
            }
        };
        let hash = envelope.hash;
        self.parts[partition].ledger_last = Some((offset, hash));
        let verdict = self.engine.head(partition).judge(&envelope);
        if verdict == Verdict::Valid && !self.follow(partition, offset, &envelope) {
            return;
        }
        match verdict {
            Verdict::Valid => {}
            Verdict::Stale => self.seen.stale += 1,
            Verdict::Passed => self.seen.passed += 1,
            Verdict::Broken(how) => {
                self.broken(partition, offset, corrupt(how.to_string()), found);
            }
        }
        let is_claim = matches!(envelope.kind, Kind::Claim(_));
        match self.tenures[partition].read(hash, is_claim, verdict, now, &self.patience) {
            Meaning::Nothing => {}
            Meaning::Entered => self.entered(partition, now, found),
            Meaning::Committed => {
                self.seen.committed += 1;
                self.seen.committed_bytes += bytes.len() as i64;
                let took = now.saturating_sub(self.parts[partition].committed_at) as i64;
                self.seen.commit_ms += took;
                let bounds = &LedgerSeen::COMMIT_BOUNDS_MS;
                if let Some(slot) = bounds.iter().position(|bound| took <= *bound) {
                    self.seen.commit_slots[slot] += 1;
                }
                let offsets =
                    self.engine.head(partition).positions.iter().map(|at| at.next).collect();
                self.effects.push(Effect::Gauge { partition, offsets });
                let part = &mut self.parts[partition];
                let is_room = self.engine.gathered_of(partition) < self.pace.events;
                if part.is_paused && is_room {
                    part.is_paused = false;
                    self.effects.push(Effect::Pause { partition, is_paused: false });
                }
            }
            Meaning::Dropped => {
                self.seen.dropped += 1;
                self.drop_all(partition);
            }
        }
    }

    /// Moves the chain on by a valid record. Gives false when this instance cannot follow it.
    fn follow(&mut self, at: usize, offset: i64, envelope: &chain::Envelope<'_>) -> bool {
        match &envelope.kind {
            Kind::Claim(claim) if claim.key != self.identity.key => {
                self.fatal(
                    at,
                    offset,
                    "an instance with another privacy.id_key_file claimed it: all instances of a \
                     ledger share one key; give this one the same file",
                );
                false
            }
            Kind::Claim(_) => {
                self.engine.read_claim(at, envelope);
                true
            }
            Kind::Commit(link, _) => {
                if link.version.definitions > DEFINITIONS {
                    self.fatal(
                        at,
                        offset,
                        &format!(
                            "its figures follow definitions {} and this program knows up to \
                             {DEFINITIONS}: use a newer program",
                            link.version.definitions
                        ),
                    );
                    return false;
                }
                let version = link.version;
                let is_own = self.tenures[at].in_flight() == Some(envelope.hash);
                let own = if is_own { self.parts[at].record.take() } else { None };
                match self.engine.read_commit(at, envelope, own) {
                    Ok(None) => true,
                    Ok(Some(text)) => self.learn_rules(at, offset, version, &text),
                    Err(Unreadable::Content) => {
                        self.fatal(at, offset, "its content makes no sense to this program");
                        false
                    }
                    Err(Unreadable::NoRoom) => {
                        self.fatal(
                            at,
                            offset,
                            "there is no room for its names: raise limits.departments, \
                             limits.queues or limits.sources to those of the other instances",
                        );
                        false
                    }
                }
            }
        }
    }

    /// The rules of a chain are newer than ours, or the same.
    fn learn_rules(&mut self, at: usize, offset: i64, version: RulesVersion, text: &str) -> bool {
        let ours = self.engine.version();
        if self.chain_rules.as_ref().is_none_or(|(known, _)| version.rules >= *known) {
            self.chain_rules = Some((version.rules, text.to_owned()));
        }
        if version.rules == ours.rules && text != self.engine.rules_text() {
            self.fatal(
                at,
                offset,
                &format!(
                    "it holds other rules under version {}: raise rules.version in the \
                     configuration",
                    version.rules
                ),
            );
            return false;
        }
        if version.rules <= ours.rules {
            return true;
        }
        match self.config.adopt_rules(text) {
            Ok(()) => {
                self.engine.set_rules(&self.config);
                self.notice_adopted(version.rules, ours.rules);
                true
            }
            Err(faults) => {
                let said = faults.first().map(ToString::to_string).unwrap_or_default();
                self.fatal(at, offset, &format!("its rules cannot be followed: {said}"));
                false
            }
        }
    }

    pub(super) fn notice_adopted(&mut self, theirs: u32, ours: u32) {
        self.effects.push(Effect::Notice(format!(
            "the ledger has rules version {theirs}, the configuration {ours}: the ledger's are \
             followed; bring the configuration up to date"
        )));
    }

    fn fatal(&mut self, at: usize, offset: i64, said: &str) {
        let partition = self.engine.partition_number(at);
        let topic = &self.config.topics.ledger;
        self.effects
            .push(Effect::Fatal(format!("{topic} partition {partition} offset {offset}: {said}")));
    }

    fn broken(&mut self, at: usize, offset: i64, what: (IncidentKind, String), found: Timestamp) {
        let (kind, said) = what;
        self.seen.broken += 1;
        let partition = self.engine.partition_number(at);
        let topic = &self.config.topics.ledger;
        self.effects.push(Effect::Notice(format!(
            "{topic} partition {partition} offset {offset} does not count: {said}"
        )));
        let incident = Incident { kind, input: 0, first: offset, last: offset, found };
        self.parts[at].incidents.push(incident);
    }

    fn note(&mut self, incident: &Incident) {
        let Incident { kind, input, first, last, .. } = incident;
        let topic = self.config.topics.events.get(usize::from(*input)).map_or("", String::as_str);
        self.effects.push(Effect::Notice(format!(
            "incident {} in {topic}: offsets {first} to {last}",
            kind.name()
        )));
    }

    /// An incident that the shell found, to be told with the next record of the partition.
    pub fn report(&mut self, partition: usize, incident: Incident) {
        self.note(&incident);
        self.parts[partition].incidents.push(incident);
    }

    /// Our claim counts: what was read is continued where the chain ends.
    fn entered(&mut self, at: usize, now: u64, found: Timestamp) {
        self.seen.taken_over += 1;
        self.drop_all(at);
        self.parts[at].committed_at = now;
        let head = self.engine.head(at);
        let mut bounds = self.parts[at].bounds.iter().enumerate();
        // They are older than our claim: whoever read before it, perhaps this instance, may have
        // come further than they tell.
        if bounds.any(|(input, (_, high))| head.position(input).next > *high) {
            self.effects.push(Effect::Bounds { partition: at });
        } else {
            self.read_on(at, found);
        }
    }

    /// What the brokers have of the inputs of a partition, asked for after [`Effect::Bounds`].
    pub fn bounds(&mut self, partition: usize, bounds: Vec<(i64, i64)>, found: Timestamp) {
        let part = &mut self.parts[partition];
        if self.tenures[partition].is_owning() && part.next.is_empty() {
            part.bounds = bounds;
            self.read_on(partition, found);
        }
    }

    /// Begins to read where the chain ends.
    fn read_on(&mut self, at: usize, found: Timestamp) {
        let bounds = self.parts[at].bounds.clone();
        let mut offsets = Vec::with_capacity(bounds.len());
        for (input, (low, high)) in bounds.into_iter().enumerate() {
            let position = self.engine.head(at).position(input);
            let next = position.next;
            let incident =
                |kind, last| Incident { kind, input: input as u16, first: next, last, found };
            let (begin, told) = match next {
                ..0 => (low, None),
                next if next > high => {
                    (low, Some(incident(IncidentKind::TopicRecreated, high - 1)))
                }
                next if next < low => (low, Some(incident(IncidentKind::LostRange, low - 1))),
                next => (next, None),
            };
            if let Some(incident) = told {
                self.note(&incident);
                self.engine.incident(at, begin, incident);
            }
            // The record before is read once more: a topic that was made anew has another one.
            let again = told.is_none() && begin == next && next > low;
            let part = &mut self.parts[at];
            part.next.push(begin);
            part.known.push(again.then_some((next - 1, position.last)));
            offsets.push(begin - i64::from(again));
        }
        self.effects.push(Effect::Read { partition: at, offsets });
    }

    /// Offsets of an input were deleted before they were read: it goes on at `low`.
    pub fn lost_range(&mut self, partition: usize, input: usize, low: i64, found: Timestamp) {
        let part = &mut self.parts[partition];
        let Some(next) = part.next.get_mut(input) else { return };
        part.is_paused = false;
        if *next >= low {
            // Only the record before it is gone, which is read to see whether it is the same.
            part.known[input] = None;
            let offsets = part.next.clone();
            self.effects.push(Effect::Read { partition, offsets });
            return;
        }
        let kind = IncidentKind::LostRange;
        let incident = Incident { kind, input: input as u16, first: *next, last: low - 1, found };
        *next = low;
        let offsets = part.next.clone();
        self.note(&incident);
        self.engine.incident(partition, low, incident);
        self.effects.push(Effect::Read { partition, offsets });
    }

    /// Time passed: claims, commits and copies that are due.
    pub fn advance(&mut self, now: u64) {
        for at in 0..self.tenures.len() {
            if self.tenures[at].is_stalled(now, &self.patience) {
                self.seen.stalled += 1;
                self.drop_all(at);
                self.tenures[at].give_up(now);
            }
            if self.tenures[at].wants_claim(now) {
                self.claim(at, now);
            }
            if let Some((hash, bytes)) = self.tenures[at].resend(now) {
                self.seen.resent += 1;
                self.effects.push(Effect::Append { partition: at, hash, bytes });
            }
            if self.tenures[at].may_commit() && self.is_due(at, now) {
                self.commit(at, now);
            }
            let tenure = &self.tenures[at];
            if tenure.is_draining() && (!tenure.is_owning() || self.is_drained(at)) {
                self.lost(at);
                self.effects.push(Effect::Release { partition: at });
            }
        }
    }

    fn is_drained(&self, at: usize) -> bool {
        self.tenures[at].may_commit() && self.engine.gathered_of(at) == 0
    }

    fn claim(&mut self, at: usize, now: u64) {
        let part = &mut self.parts[at];
        part.attempt += 1;
        let Identity { instance, key } = self.identity;
        let claim = self.engine.head(at).claim(instance, part.attempt, key, DEFINITIONS);
        let (bytes, hash) = chain::encode_claim(self.engine.partition_number(at), &claim);
        let bytes: Arc<[u8]> = bytes.into();
        self.tenures[at].sent(hash, Arc::clone(&bytes), now);
        self.effects.push(Effect::Append { partition: at, hash, bytes });
    }

    fn is_due(&self, at: usize, now: u64) -> bool {
        let part = &self.parts[at];
        let gathered = self.engine.gathered_of(at);
        let is_draining = self.tenures[at].is_draining();
        let passed = now.saturating_sub(part.committed_at);
        let wants_rules = self.engine.head(at).version != self.engine.version();
        gathered >= self.pace.events
            || self.engine.has_more(at)
            || wants_rules
            || (is_draining && gathered > 0)
            || (gathered >= LITTLE && passed >= self.pace.interval)
            || passed >= self.pace.idle_interval
    }

    fn commit(&mut self, at: usize, now: u64) {
        self.parts[at].committed_at = now;
        let mut incidents = std::mem::take(&mut self.parts[at].incidents);
        // What an owner before has told of the same records need not be told again.
        incidents.retain(|one| !self.engine.has_incident(at, one));
        let until = self.parts[at].rejects.front().copied();
        let Some((record, bytes, hash)) = self.engine.cut_record(at, incidents, until) else {
            return;
        };
        let bytes: Arc<[u8]> = bytes.into();
        self.parts[at].record = Some(record);
        self.tenures[at].sent(hash, Arc::clone(&bytes), now);
        self.effects.push(Effect::Append { partition: at, hash, bytes });
    }
}
