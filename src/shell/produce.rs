//! Records on their way into a topic, and whether the broker has them.
//!
//! Keys land where Java's clients put them (murmur2). The producer is idempotent: what it sends
//! again after a fault, the broker keeps once.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _, ProducerContext};

use super::kafka::{self, Missing};
use super::{Stop, usage};

/// How long one look at the topic may take.
const LOOK: Duration = Duration::from_secs(2);

/// What the client reports between two polls.
#[derive(Debug, Default)]
struct Reports {
    /// The first record that was given up, and why.
    failure: Mutex<Option<KafkaError>>,
    /// Whether brokers were lost or heard of since somebody asked.
    brokers: Mutex<VecDeque<bool>>,
}

impl ClientContext for Reports {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        kafka::log(level, facility, message);
    }

    fn error(&self, error: KafkaError, _: &str) {
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::AllBrokersDown) {
            self.tell(false);
        }
    }
}

impl Reports {
    fn tell(&self, up: bool) {
        let mut brokers = self.brokers.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if brokers.back() != Some(&up) {
            brokers.push_back(up);
        }
    }
}

impl ProducerContext for Reports {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        match result {
            Ok(_) => self.tell(true),
            Err((error, _)) => {
                let mut failure =
                    self.failure.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
                failure.get_or_insert_with(|| error.clone());
            }
        }
    }
}

/// How patient a producer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// Nothing is ever given up: a broker that is away is waited for.
    Endless,
    /// A record that the broker has not taken for half a minute is a failure.
    HalfAMinute,
}

/// Writes records to one topic.
pub struct Producer {
    client: BaseProducer<Reports>,
    topic: String,
    partitions: i32,
    is_away: bool,
}

impl Producer {
    /// A producer for a topic that exists.
    ///
    /// # Errors
    ///
    /// [`super::Usage`] when there is no such topic; a failure when no broker answers and patience
    /// is not endless, or when a stop was asked for.
    pub fn new(
        mut settings: ClientConfig,
        topic: &str,
        patience: Patience,
        linger_ms: u32,
        stop: &Stop,
    ) -> anyhow::Result<Producer> {
        let timeout = match patience {
            Patience::Endless => "0",
            Patience::HalfAMinute => "30000",
        };
        settings
            .set("enable.idempotence", "true")
            .set("partitioner", "murmur2_random")
            .set("linger.ms", linger_ms.to_string())
            .set("batch.size", "400000")
            .set("queue.buffering.max.messages", "200000")
            .set("queue.buffering.max.kbytes", "65536")
            .set("message.timeout.ms", timeout)
            .set("compression.type", "zstd");
        let brokers = settings.get("bootstrap.servers").unwrap_or_default().to_owned();
        let client: BaseProducer<Reports> = settings
            .create_with_context(Reports::default())
            .map_err(|error| usage(kafka::refused(&error)))?;
        let mut is_away = false;
        let partitions = loop {
            match kafka::partitions_of(client.client(), topic, LOOK) {
                Ok(partitions) => break partitions,
                Err(Missing::Topic(remedy)) => return Err(usage(remedy)),
                Err(Missing::Broker(error)) if patience == Patience::Endless => {
                    if !is_away {
                        tracing::warn!(brokers, %error, "no broker answers; waiting for one");
                        is_away = true;
                    }
                    if !stop.sleep(Duration::from_secs(1)) {
                        return Err(anyhow!("stopped before a broker at {brokers} answered"));
                    }
                }
                Err(Missing::Broker(error)) => {
                    return Err(error).with_context(|| {
                        format!("no broker at {brokers} answers; check the address and the network")
                    });
                }
            }
        };
        if is_away {
            tracing::info!(brokers, "a broker answers");
        }
        Ok(Producer { client, topic: topic.to_owned(), partitions, is_away: false })
    }

    /// How many partitions the topic had at the start.
    pub fn partitions(&self) -> i32 {
        self.partitions
    }

    /// Sends a record to the partition of its key. Waits while the buffer is full.
    ///
    /// # Errors
    ///
    /// When a record was given up, or a stop is asked for while the buffer is full.
    pub fn send(
        &mut self,
        key: &str,
        payload: &str,
        time_ms: Option<i64>,
        stop: &Stop,
    ) -> anyhow::Result<()> {
        self.put(None, key, payload, time_ms, stop)
    }

    /// Sends a record to every partition.
    ///
    /// # Errors
    ///
    /// As [`Producer::send`].
    pub fn send_everywhere(
        &mut self,
        payload: &str,
        time_ms: Option<i64>,
        stop: &Stop,
    ) -> anyhow::Result<()> {
        (0..self.partitions).try_for_each(|at| self.put(Some(at), "", payload, time_ms, stop))
    }

    fn put(
        &mut self,
        partition: Option<i32>,
        key: &str,
        payload: &str,
        time_ms: Option<i64>,
        stop: &Stop,
    ) -> anyhow::Result<()> {
        let topic = self.topic.clone();
        let mut record: BaseRecord<'_, str, str> = BaseRecord::to(&topic).payload(payload);
        if !key.is_empty() {
            record = record.key(key);
        }
        record.partition = partition;
        record.timestamp = time_ms;
        loop {
            match self.client.send(record) {
                Ok(()) => break,
                Err((error, back))
                    if error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull) =>
                {
                    record = back;
                    self.serve(Duration::from_millis(20))?;
                    if stop.is_asked() {
                        return Err(anyhow!("stopped before everything was delivered"));
                    }
                }
                Err((error, _)) => {
                    return Err(error).with_context(|| format!("cannot write to \"{topic}\""));
                }
            }
        }
        Ok(())
    }

    /// Hears what became of the records.
    ///
    /// # Errors
    ///
    /// When one was given up.
    pub fn serve(&mut self, wait: Duration) -> anyhow::Result<()> {
        self.client.poll(wait);
        let reports = self.client.context();
        let told = std::mem::take(
            &mut *reports.brokers.lock().unwrap_or_else(|poisoned| poisoned.into_inner()),
        );
        for up in told {
            if up && self.is_away {
                tracing::info!(topic = self.topic, "a broker answers again");
            } else if !up && !self.is_away {
                tracing::warn!(topic = self.topic, "no broker answers; waiting for one");
            }
            self.is_away = !up;
        }
        let failure =
            reports.failure.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
        match failure {
            Some(error) => Err(error)
                .with_context(|| format!("a record for \"{}\" was not delivered", self.topic)),
            None => Ok(()),
        }
    }

    /// Waits until the broker has everything. Gives false when a stop is asked for before that.
    ///
    /// # Errors
    ///
    /// When a record was given up.
    pub fn drain(&mut self, stop: &Stop) -> anyhow::Result<bool> {
        while self.client.in_flight_count() > 0 {
            // A flush cut short is no error: the loop looks again.
            drop(self.client.flush(Duration::from_millis(100)));
            self.serve(Duration::ZERO)?;
            if stop.is_asked() && self.client.in_flight_count() > 0 {
                return Ok(false);
            }
        }
        self.serve(Duration::ZERO)?;
        Ok(true)
    }
}
