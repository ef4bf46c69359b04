//! Records on their way into the ledger, and what became of each.
//!
//! An append is told exactly once: the offset it got, or an error after which it may be there all
//! the same. The producer is idempotent, so that its own retries stay in order and land once; when
//! it gives up for good, it is replaced by another with another producer id, which the broker
//! cannot tell apart from a stranger. Whoever writes must be able to live with a copy.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Message as _};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _, ProducerContext};

use super::clock::Stopwatch;
use super::{kafka, usage};

/// How long an append may stay without an answer, unless something else is asked for.
pub const OUTCOME_LIMIT: Duration = Duration::from_secs(5);
/// The largest record with its key, in bytes; the broker's limit has room for more.
pub const RECORD_BYTES_MAX: usize = 1_000_000;
/// Between two replacements of a producer that failed for good.
const RENEWAL: Duration = Duration::from_secs(1);
/// Events served in one poll at most.
const SERVED_MAX: u32 = 64;

/// There is no room for another record: poll, and try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// What became of one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What the record was given in with.
    pub token: u64,
    /// Where it went; -1 when it got no partition.
    pub partition: i32,
    /// Its offset; or why it is not known to be there. It may be there.
    pub result: Result<i64, String>,
}

/// What goes along with a record.
#[derive(Clone, Copy, Debug)]
pub struct Ticket {
    token: u64,
    partition: i32,
}

/// What the clients report between two polls; outlives each of them.
#[derive(Debug, Default)]
struct Reports {
    outcomes: Mutex<Vec<Outcome>>,
    is_fatal: AtomicBool,
    is_away: AtomicBool,
    served: AtomicU64,
}

/// The client's way to the reports.
struct Reporter(Arc<Reports>);

impl ClientContext for Reporter {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        kafka::log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.0.served.fetch_add(1, Ordering::Relaxed);
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::Fatal) => self.0.is_fatal.store(true, Ordering::Relaxed),
            Some(RDKafkaErrorCode::AllBrokersDown) => {
                if !self.0.is_away.swap(true, Ordering::Relaxed) {
                    tracing::warn!(reason, "no broker takes the ledger's records; trying again");
                }
            }
            Some(_) | None => tracing::debug!(%error, reason, "producer"),
        }
    }
}

impl ProducerContext for Reporter {
    type DeliveryOpaque = Box<Ticket>;

    fn delivery(&self, result: &DeliveryResult<'_>, ticket: Box<Ticket>) {
        self.0.served.fetch_add(1, Ordering::Relaxed);
        let outcome = match result {
            Ok(message) => {
                if self.0.is_away.swap(false, Ordering::Relaxed) {
                    tracing::info!("a broker takes the ledger's records again");
                }
                Outcome {
                    token: ticket.token,
                    partition: message.partition(),
                    result: Ok(message.offset()),
                }
            }
            Err((error, _)) => Outcome {
                token: ticket.token,
                partition: ticket.partition,
                result: Err(error
                    .rdkafka_error_code()
                    .map_or_else(|| error.to_string(), |code| code.to_string())),
            },
        };
        self.0.tell(outcome);
    }
}

impl Reports {
    fn tell(&self, outcome: Outcome) {
        self.outcomes.lock().unwrap_or_else(PoisonError::into_inner).push(outcome);
    }
}

/// Writes records, and tells what became of each.
pub struct Appender {
    settings: ClientConfig,
    topic: String,
    reports: Arc<Reports>,
    /// Missing for a moment after it has failed for good.
    client: Option<BaseProducer<Reporter>>,
    /// Since the last one was made.
    made: Stopwatch,
    renewals: u64,
    in_flight: usize,
}

impl Appender {
    /// An appender for a topic that exists. No broker need be there yet.
    ///
    /// `settings` are those of the connection. Every append is told within `outcome_limit` and
    /// about a second, while [`Appender::poll`] is called.
    ///
    /// # Errors
    ///
    /// [`super::Usage`] when the client library refuses the settings.
    pub fn new(
        mut settings: ClientConfig,
        topic: &str,
        outcome_limit: Duration,
    ) -> anyhow::Result<Appender> {
        let limit_ms = outcome_limit.as_millis().max(1).to_string();
        settings
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("partitioner", "murmur2_random")
            .set("compression.type", "zstd")
            .set("linger.ms", "0")
            // The whole life of a record, also the time that it waits for an answer.
            .set("message.timeout.ms", &limit_ms)
            .set("request.timeout.ms", &limit_ms)
            .set("message.max.bytes", RECORD_BYTES_MAX.to_string())
            .set("retry.backoff.ms", "50")
            .set("queue.buffering.max.messages", "10000")
            .set("queue.buffering.max.kbytes", "65536")
            // A missing topic is as bad as a missing broker, and told as soon.
            .set("topic.metadata.propagation.max.ms", &limit_ms);
        let reports = Arc::new(Reports::default());
        let client = make(&settings, &reports).map_err(|error| usage(kafka::refused(&error)))?;
        Ok(Appender {
            settings,
            topic: topic.to_owned(),
            reports,
            client: Some(client),
            made: Stopwatch::start(),
            renewals: 0,
            in_flight: 0,
        })
    }

    /// Sends a record to a partition of the topic. Never blocks.
    ///
    /// What the client refuses at once (a record over [`RECORD_BYTES_MAX`]) is an outcome like any
    /// other.
    ///
    /// # Errors
    ///
    /// [`Full`] when nothing was taken and the same may be tried again.
    pub fn append(&mut self, token: u64, partition: i32, payload: &[u8]) -> Result<(), Full> {
        self.append_at(token, partition, None, payload)
    }

    /// The same, as if it had been written at another time, in ms since 1970: for a copy of a
    /// ledger.
    ///
    /// # Errors
    ///
    /// As [`Appender::append`].
    pub fn append_at(
        &mut self,
        token: u64,
        partition: i32,
        time_ms: Option<i64>,
        payload: &[u8],
    ) -> Result<(), Full> {
        let topic = std::mem::take(&mut self.topic);
        let mut record = BaseRecord::with_opaque_to(&topic, Box::new(Ticket { token, partition }))
            .partition(partition)
            .payload(payload);
        record.timestamp = time_ms;
        let sent = self.send(record);
        self.topic = topic;
        sent
    }

    /// Sends a record to the partition of its key in another topic. Never blocks.
    ///
    /// # Errors
    ///
    /// As [`Appender::append`].
    pub fn reject(
        &mut self,
        topic: &str,
        key: &[u8],
        payload: &[u8],
        token: u64,
    ) -> Result<(), Full> {
        let ticket = Box::new(Ticket { token, partition: -1 });
        self.send(BaseRecord::with_opaque_to(topic, ticket).key(key).payload(payload))
    }

    fn send(&mut self, record: BaseRecord<'_, [u8], [u8], Box<Ticket>>) -> Result<(), Full> {
        self.renew();
        let Some(client) = &self.client else { return Err(Full) };
        match client.send(record) {
            Ok(()) => {}
            Err((error, record)) => match error.rdkafka_error_code() {
                Some(RDKafkaErrorCode::QueueFull) => return Err(Full),
                Some(RDKafkaErrorCode::Fatal) => {
                    self.reports.is_fatal.store(true, Ordering::Relaxed);
                    return Err(Full);
                }
                Some(_) | None => {
                    let Ticket { token, partition } = *record.delivery_opaque;
                    self.reports.tell(Outcome { token, partition, result: Err(error.to_string()) });
                }
            },
        }
        self.in_flight += 1;
        Ok(())
    }

    /// What has become known since the last time. Never blocks.
    pub fn poll(&mut self) -> Vec<Outcome> {
        self.renew();
        if let Some(client) = &self.client {
            // One poll without waiting serves one event.
            for _ in 0..SERVED_MAX {
                let before = self.reports.served.load(Ordering::Relaxed);
                client.poll(Duration::ZERO);
                if self.reports.served.load(Ordering::Relaxed) == before {
                    break;
                }
            }
        }
        self.taken()
    }

    fn taken(&mut self) -> Vec<Outcome> {
        let told = std::mem::take(
            &mut *self.reports.outcomes.lock().unwrap_or_else(PoisonError::into_inner),
        );
        self.in_flight = self.in_flight.saturating_sub(told.len());
        told
    }

    /// Replaces a client that has failed for good.
    fn renew(&mut self) {
        if self.reports.is_fatal.swap(false, Ordering::Relaxed)
            && let Some(client) = &self.client
            && let Some((_, reason)) = client.client().fatal_error()
        {
            self.renewals += 1;
            let renewals = self.renewals;
            tracing::warn!(reason, renewals, "the ledger's producer gave up; another is made");
            self.client.take().into_iter().for_each(drop_aside);
        }
        if self.client.is_none() && self.made.passed() >= RENEWAL {
            self.made = Stopwatch::start();
            match make(&self.settings, &self.reports) {
                Ok(client) => self.client = Some(client),
                Err(error) => tracing::error!(%error, "no producer can be made; trying again"),
            }
        }
    }

    /// Records whose outcome has not been taken.
    pub fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// How many times the client failed for good and was replaced.
    pub fn renewals(&self) -> u64 {
        self.renewals
    }

    /// Whether no broker was to be reached when it was last tried.
    pub fn is_away(&self) -> bool {
        self.reports.is_away.load(Ordering::Relaxed)
    }

    /// Waits until everything is told, but not longer than `limit`; gives what became of the rest.
    /// What has no outcome by then may be there or not.
    pub fn close(mut self, limit: Duration) -> Vec<Outcome> {
        let began = Stopwatch::start();
        let mut told = self.poll();
        while self.in_flight > 0 && !began.left_of(limit).is_zero() {
            match &self.client {
                Some(client) => client.poll(began.left_of(limit).min(Duration::from_millis(20))),
                None => thread::sleep(began.left_of(limit).min(Duration::from_millis(20))),
            }
            told.append(&mut self.poll());
        }
        self.client.take().into_iter().for_each(drop_aside);
        told
    }
}

fn make(
    settings: &ClientConfig,
    reports: &Arc<Reports>,
) -> Result<BaseProducer<Reporter>, KafkaError> {
    settings.create_with_context(Reporter(Arc::clone(reports)))
}

/// Dropping a client may take as long as a connection does, so it happens on a thread of its own.
/// What it had in flight is told from there.
fn drop_aside(client: BaseProducer<Reporter>) {
    let drop_it = move || drop(client);
    if let Err(error) = thread::Builder::new().name("last producer".to_owned()).spawn(drop_it) {
        tracing::debug!(%error, "no thread to end a producer on");
    }
}
