//! Partitions of one topic, taken one by one from offsets of our own.
//!
//! What the client library leaves out is added here: of which partition an offset was out of range,
//! how long nothing was heard of each partition, and that messages of a partition that was given
//! back are not shown. One topic a reader, since the end of a partition comes without its topic.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message as _};
use rdkafka::statistics::Statistics;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::clock::Stopwatch;
use super::place::Places;
pub use super::place::{OutOfRange, Standing};
use super::{kafka, usage};

/// How long it may take to learn what a partition still holds when an offset is out of range.
const ASK: Duration = Duration::from_millis(300);
/// Between two such questions when the first had no answer.
const ASK_AGAIN: Duration = Duration::from_millis(500);

/// What comes out of a reader.
pub enum Read<'a> {
    /// A record.
    Message(BorrowedMessage<'a>),
    /// All there is of a partition has been read.
    End {
        /// The partition.
        partition: i32,
        /// The offset of the next record to come, unless markers of transactions take it.
        next: i64,
    },
    /// The offset to read next is not there; nothing more comes until it is taken anew.
    OutOfRange(OutOfRange),
    /// No broker is to be reached; told once until something is heard again.
    Away(String),
    /// Something else that keeps records from coming.
    Trouble(String),
    /// The client gave up for good.
    Fatal(String),
}

/// What the client tells while it is polled.
#[derive(Debug, Default)]
pub(super) struct Watch {
    statistics: Mutex<Option<Statistics>>,
}

impl ClientContext for Watch {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        kafka::log(level, facility, message);
    }

    fn stats(&self, statistics: Statistics) {
        *self.statistics.lock().unwrap_or_else(PoisonError::into_inner) = Some(statistics);
    }

    // Every error also comes out of the poll, and is told there.
    fn error(&self, _: KafkaError, _: &str) {}
}

impl ConsumerContext for Watch {}

/// Reads partitions of one topic.
pub struct Reader {
    consumer: BaseConsumer<Watch>,
    topic: String,
    places: RefCell<Places>,
    /// Partitions of which an offset may be out of range.
    doubted: RefCell<VecDeque<i32>>,
    asked: Cell<Option<Stopwatch>>,
    is_away: Cell<bool>,
    partitions: Cell<Option<i32>>,
    looked: Cell<Stopwatch>,
}

/// Between two looks for statistics.
const LOOK: Duration = Duration::from_millis(200);

impl Reader {
    /// A reader that has no partition yet. No broker need be there.
    ///
    /// `settings` are those of the connection with a consumer's laid over ([`kafka::consumer`]).
    ///
    /// # Errors
    ///
    /// [`super::Usage`] when the client library refuses the settings.
    pub fn new(mut settings: ClientConfig, topic: &str) -> anyhow::Result<Reader> {
        settings
            .set("auto.offset.reset", "error")
            .set("enable.partition.eof", "true")
            .set("statistics.interval.ms", "1000")
            // It belongs to no group, though it needs the name of one.
            .remove("group.instance.id");
        let consumer = settings
            .create_with_context(Watch::default())
            .map_err(|error: KafkaError| usage(kafka::refused(&error)))?;
        Ok(Reader {
            consumer,
            topic: topic.to_owned(),
            places: RefCell::default(),
            doubted: RefCell::default(),
            asked: Cell::new(None),
            is_away: Cell::new(false),
            partitions: Cell::new(None),
            looked: Cell::new(Stopwatch::start()),
        })
    }

    /// The topic.
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// Reads a partition from an offset on, whether it was being read or not. Of what was fetched
    /// before, nothing comes out any more.
    ///
    /// # Errors
    ///
    /// When the client refuses.
    pub fn take(&self, partition: i32, offset: i64) -> Result<(), KafkaError> {
        self.give_back(partition)?;
        let mut wanted = TopicPartitionList::new();
        wanted.add_partition_offset(&self.topic, partition, Offset::Offset(offset))?;
        self.consumer.incremental_assign(&wanted)?;
        self.places.borrow_mut().begin(partition, offset);
        Ok(())
    }

    /// Reads a partition no more; nothing happens if it was not read.
    ///
    /// # Errors
    ///
    /// When the client refuses.
    pub fn give_back(&self, partition: i32) -> Result<(), KafkaError> {
        self.doubted.borrow_mut().retain(|one| *one != partition);
        match self.places.borrow_mut().cease(partition) {
            true => self.consumer.incremental_unassign(&self.one(partition)),
            false => Ok(()),
        }
    }

    /// Fetches nothing more of a partition until [`Reader::resume`]; what was fetched is fetched
    /// again then.
    ///
    /// # Errors
    ///
    /// When the client refuses.
    pub fn pause(&self, partition: i32) -> Result<(), KafkaError> {
        self.consumer.pause(&self.one(partition))
    }

    /// Ends a pause.
    ///
    /// # Errors
    ///
    /// When the client refuses.
    pub fn resume(&self, partition: i32) -> Result<(), KafkaError> {
        self.consumer.resume(&self.one(partition))
    }

    fn one(&self, partition: i32) -> TopicPartitionList {
        let mut list = TopicPartitionList::new();
        list.add_partition(&self.topic, partition);
        list
    }

    /// The first offset of a partition and the one after its last. Blocks for `wait` at most.
    ///
    /// # Errors
    ///
    /// When no broker answers, or there is no such partition.
    pub fn watermarks(&self, partition: i32, wait: Duration) -> Result<(i64, i64), KafkaError> {
        self.consumer.fetch_watermarks(&self.topic, partition, wait)
    }

    /// How many partitions the topic has. Blocks for `wait` at most.
    ///
    /// # Errors
    ///
    /// [`kafka::Missing`].
    pub fn ask_partitions(&self, wait: Duration) -> Result<i32, kafka::Missing> {
        kafka::partitions_of(self.consumer.client(), &self.topic, wait)
    }

    /// What comes next, if it comes within `wait`; it may give none earlier.
    pub fn poll(&self, wait: Duration) -> Option<Read<'_>> {
        if !self.doubted.borrow().is_empty()
            && let Some(lost) = self.examine()
        {
            return Some(Read::OutOfRange(lost));
        }
        match self.consumer.poll(wait) {
            Some(Ok(message)) => {
                let mut places = self.places.borrow_mut();
                let is_ours = places.arrived(message.partition(), message.offset());
                is_ours.then_some(Read::Message(message))
            }
            Some(Err(error)) => self.hear(&error),
            None => {
                self.look();
                None
            }
        }
    }

    fn hear(&self, error: &KafkaError) -> Option<Read<'_>> {
        if let KafkaError::PartitionEOF(partition) = error {
            let next = self.places.borrow_mut().ended(*partition)?;
            self.is_away.set(false);
            return Some(Read::End { partition: *partition, next });
        }
        if let KafkaError::MessageConsumptionFatal(_) = error {
            let reason = self.consumer.client().fatal_error().map(|(_, reason)| reason);
            return Some(Read::Fatal(reason.unwrap_or_else(|| error.to_string())));
        }
        match error.rdkafka_error_code() {
            // It does not say of which partition, so all are looked at.
            Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::LogTruncation) => {
                *self.doubted.borrow_mut() = self.places.borrow().in_range().collect();
                self.examine().map(Read::OutOfRange)
            }
            Some(RDKafkaErrorCode::AllBrokersDown) => {
                let is_news = !self.is_away.replace(true);
                is_news.then(|| Read::Away("all connections are lost".to_owned()))
            }
            Some(code) if is_passing(code) => {
                tracing::debug!(%error, topic = self.topic, "a broker does not answer");
                None
            }
            Some(_) | None => Some(Read::Trouble(error.to_string())),
        }
    }

    /// Looks at one partition in doubt; gives it when its offset is indeed out of range.
    fn examine(&self) -> Option<OutOfRange> {
        if self.asked.get().is_some_and(|asked| !asked.left_of(ASK_AGAIN).is_zero()) {
            return None;
        }
        let partition = self.doubted.borrow_mut().pop_front()?;
        let wanted = self.places.borrow_mut().next(partition)?;
        let answer = self.watermarks(partition, ASK).and_then(|(first, end)| {
            if (first..=end).contains(&wanted) {
                // It may be one of those that stand still all the same.
                self.take(partition, wanted).map(|()| None)
            } else {
                Ok(Some(OutOfRange { partition, wanted, first, end }))
            }
        });
        match answer {
            Ok(found) => {
                self.asked.set(None);
                if found.is_some() {
                    self.places.borrow_mut().out_of_range(partition);
                }
                found
            }
            Err(error) => {
                tracing::debug!(%error, topic = self.topic, partition, "no bounds are told");
                self.doubted.borrow_mut().push_back(partition);
                self.asked.set(Some(Stopwatch::start()));
                None
            }
        }
    }

    /// Takes in the statistics, if there are any.
    fn look(&self) {
        if !self.looked.get().left_of(LOOK).is_zero() {
            return;
        }
        self.looked.set(Stopwatch::start());
        let context = self.consumer.client().context();
        let told = context.statistics.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(topic) = told.as_ref().and_then(|told| told.topics.get(&self.topic)) {
            let known = topic.partitions.iter().filter(|(at, one)| **at >= 0 && !one.unknown);
            self.partitions.set(i32::try_from(known.count()).ok().filter(|known| *known > 0));
        }
        if self.places.borrow_mut().look(&self.topic, told.as_ref()) {
            self.is_away.set(false);
        }
    }

    /// How long nothing was heard of the partition of which that is longest: no record, no end and
    /// no answer from the broker that holds it. True to about two seconds, while it is polled.
    pub fn stale_for(&self) -> Duration {
        self.look();
        self.places.borrow().stale_for()
    }

    /// Whether all brokers were out of reach when last tried.
    pub fn is_away(&self) -> bool {
        self.is_away.get()
    }

    /// The partitions that are being read, in order.
    pub fn standings(&self) -> Vec<Standing> {
        self.look();
        self.places.borrow().standings()
    }

    /// How many partitions the topic has, as the statistics last told; looked up by the client
    /// every few minutes (`topic.metadata.refresh.interval.ms`).
    pub fn partitions(&self) -> Option<i32> {
        self.partitions.get()
    }
}

/// Faults that the client mends by itself.
pub(super) fn is_passing(code: RDKafkaErrorCode) -> bool {
    [
        RDKafkaErrorCode::BrokerTransportFailure,
        RDKafkaErrorCode::OperationTimedOut,
        RDKafkaErrorCode::RequestTimedOut,
        RDKafkaErrorCode::Resolve,
    ]
    .contains(&code)
}
