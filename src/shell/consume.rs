//! The one thread that reads from the brokers, feeds the engine and publishes what it sees.
//!
//! A polled consumer on a thread of its own: the client's other ways depend on wake-ups that can be
//! lost. Partitions are assigned by hand and read from the oldest retained event at each start,
//! since the ledger is in memory. Statistics and errors are served only while somebody polls, so
//! everything else that this thread does is short.

use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Headers as _, Message as _};
use rdkafka::statistics::Statistics;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::clock::{Clock, Stopwatch};
use super::http::Readiness;
use super::kafka::{self, Missing};
use super::outlet::Outlet;
use super::{Stop, usage};
use crate::config::{Commit, Config};
use crate::domain::calendar::Zone;
use crate::domain::units::Timestamp;
use crate::engine::Engine;
use crate::wire::canonical::Arrival;

/// How long one question to a broker may take; a stop waits for it.
const ASK: Duration = Duration::from_secs(1);
/// A broker that has just started may not know its topics yet.
const TOPIC_LOOKS: u32 = 3;

/// What the thread works with.
pub struct Feed {
    /// Settings of the consumer.
    pub settings: ClientConfig,
    /// Topics with equal numbers of partitions.
    pub topics: Vec<String>,
    /// When a batch is folded.
    pub commit: Commit,
    /// The clock at which windows end.
    pub clock: Clock,
    /// Where events go.
    pub engine: Engine,
    /// Ends the thread.
    pub stop: Stop,
}

impl Feed {
    /// What a configuration says; `settings` are those of the consumer.
    pub fn new(
        config: &Config,
        settings: ClientConfig,
        clock: Clock,
        engine: Engine,
        stop: Stop,
    ) -> Feed {
        let topics = config.topics.events.clone();
        Feed { settings, topics, commit: config.commit.clone(), clock, engine, stop }
    }
}

/// What the client tells while it is polled.
#[derive(Debug, Default)]
struct Watch {
    statistics: Mutex<Option<Statistics>>,
}

impl ClientContext for Watch {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        kafka::log(level, facility, message);
    }

    fn stats(&self, statistics: Statistics) {
        *self.statistics.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(statistics);
    }

    // Every error also comes out of the poll, and is told there.
    fn error(&self, _: KafkaError, _: &str) {}
}

impl ConsumerContext for Watch {}

/// One partition of one topic.
struct Reading {
    topic: usize,
    partition: i32,
    /// The engine's number for it.
    index: usize,
    /// The offset to read next.
    next: i64,
    /// The partition's end as last heard.
    end: i64,
    /// The end at the start of the program.
    end_at_start: i64,
    /// Whether the end was reached, though the last offsets may hold no event.
    at_end: bool,
    /// The first and last of the offsets that were jumped over and not yet explained.
    jumped: Option<(i64, i64)>,
}

/// Reads until it is stopped.
///
/// # Errors
///
/// [`super::Usage`] when a topic is missing or their partitions differ; a failure when the client
/// gives up for good.
pub fn read(feed: Feed, outlet: Outlet) -> anyhow::Result<()> {
    let consumer: BaseConsumer<Watch> = feed
        .settings
        .create_with_context(Watch::default())
        .map_err(|error| usage(kafka::refused(&error)))?;
    let mut reader = Reader::new(feed, outlet);
    if !reader.connect(&consumer)? {
        return Ok(());
    }
    reader.publish();
    while !reader.feed.stop.is_asked() {
        reader.gather(&consumer)?;
        reader.settle();
        let events = reader.feed.engine.gathered();
        let began = Stopwatch::start();
        if reader.feed.engine.commit() {
            reader.feed.engine.timed(events, began.passed().as_secs_f64());
            reader.outlet.changed();
        }
        reader.hear_statistics(&consumer);
        reader.catch_up();
        if reader.outlet.left(reader.is_caught_up).is_zero() {
            reader.publish();
        }
        reader.answer();
    }
    // Nobody waits for positions of ours, so there is nothing to hand back but the partitions.
    drop(consumer.unassign());
    tracing::info!(records = reader.records, "reader stopped");
    Ok(())
}

struct Reader {
    feed: Feed,
    outlet: Outlet,
    brokers: String,
    readings: Vec<Reading>,
    partitions: usize,
    started: Stopwatch,
    is_caught_up: bool,
    /// The minute in which partitions were last settled.
    settled: Option<i32>,
    records: u64,
    /// Since when no broker answers.
    away_since: Option<Timestamp>,
    /// What keeps a topic from being read, in the client's words.
    trouble: Option<String>,
}

impl Reader {
    fn new(feed: Feed, outlet: Outlet) -> Reader {
        Reader {
            brokers: feed.settings.get("bootstrap.servers").unwrap_or_default().to_owned(),
            feed,
            outlet,
            readings: Vec::new(),
            partitions: 0,
            started: Stopwatch::start(),
            is_caught_up: false,
            settled: None,
            records: 0,
            away_since: None,
            trouble: None,
        }
    }

    /// Finds the topics and takes their partitions from the beginning, however long the brokers
    /// stay away. Gives false when it is stopped before that.
    fn connect(&mut self, consumer: &BaseConsumer<Watch>) -> anyhow::Result<bool> {
        let mut looks = 0;
        while !self.feed.stop.is_asked() {
            match self.find(consumer) {
                Ok(readings) => {
                    self.partitions = readings.len() / self.feed.topics.len().max(1);
                    self.readings = readings;
                    self.assign(consumer)?;
                    self.back();
                    return Ok(true);
                }
                Err(Fruitless::Faulty(fault)) => {
                    looks += 1;
                    if looks >= TOPIC_LOOKS {
                        return Err(usage(fault));
                    }
                }
                Err(Fruitless::Away(error)) => self.away(&error.to_string()),
            }
            self.publish();
            self.answer();
            // Errors and the client's log are served by polling.
            drop(consumer.poll(Duration::from_millis(10)));
            self.feed.stop.sleep(Duration::from_millis(500));
        }
        Ok(false)
    }

    fn find(&self, consumer: &BaseConsumer<Watch>) -> Result<Vec<Reading>, Fruitless> {
        let mut readings = Vec::new();
        let mut first: Option<(&str, i32)> = None;
        for (topic, name) in self.feed.topics.iter().enumerate() {
            let partitions = kafka::partitions_of(consumer.client(), name, ASK).map_err(
                |missing| match missing {
                    Missing::Topic(remedy) => Fruitless::Faulty(remedy),
                    Missing::Broker(error) => Fruitless::Away(error),
                },
            )?;
            let (other, count) = *first.get_or_insert((name, partitions));
            if count != partitions {
                return Err(Fruitless::Faulty(format!(
                    "topics.events: \"{name}\" has {partitions} partitions and \"{other}\" has \
                     {count}; give them equally many"
                )));
            }
            for partition in 0..partitions {
                let (low, high) =
                    consumer.fetch_watermarks(name, partition, ASK).map_err(Fruitless::Away)?;
                readings.push(Reading {
                    topic,
                    partition,
                    index: 0,
                    next: low,
                    end: high,
                    end_at_start: high,
                    at_end: low >= high,
                    jumped: None,
                });
            }
        }
        Ok(readings)
    }

    fn assign(&mut self, consumer: &BaseConsumer<Watch>) -> anyhow::Result<()> {
        let mut wanted = TopicPartitionList::new();
        for partition in 0..self.partitions {
            let number = i32::try_from(partition).unwrap_or(i32::MAX);
            self.feed.engine.open_partitions(&self.feed.topics, number);
        }
        for reading in &mut self.readings {
            let name = &self.feed.topics[reading.topic];
            wanted
                .add_partition_offset(name, reading.partition, Offset::Beginning)
                .context("cannot read from the beginning")?;
            reading.index = usize::try_from(reading.partition).unwrap_or(0);
        }
        consumer.assign(&wanted).context("cannot take the partitions")?;
        let records: i64 = self.readings.iter().map(|one| one.end - one.next).sum();
        let partitions = self.readings.len();
        tracing::info!(brokers = self.brokers, partitions, records, "reading from the beginning");
        Ok(())
    }

    /// Once a minute: in a partition that is read to its end, whoever has been silent for long is
    /// lost track of, though nothing more comes to say so.
    fn settle(&mut self) {
        let now = self.feed.clock.now();
        if !self.is_caught_up || self.settled == Some(now.minute()) {
            return;
        }
        self.settled = Some(now.minute());
        for partition in 0..self.partitions {
            let mut inputs = self.readings.iter().filter(|one| one.index == partition);
            if inputs.all(|one| one.next >= one.end) {
                self.feed.engine.settle(partition, now);
            }
        }
    }

    /// Takes what comes until a batch is due.
    fn gather(&mut self, consumer: &BaseConsumer<Watch>) -> anyhow::Result<()> {
        let busy = Duration::from_millis(u64::from(self.feed.commit.interval_ms));
        let idle = Duration::from_millis(u64::from(self.feed.commit.idle_interval_ms));
        let most = usize::try_from(self.feed.commit.max_events).unwrap_or(usize::MAX);
        let began = Stopwatch::start();
        let mut limit = idle.min(self.outlet.left(self.is_caught_up));
        let mut wait = limit;
        let mut taken = 0_u32;
        loop {
            match consumer.poll(wait) {
                Some(Ok(message)) => {
                    if taken == 0 {
                        limit = limit.min(began.passed() + busy);
                    }
                    self.take(&message);
                    taken += 1;
                    if self.feed.engine.gathered() >= most {
                        return Ok(());
                    }
                    // When they come in streams, the clock need not be asked after each; then
                    // none is waited for.
                    if taken % 32 != 1 {
                        wait = Duration::ZERO;
                        continue;
                    }
                }
                Some(Err(error)) => self.hear(&error)?,
                None => {}
            }
            wait = began.left_of(limit);
            if wait.is_zero() {
                return Ok(());
            }
        }
    }

    fn take(&mut self, message: &BorrowedMessage<'_>) {
        let partition = usize::try_from(message.partition()).unwrap_or(usize::MAX);
        // With one topic, the usual case, its name need not be looked at.
        let topic = match self.feed.topics.as_slice() {
            [_] => 0,
            topics => {
                let name = message.topic();
                topics.iter().position(|topic| topic == name).unwrap_or(topics.len())
            }
        };
        let Some(reading) = self.readings.get_mut(topic * self.partitions + partition) else {
            return;
        };
        let offset = message.offset();
        if offset > reading.next {
            let first = reading.jumped.map_or(reading.next, |(first, _)| first);
            reading.jumped = Some((first, offset - 1));
        }
        reading.next = offset + 1;
        reading.end = reading.end.max(reading.next);
        let arrival = Arrival {
            record_time: message.timestamp().to_millis().filter(|time| *time >= 0).map(Timestamp),
            content_type_cloudevents: is_cloudevents(message),
        };
        let bytes = message.payload().unwrap_or_default();
        self.feed.engine.event_of(reading.index, reading.topic, offset, bytes, &arrival);
        self.records += 1;
        if self.away_since.is_some() || self.trouble.is_some() {
            self.back();
        }
    }

    fn hear(&mut self, error: &KafkaError) -> anyhow::Result<()> {
        if let KafkaError::PartitionEOF(partition) = error {
            // It does not say of which topic; with several, the statistics do.
            if self.feed.topics.len() == 1
                && let Ok(at) = usize::try_from(*partition)
                && let Some(reading) = self.readings.get_mut(at)
            {
                reading.at_end = true;
                reading.end = reading.end.max(reading.next);
            }
            self.back();
            return Ok(());
        }
        if let KafkaError::MessageConsumptionFatal(_) = error {
            return Err(anyhow!(error.clone()))
                .context("the client gave up; restart the program, and report it if it stays");
        }
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::AllBrokersDown) => self.away("all connections are lost"),
            Some(
                RDKafkaErrorCode::BrokerTransportFailure
                | RDKafkaErrorCode::OperationTimedOut
                | RDKafkaErrorCode::RequestTimedOut
                | RDKafkaErrorCode::Resolve,
            ) => tracing::debug!(%error, "a broker does not answer"),
            Some(_) | None => {
                // One fault comes in several words; the first ones are told.
                if self.trouble.is_none() {
                    tracing::error!(
                        %error,
                        "events cannot be read; look at the topic and at the rights to it"
                    );
                    self.trouble = Some(error.to_string());
                    self.show_readiness();
                }
            }
        }
        Ok(())
    }

    fn away(&mut self, error: &str) {
        if self.away_since.is_none() {
            tracing::warn!(brokers = self.brokers, error, "no broker answers; trying again");
            self.away_since = Some(Clock::Real.now());
            self.show_readiness();
        }
    }

    fn back(&mut self) {
        if let Some(since) = self.away_since.take() {
            let seconds = Clock::Real.now().since(since).as_seconds();
            tracing::info!(brokers = self.brokers, seconds, "a broker answers again");
        }
        if self.trouble.take().is_some() {
            tracing::info!("events can be read again");
        }
        self.show_readiness();
    }

    /// The ends of the partitions, and whether any broker is there.
    fn hear_statistics(&mut self, consumer: &BaseConsumer<Watch>) {
        let context = consumer.client().context();
        let told =
            context.statistics.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
        let Some(told) = told else { return };
        for reading in &mut self.readings {
            let partition = told
                .topics
                .get(&self.feed.topics[reading.topic])
                .and_then(|topic| topic.partitions.get(&reading.partition));
            let Some(partition) = partition else { continue };
            if partition.ls_offset >= 0 {
                reading.end = partition.ls_offset.max(reading.next);
            }
            if partition.eof_offset >= reading.end_at_start {
                reading.at_end = true;
            }
            // Markers of transactions are jumped over too; what retention took is another matter.
            if let Some((first, last)) = reading.jumped.take()
                && partition.lo_offset > first
            {
                tracing::error!(
                    topic = self.feed.topics[reading.topic],
                    partition = reading.partition,
                    first,
                    last = last.min(partition.lo_offset - 1),
                    "events were deleted before they were read; give the topic a longer retention"
                );
            }
        }
        if told.brokers.values().any(|broker| broker.state == "UP") && self.away_since.is_some() {
            self.back();
        }
    }

    fn catch_up(&mut self) {
        if self.is_caught_up {
            return;
        }
        let is_there = |one: &Reading| one.at_end || one.next >= one.end_at_start;
        if self.readings.iter().all(is_there) {
            self.is_caught_up = true;
            self.feed.engine.set_caught_up(true);
            let seconds = self.started.passed().as_secs_f64();
            tracing::info!(records = self.records, seconds, "caught up");
            self.publish();
        }
    }

    fn publish(&mut self) {
        for one in &self.readings {
            self.feed.engine.set_position(one.index, one.topic, Some(one.end), one.next);
        }
        self.outlet.publish(&mut self.feed.engine, &self.feed.clock);
        self.show_readiness();
    }

    fn show_readiness(&self) {
        let mut reasons = Vec::new();
        if let Some(since) = self.away_since {
            let since = Zone::stockholm().rfc3339(since);
            reasons.push(format!("broker {} unreachable since {since}", self.brokers));
        }
        if let Some(trouble) = &self.trouble {
            reasons.push(format!("events cannot be read: {trouble}"));
        }
        if !self.is_caught_up {
            let left = |one: &Reading| (one.end_at_start - one.next).max(0);
            let left: i64 = self.readings.iter().map(left).sum();
            reasons.push(match self.readings.is_empty() {
                true => "no partitions yet".to_owned(),
                false => format!("reading the past: {left} records to go"),
            });
        }
        self.outlet.show(Readiness { ready: reasons.is_empty(), reasons, notes: Vec::new() });
    }

    fn answer(&mut self) {
        self.outlet.answer(&self.feed.engine, &self.feed.clock);
    }
}

/// Why the partitions were not found.
enum Fruitless {
    /// Something that waiting does not mend, with the remedy.
    Faulty(String),
    /// No broker answered.
    Away(KafkaError),
}

pub(super) fn is_cloudevents(message: &BorrowedMessage<'_>) -> bool {
    let is_so = |name: &str, value: Option<&[u8]>| {
        name.eq_ignore_ascii_case("content-type")
            && value.is_some_and(|value| value.starts_with(b"application/cloudevents+json"))
    };
    message.headers().is_some_and(|all| all.iter().any(|one| is_so(one.key, one.value)))
}
