//! Topics, records and brokers.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::{ClientContext, DefaultClientContext};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message as _;
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer as _, ProducerContext};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::{TempDir, now, skip};

/// How long the broker may take for one thing asked of it.
const BROKER_LIMIT: Duration = Duration::from_secs(30);
/// How long writing or reading may go on without any progress.
const STALL_LIMIT: Duration = Duration::from_secs(30);

/// The real broker that tests may use, as `host:port`; `None`, said aloud, when there is none.
#[track_caller]
pub(crate) fn kafka() -> Option<String> {
    let address = std::env::var("SVARSTID_TEST_KAFKA").ok().filter(|a| !a.is_empty());
    if address.is_none() {
        skip("a broker (set SVARSTID_TEST_KAFKA)");
    }
    address
}

/// Makes a topic.
///
/// # Panics
///
/// When the broker refuses.
#[track_caller]
pub(crate) fn create_topic(brokers: &str, name: &str, partitions: i32) {
    create_topic_with(brokers, name, partitions, &[]);
}

/// Makes a topic with settings of its own, as in `("cleanup.policy", "compact")`.
#[track_caller]
pub(crate) fn create_topic_with(
    brokers: &str,
    name: &str,
    partitions: i32,
    settings: &[(&str, &str)],
) {
    let admin: AdminClient<DefaultClientContext> = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .create()
        .expect("an admin client can be made");
    let mut topic = NewTopic::new(name, partitions, TopicReplication::Fixed(1));
    for (key, value) in settings {
        topic = topic.set(key, value);
    }
    let options = AdminOptions::new()
        .request_timeout(Some(BROKER_LIMIT))
        .operation_timeout(Some(BROKER_LIMIT));
    let topics = [topic];
    // The client has a thread of its own; this only waits for its answer.
    let results = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime can be made")
        .block_on(admin.create_topics(&topics, &options))
        .unwrap_or_else(|e| panic!("cannot create the topic {name} at {brokers}: {e}"));
    for result in results {
        result.unwrap_or_else(|(topic, e)| panic!("cannot create the topic {topic}: {e}"));
    }
}

/// Remembers the first record that was not delivered.
#[derive(Default)]
struct Failures(Mutex<Option<KafkaError>>);

impl ClientContext for Failures {}

impl ProducerContext for Failures {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result {
            self.0.lock().expect("no callback panics").get_or_insert(error.clone());
        }
    }
}

/// Writes records, each exactly once and in order. Without a partition the key decides, as in Java
/// (murmur2).
pub(crate) struct Writer(BaseProducer<Failures>);

impl Writer {
    pub(crate) fn new(brokers: &str) -> Self {
        let producer = ClientConfig::new()
            .set("bootstrap.servers", brokers)
            .set("partitioner", "murmur2_random")
            .set("enable.idempotence", "true")
            .set("linger.ms", "5")
            .set("queue.buffering.max.messages", "200000")
            .create_with_context(Failures::default())
            .expect("a producer can be made");
        Writer(producer)
    }

    /// Hands over a record; `timestamp` in milliseconds since 1970.
    ///
    /// # Panics
    ///
    /// When there is no room for it for 30 s.
    #[track_caller]
    pub(crate) fn write(
        &self,
        topic: &str,
        partition: Option<i32>,
        key: &[u8],
        timestamp: i64,
        payload: &[u8],
    ) {
        let mut record = BaseRecord::to(topic).key(key).payload(payload).timestamp(timestamp);
        record.partition = partition;
        let since = now();
        while let Err((error, back)) = self.0.send(record) {
            assert_eq!(error.rdkafka_error_code(), Some(RDKafkaErrorCode::QueueFull), "{topic}");
            assert!(since.elapsed() < STALL_LIMIT, "the broker took no record for {STALL_LIMIT:?}");
            self.0.poll(Duration::from_millis(20));
            record = back;
        }
    }

    /// Hears what became of records, without waiting.
    pub(crate) fn poll(&self) {
        self.0.poll(Duration::ZERO);
    }

    /// Waits until the broker has them all.
    ///
    /// # Panics
    ///
    /// When a record was refused, or nothing moves for 30 s.
    #[track_caller]
    pub(crate) fn finish(self) {
        let mut left = self.0.in_flight_count();
        let mut since = now();
        while left > 0 {
            // The error of a flush cut short is that it was cut short.
            drop(self.0.flush(Duration::from_millis(500)));
            if self.0.in_flight_count() < left {
                left = self.0.in_flight_count();
                since = now();
            }
            assert!(since.elapsed() < STALL_LIMIT, "{left} records are stuck");
        }
        if let Some(error) = self.0.context().0.lock().expect("no callback panics").take() {
            panic!("a record was not delivered: {error}");
        }
    }
}

/// Writes records of (partition, key, milliseconds since 1970, payload) with a [`Writer`] and waits
/// until the broker has them all; gives how many.
///
/// # Panics
///
/// When a record is refused, or nothing moves for 30 s.
#[track_caller]
pub(crate) fn produce<K: AsRef<[u8]>, P: AsRef<[u8]>>(
    brokers: &str,
    topic: &str,
    records: impl IntoIterator<Item = (Option<i32>, K, i64, P)>,
) -> usize {
    let writer = Writer::new(brokers);
    let mut count = 0;
    for (partition, key, timestamp, payload) in records {
        writer.write(topic, partition, key.as_ref(), timestamp, payload.as_ref());
        count += 1;
        if count % 1024 == 0 {
            writer.poll();
        }
    }
    writer.finish();
    count
}

/// The offset after the last record of each partition.
///
/// # Panics
///
/// When the broker does not tell.
#[track_caller]
pub(crate) fn ends(brokers: &str, topic: &str) -> Vec<i64> {
    let client: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .create()
        .expect("a consumer can be made");
    let metadata =
        client.fetch_metadata(Some(topic), BROKER_LIMIT).expect("the broker describes the topic");
    let partitions = metadata.topics().iter().flat_map(|one| one.partitions());
    partitions
        .map(|partition| {
            let bounds = client.fetch_watermarks(topic, partition.id(), BROKER_LIMIT);
            bounds.expect("the broker tells the bounds").1
        })
        .collect()
}

/// What a group says it has read: the next offset of each partition of a topic.
///
/// # Panics
///
/// When the broker does not tell, or the group has said nothing of a partition.
#[track_caller]
pub(crate) fn committed(brokers: &str, group: &str, topic: &str) -> Vec<i64> {
    let client: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", group)
        .create()
        .expect("a consumer can be made");
    let mut asked = TopicPartitionList::new();
    for partition in 0..ends(brokers, topic).len() {
        asked.add_partition(topic, partition as i32);
    }
    let told = client.committed_offsets(asked, BROKER_LIMIT).expect("the broker tells the offsets");
    let offset = |element: &rdkafka::topic_partition_list::TopicPartitionListElem<'_>| {
        element.offset().to_raw().filter(|offset| *offset >= 0).expect("the group has read it")
    };
    told.elements().iter().map(offset).collect()
}

/// A record as it was read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Received {
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) timestamp_ms: Option<i64>,
    pub(crate) payload: Vec<u8>,
}

/// Everything a topic holds, each partition from its start to its end at the time of reading,
/// ordered by partition and offset. Belongs to no group and commits nothing.
///
/// # Panics
///
/// When the topic is not there, on any error, or when nothing comes for 30 s.
#[track_caller]
pub(crate) fn read_from_start(brokers: &str, topic: &str) -> Vec<Received> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        // The client asks for a group even where none is used.
        .set("group.id", "svarstid-test-reader")
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("auto.offset.reset", "error")
        .set("enable.partition.eof", "true")
        .set("isolation.level", "read_committed")
        .set("allow.auto.create.topics", "false")
        .set("fetch.queue.backoff.ms", "10")
        .set("fetch.wait.max.ms", "10")
        .create()
        .expect("a consumer can be made");
    let metadata =
        consumer.fetch_metadata(Some(topic), BROKER_LIMIT).expect("the broker describes the topic");
    let partitions: Vec<i32> =
        metadata.topics().iter().flat_map(|t| t.partitions()).map(|p| p.id()).collect();
    assert!(!partitions.is_empty(), "there is no topic {topic} at {brokers}");
    let mut wanted = TopicPartitionList::new();
    for &partition in &partitions {
        wanted
            .add_partition_offset(topic, partition, Offset::Beginning)
            .expect("the start is an offset");
    }
    consumer.assign(&wanted).expect("partitions can be assigned");

    let mut records = Vec::new();
    let mut unread = partitions;
    let mut moved_at = now();
    while !unread.is_empty() {
        assert!(moved_at.elapsed() < STALL_LIMIT, "{topic}: nothing came of {unread:?}");
        let Some(polled) = consumer.poll(Duration::from_millis(100)) else { continue };
        match polled {
            Ok(message) => records.push(Received {
                partition: message.partition(),
                offset: message.offset(),
                key: message.key().map(<[u8]>::to_vec),
                timestamp_ms: message.timestamp().to_millis(),
                payload: message.payload().unwrap_or_default().to_vec(),
            }),
            Err(KafkaError::PartitionEOF(at_end)) => unread.retain(|&p| p != at_end),
            Err(error) => panic!("cannot read {topic} at {brokers}: {error}"),
        }
        moved_at = now();
    }
    records.sort();
    records
}

/// A broker of one test alone, to be stopped, killed and started again at the same address.
/// Killed when dropped.
pub(crate) struct Broker {
    folder: TempDir,
    address: String,
}

impl Broker {
    /// Starts a broker; `None`, said aloud, where tests have no broker at all.
    #[track_caller]
    pub(crate) fn start() -> Option<Self> {
        kafka()?;
        let folder = TempDir::new();
        let address = Broker::script("start", &folder);
        Some(Broker { folder, address })
    }

    /// Its `host:port`, the same over all its lives.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Two ports: who connects to the first is told to go on at the second, which is free for a
    /// proxy that leads to the first.
    #[track_caller]
    pub(crate) fn proxied(&self) -> (u16, u16) {
        let text = std::fs::read_to_string(self.folder.path().join("proxied"))
            .expect("a broker that was started has the file");
        let (to, at) = text.trim().split_once(' ').expect("there are two ports");
        (to.parse().expect("a port"), at.parse().expect("a port"))
    }

    /// Stops it in good order.
    #[track_caller]
    pub(crate) fn stop(&self) {
        Broker::script("stop", &self.folder);
    }

    /// Ends it at once.
    #[track_caller]
    pub(crate) fn kill(&self) {
        Broker::script("kill", &self.folder);
    }

    /// Halts it: connections stay, and nothing answers.
    #[track_caller]
    pub(crate) fn freeze(&self) {
        self.signal("-STOP");
    }

    /// Lets a halted one go on.
    #[track_caller]
    pub(crate) fn thaw(&self) {
        self.signal("-CONT");
    }

    #[track_caller]
    fn signal(&self, signal: &str) {
        let pid = std::fs::read_to_string(self.folder.path().join("broker.pid"))
            .expect("a broker that runs has a pid");
        let status =
            Command::new("kill").arg(signal).arg(pid.trim()).status().expect("kill starts");
        assert!(status.success(), "kill {signal}");
    }

    /// Brings it back with its data.
    #[track_caller]
    pub(crate) fn start_again(&self) {
        assert_eq!(Broker::script("start", &self.folder), self.address);
    }

    /// `broker.sh` has deadlines of its own.
    #[track_caller]
    fn script(command: &str, folder: &TempDir) -> String {
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/kafka/broker.sh");
        let output = Command::new("bash")
            .arg(script)
            .arg(command)
            .arg(folder.path())
            .env("SVARSTID_KAFKA_HEAP", "512m")
            .stdin(Stdio::null())
            .output()
            .expect("bash starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "broker.sh {command}: {said}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill();
    }
}
