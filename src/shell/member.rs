//! A member of the group that reads nothing: it learns which partitions are ours.
//!
//! The client library's callback only records what it is told; the answer comes later. Until a
//! revocation is answered the rebalance waits, and the member sends its heartbeats. Its own
//! assignment stays empty, whatever the group gives it: the library would stop reading all that it
//! is assigned while any of it is about to go.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::statistics::Statistics;
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::types::RDKafkaRespErr;

use super::reader::is_passing;
use super::{kafka, usage};

/// How long a member may be silent, in milliseconds, unless the properties say so.
const SESSION: &str = "10000";
/// Between two signs of life, in milliseconds, unless the properties say so. Members hear of a
/// rebalance by them, so it is also what a handover takes; the library's own three seconds are
/// more than a takeover may cost.
const HEARTBEAT: &str = "1000";

/// What happened to the member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// These are ours.
    Assigned(Vec<i32>),
    /// These are ours until they are released.
    Revoking(Vec<i32>),
    /// These are ours no more.
    Lost(Vec<i32>),
    /// No broker is to be reached.
    Away(String),
    /// Something keeps the group from working.
    Trouble(String),
    /// The client gave up for good.
    Fatal(String),
}

/// Records what is told in the library's callbacks.
#[derive(Debug, Default)]
struct Membership {
    told: Mutex<VecDeque<Told>>,
    /// Nobody answers any more, so the callback does.
    is_closing: AtomicBool,
    /// Statistics showed a broker that is there.
    is_up: AtomicBool,
    gauges_failed: AtomicU64,
}

impl ClientContext for Membership {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        kafka::log(level, facility, message);
    }

    fn stats(&self, statistics: Statistics) {
        let is_up = statistics.brokers.values().any(|broker| broker.state == "UP");
        self.is_up.store(is_up, Ordering::Relaxed);
    }

    // Every error also comes out of the poll, and is told there.
    fn error(&self, _: KafkaError, _: &str) {}
}

impl ConsumerContext for Membership {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        what: RDKafkaRespErr,
        partitions: &mut TopicPartitionList,
    ) {
        let is_assigned = what == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        if self.is_closing.load(Ordering::Relaxed) {
            answer(consumer, is_assigned);
            return;
        }
        let mut list: Vec<i32> =
            partitions.elements().iter().map(|element| element.partition()).collect();
        list.sort_unstable();
        let told = if is_assigned {
            Told::Assigned(list)
        } else if consumer.assignment_lost() {
            Told::Lost(list)
        } else {
            Told::Revoking(list)
        };
        self.queue().push_back(told);
    }

    fn commit_callback(&self, result: Result<(), KafkaError>, _: &TopicPartitionList) {
        if result.is_err() {
            self.gauges_failed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Membership {
    fn queue(&self) -> std::sync::MutexGuard<'_, VecDeque<Told>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets the rebalance go on, with an assignment that is and stays empty.
fn answer(consumer: &BaseConsumer<Membership>, is_assigned: bool) {
    let none = TopicPartitionList::new();
    let answered = match is_assigned {
        true => consumer.incremental_assign(&none),
        false => consumer.incremental_unassign(&none),
    };
    if let Err(error) = answered {
        tracing::error!(%error, is_assigned, "the group cannot be answered");
    }
}

/// The member.
pub(super) struct Member {
    consumer: BaseConsumer<Membership>,
    /// Revoked and not released.
    owed: RefCell<BTreeSet<i32>>,
    /// Whether a revocation waits for an answer.
    is_owing: Cell<bool>,
}

impl Member {
    /// A member that has not joined, with a consumer's settings.
    pub(super) fn new(mut settings: ClientConfig) -> anyhow::Result<Member> {
        settings
            .set("auto.offset.reset", "error")
            .set("partition.assignment.strategy", "cooperative-sticky")
            .set("statistics.interval.ms", "2000");
        for (property, value) in
            [("session.timeout.ms", SESSION), ("heartbeat.interval.ms", HEARTBEAT)]
        {
            if settings.get(property).is_none() {
                settings.set(property, value);
            }
        }
        let consumer = settings
            .create_with_context(Membership::default())
            .map_err(|error: KafkaError| usage(kafka::refused(&error)))?;
        Ok(Member { consumer, owed: RefCell::default(), is_owing: Cell::new(false) })
    }

    fn context(&self) -> &Membership {
        self.consumer.client().context()
    }

    pub(super) fn join(&self, topic: &str) -> Result<(), KafkaError> {
        self.consumer.subscribe(&[topic])
    }

    pub(super) fn resign(&self) {
        self.consumer.unsubscribe();
    }

    /// What happened, without waiting. What was lost and what was assigned is answered at once.
    pub(super) fn poll(&self) -> Option<Told> {
        loop {
            if let Some(told) = self.next_told() {
                return Some(told);
            }
            match self.consumer.poll(Duration::ZERO) {
                Some(Err(error)) => {
                    if let Some(told) = self.fault(&error) {
                        return Some(told);
                    }
                }
                // A member reads nothing.
                Some(Ok(_)) => {}
                None => return self.next_told(),
            }
        }
    }

    fn next_told(&self) -> Option<Told> {
        loop {
            let told = self.context().queue().pop_front()?;
            let is_empty = match &told {
                Told::Assigned(partitions) => {
                    answer(&self.consumer, true);
                    partitions.is_empty()
                }
                Told::Lost(partitions) => {
                    answer(&self.consumer, false);
                    partitions.is_empty()
                }
                Told::Revoking(partitions) if partitions.is_empty() => {
                    answer(&self.consumer, false);
                    true
                }
                Told::Revoking(partitions) => {
                    self.owed.borrow_mut().extend(partitions);
                    self.is_owing.set(true);
                    false
                }
                Told::Away(_) | Told::Trouble(_) | Told::Fatal(_) => false,
            };
            if !is_empty {
                return Some(told);
            }
        }
    }

    fn fault(&self, error: &KafkaError) -> Option<Told> {
        if let KafkaError::MessageConsumptionFatal(_) = error {
            let reason = self.consumer.client().fatal_error().map(|(_, reason)| reason);
            return Some(Told::Fatal(reason.unwrap_or_else(|| error.to_string())));
        }
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::AllBrokersDown) => {
                self.doubt();
                Some(Told::Away("all connections are lost".to_owned()))
            }
            Some(code) if is_passing(code) => {
                tracing::debug!(%error, "a broker does not answer the group's member");
                None
            }
            Some(_) | None => Some(Told::Trouble(format!("group: {error}"))),
        }
    }

    /// Gives a partition back, if the group asked for it. When the last one is, the rebalance goes
    /// on.
    pub(super) fn release(&self, partition: i32) {
        self.owed.borrow_mut().remove(&partition);
        if self.is_owing.get() && self.owed.borrow().is_empty() {
            self.is_owing.set(false);
            answer(&self.consumer, false);
        }
    }

    /// Whether a broker was there when the statistics last looked.
    pub(super) fn is_up(&self) -> bool {
        self.context().is_up.load(Ordering::Relaxed)
    }

    /// What was last known of the brokers may be wrong.
    pub(super) fn doubt(&self) {
        self.context().is_up.store(false, Ordering::Relaxed);
    }

    /// Shows positions to whoever looks at the group.
    pub(super) fn commit_gauge(&self, positions: &TopicPartitionList) {
        if self.consumer.commit(positions, CommitMode::Async).is_err() {
            self.context().gauges_failed.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn gauges_failed(&self) -> u64 {
        self.context().gauges_failed.load(Ordering::Relaxed)
    }
}

/// Closing waits for an answer to whatever the group asks, so from here on one is given.
impl Drop for Member {
    fn drop(&mut self) {
        self.context().is_closing.store(true, Ordering::Relaxed);
        if self.is_owing.get() {
            answer(&self.consumer, false);
        }
        let told = std::mem::take(&mut *self.context().queue());
        for one in told {
            answer(&self.consumer, matches!(one, Told::Assigned(_)));
        }
    }
}
